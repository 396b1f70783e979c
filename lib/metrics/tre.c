#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/metrics/metrics.h"
#include "finite.h"

/* sum [nz] = squared normalised differences, summed over frames 1..H of one window; z, z_demo are scratch */
static void sum_squares(const df_chart* chart, int nx, int nz, int H, const double* x, const double* x_demo, double* z,
                        double* z_demo, double* sum) {
  memset(sum, 0, (size_t)nz * sizeof *sum);
  for (int t = 1; t <= H; t++) {
    const size_t at = (size_t)t * (size_t)nx;
    df_chart_encode(chart, x_demo, x + at, z);
    df_chart_encode(chart, x_demo, x_demo + at, z_demo);
    for (int i = 0; i < nz; i++) sum[i] += (z[i] - z_demo[i]) * (z[i] - z_demo[i]);
  }
}

/* sqrt(sum / (H n)), +inf if not finite */
static double root_mean(double sum, int H, int n) {
  const double mean = sum / ((double)H * (double)n);
  return isfinite(mean) ? sqrt(mean) : INFINITY;
}

/* the RMS error of one group in its physical unit */
static double group_error(const df_chart_group* group, const double* std, int H, const double* sum) {
  double total = 0;
  for (int i = 0; i < group->n; i++) {
    const int c = group->channel[i];
    total += sum[c] * std[c] * std[c];
  }
  return root_mean(total, H, group->n);
}

static df_status check_start(int b, int nx, const double* x, const double* x_demo) {
  for (int i = 0; i < nx; i++) {
    /* false for NaN: a window that is not finite is a failed window, not a wrong argument */
    if (fabs(x[i] - x_demo[i]) > DF_START_TOLERANCE * fmax(1, fabs(x_demo[i])) && isfinite(x[i]) &&
        isfinite(x_demo[i])) {
      return df_fail(DF_E_ARG, "window %d: start state differs from its demonstration: x[0][%d] is %g, not %g", b, i,
                     x[i], x_demo[i]);
    }
  }
  return DF_OK;
}

df_status df_metric_tre(const df_chart* chart, int nx, const df_trajectories* made, const double* x_demo, double* rms,
                        double* group_rms) {
  DF_REQUIRE_POINTER(chart);
  DF_REQUIRE_POINTER(made);
  DF_REQUIRE_POINTER(x_demo);
  DF_REQUIRE_POINTER(rms);
  DF_REQUIRE(made->x, "tre: made.x is NULL");
  const int B = made->B, H = made->H;
  const double* x = made->x;
  DF_REQUIRE(nx >= 1 && B >= 1 && H >= 1, "tre: nx = %d, B = %d and H = %d must be at least 1", nx, B, H);

  /* the start states must agree */
  const int nz = df_chart_size(chart);
  const size_t window = (size_t)(H + 1) * (size_t)nx;
  const df_chart_group* groups;
  const int n_groups = df_chart_groups(chart, &groups);
  for (int b = 0; b < B; b++) DF_TRY(check_start(b, nx, x + (size_t)b * window, x_demo + (size_t)b * window));

  /* errors of every window, in total and by group */
  double* work = df_alloc(3 * (size_t)nz, sizeof *work);
  if (!work) return DF_E_NOMEM;
  double *z = work, *z_demo = work + nz, *sum = work + 2 * nz;
  for (int b = 0; b < B; b++) {
    const double *xb = x + (size_t)b * window, *demo = x_demo + (size_t)b * window;
    const bool usable = all_finite(window, xb) && all_finite(window, demo);
    if (usable) sum_squares(chart, nx, nz, H, xb, demo, z, z_demo, sum);

    double total = 0;
    for (int i = 0; i < nz; i++) total += sum[i];
    rms[b] = usable ? root_mean(total, H, nz) : INFINITY;
    for (int g = 0; group_rms && g < n_groups; g++) {
      group_rms[(size_t)g * (size_t)B + (size_t)b] =
          usable ? group_error(&groups[g], df_chart_std(chart), H, sum) : INFINITY;
    }
  }
  df_free(work);
  return DF_OK;
}
