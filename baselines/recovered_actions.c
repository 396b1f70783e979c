/* recovered_actions.c: methods that recover the actions of the demonstrations from states alone and train on them: a
 * network learns inverse dynamics from the simulator's answers to actions of its own choice (flow.h).
 *
 * dynaflow_recovered and dynaflow_tracking_recovered are not methods of the paper: they regress actions, and simulate
 * a part of the samples only. action_fm_recovered needs the simulator only to recover actions. */
#include "dynaflow/core/alloc.h"
#include "dynaflow/flow/flow.h"
#include "methods.h"

typedef struct recovered {
  df_flow* flow;
  df_inverse* inverse; /* made when it is trained: sampling does not use it */
  df_method_env env;
} recovered;

static void destroy(void* self) {
  recovered* m = self;
  if (!m) return;
  df_flow_free(m->flow);
  df_inverse_free(m->inverse);
  df_free(m);
}

static df_status create(const df_method_env* env, const char* name, df_decoder decoder, void** self) {
  *self = NULL;
  recovered* m = df_alloc(1, sizeof *m);
  if (!m) return DF_E_NOMEM;
  m->env = *env;
  const df_status status = df_flow_new_recovered(env, name, decoder, &m->flow);
  if (status != DF_OK) {
    destroy(m);
    return status;
  }
  *self = m;
  return DF_OK;
}

static df_status create_dynaflow(const df_method_env* env, void** self) {
  return create(env, "dynaflow_recovered", DF_DECODE_ROLLOUT, self);
}

static df_status create_tracking(const df_method_env* env, void** self) {
  return create(env, "dynaflow_tracking_recovered", DF_DECODE_TRACKING, self);
}

static df_status create_action_fm(const df_method_env* env, void** self) {
  return create(env, "action_fm_recovered", DF_DECODE_ACTIONS, self);
}

/* the log of the flow comes first, as for every method */
static df_status train(void* self, df_training_log* logs, int* n_logs) {
  recovered* m = self;
  *n_logs = 2;
  if (!m->inverse) DF_TRY(df_inverse_new(&m->env, DF_INVERSE_SIMULATED, &m->inverse));
  DF_TRY(df_inverse_train(m->inverse, &logs[1]));
  DF_TRY(df_flow_recover(m->flow, m->inverse));
  return df_flow_train(m->flow, &logs[0]);
}

static df_status save(const void* self, const char* path) {
  return df_flow_save(((const recovered*)self)->flow, path);
}

static df_status load(void* self, const char* path) {
  return df_flow_load(((recovered*)self)->flow, path);
}

static df_status sample(void* self, const df_request* request, double* x, double* u) {
  return df_flow_sample(((recovered*)self)->flow, request, x, u);
}

#define RECOVERED_METHOD(id, creator, more_flags, line)                                         \
  const df_method df_method_##id = {                                                            \
      .name = #id,                                                                              \
      .summary = line,                                                                          \
      .flags = DF_METHOD_TRAINS | DF_METHOD_SAMPLES | DF_METHOD_RETURNS_ACTIONS | (more_flags), \
      .create = creator,                                                                        \
      .destroy = destroy,                                                                       \
      .train = train,                                                                           \
      .save = save,                                                                             \
      .load = load,                                                                             \
      .sample = sample,                                                                         \
      .networks = {#id, "recovery"},                                                            \
  }

RECOVERED_METHOD(dynaflow_recovered, create_dynaflow, DF_METHOD_SIMULATES,
                 "dynaflow after regression on actions that the simulator recovers from states");
RECOVERED_METHOD(dynaflow_tracking_recovered, create_tracking, DF_METHOD_SIMULATES,
                 "dynaflow_tracking on actions that the simulator recovers from states; a part is simulated");
RECOVERED_METHOD(action_fm_recovered, create_action_fm, 0,
                 "action_fm on actions that the simulator recovers from states");
