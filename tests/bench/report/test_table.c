/* Cells of tables: how numbers are rounded, which columns there are, and what is marked as a part. */
#define _GNU_SOURCE
#include "table.h"

#include "dynaflow/core/alloc.h"
#include "dynaflow/metrics/defs.h"
#include "records.h"
#include "summary.h"
#include "tables.h"

static void numbers_have_about_three_digits(void** state) {
  (void)state;
  static const struct {
    double v;
    const char* wanted;
  } cases[] = {{0, "0"},
               {-0.0, "0"},
               {1e-3, "0.001"},
               {9.99e-4, "1.0e-03"},
               {2.84e-18, "2.8e-18"},
               {-5e-4, "-5.0e-04"},
               {0.12345, "0.123"},
               {0.9994, "0.999"},
               {1, "1.00"},
               {-1.234, "-1.23"},
               {9.994, "9.99"},
               {10, "10.0"},
               {99.94, "99.9"},
               {100, "100"},
               {-12345.6, "-12346"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char out[32];
    table_number(cases[i].v, out, sizeof out);
    assert_string_equal(out, cases[i].wanted);
  }
}

static void an_interval_is_shown_where_both_ends_are_known(void** state) {
  (void)state;
  static const struct {
    double v, lo, hi;
    const char* wanted;
  } cases[] = {{0.5, 0.25, 0.75, "0.500 [0.250, 0.750]"},
               {0.5, NAN, 0.75, "0.500"},
               {0.5, 0.25, NAN, "0.500"},
               {0.5, NAN, NAN, "0.500"},
               {NAN, 0.25, 0.75, "–"},
               {INFINITY, 0, 1, "–"},
               {20, 1, 300, "20.0 [1.00, 300]"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char out[64];
    table_interval(cases[i].v, cases[i].lo, cases[i].hi, out, sizeof out);
    assert_string_equal(out, cases[i].wanted);
  }
}

/* a page may break the long name of a metric after _ and ., in a head only */
static void heads_of_a_page_break_within_names(void** state) {
  (void)state;
  static const char* const heads[] = {"tre_open_loop.base<"};
  text out = {0};
  table t = table_new(TABLE_HTML, &out);
  table_heads(&t, 1, heads, 1);
  table_row(&t);
  table_put(&t, TABLE_WORDS, "a_b.c");
  table_row_end(&t, false);
  table_end(&t);
  assert_non_null(strstr(text_of(&out), ">tre_<wbr>open_<wbr>loop.<wbr>base&lt;</th>"));
  assert_non_null(strstr(text_of(&out), ">a_b.c</td>"));
  text_clear(&out);
}

static void a_head_names_unit_and_better_side(void** state) {
  (void)state;
  run_view r;
  char head[96];
  begin_records();
  json_t* cell = add_cell("a", 1);
  add_value(cell, "tre", 1, 1);
  add_value(cell, "survival", 1, 1);
  add_value(cell, "effort.x", 1, 1);
  open_run(&r);
  static const char* const wanted[3][2] = {
      {"tre", "tre\u00a0↓ [std]"}, {"survival", "survival\u00a0↑ [std]"}, {"effort.x", "effort.x [std]"}};
  for (int i = 0; i < 3; i++) {
    table_metric_head(&r, &r.groups[0], wanted[i][0], 1, head, sizeof head);
    assert_string_equal(head, wanted[i][1]);
  }
  close_run(&r);
}

static void columns_stand_in_their_fixed_order(void** state) {
  (void)state;
  run_view r;
  const char* columns[MAIN_METRICS];
  begin_records();
  json_t* cell = add_cell("a", 1);
  static const char* const metrics[] = {"survival", "tre.joint_pos", "command_error.yaw_rate",
                                        "sae_own",  "effort.x",      "tre"};
  for (int i = 0; i < 6; i++) add_value(cell, metrics[i], 1, i);
  open_run(&r);
  static const char* const wanted[] = {"tre", "sae_own", "survival", "command_error.yaw_rate"};
  assert_int_equal(table_main_columns(&r.groups[0], columns), 4);
  for (int i = 0; i < 4; i++) assert_string_equal(columns[i], wanted[i]);
  close_run(&r);
}

static void cells_of_the_main_table_are_aggregates(void** state) {
  (void)state;
  run_view r;
  text out = {0};
  begin_records();
  json_t* plan = add_plan("p");
  for (int s = 1; s <= 3; s++) add_planned(plan, "b", s, NULL);
  for (int s = 1; s <= 2; s++) {
    json_t* cell = add_cell("b", s);
    add_row(cell, "tre", 1, s, 0, 9);
    add_row(cell, "tre", 5, 10 * s, 0, 9);
  }
  json_t* cell = add_cell("c", 1);
  add_row(cell, "tre", 0, 0.5, 0.25, 0.75);
  open_run(&r);
  table_main(&r, &r.groups[0], 5, TABLE_MARKDOWN, &out);
  /* of b two seeds of three, 10 and 20; of c the one number of every K with its own interval */
  assert_non_null(strstr(text_of(&out), "| b | 2 of 3 | 15.0 [10.0, 20.0] |\n"));
  assert_non_null(strstr(text_of(&out), "| c | 1 | 0.500 [0.250, 0.750] |\n"));
  assert_non_null(strstr(text_of(&out), "3 of 4 cells")); /* a part, and marked */
  text_clear(&out);
  table_all(&r, &r.groups[0], TABLE_MARKDOWN, &out);
  assert_non_null(strstr(text_of(&out), "| tre | 1 | std | 1.50 [1.00, 2.00] | 0.500 [0.250, 0.750] |\n"));
  assert_non_null(strstr(text_of(&out), "| tre | 5 | std | 15.0 [10.0, 20.0] | 0.500 [0.250, 0.750] |\n"));
  text_clear(&out);
  close_run(&r);
}

static void numbers_stand_with_their_definitions(void** state) {
  (void)state;
  run_view r;
  text out = {0};
  begin_records();
  json_t* cell = add_cell("a", 1);
  static const char* const metrics[] = {"slip",          "tre.joint_pos", "power.transport.chain",
                                        "root_residual", "diversity",     "sliced_wasserstein"};
  for (int i = 0; i < 6; i++) add_value(cell, metrics[i], 1, 7 + i);
  open_run(&r);
  const df_metric_def *slip = df_metric_find("slip"), *cost = df_metric_find("power.transport");

  /* the tables of the windows as a set, and of what needs no demonstration, in their order; nothing else is in them */
  table_side(&r, &r.groups[0], 1, TABLE_MARKDOWN, &out);
  assert_non_null(
      strstr(text_of(&out),
             "Distribution of the windows:\n\n| method | seeds | sliced_wasserstein\u00a0↓ [std] | diversity [std] |"));
  assert_non_null(strstr(text_of(&out), "| a | 1 | 12.0 | 11.0 |\n"));
  assert_non_null(strstr(
      text_of(&out),
      "Plausibility without a demonstration:\n\n| method | seeds | root_residual\u00a0↓ [std] | slip\u00a0↓ [std] |"));
  assert_non_null(strstr(text_of(&out), "| a | 1 | 10.0 | 7.00 |\n"));
  text_clear(&out);

  /* the definition of every metric once, and of a part that of its metric */
  table_definitions(&r.groups[0], TABLE_MARKDOWN, &out);
  int lines = 0;
  for (const char* at = text_of(&out); (at = strstr(at, "- ")); at += 2) lines += at == text_of(&out) || at[-1] == '\n';
  assert_int_equal(lines, 6);
  assert_non_null(strstr(text_of(&out), "- slip (m/s, lower is better): foot skate"));
  assert_non_null(strstr(text_of(&out), "- power.transport (1, lower is better): cost of transport"));
  assert_null(strstr(text_of(&out), "- power ("));
  text_clear(&out);

  /* on a page, where one points at the name */
  char* wanted = format_text("<th title=\"%s\">slip", slip->definition);
  table_side(&r, &r.groups[0], 1, TABLE_HTML, &out);
  assert_non_null(strstr(text_of(&out), wanted));
  text_clear(&out);
  df_free(wanted);
  wanted = format_text("<td class=\"w\" title=\"%s\">power.transport.chain", cost->definition);
  table_all(&r, &r.groups[0], TABLE_HTML, &out);
  assert_non_null(strstr(text_of(&out), wanted));
  df_free(wanted);
  text_clear(&out);
  close_run(&r);
}

static void only_a_part_is_marked_as_one(void** state) {
  (void)state;
  for (int done = 0; done <= 2; done++) {
    text out = {0};
    const run_group g = {.cells = 2, .done = done};
    table_partial(&g, TABLE_MARKDOWN, &out);
    char words[32];
    snprintf(words, sizeof words, "%d of 2 cells", done);
    assert_int_equal(strstr(text_of(&out), words) != NULL, done < 2);
    assert_int_equal(out.n > 0, done < 2);
    text_clear(&out);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_have_about_three_digits),
      cmocka_unit_test(an_interval_is_shown_where_both_ends_are_known),
      cmocka_unit_test(heads_of_a_page_break_within_names),
      cmocka_unit_test(a_head_names_unit_and_better_side),
      cmocka_unit_test(columns_stand_in_their_fixed_order),
      cmocka_unit_test(cells_of_the_main_table_are_aggregates),
      cmocka_unit_test(numbers_stand_with_their_definitions),
      cmocka_unit_test(only_a_part_is_marked_as_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
