/* The growth of the gradient: against systems whose growth is known in closed form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/metrics/growth.h"
#include "dynaflow/sim/mujoco.h"
#include "near.h"

enum { H = 12, H_MAX = 200 };

/* ---- linear systems: x[t+1] = A x[t] + B u[t], of one action or two ---- */

typedef struct linear {
  df_system base;
  double a[2][2], b[2][2];
  double limit;  /* a step from an |x| beyond it diverges */
  double gained; /* the matrix A is multiplied by 1 + gained * u[0] */
} linear;

typedef struct linear_sim {
  const linear* system;
  double x[2], gain;
} linear_sim;

static df_status linear_new(const df_system* system, int tape_length, df_sim** out) {
  (void)tape_length;
  linear_sim* sim = df_alloc(1, sizeof *sim);
  *out = (df_sim*)sim;
  if (!sim) return DF_E_NOMEM;
  sim->system = (const linear*)system;
  return DF_OK;
}

static void linear_free(df_sim* sim) {
  df_free(sim);
}

static void linear_reset(df_sim* sim, const double* x) {
  memcpy(((linear_sim*)sim)->x, x, 2 * sizeof *x);
}

static df_traj_end linear_step(df_sim* sim, const double* u, double* x1) {
  linear_sim* s = (linear_sim*)sim;
  const linear* l = s->system;
  s->gain = 1 + l->gained * u[0];
  for (int i = 0; i < 2; i++) {
    x1[i] = s->gain * (l->a[i][0] * s->x[0] + l->a[i][1] * s->x[1]);
    for (int j = 0; j < l->base.nu; j++) x1[i] += l->b[i][j] * u[j];
  }
  return fabs(s->x[0]) <= l->limit ? DF_TRAJ_COMPLETE : DF_TRAJ_DIVERGED;
}

static df_traj_end linear_vjp(df_sim* sim, int t, const double* y, double* xbar, double* ubar) {
  const linear_sim* s = (linear_sim*)sim;
  const linear* l = s->system;
  (void)t;
  const double y0 = y[0], y1 = y[1];
  for (int j = 0; j < 2; j++) xbar[j] = s->gain * (l->a[0][j] * y0 + l->a[1][j] * y1);
  for (int j = 0; j < l->base.nu; j++) ubar[j] = l->b[0][j] * y0 + l->b[1][j] * y1;
  return DF_TRAJ_COMPLETE;
}

static const double unlimited_lo = -INFINITY, unlimited_hi = INFINITY;

static linear make_linear(double a00, double a01, double a10, double a11) {
  static const df_system_ops ops = {.sim_new = linear_new,
                                    .sim_free = linear_free,
                                    .reset = linear_reset,
                                    .step = linear_step,
                                    .step_vjp = linear_vjp};
  return (linear){
      .base = {.ops = &ops, .nx = 2, .ndx = 2, .nu = 1, .dt = 1, .u_lo = &unlimited_lo, .u_hi = &unlimited_hi},
      .a = {{a00, a01}, {a10, a11}},
      .b = {{0}, {1}},
      .limit = INFINITY};
}

static void grow(const linear* system, const double scale[2], double unit, double* state, double* action) {
  const double x[H + 1][2] = {{0}}, u[H] = {0};
  const df_growth_windows windows = {.B = 1, .H = H, .x = x[0], .u = u, .scale = scale, .action_scale = &unit};
  assert_int_equal(df_metric_growth(&system->base, &windows, state, action), DF_OK);
}

/* lambda times a rotation: every direction grows by exactly lambda per action */
static void a_scaled_rotation_grows_by_its_factor(void** state) {
  (void)state;
  static const double lambdas[] = {0.5, 1, 1.1, 3};
  const double scale[2] = {1, 1};
  for (int i = 0; i < 4; i++) {
    const double c = lambdas[i] * cos(0.7), s = lambdas[i] * sin(0.7);
    const linear system = make_linear(c, -s, s, c);
    double growth[H], action[H];
    grow(&system, scale, 1, growth, action);
    for (int k = 1; k <= H; k++) {
      assert_near(growth[k - 1], pow(lambdas[i], k), 1e-12 * pow(lambdas[i], k));
      assert_near(action[k - 1], pow(lambdas[i], k - 1), 1e-12 * pow(lambdas[i], k - 1));
    }
  }
}

/* the largest singular value of a 2 x 2 matrix in closed form */
static double singular(double a, double b, double c, double d) {
  const double sum = a * a + b * b + c * c + d * d, det = a * d - b * c;
  return sqrt(0.5 * (sum + sqrt(fmax(0, sum * sum - 4 * det * det))));
}

/* a shear in other units, and the action in its unit: by a loop over powers of A */
static void units_of_states_and_actions_count(void** state) {
  (void)state;
  const double scale[2] = {0.1, 4}, unit = 2.5;
  const linear system = make_linear(1.2, 0.3, -0.1, 0.9);
  double growth[H], action[H], p[2][2] = {{1, 0}, {0, 1}};
  grow(&system, scale, unit, growth, action);
  for (int k = 0; k < H; k++) {
    const double to[2] = {p[0][1] * unit / scale[0], p[1][1] * unit / scale[1]};
    assert_near(action[k], hypot(to[0], to[1]), 1e-9 * action[k]);
    double next[2][2];
    for (int i = 0; i < 2; i++) {
      for (int j = 0; j < 2; j++) next[i][j] = system.a[i][0] * p[0][j] + system.a[i][1] * p[1][j];
    }
    memcpy(p, next, sizeof p);
    const double ratio = scale[1] / scale[0];
    assert_near(growth[k], singular(p[0][0], p[0][1] * ratio, p[1][0] / ratio, p[1][1]), 1e-7 * growth[k]);
  }
}

/* Two windows of a system of two actions, whose gain depends on the action: products of the matrices of every step by
 * loops, in units of their own for every state and action. */
static void every_action_and_step_has_its_own_numbers(void** state) {
  (void)state;
  enum { B = 2, T = 3 };
  const double scale[2] = {0.1, 4}, unit[2] = {2.5, 0.3};
  const double x[B][T + 1][2] = {{{0}}}, u[B][T][2] = {{{0.4, 9}, {-0.8, 8}, {2, 7}}, {{1.2, 6}, {0, 5}, {-1.5, 4}}};
  linear system = make_linear(1.2, 0.3, -0.1, 0.9);
  const double b[2][2] = {{0.7, -2}, {1, 11}};
  memcpy(system.b, b, sizeof b);
  system.base.nu = 2;
  system.gained = 0.25;
  const df_growth_windows windows = {.B = B, .H = T, .x = x[0][0], .u = u[0][0], .scale = scale, .action_scale = unit};
  double growth[B][T], action[B][T];
  assert_int_equal(df_metric_growth(&system.base, &windows, growth[0], action[0]), DF_OK);
  for (int w = 0; w < B; w++) {
    double p[2][2] = {{1, 0}, {0, 1}}, q[2][2];
    memcpy(q, b, sizeof q);
    for (int t = 0; t < T; t++) {
      const double gain = 1 + 0.25 * u[w][t][0];
      double next[2][2][2];
      for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 2; j++) {
          next[0][i][j] = gain * (system.a[i][0] * p[0][j] + system.a[i][1] * p[1][j]);
          next[1][i][j] = gain * (system.a[i][0] * q[0][j] + system.a[i][1] * q[1][j]);
        }
      }
      memcpy(p, next[0], sizeof p);
      if (t > 0) memcpy(q, next[1], sizeof q);
      const double ratio = scale[1] / scale[0];
      assert_near(growth[w][t], singular(p[0][0], p[0][1] * ratio, p[1][0] / ratio, p[1][1]), 1e-6 * growth[w][t]);
      assert_near(action[w][t],
                  singular(q[0][0] * unit[0] / scale[0], q[0][1] * unit[1] / scale[0], q[1][0] * unit[0] / scale[1],
                           q[1][1] * unit[1] / scale[1]),
                  1e-6 * action[w][t]);
    }
  }
}

/* two axes that grow by nearly the same factor, of which the larger one counts */
static void the_direction_that_grows_most_counts(void** state) {
  (void)state;
  const double scale[2] = {1, 1};
  const linear system = make_linear(1, 0, 0, 0.9);
  double growth[H], action[H];
  grow(&system, scale, 1, growth, action);
  for (int k = 0; k < H; k++) assert_near(growth[k], 1, 1e-7);
}

/* data without actions: the centre of the box, 2, at which the states grow by 1 + 0.25 * 2 */
static void without_actions_the_rest_action_counts(void** state) {
  (void)state;
  static const double lo = 1, hi = 3;
  linear system = make_linear(1, 0, 0, 1);
  system.gained = 0.25;
  system.base.u_lo = &lo;
  system.base.u_hi = &hi;
  const double x[3][2] = {{0}}, scale[2] = {1, 1}, unit = 1;
  const df_growth_windows windows = {.B = 1, .H = 2, .x = x[0], .scale = scale, .action_scale = &unit};
  double growth[2], action[2];
  assert_int_equal(df_metric_growth(&system.base, &windows, growth, action), DF_OK);
  assert_near(growth[0], 1.5, 1e-12);
  assert_near(growth[1], 2.25, 1e-12);
}

/* Two masses without forces: positions shear by the velocities, by 0.1 s per action, so that the largest singular value
 * after k actions is s / 2 + sqrt(1 + s^2 / 4) with s = 0.1 k. */
static void masses_that_glide_shear(void** state) {
  (void)state;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* system;
  assert_int_equal(df_mujoco_system_from_xml(
                       "<mujoco><option timestep='.1'/><worldbody><body><joint name='x' type='slide' axis='1 0 "
                       "0'/><geom size='.1' mass='1'/></body><body pos='0 5 0'><joint type='slide' axis='1 0 0'/>"
                       "<geom size='.1' mass='3'/></body></worldbody><actuator><motor joint='x' ctrlrange='-1 1'/>"
                       "</actuator></mujoco>",
                       "masses", &cfg, &system),
                   DF_OK);
  assert_int_equal(system->nx, 4);
  const double x[6][4] = {{0}}, scale[4] = {1, 1, 1, 1}, unit = 1;
  const df_growth_windows windows = {.B = 1, .H = 5, .x = x[0], .scale = scale, .action_scale = &unit};
  double growth[5], action[5];
  assert_int_equal(df_metric_growth(system, &windows, growth, action), DF_OK);
  for (int k = 0; k < 5; k++) {
    const double s = 0.1 * (k + 1);
    assert_near(growth[k], s / 2 + sqrt(1 + s * s / 4), 1e-6);
    /* a force of 1 N for 0.1 s changes the velocity of the first mass by 0.1 m/s, and its way by 0.1 s times that per
     * action */
    assert_near(action[k], 0.1 * hypot(1, s), 1e-6);
  }
  df_system_free(system);
}

/* ---- a pendulum that stands on its head ---- */

/* the growth per action of a point mass on a rod at its unstable equilibrium is that of the discrete equation
 * v' = v + h w^2 q, q' = q + h v', whose eigenvalue is exp(2 asinh(h w / 2)), and nearly exp(h w) */
static void an_unstable_pendulum_grows_by_the_exponential_of_its_rate(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><option timestep='.001' integrator='Euler'/><worldbody><body>"
      "<joint name='j' axis='0 1 0'/><inertial pos='0 0 .5' mass='2' diaginertia='1e-12 1e-12 "
      "1e-12'/></body></worldbody>"
      "<actuator><motor joint='j' ctrllimited='true' ctrlrange='-1 1'/></actuator></mujoco>";
  const df_mujoco_cfg cfg = {.substeps = 10, .iterations = 100};
  df_system* system;
  assert_int_equal(df_mujoco_system_from_xml(xml, "pendulum", &cfg, &system), DF_OK);
  static double x[H_MAX + 1][2], u[H_MAX], growth[H_MAX], action[H_MAX];
  const double scale[2] = {0.1, 0.7}, unit = 1;
  const df_growth_windows windows = {.B = 1, .H = H_MAX, .x = x[0], .u = u, .scale = scale, .action_scale = &unit};
  assert_int_equal(df_metric_growth(system, &windows, growth, action), DF_OK);
  df_growth g;
  assert_int_equal(df_growth_summary(1, H_MAX, growth, 1, NULL, NULL, &g), DF_OK);
  const double w = sqrt(9.81 / 0.5), rate = exp(10 * 2 * asinh(0.001 * w / 2));
  assert_near(g.per_action, rate, 1e-6);
  assert_near(g.per_action, exp(0.01 * w), 1e-5);
  /* the same for the action */
  assert_int_equal(df_growth_summary(1, H_MAX, action, 1, NULL, NULL, &g), DF_OK);
  assert_near(g.per_action, rate, 1e-6);
  /* without recorded actions: rest actions, which are 0 here */
  static double again[H_MAX];
  df_growth_windows states_only = windows;
  states_only.u = NULL;
  assert_int_equal(df_metric_growth(system, &states_only, again, action), DF_OK);
  assert_memory_equal(again, growth, sizeof growth);
  df_system_free(system);
}

/* ---- failures ---- */

static void a_window_that_diverges_has_infinite_values_from_there_on(void** state) {
  (void)state;
  linear system = make_linear(2, 0, 0, 2);
  system.limit = 1;
  double x[2][4][2] = {{{0}}}, growth[2][3], action[2][3];
  x[1][1][0] = 5;
  const double u[6] = {0}, scale[2] = {1, 1}, unit = 1;
  const df_growth_windows windows = {.B = 2, .H = 3, .x = x[0][0], .u = u, .scale = scale, .action_scale = &unit};
  assert_int_equal(df_metric_growth(&system.base, &windows, growth[0], action[0]), DF_OK);
  assert_near(growth[0][2], 8, 1e-12);
  assert_near(growth[1][0], 2, 1e-12);
  assert_true(isinf(growth[1][1]) && isinf(growth[1][2]) && isinf(action[1][1]));
}

static void wrong_arguments_are_named(void** state) {
  (void)state;
  const linear system = make_linear(1, 0, 0, 1);
  double x[4] = {0}, scale[2] = {1, 0}, unit = 1, out[1], action[1];
  df_growth_windows windows = {.B = 1, .H = 1, .x = x, .scale = scale, .action_scale = &unit};
  assert_int_equal(df_metric_growth(&system.base, &windows, out, action), DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "scale[1]"));
  scale[1] = 1;
  unit = NAN;
  assert_int_equal(df_metric_growth(&system.base, &windows, out, action), DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "action_scale[0]"));
  unit = 1;
  for (int k = 0; k < 3; k++) {
    df_growth_windows lacking = windows;
    if (k == 0) lacking.x = NULL;
    if (k == 1) lacking.scale = NULL;
    if (k == 2) lacking.action_scale = NULL;
    assert_int_equal(df_metric_growth(&system.base, &lacking, out, action), DF_E_ARG);
    assert_non_null(strstr(df_error_message(), "x, scale or action_scale is NULL"));
  }
}

static void a_failed_allocation_leaks_nothing(void** state) {
  (void)state;
  const linear system = make_linear(1, 0, 0, 1);
  const double x[4] = {0}, u[1] = {0}, scale[2] = {1, 1}, unit = 1;
  const df_growth_windows windows = {.B = 1, .H = 1, .x = x, .u = u, .scale = scale, .action_scale = &unit};
  double out[1], action[1];
  df_status status = DF_E_NOMEM;
  for (size_t n = 1; status != DF_OK; n++) {
    assert_true(n < 20);
    df_alloc_fail_at(n);
    status = df_metric_growth(&system.base, &windows, out, action);
    df_alloc_fail_at(0);
    assert_true(status == DF_OK || status == DF_E_NOMEM);
  }
}

/* ---- summary ---- */

/* values of 10 windows that grow by `factor` per action, the last two windows by 10 times as much */
static df_growth summarise(int n, double factor, double decay, int infinite, double* median, double* p90) {
  static double values[10 * H_MAX];
  for (int b = 0; b < 10; b++) {
    for (int k = 0; k < n; k++) {
      values[b * n + k] = b < infinite ? INFINITY : (b < 8 ? 1 : 10) * pow(factor, k + 1);
    }
  }
  df_growth g;
  assert_int_equal(df_growth_summary(10, n, values, decay, median, p90, &g), DF_OK);
  return g;
}

/* The smallest value that 90 % of 1 .. B are at most: the 9th of 10, all of 8, the 10th of 11, the 18th of 20. */
static void the_90th_percentile_is_a_rank_that_is_rounded_up(void** state) {
  (void)state;
  static const int windows[] = {1, 2, 8, 9, 10, 11, 20, 21, 200}, wanted[] = {1, 2, 8, 9, 9, 10, 18, 19, 180};
  for (int i = 0; i < 9; i++) {
    double values[200], p90;
    df_growth g;
    for (int b = 0; b < windows[i]; b++) values[b] = windows[i] - b;
    assert_int_equal(df_growth_summary(windows[i], 1, values, 1, NULL, &p90, &g), DF_OK);
    assert_near(p90, wanted[i], 0);
    assert_near(g.p90, wanted[i], 0);
    /* infinite ones are the last */
    if (windows[i] < 10) continue;
    values[0] = INFINITY;
    assert_int_equal(df_growth_summary(windows[i], 1, values, 1, NULL, &p90, &g), DF_OK);
    assert_near(p90, wanted[i], 0);
  }
}

static void the_summary_is_median_percentile_and_factor(void** state) {
  (void)state;
  double median[8], p90[8];
  const df_growth g = summarise(8, 2, 1, 0, median, p90);
  for (int k = 0; k < 8; k++) {
    assert_near(median[k], pow(2, k + 1), 1e-9);
    assert_near(p90[k], 10 * pow(2, k + 1), 1e-9);
  }
  assert_near(g.per_action, 2, 1e-12);
  assert_near(g.amplification, 256, 1e-9);
  assert_near(g.p90, 2560, 1e-9);
  assert_near(g.exploding, 1, 0);
  /* the limit of 15 is between 8 and 16; only the two windows of 10 times the growth are beyond it */
  assert_near(summarise(3, 2, 1, 0, NULL, NULL).exploding, 0.2, 0);
  for (int length = 1; length <= 5; length++) assert_near(summarise(length, 2, 1, 0, NULL, NULL).per_action, 2, 1e-12);
  /* damped by 0.5^8, 256 is 1 */
  const df_growth damped = summarise(8, 2, 0.5, 0, NULL, NULL);
  assert_near(damped.damped, 1, 1e-9);
  assert_near(damped.exploding, 0, 0);
  assert_int_equal(damped.verdict, DF_GROWTH_FINE);
  assert_int_equal(g.verdict, DF_GROWTH_LARGE);
}

/* The line through the logarithms 1 0 0 0 0 of k = 4 .. 8, of a horizon of 8, falls by 0.2 per action. What grows
 * before k = 4 does not count. */
static void the_factor_is_that_of_the_second_half(void** state) {
  (void)state;
  const double values[8] = {1, 2e3, 1e-5, exp(1), 1, 1, 1, 1};
  df_growth g;
  assert_int_equal(df_growth_summary(1, 8, values, 1, NULL, NULL, &g), DF_OK);
  assert_near(g.per_action, exp(-0.2), 1e-12);
}

/* 2 and 8: the mean of the two in the middle is that of their logarithms */
static void the_median_of_two_windows_is_their_geometric_mean(void** state) {
  (void)state;
  const double values[4] = {1, 8, 1, 2};
  double median[2];
  df_growth g;
  assert_int_equal(df_growth_summary(2, 2, values, 1, median, NULL, &g), DF_OK);
  assert_near(median[0], 1, 1e-12);
  assert_near(median[1], 4, 1e-12);
  assert_near(g.amplification, 4, 1e-12);
}

static void windows_without_a_finite_gradient_are_counted(void** state) {
  (void)state;
  df_growth g = summarise(3, 2, 1, 1, NULL, NULL);
  assert_int_equal(g.verdict, DF_GROWTH_FINE);
  assert_int_equal(g.finite, 3);
  assert_near(g.exploding, 0.3, 1e-12);
  /* more than a tenth of the windows, over any number of actions */
  for (int infinite = 2; infinite <= 10; infinite += 8) {
    g = summarise(3, 2, 1, infinite, NULL, NULL);
    assert_int_equal(g.verdict, DF_GROWTH_BROKEN);
    assert_int_equal(g.finite, 0);
  }
  assert_true(isinf(g.amplification));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_scaled_rotation_grows_by_its_factor),
      cmocka_unit_test(units_of_states_and_actions_count),
      cmocka_unit_test(masses_that_glide_shear),
      cmocka_unit_test(every_action_and_step_has_its_own_numbers),
      cmocka_unit_test(the_direction_that_grows_most_counts),
      cmocka_unit_test(without_actions_the_rest_action_counts),
      cmocka_unit_test(an_unstable_pendulum_grows_by_the_exponential_of_its_rate),
      cmocka_unit_test(a_window_that_diverges_has_infinite_values_from_there_on),
      cmocka_unit_test(wrong_arguments_are_named),
      cmocka_unit_test(a_failed_allocation_leaks_nothing),
      cmocka_unit_test(the_summary_is_median_percentile_and_factor),
      cmocka_unit_test(the_90th_percentile_is_a_rank_that_is_rounded_up),
      cmocka_unit_test(the_factor_is_that_of_the_second_half),
      cmocka_unit_test(the_median_of_two_windows_is_their_geometric_mean),
      cmocka_unit_test(windows_without_a_finite_gradient_are_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
