/* ddat_trained.c: two more variants of DDAT (Bouvier et al., RSS 2025, arXiv 2502.15043), whose networks are trained
 * with the projection: ddat_trained generates states, ddat_states_actions states and actions together.
 *
 * As in DDAT, the loss compares projected predictions at small noise with the demonstrations, and its gradient passes
 * the projection at fixed reachable sets; with states and actions, the search for the action of a step starts from the
 * predicted one. Other than in DDAT, samples are projected from the flow time train.project_from on instead of with a
 * probability, the search may leave the neighbourhood of the predicted action (DDAT: a tenth of the action range), and
 * predicted actions are trained without the projection. For the rest see ddat_projection.c. */
#include "dynaflow/core/alloc.h"
#include "followed_plan.h"
#include "methods.h"

typedef struct ddat {
  followed_plan* plan;
  df_method_env env;
  df_decoder decoder;
} ddat;

typedef struct projection_context {
  df_follower* follower;
  int horizon;
  bool from_predicted; /* searches start from predicted actions */
} projection_context;

static void project(void* context, int thread, double* x, double* u) {
  const projection_context* p = context;
  if (p->from_predicted) {
    (void)df_follower_track_from(p->follower, thread, p->horizon, x, u, x);
  } else {
    (void)df_follower_track(p->follower, thread, p->horizon, x, u, x);
  }
}

static projection_context context_of(const ddat* m, df_follower* follower) {
  return (projection_context){follower, m->env.task->windows->horizon, m->decoder == DF_DECODE_STATES_ACTIONS};
}

static void destroy(void* self) {
  ddat* m = self;
  if (!m) return;
  followed_plan_destroy(m->plan);
  df_free(m);
}

static df_status create(const df_method_env* env, const char* network, df_decoder decoder, void** self) {
  void* plan = NULL;
  *self = NULL;
  ddat* m = df_alloc(1, sizeof *m);
  if (!m) return DF_E_NOMEM;
  m->env = *env;
  m->decoder = decoder;
  const df_status status = followed_plan_create(env, env->task->config.projection_norm, network, decoder, &plan);
  m->plan = plan;
  if (status != DF_OK) {
    destroy(m);
    return status;
  }
  *self = m;
  return DF_OK;
}

static df_status create_states(const df_method_env* env, void** self) {
  return create(env, "ddat_trained", DF_DECODE_STATES, self);
}

static df_status create_both(const df_method_env* env, void** self) {
  return create(env, "ddat_states_actions", DF_DECODE_STATES_ACTIONS, self);
}

/* With a follower of its own, whose work is not that of samples. The norm of the training is "std", so that it does not
 * depend on projection.norm, a setting of sampling. */
static df_status train(void* self, df_training_log* logs, int* n_logs) {
  ddat* m = self;
  df_follower* follower;
  const df_follower_cfg cfg = {.threads = m->env.threads, .scale = df_chart_std(m->env.task->chart)};
  *n_logs = 1;
  DF_TRY(df_follower_new(m->env.task->system, &cfg, &follower));
  projection_context context = context_of(m, follower);
  const df_flow_projection projection = {
      .project = project, .context = &context, .from = m->env.task->config.train_project_from};
  const df_status status = df_flow_train_projected(m->plan->flow, &projection, &logs[0]);
  df_follower_free(follower);
  return status;
}

static df_status save(const void* self, const char* path) {
  return followed_plan_save(((const ddat*)self)->plan, path);
}

static df_status load(void* self, const char* path) {
  return followed_plan_load(((ddat*)self)->plan, path);
}

static df_status sample(void* self, const df_request* request, double* x, double* u) {
  ddat* m = self;
  projection_context context = context_of(m, m->plan->follower);
  const df_flow_projection projection = {
      .project = project, .context = &context, .from = m->env.task->config.projection_from};
  return df_flow_sample_projected(m->plan->flow, request, &projection, x, u);
}

static void add_effort(const void* self, df_effort* sum) {
  followed_plan_add_effort(((const ddat*)self)->plan, sum);
}

#define DDAT_METHOD(id, create_fn, more_flags, line)                                            \
  const df_method df_method_##id = {                                                            \
      .name = #id,                                                                              \
      .summary = line,                                                                          \
      .flags = DF_METHOD_TRAINS | DF_METHOD_SAMPLES | DF_METHOD_RETURNS_ACTIONS | (more_flags), \
      .create = create_fn,                                                                      \
      .destroy = destroy,                                                                       \
      .train = train,                                                                           \
      .save = save,                                                                             \
      .load = load,                                                                             \
      .sample = sample,                                                                         \
      .networks = {#id},                                                                        \
      .add_effort = add_effort,                                                                 \
  }

DDAT_METHOD(ddat_trained, create_states, 0, "ddat_projection with a network that is trained with the projection");
DDAT_METHOD(ddat_states_actions, create_both, DF_METHOD_NEEDS_ACTIONS,
            "ddat_trained over states and actions: searches start from the predicted actions");
