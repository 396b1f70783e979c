#include "dynaflow/metrics/goal.h"

#include <math.h>
#include <string.h>

#include "dynaflow/sim/mujoco.h"

enum { MOST = 3 };

static df_status find_joint(const df_system* system, const char* name, const df_joint** out) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  for (int i = 0; i < n; i++) {
    *out = &joints[i];
    if (strcmp(joints[i].name, name) == 0) return DF_OK;
  }
  return df_fail(DF_E_CONFIG, "eval.goal_joints: the model has no joint \"%s\"", name);
}

static df_status find_positions(const df_system* system, const df_names* names, df_goal* goal) {
  const df_joint* joint;
  DF_TRY(find_joint(system, names->v[0], &joint));
  if (joint->kind == DF_JOINT_FREE && names->n == 1) {
    for (int i = 0; i < goal->n; i++) goal->position[i] = joint->qpos + i;
    return DF_OK;
  }
  if (names->n != goal->n) {
    return df_fail(DF_E_CONFIG,
                   "eval.goal_joints: %d joints for the %d conditions of eval.goal_conditions: name one free joint, or "
                   "a slide for each condition",
                   names->n, goal->n);
  }
  for (int i = 0; i < goal->n; i++) {
    DF_TRY(find_joint(system, names->v[i], &joint));
    if (joint->kind != DF_JOINT_SLIDE) {
      return df_fail(DF_E_CONFIG,
                     "eval.goal_joints: \"%s\" is not a slide: name one free joint, or a slide for each condition",
                     names->v[i]);
    }
    goal->position[i] = joint->qpos;
  }
  return DF_OK;
}

static df_status find_conditions(const df_dataset* data, const df_names* names, df_goal* goal) {
  for (int i = 0; i < goal->n; i++) {
    int at = 0;
    while (at < data->nc && strcmp(data->condition_name[at], names->v[i]) != 0) at++;
    if (at == data->nc)
      return df_fail(DF_E_CONFIG, "eval.goal_conditions: the demonstrations have no condition \"%s\"", names->v[i]);
    goal->condition[i] = at;
  }
  return DF_OK;
}

df_status df_goal_find(const df_system* system, const df_dataset* data, const df_config* config, df_goal* out) {
  DF_REQUIRE_POINTER(out);
  *out = (df_goal){.n = 0};
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE_POINTER(data);
  DF_REQUIRE_POINTER(config);
  const df_names *joints = &config->eval_goal_joints, *conditions = &config->eval_goal_conditions;
  if (joints->n == 0 && conditions->n == 0) return DF_OK;
  if (joints->n == 0 || conditions->n == 0) {
    return df_fail(DF_E_CONFIG, "eval.goal_%s is empty, but eval.goal_%s is \"%s\": set both, or neither",
                   joints->n ? "conditions" : "joints", joints->n ? "joints" : "conditions",
                   joints->n ? joints->v[0] : conditions->v[0]);
  }
  if (conditions->n > MOST)
    return df_fail(DF_E_CONFIG, "eval.goal_conditions: %d conditions, but a place has at most 3 coordinates",
                   conditions->n);
  if (!df_system_is_mujoco(system)) return df_fail(DF_E_CONFIG, "eval.goal_joints needs a MuJoCo model");

  df_goal goal = {.n = conditions->n, .tolerance = config->eval_goal_tolerance};
  DF_TRY(find_positions(system, joints, &goal));
  DF_TRY(find_conditions(data, conditions, &goal));
  *out = goal;
  return DF_OK;
}

double df_goal_distance(const df_goal* goal, const double* x, const double* condition) {
  double square = 0;
  for (int i = 0; i < goal->n; i++) {
    const double off = x[goal->position[i]] - condition[goal->condition[i]];
    square += off * off;
  }
  return isfinite(square) ? sqrt(square) : INFINITY;
}
