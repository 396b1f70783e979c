#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dynaflow/core/rng.h"

/* known-answer vectors of Random123 1.14, tests/kat_vectors, "philox4x32 10": counter, key, output; through
 * df_rng_below with below = 2^64 - 1, which returns the first 64 bits minus one, and df_rng_uniform, which returns the
 * top 53 bits */
static void philox_gives_the_published_known_answers(void** state) {
  (void)state;
  const uint64_t all = UINT64_MAX;
  assert_int_equal(df_rng_below(0, (df_stream)0, 0, 0, all), 0xe169c58d6627e8d5u - 1);
  assert_int_equal(df_rng_below(all, (df_stream)0xffffffffu, all, 0xffffffffu, all), 0x41c83b0e408f276du - 1);
  assert_int_equal(df_rng_below(0x299f31d0a4093822u, (df_stream)0x13198a2eu, 0x85a308d3243f6a88u, 0x03707344u, all),
                   0x94fdccebd16cfe09u - 1);

  double u[2];
  df_rng_uniform(0, (df_stream)0, 0, 2, u);
  assert_true(u[0] == (double)(0xe169c58d6627e8d5u >> 11) * 0x1p-53);
  assert_true(u[1] == (double)(0x9b00dbd8bc57ac4cu >> 11) * 0x1p-53);
}

static void uniform_numbers_have_the_moments_of_the_unit_interval(void** state) {
  (void)state;
  enum { N = 200000 };
  static double u[N];
  df_rng_uniform(1, DF_STREAM_TEST, 7, N, u);
  double sum = 0, square = 0, lag = 0;
  for (int i = 0; i < N; i++) {
    assert_true(u[i] >= 0 && u[i] < 1);
    sum += u[i];
    square += (u[i] - 0.5) * (u[i] - 0.5);
    if (i > 0) lag += (u[i] - 0.5) * (u[i - 1] - 0.5);
  }
  /* 5 standard errors: sqrt(1/12/N) = 6.5e-4, sqrt(1/180/N) = 1.7e-4, 1/12/sqrt(N) = 1.9e-4 */
  assert_true(fabs(sum / N - 0.5) < 3.3e-3);
  assert_true(fabs(square / N - 1.0 / 12) < 8.5e-4);
  assert_true(fabs(lag / N) < 9.5e-4);
}

static void normal_numbers_have_the_moments_of_a_standard_normal(void** state) {
  (void)state;
  enum { N = 200000 };
  static double z[N];
  df_rng_normal(1, DF_STREAM_TEST, 8, N, z);
  double m[5] = {0}, pair = 0;
  for (int i = 0; i < N; i++) {
    assert_true(isfinite(z[i]));
    double power = 1;
    for (int k = 1; k < 5; k++) m[k] += power *= z[i];
    if (i % 2 == 1) pair += z[i] * z[i - 1];
  }
  /* 5 standard errors: the variances of z, z^2, z^3, z^4 are 1, 2, 15, 96 */
  const double root = sqrt((double)N);
  assert_true(fabs(m[1] / N) < 5 * 1 / root);
  assert_true(fabs(m[2] / N - 1) < 5 * sqrt(2) / root);
  assert_true(fabs(m[3] / N) < 5 * sqrt(15) / root);
  assert_true(fabs(m[4] / N - 3) < 5 * sqrt(96) / root);
  /* the two numbers of a Box-Muller pair are uncorrelated */
  assert_true(fabs(pair / (N / 2)) < 5 / sqrt(N / 2.0));
}

static void a_value_does_not_depend_on_the_order_of_calls_or_their_length(void** state) {
  (void)state;
  double all[9], part[9], again[9];
  df_rng_normal(3, DF_STREAM_FLOW_NOISE, 5, 9, all);
  for (size_t n = 0; n < 9; n++) {
    df_rng_uniform(n, DF_STREAM_BATCH, n, 3, again); /* another call in between */
    df_rng_normal(3, DF_STREAM_FLOW_NOISE, 5, n, part);
    assert_memory_equal(part, all, n * sizeof *all);
  }
  df_rng_normal(3, DF_STREAM_FLOW_NOISE, 5, 9, again);
  assert_memory_equal(again, all, sizeof all);
}

static void seed_stream_and_index_each_change_the_numbers(void** state) {
  (void)state;
  double base[4], other[4];
  df_rng_uniform(3, DF_STREAM_BATCH, 5, 4, base);
  df_rng_uniform(4, DF_STREAM_BATCH, 5, 4, other);
  assert_memory_not_equal(base, other, sizeof base);
  df_rng_uniform(3 + (UINT64_C(1) << 32), DF_STREAM_BATCH, 5, 4, other);
  assert_memory_not_equal(base, other, sizeof base);
  df_rng_uniform(3, DF_STREAM_PUSH, 5, 4, other);
  assert_memory_not_equal(base, other, sizeof base);
  df_rng_uniform(3, DF_STREAM_BATCH, 5 + (UINT64_C(1) << 32), 4, other);
  assert_memory_not_equal(base, other, sizeof base);
}

static void integers_stay_below_their_bound_and_reach_every_value(void** state) {
  (void)state;
  enum { BINS = 7, N = 70000 };
  int count[BINS] = {0};
  for (uint32_t i = 0; i < N; i++) {
    const uint64_t k = df_rng_below(1, DF_STREAM_TEST, i / 10, i % 10, BINS);
    assert_true(k < BINS);
    count[k]++;
    assert_int_equal(df_rng_below(1, DF_STREAM_TEST, i, 0, 1), 0);
  }
  /* chi-square with 6 degrees of freedom: 35 is exceeded with probability 4e-6, and the seed is fixed */
  double chi = 0;
  for (int b = 0; b < BINS; b++) chi += (count[b] - N / BINS) * (count[b] - N / BINS) / (double)(N / BINS);
  assert_true(chi < 35);
}

/* stream numbers affect results: renumbering them would change every recorded number */
static void stream_numbers_never_change(void** state) {
  (void)state;
  assert_int_equal(DF_STREAM_NET_INIT, 1);
  assert_int_equal(DF_STREAM_BATCH, 2);
  assert_int_equal(DF_STREAM_FLOW_TIME, 3);
  assert_int_equal(DF_STREAM_FLOW_NOISE, 4);
  assert_int_equal(DF_STREAM_PUSH, 5);
  assert_int_equal(DF_STREAM_SAMPLE_NOISE, 6);
  assert_int_equal(DF_STREAM_ACTION, 7);
  assert_int_equal(DF_STREAM_DEMONSTRATION, 8);
  assert_int_equal(DF_STREAM_SPLIT, 9);
  assert_int_equal(DF_STREAM_BOOTSTRAP, 10);
  assert_int_equal(DF_STREAM_TEST, 11);
  assert_int_equal(DF_STREAM_INVERSE_DYNAMICS, 12);
}

/* two numbers per block of the generator, which is the lane of df_rng_below(); normal ones by Box and Muller; nothing
 * is written behind them */
static void numbers_are_those_of_successive_blocks(void** state) {
  (void)state;
  for (size_t n = 1; n <= 9; n++) {
    double u[10], z[10];
    u[n] = z[n] = -7;
    df_rng_uniform(3, DF_STREAM_TEST, 11, n, u);
    df_rng_normal(3, DF_STREAM_TEST, 11, n, z);
    assert_true(u[n] == -7 && z[n] == -7);
    for (size_t i = 0; i < n; i++) {
      double pair[2];
      const uint64_t first = df_rng_below(3, DF_STREAM_TEST, 11, (uint32_t)(i / 2), (uint64_t)1 << 53);
      if (i % 2 == 0) assert_true(u[i] == (double)first * 0x1p-53);
      df_rng_uniform(3, DF_STREAM_TEST, 11, 10, u);
      memcpy(pair, u + i / 2 * 2, sizeof pair);
      const double radius = sqrt(-2 * log(1 - pair[0])), angle = 2 * acos(-1) * pair[1];
      assert_true(fabs(z[i] - radius * (i % 2 ? sin(angle) : cos(angle))) < 1e-14);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(philox_gives_the_published_known_answers),
      cmocka_unit_test(uniform_numbers_have_the_moments_of_the_unit_interval),
      cmocka_unit_test(normal_numbers_have_the_moments_of_a_standard_normal),
      cmocka_unit_test(a_value_does_not_depend_on_the_order_of_calls_or_their_length),
      cmocka_unit_test(seed_stream_and_index_each_change_the_numbers),
      cmocka_unit_test(integers_stay_below_their_bound_and_reach_every_value),
      cmocka_unit_test(stream_numbers_never_change),
      cmocka_unit_test(numbers_are_those_of_successive_blocks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
