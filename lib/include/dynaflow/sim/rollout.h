/* rollout.h: open-loop rollouts of action sequences, and their gradient.
 *
 * Given start states x0 and action sequences u, computes
 *     x[b][t+1] = step(x[b][t], u[b][t])      b = 0..B-1, t = 0..H-1
 * Arrays are row-major doubles, batch first, time second:
 *     x0 [B][nx]    u [B][H][nu]    x [B][H+1][nx]    x[b][0] == x0[b]
 * Every rollout starts from a cleared simulator with a zero constraint warm start, so the result depends neither on
 * the number of threads nor on what ran before. */
#ifndef DYNAFLOW_SIM_ROLLOUT_H
#define DYNAFLOW_SIM_ROLLOUT_H

#include <stdint.h>

#include "dynaflow/sim/system.h"

/* ---- one trajectory on one simulator: for callers that do their own threading (a training slice) ---- */

/* x [H+1][nx] from x0 [nx] and u [H][nu]. States after a divergence are NaN. Records the tape if the simulator has one
 * of at least H steps; df_sim_bound_tape() bounds its memory, for any H. */
DF_API df_traj_end df_trajectory_run(const df_system* system, df_sim* sim, int H, const double* x0, const double* u,
                                     double* x);

/* The gradient of a loss through the trajectory just run on `sim`.
 *   dx     in,  [H+1][ndx], the loss's cotangent of each state (tangent coordinates)
 *   decay  in,  factor on the cotangent that one action carries back to the state before it; 1 is the exact gradient,
 *          less damps the growth over long horizons (a biased but often better descent direction)
 *   du     out, [H][nu]
 *   dx0    out, [ndx], may be NULL
 * Returns DIVERGED, with du and dx0 zero, if a cotangent is not finite or beyond 1e6, and FAILED likewise if the tape
 * does not hold the trajectory or the simulator raises an error. */
DF_API df_traj_end df_trajectory_vjp(const df_system* system, df_sim* sim, int H, const double* dx, double decay,
                                     double* du, double* dx0);

/* ---- batches over OpenMP threads ---- */

typedef struct df_rollout df_rollout;

typedef struct df_rollout_cfg {
  int threads;     /* >= 1 */
  int tape_length; /* longest horizon that df_rollout_gradient will see (a longer one is DF_E_ARG); 0 if not called */

  /* Bound on the memory of each thread's tape, as of df_sim_bound_tape(); 0: none. Whatever it is, gradients have the
   * same bits; one that the whole trajectory fits costs nothing, less costs a second forward pass. Beside the tape a
   * thread holds a simulator and the states and cotangents of one trajectory, 8 (tape_length + 1) (nx + ndx) bytes. */
  size_t tape_bytes;
} df_rollout_cfg;

DF_API df_rollout_cfg df_rollout_cfg_default(void); /* 1 thread, no tape, no bound */

/* The system must outlive the rollout. DF_E_CONFIG for numbers out of range or a tape_bytes that is too small. */
DF_API DF_MUST_CHECK df_status df_rollout_new(const df_system* system, const df_rollout_cfg* cfg, df_rollout** out);
DF_API void df_rollout_free(df_rollout* rollout);

/* Runs B rollouts of H actions each.
 *   x0, u   in,  caller-owned, shapes above; the model's ctrlrange clamps actions inside the simulator, not in u
 *   x       out, caller-owned, shape above
 *   end     out, [B], a df_traj_end each; may be NULL
 * Returns DF_E_ARG for a NULL array or B < 1 or H < 1; x is then untouched. Returns DF_E_SIM, with the message of the
 * first such trajectory and all others complete, if the simulator raised an error in one. */
DF_API DF_MUST_CHECK df_status df_rollout_run(df_rollout* rollout, int B, int H, const double* x0, const double* u,
                                              double* x, uint8_t* end);

/* What all runs of this rollout came to, the same for any number of threads; zeros where the system does not count. */
DF_API df_effort df_rollout_effort(const df_rollout* rollout);

/* Runs B rollouts and takes a loss's gradient through each: `loss` is called once a trajectory, on any thread, with
 * its index b and states x [H+1][nx], and fills the cotangents dx [H+1][ndx] (zeroed before) and returns the loss.
 *   losses  out, [B];  du  out, [B][H][nu], zero where end[b] is not COMPLETE;  end  out, [B], may be NULL
 * The loss is not called for a trajectory that did not complete; losses[b] is then NaN. Errors as df_rollout_run(). */
typedef double (*df_loss_fn)(void* context, int b, const double* x, double* dx);
DF_API DF_MUST_CHECK df_status df_rollout_gradient(df_rollout* rollout, int B, int H, const double* x0, const double* u,
                                                   double decay, df_loss_fn loss, void* context, double* losses,
                                                   double* du, uint8_t* end);

/* Adjoints of steps taken by all threads since the rollout was made, and how many of them were not exact. */
DF_API df_gradient_count df_rollout_gradient_count(const df_rollout* rollout);

/* Bytes that all threads' tapes have now, at most threads x tape_bytes. */
DF_API size_t df_rollout_tape_bytes(const df_rollout* rollout);

#endif
