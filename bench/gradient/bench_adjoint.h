/* bench_adjoint.h: cost of a gradient, as ratios of interleaved runs in CPU time of one thread. */
#ifndef BENCH_GRADIENT_BENCH_ADJOINT_H
#define BENCH_GRADIENT_BENCH_ADJOINT_H

#include <stdbool.h>

#include "cases.h"
#include "dynaflow/sim/system.h"
#include "rows.h"

typedef struct adjoint_timing {
  const char* model;
  double target; /* largest vjp / step that is wanted; NaN: none */
  int nv, nu, windows, horizon, passes;
  double rows;                     /* mean number of constraint rows per step; NaN for systems other than MuJoCo's */
  double step_us;                  /* time per action in us, as all times: minimum over passes, mean over windows */
  double record_us;                /* additional time to record the tape */
  double vjp_us;                   /* adjoint */
  double rollout_grad_per_rollout; /* (recorded rollout + adjoint) / plain rollout */
  double jacobian_us;              /* of df_sim_jacobian(), of one action */
  double transitionfd_us, transitionfd_centred_us; /* of mjd_transitionFD; NaN where MuJoCo does not support it */
  double ratio_low, ratio_high;                    /* quartiles over passes of vjp / step */
  double err_median, err_p99;                      /* error of the adjoint at the windows' first states */
} adjoint_timing;

/* Times the rollouts of the cases, from x0 [m] under actions u_m, in `passes` passes, and checks the adjoint there with
 * cotangents drawn by `seed`. out->model and out->target are set by the caller. Rollouts that diverge are left out.
 * DF_E_SIM if all do or the simulator fails in one; DF_E_NOMEM; errors of making a simulator. */
DF_MUST_CHECK df_status bench_adjoint(const df_system* system, const cases* c, int passes, uint64_t seed,
                                      adjoint_timing* out);

/* what is timed on a window: rollout without and with tape, adjoint; Jacobians by df_sim_jacobian(), and by
 * mjd_transitionFD forward and centred */
typedef enum adjoint_part {
  TIME_PLAIN,
  TIME_TAPED,
  TIME_ADJOINT,
  TIME_JACOBIAN,
  TIME_FORWARD_FD,
  TIME_CENTRED_FD,
  ADJOINT_PARTS
} adjoint_part;

/* the times of all windows and passes */
typedef struct adjoint_times {
  int windows, actions, passes; /* actions: per window; Jacobians are of one action */
  const double* least;          /* [windows][ADJOINT_PARTS] shortest time over passes, s; +inf: the part did not run */
  const bool* diverged;         /* [windows] left out */
  double* ratios;               /* [passes] time of all adjoints / time of all plain rollouts; will be sorted */
} adjoint_times;

/* Fills windows, horizon, passes, times and ratios of *out. */
void adjoint_times_sum_up(const adjoint_times* t, adjoint_timing* out);

/* Adds the row of `dynaflow bench adjoint`. */
void bench_adjoint_row(const adjoint_timing* t, rows* out);

/* Writes timing.md and timing.csv to an existing folder. Unlike the tables of the verification they depend on the
 * machine.
 */
DF_MUST_CHECK df_status bench_adjoint_write(int n, const adjoint_timing* timings, const char* folder);

#endif
