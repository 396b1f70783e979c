#include "arrays_test.h"
#include "dynaflow/core/hash.h"
#include "shared_data.h"

static const char here[] = "tests/io/recordings";

/* one line of a table of tests/io/recordings */
typedef struct line {
  char file[128], array[128], type[16], shape[64], hash[DF_SHA256_TEXT];
} line;

static void shape_text(const df_array_info* info, char out[64]) {
  size_t n = (size_t)snprintf(out, 64, info->rank == 0 ? "-" : "");
  for (int k = 0; k < info->rank; k++) n += (size_t)snprintf(out + n, 64 - n, k ? "x%zu" : "%zu", info->shape[k]);
}

static void hash_of(df_arrays* arrays, const df_array_info* info, char out[DF_SHA256_TEXT]) {
  if (strcmp(info->type, "text") == 0) {
    char* text;
    assert_ok(df_arrays_read_text(arrays, info->name, &text));
    assert_ok(df_sha256(text, strlen(text), out));
    df_free(text);
    return;
  }
  df_array a;
  assert_true(info->numeric);
  assert_ok(df_arrays_read(arrays, info->name, &a));
  assert_ok(df_sha256(a.values, a.count * sizeof *a.values, out));
  df_array_clear(&a);
}

static void check_line(df_arrays* arrays, const line* l) {
  char shape[64], hash[DF_SHA256_TEXT];
  const df_array_info* info = df_arrays_info(arrays, df_arrays_find(arrays, l->array));
  if (!info) fail_msg("%s: no array '%s'", l->file, l->array);
  assert_string_equal(info->name, l->array);
  shape_text(info, shape);
  hash_of(arrays, info, hash);
  if (strcmp(info->type, l->type) != 0 || strcmp(shape, l->shape) != 0 || strcmp(hash, l->hash) != 0) {
    fail_msg("%s: '%s' is %s %s with values %s, in Python %s %s with %s", l->file, l->array, info->type, shape, hash,
             l->type, l->shape, l->hash);
  }
}

/* compares the arrays that a table lists, which numpy, h5py and Python's json have read, with those of the library */
static int check_table(const char* table, const char* folder) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", here, table);
  FILE* lines = fopen(path, "r");
  assert_non_null(lines);
  line l;
  df_arrays* arrays = NULL;
  int n = 0;
  for (; fscanf(lines, "%127s %127s %15s %63s %64s", l.file, l.array, l.type, l.shape, l.hash) == 5; n++) {
    snprintf(path, sizeof path, "%s/%s", folder, l.file);
    if (!arrays || strcmp(df_arrays_path(arrays), path) != 0) {
      df_arrays_close(arrays);
      assert_ok(df_arrays_open(path, &arrays));
    }
    check_line(arrays, &l);
  }
  assert_true(feof(lines));
  df_arrays_close(arrays);
  fclose(lines);
  return n;
}

static void recordings_have_the_values_that_python_reads(void** state) {
  (void)state;
  assert_int_equal(check_table("recordings.tsv", here), 40);
}

static void published_recordings_have_the_values_that_python_reads(void** state) {
  (void)state;
  char path[512];
  snprintf(path, sizeof path, "%s/deepmimic", shared_data_folder());
  if (!df_file_exists(path)) skip_without_data("deepmimic");
  assert_int_equal(check_table("published.tsv", shared_data_folder()), 93);
}

static void arrays_are_found_by_name_and_by_number(void** state) {
  (void)state;
  df_arrays* arrays;
  df_array a;
  char* text;
  const char* const* names;
  assert_ok(df_arrays_open("tests/io/recordings/numpy.npz", &arrays));
  assert_string_equal(df_arrays_format(arrays), "npz");
  assert_string_equal(df_arrays_path(arrays), "tests/io/recordings/numpy.npz");
  for (int i = 0; i < df_arrays_count(arrays); i++) {
    assert_int_equal(df_arrays_find(arrays, df_arrays_info(arrays, i)->name), i);
  }
  assert_string_equal(df_arrays_info(arrays, 0)->name, "half");
  assert_null(df_arrays_info(arrays, -1));
  assert_null(df_arrays_info(arrays, df_arrays_count(arrays)));
  assert_int_equal(df_arrays_find(arrays, "hal"), -1);
  assert_int_equal(df_arrays_read(arrays, "hal", &a), DF_E_FORMAT);
  assert_says("numpy.npz: no array 'hal'; the file has: half, single, big, big_int");
  assert_int_equal(df_arrays_read_text(arrays, "hal", &text), DF_E_FORMAT);
  assert_int_equal(df_arrays_columns(arrays, "half", &names), 0);
  assert_null(names);
  df_arrays_close(arrays);
  df_arrays_close(NULL);

  /* arguments */
  assert_int_equal(df_arrays_open(NULL, &arrays), DF_E_ARG);
  assert_null(arrays);
  assert_int_equal(df_arrays_open("tests/io/recordings", &arrays), DF_E_IO);
  assert_int_equal(df_arrays_open("no such file", &arrays), DF_E_MISSING);
  assert_says("no such file");
}

static void arrays_that_cannot_be_read_are_listed_with_their_kind(void** state) {
  (void)state;
  static const struct {
    const char *name, *type, *says;
    bool numeric;
  } cases[] = {
      {"complex", "complex128",
       "dtype '<c16' is complex, which is not supported; save the real and the imaginary part as two arrays", false},
      {"objects", "object (pickled)",
       "dtype '|O' (pickled Python objects) is not supported; save the numbers with numpy.asarray(values, "
       "dtype=float), "
       "or convert the file with docs/examples/convert.py",
       false},
      {"fields", "structured", "a structured dtype is not supported; save each field as an array", false},
      {"too_large", "int64", "integer at position 0 is beyond 2^53, not exact as a double", true},
      {"names", "text", "expected numbers, found text", false},
  };
  df_arrays* arrays;
  assert_ok(df_arrays_open("tests/io/recordings/numpy.npz", &arrays));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const df_array_info* info = df_arrays_info(arrays, df_arrays_find(arrays, cases[i].name));
    assert_string_equal(info->type, cases[i].type);
    assert_int_equal(info->numeric, cases[i].numeric);
    assert_unreadable(arrays, cases[i].name, cases[i].says);
  }
  df_arrays_close(arrays);
}

static void a_lone_npy_is_named_by_its_file(void** state) {
  (void)state;
  static const char npy[] = "\x93NUMPY\x01\x00\x38\x00{'descr': '|u1', 'fortran_order': False, 'shape': (2,)} \x05\x06";
  df_arrays* arrays;
  assert_ok(open_content(npy, sizeof npy - 1, &arrays));
  assert_string_equal(df_arrays_format(arrays), "npy");
  assert_array(arrays, "file.npz", "uint8", 1, 2, 0, (const double[]){5, 6});
  df_arrays_close(arrays);
  /* a damaged one has the error of its header */
  char damaged[sizeof npy];
  memcpy(damaged, npy, sizeof npy);
  *strstr(damaged + 10, "descr") = 'x';
  assert_int_equal(open_content(damaged, sizeof npy - 1, &arrays), DF_E_FORMAT);
  assert_says(scratch_path, "file.npz: array 'file.npz': unknown header key 'xescr'");
}

/* an archive of one stored entry; libzip is content with a checksum of 0 only for no bytes */
static void an_archive_without_arrays_says_what_it_contains(void** state) {
  (void)state;
  static const struct {
    const char *entry, *says;
  } cases[] = {
      {"x/data.pkl",
       "a zip archive without arrays (it contains 'x/data.pkl', as files of PyTorch do); save its tensors with "
       "numpy.savez"},
      {"states.npy", "array 'states': not a .npy array (wrong magic)"},
      {"read.me__", "a zip archive without arrays (it contains 'read.me__'); unpack it"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    unsigned char zip[256] = "PK\x03\x04\x0a";
    const size_t n = strlen(cases[i].entry), local = 30 + n, central = 46 + n;
    zip[26] = (unsigned char)n;
    memcpy(zip + 30, cases[i].entry, n);
    memcpy(zip + local, "PK\x01\x02\x0a\0\x0a", 7);
    zip[local + 28] = (unsigned char)n;
    memcpy(zip + local + 46, cases[i].entry, n);
    memcpy(zip + local + central, "PK\x05\x06\0\0\0\0\x01\0\x01", 11);
    zip[local + central + 12] = (unsigned char)central;
    zip[local + central + 16] = (unsigned char)local;
    df_arrays* arrays;
    assert_int_equal(open_content(zip, local + central + 22, &arrays), DF_E_FORMAT);
    assert_says(scratch_path, cases[i].says);
  }
}

static void a_failed_allocation_leaks_nothing(void** state) {
  (void)state;
  fail_every_allocation("tests/io/recordings/numpy.npz");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(recordings_have_the_values_that_python_reads),
      cmocka_unit_test(published_recordings_have_the_values_that_python_reads),
      cmocka_unit_test(arrays_are_found_by_name_and_by_number),
      cmocka_unit_test(arrays_that_cannot_be_read_are_listed_with_their_kind),
      IN_SCRATCH(a_lone_npy_is_named_by_its_file),
      IN_SCRATCH(an_archive_without_arrays_says_what_it_contains),
      cmocka_unit_test(a_failed_allocation_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
