#include "pool.h"

#include "dynaflow/core/alloc.h"

int df_pool_size(int threads, int B) {
  return threads < B ? threads : B;
}

df_status df_pool_new(const df_system* system, int n, df_pool* pool) {
  *pool = (df_pool){.system = system};
  pool->sim = df_alloc((size_t)n, sizeof *pool->sim);
  if (!pool->sim) return DF_E_NOMEM;
  for (; pool->n < n; pool->n++) {
    const df_status status = df_sim_new(system, 0, &pool->sim[pool->n]);
    if (status != DF_OK) {
      df_pool_free(pool);
      return status;
    }
  }
  return DF_OK;
}

void df_pool_free(df_pool* pool) {
  for (int i = 0; i < pool->n; i++) df_sim_free(pool->system, pool->sim[i]);
  df_free(pool->sim);
  *pool = (df_pool){0};
}
