/* Frame rates of velocities that fall within a frame, and of groups that need different factors. */
#include <math.h>

#include "check_parts.h"
#include "found.h"
#include "small_recording.h"
#include "unit.h"

enum { CLIPS = 3 };
static const double STEP = 0.01; /* s between frames */

static data_findings check(fixture* f) {
  static const double h[CLIPS] = {0.01, 0.01, 0.01};
  data_findings out = {0};
  trace_it(f, h);
  assert_ok(check_velocities(&f->m, &out));
  fixture_free(f);
  return out;
}

/* Coordinates that approach a target of each frame with the rate 1 / frame: q' = (u - q) / T, in closed form. The
 * change is (e - 1) times what the velocity at the end of the frame says, and 1 - 1 / e of that at its start. */
static void expect_right_rate(bool at_start) {
  fixture f = fixture_new(slide_xml, CLIPS);
  const double left = exp(-1);
  for (int e = 0; e < CLIPS; e++) {
    double target[2 * (T + 1)];
    df_rng_uniform(5, DF_STREAM_TEST, (uint64_t)e, 2 * (T + 1), target);
    for (int t = 1; t <= T; t++) {
      const double* before = frame_of(f.d, e, t - 1);
      double* x = frame_of(f.d, e, t);
      for (int i = 0; i < 2; i++) {
        const double away = target[2 * t + i] - before[i];
        x[i] = before[i] + away * (1 - left);
        double* v = at_start ? frame_of(f.d, e, t - 1) + 2 + i : &x[2 + i];
        *v = at_start ? away / STEP : away * left / STEP;
        assert_true(fabs(x[i] - before[i] - (at_start ? 1 - left : exp(1) - 1) * *v * STEP) < 1e-12);
      }
    }
  }
  data_findings found = check(&f);
  for (int i = 0; i < found.n; i++) {
    if (found.list[i].verdict == CHECK_WRONG) fail_msg("%s: %s", found.list[i].column, found.list[i].reason);
  }
  data_findings_clear(&found);
}

static void servos_that_settle_within_a_frame_have_a_right_rate(void** state) {
  (void)state;
  expect_right_rate(false);
  expect_right_rate(true);
}

/* the slide and the hinge move as sines; their velocities are so many times the right ones, those of the slide noisy */
static data_findings of_factors(double slide, double hinge) {
  fixture f = fixture_new(slide_xml, CLIPS);
  for (int e = 0; e < CLIPS; e++) {
    double noise[T + 1];
    df_rng_normal(9, DF_STREAM_TEST, (uint64_t)e, T + 1, noise);
    for (int t = 0; t <= T; t++) {
      const double w = 2 * PI * (0.9 + 0.1 * e), s = STEP * t;
      double* x = frame_of(f.d, e, t);
      x[0] = sin(w * s) / 5;
      x[1] = cos(w * s) / 3;
      x[2] = slide * w * (cos(w * s) + 0.25 * noise[t]) / 5;
      x[3] = -hinge * w * sin(w * s) / 3;
    }
  }
  return check(&f);
}

static void a_frame_rate_is_one_that_no_group_contradicts(void** state) {
  (void)state;
  data_findings both = of_factors(0.5, 0.5), one = of_factors(1, 0.5);
  const data_finding *rate = finding_at(&both, DATA_CHECK_FRAME_RATE, ""),
                     *scale = finding_at(&one, DATA_CHECK_VELOCITY_SCALE, "hinge joints");
  assert_non_null(rate);
  assert_true(fabs(rate->value - 50) < 1e-6); /* 0.02 s, not 0.01 s */
  assert_null(finding_at(&one, DATA_CHECK_FRAME_RATE, ""));
  assert_non_null(scale);
  assert_true(fabs(scale->value - 2) < 0.01);
  data_findings_clear(&both);
  data_findings_clear(&one);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(servos_that_settle_within_a_frame_have_a_right_rate),
                                     cmocka_unit_test(a_frame_rate_is_one_that_no_group_contradicts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
