/* policy_act.c: what a policy and its dynamics are told, how a chunk is generated, and how chunks are executed. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "flow_internal.h"
#include "policy_internal.h"

/* ---- inputs ---- */

void policy_observe(const df_policy* m, policy_worker* w, int row, const double* x, const double* condition) {
  df_real* cond = w->cond + (size_t)row * (size_t)m->cond;
  task_condition(m->env.task, x, condition, cond);
  if (m->kind == DF_POLICY_DAP) policy_tell_change(m, w, row, NULL);
  if (m->dynamics)
    memcpy(w->y_cond + (size_t)row * (size_t)(m->nz + m->execute * m->nu), cond, (size_t)m->nz * sizeof *cond);
}

void policy_tell_change(const df_policy* m, policy_worker* w, int row, const df_real* y) {
  /* an action far from the demonstrated ones may change the state by many units */
  static const df_real LIMIT = 8;
  df_real* told = w->cond + (size_t)row * (size_t)m->cond + m->nz + m->nc;
  for (int i = 0; i < m->nz; i++) {
    const df_real change = y ? y[i] * m->dynamics_unit[i] / m->change_unit[i] : 0;
    told[i] = (df_real)fmin(fmax(change, -LIMIT), LIMIT);
  }
  told[m->nz] = y ? 1 : 0;
}

void policy_tell_actions(const df_policy* m, policy_worker* w, int row, const double* a) {
  const int n = m->execute * m->nu;
  df_real* told = w->y_cond + (size_t)row * (size_t)(m->nz + n) + m->nz;
  for (int k = 0; k < n; k++) {
    const int i = k % m->nu;
    told[k] = (df_real)((m->u_mean[i] + m->u_std[i] * a[k] - m->u_center[i]) / m->u_half[i]);
  }
}

void policy_change(const df_policy* m, const transition* s, double* y) {
  state_change(m->env.task->chart, s->x, s->next, y);
  for (int i = 0; i < m->nz; i++) y[i] /= (double)m->dynamics_unit[i];
}

void policy_normalise(const df_policy* m, const double* u, int n, double* a) {
  const df_system* system = m->env.task->system;
  for (int k = 0; k < n * m->nu; k++) {
    const int i = k % m->nu;
    a[k] = (fmin(fmax(u[k], system->u_lo[i]), system->u_hi[i]) - m->u_mean[i]) / m->u_std[i];
  }
}

/* ---- predictions ---- */

void policy_predict(const df_policy* m, policy_worker* w, int count, const df_real* weights) {
  df_net_forward(m->net, w->policy, weights,
                 &(df_net_input){.B = count, .x = w->a_t, .c = w->cond, .t = m->flow ? w->t : NULL}, w->out);
}

void policy_predict_change(const df_policy* m, policy_worker* w, int count) {
  df_net_forward(m->dynamics_net, w->dynamics, m->dynamics->average,
                 &(df_net_input){.B = count, .x = w->y_t, .c = w->y_cond, .t = w->t}, w->y_out);
}

static void to_real(size_t n, const double* from, df_real* to) {
  for (size_t k = 0; k < n; k++) to[k] = (df_real)from[k];
}

static void to_double(size_t n, const df_real* from, double* to) {
  for (size_t k = 0; k < n; k++) to[k] = (double)from[k];
}

/* one Euler step of a sample from flow time step/K towards its prediction; the last one ends there */
static void advance(size_t n, const df_real* prediction, int step, int K, double* sample) {
  for (size_t k = 0; k < n; k++) {
    const double end = (double)prediction[k];
    sample[k] = step + 1 == K ? end : sample[k] + (end - sample[k]) / (1 - (double)step / K) / K;
  }
}

/* base samples of a chunk and of a change of state; the flow time becomes 0 */
static void begin(const df_policy* m, policy_worker* w, const double* noise) {
  const double sigma = m->env.task->config.flow_sigma;
  const size_t n = (size_t)m->chunk * (size_t)m->nu;
  for (size_t k = 0; k < n; k++) w->a[k] = sigma * noise[k];
  for (int i = 0; m->dynamics && i < m->nz; i++) w->y[i] = sigma * noise[n + (size_t)i];
  w->t[0] = 0;
}

/* the policy's prediction for the sample w->a at the flow time of the row */
static void predict_actions(const df_policy* m, policy_worker* w) {
  to_real((size_t)m->chunk * (size_t)m->nu, w->a, w->a_t);
  policy_predict(m, w, 1, m->trainer->average);
}

/* the dynamics' prediction for the sample w->y and the actions a */
static void predict_change(const df_policy* m, policy_worker* w, const double* a) {
  to_real((size_t)m->nz, w->y, w->y_t);
  policy_tell_actions(m, w, 0, a);
  policy_predict_change(m, w, 1);
}

void policy_generate_given(const df_policy* m, policy_worker* w, const double* noise, int K, const df_real* y) {
  const size_t n = (size_t)m->chunk * (size_t)m->nu;
  begin(m, w, noise);
  if (m->kind == DF_POLICY_DAP) policy_tell_change(m, w, 0, y);
  for (int step = 0; step < K; step++) {
    w->t[0] = (df_real)((double)step / K);
    predict_actions(m, w);
    advance(n, w->out, step, K, w->a);
  }
}

void policy_generate_change(const df_policy* m, policy_worker* w, const double* noise, int K, const double* a) {
  begin(m, w, noise);
  for (int step = 0; step < K; step++) {
    w->t[0] = (df_real)((double)step / K);
    predict_change(m, w, a);
    advance((size_t)m->nz, w->y_out, step, K, w->y);
  }
}

/* policy and dynamics correct each other at every flow step (policy.h) */
static void generate_mutually(const df_policy* m, policy_worker* w, const double* noise, int K,
                              const policy_trace* trace) {
  const size_t n = (size_t)m->chunk * (size_t)m->nu, nz = (size_t)m->nz;

  /* first estimates, of a policy that knows nothing of the next state */
  begin(m, w, noise);
  policy_tell_change(m, w, 0, NULL);
  predict_actions(m, w);
  to_double(n, w->out, w->a_hat);
  predict_change(m, w, w->a_hat);

  /* flow steps: each model is told the other's estimate of the step before */
  for (int step = 0; step < K; step++) {
    w->t[0] = (df_real)((double)step / K);
    policy_tell_change(m, w, 0, w->y_out);
    predict_actions(m, w);
    if (step > 0) predict_change(m, w, w->a_hat);
    to_double(n, w->out, w->a_hat);
    if (trace) memcpy(trace->action + (size_t)step * n, w->a_hat, n * sizeof(double));
    if (trace) to_double(nz, w->y_out, trace->change + (size_t)step * nz);
    advance(n, w->out, step, K, w->a);
    advance(nz, w->y_out, step, K, w->y);
  }
}

void policy_generate(const df_policy* m, policy_worker* w, const double* noise, int K, const policy_trace* trace) {
  const size_t n = (size_t)m->chunk * (size_t)m->nu;
  if (!m->flow) {
    memset(w->a_t, 0, n * sizeof *w->a_t);
    policy_predict(m, w, 1, m->trainer->average);
    to_double(n, w->out, w->a);
  } else if (m->feedback == FEEDBACK_MUTUAL) {
    generate_mutually(m, w, noise, K, trace);
  } else {
    policy_generate_given(m, w, noise, K, NULL);
    if (m->feedback == FEEDBACK_NONE) return;
    memcpy(w->a_hat, w->a, n * sizeof(double));
    policy_generate_change(m, w, noise, K, w->a_hat);
    to_real((size_t)m->nz, w->y, w->y_hat);
    policy_generate_given(m, w, noise, K, w->y_hat);
  }
}

/* ---- execution ---- */

/* writes the action u [nu] at frame t from the chunks planned so far: of the last one, or, for ACT_CHUNK, the mean of
 * all predictions for t */
static void choose_action(const df_policy* m, const policy_worker* w, int t, double* u) {
  const df_system* system = m->env.task->system;
  const int nu = m->nu, last = t - t % m->execute;
  const int oldest = m->kind == DF_POLICY_ACT_CHUNK ? (t < m->chunk ? 0 : t - m->chunk + 1) : last;
  for (int i = 0; i < nu; i++) {
    double sum = 0, weights = 0;
    for (int from = oldest; from <= last; from += m->execute) {
      const double weight =
          m->kind == DF_POLICY_ACT_CHUNK ? exp(-m->env.task->config.act_chunk_decay * (from - oldest)) : 1;
      sum += weight * w->plan[((size_t)from * (size_t)m->chunk + (size_t)(t - from)) * (size_t)nu + (size_t)i];
      weights += weight;
    }
    u[i] = fmin(fmax(m->u_mean[i] + m->u_std[i] * sum / weights, system->u_lo[i]), system->u_hi[i]);
  }
}

/* plans and executes window b of a request */
static void act_window(df_policy* m, policy_worker* w, const df_request* r, int b, double* x, double* u) {
  const df_system* system = m->env.task->system;
  const size_t nx = (size_t)m->nx, nu = (size_t)m->nu, n = (size_t)m->chunk * nu, noise = policy_noise(m);
  const double* condition = m->nc ? r->condition + (size_t)b * (size_t)m->nc : NULL;
  if (noise) {
    const size_t plans = (size_t)((m->H + m->execute - 1) / m->execute);
    df_rng_normal(r->seed, DF_STREAM_SAMPLE_NOISE, r->first_index + (uint64_t)b, plans * noise, w->noise);
  }

  memcpy(x, r->x0 + (size_t)b * nx, nx * sizeof *x);
  system->ops->reset(w->sim, x);
  df_traj_end end = DF_TRAJ_COMPLETE;
  for (int t = 0; t < m->H; t++) {
    double* action = u + (size_t)t * nu;
    double* next = x + (size_t)(t + 1) * nx;
    if (end != DF_TRAJ_COMPLETE) {
      /* nothing can be seen any more: the mean actions */
      for (int i = 0; i < m->nu; i++) action[i] = fmin(fmax(m->u_mean[i], system->u_lo[i]), system->u_hi[i]);
      for (size_t i = 0; i < nx; i++) next[i] = NAN;
      continue;
    }
    if (t % m->execute == 0) {
      policy_observe(m, w, 0, x + (size_t)t * nx, condition);
      policy_generate(m, w, w->noise + (size_t)(t / m->execute) * noise, r->sampler_steps, NULL);
      memcpy(w->plan + (size_t)t * n, w->a, n * sizeof(double));
    }
    choose_action(m, w, t, action);
    end = system->ops->step(w->sim, action, next);
  }
}

df_status df_policy_sample(df_policy* m, const df_request* r, double* x, double* u) {
  DF_REQUIRE(m, "%s: policy is NULL", __func__);
  DF_REQUIRE_POINTER(r);
  DF_REQUIRE(r->x0, "df_policy_sample: request.x0 is NULL");
  DF_REQUIRE_POINTER(x);
  DF_REQUIRE_POINTER(u);
  DF_REQUIRE(r->B >= 1, "df_policy_sample: request.B is %d, must be at least 1", r->B);
  DF_REQUIRE(r->sampler_steps >= 1, "df_policy_sample: sampler_steps = %d: must be at least 1", r->sampler_steps);
  DF_REQUIRE(m->nc == 0 || r->condition, "df_policy_sample: the task has conditions: condition is NULL");
#pragma omp parallel for schedule(dynamic, 1) num_threads(m->env.threads)
  for (int b = 0; b < r->B; b++) {
    act_window(m, &m->worker[omp_get_thread_num()], r, b, x + (size_t)b * (size_t)(m->H + 1) * (size_t)m->nx,
               u + (size_t)b * (size_t)m->H * (size_t)m->nu);
  }
  return DF_OK;
}
