/* Scales and signs of velocities whose positions are noisy, and of joints beside one that chatters. */
#include <math.h>

#include "check_parts.h"
#include "found.h"
#include "small_recording.h"
#include "unit.h"

enum { CLIPS = 3 };

/* what is recorded of the hinge, whose angle is a sine of 1/3 rad and whose noise is normal */
typedef struct hinge {
  double noise;  /* of the angle, rad */
  double factor; /* of the velocity */
  int late;      /* frames by which the velocity is of another phase */
  bool slides;   /* the slide moves, and its velocities are right */
} hinge;

/* The slide chatters by 2 mm, with a velocity that is of some moment between two frames, or it rests. */
static data_findings check(const hinge* c, bool chatter) {
  static const double h[CLIPS] = {0.01, 0.01, 0.01};
  data_findings out = {0};
  fixture f = fixture_new(slide_xml, CLIPS);
  for (int e = 0; e < CLIPS; e++) {
    double noise[3 * (T + 1)];
    df_rng_normal(3, DF_STREAM_TEST, (uint64_t)e, 3 * (T + 1), noise);
    for (int t = 0; t <= T; t++) {
      const double w = 2 * PI * (0.9 + 0.1 * e), s = 0.01 * t, late = 0.01 * c->late;
      double* x = frame_of(f.d, e, t);
      x[0] = chatter ? 0.002 * noise[3 * t] : 0;
      x[1] = sin(w * s) / 3 + c->noise * noise[3 * t + 1];
      x[2] = chatter ? noise[3 * t + 2] : 0;
      if (c->slides) {
        x[0] = 0.3 * sin(w * s);
        x[2] = 0.3 * w * cos(w * s);
      }
      x[3] = c->factor * w * cos(w * (s - late)) / 3;
    }
  }
  trace_it(&f, h);
  assert_ok(check_velocities(&f.m, &out));
  fixture_free(&f);
  return out;
}

/* the finding of the hinge that is wrong; NULL: none is */
static const data_finding* wrong(const data_findings* f) {
  for (int i = 0; i < f->n; i++) {
    if (f->list[i].verdict == CHECK_WRONG) return &f->list[i];
  }
  return NULL;
}

static void expect(const hinge* c, data_check check_of, double value, double within, const char* reason) {
  data_findings f = check(c, false);
  const data_finding* one = wrong(&f);
  assert_non_null(one);
  assert_int_equal(one->check, check_of);
  assert_string_equal(one->column, "hinge joints");
  if (!(fabs(one->value - value) < within)) fail_msg("%g instead of %g", one->value, value);
  assert_non_null(strstr(one->reason, reason));
  assert_string_equal(would_fit(one), "data.velocities = differences");
  data_findings_clear(&f);
}

/* 0.01 rad of noise at 100 Hz is 1.4 rad/s in the differences of two frames; the motion has 1.5 rad/s */
static void noise_of_the_positions_hides_no_scale(void** state) {
  (void)state;
  const double degrees = 180 / 3.14159265358979323846;
  expect(&(hinge){0.01, degrees, 0, false}, DATA_CHECK_VELOCITY_SCALE, 1 / degrees, 0.03 / degrees,
         "the positions of hinge joints change ");
  expect(&(hinge){0.01, -1, 0, false}, DATA_CHECK_VELOCITY_SIGN, -1, 0.1,
         "the velocities of hinge joints have the opposite sign of the changes of the positions, over spans of ");
}

/* Velocities that all have one factor of a few are those of frames of another duration, of 0.01 s, also where noise or
 * rocking hides it from frame to frame; beside a slide whose velocities are right they are scaled. */
static void noise_hides_no_frame_rate(void** state) {
  (void)state;
  static const double factors[] = {2, 0.5, 0.25};
  for (int i = 0; i < 3; i++) {
    data_findings alone = check(&(hinge){0.01, factors[i], 0, false}, false);
    const data_finding* one = wrong(&alone);
    assert_non_null(one);
    assert_int_equal(one->check, DATA_CHECK_FRAME_RATE);
    if (!(fabs(one->value - 100 * factors[i]) < 1e-9)) fail_msg("%g Hz, not %g", one->value, 100 * factors[i]);
    data_findings_clear(&alone);
    data_findings beside = check(&(hinge){0.01, factors[i], 0, true}, false);
    one = wrong(&beside);
    assert_non_null(one);
    assert_int_equal(one->check, DATA_CHECK_VELOCITY_SCALE);
    assert_string_equal(one->column, "hinge joints");
    data_findings_clear(&beside);
  }
}

/* 2.3 frames of a step each are no number of steps, and noise does not show which one is right: no rate is proposed. */
static void a_rate_that_is_not_clear_is_not_proposed(void** state) {
  (void)state;
  data_findings f = check(&(hinge){0.01, 1 / 2.3, 0, false}, false);
  const data_finding* one = wrong(&f);
  assert_non_null(one);
  assert_int_equal(one->check, DATA_CHECK_FRAME_RATE);
  assert_true(fabs(one->value - 100 / 2.3) < 2);
  assert_string_equal(would_fit(one), "");
  assert_non_null(strstr(one->reason, "set data.rate to the right rate"));
  data_findings_clear(&f);
}

static void right_velocities_give_no_alarm(void** state) {
  (void)state;
  static const double noise[] = {0, 0.001, 0.01, 0.03, 0.1, 0.3};
  for (size_t i = 0; i < sizeof noise / sizeof *noise; i++) {
    for (int chatter = 0; chatter < 2; chatter++) {
      data_findings f = check(&(hinge){noise[i], 1, 0, false}, chatter);
      const data_finding* one = wrong(&f);
      if (one) fail_msg("noise %g: %s: %s", noise[i], data_check_name(one->check), one->reason);
      data_findings_clear(&f);
    }
  }
}

/* a quarter of a turn of the sine later, velocities are those of the positions */
static void velocities_without_relation_are_wrong(void** state) {
  (void)state;
  data_findings f = check(&(hinge){0.01, 1, 25, false}, false);
  const data_finding* one = wrong(&f);
  assert_non_null(one);
  assert_int_equal(one->check, DATA_CHECK_VELOCITY);
  assert_non_null(
      strstr(one->reason, "the velocities of hinge joints do not follow from the changes of the positions"));
  assert_int_equal(data_findings_count(&f, CHECK_WARN), 0);
  data_findings_clear(&f);
}

/* ---- velocities of other frames ---- */

/* a sine of 3 Hz in which the velocities of the hinge are `late` frames late, and those of the slide are not */
static data_findings shifted(int late) {
  static const double h[CLIPS] = {0.01, 0.01, 0.01};
  data_findings out = {0};
  fixture f = fixture_new(slide_xml, CLIPS);
  for (int e = 0; e < CLIPS; e++) {
    for (int t = 0; t <= T; t++) {
      const double w = 6 * PI, s = 0.01 * t + e;
      double* x = frame_of(f.d, e, t);
      x[0] = sin(2 * s);
      x[1] = sin(w * s);
      x[2] = 2 * cos(2 * s);
      x[3] = w * cos(w * (s - 0.01 * late));
    }
  }
  trace_it(&f, h);
  assert_ok(check_velocities(&f.m, &out));
  fixture_free(&f);
  return out;
}

static void velocities_of_frames_further_away_are_named(void** state) {
  (void)state;
  for (int late = -8; late <= 8; late++) {
    char reason[80];
    data_findings f = shifted(late);
    const data_finding* one = wrong(&f);
    if (late == 0) {
      assert_null(one);
    } else {
      assert_non_null(one);
      assert_int_equal(one->check, DATA_CHECK_VELOCITY_SHIFT);
      assert_string_equal(one->column, "hinge joints");
      if (abs(late) == 1)
        snprintf(reason, sizeof reason, "the positions of one frame %s", late > 0 ? "earlier" : "later");
      else
        snprintf(reason, sizeof reason, "the positions of %d frames %s", abs(late), late > 0 ? "earlier" : "later");
      if (!strstr(one->reason, reason)) fail_msg("%d: %s", late, one->reason);
    }
    data_findings_clear(&f);
  }
}

/* ---- a joint that chatters ---- */

/* two hinges, of which the first one chatters and the second one moves with velocities times `factor` */
static data_findings beside(double factor) {
  static const double h[CLIPS] = {0.01, 0.01, 0.01};
  static const char xml[] =
      "<mujoco><option timestep='.01'/><worldbody><body><joint name='rough'/><geom size='.1'/><body><joint "
      "name='smooth'/><geom size='.1'/></body></body></worldbody></mujoco>";
  data_findings out = {0};
  fixture f = fixture_new(xml, CLIPS);
  for (int e = 0; e < CLIPS; e++) {
    double noise[2 * (T + 1)];
    df_rng_normal(4, DF_STREAM_TEST, (uint64_t)e, 2 * (T + 1), noise);
    for (int t = 0; t <= T; t++) {
      const double w = 2 * PI, s = 0.01 * t;
      double* x = frame_of(f.d, e, t);
      x[0] = 0.03 * noise[2 * t];
      x[1] = sin(w * s + e) / 3;
      x[2] = 5 * noise[2 * t + 1];
      x[3] = factor * w * cos(w * s + e) / 3;
    }
  }
  trace_it(&f, h);
  assert_ok(check_velocities(&f.m, &out));
  fixture_free(&f);
  return out;
}

static void a_joint_that_chatters_hides_no_other(void** state) {
  (void)state;
  data_findings right = beside(1), twice = beside(2), reversed = beside(-1);
  assert_null(wrong(&right));
  assert_int_equal(wrong(&twice)->check, DATA_CHECK_VELOCITY_SCALE);
  assert_true(fabs(wrong(&twice)->value - 0.5) < 0.01);
  assert_non_null(strstr(wrong(&twice)->reason, "the positions of smooth change 0.5"));
  assert_int_equal(wrong(&reversed)->check, DATA_CHECK_VELOCITY_SIGN);
  assert_non_null(strstr(wrong(&reversed)->reason, "smooth"));
  data_findings_clear(&right);
  data_findings_clear(&twice);
  data_findings_clear(&reversed);
}

/* Frames are one physics step, so that what rocks within them has at most 20 times the velocity. */
static void velocities_that_no_vibration_has_are_wrong(void** state) {
  (void)state;
  static const double rough[] = {5, 200};
  for (int i = 0; i < 2; i++) {
    static const double h[1] = {0.01};
    fixture f = fixture_new(slide_xml, 1);
    data_findings found = {0};
    double noise[2 * (T + 1)];
    df_rng_normal(5, DF_STREAM_TEST, 0, 2 * (T + 1), noise);
    for (int t = 0; t <= T; t++) {
      frame_of(f.d, 0, t)[1] = 0.03 * noise[2 * t];
      frame_of(f.d, 0, t)[3] = rough[i] * noise[2 * t + 1];
    }
    trace_it(&f, h);
    assert_ok(check_velocities(&f.m, &found));
    assert_int_equal(finding_at(&found, DATA_CHECK_VELOCITY, "hinge joints")->verdict, i ? CHECK_WRONG : CHECK_WARN);
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

/* ---- velocities that contacts change within a frame ---- */

/* the error of the velocities over spans of n frames, by definition: those of successive frames are averaged */
static double error_over(const fixture* f, double h, int n) {
  double off = 0, all = 0;
  /* the first and the last frame have no two neighbours */
  for (int t = 1; t + n <= T - 1; t += n) {
    double change = 0, sum = 0;
    for (int k = t; k < t + n; k++) {
      change += frame_of(f->d, 0, k + 1)[1] - frame_of(f->d, 0, k)[1];
      sum += h * (frame_of(f->d, 0, k + 1)[3] + frame_of(f->d, 0, k)[3]) / 2;
    }
    off += (change - sum) * (change - sum);
    all += change * change;
  }
  return sqrt(off / all);
}

/* A turn of which the velocity rocks from physics step to step: frames of five steps leave that within them, those of
 * one step do not. */
static void velocities_that_rock_within_frames_follow_over_spans(void** state) {
  (void)state;
  static const double h[] = {0.05, 0.01};
  for (int i = 0; i < 2; i++) {
    fixture f = fixture_new(slide_xml, 1);
    data_findings found = {0};
    double noise[T + 1];
    df_rng_normal(7, DF_STREAM_TEST, 0, T + 1, noise);
    for (int t = 0; t <= T; t++) {
      const double w = PI * 0.05 / h[i];
      frame_of(f.d, 0, t)[1] = sin(w * h[i] * t) / 3;
      frame_of(f.d, 0, t)[3] = w * cos(w * h[i] * t) / 3 + 0.28 * w * noise[t];
    }
    trace_it(&f, &h[i]);
    assert_ok(check_velocities(&f.m, &found));
    const data_finding* one = finding_at(&found, DATA_CHECK_VELOCITY, "hinge joints");
    assert_non_null(one);
    if (i == 1) {
      assert_int_equal(one->verdict, CHECK_WARN);
      assert_true(one->value > 0.5);
    } else {
      int n = 2;
      while (error_over(&f, h[i], n) > 0.5) n *= 2;
      char says[80];
      snprintf(says, sizeof says, "over spans of %d frames; ", n);
      assert_true(n > 2);
      assert_int_equal(one->verdict, CHECK_OK);
      if (!(fabs(one->value - error_over(&f, h[i], n)) < 1e-9))
        fail_msg("%g instead of %g", one->value, error_over(&f, h[i], n));
      assert_non_null(strstr(one->reason, says));
      expect_limits_decide(&found);
    }
    data_findings_clear(&found);
    fixture_free(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(noise_of_the_positions_hides_no_scale),
                                     cmocka_unit_test(noise_hides_no_frame_rate),
                                     cmocka_unit_test(a_rate_that_is_not_clear_is_not_proposed),
                                     cmocka_unit_test(right_velocities_give_no_alarm),
                                     cmocka_unit_test(velocities_without_relation_are_wrong),
                                     cmocka_unit_test(a_joint_that_chatters_hides_no_other),
                                     cmocka_unit_test(velocities_of_frames_further_away_are_named),
                                     cmocka_unit_test(velocities_that_no_vibration_has_are_wrong),
                                     cmocka_unit_test(velocities_that_rock_within_frames_follow_over_spans)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
