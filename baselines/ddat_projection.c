/* ddat_projection.c: kinematic flow matching whose samples are projected onto the states that the simulator can reach,
 * while they are sampled: DDAT (Bouvier et al., RSS 2025, arXiv 2502.15043), of its variants that of states only.
 *
 * As in DDAT, a window is projected from its first state on, each predicted state onto those that can be reached from
 * the projected one before it, at the sampler steps of small noise, and the actions are those of the projection. Other
 * than in DDAT, what is projected is the prediction Xhat^1 of a step instead of the noisy window, the reachable set is
 * searched in the simulator instead of approximated by the hull of sampled next states, steps are projected from a flow
 * time on instead of with a probability, and training does not project, so that the network is that of kinematic_fm.
 * DDAT's noise level 0.2, below which it projects, is the flow time 1 / 1.2 of this path. */
#include "followed_plan.h"
#include "methods.h"

typedef struct projection_context {
  df_follower* follower;
  int horizon;
} projection_context;

static df_status create(const df_method_env* env, void** self) {
  return followed_plan_create(env, env->task->config.projection_norm, "kinematic_fm", DF_DECODE_STATES, self);
}

static void project(void* context, int thread, double* x, double* u) {
  const projection_context* p = context;
  (void)df_follower_track(p->follower, thread, p->horizon, x, u, x);
}

static df_status sample(void* self, const df_request* request, double* x, double* u) {
  followed_plan* m = self;
  projection_context context = {m->follower, m->task->windows->horizon};
  const df_flow_projection projection = {
      .project = project, .context = &context, .from = m->task->config.projection_from};
  return df_flow_sample_projected(m->flow, request, &projection, x, u);
}

FOLLOWED_PLAN_METHOD(ddat_projection, create, sample,
                     "kinematic_fm projected onto the states that the simulator can reach, while sampling (DDAT)");
