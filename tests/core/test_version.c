/* test_version.c: the version of the library. */
#include <stdio.h>

#include "dynaflow/core/version.h"
#include "unit.h"

static void the_function_returns_the_numbers_of_the_header(void** unused) {
  (void)unused;
  char text[32];
  snprintf(text, sizeof text, "%d.%d.%d", DF_VERSION_MAJOR, DF_VERSION_MINOR, DF_VERSION_PATCH);
  assert_string_equal(df_version(), text);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_function_returns_the_numbers_of_the_header)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
