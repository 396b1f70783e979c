/* The kernels: exp, comparison with plain formulas, and equal bits for every instruction set. */
#include "kernels.h"

#include "naive.h"

static void exp_is_right_to_one_part_in_ten_million(void** state) {
  (void)state;
  enum { N = 1 << 20 };
  df_real *x = zero_reals(N), *y = zero_reals(N);
  for (size_t i = 0; i < N; i++) x[i] = (df_real)(-87 + 175. * (double)i / (N - 1));
  df_kernels_best()->exp(N, x, y);
  double worst = 0;
  for (size_t i = 0; i < N; i++) worst = fmax(worst, fabs((double)y[i] / exp((double)x[i]) - 1));
  assert_below(worst, 1e-7, "relative error"); /* half a unit in the last place is 6e-8 */
  assert_true(worst > 1e-9);                   /* else the comparison was not in single precision */
  df_free(x);
  df_free(y);
}

static void exp_keeps_order_at_the_ends_and_passes_nan_on(void** state) {
  (void)state;
  const df_real x[] = {-(df_real)INFINITY, -1e30f, -100, 0, 100, 1e30f, (df_real)INFINITY, (df_real)NAN, 0};
  df_real y[COUNT(x)];
  df_kernels_best()->exp(COUNT(x), x, y);
  for (size_t i = 0; i < 3; i++) assert_true(y[i] >= 0 && y[i] < 1e-37);
  assert_true(y[3] == 1);
  for (size_t i = 4; i < 7; i++) assert_true(y[i] > 1e37 && isfinite((double)y[i]));
  assert_true(isnan((double)y[7]));
  assert_true(y[8] == 1);
}

static void activations_agree_with_libm(void** state) {
  (void)state;
  enum { N = 10007 };
  const df_kernels* k = df_kernels_best();
  df_real *u = zero_reals(N), *g = zero_reals(N), *none = zero_reals(N), *s = zero_reals(N), *e = zero_reals(N);
  for (size_t i = 0; i < N; i++) u[i] = (df_real)(-12 + 24. * (double)i / (N - 1));
  k->silu_forward(N, u, s);
  k->elu_forward(N, u, e);
  k->gelu_forward(1, N, none, u, g);
  for (size_t i = 0; i < N; i++) {
    /* a few roundings of 6e-8 of values up to 12 */
    assert_below(fabs((double)g[i] - naive_gelu((double)u[i])), 2e-6, "gelu");
    assert_below(fabs((double)s[i] - naive_silu((double)u[i])), 2e-6, "silu");
    assert_below(fabs((double)e[i] - naive_elu((double)u[i])), 2e-7, "elu");
  }
  df_free(u);
  df_free(g);
  df_free(none);
  df_free(s);
  df_free(e);
}

static void norms_agree_with_plain_ones_at_any_width(void** state) {
  (void)state;
  for (size_t d = 1; d <= 40; d++) {
    const df_shape s = {2, 3, d, d};
    const size_t n = s.B * s.T * d;
    df_real *h = random_reals(d, n, 2), *shift = random_reals(d + 100, 2 * d, 1),
            *scale = random_reals(d + 200, 2 * d, 1);
    df_real *norm = zero_reals(n), *rstd = zero_reals(6), *out = zero_reals(n), *again = zero_reals(n);
    double hd[40], shd[40], scd[40], right[40];
    df_kernels_best()->norm_forward(&s, h, shift, scale, norm, rstd, out);
    df_kernels_best()->modulate(&s, norm, shift, scale, again);
    assert_memory_equal(out, again, n * sizeof *out);
    for (size_t r = 0; r < 6; r++) {
      for (size_t j = 0; j < d; j++) {
        hd[j] = (double)h[r * d + j];
        shd[j] = (double)shift[r / 3 * d + j];
        scd[j] = (double)scale[r / 3 * d + j];
      }
      naive_norm(d, hd, shd, scd, right);
      /* rounding errors of 6e-8, amplified up to 10 times where the numbers of a narrow row are close together */
      for (size_t j = 0; j < d; j++) assert_below(fabs(right[j] - (double)out[r * d + j]), 1e-5, "norm");
    }
    df_real* const all[] = {h, shift, scale, norm, rstd, out, again};
    for (size_t i = 0; i < COUNT(all); i++) df_free(all[i]);
  }
}

static void softmax_rows_sum_to_one_and_ignore_a_shift(void** state) {
  (void)state;
  for (size_t n = 1; n <= 20; n++) {
    const size_t ld = df_round_to_lanes(n);
    df_real *a = random_reals(n, 3 * ld, 3), *b = copy_reals(3 * ld, a);
    for (size_t i = 0; i < 3 * ld; i++) b[i] += 64; /* a power of two: exact to the last bits of the sum */
    df_kernels_best()->softmax_forward(3, n, a);
    df_kernels_best()->softmax_forward(3, n, b);
    for (size_t r = 0; r < 3; r++) {
      double sum = 0;
      for (size_t j = 0; j < ld; j++) sum += (double)a[r * ld + j];
      assert_below(fabs(sum - 1), 1e-6, "sum of a row");
      for (size_t j = n; j < ld; j++) assert_true(a[r * ld + j] == 0);
      assert_below(distance(n, a + r * ld, b + r * ld), 2e-5, "shifted row"); /* 64 + x keeps x to 4e-6 */
    }
    df_free(a);
    df_free(b);
  }
}

/* runs all kernels on odd sizes and writes the results to out */
static size_t run_all(const df_kernels* k, df_real* out) {
  enum { B = 2, T = 3, D = 37, N = B * T * D, LD = 40 };
  const df_shape s = {B, T, D, 3 * D};
  df_real *h = random_reals(1, N, 2), *p = random_reals(2, N, 1), *mod = random_reals(3, B * 3 * D, 1);
  df_real *dmod = zero_reals(B * 3 * D), *bias = random_reals(4, D, 1), *dbias = zero_reals(D),
          *rstd = zero_reals(B * T);
  df_real *norm = zero_reals(N), *a = zero_reals(N), *d = random_reals(5, N, 1), *scores = random_reals(6, 3 * LD, 2);
  df_real *dscores = random_reals(7, 3 * LD, 1), *u = random_reals(8, N, 2), *m1 = random_reals(9, N, 1);
  df_real* m2 = zero_reals(N);
  unsigned char decay[N];
  for (size_t i = 0; i < N; i++) decay[i] = i % 3 == 0;
  const df_adamw_step step = {.5f, .9f, .99f, .01f, .001f, 1.5f, 2.5f, 1e-8f};
  k->norm_forward(&s, h, mod, mod + D, norm, rstd, a);
  k->gelu_forward(B * T, D, bias, u, a);
  k->gelu_backward(B * T, D, u, a, d, dbias);
  k->norm_backward(&s, norm, rstd, mod + D, d, h, dmod, dmod + D);
  k->gate_forward(&s, mod + 2 * D, bias, p, h);
  k->gate_backward(&s, mod + 2 * D, p, h, a, dmod + 2 * D, dbias);
  k->bias_forward(B * T, D, bias, a);
  k->bias_backward(B * T, D, a, dbias);
  k->silu_forward(N, h, d);
  k->silu_backward(N, d, norm);
  k->elu_forward(N, d, d);
  k->elu_backward(N, h, norm);
  k->softmax_forward(3, D, scores);
  k->softmax_backward(3, D, scores, dscores);
  k->adamw(N, &step, a, decay, m1, m2, p);
  k->ema(N, .125f, p, u);
  k->add(N, norm, u);
  const struct {
    df_real* x;
    size_t n;
  } all[] = {{h, N}, {p, N},           {dmod, B * 3 * D}, {dbias, D}, {rstd, B * T}, {norm, N}, {a, N},          {d, N},
             {u, N}, {scores, 3 * LD}, {dscores, 3 * LD}, {m1, N},    {m2, N},       {bias, D}, {mod, B * 3 * D}};
  size_t used = 0;
  for (size_t i = 0; i < COUNT(all); i++) {
    memcpy(out + used, all[i].x, all[i].n * sizeof *out);
    used += all[i].n;
    df_free(all[i].x);
  }
  out[used] = (df_real)k->sum_squares(used, out);
  return used + 1;
}

static void every_instruction_set_gives_the_same_bits(void** state) {
  (void)state;
  df_real *right = zero_reals(8192), *other = zero_reals(8192);
  const size_t n = run_all(df_kernels_at(0), right);
  assert_true(n < 8192);
  for (size_t i = 0; i < n; i++) assert_true(isfinite((double)right[i]));
  int sets = 1;
  for (const df_kernels* k; (k = df_kernels_at(sets)) != NULL; sets++) {
    assert_int_equal(run_all(k, other), n);
    for (size_t i = 0; i < n; i++) {
      if (memcmp(&right[i], &other[i], sizeof *right) != 0) fail_msg("%s differs at %zu", k->name, i);
    }
  }
  assert_ptr_equal(df_kernels_best(), df_kernels_at(sets - 1));
  df_free(right);
  df_free(other);
}

/* group norm and its adjoint, on groups that do not fill vectors */
static void group_norms_have_the_same_bits_on_every_instruction_set(void** state) {
  (void)state;
  enum { B = 2, T = 5, D = 33, N = B * T * D };
  const df_shape s = {B, T, D, 2 * D};
  df_real *h = random_reals(1, N, 2), *scale = random_reals(2, B * 2 * D, 1), *dout = random_reals(3, N, 1);
  df_real right[2 * N + 5 * B * D], other[2 * N + 5 * B * D];
  for (int set = 0; df_kernels_at(set); set++) {
    df_real *to = set == 0 ? right : other, *dh = to + N, *rstd = dh + N, *dfilm = rstd + B * D;
    memset(to, 0, sizeof right);
    memcpy(dh, dout, N * sizeof *dh);
    df_kernels_at(set)->group_forward(&s, 3, h, to, rstd);
    df_kernels_at(set)->group_backward(&s, 3, to, rstd, scale, dh, dfilm, dfilm + D);
    if (set > 0) assert_memory_equal(right, other, sizeof right);
  }
  df_free(h);
  df_free(scale);
  df_free(dout);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exp_is_right_to_one_part_in_ten_million),
      cmocka_unit_test(exp_keeps_order_at_the_ends_and_passes_nan_on),
      cmocka_unit_test(activations_agree_with_libm),
      cmocka_unit_test(norms_agree_with_plain_ones_at_any_width),
      cmocka_unit_test(softmax_rows_sum_to_one_and_ignore_a_shift),
      cmocka_unit_test(every_instruction_set_gives_the_same_bits),
      cmocka_unit_test(group_norms_have_the_same_bits_on_every_instruction_set),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
