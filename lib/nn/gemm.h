/* gemm.h: the one product the layers use, on row-major matrices of df_real, through the library of df_blas_open. */
#ifndef NN_GEMM_H
#define NN_GEMM_H

#include <stddef.h>

#include "dynaflow/nn/real.h"

typedef enum df_op { DF_AS_IS = 111, DF_TRANSPOSED = 112 } df_op; /* CBLAS's numbers */

/* c [m][n] = alpha op(a) [m][k] op(b) [k][n] + beta c; ld_: elements from one row to the next, as stored */
void df_gemm(df_op op_a, df_op op_b, size_t m, size_t n, size_t k, df_real alpha, const df_real* a, size_t lda,
             const df_real* b, size_t ldb, df_real beta, df_real* c, size_t ldc);

#endif
