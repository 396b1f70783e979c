/* Intervals compared with published values and with their nominal coverage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "dynaflow/stats/statistics.h"
#include "near.h"

static void wilson_equals_published_values(void** state) {
  (void)state;
  /* Newcombe, Statistics in Medicine 17 (1998), table I, method 3: 81/263, 15/148, 0/20, 1/29, to four digits; 8/10
   * and 10/10 by the closed form in 40 digits, rounded the same way */
  const struct {
    int count, n;
    double lo, hi;
  } published[] = {{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611},
                   {1, 29, 0.0061, 0.1718},   {8, 10, 0.4902, 0.9433},   {10, 10, 0.7225, 1}};
  for (size_t k = 0; k < sizeof published / sizeof *published; k++) {
    const df_interval i = df_share_interval(published[k].count, published[k].n);
    assert_near(i.lo, published[k].lo, 0.5e-4 + 1e-12);
    assert_near(i.hi, published[k].hi, 0.5e-4 + 1e-12);
    assert_near(i.mean, (double)published[k].count / published[k].n, 1e-15);
    assert_int_equal(i.n, published[k].n);
    assert_int_equal(i.failed, 0);
  }
}

static void wilson_is_exact_at_its_ends_and_mirrors_failures(void** state) {
  (void)state;
  assert_true(df_share_interval(0, 64).lo == 0);
  assert_true(df_share_interval(64, 64).hi == 1);
  for (int count = 0; count <= 12; count++) {
    const df_interval a = df_share_interval(count, 12), b = df_share_interval(12 - count, 12);
    assert_near(a.lo, 1 - b.hi, 1e-15);
    assert_true(a.lo >= 0 && a.hi <= 1 && a.lo <= a.mean && a.mean <= a.hi && a.lo < a.hi);
  }
}

static void a_share_of_nothing_has_no_interval(void** state) {
  (void)state;
  const int wrong[][2] = {{0, 0}, {-1, 10}, {11, 10}, {0, -3}};
  for (int k = 0; k < 4; k++) {
    const df_interval i = df_share_interval(wrong[k][0], wrong[k][1]);
    assert_true(isnan(i.mean) && isnan(i.lo) && isnan(i.hi));
  }
}

static void clusters_tell_less_than_their_values(void** state) {
  (void)state;
  /* computed once with NumPy: the variance of the 9 clusters is that of statsmodels 0.15.0 (OLS on a constant,
   * cov_type='cluster', times 9/8), and Student's 97.5 % point for 8 degrees of freedom is 2.306 */
  const double values[24] = {1, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1};
  const int cluster[24] = {0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 5, 5, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8};
  df_interval i;
  assert_int_equal(df_share_interval_clustered(24, values, cluster, &i), DF_OK);
  assert_near(i.mean, 11 / 24.0, 1e-15);
  assert_near(i.lo, 0.15544128522005324, 1e-14);
  assert_near(i.hi, 0.7955057173188147, 1e-14);
  assert_int_equal(i.n, 24);
  /* clusters of one value each give the bits of the unclustered interval */
  const df_interval plain = df_share_interval(11, 24);
  assert_int_equal(df_share_interval_clustered(24, values, NULL, &i), DF_OK);
  assert_memory_equal(&i, &plain, sizeof i);
  /* clusters that balance each other are no better than independent values, of which two clusters prove little: the
   * point for one degree of freedom is 12.7 */
  const double even[4] = {1, 0, 0, 1};
  const int two[4] = {5, 5, 6, 6};
  assert_int_equal(df_share_interval_clustered(4, even, two, &i), DF_OK);
  assert_near(i.lo, 0.006081189212796934, 1e-13);
}

static void where_nothing_varies_clusters_are_counted(void** state) {
  (void)state;
  const double never[9] = {0}, always[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  const int cluster[9] = {0, 0, 0, 1, 1, 1, 2, 2, 2};
  df_interval i;
  assert_int_equal(df_share_interval_clustered(9, never, cluster, &i), DF_OK);
  assert_true(i.lo == 0 && i.hi == df_share_interval(0, 3).hi);
  assert_int_equal(df_share_interval_clustered(9, always, cluster, &i), DF_OK);
  assert_true(i.hi == 1 && i.lo == df_share_interval(3, 3).lo);
  /* one cluster: the variance between clusters is unknown */
  const double some[2] = {0, 1};
  const int one[2] = {4, 4};
  assert_int_equal(df_share_interval_clustered(2, some, one, &i), DF_OK);
  assert_true(i.mean == 0.5 && i.hi - i.lo > df_share_interval(1, 2).hi - df_share_interval(1, 2).lo);
  /* one value is an interval, too; a count beyond the number is none, and no number is 0 */
  assert_int_equal(df_share_interval_clustered(1, some, one, &i), DF_OK);
  assert_true(i.mean == 0 && i.n == 1);
  i = df_share_interval(0, -3);
  assert_true(isnan(i.mean) && i.n == 0);
  i = df_share_interval(4, 3);
  assert_true(isnan(i.mean) && isnan(i.lo) && isnan(i.hi) && i.n == 3);
  const double wrong[2] = {0, 0.5};
  i.mean = 7;
  assert_int_equal(df_share_interval_clustered(2, wrong, one, &i), DF_E_ARG);
  assert_int_equal(df_share_interval_clustered(0, some, one, &i), DF_E_ARG);
  assert_true(i.mean == 7);
}

/* the interval of the mean from 2000 resamples drawn with `seed` */
static df_interval mean_interval(int n, const double* values, uint64_t seed) {
  df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  df_interval out;
  cfg.seed = seed;
  assert_int_equal(
      df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 1, .sizes = &n, .values = values}, &out), DF_OK);
  return out;
}

/* the share of data sets of n normal numbers whose interval contains `truth` */
static double coverage(int sets, int n, double truth) {
  double values[40];
  int held = 0;
  for (int k = 0; k < sets; k++) {
    df_rng_normal(5, DF_STREAM_TEST, (uint64_t)k, (size_t)n, values);
    const df_interval i = mean_interval(n, values, 9);
    held += i.lo <= truth && truth <= i.hi;
  }
  return (double)held / sets;
}

/* the same of shares, which stays within 0 and 1 */
static df_interval share_interval(int n, const double* values, df_estimate kind, uint64_t seed) {
  df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  df_interval out;
  cfg.seed = seed;
  assert_int_equal(df_bootstrap_share_interval(&cfg, kind, &(df_strata){.n = 1, .sizes = &n, .values = values}, &out),
                   DF_OK);
  return out;
}

/* At both ends, the distance from the mean is t standard errors, scaled as those of a share. */
static void an_interval_of_shares_stays_between_0_and_1(void** state) {
  (void)state;
  static const double lists[][5] = {{0, 0, 0.1, 0, 0.02}, {1, 0.97, 0.8, 1, 1}, {0.4, 0.5, 0.7, 0.2, 0.6}};
  for (int k = 0; k < 3; k++) {
    const df_interval i = share_interval(5, lists[k], DF_ESTIMATE_MEAN, 9), plain = mean_interval(5, lists[k], 9);
    const double p = i.mean, half = plain.hi - p;
    assert_true(p == plain.mean && 0 < i.lo && i.lo < p && p < i.hi && i.hi < 1);
    assert_true(k == 2 || plain.lo < 0 || plain.hi > 1);
    assert_true(fabs((p - i.lo) - half * sqrt(i.lo * (1 - i.lo) / (p * (1 - p)))) < 1e-12);
    assert_true(fabs((i.hi - p) - half * sqrt(i.hi * (1 - i.hi) / (p * (1 - p)))) < 1e-12);
  }
  /* without a spread it is the value; a single value has none */
  static const double same[] = {0.3, 0.3, 0.3}, none[] = {0, 0, 0};
  assert_true(fabs(share_interval(3, same, DF_ESTIMATE_MEAN, 9).hi - 0.3) < 1e-12);
  assert_true(share_interval(3, none, DF_ESTIMATE_MEAN, 9).hi == 0);
  assert_true(isnan(share_interval(1, same, DF_ESTIMATE_MEAN, 9).hi));
  /* an interquartile mean of 1 whose resamples differ: Wilson's interval of five, with t for four degrees of freedom */
  static const double ones[] = {1, 1, 1, 1, 0};
  const double t = 2.7764451051977987;
  const df_interval one = share_interval(5, ones, DF_ESTIMATE_IQM, 9);
  assert_true(one.mean == 1 && one.hi == 1 && fabs(one.lo - 1 / (1 + t * t / 5)) < 1e-12);
  /* what is no share is refused; a failure has no interval */
  df_interval out = {.mean = 7};
  const df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  static const double wrong[] = {0.5, 1.5}, failed[] = {0.5, NAN};
  const int two = 2;
  assert_int_equal(
      df_bootstrap_share_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 1, .sizes = &two, .values = wrong}, &out),
      DF_E_ARG);
  assert_true(out.mean == 7);
  out = share_interval(2, failed, DF_ESTIMATE_MEAN, 9);
  assert_true(isinf(out.mean) && out.failed == 1 && isnan(out.lo));
}

/* u^3 has the mean 0.25. By 40000 sets of four values, 0.91 of the intervals hold it, and of Student's, most of which
 * go below 0, 0.86; the standard deviation over 400 sets is 0.014, three of them either way. */
static void shares_near_0_are_covered_better(void** state) {
  (void)state;
  enum { SETS = 400, N = 4 };
  int held = 0, plainly = 0, below = 0;
  for (int k = 0; k < SETS; k++) {
    double values[N];
    df_rng_uniform(5, DF_STREAM_TEST, (uint64_t)k, N, values);
    for (int i = 0; i < N; i++) values[i] = pow(values[i], 3);
    const df_interval share = share_interval(N, values, DF_ESTIMATE_MEAN, 9), plain = mean_interval(N, values, 9);
    held += share.lo <= 0.25 && 0.25 <= share.hi;
    plainly += plain.lo <= 0.25 && 0.25 <= plain.hi;
    below += plain.lo < 0;
  }
  assert_true(below > SETS / 2);
  assert_true(held > plainly && fabs(held - 0.913 * SETS) < 0.042 * SETS);
}

static void the_bootstrap_covers_the_mean_and_nothing_else(void** state) {
  (void)state;
  /* 0.95; the standard deviation over 150 sets is 0.018, three of them either way */
  const double covered = coverage(150, 40, 0);
  assert_true(covered > 0.896 && covered <= 1.0);
  assert_true(coverage(150, 40, 1) < 0.02);
}

/* the share of sets of 30 episodes of 5 windows whose interval contains the mean, 0; windows share 4/5 of their
 * variance */
static double clustered_coverage(const int* cluster) {
  enum { SETS = 150, EPISODES = 30, EACH = 5, N = EPISODES * EACH };
  df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  const int n = N;
  int held = 0;
  cfg.resamples = 400;
  cfg.cluster = cluster;
  for (int k = 0; k < SETS; k++) {
    double shared[EPISODES], values[N];
    df_interval i;
    df_rng_normal(8, DF_STREAM_TEST, (uint64_t)k, EPISODES, shared);
    df_rng_normal(9, DF_STREAM_TEST, (uint64_t)k, N, values);
    for (int w = 0; w < N; w++) values[w] = sqrt(0.8) * shared[w / EACH] + sqrt(0.2) * values[w];
    assert_int_equal(
        df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &(df_strata){.n = 1, .sizes = &n, .values = values}, &i), DF_OK);
    held += i.lo <= 0 && 0 <= i.hi;
  }
  return (double)held / SETS;
}

static void windows_of_an_episode_are_not_independent(void** state) {
  (void)state;
  int episode[150];
  for (int w = 0; w < 150; w++) episode[w] = w / 5;
  /* 0.95, less three standard deviations of 150 sets. Planted fault: windows drawn one by one have
   * sqrt(1 / (1 + 4 * 0.8)) = 0.49 of the width, and cover 2 Phi(0.49 * 1.96) - 1 = 0.66 */
  assert_true(clustered_coverage(episode) > 0.896);
  assert_true(clustered_coverage(NULL) < 0.77);
}

/* the percentile interval of 2 values covers 0.5, of 4 0.80 */
static void few_values_are_covered_as_often(void** state) {
  (void)state;
  /* three standard deviations of 400 sets, and 2 % of noise in the bootstrap */
  const int few[] = {2, 3, 4, 10};
  for (int k = 0; k < 4; k++) {
    const double covered = coverage(400, few[k], 0);
    assert_true(covered > 0.915 && covered < 0.985);
  }
}

static void the_bootstrap_has_the_width_of_the_standard_error(void** state) {
  (void)state;
  double values[400], sum = 0, square = 0;
  df_rng_normal(6, DF_STREAM_TEST, 0, 400, values);
  for (int i = 0; i < 400; i++) sum += values[i];
  for (int i = 0; i < 400; i++) square += (values[i] - sum / 400) * (values[i] - sum / 400);
  const double error = sqrt(square / (400.0 * 399));
  const df_interval i = mean_interval(400, values, 1);
  assert_near(i.mean, sum / 400, 1e-15);
  /* the standard deviation of 2000 resamples is accurate to 1/sqrt(4000) = 1.6 %; three of them are allowed. R's
   * qt(.975, 399) is 1.965927 */
  assert_near(i.lo, i.mean - 1.965927 * error, 0.048 * 1.966 * error);
  assert_near(i.hi, i.mean + 1.965927 * error, 0.048 * 1.966 * error);
}

static void the_bootstrap_depends_on_its_seed_alone(void** state) {
  (void)state;
  double values[20];
  df_rng_normal(7, DF_STREAM_TEST, 0, 20, values);
  const df_interval a = mean_interval(20, values, 3), b = mean_interval(20, values, 3);
  const df_interval c = mean_interval(20, values, 4);
  assert_true(a.mean == b.mean && a.lo == b.lo && a.hi == b.hi);
  assert_true(a.lo != c.lo || a.hi != c.hi);
  assert_true(a.mean == c.mean);
}

static void equal_values_have_no_spread(void** state) {
  (void)state;
  const double values[5] = {0.1, 0.1, 0.1, 0.1, 0.1};
  const df_interval i = mean_interval(5, values, 1);
  assert_true(i.lo == i.mean && i.hi == i.mean);
}

static void one_value_has_a_mean_and_no_interval(void** state) {
  (void)state;
  const double value = 2.5;
  const df_interval i = mean_interval(1, &value, 1);
  assert_true(i.mean == 2.5 && isnan(i.lo) && isnan(i.hi));
  assert_int_equal(i.n, 1);
}

static void failures_make_the_mean_infinite_and_are_counted(void** state) {
  (void)state;
  const double values[6] = {1, INFINITY, 2, NAN, -INFINITY, 3};
  const df_interval i = mean_interval(6, values, 1);
  assert_true(i.mean == INFINITY && isnan(i.lo) && isnan(i.hi));
  assert_int_equal(i.n, 6);
  assert_int_equal(i.failed, 3);
  const double one = NAN;
  const df_interval single = mean_interval(1, &one, 1);
  assert_true(single.mean == INFINITY && single.failed == 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wilson_equals_published_values),
      cmocka_unit_test(wilson_is_exact_at_its_ends_and_mirrors_failures),
      cmocka_unit_test(a_share_of_nothing_has_no_interval),
      cmocka_unit_test(clusters_tell_less_than_their_values),
      cmocka_unit_test(where_nothing_varies_clusters_are_counted),
      cmocka_unit_test(an_interval_of_shares_stays_between_0_and_1),
      cmocka_unit_test(shares_near_0_are_covered_better),
      cmocka_unit_test(the_bootstrap_covers_the_mean_and_nothing_else),
      cmocka_unit_test(few_values_are_covered_as_often),
      cmocka_unit_test(windows_of_an_episode_are_not_independent),
      cmocka_unit_test(the_bootstrap_has_the_width_of_the_standard_error),
      cmocka_unit_test(the_bootstrap_depends_on_its_seed_alone),
      cmocka_unit_test(equal_values_have_no_spread),
      cmocka_unit_test(one_value_has_a_mean_and_no_interval),
      cmocka_unit_test(failures_make_the_mean_infinite_and_are_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
