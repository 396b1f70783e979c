/* parameters_internal.h: what recording and adjoint know of the model's parameters. */
#ifndef DF_SIM_PARAMETERS_INTERNAL_H
#define DF_SIM_PARAMETERS_INTERNAL_H

#include "adjoint.h"
#include "record.h"

/* ---- parameters.c ---- */

/* Fills parameters, nparameter and friction_parameter. DF_E_UNSUPPORTED names what of the model has no gradient by
 * parameters. */
df_status df_parameters_list(df_mujoco* system, const char* name);

/* whether the integrator takes the damping of joints implicitly, or would if there were any */
bool df_joints_damp_implicitly(const mjModel* m);

/* which bias of an actuator is its gain once more */
typedef struct df_gain_follow {
  bool by_length, by_velocity;
} df_gain_follow;
df_gain_follow df_gain_follows(const mjModel* m, int actuator);

/* ---- record_parameters.c ---- */

enum { FRICTION_CLASSES = 3 }; /* sliding, torsional, rolling */

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

/* ---- adjoint_parameters.c ---- */

/* what reaches a step's parameters, in the terms of docs/adjoint.md */
typedef struct df_parameter_cotangent {
  const double *w, *g, *delta; /* [nv]; g and delta are NULL where no integrator takes damping implicitly */
} df_parameter_cotangent;

size_t df_parameter_work_size(const df_mujoco* system); /* doubles */

/* Adds to pbar [nparameter], behind which is room for df_parameter_work_size() more. */
void df_adjoint_parameters(const df_mujoco* system, const df_step_record* record,
                           const df_parameter_cotangent* cotangent, double* pbar);

#endif
