/* parameters.h: the physical parameters of a MuJoCo model that people identify or randomise, their values, and the
 * gradient of a loss by them.
 *
 * A system made with df_mujoco_cfg.parameter_gradients = true keeps what this takes on its tape (about 80 bytes a body
 * and 200 a contact more); others have no parameters. One trajectory:
 *
 *     df_trajectory_run(system, sim, H, x0, u, x);
 *     df_trajectory_vjp(system, sim, H, dx, 1, du, NULL);
 *     df_mujoco_parameter_gradient(sim, dp);
 *
 * Values are in SI units. What MuJoCo derives from the reference pose at compile time (the inverse weights that scale
 * the mass of constraints) is not derived anew when a value changes: the gradient is that of what is simulated.
 * Derivation: docs/adjoint.md, section 9. */
#ifndef DYNAFLOW_SIM_PARAMETERS_H
#define DYNAFLOW_SIM_PARAMETERS_H

#include "dynaflow/sim/system.h"

typedef enum df_parameter_kind {
  DF_PARAMETER_MASS,             /* of a body, kg; its inertia grows in proportion */
  DF_PARAMETER_DAMPING,          /* of a joint, all its dofs: N s/m or N m s/rad */
  DF_PARAMETER_ARMATURE,         /* of a joint, all its dofs: kg or kg m^2 */
  DF_PARAMETER_FRICTION_SLIDE,   /* of a geom, as in its friction attribute. A contact takes the larger of its two */
  DF_PARAMETER_FRICTION_TORSION, /* geoms (that of the higher priority, if these differ); where they are equal the */
  DF_PARAMETER_FRICTION_ROLL,    /* gradient is that of raising the value. Explicit <pair>s have no parameter */
  DF_PARAMETER_GAIN,             /* of an actuator: kp of a position servo, kv of a velocity servo (whose bias follows),
                                  * the gain of a motor: N or N m a unit of control */
  DF_PARAMETER_VELOCITY_GAIN     /* of an actuator with affine bias: kv of a position servo: N s/m or N m s/rad */
} df_parameter_kind;

typedef struct df_parameter {
  df_parameter_kind kind;
  int id;         /* of the body, joint, geom or actuator */
  char name[100]; /* "mass body 'torso'", "gain actuator 3" ... */
} df_parameter;

/* The system's parameters, in the order of all arrays below; owned by the system. Returns the count: 0 for a system
 * made without parameter_gradients. */
DF_API int df_mujoco_parameters(const df_system* system, const df_parameter** list);

/* p [count]: the present values. */
DF_API void df_mujoco_parameter_values(const df_system* system, double* p);

/* Gives the parameters new values p [count]. No simulator of the system may be running, and what is on a tape is of the
 * old values. A value as it is may stay; of a new one DF_E_ARG names the parameter if it is not finite, not above 0
 * (mass, friction, gain) or below 0 (the others): then none is changed. */
DF_API DF_MUST_CHECK df_status df_mujoco_set_parameters(df_system* system, const double* p);

/* dp [count]: the sum of the gradients of all steps that went backwards on `sim` since its last reset. */
DF_API void df_mujoco_parameter_gradient(const df_sim* sim, double* dp);

#endif
