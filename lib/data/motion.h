/* motion.h: the frames of an episode as a motion in time: missing velocities and positions, and other frame rates.
 * Private. */
#ifndef LIB_DATA_MOTION_H
#define LIB_DATA_MOTION_H

#include <stdbool.h>

#include "dynaflow/sim/system.h"
#include "layout.h"

typedef struct motion {
  int frames;
  double* x;    /* [frames][nx] */
  double* time; /* [frames] s, increasing */
} motion;

/* Frees the arrays. */
void motion_clear(motion* m);

/* Removes jumps of full turns from coordinate i, an angle. */
void motion_unwrap(const motion* m, int nx, int i);

/* Position coordinate i, whose velocity is coordinate v, from `start`. With T = time[t+1] - time[t],
 *   p[t+1] = p[t] + T ((1 - w) v[t] + w v[t+1]),   w = (1 + min(1, step / T)) / 2.
 * `step`: length of the steps of a semi-implicit integrator, which moves positions by the new velocity (MuJoCo,
 * Computation, "Numerical integration", semi-implicit Euler), s; 0: an integrator of second or higher order, such as
 * RK4. Of n = T / step such steps with velocities that change evenly within a frame,
 *   p[t+1] - p[t] = step sum_{k=1..n} (v[t] + k (v[t+1] - v[t]) / n) = T (v[t] + (n + 1) / (2 n) (v[t+1] - v[t])):
 * one step per frame is exact, and many tend to the trapezoid rule, as does step = 0. What is left is that the
 * acceleration changes within a frame: T^2 / 12 times the change of the acceleration from the first frame to the last
 * one if it is smooth, and at most w T |v[t+1] - v[t]| in a frame with an impact. */
void motion_integrate(const motion* m, int nx, int i, int v, double start, double step);

/* Sets the velocities v [nv] of which missing[k] to differences: v[t+1] = (q[t+1] (-) q[t]) / dt and v[0] = v[1].
 * DF_E_NOMEM. */
DF_MUST_CHECK df_status motion_differentiate(const df_system* system, const model_joints* model, const motion* m,
                                             double dt, const bool* missing);

/* The number of frames that motion_resample() makes, which may be too many for an int; NaN or infinite for such times.
 */
double motion_resampled_frames(const motion* m, double dt);

/* Makes the frames at the times time[0] + k dt, up to the last frame: orientations along the shortest rotation, other
 * coordinates linearly. Quaternions keep the sign that is closest to that of the frame before. A recorded frame at such
 * a time is copied. The caller clears *out. DF_E_CONFIG for more than 1e8 frames, DF_E_NOMEM. */
DF_MUST_CHECK df_status motion_resample(const df_system* system, const model_joints* model, const motion* m, double dt,
                                        motion* out);

/* The recorded frame at or before a time, from frame `from` on. */
int motion_frame_at(const motion* m, double time, int from);

#endif
