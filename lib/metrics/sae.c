#include <math.h>
#include <omp.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/metrics/best_action.h"
#include "dynaflow/metrics/metrics.h"
#include "finite.h"
#include "pool.h"

/* a step whose error is below this is not searched further: the search cannot gain more than this */
static const double GOOD_ENOUGH = 1e-9;

/* ---- sae_own: the given actions ---- */

/* Returns |x[1] (-) f(x[0], u)| for the two states at x, +inf if the step fails. The warm start of the previous step is
 * kept if *warm, as in the simulation of the window; *warm becomes whether this step leaves a valid one. */
static double walk_step(const df_system* system, df_sim* sim, const double* x, const double* u, double* next, double* e,
                        bool* warm) {
  if (*warm) {
    system->ops->set_state(sim, x);
  } else {
    system->ops->reset(sim, x);
  }
  *warm = system->ops->step(sim, u, next) == DF_TRAJ_COMPLETE;
  if (!*warm) return INFINITY;
  system->ops->difference(system, next, x + system->nx, e);
  return norm_or_inf((size_t)system->ndx, e);
}

/* the mean error of the actions of one window; work [nx + ndx] */
static double own_error(const df_system* system, df_sim* sim, int H, const double* x, const double* u, double* work,
                        double* worst) {
  const size_t nx = (size_t)system->nx, nu = (size_t)system->nu;
  *worst = INFINITY;
  if (!all_finite((size_t)(H + 1) * nx, x) || !all_finite((size_t)H * nu, u)) return INFINITY;

  double sum = 0, largest = 0;
  bool warm = false;
  for (int t = 0; t < H; t++) {
    const double error = walk_step(system, sim, x + (size_t)t * nx, u + (size_t)t * nu, work, work + nx, &warm);
    if (isinf(error)) return INFINITY;
    sum += error;
    largest = fmax(largest, error);
  }
  *worst = largest;
  return sum / H;
}

df_status df_metric_sae_own(const df_system* system, const df_trajectories* made, int threads, double* sae,
                            double* worst) {
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE_POINTER(made);
  DF_REQUIRE_POINTER(sae);
  DF_REQUIRE(made->x && made->u, "sae_own: made.%s is NULL", made->x ? "u" : "x");
  const int B = made->B, H = made->H;
  DF_REQUIRE(B >= 1 && H >= 1 && threads >= 1, "sae_own: B = %d, H = %d and threads = %d must be at least 1", B, H,
             threads);
  const size_t nx = (size_t)system->nx, nu = (size_t)system->nu, room = nx + (size_t)system->ndx;
  const int n = df_pool_size(threads, B);
  double* work = df_alloc((size_t)n * room, sizeof *work);
  if (!work) return DF_E_NOMEM;
  df_pool pool;
  const df_status status = df_pool_new(system, n, &pool);

  if (status == DF_OK) {
#pragma omp parallel for num_threads(n) schedule(dynamic)
    for (int b = 0; b < B; b++) {
      const int me = omp_get_thread_num();
      double largest;
      sae[b] = own_error(system, pool.sim[me], H, made->x + (size_t)b * (size_t)(H + 1) * nx,
                         made->u + (size_t)b * (size_t)H * nu, work + (size_t)me * room, &largest);
      if (worst) worst[b] = largest;
    }
    df_pool_free(&pool);
  }
  df_free(work);
  return status;
}

/* ---- sae_min: the best actions ---- */

/* the state of the search of one thread */
typedef struct searcher {
  const df_system* system;
  df_sim* walker; /* evaluates the guesses and keeps the warm start, as in sae_own */
  df_best_action* search;
  double *next, *e;                  /* [nx], [ndx] */
  double *best, *u_try;              /* [nu] */
  double* window;                    /* [H][nu + 1] actions and errors */
  const volatile sig_atomic_t* stop; /* df_trajectories */
} searcher;

static void searcher_free(searcher* s) {
  df_best_action_free(s->search);
  df_free(s->next);
}

static df_status searcher_init(searcher* s, const df_system* system, df_sim* walker, int H) {
  const size_t nx = (size_t)system->nx, ndx = (size_t)system->ndx, nu = (size_t)system->nu;
  *s = (searcher){.system = system, .walker = walker};
  DF_TRY(df_best_action_new(system, NULL, &s->search));
  s->next = df_alloc(nx + ndx + 2 * nu + (size_t)H * (nu + 1), sizeof *s->next);
  if (!s->next) {
    searcher_free(s);
    return DF_E_NOMEM;
  }
  s->e = s->next + nx;
  s->best = s->e + ndx;
  s->u_try = s->best + nu;
  s->window = s->u_try + nu;
  return DF_OK;
}

static bool is_stopped(const searcher* s) {
  return s->stop && *s->stop;
}

/* searches from s->u_try and stores the result in s->best if its error is below `error`; returns the smaller error */
static double search_from(searcher* s, const double* x, double error) {
  const double found = df_best_action_search(s->search, x, x + s->system->nx, s->u_try);
  if (found >= error) return error;
  memcpy(s->best, s->u_try, (size_t)s->system->nu * sizeof *s->best);
  return found;
}

/* Writes the best action of one step to s->best and returns its error. `previous`: s->best contains the action of the
 * previous step, which is the start of the search if there is no guess. */
static double best_step(searcher* s, const double* x, const double* guess, bool previous, bool* warm) {
  const df_system* system = s->system;
  const size_t nu = (size_t)system->nu;
  double error = INFINITY;
  const bool usable = guess && all_finite(nu, guess);

  /* evaluate the guess as sae_own does, so that sae_min <= sae_own for actions in the box */
  if (usable) {
    memcpy(s->best, guess, nu * sizeof *guess);
    df_box_project(system, s->best);
    error = walk_step(system, s->walker, x, s->best, s->next, s->e, warm);
  } else {
    *warm = false;
    if (!previous) df_system_rest_action(system, x, s->best);
  }

  /* search from the guess or the previous action, then from the rest action */
  if (usable || previous) memcpy(s->u_try, s->best, nu * sizeof *s->best);
  if ((usable || previous) && error > GOOD_ENOUGH) error = search_from(s, x, error);
  if (error > GOOD_ENOUGH) {
    df_system_rest_action(system, x, s->u_try);
    error = search_from(s, x, error);
  }
  return error;
}

/* ---- steps of a window that is feasible elsewhere ---- */

/* a window counts as feasible if one step in so many is exact; the further starts that each of the others gets */
enum { EXACT_SHARE = 2, RESTARTS = 48 };
/* by how much each one is scattered more than the one before it, of the half range of an action */
static const double SCATTER = 0.005;

/* the actions and errors of the steps of a window */
typedef struct window {
  int H;
  const double* x; /* [H+1][nx] */
  double* u;       /* [H][nu] */
  double* error;   /* [H] */
} window;

/* the closest step before (direction -1) or after a step whose action is exact; -1: none */
static int exact_beside(const window* w, int t, int direction) {
  for (t += direction; t >= 0 && t < w->H; t += direction) {
    if (w->error[t] <= GOOD_ENOUGH) return t;
  }
  return -1;
}

/* u_try = the start number k of a step: between the exact actions beside it, and scattered around that */
static void start_again(searcher* s, const window* w, int t, int k) {
  const int nu = s->system->nu, before = exact_beside(w, t, -1), after = exact_beside(w, t, 1);
  const double* a = w->u + (size_t)(before >= 0 ? before : after) * (size_t)nu;
  const double* b = w->u + (size_t)(after >= 0 ? after : before) * (size_t)nu;
  const double share = before >= 0 && after >= 0 ? (double)(t - before) / (after - before) : 0;
  double random;
  for (int j = 0; j < nu; j++) {
    const double half = 0.5 * (s->system->u_hi[j] - s->system->u_lo[j]);
    df_rng_normal(0, DF_STREAM_SEARCH, ((uint64_t)t * RESTARTS + (uint64_t)k) * 4096 + (uint64_t)j, 1, &random);
    s->u_try[j] = (1 - share) * a[j] + share * b[j] + SCATTER * k * (isfinite(half) ? half : 1) * random;
  }
  df_box_project(s->system, s->u_try);
}

/* Searches the steps that are not exact again, if at least half of the window is: of demonstrations, where a search may
 * end at a kink that contacts make. */
static void search_again(searcher* s, window* w) {
  const size_t nx = (size_t)s->system->nx, nu = (size_t)s->system->nu;
  int exact = 0;
  for (int t = 0; t < w->H; t++) exact += w->error[t] <= GOOD_ENOUGH;
  if (EXACT_SHARE * exact < w->H) return;
  for (int t = 0; t < w->H && !is_stopped(s); t++) {
    memcpy(s->best, w->u + (size_t)t * nu, nu * sizeof *s->best);
    for (int k = 0; k < RESTARTS && w->error[t] > GOOD_ENOUGH; k++) {
      start_again(s, w, t, k);
      w->error[t] = search_from(s, w->x + (size_t)t * nx, w->error[t]);
    }
    memcpy(w->u + (size_t)t * nu, s->best, nu * sizeof *s->best);
  }
}

/* the mean error of the best actions of one window; a window that is not finite gets +inf and a default action */
static double best_error(searcher* s, int H, const double* x, const double* guess, double* u_best) {
  const size_t nx = (size_t)s->system->nx, nu = (size_t)s->system->nu;
  const bool usable = all_finite((size_t)(H + 1) * nx, x);
  double sum = usable ? 0 : INFINITY;
  bool warm = false;
  window w = {.H = H, .x = x, .u = s->window, .error = s->window + (size_t)H * nu};
  for (int t = 0; t < H && !is_stopped(s); t++) {
    if (usable) {
      w.error[t] = best_step(s, x + (size_t)t * nx, guess ? guess + (size_t)t * nu : NULL, t > 0, &warm);
    } else {
      memset(s->best, 0, nu * sizeof *s->best);
      df_box_project(s->system, s->best);
    }
    memcpy(w.u + (size_t)t * nu, s->best, nu * sizeof *s->best);
  }
  if (is_stopped(s)) return INFINITY;
  if (usable && !guess) search_again(s, &w);
  for (int t = 0; t < H && usable; t++) sum += w.error[t];
  if (u_best) memcpy(u_best, w.u, (size_t)H * nu * sizeof *u_best);
  return sum / H;
}

static df_status searchers_new(const df_pool* pool, int H, searcher** out) {
  *out = NULL;
  searcher* all = df_alloc((size_t)pool->n, sizeof *all);
  if (!all) return DF_E_NOMEM;
  for (int i = 0; i < pool->n; i++) {
    const df_status status = searcher_init(&all[i], pool->system, pool->sim[i], H);
    if (status != DF_OK) {
      while (i > 0) searcher_free(&all[--i]);
      df_free(all);
      return status;
    }
  }
  *out = all;
  return DF_OK;
}

df_status df_metric_sae_min(const df_system* system, const df_trajectories* made, int threads, double* sae,
                            double* u_best) {
  return df_best_actions(system, made, threads, sae, u_best, NULL);
}

df_status df_best_actions(const df_system* system, const df_trajectories* made, int threads, double* sae,
                          double* u_best, df_effort* effort) {
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE_POINTER(made);
  DF_REQUIRE_POINTER(sae);
  DF_REQUIRE(made->x, "sae_min: made.x is NULL");
  const int B = made->B, H = made->H;
  const double* guess = made->u;
  DF_REQUIRE(B >= 1 && H >= 1 && threads >= 1, "sae_min: B = %d, H = %d and threads = %d must be at least 1", B, H,
             threads);
  const size_t states = (size_t)(H + 1) * (size_t)system->nx, actions = (size_t)H * (size_t)system->nu;
  df_pool pool;
  DF_TRY(df_pool_new(system, df_pool_size(threads, B), &pool));
  searcher* searchers;
  const df_status status = searchers_new(&pool, H, &searchers);

  if (status == DF_OK) {
    for (int i = 0; i < pool.n; i++) searchers[i].stop = made->stop;
#pragma omp parallel for num_threads(pool.n) schedule(dynamic)
    for (int b = 0; b < B; b++) {
      sae[b] = best_error(&searchers[omp_get_thread_num()], H, made->x + (size_t)b * states,
                          guess ? guess + (size_t)b * actions : NULL, u_best ? u_best + (size_t)b * actions : NULL);
    }
    for (int i = 0; i < pool.n; i++) {
      if (effort) df_best_action_add_effort(searchers[i].search, effort);
      if (effort && system->ops->add_effort) system->ops->add_effort(pool.sim[i], effort);
      searcher_free(&searchers[i]);
    }
    df_free(searchers);
  }
  df_pool_free(&pool);
  if (status == DF_OK && made->stop && *made->stop) return df_fail(DF_E_INTERRUPTED, "sae_min: interrupted");
  return status;
}
