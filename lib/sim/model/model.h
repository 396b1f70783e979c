/* model.h: a MuJoCo model as a df_system: the compiled model and what is derived from it once. */
#ifndef LIB_SIM_MODEL_MODEL_H
#define LIB_SIM_MODEL_MODEL_H

#include <mujoco/mujoco.h>
#include <stdint.h>

#include "actuation.h"
#include "dynaflow/sim/adjoint.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/parameters.h"
#include "joint_force.h"
#include "tree.h"

enum { MAX_NV = DF_NDX_MAX / 2 };

/* which actions are differentiated by differences */
typedef enum df_finite_difference_use {
  FINITE_DIFFERENCE_NEVER,
  FINITE_DIFFERENCE_CONTACTS,
  FINITE_DIFFERENCE_ALWAYS
} df_finite_difference_use;

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
  df_finite_difference_use differences;
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

/* ---- compile.c ---- */

/* Compiles the file, or the XML text if `path` is NULL, with the options of cfg. */
df_status df_mujoco_compile(const char* path, const char* xml, const char* name, const df_mujoco_cfg* cfg,
                            mjModel** out);

/* ---- features.c ---- */

/* Lists the model's features, as the options admit them, in memory of df_alloc. */
df_status df_mujoco_list_features(const mjModel* m, const df_mujoco_cfg* cfg, df_feature** features, int* n);

/* ---- state.c ---- */

/* x [nx] to and from mjData */
void df_mujoco_put_state(const mjModel* m, mjData* d, const double* x);
void df_mujoco_get_state(const mjModel* m, const mjData* d, double* x);

/* ---- tangent.c ---- */

void df_mujoco_difference(const df_system* system, const double* xa, const double* xb, double* e);
void df_mujoco_difference_vjp(const df_system* system, const double* xa, const double* xb, const double* y,
                              double* dxb);
void df_mujoco_integrate(const df_system* system, const double* xa, const double* e, double* xb);

/* the first of three rotational dofs of a joint, or -1 */
int df_rotation_dof(const mjModel* m, int joint);

/* The adjoint of q' = q (+) h v': qbar [nv] is set to (dq'/dq)^T yq, lam [nv] gains (dq'/dv')^T yq. */
void df_mujoco_position_vjp(const mjModel* m, const double* v_next, const double* yq, double* qbar, double* lam);

/* ---- parameters.c ---- */

/* Fills parameters, nparameter and friction_parameter of a system; `name` is the model's name in errors. Errors:
 * DF_E_NOMEM; DF_E_UNSUPPORTED if steps are differentiated by finite differences, or for a free body without limbs
 * under implicitfast, which it names. */
df_status df_parameters_list(df_mujoco* system, const char* name);

/* whether the integrator would take the damping of a damped joint implicitly */
bool df_joints_damp_implicitly(const mjModel* m);

/* Which bias coefficient of an actuator is minus its gain and changes with it: that on the length (position servo) or
 * that on the velocity (velocity servo); at most one. */
typedef struct df_gain_follow {
  bool by_length, by_velocity;
} df_gain_follow;
df_gain_follow df_gain_follows(const mjModel* m, int actuator);

enum { FRICTION_CLASSES = 3 }; /* sliding, torsional, rolling */

#endif
