#include "dynaflow/stats/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "resample.h"

/* ---- the bootstrap ---- */

/* writes the values of a resample to `work`, sorted by the order of all values; count [total] is scratch */
static void sort_resample(const df_resampler* s, const int* order, const double* values, int* count, double* work) {
  memset(count, 0, (size_t)s->total * sizeof *count);
  for (int i = 0; i < s->begin[s->n_strata]; i++) count[s->index[i]]++;
  int n = 0;
  for (int i = 0; i < s->total; i++) {
    for (int k = 0; k < count[order[i]]; k++) work[n++] = values[order[i]];
  }
}

/* writes the estimates [resamples] of all resamples; order and count [total] are NULL for the mean, which needs no
 * order; work [room] */
static void resample(df_resampler* s, df_estimate kind, const int* order, int* count, const double* values,
                     double* work, double* estimates) {
  for (int r = 0; r < s->cfg->resamples; r++) {
    df_resampler_draw(s, r, 0);
    const int n = s->begin[s->n_strata];
    if (order) {
      sort_resample(s, order, values, count, work);
    } else {
      for (int i = 0; i < n; i++) work[i] = values[s->index[i]];
    }
    estimates[r] = df_estimate_sorted(kind, n, work);
  }
}

static double estimate_of(df_estimate kind, int n, const double* values, double* work) {
  memcpy(work, values, (size_t)n * sizeof *work);
  if (kind != DF_ESTIMATE_MEAN) df_sort(n, work);
  return df_estimate_sorted(kind, n, work);
}

/* the estimate of finite values, its interval and, if error is not NULL, its standard error */
static df_status bootstrap(df_resampler* s, df_estimate kind, const double* values, df_interval* out, double* error) {
  /* buffers; only estimates of sorted values need the order */
  const bool sorts = kind != DF_ESTIMATE_MEAN;
  double* work = df_alloc((size_t)(s->room > s->total ? s->room : s->total), sizeof *work);
  double* estimates = df_alloc((size_t)s->cfg->resamples, sizeof *estimates);
  int* order = sorts ? df_ascending(s->total, values) : NULL;
  int* count = sorts ? df_alloc((size_t)s->total, sizeof *count) : NULL;
  const df_status status = work && estimates && (!sorts || (order && count)) ? DF_OK : DF_E_NOMEM;

  /* estimate, then its interval from the resamples */
  if (status == DF_OK) out->mean = estimate_of(kind, s->total, values, work);
  if (status == DF_OK && df_resampler_draws(s) > 1) {
    resample(s, kind, order, count, values, work, estimates);
    const double e = df_set_interval(s->cfg, df_resampler_draws(s), estimates, out);
    if (error) *error = e;
  }
  df_free(work);
  df_free(estimates);
  df_free(order);
  df_free(count);
  return status;
}

/* the interval of an estimate of shares, from its standard error over resamples that draw m things */
static void bound_interval(const df_bootstrap_cfg* cfg, int m, double error, df_interval* out) {
  const double p = out->mean, spread = p * (1 - p);
  if (error > 0) df_set_wilson(p, spread > 0 ? spread / (error * error) : m, df_student_point(cfg->level, m - 1), out);
}

static df_status bootstrap_interval(const char* name, bool shares, const df_bootstrap_cfg* cfg, df_estimate kind,
                                    const df_strata* strata, df_interval* out) {
  DF_REQUIRE_POINTER(strata);
  DF_REQUIRE_POINTER(out);
  DF_REQUIRE(strata->values, "%s: strata.values is NULL", name);
  df_resampler s;
  double error = NAN;
  df_status status = df_resampler_new(cfg, strata->n, strata->sizes, &s);
  for (int i = 0; shares && status == DF_OK && i < s.total; i++) {
    const double value = strata->values[i];
    if (isfinite(value) && !(value >= 0 && value <= 1))
      status = df_fail(DF_E_ARG, "value %d is %g: a share is in [0, 1]", i, value);
  }
  if (status == DF_OK) {
    df_interval result = {.mean = INFINITY, .lo = NAN, .hi = NAN, .n = s.total};
    result.failed = df_count_failures(s.total, strata->values);
    if (!result.failed) status = bootstrap(&s, kind, strata->values, &result, &error);
    if (status == DF_OK && shares && !result.failed) bound_interval(cfg, df_resampler_draws(&s), error, &result);
    if (status == DF_OK) *out = result;
  }
  df_resampler_clear(&s);
  return status;
}

df_status df_bootstrap_interval(const df_bootstrap_cfg* cfg, df_estimate kind, const df_strata* strata,
                                df_interval* out) {
  return bootstrap_interval("df_bootstrap_interval", false, cfg, kind, strata, out);
}

df_status df_bootstrap_share_interval(const df_bootstrap_cfg* cfg, df_estimate kind, const df_strata* strata,
                                      df_interval* out) {
  return bootstrap_interval("df_bootstrap_share_interval", true, cfg, kind, strata, out);
}

/* ---- paired differences ---- */

/* the sums of values over each cluster and all strata; returns their number. sums [total] */
static int sum_clusters(const df_resampler* s, const double* values, double* sums) {
  const int units = s->sizes[0];
  if (!s->clustered && !s->cfg->same_units) {
    memcpy(sums, values, (size_t)s->total * sizeof *sums);
    return s->total;
  }
  const int n = s->clustered ? s->clusters.n : units;
  for (int i = 0; i < n; i++) {
    const int from = s->clustered ? s->clusters.begin[i] : i, to = s->clustered ? s->clusters.begin[i + 1] : i + 1;
    sums[i] = 0;
    for (int p = 0; p < s->n_strata; p++) {
      for (int k = from; k < to; k++) sums[i] += values[s->first[p] + (s->clustered ? s->clusters.unit[k] : k)];
    }
  }
  return n;
}

/* the p-value of df_paired */
static double paired_p(double mean, double error, int m, int clusters, const double* sums) {
  const double t = error > 0 ? mean / error : mean == 0 ? 0 : INFINITY;
  return fmax(df_sign_flip_p(clusters, sums), df_student_p(t, m - 1));
}

static df_status paired(df_resampler* s, const double* a, const double* b, df_paired* out) {
  double* difference = df_alloc((size_t)s->total, sizeof *difference);
  double* sums = df_alloc((size_t)s->total, sizeof *sums);
  df_status status = difference && sums ? DF_OK : DF_E_NOMEM;
  df_paired result = {.difference = {.mean = NAN, .lo = NAN, .hi = NAN, .n = s->total}, .p = NAN};
  if (status == DF_OK) {
    for (int i = 0; i < s->total; i++) difference[i] = isfinite(a[i]) && isfinite(b[i]) ? a[i] - b[i] : NAN;
    result.difference.failed = df_count_failures(s->total, difference);
    result.clusters = sum_clusters(s, difference, sums);
  }
  if (status == DF_OK && !result.difference.failed) {
    double error = NAN;
    status = bootstrap(s, DF_ESTIMATE_MEAN, difference, &result.difference, &error);
    const int m = df_resampler_draws(s);
    if (m > 1) result.p = paired_p(result.difference.mean, error, m, result.clusters, sums);
  }
  df_free(difference);
  df_free(sums);
  if (status == DF_OK) *out = result;
  return status;
}

df_status df_paired_difference(const df_bootstrap_cfg* cfg, const df_strata* a, const double* b, df_paired* out) {
  DF_REQUIRE_POINTER(a);
  DF_REQUIRE_POINTER(b);
  DF_REQUIRE_POINTER(out);
  DF_REQUIRE(a->values, "df_paired_difference: a.values is NULL");
  df_resampler s;
  df_status status = df_resampler_new(cfg, a->n, a->sizes, &s);
  if (status == DF_OK) status = paired(&s, a->values, b, out);
  df_resampler_clear(&s);
  return status;
}

/* ---- tests ---- */

double df_mcnemar_exact(int only_a, int only_b) {
  if (only_a < 0 || only_b < 0) return NAN;
  const double few = only_a < only_b ? only_a : only_b, n = (double)only_a + only_b;

  /* the largest term of the tail by logarithms, since 2^-n underflows; the others by their ratios */
  double term = exp(lgamma(n + 1) - lgamma(few + 1) - lgamma(n - few + 1) - n * log(2)), tail = 0;
  for (double k = few; k >= 0 && term > 0; k--) {
    tail += term;
    term *= k / (n - k + 1);
  }
  return fmin(1, 2 * tail);
}

df_status df_holm(int n, const double* p, double* adjusted, int* tests) {
  DF_REQUIRE(n >= 0, "df_holm: n is %d, must not be negative", n);
  DF_REQUIRE(n == 0 || (p && adjusted), "df_holm: %s is NULL", p ? "adjusted" : "p");
  int* order = df_ascending(n, p);
  if (!order) return DF_E_NOMEM;

  /* NaN are sorted last and do not count */
  int m = n;
  while (m > 0 && isnan(p[order[m - 1]])) m--;

  /* the i-th smallest of m is multiplied by m - i, and adjusted p-values must not decrease */
  double largest = 0;
  for (int i = 0; i < m; i++) {
    largest = fmax(largest, fmin(1, (m - i) * p[order[i]]));
    adjusted[order[i]] = largest;
  }
  for (int i = m; i < n; i++) adjusted[order[i]] = NAN;
  df_free(order);
  if (tests) *tests = m;
  return DF_OK;
}
