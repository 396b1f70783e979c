/* the check of single steps */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "gradcheck_internal.h"

static const double DOUBT = 1e-7; /* two differences that are nearer than this need no third */

/* ---- one thread's memory ---- */

typedef struct bench {
  df_sim* sim;
  df_active_probe probe; /* of MuJoCo systems */
  df_active_set here, side[2];
  double* memory;
  double *x, *now, *next[2], *e, *u, *cotangent, *adjoint, *difference[STEP_SIZES], *bend[STEP_SIZES], *A, *B,
      *transition;
} bench;

static void bench_free(const df_system* s, bench* b) {
  df_sim_free(s, b->sim);
  df_active_probe_free(&b->probe);
  df_active_set_free(&b->here);
  for (int i = 0; i < 2; i++) df_active_set_free(&b->side[i]);
  df_free(b->memory);
}

static df_status bench_build(const df_system* s, bench* b) {
  const size_t nx = (size_t)s->nx, ndx = (size_t)s->ndx, nu = (size_t)s->nu;
  const size_t all = ndx + nu;
  struct {
    double** array;
    size_t n;
  } plan[] = {{&b->x, nx},           {&b->now, nx},      {&b->next[0], nx},    {&b->next[1], nx},
              {&b->e, ndx},          {&b->u, nu},        {&b->cotangent, ndx}, {&b->adjoint, all},
              {&b->transition, all}, {&b->A, ndx * ndx}, {&b->B, ndx * nu}};
  size_t total = 2 * STEP_SIZES * all;
  for (size_t i = 0; i < sizeof plan / sizeof *plan; i++) total += plan[i].n;
  b->memory = df_alloc(total, sizeof *b->memory);
  if (!b->memory) return DF_E_NOMEM;
  double* next = b->memory;
  for (int i = 0; i < STEP_SIZES; i++, next += 2 * all) {
    b->difference[i] = next;
    b->bend[i] = next + all;
  }
  for (size_t i = 0; i < sizeof plan / sizeof *plan; i++) {
    *plan[i].array = next;
    next += plan[i].n;
  }
  if (df_system_is_mujoco(s)) DF_TRY(df_active_probe_init(&b->probe, s));
  return df_sim_new(s, 1, &b->sim);
}

/* one bench a thread */
static df_status benches_new(const df_system* s, int threads, bench** out) {
  bench* all = df_alloc((size_t)threads, sizeof *all);
  if (!all) return DF_E_NOMEM;
  for (int i = 0; i < threads; i++) {
    const df_status status = bench_build(s, &all[i]);
    if (status == DF_OK) continue;
    for (int k = 0; k <= i; k++) bench_free(s, &all[k]);
    df_free(all);
    return status;
  }
  *out = all;
  return DF_OK;
}

static void benches_free(const df_system* s, int threads, bench* all) {
  for (int i = 0; i < threads; i++) bench_free(s, &all[i]);
  df_free(all);
}

/* ---- one step ---- */

/* the state after one action from x (+) shift e_direction (a state direction) or with u shifted (an action direction)
 */
static df_traj_end shifted_step(const df_system* s, bench* b, const double* x, int direction, double shift,
                                double* next) {
  const int ndx = s->ndx;
  memset(b->e, 0, (size_t)ndx * sizeof *b->e);
  if (direction < ndx) b->e[direction] = shift;
  s->ops->integrate(s, x, b->e, b->x);
  s->ops->reset(b->sim, b->x);
  if (direction < ndx) return s->ops->step(b->sim, b->u, next);
  const double kept = b->u[direction - ndx];
  b->u[direction - ndx] = kept + shift;
  const df_traj_end end = s->ops->step(b->sim, b->u, next);
  b->u[direction - ndx] = kept;
  return end;
}

/* y . (b (-) a) */
static double project(const df_system* s, bench* b, const double* xa, const double* xb) {
  s->ops->difference(s, xa, xb, b->e);
  double sum = 0;
  for (int i = 0; i < s->ndx; i++) sum += b->cotangent[i] * b->e[i];
  return sum;
}

/* y . (f(+eps) - f(-eps)) / 2 eps over all directions, and how far the slopes on both sides differ, from the step
 * `now` at x itself; `bend` may be NULL */
static df_traj_end step_difference(const df_system* s, bench* b, const double* x, double eps, double* out,
                                   double* bend) {
  for (int k = 0; k < s->ndx + s->nu; k++) {
    for (int side = 0; side < 2; side++) {
      const df_traj_end end = shifted_step(s, b, x, k, side == 0 ? -eps : eps, b->next[side]);
      if (end != DF_TRAJ_COMPLETE) return end;
    }
    out[k] = project(s, b, b->next[0], b->next[1]) / (2 * eps);
    if (bend) bend[k] = (project(s, b, b->now, b->next[1]) - project(s, b, b->next[0], b->now)) / eps;
  }
  return DF_TRAJ_COMPLETE;
}

/* ---- kinks ---- */

static df_traj_end take(const df_system* s, bench* b, const double* x, int i) {
  return step_difference(s, b, x, DF_EPS[i], b->difference[i], b->bend[i]);
}

/* of the two steps that are always taken */
static double first_gap(const df_system* s, const bench* b) {
  return df_relative(b->difference[FIRST], b->difference[FIRST + 1], s->ndx + s->nu);
}

/* Of the pairs of neighbouring steps the one that agrees best, whatever the adjoint says; *pair is its larger step. */
static df_traj_end best_pair(const df_system* s, bench* b, const double* x, int* pair) {
  const int n = s->ndx + s->nu;
  df_traj_end end = take(s, b, x, FIRST);
  if (end == DF_TRAJ_COMPLETE) end = take(s, b, x, FIRST + 1);
  if (end != DF_TRAJ_COMPLETE) return end;
  *pair = FIRST;
  double gap = first_gap(s, b);
  static const int more[] = {FIRST - 1, FIRST + 2, FIRST - 2};
  for (int i = 0; i < 3 && !(gap <= DOUBT); i++) {
    if (take(s, b, x, more[i]) != DF_TRAJ_COMPLETE) continue;
    const int larger = more[i] < FIRST ? more[i] : more[i] - 1;
    const double other = df_relative(b->difference[larger], b->difference[larger + 1], n);
    if (other >= gap) continue;
    gap = other;
    *pair = larger;
  }
  return DF_TRAJ_COMPLETE;
}

/* Right on a kink both differences are the same mean of two slopes. Where there is none, slopes to both sides come
 * together in proportion to eps. */
static bool has_two_slopes(const df_system* s, const bench* b, int pair) {
  const int n = s->ndx + s->nu;
  const double scale = df_norm(b->difference[pair], n);
  const double wide = df_norm(b->bend[pair], n), narrow = df_norm(b->bend[pair + 1], n);
  return narrow > 1e-4 * scale && narrow > 0.5 * wide;
}

static df_status sides_differ(const df_system* s, bench* b, const double* x, int direction, double eps, df_kink* out) {
  const int ndx = s->ndx;
  df_traj_end end;
  for (int side = 0; side < 2; side++) {
    const double shift = side == 0 ? -eps : eps;
    memset(b->e, 0, (size_t)ndx * sizeof *b->e);
    if (direction < ndx) b->e[direction] = shift;
    s->ops->integrate(s, x, b->e, b->x);
    if (direction >= ndx) b->u[direction - ndx] += shift;
    const df_status status = df_active_probe_step(&b->probe, b->x, b->u, &b->side[side], &end);
    if (direction >= ndx) b->u[direction - ndx] -= shift;
    if (status != DF_OK) return status;
    const df_kink now = end == DF_TRAJ_COMPLETE ? df_active_difference(&b->here, &b->side[side]) : DF_KINK_DIVERGED;
    if (now != DF_KINK_NONE && (*out == DF_KINK_NONE || now < *out)) *out = now;
  }
  return DF_OK;
}

/* Directions are asked in the order in which differences disagree, so that the kink is named that spoils them. */
static df_status name_kink(const df_system* s, bench* b, const double* x, int pair, df_kink* cause) {
  const int n = s->ndx + s->nu;
  double* size = b->transition; /* free until it is compared */
  *cause = DF_KINK_UNNAMED;
  if (!df_system_is_mujoco(s)) return DF_OK;
  for (int k = 0; k < n; k++)
    size[k] = fabs(b->difference[pair][k] - b->difference[pair + 1][k]) + fabs(b->bend[pair + 1][k]);
  for (int tried = 0; tried < n; tried++) {
    int most = 0;
    for (int k = 1; k < n; k++) {
      if (size[k] > size[most]) most = k;
    }
    df_kink found = DF_KINK_NONE;
    DF_TRY(sides_differ(s, b, x, most, DF_EPS[pair], &found));
    if (found != DF_KINK_NONE) {
      *cause = found;
      return DF_OK;
    }
    size[most] = -1;
  }
  return DF_OK;
}

/* ---- MuJoCo's own derivative ---- */

static double transition_error(const df_system* s, bench* b, const double* x) {
  const int ndx = s->ndx, nu = s->nu;
  if (!df_system_is_mujoco(s) || as_mujoco(s)->substeps != 1) return NAN;
  if (!df_mujoco_transition(s, b->sim, x, b->u, DF_EPS[FIRST], true, b->A, b->B)) return NAN;
  memset(b->transition, 0, (size_t)(ndx + nu) * sizeof *b->transition);
  for (int i = 0; i < ndx; i++) {
    for (int k = 0; k < ndx; k++) b->transition[k] += b->cotangent[i] * b->A[i * ndx + k];
    for (int k = 0; k < nu; k++) b->transition[ndx + k] += b->cotangent[i] * b->B[i * nu + k];
  }
  return df_relative(b->adjoint, b->transition, ndx + nu);
}

/* ---- the check of a state ---- */

typedef struct state_case {
  const double *x, *u;
  int index; /* draws the cotangent */
} state_case;

/* the step at the state itself, and its adjoint, which ends as *adjoint says */
static df_traj_end take_adjoint(const df_system* s, bench* b, const state_case* c, uint64_t seed, double inside,
                                df_traj_end* adjoint) {
  memcpy(b->u, c->u, (size_t)s->nu * sizeof *b->u);
  df_nudge_inside(s, inside, s->nu, b->u);
  df_rng_normal(seed, DF_STREAM_TEST, (uint64_t)c->index, (size_t)s->ndx, b->cotangent);
  s->ops->reset(b->sim, c->x);
  const df_traj_end end = s->ops->step(b->sim, b->u, b->now);
  *adjoint = end;
  if (end == DF_TRAJ_COMPLETE) *adjoint = s->ops->step_vjp(b->sim, 0, b->cotangent, b->adjoint, b->adjoint + s->ndx);
  return end;
}

/* What is no number, or is called diverged, agrees with no difference that is none of both. */
static void judge_broken(const df_system* s, const bench* b, df_traj_end adjoint, int pair, df_gradcheck_point* out) {
  const double largest = 1e6; /* what a cotangent may grow to: system.h */
  const bool honest = adjoint == DF_TRAJ_DIVERGED && df_norm(b->difference[pair], s->ndx + s->nu) > largest;
  if (honest)
    df_mark_diverged(out);
  else
    out->error = INFINITY;
}

static df_status check_step(const df_system* s, bench* b, const state_case* c, const df_gradcheck_cfg* cfg,
                            df_gradcheck_point* out) {
  const bool mujoco = df_system_is_mujoco(s);
  df_traj_end adjoint;
  int pair;
  *out = (df_gradcheck_point){.transition_error = NAN};
  df_traj_end end = take_adjoint(s, b, c, cfg->seed, INSIDE, &adjoint);
  if (end == DF_TRAJ_COMPLETE && mujoco) {
    out->approximate = df_mujoco_step_approximate(b->sim, 0);
    out->differenced = df_mujoco_step_differenced(b->sim, 0);
    DF_TRY(df_active_probe_step(&b->probe, c->x, b->u, &b->here, &end));
    out->active = b->here.counts;
  }
  if (end == DF_TRAJ_COMPLETE) end = best_pair(s, b, c->x, &pair);
  if (end != DF_TRAJ_COMPLETE) {
    df_mark_diverged(out);
    return DF_OK;
  }
  df_compare(s->ndx + s->nu, b->adjoint, b->difference, pair, out);
  out->kink |= has_two_slopes(s, b, pair);
  const bool near = first_gap(s, b) > KINK;
  if (out->kink || near) DF_TRY(name_kink(s, b, c->x, near ? FIRST : pair, &out->cause));
  if (out->kink) return DF_OK;
  if (adjoint != DF_TRAJ_COMPLETE) {
    judge_broken(s, b, adjoint, pair, out);
  } else if (cfg->transition) {
    out->transition_error = transition_error(s, b, c->x);
  }
  return DF_OK;
}

/* ---- all states, over threads ---- */

/* what is done with one state; `out` is what its index gives */
typedef df_status (*state_fn)(const df_system* s, bench* b, const state_case* c, const df_gradcheck_cfg* cfg,
                              void* context);

static df_status over_states(const df_system* system, const df_gradcheck_cfg* cfg, int n, const double* x,
                             const double* u, state_fn each, void* context) {
  df_oracle o;
  DF_TRY(df_oracle_open(system, &o));
  bench* benches = NULL;
  df_status status = benches_new(o.system, cfg->threads, &benches);
  if (status == DF_OK) {
    const size_t nx = (size_t)system->nx, nu = (size_t)system->nu;
#pragma omp parallel for schedule(dynamic) num_threads(cfg->threads)
    for (int i = 0; i < n; i++) {
      const state_case c = {.x = x + (size_t)i * nx, .u = u + (size_t)i * nu, .index = i};
      if (each(o.system, &benches[omp_get_thread_num()], &c, cfg, context) == DF_OK) continue;
        /* only memory can lack: which state met it first says nothing */
#pragma omp atomic write
      status = DF_E_NOMEM;
    }
    benches_free(o.system, cfg->threads, benches);
  }
  df_oracle_close(&o);
  return status;
}

static df_status check_one(const df_system* s, bench* b, const state_case* c, const df_gradcheck_cfg* cfg,
                           void* context) {
  return check_step(s, b, c, cfg, (df_gradcheck_point*)context + c->index);
}

df_status df_gradcheck_run(const df_system* system, const df_gradcheck_cfg* cfg, int n, const double* x,
                           const double* u, df_gradcheck_point* points) {
  DF_REQUIRE(system && cfg && x && u && points, "df_gradcheck_run: an argument is NULL");
  DF_REQUIRE(n >= 1 && cfg->threads >= 1, "df_gradcheck_run: %d states on %d threads", n, cfg->threads);
  return over_states(system, cfg, n, x, u, check_one, points);
}

df_status df_gradcheck_steps(const df_system* system, int n, const double* x, const double* u, uint64_t seed,
                             int threads, df_gradcheck_point* points) {
  const df_gradcheck_cfg cfg = {.seed = seed, .threads = threads};
  return df_gradcheck_run(system, &cfg, n, x, u, points);
}

/* ---- one state against many difference steps ---- */

typedef struct sweep_job {
  int m;
  const double* eps;
  double largest, *errors;
} sweep_job;

static df_status sweep_one(const df_system* s, bench* b, const state_case* c, const df_gradcheck_cfg* cfg,
                           void* context) {
  const sweep_job* job = context;
  double* errors = job->errors + (size_t)c->index * (size_t)job->m;
  df_traj_end adjoint;
  (void)take_adjoint(s, b, c, cfg->seed, 2 * job->largest, &adjoint);
  for (int i = 0; i < job->m; i++) {
    errors[i] = NAN;
    if (adjoint != DF_TRAJ_COMPLETE) continue;
    if (step_difference(s, b, c->x, job->eps[i], b->difference[0], NULL) != DF_TRAJ_COMPLETE) continue;
    errors[i] = df_relative(b->adjoint, b->difference[0], s->ndx + s->nu);
  }
  return DF_OK;
}

df_status df_gradcheck_sweep(const df_system* system, const df_gradcheck_cfg* cfg, int n, const double* x,
                             const double* u, int m, const double* eps, double* errors) {
  DF_REQUIRE(system && cfg && x && u && eps && errors, "df_gradcheck_sweep: an argument is NULL");
  DF_REQUIRE(n >= 1 && m >= 1 && cfg->threads >= 1, "df_gradcheck_sweep: %d states, %d steps, %d threads", n, m,
             cfg->threads);
  sweep_job job = {.m = m, .eps = eps, .errors = errors};
  for (int i = 0; i < m; i++) {
    DF_REQUIRE(eps[i] > 0 && isfinite(eps[i]), "df_gradcheck_sweep: a difference step of %g", eps[i]);
    job.largest = fmax(job.largest, eps[i]);
  }
  return over_states(system, cfg, n, x, u, sweep_one, &job);
}
