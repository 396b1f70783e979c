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

static void write_text(const char* path, const char* content) {
  assert_int_equal(df_file_write(path, content, strlen(content)), DF_OK);
}

static void expect_text(const char* folder, const char* name, const char* wanted) {
  char *path = df_path_join(folder, name), *content;
  size_t n;
  assert_int_equal(df_file_read(path, &content, &n), DF_OK);
  assert_int_equal(n, strlen(wanted));
  assert_memory_equal(content, wanted, n);
  df_free(path);
  df_free(content);
}

static df_status finish(new_folder* f) {
  text notes = {0};
  const df_status status = new_folder_finish(f, &notes, &notes);
  text_clear(&notes);
  return status;
}

/* a draft that is gone cannot be moved: what was there is there again */
static void a_task_is_replaced_by_a_whole_one_or_not_at_all(void** state) {
  (void)state;
  const char* task = test_file("task");
  char path[256];
  assert_int_equal(df_dir_make(task), DF_OK);
  snprintf(path, sizeof path, "%s/task.yaml", task);
  write_text(path, "old");
  assert_int_equal(import_list_write(task), DF_OK);
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
    assert_int_equal(finish(&f), fails ? DF_E_IO : DF_OK);
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

/* the links of a replaced task are kept, those of a draft are removed; the files they lead to stay */
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
  assert_int_equal(finish(&f), DF_OK);
  new_folder_discard(&f);
  expect_text(data, "recording", "kept");
  expect_text(task, "task.yaml", "new");
  snprintf(path, sizeof path, "%s/link", task);
  char to[256] = "";
  assert_int_equal(readlink(path, to, sizeof to - 1), strlen(data));
  assert_string_equal(to, data);
  assert_int_equal(unlink(path), 0);

  snprintf(path, sizeof path, "%s/recording", data);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(rmdir(data), 0);
  snprintf(path, sizeof path, "%s/task.yaml", task);
  assert_int_equal(unlink(path), 0);
  snprintf(path, sizeof path, "%s/task.yaml.old", task);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(rmdir(task), 0);
}

/* what an import writes: files of the two names, and its list */
static df_status import_again(const char* task, const char* yaml, const char* recording, text* notes) {
  new_folder f;
  df_status status = new_folder_begin(task, true, &f);
  if (status == DF_OK) status = df_file_write_below(f.draft, "task.yaml", yaml, strlen(yaml));
  if (status == DF_OK) status = df_file_write_below(f.draft, recording, "frames", 6);
  if (status == DF_OK) status = import_list_write(f.draft);
  if (status == DF_OK) status = new_folder_finish(&f, notes, notes);
  new_folder_discard(&f);
  return status;
}

static void expect_none(const char* folder, const char* name) {
  char* path = df_path_join(folder, name);
  assert_false(df_file_exists(path));
  df_free(path);
}

/* a file that was changed is another one, so that there were others */
static void a_changed_file_alone_is_renamed(void** state) {
  (void)state;
  text notes = {0}, renamed = {0};
  char path[256];
  const char* task = test_file("alone");
  assert_int_equal(import_again(task, "first", "data/a.npz", &notes), DF_OK);
  snprintf(path, sizeof path, "%s/task.yaml", task);
  write_text(path, "edited");
  new_folder f;
  assert_int_equal(new_folder_begin(task, true, &f), DF_OK);
  assert_int_equal(df_file_write_below(f.draft, "task.yaml", "second", 6), DF_OK);
  text_clear(&notes);
  assert_int_equal(new_folder_finish(&f, &notes, &renamed), DF_OK);
  new_folder_discard(&f);
  assert_string_equal(text_of(&notes), "the files of the last import are replaced\n");
  assert_string_equal(text_of(&renamed), "task.yaml was changed since the last import: it is now task.yaml.old\n");
  text_clear(&notes);
  text_clear(&renamed);
}

/* its own recordings go, what the user added or changed stays, each with its content */
static void what_no_import_wrote_is_kept(void** state) {
  (void)state;
  text notes = {0};
  char path[256], wanted[1024];
  const char* task = test_file("again");
  assert_int_equal(import_again(task, "first", "data/a.npz", &notes), DF_OK);
  assert_int_equal(import_again(task, "second", "data/b.npz", &notes), DF_OK);
  assert_string_equal(text_of(&notes), "the files of the last import are replaced; there were no others\n");
  expect_none(task, "data/a.npz");
  expect_text(task, "data/b.npz", "frames");
  expect_none(task, "task.yaml.old");

  snprintf(path, sizeof path, "%s/task.yaml", task);
  write_text(path, "edited");
  assert_int_equal(df_file_write_below(task, "golden/full.json", "numbers", 7), DF_OK);
  assert_int_equal(df_file_write_below(task, "expect.yaml", "limits", 6), DF_OK);
  text_clear(&notes);
  assert_int_equal(import_again(task, "third", "data/c.npz", &notes), DF_OK);
  assert_string_equal(text_of(&notes),
                      "task.yaml was changed since the last import: it is now task.yaml.old\n"
                      "the files of the last import are replaced; kept: expect.yaml, golden/full.json\n");
  expect_text(task, "task.yaml", "third");
  expect_text(task, "task.yaml.old", "edited");
  expect_text(task, "golden/full.json", "numbers");
  expect_text(task, "expect.yaml", "limits");

  /* each version of a file is kept */
  write_text(path, "edited again");
  text_clear(&notes);
  assert_int_equal(import_again(task, "fourth", "data/c.npz", &notes), DF_OK);
  assert_string_equal(
      text_of(&notes),
      "task.yaml was changed since the last import: it is now task.yaml.old2\n"
      "the files of the last import are replaced; kept: expect.yaml, golden/full.json, task.yaml.old\n");
  expect_text(task, "task.yaml", "fourth");
  expect_text(task, "task.yaml.old", "edited");
  expect_text(task, "task.yaml.old2", "edited again");

  /* a recording that is none */
  assert_int_equal(df_file_write_below(task, "data/mine.npz", "mine", 4), DF_OK);
  assert_int_equal(import_again(task, "fifth", "data/c.npz", &notes), DF_E_CONFIG);
  snprintf(wanted, sizeof wanted,
           "%s/data/mine.npz: no import has written this file, or it was changed since, and the new task might read it "
           "as a recording: move it out of %s/data, then repeat the import",
           task, task);
  assert_string_equal(df_error_message(), wanted);
  expect_text(task, "data/mine.npz", "mine");
  text_clear(&notes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_task_is_replaced_by_a_whole_one_or_not_at_all),
      cmocka_unit_test(a_link_in_the_place_of_the_draft_is_refused), cmocka_unit_test(files_behind_a_link_stay),
      cmocka_unit_test(a_changed_file_alone_is_renamed), cmocka_unit_test(what_no_import_wrote_is_kept)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
