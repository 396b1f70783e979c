/* Linear layers and attention: forward against plain formulas, backward against finite differences, for odd sizes. */
#include "layers.h"

#include "naive.h"

/* central differences of step h in double: h^2 f3 / 6 + 1e-16 / h, 1e-10 for numbers of order 1 */
static const double STEP = 1e-5, LIMIT = 1e-7;

typedef struct attention_case {
  df_attention a;
  df_real *qkv, *weights, *out, *dout, *dqkv, *scratch;
  size_t n_qkv, n_out;
} attention_case;

static attention_case make(size_t B, size_t T, size_t heads, size_t head) {
  attention_case q = {.a = {B, T, heads, heads * head}};
  q.n_out = B * T * q.a.d;
  q.n_qkv = 3 * q.n_out;
  q.qkv = random_reals(1, q.n_qkv, 1);
  q.dout = random_reals(2, q.n_out, 1);
  q.out = zero_reals(q.n_out);
  q.dqkv = zero_reals(q.n_qkv);
  q.weights = zero_reals(B * df_attention_weights(&q.a));
  q.scratch = random_reals(3, df_attention_weights(&q.a), 1e3); /* values in the padding must not matter */
  return q;
}

static void drop(attention_case* q) {
  df_real* const all[] = {q->qkv, q->weights, q->out, q->dout, q->dqkv, q->scratch};
  for (size_t i = 0; i < COUNT(all); i++) df_free(all[i]);
}

static double value(attention_case* q) {
  df_attention_forward(df_kernels_best(), &q->a, q->qkv, q->weights, q->out);
  return dot(q->n_out, q->out, q->dout);
}

static void check(size_t B, size_t T, size_t heads, size_t head) {
  attention_case q = make(B, T, heads, head);
  df_real* right = zero_reals(q.n_out);
  for (size_t b = 0; b < B; b++) naive_attention(T, q.a.d, heads, q.qkv + b * T * 3 * q.a.d, right + b * T * q.a.d);
  (void)value(&q);
  assert_below(distance(q.n_out, q.out, right), 1e-13, "attention"); /* some dozen rounding errors of 1e-16 */
  df_attention_backward(df_kernels_best(), &q.a, q.qkv, q.weights, q.dout, q.scratch, q.dqkv);
  const size_t stride = 1 + q.n_qkv / 200;
  for (size_t i = 0; i < q.n_qkv; i += stride) {
    const df_real kept = q.qkv[i];
    q.qkv[i] = kept + STEP;
    const double above = value(&q);
    q.qkv[i] = kept - STEP;
    const double below = value(&q);
    q.qkv[i] = kept;
    assert_below(fabs((above - below) / (2 * STEP) - q.dqkv[i]), LIMIT, "dqkv");
  }
  df_free(right);
  drop(&q);
}

static void attention_agrees_with_formula_and_differences(void** state) {
  (void)state;
  static const size_t frames[] = {1, 2, 7, 8, 9, 16, 33}, widths[] = {1, 3, 16, 24};
  for (size_t i = 0; i < COUNT(frames); i++) {
    for (size_t j = 0; j < COUNT(widths); j++) {
      for (size_t heads = 1; heads <= 3; heads += 2) check(1 + i % 2, frames[i], heads, widths[j]);
    }
  }
}

static void linear_agrees_with_formula_and_its_adjoint(void** state) {
  (void)state;
  static const size_t sizes[] = {1, 2, 5, 17, 64};
  for (size_t i = 0; i < COUNT(sizes) * COUNT(sizes) * COUNT(sizes); i++) {
    const size_t rows = sizes[i % 5], in = sizes[i / 5 % 5], out = sizes[i / 25];
    const df_kernels* k = df_kernels_best();
    df_real *x = random_reals(1, rows * in, 1), *w = random_reals(2, out * in, 1), *b = random_reals(3, out, 1);
    df_real *y = random_reals(4, rows * out, 1), *right = copy_reals(rows * out, y),
            *v = random_reals(5, rows * out, 1);
    df_real *dx = zero_reals(rows * in), *dw = zero_reals(out * in), *db = zero_reals(out);
    for (int add = 0; add <= 1; add++) {
      for (int biased = 0; biased <= 1; biased++) {
        naive_linear(rows, in, out, x, w, biased ? b : NULL, add, right);
        df_linear_forward(k, rows, in, out, x, w, biased ? b : NULL, add, y);
        assert_below(distance(rows * out, y, right), 1e-13, "linear");
      }
    }
    /* y is linear in x, in w and in b, so <v, y> = <dx, x> + <db, b> = <dw, w> + <db, b> */
    df_linear_forward(k, rows, in, out, x, w, b, false, y);
    df_linear_backward_input(rows, in, out, w, v, false, dx);
    df_linear_backward_weight(k, rows, in, out, x, v, dw, db);
    const double whole = dot(rows * out, v, y), size = sqrt((double)(rows * in * out));
    assert_below(fabs(dot(rows * in, dx, x) + dot(out, db, b) - whole) / size, 1e-12, "dx");
    assert_below(fabs(dot(out * in, dw, w) + dot(out, db, b) - whole) / size, 1e-12, "dweight");
    df_real* const all[] = {x, w, b, y, right, v, dx, dw, db};
    for (size_t j = 0; j < COUNT(all); j++) df_free(all[j]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(attention_agrees_with_formula_and_differences),
      cmocka_unit_test(linear_agrees_with_formula_and_its_adjoint),
  };
  return cmocka_run_group_tests(tests, open_blas, NULL);
}
