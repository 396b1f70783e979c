/* Statistics compared with values computed by hand, published, or computed once with SciPy 1.17.1 and NumPy 2.4.6
 * (noted beside them), and with planted faults: wrong trimming, strata drawn as one, shuffled pairs, swapped sides. The
 * Wilson interval is tested in test_intervals.c. */
#include "dynaflow/stats/statistics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "near.h"
#include "resample.h"

static double estimate_of(df_estimate kind, int n, const double* values) {
  double copy[64];
  memcpy(copy, values, (size_t)n * sizeof *copy);
  df_sort(n, copy);
  return df_estimate_sorted(kind, n, copy);
}

/* ---- estimates ---- */

static void the_interquartile_mean_equals_published_values(void** state) {
  (void)state;
  /* Wikipedia, "Interquartile mean", both of its examples: 4 divides n, and n = 9 with weights of 3/4 */
  const double twelve[12] = {5, 8, 4, 38, 8, 6, 9, 7, 7, 3, 1, 6};
  const double nine[9] = {1, 3, 5, 7, 9, 11, 13, 15, 17};
  assert_near(estimate_of(DF_ESTIMATE_IQM, 12, twelve), 6.5, 1e-14);
  assert_near(estimate_of(DF_ESTIMATE_IQM, 9, nine), 9, 1e-14);
  /* scipy.stats.trim_mean(x, 0.25) where 4 divides n */
  const double eight[8] = {3.1, 0.2, 9.9, 4.4, 5.0, 2.7, 1.1, 40.0};
  assert_near(estimate_of(DF_ESTIMATE_IQM, 8, eight), 3.8, 1e-14);
}

static void the_interquartile_mean_trims_by_fractions(void** state) {
  (void)state;
  /* n = 3: [3/4, 9/4] contains a quarter of the outer values: (0 / 4 + 1 + 100 / 4) / 1.5. Whole values give 101/3. */
  const double three[3] = {100, 0, 1};
  assert_near(estimate_of(DF_ESTIMATE_IQM, 3, three), 26 / 1.5, 1e-14);
  /* n = 5: 3/4 of the second and fourth, by hand: (0.75 * 2 + 4 + 0.75 * 10) / 2.5 */
  const double five[5] = {-50, 2, 4, 10, 900};
  assert_near(estimate_of(DF_ESTIMATE_IQM, 5, five), 13 / 2.5, 1e-14);
  const double two[2] = {4, 1};
  assert_near(estimate_of(DF_ESTIMATE_IQM, 2, two), 2.5, 0);
  assert_near(estimate_of(DF_ESTIMATE_IQM, 1, two), 4, 0);
  assert_true(isnan(df_estimate_sorted(DF_ESTIMATE_IQM, 0, two)));
}

static void medians_and_quantiles_are_those_of_R_and_numpy(void** state) {
  (void)state;
  /* numpy.median and numpy.quantile([0.025, 0.3, 0.9]) of these */
  double x[8] = {3.1, 0.2, 9.9, 4.4, 5.0, 2.7, 1.1, 40.0};
  assert_near(estimate_of(DF_ESTIMATE_MEDIAN, 8, x), 3.75, 1e-15);
  assert_near(estimate_of(DF_ESTIMATE_MEDIAN, 7, x), 3.1, 0);
  df_sort(8, x);
  assert_near(df_quantile(8, x, 0.025), 0.3575, 1e-15);
  assert_near(df_quantile(8, x, 0.3), 2.74, 1e-14);
  assert_near(df_quantile(8, x, 0.9), 18.93, 1e-13);
  assert_true(df_quantile(8, x, 0) == 0.2 && df_quantile(8, x, 1) == 40);
  double odd[5] = {7, -2, 40, 3, 3.5}, even[4] = {9, 1, 4, 2};
  assert_true(df_median(5, odd) == 3.5 && df_median(4, even) == 3 && df_median(1, odd) == -2);
  assert_true(isnan(df_median(0, odd)));
  assert_true(isnan(df_quantile(0, x, 0.5)) && isnan(df_quantile(8, x, 1.1)) && isnan(df_quantile(8, x, NAN)));
}

static void what_is_not_a_number_is_sorted_behind_infinity(void** state) {
  (void)state;
  const double mixed[9] = {4, NAN, 1, INFINITY, NAN, -INFINITY, 3, NAN, 2};
  const double sorted[6] = {-INFINITY, 1, 2, 3, 4, INFINITY};
  const int places[9] = {5, 2, 8, 6, 0, 3, 1, 4, 7};
  double x[9];
  memcpy(x, mixed, sizeof x);
  df_sort(9, x);
  assert_memory_equal(x, sorted, sizeof sorted);
  for (int i = 6; i < 9; i++) assert_true(isnan(x[i]));
  int* order = df_ascending(9, mixed);
  assert_non_null(order);
  assert_memory_equal(order, places, sizeof places);
  df_free(order);
}

/* ---- the bootstrap ---- */

static df_interval interval_of(df_estimate kind, int n_strata, const int* sizes, const double* values, int resamples,
                               bool same_units) {
  df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  df_interval out = {0};
  cfg.resamples = resamples;
  cfg.same_units = same_units;
  assert_int_equal(
      df_bootstrap_interval(&cfg, kind, &(df_strata){.n = n_strata, .sizes = sizes, .values = values}, &out), DF_OK);
  return out;
}

static void an_interval_is_that_of_student(void** state) {
  (void)state;
  /* by hand: the mean of {0, 1} has the standard error 1/2, and Student's point for one degree of freedom is 12.706;
   * 20000 resamples give its standard deviation to 0.5 % */
  const double pair[2] = {0, 1};
  const int two = 2, thirty = 30;
  const df_interval i = interval_of(DF_ESTIMATE_MEAN, 1, &two, pair, 20000, false);
  assert_true(i.mean == 0.5 && i.n == 2 && i.failed == 0);
  assert_near(i.hi - 0.5, 12.7062 / 2, 0.015 * 6.35);
  assert_near(i.hi - 0.5, 0.5 - i.lo, 1e-12);
  /* 15 ones and 15 zeros: standard error sqrt(30/29 / 4 / 30), and R's qt(.975, 29) is 2.04523 */
  double half[30] = {0};
  for (int k = 0; k < 15; k++) half[k] = 1;
  const df_interval h = interval_of(DF_ESTIMATE_MEAN, 1, &thirty, half, 20000, false);
  assert_near(h.hi - 0.5, 2.04523 * sqrt(1 / (4 * 29.0)), 0.015 * 0.19);
}

static void the_smallest_stratum_that_is_drawn_counts(void** state) {
  (void)state;
  /* a stratum of one value has no spread, and one of two has one degree of freedom, whatever stands beside it */
  const double values[9] = {5, 0, 1, 3, 3, 3, 3, 3, 3};
  const int sizes[3] = {1, 2, 6};
  const df_interval i = interval_of(DF_ESTIMATE_MEAN, 3, sizes, values, 20000, false);
  assert_near(i.hi - i.mean, 12.7062 / 2 * 2 / 9, 0.015 * 1.42);
}

static void strata_are_drawn_within_themselves(void** state) {
  (void)state;
  /* differences between strata do not widen the interval; planted fault: the same numbers drawn as one stratum */
  const double values[6] = {1, 1, 1, 9, 9, 9};
  const int sizes[2] = {3, 3}, all = 6;
  const df_estimate kinds[3] = {DF_ESTIMATE_MEAN, DF_ESTIMATE_MEDIAN, DF_ESTIMATE_IQM};
  for (int k = 0; k < 3; k++) {
    const df_interval i = interval_of(kinds[k], 2, sizes, values, 500, false);
    assert_true(i.mean == 5 && i.lo == 5 && i.hi == 5);
    assert_true(interval_of(kinds[k], 1, &all, values, 500, false).hi > 5);
  }
}

static void the_same_units_are_not_counted_once_a_seed(void** state) {
  (void)state;
  /* four seeds with equal values on every window have the information of one */
  double values[120];
  const int sizes[4] = {30, 30, 30, 30};
  df_rng_normal(4, DF_STREAM_TEST, 0, 30, values);
  for (int s = 1; s < 4; s++) memcpy(values + 30 * s, values, 30 * sizeof *values);
  const df_interval one = interval_of(DF_ESTIMATE_MEAN, 1, sizes, values, 2000, true);
  const df_interval same = interval_of(DF_ESTIMATE_MEAN, 4, sizes, values, 2000, true);
  const df_interval apart = interval_of(DF_ESTIMATE_MEAN, 4, sizes, values, 2000, false);
  assert_near(same.lo, one.lo, 1e-12);
  assert_near(same.hi, one.hi, 1e-12);
  /* drawn independently the width halves: sqrt(4); the spread of 2000 resamples is accurate to 1.6 % */
  assert_near((same.hi - same.lo) / (apart.hi - apart.lo), 2, 0.2);
}

/* ---- clusters, drawn strata: compared with all equally likely resamples, listed once with NumPy 2.2.6 ---- */

/* level 0.8 has Student's points tan(0.4 pi) = 3.078 for one and 1.638 for three degrees of freedom */
static df_bootstrap_cfg listed_cfg(void) {
  return (df_bootstrap_cfg){.seed = 1, .resamples = 40000, .level = 0.8};
}

/* `half` is computed from all resamples; the spread of 40000 random ones is accurate to 0.7 % or better */
static void assert_interval(df_interval i, double mean, double half) {
  assert_near(i.mean, mean, 1e-12);
  assert_near(i.hi - mean, half, 0.02 * half);
  assert_near(mean - i.lo, half, 0.02 * half);
}

/* {1, 2}, {9}, {4, 5, 3}, {0, 8}, not in order */
static const double clustered[8] = {0, 4, 1, 9, 5, 2, 8, 3};
static const int of_cluster[8] = {7, -3, 0, 5, -3, 0, 7, -3};

static void clusters_are_drawn_whole(void** state) {
  (void)state;
  /* of 4^4 resamples: sqrt(4/3) times the standard deviation of their means, and of their interquartile means */
  df_bootstrap_cfg cfg = listed_cfg();
  const int n = 8;
  df_interval i;
  cfg.cluster = of_cluster;
  assert_int_equal(
      df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 1, .sizes = &n, .values = clustered}, &i), DF_OK);
  assert_true(i.n == 8);
  assert_interval(i, 4, 1.9264663614649007);
  assert_int_equal(
      df_bootstrap_interval(&cfg, DF_ESTIMATE_IQM, &(df_strata){.n = 1, .sizes = &n, .values = clustered}, &i), DF_OK);
  assert_interval(i, 3.5, 2.7277771438101226);
  /* one cluster has no interval */
  const int one[8] = {0};
  cfg.cluster = one;
  assert_int_equal(
      df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 1, .sizes = &n, .values = clustered}, &i), DF_OK);
  assert_true(i.mean == 4 && isnan(i.lo) && isnan(i.hi));
}

static void clusters_of_one_unit_change_no_bit(void** state) {
  (void)state;
  double values[40];
  int label[20];
  const int sizes[2] = {20, 20};
  df_rng_normal(9, DF_STREAM_TEST, 0, 40, values);
  for (int k = 0; k < 20; k++) label[k] = 100 - k;
  df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  df_interval plain, single;
  cfg.same_units = true;
  cfg.resamples = 300;
  assert_int_equal(
      df_bootstrap_interval(&cfg, DF_ESTIMATE_IQM, &(df_strata){.n = 2, .sizes = sizes, .values = values}, &plain),
      DF_OK);
  cfg.cluster = label;
  assert_int_equal(
      df_bootstrap_interval(&cfg, DF_ESTIMATE_IQM, &(df_strata){.n = 2, .sizes = sizes, .values = values}, &single),
      DF_OK);
  assert_memory_equal(&plain, &single, sizeof plain);
}

static void drawn_strata_are_crossed_with_their_units(void** state) {
  (void)state;
  /* two seeds of four windows: 4^4 resamples of windows, times 4 of seeds */
  const double values[8] = {1, 4, 2, 7, 3, 3, 8, 6};
  const int sizes[2] = {4, 4};
  df_bootstrap_cfg cfg = listed_cfg();
  df_interval i;
  cfg.same_units = true;
  assert_int_equal(
      df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 2, .sizes = sizes, .values = values}, &i), DF_OK);
  assert_interval(i, 4.25, 1.585739151802662);
  cfg.draw_strata = true;
  assert_int_equal(
      df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 2, .sizes = sizes, .values = values}, &i), DF_OK);
  /* two seeds are fewer than four windows */
  assert_interval(i, 4.25, 4.851014096372225);
  /* by hand: two seeds, 1 and 5, without any spread within: a standard error of 2 */
  const double apart[4] = {1, 1, 5, 5};
  const int pairs[2] = {2, 2};
  cfg.same_units = false;
  assert_int_equal(
      df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 2, .sizes = pairs, .values = apart}, &i), DF_OK);
  assert_interval(i, 3, 2 * 3.0776835371752534);
}

static void the_seed_alone_decides(void** state) {
  (void)state;
  double values[20], other[20];
  const int sizes[2] = {12, 8};
  df_rng_normal(7, DF_STREAM_TEST, 0, 20, values);
  df_rng_normal(7, DF_STREAM_TEST, 1, 20, other);
  df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  df_paired a, b, c;
  df_interval p, q;
  cfg.resamples = 300;
  assert_int_equal(df_paired_difference(&cfg, &(df_strata){.n = 2, .sizes = sizes, .values = values}, other, &a),
                   DF_OK);
  assert_int_equal(df_probability_of_improvement(&cfg, true, &(df_strata){.n = 2, .sizes = sizes, .values = values},
                                                 &(df_strata){.n = 2, .sizes = sizes, .values = other}, &p),
                   DF_OK);
  assert_int_equal(df_paired_difference(&cfg, &(df_strata){.n = 2, .sizes = sizes, .values = values}, other, &b),
                   DF_OK);
  assert_int_equal(df_probability_of_improvement(&cfg, true, &(df_strata){.n = 2, .sizes = sizes, .values = values},
                                                 &(df_strata){.n = 2, .sizes = sizes, .values = other}, &q),
                   DF_OK);
  assert_true(a.difference.lo == b.difference.lo && a.difference.hi == b.difference.hi && a.p == b.p);
  assert_true(p.mean == q.mean && p.lo == q.lo && p.hi == q.hi);
  cfg.seed = 2;
  assert_int_equal(df_paired_difference(&cfg, &(df_strata){.n = 2, .sizes = sizes, .values = values}, other, &c),
                   DF_OK);
  assert_true(c.difference.mean == a.difference.mean && c.difference.lo != a.difference.lo);
}

static void what_is_not_finite_is_counted_and_gives_no_interval(void** state) {
  (void)state;
  const double values[4] = {1, NAN, 3, -INFINITY}, fine[4] = {1, 2, 3, 4};
  const int n = 4;
  const df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  const df_interval i = interval_of(DF_ESTIMATE_MEDIAN, 1, &n, values, 100, false);
  assert_true(i.mean == INFINITY && isnan(i.lo) && isnan(i.hi) && i.failed == 2);
  df_paired d;
  assert_int_equal(df_paired_difference(&cfg, &(df_strata){.n = 1, .sizes = &n, .values = fine}, values, &d), DF_OK);
  assert_true(isnan(d.difference.mean) && isnan(d.difference.lo) && isnan(d.p) && d.difference.failed == 2);
  df_interval p;
  assert_int_equal(df_probability_of_improvement(&cfg, true, &(df_strata){.n = 1, .sizes = &n, .values = fine},
                                                 &(df_strata){.n = 1, .sizes = &n, .values = values}, &p),
                   DF_OK);
  assert_true(isnan(p.mean) && isnan(p.lo) && isnan(p.hi) && p.failed == 2);
  const int one = 1;
  const df_interval single = interval_of(DF_ESTIMATE_MEAN, 1, &one, fine, 100, false);
  assert_true(single.mean == 1 && isnan(single.lo) && isnan(single.hi));
}

/* ---- paired differences ---- */

static df_paired difference_of(int n, const double* a, const double* b, int resamples) {
  df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  df_paired out;
  cfg.resamples = resamples;
  assert_int_equal(df_paired_difference(&cfg, &(df_strata){.n = 1, .sizes = &n, .values = a}, b, &out), DF_OK);
  return out;
}

static void p_is_the_larger_of_two_tests(void** state) {
  (void)state;
  const double zero[8] = {0};
  /* by hand: +-2 with either sign, 1 of 2^8 choices each; t is far beyond that */
  df_paired d = difference_of(8, (const double[]){2, 2, 2, 2, 2, 2, 2, 2.0001}, zero, 1000);
  assert_near(d.p, 2 / 256.0, 1e-15);
  assert_int_equal(d.clusters, 8);
  /* {-1, 3}: every choice of signs has |sum| >= 2 */
  d = difference_of(2, (const double[]){-1, 3}, zero, 1000);
  assert_true(d.difference.mean == 1);
  assert_near(d.p, 1, 1e-15);
  /* {1, 1, 1, 1, 1, -2, 1, 1}: a sum of 5 or more has no, one or two ones negative or the 2: 2 (1 + 7 + 1 + 21) / 2^8
   */
  d = difference_of(8, (const double[]){1, 1, 1, 1, 1, -2, 1, 1}, zero, 1000);
  assert_near(d.p, 60 / 256.0, 1e-15);
  /* {5, 0.1, 0.1 ...}: the signs agree (1/128), but t = 1.1633 with 7 degrees of freedom: R's 2 pt(-t, 7) is 0.2829 */
  d = difference_of(8, (const double[]){5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}, zero, 40000);
  assert_near(d.p, 0.2829, 0.005);
  d = difference_of(2, (const double[]){-1, 1}, zero, 1000);
  assert_true(d.p == 1);
  d = difference_of(8, zero, zero, 999);
  assert_true(d.p == 1 && d.difference.lo == 0 && d.difference.hi == 0);
  /* no spread at all: the signs decide */
  d = difference_of(2, (const double[]){2, 2}, zero, 999);
  assert_true(d.p == 0.5 && d.difference.lo == 2 && d.difference.hi == 2);
}

static void clusters_and_strata_are_flipped_as_one(void** state) {
  (void)state;
  /* two seeds of six windows in three episodes: sums 9, 8 and 5 of them; 2 of 8 choices keep |sum| = 22. Student's p is
   * smaller: the variances of the mean are 1/36 over seeds and 0.0903 over episodes, t = 1.83 / 0.344 with one degree
   * of freedom, 0.118 */
  const double a[12] = {1, 2, 3, 1, 2, 1, 4, 2, 1, 3, 2, 0}, b[12] = {0};
  const int sizes[2] = {6, 6}, episode[6] = {0, 0, 1, 1, 2, 2};
  df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  df_paired d;
  cfg.same_units = cfg.draw_strata = true;
  cfg.cluster = episode;
  assert_int_equal(df_paired_difference(&cfg, &(df_strata){.n = 2, .sizes = sizes, .values = a}, b, &d), DF_OK);
  assert_int_equal(d.clusters, 3);
  assert_near(d.p, 2 / 8.0, 1e-15);
  cfg.cluster = NULL;
  cfg.draw_strata = false;
  assert_int_equal(df_paired_difference(&cfg, &(df_strata){.n = 2, .sizes = sizes, .values = a}, b, &d), DF_OK);
  assert_int_equal(d.clusters, 6);
  assert_near(d.p, 2 / 64.0, 1e-15);
  cfg.same_units = false;
  assert_int_equal(df_paired_difference(&cfg, &(df_strata){.n = 2, .sizes = sizes, .values = a}, b, &d), DF_OK);
  assert_int_equal(d.clusters, 12);
}

static void pairing_cancels_what_both_have_in_common(void** state) {
  (void)state;
  /* windows differ by 10, methods by 0.5 +- 0.1; planted fault: one side of the pairs shifted by one */
  double window[64], noise[64], a[64], b[64], shuffled[64];
  df_rng_normal(8, DF_STREAM_TEST, 0, 64, window);
  df_rng_normal(8, DF_STREAM_TEST, 1, 64, noise);
  for (int i = 0; i < 64; i++) {
    a[i] = 10 * window[i] + 0.5 + 0.1 * noise[i];
    b[i] = 10 * window[i];
  }
  for (int i = 0; i < 64; i++) shuffled[i] = b[(i + 1) % 64];
  const df_paired paired = difference_of(64, a, b, 1000), wrong = difference_of(64, a, shuffled, 1000);
  assert_true(paired.difference.lo > 0.4 && paired.difference.hi < 0.6 && paired.p < 0.01);
  assert_near(wrong.difference.mean, paired.difference.mean, 1e-12);
  assert_true(wrong.difference.lo < -1 && wrong.difference.hi > 1 && wrong.p > 0.1);
  /* with the sides exchanged it is the negative */
  const df_paired back = difference_of(64, b, a, 1000);
  assert_near(back.difference.lo, -paired.difference.hi, 1e-12);
  assert_true(back.p == paired.p);
}

/* seeds crossed with episodes: a difference of `mean`, an effect of each seed and of each episode, and noise */
typedef struct crossed {
  double mean, by_seed, by_episode;
} crossed;

/* the share of `sets` of 3 seeds and some episodes of 2 windows for which p < 0.05 */
static double share_rejected(crossed of, int episodes, int sets) {
  enum { SEEDS = 3, EACH = 2, MOST = 40 * EACH };
  const int n = EACH * episodes, sizes[SEEDS] = {n, n, n};
  int episode[MOST], rejected = 0;
  const double zero[SEEDS * MOST] = {0};
  for (int i = 0; i < n; i++) episode[i] = i / EACH;
  const df_bootstrap_cfg cfg = {
      .seed = 1, .resamples = 200, .level = 0.95, .same_units = true, .cluster = episode, .draw_strata = true};
  for (int k = 0; k < sets; k++) {
    double seed[SEEDS], effect[40], d[SEEDS * MOST];
    df_paired out;
    df_rng_normal(31, DF_STREAM_TEST, (uint64_t)k, SEEDS, seed);
    df_rng_normal(32, DF_STREAM_TEST, (uint64_t)k, (size_t)episodes, effect);
    df_rng_normal(33, DF_STREAM_TEST, (uint64_t)k, (size_t)(SEEDS * n), d);
    for (int i = 0; i < SEEDS * n; i++) {
      d[i] = of.mean + of.by_seed * seed[i / n] + of.by_episode * effect[episode[i % n]] + 0.3 * d[i];
    }
    assert_int_equal(df_paired_difference(&cfg, &(df_strata){.n = SEEDS, .sizes = sizes, .values = d}, zero, &out),
                     DF_OK);
    rejected += out.p < 0.05;
  }
  return (double)rejected / sets;
}

static void equal_methods_rarely_differ(void** state) {
  (void)state;
  /* effects of episodes, of seeds, and of both with equal shares in the variance of the mean; 200 sets have a standard
   * deviation of 0.015, of which three are allowed. The percentile bootstrap found 0.6 with 2 episodes, 0.2 with 4 */
  const int episodes[] = {2, 4, 10, 40};
  for (int k = 0; k < 4; k++) {
    const int n = episodes[k], sets = n < 40 ? 200 : 100;
    assert_true(share_rejected((crossed){0, 0, 1}, n, sets) < 0.095);
    assert_true(share_rejected((crossed){0, 1, 0}, n, sets) < 0.115);
    assert_true(share_rejected((crossed){0, sqrt(3.0 / n), 1}, n, sets) < 0.095);
  }
}

static void other_methods_are_told_from_40_episodes(void** state) {
  (void)state;
  /* a difference of one standard deviation of an episode and ten of a seed; of 5 episodes nothing can be told: 2^-4 */
  assert_true(share_rejected((crossed){1, 0.1, 1}, 40, 100) > 0.7);
  assert_true(share_rejected((crossed){1, 0.1, 1}, 5, 100) == 0);
}

static void student_equals_published_values(void** state) {
  (void)state;
  /* the table of [AS], 26.10: P(|T| <= t) = 0.95, 0.99 and 0.999 */
  static const struct {
    int freedom;
    double t95, t99, t999;
  } published[] = {{1, 12.706, 63.657, 636.619}, {2, 4.303, 9.925, 31.598}, {3, 3.182, 5.841, 12.924},
                   {4, 2.776, 4.604, 8.610},     {5, 2.571, 4.032, 6.869},  {10, 2.228, 3.169, 4.587},
                   {29, 2.045, 2.756, 3.659},    {120, 1.980, 2.617, 3.373}};
  for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
    const int n = published[i].freedom;
    assert_near(df_student_point(0.95, n), published[i].t95, 6e-4);
    assert_near(df_student_point(0.99, n), published[i].t99, 6e-4);
    assert_near(df_student_point(0.999, n), published[i].t999, 6e-4 * published[i].t999);
    for (double t = 0.1; t < 7; t *= 2) assert_near(df_student_point(1 - df_student_p(-t, n), n), t, 1e-9 * t * t * t);
  }
  /* by hand: 1 - 2 atan(t) / pi and 1 - t / sqrt(2 + t^2); the normal distribution */
  assert_near(df_student_p(1, 1), 0.5, 1e-15);
  assert_near(df_student_p(2.5, 2), 1 - 2.5 / sqrt(8.25), 1e-15);
  assert_near(df_student_point(0.95, 1000000), 1.959964, 3e-4);
  /* R's 2 pt(-t, freedom); beyond 10000, whose values count, they differ by less than 3e-5 */
  static const struct {
    int freedom;
    double p[4], tolerance; /* of t = 1, 2, 3, 4 */
  } many[] = {{9999, {.3173347067503, .04552726336151, .002706448855712, 6.379871456259e-5}, 1e-12},
              {10000, {.3173347043304, .04552726066144, .002706448189998, 6.379866882314e-5}, 1e-12},
              {20000, {.3173226062479, .04551376195850, .002703121038120, 6.357028551268e-5}, 3e-5},
              {1000000, {.3173107498336, .04550053385132, .002699862541422, 6.334703401005e-5}, 3e-5}};
  for (size_t i = 0; i < sizeof many / sizeof *many; i++) {
    for (int t = 1; t <= 4; t++) {
      assert_near(df_student_p(t, many[i].freedom), many[i].p[t - 1], many[i].tolerance);
      if (many[i].freedom > 10000) assert_true(df_student_p(t, many[i].freedom) == df_student_p(t, 10000));
    }
  }
  assert_true(df_student_p(0, 3) == 1 && df_student_p(INFINITY, 4) == 0 && df_student_point(0, 3) == 0);
  assert_true(isnan(df_student_p(1, 0)) && isnan(df_student_p(NAN, 1)) && isnan(df_student_point(1, 1)) &&
              isnan(df_student_point(0.5, 0)));
}

static void signs_are_flipped_in_all_ways(void** state) {
  (void)state;
  /* Fisher's plants of Darwin (1935, section 21): 863 x 2 of 2^15 choices; less is 0.05267 */
  const double darwin[15] = {49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};
  assert_near(df_sign_flip_p(15, darwin), 2 * 863 / 32768.0, 1e-15);
  assert_true(df_sign_flip_p(1, darwin) == 1 && df_sign_flip_least_p(1) == 1);
  assert_true(df_sign_flip_p(2, (const double[]){0.1, 0.1}) == 0.5 && df_sign_flip_least_p(2) == 0.5);
  assert_true(df_sign_flip_p(3, (const double[]){0, 0, 0}) == 1);
  assert_true(df_sign_flip_least_p(16) == ldexp(1, -15) && df_sign_flip_least_p(17) == 1e-5);
  assert_true(isnan(df_sign_flip_p(0, darwin)) && isnan(df_sign_flip_p(2, (const double[]){1, NAN})));
  /* more than 16: values of 0 do not change Darwin's p, whose standard deviation over 99999 choices is 0.0007 */
  double more[40] = {0};
  memcpy(more + 10, darwin, sizeof darwin);
  assert_near(df_sign_flip_p(40, more), 2 * 863 / 32768.0, 0.0021);
  /* no choice of 10^5 is as large as 40 equal signs */
  for (int i = 0; i < 40; i++) more[i] = 1;
  assert_near(df_sign_flip_p(40, more), 1e-5, 1e-18);
}

/* ---- falls ---- */

static void mcnemar_equals_published_values(void** state) {
  (void)state;
  /* by hand: 2 (1 + 6) / 2^6, 2 / 2^5, and 3 against 3, whose two tails make more than 1 */
  assert_near(df_mcnemar_exact(1, 5), 14 / 64.0, 1e-15);
  assert_near(df_mcnemar_exact(5, 0), 2 / 32.0, 1e-15);
  assert_true(df_mcnemar_exact(3, 3) == 1);
  assert_true(df_mcnemar_exact(0, 0) == 1);
  /* approval ratings, Agresti, Categorical Data Analysis (1990), table 10.1: 86 against 150; R's exact2x2 gives
   * p-value = 3.716e-05; scipy.stats.binomtest(86, 236) 3.7159361395713866e-05 */
  assert_near(df_mcnemar_exact(86, 150), 3.7159361395713866e-05, 1e-15);
  /* binomtest(3, 21), binomtest(5000, 10200): 2^-10200 is 0 in doubles */
  assert_near(df_mcnemar_exact(18, 3), 0.0014896392822265625, 1e-15);
  assert_near(df_mcnemar_exact(5000, 5200), 0.04878796312682234, 1e-11);
  assert_true(isnan(df_mcnemar_exact(-1, 3)) && isnan(df_mcnemar_exact(3, -1)));
  for (int k = 0; k < 9; k++) assert_true(df_mcnemar_exact(k, 8 - k) == df_mcnemar_exact(8 - k, k));
}

/* ---- probability of improvement ---- */

static df_interval better(bool lower, int n_strata, const int* n_a, const double* a, const int* n_b, const double* b,
                          bool same_units) {
  df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  df_interval out;
  cfg.resamples = 1000;
  cfg.same_units = same_units;
  assert_int_equal(df_probability_of_improvement(&cfg, lower, &(df_strata){.n = n_strata, .sizes = n_a, .values = a},
                                                 &(df_strata){.n = n_strata, .sizes = n_b, .values = b}, &out),
                   DF_OK);
  return out;
}

static void the_probability_of_improvement_is_mann_whitney(void** state) {
  (void)state;
  /* the example of scipy.stats.mannwhitneyu's documentation: U = 17 of 20 pairs */
  const double males[5] = {19, 22, 16, 29, 24}, females[4] = {20, 11, 17, 12};
  const int five = 5, four = 4, six = 6;
  const df_interval i = better(false, 1, &five, males, &four, females, false);
  assert_near(i.mean, 17 / 20.0, 1e-15);
  assert_true(i.n == 5 + 4 && i.failed == 0);
  /* planted fault: the other side, the other direction */
  assert_near(better(false, 1, &four, females, &five, males, false).mean, 3 / 20.0, 1e-15);
  assert_near(better(true, 1, &five, males, &four, females, false).mean, 3 / 20.0, 1e-15);
  /* ties count a half: mannwhitneyu gives U = 11 of 30 */
  const double a[6] = {1, 2, 2, 3, 5, 8}, b[5] = {2, 3, 3, 4, 9};
  assert_near(better(false, 1, &six, a, &five, b, false).mean, 11 / 30.0, 1e-15);
  assert_near(better(false, 1, &five, b, &five, b, false).mean, 0.5, 1e-15);
}

static void improvement_is_averaged_over_strata(void** state) {
  (void)state;
  /* by hand: 1 in the first, (1/2 + 0) / 2 in the second; all pairs of both together would give another number */
  const double a[3] = {5, 1, 0}, b[3] = {4, 3, 1};
  const int n_a[2] = {1, 2}, n_b[2] = {2, 1};
  assert_near(better(false, 2, n_a, a, n_b, b, false).mean, (1 + 0.25) / 2, 1e-15);
}

static void its_interval_holds_what_a_slow_version_draws(void** state) {
  (void)state;
  /* all pairs counted one by one, the same units drawn on both sides */
  enum { N = 12, RESAMPLES = 1000 };
  double a[N], b[N], shares[RESAMPLES];
  const int n = N;
  df_rng_normal(13, DF_STREAM_TEST, 0, N, a);
  df_rng_normal(13, DF_STREAM_TEST, 1, N, b);
  for (int i = 0; i < N; i++) a[i] = round(4 * a[i]), b[i] = round(4 * b[i]) + 1;
  for (int r = 0; r < RESAMPLES; r++) {
    int unit[N];
    double wins = 0;
    for (int i = 0; i < N; i++) unit[i] = (int)df_rng_below(1, DF_STREAM_BOOTSTRAP, (uint64_t)r, (uint32_t)i, N);
    for (int i = 0; i < N; i++) {
      for (int j = 0; j < N; j++) {
        const double x = a[unit[i]], y = b[unit[j]];
        wins += x < y ? 1 : x > y ? 0 : 0.5;
      }
    }
    shares[r] = wins / (N * N);
  }
  const df_interval i = better(true, 1, &n, a, &n, b, true);
  double mean = 0, square = 0;
  for (int r = 0; r < RESAMPLES; r++) mean += shares[r] / RESAMPLES;
  for (int r = 0; r < RESAMPLES; r++) square += (shares[r] - mean) * (shares[r] - mean) / RESAMPLES;
  const double half = df_student_point(0.95, N - 1) * sqrt(square * N / (N - 1));
  assert_near(i.lo, fmax(0, i.mean - half), 1e-12);
  assert_near(i.hi, fmin(1, i.mean + half), 1e-12);
  assert_true(0 < i.lo && i.lo < i.mean && i.mean < i.hi);
  /* drawn independently it is another interval of the same estimate */
  const df_interval apart = better(true, 1, &n, a, &n, b, false);
  assert_true(apart.mean == i.mean && apart.lo != i.lo);
}

static void improvement_and_profiles_take_clusters_whole(void** state) {
  (void)state;
  /* clusters of 2, 1, 3 and 2 units: 4^4 resamples; then two drawn strata of three units: 3^3 times 4 */
  const double a[8] = {1, 3, 2, 6, 4, 4, 5, 0}, b[8] = {2, 2, 3, 5, 7, 3, 5, 1}, three = 3;
  const int eight = 8, label[8] = {0, 0, 1, 2, 2, 2, 3, 3};
  df_bootstrap_cfg cfg = listed_cfg();
  df_interval i;
  cfg.same_units = true;
  cfg.cluster = label;
  assert_int_equal(df_probability_of_improvement(&cfg, true, &(df_strata){.n = 1, .sizes = &eight, .values = a},
                                                 &(df_strata){.n = 1, .sizes = &eight, .values = b}, &i),
                   DF_OK);
  assert_interval(i, 0.5390625, 0.095490944447846);
  assert_int_equal(
      df_performance_profile(&cfg, true, &(df_strata){.n = 1, .sizes = &eight, .values = a}, 1, &three, &i), DF_OK);
  assert_interval(i, 0.5, 0.44494579621688235);

  const double c[6] = {1, 4, 2, 3, 3, 8}, d[6] = {2, 3, 3, 1, 4, 9};
  const int sizes[2] = {3, 3};
  cfg.cluster = NULL;
  cfg.draw_strata = true;
  cfg.level = 0.2; /* tan(0.1 pi) standard errors for one degree of freedom */
  assert_int_equal(df_probability_of_improvement(&cfg, true, &(df_strata){.n = 2, .sizes = sizes, .values = c},
                                                 &(df_strata){.n = 2, .sizes = sizes, .values = d}, &i),
                   DF_OK);
  assert_interval(i, 7 / 12.0, tan(0.1 * acos(-1)) * 0.26287165864034057);
  assert_int_equal(df_performance_profile(&cfg, true, &(df_strata){.n = 2, .sizes = sizes, .values = c}, 1, &three, &i),
                   DF_OK);
  assert_interval(i, 2 / 3.0, tan(0.1 * acos(-1)) * 0.3042903097250923);
  /* shares are between 0 and 1 */
  cfg.level = 0.95;
  assert_int_equal(df_performance_profile(&cfg, true, &(df_strata){.n = 2, .sizes = sizes, .values = c}, 1, &three, &i),
                   DF_OK);
  assert_true(i.lo == 0 && i.hi == 1);
}

/* ---- performance profiles ---- */

static void profiles_count_who_reaches_a_threshold(void** state) {
  (void)state;
  const double values[5] = {1, 3, 2, 4, -INFINITY}, tau[4] = {0, 2, 3.5, 9};
  const int sizes[2] = {2, 3};
  df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  df_interval low[4], high[4];
  cfg.resamples = 500;
  assert_int_equal(
      df_performance_profile(&cfg, true, &(df_strata){.n = 2, .sizes = sizes, .values = values}, 4, tau, low), DF_OK);
  assert_int_equal(
      df_performance_profile(&cfg, false, &(df_strata){.n = 2, .sizes = sizes, .values = values}, 4, tau, high), DF_OK);
  /* by hand: strata {1, 3} and {2, 4, nothing}, each with half the weight; a value at the threshold reaches it */
  const double lower[4] = {0, (1 / 2.0 + 1 / 3.0) / 2, (1 + 1 / 3.0) / 2, (1 + 2 / 3.0) / 2};
  const double higher[4] = {(1 + 2 / 3.0) / 2, (1 / 2.0 + 2 / 3.0) / 2, (0 + 1 / 3.0) / 2, 0};
  for (int t = 0; t < 4; t++) {
    assert_near(low[t].mean, lower[t], 1e-15);
    assert_near(high[t].mean, higher[t], 1e-15);
    assert_true(low[t].lo <= low[t].mean && low[t].mean <= low[t].hi && low[t].failed == 1);
  }
  assert_true(low[0].hi == 0 && low[1].lo < low[1].hi);
}

/* ---- many comparisons ---- */

static void holm_equals_published_values(void** state) {
  (void)state;
  /* by hand, as R's p.adjust(p, "holm"): 4, 3, 2, 1 times the sorted values, made non-decreasing */
  const double p[4] = {0.01, 0.04, 0.03, 0.005}, wanted[4] = {0.03, 0.06, 0.06, 0.02};
  double adjusted[4];
  int tests;
  assert_int_equal(df_holm(4, p, adjusted, &tests), DF_OK);
  assert_int_equal(tests, 4);
  for (int i = 0; i < 4; i++) assert_near(adjusted[i], wanted[i], 1e-15);
  /* NaN is not counted; in place; at most 1 */
  double some[4] = {0.6, NAN, 0.01, 0.7};
  assert_int_equal(df_holm(4, some, some, &tests), DF_OK);
  assert_int_equal(tests, 3);
  assert_true(some[0] == 1 && isnan(some[1]) && some[3] == 1);
  assert_near(some[2], 0.03, 1e-15);
  assert_int_equal(df_holm(0, NULL, NULL, &tests), DF_OK);
  assert_int_equal(tests, 0);
}

/* ---- arguments and memory ---- */

static void wrong_arguments_are_refused_and_nothing_is_written(void** state) {
  (void)state;
  const double v[4] = {1, 2, 3, 4};
  const int sizes[2] = {3, 1}, none[2] = {4, 0};
  df_interval out = {.mean = 7};
  df_paired paired = {.p = 7};
  df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  assert_int_equal(
      df_bootstrap_interval(NULL, DF_ESTIMATE_MEAN, &(df_strata){.n = 2, .sizes = sizes, .values = v}, &out), DF_E_ARG);
  assert_int_equal(df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.sizes = sizes, .values = v}, &out),
                   DF_E_ARG);
  assert_int_equal(
      df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 2, .sizes = none, .values = v}, &out), DF_E_ARG);
  assert_int_equal(df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 2, .sizes = sizes}, &out), DF_E_ARG);
  assert_int_equal(df_paired_difference(&cfg, &(df_strata){.n = 2, .sizes = sizes, .values = v}, NULL, &paired),
                   DF_E_ARG);
  assert_int_equal(df_performance_profile(&cfg, true, &(df_strata){.n = 2, .sizes = sizes, .values = v}, 0, v, &out),
                   DF_E_ARG);
  assert_int_equal(df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, NULL, &out), DF_E_ARG);
  assert_int_equal(df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 2, .values = v}, &out), DF_E_ARG);
  assert_int_equal(df_paired_difference(&cfg, NULL, v, &paired), DF_E_ARG);
  assert_int_equal(df_paired_difference(&cfg, &(df_strata){.n = 2, .sizes = sizes}, v, &paired), DF_E_ARG);
  assert_int_equal(df_performance_profile(&cfg, true, NULL, 1, v, &out), DF_E_ARG);
  assert_int_equal(df_performance_profile(&cfg, true, &(df_strata){.n = 2, .sizes = sizes}, 1, v, &out), DF_E_ARG);
  const df_strata both = {.n = 2, .sizes = sizes, .values = v}, first = {.n = 1, .sizes = sizes, .values = v};
  assert_int_equal(df_probability_of_improvement(&cfg, true, &both, NULL, &out), DF_E_ARG);
  assert_int_equal(df_probability_of_improvement(&cfg, true, NULL, &both, &out), DF_E_ARG);
  assert_int_equal(df_probability_of_improvement(&cfg, true, &both, &(df_strata){.n = 2, .sizes = sizes}, &out),
                   DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "b.values"));
  assert_int_equal(df_probability_of_improvement(&cfg, true, &both, &first, &out), DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "a has 2 strata and b has 1"));
  const double falling[2] = {2, 1};
  df_interval two[2] = {out, out};
  assert_int_equal(
      df_performance_profile(&cfg, true, &(df_strata){.n = 2, .sizes = sizes, .values = v}, 2, falling, two), DF_E_ARG);
  assert_true(two[0].mean == 7);
  cfg.cluster = sizes;
  assert_int_equal(
      df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 2, .sizes = sizes, .values = v}, &out), DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "clusters in 2 strata need same_units"));
  cfg.cluster = NULL;
  assert_int_equal(df_holm(-1, v, (double*)(uintptr_t)v, NULL), DF_E_ARG);
  cfg.same_units = true;
  assert_int_equal(
      df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 2, .sizes = sizes, .values = v}, &out), DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "stratum 1 has 1 values, stratum 0 has 3"));
  assert_int_equal(df_probability_of_improvement(&cfg, true, &(df_strata){.n = 1, .sizes = sizes, .values = v},
                                                 &(df_strata){.n = 1, .sizes = sizes + 1, .values = v}, &out),
                   DF_E_ARG);
  cfg = (df_bootstrap_cfg){.resamples = 0, .level = 0.95};
  assert_int_equal(
      df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 2, .sizes = sizes, .values = v}, &out), DF_E_ARG);
  cfg = (df_bootstrap_cfg){.resamples = 10, .level = 1};
  assert_int_equal(
      df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 2, .sizes = sizes, .values = v}, &out), DF_E_ARG);
  assert_true(out.mean == 7 && paired.p == 7);
}

static df_status everything(double* sum) {
  const double a[4] = {1, 2, 3, 4}, b[4] = {2, 1, 5, 9};
  const int n = 4;
  df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  df_interval i = {0};
  df_paired d = {0};
  double adjusted[4] = {0};
  cfg.resamples = 20;
  DF_TRY(df_bootstrap_interval(&cfg, DF_ESTIMATE_IQM, &(df_strata){.n = 1, .sizes = &n, .values = a}, &i));
  *sum += i.lo;
  const int label[4] = {3, 3, 4, 5};
  const double share[4] = {0, 1, 1, 0};
  cfg.cluster = label;
  DF_TRY(df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 1, .sizes = &n, .values = a}, &i));
  DF_TRY(df_share_interval_clustered(4, share, label, &i));
  cfg.cluster = NULL;
  DF_TRY(df_paired_difference(&cfg, &(df_strata){.n = 1, .sizes = &n, .values = a}, b, &d));
  DF_TRY(df_probability_of_improvement(&cfg, true, &(df_strata){.n = 1, .sizes = &n, .values = a},
                                       &(df_strata){.n = 1, .sizes = &n, .values = b}, &i));
  DF_TRY(df_performance_profile(&cfg, true, &(df_strata){.n = 1, .sizes = &n, .values = a}, 1, b, &i));
  return df_holm(4, a, adjusted, NULL);
}

static void every_allocation_may_fail(void** state) {
  (void)state;
  double sum = 0;
  int failures = 0;
  for (size_t n = 1;; n++) {
    df_alloc_fail_at(n);
    const df_status status = everything(&sum);
    df_alloc_fail_at(0);
    if (status == DF_OK) break;
    assert_int_equal(status, DF_E_NOMEM);
    failures++;
  }
  /* a resampler makes 5, clusters 3, an order 2: 5 + 2 + 3 of the interquartile mean, 5 + 3 + 2 of clusters, 3 of the
   * share, 5 + 4 of the difference, 2 (5 + 4) + 1 of the improvement, 5 + 5 of the profile, 2 of Holm */
  assert_int_equal(failures, 63);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_interquartile_mean_equals_published_values),
      cmocka_unit_test(the_interquartile_mean_trims_by_fractions),
      cmocka_unit_test(medians_and_quantiles_are_those_of_R_and_numpy),
      cmocka_unit_test(what_is_not_a_number_is_sorted_behind_infinity),
      cmocka_unit_test(an_interval_is_that_of_student),
      cmocka_unit_test(the_smallest_stratum_that_is_drawn_counts),
      cmocka_unit_test(strata_are_drawn_within_themselves),
      cmocka_unit_test(the_same_units_are_not_counted_once_a_seed),
      cmocka_unit_test(clusters_are_drawn_whole),
      cmocka_unit_test(clusters_of_one_unit_change_no_bit),
      cmocka_unit_test(drawn_strata_are_crossed_with_their_units),
      cmocka_unit_test(the_seed_alone_decides),
      cmocka_unit_test(what_is_not_finite_is_counted_and_gives_no_interval),
      cmocka_unit_test(p_is_the_larger_of_two_tests),
      cmocka_unit_test(clusters_and_strata_are_flipped_as_one),
      cmocka_unit_test(pairing_cancels_what_both_have_in_common),
      cmocka_unit_test(equal_methods_rarely_differ),
      cmocka_unit_test(other_methods_are_told_from_40_episodes),
      cmocka_unit_test(student_equals_published_values),
      cmocka_unit_test(signs_are_flipped_in_all_ways),
      cmocka_unit_test(mcnemar_equals_published_values),
      cmocka_unit_test(the_probability_of_improvement_is_mann_whitney),
      cmocka_unit_test(improvement_is_averaged_over_strata),
      cmocka_unit_test(its_interval_holds_what_a_slow_version_draws),
      cmocka_unit_test(improvement_and_profiles_take_clusters_whole),
      cmocka_unit_test(profiles_count_who_reaches_a_threshold),
      cmocka_unit_test(holm_equals_published_values),
      cmocka_unit_test(wrong_arguments_are_refused_and_nothing_is_written),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
