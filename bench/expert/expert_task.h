/* expert_task.h: the task file of a walking robot as the task of a policy (dynaflow/policy/walk.h). */
#ifndef BENCH_EXPERT_EXPERT_TASK_H
#define BENCH_EXPERT_EXPERT_TASK_H

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/policy/expert.h"
#include "expert_clips.h"
#include "foot_legs.h"
#include "text.h"

typedef struct expert_task {
  df_config config;
  df_system* system;
  df_walk* walk;
  int leg[FOOT_LEGS]; /* of each foot of eval.feet (foot_legs.h); of an imitation 0, 1, 2, 3 */
  df_expert_cfg cfg;  /* of a training */
  expert_clips clips; /* of an imitation; else empty */
} expert_task;

/* Makes the task of the settings expert*, action.*, eval.feet and eval.fall_*, and of an imitation with the
 * demonstrations, for which `opts` is used. Errors: DF_E_CONFIG, which names the key and value; those of
 * df_task_system(), df_walk_new() and expert_clips_load(). Call expert_task_clear() also after a failure. */
DF_MUST_CHECK df_status expert_task_make(const df_config* config, const df_search* search, const options* opts,
                                         expert_task* out);

/* Whether a policy follows clips (expert.imitate). */
bool expert_imitation(const expert_task* task);
void expert_task_clear(expert_task* task);

/* expert_setting() as the rule of a data card. */
bool expert_depends(const df_config_key* key, const char* value);

/* Appends every setting on which a policy depends, "key value" in a line each, then its model, MuJoCo, BLAS kernel,
 * seed and clips. */
void expert_identity(const expert_task* task, uint64_t seed, text* out);

/* Writes the weights with the settings. Reads them again: DF_E_MISMATCH names the setting of robot, observation or
 * network that differs, or the model. */
DF_MUST_CHECK df_status expert_checkpoint_write(const expert_task* task, const df_expert* expert, uint64_t seed,
                                                const char* path);
DF_MUST_CHECK df_status expert_checkpoint_read(const expert_task* task, int threads, const char* path, df_expert** out);

#endif
