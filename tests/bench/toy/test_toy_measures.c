/* Measures of the toy against closed forms. */
#include "toy_measures.h"

#include <math.h>
#include <stdio.h>

#include "dynaflow/core/rng.h"
#include "dynaflow/nn/blas.h"
#include "near.h"
#include "unit.h"

static void the_distance_of_a_shifted_cloud_is_its_shift_over_root_two(void** state) {
  (void)state;
  enum { N = 50 };
  double a[2 * N], b[2 * N], distance;
  df_rng_normal(1, DF_STREAM_TEST, 0, 2 * N, a);
  for (int i = 0; i < N; i++) {
    /* in another order, which does not count */
    b[2 * i] = a[2 * (N - 1 - i)] + 3;
    b[2 * i + 1] = a[2 * (N - 1 - i) + 1] - 4;
  }
  assert_int_equal(toy_sliced_wasserstein(N, a, b, &distance), DF_OK);
  assert_near(distance, 5 / sqrt(2), 1e-12);
  assert_int_equal(toy_sliced_wasserstein(N, a, a, &distance), DF_OK);
  assert_near(distance, 0, 0);
  b[7] = NAN;
  assert_int_equal(toy_sliced_wasserstein(N, a, b, &distance), DF_OK);
  assert_true(isnan(distance));
}

/* the points of two circles: every projection of the outer is twice that of the inner, sin^2 on average 1/2 */
static void the_distance_of_two_circles_is_known(void** state) {
  (void)state;
  enum { N = 2000 };
  static double a[2 * N], b[2 * N];
  double distance;
  for (int i = 0; i < N; i++) {
    const double angle = 2 * acos(-1) * (i + 0.5) / N;
    for (int k = 0; k < 2; k++) {
      a[2 * i + k] = k ? sin(angle) : cos(angle);
      b[2 * i + k] = 2 * a[2 * i + k];
    }
  }
  assert_int_equal(toy_sliced_wasserstein(N, a, b, &distance), DF_OK);
  assert_near(distance, 1 / sqrt(2), 1e-6);
}

/* ---- the Gaussian cloud ---- */

static df_task* gaussian_task(double sigma, double sigma_min) {
  static const cloud gaussian = CLOUD_GAUSSIAN;
  df_config c = toy_config();
  df_task* task;
  c.flow_sigma = sigma;
  c.flow_sigma_min = sigma_min;
  snprintf(c.flow_prediction, sizeof c.flow_prediction, "velocity");
  c.net_width = 16;
  c.net_depth = 1;
  if (df_blas_open(&(df_blas_cfg){.threads = 1}) != DF_OK) fail_msg("%s", df_error_message());
  if (toy_task_new(&c, 1, &gaussian, 2000, 5, &task) != DF_OK) fail_msg("%s", df_error_message());
  return task;
}

/* the density of the path */
static double density(const toy_gaussian* g, double t, double x, double y) {
  double S[2][2];
  const double a = 1 - (1 - g->sigma_min) * t;
  for (int i = 0; i < 2; i++) {
    for (int j = 0; j < 2; j++) S[i][j] = t * t * g->covariance[i][j] + (i == j) * a * a * g->sigma * g->sigma;
  }
  const double det = S[0][0] * S[1][1] - S[0][1] * S[1][0];
  x -= t * g->mean[0];
  y -= t * g->mean[1];
  return exp(-0.5 * (S[1][1] * x * x - 2 * S[0][1] * x * y + S[0][0] * y * y) / det) / (2 * acos(-1) * sqrt(det));
}

/* the flux of component k at a point */
static double flux(const toy_gaussian* g, double t, double x, double y, int k) {
  double v[2];
  toy_gaussian_velocity(g, t, (const double[2]){x, y}, v);
  return density(g, t, x, y) * v[k];
}

static void the_exact_velocity_obeys_the_continuity_equation(void** state) {
  (void)state;
  static const double left[] = {0, 0.2};
  const double h = 1e-4;
  for (int k = 0; k < 2; k++) {
    df_task* task = gaussian_task(0.8, left[k]);
    const toy_gaussian g = toy_gaussian_of(task);
    assert_true(g.sigma == 0.8 && g.sigma_min == left[k]);
    for (int i = 0; i < 60; i++) {
      double p[3];
      df_rng_uniform(2, DF_STREAM_TEST, (uint64_t)i, 3, p);
      const double t = 0.05 + 0.9 * p[0], x = 3 * p[1] - 1.5, y = 3 * p[2] - 1.5;
      const double change = (density(&g, t + h, x, y) - density(&g, t - h, x, y)) / (2 * h);
      const double spread = (flux(&g, t, x + h, y, 0) - flux(&g, t, x - h, y, 0)) / (2 * h) +
                            (flux(&g, t, x, y + h, 1) - flux(&g, t, x, y - h, 1)) / (2 * h);
      assert_near(change + spread, 0, 1e-5 * (1 + fabs(change)));
    }
    df_task_free(task);
  }
}

static void points_of_the_path_have_its_moments(void** state) {
  (void)state;
  enum { N = 40000 };
  df_task* task = gaussian_task(0.8, 0.2);
  const toy_gaussian g = toy_gaussian_of(task);
  const double t = 0.6, a = 1 - 0.8 * t;
  double m[2] = {0}, c[2][2] = {{0}};
  for (int i = 0; i < N; i++) {
    double x[2];
    toy_gaussian_point(&g, t, 1, (uint64_t)i, x);
    for (int k = 0; k < 2; k++) {
      m[k] += x[k] / N;
      for (int j = 0; j < 2; j++) c[k][j] += (x[k] - t * g.mean[k]) * (x[j] - t * g.mean[j]) / N;
    }
  }
  for (int k = 0; k < 2; k++) {
    assert_near(m[k], t * g.mean[k], 0.02);
    for (int j = 0; j < 2; j++) assert_near(c[k][j], t * t * g.covariance[k][j] + (k == j) * a * a * 0.8 * 0.8, 0.02);
  }
  df_task_free(task);
}

/* an untrained network outputs 0: the density is that of the base samples, in the units of the points */
static void the_likelihood_of_a_flow_that_stands_still_is_that_of_its_base(void** state) {
  (void)state;
  enum { N = 300 };
  df_task* task = gaussian_task(0.8, 0);
  const df_method_env env = {.task = task, .seed = 1, .threads = 1};
  df_flow* flow;
  double points[2 * N], z[2 * N], nll, expected = 0;
  assert_int_equal(df_flow_new(&env, "toy", DF_DECODE_ACTIONS, &flow), DF_OK);
  df_rng_normal(4, DF_STREAM_TEST, 0, 2 * N, points);
  toy_normalise(task, N, points, z);
  const df_chart_statistics s = df_chart_get_statistics(task->chart);
  for (int i = 0; i < 2 * N; i++) {
    const double p = exp(-0.5 * z[i] * z[i] / 0.64) / (0.8 * sqrt(2 * acos(-1))) / s.action_std[i % 2];
    expected -= log(p) / N;
  }
  assert_int_equal(toy_nll(flow, task, NULL, N, points, 4, &nll), DF_OK);
  assert_near(nll, expected, 1e-10);
  double back[2 * N];
  toy_denormalise(task, N, z, back);
  for (int i = 0; i < 2 * N; i++) assert_near(back[i], points[i], 1e-13);
  df_flow_free(flow);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_distance_of_a_shifted_cloud_is_its_shift_over_root_two),
      cmocka_unit_test(the_distance_of_two_circles_is_known),
      cmocka_unit_test(the_exact_velocity_obeys_the_continuity_equation),
      cmocka_unit_test(points_of_the_path_have_its_moments),
      cmocka_unit_test(the_likelihood_of_a_flow_that_stands_still_is_that_of_its_base),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
