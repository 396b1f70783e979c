/* bench_rollout.h: speedup of rollouts on several threads. */
#ifndef BENCH_GRADIENT_BENCH_ROLLOUT_H
#define BENCH_GRADIENT_BENCH_ROLLOUT_H

#include "cases.h"
#include "dynaflow/sim/system.h"
#include "rows.h"

/* Runs the cases' rollouts alternately on one thread and on `threads`, with and without gradient, and adds a row:
 * actions per second of wall time on `threads` threads, and the ratios of wall times (medians over passes). Rollouts
 * that diverge are left out. DF_E_SIM if all do or the simulator fails in one; DF_E_NOMEM; errors of making a
 * simulator. */
DF_MUST_CHECK df_status bench_rollout(const df_system* system, const char* name, const cases* c, int passes,
                                      int threads, rows* out);

/* The speedup from one thread to many: the median over passes of the wall time on one over that on many threads. The
 * arrays have `passes` numbers. */
double bench_speedup(int passes, const double* one, const double* many, double* scratch);

/* The actions per second of wall time in the median pass, of `actions` per pass. The arrays have `passes` numbers. */
double bench_rate(int passes, const double* seconds, double actions, double* scratch);

#endif
