#include "explained.h"

#include <math.h>

#include "dynaflow/core/alloc.h"

/* of the RMS change of a group over an action; smaller errors, in m, rad and per second, are rounding */
static const double SHARE = 0.01, ROUNDING = 1e-9;
/* of the actions that are simulated, of all and of one episode */
static const double NEARLY_ALL = 0.9, MOST = 0.5;
/* the fewest that are simulated, of all and of one episode, and the most episodes */
enum { ACTIONS = 200, PER_EPISODE = 4, EPISODES_MAX = 1000 };

enum { PARTS = 2 * GROUPS }; /* positions of each group, then velocities */

typedef struct follower {
  const trace* m;
  df_sim* sim;
  double* next;         /* [nx] what is simulated */
  double* e;            /* [ndx] */
  double square[PARTS]; /* of the changes over an action, their mean */
} follower;

/* the squares of a tangent, by part */
static void squares_of(const trace* m, const double* e, double out[PARTS]) {
  for (int p = 0; p < PARTS; p++) out[p] = 0;
  for (int i = 0; i < m->nv; i++) {
    out[m->group[i]] += e[i] * e[i];
    out[GROUPS + m->group[i]] += e[m->nv + i] * e[m->nv + i];
  }
}

static void measure_changes(follower* f) {
  const trace* m = f->m;
  const size_t stride = m->n / ACTIONS + 1;
  double one[PARTS], n = 0;
  for (size_t k = 0; k < m->n; k += stride) {
    const double* x = df_dataset_state(m->data, m->episode[k], m->frame[k]);
    if (m->jump[k] || m->spoiled[k]) continue;
    n++;
    m->system->ops->difference(m->system, x, x + m->data->nx, f->e);
    squares_of(m, f->e, one);
    for (int p = 0; p < PARTS; p++) f->square[p] += one[p];
  }
  for (int p = 0; p < PARTS && n > 0; p++) f->square[p] /= n;
}

/* whether the action at a pair leads from its first state to the second one */
static bool leads(const follower* f, size_t k) {
  const trace* m = f->m;
  const double *x = df_dataset_state(m->data, m->episode[k], m->frame[k]), *next = x + m->data->nx;
  const double* u = df_dataset_action(m->data, m->episode[k], m->frame[k]);
  double error[PARTS];
  bool all = true;
  m->system->ops->reset(f->sim, x);
  if (m->system->ops->step(f->sim, u, f->next) != DF_TRAJ_COMPLETE) return false;
  m->system->ops->difference(m->system, next, f->next, f->e);
  squares_of(m, f->e, error);
  for (int p = 0; p < PARTS; p++) all &= sqrt(error[p]) <= fmax(ROUNDING, SHARE * sqrt(f->square[p]));
  return all;
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
  if (episodes > EPISODES_MAX) return false;
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

df_status states_are_explained(const trace* m, bool* explained) {
  static const double CLOSE = 1e-6;
  *explained = false;
  if (!m->data->actions || m->n == 0) return DF_OK;
  for (int e = 0; e < m->data->episodes; e++) {
    if (fabs(m->h[e] - m->system->dt) > CLOSE * m->system->dt) return DF_OK;
  }
  follower f = {.m = m};
  double* memory = df_alloc((size_t)m->data->nx + (size_t)m->system->ndx, sizeof *memory);
  const df_status status = memory ? df_sim_new(m->system, 0, &f.sim) : DF_E_NOMEM;
  if (status == DF_OK) {
    f.next = memory;
    f.e = memory + m->data->nx;
    measure_changes(&f);
    *explained = follow(&f);
  }
  df_sim_free(m->system, f.sim);
  df_free(memory);
  return status;
}
