/* Errors of actions that rounding makes, and others that it does not make. */
#include "action_errors.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "unit.h"

enum { N = 400, FEATURES = 3 };

/* 1, a sine and a ramp */
static void fill_features(double feature[FEATURES][N]) {
  for (int i = 0; i < N; i++) {
    feature[0][i] = 1;
    feature[1][i] = sin(0.1 * i);
    feature[2][i] = 100 + i;
  }
}

static action_errors judge(const double* error, size_t n, size_t independent) {
  double feature[FEATURES][N], used[FEATURES][N];
  action_errors out = {0};
  fill_features(feature);
  for (int k = 0; k < FEATURES; k++) memcpy(used[0] + (size_t)k * n, feature[k], n * sizeof(double));
  action_errors_judge(error, used[0], n, FEATURES, independent, &out);
  return out;
}

static void uniform(double size, double* error) {
  df_rng_uniform(1, DF_STREAM_TEST, 0, N, error);
  for (int i = 0; i < N; i++) error[i] = size * (2 * error[i] - 1);
}

static void uniform_errors_look_rounded(void** state) {
  (void)state;
  double error[N];
  uniform(1, error);
  const action_errors found = judge(error, N, N);
  assert_true(action_errors_look_rounded(&found));
  assert_false(found.few);
}

/* by each of the three, whose limit is 1 */
static void any_measure_beyond_1_is_no_rounding(void** state) {
  (void)state;
  static const double values[] = {0, 1, 1.01};
  for (int i = 0; i < 27; i++) {
    const action_errors e = {.largest = values[i % 3], .spread = values[i / 3 % 3], .dependence = values[i / 9]};
    assert_true(action_errors_look_rounded(&e) == (i % 3 < 2 && i / 3 % 3 < 2 && i / 9 < 2));
  }
  const action_errors none = action_errors_none();
  assert_false(action_errors_look_rounded(&none));
}

/* half as large; all at the limits; 0 */
static void errors_of_another_size_do_not(void** state) {
  (void)state;
  double error[N];
  uniform(0.5, error);
  action_errors found = judge(error, N, N);
  /* a quarter of the mean square */
  assert_true(fabs(found.spread - 0.75 / (0.2 + 4 * 0.89 / 20)) < 0.1 && found.spread > 1);
  assert_false(action_errors_look_rounded(&found));
  for (int i = 0; i < N; i++) error[i] = error[i] < 0 ? -1 : 1;
  found = judge(error, N, N);
  assert_true(fabs(found.spread - 2 / (0.2 + 4 * 0.89 / 20)) < 1e-12);
  memset(error, 0, sizeof error);
  found = judge(error, N, N);
  assert_true(found.spread > 1 && found.dependence == 0);
}

/* the share that follows the features, over that of chance, (3 + 4 sqrt(6)) / 400 */
static void errors_that_follow_the_state_do_not(void** state) {
  (void)state;
  double error[N], noise[N];
  const double chance = (3 + 4 * sqrt(6)) / N;
  for (int i = 0; i < N; i++) error[i] = 0.8 * sin(0.1 * i) + 1e-3 * (i - 200);
  action_errors found = judge(error, N, N);
  assert_true(fabs(found.dependence - 1 / chance) < 1e-9);
  /* a bias; a part that the sine has of the mean square: 0.08 / (0.08 + 0.21) */
  uniform(0.8, noise);
  for (int i = 0; i < N; i++) error[i] = noise[i] + 0.2;
  found = judge(error, N, N);
  assert_true(found.spread <= 1 && found.dependence > 1);
  for (int i = 0; i < N; i++) error[i] = noise[i] + 0.4 * sin(0.1 * i);
  found = judge(error, N, N);
  assert_true(found.spread <= 1 && found.dependence > 1);
  assert_true(fabs(found.dependence * chance - 0.08 / (0.08 + 0.64 / 3)) < 0.06);
  assert_false(action_errors_look_rounded(&found));
}

static void few_errors_tell_nothing(void** state) {
  (void)state;
  double error[N];
  uniform(1, error);
  assert_false(judge(error, N, 64).few);
  assert_true(judge(error, N, 63).few);
  assert_true(judge(error, 0, 0).few);
  double many[20 * N];
  action_errors found = {0};
  df_rng_uniform(1, DF_STREAM_TEST, 1, 20 * N, many);
  action_errors_judge(error, many, N, 20, 79, &found);
  assert_true(found.few && found.spread == 0);
  found.few = false;
  action_errors_judge(error, many, N, 20, 80, &found);
  assert_false(found.few);
}

static void the_worst_column_counts(void** state) {
  (void)state;
  double error[N], feature[FEATURES][N];
  action_errors found = {0};
  for (int half = 1; half >= 0; half--) {
    fill_features(feature);
    uniform(half ? 0.5 : 1, error);
    action_errors_judge(error, feature[0], N, FEATURES, N, &found);
  }
  assert_true(found.spread > 1);
  const action_errors none = action_errors_none();
  assert_false(action_errors_look_rounded(&none));
  found = (action_errors){.largest = 1.01};
  assert_false(action_errors_look_rounded(&found));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(uniform_errors_look_rounded),   cmocka_unit_test(any_measure_beyond_1_is_no_rounding),
      cmocka_unit_test(errors_of_another_size_do_not), cmocka_unit_test(errors_that_follow_the_state_do_not),
      cmocka_unit_test(few_errors_tell_nothing),       cmocka_unit_test(the_worst_column_counts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
