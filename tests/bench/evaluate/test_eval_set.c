/* The held-out windows: which are drawn, and what is wrong with a setting. */
#include "eval_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dynaflow/core/status.h"
#include "tiny_task.h"

static void all_windows_are_drawn_once_in_another_order(void** state) {
  (void)state;
  df_config config = tiny_config();
  config.eval_windows = 1000;
  df_task* task = tiny_task_with(&config);
  const int n = task->windows->n_test;
  df_window first = {0};
  for (int seed = 1; seed <= 2; seed++) {
    eval_set* set;
    task->config.eval_seed = seed;
    assert_int_equal(eval_set_new(task, 1, &set), DF_OK);
    assert_int_equal(set->B, n);
    int times[3 * 64] = {0}, moved = 0;
    for (int b = 0; b < n; b++) {
      for (int i = 0; i < n; i++) {
        const df_window *a = &set->window[b], *w = &task->windows->test[i];
        if (a->episode == w->episode && a->start == w->start) times[i]++;
        moved += b == i && (a->episode != w->episode || a->start != w->start);
      }
      assert_int_equal(set->episode[b], set->window[b].episode);
    }
    for (int i = 0; i < n; i++) assert_int_equal(times[i], 1);
    assert_true(moved > n / 2);
    if (seed == 2) assert_memory_not_equal(&first, &set->window[0], sizeof first);
    first = set->window[0];
    eval_set_free(set);
  }
  df_task_free(task);
}

static void assert_refused(const df_list* steps, const char* message) {
  df_config config = tiny_config();
  config.eval_sampler_steps = *steps;
  df_task* task = tiny_task_with(&config);
  eval_set* set;
  assert_int_equal(eval_set_new(task, 1, &set), DF_E_CONFIG);
  assert_null(set);
  assert_string_equal(df_error_message(), message);
  df_task_free(task);
}

static void sampler_steps_must_be_whole(void** state) {
  (void)state;
  assert_refused(&(df_list){.n = 2, .v = {5, 2.5}},
                 "task tiny: eval.sampler_steps contains 2.5: a whole number is expected");
  assert_refused(&(df_list){.n = 0}, "task tiny: eval.sampler_steps is empty: give at least one number");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_windows_are_drawn_once_in_another_order),
      cmocka_unit_test(sampler_steps_must_be_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
