/* replay_hypotheses.h: which other model, option or reading of the file brings the errors of a recording down.
 *
 * Alternatives are compared by their RMS error on a sample of actions: half of it around the worst errors, half spread
 * evenly. */
#ifndef BENCH_REPLAY_REPLAY_HYPOTHESES_H
#define BENCH_REPLAY_REPLAY_HYPOTHESES_H

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "recording.h"

/* the sample: chunks of consecutive actions */
enum { SAMPLE_CHUNKS = 16, SAMPLE_CHUNK = 8, SAMPLE_ACTIONS = SAMPLE_CHUNKS * SAMPLE_CHUNK };

/* one thing that an alternative changes */
typedef struct difference {
  const char* in; /* literal; differences in the same thing are one, as timestep and substeps; NULL: only this one */
  char* key;      /* "system.integrator", or words that need no value; owned */
  char* value;    /* " = RK4", " x 1.3" or ""; owned */
} difference;

/* one alternative: everything in which it differs from the model that training simulates */
typedef struct hypothesis {
  difference* differs; /* [n]; NULL for the model that training simulates */
  int n;
  char* name; /* all of them, "system.integrator = RK4, ..."; NULL for the model that training simulates */
  df_mujoco_cfg cfg;
  unsigned reading; /* of the recording */
  bool solver;      /* differs only in how the constraint solver works */
  bool failed;      /* the model cannot be compiled with these options */
  bool too_few;     /* the reading leaves fewer than half of the sample to compare */
  double rms; /* in units of the largest change over one action, per kind; INFINITY if `failed`, `too_few` or a step
                 diverges */
  double mean_square[SAMPLE_ACTIONS]; /* of each action in these units; < 0: not compared */
  double worst[KINDS];
} hypothesis;

/* the task and recording that alternatives are compared on */
typedef struct search_space {
  const df_config* config;
  const df_search* search;
  const recording* r;
  double motion[KINDS];  /* largest change over one action */
  const double* carried; /* [steps] velocity errors of the model that training simulates, for the sample */
  bool quiet;            /* no progress */
} search_space;

/* all alternatives that were tried, in order; hypotheses_clear() */
typedef struct hypotheses {
  hypothesis* list;
  int n, best;     /* best: index; the first ones are those of replay_try_own() */
  char driver[64]; /* the actuator that drives what the errors are along, "actuator 'hip'"; "": there is no such one */
} hypotheses;

void hypotheses_clear(hypotheses* all);

/* In how many things it differs. */
int hypothesis_differences(const hypothesis* h);

/* What differs from the model that training simulates, or "as training simulates it". */
const char* hypothesis_text(const hypothesis* h);

/* The RMS error of `h` on those actions of the sample that both alternatives compare, in the units of `rms`. */
double hypothesis_rms(const hypothesis* h, const hypothesis* other);

/* Whether this error of `h` is smaller than that of `best` by more than 1 %; any finite one is smaller than that of an
 * alternative that diverges. */
bool hypothesis_is_closer(const hypothesis* h, const hypothesis* best);

/* The index of the alternative that differs from the best one only by having the tolerance of training; -1: none. */
int hypotheses_same_tolerance(const hypotheses* all);

/* Indices of the first alternatives: the model as training simulates it; with the solver options of its own file; with
 * its own islands only; with its own limits of solver iterations only. */
enum { TRY_TRAINED, TRY_OWN, TRY_OWN_ISLANDS, TRY_OWN_LIMITS };

/* Whether the solver options of the model's file leave all errors of the sample as they are, up to 1 %. */
bool hypotheses_own_is_alike(const hypotheses* all);

/* The options under which a task's model is replayed: those of training, or with the solver options of its own file. */
df_mujoco_cfg replay_cfg(const df_config* config, bool own);

/* The same options with a constraint solver that runs to its numerical floor. */
df_mujoco_cfg replay_converged(df_mujoco_cfg cfg);

/* The system of a task with other options; *out is NULL if the model cannot be compiled with them, which is no error.
 * Errors: DF_E_NOMEM, and those of reading the model's files. */
DF_MUST_CHECK df_status replay_other_system(const df_config* config, const df_search* search, const df_mujoco_cfg* cfg,
                                            df_system** out);

/* Try the first alternatives, or all others, which are added to the same list: readings of the file, integrators,
 * durations of a step, margins, gains of all actuators or of one, limits and tolerances of the solver, each also with
 * the solver options of the model's file if these make a difference, and what goes best with the best one of them.
 * Errors: DF_E_INTERRUPTED (stop.h), those of replay_other_system() and df_sim_new(). */
DF_MUST_CHECK df_status replay_try_own(const search_space* space, hypotheses* all);
DF_MUST_CHECK df_status replay_try_others(const search_space* space, hypotheses* all);

/* Goes on from the best alternative on another sample, where `space->carried` has its own errors: all that were tried
 * are measured there again, and the best of them is combined with others. Errors: the same. */
DF_MUST_CHECK df_status replay_try_elsewhere(const search_space* space, hypotheses* all);

#endif
