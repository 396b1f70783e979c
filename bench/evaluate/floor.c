#include "floor.h"

#include <math.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/system.h"
#include "methods.h"

static df_status measure(const eval_job* job, void* instance, double* x, double* u, double* rms, double* tre) {
  const eval_set* set = job->set;
  const df_request request = {
      .B = set->B, .x0 = set->x0, .condition = set->condition, .seed = job->seed, .sampler_steps = 1};
  DF_TRY(df_method_random_action.sample(instance, &request, x, u));
  DF_TRY(df_metric_tre(job->task->chart, job->task->system->nx, &(df_trajectories){.B = set->B, .H = set->H, .x = x},
                       set->x, rms, NULL));
  double sum = 0;
  for (int b = 0; b < set->B; b++) sum += rms[b];
  *tre = isfinite(sum) ? sum / set->B : NAN;
  return DF_OK;
}

df_status random_floor(const eval_job* job, double* tre) {
  const eval_set* set = job->set;
  const size_t B = (size_t)set->B, H = (size_t)set->H;
  const df_method_env env = {.task = job->task, .seed = job->seed, .threads = job->threads, .stop = job->stop};
  void* instance;
  *tre = NAN;
  DF_TRY(df_method_random_action.create(&env, &instance));
  double* x = df_alloc(B * (H + 1) * (size_t)job->task->system->nx, sizeof *x);
  double* u = df_alloc(B * H * (size_t)job->task->system->nu, sizeof *u);
  double* rms = df_alloc(B, sizeof *rms);
  const df_status status = x && u && rms ? measure(job, instance, x, u, rms, tre) : DF_E_NOMEM;
  df_free(x);
  df_free(u);
  df_free(rms);
  df_method_random_action.destroy(instance);
  return status;
}
