/* Shifts of the columns of joints, by their limits. */
#include "joint_shift.h"

#include <math.h>

#include "dynaflow/core/alloc.h"

#include "small_recording.h"
#include "unit.h"

#define BODY(name, range) "<body><joint name='" name "' range='" range "' limited='true'/><geom size='.1'/></body>"
static const char three_xml[] = "<mujoco><compiler angle='radian'/><worldbody>" BODY("a", "1 2") BODY("b", "3 4")
    BODY("c", "5 6") "<body><joint name='d'/><geom size='.1'/></body></worldbody></mujoco>";

/* x[k] of joint k in every frame */
static joint_shift find(const double x[4], const int* recorded) {
  joint_shift out;
  fixture f = fixture_new(three_xml, 1);
  for (int t = 0; t <= T; t++) memcpy(frame_of(f.d, 0, t), x, 4 * sizeof *x);
  assert_ok(joint_shift_find(f.d, f.s, recorded, &out));
  fixture_free(&f);
  return out;
}

static void expect(joint_shift s, int by, double as_read, const int to[4]) {
  assert_int_equal(s.by, by);
  assert_true(s.as_read == as_read && s.share == 0);
  for (int j = 0; j < 4 && to; j++) assert_int_equal(s.to[j], to[j]);
  if (!to) assert_null(s.to);
  df_free(s.to);
}

/* without the joint d, which has no limits, unless that is shifted, too */
static void the_smallest_shift_within_the_limits_is_found(void** state) {
  (void)state;
  expect(find((const double[]){1.5, 3.5, 5.5, 9}, NULL), 0, 0, NULL);
  expect(find((const double[]){5.5, 1.5, 3.5, 9}, NULL), 1, 1, (const int[]){2, 0, 1, 3});
  expect(find((const double[]){3.5, 5.5, 1.5, 9}, NULL), -1, 1, (const int[]){1, 2, 0, 3});
  expect(find((const double[]){9, 1.5, 3.5, 5.5}, NULL), 1, 1, (const int[]){3, 0, 1, 2});
  /* another order is no shift */
  expect(find((const double[]){3.5, 1.5, 5.5, 9}, NULL), 0, 0, NULL);
}

/* the columns are c, a, b, d, and each holds the joint of the column before it: a that of c, b that of a, c that of b
 */
static void columns_are_in_their_recorded_order(void** state) {
  (void)state;
  expect(find((const double[]){5.5, 1.5, 3.5, 9}, (const int[]){2, 0, 1, 3}), 1, 1, (const int[]){2, 0, 1, 3});
  expect(find((const double[]){3.5, 5.5, 1.5, 9}, (const int[]){0, 2, 1, 3}), 1, 1, (const int[]){1, 2, 0, 3});
}

/* of joints m, a, z, c the columns are sorted by name, which leaves all within their limits; a shift by two places
 * leaves a single sample beyond */
static void an_order_by_name_is_no_shift(void** state) {
  (void)state;
  static const char xml[] = "<mujoco><compiler angle='radian'/><worldbody>" BODY("m", "10 11") BODY("a", "1 4")
      BODY("z", "1 3.5") BODY("c", "1 4") "</worldbody></mujoco>";
  static const double x[] = {2, 2, 10.5, 3};
  joint_shift out;
  fixture f = fixture_new(xml, 1);
  for (int t = 0; t <= T; t++) memcpy(frame_of(f.d, 0, t), x, sizeof x);
  frame_of(f.d, 0, 0)[0] = 3.8;
  assert_ok(joint_shift_find(f.d, f.s, NULL, &out));
  expect(out, 0, 0, NULL);
  fixture_free(&f);
}

/* An angle that moves far beyond the limits of a slide is not its position; one of 600 samples may be an outlier. Of
 * joints of one kind, which a robot may press beyond their limits, nothing follows. */
static void a_shift_leaves_no_joint_far_beyond_its_limits(void** state) {
  (void)state;
  static const char mixed_xml[] = "<mujoco><compiler angle='radian'/><worldbody>" BODY("a", "1 2")
      "<body><joint name='b' type='slide' range='3 4' limited='true'/><geom size='.1'/></body>" BODY("c", "5 6")
      "<body><joint name='d'/><geom size='.1'/></body></worldbody></mujoco>";
  static const struct {
    const char* xml;
    int frames, by;
  } cases[] = {{mixed_xml, 1, 1}, {mixed_xml, 3, 0}, {three_xml, 3, 1}};
  for (int i = 0; i < 3; i++) {
    const int frames = cases[i].frames;
    joint_shift out;
    fixture f = fixture_new(cases[i].xml, 1);
    for (int t = 0; t <= T; t++) memcpy(frame_of(f.d, 0, t), (const double[]){5.5, 1.5, 3.5, 9}, 4 * sizeof(double));
    for (int t = 0; t < frames; t++) frame_of(f.d, 0, t)[1] = 2.5;
    assert_ok(joint_shift_find(f.d, f.s, NULL, &out));
    assert_int_equal(out.by, cases[i].by);
    df_free(out.to);
    fixture_free(&f);
  }
}

/* Of joints of which only a has limits, columns b, a, c: a shift brings a within them, too, but not c = 0.7 b. Columns
 * that are shifted obey it. */
static void a_shift_obeys_couplings(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><compiler angle='radian'/><worldbody>" BODY("a", "-1 1") "<body><joint name='b'/><geom size='.1'/></body>"
      "<body><joint name='c'/><geom size='.1'/></body></worldbody><equality><joint joint1='c' joint2='b' "
      "polycoef='0 .7 0 0 0'/></equality></mujoco>";
  for (int shifted = 0; shifted < 2; shifted++) {
    joint_shift out;
    fixture f = fixture_new(xml, 1);
    for (int t = 0; t <= T; t++) {
      const double a = 0.9 * sin(0.1 * t), b = 2 + sin(0.07 * t), c = 0.7 * b;
      const double as_read[] = {shifted ? c : b, a, shifted ? b : c};
      memcpy(frame_of(f.d, 0, t), as_read, sizeof as_read);
    }
    assert_ok(joint_shift_find(f.d, f.s, NULL, &out));
    assert_int_equal(out.by, shifted);
    df_free(out.to);
    fixture_free(&f);
  }
}

/* Of joints a, b, c = 0.7 b, and d, which is held: a joint that is held says that a column which moves is not its own,
 * and nothing against the order in which it rests. */
static void a_shift_obeys_what_is_held(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><compiler angle='radian'/><worldbody>" BODY("a", "-1 1") BODY("b", "1 3") BODY("c", ".7 2.1")
      BODY("d", "-.3 .3") "</worldbody><equality><joint joint1='c' joint2='b' polycoef='0 .7 0 0 0'/><joint joint1='d' "
      "polycoef='0 0 0 0 0'/></equality></mujoco>";
  for (int by = 0; by < 2; by++) {
    joint_shift out;
    fixture f = fixture_new(xml, 1);
    for (int t = 0; t <= T; t++) {
      const double b = 2 + 0.9 * sin(0.07 * t), right[] = {0.9 * sin(0.1 * t), b, 0.7 * b, 0.01 * sin(0.2 * t)};
      for (int p = 0; p < 4; p++) frame_of(f.d, 0, t)[p] = right[(p - by + 4) % 4];
    }
    assert_ok(joint_shift_find(f.d, f.s, NULL, &out));
    assert_int_equal(out.by, by);
    df_free(out.to);
    fixture_free(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_smallest_shift_within_the_limits_is_found),
                                     cmocka_unit_test(columns_are_in_their_recorded_order),
                                     cmocka_unit_test(an_order_by_name_is_no_shift),
                                     cmocka_unit_test(a_shift_leaves_no_joint_far_beyond_its_limits),
                                     cmocka_unit_test(a_shift_obeys_couplings),
                                     cmocka_unit_test(a_shift_obeys_what_is_held)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
