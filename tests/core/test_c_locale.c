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

/* as a cell of a table, 0x10 is no number */
static void hexadecimal_digits_are_no_number(void** state) {
  (void)state;
  static const char* const hex[] = {"0x10", "0X1p3", "  -0x1", "+0xff"};
  char* end;
  for (size_t i = 0; i < sizeof hex / sizeof *hex; i++) {
    assert_true(df_read_double(hex[i], &end) == 0 && end == hex[i]);
    assert_true(df_read_float(hex[i], &end) == 0 && end == hex[i]);
    assert_true(df_read_double(hex[i], NULL) == 0);
  }
  assert_true(df_read_double(" -0.5x", &end) == -0.5);
  assert_string_equal(end, "x");
  assert_true(df_read_double("0", &end) == 0 && *end == '\0');
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_have_a_point_in_any_locale),
                                     cmocka_unit_test(hexadecimal_digits_are_no_number)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
