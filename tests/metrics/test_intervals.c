/* Intervals against published values and against the coverage they promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "dynaflow/metrics/metrics.h"
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

/* share of data sets of n normal numbers whose interval holds `truth` */
static double coverage(int sets, int n, double truth) {
  double values[40];
  int held = 0;
  for (int k = 0; k < sets; k++) {
    df_rng_normal(5, DF_STREAM_TEST, (uint64_t)k, (size_t)n, values);
    const df_interval i = df_mean_interval(n, values, 9);
    held += i.lo <= truth && truth <= i.hi;
  }
  return (double)held / sets;
}

static void the_bootstrap_covers_the_mean_and_nothing_else(void** state) {
  (void)state;
  /* a percentile interval of 40 normal numbers covers 0.94 (its spread lacks sqrt(39/40) and the t tail); the standard
   * deviation over 150 sets is 0.02, three of them either way */
  const double covered = coverage(150, 40, 0);
  assert_true(covered > 0.88 && covered <= 1.0);
  assert_true(coverage(150, 40, 1) < 0.02);
}

static void the_bootstrap_has_the_width_of_the_standard_error(void** state) {
  (void)state;
  double values[400], sum = 0, square = 0;
  df_rng_normal(6, DF_STREAM_TEST, 0, 400, values);
  for (int i = 0; i < 400; i++) sum += values[i];
  for (int i = 0; i < 400; i++) square += (values[i] - sum / 400) * (values[i] - sum / 400);
  const double error = sqrt(square) / 400;
  const df_interval i = df_mean_interval(400, values, 1);
  assert_near(i.mean, sum / 400, 1e-15);
  /* a 2.5 % quantile of 2000 resamples has a standard deviation of 0.06 standard errors; three of them */
  assert_near(i.lo, i.mean - 1.96 * error, 0.18 * error);
  assert_near(i.hi, i.mean + 1.96 * error, 0.18 * error);
}

static void the_bootstrap_depends_on_its_seed_alone(void** state) {
  (void)state;
  double values[20];
  df_rng_normal(7, DF_STREAM_TEST, 0, 20, values);
  const df_interval a = df_mean_interval(20, values, 3), b = df_mean_interval(20, values, 3);
  const df_interval c = df_mean_interval(20, values, 4);
  assert_true(a.mean == b.mean && a.lo == b.lo && a.hi == b.hi);
  assert_true(a.lo != c.lo || a.hi != c.hi);
  assert_true(a.mean == c.mean);
}

static void equal_values_have_no_spread(void** state) {
  (void)state;
  const double values[5] = {0.1, 0.1, 0.1, 0.1, 0.1};
  const df_interval i = df_mean_interval(5, values, 1);
  assert_true(i.lo == i.mean && i.hi == i.mean);
}

static void one_value_has_a_mean_and_no_interval(void** state) {
  (void)state;
  const double value = 2.5;
  const df_interval i = df_mean_interval(1, &value, 1);
  assert_true(i.mean == 2.5 && isnan(i.lo) && isnan(i.hi));
  assert_int_equal(i.n, 1);
  const df_interval none = df_mean_interval(0, &value, 1);
  assert_true(isnan(none.mean) && isnan(none.lo) && none.n == 0);
}

static void failures_make_the_mean_infinite_and_are_counted(void** state) {
  (void)state;
  const double values[6] = {1, INFINITY, 2, NAN, -INFINITY, 3};
  const df_interval i = df_mean_interval(6, values, 1);
  assert_true(i.mean == INFINITY && isnan(i.lo) && isnan(i.hi));
  assert_int_equal(i.n, 6);
  assert_int_equal(i.failed, 3);
  const double one = NAN;
  const df_interval single = df_mean_interval(1, &one, 1);
  assert_true(single.mean == INFINITY && single.failed == 1);
}

static void every_metric_is_defined(void** state) {
  (void)state;
  const df_metric_def* defs;
  const int n = df_metric_defs(&defs);
  assert_int_equal(n, 9);
  assert_string_equal(defs[0].name, "tre");
  for (int k = 0; k < n; k++) {
    assert_true(strcmp(defs[k].better, "lower") == 0 || strcmp(defs[k].better, "higher") == 0);
    assert_true(defs[k].unit[0] && defs[k].definition[0]);
    for (int j = 0; j < k; j++) assert_string_not_equal(defs[j].name, defs[k].name);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wilson_equals_published_values),
      cmocka_unit_test(wilson_is_exact_at_its_ends_and_mirrors_failures),
      cmocka_unit_test(a_share_of_nothing_has_no_interval),
      cmocka_unit_test(the_bootstrap_covers_the_mean_and_nothing_else),
      cmocka_unit_test(the_bootstrap_has_the_width_of_the_standard_error),
      cmocka_unit_test(the_bootstrap_depends_on_its_seed_alone),
      cmocka_unit_test(equal_values_have_no_spread),
      cmocka_unit_test(one_value_has_a_mean_and_no_interval),
      cmocka_unit_test(failures_make_the_mean_infinite_and_are_counted),
      cmocka_unit_test(every_metric_is_defined),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
