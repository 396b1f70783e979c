/* kinematic_fm_inverse.c: kinematic flow matching with model-based inverse dynamics: each action is the best one, in
 * the simulator, from a generated state to the next; the actions are rolled out open loop. The state-only counterpart
 * of kinematic_fm_idm: the simulator replaces the network that needs recorded actions. */
#include "followed_plan.h"
#include "methods.h"

/* the norm is that of sae_min, which these actions minimise */
static df_status create(const df_method_env* env, void** self) {
  return followed_plan_create(env, "si", "kinematic_fm", DF_DECODE_STATES, self);
}

static df_status sample(void* self, const df_request* request, double* x, double* u) {
  followed_plan* m = self;
  DF_TRY(df_flow_sample(m->flow, request, x, NULL));
  return df_follower_run(m->follower,
                         &(df_follow_batch){.B = request->B, .H = m->task->windows->horizon, .plan = x, .u = u});
}

FOLLOWED_PLAN_METHOD(kinematic_fm_inverse, create, sample,
                     "kinematic_fm with actions from inverse dynamics by the simulator, rolled out open loop");
