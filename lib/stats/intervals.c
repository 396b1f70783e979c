#include <math.h>

#include "resample.h"

/* 97.5 % point of the standard normal distribution */
static const double Z95 = 1.959963984540054;

void df_set_wilson(double p, double size, double point, df_interval* out) {
  const double z2 = point * point;
  const double centre = (p + z2 / (2 * size)) / (1 + z2 / size);
  const double half = point * sqrt(p * (1 - p) / size + z2 / (4 * size * size)) / (1 + z2 / size);
  out->mean = p;
  out->lo = p == 0 ? 0 : centre - half;
  out->hi = p == 1 ? 1 : centre + half;
}

df_interval df_share_interval(int count, int n) {
  df_interval out = {.mean = NAN, .lo = NAN, .hi = NAN, .n = n > 0 ? n : 0};
  if (n < 1 || count < 0 || count > n) return out;
  df_set_wilson((double)count / n, n, Z95, &out);
  return out;
}

/* v_clusters n^2, where v_clusters is the variance of a share between clusters (statistics.h) */
static double cluster_variance(const df_clusters* c, const double* values, double p) {
  double sum = 0, square = 0;
  for (int i = 0; i < c->n; i++) {
    double s = 0;
    for (int k = c->begin[i]; k < c->begin[i + 1]; k++) s += values[c->unit[k]] - p;
    sum += s;
    square += s * s;
  }
  return c->n / (c->n - 1.0) * (square - sum * sum / c->n);
}

/* the effective number of n values (statistics.h) */
static double effective_size(int n, const df_clusters* c, const double* values, double p) {
  const double plain = n * p * (1 - p);
  if (c->n < 2 || !(plain > 0)) return c->n;
  const double ratio = Z95 / df_student_point(0.95, c->n - 1);
  return n / fmax(1, cluster_variance(c, values, p) / plain) * ratio * ratio;
}

df_status df_share_interval_clustered(int n, const double* values, const int* cluster, df_interval* out) {
  DF_REQUIRE_POINTER(values);
  DF_REQUIRE_POINTER(out);
  DF_REQUIRE(n >= 1, "clustered share: n = %d must be at least 1", n);
  int count = 0;
  for (int i = 0; i < n; i++) {
    DF_REQUIRE(values[i] == 0 || values[i] == 1, "value %d is %g, not 0 or 1", i, values[i]);
    count += values[i] == 1;
  }
  if (!cluster) {
    *out = df_share_interval(count, n);
    return DF_OK;
  }

  df_clusters c;
  DF_TRY(df_clusters_new(n, cluster, &c));
  const double p = (double)count / n;
  out->n = n;
  out->failed = 0;
  df_set_wilson(p, effective_size(n, &c, values, p), Z95, out);
  df_clusters_clear(&c);
  return DF_OK;
}
