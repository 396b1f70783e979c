#include "arrays_test.h"
#include "capture.h"

static const char refused[] = "tests/io/recordings/refused.h5";

/* refused.h5 is written by tests/io/recordings/make.py */
static void what_must_not_be_read_is_refused_by_name(void** state) {
  (void)state;
  static const struct {
    const char *name, *says;
  } cases[] = {
      {"complex", "expected numbers, found compound; write its fields as arrays of their own"},
      {"compound", "expected numbers, found compound; write its fields as arrays of their own"},
      {"reference", "expected numbers, found reference"},
      {"ragged", "expected numbers, found ragged list; write its rows as arrays of their own"},
      {"enumeration", "expected numbers, found enumeration"},
      {"null", "expected numbers, found empty"},
      {"deep", "expected numbers, found array of more than 8 dimensions"},
      {"soft", "expected numbers, found soft link; name the array that it leads to"},
      {"elsewhere", "expected numbers, found external link; copy the array that it leads to into this file"},
      {"external", "expected numbers, found external (in other files); copy its values into this file"},
      {"virtual", "expected numbers, found virtual (in other files); copy its values into this file"},
      {"lzf",
       "expected numbers, found compressed (filter 32000 'lzf'); write it again with gzip or without compression"},
      {"overflow", "shape too large"},
      {"too_large", "integer at position 1 is beyond 2^53, not exact as a double"},
      {"too_large_unsigned", "integer at position 0 is beyond 2^53, not exact as a double"},
      {"lines", "expected numbers, found text"},
  };
  df_arrays* arrays;
  capture c = capture_begin(stderr);
  assert_ok(df_arrays_open(refused, &arrays));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) assert_unreadable(arrays, cases[i].name, cases[i].says);
  char* printed = capture_end(&c);
  assert_string_equal(printed, "");
  free(printed);
  char* text;
  assert_int_equal(df_arrays_read_text(arrays, "lines", &text), DF_E_FORMAT);
  assert_says(refused, "array 'lines': text 1 contains a line break");
  assert_int_equal(df_arrays_read_text(arrays, "good", &text), DF_E_FORMAT);
  assert_says("array 'good': expected a string or a list of strings, found float64 of rank 1");

  /* groups and types are no arrays, and a group in itself is listed once */
  assert_int_equal(df_arrays_find(arrays, "type"), -1);
  assert_int_equal(df_arrays_find(arrays, "group/itself"), -1);
  assert_int_equal(df_arrays_count(arrays), (int)(sizeof cases / sizeof *cases) + 3);
  assert_array(arrays, "good", "float64", 1, 2, 0, (const double[]){1, 2});
  df_arrays_close(arrays);
}

/* 10^12 doubles of a dataset without content, and one byte in a chunk of 2 GiB */
static void sizes_that_a_file_claims_are_bounded(void** state) {
  (void)state;
  df_arrays* arrays;
  df_array a;
  assert_ok(df_arrays_open(refused, &arrays));
  (void)df_alloc_peak();
  assert_int_equal(df_arrays_read(arrays, "bomb", &a), DF_E_FORMAT);
  assert_says(refused, "array 'bomb': the arrays take 7629394.5 MiB of memory", "at most 256.0 MiB or 64 times");
  assert_int_equal(df_arrays_read(arrays, "chunk_bomb", &a), DF_E_FORMAT);
  assert_says(refused, "array 'chunk_bomb': the arrays take 2048.0 MiB of memory");
  assert_true(df_alloc_peak() < 1 << 20);
  df_arrays_close(arrays);
}

static void a_damaged_file_is_refused_by_name(void** state) {
  (void)state;
  char* bytes;
  size_t n;
  df_arrays* arrays;
  assert_ok(df_file_read("tests/io/recordings/demonstrations.h5", &bytes, &n));
  assert_int_equal(open_content(bytes, n / 2, &arrays), DF_E_FORMAT);
  assert_null(arrays);
  assert_says(scratch_path, "not a readable HDF5 file: truncated file");

  /* a fault in a compressed or checked array is found when it is read */
  int refused_arrays = 0;
  for (size_t at = 0; at < n; at += 7) {
    bytes[at] ^= 0x55;
    capture c = capture_begin(stderr);
    if (open_content(bytes, n, &arrays) == DF_OK) {
      for (int i = 0; i < df_arrays_count(arrays); i++) {
        df_array a;
        refused_arrays += df_arrays_read(arrays, df_arrays_info(arrays, i)->name, &a) != DF_OK;
        df_array_clear(&a);
      }
      df_arrays_close(arrays);
    }
    char* printed = capture_end(&c);
    assert_string_equal(printed, "");
    free(printed);
    bytes[at] ^= 0x55;
  }
  assert_true(refused_arrays > 0);
  df_free(bytes);
}

/* rounded.h5 is written by make.py; the rounding is that of the values, compared with those of `plain` */
static void rounding_by_filters_and_types_is_stated(void** state) {
  (void)state;
  static const struct {
    const char* name;
    df_array_rounding_kind kind;
    int n;
    double largest; /* error of numbers up to 3 */
  } cases[] = {{"plain", DF_ARRAY_PLAIN, 0, 0},
               {"half", DF_ARRAY_PLAIN, 0, 0x1p-10},
               {"whole", DF_ARRAY_PLAIN, 0, 40},
               {"steps", DF_ARRAY_STEPS, 3, 0.0005},
               {"bits", DF_ARRAY_BITS, 16, 0x1p-15}};
  df_arrays* arrays;
  df_array exact;
  assert_ok(df_arrays_open("tests/io/recordings/rounded.h5", &arrays));
  assert_ok(df_arrays_read(arrays, "plain", &exact));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const df_array_info* info = df_arrays_info(arrays, df_arrays_find(arrays, cases[i].name));
    df_array a;
    double largest = 0;
    assert_int_equal(info->rounding.kind, cases[i].kind);
    assert_int_equal(info->rounding.n, cases[i].n);
    assert_ok(df_arrays_read(arrays, cases[i].name, &a));
    for (size_t k = 0; k < a.count && a.count == exact.count; k++)
      largest = fmax(largest, fabs(a.values[k] - exact.values[k]));
    assert_true(largest <= cases[i].largest * (1 + 1e-9));
    if (cases[i].kind) assert_true(largest > 0.9 * cases[i].largest);
    df_array_clear(&a);
  }
  df_array_clear(&exact);
  df_arrays_close(arrays);
}

static void a_failed_allocation_leaks_nothing(void** state) {
  (void)state;
  fail_every_allocation("tests/io/recordings/demonstrations.h5");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_must_not_be_read_is_refused_by_name),
      cmocka_unit_test(sizes_that_a_file_claims_are_bounded),
      IN_SCRATCH(a_damaged_file_is_refused_by_name),
      cmocka_unit_test(rounding_by_filters_and_types_is_stated),
      cmocka_unit_test(a_failed_allocation_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
