/* Rows that an evaluation writes of its values. */
#include "measures.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dynaflow/data/dataset.h"
#include "tiny_task.h"

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

/* ---- of how many episodes the values are ---- */

/* The row of values that are left in some windows: 0, 1 and 3 of six, of episodes 4 4 7 4 9 9. */
static void a_row_states_the_episodes_of_its_own_values(void** state) {
  (void)state;
  enum { B = 6 };
  df_task* task = tiny_task_new();
  int episode[B] = {4, 4, 7, 4, 9, 9};
  eval_set set = {.B = B, .episode = episode};
  const eval_job job = {.task = task, .set = &set, .threads = 1};
  const double values[B] = {1, 2, 4, 8, 16, 32}, ones[B] = {1, 0, 1, 1, 0, 1};
  const int of[3] = {0, 1, 3};
  json_t* list = json_array();
  assert_int_equal(measure_part(&job, list, "tre", "std", 1, B, values, NULL), DF_OK);
  assert_int_equal(measure_part(&job, list, "tre", "std", 2, 3, values, of), DF_OK);
  assert_int_equal(measure_part(&job, list, "tre", "std", 3, 2, values, NULL), DF_OK);
  assert_int_equal(measure_share(&job, list, "fall_rate", "share", 4, 5, ones), DF_OK);
  static const int wanted[] = {3, 1, 1, 3};
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, i), "episodes")), wanted[i]);
  }
  json_decref(list);
  df_task_free(task);
}

/* ---- the origin of the windows ---- */

/* groups have names only if one of the conditions, wherever it stands, is a gait */
static void windows_are_listed_with_their_groups(void** state) {
  (void)state;
  static const char* const names[][2] = {{"gait.trot", "speed"}, {"speed", "gait.trot"}, {"side", "speed"}};
  int episode[] = {4, 7}, group[] = {1, 0};
  df_window window[] = {{.episode = 4, .start = 12}, {.episode = 7, .start = 3}};
  const eval_set set = {.B = 2, .episode = episode, .group = group, .window = window};
  for (int i = 0; i < 3; i++) {
    df_task task = {.config = df_config_default()};
    const df_dataset_shape shape = {.episodes = 1, .length = 1, .nx = 1, .nc = 2, .dt = 1};
    assert_int_equal(df_dataset_new(&shape, &task.data), DF_OK);
    for (int c = 0; c < 2; c++) assert_int_equal(df_dataset_name_condition(task.data, c, names[i][c]), DF_OK);
    const eval_job job = {.task = &task, .set = &set};
    json_t* out = measure_windows(&job);
    json_t* wanted =
        json_pack("{s:[i,i],s:[i,i],s:[i,i],s:[]}", "episode", 4, 7, "start", 12, 3, "group", 1, 0, "groups");
    json_t* groups = json_object_get(wanted, "groups");
    for (int c = 0; c < 2 && i < 2; c++) json_array_append_new(groups, json_string(names[i][c]));
    assert_true(json_equal(out, wanted));
    json_decref(out);
    json_decref(wanted);
    df_dataset_free(task.data);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_worst_value_is_the_largest),
      cmocka_unit_test(windows_are_listed_with_their_groups),
      cmocka_unit_test(a_row_states_the_episodes_of_its_own_values),
      cmocka_unit_test(a_value_that_is_not_a_number_is_the_worst_wherever_it_stands),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
