/* The table of metrics. */
#include "dynaflow/metrics/defs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_metric_is_defined(void** state) {
  (void)state;
  const df_metric_def* defs;
  const int n = df_metric_defs(&defs);
  assert_true(n >= 10);
  assert_string_equal(defs[0].name, "tre");
  for (int k = 0; k < n; k++) {
    const bool counts = strcmp(defs[k].name, "effort") == 0 || strcmp(defs[k].name, "diversity") == 0;
    const bool neither = counts && defs[k].better[0] == '\0';
    assert_true(neither || strcmp(defs[k].better, "lower") == 0 || strcmp(defs[k].better, "higher") == 0);
    assert_true(defs[k].unit[0] && defs[k].definition[0]);
    for (int j = 0; j < k; j++) assert_string_not_equal(defs[j].name, defs[k].name);
  }
}

static void a_part_has_the_definition_of_the_longest_metric_it_is_a_part_of(void** state) {
  (void)state;
  static const char* const found[][2] = {{"tre", "tre"},
                                         {"tre.joint_pos", "tre"},
                                         {"tre_open_loop.base_vel", "tre_open_loop"},
                                         {"power", "power"},
                                         {"power.chain", "power"},
                                         {"power.transport", "power.transport"},
                                         {"power.transport.chain", "power.transport"}};
  for (size_t i = 0; i < sizeof found / sizeof found[0]; i++)
    assert_string_equal(df_metric_find(found[i][0])->name, found[i][1]);
  static const char* const unknown[] = {"", "tr", "trex", "powered.transport"};
  for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) assert_null(df_metric_find(unknown[i]));
}

static void a_part_has_its_unit(void** state) {
  (void)state;
  static const char* const units[][2] = {{"tre", "std"},
                                         {"tre.joint_pos", "rad"},
                                         {"tre.slide_pos", "m"},
                                         {"tre_open_loop.base_angvel", "rad/s"},
                                         {"tre_open_loop.object_vel", "m/s"},
                                         {"tre.activation", ""},
                                         {"sae_own.worst_step", "mixed SI"},
                                         {"command_error", "m/s"},
                                         {"command_error.yaw_rate", "rad/s"},
                                         {"command_error.position", "m"},
                                         {"command_error.heading", "rad"},
                                         {"fall_rate.replanned", "share"},
                                         {"goal_distance", "m"},
                                         {"goal_reached", "share"},
                                         {"root_residual.torque.chain", "N m/N"},
                                         {"penetration.worst.chain", "m"},
                                         {"style_joints.chain", "rad"},
                                         {"style_feet", "m"},
                                         {"style_shift.chain", "s"},
                                         {"effort.physics_steps", "count"}};
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
    assert_string_equal(df_metric_unit(units[i][0]), units[i][1]);
  static const char* const unknown[] = {
      "", "trex", "tre.", "tre.joint", "tre.action", "tre.change", "tre_open_loop.joint_pos.x"};
  for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) assert_null(df_metric_unit(unknown[i]));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_metric_is_defined),
      cmocka_unit_test(a_part_has_the_definition_of_the_longest_metric_it_is_a_part_of),
      cmocka_unit_test(a_part_has_its_unit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
