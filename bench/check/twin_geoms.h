/* twin_geoms.h: the same part of two limbs of a robot, such as the feet of its legs. */
#ifndef BENCH_CHECK_TWIN_GEOMS_H
#define BENCH_CHECK_TWIN_GEOMS_H

#include <stdbool.h>

#include "dynaflow/sim/mujoco.h"

/* Whether two geoms have the same number on their bodies, are as far from the origins of these, and are moved by as
 * many joints, of the same kinds and with the same ranges, up to the sign, or the same names but for the side, such as
 * FL and RR, left and right. `position` [bodies][3]: df_mujoco_body_positions() of the pose in `sim`, any one. */
bool twin_geoms(const df_system* system, const df_sim* sim, const double* position, int a, int b);

/* whether a joint moves a body */
bool twin_joint_moves(const df_system* system, int joint, int body);

#endif
