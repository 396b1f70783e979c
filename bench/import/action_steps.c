#include "action_steps.h"

#include <math.h>

#include "dynaflow/stats/statistics.h"
#include "excerpt.h"
#include "replay_compare.h"
#include "replay_hypotheses.h"
#include "stop.h"

int action_sample_episode(const df_dataset* d, int n, int i) {
  return (int)((long)i * d->episodes / n);
}

/* how many actions of it are sampled */
static int sampled_length(const df_dataset* d, int n, int i) {
  const int length = d->lengths[action_sample_episode(d, n, i)];
  return length < REPLAYED_ACTIONS / n ? length : REPLAYED_ACTIONS / n;
}

/* from the beginning of the first episode to the end of the last, since a recording may change on its way */
int action_sample_start(const df_dataset* d, int n, int i) {
  const int spare = d->lengths[action_sample_episode(d, n, i)] - sampled_length(d, n, i);
  return n > 1 ? (int)((long)spare * i / (n - 1)) : 0;
}

df_status action_sample_new(const df_dataset* d, df_dataset** out) {
  excerpt_part parts[REPLAYED_EPISODES];
  const int n = d->episodes < REPLAYED_EPISODES ? d->episodes : REPLAYED_EPISODES;
  for (int i = 0; i < n; i++)
    parts[i] = (excerpt_part){action_sample_episode(d, n, i), action_sample_start(d, n, i), sampled_length(d, n, i)};
  return excerpt_new(d, n, parts, out);
}

df_status action_least_error(const work* w, const df_dataset* some, const df_mujoco_cfg* cfg, double* error) {
  df_system* system = NULL;
  recording r;
  comparison c;
  options quiet = *w->cfg->opts;
  quiet.quiet = true;
  *error = INFINITY;
  if (df_mujoco_system_new(w->cfg->model, cfg, &system) != DF_OK) return DF_OK;
  df_status status = recording_of(some, system, &r);
  if (status == DF_OK) status = replay_compare_carried(&r, system, "replay", &quiet, &c);
  if (status == DF_OK) {
    df_sort((int)c.steps, c.carried[VELOCITY]);
    *error = c.carried[VELOCITY][c.steps / 10];
    comparison_clear(&c);
  }
  df_system_free(system);
  return status;
}

df_status action_steps_find(const work* w, int low, int high, int* steps) {
  /* what the right number leaves of the error of every other one */
  static const double CLEARLY = 0.01;
  df_mujoco_cfg cfg = replay_cfg(&w->config, false);
  df_dataset* some;
  double best = INFINITY, second = INFINITY, error;
  *steps = 0;
  if (!w->dataset->actions) return DF_OK;
  DF_TRY(action_sample_new(w->dataset, &some));
  df_status status = DF_OK;
  int found = 0;
  for (int n = low < 1 ? 1 : low; n <= high && status == DF_OK; n++) {
    cfg.timestep = df_mujoco_timestep(w->own);
    cfg.substeps = n;
    status = stop_check();
    if (status == DF_OK) status = action_least_error(w, some, &cfg, &error);
    if (status != DF_OK) break;
    second = fmin(second, fmax(best, error));
    if (error < best) found = n;
    best = fmin(best, error);
  }
  df_dataset_free(some);
  if (status == DF_OK && best < CLEARLY * second && isfinite(second)) *steps = found;
  return status;
}
