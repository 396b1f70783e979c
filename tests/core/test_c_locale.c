/* Numbers of files have a decimal point in a program whose numbers have a comma. */
#define _GNU_SOURCE
#include "dynaflow/core/c_locale.h"

#include <math.h>
#include <string.h>

#include "comma_locale.h"
#include "unit.h"

static void check_numbers(void) {
  char text[32], *end;
  assert_true(df_read_double("1.25,5", &end) == 1.25);
  assert_string_equal(end, ",5");
  assert_true(df_read_float("0.1", NULL) == 0.1f);
  assert_true(isinf(df_read_double("inf", NULL)));
  assert_int_equal(df_write_number(text, sizeof text, "%.*f", 2, -1234.5), 8);
  assert_string_equal(text, "-1234.50");
  assert_int_equal(df_write_number(text, 4, "%.*f", 2, 1.5), 4);
  assert_string_equal(text, "1.5");
}

static void numbers_have_a_point_in_any_locale(void** state) {
  (void)state;
  check_numbers();
  if (!set_comma_locale()) skip_because("no locale with a decimal comma");
  check_numbers();
  /* the locale of the program stays */
  char text[16];
  snprintf(text, sizeof text, "%.1f", 0.5);
  assert_string_equal(text, "0,5");
  set_point_locale();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_have_a_point_in_any_locale)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
