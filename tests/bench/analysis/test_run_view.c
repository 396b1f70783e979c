/* Cells of a run, and aggregates over their seeds. */
#define _GNU_SOURCE
#include "aggregate.h"

#include <math.h>

#include "dynaflow/config/config.h"
#include "identity.h"
#include "records.h"

static void seeds_are_averaged_with_their_range(void** state) {
  (void)state;
  run_view r;
  make_run(CELL("a", 1, "done", ROW("tre", 1, 2) "," ROW("tre", 5, 1)) CELL("a", 2, "done", ROW("tre", 1, 4))
               CELL("b", 1, "done", ROW("tre", 0, 7)));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  const run_group* g = &r.groups[0];
  assert_int_equal(r.n_groups, 1);
  assert_int_equal(g->n_k, 2);
  aggregate a = aggregate_of(&r, g, "a", "tre", 1);
  assert_int_equal(a.n, 2);
  assert_true(a.mean == 3 && a.lo == 2 && a.hi == 4);
  /* one seed: the interval of its record */
  a = aggregate_of(&r, g, "a", "tre", 5);
  assert_true(a.n == 1 && a.mean == 1 && a.lo == 0.5 && a.hi == 9);
  /* no sampler: the same value at every K */
  a = aggregate_of(&r, g, "b", "tre", 5);
  assert_true(a.n == 1 && a.mean == 7 && a.k == 0);
  a = aggregate_of(&r, g, "b", "sae_own", 5);
  assert_true(a.n == 0 && a.failed == 0);
  run_view_clear(&r);
  remove_run();
}

static void errors_are_not_averaged_and_the_plan_is_counted(void** state) {
  (void)state;
  run_view r;
  make_run(
      "{\"schema\":1,\"type\":\"plan\",\"profile\":\"p\",\"cells\":[{\"task\":\"t\",\"method\":\"a\",\"seed\":1},"
      "{\"task\":\"t\",\"method\":\"a\",\"seed\":2},{\"task\":\"t\",\"method\":\"a\",\"seed\":3}]}\n"  //
      CELL("a", 1, "done", ROW("tre", 1, 2)) CELL("a", 2, "error", ROW("tre", 1, 100)));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  const aggregate a = aggregate_of(&r, &r.groups[0], "a", "tre", 1);
  assert_true(a.n == 1 && a.mean == 2 && a.planned == 3);
  run_view_clear(&r);
  remove_run();
}

static void cells_stand_in_the_order_of_the_plan(void** state) {
  (void)state;
  run_view r;
  text missing = {0};
  make_run(CELL("c", 1, "done", ROW("tre", 1, 3)) CELL("b", 1, "timeout", "")
               CELL("a", 1, "done", ROW("sae_own", 1, 3)));
  char path[96];
  snprintf(path, sizeof path, "%s/events-2of3.jsonl", folder);
  static const char plan[] =
      "{\"schema\":1,\"type\":\"plan\",\"profile\":\"p\",\"cells\":[{\"task\":\"t\",\"method\":\"a\",\"seed\":1},"
      "{\"task\":\"t\",\"method\":\"b\",\"seed\":1},{\"task\":\"t\",\"method\":\"c\",\"seed\":1},"
      "{\"task\":\"t\",\"method\":\"a\",\"seed\":2}]}\n";
  assert_int_equal(df_file_write(path, plan, strlen(plan)), DF_OK);
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  assert_int_equal(r.n_cells, 4);
  assert_true(r.groups[0].done == 2 && r.groups[0].cells == 4);
  for (int i = 0; i < 3; i++) assert_int_equal(r.groups[0].methods[i][0], 'a' + i);
  assert_string_equal(r.groups[0].metrics[0], "sae_own");
  /* and the cells that are not done are named, in that order */
  assert_int_equal(run_missing(&r, NULL, NULL, &missing), 2);
  assert_string_equal(text_of(&missing), "t p b seed 1 (timeout), t p a seed 2 (not run)");
  text_clear(&missing);
  assert_int_equal(run_missing(&r, &r.groups[0], "a", &missing), 1);
  assert_string_equal(text_of(&missing), "seed 2 (not run)");
  text_clear(&missing);
  assert_int_equal(run_missing(&r, &r.groups[0], "c", &missing), 0);
  assert_string_equal(text_of(&missing), "");
  const aggregate a = aggregate_of(&r, &r.groups[0], "a", "sae_own", 1);
  assert_true(a.planned == 2 && a.done == 1);
  run_view_clear(&r);
  remove_run();
}

static void a_rerun_cell_counts_once_as_it_last_was(void** state) {
  (void)state;
  run_view r;
  make_run(CELL("a", 1, "interrupted", "") CELL("a", 1, "done", ROW("tre", 1, 2)));
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  assert_int_equal(r.n_cells, 1);
  assert_int_equal(r.groups[0].done, 1);
  run_view_clear(&r);
  remove_run();
}

static void steps_stand_once_and_ascending(void** state) {
  (void)state;
  run_view r;
  begin_records();
  static const int k[] = {5, 1, 0, 10, 1, 3, 5};
  for (int i = 0; i < 7; i++) add_value(add_cell(i & 1 ? "a" : "b", i), i < 4 ? "tre" : "sae_own", k[i], 1);
  json_t* cell = add_cell("c", 0);
  add_value(cell, "survival", 7, 1);
  set_text(cell, "status", "error"); /* its rows do not count */
  open_run(&r);
  const run_group* g = &r.groups[0];
  static const int wanted[] = {1, 3, 5, 10};
  assert_int_equal(g->n_k, 4);
  for (int i = 0; i < 4; i++) assert_int_equal(g->k[i], wanted[i]);
  assert_int_equal(g->n_metrics, 2);
  assert_string_equal(g->metrics[0], "tre");
  assert_string_equal(g->metrics[1], "sae_own");
  assert_int_equal(g->n_methods, 3);
  close_run(&r);
  /* without any, the one K is 0 */
  begin_records();
  add_value(add_cell("a", 1), "tre", 0, 1);
  open_run(&r);
  assert_true(r.groups[0].n_k == 1 && r.groups[0].k[0] == 0);
  close_run(&r);
}

static json_t* add_keyed(const char* method, int seed, const char* status, const char* key, double value) {
  json_t* cell = add_cell(method, seed);
  set_text(cell, "status", status);
  set_text(cell, "key", key);
  add_value(cell, "tre", 1, value);
  return cell;
}

static void the_latest_plan_says_which_settings_are_shown(void** state) {
  (void)state;
  run_view r;
  /* planned with settings x, done; planned again with y; then done with y or not, and x once more */
  for (int done = 0; done < 3; done++) {
    begin_records();
    add_planned(add_plan("p"), "a", 1, "x");
    add_keyed("a", 1, "done", "x", 1);
    add_planned(add_plan("p"), "a", 1, "y");
    if (done) add_keyed("a", 1, done == 2 ? "error" : "done", "y", 2);
    add_keyed("a", 1, "done", "x", 3);
    open_run(&r);
    assert_int_equal(r.n_cells, 1);
    assert_string_equal(r.cells[0].key, "y");
    assert_int_equal(r.cells[0].done, done == 1);
    assert_int_equal(r.groups[0].done, done == 1);
    const aggregate a = aggregate_of(&r, &r.groups[0], "a", "tre", 1);
    assert_int_equal(a.n, done == 1);
    if (done == 1) assert_true(a.mean == 2);
    assert_int_equal(r.cells[0].record != NULL, done > 0);
    close_run(&r);
  }
}

static void the_last_finished_attempt_counts(void** state) {
  (void)state;
  run_view r;
  begin_records();
  add_keyed("a", 1, "error", "x", 1);
  add_keyed("a", 1, "done", "x", 2);
  add_keyed("a", 1, "done", "x", 3);
  add_keyed("a", 1, "interrupted", "x", 4);
  add_keyed("b", 1, "timeout", "z", 5);
  add_keyed("b", 1, "error", "z", 6);
  open_run(&r);
  assert_int_equal(r.n_cells, 2);
  assert_true(r.cells[0].done && !r.cells[1].done);
  assert_true(json_number_value(json_object_get(find_row(r.cells[0].record, "tre", 1), "value")) == 3);
  assert_true(json_number_value(json_object_get(find_row(r.cells[1].record, "tre", 1), "value")) == 6);
  close_run(&r);
}

static void profiles_that_set_the_same_share_a_record(void** state) {
  (void)state;
  run_view r;
  begin_records();
  json_t *plan = add_plan("p"), *other = add_plan("q");
  add_planned(plan, "a", 1, "x");
  add_planned(plan, "b", 1, "y");
  add_planned(other, "a", 1, "x");
  add_planned(other, "b", 1, "z");
  add_keyed("a", 1, "done", "x", 1);
  add_keyed("b", 1, "done", "y", 2);
  open_run(&r);
  assert_int_equal(r.n_groups, 2);
  assert_true(r.groups[0].done == 2 && r.groups[0].cells == 2 && r.groups[1].done == 1 && r.groups[1].cells == 2);
  assert_true(aggregate_of(&r, &r.groups[1], "a", "tre", 1).mean == 1);
  assert_int_equal(aggregate_of(&r, &r.groups[1], "b", "tre", 1).n, 0);
  close_run(&r);
}

static void what_methods_share_is_told_by_the_section(void** state) {
  (void)state;
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  int shared = 0;
  for (int i = 0; i < n; i++) {
    const char* name = keys[i].name;
    const size_t section = strcspn(name, ".");
    /* the method's own: what it is called, its actions, networks and training; where files come from; and policies,
     * which are no methods */
    static const char* const own[] = {"task",           "action",      "flow",    "net",       "train",
                                      "inverse",        "recover",     "bc",      "act_chunk", "dap",
                                      "tracking",       "projection",  "trajopt", "expert",    "expert_reward",
                                      "expert_observe", "expert_start"};
    bool wanted = strcmp(name, "data.url") != 0 && strcmp(name, "system.model_url") != 0;
    for (size_t j = 0; j < sizeof own / sizeof own[0]; j++) {
      wanted &= strlen(own[j]) != section || strncmp(own[j], name, section) != 0;
    }
    if (setting_is_shared(name) != wanted) fail_msg("%s", name);
    shared += wanted;
  }
  assert_true(shared > 30);
  assert_false(setting_is_shared("evaluation.windows"));
}

static void settings_in_which_cells_differ_are_named_once(void** state) {
  (void)state;
  static const struct {
    const char *name, *value;
  } changes[] = {{"eval.windows", "4"}, {"train.steps", "4"}, {"window.horizon", "4"}, {"eval.windows", "5"}};
  run_view r;
  text out = {0};
  begin_records();
  for (int i = 0; i < 6; i++) {
    json_t* config = json_object_get(add_cell("a", i), "config");
    set_text(config, "eval.windows", "3");
    set_text(config, "train.steps", "3");
    set_text(config, "window.horizon", "3");
    if (i > 0 && i < 5) set_text(config, changes[i - 1].name, changes[i - 1].value);
    json_t* record = json_array_get(records, json_array_size(records) - 1);
    if (i == 5) set_text(config, "system.substeps", "9");
    if (i == 5) set_text(record, "status", "error"); /* not done: not looked at */
  }
  open_run(&r);
  run_differences(&r, &r.groups[0], &out);
  assert_string_equal(text_of(&out), "eval.windows, window.horizon");
  text_clear(&out);
  close_run(&r);
}

/* a record without a setting of gait.* is one at its default; of any other section it is another one */
static void a_default_that_an_older_record_lacks_is_no_difference(void** state) {
  (void)state;
  static const struct {
    const char *name, *value, *wanted;
  } cases[] = {{"gait.start_noise", "0", ""},
               {"gait.gains", "narrow", ""},
               {"gait.gains", "wide", "gait.gains"},
               {"eval.chains", "64", "eval.chains"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    for (int with = 0; with < 2; with++) {
      run_view r;
      text out = {0};
      begin_records();
      for (int k = 0; k < 2; k++) {
        json_t* config = json_object_get(add_cell("a", k), "config");
        if (k == with) set_text(config, cases[i].name, cases[i].value);
      }
      open_run(&r);
      run_differences(&r, &r.groups[0], &out);
      assert_string_equal(text_of(&out), cases[i].wanted);
      text_clear(&out);
      close_run(&r);
    }
  }
}

/* one model if compiled equally, or from the same files by the same MuJoCo */
static void models_in_which_cells_differ_are_named(void** state) {
  (void)state;
  static const struct {
    const char *arm, *compiled, *mujoco, *wanted; /* of the second cell; the first has a, c and 3.17.0 */
  } cases[] = {
      {"a", "c", "3.17.0", ""},
      {"b", "c", "3.17.0", ""},
      {"a", "d", "3.17.0", ""},
      {"b", "d", "3.17.0", "model (arm.xml changed)"},
      {"a", "d", "3.18.0", "model (MuJoCo 3.18.0 compiles it to another model than MuJoCo 3.17.0), MuJoCo version"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    run_view r;
    text out = {0};
    begin_records();
    for (int s = 0; s < 2; s++) {
      char sum[65];
      json_t* cell = add_cell("a", s);
      memset(sum, s ? cases[i].arm[0] : 'a', 64);
      sum[64] = '\0';
      set_text(cell, "model_sha256", sum); /* stands for the hash of both */
      set_text(cell, "compiled_sha256", s ? cases[i].compiled : "c");
      set_text(json_object_get(cell, "provenance"), "mujoco", s ? cases[i].mujoco : "3.17.0");
      json_object_set_new(cell, "model_files",
                          json_pack("[{s:s,s:s},{s:s,s:s}]", "path", "m.xml", "sha256",
                                    "0123456789012345678901234567890123456789012345678901234567890123", "path",
                                    "arm.xml", "sha256", sum));
    }
    open_run(&r);
    run_differences(&r, &r.groups[0], &out);
    assert_string_equal(text_of(&out), cases[i].wanted);
    text_clear(&out);
    close_run(&r);
  }
}

/* what is neither a setting nor the model; start states that one of them does not name do not differ */
static void everything_else_in_which_cells_differ_is_named(void** state) {
  (void)state;
  static const struct {
    const char *object, *field, *value, *wanted;
    int numbers;
  } cases[] = {{NULL, "windows_sha256", "w", "", 2},
               {NULL, "windows_sha256", "v", "start states", 2},
               {NULL, "windows_sha256", "", "", 2},
               {NULL, "data_sha256", "e", "demonstrations", 2},
               {NULL, "data_sha256", "", "demonstrations", 2},
               {"provenance", "mujoco", "3.17.1", "MuJoCo version", 2},
               {"config", "task.version", "2", "task.version", 2},
               {"config", "system.substeps", "2", "system.substeps", 2},
               {"config", "system.model_sha256", "", "", 2}, /* it only checks the files */
               {"config", "data.sha256", "", "", 2},
               {NULL, "data_sha256", "d", "version of numbers", 3}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    run_view r;
    text out = {0};
    begin_records();
    for (int s = 0; s < 2; s++) {
      json_t* cell = add_cell("a", s);
      set_text(cell, "windows_sha256", "w");
      set_text(cell, "data_sha256", "d");
      set_text(json_object_get(cell, "provenance"), "mujoco", "3.17.0");
      set_text(json_object_get(cell, "config"), "task.version", "1");
      set_text(json_object_get(cell, "config"), "system.substeps", "1");
      set_text(json_object_get(cell, "config"), "system.model_sha256", "m");
      set_text(json_object_get(cell, "config"), "data.sha256", "d");
      json_object_set_new(cell, "numbers", json_integer(s ? cases[i].numbers : 2));
      if (s) set_text(cases[i].object ? json_object_get(cell, cases[i].object) : cell, cases[i].field, cases[i].value);
    }
    open_run(&r);
    run_differences(&r, &r.groups[0], &out);
    assert_string_equal(text_of(&out), cases[i].wanted);
    text_clear(&out);
    close_run(&r);
  }
}

static void an_example_is_the_lowest_seed_that_is_done(void** state) {
  (void)state;
  run_view r;
  begin_records();
  static const int seeds[] = {5, 3, 9, 1};
  for (int i = 0; i < 4; i++) {
    json_t* cell = add_cell("a", seeds[i]);
    if (seeds[i] == 1) set_text(cell, "status", "error");
  }
  add_cell("b", 0);
  open_run(&r);
  assert_int_equal(run_example(&r, &r.groups[0], "a")->seed, 3);
  assert_null(run_example(&r, &r.groups[0], "c"));
  close_run(&r);
}

static void all_that_is_missing_is_counted_and_the_first_eight_are_named(void** state) {
  (void)state;
  for (int n = 7; n <= 10; n++) {
    run_view r;
    text out = {0};
    begin_records();
    json_t* plan = add_plan("p");
    for (int s = 0; s < n; s++) add_planned(plan, "a", s, NULL);
    open_run(&r);
    assert_int_equal(run_missing(&r, NULL, NULL, &out), n);
    int named = 0;
    for (const char* at = strstr(text_of(&out), "seed "); at; at = strstr(at + 1, "seed ")) named++;
    assert_int_equal(named, n < 8 ? n : 8);
    /* how many more stands behind the last name */
    char rest[8];
    snprintf(rest, sizeof rest, " %d ", n - 8);
    assert_int_equal(strstr(strrchr(text_of(&out), ')'), rest) != NULL, n > 8);
    text_clear(&out);
    close_run(&r);
  }
}

static void a_run_has_the_name_of_its_folder(void** state) {
  (void)state;
  run_view r;
  char with_slashes[80];
  make_run(CELL("a", 1, "done", ""));
  snprintf(with_slashes, sizeof with_slashes, "%s//", folder);
  assert_int_equal(run_view_new(with_slashes, &r), DF_OK);
  assert_string_equal(r.name, strrchr(folder, '/') + 1);
  close_run(&r);
}

static void a_task_name_cannot_become_a_path(void** state) {
  (void)state;
  run_view r;
  make_run("{\"schema\":1,\"type\":\"cell\",\"task\":\"../../x y\",\"profile\":\"p\",\"method\":\"a\",\"seed\":1}\n");
  assert_int_equal(run_view_new(folder, &r), DF_OK);
  assert_null(strpbrk(r.groups[0].file, "/. "));
  run_view_clear(&r);
  remove_run();
}

static void a_run_has_as_many_of_everything_as_its_records(void** state) {
  (void)state;
  enum { MANY = 130 };
  run_view r;
  begin_records();
  for (int i = 0; i < MANY; i++) {
    char name[16];
    snprintf(name, sizeof name, "x%d", i);
    set_text(add_cell("a", 1), "profile", name);
    json_t* cell = add_cell(name, i);
    snprintf(name, sizeof name, "tre.%d", i);
    add_value(cell, name, MANY - i, i);
  }
  open_run(&r);
  assert_int_equal(r.n_cells, 2 * MANY);
  assert_int_equal(r.n_groups, MANY + 1);
  const run_group* g = &r.groups[1]; /* the profile p, with the second cell */
  assert_string_equal(g->profile, "p");
  assert_int_equal(g->n_methods, MANY);
  assert_int_equal(g->n_metrics, MANY);
  assert_int_equal(g->n_k, MANY);
  for (int i = 0; i < MANY; i++) {
    char name[16];
    snprintf(name, sizeof name, "x%d", i);
    assert_string_equal(g->methods[i], name);
    assert_string_equal(r.groups[i ? i + 1 : 0].profile, name);
    snprintf(name, sizeof name, "tre.%d", i);
    assert_string_equal(g->metrics[i], name);
    assert_int_equal(g->k[i], i + 1);
  }
  close_run(&r);
}

static void every_setting_that_differs_is_named(void** state) {
  (void)state;
  run_view r;
  text out = {0};
  begin_records();
  json_t* first = json_object_get(add_cell("a", 1), "config");
  json_t* second = json_object_get(add_cell("a", 2), "config");
  /* the name of one is a part of the name of the other; one is in the first record only, one in the second only */
  static const char* const names[] = {"eval.chain_seconds", "eval.chain"};
  for (int i = 0; i < 2; i++) {
    set_text(first, names[i], "3");
    set_text(second, names[i], "4");
  }
  set_text(first, "data.file", "x");
  set_text(second, "window.horizon", "16");
  open_run(&r);
  run_differences(&r, &r.groups[0], &out);
  assert_string_equal(text_of(&out), "eval.chain_seconds, eval.chain, window.horizon, data.file");
  text_clear(&out);
  close_run(&r);
}

/* a record of a program that wrote a fall rate of 0 without a fall rule */
static void numbers_that_the_task_does_not_define_are_left_out(void** state) {
  (void)state;
  for (int rule = 0; rule < 2; rule++) {
    run_view r;
    begin_records();
    json_t* cell = add_cell("a", 1);
    set_text(json_object_get(cell, "config"), "eval.fall_height", rule ? "0.3" : "0");
    set_text(json_object_get(cell, "config"), "eval.fall_tilt", "0");
    add_value(cell, "fall_rate", 1, 0);
    add_value(cell, "tre", 1, 0.5);
    add_value(cell, "fall_rate.replanned", 1, 0);
    add_value(cell, "survival", 1, 1);
    open_run(&r);
    assert_int_equal(json_array_size(json_object_get(r.cells[0].record, "rows")), rule ? 4 : 1);
    assert_int_equal(r.groups[0].n_metrics, rule ? 4 : 1);
    assert_string_equal(r.groups[0].metrics[rule ? 1 : 0], "tre");
    assert_true(aggregate_of(&r, &r.groups[0], "a", "fall_rate", 1).n == rule);
    close_run(&r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(seeds_are_averaged_with_their_range),
      cmocka_unit_test(errors_are_not_averaged_and_the_plan_is_counted),
      cmocka_unit_test(cells_stand_in_the_order_of_the_plan),
      cmocka_unit_test(a_rerun_cell_counts_once_as_it_last_was),
      cmocka_unit_test(a_task_name_cannot_become_a_path),
      cmocka_unit_test(steps_stand_once_and_ascending),
      cmocka_unit_test(the_latest_plan_says_which_settings_are_shown),
      cmocka_unit_test(the_last_finished_attempt_counts),
      cmocka_unit_test(profiles_that_set_the_same_share_a_record),
      cmocka_unit_test(what_methods_share_is_told_by_the_section),
      cmocka_unit_test(settings_in_which_cells_differ_are_named_once),
      cmocka_unit_test(a_default_that_an_older_record_lacks_is_no_difference),
      cmocka_unit_test(models_in_which_cells_differ_are_named),
      cmocka_unit_test(everything_else_in_which_cells_differ_is_named),
      cmocka_unit_test(an_example_is_the_lowest_seed_that_is_done),
      cmocka_unit_test(all_that_is_missing_is_counted_and_the_first_eight_are_named),
      cmocka_unit_test(a_run_has_the_name_of_its_folder),
      cmocka_unit_test(a_run_has_as_many_of_everything_as_its_records),
      cmocka_unit_test(every_setting_that_differs_is_named),
      cmocka_unit_test(numbers_that_the_task_does_not_define_are_left_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
