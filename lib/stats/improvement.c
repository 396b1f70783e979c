/* improvement.c: the probability of improvement and performance profiles. */
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "resample.h"

/* an interval, cut to what a share can be */
static void set_share_interval(const df_bootstrap_cfg* cfg, int m, const double* estimates, df_interval* out) {
  df_set_interval(cfg, m, estimates, out);
  out->lo = fmax(0, out->lo);
  out->hi = fmin(1, out->hi);
}

/* ---- probability of improvement ---- */

/* one side of a comparison */
typedef struct side {
  df_resampler s;
  const double* values;
  int* order; /* [total] indices of the values, sorted ascending within each stratum */
  int* count; /* [total] how often the current stratum of a resample contains each value */
} side;

static df_status side_new(const df_bootstrap_cfg* cfg, const df_strata* strata, side* out) {
  *out = (side){.values = strata->values};
  DF_TRY(df_resampler_new(cfg, strata->n, strata->sizes, &out->s));
  out->order = df_alloc((size_t)out->s.total, sizeof *out->order);
  out->count = df_alloc((size_t)out->s.total, sizeof *out->count);
  if (!out->order || !out->count) return DF_E_NOMEM;
  for (int s = 0; s < strata->n; s++) {
    const int first = out->s.first[s];
    int* ascending = df_ascending(strata->sizes[s], strata->values + first);
    if (!ascending) return DF_E_NOMEM;
    for (int i = 0; i < strata->sizes[s]; i++) out->order[first + i] = first + ascending[i];
    df_free(ascending);
  }
  return DF_OK;
}

static void side_clear(side* x) {
  df_resampler_clear(&x->s);
  df_free(x->order);
  df_free(x->count);
}

/* the share of pairs (one value of a, one of b, weighted by their counts) of a stratum in which a is larger; ties count
 * as one half. One pass over both sorted lists. */
static double share_larger(const side* a, const side* b, int stratum) {
  const int *order_a = a->order + a->s.first[stratum], *order_b = b->order + b->s.first[stratum];
  const int n_a = a->s.sizes[stratum], n_b = b->s.sizes[stratum];
  double wins = 0, below = 0, all_a = 0, all_b = 0;
  for (int i = 0; i < n_b; i++) all_b += b->count[order_b[i]];
  for (int i = 0, j = 0; i < n_a;) {
    const double value = a->values[order_a[i]];
    double here = 0, equal = 0;
    for (; j < n_b && b->values[order_b[j]] < value; j++) below += b->count[order_b[j]];
    for (; i < n_a && a->values[order_a[i]] == value; i++) here += a->count[order_a[i]];
    for (int k = j; k < n_b && b->values[order_b[k]] == value; k++) equal += b->count[order_b[k]];
    wins += here * (below + 0.5 * equal);
    all_a += here;
  }
  return wins / (all_a * all_b);
}

static void count_all(side* x) {
  for (int i = 0; i < x->s.total; i++) x->count[i] = 1;
}

/* counts the values in the p-th stratum of the resample */
static void count_place(side* x, int p) {
  const int stratum = x->s.stratum[p];
  memset(x->count + x->s.first[stratum], 0, (size_t)x->s.sizes[stratum] * sizeof *x->count);
  for (int i = x->s.begin[p]; i < x->s.begin[p + 1]; i++) x->count[x->s.index[i]]++;
}

/* the probability of improvement in resample r */
static double drawn_share(side* a, side* b, int r) {
  double sum = 0;
  df_resampler_draw(&a->s, r, 0);
  df_resampler_draw(&b->s, r, a->s.room);
  for (int p = 0; p < a->s.n_strata; p++) {
    count_place(a, p);
    count_place(b, p);
    sum += share_larger(a, b, a->s.stratum[p]);
  }
  return sum / a->s.n_strata;
}

static df_status improvement(side* a, side* b, df_interval* out) {
  const df_bootstrap_cfg* cfg = a->s.cfg;
  double* estimates = df_alloc((size_t)cfg->resamples, sizeof *estimates);
  if (!estimates) return DF_E_NOMEM;
  double sum = 0;
  count_all(a);
  count_all(b);
  for (int s = 0; s < a->s.n_strata; s++) sum += share_larger(a, b, s);
  out->mean = sum / a->s.n_strata;
  const int m = df_fewer_draws(df_resampler_draws(&a->s), df_resampler_draws(&b->s));
  if (m > 1) {
    for (int r = 0; r < cfg->resamples; r++) estimates[r] = drawn_share(a, b, r);
    set_share_interval(cfg, m, estimates, out);
  }
  df_free(estimates);
  return DF_OK;
}

/* replaces P(a > b) by P(a < b) */
static void turn_round(df_interval* i) {
  const double lo = i->lo;
  i->mean = 1 - i->mean;
  i->lo = 1 - i->hi;
  i->hi = 1 - lo;
}

df_status df_probability_of_improvement(const df_bootstrap_cfg* cfg, bool lower_is_better, const df_strata* a,
                                        const df_strata* b, df_interval* out) {
  DF_REQUIRE_POINTER(a);
  DF_REQUIRE_POINTER(b);
  DF_REQUIRE_POINTER(out);
  DF_REQUIRE(a->values && b->values, "probability of improvement: %s.values is NULL", a->values ? "b" : "a");
  DF_REQUIRE(a->n == b->n, "probability of improvement: a has %d strata and b has %d", a->n, b->n);
  side left = {.values = NULL}, right = {.values = NULL};
  df_status status = side_new(cfg, a, &left);
  if (status == DF_OK) status = side_new(cfg, b, &right);
  if (status == DF_OK && cfg->same_units && a->sizes[0] != b->sizes[0]) {
    status = df_fail(DF_E_ARG, "strata of %d and %d values: same_units needs equal sizes", a->sizes[0], b->sizes[0]);
  }
  if (status == DF_OK) {
    df_interval result = {.mean = NAN, .lo = NAN, .hi = NAN, .n = left.s.total + right.s.total};
    result.failed = df_count_failures(left.s.total, a->values) + df_count_failures(right.s.total, b->values);
    if (!result.failed) status = improvement(&left, &right, &result);
    if (lower_is_better) turn_round(&result);
    if (status == DF_OK) *out = result;
  }
  side_clear(&left);
  side_clear(&right);
  return status;
}

/* ---- performance profiles ---- */

/* the index of the first (lower is better) or else the last threshold that a value reaches; n_tau or -1 if none */
static int first_reached(bool lower_is_better, double value, int n_tau, const double* tau) {
  if (!isfinite(value)) return lower_is_better ? n_tau : -1;
  int t = 0;
  if (lower_is_better) {
    while (t < n_tau && tau[t] < value) t++;
    return t;
  }
  while (t < n_tau && tau[t] <= value) t++;
  return t - 1;
}

/* adds to share [n_tau] the shares of n values (given by index) that reach each threshold; at [n_tau] is scratch */
static void add_shares(bool lower_is_better, int n, const int* index, const int* reached, int n_tau, int* at,
                       double* share) {
  memset(at, 0, (size_t)n_tau * sizeof *at);
  for (int i = 0; i < n; i++) {
    const int t = reached[index[i]];
    if (t >= 0 && t < n_tau) at[t]++;
  }
  int sum = 0;
  for (int k = 0; k < n_tau; k++) {
    const int t = lower_is_better ? k : n_tau - 1 - k;
    sum += at[t];
    share[t] += (double)sum / n;
  }
}

/* the state of computing a profile */
typedef struct profile {
  df_resampler s;
  bool lower;
  int n_tau;
  int* reached;      /* [total] first_reached() of each value */
  int *every, *at;   /* [total] the identity 0, 1, 2 ...; [n_tau] scratch */
  double* share;     /* [n_tau] sums of the shares of one resample */
  double* estimates; /* [n_tau][resamples] */
} profile;

static df_status profile_new(const df_bootstrap_cfg* cfg, bool lower, const df_strata* strata, int n_tau,
                             const double* tau, profile* p) {
  *p = (profile){.lower = lower, .n_tau = n_tau};
  DF_TRY(df_resampler_new(cfg, strata->n, strata->sizes, &p->s));
  for (int t = 1; t < n_tau; t++) {
    DF_REQUIRE(tau[t - 1] <= tau[t], "thresholds are not ascending: %g after %g", tau[t], tau[t - 1]);
  }
  p->reached = df_alloc((size_t)p->s.total, sizeof *p->reached);
  p->every = df_alloc((size_t)p->s.total, sizeof *p->every);
  p->at = df_alloc((size_t)n_tau, sizeof *p->at);
  p->share = df_alloc((size_t)n_tau, sizeof *p->share);
  p->estimates = df_alloc((size_t)n_tau * (size_t)cfg->resamples, sizeof *p->estimates);
  if (!p->reached || !p->every || !p->at || !p->share || !p->estimates) return DF_E_NOMEM;
  for (int i = 0; i < p->s.total; i++) {
    p->reached[i] = first_reached(lower, strata->values[i], n_tau, tau);
    p->every[i] = i;
  }
  return DF_OK;
}

static void profile_clear(profile* p) {
  df_resampler_clear(&p->s);
  df_free(p->reached);
  df_free(p->every);
  df_free(p->at);
  df_free(p->share);
  df_free(p->estimates);
}

/* draws resample r and stores its shares as estimates */
static void draw_shares(profile* p, int r) {
  memset(p->share, 0, (size_t)p->n_tau * sizeof *p->share);
  df_resampler_draw(&p->s, r, 0);
  for (int k = 0; k < p->s.n_strata; k++) {
    const int from = p->s.begin[k];
    add_shares(p->lower, p->s.begin[k + 1] - from, p->s.index + from, p->reached, p->n_tau, p->at, p->share);
  }
  for (int t = 0; t < p->n_tau; t++) {
    p->estimates[(size_t)t * (size_t)p->s.cfg->resamples + (size_t)r] = p->share[t] / p->s.n_strata;
  }
}

/* writes the shares of all values and their intervals */
static void fill_profile(profile* p, const double* values, df_interval* out) {
  const df_bootstrap_cfg* cfg = p->s.cfg;
  const int failed = df_count_failures(p->s.total, values);
  for (int s = 0; s < p->s.n_strata; s++) {
    add_shares(p->lower, p->s.sizes[s], p->every + p->s.first[s], p->reached, p->n_tau, p->at, p->share);
  }
  for (int t = 0; t < p->n_tau; t++) {
    out[t] =
        (df_interval){.mean = p->share[t] / p->s.n_strata, .lo = NAN, .hi = NAN, .n = p->s.total, .failed = failed};
  }
  const int m = df_resampler_draws(&p->s);
  if (m < 2) return;
  for (int r = 0; r < cfg->resamples; r++) draw_shares(p, r);
  for (int t = 0; t < p->n_tau; t++) {
    set_share_interval(cfg, m, p->estimates + (size_t)t * (size_t)cfg->resamples, &out[t]);
  }
}

df_status df_performance_profile(const df_bootstrap_cfg* cfg, bool lower_is_better, const df_strata* strata, int n_tau,
                                 const double* tau, df_interval* out) {
  DF_REQUIRE_POINTER(strata);
  DF_REQUIRE_POINTER(tau);
  DF_REQUIRE_POINTER(out);
  DF_REQUIRE(strata->values, "df_performance_profile: strata.values is NULL");
  DF_REQUIRE(n_tau >= 1 && n_tau <= 10000, "performance profile: n_tau = %d is not in 1 .. 10000", n_tau);
  profile p = {.n_tau = 0};
  const df_status status = profile_new(cfg, lower_is_better, strata, n_tau, tau, &p);
  if (status == DF_OK) fill_profile(&p, strata->values, out);
  profile_clear(&p);
  return status;
}
