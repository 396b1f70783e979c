/* nn_support.h: helpers shared by the tests of lib/nn: opening BLAS once, and reproducible random numbers. */
#ifndef TESTS_NN_NN_SUPPORT_H
#define TESTS_NN_NN_SUPPORT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/nn/blas.h"
#include "dynaflow/nn/net.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* CMocka's group set-up */
static inline int open_blas(void** state) {
  (void)state;
  df_blas_cfg cfg = df_blas_cfg_default();
  cfg.threads = 4;
  if (df_blas_open(&cfg) == DF_OK) return 0;
  printf("%s\n", df_error_message());
  return 1;
}

/* n normal random numbers with the given standard deviation; release with df_free */
static inline df_real* random_reals(uint64_t event, size_t n, double size) {
  double* draws = df_alloc(n, sizeof *draws);
  df_real* x = df_alloc(n, sizeof *x);
  assert_non_null(draws);
  assert_non_null(x);
  df_rng_normal(7, DF_STREAM_TEST, event, n, draws);
  for (size_t i = 0; i < n; i++) x[i] = (df_real)(size * draws[i]);
  df_free(draws);
  return x;
}

static inline df_real* zero_reals(size_t n) {
  df_real* x = df_alloc(n, sizeof *x);
  assert_non_null(x);
  return x;
}

static inline df_real* copy_reals(size_t n, const df_real* x) {
  df_real* copy = zero_reals(n);
  memcpy(copy, x, n * sizeof *x);
  return copy;
}

static inline double dot(size_t n, const df_real* a, const df_real* b) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
  return sum;
}

/* max |a - b| / max |b| (divided by 1 if max |b| is below 1e-30) */
static inline double distance(size_t n, const df_real* a, const df_real* b) {
  double worst = 0, size = 0;
  for (size_t i = 0; i < n; i++) {
    const double d = fabs((double)a[i] - (double)b[i]);
    if (!(d <= worst)) worst = d;
    if (fabs((double)b[i]) > size) size = fabs((double)b[i]);
  }
  return worst / (size > 1e-30 ? size : 1);
}

/* fails unless the error `a` is in 0 .. limit; a NaN is not */
static inline void assert_below(double a, double limit, const char* what) {
  if (!(a >= 0 && a <= limit)) fail_msg("%s: %.3e is not in 0 .. %.3e", what, a, limit);
}

#endif
