/* Task folders are found, however many there are. */
#define _GNU_SOURCE
#include "lookup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"

enum { TASKS = 300 };

static void make_file(const char* path) {
  FILE* file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fclose(file), 0);
}

static void make_task(const char* root, int i) {
  char path[4200];
  snprintf(path, sizeof path, "%s/t%03d", root, i);
  assert_int_equal(df_dir_make(path), DF_OK);
  snprintf(path, sizeof path, "%s/t%03d/task.yaml", root, i);
  make_file(path);
}

static void remove_all(const char* folder) {
  char command[8400];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  assert_int_equal(system(command), 0);
}

static void every_task_is_listed(void** state) {
  (void)state;
  char root[64], path[128], **names, *folder;
  snprintf(root, sizeof root, "/tmp/dynaflow-lookup-XXXXXX");
  assert_non_null(mkdtemp(root));
  /* in an order that is neither theirs nor its reverse */
  for (int i = 0; i < TASKS; i++) make_task(root, i * 7 % TASKS);
  options opts = options_default();
  opts.tasks = root;
  const int n = task_names(&opts, &names);
  assert_int_equal(n, TASKS);
  for (int i = 0; i < TASKS; i++) {
    snprintf(path, sizeof path, "t%03d", i);
    assert_string_equal(names[i], path);
  }
  task_names_free(n, names);
  /* the last one is known, too */
  assert_int_equal(task_folder(&opts, "t299x", &folder), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "unknown task 't299x', did you mean 't299'?"));
  char searched[160];
  snprintf(searched, sizeof searched, "? in %s; --tasks names another folder of tasks", root);
  assert_non_null(strstr(df_error_message(), searched));
  remove_all(root);
}

/* without --tasks: the working folder's, and those beside the program */
static void every_place_that_was_searched_is_named(void** state) {
  (void)state;
  char* folder;
  char root[64], before[4096];
  snprintf(root, sizeof root, "/tmp/dynaflow-lookup-XXXXXX");
  assert_non_null(mkdtemp(root));
  assert_non_null(getcwd(before, sizeof before));
  assert_int_equal(chdir(root), 0);
  const options opts = options_default();
  assert_int_equal(task_folder(&opts, "none", &folder), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "unknown task 'none' in tasks (there is no such folder), /"));
  assert_non_null(strstr(df_error_message(), "/../share/dynaflow/tasks (there is no such folder); --tasks names"));
  /* a folder that is both is named once */
  char *program = program_folder(), *above = program ? df_path_join(program, "..") : NULL;
  char* here = program ? realpath(program, NULL) : NULL;
  assert_non_null(here);
  assert_int_equal(chdir(above), 0);
  assert_int_equal(task_folder(&opts, "none", &folder), DF_E_CONFIG);
  char expected[8192];
  snprintf(expected, sizeof expected, "unknown task 'none' in %s, %s/../share", here, program);
  assert_non_null(strstr(df_error_message(), expected));
  free(here);
  df_free(above);
  df_free(program);
  assert_int_equal(chdir(before), 0);
  remove_all(root);
}

/* The tasks of the working directory stand before those beside the program: this one is in a folder called tasks, which
 * is the folder ../tasks of a program. */
static void the_folders_of_tasks_are_searched_in_order(void** state) {
  (void)state;
  char here[64], before[4096], program[4096], path[4200], *roots[3], *folder, **names;
  const options opts = options_default();
  snprintf(here, sizeof here, "/tmp/dynaflow-lookup-XXXXXX");
  assert_non_null(mkdtemp(here));
  assert_non_null(getcwd(before, sizeof before));
  assert_int_equal(chdir(here), 0);
  const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  assert_true(length > 0);
  program[length] = '\0';
  *strrchr(program, '/') = '\0';
  assert_string_equal(strrchr(program, '/'), "/tasks");

  /* task 1 is in both, 2 in one of them */
  assert_int_equal(df_dir_make("tasks"), DF_OK);
  make_task("tasks", 1);
  make_task(program, 1);
  make_task(program, 2);
  assert_int_equal(task_roots(&opts, roots), 2);
  assert_string_equal(roots[0], "tasks");
  snprintf(path, sizeof path, "%s/../tasks", program);
  assert_string_equal(roots[1], path);
  for (int i = 0; i < 2; i++) df_free(roots[i]);
  assert_int_equal(task_folder(&opts, "t001", &folder), DF_OK);
  assert_string_equal(folder, "tasks/t001");
  df_free(folder);
  assert_int_equal(task_folder(&opts, "t002", &folder), DF_OK);
  snprintf(path, sizeof path, "%s/../tasks/t002", program);
  assert_string_equal(folder, path);
  df_free(folder);
  const int n = task_names(&opts, &names);
  assert_int_equal(n, 2);
  assert_string_equal(names[0], "t001");
  assert_string_equal(names[1], "t002");
  task_names_free(n, names);

  assert_int_equal(chdir(before), 0);
  for (int i = 1; i <= 2; i++) {
    snprintf(path, sizeof path, "%s/t%03d", program, i);
    remove_all(path);
  }
  remove_all(here);
}

/* the folders of a search, in order */
static void is_search(const df_search* search, int n, const char* const* folder) {
  assert_int_equal(search->n, n);
  for (int i = 0; i < n; i++) assert_string_equal(search->folder[i], folder[i]);
}

static void models_and_data_are_searched_in_order(void** state) {
  (void)state;
  df_search search;
  options opts = options_default();
  opts.n_data = 2;
  opts.data[0] = "one";
  opts.data[1] = "two";
  assert_int_equal(setenv("DYNAFLOW_DATA", "of all", 1), 0);
  assert_int_equal(setenv("XDG_DATA_HOME", "/user", 1), 0);
  data_search(&opts, "/tmp", &search);
  is_search(&search, 6, (const char* const[]){"one", "two", "/tmp", "/tmp/data", "of all", "/user/dynaflow/tmp"});
  search_clear(&search);
  assert_int_equal(setenv("DYNAFLOW_DATA", "", 1), 0);
  data_search(&opts, NULL, &search);
  is_search(&search, 2, (const char* const[]){"one", "two"});
  search_clear(&search);
  assert_int_equal(unsetenv("DYNAFLOW_DATA"), 0);
  assert_int_equal(unsetenv("XDG_DATA_HOME"), 0);
  assert_int_equal(unsetenv("HOME"), 0);
  opts.n_data = 0;
  data_search(&opts, "/tmp", &search);
  is_search(&search, 2, (const char* const[]){"/tmp", "/tmp/data"});
  search_clear(&search);
}

static void a_folder_without_tasks_has_none(void** state) {
  (void)state;
  char** names;
  options opts = options_default();
  opts.tasks = "/nonexistent";
  assert_int_equal(task_names(&opts, &names), 0);
  task_names_free(0, names);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_task_is_listed),
      cmocka_unit_test(the_folders_of_tasks_are_searched_in_order),
      cmocka_unit_test(models_and_data_are_searched_in_order),
      cmocka_unit_test(every_place_that_was_searched_is_named),
      cmocka_unit_test(a_folder_without_tasks_has_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
