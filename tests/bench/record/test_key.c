/* A key changes with everything that can change a number, and with nothing else. */
#define _GNU_SOURCE
#include "key.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static cell_identity identity(const df_config* config) {
  return (cell_identity){.config = config,
                         .method = "dynaflow",
                         .seed = 1,
                         .model_sha256 = "m",
                         .data_sha256 = "d",
                         .mujoco_version = "3.17.0",
                         .blas_kernel = "SkylakeX"};
}

static void key_of(const cell_identity* id, key_scope scope, char key[DF_SHA256_TEXT]) {
  assert_int_equal(cell_key(id, scope, key), DF_OK);
  assert_int_equal(strlen(key), 64);
}

/* whether a value is accepted and differs from the current one */
static bool changes(df_config* config, const df_config_key* key, int at, const char* value) {
  char before[4096], after[4096];
  df_config_value(config, at, before, sizeof before);
  if (df_config_set(config, key->name, value, "test") != DF_OK) return false;
  df_config_value(config, at, after, sizeof after);
  return strcmp(before, after) != 0;
}

/* sets a key of the table to a different value: one of its choices, else one of these */
static void change(df_config* config, const df_config_key* key, int at) {
  static const char* const values[] = {"1", "2", "0.5", "60", "0", "0.25"};
  char choices[DF_TEXT_MAX];
  char* rest = NULL;
  snprintf(choices, sizeof choices, "%s", key->choices);
  for (char* word = strtok_r(choices, "|", &rest); word; word = strtok_r(NULL, "|", &rest)) {
    if (changes(config, key, at, word)) return;
  }
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    if (changes(config, key, at, values[i])) return;
  }
  fail_msg("no other value found for %s", key->name);
}

/* words, places, memory, and settings of policies of `dynaflow expert`, which are no methods */
static bool is_silent(const char* name) {
  return !strncmp(name, "expert", 6) || !strcmp(name, "task.title") || !strcmp(name, "task.methods") ||
         !strcmp(name, "system.model_url") || !strcmp(name, "data.url") || !strcmp(name, "train.tape_mib") ||
         !strcmp(name, "train.checkpoint_every") || !strcmp(name, "net.preset");
}

/* settings of evaluation and of sampling */
static bool is_no_training(const char* name) {
  return !strncmp(name, "eval.", 5) || !strncmp(name, "tracking.", 9) || !strncmp(name, "projection.", 11) ||
         !strncmp(name, "trajopt.", 8) || !strcmp(name, "flow.solver") || !strcmp(name, "flow.tolerance") ||
         !strcmp(name, "flow.guidance") || !strcmp(name, "flow.eta") || !strcmp(name, "flow.clip");
}

/* variants of the flow and other settings which older results were made without: left out while they have their
 * defaults */
static bool is_variant(const char* name) {
  static const char* const left_out[] = {"gait.command_from",    "eval.profile",        "eval.chain_commands",
                                         "system.dynamics",      "eval.style_band",     "eval.goal_joints",
                                         "eval.goal_conditions", "eval.goal_tolerance", "train.episodes",
                                         "train.noise",          "train.project_from"};
  for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++) {
    if (!strcmp(name, left_out[i])) return true;
  }
  return !strncmp(name, "flow.", 5) && strcmp(name, "flow.sigma") != 0 && strcmp(name, "flow.time_power") != 0;
}

static void every_setting_but_words_changes_the_key(void** state) {
  (void)state;
  char plain[DF_SHA256_TEXT], changed[DF_SHA256_TEXT];
  df_config config = df_config_default();
  cell_identity id = identity(&config);
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  assert_true(n > 50);
  key_of(&id, KEY_CELL, plain);
  for (int i = 0; i < n; i++) {
    config = df_config_default();
    change(&config, &keys[i], i);
    /* a preset is known by the settings that it sets */
    if (!strcmp(keys[i].name, "net.preset")) {
      config = df_config_default();
      snprintf(config.net_preset, sizeof config.net_preset, "small");
    }
    key_of(&id, KEY_CELL, changed);
    if ((strcmp(plain, changed) != 0) == is_silent(keys[i].name)) fail_msg("%s", keys[i].name);
  }
}

static void evaluation_and_sampling_do_not_change_the_training_key(void** state) {
  (void)state;
  char plain[DF_SHA256_TEXT], changed[DF_SHA256_TEXT];
  df_config config = df_config_default();
  cell_identity id = identity(&config);
  key_of(&id, KEY_TRAINING, plain);
  assert_int_equal(df_config_set(&config, "eval.windows", "7", "test"), DF_OK);
  assert_int_equal(df_config_set(&config, "tracking.norm", "si", "test"), DF_OK);
  assert_int_equal(df_config_set(&config, "projection.norm", "std", "test"), DF_OK);
  assert_int_equal(df_config_set(&config, "projection.from", "0.5", "test"), DF_OK);
  assert_int_equal(df_config_set(&config, "trajopt.iterations", "7", "test"), DF_OK);
  key_of(&id, KEY_TRAINING, changed);
  assert_string_equal(plain, changed);
  assert_int_equal(df_config_set(&config, "train.slices", "4", "test"), DF_OK);
  key_of(&id, KEY_TRAINING, changed);
  assert_string_not_equal(plain, changed);
}

static void all_else_changes_the_key(void** state) {
  (void)state;
  char keys[9][DF_SHA256_TEXT];
  const df_config config = df_config_default();
  cell_identity ids[8];
  for (int i = 0; i < 8; i++) ids[i] = identity(&config);
  ids[1].method = "kinematic_fm";
  ids[2].seed = 2;
  ids[3].model_sha256 = "M";
  ids[4].data_sha256 = "D";
  ids[5].mujoco_version = "4.0.1";
  ids[6].blas_kernel = "Haswell";
  /* adjacent values must not be confused */
  ids[7].model_sha256 = "m\ndata";
  for (int i = 0; i < 8; i++) key_of(&ids[i], KEY_CELL, keys[i]);
  key_of(&ids[0], KEY_TRAINING, keys[8]);
  for (int i = 0; i < 9; i++) {
    for (int j = 0; j < i; j++) assert_string_not_equal(keys[i], keys[j]);
  }
}

static void the_same_gives_the_same(void** state) {
  (void)state;
  char a[DF_SHA256_TEXT], b[DF_SHA256_TEXT];
  const df_config one = df_config_default(), two = df_config_default();
  const cell_identity x = identity(&one), y = identity(&two);
  key_of(&x, KEY_CELL, a);
  key_of(&y, KEY_CELL, b);
  assert_string_equal(a, b);
}

/* a record as written by a run */
static json_t* record_of(const cell_identity* id) {
  json_t* settings = json_object();
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    char value[DF_VALUE_MAX];
    df_config_value(id->config, i, value, sizeof value);
    json_object_set_new(settings, keys[i].name, json_string(value));
  }
  return json_pack("{s:s,s:I,s:s,s:s,s:i,s:{s:s,s:{s:s}},s:o,s:f}", "method", id->method, "seed", (json_int_t)id->seed,
                   "compiled_sha256", id->model_sha256, "data_sha256", id->data_sha256, "numbers", NUMBERS_VERSION,
                   "provenance", "mujoco", id->mujoco_version, "blas", "kernel", id->blas_kernel, "config", settings,
                   "wall_s", 0.1);
}

static void a_plugin_is_in_the_key_and_no_plugin_leaves_it_as_it_was(void** state) {
  (void)state;
  char none[DF_SHA256_TEXT], empty[DF_SHA256_TEXT], one[DF_SHA256_TEXT], other[DF_SHA256_TEXT], record[DF_SHA256_TEXT];
  const df_config config = df_config_default();
  cell_identity id = identity(&config);
  key_of(&id, KEY_CELL, none);
  id.plugin_sha256 = "";
  key_of(&id, KEY_CELL, empty);
  id.plugin_sha256 = "p";
  key_of(&id, KEY_CELL, one);
  id.plugin_sha256 = "q";
  key_of(&id, KEY_CELL, other);
  assert_string_equal(none, empty);
  assert_string_not_equal(none, one);
  assert_string_not_equal(one, other);

  json_t* o = record_of(&id);
  json_object_set_new(o, "plugin_sha256", json_string("q"));
  assert_int_equal(record_key(o, record), DF_OK);
  assert_string_equal(other, record);
  json_decref(o);
}

static void a_record_gives_the_key_of_its_cell(void** state) {
  (void)state;
  char cell[DF_SHA256_TEXT], record[DF_SHA256_TEXT];
  const df_config config = df_config_default();
  const cell_identity id = identity(&config);
  key_of(&id, KEY_CELL, cell);
  json_t* o = record_of(&id);
  assert_int_equal(record_key(o, record), DF_OK);
  assert_string_equal(cell, record);
  json_object_set_new(json_object_get(o, "config"), "train.steps", json_string("7"));
  assert_int_equal(record_key(o, record), DF_OK);
  assert_string_not_equal(cell, record);
  /* a record without "numbers" has version 1 */
  json_object_set_new(json_object_get(o, "config"), "train.steps", json_string("7"));
  json_object_set_new(o, "numbers", json_integer(1));
  assert_int_equal(record_key(o, cell), DF_OK);
  json_object_del(o, "numbers");
  assert_int_equal(record_key(o, record), DF_OK);
  assert_string_equal(cell, record);
  json_object_del(o, "compiled_sha256");
  assert_int_equal(record_key(o, record), DF_E_MISSING);
  json_decref(o);
}

static void a_sealed_record_shows_a_changed_bit(void** state) {
  (void)state;
  char sum[DF_SHA256_TEXT];
  const df_config config = df_config_default();
  const cell_identity id = identity(&config);
  json_t* o = record_of(&id);
  assert_int_equal(record_seal(o), DF_OK);
  /* still intact after it was written and read again */
  char* line = json_dumps(o, JSON_COMPACT);
  json_decref(o);
  o = json_loads(line, 0, NULL);
  free(line);
  assert_int_equal(record_sum(o, sum), DF_OK);
  assert_string_equal(sum, json_string_value(json_object_get(o, "record_sha256")));
  json_object_set_new(o, "wall_s", json_real(nextafter(0.1, 1)));
  assert_int_equal(record_sum(o, sum), DF_OK);
  assert_string_not_equal(sum, json_string_value(json_object_get(o, "record_sha256")));
  json_decref(o);
}

/* what a key is the sum of, line by line, as key.h describes it */
static void the_canonical_text_is_every_setting_and_then_the_rest(void** state) {
  (void)state;
  const df_config config = df_config_default();
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int scope = KEY_CELL; scope <= KEY_TRAINING; scope++) {
    for (int plugin = 0; plugin < 2; plugin++) {
      text own = {0}, wanted = {0};
      cell_identity id = identity(&config);
      id.seed = UINT64_C(18446744073709551615);
      if (plugin) id.plugin_sha256 = "p";
      /* what is measured, which trains nothing */
      json_t* measured = json_pack("{s:s,s:s}", "split.test_every", "7", "data.file", "f.npz");
      if (plugin) id.eval_data_sha256 = "e";
      if (plugin) id.eval_settings = measured;
      for (int i = 0; i < n; i++) {
        char value[DF_VALUE_MAX];
        if (is_silent(keys[i].name) || (scope == KEY_TRAINING && is_no_training(keys[i].name))) continue;
        df_config_value(&config, i, value, sizeof value);
        if (is_variant(keys[i].name) && strcmp(value, keys[i].default_text) == 0) continue;
        text_add(&wanted, "%s %s\n", keys[i].name, value);
      }
      text_add(&wanted,
               "method dynaflow\nseed 18446744073709551615\nmodel m\ndata d\nmujoco 3.17.0\nblas SkylakeX\n%s%snumbers "
               "%d\nscope %s\n",
               plugin ? "plugin p\n" : "",
               plugin && scope == KEY_CELL ? "held_out e\nheld_out.split.test_every 7\nheld_out.data.file f.npz\n" : "",
               NUMBERS_VERSION, scope == KEY_CELL ? "cell" : "training");
      cell_key_text(&id, (key_scope)scope, &own);
      assert_string_equal(text_of(&own), text_of(&wanted));
      /* and the key is its SHA-256 */
      char key[DF_SHA256_TEXT], sum[DF_SHA256_TEXT];
      key_of(&id, (key_scope)scope, key);
      assert_int_equal(df_sha256(text_of(&wanted), wanted.n, sum), DF_OK);
      assert_string_equal(key, sum);
      json_decref(measured);
      text_clear(&own);
      text_clear(&wanted);
    }
  }
}

static void every_part_of_a_record_counts_or_does_not(void** state) {
  (void)state;
  char plain[DF_SHA256_TEXT], changed[DF_SHA256_TEXT];
  const df_config config = df_config_default();
  const cell_identity id = identity(&config);
  static const struct {
    const char *object, *field; /* object NULL: the record itself */
    bool counts;
  } parts[] = {{NULL, "method", true},
               {NULL, "compiled_sha256", true},
               {NULL, "data_sha256", true},
               {NULL, "plugin_sha256", true},
               {"provenance", "mujoco", true},
               {"config", "train.rate", true},
               {"config", "eval.seed", true},
               {"config", "of.tomorrow", true},
               {"config", "task.title", false},
               {"config", "data.url", false},
               {"config", "task.methods", false},
               {"config", "system.model_url", false},
               {"config", "train.tape_mib", false},
               {"config", "net.preset", false},
               {NULL, "profile", false},
               {NULL, "model_sha256", false},
               {NULL, "windows_sha256", false},
               {NULL, "status", false},
               {NULL, "started", false},
               {NULL, "task", false},
               {"provenance", "commit", false},
               {"provenance", "cpu", false}};
  json_t* o = record_of(&id);
  assert_int_equal(record_key(o, plain), DF_OK);
  json_decref(o);
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    o = record_of(&id);
    json_t* object = parts[i].object ? json_object_get(o, parts[i].object) : o;
    json_object_set_new(object, parts[i].field, json_string("changed"));
    assert_int_equal(record_key(o, changed), DF_OK);
    if ((strcmp(plain, changed) != 0) != parts[i].counts) fail_msg("%s", parts[i].field);
    json_decref(o);
  }
  o = record_of(&id);
  json_object_set_new(json_object_get(json_object_get(o, "provenance"), "blas"), "kernel", json_string("Haswell"));
  assert_int_equal(record_key(o, changed), DF_OK);
  assert_string_not_equal(plain, changed);
  json_object_set_new(json_object_get(json_object_get(o, "provenance"), "blas"), "kernel", json_string("SkylakeX"));
  json_object_set_new(o, "seed", json_integer(2));
  assert_int_equal(record_key(o, changed), DF_OK);
  assert_string_not_equal(plain, changed);
  /* without a BLAS it is "" */
  json_object_set_new(o, "seed", json_integer(1));
  json_object_set_new(json_object_get(o, "provenance"), "blas", json_null());
  assert_int_equal(record_key(o, changed), DF_OK);
  cell_identity none = id;
  none.blas_kernel = "";
  key_of(&none, KEY_CELL, plain);
  assert_string_equal(plain, changed);
  json_decref(o);
}

static void a_seal_is_over_sorted_keys_and_not_over_itself(void** state) {
  (void)state;
  static const char canonical[] = "{\"a\":[1,null,0.10000000000000001],\"b\":{\"c\":\"\\u00E4\",\"d\":1.5}}";
  static const char* const orders[] = {
      "{\"b\":{\"d\":1.5,\"c\":\"\u00e4\"},\"a\":[1,null,0.1]}",
      "{\"record_sha256\":\"old\", \"a\" : [1, null, 0.1], \"b\":{\"c\":\"\\u00e4\",\"d\":1.5}}"};
  char wanted[DF_SHA256_TEXT], sum[DF_SHA256_TEXT];
  assert_int_equal(df_sha256(canonical, strlen(canonical), wanted), DF_OK);
  for (int i = 0; i < 2; i++) {
    json_t* o = json_loads(orders[i], 0, NULL);
    assert_non_null(o);
    assert_int_equal(record_sum(o, sum), DF_OK);
    assert_string_equal(sum, wanted);
    assert_int_equal(record_seal(o), DF_OK);
    assert_string_equal(json_string_value(json_object_get(o, "record_sha256")), wanted);
    assert_int_equal(record_seal(o), DF_OK); /* sealing again changes nothing */
    assert_string_equal(json_string_value(json_object_get(o, "record_sha256")), wanted);
    json_decref(o);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_setting_but_words_changes_the_key),
      cmocka_unit_test(evaluation_and_sampling_do_not_change_the_training_key),
      cmocka_unit_test(all_else_changes_the_key),
      cmocka_unit_test(the_same_gives_the_same),
      cmocka_unit_test(a_plugin_is_in_the_key_and_no_plugin_leaves_it_as_it_was),
      cmocka_unit_test(a_record_gives_the_key_of_its_cell),
      cmocka_unit_test(a_sealed_record_shows_a_changed_bit),
      cmocka_unit_test(the_canonical_text_is_every_setting_and_then_the_rest),
      cmocka_unit_test(every_part_of_a_record_counts_or_does_not),
      cmocka_unit_test(a_seal_is_over_sorted_keys_and_not_over_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
