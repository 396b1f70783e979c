#include "key.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "experts.h"

/* whether a setting is part of the key of an expert: those of the policy, and what names and judges it */
static bool is_in_expert_key(const char* name, const char* value) {
  static const char* const others[] = {"task.name", "task.version", "eval.seed"};
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    if (strcmp(name, others[i]) == 0) return true;
  }
  return expert_setting(name, value);
}

/* whether a setting is part of the key: those listed here change no number */
static bool is_in_key(const char* name, key_scope scope) {
  static const char* const left_out[] = {
      "task.title",     "task.methods",           "system.model_url", "data.url",
      "train.tape_mib", "train.checkpoint_every", "net.preset",
  };
  for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++) {
    if (strcmp(name, left_out[i]) == 0) return false;
  }
  /* nor do the settings of policies of `dynaflow expert`, which are no methods */
  if (strncmp(name, "expert", 6) == 0) return false;
  return scope == KEY_CELL || df_config_trains(name);
}

bool setting_is_newer(const char* name) {
  static const char* const older[] = {"flow.sigma", "flow.time_power"};
  static const char* const newer[] = {"gait.command_from",    "eval.profile",        "eval.chain_commands",
                                      "system.dynamics",      "eval.style_band",     "eval.goal_joints",
                                      "eval.goal_conditions", "eval.goal_tolerance", "train.episodes",
                                      "train.noise",          "train.project_from"};
  for (size_t i = 0; i < sizeof newer / sizeof newer[0]; i++) {
    if (strcmp(name, newer[i]) == 0) return true;
  }
  for (size_t i = 0; i < sizeof older / sizeof older[0]; i++) {
    if (strcmp(name, older[i]) == 0) return false;
  }
  return strncmp(name, "flow.", 5) == 0 || expert_imitates(name);
}

/* Whether a setting has the default with which results from before it were made. Left out, so that these results keep
 * their keys. */
static bool is_as_before(const char* name, const char* value) {
  if (!setting_is_newer(name)) return false;
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    if (strcmp(keys[i].name, name) == 0) return strcmp(keys[i].default_text, value) == 0;
  }
  return false;
}

static void add_setting(text* out, key_scope scope, const char* method, const char* name, const char* value) {
  const bool has =
      is_expert(method) ? is_in_expert_key(name, value) : is_in_key(name, scope) && !is_as_before(name, value);
  if (has) text_add(out, "%s %s\n", name, value);
}

bool setting_measures(const char* name) {
  static const char* const prefixes[] = {"data.", "gait.", "split.", "window.first", "window.last", "window.stride"};
  if (strcmp(name, "data.url") == 0) return false;
  for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
    if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) return true;
  }
  return false;
}

/* what is measured instead of the demonstrations of the training */
static void add_measured(text* out, const cell_identity* id) {
  const char* name;
  json_t* value;
  if (!id->eval_data_sha256 || !id->eval_data_sha256[0]) return;
  text_add(out, "held_out %s\n", id->eval_data_sha256);
  json_object_foreach((json_t*)(uintptr_t)id->eval_settings, name, value) {
    const char* setting = json_string_value(value);
    text_add(out, "held_out.%s %s\n", name, setting ? setting : "");
  }
}

static void add_identity(text* out, key_scope scope, const cell_identity* id, int numbers) {
  text_add(out, "method %s\nseed %llu\n", id->method, (unsigned long long)id->seed);
  text_add(out, "model %s\ndata %s\n", id->model_sha256, id->data_sha256);
  text_add(out, "mujoco %s\nblas %s\n", id->mujoco_version, id->blas_kernel);
  if (id->plugin_sha256 && id->plugin_sha256[0]) text_add(out, "plugin %s\n", id->plugin_sha256);
  if (id->trials && id->trials[0]) text_add(out, "trials %s\n", id->trials);
  if (scope == KEY_CELL) add_measured(out, id);
  text_add(out, "numbers %d\nscope %s\n", numbers, scope == KEY_CELL ? "cell" : "training");
}

void cell_key_text(const cell_identity* id, key_scope scope, text* out) {
  char value[DF_VALUE_MAX];
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    df_config_value(id->config, i, value, sizeof value);
    add_setting(out, scope, id->method, keys[i].name, value);
  }
  add_identity(out, scope, id, NUMBERS_VERSION);
}

/* hashes and clears the text */
static df_status hash_text(text* canonical, char key[DF_SHA256_TEXT]) {
  const df_status status = df_sha256(text_of(canonical), canonical->n, key);
  text_clear(canonical);
  return status;
}

df_status cell_key(const cell_identity* id, key_scope scope, char key[DF_SHA256_TEXT]) {
  text canonical = {0};
  cell_key_text(id, scope, &canonical);
  return hash_text(&canonical, key);
}

/* ---- from a record ---- */

static const char* word(const json_t* object, const char* name) {
  const char* s = json_string_value(json_object_get(object, name));
  return s ? s : "";
}

/* appends the canonical text of a record; DF_E_MISSING without compiled_sha256 */
static df_status add_record(const json_t* record, key_scope scope, const char* method, text* out) {
  const char* compiled = json_string_value(json_object_get(record, "compiled_sha256"));
  if (!compiled)
    return df_fail(DF_E_MISSING,
                   "the record has no compiled_sha256 (an older version wrote it), so its key cannot be recomputed");
  const json_t* provenance = json_object_get(record, "provenance");
  const json_t* numbers = json_object_get(record, "numbers");
  const cell_identity id = {.method = method,
                            .seed = (uint64_t)json_integer_value(json_object_get(record, "seed")),
                            .model_sha256 = compiled,
                            .data_sha256 = word(record, "data_sha256"),
                            .mujoco_version = word(provenance, "mujoco"),
                            .blas_kernel = word(json_object_get(provenance, "blas"), "kernel"),
                            .plugin_sha256 = word(record, "plugin_sha256"),
                            .trials = word(record, "trials"),
                            .eval_data_sha256 = word(record, "eval_data_sha256"),
                            .eval_settings = json_object_get(record, "eval_settings")};
  const char* name;
  json_t* value;
  json_object_foreach(json_object_get(record, "config"), name, value) {
    const char* setting = json_string_value(value);
    add_setting(out, scope, id.method, name, setting ? setting : "");
  }
  add_identity(out, scope, &id, numbers ? (int)json_integer_value(numbers) : 1);
  return DF_OK;
}

df_status record_key(const json_t* record, char key[DF_SHA256_TEXT]) {
  text canonical = {0};
  DF_TRY(add_record(record, KEY_CELL, word(record, "method"), &canonical));
  return hash_text(&canonical, key);
}

df_status record_training_text(const json_t* record, text* out) {
  return add_record(record, KEY_TRAINING, "", out);
}

df_status record_sum(const json_t* record, char sum[DF_SHA256_TEXT]) {
  json_t* bare = json_copy((json_t*)(uintptr_t)record);
  json_object_del(bare, "record_sha256");
  char* line = json_dumps(bare, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_SORT_KEYS);
  json_decref(bare);
  if (!line) return df_fail(DF_E_NONFINITE, "the record cannot be written as JSON");
  const df_status status = df_sha256(line, strlen(line), sum);
  free(line);
  return status;
}

df_status record_seal(json_t* record) {
  char sum[DF_SHA256_TEXT];
  DF_TRY(record_sum(record, sum));
  json_object_set_new(record, "record_sha256", json_string(sum));
  return DF_OK;
}
