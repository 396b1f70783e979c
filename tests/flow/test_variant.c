/* The settings of variants, the path, and the distributions of flow times, against closed forms. */
#include "variant.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "near.h"
#include "unit.h"

/* ---- the beta distribution ---- */

static void shares_of_beta_are_those_of_its_closed_forms(void** state) {
  (void)state;
  for (int i = 0; i <= 40; i++) {
    const double x = i / 40.0;
    assert_near(variant_beta_share(1, 1, x), x, 1e-14);
    assert_near(variant_beta_share(2.7, 1, x), pow(x, 2.7), 1e-13);
    assert_near(variant_beta_share(1, 0.3, x), 1 - pow(1 - x, 0.3), 1e-13);
    assert_near(variant_beta_share(0.5, 0.5, x), 1 / acos(0) * asin(sqrt(x)), 1e-13);
    /* the integral of 12 x (1-x)^2 */
    assert_near(variant_beta_share(2, 3, x), x * x * (6 - 8 * x + 3 * x * x), 1e-13);
    /* symmetric about 1/2, also where it is narrow */
    assert_near(variant_beta_share(80, 80, x), 1 - variant_beta_share(80, 80, 1 - x), 1e-12);
  }
}

static void quantiles_of_beta_invert_its_shares(void** state) {
  (void)state;
  static const double shapes[][2] = {{1.5, 1}, {1, 1.5}, {0.05, 0.4}, {0.4, 0.05}, {3, 7}, {100, 0.5}, {60, 90}};
  for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
    const double a = shapes[s][0], b = shapes[s][1];
    double before = 0;
    for (int i = 1; i < 200; i++) {
      const double p = i / 200.0, x = variant_beta_quantile(a, b, p);
      assert_true(x >= before - 1e-14 && x <= 1);
      /* near 0 and 1 neighbouring doubles may be far apart in share */
      const double low = variant_beta_share(a, b, x - 1e-14), high = variant_beta_share(a, b, x + 1e-14);
      if (!(low - 1e-11 <= p && p <= high + 1e-11))
        fail_msg("Beta(%g, %g): share %g at %.17g is in %.17g .. %.17g", a, b, p, x, low, high);
      before = x;
    }
    assert_true(variant_beta_quantile(a, b, 0) == 0 && variant_beta_quantile(a, b, 1) == 1);
  }
}

/* ---- flow times ---- */

static int ascending(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

/* the largest distance between the shares of N flow times and those of a distribution (Kolmogorov and Smirnov) */
static double distance_of_times(const flow_variant* v, double (*share)(double)) {
  enum { N = 20000 };
  static double t[N];
  double apart = 0;
  for (int i = 0; i < N; i++) {
    t[i] = variant_time(v, 5, (uint64_t)i);
    assert_true(t[i] >= 0 && t[i] <= 1);
    assert_true(t[i] == variant_time(v, 5, (uint64_t)i));
  }
  qsort(t, N, sizeof *t, ascending);
  for (int i = 0; i < N; i++) {
    const double p = share(t[i]);
    apart = fmax(apart, fmax(fabs(p - (double)i / N), fabs(p - (i + 1.0) / N)));
  }
  return apart;
}

static double root_share(double t) {
  return pow(t, 1 / 2.5);
}
static double beta_share(double t) {
  return t * t * (6 - 8 * t + 3 * t * t);
}
static double logit_share(double t) {
  return 0.5 * erfc(-(log(t / (1 - t)) + 0.6) / 1.3 / sqrt(2));
}

static void flow_times_have_the_distribution_of_their_setting(void** state) {
  (void)state;
  const flow_variant laws[] = {{.law = FLOW_TIME_POWER, .power = 2.5},
                               {.law = FLOW_TIME_BETA, .shape = {2, 3}},
                               {.law = FLOW_TIME_LOGIT_NORMAL, .normal = {-0.6, 1.3}}};
  double (*const shares[])(double) = {root_share, beta_share, logit_share};
  /* 20000 draws exceed 0.0115 with a probability of 1 % */
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) {
      const double apart = distance_of_times(&laws[i], shares[j]);
      if ((apart < 0.0115) != (i == j)) fail_msg("times of law %d, shares of law %d: %g apart", i, j, apart);
    }
  }
}

/* ---- path ---- */

static void the_velocity_of_a_path_is_its_slope_and_leads_to_its_end(void** state) {
  (void)state;
  static const double left[] = {0, 0.1, 1};
  for (int i = 0; i < 3; i++) {
    const flow_variant v = {.sigma_min = left[i]};
    const double x0 = 0.7, x1 = -1.9, slope = x1 - (1 - left[i]) * x0, t = 0.6, h = 1e-6;
    const double x = variant_base_share(&v, t) * x0 + t * x1;
    const double later = variant_base_share(&v, t + h) * x0 + (t + h) * x1;
    assert_near((later - x) / h, slope, 1e-9);
    assert_near(variant_velocity(&v, t, x, x1), slope, 1e-14);
    assert_near(variant_end(&v, t, x, slope), x1, 1e-14);
    assert_near(variant_base_share(&v, 1), left[i], 1e-15);
    assert_near(variant_clean(&v, t, x, left[i] * x0 + x1), x1, 1e-14);
  }
}

/* ---- settings ---- */

static df_config with(const char* key, const char* value) {
  df_config c = df_config_default();
  assert_int_equal(df_config_set(&c, "task.name", "t", "test"), DF_OK);
  assert_int_equal(df_config_set(&c, key, value, "test"), DF_OK);
  return c;
}

static void settings_become_the_variant(void** state) {
  (void)state;
  const df_config usual = df_config_default();
  flow_variant v = variant_of(&usual);
  assert_int_equal(v.prediction, FLOW_PREDICT_X1);
  assert_int_equal(v.law, FLOW_TIME_POWER);
  assert_int_equal(v.solver, FLOW_EULER);
  assert_true(v.sigma == 1 && v.sigma_min == 0 && v.power == 1 && !v.transport && v.dropout == 0 && v.guidance == 1);
  static const char* const pairs[][2] = {
      {"flow.prediction", "velocity"},  {"flow.time", "logit_normal"}, {"flow.time_shape", "3,4"},
      {"flow.time_normal", "-1,2"},     {"flow.solver", "rk4"},        {"flow.coupling", "transport"},
      {"flow.coupling_condition", "5"}, {"flow.guidance", "1.5"},      {"flow.condition_dropout", "0.2"},
      {"flow.sigma_min", "0.01"},       {"flow.tolerance", "0.01"}};
  df_config c = usual;
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
    assert_int_equal(df_config_set(&c, pairs[i][0], pairs[i][1], "test"), DF_OK);
  v = variant_of(&c);
  assert_int_equal(v.prediction, FLOW_PREDICT_VELOCITY);
  assert_int_equal(v.law, FLOW_TIME_LOGIT_NORMAL);
  assert_int_equal(v.solver, FLOW_RK4);
  assert_true(v.shape[0] == 3 && v.shape[1] == 4 && v.normal[0] == -1 && v.normal[1] == 2 && v.transport);
  assert_true(v.cost == 5 && v.guidance == 1.5 && v.dropout == 0.2 && v.sigma_min == 0.01 && v.tolerance == 0.01);
  assert_int_equal(variant_check(&c, "m", false, 2, 8), DF_OK);
  c = with("flow.solver", "midpoint");
  assert_int_equal(variant_of(&c).solver, FLOW_MIDPOINT);
  c = with("flow.solver", "adaptive");
  assert_int_equal(variant_of(&c).solver, FLOW_ADAPTIVE);
  c = with("flow.time", "beta");
  assert_int_equal(variant_of(&c).law, FLOW_TIME_BETA);
}

static void refused(const df_config* c, bool simulates, int nc, int slice, const char* text) {
  assert_int_equal(variant_check(c, "m", simulates, nc, slice), DF_E_CONFIG);
  if (!strstr(df_error_message(), text)) fail_msg("'%s' does not name '%s'", df_error_message(), text);
}

static void settings_that_do_not_fit_together_are_refused(void** state) {
  (void)state;
  df_config c = with("flow.prediction", "velocity");
  assert_int_equal(variant_check(&c, "m", false, 0, 8), DF_OK);
  refused(&c, true, 0, 8,
          "flow.prediction = velocity: the network of m outputs actions, from which the simulator makes X^1");
  c = with("flow.guidance", "2");
  refused(&c, false, 1, 8, "flow.guidance = 2 needs a network that is also trained without conditions");
  assert_int_equal(df_config_set(&c, "flow.condition_dropout", "0.1", "test"), DF_OK);
  assert_int_equal(variant_check(&c, "m", true, 1, 8), DF_OK);
  refused(&c, false, 0, 8, "flow.condition_dropout = 0.1: the demonstrations have no conditions");
  c = with("flow.reflow_from", "0.5");
  assert_int_equal(variant_check(&c, "m", false, 0, 8), DF_OK);
  refused(&c, true, 0, 8, "flow.reflow_from = 0.5: the flow of m has no targets but demonstrated states; use 1");
  c = with("flow.reflow_from", "0");
  refused(&c, false, 0, 8, "flow.reflow_from = 0: a flow that is not trained");
  c = with("flow.few_step", "shortcut");
  refused(&c, false, 0, 8, "flow.few_step = shortcut");
  assert_int_equal(df_config_set(&c, "flow.prediction", "velocity", "test"), DF_OK);
  assert_int_equal(variant_check(&c, "m", false, 0, 8), DF_OK);
  /* the velocity of span 0 that the others are made of */
  static const struct {
    const char *kind, *share, *reflow, *text;
  } spans[] = {{"shortcut", "1", "1", "flow.few_step_share = 1"},
               {"mean_flow", "1", "1", NULL},
               {"mean_flow", "1", "0.5", "flow.few_step_share = 1"},
               {"shortcut", "0.9", "0.5", NULL},
               {"consistency", "0.5", "1", NULL},
               {"consistency", "0.5", "0.5", "a consistency model"}};
  for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
    df_config s = c;
    assert_int_equal(df_config_set(&s, "flow.few_step", spans[i].kind, "test"), DF_OK);
    assert_int_equal(df_config_set(&s, "flow.few_step_share", spans[i].share, "test"), DF_OK);
    assert_int_equal(df_config_set(&s, "flow.reflow_from", spans[i].reflow, "test"), DF_OK);
    if (spans[i].text) refused(&s, false, 0, 8, spans[i].text);
    if (!spans[i].text) assert_int_equal(variant_check(&s, "m", false, 0, 8), DF_OK);
  }
  assert_int_equal(df_config_set(&c, "flow.solver", "rk4", "test"), DF_OK);
  refused(&c, false, 0, 8, "flow.solver: euler");
  /* what a consistency model would not use */
  static const char* const unused[][3] = {{"flow.time", "beta", "flow.time, flow.time_power"},
                                          {"flow.time_power", "2", "flow.time, flow.time_power"},
                                          {"flow.few_step_share", "0.3", "flow.few_step_share"}};
  for (size_t i = 0; i < 3; i++) {
    df_config s = with("flow.prediction", "velocity");
    assert_int_equal(df_config_set(&s, unused[i][0], unused[i][1], "test"), DF_OK);
    assert_int_equal(df_config_set(&s, "flow.few_step", "shortcut", "test"), DF_OK);
    assert_int_equal(variant_check(&s, "m", false, 0, 8), DF_OK);
    assert_int_equal(df_config_set(&s, "flow.few_step", "consistency", "test"), DF_OK);
    refused(&s, false, 0, 8, unused[i][2]);
  }
  c = with("flow.time_shape", "2");
  refused(&c, false, 0, 8, "flow.time_shape has 1 numbers; expected alpha and beta, both above 0");
  c = with("flow.time_shape", "2,0");
  refused(&c, false, 0, 8, "flow.time_shape has 2 numbers; expected alpha and beta, both above 0");
  c = with("flow.time_normal", "0,-1");
  refused(&c, false, 0, 8, "flow.time_normal has 2 numbers; expected a mean and a standard deviation above 0");
  c = with("flow.coupling", "transport");
  assert_int_equal(variant_check(&c, "m", true, 0, 2), DF_OK);
  refused(&c, true, 0, 1, "flow.coupling = transport couples the samples of a micro-batch, which has 1 here");
}

static void a_method_with_its_own_sampler_takes_flow_times_only(void** state) {
  (void)state;
  static const char* const fine[][2] = {{"flow.sigma", "2"},           {"flow.time", "beta"},
                                        {"flow.time_power", "3"},      {"flow.time_shape", "2,2"},
                                        {"flow.time_normal", "1,0.5"}, {"train.steps", "7"}};
  static const char* const refused_keys[][2] = {
      {"flow.prediction", "velocity"},   {"flow.sigma_min", "0.1"},   {"flow.coupling", "transport"},
      {"flow.few_step", "shortcut"},     {"flow.reflow_from", "0.5"}, {"flow.coupling_condition", "0.1"},
      {"flow.condition_dropout", "0.1"}, {"flow.guidance", "2"},      {"flow.solver", "rk4"},
      {"flow.tolerance", "0.1"}};
  for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
    const df_config c = with(fine[i][0], fine[i][1]);
    assert_int_equal(variant_check_times_only(&c, "dap"), DF_OK);
  }
  for (size_t i = 0; i < sizeof refused_keys / sizeof refused_keys[0]; i++) {
    const df_config c = with(refused_keys[i][0], refused_keys[i][1]);
    assert_int_equal(variant_check_times_only(&c, "dap"), DF_E_CONFIG);
    assert_non_null(strstr(df_error_message(), refused_keys[i][0]));
    assert_non_null(strstr(df_error_message(), "dap"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shares_of_beta_are_those_of_its_closed_forms),
      cmocka_unit_test(quantiles_of_beta_invert_its_shares),
      cmocka_unit_test(flow_times_have_the_distribution_of_their_setting),
      cmocka_unit_test(the_velocity_of_a_path_is_its_slope_and_leads_to_its_end),
      cmocka_unit_test(settings_become_the_variant),
      cmocka_unit_test(settings_that_do_not_fit_together_are_refused),
      cmocka_unit_test(a_method_with_its_own_sampler_takes_flow_times_only),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
