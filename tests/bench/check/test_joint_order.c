/* Orders of joints that fit equally well are rivals, of which none is named as the right one. */
#include "joint_order.h"

#include <math.h>
#include <stdio.h>

#include "small_recording.h"
#include "unit.h"

/* the first joint may go to 0.5 rad, the others to 1 rad; the argument is the other end of the first one's range */
#define CHAIN(lowest)                                                                                              \
  "<mujoco><compiler angle='radian' autolimits='true'/><option timestep='.01'/><default><geom size='.1' mass='1' " \
  "contype='0' conaffinity='0'/></default><worldbody>"                                                             \
  "<body><joint name='a' range='" lowest                                                                           \
  " .5'/><geom/><body><joint name='b' range='-.5 1'/><geom/><body>"                                                \
  "<joint name='c' range='-.5 1'/><geom/></body></body></body></worldbody></mujoco>"

/* the orders for what is read as joint a being at 1 rad in frames[0] of 200 frames, and so on */
static joint_orders orders_of(const char* xml, const int frames[3]) {
  fixture f = fixture_new(xml, 1);
  joint_orders out;
  for (int k = 0; k < 3; k++) {
    for (int t = 0; t < frames[k]; t++) frame_of(f.d, 0, t)[k] = 1;
  }
  assert_ok(joint_order_find(f.d, f.s, &f.s->dt, NULL, &(check_cfg){.frames_max = 1000, .poses_max = 10}, &out));
  assert_true(fabs(out.as_read - frames[0] / 600.) < 1e-12);
  fixture_free(&f);
  return out;
}

/* exchanged with one of the other two, the few frames of that one are beyond the limits of joint a */
static void orders_that_fit_about_equally_are_rivals(void** state) {
  (void)state;
  static const struct {
    int frames[3];
    bool found, clear, rival;
  } cases[] = {{{50, 8, 10}, true, false, true},    /* 8 and 10 of 600 samples are beyond the limits, instead of 50 */
               {{50, 8, 18}, true, true, false},    /* 8 is clearly better than 18 */
               {{50, 0, 0}, true, false, true},     /* two fit exactly */
               {{120, 0, 0}, true, true, true},     /* more than 10 % beyond: the order as read is wrong anyway */
               {{50, 40, 42}, false, false, false}, /* hardly better */
               {{50, 24, 48}, false, false, false}, /* half of a misfit that right recordings have */
               {{8, 0, 0}, false, false, false}};   /* hardly beyond */
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    joint_orders orders = orders_of(CHAIN("-.5"), cases[i].frames);
    assert_int_equal(orders.found, cases[i].found);
    assert_int_equal(orders.is_clear, cases[i].clear);
    assert_int_equal(orders.rival != NULL, cases[i].rival);
    if (cases[i].found && cases[i].frames[1] > 0) {
      const int exchanged[3] = {1, 0, 2};
      assert_memory_equal(orders.best, exchanged, sizeof exchanged);
      assert_true(fabs(orders.misfit - cases[i].frames[1] / 600.) < 1e-12);
    }
    joint_orders_clear(&orders);
  }
}

/* -1 rad is within the range of joint a */
static void a_sign_is_compared_with_orders(void** state) {
  (void)state;
  static const int few[3] = {50, 20, 20}, none[3] = {50, 0, 0}, reversed[3] = {~0, 1, 2};
  joint_orders orders = orders_of(CHAIN("-1"), few);
  assert_true(orders.found && orders.is_clear && !orders.rival && orders.misfit == 0);
  assert_memory_equal(orders.best, reversed, sizeof reversed);
  joint_orders_clear(&orders);
  orders = orders_of(CHAIN("-1"), none);
  assert_true(orders.found && !orders.is_clear && orders.rival);
  joint_orders_clear(&orders);
}

/* of 20 joints, of which one alone may go to 1 rad, the one that does is exchanged with it */
static void pairs_of_many_joints_are_exchanged(void** state) {
  (void)state;
  enum { MANY = 20, WIDE = 13, MOVED = 4 };
  char xml[8192];
  int n = snprintf(xml, sizeof xml,
                   "<mujoco><compiler angle='radian' autolimits='true'/><option timestep='.01'/><default><geom "
                   "size='.1' mass='1' contype='0' conaffinity='0'/></default><worldbody>");
  for (int k = 0; k < MANY; k++)
    n += snprintf(xml + n, sizeof xml - (size_t)n, "<body><joint name='j%d' range='-.5 %s'/><geom/></body>", k,
                  k == WIDE ? "1" : ".5");
  snprintf(xml + n, sizeof xml - (size_t)n, "</worldbody></mujoco>");
  fixture f = fixture_new(xml, 1);
  for (int t = 0; t <= T; t++) frame_of(f.d, 0, t)[MOVED] = 1;
  joint_orders out;
  assert_ok(joint_order_find(f.d, f.s, &f.s->dt, NULL, &(check_cfg){.frames_max = 1000, .poses_max = 10}, &out));
  assert_true(out.found && out.is_clear && out.misfit == 0);
  for (int k = 0; k < MANY; k++) assert_int_equal(out.best[k], k == MOVED ? WIDE : k == WIDE ? MOVED : k);
  joint_orders_clear(&out);
  fixture_free(&f);
}

/* recorded as a, b, c, sorted by name; no single exchange and no reverse puts three joints in another order right */
static void joints_sorted_by_name_are_found(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><compiler angle='radian' autolimits='true'/><option timestep='.01'/><default><geom size='.1' mass='1' "
      "contype='0' conaffinity='0'/></default><worldbody><body><joint name='c' range='5 6'/><geom/><body><joint "
      "name='a' range='1 2'/><geom/><body><joint name='b' range='3 4'/><geom/></body></body></body></worldbody>"
      "</mujoco>";
  static const int wanted[3] = {1, 2, 0};
  fixture f = fixture_new(xml, 1);
  for (int t = 0; t <= T; t++) memcpy(frame_of(f.d, 0, t), (const double[]){1.5, 3.5, 5.5}, 3 * sizeof(double));
  joint_orders out;
  assert_ok(joint_order_find(f.d, f.s, &f.s->dt, NULL, &(check_cfg){.frames_max = 1000, .poses_max = 10}, &out));
  assert_true(out.found && out.is_clear && out.by_limits && out.misfit == 0 && out.as_read == 1);
  assert_memory_equal(out.best, wanted, sizeof wanted);
  joint_orders_clear(&out);
  fixture_free(&f);
}

/* Two legs of three joints, recorded by joint: the hips, the thighs, the calves, left legs as_sampled or right ones.
 * The number of a joint is in the middle of a range that is its own. */
static void legs_recorded_by_joint_are_found(void** state) {
  (void)state;
#define BEFORE "<body><joint name='"
#define AFTER  "'/><geom/>"
  static const char xml[] =
      "<mujoco><compiler angle='radian' autolimits='true'/><option timestep='.01'/><default><geom size='.1' mass='1' "
      "contype='0' conaffinity='0'/></default><worldbody><body><geom/>" BEFORE "L_hip' range='0 1" AFTER BEFORE
      "L_thigh' range='2 3" AFTER BEFORE "L_calf' range='4 5" AFTER "</body></body></body>" BEFORE
      "R_hip' range='6 7" AFTER BEFORE "R_thigh' range='8 9" AFTER BEFORE "R_calf' range='10 11" AFTER
      "</body></body></body></body></worldbody></mujoco>";
  static const int recorded[2][6] = {{0, 3, 1, 4, 2, 5}, {3, 0, 4, 1, 5, 2}};
  for (int i = 0; i < 2; i++) {
    fixture f = fixture_new(xml, 1);
    joint_orders out;
    for (int t = 0; t <= T; t++) {
      for (int k = 0; k < 6; k++) frame_of(f.d, 0, t)[k] = 2 * recorded[i][k] + 0.5;
    }
    assert_ok(joint_order_find(f.d, f.s, &f.s->dt, NULL, &(check_cfg){.frames_max = 1000, .poses_max = 10}, &out));
    assert_true(out.found && out.is_clear && out.misfit == 0);
    assert_memory_equal(out.best, recorded[i], sizeof recorded[i]);
    joint_orders_clear(&out);
    fixture_free(&f);
  }
}

enum { LEGS = 6, KINDS = 2 };

/* legs of two joints, each joint with a range of its own, so that no other order is within the limits */
static void legs_xml(int legs, char xml[8192]) {
  static const char *const names[LEGS] = {"f", "c", "e", "a", "d", "b"}, *const kinds[KINDS] = {"hip", "knee"};
  const size_t size = 8192;
  int n = snprintf(xml, size,
                   "<mujoco><compiler angle='radian' autolimits='true'/><option timestep='.01'/><default><geom "
                   "size='.1' mass='1' contype='0' conaffinity='0'/></default><worldbody>");
  for (int l = 0; l < legs; l++) {
    for (int k = 0; k < KINDS; k++)
      n += snprintf(xml + n, size - (size_t)n, "<body><joint name='%s_%s' range='%d %d.5'/><geom/>", names[l], kinds[k],
                    10 * k + l, 10 * k + l);
    n += snprintf(xml + n, size - (size_t)n, "</body></body>");
  }
  snprintf(xml + n, size - (size_t)n, "</worldbody></mujoco>");
}

/* Of legs that are recorded in the order leg[], `by_kind`: all first joints, then all second ones; whether it is found.
 */
static bool is_found(int legs, const int* leg, bool by_kind) {
  char xml[8192];
  joint_orders out;
  legs_xml(legs, xml);
  fixture f = fixture_new(xml, 1);
  for (int t = 0; t <= T; t++) {
    for (int c = 0; c < legs * KINDS; c++) {
      const int kind = by_kind ? c / legs : c % KINDS, at = by_kind ? c % legs : c / KINDS;
      frame_of(f.d, 0, t)[c] = 10 * kind + leg[at] + 0.25;
    }
  }
  assert_ok(joint_order_find(f.d, f.s, &f.s->dt, NULL, &(check_cfg){.frames_max = 1000, .poses_max = 10}, &out));
  const bool found = out.found && out.is_clear && out.misfit == 0;
  for (int c = 0; c < legs * KINDS && found; c++) {
    const int kind = by_kind ? c / legs : c % KINDS, at = by_kind ? c % legs : c / KINDS;
    assert_int_equal(out.best[c], KINDS * leg[at] + kind);
  }
  joint_orders_clear(&out);
  fixture_free(&f);
  return found;
}

/* recorded by kind: the legs as in the model, reversed, one side after the other from pairs, and in pairs from sides */
static void kinds_of_joints_of_six_legs_are_found(void** state) {
  (void)state;
  static const int legs[][LEGS] = {
      {0, 1, 2, 3, 4, 5}, {5, 4, 3, 2, 1, 0}, {0, 2, 4, 1, 3, 5}, {0, 3, 1, 4, 2, 5}, {2, 0, 1, 3, 4, 5}};
  for (int i = 0; i < 5; i++) assert_int_equal(is_found(LEGS, legs[i], true), i < 4);
}

/* Of five and six legs not all orders are tried: pairs that are exchanged, turns round the robot either way, one side
 * after the other and in pairs; not three legs that change places while others stay. */
static void whole_legs_of_five_and_six_are_found(void** state) {
  (void)state;
  static const int five[][5] = {{1, 0, 2, 3, 4}, {0, 4, 2, 3, 1}, {3, 4, 2, 0, 1}, {1, 2, 3, 4, 0}, {3, 4, 0, 1, 2},
                                {4, 3, 2, 1, 0}, {1, 0, 4, 3, 2}, {0, 2, 4, 1, 3}, {1, 2, 0, 3, 4}};
  static const int six[][6] = {{1, 0, 2, 3, 4, 5}, {1, 0, 3, 2, 5, 4}, {5, 1, 3, 2, 4, 0}, {1, 2, 3, 4, 5, 0},
                               {4, 5, 0, 1, 2, 3}, {5, 4, 3, 2, 1, 0}, {2, 1, 0, 5, 4, 3}, {0, 2, 4, 1, 3, 5},
                               {0, 3, 1, 4, 2, 5}, {0, 1, 4, 3, 5, 2}};
  for (int i = 0; i < 9; i++) assert_int_equal(is_found(5, five[i], false), i < 8);
  for (int i = 0; i < 10; i++) assert_int_equal(is_found(6, six[i], false), i < 9);
}

/* A foot slides by 1 mm per frame: of 18 episodes every second one is looked at, and all of those but the first have
 * frames of 0.1 s, so that their median speed is 1 cm/s. */
static void frames_have_the_duration_of_their_episode(void** state) {
  (void)state;
  enum { MANY = 18 };
  static const char xml[] =
      "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='5 5 1'/><body pos='0 0 .0999'><joint "
      "name='a' type='slide' axis='1 0 0'/><geom size='.1' mass='1'/></body></worldbody></mujoco>";
  fixture f = fixture_new(xml, MANY);
  const check_cfg cfg = {.frames_max = 10000, .poses_max = 100};
  double h[MANY], as_sampled[MANY];
  misfit own, other;
  joint_orders out;
  for (int e = 0; e < MANY; e++) {
    h[e] = e == 0 || e % 2 ? 0.01 : 0.1;
    as_sampled[e] = e < 2 ? 0.01 : 0.1;
    for (int t = 0; t <= T; t++) frame_of(f.d, e, t)[0] = 0.001 * t;
  }
  assert_ok(joint_order_find(f.d, f.s, h, NULL, &cfg, &out));
  assert_ok(misfit_of_poses(f.d, f.s, as_sampled, &cfg, &own));
  assert_ok(misfit_of_poses(f.d, f.s, h, &cfg, &other));
  assert_true(own.part[MISFIT_SLIP] > 0 && own.part[MISFIT_SLIP] < 0.9 * other.part[MISFIT_SLIP]);
  if (!(fabs(out.as_read - misfit_of_contact(&own)) < 1e-9))
    fail_msg("%g, not %g", out.as_read, misfit_of_contact(&own));
  joint_orders_clear(&out);
  fixture_free(&f);
}

/* A ball on a vertical slide, and a hinge above it, a part of whose samples is beyond its range. The ball is recorded
 * 0.3 m above the floor: with the other sign it would touch it, and 0.3 m lower it does in every frame. Exchanged, the
 * hinge is recorded as the slide, which no height explains. */
static void a_height_that_explains_as_much_is_no_order(void** state) {
  (void)state;
  for (int down = 0; down < 2; down++) {
    for (int exchanged = 0; exchanged < 2; exchanged++) {
      char model[512];
      snprintf(
          model, sizeof model,
          "<mujoco><compiler angle='radian' autolimits='true'/><worldbody><geom type='plane' size='5 5 1'/><body "
          "pos='0 0 "
          ".1'><joint name='z' type='slide' axis='0 0 %d'/><geom size='.1' mass='1'/><body pos='0 0 9'><joint name='b' "
          "axis='0 1 0' range='%s'/><geom size='.1' mass='1'/></body></body></worldbody></mujoco>",
          down ? -1 : 1, exchanged ? ".5 1" : "-.18 .18");
      fixture f = fixture_new(model, 1);
      joint_orders out;
      for (int t = 0; t <= T; t++) {
        double* x = frame_of(f.d, 0, t);
        x[exchanged] = exchanged ? 0 : down ? -0.3 : 0.3;
        x[1 - exchanged] = (exchanged ? 0.75 : 0) + 0.2 * sin(0.1 * t);
      }
      assert_ok(joint_order_find(f.d, f.s, &f.s->dt, NULL, &(check_cfg){.frames_max = 1000, .poses_max = 100}, &out));
      assert_int_equal(out.found, exchanged);
      assert_true(fabs(out.above - (exchanged ? 0 : 0.3)) < 1e-9);
      if (exchanged) assert_true(out.best[0] == 1 && out.misfit < 1e-9 && out.at_floor > 0.4);
      /* what is left are the samples beyond the range */
      if (!exchanged) assert_true(out.as_read > 1 && out.at_floor > 0.05 && out.at_floor < 0.4 && !out.best);
      joint_orders_clear(&out);
      fixture_free(&f);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(orders_that_fit_about_equally_are_rivals),
                                     cmocka_unit_test(a_sign_is_compared_with_orders),
                                     cmocka_unit_test(pairs_of_many_joints_are_exchanged),
                                     cmocka_unit_test(joints_sorted_by_name_are_found),
                                     cmocka_unit_test(legs_recorded_by_joint_are_found),
                                     cmocka_unit_test(a_height_that_explains_as_much_is_no_order),
                                     cmocka_unit_test(frames_have_the_duration_of_their_episode),
                                     cmocka_unit_test(kinds_of_joints_of_six_legs_are_found),
                                     cmocka_unit_test(whole_legs_of_five_and_six_are_found)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
