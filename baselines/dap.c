/* dap.c: dynamics-aligned flow-matching policy on states: policy and learned dynamics that correct each other at every
 * flow step (Lee et al., arXiv 2510.27114), in closed loop. */
#include "methods.h"
#include "policy_method.h"

POLICY_METHOD(dap, DF_POLICY_DAP, DF_METHOD_SAMPLES,
              "flow-matching policy corrected by learned dynamics at every flow step (DAP), in closed loop", "dap",
              "dap_dynamics");
