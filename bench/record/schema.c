#include "schema.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "key.h"
#include "outcome.h"
#include "text.h"

/* X(kind, description in error messages) */
#define KIND_LIST(X)                                               \
  X(ANY_TEXT, "a string")                                          \
  X(NAME, "a non-empty string")                                    \
  X(SHA256, "64 lower-case hexadecimal digits or an empty string") \
  X(TEXT_OR_NULL, "a string or null")                              \
  X(TIME, "a time as 2026-01-31T23:59:59Z")                        \
  X(COUNT, "an integer >= 0")                                      \
  X(WHOLE, "an integer")                                           \
  X(NUMBER, "a number")                                            \
  X(SECONDS, "a number of seconds from 0 to 1e10")                 \
  X(NUMBER_OR_NULL, "a number or null")                            \
  X(NUMBERS, "an array of numbers or nulls")                       \
  X(WHOLES, "an array of integers")                                \
  X(TEXTS, "an array of strings")                                  \
  X(OBJECT, "an object")                                           \
  X(ARRAY, "an array")                                             \
  X(ANYTHING, "a value")

typedef enum kind {
#define KIND_ENUM(name, words) name,
  KIND_LIST(KIND_ENUM)
#undef KIND_ENUM
} kind;

static const char* const expected[] = {
#define KIND_WORDS(name, words) words,
    KIND_LIST(KIND_WORDS)
#undef KIND_WORDS
};

typedef struct field {
  const char* name;
  kind kind;
  bool required;
} field;

static bool is_sha256(const json_t* v) {
  const char* s = json_string_value(v);
  return s && (*s == '\0' || (strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64));
}

/* as iso_time() writes it */
static bool is_time(const char* s) {
  static const char pattern[] = "0000-00-00T00:00:00Z";
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!s || strlen(s) != sizeof pattern - 1) return false;
  for (size_t i = 0; s[i]; i++) {
    if (pattern[i] == '0' ? s[i] < '0' || s[i] > '9' : s[i] != pattern[i]) return false;
  }
  if (sscanf(s, "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) != 6) return false;
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (month == 2 && leap) && hour < 24 &&
         minute < 60 && second < 60;
}

static bool all_are(const json_t* array, kind k);

static bool is_kind(const json_t* v, kind k) {
  switch (k) {
    case ANY_TEXT:
      return json_is_string(v);
    case NAME:
      return json_is_string(v) && json_string_length(v) > 0;
    case SHA256:
      return is_sha256(v);
    case TEXT_OR_NULL:
      return json_is_string(v) || json_is_null(v);
    case TIME:
      return is_time(json_string_value(v));
    case COUNT:
      return json_is_integer(v) && json_integer_value(v) >= 0;
    case WHOLE:
      return json_is_integer(v);
    case SECONDS:
      return json_is_number(v) && json_number_value(v) >= 0 && json_number_value(v) <= 1e10;
    case NUMBER:
      return json_is_number(v);
    case NUMBER_OR_NULL:
      return json_is_number(v) || json_is_null(v);
    case NUMBERS:
      return all_are(v, NUMBER_OR_NULL);
    case WHOLES:
      return all_are(v, WHOLE);
    case TEXTS:
      return all_are(v, ANY_TEXT);
    case OBJECT:
      return json_is_object(v);
    case ARRAY:
      return json_is_array(v);
    case ANYTHING:
      return v != NULL;
  }
  return false;
}

static bool all_are(const json_t* array, kind k) {
  size_t i;
  json_t* v;
  json_array_foreach(array, i, v) {
    if (!is_kind(v, k)) return false;
  }
  return json_is_array(array);
}

/* names the value if it is short */
static df_status refuse(const char* where, const char* name, kind k, const json_t* v) {
  char* words = json_is_object(v) || json_is_array(v) ? NULL : json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
  const bool shown = words && strlen(words) <= 40;
  const df_status status =
      df_fail(DF_E_FORMAT, "%s%s%s%s: expected %s", where, name, shown ? " = " : "", shown ? words : "", expected[k]);
  free(words);
  return status;
}

/* `where` is the prefix of field names in messages: "", or e.g. "rows[3]." */
static df_status check_fields(const json_t* object, const char* where, size_t n, const field* fields) {
  if (!json_is_object(object)) return df_fail(DF_E_FORMAT, "%.*s: expected an object", (int)strlen(where) - 1, where);
  for (size_t i = 0; i < n; i++) {
    const json_t* v = json_object_get(object, fields[i].name);
    if (!v && !fields[i].required) continue;
    if (!v) return df_fail(DF_E_FORMAT, "%s%s is missing", where, fields[i].name);
    if (!is_kind(v, fields[i].kind)) return refuse(where, fields[i].name, fields[i].kind, v);
  }
  return DF_OK;
}
#define CHECK_FIELDS(object, where, fields) check_fields(object, where, sizeof(fields) / sizeof(fields)[0], fields)

static df_status check_each(const json_t* array, const char* where, size_t n, const field* fields) {
  size_t i;
  json_t* v;
  json_array_foreach(array, i, v) {
    char at[64];
    snprintf(at, sizeof at, "%s[%zu].", where, i);
    DF_TRY(check_fields(v, at, n, fields));
  }
  return DF_OK;
}
#define CHECK_EACH(array, where, fields) check_each(array, where, sizeof(fields) / sizeof(fields)[0], fields)

static const field plan_fields[] = {{"profile", ANY_TEXT, true}, {"started", TIME, false}, {"cells", ARRAY, true}};
static const field planned_fields[] = {
    {"task", NAME, true}, {"method", NAME, true}, {"seed", COUNT, true}, {"key", SHA256, false}};
static const field cell_fields[] = {{"key", SHA256, true},
                                    {"status", NAME, true},
                                    {"reason", ANY_TEXT, true},
                                    {"task", NAME, true},
                                    {"method", NAME, true},
                                    {"seed", COUNT, true},
                                    {"profile", ANY_TEXT, true},
                                    {"config", OBJECT, true},
                                    {"provenance", OBJECT, true},
                                    {"started", TIME, true},
                                    {"wall_s", SECONDS, true},
                                    {"cpu_s", SECONDS, true},
                                    {"train_cpu_s", SECONDS, false},
                                    {"model_sha256", SHA256, false},
                                    {"compiled_sha256", SHA256, false},
                                    {"model_files", ARRAY, false},
                                    {"data_sha256", SHA256, false},
                                    {"plugin_sha256", SHA256, false},
                                    {"eval_data_sha256", SHA256, false},
                                    {"eval_settings", OBJECT, false},
                                    {"windows_sha256", SHA256, false},
                                    {"record_sha256", SHA256, false},
                                    {"numbers", COUNT, false},
                                    {"notes", TEXTS, false},
                                    {"limits", OBJECT, false},
                                    {"training", OBJECT, false},
                                    {"rows", ARRAY, false},
                                    {"samples", ARRAY, false},
                                    {"windows", OBJECT, false},
                                    {"replays", ARRAY, false},
                                    {"examples", ARRAY, false},
                                    {"strip", OBJECT, false},
                                    {"motions", ARRAY, false},
                                    {"diagnostics", OBJECT, false},
                                    {"stored_samples", OBJECT, false},
                                    {"trials", ANY_TEXT, false},
                                    {"learning", OBJECT, false},
                                    {"trajectories", OBJECT, false}};
static const field provenance_fields[] = {
    {"dynaflow", ANYTHING, true}, {"commit", ANYTHING, true},    {"dirty", ANYTHING, true},
    {"compiler", ANYTHING, true}, {"flags", ANYTHING, true},     {"mujoco", ANYTHING, true},
    {"blas", ANYTHING, true},     {"libraries", ANYTHING, true}, {"cpu", ANYTHING, true},
    {"cores", ANYTHING, true},    {"threads", ANYTHING, true},   {"time", ANYTHING, true}};
static const field limit_fields[] = {{"seconds", NUMBER_OR_NULL, true}, {"memory_mib", NUMBER_OR_NULL, true}};
static const field training_fields[] = {{"curves", ARRAY, true},
                                        {"steps", WHOLE, true},
                                        {"parameters", WHOLE, true},
                                        {"checkpoint", ANY_TEXT, false},
                                        {"checkpoint_sha256", SHA256, false},
                                        {"files", ARRAY, false},
                                        {"taken_from", OBJECT, false}};
static const field source_fields[] = {{"run", ANY_TEXT, true}, {"key", SHA256, true}};
static const field file_fields[] = {{"path", NAME, true}, {"sha256", SHA256, true}};
static const field curve_fields[] = {
    {"name", ANY_TEXT, true},      {"step", WHOLES, true},       {"loss", NUMBERS, true},
    {"adjoints", OBJECT, false},   {"residual", NUMBER, false},  {"residual_share", NUMBER_OR_NULL, false},
    {"validation", OBJECT, false}, {"steps", COUNT, false},      {"diverged", COUNT, false},
    {"skipped", COUNT, false},     {"parameters", COUNT, false}, {"cpu_s", SECONDS, false},
    {"whole_from", COUNT, false}};
static const field validation_fields[] = {{"step", WHOLES, true},
                                          {"loss", NUMBERS, true},
                                          {"windows", COUNT, true},
                                          {"kept", WHOLE, true},
                                          {"diverged", WHOLES, false}};
static const field row_fields[] = {
    {"metric", NAME, true},       {"k", COUNT, true},         {"value", NUMBER_OR_NULL, true},
    {"unit", TEXT_OR_NULL, true}, {"n", COUNT, true},         {"lo", NUMBER_OR_NULL, true},
    {"hi", NUMBER_OR_NULL, true}, {"status", ANY_TEXT, true}, {"episodes", COUNT, false}};
static const field sample_fields[] = {{"metric", NAME, true}, {"k", COUNT, true}, {"values", NUMBERS, true}};
static const field windows_fields[] = {
    {"episode", WHOLES, true}, {"start", WHOLES, true}, {"group", WHOLES, true}, {"groups", ARRAY, true}};
static const field replay_fields[] = {
    {"k", COUNT, true}, {"window", COUNT, true}, {"x0", NUMBERS, true}, {"u", NUMBERS, true}, {"x", NUMBERS, true}};
static const field trajectories_fields[] = {{"path", NAME, true},       {"sha256", SHA256, true},
                                            {"source", ANY_TEXT, true}, {"n", COUNT, true},
                                            {"length", COUNT, true},    {"provenance", OBJECT, true}};
static const field learning_fields[] = {{"update", WHOLES, true}, {"steps", WHOLES, true},
                                        {"cpu_s", NUMBERS, true}, {"reward", NUMBERS, true},
                                        {"falls", WHOLES, true},  {"velocity_error", NUMBERS, true}};
static const field example_fields[] = {{"title", ANY_TEXT, true},
                                       {"unit", ANY_TEXT, true},
                                       {"dt", NUMBER, true},
                                       {"demonstrated", NUMBERS, true},
                                       {"generated", NUMBERS, true}};
static const field strip_fields[] = {{"title", ANY_TEXT, true},
                                     {"dt", NUMBER, true},
                                     {"parent", WHOLES, true},
                                     {"frames", ARRAY, true},
                                     {"ground", NUMBER, true}};
static const field motion_fields[] = {{"title", ANY_TEXT, true},
                                      {"chain", COUNT, true},
                                      {"dt", NUMBER, true},
                                      {"contacts", OBJECT, false},
                                      {"joint", OBJECT, false}};
static const field contact_fields[] = {
    {"feet", TEXTS, true}, {"generated", TEXTS, true}, {"demonstrated", TEXTS, false}, {"demanded", TEXTS, false}};
static const field joint_fields[] = {
    {"name", ANY_TEXT, true}, {"unit", ANY_TEXT, true}, {"generated", OBJECT, true}, {"demonstrated", OBJECT, false}};
static const field path_fields[] = {{"position", NUMBERS, true}, {"velocity", NUMBERS, true}};
static const field diagnostics_fields[] = {{"gates", ARRAY, true}, {"curves", ARRAY, true}};
static const field gate_fields[] = {{"name", NAME, true},
                                    {"unit", ANY_TEXT, true},
                                    {"value", NUMBER_OR_NULL, true},
                                    {"reference", NUMBER_OR_NULL, true},
                                    {"passed", ANYTHING, true},
                                    {"sentence", ANY_TEXT, true}};
static const field flow_time_fields[] = {{"name", NAME, true},
                                         {"unit", ANY_TEXT, true},
                                         {"flow_time", NUMBERS, true},
                                         {"value", NUMBERS, true},
                                         {"reference", NUMBER_OR_NULL, true},
                                         {"reference_name", ANY_TEXT, true}};
static const field frame_fields[] = {{"t", ANYTHING, true}, {"x", NUMBERS, true}, {"z", NUMBERS, true}};

static df_status check_config(const json_t* config) {
  const char* name;
  json_t* v;
  json_object_foreach((json_t*)(uintptr_t)config, name, v) {
    if (!json_is_string(v)) return df_fail(DF_E_FORMAT, "config.%s: expected %s", name, expected[ANY_TEXT]);
  }
  return DF_OK;
}

static df_status check_status(const json_t* record, bool* done) {
  const char* status = json_string_value(json_object_get(record, "status"));
  text words = {0};
  bool known = false;
  for (int i = 0; i < CELL_OUTCOMES; i++) {
    const char* word = cell_outcome_word((cell_outcome)i);
    known |= strcmp(status, word) == 0;
    text_add(&words, "%s%s", i ? ", " : "", word);
  }
  *done = strcmp(status, cell_outcome_word(CELL_DONE)) == 0;
  const df_status result =
      known ? DF_OK : df_fail(DF_E_FORMAT, "status: '%s' is not one of %s", status, text_of(&words));
  text_clear(&words);
  return result;
}

static df_status check_limits(const json_t* limits) {
  return limits ? CHECK_FIELDS(limits, "limits.", limit_fields) : DF_OK;
}

static df_status check_training(const json_t* training) {
  if (!training) return DF_OK;
  DF_TRY(CHECK_FIELDS(training, "training.", training_fields));
  const json_t* source = json_object_get(training, "taken_from");
  if (source) DF_TRY(CHECK_FIELDS(source, "training.taken_from.", source_fields));
  DF_TRY(CHECK_EACH(json_object_get(training, "files"), "training.files", file_fields));
  DF_TRY(CHECK_EACH(json_object_get(training, "curves"), "training.curves", curve_fields));
  size_t i;
  json_t* curve;
  json_array_foreach(json_object_get(training, "curves"), i, curve) {
    const json_t* validation = json_object_get(curve, "validation");
    if (validation) DF_TRY(CHECK_FIELDS(validation, "training.curves.validation.", validation_fields));
  }
  return DF_OK;
}

static df_status check_windows(const json_t* windows) {
  return windows ? CHECK_FIELDS(windows, "windows.", windows_fields) : DF_OK;
}

static df_status check_stored(const json_t* stored) {
  return stored ? CHECK_FIELDS(stored, "stored_samples.", file_fields) : DF_OK;
}

static df_status check_learning(const json_t* learning) {
  return learning ? CHECK_FIELDS(learning, "learning.", learning_fields) : DF_OK;
}

static df_status check_trajectories(const json_t* trajectories) {
  return trajectories ? CHECK_FIELDS(trajectories, "trajectories.", trajectories_fields) : DF_OK;
}

static df_status check_strip(const json_t* strip) {
  if (!strip) return DF_OK;
  DF_TRY(CHECK_FIELDS(strip, "strip.", strip_fields));
  return CHECK_EACH(json_object_get(strip, "frames"), "strip.frames", frame_fields);
}

/* a part of motion i, with its name in errors */
static df_status check_part(const json_t* part, size_t i, const char* name, size_t n, const field* fields) {
  char where[64];
  snprintf(where, sizeof where, "motions[%zu].%s.", i, name);
  return part ? check_fields(part, where, n, fields) : DF_OK;
}
#define CHECK_PART(part, i, name, fields) check_part(part, i, name, sizeof(fields) / sizeof(fields)[0], fields)

static df_status check_motions(const json_t* motions) {
  size_t i;
  json_t* motion;
  DF_TRY(CHECK_EACH(motions, "motions", motion_fields));
  json_array_foreach(motions, i, motion) {
    const json_t* joint = json_object_get(motion, "joint");
    DF_TRY(CHECK_PART(json_object_get(motion, "contacts"), i, "contacts", contact_fields));
    DF_TRY(CHECK_PART(joint, i, "joint", joint_fields));
    DF_TRY(CHECK_PART(json_object_get(joint, "generated"), i, "joint.generated", path_fields));
    DF_TRY(CHECK_PART(json_object_get(joint, "demonstrated"), i, "joint.demonstrated", path_fields));
  }
  return DF_OK;
}

static df_status check_diagnostics(const json_t* diagnostics) {
  if (!diagnostics) return DF_OK;
  DF_TRY(CHECK_FIELDS(diagnostics, "diagnostics.", diagnostics_fields));
  DF_TRY(CHECK_EACH(json_object_get(diagnostics, "gates"), "diagnostics.gates", gate_fields));
  return CHECK_EACH(json_object_get(diagnostics, "curves"), "diagnostics.curves", flow_time_fields);
}

static df_status check_cell(const json_t* record) {
  bool done;
  DF_TRY(CHECK_FIELDS(record, "", cell_fields));
  DF_TRY(check_status(record, &done));
  DF_TRY(check_config(json_object_get(record, "config")));
  DF_TRY(CHECK_FIELDS(json_object_get(record, "provenance"), "provenance.", provenance_fields));
  if (done && !json_object_get(record, "rows")) return df_fail(DF_E_FORMAT, "rows is missing");
  if (done && !json_object_get(record, "training")) return df_fail(DF_E_FORMAT, "training is missing");
  const bool today = json_integer_value(json_object_get(record, "numbers")) == NUMBERS_VERSION;
  if (done && today && !json_object_get(record, "windows")) return df_fail(DF_E_FORMAT, "windows is missing");
  DF_TRY(CHECK_EACH(json_object_get(record, "model_files"), "model_files", file_fields));
  DF_TRY(check_limits(json_object_get(record, "limits")));
  DF_TRY(check_training(json_object_get(record, "training")));
  DF_TRY(CHECK_EACH(json_object_get(record, "rows"), "rows", row_fields));
  DF_TRY(CHECK_EACH(json_object_get(record, "samples"), "samples", sample_fields));
  DF_TRY(check_windows(json_object_get(record, "windows")));
  DF_TRY(check_stored(json_object_get(record, "stored_samples")));
  DF_TRY(check_trajectories(json_object_get(record, "trajectories")));
  DF_TRY(check_learning(json_object_get(record, "learning")));
  DF_TRY(CHECK_EACH(json_object_get(record, "replays"), "replays", replay_fields));
  DF_TRY(CHECK_EACH(json_object_get(record, "examples"), "examples", example_fields));
  DF_TRY(check_strip(json_object_get(record, "strip")));
  DF_TRY(check_diagnostics(json_object_get(record, "diagnostics")));
  return check_motions(json_object_get(record, "motions"));
}

df_status schema_check(const json_t* record) {
  const json_t* schema = json_object_get(record, "schema");
  const char* type = json_string_value(json_object_get(record, "type"));
  if (!json_is_integer(schema) || json_integer_value(schema) != 1) return df_fail(DF_E_FORMAT, "schema: expected 1");
  if (!type) return df_fail(DF_E_FORMAT, "type is missing");
  if (strcmp(type, "cell") == 0) return check_cell(record);
  if (strcmp(type, "plan") != 0) return df_fail(DF_E_FORMAT, "type: '%s' is neither 'plan' nor 'cell'", type);
  DF_TRY(CHECK_FIELDS(record, "", plan_fields));
  return CHECK_EACH(json_object_get(record, "cells"), "cells", planned_fields);
}
