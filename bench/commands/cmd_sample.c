/* cmd_sample.c: dynaflow sample TASK --method M --checkpoint FILE --out FILE.npz: writes sampled trajectories. */
#include <math.h>
#include <stdio.h>

#include "cell.h"
#include "checkpoint_command.h"
#include "dynaflow/config/config.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/flow/method.h"
#include "dynaflow/io/npz.h"
#include "exit_code.h"
#include "job.h"
#include "terminal.h"
#include "text.h"

/* writes states, actions, conditions, dt and model hash; numpy reads the file without further packages */
static df_status write_npz(const char* path, const cell* c, const eval_set* set, const double* x, const double* u) {
  const size_t B = (size_t)set->B, H = (size_t)set->H, nx = (size_t)c->task->system->nx;
  const size_t nu = (size_t)c->task->system->nu, nc = (size_t)c->task->data->nc;
  const double dt = c->task->system->dt;
  df_npz_entry entries[6];
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
  entries[n++] = (df_npz_entry){.key = "model_sha256", .kind = DF_NPZ_TEXT, .text = c->task->model_sha256};
  const df_status status = df_npz_write(path, n, entries);
  text_clear(&names);
  return status;
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
  if (status == DF_OK) status = write_npz(path, c, set, x, u);
  if (status == DF_OK && !a->common.quiet) {
    print_line(stdout, "%s: %d windows of %d actions, K = %d", path, set->B, set->H, k);
  }
  df_free(x);
  df_free(u);
  return status;
}

int cmd_sample(int argc, char** argv) {
  checkpoint_arguments a;
  checkpoint_parse(argc, argv,
                   "Samples trajectories from a checkpoint into an npz file.\n\n"
                   "Starts from the first states of the task's held-out windows. Writes states [windows][H+1][nx], "
                   "actions [windows][H][nu] if the method returns them, conditions [windows][nc] and condition_names "
                   "if the task has conditions, dt in s, and model_sha256.\v"
                   "Exits with 0 when done, 2 on bad input or when a model or data file is missing, 3 when BLAS, or "
                   "its kernel, is not available or memory is exhausted, 130 when interrupted.",
                   true, &a);
  char path[4096];
  cell c;
  df_status status = checkpoint_open(&a, true, &c);
  if (status == DF_OK) {
    if (a.out) {
      snprintf(path, sizeof path, "%s", a.out);
    } else {
      snprintf(path, sizeof path, "%s-%s.npz", c.config.task_name, a.method->name);
    }
    status = sample_windows(&a, &c, path);
  }
  cell_close(&c);
  return status == DF_OK ? EXIT_DONE : report_task_failure(status, a.task);
}
