/* compare_measure.c: the statistics of one comparison. */
#include <math.h>
#include <string.h>

#include "compare.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/stats/statistics.h"
#include "power.h"
#include "samples.h"
#include "text.h"

enum { IMPROVEMENT_RESAMPLES = 2000 };

static double mean_of(int n, const double* values) {
  return df_estimate_sorted(DF_ESTIMATE_MEAN, n, values);
}

/* falls of a minus falls of b in the episode of start state i, over all seeds */
static double more_falls(const samples* a, const samples* b, int i) {
  double more = 0;
  for (int j = 0; j < a->n; j++) {
    if (a->episode ? a->episode[j] != a->episode[i] : j != i) continue;
    for (int s = 0; s < a->seeds; s++) more += a->values[s * a->n + j] - b->values[s * a->n + j];
  }
  return more;
}

/* Counts every episode once, for the side that fell more often in it over all its start states and seeds. */
static void count_falls(const samples* a, const samples* b, comparison* one) {
  one->only_a = one->only_b = 0;
  for (int i = 0; i < a->n; i++) {
    bool counted = false;
    for (int j = 0; j < i && a->episode && !counted; j++) counted = a->episode[j] == a->episode[i];
    if (counted) continue;
    const double more = more_falls(a, b, i);
    one->only_a += more > 0;
    one->only_b += more < 0;
  }
  one->p = fmax(one->p, df_mcnemar_exact(one->only_a, one->only_b));
}

/* the mean difference of each seed [seeds], its range, and what a comparison with such seeds can find */
static df_status compare_seeds(const compare_cfg* cfg, const samples* a, const samples* b, comparison* one) {
  double* of_seed = df_alloc((size_t)a->seeds, sizeof *of_seed);
  if (!of_seed) return DF_E_NOMEM;
  for (int s = 0; s < a->seeds; s++) {
    const size_t at = (size_t)s * (size_t)a->n;
    of_seed[s] = mean_of(a->n, a->values + at) - mean_of(a->n, b->values + at);
    if (!(of_seed[s] >= one->seed_lo)) one->seed_lo = of_seed[s];
    if (!(of_seed[s] <= one->seed_hi)) one->seed_hi = of_seed[s];
  }
  const paired_design design = {a->seeds, a->episodes, &one->paired.difference, of_seed};
  one->detectable = power_detectable(&design);
  if (cfg->wanted > 0) one->seeds_needed = power_seeds_needed(&design, cfg->wanted);
  df_free(of_seed);
  return DF_OK;
}

/* the values of both sides as a hash: equal for metrics that are copies of each other */
static df_status hash_values(const samples* a, const samples* b, char out[DF_SHA256_TEXT]) {
  char both[2 * DF_SHA256_TEXT];
  const size_t bytes = (size_t)a->seeds * (size_t)a->n * sizeof *a->values;
  DF_TRY(df_sha256(a->values, bytes, both));
  DF_TRY(df_sha256(b->values, bytes, both + DF_SHA256_TEXT));
  return df_sha256(both, sizeof both, out);
}

df_status compare_measure(const compare_cfg* cfg, const samples* a, const samples* b, comparison* one) {
  df_bootstrap_cfg bootstrap = samples_bootstrap(a, cfg->seed, cfg->resamples);
  one->episodes = a->episodes;
  DF_TRY(hash_values(a, b, one->values));
  one->mean_a = mean_of(a->seeds * a->n, a->values);
  one->mean_b = mean_of(a->seeds * a->n, b->values);
  const df_strata of_a = {.n = a->seeds, .sizes = a->sizes, .values = a->values};
  const df_strata of_b = {.n = a->seeds, .sizes = b->sizes, .values = b->values};
  DF_TRY(df_paired_difference(&bootstrap, &of_a, b->values, &one->paired));
  DF_TRY(compare_seeds(cfg, a, b, one));
  if (bootstrap.resamples > IMPROVEMENT_RESAMPLES) bootstrap.resamples = IMPROVEMENT_RESAMPLES;
  DF_TRY(
      df_probability_of_improvement(&bootstrap, strcmp(one->better, "higher") != 0, &of_a, &of_b, &one->improvement));
  one->p = one->paired.p;
  const int failed = one->paired.difference.failed;
  if (!failed && strcmp(one->metric, "fall_rate") == 0) count_falls(a, b, one);
  if (failed) one->seed_lo = one->seed_hi = one->detectable = NAN;
  if (failed && one->outcome == COMPARE_OK) {
    one->outcome = COMPARE_UNSURE;
    one->reason = format_text("%d of %d pairs not finite", failed, a->seeds * a->n);
  }
  return DF_OK;
}
