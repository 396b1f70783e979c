/* replay_hypotheses.h: which other model, option or reading of the file brings the errors of a recording down.
 *
 * Alternatives are compared by their RMS error on a sample of actions: half of it around the worst errors, half spread
 * evenly. */
#ifndef BENCH_REPLAY_REPLAY_HYPOTHESES_H
#define BENCH_REPLAY_REPLAY_HYPOTHESES_H

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "recording.h"

enum { HYPOTHESIS_NAME = 200 };

/* one alternative: everything in which it differs from the model that training simulates */
typedef struct hypothesis {
  char name[HYPOTHESIS_NAME]; /* "" for the model that training simulates, else "system.integrator = RK4" */
  df_mujoco_cfg cfg;
  unsigned reading; /* of the recording */
  bool solver;      /* differs only in how the constraint solver works */
  bool failed;      /* the model cannot be compiled with these options */
  double rms;       /* in units of the largest change over one action, per kind; INFINITY if a step diverges */
  double worst[KINDS];
} hypothesis;

/* the task and recording that alternatives are compared on */
typedef struct search_space {
  const df_config* config;
  const df_search* search;
  const recording* r;
  double motion[KINDS];  /* largest change over one action */
  const double* carried; /* [steps] velocity errors of the model that training simulates, for the sample */
} search_space;

/* all alternatives that were tried, in order; df_free(list) */
typedef struct hypotheses {
  hypothesis* list;
  int n, best; /* best: index; the first ones are those of replay_try_own() */
} hypotheses;

/* Indices of the first alternatives: the model as training simulates it; with the solver options of its own file; with
 * its own islands only; with its own limits of solver iterations only. */
enum { TRY_TRAINED, TRY_OWN, TRY_OWN_ISLANDS, TRY_OWN_LIMITS };

/* The options under which a task's model is replayed: those of training, or with the solver options of its own file. */
df_mujoco_cfg replay_cfg(const df_config* config, bool own);

/* Try the first alternatives, or all others, which are added to the same list: readings of the file, integrators,
 * durations of a step, margins, gains, limits of the solver, and what goes best with the best one of them. Errors:
 * DF_E_NOMEM, DF_E_INTERRUPTED, and those of df_sim_new(). A model that cannot be compiled is no error. */
DF_MUST_CHECK df_status replay_try_own(const search_space* space, hypotheses* all);
DF_MUST_CHECK df_status replay_try_others(const search_space* space, hypotheses* all);

#endif
