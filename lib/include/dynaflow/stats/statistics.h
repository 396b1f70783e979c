/* statistics.h: what a set of numbers says, and how sure one may be.
 *
 * Values lie in strata, one after another: sizes[s] values of stratum s = 0..n_strata-1 (seeds, episodes, tasks). Every
 * function is a function of its arguments: resamples are drawn from cfg->seed by stream DF_STREAM_BOOTSTRAP, so results
 * are the same on any machine, thread or order of calls.
 *
 * Sources:
 *   [ET]  Efron and Tibshirani, An Introduction to the Bootstrap, 1993: percentile interval, section 13.3
 *   [DH]  Davison and Hinkley, Bootstrap Methods and their Application, 1997: Monte Carlo p-value, section 4.2.5;
 *         stratified resampling, section 3.2; hierarchical data, section 3.8
 *   [FW]  Field and Welsh, Bootstrapping clustered data, Journal of the Royal Statistical Society B 69 (2007)
 *   [O07] Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1 (2007): crossed effects
 *   [KG]  Korn and Graubard, Survey Methodology 24 (1998): shares of clustered counts, by their effective number
 *   [A21] Agarwal et al., Deep Reinforcement Learning at the Edge of the Statistical Precipice, NeurIPS 2021:
 *         stratified bootstrap, section 4.1; performance profiles, 4.2; interquartile mean and probability of
 *         improvement, 4.3
 *   [M47] McNemar, Psychometrika 12 (1947); its exact form is the sign test on discordant pairs
 *   [MW]  Mann and Whitney, Annals of Mathematical Statistics 18 (1947)
 *   [H79] Holm, Scandinavian Journal of Statistics 6 (1979)
 *   [W27] Wilson, Journal of the American Statistical Association 22 (1927) */
#ifndef DYNAFLOW_METRICS_STATISTICS_H
#define DYNAFLOW_METRICS_STATISTICS_H

#include <stdbool.h>
#include <stdint.h>

#include "dynaflow/core/status.h"

typedef struct df_interval {
  double mean, lo, hi; /* the estimate (not always a mean) and its interval */
  int n;               /* values */
  int failed;          /* of these, not finite */
} df_interval;

/* A share with its 95 % Wilson score interval [W27]; NaN unless 0 <= count <= n and n >= 1. */
DF_API df_interval df_share_interval(int count, int n);

/* The same for values [n] of 0 and 1 that come in clusters (df_bootstrap_cfg below): Wilson's interval of as many
 * independent values as tell as much [KG], n / d with
 *     d = v_clusters / (p (1 - p) / n)   at least 1,
 *     v_clusters = sum over groups g of c/(c-1) sum over its c clusters of (t - mean of t)^2 / n^2,
 *     t = sum over the cluster of (value - p),
 * or, where all values are the same and nothing can be said of d, the number of clusters. `cluster` NULL: as above.
 * DF_E_ARG for NULL values, n < 1 or a value that is neither 0 nor 1; *out is then untouched. */
DF_API DF_MUST_CHECK df_status df_share_interval_clustered(int n, const double* values, const int* cluster,
                                                           const int* group, df_interval* out);

/* ---- estimates ---- */

/* Sorts in place, ascending; NaN last. */
DF_API void df_sort(int n, double* values);

/* The p-quantile of sorted [n], linear between order statistics at p (n - 1): R's type 7, NumPy's default. NaN unless
 * n >= 1 and 0 <= p <= 1. */
DF_API double df_quantile(int n, const double* sorted, double p);

typedef enum df_estimate {
  DF_ESTIMATE_MEAN,
  DF_ESTIMATE_MEDIAN,
  DF_ESTIMATE_IQM /* interquartile mean: the mean of the middle half. n/4 values are trimmed from each end, a fraction
                     of a value by its weight (n = 5: x1 and x3 count 0.75, x2 counts 1). [A21]'s own code trims
                     floor(n/4) whole values, which is the same where 4 divides n. */
} df_estimate;

/* The estimate of sorted [n]; NaN for n < 1. */
DF_API double df_estimate_sorted(df_estimate kind, int n, const double* sorted);

/* ---- the bootstrap ---- */

typedef struct df_bootstrap_cfg {
  uint64_t seed;
  int resamples; /* 1 .. 10^6 */
  double level;  /* in (0, 1) */
  /* Value i of every stratum, and of both sides of a comparison, belongs to the same unit (the same start state run
   * with each seed): a resample draws units once and uses them everywhere. Strata must be equally long. Without it,
   * what units have in common would be counted once a stratum, and intervals would be too narrow. */
  bool same_units;
  /* Units with the same label of `cluster` belong together (windows of one episode): a resample takes clusters whole
   * [FW], else what they have in common would be counted once a unit. Within each label of `group` (the gait of an
   * episode) as many clusters are drawn as there are [DH]. Labels are any whole numbers, [size of a stratum], owned by
   * the caller; with several strata only where same_units is set. NULL: every unit is a cluster; all are one group.
   * Groups of c clusters give intervals that are too narrow by sqrt(1 - 1/c), as any bootstrap of few values does. */
  const int *cluster, *group;
  /* Strata are drawn, too, as many as there are: the interval then speaks of strata like these [DH], crossed with units
   * where same_units is set [O07], and no longer of these alone. Of few strata it says too little, as any bootstrap of
   * few values: by sqrt(1 - 1/strata) at best. */
  bool draw_strata;
} df_bootstrap_cfg;

/* seed 1, 2000 resamples, level 0.95, strata as they are and drawn from independently */
DF_API df_bootstrap_cfg df_bootstrap_cfg_default(void);

/* All functions below return DF_E_ARG for NULL arrays, n_strata < 1, a size < 1, a cluster in two groups or a cfg out
 * of range, DF_E_NOMEM without memory; *out is then untouched. An interval needs something that can be drawn in two
 * ways: two clusters of a group, or two strata with draw_strata; else lo = hi = NaN. */

/* The estimate over all values, with its percentile interval [A21, ET]. +inf with lo = hi = NaN if a value is not
 * finite. */
DF_API DF_MUST_CHECK df_status df_bootstrap_interval(const df_bootstrap_cfg* cfg, df_estimate kind, int n_strata,
                                                     const int* sizes, const double* values, df_interval* out);

typedef struct df_paired {
  df_interval difference; /* of a - b; NaN with lo = hi = NaN where a pair is not finite, counted in `failed` */
  /* two-sided, that the estimate of the differences is 0: 2 min(#{d* <= 0} + 1, #{d* >= 0} + 1) / (resamples + 1), at
   * most 1 [DH]. Never below 2 / (resamples + 1). NaN where there is no interval. */
  double p;
} df_paired;

/* Pairs a[i], b[i] are of the same window and seed; pairs are resampled, so what both have in common cancels. */
DF_API DF_MUST_CHECK df_status df_paired_difference(const df_bootstrap_cfg* cfg, df_estimate kind, int n_strata,
                                                    const int* sizes, const double* a, const double* b, df_paired* out);

/* Probability that a value of `a` is better than one of `b` in the same stratum, ties counting a half: U / (n_a n_b) of
 * [MW] in every stratum, averaged over strata [A21]. 1/2: neither is better; NaN if a value is not finite.
 *   sizes_a, sizes_b  in, [n_strata]; with cfg->same_units all are equal, and units are drawn for both sides
 *                     together: a resample then meets a unit with itself more often than the values do, which moves it
 *                     by up to 1 / size */
DF_API DF_MUST_CHECK df_status df_probability_of_improvement(const df_bootstrap_cfg* cfg, bool lower_is_better,
                                                             int n_strata, const int* sizes_a, const double* a,
                                                             const int* sizes_b, const double* b, df_interval* out);

/* Share of values that reach each threshold tau [n_tau], ascending: value >= tau, or <= tau where lower is better;
 * averaged over strata, with pointwise intervals [A21]. A value that is not finite reaches none, and is counted in
 * `failed`. out  [n_tau] */
DF_API DF_MUST_CHECK df_status df_performance_profile(const df_bootstrap_cfg* cfg, bool lower_is_better, int n_strata,
                                                      const int* sizes, const double* values, int n_tau,
                                                      const double* tau, df_interval* out);

/* ---- tests ---- */

/* Exact two-sided McNemar test [M47]: of the pairs in which just one side falls, `only_a` and `only_b` are the counts.
 * min(1, 2 P(X <= min(only_a, only_b))), X ~ Binomial(only_a + only_b, 1/2). 1 where there is no such pair; NaN for a
 * negative count. */
DF_API double df_mcnemar_exact(int only_a, int only_b);

/* Holm's step-down adjustment of n p-values [H79]; a NaN is no test: it stays NaN and is not counted. `adjusted` may be
 * p. DF_E_NOMEM leaves it untouched. Returns the number of tests in *tests (may be NULL). */
DF_API DF_MUST_CHECK df_status df_holm(int n, const double* p, double* adjusted, int* tests);

#endif
