/* unrelated_actions.h: whether the recorded actions have anything to do with the recorded states. */
#ifndef BENCH_REPLAY_UNRELATED_ACTIONS_H
#define BENCH_REPLAY_UNRELATED_ACTIONS_H

#include <stdbool.h>

#include "recording.h"

typedef struct action_relation {
  bool unrelated;
  double explained; /* share of the variance of the controls that the model needs, which the actions explain */
  double by_chance; /* the largest share that the actions of other times explain */
} action_relation;

/* Computes the controls that the model needs, so that the recorded velocities follow, at up to 240 actions, by two
 * steps of Gauss and Newton from controls of 0, and their linear regression on the recorded actions of the row and of
 * those before and after it. `explained` is the adjusted R^2, the mean over the actuators. The same regression on the
 * actions of other times, the rows moved by 24 distances in a circle, shows what R^2 means nothing. The actions are
 * unrelated if
 *   - they explain less than a fifth, and no more than those of one of the other times,
 *   - they leave at least four fifths of the error of controls of 0, median,
 *   - in half of the rows or more controls matter, since those of 0 leave an error of more than 0.05 of the RMS change
 *     of the velocities, and the needed ones leave at most a fifth of it, so that it is not the model that cannot
 *     follow; only these rows count,
 *   - velocities carry positions, to 0.3 of their change, and no hinge is beyond a turn: otherwise the states may be
 *     misread, as in degrees,
 *   - there are enough of these rows, three for each coefficient, and velocities in the file.
 * Actions in another order, unit, sign or with an offset, and those of a model with other masses or gains, explain the
 * needed controls. Errors: DF_E_NOMEM, DF_E_INTERRUPTED (stop.h), those of df_sim_new(). */
DF_MUST_CHECK df_status unrelated_actions_find(const recording* r, const df_system* system, action_relation* out);

#endif
