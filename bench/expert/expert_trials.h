/* expert_trials.h: walks of a policy: how well they follow gaits and commands, and as demonstrations. */
#ifndef BENCH_EXPERT_EXPERT_TRIALS_H
#define BENCH_EXPERT_EXPERT_TRIALS_H

#include "dynaflow/data/dataset.h"
#include "dynaflow/data/generator.h"
#include "dynaflow/stats/statistics.h"
#include "expert_task.h"

/* what is tried: every gait in turn */
typedef struct trials_cfg {
  int walks;      /* >= 1 */
  double seconds; /* of a walk */
  uint64_t seed;
  double renew_seconds;      /* mean time between two commands; 0: one per walk */
  double kick, kick_seconds; /* as in df_expert_walk */
  double noise;              /* on actions, as in df_expert_walk */
  int threads;
} trials_cfg;

/* results of one gait, or of all; NaN without a walk to measure */
typedef struct trials_score {
  int walks, falls;
  df_interval fall_rate; /* share of the walks that fell */
  int cycles;            /* walks that did not fall and have a whole cycle of the clock with one command, */
  double velocity_error, yaw_rate_error; /* whose means these are */
  int contacts;                          /* walks that did not fall and are longer than what is left out, */
  double contact;                        /* whose mean this is */
} trials_score;

/* Tries a policy: score [gaits] of every gait, *all of all of them. Measures leave out the first 1.5 s, in which a
 * robot reaches its command. Appends to `without` the numbers of the upright walks without a whole cycle, from 0 and
 * with their gaits, as "3 (bound), 7 (pronk)". Errors: those of df_expert_run() and df_walk_judge(); DF_E_CONFIG for
 * walks that are too short. */
DF_MUST_CHECK df_status expert_try(const expert_task* task, const df_expert* expert, const trials_cfg* cfg,
                                   trials_score* score, trials_score* all, text* without);

/* Collects `episodes` walks per gait without a fall as demonstrations: states, actions, and per frame the gait,
 * one-hot, and the command. cfg->walks is not read. `report` tells how many were rejected. The caller frees *out.
 * Errors: DF_E_CONFIG, which names the gait, if more than 20 attempts per wanted episode fall; those of
 * df_expert_run(). */
DF_MUST_CHECK df_status expert_collect(const expert_task* task, const df_expert* expert, const trials_cfg* cfg,
                                       int episodes, void (*progress)(void* context, int done), void* context,
                                       df_generation* report, df_dataset** out);

#endif
