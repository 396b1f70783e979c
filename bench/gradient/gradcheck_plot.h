/* gradcheck_plot.h: what a gradient through contact looks like: the loss along a line of actions, and how the gradient
 * grows with the horizon. */
#ifndef BENCH_GRADCHECK_PLOT_H
#define BENCH_GRADCHECK_PLOT_H

#include "cases.h"
#include "dynaflow/sim/system.h"
#include "rows.h"

/* Draws a rollout of the cases: <name>.svg with script and data in `folder`, and rows with what they show: jumps of the
 * loss and the doubling time of the gradient. `target` gives the name. DF_E_MISSING without gnuplot. */
DF_MUST_CHECK df_status gradcheck_plot(const df_system* system, const char* target, const cases* c, uint64_t seed,
                                       const char* folder, rows* out);

#endif
