/* parameter_record.h: what a record holds for the gradient by parameters (docs/adjoint.md, section 9). */
#ifndef LIB_SIM_TAPE_PARAMETER_RECORD_H
#define LIB_SIM_TAPE_PARAMETER_RECORD_H

#include "record.h"

/* Derivatives by the gain and the velocity gain of an actuator. */
typedef struct df_actuator_slope {
  double gain, velocity_gain;                   /* of the actuator's force; 0 if saturated */
  double implicit_gain, implicit_velocity_gain; /* of the implicit damping of its dof */
} df_actuator_slope;

/* Derivatives by the friction coefficients of a contact. */
typedef struct df_friction_slope {
  int geom[FRICTION_CLASSES][2];     /* geoms from which the contact takes its value: one, or two if equal; -1: none */
  double force[FRICTION_CLASSES][6]; /* derivative of the force in contact space by the value */
} df_friction_slope;

/* The part of a record that systems with parameters add; a view into the tape. */
typedef struct df_parameter_record {
  double* inertia;              /* [nbody][10] of each body, where df_step_record has sums over nodes */
  df_actuator_slope* actuators; /* [nactuator] */
  df_friction_slope* frictions; /* [ncontact] */
} df_parameter_record;

/* Appends the parameter part to record number `step`, the last one, whose other parts are complete. DF_E_NOMEM if the
 * tape cannot grow. */
df_status df_record_parameters(df_tape* tape, const df_mujoco* system, const mjData* d, int step);
/* The parameter part of a record; valid until the tape is extended. */
df_parameter_record df_parameter_read(const df_mujoco* system, const df_step_record* record);

/* row `row` of the contact's Jacobian times x [nv] */
double df_contact_row_times(const df_contact_record* contact, int row, const double* x);

#endif
