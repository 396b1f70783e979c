/* model.h: a MuJoCo model as a df_system: the compiled model, and the data derived from it when it is loaded. */
#ifndef LIB_SIM_MODEL_MODEL_H
#define LIB_SIM_MODEL_MODEL_H

#include <mujoco/mujoco.h>
#include <stdint.h>

#include "actuation.h"
#include "closed_dynamics.h"
#include "dynaflow/sim/adjoint.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/parameters.h"
#include "joint_force.h"
#include "tree.h"

enum { MAX_NV = DF_NDX_MAX / 2 };

/* which actions are differentiated by finite differences */
typedef enum df_finite_difference_use {
  FINITE_DIFFERENCE_NEVER,
  FINITE_DIFFERENCE_CONTACTS,
  FINITE_DIFFERENCE_ALWAYS
} df_finite_difference_use;

typedef struct df_mujoco {
  df_system base; /* must be first: as_mujoco() casts a df_system* */
  mjModel* model;
  const df_closed_dynamics* closed; /* what replaces MuJoCo's step; NULL: nothing */
  df_dynamics dynamics;
  int substeps;
  df_tree tree;
  df_actuation actuation;
  df_joint_forces joint_forces;
  df_joint* joints;
  df_feature* features;
  int nfeature;
  double* box;              /* action box: u_lo [nu], u_hi [nu] */
  df_parameter* parameters; /* [nparameter]; none unless cfg.parameter_gradients is set */
  int nparameter;
  int* friction_parameter; /* [ngeom][3] index of a geom's friction parameters, -1: none */
  df_finite_difference_use differences;
  mjModel converged; /* df_finite_difference_model(model); shares its arrays and owns nothing */
  bool approximate_contacts, finite_differences, forward_only; /* as in df_mujoco_cfg */
  df_model_identity identity; /* its strings: the members below, and `list`, which is owned */
  char files_sha256[DF_SHA256_TEXT], compiled_sha256[DF_SHA256_TEXT];
  char* list;
} df_mujoco;

/* tape records per physics step: one, or four (one per stage) with RK4 */
static inline int df_records_of_step(const df_mujoco* system) {
  return system->model->opt.integrator == mjINT_RK4 ? 4 : 1;
}
/* tape records per action */
static inline int df_records_of_action(const df_mujoco* system) {
  return system->substeps * df_records_of_step(system);
}

/* Whether gravity compensation acts. It is a passive force: MuJoCo omits it if both springs and dampers are
 * disabled. */
static inline bool df_compensates_gravity(const mjModel* m) {
  const mjtNum* g = m->opt.gravity;
  const int flags = m->opt.disableflags;
  const bool passive = !(flags & mjDSBL_SPRING) || !(flags & mjDSBL_DAMPER);
  return m->flg_gravcomp && passive && !(flags & mjDSBL_GRAVITY) && (g[0] != 0 || g[1] != 0 || g[2] != 0);
}

/* Whether the compensation of a joint is part of qfrc_actuator instead of qfrc_passive. MuJoCo computes no
 * qfrc_actuator, and so omits it, without actuators and while actuation is disabled. */
static inline bool df_compensated_by_actuators(const mjModel* m, int joint) {
  const bool acts = m->nu > 0 && !(m->opt.disableflags & mjDSBL_ACTUATION);
  return acts && df_compensates_gravity(m) && m->jnt_actgravcomp[joint];
}

/* whether the masks of a geom let it touch anything; the others are only drawn, or touch by explicit pairs */
static inline bool df_geom_collides(const mjModel* m, int geom) {
  return m->geom_contype[geom] || m->geom_conaffinity[geom];
}

static inline const df_mujoco* as_mujoco(const df_system* system) {
  return (const df_mujoco*)(const void*)system;
}

/* ---- compile.c ---- */

/* Compiles the file `path`, or the XML text if `path` is NULL, with the options of `cfg`; `name` is the model's name in
 * errors, which are those of df_mujoco_system_new(). *list is set to the files that were read (`list` of
 * df_model_identity), NULL for XML text; the caller frees it with df_free(). */
df_status df_mujoco_compile(const char* path, const char* xml, const char* name, const df_mujoco_cfg* cfg,
                            mjModel** out, char** list);

/* ---- closed_check.c ---- */

/* DF_E_CONFIG if options of `cfg`, or the model `m`, do not go with the dynamics in closed form of `cfg`; `name` is the
 * model's name in errors. */
df_status df_closed_dynamics_check(const mjModel* m, const df_mujoco_cfg* cfg, const char* name);

/* ---- features.c ---- */

/* Lists the features and how each is differentiated under `cfg`. The caller frees *features with df_free(). */
df_status df_mujoco_list_features(const mjModel* m, const df_mujoco_cfg* cfg, df_feature** features, int* n);

/* ---- state.c ---- */

/* copy the state x [nx] to and from mjData */
void df_mujoco_put_state(const mjModel* m, mjData* d, const double* x);
void df_mujoco_get_state(const mjModel* m, const mjData* d, double* x);

/* ---- tangent.c ---- */

/* parts of df_system_ops (system.h) */
void df_mujoco_difference(const df_system* system, const double* xa, const double* xb, double* e);
void df_mujoco_difference_vjp(const df_system* system, const double* xa, const double* xb, const double* y,
                              double* dxb);
void df_mujoco_integrate(const df_system* system, const double* xa, const double* e, double* xb);

/* The first of the three rotational dofs of a ball or free joint, -1 for other joints. */
int df_rotation_dof(const mjModel* m, int joint);

/* The adjoint of q' = q (+) h v': qbar [nv] is set to (dq'/dq)^T yq, lam [nv] gains (dq'/dv')^T yq. */
void df_mujoco_position_vjp(const mjModel* m, const double* v_next, const double* yq, double* qbar, double* lam);

/* ---- parameters.c ---- */

/* Fills parameters, nparameter and friction_parameter of a system; `name` is the model's name in errors. Errors:
 * DF_E_NOMEM; DF_E_UNSUPPORTED if steps are differentiated by finite differences, or for a free body without limbs
 * under implicitfast, which it names. */
df_status df_parameters_list(df_mujoco* system, const char* name);

/* Whether the integrator treats the damping of joints, if there is any, implicitly. */
bool df_joints_damp_implicitly(const mjModel* m);

/* Which bias coefficient of an actuator equals minus its gain, and follows the gain as a parameter: the coefficient of
 * the length (position servo) or of the velocity (velocity servo); at most one. */
typedef struct df_gain_follow {
  bool by_length, by_velocity;
} df_gain_follow;
df_gain_follow df_gain_follows(const mjModel* m, int actuator);

/* ---- query.c ---- */

int df_actuator_of(const mjModel* m, int k); /* the actuator that control k belongs to */

enum { FRICTION_CLASSES = 3 }; /* sliding, torsional, rolling */

#endif
