/* joints.h: the coordinates of a joint, and angles. */
#ifndef BENCH_CHECK_JOINTS_H
#define BENCH_CHECK_JOINTS_H

#include "dynaflow/sim/mujoco.h"

#define JOINTS_PI 3.14159265358979323846
/* one turn and one degree, rad */
#define JOINTS_TURN   (2 * JOINTS_PI)
#define JOINTS_DEGREE (JOINTS_PI / 180)

static inline int joint_dofs(df_joint_kind kind) {
  return kind == DF_JOINT_FREE ? 6 : kind == DF_JOINT_BALL ? 3 : 1;
}

/* the index in x of the quaternion of a joint; -1: it has none */
static inline int joint_quaternion(const df_joint* joint) {
  return joint->kind == DF_JOINT_FREE ? joint->qpos + 3 : joint->kind == DF_JOINT_BALL ? joint->qpos : -1;
}

#endif
