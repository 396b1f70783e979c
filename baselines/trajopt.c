/* trajopt.c: trajectory optimisation of each demonstrated window: the actions whose states, from the window's first
 * state on, are nearest to the demonstrated ones (dynaflow/optimise/clip_fit.h). It sees the demonstrated states and
 * reads no action: the ceiling where no actions are recorded, and where no action can follow the states. */
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/optimise/clip_fit.h"
#include "methods.h"

typedef struct trajopt {
  df_method_env env;
  df_effort effort; /* of all fits so far */
} trajopt;

static df_status create(const df_method_env* env, void** self) {
  trajopt* m = df_alloc(1, sizeof *m);
  *self = m;
  if (!m) return DF_E_NOMEM;
  m->env = *env;
  return DF_OK;
}

static void destroy(void* self) {
  df_free(self);
}

/* the fit of one window as a whole, which begins with a part that grows */
static df_clip_fit_cfg settings(const trajopt* m) {
  df_clip_fit_cfg cfg = df_clip_fit_cfg_default();
  const int H = m->env.task->windows->horizon;
  cfg.window = H;
  if (cfg.commit > H) cfg.commit = H;
  cfg.iterations = m->env.task->config.trajopt_iterations;
  cfg.tolerance = m->env.task->config.trajopt_tolerance;
  cfg.stop = m->env.stop;
  return cfg;
}

/* Fits one window. A window that diverges whatever is tried is a value: rest actions, and states that are NaN. */
static df_status fit_window(const trajopt* m, const double* demo, double* x, double* u, df_effort* effort) {
  const df_system* system = m->env.task->system;
  const int H = m->env.task->windows->horizon;
  const size_t nx = (size_t)system->nx;
  const df_clip_fit_cfg cfg = settings(m);
  df_clip_fit fit = {0};
  const df_status status = df_clip_fit_states(m->env.task, demo, H, &cfg, x, u, &fit);
  *effort = fit.effort;
  if (status != DF_E_SIM) return status;
  memcpy(x, demo, nx * sizeof *x);
  for (size_t i = nx; i < (size_t)(H + 1) * nx; i++) x[i] = NAN;
  for (int t = 0; t < H; t++) df_system_rest_action(system, demo, u + t * system->nu);
  return DF_OK;
}

static df_status sample(void* self, const df_request* r, double* x, double* u) {
  trajopt* m = self;
  const df_task* task = m->env.task;
  const size_t states = (size_t)(task->windows->horizon + 1) * (size_t)task->system->nx;
  const size_t actions = (size_t)task->windows->horizon * (size_t)task->system->nu;
  if (!r->demonstrated_states) {
    return df_fail(DF_E_CONFIG, "task %s: trajopt fits demonstrated states, but there are none",
                   task->config.task_name);
  }
  df_status failed = DF_OK;
#pragma omp parallel for num_threads(m->env.threads) schedule(dynamic)
  for (int b = 0; b < r->B; b++) {
    df_effort effort;
    const size_t at = (size_t)b;
    const df_status status =
        fit_window(m, r->demonstrated_states + at * states, x + at * states, u + at * actions, &effort);
#pragma omp critical(trajopt_result)
    {
      if (status != DF_OK) failed = status;
      df_effort_add(&m->effort, effort);
    }
  }
  return failed == DF_OK ? DF_OK
                         : df_fail(failed, "task %s: trajopt: %s", task->config.task_name, df_status_text(failed));
}

static void add_effort(const void* self, df_effort* sum) {
  df_effort_add(sum, ((const trajopt*)self)->effort);
}

const df_method df_method_trajopt = {
    .name = "trajopt",
    .summary = "the feasible motion nearest to the demonstrated window: the upper reference (ceiling) without actions",
    .flags = DF_METHOD_RETURNS_ACTIONS | DF_METHOD_SEES_DEMONSTRATION,
    .create = create,
    .destroy = destroy,
    .sample = sample,
    .add_effort = add_effort,
};
