/* kinematic_fm_tracking.c: kinematic flow matching whose plan is tracked in the simulator: each action is the best one
 * from the state that the actions before it lead to. The states that it returns are the executed ones. It is
 * kinematic_fm_inverse in closed loop. */
#include "followed_plan.h"
#include "methods.h"

static df_status create(const df_method_env* env, void** self) {
  return followed_plan_create(env, env->task->config.tracking_norm, "kinematic_fm", DF_DECODE_STATES, self);
}

static df_status sample(void* self, const df_request* request, double* x, double* u) {
  followed_plan* m = self;
  DF_TRY(df_flow_sample(m->flow, request, x, NULL));
  return df_follower_run(
      m->follower, &(df_follow_batch){.B = request->B, .H = m->task->windows->horizon, .plan = x, .u = u, .x = x});
}

FOLLOWED_PLAN_METHOD(kinematic_fm_tracking, create, sample,
                     "kinematic_fm tracked in the simulator by the best action of every step, in closed loop");
