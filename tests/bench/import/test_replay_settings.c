/* The settings that import puts for what a replay finds. */
#include "replay_settings.h"

#include <string.h>

#include "unit.h"

/* whether data.action_time is `value` (NULL: not set) after the reading was put over `now` (NULL: not set) */
static bool becomes(const char* now, unsigned reading, bool spare_actions, const char* value, bool all) {
  settings s = {0};
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  const hypothesis h = {.cfg = cfg, .reading = reading};
  if (now) settings_put(&s, "data.action_time", now);
  bool usable;
  const bool put = put_alternative(&s, &h, &cfg, spare_actions, &usable);
  const setting* set = settings_find(&s, "data.action_time");
  const bool right = put == all && usable == all && (value ? set && strcmp(set->value, value) == 0 : !set);
  settings_clear(&s);
  return right;
}

/* data.action_time = before: row t + 1 acts from frame t, since it led to state t + 1 (recording_convert.c) */
static void actions_off_by_a_row_get_their_time(void** state) {
  (void)state;
  assert_true(becomes(NULL, READ_ACTIONS_EARLIER, true, "before", true));
  assert_true(becomes("after", READ_ACTIONS_EARLIER, true, "before", true));
  assert_true(becomes("before", READ_ACTIONS_LATER, true, NULL, true));
  assert_true(becomes(NULL, 0, true, NULL, true));
}

static void what_no_setting_says_is_not_put(void** state) {
  (void)state;
  /* row t - 1 acts from frame t; two rows late; no action for the last state */
  assert_true(becomes(NULL, READ_ACTIONS_LATER, true, NULL, false));
  assert_true(becomes("before", READ_ACTIONS_EARLIER, true, "before", false));
  assert_true(becomes(NULL, READ_ACTIONS_EARLIER, false, NULL, false));
}

/* training takes no fewer than 50 iterations, and no setting limits those of the line search */
static void limits_below_those_of_training_are_no_settings(void** state) {
  (void)state;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  settings s = {0};
  bool usable;
  hypothesis h = {.cfg = cfg};
  h.cfg.iterations = 60;
  assert_true(put_alternative(&s, &h, &cfg, false, &usable));
  assert_string_equal(settings_find(&s, "system.iterations")->value, "60");
  h.cfg.iterations = 4;
  assert_false(put_alternative(&s, &h, &cfg, false, &usable));
  h = (hypothesis){.cfg = cfg};
  h.cfg.ls_iterations = 4;
  assert_false(put_alternative(&s, &h, &cfg, false, &usable));
  assert_true(usable);
  settings_clear(&s);
}

static void actions_of_other_gains_are_not_usable(void** state) {
  (void)state;
  settings s = {0};
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  hypothesis h = {.cfg = cfg};
  bool usable;
  h.cfg.islands = !cfg.islands;
  assert_false(put_alternative(&s, &h, &cfg, false, &usable));
  assert_true(usable);
  h.cfg.gain_scale = 0.9;
  assert_false(put_alternative(&s, &h, &cfg, false, &usable));
  assert_false(usable);
  settings_clear(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(actions_off_by_a_row_get_their_time),
                                     cmocka_unit_test(what_no_setting_says_is_not_put),
                                     cmocka_unit_test(limits_below_those_of_training_are_no_settings),
                                     cmocka_unit_test(actions_of_other_gains_are_not_usable)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
