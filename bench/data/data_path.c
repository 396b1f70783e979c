#include "data_path.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/data/task.h"
#include "dynaflow/gait/gait.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/system.h"
#include "progress.h"
#include "stop.h"
#include "text.h"

/* raised by hand when the demonstrator changes what it makes */
enum { DEMONSTRATOR_VERSION = 1 };

char* writable_data_folder(const df_search* search, const options* opts) {
  if (opts->n_data > 0) return df_strdup(opts->data[0]);
  /* resolve_task puts the task's folder, then its data/ folder, after those of --data */
  return search->n > 1 ? df_strdup(search->folder[1]) : df_strdup("data");
}

/* what of the settings decides the generated numbers */
static bool generates(const char* name) {
  static const char* const silent[] = {"data.file", "data.sha256", "data.url", "system.model_url",
                                       "system.model_sha256"};
  for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
    if (strcmp(name, silent[i]) == 0) return false;
  }
  return strncmp(name, "data.", 5) == 0 || (strncmp(name, "system.", 7) == 0 && strcmp(name, "system.model") != 0);
}

static df_status generated_name(const df_config* config, const char* model_sha256, char** name) {
  char value[4096], hash[DF_SHA256_TEXT];
  text canonical = {0};
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    if (!generates(keys[i].name)) continue;
    df_config_value(config, i, value, sizeof value);
    text_add(&canonical, "%s %s\n", keys[i].name, value);
  }
  text_add(&canonical, "model %s\nmujoco %s\ndemonstrator %d\n", model_sha256, df_mujoco_version(),
           DEMONSTRATOR_VERSION);
  const df_status status = df_sha256(text_of(&canonical), canonical.n, hash);
  text_clear(&canonical);
  if (status == DF_OK) *name = format_text("%s-%.12s.npz", config->task_name, hash);
  return status;
}

static bool show_progress(void* context, int done, int wanted) {
  progress* p = context;
  p->total = wanted;
  progress_update(p, done, NULL);
  return !stop_flag;
}

static df_status make_gaits(const df_config* config, const df_system* system, const char* model_sha256,
                            const options* opts, const char* path) {
  progress p;
  df_gait_report report = {0};
  df_dataset* data = NULL;
  char* folder = df_path_folder(path);
  if (!folder) return DF_E_NOMEM;
  df_status status = df_dir_make(folder);
  df_free(folder);
  if (status != DF_OK) return status;
  progress_start(&p, opts->quiet, "demonstrations", "episodes", 1);
  status = df_gait_demonstrate(system, config, opts->threads, show_progress, &p, &report, &data);
  progress_end(&p);
  if (status == DF_OK) status = df_dataset_write(path, data, model_sha256);
  df_dataset_free(data);
  for (int g = 0; g < DF_GAIT_COUNT && status == DF_OK && !opts->quiet; g++) {
    if (report.tried[g] == 0) continue;
    fprintf(stderr, "dynaflow: %s: %d demonstrated, %d of %d tried fell and were left out\n", df_gait_name((df_gait)g),
            report.tried[g] - report.fallen[g], report.fallen[g], report.tried[g]);
  }
  return status;
}

static df_status gait_path(const df_config* config, const df_search* search, const options* opts, bool make_if_missing,
                           const df_system* system, const char* model_sha256, char** path) {
  char *name = NULL, *folder = NULL;
  df_status status = generated_name(config, model_sha256, &name);
  if (status != DF_OK) return status;
  status = df_search_find(search, name, path);
  if (status == DF_E_MISSING && !make_if_missing) {
    status = df_fail(DF_E_MISSING, "%s: not generated yet: dynaflow data make %s", name, config->task_name);
  } else if (status == DF_E_MISSING) {
    folder = writable_data_folder(search, opts);
    *path = folder ? df_path_join(folder, name) : NULL;
    status = *path ? make_gaits(config, system, model_sha256, opts, *path) : DF_E_NOMEM;
  }
  if (status != DF_OK) {
    df_free(*path);
    *path = NULL;
  }
  df_free(folder);
  df_free(name);
  return status;
}

df_status task_data_path(const df_config* config, const df_search* search, const options* opts, bool make_if_missing,
                         char** path) {
  *path = NULL;
  if (strcmp(config->data_source, "npz") == 0) {
    if (!config->data_file[0]) return df_fail(DF_E_CONFIG, "%s: data.file is empty", config->task_name);
    return df_search_find(search, config->data_file, path);
  }
  df_system* system = NULL;
  char model_sha256[DF_SHA256_TEXT];
  DF_TRY(df_task_system(config, search, &system, model_sha256));
  const df_status status = gait_path(config, search, opts, make_if_missing, system, model_sha256, path);
  df_system_free(system);
  return status;
}
