/* reference_points.c: a lower reference (floor) and upper references (ceilings) for the scores of the other methods.
 *
 * random_action draws each action uniformly from the action range of the learned methods. replay_demo replays the
 * actions of the demonstration; a method that is better than this has access to the demonstration. demo_states returns
 * the demonstrated states as they are: how feasible and plausible the data themselves are. */
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/sim/rollout.h"
#include "methods.h"

typedef struct reference_point {
  df_method_env env;
  df_rollout* rollout;
} reference_point;

static void destroy(void* self) {
  reference_point* m = self;
  if (!m) return;
  df_rollout_free(m->rollout);
  df_free(m);
}

static df_status create(const df_method_env* env, void** self) {
  *self = NULL;
  reference_point* m = df_alloc(1, sizeof *m);
  if (!m) return DF_E_NOMEM;
  m->env = *env;
  df_rollout_cfg cfg = df_rollout_cfg_default();
  cfg.threads = env->threads;
  const df_status status = df_rollout_new(env->task->system, &cfg, &m->rollout);
  if (status != DF_OK) {
    destroy(m);
    return status;
  }
  *self = m;
  return DF_OK;
}

/* the range of random action i: action.center +- action.half_range inside the action box, else the action box */
static void random_box(const df_task* task, int i, double* lo, double* hi) {
  const df_config* c = &task->config;
  *lo = task->system->u_lo[i];
  *hi = task->system->u_hi[i];
  if (c->action_center.n == 0 || c->action_half_range.n == 0) return;
  const double center = c->action_center.v[i % c->action_center.n];
  const double half = c->action_half_range.v[i % c->action_half_range.n];
  *lo = fmax(*lo, center - half);
  *hi = fmin(*hi, center + half);
}

static df_status sample_random(void* self, const df_request* r, double* x, double* u) {
  reference_point* m = self;
  const df_task* task = m->env.task;
  const int H = task->windows->horizon, nu = task->system->nu;
  const size_t n = (size_t)H * (size_t)nu;
  for (int b = 0; b < r->B; b++) {
    double* actions = u + (size_t)b * n;
    df_rng_uniform(r->seed, DF_STREAM_ACTION, r->first_index + (uint64_t)b, n, actions);
    for (size_t k = 0; k < n; k++) {
      double lo, hi;
      random_box(task, (int)(k % (size_t)nu), &lo, &hi);
      actions[k] = lo + (hi - lo) * actions[k];
    }
  }
  return df_rollout_run(m->rollout, &(df_rollout_batch){.B = r->B, .H = H, .x0 = r->x0, .u = u, .x = x});
}

static df_status sample_replay(void* self, const df_request* r, double* x, double* u) {
  reference_point* m = self;
  const df_task* task = m->env.task;
  const int H = task->windows->horizon;
  if (!r->demonstrated_actions) {
    return df_fail(DF_E_CONFIG, "task %s: replay_demo needs demonstrated actions, but there are none",
                   task->config.task_name);
  }
  memcpy(u, r->demonstrated_actions, (size_t)r->B * (size_t)H * (size_t)task->system->nu * sizeof *u);
  return df_rollout_run(m->rollout, &(df_rollout_batch){.B = r->B, .H = H, .x0 = r->x0, .u = u, .x = x});
}

static df_status sample_states(void* self, const df_request* r, double* x, double* u) {
  const reference_point* m = self;
  const df_task* task = m->env.task;
  (void)u;
  if (!r->demonstrated_states) {
    return df_fail(DF_E_CONFIG, "task %s: demo_states returns demonstrated states, but there are none",
                   task->config.task_name);
  }
  const size_t window = (size_t)(task->windows->horizon + 1) * (size_t)task->system->nx;
  memcpy(x, r->demonstrated_states, (size_t)r->B * window * sizeof *x);
  return DF_OK;
}

const df_method df_method_random_action = {
    .name = "random_action",
    .summary = "uniform random actions: the lower reference (floor)",
    .flags = DF_METHOD_RETURNS_ACTIONS,
    .create = create,
    .destroy = destroy,
    .sample = sample_random,
};

const df_method df_method_replay_demo = {
    .name = "replay_demo",
    .summary = "the actions of the demonstration: the upper reference (ceiling)",
    .flags = DF_METHOD_RETURNS_ACTIONS | DF_METHOD_NEEDS_ACTIONS | DF_METHOD_SEES_DEMONSTRATION,
    .create = create,
    .destroy = destroy,
    .sample = sample_replay,
};

const df_method df_method_demo_states = {
    .name = "demo_states",
    .summary = "the demonstrated states themselves, without actions: how plausible the data are",
    .flags = DF_METHOD_SEES_DEMONSTRATION,
    .create = create,
    .destroy = destroy,
    .sample = sample_states,
};
