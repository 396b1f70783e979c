/* Files are found by name or base name, in the order of the folders. */
#define _GNU_SOURCE
#include "dynaflow/config/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "unit.h"

/* the result of a search for `name` in the folders one and two of `root`, relative to it; NULL if it failed */
static const char* found(const char* root, const char* name, df_status expected) {
  static char relative[256];
  char one[256], two[256], *path;
  snprintf(one, sizeof one, "%s/one", root);
  snprintf(two, sizeof two, "%s/two", root);
  const df_search search = {.n = 2, .folder = {one, two}};
  assert_int_equal(df_search_find(&search, name, &path), expected);
  if (expected != DF_OK) {
    assert_null(path);
    return NULL;
  }
  assert_int_equal(strncmp(path, root, strlen(root)), 0);
  snprintf(relative, sizeof relative, "%s", path + strlen(root) + 1);
  df_free(path);
  return relative;
}

static void make(const char* root, const char* name) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", root, name);
  assert_int_equal(df_file_write(path, "x", 1), DF_OK);
}

static void the_first_folder_with_the_name_or_its_base_name_wins(void** state) {
  (void)state;
  char root[] = "/tmp/dynaflow-search-XXXXXX", path[256], text[640];
  assert_non_null(mkdtemp(root));
  static const char* const folders[] = {"one", "one/sub", "two", "two/sub"};
  for (int i = 0; i < 4; i++) {
    snprintf(path, sizeof path, "%s/%s", root, folders[i]);
    assert_int_equal(df_dir_make(path), DF_OK);
  }
  make(root, "two/a");
  assert_string_equal(found(root, "a", DF_OK), "two/a");
  make(root, "one/a");
  assert_string_equal(found(root, "a", DF_OK), "one/a");

  /* a base name in an earlier folder precedes the whole name in a later one */
  make(root, "two/sub/b");
  assert_string_equal(found(root, "sub/b", DF_OK), "two/sub/b");
  make(root, "one/b");
  assert_string_equal(found(root, "sub/b", DF_OK), "one/b");
  make(root, "one/sub/b");
  assert_string_equal(found(root, "sub/b", DF_OK), "one/sub/b");

  /* an absolute name is itself, wherever it lies */
  make(root, "c");
  snprintf(path, sizeof path, "%s/c", root);
  assert_string_equal(found(root, path, DF_OK), "c");

  /* what is missing, and where it was looked for */
  found(root, "sub/missing", DF_E_MISSING);
  snprintf(text, sizeof text, "sub/missing: not found in: %s/one, %s/two", root, root);
  assert_string_equal(df_error_message(), text);
  found(root, "/nonexistent/x", DF_E_MISSING);
  assert_string_equal(df_error_message(), "/nonexistent/x: file not found");
  snprintf(text, sizeof text, "rm -rf '%s'", root);
  assert_int_equal(system(text), 0);
}

static void wrong_arguments_are_named(void** state) {
  (void)state;
  char* path;
  assert_int_equal(df_search_find(&(df_search){.n = DF_SEARCH_MAX + 1}, "x", &path), DF_E_ARG);
  assert_string_equal(df_error_message(), "df_search_find: search.n is 13, not in 0 .. 12");
  assert_int_equal(df_search_find(&(df_search){.n = 0}, "", &path), DF_E_ARG);
  assert_string_equal(df_error_message(), "df_search_find: name is empty");
  assert_int_equal(df_search_find(&(df_search){.n = 0}, "x", &path), DF_E_MISSING);
  assert_string_equal(df_error_message(), "x: not found in: (no folders)");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_folder_with_the_name_or_its_base_name_wins),
      cmocka_unit_test(wrong_arguments_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
