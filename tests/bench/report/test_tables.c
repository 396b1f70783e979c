/* Tables of a run, and their texts for missing numbers. */
#define _GNU_SOURCE
#include "tables.h"

#include "aggregate.h"
#include "dynaflow/core/alloc.h"
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
  /* the cell that failed has a record, too */
  text rows_text = {0};
  table_main(&r, &r.groups[0], 1, TABLE_MARKDOWN, &rows_text);
  if (!strstr(text_of(&rows_text), "| 1 of 3 |")) fail_msg("%s", text_of(&rows_text));
  text_clear(&rows_text);
  run_view_clear(&r);
  remove_run();
}

#define MADE(seed, version)                                                                           \
  "{\"schema\":1,\"type\":\"cell\",\"task\":\"t\",\"profile\":\"p\",\"method\":\"a\",\"seed\":" #seed \
  ",\"status\":\"done\",\"rows\":[],\"provenance\":{\"mujoco\":\"" version "\",\"cores\":" #seed "}}\n"

static void every_version_is_named(void** state) {
  (void)state;
  run_view r;
  text out = {0};
  /* one is a part of the other */
  make_run(MADE(1, "3.17.0-rc1") MADE(10, "3.17.0") MADE(2, "3.17.0") MADE(0, "3.17.0-rc1"));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  table_provenance(&r, TABLE_MARKDOWN, &out);
  assert_non_null(strstr(text_of(&out), "| MuJoCo | 3.17.0-rc1; 3.17.0 |\n"));
  assert_non_null(strstr(text_of(&out), "| cores | 1; 10; 2; 0 |\n"));
  text_clear(&out);
  run_view_clear(&r);
  remove_run();
}

static void every_method_has_its_column_and_row(void** state) {
  (void)state;
  enum { METHODS = 100 };
  run_view r;
  text events = {0}, out = {0}, row = {0};
  for (int m = 0; m < METHODS; m++) {
    text_add(
        &events,
        "{\"schema\":1,\"type\":\"cell\",\"task\":\"t\",\"profile\":\"p\",\"method\":\"m%d\",\"seed\":1,\"status\":"
        "\"done\",\"rows\":[{\"metric\":\"tre\",\"k\":1,\"value\":%d,\"unit\":\"std\"}]}\n",
        m, 100 + m);
    text_add(&row, " %d |", 100 + m);
  }
  make_run(text_of(&events));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  table_all(&r, &r.groups[0], TABLE_MARKDOWN, &out);
  assert_non_null(strstr(text_of(&out), "| tre | 1 | std |"));
  assert_non_null(strstr(text_of(&out), text_of(&row)));
  text_clear(&out);
  table_main(&r, &r.groups[0], 1, TABLE_MARKDOWN, &out);
  assert_non_null(strstr(text_of(&out), "| m99 | 1 | 199 |\n"));
  text_clear(&events);
  text_clear(&out);
  text_clear(&row);
  run_view_clear(&r);
  remove_run();
}

/* experts stand apart from other methods of their task and profile, with a row per gait */
static void experts_have_tables_of_their_own(void** state) {
  (void)state;
  run_view r;
  text out = {0};
  make_run(CELL("expert_ppo", 1, "done", ROW("reward", 0, 3) "," ROW("reward.trot", 0, 2) "," ROW("reward.pace", 0, 4))
               CELL("expert_ppo", 2, "done", ROW("reward", 0, 5) "," ROW("reward.trot", 0, 4))
                   CELL("a", 1, "done", ROW("tre", 1, 2)));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  assert_int_equal(r.n_groups, 2);
  assert_true(r.groups[0].experts && !r.groups[1].experts);
  assert_string_equal(r.groups[0].file, "t-p-experts");
  assert_string_equal(r.groups[1].file, "t-p");
  assert_int_equal(r.groups[0].cells, 2);
  table_main(&r, &r.groups[0], 0, TABLE_MARKDOWN, &out);
  assert_non_null(strstr(text_of(&out), "| PPO | 2 | 4.00 [3.00, 5.00] |\n"));
  text_clear(&out);
  table_gaits(&r, &r.groups[0], TABLE_MARKDOWN, &out);
  assert_non_null(strstr(text_of(&out), "| PPO | trot | 2 | 3.00 [2.00, 4.00] |\n| PPO | pace | 2 | 4.00"));
  text_clear(&out);
  table_gaits(&r, &r.groups[1], TABLE_MARKDOWN, &out);
  assert_int_equal(out.n, 0);
  run_view_clear(&r);
  remove_run();
}

#define GATE(name, passed, value)                                                                    \
  "{\"name\":\"" name "\",\"unit\":\"std\",\"value\":" value ",\"reference\":0.5,\"passed\":" passed \
  ",\"sentence\":\"\"}"
#define MEASURED(method, status, gates, curves)                                                                    \
  "{\"schema\":1,\"type\":\"cell\",\"task\":\"t\",\"profile\":\"p\",\"method\":\"" method                          \
  "\",\"seed\":4,\"status\":\"" status "\",\"rows\":[],\"diagnostics\":{\"gates\":[" gates "],\"curves\":[" curves \
  "]}}\n"

static void what_methods_measured_of_themselves_has_tables(void** state) {
  (void)state;
  run_view r;
  text gates = {0}, curves = {0};
  make_run(MEASURED("a", "done", GATE("first", "true", "0.25") "," GATE("second", "false", "null"),
                    "{\"name\":\"c\",\"unit\":\"m\",\"flow_time\":[0,0.5],\"value\":[2,null],\"reference\":3,"
                    "\"reference_name\":\"copy\"}") MEASURED("b", "error", GATE("unseen", "true", "1"), "")
               CELL("c", 1, "done", ROW("tre", 1, 2)));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  assert_true(has_diagnostics(&r, &r.groups[0]));
  table_gates(&r, &r.groups[0], TABLE_MARKDOWN, &gates);
  table_curves(&r, &r.groups[0], TABLE_MARKDOWN, &curves);
  assert_string_equal(text_of(&gates),
                      "| method | seed | gate | error | reference | unit | verdict |\n"
                      "| --- | ---: | --- | ---: | ---: | --- | --- |\n"
                      "| a | 4 | first | 0.250 | 0.500 | std | passed |\n"
                      "| a | 4 | second | – | 0.500 | std | failed |\n\n");
  assert_string_equal(text_of(&curves),
                      "| method | seed | estimate | unit | flow time | error | reference | reference is |\n"
                      "| --- | ---: | --- | --- | --- | --- | ---: | --- |\n"
                      "| a | 4 | c | m | 0, 0.500 | 2.00, – | 3.00 | copy |\n\n");
  text_clear(&gates);
  text_clear(&curves);
  run_view_clear(&r);
  remove_run();

  /* as many gates as estimates, or only one of the two */
  static const char* const few[] = {MEASURED("a", "done", GATE("first", "true", "0.25"), "{\"name\":\"c\"}"),
                                    MEASURED("a", "done", GATE("first", "true", "0.25"), ""),
                                    MEASURED("a", "done", "", "{\"name\":\"c\"}")};
  for (int i = 0; i < 3; i++) {
    make_run(few[i]);
    assert_int_equal(run_view_new(folder, &r), DF_OK);
    assert_true(has_diagnostics(&r, &r.groups[0]));
    run_view_clear(&r);
    remove_run();
  }

  /* without any there is no table */
  make_run(CELL("c", 1, "done", ROW("tre", 1, 2)));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  assert_false(has_diagnostics(&r, &r.groups[0]));
  table_gates(&r, &r.groups[0], TABLE_MARKDOWN, &gates);
  assert_int_equal(gates.n, 0);
  text_clear(&gates);
  run_view_clear(&r);
  remove_run();
}

/* a run of two groups, of which the second has no K; a cell of the first failed, and one has a note */
#define OF(task, profile, method, seed, status, rest)                                                      \
  "{\"schema\":1,\"type\":\"cell\",\"task\":\"" task "\",\"profile\":\"" profile "\",\"method\":\"" method \
  "\",\"seed\":" #seed ",\"status\":\"" status "\"" rest "}\n"

static const char whole_page[] =
    "## t_1 (profile p)\n"
    "\n"
    "2 of 3 cells done. The group is incomplete: means are over the seeds that are done. Numbers are means over seeds, "
    "with the smallest and the largest seed in brackets; with one seed, the brackets hold the 95 % interval over test "
    "windows as if they were independent (the records do not say which belong to one episode, so it may be too "
    "narrow). command_error and gait_phase are means over the chains without a fall. Arrows show the better "
    "direction.\n"
    "\n"
    "### Warnings\n"
    "\n"
    "- a, seed 1: net: the loss rises\n"
    "\n"
    "### K = 1 sampler step\n"
    "\n"
    "**Partial: 2 of 3 cells.**\n"
    "\n"
    "| method | seeds | tre ↓ [std] | sae_own ↓ [share] |\n"
    "| --- | ---: | ---: | ---: |\n"
    "| a | 1 | 2.00 [1.50, 2.50] | 0.250 |\n"
    "| b | 0 of 1 | – | – |\n"
    "| c | 1 | 4.00 | – |\n"
    "\n"
    "### K = 5 sampler steps\n"
    "\n"
    "**Partial: 2 of 3 cells.**\n"
    "\n"
    "| method | seeds | tre ↓ [std] | sae_own ↓ [share] |\n"
    "| --- | ---: | ---: | ---: |\n"
    "| a | 1 | 1.00 [0.500, 1.50] | 0.250 |\n"
    "| b | 0 of 1 | – | – |\n"
    "| c | 1 | – | – |\n"
    "\n"
    "\n"
    "### Statistics over seeds and windows\n"
    "\n"
    "Interquartile means, performance profiles and probabilities of improvement need at least 3 seeds of a method with "
    "per-window values in the records; no method here has them.\n"
    "\n"
    "### All metrics\n"
    "\n"
    "**Partial: 2 of 3 cells.**\n"
    "\n"
    "| metric | K | unit | a | b | c |\n"
    "| --- | ---: | --- | ---: | ---: | ---: |\n"
    "| tre | 1 | std | 2.00 [1.50, 2.50] | – | 4.00 |\n"
    "| tre | 5 | std | 1.00 [0.500, 1.50] | – | – |\n"
    "| sae_own | – | share | 0.250 | – | – |\n"
    "\n"
    "## u (profile q)\n"
    "\n"
    "1 of 1 cells done. Numbers are means over seeds, with the smallest and the largest seed in brackets; with one "
    "seed, the brackets hold the 95 % interval over test windows as if they were independent (the records do not say "
    "which belong to one episode, so it may be too narrow). command_error and gait_phase are means over the chains "
    "without a fall. Arrows show the better direction.\n"
    "\n"
    "| method | seeds | fall_rate ↓ [share] |\n"
    "| --- | ---: | ---: |\n"
    "| a | 1 | 0.500 |\n"
    "\n"
    "\n"
    "### Statistics over seeds and windows\n"
    "\n"
    "Interquartile means, performance profiles and probabilities of improvement need at least 3 seeds of a method with "
    "per-window values in the records; no method here has them.\n"
    "\n"
    "### All metrics\n"
    "\n"
    "| metric | K | unit | a |\n"
    "| --- | ---: | --- | ---: |\n"
    "| fall_rate | – | share | 0.500 |\n"
    "\n"
    "## Cells\n"
    "\n"
    "| task | profile | method | seed | state | parameters | key | checkpoint | reason |\n"
    "| --- | --- | --- | ---: | --- | ---: | --- | --- | --- |\n"
    "| t_1 | p | a | 1 | done | – |  |  |  |\n"
    "| t_1 | p | b | 1 | error | – |  |  | no memory |\n"
    "| t_1 | p | c | 3 | done | – |  |  |  |\n"
    "| u | q | a | 2 | done | – |  |  |  |\n"
    "\n"
    "## Provenance\n"
    "\n"
    "| item | value |\n"
    "| --- | --- |\n"
    "| dynaflow | – |\n"
    "| commit | – |\n"
    "| uncommitted changes | – |\n"
    "| MuJoCo | – |\n"
    "| BLAS kernels | – |\n"
    "| BLAS configuration | – |\n"
    "| compiler | – |\n"
    "| flags | – |\n"
    "| processor | – |\n"
    "| cores | – |\n"
    "| threads | – |\n"
    "| libc | – |\n"
    "\n";

static void a_page_holds_these_tables(void** state) {
  (void)state;
  run_view r;
  summary s;
  make_run(
      OF("t_1", "p", "a", 1, "done",
         ",\"rows\":[{\"metric\":\"tre\",\"k\":1,\"value\":2,\"unit\":\"std\",\"lo\":1.5,\"hi\":2.5,\"n\":8},"
         "{\"metric\":\"tre\",\"k\":5,\"value\":1,\"unit\":\"std\",\"lo\":0.5,\"hi\":1.5,\"n\":8},"
         "{\"metric\":\"sae_own\",\"k\":0,\"value\":0.25,\"unit\":\"share\"}],\"notes\":[\"net: the loss "
         "rises\"]") OF("t_1", "p", "b", 1, "error", ",\"rows\":[],\"reason\":\"no memory\",\"notes\":[\"unseen\"]")
          OF("t_1", "p", "c", 3, "done", ",\"rows\":[{\"metric\":\"tre\",\"k\":1,\"value\":4,\"unit\":\"std\"}]")
              OF("u", "q", "a", 2, "done",
                 ",\"rows\":[{\"metric\":\"fall_rate\",\"k\":0,\"value\":0.5,\"unit\":\"share\"}]"));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  assert_int_equal(summary_new(&r, &s), DF_OK);
  assert_int_equal(tables_write(&r, &s, folder), DF_OK);
  char path[128], *page;
  size_t n;
  snprintf(path, sizeof path, "%s/tables.md", folder);
  assert_int_equal(df_file_read(path, &page, &n), DF_OK);
  assert_int_equal(strncmp(page, "# Run dynaflow-report-", 22), 0);
  /* without the name of the folder and the definitions of the metrics */
  text shown = {0};
  for (const char* line = strstr(page, "## t_1"); line && *line;) {
    const char* end = strchr(line, '\n') + 1;
    if (strncmp(line, "- tre (", 7) != 0 && strncmp(line, "- sae_own (", 11) != 0 &&
        strncmp(line, "- fall_rate (", 13) != 0)
      text_add(&shown, "%.*s", (int)(end - line), line);
    line = end;
  }
  const char *wanted = whole_page, *found = text_of(&shown);
  while (*wanted && *wanted == *found) wanted++, found++;
  if (*wanted || *found) fail_msg("from here on: %.200s, not %.200s", found, wanted);
  text_clear(&shown);
  df_free(page);
  summary_clear(&s);
  run_view_clear(&r);
  remove_run();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(experts_have_tables_of_their_own),
      cmocka_unit_test(what_methods_measured_of_themselves_has_tables),
      cmocka_unit_test(a_value_that_is_not_finite_is_shown_with_its_reason),
      cmocka_unit_test(a_note_counts_the_plan),
      cmocka_unit_test(every_version_is_named),
      cmocka_unit_test(every_method_has_its_column_and_row),
      cmocka_unit_test(a_page_holds_these_tables),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
