/* Work counters: each row has its own counter. */
#include "effort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"

/* checks that the list has exactly these rows, all of k and n */
typedef struct wanted {
  const char* metric;
  double value;
} wanted;

static void assert_rows(json_t* list, int k, int n, size_t count, const wanted* rows) {
  assert_int_equal(json_array_size(list), count);
  for (size_t i = 0; i < count; i++) {
    const json_t* row = json_array_get(list, i);
    assert_string_equal(string_of(row, "metric"), rows[i].metric);
    assert_true(number_of(json_object_get(row, "value")) == rows[i].value);
    assert_string_equal(string_of(row, "unit"), "count");
    assert_int_equal(json_integer_value(json_object_get(row, "k")), k);
    assert_int_equal(json_integer_value(json_object_get(row, "n")), n);
    assert_true(json_is_null(json_object_get(row, "lo")) && json_is_null(json_object_get(row, "hi")));
  }
  json_decref(list);
}

static void counters_of_windows_stand_in_their_rows(void** state) {
  (void)state;
  json_t* list = json_array();
  effort_of_windows(list, 5, 6, &(df_effort){.physics_steps = 2, .solver_iterations = 3, .constraint_rows = 11}, 4);
  assert_rows(list, 5, 6, 4,
              (const wanted[]){{"effort.physics_steps", 2},
                               {"effort.solver_iterations", 3},
                               {"effort.constraint_rows", 11},
                               {"effort.diverged", 4}});
}

static void steps_of_sampling_have_a_row_of_their_own(void** state) {
  (void)state;
  json_t* list = json_array();
  effort_of_sampling(list, 5, 6, UINT64_C(12345678901));
  assert_rows(list, 5, 6, 1, (const wanted[]){{"effort.sampling_steps", 12345678901.0}});
}

static void counters_of_training_are_sums_over_networks(void** state) {
  (void)state;
  json_t *list = json_array(),
         *training = json_pack("{s:[{s:i,s:i,s:i,s:{s:i,s:i,s:i}},{s:i,s:i,s:i,s:{s:i,s:i,s:i}}]}", "curves", "steps",
                               1, "skipped", 20, "diverged", 300, "adjoints", "steps", 4000, "approximate", 50000,
                               "differenced", 600000, "steps", 2, "skipped", 30, "diverged", 500, "adjoints", "steps",
                               1000, "approximate", 20000, "differenced", 300000);
  effort_of_training(list, training);
  assert_rows(list, 0, 2, 6,
              (const wanted[]){{"effort.gradient_steps", 3},
                               {"effort.skipped_steps", 50},
                               {"effort.diverged_samples", 800},
                               {"effort.adjoint_steps", 5000},
                               {"effort.approximate_steps", 70000},
                               {"effort.differenced_steps", 900000}});
  json_decref(training);
  /* of a single network, which has no adjoints */
  list = json_array();
  training = json_pack("{s:[{s:i,s:i,s:i,s:{s:i,s:i,s:i}}]}", "curves", "steps", 7, "skipped", 1, "diverged", 2,
                       "adjoints", "steps", 0, "approximate", 0, "differenced", 0);
  effort_of_training(list, training);
  assert_rows(list, 0, 1, 6,
              (const wanted[]){{"effort.gradient_steps", 7},
                               {"effort.skipped_steps", 1},
                               {"effort.diverged_samples", 2},
                               {"effort.adjoint_steps", 0},
                               {"effort.approximate_steps", 0},
                               {"effort.differenced_steps", 0}});
  json_decref(training);
  list = json_array();
  training = json_pack("{s:[]}", "curves");
  effort_of_training(list, training);
  assert_rows(list, 0, 0, 0, NULL);
  json_decref(training);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counters_of_windows_stand_in_their_rows),
      cmocka_unit_test(steps_of_sampling_have_a_row_of_their_own),
      cmocka_unit_test(counters_of_training_are_sums_over_networks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
