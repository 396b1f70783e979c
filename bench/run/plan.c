#define _POSIX_C_SOURCE 200809L
#include "plan.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "key.h"
#include "lookup.h"
#include "provenance.h"
#include "stop.h"
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

df_status plan_record(plan* p, const options* opts, store* events, const char** failed_task) {
  /* open every cell for its key */
  char started[32];
  json_t* cells = json_array();
  json_t* record = json_pack("{s:i,s:s,s:s,s:s,s:o}", "schema", 1, "type", "plan", "started", iso_time(started),
                             "profile", opts->profile, "cells", cells);
  df_status status = record ? DF_OK : DF_E_NOMEM;
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
      json_array_append_new(cells, json_pack("{s:s,s:s,s:I,s:s}", "task", c.config.task_name, "method", c.method->name,
                                             "seed", (json_int_t)c.seed, "key", c.key));
    }
    cell_close(&c);
  }
  if (status == DF_OK) status = record_seal(record);
  /* a shard's file has the whole plan, too: it may be the only file that is left, or that arrived from a cluster */
  const bool known = ends_with(store_records(events), record) && ends_with(store_own(events), record);
  if (status == DF_OK && !known) status = store_append(events, record);
  json_decref(record);
  return status;
}

/* ---- tasks of which no cell can run ---- */

static df_status try_cell(const planned_cell* p, const options* opts) {
  cell c;
  df_status status = cell_open(&c, p->task, p->method, p->seed, opts);
  if (status == DF_OK) status = cell_load(&c);
  if (status == DF_OK) status = cell_create(&c);
  cell_close(&c);
  return status;
}

/* whether an earlier cell is of the same task and, unless `method` is NULL, of this method */
static bool is_before(const plan* p, int i, const df_method* method) {
  for (int j = 0; j < i; j++) {
    if (strcmp(p->cell[j].task, p->cell[i].task) == 0 && (!method || p->cell[j].method == method)) return true;
  }
  return false;
}

/* DF_OK if a cell of the task of cell `first` can be created, or none is to be run; else the error of the first one */
static df_status check_task(const plan* p, int first, shard part, const options* opts, const store* events) {
  df_status status = DF_OK;
  char message[1024] = "";
  for (int i = first; i < p->n; i++) {
    const planned_cell* c = &p->cell[i];
    const bool mine = shard_has(part, i) && !store_find(events, c->key);
    /* other seeds fail in the same way */
    if (!mine || strcmp(c->task, p->cell[first].task) != 0 || is_before(p, i, c->method)) continue;
    if (stop_flag) return df_fail(DF_E_INTERRUPTED, "interrupted before the first cell");
    const df_status one = try_cell(c, opts);
    if (one == DF_OK) return DF_OK;
    if (status == DF_OK) snprintf(message, sizeof message, "%s", df_error_message());
    if (status == DF_OK) status = one;
  }
  return status == DF_OK ? DF_OK : df_fail(status, "%s", message);
}

df_status plan_check(const plan* p, shard part, const options* opts, const store* events, const char** failed_task) {
  for (int i = 0; i < p->n; i++) {
    *failed_task = p->cell[i].task;
    if (!is_before(p, i, NULL)) DF_TRY(check_task(p, i, part, opts, events));
  }
  return DF_OK;
}

/* ---- networks that several cells train ---- */

bool plan_trains(const planned_cell* c, const char* network) {
  for (int i = 0; i < DF_LOGS_MAX && c->method->networks[i]; i++) {
    if (strcmp(c->method->networks[i], network) == 0) return true;
  }
  return false;
}

bool plan_wants_network(const plan* p, int but, const char* training_key, const char* network, const store* events) {
  for (int i = 0; i < p->n; i++) {
    const planned_cell* c = &p->cell[i];
    const bool same = i != but && strcmp(c->training_key, training_key) == 0 && plan_trains(c, network);
    if (same && !store_find(events, c->key)) return true;
  }
  return false;
}

void plan_drop_networks(const plan* p, const char* folder, const store* events) {
  char* shared = format_text("%s/training/shared", folder);
  for (int i = 0; i < p->n && df_file_exists(shared); i++) {
    const planned_cell* c = &p->cell[i];
    for (int k = 0; k < DF_LOGS_MAX && c->method->networks[k]; k++) {
      if (plan_wants_network(p, -1, c->training_key, c->method->networks[k], events)) continue;
      char* path = shared_network_path(folder, c->training_key, c->method->networks[k]);
      unlink(path);
      df_free(path);
    }
  }
  /* only if they are empty */
  char* training = df_path_folder(shared);
  if (rmdir(shared) == 0 && training) rmdir(training);
  df_free(training);
  df_free(shared);
}
