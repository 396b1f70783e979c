#include "gait_distort.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "gait_control.h"

static const double TWO_PI = 6.283185307179586;
static const double WARP_PERIOD = 1;               /* s */
static const double LOWEST_HZ = 2, HIGHEST_HZ = 8; /* of the noise */

enum { QUAT = 3, JOINTS = 7, VELOCITY = 19, JOINT_RATES = 25, WAVES = 2 };

/* the numbers that an episode draws, all uniform in [0, 1) */
typedef struct draws {
  double warp_phase, height;
  double foot[DF_LEGS][3];
  double frequency[DF_GAIT_NU][WAVES], phase[DF_GAIT_NU][WAVES];
} draws;

df_distortion df_distortion_of(double scale) {
  return (df_distortion){.warp = 0.03 * scale, .height = 0.03 * scale, .foot = 0.02 * scale, .noise = 0.03 * scale};
}

static double spread(double uniform, double range) {
  return (2 * uniform - 1) * range;
}

/* the recorded state at a time within the episode, s */
static void interpolate(double dt, int frames, const double* in, double time, double* x) {
  const double at = time / dt;
  const int before = (int)fmin(floor(at), frames - 2);
  const double share = at - before;
  const double *a = in + (size_t)before * DF_GAIT_NX, *b = a + DF_GAIT_NX;
  for (int i = 0; i < DF_GAIT_NX; i++) x[i] = a[i] + share * (b[i] - a[i]);

  /* q and -q are the same orientation */
  double dot = 0, norm = 0;
  for (int i = QUAT; i < JOINTS; i++) dot += a[i] * b[i];
  for (int i = QUAT; i < JOINTS; i++) {
    x[i] = a[i] + share * ((dot < 0 ? -b[i] : b[i]) - a[i]);
    norm += x[i] * x[i];
  }
  for (int i = QUAT; i < JOINTS; i++) x[i] /= sqrt(norm);
}

/* warps time: the state of the frame at time t, s */
static void warp(const df_distortion* by, const draws* u, double dt, int frames, const double* in, double t,
                 double* x) {
  const double angle = TWO_PI * (t / WARP_PERIOD + u->warp_phase), last = (frames - 1) * dt;
  const double moved = t + by->warp * sin(angle), shown = fmin(fmax(moved, 0), last);
  const double rate = moved == shown ? 1 + by->warp * TWO_PI / WARP_PERIOD * cos(angle) : 0;
  interpolate(dt, frames, in, shown, x);
  for (int i = VELOCITY; i < DF_GAIT_NX; i++) x[i] *= rate;
}

/* solves J v = b for the 3 by 3 Jacobian of a leg, by its normal equations */
static void solve(const double jacobian[9], const double b[3], double v[3]) {
  double a[9];
  for (int i = 0; i < 3; i++) {
    v[i] = 0;
    for (int k = 0; k < 3; k++) v[i] += jacobian[3 * k + i] * b[k];
    for (int j = 0; j < 3; j++) {
      a[3 * i + j] = 0;
      for (int k = 0; k < 3; k++) a[3 * i + j] += jacobian[3 * k + i] * jacobian[3 * k + j];
    }
  }
  df_leg_solve(3, a, v);
}

/* moves the foot of a leg by `offset` in the body frame; q and rate [3] are changed */
static void move_foot(const df_leg_geometry* geometry, int leg, const double offset[3], double* q, double* rate) {
  double foot[3], own[3], moved[3], jacobian[9], speed[3];

  /* the foot's velocity in the body frame */
  df_leg_jacobian(geometry, leg, q, jacobian);
  df_leg_rotate(jacobian, rate, speed);

  /* the joints that place it elsewhere */
  df_leg_foot(geometry, leg, q, foot);
  df_leg_joints(geometry, leg, foot, own);
  for (int i = 0; i < 3; i++) foot[i] += offset[i];
  df_leg_joints(geometry, leg, foot, moved);
  for (int i = 0; i < 3; i++) q[i] += moved[i] - own[i];

  /* and give it the same velocity there */
  df_leg_jacobian(geometry, leg, q, jacobian);
  solve(jacobian, speed, rate);
}

static void add_noise(const df_distortion* by, const draws* u, double t, double* x) {
  for (int i = 0; i < DF_GAIT_NU; i++) {
    for (int w = 0; w < WAVES; w++) {
      const double omega = TWO_PI * (LOWEST_HZ + (HIGHEST_HZ - LOWEST_HZ) * u->frequency[i][w]);
      const double angle = omega * t + TWO_PI * u->phase[i][w];
      x[JOINTS + i] += by->noise / WAVES * sin(angle);
      x[JOINT_RATES + i] += by->noise / WAVES * omega * cos(angle);
    }
  }
}

void df_gait_distort(const df_leg_geometry* leg, const df_distortion* by, uint64_t seed, df_gait gait, int episode,
                     double dt, int frames, const double* in, double* out) {
  draws u;
  double uniform[sizeof u / sizeof(double)];
  df_rng_uniform(seed, DF_STREAM_DISTORTION, (uint64_t)gait << 32 | (uint64_t)episode, sizeof u / sizeof(double),
                 uniform);
  memcpy(&u, uniform, sizeof u);

  for (int frame = 0; frame < frames; frame++) {
    double* x = out + (size_t)frame * DF_GAIT_NX;
    const double t = frame * dt;
    warp(by, &u, dt, frames, in, t, x);
    x[2] += spread(u.height, by->height);
    for (int l = 0; l < DF_LEGS && by->foot > 0; l++) {
      double offset[3];
      for (int i = 0; i < 3; i++) offset[i] = spread(u.foot[l][i], by->foot);
      move_foot(leg, l, offset, x + JOINTS + DF_LEG_JOINTS * l, x + JOINT_RATES + DF_LEG_JOINTS * l);
    }
    add_noise(by, &u, t, x);
  }
}
