/* Which methods are experts, and on which settings a policy depends. */
#include "experts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "key.h"

static void experts_are_known_by_their_names(void** state) {
  (void)state;
  static const char *const experts[] = {"expert_shac", "expert_apg", "expert_ppo"}, *const others[] = {
                                                                                        "dynaflow", "expert",
                                                                                        "an_expert_ppo", ""};
  for (size_t i = 0; i < sizeof experts / sizeof *experts; i++) assert_true(is_expert(experts[i]));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_false(is_expert(others[i]));
}

static void a_policy_depends_on_its_robot_its_terms_and_its_training(void** state) {
  (void)state;
  static const char *const counts[] = {"expert.rate",    "expert_reward.height", "expert_start.tilt",
                                       "action.center",  "system.timestep",      "eval.feet",
                                       "eval.fall_tilt", "expert.gaits"},
                           *const silent[] = {"system.model", "system.model_sha256", "train.steps",
                                              "eval.windows", "window.horizon",      "data.file"};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) assert_true(expert_setting(counts[i], "1"));
  for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) assert_false(expert_setting(silent[i], "1"));
  assert_true(expert_setting("chart.objects", "box"));
  assert_false(expert_setting("chart.objects", ""));
}

static void key_of(df_config* config, const char* method, const char* trials, char key[DF_SHA256_TEXT]) {
  const cell_identity id = {.config = config,
                            .method = method,
                            .seed = 1,
                            .model_sha256 = "m",
                            .data_sha256 = "",
                            .mujoco_version = "3",
                            .blas_kernel = "k",
                            .trials = trials};
  assert_int_equal(cell_key(&id, KEY_CELL, key), DF_OK);
}

/* what changes the key of an expert, and what changes that of a method */
static void the_key_has_what_changes_the_numbers(void** state) {
  (void)state;
  static const struct {
    const char *name, *value;
    bool expert, method;
  } changes[] = {{"expert.rate", "0.001", true, false}, {"expert_reward.height", "9", true, false},
                 {"train.steps", "7", false, true},     {"eval.windows", "7", false, true},
                 {"eval.fall_tilt", "7", true, true},   {"task.version", "7", true, true},
                 {"eval.seed", "7", true, true},        {"task.title", "seven", false, false}};
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    df_config config = df_config_default();
    char plain[2][DF_SHA256_TEXT], changed[2][DF_SHA256_TEXT];
    key_of(&config, "expert_shac", "walks 4", plain[0]);
    key_of(&config, "dynaflow", NULL, plain[1]);
    assert_int_equal(df_config_set(&config, changes[i].name, changes[i].value, "test"), DF_OK);
    key_of(&config, "expert_shac", "walks 4", changed[0]);
    key_of(&config, "dynaflow", NULL, changed[1]);
    if ((strcmp(plain[0], changed[0]) != 0) != changes[i].expert) fail_msg("%s, expert", changes[i].name);
    if ((strcmp(plain[1], changed[1]) != 0) != changes[i].method) fail_msg("%s, method", changes[i].name);
  }
  df_config config = df_config_default();
  char some[DF_SHA256_TEXT], others[DF_SHA256_TEXT], method[DF_SHA256_TEXT];
  key_of(&config, "expert_shac", "walks 4", some);
  key_of(&config, "expert_shac", "walks 5", others);
  key_of(&config, "expert_ppo", "walks 4", method);
  assert_string_not_equal(some, others);
  assert_string_not_equal(some, method);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(experts_are_known_by_their_names),
                                     cmocka_unit_test(a_policy_depends_on_its_robot_its_terms_and_its_training),
                                     cmocka_unit_test(the_key_has_what_changes_the_numbers)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
