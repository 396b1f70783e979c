/* Durations of frames that no recording has are named, and a physics step of another unit. */
#include "frame_interval.h"

#include "check_parts.h"
#include "found.h"
#include "small_recording.h"
#include "unit.h"

/* a physics step of the model takes 0.01 s */
static data_findings check(int episodes, const double* stated) {
  data_findings out = {0};
  fixture f = fixture_new(slide_xml, 1);
  check_frame_intervals(episodes, stated, f.s, &(fit_source){0}, &out);
  fixture_free(&f);
  return out;
}

static void the_first_duration_that_no_recording_has_is_named(void** state) {
  (void)state;
  static const struct {
    double stated[3];
    check_verdict verdict;
    double value, limit;
    const char* reason;
  } cases[] = {
      {{0.02, 0.5, 0.02}, CHECK_OK, 0.02, 1, ""},
      {{1, 1, 1}, CHECK_OK, 1, 1, ""},
      {{0.02, 1e10, 3},
       CHECK_WRONG,
       1e10,
       1,
       "the data state that a frame of episode 1 lasts 1e+10 s, which is 1e-10 Hz: a recording has 1 Hz to 10 kHz; set "
       "data.rate to its rate"},
      {{0.02, 0.02, 2e-5},
       CHECK_WRONG,
       2e-5,
       NAN,
       "the data state that a frame of episode 2 lasts 2e-05 s, which is 50000 Hz: a recording has 1 Hz to 10 kHz; set "
       "data.rate to its rate"},
      {{0.0005, 0.02, 0.02},
       CHECK_WARN,
       0.0005,
       NAN,
       "the data state that a frame of episode 0 lasts 0.0005 s, but a physics step of the model lasts 0.01 s: set "
       "data.rate or system.timestep, whichever is wrong"}};
  for (int i = 0; i < 5; i++) {
    data_findings found = check(3, cases[i].stated);
    assert_int_equal(found.n, 1);
    assert_int_equal(found.list[0].check, DATA_CHECK_FRAME_INTERVAL);
    assert_string_equal(found.list[0].reason, cases[i].reason);
    assert_int_equal(found.list[0].verdict, cases[i].verdict);
    assert_true(found.list[0].value == cases[i].value);
    assert_true(found.list[0].limit == cases[i].limit || (isnan(found.list[0].limit) && isnan(cases[i].limit)));
    expect_limits_decide(&found);
    assert_int_equal(found.list[0].would_fit.n, 0);
    data_findings_clear(&found);
  }
}

/* A wheel that coasts, q' = v, v' = -v / tau, exactly, recorded every `h` s under the name of a recording every
 * `stated` s; and its rate as it is found, 0: nothing is wrong. */
static double rate_of_coasting(double tau, double h, double stated, int substeps) {
  fixture f = fixture_new(slide_xml, 1);
  for (int t = 0; t <= T; t++) {
    double* x = f.d->states + t * f.d->nx;
    /* by `substeps` implicit Euler steps per frame, 0: exactly */
    const double a = h / tau, decay = substeps ? pow(1 + a / substeps, -substeps * t) : exp(-a * t);
    x[1] = -7 * tau * decay;
    x[3] = 7 * decay;
  }
  data_findings found = {0};
  const double frame[1] = {stated};
  trace_it(&f, frame);
  assert_ok(check_velocities(&f.m, &found));
  double rate = 0;
  int wrong = 0;
  for (int i = 0; i < found.n; i++) {
    wrong += found.list[i].verdict != CHECK_OK;
    if (found.list[i].check == DATA_CHECK_FRAME_RATE) rate = found.list[i].value;
  }
  assert_int_equal(wrong > 0, rate > 0);
  data_findings_clear(&found);
  fixture_free(&f);
  return rate;
}

/* Every frame of such a motion is the one before times a number, so that velocities of other frames fit exactly, with
 * another slope. */
static void a_body_that_coasts_has_its_own_rate(void** state) {
  (void)state;
  static const double taus[] = {0.1, 0.25, 0.5, 2, -0.5};
  static const int substeps[] = {0, 1, 2, 10};
  for (int i = 0; i < 5; i++) {
    for (int k = 0; k < 4; k++) {
      if (rate_of_coasting(taus[i], 0.02, 0.02, substeps[k]) != 0) fail_msg("tau %g, %d steps", taus[i], substeps[k]);
      for (int wrong = 0; wrong < 3; wrong++) {
        static const double factors[] = {0.5, 2, 5};
        const double rate = rate_of_coasting(taus[i], 0.02, 0.02 * factors[wrong], substeps[k]);
        /* an integrator with one step per frame changes the positions by the velocity at an end of it */
        if (!(fabs(rate / 50 - 1) < 0.02 + 0.01 / fabs(taus[i])))
          fail_msg("tau %g, %d steps, stated %g: %g Hz", taus[i], substeps[k], 0.02 * factors[wrong], rate);
      }
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_first_duration_that_no_recording_has_is_named),
                                     cmocka_unit_test(a_body_that_coasts_has_its_own_rate)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
