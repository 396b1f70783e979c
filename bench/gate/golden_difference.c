#include "golden_difference.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "identity.h"
#include "json.h"
#include "text.h"

enum { NAMED = 6 }; /* differences that are named */

/* a record with another configuration, of which only the settings count */
static json_t* with_config(json_t* config) {
  return json_pack("{s:o}", "config", config);
}

/* whether the settings of this configuration, which is released, have the hash of the table */
static bool has_hash(const golden_table* g, json_t* config, df_status* status) {
  char sum[DF_SHA256_TEXT] = "";
  json_t* record = with_config(config);
  if (*status == DF_OK) *status = golden_settings(record, sum);
  json_decref(record);
  return *status == DF_OK && strcmp(sum, g->settings) == 0;
}

/* the same with another value of a setting; NULL: without it */
static bool has_hash_with(const golden_table* g, const json_t* config, const char* name, const char* value,
                          df_status* status) {
  json_t* other = json_deep_copy(config);
  if (value)
    json_object_set_new(other, name, json_string(value));
  else
    json_object_del(other, name);
  return has_hash(g, other, status);
}

/* ---- the sums that only check ---- */

static const char model_sum[] = "system.model_sha256", data_sum[] = "data.sha256";

/* whether the sums are all that differs */
static bool differs_in_sums(const golden_table* g, const json_t* config, df_status* status) {
  const char *const models[] = {string_of(config, model_sum), "", g->model}, *const data[] = {
                                                                                 string_of(config, data_sum), "",
                                                                                 g->data};
  bool found = false;
  for (int i = 0; i < 9 && !found && *status == DF_OK; i++) {
    json_t* other = json_deep_copy(config);
    if (json_object_get(config, model_sum)) json_object_set_new(other, model_sum, json_string(models[i / 3]));
    if (json_object_get(config, data_sum)) json_object_set_new(other, data_sum, json_string(data[i % 3]));
    found = has_hash(g, other, status);
  }
  return found;
}

/* ---- what differs ---- */

static void add_one(text* out, int* n, const char* name, const char* own, const char* other) {
  if ((*n)++ < NAMED) text_add(out, "%s%s is '%.80s', not '%.80s'", *n > 1 ? ", " : "", name, own, other);
}

/* against the settings that the table lists: those that it does not list are at their defaults */
static int add_listed(const golden_table* g, const json_t* config, text* out) {
  const df_config_key* keys;
  const int n_keys = df_config_keys(&keys);
  int n = 0;
  for (int i = 0; i < n_keys; i++) {
    const char *name = keys[i].name, *own = string_of(config, name);
    const json_t* listed = json_object_get(g->listed, name);
    if (!setting_is_shared(name) || setting_is_sum(name) || !json_object_get(config, name)) continue;
    char* shown = golden_shown(own);
    char* of_default = golden_shown(keys[i].default_text);
    const char* other = listed ? json_string_value(listed) : of_default;
    if (strcmp(shown, other) != 0) add_one(out, &n, name, shown, other);
    df_free(shown);
    df_free(of_default);
  }
  return n;
}

/* the one setting that has another value than its default, or that the table does not know */
static int add_tried(const golden_table* g, const json_t* config, text* out, df_status* status) {
  const df_config_key* keys;
  const int n_keys = df_config_keys(&keys);
  for (int i = 0; i < n_keys && *status == DF_OK; i++) {
    const char *name = keys[i].name, *own = string_of(config, name), *usual = keys[i].default_text;
    int n = 0;
    if (!setting_is_shared(name) || !json_object_get(config, name)) continue;
    if (strcmp(own, usual) != 0 && has_hash_with(g, config, name, usual, status)) {
      add_one(out, &n, name, own, usual);
    } else if (has_hash_with(g, config, name, NULL, status)) {
      text_add(out, "%s, '%.80s', is a setting that the table does not know", name, own);
      n++;
    }
    if (n) return n;
  }
  return 0;
}

char* golden_difference(const golden_table* g, const json_t* record, df_status* status) {
#define IN_TEXT(section, before) before section
  static const char sections[] = SHARED_SECTION_LIST(IN_TEXT);
#undef IN_TEXT
  const json_t* config = json_object_get(record, "config");
  text out = {0};
  *status = DF_OK;
  if (differs_in_sums(g, config, status) || *status != DF_OK) return NULL;
  int n = g->listed ? add_listed(g, config, &out) : 0;
  if (!n) n = add_tried(g, config, &out, status);
  if (n > NAMED) text_add(&out, " and %d more", n - NAMED);
  if (!n)
    text_add(&out,
             "settings of %s are not all those of the table, which has only their hash: compare the task file and "
             "--set with those of its commit",
             sections);
  char* words = *status == DF_OK ? format_text("%s", text_of(&out)) : NULL;
  text_clear(&out);
  return words;
}
