#include "evaluate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chain_measures.h"
#include "dynaflow/config/config.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/chart.h"
#include "dynaflow/flow/method.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/rollout.h"
#include "dynaflow/sim/system.h"
#include "effort.h"
#include "examples.h"
#include "measures.h"

/* a window's results of one method at one number of sampler steps */
typedef struct sampled {
  int k;            /* as shown in rows; 0 when the method has no sampler */
  double* x;        /* [B][H+1][nx], as the method claims them */
  double* u;        /* [B][H][nu], or NULL */
  double* executed; /* [B][H+1][nx]: u rolled out from x0, or NULL */
  df_effort effort; /* of rolling out, */
  int diverged;     /* which so many windows did not come to the end of */
} sampled;

static void free_sampled(sampled* s) {
  df_free(s->x);
  df_free(s->u);
  df_free(s->executed);
  *s = (sampled){0};
}

static df_status sample(const eval_job* job, int k, sampled* s) {
  const eval_set* set = job->set;
  const size_t frames = (size_t)set->B * (size_t)(set->H + 1), nx = (size_t)job->task->system->nx;
  const size_t actions = (size_t)set->B * (size_t)set->H * (size_t)job->task->system->nu;
  const bool acts = (job->method->flags & DF_METHOD_RETURNS_ACTIONS) != 0;
  s->k = (job->method->flags & DF_METHOD_SAMPLES) ? k : 0;
  s->x = df_alloc(frames * nx, sizeof(double));
  if (acts) s->u = df_alloc(actions, sizeof(double));
  if (acts) s->executed = df_alloc(frames * nx, sizeof(double));
  if (!s->x || (acts && (!s->u || !s->executed))) return DF_E_NOMEM;

  const df_request request = {
      .B = set->B,
      .x0 = set->x0,
      .condition = set->condition,
      .demonstrated_actions = (job->method->flags & DF_METHOD_SEES_DEMONSTRATION) ? set->u : NULL,
      .seed = job->seed,
      .sampler_steps = k};
  DF_TRY(job->method->sample(job->instance, &request, s->x, s->u));
  if (!acts) return DF_OK;

  df_rollout_cfg cfg = df_rollout_cfg_default();
  cfg.threads = job->threads;
  df_rollout* rollout;
  DF_TRY(df_rollout_new(job->task->system, &cfg, &rollout));
  uint8_t* end = df_alloc((size_t)set->B, 1);
  df_status status = end ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK)
    status = df_rollout_run(
        rollout, &(df_rollout_batch){.B = set->B, .H = set->H, .x0 = set->x0, .u = s->u, .x = s->executed, .end = end});
  s->effort = df_rollout_effort(rollout);
  for (int b = 0; end && b < set->B; b++) s->diverged += end[b] != DF_TRAJ_COMPLETE;
  df_rollout_free(rollout);
  df_free(end);
  return status;
}

/* ---- windows ---- */

static df_status add_tre(const eval_job* job, const char* metric, int k, const double* x, evaluation* out) {
  const eval_set* set = job->set;
  const df_chart_group* groups;
  const int n = df_chart_groups(job->task->chart, &groups);
  double* rms = df_alloc((size_t)(n + 1) * (size_t)set->B, sizeof *rms);
  if (!rms) return DF_E_NOMEM;
  double* by_group = rms + set->B;
  df_status status = df_metric_tre(job->task->chart, job->task->system->nx,
                                   &(df_trajectories){.B = set->B, .H = set->H, .x = x}, set->x, rms, by_group);
  if (status == DF_OK) status = measure_mean(job, out, metric, k, set->B, rms);
  for (int g = 0; g < n && status == DF_OK; g++) {
    char name[64];
    snprintf(name, sizeof name, "%s.%s", metric, groups[g].name);
    status = measure_part(job, out->rows, name, groups[g].unit, k, set->B, by_group + (size_t)g * (size_t)set->B, NULL);
  }
  df_free(rms);
  return status;
}

static df_status add_sae(const eval_job* job, const sampled* s, evaluation* out) {
  const eval_set* set = job->set;
  double* value = df_alloc(2 * (size_t)set->B, sizeof *value);
  if (!value) return DF_E_NOMEM;
  double* worst = value + set->B;
  df_status status = DF_OK;
  if (s->u) {
    status = df_metric_sae_own(job->task->system, &(df_trajectories){.B = set->B, .H = set->H, .x = s->x, .u = s->u},
                               job->threads, value, worst);
    if (status == DF_OK) status = measure_mean(job, out, "sae_own", s->k, set->B, value);
    if (status == DF_OK) {
      measure_worst(out->rows, "sae_own.worst_step", measure_unit("sae_own"), s->k, set->B, worst);
    }
  }
  if (status == DF_OK) status = eval_go_on(job);
  const int searched = job->task->config.eval_sae_windows < set->B ? job->task->config.eval_sae_windows : set->B;
  if (status == DF_OK && searched > 0) {
    status = df_metric_sae_min(job->task->system, &(df_trajectories){.B = searched, .H = set->H, .x = s->x, .u = s->u},
                               job->threads, value, NULL);
    if (status == DF_OK) status = measure_mean(job, out, "sae_min", s->k, searched, value);
  }
  df_free(value);
  return status;
}

static df_status add_agreement(const eval_job* job, const sampled* s, evaluation* out) {
  const eval_set* set = job->set;
  if (!s->executed || set->n_feet == 0) return DF_OK;
  uint8_t* touch = df_alloc((size_t)set->B * (size_t)(set->H + 1) * (size_t)set->n_feet, 1);
  double* value = df_alloc((size_t)set->B, sizeof *value);
  df_status status = touch && value ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) {
    status = df_metric_contacts(job->task->system, &(df_trajectories){.B = set->B, .H = set->H, .x = s->executed},
                                set->n_feet, set->feet, job->threads, touch);
  }
  if (status == DF_OK) {
    df_metric_agreement(set->B, set->H, set->n_feet, touch, set->touch, value);
    status = measure_mean(job, out, "gait_agreement", s->k, set->B, value);
  }
  df_free(touch);
  df_free(value);
  return status;
}

static df_status evaluate_steps(const eval_job* job, int k, evaluation* out) {
  sampled s = {0};
  df_status status = eval_go_on(job);
  if (status == DF_OK) status = sample(job, k, &s);
  if (status == DF_OK) status = eval_go_on(job);
  if (status == DF_OK) status = add_tre(job, "tre", s.k, s.x, out);
  if (status == DF_OK && s.executed) status = add_tre(job, "tre_open_loop", s.k, s.executed, out);
  if (status == DF_OK) status = add_sae(job, &s, out);
  if (status == DF_OK) status = add_agreement(job, &s, out);
  if (status == DF_OK) status = chain_measures(job, k, s.k, out);
  if (status == DF_OK && s.executed) effort_of_windows(out->rows, s.k, job->set->B, &s.effort, s.diverged);
  if (status == DF_OK) {
    json_decref(out->replays);
    out->replays = s.executed ? example_replays(job, s.k, s.u, s.executed) : NULL;
    json_decref(out->examples);
    out->examples = example_curves(job, s.executed ? s.executed : s.x);
  }
  free_sampled(&s);
  return status;
}

df_status evaluate(const eval_job* job, evaluation* out) {
  *out = (evaluation){.rows = json_array(), .samples = json_array(), .windows = measure_windows(job)};
  const df_list* steps = &job->task->config.eval_sampler_steps;
  const int variants = (job->method->flags & DF_METHOD_SAMPLES) ? steps->n : 1;
  for (int i = 0; i < variants; i++) {
    const int k = variants > 1 || (job->method->flags & DF_METHOD_SAMPLES) ? (int)lround(steps->v[i]) : 1;
    const df_status status = evaluate_steps(job, k, out);
    if (status != DF_OK) {
      evaluation_clear(out);
      return status;
    }
  }
  return DF_OK;
}
