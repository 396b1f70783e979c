#include "dynaflow/config/config.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/c_locale.h"
#include "dynaflow/core/words.h"
#include "yaml_leaves.h"

/* ---- the settings, from the table DF_CONFIG_TABLE of config.h ---- */

static const df_config_key keys[] = {
#define ROW(kind, section, field, default_text, low, high, choices, unit, help) \
  {#section "." #field, #kind, default_text, low, high, choices, unit, help},
    DF_CONFIG_TABLE(ROW)
#undef ROW
};

static const size_t offsets[] = {
#define OFFSET(kind, section, field, ...) offsetof(df_config, section##_##field),
    DF_CONFIG_TABLE(OFFSET)
#undef OFFSET
};

enum { KEYS = sizeof keys / sizeof *keys };

int df_config_keys(const df_config_key** out) {
  *out = keys;
  return KEYS;
}

static bool is_kind(int i, const char* kind) {
  return strcmp(keys[i].kind, kind) == 0;
}

static void* member(df_config* config, int i) {
  return (char*)config + offsets[i];
}

static int key_index(const char* name) {
  for (int i = 0; i < KEYS; i++) {
    if (strcmp(keys[i].name, name) == 0) return i;
  }
  return -1;
}

/* ---- suggestions ---- */

/* Writes "; did you mean x?" for the known key closest to an unknown one, by its whole name or (section omitted) by its
 * last part, or "" if none is close. Returns `out`. */
static const char* suggest_key(const char* wrong, char out[128]) {
  size_t best = df_word_reach(wrong) + 1;
  const char* name = NULL;
  for (int i = 0; i < KEYS; i++) {
    const size_t whole = df_edit_distance(wrong, keys[i].name);
    const size_t word = df_edit_distance(wrong, strchr(keys[i].name, '.') + 1) + 1;
    const size_t distance = whole < word ? whole : word;
    if (distance < best) {
      best = distance;
      name = keys[i].name;
    }
  }
  out[0] = '\0';
  if (name) snprintf(out, 128, "; did you mean %s?", name);
  return out;
}

/* ---- values from text ---- */

/* the key, source and text of a value, for error messages */
typedef struct target {
  int key;
  const char* where;
  const char* value;
} target;

static df_status refuse(const target* t, const char* what) {
  enum { SHOWN = 200 }; /* of a long value, so that the message is whole */
  return df_fail(DF_E_CONFIG, "%s: %s = '%.*s%s': %s", t->where, keys[t->key].name, SHOWN, t->value,
                 strlen(t->value) > SHOWN ? "..." : "", what);
}

static df_status check_range(const target* t, double x) {
  const df_config_key* k = &keys[t->key];
  if (x >= k->low && x <= k->high) return DF_OK;
  return df_fail(DF_E_CONFIG, "%s: %s = '%s': not in %.15g .. %.15g%s%s", t->where, k->name, t->value, k->low, k->high,
                 *k->unit ? " " : "", k->unit);
}

static df_status parse_int(const target* t, int* out) {
  char* end;
  errno = 0;
  const long x = strtol(t->value, &end, 10);
  if (end == t->value || *end != '\0') return refuse(t, "not a whole number");
  if (errno == ERANGE) return check_range(t, x < 0 ? -HUGE_VAL : HUGE_VAL);
  DF_TRY(check_range(t, (double)x));
  *out = (int)x;
  return DF_OK;
}

static df_status parse_number(const target* t, const char* text, double* out) {
  char* end;
  errno = 0;
  const double x = df_read_double(text, &end);
  if (errno == ERANGE && fabs(x) < 1) return refuse(t, "too close to 0 for a double");
  if (end == text || *end != '\0') return refuse(t, "not a number");
  if (!isfinite(x)) return refuse(t, "not a finite number");
  DF_TRY(check_range(t, x));
  *out = x + 0.0; /* turns -0 into 0: equal values must have equal text */
  return DF_OK;
}

static df_status check_characters(const target* t, const char* text) {
  for (; *text; text++) {
    if ((unsigned char)*text < 32) return refuse(t, "control characters are not allowed");
  }
  return DF_OK;
}

static df_status refuse_long(const target* t) {
  char why[120];
  snprintf(why, sizeof why,
           "at most %d characters; many arrays of a recording are named by a pattern, such as action.*",
           DF_TEXT_MAX - 1);
  return refuse(t, why);
}

static df_status parse_text(const target* t, char* out) {
  DF_TRY(check_characters(t, t->value));
  const size_t n = strlen(t->value);
  if (n >= DF_TEXT_MAX) return refuse_long(t);
  /* it becomes part of the names of generated files */
  if (strcmp(keys[t->key].name, "task.name") == 0 && strchr(t->value, '/')) return refuse(t, "a name without '/'");

  /* compare with each of the choices "a|b|c" */
  const char* choices = keys[t->key].choices;
  bool found = *choices == '\0';
  for (const char* p = choices; *p && !found;) {
    const size_t length = strcspn(p, "|");
    found = length == n && memcmp(p, t->value, n) == 0;
    p += length + (p[length] == '|');
  }
  if (!found) {
    return df_fail(DF_E_CONFIG, "%s: %s = '%s': not one of %s", t->where, keys[t->key].name, t->value, choices);
  }
  memset(out, 0, DF_TEXT_MAX);
  memcpy(out, t->value, n);
  return DF_OK;
}

/* copies the next comma-separated item without surrounding blanks; *fits: whether it fits; returns false at the end */
static bool next_item(const char** at, char out[DF_ITEM_MAX], bool* fits) {
  if (!*at) return false;
  const char* p = *at + strspn(*at, " \t");
  const size_t whole = strcspn(p, ",");
  size_t n = whole;
  while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t')) n--;
  *fits = n < DF_ITEM_MAX;
  if (*fits) {
    memcpy(out, p, n);
    out[n] = '\0';
  }
  *at = p[whole] == ',' ? p + whole + 1 : NULL;
  return true;
}

static bool is_blank(const char* text) {
  return text[strspn(text, " \t")] == '\0';
}

static df_status parse_list(const target* t, df_list* out) {
  df_list list = {0};
  char item[DF_ITEM_MAX];
  bool fits;
  for (const char* at = is_blank(t->value) ? NULL : t->value; next_item(&at, item, &fits);) {
    if (list.n == DF_LIST_MAX) return refuse(t, "too many numbers");
    if (!fits) return refuse(t, "not a number");
    DF_TRY(parse_number(t, item, &list.v[list.n]));
    /* numbers of a row each; other lists are vectors */
    for (int i = 0; i < list.n && strcmp(keys[t->key].name, "eval.sampler_steps") == 0; i++) {
      if (list.v[i] == list.v[list.n]) return refuse(t, "a number is listed twice");
    }
    list.n++;
  }
  *out = list;
  return DF_OK;
}

static df_status parse_names(const target* t, df_names* out) {
  df_names names = {0};
  char item[DF_ITEM_MAX];
  bool fits;
  for (const char* at = is_blank(t->value) ? NULL : t->value; next_item(&at, item, &fits);) {
    if (names.n == DF_NAMES_MAX) return refuse(t, "too many names");
    if (!fits || strlen(item) >= DF_NAME_MAX) return refuse(t, "a name is too long");
    if (*item == '\0') return refuse(t, "an empty name");
    DF_TRY(check_characters(t, item));
    for (int i = 0; i < names.n; i++) {
      if (strcmp(names.v[i], item) == 0) return refuse(t, "a name is listed twice");
    }
    memcpy(names.v[names.n++], item, strlen(item) + 1);
  }
  *out = names;
  return DF_OK;
}

/* the item that ends before `next`, or at the end of the value */
static df_status refuse_item(const target* t, const char* next) {
  const char* end = next ? next - 1 : t->value + strlen(t->value);
  const char* begin = end;
  while (begin > t->value && begin[-1] != ',') begin--;
  char what[128];
  snprintf(what, sizeof what, "the item '%.40s...' has %zu characters, more than %d", begin, (size_t)(end - begin),
           DF_ITEM_MAX - 1);
  return refuse(t, what);
}

static df_status parse_items(const target* t, df_items* out) {
  df_items items = {0};
  char item[DF_ITEM_MAX];
  bool fits;
  for (const char* at = is_blank(t->value) ? NULL : t->value; next_item(&at, item, &fits);) {
    if (items.n == DF_ITEMS_MAX) return refuse(t, "too many items");
    if (!fits) return refuse_item(t, at);
    if (*item == '\0') return refuse(t, "an empty item");
    DF_TRY(check_characters(t, item));
    memcpy(items.v[items.n++], item, strlen(item) + 1);
  }
  *out = items;
  return DF_OK;
}

static df_status parse_several(const target* t, void* at) {
  if (is_kind(t->key, "LIST")) return parse_list(t, at);
  return is_kind(t->key, "NAMES") ? parse_names(t, at) : parse_items(t, at);
}

/* a list in brackets, as YAML has it, is the same */
static df_status parse_in_brackets(const target* t, void* at) {
  const size_t n = strlen(t->value);
  if (n < 2 || t->value[0] != '[' || t->value[n - 1] != ']') return parse_several(t, at);
  char* inside = df_strdup(t->value + 1);
  if (!inside) return DF_E_NOMEM;
  inside[n - 2] = '\0';
  target bare = *t;
  bare.value = inside;
  const df_status status = parse_several(&bare, at);
  df_free(inside);
  return status;
}

static df_status parse_value(df_config* config, const target* t) {
  void* at = member(config, t->key);
  if (is_kind(t->key, "INT")) return parse_int(t, at);
  if (is_kind(t->key, "REAL")) return parse_number(t, t->value, at);
  return is_kind(t->key, "TEXT") ? parse_text(t, at) : parse_in_brackets(t, at);
}

/* ---- presets of the network ---- */

/* the text of every net.* key that a preset sets; fields in the order of the table of settings */
typedef struct preset {
  const char *name, *kind, *width, *depth, *heads, *mlp_ratio, *skip_hidden, *position_std;
} preset;

static const char preset_key[] = "net.preset";

/* jax_seed has the size of the network of the JAX implementation of DynaFlow, which has no skip MLP */
static const preset presets[] = {{"small", "dit", "64", "2", "4", "4", "128", "0.7"},
                                 {"base", "dit", "96", "3", "4", "4", "256", "0.7"},
                                 {"jax_seed", "dit", "384", "3", "6", "4", "0", "0.7"}};

static df_status apply_preset(df_config* config, const char* name, const char* where) {
  for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
    const preset* p = &presets[i];
    if (strcmp(p->name, name) != 0) continue;
    const char* const pairs[][2] = {{"net.kind", p->kind},
                                    {"net.width", p->width},
                                    {"net.depth", p->depth},
                                    {"net.heads", p->heads},
                                    {"net.mlp_ratio", p->mlp_ratio},
                                    {"net.skip_hidden", p->skip_hidden},
                                    {"net.position_std", p->position_std}};
    for (size_t k = 0; k < sizeof pairs / sizeof pairs[0]; k++)
      DF_TRY(df_config_set(config, pairs[k][0], pairs[k][1], where));
  }
  return DF_OK;
}

df_status df_config_set(df_config* config, const char* key, const char* value, const char* where) {
  DF_REQUIRE_POINTER(config);
  DF_REQUIRE_POINTER(key);
  DF_REQUIRE_POINTER(value);
  DF_REQUIRE_POINTER(where);
  const int i = key_index(key);
  if (i < 0) {
    char hint[128];
    return df_fail(DF_E_CONFIG, "%s: unknown key '%s' (value '%s')%s", where, key, value, suggest_key(key, hint));
  }
  DF_TRY(parse_value(config, &(target){.key = i, .where = where, .value = value}));
  return strcmp(key, preset_key) == 0 ? apply_preset(config, config->net_preset, where) : DF_OK;
}

bool df_config_trains(const char* key) {
  static const char* const sections[] = {"eval.",       "tracking.",      "projection.",   "trajopt.", "expert",
                                         "flow.solver", "flow.tolerance", "flow.guidance", "flow.eta", "flow.clip"};
  for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
    if (strncmp(key, sections[i], strlen(sections[i])) == 0) return false;
  }
  return true;
}

df_config df_config_default(void) {
  df_config config;
  memset(&config, 0, sizeof config);
  /* a test reads every default back, so none can fail here */
  for (int i = 0; i < KEYS; i++) {
    if (parse_value(&config, &(target){.key = i, .where = "default", .value = keys[i].default_text}) != DF_OK) break;
  }
  return config;
}

/* ---- text from values ---- */

/* the shortest of three widths that reads back as the same number */
static void number_text(double x, char out[32]) {
  for (int digits = 15; digits <= 17; digits++) {
    df_write_number(out, 32, "%.*g", digits, x);
    if (df_read_double(out, NULL) == x) return;
  }
}

/* appends and cuts at the end, as snprintf does */
static size_t append(char* text, size_t n, size_t at, const char* more) {
  if (at < n) snprintf(text + at, n - at, "%s", more);
  return at + strlen(more);
}

/* the same for an item of a list, after a comma */
static size_t append_item(char* text, size_t n, size_t at, const char* item) {
  if (at > 0) at = append(text, n, at, ",");
  return append(text, n, at, item);
}

void df_config_value(const df_config* config, int i, char* text, size_t n) {
  if (n == 0) return;
  text[0] = '\0';
  if (i < 0 || i >= KEYS) return;
  const void* at = (const char*)config + offsets[i];
  char number[32];
  size_t end = 0;
  if (is_kind(i, "INT")) {
    snprintf(text, n, "%d", *(const int*)at);
  } else if (is_kind(i, "REAL")) {
    number_text(*(const double*)at, number);
    append(text, n, 0, number);
  } else if (is_kind(i, "TEXT")) {
    append(text, n, 0, at);
  } else if (is_kind(i, "LIST")) {
    const df_list* list = at;
    for (int j = 0; j < list->n; j++) {
      number_text(list->v[j], number);
      end = append_item(text, n, end, number);
    }
  } else if (is_kind(i, "NAMES")) {
    const df_names* names = at;
    for (int j = 0; j < names->n; j++) end = append_item(text, n, end, names->v[j]);
  } else {
    const df_items* items = at;
    for (int j = 0; j < items->n; j++) end = append_item(text, n, end, items->v[j]);
  }
}

/* ---- layers ---- */

enum { TASK, METHOD, PROFILE, PROFILE_METHOD, LAYERS };

/* the layer of a leaf, its profile and method ("" if none) and the key that it sets */
typedef struct place {
  int layer;
  char profile[DF_NAME_MAX], method[DF_NAME_MAX];
  const char* key; /* "" for a profile or method without keys */
} place;

/* removes the prefix "<word>.<name>." of a key and copies the name; false without such a prefix or if it is too long */
static bool strip(const char** key, const char* word, char name[DF_NAME_MAX]) {
  const size_t n = strlen(word);
  if (strncmp(*key, word, n) != 0 || (*key)[n] != '.') return false;
  const char* first = *key + n + 1;
  const size_t length = strcspn(first, ".");
  if (length == 0 || length >= DF_NAME_MAX) return false;
  memcpy(name, first, length);
  name[length] = '\0';
  *key = first + length + (first[length] == '.');
  return true;
}

static place locate(const df_yaml_leaf* leaf) {
  place p = {.layer = TASK, .key = leaf->key};
  if (strip(&p.key, "profiles", p.profile)) p.layer = PROFILE;
  if (strip(&p.key, "methods", p.method)) p.layer = p.layer == PROFILE ? PROFILE_METHOD : METHOD;
  return p;
}

/* whether a name is a prefix of known keys, so that an empty mapping may follow it */
static bool is_section(const char* name) {
  const size_t n = strlen(name);
  for (int i = 0; i < KEYS; i++) {
    if (strncmp(keys[i].name, name, n) == 0 && keys[i].name[n] == '.') return true;
  }
  return n == 0 || strcmp(name, "methods") == 0 || strcmp(name, "profiles") == 0;
}

static df_status set_leaf(df_config* config, const char* path, const df_yaml_leaf* leaf, const char* key) {
  if (leaf->empty && is_section(key)) return DF_OK;
  char where[512];
  snprintf(where, sizeof where, "%s:%d", path, leaf->line);
  const int i = key_index(key);
  if (i >= 0 && leaf->sequence && (is_kind(i, "INT") || is_kind(i, "REAL") || is_kind(i, "TEXT"))) {
    return refuse(&(target){.key = i, .where = where, .value = leaf->value}, "expected one value, not a sequence");
  }
  char hint[128];
  if (i < 0 && strcmp(leaf->key, key) != 0) {
    return df_fail(DF_E_CONFIG, "%s: unknown key '%s' in '%s' (value '%s')%s", where, key, leaf->key, leaf->value,
                   suggest_key(key, hint));
  }
  return df_config_set(config, key, leaf->value, where);
}

/* checks every value of the file, also of profiles and methods that are not selected, so that errors show at once */
static df_status check_all(const char* path, const df_yaml* yaml) {
  df_config scratch = df_config_default();
  for (int i = 0; i < yaml->n; i++) DF_TRY(set_leaf(&scratch, path, &yaml->leaf[i], locate(&yaml->leaf[i]).key));
  return DF_OK;
}

/* Refuses settings of a method that task.methods does not list, since they would have no effect. An empty task.methods
 * allows any method. */
static df_status check_methods(const char* path, const df_yaml* yaml, const df_config* config) {
  /* list the methods for the error message */
  const df_names* methods = &config->task_methods;
  char known[DF_NAMES_MAX * (DF_NAME_MAX + 2)] = "";
  size_t n = 0;
  for (int j = 0; j < methods->n; j++) {
    if (j > 0) n = append(known, sizeof known, n, ", ");
    n = append(known, sizeof known, n, methods->v[j]);
  }

  /* check the method of every leaf */
  for (int i = 0; i < yaml->n && methods->n > 0; i++) {
    const place p = locate(&yaml->leaf[i]);
    bool found = *p.method == '\0';
    for (int j = 0; j < methods->n; j++) found |= strcmp(p.method, methods->v[j]) == 0;
    if (!found) {
      return df_fail(DF_E_CONFIG, "%s:%d: '%s': method '%s' is not among task.methods: %s", path, yaml->leaf[i].line,
                     yaml->leaf[i].key, p.method, known);
    }
  }
  return DF_OK;
}

/* Whether there is this profile; the error lists those of the file. Every file has the profile "full", which changes no
 * setting unless the file defines it. */
static df_status check_profile(const char* path, const df_yaml* yaml, const char* profile) {
  char known[512] = "";
  char last[DF_NAME_MAX] = "full";
  size_t n = 0;
  int left_out = 0;
  if (strcmp(profile, "full") == 0) return DF_OK;
  for (int i = 0; i < yaml->n; i++) {
    const place p = locate(&yaml->leaf[i]);
    if (strcmp(p.profile, profile) == 0) return DF_OK;
    if (*p.profile == '\0' || strcmp(p.profile, last) == 0 || strcmp(p.profile, "full") == 0) continue;
    memcpy(last, p.profile, sizeof last);
    if (left_out || n + strlen(last) + 2 >= sizeof known) {
      left_out++;
      continue;
    }
    n = append(known, sizeof known, n, last);
    n = append(known, sizeof known, n, ", ");
  }
  if (left_out)
    return df_fail(DF_E_CONFIG, "%s: no profile '%s'; known profiles: %sfull, and %d more", path, profile, known,
                   left_out);
  return df_fail(DF_E_CONFIG, "%s: no profile '%s'; known profiles: %sfull", path, profile, known);
}

/* sets the values of one layer that belong to the profile and method: only the preset, or all others */
static df_status apply_leaves(df_config* config, const char* path, const df_yaml* yaml, int layer, const char* profile,
                              const char* method, bool only_preset) {
  for (int i = 0; i < yaml->n; i++) {
    const place p = locate(&yaml->leaf[i]);
    if (p.layer != layer || (strcmp(p.key, preset_key) == 0) != only_preset) continue;
    if ((layer == PROFILE || layer == PROFILE_METHOD) && strcmp(p.profile, profile) != 0) continue;
    if ((layer == METHOD || layer == PROFILE_METHOD) && strcmp(p.method, method) != 0) continue;
    DF_TRY(set_leaf(config, path, &yaml->leaf[i], p.key));
  }
  return DF_OK;
}

static df_status apply_layer(df_config* config, const char* path, const df_yaml* yaml, int layer, const char* profile,
                             const char* method) {
  DF_TRY(apply_leaves(config, path, yaml, layer, profile, method, true));
  return apply_leaves(config, path, yaml, layer, profile, method, false);
}

/* sets the overrides: only presets, or all others */
static df_status apply_settings(df_config* config, int n, const char* const* overrides, bool only_preset) {
  for (int i = 0; i < n; i++) {
    const char* equals = strchr(overrides[i], '=');
    char key[DF_TEXT_MAX];
    const size_t length = equals ? (size_t)(equals - overrides[i]) : 0;
    if (length == 0 || length >= sizeof key) {
      return df_fail(DF_E_CONFIG, "--set '%s': expected key=value", overrides[i]);
    }
    memcpy(key, overrides[i], length);
    key[length] = '\0';
    if ((strcmp(key, preset_key) == 0) == only_preset) DF_TRY(df_config_set(config, key, equals + 1, "--set"));
  }
  return DF_OK;
}

static df_status apply_overrides(df_config* config, int n, const char* const* overrides) {
  DF_TRY(apply_settings(config, n, overrides, true));
  return apply_settings(config, n, overrides, false);
}

static df_status resolve(const char* path, const df_yaml* yaml, const char* profile, const char* method, int n,
                         const char* const* overrides, df_config* out) {
  DF_TRY(check_all(path, yaml));
  if (*profile) DF_TRY(check_profile(path, yaml, profile));
  df_config config = df_config_default();
  for (int layer = TASK; layer < LAYERS; layer++) {
    DF_TRY(apply_layer(&config, path, yaml, layer, profile, method));
    if (config.task_name[0] == '\0') {
      return df_fail(DF_E_CONFIG, "%s: task.name is missing or empty", path);
    }
    if (layer == TASK) DF_TRY(check_methods(path, yaml, &config));
  }
  DF_TRY(apply_overrides(&config, n, overrides));
  if (config.task_name[0] == '\0') return df_fail(DF_E_CONFIG, "--set: task.name = '': the name is empty");
  *out = config;
  return DF_OK;
}

df_status df_config_load(const char* path, const char* profile, const char* method, int n, const char* const* overrides,
                         df_config* out) {
  DF_REQUIRE_POINTER(path);
  DF_REQUIRE_POINTER(out);
  DF_REQUIRE(n >= 0, "df_config_load: n is %d, must not be negative", n);
  DF_REQUIRE(n == 0 || overrides, "df_config_load: overrides is NULL");
  df_yaml yaml;
  DF_TRY(df_yaml_read(path, &yaml));
  const df_status status = resolve(path, &yaml, profile ? profile : "", method ? method : "", n, overrides, out);
  df_yaml_clear(&yaml);
  return status;
}

df_status df_config_profiles(const char* path,
                             void (*visit)(void* context, const char* profile, const char* key, const char* value),
                             void* context) {
  DF_REQUIRE_POINTER(path);
  DF_REQUIRE_POINTER(visit);
  df_yaml yaml;
  DF_TRY(df_yaml_read(path, &yaml));
  bool any = false;
  for (int i = 0; i < yaml.n; i++) {
    const place p = locate(&yaml.leaf[i]);
    if (p.profile[0] == '\0') continue;
    any = true;
    const char* key = yaml.leaf[i].key + strlen("profiles.") + strlen(p.profile);
    visit(context, p.profile, *key == '.' ? key + 1 : key, yaml.leaf[i].value);
  }
  if (!any) visit(context, "full", "", "");
  df_yaml_clear(&yaml);
  return DF_OK;
}
