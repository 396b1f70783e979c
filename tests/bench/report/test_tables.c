/* Tables of a run, and their texts for missing numbers. */
#define _GNU_SOURCE
#include "tables.h"

#include "aggregate.h"
#include "run_file.h"

static void a_value_that_is_not_finite_is_shown_with_its_reason(void** state) {
  (void)state;
  run_view r;
  text out = {0};
  make_run(CELL("a", 1, "done", ROW("tre", 1, 2)) CELL("a", 2, "done", ROW("tre", 1, null)));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  const aggregate a = aggregate_of(&r, &r.groups[0], "a", "tre", 1);
  assert_true(a.n == 1 && a.failed == 1);
  table_main(&r, &r.groups[0], 1, TABLE_MARKDOWN, &out);
  assert_non_null(strstr(text_of(&out), "why (1 of 2)"));
  text_clear(&out);
  run_view_clear(&r);
  remove_run();
}

static void a_note_counts_the_plan(void** state) {
  (void)state;
  run_view r;
  text note = {0};
  make_run(
      "{\"schema\":1,\"type\":\"plan\",\"profile\":\"p\",\"cells\":[{\"task\":\"t\",\"method\":\"a\",\"seed\":1},"
      "{\"task\":\"t\",\"method\":\"a\",\"seed\":2},{\"task\":\"t\",\"method\":\"a\",\"seed\":3}]}\n"  //
      CELL("a", 1, "done", ROW("tre", 1, 2)) CELL("a", 2, "error", ROW("tre", 1, 100)));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  group_note(&r, &r.groups[0], &note);
  assert_non_null(strstr(text_of(&note), "1 of 3 cells"));
  assert_non_null(strstr(text_of(&note), "incomplete"));
  text_clear(&note);
  run_view_clear(&r);
  remove_run();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_value_that_is_not_finite_is_shown_with_its_reason),
      cmocka_unit_test(a_note_counts_the_plan),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
