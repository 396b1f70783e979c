/* hold_pose.c: a complete method in one file: every window holds the pose in which it starts.
 *
 *   cc -std=c17 -shared -fPIC -I lib/include hold_pose.c -L build -ldynaflow -o hold_pose.so
 *   dynaflow run go1_gaits --plugin ./hold_pose.so --method hold_pose */
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/flow/method.h"
#include "dynaflow/sim/rollout.h"

typedef struct hold_pose {
  const df_task* task;
  df_rollout* rollout;
} hold_pose;

static void destroy(void* self) {
  hold_pose* m = self;
  if (!m) return;
  df_rollout_free(m->rollout);
  df_free(m);
}

static df_status create(const df_method_env* env, void** self) {
  *self = NULL;
  hold_pose* m = df_alloc(1, sizeof *m);
  if (!m) return DF_E_NOMEM;
  m->task = env->task;
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

/* The states x [B][H+1][nx] are the rollout of the actions u [B][H][nu], so they are feasible. */
static df_status sample(void* self, const df_request* r, double* x, double* u) {
  hold_pose* m = self;
  const df_system* system = m->task->system;
  const size_t nx = (size_t)system->nx, nu = (size_t)system->nu, H = (size_t)m->task->windows->horizon;
  for (size_t b = 0; b < (size_t)r->B; b++) {
    double* actions = u + b * H * nu;
    df_system_rest_action(system, r->x0 + b * nx, actions);
    for (size_t t = 1; t < H; t++) memcpy(actions + t * nu, actions, nu * sizeof *u);
  }
  return df_rollout_run(m->rollout, &(df_rollout_batch){.B = r->B, .H = (int)H, .x0 = r->x0, .u = u, .x = x});
}

const int df_plugin_version = DF_METHOD_VERSION;

const df_method df_plugin_method = {
    .name = "hold_pose",
    .summary = "holds the pose that a window starts in",
    .flags = DF_METHOD_RETURNS_ACTIONS | DF_METHOD_IGNORES_SEED,
    .create = create,
    .destroy = destroy,
    .sample = sample,
};
