#include "followed_plan.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "flow_method.h"

void followed_plan_destroy(void* self) {
  followed_plan* m = self;
  if (!m) return;
  df_flow_free(m->flow);
  df_follower_free(m->follower);
  df_free(m);
}

df_status followed_plan_create(const df_method_env* env, const char* norm, const char* network, df_decoder decoder,
                               void** self) {
  *self = NULL;
  followed_plan* m = df_alloc(1, sizeof *m);
  if (!m) return DF_E_NOMEM;
  m->task = env->task;
  const df_follower_cfg cfg = {.threads = env->threads,
                               .scale = strcmp(norm, "std") == 0 ? df_chart_std(env->task->chart) : NULL};
  df_status status = df_flow_new(env, network, decoder, &m->flow);
  if (status == DF_OK) status = df_follower_new(env->task->system, &cfg, &m->follower);
  if (status != DF_OK) {
    followed_plan_destroy(m);
    return status;
  }
  *self = m;
  return DF_OK;
}

df_status followed_plan_train(void* self, df_training_log* logs, int* n_logs) {
  return flow_method_train(((followed_plan*)self)->flow, logs, n_logs);
}

df_status followed_plan_save(const void* self, const char* path) {
  return flow_method_save(((const followed_plan*)self)->flow, path);
}

df_status followed_plan_load(void* self, const char* path) {
  return flow_method_load(((followed_plan*)self)->flow, path);
}

void followed_plan_add_effort(const void* self, df_effort* sum) {
  df_effort_add(sum, df_follower_effort(((const followed_plan*)self)->follower));
}
