#include "transfer.h"

#include <math.h>
#include <string.h>

#include "chain_measures.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/rollout.h"
#include "other_model.h"

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
  df_free(t->clipped);
  df_free(t->lifted);
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

/* what executes the actions */
typedef struct executor {
  const df_system* system;  /* one action of it is one physics step */
  int substeps;             /* physics steps per action of the task */
  int late;                 /* physics steps by which actions are late */
  const other_model* other; /* whose states and controls differ from the task's; NULL: they do not */
  const int* missing;       /* [n] the first action of each trajectory that is not finite */
} executor;

/* memory for one window of all trajectories, by physics steps, in coordinates of the executing model */
typedef struct window {
  double *x0, *u, *x; /* [n][nx], [n][steps][nu], [n][steps+1][nx] */
} window;

static void window_clear(window* w) {
  df_free(w->x0);
  df_free(w->u);
  df_free(w->x);
}

/* writes the controls of trajectory i in a physics step of its motion */
static void control_at(const transfer_input* in, const executor* e, int i, int step, double* to) {
  const size_t nu = (size_t)in->task->system->nu;
  int t = step < e->late ? 0 : (step - e->late) / e->substeps;
  if (t >= e->missing[i]) t = e->missing[i] - 1;
  if (t < 0) {
    memset(to, 0, nu * sizeof *to);
    return;
  }
  const double* u = in->u + ((size_t)i * (size_t)in->length + (size_t)t) * nu;
  if (e->other) {
    other_model_act(e->other, u, to);
  } else {
    memcpy(to, u, nu * sizeof *to);
  }
}

/* executes the actions first .. first + n_actions - 1 of all trajectories from w->x0 on, and goes on from there */
static df_status run_window(const transfer_input* in, const executor* e, df_rollout* rollout, int first, int n_actions,
                            window* w, transfer* out) {
  const size_t nx = (size_t)in->task->system->nx, nu = (size_t)in->task->system->nu;
  const int steps = n_actions * e->substeps;
  for (int i = 0; i < in->n; i++) {
    for (int s = 0; s < steps; s++)
      control_at(in, e, i, first * e->substeps + s, w->u + ((size_t)i * (size_t)steps + (size_t)s) * nu);
  }
  DF_TRY(df_rollout_run(rollout, &(df_rollout_batch){.B = in->n, .H = steps, .x0 = w->x0, .u = w->u, .x = w->x}));
  for (int i = 0; i < in->n; i++) {
    const double* from = w->x + (size_t)i * (size_t)(steps + 1) * nx;
    double* to = out->x + ((size_t)i * (size_t)(in->length + 1) + (size_t)first) * nx;
    for (int t = 0; t <= n_actions; t++) {
      double* state = to + (size_t)t * nx;
      const double* made = from + (size_t)(t * e->substeps) * nx;
      if (e->other) {
        other_model_back(e->other, made, state);
      } else {
        memcpy(state, made, nx * sizeof *state);
      }
      for (size_t k = 0; first + t > e->missing[i] && k < nx; k++) state[k] = NAN;
    }
    memcpy(w->x0 + (size_t)i * nx, from + (size_t)steps * nx, nx * sizeof *from);
  }
  return DF_OK;
}

/* writes the start states in coordinates of the executing model */
static void place(const transfer_input* in, const executor* e, double* x0, transfer* out) {
  const size_t nx = (size_t)in->task->system->nx;
  for (int i = 0; i < in->n; i++) {
    const double* from = in->x0 + (size_t)i * (size_t)(in->length + 1) * nx;
    if (e->other) {
      out->lifted[i] = other_model_place(e->other, from, x0 + (size_t)i * nx);
    } else {
      memcpy(x0 + (size_t)i * nx, from, nx * sizeof *from);
    }
  }
}

static df_status run_windows(const transfer_input* in, const executor* e, transfer* out) {
  const size_t nx = (size_t)e->system->nx, nu = (size_t)e->system->nu, n = (size_t)in->n;
  const int horizon = in->task->windows->horizon, longest = in->length < horizon ? in->length : horizon;
  const size_t steps = (size_t)(longest * e->substeps);
  df_rollout_cfg cfg = df_rollout_cfg_default();
  cfg.threads = in->threads;
  df_rollout* rollout = NULL;
  window w = {.x0 = df_alloc(n * nx, sizeof *w.x0),
              .u = df_alloc(n * steps * nu, sizeof *w.u),
              .x = df_alloc(n * (steps + 1) * nx, sizeof *w.x)};
  df_status status = w.x0 && w.u && w.x ? df_rollout_new(e->system, &cfg, &rollout) : DF_E_NOMEM;
  if (status == DF_OK) place(in, e, w.x0, out);
  for (int first = 0; status == DF_OK && first < in->length; first += longest) {
    const int left = in->length - first;
    status = run_window(in, e, rollout, first, left < longest ? left : longest, &w, out);
  }
  df_rollout_free(rollout);
  window_clear(&w);
  return status;
}

/* the share of the executed controls of each trajectory that the other model clamps */
static df_status count_clipped(const transfer_input* in, const executor* e, transfer* out) {
  const size_t nu = (size_t)in->task->system->nu;
  double* v = df_alloc(nu, sizeof *v);
  if (!v) return DF_E_NOMEM;
  for (int i = 0; i < in->n; i++) {
    long clipped = 0;
    for (int t = 0; t < e->missing[i]; t++)
      clipped += other_model_act(e->other, in->u + ((size_t)i * (size_t)in->length + (size_t)t) * nu, v);
    out->clipped[i] = e->missing[i] ? (double)clipped / ((double)e->missing[i] * (double)nu) : NAN;
  }
  df_free(v);
  return DF_OK;
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

/* executes the actions in the model with a perturbation */
static df_status run_perturbed(const transfer_input* in, const perturbation* p, const int* missing, transfer* out) {
  executor e = {.substeps = df_mujoco_substeps(in->task->system), .missing = missing};
  df_system* system = NULL;
  if (p->kind == PERTURB_LATENCY) DF_TRY(transfer_latency(in->task, p->level, &e.late));
  DF_TRY(perturbed_system(in->config, in->search, p, &system));
  e.system = system;
  const df_status status = run_windows(in, &e, out);
  df_system_free(system);
  return status;
}

static df_status run_other(const transfer_input* in, const perturbation* p, const int* missing, transfer* out) {
  other_model other;
  df_status status = other_model_new(in->task, p->word, &other);
  const executor e = {.system = other.system, .substeps = other.substeps, .other = &other, .missing = missing};
  out->clipped = df_alloc((size_t)in->n, sizeof *out->clipped);
  out->lifted = df_alloc((size_t)in->n, sizeof *out->lifted);
  if (status == DF_OK && !(out->clipped && out->lifted)) status = DF_E_NOMEM;
  if (status == DF_OK) status = run_windows(in, &e, out);
  if (status == DF_OK) status = count_clipped(in, &e, out);
  other_model_clear(&other);
  return status;
}

df_status transfer_run(const transfer_input* in, const df_fall_rule* rule, const perturbation* p, transfer* out) {
  const size_t n = (size_t)in->n;
  *out = (transfer){.x = df_alloc(n * (size_t)(in->length + 1) * (size_t)in->task->system->nx, sizeof(double)),
                    .fell = df_alloc(n, sizeof(double)),
                    .seconds = df_alloc(n, sizeof(double)),
                    .command_error = df_alloc(n, sizeof(double))};
  int* missing = df_alloc(n, sizeof *missing);
  df_status status = out->x && out->fell && out->seconds && out->command_error && missing ? DF_OK : DF_E_NOMEM;
  for (int i = 0; status == DF_OK && i < in->n; i++) missing[i] = first_missing(in, i);
  if (status == DF_OK) status = (p->kind == PERTURB_MODEL ? run_other : run_perturbed)(in, p, missing, out);
  if (status == DF_OK) measure(in, rule, out);
  df_free(missing);
  if (status != DF_OK) transfer_clear(out);
  return status;
}
