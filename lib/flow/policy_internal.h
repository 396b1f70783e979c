/* policy_internal.h: the structures of a policy, shared by training, acting and diagnostics. */
#ifndef LIB_FLOW_POLICY_INTERNAL_H
#define LIB_FLOW_POLICY_INTERNAL_H

#include "change.h"
#include "dynaflow/flow/policy.h"
#include "dynaflow/sim/rollout.h"
#include "trainer.h"

/* what the policy is told of the next state: dap.feedback */
typedef enum policy_feedback { FEEDBACK_NONE, FEEDBACK_ONCE, FEEDBACK_MUTUAL } policy_feedback;

/* windows of random actions */
typedef struct policy_random {
  int n;     /* episodes, those that diverged left out */
  double* x; /* [n][H+1][nx] */
  double* u; /* [n][H][nu] */
} policy_random;

/* a transition: the state in which a chunk begins, the condition, the actions and the state after `execute` of them */
typedef struct transition {
  const double *x, *next, *u; /* [nx], [nx], [chunk][nu] or, for the dynamics, [execute][nu] */
  const double* condition;    /* [nc]; NULL without conditions, and for the dynamics */
} transition;

/* the buffers of one thread, for up to `slice` samples */
typedef struct policy_worker {
  df_net_work *policy, *dynamics;
  df_real *a_t, *cond, *t, *out, *d_out;   /* [slice][chunk][nu], [slice][cond], [slice], and as a_t */
  df_real *y_t, *y_cond, *y_out, *y_d_out; /* [slice][nz], [slice][nz + execute nu], as y_t twice */
  double *action, *change;                 /* [slice][chunk][nu], [slice][nz]: targets */
  double* noise;                           /* base samples: of all chunks of a window, or of one training sample */
  double *a, *a_hat, *y, *plan;            /* [chunk][nu] twice, [nz], [H][chunk][nu]: of the window that is sampled */
  df_real* y_hat;                          /* [nz] */
  df_sim* sim;
} policy_worker;

struct df_policy {
  df_method_env env;
  df_policy_kind kind;
  policy_feedback feedback;
  int H, nx, nu, nz, nc;
  int chunk, execute; /* actions generated at a time; executed before the next chunk */
  bool flow;          /* the chunk is sampled, not predicted */
  int cond;           /* features of the policy's condition: task_condition(), for DAP the next state and whether it is
                       * known */
  int slice;          /* capacity of a worker */
  double *u_mean, *u_std;    /* [nu], owned by the chart */
  df_real* change_unit;      /* [nz] unit of demonstrated changes over `execute` actions; DAP */
  df_real* dynamics_unit;    /* [nz] unit of the changes of the dynamics' training, with those of random actions */
  double *u_center, *u_half; /* [nu] unit of the actions that the dynamics is told: random ones fill it */
  df_net *net, *dynamics_net;
  trainer *trainer, *dynamics; /* dynamics: NULL unless it is used */
  policy_random random;        /* of the training of the dynamics */
  policy_worker* worker;       /* [threads] */
};

/* ---- policy_act.c ---- */

/* numbers of one chunk: of its base samples */
static inline size_t policy_noise(const df_policy* m) {
  return m->flow ? (size_t)m->chunk * (size_t)m->nu + (m->dynamics ? (size_t)m->nz : 0) : 0;
}

/* Writes to row `row` what the policy is told: state and condition, and that the next state is unknown. */
void policy_observe(const df_policy* m, policy_worker* w, int row, const double* x, const double* condition);
/* Tells the policy the change of state y [nz], in dynamics_unit; NULL: unknown. DAP only. */
void policy_tell_change(const df_policy* m, policy_worker* w, int row, const df_real* y);
/* Tells the dynamics the state, which policy_observe() has described, and the first actions of a chunk a [chunk][nu],
 * normalised. */
void policy_tell_actions(const df_policy* m, policy_worker* w, int row, const double* a);

/* Writes the change of state of a transition y [nz], in dynamics_unit, and its actions a [n][nu], normalised and
 * clamped to the action box as the simulator does. */
void policy_change(const df_policy* m, const transition* s, double* y);
void policy_normalise(const df_policy* m, const double* u, int n, double* a);

/* Predicts the ends of the paths of `count` rows: w->out and w->y_out. */
void policy_predict(const df_policy* m, policy_worker* w, int count, const df_real* weights);
void policy_predict_change(const df_policy* m, policy_worker* w, int count);

/* the estimates of a chunk at every flow step; may be NULL */
typedef struct policy_trace {
  double *action, *change; /* [K][chunk nu], [K][nz] */
} policy_trace;

/* Generates a chunk for row 0, of which policy_observe() has described the state, from base samples `noise`
 * [policy_noise()] by K flow steps; the result, normalised, is w->a [chunk][nu]. */
void policy_generate(const df_policy* m, policy_worker* w, const double* noise, int K, const policy_trace* trace);
/* The same without feedback: y [nz] is known, or, NULL, unknown. */
void policy_generate_given(const df_policy* m, policy_worker* w, const double* noise, int K, const df_real* y);
/* Samples a change of state after the actions a [chunk][nu] in the same way; the result is w->y [nz]. */
void policy_generate_change(const df_policy* m, policy_worker* w, const double* noise, int K, const double* a);

/* ---- policy_random.c ---- */

/* Simulates n windows of random actions from the starts of demonstrated windows, training ones or, `held_out`, test
 * ones. An action is held with probability 1 - 1/execute and else drawn uniformly from the range of the learned ones
 * (action.center, action.half_range, the action box). The result is a function of task and seed. policy_random_clear()
 * frees it. Errors: DF_E_INTERRUPTED, DF_E_NONFINITE if all of them diverge, DF_E_SIM, DF_E_NOMEM. */
df_status policy_random_make(const df_policy* m, int n, bool held_out, policy_random* out);
void policy_random_clear(policy_random* r);
/* Sets dynamics_unit: the root mean square of the changes of m->random and of the demonstrations, weighted by
 * dap.random_share. */
void policy_set_unit(df_policy* m);
/* the transition of an episode that begins at a frame */
transition policy_random_transition(const df_policy* m, const policy_random* r, int episode, int frame);
/* the demonstrated transition of a window that begins `offset` frames after its start */
transition policy_demonstrated(const df_policy* m, df_window window, int offset);

/* ---- policy_train.c ---- */

/* the trainer_slice_fn of the two networks, and the validation of the policy; context is the df_policy */
void policy_train_slice(void* context, int thread, long batch, int first, int count, const df_real* parameters,
                        df_real* gradient, double* loss);
void policy_dynamics_slice(void* context, int thread, long batch, int first, int count, const df_real* parameters,
                           df_real* gradient, double* loss);
void policy_validate(void* context, int thread, int first, int count, const df_real* weights, double* loss);

#endif
