/* dynaflow.c: DynaFlow (arXiv 2509.19804): the simulator is the decoder, the loss is on states only. */
#include "flow_method.h"
#include "methods.h"

FLOW_METHOD(dynaflow, DF_DECODE_ROLLOUT, DF_METHOD_RETURNS_ACTIONS,
            "flow matching with the simulator inside: learns from states, returns actions and their rollout");
