/* Which files and arrays import reads of what it is given. */
#include "data_test.h"
#include "source.h"

#include <sys/stat.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "unit.h"

static void put(const char* name, const char* json) {
  char path[192];
  snprintf(path, sizeof path, "%s/%s", scratch_folder, name);
  assert_int_equal(df_file_write(path, json, strlen(json)), DF_OK);
}

static int remove_all(void** state) {
  (void)state;
  static const char* const names[] = {"a.json", "b.json", "c.json", "d.json", ".a.json", "_a.json"};
  char path[192];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(path, sizeof path, "%s/%s", scratch_folder, names[i]);
    unlink(path);
  }
  return rmdir(scratch_folder);
}

/* the files that were taken, by the ends of their paths */
static void takes(const source* s, int n, const char* const* names) {
  assert_int_equal(s->n, n);
  for (int i = 0; i < n; i++) assert_string_equal(strrchr(s->path[i], '/') + 1, names[i]);
}

/* arrays of the same names with other columns, or with another number of axes, are other arrays; lengths may differ */
static void files_of_a_folder_are_alike(void** state) {
  (void)state;
  const char* folder = scratch_folder;
  source s;
  put("a.json", "{\"q\": [[1, 2], [3, 4]]}");
  put("b.json", "{\"q\": [[[1, 2], [3, 4]]]}");
  put("c.json", "{\"q\": [[1, 2], [3, 4], [5, 6]]}");
  put("d.json", "{\"q\": [[1, 2, 3]]}");
  assert_int_equal(source_open(1, &folder, &s), DF_OK);
  takes(&s, 2, (const char* const[]){"a.json", "c.json"});
  assert_string_equal(s.skipped, "b.json (other arrays), d.json (other arrays)");
  source_close(&s);
}

static void a_folder_without_recordings_says_why(void** state) {
  (void)state;
  const char* folder = scratch_folder;
  source s;
  put("a.json", "time;q\n0,00;1,5\n0,02;1,6\n");
  put("b.json", "time;q\n0,00;1,5\n");
  assert_int_equal(source_open(1, &folder, &s), DF_E_MISSING);
  assert_non_null(strstr(df_error_message(), "is a recording: a.json (no recording), b.json (no recording); "));
  assert_non_null(strstr(df_error_message(), "a.json: line 2, column 1: '0,00' is not a number; write decimal points"));
  source_close(&s);
}

static void a_folder_without_files_says_so(void** state) {
  (void)state;
  const char* folder = scratch_folder;
  source s;
  char below[192];
  assert_int_equal(source_open(1, &folder, &s), DF_E_MISSING);
  assert_non_null(strstr(df_error_message(), ": the folder holds no files: name the folder or the files"));
  source_close(&s);
  snprintf(below, sizeof below, "%s/below", scratch_folder);
  assert_int_equal(mkdir(below, 0700), 0);
  assert_int_equal(source_open(1, &folder, &s), DF_E_MISSING);
  assert_non_null(strstr(df_error_message(), ": the folder holds no files, only folders: name the folder"));
  source_close(&s);
  rmdir(below);
}

static void hidden_files_are_left_out(void** state) {
  (void)state;
  const char* folder = scratch_folder;
  source s;
  put(".a.json", "{\"q\": [[1, 2]]}");
  put("_a.json", "{\"q\": [[1, 2]]}");
  assert_int_equal(source_open(1, &folder, &s), DF_OK);
  takes(&s, 1, (const char* const[]){"_a.json"});
  assert_string_equal(s.skipped, "");
  source_close(&s);
}

/* those of the first episode, and what belongs to none */
static void arrays_of_other_episodes_are_not_listed(void** state) {
  (void)state;
  char path[192];
  const char* word = path;
  source s;
  put("a.json", "{\"demo_0\": {\"q\": [[1, 2]]}, \"demo_1\": {\"q\": [[3, 4]]}, \"demo\": [[1]], \"rate\": [50, 50]}");
  snprintf(path, sizeof path, "%s/a.json", scratch_folder);
  assert_int_equal(source_open(1, &word, &s), DF_OK);
  assert_string_equal(s.episodes, "demo_*");
  assert_string_equal(s.group, "demo_0/");
  assert_int_equal(s.n_arrays, 3);
  assert_non_null(source_array_named(&s, "q"));
  assert_non_null(source_array_named(&s, "demo"));
  assert_non_null(source_array_named(&s, "rate"));
  source_close(&s);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_make, remove_all)
int main(void) {
  const struct CMUnitTest tests[] = {IN_FOLDER(files_of_a_folder_are_alike),
                                     IN_FOLDER(a_folder_without_recordings_says_why),
                                     IN_FOLDER(a_folder_without_files_says_so), IN_FOLDER(hidden_files_are_left_out),
                                     IN_FOLDER(arrays_of_other_episodes_are_not_listed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
