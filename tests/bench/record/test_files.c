/* The files that a record stands on: those whose names begin alike, sorted, with their hashes. */
#define _GNU_SOURCE
#include "files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"

/* made in this order, which is neither that of their names nor its reverse; what each holds is its name */
static const char* const made[] = {"sub/w.b", "sub/w", "sub/w.c", "sub/v", "sub/w.a", "w"};
enum { MADE = sizeof made / sizeof *made };

static char folder[] = "/tmp/dynaflow-files-XXXXXX";

static int setup(void** state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void** state) {
  char path[256];
  (void)state;
  for (int i = 0; i < MADE; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, made[i]);
    unlink(path);
  }
  snprintf(path, sizeof path, "%s/sub", folder);
  rmdir(path);
  return rmdir(folder);
}

static void make_files(void) {
  char path[256];
  snprintf(path, sizeof path, "%s/sub", folder);
  mkdir(path, 0700);
  for (int i = 0; i < MADE; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, made[i]);
    assert_int_equal(df_file_write(path, made[i], strlen(made[i])), DF_OK);
  }
}

/* "a b c" */
static void names_are(const char* begin, const char* wanted) {
  json_t *names, *name;
  char found[256] = "";
  size_t i;
  assert_int_equal(files_named(folder, begin, &names), DF_OK);
  json_array_foreach(names, i, name) {
    snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", i ? " " : "", json_string_value(name));
  }
  assert_string_equal(found, wanted);
  json_decref(names);
}

static void files_are_sorted_by_name(void** state) {
  (void)state;
  make_files();
  names_are("sub/w", "sub/w sub/w.a sub/w.b sub/w.c");
  names_are("sub/w.", "sub/w.a sub/w.b sub/w.c");
  names_are("w", "w");
  names_are("sub/x", "");
  names_are("none/w", "");
}

static void hashes_are_those_of_their_files(void** state) {
  (void)state;
  static const char* const wanted[] = {"sub/w", "sub/w.a", "sub/w.b", "sub/w.c"};
  json_t* files;
  make_files();
  assert_int_equal(files_hashed(folder, "sub/w", &files), DF_OK);
  assert_int_equal(json_array_size(files), 4);
  for (size_t i = 0; i < 4; i++) {
    const json_t* one = json_array_get(files, i);
    char sum[DF_SHA256_TEXT];
    assert_int_equal(df_sha256(wanted[i], strlen(wanted[i]), sum), DF_OK);
    assert_string_equal(json_string_value(json_object_get(one, "path")), wanted[i]);
    assert_string_equal(json_string_value(json_object_get(one, "sha256")), sum);
  }
  json_decref(files);
}

static void files_that_begin_alike_are_removed(void** state) {
  (void)state;
  make_files();
  assert_int_equal(files_remove(folder, "sub/w."), DF_OK);
  names_are("sub/", "sub/. sub/.. sub/v sub/w");
  assert_int_equal(files_remove(folder, "none/w"), DF_OK);
  names_are("w", "w");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(files_are_sorted_by_name),
                                     cmocka_unit_test(hashes_are_those_of_their_files),
                                     cmocka_unit_test(files_that_begin_alike_are_removed)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
