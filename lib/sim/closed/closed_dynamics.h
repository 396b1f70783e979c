/* closed_dynamics.h: dynamics in closed form that replace MuJoCo's step of a model, which then only describes the
 * layout of the state. Private.
 *
 * States, tangents and actions are those of system.h for the model: x = [qpos (nq), qvel (nv), act (na)]. */
#ifndef LIB_SIM_CLOSED_CLOSED_DYNAMICS_H
#define LIB_SIM_CLOSED_CLOSED_DYNAMICS_H

#include <stdbool.h>

#include "dynaflow/sim/mujoco.h"

/* the largest numbers of coordinates and actions of any of them */
enum { CLOSED_NX_MAX = 32, CLOSED_NU_MAX = 16 };

typedef struct df_closed_dynamics {
  const char* name;
  const char* layout; /* what the model must be, for messages */
  int nq, nv, na, nu; /* of the model; its first joint is free */
  int length; /* index in act of the length of the quaternion of the free joint (df_mujoco_quaternion_length()) */
  const double *act_lo, *act_hi; /* [na] range of the activations, at whose ends the step has kinks */

  /* The step of h seconds from x [nx] under u [nu], which is in the action box, to x1 [nx], not x. */
  void (*step)(double h, const double* x, const double* u, double* x1);

  /* Its adjoint: from the cotangent y [ndx] of x1 computes xbar [ndx], which may be y, and ubar [nu]. */
  void (*step_vjp)(double h, const double* x, const double* u, const double* y, double* xbar, double* ubar);
} df_closed_dynamics;

/* those of `dynamics`; NULL for DF_DYNAMICS_MUJOCO and for a number that is none of df_dynamics */
const df_closed_dynamics* df_closed_dynamics_of(df_dynamics dynamics);

/* ---- quadcopter.c ---- */

extern const df_closed_dynamics df_quadcopter;

#endif
