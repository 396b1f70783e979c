#include "layers.h"

#include <math.h>

/* ---- linear ---- */
void df_linear_forward(const df_kernels* k, size_t rows, size_t in, size_t out, const df_real* x, const df_real* weight,
                       const df_real* bias, bool add, df_real* y) {
  if (bias && add) k->bias_forward(rows, out, bias, y);
  if (bias && !add) k->bias_fill(rows, out, bias, y);
  df_gemm(DF_AS_IS, DF_TRANSPOSED, rows, out, in, 1, x, in, weight, in, bias || add ? 1 : 0, y, out);
}

void df_linear_backward_input(size_t rows, size_t in, size_t out, const df_real* weight, const df_real* dy, bool add,
                              df_real* dx) {
  if (dx) df_gemm(DF_AS_IS, DF_AS_IS, rows, in, out, 1, dy, out, weight, in, add ? 1 : 0, dx, in);
}

void df_linear_backward_weight(const df_kernels* k, size_t rows, size_t in, size_t out, const df_real* x,
                               const df_real* dy, df_real* dweight, df_real* dbias) {
  df_gemm(DF_TRANSPOSED, DF_AS_IS, out, in, rows, 1, dy, out, x, in, 1, dweight, in);
  if (dbias) k->bias_backward(rows, out, dy, dbias);
}

/* ---- attention ---- */
static df_real score_scale(size_t head) {
  return (df_real)(1 / sqrt((double)head));
}

void df_attention_forward(const df_kernels* k, const df_attention* a, const df_real* qkv, df_real* weights,
                          df_real* out) {
  const size_t T = a->T, d = a->d, head = d / a->heads, ld = df_round_to_lanes(T);
  for (size_t b = 0; b < a->B; b++) {
    const df_real* row = qkv + b * T * 3 * d;
    df_real* p = weights + b * df_attention_weights(a);

    /* scores of every head, softmax, weighted sum of values */
    for (size_t h = 0; h < a->heads; h++) {
      const df_real *q = row + h * head, *key = q + d;
      df_gemm(DF_AS_IS, DF_TRANSPOSED, T, T, head, score_scale(head), q, 3 * d, key, 3 * d, 0, p + h * T * ld, ld);
    }
    k->softmax_forward(a->heads * T, T, p);
    for (size_t h = 0; h < a->heads; h++) {
      const df_real* value = row + 2 * d + h * head;
      df_gemm(DF_AS_IS, DF_AS_IS, T, head, T, 1, p + h * T * ld, ld, value, 3 * d, 0, out + b * T * d + h * head, d);
    }
  }
}

void df_attention_backward(const df_kernels* k, const df_attention* a, const df_real* qkv, const df_real* weights,
                           const df_real* dout, df_real* scratch, df_real* dqkv) {
  const size_t T = a->T, d = a->d, head = d / a->heads, ld = df_round_to_lanes(T), d3 = 3 * d;
  for (size_t b = 0; b < a->B; b++) {
    const df_real *row = qkv + b * T * d3, *p = weights + b * df_attention_weights(a), *dout_b = dout + b * T * d;
    df_real* drow = dqkv + b * T * d3;

    /* cotangents of weights and values */
    for (size_t h = 0; h < a->heads; h++) {
      const df_real *ph = p + h * T * ld, *dout_h = dout_b + h * head, *value = row + 2 * d + h * head;
      df_gemm(DF_AS_IS, DF_TRANSPOSED, T, T, head, 1, dout_h, d, value, d3, 0, scratch + h * T * ld, ld);
      df_gemm(DF_TRANSPOSED, DF_AS_IS, T, head, T, 1, ph, ld, dout_h, d, 0, drow + 2 * d + h * head, d3);
    }

    /* cotangents of scores, queries and keys */
    k->softmax_backward(a->heads * T, T, p, scratch);
    for (size_t h = 0; h < a->heads; h++) {
      const df_real *ds = scratch + h * T * ld, *q = row + h * head, *key = q + d;
      df_real *dq = drow + h * head, *dkey = dq + d;
      df_gemm(DF_AS_IS, DF_AS_IS, T, head, T, score_scale(head), ds, ld, key, d3, 0, dq, d3);
      df_gemm(DF_TRANSPOSED, DF_AS_IS, T, head, T, score_scale(head), ds, ld, q, d3, 0, dkey, d3);
    }
  }
}

/* ---- flow time ---- */
void df_time_features(size_t B, const df_real* t, df_real* out) {
  /* angular frequencies from 0.5 to 100, evenly spaced in the logarithm; flow time is in [0,1] */
  static const double slowest = .5, span = 200;
  for (size_t b = 0; b < B; b++) {
    for (size_t i = 0; i < DF_TIME_FEATURES / 2; i++) {
      const double w = slowest * pow(span, (double)i / (DF_TIME_FEATURES / 2 - 1));
      out[b * DF_TIME_FEATURES + 2 * i] = (df_real)sin(w * (double)t[b]);
      out[b * DF_TIME_FEATURES + 2 * i + 1] = (df_real)cos(w * (double)t[b]);
    }
  }
}
