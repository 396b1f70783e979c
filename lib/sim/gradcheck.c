#include "dynaflow/sim/gradcheck.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/sim/rollout.h"
#include "mujoco_internal.h"

enum { DIRECTIONS = 4, STEP_SIZES = 2 };
static const double EPS[STEP_SIZES] = {1e-6, 2e-7};
static const double KINK = 1e-5;       /* two differences further apart than this straddle a kink */
static const double TOLERANCE = 1e-15; /* of the solver, so that its residual is no part of a difference */
static const double INSIDE = 1e-5;     /* actions keep this distance from the bounds */

/* ---- the system under test ---- */

/* MuJoCo systems are copied with a tight solver tolerance; others are taken as they are */
typedef struct oracle {
  const df_system* system;
  df_system* own;
} oracle;

static df_status oracle_open(const df_system* system, oracle* out) {
  *out = (oracle){.system = system};
  if (!df_system_is_mujoco(system)) return DF_OK;
  DF_TRY(df_mujoco_copy_with_tolerance(system, TOLERANCE, &out->own));
  out->system = out->own;
  return DF_OK;
}

static void oracle_close(oracle* o) {
  df_system_free(o->own);
}

static void nudge_inside(const df_system* s, int n, double* u) {
  for (int i = 0; i < n; i++) {
    const int k = i % s->nu;
    const double lo = s->u_lo[k], hi = s->u_hi[k];
    if (fabs(u[i] - lo) < INSIDE) u[i] = lo + INSIDE;
    if (fabs(u[i] - hi) < INSIDE) u[i] = hi - INSIDE;
  }
}

/* ---- comparing a gradient with two differences of it ---- */

static double distance(const double* a, const double* b, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sqrt(sum);
}

static double norm(const double* a, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += a[i] * a[i];
  return sqrt(sum);
}

static void compare(int n, const double* adjoint, double* const difference[STEP_SIZES], df_gradcheck_point* out) {
  const double tiny = 1e-300;
  const double e0 = distance(adjoint, difference[0], n) / (norm(difference[0], n) + tiny);
  const double e1 = distance(adjoint, difference[1], n) / (norm(difference[1], n) + tiny);
  out->error = e0 < e1 ? e0 : e1;
  out->step_gap = distance(difference[0], difference[1], n) / (norm(difference[1], n) + tiny);
  out->kink = !(out->step_gap <= KINK);
}

static void mark_diverged(df_gradcheck_point* out) {
  out->error = out->step_gap = NAN;
  out->kink = true;
}

/* ---- one thread's memory ---- */

typedef struct bench {
  df_sim* sim;
  double* memory;
  double *x, *next[2], *e, *u, *cotangent, *adjoint, *difference[STEP_SIZES], *path, *du, *dx, *direction;
} bench;

static void bench_free(const df_system* s, bench* b) {
  df_sim_free(s, b->sim);
  df_free(b->memory);
}

static df_status bench_build(const df_system* s, int H, bench* b) {
  const size_t nx = (size_t)s->nx, ndx = (size_t)s->ndx, nu = (size_t)s->nu, steps = (size_t)H;
  struct {
    double** array;
    size_t n;
  } plan[] = {{&b->x, nx},
              {&b->next[0], nx},
              {&b->next[1], nx},
              {&b->e, ndx},
              {&b->u, steps * nu},
              {&b->cotangent, ndx},
              {&b->adjoint, ndx + nu + DIRECTIONS},
              {&b->difference[0], ndx + nu + DIRECTIONS},
              {&b->difference[1], ndx + nu + DIRECTIONS},
              {&b->path, (steps + 1) * nx},
              {&b->du, steps * nu},
              {&b->dx, (steps + 1) * ndx},
              {&b->direction, steps * nu}};
  size_t total = 0;
  for (size_t i = 0; i < sizeof plan / sizeof *plan; i++) total += plan[i].n;
  b->memory = df_alloc(total, sizeof *b->memory);
  if (!b->memory) return DF_E_NOMEM;
  double* next = b->memory;
  for (size_t i = 0; i < sizeof plan / sizeof *plan; i++) {
    *plan[i].array = next;
    next += plan[i].n;
  }
  return df_sim_new(s, H, &b->sim);
}

/* one bench a thread */
static df_status benches_new(const df_system* s, int H, int threads, bench** out) {
  bench* all = df_alloc((size_t)threads, sizeof *all);
  if (!all) return DF_E_NOMEM;
  for (int i = 0; i < threads; i++) {
    const df_status status = bench_build(s, H, &all[i]);
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

/* y . (f(+eps) - f(-eps)) / 2 eps over all directions */
static df_traj_end step_difference(const df_system* s, bench* b, const double* x, double eps, double* out) {
  for (int k = 0; k < s->ndx + s->nu; k++) {
    for (int side = 0; side < 2; side++) {
      const df_traj_end end = shifted_step(s, b, x, k, side == 0 ? -eps : eps, b->next[side]);
      if (end != DF_TRAJ_COMPLETE) return end;
    }
    s->ops->difference(s, b->next[0], b->next[1], b->e);
    double sum = 0;
    for (int i = 0; i < s->ndx; i++) sum += b->cotangent[i] * b->e[i];
    out[k] = sum / (2 * eps);
  }
  return DF_TRAJ_COMPLETE;
}

static void check_step(const df_system* s, bench* b, const double* x, const double* u, uint64_t seed, int index,
                       df_gradcheck_point* out) {
  *out = (df_gradcheck_point){0};
  memcpy(b->u, u, (size_t)s->nu * sizeof *u);
  nudge_inside(s, s->nu, b->u);
  df_rng_normal(seed, DF_STREAM_TEST, (uint64_t)index, (size_t)s->ndx, b->cotangent);

  s->ops->reset(b->sim, x);
  df_traj_end end = s->ops->step(b->sim, b->u, b->next[0]);
  if (end == DF_TRAJ_COMPLETE) end = s->ops->step_vjp(b->sim, 0, b->cotangent, b->adjoint, b->adjoint + s->ndx);
  if (end == DF_TRAJ_COMPLETE && df_system_is_mujoco(s)) out->approximate = df_mujoco_step_approximate(b->sim, 0);
  for (int i = 0; i < STEP_SIZES && end == DF_TRAJ_COMPLETE; i++)
    end = step_difference(s, b, x, EPS[i], b->difference[i]);
  if (end != DF_TRAJ_COMPLETE) {
    mark_diverged(out);
    return;
  }
  compare(s->ndx + s->nu, b->adjoint, b->difference, out);
}

df_status df_gradcheck_steps(const df_system* system, int n, const double* x, const double* u, uint64_t seed,
                             int threads, df_gradcheck_point* points) {
  DF_REQUIRE(system && x && u && points, "df_gradcheck_steps: an argument is NULL");
  DF_REQUIRE(n >= 1 && threads >= 1, "df_gradcheck_steps: %d states on %d threads", n, threads);
  oracle o;
  DF_TRY(oracle_open(system, &o));
  bench* benches = NULL;
  const df_status status = benches_new(o.system, 1, threads, &benches);
  if (status == DF_OK) {
    const size_t nx = (size_t)system->nx, nu = (size_t)system->nu;
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int i = 0; i < n; i++)
      check_step(o.system, &benches[omp_get_thread_num()], x + (size_t)i * nx, u + (size_t)i * nu, seed, i, &points[i]);
    benches_free(o.system, threads, benches);
  }
  oracle_close(&o);
  return status;
}

/* ---- rollouts ---- */

typedef struct rollout_case {
  int H;
  const double *x0, *u, *target, *weight;
} rollout_case;

/* mean of w_i (x_t (-) x*_t)_i^2; with dx also its cotangents */
static double tracking_loss(const df_system* s, bench* b, const rollout_case* c, double* dx) {
  const size_t nx = (size_t)s->nx, ndx = (size_t)s->ndx;
  const double scale = 1.0 / ((double)(c->H + 1) * (double)ndx);
  double sum = 0;
  for (size_t t = 0; t <= (size_t)c->H; t++) {
    const double *target = c->target + t * nx, *x = b->path + t * nx;
    s->ops->difference(s, target, x, b->e);
    for (size_t i = 0; i < ndx; i++) {
      sum += scale * c->weight[i] * b->e[i] * b->e[i];
      b->e[i] *= 2 * scale * c->weight[i];
    }
    if (dx) df_system_difference_vjp(s, target, x, b->e, dx + t * ndx);
  }
  return sum;
}

/* the loss at actions u + shift * direction */
static df_traj_end shifted_loss(const df_system* s, bench* b, const rollout_case* c, double shift, double* loss) {
  const size_t n = (size_t)c->H * (size_t)s->nu;
  for (size_t i = 0; i < n; i++) b->u[i] = c->u[i];
  nudge_inside(s, (int)n, b->u);
  for (size_t i = 0; i < n; i++) b->u[i] += shift * b->direction[i];
  const df_traj_end end = df_trajectory_run(s, b->sim, c->H, c->x0, b->u, b->path);
  if (end == DF_TRAJ_COMPLETE) *loss = tracking_loss(s, b, c, NULL);
  return end;
}

static df_traj_end directional_differences(const df_system* s, bench* b, const rollout_case* c, int direction) {
  for (int i = 0; i < STEP_SIZES; i++) {
    double loss[2] = {0, 0};
    for (int side = 0; side < 2; side++) {
      const df_traj_end end = shifted_loss(s, b, c, side == 0 ? -EPS[i] : EPS[i], &loss[side]);
      if (end != DF_TRAJ_COMPLETE) return end;
    }
    b->difference[i][direction] = (loss[1] - loss[0]) / (2 * EPS[i]);
  }
  return DF_TRAJ_COMPLETE;
}

static void check_rollout(const df_system* s, bench* b, const rollout_case* c, uint64_t seed, int index,
                          df_gradcheck_point* out) {
  const size_t n = (size_t)c->H * (size_t)s->nu;
  double loss;
  *out = (df_gradcheck_point){0};
  df_traj_end end = shifted_loss(s, b, c, 0, &loss);
  if (end == DF_TRAJ_COMPLETE) {
    (void)tracking_loss(s, b, c, b->dx);
    end = df_trajectory_vjp(s, b->sim, c->H, b->dx, 1.0, b->du, NULL);
    for (int t = 0; t < c->H && df_system_is_mujoco(s); t++) out->approximate |= df_mujoco_step_approximate(b->sim, t);
  }
  for (int k = 0; k < DIRECTIONS && end == DF_TRAJ_COMPLETE; k++) {
    df_rng_normal(seed, DF_STREAM_TEST, (uint64_t)index * DIRECTIONS + (uint64_t)k, n, b->direction);
    b->adjoint[k] = 0;
    for (size_t i = 0; i < n; i++) b->adjoint[k] += b->du[i] * b->direction[i];
    end = directional_differences(s, b, c, k);
  }
  if (end != DF_TRAJ_COMPLETE) {
    mark_diverged(out);
    return;
  }
  compare(DIRECTIONS, b->adjoint, b->difference, out);
}

df_status df_gradcheck_rollouts(const df_system* system, int n, int H, const double* x0, const double* u,
                                const double* x_target, const double* weight, uint64_t seed, int threads,
                                df_gradcheck_point* points) {
  DF_REQUIRE(system && x0 && u && x_target && weight && points, "df_gradcheck_rollouts: an argument is NULL");
  DF_REQUIRE(n >= 1 && H >= 1 && threads >= 1, "df_gradcheck_rollouts: %d rollouts of %d actions on %d threads", n, H,
             threads);
  oracle o;
  DF_TRY(oracle_open(system, &o));
  bench* benches = NULL;
  const df_status status = benches_new(o.system, H, threads, &benches);
  if (status == DF_OK) {
    const size_t nx = (size_t)system->nx, row = (size_t)H * (size_t)system->nu;
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int i = 0; i < n; i++) {
      const size_t k = (size_t)i;
      const rollout_case c = {
          .H = H, .x0 = x0 + k * nx, .u = u + k * row, .target = x_target + k * (size_t)(H + 1) * nx, .weight = weight};
      check_rollout(o.system, &benches[omp_get_thread_num()], &c, seed, i, &points[i]);
    }
    benches_free(o.system, threads, benches);
  }
  oracle_close(&o);
  return status;
}
