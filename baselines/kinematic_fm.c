/* kinematic_fm.c: kinematic flow matching: the network's output is the window of states itself. */
#include "flow_method.h"
#include "methods.h"

static df_status create(const df_method_env* env, void** self) {
  df_flow* flow;
  DF_TRY(df_flow_new(env, "kinematic_fm", DF_DECODE_STATES, &flow));
  *self = flow;
  return DF_OK;
}

const df_method df_method_kinematic_fm = {
    .name = "kinematic_fm",
    .summary = "flow matching over states: no actions, no physics",
    .flags = DF_METHOD_TRAINS | DF_METHOD_SAMPLES,
    .create = create,
    .destroy = flow_method_destroy,
    .train = flow_method_train,
    .save = flow_method_save,
    .load = flow_method_load,
    .sample = flow_method_sample,
};
