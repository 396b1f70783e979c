/* collision_filter.h: which geoms of a model MuJoCo tests for contact. Private. */
#ifndef LIB_SIM_MODEL_COLLISION_FILTER_H
#define LIB_SIM_MODEL_COLLISION_FILTER_H

#include <mujoco/mujoco.h>
#include <stdbool.h>

/* MuJoCo's filter for geoms without an explicit pair: contype and conaffinity, bodies welded together, parent and child
 * bodies, excluded pairs of bodies. */
bool df_may_collide(const mjModel* m, int g0, int g1);

/* Whether the model has an explicit pair of these geoms, which the filter does not apply to. */
bool df_has_pair(const mjModel* m, int g0, int g1);

/* Whether geoms of these two types (mjtGeom) are ever tested: planes do not collide with planes and height fields. */
bool df_types_collide(int type0, int type1);

#endif
