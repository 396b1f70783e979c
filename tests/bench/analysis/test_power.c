/* How large a difference a comparison finds: by hand, and in simulated comparisons. */
#include "power.h"

#include <math.h>

#include "dynaflow/core/rng.h"
#include "near.h"
#include "unit.h"

/* points of Student's distribution, from tables: 0.975 and 0.8, with 2, 4 and 9 degrees of freedom */
static const struct {
  int seeds;
  double high, share;
} points[] = {{3, 4.302653, 1.060660}, {5, 2.776445, 0.940965}, {10, 2.262157, 0.883404}};

static void a_detectable_difference_is_so_many_standard_errors(void** state) {
  (void)state;
  for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
    const double e = 0.02, difference[10] = {0};
    const df_interval interval = {.mean = 7, .lo = 7 - points[i].high * e, .hi = 7 + points[i].high * e};
    const double wanted = (points[i].high + points[i].share) * e;
    /* the fewer of seeds and episodes counts */
    paired_design d = {points[i].seeds, 40, &interval, difference};
    assert_near(power_detectable(&d), wanted, 1e-7);
    d = (paired_design){40, points[i].seeds, &interval, difference};
    assert_near(power_detectable(&d), wanted, 1e-7);
    d = (paired_design){points[i].seeds, 0, &interval, difference};
    assert_near(power_detectable(&d), wanted, 1e-7);
  }
  const df_interval none = {.mean = 1, .lo = NAN, .hi = NAN};
  const double difference[3] = {1, 2, 3};
  const paired_design d = {3, 40, &none, difference};
  assert_true(isnan(power_detectable(&d)));
  assert_int_equal(power_seeds_needed(&d, 1), -1);
}

/* Comparisons of so many seeds, whose differences are normal with the standard deviation 1 and the mean that such a
 * comparison detects on average: Student's test finds it in about 80 % of them. */
static void it_is_found_in_80_of_100_comparisons(void** state) {
  (void)state;
  enum { TRIALS = 20000 };
  for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
    const int n = points[i].seeds;
    const double zero[10] = {0}, e = 1 / sqrt(n);
    const df_interval interval = {.mean = 0, .lo = -points[i].high * e, .hi = points[i].high * e};
    const double true_mean = power_detectable(&(paired_design){n, 0, &interval, zero});
    int found = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
      double x[10], mean = 0, variance = 0;
      df_rng_normal(3, DF_STREAM_SAMPLE_NOISE, (uint64_t)(i * TRIALS) + (uint64_t)trial, (size_t)n, x);
      for (int s = 0; s < n; s++) mean += (x[s] + true_mean) / n;
      for (int s = 0; s < n; s++) variance += (x[s] + true_mean - mean) * (x[s] + true_mean - mean) / (n - 1);
      found += df_student_p(mean / sqrt(variance / n), n - 1) < 0.05;
    }
    print_message("%d seeds: found in %.3f\n", n, (double)found / TRIALS);
    assert_true(found > 0.76 * TRIALS && found < 0.83 * TRIALS);
  }
}

/* variance over seeds 0.01, so that e^2 of 3 seeds is 0.01 / 3 and what the episodes add */
static void seeds_lower_their_own_variance_only(void** state) {
  (void)state;
  const double difference[3] = {0.4, 0.5, 0.6};
  for (int more = 0; more < 2; more++) {
    const double of_episodes = more ? 0.0004 : 0, e = sqrt(0.01 / 3 + of_episodes);
    const df_interval interval = {.mean = 0.5, .lo = 0.5 - points[0].high * e, .hi = 0.5 + points[0].high * e};
    const paired_design d = {3, 40, &interval, difference};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
      const int n = points[i].seeds;
      const double found = (points[i].high + points[i].share) * sqrt(0.01 / n + of_episodes);
      assert_int_equal(power_seeds_needed(&d, found * 1.0001), n);
      assert_int_equal(power_seeds_needed(&d, found * 0.9999), n + 1);
    }
    assert_int_equal(power_seeds_needed(&d, 10), 3);
    /* the episodes alone have a standard error of 0.02: with many seeds, 2.87 of these are found, and never less */
    assert_int_equal(power_seeds_needed(&d, 0.05), more ? -1 : 34);
  }
  const df_interval interval = {.mean = 0, .lo = -1, .hi = 1};
  assert_int_equal(power_seeds_needed(&(paired_design){1, 40, &interval, difference}, 1), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_detectable_difference_is_so_many_standard_errors),
                                     cmocka_unit_test(it_is_found_in_80_of_100_comparisons),
                                     cmocka_unit_test(seeds_lower_their_own_variance_only)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
