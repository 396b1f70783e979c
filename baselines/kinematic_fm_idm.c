/* kinematic_fm_idm.c: kinematic flow matching with learned inverse dynamics: the approach of the DynaFlow authors'
 * earlier quadruped code. */
#include "kinematic_idm.h"
#include "methods.h"

KINEMATIC_IDM_METHOD(kinematic_fm_idm, "kinematic_fm", df_flow_new,
                     "kinematic_fm with actions from a learned inverse-dynamics MLP, rolled out open loop");
