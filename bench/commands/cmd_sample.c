/* cmd_sample.c: dynaflow sample TASK --method M --checkpoint FILE --out FILE.npz: writes sampled trajectories. */
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "cell.h"
#include "checkpoint_command.h"
#include "commands.h"
#include "dynaflow/config/config.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/flow/method.h"
#include "dynaflow/io/npz.h"
#include "dynaflow/sim/mujoco.h"
#include "eval_set.h"
#include "rows.h"
#include "terminal.h"
#include "text.h"

/* writes states, actions, conditions, dt and the identity of the model; numpy reads the file without further packages
 */
static df_status write_npz(const char* path, const cell* c, const eval_set* set, const double* x, const double* u) {
  const size_t B = (size_t)set->B, H = (size_t)set->H, nx = (size_t)c->task->system->nx;
  const size_t nu = (size_t)c->task->system->nu, nc = (size_t)c->task->data->nc;
  const double dt = c->task->system->dt;
  df_npz_entry entries[5 + DF_MODEL_ENTRIES];
  int n = 0;
  entries[n++] = (df_npz_entry){.key = "states", .rank = 3, .shape = {B, H + 1, nx}, .values = x};
  if (c->method->flags & DF_METHOD_RETURNS_ACTIONS) {
    entries[n++] = (df_npz_entry){.key = "actions", .rank = 3, .shape = {B, H, nu}, .values = u};
  }
  text names = {0};
  for (size_t i = 0; i < nc; i++) text_add(&names, "%s%s", i ? "," : "", c->task->data->condition_name[i]);
  if (nc) {
    entries[n++] = (df_npz_entry){.key = "conditions", .rank = 2, .shape = {B, nc}, .values = set->condition};
    entries[n++] = (df_npz_entry){.key = "condition_names", .kind = DF_NPZ_TEXT, .text = text_of(&names)};
  }
  entries[n++] = (df_npz_entry){.key = "dt", .rank = 0, .values = &dt};
  n += df_dataset_model_entries(df_mujoco_identity(c->task->system), entries + n);
  const df_status status = df_npz_write(path, n, entries);
  text_clear(&names);
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

static df_status sample_windows(const checkpoint_arguments* a, cell* c, const char* path) {
  /* sampler steps and windows: as given, else as in the task's settings */
  const df_list* steps = &c->config.eval_sampler_steps;
  const int k = a->steps ? a->steps : steps->n ? (int)lround(steps->v[steps->n - 1]) : 1;
  if (a->windows) {
    eval_set_free(c->set);
    c->set = NULL;
    c->task->config.eval_windows = a->windows;
    DF_TRY(eval_set_new(c->task, a->common.threads, &c->set));
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
                              .seed = c->seed,
                              .sampler_steps = k};
  df_status status = x && u ? c->method->sample(c->instance, &request, x, u) : DF_E_NOMEM;
  const int finite = status == DF_OK ? finite_windows(c, set, x, u) : 0;
  if (status == DF_OK && finite == 0) {
    status = df_fail(DF_E_NONFINITE, "none of the %d sampled windows is finite; nothing is written", set->B);
  }
  if (status == DF_OK) status = write_npz(path, c, set, x, u);
  if (status == DF_OK) print_result(a, c, path, k, finite);
  df_free(x);
  df_free(u);
  return status;
}

const struct argp sample_argp =
    CHECKPOINT_ARGP(sample_options,
                    "Samples trajectories from a checkpoint into an npz file.\n\n"
                    "Starts from the first states of the task's held-out windows. Writes states [windows][H+1][nx], "
                    "actions [windows][H][nu] if the method returns them, conditions [windows][nc] and condition_names "
                    "if the task has conditions, dt in s, and the model's hashes.\v"
                    "Windows whose rollout diverged are NaN from there on, and their number is reported; if no window "
                    "is finite, nothing is written.\n\n" CHECKPOINT_EXIT_CODES);

int cmd_sample(int argc, char** argv) {
  checkpoint_arguments a;
  checkpoint_parse(&sample_argp, argc, argv, &a);
  cell c;
  df_status status = checkpoint_open(&a, true, &c);
  if (status == DF_OK) {
    char* path = a.out ? format_text("%s", a.out) : format_text("%s-%s.npz", c.config.task_name, a.method->name);
    status = sample_windows(&a, &c, path);
    df_free(path);
  }
  cell_close(&c);
  return checkpoint_failure(status, &a);
}
