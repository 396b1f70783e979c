/* layers.h: linear layers and attention over the products of gemm.h; the element-wise layers stand in kernels.h. */
#ifndef NN_LAYERS_H
#define NN_LAYERS_H

#include <stdbool.h>

#include "gemm.h"
#include "kernels.h"

/* y [rows][out] = x [rows][in] weight^T [out][in] + bias [out]; bias NULL: none; add: onto what y holds */
void df_linear_forward(const df_kernels* k, size_t rows, size_t in, size_t out, const df_real* x, const df_real* weight,
                       const df_real* bias, bool add, df_real* y);

/* dx [rows][in] = dy weight, or += if `add`; NULL: not wanted */
void df_linear_backward_input(size_t rows, size_t in, size_t out, const df_real* weight, const df_real* dy, bool add,
                              df_real* dx);

/* dweight += dy^T x, dbias += sum of dy over rows; dbias NULL: another kernel does it */
void df_linear_backward_weight(const df_kernels* k, size_t rows, size_t in, size_t out, const df_real* x,
                               const df_real* dy, df_real* dweight, df_real* dbias);

typedef struct df_attention {
  size_t B, T, heads, d; /* heads divides d */
} df_attention;

/* numbers of one sample's softmax weights: [heads][T][T rounded up to lanes] */
static inline size_t df_attention_weights(const df_attention* a) {
  return a->heads * a->T * df_round_to_lanes(a->T);
}

/* qkv [B][T][3d] -> weights [B] as above, out [B][T][d]; every token sees every token */
void df_attention_forward(const df_kernels* k, const df_attention* a, const df_real* qkv, df_real* weights,
                          df_real* out);

/* dqkv overwritten; scratch holds one sample's weights */
void df_attention_backward(const df_kernels* k, const df_attention* a, const df_real* qkv, const df_real* weights,
                           const df_real* dout, df_real* scratch, df_real* dqkv);

/* features of the flow time t [B], sines and cosines from slow to fast: [B][DF_TIME_FEATURES] */
enum { DF_TIME_FEATURES = 32 };
void df_time_features(size_t B, const df_real* t, df_real* out);

#endif
