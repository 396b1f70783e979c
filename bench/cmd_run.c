/* cmd_run.c: dynaflow run TASK...: every cell of the plan tasks x methods x seeds; finished cells are skipped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "commands.h"
#include "dynaflow/core/alloc.h"
#include "failure.h"
#include "rows.h"

enum { TASKS_MAX = 32, PLAN_MAX = 4096 };

typedef struct arguments {
  options common;
  int n_tasks;
  const char* task[TASKS_MAX];
  int n_lists; /* --method as given: a --plugin behind it may hold one of them */
  char* list[METHODS_KNOWN_MAX];
  int n_methods; /* 0: those of the task */
  const df_method* method[METHODS_KNOWN_MAX];
  double save_every; /* s; < 0: the default */
  const char* out;   /* NULL: results/runs/<first task>-<profile> */
} arguments;

static void add_methods(arguments* a, char* list, struct argp_state* state) {
  for (char* name = strtok(list, ","); name; name = strtok(NULL, ",")) {
    const df_method* method = df_method_by_name(name);
    if (!method) {
      const df_method* const* all;
      const char* names[METHODS_KNOWN_MAX];
      const int n = df_methods(&all);
      char hint[96];
      for (int i = 0; i < n; i++) names[i] = all[i]->name;
      argp_error(state, "unknown method '%s'%s (see 'dynaflow list methods')", name,
                 suggestion(name, n, names, hint, sizeof hint));
      return;
    }
    if (a->n_methods == METHODS_KNOWN_MAX) argp_error(state, "more than %d methods", METHODS_KNOWN_MAX);
    a->method[a->n_methods++] = method;
  }
}

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case 'm':
      if (a->n_lists == METHODS_KNOWN_MAX) argp_error(state, "more than %d times --method", METHODS_KNOWN_MAX);
      a->list[a->n_lists++] = value;
      return 0;
    case 'o':
      a->out = value;
      return 0;
    case 'e':
      a->save_every = parse_number(state, "--save-every", value, 0, 1e9);
      return 0;
    case ARGP_KEY_ARG:
      if (a->n_tasks == TASKS_MAX) argp_error(state, "more than %d tasks", TASKS_MAX);
      a->task[a->n_tasks++] = value;
      return 0;
    case ARGP_KEY_NO_ARGS:
      argp_error(state, "which task? (see 'dynaflow list tasks')");
      return 0;
    case ARGP_KEY_END:
      for (int i = 0; i < a->n_lists; i++) add_methods(a, a->list[i], state);
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option own_options[] = {
    {"method", 'm', "M,..", 0, "methods to run (default: those the task names)", 0},
    {"save-every", 'e', "S", 0, "seconds of training that a kill may cost (default: 30)", 0},
    {"out", 'o', "DIR", 0, "folder of the run (default: results/runs/<task>-<profile>)", 0},
    {0}};
static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
static const struct argp parser = {
    .options = own_options,
    .parser = parse,
    .args_doc = "TASK...",
    .doc =
        "Trains, samples and evaluates every cell of the plan tasks x methods x seeds, and appends a record of each to "
        "DIR/events.jsonl. Cells that are done under the same settings, data and versions are skipped.",
    .children = children};

/* ---- the plan ---- */

typedef struct planned_cell {
  const char* task;
  const df_method* method;
  uint64_t seed;
} planned_cell;

typedef struct plan {
  int n;
  planned_cell cell[PLAN_MAX];
} plan;

/* the methods of a task: as asked for, else as the task names them */
static df_status methods_of(const arguments* a, const char* task, const df_method** method, int* n) {
  memcpy(method, a->method, sizeof a->method);
  *n = a->n_methods;
  if (*n) return DF_OK;
  df_config config;
  df_search search = {0};
  const df_status status = resolve_task(task, NULL, NULL, &a->common, &config, &search);
  search_clear(&search);
  DF_TRY(status);
  for (int i = 0; i < config.task_methods.n; i++) {
    method[i] = df_method_by_name(config.task_methods.v[i]);
    if (!method[i]) {
      return df_fail(DF_E_CONFIG, "task %s: task.methods: there is no method \"%s\" (see 'dynaflow list methods')",
                     config.task_name, config.task_methods.v[i]);
    }
  }
  *n = config.task_methods.n;
  if (*n == 0) return df_fail(DF_E_CONFIG, "task %s names no task.methods: give --method", config.task_name);
  return DF_OK;
}

static df_status make_plan(const arguments* a, plan* p) {
  p->n = 0;
  for (int i = 0; i < a->n_tasks; i++) {
    const df_method* method[METHODS_KNOWN_MAX];
    int n;
    DF_TRY(methods_of(a, a->task[i], method, &n));
    for (int s = 0; s < a->common.n_seeds; s++) {
      for (int m = 0; m < n; m++) {
        bool twice = false;
        for (int k = 0; k < m; k++) twice |= method[k] == method[m];
        if (twice) continue;
        if (p->n == PLAN_MAX) return df_fail(DF_E_CONFIG, "the plan has more than %d cells", PLAN_MAX);
        p->cell[p->n++] = (planned_cell){a->task[i], method[m], a->common.seeds[s]};
      }
    }
  }
  return DF_OK;
}

/* Writes what is about to be done, once: a report counts the cells that never came to run. Every cell is opened for its
 * key, so bad settings, models and data are found before the first one trains. */
static df_status record_plan(const arguments* a, const plan* p, store* events, const char** failed_task) {
  json_t* cells = json_array();
  json_t* record =
      json_pack("{s:i,s:s,s:s,s:o}", "schema", 1, "type", "plan", "profile", a->common.profile, "cells", cells);
  df_status status = DF_OK;
  for (int i = 0; i < p->n && status == DF_OK; i++) {
    cell c;
    *failed_task = p->cell[i].task;
    status = cell_open(&c, p->cell[i].task, p->cell[i].method, p->cell[i].seed, &a->common);
    if (status == DF_OK) {
      json_array_append_new(cells, json_pack("{s:s,s:s,s:I,s:s}", "task", c.config.task_name, "method", c.method->name,
                                             "seed", (json_int_t)c.seed, "key", c.key));
    }
    cell_close(&c);
  }
  if (status == DF_OK) status = record_seal(record);
  size_t i;
  json_t* old;
  bool known = false;
  json_array_foreach(store_records(events), i, old) {
    if (strcmp(json_string_value(json_object_get(old, "type")), "plan") == 0) known = json_equal(old, record);
  }
  if (status == DF_OK && !known) status = store_append(events, record);
  json_decref(record);
  return status;
}

/* ---- running it ---- */

/* what the plan came to */
typedef struct tally {
  int ran, skipped, failed;
  df_status first_failure;
  rows results;
} tally;

/* shows the rows of a finished cell among all of the run's */
static void collect(const json_t* record, rows* out) {
  size_t i;
  json_t* metric;
  json_array_foreach(json_object_get(record, "rows"), i, metric) {
    json_t* one = json_object();
    static const char* const shared[] = {"task", "method", "seed", "profile"};
    for (size_t k = 0; k < sizeof shared / sizeof shared[0]; k++) {
      json_object_set(one, shared[k], json_object_get(record, shared[k]));
    }
    json_object_update(one, metric);
    rows_add_object(out, one);
  }
}

static df_status run_cell(const arguments* a, const planned_cell* p, const char* folder, store* events, tally* t) {
  char name[160];
  snprintf(name, sizeof name, "%.60s %.48s seed %llu", p->task, p->method->name, (unsigned long long)p->seed);
  cell c;
  df_status status = cell_open(&c, p->task, p->method, p->seed, &a->common);
  const json_t* done = status == DF_OK ? store_find(events, c.key) : NULL;
  if (done) {
    t->skipped++;
    cell_forget_training(&c, folder); /* a kill may have come between the record and the tidying up */
    if (!a->common.quiet) fprintf(stderr, "%s: done before\n", name);
  } else if (status == DF_OK) {
    if (a->save_every >= 0) c.save_every = a->save_every;
    status = cell_run(&c, folder, events);
    done = store_find(events, c.key);
  }
  if (done) collect(done, &t->results);
  if (status != DF_OK) {
    if (t->failed++ == 0) t->first_failure = status;
    if (status != DF_E_INTERRUPTED) fprintf(stderr, "dynaflow: %s: %s\n", name, df_error_message());
  } else if (c.task) {
    t->ran++;
  }
  cell_close(&c);
  return status;
}

static int run_plan(const arguments* a, const plan* p, const char* folder, store* events) {
  tally t = {.results = rows_new()};
  int code = EXIT_DONE;
  for (int i = 0; i < p->n && code != EXIT_INTERRUPTED; i++) {
    /* a failed cell is recorded and the others go on; what does not train does not look at the signal itself */
    if (cell_stop || run_cell(a, &p->cell[i], folder, events, &t) == DF_E_INTERRUPTED) code = EXIT_INTERRUPTED;
  }
  if (code == EXIT_INTERRUPTED) {
    fprintf(stderr, "dynaflow: interrupted; %d of %d cells are done and kept in %s\n", t.ran + t.skipped, p->n, folder);
  } else if (t.failed) {
    code = exit_code_of(t.first_failure);
  }
  if (a->common.json) {
    rows_print(&t.results, &a->common);
  } else if (!a->common.quiet) {
    printf("%d cells: %d run, %d done before, %d failed. Records: %s/events.jsonl\n", p->n, t.ran, t.skipped, t.failed,
           folder);
  }
  rows_free(&t.results);
  return code;
}

int cmd_run(int argc, char** argv) {
  arguments a = {.common = options_default(), .save_every = -1};
  argp_parse(&parser, argc, argv, 0, NULL, &a);
  char folder[4096];
  if (a.out) {
    snprintf(folder, sizeof folder, "%s", a.out);
  } else {
    /* a task may be given as the path of its folder */
    size_t n = strlen(a.task[0]);
    while (n > 1 && a.task[0][n - 1] == '/') n--;
    size_t from = n;
    while (from > 0 && a.task[0][from - 1] != '/') from--;
    snprintf(folder, sizeof folder, "results/runs/%.*s-%s", (int)(n - from), a.task[0] + from, a.common.profile);
  }

  static plan p;
  df_status status = make_plan(&a, &p);
  if (status != DF_OK) return report_failure(status);
  status = open_blas(&a.common);
  if (status != DF_OK) return report_failure(status);
  store* events;
  status = store_open(folder, &events);
  if (status != DF_OK) return report_failure(status);
  cell_catch_signals();
  const char* failed_task = a.task[0];
  status = record_plan(&a, &p, events, &failed_task);
  const int code = status == DF_OK ? run_plan(&a, &p, folder, events) : report_task_failure(status, failed_task);
  store_close(events);
  return code;
}
