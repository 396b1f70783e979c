#include "gait_control.h"

#include <math.h>
#include <string.h>

static const double GRAVITY = 9.81;
static const double PI = 3.14159265358979323846;

/* ---- what an action is computed from ---- */

typedef struct leg_clock {
  bool stands;
  double progress; /* through stance or swing, [0, 1) */
} leg_clock;

typedef struct view {
  double rotation[9]; /* body to world */
  double tilt[9];     /* body to heading */
  double yaw, roll, pitch;
  double cos_yaw, sin_yaw;
  double velocity[3];      /* of the base, heading frame */
  double rate[3];          /* of the base, body frame */
  double height;           /* of the base */
  double com[3];           /* centre of mass from the base, heading frame */
  double command[3];       /* ramped */
  const double* joint;     /* [4][3] */
  double foot[DF_LEGS][3]; /* body frame */
  double jacobian[DF_LEGS][9];
  leg_clock clock[DF_LEGS];
  int standing;
} view;

static double clamp(double value, double bound) {
  return fmin(fmax(value, -bound), bound);
}

/* turns a world vector into the heading frame */
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

static void look_at_base(const double* x, const double com[3], view* v) {
  const double *R = v->rotation, *qvel = x + 19;
  df_leg_rotation(x + 3, v->rotation);
  v->yaw = atan2(R[3], R[0]);
  v->roll = atan2(R[7], R[8]);
  v->pitch = -asin(clamp(R[6], 1));
  v->cos_yaw = cos(v->yaw);
  v->sin_yaw = sin(v->yaw);

  to_heading(v, qvel, v->velocity);
  memcpy(v->rate, qvel + 3, sizeof v->rate);
  v->height = x[2];
  const double offset[3] = {com[0] - x[0], com[1] - x[1], com[2] - x[2]};
  to_heading(v, offset, v->com);

  for (int j = 0; j < 3; j++) {
    const double column[3] = {R[j], R[3 + j], R[6 + j]};
    double turned[3];
    to_heading(v, column, turned);
    for (int i = 0; i < 3; i++) v->tilt[3 * i + j] = turned[i];
  }
}

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

/* vertical force that a standing foot carries without feedback */
static double foot_load(const df_gait_controller* c) {
  const double weight = c->mass * GRAVITY / DF_LEGS;
  return c->frame < DF_GAIT_SETTLE_FRAMES ? weight : weight / DF_GAIT_DUTY;
}

/* force and moment wanted at the centre of mass, heading frame, beyond what the feet carry anyway */
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

/* the wrench of unit forces at a point p from the centre of mass: columns of [1; p x] into rows `first` on of A^T */
static void wrench_columns(const double p[3], double columns[3][6]) {
  const double cross[3][3] = {{0, p[2], -p[1]}, {-p[2], 0, p[0]}, {p[1], -p[0], 0}};
  for (int axis = 0; axis < 3; axis++) {
    for (int r = 0; r < 3; r++) columns[axis][r] = axis == r;
    for (int r = 0; r < 3; r++) columns[axis][3 + r] = cross[axis][r];
  }
}

/* Shares the wrench out: min over f of |A (f0 + f) - wrench|^2_W + damping |f|^2, f0 the load that the feet carry.
 * `force` is what each foot pushes the robot with, heading frame; zero for feet in the air. */
static void share_wrench(const df_gait_controller* c, const view* v, const double wrench[6], double force[DF_LEGS][3]) {
  static const double WEIGHT[6] = {1, 1, 1, 20, 20, 10}, DAMPING = 0.05;
  static const double FRICTION = 0.45, FORCE_MIN = 5;
  const double load = foot_load(c), force_max = 1.1 * c->mass * GRAVITY;
  double a[3 * DF_LEGS][6], b[6], normal[9 * DF_LEGS * DF_LEGS], f[3 * DF_LEGS];
  const int n = 3 * v->standing;

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

  for (int leg = 0, k = 0; leg < DF_LEGS; leg++) {
    if (!v->clock[leg].stands) continue;
    force[leg][2] = fmin(fmax(f[k + 2] + load, FORCE_MIN), force_max);
    for (int i = 0; i < 2; i++) force[leg][i] = clamp(f[k + i], FRICTION * force[leg][2]);
    k += 3;
  }
}

/* ---- feet ---- */

/* below the hip and the centre of mass, heading frame, and the velocity commanded there */
static void nominal_foot(const view* v, int leg, double point[2], double velocity[2]) {
  point[0] = df_leg_front(leg) * DF_LEG_HIP_X + v->com[0];
  point[1] = df_leg_left(leg) * (DF_LEG_HIP_Y + DF_LEG_OFFSET);
  velocity[0] = v->command[0] - v->command[2] * point[1];
  velocity[1] = v->command[1] + v->command[2] * point[0];
}

static void stance_targets(const df_gait_controller* c, const view* v, int leg, const double force[3], double* u) {
  const df_gait_gains* k = &df_gait_describe(c->gait)->gain;
  const double stance_seconds = DF_GAIT_DUTY / DF_GAIT_FREQUENCY;
  double point[2], velocity[2], target[3], q[3], world[3], body[3];

  /* where the foot should stand now, mixed with where it does */
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

  /* the floor pushes with `force`, so the leg pushes with its opposite */
  to_world(v, force, world);
  df_leg_rotate_back(v->rotation, world, body);
  const double* J = v->jacobian[leg];
  for (int i = 0; i < 3; i++) {
    u[i] = q[i] - (J[i] * body[0] + J[3 + i] * body[1] + J[6 + i] * body[2]) / DF_GAIT_STIFFNESS;
  }
}

static void swing_targets(const df_gait_controller* c, const view* v, int leg, double* u) {
  static const double CORRECTION_MAX = 0.1; /* m */
  const df_gait_gains* k = &df_gait_describe(c->gait)->gain;
  const double half_stance = 0.5 * DF_GAIT_DUTY / DF_GAIT_FREQUENCY;
  const double step[2] = {k->step_x, k->step_y};
  double point[2], velocity[2], target[3], body[3];

  /* targets are reached an action later */
  const double ahead = DF_GAIT_ACTION_SECONDS * DF_GAIT_FREQUENCY / (1 - DF_GAIT_DUTY);
  const double progress = fmin(1, v->clock[leg].progress + ahead);
  const double share = 0.5 - 0.5 * cos(PI * progress);

  /* Raibert: touch down half a stance ahead of the neutral point, further out when too fast */
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

/* what targets may be, rad: the box that go1_gaits gives to learners, within the joints' ranges */
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

/* filters and integrals, from this action's view */
static void observe(df_gait_controller* c, const view* v) {
  static const double LOW_PASS = 0.2, ERROR_MAX = 0.6; /* share an action; m */
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

  /* the command grows over the settling time and as much again */
  const double ramp = fmin(1, c->frame / (2.0 * DF_GAIT_SETTLE_FRAMES));
  for (int i = 0; i < 3; i++) v.command[i] = ramp * c->command[i];
  look_at_base(x, com, &v);
  look_at_legs(c, x, &v);
  observe(c, &v);

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
