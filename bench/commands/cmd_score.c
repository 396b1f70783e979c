/* cmd_score.c: dynaflow score TASK FILE.npz: judges the trajectories of any program as a method of the suite. */
#include <stdio.h>
#include <string.h>

#include "cell.h"
#include "commands.h"
#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "escape.h"
#include "exit_code.h"
#include "lookup.h"
#include "machine.h"
#include "notes.h"
#include "options.h"
#include "plan.h"
#include "rows.h"
#include "score.h"
#include "score_remove.h"
#include "stop.h"
#include "store.h"
#include "terminal.h"
#include "text.h"

typedef struct arguments {
  options common;
  const char *task, *file;
  const char* name;   /* NULL: the file's */
  const char* out;    /* NULL: results/runs/<task>-<profile> */
  const char* remove; /* NULL: a file is judged */
} arguments;

enum { KEY_REMOVE = 0x600 };

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case 'n':
      a->name = parse_text(state, "--name", value);
      return 0;
    case 'o':
      a->out = parse_text(state, "--out", value);
      return 0;
    case KEY_REMOVE:
      a->remove = parse_text(state, "--remove", value);
      return 0;
    case ARGP_KEY_ARG:
      if (a->file) argp_error(state, "unexpected argument '%s': one task and one file are expected", value);
      *(a->task ? &a->file : &a->task) = value;
      return 0;
    case ARGP_KEY_END:
      if (!a->task) argp_error(state, "missing argument TASK (see 'dynaflow list tasks')");
      if (!a->file && !a->remove) argp_error(state, "missing argument FILE: an npz file of trajectories");
      if (a->file && a->remove)
        argp_error(state, "--remove %s takes no FILE: it removes what was judged under that name", a->remove);
      if (a->name && a->remove) argp_error(state, "--name and --remove cannot be combined");
      expect_one_seed(&a->common, state);
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option own_options[] = {
    {"name", 'n', "M", 0, "name of the method in records and tables (default: the file's name without .npz)", 0},
    {"out", 'o', "DIR", 0, "folder of the run, new or existing (default: results/runs/<task>-<profile>)", 0},
    {"remove", KEY_REMOVE, "M", 0,
     "remove the files that were judged as M from the run: records and copies, of --seed and --profile or of all", 0},
    {0}};
static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
const struct argp score_argp = {
    .options = own_options,
    .parser = parse,
    .args_doc = "TASK FILE\nTASK --remove M",
    .doc =
        "Judges trajectories of any program as a method of the suite.\n\n"
        "FILE is an npz file with `states` [N][H+1][nx] and, if they are known, `actions` [N][H][nu], `conditions` "
        "[N][nc] with `condition_names`, and `dt`. Appends a record with the method name M to the run in DIR, which "
        "report, verify, gate and compare read like the others, and copies FILE to DIR/trajectories. "
        "Trajectories that start in the task's held-out windows are compared with the demonstrations. `dynaflow sample "
        "TASK --method random_action` writes these start states and conditions.\v"
        "Give another --seed for each file of one method. A file that was judged before is not judged again. Without "
        "--profile, a run in DIR that has a single profile is continued with it.\n\n"
        "Exits with 0 when done, 2 on bad input, e.g. an array of another shape, 3 when a file is missing, a measure "
        "has no finite value or --remove finds nothing, 130 when interrupted.",
    .children = children};

/* the name of a file without folder and .npz */
static char* name_of(const char* path) {
  const char* slash = strrchr(path, '/');
  const char* base = slash ? slash + 1 : path;
  const size_t n = strlen(base);
  const bool npz = n > 4 && strcmp(base + n - 4, ".npz") == 0;
  return format_text("%.*s", (int)(npz ? n - 4 : n), base);
}

static void print_result(const arguments* a, const json_t* record, const store* events) {
  rows out = rows_new();
  size_t i;
  json_t* metric;
  json_array_foreach(json_object_get(record, "rows"), i, metric) {
    static const char* const shared[] = {"task", "method", "seed", "profile"};
    json_t* one = json_object();
    for (size_t k = 0; k < sizeof shared / sizeof shared[0]; k++)
      json_object_set(one, shared[k], json_object_get(record, shared[k]));
    json_object_update(one, metric);
    rows_add_object(&out, one);
  }
  if (!a->common.quiet || a->common.json) rows_print(&out, &a->common);
  rows_free(&out);
  if (!a->common.quiet && !a->common.json) print_line(stdout, "Record: %s", store_path(events));
}

/* records the plan of one cell and runs it, unless it is done; returns the exit code */
static int score_cell(const arguments* a, score* s, plan* p, const char* folder, store* events) {
  const char* failed = a->task;
  cell c = {0};
  cell_end end = {.outcome = CELL_DONE};
  df_status status = plan_record(p, &a->common, events, &failed);
  if (status == DF_OK) status = plan_open(p, 0, &a->common, &c);
  if (status == DF_OK && !store_find(events, c.key)) status = score_run(s, &c, folder, events, &end);
  const json_t* record = status == DF_OK ? store_find(events, c.key) : NULL;
  if (record && !a->common.quiet) notes_print(json_object_get(record, "notes"), 0, c.name);
  if (record) print_result(a, record, events);
  int code = report_task_failure(status, a->task);
  if (status == DF_OK && end.outcome != CELL_DONE) {
    print_line(stderr, "dynaflow: %s: %s", c.name, end.reason);
    code = end.outcome == CELL_ERROR         ? exit_code_of(end.status)
           : end.outcome == CELL_INTERRUPTED ? EXIT_INTERRUPTED
                                             : EXIT_INCOMPLETE;
  }
  cell_close(&c);
  return code;
}

static int score_in_folder(const arguments* a, score* s, const char* folder) {
  static plan p;
  store* events;
  const plan_cfg cfg = {
      .opts = &a->common, .n_tasks = 1, .task = {a->task}, .n_methods = 1, .method = {score_method(s)}};
  df_status status = plan_make(&cfg, &p);
  if (status == DF_OK) status = store_open(folder, (shard){0, 0}, &events);
  if (status != DF_OK) return report_failure(status);
  stop_in_order();
  const int code = score_cell(a, s, &p, folder, events);
  store_close(events);
  return code;
}

/* the folder of the run; the caller frees it */
static char* folder_of(const arguments* a) {
  if (a->out) return format_text("%s", a->out);
  char* task = name_of(a->task);
  char* run = format_text("%s-%s", task, a->common.profile);
  char* file = file_name_of(run);
  char* folder = format_text("results/runs/%s", file);
  df_free(task);
  df_free(run);
  df_free(file);
  return folder;
}

static int judge(const arguments* a, const char* folder) {
  score* s;
  char* name = a->name ? format_text("%s", a->name) : name_of(a->file);
  df_status status = score_new(a->file, name, &s);
  if (status == DF_OK) status = open_blas(&a->common);
  int code = report_failure(status);
  if (status == DF_OK) {
    status = score_check(s, a->task, &a->common);
    code = status == DF_OK ? score_in_folder(a, s, folder) : report_task_failure(status, a->task);
  }
  score_free(s);
  df_free(name);
  return code;
}

static int remove_judged(const arguments* a, const char* folder) {
  static df_config config;
  df_search search;
  json_t* removed = NULL;
  df_status status = resolve_task(a->task, NULL, NULL, &a->common, &config, &search);
  search_clear(&search);
  const score_choice choice = {.task = config.task_name,
                               .method = a->remove,
                               .profile = a->common.has_profile ? a->common.profile : NULL,
                               .seed = a->common.has_seeds ? a->common.seeds : NULL};
  if (status == DF_OK) status = score_remove(folder, &choice, &removed);
  if (status != DF_OK) return report_failure(status);
  rows out = rows_new();
  size_t i;
  json_t* one;
  json_array_foreach(removed, i, one) rows_add_object(&out, json_incref(one));
  if (!a->common.quiet || a->common.json) rows_print(&out, &a->common);
  rows_free(&out);
  json_decref(removed);
  return EXIT_DONE;
}

int cmd_score(int argc, char** argv) {
  arguments a = {.common = options_default()};
  options_parse(&score_argp, argc, argv, &a);
  char *folder = folder_of(&a), *profile = NULL;
  /* a run that exists is continued with its own profile */
  const df_status status = a.common.has_profile || a.remove ? DF_OK : score_profile_of(folder, &profile);
  if (profile) a.common.profile = profile;
  const int code = status != DF_OK ? report_failure(status) : a.remove ? remove_judged(&a, folder) : judge(&a, folder);
  df_free(folder);
  df_free(profile);
  return code;
}
