/* kernels.h: the loops between the matrix products, compiled for several instruction sets.
 *
 * All sets give the same bits: sums use eight fixed lanes, multiplications and additions are not fused, and exp is a
 * polynomial of this file (float: relative error below 1e-7; double, used for gradient checks only, calls libm).
 * Arrays are row-major. shift, scale and gate point into modulation rows, one row per sample with six vectors [d] per
 * block (two for the last layer); `stride` is the distance between the rows of two samples. */
#ifndef LIB_NN_KERNELS_H
#define LIB_NN_KERNELS_H

#include <stddef.h>

#include "dynaflow/nn/real.h"

/* number of lanes; rows are padded to a multiple of it where a kernel requires it */
enum { DF_LANES = 8 };
static inline size_t df_round_to_lanes(size_t n) {
  return (n + DF_LANES - 1) / DF_LANES * DF_LANES;
}

/* samples, tokens and width of a token array [B][T][d], and the stride of modulation rows */
typedef struct df_shape {
  size_t B, T, d, stride;
} df_shape;

/* the scalars of one AdamW update */
typedef struct df_adamw_step {
  df_real scale, beta1, beta2, rate, decay; /* scale: clipping factor of the gradient; decay: rate * weight decay */
  df_real correct1, correct2, epsilon;      /* correct1, correct2: bias corrections of the moments */
} df_adamw_step;

typedef struct df_kernels {
  const char* name; /* "base", "avx2", "avx512" */

  /* y [n] = exp(x); the float version clamps x to [-87, 88] */
  void (*exp)(size_t n, const df_real* x, df_real* y);

  /* fill: y [rows][n] = bias [n] in every row; forward: y += bias */
  void (*bias_fill)(size_t rows, size_t n, const df_real* bias, df_real* y);
  void (*bias_forward)(size_t rows, size_t n, const df_real* bias, df_real* y);
  /* dbias [n] += sum over rows */
  void (*bias_backward)(size_t rows, size_t n, const df_real* dy, df_real* dbias);

  /* forward: u += bias, g = gelu(u), tanh form. backward: recomputes g, d *= gelu'(u), dbias += sum of d over rows */
  void (*gelu_forward)(size_t rows, size_t n, const df_real* bias, df_real* u, df_real* g);
  void (*gelu_backward)(size_t rows, size_t n, const df_real* u, df_real* g, df_real* d, df_real* dbias);

  void (*silu_forward)(size_t n, const df_real* x, df_real* y);  /* y = silu(x) = x sigmoid(x) */
  void (*silu_backward)(size_t n, const df_real* x, df_real* d); /* d *= silu'(x) */
  void (*elu_forward)(size_t n, const df_real* x, df_real* y);   /* y = elu(x) = x if x > 0, else exp(x) - 1 */
  void (*elu_backward)(size_t n, const df_real* x, df_real* d);  /* d *= elu'(x) */

  /* layer norm and modulation: norm = (h - mean) * rstd over the width; out = norm * (1 + scale) + shift */
  void (*norm_forward)(const df_shape* s, const df_real* h, const df_real* shift, const df_real* scale, df_real* norm,
                       df_real* rstd, df_real* out);
  /* recomputes out from norm for the backward pass, which is cheaper than storing it */
  void (*modulate)(const df_shape* s, const df_real* norm, const df_real* shift, const df_real* scale, df_real* out);
  /* ADDS to dh; overwrites dshift and dscale, which have the stride of shift and scale; destroys dout */
  void (*norm_backward)(const df_shape* s, const df_real* norm, const df_real* rstd, const df_real* scale,
                        df_real* dout, df_real* dh, df_real* dshift, df_real* dscale);

  /* Group norm: norm = (h - mean) * rstd over the frames of a sample and the d / groups channels of a group; rstd
   * [B][d], equal in a group. backward: from the cotangent dout of norm * (1 + scale) + shift computes dshift and
   * dscale, which have the stride of scale, and replaces dout by the cotangent of h. */
  void (*group_forward)(const df_shape* s, size_t groups, const df_real* h, df_real* norm, df_real* rstd);
  void (*group_backward)(const df_shape* s, size_t groups, const df_real* norm, const df_real* rstd,
                         const df_real* scale, df_real* dout, df_real* dshift, df_real* dscale);

  /* forward: p += bias, h += gate * p. backward: dp = gate * dh, overwrites dgate, dbias += sum of dp over rows */
  void (*gate_forward)(const df_shape* s, const df_real* gate, const df_real* bias, df_real* p, df_real* h);
  void (*gate_backward)(const df_shape* s, const df_real* gate, const df_real* p, const df_real* dh, df_real* dp,
                        df_real* dgate, df_real* dbias);

  /* softmax in place of rows of n numbers; rows are df_round_to_lanes(n) apart, the padding is set to 0. backward: p is
   * the result of forward; dp, its cotangent, is replaced by the cotangent of the scores */
  void (*softmax_forward)(size_t rows, size_t n, df_real* s);
  void (*softmax_backward)(size_t rows, size_t n, const df_real* p, df_real* dp);

  /* one AdamW update; m = moment1, v = moment2, both updated first:
   * parameters -= rate * (m * correct1) / (sqrt(v * correct2) + epsilon) + decay * (decay[i] ? parameters : 0) */
  void (*adamw)(size_t n, const df_adamw_step* step, const df_real* gradient, const unsigned char* decay,
                df_real* moment1, df_real* moment2, df_real* parameters);
  /* average += weight * (parameters - average) */
  void (*ema)(size_t n, df_real weight, const df_real* parameters, df_real* average);
  void (*add)(size_t n, const df_real* x, df_real* y); /* y += x */
  double (*sum_squares)(size_t n, const df_real* x);   /* summed in double */
} df_kernels;

/* the kernels with the widest instruction set of this processor */
const df_kernels* df_kernels_best(void);

/* for tests: set i (0 base, 1 AVX2, 2 AVX-512); NULL if there is no such set or this processor cannot run it */
const df_kernels* df_kernels_at(int i);

#endif
