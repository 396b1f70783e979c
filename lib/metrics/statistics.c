#include "dynaflow/metrics/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"

/* ---- estimates ---- */

static int compare(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  if (isnan(x) || isnan(y)) return isnan(x) - isnan(y);
  return (x > y) - (x < y);
}

void df_sort(int n, double* values) {
  if (n > 1) qsort(values, (size_t)n, sizeof *values, compare);
}

double df_quantile(int n, const double* sorted, double p) {
  if (n < 1 || !(p >= 0 && p <= 1)) return NAN;
  const double at = p * (n - 1);
  const int below = (int)at;
  const int above = below + 1 < n ? below + 1 : below;
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

static double mean(int n, const double* values) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += values[i];
  return sum / n;
}

/* value i covers [i, i + 1) of the line; it counts by what lies between n/4 and 3n/4 */
static double interquartile_mean(int n, const double* sorted) {
  const double from = 0.25 * n, to = 0.75 * n;
  double sum = 0;
  for (int i = 0; i < n; i++) {
    const double weight = fmin(i + 1, to) - fmax(i, from);
    if (weight > 0) sum += weight * sorted[i];
  }
  return sum / (0.5 * n);
}

double df_estimate_sorted(df_estimate kind, int n, const double* sorted) {
  if (n < 1) return NAN;
  switch (kind) {
    case DF_ESTIMATE_MEDIAN:
      return 0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]);
    case DF_ESTIMATE_IQM:
      return interquartile_mean(n, sorted);
    default:
      return mean(n, sorted);
  }
}

/* of values in any order, which it may leave in another */
static double estimate(df_estimate kind, int n, double* values) {
  if (kind != DF_ESTIMATE_MEAN) df_sort(n, values);
  return df_estimate_sorted(kind, n, values);
}

/* ---- resamples ---- */

enum { MOST_RESAMPLES = 1000000 };

df_bootstrap_cfg df_bootstrap_cfg_default(void) {
  return (df_bootstrap_cfg){.seed = 1, .resamples = 2000, .level = 0.95};
}

static df_status check_cfg(const df_bootstrap_cfg* cfg) {
  DF_REQUIRE(cfg, "no settings of the bootstrap");
  DF_REQUIRE(cfg->resamples >= 1 && cfg->resamples <= MOST_RESAMPLES, "%d resamples: 1 to %d are possible",
             cfg->resamples, MOST_RESAMPLES);
  DF_REQUIRE(cfg->level > 0 && cfg->level < 1, "level %g: it lies between 0 and 1", cfg->level);
  return DF_OK;
}

static df_status check_strata(const df_bootstrap_cfg* cfg, int n_strata, const int* sizes, int* total) {
  DF_REQUIRE(n_strata >= 1 && sizes, "%d strata: at least one is needed", n_strata);
  long sum = 0;
  for (int s = 0; s < n_strata; s++) {
    DF_REQUIRE(sizes[s] >= 1, "stratum %d has %d values", s, sizes[s]);
    DF_REQUIRE(!cfg->same_units || sizes[s] == sizes[0], "stratum %d has %d values, stratum 0 has %d: no same units", s,
               sizes[s], sizes[0]);
    sum += sizes[s];
  }
  DF_REQUIRE(sum <= 100000000, "%ld values are too many", sum);
  *total = (int)sum;
  return DF_OK;
}

static bool can_vary(int n_strata, const int* sizes) {
  for (int s = 0; s < n_strata; s++) {
    if (sizes[s] > 1) return true;
  }
  return false;
}

/* which value of its stratum stands at place i; `first` numbers the stratum's values among all */
static int draw(const df_bootstrap_cfg* cfg, int resample, int first, int i, int size) {
  const uint32_t lane = (uint32_t)(cfg->same_units ? i : first + i);
  return (int)df_rng_below(cfg->seed, DF_STREAM_BOOTSTRAP, (uint64_t)resample, lane, (uint64_t)size);
}

static int count_failures(int n, const double* values) {
  int failed = 0;
  for (int i = 0; i < n; i++) failed += !isfinite(values[i]);
  return failed;
}

/* the middle `level` of the estimates, which it sorts */
static void set_interval(const df_bootstrap_cfg* cfg, double* estimates, df_interval* out) {
  df_sort(cfg->resamples, estimates);
  out->lo = df_quantile(cfg->resamples, estimates, 0.5 * (1 - cfg->level));
  out->hi = df_quantile(cfg->resamples, estimates, 0.5 * (1 + cfg->level));
}

/* estimates [resamples] and, in work [total], the last resample */
static void resample(const df_bootstrap_cfg* cfg, df_estimate kind, int n_strata, const int* sizes, int total,
                     const double* values, double* work, double* estimates) {
  for (int r = 0; r < cfg->resamples; r++) {
    for (int s = 0, first = 0; s < n_strata; first += sizes[s++]) {
      for (int i = 0; i < sizes[s]; i++) work[first + i] = values[first + draw(cfg, r, first, i, sizes[s])];
    }
    estimates[r] = estimate(kind, total, work);
  }
}

/* the estimate of finite values, its interval and, where p is not NULL, its p-value against 0 */
static df_status bootstrap(const df_bootstrap_cfg* cfg, df_estimate kind, int n_strata, const int* sizes, int total,
                           const double* values, df_interval* out, double* p) {
  double* work = df_alloc((size_t)total, sizeof *work);
  double* estimates = df_alloc((size_t)cfg->resamples, sizeof *estimates);
  const df_status status = work && estimates ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) {
    memcpy(work, values, (size_t)total * sizeof *work);
    out->mean = estimate(kind, total, work);
  }
  if (status == DF_OK && can_vary(n_strata, sizes)) {
    resample(cfg, kind, n_strata, sizes, total, values, work, estimates);
    set_interval(cfg, estimates, out);
    int below = 1, above = 1;
    for (int r = 0; r < cfg->resamples; r++) {
      below += estimates[r] <= 0;
      above += estimates[r] >= 0;
    }
    if (p) *p = fmin(1, 2.0 * (below < above ? below : above) / (cfg->resamples + 1));
  }
  df_free(work);
  df_free(estimates);
  return status;
}

df_status df_bootstrap_interval(const df_bootstrap_cfg* cfg, df_estimate kind, int n_strata, const int* sizes,
                                const double* values, df_interval* out) {
  int total;
  DF_TRY(check_cfg(cfg));
  DF_TRY(check_strata(cfg, n_strata, sizes, &total));
  DF_REQUIRE(values && out, "no values or no place for the interval");
  df_interval result = {.mean = INFINITY, .lo = NAN, .hi = NAN, .n = total, .failed = count_failures(total, values)};
  if (!result.failed) DF_TRY(bootstrap(cfg, kind, n_strata, sizes, total, values, &result, NULL));
  *out = result;
  return DF_OK;
}

df_status df_paired_difference(const df_bootstrap_cfg* cfg, df_estimate kind, int n_strata, const int* sizes,
                               const double* a, const double* b, df_paired* out) {
  int total;
  DF_TRY(check_cfg(cfg));
  DF_TRY(check_strata(cfg, n_strata, sizes, &total));
  DF_REQUIRE(a && b && out, "no values or no place for the difference");
  double* difference = df_alloc((size_t)total, sizeof *difference);
  if (!difference) return DF_E_NOMEM;
  for (int i = 0; i < total; i++) difference[i] = isfinite(a[i]) && isfinite(b[i]) ? a[i] - b[i] : NAN;
  df_paired result = {.difference = {.mean = NAN, .lo = NAN, .hi = NAN, .n = total}, .p = NAN};
  result.difference.failed = count_failures(total, difference);
  df_status status = DF_OK;
  if (!result.difference.failed) {
    status = bootstrap(cfg, kind, n_strata, sizes, total, difference, &result.difference, &result.p);
  }
  df_free(difference);
  if (status == DF_OK) *out = result;
  return status;
}

/* ---- probability of improvement ---- */

/* one side: its values and, in every stratum, the order of their sizes */
typedef struct side {
  const int* sizes;
  const double* values;
  int total;
  int* order; /* [total], indices within the stratum */
  int* count; /* [total]: how often a resample holds a value */
} side;

typedef struct ranked {
  double value;
  int index;
} ranked;

static int compare_ranked(const void* a, const void* b) {
  return compare(&((const ranked*)a)->value, &((const ranked*)b)->value);
}

static df_status side_order(side* x, int n_strata) {
  ranked* r = df_alloc((size_t)x->total, sizeof *r);
  x->order = df_alloc((size_t)x->total, sizeof *x->order);
  x->count = df_alloc((size_t)x->total, sizeof *x->count);
  const bool room = r && x->order && x->count;
  for (int s = 0, first = 0; room && s < n_strata; first += x->sizes[s++]) {
    const int n = x->sizes[s];
    for (int i = 0; i < n; i++) r[i] = (ranked){x->values[first + i], i};
    qsort(r, (size_t)n, sizeof *r, compare_ranked);
    for (int i = 0; i < n; i++) x->order[first + i] = r[i].index;
  }
  df_free(r);
  return room ? DF_OK : DF_E_NOMEM;
}

static void side_clear(side* x) {
  df_free(x->order);
  df_free(x->count);
}

/* share of pairs (one of a, one of b, by their counts) in which a is the larger; ties count a half */
static double share_larger(const side* a, int first_a, int n_a, const side* b, int first_b, int n_b) {
  double wins = 0, below = 0;
  for (int i = 0, j = 0; i < n_a;) {
    const double value = a->values[first_a + a->order[first_a + i]];
    double here = 0, equal = 0;
    for (; j < n_b && b->values[first_b + b->order[first_b + j]] < value; j++) {
      below += b->count[first_b + b->order[first_b + j]];
    }
    for (; i < n_a && a->values[first_a + a->order[first_a + i]] == value; i++) {
      here += a->count[first_a + a->order[first_a + i]];
    }
    for (int k = j; k < n_b && b->values[first_b + b->order[first_b + k]] == value; k++) {
      equal += b->count[first_b + b->order[first_b + k]];
    }
    wins += here * (below + 0.5 * equal);
  }
  return wins / ((double)n_a * n_b);
}

static double mean_share(const side* a, const side* b, int n_strata) {
  double sum = 0;
  for (int s = 0, first_a = 0, first_b = 0; s < n_strata; s++) {
    sum += share_larger(a, first_a, a->sizes[s], b, first_b, b->sizes[s]);
    first_a += a->sizes[s];
    first_b += b->sizes[s];
  }
  return sum / n_strata;
}

/* `offset` keeps the draws of b apart from those of a */
static void count_draws(const df_bootstrap_cfg* cfg, int r, int n_strata, int offset, side* x) {
  memset(x->count, 0, (size_t)x->total * sizeof *x->count);
  for (int s = 0, first = 0; s < n_strata; first += x->sizes[s++]) {
    for (int i = 0; i < x->sizes[s]; i++) x->count[first + draw(cfg, r, offset + first, i, x->sizes[s])]++;
  }
}

static df_status improvement(const df_bootstrap_cfg* cfg, int n_strata, side* a, side* b, df_interval* out) {
  double* estimates = df_alloc((size_t)cfg->resamples, sizeof *estimates);
  df_status status = estimates ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) status = side_order(a, n_strata);
  if (status == DF_OK) status = side_order(b, n_strata);
  if (status == DF_OK) {
    for (int i = 0; i < a->total; i++) a->count[i] = 1;
    for (int i = 0; i < b->total; i++) b->count[i] = 1;
    out->mean = mean_share(a, b, n_strata);
  }
  if (status == DF_OK && (can_vary(n_strata, a->sizes) || can_vary(n_strata, b->sizes))) {
    for (int r = 0; r < cfg->resamples; r++) {
      count_draws(cfg, r, n_strata, 0, a);
      count_draws(cfg, r, n_strata, a->total, b);
      estimates[r] = mean_share(a, b, n_strata);
    }
    set_interval(cfg, estimates, out);
  }
  side_clear(a);
  side_clear(b);
  df_free(estimates);
  return status;
}

df_status df_probability_of_improvement(const df_bootstrap_cfg* cfg, bool lower_is_better, int n_strata,
                                        const int* sizes_a, const double* a, const int* sizes_b, const double* b,
                                        df_interval* out) {
  side left = {.sizes = sizes_a, .values = a}, right = {.sizes = sizes_b, .values = b};
  DF_TRY(check_cfg(cfg));
  DF_TRY(check_strata(cfg, n_strata, sizes_a, &left.total));
  DF_TRY(check_strata(cfg, n_strata, sizes_b, &right.total));
  DF_REQUIRE(a && b && out, "no values or no place for the interval");
  DF_REQUIRE(!cfg->same_units || sizes_a[0] == sizes_b[0], "strata of %d and %d values: no same units", sizes_a[0],
             sizes_b[0]);
  df_interval result = {.mean = NAN, .lo = NAN, .hi = NAN, .n = left.total + right.total};
  result.failed = count_failures(left.total, a) + count_failures(right.total, b);
  if (!result.failed) DF_TRY(improvement(cfg, n_strata, &left, &right, &result));
  if (lower_is_better) {
    const double lo = result.lo;
    result.mean = 1 - result.mean;
    result.lo = 1 - result.hi;
    result.hi = 1 - lo;
  }
  *out = result;
  return DF_OK;
}

/* ---- performance profiles ---- */

static bool reaches(bool lower_is_better, double value, double tau) {
  return isfinite(value) && (lower_is_better ? value <= tau : value >= tau);
}

/* resample r of the share, or with r < 0 the values themselves */
static double share_reaching(const df_bootstrap_cfg* cfg, bool lower, int n_strata, const int* sizes,
                             const double* values, double tau, int r) {
  double sum = 0;
  for (int s = 0, first = 0; s < n_strata; first += sizes[s++]) {
    int n = 0;
    for (int i = 0; i < sizes[s]; i++) {
      n += reaches(lower, values[first + (r < 0 ? i : draw(cfg, r, first, i, sizes[s]))], tau);
    }
    sum += (double)n / sizes[s];
  }
  return sum / n_strata;
}

df_status df_performance_profile(const df_bootstrap_cfg* cfg, bool lower_is_better, int n_strata, const int* sizes,
                                 const double* values, int n_tau, const double* tau, df_interval* out) {
  int total;
  DF_TRY(check_cfg(cfg));
  DF_TRY(check_strata(cfg, n_strata, sizes, &total));
  DF_REQUIRE(values && n_tau >= 1 && tau && out, "no values, no thresholds or no place for the profile");
  double* estimates = df_alloc((size_t)cfg->resamples, sizeof *estimates);
  if (!estimates) return DF_E_NOMEM;
  for (int t = 0; t < n_tau; t++) {
    out[t] = (df_interval){.lo = NAN, .hi = NAN, .n = total, .failed = count_failures(total, values)};
    out[t].mean = share_reaching(cfg, lower_is_better, n_strata, sizes, values, tau[t], -1);
    if (!can_vary(n_strata, sizes)) continue;
    for (int r = 0; r < cfg->resamples; r++) {
      estimates[r] = share_reaching(cfg, lower_is_better, n_strata, sizes, values, tau[t], r);
    }
    set_interval(cfg, estimates, &out[t]);
  }
  df_free(estimates);
  return DF_OK;
}

/* ---- tests ---- */

double df_mcnemar_exact(int only_a, int only_b) {
  if (only_a < 0 || only_b < 0) return NAN;
  const double few = only_a < only_b ? only_a : only_b, n = (double)only_a + only_b;
  /* the largest term by logarithms, since 2^-n underflows; the others by their ratios */
  double term = exp(lgamma(n + 1) - lgamma(few + 1) - lgamma(n - few + 1) - n * log(2)), tail = 0;
  for (double k = few; k >= 0 && term > 0; k--) {
    tail += term;
    term *= k / (n - k + 1);
  }
  return fmin(1, 2 * tail);
}

df_status df_holm(int n, const double* p, double* adjusted, int* tests) {
  DF_REQUIRE(n >= 0 && (n == 0 || (p && adjusted)), "%d p-values, or no place for them", n);
  ranked* r = df_alloc((size_t)n, sizeof *r);
  if (!r) return DF_E_NOMEM;
  int m = 0;
  for (int i = 0; i < n; i++) {
    if (!isnan(p[i])) r[m++] = (ranked){p[i], i};
  }
  if (m > 1) qsort(r, (size_t)m, sizeof *r, compare_ranked);
  for (int i = 0; i < n; i++) {
    if (isnan(p[i])) adjusted[i] = NAN;
  }
  double largest = 0;
  for (int i = 0; i < m; i++) {
    largest = fmax(largest, fmin(1, (m - i) * r[i].value));
    adjusted[r[i].index] = largest;
  }
  df_free(r);
  if (tests) *tests = m;
  return DF_OK;
}
