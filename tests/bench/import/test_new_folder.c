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

/* a link in the place of the draft, or of the task that an ended process was replacing, is not followed or moved */
static void a_link_in_the_place_of_the_draft_is_refused(void** state) {
  (void)state;
  static const char* const names[] = {".import-linked", ".import-linked.old"};
  const char* victim = test_file("victim");
  char path[256], link[256], task[256], wanted[512];
  assert_int_equal(df_dir_make(victim), DF_OK);
  snprintf(path, sizeof path, "%s/task.yaml", victim);
  write_text(path, "precious");
  snprintf(task, sizeof task, "%s", test_file("linked"));
  for (int i = 0; i < 2; i++) {
    new_folder f;
    snprintf(link, sizeof link, "%s", test_file(names[i]));
    assert_int_equal(symlink("victim", link), 0);
    snprintf(wanted, sizeof wanted, "%s: is a symbolic link, where an import needs a folder of its own: remove it",
             link);
    assert_int_equal(new_folder_begin(task, true, &f), DF_E_CONFIG);
    assert_string_equal(df_error_message(), wanted);
    new_folder_discard(&f);
    expect_text(victim, "task.yaml", "precious");
    assert_int_not_equal(access(task, F_OK), 0);
    assert_int_equal(unlink(link), 0);
  }
  assert_int_equal(unlink(path), 0);
  assert_int_equal(rmdir(victim), 0);
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
                                     cmocka_unit_test(a_link_in_the_place_of_the_draft_is_refused),
                                     cmocka_unit_test(files_behind_a_link_stay)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
