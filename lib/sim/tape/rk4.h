/* rk4.h: MuJoCo's fourth-order Runge-Kutta step, stage by stage, and its adjoint (docs/adjoint.md, section 8).
 *
 * mj_step() does not keep its four stages, so a step that must be recorded is computed here, by MuJoCo's public
 * functions in MuJoCo's order of operations: the next state is bit-identical. */
#ifndef LIB_SIM_TAPE_RK4_H
#define LIB_SIM_TAPE_RK4_H

#include "model.h"
#include "tape.h"

enum {
  RK4_STAGES = 4,
  /* 1 from MuJoCo 4.0 on: the stages of a rotation are combined in its rotation vector, whose rate is not the velocity
   */
  RK4_CURVED = mjVERSION_HEADER >= 4000000
};

/* The Butcher tableau. Stage i is evaluated at the start state moved by RK4_FRACTION[i] steps along the rates of stage
 * i - 1; the next state is the start state moved by one step along the mean of the rates with weights RK4_WEIGHT. */
static const double RK4_FRACTION[RK4_STAGES] = {0, 0.5, 0.5, 1};
static const double RK4_WEIGHT[RK4_STAGES] = {1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0};

/* Scratch memory of df_rk4_step() in doubles; 0 for other integrators. */
size_t df_rk4_step_size(const mjModel* m);

/* mj_step() for a model with integrator RK4; appends one record per stage to the tape. work [df_rk4_step_size()]. After
 * a state about which MuJoCo warns the tape may hold fewer records. DF_E_NOMEM if the tape cannot grow. May raise a
 * MuJoCo error: call it under df_mujoco_guarded(). */
df_status df_rk4_step(const df_mujoco* system, mjData* d, df_tape* tape, double* work);

/* ---- the rate of a rotation vector ----
 * For a rotation q0 exp(r) with angular velocity v in the body frame, dr/dt = Jr(r)^-1 v. An r longer than pi is first
 * replaced by the rotation vector of the same rotation with at most that length. */

/* v = Jr(r)^-1 v */
void df_rotation_rate(const double r[3], double v[3]);
/* Adjoint of df_rotation_rate(): adds to the cotangents rbar of r and vbar of v, for the cotangent y of the result. */
void df_rotation_rate_vjp(const double r[3], const double v[3], const double y[3], double rbar[3], double vbar[3]);

#endif
