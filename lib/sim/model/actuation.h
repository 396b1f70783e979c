/* actuation.h: the dofs on which each actuator acts, and its input (docs/adjoint.md, section 4).
 *
 * An actuator has one scalar force f(input, length, velocity), applied along its moment, a sparse row over the dofs.
 * Its input is its control or, with dynamics, its activation. The sparsity pattern of all moments is fixed by the model
 * and stored as a list of entries (dof, source); entries of actuators without dynamics come first. */
#ifndef LIB_SIM_MODEL_ACTUATION_H
#define LIB_SIM_MODEL_ACTUATION_H

#include <mujoco/mujoco.h>
#include <stdbool.h>

#include "dynaflow/core/status.h"

/* An enabled actuator with constant derivatives: no dynamics, fixed gain, no or affine bias, on a hinge or slide. The
 * derivatives are those of the joint's force by control, position and velocity. */
typedef struct df_plain_actuator {
  int entry; /* index of its only entry; -1 for all other actuators, whose remaining members are 0 */
  int joint, dof;
  double by_input, by_length, by_velocity;
} df_plain_actuator;

/* Owns its arrays. */
typedef struct df_actuation {
  int nentry, nctrl;        /* number of entries; of these, of actuators driven by their control */
  int* dof;                 /* [nentry] */
  int* source;              /* [nentry] index of the control for the first nctrl, of the activation for the rest */
  int* start;               /* [nactuator] first entry */
  int* count;               /* [nactuator] number of entries; 0 for transmissions other than those below */
  df_plain_actuator* plain; /* [nactuator] */
  int nsite;                /* number of actuators on a site without a reference site */
  int* site;                /* [nsite] their numbers */
  int* owner;               /* [na] actuator of each activation */
  double* scale;            /* [na] s, seconds: a step takes act to act + s act_dot, then clamps it */
} df_actuation;

/* whether actuator i is disabled, by the model's actuation flag or by its group */
static inline bool df_actuator_disabled(const mjModel* m, int i) {
  if (m->opt.disableflags & mjDSBL_ACTUATION) return true;
  if (m->opt.disableactuator == 0) return false;
  const int group = m->actuator_group[i];
  return group >= 0 && group < 31 && (m->opt.disableactuator & (1 << group)) != 0;
}

/* The range of a control or activation: the step is not differentiable at its ends, where differences and adjoint take
 * the slope of the inside. */
typedef struct df_range {
  double lo, hi; /* infinite without a bound */
} df_range;

/* The range of control k [m->nu]: its ctrlrange, within which MuJoCo clamps it; for a muscle within [0, 1] too. */
df_range df_control_range(const mjModel* m, int k);
/* The range around the value `act` of an activation of actuator i: inside, below or above the actuator's actrange, and
 * for a muscle [0, 1], which it leaves if the timestep is longer than its time constant. */
df_range df_activation_range(const mjModel* m, int i, double act);

/* Whether actuator i exerts a wrench that is fixed to a site. */
static inline bool df_actuator_on_site(const mjModel* m, int i) {
  return m->actuator_trntype[i] == mjTRN_SITE && m->actuator_trnid[2 * i + 1] < 0;
}

/* Fills an all-zero df_actuation. An actuator on a joint has one entry per dof of the joint, on a fixed tendon one per
 * entry of the tendon's Jacobian, on a site without a reference site one per dof that moves the site. DF_E_NOMEM; free
 * with df_actuation_free() also on failure. */
df_status df_actuation_build(df_actuation* actuation, const mjModel* m);
/* Recomputes `plain` from the gains and biases, the only numbers of actuators that may change in a model in use. */
void df_actuation_refresh(df_actuation* actuation, const mjModel* m);
/* Frees the arrays; does not clear the struct. */
void df_actuation_free(df_actuation* actuation);

#endif
