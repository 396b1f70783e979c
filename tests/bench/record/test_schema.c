/* Every field of a record: what it must be, that it is needed or not, and that nothing else is taken. */
#define _GNU_SOURCE
#include "schema.h"

#include "whole_record.h"

/* ---- what each kind of field takes ---- */

typedef enum kind {
  TEXT,
  NAME,
  SUM,
  TEXT_OR_NULL,
  TIME,
  COUNT,
  WHOLE,
  NUMBER,
  NUMBER_OR_NULL,
  NUMBERS,
  WHOLES,
  TEXTS,
  OBJECT,
  ARRAY,
  SECONDS,
  ANYTHING
} kind;

/* a value as JSON, and the kinds that take it */
#define BIT(kind) (1u << kind)
static const struct {
  const char* value;
  unsigned kinds;
} values[] = {
    {"\"x\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL)},
    {"\"\"", BIT(TEXT) | BIT(SUM) | BIT(TEXT_OR_NULL)},
    {"\"" WHOLE_SUM "\"", BIT(TEXT) | BIT(NAME) | BIT(SUM) | BIT(TEXT_OR_NULL)},
    /* another letter behind, one digit more, one less, a capital letter, no digit */
    {"\"" WHOLE_SUM "x\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL)},
    {"\"" WHOLE_SUM "0\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL)},
    {"\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL)},
    {"\"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL)},
    {"\"g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL)},
    {"\"2026-12-31T23:59:59Z\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL) | BIT(TIME)},
    {"\"2026-12-31T23:59:60Z\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL)},
    {"\"2028-02-29T00:00:00Z\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL) | BIT(TIME)},
    {"\"2026-02-29T00:00:00Z\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL)},
    {"\"2100-02-29T00:00:00Z\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL)},
    {"\"2026-04-31T00:00:00Z\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL)},
    {"\"2026-00-01T00:00:00Z\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL)},
    {"\"2026-13-01T00:00:00Z\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL)},
    {"\"2026-01-32T00:00:00Z\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL)},
    {"\"2026-01-01T24:00:00Z\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL)},
    {"\"2026-01-01T00:60:00Z\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL)},
    {"\"2026-01-01T00:00:00\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL)},
    {"\"2026-01-01T00:00:0xZ\"", BIT(TEXT) | BIT(NAME) | BIT(TEXT_OR_NULL)},
    {"0", BIT(SECONDS) | BIT(COUNT) | BIT(WHOLE) | BIT(NUMBER) | BIT(NUMBER_OR_NULL)},
    {"7", BIT(SECONDS) | BIT(COUNT) | BIT(WHOLE) | BIT(NUMBER) | BIT(NUMBER_OR_NULL)},
    {"-1", BIT(WHOLE) | BIT(NUMBER) | BIT(NUMBER_OR_NULL)},
    {"0.5", BIT(SECONDS) | BIT(NUMBER) | BIT(NUMBER_OR_NULL)},
    {"1e10", BIT(SECONDS) | BIT(NUMBER) | BIT(NUMBER_OR_NULL)},
    {"1.1e10", BIT(NUMBER) | BIT(NUMBER_OR_NULL)},
    {"-2.5e3", BIT(NUMBER) | BIT(NUMBER_OR_NULL)},
    {"null", BIT(TEXT_OR_NULL) | BIT(NUMBER_OR_NULL)},
    {"true", 0},
    {"[]", BIT(NUMBERS) | BIT(WHOLES) | BIT(TEXTS) | BIT(ARRAY)},
    {"[\"x\",\"\"]", BIT(TEXTS) | BIT(ARRAY)},
    {"[\"x\",null]", BIT(ARRAY)},
    {"[1,-2]", BIT(NUMBERS) | BIT(WHOLES) | BIT(ARRAY)},
    {"[1,0.5]", BIT(NUMBERS) | BIT(ARRAY)},
    {"[1,null]", BIT(NUMBERS) | BIT(ARRAY)},
    {"[1,\"x\"]", BIT(ARRAY)},
    {"[null,true]", BIT(ARRAY)},
    {"{}", BIT(OBJECT)},
};
enum { VALUES = sizeof values / sizeof values[0] };

/* ---- the fields, as results/schema.json has them ---- */

/* `path` leads to the object of the field: names and places separated by blanks */
static const struct {
  const char *path, *name;
  kind kind;
  bool required;
} fields[] = {
    {"", "key", SUM, true},
    {"", "reason", TEXT, true},
    {"", "task", NAME, true},
    {"", "method", NAME, true},
    {"", "seed", COUNT, true},
    {"", "profile", TEXT, true},
    {"", "started", TIME, true},
    {"", "wall_s", SECONDS, true},
    {"", "cpu_s", SECONDS, true},
    {"", "train_cpu_s", SECONDS, false},
    {"", "model_sha256", SUM, false},
    {"", "compiled_sha256", SUM, false},
    {"model_files 0", "path", NAME, true},
    {"model_files 0", "sha256", SUM, true},
    {"", "data_sha256", SUM, false},
    {"", "plugin_sha256", SUM, false},
    {"", "windows_sha256", SUM, false},
    {"", "record_sha256", SUM, false},
    {"", "numbers", COUNT, false},
    {"config", "train.steps", TEXT, false},
    {"provenance", "dynaflow", ANYTHING, true},
    {"provenance", "commit", ANYTHING, true},
    {"provenance", "dirty", ANYTHING, true},
    {"provenance", "compiler", ANYTHING, true},
    {"provenance", "flags", ANYTHING, true},
    {"provenance", "mujoco", ANYTHING, true},
    {"provenance", "blas", ANYTHING, true},
    {"provenance", "libraries", ANYTHING, true},
    {"provenance", "cpu", ANYTHING, true},
    {"provenance", "cores", ANYTHING, true},
    {"provenance", "threads", ANYTHING, true},
    {"provenance", "time", ANYTHING, true},
    {"", "notes", TEXTS, false},
    {"limits", "seconds", NUMBER_OR_NULL, true},
    {"limits", "memory_mib", NUMBER_OR_NULL, true},
    {"training", "steps", WHOLE, true},
    {"training", "parameters", WHOLE, true},
    {"training", "checkpoint", TEXT, false},
    {"training", "checkpoint_sha256", SUM, false},
    {"training files 0", "path", NAME, true},
    {"training files 0", "sha256", SUM, true},
    {"training curves 0", "name", TEXT, true},
    {"training curves 0", "step", WHOLES, true},
    {"training curves 0", "loss", NUMBERS, true},
    {"training curves 0", "steps", COUNT, false},
    {"training curves 0", "diverged", COUNT, false},
    {"training curves 0", "skipped", COUNT, false},
    {"training curves 0", "whole_from", COUNT, false},
    {"training curves 0", "parameters", COUNT, false},
    {"training curves 0", "cpu_s", SECONDS, false},
    {"training curves 0", "residual", NUMBER, false},
    {"training curves 0", "residual_share", NUMBER_OR_NULL, false},
    {"rows 0", "metric", NAME, true},
    {"rows 0", "k", COUNT, true},
    {"rows 0", "value", NUMBER_OR_NULL, true},
    {"rows 0", "unit", TEXT_OR_NULL, true},
    {"rows 0", "n", COUNT, true},
    {"rows 0", "lo", NUMBER_OR_NULL, true},
    {"rows 0", "hi", NUMBER_OR_NULL, true},
    {"rows 0", "status", TEXT, true},
    {"rows 0", "episodes", COUNT, false},
    {"samples 0", "metric", NAME, true},
    {"samples 0", "k", COUNT, true},
    {"samples 0", "values", NUMBERS, true},
    {"windows", "episode", WHOLES, true},
    {"windows", "start", WHOLES, true},
    {"windows", "group", WHOLES, true},
    {"replays 0", "k", COUNT, true},
    {"replays 0", "window", COUNT, true},
    {"replays 0", "x0", NUMBERS, true},
    {"replays 0", "u", NUMBERS, true},
    {"replays 0", "x", NUMBERS, true},
    {"examples 0", "title", TEXT, true},
    {"examples 0", "unit", TEXT, true},
    {"examples 0", "dt", NUMBER, true},
    {"examples 0", "demonstrated", NUMBERS, true},
    {"examples 0", "generated", NUMBERS, true},
    {"strip", "title", TEXT, true},
    {"strip", "dt", NUMBER, true},
    {"strip", "parent", WHOLES, true},
    {"strip", "ground", NUMBER, true},
    {"strip frames 0", "x", NUMBERS, true},
    {"strip frames 0", "z", NUMBERS, true},
    {"motions 0", "title", TEXT, true},
    {"motions 0", "chain", COUNT, true},
    {"motions 0", "dt", NUMBER, true},
    {"motions 0 contacts", "feet", TEXTS, true},
    {"motions 0 contacts", "generated", TEXTS, true},
    {"motions 0 contacts", "demonstrated", TEXTS, false},
    {"motions 0 contacts", "demanded", TEXTS, false},
    {"motions 0 joint", "name", TEXT, true},
    {"motions 0 joint", "unit", TEXT, true},
    {"motions 0 joint generated", "position", NUMBERS, true},
    {"motions 0 joint generated", "velocity", NUMBERS, true},
    {"motions 0 joint demonstrated", "position", NUMBERS, true},
    {"motions 0 joint demonstrated", "velocity", NUMBERS, true},
    {"diagnostics gates 0", "name", NAME, true},
    {"diagnostics gates 0", "unit", TEXT, true},
    {"diagnostics gates 0", "value", NUMBER_OR_NULL, true},
    {"diagnostics gates 0", "reference", NUMBER_OR_NULL, true},
    {"diagnostics gates 0", "passed", ANYTHING, true},
    {"diagnostics gates 0", "sentence", TEXT, true},
    {"diagnostics curves 0", "name", NAME, true},
    {"diagnostics curves 0", "unit", TEXT, true},
    {"diagnostics curves 0", "flow_time", NUMBERS, true},
    {"diagnostics curves 0", "value", NUMBERS, true},
    {"diagnostics curves 0", "reference", NUMBER_OR_NULL, true},
    {"diagnostics curves 0", "reference_name", TEXT, true},
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

/* fields that hold others, which are given above */
static const struct {
  const char *path, *name;
  bool array, required;
} holders[] = {
    {"", "config", false, true},
    {"", "provenance", false, true},
    {"", "limits", false, false},
    {"", "training", false, true},
    {"", "rows", true, true},
    {"", "samples", true, false},
    {"", "windows", false, true},
    {"", "replays", true, false},
    {"", "examples", true, false},
    {"", "strip", false, false},
    {"training", "curves", true, true},
    {"windows", "groups", true, true},
    {"training", "files", true, false},
    {"strip", "frames", true, true},
    {"", "motions", true, false},
    {"motions 0", "contacts", false, false},
    {"motions 0", "joint", false, false},
    {"motions 0 joint", "generated", false, true},
    {"motions 0 joint", "demonstrated", false, false},
    {"", "diagnostics", false, false},
    {"diagnostics", "gates", true, true},
    {"diagnostics", "curves", true, true},
    {"training curves 0", "adjoints", false, false},
};

static json_t* whole(void) {
  json_t* record = json_loads(whole_text, 0, NULL);
  assert_non_null(record);
  set_text(record, "key", WHOLE_SUM);
  return record;
}

/* the object at a path of a record */
static json_t* at_path(json_t* record, const char* path) {
  char words[64];
  char* rest = words;
  json_t* at = record;
  snprintf(words, sizeof words, "%s", path);
  for (char* word = strsep(&rest, " "); word && *word; word = strsep(&rest, " ")) {
    at = json_is_array(at) ? json_array_get(at, (size_t)atoi(word)) : json_object_get(at, word);
  }
  assert_true(json_is_object(at));
  return at;
}

/* the message names the field, as "rows[0].unit" */
static void assert_names(const char* path, const char* name) {
  char where[96] = "";
  char words[64];
  char* rest = words;
  snprintf(words, sizeof words, "%s", path);
  for (char* word = strsep(&rest, " "); word && *word; word = strsep(&rest, " ")) {
    snprintf(where + strlen(where), sizeof where - strlen(where),
             *word == '0' ? "[%s]"
             : where[0]   ? ".%s"
                          : "%s",
             word);
  }
  snprintf(where + strlen(where), sizeof where - strlen(where), "%s%s", where[0] ? "." : "", name);
  if (strncmp(df_error_message(), where, strlen(where)) != 0) fail_msg("%s: %s", where, df_error_message());
}

static void check(json_t* record, bool right, const char* path, const char* name, const char* value) {
  const df_status status = schema_check(record);
  if ((status == DF_OK) != right) fail_msg("%s %s = %s: %s", path, name, value, right ? df_error_message() : "taken");
  if (!right) assert_int_equal(status, DF_E_FORMAT);
  if (!right) assert_names(path, name);
  json_decref(record);
}

static void a_whole_record_is_right(void** state) {
  (void)state;
  check(whole(), true, "", "", "");
}

static void every_field_is_of_its_kind(void** state) {
  (void)state;
  for (int f = 0; f < FIELDS; f++) {
    const char *path = fields[f].path, *name = fields[f].name;
    json_t* record = whole();
    json_object_del(at_path(record, path), name);
    check(record, !fields[f].required, path, name, "(missing)");
    for (int v = 0; v < VALUES; v++) {
      record = whole();
      json_object_set_new(at_path(record, path), name, json_loads(values[v].value, JSON_DECODE_ANY, NULL));
      const bool right = fields[f].kind == ANYTHING || values[v].kinds & BIT(fields[f].kind);
      check(record, right, path, name, values[v].value);
    }
  }
}

static void objects_and_arrays_are_what_they_are(void** state) {
  (void)state;
  for (size_t h = 0; h < sizeof holders / sizeof holders[0]; h++) {
    const char *path = holders[h].path, *name = holders[h].name;
    json_t* record = whole();
    json_object_del(at_path(record, path), name);
    check(record, !holders[h].required, path, name, "(missing)");
    static const char* const wrong[] = {"1", "null", "\"x\"", "true"};
    for (int w = 0; w < 4; w++) {
      record = whole();
      json_object_set_new(at_path(record, path), name, json_loads(wrong[w], JSON_DECODE_ANY, NULL));
      check(record, false, path, name, wrong[w]);
    }
    record = whole();
    json_object_set_new(at_path(record, path), name, holders[h].array ? json_object() : json_array());
    check(record, false, path, name, "the other kind");
  }
}

static void elements_of_lists_are_objects_and_each_is_looked_at(void** state) {
  (void)state;
  static const char* const lists[] = {"rows", "samples", "replays", "examples", "motions"};
  for (int i = 0; i < 5; i++) {
    json_t* record = whole();
    json_array_clear(json_object_get(record, lists[i]));
    check(record, true, "", lists[i], "[]");
    record = whole();
    json_array_append_new(json_object_get(record, lists[i]), json_object());
    assert_int_equal(schema_check(record), DF_E_FORMAT);
    char where[32];
    snprintf(where, sizeof where, "%s[1]", lists[i]);
    assert_int_equal(strncmp(df_error_message(), where, strlen(where)), 0);
    json_array_set_new(json_object_get(record, lists[i]), 1, json_integer(1));
    assert_int_equal(schema_check(record), DF_E_FORMAT);
    assert_int_equal(strncmp(df_error_message(), where, strlen(where)), 0);
    json_decref(record);
  }
}

static void records_of_older_programs_may_lack_the_windows(void** state) {
  (void)state;
  for (int numbers = 1; numbers <= 2; numbers++) {
    json_t* record = whole();
    json_object_del(record, "windows");
    json_object_set_new(record, "numbers", json_integer(numbers));
    check(record, numbers == 1, "", "windows", "(missing)");
  }
}

static void a_status_is_one_of_five_and_only_done_needs_numbers(void** state) {
  (void)state;
  static const char* const words[] = {"done", "diverged", "timeout", "error", "interrupted", "finished", "Done", ""};
  for (int i = 0; i < 8; i++) {
    json_t* record = whole();
    set_text(record, "status", words[i]);
    check(record, i < 5, "", "status", words[i]);
    record = whole();
    set_text(record, "status", words[i]);
    json_object_del(record, "rows");
    check(record, i > 0 && i < 5, "", i ? "status" : "rows", words[i]);
    record = whole();
    set_text(record, "status", words[i]);
    json_object_del(record, "training");
    check(record, i > 0 && i < 5, "", i ? "status" : "training", words[i]);
  }
}

static void a_record_is_a_plan_or_a_cell_of_this_schema(void** state) {
  (void)state;
  static const struct {
    const char* text;
    const char* name; /* of the wrong field; NULL: right */
  } cases[] = {
      {"{\"schema\":1,\"type\":\"plan\",\"profile\":\"\",\"cells\":[]}", NULL},
      {"{\"schema\":1,\"type\":\"plan\",\"profile\":\"p\",\"started\":\"2026-01-01T00:00:00Z\",\"cells\":[{\"task\":"
       "\"t\",\"method\":\"m\","
       "\"seed\":0,\"key\":\"" WHOLE_SUM "\"}]}",
       NULL},
      {"{\"schema\":2,\"type\":\"plan\",\"profile\":\"\",\"cells\":[]}", "schema"},
      {"{\"schema\":1.0,\"type\":\"plan\",\"profile\":\"\",\"cells\":[]}", "schema"},
      {"{\"type\":\"plan\",\"profile\":\"\",\"cells\":[]}", "schema"},
      {"{\"schema\":1,\"profile\":\"\",\"cells\":[]}", "type"},
      {"{\"schema\":1,\"type\":\"Plan\",\"profile\":\"\",\"cells\":[]}", "type"},
      {"{\"schema\":1,\"type\":\"plan\",\"cells\":[]}", "profile"},
      {"{\"schema\":1,\"type\":\"plan\",\"profile\":\"\"}", "cells"},
      {"{\"schema\":1,\"type\":\"plan\",\"profile\":\"\",\"cells\":[{\"method\":\"m\",\"seed\":0}]}", "cells[0].task"},
      {"{\"schema\":1,\"type\":\"plan\",\"profile\":\"\",\"cells\":[{\"task\":\"t\",\"seed\":0}]}", "cells[0].method"},
      {"{\"schema\":1,\"type\":\"plan\",\"profile\":\"\",\"cells\":[{\"task\":\"t\",\"method\":\"m\"}]}",
       "cells[0].seed"},
      {"{\"schema\":1,\"type\":\"plan\",\"profile\":\"\",\"cells\":[{\"task\":\"t\",\"method\":\"m\",\"seed\":-1}]}",
       "cells[0].seed"},
      {"{\"schema\":1,\"type\":\"plan\",\"profile\":\"\",\"cells\":[{\"task\":\"t\",\"method\":\"m\",\"seed\":1,"
       "\"key\":\"x\"}]}",
       "cells[0].key"},
      {"{\"schema\":1,\"type\":\"plan\",\"profile\":\"\",\"started\":1,\"cells\":[]}", "started"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    json_t* record = json_loads(cases[i].text, 0, NULL);
    assert_non_null(record);
    check(record, !cases[i].name, "", cases[i].name ? cases[i].name : "", cases[i].text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_whole_record_is_right),
      cmocka_unit_test(every_field_is_of_its_kind),
      cmocka_unit_test(objects_and_arrays_are_what_they_are),
      cmocka_unit_test(elements_of_lists_are_objects_and_each_is_looked_at),
      cmocka_unit_test(records_of_older_programs_may_lack_the_windows),
      cmocka_unit_test(a_status_is_one_of_five_and_only_done_needs_numbers),
      cmocka_unit_test(a_record_is_a_plan_or_a_cell_of_this_schema),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
