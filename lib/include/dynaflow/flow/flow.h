/* flow.h: one flow, many decoders.
 *
 * Conditional flow matching on windows (DynaFlow, arXiv 2509.19804, section III; notation of docs/design.md):
 *     X^0 ~ N(0, sigma^2 I),   X^t = (1-t) X^0 + t X^1,   Xhat^1 = decode(D_theta(X^t, c, t)),
 *     loss = mean over frames 1..H and channels of (Xhat^1 - X^1)^2          (eq. 4, W = 1/std by normalisation)
 *     velocity = (Xhat^1 - X^t) / (1-t)                                       (eq. 5)
 * Sampling takes K Euler steps from t = 0; the last one returns Xhat^1 itself, so K = 1 is one network call.
 *
 * What stands between network and Xhat^1 is the decoder:
 *     STATES   the network's output is Xhat^1, in chart coordinates (chart.h): kinematic flow matching
 *     ACTIONS  the flow runs over normalised actions; states follow by rolling them out afterwards
 *     ROLLOUT  u = center + half_range tanh(output); Xhat^1 = chart(simulator rollout of u from x0): DynaFlow. The loss
 *              is on states only and its exact gradient flows back through the simulator.
 *     TRACKING ROLLOUT with feedback inside: the network also outputs a reference window zref, learned by the kinematic
 *              loss alone, and the simulator is driven by u = clamp(center + half_range (tanh(output) - K (z - zref)))
 *              with z = chart(state). K is one constant [nu][nz] matrix, zero at first, learned along with the network.
 *              What is returned are the applied actions: replayed from x0 they reproduce the states as ROLLOUT's do. */
#ifndef DYNAFLOW_FLOW_FLOW_H
#define DYNAFLOW_FLOW_FLOW_H

#include "dynaflow/flow/method.h"

typedef enum df_decoder { DF_DECODE_STATES, DF_DECODE_ACTIONS, DF_DECODE_ROLLOUT, DF_DECODE_TRACKING } df_decoder;

typedef struct df_flow df_flow;

/* A flow with freshly initialised weights. `name` is the method's, for logs and files. */
DF_API DF_MUST_CHECK df_status df_flow_new(const df_method_env* env, const char* name, df_decoder decoder,
                                           df_flow** out);
DF_API void df_flow_free(df_flow* flow);

/* Trains for train.steps gradient steps. Same bits for any number of threads: a batch is train.slices fixed slices,
 * each computed by one thread, summed by a fixed tree. DF_E_INTERRUPTED when env.stop was set. */
DF_API DF_MUST_CHECK df_status df_flow_train(df_flow* flow, df_training_log* log);

/* Samples windows as method.h says; u may be NULL. Base noise depends on (seed, index) only. */
DF_API DF_MUST_CHECK df_status df_flow_sample(df_flow* flow, const df_request* request, double* x, double* u);

/* A safetensors file with the averaged weights, the chart's statistics and the settings: all that sampling needs. */
DF_API DF_MUST_CHECK df_status df_flow_save(const df_flow* flow, const char* path);

/* DF_E_MISMATCH names what differs: task, method, model, data, or a setting that the weights depend on. */
DF_API DF_MUST_CHECK df_status df_flow_load(df_flow* flow, const char* path);

/* ---- inverse dynamics: actions from successive states, learned with actions ---- */

typedef struct df_inverse df_inverse;

DF_API DF_MUST_CHECK df_status df_inverse_new(const df_method_env* env, df_inverse** out);
DF_API void df_inverse_free(df_inverse* inverse);
DF_API DF_MUST_CHECK df_status df_inverse_train(df_inverse* inverse, df_training_log* log);
/* u [B][H][nu] from x [B][H+1][nx]: u[t] from (x[t], x[t+1]), within the action box. */
DF_API DF_MUST_CHECK df_status df_inverse_actions(df_inverse* inverse, int B, int H, const double* x, double* u);
DF_API DF_MUST_CHECK df_status df_inverse_save(const df_inverse* inverse, const char* path);
DF_API DF_MUST_CHECK df_status df_inverse_load(df_inverse* inverse, const char* path);

#endif
