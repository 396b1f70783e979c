#include "tiny_task.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/nn/blas.h"
#include "dynaflow/sim/rollout.h"

static const char* const model =
    "<mujoco model='tiny'><option timestep='0.01' integrator='Euler' iterations='100'/>"
    "<worldbody><geom name='floor' type='plane' size='5 5 .1'/>"
    "<body name='cart' pos='0 0 0.6'>"
    "<joint name='x' type='slide' axis='1 0 0' damping='0.1'/><joint name='z' type='slide' axis='0 0 1' "
    "stiffness='100' springref='0.1' damping='4'/>"
    "<geom type='sphere' size='0.1' mass='1' contype='0' conaffinity='0'/>"
    "<body name='leg'><joint name='hip' type='hinge' axis='0 1 0' damping='0.3' stiffness='3' range='-1.2 1.2' "
    "limited='true'/>"
    "<geom type='capsule' fromto='0 0 0 0 0 -0.5' size='0.03' mass='0.3' contype='0' conaffinity='0'/>"
    "<geom name='foot' type='sphere' pos='0 0 -0.5' size='0.05' mass='0.1' friction='0.8'/></body></body></worldbody>"
    "<actuator><motor joint='hip' gear='4' ctrllimited='true' ctrlrange='-1 1'/>"
    "<motor joint='z' gear='20' ctrllimited='true' ctrlrange='-1 1'/></actuator></mujoco>";

enum { EPISODES = 12, LENGTH = 40 };

static void require(df_status status) {
  if (status == DF_OK) return;
  fprintf(stderr, "tiny_task: %s: %s\n", df_status_text(status), df_error_message());
  exit(1);
}

df_config tiny_config(void) {
  df_config c = df_config_default();
  snprintf(c.task_name, sizeof c.task_name, "tiny");
  c.window_horizon = 8;
  c.split_test_every = 4;
  c.chart_relative.n = 1;
  snprintf(c.chart_relative.v[0], DF_NAME_MAX, "x");
  c.net_width = 16;
  c.net_depth = 1;
  c.net_heads = 2;
  c.net_skip_hidden = 16;
  c.train_steps = 20;
  c.train_batch = 12;
  c.train_slices = 4;
  c.train_push = 0.5;
  c.inverse_width = 16;
  c.inverse_depth = 1;
  c.inverse_steps = 20;
  c.inverse_batch = 16;
  c.bc_width = c.dap_width = 16;
  c.bc_depth = c.dap_depth = 1;
  c.dap_steps = 20;
  c.dap_batch = 16;
  c.dap_random_episodes = 20;
  return c;
}

/* smooth actions: a sine of random phase and size for each actuator, told apart by the condition */
static void demonstrate(const df_system* system, df_dataset* data) {
  df_sim* sim;
  require(df_sim_new(system, 0, &sim));
  for (int e = 0; e < data->episodes; e++) {
    double r[4], *x = data->states + (size_t)e * (LENGTH + 1) * (size_t)data->nx;
    double* u = data->actions + (size_t)e * LENGTH * (size_t)data->nu;
    df_rng_uniform(7, DF_STREAM_TEST, (uint64_t)e, 4, r);
    df_mujoco_initial_state(system, x);
    x[2] = 0.6 * (r[0] - 0.5);
    x[1] = 0.02 * r[1];
    data->conditions[e] = e % 2;
    for (int t = 0; t < LENGTH; t++) {
      u[t * data->nu] = (0.3 + 0.4 * r[1]) * sin(0.3 * t + 6.28 * r[2]) * (e % 2 ? 1 : -1);
      u[t * data->nu + 1] = 0.2 * sin(0.2 * t + 6.28 * r[3]);
    }
    if (df_trajectory_run(system, sim, LENGTH, x, u, x) != DF_TRAJ_COMPLETE) {
      fprintf(stderr, "tiny_task: a demonstration diverged\n");
      exit(1);
    }
  }
  df_sim_free(system, sim);
}

df_task* tiny_task_with(const df_config* config) {
  const df_blas_cfg blas = {.threads = 4};
  require(df_blas_open(&blas));
  df_task* task = df_alloc(1, sizeof *task);
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = 2;
  task->config = *config;
  require(df_mujoco_system_from_xml(model, "tiny.xml", &cfg, &task->system));
  require(df_sha256(model, strlen(model), task->model_sha256));
  require(df_dataset_new(&(df_dataset_shape){.episodes = EPISODES,
                                             .length = LENGTH,
                                             .nx = task->system->nx,
                                             .nu = task->system->nu,
                                             .nc = 1,
                                             .dt = task->system->dt},
                         &task->data));
  require(df_dataset_name_condition(task->data, 0, "side"));
  demonstrate(task->system, task->data);
  require(df_windows_new(task->data, config, &task->windows));
  require(df_chart_new(task->system, config, &task->chart));
  require(df_chart_fit(task->chart, task->data, task->windows));
  require(df_task_degrade(task));
  return task;
}

double tiny_condition(int episode, int frame) {
  return 0.25 * episode - 0.125 * frame;
}

void tiny_task_condition_frames(df_task* task) {
  df_dataset *old = task->data, *data;
  require(df_dataset_new(&(df_dataset_shape){.episodes = EPISODES,
                                             .length = LENGTH,
                                             .nx = old->nx,
                                             .nu = old->nu,
                                             .nc = 1,
                                             .condition_per_frame = true,
                                             .dt = old->dt},
                         &data));
  require(df_dataset_name_condition(data, 0, "side"));
  memcpy(data->states, old->states, old->first[EPISODES] * (size_t)old->nx * sizeof *old->states);
  memcpy(data->actions, old->actions, df_dataset_actions(old) * (size_t)old->nu * sizeof *old->actions);
  for (int e = 0; e < EPISODES; e++) {
    for (int t = 0; t <= LENGTH; t++) data->conditions[data->first[e] + (size_t)t] = tiny_condition(e, t);
  }
  df_dataset_free(old);
  task->data = data;
}

df_task* tiny_task_new(void) {
  const df_config config = tiny_config();
  return tiny_task_with(&config);
}
