#include "gait_control.h"

#include <math.h>
#include <string.h>

static const double GRAVITY = 9.81;
static const double PI = 3.14159265358979323846;

/* ---- quantities derived from the state ---- */

typedef struct leg_clock {
  bool stands;     /* in stance, else in swing */
  double progress; /* fraction of the stance or swing completed, [0, 1) */
} leg_clock;

/* everything that one action is computed from */
typedef struct view {
  double rotation[9]; /* rotation matrix from body to world */
  double tilt[9];     /* rotation matrix from body to heading */
  double yaw, roll, pitch;
  double cos_yaw, sin_yaw;
  double velocity[3];      /* linear velocity of the base, heading frame, m/s */
  double rate[3];          /* angular velocity of the base, body frame, rad/s */
  double height;           /* height of the base, m */
  double com[3];           /* centre of mass relative to the base, heading frame, m */
  double command[3];       /* ramped command */
  const double* joint;     /* [4][3] joint angles, in the state */
  double foot[DF_LEGS][3]; /* foot positions, body frame, m */
  double jacobian[DF_LEGS][9];
  leg_clock clock[DF_LEGS];
  int standing; /* number of legs in stance */
} view;

static double clamp(double value, double bound) {
  return fmin(fmax(value, -bound), bound);
}

/* rotates a vector from the world frame into the heading frame */
static void to_heading(const view* v, const double world[3], double out[3]) {
  out[0] = world[0] * v->cos_yaw + world[1] * v->sin_yaw;
  out[1] = -world[0] * v->sin_yaw + world[1] * v->cos_yaw;
  out[2] = world[2];
}

static void to_world(const view* v, const double heading[3], double out[3]) {
  out[0] = heading[0] * v->cos_yaw - heading[1] * v->sin_yaw;
  out[1] = heading[0] * v->sin_yaw + heading[1] * v->cos_yaw;
  out[2] = heading[2];
}

/* fills the members of the view that depend on the base */
static void look_at_base(const double* x, const double com[3], view* v) {
  /* orientation */
  const double *R = v->rotation, *qvel = x + 19;
  df_leg_rotation(x + 3, v->rotation);
  v->yaw = atan2(R[3], R[0]);
  v->roll = atan2(R[7], R[8]);
  v->pitch = -asin(clamp(R[6], 1));
  v->cos_yaw = cos(v->yaw);
  v->sin_yaw = sin(v->yaw);

  /* velocity, height and centre of mass in the heading frame */
  to_heading(v, qvel, v->velocity);
  memcpy(v->rate, qvel + 3, sizeof v->rate);
  v->height = x[2];
  const double offset[3] = {com[0] - x[0], com[1] - x[1], com[2] - x[2]};
  to_heading(v, offset, v->com);

  /* tilt: rotation from body to heading frame, column by column */
  for (int j = 0; j < 3; j++) {
    const double column[3] = {R[j], R[3 + j], R[6 + j]};
    double turned[3];
    to_heading(v, column, turned);
    for (int i = 0; i < 3; i++) v->tilt[3 * i + j] = turned[i];
  }
}

/* fills the members of the view that depend on the legs; during the settling time all legs are in mid-stance */
static void look_at_legs(const df_gait_controller* c, const double* x, view* v) {
  const double phase = c->phase + DF_GAIT_FREQUENCY * DF_GAIT_ACTION_SECONDS * c->frame;
  v->joint = x + 7;
  v->standing = 0;
  for (int leg = 0; leg < DF_LEGS; leg++) {
    df_leg_foot(leg, v->joint + 3 * leg, v->foot[leg]);
    df_leg_jacobian(leg, v->joint + 3 * leg, v->jacobian[leg]);

    leg_clock* clock = &v->clock[leg];
    const double p = df_gait_leg_phase(c->gait, leg, phase);
    if (c->frame < DF_GAIT_SETTLE_FRAMES) {
      *clock = (leg_clock){true, 0.5};
    } else if (p < DF_GAIT_DUTY) {
      *clock = (leg_clock){true, p / DF_GAIT_DUTY};
    } else {
      *clock = (leg_clock){false, (p - DF_GAIT_DUTY) / (1 - DF_GAIT_DUTY)};
    }
    v->standing += clock->stands;
  }
}

/* ---- stance ---- */

/* feed-forward vertical force of a standing foot [N] */
static double foot_load(const df_gait_controller* c) {
  const double weight = c->mass * GRAVITY / DF_LEGS;
  return c->frame < DF_GAIT_SETTLE_FRAMES ? weight : weight / DF_GAIT_DUTY;
}

/* desired feedback force and moment at the centre of mass, heading frame, in addition to the feed-forward load */
static void wanted_wrench(const df_gait_controller* c, const view* v, double wrench[6]) {
  const df_gait_gains* k = &df_gait_describe(c->gait)->gain;
  const double yaw_error = atan2(sin(c->yaw - v->yaw), cos(c->yaw - v->yaw));
  for (int i = 0; i < 2; i++) {
    wrench[i] = c->mass * (k->velocity * (v->command[i] - v->velocity[i]) + k->velocity_integral * c->error[i]);
  }
  wrench[2] = c->mass * (k->lift * (k->height - v->height) - k->lift_rate * v->velocity[2]);
  wrench[3] = -k->roll * v->roll - k->roll_rate * v->rate[0];
  wrench[4] = -k->pitch * v->pitch - k->pitch_rate * v->rate[1];
  wrench[5] = k->yaw * yaw_error + k->yaw_rate * (v->command[2] - v->rate[2]);
}

/* the wrenches of unit forces along x, y and z at a point p relative to the centre of mass: the columns of [1; p x] */
static void wrench_columns(const double p[3], double columns[3][6]) {
  const double cross[3][3] = {{0, p[2], -p[1]}, {-p[2], 0, p[0]}, {p[1], -p[0], 0}};
  for (int axis = 0; axis < 3; axis++) {
    for (int r = 0; r < 3; r++) columns[axis][r] = axis == r;
    for (int r = 0; r < 3; r++) columns[axis][3 + r] = cross[axis][r];
  }
}

/* Distributes the wrench over the standing feet: minimises |A f - b|^2_W + damping |f|^2 over the foot forces f, where
 * b is the wrench minus the moment of the feed-forward load. `force` is the force of the floor on each foot, heading
 * frame: f plus the load, clamped; zero for swinging feet. */
static void share_wrench(const df_gait_controller* c, const view* v, const double wrench[6], double force[DF_LEGS][3]) {
  static const double WEIGHT[6] = {1, 1, 1, 20, 20, 10}, DAMPING = 0.05;
  static const double FRICTION = 0.45, FORCE_MIN = 5;
  const double load = foot_load(c), force_max = 1.1 * c->mass * GRAVITY;
  double a[3 * DF_LEGS][6], b[6], normal[9 * DF_LEGS * DF_LEGS], f[3 * DF_LEGS];
  const int n = 3 * v->standing;

  /* columns of A for each standing foot, and the moment of the load */
  memset(force, 0, sizeof(double[DF_LEGS][3]));
  memcpy(b, wrench, sizeof b);
  for (int leg = 0, k = 0; leg < DF_LEGS; leg++) {
    if (!v->clock[leg].stands) continue;
    double p[3];
    df_leg_rotate(v->tilt, v->foot[leg], p);
    for (int i = 0; i < 3; i++) p[i] -= v->com[i];
    wrench_columns(p, a + k);
    for (int r = 3; r < 6; r++) b[r] -= load * a[k + 2][r];
    k += 3;
  }

  /* normal equations: (A^T W A + damping) f = A^T W b */
  for (int i = 0; i < n; i++) {
    f[i] = 0;
    for (int r = 0; r < 6; r++) f[i] += WEIGHT[r] * a[i][r] * b[r];
    for (int j = 0; j < n; j++) {
      double sum = i == j ? DAMPING : 0;
      for (int r = 0; r < 6; r++) sum += WEIGHT[r] * a[i][r] * a[j][r];
      normal[i * n + j] = sum;
    }
  }
  df_leg_solve(n, normal, f);

  /* add the load and clamp: the foot pushes and stays inside the friction bound */
  for (int leg = 0, k = 0; leg < DF_LEGS; leg++) {
    if (!v->clock[leg].stands) continue;
    force[leg][2] = fmin(fmax(f[k + 2] + load, FORCE_MIN), force_max);
    for (int i = 0; i < 2; i++) force[leg][i] = clamp(f[k + i], FRICTION * force[leg][2]);
    k += 3;
  }
}

/* ---- feet ---- */

/* nominal foothold of a leg: below its hip, shifted by the centre of mass, heading frame; and the commanded velocity of
 * the body at that point */
static void nominal_foot(const view* v, int leg, double point[2], double velocity[2]) {
  point[0] = df_leg_front(leg) * DF_LEG_HIP_X + v->com[0];
  point[1] = df_leg_left(leg) * (DF_LEG_HIP_Y + DF_LEG_OFFSET);
  velocity[0] = v->command[0] - v->command[2] * point[1];
  velocity[1] = v->command[1] + v->command[2] * point[0];
}

/* joint targets u [3] of a standing leg */
static void stance_targets(const df_gait_controller* c, const view* v, int leg, const double force[3], double* u) {
  const df_gait_gains* k = &df_gait_describe(c->gait)->gain;
  const double stance_seconds = DF_GAIT_DUTY / DF_GAIT_FREQUENCY;
  double point[2], velocity[2], target[3], q[3], world[3], body[3];

  /* foot target: mix of the nominal position at this time and the current position moved with the commanded velocity */
  nominal_foot(v, leg, point, velocity);
  const double back = stance_seconds * (0.5 - v->clock[leg].progress);
  const double planned[3] = {point[0] + velocity[0] * back, point[1] + velocity[1] * back,
                             DF_LEG_FOOT_RADIUS - k->height};
  df_leg_rotate_back(v->tilt, planned, target);
  for (int i = 0; i < 2; i++) {
    const double staying = v->foot[leg][i] - velocity[i] * DF_GAIT_ACTION_SECONDS;
    target[i] = k->plan * target[i] + (1 - k->plan) * staying;
  }
  df_leg_joints(leg, target, q);

  /* joint torques of the reaction -force, as an offset of the position targets */
  to_world(v, force, world);
  df_leg_rotate_back(v->rotation, world, body);
  const double* J = v->jacobian[leg];
  for (int i = 0; i < 3; i++) {
    u[i] = q[i] - (J[i] * body[0] + J[3 + i] * body[1] + J[6 + i] * body[2]) / DF_GAIT_STIFFNESS;
  }
}

/* joint targets u [3] of a swinging leg */
static void swing_targets(const df_gait_controller* c, const view* v, int leg, double* u) {
  static const double CORRECTION_MAX = 0.1; /* m */
  const df_gait_gains* k = &df_gait_describe(c->gait)->gain;
  const double half_stance = 0.5 * DF_GAIT_DUTY / DF_GAIT_FREQUENCY;
  const double step[2] = {k->step_x, k->step_y};
  double point[2], velocity[2], target[3], body[3];

  /* aim one action ahead: a target is reached when the action ends */
  const double ahead = DF_GAIT_ACTION_SECONDS * DF_GAIT_FREQUENCY / (1 - DF_GAIT_DUTY);
  const double progress = fmin(1, v->clock[leg].progress + ahead);
  const double share = 0.5 - 0.5 * cos(PI * progress);

  /* Raibert foothold: half a stance ahead of the nominal point, further out if the robot is too fast */
  nominal_foot(v, leg, point, velocity);
  for (int i = 0; i < 2; i++) {
    const double correction =
        clamp(step[i] * (c->velocity[i] - v->command[i]) - k->step_integral * c->error[i], CORRECTION_MAX);
    const double touch_down = point[i] + velocity[i] * half_stance + correction;
    target[i] = c->lift_off[leg][i] + (touch_down - c->lift_off[leg][i]) * share;
  }
  target[2] = DF_LEG_FOOT_RADIUS - k->height + k->swing_height * sin(PI * progress);
  df_leg_rotate_back(v->tilt, target, body);
  df_leg_joints(leg, body, u);
}

/* ---- the controller ---- */

/* range of the targets, rad: the action range of learners in the task go1_gaits, inside the joint ranges */
static const double TARGET_MIN[DF_LEG_JOINTS] = {-0.6, -0.1, -2.7};
static const double TARGET_MAX[DF_LEG_JOINTS] = {0.6, 1.9, -0.9};

void df_gait_controller_start(df_gait_controller* controller, df_gait gait, double mass, const double command[3],
                              double phase, const double* x) {
  double rotation[9];
  df_leg_rotation(x + 3, rotation);
  *controller = (df_gait_controller){.gait = gait, .mass = mass, .phase = phase};
  controller->yaw = atan2(rotation[3], rotation[0]);
  memcpy(controller->command, command, sizeof controller->command);
  for (int leg = 0; leg < DF_LEGS; leg++) df_leg_foot(leg, x + 7 + 3 * leg, controller->lift_off[leg]);
}

/* updates target yaw, velocity filter and error integral */
static void observe(df_gait_controller* c, const view* v) {
  static const double LOW_PASS = 0.2, ERROR_MAX = 0.6; /* filter gain per action; m */
  c->yaw += v->command[2] * DF_GAIT_ACTION_SECONDS;
  for (int i = 0; i < 2; i++) {
    c->velocity[i] += LOW_PASS * (v->velocity[i] - c->velocity[i]);
    if (c->frame <= DF_GAIT_SETTLE_FRAMES) continue;
    c->error[i] = clamp(c->error[i] + DF_GAIT_ACTION_SECONDS * (v->command[i] - v->velocity[i]), ERROR_MAX);
  }
}

void df_gait_controller_act(df_gait_controller* controller, const double* x, const double com[3], double* u) {
  df_gait_controller* c = controller;
  view v;
  double wrench[6], force[DF_LEGS][3];

  /* ramp the command up over twice the settling time */
  const double ramp = fmin(1, c->frame / (2.0 * DF_GAIT_SETTLE_FRAMES));
  for (int i = 0; i < 3; i++) v.command[i] = ramp * c->command[i];
  look_at_base(x, com, &v);
  look_at_legs(c, x, &v);
  observe(c, &v);

  /* stance forces, then the joint targets of every leg, clamped to their range */
  wanted_wrench(c, &v, wrench);
  share_wrench(c, &v, wrench, force);
  for (int leg = 0; leg < DF_LEGS; leg++) {
    if (v.clock[leg].stands) {
      stance_targets(c, &v, leg, force[leg], u + 3 * leg);
      memcpy(c->lift_off[leg], v.foot[leg], sizeof c->lift_off[leg]);
    } else {
      swing_targets(c, &v, leg, u + 3 * leg);
    }
    for (int i = 0; i < DF_LEG_JOINTS; i++) {
      double* target = &u[DF_LEG_JOINTS * leg + i];
      *target = fmin(fmax(*target, TARGET_MIN[i]), TARGET_MAX[i]);
    }
  }
  c->frame++;
}
