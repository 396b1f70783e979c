/* kernels.h: the loops between the matrix products, compiled for several instruction sets.
 *
 * Every set gives the same bits: sums run in eight fixed lanes, nothing is contracted to fused multiply-adds, and exp
 * is our own polynomial (float: relative error below 1e-7; double, which serves gradient checks only, takes libm's).
 * Arrays are row-major. A modulation row holds six (or two) vectors of a sample's block; `stride` leads from one
 * sample's row to the next. */
#ifndef NN_KERNELS_H
#define NN_KERNELS_H

#include <stddef.h>

#include "dynaflow/nn/real.h"

/* rows are padded to whole lanes where a kernel says so */
enum { DF_LANES = 8 };
static inline size_t df_round_to_lanes(size_t n) {
  return (n + DF_LANES - 1) / DF_LANES * DF_LANES;
}

/* samples, tokens and width of a token array [B][T][d], and the stride of modulation rows */
typedef struct df_shape {
  size_t B, T, d, stride;
} df_shape;

typedef struct df_adamw_step {
  df_real scale, beta1, beta2, rate, decay; /* scale: of the gradient, by clipping; decay: rate times weight decay */
  df_real correct1, correct2, epsilon;      /* factors that undo the bias of the moments */
} df_adamw_step;

typedef struct df_kernels {
  const char* name;
  void (*exp)(size_t n, const df_real* x, df_real* y);

  /* y [rows][n] = or += bias [n] */
  void (*bias_fill)(size_t rows, size_t n, const df_real* bias, df_real* y);
  void (*bias_forward)(size_t rows, size_t n, const df_real* bias, df_real* y);
  /* dbias [n] += sum over rows */
  void (*bias_backward)(size_t rows, size_t n, const df_real* dy, df_real* dbias);

  /* u += bias; g = gelu(u), in the tanh form. Backward: g again, d *= gelu'(u), dbias += sum of d over rows */
  void (*gelu_forward)(size_t rows, size_t n, const df_real* bias, df_real* u, df_real* g);
  void (*gelu_backward)(size_t rows, size_t n, const df_real* u, df_real* g, df_real* d, df_real* dbias);

  void (*silu_forward)(size_t n, const df_real* x, df_real* y);
  void (*silu_backward)(size_t n, const df_real* x, df_real* d); /* d *= silu'(x) */

  /* norm = (h - mean) rstd over the width; out = norm (1 + scale) + shift */
  void (*norm_forward)(const df_shape* s, const df_real* h, const df_real* shift, const df_real* scale, df_real* norm,
                       df_real* rstd, df_real* out);
  /* out once more, from norm: the backward pass needs it and it is cheaper to form than to keep */
  void (*modulate)(const df_shape* s, const df_real* norm, const df_real* shift, const df_real* scale, df_real* out);
  /* dh += adjoint; dshift, dscale overwritten, with the same stride as shift and scale; dout is clobbered */
  void (*norm_backward)(const df_shape* s, const df_real* norm, const df_real* rstd, const df_real* scale,
                        df_real* dout, df_real* dh, df_real* dshift, df_real* dscale);

  /* p += bias; h += gate p. Backward: dp = gate dh, dgate overwritten, dbias += sum of dp over rows */
  void (*gate_forward)(const df_shape* s, const df_real* gate, const df_real* bias, df_real* p, df_real* h);
  void (*gate_backward)(const df_shape* s, const df_real* gate, const df_real* p, const df_real* dh, df_real* dp,
                        df_real* dgate, df_real* dbias);

  /* rows of n numbers, ld apart, ld = n rounded up to lanes. Backward: dp becomes the adjoint of the scores */
  void (*softmax_forward)(size_t rows, size_t n, df_real* s);
  void (*softmax_backward)(size_t rows, size_t n, const df_real* p, df_real* dp);

  void (*adamw)(size_t n, const df_adamw_step* step, const df_real* gradient, const unsigned char* decay,
                df_real* moment1, df_real* moment2, df_real* parameters);
  void (*ema)(size_t n, df_real weight, const df_real* parameters, df_real* average);
  void (*add)(size_t n, const df_real* x, df_real* y); /* y += x */
  double (*sum_squares)(size_t n, const df_real* x);
} df_kernels;

/* the kernels for this processor */
const df_kernels* df_kernels_best(void);

/* for tests: the i-th set this processor can run, NULL beyond the last */
const df_kernels* df_kernels_at(int i);

#endif
