/* The kernel choice of OpenBLAS and concurrent calls. The order of the tests matters: refused libraries come before the
 * successful load. */
#define _POSIX_C_SOURCE 200809L
#include <omp.h>

#include "dynaflow/core/clock.h"
#include "dynaflow/nn/gemm.h"
#include "nn_support.h"

static void a_net_before_the_library_is_refused(void** state) {
  (void)state;
  df_net_cfg cfg = df_net_cfg_default();
  cfg.tokens = cfg.in = cfg.out = cfg.cond = 2;
  df_net* net = (df_net*)&cfg;
  assert_int_equal(df_net_new(&cfg, &net), DF_E_BLAS);
  assert_null(net);
  assert_null(df_blas_get_info());
}

static void an_unknown_kernel_is_refused_with_both_names(void** state) {
  (void)state;
  df_blas_cfg cfg = df_blas_cfg_default();
  cfg.kernel = "Nonsuch";
  assert_int_equal(df_blas_open(&cfg), DF_E_BLAS);
  assert_non_null(strstr(df_error_message(), "kernel Nonsuch requested"));
  assert_non_null(strstr(df_error_message(), "runs kernel "));
  assert_null(df_blas_get_info());
}

static void a_missing_library_is_named(void** state) {
  (void)state;
  df_blas_cfg cfg = df_blas_cfg_default();
  cfg.library = "libnonsuch-blas.so.7";
  assert_int_equal(df_blas_open(&cfg), DF_E_BLAS);
  assert_non_null(strstr(df_error_message(), "libnonsuch-blas.so.7"));
  cfg.library = "libm.so.6"; /* exists, but is not a BLAS */
  assert_int_equal(df_blas_open(&cfg), DF_E_BLAS);
  assert_non_null(strstr(df_error_message(), "libm.so.6 is not an OpenBLAS"));
}

static void bad_arguments_are_refused(void** state) {
  (void)state;
  df_blas_cfg cfg = df_blas_cfg_default();
  cfg.threads = 0;
  assert_int_equal(df_blas_open(&cfg), DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "threads is 0"));
  assert_int_equal(df_blas_open(NULL), DF_E_ARG);
}

/* an environment variable set by the user must neither decide the kernel nor be lost */
static void the_environment_does_not_decide_and_is_left_as_it_was(void** state) {
  (void)state;
  setenv("OPENBLAS_CORETYPE", "Prescott", 1);
  unsetenv("OPENBLAS_NUM_THREADS");
  df_blas_cfg cfg = df_blas_cfg_default();
  cfg.threads = 4;
  assert_int_equal(df_blas_open(&cfg), DF_OK);
  assert_string_equal(getenv("OPENBLAS_CORETYPE"), "Prescott");
  assert_null(getenv("OPENBLAS_NUM_THREADS"));
  const df_blas_info* info = df_blas_get_info();
  assert_non_null(info);
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    assert_string_not_equal(info->kernel, "Prescott");
#endif
  assert_non_null(strstr(info->config, "OpenBLAS"));
  assert_false(info->slower_than_cpu);
}

static void a_second_call_must_ask_for_the_same_kernel(void** state) {
  (void)state;
  df_blas_cfg cfg = df_blas_cfg_default();
  assert_int_equal(df_blas_open(&cfg), DF_OK);
  cfg.kernel = df_blas_get_info()->kernel;
  assert_int_equal(df_blas_open(&cfg), DF_OK);
  cfg.kernel = "Prescott";
  assert_int_equal(df_blas_open(&cfg), DF_E_BLAS);
  assert_non_null(strstr(df_error_message(), "Prescott"));
  assert_non_null(strstr(df_error_message(), df_blas_get_info()->kernel));
}

typedef struct product {
  df_op op_a, op_b;
  size_t m, n, k;
} product;

/* edge sizes, and the shapes of a micro-batch */
static const product products[] = {
    {DF_AS_IS, DF_TRANSPOSED, 1, 1, 1},    {DF_AS_IS, DF_AS_IS, 3, 5, 7},
    {DF_TRANSPOSED, DF_AS_IS, 7, 3, 1},    {DF_AS_IS, DF_TRANSPOSED, 8, 192, 96},
    {DF_AS_IS, DF_AS_IS, 8, 96, 192},      {DF_TRANSPOSED, DF_AS_IS, 32, 96, 128},
    {DF_AS_IS, DF_TRANSPOSED, 16, 16, 24}, {DF_AS_IS, DF_TRANSPOSED, 128, 96, 96},
    {DF_AS_IS, DF_AS_IS, 56, 24, 56},      {DF_AS_IS, DF_TRANSPOSED, 13, 17, 96},
};

static void run(const product* q, const df_real* a, const df_real* b, df_real* c) {
  const size_t lda = q->op_a == DF_AS_IS ? q->k : q->m, ldb = q->op_b == DF_AS_IS ? q->n : q->k;
  df_gemm(q->op_a, q->op_b, q->m, q->n, q->k, 1, a, lda, b, ldb, 0, c, q->n);
}

static void products_agree_with_three_loops(void** state) {
  (void)state;
  df_real *a = random_reals(1, 200 * 200, 1), *b = random_reals(2, 200 * 200, 1), *c = zero_reals(200 * 200);
  for (size_t i = 0; i < COUNT(products); i++) {
    const product q = products[i];
    run(&q, a, b, c);
    for (size_t r = 0; r < q.m; r++) {
      for (size_t s = 0; s < q.n; s++) {
        double sum = 0;
        for (size_t k = 0; k < q.k; k++) {
          sum += (double)a[q.op_a == DF_AS_IS ? r * q.k + k : k * q.m + r] *
                 (double)b[q.op_b == DF_AS_IS ? k * q.n + s : s * q.k + k];
        }
        /* single precision: up to 7e-7 sqrt(length) for numbers below 1; these reach 4 */
        assert_below(fabs(sum - (double)c[r * q.n + s]) / sqrt((double)q.k), 3e-6, "product");
      }
    }
  }
  df_free(a);
  df_free(b);
  df_free(c);
}

/* short products from several threads at once for one second, which reveals a build that is not thread-safe */
static void concurrent_short_products_give_the_same_bits(void** state) {
  (void)state;
  enum { SIZE = 200 * 200 };
  df_real *a = random_reals(1, SIZE, 1), *b = random_reals(2, SIZE, 1), *right[COUNT(products)];
  for (size_t i = 0; i < COUNT(products); i++) {
    right[i] = zero_reals(SIZE);
    run(&products[i], a, b, right[i]);
  }
  for (int threads = 1; threads <= 4; threads *= 2) {
    long wrong = 0, calls = 0;
    const double end = df_clock_wall() + (threads == 1 ? .1 : .5);
#pragma omp parallel num_threads(threads) reduction(+ : wrong, calls)
    {
      df_real* c = df_alloc(SIZE, sizeof *c);
      uint32_t draw = 12345u * (uint32_t)(omp_get_thread_num() + 1);
      while (c && df_clock_wall() < end) {
        for (int repeat = 0; repeat < 50; repeat++, calls++) {
          draw = draw * 1664525u + 1013904223u;
          const size_t i = (draw >> 16) % COUNT(products);
          run(&products[i], a, b, c);
          if (memcmp(c, right[i], products[i].m * products[i].n * sizeof *c) != 0) wrong++;
        }
      }
      df_free(c);
    }
    assert_true(calls > 1000);
    assert_int_equal(wrong, 0);
  }
  for (size_t i = 0; i < COUNT(products); i++) df_free(right[i]);
  df_free(a);
  df_free(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_net_before_the_library_is_refused),
      cmocka_unit_test(an_unknown_kernel_is_refused_with_both_names),
      cmocka_unit_test(a_missing_library_is_named),
      cmocka_unit_test(bad_arguments_are_refused),
      cmocka_unit_test(the_environment_does_not_decide_and_is_left_as_it_was),
      cmocka_unit_test(a_second_call_must_ask_for_the_same_kernel),
      cmocka_unit_test(products_agree_with_three_loops),
      cmocka_unit_test(concurrent_short_products_give_the_same_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
