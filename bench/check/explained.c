#include "explained.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"

/* of the RMS change of a group over an action; smaller errors, in m, rad and per second, are rounding */
static const double SHARE = 0.01, ROUNDING = 1e-9;
/* of the largest RMS change among the groups: what rests while others move is only as exact as the tolerance of the
 * constraint solver, which another solver, or one with islands, uses up otherwise */
static const double TOLERANCE = 1e-5;
/* of the actions that are simulated, of all and of one episode */
static const double NEARLY_ALL = 0.9, MOST = 0.5;
/* the fewest that are simulated, of all and of one episode */
enum { ACTIONS = 200, PER_EPISODE = 4 };

enum { PARTS = 2 * GROUPS }; /* positions of each group, then velocities */

typedef struct follower {
  const trace* m;
  df_sim* sim;
  double* next;         /* [nx] what is simulated */
  double* e;            /* [ndx] */
  double square[PARTS]; /* of the changes over an action, their mean */
  double floor[PARTS];  /* errors up to this are rounding or the solver's tolerance */
} follower;

/* the squares of a tangent, by part */
static void squares_of(const trace* m, const double* e, double out[PARTS]) {
  for (int p = 0; p < PARTS; p++) out[p] = 0;
  for (int i = 0; i < m->nv; i++) {
    out[m->group[i]] += e[i] * e[i];
    out[GROUPS + m->group[i]] += e[m->nv + i] * e[m->nv + i];
  }
}

/* adds the squares of the change after a frame */
static void add_change(follower* f, int episode, int frame) {
  const trace* m = f->m;
  const double* x = df_dataset_state(m->data, episode, frame);
  double one[PARTS];
  m->system->ops->difference(m->system, x, x + m->data->nx, f->e);
  squares_of(m, f->e, one);
  for (int p = 0; p < PARTS; p++) f->square[p] += one[p];
}

static void measure_changes(follower* f) {
  const trace* m = f->m;
  const size_t stride = m->n / ACTIONS + 1;
  double n = 0;
  for (size_t k = 0; k < m->n; k += stride) {
    if (m->jump[k] || m->spoiled[k]) continue;
    n++;
    add_change(f, m->episode[k], m->frame[k]);
  }
  for (int p = 0; p < PARTS && n > 0; p++) f->square[p] /= n;
}

/* of positions and of velocities, by the changes of the whole recording */
static void find_floor(follower* f) {
  for (int kind = 0; kind < PARTS; kind += GROUPS) {
    double most = 0;
    for (int g = 0; g < GROUPS; g++) most = fmax(most, sqrt(f->square[kind + g]));
    for (int g = 0; g < GROUPS; g++) f->floor[kind + g] = fmax(ROUNDING, TOLERANCE * most);
  }
}

/* whether the action at a frame leads from its state to the next one */
static bool leads_from(const follower* f, int episode, int frame) {
  const trace* m = f->m;
  const double *x = df_dataset_state(m->data, episode, frame), *next = x + m->data->nx;
  const double* u = df_dataset_action(m->data, episode, frame);
  double error[PARTS];
  bool all = true;
  m->system->ops->reset(f->sim, x);
  if (m->system->ops->step(f->sim, u, f->next) != DF_TRAJ_COMPLETE) return false;
  m->system->ops->difference(m->system, next, f->next, f->e);
  squares_of(m, f->e, error);
  for (int p = 0; p < PARTS; p++) all &= sqrt(error[p]) <= fmax(f->floor[p], SHARE * sqrt(f->square[p]));
  return all;
}

static bool leads(const follower* f, size_t k) {
  return leads_from(f, f->m->episode[k], f->m->frame[k]);
}

/* the number of pairs from k on that are of the same episode */
static size_t pairs_of_episode(const trace* m, size_t k) {
  size_t end = k;
  while (end < m->n && m->episode[end] == m->episode[k]) end++;
  return end - k;
}

/* adds the pairs of an episode that are simulated, and those of them that lead to the next state */
static void follow_episode(const follower* f, size_t from, size_t pairs, size_t wanted, size_t* n, size_t* right) {
  const size_t stride = pairs > wanted ? pairs / wanted : 1;
  for (size_t k = from; k < from + pairs; k += stride) {
    ++*n;
    *right += leads(f, k);
  }
}

/* whether all pairs beside jumps and spikes lead to the next state */
static bool follow_odd(const follower* f) {
  const trace* m = f->m;
  for (size_t k = 0; k < m->n; k++) {
    if ((m->jump[k] || m->spoiled[k]) && !leads(f, k)) return false;
  }
  return true;
}

static bool follow(const follower* f) {
  const trace* m = f->m;
  const int episodes = m->data->episodes;
  const size_t share = ACTIONS / (size_t)episodes, wanted = share > PER_EPISODE ? share : PER_EPISODE;
  size_t all = 0, all_right = 0, pairs = 0;
  for (size_t k = 0; k < m->n; k += pairs) {
    size_t n = 0, right = 0;
    pairs = pairs_of_episode(m, k);
    follow_episode(f, k, pairs, wanted, &n, &right);
    if (!((double)right > MOST * (double)n)) return false;
    all += n;
    all_right += right;
  }
  return (double)all_right >= NEARLY_ALL * (double)all && follow_odd(f);
}

/* whether the frames of the episode are as long as actions */
static bool is_in_step(const trace* m, int episode) {
  static const double CLOSE = 1e-6;
  return fabs(m->h[episode] - m->system->dt) <= CLOSE * m->system->dt;
}

static df_status follower_new(const trace* m, follower* f) {
  *f = (follower){.m = m};
  f->next = df_alloc((size_t)m->data->nx + (size_t)m->system->ndx, sizeof *f->next);
  if (!f->next) return DF_E_NOMEM;
  f->e = f->next + m->data->nx;
  measure_changes(f);
  find_floor(f);
  return df_sim_new(m->system, 0, &f->sim);
}

static void follower_free(follower* f) {
  df_sim_free(f->m->system, f->sim);
  df_free(f->next);
}

df_status states_are_explained(const trace* m, bool* explained) {
  *explained = false;
  if (!m->data->actions || m->n == 0) return DF_OK;
  for (int e = 0; e < m->data->episodes; e++) {
    if (!is_in_step(m, e)) return DF_OK;
  }
  follower f;
  const df_status status = follower_new(m, &f);
  if (status == DF_OK) *explained = follow(&f);
  follower_free(&f);
  return status;
}

/* ---- each episode by itself ---- */

/* the most stretches of an episode and their actions; and the stretches with which those of many episodes begin: of as
 * many as make this number in all */
enum { STRETCHES = 10, STRETCH = 10, STRETCHES_OF_ALL = 2000, STRETCHES_LEAST = 2 };
/* the share of the stretches of an episode that follows its actions, and of one that does not */
static const double HARDLY_ANY = 0.1;

typedef struct stretches {
  int n, explained, actions, lead;
} stretches;

/* adds a stretch: it is explained if nearly all of its actions lead to the next state */
static void follow_stretch(follower* f, int episode, int first, int length, stretches* s) {
  int lead = 0;
  memset(f->square, 0, sizeof f->square);
  for (int t = first; t < first + length; t++) add_change(f, episode, t);
  for (int p = 0; p < PARTS; p++) f->square[p] /= length;
  for (int t = first; t < first + length; t++) lead += leads_from(f, episode, t);
  s->n++;
  s->explained += lead >= NEARLY_ALL * length;
  s->actions += length;
  s->lead += lead;
}

/* stretches from the first to the last frame of an episode; of a shorter one, the whole of it */
static stretches follow_stretches(follower* f, int episode, int wanted) {
  const int length = f->m->data->lengths[episode], each = length < STRETCH ? length : STRETCH;
  const int fit = length / each, n = fit < wanted ? fit : wanted;
  stretches s = {0};
  for (int i = 0; i < n; i++)
    follow_stretch(f, episode, n > 1 ? (int)((long)i * (length - each) / (n - 1)) : 0, each, &s);
  return s;
}

/* begins with the first stretches; a few that are not explained may be those of contacts */
static episode_actions judge_episode(follower* f, int episode, int first) {
  stretches s = follow_stretches(f, episode, first);
  if (s.explained >= NEARLY_ALL * s.n) return ACTIONS_EXPLAIN;
  if (first < STRETCHES) s = follow_stretches(f, episode, STRETCHES);
  if (s.explained >= NEARLY_ALL * s.n) return ACTIONS_EXPLAIN;
  const bool partly = s.n < STRETCHES_LEAST && s.lead > MOST * s.actions;
  return s.explained <= HARDLY_ANY * s.n && !partly ? ACTIONS_EXPLAIN_NOTHING : ACTIONS_UNCLEAR;
}

df_status episodes_are_explained(const trace* m, episode_actions* out) {
  const int episodes = m->data->episodes, share = STRETCHES_OF_ALL / episodes;
  const int first = share > STRETCHES ? STRETCHES : share > STRETCHES_LEAST ? share : STRETCHES_LEAST;
  for (int e = 0; e < episodes; e++) out[e] = ACTIONS_UNCLEAR;
  if (!m->data->actions) return DF_OK;
  follower f;
  const df_status status = follower_new(m, &f);
  for (int e = 0; e < episodes && status == DF_OK; e++) {
    if (is_in_step(m, e)) out[e] = judge_episode(&f, e, first);
  }
  follower_free(&f);
  return status;
}
