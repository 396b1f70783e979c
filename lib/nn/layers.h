/* layers.h: linear layers and attention, built on the product of gemm.h. Layer norm, activations and softmax are loops
 * over elements: kernels.h declares them, kernels_loops.h has the formulas. */
#ifndef LIB_NN_LAYERS_H
#define LIB_NN_LAYERS_H

#include <stdbool.h>

#include "dynaflow/nn/gemm.h"
#include "kernels.h"

/* y [rows][out] = x [rows][in] * (weight [out][in])^T + bias [out]; bias NULL: none; add: the result is added to y */
void df_linear_forward(const df_kernels* k, size_t rows, size_t in, size_t out, const df_real* x, const df_real* weight,
                       const df_real* bias, bool add, df_real* y);

/* dx [rows][in] = dy * weight, or += if `add`; does nothing if dx is NULL */
void df_linear_backward_input(size_t rows, size_t in, size_t out, const df_real* weight, const df_real* dy, bool add,
                              df_real* dx);

/* dweight += dy^T * x, dbias += sum of dy over rows; dbias NULL: the layer has no bias, or another kernel adds to it */
void df_linear_backward_weight(const df_kernels* k, size_t rows, size_t in, size_t out, const df_real* x,
                               const df_real* dy, df_real* dweight, df_real* dbias);

typedef struct df_attention {
  size_t B, T, heads, d; /* heads divides d */
} df_attention;

/* number of attention weights of one sample, [heads][T][T rounded up to lanes] */
static inline size_t df_attention_weights(const df_attention* a) {
  return a->heads * a->T * df_round_to_lanes(a->T);
}

/* Multi-head attention of every token to every token: from qkv [B][T][3d] (queries, keys, values) computes the softmax
 * weights [B][heads][T][T rounded up to lanes] and out [B][T][d]. */
void df_attention_forward(const df_kernels* k, const df_attention* a, const df_real* qkv, df_real* weights,
                          df_real* out);

/* Overwrites dqkv [B][T][3d] from dout [B][T][d]; scratch has room for the weights of one sample. */
void df_attention_backward(const df_kernels* k, const df_attention* a, const df_real* qkv, const df_real* weights,
                           const df_real* dout, df_real* scratch, df_real* dqkv);

/* out [B][DF_TIME_FEATURES]: sines and cosines of the flow time t [B], from low to high frequency */
enum { DF_TIME_FEATURES = 32 };
void df_time_features(size_t B, const df_real* t, df_real* out);

#endif
