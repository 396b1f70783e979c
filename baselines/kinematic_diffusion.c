/* kinematic_diffusion.c: diffusion over states with learned inverse dynamics, as in Decision Diffuser (Ajay et al.
 * 2023); with net.kind: unet the states are those of Diffuser (Janner et al. 2022), which generates actions beside
 * them. The twin of kinematic_fm_idm; states alone are those of kinematic_fm with flow.path: diffusion. */
#include "kinematic_idm.h"
#include "methods.h"

KINEMATIC_IDM_METHOD(kinematic_diffusion, "kinematic_diffusion", df_flow_new_diffusion,
                     "diffusion over states (DDPM, DDIM) with actions from a learned inverse-dynamics MLP");
