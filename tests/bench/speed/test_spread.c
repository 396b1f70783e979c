/* Medians with spread, and how busy the machine was. */
#include "spread.h"

#include <math.h>

#include "unit.h"

static void the_spread_is_of_quartiles_and_far_values_are_outliers(void** state) {
  (void)state;
  /* sorted 1 2 3 4 5 6 7 30: quartiles 2.75 and 6.25, outer fence 6.25 + 3 * 3.5 = 16.75 */
  double values[] = {7, 1, 5, 3, 30, 2, 6, 4};
  const spread s = spread_of(8, values);
  assert_true(s.n == 8 && s.median == 4.5 && s.low == 2.75 && s.high == 6.25 && s.outliers == 1);
  double inside[] = {1, 2, 3, 4, 5, 6, 7, 16};
  assert_int_equal(spread_of(8, inside).outliers, 0);
  double one[] = {3};
  const spread alone = spread_of(1, one);
  assert_true(alone.median == 3 && alone.low == 3 && alone.high == 3 && alone.outliers == 0);
}

static void ratios_are_of_pairs(void** state) {
  (void)state;
  const double above[] = {2, 9}, below[] = {4, 3};
  double ratios[2];
  paired_ratios(2, above, below, ratios);
  assert_true(ratios[0] == 0.5 && ratios[1] == 3);
}

static void the_line_of_proc_stat_is_read(void** state) {
  (void)state;
  machine_time t;
  /* user nice system idle iowait irq softirq steal guest guest_nice: guest time is in user already */
  assert_true(machine_time_parse("cpu  100 1 20 800 30 4 5 40 7 0\n", &t));
  assert_true(t.total == 1000 && t.idle == 830 && t.stolen == 40);
  assert_false(machine_time_parse("intr 5", &t));
  assert_true(t.total == 0);
}

static void the_load_is_what_others_used(void** state) {
  (void)state;
  const machine_time from = {.total = 1000, .idle = 500, .stolen = 10, .own = 1};
  /* 200 ticks later: 80 idle, 20 stolen, so 100 used, of which this process 0.6 s of 100 ticks each */
  const machine_time to = {.total = 1200, .idle = 580, .stolen = 30, .own = 1.6};
  const machine_load load = machine_load_between(&from, &to, 100);
  assert_true(fabs(load.others - 0.2) < 1e-12 && fabs(load.stolen - 0.1) < 1e-12);
  assert_true(isnan(machine_load_between(&from, &from, 100).others));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_spread_is_of_quartiles_and_far_values_are_outliers),
      cmocka_unit_test(ratios_are_of_pairs),
      cmocka_unit_test(the_line_of_proc_stat_is_read),
      cmocka_unit_test(the_load_is_what_others_used),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
