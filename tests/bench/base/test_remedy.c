/* Settings as keys and values, their text and their effect. */
#include "remedy.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "unit.h"

static void expect_text(const remedy* r, const char* wanted) {
  char* all = remedy_text(r);
  assert_string_equal(all, wanted);
  df_free(all);
}

/* each key once, values as they are, words last */
static void a_text_is_written_last(void** state) {
  (void)state;
  remedy r = {0}, other = {0};
  assert_true(remedy_is_empty(&r));
  expect_text(&r, "");
  remedy_set(&r, "data.columns", "%s", "root_pos, data.b = 3");
  remedy_set(&r, "data.rate", "%g", 50.0);
  expect_text(&r, "data.columns = root_pos, data.b = 3, data.rate = 50");
  remedy_set(&r, "data.rate", "%d", 25);
  assert_int_equal(r.n, 2);
  assert_string_equal(remedy_value(&r, "data.rate"), "25");
  assert_null(remedy_value(&r, "data.b"));
  remedy_say(&other, "the opposite sign of %s", "hip");
  assert_false(remedy_is_empty(&other));
  expect_text(&other, "the opposite sign of hip");
  remedy_set(&other, "data.rate", "%d", 10);
  remedy_set(&other, "data.up", "%s", "y");
  remedy_add(&r, &other);
  expect_text(&r, "data.columns = root_pos, data.b = 3, data.rate = 10, data.up = y, the opposite sign of hip");
  remedy_clear(&other);
  remedy_clear(&r);
  assert_true(remedy_is_empty(&r));
  remedy_set(&r, "data.actions_key", "%s", "");
  expect_text(&r, "data.actions_key = \"\"");
  remedy_clear(&r);
}

static void settings_are_applied(void** state) {
  (void)state;
  df_config config = df_config_default();
  remedy r = {0};
  remedy_set(&r, "data.rate", "%d", 50);
  remedy_set(&r, "data.actions_key", "%s", "");
  assert_int_equal(remedy_apply(&r, &config, "test"), DF_OK);
  assert_true(config.data_rate == 50 && config.data_actions_key[0] == '\0');
  remedy_set(&r, "data.up", "%s", "sideways");
  assert_int_equal(remedy_apply(&r, &config, "here"), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "data.up"));
  remedy_clear(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_text_is_written_last), cmocka_unit_test(settings_are_applied)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
