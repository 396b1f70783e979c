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

/* *found = the differences that the recorded velocities are, without those of rotations that are quaternions: at least
 * ten times closer, by RMS, than the velocities that `system` has at the end of an action are to the change of its
 * positions. NONE for a model whose velocities are such differences: one step of semi-implicit Euler. Errors:
 * DF_E_NOMEM, and those of df_sim_new(). */
DF_MUST_CHECK df_status replay_find_differences(const recording* r, const df_system* system, replay_differences* found);

#endif
