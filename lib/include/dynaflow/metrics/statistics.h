/* statistics.h: what a set of numbers says, and how sure one may be.
 *
 * Values lie in strata, one after another: sizes[s] values of stratum s = 0..n_strata-1 (seeds, episodes, tasks). Every
 * function is a function of its arguments: resamples are drawn from cfg->seed by stream DF_STREAM_BOOTSTRAP, so results
 * are the same on any machine, thread or order of calls.
 *
 * Sources:
 *   [ET]  Efron and Tibshirani, An Introduction to the Bootstrap, 1993: percentile interval, section 13.3
 *   [DH]  Davison and Hinkley, Bootstrap Methods and their Application, 1997: Monte Carlo p-value, section 4.2.5;
 *         stratified resampling, section 3.2
 *   [A21] Agarwal et al., Deep Reinforcement Learning at the Edge of the Statistical Precipice, NeurIPS 2021:
 * stratified bootstrap, section 4.1; performance profiles, 4.2; interquartile mean and probability of improvement, 4.3
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

/* Mean with a 95 % percentile bootstrap interval (2000 resamples drawn from `seed`); +inf if a value is not finite,
 * with lo = hi = NaN. n == 1 gives lo = hi = NaN, n < 1 also mean = NaN. */
DF_API df_interval df_mean_interval(int n, const double* values, uint64_t seed);

/* A share with its 95 % Wilson score interval [W27]; NaN unless 0 <= count <= n and n >= 1. */
DF_API df_interval df_share_interval(int count, int n);

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
} df_bootstrap_cfg;

/* seed 1, 2000 resamples, level 0.95, strata drawn independently */
DF_API df_bootstrap_cfg df_bootstrap_cfg_default(void);

/* All functions below return DF_E_ARG for NULL arrays, n_strata < 1, a size < 1 or a cfg out of range, DF_E_NOMEM
 * without memory; *out is then untouched. An interval needs two values in some stratum; else lo = hi = NaN.
 * Resampling is within strata, which stay as they are: an interval speaks of these strata (these seeds), not of others.
 */

/* The estimate over all values, with its stratified percentile interval [A21, ET]. +inf with lo = hi = NaN if a value
 * is not finite. One stratum, the mean, 2000 resamples: what df_mean_interval() gives, up to rounding. */
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

/* Share of values that reach each threshold tau [n_tau]: value >= tau, or <= tau where lower is better; averaged over
 * strata, with pointwise intervals [A21]. A value that is not finite reaches none, and is counted in `failed`.
 *   out  [n_tau] */
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
