/* gradcheck_plot.h: figure of a gradient through contacts: the loss along a line in action space, and the growth of the
 * gradient with the horizon. */
#ifndef BENCH_GRADIENT_GRADCHECK_PLOT_H
#define BENCH_GRADIENT_GRADCHECK_PLOT_H

#include "cases.h"
#include "dynaflow/sim/system.h"
#include "rows.h"

/* Draws the figure for the cases' middle rollout (line) and up to 16 rollouts (growth): writes <name>-gradient.svg with
 * gnuplot script and data to `folder`, which is created, and adds rows: jumps of the loss, growth and doubling time of
 * the gradient. <name> is the last component of `target`, a task or model file. DF_E_CONFIG if the cases have no
 * rollout; DF_E_MISSING without gnuplot, with script and data written; DF_E_NOMEM; errors of the simulator and of
 * files. */
DF_MUST_CHECK df_status gradcheck_plot(const df_system* system, const char* target, const cases* c, uint64_t seed,
                                       const char* folder, rows* out);

#endif
