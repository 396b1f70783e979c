/* action_diffusion.c: diffusion over demonstrated actions; the sampled actions are rolled out to states. With net.kind:
 * unet and flow.prediction: noise it is the state-based diffusion policy (Chi et al. 2023), a whole window at a time.
 */
#include "flow_method.h"
#include "methods.h"

FLOW_METHOD(action_diffusion, df_flow_new_diffusion, DF_DECODE_ACTIONS,
            DF_METHOD_NEEDS_ACTIONS | DF_METHOD_RETURNS_ACTIONS,
            "diffusion over actions (DDPM, DDIM), rolled out afterwards");
