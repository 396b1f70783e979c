/* Cells of a run, and aggregates over their seeds. */
#define _GNU_SOURCE
#include "aggregate.h"

#include <math.h>

#include "run_file.h"

static void seeds_are_averaged_with_their_range(void** state) {
  (void)state;
  run_view r;
  make_run(CELL("a", 1, "done", ROW("tre", 1, 2) "," ROW("tre", 5, 1)) CELL("a", 2, "done", ROW("tre", 1, 4))
               CELL("b", 1, "done", ROW("tre", 0, 7)));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  const run_group* g = &r.groups[0];
  assert_int_equal(r.n_groups, 1);
  assert_int_equal(g->n_k, 2);
  aggregate a = aggregate_of(&r, g, "a", "tre", 1);
  assert_int_equal(a.n, 2);
  assert_true(a.mean == 3 && a.lo == 2 && a.hi == 4);
  /* one seed: the interval of its record */
  a = aggregate_of(&r, g, "a", "tre", 5);
  assert_true(a.n == 1 && a.mean == 1 && a.lo == 0.5 && a.hi == 9);
  /* no sampler: the same value at every K */
  a = aggregate_of(&r, g, "b", "tre", 5);
  assert_true(a.n == 1 && a.mean == 7 && a.k == 0);
  a = aggregate_of(&r, g, "b", "sae_own", 5);
  assert_true(a.n == 0 && a.failed == 0);
  run_view_clear(&r);
  remove_run();
}

static void errors_are_not_averaged_and_the_plan_is_counted(void** state) {
  (void)state;
  run_view r;
  make_run(
      "{\"schema\":1,\"type\":\"plan\",\"profile\":\"p\",\"cells\":[{\"task\":\"t\",\"method\":\"a\",\"seed\":1},"
      "{\"task\":\"t\",\"method\":\"a\",\"seed\":2},{\"task\":\"t\",\"method\":\"a\",\"seed\":3}]}\n"  //
      CELL("a", 1, "done", ROW("tre", 1, 2)) CELL("a", 2, "error", ROW("tre", 1, 100)));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  const aggregate a = aggregate_of(&r, &r.groups[0], "a", "tre", 1);
  assert_true(a.n == 1 && a.mean == 2 && a.planned == 3);
  run_view_clear(&r);
  remove_run();
}

static void cells_stand_in_the_order_of_the_plan(void** state) {
  (void)state;
  run_view r;
  text missing = {0};
  make_run(CELL("c", 1, "done", ROW("tre", 1, 3)) CELL("b", 1, "timeout", "")
               CELL("a", 1, "done", ROW("sae_own", 1, 3)));
  char path[96];
  snprintf(path, sizeof path, "%s/events-2of3.jsonl", folder);
  static const char plan[] =
      "{\"schema\":1,\"type\":\"plan\",\"profile\":\"p\",\"cells\":[{\"task\":\"t\",\"method\":\"a\",\"seed\":1},"
      "{\"task\":\"t\",\"method\":\"b\",\"seed\":1},{\"task\":\"t\",\"method\":\"c\",\"seed\":1},"
      "{\"task\":\"t\",\"method\":\"a\",\"seed\":2}]}\n";
  assert_int_equal(df_file_write(path, plan, strlen(plan)), DF_OK);
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  assert_int_equal(r.n_cells, 4);
  assert_true(r.groups[0].done == 2 && r.groups[0].cells == 4);
  for (int i = 0; i < 3; i++) assert_int_equal(r.groups[0].methods[i][0], 'a' + i);
  assert_string_equal(r.groups[0].metrics[0], "sae_own");
  /* and the cells that are not done are named, in that order */
  assert_int_equal(run_missing(&r, NULL, NULL, &missing), 2);
  assert_string_equal(text_of(&missing), "t p b seed 1 (timeout), t p a seed 2 (not run)");
  text_clear(&missing);
  assert_int_equal(run_missing(&r, &r.groups[0], "a", &missing), 1);
  assert_string_equal(text_of(&missing), "seed 2 (not run)");
  text_clear(&missing);
  assert_int_equal(run_missing(&r, &r.groups[0], "c", &missing), 0);
  assert_string_equal(text_of(&missing), "");
  const aggregate a = aggregate_of(&r, &r.groups[0], "a", "sae_own", 1);
  assert_true(a.planned == 2 && a.done == 1);
  run_view_clear(&r);
  remove_run();
}

static void a_rerun_cell_counts_once_as_it_last_was(void** state) {
  (void)state;
  run_view r;
  make_run(CELL("a", 1, "interrupted", "") CELL("a", 1, "done", ROW("tre", 1, 2)));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  assert_int_equal(r.n_cells, 1);
  assert_int_equal(r.groups[0].done, 1);
  run_view_clear(&r);
  remove_run();
}

static void a_task_name_cannot_become_a_path(void** state) {
  (void)state;
  run_view r;
  make_run("{\"schema\":1,\"type\":\"cell\",\"task\":\"../../x y\",\"profile\":\"p\",\"method\":\"a\",\"seed\":1}\n");
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  assert_null(strpbrk(r.groups[0].file, "/. "));
  run_view_clear(&r);
  remove_run();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(seeds_are_averaged_with_their_range),
      cmocka_unit_test(errors_are_not_averaged_and_the_plan_is_counted),
      cmocka_unit_test(cells_stand_in_the_order_of_the_plan),
      cmocka_unit_test(a_rerun_cell_counts_once_as_it_last_was),
      cmocka_unit_test(a_task_name_cannot_become_a_path),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
