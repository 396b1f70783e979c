/* Rows of the metrics that need no demonstration: of the windows for which they are defined, with their own labels. */
#include "plausible.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dynaflow/core/alloc.h"
#include "json.h"
#include "measures.h"
#include "tiny_task.h"

enum { B = 6 };

static const json_t* find(const json_t* list, const char* metric) {
  size_t i;
  json_t* one;
  json_array_foreach(list, i, one) {
    if (strcmp(string_of(one, "metric"), metric) == 0) return one;
  }
  return NULL;
}

static void rows_are_of_the_windows_for_which_a_metric_is_defined(void** state) {
  (void)state;
  df_config config = tiny_config();
  config.eval_windows = B;
  config.eval_velocity_limit = (df_list){.n = 1, .v = {0.5}};
  df_task* task = tiny_task_with(&config);
  eval_set* set;
  assert_int_equal(eval_set_new(task, 1, &set), DF_OK);
  const eval_job job = {.task = task, .set = set, .threads = 1};
  const df_trajectories made = {.B = B, .H = set->H, .x = set->x};
  /* windows 0 and 2 have too few frames for a jerk, and window 2 has none at all */
  const int frames[B] = {3, set->H + 1, 0, set->H + 1, 4, set->H};
  evaluation out = {.rows = json_array()}, wanted = {.rows = json_array()};
  assert_int_equal(plausible_rows(&job, ".chain", 5, &made, frames, &out), DF_OK);

  /* the same from the values */
  static double values[DF_PLAUSIBLE_VALUES][B];
  const df_plausibility_cfg cfg = {.velocity_limit = &config.eval_velocity_limit, .frames = frames};
  assert_int_equal(df_metric_plausibility(task->system, &cfg, &made, 1, values[0]), DF_OK);
  const int with_jerk[] = {1, 3, 4, 5}, with_frames[] = {0, 1, 3, 4, 5};
  double jerk[4], worst = 0, speed[5];
  for (int i = 0; i < 4; i++) jerk[i] = values[DF_PLAUSIBLE_JERK][with_jerk[i]];
  for (int i = 0; i < 5; i++) speed[i] = values[DF_PLAUSIBLE_VELOCITY_LIMIT][with_frames[i]];
  for (int i = 0; i < 5; i++) worst = fmax(worst, values[DF_PLAUSIBLE_VELOCITY_LIMIT_WORST][with_frames[i]]);
  assert_int_equal(measure_part(&job, wanted.rows, "jerk.chain", "m/s^3", 5, 4, jerk, with_jerk), DF_OK);
  assert_int_equal(measure_part(&job, wanted.rows, "velocity_limit.chain", "share", 5, 5, speed, with_frames), DF_OK);
  measure_worst(wanted.rows, "velocity_limit.worst.chain", "range", 5, 1, &worst);
  assert_true(worst > 0);
  for (size_t i = 0; i < 2; i++) {
    const json_t* one = json_array_get(wanted.rows, i);
    assert_true(json_equal(find(out.rows, string_of(one, "metric")), one));
  }
  const json_t* largest = find(out.rows, "velocity_limit.worst.chain");
  assert_true(number_of(json_object_get(largest, "value")) == worst);
  assert_int_equal(json_integer_value(json_object_get(largest, "n")), 5);

  /* no row of what is not defined for any window, and no samples */
  assert_null(find(out.rows, "slip.chain"));
  assert_null(find(out.rows, "jerk"));
  assert_null(out.samples);
  evaluation_clear(&out);
  evaluation_clear(&wanted);
  eval_set_free(set);
  df_task_free(task);
}

/* a window that blew up is not left out: the rows say that one of six is not finite */
static void a_window_that_is_not_finite_stays_in_the_rows(void** state) {
  (void)state;
  df_config config = tiny_config();
  config.eval_windows = B;
  df_task* task = tiny_task_with(&config);
  eval_set* set;
  assert_int_equal(eval_set_new(task, 1, &set), DF_OK);
  const eval_job job = {.task = task, .set = set, .threads = 1};
  const size_t window = (size_t)(set->H + 1) * (size_t)task->system->nx;
  double* x = df_alloc(B * window, sizeof *x);
  memcpy(x, set->x, B * window * sizeof *x);
  x[3 * window + 1] = INFINITY;
  evaluation out = {.rows = json_array()};
  assert_int_equal(plausible_rows(&job, "", 0, &(df_trajectories){.B = B, .H = set->H, .x = x}, NULL, &out), DF_OK);
  static const char* const metrics[] = {"penetration", "penetration.worst", "jerk", "power"};
  for (int i = 0; i < 4; i++) {
    const json_t* one = find(out.rows, metrics[i]);
    assert_int_equal(json_integer_value(json_object_get(one, "n")), B);
    assert_string_equal(string_of(one, "status"), "1 of 6 not finite");
    assert_true(json_is_null(json_object_get(one, "value")));
  }
  evaluation_clear(&out);
  df_free(x);
  eval_set_free(set);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_of_the_windows_for_which_a_metric_is_defined),
      cmocka_unit_test(a_window_that_is_not_finite_stays_in_the_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
