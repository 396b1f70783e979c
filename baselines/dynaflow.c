/* dynaflow.c: DynaFlow (arXiv 2509.19804): the decoder is the simulator and the loss is on states only. */
#include "flow_method.h"
#include "methods.h"

FLOW_METHOD(dynaflow, df_flow_new, DF_DECODE_ROLLOUT, DF_METHOD_RETURNS_ACTIONS | DF_METHOD_SIMULATES,
            "flow matching with a simulator as decoder: trained on states, returns actions and their rollout");
