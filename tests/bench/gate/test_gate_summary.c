/* The verdicts for people: their order and words, and the Markdown that is appended. */
#define _GNU_SOURCE
#include "gate_summary.h"

#include <limits.h>
#include <math.h>
#include <string.h>
#include <sys/wait.h>

#include "capture.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "gate.h"
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
  /* before the clock is started, a verdict takes no time */
  assert_true(g.origins[0].seconds == 0 && g.origins[1].seconds >= 0);
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
  static const char* const graver[] = {"inconclusive", "missing", "regressed", "not comparable", "unreadable"};
  for (int i = 0; i < 5; i++) {
    g.count[GATE_INCONCLUSIVE + i] = 1;
    assert_string_equal(gate_outcome(&g), graver[i]);
  }
}

/* of a record with 10 digits of K, long names, a long number and a long limit */
static void rows_that_are_too_wide_are_cut_at_their_heads(void** state) {
  (void)state;
  gate_result g = {.verdicts = rows_new()};
  row r = row_default();
  r.method = "a_method_with_a_rather_long_name_that_is_cut";
  r.metric = "a_metric_with_a_rather_long_name_that_is_cut";
  r.k = INT_MIN;
  gate_add_row(&g, GATE_NOT_COMPARABLE, &r, "limit", "detail");
  gate_measure(&g, "-1.2345678e-100..-1.234567e-100", -1.2345e-100, 1);
  capture out = capture_begin(stdout);
  gate_print_summary(&g, "run", false);
  char* printed = capture_end(&out);
  char *rest = printed, *line, text_of_lines[4096] = "";
  while ((line = strsep(&rest, "\n"))) {
    assert_true(strlen(line) <= 80);
    strcat(strcat(text_of_lines, line + strspn(line, " ")), " ");
  }
  assert_non_null(strstr(text_of_lines, " a_met~  a_met~  "));
  /* what was cut is told in full */
  assert_non_null(strstr(text_of_lines, "a_metric_with_a_rather_long_name_that_is_cut; "));
  assert_non_null(strstr(text_of_lines, "a_method_with_a_rather_long_name_that_is_cut; "));
  assert_non_null(strstr(text_of_lines, "not compa"));
  free(printed);
  gate_clear(&g);
}

/* words that rows share are printed once, below the last of them; the place of a limit with every row */
static void every_row_has_its_place(void** state) {
  (void)state;
  gate_result g = {.verdicts = rows_new()};
  static const char* const limits[] = {"<= 1", "<= 1", "<= 2"};
  for (int i = 0; i < 5; i++) {
    row r = row_default();
    r.task = "t";
    r.profile = "p";
    r.method = "m";
    r.metric = "tre";
    gate_add_row(&g, GATE_MISSING, &r, i < 3 ? limits[i] : "<= 2", i < 4 ? "absent" : "lost");
    gate_locate(&g, "no/expect.yaml", 7 + i, "at most");
  }
  capture out = capture_begin(stdout);
  gate_print_summary(&g, "run", false);
  char* printed = capture_end(&out);
  assert_string_equal(printed,
                      "missing (exit code 3): run\n"
                      "verdict  metric  method  K  value  limit\n"
                      "missing  tre     m\n"
                      "  no/expect.yaml:7\n"
                      "missing  tre     m\n"
                      "  t, profile p, limit <= 1: absent\n"
                      "  no/expect.yaml:8\n"
                      "missing  tre     m\n"
                      "  no/expect.yaml:9\n"
                      "missing  tre     m\n"
                      "  t, profile p, limit <= 2: absent\n"
                      "  no/expect.yaml:10\n"
                      "missing  tre     m\n"
                      "  t, profile p, limit <= 2: lost\n"
                      "  no/expect.yaml:11\n"
                      "5 missing\n");
  free(printed);
  gate_clear(&g);
}

/* the words of a verdict: an interval has two ends; one seed, or several */
static void words_have_an_interval_and_the_number_of_seeds(void** state) {
  (void)state;
  static const struct {
    double lo, hi;
    int n;
    const char* words;
  } cases[] = {{1, 2, 2, "t, profile p, limit <= 1, interval [1, 2], 2 seeds: why"},
               {1, 2, 1, "t, profile p, limit <= 1, interval [1, 2], 1 seed: why"},
               {1, 1, 1, "t, profile p, limit <= 1, 1 seed: why"},
               {NAN, NAN, 0, "t, profile p, limit <= 1: why"}};
  for (int i = 0; i < 4; i++) {
    gate_result g = {.verdicts = rows_new()};
    text words = {0};
    row r = row_default();
    r.task = "t";
    r.profile = "p";
    r.metric = "tre";
    r.lo = cases[i].lo;
    r.hi = cases[i].hi;
    r.n = cases[i].n;
    gate_add_row(&g, GATE_REGRESSED, &r, "<= 1", "why");
    gate_add_detail(&g, 0, &words);
    assert_string_equal(text_of(&words), cases[i].words);
    text_clear(&words);
    gate_clear(&g);
  }
}

/* advisory rows are counted, but metrics that nothing was compared with are named */
static void metrics_that_are_not_compared_are_named(void** state) {
  (void)state;
  gate_result g = {.verdicts = rows_new()};
  row r = row_default();
  r.task = "t";
  r.profile = "p";
  r.metric = "tre";
  gate_add_row(&g, GATE_HELD, &r, "<= 1", "");
  gate_add_row(&g, GATE_ADVISORY, &r, "", "slower");
  gate_add_row(&g, GATE_ADVISORY, &r, "", "slip is not in golden.csv");
  gate_locate(&g, "golden.csv", 0, GATE_NEW_METRICS);
  capture out = capture_begin(stdout);
  gate_print_summary(&g, "run", false);
  char* printed = capture_end(&out);
  assert_string_equal(printed,
                      "held (exit code 0): run\n2 advisory, 1 held (--verbose lists all 3)\n"
                      "t, profile p: slip is not in golden.csv\n");
  free(printed);
  gate_clear(&g);
}

/* a terminal shows 40 characters of two columns in a line */
static void wide_characters_take_two_columns(void** state) {
  (void)state;
  gate_result g = {.verdicts = rows_new()};
  text reason = {0};
  for (int i = 0; i < 60; i++) text_add(&reason, "\xe4\xb8\xad");
  row r = row_default();
  gate_add_row(&g, GATE_REGRESSED, &r, "", text_of(&reason));
  capture out = capture_begin(stdout);
  gate_print_summary(&g, "run", false);
  char* printed = capture_end(&out);
  /* by hand: 78 columns after the indent */
  text wanted = {0};
  text_add(&wanted, "\n  %.*s\n  %.*s\n", 39 * 3, text_of(&reason), 21 * 3, text_of(&reason));
  assert_non_null(strstr(printed, text_of(&wanted)));
  text_clear(&wanted);
  text_clear(&reason);
  free(printed);
  gate_clear(&g);
}

/* a line holds 78 columns after the indent, one less where a backslash stands before :: at its beginning */
static void words_are_broken_where_a_line_is_full(void** state) {
  (void)state;
  static const char a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; /* 78 */
  gate_result g = {.verdicts = rows_new()};
  text reason = {0}, wanted = {0};
  text_add(&reason, "%.40s %.37s %.40s %.38s %.78s b ::%.76s", a, a, a, a, a, a);
  text_add(&wanted, "\n  %.40s %.37s\n  %.40s\n  %.38s\n  %.78s\n  b\n  \\::%.75s\n  a\n", a, a, a, a, a, a);
  row r = row_default();
  gate_add_row(&g, GATE_REGRESSED, &r, "", text_of(&reason));
  capture out = capture_begin(stdout);
  gate_print_summary(&g, "run", false);
  char* printed = capture_end(&out);
  assert_non_null(strstr(printed, text_of(&wanted)));
  text_clear(&wanted);
  text_clear(&reason);
  free(printed);
  gate_clear(&g);
}

/* an empty summary would look like a run without a number that failed */
static void without_memory_no_summary_is_printed(void** state) {
  (void)state;
  gate_result g;
  int status, n;
  fill(&g);
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    df_alloc_fail_at(1);
    df_free(gate_by_severity(&g, &n));
    _exit(0);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), EXIT_INCOMPLETE);
  gate_clear(&g);
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
  /* by hand, from fill(): the worst first, a number that is none left empty, and what did not fail folded away */
  static const char* const lines[] = {"regressed | nan | m\\|m | 5 | ",     "regressed | far | m\\|m | 5 | 2",
                                      "regressed | near | m\\|m | 5 | 1.2", "regressed | near_too | m\\|m | 5 | 1.2",
                                      "missing | missing | m\\|m | 5 | ",   "advisory | advisory | m\\|m | 5 | 1",
                                      "held | held | m\\|m | 5 | 1"};
  text wanted = {0};
  text_add(&wanted, "before\n");
  for (int i = 0; i < 2; i++) {
    text_add(&wanted, "## dynaflow gate: regressed\n\nRun a\\`b: 4 regressed, 1 missing, 1 advisory, 1 held.\n\n");
    for (int k = 0; k < 7; k++) {
      if (k == 5) text_add(&wanted, "\n<details><summary>The other 2 numbers</summary>\n\n");
      if (k % 5 == 0) text_add(&wanted, "| verdict | metric | method | K | value | limit | why | where |\n");
      if (k % 5 == 0) text_add(&wanted, "| --- | --- | --- | ---: | ---: | --- | --- | --- |\n");
      text_add(&wanted, "| %s | <= 1.1 | t, profile p, limit +- 10 %% of 1, interval [1, 2], 2 seeds: a \\| b ",
               lines[k]);
      text_add(&wanted, "| no/expect.yaml:7, no/golden.csv:9 |\n");
    }
    text_add(&wanted, "\n</details>\n\n");
  }
  assert_string_equal(data, text_of(&wanted));
  text_clear(&wanted);
  df_free(data);
  /* errors name the file */
  assert_int_equal(gate_markdown(&g, "r", "/dev/null"), DF_OK);
  assert_int_equal(gate_markdown(&g, "r", "/no/such/folder/x.md"), DF_E_MISSING);
  assert_non_null(strstr(df_error_message(), "/no/such/folder/x.md: "));
  assert_int_equal(gate_markdown(&g, "r", folder), DF_E_IO);
  gate_clear(&g);
}

static void junit_sums_the_time_of_its_cases(void** state) {
  (void)state;
  gate_result g;
  char path[96], *data;
  size_t n;
  snprintf(path, sizeof path, "%s/junit.xml", folder);
  fill(&g);
  for (int i = 0; i < 7; i++) g.origins[i].seconds = 0.25 * (i + 1);
  assert_int_equal(gate_junit(&g, "r", path), DF_OK);
  assert_int_equal(df_file_read(path, &data, &n), DF_OK);
  static const char head[] =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"dynaflow gate r\" tests=\"7\" failures=\"4\" "
      "errors=\"1\" skipped=\"0\" time=\"7.000000\">\n";
  assert_int_equal(strncmp(data, head, sizeof head - 1), 0);
  assert_non_null(
      strstr(data, " time=\"1.750000\">\n    <properties>\n      <property name=\"status\" value=\"regressed\"/>\n"));
  df_free(data);
  gate_clear(&g);
}

static void paths_are_relative_inside_a_folder(void** state) {
  (void)state;
  char file[96], inside[128], beside[96], beside_inside[128];
  snprintf(inside, sizeof inside, "%s/x", folder);
  assert_int_equal(df_file_write(inside, "", 0), DF_OK);
  snprintf(file, sizeof file, "%s/../%s/x", folder, strrchr(folder, '/') + 1);
  /* a folder whose name begins with that of the folder */
  snprintf(beside, sizeof beside, "%sbeside", folder);
  snprintf(beside_inside, sizeof beside_inside, "%s/x", beside);
  assert_int_equal(df_dir_make(beside), DF_OK);
  assert_int_equal(df_file_write(beside_inside, "", 0), DF_OK);
  struct {
    const char *from, *path, *wanted;
  } cases[] = {{folder, file, "x"},
               {"/", file, inside},
               {"/usr", inside, inside},
               {NULL, "no/such", "no/such"},
               {folder, beside_inside, beside_inside}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char* shown = gate_path_from(cases[i].from, cases[i].path);
    assert_string_equal(shown, cases[i].wanted);
    df_free(shown);
  }
  assert_int_equal(remove(beside_inside) + remove(beside), 0);
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
      cmocka_unit_test(rows_that_are_too_wide_are_cut_at_their_heads),
      cmocka_unit_test(every_row_has_its_place),
      cmocka_unit_test(words_have_an_interval_and_the_number_of_seeds),
      cmocka_unit_test(metrics_that_are_not_compared_are_named),
      cmocka_unit_test(wide_characters_take_two_columns),
      cmocka_unit_test(words_are_broken_where_a_line_is_full),
      cmocka_unit_test(without_memory_no_summary_is_printed),
      cmocka_unit_test(markdown_is_appended),
      cmocka_unit_test(junit_sums_the_time_of_its_cases),
      cmocka_unit_test(paths_are_relative_inside_a_folder),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
