/* The task file that import writes is read back as the settings that it chose. */
#define _GNU_SOURCE
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

static const char title[] = "walks: \"on\" air, often # \\";

static settings some_settings(void) {
  settings s = {0};
  settings_put(&s, "task.name", "one");
  settings_put_why(&s, "task.title", title, "%d words", 4);
  settings_put(&s, "data.columns", "root_pos@a/b,skip:12,joints@q_*");
  settings_put(&s, "data.joints", "hip=FR hip,=no joint,true");
  settings_put_number(&s, "train.steps", 1500);
  settings_put_number_why(&s, "train.rate", 0.1 + 0.2, "%s", "exact");
  settings_put(&s, "data.actions_key", "");
  settings_put_number(&s, "profiles.smoke.train.steps", 60);
  settings_put(&s, "profiles.smoke.task.methods", "dynaflow");
  settings_put_number(&s, "train.batch", 8);
  return s;
}

static void load(const text* yaml, df_config* config) {
  char path[] = "/tmp/dynaflow-settings-XXXXXX";
  const int file = mkstemp(path);
  assert_true(file >= 0);
  assert_int_equal(write(file, text_of(yaml), yaml->n), (ssize_t)yaml->n);
  assert_int_equal(close(file), 0);
  assert_int_equal(df_config_load(path, "smoke", "", 0, NULL, config), DF_OK);
  (void)remove(path);
}

static void the_file_reads_back(void** state) {
  (void)state;
  settings s = some_settings();
  text out = {0};
  df_config smoke, chosen;
  settings_yaml(&s, "a task\nof two lines", &out);
  load(&out, &smoke);
  assert_string_equal(smoke.task_title, title);
  assert_string_equal(smoke.data_columns.v[1], "skip:12");
  assert_string_equal(smoke.data_joints.v[1], "=no joint");
  assert_string_equal(smoke.data_joints.v[2], "true");
  assert_true(smoke.train_rate == 0.1 + 0.2);
  assert_string_equal(smoke.data_actions_key, "");
  assert_int_equal(smoke.train_batch, 8);
  assert_int_equal(smoke.train_steps, 60);
  assert_string_equal(smoke.task_methods.v[0], "dynaflow");
  /* without those of the profile */
  assert_int_equal(settings_config(&s, &chosen), DF_OK);
  assert_int_equal(chosen.train_steps, 1500);
  assert_int_equal(chosen.task_methods.n, 0);
  assert_true(chosen.train_rate == smoke.train_rate);
  settings_clear(&s);
  text_clear(&out);
}

static void sections_are_whole_and_reasons_are_comments(void** state) {
  (void)state;
  settings s = {0};
  text out = {0};
  settings_put_number_why(&s, "train.steps", 3, "%s", "few");
  settings_put(&s, "net.kind", "dit");
  settings_put_number(&s, "train.batch", 8);
  settings_yaml(&s, "t", &out);
  assert_string_equal(text_of(&out),
                      "# t\n# `dynaflow list settings` prints every key with default, range, unit and meaning.\n"
                      "\ntrain:\n  steps: 3  # few\n  batch: 8\n\nnet:\n  kind: dit\n");
  settings_clear(&s);
  text_clear(&out);
}

static void what_the_user_gave_stays(void** state) {
  (void)state;
  settings s = {0};
  df_config c;
  settings_give(&s, "data.rate=25");
  settings_put_number(&s, "data.rate", 30);
  settings_drop(&s, "data.rate");
  assert_string_equal(settings_find(&s, "data.rate")->value, "25");
  settings_give(&s, "data.rate=26");
  assert_string_equal(settings_find(&s, "data.rate")->value, "26");
  assert_true(settings_find(&s, "data.rate")->given);
  settings_give(&s, "data.rat=1");
  assert_int_equal(settings_config(&s, &c), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "--set"));
  settings_clear(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_file_reads_back),
      cmocka_unit_test(sections_are_whole_and_reasons_are_comments),
      cmocka_unit_test(what_the_user_gave_stays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
