/* bc.c: behaviour cloning: an MLP from state and condition to one action, in closed loop. */
#include "methods.h"
#include "policy_method.h"

POLICY_METHOD(bc, DF_POLICY_BC, 0, "behaviour cloning: an MLP that regresses one action, in closed loop", "bc");
