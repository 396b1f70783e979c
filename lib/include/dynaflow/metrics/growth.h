/* growth.h: how the gradient of a state grows with the number of actions before it.
 *
 * A rollout decoder propagates the cotangent of every frame back to the actions. Along an unstable motion its norm
 * grows exponentially with the horizon, and then few windows, and few directions in each, decide the direction of a
 * training step. docs/training.md derives the limits and says which of them are rules of thumb. */
#ifndef DYNAFLOW_METRICS_GROWTH_H
#define DYNAFLOW_METRICS_GROWTH_H

#include <stdbool.h>

#include "dynaflow/sim/system.h"

DF_BEGIN_DECLS

/* windows of states, along which the dynamics are linearised. Every field is mandatory unless stated otherwise. */
typedef struct df_growth_windows {
  int B, H;                   /* number of windows, actions per window; >= 1 */
  const double* x;            /* [B][H+1][nx]; the last frame of a window is not used */
  const double* u;            /* [B][H][nu]; NULL: the rest action of every state */
  const double* scale;        /* [ndx] unit of every tangent coordinate, > 0: its standard deviation */
  const double* action_scale; /* [nu] unit of every action, > 0: its half range */
} df_growth_windows;

/* Computes state [B][H] and action [B][H]: the largest singular values of dx[k]/dx[0] and dx[k]/du[0] for k = 1..H in
 * the units of the windows, where dx[k]/dx[0] is the product of the Jacobians of the steps at (x[t], u[t]), each from a
 * cleared simulator. From the first step on that diverges or whose adjoint does, the values of a window are +inf.
 * Errors: DF_E_ARG for a NULL mandatory field, B or H < 1 or a unit that is not positive; DF_E_SIM if a step fails;
 * those of df_sim_new(); DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_metric_growth(const df_system* system, const df_growth_windows* windows,
                                                double* state, double* action);

/* the largest amplification of a cotangent, damped by train.cotangent_decay, that is called fine */
#define DF_GROWTH_LIMIT 15.0
/* the largest amplification with which damping alone can help */
#define DF_GROWTH_DAMPABLE 300.0

typedef enum df_growth_verdict {
  DF_GROWTH_FINE,  /* damped amplification and amplification are within the limits */
  DF_GROWTH_LARGE, /* one of them is beyond its limit */
  DF_GROWTH_BROKEN /* more than a tenth of the windows have a gradient that is not finite */
} df_growth_verdict;

typedef struct df_growth {
  double per_action;    /* factor per action: exp of the slope of log(median) over the second half of the horizon */
  double amplification; /* median over the windows at the horizon */
  double p90;           /* its 90th percentile: the smallest value that at least 90 % of the windows do not exceed */
  double damped;        /* amplification times cotangent_decay^horizon */
  double exploding;     /* share of the windows whose damped amplification exceeds DF_GROWTH_LIMIT or is not finite */
  int finite; /* the most actions over which at most a tenth of the windows have a gradient that is not finite */
  df_growth_verdict verdict;
} df_growth;

/* Whether a growth over a horizon, as it is and damped, is within both limits. */
DF_API bool df_growth_is_fine(double amplification, double damped);

/* Summarises values [B][H] of df_metric_growth() for a training with this train.cotangent_decay. `median` and `p90` [H]
 * receive the statistics of every k and may be NULL. Errors: DF_E_ARG for a NULL argument, B or H < 1; DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_growth_summary(int B, int H, const double* values, double cotangent_decay,
                                                 double* median, double* p90, df_growth* out);

DF_END_DECLS

#endif
