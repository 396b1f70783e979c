/* cmd_transfer.c: dynaflow transfer TASK FILE.npz...: executes the actions of trajectories in perturbed models. */
#define _GNU_SOURCE
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "data_path.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/data/task.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/stats/statistics.h"
#include "escape.h"
#include "exit_code.h"
#include "json.h"
#include "list.h"
#include "lookup.h"
#include "options.h"
#include "other_model.h"
#include "progress.h"
#include "robot_file.h"
#include "rows.h"
#include "stop.h"
#include "terminal.h"
#include "text.h"
#include "training_pool.h"
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
  bool by_training;      /* one row for all trainings of a method */
  const char* plot;      /* folder; NULL: no figure */
  const char* export;    /* folder; NULL: nothing is exported */
  int n_skipped;
  int* skipped; /* numbers of trajectories that are not exported; owned */
} arguments;

enum { KEY_PLOT = 256, KEY_BY_TRAINING, KEY_EXPORT, KEY_SKIP, KEY_FIRST_KIND };

static void add_perturbation(arguments* a, perturbation p) {
  a->changes = list_grow(a->changes, a->n_changes, sizeof *a->changes);
  a->changes[a->n_changes++] = p;
}

static void add_change(arguments* a, perturbation_kind kind, double level) {
  add_perturbation(a, (perturbation){.kind = kind, .level = level});
}

/* adds one level that has a name */
static void add_word(arguments* a, perturbation_kind kind, const char* option, char* one, struct argp_state* state) {
  if (kind != PERTURB_MODEL && !perturbation_has_word(kind, one))
    argp_error(state, "%s: '%s' is not %s", option, one, perturbation_words(kind));
  add_perturbation(a, (perturbation){.kind = kind, .level = NAN, .word = one});
}

/* adds the levels of "0.8,1.2" */
static void add_levels(arguments* a, perturbation_kind kind, char* value, struct argp_state* state) {
  char* option = format_text("--%s", perturbation_name(kind));
  char* list = parse_list(state, option, value);
  for (char *rest = list, *one = strsep(&rest, ","); one; one = strsep(&rest, ",")) {
    if (perturbation_level_of(kind) == LEVEL_NAME) {
      add_word(a, kind, option, one, state);
    } else {
      add_change(a, kind, parse_number(state, option, one, perturbation_is_time(kind) ? 0 : 1e-3, 1e3));
    }
  }
  df_free(option);
}

/* adds the numbers of "1,4" */
static void add_skipped(arguments* a, char* value, struct argp_state* state) {
  char* list = parse_list(state, "--skip", value);
  for (char *rest = list, *one = strsep(&rest, ","); one; one = strsep(&rest, ",")) {
    const double number = parse_number(state, "--skip", one, 0, 1e6);
    if (number != floor(number)) argp_error(state, "--skip: '%s' is no number of a trajectory", one);
    a->skipped = list_grow(a->skipped, a->n_skipped, sizeof *a->skipped);
    a->skipped[a->n_skipped++] = (int)number;
  }
}

static error_t parse(int key, char* value, struct argp_state* state) {
  arguments* a = state->input;
  switch (key) {
    case ARGP_KEY_INIT:
      state->child_inputs[0] = &a->common;
      return 0;
    case KEY_BY_TRAINING:
      a->by_training = true;
      return 0;
    case KEY_EXPORT:
      a->export = parse_text(state, "--export", value);
      return 0;
    case KEY_SKIP:
      add_skipped(a, value, state);
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
      if (a->n_skipped && !a->export) argp_error(state, "--skip is only for --export");
      if (a->n_skipped && a->n_files > 1)
        argp_error(state, "--skip takes one FILE, whose trajectories it counts from 0");
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
    {"softness", KEY_FIRST_KIND + PERTURB_SOFTNESS, "F,..", 0, "factors on the time constant (solref) of every contact",
     0},
    {"impratio", KEY_FIRST_KIND + PERTURB_IMPRATIO, "F,..", 0,
     "factors on the ratio of frictional to normal impedance of every contact", 0},
    {"cone", KEY_FIRST_KIND + PERTURB_CONE, "CONE,..", 0, "friction cones: pyramidal, elliptic", 0},
    {"condim", KEY_FIRST_KIND + PERTURB_CONDIM, "N,..", 0,
     "dimensions of every contact: 1 (frictionless), 3 (sliding), 4 (torsional), 6 (rolling friction)", 0},
    {"model", KEY_FIRST_KIND + PERTURB_MODEL, "MODEL.xml,..", 0,
     "other models of the same robot, with their own options: joints and actuators are matched by name", 0},
    {"by-training", KEY_BY_TRAINING, NULL, 0,
     "pool the files of one training, and give of each method mean, smallest and largest value over its trainings", 0},
    {"export", KEY_EXPORT, "DIR", 0,
     "folder for the targets with time stamps and joint names, as npz and CSV, for a program that replays them on a "
     "robot; "
     "joint, velocity and torque limits are checked first",
     0},
    {"skip", KEY_SKIP, "N,..", 0,
     "with --export: trajectories of the file, from 0, that are neither checked nor written", 0},
    {"plot", KEY_PLOT, "DIR", 0, "folder for the figure transfer.svg and transfer.pdf", 0},
    {0}};
const struct argp transfer_argp = {
    .options = own_options,
    .parser = parse,
    .args_doc = "TASK FILE...",
    .doc =
        "Executes the actions of trajectories in perturbed models, open loop, in place of a robot.\n\n"
        "The files are those of `dynaflow sample --seconds`, `dynaflow optimise` or any other program, with states "
        "and actions. Each perturbation changes one property of the whole model, or the model. Prints, for the model "
        "as it is and "
        "for each perturbation, the share of trajectories that fall, how long they stay upright, the command error of "
        "those that stay upright, and by how much the first window differs from that of the model as it is. Without "
        "options: mass and gain x 0.8, 0.9, 1.1, 1.2, friction x 0.5, 0.75, 1.5, and latencies of one and two physics "
        "steps and of one action; of these, dynamics in closed form (system.dynamics) have the latencies only."
        "\v"
        "Exits with 0 when done, 1 when a limit forbids an export, 2 on bad input, 3 when a file is missing, 130 when "
        "interrupted.",
    .children = children};

/* ---- what is executed ---- */

static void add_defaults(arguments* a, const df_system* system) {
  static const double strength[] = {0.8, 0.9, 1.1, 1.2}, friction[] = {0.5, 0.75, 1.5};
  const double step = df_mujoco_timestep(system);
  const bool scales = df_mujoco_dynamics(system) == DF_DYNAMICS_MUJOCO;
  for (int i = 0; i < 4 && scales; i++) add_change(a, PERTURB_MASS, strength[i]);
  for (int i = 0; i < 3 && scales; i++) add_change(a, PERTURB_FRICTION, friction[i]);
  char* unscaled = scales ? perturbation_unscaled(system) : NULL;
  for (int i = 0; i < 4 && scales && !unscaled; i++) add_change(a, PERTURB_GAIN, strength[i]);
  if (unscaled) print_line(stderr, "note: gain is left out: %s", unscaled);
  if (!scales)
    print_line(stderr,
               "note: mass, friction and gain are left out: dynamics in closed form (system.dynamics) have "
               "none of the numbers of MuJoCo's model that are scaled");
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

static json_t* level_json(const perturbation* p) {
  if (p->kind == PERTURB_NONE) return json_null();
  return p->word ? json_text(perturbation_label(p)) : json_number(p->level);
}

static const char* level_unit(const perturbation* p) {
  if (p->kind == PERTURB_NONE || p->word) return "";
  return perturbation_is_time(p->kind) ? "s" : "factor";
}

/* a row up to its metric */
static json_t* row_of(const row_head* head, transfer_metric metric) {
  return json_pack("{s:o,s:o,s:s,s:o,s:s,s:s}", "task", json_text(head->task), "method", json_text(head->name),
                   "perturbation", perturbation_name(head->change->kind), "level", level_json(head->change),
                   "level_unit", level_unit(head->change), "metric", transfer_metric_name(metric));
}

static void add_row(const row_head* head, transfer_metric metric, df_interval v, rows* out) {
  if (v.n == 0) return;
  json_t* one = row_of(head, metric);
  json_object_set_new(one, "value", json_number(v.mean));
  json_object_set_new(one, "lo", json_number(v.lo));
  json_object_set_new(one, "hi", json_number(v.hi));
  json_object_set_new(one, "unit", json_string(transfer_metric_unit(metric)));
  json_object_set_new(one, "n", json_integer(v.n));
  rows_add_object(out, one);
}

static void add_row_over(const row_head* head, transfer_metric metric, over_trainings v, rows* out) {
  if (v.trainings == 0) return;
  json_t* one = row_of(head, metric);
  json_object_set_new(one, "mean", json_number(v.mean));
  json_object_set_new(one, "smallest", json_number(v.smallest));
  json_object_set_new(one, "largest", json_number(v.largest));
  json_object_set_new(one, "unit", json_string(transfer_metric_unit(metric)));
  json_object_set_new(one, "trainings", json_integer(v.trainings));
  json_object_set_new(one, "trajectories", json_integer(v.trajectories));
  rows_add_object(out, one);
}

static df_interval share_of_fallen(int n, const double* fell) {
  int count = 0;
  for (int i = 0; i < n; i++) count += fell[i] != 0;
  return df_share_interval(count, n);
}

/* rms [n]: the RMS difference of the first window of each trajectory from that without a perturbation, over the frames
 * after the start, which another model may lift */
static df_status deviation_of(const transfer_input* in, const double* x, const double* plain, double* rms) {
  const int horizon = in->task->windows->horizon, H = in->length < horizon ? in->length : horizon;
  const size_t nx = (size_t)in->task->system->nx, window = (size_t)(H + 1) * nx, n = (size_t)in->n;
  double *a = df_alloc(n * window, sizeof *a), *b = df_alloc(n * window, sizeof *b);
  df_status status = a && b ? DF_OK : DF_E_NOMEM;
  for (size_t i = 0; status == DF_OK && i < n; i++) {
    memcpy(a + i * window, x + i * (size_t)(in->length + 1) * nx, window * sizeof *a);
    memcpy(a + i * window, plain + i * (size_t)(in->length + 1) * nx, nx * sizeof *a);
    memcpy(b + i * window, plain + i * (size_t)(in->length + 1) * nx, window * sizeof *b);
  }
  if (status == DF_OK)
    status = df_metric_tre(in->task->chart, (int)nx, &(df_trajectories){.B = in->n, .H = H, .x = a}, b, rms, NULL);
  df_free(a);
  df_free(b);
  return status;
}

/* a study: its results so far */
typedef struct study {
  const arguments* a;
  const df_task* task;
  const df_search* search;
  df_fall_rule rule;
  progress bar;
  int done;
  bool beyond_limits; /* a motion that was to be exported */
  rows out;
  training_pool pool; /* with --by-training */
  int n_points;
  transfer_point* points; /* owned */
} study;

/* the trajectories of one file */
typedef struct study_file {
  transfer_input in;
  int index;            /* of the file */
  const char* name;     /* of its method */
  int method, training; /* in the pool */
} study_file;

/* -1: the model as it is */
static const perturbation* change_at(const study* s, int change) {
  static const perturbation none = {PERTURB_NONE, NAN, NULL, NULL};
  return change < 0 ? &none : &s->a->changes[change];
}

static void add_values(study* s, const study_file* f, int change, transfer_metric metric, const double* values) {
  if (!values) return;
  if (s->a->by_training) {
    training_pool_add(&s->pool, f->method, f->training, change, metric, f->in.n, values);
    return;
  }
  const row_head head = {s->task->config.task_name, f->name, change_at(s, change)};
  add_row(&head, metric, metric == TRANSFER_FALL_RATE ? share_of_fallen(f->in.n, values) : mean_of(f->in.n, values),
          &s->out);
}

/* a point of the figure: the share that stays upright, and its interval */
static void add_point(study* s, int file, int change, df_interval fell) {
  s->points = list_grow(s->points, s->n_points, sizeof *s->points);
  s->points[s->n_points++] = (transfer_point){
      file, *change_at(s, change), {.mean = 1 - fell.mean, .lo = 1 - fell.hi, .hi = 1 - fell.lo, .n = fell.n}};
}

static df_status execute(study* s, const study_file* f, int change, const double* plain, transfer* result) {
  if (stop_flag) return df_fail(DF_E_INTERRUPTED, "interrupted");
  double* deviation = df_alloc((size_t)f->in.n, sizeof *deviation);
  df_status status = deviation ? transfer_run(&f->in, &s->rule, change_at(s, change), result) : DF_E_NOMEM;
  if (status == DF_OK) {
    status = deviation_of(&f->in, result->x, plain ? plain : result->x, deviation);
    if (status != DF_OK) transfer_clear(result);
  }
  if (status == DF_OK) {
    if (df_fall_rule_is_set(&s->rule)) {
      add_values(s, f, change, TRANSFER_FALL_RATE, result->fell);
      add_values(s, f, change, TRANSFER_SURVIVAL, result->seconds);
      if (!s->a->by_training) add_point(s, f->index, change, share_of_fallen(f->in.n, result->fell));
    }
    add_values(s, f, change, TRANSFER_COMMAND_ERROR, result->command_error);
    if (plain) add_values(s, f, change, TRANSFER_DEVIATION, deviation);
    add_values(s, f, change, TRANSFER_CLIPPED, result->clipped);
    add_values(s, f, change, TRANSFER_LIFTED, result->lifted);
    progress_update(&s->bar, ++s->done, NULL);
  }
  df_free(deviation);
  return status;
}

static transfer_input input_of(const study* s, const trajectories* t) {
  return (transfer_input){.task = s->task,
                          .config = &s->task->config,
                          .search = s->search,
                          .n = t->n,
                          .length = t->length,
                          .x0 = t->states,
                          .u = t->actions,
                          .condition = t->conditions,
                          .threads = s->a->common.threads};
}

static df_status run_file(study* s, study_file* f) {
  transfer plain;
  DF_TRY(execute(s, f, -1, NULL, &plain));
  df_status status = DF_OK;
  for (int i = 0; i < s->a->n_changes && status == DF_OK; i++) {
    transfer result;
    status = execute(s, f, i, plain.x, &result);
    if (status == DF_OK) transfer_clear(&result);
  }
  transfer_clear(&plain);
  return status;
}

/* ---- export ---- */

static bool is_skipped(const arguments* a, int i) {
  for (int k = 0; k < a->n_skipped; k++) {
    if (a->skipped[k] == i) return true;
  }
  return false;
}

/* moves the trajectories that are exported to the front; returns how many */
static int leave_out(const arguments* a, const df_task* task, trajectories* t) {
  const size_t length = (size_t)t->length, state = (length + 1) * (size_t)task->system->nx;
  const size_t action = length * (size_t)task->system->nu;
  int n = 0;
  for (int i = 0; i < t->n; i++) {
    if (is_skipped(a, i)) continue;
    memmove(t->states + (size_t)n * state, t->states + (size_t)i * state, state * sizeof *t->states);
    memmove(t->actions + (size_t)n * action, t->actions + (size_t)i * action, action * sizeof *t->actions);
    n++;
  }
  return n;
}

/* the number in its file of exported trajectory i */
static int number_in_file(const arguments* a, int i) {
  int number = 0;
  for (int left = i; left > 0 || is_skipped(a, number); number++) left -= !is_skipped(a, number);
  return number;
}

/* tells which limits the motions of a file do not keep; returns whether they keep all */
static bool within_limits(const study* s, const transfer_input* in, const transfer* made, const char* path) {
  bool within = true;
  for (int i = 0; i < in->n; i++) {
    text lines = {0};
    if (robot_file_check(in, &s->rule, made, i, &lines) > 0) within = false;
    char* rest = lines.data;
    for (char* line = strsep(&rest, "\n"); line && line[0]; line = strsep(&rest, "\n"))
      print_line(stderr, "dynaflow: %s: trajectory %d: %s", path, number_in_file(s->a, i), line);
    text_clear(&lines);
  }
  return within;
}

/* executes file number i in the model as it is, and checks its limits or, with `write`, writes it */
static df_status export_file(study* s, int i, const char* name, bool write) {
  const char* path = s->a->files[i];
  trajectories* t;
  const perturbation none = {PERTURB_NONE, NAN, NULL, NULL};
  DF_TRY(trajectories_read(path, s->task, &t));
  transfer_input in = input_of(s, t);
  transfer made;
  for (int k = 0; k < s->a->n_skipped; k++) {
    if (s->a->skipped[k] < t->n) continue;
    const df_status beyond =
        df_fail(DF_E_CONFIG, "--skip %d: %s has trajectories 0 to %d", s->a->skipped[k], path, t->n - 1);
    trajectories_free(t);
    return beyond;
  }
  in.n = leave_out(s->a, s->task, t);
  in.condition = NULL; /* an export does not measure commands */
  if (in.n == 0) {
    trajectories_free(t);
    return df_fail(DF_E_CONFIG, "--skip leaves no trajectory of %s to export", path);
  }
  df_status status = transfer_run(&in, &s->rule, &none, &made);
  if (status == DF_OK && !write && !within_limits(s, &in, &made, path)) s->beyond_limits = true;
  if (status == DF_OK && write) {
    char *numbered = format_text("%d-%s", i + 1, name), *file = file_name_of(numbered);
    status = robot_file_write(&in, &made, t->provenance, s->a->export, file);
    df_free(file);
    df_free(numbered);
  }
  if (status == DF_OK) transfer_clear(&made);
  trajectories_free(t);
  return status;
}

/* all files are checked before the first one is written */
static df_status export_files(study* s, char* const* names) {
  df_status status = DF_OK;
  text unchecked = {0};
  if (!s->a->export) return DF_OK;
  robot_file_unchecked(s->task, &unchecked);
  if (unchecked.n) print_line(stderr, "dynaflow: warning: not checked%s", text_of(&unchecked));
  text_clear(&unchecked);
  for (int i = 0; i < s->a->n_files && status == DF_OK; i++) status = export_file(s, i, names[i], false);
  if (s->beyond_limits) {
    print_line(stderr,
               "dynaflow: --export %s: nothing is written: a limit does not hold; leave out these trajectories "
               "with --skip N,..",
               s->a->export);
    return status;
  }
  if (status == DF_OK) status = df_dir_make(s->a->export);
  for (int i = 0; i < s->a->n_files && status == DF_OK; i++) status = export_file(s, i, names[i], true);
  return status;
}

/* Files of one method with the same checkpoint are of one training; without a checkpoint, all files of a method are. */
static void find_training(study* s, const trajectories* t, study_file* f) {
  char* identity = format_text("%s %s", f->name, string_of(t->provenance, "checkpoint_sha256"));
  f->method = training_pool_method(&s->pool, f->name);
  f->training = training_pool_training(&s->pool, identity);
  df_free(identity);
}

/* the rows of all methods, and the points of their figure */
static void summarise(study* s) {
  for (int m = 0; m < s->pool.n_methods; m++) {
    for (int change = -1; change < s->a->n_changes; change++) {
      const row_head head = {s->task->config.task_name, s->pool.method[m], change_at(s, change)};
      for (int k = 0; k < TRANSFER_METRICS; k++) {
        const over_trainings v = training_pool_over(&s->pool, m, change, (transfer_metric)k);
        add_row_over(&head, (transfer_metric)k, v, &s->out);
        if (k == TRANSFER_FALL_RATE && v.trainings > 0)
          add_point(s, m, change, (df_interval){.mean = v.mean, .lo = v.smallest, .hi = v.largest, .n = v.trainings});
      }
    }
  }
}

static df_status draw(const study* s, char* const* names) {
  const bool by_training = s->a->by_training;
  if (!s->a->plot) return DF_OK;
  if (s->n_points == 0) {
    return df_fail(DF_E_CONFIG, "--plot: task %s defines no fall: set eval.fall_height or eval.fall_tilt",
                   s->task->config.task_name);
  }
  DF_TRY(df_dir_make(s->a->plot));
  const transfer_figure figure = {.task = s->task->config.task_name,
                                  .band = by_training ? "smallest and largest training" : "95 % interval",
                                  .n_lines = by_training ? s->pool.n_methods : s->a->n_files,
                                  .names = by_training ? s->pool.method : names,
                                  .n = s->n_points,
                                  .points = s->points};
  return transfer_plot(s->a->plot, &figure);
}

/* a file counts once, whatever the names of its folder are */
static df_status check_files(const arguments* a) {
  for (int i = 0; a->by_training && i < a->n_files; i++) {
    for (int k = 0; k < i; k++) {
      struct stat one, other;
      if (stat(a->files[i], &one) != 0 || stat(a->files[k], &other) != 0) continue;
      if (one.st_dev != other.st_dev || one.st_ino != other.st_ino) continue;
      return df_fail(DF_E_CONFIG,
                     "--by-training: %s is the same file as %s, whose trajectories would count twice; name it once",
                     a->files[i], a->files[k]);
    }
  }
  return DF_OK;
}

/* a folder can be made or written only where no file of that name is */
static df_status check_export_folder(const arguments* a) {
  struct stat about;
  if (!a->export || stat(a->export, &about) != 0 || S_ISDIR(about.st_mode)) return DF_OK;
  return df_fail(DF_E_IO, "--export %s: this is a file, and no folder; name another folder", a->export);
}

/* what can be wrong with a perturbation, before the first one is executed */
static df_status check_changes(const arguments* a, const df_task* task) {
  for (int i = 0, steps; i < a->n_changes; i++) {
    const perturbation* p = &a->changes[i];
    DF_TRY(perturbation_check(&task->config, p));
    if (p->kind == PERTURB_LATENCY) DF_TRY(transfer_latency(task, p->level, &steps));
    if (p->kind != PERTURB_MODEL) continue;
    other_model other;
    const df_status status = other_model_new(task, p->word, &other);
    other_model_clear(&other);
    if (status != DF_OK) return status;
  }
  return DF_OK;
}

/* reads and executes file number i, and sets its name */
static df_status study_path(study* s, int i, char** names) {
  const char* path = s->a->files[i];
  trajectories* t;
  DF_TRY(trajectories_read(path, s->task, &t));
  df_status status = DF_OK;
  if (t->doubt) print_line(stderr, "dynaflow: warning: %s: %s", path, t->doubt);
  if (t->origin) print_line(stderr, "dynaflow: warning: %s: %s", path, t->origin);
  if (!t->actions) {
    status = df_fail(DF_E_CONFIG, "%s: there is no array 'actions': only actions can be executed", path);
  } else {
    names[i] = name_of(t, path, s->a->by_training ? 0 : i, names);
    study_file f = {.in = input_of(s, t), .index = i, .name = names[i]};
    if (s->a->by_training) find_training(s, t, &f);
    status = run_file(s, &f);
  }
  trajectories_free(t);
  return status;
}

/* *beyond: whether a limit forbids an export */
static df_status run_study(arguments* a, const df_task* task, const df_search* search, bool* beyond) {
  study s = {.a = a, .task = task, .search = search, .out = rows_new()};
  char** names = df_alloc((size_t)a->n_files, sizeof *names);
  df_status status = names ? df_fall_rule_new(task->system, &task->config, &s.rule) : DF_E_NOMEM;
  if (a->n_changes == 0) add_defaults(a, task->system);
  perturbation_distinguish(a->n_changes, a->changes);
  if (status == DF_OK) status = check_files(a);
  if (status == DF_OK) status = check_export_folder(a);
  if (status == DF_OK) status = check_changes(a, task);
  progress_start(&s.bar, a->common.quiet, "transfer", "models", a->n_files * (a->n_changes + 1));
  for (int f = 0; f < a->n_files && status == DF_OK; f++) status = study_path(&s, f, names);
  progress_end(&s.bar);
  if (status == DF_OK) {
    if (a->by_training) summarise(&s);
    rows_print(&s.out, &a->common);
    status = draw(&s, names);
  }
  if (status == DF_OK) status = export_files(&s, names);
  *beyond = s.beyond_limits;
  for (int f = 0; names && f < a->n_files; f++) df_free(names[f]);
  df_free(names);
  df_free(s.points);
  training_pool_clear(&s.pool);
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
  bool beyond = false;
  if (opened) status = run_study(&a, task, &search, &beyond);
  df_task_free(task);
  df_free(path);
  df_free(a.files);
  df_free(a.changes);
  df_free(a.skipped);
  search_clear(&search);
  /* what is missing once the task is open is a file of the user, which nothing fetches */
  if (status == DF_OK && beyond) return EXIT_CHECK_FAILED;
  if (opened) return report_failure(status);
  return report_task_failure(status, a.task);
}
