/* Values of JSON documents, present or not. */
#include "json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void numbers_come_out_as_doubles_and_other_values_as_nan(void** state) {
  (void)state;
  json_t* o = json_loads("{\"i\": -3, \"r\": 0.1, \"s\": \"4\", \"t\": true, \"n\": null}", 0, NULL);
  assert_true(number_of(json_object_get(o, "i")) == -3);
  assert_true(number_of(json_object_get(o, "r")) == 0.1);
  assert_true(isnan(number_of(json_object_get(o, "s"))));
  assert_true(isnan(number_of(json_object_get(o, "t"))));
  assert_true(isnan(number_of(json_object_get(o, "n"))));
  assert_true(isnan(number_of(NULL)));
  json_decref(o);
}

static void what_is_no_finite_number_is_null(void** state) {
  (void)state;
  static const double none[] = {NAN, INFINITY, -INFINITY};
  json_t* v = json_number(0.1);
  assert_true(json_real_value(v) == 0.1);
  json_decref(v);
  for (int i = 0; i < 3; i++) assert_true(json_is_null(json_number(none[i])));
}

static void strings_come_out_and_other_values_as_empty_ones(void** state) {
  (void)state;
  json_t* o = json_loads("{\"s\": \"text\", \"i\": 3, \"n\": null}", 0, NULL);
  assert_string_equal(string_of(o, "s"), "text");
  assert_string_equal(string_of(o, "i"), "");
  assert_string_equal(string_of(o, "n"), "");
  assert_string_equal(string_of(o, "missing"), "");
  assert_string_equal(string_of(NULL, "s"), "");
  json_decref(o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_come_out_as_doubles_and_other_values_as_nan),
      cmocka_unit_test(what_is_no_finite_number_is_null),
      cmocka_unit_test(strings_come_out_and_other_values_as_empty_ones),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
