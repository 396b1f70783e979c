/* The table of metrics. */
#include "dynaflow/metrics/defs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_metric_is_defined(void** state) {
  (void)state;
  const df_metric_def* defs;
  const int n = df_metric_defs(&defs);
  assert_true(n >= 10);
  assert_string_equal(defs[0].name, "tre");
  for (int k = 0; k < n; k++) {
    const bool neither = strcmp(defs[k].name, "effort") == 0 && defs[k].better[0] == '\0';
    assert_true(neither || strcmp(defs[k].better, "lower") == 0 || strcmp(defs[k].better, "higher") == 0);
    assert_true(defs[k].unit[0] && defs[k].definition[0]);
    for (int j = 0; j < k; j++) assert_string_not_equal(defs[j].name, defs[k].name);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_metric_is_defined),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
