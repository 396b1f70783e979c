/* From a task folder to a record: what a method is given, and which of its numbers stand where in the record. */
#define _GNU_SOURCE
#include "cell.h"

#include <stdio.h>
#include <string.h>

#include "capture.h"
#include "dynaflow/core/file.h"
#include "methods.h"
#include "plan.h"
#include "slide_task.h"
#include "test_file.h"
#include "unit.h"

enum { SEED = 77, THREADS = 2 };

/* ---- a method that remembers what it is given, and whose logs are known ---- */

static df_method_env given;
static char identity[128], state_folder[256];
static int fails_at; /* the call that fails: 1 train, 2 save, 3 sample; 0: none */

static df_status create(const df_method_env* env, void** self) {
  static int instance;
  given = *env;
  snprintf(identity, sizeof identity, "%s", env->state_identity ? env->state_identity : "");
  snprintf(state_folder, sizeof state_folder, "%s", env->state_folder ? env->state_folder : "");
  *self = &instance;
  return DF_OK;
}

static void destroy(void* self) {
  (void)self;
}

static df_status train(void* self, df_training_log* logs, int* n) {
  (void)self;
  *n = 2;
  for (int i = 0; i < 2; i++) {
    df_training_log* log = &logs[i];
    *log = (df_training_log){.n = 3,
                             .steps = 30 + i,
                             .diverged = 4 + i,
                             .skipped = 6 + i,
                             .whole_from = 15 * i,
                             .adjoints = {.steps = 100 + i, .approximate = 20 + i, .differenced = 8 + i},
                             .parameters = (size_t)(1000 + i),
                             .cpu_s = 0.5 + i};
    snprintf(log->name, sizeof log->name, i ? "second" : "first");
    for (int k = 0; k < 3; k++) log->step[k] = 10 * (k + 1) + i, log->loss[k] = 3 - k + 0.25 * i;
  }
  return fails_at == 1 ? df_fail(DF_E_SIM, "first: step 3, sample 4: it fell apart") : DF_OK;
}

static df_status save(const void* self, const char* path) {
  char second[512];
  (void)self;
  snprintf(second, sizeof second, "%s.more", path);
  DF_TRY(df_file_write(path, "weights", 7));
  return df_file_write(second, "others", 6);
}

static df_status load(void* self, const char* path) {
  (void)self;
  return df_file_exists(path) ? DF_OK : df_fail(DF_E_MISSING, "%s", path);
}

/* stays at the start, without force */
static df_status sample(void* self, const df_request* r, double* x, double* u) {
  (void)self;
  if (fails_at == 3) return df_fail(DF_E_SIM, "no sample");
  for (int b = 0; b < r->B; b++)
    for (int t = 0; t <= HORIZON; t++) memcpy(x + (b * (HORIZON + 1) + t) * 2, r->x0 + b * 2, 2 * sizeof *x);
  memset(u, 0, (size_t)(r->B * HORIZON) * sizeof *u);
  return DF_OK;
}

static const df_method method = {.name = "known",
                                 .summary = "a method of this test",
                                 .flags = DF_METHOD_TRAINS | DF_METHOD_RETURNS_ACTIONS,
                                 .create = create,
                                 .destroy = destroy,
                                 .train = train,
                                 .save = save,
                                 .load = load,
                                 .sample = sample};

static char training_key[DF_SHA256_TEXT]; /* of the last run() */

/* runs the cell in the folder of the test; the caller closes the store, which has its record */
static cell_end run(store** events, char key[DF_SHA256_TEXT]) {
  static options opts;
  opts = options_default();
  opts.quiet = true;
  opts.threads = THREADS;
  opts.profile = "";
  cell c;
  cell_end end;
  if (cell_open(&c, test_folder(), &method, SEED, &opts) != DF_OK) fail_msg("%s", df_error_message());
  snprintf(key, DF_SHA256_TEXT, "%s", c.key);
  snprintf(training_key, sizeof training_key, "%s", c.training_key);
  assert_int_equal(store_open(test_folder(), (shard){0}, events), DF_OK);
  assert_int_equal(cell_run(&c, test_folder(), *events, &end), DF_OK);
  cell_close(&c);
  return end;
}

static const json_t* last_record(const store* events) {
  const json_t* all = store_own(events);
  return json_array_get(all, json_array_size(all) - 1);
}

static long number(const json_t* o, const char* name) {
  return (long)json_integer_value(json_object_get(o, name));
}

static const char* word(const json_t* o, const char* name) {
  const char* s = json_string_value(json_object_get(o, name));
  return s ? s : "";
}

/* ---- tests ---- */

static void a_method_is_given_its_cell(void** state) {
  (void)state;
  store* events;
  char key[DF_SHA256_TEXT], folder[256];
  make_slide_task();
  fails_at = 0;
  const cell_end end = run(&events, key);
  if (end.outcome != CELL_DONE) fail_msg("%s", end.reason);
  assert_int_equal(given.seed, SEED);
  assert_int_equal(given.threads, THREADS);
  assert_ptr_equal(given.stop, &stop_flag);
  assert_true(given.state_every == 30);
  assert_string_equal(identity, training_key);
  snprintf(folder, sizeof folder, "%s/training/%.16s", test_folder(), key);
  assert_string_equal(state_folder, folder);
  store_close(events);
}

static void every_number_of_a_training_stands_in_its_place(void** state) {
  (void)state;
  store* events;
  char key[DF_SHA256_TEXT], checkpoint[64], sum[DF_SHA256_TEXT], second[DF_SHA256_TEXT];
  make_slide_task();
  fails_at = 0;
  assert_int_equal(run(&events, key).outcome, CELL_DONE);
  const json_t *r = last_record(events), *training = json_object_get(r, "training");
  assert_string_equal(word(r, "status"), "done");
  assert_string_equal(word(r, "task"), "slide");
  assert_string_equal(word(r, "method"), "known");
  assert_int_equal(number(r, "seed"), SEED);
  assert_string_equal(word(r, "key"), key);
  assert_null(json_object_get(r, "plugin_sha256")); /* it is no plugin */

  /* the two networks: times are summed, sizes are those of the first */
  assert_true(json_real_value(json_object_get(r, "train_cpu_s")) == 2);
  assert_int_equal(number(training, "steps"), 30);
  assert_int_equal(number(training, "parameters"), 1000);
  for (int i = 0; i < 2; i++) {
    const json_t* curve = json_array_get(json_object_get(training, "curves"), (size_t)i);
    const json_t* adjoints = json_object_get(curve, "adjoints");
    assert_string_equal(word(curve, "name"), i ? "second" : "first");
    assert_int_equal(number(curve, "steps"), 30 + i);
    assert_int_equal(number(curve, "diverged"), 4 + i);
    assert_int_equal(number(curve, "skipped"), 6 + i);
    if (i == 0) assert_null(json_object_get(curve, "whole_from"));
    if (i == 1) assert_int_equal(number(curve, "whole_from"), 15);
    assert_int_equal(number(curve, "parameters"), 1000 + i);
    assert_true(json_real_value(json_object_get(curve, "cpu_s")) == 0.5 + i);
    assert_int_equal(number(adjoints, "steps"), 100 + i);
    assert_int_equal(number(adjoints, "approximate"), 20 + i);
    assert_int_equal(number(adjoints, "differenced"), 8 + i);
    assert_int_equal(json_array_size(json_object_get(curve, "loss")), 3);
    for (size_t k = 0; k < 3; k++) {
      assert_int_equal(json_integer_value(json_array_get(json_object_get(curve, "step"), k)), 10 * ((int)k + 1) + i);
      assert_true(json_real_value(json_array_get(json_object_get(curve, "loss"), k)) == 3 - (double)k + 0.25 * i);
    }
  }

  /* the files, each with its own hash */
  snprintf(checkpoint, sizeof checkpoint, "checkpoints/%.16s.safetensors", key);
  assert_int_equal(df_sha256("weights", 7, sum), DF_OK);
  assert_int_equal(df_sha256("others", 6, second), DF_OK);
  assert_string_equal(word(training, "checkpoint"), checkpoint);
  assert_string_equal(word(training, "checkpoint_sha256"), sum);
  const json_t* files = json_object_get(training, "files");
  assert_int_equal(json_array_size(files), 2);
  assert_string_equal(word(json_array_get(files, 0), "sha256"), sum);
  assert_string_equal(word(json_array_get(files, 1), "sha256"), second);
  store_close(events);
}

static void files_of_an_older_save_are_not_those_of_this_one(void** state) {
  (void)state;
  store* events;
  char key[DF_SHA256_TEXT], old[512];
  make_slide_task();
  fails_at = 0;
  assert_int_equal(run(&events, key).outcome, CELL_DONE);
  store_close(events);
  snprintf(old, sizeof old, "%s/checkpoints/%.16s.safetensors.old", test_folder(), key);
  write_text(old, "an older network");
  assert_int_equal(run(&events, key).outcome, CELL_DONE);
  assert_int_equal(json_array_size(json_object_get(json_object_get(last_record(events), "training"), "files")), 2);
  assert_false(df_file_exists(old));
  store_close(events);
}

static void a_plan_lists_its_cells_with_their_keys(void** state) {
  (void)state;
  static plan cells;
  store* events;
  const char* failed;
  options opts = options_default();
  opts.quiet = true;
  opts.profile = "";
  opts.n_seeds = 2;
  opts.seeds[0] = 5, opts.seeds[1] = 9;
  const plan_cfg cfg = {.opts = &opts,
                        .n_tasks = 1,
                        .task = {test_folder()},
                        .n_methods = 2,
                        .method = {&method, &df_method_random_action}};
  make_slide_task();
  assert_int_equal(plan_make(&cfg, &cells), DF_OK);
  assert_int_equal(store_open(test_folder(), (shard){0}, &events), DF_OK);
  assert_int_equal(plan_record(&cells, &opts, events, &failed), DF_OK);
  const json_t* list = json_object_get(last_record(events), "cells");
  assert_int_equal(json_array_size(list), 4);
  for (int i = 0; i < 4; i++) {
    const json_t* one = json_array_get(list, (size_t)i);
    const df_method* wanted = cfg.method[i % 2];
    cell c;
    assert_int_equal(cell_open(&c, test_folder(), wanted, opts.seeds[i / 2], &opts), DF_OK);
    assert_string_equal(word(one, "task"), "slide");
    assert_string_equal(word(one, "method"), wanted->name);
    assert_int_equal(number(one, "seed"), opts.seeds[i / 2]);
    assert_string_equal(word(one, "key"), c.key);
    cell_close(&c);
  }
  store_close(events);
}

static void hashes_are_those_of_their_files(void** state) {
  (void)state;
  store* events;
  char key[DF_SHA256_TEXT], model[DF_SHA256_TEXT], data[DF_SHA256_TEXT];
  make_slide_task();
  fails_at = 0;
  assert_int_equal(run(&events, key).outcome, CELL_DONE);
  assert_int_equal(df_sha256_file(test_file("slide.xml"), model), DF_OK);
  assert_int_equal(df_sha256_file(test_file("slide.npz"), data), DF_OK);
  assert_string_equal(word(last_record(events), "model_sha256"), model);
  assert_string_equal(word(last_record(events), "data_sha256"), data);
  store_close(events);
}

static options quiet_options(void) {
  options opts = options_default();
  opts.quiet = true;
  opts.profile = "";
  return opts;
}

/* gives the sliding mass another size, and so another mass */
static void change_model(void) {
  write_text(test_file("slide.xml"),
             "<mujoco><worldbody><body><joint name='x' type='slide' axis='1 0 0'/><geom size='.2'/></body></worldbody>"
             "<actuator><motor joint='x' ctrllimited='true' ctrlrange='-1 1'/></actuator></mujoco>");
}

static void a_cell_is_not_loaded_with_another_model_or_other_data(void** state) {
  (void)state;
  const options opts = quiet_options();
  cell c, opened;
  char wanted[512];
  make_slide_task();
  assert_int_equal(cell_open(&c, test_folder(), &method, SEED, &opts), DF_OK);
  assert_int_equal(cell_open(&opened, test_folder(), &method, SEED, &opts), DF_OK);
  assert_int_equal(cell_load(&c), DF_OK);
  /* data */
  c.task->data->actions[0] += 0.125;
  assert_int_equal(df_dataset_write(test_file("slide.npz"), c.task->data, NULL), DF_OK);
  assert_int_equal(cell_load(&opened), DF_E_MISMATCH);
  snprintf(wanted, sizeof wanted, "task slide: %s changed while the program ran; repeat the command",
           test_file("slide.npz"));
  assert_string_equal(df_error_message(), wanted);
  cell_close(&opened);
  cell_close(&c);
  /* model */
  assert_int_equal(cell_open(&opened, test_folder(), &method, SEED, &opts), DF_OK);
  change_model();
  assert_int_equal(cell_load(&opened), DF_E_MISMATCH);
  snprintf(wanted, sizeof wanted, "task slide: the model changed while the program ran: ");
  assert_int_equal(strncmp(df_error_message(), wanted, strlen(wanted)), 0);
  cell_close(&opened);
}

/* what the gradient of a model leaves out is said before its training, once per task, and not by a quiet program */
static void an_inexact_gradient_is_told_before_the_training(void** state) {
  (void)state;
  options opts = quiet_options();
  df_training_log logs[DF_LOGS_MAX];
  make_slide_task();
  fails_at = 0;
  write_text(test_file("slide.xml"),
             "<mujoco><option noslip_iterations='2'/><worldbody><body><joint name='x' type='slide' axis='1 0 0'/>"
             "<geom size='.1'/></body></worldbody><actuator><motor joint='x' ctrllimited='true' ctrlrange='-1 1'/>"
             "</actuator></mujoco>");
  write_text(test_file("task.yaml"),
             "task: {name: slide, title: A slide}\nsystem: {model: slide.xml, gradient: differences}\n"
             "data: {file: slide.npz}\nwindow: {horizon: 3}\nsplit: {test_every: 2}\n");
  for (int i = 0; i < 3; i++) {
    int n;
    cell c;
    opts.quiet = i == 0;
    if (cell_open(&c, test_folder(), &method, SEED, &opts) != DF_OK) fail_msg("%s", df_error_message());
    assert_int_equal(cell_load(&c), DF_OK);
    capture told = capture_begin(stderr);
    const df_status status = cell_train(&c, NULL, logs, &n);
    char* words = capture_end(&told);
    assert_int_equal(status, DF_OK);
    const char* wanted =
        "dynaflow: slide: the gradient is not exact: differenced: noslip (option noslip_iterations=\"2\")\n";
    assert_string_equal(words, i == 1 ? wanted : "");
    free(words);
    cell_close(&c);
  }
}

static void a_cell_that_is_not_as_planned_does_not_run(void** state) {
  (void)state;
  static plan cells;
  store* events;
  const char* failed;
  const options opts = quiet_options();
  const plan_cfg cfg = {.opts = &opts, .n_tasks = 1, .task = {test_folder()}, .n_methods = 1, .method = {&method}};
  make_slide_task();
  assert_int_equal(plan_make(&cfg, &cells), DF_OK);
  assert_int_equal(store_open(test_folder(), (shard){0}, &events), DF_OK);
  assert_int_equal(plan_record(&cells, &opts, events, &failed), DF_OK);
  for (int changed = 0; changed < 2; changed++) {
    cell c;
    if (changed) change_model();
    assert_int_equal(plan_open(&cells, 0, &opts, &c), changed ? DF_E_MISMATCH : DF_OK);
    cell_close(&c);
  }
  assert_string_equal(df_error_message(),
                      "the model, data or settings of task slide changed while the program ran; repeat the command to "
                      "run all cells with the new ones");
  store_close(events);
}

static void a_cell_that_fails_says_where(void** state) {
  (void)state;
  static const char* const reasons[4] = {"", "first: step 3, sample 4: it fell apart", "", "no sample"};
  make_slide_task();
  for (fails_at = 1; fails_at <= 3; fails_at += 2) {
    store* events;
    char key[DF_SHA256_TEXT];
    const cell_end end = run(&events, key);
    assert_int_equal(end.outcome, CELL_ERROR);
    assert_int_equal(end.status, DF_E_SIM);
    assert_string_equal(end.reason, reasons[fails_at]);
    assert_string_equal(word(last_record(events), "status"), "error");
    assert_string_equal(word(last_record(events), "reason"), reasons[fails_at]);
    /* what was trained stays in the record */
    assert_int_equal(json_object_get(last_record(events), "training") != NULL, fails_at == 3);
    assert_null(store_find(events, "no key"));
    store_close(events);
  }
  fails_at = 0;
}

int main(void) {
  if (df_method_register(&method) != DF_OK) return 2;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_method_is_given_its_cell),
      cmocka_unit_test(every_number_of_a_training_stands_in_its_place),
      cmocka_unit_test(files_of_an_older_save_are_not_those_of_this_one),
      cmocka_unit_test(a_plan_lists_its_cells_with_their_keys),
      cmocka_unit_test(hashes_are_those_of_their_files),
      cmocka_unit_test(a_cell_is_not_loaded_with_another_model_or_other_data),
      cmocka_unit_test(an_inexact_gradient_is_told_before_the_training),
      cmocka_unit_test(a_cell_that_is_not_as_planned_does_not_run),
      cmocka_unit_test(a_cell_that_fails_says_where),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
