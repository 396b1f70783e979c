#include "dynaflow/data/robot_base.h"

#include <string.h>

#include "dynaflow/sim/dynamics.h"
#include "dynaflow/sim/mujoco.h"

bool df_joint_is_of_object(const df_system* system, const df_names* objects, int joint) {
  const df_joint* joints;
  df_mujoco_joints(system, &joints);
  for (int i = 0; objects && i < objects->n; i++) {
    if (strcmp(objects->v[i], joints[joint].name) == 0) return true;
  }
  return joints[joint].kind == DF_JOINT_FREE && system->nu > 0 && !df_mujoco_is_driven(system, joint);
}

df_base df_robot_base(const df_system* system, const df_names* objects) {
  const df_joint* joints;
  const int n = df_system_is_mujoco(system) ? df_mujoco_joints(system, &joints) : 0;
  for (int j = 0; j < n; j++) {
    if (joints[j].kind != DF_JOINT_FREE || df_joint_is_of_object(system, objects, j)) continue;
    return (df_base){.joint = j, .position = joints[j].qpos, .velocity = df_mujoco_nq(system) + joints[j].dof};
  }
  return (df_base){-1, -1, -1};
}

void df_robot_bodies(const df_system* system, const df_names* objects, bool* own) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints), bodies = df_mujoco_body_count(system);
  const bool based = df_robot_base(system, objects).joint >= 0;
  for (int b = 0; b < bodies; b++) own[b] = !based && df_mujoco_body_root(system, b) != 0;
  for (int j = 0; j < n; j++) {
    if (joints[j].kind != DF_JOINT_FREE || df_joint_is_of_object(system, objects, j)) continue;
    const int root = df_mujoco_body_root(system, df_mujoco_joint_body(system, j));
    for (int b = 0; b < bodies; b++) own[b] |= df_mujoco_body_root(system, b) == root;
  }
}
