/* limits.h: the bound beyond which a number has blown up. */
#ifndef DYNAFLOW_CORE_LIMITS_H
#define DYNAFLOW_CORE_LIMITS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

/* A trajectory with a larger entry in a state (SI units) counts as diverged, and so does an adjoint whose cotangents
 * grow by a larger factor. */
#define DF_LARGEST 1e6

/* Whether all n entries are finite and at most `largest` in magnitude. */
static inline bool df_within(const double* x, size_t n, double largest) {
  for (size_t i = 0; i < n; i++) {
    if (!(fabs(x[i]) <= largest)) return false;
  }
  return true;
}

/* Whether all n entries are finite and at most DF_LARGEST in magnitude. */
static inline bool df_within_limit(const double* x, size_t n) {
  return df_within(x, n, DF_LARGEST);
}

/* The largest magnitude of a cotangent that is propagated from the cotangents y [n]: DF_LARGEST times the largest of
 * them, or DF_LARGEST if they are below 1. The unit of a loss thus does not decide what counts as diverged. */
static inline double df_largest_cotangent(const double* y, size_t n) {
  double largest = 1;
  for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(y[i]));
  return isfinite(largest) ? DF_LARGEST * largest : DF_LARGEST;
}

DF_END_DECLS

#endif
