/* Products of bfloat16 factors: rounding, shapes, threads. Skipped where oneDNN or the processor's BF16 is missing. */
#include <omp.h>

#include "bf16.h"
#include "nn_support.h"

static bool opened;

static int open_bf16(void** state) {
  (void)state;
  df_blas_cfg cfg = df_blas_cfg_default();
  cfg.kernel = "bf16";
  cfg.threads = 4;
  opened = df_blas_open(&cfg) == DF_OK;
  return 0;
}

/* Skips the test, with the reason. */
static void need_bf16(void) {
  if (opened) return;
  print_message("skipped: bfloat16 products: oneDNN and AVX-512 BF16 are needed\n");
  skip();
}

static void what_is_missing_is_named(void** state) {
  (void)state;
  if (opened) {
    assert_int_equal(strncmp(df_blas_get_info()->kernel, "bf16+", 5), 0);
    assert_non_null(strstr(df_blas_get_info()->config, ", oneDNN "));
    return;
  }
  df_blas_cfg cfg = df_blas_cfg_default();
  cfg.kernel = "bf16";
  assert_int_equal(df_blas_open(&cfg), DF_E_BLAS);
  assert_int_equal(strncmp(df_error_message(), "kernel bf16 requested, but ", 27), 0);
  assert_null(df_blas_get_info());
}

/* x rounded to eight significant bits, ties to even, by arithmetic on its value */
static double rounded(double x) {
  int exponent;
  const double mantissa = frexp(x, &exponent); /* 0.5 .. 1 */
  return ldexp(nearbyint(ldexp(mantissa, 8)), exponent - 8);
}

/* c = alpha op(a) op(b) + beta c of factors that are rounded, or not, in double */
static void check_product(df_op op_a, df_op op_b, size_t m, size_t n, size_t k, bool rounds) {
  const size_t lda = (op_a == DF_AS_IS ? k : m) + 3, ldb = (op_b == DF_AS_IS ? n : k) + 5, ldc = n + 1;
  df_real *a = random_reals(1, (op_a == DF_AS_IS ? m : k) * lda, 1),
          *b = random_reals(2, (op_b == DF_AS_IS ? k : n) * ldb, 1);
  df_real *c = random_reals(3, m * ldc, 1), *before = copy_reals(m * ldc, c);
  df_gemm(op_a, op_b, m, n, k, 2, a, lda, b, ldb, 1, c, ldc);
  double worst = 0;
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j++) {
      double sum = 0;
      for (size_t l = 0; l < k; l++) {
        const double x = (double)(op_a == DF_AS_IS ? a[i * lda + l] : a[l * lda + i]);
        const double y = (double)(op_b == DF_AS_IS ? b[l * ldb + j] : b[j * ldb + l]);
        sum += rounds ? rounded(x) * rounded(y) : x * y;
      }
      worst = fmax(worst, fabs(2 * sum + (double)before[i * ldc + j] - (double)c[i * ldc + j]));
    }
    assert_true(c[i * ldc + n] == before[i * ldc + n]); /* what is between the rows stays */
  }
  /* sums of k products of order 1 in float: some sqrt(k) roundings of 6e-8 times sqrt(k); without rounding the factors
   * to 8 bits they would differ by 4e-3 sqrt(k) */
  assert_below(worst, 2e-6 * (double)k, "product");
  df_real* const all[] = {a, b, c, before};
  for (size_t i = 0; i < COUNT(all); i++) df_free(all[i]);
}

static void factors_of_large_products_are_rounded_and_of_small_ones_not(void** state) {
  (void)state;
  need_bf16();
  assert_true(df_bf16_pays(64, 96, 48) && !df_bf16_pays(16, 16, 64));
  for (int kind = 0; kind < 4; kind++) {
    const df_op op_a = kind & 1 ? DF_TRANSPOSED : DF_AS_IS, op_b = kind & 2 ? DF_TRANSPOSED : DF_AS_IS;
    check_product(op_a, op_b, 64, 96, 48, true);
    check_product(op_a, op_b, 67, 71, 53, true); /* no multiple of a vector */
    check_product(op_a, op_b, 1, 1920, 96, true);
    check_product(op_a, op_b, 16, 16, 64, false);
  }
}

static void a_nan_stays_one(void** state) {
  (void)state;
  need_bf16();
  enum { N = 64 };
  df_real *a = zero_reals(N * N), *b = zero_reals(N * N), *c = zero_reals(N * N);
  a[N] = (df_real)NAN;
  df_gemm(DF_AS_IS, DF_AS_IS, N, N, N, 1, a, N, b, N, 0, c, N);
  for (size_t j = 0; j < N; j++) assert_true(c[j] == 0 && isnan(c[N + j]));
  df_free(a);
  df_free(b);
  df_free(c);
}

static void calls_of_several_threads_give_the_same_bits(void** state) {
  (void)state;
  need_bf16();
  enum { M = 96, N = 128, K = 64, CALLS = 64 };
  df_real *a = random_reals(1, M * K, 1), *b = random_reals(2, K * N, 1), *right = zero_reals(M * N);
  df_real* c[CALLS];
  int different = 0;
  df_gemm(DF_AS_IS, DF_AS_IS, M, N, K, 1, a, K, b, N, 0, right, N);
  for (int i = 0; i < CALLS; i++) c[i] = zero_reals(M * N);
#pragma omp parallel for num_threads(4)
  for (int i = 0; i < CALLS; i++) df_gemm(DF_AS_IS, DF_AS_IS, M, N, K, 1, a, K, b, N, 0, c[i], N);
  for (int i = 0; i < CALLS; i++) {
    different += memcmp(c[i], right, M * N * sizeof *right) != 0;
    df_free(c[i]);
  }
  assert_int_equal(different, 0);
  df_free(a);
  df_free(b);
  df_free(right);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_missing_is_named),
      cmocka_unit_test(factors_of_large_products_are_rounded_and_of_small_ones_not),
      cmocka_unit_test(a_nan_stays_one),
      cmocka_unit_test(calls_of_several_threads_give_the_same_bits),
  };
  return cmocka_run_group_tests(tests, open_bf16, NULL);
}
