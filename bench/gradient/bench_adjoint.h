/* bench_adjoint.h: what a gradient costs, as ratios of interleaved runs in CPU time of one thread. */
#ifndef BENCH_BENCH_ADJOINT_H
#define BENCH_BENCH_ADJOINT_H

#include "cases.h"
#include "dynaflow/sim/system.h"
#include "rows.h"

typedef struct adjoint_timing {
  const char* model;
  double target; /* of vjp / step; NaN: none */
  int nv, nu, windows, horizon, passes;
  double rows;    /* of the constraint solver, mean over the steps */
  double step_us; /* of an action; all times are the least over passes, summed over windows */
  double record_us, vjp_us;
  double rollout_grad_per_rollout;
  double transitionfd_us, transitionfd_centred_us; /* NaN where MuJoCo has none */
  double ratio_low, ratio_high;                    /* quartiles over passes of vjp / step */
  double err_median, err_p99;                      /* of the adjoint at the windows' states */
} adjoint_timing;

/* Times rollouts of the cases: windows from x0 [m] under actions u_m. Those that diverge are left out. DF_E_SIM if all
 * do. */
DF_MUST_CHECK df_status bench_adjoint(const df_system* system, const cases* c, int passes, uint64_t seed,
                                      adjoint_timing* out);

/* The row of `dynaflow bench adjoint`. */
void bench_adjoint_row(const adjoint_timing* t, rows* out);

/* timing.md and timing.csv, into a folder that is there: numbers of this machine, other than those of the verification.
 */
DF_MUST_CHECK df_status bench_adjoint_write(int n, const adjoint_timing* timings, const char* folder);

#endif
