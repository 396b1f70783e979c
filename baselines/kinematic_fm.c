/* kinematic_fm.c: kinematic flow matching: the network outputs the states of the window directly. */
#include "flow_method.h"
#include "methods.h"

FLOW_METHOD(kinematic_fm, df_flow_new, DF_DECODE_STATES, 0, "flow matching over states: no actions, no physics");
