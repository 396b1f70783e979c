/* rk4.h: MuJoCo's Runge-Kutta step, stage by stage, and its adjoint (docs/adjoint.md, section 8).
 *
 * mj_step() keeps nothing of the four stages, so a step that is to be recorded is made here, with MuJoCo's public
 * functions in its own order of operations: the next state has the same bits. */
#ifndef DF_SIM_RK4_H
#define DF_SIM_RK4_H

#include "model.h"
#include "tape.h"

enum {
  RK4_STAGES = 4,
  /* from version 4 on the stages of a rotation are combined in its rotation vector, whose rate is not the velocity */
  RK4_CURVED = mjVERSION_HEADER >= 4000000
};

/* Stage i starts RK4_FRACTION[i] of a step after the start, moved by the rates of stage i - 1 alone; in the next state
 * its rates have RK4_WEIGHT[i]. */
static const double RK4_FRACTION[RK4_STAGES] = {0, 0.5, 0.5, 1};
static const double RK4_WEIGHT[RK4_STAGES] = {1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0};

/* doubles of scratch memory for df_rk4_step(); 0 for a model with another integrator */
size_t df_rk4_step_size(const mjModel* m);

/* mj_step() of a model with integrator RK4, and one record a stage on the tape. After a state that MuJoCo warns of the
 * tape may hold less. DF_E_NOMEM if it cannot grow. Calls MuJoCo: to be guarded. */
df_status df_rk4_step(const df_mujoco* system, mjData* d, df_tape* tape, double* work);

/* ---- the rate of a rotation vector ----
 * of a rotation q0 exp(r) with angular velocity v in its own frame: dr/dt = Jr(r)^-1 v. An r beyond pi stands for the
 * rotation vector of the same rotation below pi. */

/* v = Jr(r)^-1 v */
void df_rotation_rate(const double r[3], double v[3]);
/* its adjoint: from the cotangent y of the result, adds to those of r and v */
void df_rotation_rate_vjp(const double r[3], const double v[3], const double y[3], double rbar[3], double vbar[3]);

#endif
