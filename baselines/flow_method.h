/* flow_method.h: defines methods that consist of one flow with one decoder. */
#ifndef BASELINES_FLOW_METHOD_H
#define BASELINES_FLOW_METHOD_H

#include "dynaflow/flow/flow.h"

/* the df_method functions of such a method; self is the df_flow */
void flow_method_destroy(void* self);
df_status flow_method_train(void* self, df_training_log* logs, int* n_logs);
df_status flow_method_save(const void* self, const char* path);
df_status flow_method_load(void* self, const char* path);
df_status flow_method_sample(void* self, const df_request* request, double* x, double* u);

/* Defines df_method_<id>: a flow that `make` makes, df_flow_new or df_flow_new_diffusion, with the given decoder, the
 * flags DF_METHOD_TRAINS, DF_METHOD_SAMPLES and extra_flags, and a one-line summary. */
#define FLOW_METHOD(id, make, decoder, extra_flags, line)               \
  static df_status create_##id(const df_method_env* env, void** self) { \
    df_flow* flow = NULL;                                               \
    const df_status status = make(env, #id, decoder, &flow);            \
    *self = flow;                                                       \
    return status;                                                      \
  }                                                                     \
  const df_method df_method_##id = {                                    \
      .name = #id,                                                      \
      .summary = line,                                                  \
      .flags = DF_METHOD_TRAINS | DF_METHOD_SAMPLES | (extra_flags),    \
      .create = create_##id,                                            \
      .destroy = flow_method_destroy,                                   \
      .train = flow_method_train,                                       \
      .save = flow_method_save,                                         \
      .load = flow_method_load,                                         \
      .sample = flow_method_sample,                                     \
      .networks = {#id},                                                \
  }

#endif
