/* flow.h: flow matching with interchangeable decoders.
 *
 * Conditional flow matching on windows (DynaFlow, arXiv 2509.19804, section III; notation of docs/design.md):
 *     X^0 ~ N(0, sigma^2 I),   X^t = (1-t) X^0 + t X^1,   Xhat^1 = decode(D_theta(X^t, c, t)),
 *     loss = mean over frames 1..H and channels of (Xhat^1 - X^1)^2          (eq. 4, W = 1/std by normalisation)
 *     velocity = (Xhat^1 - X^t) / (1-t)                                       (eq. 5)
 * The condition c consists of the context of x0 (chart.h) and the task's condition. Sampling takes K Euler steps from
 * t = 0; the last step returns Xhat^1 itself, so K = 1 is one network call.
 *
 * This is the default. The settings flow.* choose variants (docs/flow-matching.md); with s = flow.sigma_min,
 *     path        X^t = (1 - (1-s) t) X^0 + t X^1,   velocity = (Xhat^1 - (1-s) X^t) / (1 - (1-s) t)
 *     prediction  Xhat^1, or the velocity itself, trained by its squared error against X^1 - (1-s) X^0
 *     t           u^time_power of uniform u, beta or logit-normal
 *     coupling    X^0 independent of X^1, or exchanged within a micro-batch by optimal transport: the sum of
 *                 |X^0 - X^1|^2 + coupling_condition |c^0 - c^1|^2 is least, c^0 being the condition drawn with X^0
 *     guidance    output = unconditional + guidance (conditional - unconditional) for a network that is trained without
 *                 the task's condition in a share condition_dropout of the samples
 *     solver      Euler, midpoint, RK4, or Bogacki-Shampine with a chosen step length. A velocity network is followed
 *                 to t = 1. With Xhat^1, whose velocity is not defined at t = 1, the solver takes K - 1 of the K steps,
 *                 and the last one returns Xhat^1 at t = 1 - 1/K.
 *     diffusion   instead of the line, X^t = sqrt(kept_n) X^1 + sqrt(1 - kept_n) X^0 after n = T (1 - t) steps of noise
 *                 of T = diffusion_steps (DDPM). The network predicts Xhat^1 or X^0 / sigma, trained by the squared
 *                 error. Sampling takes K <= T steps of DDIM, of which the last one returns Xhat^1.
 *
 * The decoder computes Xhat^1 from the network's output:
 *     STATES    Xhat^1 is the output, in chart coordinates: kinematic flow matching.
 *     ACTIONS   Xhat^1 is the output, in normalised actions; the actions are rolled out after sampling.
 *     ROLLOUT   u = center + half_range tanh(output); Xhat^1 = chart(simulator rollout of u from x0): DynaFlow.
 *               The loss is on states only; its exact gradient is propagated back through the simulator.
 *     TRACKING  ROLLOUT with feedback: the network also outputs a reference window zref, trained by the kinematic
 *               loss alone, and the simulator is driven by u = clamp(center + half_range (tanh(output) - K (z - zref)))
 *               with z = chart(state). K is one constant matrix [nu][nz], initially zero, trained with the network.
 *               The applied actions are returned: as with ROLLOUT, replaying them from x0 reproduces the states.
 *     STATES_ACTIONS  Xhat^1 is the output, in chart coordinates and normalised actions, frame by frame: states and
 *               actions are sampled together, and nothing makes them fit each other but a projection.
 *
 * A batch is divided into train.slices micro-batches of fixed size. Each is computed by one thread, and the gradients
 * are summed by a fixed binary tree, so results have the same bits for any number of threads. */
#ifndef DYNAFLOW_FLOW_FLOW_H
#define DYNAFLOW_FLOW_FLOW_H

#include "dynaflow/flow/method.h"

DF_BEGIN_DECLS

typedef enum df_decoder {
  DF_DECODE_STATES,
  DF_DECODE_ACTIONS,
  DF_DECODE_ROLLOUT,
  DF_DECODE_TRACKING,
  DF_DECODE_STATES_ACTIONS
} df_decoder;

typedef struct df_flow df_flow;

/* Makes a flow with initial weights. env is copied; what it points to must outlive the flow. `name` is the method's
 * name, used in logs and files. The caller frees *out with df_flow_free(); on failure *out is NULL. Errors: DF_E_CONFIG
 * for settings that do not fit (more than 128 chart coordinates, actions missing from the data, action.center or
 * half_range of a length that does not divide nu or missing for an unbounded actuator, a network or train.slices out of
 * range, a warm-up or validation that does not fit the training, a train.tape_mib that is too small, variants flow.*
 * that do not fit together, the decoder or the task); DF_E_ARG for a
 * NULL argument, no task or env->threads < 1; DF_E_BLAS before df_blas_open(); DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_flow_new(const df_method_env* env, const char* name, df_decoder decoder,
                                           df_flow** out);
/* As df_flow_new(), for a method that is a diffusion: with flow.path: auto, too. DF_E_CONFIG also for flow.path:
 * linear.
 */
DF_API DF_MUST_CHECK df_status df_flow_new_diffusion(const df_method_env* env, const char* name, df_decoder decoder,
                                                     df_flow** out);
DF_API void df_flow_free(df_flow* flow); /* NULL is allowed */

/* Trains for train.steps gradient steps, or for those that remain after the saved state in env.state_folder, and fills
 * *log. Errors: DF_E_INTERRUPTED after env.stop was set; DF_E_SIM if the simulator fails in a way other than diverging;
 * DF_E_NONFINITE if every sample diverged, or by train.abort_rise; DF_E_MISMATCH for the state file of another
 * training; DF_E_IO, DF_E_MISSING, DF_E_ARG and DF_E_NOMEM for the state file. */
DF_API DF_MUST_CHECK df_status df_flow_train(df_flow* flow, df_training_log* log);

/* Samples request->B windows (method.h): x [B][H+1][nx] and u [B][H][nu], both owned by the caller; u may be NULL and
 * is unchanged with STATES. The noise of a window depends on (seed, index) only. If the rollout of a window diverges, x
 * is NaN from that frame on; if it diverges before the last step, all frames but the first are NaN. Errors:
 * DF_E_ARG for a NULL argument, B < 1, sampler_steps < 1 or above the steps of a diffusion, a missing condition, or
 * guidance of a flow without condition_dropout. Allocates nothing. */
DF_API DF_MUST_CHECK df_status df_flow_sample(df_flow* flow, const df_request* request, double* x, double* u);

/* points of the paths of many windows; the arrays are owned by the caller */
typedef struct df_flow_points {
  int B;
  const double* x0;        /* [B][nx] start states */
  const double* condition; /* [B][nc]; NULL if nc == 0 */
  const double* z;         /* [B][H][in] X^t in flow coordinates: in = nu normalised actions for ACTIONS, nz + nu for
                            * STATES_ACTIONS, else nz */
  double t;                /* flow time, 0 .. 1 */
} df_flow_points;

/* Computes the velocity [B][H][in] of the averaged weights at points of the path, with guidance, and, if it is not
 * NULL, its divergence [B], the trace of d(velocity)/d(X^t), exactly, by H in backward passes. A velocity that is not
 * finite, after a divergence of the simulator, is 0. Errors: those of df_flow_sample() for the windows; DF_E_ARG for a
 * diffusion (flow.path), a t out of range, t = 1 where the velocity is not defined there (prediction x1 without
 * sigma_min), the divergence of a decoder that simulates, and a consistency model (flow.few_step), which has no
 * velocity; DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_flow_velocity(df_flow* flow, const df_flow_points* points, double* velocity,
                                                double* divergence);

/* The number of network evaluations of all samples and velocities so far, summed over windows: the cost of a sample on
 * any machine. 0 for NULL. */
DF_API long df_flow_evaluations(const df_flow* flow);

/* A projection of sampled states, such as onto those that a simulator can reach. */
typedef struct df_flow_projection {
  /* Changes the states x [H+1][nx] of a window, all but x[0], in place, and writes the actions u [H][nu] that belong to
   * them; with STATES_ACTIONS u holds the predicted ones before, in the action box. Called by the threads of the flow,
   * 0 .. env.threads - 1, each with windows of its own. */
  void (*project)(void* context, int thread, double* x, double* u);
  void* context; /* given to project */
  double from;   /* Xhat^1 of a step is projected from this flow time t on, 0 .. 1; that of the last step always. Of
                  * training samples, those are with t >= from; 1: none */
} df_flow_projection;

/* As df_flow_sample() with STATES or STATES_ACTIONS, with projected Xhat^1: a step follows the velocity towards the
 * projected one, and x and u are those of the last projection. Errors: also DF_E_ARG for another decoder and a NULL u
 * or projection. */
DF_API DF_MUST_CHECK df_status df_flow_sample_projected(df_flow* flow, const df_request* request,
                                                        const df_flow_projection* projection, double* x, double* u);

/* As df_flow_train(), for a flow of these decoders whose projection is part of the network's prediction, as in DDAT
 * (Bouvier et al., RSS 2025): of the training samples with t >= projection->from, the loss compares the coordinates z
 * of the projected states with the demonstrated ones,
 *     x[t+1] = f(x[t], u[t]),   u[t] = argmin |xhat[t+1] (-) f(x[t], u)|  over the action box,
 * and the gradient flows back through the argmin at fixed x[t]: with J = dz(f(x[t], u))/du over the actions that are at
 * no bound, by forward differences, it is
 *     dL/dzhat[t] = J (J^T J)^-1 J^T dL/dz[t],
 * the adjoint of the derivative of the Gauss-Newton solution. It is written for the norm |zhat[t] - z(f(x[t], u))|,
 * which for joints of one degree of freedom is that of a follower in units of the chart's std. A follower (follower.h)
 * takes the difference of the system in its tangent space (-), which for a free base is not that of chart coordinates,
 * whose rotations are relative to x0: there J^T R is 0 in the tangent space only (in a window of the Go1, the largest
 * cosine between R and a column of J is 1.5e-7 in the tangent space and 2.0e-2 in the chart). The formula also assumes
 * a smooth minimum with J^T R = 0; terms of the curvature of f times R are left out. Searches that stop short, at
 * contacts that begin or end, have another derivative: on the Go1 with the follower's default search, the gradient of
 * the last frame differs from central differences of step 1e-4 by 10 to 12 % in the median of 16 windows, by over 50 %
 * in 5 of 16 (docs/training.md). As in DDAT, the reachable set itself is not differentiated, so a frame has no
 * influence on later ones. Predicted actions are compared with the demonstrated ones without the projection. Errors:
 * also DF_E_CONFIG for another flow.prediction than x1; DF_E_ARG for another decoder or a NULL projection. */
DF_API DF_MUST_CHECK df_status df_flow_train_projected(df_flow* flow, const df_flow_projection* projection,
                                                       df_training_log* log);

/* Writes a checkpoint: a safetensors file with the averaged weights, the statistics of the chart, the settings and the
 * hashes of model and data. Errors: DF_E_NONFINITE if a weight is not finite (nothing is written), DF_E_IO,
 * DF_E_MISSING, DF_E_ARG, DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_flow_save(const df_flow* flow, const char* path);

/* Reads a checkpoint: weights and the statistics of the task's chart. Errors: DF_E_MISMATCH names what differs: task,
 * method, model, data, a setting that the weights depend on, a standard deviation of the chart (scale_floor.*), or a
 * tensor; DF_E_FORMAT (not a checkpoint), DF_E_NONFINITE, DF_E_MISSING, DF_E_IO, DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_flow_load(df_flow* flow, const char* path);

/* ---- inverse dynamics: an MLP from successive states to actions ---- */

typedef struct df_inverse df_inverse;

/* what it is trained on */
typedef enum df_inverse_source {
  DF_INVERSE_DEMONSTRATED, /* transitions and actions of the demonstrations: settings inverse.* */
  /* States of demonstrations and the simulator's answers to actions of its own choice, in rounds; no demonstrated
   * action is read: settings recover.*. A round simulates recover.pool actions from demonstrated states: at first the
   * rest action (system.h) in the next demonstrated state plus noise, later the network's own answer for the
   * demonstrated transition. */
  DF_INVERSE_SIMULATED
} df_inverse_source;

/* Arguments, ownership and errors of these calls are those of the df_flow calls of the same name. df_inverse_train() of
 * SIMULATED returns DF_E_NONFINITE if every simulated action of a round diverges. */
DF_API DF_MUST_CHECK df_status df_inverse_new(const df_method_env* env, df_inverse_source source, df_inverse** out);
DF_API void df_inverse_free(df_inverse* inverse); /* NULL is allowed */
DF_API DF_MUST_CHECK df_status df_inverse_train(df_inverse* inverse, df_training_log* log);
/* Computes u [B][H][nu] from x [B][H+1][nx]: u[t] from (x[t], x[t+1]), clamped to the action box. DF_E_ARG for a NULL
 * argument, B < 1 or H < 1. */
DF_API DF_MUST_CHECK df_status df_inverse_actions(df_inverse* inverse, int B, int H, const double* x, double* u);
DF_API DF_MUST_CHECK df_status df_inverse_save(const df_inverse* inverse, const char* path);
DF_API DF_MUST_CHECK df_status df_inverse_load(df_inverse* inverse, const char* path);

/* ---- flows trained on recovered actions ----
 *
 * None uses demonstrated actions; sampling is that of the decoder.
 *     ACTIONS   action flow matching on the recovered actions.
 *     ROLLOUT   A regressed sample has the mean of ((u - u_recovered) / (recover.action_unit std))^2 over frames and
 *               actuators as its loss, with the std that recover.action_spread says. A linear sample has DynaFlow's
 *               loss on states that follow from dynamics linearised about the demonstration and its recovered actions.
 *               A simulated sample is one of DynaFlow. After a share recover.regressed of the steps, a share
 *               recover.simulated of the samples of a step is simulated, before it none. Of the others, a share
 *               recover.linear is linear. train.push applies to linear and simulated samples.
 *     TRACKING  As ROLLOUT, without linear samples: feedback does what they are for. A regressed sample compares the
 *               open-loop actions, and trains the reference as every sample of TRACKING does; the gain is trained by
 *               simulated samples only. */

/* As df_flow_new(), for ACTIONS, ROLLOUT and TRACKING; the demonstrations need no actions. DF_E_ARG for others. */
DF_API DF_MUST_CHECK df_status df_flow_new_recovered(const df_method_env* env, const char* name, df_decoder decoder,
                                                     df_flow** out);

/* Recovers the actions of the training demonstrations by a trained inverse (SIMULATED) of the same task, and linearises
 * the dynamics about them (ROLLOUT); must precede df_flow_train() of such a flow. Every 20th action is simulated.
 * Errors: DF_E_CONFIG if the RMS error of these states exceeds recover.residual_limit, if more than 1 % of them
 * diverge, or if the linearised dynamics need more than 2 GiB; DF_E_SIM, DF_E_NOMEM; DF_E_ARG for a NULL argument or a
 * flow of df_flow_new(). */
DF_API DF_MUST_CHECK df_status df_flow_recover(df_flow* flow, df_inverse* inverse);

DF_END_DECLS

#endif
