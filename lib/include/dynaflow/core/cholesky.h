/* cholesky.h: symmetric positive definite systems of a few equations. */
#ifndef DYNAFLOW_CORE_CHOLESKY_H
#define DYNAFLOW_CORE_CHOLESKY_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

/* The sum of a[i] b[i], added in this order. */
static inline double df_dot(int n, const double* a, const double* b) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

/* Replaces the lower triangle of a [n][n], row-major, by its Cholesky factor; false if a is not positive definite. */
static inline bool df_cholesky_factor(int n, double* a) {
  for (int j = 0; j < n; j++) {
    double* row = a + (size_t)j * (size_t)n;
    for (int k = 0; k <= j; k++) {
      const double* other = a + (size_t)k * (size_t)n;
      const double rest = row[k] - df_dot(k, row, other);
      if (k < j) {
        row[k] = rest / other[k];
      } else {
        if (!(rest > 0)) return false;
        row[j] = sqrt(rest);
      }
    }
  }
  return true;
}

/* Replaces x [n] by the solution y of a y = x, from the factor of a. */
static inline void df_cholesky_solve(int n, const double* factor, double* x) {
  for (int j = 0; j < n; j++) {
    const double* row = factor + (size_t)j * (size_t)n;
    x[j] = (x[j] - df_dot(j, row, x)) / row[j];
  }
  for (int j = n - 1; j >= 0; j--) {
    for (int k = j + 1; k < n; k++) x[j] -= factor[(size_t)k * (size_t)n + (size_t)j] * x[k];
    x[j] /= factor[(size_t)j * (size_t)n + (size_t)j];
  }
}

DF_END_DECLS

#endif
