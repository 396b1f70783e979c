/* The leaves of a YAML file: dotted keys, texts and lines. */
#define _GNU_SOURCE
#include "yaml_leaves.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dynaflow/core/file.h"
#include "unit.h"

static char path[] = "/tmp/dynaflow-yaml-XXXXXX";

static df_status read_text(const char* text, df_yaml* out) {
  assert_int_equal(df_file_write(path, text, strlen(text)), DF_OK);
  return df_yaml_read(path, out);
}

static void leaves_come_out_in_the_order_of_the_file(void** state) {
  (void)state;
  df_yaml yaml;
  assert_int_equal(
      read_text("a: 1\nb:\n  c: 'two words'\n  d: [x, y]\n  e:\n    f: 1e-3 # comment\ng:\nh: {}\n", &yaml), DF_OK);
  static const df_yaml_leaf expected[] = {{"a", "1", 1, false, false},    {"b.c", "two words", 3, false, false},
                                          {"b.d", "x,y", 4, true, false}, {"b.e.f", "1e-3", 6, false, false},
                                          {"g", "", 7, false, true},      {"h", "", 8, false, true}};
  assert_int_equal(yaml.n, 6);
  for (int i = 0; i < yaml.n; i++) {
    assert_string_equal(yaml.leaf[i].key, expected[i].key);
    assert_string_equal(yaml.leaf[i].value, expected[i].value);
    assert_int_equal(yaml.leaf[i].line, expected[i].line);
    assert_int_equal(yaml.leaf[i].sequence, expected[i].sequence);
    assert_int_equal(yaml.leaf[i].empty, expected[i].empty);
  }
  df_yaml_clear(&yaml);
  assert_int_equal(yaml.n, 0);
}

/* the place of the byte that no YAML text may have, and its value; far enough into the file that it is read in parts */
static void bytes_that_are_no_text_have_their_line(void** state) {
  (void)state;
  static const struct {
    const char *before, *bad, *says;
    size_t lines; /* of a comment before it */
  } cases[] = {
      {"b: x", "\a", ":4: byte 5 of the line is 0x07: control characters are not allowed; the file must be", 3},
      {"", "\x1b", ":1: byte 1 of the line is 0x1b: control characters", 0},
      {"b: caf", "\xe9\n", ":6001: byte 8 of the line is 0x0a: invalid trailing UTF-8 octet", 6000},
      {"b: ", "\xff", ":2: byte 4 of the line is 0xff: invalid leading UTF-8 octet", 1}};
  static const char* const ends[] = {"\n", "\r\n", "\r"};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
      char* text = calloc(1, 20 * cases[i].lines + 100);
      char where[200];
      df_yaml yaml;
      assert_non_null(text);
      char* at = text;
      for (size_t l = 0; l < cases[i].lines; l++) at += sprintf(at, "# a comment%s", ends[k]);
      sprintf(at, "%s%s: 1\n", cases[i].before, cases[i].bad);
      assert_int_equal(read_text(text, &yaml), DF_E_FORMAT);
      snprintf(where, sizeof where, "%s%s", path, cases[i].says);
      if (!strstr(df_error_message(), where)) fail_msg("case %zu: %s", i, df_error_message());
      free(text);
    }
  }
}

static void faults_name_file_and_line_and_leave_nothing(void** state) {
  (void)state;
  static const struct {
    const char* text;
    df_status status;
    const char* line;
  } cases[] = {{"a: 1\nb: [1\n", DF_E_FORMAT, ":"},
               {"a: 1\nb:\n  c: 1\n  c: 2\n", DF_E_CONFIG, ":4"},
               {"a: 1\na: 2\n", DF_E_CONFIG, ":2"},
               {"a: [[1]]\n", DF_E_CONFIG, ":1"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_yaml yaml;
    const df_status status = read_text(cases[i].text, &yaml);
    if (status != cases[i].status) fail_msg("case %zu: %s: %s", i, df_status_text(status), df_error_message());
    char where[64];
    snprintf(where, sizeof where, "%s%s", path, cases[i].line);
    if (!strstr(df_error_message(), where)) fail_msg("case %zu: %s", i, df_error_message());
    assert_int_equal(yaml.n, 0);
    assert_null(yaml.leaf);
  }
}

static int begin(void** state) {
  (void)state;
  const int file = mkstemp(path);
  return file < 0 ? -1 : close(file);
}

static int end(void** state) {
  (void)state;
  return remove(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(leaves_come_out_in_the_order_of_the_file),
      cmocka_unit_test(bytes_that_are_no_text_have_their_line),
      cmocka_unit_test(faults_name_file_and_line_and_leave_nothing),
  };
  return cmocka_run_group_tests(tests, begin, end);
}
