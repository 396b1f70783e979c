#include "model_joints.h"

#include <stdio.h>

#include "dynaflow/data/robot_base.h"
#include "dynaflow/sim/dynamics.h"

model_joints model_joints_of(const df_system* system, const df_names* objects) {
  model_joints m = {.nx = system->nx, .nq = system->nx, .root = -1, .length = -1, .system = system};
  if (!df_system_is_mujoco(system)) return m;
  m.nq = df_mujoco_nq(system);
  m.nv = df_mujoco_nv(system);
  m.na = df_mujoco_na(system);
  m.n = df_mujoco_joints(system, &m.joint);
  m.length = df_mujoco_quaternion_length(system);
  m.root = df_robot_base(system, objects).joint;
  for (int j = 0; j < m.n && m.root < 0; j++) {
    if (m.joint[j].kind == DF_JOINT_FREE) m.root = j;
  }
  return m;
}

bool joint_is_of_root(const model_joints* model, int joint) {
  if (model->root < 0) return false;
  const int body = df_mujoco_joint_body(model->system, joint), root = df_mujoco_joint_body(model->system, model->root);
  return df_mujoco_body_root(model->system, body) == df_mujoco_body_root(model->system, root);
}

const char* joint_text(const model_joints* model, int joint, char text[80]) {
  const char* name = model->joint[joint].name;
  if (name[0]) snprintf(text, 80, "joint '%.60s'", name);
  if (!name[0]) snprintf(text, 80, "joint %d", joint);
  return text;
}

static int positions(const df_joint* joint) {
  return joint->kind == DF_JOINT_FREE ? 7 : joint->kind == DF_JOINT_BALL ? 4 : 1;
}

static int velocities(const df_joint* joint) {
  return joint->kind == DF_JOINT_FREE ? 6 : joint->kind == DF_JOINT_BALL ? 3 : 1;
}

const char* coordinate_text(const model_joints* model, int i, char text[120]) {
  char joint[80];
  snprintf(text, 120, "coordinate %d", i);
  if (i >= model->nq + model->nv) snprintf(text, 120, "activation %d", i - model->nq - model->nv);
  for (int j = 0; j < model->n; j++) {
    const int q = i - model->joint[j].qpos, v = i - model->nq - model->joint[j].dof;
    const bool one = positions(&model->joint[j]) == 1;
    if (i < model->nq && q >= 0 && q < positions(&model->joint[j])) {
      snprintf(text, 120, one ? "the position of %s" : "the position of %s, entry %d", joint_text(model, j, joint), q);
    }
    if (i >= model->nq && v >= 0 && v < velocities(&model->joint[j])) {
      snprintf(text, 120, one ? "the velocity of %s" : "the velocity of %s, entry %d", joint_text(model, j, joint), v);
    }
  }
  return text;
}
