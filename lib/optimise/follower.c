#include "dynaflow/optimise/follower.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/metrics/best_action.h"

/* A search ends when an iteration lowers the squared error by less than this share. On plans for the Go1, whose error
 * no action removes, 1e-10 takes 1.3 to 1.6 times the steps and lowers the error by less than one in a thousand. */
static const double LEAST_GAIN = 1e-3;
/* a step whose error is below this is not searched from another start */
static const double GOOD_ENOUGH = 1e-9;

typedef struct worker {
  df_best_action* search;
  df_sim* walker;         /* makes the states of the closed loop */
  double *target, *u_try; /* [nx], [nu] */
} worker;

struct df_follower {
  const df_system* system;
  int threads;
  double* scale;  /* [ndx], or NULL */
  worker* worker; /* [threads] */
};

static bool is_finite(size_t n, const double* x) {
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(x[i])) return false;
  }
  return true;
}

static df_status build(df_follower* f, const df_follower_cfg* cfg) {
  const size_t nx = (size_t)f->system->nx, ndx = (size_t)f->system->ndx, nu = (size_t)f->system->nu;
  if (cfg->scale) {
    f->scale = df_alloc(ndx, sizeof *f->scale);
    if (!f->scale) return DF_E_NOMEM;
    memcpy(f->scale, cfg->scale, ndx * sizeof *f->scale);
  }
  f->worker = df_alloc((size_t)f->threads, sizeof *f->worker);
  if (!f->worker) return DF_E_NOMEM;
  for (int i = 0; i < f->threads; i++) {
    worker* w = &f->worker[i];
    const df_best_action_cfg search = {.scale = f->scale, .least_gain = LEAST_GAIN};
    DF_TRY(df_best_action_new(f->system, &search, &w->search));
    DF_TRY(df_sim_new(f->system, 0, &w->walker));
    w->target = df_alloc(nx + nu, sizeof *w->target);
    if (!w->target) return DF_E_NOMEM;
    w->u_try = w->target + nx;
  }
  return DF_OK;
}

df_status df_follower_new(const df_system* system, const df_follower_cfg* cfg, df_follower** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE_POINTER(cfg);
  DF_REQUIRE(cfg->threads >= 1, "df_follower_new: threads is %d, must be at least 1", cfg->threads);
  for (int i = 0; cfg->scale && i < system->ndx; i++) {
    DF_REQUIRE(cfg->scale[i] > 0, "df_follower_new: scale[%d] = %g is not positive", i, cfg->scale[i]);
  }
  df_follower* f = df_alloc(1, sizeof *f);
  if (!f) return DF_E_NOMEM;
  f->system = system;
  f->threads = cfg->threads;
  const df_status status = build(f, cfg);
  if (status != DF_OK) {
    df_follower_free(f);
    return status;
  }
  *out = f;
  return DF_OK;
}

void df_follower_free(df_follower* f) {
  if (!f) return;
  for (int i = 0; f->worker && i < f->threads; i++) {
    df_best_action_free(f->worker[i].search);
    df_sim_free(f->system, f->worker[i].walker);
    df_free(f->worker[i].target);
  }
  df_free(f->worker);
  df_free(f->scale);
  df_free(f);
}

/* Writes the best action of the step from x towards w->target to u; `start`, which may be u, is an action to search
 * from, that before it, NULL for none. */
static void choose(const df_follower* f, worker* w, const double* x, const double* start, double* u) {
  const size_t nx = (size_t)f->system->nx, nu = (size_t)f->system->nu;
  if (start) memmove(u, start, nu * sizeof *u);
  if (!is_finite(nx, x) || !is_finite(nx, w->target)) {
    if (!start) df_system_box_centre(f->system, u);
    df_box_project(f->system, u);
    return;
  }

  /* from the start, then from the rest action */
  double error = INFINITY;
  if (start) error = df_best_action_search(w->search, x, w->target, u);
  if (error <= GOOD_ENOUGH) return;
  df_system_rest_action(f->system, w->target, w->u_try);
  const double found = df_best_action_search(w->search, x, w->target, w->u_try);
  if (found < error || !start) memcpy(u, w->u_try, nu * sizeof *u);
}

/* the closed loop; each search starts from u [t] (`given`), or from the action before */
static df_traj_end track(df_follower* f, int thread, int H, const double* plan, bool given, double* u, double* x) {
  const size_t nx = (size_t)f->system->nx, nu = (size_t)f->system->nu;
  worker* w = &f->worker[thread];
  df_traj_end end = DF_TRAJ_COMPLETE;
  memmove(x, plan, nx * sizeof *x);
  f->system->ops->reset(w->walker, x);
  for (int t = 0; t < H; t++, x += nx, u += nu) {
    plan += nx;
    memcpy(w->target, plan, nx * sizeof *plan); /* which the next state may overwrite */
    choose(f, w, x, given ? u : t > 0 ? u - nu : NULL, u);
    if (end == DF_TRAJ_COMPLETE) end = f->system->ops->step(w->walker, u, x + nx);
    for (size_t i = 0; end != DF_TRAJ_COMPLETE && i < nx; i++) x[nx + i] = NAN;
  }
  return end;
}

df_traj_end df_follower_track(df_follower* f, int thread, int H, const double* plan, double* u, double* x) {
  return track(f, thread, H, plan, false, u, x);
}

df_traj_end df_follower_track_from(df_follower* f, int thread, int H, const double* plan, double* u, double* x) {
  return track(f, thread, H, plan, true, u, x);
}

void df_follower_inverse(df_follower* f, int thread, int H, const double* plan, double* u) {
  const size_t nx = (size_t)f->system->nx, nu = (size_t)f->system->nu;
  worker* w = &f->worker[thread];
  for (int t = 0; t < H; t++, plan += nx, u += nu) {
    memcpy(w->target, plan + nx, nx * sizeof *plan);
    choose(f, w, plan, t > 0 ? u - nu : NULL, u);
  }
}

df_status df_follower_run(df_follower* f, const df_follow_batch* batch) {
  DF_REQUIRE_POINTER(f);
  DF_REQUIRE_POINTER(batch);
  DF_REQUIRE(batch->plan && batch->u, "df_follower_run: batch.%s is NULL", batch->plan ? "u" : "plan");
  DF_REQUIRE(batch->B >= 1 && batch->H >= 1, "df_follower_run: batch.B = %d and batch.H = %d must be at least 1",
             batch->B, batch->H);
  const size_t states = (size_t)(batch->H + 1) * (size_t)f->system->nx;
  const size_t actions = (size_t)batch->H * (size_t)f->system->nu;
#pragma omp parallel for num_threads(f->threads) schedule(dynamic)
  for (int b = 0; b < batch->B; b++) {
    const int me = omp_get_thread_num();
    const double* plan = batch->plan + (size_t)b * states;
    double* u = batch->u + (size_t)b * actions;
    if (batch->x) {
      (void)df_follower_track(f, me, batch->H, plan, u, batch->x + (size_t)b * states);
    } else {
      df_follower_inverse(f, me, batch->H, plan, u);
    }
  }
  return DF_OK;
}

df_effort df_follower_effort(const df_follower* f) {
  df_effort sum = {0};
  for (int i = 0; f->system->ops->add_effort && i < f->threads; i++) {
    df_best_action_add_effort(f->worker[i].search, &sum);
    f->system->ops->add_effort(f->worker[i].walker, &sum);
  }
  return sum;
}
