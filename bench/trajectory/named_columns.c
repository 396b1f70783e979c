#include "named_columns.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/sim/mujoco.h"
#include "text.h"

/* names n columns from `first`: "<joint><part>.<axis>", or without ".<axis>" if there is one */
static void name(columns* c, int first, const char* joint, const char* part, const char* axes, const char* unit) {
  for (int i = 0; axes[i]; i++) {
    c->state[first + i] = axes[1] ? format_text("%s%s.%c", joint, part, axes[i]) : format_text("%s%s", joint, part);
    c->unit[first + i] = unit;
  }
}

static void name_joint(columns* c, const df_joint* j, int nq, const char* joint) {
  const int q = j->qpos, v = nq + j->dof;
  switch (j->kind) {
    case DF_JOINT_FREE:
      name(c, q, joint, "_pos", "xyz", "m");
      name(c, q + 3, joint, "_quat", "wxyz", "");
      name(c, v, joint, "_linvel", "xyz", "m/s");
      name(c, v + 3, joint, "_angvel", "xyz", "rad/s");
      break;
    case DF_JOINT_BALL:
      name(c, q, joint, "_quat", "wxyz", "");
      name(c, v, joint, "_angvel", "xyz", "rad/s");
      break;
    case DF_JOINT_SLIDE:
      name(c, q, joint, "", "-", "m");
      name(c, v, joint, "_vel", "-", "m/s");
      break;
    case DF_JOINT_HINGE:
      name(c, q, joint, "", "-", "rad");
      name(c, v, joint, "_vel", "-", "rad/s");
  }
}

/* a copy of a name of the model, in which a comma becomes '_'; "<other><i>" without a name */
static char* clean_name(const char* of_model, const char* other, int i) {
  char* out = of_model[0] ? format_text("%s", of_model) : format_text("%s%d", other, i);
  for (char* at = out; *at; at++) {
    if (*at == ',' || *at == '=' || *at == '\n') *at = '_';
  }
  return out;
}

df_status columns_new(const df_task* task, columns* out) {
  const df_system* system = task->system;
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints), nq = df_mujoco_nq(system), na = df_mujoco_na(system);
  *out = (columns){.n_states = system->nx, .n_actions = system->nu};
  out->state = df_alloc((size_t)system->nx, sizeof *out->state);
  out->unit = df_alloc((size_t)system->nx, sizeof *out->unit);
  out->action = df_alloc((size_t)system->nu + 1, sizeof *out->action);
  if (!out->state || !out->unit || !out->action) return DF_E_NOMEM;
  const int base = df_robot_base(system, &task->config.chart_objects).joint;
  for (int i = 0; i < n; i++) {
    char* joint = clean_name(joints[i].name, "joint", i);
    name_joint(out, &joints[i], nq, i == base ? "root" : joint);
    df_free(joint);
  }
  for (int i = 0; i < na; i++) {
    out->state[system->nx - na + i] = format_text("act.%d", i);
    out->unit[system->nx - na + i] = "";
  }
  for (int i = 0; i < system->nu; i++) out->action[i] = clean_name(df_mujoco_actuator_at(system, i).name, "action", i);
  return DF_OK;
}

void columns_clear(columns* c) {
  for (int i = 0; c->state && i < c->n_states; i++) df_free(c->state[i]);
  for (int i = 0; c->action && i < c->n_actions; i++) df_free(c->action[i]);
  df_free(c->state);
  df_free(c->action);
  df_free(c->unit);
  *c = (columns){0};
}
