/* action_fm.c: flow matching over demonstrated actions; the sampled actions are rolled out to states. */
#include "flow_method.h"
#include "methods.h"

FLOW_METHOD(action_fm, df_flow_new, DF_DECODE_ACTIONS, DF_METHOD_NEEDS_ACTIONS | DF_METHOD_RETURNS_ACTIONS,
            "flow matching over actions, rolled out afterwards");
