/* cmd_list.c: dynaflow list [tasks|methods|metrics|generators]: one row per task, method, metric or generator of
 * demonstrations. */
#include <stdio.h>
#include <string.h>

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/generator.h"
#include "dynaflow/flow/method.h"
#include "dynaflow/gait/generators.h"
#include "dynaflow/metrics/defs.h"
#include "exit_code.h"
#include "lookup.h"
#include "methods.h"
#include "options.h"
#include "rows.h"
#include "suggestion.h"
#include "terminal.h"
#include "text.h"

typedef struct arguments {
  options common;
  const char* kind; /* NULL: all kinds */
} arguments;

enum { KINDS = 4 };
static const char* const kinds[KINDS] = {"tasks", "methods", "metrics", "generators"};

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  char hint[96];
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case ARGP_KEY_ARG:
      if (a->kind)
        argp_error(state, "unexpected argument '%s': at most one of tasks, methods, metrics, generators", value);
      for (int i = 0; i < KINDS; i++) {
        if (strcmp(value, kinds[i]) == 0) a->kind = kinds[i];
      }
      if (!a->kind) {
        argp_error(state, "cannot list '%s'%s (choose tasks, methods, metrics or generators)", value,
                   suggestion(value, KINDS, kinds, hint, sizeof hint));
      }
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
static const struct argp parser = {
    .parser = parse,
    .args_doc = "[tasks|methods|metrics|generators]",
    .doc =
        "Lists tasks, methods, metrics and generators of demonstrations, one per line.\n\n"
        "Tasks are the folders with a task.yaml in --tasks, else in ./tasks and beside "
        "the program. Methods include those of --plugin.\v"
        "Exits with 0, or 2 when a task cannot be read.",
    .children = children};

static df_status list_tasks(const options* opts, rows* out) {
  DF_TRY(check_tasks_option(opts));
  char** names;
  const int n = task_names(opts, &names);
  df_status status = DF_OK;
  for (int i = 0; i < n; i++) {
    df_config config;
    df_search search = {0};
    if (status == DF_OK) status = resolve_task(names[i], "", NULL, opts, &config, &search);
    if (status == DF_OK) {
      rows_add_object(out, json_pack("{s:s,s:s,s:s,s:i}", "kind", "task", "name", names[i], "summary",
                                     config.task_title, "version", config.task_version));
    }
    search_clear(&search);
  }
  task_names_free(n, names);
  return status;
}

static void list_methods(rows* out) {
  static const struct {
    unsigned flag;
    const char* word;
  } traits[] = {{DF_METHOD_TRAINS, "trains"},
                {DF_METHOD_NEEDS_ACTIONS, "needs actions"},
                {DF_METHOD_RETURNS_ACTIONS, "returns actions"},
                {DF_METHOD_SEES_DEMONSTRATION, "sees the demonstration"},
                {DF_METHOD_IGNORES_SEED, "ignores its seed"}};
  const df_method* const* methods;
  const int n = df_methods(&methods);
  for (int i = 0; i < n; i++) {
    text words = {0};
    for (size_t t = 0; t < sizeof traits / sizeof traits[0]; t++) {
      if (methods[i]->flags & traits[t].flag) text_add(&words, "%s%s", words.n ? ", " : "", traits[t].word);
    }
    rows_add_object(out, json_pack("{s:s,s:s,s:s,s:s}", "kind", "method", "name", methods[i]->name, "summary",
                                   methods[i]->summary, "traits", text_of(&words)));
    text_clear(&words);
  }
}

static void list_metrics(rows* out) {
  const df_metric_def* defs;
  const int n = df_metric_defs(&defs);
  for (int i = 0; i < n; i++) {
    rows_add_object(out, json_pack("{s:s,s:s,s:s,s:s,s:s}", "kind", "metric", "name", defs[i].name, "unit",
                                   defs[i].unit, "better", defs[i].better, "summary", defs[i].definition));
  }
}

static void list_generators(rows* out) {
  const df_generator* const* generators;
  const int n = df_generators(&generators);
  for (int i = 0; i < n; i++) {
    rows_add_object(out, json_pack("{s:s,s:s,s:s,s:i}", "kind", "generator", "name", generators[i]->name, "summary",
                                   generators[i]->summary, "version", generators[i]->version));
  }
}

/* prints one table per kind, since their columns differ; with --json, adds the rows to `all` */
static int list_kind(const char* kind, bool first, const options* opts, rows* all) {
  rows one = rows_new();
  df_status status = DF_OK;
  if (strcmp(kind, "tasks") == 0) status = list_tasks(opts, &one);
  if (strcmp(kind, "methods") == 0) list_methods(&one);
  if (strcmp(kind, "metrics") == 0) list_metrics(&one);
  if (strcmp(kind, "generators") == 0) list_generators(&one);
  if (opts->json) {
    json_array_extend(all->list, one.list);
  } else {
    if (!first) print_line(stdout, "%s", "");
    rows_print(&one, opts);
  }
  rows_free(&one);
  return report_failure(status);
}

int cmd_list(int argc, char** argv) {
  arguments a = {.common = options_default()};
  argp_parse(&parser, argc, argv, 0, NULL, &a);
  rows all = rows_new();
  int code = EXIT_DONE;
  for (int i = 0; i < KINDS && code == EXIT_DONE; i++) {
    if (!a.kind || strcmp(a.kind, kinds[i]) == 0) code = list_kind(kinds[i], i == 0 || a.kind, &a.common, &all);
  }
  if (a.common.json && code == EXIT_DONE) rows_print(&all, &a.common);
  rows_free(&all);
  return code;
}
