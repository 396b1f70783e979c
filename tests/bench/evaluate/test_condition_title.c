/* test_condition_title.c: a condition in a few words. */
#include "condition_title.h"
#include "unit.h"

static df_dataset* named(int nc, const char* const* names) {
  df_dataset* data;
  const df_dataset_shape shape = {.episodes = 1, .length = 1, .nx = 1, .nc = nc, .dt = 1};
  assert_int_equal(df_dataset_new(&shape, &data), DF_OK);
  for (int i = 0; i < nc; i++) assert_int_equal(df_dataset_name_condition(data, i, names[i]), DF_OK);
  return data;
}

static void says(const df_dataset* data, const double* condition, bool units, const char* words) {
  text title = {0};
  condition_title(data, condition, units, &title);
  assert_string_equal(text_of(&title), words);
  text_clear(&title);
}

static void gaits_have_names_and_commands_units(void** state) {
  (void)state;
  df_dataset* data =
      named(5, (const char* const[]){"gait.trot", "gait.pace", "command.vx", "command.vy", "command.wz"});
  const double condition[] = {0, 1, 0.5, -0.126, 1};
  says(data, condition, false, "pace, vx 0.50, vy -0.13, wz 1.00");
  says(data, condition, true, "pace, vx 0.50 m/s, vy -0.13 m/s, wz 1.00 rad/s");
  df_dataset_free(data);
}

static void other_conditions_have_their_last_name_and_no_unit(void** state) {
  (void)state;
  df_dataset* data = named(3, (const char* const[]){"load", "goal.vx", "goal.arm.z"});
  says(data, (const double[]){2, 0.254, 3}, true, "load 2.00, vx 0.25, z 3.00");
  df_dataset_free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gaits_have_names_and_commands_units),
      cmocka_unit_test(other_conditions_have_their_last_name_and_no_unit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
