/* stage_model.h: compiles a model for drawing. */
#ifndef BENCH_RENDER_STAGE_MODEL_H
#define BENCH_RENDER_STAGE_MODEL_H

#include <mujoco/mujoco.h>
#include <stdbool.h>

#include "dynaflow/core/status.h"

/* Compiles the model with everything that is drawn, with a sky, and checkered planes. If it does not compile, because a
 * mesh is missing, it is compiled without the meshes that collide with nothing, and *collision_only is set. The caller
 * deletes *out with mj_deleteModel(). DF_E_FORMAT with MuJoCo's message. On failure *out is NULL. */
DF_MUST_CHECK df_status stage_model_new(const char* path, mjModel** out, bool* collision_only);

#endif
