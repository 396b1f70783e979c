#include "data_test.h"

#include <zip.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/io/memory.h"
#include "dynaflow/io/npz.h"
#include "shared_data.h"

static const double numbers[] = {1, -2.5, 1e-300, 3};

static const df_npz_entry sample[] = {
    {.key = "a", .kind = DF_NPZ_F64, .rank = 2, .shape = {2, 2}, .values = numbers},
    {.key = "b", .kind = DF_NPZ_F32, .rank = 1, .shape = {3}, .values = numbers},
    {.key = "text", .kind = DF_NPZ_TEXT, .text = "one,two"},
    {.key = "none", .kind = DF_NPZ_F64, .rank = 2, .shape = {0, 5}},
};
enum { SAMPLE = sizeof sample / sizeof *sample };

static void what_is_written_is_read_back(void** state) {
  (void)state;
  assert_ok(df_npz_write(scratch_path, SAMPLE, sample));
  df_npz* npz;
  assert_ok(df_npz_open(scratch_path, &npz));
  assert_int_equal(df_npz_count(npz), SAMPLE);
  for (int i = 0; i < SAMPLE; i++) assert_string_equal(df_npz_key(npz, i), sample[i].key);
  assert_null(df_npz_key(npz, -1));
  assert_null(df_npz_key(npz, SAMPLE));
  assert_true(df_npz_has(npz, "text"));
  assert_false(df_npz_has(npz, "tex"));

  df_array a;
  assert_ok(df_npz_read(npz, "a", &a));
  assert_int_equal(a.rank, 2);
  assert_memory_equal(a.values, numbers, sizeof numbers);
  df_array_clear(&a);
  assert_null(a.values);
  assert_ok(df_npz_read(npz, "b", &a));
  assert_int_equal(a.count, 3);
  for (int i = 0; i < 3; i++) assert_true(a.values[i] == (double)(float)numbers[i]);
  df_array_clear(&a);
  assert_ok(df_npz_read(npz, "none", &a));
  assert_int_equal(a.count, 0);
  assert_int_equal(a.shape[1], 5);
  df_array_clear(&a);
  char* text;
  assert_ok(df_npz_read_text(npz, "text", &text));
  assert_string_equal(text, "one,two");
  df_free(text);
  df_npz_close(npz);
}

/* the bytes do not depend on date or time zone: the local header of an entry has time and date at byte 10 */
static void the_same_content_gives_the_same_bytes(void** state) {
  (void)state;
  char *first, *second;
  size_t n, m;
  assert_ok(df_npz_write(scratch_path, SAMPLE, sample));
  assert_ok(df_file_read(scratch_path, &first, &n));
  setenv("TZ", "Asia/Tokyo", 1);
  assert_ok(df_npz_write(scratch_path, SAMPLE, sample));
  unsetenv("TZ");
  assert_ok(df_file_read(scratch_path, &second, &m));
  assert_int_equal(n, m);
  assert_memory_equal(first, second, n);
  assert_memory_equal(first, "PK\x03\x04", 4);
  assert_memory_equal(first + 10, "\x00\x00\x21\x00", 4); /* 0:00 on 1 January 1980 */
  df_free(first);
  df_free(second);
}

static void a_lone_npy_counts_as_an_archive_of_one(void** state) {
  (void)state;
  static const char npy[] = "\x93NUMPY\x01\x00\x38\x00{'descr': '|u1', 'fortran_order': False, 'shape': (2,)} \x05\x06";
  assert_ok(df_file_write(scratch_path, npy, sizeof npy - 1));
  df_npz* npz;
  df_array a;
  assert_ok(df_npz_open(scratch_path, &npz));
  assert_int_equal(df_npz_count(npz), 1);
  assert_string_equal(df_npz_key(npz, 0), "file.npz");
  assert_ok(df_npz_read(npz, "file.npz", &a));
  assert_true(a.values[0] == 5 && a.values[1] == 6);
  df_array_clear(&a);
  df_npz_close(npz);
}

static void a_missing_array_is_named_with_those_there_are(void** state) {
  (void)state;
  df_npz* npz;
  df_array a;
  assert_ok(df_npz_write(scratch_path, SAMPLE, sample));
  assert_ok(df_npz_open(scratch_path, &npz));
  assert_int_equal(df_npz_read(npz, "Trajs", &a), DF_E_FORMAT);
  assert_says(scratch_path, "'Trajs'", "a, b, text, none");
  assert_int_equal(df_npz_read(npz, "text", &a), DF_E_FORMAT);
  assert_says(scratch_path, "'text'");
  df_npz_close(npz);
}

static void a_file_that_is_not_an_archive_is_refused_by_name(void** state) {
  (void)state;
  df_npz* npz;
  assert_int_equal(df_npz_open(scratch_path, &npz), DF_E_MISSING);
  assert_says(scratch_path);
  assert_null(npz);
  assert_int_equal(df_npz_open(scratch_folder, &npz), DF_E_IO);
  static const char* const contents[] = {"", "P", "not an archive at all", "PK\x03\x04", "\x93NUMP"};
  for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
    assert_ok(df_file_write(scratch_path, contents[i], strlen(contents[i])));
    assert_int_equal(df_npz_open(scratch_path, &npz), DF_E_FORMAT);
    assert_says(scratch_path);
    assert_null(npz);
  }
}

/* opens a file and reads all arrays; returns how many could be read */
static int read_everything(void) {
  df_npz* npz;
  if (df_npz_open(scratch_path, &npz) != DF_OK) return -1;
  int good = 0;
  for (int i = 0; i < df_npz_count(npz); i++) {
    df_array a;
    good += df_npz_read(npz, df_npz_key(npz, i), &a) == DF_OK;
    df_array_clear(&a);
  }
  df_npz_close(npz);
  return good;
}

static void a_truncated_archive_is_refused_at_every_length(void** state) {
  (void)state;
  char* bytes;
  size_t n;
  assert_ok(df_npz_write(scratch_path, SAMPLE, sample));
  assert_ok(df_file_read(scratch_path, &bytes, &n));
  for (size_t length = 0; length < n; length++) {
    scratch_put(bytes, length);
    assert_int_equal(read_everything(), -1);
  }
  df_free(bytes);
}

/* a flipped byte in the content of an array must fail the checksum; elsewhere it gives an error or does no harm */
static void a_flipped_byte_is_never_a_fault_and_never_wrong_numbers(void** state) {
  (void)state;
  char* bytes;
  size_t n;
  assert_ok(df_npz_write(scratch_path, SAMPLE, sample));
  assert_ok(df_file_read(scratch_path, &bytes, &n));
  for (size_t at = 0; at < n; at++) {
    const char kept = bytes[at];
    for (int flip = 1; flip < 256; flip = flip == 1 ? 0x80 : flip == 0x80 ? 0xff : 256) {
      bytes[at] = (char)(kept ^ flip);
      scratch_put(bytes, n);
      df_npz* npz;
      df_array a;
      if (df_npz_open(scratch_path, &npz) != DF_OK) continue;
      if (df_npz_read(npz, "a", &a) == DF_OK) assert_memory_equal(a.values, numbers, sizeof numbers);
      df_array_clear(&a);
      df_npz_close(npz);
      (void)read_everything();
    }
    bytes[at] = kept;
  }
  df_free(bytes);
}

static void bad_entries_are_not_written(void** state) {
  (void)state;
  const df_npz_entry twice[] = {sample[0], sample[0]};
  assert_int_equal(df_npz_write(scratch_path, 2, twice), DF_E_ARG);
  assert_says(scratch_path, "'a'");
  const df_npz_entry nameless = {.key = "", .rank = 0, .values = numbers};
  assert_int_equal(df_npz_write(scratch_path, 1, &nameless), DF_E_ARG);
  const df_npz_entry empty = {.key = "a", .rank = 1, .shape = {1}};
  assert_int_equal(df_npz_write(scratch_path, 1, &empty), DF_E_ARG);
  const df_npz_entry huge = {.key = "a", .rank = 2, .shape = {SIZE_MAX / 2, 8}, .values = numbers};
  assert_int_equal(df_npz_write(scratch_path, 1, &huge), DF_E_ARG);
  const df_npz_entry deep = {.key = "a", .rank = 9, .values = numbers};
  assert_int_equal(df_npz_write(scratch_path, 1, &deep), DF_E_ARG);
  assert_int_equal(df_npz_write(scratch_path, 0, sample), DF_E_ARG);
  assert_false(df_file_exists(scratch_path));
  assert_int_equal(df_npz_write("/nonexistent/folder/file.npz", SAMPLE, sample), DF_E_MISSING);
  assert_says("/nonexistent/folder/file.npz");
}

static void a_failed_allocation_leaks_nothing_and_keeps_the_old_file(void** state) {
  (void)state;
  assert_ok(df_file_write(scratch_path, "old", 3));
  df_status status = DF_E_NOMEM;
  for (size_t n = 1; status != DF_OK; n++) {
    assert_true(n < 100);
    df_alloc_fail_at(n);
    status = df_npz_write(scratch_path, SAMPLE, sample);
    df_alloc_fail_at(0);
    if (status == DF_OK) break;
    assert_int_equal(status, DF_E_NOMEM);
    char* bytes;
    size_t size;
    assert_ok(df_file_read(scratch_path, &bytes, &size));
    assert_int_equal(size, 3);
    df_free(bytes);
  }
  status = DF_E_NOMEM;
  for (size_t n = 1; status != DF_OK; n++) {
    assert_true(n < 100);
    df_npz* npz;
    df_array a = {0};
    df_alloc_fail_at(n);
    status = df_npz_open(scratch_path, &npz);
    if (status == DF_OK) status = df_npz_read(npz, "a", &a);
    df_alloc_fail_at(0);
    assert_true(status == DF_OK || status == DF_E_NOMEM);
    df_array_clear(&a);
    df_npz_close(npz);
  }
}

/* the recorded Hopper demonstrations of DDAT (MIT licence), written by their authors' numpy */
static void a_recorded_file_of_numpy_is_read(void** state) {
  (void)state;
  char path[512], hash[DF_SHA256_TEXT];
  snprintf(path, sizeof path, "%s/ddat/Hopper_10trajs_300steps.npz", shared_data_folder());
  if (!df_file_exists(path)) skip_without_data("Hopper demonstrations");
  assert_ok(df_sha256_file(path, hash));
  assert_string_equal(hash, "9446ce61b7b46781500440ef2650ee07343e742a8152dee891f6f24cd993dd55");
  df_npz* npz;
  df_array states, actions;
  assert_ok(df_npz_open(path, &npz));
  assert_ok(df_npz_read(npz, "Trajs", &states));
  assert_ok(df_npz_read(npz, "Actions", &actions));
  assert_int_equal(states.rank, 3);
  assert_int_equal(states.shape[0], 10);
  assert_int_equal(states.shape[1], 300);
  assert_int_equal(states.shape[2], 12);
  assert_int_equal(actions.shape[1], 299);
  assert_int_equal(actions.shape[2], 3);
  /* column 1 is the height of the torso: 1.25 m in the model, plus start noise of up to about 0.05 m */
  for (int e = 0; e < 10; e++) assert_close(states.values[e * 300 * 12 + 1], 1.25, 0.1);
  df_array_clear(&states);
  df_array_clear(&actions);
  df_npz_close(npz);
}

/* expert pendulum swings of HCAI imitation (MIT licence): a deflated archive that also contains a pickled array */
static void a_deflated_archive_is_read_around_its_pickles(void** state) {
  (void)state;
  char path[512];
  snprintf(path, sizeof path, "%s/hcai_imitation/pendulum_final.npz", shared_data_folder());
  if (!df_file_exists(path)) skip_without_data("pendulum demonstrations");
  df_npz* npz;
  df_array a;
  assert_ok(df_npz_open(path, &npz));
  assert_ok(df_npz_read(npz, "obs", &a));
  assert_int_equal(a.rank, 2);
  assert_int_equal(a.shape[0], 56 * 201);
  assert_int_equal(a.shape[1], 3);
  /* cos and sin of one angle, recorded in single precision */
  for (size_t i = 0; i < a.shape[0]; i++) {
    const double c = a.values[3 * i], s = a.values[3 * i + 1];
    assert_close(c * c + s * s, 1, 1e-6);
  }
  df_array_clear(&a);
  assert_int_equal(df_npz_read(npz, "infos", &a), DF_E_FORMAT);
  assert_says(path, "'infos'", "pickled");
  df_npz_close(npz);
}

/* writes an archive with an array of n zeros of a type, deflated, under each of the names */
static void write_deflated(const char* descr, size_t item, size_t n, int names, const char* const* name) {
  char header[128];
  const int length =
      snprintf(header, sizeof header, "\x93NUMPY\x01%c\x46%c{'descr': '%s', 'fortran_order': False, 'shape': (%zu,), }",
               0, 0, descr, n);
  assert_in_range(length, 10, 79);
  memset(header + length, ' ', (size_t)(80 - length));
  header[79] = '\n';
  header[8] = 70; /* the length of the dictionary */
  char* bytes = df_alloc(80 + n * item, 1);
  assert_non_null(bytes);
  memcpy(bytes, header, 80);
  unlink(scratch_path);
  zip_t* zip = zip_open(scratch_path, ZIP_CREATE | ZIP_EXCL, NULL);
  assert_non_null(zip);
  for (int i = 0; i < names; i++) {
    zip_source_t* source = zip_source_buffer(zip, bytes, 80 + n * item, 0);
    const zip_int64_t at = zip_file_add(zip, name[i], source, 0);
    assert_true(at >= 0);
    assert_int_equal(zip_set_file_compression(zip, (zip_uint64_t)at, ZIP_CM_DEFLATE, 9), 0);
  }
  assert_int_equal(zip_close(zip), 0);
  df_free(bytes);
}

/* 1 MiB in memory is the limit: an array of doubles, one of bytes that become doubles, and two that are too large only
 * together; reading one twice counts once */
static void arrays_that_take_too_much_memory_are_refused(void** state) {
  (void)state;
  static const char* const names[] = {"a.npy", "b.npy"};
  enum { MIB = 1 << 20 };
  df_npz* npz;
  df_array a;
  assert_int_equal(df_io_set_memory(MIB), DF_IO_MEMORY);
  static const struct {
    const char* descr;
    size_t item, n;
    int names;
    bool first, second; /* can be read */
  } cases[] = {{"<f8", 8, MIB / 8 - 10, 1, true, false}, {"<f8", 8, MIB / 8, 1, false, false},
               {"|u1", 1, MIB / 8, 1, true, false},      {"|u1", 1, MIB / 8 + 1, 1, false, false},
               {"<f4", 4, MIB / 16, 2, true, true},      {"<f4", 4, MIB / 16 + 1, 2, true, false}};
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    write_deflated(cases[c].descr, cases[c].item, cases[c].n, cases[c].names, names);
    assert_ok(df_npz_open(scratch_path, &npz));
    for (int again = 0; again < 2; again++) {
      df_io_name_memory(again ? "SOME_NAME" : NULL);
      const df_status first = df_npz_read(npz, "a", &a);
      assert_int_equal(first, cases[c].first ? DF_OK : DF_E_FORMAT);
      if (first != DF_OK)
        assert_says(scratch_path, "array 'a'", "1.0 MiB of memory", "at most 1.0 MiB or 64 times",
                    again ? "or set SOME_NAME=2" : "or admit 2 MiB by df_io_set_memory()");
      df_array_clear(&a);
    }
    if (cases[c].names > 1) {
      const df_status second = df_npz_read(npz, "b", &a);
      assert_int_equal(second, cases[c].second ? DF_OK : DF_E_FORMAT);
      if (second != DF_OK) assert_says(scratch_path, "array 'b'");
      df_array_clear(&a);
    }
    df_npz_close(npz);
  }

  /* a stored array is never refused, nor is a deflated one of less than 64 times the size of the file */
  static const double value[100000] = {1};
  const df_npz_entry stored = {.key = "a", .kind = DF_NPZ_F64, .rank = 1, .shape = {100000}, .values = value};
  assert_int_equal(df_io_set_memory(1000), MIB);
  assert_ok(df_npz_write(scratch_path, 1, &stored));
  assert_ok(df_npz_open(scratch_path, &npz));
  assert_ok(df_npz_read(npz, "a", &a));
  df_array_clear(&a);
  df_npz_close(npz);
  write_deflated("<f8", 8, 1000, 1, names); /* 8 kB deflated to 0.2 kB */
  assert_ok(df_npz_open(scratch_path, &npz));
  assert_ok(df_npz_read(npz, "a", &a));
  df_array_clear(&a);
  df_npz_close(npz);
  assert_int_equal(df_io_set_memory(DF_IO_MEMORY), 1000);
}

static void two_entries_of_one_name_are_refused(void** state) {
  (void)state;
  static const double value[2] = {1, 2};
  const df_npz_entry two[] = {{.key = "ab", .kind = DF_NPZ_F64, .rank = 1, .shape = {2}, .values = value},
                              {.key = "ac", .kind = DF_NPZ_F64, .rank = 1, .shape = {2}, .values = value}};
  assert_ok(df_npz_write(scratch_path, 2, two));
  char* bytes;
  size_t n;
  df_npz* npz;
  assert_ok(df_file_read(scratch_path, &bytes, &n));
  /* both headers of "ac.npy" */
  int changed = 0;
  for (size_t i = 0; i + 6 <= n; i++) {
    if (memcmp(bytes + i, "ac.npy", 6) != 0) continue;
    bytes[i + 1] = 'b';
    changed++;
  }
  assert_int_equal(changed, 2);
  assert_ok(df_file_write(scratch_path, bytes, n));
  df_free(bytes);
  assert_int_equal(df_npz_open(scratch_path, &npz), DF_E_FORMAT);
  assert_null(npz);
  assert_says(scratch_path, "two arrays have the same name; write each one once");
}

static void two_entries_of_one_key_are_refused(void** state) {
  (void)state;
  df_npz* npz;
  static const char* const orders[][2] = {{"a", "a.npy"}, {"a.npy", "a"}, {".npy", ".npy.npy"}};
  for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
    write_deflated("<f8", 8, 1, 2, orders[i]);
    assert_int_equal(df_npz_open(scratch_path, &npz), DF_E_FORMAT);
    assert_null(npz);
    if (i < 2) assert_says(scratch_path, "two entries have the key 'a': 'a' and 'a.npy'");
  }
  static const char* const apart[] = {"a.npy", "a.npy.npy"}; /* keys "a" and "a.npy" */
  write_deflated("<f8", 8, 1, 2, apart);
  assert_ok(df_npz_open(scratch_path, &npz));
  assert_string_equal(df_npz_key(npz, 1), "a.npy");
  df_npz_close(npz);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_SCRATCH(what_is_written_is_read_back),
      IN_SCRATCH(the_same_content_gives_the_same_bytes),
      IN_SCRATCH(a_lone_npy_counts_as_an_archive_of_one),
      IN_SCRATCH(a_missing_array_is_named_with_those_there_are),
      IN_SCRATCH(a_file_that_is_not_an_archive_is_refused_by_name),
      IN_SCRATCH(a_truncated_archive_is_refused_at_every_length),
      IN_SCRATCH(a_flipped_byte_is_never_a_fault_and_never_wrong_numbers),
      IN_SCRATCH(bad_entries_are_not_written),
      IN_SCRATCH(a_failed_allocation_leaks_nothing_and_keeps_the_old_file),
      IN_SCRATCH(arrays_that_take_too_much_memory_are_refused),
      IN_SCRATCH(two_entries_of_one_name_are_refused),
      IN_SCRATCH(two_entries_of_one_key_are_refused),
      cmocka_unit_test(a_recorded_file_of_numpy_is_read),
      cmocka_unit_test(a_deflated_archive_is_read_around_its_pickles),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
