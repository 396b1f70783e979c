#define _GNU_SOURCE
#include "plan.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "checked_data.h"
#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "key.h"
#include "lookup.h"
#include "provenance.h"
#include "stop.h"
#include "terminal.h"
#include "text.h"

/* the methods for a task: those of --method, else task.methods */
static df_status methods_of(const plan_cfg* cfg, const char* task, const df_method** method, int* n) {
  memcpy(method, cfg->method, sizeof cfg->method);
  *n = cfg->n_methods;
  if (*n) return DF_OK;
  df_config config;
  df_search search = {0};
  const df_status status = resolve_task(task, NULL, NULL, cfg->opts, &config, &search);
  search_clear(&search);
  DF_TRY(status);
  for (int i = 0; i < config.task_methods.n; i++) {
    method[i] = df_method_by_name(config.task_methods.v[i]);
    if (!method[i]) {
      return df_fail(DF_E_CONFIG, "task %s: task.methods: unknown method \"%s\" (see 'dynaflow list methods')",
                     config.task_name, config.task_methods.v[i]);
    }
  }
  *n = config.task_methods.n;
  if (*n == 0)
    return df_fail(DF_E_CONFIG, "task %s: task.methods is empty: choose methods with --method", config.task_name);
  return DF_OK;
}

df_status plan_make(const plan_cfg* cfg, plan* out) {
  out->n = 0;
  for (int i = 0; i < cfg->n_tasks; i++) {
    const df_method* method[METHODS_KNOWN_MAX];
    bool known = false;
    for (int k = 0; k < i; k++) known |= strcmp(cfg->task[k], cfg->task[i]) == 0;
    if (known) continue;
    int n;
    DF_TRY(methods_of(cfg, cfg->task[i], method, &n));
    for (int s = 0; s < cfg->opts->n_seeds; s++) {
      for (int m = 0; m < n; m++) {
        bool twice = false;
        for (int k = 0; k < m; k++) twice |= method[k] == method[m];
        if (twice) continue;
        if (out->n == PLAN_CELLS_MAX)
          return df_fail(DF_E_CONFIG, "the plan has more than %d cells; split it into several runs", PLAN_CELLS_MAX);
        out->cell[out->n++] = (planned_cell){.task = cfg->task[i], .method = method[m], .seed = cfg->opts->seeds[s]};
      }
    }
  }
  return DF_OK;
}

/* Refuses a cell that has task, method and seed of one of another task file: a record names its task, not the file. */
static df_status check_name(const plan* p, int n, const json_t* cells, const json_t* last) {
  for (int i = 0; i < n; i++) {
    const json_t* other = json_array_get(cells, (size_t)i);
    if (strcmp(p->cell[i].task, p->cell[n].task) == 0 || p->cell[i].seed != p->cell[n].seed) continue;
    if (p->cell[i].method != p->cell[n].method ||
        !json_equal(json_object_get(other, "task"), json_object_get(last, "task")))
      continue;
    return df_fail(DF_E_CONFIG,
                   "the tasks '%s' and '%s' have one name, '%s', by which a run tells its results apart: run them into "
                   "different folders (--out), or give one another name (task.name)",
                   p->cell[i].task, p->cell[n].task, json_string_value(json_object_get(last, "task")));
  }
  return DF_OK;
}

/* whether the last plan among the records has the cells and profile of `wanted` */
static bool ends_with(const json_t* records, const json_t* wanted) {
  const json_t* last = NULL;
  size_t i;
  json_t* record;
  json_array_foreach(records, i, record) {
    if (strcmp(json_string_value(json_object_get(record, "type")), "plan") == 0) last = record;
  }
  return last && json_equal(json_object_get(last, "profile"), json_object_get(wanted, "profile")) &&
         json_equal(json_object_get(last, "cells"), json_object_get(wanted, "cells"));
}

df_status plan_append(const char* profile, json_t* cells, store* events) {
  char started[32];
  json_t* record = json_pack("{s:i,s:s,s:s,s:s,s:O}", "schema", 1, "type", "plan", "started", iso_time(started),
                             "profile", profile, "cells", cells);
  df_status status = record ? record_seal(record) : DF_E_NOMEM;
  /* a shard's file has the whole plan, too: it may be the only file that is left, or that arrived from a cluster */
  const bool known = ends_with(store_records(events), record) && ends_with(store_own(events), record);
  if (status == DF_OK && !known) status = store_append(events, record);
  json_decref(record);
  return status;
}

/* DF_OK if the cell is done, trains, or has weights to take */
static df_status check_weights(const plan* p, const cell* c, const store* events) {
  const json_t* source;
  if (!p->weights || !(c->method->flags & DF_METHOD_TRAINS) || store_find(events, c->key)) return DF_OK;
  return cell_find_weights(c, p->weights, &source);
}

df_status plan_keys(plan* p, const options* opts, const store* events, const char** failed_task, json_t** cells) {
  /* open every cell for its key */
  json_t* list = json_array();
  df_status status = list ? DF_OK : DF_E_NOMEM;
  for (int i = 0; i < p->n && status == DF_OK; i++) {
    cell c;
    *failed_task = p->cell[i].task;
    if (stop_flag) {
      status = df_fail(DF_E_INTERRUPTED, "interrupted before the first cell");
      break;
    }
    status = cell_open(&c, p->cell[i].task, p->cell[i].method, p->cell[i].seed, opts);
    if (status == DF_OK) {
      memcpy(p->cell[i].key, c.key, sizeof c.key);
      memcpy(p->cell[i].training_key, c.training_key, sizeof c.training_key);
      json_t* one = json_pack("{s:s,s:s,s:I,s:s}", "task", c.config.task_name, "method", c.method->name, "seed",
                              (json_int_t)c.seed, "key", c.key);
      status = check_name(p, i, list, one);
      if (status == DF_OK && (status = check_weights(p, &c, events)) != DF_OK) *failed_task = NULL;
      json_array_append_new(list, one);
    }
    cell_close(&c);
  }
  *cells = list;
  if (status == DF_OK) return DF_OK;
  json_decref(list);
  *cells = NULL;
  return status;
}

df_status plan_record(plan* p, const options* opts, store* events, const char** failed_task) {
  json_t* cells;
  DF_TRY(plan_keys(p, opts, events, failed_task, &cells));
  const df_status status = plan_append(opts->profile, cells, events);
  json_decref(cells);
  return status;
}

df_status plan_open(const plan* p, int i, const options* opts, cell* c) {
  const planned_cell* planned = &p->cell[i];
  DF_TRY(cell_open(c, planned->task, planned->method, planned->seed, opts));
  if (strcmp(c->key, planned->key) == 0) return DF_OK;
  return df_fail(DF_E_MISMATCH,
                 "the model, data or settings of task %s changed while the program ran; repeat the command to run all "
                 "cells with the new ones",
                 c->config.task_name);
}

/* ---- tasks of which no cell can run ---- */

/* `name` receives task and method; *data, unless NULL, the result of the check of the demonstrations if the method
 * trains on them */
static df_status try_cell(const planned_cell* p, const options* opts, df_status* data, char name[128]) {
  cell c;
  df_status status = cell_open(&c, p->task, p->method, p->seed, opts);
  snprintf(name, 128, "%.60s %.48s", c.config.task_name[0] ? c.config.task_name : p->task, p->method->name);
  if (status == DF_OK) status = cell_load(&c);
  if (status == DF_OK) status = cell_create(&c);
  if (status == DF_OK && data) *data = check_cell_data(&c);
  cell_close(&c);
  return status;
}

bool plan_has_to_run(const plan* p, int i, shard part, const store* events) {
  return shard_has(part, i) && !store_find(events, p->cell[i].key);
}

/* whether a cell before cell i that this process has to run is of the same task and method */
static bool tried_before(const plan* p, int i, shard part, const store* events) {
  for (int j = 0; j < i; j++) {
    const bool same = strcmp(p->cell[j].task, p->cell[i].task) == 0 && p->cell[j].method == p->cell[i].method;
    if (same && plan_has_to_run(p, j, part, events)) return true;
  }
  return false;
}

/* DF_OK if a cell of the task can be created, or none is to be run; else the error of the first one, or of the check of
 * its demonstrations. Warns of methods whose cells will fail while others run. */
static df_status check_task(const plan* p, const char* task, shard part, const options* opts, const store* events) {
  df_status status = DF_OK, data = DF_OK;
  char first[1024] = "";
  bool one_runs = false, to_check = p->check_data;
  text warnings = {0};
  for (int i = 0; i < p->n; i++) {
    const planned_cell* c = &p->cell[i];
    char name[128];
    if (strcmp(c->task, task) != 0 || !plan_has_to_run(p, i, part, events)) continue;
    if (tried_before(p, i, part, events)) continue; /* other seeds fail in the same way */
    if (stop_flag) {
      text_clear(&warnings);
      return df_fail(DF_E_INTERRUPTED, "interrupted before the first cell");
    }
    const bool checks = to_check && (c->method->flags & DF_METHOD_TRAINS);
    const df_status one = try_cell(c, opts, checks ? &data : NULL, name);
    if (data != DF_OK) {
      text_clear(&warnings);
      return data;
    }
    to_check &= !(checks && one == DF_OK);
    one_runs |= one == DF_OK;
    if (one == DF_OK) continue;
    text_add(&warnings, "dynaflow: warning: %s will fail: %s\n", name, df_error_message());
    if (status == DF_OK) snprintf(first, sizeof first, "%s", df_error_message());
    if (status == DF_OK) status = one;
  }
  char* rest = warnings.data;
  for (char* line = strsep(&rest, "\n"); one_runs && line && line[0]; line = strsep(&rest, "\n")) {
    print_line(stderr, "%s", line);
  }
  text_clear(&warnings);
  return one_runs || status == DF_OK ? DF_OK : df_fail(status, "%s", first);
}

df_status plan_check(const plan* p, shard part, const options* opts, const store* events, const char** failed_task) {
  /* the cells of a task follow one another */
  for (int i = 0; i < p->n; i++) {
    *failed_task = p->cell[i].task;
    const bool first = i == 0 || strcmp(p->cell[i - 1].task, p->cell[i].task) != 0;
    if (first) DF_TRY(check_task(p, p->cell[i].task, part, opts, events));
  }
  return DF_OK;
}

/* ---- networks that several cells train ---- */

int plan_network(const df_method* method, const char* network) {
  for (int i = 0; i < DF_LOGS_MAX && method->networks[i]; i++) {
    if (strcmp(method->networks[i], network) == 0) return i;
  }
  return -1;
}

bool plan_wants_network(const plan* p, int but, const char* training_key, const char* network, const store* events) {
  for (int i = 0; i < p->n; i++) {
    const planned_cell* c = &p->cell[i];
    const bool same = i != but && strcmp(c->training_key, training_key) == 0 && plan_network(c->method, network) >= 0;
    if (same && !store_find(events, c->key)) return true;
  }
  return false;
}

/* whether the file in training/shared/ is of a network that a cell of the plan trains; `events`, unless NULL: a cell
 * that is not done */
static bool is_file_of(const plan* p, const char* file, const store* events) {
  bool found = false;
  for (int i = 0; i < p->n && !found; i++) {
    const planned_cell* c = &p->cell[i];
    for (int k = 0; k < DF_LOGS_MAX && c->method->networks[k]; k++) {
      char* name = shared_network_file(c->training_key, c->method->networks[k]);
      found |= strcmp(name, file) == 0 && !(events && store_find(events, c->key));
      df_free(name);
    }
  }
  return found;
}

/* whether the folder has nothing but shared/: no unfinished training, of this or another process */
static bool is_idle(const char* training) {
  int others = 0;
  DIR* dir = opendir(training);
  const struct dirent* entry;
  while (dir && (entry = readdir(dir))) others += entry->d_name[0] != '.' && strcmp(entry->d_name, "shared") != 0;
  if (dir) closedir(dir);
  return dir && others == 0;
}

void plan_drop_networks(const plan* p, const char* folder, const store* events) {
  char* training = format_text("%s/training", folder);
  char* shared = format_text("%s/shared", training);
  const bool idle = is_idle(training);
  DIR* dir = opendir(shared);
  const struct dirent* entry;
  while (dir && (entry = readdir(dir))) {
    const char* name = entry->d_name;
    if (name[0] == '.' || is_file_of(p, name, events) || !(idle || is_file_of(p, name, NULL))) continue;
    char* path = format_text("%s/%s", shared, name);
    unlink(path);
    df_free(path);
  }
  if (dir) closedir(dir);
  /* only if they are empty */
  if (rmdir(shared) == 0) rmdir(training);
  df_free(shared);
  df_free(training);
}
