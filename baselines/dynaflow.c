/* dynaflow.c: DynaFlow (arXiv 2509.19804): the simulator is the decoder, the loss is on states only. */
#include "flow_method.h"
#include "methods.h"

static df_status create(const df_method_env* env, void** self) {
  df_flow* flow;
  DF_TRY(df_flow_new(env, "dynaflow", DF_DECODE_ROLLOUT, &flow));
  *self = flow;
  return DF_OK;
}

const df_method df_method_dynaflow = {
    .name = "dynaflow",
    .summary = "flow matching with the simulator inside: learns from states, returns actions and their rollout",
    .flags = DF_METHOD_TRAINS | DF_METHOD_RETURNS_ACTIONS | DF_METHOD_SAMPLES,
    .create = create,
    .destroy = flow_method_destroy,
    .train = flow_method_train,
    .save = flow_method_save,
    .load = flow_method_load,
    .sample = flow_method_sample,
};
