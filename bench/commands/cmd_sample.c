/* cmd_sample.c: dynaflow sample TASK --checkpoint FILE --out FILE.npz: writes sampled windows or motions. */
#define _GNU_SOURCE
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cell.h"
#include "checkpoint_command.h"
#include "commands.h"
#include "condition.h"
#include "dynaflow/config/config.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/flow/method.h"
#include "dynaflow/io/npz.h"
#include "dynaflow/sim/mujoco.h"
#include "eval_set.h"
#include "json.h"
#include "motion_file.h"
#include "motions.h"
#include "rows.h"
#include "start.h"
#include "terminal.h"
#include "text.h"
#include "trajectory_file.h"

/* writes states, actions, conditions, dt and the identity of the model; numpy reads the file without further packages
 */
static df_status write_npz(const checkpoint_arguments* a, const char* path, const cell* c, const eval_set* set,
                           const double* x, const double* u) {
  const size_t B = (size_t)set->B, H = (size_t)set->H, nx = (size_t)c->task->system->nx;
  const size_t nu = (size_t)c->task->system->nu, nc = (size_t)c->task->data->nc;
  const double dt = c->task->system->dt;
  df_npz_entry entries[9 + DF_MODEL_ENTRIES];
  int n = 0;
  entries[n++] = (df_npz_entry){.key = "states", .rank = 3, .shape = {B, H + 1, nx}, .values = x};
  if (c->method->flags & DF_METHOD_RETURNS_ACTIONS) {
    entries[n++] = (df_npz_entry){.key = "actions", .rank = 3, .shape = {B, H, nu}, .values = u};
  }
  char *names = condition_names(c->task), *settings = settings_text(&c->config);
  if (nc) {
    entries[n++] = (df_npz_entry){.key = "conditions", .rank = 2, .shape = {B, nc}, .values = set->condition};
    entries[n++] = (df_npz_entry){.key = "condition_names", .kind = DF_NPZ_TEXT, .text = names};
  }
  entries[n++] = (df_npz_entry){.key = "dt", .rank = 0, .values = &dt};
  n += df_dataset_model_entries(df_mujoco_identity(c->task->system), entries + n);
  entries[n++] = (df_npz_entry){.key = "task", .kind = DF_NPZ_TEXT, .text = c->config.task_name};
  entries[n++] = (df_npz_entry){.key = "profile", .kind = DF_NPZ_TEXT, .text = c->profile};
  entries[n++] = (df_npz_entry){.key = "settings", .kind = DF_NPZ_TEXT, .text = settings};
  if (a->data_file) entries[n++] = (df_npz_entry){.key = "data_file", .kind = DF_NPZ_TEXT, .text = a->data_file};
  const df_status status = df_npz_write(path, n, entries);
  df_free(names);
  df_free(settings);
  /* a file that cannot be written is not one that is missing */
  return status == DF_E_MISSING ? df_fail(DF_E_IO, "%s", df_error_message()) : status;
}

/* the number of windows without a value that is not finite */
static int finite_windows(const cell* c, const eval_set* set, const double* x, const double* u) {
  const size_t n = (size_t)(set->H + 1) * (size_t)c->task->system->nx;
  const size_t m = (c->method->flags & DF_METHOD_RETURNS_ACTIONS) ? (size_t)set->H * (size_t)c->task->system->nu : 0;
  int count = 0;
  for (size_t b = 0; b < (size_t)set->B; b++) {
    bool finite = true;
    for (size_t i = 0; i < n; i++) finite &= isfinite(x[b * n + i]) != 0;
    for (size_t i = 0; i < m; i++) finite &= isfinite(u[b * m + i]) != 0;
    count += finite;
  }
  return count;
}

static void print_result(const checkpoint_arguments* a, const cell* c, const char* path, int k, int finite) {
  const eval_set* set = c->set;
  if (finite < set->B && !a->common.quiet) {
    print_line(stderr, "dynaflow: warning: %s: %d of %d windows are not finite", a->task, set->B - finite, set->B);
  }
  if (a->common.json) {
    rows out = rows_new();
    rows_add_object(&out, json_pack("{s:s,s:s,s:I,s:s,s:s,s:i,s:i,s:i,s:i}", "task", c->config.task_name, "method",
                                    a->method->name, "seed", (json_int_t)c->seed, "profile", c->profile, "file", path,
                                    "windows", set->B, "actions", set->H, "k", k, "finite", finite));
    rows_print(&out, &a->common);
    rows_free(&out);
  } else if (!a->common.quiet) {
    print_line(stdout, "%s: %d windows of %d actions, K = %d", path, set->B, set->H, k);
  }
}

/* K as given, else the last of the task's settings */
static int sampler_steps(const checkpoint_arguments* a, const cell* c) {
  const df_list* steps = &c->config.eval_sampler_steps;
  return a->steps ? a->steps : steps->n ? (int)lround(steps->v[steps->n - 1]) : 1;
}

static df_status sample_windows(const checkpoint_arguments* a, cell* c, const char* path) {
  /* sampler steps and windows: as given, else as in the task's settings */
  const int k = sampler_steps(a, c);
  if (a->windows) {
    eval_set_free(c->set);
    c->set = NULL;
    df_task* measured = c->eval_data.task ? c->eval_data.task : c->task;
    measured->config.eval_windows = a->windows;
    DF_TRY(eval_set_new(c->measured, a->common.threads, &c->set));
  }
  /* sample and write */
  const eval_set* set = c->set;
  const size_t frames = (size_t)set->B * (size_t)(set->H + 1);
  double* x = df_alloc(frames * (size_t)c->task->system->nx, sizeof *x);
  double* u = df_alloc(frames * (size_t)c->task->system->nu, sizeof *u);
  const df_request request = {.B = set->B,
                              .x0 = set->x0,
                              .condition = set->condition,
                              .demonstrated_actions = (c->method->flags & DF_METHOD_SEES_DEMONSTRATION) ? set->u : NULL,
                              .demonstrated_states = (c->method->flags & DF_METHOD_SEES_DEMONSTRATION) ? set->x : NULL,
                              .seed = c->seed,
                              .sampler_steps = k};
  df_status status = x && u ? c->method->sample(c->instance, &request, x, u) : DF_E_NOMEM;
  const int finite = status == DF_OK ? finite_windows(c, set, x, u) : 0;
  if (status == DF_OK && finite == 0) {
    status = df_fail(DF_E_NONFINITE, "none of the %d sampled windows is finite; nothing is written", set->B);
  }
  if (status == DF_OK) status = write_npz(a, path, c, set, x, u);
  if (status == DF_OK) print_result(a, c, path, k, finite);
  df_free(x);
  df_free(u);
  return status;
}

/* ---- motions ---- */

/* the conditions of all start states, a new array [from->n][nc], or NULL if the task has none: those of --condition,
 * else those of the file with the start states */
static df_status conditions_of(const checkpoint_arguments* a, const df_task* task, const double* given,
                               const starts* from, double** out) {
  const size_t nc = (size_t)task->data->nc, n = (size_t)from->n;
  *out = NULL;
  if (nc == 0) return DF_OK;
  if (!given && !from->condition) {
    text known = {0};
    condition_known(task, &known);
    const df_status status =
        df_fail(DF_E_CONFIG, "task %s has conditions: give --condition NAME=VALUE,... of %s", a->task, text_of(&known));
    text_clear(&known);
    return status;
  }
  *out = df_alloc(n * nc, sizeof **out);
  if (!*out) return DF_E_NOMEM;
  for (size_t i = 0; i < n; i++) memcpy(*out + i * nc, given ? given : from->condition + i * nc, nc * sizeof **out);
  return DF_OK;
}

/* reports the condition, and where it leaves the training data, once for each different one */
static void tell_conditions(const checkpoint_arguments* a, const df_task* task, int n, const double* condition) {
  const size_t nc = (size_t)task->data->nc;
  for (int i = 0; condition && !a->common.quiet && i < n; i++) {
    const double* one = condition + (size_t)i * nc;
    if (i > 0 && memcmp(one, one - nc, nc * sizeof *one) == 0) continue;
    text words = {0};
    condition_describe(task, one, &words);
    print_line(stderr, "dynaflow: condition: %s", text_of(&words));
    text_clear(&words);
    condition_warnings(task, one, &words);
    char* rest = words.data;
    for (char* line = strsep(&rest, "\n"); line && line[0]; line = strsep(&rest, "\n")) {
      print_line(stderr, "dynaflow: warning: %s", line);
    }
    text_clear(&words);
  }
}

static json_t* motion_json(const checkpoint_arguments* a, const cell* c, const char* path, const motions* m, int i) {
  const motion_row* r = &m->row[i];
  json_t* one =
      json_pack("{s:s,s:s,s:I,s:s,s:s,s:i,s:i,s:f,s:i}", "task", c->config.task_name, "method", a->method->name, "seed",
                (json_int_t)r->seed, "profile", c->profile, "file", path, "trajectory", i, "start", r->start, "seconds",
                m->length * c->task->system->dt, "actions", m->length);
  json_object_set_new(one, "finite", json_boolean(r->finite));
  json_object_set_new(one, "fell", m->falls_defined ? json_boolean(isfinite(r->fell)) : json_null());
  json_object_set_new(one, "fell_at", json_number(r->fell));
  json_object_set_new(one, "command_error", json_number(r->errors.velocity));
  json_object_set_new(one, "yaw_rate_error", json_number(r->errors.yaw_rate));
  json_object_set_new(one, "position_error", json_number(r->errors.position));
  json_object_set_new(one, "heading_error", json_number(r->errors.heading));
  json_object_set_new(one, m->u ? "sae_own" : "sae_min", json_number(r->sae));
  json_object_set_new(one, "tre", json_number(r->tre));
  json_object_set_new(one, "tre_actions", json_integer(r->tre_actions));
  json_object_set_new(one, "demo_episode", json_integer(r->demonstration.episode));
  json_object_set_new(one, "demo_frame", json_integer(r->demonstration.frame));
  json_object_set_new(one, "demo_distance", json_number(r->demonstration.distance));
  return one;
}

static int finite_motions(const motions* m) {
  int count = 0;
  for (int i = 0; i < m->n; i++) count += m->row[i].finite;
  return count;
}

static void print_motions(const checkpoint_arguments* a, const cell* c, const char* path, const motions* m) {
  rows out = rows_new();
  const int finite = finite_motions(m);
  for (int i = 0; i < m->n; i++) rows_add_object(&out, motion_json(a, c, path, m, i));
  if (finite < m->n && !a->common.quiet) {
    print_line(stderr, "dynaflow: warning: %s: %d of %d motions are not finite", a->task, m->n - finite, m->n);
  }
  if (a->common.json || !a->common.quiet) rows_print(&out, &a->common);
  rows_free(&out);
}

static df_status write_motions(const checkpoint_arguments* a, const cell* c, int k, const motions* m,
                               const char* path) {
  const motion_origin origin = {.x0 = a->x0, .checkpoint = a->checkpoint, .data_file = a->data_file, .k = k};
  DF_TRY(motions_write_npz(m, c, &origin, path));
  return a->csv ? motions_write_csv(m, c, a->csv) : DF_OK;
}

/* plans, measures and writes the motions from these start states */
static df_status sample_from(const checkpoint_arguments* a, cell* c, const double* given, const starts* from,
                             const char* path) {
  const int k = sampler_steps(a, c);
  double* condition;
  motions* m = NULL;
  DF_TRY(conditions_of(a, c->task, given, from, &condition));
  tell_conditions(a, c->task, from->n, condition);
  const motion_cfg cfg = {.n_seeds = a->common.n_seeds,
                          .seeds = a->common.seeds,
                          .from = from,
                          .condition = condition,
                          .seconds = a->seconds,
                          .replan = a->replan,
                          .k = k};
  const eval_job job = {
      .task = c->measured, .set = c->set, .method = c->method, .instance = c->instance, .threads = a->common.threads};
  df_status status = motions_new(&job, &cfg, &m);
  if (status == DF_OK && finite_motions(m) == 0) {
    status = df_fail(DF_E_NONFINITE, "none of the %d sampled motions is finite; nothing is written", m->n);
  }
  if (status == DF_OK) status = write_motions(a, c, (c->method->flags & DF_METHOD_SAMPLES) ? k : 0, m, path);
  if (status == DF_OK) print_motions(a, c, path, m);
  motions_free(m);
  df_free(condition);
  return status;
}

static df_status sample_motions(const checkpoint_arguments* a, cell* c, const char* path) {
  double* given = NULL;
  starts from = {0};
  df_status status = expect_two_files("--out", path, "--csv", a->csv);
  if (status == DF_OK && a->condition) {
    given = df_alloc((size_t)c->task->data->nc + 1, sizeof *given);
    status = given ? condition_parse(c->task, a->condition, given) : DF_E_NOMEM;
  }
  if (status == DF_OK) status = starts_new(c->task, a->x0, given, &from);
  if (status == DF_OK) status = sample_from(a, c, given, &from, path);
  starts_clear(&from);
  df_free(given);
  return status;
}

const struct argp sample_argp = CHECKPOINT_ARGP(
    sample_options,
    "Samples trajectories from a checkpoint into an npz file.\n\n"
    "Without --seconds, starts from the first states of the task's held-out windows. Writes states [windows][H+1][nx], "
    "actions [windows][H][nu] if the method returns them, conditions [windows][nc] and condition_names "
    "if the task has conditions, dt in s, task, profile and the model's hashes.\n\n"
    "With --seconds, asks the method for motions: windows are planned one after the other, each from "
    "where the last one claimed to end (or, with --replan, from the executed state), and their actions "
    "are executed from the start. Prints for each motion when it fell, command error, admissibility, "
    "and the nearest demonstration. The file also has names and units of columns, its provenance, and a "
    "text README, which is Python that replays it bit for bit.\v"
    "Windows and motions whose rollout diverged are NaN from there on, and their number is reported; if none "
    "is finite, nothing is written.\n\n" CHECKPOINT_EXIT_CODES);

int cmd_sample(int argc, char** argv) {
  checkpoint_arguments a;
  checkpoint_parse(&sample_argp, false, argc, argv, &a);
  cell c;
  df_status status = checkpoint_open(&a, true, &c);
  if (status == DF_OK) {
    char* path = a.out ? format_text("%s", a.out) : format_text("%s-%s.npz", c.config.task_name, a.method->name);
    status = a.seconds > 0 ? sample_motions(&a, &c, path) : sample_windows(&a, &c, path);
    df_free(path);
  }
  cell_close(&c);
  return checkpoint_failure(status, &a);
}
