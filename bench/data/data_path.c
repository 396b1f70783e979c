#define _POSIX_C_SOURCE 200809L
#include "data_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data_card.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/data/generator.h"
#include "dynaflow/data/task.h"
#include "dynaflow/gait/generators.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/system.h"
#include "generating_setting.h"
#include "lookup.h"
#include "progress.h"
#include "stop.h"
#include "terminal.h"
#include "text.h"

bool can_write(const char* folder) {
  char* at = df_strdup(folder);
  while (at && !df_file_exists(at)) {
    char* above = df_path_folder(at);
    df_free(at);
    at = above;
  }
  const bool can = at && access(at, W_OK | X_OK) == 0;
  df_free(at);
  return can;
}

df_status writable_data_folder(const df_search* search, const options* opts, char** folder) {
  /* resolve_task puts the task's folder, then its data/ folder, after those of --data */
  const char* own = search->n > 1 ? search->folder[1] : "data";
  struct stat info;
  *folder = NULL;
  if (opts->n_data > 0) {
    *folder = df_strdup(opts->data[0]);
  } else if (lstat(own, &info) == 0 && S_ISLNK(info.st_mode)) {
    return df_fail(DF_E_IO, "%s: a symbolic link, so nothing is written there; name the folder to write to: --data %s",
                   own, own);
  } else {
    char* user = search->n > 1 ? user_data_folder(search->folder[0]) : NULL;
    const char* place = can_write(own) ? own : user && can_write(user) ? user : NULL;
    df_status status = DF_OK;
    if (place) *folder = df_strdup(place);
    if (!place) {
      status = df_fail(DF_E_IO, "%s: not writable%s%s; name a folder for data: --data DIR", own,
                       user ? ", nor is " : "", user ? user : "");
    }
    df_free(user);
    DF_TRY(status);
  }
  return *folder ? DF_OK : DF_E_NOMEM;
}

static df_status generated_name(const df_config* config, const df_generator* generator, const df_system* system,
                                char** name) {
  char value[DF_VALUE_MAX], hash[DF_SHA256_TEXT];
  text canonical = {0};
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    df_config_value(config, i, value, sizeof value);
    if (setting_generates(&keys[i], value)) text_add(&canonical, "%s %s\n", keys[i].name, value);
  }
  text_add(&canonical, "model %s\nmujoco %s\ndemonstrator %d\n", df_mujoco_identity(system)->compiled,
           df_mujoco_version(), generator->version);
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

/* makes demonstrations, and says how many are made */
static df_status make_demonstrations(const df_generator* generator, const df_config* config, const df_system* system,
                                     const options* opts, df_generation* report, df_dataset** out) {
  progress p;
  progress_start(&p, opts->quiet, "demonstrations", "episodes", 1);
  const df_generator_env env = {.threads = opts->threads, .progress = show_progress, .context = &p, .report = report};
  const df_status status = generator->make(system, config, &env, out);
  progress_end(&p);
  return status;
}

static df_status write_card(const df_generator* generator, const df_config* config, const df_system* system,
                            const df_dataset* data, const df_generation* report, const char* path) {
  const card_origin origin = {.written_by = "`dynaflow data make` and by the first run of the task",
                              .generator = generator,
                              .depends = setting_generates};
  return data_card_write(path, config, system, &origin, data, report);
}

static df_status generate(const df_generator* generator, const df_config* config, const df_system* system,
                          const options* opts, const char* path) {
  df_generation report = {.n = 0};
  df_dataset* data = NULL;
  char* folder = df_path_folder(path);
  if (!folder) return DF_E_NOMEM;
  df_status status = df_dir_make(folder);
  df_free(folder);
  if (status != DF_OK) return status;

  status = make_demonstrations(generator, config, system, opts, &report, &data);
  if (status == DF_OK) status = df_dataset_write(path, data, df_mujoco_identity(system));
  if (status == DF_OK) status = write_card(generator, config, system, data, &report, path);
  df_dataset_free(data);
  if (status == DF_OK && !opts->quiet) print_line(stderr, "dynaflow: demonstrations written to %s", path);
  for (int i = 0; i < report.n && status == DF_OK && !opts->quiet; i++) {
    const df_attempts* kind = &report.kind[i];
    print_line(stderr, "dynaflow: %s: %d demonstrations kept; %d of %d attempts failed and were rejected", kind->name,
               kind->tried - kind->rejected, kind->rejected, kind->tried);
  }
  return status;
}

static df_status generated_path(const df_generator* generator, const df_config* config, const df_search* search,
                                const options* opts, bool make_if_missing, const df_system* system, char** path) {
  char *name = NULL, *folder = NULL;
  df_status status = generated_name(config, generator, system, &name);
  if (status != DF_OK) return status;
  status = df_search_find(search, name, path);
  if (status == DF_E_MISSING && !make_if_missing) {
    status = df_fail(DF_E_MISSING, "%s: not generated yet", name);
  } else if (status == DF_E_MISSING) {
    status = writable_data_folder(search, opts, &folder);
    *path = folder ? df_path_join(folder, name) : NULL;
    if (status == DF_OK) status = *path ? generate(generator, config, system, opts, *path) : DF_E_NOMEM;
  }
  if (status != DF_OK) {
    df_free(*path);
    *path = NULL;
  }
  df_free(folder);
  df_free(name);
  return status;
}

/* DF_E_CONFIG lists the generators there are, or names a file that the generator would not read */
static df_status find_generator(const df_config* config, const df_generator** out) {
  *out = df_generator_by_name(config->data_generator);
  if (*out && config->data_file[0]) {
    return df_fail(DF_E_CONFIG,
                   "task %s: data.source is 'generator', which reads no file, but data.file is '%s'; to read the file, "
                   "set data.source to file; to generate the demonstrations, leave data.file empty",
                   config->task_name, config->data_file);
  }
  if (*out) return DF_OK;
  const df_generator* const* all;
  const int n = df_generators(&all);
  text names = {0};
  for (int i = 0; i < n; i++) text_add(&names, "%s%s", i ? ", " : "", all[i]->name);
  const df_status status =
      config->data_generator[0]
          ? df_fail(DF_E_CONFIG, "task %s: data.generator: unknown generator '%s' (known: %s)", config->task_name,
                    config->data_generator, text_of(&names))
          : df_fail(DF_E_CONFIG, "task %s: data.source is 'generator' but data.generator is empty (known: %s)",
                    config->task_name, text_of(&names));
  text_clear(&names);
  return status;
}

bool is_file_pattern(const char* name) {
  return strpbrk(name, "*?[{") != NULL;
}

/* the file, or the pattern in the first folder in which a file fits it */
static df_status find_recorded(const df_search* search, const char* name, char** path) {
  const df_status status = df_search_find(search, name, path);
  if (status != DF_E_MISSING || !is_file_pattern(name)) return status;
  for (int i = 0; i < search->n; i++) {
    char** found;
    size_t n;
    *path = df_path_join(search->folder[i], name);
    if (!*path) return DF_E_NOMEM;
    const bool fits = df_file_glob(*path, &found, &n) == DF_OK;
    df_file_glob_free(found, n);
    if (fits) return DF_OK;
    df_free(*path);
    *path = NULL;
  }
  return df_search_find(search, name, path);
}

df_status task_data_path(const df_config* config, const df_search* search, const options* opts, bool make_if_missing,
                         char** path) {
  *path = NULL;
  if (strcmp(config->data_source, "generator") != 0) {
    if (!config->data_file[0]) return df_fail(DF_E_CONFIG, "%s: data.file is empty", config->task_name);
    return find_recorded(search, config->data_file, path);
  }
  const df_generator* generator;
  df_system* system = NULL;
  char model_sha256[DF_SHA256_TEXT];
  DF_TRY(find_generator(config, &generator));
  DF_TRY(df_task_system(config, search, &system, model_sha256));
  const df_status status = generated_path(generator, config, search, opts, make_if_missing, system, path);
  df_system_free(system);
  return status;
}

/* the card of the file, whose numbers count, with the attempts of demonstrations that are made again */
static df_status restore_card(const df_generator* generator, const df_config* config, const df_system* system,
                              const options* opts, const char* path) {
  df_generation report = {.n = 0};
  df_dataset *again = NULL, *data = NULL;
  df_status status = df_dataset_read(path, config, system, &data);
  if (status == DF_OK) status = make_demonstrations(generator, config, system, opts, &report, &again);
  if (status == DF_OK) status = write_card(generator, config, system, data, &report, path);
  df_dataset_free(again);
  df_dataset_free(data);
  if (status == DF_OK && !opts->quiet)
    print_line(stderr, "dynaflow: %s: its data card was missing, and is written again", path);
  return status;
}

df_status task_data_restore_card(const df_config* config, const df_search* search, const options* opts,
                                 const char* path) {
  const df_generator* generator;
  df_system* system = NULL;
  char model_sha256[DF_SHA256_TEXT];
  char *card = data_card_path(path), *folder = df_path_folder(path);
  const bool missing = folder && !df_file_exists(card) && can_write(folder);
  df_free(card);
  df_free(folder);
  if (!missing) return DF_OK;
  DF_TRY(find_generator(config, &generator));
  DF_TRY(df_task_system(config, search, &system, model_sha256));
  const df_status status = restore_card(generator, config, system, opts, path);
  df_system_free(system);
  return status;
}
