/* walk_order.c: clocks, commands and starts. */
#include <math.h>

#include "dynaflow/core/angles.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/sim/mujoco.h"
#include "walk_internal.h"

/* ---- the clock ---- */

double walk_phase(const df_walk* w, const df_walk_order* order, int foot) {
  const double phase = order->phase + w->cfg.gait[order->gait].offset[foot];
  return phase - floor(phase);
}

void df_walk_tick(const df_walk* w, df_walk_order* order) {
  if (w->cfg.n_clips) {
    df_walk_enter_clip(w, order->clip, order->frame + (df_walk_left(w, order) > 0), order, NULL);
    return;
  }
  const double phase = order->phase + w->cfg.frequency * w->system->dt;
  order->phase = phase - floor(phase);
}

bool df_walk_stands(const df_walk* w, const df_walk_order* order, int foot) {
  return walk_phase(w, order, foot) < w->cfg.duty;
}

/* ---- draws ---- */

void df_walk_draw_order(const df_walk* w, uint64_t seed, uint64_t event, df_walk_order* order) {
  double draw[4];
  if (w->cfg.n_clips) {
    const int clip = (int)df_rng_below(seed, DF_STREAM_WALK_ORDER, event, 0, (uint64_t)w->cfg.n_clips);
    const uint64_t frames = (uint64_t)(w->clip[clip].length - w->cfg.tail) + 1;
    df_walk_enter_clip(w, clip, (int)df_rng_below(seed, DF_STREAM_WALK_ORDER, event, 1, frames), order, NULL);
    return;
  }
  df_rng_uniform(seed, DF_STREAM_WALK_ORDER, event, 4, draw);
  for (int i = 0; i < 3; i++) order->command[i] = (2 * draw[i] - 1) * w->cfg.command[i];
  order->phase = draw[3];
  order->clip = order->frame = 0;
  /* lane 2 has the bits of uniform value 4, which is not used */
  order->gait = (int)df_rng_below(seed, DF_STREAM_WALK_ORDER, event, 2, (uint64_t)w->cfg.n_gaits);
}

/* the quaternion of a heading, then a pitch, then a roll, each about the axis that the turns before it left */
static void attitude(double heading, double pitch, double roll, double q[4]) {
  const double ch = cos(heading / 2), sh = sin(heading / 2), cp = cos(pitch / 2), sp = sin(pitch / 2),
               cr = cos(roll / 2), sr = sin(roll / 2);
  q[0] = ch * cp * cr + sh * sp * sr;
  q[1] = ch * cp * sr - sh * sp * cr;
  q[2] = ch * sp * cr + sh * cp * sr;
  q[3] = sh * cp * cr - ch * sp * sr;
}

/* the height of the lowest foot in state x */
static double lowest_foot(const df_walk* w, df_sim* sim, const double* x) {
  double position[3 * DF_WALK_FEET_MAX], lowest = INFINITY;
  df_sim_points(w->system, sim, x, w->cfg.n_feet, w->cfg.foot, position, NULL);
  for (int i = 0; i < w->cfg.n_feet; i++) lowest = fmin(lowest, position[3 * i + 2]);
  return lowest;
}

/* a demonstrated state with noise, no foot of which is lower than its lowest one */
static void start_on_clip(const df_walk* w, df_sim* sim, uint64_t seed, uint64_t event, const double* uniform,
                          const double* normal, double* x) {
  const double* size = w->cfg.start;
  double *q = x + w->base_q, *v = x + w->nq + w->base_v;
  df_walk_order order;
  df_walk_draw_order(w, seed, event, &order);
  df_walk_enter_clip(w, order.clip, order.frame, &order, x);
  const double lowest = lowest_foot(w, sim, x);
  for (int k = 0; k < w->nu; k++) {
    x[w->joint[2 * k]] += size[DF_START_joints] * (2 * uniform[2 + k] - 1);
    x[w->nq + w->joint[2 * k + 1]] += size[DF_START_joint_velocity] * normal[8 + k];
  }
  for (int i = 0; i < 3; i++) {
    v[i] += (i < 2 ? 1 : .25) * size[DF_START_velocity] * normal[2 + i];
    v[3 + i] += normal[5 + i] * size[DF_START_rate];
  }
  q[2] += fmax(0, lowest - lowest_foot(w, sim, x));
}

void df_walk_draw_start(const df_walk* w, df_sim* sim, uint64_t seed, uint64_t event, double* x) {
  enum { FIXED_NORMAL = 8 };
  const double* size = w->cfg.start;
  double uniform[2 + DF_WALK_ACTIONS_MAX], normal[FIXED_NORMAL + DF_WALK_ACTIONS_MAX];
  double *q = x + w->base_q, *v = x + w->nq + w->base_v;
  df_rng_uniform(seed, DF_STREAM_WALK_START, event, 2 + (size_t)w->nu, uniform);
  df_rng_normal(seed, DF_STREAM_WALK_START_NOISE, event, FIXED_NORMAL + (size_t)w->nu, normal);

  if (w->cfg.n_clips) {
    start_on_clip(w, sim, seed, event, uniform, normal, x);
    return;
  }

  /* attitude and posture */
  df_mujoco_initial_state(w->system, x);
  attitude(2 * DF_PI * uniform[0], size[DF_START_tilt] * normal[0], size[DF_START_tilt] * normal[1], q + 3);
  for (int k = 0; k < w->nu; k++) {
    x[w->joint[2 * k]] = w->cfg.home[k] + size[DF_START_joints] * (2 * uniform[2 + k] - 1);
    x[w->nq + w->joint[2 * k + 1]] = size[DF_START_joint_velocity] * normal[FIXED_NORMAL + k];
  }

  /* velocities of the base */
  for (int i = 0; i < 3; i++) {
    v[i] = (i < 2 ? 1 : .25) * size[DF_START_velocity] * normal[2 + i];
    v[3 + i] = size[DF_START_rate] * normal[5 + i];
  }

  /* on the floor */
  q[2] = 0;
  q[2] = w->cfg.foot_height - lowest_foot(w, sim, x) + size[DF_START_drop] * uniform[1];
}

void df_walk_first_action(const df_walk* w, const double* x, double* u) {
  for (int k = 0; k < w->nu; k++) {
    const double low = w->cfg.centre[k] - w->cfg.half_range[k], high = w->cfg.centre[k] + w->cfg.half_range[k];
    u[k] = w->cfg.n_clips ? fmin(fmax(x[w->joint[2 * k]], low), high) : w->cfg.home[k];
  }
}
