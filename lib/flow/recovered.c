/* recovered.c: recovers the actions of the training demonstrations from their states. */
#include "recovered.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"

enum { RESIDUAL_EVERY = 20 };
/* the largest share of the checked transitions that may diverge; a rule of thumb: single states may lie at the edge of
 * what the model can do */
static const double DIVERGED_LIMIT = 0.01;

void flow_recovered_free(flow_recovered* r) {
  if (!r) return;
  df_free(r->u);
  df_free(r->known);
  df_free(r->mean);
  df_free(r->std);
  df_free(r->unit);
  df_free(r->linear_at);
  df_free(r->A);
  df_free(r->B);
  df_free(r->r);
  df_free(r->linear_windows);
  df_free(r);
}

static df_status allocate(const df_flow* flow, flow_recovered* r) {
  const size_t n = df_dataset_actions(flow->env.task->data), nu = (size_t)flow->nu;
  r->u = df_alloc(n * nu, sizeof *r->u);
  r->known = df_alloc(n, 1);
  r->mean = df_alloc(nu, sizeof *r->mean);
  r->std = df_alloc(nu, sizeof *r->std);
  r->unit = df_alloc(nu, sizeof *r->unit);
  return r->u && r->known && r->mean && r->std && r->unit ? DF_OK : DF_E_NOMEM;
}

/* marks the transitions of n windows as those of a side (RECOVERED_...) */
static void mark(const df_flow* flow, flow_recovered* r, int n, const df_window* windows, unsigned char side) {
  for (int k = 0; k < n; k++) {
    const size_t at = df_dataset_action_row(flow->env.task->data, windows[k].episode, windows[k].start);
    memset(r->known + at, side, (size_t)flow->H);
  }
}

/* recovers the transitions of training and validation windows, one run of successive frames at a time */
static df_status recover(const df_flow* flow, df_inverse* inverse, flow_recovered* r) {
  const df_task* task = flow->env.task;
  const df_dataset* data = task->data;
  mark(flow, r, task->windows->n_validation, task->windows->validation, RECOVERED_VALIDATION);
  mark(flow, r, task->windows->n_train, task->windows->train, RECOVERED_TRAINING);
  for (int e = 0; e < data->episodes; e++) {
    for (int t = 0; t < data->lengths[e];) {
      const size_t at = df_dataset_action_row(data, e, t);
      int run = 0;
      while (t + run < data->lengths[e] && r->known[at + (size_t)run]) run++;
      if (run > 0)
        DF_TRY(df_inverse_actions(inverse, 1, run, df_dataset_state(data, e, t), r->u + at * (size_t)flow->nu));
      t += run > 0 ? run : 1;
    }
  }
  return DF_OK;
}

static void measure_spread(const df_flow* flow, flow_recovered* r) {
  const df_config* c = flow_config(flow);
  const df_system* system = flow->env.task->system;
  const size_t n = df_dataset_actions(flow->env.task->data), nu = (size_t)flow->nu;
  for (size_t i = 0; i < nu; i++) {
    double sum = 0, square = 0, count = 0;
    for (size_t k = 0; k < n; k++) {
      const bool trains = r->known[k] == RECOVERED_TRAINING;
      sum += trains ? r->u[k * nu + i] : 0;
      count += trains;
    }
    r->mean[i] = sum / count;
    for (size_t k = 0; k < n; k++)
      square += r->known[k] == RECOVERED_TRAINING ? pow(r->u[k * nu + i] - r->mean[i], 2) : 0;
    r->std[i] = fmax(sqrt(square / count), c->scale_floor_action * df_action_half_range(c, system, (int)i));
  }
}

/* recover.action_unit of each actuator's standard deviation, or of the root mean square over all of them */
static void set_units(const df_flow* flow, flow_recovered* r) {
  const df_config* c = flow_config(flow);
  const bool common = strcmp(c->recover_action_spread, "common") == 0;
  double square = 0;
  for (int i = 0; i < flow->nu; i++) square += r->std[i] * r->std[i] / flow->nu;
  for (int i = 0; i < flow->nu; i++) r->unit[i] = c->recover_action_unit * (common ? sqrt(square) : r->std[i]);
}

/* the RMS error of the state that action u leads to, std; NaN: diverged, infinite: failed, and the message of sample i
 * is stored */
static double one_step_error(const df_flow* flow, flow_worker* w, int i, const double* x, const double* next,
                             const double* u) {
  const df_system* system = flow->env.task->system;
  double simulated[FLOW_CONTEXT_MAX], demonstrated[FLOW_CONTEXT_MAX], sum = 0;
  if (flow->env.stop && *flow->env.stop) return NAN;
  system->ops->reset(w->sim, x);
  const df_traj_end end = system->ops->step(w->sim, u, w->x);
  if (end == DF_TRAJ_FAILED) trainer_note_failure(flow->trainer, i);
  if (end != DF_TRAJ_COMPLETE) return end == DF_TRAJ_FAILED ? INFINITY : NAN;
  df_chart_encode(flow->env.task->chart, x, w->x, simulated);
  df_chart_encode(flow->env.task->chart, x, next, demonstrated);
  for (int k = 0; k < flow->nz; k++) sum += (simulated[k] - demonstrated[k]) * (simulated[k] - demonstrated[k]);
  return sqrt(sum / flow->nz);
}

/* the transitions whose actions are simulated: every RESIDUAL_EVERY-th of the training, as a new list; df_free() it */
static df_window* checked_transitions(const df_flow* flow, const flow_recovered* r, int* n) {
  const df_dataset* data = flow->env.task->data;
  df_window* list = df_alloc(df_dataset_actions(data) / RESIDUAL_EVERY + 1, sizeof *list);
  size_t seen = 0;
  *n = 0;
  for (int e = 0; list && e < data->episodes; e++) {
    for (int t = 0; t < data->lengths[e]; t++) {
      const bool trains = r->known[df_dataset_action_row(data, e, t)] == RECOVERED_TRAINING;
      if (trains && seen++ % RESIDUAL_EVERY == 0) list[(*n)++] = (df_window){.episode = e, .start = t};
    }
  }
  return list;
}

/* the RMS of n errors that are not NaN, and how many are; the largest */
static double rms(int n, const double* error, int* diverged, double* worst) {
  double square = 0;
  *diverged = 0;
  *worst = 0;
  for (int i = 0; i < n; i++) {
    *diverged += isnan(error[i]);
    if (isnan(error[i])) continue;
    square += error[i] * error[i];
    *worst = fmax(*worst, error[i]);
  }
  return sqrt(square / fmax(n - *diverged, 1));
}

/* simulates the recovered actions and, for comparison, the mean one in their place; errors [2][n] */
static df_status simulate_checked(df_flow* flow, const flow_recovered* r, int n, const df_window* from, double* error) {
  const df_dataset* data = flow->env.task->data;
  flow->trainer->failed = -1;
#pragma omp parallel for schedule(dynamic, 16) num_threads(flow->env.threads)
  for (int i = 0; i < 2 * n; i++) {
    const df_window f = from[i % n];
    const double* u = i < n ? r->u + df_dataset_action_row(data, f.episode, f.start) * (size_t)flow->nu : r->mean;
    error[i] = one_step_error(flow, &flow->worker[omp_get_thread_num()], i, df_dataset_state(data, f.episode, f.start),
                              df_dataset_state(data, f.episode, f.start + 1), u);
  }
  if (flow->env.stop && *flow->env.stop) return df_fail(DF_E_INTERRUPTED, "%s: interrupted", flow->name);
  if (flow->trainer->failed < 0) return DF_OK;
  const df_window f = from[flow->trainer->failed % n];
  return df_fail(DF_E_SIM, "%s: episode %d, frame %d: %s", flow->name, f.episode, f.start, flow->trainer->failure);
}

/* DF_E_CONFIG for actions that diverge or that leave too much of the error of constant actions */
static df_status judge(const df_flow* flow, const flow_recovered* r, int n, int diverged) {
  static const double NOTHING = 1e-6; /* std: motions that any action leads to */
  const df_config* c = flow_config(flow);
  if (diverged > DIVERGED_LIMIT * n) {
    return df_fail(
        DF_E_CONFIG,
        "task %s: %d of %d actions recovered from states diverge when they are simulated: %s cannot be trained "
        "on these demonstrations; use dynaflow",
        c->task_name, diverged, n, flow->name);
  }
  if (r->residual <= c->recover_residual_limit * r->constant || r->residual <= NOTHING) return DF_OK;
  return df_fail(
      DF_E_CONFIG,
      "task %s: actions recovered from states miss the next demonstrated state by %.3g std (RMS; largest "
      "%.3g), %.3g of what constant actions miss it by, and recover.residual_limit is %g: the model cannot "
      "follow these demonstrations, or %d rounds of %d simulated actions are too few; use dynaflow, or raise "
      "recover.rounds, recover.pool or the limit",
      c->task_name, r->residual, r->worst, r->residual / r->constant, c->recover_residual_limit, c->recover_rounds,
      c->recover_pool);
}

static df_status measure_residual(df_flow* flow, flow_recovered* r) {
  int n, diverged, ignored;
  double unused;
  df_window* from = checked_transitions(flow, r, &n);
  double* error = from ? df_alloc(2 * (size_t)n, sizeof *error) : NULL;
  df_status status = error ? simulate_checked(flow, r, n, from, error) : DF_E_NOMEM;
  if (status == DF_OK) {
    r->residual = rms(n, error, &diverged, &r->worst);
    r->constant = rms(n, error + n, &ignored, &unused);
    status = judge(flow, r, n, diverged);
  }
  df_free(from);
  df_free(error);
  return status;
}

static df_status make(df_flow* flow, df_inverse* inverse, flow_recovered* r) {
  DF_TRY(allocate(flow, r));
  DF_TRY(recover(flow, inverse, r));
  measure_spread(flow, r);
  set_units(flow, r);
  DF_TRY(measure_residual(flow, r));
  return flow->decoder == DF_DECODE_ROLLOUT && flow_config(flow)->recover_linear > 0 ? flow_linearise(flow, r) : DF_OK;
}

df_status df_flow_recover(df_flow* flow, df_inverse* inverse) {
  DF_REQUIRE_POINTER(flow);
  DF_REQUIRE_POINTER(inverse);
  DF_REQUIRE(flow->from_recovered, "df_flow_recover: the flow was not made by df_flow_new_recovered()");
  const double begin = df_clock_cpu();
  flow_recovered_free(flow->recovered);
  flow->recovered = df_alloc(1, sizeof *flow->recovered);
  if (!flow->recovered) return DF_E_NOMEM;
  const df_status status = make(flow, inverse, flow->recovered);
  if (status != DF_OK) {
    flow_recovered_free(flow->recovered);
    flow->recovered = NULL;
    return status;
  }
  for (int i = 0; flow->action_scale && i < flow->nu; i++) {
    flow->action_scale[i] = (df_real)flow->recovered->mean[i];
    flow->action_scale[flow->nu + i] = (df_real)flow->recovered->std[i];
  }
  flow->trainer->earlier_cpu_s = df_clock_cpu() - begin;
  return DF_OK;
}
