/* The file of generated demonstrations: its name holds everything that they depend on. */
#define _GNU_SOURCE
#include "data_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/data/task.h"
#include "dynaflow/gait/generators.h"
#include "dynaflow/sim/mujoco.h"
#include "lookup.h"
#include "unit.h"

/* "<task>-<12 digits>.npz": of all settings of system and data but those of places of files, of those of gait that are
 * not at their defaults, of the model, and of what computes the demonstrations */
static void name_by_hand(const df_config* config, const char* compiled, char name[512]) {
  static const char* const places[] = {"system.model", "system.model_sha256", "system.model_url",
                                       "data.file",    "data.sha256",         "data.url"};
  char all[1 << 14], value[4096], hash[DF_SHA256_TEXT];
  size_t used = 0;
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    bool counts = strncmp(keys[i].name, "system.", 7) == 0 || strncmp(keys[i].name, "data.", 5) == 0;
    for (size_t k = 0; k < sizeof places / sizeof *places; k++) counts = counts && strcmp(keys[i].name, places[k]) != 0;
    df_config_value(config, i, value, sizeof value);
    if (strncmp(keys[i].name, "gait.", 5) == 0) counts = strcmp(value, keys[i].default_text) != 0;
    if (!counts) continue;
    used += (size_t)snprintf(all + used, sizeof all - used, "%s %s\n", keys[i].name, value);
  }
  used += (size_t)snprintf(all + used, sizeof all - used, "model %s\nmujoco %s\ndemonstrator %d\n", compiled,
                           df_mujoco_version(), df_generator_by_name(config->data_generator)->version);
  assert_true(used < sizeof all);
  assert_int_equal(df_sha256(all, used, hash), DF_OK);
  snprintf(name, 512, "%s-%.12s.npz", config->task_name, hash);
}

static void the_name_of_generated_data_holds_all_they_depend_on(void** state) {
  (void)state;
  static const char* const changes[][2] = {{"train.steps", "7"},      {"data.seed", "7"},        {"data.gaits", "trot"},
                                           {"system.substeps", "3"},  {"data.url", "https:x"},   {"eval.seed", "7"},
                                           {"gait.frequency", "2,4"}, {"gait.start_noise", "0"}, {"gait.hold", "1"}};
  options opts = options_default();
  opts.tasks = "tasks";
  df_config config;
  df_search search;
  df_system* system;
  char model[DF_SHA256_TEXT], name[512], wanted[600], *path;
  assert_int_equal(resolve_task("go1_gaits", "full", NULL, &opts, &config, &search), DF_OK);
  assert_int_equal(df_task_system(&config, &search, &system, model), DF_OK);
  snprintf(model, sizeof model, "%s", df_mujoco_identity(system)->compiled);
  df_system_free(system);
  for (size_t i = 0; i <= sizeof changes / sizeof *changes; i++) {
    /* the name of this task is of no data that are there */
    snprintf(config.task_name, sizeof config.task_name, "nowhere");
    name_by_hand(&config, model, name);
    snprintf(wanted, sizeof wanted, "%s: not generated yet", name);
    assert_int_equal(task_data_path(&config, &search, &opts, false, &path), DF_E_MISSING);
    assert_string_equal(df_error_message(), wanted);
    if (i < sizeof changes / sizeof *changes)
      assert_int_equal(df_config_set(&config, changes[i][0], changes[i][1], "test"), DF_OK);
  }
  search_clear(&search);
}

/* the second folder alone has files that fit */
static void a_pattern_is_looked_for_in_every_folder(void** state) {
  (void)state;
  options opts = options_default();
  df_config config = df_config_default();
  char empty[] = "/tmp/dynaflow-test-XXXXXX", full[] = "/tmp/dynaflow-test-XXXXXX", file[64], wanted[64], *path;
  assert_non_null(mkdtemp(empty));
  assert_non_null(mkdtemp(full));
  snprintf(file, sizeof file, "%s/walk_1.npz", full);
  snprintf(wanted, sizeof wanted, "%s/walk_*.npz", full);
  assert_int_equal(df_file_write(file, "x", 1), DF_OK);
  df_search search = {.n = 2, .folder = {empty, full}};
  snprintf(config.data_source, sizeof config.data_source, "npz");
  snprintf(config.data_file, sizeof config.data_file, "walk_*.npz");
  assert_int_equal(task_data_path(&config, &search, &opts, false, &path), DF_OK);
  assert_string_equal(path, wanted);
  df_free(path);
  unlink(file);
  rmdir(empty);
  rmdir(full);
}

/* --data, else the folder of the task, also where the user's could be written to */
static void data_go_to_the_named_folder_then_to_that_of_the_task(void** state) {
  (void)state;
  char task[] = "/tmp/dynaflow-test-XXXXXX", own[64], user[64], wanted[200], *folder;
  const char* before = getenv("XDG_DATA_HOME");
  char* kept = before ? strdup(before) : NULL;
  assert_non_null(mkdtemp(task));
  snprintf(own, sizeof own, "%s/data", task);
  snprintf(user, sizeof user, "%s/user", task);
  assert_int_equal(setenv("XDG_DATA_HOME", user, 1), 0);
  options opts = options_default();
  const df_search search = {.n = 2, .folder = {task, own}};
  assert_int_equal(writable_data_folder(&search, &opts, &folder), DF_OK);
  assert_string_equal(folder, own);
  df_free(folder);
  /* the task's is a folder that cannot be */
  const df_search none = {.n = 2, .folder = {task, "/dev/null/data"}};
  assert_int_equal(writable_data_folder(&none, &opts, &folder), DF_OK);
  snprintf(wanted, sizeof wanted, "%s/dynaflow/%s", user, strrchr(task, '/') + 1);
  assert_string_equal(folder, wanted);
  df_free(folder);
  opts.data[opts.n_data++] = "/nowhere/named";
  assert_int_equal(writable_data_folder(&search, &opts, &folder), DF_OK);
  assert_string_equal(folder, "/nowhere/named");
  df_free(folder);
  assert_int_equal(kept ? setenv("XDG_DATA_HOME", kept, 1) : unsetenv("XDG_DATA_HOME"), 0);
  free(kept);
  rmdir(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(data_go_to_the_named_folder_then_to_that_of_the_task),
      cmocka_unit_test(a_pattern_is_looked_for_in_every_folder),
      cmocka_unit_test(the_name_of_generated_data_holds_all_they_depend_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
