#include "checkpoint.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/model_identity.h"
#include "dynaflow/io/safetensors.h"
#include "dynaflow/sim/mujoco.h"

enum { STATISTICS = 6 };
static const char* const format_version = "1";
static const df_dtype real_type = sizeof(df_real) == 4 ? DF_F32 : DF_F64;

typedef struct statistic {
  const char* name;
  double* data; /* [n], owned by the chart */
  size_t n;
  bool scale; /* a standard deviation */
} statistic;

/* lists the statistics of the chart, without which the weights cannot be used */
static void list_statistics(const df_task* task, statistic out[STATISTICS]) {
  const df_chart_statistics s = df_chart_get_statistics(task->chart);
  const size_t nz = (size_t)df_chart_size(task->chart), nu = (size_t)task->system->nu;
  const statistic table[STATISTICS] = {{"chart.mean", s.mean, nz, false},
                                       {"chart.std", s.std, nz, true},
                                       {"chart.context_mean", s.context_mean, nz, false},
                                       {"chart.context_std", s.context_std, nz, true},
                                       {"chart.action_mean", s.action_mean, nu, false},
                                       {"chart.action_std", s.action_std, nu, true}};
  memcpy(out, table, sizeof table);
}

/* describes a parameter tensor of the network */
static df_named_tensor weight_tensor(const df_tensor* t, const df_real* weights) {
  df_named_tensor named = {.name = t->name, .dtype = real_type, .rank = t->rank, .data = weights + t->offset};
  for (int k = 0; k < t->rank; k++) named.shape[k] = t->shape[k];
  return named;
}

/* DF_E_NONFINITE for a tensor with a value that is not finite: such weights give no number anywhere */
static df_status check_finite(const char* path, const df_named_tensor* t) {
  size_t n = 1;
  for (int k = 0; k < t->rank; k++) n *= t->shape[k];
  for (size_t i = 0; i < n; i++) {
    const double value = t->dtype == DF_F32 ? (double)((const float*)t->data)[i] : ((const double*)t->data)[i];
    if (!isfinite(value)) {
      return df_fail(DF_E_NONFINITE, "%s: tensor %s: value %zu is %g; the weights of a checkpoint must be finite", path,
                     t->name, i, value);
    }
  }
  return DF_OK;
}

/* the metadata entries of the model, in the order of the members of df_model_identity */
enum { MODEL_KEYS = 4 };
static const char* const model_keys[MODEL_KEYS] = {"dynaflow.model_files", "dynaflow.model_sha256",
                                                   "dynaflow.compiled_sha256", "dynaflow.mujoco"};
static const char* model_text(const df_model_identity* model, int i) {
  const char* const texts[MODEL_KEYS] = {model->list, model->files, model->compiled, model->mujoco};
  return texts[i];
}

static df_model_identity model_of(const df_task* task) {
  const df_model_identity* model = df_mujoco_identity(task->system);
  return model ? *model : (df_model_identity){"", task->model_sha256, "", ""};
}

/* lists every setting as a text pair; `text` [keys][DF_VALUE_MAX] holds the values. Returns the number of pairs. */
static int settings(const df_config* config, df_text_pair* pairs, char (*text)[DF_VALUE_MAX]) {
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    df_config_value(config, i, text[i], DF_VALUE_MAX);
    pairs[i] = (df_text_pair){keys[i].name, text[i]};
  }
  return n;
}

static df_status write_file(const char* path, const checkpoint_identity* id, const df_net* net, const df_real* weights,
                            df_named_tensor* tensors, df_text_pair* pairs, char (*text)[DF_VALUE_MAX]) {
  /* tensors: weights, statistics, extra vector */
  const df_tensor* list;
  const int n = df_net_tensors(net, &list);
  for (int i = 0; i < n; i++) tensors[i] = weight_tensor(&list[i], weights);
  statistic statistics[STATISTICS];
  list_statistics(id->task, statistics);
  int count = n;
  for (int i = 0; i < STATISTICS; i++) {
    const statistic* s = &statistics[i];
    tensors[count++] = (df_named_tensor){.name = s->name, .dtype = DF_F64, .rank = 1, .shape = {s->n}, .data = s->data};
  }
  if (id->extra_name) {
    tensors[count++] = (df_named_tensor){
        .name = id->extra_name, .dtype = real_type, .rank = 1, .shape = {id->n_extra}, .data = id->extra};
  }

  for (int i = 0; i < count; i++) DF_TRY(check_finite(path, &tensors[i]));

  /* metadata: settings and identity */
  int m = settings(&id->task->config, pairs, text);
  char seed[32], sum[DF_SHA256_TEXT];
  snprintf(seed, sizeof seed, "%" PRIu64, id->seed);
  DF_TRY(df_safetensors_sum(count, tensors, sum));
  pairs[m++] = (df_text_pair){"dynaflow.format", format_version};
  pairs[m++] = (df_text_pair){"dynaflow.kind", id->kind};
  pairs[m++] = (df_text_pair){"dynaflow.seed", seed};
  pairs[m++] = (df_text_pair){"dynaflow.data_sha256", id->task->data->sha256};
  pairs[m++] = (df_text_pair){DF_TENSORS_SUM_KEY, sum};
  const df_model_identity model = model_of(id->task);
  for (int i = 0; i < MODEL_KEYS; i++) pairs[m++] = (df_text_pair){model_keys[i], model_text(&model, i)};
  return df_safetensors_write(path, count, tensors, m, pairs);
}

df_status checkpoint_save(const char* path, const checkpoint_identity* id, const df_net* net, const df_real* weights) {
  const df_tensor* list;
  const df_config_key* keys;
  const size_t n = (size_t)df_net_tensors(net, &list) + STATISTICS + 1,
               m = (size_t)df_config_keys(&keys) + 5 + MODEL_KEYS;
  df_named_tensor* tensors = df_alloc(n, sizeof *tensors);
  df_text_pair* pairs = df_alloc(m, sizeof *pairs);
  char(*text)[DF_VALUE_MAX] = df_alloc(m, sizeof *text);
  const df_status status =
      tensors && pairs && text ? write_file(path, id, net, weights, tensors, pairs, text) : DF_E_NOMEM;
  df_free(tensors);
  df_free(pairs);
  df_free(text);
  return status;
}

static df_status check_entry(const char* path, const df_safetensors* file, const char* key, const char* expected) {
  const char* found = df_safetensors_metadata(file, key);
  if (!found) return df_fail(DF_E_FORMAT, "%s: not a checkpoint of this program: no metadata entry %s", path, key);
  if (strcmp(found, expected) != 0) {
    return df_fail(DF_E_MISMATCH, "%s: %s is %s, expected %s", path, key, found, expected);
  }
  return DF_OK;
}

/* whether a setting may differ between checkpoint and task: trained weights do not depend on settings of training and
 * evaluation, nor on names and places of files, whose content is compared by hash. Of the floors of scales, the result
 * is compared, which is also in checkpoints older than these settings. The sizes of a policy are those of its tensors.
 */
static bool is_free(const char* key) {
  static const char* const free_keys[] = {
      "task.",       "train.",    "inverse.", "recover.",     "flow.time",    "flow.coupling", "flow.few_step_share",
      "flow.reflow", "data.file", "data.url", "system.model", "scale_floor.", "net.preset",    "bc.",
      "act_chunk.",  "dap."};
  for (size_t i = 0; i < sizeof free_keys / sizeof free_keys[0]; i++) {
    if (strncmp(key, free_keys[i], strlen(free_keys[i])) == 0) return true;
  }
  return !df_config_trains(key);
}

/* settings that choose the demonstrations, which need not be those of the training (df_task.other_data) */
static bool chooses_data(const char* key) {
  static const char* const keys[] = {"data.", "split.", "window.first", "window.last", "window.stride"};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    if (strncmp(key, keys[i], strlen(keys[i])) == 0) return true;
  }
  return false;
}

/* present, as a checkpoint of a system without any identity has it */
static bool is_empty(const char* entry) {
  return entry && !entry[0];
}

static df_status check_model(const char* path, const df_safetensors* file, const df_task* task) {
  const df_model_identity here = model_of(task);
  const df_model_identity recorded = {
      df_safetensors_metadata(file, model_keys[0]), df_safetensors_metadata(file, model_keys[1]),
      df_safetensors_metadata(file, model_keys[2]), df_safetensors_metadata(file, model_keys[3])};
  char clause[512];
  switch (df_model_compare(&recorded, &here, clause, sizeof clause)) {
    case DF_MODEL_SAME:
      return DF_OK;
    case DF_MODEL_UNKNOWN:
      if (!here.files[0] && !here.compiled[0] && is_empty(recorded.files) && is_empty(recorded.compiled)) return DF_OK;
      return df_fail(DF_E_FORMAT, "%s: nothing in it says with which model it was trained (%s)", path, model_keys[1]);
    case DF_MODEL_MAIN_FILE:
      return df_fail(DF_E_MISMATCH, "%s: an older version wrote it: %s; train again", path, clause);
    default:
      return df_fail(DF_E_MISMATCH, "%s: trained with another model: %s", path, clause);
  }
}

/* whether `value` is the default of setting i */
static bool is_default(int i, const char* value) {
  const df_config defaults = df_config_default();
  char text[DF_VALUE_MAX];
  df_config_value(&defaults, i, text, sizeof text);
  return strcmp(text, value) == 0;
}

/* checks that the checkpoint is of this task, method, model and data, with the same settings of chart and network */
static df_status check_identity(const char* path, const df_safetensors* file, const checkpoint_identity* id) {
  DF_TRY(check_entry(path, file, "dynaflow.format", format_version));
  DF_TRY(check_entry(path, file, "task.name", id->task->config.task_name));
  DF_TRY(check_entry(path, file, "dynaflow.kind", id->kind));
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    char value[DF_VALUE_MAX];
    df_config_value(&id->task->config, i, value, sizeof value);
    const bool any = is_free(keys[i].name) || (id->task->other_data && chooses_data(keys[i].name));
    /* a checkpoint from before a setting was trained with its default */
    const bool newer = !df_safetensors_metadata(file, keys[i].name) && is_default(i, value);
    if (!any && !newer) DF_TRY(check_entry(path, file, keys[i].name, value));
  }
  /* after the settings, by which the compiled model and the data may differ, too */
  DF_TRY(check_model(path, file, id->task));
  if (id->task->other_data) return DF_OK;
  return check_entry(path, file, "dynaflow.data_sha256", id->task->data->sha256);
}

/* the name of entry i of a scale */
static const char* scale_entry(const df_task* task, const statistic* t, size_t i, char* text, size_t n) {
  if (strcmp(t->name, "chart.action_std") != 0) return df_chart_channel_name(task->chart, (int)i);
  snprintf(text, n, "action %zu", i);
  return text;
}

/* Reads a statistic of the chart. A scale must be that of the task up to rounding: weights mean nothing in other units,
 * and errors would be measured in them. With other demonstrations, the task takes the units of the training. */
static df_status read_statistic(const char* path, const df_safetensors* file, const df_task* task, const statistic* t) {
  static const double ROUNDING = 1e-6;
  double* found = df_alloc(t->n, sizeof *found);
  if (!found) return DF_E_NOMEM;
  const df_named_tensor tensor = {.name = t->name, .dtype = DF_F64, .rank = 1, .shape = {t->n}, .data = found};
  df_status status = df_safetensors_read(file, t->name, DF_F64, 1, &t->n, found);
  if (status == DF_OK) status = check_finite(path, &tensor);
  for (size_t i = 0; status == DF_OK && t->scale && !task->other_data && i < t->n; i++) {
    if (fabs(found[i] - t->data[i]) <= ROUNDING * t->data[i]) continue;
    char text[32];
    status = df_fail(DF_E_MISMATCH,
                     "%s: %s of '%s' is %g, but %g with this task's settings: the checkpoint was trained with other "
                     "scale_floor settings, or by a version without them; train again, or set them as in training",
                     path, t->name, scale_entry(task, t, i, text, sizeof text), found[i], t->data[i]);
  }
  if (status == DF_OK) memcpy(t->data, found, t->n * sizeof *found);
  df_free(found);
  return status;
}

static df_status read_tensors(const char* path, const df_safetensors* file, const checkpoint_identity* id,
                              const df_net* net, df_real* weights) {
  /* weights */
  const df_tensor* list;
  const int n = df_net_tensors(net, &list);
  for (int i = 0; i < n; i++) {
    const df_named_tensor t = weight_tensor(&list[i], weights);
    DF_TRY(df_safetensors_read(file, t.name, t.dtype, t.rank, t.shape, weights + list[i].offset));
    DF_TRY(check_finite(path, &t));
  }

  /* statistics, then the extra vector */
  statistic statistics[STATISTICS];
  list_statistics(id->task, statistics);
  for (int i = 0; i < STATISTICS; i++) DF_TRY(read_statistic(path, file, id->task, &statistics[i]));
  if (!id->extra_name) return DF_OK;
  DF_TRY(df_safetensors_read(file, id->extra_name, real_type, 1, &id->n_extra, id->extra));
  return check_finite(
      path, &(df_named_tensor){
                .name = id->extra_name, .dtype = real_type, .rank = 1, .shape = {id->n_extra}, .data = id->extra});
}

df_status checkpoint_load(const char* path, const checkpoint_identity* id, const df_net* net, df_real* weights) {
  df_safetensors* file;
  DF_TRY(df_safetensors_open(path, &file));
  df_status status = check_identity(path, file, id);
  if (status == DF_OK) status = df_safetensors_check_sum(file, path);
  if (status == DF_OK) status = read_tensors(path, file, id, net, weights);
  df_safetensors_close(file);
  return status;
}
