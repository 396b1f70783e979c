/* gradcheck_suite.h: the verification of the adjoint over a list of models, and its tables. */
#ifndef BENCH_GRADCHECK_SUITE_H
#define BENCH_GRADCHECK_SUITE_H

#include "cases.h"
#include "dynaflow/gradcheck/gradcheck.h"
#include "options.h"
#include "rows.h"
#include "suite.h"
#include "text.h"

/* the limits that `dynaflow gradcheck` holds a model or task to */
#define LIMIT_MEDIAN 1e-7
#define LIMIT_P99    1e-4

/* how far a model's adjoint goes */
#define COVER_LIST(X)                                                           \
  X(EXACT, "exact")                                                             \
  X(APPROXIMATE, "approximate") /* of some contacts */                          \
  X(DIFFERENCED, "differenced") /* finite differences at best: not checked */   \
  X(REFUSED, "refused")         /* a feature without an adjoint: not checked */ \
  X(UNREADABLE, "unreadable")   /* MuJoCo does not compile it here */           \
  X(MISSING, "missing")         /* the file is not there */

typedef enum cover_kind {
#define COVER_ENUM(name, text) COVER_##name,
  COVER_LIST(COVER_ENUM)
#undef COVER_ENUM
} cover_kind;
const char* cover_name(cover_kind cover);

/* difference steps of the sweep, and how many states of a model are swept */
enum { SWEEP_STEPS = 15, SWEEP_STATES = 24 };
extern const double SWEEP_EPS[SWEEP_STEPS];

typedef struct sweep_line {
  int states;
  double error[SWEEP_STEPS]; /* median over the states; NaN where a step diverges */
  double best_eps, best_error;
  double truncation, rounding; /* slopes of log error by log eps, above and below the best */
} sweep_line;

typedef struct suite_result {
  const suite_model* model;
  cover_kind cover;
  char* features;    /* what is not exact, by name, or why there is no check */
  char compiled[13]; /* start of the compiled model's SHA-256 */
  int nv, nu;
  cases at;                   /* the states */
  df_gradcheck_point* points; /* [at.n] */
  df_gradcheck_summary sum;
  df_gradcheck_verdict verdict;
  sweep_line sweep;
} suite_result;

/* Checks every model: results [s->n]. A model that cannot be checked is a result, not an error. */
DF_MUST_CHECK df_status suite_check(const suite* s, const options* opts, suite_result* results);
void suite_results_clear(int n, suite_result* results);

/* Rows for programs, or a table for people, and the exit code: 1 where a check fails, else 3 where a file is missing,
 * else 4 where a check is inconclusive. */
int suite_rows(int n, const suite_result* results, const options* opts, rows* out);

/* verification.md, verification.csv and the figure sweep.svg with data and script, into a folder that is there. The
 * same bytes for the same models, MuJoCo and processor: no time, host or thread stands in them. DF_E_MISSING without
 * gnuplot, with all but the picture written. */
DF_MUST_CHECK df_status suite_write(int n, const suite_result* results, const options* opts, const char* folder);

#endif
