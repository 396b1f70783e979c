/* statistics.h: estimates with confidence intervals, comparisons and tests.
 *
 * Values are grouped in strata (seeds, episodes, tasks; df_strata). Results depend on the arguments only: resamples are
 * drawn with cfg->seed in stream DF_STREAM_BOOTSTRAP, so results do not depend on machine, thread or order of calls.
 *
 * Sources:
 *   [AS]  Abramowitz and Stegun, Handbook of Mathematical Functions, 1964: Student's t, 26.7.3 and 26.7.4
 *   [ET]  Efron and Tibshirani, An Introduction to the Bootstrap, 1993: standard error, section 6.2; Student's t
 *         interval, section 12.4
 *   [DH]  Davison and Hinkley, Bootstrap Methods and their Application, 1997: Monte Carlo p-value, section 4.2.5;
 *         stratified resampling, section 3.2; hierarchical data, section 3.8
 *   [F35] Fisher, The Design of Experiments, 1935, section 21: the test of paired differences by their signs
 *   [FW]  Field and Welsh, Bootstrapping clustered data, Journal of the Royal Statistical Society B 69 (2007)
 *   [MB]  Mickey and Brown, Annals of Mathematical Statistics 37 (1966): the least degrees of freedom of two variances
 *   [O07] Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1 (2007): crossed effects
 *   [KG]  Korn and Graubard, Survey Methodology 24 (1998): shares of clustered counts by the effective sample size
 *         p (1 - p) / e^2; with Wilson's interval it is the method "wilson" of svyciprop() in R's package survey
 *   [A21] Agarwal et al., Deep Reinforcement Learning at the Edge of the Statistical Precipice, NeurIPS 2021:
 *         stratified bootstrap, section 4.1; performance profiles, 4.2; interquartile mean and probability of
 *         improvement, 4.3
 *   [M47] McNemar, Psychometrika 12 (1947); its exact form is the sign test on discordant pairs
 *   [MW]  Mann and Whitney, Annals of Mathematical Statistics 18 (1947)
 *   [H79] Holm, Scandinavian Journal of Statistics 6 (1979)
 *   [W27] Wilson, Journal of the American Statistical Association 22 (1927) */
#ifndef DYNAFLOW_STATS_STATISTICS_H
#define DYNAFLOW_STATS_STATISTICS_H

#include <stdbool.h>
#include <stdint.h>

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

typedef struct df_interval {
  double mean, lo, hi; /* the estimate (not always a mean) and the ends of its interval */
  int n;               /* number of values */
  int failed;          /* number of values that are not finite */
} df_interval;

/* Returns the share count / n with its 95 % Wilson score interval [W27]; NaN unless 0 <= count <= n and n >= 1. */
DF_API df_interval df_share_interval(int count, int n);

/* The same for values [n] of 0 and 1 that come in clusters (df_bootstrap_cfg below): Wilson's interval for the
 * effective sample size (n / d) (z / t)^2 [KG]. z and t are the 97.5 % points of the normal distribution and of
 * Student's t with c - 1 degrees of freedom for c clusters; the design effect d is
 *     d = v_clusters / (p (1 - p) / n)   but at least 1,
 *     v_clusters = c/(c-1) times the sum over the clusters of (s - mean of s)^2 / n^2,
 *     s = sum over the cluster of (value - p).
 * If d is undefined, because all values are equal or c = 1, the sample size is the number of clusters. `cluster` NULL:
 * as df_share_interval(). Errors: DF_E_ARG for NULL values, n < 1, or a value other than 0 and 1; DF_E_NOMEM. *out is
 * unchanged on failure. */
DF_API DF_MUST_CHECK df_status df_share_interval_clustered(int n, const double* values, const int* cluster,
                                                           df_interval* out);

/* ---- estimates ---- */

/* Sorts values [n] in place, ascending, NaN last. */
DF_API void df_sort(int n, double* values);

/* Returns the p-quantile of sorted [n] by linear interpolation between order statistics at position p (n - 1): R's type
 * 7, NumPy's default. NaN unless n >= 1 and 0 <= p <= 1. */
DF_API double df_quantile(int n, const double* sorted, double p);

/* Sorts values [n] in place and returns their 0.5-quantile. */
DF_API double df_median(int n, double* values);

typedef enum df_estimate {
  DF_ESTIMATE_MEAN,
  DF_ESTIMATE_MEDIAN,
  DF_ESTIMATE_IQM /* interquartile mean: the mean of the middle half of the sorted values x0, x1, ... n/4 values are
                     trimmed from each end, fractions by weights (n = 5: x1 and x3 have weight 0.75, x2 has weight 1).
                     The code of [A21] trims floor(n/4) whole values, which is the same if 4 divides n. */
} df_estimate;

/* Returns the estimate of sorted [n]; NaN for n < 1. */
DF_API double df_estimate_sorted(df_estimate kind, int n, const double* sorted);

/* ---- the bootstrap ---- */

typedef struct df_bootstrap_cfg {
  uint64_t seed;
  int resamples; /* 1 .. 10^6 */
  double level;  /* in (0, 1) */
  /* Value i of every stratum, and of both sides of a comparison, belongs to the same unit (for example one start state,
   * run with every seed): a resample draws the units once and uses them in all strata. All strata must have the same
   * size. If units are shared but this is false, the effect common to a unit is treated as independent in each stratum
   * and intervals are too narrow. */
  bool same_units;
  /* Units with the same label in `cluster` (for example windows of one episode) are dependent: a resample draws whole
   * clusters [FW]. The labels are arbitrary integers, [size of a stratum], owned by the caller; with several strata
   * they require same_units. NULL: every unit is its own cluster. */
  const int* cluster;
  /* Also resample strata, with replacement. The interval then refers to the population of strata and not only to the
   * given ones [DH]; with same_units, strata and units are crossed [O07]. */
  bool draw_strata;
} df_bootstrap_cfg;

/* seed 1, 2000 resamples, level 0.95; strata are fixed and their values are drawn independently, without clusters */
DF_API df_bootstrap_cfg df_bootstrap_cfg_default(void);

/* values grouped in strata; the caller owns the arrays. All fields are mandatory. */
typedef struct df_strata {
  int n;                /* number of strata, >= 1 */
  const int* sizes;     /* [n] number of values of each stratum, >= 1 */
  const double* values; /* [sum of sizes] the values of stratum 0, then those of stratum 1 and so on */
} df_strata;

/* Intervals are estimate +- t e, also outside the range of the values, unless a function says otherwise. e is the
 * standard error, the standard deviation of the estimates of all resamples [ET] times sqrt(m / (m - 1)); t is the point
 * of Student's distribution with m - 1 degrees of freedom that holds cfg->level. m is the smallest number of things
 * that a resample draws: clusters (units if there are none; without same_units those of the smallest stratum that has
 * two), and strata if they are drawn and there are two. With strata crossed with clusters, e^2 is at least the sum of
 * the variances of the mean over strata and over clusters, for which m - 1 degrees of freedom hold at least the level
 * [MB].
 *
 * All functions below return DF_E_ARG for NULL arguments and arrays, n < 1, a size < 1, a cfg out of range, or more
 * than 10^8 values in the strata or in one resample, and DF_E_NOMEM; *out is unchanged on failure. If all resamples
 * would be equal, because there are no two clusters and no two strata to draw, there is no interval: lo = hi = NaN. */

/* The estimate over all values with its interval. If a value is not finite the estimate is +inf and lo = hi = NaN. */
DF_API DF_MUST_CHECK df_status df_bootstrap_interval(const df_bootstrap_cfg* cfg, df_estimate kind,
                                                     const df_strata* strata, df_interval* out);

/* The same for values in [0, 1], whose interval stays there: the numbers s with |estimate - s| <= t e sqrt(s (1 - s) /
 * (p (1 - p))), where p is the estimate. This is Wilson's interval [W27] for the sample size p (1 - p) / e^2 [KG] with
 * t in the place of z: the standard error is taken as proportional to that of a share, as it is where p is near 0 or 1.
 * If all resamples have the same estimate, lo = hi = p; otherwise the sample size is m for p = 0 or 1. Also DF_E_ARG
 * for a finite value outside [0, 1]. */
DF_API DF_MUST_CHECK df_status df_bootstrap_share_interval(const df_bootstrap_cfg* cfg, df_estimate kind,
                                                           const df_strata* strata, df_interval* out);

typedef struct df_paired {
  df_interval difference; /* mean of a - b; all NaN if a pair is not finite; `failed` counts such pairs */
  /* Two-sided p-value of the hypothesis that the mean difference is 0: the larger of that of df_sign_flip_p() for the
   * sums of the differences over each cluster and all strata, and that of Student's t for difference / standard error.
   * NaN if there is no interval. */
  double p;
  int clusters; /* number of sums whose signs are flipped */
} df_paired;

/* The mean of the differences a->values[i] - b[i]; b has the strata of a. A pair is of the same window and seed; pairs
 * are resampled together, so effects common to both sides cancel. */
DF_API DF_MUST_CHECK df_status df_paired_difference(const df_bootstrap_cfg* cfg, const df_strata* a, const double* b,
                                                    df_paired* out);

/* The probability that a value of `a` is better than a value of `b` in the same stratum, with ties counted as one half:
 * U / (n_a n_b) of [MW] in every stratum, averaged over strata [A21]. 1/2 means that neither is better; NaN if a value
 * is not finite. Both sides have the same number of strata; their sizes may differ. With cfg->same_units all sizes are
 * equal and units are drawn for both sides together. A resample then pairs a unit with itself more often than the
 * original values do, which shifts the estimate by up to 1 / size. The interval is cut to [0, 1]. Also DF_E_ARG if a->n
 * and b->n differ. */
DF_API DF_MUST_CHECK df_status df_probability_of_improvement(const df_bootstrap_cfg* cfg, bool lower_is_better,
                                                             const df_strata* a, const df_strata* b, df_interval* out);

/* The performance profile [A21]: out [n_tau], the share of values that reach each threshold tau [n_tau] (value >= tau,
 * or value <= tau if lower is better), averaged over strata, with pointwise intervals, cut to [0, 1]. A value that is
 * not finite reaches no threshold and is counted in `failed`. Also DF_E_ARG unless tau is ascending and 1 <= n_tau <=
 * 10000. */
DF_API DF_MUST_CHECK df_status df_performance_profile(const df_bootstrap_cfg* cfg, bool lower_is_better,
                                                      const df_strata* strata, int n_tau, const double* tau,
                                                      df_interval* out);

/* ---- tests ---- */

/* Returns P(|T| >= |t|) for Student's T with `freedom` degrees of freedom [AS]; more than 10000 count as 10000. NaN for
 * freedom < 1 or a NaN t. */
DF_API double df_student_p(double t, int freedom);

/* Returns the t with P(|T| <= t) = level, for level in [0, 1); NaN otherwise or for freedom < 1. */
DF_API double df_student_point(double level, int freedom);

/* Returns the two-sided p-value of the sign-flip test [F35] for independent values [n], of the hypothesis that each is
 * as likely as its negative: the share of all 2^n choices of signs with |sum| >= |sum of values|. More than 16 values
 * take 99999 random choices instead, of which the given one is another [DH]; value i has the sign - in choice r if bit
 * i % 32 of df_rng_below(1, DF_STREAM_SIGNS, r, i / 32, 2^32) is 1. Sums that differ by less than 1e-12 of the sum of
 * |values| count as equal. NaN for n < 1 or a value that is not finite. */
DF_API double df_sign_flip_p(int n, const double* values);

/* Returns the smallest p-value that n values can have: 2^(1-n), but 1e-5 for n > 16. */
DF_API double df_sign_flip_least_p(int n);

/* Returns the p-value of the exact two-sided McNemar test [M47]. `only_a` and `only_b` count the discordant pairs:
 * those in which only side a, or only side b, fails. The p-value is min(1, 2 P(X <= min(only_a, only_b))), where X has
 * the distribution Binomial(only_a + only_b, 1/2); 1 without discordant pairs; NaN for a negative count. */
DF_API double df_mcnemar_exact(int only_a, int only_b);

/* Holm's step-down adjustment of n p-values [H79] for multiple testing. A NaN is not a test: it stays NaN and does not
 * count. Writes adjusted [n], which may be p, and the number of tests to *tests (may be NULL). Errors: DF_E_ARG for
 * n < 0 or NULL arrays, DF_E_NOMEM; the results are unchanged on failure. */
DF_API DF_MUST_CHECK df_status df_holm(int n, const double* p, double* adjusted, int* tests);

DF_END_DECLS

#endif
