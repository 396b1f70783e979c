#define _GNU_SOURCE
#include "eval_data.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data_path.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/data/recording.h"
#include "key.h"
#include "lookup.h"
#include "text.h"

/* ---- the profile ---- */

static bool begins(const char* name, const char* prefix) {
  return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* settings that say which demonstrations there are, and which of their windows are held out */
static bool is_of_data(const char* name) {
  return setting_measures(name) || strcmp(name, "data.url") == 0;
}

/* settings that a profile for evaluation may not change: weights mean nothing under others */
static bool is_of_problem(const char* name) {
  static const char* const prefixes[] = {"system.", "action.", "window.horizon", "chart."};
  for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
    if (begins(name, prefixes[i])) return true;
  }
  return false;
}

/* takes the settings of one profile over a configuration; callback of df_config_profiles() */
typedef struct adoption {
  const df_config* trained;
  df_config* config; /* of `trained`, with the settings of the profile that say what is measured */
  bool file, sum;    /* whether the profile sets data.file and data.sha256 */
  df_status status;
} adoption;

static void adopt(void* context, const char* profile, const char* key, const char* value) {
  adoption* a = context;
  if (a->status != DF_OK || strcmp(profile, a->trained->eval_profile) != 0) return;
  if (is_of_data(key)) a->status = df_config_set(a->config, key, value, "eval.profile");
  a->file |= strcmp(key, "data.file") == 0;
  a->sum |= strcmp(key, "data.sha256") == 0;
  if (!is_of_problem(key)) return;
  /* the same value does no harm */
  df_config* other = df_alloc(1, sizeof *other);
  a->status = other ? DF_OK : DF_E_NOMEM;
  if (other) *other = *a->trained;
  if (a->status == DF_OK) a->status = df_config_set(other, key, value, "eval.profile");
  if (a->status == DF_OK && memcmp(other, a->trained, sizeof *other) != 0) {
    a->status = df_fail(DF_E_CONFIG,
                        "task %s: eval.profile = %s sets %s to %s, which is not that of the training: choose a profile "
                        "that differs only in data.*, gait.*, split.* and window.first, last and stride",
                        a->trained->task_name, profile, key, value);
  }
  df_free(other);
}

/* applies the settings of a record */
static df_status restore(const json_t* recorded, df_config* config) {
  const char* name;
  json_t* value;
  json_object_foreach((json_t*)(uintptr_t)recorded, name, value) {
    const char* setting = json_string_value(value);
    if (setting) DF_TRY(df_config_set(config, name, setting, "the record"));
  }
  return DF_OK;
}

/* Sets *config to the settings of `trained` with those of the profile that say what is measured. An unknown profile is
 * an error of resolve_task(), which also fills `search`. */
static df_status settle(const char* task, const char* method, const df_config* trained, const options* opts,
                        df_config* config, df_search* search) {
  adoption a = {.trained = trained, .config = config, .status = DF_OK};
  DF_TRY(resolve_task(task, trained->eval_profile, method, opts, config, search));
  *config = *trained;
  config->train_episodes = 0; /* of the training alone */
  char* folder;
  DF_TRY(task_folder(opts, task, &folder));
  char* file = df_path_join(folder, "task.yaml");
  const df_status status = file ? df_config_profiles(file, adopt, &a) : DF_E_NOMEM;
  df_free(file);
  df_free(folder);
  /* the sum of the training's file is not that of another one */
  if (a.file && !a.sum) config->data_sha256[0] = '\0';
  return status == DF_OK ? a.status : status;
}

/* the settings by which demonstrations are read and windows held out */
static json_t* measuring_settings(const df_config* config) {
  static _Thread_local char value[DF_VALUE_MAX];
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  json_t* out = json_object();
  for (int i = 0; i < n; i++) {
    if (!setting_measures(keys[i].name)) continue;
    df_config_value(config, i, value, sizeof value);
    json_object_set_new(out, keys[i].name, json_string(value));
  }
  return out;
}

df_status eval_data_open(const char* task, const char* method, const df_config* trained, const options* opts,
                         const json_t* recorded, eval_data* out) {
  *out = (eval_data){0};
  if (!trained->eval_profile[0]) return DF_OK;
  if (trained->train_noise > 0) {
    return df_fail(DF_E_CONFIG,
                   "task %s: train.noise = %g hides which demonstrations eval.profile = %s has in common with the "
                   "training; leave one of them out",
                   trained->task_name, trained->train_noise, trained->eval_profile);
  }
  df_search search = {0};
  out->config = df_alloc(1, sizeof *out->config);
  df_status status = out->config ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) status = settle(task, method, trained, opts, out->config, &search);
  if (status == DF_OK) status = restore(recorded, out->config);
  if (status == DF_OK) status = task_data_path(out->config, &search, opts, recorded == NULL, &out->path);
  if (status == DF_OK) status = df_recording_hash(out->path, out->sha256);
  if (status == DF_OK && !(out->settings = measuring_settings(out->config))) status = DF_E_NOMEM;
  search_clear(&search);
  return status;
}

/* ---- the demonstrations ---- */

static void copy_scales(const df_task* trained, df_task* task) {
  const df_chart_statistics from = df_chart_get_statistics(trained->chart), to = df_chart_get_statistics(task->chart);
  const size_t nz = (size_t)df_chart_size(task->chart) * sizeof(double);
  const size_t nu = (size_t)task->system->nu * sizeof(double);
  memcpy(to.mean, from.mean, nz);
  memcpy(to.std, from.std, nz);
  memcpy(to.context_mean, from.context_mean, nz);
  memcpy(to.context_std, from.context_std, nz);
  memcpy(to.action_mean, from.action_mean, nu);
  memcpy(to.action_std, from.action_std, nu);
}

static df_status check_conditions(const eval_data* d, const df_dataset* trained) {
  const df_dataset* data = d->task->data;
  bool same = data->nc == trained->nc;
  for (int i = 0; same && i < data->nc; i++) same = strcmp(data->condition_name[i], trained->condition_name[i]) == 0;
  if (same) return DF_OK;
  text here = {0}, wanted = {0};
  for (int i = 0; i < data->nc; i++) text_add(&here, "%s%s", i ? ", " : "", data->condition_name[i]);
  for (int i = 0; i < trained->nc; i++) text_add(&wanted, "%s%s", i ? ", " : "", trained->condition_name[i]);
  const df_status status =
      df_fail(DF_E_CONFIG,
              "%s: the demonstrations of eval.profile = %s have the conditions [%s], those of the training [%s]: a "
              "method can only be measured under the conditions that it was trained with, in their order; choose them "
              "with data.conditions",
              d->path, d->config->eval_profile, text_of(&here), text_of(&wanted));
  text_clear(&here);
  text_clear(&wanted);
  return status;
}

/* the frames of the training side, sorted by the bytes of their states */
typedef struct frames {
  const df_dataset* data;
  const df_windows* windows;
  size_t state; /* bytes of a state */
  size_t n;
  const double** sorted; /* [n] states */
} frames;

static int by_bytes(const void* a, const void* b, void* bytes) {
  const double *const *x = a, *const *y = b;
  return memcmp(*x, *y, *(const size_t*)bytes);
}

static df_status frames_new(const df_task* task, frames* f) {
  const df_dataset* data = task->data;
  const size_t all = data->first[data->episodes];
  *f = (frames){.data = data, .windows = task->windows, .state = (size_t)data->nx * sizeof(double)};
  f->sorted = df_alloc(all, sizeof *f->sorted);
  if (!f->sorted) return DF_E_NOMEM;
  for (size_t i = 0; i < all; i++) {
    if (f->windows->side[i] == DF_SIDE_TRAIN) f->sorted[f->n++] = data->states + i * (size_t)data->nx;
  }
  qsort_r(f->sorted, f->n, sizeof *f->sorted, by_bytes, &f->state);
  return DF_OK;
}

/* Whether the states x of a window are, bit for bit, those of a window of the training side. A state alone may be the
 * same: recordings often begin in one state. */
static bool has_window(const frames* f, const double* x) {
  const size_t H = (size_t)f->windows->horizon;
  size_t from = 0, to = f->n;
  while (from < to) {
    const size_t middle = from + (to - from) / 2;
    if (memcmp(x, f->sorted[middle], f->state) > 0)
      from = middle + 1;
    else
      to = middle;
  }
  for (; from < f->n && memcmp(x, f->sorted[from], f->state) == 0; from++) {
    const size_t frame = (size_t)(f->sorted[from] - f->data->states) / (size_t)f->data->nx;
    if (f->windows->ahead[frame] > (int)H && memcmp(x, f->sorted[from], (H + 1) * f->state) == 0) return true;
  }
  return false;
}

/* DF_E_CONFIG if more than a tenth of the held-out windows can be learnt from: methods would be measured on what they
 * were trained on. Fewer may be the same because recordings begin in the same way. */
static df_status check_leak(const eval_data* d, const df_task* trained) {
  const df_windows* held_out = d->task->windows;
  frames learnt;
  int known = 0, episode = -1;
  DF_TRY(frames_new(trained, &learnt));
  for (int i = 0; i < held_out->n_test; i++) {
    const df_window w = held_out->test[i];
    if (!has_window(&learnt, df_dataset_state(d->task->data, w.episode, w.start))) continue;
    known++;
    if (episode < 0) episode = w.episode;
  }
  df_free(learnt.sorted);
  if (known * 10LL <= held_out->n_test) return DF_OK;
  return df_fail(
      DF_E_CONFIG,
      "%s: %d of the %d windows that eval.profile = %s holds out are also in the training data (the first in "
      "episode %d): give the profile another data.seed, other recordings, or the split of the training",
      d->path, known, held_out->n_test, d->config->eval_profile, episode);
}

df_status eval_data_load(eval_data* d, const df_search* search, const df_task* trained) {
  if (!d->config) return DF_OK;
  DF_TRY(df_task_new(d->config, search, d->path, &d->task));
  DF_TRY(check_conditions(d, trained->data));
  DF_TRY(check_leak(d, trained));
  copy_scales(trained, d->task);
  return DF_OK;
}

void eval_data_clear(eval_data* d) {
  df_task_free(d->task);
  json_decref(d->settings);
  df_free(d->path);
  df_free(d->config);
  *d = (eval_data){0};
}
