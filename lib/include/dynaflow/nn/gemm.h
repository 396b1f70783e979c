/* gemm.h: the matrix product of the networks, row-major, of df_real, by the back end that df_blas_open() chose. */
#ifndef DYNAFLOW_NN_GEMM_H
#define DYNAFLOW_NN_GEMM_H

#include <stddef.h>

#include "dynaflow/core/status.h"
#include "dynaflow/nn/real.h"

DF_BEGIN_DECLS

typedef enum df_op { DF_AS_IS = 111, DF_TRANSPOSED = 112 } df_op; /* the values of CBLAS */

/* c [m][n] = alpha op(a) [m][k] op(b) [k][n] + beta c; lda, ldb, ldc: elements between the starts of stored rows. With
 * beta = 0, c need not be initialised. Requires a successful df_blas_open(). Sizes must fit an int. */
DF_API void df_gemm(df_op op_a, df_op op_b, size_t m, size_t n, size_t k, df_real alpha, const df_real* a, size_t lda,
                    const df_real* b, size_t ldb, df_real beta, df_real* c, size_t ldc);

/* the shape of one product */
typedef struct df_gemm_shape {
  df_op op_a, op_b;
  size_t m, n, k;
  size_t lda, ldb, ldc;
} df_gemm_shape;

/* For benchmarks: `seen` is called with the shape of every product before it is computed, by the thread that computes
 * it; NULL ends that. Process-wide; to be called while no product is computed. */
DF_API void df_gemm_observe(void (*seen)(void* context, const df_gemm_shape* shape), void* context);

DF_END_DECLS

#endif
