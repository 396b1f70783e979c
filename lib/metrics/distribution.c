#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/metrics/metrics.h"
#include "finite.h"

enum { DIRECTIONS = 256 };

/* windows as points: the coordinates of frames 1..H, in units of the training std */
typedef struct points {
  int B, n;         /* points, coordinates of each */
  double *of, *ref; /* [B][n] generated, demonstrated; owned */
  bool* finite;     /* [B] whether the distance of a generated one from the origin is; owned */
} points;

static void points_clear(points* p) {
  df_free(p->of);
  df_free(p->finite);
}

/* out [H][nz], relative to frame 0 of the demonstration */
static void encode(const df_chart* chart, int nx, int nz, int H, const double* x, const double* x_demo, double* out) {
  for (int t = 1; t <= H; t++) {
    df_chart_encode(chart, x_demo, x + (size_t)t * (size_t)nx, out + (size_t)(t - 1) * (size_t)nz);
  }
}

static df_status points_of(const df_chart* chart, int nx, const df_trajectories* made, const double* x_demo,
                           points* out) {
  const int nz = df_chart_size(chart), B = made->B, H = made->H;
  const size_t n = (size_t)H * (size_t)nz, window = (size_t)(H + 1) * (size_t)nx;
  *out = (points){.B = B, .n = H * nz};
  out->of = df_alloc(2 * (size_t)B * n, sizeof *out->of);
  out->finite = df_alloc((size_t)B, sizeof *out->finite);
  if (!out->of || !out->finite) return DF_E_NOMEM;
  out->ref = out->of + (size_t)B * n;
  for (size_t b = 0; b < (size_t)B; b++) {
    const double *x = made->x + b * window, *demo = x_demo + b * window;
    encode(chart, nx, nz, H, demo, demo, out->ref + b * n);
    if (!all_finite(window, x)) continue;
    encode(chart, nx, nz, H, x, demo, out->of + b * n);
    double square = 0;
    for (size_t i = 0; i < n; i++) square += out->of[b * n + i] * out->of[b * n + i];
    out->finite[b] = isfinite(square);
  }
  return DF_OK;
}

static df_status check_arguments(const df_chart* chart, int nx, const df_trajectories* made, const double* x_demo) {
  DF_REQUIRE_POINTER(chart);
  DF_REQUIRE_POINTER(made);
  DF_REQUIRE_POINTER(x_demo);
  DF_REQUIRE(made->x, "distribution of windows: made.x is NULL");
  DF_REQUIRE(nx >= 1 && made->B >= 1 && made->H >= 1,
             "distribution of windows: nx = %d, B = %d and H = %d must be at least 1", nx, made->B, made->H);
  return DF_OK;
}

/* ---- sliced Wasserstein distance ---- */

/* out [B]: the points along a direction, in order */
static void project(const points* p, const double* of, const double* direction, double* out) {
  for (size_t b = 0; b < (size_t)p->B; b++) {
    double sum = 0;
    for (size_t i = 0; i < (size_t)p->n; i++) sum += of[b * (size_t)p->n + i] * direction[i];
    out[b] = sum;
  }
  df_sort(p->B, out);
}

/* out [n]: uniform on the unit sphere */
static void draw_direction(uint64_t seed, uint64_t index, int n, double* out) {
  double square = 0;
  df_rng_normal(seed, DF_STREAM_PROJECTION, index, (size_t)n, out);
  for (int i = 0; i < n; i++) square += out[i] * out[i];
  for (int i = 0; i < n; i++) out[i] /= sqrt(square);
}

static df_status slice(const points* p, uint64_t seed, double* distance) {
  double* work = df_alloc(2 * (size_t)p->B + (size_t)p->n, sizeof *work);
  if (!work) return DF_E_NOMEM;
  double *of = work, *ref = of + p->B, *direction = ref + p->B, sum = 0;
  for (int d = 0; d < DIRECTIONS; d++) {
    draw_direction(seed, (uint64_t)d, p->n, direction);
    project(p, p->of, direction, of);
    project(p, p->ref, direction, ref);
    for (int b = 0; b < p->B; b++) sum += (of[b] - ref[b]) * (of[b] - ref[b]);
  }
  df_free(work);
  *distance = sqrt(sum / DIRECTIONS / p->B);
  return DF_OK;
}

df_status df_metric_sliced_wasserstein(const df_chart* chart, int nx, const df_trajectories* made, const double* x_demo,
                                       uint64_t seed, double* distance, int* failed) {
  DF_TRY(check_arguments(chart, nx, made, x_demo));
  DF_REQUIRE_POINTER(distance);
  points p;
  df_status status = points_of(chart, nx, made, x_demo, &p);
  int infinite = 0;
  for (int b = 0; status == DF_OK && b < p.B; b++) infinite += !p.finite[b];
  *distance = INFINITY;
  if (status == DF_OK && infinite == 0) status = slice(&p, seed, distance);
  if (failed) *failed = infinite;
  points_clear(&p);
  return status;
}

/* ---- coverage ---- */

static double square_distance(size_t n, const double* a, const double* b) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

/* out: the squared distance of demonstration b from the fifth nearest of the others; near [B]: scratch */
static double square_radius(const points* p, size_t b, double* near) {
  const size_t n = (size_t)p->n;
  int others = 0;
  for (size_t i = 0; i < (size_t)p->B; i++) {
    if (i != b) near[others++] = square_distance(n, p->ref + b * n, p->ref + i * n);
  }
  df_sort(others, near);
  return near[DF_COVERAGE_NEIGHBOURS - 1];
}

/* marks the demonstrations that generated point i covers: those of the five nearest to it that have it within their
 * radius. radius [B] and work [2 B]: squares, scratch */
static void mark_covered(const points* p, size_t i, const double* radius, double* work, double* covered) {
  const size_t n = (size_t)p->n, B = (size_t)p->B;
  double *at = work, *near = work + B;
  for (size_t b = 0; b < B; b++) at[b] = near[b] = square_distance(n, p->of + i * n, p->ref + b * n);
  df_sort(p->B, near);
  for (size_t b = 0; b < B; b++) {
    if (at[b] <= near[DF_COVERAGE_NEIGHBOURS - 1] && at[b] <= radius[b]) covered[b] = 1;
  }
}

df_status df_metric_coverage(const df_chart* chart, int nx, const df_trajectories* made, const double* x_demo,
                             double* covered) {
  DF_TRY(check_arguments(chart, nx, made, x_demo));
  DF_REQUIRE_POINTER(covered);
  DF_REQUIRE(made->B >= DF_COVERAGE_WINDOWS, "coverage: B = %d must be at least %d", made->B, DF_COVERAGE_WINDOWS);
  const size_t B = (size_t)made->B;
  points p;
  double* radius = df_alloc(3 * B, sizeof *radius);
  df_status status = radius ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) {
    status = points_of(chart, nx, made, x_demo, &p);
    for (size_t b = 0; status == DF_OK && b < B; b++) {
      radius[b] = square_radius(&p, b, radius + B);
      covered[b] = 0;
    }
    for (size_t i = 0; status == DF_OK && i < B; i++) {
      if (p.finite[i]) mark_covered(&p, i, radius, radius + B, covered);
    }
    points_clear(&p);
  }
  df_free(radius);
  return status;
}
