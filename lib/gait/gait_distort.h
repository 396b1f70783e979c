/* gait_distort.h: makes the states of a simulated gait infeasible by a known amount, as motion capture that was
 * retargeted to a robot is: no action can follow them (setting gait.distortion; gait.h has the amounts). */
#ifndef LIB_GAIT_GAIT_DISTORT_H
#define LIB_GAIT_GAIT_DISTORT_H

#include <stdint.h>

#include "dynaflow/gait/gait.h"
#include "gait_leg.h"

/* the largest change of each kind; 0: none */
typedef struct df_distortion {
  double warp;   /* time by which a frame is early or late, s */
  double height; /* of the base, m */
  double foot;   /* of each foot in the body frame, along each axis, m */
  double noise;  /* of each joint, rad */
} df_distortion;

/* The changes of gait.distortion = scale. */
df_distortion df_distortion_of(double scale);

/* Writes the distorted states out [frames][nx] of the states in [frames][nx] of one episode, nx = 37, whose frames are
 * dt [s] apart. All draws are functions of (seed, gait, episode):
 *
 *   warp    frame t shows the state at tau(t) = t + warp sin(2 pi t / 1 s + phase), within the episode: positions and
 *           velocities are interpolated linearly (the quaternion is then normalised), velocities are multiplied by
 *           tau'(t), which is 0 where tau is cut at an end of the episode
 *   height  one offset per episode, uniform in +-height
 *   foot    one offset per leg and episode, uniform in +-foot per axis. The joints change by the difference between
 *           the inverse kinematics of the moved and of the original foot; their velocities are those with which the
 *           foot moves through the body frame as the original one does
 *   noise   per joint, noise (sin(2 pi f1 t + p1) + sin(2 pi f2 t + p2)) / 2 with frequencies uniform in 2 to 8 Hz,
 *           and its derivative */
void df_gait_distort(const df_leg_geometry* leg, const df_distortion* by, uint64_t seed, df_gait gait, int episode,
                     double dt, int frames, const double* in, double* out);

#endif
