#include "dynaflow/metrics/growth.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/stats/statistics.h"

/* ---- singular values of products of Jacobians ---- */

typedef struct work {
  df_sim* sim;
  double* a;       /* [ndx][ndx] Jacobian of one step by its state, in units */
  double* b;       /* [ndx][nu] by its action */
  double* p;       /* [ndx][ndx] dx[k]/dx[0] */
  double* q;       /* [ndx][nu] dx[k]/du[0] */
  double* product; /* [ndx][max(ndx, nu)] */
  double *y, *v;   /* [max(ndx, nu)] */
  double* x1;      /* [nx] */
  double* u;       /* [nu] */
} work;

static void work_free(const df_system* system, work* w) {
  df_sim_free(system, w->sim);
  df_free(w->a);
  df_free(w->b);
  df_free(w->p);
  df_free(w->q);
  df_free(w->product);
  df_free(w->y);
  df_free(w->v);
  df_free(w->x1);
  df_free(w->u);
}

static df_status work_new(const df_system* system, work* w) {
  const size_t n = (size_t)system->ndx, nu = (size_t)system->nu, widest = n > nu ? n : nu;
  *w = (work){.a = df_alloc(n * n, sizeof(double)),
              .b = df_alloc(n * nu, sizeof(double)),
              .p = df_alloc(n * n, sizeof(double)),
              .q = df_alloc(n * nu, sizeof(double)),
              .product = df_alloc(n * widest, sizeof(double)),
              .y = df_alloc(widest, sizeof(double)),
              .v = df_alloc(widest, sizeof(double)),
              .x1 = df_alloc((size_t)system->nx, sizeof(double)),
              .u = df_alloc(nu, sizeof(double))};
  if (!w->a || !w->b || !w->p || !w->q || !w->product || !w->y || !w->v || !w->x1 || !w->u) return DF_E_NOMEM;
  return df_sim_new(system, 1, &w->sim);
}

/* the largest singular value of m [rows][n], by power iteration on m^T m; y and v are scratch */
static double largest_singular(int rows, int n, const double* m, double* y, double* v) {
  enum { ITERATIONS = 100 };
  double value = 0;
  for (int j = 0; j < n; j++) v[j] = 1 + 0.1 * (j % 7); /* not orthogonal to any axis */
  for (int it = 0; it < ITERATIONS; it++) {
    double norm = 0, image = 0;
    for (int j = 0; j < n; j++) norm += v[j] * v[j];
    norm = sqrt(norm);
    if (!(norm > 0)) return value;
    for (int i = 0; i < rows; i++) {
      y[i] = 0;
      for (int j = 0; j < n; j++) y[i] += m[i * n + j] * v[j] / norm;
      image += y[i] * y[i];
    }
    const double before = value;
    value = sqrt(image);
    if (fabs(value - before) <= 1e-9 * value) return value;
    for (int j = 0; j < n; j++) {
      v[j] = 0;
      for (int i = 0; i < rows; i++) v[j] += m[i * n + j] * y[i];
    }
  }
  return value;
}

/* m [rows][n] = a [rows][rows] m */
static void multiply(int rows, int n, const double* a, double* m, double* product) {
  memset(product, 0, (size_t)rows * (size_t)n * sizeof *product);
  for (int i = 0; i < rows; i++) {
    for (int k = 0; k < rows; k++) {
      const double factor = a[i * rows + k];
      for (int j = 0; j < n; j++) product[i * n + j] += factor * m[k * n + j];
    }
  }
  memcpy(m, product, (size_t)rows * (size_t)n * sizeof *m);
}

/* fills the Jacobians a and b of the step from x */
static df_traj_end linearise(const df_system* system, const df_growth_windows* g, const double* x, const double* u,
                             work* w) {
  const int n = system->ndx, nu = system->nu;
  if (u) {
    memcpy(w->u, u, (size_t)nu * sizeof *u);
  } else {
    df_system_rest_action(system, x, w->u);
  }
  system->ops->reset(w->sim, x);
  df_traj_end end = system->ops->step(w->sim, w->u, w->x1);
  if (end == DF_TRAJ_COMPLETE) end = df_sim_jacobian(system, w->sim, 0, w->a, w->b);
  for (int i = 0; i < n && end == DF_TRAJ_COMPLETE; i++) {
    for (int j = 0; j < n; j++) w->a[i * n + j] *= g->scale[j] / g->scale[i];
    for (int j = 0; j < nu; j++) w->b[i * nu + j] *= g->action_scale[j] / g->scale[i];
  }
  return end;
}

static df_status grow_window(const df_system* system, const df_growth_windows* g, int window, work* w, double* state,
                             double* action) {
  const int n = system->ndx, nu = system->nu;
  const double* x = g->x + (size_t)window * (size_t)(g->H + 1) * (size_t)system->nx;
  const double* u = g->u ? g->u + (size_t)window * (size_t)g->H * (size_t)nu : NULL;
  for (int k = 0; k < g->H; k++) state[k] = action[k] = INFINITY;
  for (int i = 0; i < n * n; i++) w->p[i] = i % (n + 1) == 0;
  for (int t = 0; t < g->H; t++) {
    const df_traj_end end =
        linearise(system, g, x + (size_t)t * (size_t)system->nx, u ? u + (size_t)t * (size_t)nu : NULL, w);
    if (end == DF_TRAJ_FAILED) return DF_E_SIM;
    if (end != DF_TRAJ_COMPLETE) return DF_OK;
    multiply(n, n, w->a, w->p, w->product);
    if (t == 0) {
      memcpy(w->q, w->b, (size_t)n * (size_t)nu * sizeof *w->q);
    } else {
      multiply(n, nu, w->a, w->q, w->product);
    }
    state[t] = largest_singular(n, n, w->p, w->y, w->v);
    action[t] = largest_singular(n, nu, w->q, w->y, w->v);
    if (!isfinite(state[t]) || !isfinite(action[t])) {
      state[t] = action[t] = INFINITY;
      return DF_OK;
    }
  }
  return DF_OK;
}

df_status df_metric_growth(const df_system* system, const df_growth_windows* windows, double* state, double* action) {
  DF_REQUIRE_POINTER(system);
  DF_REQUIRE_POINTER(windows);
  DF_REQUIRE_POINTER(state);
  DF_REQUIRE_POINTER(action);
  const df_growth_windows g = *windows;
  DF_REQUIRE(g.x && g.scale && g.action_scale, "growth: x, scale or action_scale is NULL");
  DF_REQUIRE(g.B >= 1 && g.H >= 1, "growth: B = %d and H = %d must be at least 1", g.B, g.H);
  for (int i = 0; i < system->ndx; i++) DF_REQUIRE(g.scale[i] > 0, "growth: scale[%d] is %g", i, g.scale[i]);
  for (int i = 0; i < system->nu; i++) {
    DF_REQUIRE(g.action_scale[i] > 0, "growth: action_scale[%d] is %g", i, g.action_scale[i]);
  }
  work w;
  df_status status = work_new(system, &w);
  for (int b = 0; b < g.B && status == DF_OK; b++) {
    status = grow_window(system, &g, b, &w, state + (size_t)b * (size_t)g.H, action + (size_t)b * (size_t)g.H);
  }
  work_free(system, &w);
  return status;
}

/* ---- summary ---- */

/* the factor per action: least squares of log(median[k]) over k = H/2 .. H (all k for a horizon below 4) */
static double fit_factor(int H, const double* median) {
  const int first = H < 4 ? 0 : H / 2 - 1;
  double n = 0, sum_k = 0, sum_l = 0, sum_kk = 0, sum_kl = 0;
  for (int i = first; i < H; i++) {
    const double k = i + 1, l = log(median[i]);
    if (!isfinite(l)) continue;
    n++;
    sum_k += k;
    sum_l += l;
    sum_kk += k * k;
    sum_kl += k * l;
  }
  const double spread = n * sum_kk - sum_k * sum_k;
  if (n == 0) return INFINITY;
  return spread > 0 ? exp((n * sum_kl - sum_k * sum_l) / spread) : exp(sum_l / n);
}

bool df_growth_is_fine(double amplification, double damped) {
  return damped <= DF_GROWTH_LIMIT && amplification <= DF_GROWTH_DAMPABLE;
}

df_status df_growth_summary(int B, int H, const double* values, double cotangent_decay, double* median, double* p90,
                            df_growth* out) {
  DF_REQUIRE_POINTER(values);
  DF_REQUIRE_POINTER(out);
  DF_REQUIRE(B >= 1 && H >= 1, "growth: B = %d and H = %d must be at least 1", B, H);
  double* sorted = df_alloc((size_t)B + 2 * (size_t)H, sizeof *sorted);
  if (!sorted) return DF_E_NOMEM;
  double *column = sorted, *middle = sorted + B, *high = middle + H;

  /* median, and the smallest value that at least 90 % of the windows reach, of every k: by rank, so that infinite
   * values are allowed */
  const double damping = pow(cotangent_decay, H);
  int beyond = 0, finite = 0;
  for (int k = 0; k < H; k++) {
    for (int b = 0; b < B; b++) column[b] = values[(size_t)b * (size_t)H + (size_t)k];
    df_sort(B, column);
    middle[k] = B % 2 ? column[B / 2] : sqrt(column[B / 2 - 1] * column[B / 2]);
    high[k] = column[(9 * B + 9) / 10 - 1];
    int broken = 0;
    for (int b = 0; b < B; b++) broken += !isfinite(column[b]);
    if (10 * broken <= B && finite == k) finite = k + 1;
  }
  for (int b = 0; b < B; b++) beyond += !(column[b] * damping <= DF_GROWTH_LIMIT);

  *out = (df_growth){.per_action = fit_factor(H, middle),
                     .amplification = middle[H - 1],
                     .p90 = high[H - 1],
                     .damped = middle[H - 1] * damping,
                     .exploding = (double)beyond / B,
                     .finite = finite};
  out->verdict = finite < H                                            ? DF_GROWTH_BROKEN
                 : !df_growth_is_fine(out->amplification, out->damped) ? DF_GROWTH_LARGE
                                                                       : DF_GROWTH_FINE;
  if (median) memcpy(median, middle, (size_t)H * sizeof *median);
  if (p90) memcpy(p90, high, (size_t)H * sizeof *p90);
  df_free(sorted);
  return DF_OK;
}
