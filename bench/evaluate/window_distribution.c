#include "window_distribution.h"

#include <math.h>

#include "calls.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/metrics/metrics.h"
#include "measures.h"

/* base samples of a second sample of every window, apart from those of windows and chains */
static const uint64_t SECOND_SAMPLE = (uint64_t)1 << 33;

/* how far two samples of a window are apart, of which x has the first */
static df_status add_diversity(const eval_job* job, int k, int shown_k, const double* x, evaluation* out) {
  const eval_set* set = job->set;
  const df_task* task = job->task;
  const int n = task->config.eval_sae_windows < set->B ? task->config.eval_sae_windows : set->B;
  if (!(job->method->flags & DF_METHOD_SAMPLES) || n == 0) return DF_OK;
  const bool sees = (job->method->flags & DF_METHOD_SEES_DEMONSTRATION) != 0;
  const bool acts = (job->method->flags & DF_METHOD_RETURNS_ACTIONS) != 0;
  const size_t states = (size_t)n * (size_t)(set->H + 1) * (size_t)task->system->nx;
  double* other = df_alloc(states + (size_t)n, sizeof *other);
  double* u = acts ? df_alloc((size_t)n * (size_t)set->H * (size_t)task->system->nu, sizeof *u) : NULL;
  df_status status = other && (u || !acts) ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) {
    const df_request request = {.B = n,
                                .x0 = set->x0,
                                .condition = set->condition,
                                .demonstrated_actions = sees ? set->u : NULL,
                                .demonstrated_states = sees ? set->x : NULL,
                                .seed = job->seed,
                                .first_index = SECOND_SAMPLE,
                                .sampler_steps = k};
    status = eval_sample(job, &request, other, u);
  }
  if (status == DF_OK) {
    double* distance = other + states;
    const df_trajectories second = {.B = n, .H = set->H, .x = other};
    status = df_metric_tre(task->chart, task->system->nx, &second, x, distance, NULL);
    if (status == DF_OK) {
      status = measure_part(job, out->rows, "diversity", measure_unit("diversity"), shown_k, n, distance, NULL);
    }
  }
  df_free(other);
  df_free(u);
  return status;
}

df_status distribution_rows(const eval_job* job, int k, int shown_k, const double* x, evaluation* out) {
  const eval_set* set = job->set;
  const df_task* task = job->task;
  if (!set->x) return DF_OK;
  const df_trajectories made = {.B = set->B, .H = set->H, .x = x};
  df_interval distance = {.lo = NAN, .hi = NAN, .n = set->B};
  DF_TRY(df_metric_sliced_wasserstein(task->chart, task->system->nx, &made, set->x, (uint64_t)task->config.eval_seed,
                                      &distance.mean, &distance.failed));
  measure_row(out->rows, "sliced_wasserstein", measure_unit("sliced_wasserstein"), shown_k, distance);
  if (set->B >= DF_COVERAGE_WINDOWS) {
    double* covered = df_alloc((size_t)set->B, sizeof *covered);
    if (!covered) return DF_E_NOMEM;
    df_status status = df_metric_coverage(task->chart, task->system->nx, &made, set->x, covered);
    if (status == DF_OK) {
      status = measure_share(job, out->rows, "coverage", measure_unit("coverage"), shown_k, set->B, covered);
    }
    df_free(covered);
    DF_TRY(status);
  }
  return add_diversity(job, k, shown_k, x, out);
}
