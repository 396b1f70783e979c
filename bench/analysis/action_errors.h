/* action_errors.h: whether the errors that a model needs in recorded actions are what rounding makes of actions.
 *
 * Rounding leaves errors that are uniform between -1 and 1, in units of the largest, and that depend on nothing else in
 * the recording. Another model needs errors that follow the state: those of a wrong damping follow the velocity. */
#ifndef BENCH_ANALYSIS_ACTION_ERRORS_H
#define BENCH_ANALYSIS_ACTION_ERRORS_H

#include <stdbool.h>
#include <stddef.h>

/* Each number is divided by what is allowed: it holds if <= 1. INFINITY: not measured. */
typedef struct action_errors {
  double largest;    /* error of an action, by the largest of rounding */
  double spread;     /* difference of the mean square from that of uniform errors */
  double dependence; /* share of the mean square that follows the state and the actions, linearly */
  bool few;          /* too few actions to tell: `spread` and `dependence` are not measured for some action column */
} action_errors;

/* Nothing is measured. */
action_errors action_errors_none(void);

/* Whether all three hold. */
bool action_errors_look_rounded(const action_errors* e);

/* Raises spread and dependence of *out to those of one column of actions, or sets `few` if it has fewer independent
 * errors than the judgement needs: 64, or four per feature. error [n] in units of the largest of rounding. feature
 * [features][n] is overwritten: it becomes an orthogonal basis. `independent` errors of the n are taken as independent:
 * those of an action that is held are one. */
void action_errors_judge(const double* error, double* feature, size_t n, int features, size_t independent,
                         action_errors* out);

#endif
