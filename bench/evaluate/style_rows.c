#include "style_rows.h"

#include <math.h>
#include <string.h>

#include "dynaflow/config/config.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/metrics/time_alignment.h"
#include "measures.h"

static df_alignment_cfg alignment_of(const eval_job* job) {
  return (df_alignment_cfg){.band = job->task->config.eval_style_band,
                            .n_feet = job->set->n_feet,
                            .feet = job->set->feet,
                            .objects = &job->task->config.chart_objects};
}

static bool is_asked_for(const eval_job* job) {
  return job->set->x && job->task->config.eval_style_band > 0;
}

df_status style_rows_of_windows(const eval_job* job, int k, const double* x, evaluation* out) {
  static const char* const metrics[] = {"style_joints", "style_feet", "style_shift"};
  if (!is_asked_for(job)) return DF_OK;
  const int n = job->set->B;
  const df_alignment_cfg cfg = alignment_of(job);
  const df_trajectories made = {.B = n, .H = job->set->H, .x = x};
  double* values = df_alloc(3 * (size_t)n, sizeof *values);
  if (!values) return DF_E_NOMEM;
  df_status status = df_metric_alignment(job->task->system, &cfg, &made, job->set->x, job->threads, values, values + n,
                                         values + 2 * (size_t)n);
  for (int i = 0; i < 3 && status == DF_OK; i++) {
    const double* of_metric = values + (size_t)i * (size_t)n;
    if (!isnan(of_metric[0])) status = measure_mean(job, out, metrics[i], k, n, of_metric);
  }
  df_free(values);
  return status;
}

/* x [frames+1][nx] = the demonstration from the start of window i on, and the number of its frames, at most frames + 1.
 * It ends before the first frame that train.noise has changed: with split.by: time, held-out frames may precede frames
 * that are trained on. */
static int copy_episode(const eval_job* job, int i, int frames, double* x) {
  const df_dataset* data = job->task->data;
  const df_window w = job->set->window[i];
  const int rest = data->lengths[w.episode] - w.start;
  const unsigned char* side = job->task->windows->side + data->first[w.episode] + (size_t)w.start;
  int n = (rest < frames ? rest : frames) + 1;
  for (int t = 1; t < n && job->task->config.train_noise > 0; t++) {
    if (side[t] == DF_SIDE_TRAIN) n = t;
  }
  memcpy(x, df_dataset_state(data, w.episode, w.start), (size_t)n * (size_t)job->task->system->nx * sizeof *x);
  return n;
}

df_status style_rows_of_chains(const eval_job* job, int k, const chains* c, const bool* upright, evaluation* out) {
  static const char* const metrics[] = {"style_joints.chain", "style_feet.chain", "style_shift.chain"};
  if (!is_asked_for(job)) return DF_OK;
  const size_t n = (size_t)c->n, chain = (size_t)(c->frames + 1) * (size_t)job->task->system->nx;
  df_alignment_cfg cfg = alignment_of(job);
  double *demo = df_alloc(chain, sizeof *demo), *values = df_alloc(3 * n, sizeof *values);
  int* of = df_alloc(n, sizeof *of);
  df_status status = demo && values && of ? DF_OK : DF_E_NOMEM;

  /* the distances of every chain that does not fall */
  int found = 0;
  for (int i = 0; i < c->n && status == DF_OK; i++) {
    if (!upright[i]) continue;
    const int frames = copy_episode(job, i, c->frames, demo);
    const df_trajectories made = {.B = 1, .H = c->frames, .x = c->x + (size_t)i * chain};
    double* at = values + found;
    cfg.frames = &frames;
    status = df_metric_alignment(job->task->system, &cfg, &made, demo, 1, at, at + n, at + 2 * n);
    of[found++] = i;
  }
  for (size_t m = 0; m < 3 && status == DF_OK && found; m++) {
    const double* of_metric = values + m * n;
    if (isnan(of_metric[0])) continue;
    status = measure_part(job, out->rows, metrics[m], measure_unit(metrics[m]), k, found, of_metric, of);
  }
  df_free(demo);
  df_free(values);
  df_free(of);
  return status;
}
