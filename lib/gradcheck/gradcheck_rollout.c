/* gradient check of a loss over a rollout */
#include <math.h>
#include <omp.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/sim/rollout.h"
#include "gradcheck_internal.h"

enum { DIRECTIONS = 4 }; /* random directions in action space per rollout */

/* ---- memory of a thread ---- */

typedef struct bench {
  df_sim* sim;
  double* memory;
  double *e, *u, *path, *du, *dx, *direction; /* [ndx], [H][nu], [H+1][nx], [H][nu], [H+1][ndx], [H][nu] */
  double adjoint[DIRECTIONS], slope[STEP_SIZES][DIRECTIONS];
} bench;

static df_status bench_build(const df_system* s, int H, bench* b) {
  const size_t nx = (size_t)s->nx, ndx = (size_t)s->ndx, n = (size_t)H * (size_t)s->nu, states = (size_t)H + 1;
  b->memory = df_alloc(ndx + 3 * n + states * (nx + ndx), sizeof *b->memory);
  if (!b->memory) return DF_E_NOMEM;
  b->e = b->memory;
  b->u = b->e + ndx;
  b->du = b->u + n;
  b->direction = b->du + n;
  b->path = b->direction + n;
  b->dx = b->path + states * nx;
  return df_sim_new(s, H, &b->sim);
}

static void benches_free(const df_system* s, int threads, bench* all) {
  for (int i = 0; all && i < threads; i++) {
    df_sim_free(s, all[i].sim);
    df_free(all[i].memory);
  }
  df_free(all);
}

/* one bench per thread; on failure nothing is left allocated and *out is NULL */
static df_status benches_new(const df_system* s, int H, int threads, bench** out) {
  *out = NULL;
  bench* all = df_alloc((size_t)threads, sizeof *all);
  if (!all) return DF_E_NOMEM;
  for (int i = 0; i < threads; i++) {
    const df_status status = bench_build(s, H, &all[i]);
    if (status == DF_OK) continue;
    benches_free(s, threads, all);
    return status;
  }
  *out = all;
  return DF_OK;
}

/* ---- rollouts ---- */

typedef struct rollout_case {
  int H;
  const double *x0, *u, *target, *weight;
} rollout_case;

/* mean over t, i of w_i (x_t (-) x*_t)_i^2 along b->path; writes its cotangents to dx [H+1][ndx] unless dx is NULL */
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

/* *loss = the loss at actions u + shift * direction, u moved inside the action box first; b->path is the rollout */
static df_traj_end shifted_loss(const df_system* s, bench* b, const rollout_case* c, double shift, double* loss) {
  const size_t n = (size_t)c->H * (size_t)s->nu;
  for (size_t i = 0; i < n; i++) b->u[i] = c->u[i];
  df_nudge_inside(s, INSIDE, (int)n, b->u);
  for (size_t i = 0; i < n; i++) b->u[i] += shift * b->direction[i];
  const df_traj_end end = df_trajectory_run(s, b->sim, c->H, c->x0, b->u, b->path);
  if (end == DF_TRAJ_COMPLETE) *loss = tracking_loss(s, b, c, NULL);
  return end;
}

/* centred differences of the loss along b->direction at the two first difference steps */
static df_traj_end directional_differences(const df_system* s, bench* b, const rollout_case* c, int direction) {
  for (int i = FIRST; i <= FIRST + 1; i++) {
    double loss[2] = {0, 0};
    for (int side = 0; side < 2; side++) {
      const df_traj_end end = shifted_loss(s, b, c, side == 0 ? -DF_EPS[i] : DF_EPS[i], &loss[side]);
      if (end != DF_TRAJ_COMPLETE) return end;
    }
    b->slope[i][direction] = (loss[1] - loss[0]) / (2 * DF_EPS[i]);
  }
  return DF_TRAJ_COMPLETE;
}

static void check_rollout(const df_system* s, bench* b, const rollout_case* c, uint64_t seed, int index,
                          df_gradcheck_point* out) {
  const size_t n = (size_t)c->H * (size_t)s->nu;
  double loss;
  *out = (df_gradcheck_point){.transition_error = NAN};

  /* rollout and gradient */
  df_traj_end end = shifted_loss(s, b, c, 0, &loss);
  if (end == DF_TRAJ_COMPLETE) {
    (void)tracking_loss(s, b, c, b->dx);
    end = df_trajectory_vjp(s, b->sim, c->H, b->dx, 1.0, b->du, NULL);
    for (int t = 0; t < c->H && df_system_is_mujoco(s); t++) {
      out->approximate |= df_mujoco_step_approximate(b->sim, t);
      out->differenced |= df_mujoco_step_differenced(b->sim, t);
    }
  }

  /* along random directions: gradient and finite differences */
  for (int k = 0; k < DIRECTIONS && end == DF_TRAJ_COMPLETE; k++) {
    df_rng_normal(seed, DF_STREAM_TEST, (uint64_t)index * DIRECTIONS + (uint64_t)k, n, b->direction);
    b->adjoint[k] = 0;
    for (size_t i = 0; i < n; i++) b->adjoint[k] += b->du[i] * b->direction[i];
    end = directional_differences(s, b, c, k);
  }
  if (end != DF_TRAJ_COMPLETE) {
    df_mark_ended(end, out);
    return;
  }

  /* compared as vectors of directional derivatives */
  double* slopes[STEP_SIZES];
  for (int i = 0; i < STEP_SIZES; i++) slopes[i] = b->slope[i];
  df_compare(DIRECTIONS, b->adjoint, slopes, FIRST, out);
  if (out->kink) out->cause = DF_KINK_UNNAMED;
}

df_status df_gradcheck_rollouts(const df_system* system, const df_gradcheck_cfg* cfg, const df_gradcheck_batch* batch,
                                df_gradcheck_point* points) {
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE_POINTER(cfg);
  DF_REQUIRE_POINTER(batch);
  DF_REQUIRE_POINTER(points);
  DF_REQUIRE(batch->x0 && batch->u && batch->x_target && batch->weight, "df_gradcheck_rollouts: batch.%s is NULL",
             !batch->x0         ? "x0"
             : !batch->u        ? "u"
             : !batch->x_target ? "x_target"
                                : "weight");
  const int H = batch->H, threads = cfg->threads;
  DF_REQUIRE(batch->n >= 1 && H >= 1 && threads >= 1,
             "df_gradcheck_rollouts: %d rollouts, %d actions and %d threads, at least 1 of each is needed", batch->n, H,
             threads);
  df_oracle o;
  DF_TRY(df_oracle_open(system, &o));
  bench* benches = NULL;
  const df_status status = benches_new(o.system, H, threads, &benches);
  if (status == DF_OK) {
    const size_t nx = (size_t)system->nx, row = (size_t)H * (size_t)system->nu;
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int i = 0; i < batch->n; i++) {
      const size_t k = (size_t)i;
      const rollout_case c = {.H = H,
                              .x0 = batch->x0 + k * nx,
                              .u = batch->u + k * row,
                              .target = batch->x_target + k * (size_t)(H + 1) * nx,
                              .weight = batch->weight};
      check_rollout(o.system, &benches[omp_get_thread_num()], &c, cfg->seed, i, &points[i]);
    }
    benches_free(o.system, threads, benches);
  }
  df_oracle_close(&o);
  return status;
}
