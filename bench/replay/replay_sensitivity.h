/* replay_sensitivity.h: which plausible changes of the model the precision of a recording hides. */
#ifndef BENCH_REPLAY_REPLAY_SENSITIVITY_H
#define BENCH_REPLAY_REPLAY_SENSITIVITY_H

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/sim/parameters.h"
#include "options.h"
#include "recording.h"

/* X(change, what of the model is 5 % larger, kind of parameter) */
#define REPLAY_CHANGES(X)                                     \
  X(CHANGE_MASS, "all masses", DF_PARAMETER_MASS)             \
  X(CHANGE_FRICTION, "friction", DF_PARAMETER_FRICTION_SLIDE) \
  X(CHANGE_GAIN, "all actuator gains", DF_PARAMETER_GAIN)

enum {
#define REPLAY_CHANGE(change, text, kind) change,
  REPLAY_CHANGES(REPLAY_CHANGE)
#undef REPLAY_CHANGE
      CHANGES
};

const char* replay_change_text(int change);

/* what was accepted: a recording that follows from a model up to rounding, and where `tolerated` the solver's tolerance
 */
typedef struct replay_accepted {
  const df_config* config;
  const df_search* search;
  df_mujoco_cfg cfg;
  const double* limit; /* [KINDS] errors of one action that need no explanation */
  bool tolerated;
} replay_accepted;

/* hidden[i] = the recording would be accepted as well if the model had this change, although the change moves some
 * action by more than a thousandth of the largest motion over one action. False if the model cannot be compiled with
 * parameters. Errors: DF_E_NOMEM, and those of replay_other_system() and df_sim_new(). */
DF_MUST_CHECK df_status replay_find_hidden(const recording* r, const replay_accepted* a, const options* opts,
                                           bool hidden[CHANGES]);

#endif
