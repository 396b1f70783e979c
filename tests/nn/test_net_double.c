/* The gradients of all networks against central differences, in double precision. */
#include "naive.h"
#include "problem.h"

/* The five-point difference has an error of about h^4 f5 / 30 + 1e-16 |f| / h: 1e-11 at h = 1e-4 for sums of order 10,
 * so a fifth derivative f5 of 1e9 is still allowed. The limit is the suite's tolerance for all gradients. */
static const double STEP = 1e-4, LIMIT = 1e-7;

static const struct { double at, weight; } stencil[] = {{-2, 1. / 12}, {-1, -8. / 12}, {1, 8. / 12}, {2, -1. / 12}};

static double value(problem* q) {
  run_forward(q);
  return dot(q->ny, q->y, q->dy);
}

/* compares the derivative along a random direction of values[0..n), all numbers of one tensor at once */
static double error_along(problem* q, df_real* values, const df_real* gradient, size_t n, uint64_t event) {
  df_real* direction = random_reals(event, n, 1);
  df_real* kept = copy_reals(n, values);
  double measured = 0;
  for (size_t k = 0; k < COUNT(stencil); k++) {
    for (size_t i = 0; i < n; i++) values[i] = kept[i] + stencil[k].at * STEP * direction[i];
    measured += stencil[k].weight * value(q) / STEP;
  }
  memcpy(values, kept, n * sizeof *kept);
  const double formed = dot(n, gradient, direction);
  /* relative to the size of the summed terms, so that their cancellation does not count as an error; the share of
   * the whole gradient covers tensors whose gradient is zero, such as all before a norm over one number */
  const double size = sqrt(dot(n, gradient, gradient)) + 1e-3 * sqrt(dot(q->n, q->dp, q->dp));
  df_free(direction);
  df_free(kept);
  return fabs(measured - formed) / size;
}

static void gradients_of_parameters_and_inputs_agree_with_differences(void** state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    for (int B = 1; B <= 3; B += 2) {
      problem q = make_problem(&cases[i], B);
      run_both(&q);
      const df_tensor* tensors;
      const int n = df_net_tensors(q.net, &tensors);
      for (int k = 0; k < n; k++) {
        const size_t at = tensors[k].offset;
        const double e = error_along(&q, q.p + at, q.dp + at, tensors[k].count, 100 + (uint64_t)k);
        if (!(e <= LIMIT)) fail_msg("case %zu, B %d, %s: %.3e", i, B, tensors[k].name, e);
      }
      assert_below(error_along(&q, q.x, q.dx, q.nx, 99), LIMIT, "dx");
      drop_problem(&q);
    }
  }
}

/* every number separately, for the smallest DiT and U-Net with all layers */
static void each_single_gradient_agrees_with_differences(void** state) {
  (void)state;
  for (int kind = 0; kind < 2; kind++) {
    problem q = make_problem(&cases[kind ? 7 : 0], 2);
    run_both(&q);
    const double size = sqrt(dot(q.n, q.dp, q.dp) / (double)q.n);
    for (size_t i = 0; i < q.n; i++) {
      const df_real kept = q.p[i];
      double measured = 0;
      for (size_t k = 0; k < COUNT(stencil); k++) {
        q.p[i] = kept + stencil[k].at * STEP;
        measured += stencil[k].weight * value(&q) / STEP;
      }
      q.p[i] = kept;
      assert_below(fabs(measured - q.dp[i]) / size, LIMIT, "a single derivative");
    }
    drop_problem(&q);
  }
}

/* the check must notice a gradient that is wrong in one number by one percent */
static void a_gradient_wrong_by_one_percent_is_noticed(void** state) {
  (void)state;
  problem q = make_problem(&cases[0], 2);
  run_both(&q);
  const df_tensor* tensors;
  const int n = df_net_tensors(q.net, &tensors);
  for (int k = 0; k < n; k++) {
    const size_t at = tensors[k].offset, count = tensors[k].count;
    size_t largest = 0;
    for (size_t i = 0; i < count; i++) {
      if (fabs(q.dp[at + i]) > fabs(q.dp[at + largest])) largest = i;
    }
    if (fabs(q.dp[at + largest]) < 1e-3) continue;
    q.dp[at + largest] *= 1.01;
    const double e = error_along(&q, q.p + at, q.dp + at, count, 100 + (uint64_t)k);
    if (!(e > 10 * LIMIT)) fail_msg("%s: the fault gave only %.3e", tensors[k].name, e);
  }
  drop_problem(&q);
}

static void backward_adds_to_the_gradient_and_overwrites_dx(void** state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    problem q = make_problem(&cases[i], 2);
    run_both(&q);
    df_real *once = copy_reals(q.n, q.dp), *dx = copy_reals(q.nx, q.dx);
    run_both(&q);
    for (size_t j = 0; j < q.n; j++) once[j] *= 2;
    assert_below(distance(q.n, q.dp, once), 1e-14, "twice the gradient"); /* round-off of double */
    assert_memory_equal(dx, q.dx, q.nx * sizeof *dx);
    df_free(once);
    df_free(dx);
    drop_problem(&q);
  }
}

static void double_networks_agree_with_the_naive_ones(void** state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    problem q = make_problem(&cases[i], 3);
    df_real* y = zero_reals(q.ny);
    naive_net(q.net, q.p, q.B, q.x, q.c, q.t, y);
    run_forward(&q);
    assert_below(distance(q.ny, q.y, y), 1e-12,
                 "naive network"); /* some hundred rounding errors of 1e-16, amplified by layer norms */
    df_free(y);
    drop_problem(&q);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(double_networks_agree_with_the_naive_ones),
      cmocka_unit_test(gradients_of_parameters_and_inputs_agree_with_differences),
      cmocka_unit_test(each_single_gradient_agrees_with_differences),
      cmocka_unit_test(a_gradient_wrong_by_one_percent_is_noticed),
      cmocka_unit_test(backward_adds_to_the_gradient_and_overwrites_dx),
  };
  return cmocka_run_group_tests(tests, open_blas, NULL);
}
