/* limits.h: the bound beyond which a number has blown up. */
#ifndef DYNAFLOW_CORE_LIMITS_H
#define DYNAFLOW_CORE_LIMITS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

/* A trajectory with a larger entry in a state or cotangent (SI units) counts as diverged. */
#define DF_LARGEST 1e6

/* Whether all n entries are finite and at most DF_LARGEST in magnitude. */
static inline bool df_within_limit(const double* x, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (!(fabs(x[i]) <= DF_LARGEST)) return false;
  }
  return true;
}

DF_END_DECLS

#endif
