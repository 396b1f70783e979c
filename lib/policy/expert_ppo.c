/* expert_ppo.c: an update of PPO after a window: advantages, and epochs of minibatches. */
#include <math.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "expert_internal.h"

void expert_advantage(df_expert* e) {
  const size_t n = e->H * e->B;
  double mean = 0, square = 0;
  expert_target(e);
  for (size_t i = 0; i < n; i++) {
    e->advantage[i] = e->target[i] - e->baseline[i];
    mean += e->advantage[i] / (double)n;
  }
  for (size_t i = 0; i < n; i++) {
    e->advantage[i] -= mean;
    square += e->advantage[i] * e->advantage[i] / (double)n;
  }
  /* equal advantages are all 0 */
  for (size_t i = 0; i < n; i++) e->advantage[i] /= sqrt(square) + 1e-8;
}

/* Durstenfeld, Algorithm 235, CACM 7 (1964) */
void expert_shuffle(df_expert* e, uint64_t epoch) {
  const size_t n = e->H * e->B;
  for (size_t i = 0; i < n; i++) e->shuffled[i] = i;
  for (size_t i = n; i-- > 1;) {
    const size_t other = df_rng_below(e->seed, DF_STREAM_EXPERT_SHUFFLE, epoch, (uint32_t)i, i + 1);
    const size_t kept = e->shuffled[i];
    e->shuffled[i] = e->shuffled[other];
    e->shuffled[other] = kept;
  }
}

/* Sample i of a slice, which is a row of the window: its share of the loss has the cotangents s->dmeans of the actor's
 * output, and s->dlog, which is added to. */
static void judge(const df_expert* e, expert_slice* s, size_t i, size_t row, double share) {
  const df_real *mean = s->means + i * e->nu, *mean_before = e->mean + row * e->nu;
  double* now = s->noise; /* (z - mean) / s after the update */
  double log_rho = 0, kl = 0;
  for (size_t k = 0; k < e->nu; k++) {
    const double eps = e->eps[row * e->nu + k], quotient = s->spread[k] * s->inverse[k];
    const double shift = ((double)mean_before[k] - (double)mean[k]) * s->inverse[k];
    now[k] = shift + quotient * eps;
    log_rho += (eps * eps - now[k] * now[k]) / 2 + log(quotient);
    kl += (quotient * quotient + shift * shift - 1) / 2 - log(quotient);
  }
  s->kl += share * kl;

  /* beyond the clipped ratio the smaller of both terms is constant */
  const double advantage = e->advantage[row], rho = exp(log_rho);
  const bool clipped = advantage > 0 ? rho > 1 + e->cfg.ppo_clip : rho < 1 - e->cfg.ppo_clip;
  const double dlog_rho = clipped ? 0 : -share * rho * advantage;
  s->clipped += clipped;
  for (size_t k = 0; k < e->nu; k++) {
    s->dmeans[i * e->nu + k] = (df_real)(dlog_rho * now[k] * s->inverse[k]);
    s->dlog[k] += dlog_rho * (now[k] * now[k] - 1) - share * e->cfg.ppo_entropy;
  }
}

void expert_surrogate(df_expert* e, int slice, size_t n, const size_t* rows) {
  expert_slice* s = &e->slice[slice];
  const size_t slices = (size_t)e->n_slices, nets = e->n_actor - e->nu;
  const size_t from = (size_t)slice * n / slices, count = ((size_t)slice + 1) * n / slices - from;
  const df_net_input input = {.B = (int)count, .x = s->rows};
  memset(s->gradient, 0, e->n_actor * sizeof *s->gradient);
  memset(s->dlog, 0, e->nu * sizeof *s->dlog);
  s->kl = 0;
  s->clipped = 0;
  for (size_t i = 0; i < count; i++) {
    const size_t row = rows[from + i];
    memcpy(s->rows + i * e->no, e->obs + row * e->no, e->no * sizeof(df_real));
    s->wanted[i] = e->target[row] / EXPERT_VALUE_UNIT;
  }

  /* critic, then actor */
  expert_regress(e, s, count, n);
  if (count == 0) return;
  for (size_t k = 0; k < e->nu; k++) s->inverse[k] = exp(-(double)e->actor[nets + k]);
  df_net_forward(e->actor_net, s->learn, e->actor, &input, s->means);
  for (size_t i = 0; i < count; i++) judge(e, s, i, rows[from + i], 1 / (double)n);
  df_net_backward(e->actor_net, s->learn, e->actor, s->dmeans, s->gradient, NULL);
  for (size_t k = 0; k < e->nu; k++) s->gradient[nets + k] = (df_real)s->dlog[k];
}

/* as in rsl_rl (Rudin et al., CoRL 2021) */
static void adapt(df_expert* e, double kl) {
  static const double FACTOR = 1.5;
  if (kl > 2 * e->cfg.ppo_kl)
    e->rate = fmax(e->rate / FACTOR, EXPERT_RATE_LEAST);
  else if (kl < e->cfg.ppo_kl / 2)
    e->rate = fmin(e->rate * FACTOR, EXPERT_RATE_MOST);
}

/* a step of actor and critic on a minibatch; `moved`: whether the policy is no longer that of the window */
static df_status learn(df_expert* e, size_t n, const size_t* rows, double left, bool moved, df_expert_update* out) {
#pragma omp parallel for num_threads(e->threads) schedule(static) if (e->threads > 1)
  for (int k = 0; k < e->n_slices; k++) expert_surrogate(e, k, n, rows);
  long clipped = 0;
  out->kl = 0;
  for (int k = 0; k < e->n_slices; k++) {
    out->kl += e->slice[k].kl;
    clipped += e->slice[k].clipped;
  }
  out->clipped += (double)clipped / (double)(e->H * e->B) / e->cfg.ppo_epochs;
  if (e->cfg.ppo_kl > 0 && moved) adapt(e, out->kl);
  DF_TRY(expert_step_actor(e, e->cfg.ppo_kl > 0 ? e->rate : e->cfg.rate * left, out));
  expert_step_critic(e, e->cfg.critic_rate * left, &out->critic_loss);
  return DF_OK;
}

df_status expert_ppo(df_expert* e, double left, df_expert_update* out) {
  const size_t samples = e->H * e->B, epochs = (size_t)e->cfg.ppo_epochs, parts = (size_t)e->cfg.ppo_minibatches;
  expert_advantage(e);
  out->clipped = out->std = 0;
  for (size_t epoch = 0; epoch < epochs; epoch++) {
    expert_shuffle(e, (uint64_t)e->update * epochs + epoch);
    for (size_t m = 0; m < parts; m++) {
      const size_t first = m * samples / parts, end = (m + 1) * samples / parts;
      DF_TRY(learn(e, end - first, e->shuffled + first, left, epoch + m > 0, out));
    }
  }
  memcpy(e->slow, e->critic, df_net_parameters(e->critic_net) * sizeof *e->slow);
  for (size_t k = 0; k < e->nu; k++) out->std += exp((double)e->actor[e->n_actor - e->nu + k]) / (double)e->nu;
  return DF_OK;
}
