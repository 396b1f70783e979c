/* varying_steps.h: recordings whose actions take n physics steps or n + 1 in turn, as a clock makes them whose period
 * is no whole number of steps. */
#ifndef BENCH_REPLAY_VARYING_STEPS_H
#define BENCH_REPLAY_VARYING_STEPS_H

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "options.h"
#include "recording.h"

/* what explains a recording by varying numbers of steps */
typedef struct varying_steps {
  double timestep; /* of a physics step, s */
  int usual;       /* steps of the larger part of the actions; 0: the number does not vary */
  int other;       /* of the rest: one more or one fewer */
  double share;    /* of the actions that take `usual` steps */
} varying_steps;

/* Looks for n such that the actions follow from n or from n + 1 steps, both of the timestep of training and of that of
 * the model's own file: 98 % of all actions, and some with each that the other does not explain. An action follows if
 * its errors are at most limit [KINDS] or 1e-4 of motion [KINDS], the largest change over one action: one step of n
 * makes 1 / n of it, while the solver's warm start is that of an action of another length. Errors: those of
 * replay_other_system() and replay_compare_carried(). */
DF_MUST_CHECK df_status replay_find_varying(const recording* r, const df_config* config, const df_search* search,
                                            const double* limit, const double* motion, const options* opts,
                                            varying_steps* out);

#endif
