/* system.h: a system is a step and its adjoint.
 *
 * A df_system describes a discrete-time dynamical system
 *     x[t+1] = f(x[t], u[t])
 * and is immutable and shared between threads. A df_sim is one simulator of it, used by one thread at a time, with a
 * tape that remembers what the adjoint of each step needs. MuJoCo models are one implementation (mujoco.h here),
 * closed forms are another.
 *
 * States x [nx] live on a manifold (quaternions); tangent vectors have ndx <= nx entries. For MuJoCo models
 *     x = [qpos (nq), qvel (nv), act (na)],  tangent = [dq (nv), dv (nv), da (na)],
 * where the angular part of a free or ball joint's dq is a local (body-frame) right perturbation, R <- R exp(dq), as
 * mj_differentiatePos and mj_integratePos define it. A cotangent pairs with a tangent by the plain dot product.
 * Units are the model's: SI. Actions u [nu] are what the model's actuators receive (ctrl). */
#ifndef DYNAFLOW_SIM_SYSTEM_H
#define DYNAFLOW_SIM_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dynaflow/core/status.h"

typedef struct df_system df_system;
typedef struct df_sim df_sim;

/* how a step or a trajectory ended; a trajectory that blows up is a value, not an error of the batch */
typedef enum df_traj_end {
  DF_TRAJ_COMPLETE = 0,
  DF_TRAJ_DIVERGED, /* the simulator warned, or a state or cotangent is not finite or beyond 1e6 */
  DF_TRAJ_FAILED    /* the simulator raised an error or ran out of memory; df_error_message() has it */
} df_traj_end;

/* adjoints of steps taken on a simulator since it was made, and how many of them were not exact */
typedef struct df_gradient_count {
  long steps;
  long approximate; /* something in the step has an approximate derivative */
  long differenced; /* by finite differences */
} df_gradient_count;

static inline void df_gradient_count_add(df_gradient_count* sum, df_gradient_count more) {
  sum->steps += more.steps;
  sum->approximate += more.approximate;
  sum->differenced += more.differenced;
}

/* what simulating came to, counted alike on any machine */
typedef struct df_effort {
  uint64_t physics_steps;
  uint64_t solver_iterations; /* of the constraint solver */
  uint64_t constraint_rows;   /* of the constraint problem, summed over physics steps */
} df_effort;

typedef struct df_system_ops {
  /* A simulator whose tape holds `tape_length` steps (actions), 0 for one that only steps forward. */
  df_status (*sim_new)(const df_system* system, int tape_length, df_sim** out);
  void (*sim_free)(df_sim* sim);

  /* Loads state x [nx], clears the solver's warm start and rewinds the tape. */
  void (*reset)(df_sim* sim, const double* x);

  /* Loads state x [nx] and keeps the warm start: what a recorder that saved states between steps would have seen. The
   * tape goes on: the next step is recorded behind the last one. */
  void (*set_state)(df_sim* sim, const double* x);

  /* Advances by one action u [nu]; writes the next state to x1 [nx]. Records the step as number 0, 1, 2 ... since
   * reset while the tape has room. After an end other than COMPLETE, x1 is filled with NaN and the simulator must be
   * reset before the next step. */
  df_traj_end (*step)(df_sim* sim, const double* u, double* x1);

  /* The adjoint of recorded step `t`: from the cotangent y [ndx] of x[t+1] to xbar [ndx] = (dx[t+1]/dx[t])^T y and
   * ubar [nu] = (dx[t+1]/du[t])^T y. Both are overwritten; xbar may be y. The trajectory may go on afterwards: where
   * the adjoint had to simulate, it goes back to the front. */
  df_traj_end (*step_vjp)(df_sim* sim, int t, const double* y, double* xbar, double* ubar);

  /* e [ndx] = xb (-) xa, the tangent at xa that leads to xb. */
  void (*difference)(const df_system* system, const double* xa, const double* xb, double* e);

  /* xb [nx] = xa (+) e; xb may be xa. */
  void (*integrate)(const df_system* system, const double* xa, const double* e, double* xb);

  void (*free)(df_system* system);

  /* The adjoint of `difference` in its second state: from the cotangent y [ndx] of e to that of xb, dxb [ndx]; dxb may
   * be y. NULL where states are plain vectors (the identity). */
  void (*difference_vjp)(const df_system* system, const double* xa, const double* xb, const double* y, double* dxb);

  /* u [nu]: the action in the box at which the actuators push least in state x, e.g. a position servo's own position:
   * where a search for actions starts, since far from it forces saturate. NULL: the box's centre. */
  void (*rest_action)(const df_system* system, const double* x, double* u);

  /* All that the next step depends on, as `state_size` doubles: x, and what x does not say, such as the warm start of a
   * solver. After `restore` the simulator steps on with the bits it had when saved, on an empty tape. NULL: x is all,
   * and `reset` restores it. */
  size_t (*state_size)(const df_system* system);
  void (*save)(const df_sim* sim, double* state);
  void (*restore)(df_sim* sim, const double* state);

  /* Behind df_sim_bound_tape, df_sim_tape_bytes and df_sim_gradient_count; NULL: a tape cannot be bounded, is not
   * measured, and every adjoint is exact. */
  df_status (*bound_tape)(df_sim* sim, size_t bytes);
  size_t (*tape_bytes)(const df_sim* sim);
  df_gradient_count (*gradient_count)(const df_sim* sim);

  /* Adds to `sum` what the simulator did since it was made. NULL: it does not count. */
  void (*add_effort)(const df_sim* sim, df_effort* sum);
} df_system_ops;

/* the most tangent coordinates a system may have */
enum { DF_NDX_MAX = 1024 };

struct df_system {
  const df_system_ops* ops;
  int nx, ndx, nu;
  double dt;          /* seconds that one action lasts (substeps x timestep) */
  const double* u_lo; /* [nu] the action box; -inf and +inf where actions are not limited */
  const double* u_hi;
};

DF_API void df_system_free(df_system* system); /* NULL is fine */
/* The centre of the action box, 0 where it is open, u [nu]. */
DF_API void df_system_box_centre(const df_system* system, double* u);
/* rest_action, or the box's centre; x [nx], u [nu]. */
DF_API void df_system_rest_action(const df_system* system, const double* x, double* u);
DF_API DF_MUST_CHECK df_status df_sim_new(const df_system* system, int tape_length, df_sim** out);
DF_API void df_sim_free(const df_system* system, df_sim* sim); /* NULL sim is fine */

/* Bounds the memory of a simulator's tape to `bytes`, to be called before the first reset. What does not fit is
 * forgotten and simulated once more when step_vjp asks for it: the gradient has the same bits, a trajectory longer than
 * the tape costs its forward time twice. Counted are the records of steps and, of all tape_length steps, start state
 * and action; not counted is what the simulator itself takes. DF_E_CONFIG if the latter alone do not fit, or if this
 * system has no tape that can be bounded; a step whose own records do not fit ends as FAILED. 0 is no bound. */
DF_API DF_MUST_CHECK df_status df_sim_bound_tape(const df_system* system, df_sim* sim, size_t bytes);
/* Bytes that the tape has now, at most its bound; 0 if the system does not say. */
DF_API size_t df_sim_tape_bytes(const df_system* system, const df_sim* sim);
DF_API df_gradient_count df_sim_gradient_count(const df_system* system, const df_sim* sim);

/* The cotangent dxb [ndx] of state xb from the cotangent y [ndx] of the difference e = xb (-) xa. A loss on e needs it
 * wherever states have quaternions: d(loss)/dxb is not d(loss)/de there. dxb may be y. */
DF_API void df_system_difference_vjp(const df_system* system, const double* xa, const double* xb, const double* y,
                                     double* dxb);

#endif
