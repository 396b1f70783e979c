/* action_fm.c: flow matching over demonstrated actions; states follow by rolling the sample out. */
#include "flow_method.h"
#include "methods.h"

static df_status create(const df_method_env* env, void** self) {
  df_flow* flow;
  DF_TRY(df_flow_new(env, "action_fm", DF_DECODE_ACTIONS, &flow));
  *self = flow;
  return DF_OK;
}

const df_method df_method_action_fm = {
    .name = "action_fm",
    .summary = "flow matching over actions, rolled out afterwards",
    .flags = DF_METHOD_TRAINS | DF_METHOD_NEEDS_ACTIONS | DF_METHOD_RETURNS_ACTIONS | DF_METHOD_SAMPLES,
    .create = create,
    .destroy = flow_method_destroy,
    .train = flow_method_train,
    .save = flow_method_save,
    .load = flow_method_load,
    .sample = flow_method_sample,
};
