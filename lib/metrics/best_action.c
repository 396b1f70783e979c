#include "dynaflow/metrics/best_action.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/cholesky.h"
#include "finite.h"

/* step of the forward differences, relative to the half range of an action (to max(1, |u|) if it is unbounded) */
static const double DIFFERENCE_STEP = 1e-5;
/* a search ends when the cost (squared) is below */
static const double LEAST_COST = 1e-26;
static const double DAMPING_FIRST = 1e-6, DAMPING_LEAST = 1e-9;

struct df_best_action {
  const df_system* system;
  df_best_action_cfg cfg;
  df_sim* sim;
  double* block;
  const double *x, *x1;         /* states of the current search, not owned */
  double* next;                 /* [nx] */
  double *r, *r_try;            /* [ndx] x1 (-) f(x, u) */
  double* jacobian;             /* [nu][ndx] dr/du_j */
  double *hessian, *a;          /* [nu][nu] J^T J, and the damped matrix that is factored */
  double *gradient, *p, *u_try; /* [nu] */
  bool* fixed;                  /* [nu] actions held at a bound */
};

static df_status build(df_best_action* s) {
  const size_t nx = (size_t)s->system->nx, ndx = (size_t)s->system->ndx, nu = (size_t)s->system->nu;
  DF_TRY(df_sim_new(s->system, 0, &s->sim));
  s->fixed = df_alloc(nu, sizeof *s->fixed);
  s->block = df_alloc(nx + 2 * ndx + nu * ndx + 2 * nu * nu + 3 * nu, sizeof *s->block);
  if (!s->fixed || !s->block) return DF_E_NOMEM;

  double* next = s->block;
  s->next = next, next += nx;
  s->r = next, next += ndx;
  s->r_try = next, next += ndx;
  s->jacobian = next, next += nu * ndx;
  s->hessian = next, next += nu * nu;
  s->a = next, next += nu * nu;
  s->gradient = next, next += nu;
  s->p = next, next += nu;
  s->u_try = next;
  return DF_OK;
}

df_best_action_cfg df_best_action_cfg_default(void) {
  return (df_best_action_cfg){.least_gain = 1e-10};
}

df_status df_best_action_new(const df_system* system, const df_best_action_cfg* cfg, df_best_action** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(system);
  df_best_action* s = df_alloc(1, sizeof *s);
  if (!s) return DF_E_NOMEM;
  s->system = system;
  s->cfg = cfg ? *cfg : df_best_action_cfg_default();
  const df_status status = build(s);
  if (status != DF_OK) {
    df_best_action_free(s);
    return status;
  }
  *out = s;
  return DF_OK;
}

void df_best_action_free(df_best_action* s) {
  if (!s) return;
  df_sim_free(s->system, s->sim);
  df_free(s->fixed);
  df_free(s->block);
  df_free(s);
}

void df_best_action_add_effort(const df_best_action* s, df_effort* sum) {
  if (s->system->ops->add_effort) s->system->ops->add_effort(s->sim, sum);
}

void df_box_project(const df_system* system, double* u) {
  for (int j = 0; j < system->nu; j++) u[j] = fmin(fmax(u[j], system->u_lo[j]), system->u_hi[j]);
}

/* r [ndx] = x1 (-) f(x, u) in units of the scale; returns |r|^2, +inf if the step diverges */
static double residual(df_best_action* s, const double* u, double* r) {
  const df_system_ops* ops = s->system->ops;
  ops->reset(s->sim, s->x);
  if (ops->step(s->sim, u, s->next) != DF_TRAJ_COMPLETE) return INFINITY;
  ops->difference(s->system, s->next, s->x1, r);
  double cost = 0;
  for (int i = 0; s->cfg.scale && i < s->system->ndx; i++) r[i] /= s->cfg.scale[i];
  for (int i = 0; i < s->system->ndx; i++) cost += r[i] * r[i];
  return isfinite(cost) ? cost : INFINITY;
}

/* a finite-difference step inside the box: upwards, or downwards near the upper bound; 0 if the box is a point */
static double difference_step(const df_system* system, int j, double u) {
  const double lo = system->u_lo[j], hi = system->u_hi[j], half = 0.5 * (hi - lo);
  const double h = DIFFERENCE_STEP * (isfinite(half) ? half : fmax(1, fabs(u)));
  return u + h <= hi ? h : -h;
}

/* fills the Jacobian of the residual at u by forward differences; a column is 0 if its step diverges */
static void differentiate(df_best_action* s, const double* u) {
  const int nu = s->system->nu, ndx = s->system->ndx;
  memcpy(s->u_try, u, (size_t)nu * sizeof *u);
  for (int j = 0; j < nu; j++) {
    double* column = s->jacobian + (size_t)j * (size_t)ndx;
    const double planned = difference_step(s->system, j, u[j]);
    s->u_try[j] = u[j] + planned;
    const double h = s->u_try[j] - u[j]; /* the step after rounding */
    const bool usable = h != 0 && residual(s, s->u_try, s->r_try) < INFINITY;
    for (int i = 0; i < ndx; i++) column[i] = usable ? (s->r_try[i] - s->r[i]) / h : 0;
    s->u_try[j] = u[j];
  }
}

/* gradient and Gauss-Newton matrix of |r|^2 / 2 */
static void normal_equations(df_best_action* s) {
  const int nu = s->system->nu, ndx = s->system->ndx;
  for (int j = 0; j < nu; j++) {
    const double* column = s->jacobian + (size_t)j * (size_t)ndx;
    s->gradient[j] = df_dot(ndx, column, s->r);
    for (int k = 0; k <= j; k++) {
      const double h = df_dot(ndx, column, s->jacobian + (size_t)k * (size_t)ndx);
      s->hessian[(size_t)j * (size_t)nu + (size_t)k] = s->hessian[(size_t)k * (size_t)nu + (size_t)j] = h;
    }
  }
}

/* Marquardt's damping of action j, with a floor so that an action without effect does not move */
static double damping(const df_best_action* s, int j, double mu, double floor) {
  return mu * fmax(s->hessian[(size_t)j * (size_t)s->system->nu + (size_t)j], floor);
}

/* target [nu] = the minimiser of the damped quadratic model over the free actions f, with the step of actions b at a
 * bound fixed: (H_ff + mu D_ff) p_f = -g_f - H_fb p_b. False if the matrix is not positive definite. */
static bool solve_free(df_best_action* s, double mu, double floor, double* target) {
  const int nu = s->system->nu;
  for (int j = 0; j < nu; j++) {
    const double* row = s->hessian + (size_t)j * (size_t)nu;
    double* a = s->a + (size_t)j * (size_t)nu;
    target[j] = s->fixed[j] ? s->p[j] : -s->gradient[j];
    for (int k = 0; k < nu; k++) {
      a[k] = s->fixed[j] || s->fixed[k] ? 0 : row[k];
      if (!s->fixed[j] && s->fixed[k]) target[j] -= row[k] * s->p[k];
    }
    a[j] = s->fixed[j] ? 1 : row[j] + damping(s, j, mu, floor);
  }
  if (!df_cholesky_factor(nu, s->a)) return false;
  df_cholesky_solve(nu, s->a, target);
  return true;
}

/* moves the step p towards the target until an action reaches its bound; returns that action, -1 if none did */
static int advance(df_best_action* s, const double* u, const double* target) {
  const df_system* system = s->system;
  /* the largest share of the way on which no action leaves the box */
  int blocking = -1;
  double share = 1, at_bound = 0;
  for (int j = 0; j < system->nu; j++) {
    if (s->fixed[j]) continue;
    const double move = target[j] - s->p[j], bound = (move > 0 ? system->u_hi[j] : system->u_lo[j]) - u[j];
    const bool leaves = move > 0 ? target[j] > bound : target[j] < bound;
    if (!leaves || !(fmax(0, (bound - s->p[j]) / move) < share)) continue;
    share = fmax(0, (bound - s->p[j]) / move);
    at_bound = bound;
    blocking = j;
  }

  /* move; the blocking action is put exactly on its bound */
  for (int j = 0; j < system->nu; j++) {
    if (!s->fixed[j]) s->p[j] += share * (target[j] - s->p[j]);
  }
  if (blocking >= 0) s->p[blocking] = at_bound;
  return blocking;
}

/* Computes a step s->p inside the box that lowers the damped model: moves towards the minimiser over the free actions
 * until one reaches its bound, fixes that action, and repeats, at most nu times. An action that is fixed wrongly is
 * released by the gradient of the next iteration. */
static bool damped_step(df_best_action* s, const double* u, double mu) {
  const df_system* system = s->system;
  const int nu = system->nu;

  /* fix the actions at a bound whose gradient points out of the box */
  double largest = 0;
  for (int j = 0; j < nu; j++) {
    const bool low = u[j] <= system->u_lo[j] && s->gradient[j] > 0;
    const bool high = u[j] >= system->u_hi[j] && s->gradient[j] < 0;
    s->fixed[j] = low || high || !(system->u_lo[j] < system->u_hi[j]);
    s->p[j] = 0;
    largest = fmax(largest, s->hessian[(size_t)j * (size_t)nu + (size_t)j]);
  }

  /* active-set iterations */
  const double floor = fmax(1e-12 * largest, 1e-300);
  for (;;) {
    if (!solve_free(s, mu, floor, s->u_try)) return false;
    const int blocking = advance(s, u, s->u_try);
    if (blocking < 0) return true;
    s->fixed[blocking] = true;
  }
}

/* u_try = u + p, projected into the box. An action moved to a bound must equal it exactly, which u + (hi - u) may not:
 * an action one ulp inside would count as free and block the next step at once. */
static void take_step(df_best_action* s, const double* u) {
  const df_system* system = s->system;
  for (int j = 0; j < system->nu; j++) {
    s->u_try[j] = u[j] + s->p[j];
    if (s->p[j] >= system->u_hi[j] - u[j]) s->u_try[j] = system->u_hi[j];
    if (s->p[j] <= system->u_lo[j] - u[j]) s->u_try[j] = system->u_lo[j];
  }
  df_box_project(system, s->u_try);
}

/* takes one step that lowers the cost, raising the damping until it does; false if no trial succeeds */
static bool improve(df_best_action* s, double* u, double* cost, double* mu) {
  const int nu = s->system->nu;
  for (int trial = 0; trial < DF_BEST_ACTION_TRIALS; trial++) {
    if (damped_step(s, u, *mu)) {
      take_step(s, u);
      if (memcmp(s->u_try, u, (size_t)nu * sizeof *u) == 0) return false;
      const double c = residual(s, s->u_try, s->r_try);
      if (c < *cost) {
        memcpy(u, s->u_try, (size_t)nu * sizeof *u);
        memcpy(s->r, s->r_try, (size_t)s->system->ndx * sizeof *s->r);
        *cost = c;
        *mu = fmax(0.1 * *mu, DAMPING_LEAST);
        return true;
      }
    }
    *mu = fmax(20 * *mu, DAMPING_FIRST);
  }
  return false;
}

double df_best_action_search(df_best_action* s, const double* x, const double* x1, double* u) {
  /* project the start, then iterate until the cost is small or no longer decreases */
  s->x = x;
  s->x1 = x1;
  df_box_project(s->system, u);
  double mu = DAMPING_FIRST;
  double cost = residual(s, u, s->r);
  for (int i = 0; i < DF_BEST_ACTION_ITERATIONS && cost >= LEAST_COST && cost < INFINITY; i++) {
    const double before = cost;
    differentiate(s, u);
    normal_equations(s);
    if (!improve(s, u, &cost, &mu) || before - cost < s->cfg.least_gain * before) break;
  }
  return sqrt(cost);
}
