/* kinematic_fm_idm.c: kinematic flow matching with actions from an inverse-dynamics MLP that is applied to successive
 * generated states; the actions are rolled out open loop. This is the approach of the DynaFlow authors' earlier
 * quadruped code. The flow is trained on states only, the MLP needs actions. */
#include <stdio.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/flow/flow.h"
#include "methods.h"

typedef struct kinematic_idm {
  df_flow* flow;
  df_inverse* inverse;
  int horizon;
} kinematic_idm;

static void destroy(void* self) {
  kinematic_idm* m = self;
  if (!m) return;
  df_flow_free(m->flow);
  df_inverse_free(m->inverse);
  df_free(m);
}

static df_status create(const df_method_env* env, void** self) {
  *self = NULL;
  kinematic_idm* m = df_alloc(1, sizeof *m);
  if (!m) return DF_E_NOMEM;
  m->horizon = env->task->windows->horizon;
  df_status status = df_flow_new(env, "kinematic_fm", DF_DECODE_STATES, &m->flow);
  if (status == DF_OK) status = df_inverse_new(env, DF_INVERSE_DEMONSTRATED, &m->inverse);
  if (status != DF_OK) {
    destroy(m);
    return status;
  }
  *self = m;
  return DF_OK;
}

static df_status train(void* self, df_training_log* logs, int* n_logs) {
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

static df_status save(const void* self, const char* path) {
  const kinematic_idm* m = self;
  char second[4096];
  DF_TRY(inverse_path(path, second, sizeof second));
  DF_TRY(df_inverse_save(m->inverse, second));
  return df_flow_save(m->flow, path);
}

static df_status load(void* self, const char* path) {
  kinematic_idm* m = self;
  char second[4096];
  DF_TRY(inverse_path(path, second, sizeof second));
  DF_TRY(df_flow_load(m->flow, path));
  return df_inverse_load(m->inverse, second);
}

static df_status sample(void* self, const df_request* request, double* x, double* u) {
  kinematic_idm* m = self;
  DF_TRY(df_flow_sample(m->flow, request, x, NULL));
  return df_inverse_actions(m->inverse, request->B, m->horizon, x, u);
}

const df_method df_method_kinematic_fm_idm = {
    .name = "kinematic_fm_idm",
    .summary = "kinematic_fm with actions from a learned inverse-dynamics MLP, rolled out open loop",
    .flags = DF_METHOD_TRAINS | DF_METHOD_NEEDS_ACTIONS | DF_METHOD_RETURNS_ACTIONS | DF_METHOD_SAMPLES,
    .create = create,
    .destroy = destroy,
    .train = train,
    .save = save,
    .load = load,
    .sample = sample,
    .networks = {"kinematic_fm", "inverse_dynamics"},
};
