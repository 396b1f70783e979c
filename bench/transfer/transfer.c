#include "transfer.h"

#include <math.h>
#include <string.h>

#include "chain_measures.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/rollout.h"

/* a latency may differ so much from a whole number of steps */
static const double WHOLE = 1e-6;

df_status transfer_latency(const df_task* task, double seconds, int* steps) {
  const double step = df_mujoco_timestep(task->system), n = seconds / step;
  *steps = (int)lround(n);
  if (fabs(n - *steps) <= WHOLE) return DF_OK;
  return df_fail(DF_E_CONFIG, "--latency %.9g: a latency is a whole number of physics steps, which last %.9g s",
                 seconds, step);
}

void transfer_clear(transfer* t) {
  df_free(t->x);
  df_free(t->fell);
  df_free(t->seconds);
  df_free(t->command_error);
  *t = (transfer){0};
}

static bool is_finite(size_t n, const double* values) {
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(values[i])) return false;
  }
  return true;
}

/* the first action of a trajectory that is not finite, or its length */
static int first_missing(const transfer_input* in, int i) {
  const size_t nu = (size_t)in->task->system->nu;
  int t = 0;
  while (t < in->length && is_finite(nu, in->u + ((size_t)i * (size_t)in->length + (size_t)t) * nu)) t++;
  return t;
}

/* memory for one window of all trajectories, by physics steps */
typedef struct window {
  double *x0, *u, *x; /* [n][nx], [n][steps][nu], [n][steps+1][nx] */
} window;

static void window_clear(window* w) {
  df_free(w->x0);
  df_free(w->u);
  df_free(w->x);
}

/* the action of trajectory i in a physics step of its motion, `late` steps after its time */
static const double* action_at(const transfer_input* in, int i, int step, int late, int missing) {
  const int substeps = df_mujoco_substeps(in->task->system);
  int t = step < late ? 0 : (step - late) / substeps;
  if (t >= missing) t = missing - 1;
  return in->u + ((size_t)i * (size_t)in->length + (size_t)t) * (size_t)in->task->system->nu;
}

/* executes the actions first .. first + n_actions - 1 of all trajectories from w->x0 on, and goes on from there */
static df_status run_window(const transfer_input* in, df_rollout* rollout, int first, int n_actions, int late,
                            const int* missing, window* w, transfer* out) {
  const size_t nx = (size_t)in->task->system->nx, nu = (size_t)in->task->system->nu;
  const int substeps = df_mujoco_substeps(in->task->system), steps = n_actions * substeps;
  for (int i = 0; i < in->n; i++) {
    for (int s = 0; s < steps; s++) {
      double* to = w->u + ((size_t)i * (size_t)steps + (size_t)s) * nu;
      if (missing[i] > 0) {
        memcpy(to, action_at(in, i, first * substeps + s, late, missing[i]), nu * sizeof *to);
      } else {
        memset(to, 0, nu * sizeof *to);
      }
    }
  }
  DF_TRY(df_rollout_run(rollout, &(df_rollout_batch){.B = in->n, .H = steps, .x0 = w->x0, .u = w->u, .x = w->x}));
  for (int i = 0; i < in->n; i++) {
    const double* from = w->x + (size_t)i * (size_t)(steps + 1) * nx;
    double* to = out->x + ((size_t)i * (size_t)(in->length + 1) + (size_t)first) * nx;
    for (int t = 0; t <= n_actions; t++) {
      double* state = to + (size_t)t * nx;
      memcpy(state, from + (size_t)(t * substeps) * nx, nx * sizeof *state);
      for (size_t k = 0; first + t > missing[i] && k < nx; k++) state[k] = NAN;
    }
    memcpy(w->x0 + (size_t)i * nx, from + (size_t)steps * nx, nx * sizeof *from);
  }
  return DF_OK;
}

static df_status run_windows(const transfer_input* in, const df_system* system, int late, const int* missing,
                             transfer* out) {
  const size_t nx = (size_t)system->nx, nu = (size_t)system->nu, n = (size_t)in->n;
  const int horizon = in->task->windows->horizon, longest = in->length < horizon ? in->length : horizon;
  const size_t steps = (size_t)(longest * df_mujoco_substeps(in->task->system));
  df_rollout_cfg cfg = df_rollout_cfg_default();
  cfg.threads = in->threads;
  df_rollout* rollout = NULL;
  window w = {.x0 = df_alloc(n * nx, sizeof *w.x0),
              .u = df_alloc(n * steps * nu, sizeof *w.u),
              .x = df_alloc(n * (steps + 1) * nx, sizeof *w.x)};
  df_status status = w.x0 && w.u && w.x ? df_rollout_new(system, &cfg, &rollout) : DF_E_NOMEM;
  for (size_t i = 0; status == DF_OK && i < n; i++)
    memcpy(w.x0 + i * nx, in->x0 + i * (size_t)(in->length + 1) * nx, nx * sizeof(double));
  for (int first = 0; status == DF_OK && first < in->length; first += longest) {
    const int left = in->length - first;
    status = run_window(in, rollout, first, left < longest ? left : longest, late, missing, &w, out);
  }
  df_rollout_free(rollout);
  window_clear(&w);
  return status;
}

static void measure(const transfer_input* in, const df_fall_rule* rule, transfer* out) {
  const df_task* task = in->task;
  const size_t nx = (size_t)task->system->nx, nc = (size_t)task->data->nc;
  for (int i = 0; i < in->n; i++) {
    const double* x = out->x + (size_t)i * (size_t)(in->length + 1) * nx;
    const int frame = df_fall_frame(rule, (int)nx, in->length, x);
    const double* condition = in->condition ? in->condition + (size_t)i * nc : NULL;
    command_errors errors;
    out->fell[i] = frame <= in->length;
    out->seconds[i] = (frame <= in->length ? frame : in->length) * task->system->dt;
    const bool commanded = frame > in->length && chain_command(task, condition, in->length, x, &errors);
    out->command_error[i] = commanded ? errors.velocity : NAN;
  }
}

df_status transfer_run(const transfer_input* in, const df_fall_rule* rule, const perturbation* p, transfer* out) {
  const size_t n = (size_t)in->n;
  df_system* system = NULL;
  int late = 0;
  *out = (transfer){.x = df_alloc(n * (size_t)(in->length + 1) * (size_t)in->task->system->nx, sizeof(double)),
                    .fell = df_alloc(n, sizeof(double)),
                    .seconds = df_alloc(n, sizeof(double)),
                    .command_error = df_alloc(n, sizeof(double))};
  int* missing = df_alloc(n, sizeof *missing);
  df_status status = out->x && out->fell && out->seconds && out->command_error && missing ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK && p->kind == PERTURB_LATENCY) status = transfer_latency(in->task, p->level, &late);
  if (status == DF_OK) status = perturbed_system(in->config, in->search, p, &system);
  for (int i = 0; status == DF_OK && i < in->n; i++) missing[i] = first_missing(in, i);
  if (status == DF_OK) status = run_windows(in, system, late, missing, out);
  if (status == DF_OK) measure(in, rule, out);
  df_system_free(system);
  df_free(missing);
  if (status != DF_OK) transfer_clear(out);
  return status;
}
