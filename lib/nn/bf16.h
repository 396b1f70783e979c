/* bf16.h: matrix products with factors rounded to bfloat16 and sums in float, by oneDNN, which is loaded at run time.
 */
#ifndef LIB_NN_BF16_H
#define LIB_NN_BF16_H

#include <stdbool.h>
#include <stdint.h>

#include "dynaflow/nn/gemm.h"

/* dnnl_gemm_bf16bf16f32 of oneDNN 2 and 3: row-major; 'N': as it is, 'T': transposed; bfloat16 factors as 16 bits;
 * returns 0 on success */
typedef int df_bf16_product(char op_a, char op_b, int64_t m, int64_t n, int64_t k, float alpha, const uint16_t* a,
                            int64_t lda, const uint16_t* b, int64_t ldb, float beta, float* c, int64_t ldc);

/* DF_E_BLAS if the processor has no AVX-512 BF16, and in the build for double numbers */
DF_MUST_CHECK df_status df_bf16_supported(void);

/* Takes the function of a library, whose name is for the message, and tries it. Errors: those of df_bf16_supported() in
 * the build for double numbers; DF_E_BLAS for a wrong product; DF_E_NOMEM. Not to be called concurrently. */
DF_MUST_CHECK df_status df_bf16_use(df_bf16_product* product, const char* library);

/* Whether a product is large enough to be faster than in float, with the conversion of its factors. */
bool df_bf16_pays(size_t m, size_t n, size_t k);

/* df_gemm() with a and b rounded to the nearest bfloat16, on the calling thread alone. Its buffers for converted
 * factors belong to the thread and grow; they are freed when it ends. Returns false, with nothing computed, without
 * memory. */
bool df_bf16_gemm(df_op op_a, df_op op_b, size_t m, size_t n, size_t k, df_real alpha, const df_real* a, size_t lda,
                  const df_real* b, size_t ldb, df_real beta, df_real* c, size_t ldc);

#endif
