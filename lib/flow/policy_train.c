/* policy_train.c: losses and gradients of a policy and of its learned dynamics. */
#include <math.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "flow_internal.h"
#include "policy_internal.h"
#include "variant.h"

/* what a sample of the policy is told of the next state */
typedef enum told { TOLD_NOTHING, TOLD_ESTIMATE, TOLD_TRUTH } told;

/* The uniform numbers of a sample, by their place. df_rng_below() of lane k takes number 2 k. */
enum { DRAW_NULL = 4, DRAW_ESTIMATED, POLICY_DRAWS };
enum { DRAW_RANDOM = 4, DRAW_TIME, DRAW_ACTION_NOISE, DYNAMICS_DRAWS };

static told draw_told(const df_policy* m, uint64_t index) {
  const df_config* c = &m->env.task->config;
  double draw[POLICY_DRAWS];
  if (!m->dynamics) return TOLD_NOTHING;
  df_rng_uniform(m->env.seed, DF_STREAM_POLICY, index, POLICY_DRAWS, draw);
  if (draw[DRAW_NULL] < c->dap_null_share) return TOLD_NOTHING;
  return draw[DRAW_ESTIMATED] < c->dap_estimated_share ? TOLD_ESTIMATE : TOLD_TRUTH;
}

/* Writes one sample of the policy to row `row`: target, sample of the path, flow time and condition; of the dynamics
 * its sample of the path. `index` is that of its random numbers. */
static void make_sample(const df_policy* m, policy_worker* w, uint64_t index, int row, const transition* s) {
  const size_t n = (size_t)m->chunk * (size_t)m->nu, nz = (size_t)m->nz;
  double* target = w->action + (size_t)row * n;
  df_real* a_t = w->a_t + (size_t)row * n;
  policy_normalise(m, s->u, m->chunk, target);
  policy_observe(m, w, row, s->x, s->condition);
  if (!m->flow) {
    memset(a_t, 0, n * sizeof *a_t);
    return;
  }

  /* a^tau = (1 - tau) a^0 + tau a, and the change of state likewise */
  const df_config* c = &m->env.task->config;
  const flow_variant v = variant_of(c);
  const double t = variant_time(&v, m->env.seed, index);
  df_rng_normal(m->env.seed, DF_STREAM_FLOW_NOISE, index, n + (m->dynamics ? nz : 0), w->noise);
  for (size_t k = 0; k < n; k++) a_t[k] = (df_real)((1 - t) * c->flow_sigma * w->noise[k] + t * target[k]);
  w->t[row] = (df_real)t;
  if (!m->dynamics) return;
  double* change = w->change + (size_t)row * nz;
  policy_change(m, s, change);
  for (size_t i = 0; i < nz; i++) {
    w->y_t[(size_t)row * nz + i] = (df_real)((1 - t) * c->flow_sigma * w->noise[n + i] + t * change[i]);
  }
}

/* tells the samples the next state: the demonstrated one, or what the policy without it and then the dynamics predict
 * at the flow time of the sample */
static void tell(const df_policy* m, policy_worker* w, int count, const told* kind, const df_real* weights) {
  const size_t n = (size_t)m->chunk * (size_t)m->nu, nz = (size_t)m->nz;
  bool estimate = false;
  for (int row = 0; row < count; row++) estimate |= kind[row] == TOLD_ESTIMATE;
  if (estimate) {
    policy_predict(m, w, count, weights);
    for (int row = 0; row < count; row++) {
      for (size_t k = 0; k < n; k++) w->a_hat[k] = (double)w->out[(size_t)row * n + k];
      policy_tell_actions(m, w, row, w->a_hat);
    }
    policy_predict_change(m, w, count);
  }
  for (int row = 0; row < count; row++) {
    if (kind[row] == TOLD_NOTHING) continue;
    for (size_t i = 0; i < nz; i++) w->y_hat[i] = (df_real)w->change[(size_t)row * nz + i];
    policy_tell_change(m, w, row, kind[row] == TOLD_TRUTH ? w->y_hat : w->y_out + (size_t)row * nz);
  }
}

/* the mean squared error of `count` rows of n numbers; writes its gradient, times 1/batch, to d_out */
static void row_losses(int count, size_t n, int batch, const df_real* out, const double* target, df_real* d_out,
                       double* loss) {
  for (int row = 0; row < count; row++) {
    double sum = 0;
    for (size_t k = (size_t)row * n; k < (size_t)(row + 1) * n; k++) {
      const double e = (double)out[k] - target[k];
      sum += e * e;
      d_out[k] = (df_real)(2 * e / (double)n / batch);
    }
    loss[row] = sum / (double)n;
  }
}

/* predictions and losses of the samples in the worker */
static void policy_losses(const df_policy* m, policy_worker* w, int count, const told* kind, const df_real* weights,
                          double* loss) {
  if (m->dynamics) tell(m, w, count, kind, weights);
  policy_predict(m, w, count, weights);
  row_losses(count, (size_t)m->chunk * (size_t)m->nu, m->trainer->cfg.batch, w->out, w->action, w->d_out, loss);
}

void policy_train_slice(void* context, int thread, long batch, int first, int count, const df_real* parameters,
                        df_real* gradient, double* loss) {
  df_policy* m = context;
  policy_worker* w = &m->worker[thread];
  const df_windows* windows = m->env.task->windows;
  told kind[TRAINER_SLICE_MAX];
  for (int row = 0; row < count; row++) {
    const uint64_t index = (uint64_t)batch * (uint64_t)m->trainer->cfg.batch + (uint64_t)(first + row);
    const uint64_t k = df_rng_below(m->env.seed, DF_STREAM_POLICY, index, 0, (uint64_t)windows->n_train);
    const uint64_t at = df_rng_below(m->env.seed, DF_STREAM_POLICY, index, 1, (uint64_t)(m->H - m->chunk + 1));
    const transition s = policy_demonstrated(m, windows->train[k], (int)at);
    make_sample(m, w, index, row, &s);
    kind[row] = draw_told(m, index);
  }
  policy_losses(m, w, count, kind, parameters, loss + first);
  df_net_backward(m->net, w->policy, parameters, w->d_out, gradient, NULL);
}

/* The validation of a policy: its training loss on one chunk of each window. The random numbers are the same in every
 * measurement, and are not those of a step. */
void policy_validate(void* context, int thread, int first, int count, const df_real* weights, double* loss) {
  df_policy* m = context;
  policy_worker* w = &m->worker[thread];
  told kind[TRAINER_SLICE_MAX];
  for (int row = 0; row < count; row++) {
    const uint64_t index = UINT64_MAX - (uint64_t)(first + row);
    const df_window window = trainer_validation_window(&m->trainer->cfg, m->env.task, first + row);
    const transition s = policy_demonstrated(m, window, (first + row) % (m->H - m->chunk + 1));
    make_sample(m, w, index, row, &s);
    kind[row] = draw_told(m, index);
  }
  policy_losses(m, w, count, kind, weights, loss);
}

/* the transition of sample `index` of the dynamics: demonstrated, or of random actions */
static transition draw_transition(const df_policy* m, uint64_t index, bool is_random) {
  const df_windows* windows = m->env.task->windows;
  const uint64_t n = is_random ? (uint64_t)m->random.n : (uint64_t)windows->n_train;
  const int k = (int)df_rng_below(m->env.seed, DF_STREAM_DYNAMICS, index, 0, n);
  const int at = (int)df_rng_below(m->env.seed, DF_STREAM_DYNAMICS, index, 1, (uint64_t)(m->H - m->execute + 1));
  return is_random ? policy_random_transition(m, &m->random, k, at) : policy_demonstrated(m, windows->train[k], at);
}

/* Writes one sample of the dynamics to row `row`. The actions that it is told have noise, as those of a policy at the
 * beginning of its flow: of a random size up to (1 - tau) dap.action_noise. */
static void make_dynamics_sample(const df_policy* m, policy_worker* w, uint64_t index, int row) {
  const df_config* c = &m->env.task->config;
  const size_t nz = (size_t)m->nz, n = (size_t)m->execute * (size_t)m->nu;
  double draw[DYNAMICS_DRAWS];
  df_rng_uniform(m->env.seed, DF_STREAM_DYNAMICS, index, DYNAMICS_DRAWS, draw);
  df_rng_normal(m->env.seed, DF_STREAM_DYNAMICS_NOISE, index, nz + n, w->noise);
  const transition s = draw_transition(m, index, draw[DRAW_RANDOM] < c->dap_random_share);

  const double t = draw[DRAW_TIME], size = (1 - t) * c->dap_action_noise * draw[DRAW_ACTION_NOISE];
  double* change = w->change + (size_t)row * nz;
  policy_change(m, &s, change);
  for (size_t i = 0; i < nz; i++) {
    w->y_t[(size_t)row * nz + i] = (df_real)((1 - t) * c->flow_sigma * w->noise[i] + t * change[i]);
  }
  w->t[row] = (df_real)t;
  df_real* told_state = w->y_cond + (size_t)row * (nz + n);
  double context[STATE_CHANGE_MAX];
  df_chart_context(m->env.task->chart, s.x, context);
  for (size_t i = 0; i < nz; i++) told_state[i] = (df_real)context[i];
  policy_normalise(m, s.u, m->execute, w->a_hat);
  for (size_t k = 0; k < n; k++) w->a_hat[k] += size * w->noise[nz + k];
  policy_tell_actions(m, w, row, w->a_hat);
}

void policy_dynamics_slice(void* context, int thread, long batch, int first, int count, const df_real* parameters,
                           df_real* gradient, double* loss) {
  df_policy* m = context;
  policy_worker* w = &m->worker[thread];
  for (int row = 0; row < count; row++) {
    make_dynamics_sample(m, w, (uint64_t)batch * (uint64_t)m->dynamics->cfg.batch + (uint64_t)(first + row), row);
  }
  df_net_forward(m->dynamics_net, w->dynamics, parameters,
                 &(df_net_input){.B = count, .x = w->y_t, .c = w->y_cond, .t = w->t}, w->y_out);
  row_losses(count, (size_t)m->nz, m->dynamics->cfg.batch, w->y_out, w->change, w->y_d_out, loss + first);
  df_net_backward(m->dynamics_net, w->dynamics, parameters, w->y_d_out, gradient, NULL);
}
