/* Every check of a run with a record that passes it and one that does not. */
#define _GNU_SOURCE
#include "verify.h"

#include "exit_code.h"
#include "json.h"
#include "whole_record.h"

/* ---- what verification is given ---- */

typedef struct replay_case {
  verify_outcome outcome; /* VERIFY_OK: nothing is found */
  int looked;
} replay_case;

static verify_method method_of(const char* name) {
  return (verify_method){.known = strcmp(name, "plugged") != 0,
                         .ignores_seed = strcmp(name, "steady") == 0,
                         .sees_demonstration = strcmp(name, "told") == 0 || strcmp(name, "replay_demo") == 0};
}

static void replay(verifier* v, const void* context) {
  const replay_case* c = context;
  v->looked += c->looked;
  if (c->outcome != VERIFY_OK) verify_find(v, c->outcome, NULL, "replayed");
}

static const replay_case replays = {VERIFY_OK, 1};

/* "check:outcome" of everything that is neither ok nor unchecked, separated by blanks */
static void verify_with(const verify_cfg* cfg, const char* wanted, int exit_code) {
  run_view r;
  verification v;
  char found[512] = "";
  open_run(&r);
  verify_run(&r, folder, cfg, &v);
  size_t i;
  json_t* one;
  int counted = 0;
  json_array_foreach(v.found.list, i, one) {
    const char* status = string_of(one, "status");
    if (strcmp(status, "ok") == 0 || strcmp(status, "not checked") == 0) continue;
    snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s:%s", found[0] ? " " : "",
             string_of(one, "check"), status);
  }
  assert_string_equal(found, wanted);
  for (int outcome = 0; outcome < VERIFY_OUTCOMES; outcome++) counted += v.count[outcome];
  assert_int_equal(counted, json_array_size(v.found.list));
  assert_int_equal(verification_exit_code(&v), exit_code);
  verification_clear(&v);
  close_run(&r);
}

static void verify(const char* wanted, int exit_code) {
  const verify_cfg cfg = {.method = method_of, .replays = replay, .context = &replays};
  verify_with(&cfg, wanted, exit_code);
}

/* the outcome of one check alone */
static void verify_one(const char* check, const char* wanted) {
  const verify_cfg cfg = {.method = method_of, .replays = replay, .context = &replays};
  run_view r;
  verification v;
  size_t i;
  int seen = 0;
  json_t* one;
  open_run(&r);
  verify_run(&r, folder, &cfg, &v);
  json_array_foreach(v.found.list, i, one) {
    if (strcmp(string_of(one, "check"), check) != 0) continue;
    assert_string_equal(string_of(one, "status"), wanted);
    seen++;
  }
  assert_true(seen > 0);
  verification_clear(&v);
  close_run(&r);
}

/* ---- a run to begin with ---- */

static json_t *plan, *one, *two, *ceiling, *bottom;

/* two seeds of a method between the ceiling and the floor; what is changed afterwards is sealed again by the test */
static void begin(void) {
  begin_records();
  plan = add_plan("p");
  add_planned(plan, "a", 1, NULL);
  add_planned(plan, "a", 2, NULL);
  add_planned(plan, "replay_demo", 1, NULL);
  add_planned(plan, "random_action", 1, NULL);
  one = add_whole("a", 1, 0.5);
  two = add_whole("a", 2, 0.625);
  ceiling = add_whole("replay_demo", 1, 2.5e-7);
  bottom = add_whole("random_action", 1, 2);
}

static json_t* row_of(json_t* record) {
  return json_array_get(json_object_get(record, "rows"), 0);
}

static void set_number(json_t* record, const char* name, double value) {
  if (strcmp(name, "value") == 0) set_value(record, value);
  json_object_set_new(row_of(record), name, number_or_null(value));
  seal(record);
}

/* adds tre_open_loop at another K with equal values in all windows */
static void add_equal(json_t* record, int k, double value) {
  json_t* added = add_row(record, "tre_open_loop", k, value, value, value);
  json_t* values = json_array();
  for (int i = 0; i < 2; i++) json_array_append_new(values, json_real(value));
  json_object_set_new(added, "n", json_integer(2));
  json_array_append_new(json_object_get(record, "samples"),
                        json_pack("{s:s,s:i,s:o}", "metric", "tre_open_loop", "k", k, "values", values));
  seal(record);
}

static void a_right_run_passes_every_check_and_counts_what_it_looked_at(void** state) {
  (void)state;
  /* 5 sealed records, 4 of them cells with a key, a row with samples each, windows and one curve with
   * validation; 6 pairs of cells, one of
   * the same method; three cells that have seven things in common with the first one; the errors of three cells against
   * the ceiling and of three against the floor; no checkpoint */
  static const struct {
    const char *check, *status;
    int n;
  } wanted[] = {{"schema", "ok", 5},
                {"record", "ok", 5},
                {"key", "ok", 4},
                {"plan", "ok", 4},
                {"planned", "ok", 4},
                {"unique", "ok", 4},
                {"checkpoints", "not checked", 0},
                {"numbers", "ok", 4},
                {"units", "ok", 4},
                {"ranges", "ok", 12},
                {"counts", "ok", 4},
                {"related", "not checked", 0},
                {"chains", "not checked", 0},
                {"walks", "not checked", 0},
                {"samples", "ok", 16},
                {"unshown", "not checked", 0},
                {"training", "ok", 4},
                {"counters", "not checked", 0},
                {"curves", "ok", 8},
                {"limits", "not checked", 0},
                {"windows", "ok", 6},
                {"identity", "ok", 21},
                {"seeds", "ok", 1},
                {"ceiling", "ok", 3},
                {"floor", "ok", 3},
                {"drawn", "not checked", 0},
                {"weights", "not checked", 0},
                {"replay", "ok", 1}};
  enum { CHECKS = sizeof wanted / sizeof wanted[0] };
  const verify_cfg cfg = {.method = method_of, .replays = replay, .context = &replays};
  run_view r;
  verification v;
  begin();
  open_run(&r);
  verify_run(&r, folder, &cfg, &v);
  assert_int_equal(json_array_size(v.found.list), CHECKS);
  for (size_t i = 0; i < CHECKS; i++) {
    const json_t* found = json_array_get(v.found.list, i);
    assert_string_equal(string_of(found, "check"), wanted[i].check);
    assert_string_equal(string_of(found, "status"), wanted[i].status);
    if (json_integer_value(json_object_get(found, "n")) != wanted[i].n) fail_msg("%s", wanted[i].check);
  }
  assert_int_equal(verification_exit_code(&v), EXIT_DONE);
  verification_clear(&v);
  close_run(&r);
}

/* ---- each record by itself ---- */

static void a_record_that_is_not_one_of_the_schema_is_found(void** state) {
  (void)state;
  begin();
  json_object_del(one, "wall_s");
  seal(one);
  verify("schema:tampered", EXIT_USAGE);
  begin();
  json_object_set_new(json_array_get(json_object_get(plan, "cells"), 0), "seed", json_real(1));
  verify("schema:tampered plan:incomplete planned:incomplete", EXIT_USAGE); /* a cell with seed 0, which was not run */
}

static void a_record_that_was_changed_is_found(void** state) {
  (void)state;
  begin();
  json_object_set_new(one, "wall_s", json_real(1.25));
  json_object_set_new(two, "cpu_s", json_real(1.25));
  verify("record:tampered record:tampered", EXIT_USAGE);
  /* removing the seal does not hide it, of a cell or of a plan */
  begin();
  json_object_set_new(one, "wall_s", json_real(1.25));
  json_object_del(one, "record_sha256");
  verify("record:tampered", EXIT_USAGE);
  begin();
  plans_are_sealed = false;
  verify("record:tampered", EXIT_USAGE);
  plans_are_sealed = true;
}

static void a_key_that_settings_do_not_give_is_found(void** state) {
  (void)state;
  begin();
  set_text(json_object_get(one, "config"), "train.batch", "10");
  assert_int_equal(record_seal(one), DF_OK);
  verify("key:tampered", EXIT_USAGE);
  /* an older record cannot be looked at */
  begin();
  for (int i = 0; i < 2; i++) {
    json_t* record = i ? two : one;
    json_object_del(record, "compiled_sha256");
    assert_int_equal(record_seal(record), DF_OK);
  }
  verify("key:warning", EXIT_DONE);
}

static void a_number_has_a_count_an_interval_and_else_a_reason(void** state) {
  (void)state;
  begin();
  set_number(one, "value", NAN); /* its status is ok */
  verify("numbers:failed", EXIT_CHECK_FAILED);
  begin();
  set_text(row_of(one), "status", "");
  set_number(one, "value", NAN);
  verify("numbers:failed", EXIT_CHECK_FAILED);
  begin();
  set_text(row_of(one), "status", "1 of 2 windows diverged");
  set_number(one, "value", NAN);
  verify("", EXIT_DONE);

  static const struct {
    int n;
    double lo, hi;
    const char* wanted;
  } cases[] = {{1, 0.25, 0.75, ""},
               {1, 0.5, 0.5, ""},
               {1, NAN, NAN, ""},
               {1, 0.5, NAN, ""},
               {0, 0.25, 0.75, "numbers:failed"},
               {1, 0.75, 0.25, "numbers:failed"},
               {0, 0.75, 0.25, "numbers:failed numbers:failed"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    begin();
    json_object_set_new(row_of(one), "n", json_integer(cases[i].n));
    json_t* all[] = {one, two, ceiling, bottom};
    for (int k = 0; k < 4; k++) {
      json_array_clear(json_object_get(all[k], "samples"));
      json_object_set_new(all[k], "numbers", json_integer(1)); /* n of today's numbers is that of the windows */
      seal(all[k]);
    }
    set_number(one, "lo", cases[i].lo);
    set_number(one, "hi", cases[i].hi);
    verify(cases[i].wanted, cases[i].wanted[0] ? EXIT_CHECK_FAILED : EXIT_DONE);
  }
  /* done, and no number; the rows of a cell that is not done are not looked at */
  begin();
  json_array_clear(json_object_get(one, "rows"));
  json_array_clear(json_object_get(one, "samples"));
  seal(one);
  verify("numbers:failed", EXIT_CHECK_FAILED);
  begin();
  set_text(one, "status", "timeout");
  set_text(row_of(one), "unit", "m");
  set_number(one, "value", NAN);
  verify("plan:incomplete", EXIT_INCOMPLETE);
}

static void a_metric_has_its_unit(void** state) {
  (void)state;
  begin();
  set_text(row_of(one), "unit", "m");
  seal(one);
  verify("units:failed", EXIT_CHECK_FAILED);
  begin();
  json_object_set_new(row_of(one), "unit", json_null());
  seal(one);
  verify("units:failed", EXIT_CHECK_FAILED);
  /* of a part */
  begin();
  set_text(row_of(one), "metric", "tre_open_loop.slide_pos");
  set_text(row_of(one), "unit", "rad");
  json_array_clear(json_object_get(one, "samples"));
  seal(one);
  verify("units:failed", EXIT_CHECK_FAILED);
  /* of a metric that this program does not know */
  begin();
  set_text(row_of(one), "metric", "tre_open_loops");
  set_text(row_of(one), "unit", "m");
  json_array_clear(json_object_get(one, "samples"));
  seal(one);
  verify("samples:warning", EXIT_DONE);
}

static void set_checkpoint(json_t* record, const char* name, const char* sum) {
  json_t* training = json_object_get(record, "training");
  set_text(training, "checkpoint", name);
  set_text(training, "checkpoint_sha256", sum);
  seal(record);
}

/* as in older records, which do not list files */
static void set_only_checkpoint(json_t* record, const char* name, const char* sum) {
  json_object_del(json_object_get(record, "training"), "files");
  set_checkpoint(record, name, sum);
}

static void a_checkpoint_is_that_of_the_record(void** state) {
  (void)state;
  char sum[DF_SHA256_TEXT];
  const verify_cfg needed = {.need_checkpoints = true, .method = method_of, .replays = replay, .context = &replays};
  /* a checkpoint is a path relative to the folder: its own records do as a file of known content elsewhere */
  char file[] = "/tmp/dynaflow-verify-XXXXXX";
  const int descriptor = mkstemp(file);
  assert_true(descriptor >= 0);
  fclose(fdopen(descriptor, "w"));
  assert_int_equal(df_file_write(file, "weights", 7), DF_OK);
  assert_int_equal(df_sha256("weights", 7, sum), DF_OK);
  char name[64];
  snprintf(name, sizeof name, "../%s", file + strlen("/tmp/"));

  begin();
  set_only_checkpoint(one, name, sum);
  verify("", EXIT_DONE);
  begin();
  set_only_checkpoint(one, name, sum);
  verify_with(&needed, "", EXIT_DONE);
  begin();
  set_only_checkpoint(one, name, WHOLE_SUM);
  verify("checkpoints:tampered", EXIT_USAGE);
  begin();
  set_only_checkpoint(one, "gone.safetensors", sum);
  verify("", EXIT_DONE);
  begin();
  set_only_checkpoint(one, "gone.safetensors", sum);
  verify_with(&needed, "checkpoints:incomplete", EXIT_INCOMPLETE);
  remove(file);
}

static void write_beside(const char* name, const char* content) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  assert_int_equal(df_file_write(path, content, strlen(content)), DF_OK);
}

/* Verifies a record that lists two files with the given contents of them in the folder (NULL: no file); `list` says if
 * the record lists the second one. */
static void verify_two_files(const char* first, const char* second, bool list, bool need, const char* wanted,
                             int exit_code) {
  char sum[DF_SHA256_TEXT];
  const verify_cfg cfg = {.need_checkpoints = need, .method = method_of, .replays = replay, .context = &replays};
  begin();
  json_t* files = json_array();
  assert_int_equal(df_sha256("weights", 7, sum), DF_OK);
  json_array_append_new(files, json_pack("{s:s,s:s}", "path", "w", "sha256", sum));
  if (list) json_array_append_new(files, json_pack("{s:s,s:s}", "path", "w.inverse", "sha256", sum));
  json_object_set_new(json_object_get(one, "training"), "files", files);
  set_checkpoint(one, "w", sum);
  run_view r;
  verification v;
  char found[512] = "";
  open_run(&r);
  if (first) write_beside("w", first);
  if (second) write_beside("w.inverse", second);
  verify_run(&r, folder, &cfg, &v);
  size_t i;
  json_t* line;
  json_array_foreach(v.found.list, i, line) {
    if (strcmp(string_of(line, "check"), "checkpoints") != 0) continue;
    snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", found[0] ? " " : "",
             string_of(line, "status"));
  }
  assert_string_equal(found, wanted);
  assert_int_equal(verification_exit_code(&v), exit_code);
  verification_clear(&v);
  close_run(&r);
}

static void every_file_that_a_record_lists_is_looked_at(void** state) {
  (void)state;
  verify_two_files("weights", "weights", true, true, "ok", EXIT_DONE);
  verify_two_files("weights", "weightz", true, true, "tampered", EXIT_USAGE);
  verify_two_files("weightz", "weightz", true, true, "tampered tampered", EXIT_USAGE);
  /* a part of a checkpoint is incomplete, also where checkpoints are not needed */
  for (int need = 0; need < 2; need++) {
    verify_two_files("weights", NULL, true, need, "incomplete", EXIT_INCOMPLETE);
    verify_two_files(NULL, "weights", true, need, "incomplete", EXIT_INCOMPLETE);
  }
  verify_two_files(NULL, NULL, true, true, "incomplete", EXIT_INCOMPLETE);
  verify_two_files(NULL, NULL, true, false, "not checked", EXIT_DONE);
  /* a file that the record does not list */
  verify_two_files("weights", "weights", false, true, "warning", EXIT_DONE);
}

/* the sentence of the first finding of a check, where a file lies in the folder */
static void says(const char* check, const char* file, const char* content, const char* wanted) {
  const verify_cfg cfg = {.method = method_of, .replays = replay, .context = &replays};
  run_view r;
  verification v;
  size_t i;
  json_t* line;
  const char* words = NULL;
  open_run(&r);
  if (file) write_beside(file, content);
  verify_run(&r, folder, &cfg, &v);
  json_array_foreach(v.found.list, i, line) {
    if (!words && strcmp(string_of(line, "check"), check) == 0) words = string_of(line, "detail");
  }
  assert_non_null(words);
  if (strcmp(words, wanted) != 0) fail_msg("%s: %s", check, words);
  verification_clear(&v);
  close_run(&r);
}

/* the first line is the plan; the cells follow in the order in which they were added */
static void findings_name_the_line_and_what_is_there(void** state) {
  (void)state;
  char sum[DF_SHA256_TEXT], found[DF_SHA256_TEXT], wanted[512];
  assert_int_equal(df_sha256("weights", 7, sum), DF_OK);
  assert_int_equal(df_sha256("weightz", 7, found), DF_OK);
  begin();
  set_only_checkpoint(two, "w", sum);
  snprintf(wanted, sizeof wanted, "line 3: w has SHA-256 %.16s, but the record has %.16s", found, sum);
  says("checkpoints", "w", "weightz", wanted);
  begin();
  set_only_checkpoint(two, "w", sum);
  says("checkpoints", "w.other", "weights", "line 3: w.other is not listed in the record and cannot be checked");
  begin();
  set_number(two, "value", 0.75);
  json_object_del(two, "record_sha256");
  says("record", NULL, NULL, "line 3: the record has no record_sha256, so it may have been changed");
  begin();
  set_text(ceiling, "note", "changed");
  says("record", NULL, NULL, "line 4: the record was changed after it was written");
  begin();
  set_text(json_object_get(bottom, "config"), "train.batch", "10");
  assert_int_equal(record_seal(bottom), DF_OK);
  char key[DF_SHA256_TEXT];
  assert_int_equal(record_key(bottom, key), DF_OK);
  snprintf(wanted, sizeof wanted,
           "line 5: the recorded key %.16s differs from the key of its settings and hashes, %.16s",
           string_of(bottom, "key"), key);
  says("key", NULL, NULL, wanted);
}

/* ---- the plan ---- */

static void what_is_planned_and_not_done_is_found(void** state) {
  (void)state;
  begin();
  add_planned(plan, "a", 3, NULL);
  verify("plan:incomplete", EXIT_INCOMPLETE);
  static const struct {
    const char *status, *wanted;
    int exit_code;
  } cases[] = {{"error", "plan:incomplete", EXIT_INCOMPLETE},
               {"timeout", "plan:incomplete", EXIT_INCOMPLETE},
               {"interrupted", "plan:incomplete", EXIT_INCOMPLETE},
               {"diverged", "plan:failed", EXIT_CHECK_FAILED}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    begin();
    set_text(one, "status", cases[i].status);
    seal(one);
    verify(cases[i].wanted, cases[i].exit_code);
  }
  /* no plan, and not even a cell */
  begin();
  json_array_remove(records, 0);
  verify("plan:incomplete", EXIT_INCOMPLETE);
  begin_records();
  add_plan("p");
  verify("plan:incomplete", EXIT_INCOMPLETE);
  begin_records();
  verify("plan:incomplete plan:incomplete", EXIT_INCOMPLETE);
}

static void a_profile_that_sets_the_same_shares_the_record(void** state) {
  (void)state;
  begin();
  json_t* other = add_plan("q");
  add_planned(other, "a", 1, string_of(one, "key"));
  verify("", EXIT_DONE);
  begin();
  other = add_plan("q");
  add_planned(other, "a", 1, WHOLE_SUM);
  verify("plan:incomplete", EXIT_INCOMPLETE);
}

static void a_key_is_done_once_and_of_one_cell(void** state) {
  (void)state;
  begin();
  json_array_append(records, one);
  verify("unique:failed", EXIT_CHECK_FAILED);
  begin();
  json_array_append(records, one);
  json_array_append(records, one);
  verify("unique:failed unique:failed", EXIT_CHECK_FAILED);
  /* after an attempt that failed */
  begin();
  json_t* failed = json_deep_copy(one);
  set_text(failed, "status", "error");
  seal(failed);
  json_array_insert_new(records, 1, failed);
  verify("", EXIT_DONE);
  /* the key of another cell */
  begin();
  set_text(two, "key", string_of(one, "key"));
  assert_int_equal(record_seal(two), DF_OK);
  verify("key:tampered unique:tampered", EXIT_USAGE);
}

/* ---- cells against each other ---- */

static void all_cells_of_a_group_have_the_same_start_states(void** state) {
  (void)state;
  char other[] = WHOLE_SUM;
  other[0] = 'f';
  begin();
  set_text(bottom, "windows_sha256", other);
  seal(bottom);
  /* against each of the three before it */
  verify("windows:failed windows:failed windows:failed", EXIT_CHECK_FAILED);
  begin();
  set_text(bottom, "windows_sha256", "");
  seal(bottom);
  verify("", EXIT_DONE);
  begin();
  set_text(bottom, "windows_sha256", other);
  set_text(bottom, "profile", "q");
  seal(bottom);
  add_planned(add_plan("q"), "random_action", 1, NULL);
  json_array_remove(json_object_get(plan, "cells"), 3);
  verify("", EXIT_DONE);
}

static void two_seeds_do_not_give_the_same_numbers(void** state) {
  (void)state;
  static const struct {
    const char *method, *plugin, *wanted;
    int exit_code;
  } cases[] = {{"a", "", "seeds:failed", EXIT_CHECK_FAILED},
               {"a", WHOLE_SUM, "seeds:failed", EXIT_CHECK_FAILED},
               {"plugged", WHOLE_SUM, "seeds:warning", EXIT_DONE},
               {"plugged", "", "seeds:failed", EXIT_CHECK_FAILED},
               {"steady", "", "", EXIT_DONE},
               {"told", "", "", EXIT_DONE}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    begin_records();
    plan = add_plan("p");
    for (int s = 1; s <= 2; s++) {
      json_t* cell = add_whole(cases[i].method, s, 0.5);
      set_text(cell, "plugin_sha256", cases[i].plugin);
      seal(cell);
      add_planned(plan, cases[i].method, s, NULL);
    }
    verify(cases[i].wanted, cases[i].exit_code);
  }
}

static void a_file_may_be_judged_under_several_seeds(void** state) {
  (void)state;
  static const char* const others[] = {WHOLE_SUM, "0000000000000000000000000000000000000000000000000000000000000000",
                                       NULL};
  for (int i = 0; i < 3; i++) {
    begin_records();
    plan = add_plan("p");
    for (int s = 1; s <= 2; s++) {
      json_t* cell = add_whole("file", s, 0.5);
      const char* hash = s == 1 ? WHOLE_SUM : others[i];
      set_text(cell, "plugin_sha256", hash ? hash : "");
      if (hash) json_object_set_new(cell, "trajectories", json_pack("{s:s}", "sha256", hash));
      seal(cell);
      add_planned(plan, "file", s, NULL);
    }
    verify_one("seeds", i == 0 ? "not checked" : "failed");
  }
}

static void nobody_is_better_than_the_demonstrations_own_actions(void** state) {
  (void)state;
  /* the ceiling at 9e-7, with a tolerance of 1e-9 of it and 1e-12; above 1e-6 the actions did not make the recording */
  static const struct {
    double bound, value;
    bool fails;
  } cases[] = {{9e-7, 9e-7, false},
               {9e-7, 9e-7 - 1.0008e-12, false},
               {9e-7, 9e-7 - 1.001e-12, true},
               {9e-7, 5e-7, true},
               {9e-7, 1.5, false},
               {1e-6, 5e-7, true},
               {1.1e-6, 0, false},
               {0.25, 0.2, false}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    begin();
    set_number(ceiling, "value", cases[i].bound);
    set_number(one, "value", cases[i].value);
    set_number(two, "value", 1.75);
    verify(cases[i].fails ? "ceiling:failed" : "", cases[i].fails ? EXIT_CHECK_FAILED : EXIT_DONE);
  }
  /* a ceiling of nearly 0: what rounding leaves */
  for (int fails = 0; fails < 2; fails++) {
    begin();
    set_number(ceiling, "value", 2e-12);
    set_number(one, "value", fails ? 0.9e-12 : 1.1e-12);
    verify(fails ? "ceiling:failed" : "", fails ? EXIT_CHECK_FAILED : EXIT_DONE);
  }
  /* the best of several: 2.5e-7 at another K of the demonstration's actions */
  begin();
  add_equal(ceiling, 5, 7.5e-7);
  set_number(one, "value", 2.6e-7);
  verify("", EXIT_DONE);
  begin();
  add_equal(ceiling, 5, 1.25e-7);
  set_number(one, "value", 2e-7);
  verify("", EXIT_DONE);
  /* another metric is not meant */
  begin();
  json_object_set_new(add_row(one, "tre", 1, 1e-8, 1e-8, 1e-8), "n", json_integer(2));
  seal(one);
  verify("", EXIT_DONE);
  /* a method that sees the demonstration may find better actions than those that were rounded */
  begin();
  add_whole("told", 1, 1e-9);
  add_planned(plan, "told", 1, NULL);
  verify("", EXIT_DONE);
}

/* a reference of another profile, or of another task, bounds nothing */
static void references_are_those_of_the_group(void** state) {
  (void)state;
  static const char* const fields[] = {"profile", "task"};
  for (int i = 0; i < 4; i++) {
    json_t* const* reference = i % 2 ? &bottom : &ceiling;
    begin();
    set_number(*reference, "value", i % 2 ? 0.25 : 9e-7);
    set_number(one, "value", i % 2 ? 0.5 : 5e-7);
    verify_one(i % 2 ? "floor" : "ceiling", i % 2 ? "warning" : "failed");
    begin();
    set_text(*reference, fields[i / 2], "other");
    set_number(*reference, "value", i % 2 ? 0.25 : 9e-7);
    set_number(one, "value", i % 2 ? 0.5 : 5e-7);
    verify_one(i % 2 ? "floor" : "ceiling", "not checked");
  }
}

static void worse_than_random_is_a_warning(void** state) {
  (void)state;
  begin();
  set_number(one, "value", 2); /* the floor itself */
  verify("", EXIT_DONE);
  begin();
  set_number(one, "value", nextafter(2, 3));
  verify("floor:warning", EXIT_DONE);
  /* the least of several numbers of random actions */
  begin();
  add_equal(bottom, 5, 0.5625);
  verify("floor:warning", EXIT_DONE);
  /* a method that sees the demonstration may be worse */
  begin();
  add_whole("told", 1, 3);
  add_planned(plan, "told", 1, NULL);
  verify("", EXIT_DONE);
}

static void replays_are_what_the_caller_finds(void** state) {
  (void)state;
  static const struct {
    verify_outcome outcome;
    const char* wanted;
    int exit_code;
  } cases[] = {{VERIFY_OK, "", EXIT_DONE},
               {VERIFY_WARNING, "replay:warning", EXIT_DONE},
               {VERIFY_INCOMPLETE, "replay:incomplete", EXIT_INCOMPLETE},
               {VERIFY_FAILED, "replay:failed", EXIT_CHECK_FAILED},
               {VERIFY_TAMPERED, "replay:tampered", EXIT_USAGE}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const replay_case found = {cases[i].outcome, 1};
    const verify_cfg cfg = {.method = method_of, .replays = replay, .context = &found};
    begin();
    verify_with(&cfg, cases[i].wanted, cases[i].exit_code);
  }
}

static void the_gravest_finding_decides(void** state) {
  (void)state;
  /* from nothing to the gravest; an unchecked part never counts as failed */
  static const struct {
    verify_outcome outcome;
    int exit_code;
  } order[] = {{VERIFY_OK, 0},         {VERIFY_UNCHECKED, 0}, {VERIFY_WARNING, 0},
               {VERIFY_INCOMPLETE, 3}, {VERIFY_FAILED, 1},    {VERIFY_TAMPERED, 2}};
  for (int i = 0; i < 6; i++) {
    for (int j = 0; j < 6; j++) {
      verification v = {0};
      v.count[order[i].outcome]++;
      v.count[order[j].outcome]++;
      assert_int_equal(verification_exit_code(&v), order[i > j ? i : j].exit_code);
    }
  }
}

static void a_finding_names_its_cell(void** state) {
  (void)state;
  const verify_cfg cfg = {.method = method_of, .replays = replay, .context = &replays};
  run_view r;
  verification v;
  begin();
  set_text(row_of(two), "unit", "m");
  seal(two);
  open_run(&r);
  verify_run(&r, folder, &cfg, &v);
  size_t i;
  json_t* found;
  json_array_foreach(v.found.list, i, found) {
    const bool failed = strcmp(string_of(found, "status"), "failed") == 0;
    assert_string_equal(string_of(found, "method"), failed ? "a" : "");
    assert_string_equal(string_of(found, "task"), failed ? "t" : "");
    assert_string_equal(string_of(found, "profile"), failed ? "p" : "");
    if (failed) assert_int_equal(json_integer_value(json_object_get(found, "seed")), 2);
  }
  verification_clear(&v);
  close_run(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_right_run_passes_every_check_and_counts_what_it_looked_at),
      cmocka_unit_test(a_record_that_is_not_one_of_the_schema_is_found),
      cmocka_unit_test(a_record_that_was_changed_is_found),
      cmocka_unit_test(a_key_that_settings_do_not_give_is_found),
      cmocka_unit_test(a_number_has_a_count_an_interval_and_else_a_reason),
      cmocka_unit_test(a_metric_has_its_unit),
      cmocka_unit_test(a_checkpoint_is_that_of_the_record),
      cmocka_unit_test(every_file_that_a_record_lists_is_looked_at),
      cmocka_unit_test(findings_name_the_line_and_what_is_there),
      cmocka_unit_test(what_is_planned_and_not_done_is_found),
      cmocka_unit_test(a_profile_that_sets_the_same_shares_the_record),
      cmocka_unit_test(a_key_is_done_once_and_of_one_cell),
      cmocka_unit_test(all_cells_of_a_group_have_the_same_start_states),
      cmocka_unit_test(two_seeds_do_not_give_the_same_numbers),
      cmocka_unit_test(a_file_may_be_judged_under_several_seeds),
      cmocka_unit_test(nobody_is_better_than_the_demonstrations_own_actions),
      cmocka_unit_test(references_are_those_of_the_group),
      cmocka_unit_test(worse_than_random_is_a_warning),
      cmocka_unit_test(replays_are_what_the_caller_finds),
      cmocka_unit_test(the_gravest_finding_decides),
      cmocka_unit_test(a_finding_names_its_cell),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
