/* Solvers on the flow from one Gaussian to another, whose field and map are known. */
#include "solver.h"

#include <math.h>
#include <string.h>

#include "near.h"
#include "unit.h"

/* X^0 ~ N(0, 1), X^1 ~ N(MEAN, SPREAD^2), independent: X^t ~ N(t MEAN, V(t)) with V = (1-t)^2 + t^2 SPREAD^2, so the
 * velocity is MEAN + V'(t) / (2 V(t)) (x - t MEAN), and its flow maps x to t MEAN + sqrt(V(t)) x */
static const double MEAN = 1.7, SPREAD = 0.3;

static double variance(double t) {
  return (1 - t) * (1 - t) + t * t * SPREAD * SPREAD;
}

static double map(double t, double x) {
  return t * MEAN + sqrt(variance(t)) * x;
}

enum { COUNT = 5, N = 2 };
static long calls;
static double latest;

static void gaussian_field(void* context, const double* t, const double* x, double* v) {
  assert_null(context);
  calls++;
  for (int i = 0; i < COUNT; i++) {
    const double half_slope = t[i] * SPREAD * SPREAD - (1 - t[i]);
    latest = fmax(latest, t[i]);
    for (int k = 0; k < N; k++) v[i * N + k] = MEAN + half_slope / variance(t[i]) * (x[i * N + k] - t[i] * MEAN);
  }
}

/* the largest error at the end of `steps` steps of length 1/K */
static double error_of(flow_solver solver, double tolerance, int K, int steps) {
  static double work[COUNT * (5 * N + 3)];
  double x[COUNT * N], error = 0;
  const solver_problem p = {.solver = solver, .tolerance = tolerance, .count = COUNT, .n = N, .field = gaussian_field};
  assert_true(solver_work(COUNT, N) == sizeof work / sizeof *work);
  for (int j = 0; j < COUNT * N; j++) x[j] = 0.4 * j - 1.5;
  calls = 0;
  latest = 0;
  solver_run(&p, K, steps, x, work);
  for (int j = 0; j < COUNT * N; j++) error = fmax(error, fabs(x[j] - map((double)steps / K, 0.4 * j - 1.5)));
  return error;
}

/* x' = 6 t x (1 - x), whose logit grows by 3 t^2. (For the Gaussian flow the second order of the midpoint method
 * happens to vanish.) */
static void logistic_field(void* context, const double* t, const double* x, double* v) {
  (void)context;
  calls++;
  for (int j = 0; j < COUNT * N; j++) v[j] = 6 * t[j / N] * x[j] * (1 - x[j]);
}

static double logistic_error(flow_solver solver, int K, int steps) {
  static double work[COUNT * (5 * N + 3)];
  double x[COUNT * N], error = 0;
  const double t = (double)steps / K;
  const solver_problem p = {.solver = solver, .count = COUNT, .n = N, .field = logistic_field};
  for (int j = 0; j < COUNT * N; j++) x[j] = 0.02 + 0.03 * j;
  calls = 0;
  solver_run(&p, K, steps, x, work);
  for (int j = 0; j < COUNT * N; j++) {
    const double start = 0.02 + 0.03 * j, odds = start / (1 - start) * exp(3 * t * t);
    error = fmax(error, fabs(x[j] - odds / (1 + odds)));
  }
  return error;
}

static void errors_fall_with_the_order_of_the_solver(void** state) {
  (void)state;
  static const int order[] = {[FLOW_EULER] = 1, [FLOW_MIDPOINT] = 2, [FLOW_RK4] = 4};
  static const int evaluations[] = {[FLOW_EULER] = 1, [FLOW_MIDPOINT] = 2, [FLOW_RK4] = 4};
  for (int s = FLOW_EULER; s <= FLOW_RK4; s++) {
    for (int part = 1; part <= 2; part++) { /* to flow time 1, and to 1/2 */
      const int K = 32;
      const double coarse = logistic_error((flow_solver)s, K, K / part);
      assert_int_equal(calls, K / part * evaluations[s]);
      const double fine = logistic_error((flow_solver)s, 2 * K, 2 * K / part);
      /* twice the steps divide the error by 2^order, up to the next order */
      assert_near(log2(coarse / fine), order[s], 0.25);
    }
    assert_true(error_of((flow_solver)s, 0, 64, 64) < (s == FLOW_EULER ? 0.05 : 1e-3));
    assert_true(latest <= 1);
  }
}

static void the_adaptive_solver_keeps_its_tolerance_and_spends_less_for_a_larger_one(void** state) {
  (void)state;
  long before = 0;
  for (int digits = 2; digits <= 6; digits++) {
    const double tolerance = pow(10, -digits);
    /* local errors of that size add up over the steps and shrink with the flow: within ten of them */
    const double error = error_of(FLOW_ADAPTIVE, tolerance, 4, 4);
    if (!(error < 10 * tolerance)) fail_msg("tolerance %g: error %g", tolerance, error);
    assert_true(calls > before);
    assert_true(latest <= 1);
    before = calls;
  }
  /* order 3: a tenth of the tolerance takes 10^(1/3) times the steps */
  assert_true(before < 1500);
  assert_true(error_of(FLOW_ADAPTIVE, 1e-5, 4, 3) < 1e-4);
  assert_near(latest, 0.75, 1e-15);
}

/* a point that needs short steps does not change the others */
static void every_point_has_steps_of_its_own(void** state) {
  (void)state;
  static double work[COUNT * (5 * N + 3)];
  double one[COUNT * N] = {0}, all[COUNT * N];
  const solver_problem p = {
      .solver = FLOW_ADAPTIVE, .tolerance = 1e-4, .count = COUNT, .n = N, .field = gaussian_field};
  for (int j = 0; j < COUNT * N; j++) all[j] = j < N ? 0.5 : 1e4 * j;
  for (int j = 0; j < COUNT * N; j++) one[j] = 0.5;
  solver_run(&p, 2, 2, one, work);
  solver_run(&p, 2, 2, all, work);
  assert_memory_equal(one, all, N * sizeof *one);
}

static void no_step_is_no_evaluation(void** state) {
  (void)state;
  for (int s = FLOW_EULER; s <= FLOW_ADAPTIVE; s++) {
    assert_true(error_of((flow_solver)s, 0.1, 1, 0) == 0);
    assert_int_equal(calls, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(errors_fall_with_the_order_of_the_solver),
      cmocka_unit_test(the_adaptive_solver_keeps_its_tolerance_and_spends_less_for_a_larger_one),
      cmocka_unit_test(every_point_has_steps_of_its_own),
      cmocka_unit_test(no_step_is_no_evaluation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
