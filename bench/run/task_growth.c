#include "task_growth.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/sim/mujoco.h"
#include "text.h"

const growth_effort growth_thorough = {.least = 1, .most = 64, .work = 2e6};
const growth_effort growth_quick = {.least = 0, .most = 16, .work = 1e5};

/* docs/training.md derives these rules */
growth_settings growth_advice(const growth_settings* now, const double* median, const df_growth* g) {
  growth_settings a = *now;
  if (g->verdict == DF_GROWTH_FINE) return a;
  a.horizon = g->finite > 0;
  for (int k = 1; k <= g->finite; k++) {
    if (df_growth_is_fine(median[k - 1], median[k - 1] * pow(now->cotangent_decay, k))) a.horizon = k;
  }
  a.cotangent_decay = a.rate = NAN;
  if (g->verdict == DF_GROWTH_BROKEN) return a;
  /* the cotangent of the first action is no larger than that of the last, in steps of 0.05 */
  const double balanced = floor(20 * pow(g->amplification, -1.0 / now->horizon) + 1e-9) / 20;
  const bool dampable = g->amplification <= DF_GROWTH_DAMPABLE;
  /* less than now: a decay that is at least this strong makes a growth that can be damped fine */
  if (dampable) a.cotangent_decay = balanced;
  a.rate = dampable ? now->rate : now->rate * sqrt(fmin(1, DF_GROWTH_LIMIT / g->damped));
  return a;
}

static int choose_windows(const df_task* task, const growth_effort* effort) {
  const df_system* system = task->system;
  const bool differenced = strcmp(task->config.system_gradient, "differences") == 0;
  const double each = (double)task->windows->horizon * system->ndx * df_mujoco_substeps(system) *
                      (differenced ? 2.0 * (system->ndx + system->nu) : 1);
  const double affordable = fmin(floor(effort->work / each), fmin(effort->most, task->windows->n_train));
  return (int)fmax(affordable, effort->least);
}

/* copies the windows: x [n][H+1][nx], u [n][H][nu] if the data have actions */
static void fill(const df_task* task, int n, double* x, double* u) {
  const size_t H = (size_t)task->windows->horizon, nx = (size_t)task->system->nx, nu = (size_t)task->system->nu;
  for (int b = 0; b < n; b++) {
    const uint64_t k = df_rng_below(1, DF_STREAM_GROWTH, (uint64_t)b, 0, (uint64_t)task->windows->n_train);
    const df_window w = task->windows->train[k];
    memcpy(x + (size_t)b * (H + 1) * nx, df_dataset_state(task->data, w.episode, w.start), (H + 1) * nx * sizeof *x);
    if (u) memcpy(u + (size_t)b * H * nu, df_dataset_action(task->data, w.episode, w.start), H * nu * sizeof *u);
  }
}

static df_status measure(const df_task* task, int n, task_growth* out) {
  const df_system* system = task->system;
  const int H = task->windows->horizon;
  const size_t count = (size_t)n * (size_t)H;
  double* x = df_alloc((count + (size_t)n) * (size_t)system->nx, sizeof *x);
  double* u = task->data->actions ? df_alloc(count * (size_t)system->nu, sizeof *u) : NULL;
  double* scale = df_alloc((size_t)system->nu, sizeof *scale);
  double* values = df_alloc(2 * count, sizeof *values);
  out->median = df_alloc(3 * (size_t)H, sizeof *out->median);
  df_status status = x && scale && values && out->median && (u || !task->data->actions) ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) {
    out->p90 = out->median + H;
    out->action_median = out->p90 + H;
    fill(task, n, x, u);
    for (int i = 0; i < system->nu; i++) scale[i] = df_action_half_range(&task->config, system, i);
    const df_growth_windows windows = {
        .B = n, .H = H, .x = x, .u = u, .scale = df_chart_std(task->chart), .action_scale = scale};
    status = df_metric_growth(system, &windows, values, values + count);
  }
  if (status == DF_OK)
    status = df_growth_summary(n, H, values, out->settings.cotangent_decay, out->median, out->p90, &out->state);
  if (status == DF_OK) {
    status =
        df_growth_summary(n, H, values + count, out->settings.cotangent_decay, out->action_median, NULL, &out->action);
  }
  df_free(x);
  df_free(u);
  df_free(scale);
  df_free(values);
  return status;
}

df_status task_growth_measure(const df_task* task, const growth_effort* effort, task_growth* out) {
  const df_config* c = &task->config;
  *out = (task_growth){
      .windows = choose_windows(task, effort),
      .recorded = task->data->actions != NULL,
      .H = task->windows->horizon,
      .settings = {.horizon = c->window_horizon, .cotangent_decay = c->train_cotangent_decay, .rate = c->train_rate}};
  if (out->windows == 0) return DF_OK;
  const df_status status = measure(task, out->windows, out);
  if (status != DF_OK) {
    task_growth_clear(out);
    return status;
  }
  out->advice = growth_advice(&out->settings, out->median, &out->state);
  const double growth = log(out->state.per_action);
  out->e_fold_s = isinf(out->state.per_action) ? NAN : growth > 0 ? task->system->dt / growth : INFINITY;
  return DF_OK;
}

void task_growth_clear(task_growth* g) {
  df_free(g->median);
  *g = (task_growth){0};
}

void note_growth(json_t* notes, const task_growth* g) {
  if (g->windows == 0 || g->state.verdict == DF_GROWTH_FINE) return;
  text note = {0};
  if (g->state.verdict == DF_GROWTH_BROKEN) {
    text_add(&note, "the gradient is not finite within the horizon of %d actions", g->H);
  } else {
    text_add(&note, "the gradient grows by a factor of %.3g over the horizon of %d actions", g->state.amplification,
             g->H);
    if (g->settings.cotangent_decay < 1) {
      text_add(&note, ", %.3g with train.cotangent_decay %g", g->state.damped, g->settings.cotangent_decay);
    }
  }
  text_add(&note, ": training may fail; `dynaflow doctor TASK` recommends settings");
  json_array_append_new(notes, json_string(text_of(&note)));
  text_clear(&note);
}
