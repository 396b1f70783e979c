/* Rows that an evaluation writes of its values. */
#include "measures.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const json_t* worst_of(json_t* list, int n, const double* values) {
  json_array_clear(list);
  measure_worst(list, "sae_own.worst_step", "mixed SI", 1, n, values);
  return json_array_get(list, 0);
}

static void the_worst_value_is_the_largest(void** state) {
  (void)state;
  json_t* list = json_array();
  const double values[] = {1, 5, 3};
  assert_true(json_number_value(json_object_get(worst_of(list, 3, values), "value")) == 5);
  json_decref(list);
}

static void a_value_that_is_not_a_number_is_the_worst_wherever_it_stands(void** state) {
  (void)state;
  json_t* list = json_array();
  for (int at = 0; at < 3; at++) {
    double values[] = {5, 1, 2};
    values[at] = NAN;
    const json_t* row = worst_of(list, 3, values);
    assert_true(json_is_null(json_object_get(row, "value")));
    assert_string_equal(json_string_value(json_object_get(row, "status")), "1 of 3 not finite");
    values[at] = INFINITY;
    row = worst_of(list, 3, values);
    assert_true(json_is_null(json_object_get(row, "value")));
  }
  json_decref(list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_worst_value_is_the_largest),
      cmocka_unit_test(a_value_that_is_not_a_number_is_the_worst_wherever_it_stands),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
