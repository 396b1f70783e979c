/* policy_method.h: defines methods that are a policy in closed loop. */
#ifndef BASELINES_POLICY_METHOD_H
#define BASELINES_POLICY_METHOD_H

#include "dynaflow/flow/policy.h"

/* the df_method functions of such a method; self is the df_policy */
void policy_method_destroy(void* self);
df_status policy_method_train(void* self, df_training_log* logs, int* n_logs);
df_status policy_method_save(const void* self, const char* path);
df_status policy_method_load(void* self, const char* path);
df_status policy_method_sample(void* self, const df_request* request, double* x, double* u);
df_status policy_method_diagnose(void* self, df_diagnostics* out);

/* Defines df_method_<id>: a policy of the given kind, the flags DF_METHOD_TRAINS, NEEDS_ACTIONS, RETURNS_ACTIONS and
 * extra_flags, a one-line summary, and its networks. */
#define POLICY_METHOD(id, kind, extra_flags, line, ...)                                                \
  static df_status create_##id(const df_method_env* env, void** self) {                                \
    df_policy* policy = NULL;                                                                          \
    const df_status status = df_policy_new(env, kind, &policy);                                        \
    *self = policy;                                                                                    \
    return status;                                                                                     \
  }                                                                                                    \
  const df_method df_method_##id = {                                                                   \
      .name = #id,                                                                                     \
      .summary = line,                                                                                 \
      .flags = DF_METHOD_TRAINS | DF_METHOD_NEEDS_ACTIONS | DF_METHOD_RETURNS_ACTIONS | (extra_flags), \
      .create = create_##id,                                                                           \
      .destroy = policy_method_destroy,                                                                \
      .train = policy_method_train,                                                                    \
      .save = policy_method_save,                                                                      \
      .load = policy_method_load,                                                                      \
      .sample = policy_method_sample,                                                                  \
      .networks = {__VA_ARGS__},                                                                       \
      .diagnose = policy_method_diagnose,                                                              \
  }

#endif
