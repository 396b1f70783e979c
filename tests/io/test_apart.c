/* slow: a child is ended after 5 seconds of CPU time */
#include "data_test.h"

#include <signal.h>
#include <sys/wait.h>

#include "apart.h"
#include "capture.h"
#include "dynaflow/io/memory.h"
#include "unit.h"

/* arrays of a reader that fails in one way each */
enum { GOOD, CRASHES, ENDS, TAKES_MEMORY, PRINTS, LOOPS, REFUSED, KINDS };

static df_status open_bad(df_arrays* arrays) {
  const size_t shape[] = {3};
  for (int i = 0; i < KINDS; i++) {
    const char name[] = {(char)('0' + i), '\0'};
    DF_TRY(df_arrays_add(arrays, name, 1, shape, i == REFUSED ? "text" : "float64", i != REFUSED));
  }
  arrays->state = arrays; /* is the child's */
  return DF_OK;
}

static df_status crash_at_once(df_arrays* arrays) {
  (void)arrays;
  raise(SIGABRT);
  return DF_OK;
}

/* allocates until nothing is left: the limit of memory.h, and what a library may have beside it */
static size_t take_memory(void) {
  size_t mib = 0;
  for (volatile char* block; mib < 4096 && (block = malloc(1 << 20)); mib++) *block = 1;
  return mib;
}

static df_status read_bad(df_arrays* arrays, int i, df_array* out) {
  if (i == CRASHES) raise(SIGSEGV);
  if (i == ENDS) _exit(0);
  for (volatile bool loops = i == LOOPS; loops;) {
  }
  if (i == PRINTS && (fprintf(stderr, "noise\n") < 0 || fflush(stderr) != 0)) return DF_E_IO;
  if (i == REFUSED) return df_fail(DF_E_MISMATCH, "%s: refused", arrays->path);
  double* values = df_alloc(3, sizeof *values);
  if (!values) return DF_E_NOMEM;
  for (int k = 0; k < 3; k++) values[k] = i == TAKES_MEMORY ? (double)take_memory() : k + 0.5;
  *out = (df_array){.rank = 1, .shape = {3}, .count = 3, .values = values};
  return DF_OK;
}

static df_status read_bad_text(df_arrays* arrays, int i, char** out) {
  (void)arrays;
  if (i == CRASHES) raise(SIGSEGV);
  return (*out = df_strdup("one\ntwo")) ? DF_OK : DF_E_NOMEM;
}

static const df_arrays_reader bad = {.open = open_bad, .read = read_bad, .read_text = read_bad_text};
static const df_arrays_reader worse = {.open = crash_at_once};

static void begin(df_arrays* arrays, const df_arrays_reader* inside, df_status wanted) {
  static char path[] = "some/file";
  *arrays = (df_arrays){.path = path, .format = "bad", .charge = {.path = path, .file_size = 10}};
  assert_int_equal(df_apart_open(arrays, inside), wanted);
}

static void end(df_arrays* arrays) {
  df_apart_close(arrays->state);
  for (int i = 0; i < arrays->count; i++) df_free(arrays->item[i].text);
  df_free(arrays->item);
  int code;
  assert_int_equal(waitpid(-1, &code, WNOHANG), -1); /* no child is left */
}

static void arrays_and_text_arrive(void** state) {
  (void)state;
  df_arrays arrays;
  df_array a;
  char* text;
  begin(&arrays, &bad, DF_OK);
  assert_int_equal(arrays.count, KINDS);
  assert_string_equal(arrays.item[2].info.name, "2");
  assert_string_equal(arrays.item[REFUSED].info.type, "text");
  assert_int_equal(arrays.item[2].info.shape[0], 3);
  capture c = capture_begin(stderr);
  for (int again = 0; again < 2; again++) {
    assert_ok(df_apart_read(&arrays, again ? PRINTS : GOOD, &a));
    assert_int_equal(a.count, 3);
    assert_true(a.values[0] == 0.5 && a.values[2] == 2.5);
    df_array_clear(&a);
  }
  char* printed = capture_end(&c);
  assert_string_equal(printed, "");
  free(printed);
  assert_ok(df_apart_read_text(&arrays, GOOD, &text));
  assert_string_equal(text, "one\ntwo");
  df_free(text);
  memset(&a, 0, sizeof a);
  assert_int_equal(df_apart_read(&arrays, REFUSED, &a), DF_E_MISMATCH);
  assert_string_equal(df_error_message(), "some/file: refused");
  assert_null(a.values);
  end(&arrays);
}

static void a_crash_is_an_error_that_names_file_and_array(void** state) {
  (void)state;
  static const struct {
    int array;
    const char* says;
  } cases[] = {
      {CRASHES,
       "some/file: array '1': the library that reads bad files failed (Segmentation fault); the file is damaged"},
      {ENDS, "some/file: array '2': the library that reads bad files failed (it ended); the file is damaged"},
      {LOOPS,
       "some/file: array '5': the library that reads bad files failed (CPU time limit exceeded); the file is damaged"}};
  df_arrays arrays;
  df_array a;
  char* text;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    begin(&arrays, &bad, DF_OK);
    assert_int_equal(df_apart_read(&arrays, cases[i].array, &a), DF_E_FORMAT);
    assert_string_equal(df_error_message(), cases[i].says);
    assert_int_equal(df_apart_read(&arrays, GOOD, &a), DF_E_FORMAT);
    assert_string_equal(df_error_message(), "some/file: the library that reads bad files failed before");
    assert_int_equal(df_apart_read_text(&arrays, GOOD, &text), DF_E_FORMAT);
    end(&arrays);
  }
  begin(&arrays, &bad, DF_OK);
  assert_int_equal(df_apart_read_text(&arrays, CRASHES, &text), DF_E_FORMAT);
  assert_string_equal(df_error_message(), cases[0].says);
  end(&arrays);
  begin(&arrays, &worse, DF_E_FORMAT);
  assert_string_equal(df_error_message(),
                      "some/file: the library that reads bad files failed (Aborted); the file is damaged");
  end(&arrays);
}

static void the_memory_of_the_child_is_bounded(void** state) {
  (void)state;
  df_arrays arrays;
  df_array a;
  if (!DF_APART_BOUNDS_MEMORY) skip_because("AddressSanitizer hangs where it gets no memory");
  assert_int_equal(df_io_set_memory(100 << 20), DF_IO_MEMORY);
  begin(&arrays, &bad, DF_OK);
  assert_ok(df_apart_read(&arrays, TAKES_MEMORY, &a));
  const double mib = a.values[0];
  df_array_clear(&a);
  end(&arrays);
  assert_int_equal(df_io_set_memory(DF_IO_MEMORY), 100 << 20);
  assert_in_range((int)mib, 100, 170); /* 100 MiB and 64 MiB for the library */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arrays_and_text_arrive),
      cmocka_unit_test(a_crash_is_an_error_that_names_file_and_array),
      cmocka_unit_test(the_memory_of_the_child_is_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
