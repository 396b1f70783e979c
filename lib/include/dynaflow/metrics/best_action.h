/* best_action.h: searches the action in the box whose next state is closest to a given one.
 *
 * Projected Levenberg-Marquardt minimises |x1 (-) f(x, u)|^2 over the action box from a given start. It finds a local
 * minimum, so the result is an upper bound of the smallest error. The Jacobian uses forward differences: nu steps,
 * whereas its rows from step_vjp would take ndx adjoints, and ndx > nu for robots with a free base. It also
 * differentiates exactly the minimised residual, including the difference on the manifold. Its error of about 1e-5 may
 * cost an extra iteration but does not affect the residual. */
#ifndef DYNAFLOW_METRICS_BEST_ACTION_H
#define DYNAFLOW_METRICS_BEST_ACTION_H

#include "dynaflow/metrics/metrics.h"

DF_BEGIN_DECLS

enum { DF_BEST_ACTION_ITERATIONS = 12, DF_BEST_ACTION_TRIALS = 6 };

typedef struct df_best_action df_best_action;

typedef struct df_best_action_cfg {
  const double* scale; /* [ndx] units of the tangent coordinates in the error, > 0; NULL: those of the system */
  double least_gain;   /* a search ends when an iteration lowers the squared error by less than this share */
} df_best_action_cfg;

DF_API df_best_action_cfg df_best_action_cfg_default(void); /* units of the system, 1e-10 */

/* Makes a search with its own simulator, for use by one thread at a time; `system` and cfg->scale must outlive it. cfg
 * NULL: the default. On failure *out is NULL. Errors: DF_E_ARG for a NULL system or out, DF_E_NOMEM and those of
 * df_sim_new(). */
DF_API DF_MUST_CHECK df_status df_best_action_new(const df_system* system, const df_best_action_cfg* cfg,
                                                  df_best_action** out);
DF_API void df_best_action_free(df_best_action* search);

/* Adds the work of all searches so far to *sum. */
DF_API void df_best_action_add_effort(const df_best_action* search, df_effort* sum);

/* Projects u [nu] into the action box, in place. */
DF_API void df_box_project(const df_system* system, double* u);

/* Improves u [nu] in place and returns the tangent 2-norm of the remaining error in units of cfg.scale; +inf if the
 * step with the initial u diverges. Every step starts from x [nx] with a cleared warm start, so the result depends on
 * x, x1 and u only. */
DF_API double df_best_action_search(df_best_action* search, const double* x, const double* x1, double* u);

/* df_metric_sae_min(); adds the work of its simulators to *effort, which may be NULL. */
DF_API DF_MUST_CHECK df_status df_best_actions(const df_system* system, const df_trajectories* made, int threads,
                                               double* sae, double* u_best, df_effort* effort);

DF_END_DECLS

#endif
