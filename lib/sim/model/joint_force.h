/* joint_force.h: forces that depend only on the state of their own joint, and the layout of their derivatives
 * (docs/adjoint.md, section 4).
 *
 * On a hinge or slide, such forces (springs, dampers, actuators, limits) are three numbers per dof: see tape.h. On a
 * ball or free joint they are blocks: square row-major matrices over the 3 or 6 dofs of the joint. A ball or free joint
 * without springs, actuators or a limit has no block. */
#ifndef LIB_SIM_MODEL_JOINT_FORCE_H
#define LIB_SIM_MODEL_JOINT_FORCE_H

#include <math.h>
#include <mujoco/mujoco.h>
#include <stdbool.h>

#include "dynaflow/core/status.h"

typedef struct df_joint_forces {
  bool damped; /* the integrator takes damping implicitly: M + h B is factorized */
  bool curved; /* the implicit damping B depends on the state */
  bool linear; /* all dampers are linear: b1 = b2 = 0 */
  bool sprung; /* a joint has a spring */
  /* [nv][3] coefficients of the damper of each dof, actuator damping included: force = -v (b0 + b1 |v| + b2 v^2) */
  double* damping;
  int nblock;
  int* dof;                    /* [nblock] first dof */
  int* size;                   /* [nblock] 3 or 6 */
  int* at;                     /* [nblock] offset of the block's matrix in an array of all blocks */
  int* block;                  /* [njnt] index of the joint's block, or -1 */
  int total;                   /* length in doubles of an array of all blocks */
  int nrigid;                  /* free bodies whose tree has no other dofs, under implicitfast; else 0 */
  int *rigid_dof, *rigid_body; /* [nrigid] first dof, body */
} df_joint_forces;

/* minus the derivative of a damper's force by the velocity v, for the coefficients law = {b0, b1, b2} */
static inline double df_damper_slope(const double law[3], double v) {
  return law[0] + 2 * law[1] * fabs(v) + 3 * law[2] * v * v;
}

/* number of dofs of a joint */
static inline int df_joint_dofs(const mjModel* m, int joint) {
  static const int dofs[] = {[mjJNT_FREE] = 6, [mjJNT_BALL] = 3, [mjJNT_SLIDE] = 1, [mjJNT_HINGE] = 1};
  return dofs[m->jnt_type[joint]];
}

/* Fills an all-zero df_joint_forces. DF_E_NOMEM; free with df_joint_forces_free() also on failure. */
df_status df_joint_forces_build(df_joint_forces* forces, const mjModel* m);
/* Recomputes `damping` and `damped` from a model whose dampers have changed. */
void df_joint_forces_refresh(df_joint_forces* forces, const mjModel* m);
/* Frees the arrays; does not clear the struct. */
void df_joint_forces_free(df_joint_forces* forces);

#endif
