/* A run is held to tolerances only if it is about what they are about: versions, settings, golden table. */
#define _GNU_SOURCE
#include "dynaflow/core/alloc.h"
#include "gate_group.h"
#include "golden_difference.h"
#include "identity.h"
#include "json.h"
#include "records.h"

static const char task_yaml[] =
    "task: {name: t, version: 2}\n"
    "eval: {windows: 16, chains: 4}\n"
    "window: {horizon: 8}\n"
    "train: {steps: 10}\n"
    "methods:\n"
    "  b: {train: {steps: 20}}\n"
    "profiles:\n"
    "  p: {eval: {windows: 6}}\n";

typedef struct gate_case {
  run_view r;
  gate_result out;
  gate_group h;
  char task_file[96];
} gate_case;

/* a done cell as this task makes it */
static json_t* add_right(const char* method, int seed) {
  json_t* cell = add_cell(method, seed);
  json_t* config = json_object_get(cell, "config");
  set_text(config, "task.version", "2");
  set_text(config, "eval.windows", "6");
  set_text(config, "eval.chains", "4");
  set_text(config, "window.horizon", "8");
  set_text(config, "train.steps", "10");
  set_text(json_object_get(cell, "provenance"), "mujoco", "3.17.0");
  return cell;
}

static void open_case(gate_case* c) {
  memset(c, 0, sizeof *c);
  open_run(&c->r);
  snprintf(c->task_file, sizeof c->task_file, "%s/task.yaml", folder);
  assert_int_equal(df_file_write(c->task_file, task_yaml, strlen(task_yaml)), DF_OK);
  c->out.verdicts = rows_new();
  c->h = (gate_group){.r = &c->r, .g = &c->r.groups[0], .out = &c->out};
  c->h.expect.path = "expect.yaml";
  c->h.expect.task_version = 2;
  snprintf(c->h.expect.mujoco, sizeof c->h.expect.mujoco, "3.17");
}

static void add_table(gate_case* c) {
  c->h.has_golden = true;
  c->h.golden.path = "golden.csv";
  c->h.golden.task_version = 2;
  c->h.golden.numbers = 1;
  snprintf(c->h.golden.mujoco, sizeof c->h.golden.mujoco, "3.17.3");
  assert_int_equal(golden_settings(c->r.cells[0].record, c->h.golden.settings), DF_OK);
}

static void close_case(gate_case* c) {
  gate_clear(&c->out);
  close_run(&c->r);
}

/* the metrics of the verdicts, separated by blanks */
static void assert_differs(gate_case* c, const char* wanted) {
  char found[256] = "";
  size_t i;
  json_t* v;
  assert_int_equal(gate_compares(&c->h, c->task_file), wanted[0] == '\0');
  json_array_foreach(c->out.verdicts.list, i, v) {
    assert_string_equal(string_of(v, "status"), gate_verdict_name(GATE_NOT_COMPARABLE));
    snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", i ? " " : "", string_of(v, "metric"));
  }
  assert_string_equal(found, wanted);
  assert_int_equal(c->out.count[GATE_NOT_COMPARABLE], i);
}

static void what_is_the_same_compares(void** state) {
  (void)state;
  for (int table = 0; table < 2; table++) {
    gate_case c;
    begin_records();
    add_right("a", 1);
    add_right("b", 1);
    open_case(&c);
    if (table) add_table(&c);
    assert_differs(&c, "");
    close_case(&c);
  }
}

static void versions_compare_by_major_and_minor(void** state) {
  (void)state;
  static const struct {
    const char *run, *expect, *golden, *wanted;
  } cases[] = {{"3.17.0", "3.17", "3.17.9", ""},
               {"3.17.0", "3.17.5", "3.17.0", ""},
               {"3.17.0", "3.1", "3.17.0", "mujoco"},
               {"3.1.7", "3.17", "3.1.7", "mujoco"},
               {"4.17.0", "3.17", "4.17.0", "mujoco"},
               {"3.17.0", "3.17", "3.18.0", "golden"},
               {"3.18.0", "3.17", "3.17.0", "mujoco golden"},
               {"", "3.17", "3.17.0", "mujoco golden"},
               {"unknown", "3.17", "3.17.0", "mujoco golden"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    gate_case c;
    begin_records();
    set_text(json_object_get(add_right("a", 1), "provenance"), "mujoco", cases[i].run);
    open_case(&c);
    add_table(&c);
    snprintf(c.h.expect.mujoco, sizeof c.h.expect.mujoco, "%s", cases[i].expect);
    snprintf(c.h.golden.mujoco, sizeof c.h.golden.mujoco, "%s", cases[i].golden);
    assert_differs(&c, cases[i].wanted);
    close_case(&c);
  }
}

static void versions_of_the_task_are_equal(void** state) {
  (void)state;
  static const struct {
    const char* run; /* NULL: not recorded, which means 1 */
    int expect, golden;
    const char* wanted;
  } cases[] = {{"2", 2, 2, ""},
               {"2", 1, 2, "task_version"},
               {"2", 2, 1, "golden"},
               {NULL, 1, 1, ""},
               {NULL, 2, 2, "task_version golden"},
               {"3", 2, 2, "task_version golden"},
               {"x", 1, 1, "task_version golden"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    gate_case c;
    begin_records();
    json_t* config = json_object_get(add_right("a", 1), "config");
    json_object_del(config, "task.version");
    if (cases[i].run) set_text(config, "task.version", cases[i].run);
    open_case(&c);
    add_table(&c);
    c.h.expect.task_version = cases[i].expect;
    c.h.golden.task_version = cases[i].golden;
    assert_differs(&c, cases[i].wanted);
    close_case(&c);
  }
}

static void shared_settings_are_those_of_the_task_file(void** state) {
  (void)state;
  static const struct {
    const char *method, *name, *value, *wanted;
  } cases[] = {{"a", "eval.windows", "6", ""},
               {"a", "eval.windows", "16", "settings"}, /* that of another profile */
               {"a", "eval.chains", "5", "settings"},
               {"a", "window.horizon", "9", "settings"},
               {"a", "system.substeps", "1", ""}, /* the default */
               {"a", "system.substeps", "2", "settings"},
               {"a", "scale_floor.change", "0.03", "settings"},
               {"a", "gait.swing_height", "0.09", "settings"},
               {"a", "train.steps", "99", ""}, /* a method's own */
               {"a", "data.url", "elsewhere", ""},
               {"a", "eval.unknown", "1", ""}, /* not a setting of this program */
               {"b", "train.steps", "99", ""}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    gate_case c;
    begin_records();
    set_text(json_object_get(add_right(cases[i].method, 1), "config"), cases[i].name, cases[i].value);
    open_case(&c);
    assert_differs(&c, cases[i].wanted);
    close_case(&c);
  }
}

static void cells_have_the_same_settings(void** state) {
  (void)state;
  gate_case c;
  begin_records();
  add_right("a", 1);
  set_text(json_object_get(add_right("b", 1), "config"), "eval.chains", "5");
  open_case(&c);
  /* once for the two of them, once for b, which is not as the task file says */
  assert_differs(&c, "settings settings");
  close_case(&c);
}

static void a_golden_table_of_other_settings_does_not_compare(void** state) {
  (void)state;
  gate_case c;
  begin_records();
  add_right("a", 1);
  add_right("a", 2);
  set_text(add_right("a", 3), "status", "error"); /* not done: not looked at */
  open_case(&c);
  add_table(&c);
  c.h.golden.settings[0] = c.h.golden.settings[0] == 'f' ? '0' : 'f';
  assert_differs(&c, "golden");
  /* once for all cells */
  assert_string_equal(string_of(json_array_get(c.out.verdicts.list, 0), "detail"),
                      "a, seed 1, and 1 more cell: other settings than those of golden.csv: settings of system, data, "
                      "gait, window, split, chart, scale_floor and eval are not all those of the table, which has only "
                      "their hash: compare the task file and --set with those of its commit");
  close_case(&c);
}

static void put_text(json_t* config, const char* name, const char* value) {
  json_object_set_new(config, name, json_string(value));
}

/* Of a table with only the hash, a setting that was at its default or absent; of one that lists its settings, all. */
static void the_other_settings_are_named(void** state) {
  (void)state;
  static const struct {
    const char *name, *of_table, *of_record; /* name: NULL: none */
    bool listed, two;
    const char* words;
  } cases[] = {
      {"system.substeps", "1", "7", false, false, "system.substeps is '7', not '1'"},
      {"window.first", NULL, "3", false, false, "window.first, '3', is a setting that the table does not know"},
      {"window.horizon", "12", "8", true, false, "window.horizon is '8', not '12'"},
      {"window.horizon", "12", "8", true, true, "window.horizon is '8', not '12', eval.windows is '6', not '16'"},
      {"action.center", "-1,2", "-1,3", true, false, NULL}, /* of a method: not shared */
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    gate_case c;
    begin_records();
    json_t *cell = add_right("a", 1), *config = json_object_get(cell, "config");
    json_object_del(config, cases[i].name);
    if (cases[i].of_table) put_text(config, cases[i].name, cases[i].of_table);
    if (cases[i].two) put_text(config, "eval.windows", "16");
    open_case(&c);
    add_table(&c);
    if (cases[i].listed)
      c.h.golden.listed = json_pack("{s:s,s:s,s:s}", "window.horizon", "12", "eval.windows", cases[i].two ? "16" : "6",
                                    "eval.chains", "4");
    const json_t* done = c.r.cells[0].record;
    config = json_object_get(done, "config");
    put_text(config, cases[i].name, cases[i].of_record);
    if (cases[i].two) put_text(config, "eval.windows", "6");
    df_status status;
    char* words = golden_difference(&c.h.golden, done, &status);
    if (!cases[i].words != !words || (words && strcmp(words, cases[i].words) != 0))
      fail_msg("case %zu: %s", i, words ? words : "(none)");
    df_free(words);
    json_decref(c.h.golden.listed);
    close_case(&c);
  }
}

/* of eight settings six are named */
static void of_many_other_settings_six_are_named(void** state) {
  (void)state;
  gate_case c;
  df_status status;
  begin_records();
  add_right("a", 1);
  open_case(&c);
  add_table(&c);
  c.h.golden.settings[0] = c.h.golden.settings[0] == 'f' ? '0' : 'f';
  json_t *none = json_object(), *record = json_object(), *config = json_object();
  c.h.golden.listed = none;
  /* all others are at their defaults, in the record and in the table */
  const df_config_key* keys;
  const int n_keys = df_config_keys(&keys);
  int n = 0;
  char wanted[2048] = "";
  for (int i = 0; i < n_keys && n < 8; i++) {
    if (!setting_is_shared(keys[i].name) || setting_is_sum(keys[i].name)) continue;
    put_text(config, keys[i].name, "0.123");
    char* usual = golden_shown(keys[i].default_text);
    if (n++ < 6)
      snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), "%s%s is '0.123', not '%.80s'",
               n > 1 ? ", " : "", keys[i].name, usual);
    df_free(usual);
  }
  snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), " and 2 more");
  json_object_set_new(record, "config", config);
  char* words = golden_difference(&c.h.golden, record, &status);
  assert_int_equal(status, DF_OK);
  assert_string_equal(words, wanted);
  df_free(words);
  json_decref(record);
  json_decref(none);
  c.h.golden.listed = NULL;
  close_case(&c);
}

/* The model's and the data's sums in the task file only check the files, which are compared by themselves. */
static void sums_that_only_check_may_be_emptied(void** state) {
  (void)state;
  static const struct {
    const char *before, *after, *model;
    bool same;
  } cases[] = {{"m", "", "m", true}, {"", "m", "m", true}, {"m", "m", "m", true}, {"other", "", "m", false}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    for (int data = 0; data < 2; data++) {
      gate_case c;
      const char* key = data ? "data.sha256" : "system.model_sha256";
      begin_records();
      json_t *cell = add_right("a", 1), *config = json_object_get(cell, "config");
      put_text(config, key, cases[i].before);
      open_case(&c);
      add_table(&c);
      snprintf(data ? c.h.golden.data : c.h.golden.model, DF_SHA256_TEXT, "%s", cases[i].model);
      const json_t* done = c.r.cells[0].record;
      put_text(json_object_get(done, "config"), key, cases[i].after);
      df_status status;
      char* words = golden_difference(&c.h.golden, done, &status);
      if (!words != cases[i].same) fail_msg("case %zu: %s", i, words ? words : "(none)");
      df_free(words);
      close_case(&c);
    }
  }
}

/* by the compiled model, else by the files; an older table has neither */
static void a_golden_table_of_another_model_does_not_compare(void** state) {
  (void)state;
  static const struct {
    const char *files, *compiled, *wanted;
  } cases[] = {{"", "", ""}, {"m", "c", ""}, {"x", "c", ""}, {"m", "x", ""}, {"x", "x", "golden"}, {"x", "", "golden"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    gate_case c;
    begin_records();
    json_t* cell = add_right("a", 1);
    set_text(cell, "model_sha256", "m");
    set_text(cell, "compiled_sha256", "c");
    json_object_set_new(cell, "model_files", json_pack("[{s:s,s:s}]", "path", "m.xml", "sha256", "m"));
    open_case(&c);
    add_table(&c);
    snprintf(c.h.golden.model, sizeof c.h.golden.model, "%s", cases[i].files);
    snprintf(c.h.golden.compiled, sizeof c.h.golden.compiled, "%s", cases[i].compiled);
    assert_differs(&c, cases[i].wanted);
    close_case(&c);
  }
}

static void a_golden_table_of_another_version_of_numbers_does_not_compare(void** state) {
  (void)state;
  static const struct {
    int run, golden; /* 0: not recorded, which means 1 */
    const char* wanted;
  } cases[] = {{0, 1, ""}, {1, 1, ""}, {2, 2, ""}, {2, 1, "golden"}, {0, 2, "golden"}, {1, 2, "golden"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    gate_case c;
    begin_records();
    json_t* cell = add_right("a", 1);
    if (cases[i].run) json_object_set_new(cell, "numbers", json_integer(cases[i].run));
    open_case(&c);
    add_table(&c);
    c.h.golden.numbers = cases[i].golden;
    assert_differs(&c, cases[i].wanted);
    if (i == 3) {
      assert_string_equal(string_of(json_array_get(c.out.verdicts.list, 0), "detail"),
                          "a, seed 1: numbers of version 2, but golden.csv has numbers of version 1; accept new ones");
    }
    close_case(&c);
  }
}

/* "" in the table: an older program wrote it */
static void a_golden_table_of_other_demonstrations_or_start_states_does_not_compare(void** state) {
  (void)state;
  static const struct {
    const char *data, *windows, *source, *cpu; /* of the table */
    bool given;                                /* the cell is of a file of trajectories that start elsewhere */
    const char* wanted;
    const char* notice; /* part of the advisory row, "": none */
  } cases[] = {
      {"d", "w", "file", "x, y", false, "", ""},
      {"", "", "file", "x, y", false, "",
       "of which demonstrations and start states its numbers are, so those of the run are not compared with them; "
       "accept a new table, or, if they are those of this run, add the lines '# data: d' and '# windows: w'"},
      {"", "w", "file", "x, y", false, "",
       "does not say of which demonstrations its numbers are, so those of the run are not compared with them; accept "
       "a new table, or, if they are those of this run, add the line '# data: d'"},
      {"d", "", "file", "x, y", false, "", "of which start states its numbers are, so"},
      {"e", "w", "file", "x, y", false, "golden", ""},
      {"e", "v", "file", "z", false, "golden", ""},
      {"d", "v", "file", "x, y", false, "golden", ""},
      {"d", "v", "generator", "z", false, "golden", ""},
      /* generated on the same processor, and on another one */
      {"e", "v", "generator", "x, y", false, "golden", ""},
      {"e", "v", "generator", "z", false, "", "generated demonstrations are not bit by bit those of"},
      {"e", "v", "generator", "", false, "", "generated demonstrations are not bit by bit those of"},
      {"d", "v", "file", "x, y", true, "", ""},
      {"e", "v", "file", "x, y", true, "golden", ""}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    gate_case c;
    begin_records();
    json_t* cell = add_right("a", 1);
    set_text(cell, "data_sha256", "d");
    if (!cases[i].given) set_text(cell, "windows_sha256", "w");
    if (cases[i].given) json_object_set_new(cell, "trajectories", json_object());
    set_text(json_object_get(cell, "config"), "data.source", cases[i].source);
    set_text(json_object_get(cell, "provenance"), "cpu", "x, y");
    open_case(&c);
    add_table(&c);
    snprintf(c.h.golden.data, sizeof c.h.golden.data, "%s", cases[i].data);
    snprintf(c.h.golden.windows, sizeof c.h.golden.windows, "%s", cases[i].windows);
    snprintf(c.h.golden.cpu, sizeof c.h.golden.cpu, "%s", cases[i].cpu);
    /* the task file says the same of the source, which is compared by itself */
    char* task = format_text("%sdata: {source: %s%s}\n", task_yaml, cases[i].source,
                             strcmp(cases[i].source, "generator") == 0 ? ", generator: quadruped_gaits" : "");
    assert_int_equal(df_file_write(c.task_file, task, strlen(task)), DF_OK);
    df_free(task);
    const bool compares = gate_compares(&c.h, c.task_file);
    if (compares != (cases[i].wanted[0] == '\0')) fail_msg("case %zu", i);
    if (!compares) assert_string_equal(string_of(json_array_get(c.out.verdicts.list, 0), "metric"), cases[i].wanted);
    if (strcmp(cases[i].windows, "v") == 0 && strcmp(cases[i].data, "d") == 0 && !cases[i].given) {
      assert_string_equal(string_of(json_array_get(c.out.verdicts.list, 0), "detail"),
                          "a, seed 1: other start states than those of golden.csv (windows_sha256 w, not v)");
    }
    if (compares) gate_advise_table(&c.h);
    if (compares) {
      const json_t* v = json_array_get(c.out.verdicts.list, 0);
      assert_int_equal(json_array_size(c.out.verdicts.list), cases[i].notice[0] != '\0');
      if (v && !strstr(string_of(v, "detail"), cases[i].notice)) fail_msg("case %zu: %s", i, string_of(v, "detail"));
      if (v) assert_string_equal(string_of(v, "status"), gate_verdict_name(GATE_ADVISORY));
      if (v) assert_true(gate_is_notice(c.out.origins[0].kind));
    }
    close_case(&c);
  }
}

static void a_task_file_that_cannot_be_read_does_not_compare(void** state) {
  (void)state;
  gate_case c;
  begin_records();
  set_text(add_right("a", 1), "profile", "other");
  open_case(&c);
  assert_differs(&c, "settings");
  close_case(&c);
}

static void a_verdict_names_every_setting_that_differs(void** state) {
  (void)state;
  gate_case c;
  text wanted = {0};
  begin_records();
  json_t* first = json_object_get(add_right("a", 1), "config");
  json_t* second = json_object_get(add_right("a", 2), "config");
  for (int i = 0; i < 100; i++) {
    char name[32];
    snprintf(name, sizeof name, "eval.setting_%d", i);
    set_text(first, name, "1");
    set_text(second, name, "2");
    text_add(&wanted, "%s%s", i ? ", " : "the cells differ in ", name);
  }
  open_case(&c);
  assert_false(gate_compares(&c.h, c.task_file));
  assert_string_equal(string_of(json_array_get(c.out.verdicts.list, 0), "detail"), text_of(&wanted));
  text_clear(&wanted);
  close_case(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_the_same_compares),
      cmocka_unit_test(versions_compare_by_major_and_minor),
      cmocka_unit_test(versions_of_the_task_are_equal),
      cmocka_unit_test(shared_settings_are_those_of_the_task_file),
      cmocka_unit_test(cells_have_the_same_settings),
      cmocka_unit_test(a_golden_table_of_other_settings_does_not_compare),
      cmocka_unit_test(the_other_settings_are_named),
      cmocka_unit_test(of_many_other_settings_six_are_named),
      cmocka_unit_test(sums_that_only_check_may_be_emptied),
      cmocka_unit_test(a_golden_table_of_another_model_does_not_compare),
      cmocka_unit_test(a_golden_table_of_another_version_of_numbers_does_not_compare),
      cmocka_unit_test(a_golden_table_of_other_demonstrations_or_start_states_does_not_compare),
      cmocka_unit_test(a_task_file_that_cannot_be_read_does_not_compare),
      cmocka_unit_test(a_verdict_names_every_setting_that_differs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
