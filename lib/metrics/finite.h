/* finite.h: what counts as a number to measure. */
#ifndef DYNAFLOW_METRICS_FINITE_H
#define DYNAFLOW_METRICS_FINITE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

static inline bool all_finite(size_t n, const double* x) {
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(x[i])) return false;
  }
  return true;
}

/* The 2-norm of e [n]; +inf where it is not a number, so that a comparison never takes it for small. */
static inline double norm_or_inf(size_t n, const double* e) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += e[i] * e[i];
  return isfinite(sum) ? sqrt(sum) : INFINITY;
}

#endif
