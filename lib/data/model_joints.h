/* model_joints.h: the joints of a model whose states are recorded, and their coordinates in words. Private. */
#ifndef LIB_DATA_MODEL_JOINTS_H
#define LIB_DATA_MODEL_JOINTS_H

#include "dynaflow/config/config.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/system.h"

/* the sizes and joints of a system; one that is not a MuJoCo model has nq = nx coordinates and no joints */
typedef struct model_joints {
  int nx, nq, nv, na;
  int n;
  const df_joint* joint; /* [n], owned by the system */
  int root;              /* the free joint of the base (robot_base.h); without a base, the first free joint; -1: none */
  int length; /* index in x of the length of the quaternion of the root, which no column holds; -1: it is 1 */
  const df_system* system;
} model_joints;
/* `objects`: chart.objects; NULL: none */
model_joints model_joints_of(const df_system* system, const df_names* objects);

/* whether a joint moves a body that hangs on that of the root; false without a root */
bool joint_is_of_root(const model_joints* model, int joint);

/* "joint 'hip'", or "joint 3" if it has no name, for messages; returns `text` */
const char* joint_text(const model_joints* model, int joint, char text[80]);
/* "position 0 of joint 'hip'", "velocity ...", "activation 2": the coordinate x[i] of a state */
const char* coordinate_text(const model_joints* model, int i, char text[120]);

#endif
