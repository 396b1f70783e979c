/* parameters.h: physical parameters of a MuJoCo model for system identification and domain randomisation: their values,
 * and the gradient of a loss by them.
 *
 * A system created with df_mujoco_cfg.parameter_gradients = true records what the gradient needs, about 80 bytes per
 * body and 200 bytes per contact on the tape of each step. Other systems have no parameters. For one trajectory:
 *
 *     df_trajectory_run(system, sim, H, x0, u, x);
 *     df_trajectory_vjp(system, sim, H, dx, 1, du, NULL);
 *     df_mujoco_parameter_gradient(sim, dp);
 *
 * Values are in SI units. Quantities that MuJoCo derives from the reference pose at compile time (the inverse weights
 * that scale the mass of constraints) are not updated when a value changes, neither in the simulation nor in the
 * gradient. Derivation: docs/adjoint.md, section 9.
 *
 * All functions require a system, or a simulator of one, that mujoco.h created. Arguments must not be NULL. */
#ifndef DYNAFLOW_SIM_PARAMETERS_H
#define DYNAFLOW_SIM_PARAMETERS_H

#include "dynaflow/sim/system.h"

typedef enum df_parameter_kind {
  DF_PARAMETER_MASS,             /* of a body, kg; its inertia is proportional to it */
  DF_PARAMETER_DAMPING,          /* of a joint, all its dofs: N s/m or N m s/rad */
  DF_PARAMETER_ARMATURE,         /* of a joint, all its dofs: kg or kg m^2 */
  DF_PARAMETER_FRICTION_SLIDE,   /* of a geom, as in its friction attribute. A contact has the larger value of its */
  DF_PARAMETER_FRICTION_TORSION, /* two geoms, or that of the geom of higher priority. If both are equal, the */
  DF_PARAMETER_FRICTION_ROLL,    /* gradient is that of increasing either one. An explicit <pair> has no parameter */
  DF_PARAMETER_GAIN,             /* of an actuator: kp of a position servo, kv of a velocity servo (their bias changes
                                  * with it), or the gain of a motor: N or N m per unit of control */
  DF_PARAMETER_VELOCITY_GAIN     /* of an actuator with affine bias, kv of a position servo: N s/m or N m s/rad */
} df_parameter_kind;

typedef struct df_parameter {
  df_parameter_kind kind;
  int id;         /* index of the body, joint, geom or actuator */
  char name[100]; /* "mass of body 'torso'", "gain of actuator 3" ... */
} df_parameter;

/* Sets *list to the parameters of the system, [count], owned by the system; all arrays below have this order. Returns
 * the count: 0 for a system created without parameter_gradients. */
DF_API int df_mujoco_parameters(const df_system* system, const df_parameter** list);

/* p [count] = the current values. */
DF_API void df_mujoco_parameter_values(const df_system* system, double* p);

/* Sets the parameters to p [count]. No simulator of the system may be running; steps recorded before belong to the old
 * values. A value equal to the current one is always accepted. Errors: DF_E_ARG if an argument is NULL, or, naming the
 * parameter, if a new value is not finite, not positive (mass, friction, gain) or negative (the others). On failure no
 * value is changed. */
DF_API DF_MUST_CHECK df_status df_mujoco_set_parameters(df_system* system, const double* p);

/* dp [count] = the gradient by the parameters, summed over all step adjoints on `sim` since its last reset. */
DF_API void df_mujoco_parameter_gradient(const df_sim* sim, double* dp);

#endif
