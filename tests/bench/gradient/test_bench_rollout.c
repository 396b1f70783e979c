/* The speedup is the time on one thread over the time on many; only whole rollouts are timed. */
#include "bench_rollout.h"

#include <string.h>

#include "bench_adjoint.h"
#include "dynaflow/sim/mujoco.h"
#include "json.h"
#include "unit.h"

static void the_speedup_is_the_median_of_the_ratios(void** state) {
  (void)state;
  /* ratios 2, 8, 3; the ratio of the medians would be 2.5 */
  const double one[] = {2, 8, 15}, many[] = {1, 1, 5};
  double scratch[3];
  assert_true(bench_speedup(3, one, many, scratch) == 3);
  assert_true(bench_speedup(1, many, one, scratch) == 0.5);
}

/* A ball for whose contact there is no memory. Farther than 1e6 m away it counts as diverged. */
static const char ball[] =
    "<mujoco><size memory='600'/><option gravity='0 0 0'/><worldbody><geom type='plane' size='1 1 .1'/><body pos='0 0 "
    ".3'><joint name='z' type='slide' axis='0 0 1'/><geom size='.1' mass='1'/></body></worldbody>"
    "<actuator><motor joint='z' ctrlrange='-1 1'/></actuator></mujoco>";

/* both benchmarks of three windows of 16 actions of 0 from rest at z; the numbers of windows that were timed */
static df_status time_windows(const double z[3], int* rollouts, int* windows) {
  enum { M = 3, HORIZON = 16 };
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* system;
  cases c;
  rows out = rows_new();
  adjoint_timing timing = {0};
  assert_int_equal(df_mujoco_system_from_xml(ball, "ball", &cfg, &system), DF_OK);
  assert_int_equal(cases_new(system, M, M, HORIZON, &c), DF_OK);
  for (int i = 0; i < M; i++) c.x[2 * i] = c.x0[2 * i] = z[i];
  const df_status status = bench_rollout(system, "ball", &c, 1, 1, &out);
  *rollouts = (int)json_integer_value(json_object_get(json_array_get(out.list, 0), "rollouts"));
  assert_int_equal(bench_adjoint(system, &c, 1, 1, &timing), status);
  *windows = timing.windows;
  rows_free(&out);
  cases_clear(&c);
  df_system_free(system);
  return status;
}

/* a rollout that ends early is not a fast one */
static void what_is_cut_off_is_not_timed(void** state) {
  (void)state;
  int rollouts, windows;
  assert_int_equal(time_windows((double[]){0, 2e6, 0}, &rollouts, &windows), DF_OK);
  assert_int_equal(rollouts, 4 * 2);
  assert_int_equal(windows, 2);
  assert_int_equal(time_windows((double[]){2e6, 2e6, 2e6}, &rollouts, &windows), DF_E_SIM);
  assert_string_equal(df_error_message(), "every window diverges: nothing to time");
  /* in the floor */
  assert_int_equal(time_windows((double[]){0, -0.25, 0}, &rollouts, &windows), DF_E_SIM);
  assert_non_null(strstr(df_error_message(), "out of memory"));
}

/* passes of 4, 1 and 2 s: neither the first, the second nor their mean */
static void the_rate_is_that_of_the_median_pass(void** state) {
  (void)state;
  const double orders[][3] = {{4, 1, 2}, {1, 2, 4}, {2, 4, 1}, {4, 2, 1}};
  double scratch[3];
  for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) assert_true(bench_rate(3, orders[i], 96, scratch) == 48);
  assert_true(bench_rate(1, orders[0], 96, scratch) == 24);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_rate_is_that_of_the_median_pass),
                                     cmocka_unit_test(the_speedup_is_the_median_of_the_ratios),
                                     cmocka_unit_test(what_is_cut_off_is_not_timed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
