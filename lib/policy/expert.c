/* expert.c: construction of a policy, and its training. */
#include "dynaflow/policy/expert.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"
#include "dynaflow/core/rng.h"
#include "expert_internal.h"

df_expert_cfg df_expert_cfg_default(void) {
  return (df_expert_cfg){.method = DF_EXPERT_SHAC,
                         .robots = 32,
                         .horizon = 24,
                         .slices = 4,
                         .updates = 1000,
                         .width = 128,
                         .depth = 2,
                         .gamma = .97,
                         .lambda = .95,
                         .decay = .97,
                         .noise = .1,
                         .rate = .002,
                         .critic_rate = .002,
                         .rate_end = .05,
                         .clip = 1,
                         .critic_steps = 8,
                         .critic_share = .25,
                         .critic_mix = .4,
                         .fresh = .004,
                         .renew = .005,
                         .ppo_epochs = 4,
                         .ppo_minibatches = 4,
                         .ppo_clip = .2,
                         .ppo_kl = .01,
                         .ppo_noise = .2,
                         .ppo_entropy = 0};
}

/* ---- construction ---- */

static df_status check(const df_expert_cfg* c) {
  const struct {
    const char* field;
    double value, low, high;
  } rows[] = {{"method", c->method, DF_EXPERT_SHAC, DF_EXPERT_PPO},
              {"robots", c->robots, 1, 65536},
              {"horizon", c->horizon, 1, 4096},
              {"slices", c->slices, 1, c->robots},
              {"updates", (double)c->updates, 0, 1e9},
              {"gamma", c->gamma, 0, 1},
              {"lambda", c->lambda, 0, 1},
              {"decay", c->decay, 0, 1},
              {"noise", c->noise, 0, 100},
              {"rate", c->rate, 0, 1},
              {"critic_rate", c->critic_rate, 0, 1},
              {"rate_end", c->rate_end, 0, 1},
              {"critic_steps", c->critic_steps, 0, 1e6},
              {"critic_share", c->critic_share, 1e-6, 1},
              {"critic_mix", c->critic_mix, 0, 1},
              {"fresh", c->fresh, 0, 1},
              {"renew", c->renew, 0, 1},
              {"ppo_epochs", c->ppo_epochs, 1, 1e6},
              {"ppo_minibatches", c->ppo_minibatches, 1, 1e9},
              {"ppo_clip", c->ppo_clip, 1e-6, 1},
              {"ppo_kl", c->ppo_kl, 0, 10},
              {"ppo_noise", c->ppo_noise, 1e-3, 10},
              {"ppo_entropy", c->ppo_entropy, 0, 10}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (!(rows[i].value >= rows[i].low && rows[i].value <= rows[i].high))
      return df_fail(DF_E_CONFIG, "expert: %s is %g, must be in %g..%g", rows[i].field, rows[i].value, rows[i].low,
                     rows[i].high);
  }
  if (c->method != DF_EXPERT_PPO) return DF_OK;
  const double samples = (double)c->robots * c->horizon;
  if (c->ppo_minibatches > samples)
    return df_fail(DF_E_CONFIG, "expert: ppo_minibatches is %d, but robots x horizon are %g samples per window",
                   c->ppo_minibatches, samples);
  if (c->ppo_kl > 0 && !(c->rate >= EXPERT_RATE_LEAST && c->rate <= EXPERT_RATE_MOST))
    return df_fail(DF_E_CONFIG, "expert: rate is %g, must be in %g..%g, where it is adapted to ppo_kl; or set ppo_kl 0",
                   c->rate, EXPERT_RATE_LEAST, EXPERT_RATE_MOST);
  return DF_OK;
}

static df_adamw_cfg adam_of(double beta1, double beta2, double clip, size_t extra) {
  df_adamw_cfg adam = df_adamw_cfg_default();
  adam.beta1 = beta1;
  adam.beta2 = beta2;
  adam.weight_decay = 0;
  adam.clip = clip;
  adam.extra = extra;
  return adam;
}

static df_status make_network(const df_expert* e, int out, df_adamw_cfg adam, uint64_t seed, df_net** net,
                              df_real** parameters, df_adamw** optimizer) {
  const df_net_cfg cfg = {.kind = DF_NET_MLP,
                          .tokens = 1,
                          .in = (int)e->no,
                          .out = out,
                          .width = e->cfg.width,
                          .depth = e->cfg.depth,
                          .activation = DF_ACTIVATION_ELU};
  DF_TRY(df_net_new(&cfg, net));
  if (!(*parameters = df_alloc(df_net_parameters(*net) + adam.extra, sizeof **parameters))) return DF_E_NOMEM;
  df_net_init(*net, seed, *parameters);
  return df_adamw_new(*net, &adam, optimizer);
}

/* allocates *pointer [n] of its own type; an expression that is false without memory */
#define MAKE(pointer, n) ((pointer) = df_alloc((n), sizeof *(pointer)))

static df_status make_window(df_expert* e) {
  const size_t B = e->B, rows = e->H * B;
  const bool made = MAKE(e->x_now, B * e->nx) && MAKE(e->u_now, B * e->nu) && MAKE(e->order_now, B) &&
                    MAKE(e->events, B) && MAKE(e->obs, (rows + B) * e->no) && MAKE(e->x, rows * e->nx) &&
                    MAKE(e->after, rows * e->nx) && MAKE(e->f, rows * e->nf) && MAKE(e->f_after, rows * e->nf) &&
                    MAKE(e->u, rows * e->nu) && MAKE(e->u_before, rows * e->nu) && MAKE(e->a, rows * e->nu) &&
                    MAKE(e->order, rows) && MAKE(e->order_after, rows) && MAKE(e->reward, rows) &&
                    MAKE(e->weight, rows + B) && MAKE(e->value, rows) && MAKE(e->target, rows) && MAKE(e->done, rows);
  return made ? DF_OK : DF_E_NOMEM;
}

/* what PPO keeps of a window */
static df_status make_samples(df_expert* e) {
  const size_t rows = e->H * e->B;
  const bool made = MAKE(e->mean, rows * e->nu) && MAKE(e->eps, rows * e->nu) && MAKE(e->baseline, rows) &&
                    MAKE(e->advantage, rows) && MAKE(e->shuffled, rows);
  return made ? DF_OK : DF_E_NOMEM;
}

/* what PPO needs for `rows` samples */
static df_status make_learner(const df_expert* e, size_t rows, expert_slice* s) {
  const bool made =
      MAKE(s->means, rows * e->nu) && MAKE(s->dmeans, rows * e->nu) && MAKE(s->inverse, e->nu) && MAKE(s->dlog, e->nu);
  return made ? df_net_work_new(e->actor_net, (int)rows, &s->learn) : DF_E_NOMEM;
}

static df_status make_slice(df_expert* e, int index) {
  expert_slice* s = &e->slice[index];
  const size_t B = e->B, n = (size_t)e->n_slices, k = (size_t)index;
  s->first = (int)(k * B / n);
  s->count = (int)((k + 1) * B / n) - s->first;
  const size_t count = (size_t)s->count, fit = ((size_t)e->fit_rows + n - 1) / n;
  const size_t critic = df_net_parameters(e->critic_net);
  const bool ppo = e->cfg.method == DF_EXPERT_PPO;
  const bool made = MAKE(s->sim, count) && MAKE(s->base, count) && MAKE(s->actor, e->works) && MAKE(s->spread, e->nu) &&
                    MAKE(s->out, count * e->nu) && MAKE(s->dout, count * e->nu) && MAKE(s->dobs, count * e->no) &&
                    MAKE(s->y, count * e->ndx) && MAKE(s->k, count * e->nu) && MAKE(s->df, count * e->nf) &&
                    MAKE(s->ubar, e->nu) && MAKE(s->before, e->nu) && MAKE(s->noise, e->nu) &&
                    MAKE(s->gradient, e->n_actor) && MAKE(s->fit_gradient, critic) && MAKE(s->unused, critic) &&
                    MAKE(s->rows, fit * e->no) && MAKE(s->values, fit) && MAKE(s->dvalues, fit) && MAKE(s->wanted, fit);
  if (!made) return DF_E_NOMEM;
  for (size_t i = 0; i < count; i++) DF_TRY(df_sim_new(e->system, ppo ? 0 : e->cfg.horizon, &s->sim[i]));
  for (size_t t = 0; t < e->works; t++) DF_TRY(df_net_work_new(e->actor_net, s->count, &s->actor[t]));
  DF_TRY(df_net_work_new(e->critic_net, s->count, &s->value));
  if (ppo) DF_TRY(make_learner(e, fit, s));
  e->gradients[index] = s->gradient;
  e->fit_gradients[index] = s->fit_gradient;
  return df_net_work_new(e->critic_net, (int)fit, &s->fit);
}

static df_status make_slices(df_expert* e) {
  const size_t n = (size_t)e->cfg.slices;
  if (!MAKE(e->slice, n) || !MAKE(e->gradients, n) || !MAKE(e->fit_gradients, n)) return DF_E_NOMEM;
  e->n_slices = e->cfg.slices;
  const size_t rows = e->H * e->B, parts = (size_t)e->cfg.ppo_minibatches;
  e->fit_rows = e->cfg.method == DF_EXPERT_PPO ? (int)((rows + parts - 1) / parts)
                                               : (int)fmax(1, e->cfg.critic_share * (double)rows);
  for (int i = 0; i < e->n_slices; i++) DF_TRY(make_slice(e, i));
  return DF_OK;
}

static void start_robots(df_expert* e) {
  for (int i = 0; i < e->n_slices; i++) {
    expert_slice* s = &e->slice[i];
    for (int r = 0; r < s->count; r++) expert_restart(e, s->sim[r], (size_t)(s->first + r));
  }
}

static df_status build(df_expert* e, const df_expert_cfg* cfg) {
  const df_walk_cfg* walk = df_walk_get_cfg(e->walk);
  DF_TRY(check(cfg));
  e->cfg = *cfg;
  e->B = (size_t)cfg->robots;
  e->H = (size_t)cfg->horizon;
  e->nx = (size_t)e->system->nx;
  e->ndx = (size_t)e->system->ndx;
  e->nu = (size_t)e->system->nu;
  e->nf = (size_t)df_walk_features(e->walk);
  e->no = (size_t)df_walk_observations(e->walk);
  if (!MAKE(e->bias, e->nu)) return DF_E_NOMEM;
  for (size_t k = 0; k < e->nu; k++) e->bias[k] = atanh((walk->home[k] - walk->centre[k]) / walk->half_range[k]);

  /* the Adam of an actor by adjoint forgets fast, since its gradient changes with every window */
  const bool ppo = cfg->method == DF_EXPERT_PPO;
  const df_adamw_cfg adam = ppo ? adam_of(.9, .999, cfg->clip, e->nu) : adam_of(.8, .95, cfg->clip, 0);
  DF_TRY(make_network(e, (int)e->nu, adam, e->seed, &e->actor_net, &e->actor, &e->actor_optimizer));
  DF_TRY(make_network(e, 1, adam_of(.9, .99, 1, 0), e->seed + 1, &e->critic_net, &e->critic, &e->critic_optimizer));
  e->n_actor = e->actor_optimizer->n;
  for (size_t k = df_net_parameters(e->actor_net); k < e->n_actor; k++) e->actor[k] = (df_real)log(cfg->ppo_noise);
  e->rate = cfg->rate;
  e->works = ppo ? 1 : e->H;
  const size_t critic = df_net_parameters(e->critic_net);
  if (!MAKE(e->slow, critic)) return DF_E_NOMEM;
  memcpy(e->slow, e->critic, critic * sizeof *e->slow);
  if (cfg->updates == 0) return DF_OK;
  if (walk->n_clips && walk->tail < cfg->horizon)
    return df_fail(DF_E_CONFIG,
                   "expert: horizon is %d, must be at most %d, the actions that a start leaves of its clip",
                   cfg->horizon, walk->tail);
  DF_TRY(make_window(e));
  if (ppo) DF_TRY(make_samples(e));
  DF_TRY(make_slices(e));
  start_robots(e);
  return DF_OK;
}

df_status df_expert_new(const df_walk* walk, const df_expert_cfg* cfg, uint64_t seed, int threads, df_expert** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(walk);
  DF_REQUIRE_POINTER(cfg);
  DF_REQUIRE(threads >= 1, "df_expert_new: threads is %d, must be >= 1", threads);
  df_expert* e;
  if (!MAKE(e, 1)) return DF_E_NOMEM;
  e->walk = walk;
  e->system = df_walk_system(walk);
  e->seed = seed;
  e->threads = threads;
  const df_status status = build(e, cfg);
  if (status != DF_OK) {
    df_expert_free(e);
    return status;
  }
  *out = e;
  return DF_OK;
}

static void free_slice(const df_expert* e, expert_slice* s) {
  for (int i = 0; s->sim && i < s->count; i++) df_sim_free(e->system, s->sim[i]);
  for (size_t t = 0; s->actor && t < e->works; t++) df_net_work_free(s->actor[t]);
  df_net_work_free(s->value);
  df_net_work_free(s->fit);
  df_net_work_free(s->learn);
  void* const arrays[] = {s->spread, s->means, s->dmeans, s->inverse, s->dlog,     s->sim,
                          s->base,   s->actor, s->out,    s->dout,    s->dobs,     s->y,
                          s->k,      s->df,    s->ubar,   s->noise,   s->gradient, s->fit_gradient,
                          s->unused, s->rows,  s->values, s->dvalues, s->before,   s->wanted};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) df_free(arrays[i]);
}

void df_expert_free(df_expert* e) {
  if (!e) return;
  for (int i = 0; i < e->n_slices; i++) free_slice(e, &e->slice[i]);
  df_adamw_free(e->actor_optimizer);
  df_adamw_free(e->critic_optimizer);
  df_net_free(e->actor_net);
  df_net_free(e->critic_net);
  void* const of_ppo[] = {e->mean, e->eps, e->baseline, e->advantage, e->shuffled};
  void* const arrays[] = {
      e->actor,  e->critic, e->slow,  e->bias,    e->x_now, e->u_now,    e->order_now, e->events,        e->obs,
      e->x,      e->after,  e->f,     e->f_after, e->u,     e->u_before, e->a,         e->order,         e->order_after,
      e->reward, e->weight, e->value, e->target,  e->done,  e->slice,    e->gradients, e->fit_gradients, e};
  for (size_t i = 0; i < sizeof of_ppo / sizeof *of_ppo; i++) df_free(of_ppo[i]);
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) df_free(arrays[i]);
}

df_expert_totals df_expert_get_totals(const df_expert* e) {
  return (df_expert_totals){.updates = e->update, .lost = e->lost, .cpu = e->cpu};
}

/* ---- an update ---- */

/* fresh starts and other orders between windows; every window is within its clip */
static void renew_some(df_expert* e) {
  const double fresh = e->cfg.fresh * (double)e->H, renew = e->cfg.renew * (double)e->H;
  for (int i = 0; i < e->n_slices; i++) {
    expert_slice* s = &e->slice[i];
    for (int r = 0; r < s->count; r++) {
      const size_t b = (size_t)(s->first + r);
      double draw;
      df_rng_uniform(e->seed, DF_STREAM_EXPERT_RENEW, (uint64_t)e->update * e->B + b, 1, &draw);
      const bool clips = df_walk_get_cfg(e->walk)->n_clips > 0;
      const bool at_end = clips && (size_t)df_walk_left(e->walk, &e->order_now[b]) < e->H;
      if (draw < fresh || at_end)
        expert_restart(e, s->sim[r], b);
      else if (clips)
        continue;
      else if (draw < fresh + renew)
        expert_renew(e, b);
    }
  }
}

/* what happened in the window, as means over robots and actions */
static df_status summarise(const df_expert* e, df_expert_update* out) {
  *out = (df_expert_update){.update = e->update + 1, .critic_loss = NAN, .kl = NAN, .clipped = NAN, .std = NAN};
  const double steps = (double)(e->H * e->B);
  for (int i = 0; i < e->n_slices; i++) {
    const expert_slice* s = &e->slice[i];
    if (s->status != DF_OK) return df_fail(s->status, "%s", s->failure);
    out->falls += s->sums.falls;
    out->lost += s->sums.lost;
    out->reward += s->sums.reward / steps;
    out->velocity_error += s->sums.velocity_error / steps;
    for (int k = 0; k < DF_REWARD_TERMS; k++) out->cost[k] += s->sums.cost[k] / steps;
  }
  return DF_OK;
}

static df_status update(df_expert* e, df_expert_update* out) {
  const df_expert_cfg* c = &e->cfg;
  const double left = fmax(c->rate_end, 1 - (double)e->update / (double)c->updates);
#pragma omp parallel for num_threads(e->threads) schedule(static, 1) if (e->threads > 1)
  for (int i = 0; i < e->n_slices; i++) expert_window(e, &e->slice[i]);
  DF_TRY(summarise(e, out));

  /* actor, then critic; or both, minibatch by minibatch */
  if (c->method == DF_EXPERT_PPO)
    DF_TRY(expert_ppo(e, left, out));
  else
    DF_TRY(expert_step_actor(e, c->rate * left, out));
  if (c->method == DF_EXPERT_SHAC) expert_fit(e, c->critic_rate * left, &out->critic_loss);
  renew_some(e);
  e->update++;
  e->lost += out->lost;
  return DF_OK;
}

df_status df_expert_train(df_expert* e, const df_expert_training* training) {
  DF_REQUIRE_POINTER(e);
  DF_REQUIRE_POINTER(training);
  df_expert_update made;
  DF_TRY(expert_state_load(e, training));
  double saved = df_clock_wall();
  while (e->update < e->cfg.updates) {
    if (training->stop && *training->stop) {
      DF_TRY(expert_state_save(e, training));
      return df_fail(DF_E_INTERRUPTED, "interrupted after update %ld", e->update);
    }
    const double before = df_clock_cpu();
    DF_TRY(update(e, &made));
    e->cpu += df_clock_cpu() - before;
    if (training->report) training->report(training->context, &made);
    if (df_clock_wall() - saved < training->save_seconds) continue;
    DF_TRY(expert_state_save(e, training));
    saved = df_clock_wall();
  }
  return expert_state_save(e, training);
}
