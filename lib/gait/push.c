#include "dynaflow/gait/push.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "attempts.h"
#include "dynaflow/core/angles.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/sim/mujoco.h"

/* a state: shoulder, elbow, place and quaternion of the box, and their velocities */
enum { NX = 17, NU = 2, BOX = 2, QUATERNION = 5, DRAWS = 8 };
enum { SHORTER_WAY, LEFT, RIGHT, KINDS };

/* the demonstrator */
static const double LEAD = 0.25;              /* how far the servos' targets are ahead, s */
static const double AROUND = 0.35;            /* speed of the tip around the box, m/s */
static const double DISTANCE = 0.115;         /* from the centre of the box, around it, m */
static const double DISTANCE_SLOPE = 0.02;    /* error of this distance with an outward speed of AROUND, m */
static const double PUSH = 0.25, SLOW = 0.05; /* speed of a push, m/s; distance from the goal where it falls, m */
static const double ACROSS = 6;               /* correction of the offset from the line of the push, 1/s */
static const double ARRIVED = 0.006;          /* distance from the goal at which the push ends, m */
static const double BACK = 0.15, BACK_SLOPE = 0.05;
static const double BEHIND = 0.35, STILL_BEHIND = 0.6, NEAR = 0.09; /* rad, rad, m: where a push begins, and goes on */
static const double IN_FRONT = 1;                                   /* rad: the coin decides */

static double clip(double value, double lo, double hi) {
  return fmin(fmax(value, lo), hi);
}

void df_push_joints(const double tip[2], double q[2]) {
  const double square = DF_PUSH_LINK * DF_PUSH_LINK, r2 = tip[0] * tip[0] + tip[1] * tip[1];
  q[1] = acos(clip((r2 - 2 * square) / (2 * square), -1, 1));
  q[0] = atan2(tip[1], tip[0]) - q[1] / 2;
}

static void tip_of(const double* x, double tip[2]) {
  tip[0] = DF_PUSH_LINK * (cos(x[0]) + cos(x[0] + x[1]));
  tip[1] = DF_PUSH_LINK * (sin(x[0]) + sin(x[0] + x[1]));
}

/* the angle of the tip around the box: 0 behind it, as seen from the goal, and positive clockwise of that */
static double angle_behind(const double tip[2], const double box[2], const double goal[2]) {
  const double nx = goal[0] - box[0], ny = goal[1] - box[1], x = tip[0] - box[0], y = tip[1] - box[1];
  return atan2(y * nx - x * ny, -(x * nx + y * ny));
}

static bool is_in_front(double angle) {
  return fabs(angle) > DF_PI - IN_FRONT;
}

void df_push_target(const double tip[2], const double box[2], const double goal[2], int side, double target[2]) {
  /* the unit vectors from the box to its goal (n), and to the tip (r) */
  const double d = hypot(goal[0] - box[0], goal[1] - box[1]), far = hypot(tip[0] - box[0], tip[1] - box[1]);
  const double n[2] = {(goal[0] - box[0]) / d, (goal[1] - box[1]) / d};
  const double r[2] = {(tip[0] - box[0]) / far, (tip[1] - box[1]) / far};
  const double angle = angle_behind(tip, box, goal);
  double v[2];

  if (d < ARRIVED) {
    const double back = BACK * clip((DISTANCE - far) / BACK_SLOPE, -1, 1);
    for (int i = 0; i < 2; i++) v[i] = back * r[i];
  } else if (fabs(angle) > BEHIND && !(far < NEAR && fabs(angle) < STILL_BEHIND)) {
    /* around the box: +1 is counterclockwise, which lowers the angle */
    const double turn = is_in_front(angle) ? side : copysign(1, angle);
    const double outward = clip((DISTANCE - far) / DISTANCE_SLOPE, -1, 1);
    v[0] = AROUND * (-turn * r[1] + outward * r[0]);
    v[1] = AROUND * (turn * r[0] + outward * r[1]);
  } else {
    const double along = PUSH * clip(d / SLOW, 0.25, 1), offset = far * (r[1] * n[0] - r[0] * n[1]);
    v[0] = along * n[0] + ACROSS * offset * n[1];
    v[1] = along * n[1] - ACROSS * offset * n[0];
  }
  for (int i = 0; i < 2; i++) target[i] = tip[i] + LEAD * v[i];
}

/* ---- starts ---- */

typedef struct start {
  double box[2], goal[2], tip[2], heading;
  int side;
} start;

static void polar(double r, double angle, double out[2]) {
  out[0] = r * cos(angle);
  out[1] = r * sin(angle);
}

/* the start of an attempt */
static start start_of(uint64_t seed, int number) {
  start s;
  double draw[DRAWS], goal[2], tip[2];
  df_rng_uniform(seed, DF_STREAM_DEMONSTRATION, (uint64_t)number, DRAWS, draw);
  polar(0.38 + 0.06 * draw[0], 0.15 * (2 * draw[1] - 1), s.box);
  const double direction = 2 * draw[3] - 1;
  polar(0.1 + 0.06 * draw[2], direction, goal);
  polar(0.12 + 0.04 * draw[4], DF_PI * (2 * draw[5] - 1), tip);
  for (int i = 0; i < 2; i++) {
    s.goal[i] = s.box[i] + goal[i];
    s.tip[i] = s.box[i] + tip[i];
  }
  s.heading = direction + 0.35 * (2 * draw[6] - 1);
  s.side = draw[7] < 0.5 ? 1 : -1;
  return s;
}

static int kind_of(const start* s) {
  if (!is_in_front(angle_behind(s->tip, s->box, s->goal))) return SHORTER_WAY;
  return s->side > 0 ? LEFT : RIGHT;
}

/* ---- episodes ---- */

static df_status check_system(const df_system* system) {
  static const char* const names[] = {"shoulder", "elbow", "box"};
  static const df_joint_kind kinds[] = {DF_JOINT_HINGE, DF_JOINT_HINGE, DF_JOINT_FREE};
  const df_joint* joint = NULL;
  const int n = df_system_is_mujoco(system) ? df_mujoco_joints(system, &joint) : 0;
  bool fits = n == 3 && system->nx == NX && system->nu == NU;
  for (int i = 0; fits && i < 3; i++) fits = joint[i].kind == kinds[i] && strcmp(joint[i].name, names[i]) == 0;
  if (fits) return DF_OK;
  return df_fail(DF_E_CONFIG,
                 "box_pushes need an arm and a box: a MuJoCo model with the hinges shoulder and elbow, a control for "
                 "each, and the free joint box, such as tasks/push_to_goal/push_to_goal.xml");
}

/* one attempt; false if the box is not at its goal in the end or the simulation did not complete, which *end says */
static bool attempt(const df_system* system, df_sim* sim, const df_config* config, int number, int length, double* x,
                    double* u, double* condition, int* kind, df_traj_end* end) {
  const start drawn = start_of((uint64_t)config->data_seed, number), *s = &drawn;
  *kind = kind_of(s);
  memcpy(condition, s->goal, sizeof s->goal);
  df_mujoco_initial_state(system, x);
  df_push_joints(s->tip, x);
  memcpy(x + BOX, s->box, sizeof s->box);
  const double quaternion[4] = {cos(s->heading / 2), 0, 0, sin(s->heading / 2)};
  memcpy(x + QUATERNION, quaternion, sizeof quaternion);
  system->ops->reset(sim, x);
  *end = DF_TRAJ_COMPLETE;
  for (int t = 0; t < length && *end == DF_TRAJ_COMPLETE; t++) {
    double tip[2], target[2];
    tip_of(x + t * NX, tip);
    df_push_target(tip, x + t * NX + BOX, s->goal, s->side, target);
    df_push_joints(target, u + t * NU);
    for (int i = 0; i < NU; i++) u[t * NU + i] = clip(u[t * NU + i], system->u_lo[i], system->u_hi[i]);
    *end = system->ops->step(sim, u + t * NU, x + (t + 1) * NX);
  }
  const double* box = x + length * NX + BOX;
  return *end == DF_TRAJ_COMPLETE && hypot(s->goal[0] - box[0], s->goal[1] - box[1]) < DF_PUSH_REACHED;
}

df_status df_push_demonstrate(const df_system* system, const df_config* config, const df_generator_env* env,
                              df_dataset** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE_POINTER(config);
  DF_REQUIRE_POINTER(env);
  DF_REQUIRE(env->threads >= 1, "df_push_demonstrate: env.threads %d is not positive", env->threads);
  if (env->report) *env->report = (df_generation){.n = 0};
  DF_TRY(check_system(system));

  static const char* const names[] = {"goal.x", "goal.y"};
  static const char* const kinds[KINDS] = {[SHORTER_WAY] = "shorter way", [LEFT] = "left", [RIGHT] = "right"};
  char rejected[80];
  snprintf(rejected, sizeof rejected, "did not bring the box to its goal (data.seconds = %g)", config->data_seconds);
  const attempts_cfg cfg = {.name = "box_pushes",
                            .rejected = rejected,
                            .nx = NX,
                            .nu = NU,
                            .nc = 2,
                            .condition = names,
                            .kinds = KINDS,
                            .kind = kinds,
                            .report_every = 20,
                            .attempt = attempt};
  return attempts_make(system, config, env, &cfg, out);
}

const df_generator df_generator_box_pushes = {.name = "box_pushes",
                                              .summary = "an arm goes behind a box and pushes it to a goal on a table",
                                              .version = 1,
                                              .make = df_push_demonstrate};
