/* gemm.h: the matrix product of the layers, row-major, of df_real, by the library that df_blas_open loaded. */
#ifndef LIB_NN_GEMM_H
#define LIB_NN_GEMM_H

#include <stddef.h>

#include "dynaflow/nn/real.h"

typedef enum df_op { DF_AS_IS = 111, DF_TRANSPOSED = 112 } df_op; /* the values of CBLAS */

/* c [m][n] = alpha op(a) [m][k] op(b) [k][n] + beta c; lda, ldb, ldc: elements between the starts of stored rows.
 * Sizes must fit an int. */
void df_gemm(df_op op_a, df_op op_b, size_t m, size_t n, size_t k, df_real alpha, const df_real* a, size_t lda,
             const df_real* b, size_t ldb, df_real beta, df_real* c, size_t ldc);

#endif
