/* dynaflow_tracking.c: DynaFlow with feedback inside the rollout: the network also outputs a reference window that a
 * learned constant gain tracks in the simulator. An extension of this suite, not part of the paper; like DynaFlow it
 * learns from states only and returns the actions it applied. */
#include "flow_method.h"
#include "methods.h"

FLOW_METHOD(dynaflow_tracking, DF_DECODE_TRACKING, DF_METHOD_RETURNS_ACTIONS,
            "dynaflow that tracks its own reference in the simulator by a learned gain: steadier over long chains");
