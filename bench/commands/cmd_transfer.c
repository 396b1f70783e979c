/* cmd_transfer.c: dynaflow transfer TASK FILE.npz...: executes the actions of trajectories in perturbed models. */
#define _GNU_SOURCE
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "data_path.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/data/task.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/stats/statistics.h"
#include "exit_code.h"
#include "json.h"
#include "list.h"
#include "lookup.h"
#include "options.h"
#include "progress.h"
#include "rows.h"
#include "stop.h"
#include "terminal.h"
#include "text.h"
#include "trajectory_file.h"
#include "transfer.h"
#include "transfer_plot.h"

typedef struct arguments {
  options common;
  const char* task;
  int n_files;
  const char** files; /* owned */
  int n_changes;
  perturbation* changes; /* owned */
  const char* plot;      /* folder; NULL: no figure */
} arguments;

enum { KEY_PLOT = 256, KEY_FIRST_KIND };

static void add_change(arguments* a, perturbation_kind kind, double level) {
  a->changes = list_grow(a->changes, a->n_changes, sizeof *a->changes);
  a->changes[a->n_changes++] = (perturbation){kind, level};
}

/* adds the levels of "0.8,1.2" */
static void add_levels(arguments* a, perturbation_kind kind, char* value, struct argp_state* state) {
  char* option = format_text("--%s", perturbation_name(kind));
  char* list = parse_list(state, option, value);
  for (char *rest = list, *one = strsep(&rest, ","); one; one = strsep(&rest, ",")) {
    const double level = parse_number(state, option, one, perturbation_is_time(kind) ? 0 : 1e-3, 1e3);
    add_change(a, kind, level);
  }
  df_free(option);
}

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case KEY_PLOT:
      a->plot = parse_text(state, "--plot", value);
      return 0;
    case ARGP_KEY_ARG:
      if (!a->task) {
        a->task = value;
        return 0;
      }
      a->files = list_grow(a->files, a->n_files, sizeof *a->files);
      a->files[a->n_files++] = value;
      return 0;
    case ARGP_KEY_END:
      if (!a->task) argp_error(state, "missing argument TASK (see 'dynaflow list tasks')");
      if (!a->n_files) argp_error(state, "missing argument FILE: an npz file of trajectories with actions");
      return 0;
    default:
      if (key < KEY_FIRST_KIND || key >= KEY_FIRST_KIND + PERTURBATIONS) return ARGP_ERR_UNKNOWN;
      add_levels(a, (perturbation_kind)(key - KEY_FIRST_KIND), value, state);
      return 0;
  }
}

static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
static const struct argp_option own_options[] = {
    {"mass", KEY_FIRST_KIND + PERTURB_MASS, "F,..", 0, "factors on mass and inertia of every body", 0},
    {"friction", KEY_FIRST_KIND + PERTURB_FRICTION, "F,..", 0, "factors on the friction of every contact", 0},
    {"gain", KEY_FIRST_KIND + PERTURB_GAIN, "F,..", 0, "factors on the strength of every actuator", 0},
    {"damping", KEY_FIRST_KIND + PERTURB_DAMPING, "F,..", 0, "factors on the damping of every joint and tendon", 0},
    {"latency", KEY_FIRST_KIND + PERTURB_LATENCY, "S,..", 0, "delays of every action, s: multiples of the physics step",
     0},
    {"plot", KEY_PLOT, "DIR", 0, "folder for the figure transfer.svg and transfer.pdf", 0},
    {0}};
const struct argp transfer_argp = {
    .options = own_options,
    .parser = parse,
    .args_doc = "TASK FILE...",
    .doc =
        "Executes the actions of trajectories in perturbed models, open loop, in place of a robot.\n\n"
        "The files are those of `dynaflow sample --seconds`, `dynaflow optimise` or any other program, with states "
        "and actions. Each perturbation changes one property of the whole model. Prints, for the model as it is and "
        "for each perturbation, the share of trajectories that fall, how long they stay upright, the command error of "
        "those that stay upright, and by how much the first window differs from that of the model as it is. Without "
        "options: mass and gain x 0.8, 0.9, 1.1, 1.2, friction x 0.5, 0.75, 1.5, and latencies of one and two physics "
        "steps and of one action."
        "\v"
        "Exits with 0 when done, 2 on bad input, 3 when a file is missing, 130 when interrupted.",
    .children = children};

/* ---- what is executed ---- */

static void add_defaults(arguments* a, const df_system* system) {
  static const double strength[] = {0.8, 0.9, 1.1, 1.2}, friction[] = {0.5, 0.75, 1.5};
  const double step = df_mujoco_timestep(system);
  for (int i = 0; i < 4; i++) add_change(a, PERTURB_MASS, strength[i]);
  for (int i = 0; i < 3; i++) add_change(a, PERTURB_FRICTION, friction[i]);
  char* unscaled = perturbation_unscaled(system);
  for (int i = 0; i < 4 && !unscaled; i++) add_change(a, PERTURB_GAIN, strength[i]);
  if (unscaled) print_line(stderr, "note: gain is left out: %s", unscaled);
  df_free(unscaled);
  add_change(a, PERTURB_LATENCY, step);
  if (df_mujoco_substeps(system) > 1) add_change(a, PERTURB_LATENCY, 2 * step);
  if (df_mujoco_substeps(system) > 2) add_change(a, PERTURB_LATENCY, df_mujoco_substeps(system) * step);
}

/* the method that a file names; else the file's name without folders and ending, and the number of a second one */
static char* name_of(const trajectories* t, const char* path, int n, char* const* names) {
  const char *method = string_of(t->provenance, "method"), *slash = strrchr(path, '/');
  const char* base = slash ? slash + 1 : path;
  const char* dot = strrchr(base, '.');
  char* name = method[0] ? format_text("%s", method)
                         : format_text("%.*s", (int)(dot && dot > base ? dot - base : (long)strlen(base)), base);
  int same = 0;
  for (int i = 0; i < n; i++) same += strncmp(names[i], name, strlen(name)) == 0;
  if (same == 0) return name;
  char* numbered = format_text("%s %d", name, same + 1);
  df_free(name);
  return numbered;
}

/* ---- results ---- */

/* Student's interval of the mean of those values that are numbers */
static df_interval mean_of(int n, const double* values) {
  df_interval out = {.mean = NAN, .lo = NAN, .hi = NAN};
  double sum = 0, squares = 0;
  for (int i = 0; i < n; i++) {
    if (isnan(values[i])) continue;
    sum += values[i];
    out.n++;
  }
  if (out.n == 0) return out;
  out.mean = sum / out.n;
  for (int i = 0; i < n; i++) squares += isnan(values[i]) ? 0 : (values[i] - out.mean) * (values[i] - out.mean);
  if (out.n < 2) return out;
  const double half = df_student_point(0.95, out.n - 1) * sqrt(squares / (out.n - 1) / out.n);
  out.lo = out.mean - half;
  out.hi = out.mean + half;
  return out;
}

/* what rows of one file and one perturbation share */
typedef struct row_head {
  const char *task, *name;
  const perturbation* change;
} row_head;

static void add_row(const row_head* head, const char* metric, df_interval v, const char* unit, rows* out) {
  if (v.n == 0) return;
  const perturbation_kind kind = head->change->kind;
  json_t* one = json_pack("{s:o,s:o,s:s,s:o,s:s,s:s,s:o,s:o,s:o,s:s,s:i}", "task", json_text(head->task), "method",
                          json_text(head->name), "perturbation", perturbation_name(kind), "level",
                          kind == PERTURB_NONE ? json_null() : json_number(head->change->level), "level_unit",
                          kind == PERTURB_NONE         ? ""
                          : perturbation_is_time(kind) ? "s"
                                                       : "factor",
                          "metric", metric, "value", json_number(v.mean), "lo", json_number(v.lo), "hi",
                          json_number(v.hi), "unit", unit, "n", v.n);
  rows_add_object(out, one);
}

static df_interval share_of_fallen(int n, const double* fell) {
  int count = 0;
  for (int i = 0; i < n; i++) count += fell[i] != 0;
  return df_share_interval(count, n);
}

/* RMS difference of the first window of each trajectory from that without a perturbation */
static df_status deviation_of(const transfer_input* in, const double* x, const double* plain, df_interval* out) {
  const int horizon = in->task->windows->horizon, H = in->length < horizon ? in->length : horizon;
  const size_t nx = (size_t)in->task->system->nx, window = (size_t)(H + 1) * nx, n = (size_t)in->n;
  double *a = df_alloc(n * window, sizeof *a), *b = df_alloc(n * window, sizeof *b), *rms = df_alloc(n, sizeof *rms);
  df_status status = a && b && rms ? DF_OK : DF_E_NOMEM;
  for (size_t i = 0; status == DF_OK && i < n; i++) {
    memcpy(a + i * window, x + i * (size_t)(in->length + 1) * nx, window * sizeof *a);
    memcpy(b + i * window, plain + i * (size_t)(in->length + 1) * nx, window * sizeof *b);
  }
  if (status == DF_OK)
    status = df_metric_tre(in->task->chart, (int)nx, &(df_trajectories){.B = in->n, .H = H, .x = a}, b, rms, NULL);
  if (status == DF_OK) *out = mean_of(in->n, rms);
  df_free(a);
  df_free(b);
  df_free(rms);
  return status;
}

/* a study: its results so far */
typedef struct study {
  const arguments* a;
  const df_task* task;
  df_fall_rule rule;
  progress bar;
  int done;
  rows out;
  int n_points;
  transfer_point* points; /* owned */
} study;

static df_status execute(study* s, const transfer_input* in, int file, const char* name, const perturbation* change,
                         const double* plain, transfer* result) {
  df_interval deviation;
  const row_head head = {s->task->config.task_name, name, change};
  if (stop_flag) return df_fail(DF_E_INTERRUPTED, "interrupted");
  DF_TRY(transfer_run(in, &s->rule, change, result));
  df_status status = deviation_of(in, result->x, plain ? plain : result->x, &deviation);
  if (status != DF_OK) {
    transfer_clear(result);
    return status;
  }
  if (df_fall_rule_is_set(&s->rule)) {
    df_interval fell = share_of_fallen(in->n, result->fell);
    add_row(&head, "fall_rate", fell, "share", &s->out);
    add_row(&head, "survival", mean_of(in->n, result->seconds), "s", &s->out);
    s->points = list_grow(s->points, s->n_points, sizeof *s->points);
    s->points[s->n_points++] =
        (transfer_point){file, *change, {.mean = 1 - fell.mean, .lo = 1 - fell.hi, .hi = 1 - fell.lo, .n = fell.n}};
  }
  add_row(&head, "command_error", mean_of(in->n, result->command_error), "m/s", &s->out);
  if (plain) add_row(&head, "deviation", deviation, "std", &s->out);
  progress_update(&s->bar, ++s->done, NULL);
  return DF_OK;
}

static df_status study_file(study* s, const df_search* search, int file, const trajectories* t, const char* name) {
  const transfer_input in = {.task = s->task,
                             .config = &s->task->config,
                             .search = search,
                             .n = t->n,
                             .length = t->length,
                             .x0 = t->states,
                             .u = t->actions,
                             .condition = t->conditions,
                             .threads = s->a->common.threads};
  const perturbation none = {PERTURB_NONE, NAN};
  transfer plain;
  DF_TRY(execute(s, &in, file, name, &none, NULL, &plain));
  df_status status = DF_OK;
  for (int i = 0; i < s->a->n_changes && status == DF_OK; i++) {
    transfer result;
    status = execute(s, &in, file, name, &s->a->changes[i], plain.x, &result);
    if (status == DF_OK) transfer_clear(&result);
  }
  transfer_clear(&plain);
  return status;
}

static df_status draw(const study* s, char* const* names) {
  if (!s->a->plot) return DF_OK;
  if (s->n_points == 0) {
    return df_fail(DF_E_CONFIG, "--plot: task %s defines no fall: set eval.fall_height or eval.fall_tilt",
                   s->task->config.task_name);
  }
  DF_TRY(df_dir_make(s->a->plot));
  return transfer_plot(s->a->plot, s->task->config.task_name, s->a->n_files, names, s->n_points, s->points);
}

static df_status run_study(arguments* a, const df_task* task, const df_search* search) {
  study s = {.a = a, .task = task, .out = rows_new()};
  char** names = df_alloc((size_t)a->n_files, sizeof *names);
  df_status status = names ? df_fall_rule_new(task->system, &task->config, &s.rule) : DF_E_NOMEM;
  if (a->n_changes == 0) add_defaults(a, task->system);
  for (int i = 0, steps; i < a->n_changes && status == DF_OK; i++) {
    if (a->changes[i].kind == PERTURB_LATENCY) status = transfer_latency(task, a->changes[i].level, &steps);
  }
  progress_start(&s.bar, a->common.quiet, "transfer", "models", a->n_files * (a->n_changes + 1));
  for (int f = 0; f < a->n_files && status == DF_OK; f++) {
    trajectories* t;
    status = trajectories_read(a->files[f], task, &t);
    if (status == DF_OK && !t->actions)
      status = df_fail(DF_E_CONFIG, "%s: there is no array 'actions': only actions can be executed", a->files[f]);
    if (status == DF_OK) {
      names[f] = name_of(t, a->files[f], f, names);
      status = study_file(&s, search, f, t, names[f]);
    }
    trajectories_free(t);
  }
  progress_end(&s.bar);
  if (status == DF_OK) {
    rows_print(&s.out, &a->common);
    status = draw(&s, names);
  }
  for (int f = 0; names && f < a->n_files; f++) df_free(names[f]);
  df_free(names);
  df_free(s.points);
  rows_free(&s.out);
  df_fall_rule_clear(&s.rule);
  return status;
}

int cmd_transfer(int argc, char** argv) {
  arguments a = {.common = options_default()};
  df_config config;
  df_search search = {0};
  char* path = NULL;
  df_task* task = NULL;
  options_parse(&transfer_argp, argc, argv, &a);
  stop_in_order();
  df_status status = resolve_task(a.task, NULL, NULL, &a.common, &config, &search);
  if (status == DF_OK) status = task_data_path(&config, &search, &a.common, true, &path);
  if (status == DF_OK) status = df_task_new(&config, &search, path, &task);
  const bool opened = status == DF_OK;
  if (opened) status = run_study(&a, task, &search);
  df_task_free(task);
  df_free(path);
  df_free(a.files);
  df_free(a.changes);
  search_clear(&search);
  /* what is missing once the task is open is a file of the user, which nothing fetches */
  if (opened) return report_failure(status);
  return report_task_failure(status, a.task);
}
