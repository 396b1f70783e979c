/* followed_plan.h: defines methods that plan states by the network of kinematic_fm and find the actions in the
 * simulator (dynaflow/optimise/follower.h). They are trained on states only; a run trains their network once. */
#ifndef BASELINES_FOLLOWED_PLAN_H
#define BASELINES_FOLLOWED_PLAN_H

#include "dynaflow/flow/flow.h"
#include "dynaflow/optimise/follower.h"

typedef struct followed_plan {
  df_flow* flow;
  df_follower* follower;
  const df_task* task;
} followed_plan;

/* Makes an instance with the network `network`, of STATES or STATES_ACTIONS, whose follower minimises the error in
 * `norm`: "std", standard deviations of the training windows, or "si", the units of the system. */
df_status followed_plan_create(const df_method_env* env, const char* norm, const char* network, df_decoder decoder,
                               void** self);

/* the other df_method functions of such a method, but for `sample`; self is the followed_plan */
void followed_plan_destroy(void* self);
df_status followed_plan_train(void* self, df_training_log* logs, int* n_logs);
df_status followed_plan_save(const void* self, const char* path);
df_status followed_plan_load(void* self, const char* path);
void followed_plan_add_effort(const void* self, df_effort* sum);

/* Defines df_method_<id> with the given functions and a one-line summary. */
#define FOLLOWED_PLAN_METHOD(id, create_fn, sample_fn, line)                     \
  const df_method df_method_##id = {                                             \
      .name = #id,                                                               \
      .summary = line,                                                           \
      .flags = DF_METHOD_TRAINS | DF_METHOD_SAMPLES | DF_METHOD_RETURNS_ACTIONS, \
      .create = create_fn,                                                       \
      .destroy = followed_plan_destroy,                                          \
      .train = followed_plan_train,                                              \
      .save = followed_plan_save,                                                \
      .load = followed_plan_load,                                                \
      .sample = sample_fn,                                                       \
      .networks = {"kinematic_fm"},                                              \
      .add_effort = followed_plan_add_effort,                                    \
  }

#endif
