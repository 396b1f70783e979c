/* expert_window.c: the window of a slice: robots walk by the policy, and the adjoint of the actor's loss goes back. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "expert_internal.h"
#include "walk_internal.h"

/* ---- forward ---- */

void expert_squash(const df_expert* e, size_t n, const df_real* out, const double* noise, double* a, double* u) {
  const df_walk_cfg* cfg = df_walk_get_cfg(e->walk);
  for (size_t i = 0; i < n; i++) {
    for (size_t k = 0; k < e->nu; k++) {
      const size_t at = i * e->nu + k;
      a[at] = tanh((double)out[at] + e->bias[k] + (noise ? noise[at] : 0));
      u[at] = cfg->centre[k] + cfg->half_range[k] * a[at];
    }
  }
}

/* The actions of all robots at t. Without an adjoint, all actions share their activations. */
static void act(df_expert* e, expert_slice* s, size_t t) {
  const size_t row = expert_row(e, t, (size_t)s->first);
  df_net_forward(e->actor_net, s->actor[t % e->works], e->actor,
                 &(df_net_input){.B = s->count, .x = e->obs + row * e->no}, s->out);
  for (size_t r = 0; r < (size_t)s->count; r++) {
    const uint64_t event = ((uint64_t)e->update * e->H + t) * e->B + (size_t)s->first + r;
    df_rng_normal(e->seed, DF_STREAM_EXPERT_NOISE, event, e->nu, s->noise);
    const size_t at = (row + r) * e->nu;
    if (e->cfg.method == DF_EXPERT_PPO) {
      memcpy(e->mean + at, s->out + r * e->nu, e->nu * sizeof *e->mean);
      memcpy(e->eps + at, s->noise, e->nu * sizeof *e->eps);
    }
    for (size_t k = 0; k < e->nu; k++) s->noise[k] *= s->spread[k];
    expert_squash(e, 1, s->out + r * e->nu, s->noise, e->a + at, e->u + at);
  }
}

/* what robot b sees before action t; t = H: after the last */
static void observe(df_expert* e, size_t t, size_t b, const double* f) {
  df_walk_observe(e->walk, f, e->u_now + b * e->nu, &e->order_now[b], e->obs + expert_row(e, t, b) * e->no);
}

/* starts robot b afresh after action t has ended in a fall or a divergence */
static void restart(df_expert* e, expert_slice* s, size_t t, size_t r, bool diverged) {
  const size_t b = (size_t)s->first + r;
  df_sim* sim = s->sim[r];
  /* a diverged simulator has to be reset, which empties its tape: what the robot did before is lost */
  if (diverged) s->base[r] = (int)t + 1;
  expert_restart(e, sim, b);
  if (diverged)
    e->system->ops->reset(sim, e->x_now + b * e->nx);
  else
    e->system->ops->set_state(sim, e->x_now + b * e->nx);
}

static void count_costs(const df_expert* e, expert_slice* s, size_t row, const double* cost) {
  const df_walk_order* order = &e->order_after[row];
  const double* weight = df_walk_get_cfg(e->walk)->gait[order->gait].weight;
  const double* velocity = e->f_after + row * e->nf + FEATURE_VELOCITY;
  for (int i = 0; i < DF_REWARD_TERMS; i++) s->sums.cost[i] += weight[i] * cost[i];
  s->sums.velocity_error += hypot(velocity[0] - order->command[0], velocity[1] - order->command[1]);
  s->sums.reward += e->reward[row];
}

/* action t of robot r of the slice */
static df_status step(df_expert* e, expert_slice* s, size_t t, size_t r) {
  const size_t b = (size_t)s->first + r, row = expert_row(e, t, b);
  df_walk_order* order = &e->order_now[b];
  double *after = e->after + row * e->nx, *f_after = e->f_after + row * e->nf, cost[DF_REWARD_TERMS];

  /* where it is */
  memcpy(e->x + row * e->nx, e->x_now + b * e->nx, e->nx * sizeof(double));
  memcpy(e->u_before + row * e->nu, e->u_now + b * e->nu, e->nu * sizeof(double));
  e->order[row] = *order;

  /* step, clock and reward */
  const df_traj_end end = e->system->ops->step(s->sim[r], e->u + row * e->nu, after);
  if (end == DF_TRAJ_FAILED) return DF_E_SIM;
  df_walk_tick(e->walk, order);
  e->order_after[row] = *order;
  const bool diverged = end != DF_TRAJ_COMPLETE;
  if (diverged) {
    e->reward[row] = 0;
    s->sums.lost += e->cfg.method == DF_EXPERT_PPO ? 1 : (long)t + 1 - s->base[r];
  } else {
    df_walk_look(e->walk, s->sim[r], after, f_after);
    const df_walk_step made = {f_after, e->u + row * e->nu, e->u_before + row * e->nu, order};
    e->reward[row] = df_walk_reward(e->walk, &made, cost);
    count_costs(e, s, row, cost);
  }

  /* the next state: the one that it led to, or a fresh start */
  e->done[row] = diverged || df_walk_ended(e->walk, f_after, order);
  s->sums.falls += e->done[row];
  memcpy(e->x_now + b * e->nx, after, e->nx * sizeof(double));
  memcpy(e->u_now + b * e->nu, e->u + row * e->nu, e->nu * sizeof(double));
  if (e->done[row]) restart(e, s, t, r, diverged);
  e->weight[row + e->B] = e->done[row] ? 1 : e->cfg.gamma * e->weight[row];

  /* what it sees there */
  double* f = t + 1 < e->H ? e->f + (row + e->B) * e->nf : s->df + r * e->nf;
  if (e->done[row])
    df_walk_look(e->walk, s->sim[r], e->x_now + b * e->nx, f);
  else
    memcpy(f, f_after, e->nf * sizeof *f);
  observe(e, t + 1, b, f);
  return DF_OK;
}

static void begin(df_expert* e, expert_slice* s) {
  for (size_t k = 0; k < e->nu; k++)
    s->spread[k] = e->cfg.method == DF_EXPERT_PPO ? exp((double)e->actor[e->n_actor - e->nu + k]) : e->cfg.noise;
  for (size_t r = 0; r < (size_t)s->count; r++) {
    const size_t b = (size_t)s->first + r;
    e->system->ops->reset(s->sim[r], e->x_now + b * e->nx);
    df_walk_look(e->walk, s->sim[r], e->x_now + b * e->nx, e->f + b * e->nf);
    observe(e, 0, b, e->f + b * e->nf);
    e->weight[b] = 1;
    s->base[r] = 0;
  }
}

/* ---- the value of the window's states, and its gradient at the end ---- */

/* V' of what the robots see before action t to s->out */
static void value_at(df_expert* e, expert_slice* s, size_t t) {
  const df_real* seen = e->obs + expert_row(e, t, (size_t)s->first) * e->no;
  df_net_forward(e->critic_net, s->value, e->slow, &(df_net_input){.B = s->count, .x = seen}, s->out);
}

/* Writes V' of the states after every action, and for PPO before it; the last forward pass is that of the window's
 * end. */
static void evaluate(df_expert* e, expert_slice* s) {
  const bool before = e->cfg.method == DF_EXPERT_PPO;
  if (before) value_at(e, s, 0);
  for (size_t t = 0; t < e->H; t++) {
    const size_t row = expert_row(e, t, (size_t)s->first);
    for (size_t r = 0; before && r < (size_t)s->count; r++) {
      e->baseline[row + r] = EXPERT_VALUE_UNIT * (double)s->out[r];
    }
    value_at(e, s, t + 1);
    for (size_t r = 0; r < (size_t)s->count; r++) {
      e->value[row + r] = e->done[row + r] ? 0 : EXPERT_VALUE_UNIT * (double)s->out[r];
    }
  }
}

/* the cotangent of the observations at the window's end by their value */
static void value_vjp(df_expert* e, expert_slice* s) {
  const size_t last = expert_row(e, e->H - 1, (size_t)s->first);
  memset(s->dobs, 0, (size_t)s->count * e->no * sizeof *s->dobs);
  if (e->cfg.method == DF_EXPERT_APG) return;
  for (size_t r = 0; r < (size_t)s->count; r++) {
    const double share = e->done[last + r] ? 0 : e->weight[last + e->B + r] / (double)(e->H * e->B);
    s->dout[r] = (df_real)(-share * EXPERT_VALUE_UNIT);
  }
  df_net_backward(e->critic_net, s->value, e->slow, s->dout, s->unused, s->dobs);
}

/* ---- backward ---- */

/* Back over action t of robot r: from the cotangents of the state after it (y of its dynamics, df of what is seen of
 * it, k of the action as the last one) to those of the network's output, and of the state before it, y. */
static df_status step_vjp(df_expert* e, expert_slice* s, size_t t, size_t r) {
  const size_t b = (size_t)s->first + r, row = expert_row(e, t, b);
  double *y = s->y + r * e->ndx, *k = s->k + r * e->nu, *df = s->df + r * e->nf, *ubar = s->ubar;
  df_real* dout = s->dout + r * e->nu;
  const double* half = df_walk_get_cfg(e->walk)->half_range;
  memset(dout, 0, e->nu * sizeof *dout);
  /* nothing flows back over a fresh start */
  if (e->done[row]) {
    memset(y, 0, e->ndx * sizeof *y);
    memset(k, 0, e->nu * sizeof *k);
    memset(df, 0, e->nf * sizeof *df);
  }
  if ((int)t < s->base[r]) return DF_OK;

  /* the reward of the action */
  memset(s->before, 0, e->nu * sizeof *s->before);
  const df_walk_step made = {e->f_after + row * e->nf, e->u + row * e->nu, e->u_before + row * e->nu,
                             &e->order_after[row]};
  df_walk_reward_vjp(e->walk, &made, -e->weight[row] / (double)(e->H * e->B), df, k, s->before);
  df_walk_look_vjp(e->walk, s->sim[r], e->after + row * e->nx, made.f, df, y);

  /* the dynamics */
  const df_traj_end end = e->system->ops->step_vjp(s->sim[r], (int)t - s->base[r], y, y, ubar);
  if (end == DF_TRAJ_FAILED) return DF_E_SIM;
  if (end == DF_TRAJ_DIVERGED) {
    memset(y, 0, e->ndx * sizeof *y);
    memset(ubar, 0, e->nu * sizeof *ubar);
    s->sums.lost++;
  }
  for (size_t i = 0; i < e->ndx; i++) y[i] *= e->cfg.decay;
  for (size_t i = 0; i < e->nu; i++) {
    const double a = e->a[row * e->nu + i];
    dout[i] = (df_real)((ubar[i] + k[i]) * half[i] * (1 - a * a));
    k[i] = s->before[i];
  }
  return DF_OK;
}

/* from the cotangent of observations to those of features and last action, which are added */
static void observe_vjp(const df_expert* e, expert_slice* s) {
  memset(s->df, 0, (size_t)s->count * e->nf * sizeof *s->df);
  for (size_t r = 0; r < (size_t)s->count; r++)
    df_walk_observe_vjp(e->walk, s->dobs + r * e->no, s->df + r * e->nf, s->k + r * e->nu);
}

static df_status backward(df_expert* e, expert_slice* s) {
  memset(s->y, 0, (size_t)s->count * e->ndx * sizeof *s->y);
  memset(s->k, 0, (size_t)s->count * e->nu * sizeof *s->k);
  value_vjp(e, s);
  observe_vjp(e, s);
  for (size_t t = e->H; t-- > 0;) {
    for (size_t r = 0; r < (size_t)s->count; r++) DF_TRY(step_vjp(e, s, t, r));
    df_net_backward(e->actor_net, s->actor[t], e->actor, s->dout, s->gradient, s->dobs);
    observe_vjp(e, s);
  }
  return DF_OK;
}

static df_status run(df_expert* e, expert_slice* s) {
  begin(e, s);
  for (size_t t = 0; t < e->H; t++) {
    act(e, s, t);
    for (size_t r = 0; r < (size_t)s->count; r++) DF_TRY(step(e, s, t, r));
  }
  if (e->cfg.method != DF_EXPERT_APG) evaluate(e, s);
  return e->cfg.method == DF_EXPERT_PPO ? DF_OK : backward(e, s);
}

void expert_window(df_expert* e, expert_slice* s) {
  memset(&s->sums, 0, sizeof s->sums);
  memset(s->gradient, 0, e->n_actor * sizeof *s->gradient);
  s->status = run(e, s);
  if (s->status != DF_OK) snprintf(s->failure, sizeof s->failure, "%s", df_error_message());
}
