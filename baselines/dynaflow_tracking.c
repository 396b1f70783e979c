/* dynaflow_tracking.c: DynaFlow with feedback inside the rollout: the network also outputs a reference window, which a
 * learned constant gain tracks in the simulator. This is an extension of the suite and not part of the paper. Like
 * DynaFlow it is trained on states only and returns the applied actions. */
#include "flow_method.h"
#include "methods.h"

FLOW_METHOD(dynaflow_tracking, df_flow_new, DF_DECODE_TRACKING, DF_METHOD_RETURNS_ACTIONS | DF_METHOD_SIMULATES,
            "dynaflow with a learned gain that tracks the network's reference in the simulator: steadier long chains");
