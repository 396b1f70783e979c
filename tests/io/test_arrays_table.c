#include "arrays_test.h"
#include "comma_locale.h"

static df_arrays* open_text(const char* text) {
  df_arrays* arrays;
  assert_ok(open_content(text, strlen(text), &arrays));
  assert_string_equal(df_arrays_format(arrays), "CSV");
  return arrays;
}

/* the same two rows, written in every way */
static void every_separator_is_found(void** state) {
  (void)state;
  static const char* const texts[] = {"1,-2.5,3e2\n4,5,6\n",
                                      "1, -2.5, 3e2\r\n4, 5, 6\r\n",
                                      "1;-2.5;3e2\r4;5;6",
                                      "1\t-2.5\t3e2\n4\t5\t6\n",
                                      "\xef\xbb\xbf  1   -2.5\t 3e2  \n\n \t\n4 5 6",
                                      "1,\t-2.5,\t3e2,\n4,\t5,\t6,\n",
                                      "# a comment\n1,-2.5,3e2\n# another\n4,5,6\n",
                                      "\"1\",\"-2.5\",\"3e2\"\n4 ,5 ,6\n"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    df_arrays* arrays = open_text(texts[i]);
    const char* const* names;
    assert_int_equal(df_arrays_count(arrays), 1);
    assert_array(arrays, "table", "float64", 2, 2, 3, (const double[]){1, -2.5, 300, 4, 5, 6});
    assert_int_equal(df_arrays_columns(arrays, "table", &names), 0);
    assert_null(names);
    df_arrays_close(arrays);
  }
}

/* a header line, and the one that numpy.savetxt writes */
static void a_header_names_the_columns(void** state) {
  (void)state;
  static const struct {
    const char *text, *second;
  } cases[] = {{"t,hip,done\n0,1.5,False\n0.1,2.5,True\n", "hip"},
               {"\"t\";\"hip \"\"left\"\"; deg\";done\n0;1.5;0\n0.1;2.5;1\n", "hip \"left\"; deg"},
               {"# of a robot\n# t hip done\n0 1.5 0\n0.1 2.5 1\n", "hip"},
               {"t;hip, deg;done\n0;1.5;0\n0.1;2.5;1\n", "hip, deg"},
               {"t\thip angle\tdone\n\n0\t1.5\tfalse\n0.1\t2.5\ttrue", "hip angle"},
               /* words and numbers in the names */
               {"t\thip 2\tdone\n0\t1.5\t0\n0.1\t2.5\t1\n", "hip 2"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_arrays* arrays = open_text(cases[i].text);
    const char* const* names;
    assert_int_equal(df_arrays_count(arrays), 4);
    assert_array(arrays, "table", "float64", 2, 2, 3, (const double[]){0, 1.5, 0, 0.1, 2.5, 1});
    assert_array(arrays, cases[i].second, "float64", 1, 2, 0, (const double[]){1.5, 2.5});
    assert_array(arrays, "done", "float64", 1, 2, 0, (const double[]){0, 1});
    assert_int_equal(df_arrays_columns(arrays, "table", &names), 3);
    assert_string_equal(names[0], "t");
    assert_string_equal(names[1], cases[i].second);
    assert_string_equal(names[2], "done");
    assert_int_equal(df_arrays_columns(arrays, "t", &names), 0);
    df_arrays_close(arrays);
  }
}

/* 0, 1, 2 without names are the header of pandas; short ones only above numbers with points */
static void a_header_of_numbers_is_refused(void** state) {
  (void)state;
  static const char* const refused[] = {"0,1,2\n0.5,0.25,1e-3\n", "0,1,2\n7,8,9\n", "0 1\n# a comment\n0.5 1e3\n",
                                        "0\n0.5\n0.25\n", "\"0\",\"1\"\r\n-0.5,nan\r\n"};
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    assert_refused(refused[i],
                   "looks like the header that pandas writes for columns without names; delete the line "
                   "(to_csv(header=False)), or write 0.0 if it is a row of numbers");
  }
  assert_refused("\n0,1,2\n0.5,0.25,1e-3\n", "line 2: '0,1,2' looks like the header");
  /* rows of numbers: not from 0, not by one, with a point, above other whole numbers, alone, below names */
  static const char* const rows[] = {"1,2,3\n0.5,0.5,0.5\n", "0,1,3\n0.5,0.5,0.5\n", "0.0,1,2\n0.5,0.5,0.5\n",
                                     "0,1\n0.5,2\n",         "0\n0.5\n1\n",          "0,1\n",
                                     "a,b,c\n0,1,2\n"};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    df_array a;
    df_arrays* arrays = open_text(rows[i]);
    assert_ok(df_arrays_read(arrays, "table", &a));
    assert_true(a.values[0] == (i == 0));
    df_array_clear(&a);
    df_arrays_close(arrays);
  }
}

static void missing_values_are_written_nan(void** state) {
  (void)state;
  df_array a;
  df_arrays* arrays = open_text("1,nan\ninf,-inf\n1e308,Infinity\n");
  assert_ok(df_arrays_read(arrays, "table", &a));
  assert_true(isnan(a.values[1]) && a.values[2] == INFINITY && a.values[3] == -INFINITY);
  assert_true(a.values[4] == 1e308 && a.values[5] == INFINITY);
  df_array_clear(&a);
  char* text;
  assert_int_equal(df_arrays_read_text(arrays, "table", &text), DF_E_FORMAT);
  assert_says(scratch_path, "array 'table': expected a string or a list of strings, found float64 of rank 2");
  df_arrays_close(arrays);
}

static void what_is_no_table_is_refused_with_line_and_column(void** state) {
  (void)state;
  static const struct {
    const char *text, *says;
  } cases[] = {
      {"a,b\n1,5,2,5\n",
       "line 2: 4 columns, line 1 has 2; all lines of a table have as many; if the numbers have "
       "decimal commas, write decimal points"},
      {"1,2,3\n4,5\n", "line 2: 2 columns, line 1 has 3; all lines of a table have as many"},
      {"a b\n\n1 2\n3 4 5\n", "line 4: 3 columns, line 1 has 2"},
      {"1,2\n3,x\n", "line 2, column 2: 'x' is not a number; a table has only numbers"},
      {"1,walk\n3,4\n", "line 1, column 2: 'walk' is not a number"},
      {"a,b\n1,\"2\n", "line 2, column 2: '2' is not a number"},
      {"a,b\n1,\"2\"3\n", "line 2, column 2: '2' is not a number"},
      {"1;2\n1,5;2\n", "line 2, column 1: '1,5' is not a number; write decimal points, not commas"},
      {"1,2\n3,1e400\n", "line 2, column 2: '1e400' is beyond the range of a double, about 1.8e308"},
      {"1,2\n-1e999,2\n", "line 2, column 1: '-1e999' is beyond the range of a double"},
      {"1,2\n,2\n", "line 2, column 1: an empty cell; write nan where a value is missing"},
      {"1,2\n1,,2\n", "line 2, column 2: an empty cell"},
      {"The motions of a dog\nare these:\n", "line 2, column 1: 'are' is not a number"},
      {"a,b\n", "not a table: no line of numbers"},
      {"# only\n", "not a table: no line of numbers"},
      {"a,a\n1,2\n", "two arrays are named 'a'"},
      {"table,b\n1,2\n", "two arrays are named 'table'"},
      {"1\n1234567890123456789012345678901234567890123456789012345678901234\n", "is not a number"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) assert_refused(cases[i].text, cases[i].says);
}

/* a program that shows numbers with a comma reads the same tables */
static void numbers_have_a_point_in_any_locale(void** state) {
  if (!set_comma_locale()) {
    print_message("skipped: no locale with a decimal comma\n");
    skip();
  }
  every_separator_is_found(state);
  a_header_names_the_columns(state);
  set_point_locale();
}

static void a_failed_allocation_leaks_nothing(void** state) {
  (void)state;
  scratch_put("a,b\n1,2\n", 8);
  fail_every_allocation(scratch_path);
}

/* as an array `fps` or `dt`, with names of the columns and without */
static void a_rate_in_a_comment_is_an_array(void** state) {
  (void)state;
  static const struct {
    const char *comment, *name;
    double value;
  } cases[] = {{"# frame rate: 50 fps", "fps", 50},
               {"# FPS=29.97", "fps", 29.97},
               {"# recorded at 120 Hz by motion capture", "fps", 120},
               {"#sampling_rate (Hz): 1e2", "fps", 100},
               {"# dt: 0.02", "dt", 0.02},
               {"# robot 7: Frame Time = 8 ms", "dt", 0.008},
               {"# 50 Hz", "fps", 50},
               {"# walk; 120 fps", "fps", 120},
               {"# control frequency 500 Hz; logged at 100 Hz", "fps", 100},
               {"# sample rate (kHz): 1", "fps", 1000},
               {"# sampling frequency: 0.2 kHz", "fps", 200},
               {"# recording rate [frames per second] 25", "fps", 25},
               {"# dt (ms) = 1", "dt", 0.001},
               {"# dt (ms): 10", "dt", 0.01},
               {"# timestep (ms): 0.5", "dt", 0.0005},
               {"# time_step [s]: 0.5", "dt", 0.5},
               {"# sampling period: 2000 us", "dt", 0.002},
               {"# frame rate: 50 fps; dt: 0.02", "fps", 50},
               /* no rates */
               {"# 50 frames of version 3", NULL, 0},
               {"# fps: unknown; subject 30", NULL, 0},
               {"# generate 40; dt 40; 0 Hz", NULL, 0},
               {"# x50fps", NULL, 0},
               {"# serial port /dev/ttyUSB0; baud rate: 9600", NULL, 0},
               {"# controller at 500 Hz; baud rate: 9600", NULL, 0},
               {"# excitation: sine; frequency 3 Hz", NULL, 0},
               {"# excitation: chirp; frequency 2 to 8 Hz", NULL, 0},
               {"# low-pass filtered; cutoff frequency 20 Hz", NULL, 0},
               {"# rate 2 of 3 trials", NULL, 0},
               {"# learning rate: 3", NULL, 0},
               {"# control dt: 0.001; 500 Hz", NULL, 0},
               {"# camera frame rate: 30 fps", NULL, 0},
               {"# frame rate 30 to 60 Hz", NULL, 0},
               {"# frame rate: 30/60 Hz", NULL, 0},
               {"# timestep: 1 of 100", NULL, 0},
               {"# dt (frames): 1", NULL, 0},
               {"# dt (Hz): 1", NULL, 0},
               {"# dt (ms): 1 s", NULL, 0},
               {"# dt 10", NULL, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int header = 0; header < 2; header++) {
      char text[128];
      snprintf(text, sizeof text, "%s\n%s1,2\n3,4\n", cases[i].comment, header ? "a,b\n" : "");
      df_arrays* arrays = open_text(text);
      assert_int_equal(df_arrays_count(arrays), 1 + 2 * header + (cases[i].name != NULL));
      if (header) assert_array(arrays, "b", "float64", 1, 2, 0, (const double[]){2, 4});
      if (cases[i].name) assert_array(arrays, cases[i].name, "float64", 0, 0, 0, &cases[i].value);
      df_arrays_close(arrays);
    }
  }
}

/* the first one and one that differs from it, with their lines */
static void rates_that_differ_are_a_text(void** state) {
  (void)state;
  static const struct {
    const char *file, *says;
  } cases[] = {{"# frame rate: 50 Hz; dt: 0.01\n1,2\n3,4\n", "50 Hz in line 1, but 0.01 s per frame in line 1"},
               {"# a walk\n# dt: 5 ms\n# dt: 0.005\na,b\n\n# 120 fps\n# 60 fps\n1,2\n",
                "0.005 s per frame in line 2, but 120 Hz in line 6"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char* text;
    df_arrays* arrays = open_text(cases[i].file);
    assert_true(df_arrays_find(arrays, "fps") < 0 && df_arrays_find(arrays, "dt") < 0);
    assert_ok(df_arrays_read_text(arrays, DF_ARRAYS_RATES, &text));
    assert_string_equal(text, cases[i].says);
    df_free(text);
    /* and no number */
    df_array numbers;
    assert_int_equal(df_arrays_read(arrays, DF_ARRAYS_RATES, &numbers), DF_E_FORMAT);
    assert_non_null(strstr(df_error_message(), "array 'contradicting rates': expected numbers, found text"));
    df_arrays_close(arrays);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_SCRATCH(every_separator_is_found),
      IN_SCRATCH(a_header_names_the_columns),
      IN_SCRATCH(a_rate_in_a_comment_is_an_array),
      IN_SCRATCH(a_header_of_numbers_is_refused),
      IN_SCRATCH(rates_that_differ_are_a_text),
      IN_SCRATCH(missing_values_are_written_nan),
      IN_SCRATCH(what_is_no_table_is_refused_with_line_and_column),
      IN_SCRATCH(numbers_have_a_point_in_any_locale),
      IN_SCRATCH(a_failed_allocation_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
