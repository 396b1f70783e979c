/* replay_differences.h: recorded velocities that are differences of positions over a whole action, which is several
 * physics steps. */
#ifndef BENCH_REPLAY_REPLAY_DIFFERENCES_H
#define BENCH_REPLAY_REPLAY_DIFFERENCES_H

#include "recording.h"

/* X(kind, formula): for an action of duration dt */
#define REPLAY_DIFFERENCES(X)                     \
  X(DIFFERENCES_BACKWARD, "(q[t] - q[t-1]) / dt") \
  X(DIFFERENCES_FORWARD, "(q[t+1] - q[t]) / dt")  \
  X(DIFFERENCES_CENTRAL, "(q[t+1] - q[t-1]) / 2dt")

typedef enum replay_differences {
  DIFFERENCES_NONE = -1,
#define REPLAY_KIND(kind, formula) kind,
  REPLAY_DIFFERENCES(REPLAY_KIND)
#undef REPLAY_KIND
      DIFFERENCES_KINDS
} replay_differences;

const char* replay_differences_formula(replay_differences kind);

/* *found = the differences that the recorded velocities are, without those of rotations that are quaternions. The
 * recorded numbers alone prove it. Velocities at the frames are off from such differences by about half the change of
 * the velocity over an action, from central ones by a sixth of its second difference (Taylor series). Of the velocities
 * for which this is more than ten times the rounding of both, at least 8, 95 % equal the differences up to this
 * rounding. NONE for a model whose velocities are such differences: one step of semi-implicit Euler, or of explicit
 * Euler (df_dynamics). Errors: DF_E_NOMEM, and those of df_sim_new(). */
DF_MUST_CHECK df_status replay_find_differences(const recording* r, const df_system* system, replay_differences* found);

#endif
