/* parameters_internal.h: shared by the files that list, record and differentiate model parameters (docs/adjoint.md,
 * section 9). */
#ifndef DF_SIM_PARAMETERS_INTERNAL_H
#define DF_SIM_PARAMETERS_INTERNAL_H

#include "adjoint.h"
#include "record.h"

/* ---- parameters.c ---- */

/* Fills parameters, nparameter and friction_parameter of a system; `name` is the model's name in errors. Errors:
 * DF_E_NOMEM; DF_E_UNSUPPORTED if steps are differentiated by finite differences, or for a free body without limbs
 * under implicitfast, which it names. */
df_status df_parameters_list(df_mujoco* system, const char* name);

/* whether the integrator would take the damping of a damped joint implicitly */
bool df_joints_damp_implicitly(const mjModel* m);

/* Which bias coefficient of an actuator is minus its gain and changes with it: that on the length (position servo) or
 * that on the velocity (velocity servo); at most one. */
typedef struct df_gain_follow {
  bool by_length, by_velocity;
} df_gain_follow;
df_gain_follow df_gain_follows(const mjModel* m, int actuator);

/* ---- record_parameters.c ---- */

enum { FRICTION_CLASSES = 3 }; /* sliding, torsional, rolling */

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

/* ---- adjoint_parameters.c ---- */

/* the vectors of docs/adjoint.md, section 2, that the gradient by parameters reads */
typedef struct df_parameter_cotangent {
  const double *w, *g, *delta; /* [nv]; g and delta are NULL for RK4, which takes no damping implicitly */
} df_parameter_cotangent;

/* Scratch memory of df_adjoint_parameters() in doubles. */
size_t df_parameter_work_size(const df_mujoco* system);

/* Adds to pbar [nparameter + df_parameter_work_size()], of which the last part is scratch memory. */
void df_adjoint_parameters(const df_mujoco* system, const df_step_record* record,
                           const df_parameter_cotangent* cotangent, double* pbar);

#endif
