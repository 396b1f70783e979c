/* The verdicts for people: their order and words, and the Markdown that is appended. */
#define _GNU_SOURCE
#include "gate_summary.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "run_file.h"

/* a row of a task "t" with a number, a bound and how far beyond it the number is */
static void add(gate_result* g, gate_verdict v, const char* metric, double number, double excess) {
  row r = row_default();
  r.task = "t";
  r.profile = "p";
  r.method = "m|m";
  r.metric = metric;
  r.k = 5;
  r.n = 2;
  r.lo = 1;
  r.hi = 2;
  gate_add_row(g, v, &r, "+- 10 % of 1", "a | b");
  gate_locate(g, "no/expect.yaml", 7, "relative");
  gate_locate_golden(g, "no/golden.csv", 9);
  gate_measure(g, "<= 1.1", number, excess);
}

static void fill(gate_result* g) {
  *g = (gate_result){.verdicts = rows_new()};
  add(g, GATE_HELD, "held", 1, -0.5);
  add(g, GATE_REGRESSED, "near", 1.2, 1);
  add(g, GATE_MISSING, "missing", NAN, 0);
  add(g, GATE_REGRESSED, "nan", NAN, INFINITY);
  add(g, GATE_ADVISORY, "advisory", 1, 0);
  add(g, GATE_REGRESSED, "far", 2, 9);
  add(g, GATE_REGRESSED, "near_too", 1.2, 1);
}

static void the_worst_stands_first(void** state) {
  (void)state;
  static const int wanted[] = {3, 5, 1, 6, 2, 4, 0};
  gate_result g;
  text counts = {0};
  int n;
  fill(&g);
  int* order = gate_by_severity(&g, &n);
  assert_int_equal(n, 7);
  for (int i = 0; i < n; i++) assert_int_equal(order[i], wanted[i]);
  df_free(order);
  gate_add_counts(&g, GATE_UNREADABLE, GATE_HELD, &counts);
  assert_string_equal(text_of(&counts), "4 regressed, 1 missing, 1 advisory, 1 held");
  assert_string_equal(gate_outcome(&g), "regressed");
  text_clear(&counts);
  gate_clear(&g);
}

static void a_run_has_the_gravest_verdict_or_none(void** state) {
  (void)state;
  gate_result g = {0};
  assert_string_equal(gate_outcome(&g), "nothing checked");
  g.count[GATE_ADVISORY] = 1;
  assert_string_equal(gate_outcome(&g), "nothing checked");
  g.count[GATE_IMPROVED] = 1;
  assert_string_equal(gate_outcome(&g), "held");
  g.count[GATE_INCONCLUSIVE] = 1;
  assert_string_equal(gate_outcome(&g), "inconclusive");
  g.count[GATE_NOT_COMPARABLE] = 1;
  assert_string_equal(gate_outcome(&g), "not comparable");
}

static void markdown_is_appended(void** state) {
  (void)state;
  gate_result g;
  char path[96], *data;
  size_t n;
  snprintf(path, sizeof path, "%s/summary.md", folder);
  assert_int_equal(df_file_write(path, "before\n", 7), DF_OK);
  fill(&g);
  for (int i = 0; i < 2; i++) assert_int_equal(gate_markdown(&g, "a`b", path), DF_OK);
  assert_int_equal(df_file_read(path, &data, &n), DF_OK);
  static const char head[] =
      "before\n## dynaflow gate: regressed\n\nRun a\\`b: 4 regressed, 1 missing, 1 advisory, 1 held.\n\n"
      "| verdict | metric | method | K | value | limit | why | where |\n"
      "| --- | --- | --- | ---: | ---: | --- | --- | --- |\n"
      "| regressed | nan | m\\|m | 5 |  | <= 1.1 | t, profile p, limit +- 10 % of 1, interval [1, 2], 2 seeds: a \\| b "
      "| no/expect.yaml:7, no/golden.csv:9 |\n"
      "| regressed | far | m\\|m | 5 | 2 | <= 1.1 |";
  assert_int_equal(strncmp(data, head, sizeof head - 1), 0);
  const char* again = strstr(data + sizeof head - 1, "## dynaflow gate: regressed");
  assert_non_null(again);
  assert_non_null(strstr(again, "<details><summary>The other 2 numbers</summary>\n\n| verdict"));
  df_free(data);
  /* errors name the file */
  assert_int_equal(gate_markdown(&g, "r", "/dev/null"), DF_OK);
  assert_int_equal(gate_markdown(&g, "r", "/no/such/folder/x.md"), DF_E_MISSING);
  assert_non_null(strstr(df_error_message(), "/no/such/folder/x.md: "));
  assert_int_equal(gate_markdown(&g, "r", folder), DF_E_IO);
  gate_clear(&g);
}

static void paths_are_relative_inside_a_folder(void** state) {
  (void)state;
  char file[96], inside[128];
  snprintf(inside, sizeof inside, "%s/x", folder);
  assert_int_equal(df_file_write(inside, "", 0), DF_OK);
  snprintf(file, sizeof file, "%s/../%s/x", folder, strrchr(folder, '/') + 1);
  struct {
    const char *from, *path, *wanted;
  } cases[] = {{folder, file, "x"}, {"/", file, inside}, {"/usr", inside, inside}, {NULL, "no/such", "no/such"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char* shown = gate_path_from(cases[i].from, cases[i].path);
    assert_string_equal(shown, cases[i].wanted);
    df_free(shown);
  }
}

static int set_up(void** state) {
  (void)state;
  make_run("");
  return 0;
}

static int tear_down(void** state) {
  (void)state;
  remove_run();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_worst_stands_first),
      cmocka_unit_test(a_run_has_the_gravest_verdict_or_none),
      cmocka_unit_test(markdown_is_appended),
      cmocka_unit_test(paths_are_relative_inside_a_folder),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
