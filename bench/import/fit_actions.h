/* fit_actions.h: recorded actions that are not actuator controls, such as the outputs of a policy around a default
 * pose. */
#ifndef BENCH_IMPORT_FIT_ACTIONS_H
#define BENCH_IMPORT_FIT_ACTIONS_H

#include "dynaflow/config/config.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/system.h"

typedef struct action_fit {
  double scale[DF_LIST_MAX], offset[DF_LIST_MAX]; /* [nu] control = scale * recorded + offset */
  double left; /* the error of the velocities after one action, as a share of their change; medians over all actions */
  double constant; /* the same with the mean control in every action: what the states say about the actions */
} action_fit;

/* Finds scale and offset of every actuator with which the recorded velocities follow from the recorded actions, one
 * action at a time: the sum of the errors (the Euclidean norm over the velocities of an action) is made smallest by
 * reweighted least squares, so that single wrong frames do not matter, after Levenberg and Marquardt (K. Levenberg,
 * Quart. Appl. Math. 2, 1944), with the changes of the next state by differences. It starts at scale 0 and the mean
 * control at rest. The numbers are then rounded to the fewest decimals that leave the error as it is; one that is pi /
 * 180 to a millionth becomes exactly that. `data` has actions for each of the actuators of `system`, at most
 * DF_LIST_MAX. Errors: DF_E_INTERRUPTED, DF_E_NOMEM, those of recording_of() and df_sim_new(). */
DF_MUST_CHECK df_status fit_actions(const df_dataset* data, const df_system* system, action_fit* out);

#endif
