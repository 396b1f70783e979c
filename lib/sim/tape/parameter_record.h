/* parameter_record.h: what a step's tape holds for the gradient by parameters (docs/adjoint.md, section 9). */
#ifndef DF_SIM_PARAMETER_RECORD_H
#define DF_SIM_PARAMETER_RECORD_H

#include "record.h"

/* what a step's tape holds for the parameters */
typedef struct df_actuator_slope {
  double gain, velocity_gain;                   /* of the actuator's force; 0 if saturated */
  double implicit_gain, implicit_velocity_gain; /* of its dof's implicit damping */
} df_actuator_slope;

typedef struct df_friction_slope {
  int geom[FRICTION_CLASSES][2];     /* whose value the contact has: one geom, or two that are equal; -1 for none */
  double force[FRICTION_CLASSES][6]; /* derivative of the force in contact space by the value */
} df_friction_slope;

typedef struct df_parameter_record {
  double* inertia;              /* [nbody][10] each body's own, where the tape's is summed over nodes */
  df_actuator_slope* actuators; /* [nactuator] */
  df_friction_slope* frictions; /* [ncontact] */
} df_parameter_record;

/* Appends to step number `step` of the tape, which has just been recorded. DF_E_NOMEM if the tape cannot grow. */
df_status df_record_parameters(df_tape* tape, const df_mujoco* system, const mjData* d, int step);
df_parameter_record df_parameter_read(const df_mujoco* system, const df_step_record* record);

/* a row of the contact's Jacobian times a vector over all dofs */
double df_contact_row_times(const df_contact_record* contact, int row, const double* x);

#endif
