#include "related.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chains.h"
#include "dynaflow/metrics/defs.h"
#include "json.h"
#include "numbers.h"

/* ---- admissibility ---- */

static void check_minimum(verifier* v, const json_t* record, int k) {
  const json_t *least = number_values(record, "sae_min", k), *own = number_values(record, "sae_own", k);
  size_t i;
  json_t* value;
  if (!own || !record_is_of_program(record)) return;
  json_array_foreach(least, i, value) {
    const double found = number_of(value), given = number_at(own, i);
    v->looked++;
    if (!(found > given * (1 + ROUNDING))) continue;
    verify_find(v, VERIFY_FAILED, record,
                "sae_min at K = %d: value %zu (samples) is %g, above sae_own of the same window, %g, where its search "
                "begins",
                k, i, found, given);
    return;
  }
}

/* ---- returned and executed states ---- */

static bool equal(double a, double b) {
  return isfinite(a) == isfinite(b) && !(fabs(a - b) > ROUNDING * fmax(fabs(a), fabs(b)));
}

/* the rows of tre_open_loop and its parts */
static void check_open_loop(verifier* v, const json_t* record, const json_t* executed) {
  static const char* const fields[] = {"value", "lo", "hi"};
  const char *metric = string_of(executed, "metric"), *part = metric + strlen("tre_open_loop");
  const int k = number_k(executed);
  char name[96];
  if (snprintf(name, sizeof name, "tre%s", part) >= (int)sizeof name || !chains_are_executed(record, k)) return;
  const json_t* returned = number_row(record, name, k);
  const json_t *a = number_values(record, name, k), *b = number_values(record, metric, k);
  v->looked++;
  for (size_t i = 0; i < json_array_size(a) && i < json_array_size(b); i++) {
    if (equal(number_at(a, i), number_at(b, i))) continue;
    verify_find(v, VERIFY_FAILED, record,
                "%s at K = %d: value %zu (samples) is %.9g, but that of %s is %.9g; they are equal, since the returned "
                "states are the executed ones (sae_own)",
                metric, k, i, number_at(b, i), name, number_at(a, i));
    return;
  }
  for (size_t i = 0; returned && i < sizeof fields / sizeof *fields; i++) {
    const double x = number_of(json_object_get(returned, fields[i]));
    const double y = number_of(json_object_get(executed, fields[i]));
    if (equal(x, y)) continue;
    verify_find(v, VERIFY_FAILED, record,
                "%s at K = %d: %s is %.9g, but that of %s is %.9g; they are equal, since the returned states are the "
                "executed ones (sae_own)",
                metric, k, fields[i], y, name, x);
    return;
  }
}

/* ---- penetration and residual ---- */

/* the row of the part of a metric, "penetration.share.chain", with the suffix of another one of its rows */
static double part_of(const json_t* record, const char* name, const char* suffix, int k) {
  char metric[96];
  if (snprintf(metric, sizeof metric, "%s%s", name, suffix) >= (int)sizeof metric) return NAN;
  return number_value(number_row(record, metric, k));
}

/* A frame is deep if its penetration is above the limit: some frame is if and only if the deepest is, and the mean over
 * frames is at least that of deep ones at the limit and of the others at 0, at most that of deep ones at the worst and
 * of the others at the limit. */
static void check_penetration(verifier* v, const json_t* record, const char* suffix, int k) {
  const double limit = DF_PENETRATION_LIMIT, share = part_of(record, "penetration.share", suffix, k);
  const double worst = part_of(record, "penetration.worst", suffix, k);
  const double mean = part_of(record, "penetration", suffix, k), slack = ROUNDING * fmax(limit, worst);
  if (!isfinite(share)) return;
  v->looked++;
  if (isfinite(worst) && (share > 0) != (worst > limit)) {
    verify_find(v, VERIFY_FAILED, record,
                "penetration.share%s at K = %d is %g, but penetration.worst%s is %g m; the share counts frames above "
                "%g m",
                suffix, k, share, suffix, worst, limit);
  } else if (isfinite(worst) && isfinite(mean) &&
             (mean < share * limit - slack || mean > share * worst + (1 - share) * limit + slack)) {
    verify_find(v, VERIFY_FAILED, record,
                "penetration%s at K = %d is %g m, but the share of frames above %g m, %g, and the worst, %g m, allow "
                "%g to %g m",
                suffix, k, mean, limit, share, worst, share * limit, share * worst + (1 - share) * limit);
  }
}

/* The median of a window is above the limit only if half of its steps or more are, and is so if all are. */
static void check_residual(verifier* v, const json_t* record, const char* suffix, int k) {
  const double limit = DF_RESIDUAL_LIMIT, share = part_of(record, "root_residual.share", suffix, k);
  const double median = part_of(record, "root_residual", suffix, k), slack = ROUNDING * limit;
  char metric[64];
  snprintf(metric, sizeof metric, "root_residual%s", suffix);
  const int n = number_n(number_row(record, metric, k));
  if (!isfinite(share) || !isfinite(median) || n < 1) return;
  v->looked++;
  const bool few = share < (0.5 - ROUNDING) / n, all = share >= 1;
  if (!(few && median > limit + slack) && !(all && median < limit - slack)) return;
  verify_find(v, VERIFY_FAILED, record, "root_residual%s at K = %d is %g, but a share of %g of the steps is above %g",
              suffix, k, median, share, limit);
}

/* ---- work ---- */

static void check_work(verifier* v, const json_t* record, int k) {
  const double iterations = number_value(number_row(record, "effort.solver_iterations", k));
  const double constraints = number_value(number_row(record, "effort.constraint_rows", k));
  const double steps = number_value(number_row(record, "effort.physics_steps", k));
  const double diverged = number_value(number_row(record, "effort.diverged", k));
  const int n = number_n(number_row(record, "effort.physics_steps", k));
  const long H = record_count(record, "window.horizon"), substeps = record_count(record, "system.substeps");
  const double most = (double)n * (double)H * (double)substeps;
  v->looked++;
  if (iterations > 0 && constraints == 0) {
    verify_find(v, VERIFY_FAILED, record,
                "effort.solver_iterations at K = %d is %.0f, but effort.constraint_rows is 0: without constraints the "
                "solver does not iterate",
                k, iterations);
  }
  if ((iterations > 0 || constraints > 0) && steps == 0) {
    verify_find(v, VERIFY_FAILED, record, "effort.physics_steps at K = %d is 0, but the solver had %.0f iterations", k,
                iterations);
  }
  if (diverged > n) {
    verify_find(v, VERIFY_FAILED, record, "effort.diverged at K = %d is %.0f of %d windows", k, diverged, n);
  }
  if (H < 0 || substeps < 0 || !(diverged > 0 && steps > most)) return; /* check_training has those without */
  verify_find(v, VERIFY_FAILED, record,
              "effort.physics_steps at K = %d is %.0f, but %d windows of %ld actions of %ld steps take %.0f at most", k,
              steps, n, H, substeps, most);
}

/* ---- all of them ---- */

static void check_record(verifier* v, const json_t* record) {
  size_t i;
  json_t* number;
  if (!record_is_current(record)) return;
  json_array_foreach(json_object_get(record, "rows"), i, number) {
    const char* metric = string_of(number, "metric");
    const int k = number_k(number);
    if (strcmp(metric, "sae_min") == 0) check_minimum(v, record, k);
    if (strcmp(metric, "tre_open_loop") == 0 || strncmp(metric, "tre_open_loop.", 14) == 0)
      check_open_loop(v, record, number);
    if (strcmp(metric, "penetration.share") == 0) check_penetration(v, record, "", k);
    if (strcmp(metric, "penetration.share.chain") == 0) check_penetration(v, record, ".chain", k);
    if (strcmp(metric, "root_residual.share") == 0) check_residual(v, record, "", k);
    if (strcmp(metric, "root_residual.share.chain") == 0) check_residual(v, record, ".chain", k);
    if (strcmp(metric, "effort.solver_iterations") == 0) check_work(v, record, k);
  }
}

void check_related(verifier* v) {
  verify_done(v, check_record);
}
