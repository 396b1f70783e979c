/* clip_fit.h: the feasible motion that is nearest to a demonstrated clip, by trajectory optimisation.
 *
 * For demonstrated states d[0..n] it looks for actions u[0..n-1] in the action box whose states
 *     x[0] = d[0],   x[t+1] = f(x[t], u[t])
 * make the sum over t = 1..n of |z(x[t]) - z(d[t])|^2 small, where z are the flow coordinates (chart.h), in standard
 * deviations of the training windows. No recorded action is read, so clips without actions, and clips that no action
 * can follow, such as motion capture, are fitted alike.
 *
 * Method: receding horizon. Windows of `window` actions are optimised one after another from the state that the actions
 * before them lead to; of each, the first `commit` actions are kept. A window is optimised by the Gauss-Newton form of
 * differential dynamic programming (Li and Todorov, ICINCO 2004: iLQR; bounds as in Tassa, Mansard and Todorov, ICRA
 * 2014, with the set of bounded actions taken from the sign of the gradient). The Jacobians of a step are exact: one
 * adjoint per tangent coordinate. A window starts from the tail of the one before it and, for its new frames, from the
 * actions that follow the demonstration best step by step (df_metric_sae_min()) or from rest actions (system.h),
 * whichever end nearer. The first window grows by `commit` actions at a time. */
#ifndef DYNAFLOW_OPTIMISE_CLIP_FIT_H
#define DYNAFLOW_OPTIMISE_CLIP_FIT_H

#include <signal.h>

#include "dynaflow/data/task.h"

DF_BEGIN_DECLS

typedef struct df_clip_fit_cfg {
  int window;                        /* actions that are optimised together, >= 1 */
  int commit;                        /* actions that are kept of each window, 1 .. window */
  int iterations;                    /* most iterations per window, >= 0 */
  double tolerance;                  /* a window ends when an iteration lowers its error by less than this share */
  const volatile sig_atomic_t* stop; /* NULL: none; nonzero ends the fit with DF_E_INTERRUPTED, within one action of
                                        the search for first actions or one iteration */
  void (*progress)(void* context, int actions_done, int actions); /* NULL: none; after every window */
  void* context;
} df_clip_fit_cfg;

/* window 16, commit 4, 30 iterations, tolerance 1e-4 */
DF_API df_clip_fit_cfg df_clip_fit_cfg_default(void);

typedef struct df_clip_fit {
  long iterations; /* over all windows */
  double rms;      /* RMS over frames 1..n and coordinates of z(x) - z(d), relative to the clip's first frame (TRE) */
  double rms_rest; /* the same of the rest actions in the demonstrated states, open loop; +inf if they diverge */
  double worst;    /* largest RMS of a frame over the coordinates, in standard deviations as the others */
  int worst_frame; /* its number in the clip, 1 .. n */
  int windows;     /* number of windows whose actions were kept */
  int unconverged; /* of these, that ended at the limit of iterations, or without a gradient; more iterations, or
                      another start, may lower their errors */
  int no_gradient; /* of these, whose gradient could not be computed, since an adjoint diverged: their actions are those
                      of the iteration before, or of the guess they began with */
  df_effort effort; /* work counters of all simulations of the fit */
} df_clip_fit;

/* Fits actions `first` .. `first + length - 1` of an episode of the task's demonstrations.
 *   x    out, [length+1][nx], the states; x[0] is the demonstrated one
 *   u    out, [length][nu]; df_trajectory_run() from x[0] gives x again, bit for bit
 * The result does not depend on the number of threads: the fit uses one. Errors: DF_E_ARG (a NULL argument, a clip
 * outside the episode, cfg out of range), DF_E_SIM (the simulation diverges whatever is tried, or the simulator fails;
 * names the frame), DF_E_INTERRUPTED, DF_E_NOMEM, those of df_sim_new(). */
DF_API DF_MUST_CHECK df_status df_clip_fit_run(const df_task* task, int episode, int first, int length,
                                               const df_clip_fit_cfg* cfg, double* x, double* u, df_clip_fit* out);

/* The same of given states `demo` [length+1][nx], length >= 1. */
DF_API DF_MUST_CHECK df_status df_clip_fit_states(const df_task* task, const double* demo, int length,
                                                  const df_clip_fit_cfg* cfg, double* x, double* u, df_clip_fit* out);

DF_END_DECLS

#endif
