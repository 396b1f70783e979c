/* actuation.h: which dofs each actuator pushes, and what drives it.
 *
 * An actuator has one scalar force f(input, length, velocity), applied along its moment, a sparse row over the dofs.
 * Its input is its control or, with dynamics, its activation. The pattern of all moments is fixed by the model: a list
 * of entries (dof, source), those of actuators driven by their control first. */
#ifndef DF_SIM_ACTUATION_H
#define DF_SIM_ACTUATION_H

#include <mujoco/mujoco.h>
#include <stdbool.h>

#include "dynaflow/core/status.h"

/* An actuator whose slopes are constants: a fixed gain on its control, on a hinge or slide. Derivatives of the joint's
 * force by control, position and velocity. */
typedef struct df_plain_actuator {
  int entry; /* its only one; -1 for other actuators */
  int joint, dof;
  double by_input, by_length, by_velocity;
} df_plain_actuator;

typedef struct df_actuation {
  int nentry, nctrl;        /* entries; of actuators driven by their control */
  int* dof;                 /* [nentry] */
  int* source;              /* [nentry] index of the control for the first nctrl, of the activation for the rest */
  int* start;               /* [nactuator] the first entry of each actuator */
  int* count;               /* [nactuator] its entries; 0 for transmissions without a pattern here */
  df_plain_actuator* plain; /* [nactuator] */
  int* owner;               /* [na] the actuator of each activation */
  double* scale;            /* [na] a step's activation is act + scale act_dot, before it is clamped */
} df_actuation;

/* by flag or group */
static inline bool df_actuator_disabled(const mjModel* m, int i) {
  if (m->opt.disableflags & mjDSBL_ACTUATION) return true;
  if (m->opt.disableactuator == 0) return false;
  const int group = m->actuator_group[i];
  return group >= 0 && group < 31 && (m->opt.disableactuator & (1 << group)) != 0;
}

/* Joints have the pattern of their dofs, tendons that of their Jacobian. */
df_status df_actuation_build(df_actuation* actuation, const mjModel* m);
/* Reads the gains anew, which are all that may change in a model that is in use. */
void df_actuation_refresh(df_actuation* actuation, const mjModel* m);
void df_actuation_free(df_actuation* actuation);

#endif
