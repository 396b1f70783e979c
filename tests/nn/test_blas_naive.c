/* The back end of plain loops, and the observer of products. */
#include "dynaflow/nn/gemm.h"
#include "nn_support.h"

static int open_naive(void** state) {
  (void)state;
  df_blas_cfg cfg = df_blas_cfg_default();
  cfg.kernel = "naive";
  cfg.threads = 4;
  return df_blas_open(&cfg) == DF_OK ? 0 : 1;
}

static void it_is_named(void** state) {
  (void)state;
  assert_string_equal(df_blas_get_info()->kernel, "naive");
  assert_string_equal(df_blas_get_info()->config, "plain loops");
  assert_false(df_blas_get_info()->slower_than_cpu);
  df_blas_cfg cfg = df_blas_cfg_default();
  cfg.kernel = "Haswell";
  assert_int_equal(df_blas_open(&cfg), DF_E_BLAS);
  assert_string_equal(df_error_message(), "kernel Haswell requested, but plain loops runs kernel naive");
}

/* c = 2 op(a) op(b) + 3 c by a loop of its own, with rows that are further apart than they are long */
static void products_are_right_for_all_operands(void** state) {
  (void)state;
  enum { M = 3, N = 4, K = 5, LD = 7 };
  df_real *a = random_reals(1, LD * LD, 1), *b = random_reals(2, LD * LD, 1), *before = random_reals(3, LD * LD, 1);
  for (int kind = 0; kind < 4; kind++) {
    const df_op op_a = kind & 1 ? DF_TRANSPOSED : DF_AS_IS, op_b = kind & 2 ? DF_TRANSPOSED : DF_AS_IS;
    for (int beta = 0; beta <= 3; beta += 3) {
      df_real* c = copy_reals(LD * LD, before);
      if (beta == 0) c[0] = (df_real)NAN; /* need not be initialised */
      df_gemm(op_a, op_b, M, N, K, 2, a, LD, b, LD, (df_real)beta, c, LD);
      for (int i = 0; i < LD; i++) {
        for (int j = 0; j < LD; j++) {
          double sum = (double)before[i * LD + j];
          if (i < M && j < N) {
            sum = beta * (beta ? sum : 0);
            for (int l = 0; l < K; l++)
              sum +=
                  2.0 * (double)a[kind & 1 ? l * LD + i : i * LD + l] * (double)b[kind & 2 ? j * LD + l : l * LD + j];
          }
          assert_below(fabs((double)c[i * LD + j] - sum), 1e-5, "an element"); /* some roundings of floats */
        }
      }
      df_free(c);
    }
  }
  df_free(a);
  df_free(b);
  df_free(before);
}

static void note_product(void* context, const df_gemm_shape* shape) {
  df_gemm_shape* last = context;
  *last = *shape;
}

static void the_observer_sees_every_product_until_it_is_removed(void** state) {
  (void)state;
  df_real x[24] = {0}, y[24] = {0}, z[24] = {0};
  df_gemm_shape last = {.m = 0};
  df_gemm_observe(note_product, &last);
  df_gemm(DF_TRANSPOSED, DF_AS_IS, 2, 3, 4, 1, x, 2, y, 3, 0, z, 5);
  assert_int_equal(last.op_a, DF_TRANSPOSED);
  assert_int_equal(last.op_b, DF_AS_IS);
  assert_true(last.m == 2 && last.n == 3 && last.k == 4 && last.lda == 2 && last.ldb == 3 && last.ldc == 5);
  df_gemm_observe(NULL, NULL);
  df_gemm(DF_AS_IS, DF_AS_IS, 1, 1, 1, 1, x, 1, y, 1, 0, z, 1);
  assert_int_equal(last.m, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_is_named),
      cmocka_unit_test(products_are_right_for_all_operands),
      cmocka_unit_test(the_observer_sees_every_product_until_it_is_removed),
  };
  return cmocka_run_group_tests(tests, open_naive, NULL);
}
