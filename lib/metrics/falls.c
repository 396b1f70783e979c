#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/angles.h"
#include "dynaflow/data/robot_base.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/mujoco.h"
#include "finite.h"

/* finds the joint that gives a height or a tilt: the named joint, or the robot's base if the name is empty */
static df_status find_joint(const df_system* system, const df_names* objects, const char* key, const char* name,
                            const df_joint** out) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  int at = name[0] ? 0 : df_robot_base(system, objects).joint;
  while (name[0] && at < n && strcmp(joints[at].name, name) != 0) at++;
  if (at >= 0 && at < n) {
    *out = &joints[at];
    return DF_OK;
  }
  if (name[0]) return df_fail(DF_E_CONFIG, "%s: the model has no joint \"%s\"", key, name);
  return df_fail(DF_E_CONFIG,
                 "%s: the robot has no free joint (one that an actuator drives and that is not in chart.objects); set "
                 "the name of a joint",
                 key);
}

/* the ground below a free base: a height if it is flat, else a simulator that knows it */
static df_status find_ground(const df_system* system, df_fall_rule* rule) {
  double height, *x = df_alloc((size_t)system->nx, sizeof *x);
  if (!x) return DF_E_NOMEM;
  df_status status = df_sim_new(system, 0, &rule->ground);
  if (status == DF_OK) {
    df_mujoco_initial_state(system, x);
    df_mujoco_pose(rule->ground, x);
    if (df_mujoco_ground_is_flat(rule->ground, &height)) {
      rule->floor = isfinite(height) ? height : 0;
      df_sim_free(system, rule->ground);
      rule->ground = NULL;
    }
  }
  df_free(x);
  return status;
}

static df_status read_height(const df_system* system, const df_config* config, df_fall_rule* rule) {
  const char* name = config->eval_height_joint;
  const df_joint* joint;
  DF_TRY(find_joint(system, &config->chart_objects, "eval.height_joint", name, &joint));
  switch (joint->kind) {
    case DF_JOINT_FREE:
      rule->height_at = joint->qpos + 2;
      return find_ground(system, rule);
    case DF_JOINT_SLIDE:
      rule->height_at = joint->qpos;
      return DF_OK;
    default:
      return df_fail(DF_E_CONFIG, "eval.height_joint: \"%s\" is neither a slide nor a free joint", name);
  }
}

static df_status read_tilt(const df_system* system, const df_config* config, df_fall_rule* rule) {
  const char* name = config->eval_tilt_joint;
  const df_joint* joint;
  DF_TRY(find_joint(system, &config->chart_objects, "eval.tilt_joint", name, &joint));
  switch (joint->kind) {
    case DF_JOINT_FREE:
      rule->quat_at = joint->qpos + 3;
      return DF_OK;
    case DF_JOINT_BALL:
      rule->quat_at = joint->qpos;
      return DF_OK;
    case DF_JOINT_HINGE:
      rule->tilt_at = joint->qpos;
      return DF_OK;
    default:
      return df_fail(DF_E_CONFIG, "eval.tilt_joint: \"%s\" is a slide joint and has no tilt", name);
  }
}

df_status df_fall_rule_new(const df_system* system, const df_config* config, df_fall_rule* out) {
  DF_REQUIRE_POINTER(out);
  *out = (df_fall_rule){.quat_at = -1, .tilt_at = -1};
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE_POINTER(config);
  df_fall_rule rule = {.system = system,
                       .height = config->eval_fall_height,
                       .tilt = config->eval_fall_tilt * DF_PI / 180,
                       .height_at = 0,
                       .quat_at = -1,
                       .tilt_at = -1};

  /* a joint name is checked even if its criterion is off */
  const bool height = rule.height != 0 || config->eval_height_joint[0];
  const bool tilt = rule.tilt != 0 || config->eval_tilt_joint[0];
  if ((height || tilt) && !df_system_is_mujoco(system)) {
    return df_fail(DF_E_CONFIG, "eval.fall_height and eval.fall_tilt need a MuJoCo model");
  }
  df_status status = height ? read_height(system, config, &rule) : DF_OK;
  if (status == DF_OK && tilt) status = read_tilt(system, config, &rule);
  if (status == DF_OK)
    *out = rule;
  else
    df_fall_rule_clear(&rule);
  return status;
}

void df_fall_rule_clear(df_fall_rule* rule) {
  if (rule->ground) df_sim_free(rule->system, rule->ground);
  *rule = (df_fall_rule){.quat_at = -1, .tilt_at = -1};
}

/* angle between the z axes of body and world [rad], for a quaternion of any norm */
static double quaternion_tilt(const double q[4]) {
  const double up = q[0] * q[0] - q[1] * q[1] - q[2] * q[2] + q[3] * q[3];
  const double side = 2 * hypot(q[1] * q[3] + q[0] * q[2], q[2] * q[3] - q[0] * q[1]);
  return atan2(side, up);
}

static double height_of(const df_fall_rule* rule, const double* x) {
  const double z = x[rule->height_at];
  if (!rule->ground) return z - rule->floor;
  const double ground = df_mujoco_ground_below(rule->ground, x + rule->height_at - 2);
  return isfinite(ground) ? z - ground : z;
}

static bool is_fallen(const df_fall_rule* rule, const double* x) {
  if (rule->height != 0 && height_of(rule, x) < rule->height) return true;
  if (rule->tilt == 0) return false;
  if (rule->quat_at >= 0) return quaternion_tilt(x + rule->quat_at) > rule->tilt;
  return rule->tilt_at >= 0 && fabs(x[rule->tilt_at]) > rule->tilt;
}

int df_fall_frame(const df_fall_rule* rule, int nx, int H, const double* x) {
  for (int t = 0; t <= H; t++) {
    const double* row = x + (size_t)t * (size_t)nx;
    if (!all_finite((size_t)nx, row) || is_fallen(rule, row)) return t;
  }
  return H + 1;
}
