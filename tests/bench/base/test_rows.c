/* Rows are tidy, and a value that is not finite comes with a reason. */
#define _GNU_SOURCE
#include "rows.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "exit_code.h"

static void a_row_has_every_column(void** state) {
  (void)state;
  static const char* const columns[] = {"task",  "method", "seed", "profile", "metric", "k",
                                        "value", "unit",   "n",    "lo",      "hi",     "status"};
  const row r = row_default();
  json_t* o = row_json(&r, false);
  assert_int_equal(json_object_size(o), 12);
  for (int i = 0; i < 12; i++) assert_non_null(json_object_get(o, columns[i]));
  json_decref(o);
  o = row_json(&r, true);
  assert_int_equal(json_object_size(o), 8);
  assert_null(json_object_get(o, "task"));
  json_decref(o);
}

static void check_value(double value, const char* status, const char* wanted) {
  row r = row_default();
  r.value = value;
  r.status = status;
  json_t* o = row_json(&r, false);
  if (isfinite(value)) {
    assert_true(json_number_value(json_object_get(o, "value")) == value);
  } else {
    assert_true(json_is_null(json_object_get(o, "value")));
  }
  assert_string_equal(json_string_value(json_object_get(o, "status")), wanted);
  json_decref(o);
}

static void what_is_not_finite_is_null_with_a_reason(void** state) {
  (void)state;
  check_value(0.1, NULL, "ok");
  check_value(NAN, NULL, "not a number");
  check_value(INFINITY, NULL, "infinite");
  check_value(-INFINITY, NULL, "minus infinite");
  check_value(INFINITY, "3 of 64 windows diverged", "3 of 64 windows diverged");
}

static void numbers_survive_the_document(void** state) {
  (void)state;
  const double value = 0.1 + 0.2;
  row r = row_default();
  r.value = value;
  r.lo = 1e-300;
  rows all = rows_new();
  rows_add(&all, &r);
  json_t* document = rows_document(&all);
  char* text = json_dumps(document, JSON_COMPACT);
  json_t* again = json_loads(text, 0, NULL);
  assert_int_equal(json_integer_value(json_object_get(again, "schema")), 1);
  const json_t* first = json_array_get(json_object_get(again, "rows"), 0);
  assert_true(json_real_value(json_object_get(first, "value")) == value);
  assert_true(json_real_value(json_object_get(first, "lo")) == 1e-300);
  assert_true(json_is_null(json_object_get(first, "hi")));
  json_decref(again);
  json_decref(document);
  free(text);
  rows_free(&all);
}

static void every_status_has_an_exit_code(void** state) {
  (void)state;
  assert_int_equal(report_failure(DF_OK), 0);
  for (int s = DF_OK + 1; s < DF_STATUS_COUNT; s++) {
    const int code = report_failure(df_fail((df_status)s, "test of status %d", s));
    assert_true(code == EXIT_USAGE || code == EXIT_INCOMPLETE || code == EXIT_INTERRUPTED);
  }
  assert_int_equal(report_failure(df_fail(DF_E_CONFIG, "test")), EXIT_USAGE);
  assert_int_equal(report_failure(df_fail(DF_E_MISSING, "test")), EXIT_INCOMPLETE);
  assert_int_equal(report_failure(df_fail(DF_E_INTERRUPTED, "test")), EXIT_INTERRUPTED);
}

/* what rows_print() writes to standard output, to be freed with df_free() */
static char* printed(const rows* r) {
  char path[] = "/tmp/dynaflow-rows-XXXXXX", *text;
  size_t n;
  const int file = mkstemp(path), before = dup(STDOUT_FILENO);
  const options opts = options_default();
  assert_true(file >= 0 && before >= 0);
  fflush(stdout);
  dup2(file, STDOUT_FILENO);
  rows_print(r, &opts);
  fflush(stdout);
  dup2(before, STDOUT_FILENO);
  close(before);
  close(file);
  assert_int_equal(df_file_read(path, &text, &n), DF_OK);
  remove(path);
  return text;
}

static void a_table_has_every_column_and_every_byte(void** state) {
  (void)state;
  enum { COLUMNS = 60, LONG = 3000 };
  char words[LONG + 1], wanted[2 * LONG + 20 * COLUMNS] = "", line[2 * LONG] = "";
  rows all = rows_new();
  json_t* o = json_object();
  memset(words, 'w', LONG);
  words[LONG] = '\0';
  for (int c = 0; c < COLUMNS; c++) {
    char name[16];
    snprintf(name, sizeof name, "c%d", c + 10);
    json_object_set_new(o, name, json_integer(c + 100));
    snprintf(wanted + strlen(wanted), 32, "%s  ", name);
    snprintf(line + strlen(line), 32, "%d  ", c + 100);
  }
  json_object_set_new(o, "last", json_string(words));
  rows_add_object(&all, o);
  strcat(strcat(wanted, "last\n"), line);
  strcat(strcat(wanted, words), "\n");
  char* found = printed(&all);
  assert_string_equal(found, wanted);
  df_free(found);
  rows_free(&all);
}

static void columns_are_as_wide_as_what_is_seen(void** state) {
  (void)state;
  rows all = rows_new();
  rows_add_object(&all, json_pack("{s:s,s:s,s:i}", "einheit µ", "é中", "b", "x", "n", 5));
  rows_add_object(&all, json_pack("{s:s,s:s,s:i}", "einheit µ", "0123456789a", "b", "yy", "n", 1234));
  char* found = printed(&all);
  assert_string_equal(found,
                      "einheit µ    b      n\n"
                      "é中          x      5\n"
                      "0123456789a  yy  1234\n");
  df_free(found);
  rows_free(&all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_row_has_every_column),
      cmocka_unit_test(what_is_not_finite_is_null_with_a_reason),
      cmocka_unit_test(numbers_survive_the_document),
      cmocka_unit_test(every_status_has_an_exit_code),
      cmocka_unit_test(a_table_has_every_column_and_every_byte),
      cmocka_unit_test(columns_are_as_wide_as_what_is_seen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
