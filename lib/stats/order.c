/* sorted values: quantiles, estimates, ranks */
#include <math.h>
#include <stdlib.h>

#include "dynaflow/core/alloc.h"
#include "resample.h"

/* ---- estimates ---- */

static int compare(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  if (isnan(x) || isnan(y)) return isnan(x) - isnan(y);
  return (x > y) - (x < y);
}

void df_sort(int n, double* values) {
  if (n > 1) qsort(values, (size_t)n, sizeof *values, compare);
}

double df_quantile(int n, const double* sorted, double p) {
  if (n < 1 || !(p >= 0 && p <= 1)) return NAN;
  const double at = p * (n - 1);
  const int below = (int)at;
  const int above = below + 1 < n ? below + 1 : below;
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

double df_median(int n, double* values) {
  df_sort(n, values);
  return df_quantile(n, values, 0.5);
}

static double mean(int n, const double* values) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += values[i];
  return sum / n;
}

/* sorted value i occupies [i, i + 1); its weight is the part of this interval inside [n/4, 3n/4] */
static double interquartile_mean(int n, const double* sorted) {
  const double from = 0.25 * n, to = 0.75 * n;
  double sum = 0;
  for (int i = 0; i < n; i++) {
    const double weight = fmin(i + 1, to) - fmax(i, from);
    if (weight > 0) sum += weight * sorted[i];
  }
  return sum / (0.5 * n);
}

double df_estimate_sorted(df_estimate kind, int n, const double* sorted) {
  if (n < 1) return NAN;
  switch (kind) {
    case DF_ESTIMATE_MEDIAN:
      return 0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]);
    case DF_ESTIMATE_IQM:
      return interquartile_mean(n, sorted);
    default:
      return mean(n, sorted);
  }
}

/* ---- ranks ---- */

typedef struct ranked {
  double value;
  int index;
} ranked;

static int compare_ranked(const void* a, const void* b) {
  const ranked *x = a, *y = b;
  if (isnan(x->value) || isnan(y->value)) return isnan(x->value) - isnan(y->value);
  if (x->value != y->value) return x->value < y->value ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

int* df_ascending(int n, const double* values) {
  ranked* r = df_alloc((size_t)n, sizeof *r);
  int* order = df_alloc((size_t)n, sizeof *order);
  if (r && order) {
    for (int i = 0; i < n; i++) r[i] = (ranked){values[i], i};
    if (n > 1) qsort(r, (size_t)n, sizeof *r, compare_ranked);
    for (int i = 0; i < n; i++) order[i] = r[i].index;
  }
  df_free(r);
  if (r) return order;
  df_free(order);
  return NULL;
}
