/* defs.h: the table of metrics: names, units, which side is better, definitions. */
#ifndef DYNAFLOW_METRICS_DEFS_H
#define DYNAFLOW_METRICS_DEFS_H

#include "dynaflow/core/status.h"

/* X(name, unit, better, definition): what `dynaflow list metrics` shows; better is "lower" or "higher", or "" */
#define DF_METRIC_LIST(X)                                                                                              \
  X(tre, "std", "lower",                                                                                               \
    "trajectory reconstruction error: RMS over frames 1..H and channels of (generated - demonstrated) / training std") \
  X(tre_open_loop, "std", "lower",                                                                                     \
    "the same for the states that the returned actions produce when rolled out from x0 without feedback")              \
  X(sae_own, "mixed SI", "lower",                                                                                      \
    "statewise admissibility error of the returned actions: mean over steps of |x[t+1] (-) f(x[t], u[t])|, tangent "   \
    "2-norm over m, rad, m/s, rad/s, restarted from the generated x[t]")                                               \
  X(sae_min, "mixed SI", "lower",                                                                                      \
    "the same for the best bounded action, found by projected Levenberg-Marquardt: an upper bound of the minimum")     \
  X(gait_agreement, "share", "higher",                                                                                 \
    "share of feet and frames whose ground contact, as executed, equals the demonstration's")                          \
  X(gait_phase, "share", "higher",                                                                                     \
    "share of feet and frames of the chains that stay up whose contact equals the commanded gait's stance, at the "    \
    "best "                                                                                                            \
    "clock offset")                                                                                                    \
  X(command_error, "m/s", "lower",                                                                                     \
    "over the chains that stay up, mean distance of the horizontal velocity in the robot's heading from the command")  \
  X(fall_rate, "share", "lower",                                                                                       \
    "share of pure open-loop chains that fall: windows planned one after another, each from the last state the "       \
    "method "                                                                                                          \
    "itself generated, and their actions executed in one go. fall_rate.replanned: each window planned from the last "  \
    "executed state")                                                                                                  \
  X(survival, "s", "higher", "mean time until the fall of a pure open-loop chain, or the chain's length")              \
  X(effort, "count", "",                                                                                               \
    "what the numbers cost, counted alike on any machine: .physics_steps, .solver_iterations and .constraint_rows of " \
    "executing the returned actions of all windows, .diverged of these; .gradient_steps, .skipped_steps and "          \
    ".diverged_samples of training")

typedef struct df_metric_def {
  const char *name, *unit, *better, *definition;
} df_metric_def;
DF_API int df_metric_defs(const df_metric_def** defs); /* count; static */

#endif
