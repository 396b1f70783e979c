/* joint_force.h: forces that depend on the state of their own joint alone, and their derivatives.
 *
 * On a hinge or slide such forces (springs, dampers, actuators, limits) are three numbers a dof: see tape.h. On a ball
 * or free joint they are blocks, square matrices over the joint's 3 or 6 dofs. Joints without such forces have none. */
#ifndef DF_SIM_JOINT_FORCE_H
#define DF_SIM_JOINT_FORCE_H

#include <math.h>
#include <mujoco/mujoco.h>
#include <stdbool.h>

#include "dynaflow/core/status.h"

typedef struct df_joint_forces {
  bool damped; /* the integrator takes dampers and velocity gains implicitly */
  bool curved; /* what it takes implicitly depends on the state */
  bool linear; /* no damper has b1 or b2 */
  bool sprung; /* a joint has a spring */
  /* [nv][3] damping of each dof with that of its actuators: force = -v (b0 + b1 |v| + b2 v^2) */
  double* damping;
  int nblock;
  int* dof;                    /* [nblock] first dof */
  int* size;                   /* [nblock] 3 or 6 */
  int* at;                     /* [nblock] offset of a block's matrix in an array of all of them */
  int* block;                  /* [njnt] the joint's block, or -1 */
  int total;                   /* doubles in an array of all blocks */
  int nrigid;                  /* free bodies whose tree has no other dofs, under implicitfast */
  int *rigid_dof, *rigid_body; /* [nrigid] */
} df_joint_forces;

/* minus the derivative of a damper's force by v, for its law of `damping` */
static inline double df_damper_slope(const double law[3], double v) {
  return law[0] + 2 * law[1] * fabs(v) + 3 * law[2] * v * v;
}

static inline int df_joint_dofs(const mjModel* m, int joint) {
  static const int dofs[] = {[mjJNT_FREE] = 6, [mjJNT_BALL] = 3, [mjJNT_SLIDE] = 1, [mjJNT_HINGE] = 1};
  return dofs[m->jnt_type[joint]];
}

df_status df_joint_forces_build(df_joint_forces* forces, const mjModel* m);
/* Reads the dampers anew. */
void df_joint_forces_refresh(df_joint_forces* forces, const mjModel* m);
void df_joint_forces_free(df_joint_forces* forces);

#endif
