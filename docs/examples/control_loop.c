/* control_loop.c: a receding-horizon controller in real time. Once per action (20 ms for the Go1: 50 Hz) it measures
 * the state, plans the next H actions and applies the first. The robot is a second MuJoCo simulation. A plan that is
 * not ready before the next action is due misses its deadline: the robot then follows the plan before it.
 *
 *   dynaflow train go1_gaits --profile smoke --method dynaflow --checkpoint go1.safetensors
 *   cc -std=c17 -I lib/include docs/examples/control_loop.c -L build -ldynaflow -lm -o control_loop
 *   LD_LIBRARY_PATH=build ./control_loop tasks/go1_gaits/task.yaml smoke DEMONSTRATIONS.npz go1.safetensors 5 1
 *
 * Arguments: task file, profile, demonstrations (a few suffice: they give start state and command), checkpoint,
 * seconds, Euler steps of the sampler. On a robot, also lock the memory (mlockall) and take a real-time priority. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dynaflow/dynaflow.h"

static void sleep_until(double seconds) {
  const struct timespec t = {.tv_sec = (time_t)seconds, .tv_nsec = (long)(1e9 * (seconds - floor(seconds)))};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0) continue;
}

typedef struct controller {
  df_config config;
  df_task* task;
  df_flow* flow;
  df_sim* robot;
  double *x, *plan, *next_plan, *states; /* measured state; plans [H][nu]; planned states [H+1][nx] */
} controller;

/* everything is allocated here; the loop allocates nothing */
static df_status prepare(controller* c, char** argument) {
  char* folder = df_path_folder(argument[1]);
  const df_search search = {.n = 1, .folder = {folder}};
  const df_blas_cfg blas = df_blas_cfg_default();
  DF_TRY(df_blas_open(&blas));
  DF_TRY(df_config_load(argument[1], argument[2], "dynaflow", 0, NULL, &c->config));
  DF_TRY(df_task_new(&c->config, &search, argument[3], &c->task));
  df_free(folder);
  c->task->other_data = true; /* scales come from the checkpoint */
  const df_method_env env = {.task = c->task, .seed = 1, .threads = 1};
  DF_TRY(df_flow_new(&env, "dynaflow", DF_DECODE_ROLLOUT, &c->flow));
  DF_TRY(df_flow_load(c->flow, argument[4]));
  const df_system* system = c->task->system;
  const size_t H = (size_t)c->task->windows->horizon, nx = (size_t)system->nx, nu = (size_t)system->nu;
  c->x = df_alloc(nx, sizeof(double));
  c->plan = df_alloc(H * nu, sizeof(double));
  c->next_plan = df_alloc(H * nu, sizeof(double));
  c->states = df_alloc((H + 1) * nx, sizeof(double));
  if (!c->x || !c->plan || !c->next_plan || !c->states) return DF_E_NOMEM;
  return df_sim_new(system, 0, &c->robot);
}

static int compare(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

/* runs the loop and prints what it counted */
static df_status run(controller* c, double seconds, int euler_steps) {
  const df_system* system = c->task->system;
  const df_window start = c->task->windows->test[0];
  const int H = c->task->windows->horizon, nu = system->nu;
  const long actions = lround(seconds / system->dt);
  long plans = 0, missed = 0, at = 0; /* at: the next action of the plan */
  double* took = df_alloc((size_t)actions + 1, sizeof *took);
  if (!took) return DF_E_NOMEM;
  const df_request request = {.B = 1,
                              .x0 = c->x,
                              .condition = df_dataset_condition(c->task->data, start.episode, start.start),
                              .seed = 1,
                              .sampler_steps = euler_steps};
  memcpy(c->x, df_dataset_state(c->task->data, start.episode, start.start), (size_t)system->nx * sizeof(double));
  system->ops->reset(c->robot, c->x);
  DF_TRY(df_flow_sample(c->flow, &request, c->states, c->plan)); /* a plan to fall back to; warms the caches */

  (void)df_alloc_fail_at(0); /* counts allocations from here */
  const double begin = df_clock_wall();
  df_traj_end end = DF_TRAJ_COMPLETE;
  for (long tick = 0; tick < actions && end == DF_TRAJ_COMPLETE;) {
    /* plan from the state at the beginning of this action */
    sleep_until(begin + (double)tick * system->dt);
    const double before = df_clock_wall();
    DF_TRY(df_flow_sample(c->flow, &request, c->states, c->next_plan));
    const double now = df_clock_wall();
    took[plans++] = now - before;

    /* actions that were due while the plan was made; it is used from the action that is due now */
    const long late = (long)((now - begin) / system->dt) - tick;
    for (long i = 0; i < late && tick < actions; i++, tick++, missed++) {
      const long k = at < H ? at++ : H - 1;
      if (end == DF_TRAJ_COMPLETE) end = system->ops->step(c->robot, c->plan + k * nu, c->x);
    }
    if (tick == actions || end != DF_TRAJ_COMPLETE) break;
    memcpy(c->plan, c->next_plan, (size_t)H * (size_t)nu * sizeof(double));
    at = late < H ? late : H - 1;
    end = system->ops->step(c->robot, c->plan + at++ * nu, c->x);
    tick++;
  }
  const unsigned long allocations = (unsigned long)df_alloc_fail_at(0);

  qsort(took, (size_t)plans, sizeof *took, compare);
  printf("%ld actions at %.0f Hz: %ld plans, %ld missed deadlines, %lu allocations\n", actions, 1 / system->dt, plans,
         missed, allocations);
  printf("a plan takes %.2f ms (median), %.2f ms (99 %%), %.2f ms (longest)\n", 1e3 * took[plans / 2],
         1e3 * took[(99 * plans + 99) / 100 - 1], 1e3 * took[plans - 1]);
  printf("state:");
  for (int i = 0; i < system->nx; i++) printf(" %.3f", c->x[i]);
  printf("\n");
  df_free(took);
  return end == DF_TRAJ_COMPLETE ? DF_OK : df_fail(DF_E_SIM, "the simulation of the robot diverged");
}

int main(int count, char** argument) {
  controller c = {0};
  if (count != 7) return fprintf(stderr, "usage: control_loop TASK.yaml PROFILE DATA.npz CHECKPOINT SECONDS K\n"), 2;
  df_status status = prepare(&c, argument);
  if (status == DF_OK) status = run(&c, atof(argument[5]), atoi(argument[6]));
  if (status != DF_OK) fprintf(stderr, "control_loop: %s\n", df_error_message());
  if (c.robot) df_sim_free(c.task->system, c.robot);
  df_free(c.x);
  df_free(c.plan);
  df_free(c.next_plan);
  df_free(c.states);
  df_flow_free(c.flow);
  df_task_free(c.task);
  return status != DF_OK;
}
