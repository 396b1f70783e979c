#define _POSIX_C_SOURCE 200809L
#include "bf16.h"

#if defined(__x86_64__) && !defined(DF_REAL_DOUBLE)
#include <immintrin.h>
#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <stdint.h>

#include "dynaflow/core/alloc.h"

static df_bf16_product* multiply;

/* ---- the buffers of a thread ---- */
typedef struct buffers {
  uint16_t* factor[2];
  size_t room[2];
} buffers;

static pthread_key_t key;

static void free_buffers(void* memory) {
  buffers* b = memory;
  df_free(b->factor[0]);
  df_free(b->factor[1]);
  df_free(b);
}

/* room for n numbers of factor i; NULL without memory */
static uint16_t* room_for(int i, size_t n) {
  buffers* b = pthread_getspecific(key);
  if (!b) {
    b = df_alloc(1, sizeof *b);
    if (!b || pthread_setspecific(key, b) != 0) {
      df_free(b);
      return NULL;
    }
  }
  if (n > b->room[i]) {
    df_free(b->factor[i]);
    b->room[i] = 0;
    b->factor[i] = df_alloc(n, sizeof *b->factor[i]);
    if (b->factor[i]) b->room[i] = n;
  }
  return b->factor[i];
}

/* ---- conversion ---- */

/* y [n] = x rounded to the nearest bfloat16; NaN stays NaN */
__attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"))) static void convert(size_t n, const float* x,
                                                                                    uint16_t* y) {
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m256i v = (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(x + i));
    _mm256_storeu_si256((__m256i*)(void*)(y + i), v);
  }
  if (i == n) return;
  const __mmask16 rest = (__mmask16)((1U << (n - i)) - 1);
  const __m256i v = (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(rest, x + i));
  _mm256_mask_storeu_epi16(y + i, rest, v);
}

/* the rows [rows][columns] of a factor, ld apart, one after the other; NULL without memory */
static const uint16_t* converted(int i, size_t rows, size_t columns, const float* x, size_t ld) {
  uint16_t* y = room_for(i, rows * columns);
  if (!y) return NULL;
  if (ld == columns) {
    convert(rows * columns, x, y);
  } else {
    for (size_t r = 0; r < rows; r++) convert(columns, x + r * ld, y + r * columns);
  }
  return y;
}

/* ---- products ---- */
bool df_bf16_pays(size_t m, size_t n, size_t k) {
  static const size_t LEAST = 1 << 17; /* below, the call and the conversion cost more than is saved */
  return m * n * k >= LEAST;
}

bool df_bf16_gemm(df_op op_a, df_op op_b, size_t m, size_t n, size_t k, df_real alpha, const df_real* a, size_t lda,
                  const df_real* b, size_t ldb, df_real beta, df_real* c, size_t ldc) {
  const size_t rows_a = op_a == DF_AS_IS ? m : k, columns_a = op_a == DF_AS_IS ? k : m;
  const size_t rows_b = op_b == DF_AS_IS ? k : n, columns_b = op_b == DF_AS_IS ? n : k;
  const uint16_t* low_a = converted(0, rows_a, columns_a, a, lda);
  const uint16_t* low_b = converted(1, rows_b, columns_b, b, ldb);
  if (!low_a || !low_b) return false;
  /* oneDNN takes the number of threads of the caller's OpenMP; all regions of this library state their own */
  if (omp_get_max_threads() != 1) omp_set_num_threads(1);
  return multiply(op_a == DF_AS_IS ? 'N' : 'T', op_b == DF_AS_IS ? 'N' : 'T', (int64_t)m, (int64_t)n, (int64_t)k, alpha,
                  low_a, (int64_t)columns_a, low_b, (int64_t)columns_b, beta, c, (int64_t)ldc) == 0;
}

/* ---- the function of the library ---- */

/* whether c = 2 a b + c is right for small whole numbers, which bfloat16 holds */
static bool product_is_right(void) {
  float a[6] = {1, -2, 3, 4, 5, -6}, b[6] = {7, 8, -9, 1, 2, 3}, c[4] = {1, 2, 3, 4};
  static const float right[4] = {2 * (7 + 18 + 6) + 1, 2 * (8 - 2 + 9) + 2, 2 * (28 - 45 - 12) + 3,
                                 2 * (32 + 5 - 18) + 4};
  if (!df_bf16_gemm(DF_AS_IS, DF_AS_IS, 2, 2, 3, 2, a, 3, b, 2, 1, c, 2)) return false;
  for (int i = 0; i < 4; i++) {
    if (c[i] != right[i]) return false;
  }
  return true;
}

df_status df_bf16_supported(void) {
  if (__builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vl")) return DF_OK;
  return df_fail(DF_E_BLAS, "kernel bf16 requested, but this processor has no AVX-512 BF16");
}

df_status df_bf16_use(df_bf16_product* product, const char* library) {
  static bool has_key;
  if (!has_key && pthread_key_create(&key, free_buffers) != 0) return df_fail(DF_E_NOMEM, "no key for thread buffers");
  has_key = true;
  multiply = product;
  return product_is_right() ? DF_OK : df_fail(DF_E_BLAS, "%s gives a wrong product of bfloat16 numbers", library);
}

#else

df_status df_bf16_supported(void) {
  return df_fail(DF_E_BLAS, "kernel bf16 requested, but this build has no products of bfloat16 numbers");
}
df_status df_bf16_use(df_bf16_product* product, const char* library) {
  (void)product, (void)library;
  return df_bf16_supported();
}
bool df_bf16_pays(size_t m, size_t n, size_t k) {
  (void)m, (void)n, (void)k;
  return false;
}
bool df_bf16_gemm(df_op op_a, df_op op_b, size_t m, size_t n, size_t k, df_real alpha, const df_real* a, size_t lda,
                  const df_real* b, size_t ldb, df_real beta, df_real* c, size_t ldc) {
  (void)op_a, (void)op_b, (void)m, (void)n, (void)k, (void)alpha, (void)a, (void)lda, (void)b, (void)ldb, (void)beta;
  (void)c, (void)ldc;
  return false;
}

#endif
