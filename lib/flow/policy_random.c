/* policy_random.c: the transitions that the learned dynamics sees: demonstrated ones, and those of random actions. */
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "policy_internal.h"

/* held-out episodes have random numbers of their own */
static const uint64_t HELD_OUT = UINT64_C(1) << 32;
enum { CHUNK = 256 }; /* episodes simulated between two looks at env.stop */

void policy_random_clear(policy_random* r) {
  df_free(r->x);
  df_free(r->u);
  *r = (policy_random){0};
}

/* draws start state and actions of episode e */
static void draw_episode(const df_policy* m, int e, bool held_out, double* draw, double* x0, double* u) {
  const df_task* task = m->env.task;
  const df_system* system = task->system;
  const size_t nu = (size_t)m->nu;
  const uint64_t event = (uint64_t)e + (held_out ? HELD_OUT : 0);
  const int n = held_out ? task->windows->n_test : task->windows->n_train;
  const df_window w =
      (held_out ? task->windows->test
                : task->windows->train)[df_rng_below(m->env.seed, DF_STREAM_RANDOM_DATA, event, 0, (uint64_t)n)];
  memcpy(x0, df_dataset_state(task->data, w.episode, w.start), (size_t)m->nx * sizeof *x0);

  /* values 0 and 1 are those of the window; then whether a new action is drawn, and the action */
  df_rng_uniform(m->env.seed, DF_STREAM_RANDOM_DATA, event, 2 + (size_t)m->H * (nu + 1), draw);
  for (int t = 0; t < m->H; t++) {
    const double* from = draw + 2 + (size_t)t * (nu + 1);
    const bool held = t > 0 && from[0] * m->execute >= 1;
    for (size_t i = 0; i < nu; i++) {
      const double drawn = m->u_center[i] + m->u_half[i] * (2 * from[1 + i] - 1);
      u[(size_t)t * nu + i] = held ? u[(size_t)(t - 1) * nu + i] : fmin(fmax(drawn, system->u_lo[i]), system->u_hi[i]);
    }
  }
}

/* simulates all episodes and moves those that complete to the front */
static df_status simulate(const df_policy* m, df_rollout* rollout, int n, const double* x0, policy_random* out) {
  const size_t frames = (size_t)(m->H + 1) * (size_t)m->nx, actions = (size_t)m->H * (size_t)m->nu;
  uint8_t end[CHUNK];
  for (int first = 0; first < n; first += CHUNK) {
    if (m->env.stop && *m->env.stop) {
      return df_fail(DF_E_INTERRUPTED, "simulating random actions: interrupted at window %d of %d", first, n);
    }
    const int count = n - first < CHUNK ? n - first : CHUNK;
    DF_TRY(df_rollout_run(rollout, &(df_rollout_batch){.B = count,
                                                       .H = m->H,
                                                       .x0 = x0 + (size_t)first * (size_t)m->nx,
                                                       .u = out->u + (size_t)first * actions,
                                                       .x = out->x + (size_t)first * frames,
                                                       .end = end}));
    for (int b = 0; b < count; b++) {
      if (end[b] != DF_TRAJ_COMPLETE) continue;
      const size_t from = (size_t)(first + b), to = (size_t)out->n++;
      memmove(out->x + to * frames, out->x + from * frames, frames * sizeof(double));
      memmove(out->u + to * actions, out->u + from * actions, actions * sizeof(double));
    }
  }
  if (out->n > 0) return DF_OK;
  return df_fail(DF_E_NONFINITE, "task %s: all %d windows of random actions diverged (action.half_range)",
                 m->env.task->config.task_name, n);
}

df_status policy_random_make(const df_policy* m, int n, bool held_out, policy_random* out) {
  const size_t nx = (size_t)m->nx, nu = (size_t)m->nu, H = (size_t)m->H;
  *out = (policy_random){.x = df_alloc((size_t)n * (H + 1) * nx, sizeof(double)),
                         .u = df_alloc((size_t)n * H * nu, sizeof(double))};
  double* x0 = df_alloc((size_t)n * nx, sizeof(double));
  double* draw = df_alloc(2 + H * (nu + 1), sizeof(double));
  df_rollout* rollout = NULL;
  df_rollout_cfg cfg = df_rollout_cfg_default();
  cfg.threads = m->env.threads;
  df_status status = out->x && out->u && x0 && draw ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) status = df_rollout_new(m->env.task->system, &cfg, &rollout);
  for (int e = 0; e < n && status == DF_OK; e++) {
    draw_episode(m, e, held_out, draw, x0 + (size_t)e * nx, out->u + (size_t)e * H * nu);
  }
  if (status == DF_OK) status = simulate(m, rollout, n, x0, out);
  df_rollout_free(rollout);
  df_free(x0);
  df_free(draw);
  if (status != DF_OK) policy_random_clear(out);
  return status;
}

void policy_set_unit(df_policy* m) {
  const double share = m->env.task->config.dap_random_share;
  double delta[STATE_CHANGE_MAX], square[STATE_CHANGE_MAX] = {0};
  const int frames = m->H - m->execute + 1;
  for (int k = 0; k < m->random.n; k++) {
    const transition s = policy_random_transition(m, &m->random, k, k % frames);
    state_change(m->env.task->chart, s.x, s.next, delta);
    for (int i = 0; i < m->nz; i++) square[i] += delta[i] * delta[i] / m->random.n;
  }
  for (int i = 0; i < m->nz; i++) {
    const double demonstrated = (double)m->change_unit[i];
    m->dynamics_unit[i] = (df_real)sqrt((1 - share) * demonstrated * demonstrated + share * square[i]);
  }
}

transition policy_random_transition(const df_policy* m, const policy_random* r, int episode, int frame) {
  const double* x = r->x + ((size_t)episode * (size_t)(m->H + 1) + (size_t)frame) * (size_t)m->nx;
  return (transition){.x = x,
                      .next = x + (size_t)m->execute * (size_t)m->nx,
                      .u = r->u + ((size_t)episode * (size_t)m->H + (size_t)frame) * (size_t)m->nu};
}

transition policy_demonstrated(const df_policy* m, df_window w, int offset) {
  const df_dataset* data = m->env.task->data;
  const int frame = w.start + offset;
  return (transition){.x = df_dataset_state(data, w.episode, frame),
                      .next = df_dataset_state(data, w.episode, frame + m->execute),
                      .u = df_dataset_action(data, w.episode, frame),
                      .condition = df_dataset_condition(data, w.episode, w.start)};
}
