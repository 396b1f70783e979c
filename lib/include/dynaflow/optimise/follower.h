/* follower.h: follows planned motions with the best action of every step.
 *
 * The best action of a step from state x towards a planned next state p is the action u in the action box that makes
 * |p (-) f(x, u)| smallest: inverse dynamics by the simulator, as bounded nonlinear least squares. It is searched by
 * projected Levenberg-Marquardt from the action before it and from the rest action (system.h) in p, so that the error
 * is an upper bound of the smallest one. No recorded action is read.
 *
 * Closed loop (df_follower_track) starts each step from the state that the actions before it lead to:
 *     x[0] = p[0],   u[t] = argmin |p[t+1] (-) f(x[t], u)|,   x[t+1] = f(x[t], u[t])
 * x is then a motion that the system can make. This is the projection of DDAT (Bouvier et al., RSS 2025,
 * arXiv 2502.15043) onto the states that can be reached, of a state sequence from its first state on, with the
 * simulator in the place of DDAT's polytope of sampled next states. Open loop (df_follower_inverse) starts each step
 * from the planned p[t]: the actions are those of the plan as it is, and executing them leaves it.
 *
 * Searches clear the solver's warm start before every step; the states of the closed loop carry it, so that
 * df_trajectory_run() from x[0] with u gives x again, bit for bit. */
#ifndef DYNAFLOW_OPTIMISE_FOLLOWER_H
#define DYNAFLOW_OPTIMISE_FOLLOWER_H

#include "dynaflow/sim/system.h"

DF_BEGIN_DECLS

typedef struct df_follower df_follower;

typedef struct df_follower_cfg {
  int threads;         /* >= 1 */
  const double* scale; /* [ndx] units of the tangent coordinates in |.|, > 0, copied; NULL: those of the system (SAE) */
} df_follower_cfg;

/* Makes the simulators of all threads; the system must outlive the follower. The caller frees *out with
 * df_follower_free(); on failure *out is NULL. Errors: DF_E_ARG for a NULL argument, threads < 1 or a unit that is not
 * positive; DF_E_NOMEM and those of df_sim_new(). */
DF_API DF_MUST_CHECK df_status df_follower_new(const df_system* system, const df_follower_cfg* cfg, df_follower** out);
DF_API void df_follower_free(df_follower* follower); /* NULL is allowed */

/* Follows the plan [H+1][nx] of one motion in closed loop, on thread 0 .. threads - 1, of which each call has its own:
 * writes u [H][nu], in the action box and finite, and x [H+1][nx]; x may be the plan. If a step ends as DIVERGED or
 * FAILED, the state after it and all later ones are NaN, and that end is returned. Where the plan is not finite, the
 * action is the one before it. */
DF_API df_traj_end df_follower_track(df_follower* follower, int thread, int H, const double* plan, double* u,
                                     double* x);

/* As df_follower_track(), where u holds an action of every step before, e.g. predicted ones: the search of a step
 * starts from it, projected into the action box, instead of from the action before; where the plan is not finite, it
 * stays. */
DF_API df_traj_end df_follower_track_from(df_follower* follower, int thread, int H, const double* plan, double* u,
                                          double* x);

/* Writes u [H][nu], the actions in open loop, alike. */
DF_API void df_follower_inverse(df_follower* follower, int thread, int H, const double* plan, double* u);

/* B plans of H actions each, shared by the threads; the caller owns the arrays. */
typedef struct df_follow_batch {
  int B, H;           /* >= 1; mandatory */
  const double* plan; /* in,  [B][H+1][nx]; mandatory */
  double* u;          /* out, [B][H][nu]; mandatory */
  double* x;          /* out, [B][H+1][nx] the states of the closed loop; may be the plan. NULL: open loop */
} df_follow_batch;

/* Follows all plans; results do not depend on the number of threads. DF_E_ARG for a NULL argument or mandatory field,
 * B < 1 or H < 1. */
DF_API DF_MUST_CHECK df_status df_follower_run(df_follower* follower, const df_follow_batch* batch);

/* Work counters, summed over all motions so far; the same for any number of threads. Zeros if the system does not
 * count. */
DF_API df_effort df_follower_effort(const df_follower* follower);

DF_END_DECLS

#endif
