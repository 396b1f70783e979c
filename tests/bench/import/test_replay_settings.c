/* The settings that import puts for what a replay finds. */
#include "replay_settings.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
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

/* An alternative of a replay as keys of a task file: a motor twice as strong follows from actions times two, and a
 * servo does not; what no key says is none. */
static void an_alternative_is_settings_of_a_task_file(void** state) {
  (void)state;
#define MODEL(actuator)                                                     \
  "<mujoco><worldbody><body><joint name='a' axis='0 1 0'/><geom size='.1' " \
  "mass='1'/></body></worldbody><actuator>" actuator "</actuator></mujoco>"
  static const char* const models[] = {MODEL("<motor joint='a'/>"), MODEL("<position joint='a' kp='5'/>")};
  static const struct {
    int model;
    unsigned reading;
    double gain;
    const char *given, *fits; /* fits "": none */
  } cases[] = {{0, READ_ACTIONS_EARLIER, 0, NULL, "data.action_time = before"},
               {0, READ_ACTIONS_LATER, 0, "before", "data.action_time = after"},
               {0, READ_ACTIONS_LATER, 0, NULL, ""},
               {0, READ_WORLD_SPIN, 0, NULL, "data.angular_velocity = world"},
               {0, READ_WORLD_SPIN | READ_XYZW, 0, NULL, "data.quaternion = xyzw, data.angular_velocity = world"},
               {0, 0, 2, NULL, "data.action_scale = 2"},
               /* within a millionth, a number of few decimals or the reciprocal of one */
               {0, 0, 0.7500002, NULL, "data.action_scale = 0.75"},
               {0, 0, 0.3333334, NULL, "data.action_scale = 0.3333333333333333"},
               {0, 0, 0.2857142, NULL, "data.action_scale = 0.2857142857142857"},
               {0, 0, 0.333334, NULL, "data.action_scale = 0.333334"},
               {0, READ_ACTIONS_EARLIER, 0.5, NULL, "data.action_scale = 0.5, data.action_time = before"},
               {0, READ_WORLD_SPIN, 0, "before", "data.angular_velocity = world"},
               {1, 0, 2, NULL, ""},
               {0, READ_DEGREES, 0, NULL, ""}};
  const df_mujoco_cfg now = df_mujoco_cfg_default();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_system* system;
    df_config config = df_config_default();
    hypothesis h = {.cfg = now, .reading = cases[i].reading};
    remedy fits = {0};
    h.cfg.gain_scale = cases[i].gain;
    assert_int_equal(df_mujoco_system_from_xml(models[cases[i].model], "one", &now, &system), DF_OK);
    if (cases[i].given) assert_int_equal(df_config_set(&config, "data.action_time", cases[i].given, "test"), DF_OK);
    const bool found = alternative_as_settings(&h, &config, &now, system, true, &fits);
    char* said = remedy_text(&fits);
    if (strcmp(said, cases[i].fits) != 0) fail_msg("case %zu: %s", i, said);
    assert_int_equal(found, cases[i].fits[0] != '\0');
    df_free(said);
    remedy_clear(&fits);
    df_system_free(system);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(an_alternative_is_settings_of_a_task_file),
                                     cmocka_unit_test(actions_off_by_a_row_get_their_time),
                                     cmocka_unit_test(what_no_setting_says_is_not_put),
                                     cmocka_unit_test(limits_below_those_of_training_are_no_settings),
                                     cmocka_unit_test(actions_of_other_gains_are_not_usable)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
