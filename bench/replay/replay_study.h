/* replay_study.h: everything that `dynaflow replay` finds out about one recording. */
#ifndef BENCH_REPLAY_REPLAY_STUDY_H
#define BENCH_REPLAY_REPLAY_STUDY_H

#include "replay_compare.h"
#include "replay_differences.h"
#include "replay_hypotheses.h"
#include "replay_reading.h"
#include "replay_sensitivity.h"
#include "replay_verdict.h"
#include "unrelated_actions.h"
#include "varying_steps.h"

/* Limits of the worst errors, NAN: the default: 1e-12 for `carried` and 1e-11 for `open_loop`, times the largest
 * position or velocity above 1; for `carried` at most 1e-6 of the largest change over one action. 1e-5 for `cleared`.
 */
typedef struct replay_limits {
  double carried, cleared, open_loop;
} replay_limits;

/* Errors that need no explanation, by kind; INFINITY: none does. */
typedef struct replay_allowed {
  double carried[KINDS], cleared[KINDS], open_loop[KINDS];
} replay_allowed;

/* A coordinate of the recording with an error. */
typedef struct replay_place {
  int episode, frame, kind; /* frame: of the recorded state that differs */
  char joint[64];           /* name of the joint or number of the coordinate */
  double error;             /* its absolute value, that of `carried` */
} replay_place;

/* What is compared: all of it must outlive the study. */
typedef struct replay_input {
  const df_config* config;
  const df_search* search;
  const df_dataset* data;  /* has actions */
  const df_system* system; /* of the options replay_cfg(config, false) */
  replay_limits limits;
  const options* opts;
} replay_input;

typedef struct replay_study {
  recording r;
  comparison trained; /* the model as training simulates it */
  replay_allowed allowed;
  double motion[KINDS]; /* largest change over one action */
  replay_evidence evidence;
  replay_verdict verdict;
  size_t exact;                               /* actions whose errors are within `allowed.carried` */
  double doubling;                            /* actions, median of the episodes whose errors grow exponentially */
  double own_worst[KINDS], best_worst[KINDS]; /* of one action; NAN: not measured */
  bool own_is_closer; /* the model with the solver options of its own file: its error is smaller in more actions */
  int iterations, own_iterations; /* limits of solver iterations: in training, in the model file */
  hypotheses tried;               /* empty unless they were needed */
  bool hidden[CHANGES];           /* changes of the model that the rounding hides, if the verdict needs it */
  varying_steps varying;          /* the numbers of physics steps per action if they vary: then nothing else is tried */
  replay_differences differences; /* what the velocities are if the verdict needs it; otherwise NONE */
  action_relation relation;       /* of the actions to the states, if the verdict needs it */
  char* left_out;                 /* replay_left_out() */
  replay_reading reading;         /* of the columns, from which the whole recording follows; none: zero */
  replay_place worst;             /* the largest error of one action, relative to the motion of its kind, of the model
                                     as training simulates it or, if that is closer, as its file says */
} replay_study;

/* Compares a task's model with its recording and finds the verdict. Alternatives are tried only if rounding does not
 * explain the errors of the model as training simulates it, or explains errors that are too large for doubles
 * (replay_is_far()). Errors: those of recording_of(), replay_other_system() and
 * df_sim_new(). Call replay_study_clear(), also after a failure. */
DF_MUST_CHECK df_status replay_study_run(const replay_input* in, replay_study* out);
void replay_study_clear(replay_study* s);

/* ---- replay_reason.c ---- */

/* The alternative that the whole recording follows, of the verdicts "another option" and "another convention"; NULL:
 * there is none. */
const hypothesis* replay_study_alternative(const replay_study* s);
/* The text of that alternative, or the setting of the order of action columns with which the recording follows; NULL:
 * none. */
const char* replay_study_would_fit(const replay_study* s);

/* The reason of the verdict in one sentence; free it with df_free(). */
char* replay_study_reason(const replay_study* s);

/* By how much the recorded actions miss the recorded states as training simulates them, although the recording follows
 * under other solver options, such as those of the model's file, which training need not admit. */
typedef struct replay_gap {
  bool large;          /* the largest share is above REPLAY_GAP_LARGE */
  double share[KINDS]; /* the largest error of one action over the largest change over one action */
  double largest;      /* of the shares */
  size_t off;          /* actions with an error of more than REPLAY_GAP_LARGE of that change */
} replay_gap;
#define REPLAY_GAP_LARGE 0.01

/* The gap of a recording that is accepted, for the constraint solver or rounding; no share of others is large. */
replay_gap replay_study_gap(const replay_study* s);

/* A large gap in one sentence, with what to do; NULL: none is large. Free it with df_free(). */
char* replay_study_warning(const replay_study* s);

/* Which coordinates are not compared, since the file does not hold them, and `error` of replay_integration_error() over
 * a window if it is above 0; NULL if the file holds all. Free it with df_free(). */
char* replay_left_out(const recording* r, double error, int window);

#endif
