/* rollout.h: open-loop rollouts of action sequences, and their gradients.
 *
 * Given start states x0 and action sequences u, a rollout computes
 *     x[b][t+1] = step(x[b][t], u[b][t])      b = 0..B-1, t = 0..H-1
 * Arrays are row-major doubles owned by the caller, batch first, time second:
 *     x0 [B][nx]    u [B][H][nu]    x [B][H+1][nx]    x[b][0] == x0[b]
 * Every rollout starts from a cleared simulator with a zero constraint warm start, so results depend neither on the
 * number of threads nor on earlier runs. */
#ifndef DYNAFLOW_SIM_ROLLOUT_H
#define DYNAFLOW_SIM_ROLLOUT_H

#include <stdint.h>

#include "dynaflow/sim/system.h"

DF_BEGIN_DECLS

/* ---- one trajectory on one simulator, for callers that have their own threads (a training micro-batch) ---- */

/* Computes x [H+1][nx] from x0 [nx] and u [H][nu], H >= 0. If a step ends as DIVERGED or FAILED, the state after it and
 * all later ones are NaN, and that end is returned. Records all steps if the tape of the simulator holds at least H of
 * them; df_sim_bound_tape() bounds its memory for any H. */
DF_API df_traj_end df_trajectory_run(const df_system* system, df_sim* sim, int H, const double* x0, const double* u,
                                     double* x);

/* Computes the gradient of a loss through the trajectory just run on `sim`.
 *   dx     in,  [H+1][ndx], the cotangent of each state (tangent coordinates)
 *   decay  in,  factor on the cotangent that each action passes back to the state before it; 1 gives the exact
 *               gradient, a smaller factor damps its growth over long horizons (a biased but often better descent
 *               direction)
 *   du     out, [H][nu], the cotangent of each action
 *   dx0    out, [ndx], the cotangent of the start state; may be NULL
 * Returns COMPLETE; DIVERGED if a cotangent is not finite or exceeds 1e6 times the largest entry of dx (1e6 if that is
 * below 1), so that the unit of the loss does not matter; or FAILED if the tape does not hold the trajectory or the
 * simulator raises an error. du and dx0 are zero unless COMPLETE. */
DF_API df_traj_end df_trajectory_vjp(const df_system* system, df_sim* sim, int H, const double* dx, double decay,
                                     double* du, double* dx0);

/* ---- batches over OpenMP threads ---- */

typedef struct df_rollout df_rollout;

typedef struct df_rollout_cfg {
  int threads;     /* >= 1 */
  int tape_length; /* longest horizon of df_rollout_gradient(), which refuses longer ones; 0 if it is not called */

  /* Bound, bytes, on the memory of each thread's tape (df_sim_bound_tape()); 0: no bound. Gradients do not depend on
   * it. A bound that holds the whole trajectory costs nothing, a smaller one costs a second forward pass. Besides the
   * tape, a thread has a simulator and the states and cotangents of one trajectory, 8 (tape_length + 1) (nx + ndx)
   * bytes. */
  size_t tape_bytes;
} df_rollout_cfg;

DF_API df_rollout_cfg df_rollout_cfg_default(void); /* 1 thread, no tape, no bound */

/* Creates the simulators of all threads. The system must outlive the rollout. Errors: DF_E_ARG if an argument is NULL;
 * DF_E_CONFIG if threads or tape_length is out of range, tape_bytes is too small or not supported by the system, or the
 * system is too large (df_sim_new()); DF_E_NOMEM. On failure *out is NULL. */
DF_API DF_MUST_CHECK df_status df_rollout_new(const df_system* system, const df_rollout_cfg* cfg, df_rollout** out);
DF_API void df_rollout_free(df_rollout* rollout); /* NULL is allowed */

/* B rollouts of H actions each; the caller owns all arrays. In a zeroed struct only the mandatory fields need a value.
 */
typedef struct df_rollout_batch {
  int B, H;         /* number of rollouts and of actions in each, >= 1; mandatory */
  const double* x0; /* in,  [B][nx] start states; mandatory */
  const double* u;  /* in,  [B][H][nu] actions; mandatory. The simulator clamps them to the model's ctrlrange */
  double* x;        /* out, [B][H+1][nx] states, NaN after a step that did not complete; mandatory for df_rollout_run(),
                     * optional for df_rollout_gradient(), where NULL means that they
                     * are not needed */
  uint8_t* end;     /* out, [B] the df_traj_end of each rollout; NULL: not needed */
} df_rollout_batch;

/* Runs a batch of rollouts. Errors: DF_E_ARG, which names the field, if an argument or a mandatory field is NULL, B < 1
 * or H < 1, and nothing is written; DF_E_SIM if a rollout FAILED, with the message of the one with the lowest index.
 * All other rollouts are then run to their end, and x and end are set. */
DF_API DF_MUST_CHECK df_status df_rollout_run(df_rollout* rollout, const df_rollout_batch* batch);

/* Work counters, summed over all runs of this rollout; the same for any number of threads. Zeros if the system does not
 * count. */
DF_API df_effort df_rollout_effort(const df_rollout* rollout);

/* A loss of one rollout: returns the loss of rollout b with the states x [H+1][nx], and adds its cotangents to
 * dx [H+1][ndx], which is zero on entry. Called from any thread, concurrently for different rollouts. */
typedef double (*df_loss_fn)(void* context, int b, const double* x, double* dx);

/* A loss on every rollout of a batch, and its gradient; the caller owns all arrays. In a zeroed struct only the
 * mandatory fields need a value. */
typedef struct df_rollout_loss {
  df_loss_fn fn;  /* called once per rollout that completes; mandatory */
  void* context;  /* passed to fn; may be NULL */
  double damping; /* share, 0 .. 1, of the cotangent that each action does not pass back to the state before it:
                   * 1 - decay of df_trajectory_vjp(). 0: the exact gradient */
  double* losses; /* out, [B] losses, NaN for a rollout that did not complete; mandatory */
  double* du;     /* out, [B][H][nu] gradients by the actions, zero unless end[b] is COMPLETE; mandatory */
} df_rollout_loss;

/* Runs a batch of rollouts and computes the gradient of a loss through each. batch->end tells how each rollout and its
 * adjoint ended. Errors: those of df_rollout_run(), and DF_E_ARG if H exceeds tape_length or damping is not in 0 .. 1.
 */
DF_API DF_MUST_CHECK df_status df_rollout_gradient(df_rollout* rollout, const df_rollout_batch* batch,
                                                   const df_rollout_loss* loss);

/* Number of step adjoints computed by all threads since the rollout was created, and how many were not exact. */
DF_API df_gradient_count df_rollout_gradient_count(const df_rollout* rollout);

/* Bytes that the tapes of all threads occupy now, at most threads x tape_bytes if tape_bytes is set. */
DF_API size_t df_rollout_tape_bytes(const df_rollout* rollout);

DF_END_DECLS

#endif
