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

/* Position coordinate i, whose velocity is coordinate v, from `start`: p[t+1] = p[t] + (time[t+1] - time[t]) v[t+1]. */
void motion_integrate(const motion* m, int nx, int i, int v, double start);

/* Sets the velocities v [nv] of which missing[k] to differences: v[t+1] = (q[t+1] (-) q[t]) / dt and v[0] = v[1].
 * DF_E_NOMEM. */
DF_MUST_CHECK df_status motion_differentiate(const df_system* system, const model_joints* model, const motion* m,
                                             double dt, const bool* missing);

/* Makes the frames at the times time[0] + k dt, up to the last frame: orientations along the shortest rotation, other
 * coordinates linearly. Quaternions keep the sign that is closest to that of the frame before. A recorded frame at such
 * a time is copied. The caller clears *out. DF_E_CONFIG for more than 1e8 frames, DF_E_NOMEM. */
DF_MUST_CHECK df_status motion_resample(const df_system* system, const model_joints* model, const motion* m, double dt,
                                        motion* out);

/* The recorded frame at or before a time, from frame `from` on. */
int motion_frame_at(const motion* m, double time, int from);

#endif
