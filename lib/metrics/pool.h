/* pool.h: one simulator per thread, made before the parallel region, so that a failure is an ordinary error. */
#ifndef LIB_METRICS_POOL_H
#define LIB_METRICS_POOL_H

#include "dynaflow/sim/system.h"

typedef struct df_pool {
  const df_system* system;
  int n;
  df_sim** sim;
} df_pool;

/* The number of threads to use for B windows: min(threads, B). */
int df_pool_size(int threads, int B);

/* Makes n simulators without a tape; `system` must outlive them. On failure *pool is empty. Errors: DF_E_NOMEM and
 * those of df_sim_new(). */
DF_MUST_CHECK df_status df_pool_new(const df_system* system, int n, df_pool* pool);
void df_pool_free(df_pool* pool); /* an empty pool is allowed */

#endif
