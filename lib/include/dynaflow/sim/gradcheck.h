/* gradcheck.h: the adjoint against centred finite differences.
 *
 * For a state and action, random cotangents y are sent through step_vjp and compared with y^T (f(x+eps e_i) -
 * f(x-eps e_i)) / (2 eps) over all state and action directions, at two difference steps eps. Where the two differences
 * disagree with each other the state lies on a kink (contact making or breaking, stick to slip, a clamp): it is counted
 * apart and does not speak for or against the adjoint. Both run on a copy of the system with a
 * tight solver tolerance, so that the comparison sees the derivative and not the solver's residual. Actions within 1e-5
 * of a bound of the action box are first moved that far inside, since a difference across the bound would halve the
 * derivative. */
#ifndef DYNAFLOW_SIM_GRADCHECK_H
#define DYNAFLOW_SIM_GRADCHECK_H

#include <stdint.h>

#include "dynaflow/sim/system.h"

typedef struct df_gradcheck_point {
  double error;    /* |adjoint - difference| / |difference|, 2-norms over [xbar, ubar]; the smaller over the eps used */
  double step_gap; /* the two differences' disagreement, relative; above 1e-5 the state is on a kink */
  bool kink;
  bool approximate; /* a contact without an exact derivative was active: the error then is the approximation's */
} df_gradcheck_point;

/* The one-step check at n states x [n][nx] and actions u [n][nu]; points [n]. `seed` draws the cotangents.
 * Costs 2 x 2 x (ndx + nu) steps a state. A state whose step diverges has error and step_gap NaN and is a kink. */
DF_API DF_MUST_CHECK df_status df_gradcheck_steps(const df_system* system, int n, const double* x, const double* u,
                                                  uint64_t seed, int threads, df_gradcheck_point* points);

/* The same for the loss gradient of a rollout of H actions: loss = mean over t, i of w_i (x_t (-) x*_t)_i^2 against
 * targets x_target [n][H+1][nx], along four random directions in action space; x0 [n][nx], u [n][H][nu], weight [ndx].
 * A rollout that diverges has error and step_gap NaN and counts as a kink. */
DF_API DF_MUST_CHECK df_status df_gradcheck_rollouts(const df_system* system, int n, int H, const double* x0,
                                                     const double* u, const double* x_target, const double* weight,
                                                     uint64_t seed, int threads, df_gradcheck_point* points);

#endif
