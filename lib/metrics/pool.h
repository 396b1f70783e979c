/* pool.h: one simulator a thread, made before the threads start, so that a failure is an ordinary error. */
#ifndef DYNAFLOW_METRICS_POOL_H
#define DYNAFLOW_METRICS_POOL_H

#include "dynaflow/sim/system.h"

typedef struct df_pool {
  const df_system* system;
  int n;
  df_sim** sim;
} df_pool;

/* Threads worth starting for B windows. */
int df_pool_size(int threads, int B);

/* n simulators without a tape. On failure *pool is empty. */
DF_MUST_CHECK df_status df_pool_new(const df_system* system, int n, df_pool* pool);
void df_pool_free(df_pool* pool); /* an empty one is fine */

#endif
