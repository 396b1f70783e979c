/* A mistake of all episodes that is clear in one of them only is not said to be one of that episode: the others have to
 * be clearly better. */
#include <math.h>

#include "check_parts.h"
#include "data_check.h"
#include "dynaflow/core/rng.h"
#include "found.h"
#include "small_recording.h"
#include "unit.h"

enum { CLIPS = 5 };

/* positions of the slide that change `scale` times as fast as its velocities say, in the first clip or in all, and
 * noise of the velocities that hides it in the others */
static data_findings slides_with(double scale, double offset, bool all) {
  static const double h[CLIPS] = {0.01, 0.01, 0.01, 0.01, 0.01};
  fixture f = fixture_new(slide_xml, CLIPS);
  data_findings out = {0};
  const check_cfg cfg = {.frames_max = 100000, .poses_max = 200};
  for (int e = 0; e < CLIPS; e++) {
    const double factor = all || e == 0 ? scale : 1, drift = all || e == 0 ? offset : 0, w = 2 * PI;
    double noise[T + 1];
    df_rng_normal(17, DF_STREAM_TEST, (uint64_t)e, T + 1, noise);
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, e, t);
      const double s = 0.01 * t + 0.1 * e;
      x[0] = factor * 0.3 / w * sin(w * s) + drift * s;
      x[1] = 0.1 * sin(w * s);
      x[2] = 0.3 * cos(w * s) + (e ? 0.03 : 0.002) * noise[t];
      x[3] = 0.1 * w * cos(w * s);
    }
  }
  trace_it(&f, h);
  assert_ok(check_velocities(&f.m, &out));
  assert_ok(check_episodes(&f.m, &cfg, &out));
  fixture_free(&f);
  return out;
}

static void a_scale_of_all_is_not_one_of_the_clearest(void** state) {
  (void)state;
  data_findings f = slides_with(1.1, 0, true);
  const data_finding* one = finding_at(&f, DATA_CHECK_VELOCITY_SCALE, "slide joints");
  assert_null(finding_at(&f, DATA_CHECK_MIXTURE, "velocity scale"));
  assert_non_null(one);
  assert_int_equal(one->verdict, CHECK_WARN);
  /* that of all clips: noise of the velocities, of 0.03 m/s in four of five with an RMS of 0.21 m/s, makes it 0.8 % to
   * 2 % smaller than that of the clear one */
  assert_true(one->value > 1.1 * (1 - 0.02) && one->value < 1.1 * (1 - 0.004));
  assert_non_null(strstr(one->reason, "this is clear in episode 0 (1 of 5), and the others are about as far off"));
  data_findings_clear(&f);
}

/* Offsets of one size and either sign, of which one is clear: the mean of all is not as far off, and the row says so.
 */
static void what_cancels_in_all_is_not_wrong_in_all(void** state) {
  (void)state;
  static const double h[CLIPS] = {0.01, 0.01, 0.01, 0.01, 0.01}, w = 2 * PI;
  fixture f = fixture_new(slide_xml, CLIPS);
  data_findings out = {0};
  const check_cfg cfg = {.frames_max = 100000, .poses_max = 200};
  for (int e = 0; e < CLIPS; e++) {
    double noise[T + 1];
    df_rng_normal(17, DF_STREAM_TEST, (uint64_t)e, T + 1, noise);
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, e, t);
      const double s = 0.01 * t + 0.1 * e;
      x[0] = 0.3 / w * sin(w * s) + (e % 2 ? -0.1 : 0.1) * s;
      x[1] = 0.1 * sin(w * s);
      x[2] = 0.3 * cos(w * s) + (e ? 0.5 : 0.002) * noise[t];
      x[3] = 0.1 * w * cos(w * s);
    }
  }
  trace_it(&f, h);
  assert_ok(check_velocities(&f.m, &out));
  assert_ok(check_episodes(&f.m, &cfg, &out));
  const data_finding* one = finding_at(&out, DATA_CHECK_VELOCITY_OFFSET, "a");
  assert_non_null(one);
  assert_int_equal(one->verdict, CHECK_WARN);
  /* three of five rise and two fall */
  assert_true(fabs(one->value - 0.02) < 0.015);
  if (!strstr(one->reason, "this is clear in episode 0 (1 of 5), and all together are not as far off (0.0"))
    fail_msg("%s", one->reason);
  fixture_free(&f);
  data_findings_clear(&out);
}

static void a_scale_of_one_is_a_mixture(void** state) {
  (void)state;
  data_findings f = slides_with(1.1, 0, false);
  const data_finding* one = finding_at(&f, DATA_CHECK_MIXTURE, "velocity scale");
  assert_null(finding_at(&f, DATA_CHECK_VELOCITY_SCALE, "slide joints"));
  assert_non_null(one);
  assert_true(one->value == 1);
  assert_non_null(
      strstr(one->reason, "episode 0 (1 of 5) fails this check, and the others pass it; in episode 0, slide"));
  data_findings_clear(&f);
}

/* A drift of 0.1 m/s up or down, where the RMS speed is 0.2 m/s. */
static void an_offset_of_one_is_a_mixture_in_either_direction(void** state) {
  (void)state;
  for (int sign = -1; sign <= 1; sign += 2) {
    data_findings f = slides_with(1, 0.1 * sign, false);
    const data_finding* one = finding_at(&f, DATA_CHECK_MIXTURE, "velocity offset");
    assert_non_null(one);
    assert_true(one->value == 1);
    assert_non_null(
        strstr(one->reason, "episode 0 (1 of 5) fails this check, and the others pass it; in episode 0, a: "));
    assert_non_null(strstr(one->reason, sign > 0 ? "rise by 0.1 m/s" : "fall by 0.1 m/s"));
    data_findings_clear(&f);
  }
}

/* ---- a body that is too high ---- */

static const char body_xml[] =
    "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='5 5 1'/><body pos='0 0 .1'>"
    "<freejoint name='base'/><geom size='.1' mass='2'/></body></worldbody></mujoco>";

/* clips of 0.7 s that fly, 1.5 m too high; the last one hovers there, or, unless all are too high, alone is there */
static data_findings body_with(bool all) {
  fixture f = fixture_new(body_xml, CLIPS);
  data_findings out = {0};
  for (int e = 0; e < CLIPS; e++) {
    const bool hovers = e == CLIPS - 1;
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, e, t);
      const double v = 9.81 * 0.01 * (T / 2 - t), height = all || hovers ? 1.6 : 0.1;
      x[0] = 0.003 * t;
      x[2] = hovers ? height : height + 9.81 * 0.01 * 0.01 * t * (T - t + 1) / 2;
      x[3] = 1;
      x[7] = 0.3;
      x[9] = hovers ? 0 : v;
    }
  }
  assert_ok(data_check_states(f.d, f.s, &check_thorough, &out));
  df_dataset_free(f.d);
  df_system_free(f.s);
  return out;
}

static void a_height_of_all_is_not_one_of_the_clearest(void** state) {
  (void)state;
  data_findings f = body_with(true);
  const data_finding* one = finding_at(&f, DATA_CHECK_FLOOR, "");
  assert_null(finding_at(&f, DATA_CHECK_MIXTURE, "distance to the floor"));
  assert_non_null(one);
  assert_int_equal(one->verdict, CHECK_WRONG);
  assert_true(fabs(one->value - 1.5) < 0.01);
  assert_non_null(strstr(one->reason, "this is clear in episode 4 (1 of 5)"));
  expect_limits_decide(&f);
  data_findings_clear(&f);
}

static void a_height_of_one_is_a_mixture(void** state) {
  (void)state;
  data_findings f = body_with(false);
  const data_finding* one = finding_at(&f, DATA_CHECK_MIXTURE, "distance to the floor");
  assert_non_null(one);
  assert_true(one->value == 1);
  assert_non_null(strstr(one->reason, "episode 4 (1 of 5)"));
  data_findings_clear(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_scale_of_all_is_not_one_of_the_clearest),
                                     cmocka_unit_test(a_scale_of_one_is_a_mixture),
                                     cmocka_unit_test(an_offset_of_one_is_a_mixture_in_either_direction),
                                     cmocka_unit_test(what_cancels_in_all_is_not_wrong_in_all),
                                     cmocka_unit_test(a_height_of_all_is_not_one_of_the_clearest),
                                     cmocka_unit_test(a_height_of_one_is_a_mixture)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
