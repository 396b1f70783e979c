/* What a report says of a run: aggregates over seeds, incomplete sets, numbers that are none. */
#define _GNU_SOURCE
#include "report.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dynaflow/core/file.h"

static char folder[64];

static void make_run(const char* events) {
  char path[96];
  snprintf(folder, sizeof folder, "/tmp/dynaflow-report-XXXXXX");
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/events.jsonl", folder);
  assert_int_equal(df_file_write(path, events, strlen(events)), DF_OK);
}

static void remove_run(void) {
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  assert_int_equal(system(command), 0);
}

#define CELL(method, seed, status, rows)                                                                       \
  "{\"schema\":1,\"type\":\"cell\",\"task\":\"t\",\"profile\":\"p\",\"method\":\"" method "\",\"seed\":" #seed \
  ",\"status\":\"" status "\",\"rows\":[" rows "]}\n"
#define ROW(metric, k, value)                                 \
  "{\"metric\":\"" metric "\",\"k\":" #k ",\"value\":" #value \
  ",\"unit\":\"std\",\"lo\":0.5,\"hi\":9,\"status\":\"why\"}"

static void seeds_are_averaged_with_their_range(void** state) {
  (void)state;
  report r;
  make_run(CELL("a", 1, "done", ROW("tre", 1, 2) "," ROW("tre", 5, 1)) CELL("a", 2, "done", ROW("tre", 1, 4))
               CELL("b", 1, "done", ROW("tre", 0, 7)));
  assert_int_equal(report_new(folder, &r), DF_OK);
  const report_group* g = &r.groups[0];
  assert_int_equal(r.n_groups, 1);
  assert_int_equal(g->n_k, 2);
  aggregate a = report_aggregate(&r, g, "a", "tre", 1);
  assert_int_equal(a.n, 2);
  assert_true(a.mean == 3 && a.lo == 2 && a.hi == 4);
  /* one seed: its own interval */
  a = report_aggregate(&r, g, "a", "tre", 5);
  assert_true(a.n == 1 && a.mean == 1 && a.lo == 0.5 && a.hi == 9);
  /* no sampler steps: the same at every K */
  a = report_aggregate(&r, g, "b", "tre", 5);
  assert_true(a.n == 1 && a.mean == 7 && a.k == 0);
  a = report_aggregate(&r, g, "b", "sae_own", 5);
  assert_true(a.n == 0 && a.failed == 0);
  report_clear(&r);
  remove_run();
}

static void errors_are_not_averaged_and_the_plan_is_counted(void** state) {
  (void)state;
  report r;
  text note = {0};
  make_run(
      "{\"schema\":1,\"type\":\"plan\",\"profile\":\"p\",\"cells\":[{\"task\":\"t\",\"method\":\"a\",\"seed\":1},"
      "{\"task\":\"t\",\"method\":\"a\",\"seed\":2},{\"task\":\"t\",\"method\":\"a\",\"seed\":3}]}\n"  //
      CELL("a", 1, "done", ROW("tre", 1, 2)) CELL("a", 2, "error", ROW("tre", 1, 100)));
  assert_int_equal(report_new(folder, &r), DF_OK);
  const aggregate a = report_aggregate(&r, &r.groups[0], "a", "tre", 1);
  assert_true(a.n == 1 && a.mean == 2 && a.planned == 3);
  group_note(&r, &r.groups[0], &note);
  assert_non_null(strstr(text_of(&note), "1 of 3 cells"));
  assert_non_null(strstr(text_of(&note), "incomplete"));
  text_clear(&note);
  report_clear(&r);
  remove_run();
}

static void cells_stand_in_the_order_of_the_plan(void** state) {
  (void)state;
  report r;
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
  assert_int_equal(report_new(folder, &r), DF_OK);
  assert_int_equal(r.n_cells, 4);
  assert_true(r.groups[0].done == 2 && r.groups[0].cells == 4);
  for (int i = 0; i < 3; i++) assert_int_equal(r.groups[0].methods[i][0], 'a' + i);
  assert_string_equal(r.groups[0].metrics[0], "sae_own");
  /* and what is not done is named, in that order */
  assert_int_equal(report_missing(&r, NULL, NULL, &missing), 2);
  assert_string_equal(text_of(&missing), "t p b seed 1 (timeout), t p a seed 2 (not run)");
  text_clear(&missing);
  assert_int_equal(report_missing(&r, &r.groups[0], "a", &missing), 1);
  assert_string_equal(text_of(&missing), "seed 2 (not run)");
  text_clear(&missing);
  assert_int_equal(report_missing(&r, &r.groups[0], "c", &missing), 0);
  assert_string_equal(text_of(&missing), "");
  const aggregate a = report_aggregate(&r, &r.groups[0], "a", "sae_own", 1);
  assert_true(a.planned == 2 && a.done == 1);
  report_clear(&r);
  remove_run();
}

static void a_number_that_is_none_is_told_and_not_left_out(void** state) {
  (void)state;
  report r;
  text table = {0};
  make_run(CELL("a", 1, "done", ROW("tre", 1, 2)) CELL("a", 2, "done", ROW("tre", 1, null)));
  assert_int_equal(report_new(folder, &r), DF_OK);
  const aggregate a = report_aggregate(&r, &r.groups[0], "a", "tre", 1);
  assert_true(a.n == 1 && a.failed == 1);
  table_main(&r, &r.groups[0], 1, TABLE_MARKDOWN, &table);
  assert_non_null(strstr(text_of(&table), "why (1 of 2)"));
  text_clear(&table);
  report_clear(&r);
  remove_run();
}

static void a_rerun_cell_counts_once_as_it_last_was(void** state) {
  (void)state;
  report r;
  make_run(CELL("a", 1, "interrupted", "") CELL("a", 1, "done", ROW("tre", 1, 2)));
  assert_int_equal(report_new(folder, &r), DF_OK);
  assert_int_equal(r.n_cells, 1);
  assert_int_equal(r.groups[0].done, 1);
  report_clear(&r);
  remove_run();
}

static void names_cannot_become_markup_or_paths(void** state) {
  (void)state;
  text t = {0};
  report r;
  text_add_html(&t, "<b>&\"");
  assert_string_equal(text_of(&t), "&lt;b&gt;&amp;&quot;");
  text_clear(&t);
  plot_quoted(&t, "a_b\"\n{x}");
  assert_string_equal(text_of(&t), "\"a\\\\_b\\\"\\\\{x\\\\}\"");
  text_clear(&t);
  make_run("{\"schema\":1,\"type\":\"cell\",\"task\":\"../../x y\",\"profile\":\"p\",\"method\":\"a\",\"seed\":1}\n");
  assert_int_equal(report_new(folder, &r), DF_OK);
  assert_null(strpbrk(r.groups[0].file, "/. "));
  report_clear(&r);
  remove_run();
}

/* the script of the metrics at K = 1 */
static char* draw_metrics(const char* events) {
  report r;
  plot p = {.name = "x"};
  make_run(events);
  assert_int_equal(report_new(folder, &r), DF_OK);
  assert_true(plot_metrics(&r, &r.groups[0], 1, &p));
  assert_non_null(strstr(text_of(&p.caption), "marks with an arrow lie beyond the axis"));
  char* script = strdup(text_of(&p.script));
  assert_non_null(script);
  text_clear(&p.script);
  text_clear(&p.data);
  text_clear(&p.caption);
  report_clear(&r);
  remove_run();
  return script;
}

#define ONE(metric, unit, value) "{\"metric\":\"" metric "\",\"k\":1,\"value\":" #value ",\"unit\":\"" unit "\"}"

static void floor_and_ceiling_do_not_stretch_an_axis(void** state) {
  (void)state;
  /* close to each other: their part alone, the others by arrows at both edges */
  char* script = draw_metrics(CELL("a", 1, "done", ONE("tre", "std", 0.22)) CELL(
      "b", 1, "done", ONE("tre", "std", 0.27)) CELL("random_action", 1, "done", ONE("tre", "std", 2.77))
                                  CELL("replay_demo", 1, "done", ONE("tre", "std", 8e-16)));
  assert_non_null(strstr(script, "set xrange [0.216:0.274]"));
  assert_non_null(strstr(script, "set label 3 \"2.77\" at graph 0.92, first 3 right"));
  assert_non_null(strstr(script, "set arrow 3 from graph 0.94, first 3 to graph 1, first 3"));
  assert_non_null(strstr(script, "set label 4 \"8e-16\" at graph 0.08, first 4 left"));
  assert_non_null(strstr(script, "set arrow 4 from graph 0.06, first 4 to graph 0, first 4"));
  free(script);
  /* far enough from each other: from 0, and what is next to 0 is told beside its mark */
  script = draw_metrics(CELL("a", 1, "done", ONE("tre", "std", 0.1)) CELL("b", 1, "done", ONE("tre", "std", 0.2))
                            CELL("replay_demo", 1, "done", ONE("tre", "std", 8e-16)));
  assert_non_null(strstr(script, "set xrange [-0.006:0.216]"));
  assert_non_null(strstr(script, "set label 3 \"8e-16\" at first 0, first 3 left"));
  assert_null(strstr(script, "\nset arrow"));
  free(script);
}

static void a_share_has_a_linear_axis_from_0_to_1(void** state) {
  (void)state;
  char* script = draw_metrics(CELL("a", 1, "done", ONE("fall_rate", "share", 0.01))
                                  CELL("b", 1, "done", ONE("fall_rate", "share", 0.9)));
  assert_non_null(strstr(script, "set xtics 0.25\nset xrange [-0.03:1.03]"));
  assert_null(strstr(script, "\nset logscale"));
  free(script);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(seeds_are_averaged_with_their_range),
      cmocka_unit_test(errors_are_not_averaged_and_the_plan_is_counted),
      cmocka_unit_test(cells_stand_in_the_order_of_the_plan),
      cmocka_unit_test(a_number_that_is_none_is_told_and_not_left_out),
      cmocka_unit_test(a_rerun_cell_counts_once_as_it_last_was),
      cmocka_unit_test(names_cannot_become_markup_or_paths),
      cmocka_unit_test(floor_and_ceiling_do_not_stretch_an_axis),
      cmocka_unit_test(a_share_has_a_linear_axis_from_0_to_1),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
