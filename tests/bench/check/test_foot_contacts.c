/* Feet that stand on the floor otherwise than those of the other legs: a walk of four legs of two hinges, computed by
 * hand, with mistakes in one joint, and legs that are right though they stand less. */
#include "foot_contacts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "found.h"
#include "small_recording.h"
#include "unit.h"

#define DOG_LEG(name, at)                                                                             \
  "<body pos='" at "'><joint name='" name                                                             \
  "_thigh' axis='0 1 0' range='-2 2'/><geom size='.02' contype='0' "                                  \
  "conaffinity='0'/><body pos='0 0 -.2'><joint name='" name                                           \
  "_calf' axis='0 1 0' range='-3 1'/><geom size='.01' contype='0' conaffinity='0'/><geom name='" name \
  "' size='.02' "                                                                                     \
  "pos='0 0 -.2'/></body></body>"
static const char dog_xml[] =
    "<mujoco><compiler angle='radian' autolimits='true'/><worldbody><geom type='plane' size='0 0 1'/><body>"
    "<freejoint/><geom type='box' size='.2 .1 .05' mass='5' contype='0' conaffinity='0'/>"
    "<geom size='.05' pos='0 0 -.2'/>" DOG_LEG("FL", ".2 .1 0") DOG_LEG("FR", ".2 -.1 0") DOG_LEG("RL", "-.2 .1 0")
        DOG_LEG("RR", "-.2 -.1 0") "</body></worldbody></mujoco>";
enum { DOG_LEGS = 4, FR = 1, THIGH = 7 + 2 * FR, CALF };

/* What differs from the walk: a factor and an offset of one joint, and the share of a cycle that FR stands, of 0.6 of
 * the others; 0: it is held up and still. */
typedef struct gait_case {
  int joint;
  double sign, offset, stands;
  bool in_place; /* the base only sways, and the leg is held up by 0.04 m */
  double creep;  /* m: FR is 2 cm too high, and rises by this much more while the others would stand; 0: it stands */
  bool lies;     /* on a belly that is lower */
} gait_case;

/* the angles with which the foot is at (x, z) from the hip */
static void leg_angles(double x, double z, double q[2]) {
  const double l = 0.2, r = hypot(x, z), bend = acos(fmin(1, r / (2 * l)));
  q[0] = atan2(-x, -z) + bend;
  q[1] = -2 * bend;
}

/* the foot of a leg at phase 0..1 of its cycle of 0.5 s while the base moves by `speed`, m/s; on the floor it is 1 mm
 * deep
 */
static void leg_at(double phase, double speed, double stands, double creep, double q[2]) {
  const double cycle = 0.5, hip = 0.33, length = speed * cycle * stands;
  const double swing = (phase - stands) / (1 - stands), lifted = creep > 0 ? 0.02 : 0;
  if (phase < stands)
    leg_angles(length / 2 - speed * cycle * phase, 0.019 + lifted + creep * phase / stands - hip, q);
  else
    leg_angles(-length / 2 + length * swing, 0.019 + lifted + creep * (1 - swing) + 0.06 * sin(PI * swing) - hip, q);
}

static data_findings rows_of(gait_case w) {
  static const double h[2] = {0.02, 0.02};
  static const double late[DOG_LEGS] = {0, 0.5, 0.5, 0};
  char xml[sizeof dog_xml];
  memcpy(xml, dog_xml, sizeof xml);
  if (w.lies) memcpy(strstr(xml, "pos='0 0 -.2'/>"), "pos='0 0 -.3'/>", 15);
  fixture f = fixture_new(xml, 2);
  data_findings out = {0};
  f.d->dt = h[0];
  for (int e = 0; e < 2; e++) {
    for (int t = 0; t <= T; t++) {
      double* x = frame_of(f.d, e, t);
      const double s = h[0] * t + 0.13 * e, speed = w.in_place ? 0 : 0.4;
      x[0] = speed * s + (w.in_place ? 0.01 * sin(2 * PI * s) : 0);
      x[2] = 0.33;
      x[3] = 1;
      for (int l = 0; l < DOG_LEGS; l++)
        leg_at(fmod(s / 0.5 + late[l], 1), speed, l == FR && w.stands > 0 ? w.stands : 0.6, l == FR ? w.creep : 0,
               x + 7 + 2 * l);
      if (w.stands == 0) leg_angles(0, w.in_place ? -0.27 : -0.2, x + THIGH);
      if (w.joint) x[w.joint] = w.sign * x[w.joint] + w.offset;
    }
  }
  trace_it(&f, h);
  assert_ok(check_foot_contacts(&f.m, 2000, &out));
  fixture_free(&f);
  return out;
}

static void expect(gait_case w, const char* words) {
  data_findings f = rows_of(w);
  if (!words && f.n) fail_msg("%s", f.list[0].reason);
  if (words) {
    assert_int_equal(f.n, 1);
    assert_string_equal(f.list[0].column, "FR");
    assert_int_equal(f.list[0].check, DATA_CHECK_FOOT_CONTACTS);
    assert_int_equal(f.list[0].verdict, CHECK_WARN);
    if (!strstr(f.list[0].reason, words)) fail_msg("%s", f.list[0].reason);
  }
  data_findings_clear(&f);
}

static void a_walk_is_right(void** state) {
  (void)state;
  expect((gait_case){.stands = 0.6}, NULL);
}

static void a_reversed_joint_is_named_with_its_foot(void** state) {
  (void)state;
  expect((gait_case){THIGH, -1, 0, 0.6, false, 0, false}, "; with the sign of FR_thigh reversed it would be in ");
  expect((gait_case){CALF, -1, 0, 0.6, false, 0, false}, "; with the sign of FR_calf reversed it would be in ");
}

static void a_zero_that_is_off_is_named_with_its_number(void** state) {
  (void)state;
  expect((gait_case){CALF, 1, -0.35, 0.6, false, 0, false}, "with about 0.35 rad added to FR_calf it would be in ");
  expect((gait_case){CALF, 1, 0.328, 0.6, false, 0, false},
         "with about 0.33 rad subtracted from FR_calf it would be in ");
  expect((gait_case){CALF, 1, 0.3, 0.6, false, 0, false}, "with about 0.3 rad subtracted from FR_calf it would be in ");
}

/* a leg that stands a quarter as long, and one that is held up and still */
static void legs_that_stand_less_are_right(void** state) {
  (void)state;
  expect((gait_case){.stands = 0.15}, NULL);
  expect((gait_case){.stands = 0}, NULL);
  expect((gait_case){.stands = 0, .in_place = true}, NULL);
}

/* A leg that would be on the floor with another zero, at one height: this may be it. At heights of 4 mm it is a limp,
 * as those of the others are of less than 3 mm. */
static void a_leg_that_limps_has_no_other_zero(void** state) {
  (void)state;
  expect((gait_case){.stands = 0.9, .in_place = true, .creep = 0.001}, "its zero may be off");
  expect((gait_case){.stands = 0.9, .in_place = true, .creep = 0.004}, NULL);
}

static void a_robot_that_lies_does_not_stand(void** state) {
  (void)state;
  expect((gait_case){.joint = THIGH, .sign = -1, .stands = 0.6, .lies = true}, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_walk_is_right),
                                     cmocka_unit_test(a_reversed_joint_is_named_with_its_foot),
                                     cmocka_unit_test(a_zero_that_is_off_is_named_with_its_number),
                                     cmocka_unit_test(legs_that_stand_less_are_right),
                                     cmocka_unit_test(a_leg_that_limps_has_no_other_zero),
                                     cmocka_unit_test(a_robot_that_lies_does_not_stand)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
