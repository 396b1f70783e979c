/* flow_test.h: flows on a task that trains in one second, for the tests of lib/flow. */
#ifndef TESTS_FLOW_FLOW_TEST_H
#define TESTS_FLOW_FLOW_TEST_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/flow/flow.h"
#include "dynaflow/sim/rollout.h"
#include "flow_internal.h"
#include "tiny_task.h"
#include "unit.h"

enum { B = 10 };

static inline df_method_env env_of(const df_task* task, int threads) {
  return (df_method_env){.task = task, .seed = 3, .threads = threads};
}

static inline df_flow* new_flow(const df_task* task, df_decoder decoder, int threads) {
  const df_method_env env = env_of(task, threads);
  df_flow* flow;
  assert_int_equal(df_flow_new(&env, "test", decoder, &flow), DF_OK);
  return flow;
}

static inline df_training_log train(df_flow* flow) {
  static df_training_log log;
  assert_int_equal(df_flow_train(flow, &log), DF_OK);
  return log;
}

/* a request for B held-out windows; the caller frees both arrays */
static inline void sample(df_flow* flow, const df_task* task, int steps, uint64_t seed, double** x, double** u) {
  static double x0[B * 16], c[B];
  const size_t nx = (size_t)task->system->nx, H = (size_t)task->windows->horizon;
  for (int b = 0; b < B; b++) {
    const df_window w = task->windows->test[b * 5 % task->windows->n_test];
    memcpy(x0 + (size_t)b * nx, df_dataset_state(task->data, w.episode, w.start), nx * sizeof *x0);
    c[b] = df_dataset_condition(task->data, w.episode, w.start)[0];
  }
  const df_request r = {.B = B, .x0 = x0, .condition = c, .seed = seed, .sampler_steps = steps};
  *x = df_alloc(B * (H + 1) * nx, sizeof(double));
  *u = df_alloc(B * H * (size_t)task->system->nu, sizeof(double));
  assert_int_equal(df_flow_sample(flow, &r, *x, *u), DF_OK);
}

static inline size_t bytes_x(const df_task* task) {
  return B * (size_t)(task->windows->horizon + 1) * (size_t)task->system->nx * sizeof(double);
}

static inline size_t bytes_u(const df_task* task) {
  return B * (size_t)task->windows->horizon * (size_t)task->system->nu * sizeof(double);
}

#endif
