/* best_action.h: searches the action in the box whose next state is closest to a given one.
 *
 * Projected Levenberg-Marquardt minimises |x1 (-) f(x, u)|^2 over the action box from a given start. It finds a local
 * minimum, so the result is an upper bound of the smallest error. The Jacobian uses forward differences: nu steps,
 * whereas its rows from step_vjp would take ndx adjoints, and ndx > nu for robots with a free base. It also
 * differentiates exactly the minimised residual, including the difference on the manifold. Its error of about 1e-5 may
 * cost an extra iteration but does not affect the residual. */
#ifndef LIB_METRICS_BEST_ACTION_H
#define LIB_METRICS_BEST_ACTION_H

#include "dynaflow/sim/system.h"

enum { DF_BEST_ACTION_ITERATIONS = 12, DF_BEST_ACTION_TRIALS = 6 };

typedef struct df_best_action df_best_action;

/* Makes a search with its own simulator, for use by one thread at a time; `system` must outlive it. On failure *out is
 * NULL. Errors: DF_E_NOMEM and those of df_sim_new(). */
DF_MUST_CHECK df_status df_best_action_new(const df_system* system, df_best_action** out);
void df_best_action_free(df_best_action* search);

/* Projects u [nu] into the action box, in place. */
void df_box_project(const df_system* system, double* u);

/* Improves u [nu] in place and returns the tangent 2-norm of the remaining error; +inf if the step with the initial u
 * diverges. Every step starts from x [nx] with a cleared warm start, so the result depends on x, x1 and u only. */
double df_best_action_search(df_best_action* search, const double* x, const double* x1, double* u);

#endif
