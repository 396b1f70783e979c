/* best_action.h: the bounded action whose next state comes closest to a wanted one.
 *
 * Projected Levenberg-Marquardt on |x1 (-) f(x, u)|^2 over the action box, from a given start; a local minimum, so an
 * upper bound of the least error. The Jacobian is by forward differences: nu steps, where rows from step_vjp would cost
 * ndx adjoints (and ndx > nu for robots that move freely), and it differentiates the very residual that is minimised,
 * the manifold's difference included. Its error of about 1e-5 only costs an iteration: the residual is exact. */
#ifndef DYNAFLOW_METRICS_BEST_ACTION_H
#define DYNAFLOW_METRICS_BEST_ACTION_H

#include "dynaflow/sim/system.h"

enum { DF_BEST_ACTION_ITERATIONS = 12, DF_BEST_ACTION_TRIALS = 6 };

typedef struct df_best_action df_best_action;

/* One search at a time; it has a simulator of its own. */
DF_MUST_CHECK df_status df_best_action_new(const df_system* system, df_best_action** out);
void df_best_action_free(df_best_action* search);

/* Brings u [nu] into the action box. */
void df_box_project(const df_system* system, double* u);

/* Improves u [nu], in place, and returns the tangent 2-norm of what is left; +inf if the start itself diverges. Every
 * step starts from x [nx] with a cleared warm start, so the result depends on x, x1 and u alone. */
double df_best_action_search(df_best_action* search, const double* x, const double* x1, double* u);

#endif
