/* simulator.h: one simulator of a MuJoCo model: mjData, the tape of its steps and the history of its actions. */
#ifndef LIB_SIM_SIMULATOR_SIMULATOR_H
#define LIB_SIM_SIMULATOR_SIMULATOR_H

#include "history.h"
#include "model.h"
#include "step.h"
#include "tape.h"

struct df_sim {
  const df_mujoco* system;
  mjData* data;
  df_tape tape;
  df_history history;
  df_gradient_count gradients;
  df_effort effort;  /* work counters since creation */
  double* before;    /* [nx] state at the start of a physics step */
  double* work;      /* scratch memory of the adjoint */
  double* stages;    /* scratch memory of a recorded Runge-Kutta step */
  double* scratch;   /* scratch memory of finite differences */
  double* cotangent; /* [ndx] scratch memory of one adjoint by finite differences */
  double* pbar;      /* [nparameter] gradient by the physical parameters; NULL if the system has none */
  bool needs_reset;  /* mjData is in an unknown state after an error: reset it before use */
};

/* ---- simulator.c: the simulator's part of df_system_ops ---- */

df_status df_mujoco_sim_new(const df_system* system, int tape_length, df_sim** out);
void df_mujoco_sim_free(df_sim* sim);
df_traj_end df_mujoco_step(df_sim* sim, const double* u, double* x1);
df_traj_end df_mujoco_step_vjp(df_sim* sim, int t, const double* y, double* xbar, double* ubar);
df_traj_end df_mujoco_step_jacobian(df_sim* sim, int t, double* A, double* B);
df_status df_mujoco_bound_tape(df_sim* sim, size_t bytes);
size_t df_mujoco_tape_bytes(const df_sim* sim);
df_gradient_count df_mujoco_gradient_count(const df_sim* sim);
void df_mujoco_add_effort(const df_sim* sim, df_effort* sum);

/* ---- load_state.c ----
 *
 * The functions below call only MuJoCo functions that cannot raise errors, so they need no guard. */

/* parts of df_system_ops (system.h) */
size_t df_mujoco_state_size(const df_system* system);
void df_mujoco_reset(df_sim* sim, const double* x);
void df_mujoco_set_state(df_sim* sim, const double* x);
void df_mujoco_save(const df_sim* sim, double* state);
void df_mujoco_restore(df_sim* sim, const double* state);

/* Loads a saved state; tape and history are unchanged. */
void df_mujoco_go_to(df_sim* sim, const double* state);

/* Loads x for inspection; tape and history are unchanged. */
void df_mujoco_look_at(df_sim* sim, const double* x);

/* Copies everything that the next step reads besides the action from mjData: mjSTATE_FULLPHYSICS and the solver's warm
 * start. */
void df_mujoco_whole_state(const df_sim* sim, double* state);

/* Empties the history and the tape. */
void df_mujoco_rewind(df_sim* sim);

/* Saves the last state of the trajectory before an adjoint moves the simulator; does nothing if it is saved. */
void df_mujoco_leave_end(df_sim* sim);
/* Loads the last state of the trajectory again after an adjoint; does nothing if no adjoint has moved the simulator. */
void df_mujoco_return_to_end(df_sim* sim);

/* ---- advance.c ---- */

/* Runs `steps` physics steps of action u [nu] with the options of `model`, and records them if `record`; catches MuJoCo
 * errors. */
df_traj_end df_mujoco_advance(df_sim* sim, const mjModel* model, const double* u, int steps, bool record);

/* ---- closed_step.c: steps of dynamics in closed form ---- */

/* Takes a physics step of action u [nu] from the state in mjData to the next one there; sim->before is the first. */
void df_closed_step(df_sim* sim, const double* u);
/* Appends that step to the tape. DF_E_NOMEM as df_tape_record(). */
df_status df_closed_record(df_sim* sim, const double* u);
/* The adjoint of record `at` for `rows` cotangents y [rows][ndx], as df_adjoint_step(): adds to ubar [rows][nu]. */
void df_closed_adjoint(const df_sim* sim, int at, int rows, const double* y, double* xbar, double* ubar);

/* ---- finite_difference.c ---- */

/* Solver tolerance of steps that are differentiated by finite differences, so that the residual does not enter the
 * difference. Tighter than the solver can reach, so it always runs to its numerical floor. */
extern const double DF_CONVERGED;

/* A shallow copy of the model with solver tolerances set to DF_CONVERGED and at least 100 iterations of the convex
 * collider; do not pass it to mj_deleteModel(). */
mjModel df_finite_difference_model(const mjModel* m);
size_t df_finite_difference_work_size(const df_mujoco* system); /* doubles of scratch memory */

/* Runs action u [nu] from the saved state `start` and saves the start state of each physics step. */
df_traj_end df_finite_difference_replay(df_sim* sim, const double* start, const double* u);
/* The adjoints of physics step i of the action replayed last, by finite differences, for `rows` cotangents: from y
 * [rows][ndx] to xbar [rows][ndx] (not y); adds to ubar [rows][nu]. Both functions move the simulator. */
df_traj_end df_finite_difference_step(df_sim* sim, int i, const double* u, int rows, const double* y, double* xbar,
                                      double* ubar);

/* ---- points.c: parts of df_system_ops ---- */

void df_mujoco_points(df_sim* sim, const double* x, int n, const df_point* point, double* position, double* velocity);
void df_mujoco_points_vjp(df_sim* sim, const double* x, int n, const df_point* point, const double* dposition,
                          const double* dvelocity, double* dx);

/* ---- system_mujoco.c ---- */

/* A copy of the system with another solver tolerance; the caller frees it with df_system_free(). Errors: DF_E_NOMEM,
 * and those of df_mujoco_system_new() for a compiled model. On failure *out is NULL. */
df_status df_mujoco_copy_with_tolerance(const df_system* system, double tolerance, df_system** out);

#endif
