#include "reachable.h"

#include <math.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/cholesky.h"

/* pairs in all and of an episode, at least; the most episodes; the search; pairs of which at least one is reached */
enum { PAIRS = 60, PER_EPISODE = 4, EPISODES = 60, ITERATIONS = 20, FIRST = 8 };
/* of the RMS change of a dof, which is off by less by rounding, m, rad and per second */
static const double SHARE = 0.02, ROUNDING = 1e-6;
/* Contacts hide some actions from the search. The share of the pairs that are reached, of all, of each episode, and of
 * the squares of the velocities of each dof: a wrong velocity is reached where it is about 0. */
static const double MOST = 0.5, SOME = 0.25;
/* The change of a position over the mean of the velocities at both ends of a frame that actuators which settle within
 * it make, at least; how far recorded velocities may be from those of the model, a factor, at most; and how much less
 * velocities count than positions where an action is to be told by positions. */
static const double SETTLES = 1.05, ALIKE = 1.33, LESS_OF_VELOCITIES = 50;
/* the square of the correlation of velocities that are a motion's and not noise */
static const double RELATED = 0.8;
/* a joint that changes less than this share of its group may rest but for noise */
static const double RESTS = 0.02;
/* one that moves by less than this share says little of a rate that all share */
static const double SLOW = 0.1;
/* of the range of a control, 1 without one: the step of a difference; the damping, and how it changes; an iteration
 * that leaves more of the error is the last one */
static const double STEP = 1e-4, DAMPING = 1e-6, LESS = 0.1, MORE = 10, MOST_DAMPING = 1e3, LITTLE = 0.9;

typedef struct search {
  const trace* m;
  const df_system* system; /* that of the trace, or `own` */
  df_system* own;          /* whose action is a frame that is no whole number of actions; NULL: none */
  df_sim* sim;
  int n, nu;   /* numbers of a tangent that are compared, 2 nv; actions */
  int held;    /* actions of a frame */
  int actions; /* of every frame; 0: as the trace says */
  const double *x, *next;
  double* scale;             /* [n] largest error at which a dof is reached */
  double *u, *tried, *step;  /* [nu] */
  double *state, *tangent;   /* [nx], [ndx] */
  double *error, *other;     /* [n] in units of scale */
  double *jacobian, *normal; /* [nu][n], [nu][nu] */
  double* memory;            /* of all of these; owned */
} search;

/* out [n] = how far the next state is missed with action u, held for a frame; false if it diverges */
static bool miss(const search* s, const double* u, double* out) {
  const df_system* system = s->system;
  system->ops->reset(s->sim, s->x);
  for (int a = 0; a < s->held; a++) {
    if (system->ops->step(s->sim, u, s->state) != DF_TRAJ_COMPLETE) return false;
  }
  system->ops->difference(system, s->next, s->state, s->tangent);
  for (int i = 0; i < s->n; i++) out[i] = s->tangent[i] / s->scale[i];
  return true;
}

static bool is_reached(const search* s, const double* error) {
  double most = 0;
  for (int i = 0; i < s->n; i++) most = fmax(most, fabs(error[i]));
  return most <= 1;
}

/* a step of control k that stays within its range */
static double step_of(const search* s, int k) {
  const double lo = s->m->system->u_lo[k], hi = s->m->system->u_hi[k], width = hi - lo;
  const double h = STEP * (isfinite(width) ? width : 1);
  return s->u[k] + h <= hi ? h : -h;
}

static bool differentiate(const search* s) {
  for (int k = 0; k < s->nu; k++) {
    const double h = step_of(s, k);
    double* column = s->jacobian + (size_t)k * (size_t)s->n;
    memcpy(s->tried, s->u, (size_t)s->nu * sizeof *s->u);
    s->tried[k] += h;
    if (!miss(s, s->tried, column)) return false;
    for (int i = 0; i < s->n; i++) column[i] = (column[i] - s->error[i]) / h;
  }
  return true;
}

/* tried = the action after a damped step, within the ranges; false if there is none */
static bool propose(const search* s, double damping) {
  const double *lo = s->m->system->u_lo, *hi = s->m->system->u_hi;
  for (int a = 0; a < s->nu; a++) {
    const double* column = s->jacobian + (size_t)a * (size_t)s->n;
    for (int b = 0; b <= a; b++)
      s->normal[a * s->nu + b] = df_dot(s->n, column, s->jacobian + (size_t)b * (size_t)s->n);
    s->normal[a * s->nu + a] *= 1 + damping;
    if (!(s->normal[a * s->nu + a] > 0)) s->normal[a * s->nu + a] = 1; /* an action that changes nothing */
    s->step[a] = -df_dot(s->n, column, s->error);
  }
  if (!df_cholesky_factor(s->nu, s->normal)) return false;
  df_cholesky_solve(s->nu, s->normal, s->step);
  for (int k = 0; k < s->nu; k++) s->tried[k] = fmin(fmax(s->u[k] + s->step[k], lo[k]), hi[k]);
  return true;
}

/* how many actions of `dt` a frame of an episode lasts; 0: no whole number */
static int actions_of(const trace* m, int episode, double dt) {
  static const double CLOSE = 1e-6;
  const double n = m->h[episode] / dt;
  return round(n) >= 1 && fabs(n - round(n)) <= CLOSE * n ? (int)round(n) : 0;
}

/* u = an action near that which rests in the state `start`, with which the next state is missed by least, and `error`;
 * false if a simulation diverges */
static bool approach(search* s, const double* start) {
  double damping = DAMPING;
  df_system_rest_action(s->m->system, start, s->u);
  if (!miss(s, s->u, s->error)) return false;
  for (int i = 0; i < ITERATIONS && !is_reached(s, s->error); i++) {
    const double before = df_dot(s->n, s->error, s->error);
    bool better = false;
    if (!differentiate(s)) return false;
    while (!better && damping < MOST_DAMPING) {
      better = propose(s, damping) && miss(s, s->tried, s->other) && df_dot(s->n, s->other, s->other) < before;
      damping *= better ? LESS : MORE;
    }
    if (!better) return true;
    const bool ends = df_dot(s->n, s->other, s->other) > LITTLE * before;
    memcpy(s->u, s->tried, (size_t)s->nu * sizeof *s->u);
    memcpy(s->error, s->other, (size_t)s->n * sizeof *s->error);
    if (ends) return true;
  }
  return true;
}

static bool load(search* s, size_t k) {
  s->held = s->actions ? s->actions : actions_of(s->m, s->m->episode[k], s->system->dt);
  s->x = df_dataset_state(s->m->data, s->m->episode[k], s->m->frame[k]);
  s->next = s->x + s->m->data->nx;
  return s->held > 0;
}

static bool reach(search* s, size_t k) {
  return load(s, k) &&
         ((approach(s, s->next) && is_reached(s, s->error)) || (approach(s, s->x) && is_reached(s, s->error)));
}

/* the largest error of each dof, from its RMS change over a frame */
static void measure_scale(search* s) {
  const trace* m = s->m;
  size_t n = 0;
  memset(s->scale, 0, (size_t)s->n * sizeof *s->scale);
  for (size_t k = 0; k < m->n; k++) {
    const double *x = df_dataset_state(m->data, m->episode[k], m->frame[k]), *next = x + m->data->nx;
    if (m->jump[k] || m->spoiled[k]) continue;
    n++;
    m->system->ops->difference(m->system, x, next, s->tangent);
    for (int i = 0; i < s->n; i++) s->scale[i] += s->tangent[i] * s->tangent[i];
  }
  for (int i = 0; i < s->n; i++) s->scale[i] = fmax(ROUNDING, SHARE * sqrt(s->scale[i] / (double)(n ? n : 1)));
}

/* pairs and those that are reached, and the squares of the velocities of each dof at their ends */
typedef struct tally {
  size_t pairs, reached;
  double *all, *squares; /* [nv] */
} tally;

static void count(search* s, size_t k, tally* t) {
  const bool reached = reach(s, k);
  t->pairs++;
  t->reached += reached;
  for (int i = 0; i < s->m->nv; i++) {
    const double v = s->next[s->m->nq + i];
    t->all[i] += v * v;
    if (reached) t->squares[i] += v * v;
  }
}

/* every `stride`-th of the pairs [from, to) of an episode */
typedef struct range {
  size_t from, to, stride;
} range;

/* the pairs of the next episode that is looked at, of many every k-th; *r is zeroed before the first one */
static bool next_range(const trace* m, range* r) {
  size_t episodes = 0, at = r->to;
  for (size_t k = 0; k < m->n; k = trace_episode_end(m, k)) episodes++;
  const size_t skipped = (episodes - 1) / EPISODES, share = PAIRS / episodes;
  const size_t wanted = share > PER_EPISODE ? share : PER_EPISODE;
  for (size_t i = 0; i < skipped && r->to > 0 && at < m->n; i++) at = trace_episode_end(m, at);
  if (at >= m->n) return false;
  r->from = at;
  r->to = trace_episode_end(m, at);
  r->stride = (r->to - r->from + wanted - 1) / wanted;
  return true;
}

/* adds the pairs of an episode; false if too few of them are reached */
static bool reach_episode(search* s, const range* r, tally* t) {
  const size_t pairs = t->pairs, reached = t->reached;
  for (size_t k = r->from; k < r->to; k += r->stride) {
    if (!s->m->jump[k] && !s->m->spoiled[k]) count(s, k, t);
    if (t->pairs >= FIRST && t->reached == 0) return false;
  }
  return (double)(t->reached - reached) >= SOME * (double)(t->pairs - pairs);
}

static bool reach_all(search* s, tally* t) {
  range r = {0};
  while (next_range(s->m, &r)) {
    if (!reach_episode(s, &r, t)) return false;
  }
  for (int i = 0; i < s->m->nv; i++) {
    if (t->squares[i] < SOME * t->all[i]) return false;
  }
  return t->pairs > 0 && (double)t->reached >= MOST * (double)t->pairs;
}

/* ---- actuators that settle within a frame ---- */

/* sums over the pairs, of a dof */
typedef struct settling {
  double dv, vv;                /* changes and means of the velocities at both ends, that of the model at the second */
  double both, model, recorded; /* recorded velocities times those of the model; squares of either */
} settling;

/* adds a pair whose action the positions tell */
static void add_settling(search* s, size_t k, settling* sums) {
  const trace* m = s->m;
  if (m->jump[k] || m->spoiled[k] || !load(s, k) || !approach(s, s->next)) return;
  for (int i = 0; i < m->nv; i++) {
    const double own = s->next[m->nq + i] + s->error[m->nv + i] * s->scale[m->nv + i];
    const double mean = (s->x[m->nq + i] + own) / 2, change = m->rate[k * (size_t)m->nv + (size_t)i];
    sums[i].dv += change * mean;
    sums[i].vv += mean * mean;
    sums[i].both += s->next[m->nq + i] * own;
    sums[i].model += own * own;
    sums[i].recorded += s->next[m->nq + i] * s->next[m->nq + i];
  }
}

static bool is_joint(const trace* m, int i) {
  return m->group[i] == GROUP_HINGES || m->group[i] == GROUP_SLIDES;
}

/* by which factor positions change faster than the velocities at frames say */
static double settling_factor(const trace* m, const settling* sums) {
  double dv = 0, vv = 0;
  for (int i = 0; i < m->nv; i++) {
    dv += is_joint(m, i) ? sums[i].dv : 0;
    vv += is_joint(m, i) ? sums[i].vv : 0;
  }
  return vv > 0 ? dv / vv : 0;
}

/* Whether recorded velocities of a dof are those of the model up to a factor. Noise of the model's own, whose action
 * positions with noise tell, makes the ratio of the sums too small, and noise of the recorded ones the other too large.
 */
static bool is_alike(const settling* s, double factor) {
  const bool related = s->both > 0 && s->both * s->both > RELATED * s->model * s->recorded;
  return related && s->both < factor * s->model && factor * s->recorded > s->both;
}

/* Whether positions change faster than the velocities at frames say, and the recorded velocities of the joints that
 * move are about those of the model, nearer to them than to velocities that lack the factor. */
static bool settles(const trace* m, const settling* sums) {
  const double factor = settling_factor(m, sums), near = fmin(ALIKE, sqrt(fmax(1, factor)));
  double all = 0;
  bool alike = factor > SETTLES;
  for (int i = 0; i < m->nv; i++) all += is_joint(m, i) ? sums[i].model : 0;
  for (int i = 0; i < m->nv; i++) {
    if (!is_joint(m, i) || sums[i].model < RESTS * RESTS * all) continue;
    alike &= is_alike(&sums[i], sums[i].model < SLOW * SLOW * all ? ALIKE : near);
  }
  return alike;
}

/* adds the pairs of an episode to `sums`; false if it does not settle, or not to its velocities. `own` [nv] is scratch.
 */
static bool settle_episode(search* s, const range* r, settling* own, settling* sums) {
  const trace* m = s->m;
  memset(own, 0, (size_t)m->nv * sizeof *own);
  for (size_t k = r->from + r->stride / 2; k < r->to; k += r->stride) add_settling(s, k, own);
  for (int i = 0; i < m->nv; i++) {
    sums[i].dv += own[i].dv;
    sums[i].vv += own[i].vv;
    sums[i].both += own[i].both;
    sums[i].model += own[i].model;
    sums[i].recorded += own[i].recorded;
  }
  return settles(m, own);
}

/* Whether the actuators make velocities at frames which say little of the positions between them, and the recorded ones
 * are about those of the model, in every episode and in all. */
static bool settle(search* s, settling* sums) {
  const trace* m = s->m;
  range r = {0};
  for (int i = m->nv; i < s->n; i++) s->scale[i] *= LESS_OF_VELOCITIES;
  while (next_range(m, &r)) {
    if (!settle_episode(s, &r, sums + m->nv, sums)) return false;
  }
  return settles(m, sums);
}

bool reach_sees_all(int episodes) {
  return episodes <= EPISODES;
}

/* ---- limits ---- */

/* whether every control has a range, or its actuator a largest force: others press a joint as far as one likes */
static bool is_bounded(const df_system* system) {
  for (int k = 0; k < system->nu; k++) {
    const double width = system->u_hi[k] - system->u_lo[k];
    if (!isfinite(width) && !isfinite(df_mujoco_actuator_at(system, k).force)) return false;
  }
  return true;
}

/* whether the state that a pair ends in is beyond a joint limit and can be looked at */
static bool ends_beyond(const trace* m, size_t k) {
  bool beyond = false;
  for (int i = 0; i < m->nv && !m->jump[k] && !m->spoiled[k] && !beyond; i++)
    beyond = check_side_beyond_limit(m, k, i) != 0;
  return beyond;
}

/* counts of pairs that end beyond limits and of those that are reached: below and above the limit of each dof [2][nv]
 */
typedef struct pressed {
  size_t pairs, reached;
  double *beyond, *there;
} pressed;

static void count_beyond(search* s, size_t k, pressed* p) {
  const trace* m = s->m;
  const bool reached = reach(s, k);
  p->pairs++;
  p->reached += reached;
  for (int i = 0; i < m->nv; i++) {
    const int side = check_side_beyond_limit(m, k, i), at = (side > 0) * m->nv + i;
    p->beyond[at] += side != 0;
    p->there[at] += side != 0 && reached;
  }
}

/* adds the pairs of an episode that end beyond limits, at most as many as are looked at in all; false if too few are
 * reached */
static bool press_episode(search* s, const range* r, pressed* p) {
  const size_t pairs = p->pairs, reached = p->reached, wanted = (r->to - r->from + r->stride - 1) / r->stride;
  size_t beyond = 0, at = 0;
  for (size_t k = r->from; k < r->to; k++) beyond += ends_beyond(s->m, k);
  const size_t stride = (beyond + wanted - 1) / wanted;
  for (size_t k = r->from; k < r->to; k++) {
    if (ends_beyond(s->m, k) && at++ % stride == 0) count_beyond(s, k, p);
  }
  return p->pairs - pairs < PER_EPISODE || (double)(p->reached - reached) >= MOST * (double)(p->pairs - pairs);
}

/* Whether actions lead to most of the states that are beyond joint limits, to some of each episode, and to some of
 * those beyond each limit, if there are a few: of positions that are off, those beyond one limit are further beyond it,
 * and those beyond the other one less. `memory`: [4][nv] zeros. */
static bool press_all(search* s, double* memory) {
  const int limits = 2 * s->m->nv;
  range r = {0};
  pressed p = {.beyond = memory, .there = memory + limits};
  while (next_range(s->m, &r)) {
    if (!press_episode(s, &r, &p)) return false;
  }
  for (int i = 0; i < limits; i++) {
    if (p.beyond[i] >= PER_EPISODE && p.there[i] < MOST * p.beyond[i]) return false;
  }
  return p.pairs > 0 && (double)p.reached >= MOST * (double)p.pairs;
}

/* ---- a search ---- */

static void search_clear(search* s) {
  df_sim_free(s->system, s->sim);
  df_system_free(s->own);
  df_free(s->memory);
}

/* The physics steps, of about the length of the model's, of a frame that is no whole number of actions; 0: one of each
 * episode is. */
static int division_of_frame(const trace* m) {
  bool whole = true;
  for (size_t k = 0; k < m->n; k = trace_episode_end(m, k)) whole &= actions_of(m, m->episode[k], m->system->dt) > 0;
  return whole ? 0 : (int)fmax(1, round(m->h[m->episode[0]] / m->step));
}

/* t->all [nv] and t->squares [nv] are of the search, and 12 nv zeros follow them. With `steps` > 0 an action is a frame
 * of so many steps, instead of the model's. Call search_clear(), also after a failure. */
static df_status search_new(const trace* m, int steps, search* s, tally* t) {
  *s = (search){.m = m, .system = m->system, .n = 2 * m->nv, .nu = m->system->nu};
  const size_t n = (size_t)s->n, nu = (size_t)s->nu;
  if (steps > 0) {
    DF_TRY(df_mujoco_copy_with_steps(m->system, m->h[m->episode[0]] / steps, steps, &s->own));
    s->system = s->own;
  }
  const df_system* system = s->system;
  s->memory =
      df_alloc(3 * nu + 3 * n + (size_t)system->nx + (size_t)system->ndx + nu * n + nu * nu + 7 * n, sizeof *s->memory);
  if (!s->memory) return DF_E_NOMEM;
  s->u = s->memory;
  s->tried = s->u + nu;
  s->step = s->tried + nu;
  s->scale = s->step + nu;
  s->error = s->scale + n;
  s->other = s->error + n;
  s->jacobian = s->other + n;
  s->normal = s->jacobian + nu * n;
  s->state = s->normal + nu * nu;
  s->tangent = s->state + system->nx;
  *t = (tally){.all = s->tangent + system->ndx, .squares = s->tangent + system->ndx + m->nv};
  measure_scale(s);
  return df_sim_new(system, 0, &s->sim);
}

df_status states_are_reachable(const trace* m, reach_verdict* out) {
  search s;
  tally t;
  *out = REACHES_NOT;
  if (m->n == 0 || m->system->nu == 0) return DF_OK;
  const df_status status = search_new(m, division_of_frame(m), &s, &t);
  if (status == DF_OK && reach_all(&s, &t))
    *out = REACHES;
  else if (status == DF_OK && settle(&s, (settling*)(t.squares + m->nv)))
    *out = REACHES_PERHAPS;
  search_clear(&s);
  return status;
}

/* adds all pairs that are looked at to `sums` [nv] */
static void settle_freely(search* s, settling* sums) {
  const trace* m = s->m;
  range r = {0};
  while (next_range(m, &r)) {
    for (size_t k = r.from + r.stride / 2; k < r.to; k += r.stride) add_settling(s, k, sums);
  }
}

/* *shown: how long frames of n actions seem to be by the velocities that the model's own motion has at their ends, s;
 * 0: nothing moves */
static void show(search* s, int n, settling* sums, double* shown) {
  const trace* m = s->m;
  memset(sums, 0, (size_t)m->nv * sizeof *sums);
  s->actions = n;
  settle_freely(s, sums);
  *shown = settling_factor(m, sums) * m->h[m->episode[0]];
}

/* the duration, between two numbers of actions, with which the model's own motion shows the duration `wanted` */
static double find_duration(search* s, double wanted, settling* sums) {
  static const double SHORTEST = 0.25, LONGEST = 2;
  const double dt = s->m->system->dt;
  int low = (int)fmax(1, floor(SHORTEST * wanted / dt)), high = (int)ceil(LONGEST * wanted / dt);
  double below, above;
  show(s, low, sums, &below);
  show(s, high, sums, &above);
  if (!(below > 0 && above > below && wanted > below && wanted < above)) return wanted;
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    double shown;
    show(s, middle, sums, &shown);
    if (shown > wanted) {
      high = middle;
      above = shown;
    } else {
      low = middle;
      below = shown;
    }
  }
  return above > below ? dt * (low + (high - low) * (wanted - below) / (above - below)) : wanted;
}

df_status servo_duration(const trace* m, double shown, double* duration) {
  search s;
  tally t;
  *duration = shown;
  if (m->n == 0 || m->system->nu == 0) return DF_OK;
  const df_status status = search_new(m, 0, &s, &t);
  for (int i = m->nv; i < s.n && status == DF_OK; i++) s.scale[i] *= LESS_OF_VELOCITIES;
  if (status == DF_OK) *duration = find_duration(&s, shown, (settling*)(t.squares + m->nv));
  search_clear(&s);
  return status;
}

df_status limits_are_reachable(const trace* m, bool* out) {
  search s;
  tally t;
  *out = false;
  if (m->n == 0 || m->system->nu == 0 || !is_bounded(m->system)) return DF_OK;
  const df_status status = search_new(m, division_of_frame(m), &s, &t);
  if (status == DF_OK && reach_all(&s, &t)) {
    memset(t.all, 0, 4 * (size_t)m->nv * sizeof *t.all);
    *out = press_all(&s, t.all);
  }
  search_clear(&s);
  return status;
}
