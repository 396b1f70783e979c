/* cmd_optimise.c: dynaflow optimise TASK --clip N --out FILE.npz: the feasible motion nearest to a demonstrated clip.
 */
#define _GNU_SOURCE
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "data_path.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/task.h"
#include "dynaflow/io/npz.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/metrics/time_alignment.h"
#include "dynaflow/optimise/clip_fit.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/system.h"
#include "eval_set.h"
#include "exit_code.h"
#include "lookup.h"
#include "motion_file.h"
#include "options.h"
#include "progress.h"
#include "rows.h"
#include "stop.h"
#include "terminal.h"
#include "text.h"
#include "trajectory_file.h"

typedef struct arguments {
  options common;
  const char *task, *out;
  int clip, first, actions; /* -1: not given */
  double seconds;           /* NaN: not given */
  df_clip_fit_cfg cfg;
} arguments;

enum { KEY_CLIP = 256, KEY_FIRST, KEY_SECONDS, KEY_WINDOW, KEY_COMMIT, KEY_ITERATIONS };

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case 'o':
      a->out = parse_text(state, "--out", value);
      return 0;
    case KEY_CLIP:
      a->clip = (int)parse_integer(state, "--clip", value, 0, 1000000000);
      return 0;
    case KEY_FIRST:
      a->first = (int)parse_integer(state, "--first", value, 0, 1000000000);
      return 0;
    case KEY_SECONDS:
      a->seconds = parse_number(state, "--seconds", value, 1e-6, 1e6);
      return 0;
    case KEY_WINDOW:
      a->cfg.window = (int)parse_integer(state, "--window", value, 1, 100000);
      return 0;
    case KEY_COMMIT:
      a->cfg.commit = (int)parse_integer(state, "--commit", value, 1, 100000);
      return 0;
    case KEY_ITERATIONS:
      a->cfg.iterations = (int)parse_integer(state, "--iterations", value, 0, 100000);
      return 0;
    case ARGP_KEY_ARG:
      if (a->task) argp_error(state, "unexpected argument '%s': one task is expected", value);
      a->task = value;
      return 0;
    case ARGP_KEY_END:
      if (!a->task) argp_error(state, "a task is missing");
      if (a->clip < 0) argp_error(state, "--clip is missing: the number of an episode, counted from 0");
      if (!a->out) argp_error(state, "--out is missing: the npz file to write");
      if (a->cfg.commit > a->cfg.window)
        argp_error(state, "--commit %d is more than --window %d", a->cfg.commit, a->cfg.window);
      return 0;
    default:
      return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
static const struct argp_option own_options[] = {
    {"clip", KEY_CLIP, "N", 0, "the episode of the demonstrations, counted from 0", 0},
    {"first", KEY_FIRST, "F", 0, "the frame at which the clip begins (default: 0)", 0},
    {"seconds", KEY_SECONDS, "S", 0, "length of the clip (default: to the end of the episode)", 0},
    {"window", KEY_WINDOW, "W", 0, "number of actions optimised together (default: 16)", 0},
    {"commit", KEY_COMMIT, "C", 0, "number of actions kept from each window (default: 4)", 0},
    {"iterations", KEY_ITERATIONS, "I", 0, "maximum number of iterations per window (default: 30)", 0},
    {"out", 'o', "FILE.npz", 0, "file to write the states and actions to, in the layout of `dynaflow sample`", 0},
    {0}};
const struct argp optimise_argp = {
    .options = own_options,
    .parser = parse,
    .args_doc = "TASK",
    .doc =
        "Finds the feasible motion that is nearest to a demonstrated clip.\n\n"
        "Optimises the actions of episode N, window by window, by the exact Jacobians of the simulator, so that the "
        "simulated states are as near to the demonstrated ones as the robot's dynamics and the action box allow. "
        "Recorded actions are not read: clips of motion capture, which no action can follow exactly, are fitted, too. "
        "The file holds states, which the actions reproduce bit for bit from the first state, and actions; `dynaflow "
        "score` judges it. Prints how near the motion is, by physical group, and how near the rest actions alone were; "
        "with `--set "
        "eval.style_band=S` also after alignment in time (style_joints, style_feet)."
        "\v"
        "Exits with 0 when the file is written, 2 on bad input or when the simulation diverges, 3 when a file is "
        "missing, 130 when interrupted.",
    .children = children};

static df_status set_length(arguments* a, const df_task* task) {
  const df_dataset* data = task->data;
  if (a->clip >= data->episodes) {
    return df_fail(DF_E_CONFIG, "--clip %d: the demonstrations have episodes 0 to %d", a->clip, data->episodes - 1);
  }
  const int length = data->lengths[a->clip];
  if (a->first >= length) {
    return df_fail(DF_E_CONFIG, "--first %d: a clip of episode %d begins at a frame from 0 to %d", a->first, a->clip,
                   length - 1);
  }
  a->actions = length - a->first;
  if (isnan(a->seconds)) return DF_OK;
  const double wanted = round(a->seconds / task->system->dt);
  if (wanted < 1 || wanted > a->actions) {
    return df_fail(DF_E_CONFIG, "--seconds %g: the clip has at least one action, %g s, and lasts %g s to its end",
                   a->seconds, task->system->dt, a->actions * task->system->dt);
  }
  a->actions = (int)wanted;
  return DF_OK;
}

static df_status write_file(const arguments* a, const df_task* task, const double* x, const double* u) {
  const size_t n = (size_t)a->actions, nx = (size_t)task->system->nx, nu = (size_t)task->system->nu;
  const size_t nc = (size_t)task->data->nc;
  const double dt = task->system->dt, episode = a->clip, first = a->first;
  df_npz_entry entries[8 + DF_MODEL_ENTRIES];
  int at = 0;
  entries[at++] = (df_npz_entry){.key = "states", .rank = 3, .shape = {1, n + 1, nx}, .values = x};
  entries[at++] = (df_npz_entry){.key = "actions", .rank = 3, .shape = {1, n, nu}, .values = u};
  char *names = condition_names(task), *settings = settings_text(&task->config);
  if (nc) {
    const double* condition = df_dataset_condition(task->data, a->clip, a->first);
    entries[at++] = (df_npz_entry){.key = "conditions", .rank = 2, .shape = {1, nc}, .values = condition};
    entries[at++] = (df_npz_entry){.key = "condition_names", .kind = DF_NPZ_TEXT, .text = names};
  }
  entries[at++] = (df_npz_entry){.key = "dt", .rank = 0, .values = &dt};
  entries[at++] = (df_npz_entry){.key = "episode", .rank = 0, .values = &episode};
  entries[at++] = (df_npz_entry){.key = "first_frame", .rank = 0, .values = &first};
  at += df_dataset_model_entries(df_mujoco_identity(task->system), entries + at);
  entries[at++] = (df_npz_entry){.key = "settings", .kind = DF_NPZ_TEXT, .text = settings};
  const df_status status = df_npz_write(a->out, at, entries);
  df_free(names);
  df_free(settings);
  return status == DF_E_MISSING ? df_fail(DF_E_IO, "%s", df_error_message()) : status;
}

static void add_row(rows* out, const char* metric, double value, const char* unit) {
  row r = row_default();
  r.metric = metric;
  r.value = value;
  r.unit = unit;
  rows_add(out, &r);
}

/* adds the rows of style after alignment in time that are defined, if eval.style_band asks for them */
static df_status add_style(const df_task* task, const df_trajectories* made, const double* demo, rows* out) {
  const df_config* config = &task->config;
  int feet[DF_NAMES_MAX];
  double joints, of_feet, shift;
  if (!(config->eval_style_band > 0)) return DF_OK;
  DF_TRY(eval_feet(task, feet));
  const df_alignment_cfg cfg = {
      .band = config->eval_style_band, .n_feet = config->eval_feet.n, .feet = feet, .objects = &config->chart_objects};
  DF_TRY(df_metric_alignment(task->system, &cfg, made, demo, 1, &joints, &of_feet, &shift));
  if (!isnan(joints)) add_row(out, "style_joints", joints, df_metric_unit("style_joints"));
  if (!isnan(of_feet)) add_row(out, "style_feet", of_feet, df_metric_unit("style_feet"));
  if (!isnan(shift)) add_row(out, "style_shift", shift, df_metric_unit("style_shift"));
  return DF_OK;
}

static df_status print_result(const arguments* a, const df_task* task, const df_clip_fit* fit, const double* x) {
  const df_chart_group* groups;
  const int n = df_chart_groups(task->chart, &groups);
  double rms, *of_group = df_alloc((size_t)n, sizeof *of_group);
  if (!of_group) return DF_E_NOMEM;
  const df_trajectories made = {.B = 1, .H = a->actions, .x = x};
  const double* demo = df_dataset_state(task->data, a->clip, a->first);
  df_status status = df_metric_tre(task->chart, task->system->nx, &made, demo, &rms, of_group);
  rows out = rows_new();
  if (status == DF_OK) {
    add_row(&out, "tre", rms, "std");
    for (int i = 0; i < n; i++) {
      char* name = format_text("tre.%s", groups[i].name);
      add_row(&out, name, of_group[i], groups[i].unit);
      df_free(name);
    }
    status = add_style(task, &made, demo, &out);
  }
  if (status == DF_OK) {
    char* worst = format_text("worst frame (%d)", a->first + fit->worst_frame);
    add_row(&out, worst, fit->worst, "std");
    add_row(&out, "tre of rest actions", fit->rms_rest, "std");
    add_row(&out, "iterations", (double)fit->iterations, "");
    add_row(&out, "windows", fit->windows, "");
    add_row(&out, "windows unconverged", fit->unconverged, "");
    rows_print(&out, &a->common);
    df_free(worst);
    if (!a->common.json && !a->common.quiet) print_line(stdout, "%s: %d actions", a->out, a->actions);
  }
  rows_free(&out);
  df_free(of_group);
  return status;
}

/* windows whose actions may not be the nearest ones */
static void warn_unconverged(const arguments* a, const df_clip_fit* fit) {
  const int limited = fit->unconverged - fit->no_gradient;
  if (limited && !a->common.quiet)
    print_line(stderr, "dynaflow: %s: %d of %d windows ended at --iterations %d before they converged", a->out, limited,
               fit->windows, a->cfg.iterations);
  if (fit->no_gradient)
    print_line(
        stderr,
        "dynaflow: %s: %d of %d windows have actions from before an adjoint diverged: the motion is feasible, but "
        "may not be the nearest there; try a smaller --window",
        a->out, fit->no_gradient, fit->windows);
}

static void report_progress(void* context, int done, int all) {
  (void)all;
  progress_update(context, done, NULL);
}

static df_status fit_clip(arguments* a, const df_task* task) {
  DF_TRY(set_length(a, task));
  progress bar;
  df_clip_fit fit;
  double* x = df_alloc(((size_t)a->actions + 1) * (size_t)task->system->nx, sizeof *x);
  double* u = df_alloc((size_t)a->actions * (size_t)task->system->nu, sizeof *u);
  a->cfg.stop = &stop_flag;
  a->cfg.progress = report_progress;
  a->cfg.context = &bar;
  progress_start(&bar, a->common.quiet, "optimise", "actions", a->actions);
  df_status status = x && u ? df_clip_fit_run(task, a->clip, a->first, a->actions, &a->cfg, x, u, &fit) : DF_E_NOMEM;
  progress_end(&bar);
  if (status == DF_OK) status = write_file(a, task, x, u);
  if (status == DF_OK) status = print_result(a, task, &fit, x);
  if (status == DF_OK) warn_unconverged(a, &fit);
  df_free(x);
  df_free(u);
  return status;
}

int cmd_optimise(int argc, char** argv) {
  arguments a = {.common = options_default(), .clip = -1, .seconds = NAN, .cfg = df_clip_fit_cfg_default()};
  df_config config;
  df_search search = {0};
  char* path = NULL;
  df_task* task = NULL;
  options_parse(&optimise_argp, argc, argv, &a);
  stop_in_order();
  df_status status = resolve_task(a.task, NULL, NULL, &a.common, &config, &search);
  if (status == DF_OK) status = task_data_path(&config, &search, &a.common, true, &path);
  if (status == DF_OK) status = df_task_new(&config, &search, path, &task);
  if (status == DF_OK) status = fit_clip(&a, task);
  df_task_free(task);
  df_free(path);
  search_clear(&search);
  return status == DF_OK ? EXIT_DONE : report_task_failure(status, a.task);
}
