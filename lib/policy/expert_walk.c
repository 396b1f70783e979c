/* expert_walk.c: walks of a trained policy, and their scores. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/angles.h"
#include "dynaflow/core/rng.h"
#include "expert_internal.h"
#include "walk_internal.h"

/* the most actions of a walk: events of its draws are numbered in this many */
enum { LENGTH_BITS = 24 };

/* what a thread needs to walk a robot */
typedef struct walker {
  df_sim* sim;
  df_net_work* work;
  df_real *obs, *out;             /* [observations], [nu] */
  double *f, *a, *noise, *before; /* [features], [nu] three times */
} walker;

static df_status walker_make(const df_expert* e, walker* w) {
  *w = (walker){.obs = df_alloc(e->no, sizeof(df_real)),
                .out = df_alloc(e->nu, sizeof(df_real)),
                .f = df_alloc(e->nf, sizeof(double)),
                .a = df_alloc(e->nu, sizeof(double)),
                .noise = df_alloc(e->nu, sizeof(double)),
                .before = df_alloc(e->nu, sizeof(double))};
  if (!w->obs || !w->out || !w->f || !w->a || !w->noise || !w->before) return DF_E_NOMEM;
  DF_TRY(df_sim_new(e->system, 0, &w->sim));
  return df_net_work_new(e->actor_net, 1, &w->work);
}

static void walker_clear(const df_expert* e, walker* w) {
  df_sim_free(e->system, w->sim);
  df_net_work_free(w->work);
  void* const arrays[] = {w->obs, w->out, w->f, w->a, w->noise, w->before};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) df_free(arrays[i]);
}

/* the draws of action t: another command, a kick and its direction */
static void change(const df_expert* e, const df_expert_walk* walk, walker* w, uint64_t event, df_walk_order* order,
                   double* x) {
  double draw[3];
  df_rng_uniform(walk->seed, DF_STREAM_EXPERT_RENEW, event, 3, draw);
  if (draw[0] < walk->renew) {
    const df_walk_order kept = *order;
    df_walk_draw_order(e->walk, walk->seed, event, order);
    order->gait = kept.gait;
    order->phase = kept.phase;
  }
  if (walk->kick_seconds > 0 && draw[1] < e->system->dt / walk->kick_seconds) {
    double* v = x + e->walk->nq + e->walk->base_v;
    v[0] += walk->kick * cos(2 * DF_PI * draw[2]);
    v[1] += walk->kick * sin(2 * DF_PI * draw[2]);
    e->system->ops->set_state(w->sim, x);
  }
}

/* one action of the policy: u [nu] in state x, whose features are in w->f */
static void decide(const df_expert* e, const df_expert_walk* walk, walker* w, uint64_t event,
                   const df_walk_order* order, double* u) {
  df_walk_observe(e->walk, w->f, w->before, order, w->obs);
  df_net_forward(e->actor_net, w->work, e->actor, &(df_net_input){.B = 1, .x = w->obs}, w->out);
  if (walk->noise > 0) df_rng_normal(walk->seed, DF_STREAM_EXPERT_NOISE, event, e->nu, w->noise);
  for (size_t k = 0; k < e->nu; k++) w->noise[k] *= walk->noise;
  expert_squash(e, 1, w->out, walk->noise > 0 ? w->noise : NULL, w->a, u);
}

/* start and order of a walk */
static void begin(const df_expert* e, df_expert_walk* walk, const walker* w, uint64_t first, df_walk_order* order) {
  if (df_walk_get_cfg(e->walk)->n_clips) {
    df_walk_enter_clip(e->walk, walk->clip, 0, order, walk->x);
    return;
  }
  df_walk_draw_start(e->walk, w->sim, walk->seed, first, walk->x);
  df_walk_draw_order(e->walk, walk->seed, first, order);
  if (walk->gait >= 0) order->gait = walk->gait;
}

static df_status walk_one(const df_expert* e, df_expert_walk* walk, walker* w) {
  const uint64_t first = walk->event << LENGTH_BITS;
  df_walk_order order;
  begin(e, walk, w, first, &order);
  df_walk_first_action(e->walk, walk->x, w->before);
  e->system->ops->reset(w->sim, walk->x);
  walk->fell = -1;
  for (int t = 0; t < walk->length; t++) {
    double *x = walk->x + (size_t)t * e->nx, *u = walk->u + (size_t)t * e->nu;
    /* changes that come before the action, which then sees them */
    if (t > 0) change(e, walk, w, first + (uint64_t)t, &order, x);
    walk->order[t] = order;
    df_walk_look(e->walk, w->sim, x, w->f);
    decide(e, walk, w, first + (uint64_t)t, &order, u);
    const df_traj_end end = e->system->ops->step(w->sim, u, x + e->nx);
    if (end == DF_TRAJ_FAILED) return DF_E_SIM;
    memcpy(w->before, u, e->nu * sizeof *u);
    df_walk_tick(e->walk, &order);
    if (end == DF_TRAJ_COMPLETE) df_walk_look(e->walk, w->sim, x + e->nx, w->f);
    if (end == DF_TRAJ_COMPLETE && !df_walk_ended(e->walk, w->f, &order)) continue;
    walk->fell = t;
    break;
  }
  walk->order[walk->length] = order;
  return DF_OK;
}

/* states, actions and orders after a fall */
static void clear_rest(const df_expert* e, df_expert_walk* walk) {
  if (walk->fell < 0) return;
  for (int t = walk->fell + 1; t <= walk->length; t++) {
    for (size_t i = 0; t > walk->fell + 1 && i < e->nx; i++) walk->x[(size_t)t * e->nx + i] = NAN;
    if (t < walk->length) memset(walk->u + (size_t)t * e->nu, 0, e->nu * sizeof *walk->u);
    walk->order[t] = (df_walk_order){0};
  }
}

/* a walk of a task with clips is within its clip */
static df_status check_clip(const df_walk_cfg* cfg, int i, const df_expert_walk* w) {
  if (cfg->n_clips == 0) return DF_OK;
  DF_REQUIRE(w->clip >= 0 && w->clip < cfg->n_clips, "df_expert_run: walk %d has clip %d", i, w->clip);
  DF_REQUIRE(w->length <= cfg->clip[w->clip].length, "df_expert_run: walk %d has %d actions, its clip %d", i, w->length,
             cfg->clip[w->clip].length);
  DF_REQUIRE(w->renew == 0, "df_expert_run: walk %d renews its command, but follows a clip", i);
  return DF_OK;
}

df_status df_expert_run(const df_expert* e, int n, df_expert_walk* walks, int threads) {
  DF_REQUIRE_POINTER(e);
  DF_REQUIRE_POINTER(walks);
  DF_REQUIRE(threads >= 1, "df_expert_run: threads is %d, must be >= 1", threads);
  for (int i = 0; i < n; i++) {
    const df_expert_walk* w = &walks[i];
    DF_REQUIRE(w->x && w->u && w->order, "df_expert_run: x, u or order of walk %d is NULL", i);
    DF_REQUIRE(w->length >= 1 && w->length < 1 << LENGTH_BITS, "df_expert_run: walk %d has %d actions", i, w->length);
    DF_REQUIRE(w->gait < df_walk_get_cfg(e->walk)->n_gaits, "df_expert_run: walk %d has gait %d", i, w->gait);
    DF_TRY(check_clip(df_walk_get_cfg(e->walk), i, w));
  }
  char failure[512] = "";
  df_status status = DF_OK;
#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    walker w;
    df_status own = walker_make(e, &w);
#pragma omp for schedule(dynamic, 1)
    for (int i = 0; i < n; i++) {
      if (own == DF_OK) own = walk_one(e, &walks[i], &w);
      if (own == DF_OK) clear_rest(e, &walks[i]);
    }
    walker_clear(e, &w);
#pragma omp critical
    if (own != DF_OK && status == DF_OK) {
      status = own;
      snprintf(failure, sizeof failure, "%s", df_error_message());
    }
  }
  return status == DF_OK ? DF_OK : df_fail(status, "%s", failure);
}

/* ---- scores ---- */

/* sums over the actions of a walk */
typedef struct tally {
  double velocity[2], rate; /* over the current cycle */
  int in_cycle, cycles;
  double velocity_error, rate_error;
  long agree, steps;
} tally;

static bool same_command(const df_walk_order* a, const df_walk_order* b) {
  return memcmp(a->command, b->command, sizeof a->command) == 0;
}

/* count_action() of a walk that follows a clip: of the differences from it */
static void count_frame(const df_walk* walk, const df_expert_walk* made, int t, int cycle, const double* f, tally* s) {
  const df_walk_order* order = &made->order[t + 1];
  if (s->in_cycle == 0) s->velocity[0] = s->velocity[1] = s->rate = 0;
  for (int i = 0; i < 2; i++) s->velocity[i] += (f[FEATURE_VELOCITY + i] - order->command[i]) / cycle;
  s->rate += (f[FEATURE_RATE + 2] - order->command[2]) / cycle;
  if (++s->in_cycle == cycle) {
    s->velocity_error += hypot(s->velocity[0], s->velocity[1]);
    s->rate_error += fabs(s->rate);
    s->cycles++;
    s->in_cycle = 0;
  }
  const double* demonstrated = df_walk_demonstrated(walk, order) + walk->feet;
  const double low = walk->cfg.foot_height + .002;
  for (int i = 0; i < walk->cfg.n_feet; i++) {
    s->agree += (f[walk->feet + i] < low) == (demonstrated[i] < low);
    s->steps++;
  }
}

/* the state after action t, of which f are the features */
static void count_action(const df_walk* walk, const df_expert_walk* made, int t, int cycle, const double* f, tally* s) {
  const df_walk_cfg* cfg = df_walk_get_cfg(walk);
  const df_walk_order *order = &made->order[t], *next = &made->order[t + 1];
  if (t > 0 && !same_command(order, &made->order[t - 1])) s->in_cycle = 0;
  if (s->in_cycle == 0) s->velocity[0] = s->velocity[1] = s->rate = 0;
  for (int i = 0; i < 2; i++) s->velocity[i] += f[FEATURE_VELOCITY + i] / cycle;
  s->rate += f[FEATURE_RATE + 2] / cycle;
  if (++s->in_cycle == cycle) {
    s->velocity_error += hypot(s->velocity[0] - order->command[0], s->velocity[1] - order->command[1]);
    s->rate_error += fabs(s->rate - order->command[2]);
    s->cycles++;
    s->in_cycle = 0;
  }
  const double* height = f + walk->feet;
  for (int i = 0; i < cfg->n_feet; i++) {
    const bool floor = height[i] < cfg->foot_height + .002;
    s->agree += floor == df_walk_stands(walk, next, i);
    s->steps++;
  }
}

df_status df_walk_judge(const df_walk* walk, const df_expert_walk* made, int first, df_walk_score* out) {
  DF_REQUIRE_POINTER(walk);
  DF_REQUIRE_POINTER(made);
  DF_REQUIRE_POINTER(out);
  const df_walk_cfg* cfg = df_walk_get_cfg(walk);
  const df_system* system = df_walk_system(walk);
  const int cycle = cfg->frequency > 0 ? (int)fmax(1, round(1 / (cfg->frequency * system->dt))) : 1;
  *out = (df_walk_score){.fell = made->fell >= 0, .velocity_error = NAN, .yaw_rate_error = NAN, .contact = NAN};
  if (out->fell) return DF_OK;
  df_sim* sim;
  double* f = df_alloc((size_t)df_walk_features(walk), sizeof *f);
  if (!f) return DF_E_NOMEM;
  df_status status = df_sim_new(system, 0, &sim);
  tally s = {0};
  for (int t = first; t < made->length && status == DF_OK; t++) {
    df_walk_look(walk, sim, made->x + (size_t)(t + 1) * (size_t)system->nx, f);
    if (cfg->n_clips)
      count_frame(walk, made, t, cycle, f, &s);
    else
      count_action(walk, made, t, cycle, f, &s);
  }
  if (status == DF_OK) df_sim_free(system, sim);
  df_free(f);
  if (s.cycles) out->velocity_error = s.velocity_error / s.cycles;
  if (s.cycles) out->yaw_rate_error = s.rate_error / s.cycles;
  if (s.steps) out->contact = (double)s.agree / (double)s.steps;
  return status;
}
