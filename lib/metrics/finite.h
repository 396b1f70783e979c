/* finite.h: tests for finite numbers. */
#ifndef LIB_METRICS_FINITE_H
#define LIB_METRICS_FINITE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

static inline bool all_finite(size_t n, const double* x) {
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(x[i])) return false;
  }
  return true;
}

/* Returns the 2-norm of e [n], +inf if it is not finite, so that a NaN never compares as small. */
static inline double norm_or_inf(size_t n, const double* e) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += e[i] * e[i];
  return isfinite(sum) ? sqrt(sum) : INFINITY;
}

#endif
