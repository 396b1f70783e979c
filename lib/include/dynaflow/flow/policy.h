/* policy.h: policies that act in closed loop: behaviour cloning, action chunks, and DAP.
 *
 * A policy sees a state x_t and the condition c of the window, and generates a chunk of actions. Some of them are
 * executed in the simulator, then it sees the state that they led to. The returned actions are those that were
 * executed, and the returned states are the simulator's.
 *
 *   BC         an MLP predicts one action, trained by the mean squared error of normalised actions
 *   ACT_CHUNK  a network of the settings net.* predicts act_chunk.length actions; after every action it predicts anew
 *   DAP        policy and dynamics as flow-matching models (Lee et al., arXiv 2510.27114), on states
 *
 * ACT_CHUNK executes at t the mean of all predictions for t, with the weights exp(-act_chunk.decay i) and i = 0 for the
 * oldest: action chunking with temporal ensembling (Zhao et al. 2023, ACT). There is no variational encoder, so the
 * network is a regression.
 *
 * DAP has two networks. y is the change of the state over the first dap.execute actions of a chunk:
 *
 *     policy    pi(a | x, c, y)   a chunk of dap.chunk actions; y may be "unknown"
 *     dynamics  f(y | x, a)       the change y
 *
 * Both predict the end of their path, as in flow.h: with the velocity v = (prediction - sample) / (1 - tau), the flow
 * extrapolation sample + (1 - tau) v is the prediction itself. With dap.feedback: mutual, a chunk is sampled by
 *
 *     a^0, y^0 ~ N(0, sigma^2 I)
 *     a_est = pi(a^0, 0 | x, c)
 *     y_est = f(y^0, 0 | x, a_est)
 *     for tau = 0, 1/K ..:
 *       a_new = pi(a^tau, tau | x, c, y_est)
 *       y_est = f(y^tau, tau | x, a_est)
 *       a_est = a_new
 *       one Euler step of a^tau and y^tau to their estimates
 *
 * At tau = 0 the estimate of y is the one from before the loop. With `once`, a is sampled without y, then y with that
 * a, then a with that y; neither corrects the other afterwards. With `none`, the policy acts alone. */
#ifndef DYNAFLOW_FLOW_POLICY_H
#define DYNAFLOW_FLOW_POLICY_H

#include "dynaflow/flow/method.h"

DF_BEGIN_DECLS

typedef struct df_policy df_policy;

typedef enum df_policy_kind { DF_POLICY_BC, DF_POLICY_ACT_CHUNK, DF_POLICY_DAP } df_policy_kind;

/* Arguments, ownership and errors of these calls are those of the df_flow calls of the same name (flow.h). The
 * demonstrations must contain actions. */
DF_API DF_MUST_CHECK df_status df_policy_new(const df_method_env* env, df_policy_kind kind, df_policy** out);
DF_API void df_policy_free(df_policy* policy); /* NULL is allowed */

/* Trains the dynamics (DAP, unless dap.feedback is none), for dap.steps steps on demonstrated transitions and on
 * those of random actions from demonstrated states, and then the policy, for train.steps steps, with the dynamics as
 * they are. A policy sample of DAP is told nothing of the next state (a share dap.null_share), or an estimate (a share
 * dap.estimated_share of the others: from what the policy without y and then the dynamics predict at the flow time of
 * the sample), or the demonstrated one. Writes the log of the policy to logs[0], that of the dynamics to logs[1], and
 * their number to *n_logs. */
DF_API DF_MUST_CHECK df_status df_policy_train(df_policy* policy, df_training_log* logs, int* n_logs);

/* The dynamics are in a second file, `path` with the suffix ".dynamics". */
DF_API DF_MUST_CHECK df_status df_policy_save(const df_policy* policy, const char* path);
DF_API DF_MUST_CHECK df_status df_policy_load(df_policy* policy, const char* path);

/* As df_flow_sample(). Each window is one thread's work from start to end, so it does not depend on the others. After a
 * divergence the remaining actions are the mean ones. */
DF_API DF_MUST_CHECK df_status df_policy_sample(df_policy* policy, const df_request* request, double* x, double* u);

/* The diagnostics of DAP, on up to 256 held-out windows with 8 flow steps, on one chunk of each (docs/dap.md);
 * none for the other kinds and without dynamics. Errors: DF_E_SIM, DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_policy_diagnose(df_policy* policy, df_diagnostics* out);

DF_END_DECLS

#endif
