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

#include "dynaflow/core/file.h"

enum { TASKS = 300 };

static void every_task_is_listed(void** state) {
  (void)state;
  char root[64], path[128], command[128], **names, *folder;
  snprintf(root, sizeof root, "/tmp/dynaflow-lookup-XXXXXX");
  assert_non_null(mkdtemp(root));
  for (int i = 0; i < TASKS; i++) {
    snprintf(path, sizeof path, "%s/t%03d", root, i);
    assert_int_equal(df_dir_make(path), DF_OK);
    snprintf(path, sizeof path, "%s/t%03d/task.yaml", root, i);
    FILE* file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
  }
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
  snprintf(command, sizeof command, "rm -rf '%s'", root);
  assert_int_equal(system(command), 0);
}

/* without --tasks: the working folder's, and those beside the program */
static void every_place_that_was_searched_is_named(void** state) {
  (void)state;
  char* folder;
  char root[64], command[128], before[4096];
  snprintf(root, sizeof root, "/tmp/dynaflow-lookup-XXXXXX");
  assert_non_null(mkdtemp(root));
  assert_non_null(getcwd(before, sizeof before));
  assert_int_equal(chdir(root), 0);
  const options opts = options_default();
  assert_int_equal(task_folder(&opts, "none", &folder), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "unknown task 'none' in tasks (there is no such folder), /"));
  assert_non_null(strstr(df_error_message(), "/../share/dynaflow/tasks (there is no such folder); --tasks names"));
  assert_int_equal(chdir(before), 0);
  snprintf(command, sizeof command, "rm -rf '%s'", root);
  assert_int_equal(system(command), 0);
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
      cmocka_unit_test(every_place_that_was_searched_is_named),
      cmocka_unit_test(a_folder_without_tasks_has_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
