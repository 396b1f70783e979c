/* cmd_run.c: dynaflow run TASK...: every cell of the plan tasks x methods x seeds; finished cells are skipped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "commands.h"
#include "dynaflow/core/alloc.h"
#include "failure.h"
#include "rows.h"

enum { TASKS_MAX = 32, METHODS_MAX = 32 };

typedef struct arguments {
  options common;
  int n_tasks;
  const char* task[TASKS_MAX];
  int n_methods; /* 0: those of the task */
  const df_method* method[METHODS_MAX];
  const char* out; /* NULL: results/runs/<first task>-<profile> */
} arguments;

static void add_methods(arguments* a, char* list, struct argp_state* state) {
  for (char* name = strtok(list, ","); name; name = strtok(NULL, ",")) {
    const df_method* method = df_method_by_name(name);
    if (!method) {
      const df_method* const* all;
      const char* names[METHODS_MAX];
      const int n = df_methods(&all);
      char hint[96];
      for (int i = 0; i < n; i++) names[i] = all[i]->name;
      argp_error(state, "unknown method '%s'%s (see 'dynaflow list methods')", name,
                 suggestion(name, n, names, hint, sizeof hint));
      return;
    }
    if (a->n_methods == METHODS_MAX) argp_error(state, "more than %d methods", METHODS_MAX);
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
      add_methods(a, value, state);
      return 0;
    case 'o':
      a->out = value;
      return 0;
    case ARGP_KEY_ARG:
      if (a->n_tasks == TASKS_MAX) argp_error(state, "more than %d tasks", TASKS_MAX);
      a->task[a->n_tasks++] = value;
      return 0;
    case ARGP_KEY_NO_ARGS:
      argp_error(state, "which task? (see 'dynaflow list tasks')");
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option own_options[] = {
    {"method", 'm', "M,..", 0, "methods to run (default: those the task names)", 0},
    {"out", 'o', "DIR", 0, "folder of the run (default: results/runs/<task>-<profile>)", 0},
    {0}};
static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
static const struct argp parser = {
    .options = own_options,
    .parser = parse,
    .args_doc = "TASK...",
    .doc = "Trains, samples and evaluates every cell of the plan tasks x methods x seeds, and appends a record of each to "
           "DIR/events.jsonl. Cells that are done under the same settings, data and versions are skipped.",
    .children = children};

/* what the plan came to */
typedef struct tally {
  int cells, ran, skipped, failed;
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

static df_status run_cell(const arguments* a, const char* task, const df_method* method, uint64_t seed,
                          const char* folder, store* events, tally* t) {
  cell c;
  df_status status = cell_open(&c, task, method, seed, &a->common);
  if (status != DF_OK) {
    /* settings, models and data are the user's to mend: the plan stops here */
    cell_close(&c);
    t->first_failure = status;
    return status;
  }
  t->cells++;
  const json_t* done = store_find(events, c.key);
  if (done) {
    t->skipped++;
    if (!a->common.quiet) fprintf(stderr, "%s %s seed %llu: done before\n", task, method->name, (unsigned long long)seed);
  } else {
    status = cell_run(&c, folder, events);
    done = store_find(events, c.key);
    if (status == DF_OK) t->ran++;
  }
  if (done) collect(done, &t->results);
  if (status != DF_OK) {
    t->failed++;
    t->first_failure = status;
    if (status != DF_E_INTERRUPTED) {
      fprintf(stderr, "dynaflow: %s %s seed %llu: %s\n", task, method->name, (unsigned long long)seed,
              df_error_message());
    }
  }
  cell_close(&c);
  return status;
}

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

static df_status run_plan(const arguments* a, const char* folder, store* events, tally* t) {
  for (int i = 0; i < a->n_tasks; i++) {
    const df_method* method[METHODS_MAX];
    int n;
    const df_status status = methods_of(a, a->task[i], method, &n);
    if (status != DF_OK) {
      t->first_failure = status;
      return status;
    }
    for (int s = 0; s < a->common.n_seeds; s++) {
      for (int m = 0; m < n; m++) {
        const int before = t->failed;
        const df_status cell_status = run_cell(a, a->task[i], method[m], a->common.seeds[s], folder, events, t);
        /* a failed cell is recorded and the others go on; bad input and interrupts end the plan */
        if (cell_status == DF_E_INTERRUPTED || (cell_status != DF_OK && t->failed == before)) return cell_status;
      }
    }
  }
  return DF_OK;
}

int cmd_run(int argc, char** argv) {
  arguments a = {.common = options_default()};
  argp_parse(&parser, argc, argv, 0, NULL, &a);
  df_status status = open_blas(&a.common);
  if (status != DF_OK) return report_failure(status);

  char folder[4096];
  if (a.out) {
    snprintf(folder, sizeof folder, "%s", a.out);
  } else {
    const char* base = strrchr(a.task[0], '/');
    snprintf(folder, sizeof folder, "results/runs/%s-%s", base && base[1] ? base + 1 : a.task[0], a.common.profile);
  }
  store* events;
  status = store_open(folder, &events);
  if (status != DF_OK) return report_failure(status);
  cell_catch_signals();

  tally t = {.results = rows_new()};
  status = run_plan(&a, folder, events, &t);
  int code = EXIT_DONE;
  if (status == DF_E_INTERRUPTED) {
    fprintf(stderr, "dynaflow: interrupted; %d cells are done and kept in %s\n", t.ran + t.skipped, folder);
    code = EXIT_INTERRUPTED;
  } else if (status != DF_OK && t.failed == 0) {
    code = report_task_failure(status, a.task[0]);
  } else if (t.failed) {
    code = report_failure(t.first_failure);
  }
  if (a.common.json) rows_print(&t.results, &a.common);
  if (!a.common.json && !a.common.quiet) {
    printf("%d cells: %d run, %d done before, %d failed. Records: %s/events.jsonl\n", t.cells, t.ran, t.skipped, t.failed,
           folder);
  }
  rows_free(&t.results);
  store_close(events);
  return code;
}
