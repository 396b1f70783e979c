/* The numbers of one comparison against plain computations over all pairs. */
#define _GNU_SOURCE
#include "compare.h"

#include "dynaflow/core/alloc.h"

#include <string.h>

#include "near.h"
#include "unit.h"

enum { SEEDS = 3, WINDOWS = 8, ALL = SEEDS * WINDOWS };

static samples samples_of(double* values) {
  static int sizes[SEEDS] = {WINDOWS, WINDOWS, WINDOWS};
  return (samples){.seeds = SEEDS, .n = WINDOWS, .sizes = sizes, .values = values};
}

static comparison measure(const char* metric, const char* better, const samples* a, const samples* b) {
  const compare_cfg cfg = compare_cfg_default();
  comparison one = {.metric = metric, .better = better, .seed_lo = NAN, .seed_hi = NAN, .only_a = -1, .only_b = -1};
  assert_int_equal(compare_measure(&cfg, a, b, &one), DF_OK);
  return one;
}

/* small whole numbers, so that there are ties */
static void fill(unsigned seed, double* values) {
  for (int i = 0; i < ALL; i++) {
    seed = seed * 1103515245u + 12345u;
    values[i] = (double)(seed >> 16 & 7);
  }
}

static void means_differences_and_improvement_are_those_of_all_pairs(void** state) {
  (void)state;
  for (unsigned round = 1; round <= 5; round++) {
    double x[ALL], y[ALL];
    fill(round, x);
    fill(100 + round, y);
    const samples a = samples_of(x), b = samples_of(y);
    double sum_a = 0, sum_b = 0, lo = INFINITY, hi = -INFINITY, smaller = 0;
    for (int s = 0; s < SEEDS; s++) {
      double seed = 0;
      for (int i = 0; i < WINDOWS; i++) {
        sum_a += x[s * WINDOWS + i];
        sum_b += y[s * WINDOWS + i];
        seed += (x[s * WINDOWS + i] - y[s * WINDOWS + i]) / WINDOWS;
        for (int j = 0; j < WINDOWS; j++) {
          const double p = x[s * WINDOWS + i], q = y[s * WINDOWS + j];
          smaller += p < q ? 1 : p == q ? 0.5 : 0;
        }
      }
      lo = fmin(lo, seed);
      hi = fmax(hi, seed);
    }
    const double improvement = smaller / (SEEDS * WINDOWS * WINDOWS);
    const comparison lower = measure("tre", "lower", &a, &b), higher = measure("survival", "higher", &a, &b),
                     neither = measure("effort.x", "", &a, &b);
    assert_near(lower.mean_a, sum_a / ALL, 1e-13);
    assert_near(lower.mean_b, sum_b / ALL, 1e-13);
    assert_near(lower.paired.difference.mean, (sum_a - sum_b) / ALL, 1e-13);
    assert_int_equal(lower.paired.difference.n, ALL);
    assert_near(lower.seed_lo, lo, 1e-13);
    assert_near(lower.seed_hi, hi, 1e-13);
    assert_near(lower.improvement.mean, improvement, 1e-13);
    assert_near(higher.improvement.mean, 1 - improvement, 1e-13);
    assert_near(neither.improvement.mean, improvement, 1e-13); /* as if lower were better */
    assert_true(lower.p == lower.paired.p && lower.only_a == -1 && lower.only_b == -1 && lower.episodes == 0);
  }
}

static void intervals_are_those_of_the_statistics_with_these_settings(void** state) {
  (void)state;
  static int episode[WINDOWS] = {0, 0, 1, 1, 2, 2, 3, 3};
  double x[ALL], y[ALL];
  fill(7, x);
  /* probabilities near 1/2, whose intervals are within [0, 1] */
  memcpy(y, x, sizeof y);
  y[3] += 3;
  y[12] += 1;
  samples a = samples_of(x);
  const samples b = samples_of(y);
  a.episode = episode;
  a.episodes = 4;
  df_bootstrap_cfg cfg = {
      .seed = 1, .resamples = 10000, .level = 0.95, .same_units = true, .cluster = episode, .draw_strata = true};
  const df_strata left = {.n = SEEDS, .sizes = a.sizes, .values = x};
  const df_strata right = {.n = SEEDS, .sizes = b.sizes, .values = y};
  df_paired paired;
  df_interval improvement;
  assert_int_equal(df_paired_difference(&cfg, &left, y, &paired), DF_OK);
  cfg.resamples = 2000;
  assert_int_equal(df_probability_of_improvement(&cfg, true, &left, &right, &improvement), DF_OK);
  const comparison one = measure("tre", "lower", &a, &b);
  assert_true(one.paired.difference.lo == paired.difference.lo && one.paired.difference.hi == paired.difference.hi);
  assert_true(one.p == paired.p && one.improvement.lo == improvement.lo && one.improvement.hi == improvement.hi);
  assert_true(one.improvement.lo > 0 && one.improvement.hi < 1);
  assert_int_equal(one.episodes, 4);
}

/* two-sided exact binomial test, by its definition */
static double mcnemar(int a, int b) {
  const int n = a + b, few = a < b ? a : b;
  double tail = 0;
  for (int k = 0; k <= few; k++) {
    double ways = 1;
    for (int i = 0; i < k; i++) ways = ways * (n - i) / (i + 1);
    tail += ways;
  }
  const double p = 2 * tail / pow(2, n);
  return p < 1 ? p : 1;
}

static void falls_are_counted_per_episode_for_the_side_that_fell_more_often(void** state) {
  (void)state;
  for (unsigned round = 1; round <= 20; round++) {
    double x[ALL], y[ALL];
    int episode[WINDOWS];
    fill(round, x);
    fill(200 + round, y);
    for (int i = 0; i < ALL; i++) {
      x[i] = x[i] > 4;
      y[i] = y[i] > 2;
    }
    for (int i = 0; i < WINDOWS; i++) episode[i] = (int)((i * 5 + 3) % (1 + (int)round % 6));
    samples a = samples_of(x), b = samples_of(y);
    for (int known = 0; known < 2; known++) {
      a.episode = known ? episode : NULL;
      int only_a = 0, only_b = 0;
      for (int e = 0; e < WINDOWS; e++) {
        int falls_a = 0, falls_b = 0;
        for (int i = 0; i < ALL; i++) {
          if ((known ? episode[i % WINDOWS] : i % WINDOWS) != e) continue;
          falls_a += (int)x[i];
          falls_b += (int)y[i];
        }
        only_a += falls_a > falls_b;
        only_b += falls_b > falls_a;
      }
      const comparison one = measure("fall_rate", "lower", &a, &b);
      assert_int_equal(one.only_a, only_a);
      assert_int_equal(one.only_b, only_b);
      assert_near(one.p, fmax(one.paired.p, mcnemar(only_a, only_b)), 1e-12);
    }
  }
}

static void a_pair_that_is_not_finite_leaves_no_number(void** state) {
  (void)state;
  double x[ALL], y[ALL];
  fill(3, x);
  fill(4, y);
  x[1] = NAN;
  y[1] = INFINITY; /* the same pair */
  y[WINDOWS + 2] = NAN;
  const samples a = samples_of(x), b = samples_of(y);
  for (int falls = 0; falls < 2; falls++) {
    comparison one = measure(falls ? "fall_rate" : "tre", "lower", &a, &b);
    assert_int_equal(one.outcome, COMPARE_UNSURE);
    assert_int_equal(one.paired.difference.failed, 2);
    assert_true(isnan(one.paired.difference.mean) && isnan(one.p) && isnan(one.seed_lo) && isnan(one.seed_hi));
    assert_true(one.only_a == -1 && one.only_b == -1);
    assert_non_null(one.reason);
    df_free(one.reason);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(means_differences_and_improvement_are_those_of_all_pairs),
      cmocka_unit_test(intervals_are_those_of_the_statistics_with_these_settings),
      cmocka_unit_test(falls_are_counted_per_episode_for_the_side_that_fell_more_often),
      cmocka_unit_test(a_pair_that_is_not_finite_leaves_no_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
