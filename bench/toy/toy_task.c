#include "toy_task.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/mujoco.h"

static const char* const model =
    "<mujoco model='toy2d'><option timestep='0.01' gravity='0 0 0'/><worldbody><body name='point'>"
    "<joint name='x' type='slide' axis='1 0 0'/><joint name='y' type='slide' axis='0 1 0'/>"
    "<geom type='sphere' size='0.1' mass='1'/></body></worldbody>"
    "<actuator><motor joint='x'/><motor joint='y'/></actuator></mujoco>";

df_config toy_config(void) {
  df_config c = df_config_default();
  snprintf(c.task_name, sizeof c.task_name, "toy2d");
  snprintf(c.net_kind, sizeof c.net_kind, "mlp");
  c.window_horizon = 1;
  c.action_half_range = (df_list){.n = 1, .v = {1}};
  c.action_center = (df_list){.n = 1, .v = {0}};
  c.net_width = 128;
  c.net_depth = 3;
  c.train_steps = 4000;
  c.train_batch = 256;
  c.train_slices = 2;
  c.train_rate = 0.005;
  return c;
}

void toy_state(double x0[TOY_NX]) {
  for (int i = 0; i < TOY_NX; i++) x0[i] = 0;
}

void toy_condition(int n, int k, double* condition) {
  for (int i = 0; i < n; i++) condition[i] = i == k ? 1 : 0;
}

void toy_fresh_point(cloud c, uint64_t seed, int set, int index, double point[2]) {
  cloud_point(c, seed, (uint64_t)(set + 1) << 32 | (uint64_t)index, point);
}

/* episodes of one action; those of the clouds follow each other, so that every tenth of each is held out */
static df_status make_data(df_task* task, int n, const cloud* clouds, int points, uint64_t seed) {
  const int nc = n > 1 ? n : 0;
  const df_dataset_shape shape = {.episodes = n * points,
                                  .length = 1,
                                  .nx = task->system->nx,
                                  .nu = task->system->nu,
                                  .nc = nc,
                                  .dt = task->system->dt};
  DF_TRY(df_dataset_new(&shape, &task->data));
  for (int k = 0; k < nc; k++) DF_TRY(df_dataset_name_condition(task->data, k, cloud_name(clouds[k])));
  for (int e = 0; e < n * points; e++) {
    cloud_point(clouds[e / points], seed, (uint64_t)(e % points), task->data->actions + 2 * e);
    if (nc) toy_condition(nc, e / points, task->data->conditions + e * nc);
  }
  return DF_OK;
}

static df_status build(df_task* task, int n, const cloud* clouds, int points, uint64_t seed) {
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  DF_TRY(df_mujoco_system_from_xml(model, "toy2d.xml", &cfg, &task->system));
  DF_TRY(df_sha256(model, strlen(model), task->model_sha256));
  DF_TRY(make_data(task, n, clouds, points, seed));
  DF_TRY(df_windows_new(task->data, &task->config, &task->windows));
  DF_TRY(df_chart_new(task->system, &task->config, &task->chart));
  return df_chart_fit(task->chart, task->data, task->windows);
}

df_status toy_task_new(const df_config* config, int n, const cloud* clouds, int points, uint64_t seed, df_task** out) {
  *out = NULL;
  df_task* task = df_alloc(1, sizeof *task);
  if (!task) return DF_E_NOMEM;
  task->config = *config;
  const df_status status = build(task, n, clouds, points, seed);
  if (status != DF_OK) {
    df_task_free(task);
    return status;
  }
  *out = task;
  return DF_OK;
}

void toy_normalise(const df_task* task, int count, const double* points, double* z) {
  const df_chart_statistics s = df_chart_get_statistics(task->chart);
  for (int k = 0; k < 2 * count; k++) z[k] = (points[k] - s.action_mean[k % 2]) / s.action_std[k % 2];
}

void toy_denormalise(const df_task* task, int count, const double* z, double* points) {
  const df_chart_statistics s = df_chart_get_statistics(task->chart);
  for (int k = 0; k < 2 * count; k++) points[k] = s.action_mean[k % 2] + s.action_std[k % 2] * z[k];
}
