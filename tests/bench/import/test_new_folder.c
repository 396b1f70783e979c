/* A task folder that replaces another one, or fails to. */
#define _GNU_SOURCE
#include "new_folder.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "test_file.h"
#include "unit.h"

static void write_text(const char* path, const char* text) {
  assert_int_equal(df_file_write(path, text, strlen(text)), DF_OK);
}

static void expect_text(const char* folder, const char* name, const char* wanted) {
  char *path = df_path_join(folder, name), *text;
  size_t n;
  assert_int_equal(df_file_read(path, &text, &n), DF_OK);
  assert_int_equal(n, strlen(wanted));
  assert_memory_equal(text, wanted, n);
  df_free(path);
  df_free(text);
}

/* a draft that is gone cannot be moved: what was there is there again */
static void a_task_is_replaced_by_a_whole_one_or_not_at_all(void** state) {
  (void)state;
  const char* task = test_file("task");
  char path[256];
  assert_int_equal(df_dir_make(task), DF_OK);
  snprintf(path, sizeof path, "%s/task.yaml", task);
  write_text(path, "old");
  for (int fails = 1; fails >= 0; fails--) {
    new_folder f;
    assert_int_equal(new_folder_begin(task, true, &f), DF_OK);
    assert_int_equal(df_file_write_below(f.draft, "task.yaml", "new", 3), DF_OK);
    snprintf(path, sizeof path, "%s/task.yaml", f.draft);
    if (fails) {
      assert_int_equal(unlink(path), 0);
      snprintf(path, sizeof path, "%s/.lock", f.draft);
      assert_int_equal(unlink(path), 0);
      assert_int_equal(rmdir(f.draft), 0);
    }
    assert_int_equal(new_folder_finish(&f), fails ? DF_E_IO : DF_OK);
    if (fails) assert_non_null(strstr(df_error_message(), task));
    expect_text(task, "task.yaml", fails ? "old" : "new");
    new_folder_discard(&f);
    expect_text(task, "task.yaml", fails ? "old" : "new");
  }
  snprintf(path, sizeof path, "%s/task.yaml", task);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(rmdir(task), 0);
}

/* the links of a replaced task, and of a draft, are removed; the files they lead to stay */
static void files_behind_a_link_stay(void** state) {
  (void)state;
  const char* task = test_file("linked");
  const char* data = test_file("data");
  char path[256];
  assert_int_equal(df_dir_make(task), DF_OK);
  assert_int_equal(df_dir_make(data), DF_OK);
  snprintf(path, sizeof path, "%s/recording", data);
  write_text(path, "kept");
  snprintf(path, sizeof path, "%s/task.yaml", task);
  write_text(path, "old");
  snprintf(path, sizeof path, "%s/link", task);
  assert_int_equal(symlink(data, path), 0);

  new_folder f;
  assert_int_equal(new_folder_begin(task, true, &f), DF_OK);
  snprintf(path, sizeof path, "%s/link", f.draft);
  assert_int_equal(symlink(data, path), 0);
  new_folder_discard(&f);
  expect_text(data, "recording", "kept");

  assert_int_equal(new_folder_begin(task, true, &f), DF_OK);
  assert_int_equal(df_file_write_below(f.draft, "task.yaml", "new", 3), DF_OK);
  assert_int_equal(new_folder_finish(&f), DF_OK);
  new_folder_discard(&f);
  expect_text(data, "recording", "kept");
  expect_text(task, "task.yaml", "new");
  snprintf(path, sizeof path, "%s/link", task);
  assert_int_equal(access(path, F_OK), -1);

  snprintf(path, sizeof path, "%s/recording", data);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(rmdir(data), 0);
  snprintf(path, sizeof path, "%s/task.yaml", task);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(rmdir(task), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_task_is_replaced_by_a_whole_one_or_not_at_all),
                                     cmocka_unit_test(files_behind_a_link_stay)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
