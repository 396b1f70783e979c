/* The study of variants: learned Gaussian flows against their closed form, and samples within stated distances. */
#define _GNU_SOURCE
#include "toy_study.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "near.h"
#include "unit.h"

static const toy_variant* variant_named(const char* name) {
  const toy_variant* list;
  const int n = toy_variants(&list);
  assert_true(n <= TOY_VARIANTS_MAX);
  for (int i = 0; i < n; i++) {
    if (strcmp(list[i].name, name) == 0) return &list[i];
  }
  fail_msg("no variant %s", name);
  return NULL;
}

static double number(const json_t* entry, const char* name) {
  const json_t* value = json_object_get(entry, name);
  if (!value) fail_msg("no %s", name);
  return json_is_number(value) ? json_number_value(value) : NAN;
}

/* runs one variant on clouds with short trainings of a small network; the caller frees the rows */
static rows study(const char* variant, int n, const cloud* clouds, const char* steps) {
  options opts = options_default();
  opts.quiet = true;
  opts.threads = 1;
  opts.set[opts.n_set++] = "net.width=64";
  opts.set[opts.n_set++] = steps;
  toy_cfg cfg = {.opts = &opts, .n_clouds = n, .n_variants = 1, .points = 8000, .samples = 1000};
  for (int i = 0; i < n; i++) cfg.clouds[i] = clouds[i];
  cfg.variants[0] = variant_named(variant);
  rows out = rows_new();
  if (toy_study_run(&cfg, &out) != DF_OK) fail_msg("%s: %s", variant, df_error_message());
  return out;
}

static void the_learned_gaussian_field_is_the_exact_one(void** state) {
  (void)state;
  /* measured field errors: 0.12, 0.06, 0.06; that of the field at rest is 1. The velocity of x1 is divided by 1-t. */
  static const struct {
    const char* name;
    double field; /* NAN: the field of a coupling is another one */
  } cases[] = {{"x1", 0.18}, {"velocity", 0.09}, {"sigma_min", 0.09}, {"transport", NAN}};
  const cloud gaussian = CLOUD_GAUSSIAN;
  for (int i = 0; i < 4; i++) {
    const char* name = cases[i].name;
    rows out = study(name, 1, &gaussian, "train.steps=1000");
    const json_t* entry = json_array_get(out.list, 0);
    assert_int_equal(json_array_size(out.list), 1);
    if (isnan(cases[i].field)) {
      assert_null(json_object_get(entry, "field_error"));
    } else if (!(number(entry, "field_error") < cases[i].field)) {
      fail_msg("%s: field error %g", name, number(entry, "field_error"));
    }
    /* in units of points, whose standard deviations are 1.2 and 0.94; 1000 points have standard errors of 0.04, 0.06 */
    if (!(number(entry, "mean_error") < 0.12)) fail_msg("%s: mean %g", name, number(entry, "mean_error"));
    if (!(number(entry, "covariance_error") < 0.2))
      fail_msg("%s: covariance %g", name, number(entry, "covariance_error"));
    /* measured: 0.011 to 0.025 above the distance of fresh points */
    const double within = number(entry, "floor") + 0.06;
    if (!(number(entry, "adaptive") < within)) fail_msg("%s: distance %g", name, number(entry, "adaptive"));
    /* one Euler step suffices where paths do not cross, else it leads to the mean: the spread of the cloud is missing
     */
    const bool straight = strcmp(name, "transport") == 0;
    if (straight ? !(number(entry, "euler_1") < within) : !(number(entry, "euler_1") > 0.5))
      fail_msg("%s: one step %g", name, number(entry, "euler_1"));
    /* that of the Gaussian is 1 + log(2 pi) + log(1.2 0.5); of 500 points */
    assert_near(number(entry, "entropy"), 1 + log(2 * acos(-1)) + log(1.2 * 0.5), 0.15);
    const double nll = number(entry, "nll");
    if (strcmp(name, "x1") == 0) {
      assert_true(isnan(nll));
    } else if (!(fabs(nll - number(entry, "entropy")) < 0.03)) {
      fail_msg("%s: nll %g, entropy %g", name, nll, number(entry, "entropy"));
    }
    rows_free(&out);
  }
}

/* What 20 steps of DDIM make of normal noise with the ideal denoiser of a coordinate of variance `s2` about 0: the
 * factor by which it grows (test_diffusion.c has the steps one by one). */
static double growth(bool noise, double s2) {
  enum { T = 100, K = 20 };
  double factor = 1;
  for (int i = 0; i < K; i++) {
    double share[2];
    for (int j = 0; j < 2; j++) {
      const int n = i + j == K ? 0 : noise ? 1 + (K - 1 - i - j) * T / K : T - (i + j) * T / K;
      share[j] = pow(cos(((n == T ? T - 1 : n) / 100.0 + 0.008) / 1.008 * acos(0)) / cos(0.008 / 1.008 * acos(0)), 2);
      if (n == T) share[j] *= 0.001;
    }
    const double data = sqrt(share[0]), denoised = data * s2 / (share[0] * s2 + 1 - share[0]);
    factor *= sqrt(share[1]) * denoised + sqrt((1 - share[1]) / (1 - share[0])) * (1 - data * denoised);
  }
  return factor;
}

/* Steps of finite length shrink: the covariance that is left has a closed form along the axes of the normalised cloud,
 * whose coordinates have unit variance and the correlation r. */
static void a_diffusion_of_a_gaussian_is_sampled_as_its_closed_form(void** state) {
  (void)state;
  const cloud gaussian = CLOUD_GAUSSIAN;
  double mean[2], c[2][2];
  cloud_gaussian(mean, c);
  const double r = c[0][1] / sqrt(c[0][0] * c[1][1]);
  static const char* const names[] = {"diffusion", "diffusion_noise"};
  for (int i = 0; i < 2; i++) {
    const double a = growth(i, 1 + r), b = growth(i, 1 - r);
    assert_true(a < 0.99 * sqrt(1 + r) && b < 0.99 * sqrt(1 - r));
    const double same = 0.5 * (a * a + b * b), across = 0.5 * (a * a - b * b);
    double left = fmax(c[0][0], c[1][1]) * fabs(same - 1);
    left = fmax(left, sqrt(c[0][0] * c[1][1]) * fabs(across - r));
    rows out = study(names[i], 1, &gaussian, "train.steps=1000");
    const json_t* entry = json_array_get(out.list, 0);
    /* measured: 0.023 and 0.018; 0.158 and 0.104, which would be 0.180 and 0.170; standard errors as above */
    if (!(number(entry, "mean_error") < 0.12)) fail_msg("%s: mean %g", names[i], number(entry, "mean_error"));
    if (!(fabs(number(entry, "covariance_error") - left) < 0.1))
      fail_msg("%s: covariance %g, closed form %g", names[i], number(entry, "covariance_error"), left);
    /* one step of predicted data is their mean, and more steps come nearer */
    assert_true(i == 1 || number(entry, "euler_1") > 0.5);
    assert_true(number(entry, "euler_4") < number(entry, "euler_1"));
    assert_true(number(entry, "euler_20") < number(entry, "euler_4"));
    rows_free(&out);
  }
}

static void a_condition_tells_clouds_apart(void** state) {
  (void)state;
  const cloud clouds[2] = {CLOUD_GAUSSIAN, CLOUD_EIGHT};
  rows out = study("conditional", 2, clouds, "train.steps=1000");
  assert_int_equal(json_array_size(out.list), 6);
  for (size_t i = 0; i < 6; i++) {
    const json_t* entry = json_array_get(out.list, i);
    assert_string_equal(json_string_value(json_object_get(entry, "cloud")), cloud_name(clouds[i / 3]));
    assert_near(number(entry, "guidance"), (double)(i % 3), 0);
    /* without guidance both clouds are mixed */
    const double distance = number(entry, "rk4_5");
    if (i % 3 < 2 && (distance < 0.35) != (i % 3 == 1)) fail_msg("row %zu: distance %g", i, distance);
  }
  rows_free(&out);
}

static void a_setting_that_is_wrong_is_named(void** state) {
  (void)state;
  options opts = options_default();
  opts.quiet = true;
  toy_cfg cfg = {.opts = &opts, .n_clouds = 1, .n_variants = 1, .points = 200, .samples = 16};
  cfg.variants[0] = variant_named("x1");
  rows out = rows_new();
  static const char* const wrong[] = {"train.steps", "train.stepz=3", "flow.guidance=2"};
  for (int i = 0; i < 3; i++) {
    opts.n_set = 1;
    opts.set[0] = wrong[i];
    assert_int_equal(toy_study_run(&cfg, &out), DF_E_CONFIG);
    char* key = strndup(wrong[i], strcspn(wrong[i], "="));
    assert_non_null(strstr(df_error_message(), key));
    free(key);
  }
  rows_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_learned_gaussian_field_is_the_exact_one),
      cmocka_unit_test(a_diffusion_of_a_gaussian_is_sampled_as_its_closed_form),
      cmocka_unit_test(a_condition_tells_clouds_apart),
      cmocka_unit_test(a_setting_that_is_wrong_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
