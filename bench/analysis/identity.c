#include "identity.h"

#include <limits.h>
#include <string.h>

#include "dynaflow/config/config.h"
#include "json.h"
#include "key.h"
#include "record_model.h"
#include "text.h"

/* the settings of methods and their training may differ; the URLs of files change no number */
bool setting_is_shared(const char* name) {
  if (strcmp(name, "system.model_url") == 0 || strcmp(name, "data.url") == 0) return false;
#define WITH_POINT(section, before) section ".",
  static const char* const sections[] = {SHARED_SECTION_LIST(WITH_POINT)};
#undef WITH_POINT
  for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
    if (strncmp(name, sections[i], strlen(sections[i])) == 0) return true;
  }
  return false;
}

bool setting_is_sum(const char* name) {
  return strcmp(name, "system.model_sha256") == 0 || strcmp(name, "data.sha256") == 0;
}

/* whether it makes a difference of two records */
static bool setting_compares(const char* name) {
  return setting_is_shared(name) && !setting_is_sum(name);
}

bool setting_is_void(const char* name, const char* value) {
  if (strncmp(name, "gait.", 5) != 0 && !setting_is_newer(name)) return false;
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    if (strcmp(keys[i].name, name) == 0) return strcmp(keys[i].default_text, value) == 0;
  }
  return false;
}

int identity_numbers(const json_t* record) {
  const json_int_t numbers = json_integer_value(json_object_get(record, "numbers"));
  return numbers > 0 && numbers <= INT_MAX ? (int)numbers : 1;
}

static const struct {
  const char *what, *field;
} list[IDENTITIES] = {
#define IDENTITY_ROW(code, what, field) {what, field},
    IDENTITY_LIST(IDENTITY_ROW)
#undef IDENTITY_ROW
};

const char* identity_name(identity which) {
  return list[which].what;
}

static char* hash_difference(identity which, const json_t* reference, const json_t* record) {
  const char* field = list[which].field;
  const char *own = string_of(record, field), *other = string_of(reference, field);
  /* trajectories that start elsewhere have no windows_sha256 */
  const bool lacks = which == IDENTITY_WINDOWS && (!own[0] || !other[0]);
  if (lacks || strcmp(own, other) == 0) return NULL;
  return format_text("different %s (%s %.12s, not %.12s)", list[which].what, field, own, other);
}

/* two versions of MuJoCo are named by mujoco_difference() */
static char* model_difference(const json_t* reference, const json_t* record) {
  char clause[256];
  if (model_compare_records(reference, record, clause, sizeof clause) != DF_MODEL_OTHER) return NULL;
  return format_text("different model (%s)", clause);
}

static char* mujoco_difference(const json_t* reference, const json_t* record) {
  const char* own = string_of(json_object_get(record, "provenance"), "mujoco");
  const char* other = string_of(json_object_get(reference, "provenance"), "mujoco");
  return strcmp(own, other) == 0 ? NULL : format_text("simulated with MuJoCo %s, not %s", own, other);
}

static char* numbers_difference(const json_t* reference, const json_t* record) {
  const int own = identity_numbers(record), other = identity_numbers(reference);
  return own == other ? NULL : format_text("numbers of version %d, not %d: run the older one again", own, other);
}

static char* setting_difference(const json_t* reference, const json_t* record, bool (*is_compared)(const char* name)) {
  const json_t* theirs = json_object_get(reference, "config");
  const char* name;
  json_t* value;
  json_object_foreach(json_object_get(record, "config"), name, value) {
    const json_t* other = json_object_get(theirs, name);
    if (!is_compared(name) || !other || json_equal(value, other)) continue;
    const char* own = json_string_value(value);
    return format_text("%s is %s, not %s", name, own ? own : "?", string_of(theirs, name));
  }
  return NULL;
}

static bool is_task_version(const char* name) {
  return strcmp(name, "task.version") == 0;
}

char* identity_difference(identity which, const json_t* reference, const json_t* record) {
  switch (which) {
    case IDENTITY_WINDOWS:
    case IDENTITY_DATA:
    case IDENTITY_HELD_OUT:
      return hash_difference(which, reference, record);
    case IDENTITY_MODEL:
      return model_difference(reference, record);
    case IDENTITY_MUJOCO:
      return mujoco_difference(reference, record);
    case IDENTITY_NUMBERS:
      return numbers_difference(reference, record);
    case IDENTITY_TASK_VERSION:
      return setting_difference(reference, record, is_task_version);
    case IDENTITY_SETTINGS:
      return setting_difference(reference, record, setting_compares);
    case IDENTITIES:
      break;
  }
  return NULL;
}

char* identity_first_difference(const json_t* reference, const json_t* record) {
  char* found = NULL;
  for (int i = 0; i < IDENTITIES && !found; i++) found = identity_difference((identity)i, reference, record);
  return found;
}
