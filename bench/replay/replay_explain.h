/* replay_explain.h: how much of a recording's errors its own precision, and the tolerance of the constraint solver,
 * explain. */
#ifndef BENCH_REPLAY_REPLAY_EXPLAIN_H
#define BENCH_REPLAY_REPLAY_EXPLAIN_H

#include "options.h"
#include "recording.h"
#include "replay_verdict.h"

/* what is explained; all of it must outlive the call */
typedef struct replay_explanation {
  const recording* r;
  const df_system* system;
  const df_system* converged; /* the same model with a solver that runs to its numerical floor; NULL: what the solver
                                 explains is not measured */
  const double* limit;        /* [KINDS] errors of one action that need no explanation */
  double* const* carried;     /* [KINDS][actions] errors of one action (replay_compare.h); NULL: unknown */
  bool rough;        /* in less time: what eight simulations do not explain of a window of several actions is not
                        explained */
  const char* label; /* of the progress */
  const options* opts;
} replay_explanation;

/* Sets step, drift, solver_step, solver_drift, windows and of_windows of *fit.
 *
 * Actions, and windows of several actions, are simulated again from start states and with actions that are moved by
 * their largest rounding error, each coordinate up or down at random; for the solver also from a cleared warm start and
 * from those of actions close by, and with a solver that runs to its numerical floor. The error of a coordinate is
 * explained if it is at most three times (solver: five times) the largest change that this makes, plus the rounding of
 * the recorded states; coordinates that the solver moves share the largest of its changes. What eight such simulations
 * do not explain is tried with 128, which also move the preceding frames, whose warm start they carry on, and half of
 * which lean upright bodies by no more than the small numbers of their quaternions are rounded by; what these nearly
 * explain, with 1024, or as many as take the same time for a longer window. One simulation in hundreds may make the
 * contact of the recording.
 *
 * All actions must be explained, of which each is simulated until it is, and 98 % of the windows of each length
 * (replay_drift()). Of each length those windows are simulated that are evenly spaced among all and make up about 512
 * actions, at least 8 of them: `windows` of `of_windows`. Where half of the windows are off by more than typical
 * rounding, the errors add up instead of cancelling: a bias, which rounding does not explain. The actions with the
 * largest errors come first, then the windows, from the shortest on, then all actions; what is unexplained ends the
 * search: `drift` is INFINITY if an action of the first is, and `step` is the largest of the actions that were
 * simulated. The solver's simulations are made only if those of rounding do not explain everything; otherwise
 * solver_step and solver_drift are INFINITY. Results do not depend on the number of threads. Errors: DF_E_NOMEM,
 * DF_E_INTERRUPTED (stop.h), and those of df_sim_new(). */
DF_MUST_CHECK df_status replay_explain(const replay_explanation* in, replay_fit* fit);

#endif
