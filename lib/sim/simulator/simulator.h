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
  df_effort effort; /* since it was made */
  double* before;   /* [nx] state at the start of a physics step */
  double* work;     /* the adjoint's scratch memory */
  double* stages;   /* that of a recorded Runge-Kutta step */
  double* scratch;  /* that of differences */
  double* pbar;     /* [nparameter] gradient by the parameters; NULL without */
  bool needs_reset; /* an error left mjData in an unknown state */
};

/* ---- simulator.c: the simulator's part of df_system_ops ---- */

df_status df_mujoco_sim_new(const df_system* system, int tape_length, df_sim** out);
void df_mujoco_sim_free(df_sim* sim);
df_traj_end df_mujoco_step(df_sim* sim, const double* u, double* x1);
df_traj_end df_mujoco_step_vjp(df_sim* sim, int t, const double* y, double* xbar, double* ubar);
df_status df_mujoco_bound_tape(df_sim* sim, size_t bytes);
size_t df_mujoco_tape_bytes(const df_sim* sim);
df_gradient_count df_mujoco_gradient_count(const df_sim* sim);
void df_mujoco_add_effort(const df_sim* sim, df_effort* sum);

/* ---- load_state.c ---- */

/* parts of df_system_ops (system.h) */
size_t df_mujoco_state_size(const df_system* system);
void df_mujoco_reset(df_sim* sim, const double* x);
void df_mujoco_set_state(df_sim* sim, const double* x);
void df_mujoco_save(const df_sim* sim, double* state);
void df_mujoco_restore(df_sim* sim, const double* state);

/* Takes the simulator to a saved state and leaves its tape as it is. */
void df_mujoco_go_to(df_sim* sim, const double* state);

/* Loads x and leaves tape and trajectory as they are: for a look at a state. */
void df_mujoco_look_at(df_sim* sim, const double* x);

/* All that the next step reads, as it stands in mjData. */
void df_mujoco_whole_state(const df_sim* sim, double* state);

/* These call MuJoCo outside a guard, with functions that raise no error. */

/* Empties the history and the tape. */
void df_history_rewind(df_sim* sim);

/* Saves the last state of the trajectory before an adjoint moves the simulator; does nothing if it is saved. */
void df_history_leave(df_sim* sim);
/* Takes a simulator that an adjoint has moved back to the last state of its trajectory. */
void df_history_return(df_sim* sim);

/* ---- advance.c ---- */

/* Runs physics steps under the options of `model`, onto the tape if asked for; guarded. */
df_traj_end df_mujoco_advance(df_sim* sim, const mjModel* model, const double* u, int steps, bool record);

/* ---- finite_difference.c ---- */

/* The tolerance of a solver for steps that are differenced, so that its residual is no part of the difference: stricter
 * than any solution gets, so that all that stop at it stop because they cannot get better. */
extern const double DF_CONVERGED;

/* The model with options under which its solvers go on until they cannot get better; not to be deleted. */
mjModel df_finite_difference_model(const mjModel* m);
size_t df_finite_difference_work_size(const df_mujoco* system); /* doubles of scratch memory */

/* Runs action u [nu] from the saved state `start` and notes where each of its physics steps begins. */
df_traj_end df_finite_difference_replay(df_sim* sim, const double* start, const double* u);
/* The adjoint of physics step i of the action replayed last, by differences: from y [ndx] to xbar [ndx] (may be y);
 * adds to ubar [nu]. Both move the simulator. */
df_traj_end df_finite_difference_step(df_sim* sim, int i, const double* u, const double* y, double* xbar, double* ubar);

/* ---- system_mujoco.c ---- */

/* The same system at solver tolerance `tolerance`. */
df_status df_mujoco_copy_with_tolerance(const df_system* system, double tolerance, df_system** out);

#endif
