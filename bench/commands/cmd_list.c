/* cmd_list.c: dynaflow list [KIND [PATTERN]]: one row per task, method, metric, generator of demonstrations, profile or
 * setting. */
#define _GNU_SOURCE
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/data/generator.h"
#include "dynaflow/flow/method.h"
#include "dynaflow/gait/generators.h"
#include "dynaflow/metrics/defs.h"
#include "exit_code.h"
#include "json.h"
#include "lookup.h"
#include "methods.h"
#include "options.h"
#include "rows.h"
#include "suggestion.h"
#include "terminal.h"
#include "text.h"

/* X(kind, whether `dynaflow list` without an argument lists it) */
#define KIND_LIST(X)  \
  X(tasks, true)      \
  X(methods, true)    \
  X(metrics, true)    \
  X(generators, true) \
  X(profiles, true)   \
  X(settings, false)
#define KIND_NAME(name, always) #name,
static const char* const kinds[] = {KIND_LIST(KIND_NAME)};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

typedef struct arguments {
  options common;
  const char* kind;    /* NULL: those that are always listed */
  const char* pattern; /* NULL: all rows */
} arguments;

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  char hint[96];
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case ARGP_KEY_ARG:
      if (a->pattern) argp_error(state, "unexpected argument '%s': at most a kind and a pattern", value);
      if (a->kind) {
        a->pattern = parse_text(state, "PATTERN", value);
        return 0;
      }
      for (int i = 0; i < KINDS; i++) {
        if (strcmp(value, kinds[i]) == 0) a->kind = kinds[i];
      }
      if (!a->kind) {
        argp_error(state, "cannot list '%s'%s (choose tasks, methods, metrics, generators, profiles or settings)",
                   value, suggestion(value, KINDS, kinds, hint, sizeof hint));
      }
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
const struct argp list_argp = {
    .parser = parse,
    .args_doc = "[tasks|methods|metrics|generators|profiles|settings [PATTERN]]",
    .doc =
        "Lists tasks, methods, metrics, generators of demonstrations, profiles or settings, one per line.\n\n"
        "Tasks are the folders with a task.yaml in --tasks, else in ./tasks and beside "
        "the program. Methods include those of --plugin. Profiles are those of the tasks, with the settings that they "
        "change. Settings are the keys of a task file and of --set, with default, range, unit and meaning; without an "
        "argument, all but the settings are listed. PATTERN selects the names that contain it, or that match it if it "
        "has *, ? or [; of profiles also the tasks.\v"
        "Exits with 0, or 2 when a task cannot be read or no name matches.",
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

/* ---- profiles ---- */

typedef struct profile_rows {
  rows* out;
  const char* task;
  char profile[DF_NAME_MAX]; /* of the row that is being collected; "" before the first */
  text changes;
} profile_rows;

static void end_profile(profile_rows* p) {
  if (p->profile[0]) {
    rows_add_object(p->out, json_pack("{s:s,s:s,s:s,s:s}", "kind", "profile", "name", p->profile, "task", p->task,
                                      "summary", p->changes.n ? text_of(&p->changes) : "the task's own settings"));
  }
  text_clear(&p->changes);
}

static void add_change(void* context, const char* profile, const char* key, const char* value) {
  profile_rows* p = context;
  if (strcmp(p->profile, profile) != 0) end_profile(p);
  snprintf(p->profile, sizeof p->profile, "%s", profile);
  if (key[0]) text_add(&p->changes, "%s%s=%s", p->changes.n ? " " : "", key, value);
}

static df_status list_profiles(const options* opts, rows* out) {
  DF_TRY(check_tasks_option(opts));
  char** names;
  const int n = task_names(opts, &names);
  df_status status = DF_OK;
  for (int i = 0; i < n && status == DF_OK; i++) {
    profile_rows p = {.out = out, .task = names[i]};
    char *folder = NULL, *file = NULL;
    status = task_folder(opts, names[i], &folder);
    if (status == DF_OK) file = df_path_join(folder, "task.yaml");
    if (status == DF_OK) status = file ? df_config_profiles(file, add_change, &p) : DF_E_NOMEM;
    end_profile(&p);
    df_free(file);
    df_free(folder);
  }
  task_names_free(n, names);
  return status;
}

/* ---- settings ---- */

static void list_settings(rows* out) {
  const df_config_key* keys;
  const int n = df_config_keys(&keys);
  for (int i = 0; i < n; i++) {
    const df_config_key* k = &keys[i];
    const bool names = strcmp(k->kind, "NAMES") == 0 || strcmp(k->kind, "ITEMS") == 0;
    const bool numbers = strcmp(k->kind, "TEXT") != 0 && !names;
    char* range = numbers ? format_text("%.15g .. %.15g", k->low, k->high) : format_text("%s", k->choices);
    const char* several = strcmp(k->kind, "LIST") == 0 ? "numbers" : names ? "names" : NULL;
    const char* one = strcmp(k->kind, "INT") == 0 ? "whole number" : strcmp(k->kind, "REAL") == 0 ? "number" : "text";
    rows_add_object(out, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "kind", "setting", "name", k->name, "type",
                                   several ? several : one, "default", k->default_text, "range", range, "unit", k->unit,
                                   "summary", k->help));
    df_free(range);
  }
}

/* ---- all kinds ---- */

static bool matches(const json_t* one, const char* field, const char* pattern) {
  const char* name = string_of(one, field);
  return strpbrk(pattern, "*?[") ? fnmatch(pattern, name, 0) == 0 : strstr(name, pattern) != NULL;
}

/* removes the rows that do not match; DF_E_ARG if none is left */
static df_status select_rows(rows* r, const char* pattern, const char* kind) {
  const bool any = json_array_size(r->list) > 0;
  for (size_t i = json_array_size(r->list); i-- > 0;) {
    const json_t* one = json_array_get(r->list, i);
    const bool of_task = strcmp(kind, "profiles") == 0 && matches(one, "task", pattern);
    if (!of_task && !matches(one, "name", pattern)) json_array_remove(r->list, i);
  }
  if (!any || json_array_size(r->list) > 0) return DF_OK;
  return df_fail(DF_E_ARG, "no name among the %s matches '%s' (see 'dynaflow list %s')", kind, pattern, kind);
}

/* prints one table per kind, since their columns differ; with --json, adds the rows to `all` */
static int list_kind(const char* kind, bool first, const arguments* a, rows* all) {
  const options* opts = &a->common;
  rows one = rows_new();
  df_status status = DF_OK;
  if (strcmp(kind, "tasks") == 0) status = list_tasks(opts, &one);
  if (strcmp(kind, "methods") == 0) list_methods(&one);
  if (strcmp(kind, "metrics") == 0) list_metrics(&one);
  if (strcmp(kind, "generators") == 0) list_generators(&one);
  if (strcmp(kind, "profiles") == 0) status = list_profiles(opts, &one);
  if (strcmp(kind, "settings") == 0) list_settings(&one);
  if (status == DF_OK && a->pattern) status = select_rows(&one, a->pattern, kind);
  if (opts->json) {
    json_array_extend(all->list, one.list);
  } else if (status == DF_OK) {
    if (!first) print_line(stdout, "%s", "");
    rows_print(&one, opts);
  }
  rows_free(&one);
  return report_failure(status);
}

int cmd_list(int argc, char** argv) {
#define KIND_ALWAYS(name, always) always,
  static const bool always[] = {KIND_LIST(KIND_ALWAYS)};
  arguments a = {.common = options_default()};
  options_parse(&list_argp, argc, argv, &a);
  rows all = rows_new();
  int code = EXIT_DONE;
  for (int i = 0; i < KINDS && code == EXIT_DONE; i++) {
    if (a.kind ? strcmp(a.kind, kinds[i]) == 0 : always[i]) code = list_kind(kinds[i], i == 0 || a.kind, &a, &all);
  }
  if (a.common.json && code == EXIT_DONE) rows_print(&all, &a.common);
  rows_free(&all);
  return code;
}
