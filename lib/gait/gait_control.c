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
  int standing;       /* number of legs in stance */
  df_gait_gains gain; /* of the gait, or between those of two gaits */
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

/* how far something that takes `frames` has passed from the old gait to the new one, 0 .. 1 */
static double share_of_change(const df_gait_controller* c, int frames) {
  return c->mixes ? fmin(1, (c->frame - c->changed) / (double)frames) : 1;
}

/* whether the robot stands before a gait with a late start */
static bool waits(const df_gait_controller* c) {
  return c->stands && c->plant.late_start;
}

/* the gains of this frame */
static df_gait_gains current_gains(const df_gait_controller* c) {
  /* standing feet are drawn below the hips of a level body, which holds a tilted robot better than forces alone */
  static const double STANDING_PLAN = 0.6;
  df_gait_gains gain = c->plant.gains[waits(c) ? DF_GAIT_TROT : c->mode.gait];
  const double share = share_of_change(c, DF_GAIT_GAINS_FRAMES);
  if (waits(c)) gain.plan = STANDING_PLAN;
  if (c->mode.swing_height > 0) gain.swing_height = c->mode.swing_height;
  if (share < 1) {
    double* now = (double*)&gain;
    const double* old = (const double*)&c->old_gains;
    for (size_t i = 0; i < sizeof gain / sizeof *now; i++) now[i] = old[i] + share * (now[i] - old[i]);
  }
  return gain;
}

/* the phase offset of a leg at this frame, cycles; between two gaits it grows from the old one */
static double current_offset(const df_gait_controller* c, int leg) {
  const double to = df_gait_offsets(c->mode.gait)[leg], share = share_of_change(c, DF_GAIT_OFFSETS_FRAMES);
  if (share >= 1) return to;
  const double ahead = to - c->old_offset[leg];
  return c->old_offset[leg] + share * (ahead - floor(ahead));
}

static double current_phase(const df_gait_controller* c) {
  return c->phase + c->mode.frequency * DF_GAIT_ACTION_SECONDS * (c->frame - c->changed);
}

/* the command of this frame, which approaches that of the mode linearly */
static void current_command(const df_gait_controller* c, const df_gait_gains* gain, double command[3]) {
  const double ramp = waits(c) ? 0 : fmin(1, (c->frame - c->changed) / (gain->ramp * c->ramps));
  for (int i = 0; i < 3; i++) {
    command[i] = c->old_command[i] + ramp * (c->mode.command[i] - c->old_command[i]);
  }
}

/* the phase of a leg in its own cycle, in [0, 1); below DF_GAIT_DUTY it is in stance */
static double leg_phase(const df_gait_controller* c, int leg) {
  const double phase = current_phase(c) + current_offset(c, leg);
  return phase - floor(phase);
}

/* ends the standing at the start: after the settling time, or when then a leg is in the middle of its stance */
static void begin_gait(df_gait_controller* c) {
  if (!c->stands || c->frame < DF_GAIT_SETTLE_FRAMES) return;
  bool is_middle = false;
  for (int leg = 0; leg < DF_LEGS; leg++) {
    const double past = leg_phase(c, leg) - 0.5 * DF_GAIT_DUTY;
    is_middle |= past >= 0 && past < c->mode.frequency * DF_GAIT_ACTION_SECONDS;
  }
  if (c->plant.late_start) {
    if (!is_middle) return;
    /* from the gains of standing to those of the gait, and from no command to the first one */
    const df_gait_mode mode = c->mode;
    df_gait_controller_change(c, &mode);
    c->mixes = true;
  }
  c->stands = false;
}

/* fills the members of the view that depend on the legs; at the start all legs are in mid-stance */
static void look_at_legs(const df_gait_controller* c, const double* x, view* v) {
  const df_leg_geometry* geometry = &c->plant.robot->leg;
  v->joint = x + 7;
  v->standing = 0;
  for (int leg = 0; leg < DF_LEGS; leg++) {
    df_leg_foot(geometry, leg, v->joint + 3 * leg, v->foot[leg]);
    df_leg_jacobian(geometry, leg, v->joint + 3 * leg, v->jacobian[leg]);

    leg_clock* clock = &v->clock[leg];
    const double p = leg_phase(c, leg);
    if (c->stands) {
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
  const double weight = c->plant.mass * GRAVITY / DF_LEGS;
  return c->stands ? weight : weight / DF_GAIT_DUTY;
}

/* desired feedback force and moment at the centre of mass, heading frame, in addition to the feed-forward load */
static void wanted_wrench(const df_gait_controller* c, const view* v, double wrench[6]) {
  const df_gait_gains* k = &v->gain;
  const double yaw_error = atan2(sin(c->yaw - v->yaw), cos(c->yaw - v->yaw));
  for (int i = 0; i < 2; i++) {
    wrench[i] = c->plant.mass * (k->velocity * (v->command[i] - v->velocity[i]) + k->velocity_integral * c->error[i]);
  }
  wrench[2] = c->plant.mass * (k->lift * (k->height - v->height) - k->lift_rate * v->velocity[2]);
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
  static const double FORCE_MIN = 5; /* N */
  const double load = foot_load(c), force_max = 1.1 * c->plant.mass * GRAVITY;
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
    for (int i = 0; i < 2; i++) force[leg][i] = clamp(f[k + i], v->gain.friction * force[leg][2]);
    k += 3;
  }
}

/* ---- feet ---- */

/* nominal foothold of a leg: below its hip, shifted by the centre of mass, heading frame; and the commanded velocity of
 * the body at that point */
static void nominal_foot(const df_leg_geometry* geometry, const view* v, int leg, double point[2], double velocity[2]) {
  point[0] = df_leg_front(leg) * geometry->hip_x + v->com[0];
  point[1] = df_leg_left(leg) * (geometry->hip_y + geometry->offset + v->gain.width);
  velocity[0] = v->command[0] - v->command[2] * point[1];
  velocity[1] = v->command[1] + v->command[2] * point[0];
}

/* joint targets u [3] of a standing leg */
static void stance_targets(const df_gait_controller* c, const view* v, int leg, const double force[3], double* u) {
  const df_gait_gains* k = &v->gain;
  const double stance_seconds = DF_GAIT_DUTY / c->mode.frequency;
  double point[2], velocity[2], target[3], q[3], world[3], body[3];

  /* foot target: mix of the nominal position at this time and the current position moved with the commanded velocity */
  nominal_foot(&c->plant.robot->leg, v, leg, point, velocity);
  const double back = stance_seconds * (0.5 - v->clock[leg].progress);
  const double planned[3] = {point[0] + velocity[0] * back, point[1] + velocity[1] * back,
                             c->plant.robot->leg.foot_radius - k->height};
  df_leg_rotate_back(v->tilt, planned, target);
  for (int i = 0; i < 2; i++) {
    const double staying = v->foot[leg][i] - velocity[i] * DF_GAIT_ACTION_SECONDS;
    target[i] = k->plan * target[i] + (1 - k->plan) * staying;
  }
  df_leg_joints(&c->plant.robot->leg, leg, target, q);

  /* joint torques of the reaction -force, as an offset of the position targets */
  to_world(v, force, world);
  df_leg_rotate_back(v->rotation, world, body);
  const double* J = v->jacobian[leg];
  for (int i = 0; i < 3; i++) {
    u[i] = q[i] - (J[i] * body[0] + J[3 + i] * body[1] + J[6 + i] * body[2]) / c->plant.stiffness;
  }
}

/* joint targets u [3] of a swinging leg */
static void swing_targets(const df_gait_controller* c, const view* v, int leg, double* u) {
  static const double CORRECTION_MAX = 0.1; /* m */
  const df_gait_gains* k = &v->gain;
  const double half_stance = 0.5 * DF_GAIT_DUTY / c->mode.frequency;
  const double step[2] = {k->step_x, k->step_y};
  double point[2], velocity[2], target[3], body[3];

  /* aim one action ahead: a target is reached when the action ends */
  const double ahead = DF_GAIT_ACTION_SECONDS * c->mode.frequency / (1 - DF_GAIT_DUTY);
  const double progress = fmin(1, v->clock[leg].progress + ahead);
  const double share = 0.5 - 0.5 * cos(PI * progress);

  /* Raibert foothold: half a stance ahead of the nominal point, further out if the robot is too fast */
  nominal_foot(&c->plant.robot->leg, v, leg, point, velocity);
  for (int i = 0; i < 2; i++) {
    const double correction =
        clamp(step[i] * (c->velocity[i] - v->command[i]) - k->step_integral * c->error[i], CORRECTION_MAX);
    const double touch_down = point[i] + velocity[i] * half_stance + correction;
    target[i] = c->lift_off[leg][i] + (touch_down - c->lift_off[leg][i]) * share;
  }
  target[2] = c->plant.robot->leg.foot_radius - k->height + k->swing_height * sin(PI * progress);
  df_leg_rotate_back(v->tilt, target, body);
  df_leg_joints(&c->plant.robot->leg, leg, body, u);
}

/* ---- the controller ---- */

void df_gait_controller_start(df_gait_controller* controller, const df_gait_plant* plant, const df_gait_mode* mode,
                              double phase, const double* x) {
  double rotation[9];
  df_leg_rotation(x + 3, rotation);
  *controller = (df_gait_controller){.plant = *plant, .mode = *mode, .phase = phase, .ramps = 1, .stands = true};
  controller->yaw = atan2(rotation[3], rotation[0]);
  for (int leg = 0; leg < DF_LEGS; leg++) {
    df_leg_foot(&plant->robot->leg, leg, x + 7 + 3 * leg, controller->lift_off[leg]);
  }
}

void df_gait_controller_change(df_gait_controller* controller, const df_gait_mode* mode) {
  df_gait_controller* c = controller;
  df_gait_controller next = *c;
  next.old_gains = current_gains(c);
  current_command(c, &next.old_gains, next.old_command);
  for (int leg = 0; leg < DF_LEGS; leg++) next.old_offset[leg] = current_offset(c, leg);
  next.phase = current_phase(c);
  next.mixes = share_of_change(c, DF_GAIT_OFFSETS_FRAMES) < 1 || mode->gait != c->mode.gait;
  next.mode = *mode;
  next.changed = c->frame;

  /* a change that is larger than from standing to a fast command takes longer */
  static const double FAST[3] = {1.5, 0.6, 0.8}; /* m/s, m/s, rad/s */
  next.ramps = 1;
  for (int i = 0; i < 3; i++) next.ramps = fmax(next.ramps, fabs(mode->command[i] - next.old_command[i]) / FAST[i]);
  *c = next;
}

/* updates target yaw, velocity filter and error integral */
static void observe(df_gait_controller* c, const view* v) {
  static const double ERROR_MAX = 0.6; /* m */
  c->yaw += v->command[2] * DF_GAIT_ACTION_SECONDS;
  for (int i = 0; i < 2; i++) {
    c->velocity[i] += v->gain.low_pass * (v->velocity[i] - c->velocity[i]);
    if (c->frame <= DF_GAIT_SETTLE_FRAMES) continue;
    c->error[i] = clamp(c->error[i] + DF_GAIT_ACTION_SECONDS * (v->command[i] - v->velocity[i]), ERROR_MAX);
  }
}

void df_gait_controller_act(df_gait_controller* controller, const double* x, const double com[3], double* u) {
  df_gait_controller* c = controller;
  view v;
  double wrench[6], force[DF_LEGS][3];

  /* what is asked for now, and where the robot is */
  begin_gait(c);
  v.gain = current_gains(c);
  current_command(c, &v.gain, v.command);
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
      *target = fmin(fmax(*target, c->plant.robot->target_min[i]), c->plant.robot->target_max[i]);
    }
  }
  c->frame++;
}
