/* cmd_run.c: dynaflow run TASK...: runs every cell of the plan tasks x methods x seeds that is not done yet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "commands.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/flow/method.h"
#include "escape.h"
#include "estimate.h"
#include "exit_code.h"
#include "follow.h"
#include "machine.h"
#include "methods.h"
#include "notes.h"
#include "options.h"
#include "outcome.h"
#include "plan.h"
#include "progress.h"
#include "rows.h"
#include "run_folder.h"
#include "shard.h"
#include "stop.h"
#include "store.h"
#include "suggestion.h"
#include "terminal.h"
#include "text.h"
#include "training_log.h"
#include "weights.h"

enum { KEY_SECONDS = 0x600, KEY_MEMORY, KEY_SAMPLES, KEY_NO_CHECK, KEY_LOG, KEY_WEIGHTS };

typedef struct arguments {
  options common;
  plan_cfg plan;
  int n_lists; /* arguments of --method, resolved after parsing, since a later --plugin may define a method */
  char* list[METHODS_KNOWN_MAX];
  double save_every; /* seconds; < 0: the default */
  stop_limits limits;
  bool store_samples, no_data_check;
  shard part;
  const char* log; /* file for the points of the trainings; NULL: none */
  training_log* points;
  const char* out;     /* NULL: results/runs/<first task>-<profile> */
  const char* trained; /* the run whose weights are taken; NULL: cells train */
  weights source;
  df_ranks* ranks; /* NULL: this process alone */
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
    if (a->plan.n_methods == METHODS_KNOWN_MAX) argp_error(state, "--method: more than %d methods", METHODS_KNOWN_MAX);
    a->plan.method[a->plan.n_methods++] = method;
  }
}

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case 'm':
      if (a->n_lists == METHODS_KNOWN_MAX) argp_error(state, "--method is given more than %d times", METHODS_KNOWN_MAX);
      a->list[a->n_lists++] = parse_list(state, "--method", value);
      return 0;
    case 'o':
      a->out = parse_text(state, "--out", value);
      return 0;
    case 'e':
      a->save_every = parse_number(state, "--save-every", value, 0, 1e9);
      return 0;
    case 's':
      if (!shard_parse(value, &a->part)) {
        argp_error(state, "--shard %s: not of the form I/N with 1 <= I <= N <= 9999, as in 1/2", value);
      }
      return 0;
    case KEY_SECONDS:
      a->limits.seconds = parse_number(state, "--cell-seconds", value, 1e-3, 1e9);
      return 0;
    case KEY_MEMORY:
      a->limits.memory_mib = parse_number(state, "--cell-memory", value, 1, 1e9);
      return 0;
    case KEY_NO_CHECK:
      a->no_data_check = true;
      return 0;
    case KEY_LOG:
      a->log = parse_text(state, "--log", value);
      return 0;
    case KEY_WEIGHTS:
      a->trained = parse_text(state, "--weights", value);
      return 0;
    case KEY_SAMPLES:
      a->store_samples = true;
      return 0;
    case ARGP_KEY_ARG:
      if (a->plan.n_tasks == PLAN_TASKS_MAX) argp_error(state, "more than %d tasks", PLAN_TASKS_MAX);
      a->plan.task[a->plan.n_tasks++] = value;
      return 0;
    case ARGP_KEY_NO_ARGS:
      argp_error(state, "missing argument TASK (see 'dynaflow list tasks')");
      return 0;
    case ARGP_KEY_END:
      for (int i = 0; i < a->n_lists; i++) add_methods(a, a->list[i], state);
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option own_options[] = {
    {"method", 'm', "M,..", 0, "methods to run (default: task.methods of each task)", 0},
    {"shard", 's', "I/N", 0, "run only the cells I, I+N, I+2N, ... of the plan, I = 1 to N (default: all)", 0},
    {"cell-seconds", KEY_SECONDS, "S", 0,
     "end an attempt at a cell after S seconds; the next run resumes its training (default: no limit)", 0},
    {"cell-memory", KEY_MEMORY, "MIB", 0,
     "end a cell when the process uses more than MIB MiB of resident memory (default: no limit)", 0},
    {"save-every", 'e', "S", 0, "save the training state every S seconds (default: 30)", 0},
    {"log", KEY_LOG, "FILE.jsonl", 0, "append the points of every training to FILE.jsonl, one JSON object per line", 0},
    {"store-samples", KEY_SAMPLES, NULL, 0,
     "also write all states and actions that the methods return during evaluation, to DIR/samples", 0},
    {"weights", KEY_WEIGHTS, "RUN", 0,
     "train nothing: take the weights of RUN, which were trained with the same settings, and evaluate them with other "
     "settings eval.*, also on other demonstrations (eval.profile)",
     0},
    {"no-data-check", KEY_NO_CHECK, NULL, 0,
     "train also with demonstrations in which `dynaflow data check` finds what makes training wrong", 0},
    {"out", 'o', "DIR", 0, "folder of the run (default: results/runs/<first task>-<profile>)", 0},
    {0}};
static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
const struct argp run_argp = {
    .options = own_options,
    .parser = parse,
    .args_doc = "TASK...",
    .doc =
        "Trains, samples and evaluates every cell of the plan tasks x methods x seeds.\n\n"
        "Appends one record per cell to DIR/events.jsonl and writes weights to DIR/checkpoints. Cells that are done "
        "with the same settings, data and versions are skipped; all others run, or run again. With --shard, several "
        "processes share a plan and a folder; each appends to a file of its own, DIR/events-<I>of<N>.jsonl, and all "
        "other commands read these files as one run.\v"
        "Ctrl-C records the cell as interrupted, a second Ctrl-C ends the program at once; in both cases the same "
        "command resumes the run.\n\n"
        "Exits with 0 when all cells are done, 2 on bad input or when a cell failed, 3 when a file is missing, or a "
        "cell diverged, exceeded a limit or is locked by another process, 130 when interrupted. If several cells fail, "
        "the first decides.",
    .children = children};

/* ---- running the plan ---- */

/* outcome of the plan so far */
typedef struct tally {
  int mine, at; /* cells of this process, and the number of the current one, from 1 */
  int ran, skipped, failed, elsewhere;
  int code;         /* exit code of the first failure, or EXIT_DONE */
  text checkpoints; /* lines: the cells with weights, at most NAMED_CHECKPOINTS */
  int weights;      /* cells with weights */
  rows results;
} tally;

enum { NAMED_CHECKPOINTS = 12 };

/* names the weights of a finished cell, and how to sample from the first ones */
static void add_checkpoint(const cell* c, const char* task, const char* folder, const json_t* record, tally* t) {
  const char* file = json_string_value(json_object_get(json_object_get(record, "training"), "checkpoint"));
  if (!file || !file[0] || t->weights++ >= NAMED_CHECKPOINTS) return;
  if (t->weights == 1) {
    text_add(&t->checkpoints, "dynaflow sample %s --profile %s --checkpoint %s/%s", task, c->opts->profile, folder,
             file);
    for (int i = 0; i < c->opts->n_set; i++) text_add(&t->checkpoints, " --set %s", c->opts->set[i]);
    text_add(&t->checkpoints, "\n");
  }
  text_add(&t->checkpoints, "weights of %s: %s/%s\n", c->name, folder, file);
}

static void print_lines(const text* t) {
  const char* at = text_of(t);
  while (*at) {
    const size_t n = strcspn(at, "\n");
    print_line(stdout, "%.*s", (int)n, at);
    at += n + (at[n] == '\n');
  }
}

/* adds the metric rows of a finished cell to `out`, with the fields that identify the cell */
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

/* counts and reports the end of a cell; the first failure decides the exit code, and the other cells still run */
static void count_outcome(tally* t, const char* name, const cell_end* end) {
  if (end->outcome == CELL_DONE) {
    t->ran++;
    return;
  }
  t->failed++;
  if (end->outcome == CELL_INTERRUPTED) {
    t->code = EXIT_INTERRUPTED;
    return;
  }
  print_line(stderr, "dynaflow: %s: %s%s%s", name, end->outcome == CELL_ERROR ? "" : cell_outcome_word(end->outcome),
             end->outcome == CELL_ERROR ? "" : ": ", end->reason);
  /* exceeding a limit is not bad input */
  const bool bad_input = end->outcome == CELL_ERROR && end->status != DF_E_INTERRUPTED;
  if (t->code == EXIT_DONE) t->code = bad_input ? exit_code_of(end->status) : EXIT_INCOMPLETE;
}

/* samples are written during the evaluation, so a cell that is done without them gets none */
static void warn_samples(const cell* c, const char* folder) {
  char* path = cell_samples_path(c, folder);
  if (!df_file_exists(path)) {
    print_line(stderr,
               "dynaflow: warning: %s: already done, so --store-samples has no effect: samples are written during the "
               "evaluation; repeat the command with another folder (--out)",
               c->name);
  }
  df_free(path);
}

/* Runs the cell unless it is done or locked by another process. Fails when it cannot be claimed or recorded. */
static df_status run_opened(cell* c, const char* task, const char* folder, store* events, tally* t) {
  const bool quiet = c->opts->quiet;
  bool mine = false;
  cell_end end;
  DF_TRY(store_refresh(events));
  if (!store_find(events, c->key)) {
    DF_TRY(cell_claim(c, folder, &mine));
    /* the process that had claimed it may have finished it meanwhile */
    if (mine) DF_TRY(store_refresh(events));
  }
  if (store_find(events, c->key)) {
    t->skipped++;
    cell_forget_training(c, folder); /* left over if the process was killed after it wrote the record */
    if (!quiet) print_line(stderr, "%s%s: already done", c->position, c->name);
    if (c->store_samples) warn_samples(c, folder);
  } else if (!mine) {
    t->elsewhere++;
    if (!quiet) print_line(stderr, "%s%s: locked by another process", c->position, c->name);
  } else {
    DF_TRY(cell_run(c, folder, events, &end));
    count_outcome(t, c->name, &end);
  }
  const json_t* done = store_find(events, c->key);
  if (done && mine && !quiet) notes_print(json_object_get(done, "notes"), c->n_task_notes, c->name);
  if (done) collect(done, &t->results);
  if (done) add_checkpoint(c, task, folder, done, t);
  return DF_OK;
}

/* Opens and runs cell i of the plan, the t->at-th of this process. Returns false if the store can no longer be written,
 * which ends the run. */
static bool work_on_cell(const arguments* a, const plan* all, int i, const char* folder, store* events, tally* t) {
  const planned_cell* p = &all->cell[i];
  cell c;
  df_status status = plan_open(all, i, &a->common, &c);
  const bool opened = status == DF_OK;
  if (opened) {
    c.limits = a->limits;
    c.store_samples = a->store_samples;
    c.log = a->points;
    c.ranks = a->ranks;
    c.weights = all->weights;
    if (a->save_every >= 0) c.save_every = a->save_every;
    snprintf(c.position, sizeof c.position, "cell %d of %d: ", t->at, t->mine);
    for (int k = 0; k < DF_LOGS_MAX && p->method->networks[k]; k++) {
      c.shared[k] = plan_wants_network(all, i, c.training_key, p->method->networks[k], events);
    }
    status = run_opened(&c, p->task, folder, events, t);
  }
  if (status != DF_OK) {
    print_line(stderr, "dynaflow: %s: %s", c.name, df_error_message());
    t->failed++;
    if (t->code == EXIT_DONE || status == DF_E_INTERRUPTED) t->code = exit_code_of(status);
  }
  cell_close(&c);
  return status == DF_OK || !opened;
}

static void print_result(const arguments* a, const plan* p, const tally* t, const char* path) {
  if (a->common.json) {
    rows_print(&t->results, &a->common);
    return;
  }
  if (a->common.quiet) return;
  text line = {0};
  text_add(&line, "%d cells", t->mine);
  if (a->part.n) text_add(&line, " of %d, shard %d of %d", p->n, a->part.i, a->part.n);
  text_add(&line, ": %d run, %d already done, %d failed", t->ran, t->skipped, t->failed);
  if (t->elsewhere) text_add(&line, ", %d locked by another process", t->elsewhere);
  print_line(stdout, "%s. Records: %s", text_of(&line), path);
  print_lines(&t->checkpoints);
  if (t->weights > NAMED_CHECKPOINTS)
    print_line(stdout, "and of %d more: training.checkpoint in the records", t->weights - NAMED_CHECKPOINTS);
  text_clear(&line);
}

/* says what the run will do and, after a few steps of every training, about how long that takes */
static void announce(const arguments* a, const plan* p, const char* folder, const store* events) {
  if (a->common.quiet) return;
  if (a->trained) {
    print_line(stderr, "dynaflow: no training: the weights are those of %s", a->source.folder);
    return;
  }
  const estimate e = estimate_training(p, a->part, &a->common, folder, events);
  char time[32];
  text line = {0};
  text_add(&line, "%d cell%s to run", e.cells, e.cells == 1 ? "" : "s");
  if (e.networks) {
    text_add(&line,
             ", %d network%s to train: about %s on %d thread%s of this machine, estimated from a few steps of each",
             e.networks, e.networks == 1 ? "" : "s", duration_text(e.seconds, time, sizeof time), a->common.threads,
             a->common.threads == 1 ? "" : "s");
    if (e.unknown) {
      text_add(&line, "; evaluation and the other trainings of %d cell%s are not included", e.unknown,
               e.unknown == 1 ? "" : "s");
    } else {
      text_add(&line, "; evaluation is not included");
    }
  } else if (e.unknown) {
    text_add(&line, "; the time of training is not known for %d cell%s", e.unknown, e.unknown == 1 ? "" : "s");
  }
  if (e.cells && !stop_flag) print_line(stderr, "dynaflow: %s", text_of(&line));
  text_clear(&line);
}

static int run_plan(const arguments* a, const plan* p, const char* folder, store* events) {
  tally t = {.results = rows_new()};
  bool go_on = true;
  for (int i = 0; i < p->n; i++) t.mine += shard_has(a->part, i);
  announce(a, p, folder, events);
  for (int i = 0; i < p->n && go_on; i++) {
    if (!shard_has(a->part, i)) continue;
    t.at++;
    if (stop_flag) t.code = EXIT_INTERRUPTED;
    go_on = t.code != EXIT_INTERRUPTED && work_on_cell(a, p, i, folder, events, &t);
  }
  /* a file of records that was removed after the last cell was written is an error, too */
  if (go_on) {
    const df_status status = store_refresh(events);
    if (status != DF_OK) report_failure(status);
    if (status != DF_OK && t.code == EXIT_DONE) t.code = exit_code_of(status);
    plan_drop_networks(p, folder, events);
  }
  if (t.elsewhere && t.code == EXIT_DONE) t.code = EXIT_INCOMPLETE;
  if (t.code == EXIT_INTERRUPTED) {
    print_line(stderr, "dynaflow: interrupted; %d of %d cells are done and kept in %s; repeat the command to resume",
               t.ran + t.skipped, t.mine, folder);
  }
  print_result(a, p, &t, store_path(events));
  rows_free(&t.results);
  text_clear(&t.checkpoints);
  return t.code;
}

/* The folder of the run: --out, else results/runs/<task>-<profile> with the last component of the first TASK, which may
 * be a path. A new string. */
static char* find_folder(const arguments* a) {
  const char* task = a->plan.task[0];
  size_t n = strlen(task);
  while (n > 1 && task[n - 1] == '/') n--;
  size_t from = n;
  while (from > 0 && task[from - 1] != '/') from--;
  if (a->out) return format_text("%s", a->out);
  char* name = format_text("%.*s-%s", (int)(n - from), task + from, a->common.profile);
  char* file = file_name_of(name);
  char* folder = format_text("results/runs/%s", file);
  df_free(file);
  df_free(name);
  return folder;
}

/* opens the folder, records the plan and works on it; returns the exit code */
static int run_in_folder(const arguments* a, plan* p, const char* folder) {
  store* events;
  df_status status = store_open(folder, a->part, &events);
  if (status != DF_OK) return report_failure(status);
  stop_in_order();
  const char* failed_task = a->plan.task[0];
  json_t* cells;
  status = plan_keys(p, &a->common, events, &failed_task, &cells);
  if (status == DF_OK) status = plan_check(p, a->part, &a->common, events, &failed_task);
  if (status == DF_OK) status = plan_append(a->common.profile, cells, events);
  json_decref(cells);
  const int code = status == DF_OK ? run_plan(a, p, folder, events)
                   : failed_task   ? report_task_failure(status, failed_task)
                                   : report_failure(status);
  store_close(events);
  return code;
}

/* runs the plan at rank 0 */
static int lead(void* arguments_of_command, df_ranks* ranks) {
  arguments* a = arguments_of_command;
  static plan p;
  a->ranks = ranks;
  df_status status = plan_make(&a->plan, &p);
  if (status != DF_OK) return report_failure(status);
  p.check_data = !a->no_data_check && !a->trained;
  p.weights = a->trained ? &a->source : NULL;
  status = open_blas(&a->common);
  if (status != DF_OK) return report_failure(status);
  if (a->log) status = training_log_open(a->log, "step", &a->points);
  if (status != DF_OK) return report_failure(status);
  char* folder = find_folder(a);
  const int code = run_in_folder(a, &p, folder);
  df_free(folder);
  training_log_close(a->points);
  return code;
}

int cmd_run(int argc, char** argv) {
  arguments a = {.common = options_default(), .save_every = -1};
  options_parse(&run_argp, argc, argv, &a);
  a.plan.opts = &a.common;
  char* trained = NULL;
  df_status status = a.trained ? run_folder(a.trained, &trained) : DF_OK;
  if (trained) status = weights_open(a.trained, trained, &a.source);
  const int code = status == DF_OK ? run_shared(&a.common, a.part, lead, &a) : report_failure(status);
  weights_close(&a.source);
  df_free(trained);
  return code;
}
