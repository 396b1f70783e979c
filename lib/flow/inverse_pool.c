/* inverse_pool.c: inverse dynamics learned from the simulator's own answers.
 *
 * The network is fitted to transitions (state of a demonstration, action of our choice, simulated next state). No
 * demonstrated action is read. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "inverse_internal.h"

/* Standard deviation of the noise on an action, in half ranges of the action map: in round 0, which has to reach every
 * demonstrated action, and afterwards, around the network's answers. Rules of thumb; the residual tells if they fail.
 */
static const double FIRST_NOISE = 0.4, LATER_NOISE = 0.05;

static const df_dtype real_type = sizeof(df_real) == 4 ? DF_F32 : DF_F64;

df_status inverse_pool_new(df_inverse* m) {
  inverse_pool* p = &m->pool;
  p->size = (size_t)m->env.task->config.recover_pool;
  const size_t in = 2 * p->size * 2 * (size_t)m->nz, action = 2 * p->size * (size_t)m->nu;
  p->in = df_alloc(in, sizeof *p->in);
  p->action = df_alloc(action, sizeof *p->action);
  if (!p->in || !p->action) return DF_E_NOMEM;
  const trainer_memory memory[] = {{"pool.in", real_type, in, p->in, false},
                                   {"pool.action", DF_F64, action, p->action, false},
                                   {"pool.filled", DF_I64, 2, p->filled, false}};
  memcpy(m->trainer->memory, memory, sizeof memory);
  m->trainer->n_memory = sizeof memory / sizeof *memory;
  return DF_OK;
}

void inverse_pool_free(df_inverse* m) {
  df_free(m->pool.in);
  df_free(m->pool.action);
}

/* the demonstrated transition that an event starts from: a training window and a frame in it, drawn uniformly */
static void draw_demonstration(const df_inverse* m, uint64_t event, const double** x, const double** next) {
  const df_task* task = m->env.task;
  const uint64_t k = df_rng_below(m->env.seed, DF_STREAM_RECOVER, event, 0, (uint64_t)task->windows->n_train);
  const uint64_t t = df_rng_below(m->env.seed, DF_STREAM_RECOVER, event, 1, (uint64_t)task->windows->horizon);
  const df_window w = task->windows->train[k];
  *x = df_dataset_state(task->data, w.episode, w.start + (int)t);
  *next = df_dataset_state(task->data, w.episode, w.start + (int)t + 1);
}

/* adds noise of `size` half ranges to u [nu] and clamps it to the action box */
static void perturb(const df_inverse* m, uint64_t event, double size, double* u) {
  const df_system* system = m->env.task->system;
  double noise[DF_NDX_MAX];
  df_rng_normal(m->env.seed, DF_STREAM_RECOVER_NOISE, event, (size_t)m->nu, noise);
  for (int i = 0; i < m->nu; i++) {
    u[i] = fmin(fmax(u[i] + size * m->u_unit[i] * noise[i], system->u_lo[i]), system->u_hi[i]);
  }
}

/* Simulates one action; writes row `row` of the pool. False if the simulation diverged or failed. */
static bool answer(df_inverse* m, inverse_worker* w, const double* x, size_t row, int i) {
  const df_system_ops* ops = m->env.task->system->ops;
  ops->reset(w->sim, x);
  const df_traj_end end = ops->step(w->sim, w->u, w->next);
  if (end == DF_TRAJ_FAILED) trainer_note_failure(m->trainer, i);
  if (end != DF_TRAJ_COMPLETE) return false;
  inverse_describe(m, x, w->next, m->pool.in + row * 2 * (size_t)m->nz);
  double* action = m->pool.action + row * (size_t)m->nu;
  for (int k = 0; k < m->nu; k++) action[k] = (w->u[k] - m->u_mean[k]) / m->u_unit[k];
  return true;
}

/* simulates one chunk of the transitions of a round; chunks do not depend on the number of threads */
static void fill_chunk(df_inverse* m, uint64_t round, int chunk, unsigned char* valid) {
  inverse_worker* w = &m->worker[omp_get_thread_num()];
  const int size = (int)m->pool.size, first = chunk * m->slice;
  const int count = size - first < m->slice ? size - first : m->slice;
  const double *x[TRAINER_SLICE_MAX], *next[TRAINER_SLICE_MAX];
  for (int row = 0; row < count; row++) {
    draw_demonstration(m, round * m->pool.size + (uint64_t)(first + row), &x[row], &next[row]);
    inverse_describe(m, x[row], next[row], w->in + (size_t)row * 2 * (size_t)m->nz);
  }
  if (round > 0) inverse_forward(m, w, count);
  for (int row = 0; row < count; row++) {
    const uint64_t event = round * m->pool.size + (uint64_t)(first + row);
    if (round == 0) {
      df_system_rest_action(m->env.task->system, next[row], w->u);
    } else {
      inverse_action(m, w, row, w->u);
    }
    perturb(m, event, round == 0 ? FIRST_NOISE : row % 2 ? LATER_NOISE : 0, w->u);
    const size_t at = (round % 2) * m->pool.size + (size_t)(first + row);
    valid[first + row] = answer(m, w, x[row], at, first + row);
  }
}

/* moves the valid rows of a half to its front, in their order */
static void compact(df_inverse* m, int half, const unsigned char* valid) {
  const size_t in = 2 * (size_t)m->nz, nu = (size_t)m->nu, begin = (size_t)half * m->pool.size;
  size_t n = 0;
  for (size_t i = 0; i < m->pool.size; i++) {
    if (!valid[i]) continue;
    memmove(m->pool.in + (begin + n) * in, m->pool.in + (begin + i) * in, in * sizeof *m->pool.in);
    memmove(m->pool.action + (begin + n) * nu, m->pool.action + (begin + i) * nu, nu * sizeof *m->pool.action);
    n++;
  }
  m->pool.filled[half] = (int64_t)n;
}

df_status inverse_pool_fill(void* context, long step, bool* changed) {
  df_inverse* m = context;
  const df_config* c = &m->env.task->config;
  for (int half = 0; half < 2; half++) {
    /* a saved state is not believed */
    if (m->pool.filled[half] >= 0 && (uint64_t)m->pool.filled[half] <= m->pool.size) continue;
    return df_fail(DF_E_FORMAT, "the saved pool of the recovery counts %lld transitions, at most %zu fit",
                   (long long)m->pool.filled[half], m->pool.size);
  }
  if (step % c->recover_steps != 0) return DF_OK;
  *changed = true;
  const uint64_t round = (uint64_t)(step / c->recover_steps);
  unsigned char* valid = df_alloc(m->pool.size, 1);
  if (!valid) return DF_E_NOMEM;

  const int chunks = ((int)m->pool.size + m->slice - 1) / m->slice;
  m->trainer->failed = -1;
#pragma omp parallel for schedule(dynamic, 1) num_threads(m->env.threads)
  for (int chunk = 0; chunk < chunks; chunk++) {
    if (!m->env.stop || !*m->env.stop) fill_chunk(m, round, chunk, valid);
  }
  if (m->env.stop && *m->env.stop) {
    df_free(valid);
    return df_fail(DF_E_INTERRUPTED, "recovering actions: interrupted in round %d", (int)round);
  }
  compact(m, (int)(round % 2), valid);
  df_free(valid);

  if (m->trainer->failed >= 0) {
    return df_fail(DF_E_SIM, "task %s: recovering actions: round %d, simulation %ld: %s", c->task_name, (int)round,
                   m->trainer->failed, m->trainer->failure);
  }
  if (m->pool.filled[round % 2] == 0) {
    return df_fail(DF_E_NONFINITE, "task %s: recovering actions: all %d simulated actions of round %d diverged",
                   c->task_name, c->recover_pool, (int)round);
  }
  return DF_OK;
}

void inverse_pool_draw(const df_inverse* m, inverse_worker* w, long step, int first, int count) {
  const inverse_pool* p = &m->pool;
  const int round = (int)(step / m->env.task->config.recover_steps), current = round % 2;
  const uint64_t older = round > 0 ? (uint64_t)p->filled[1 - current] : 0;
  const uint64_t all = older + (uint64_t)p->filled[current];
  for (int row = 0; row < count; row++) {
    const uint64_t event = (uint64_t)step * (uint64_t)m->trainer->cfg.batch + (uint64_t)(first + row);
    const uint64_t k = df_rng_below(m->env.seed, DF_STREAM_RECOVER_BATCH, event, 0, all);
    const size_t at = k < older ? (size_t)(1 - current) * p->size + k : (size_t)current * p->size + (k - older);
    memcpy(w->in + (size_t)row * 2 * (size_t)m->nz, p->in + at * 2 * (size_t)m->nz, 2 * (size_t)m->nz * sizeof *w->in);
    memcpy(w->action + (size_t)row * (size_t)m->nu, p->action + at * (size_t)m->nu, (size_t)m->nu * sizeof *w->action);
  }
}
