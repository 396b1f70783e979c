/* A joint whose zero is off, against an opposite sign of it: a cart that nothing drives, with two arms that swing,
 * keeps its momentum, 3 kg x + 0.5 kg m (sin q1 + sin q2) = 0. And joints of which nothing was recorded. */
#include "joint_zero.h"

#include <math.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "found.h"
#include "joint_dead.h"
#include "small_recording.h"
#include "unit.h"

#define ARM(name)            \
  "<body><joint name='" name \
  "' axis='0 1 0'/><geom pos='0 0 .5' size='.05' mass='1' contype='0' conaffinity='0'/></body>"
static const char cart_xml[] =
    "<mujoco><option timestep='.01'/><worldbody><body><joint name='cart' type='slide' axis='1 0 0'/>"
    "<geom size='.05' mass='1' contype='0' conaffinity='0'/>" ARM("one") ARM("two") "</body></worldbody>"
    "<actuator><motor joint='one'/><motor joint='two'/></actuator></mujoco>";

/* the first arm is recorded with `sign` and an offset */
static joint_zero zero_of(double sign, double offset, bool by_forces) {
  static const double h[2] = {0.01, 0.01};
  fixture f = fixture_new(cart_xml, 2);
  joint_zero out;
  for (int e = 0; e < 2; e++) {
    for (int t = 0; t <= T; t++) {
      const double s = 0.01 * t, w = 2 * PI, a = 0.5 * sin(w * s + e) + 0.3, b = 0.2 * sin(2 * w * s + 1);
      const double va = 0.5 * w * cos(w * s + e), vb = 0.4 * w * cos(2 * w * s + 1);
      const double x[6] = {-(sin(a) + sin(b)) / 6,           sign * a + offset, b,
                           -(va * cos(a) + vb * cos(b)) / 6, sign * va,         vb};
      memcpy(frame_of(f.d, e, t), x, sizeof x);
    }
  }
  const size_t bytes = f.d->first[2] * (size_t)f.d->nx * sizeof(double);
  double* before = df_alloc(bytes, 1);
  assert_non_null(before);
  memcpy(before, f.d->states, bytes);
  assert_ok(joint_zero_find(f.d, f.s, h, (const int[]){0, ~1, 2}, by_forces,
                            &(check_cfg){.frames_max = 1000, .poses_max = 400}, &out));
  assert_memory_equal(before, f.d->states, bytes);
  df_free(before);
  df_dataset_free(f.d);
  df_system_free(f.s);
  return out;
}

static void an_offset_is_found_with_its_number(void** state) {
  (void)state;
  static const double offsets[] = {0.25, -0.33, 0.12};
  for (int i = 0; i < 6; i++) {
    const joint_zero z = zero_of(1, offsets[i / 2], i % 2);
    assert_int_equal(z.verdict, JOINT_ZERO_BETTER);
    assert_int_equal(z.joint, 1);
    /* velocities are those of the frame, and not of a step of the simulator, which alone leaves a force */
    if (!(fabs(z.offset - offsets[i / 2]) < 0.02)) fail_msg("%g: %g", offsets[i / 2], z.offset);
    assert_true(i % 2 == 0 || z.misfit < 0.1 * z.ordered);
  }
}

static void an_opposite_sign_is_no_offset(void** state) {
  (void)state;
  const joint_zero z = zero_of(-1, 0, true);
  assert_int_equal(z.verdict, JOINT_ZERO_WORSE);
  assert_true(z.ordered < 0.05 * z.as_read);
}

static void an_offset_is_subtracted(void** state) {
  (void)state;
  fixture f = fixture_new(cart_xml, 1);
  joint_zero_apply(&(joint_zero){.joint = 2, .offset = 0.25}, f.s, f.d);
  for (int t = 0; t <= T; t++) {
    const double* x = frame_of(f.d, 0, t);
    for (int i = 0; i < 6; i++) assert_true(x[i] == (i == 2 ? -0.25 : 0));
  }
  df_dataset_free(f.d);
  df_system_free(f.s);
}

/* ---- nothing recorded ---- */

#define LEG_OF(side)                                                                                   \
  "<body><joint name='" side "_hip' axis='1 0 0'/><geom size='.05' mass='1'/><body><joint name='" side \
  "_knee' axis="                                                                                       \
  "'0 1 0'/><geom size='.05' mass='1'/></body></body>"
static const char legs_xml[] =
    "<mujoco><option timestep='.01'/><worldbody>" LEG_OF("a") LEG_OF("b") LEG_OF("c") "</worldbody></mujoco>";
enum { JOINTS = 6 };

/* which joints are dead if those with moves[j] = 0 stand still, with a velocity of their own */
static void expect_dead(const double moves[JOINTS], double velocity, const char* names) {
  static const double h[1] = {0.01};
  fixture f = fixture_new(legs_xml, 1);
  data_findings out = {0};
  for (int t = 0; t <= T; t++) {
    for (int j = 0; j < JOINTS; j++) {
      frame_of(f.d, 0, t)[j] = 0.2 + moves[j] * sin(0.05 * t + j);
      frame_of(f.d, 0, t)[JOINTS + j] = moves[j] > 0 ? moves[j] * 5 * cos(0.05 * t + j) : velocity;
    }
  }
  trace_it(&f, h);
  check_frames(&f.m, &out);
  const data_finding* one = finding_at(&out, DATA_CHECK_CONSTANT, "");
  assert_non_null(one);
  assert_int_equal(one->verdict, names ? CHECK_WRONG : CHECK_WARN);
  if (names && !strstr(one->reason, names)) fail_msg("%s", one->reason);
  assert_true(joint_any_is_dead(f.d, f.s) == (names != NULL));
  assert_true(joint_is_dead(f.d, f.s, 3) == (names && strstr(names, "b_knee") != NULL));
  data_findings_clear(&out);
  fixture_free(&f);
}

static void a_joint_that_alone_of_its_kind_never_moves_is_dead(void** state) {
  (void)state;
  expect_dead((const double[]){.3, .3, .3, 0, .3, .3}, 0, "the other legs moves: b_knee: a dead");
  expect_dead((const double[]){.3, .3, 0, .3, .3, .3}, 0, "the other legs moves: b_hip: a dead");
  /* velocities that are there, all of its kind at rest, and one that hardly moves */
  expect_dead((const double[]){.3, .3, .3, 0, .3, .3}, 0.1, NULL);
  expect_dead((const double[]){.3, 0, .3, 0, .3, 0}, 0, NULL);
  expect_dead((const double[]){.3, .3, .3, 0, .3, .005}, 0, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_offset_is_found_with_its_number), cmocka_unit_test(an_opposite_sign_is_no_offset),
      cmocka_unit_test(an_offset_is_subtracted), cmocka_unit_test(a_joint_that_alone_of_its_kind_never_moves_is_dead)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
