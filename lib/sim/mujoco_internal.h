/* mujoco_internal.h: what the files of the MuJoCo system share. */
#ifndef DF_SIM_MUJOCO_INTERNAL_H
#define DF_SIM_MUJOCO_INTERNAL_H

#include <mujoco/mujoco.h>
#include <stdint.h>

#include "actuation.h"
#include "dynaflow/sim/adjoint.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/parameters.h"
#include "joint_force.h"
#include "past.h"
#include "tape.h"
#include "tree.h"

enum { MAX_NV = DF_NDX_MAX / 2 };

/* which actions are differentiated by differences */
typedef enum df_differences { DIFFERENCES_NEVER, DIFFERENCES_CONTACTS, DIFFERENCES_ALWAYS } df_differences;

typedef struct df_mujoco {
  df_system base; /* first: a df_system* of this kind is a df_mujoco* */
  mjModel* model;
  int substeps;
  df_tree tree;
  df_actuation actuation;
  df_joint_forces joint_forces;
  df_joint* joints;
  df_feature* features;
  int nfeature;
  double* box;              /* u_lo [nu], u_hi [nu] */
  df_parameter* parameters; /* [nparameter], none unless asked for */
  int nparameter;
  int* friction_parameter; /* [ngeom][3] index of a geom's friction parameters, -1 for none */
  df_differences differences;
  mjModel converged;                             /* `model` with other options; owns nothing */
  bool approximate_contacts, finite_differences; /* as configured */
} df_mujoco;

/* records on the tape that a physics step makes: one, or one a stage */
static inline int df_records_of_step(const df_mujoco* system) {
  return system->model->opt.integrator == mjINT_RK4 ? 4 : 1;
}
/* that an action makes */
static inline int df_records_of_action(const df_mujoco* system) {
  return system->substeps * df_records_of_step(system);
}

struct df_sim {
  const df_mujoco* system;
  mjData* data;
  df_tape tape;
  df_past past;
  df_gradient_count gradients;
  df_effort effort; /* since it was made */
  double* before;   /* [nx] state at the start of a physics step */
  double* work;     /* the adjoint's scratch memory */
  double* stages;   /* that of a recorded Runge-Kutta step */
  double* scratch;  /* that of differences */
  double* pbar;     /* [nparameter] gradient by the parameters; NULL without */
  bool needs_reset; /* an error left mjData in an unknown state */
};

/* whether bodies are held up against gravity: a passive force, which go when springs and dampers are both disabled */
static inline bool df_compensates_gravity(const mjModel* m) {
  const mjtNum* g = m->opt.gravity;
  const int flags = m->opt.disableflags;
  const bool passive = !(flags & mjDSBL_SPRING) || !(flags & mjDSBL_DAMPER);
  return m->flg_gravcomp && passive && !(flags & mjDSBL_GRAVITY) && (g[0] != 0 || g[1] != 0 || g[2] != 0);
}

static inline const df_mujoco* as_mujoco(const df_system* system) {
  return (const df_mujoco*)(const void*)system;
}

/* ---- mujoco_model.c ---- */

/* Compiles the file, or the XML text if `path` is NULL, with the options of cfg. */
df_status df_mujoco_compile(const char* path, const char* xml, const char* name, const df_mujoco_cfg* cfg,
                            mjModel** out);

/* ---- mujoco_features.c ---- */

/* Lists the model's features, as the options admit them, in memory of df_alloc. */
df_status df_mujoco_list_features(const mjModel* m, const df_mujoco_cfg* cfg, df_feature** features, int* n);

/* ---- mujoco_sim.c: the simulator's part of df_system_ops ---- */

df_status df_mujoco_sim_new(const df_system* system, int tape_length, df_sim** out);
void df_mujoco_sim_free(df_sim* sim);
void df_mujoco_reset(df_sim* sim, const double* x);
void df_mujoco_set_state(df_sim* sim, const double* x);
df_traj_end df_mujoco_step(df_sim* sim, const double* u, double* x1);
df_traj_end df_mujoco_step_vjp(df_sim* sim, int t, const double* y, double* xbar, double* ubar);
size_t df_mujoco_state_size(const df_system* system);
void df_mujoco_save(const df_sim* sim, double* state);
void df_mujoco_restore(df_sim* sim, const double* state);
df_status df_mujoco_bound_tape(df_sim* sim, size_t bytes);
size_t df_mujoco_tape_bytes(const df_sim* sim);
df_gradient_count df_mujoco_gradient_count(const df_sim* sim);
void df_mujoco_add_effort(const df_sim* sim, df_effort* sum);

/* x [nx] to and from mjData */
void df_mujoco_put_state(const mjModel* m, mjData* d, const double* x);
void df_mujoco_get_state(const mjModel* m, const mjData* d, double* x);

/* Takes the simulator to a saved state and leaves its tape as it is. */
void df_mujoco_go_to(df_sim* sim, const double* state);

/* Loads x and leaves tape and trajectory as they are: for a look at a state. */
void df_mujoco_look_at(df_sim* sim, const double* x);

/* All that the next step reads, as it stands in mjData. */
void df_mujoco_whole_state(const df_sim* sim, double* state);

/* Runs physics steps under the options of `model`, onto the tape if asked for; guarded. */
df_traj_end df_mujoco_advance(df_sim* sim, const mjModel* model, const double* u, int steps, bool record);

/* ---- differences.c ---- */

/* The tolerance of a solver for steps that are differenced, so that its residual is no part of the difference: stricter
 * than any solution gets, so that all that stop at it stop because they cannot get better. */
extern const double DF_CONVERGED;

/* The model with options under which its solvers go on until they cannot get better; not to be deleted. */
mjModel df_differences_model(const mjModel* m);
size_t df_differences_work_size(const df_mujoco* system); /* doubles of scratch memory */

/* Runs action u [nu] from the saved state `start` and notes where each of its physics steps begins. */
df_traj_end df_differences_replay(df_sim* sim, const double* start, const double* u);
/* The adjoint of physics step i of the action replayed last, by differences: from y [ndx] to xbar [ndx] (may be y);
 * adds to ubar [nu]. Both move the simulator. */
df_traj_end df_difference_step(df_sim* sim, int i, const double* u, const double* y, double* xbar, double* ubar);

/* ---- mujoco_system.c ---- */

/* The same system at solver tolerance `tolerance`. */
df_status df_mujoco_copy_with_tolerance(const df_system* system, double tolerance, df_system** out);

/* ---- tangent.c ---- */

void df_mujoco_difference(const df_system* system, const double* xa, const double* xb, double* e);
void df_mujoco_difference_vjp(const df_system* system, const double* xa, const double* xb, const double* y,
                              double* dxb);
void df_mujoco_integrate(const df_system* system, const double* xa, const double* e, double* xb);

/* the first of three rotational dofs of a joint, or -1 */
int df_rotation_dof(const mjModel* m, int joint);

/* The adjoint of q' = q (+) h v': qbar [nv] is set to (dq'/dq)^T yq, lam [nv] gains (dq'/dv')^T yq. */
void df_mujoco_position_vjp(const mjModel* m, const double* v_next, const double* yq, double* qbar, double* lam);

/* ---- adjoint.c ---- */

/* Scratch memory: doubles, and what is done with it before the first step. */
size_t df_adjoint_work_size(const df_mujoco* system);
void df_adjoint_prepare(const df_mujoco* system, double* work);

/* The adjoint of the physics step whose records begin at `first` on the tape: from y [2 nv + na] to xbar [2 nv + na]
 * (may be y); adds to ubar [nu] and, unless it is NULL, to pbar [nparameter]. */
void df_adjoint_step(const df_mujoco* system, const df_tape* tape, int first, double* work, const double* y,
                     double* xbar, double* ubar, double* pbar);

#endif
