#include "arrays_test.h"
#include "dynaflow/io/memory.h"

static df_arrays* open_text(const char* text) {
  df_arrays* arrays;
  assert_ok(open_content(text, strlen(text), &arrays));
  assert_string_equal(df_arrays_format(arrays), "JSON");
  return arrays;
}

static void lists_become_arrays(void** state) {
  (void)state;
  df_arrays* arrays = open_text(
      "\xef\xbb\xbf\n{\"LoopMode\": \"Wrap\", \"FrameDuration\": 0.02, \"Loop\": true, \"Frames\": [[1, 2.5, -3], [4, "
      "5, "
      "6e1]],\n \"counts\": [3, -9007199254740992], \"none\": [], \"rows\": [[], []], \"cube\": [[[1],[2]]]}");
  assert_int_equal(df_arrays_count(arrays), 8);
  assert_array(arrays, "FrameDuration", "float64", 0, 0, 0, (const double[]){0.02});
  assert_array(arrays, "Loop", "bool", 0, 0, 0, (const double[]){1});
  assert_array(arrays, "Frames", "float64", 2, 2, 3, (const double[]){1, 2.5, -3, 4, 5, 60});
  assert_array(arrays, "counts", "int64", 1, 2, 0, (const double[]){3, -9007199254740992.0});
  assert_array(arrays, "none", "float64", 1, 0, 0, NULL);
  assert_array(arrays, "rows", "float64", 2, 2, 0, NULL);
  df_array a;
  assert_ok(df_arrays_read(arrays, "cube", &a));
  assert_int_equal(a.rank, 3);
  assert_int_equal(a.shape[1], 2);
  assert_true(a.values[0] == 1 && a.values[1] == 2);
  df_array_clear(&a);
  df_arrays_close(arrays);

  arrays = open_text("[[1, 2], [3, 4]]");
  assert_array(arrays, "table", "int64", 2, 2, 2, (const double[]){1, 2, 3, 4});
  df_arrays_close(arrays);
}

static void objects_inside_are_paths(void** state) {
  (void)state;
  df_arrays* arrays =
      open_text("{\"a\": {\"x\": [1], \"y\": {\"z\": 2}}, \"frames\": [{\"q\": [3, 4]}, {\"q\": [5]}, 6]}");
  assert_int_equal(df_arrays_count(arrays), 5);
  assert_array(arrays, "a/x", "int64", 1, 1, 0, (const double[]){1});
  assert_array(arrays, "a/y/z", "int64", 0, 0, 0, (const double[]){2});
  assert_array(arrays, "frames/0/q", "int64", 1, 2, 0, (const double[]){3, 4});
  assert_array(arrays, "frames/1/q", "int64", 1, 1, 0, (const double[]){5});
  assert_array(arrays, "frames/2", "int64", 0, 0, 0, (const double[]){6});
  df_arrays_close(arrays);
  arrays = open_text("[{\"q\": [1]}]");
  assert_array(arrays, "0/q", "int64", 1, 1, 0, (const double[]){1});
  df_arrays_close(arrays);
}

static void what_is_no_array_says_why(void** state) {
  (void)state;
  static const char rest[] = "; an array needs rows of one length and elements of one type";
  static const struct {
    const char *value, *type, *says;
    bool rectangular;
  } cases[] = {
      {"[[1, 2, 3], [4, 5, 6], [7, 8]]", "ragged list", "row 2 has 2 values, the first has 3", false},
      {"[[1, 2], [3, 4, 5]]", "ragged list", "row 1 has 3 values, the first has 2", false},
      {"[[1], 2]", "ragged list", "row 1 is no list, the first is one", false},
      {"[1, [2]]", "ragged list", "row 1 is a list, the first is not", false},
      {"[[[1, 2], [3]]]", "ragged list", "entry [0][1] has 1 values, the first has 2", false},
      {"[[0, 1], [2, \"x\"]]", "ragged list", "entry [1][1] is text, the first is a number", false},
      {"[0.5, null]", "ragged list", "row 1 is null, the first is a number", false},
      {"[[null, 1], [2, 3]]", "ragged list", "entry [0][1] is a number, the first is null", false},
      {"[true, 1]", "ragged list", "row 1 is a number, the first is a truth value", false},
      {"[[[[[[[[[1]]]]]]]]]", "ragged list", "the value has more than 8 dimensions", false},
      {"[1, 9007199254740993]", "int64", "row 1 is an integer beyond 2^53, not exact as a double", false},
      {"[1, -9007199254740993]", "int64", "row 1 is an integer beyond 2^53, not exact as a double", false},
      {"\"word\"", "text", "expected numbers, found text", true},
      {"null", "null", "expected numbers, found null", true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[200], says[200];
    snprintf(text, sizeof text, "{\"good\": 1, \"bad\": %s}", cases[i].value);
    snprintf(says, sizeof says, "%s%s", cases[i].says, cases[i].rectangular ? "" : rest);
    df_arrays* arrays = open_text(text);
    assert_string_equal(df_arrays_info(arrays, 1)->type, cases[i].type);
    assert_int_equal(df_arrays_info(arrays, 1)->numeric, strcmp(cases[i].type, "int64") == 0);
    assert_unreadable(arrays, "bad", says);
    assert_array(arrays, "good", "int64", 0, 0, 0, (const double[]){1});
    df_arrays_close(arrays);
  }
}

static void text_is_a_string_or_lines(void** state) {
  (void)state;
  char* text;
  df_arrays* arrays =
      open_text("{\"one\": \"caf\\u00e9\", \"list\": [\"hip\", \"\", \"knee\"], \"broken\": [\"a\\nb\"], \"n\": 1}");
  assert_ok(df_arrays_read_text(arrays, "one", &text));
  assert_string_equal(text, "caf\xc3\xa9");
  df_free(text);
  assert_ok(df_arrays_read_text(arrays, "list", &text));
  assert_string_equal(text, "hip\n\nknee");
  df_free(text);
  assert_int_equal(df_arrays_read_text(arrays, "broken", &text), DF_E_FORMAT);
  assert_says(scratch_path, "array 'broken': text 0 contains a line break");
  assert_int_equal(df_arrays_read_text(arrays, "n", &text), DF_E_FORMAT);
  assert_null(text);
  assert_says("array 'n': expected a string or a list of strings, found int64 of rank 0");
  df_arrays_close(arrays);
}

static void a_malformed_file_is_refused_with_line_and_column(void** state) {
  (void)state;
  assert_refused("{\"a\": [1,\n 2,]}", "line 2, column 4: not valid JSON");
  assert_refused("{\"a\": 1, \"a\": 2}", "not valid JSON: duplicate object key");
  assert_refused("{\"a\": NaN}", "line 1, column 9: not valid JSON");
  assert_refused("{\"a\": [1, 2", "not valid JSON");
  assert_refused("[1] [2]", "not valid JSON");
  assert_refused("{}", "the JSON file contains no array");
  char deep[400] = "";
  for (int i = 0; i < 40; i++) memcpy(deep + 5 * i, "{\"a\":", 6);
  assert_refused(strcat(strcat(deep, "1"), "}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}"), "objects more than 32 deep");
  char name[1200];
  snprintf(name, sizeof name, "{\"%01024d\": 1}", 0);
  assert_refused(name, "a name of 1024 bytes, at most 1023 are supported");
  assert_refused("{\"a\": {\"b\": 1}, \"a/b\": 2}", "two arrays are named 'a/b'");
}

/* values take up to 100 times the bytes of the text: here 280 per "{}," */
static void the_memory_of_the_values_is_bounded(void** state) {
  (void)state;
  enum { N = 10000 };
  static char text[3 * N + 3] = "[";
  for (int i = 0; i < N; i++) memcpy(text + 1 + 3 * i, i + 1 < N ? "{}," : "{}]", 4);
  assert_int_equal(df_io_set_memory(1000000), DF_IO_MEMORY);
  assert_refused(text, "array '(all)': the arrays take 2.7 MiB of memory");
  assert_int_equal(df_io_set_memory(DF_IO_MEMORY), 1000000);
  assert_refused(text, "the JSON file contains no array");
}

static void a_failed_allocation_leaks_nothing(void** state) {
  (void)state;
  static const char text[] = "{\"a\": [1, 2], \"b\": \"x\", \"c\": [\"x\", \"y\"], \"d\": {\"e\": true}}";
  scratch_put(text, strlen(text));
  fail_every_allocation(scratch_path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_SCRATCH(lists_become_arrays),
      IN_SCRATCH(objects_inside_are_paths),
      IN_SCRATCH(what_is_no_array_says_why),
      IN_SCRATCH(text_is_a_string_or_lines),
      IN_SCRATCH(a_malformed_file_is_refused_with_line_and_column),
      IN_SCRATCH(the_memory_of_the_values_is_bounded),
      IN_SCRATCH(a_failed_allocation_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
