#include "cell.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "calls.h"
#include "data_path.h"
#include "diagnostics.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/model_identity.h"
#include "dynaflow/data/recording.h"
#include "dynaflow/nn/blas.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/system.h"
#include "effort.h"
#include "escape.h"
#include "evaluate.h"
#include "files.h"
#include "inexact.h"
#include "json.h"
#include "key.h"
#include "lookup.h"
#include "machine.h"
#include "methods.h"
#include "monitor.h"
#include "notes.h"
#include "provenance.h"
#include "record_model.h"
#include "shared_training.h"
#include "task_growth.h"
#include "task_notes.h"
#include "terminal.h"
#include "text.h"
#include "unchecked.h"
#include "weights.h"

static void set_name(cell* c, const char* task) {
  snprintf(c->name, sizeof c->name, "%.60s %.48s seed %llu", task, c->method->name, (unsigned long long)c->seed);
}

static cell_identity identity_of(const cell* c) {
  const df_blas_info* blas = df_blas_get_info();
  return (cell_identity){.config = &c->config,
                         .method = c->method->name,
                         .seed = c->seed,
                         .model_sha256 = c->compiled_sha256,
                         .data_sha256 = c->data_sha256,
                         .mujoco_version = df_mujoco_version(),
                         .blas_kernel = blas ? blas->kernel : "",
                         .plugin_sha256 = df_method_file_sha256(c->method),
                         .eval_data_sha256 = c->eval_data.sha256,
                         .eval_settings = c->eval_data.settings};
}

/* of the networks that methods with the same settings share */
static cell_identity training_of(const cell* c) {
  cell_identity id = identity_of(c);
  id.method = "";
  return id;
}

df_status cell_open(cell* c, const char* task, const df_method* method, uint64_t seed, const options* opts) {
  /* settings and demonstrations */
  *c = (cell){.opts = opts, .method = method, .seed = seed, .argument = task, .save_every = 30};
  snprintf(c->profile, sizeof c->profile, "%s", opts->profile);
  set_name(c, task);
  DF_TRY(resolve_task(task, NULL, method->name, opts, &c->config, &c->search));
  set_name(c, c->config.task_name);
  DF_TRY(task_data_path(&c->config, &c->search, opts, true, &c->data_path));
  DF_TRY(df_recording_hash(c->data_path, c->data_sha256));
  DF_TRY(eval_data_open(task, method->name, &c->config, opts, NULL, &c->eval_data));
  /* hashes of the model */
  df_system* system;
  DF_TRY(df_task_system(&c->config, &c->search, &system, c->model_sha256));
  const df_model_identity* model = df_mujoco_identity(system);
  snprintf(c->compiled_sha256, sizeof c->compiled_sha256, "%s", model->compiled);
  c->model_list = df_strdup(model->list);
  df_system_free(system);
  if (!c->model_list) return DF_E_NOMEM;
  /* key: everything that can change the numbers */
  const cell_identity id = identity_of(c), training = training_of(c);
  DF_TRY(cell_key(&id, KEY_CELL, c->key));
  return cell_key(&training, KEY_TRAINING, c->training_key);
}

df_status cell_find_weights(const cell* c, const weights* from, const json_t** record) {
  const cell_identity id = identity_of(c);
  return weights_find(from, &id, record);
}

/* DF_E_MISMATCH if model or data, which are read by now, are no longer those of the cell's key */
static df_status check_unchanged(const cell* c) {
  char clause[256];
  if (strcmp(c->task->data->sha256, c->data_sha256) != 0) {
    return df_fail(DF_E_MISMATCH, "task %s: %s changed while the program ran; repeat the command", c->config.task_name,
                   c->data_path);
  }
  const df_model_identity opened = {c->model_list, c->model_sha256, c->compiled_sha256, df_mujoco_version()};
  if (df_model_compare(&opened, df_mujoco_identity(c->task->system), clause, sizeof clause) == DF_MODEL_SAME)
    return DF_OK;
  return df_fail(DF_E_MISMATCH, "task %s: the model changed while the program ran: %s", c->config.task_name, clause);
}

df_status cell_load(cell* c) {
  DF_TRY(df_task_new(&c->config, &c->search, c->data_path, &c->task));
  DF_TRY(check_unchanged(c));
  warn_unchecked(&c->config, c->task->system, c->task->data, c->opts);
  if ((c->method->flags & DF_METHOD_NEEDS_ACTIONS) && !c->task->data->actions) {
    return df_fail(DF_E_CONFIG,
                   "task %s: method %s needs actions, but the demonstrations have states only; leave it out of "
                   "task.methods or --method",
                   c->config.task_name, c->method->name);
  }
  /* check the settings of the evaluation now, not after hours of training */
  DF_TRY(eval_data_load(&c->eval_data, &c->search, c->task));
  c->measured = c->eval_data.task ? c->eval_data.task : c->task;
  DF_TRY(eval_set_new(c->measured, c->opts->threads, &c->set));
  return c->given ? c->given->attach(c, c->given) : DF_OK;
}

void cell_close(cell* c) {
  cell_release(c);
  if (c->instance) c->method->destroy(c->instance);
  eval_set_free(c->set);
  eval_data_clear(&c->eval_data);
  df_task_free(c->task);
  df_free(c->data_path);
  df_free(c->model_list);
  c->model_list = NULL;
  c->set = NULL;
  search_clear(&c->search);
  c->data_path = NULL;
  c->instance = NULL;
  c->measured = c->task = NULL;
}

/* ---- training ---- */

/* a training and the folder of its states, NULL: none */
typedef struct training {
  monitor monitor;
  const char* state_folder;
} training;

static void on_progress(void* context, const df_progress* at) {
  training* t = context;
  const bool first = monitor_step(&t->monitor, at);
  if (first && t->state_folder) network_is_trained(t->state_folder, at->network);
}

static void on_notice(void* context, const char* sentence) {
  (void)context;
  print_line(stderr, "dynaflow: warning: %s", sentence);
}

df_status cell_create(cell* c) {
  df_method_env env = {
      .task = c->task, .seed = c->seed, .threads = c->opts->threads, .stop = &stop_flag, .context = c->method->context};
  return c->method->create(&env, &c->instance);
}

/* DF_E_NONFINITE for a training that ends without a finite loss, or that skipped every step */
static df_status check_training(const df_training_log* logs, int n) {
  for (int i = 0; i < n; i++) {
    const df_training_log* log = &logs[i];
    if (log->steps > 0 && log->skipped == log->steps) {
      return df_fail(DF_E_NONFINITE, "%s: all %ld gradients were non-finite; the weights are unchanged", log->name,
                     log->steps);
    }
    if (log->n > 0 && !isfinite(log->loss[log->n - 1])) {
      return df_fail(DF_E_NONFINITE, "%s: the loss is not finite at the end, step %ld", log->name, log->steps);
    }
  }
  return DF_OK;
}

df_status cell_train(cell* c, const char* state_folder, df_training_log* logs, int* n_logs) {
  *n_logs = 0;
  if (!(c->method->flags & DF_METHOD_TRAINS)) return cell_create(c);
  warn_inexact(c->config.task_name, c->task->system, c->opts);
  char label[256], key[17];
  snprintf(label, sizeof label, "%s%s", c->position, c->name);
  snprintf(key, sizeof key, "%.16s", c->key);
  training t = {.monitor = {.begun = df_clock_wall(),
                            .label = label,
                            .quiet = c->opts->quiet,
                            .task = c->config.task_name,
                            .key = key,
                            .seed = c->seed,
                            .log = c->log,
                            .event_folder = c->event_folder,
                            .method = c->method,
                            .instance = &c->instance,
                            .checkpoint = c->checkpoint,
                            .copy_every = c->config.train_checkpoint_every,
                            .state_folder = state_folder},
                .state_folder = state_folder};
  df_method_env env = {.task = c->task,
                       .context = c->method->context,
                       .seed = c->seed,
                       .threads = c->opts->threads,
                       .progress = on_progress,
                       .progress_context = &t,
                       .stop = &stop_flag,
                       .state_folder = state_folder,
                       .state_identity = c->training_key,
                       .notice = on_notice,
                       .state_every = c->save_every,
                       .ranks = c->ranks};
  DF_TRY(share_training(c->ranks, c->argument, c->method->name, c->seed, c->key));
  DF_TRY(create_shared(c->method, &env, &c->instance));
  if (!c->opts->quiet) notes_print(c->task_notes, 0, c->name);
  const df_status status = train_shared(c->method, c->ranks, c->instance, logs, n_logs);
  monitor_end(&t.monitor);
  return status == DF_OK ? check_training(logs, *n_logs) : status;
}

/* DF_E_NONFINITE if a metric has no finite value; single values that are not finite are counted in their row */
static df_status check_evaluation(const evaluation* result) {
  size_t i, j;
  json_t *one, *value;
  json_array_foreach(result->samples, i, one) {
    const json_t* values = json_object_get(one, "values");
    size_t finite = 0;
    json_array_foreach(values, j, value) finite += json_is_number(value);
    if (finite == 0 && json_array_size(values) > 0) {
      return df_fail(DF_E_NONFINITE, "evaluation: none of %zu values of %s at K = %lld is finite",
                     json_array_size(values), json_string_value(json_object_get(one, "metric")),
                     (long long)json_integer_value(json_object_get(one, "k")));
    }
  }
  return DF_OK;
}

df_status cell_evaluate(cell* c, evaluation* out) {
  const eval_job job = {.task = c->measured,
                        .set = c->set,
                        .method = c->method,
                        .instance = c->instance,
                        .seed = c->seed,
                        .threads = c->opts->threads,
                        .stop = &stop_flag,
                        .given = c->given ? c->given->motion : (eval_given){0},
                        .calls = c->calls};
  DF_TRY(evaluate(&job, out));
  return check_evaluation(out);
}

/* the growth of the gradient is only a warning: a failure of its measurement does not end the cell */
static void note_growth_of(const cell* c, json_t* notes) {
  task_growth growth = {0};
  if (!(c->method->flags & DF_METHOD_SIMULATES)) return;
  if (task_growth_measure(c->task, &growth_quick, &growth) == DF_OK) note_growth(notes, &growth);
  task_growth_clear(&growth);
}

void cell_note_task(cell* c, json_t* notes) {
  if (!(c->method->flags & DF_METHOD_TRAINS)) return;
  note_scales(notes, c->task->chart);
  note_growth_of(c, notes);
  c->task_notes = notes;
  c->n_task_notes = json_array_size(notes);
}

void cell_note_floor(const cell* c, const evaluation* result, json_t* notes) {
  /* states that come without actions are compared as they are */
  const bool acts = (c->method->flags & DF_METHOD_RETURNS_ACTIONS) != 0;
  note_floor(notes, result->rows, acts ? "tre_open_loop" : "tre", result->floor);
}

/* ---- the record ---- */

json_t* cell_config(const df_config* config) {
  json_t* o = json_object();
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    char value[DF_VALUE_MAX];
    df_config_value(config, i, value, sizeof value);
    json_object_set_new(o, keys[i].name, json_string(value));
  }
  return o;
}

static json_t* validation_json(const df_training_log* log) {
  json_t *step = json_array(), *loss = json_array(), *diverged = json_array();
  int any = 0;
  for (int i = 0; i < log->n_validation; i++) {
    any += log->validation_diverged[i];
    json_array_append_new(diverged, json_integer(log->validation_diverged[i]));
    json_array_append_new(step, json_integer(log->validation_step[i]));
    json_array_append_new(loss, json_number(log->validation_loss[i]));
  }
  json_t* out = json_pack("{s:o,s:o,s:i,s:I}", "step", step, "loss", loss, "windows", log->validation_windows, "kept",
                          (json_int_t)log->kept);
  if (any) json_object_set(out, "diverged", diverged);
  json_decref(diverged);
  return out;
}

/* `taken`: another cell of the run trained the network; the CPU time is that of its training */
static json_t* curve_json(const df_training_log* log, bool taken) {
  json_t *step = json_array(), *loss = json_array();
  for (int i = 0; i < log->n; i++) {
    json_array_append_new(step, json_integer(log->step[i]));
    json_array_append_new(loss, json_number(log->loss[i]));
  }
  json_t* adjoints =
      json_pack("{s:I,s:I,s:I}", "steps", (json_int_t)log->adjoints.steps, "approximate",
                (json_int_t)log->adjoints.approximate, "differenced", (json_int_t)log->adjoints.differenced);
  json_t* curve =
      json_pack("{s:s,s:I,s:I,s:I,s:o,s:I,s:f,s:o,s:o}", "name", log->name, "steps", (json_int_t)log->steps, "diverged",
                (json_int_t)log->diverged, "skipped", (json_int_t)log->skipped, "adjoints", adjoints, "parameters",
                (json_int_t)log->parameters, "cpu_s", log->cpu_s, "step", step, "loss", loss);
  if (!isnan(log->residual)) {
    json_object_set_new(curve, "residual", json_real(log->residual));
    json_object_set_new(curve, "residual_share", json_number(log->residual_share));
  }
  if (log->whole_from > 0) json_object_set_new(curve, "whole_from", json_integer(log->whole_from));
  if (taken) json_object_set_new(curve, "shared", json_true());
  if (log->n_validation) json_object_set_new(curve, "validation", validation_json(log));
  return curve;
}

/* takes the reference to `files` */
static json_t* training_json(const df_training_log* logs, int n, const bool* taken, const char* checkpoint,
                             const char* sha256, json_t* files) {
  json_t* curves = json_array();
  for (int i = 0; i < n; i++) json_array_append_new(curves, curve_json(&logs[i], taken[i]));
  return json_pack("{s:I,s:I,s:s,s:s,s:o,s:o}", "steps", (json_int_t)(n ? logs[0].steps : 0), "parameters",
                   (json_int_t)(n ? logs[0].parameters : 0), "checkpoint", checkpoint, "checkpoint_sha256", sha256,
                   "files", files, "curves", curves);
}

/* Writes the checkpoint, `name` in the folder; sets `files` of the training to every file that the method wrote. */
static df_status save_checkpoint(const cell* c, const char* folder, const char* name, char sha256[DF_SHA256_TEXT],
                                 json_t** files) {
  char* below = df_path_folder(c->checkpoint);
  df_status status = below ? df_dir_make(below) : DF_E_NOMEM;
  if (status == DF_OK) status = files_remove(folder, name);
  if (status == DF_OK) status = c->method->save(c->instance, c->checkpoint);
  if (status == DF_OK) status = df_sha256_file(c->checkpoint, sha256);
  if (status == DF_OK) status = files_hashed(folder, name, files);
  df_free(below);
  return status;
}

/* taken [DF_LOGS_MAX]: whether another cell of the run trained the network */
static df_status train_resumed(cell* c, const char* folder, df_training_log* logs, int* n, bool* taken) {
  if (!(c->method->flags & DF_METHOD_TRAINS)) return cell_train(c, NULL, logs, n);
  char* state = cell_state_folder(c, folder);
  df_status status = df_dir_make(state);
  if (status == DF_OK) cell_take_networks(c, folder, state);
  if (status == DF_OK) status = cell_train(c, state, logs, n);
  for (int i = 0; i < *n && status == DF_OK; i++) {
    taken[i] = network_is_taken(state, logs[i].name);
    if (taken[i] && !c->opts->quiet) {
      print_line(stderr, "%s%s: network %s was trained by an earlier cell of this run", c->position, c->name,
                 logs[i].name);
    }
  }
  df_free(state);
  return status;
}

/* <folder>/tensorboard/<task>-<method>-seed<n>-<8 digits of the key>, by which TensorBoard names the curves; a new
 * string */
static char* event_folder(const cell* c, const char* folder) {
  char* task = file_name_of(c->config.task_name);
  char* out = format_text("%s/tensorboard/%s-%s-seed%llu-%.8s", folder, task, c->method->name,
                          (unsigned long long)c->seed, c->key);
  df_free(task);
  return out;
}

/* the file of the weights, `name` in the folder of the run and as a path */
typedef struct weights_file {
  char name[64], path[4096];
} weights_file;

static df_status name_weights(const cell* c, const char* folder, weights_file* out) {
  snprintf(out->name, sizeof out->name, "checkpoints/%.16s.safetensors", c->key);
  if ((size_t)snprintf(out->path, sizeof out->path, "%s/%s", folder, out->name) < sizeof out->path) return DF_OK;
  return df_fail(DF_E_ARG, "%s: path too long", folder);
}

/* takes the weights of c->weights, with the account of their training */
static df_status take_and_save(cell* c, const char* folder, json_t* record) {
  const json_t* source;
  weights_file file;
  char sha256[DF_SHA256_TEXT] = "";
  json_t* files = NULL;
  DF_TRY(name_weights(c, folder, &file));
  DF_TRY(cell_find_weights(c, c->weights, &source));
  DF_TRY(cell_create(c));
  DF_TRY(weights_load(c->weights, source, c->method, c->instance));
  c->checkpoint = file.path;
  const df_status status = save_checkpoint(c, folder, file.name, sha256, &files);
  c->checkpoint = NULL;
  DF_TRY(status);
  json_t* account = json_deep_copy(json_object_get(source, "training"));
  json_object_set_new(account, "checkpoint", json_string(file.name));
  json_object_set_new(account, "checkpoint_sha256", json_string(sha256));
  json_object_set_new(account, "files", files);
  json_object_set_new(account, "taken_from",
                      json_pack("{s:o,s:O}", "run", json_text(c->weights->run), "key", json_object_get(source, "key")));
  json_object_set(record, "train_cpu_s", json_object_get(source, "train_cpu_s"));
  json_object_set_new(record, "training", account);
  return DF_OK;
}

static df_status train_and_save(cell* c, const char* folder, json_t* record) {
  static _Thread_local df_training_log logs[DF_LOGS_MAX];
  int n = 0;
  bool taken[DF_LOGS_MAX] = {false};
  char sha256[DF_SHA256_TEXT] = "";
  weights_file file;
  DF_TRY(name_weights(c, folder, &file));
  char* events = event_folder(c, folder);
  c->checkpoint = file.path;
  c->event_folder = events;
  df_status status = train_resumed(c, folder, logs, &n, taken);
  json_t* files = NULL;
  if (status == DF_OK && n) status = save_checkpoint(c, folder, file.name, sha256, &files);
  c->checkpoint = c->event_folder = NULL;
  df_free(events);
  DF_TRY(status);
  const char* checkpoint = n ? file.name : "";
  double cpu = 0;
  for (int i = 0; i < n; i++) cpu += logs[i].cpu_s;
  json_object_set_new(record, "train_cpu_s", json_real(cpu));
  json_object_set_new(record, "training",
                      training_json(logs, n, taken, checkpoint, sha256, files ? files : json_array()));
  return DF_OK;
}

char* cell_samples_path(const cell* c, const char* folder) {
  return format_text("%s/samples/%.16s.npz", folder, c->key);
}

/* writes the file and puts its name and hash into the record */
static df_status write_calls(const cell* c, const eval_calls* calls, const char* folder, json_t* record) {
  char *path = cell_samples_path(c, folder), *below = df_path_folder(path), sum[DF_SHA256_TEXT];
  df_status status = below ? df_dir_make(below) : DF_E_NOMEM;
  if (status == DF_OK) status = eval_calls_write(calls, c->task, path);
  if (status == DF_OK) status = df_sha256_file(path, sum);
  if (status == DF_OK)
    json_object_set_new(record, "stored_samples",
                        json_pack("{s:s,s:s}", "path", path + strlen(folder) + 1, "sha256", sum));
  df_free(path);
  df_free(below);
  return status;
}

/* evaluates, and writes the samples if they are wanted */
static df_status evaluate_and_store(cell* c, const char* folder, json_t* record, evaluation* result) {
  if (!c->store_samples) return cell_evaluate(c, result);
  eval_calls calls = {0};
  c->calls = &calls;
  df_status status = cell_evaluate(c, result);
  c->calls = NULL;
  if (status == DF_OK) status = write_calls(c, &calls, folder, record);
  eval_calls_clear(&calls);
  return status;
}

df_status cell_diagnose(const cell* c, json_t* notes, json_t** out) {
  *out = NULL;
  if (c->given) return DF_OK;
  DF_TRY(diagnose(c->method, c->instance, out));
  size_t i;
  json_t* gate;
  json_array_foreach(json_object_get(*out, "gates"), i, gate) {
    char* words = gate_words(gate);
    if (!c->opts->quiet) print_line(stderr, "%s%s: %s", c->position, c->name, words);
    df_free(words);
  }
  note_gates(notes, *out);
  return DF_OK;
}

static df_status evaluate_and_check(cell* c, const char* folder, json_t* record) {
  evaluation result;
  json_t* diagnostics;
  DF_TRY(cell_diagnose(c, json_object_get(record, "notes"), &diagnostics));
  if (diagnostics) json_object_set_new(record, "diagnostics", diagnostics);
  if (!c->opts->quiet) print_line(stderr, "%s%s: evaluating on %d windows", c->position, c->name, c->set->B);
  const df_status status = evaluate_and_store(c, folder, record, &result);
  if (!result.rows) return status;
  effort_of_training(result.rows, json_object_get(record, "training"));
  /* start states of a file are not the held-out ones, with which records are compared */
  if (c->set->sha256[0]) json_object_set_new(record, "windows_sha256", json_string(c->set->sha256));
  json_object_set(record, "rows", result.rows);
  json_object_set(record, "samples", result.samples);
  json_object_set(record, "windows", result.windows);
  if (result.replays) json_object_set(record, "replays", result.replays);
  if (result.examples) json_object_set(record, "examples", result.examples);
  if (result.strip) json_object_set(record, "strip", result.strip);
  if (result.motions) json_object_set(record, "motions", result.motions);
  json_t* notes = json_object_get(record, "notes");
  note_training(notes, json_object_get(record, "training"));
  cell_note_floor(c, &result, notes);
  if (strcmp(c->method->name, "replay_demo") == 0) note_replayed(notes, result.rows, "tre_open_loop");
  evaluation_clear(&result);
  return status;
}

/* loads, trains, saves and evaluates the cell; adds the results to the record and says in *end how it ended */
static void load_train_evaluate(cell* c, const char* folder, json_t* record, cell_end* end) {
  /* each step runs only if all before it succeeded */
  *end = (cell_end){.outcome = CELL_DONE};
  end->status = stop_watch(&c->limits);
  if (end->status == DF_OK) end->status = cell_load(c);
  const bool loaded = end->status == DF_OK;
  if (loaded) cell_note_task(c, json_object_get(record, "notes"));
  if (loaded && c->given) {
    json_object_set(record, "trajectories", c->given->record);
    json_array_extend(json_object_get(record, "notes"), c->given->notes);
  }
  const bool takes = c->weights && (c->method->flags & DF_METHOD_TRAINS);
  if (loaded) end->status = takes ? take_and_save(c, folder, record) : train_and_save(c, folder, record);
  if (end->status == DF_OK) end->status = evaluate_and_check(c, folder, record);
  if (end->status != DF_OK) {
    end->outcome = CELL_ERROR;
    snprintf(end->reason, sizeof end->reason, "%s", df_error_message());
  }
  /* a number that is not finite before training, in the demonstrations, is bad input and not a divergence */
  if (end->status == DF_E_NONFINITE && loaded) end->outcome = CELL_DIVERGED;
  /* an interruption is a limit that was exceeded, or a signal */
  if (end->status == DF_E_INTERRUPTED) {
    char why[96];
    const stop_reason reason = stop_why();
    end->outcome = reason == STOP_SECONDS ? CELL_TIMEOUT : reason == STOP_MEMORY ? CELL_ERROR : CELL_INTERRUPTED;
    if (end->outcome != CELL_INTERRUPTED) {
      snprintf(end->reason, sizeof end->reason, "%s; %.350s; the next run resumes from there",
               stop_words(why, sizeof why), df_error_message());
    }
  }
  stop_unwatch();
}

/* the machine, and the number of ranks if there are several */
static json_t* provenance_of(const cell* c) {
  json_t* o = machine_provenance(c->opts);
  if (c->ranks) json_object_set_new(o, "ranks", json_integer(c->ranks->size));
  return o;
}

static json_t* begin_record(const cell* c) {
  char started[32];
  json_t* record = json_pack("{s:i,s:s,s:s,s:s,s:s,s:I,s:s,s:o,s:o,s:s,s:s,s:s,s:s}", "schema", 1, "type", "cell",
                             "key", c->key, "task", c->config.task_name, "method", c->method->name, "seed",
                             (json_int_t)c->seed, "profile", c->profile, "config", cell_config(&c->config),
                             "provenance", provenance_of(c), "model_sha256", c->model_sha256, "compiled_sha256",
                             c->compiled_sha256, "data_sha256", c->data_sha256, "started", iso_time(started));
  const char* plugin = df_method_file_sha256(c->method);
  if (record) json_object_set_new(record, "model_files", model_files_json(c->model_list));
  if (record) json_object_set_new(record, "notes", json_array());
  if (record && plugin[0]) json_object_set_new(record, "plugin_sha256", json_string(plugin));
  if (record && c->eval_data.settings) {
    json_object_set_new(record, "eval_data_sha256", json_string(c->eval_data.sha256));
    json_object_set(record, "eval_settings", c->eval_data.settings);
  }
  return record;
}

static json_t* limit_json(double limit) {
  return limit > 0 ? json_real(limit) : json_null();
}

df_status cell_store(json_t* record, const cell_start* start, const stop_limits* limits, const cell_end* end,
                     store* events) {
  json_object_set_new(record, "wall_s", json_real(df_clock_wall() - start->wall));
  json_object_set_new(record, "cpu_s", json_real(df_clock_cpu() - start->cpu));
  json_object_set_new(
      record, "limits",
      json_pack("{s:o,s:o}", "seconds", limit_json(limits->seconds), "memory_mib", limit_json(limits->memory_mib)));
  json_object_set_new(record, "status", json_string(cell_outcome_word(end->outcome)));
  json_object_set_new(record, "reason", json_text(end->reason));
  json_object_set_new(record, "numbers", json_integer(NUMBERS_VERSION));
  DF_TRY(record_seal(record));
  return store_append(events, record);
}

df_status cell_run(cell* c, const char* folder, store* events, cell_end* end) {
  json_t* record = begin_record(c);
  if (!record) return df_fail(DF_E_NOMEM, "out of memory for the record of a cell");
  /* run */
  const cell_start start = {df_clock_wall(), df_clock_cpu()};
  load_train_evaluate(c, folder, record, end);
  const df_status stored = cell_store(record, &start, &c->limits, end, events);
  json_decref(record);
  if (stored == DF_OK && end->outcome == CELL_DONE) cell_forget_training(c, folder);
  return stored;
}
