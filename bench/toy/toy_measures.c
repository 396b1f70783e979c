#include "toy_measures.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/stats/statistics.h"

static const double PI = 3.14159265358979323846;

/* ---- distance ---- */

static void project(int n, const double* points, double angle, double* out) {
  for (int i = 0; i < n; i++) out[i] = cos(angle) * points[2 * i] + sin(angle) * points[2 * i + 1];
  df_sort(n, out);
}

df_status toy_sliced_wasserstein(int n, const double* a, const double* b, double* distance) {
  enum { DIRECTIONS = 64 };
  double *p = df_alloc(2 * (size_t)n, sizeof *p), *q = p + n, sum = 0;
  if (!p) return DF_E_NOMEM;
  for (int k = 0; k < 2 * n; k++) {
    if (!isfinite(a[k]) || !isfinite(b[k])) sum = NAN;
  }
  for (int d = 0; d < DIRECTIONS && !isnan(sum); d++) {
    project(n, a, PI * d / DIRECTIONS, p);
    project(n, b, PI * d / DIRECTIONS, q);
    for (int i = 0; i < n; i++) sum += (p[i] - q[i]) * (p[i] - q[i]) / n / DIRECTIONS;
  }
  df_free(p);
  *distance = sqrt(sum);
  return DF_OK;
}

/* ---- likelihood ---- */

/* the arrays of a path backwards in time */
typedef struct backwards {
  df_flow* flow;
  df_flow_points at;
  int n;
  double *z, *stage, *v[4], *divergence[4]; /* [n][2] each, [n] */
} backwards;

static df_status slope(backwards* b, double t, const double* z, int k) {
  b->at.t = t;
  b->at.z = z;
  return df_flow_velocity(b->flow, &b->at, b->v[k], b->divergence[k]);
}

/* a step from t to t - h; adds the integral of the divergence to sum [n] */
static df_status step_back(backwards* b, double t, double h, double* sum) {
  static const double place[4] = {0, 0.5, 0.5, 1}, weight[4] = {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6};
  DF_TRY(slope(b, t, b->z, 0));
  for (int k = 1; k < 4; k++) {
    for (int j = 0; j < 2 * b->n; j++) b->stage[j] = b->z[j] - place[k] * h * b->v[k - 1][j];
    DF_TRY(slope(b, t - place[k] * h, b->stage, k));
  }
  for (int k = 0; k < 4; k++) {
    for (int j = 0; j < 2 * b->n; j++) b->z[j] -= h * weight[k] * b->v[k][j];
    for (int i = 0; i < b->n; i++) sum[i] += h * weight[k] * b->divergence[k][i];
  }
  return DF_OK;
}

static df_status run_back(backwards* b, const df_task* task, int steps, double* sum, double* nll) {
  const df_chart_statistics s = df_chart_get_statistics(task->chart);
  const double sigma = task->config.flow_sigma;
  for (int step = 0; step < steps; step++) {
    const double t = 1 - (double)step / steps;
    DF_TRY(step_back(b, t, fmin(1.0 / steps, t), sum));
  }
  *nll = 0;
  for (int i = 0; i < b->n; i++) {
    const double square = (b->z[2 * i] * b->z[2 * i] + b->z[2 * i + 1] * b->z[2 * i + 1]) / (sigma * sigma);
    const double base = -0.5 * square - log(2 * PI * sigma * sigma);
    *nll -= (base - sum[i] - log(s.action_std[0] * s.action_std[1])) / b->n;
  }
  return DF_OK;
}

df_status toy_nll(df_flow* flow, const df_task* task, const double* condition, int n, const double* points, int steps,
                  double* nll) {
  const size_t m = (size_t)n, nc = condition ? (size_t)task->data->nc : 0;
  double* memory = df_alloc(m * (2 + 2 + 4 * 2 + 4 + 1 + TOY_NX + nc), sizeof *memory);
  if (!memory) return DF_E_NOMEM;
  double *sum = memory, *x0 = sum + m, *conditions = x0 + m * TOY_NX, *rest = conditions + m * nc;
  backwards b = {.flow = flow, .n = n, .z = rest, .stage = rest + 2 * m};
  for (size_t k = 0; k < 4; k++) {
    b.v[k] = rest + (4 + 2 * k) * m;
    b.divergence[k] = rest + (12 + k) * m;
  }
  for (size_t i = 0; i < m; i++) {
    sum[i] = 0;
    toy_state(x0 + i * TOY_NX);
    if (nc) memcpy(conditions + i * nc, condition, nc * sizeof *condition);
  }
  toy_normalise(task, n, points, b.z);
  b.at = (df_flow_points){.B = n, .x0 = x0, .condition = nc ? conditions : NULL};
  const df_status status = run_back(&b, task, steps, sum, nll);
  df_free(memory);
  return status;
}

/* ---- the Gaussian cloud ---- */

toy_gaussian toy_gaussian_of(const df_task* task) {
  const df_chart_statistics s = df_chart_get_statistics(task->chart);
  toy_gaussian g = {.sigma = task->config.flow_sigma, .sigma_min = task->config.flow_sigma_min};
  cloud_gaussian(g.mean, g.covariance);
  for (int i = 0; i < 2; i++) {
    g.mean[i] = (g.mean[i] - s.action_mean[i]) / s.action_std[i];
    for (int j = 0; j < 2; j++) g.covariance[i][j] /= s.action_std[i] * s.action_std[j];
  }
  return g;
}

/* S, and a */
static double covariance_at(const toy_gaussian* g, double t, double S[2][2]) {
  const double a = 1 - (1 - g->sigma_min) * t;
  for (int i = 0; i < 2; i++) {
    for (int j = 0; j < 2; j++) S[i][j] = t * t * g->covariance[i][j] + (i == j ? a * a * g->sigma * g->sigma : 0);
  }
  return a;
}

void toy_gaussian_velocity(const toy_gaussian* g, double t, const double x[2], double v[2]) {
  double S[2][2];
  const double a = covariance_at(g, t, S), det = S[0][0] * S[1][1] - S[0][1] * S[1][0];
  const double e[2] = {x[0] - t * g->mean[0], x[1] - t * g->mean[1]};
  const double w[2] = {(S[1][1] * e[0] - S[0][1] * e[1]) / det, (S[0][0] * e[1] - S[1][0] * e[0]) / det};
  for (int i = 0; i < 2; i++) {
    v[i] = g->mean[i] - (1 - g->sigma_min) * a * g->sigma * g->sigma * w[i];
    for (int j = 0; j < 2; j++) v[i] += t * g->covariance[i][j] * w[j];
  }
}

void toy_gaussian_point(const toy_gaussian* g, double t, uint64_t seed, uint64_t index, double x[2]) {
  double S[2][2], n[2];
  (void)covariance_at(g, t, S);
  df_rng_normal(seed, DF_STREAM_TOY, UINT64_MAX - index, 2, n);
  const double l00 = sqrt(S[0][0]), l10 = S[1][0] / l00, l11 = sqrt(S[1][1] - l10 * l10);
  x[0] = t * g->mean[0] + l00 * n[0];
  x[1] = t * g->mean[1] + l10 * n[0] + l11 * n[1];
}
