/* The text of a suggestion. */
#include "suggestion.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_close_name_is_suggested_and_a_far_one_is_not(void** state) {
  (void)state;
  static const char* const names[] = {"list", "report", "gradcheck"};
  char text[64];
  assert_string_equal(suggestion("raport", 3, names, text, sizeof text), ", did you mean 'report'?");
  assert_ptr_equal(suggestion("raport", 3, names, text, sizeof text), text);
  assert_string_equal(suggestion("banana", 3, names, text, sizeof text), "");
  assert_string_equal(suggestion("report", 0, names, text, sizeof text), "");
  assert_string_equal(suggestion("raport", 3, names, text, 8), ", did y");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_close_name_is_suggested_and_a_far_one_is_not),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
