#include <math.h>

#include "dynaflow/core/rng.h"
#include "dynaflow/metrics/statistics.h"

enum { RESAMPLES = 2000 };

/* 97.5 % point of the standard normal distribution */
static const double Z95 = 1.959963984540054;

static double resample_mean(int n, const double* values, uint64_t seed, uint64_t index) {
  double sum = 0;
  for (int i = 0; i < n; i++) {
    sum += values[df_rng_below(seed, DF_STREAM_BOOTSTRAP, index, (uint32_t)i, (uint64_t)n)];
  }
  return sum / n;
}

df_interval df_mean_interval(int n, const double* values, uint64_t seed) {
  df_interval out = {.mean = NAN, .lo = NAN, .hi = NAN, .n = n > 0 ? n : 0};
  if (n < 1) return out;
  double sum = 0;
  for (int i = 0; i < n; i++) {
    out.failed += !isfinite(values[i]);
    sum += values[i];
  }
  out.mean = out.failed ? INFINITY : sum / n;
  if (out.failed || n == 1) return out;

  double means[RESAMPLES];
  for (int r = 0; r < RESAMPLES; r++) means[r] = resample_mean(n, values, seed, (uint64_t)r);
  df_sort(RESAMPLES, means);
  out.lo = df_quantile(RESAMPLES, means, 0.025);
  out.hi = df_quantile(RESAMPLES, means, 0.975);
  return out;
}

df_interval df_share_interval(int count, int n) {
  df_interval out = {.mean = NAN, .lo = NAN, .hi = NAN, .n = n > 0 ? n : 0};
  if (n < 1 || count < 0 || count > n) return out;
  const double size = n, p = count / size, z2 = Z95 * Z95;
  const double centre = (p + z2 / (2 * size)) / (1 + z2 / size);
  const double half = Z95 * sqrt(p * (1 - p) / size + z2 / (4 * size * size)) / (1 + z2 / size);
  out.mean = p;

  /* the ends are exact where rounding would leave 1e-17 */
  out.lo = count == 0 ? 0 : centre - half;
  out.hi = count == n ? 1 : centre + half;
  return out;
}
