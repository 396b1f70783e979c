#include "body_block.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/words.h"
#include "dynaflow/sim/dynamics.h"

/* the joints that move a body against its parent */
typedef struct body_joints {
  int free, ball; /* index, -1: none */
  int hinges;
  int hinge[3]; /* the first three */
  int others;   /* slides */
} body_joints;

static df_status fail_body(const model_joints* model, const char* item, const char* body) {
  const int bodies = df_system_is_mujoco(model->system) ? df_mujoco_body_count(model->system) : 0;
  const char** names = df_alloc((size_t)bodies + 1, sizeof *names);
  if (!names) return DF_E_NOMEM;
  for (int i = 0; i < bodies; i++) names[i] = df_mujoco_body_name(model->system, i);
  const char* near = df_nearest_word(body, bodies, names);
  const df_status status = df_fail(DF_E_CONFIG, "data.columns: '%s': the model has no body '%s'%s%s%s", item, body,
                                   near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
  df_free(names);
  return status;
}

/* the index of a body, -1: there is none */
static int find_body(const model_joints* model, const char* name) {
  const int bodies = df_system_is_mujoco(model->system) ? df_mujoco_body_count(model->system) : 0;
  int body = bodies - 1;
  while (body >= 0 && strcmp(df_mujoco_body_name(model->system, body), name) != 0) body--;
  return body;
}

static body_joints joints_of(const model_joints* model, int body) {
  body_joints out = {.free = -1, .ball = -1};
  for (int j = 0; j < model->n; j++) {
    if (df_mujoco_joint_body(model->system, j) != body) continue;
    switch (model->joint[j].kind) {
      case DF_JOINT_FREE:
        out.free = j;
        break;
      case DF_JOINT_BALL:
        out.ball = j;
        break;
      case DF_JOINT_HINGE:
        if (out.hinges < 3) out.hinge[out.hinges] = j;
        out.hinges++;
        break;
      case DF_JOINT_SLIDE:
        out.others++;
        break;
    }
  }
  return out;
}

/* whether the joints are three hinges with perpendicular axes; sets *out */
static bool turns_by_hinges(const model_joints* model, int body, const body_joints* joints, hinge_turn* out) {
  double axis[3][3];
  if (joints->hinges != 3 || joints->ball >= 0 || joints->others > 0) return false;
  for (int i = 0; i < 3; i++) {
    const int j = joints->hinge[i];
    out->joint[i] = j;
    out->qpos[i] = model->joint[j].qpos;
    out->ref[i] = df_mujoco_joint_reference(model->system, j);
    df_mujoco_joint_axis(model->system, j, axis[i]);
  }
  df_mujoco_body_orientation(model->system, body, out->own);
  return hinge_turn_set_axes(out, axis);
}

/* the first coordinate of a part in the free or ball joint j, -1: it has none */
static int coordinate_of(const model_joints* model, int j, body_part part) {
  const df_joint* joint = &model->joint[j];
  const bool is_free = joint->kind == DF_JOINT_FREE;
  switch (part) {
    case BODY_POS:
      return is_free ? joint->qpos : -1;
    case BODY_QUAT:
      return is_free ? joint->qpos + 3 : joint->qpos;
    case BODY_LINVEL:
      return is_free ? model->nq + joint->dof : -1;
    case BODY_ANGVEL:
      return model->nq + joint->dof + (is_free ? 3 : 0);
  }
  return -1;
}

/* "a free joint", "2 hinges and 1 slide": what moves a body */
static const char* moved_by(const body_joints* joints, char text[80]) {
  if (joints->ball >= 0) {
    snprintf(text, 80, "a ball joint");
  } else if (joints->hinges == 0 && joints->others == 0) {
    snprintf(text, 80, "no joint");
  } else {
    snprintf(text, 80, "%d hinge%s and %d slide%s", joints->hinges, joints->hinges == 1 ? "" : "s", joints->others,
             joints->others == 1 ? "" : "s");
  }
  return text;
}

df_status body_block_find(const model_joints* model, const char* item, const char* body, body_part part,
                          body_block* out) {
  const int index = find_body(model, body);
  if (index < 0) return fail_body(model, item, body);
  const body_joints joints = joints_of(model, index);
  const int joint = joints.free >= 0 ? joints.free : joints.ball;
  *out = (body_block){.at = joint >= 0 ? coordinate_of(model, joint, part) : -1};
  if (out->at >= 0 || (part == BODY_QUAT && turns_by_hinges(model, index, &joints, &out->turn))) return DF_OK;
  char text[80];
  return df_fail(DF_E_CONFIG,
                 "data.columns: '%s': body '%s' is moved by %s; %s. Name its hinges and slides by joints:NAME and "
                 "joint_vel:NAME",
                 item, body, moved_by(&joints, text),
                 part == BODY_QUAT     ? "an orientation is read for a free joint, a ball joint and three hinges with "
                                         "perpendicular axes"
                 : part == BODY_ANGVEL ? "an angular velocity is read for free and ball joints"
                                       : "a position and a linear velocity are read for free joints");
}
