/* dynaflow_tracking.c: DynaFlow with feedback inside the rollout: the network also outputs a reference window that a
 * learned constant gain tracks in the simulator. An extension of this suite, not part of the paper; like DynaFlow it
 * learns from states only and returns the actions it applied. */
#include "flow_method.h"
#include "methods.h"

static df_status create(const df_method_env* env, void** self) {
  df_flow* flow;
  DF_TRY(df_flow_new(env, "dynaflow_tracking", DF_DECODE_TRACKING, &flow));
  *self = flow;
  return DF_OK;
}

const df_method df_method_dynaflow_tracking = {
    .name = "dynaflow_tracking",
    .summary = "dynaflow that tracks its own reference in the simulator by a learned gain: steadier over long chains",
    .flags = DF_METHOD_TRAINS | DF_METHOD_RETURNS_ACTIONS | DF_METHOD_SAMPLES,
    .create = create,
    .destroy = flow_method_destroy,
    .train = flow_method_train,
    .save = flow_method_save,
    .load = flow_method_load,
    .sample = flow_method_sample,
};
