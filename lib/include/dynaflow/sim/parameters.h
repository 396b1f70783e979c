/* parameters.h: physical parameters of a MuJoCo model (for system identification or domain randomisation), their
 * values, and the gradient of a loss by them.
 *
 * Only a system made with df_mujoco_cfg.parameter_gradients = true has parameters; its tape takes about 80 bytes per
 * body and 200 bytes per contact more in each record. Gradient along one trajectory:
 *
 *     df_trajectory_run(system, sim, H, x0, u, x);
 *     df_trajectory_vjp(system, sim, H, dx, 1, du, NULL);
 *     df_mujoco_parameter_gradient(sim, dp);
 *
 * Values are in SI units. The inverse weights that MuJoCo computes from the reference pose at compile time, which scale
 * constraint masses, are not recomputed when a value changes, neither in the simulation nor in the gradient.
 * Derivation: docs/adjoint.md, section 9. */
#ifndef DYNAFLOW_SIM_PARAMETERS_H
#define DYNAFLOW_SIM_PARAMETERS_H

#include "dynaflow/sim/system.h"

DF_BEGIN_DECLS

/* Friction: one parameter of each kind per geom that can collide, the value of the geom's friction attribute. A contact
 * takes the larger value of its two geoms, or the value of the geom with higher priority if priorities differ. Where
 * the values are equal the gradient is that of increasing the value. Contacts of explicit <pair>s have no parameter. */
typedef enum df_parameter_kind {
  DF_PARAMETER_MASS,             /* body, kg; the inertia is scaled in proportion */
  DF_PARAMETER_DAMPING,          /* joint, the same for all its dofs: N s/m or N m s/rad */
  DF_PARAMETER_ARMATURE,         /* joint, the same for all its dofs: kg or kg m^2 */
  DF_PARAMETER_FRICTION_SLIDE,   /* geom, dimensionless */
  DF_PARAMETER_FRICTION_TORSION, /* geom, m */
  DF_PARAMETER_FRICTION_ROLL,    /* geom, m */
  DF_PARAMETER_GAIN,         /* actuator: kp of a position servo or kv of a velocity servo (the bias follows), gain of
                              * a motor: N or N m per unit of control */
  DF_PARAMETER_VELOCITY_GAIN /* actuator with affine bias: kv of a position servo: N s/m or N m s/rad */
} df_parameter_kind;

typedef struct df_parameter {
  df_parameter_kind kind;
  int id;         /* MuJoCo's index of the body, joint, geom or actuator */
  char name[100]; /* "mass of body 'torso'", "gain of actuator 3" ... */
} df_parameter;

/* Sets *list [count] to the system's parameters, owned by the system, and returns their count; 0 for a system made
 * without parameter_gradients. All arrays below are in this order. All functions here are for MuJoCo systems only. */
DF_API int df_mujoco_parameters(const df_system* system, const df_parameter** list);

/* Writes the current values to p [count]. */
DF_API void df_mujoco_parameter_values(const df_system* system, double* p);

/* Sets the parameters to p [count]. No simulator of the system may be running; tapes recorded before hold the old
 * values and must be reset. DF_E_ARG if an argument is NULL, or, with the name of the parameter, if a value that
 * differs from the current one is not finite, not > 0 (mass, friction, gain) or not >= 0 (damping, armature, velocity
 * gain); then no value is changed. */
DF_API DF_MUST_CHECK df_status df_mujoco_set_parameters(df_system* system, const double* p);

/* Writes to dp [count] the sum of the gradients of all steps whose adjoint `sim` has computed since its last reset. */
DF_API void df_mujoco_parameter_gradient(const df_sim* sim, double* dp);

DF_END_DECLS

#endif
