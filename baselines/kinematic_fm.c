/* kinematic_fm.c: kinematic flow matching: the network's output is the window of states itself. */
#include "flow_method.h"
#include "methods.h"

FLOW_METHOD(kinematic_fm, DF_DECODE_STATES, 0, "flow matching over states: no actions, no physics");
