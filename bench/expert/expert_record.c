#define _GNU_SOURCE
#include "expert_record.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cell.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/io/safetensors.h"
#include "dynaflow/nn/blas.h"
#include "dynaflow/sim/mujoco.h"
#include "experts.h"
#include "files.h"
#include "json.h"
#include "key.h"
#include "machine.h"
#include "measures.h"
#include "provenance.h"
#include "record_model.h"

/* ---- the cell ---- */

df_status expert_cell_open(const expert_task* task, const options* opts, uint64_t seed, const trials_cfg* cfg,
                           const char* folder, expert_cell* out) {
  *out = (expert_cell){.task = task, .opts = opts, .seed = seed, .cfg = *cfg};
  out->cfg.seed = EXPERT_WALKS_SEED;
  snprintf(out->method, sizeof out->method, EXPERT_PREFIX "%s%.24s", expert_imitation(task) ? "imitate_" : "",
           task->config.expert_method);
  snprintf(out->trials, sizeof out->trials, "walks %d seconds %.17g renew %.17g kick %.17g noise %.17g seed %d",
           cfg->walks, cfg->seconds, cfg->renew_seconds, cfg->kick, cfg->noise, EXPERT_WALKS_SEED);
  if (expert_imitation(task)) {
    const size_t n = strlen(out->trials);
    snprintf(out->trials + n, sizeof out->trials - n, " clips %s", task->clips.sha256);
  }
  snprintf(out->name, sizeof out->name, "%.60s %.48s seed %" PRIu64, task->config.task_name, out->method, seed);
  const df_blas_info* blas = df_blas_get_info();
  const cell_identity id = {.config = &task->config,
                            .method = out->method,
                            .seed = seed,
                            .model_sha256 = df_mujoco_identity(task->system)->compiled,
                            .data_sha256 = "",
                            .mujoco_version = df_mujoco_version(),
                            .blas_kernel = blas ? blas->kernel : "",
                            .trials = out->trials};
  DF_TRY(cell_key(&id, KEY_CELL, out->key));
  out->state = format_text("%s/training/%.16s", folder, out->key);
  out->checkpoint = format_text("%s/checkpoints/%.16s.safetensors", folder, out->key);
  return DF_OK;
}

void expert_cell_clear(expert_cell* c) {
  df_free(c->state);
  df_free(c->checkpoint);
  c->state = c->checkpoint = NULL;
}

json_t* expert_cell_planned(const expert_cell* c) {
  return json_pack("{s:s,s:s,s:I,s:s}", "task", c->task->config.task_name, "method", c->method, "seed",
                   (json_int_t)c->seed, "key", c->key);
}

char* expert_cell_state(const expert_cell* c) {
  return format_text("%s/policy.state", c->state);
}

char* expert_cell_log(const expert_cell* c) {
  return format_text("%s/policy.jsonl", c->state);
}

void expert_cell_forget(const expert_cell* c) {
  char *state = expert_cell_state(c), *log = expert_cell_log(c), *above = df_path_folder(c->state);
  unlink(state);
  unlink(log);
  /* only if they are empty */
  if (rmdir(c->state) == 0 && above) rmdir(above);
  df_free(state);
  df_free(log);
  df_free(above);
}

json_t* expert_record_new(const expert_cell* c) {
  char started[32];
  const df_config* config = &c->task->config;
  const df_model_identity* model = df_mujoco_identity(c->task->system);
  return json_pack("{s:i,s:s,s:s,s:s,s:s,s:I,s:s,s:s,s:o,s:o,s:s,s:s,s:o,s:o,s:s}", "schema", 1, "type", "cell", "key",
                   c->key, "task", config->task_name, "method", c->method, "seed", (json_int_t)c->seed, "profile",
                   c->opts->profile, "trials", c->trials, "config", cell_config(config), "provenance",
                   machine_provenance(c->opts), "model_sha256", model->files, "compiled_sha256", model->compiled,
                   "model_files", model_files_json(model->list), "notes", json_array(), "started", iso_time(started));
}

/* ---- the learning curve ---- */

/* a point of the curve: the updates since the last one */
typedef struct point {
  double reward, velocity_error, falls;
  int n;
} point;

/* the lists of the curve, in the order of their names */
enum { UPDATE, STEPS, CPU, REWARD, FALLS, VELOCITY_ERROR, LISTS };
static const char* const list_names[LISTS] = {"update", "steps", "cpu_s", "reward", "falls", "velocity_error"};

static void end_point(json_t* curve, const json_t* line, point* p) {
  const double values[LISTS] = {number_of(json_object_get(line, "update")),
                                number_of(json_object_get(line, "steps")),
                                number_of(json_object_get(line, "cpu_s")),
                                p->reward / p->n,
                                p->falls,
                                p->velocity_error / p->n};
  for (int i = 0; i < LISTS; i++) {
    const bool whole = i == UPDATE || i == STEPS || i == FALLS;
    json_array_append_new(json_object_get(curve, list_names[i]),
                          whole ? json_integer((json_int_t)values[i]) : json_number(values[i]));
  }
  *p = (point){0};
}

/* adds a line of the log, whose update has to be the next one; returns whether it is, or is of something else */
static bool take_line(const json_t* line, long updates, long* done, point* p, json_t* curve) {
  enum { POINTS = 200 };
  if (strcmp(string_of(line, "kind"), "update") != 0) return true;
  if (json_integer_value(json_object_get(line, "update")) != *done + 1) return false;
  p->reward += number_of(json_object_get(line, "reward"));
  p->velocity_error += number_of(json_object_get(line, "velocity_error"));
  p->falls += number_of(json_object_get(line, "falls"));
  p->n++;
  ++*done;
  const long points = updates < POINTS ? updates : POINTS;
  if (*done * points / updates > (*done - 1) * points / updates) end_point(curve, line, p);
  return true;
}

/* the curve of a whole training from its log, at most 200 points of nearly as many updates each; a new reference */
static df_status read_curve(const char* path, long updates, json_t** out) {
  char* data;
  size_t n;
  long done = 0;
  point p = {0};
  json_t* curve = json_object();
  *out = NULL;
  for (int i = 0; i < LISTS; i++) json_object_set_new(curve, list_names[i], json_array());
  df_status status = df_file_read(path, &data, &n);
  bool whole = status == DF_OK;
  const char* end;
  for (const char* at = whole ? data : NULL; whole && (end = memchr(at, '\n', n - (size_t)(at - data))); at = end + 1) {
    json_t* line = json_loadb(at, (size_t)(end - at), 0, NULL);
    whole = take_line(line, updates, &done, &p, curve);
    json_decref(line);
  }
  if (status == DF_OK) df_free(data);
  if (status == DF_OK && (!whole || done < updates))
    status = df_fail(DF_E_FORMAT,
                     "%s: update %ld of %ld is missing, as after a crash of the machine; the training begins anew if "
                     "the command is repeated",
                     path, done + 1, updates);
  if (status != DF_OK) {
    json_decref(curve);
    return status;
  }
  *out = curve;
  return DF_OK;
}

/* ---- the training ---- */

static df_status count_parameters(const char* path, json_int_t* out) {
  df_safetensors* file;
  *out = 0;
  DF_TRY(df_safetensors_open(path, &file));
  for (int i = 0; i < df_safetensors_count(file); i++) {
    size_t elements;
    (void)df_safetensors_name(file, i, &elements);
    *out += (json_int_t)elements;
  }
  df_safetensors_close(file);
  return DF_OK;
}

/* writes the weights; sets "training" of the record */
static df_status save(const expert_cell* c, const df_expert* expert, const char* folder, json_t* record) {
  const char* name = c->checkpoint + strlen(folder) + 1;
  char* below = df_path_folder(c->checkpoint);
  char sha256[DF_SHA256_TEXT];
  json_t* files = NULL;
  json_int_t parameters;
  df_status status = below ? df_dir_make(below) : DF_E_NOMEM;
  df_free(below);
  DF_TRY(status);
  DF_TRY(files_remove(folder, name));
  DF_TRY(expert_checkpoint_write(c->task, expert, c->seed, c->checkpoint));
  DF_TRY(df_sha256_file(c->checkpoint, sha256));
  DF_TRY(count_parameters(c->checkpoint, &parameters));
  DF_TRY(files_hashed(folder, name, &files));
  json_object_set_new(
      record, "training",
      json_pack("{s:I,s:I,s:s,s:s,s:o,s:[]}", "steps", (json_int_t)df_expert_get_totals(expert).updates, "parameters",
                parameters, "checkpoint", name, "checkpoint_sha256", sha256, "files", files, "curves"));
  return DF_OK;
}

/* the rows of the record, which it has from here on */
static json_t* rows_of(json_t* record) {
  if (!json_object_get(record, "rows")) json_object_set_new(record, "rows", json_array());
  return json_object_get(record, "rows");
}

static void add_work(json_t* record, const char* metric, long count) {
  measure_row(rows_of(record), metric, measure_unit(metric), 0,
              (df_interval){.mean = (double)count, .lo = NAN, .hi = NAN, .n = 1});
}

df_status expert_record_training(const expert_cell* c, const df_expert* expert, const char* folder, json_t* record) {
  const df_expert_totals totals = df_expert_get_totals(expert);
  json_t* curve;
  char* log = expert_cell_log(c);
  df_status status = read_curve(log, totals.updates, &curve);
  df_free(log);
  if (status == DF_E_FORMAT) expert_cell_forget(c);
  DF_TRY(status);
  json_object_set_new(record, "learning", curve);
  json_object_set_new(record, "train_cpu_s", json_real(totals.cpu));
  DF_TRY(save(c, expert, folder, record));
  add_work(record, "effort.updates", totals.updates);
  add_work(record, "effort.actions", totals.updates * c->task->cfg.robots * c->task->cfg.horizon);
  add_work(record, "effort.lost", totals.lost);
  return DF_OK;
}

/* ---- the walks ---- */

/* what of a walk is measured; costs follow */
typedef enum measure { FALL, VELOCITY, YAW_RATE, CONTACT, WALK_REWARD, COSTS } measure;
enum { MEASURES = COSTS + DF_REWARD_TERMS };

static void name_of(int which, char* out, size_t n) {
  static const char* const names[] = {"fall_rate", "velocity_error", "yaw_rate_error", "contact_agreement", "reward"};
  if (which < COSTS)
    snprintf(out, n, "%s", names[which]);
  else
    snprintf(out, n, "cost.%s", df_reward_term_at((df_reward_term)(which - COSTS))->name);
}

/* NaN: the walk has no such number */
static double value_of(int which, const trials_walk* w) {
  const double values[] = {w->score.fell, w->score.velocity_error, w->score.yaw_rate_error, w->score.contact,
                           w->reward};
  return which < COSTS ? values[which] : w->cost[which - COSTS];
}

/* the row of one measure of the walks of a gait (< 0: all), with the episodes that the gate and verify expect: a walk
 * is one of its own. No row without a walk that has the number. */
static df_status add_row(const expert_cell* c, const expert_walks* w, int which, int gait, json_t* list) {
  char name[DF_NAME_MAX + 64];
  double* value = df_alloc((size_t)w->n, sizeof *value);
  int *episode = df_alloc((size_t)w->n, sizeof *episode), n = 0;
  df_interval v;
  name_of(which, name, sizeof name);
  const char* unit = measure_unit(name);
  for (int i = 0; value && episode && i < w->n; i++) {
    const double one = value_of(which, &w->judged[i]);
    if ((gait >= 0 && w->walk[i].gait != gait) || isnan(one)) continue;
    value[n] = one;
    episode[n++] = i;
  }
  df_status status = value && episode ? DF_OK : DF_E_NOMEM;
  df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  cfg.seed = (uint64_t)c->task->config.eval_seed;
  cfg.cluster = episode;
  const df_strata strata = {.n = 1, .sizes = &n, .values = value};
  if (status == DF_OK && n)
    status = which == FALL                ? df_share_interval_clustered(n, value, episode, &v)
             : strcmp(unit, "share") == 0 ? df_bootstrap_share_interval(&cfg, DF_ESTIMATE_MEAN, &strata, &v)
                                          : df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &strata, &v);
  if (status == DF_OK && n) {
    if (gait >= 0)
      snprintf(name + strlen(name), sizeof name - strlen(name), ".%s", c->task->config.expert_gaits.v[gait]);
    measure_row(list, name, unit, 0, v);
    json_object_set_new(json_array_get(list, json_array_size(list) - 1), "episodes", json_integer(n));
  }
  df_free(value);
  df_free(episode);
  return status;
}

static json_t* values_of(const expert_walks* w, int which) {
  char name[DF_NAME_MAX];
  json_t* values = json_array();
  name_of(which, name, sizeof name);
  for (int i = 0; i < w->n; i++) json_array_append_new(values, json_number(value_of(which, &w->judged[i])));
  return json_pack("{s:s,s:i,s:o}", "metric", name, "k", 0, "values", values);
}

/* the walks as windows: each is an episode of its own, and its gait is its group */
static json_t* windows_of(const expert_cell* c, const expert_walks* w) {
  const df_names* gaits = &c->task->config.expert_gaits;
  json_t *episode = json_array(), *start = json_array(), *group = json_array(), *groups = json_array();
  for (int i = 0; i < w->n; i++) {
    json_array_append_new(episode, json_integer(i));
    json_array_append_new(start, json_integer(0));
    json_array_append_new(group, json_integer(w->walk[i].gait));
  }
  for (int g = 0; g < gaits->n; g++) json_array_append_new(groups, json_string(gaits->v[g]));
  return json_pack("{s:o,s:o,s:o,s:o}", "episode", episode, "start", start, "group", group, "groups", groups);
}

/* what walks must have in common to be compared: where they begin, what is asked of them, and how they are judged */
static df_status hash_trials(const expert_cell* c, const expert_walks* w, char out[DF_SHA256_TEXT]) {
  static const char* const judged[] = {"expert.gaits", "expert.frequency", "expert.duty", "expert.foot_height"};
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  char value[DF_VALUE_MAX];
  text all = {0};
  text_add(&all, "starts %s\ntrials %s\n", w->starts, c->trials);
  for (int i = 0; i < n; i++) {
    for (size_t k = 0; k < sizeof judged / sizeof judged[0]; k++) {
      if (strcmp(keys[i].name, judged[k]) != 0) continue;
      df_config_value(&c->task->config, i, value, sizeof value);
      text_add(&all, "%s %s\n", judged[k], value);
    }
  }
  const df_status status = df_sha256(text_of(&all), all.n, out);
  text_clear(&all);
  return status;
}

static json_t* numbers_of(size_t n, const double* values) {
  json_t* list = json_array();
  for (size_t i = 0; i < n; i++) json_array_append_new(list, json_number(values[i]));
  return list;
}

/* the beginning of the first walk of every gait, which `verify` simulates again; a kick is no action */
static json_t* replays_of(const expert_cell* c, const expert_walks* w) {
  enum { ACTIONS = 32 };
  const size_t nx = (size_t)c->task->system->nx, nu = (size_t)c->task->system->nu;
  json_t* list = json_array();
  for (int i = 0; i < w->n && i < c->task->config.expert_gaits.n && c->cfg.kick == 0; i++) {
    const df_expert_walk* walk = &w->walk[i];
    const int whole = walk->fell < 0 ? walk->length : walk->fell;
    const size_t n = (size_t)(whole < ACTIONS ? whole : ACTIONS);
    if (n == 0) continue;
    json_array_append_new(list, json_pack("{s:i,s:i,s:o,s:o,s:o}", "k", 0, "window", i, "x0", numbers_of(nx, walk->x),
                                          "u", numbers_of(n * nu, walk->u), "x", numbers_of(n * nx, walk->x + nx)));
  }
  return list;
}

static df_status record_walks(const expert_cell* c, const expert_walks* w, json_t* record) {
  const df_config* config = &c->task->config;
  const bool may_fall = config->eval_fall_height != 0 || config->eval_fall_tilt != 0;
  json_t* samples = json_array();
  char sha256[DF_SHA256_TEXT];
  json_object_set_new(record, "samples", samples);
  for (int which = may_fall ? FALL : VELOCITY; which < MEASURES; which++) {
    if (which >= COSTS && !df_walk_has_reward(c->task->walk, (df_reward_term)(which - COSTS))) continue;
    const int gaits = which < COSTS ? config->expert_gaits.n : 0;
    for (int gait = -1; gait < gaits; gait++) DF_TRY(add_row(c, w, which, gait, rows_of(record)));
    if (which < COSTS) json_array_append_new(samples, values_of(w, which));
  }
  json_object_set_new(record, "windows", windows_of(c, w));
  json_object_set_new(record, "replays", replays_of(c, w));
  DF_TRY(hash_trials(c, w, sha256));
  json_object_set_new(record, "windows_sha256", json_string(sha256));
  for (int i = 0; i < w->n; i++) {
    if (isfinite(w->judged[i].reward)) return DF_OK;
  }
  return df_fail(DF_E_NONFINITE, "the simulator diverges in the first action of all %d walks", w->n);
}

df_status expert_record_walks(const expert_cell* c, const df_expert* expert, json_t* record) {
  expert_walks w;
  df_status status = expert_walk(c->task, expert, &c->cfg, &w);
  if (status == DF_OK) status = record_walks(c, &w, record);
  expert_walks_clear(&w);
  return status;
}
