/* system.h: dynamical systems, each a step function and its adjoint (vjp).
 *
 * A df_system describes a discrete-time dynamical system
 *     x[t+1] = f(x[t], u[t])
 * It is immutable and may be shared between threads. A df_sim is a simulator of it, for one thread at a time, with a
 * tape that stores what the adjoint of each recorded step needs. MuJoCo models are one implementation (mujoco.h),
 * closed-form systems are another.
 *
 * States x [nx] live on a manifold (quaternions); tangent vectors have ndx <= nx entries. For MuJoCo models
 *     x = [qpos (nq), qvel (nv), act (na)],  tangent = [dq (nv), dv (nv), da (na)],
 * where the angular part of dq of a free or ball joint is a local (body-frame) right perturbation, R <- R exp(dq), as
 * mj_differentiatePos and mj_integratePos define it. A cotangent pairs with a tangent by the plain dot product. Units
 * are those of the model, SI. Actions u [nu] are the controls of the model's actuators (ctrl).
 *
 * Vectors are arrays of doubles owned by the caller, not NULL unless stated otherwise. Functions without a status do
 * not check their arguments. */
#ifndef DYNAFLOW_SIM_SYSTEM_H
#define DYNAFLOW_SIM_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

typedef struct df_system df_system;
typedef struct df_sim df_sim;

/* How a step or a trajectory ended. A trajectory that diverges is a value, not an error of the batch. */
typedef enum df_traj_end {
  DF_TRAJ_COMPLETE = 0,
  DF_TRAJ_DIVERGED, /* the simulator warned, a state is not finite or exceeds 1e6 in magnitude, or a cotangent is not
                     * finite or grew by more than a factor of 1e6 */
  DF_TRAJ_FAILED    /* the simulator raised an error or ran out of memory; df_error_message() has the detail */
} df_traj_end;

/* number of step adjoints computed on a simulator since it was created, and how many of them were not exact */
typedef struct df_gradient_count {
  long steps;
  long approximate; /* steps with a contact whose derivative is approximate (adjoint.h) */
  long differenced; /* steps differentiated, in part or whole, by finite differences */
} df_gradient_count;

static inline void df_gradient_count_add(df_gradient_count* sum, df_gradient_count more) {
  sum->steps += more.steps;
  sum->approximate += more.approximate;
  sum->differenced += more.differenced;
}

/* work counters of simulation; the same on any machine */
typedef struct df_effort {
  uint64_t physics_steps;
  uint64_t solver_iterations; /* iterations of the constraint solver */
  uint64_t constraint_rows;   /* rows of the constraint problem, summed over physics steps */
} df_effort;

static inline void df_effort_add(df_effort* sum, df_effort more) {
  sum->physics_steps += more.physics_steps;
  sum->solver_iterations += more.solver_iterations;
  sum->constraint_rows += more.constraint_rows;
}

/* A point that is fixed to a body of a system: the origin of the body, the centre of a geom, or a site. For MuJoCo
 * models df_mujoco_point() finds it by name. */
typedef enum df_point_kind { DF_POINT_BODY, DF_POINT_GEOM, DF_POINT_SITE } df_point_kind;
typedef struct df_point {
  df_point_kind kind;
  int index; /* of the body, geom or site in the model */
} df_point;

/* The operations that a system implements. Those marked optional may be NULL. */
typedef struct df_system_ops {
  /* Creates a simulator whose tape holds `tape_length` steps (actions); 0 for a simulator that only steps forward. The
   * caller frees *out with sim_free. On failure *out is not set and nothing leaks. */
  df_status (*sim_new)(const df_system* system, int tape_length, df_sim** out);
  void (*sim_free)(df_sim* sim);

  /* Loads state x [nx], clears the solver's warm start and empties the tape. */
  void (*reset)(df_sim* sim, const double* x);

  /* Loads state x [nx] and keeps the warm start, as a recorder that saved states between steps would have had it. The
   * tape is kept: the next step is recorded after the last one. */
  void (*set_state)(df_sim* sim, const double* x);

  /* Advances by one action u [nu] and writes the next state to x1 [nx]. Records the step, numbered 0, 1, 2 ... since
   * the reset, while the tape has room for further steps; later steps are not recorded. An action that is not finite
   * diverges; a finite one is clamped to its range. If the end is not COMPLETE, x1 is filled with NaN and the simulator
   * must be reset before the next step. */
  df_traj_end (*step)(df_sim* sim, const double* u, double* x1);

  /* The adjoint of recorded step `t`: from the cotangent y [ndx] of x[t+1] computes xbar [ndx] = (dx[t+1]/dx[t])^T y
   * and ubar [nu] = (dx[t+1]/du[t])^T y. Both are overwritten; xbar may be y. FAILED if step `t` is not recorded.
   * Further steps may follow: they continue from the end of the trajectory, also if the adjoint had to simulate. */
  df_traj_end (*step_vjp)(df_sim* sim, int t, const double* y, double* xbar, double* ubar);

  /* e [ndx] = xb (-) xa, the tangent at xa that leads to xb. */
  void (*difference)(const df_system* system, const double* xa, const double* xb, double* e);

  /* xb [nx] = xa (+) e; xb may be xa. */
  void (*integrate)(const df_system* system, const double* xa, const double* e, double* xb);

  void (*free)(df_system* system);

  /* Optional. Implements df_sim_jacobian(). NULL: one step_vjp per row. */
  df_traj_end (*step_jacobian)(df_sim* sim, int t, double* A, double* B);

  /* Optional. The adjoint of `difference` by its second state: from the cotangent y [ndx] of e computes that of xb,
   * dxb [ndx]; dxb may be y. NULL: states are plain vectors, and the adjoint is the identity. */
  void (*difference_vjp)(const df_system* system, const double* xa, const double* xb, const double* y, double* dxb);

  /* Optional. u [nu] = the action in the action box that makes the actuator forces in state x smallest, such as the
   * current position for a position servo. A search for actions starts there, since far from it forces saturate. NULL:
   * the centre of the box. */
  void (*rest_action)(const df_system* system, const double* x, double* u);

  /* Optional, all three or none. The complete state, everything that the next step depends on, as `state_size` doubles:
   * x, and for example the warm start of a solver. After `restore` the simulator continues bit by bit as after `save`,
   * with an empty tape. NULL: x is the complete state, and `reset` restores it. */
  size_t (*state_size)(const df_system* system);
  void (*save)(const df_sim* sim, double* state);
  void (*restore)(df_sim* sim, const double* state);

  /* Optional. Implement df_sim_bound_tape(), df_sim_tape_bytes() and df_sim_gradient_count(). NULL: the memory of a
   * tape cannot be bounded; its size is reported as 0; counts are reported as 0, and every adjoint is exact. */
  df_status (*bound_tape)(df_sim* sim, size_t bytes);
  size_t (*tape_bytes)(const df_sim* sim);
  df_gradient_count (*gradient_count)(const df_sim* sim);

  /* Optional. Adds the work counters of the simulator since it was created to *sum. NULL: there are none. */
  void (*add_effort)(const df_sim* sim, df_effort* sum);

  /* Optional, both or none. Implement df_sim_points() and df_sim_points_vjp(). NULL: the system has no points. */
  void (*points)(df_sim* sim, const double* x, int n, const df_point* point, double* position, double* velocity);
  void (*points_vjp)(df_sim* sim, const double* x, int n, const df_point* point, const double* dposition,
                     const double* dvelocity, double* dx);
} df_system_ops;

/* largest number of tangent coordinates of a system; df_sim_new() refuses systems with more */
enum { DF_NDX_MAX = 1024 };

struct df_system {
  const df_system_ops* ops;
  int nx, ndx, nu;    /* numbers of state, tangent and action coordinates */
  double dt;          /* duration of one action, s (substeps x timestep) */
  const double* u_lo; /* [nu] lower bounds of the action box, -inf where actions are not limited; owned by the system */
  const double* u_hi; /* [nu] upper bounds, +inf where actions are not limited; owned by the system */
};

/* Frees a system; no simulator of it may be in use afterwards. NULL is allowed. */
DF_API void df_system_free(df_system* system);
/* u [nu] = the centre of the action box; where a bound is infinite, the value in the interval closest to 0. */
DF_API void df_system_box_centre(const df_system* system, double* u);
/* u [nu] = the rest action in state x [nx] (df_system_ops), or the centre of the box if the system has none. */
DF_API void df_system_rest_action(const df_system* system, const double* x, double* u);
/* Creates a simulator whose tape holds `tape_length` steps (actions), 0 for forward steps only. The system must outlive
 * it. Errors: DF_E_ARG if an argument is NULL or tape_length is negative, DF_E_CONFIG if the system has more than
 * DF_NDX_MAX tangent coordinates, DF_E_NOMEM. On failure *out is NULL. */
DF_API DF_MUST_CHECK df_status df_sim_new(const df_system* system, int tape_length, df_sim** out);
/* Frees a simulator of `system`; sim may be NULL. */
DF_API void df_sim_free(const df_system* system, df_sim* sim);

/* Bounds the memory of a simulator's tape, which has no bound at first, to `bytes`; 0 changes nothing. Call it before
 * the first reset. Steps that do not fit are dropped and simulated again when step_vjp needs them: gradients keep the
 * same bits, and a trajectory longer than the tape costs its forward time twice. The bound covers the records of steps,
 * and the start states and actions of all tape_length steps; it does not cover the simulator itself. A step whose own
 * records do not fit ends as FAILED. Errors: DF_E_ARG if an argument is NULL, DF_E_CONFIG if the start states and
 * actions alone do not fit or the system does not support a bound, DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_sim_bound_tape(const df_system* system, df_sim* sim, size_t bytes);
/* Bytes that the tape occupies now, at most its bound; 0 if the system does not measure it. */
DF_API size_t df_sim_tape_bytes(const df_system* system, const df_sim* sim);
/* Number of step adjoints computed since the simulator was created, and how many were not exact; zeros if the system
 * does not count. */
DF_API df_gradient_count df_sim_gradient_count(const df_system* system, const df_sim* sim);

/* The Jacobians of recorded step `t`: A [ndx][ndx] = dx[t+1]/dx[t] and B [ndx][nu] = dx[t+1]/du[t], in tangent
 * coordinates, for example for LQR, iLQR or an analysis of stability. Row k has the bits of step_vjp() for the unit
 * cotangent k, so it is exact where step_vjp() is (adjoint.h), and counts as one of its calls; it adds nothing to the
 * gradient by parameters. All rows of a MuJoCo step share the factorization of its matrix, or its finite differences.
 * FAILED if step `t` is not recorded, the simulator fails or memory is exhausted, with A and B zero; DIVERGED if a row
 * is not finite or has entries beyond 1e6. */
DF_API df_traj_end df_sim_jacobian(const df_system* system, df_sim* sim, int t, double* A, double* B);

/* Whether df_sim_points() and df_sim_points_vjp() may be called. */
DF_API bool df_system_has_points(const df_system* system);

/* Positions and velocities of n points of the system in any state x [nx], on the trajectory of the simulator or not.
 * Trajectory, tape and the bits of later steps stay as they are.
 *   position  out, [n][3], m, world frame
 *   velocity  out, [n][3], m/s, world frame; NULL: not needed
 * NaN if the simulator raises an error. */
DF_API void df_sim_points(const df_system* system, df_sim* sim, const double* x, int n, const df_point* point,
                          double* position, double* velocity);

/* The adjoint of df_sim_points(): ADDS to dx [ndx] the cotangent of x by those of positions and velocities, dposition
 * and dvelocity [n][3], of which either may be NULL. With the columns J_k of the Jacobian of a point, the axes a_k of
 * its dofs (0 for translations) and their velocities v_k, in the order from the root to the point,
 *     dp/dq_k = J_k    dv/dv_k = J_k    dv/dq_k = a_k x (sum of J_j v_j over j >= k) + (sum of a_j v_j over j < k) x
 * J_k where the three rotations of a ball or free joint count as one: k is below none of them. It follows from
 * dJ_j/dq_k = a_min(j,k) x J_max(j,k). dx is NaN if the simulator raises an error. */
DF_API void df_sim_points_vjp(const df_system* system, df_sim* sim, const double* x, int n, const df_point* point,
                              const double* dposition, const double* dvelocity, double* dx);

/* Computes the cotangent dxb [ndx] of state xb [nx] from the cotangent y [ndx] of the difference e = xb (-) xa. A loss
 * on e needs it wherever states have quaternions, since d(loss)/dxb is not d(loss)/de there. dxb may be y. */
DF_API void df_system_difference_vjp(const df_system* system, const double* xa, const double* xb, const double* y,
                                     double* dxb);

DF_END_DECLS

#endif
