#include "kinematic_idm.h"

#include <stdio.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/flow/flow.h"

typedef struct kinematic_idm {
  df_flow* flow;
  df_inverse* inverse;
  int horizon;
} kinematic_idm;

void kinematic_idm_destroy(void* self) {
  kinematic_idm* m = self;
  if (!m) return;
  df_flow_free(m->flow);
  df_inverse_free(m->inverse);
  df_free(m);
}

df_status kinematic_idm_create(const df_method_env* env, const char* network, kinematic_idm_maker make, void** self) {
  *self = NULL;
  kinematic_idm* m = df_alloc(1, sizeof *m);
  if (!m) return DF_E_NOMEM;
  m->horizon = env->task->windows->horizon;
  df_status status = make(env, network, DF_DECODE_STATES, &m->flow);
  if (status == DF_OK) status = df_inverse_new(env, DF_INVERSE_DEMONSTRATED, &m->inverse);
  if (status != DF_OK) {
    kinematic_idm_destroy(m);
    return status;
  }
  *self = m;
  return DF_OK;
}

df_status kinematic_idm_train(void* self, df_training_log* logs, int* n_logs) {
  kinematic_idm* m = self;
  *n_logs = 2;
  DF_TRY(df_flow_train(m->flow, &logs[0]));
  return df_inverse_train(m->inverse, &logs[1]);
}

/* the file of the inverse-dynamics network: the path of the flow with the suffix ".inverse" */
static df_status inverse_path(const char* path, char* out, size_t n) {
  if ((size_t)snprintf(out, n, "%s.inverse", path) >= n) return df_fail(DF_E_ARG, "%s: path too long", path);
  return DF_OK;
}

df_status kinematic_idm_save(const void* self, const char* path) {
  const kinematic_idm* m = self;
  char second[4096];
  DF_TRY(inverse_path(path, second, sizeof second));
  DF_TRY(df_inverse_save(m->inverse, second));
  return df_flow_save(m->flow, path);
}

df_status kinematic_idm_load(void* self, const char* path) {
  kinematic_idm* m = self;
  char second[4096];
  DF_TRY(inverse_path(path, second, sizeof second));
  DF_TRY(df_flow_load(m->flow, path));
  return df_inverse_load(m->inverse, second);
}

df_status kinematic_idm_sample(void* self, const df_request* request, double* x, double* u) {
  kinematic_idm* m = self;
  DF_TRY(df_flow_sample(m->flow, request, x, NULL));
  return df_inverse_actions(m->inverse, request->B, m->horizon, x, u);
}
