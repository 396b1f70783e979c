/* defs.h: the table of metrics: name, unit, which side is better, definition. */
#ifndef DYNAFLOW_METRICS_DEFS_H
#define DYNAFLOW_METRICS_DEFS_H

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

/* X(name, unit, better, definition): the table of `dynaflow list metrics`; better is "lower", "higher" or "" */
#define DF_METRIC_LIST(X)                                                                                              \
  X(tre, "std", "lower",                                                                                               \
    "trajectory reconstruction error: RMS over frames 1..H and channels of (generated - demonstrated) / training std") \
  X(tre_open_loop, "std", "lower",                                                                                     \
    "tre of the states that result from rolling the returned actions out from x0 without feedback")                    \
  X(sae_own, "mixed SI", "lower",                                                                                      \
    "statewise admissibility error of the returned actions: mean over steps of |x[t+1] (-) f(x[t], u[t])|, tangent "   \
    "2-norm over m, rad, m/s, rad/s, restarted from the generated x[t]")                                               \
  X(sae_min, "mixed SI", "lower",                                                                                      \
    "statewise admissibility error for the best action in the action box, found by projected Levenberg-Marquardt: an " \
    "upper bound of the minimum")                                                                                      \
  X(gait_agreement, "share", "higher",                                                                                 \
    "share of feet and frames in which the ground contact of the executed motion equals the demonstration's")          \
  X(gait_phase, "share", "higher",                                                                                     \
    "over the chains that do not fall, share of feet and frames whose contact equals the stance of the commanded "     \
    "gait, at the best clock offset")                                                                                  \
  X(command_error, "m/s", "lower",                                                                                     \
    "over the chains that do not fall, mean distance between horizontal velocity and command, in the robot's heading") \
  X(fall_rate, "share", "lower",                                                                                       \
    "share of pure open-loop chains that fall: windows are planned in sequence, each from the last state that the "    \
    "method itself generated, and their actions are executed without interruption. fall_rate.replanned: each window "  \
    "is planned from the last executed state. Not defined without eval.fall_height or eval.fall_tilt")                 \
  X(survival, "s", "higher",                                                                                           \
    "mean time until a pure open-loop chain falls; the chain's length if it does not fall. Not defined without "       \
    "eval.fall_height or eval.fall_tilt")                                                                              \
  X(effort, "count", "",                                                                                               \
    "work counters, the same on any machine: .physics_steps, .solver_iterations and .constraint_rows of executing "    \
    "the returned actions of all windows, .diverged: how many of these windows diverged; .gradient_steps, "            \
    ".skipped_steps and .diverged_samples of training")

typedef struct df_metric_def {
  const char *name, *unit, *better, *definition;
} df_metric_def;
/* Sets *defs to the table, a static array, and returns its number of rows. */
DF_API int df_metric_defs(const df_metric_def** defs);

DF_END_DECLS

#endif
