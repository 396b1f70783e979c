/* contact_law.h: the contact model of a compiled model, changed as df_mujoco_cfg asks. */
#ifndef LIB_SIM_MODEL_CONTACT_LAW_H
#define LIB_SIM_MODEL_CONTACT_LAW_H

#include <mujoco/mujoco.h>

#include "dynaflow/sim/mujoco.h"

/* Applies softness_scale, impratio_scale, cone and condim of `cfg`. The model has its final time step. DF_E_CONFIG for
 * a softness that MuJoCo would not follow; `name` is that of the model in messages. */
DF_MUST_CHECK df_status df_set_contact_law(mjModel* m, const df_mujoco_cfg* cfg, const char* name);

#endif
