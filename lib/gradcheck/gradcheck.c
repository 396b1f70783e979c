/* gradient check of single steps */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/limits.h"
#include "dynaflow/core/rng.h"
#include "gradcheck_internal.h"

/* two finite differences with a smaller relative distance are accepted without trying other difference steps */
static const double DOUBT = 1e-7;

/* ---- memory of a thread ---- */

typedef struct bench {
  df_sim* sim;
  df_active_probe probe;       /* MuJoCo systems only */
  df_active_set here, side[2]; /* at the state, and after a perturbation to either side */
  double* memory;
  double *start, *x, *now, *next[2], *e, *u, *cotangent, *adjoint, *difference[STEP_SIZES], *bend[STEP_SIZES], *A, *B,
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
  /* arrays and their lengths */
  const size_t all = ndx + nu;
  struct {
    double** array;
    size_t n;
  } plan[] = {{&b->start, nx},    {&b->x, nx},           {&b->now, nx},      {&b->next[0], nx},
              {&b->next[1], nx},  {&b->e, ndx},          {&b->u, nu},        {&b->cotangent, ndx},
              {&b->adjoint, all}, {&b->transition, all}, {&b->A, ndx * ndx}, {&b->B, ndx * nu}};

  /* one allocation for all of them */
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

  /* simulators */
  if (df_steps_by_mujoco(s)) DF_TRY(df_active_probe_init(&b->probe, s));
  return df_sim_new(s, 1, &b->sim);
}

/* one bench per thread; on failure nothing is left allocated and *out is unchanged */
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

/* next [nx] = the state after one action, with x or u moved by `shift` along `direction`: 0..ndx-1 are the tangent
 * directions of the state, ndx..ndx+nu-1 the coordinates of the action */
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

/* cotangent . (xb (-) xa) */
static double project(const df_system* s, bench* b, const double* xa, const double* xb) {
  s->ops->difference(s, xa, xb, b->e);
  double sum = 0;
  for (int i = 0; i < s->ndx; i++) sum += b->cotangent[i] * b->e[i];
  return sum;
}

/* out [ndx + nu] = y . (f(+eps) - f(-eps)) / (2 eps) along every direction, for the cotangent y; bend [ndx + nu],
 * unless NULL, = the difference of the one-sided slopes, which needs the unperturbed next state in b->now */
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

/* evaluates the finite differences of step number i */
static df_traj_end take(const df_system* s, bench* b, const double* x, int i) {
  return step_difference(s, b, x, DF_EPS[i], b->difference[i], b->bend[i]);
}

/* relative distance of the finite differences at the two steps that are always evaluated */
static double first_gap(const df_system* s, const bench* b) {
  return df_relative(b->difference[FIRST], b->difference[FIRST + 1], s->ndx + s->nu);
}

/* Finds the pair of neighbouring difference steps whose finite differences agree best with each other, without regard
 * to the adjoint; *pair is the index of its larger step. */
static df_traj_end best_pair(const df_system* s, bench* b, const double* x, int* pair) {
  const int n = s->ndx + s->nu;
  /* 1e-6 and 2e-7 */
  df_traj_end end = take(s, b, x, FIRST);
  if (end == DF_TRAJ_COMPLETE) end = take(s, b, x, FIRST + 1);
  if (end != DF_TRAJ_COMPLETE) return end;
  *pair = FIRST;
  double gap = first_gap(s, b);

  /* in doubt, one more step at a time, each paired with its evaluated neighbour */
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

/* Exactly on a kink the centred differences agree, since both are the mean of the same two slopes. At a smooth state
 * the difference of the one-sided slopes is proportional to eps; on a kink it does not shrink with eps. */
static bool has_two_slopes(const df_system* s, const bench* b, int pair) {
  const int n = s->ndx + s->nu;
  const double scale = df_norm(b->difference[pair], n);
  const double wide = df_norm(b->bend[pair], n), narrow = df_norm(b->bend[pair + 1], n);
  return narrow > 1e-4 * scale && narrow > 0.5 * wide;
}

/* lowers *out to the first kind of difference between the active sets at x and at either side along `direction` */
static df_status sides_differ(const df_system* s, bench* b, const double* x, int direction, double eps, df_kink* out) {
  const int ndx = s->ndx;
  df_traj_end end;
  for (int side = 0; side < 2; side++) {
    /* the active set of the perturbed step */
    const double shift = side == 0 ? -eps : eps;
    memset(b->e, 0, (size_t)ndx * sizeof *b->e);
    if (direction < ndx) b->e[direction] = shift;
    s->ops->integrate(s, x, b->e, b->x);
    if (direction >= ndx) b->u[direction - ndx] += shift;
    const df_status status = df_active_probe_step(&b->probe, b->x, b->u, &b->side[side], &end);
    if (direction >= ndx) b->u[direction - ndx] -= shift;
    if (status != DF_OK) return status;

    /* against that of the unperturbed step */
    const df_kink now = end == DF_TRAJ_COMPLETE ? df_active_difference(&b->here, &b->side[side]) : DF_KINK_DIVERGED;
    if (now != DF_KINK_NONE && (*out == DF_KINK_NONE || now < *out)) *out = now;
  }
  return DF_OK;
}

/* Directions are tried in descending order of the disagreement of their finite differences, so that the kink that
 * causes it is the one named. */
static df_status name_kink(const df_system* s, bench* b, const double* x, int pair, df_kink* cause) {
  const int n = s->ndx + s->nu;
  double* size = b->transition; /* as scratch memory; its own use comes later */
  *cause = DF_KINK_UNNAMED;
  if (!df_steps_by_mujoco(s)) return DF_OK;

  /* disagreement per direction: of the two steps, and of the two sides */
  for (int k = 0; k < n; k++)
    size[k] = fabs(b->difference[pair][k] - b->difference[pair + 1][k]) + fabs(b->bend[pair + 1][k]);

  /* the first direction whose sides differ in their active sets names the kink */
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

/* distance of the adjoint from the cotangent times mjd_transitionFD's [A, B]; NaN if MuJoCo has none */
static double transition_error(const df_system* s, bench* b, const double* x) {
  const int ndx = s->ndx, nu = s->nu;
  if (!df_steps_by_mujoco(s) || as_mujoco(s)->substeps != 1) return NAN;
  const df_transition mujoco = {.eps = DF_EPS[FIRST], .centred = true, .A = b->A, .B = b->B};
  if (!df_mujoco_transition(s, b->sim, x, b->u, &mujoco)) return NAN;
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
  int index; /* number of the state, selects its random cotangent */
} state_case;

/* Sets b->start and b->u to the state and action, away from the bounds of activations and controls. Steps from there to
 * b->now, and computes the adjoint if that succeeds. Returns how the step ended; *adjoint is how the adjoint ended, or
 * the step if it failed. */
static df_traj_end take_adjoint(const df_system* s, bench* b, const state_case* c, uint64_t seed, double inside,
                                df_traj_end* adjoint) {
  /* state and action, random cotangent */
  memcpy(b->start, c->x, (size_t)s->nx * sizeof *b->start);
  memcpy(b->u, c->u, (size_t)s->nu * sizeof *b->u);
  df_nudge_activations(s, inside, b->start);
  df_nudge_inside(s, inside, s->nu, b->u);
  df_rng_normal(seed, DF_STREAM_TEST, (uint64_t)c->index, (size_t)s->ndx, b->cotangent);

  /* step and adjoint */
  s->ops->reset(b->sim, b->start);
  const df_traj_end end = s->ops->step(b->sim, b->u, b->now);
  *adjoint = end;
  if (end == DF_TRAJ_COMPLETE) *adjoint = s->ops->step_vjp(b->sim, 0, b->cotangent, b->adjoint, b->adjoint + s->ndx);
  return end;
}

/* A NaN or diverged adjoint never agrees with a finite difference that is neither: its error is infinite. An adjoint
 * reported as diverged is right only if the finite difference exceeds the largest cotangent too. */
static void judge_broken(const df_system* s, const bench* b, df_traj_end adjoint, int pair, df_gradcheck_point* out) {
  const bool honest = adjoint == DF_TRAJ_DIVERGED && df_norm(b->difference[pair], s->ndx + s->nu) > DF_LARGEST;
  if (honest)
    df_mark_ended(adjoint, out);
  else
    out->error = INFINITY;
}

static df_status check_step(const df_system* s, bench* b, const state_case* c, const df_gradcheck_cfg* cfg,
                            df_gradcheck_point* out) {
  const bool mujoco = df_steps_by_mujoco(s);
  df_traj_end adjoint;
  int pair = 0;
  *out = (df_gradcheck_point){.transition_error = NAN};

  /* step and adjoint, and what is active */
  df_traj_end end = take_adjoint(s, b, c, cfg->seed, INSIDE, &adjoint);
  if (end == DF_TRAJ_COMPLETE && mujoco) {
    out->approximate = df_mujoco_step_approximate(b->sim, 0);
    out->differenced = df_mujoco_step_differenced(b->sim, 0);
    DF_TRY(df_active_probe_step(&b->probe, b->start, b->u, &b->here, &end));
    out->active = b->here.counts;
  }

  /* finite differences */
  if (end == DF_TRAJ_COMPLETE) end = best_pair(s, b, b->start, &pair);
  if (end != DF_TRAJ_COMPLETE) {
    df_mark_ended(end, out);
    return DF_OK;
  }

  /* error, and the cause of a kink at the state or within the first difference step */
  df_compare(s->ndx + s->nu, b->adjoint, b->difference, pair, out);
  out->kink |= has_two_slopes(s, b, pair);
  const bool near = first_gap(s, b) > KINK;
  if (out->kink || near) DF_TRY(name_kink(s, b, b->start, near ? FIRST : pair, &out->cause));
  if (out->kink) return DF_OK;

  /* smooth states: broken adjoints, and MuJoCo's own derivative */
  if (adjoint != DF_TRAJ_COMPLETE) {
    judge_broken(s, b, adjoint, pair, out);
  } else if (cfg->transition) {
    out->transition_error = transition_error(s, b, b->start);
  }
  return DF_OK;
}

/* ---- all states, over threads ---- */

/* work on one state; writes its results to the place of c->index in `context`. DF_OK or DF_E_NOMEM */
typedef df_status (*state_fn)(const df_system* s, bench* b, const state_case* c, const df_gradcheck_cfg* cfg,
                              void* context);

static df_status over_states(const df_system* system, const df_gradcheck_cfg* cfg, const df_gradcheck_states* states,
                             state_fn each, void* context) {
  df_oracle o;
  DF_TRY(df_oracle_open(system, &o));
  bench* benches = NULL;
  df_status status = benches_new(o.system, cfg->threads, &benches);
  if (status == DF_OK) {
    const size_t nx = (size_t)system->nx, nu = (size_t)system->nu;
#pragma omp parallel for schedule(dynamic) num_threads(cfg->threads)
    for (int i = 0; i < states->n; i++) {
      const state_case c = {.x = states->x + (size_t)i * nx, .u = states->u + (size_t)i * nu, .index = i};
      if (each(o.system, &benches[omp_get_thread_num()], &c, cfg, context) == DF_OK) continue;
        /* the only possible error is DF_E_NOMEM, so the order in which threads fail does not matter */
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

/* checks what all functions on states need; `caller` is the name of the function in messages */
static df_status check_states(const char* caller, const df_system* system, const df_gradcheck_cfg* cfg,
                              const df_gradcheck_states* states) {
  DF_REQUIRE(system && cfg && states, "%s: %s is NULL", caller, !system ? "system" : !cfg ? "cfg" : "states");
  DF_REQUIRE(states->x && states->u, "%s: states.%s is NULL", caller, states->x ? "u" : "x");
  DF_REQUIRE(states->n >= 1 && cfg->threads >= 1, "%s: %d states and %d threads, at least 1 of each is needed", caller,
             states->n, cfg->threads);
  return DF_OK;
}

df_status df_gradcheck_run(const df_system* system, const df_gradcheck_cfg* cfg, const df_gradcheck_states* states,
                           df_gradcheck_point* points) {
  DF_TRY(check_states("df_gradcheck_run", system, cfg, states));
  DF_REQUIRE_POINTER(points);
  return over_states(system, cfg, states, check_one, points);
}

/* ---- error against the difference step ---- */

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
    if (step_difference(s, b, b->start, job->eps[i], b->difference[0], NULL) != DF_TRAJ_COMPLETE) continue;
    errors[i] = df_relative(b->adjoint, b->difference[0], s->ndx + s->nu);
  }
  return DF_OK;
}

df_status df_gradcheck_sweep(const df_system* system, const df_gradcheck_cfg* cfg, const df_gradcheck_states* states,
                             int m, const double* eps, double* errors) {
  DF_TRY(check_states("df_gradcheck_sweep", system, cfg, states));
  DF_REQUIRE_POINTER(eps);
  DF_REQUIRE_POINTER(errors);
  DF_REQUIRE(m >= 1, "df_gradcheck_sweep: %d difference steps, at least 1 is needed", m);
  sweep_job job = {.m = m, .eps = eps, .errors = errors};
  for (int i = 0; i < m; i++) {
    DF_REQUIRE(eps[i] > 0 && isfinite(eps[i]), "df_gradcheck_sweep: eps[%d] = %g is not a finite number > 0", i,
               eps[i]);
    job.largest = fmax(job.largest, eps[i]);
  }
  return over_states(system, cfg, states, sweep_one, &job);
}
