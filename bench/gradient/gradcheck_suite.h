/* gradcheck_suite.h: verification of the adjoint over a list of models, and its tables. */
#ifndef BENCH_GRADIENT_GRADCHECK_SUITE_H
#define BENCH_GRADIENT_GRADCHECK_SUITE_H

#include "cases.h"
#include "dynaflow/gradcheck/gradcheck.h"
#include "options.h"
#include "rows.h"
#include "suite.h"
#include "text.h"

/* limits of `dynaflow gradcheck` on the error of a model or task */
#define LIMIT_MEDIAN 1e-7
#define LIMIT_P99    1e-4

/* how the features of a model are differentiated */
#define COVER_LIST(X)                                                           \
  X(EXACT, "exact")                                                             \
  X(APPROXIMATE, "approximate") /* at some contacts */                          \
  X(DIFFERENCED, "differenced") /* only by finite differences: not checked */   \
  X(REFUSED, "refused")         /* a feature without an adjoint: not checked */ \
  X(UNREADABLE, "unreadable")   /* MuJoCo cannot compile the model */           \
  X(MISSING, "missing")         /* the file is not found */

typedef enum cover_kind {
#define COVER_ENUM(name, text) COVER_##name,
  COVER_LIST(COVER_ENUM)
#undef COVER_ENUM
} cover_kind;
const char* cover_name(cover_kind cover); /* "exact" */

/* number of finite-difference steps in the sweep, and largest number of states per model */
enum { SWEEP_STEPS = 15, SWEEP_STATES = 24 };
extern const double SWEEP_EPS[SWEEP_STEPS];

typedef struct sweep_line {
  int states;
  double error[SWEEP_STEPS];   /* median over the states that do not diverge; NaN if all do */
  double best_eps, best_error; /* the step with the smallest error */
  double truncation, rounding; /* slopes of log error over log eps, above and below best_eps */
} sweep_line;

typedef struct suite_result {
  const suite_model* model;
  cover_kind cover;
  char* features;    /* names of the features that are not exact, or why the model is not checked */
  char compiled[13]; /* first 12 digits of the compiled model's SHA-256 */
  int nv, nu;
  cases at;                   /* the states; none if the model is not checked */
  df_gradcheck_point* points; /* [at.n] */
  df_gradcheck_summary sum;
  df_gradcheck_verdict verdict;
  sweep_line sweep;
} suite_result;

/* Checks every model and fills results [s->n], which the caller releases with suite_results_clear(), also after a
 * failure, if the array was zeroed (df_alloc). A model that cannot be checked is a result, not an error. DF_E_NOMEM;
 * errors of the check of a model. */
DF_MUST_CHECK df_status suite_check(const suite* s, const options* opts, suite_result* results);
/* Releases n results and the array itself. */
void suite_results_clear(int n, suite_result* results);

/* Adds the results: one row per number with --json, else one row per model. Returns the exit code: 1 if a check fails,
 * else 3 if a file is missing, else 4 if a check is inconclusive or no model was checked, else 0. */
int suite_rows(int n, const suite_result* results, const options* opts, rows* out);

/* Writes verification.md, verification.csv and the figure sweep.svg with data and script to an existing folder. The
 * same models, MuJoCo and processor give the same bytes: the files contain no time, host or number of threads.
 * DF_E_MISSING without gnuplot, with all but the picture written. */
DF_MUST_CHECK df_status suite_write(int n, const suite_result* results, const options* opts, const char* folder);

#endif
