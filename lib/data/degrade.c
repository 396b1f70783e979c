/* degrade.c: fewer and noisier training demonstrations, for sweeps over their number and quality. */
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/data/task.h"

/* adds noise [nz] of `std` standard deviations to x [nx]; z [nz + nx] is scratch */
static void disturb_state(const df_chart* chart, double std, const double* noise, double* z, size_t nx, double* x) {
  const int nz = df_chart_size(chart);
  df_chart_encode(chart, x, x, z);
  for (int i = 0; i < nz; i++) z[i] += std * noise[i];
  df_chart_decode(chart, x, z, z + nz);
  memcpy(x, z + nz, nx * sizeof *x);
}

/* disturbs the training frames of all episodes; z [nz + nx] and noise [max(nz, nu)] are scratch */
static void disturb(df_task* task, double std, double* z, double* noise) {
  df_dataset* data = task->data;
  const df_chart_statistics s = df_chart_get_statistics(task->chart);
  const size_t nx = (size_t)data->nx, nu = (size_t)data->nu, nz = (size_t)df_chart_size(task->chart);
  const uint64_t seed = (uint64_t)task->config.data_seed;
  for (int e = 0; e < data->episodes; e++) {
    for (int t = 0; t <= data->lengths[e]; t++) {
      const size_t row = data->first[e] + (size_t)t;
      if (task->windows->side[row] != DF_SIDE_TRAIN) continue;
      df_rng_normal(seed, DF_STREAM_DEMO_NOISE, 2 * (uint64_t)row, nz, noise);
      disturb_state(task->chart, std, noise, z, nx, data->states + row * nx);
      if (!data->actions || t == data->lengths[e]) continue;
      double* u = data->actions + df_dataset_action_row(data, e, t) * nu;
      df_rng_normal(seed, DF_STREAM_DEMO_NOISE, 2 * (uint64_t)row + 1, nu, noise);
      for (size_t i = 0; i < nu; i++) u[i] += std * s.action_std[i] * noise[i];
    }
  }
}

df_status df_task_degrade(df_task* task) {
  DF_REQUIRE_POINTER(task);
  const int episodes = task->config.train_episodes;
  if (episodes > 0) DF_TRY(df_windows_keep_episodes(task->windows, task->data, episodes));
  if (!(task->config.train_noise > 0)) return DF_OK;
  const size_t n = (size_t)df_chart_size(task->chart) + (size_t)task->data->nu;
  double* z = df_alloc(n + (size_t)task->data->nx, sizeof *z);
  double* noise = df_alloc(n, sizeof *noise);
  const df_status status = z && noise ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) disturb(task, task->config.train_noise, z, noise);
  df_free(z);
  df_free(noise);
  return status;
}
