/* replay_verdict.h: what the errors of a replayed recording mean. Numbers in, verdict out; nothing is simulated here.
 */
#ifndef BENCH_ANALYSIS_REPLAY_VERDICT_H
#define BENCH_ANALYSIS_REPLAY_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "action_errors.h"
#include "exit_numbers.h"

/* X(name, text, status of the row `verdict`, exit code) */
#define REPLAY_VERDICTS(X)                                                       \
  X(REPLAY_FOLLOWS, "follows", "exact", EXIT_DONE)                               \
  X(REPLAY_ROUNDING, "rounding", "rounding", EXIT_DONE)                          \
  X(REPLAY_SOLVER_LIMITED, "solver-limited", "solver", EXIT_DONE)                \
  X(REPLAY_CHAOTIC, "chaotic growth", "chaotic", EXIT_DONE)                      \
  X(REPLAY_ANOTHER_OPTION, "another option", "wrong", EXIT_CHECK_FAILED)         \
  X(REPLAY_ANOTHER_CONVENTION, "another convention", "wrong", EXIT_CHECK_FAILED) \
  X(REPLAY_ANOTHER_MODEL, "another model", "wrong", EXIT_CHECK_FAILED)           \
  X(REPLAY_UNRELATED, "unrelated actions", "wrong", EXIT_CHECK_FAILED)           \
  X(REPLAY_UNDECIDED, "undecided", "undecided", EXIT_INCONCLUSIVE)               \
  X(REPLAY_NOTHING, "nothing to replay", "nothing", EXIT_INCONCLUSIVE)

typedef enum replay_verdict {
#define REPLAY_NAME(name, text, status, code) name,
  REPLAY_VERDICTS(REPLAY_NAME)
#undef REPLAY_NAME
} replay_verdict;

const char* replay_verdict_text(replay_verdict verdict);
const char* replay_verdict_status(replay_verdict verdict);
int replay_verdict_exit(replay_verdict verdict);

/* How far one model is from a recording. Each number except `steps` is a worst error divided by what is allowed: it
 * holds if <= 1. INFINITY: not measured. */
typedef struct replay_fit {
  size_t steps;                     /* actions compared; 0: nothing holds */
  double carried;                   /* of one action, with the warm start of the preceding one, by its limit */
  double cleared;                   /* of one action from a cleared warm start, by its limit */
  double cleared_start;             /* the same by the limit of `carried` */
  double open_loop;                 /* of whole episodes, by its limit */
  double step, drift;               /* of one action and of several, by what the recording's precision explains */
  double solver_step, solver_drift; /* by what precision and solver tolerance together explain; not measured where
                                     * precision alone explains all */
  size_t unsettled;                 /* actions at starts of episodes, up to the last one that is not exact with the warm
                                     * start of the preceding one; all later ones are exact. 0: there are none, or
                                     * they are no starts */
  double start;                     /* of these, by what a cleared warm start makes of the later ones */
  size_t windows, of_windows;       /* of several actions, of all lengths: those that were simulated, and all */
} replay_fit;

/* A fit of which nothing is measured. */
replay_fit replay_fit_none(void);

/* What was measured. `trained` is the model as training simulates it, `own` the same model with the solver options of
 * its own file, `best` the alternative that comes closest. */
typedef struct replay_evidence {
  bool rounded;        /* the recording is stored in less than double precision */
  bool far;            /* errors of one action in doubles are much larger than doubles are rounded: replay_is_far() */
  bool solver_sized;   /* the errors of whole episodes are about those that a cleared warm start makes in one action */
  bool own_converges;  /* the limits of iterations of the model file are those of a converged solution */
  bool best_converges; /* those of `best` are, too */
  bool exponential;    /* the errors of whole episodes grow exponentially */
  bool jumps;          /* they double in fewer than 4 physics steps: what grows faster than motions do is the solver */
  replay_fit trained, own, best;
  replay_fit actions;   /* of `trained` or `own` with the actions that these need */
  action_errors needed; /* by how much these differ from the recorded actions */
  bool best_is_solver;  /* `best` differs from `trained` only by how the constraint solver works */
  bool hidden;          /* a plausible change of the model would be taken for rounding, too */
  bool unrelated;       /* the recorded actions have nothing to do with the states: nothing else was tried */
  bool differences;     /* the recorded velocities are differences of positions, which those of the model are not */
  bool best_reads;      /* `best` reads the file otherwise: units, order or frame of its numbers */
  double rms, best_rms; /* RMS errors of one action on the same steps: of the better one of `trained` and `own`, and of
                         * `best`; INFINITY: not measured */
} replay_evidence;

/* The verdict. A recording that needs another model or option is never accepted: rounding must explain every action and
 * nearly every window of actions, and the solver's tolerance is accepted only if no alternative comes much closer. An
 * alternative is judged as the model of training is: it may leave what the solver's tolerance explains.
 * Doubles carry enough digits to show which solver options made them. A last bit that decides where the solver stops
 * makes errors that look like rounding; so where every action of a recording of doubles is exact with the options of
 * the model's file, from a cleared warm start or with `best`, that is the cause. Errors far above rounding for which no
 * such options are found are the solver's, too. Where rounding explains every action, and the windows only with the
 * solver options of the model's file, it is rounding: the recording does not show these options. Actions that were
 * rounded when they were stored are tried last: those that the model needs must differ from the recorded ones as
 * rounded numbers do. Rounding that would also hide a plausible change of the model decides nothing. Velocities that
 * are differences of positions are named where nothing else explains the recording. */
replay_verdict replay_judge(const replay_evidence* e);

/* How far the recording is from what replay_judge() accepts: the worst error over what is allowed, of the explanation
 * that comes closest: exact actions, rounding, another solver or its tolerance, rounded actions. At most 1 if the
 * verdict accepts the recording; it may be so if not, where another model comes much closer or rounding decides
 * nothing. INFINITY: nothing was measured. */
double replay_error(const replay_evidence* e);

/* Whether actions were compared and every one is exact, or rounding explains every error, or replay_settles(). */
bool replay_fits(const replay_fit* f);

/* Whether only the first actions of episodes are not exact, by no more than a cleared warm start makes of the later
 * ones: the recording does not hold the warm start of the frame before an episode, which a solver that stops before it
 * converges depends on. Recordings that begin in the middle of a simulation are so. */
bool replay_settles(const replay_fit* f);

/* Whether actions were compared and precision and solver tolerance together explain every error. */
bool replay_tolerated(const replay_fit* f);

/* Whether `best`, which is not only another solver, explains the recording: it fits, or it brings the RMS error down to
 * a tenth or less and a converged solver's tolerance and precision together explain the rest. */
bool replay_best_explains(const replay_evidence* e);

/* Whether the model needs actions that differ from the recorded ones as rounded numbers do, and the recording follows
 * from these, to the solver's tolerance. */
bool replay_rounded_actions(const replay_evidence* e);

/* Whether the solver options of the model's file are what the recording needs: with them every action is exact, but
 * for those of replay_settles(), which are not exact without them, or
 * rounding explains every error, which it does not without them. */
bool replay_own_explains(const replay_evidence* e);

/* Whether errors of one action are too large for rounding of doubles alone: `carried` of the model as training
 * simulates it is above 1000, and the solver's warm start makes a difference (`solver_acts`). */
bool replay_is_far(const replay_evidence* e, bool solver_acts);

/* Whether an alternative halves the RMS error: it is then worth naming. */
bool replay_is_closer(double rms, double best_rms);

/* How many of n windows of one length must be explained: 98 %, rounded up. */
size_t replay_windows_needed(size_t n);

/* The drift of n windows of one length, from their errors over what is explained and their errors over one spread, both
 * of which it sorts: the largest ratio of the best 98 %, rounded up to whole windows, since one window in a hundred may
 * meet a contact that no other simulation of it met; or the bias, if that is larger: the median error over one spread
 * (the lower of two), by 1.5, of at least 8 windows: of fewer, rounding alone makes such medians, of one window in one
 * of seven. 0 without windows. */
double replay_drift(double* explained, double* plain, size_t n);

/* From the errors of an episode after 1, 2 .. n actions: the number of actions in which they double while they grow
 * from `floor`, below which an error is rounding. INFINITY if they do not grow exponentially: not by more than the
 * square of the number of actions that it takes, as errors that only add up do, or within three actions. */
double replay_doubling(const double* error, int n, double floor);

#endif
