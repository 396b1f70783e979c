/* Orders of joints that an equality constraint of the model tells, against those in which the columns were written. */
#include <math.h>

#include "joint_order.h"
#include "misfit.h"
#include "small_recording.h"
#include "unit.h"

/* c = 0.7 b; a alone may have limits */
#define COUPLED(limits)                                                                                          \
  "<mujoco><compiler angle='radian'/><option timestep='.01'/><worldbody><body><joint name='a'" limits            \
  "/><geom size='.1'/><body pos='.3 0 0'><joint name='b' axis='0 1 0'/><geom size='.1'/><body pos='.3 0 0'>"     \
  "<joint name='c' axis='0 1 0'/><geom size='.1'/></body></body></body></worldbody><equality><joint joint1='c' " \
  "joint2='b' polycoef='0 .7 0 0 0'/></equality></mujoco>"

static const check_cfg cfg = {.frames_max = 1000, .poses_max = 50, .orders = true};

static void the_coupling_tells_the_order(void** state) {
  (void)state;
  static const char* const models[] = {COUPLED(""), COUPLED(" range='-1 1' limited='true'")};
  static const int orders[][3] = {{0, 1, 2}, {1, 0, 2}, {0, 2, 1}, {2, 1, 0}};
  static const double h[1] = {0.01};
  for (int i = 0; i < 8; i++) {
    const int* written = orders[i % 4];
    joint_orders out;
    fixture f = fixture_new(models[i / 4], 1);
    for (int t = 0; t <= T; t++) {
      const double w[] = {7, 5, 5}, size[] = {0.9, 2, 1.4};
      for (int j = 0; j < 3; j++) {
        frame_of(f.d, 0, t)[j] = size[written[j]] * sin(0.01 * w[written[j]] * t);
        frame_of(f.d, 0, t)[3 + j] = size[written[j]] * w[written[j]] * cos(0.01 * w[written[j]] * t);
      }
    }
    assert_ok(joint_order_find(f.d, f.s, h, NULL, &cfg, &out));
    assert_int_equal(out.found, i % 4 != 0);
    for (int j = 0; j < 3 && out.found; j++) assert_int_equal(out.best[j], written[j]);
    if (out.found) assert_true(out.is_clear);
    joint_orders_clear(&out);
    fixture_free(&f);
  }
}

/* A constraint that the recording violates in any order, as one that is off at run time, does not hide another one. */
static void a_coupling_counts_beside_one_that_is_violated_anyway(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><compiler angle='radian'/><option timestep='.01'/><worldbody><body><joint name='a'/><geom size='.1'/>"
      "<body pos='.3 0 0'><joint name='b' axis='0 1 0'/><geom size='.1'/><body pos='.3 0 0'><joint name='c' axis='0 1 "
      "0'/><geom size='.1'/></body></body></body><body pos='3 0 0'><joint name='d' type='slide'/><geom "
      "size='.1'/></body>"
      "</worldbody><equality><joint joint1='c' joint2='b' polycoef='0 .7 0 0 0'/><joint "
      "joint1='d'/></equality></mujoco>";
  static const int written[] = {1, 0, 2};
  static const double h[1] = {0.01};
  joint_orders out;
  double each[2];
  fixture f = fixture_new(xml, 1);
  for (int t = 0; t <= T; t++) {
    const double w[] = {7, 5, 5}, size[] = {0.9, 2, 1.4};
    for (int j = 0; j < 3; j++) {
      frame_of(f.d, 0, t)[j] = size[written[j]] * sin(0.01 * w[written[j]] * t);
      frame_of(f.d, 0, t)[4 + j] = size[written[j]] * w[written[j]] * cos(0.01 * w[written[j]] * t);
    }
    frame_of(f.d, 0, t)[3] = sin(0.04 * t);
    frame_of(f.d, 0, t)[7] = 4 * cos(0.04 * t);
  }
  assert_ok(misfit_of_each_coupling(f.d, f.s, each));
  assert_true(each[0] > 0.5 && each[0] <= 1 && each[1] > 0.99);
  assert_ok(joint_order_find(f.d, f.s, h, NULL, &cfg, &out));
  assert_true(out.found);
  for (int j = 0; j < 3; j++) assert_int_equal(out.best[j], written[j]);
  assert_true(fabs(out.as_read - each[0] - each[1]) < 1e-9 && fabs(out.misfit - 1) < 1e-6);
  joint_orders_clear(&out);
  fixture_free(&f);
}

/* what the sum has of a model, in the words of its sentence */
static void the_misfit_is_named_by_what_it_has(void** state) {
  (void)state;
  static const char bare[] = "<mujoco><worldbody><body><joint/><geom size='.1'/></body></worldbody></mujoco>";
  static const char whole[] =
      "<mujoco><worldbody><geom type='plane' size='5 5 1'/><body pos='0 0 1'><joint name='a' range='-9 9'/><geom "
      "size='.1'/><body pos='.5 0 0'><joint name='b'/><geom size='.1'/></body></body></worldbody><equality><joint "
      "joint1='a' joint2='b'/></equality></mujoco>";
  static const struct {
    const char *xml, *name;
  } cases[] = {{bare, "poses"},
               {slide_xml, "joint limits"},
               {ball_xml, "floor and slip"},
               {COUPLED(""), "couplings"},
               {COUPLED(" range='-1 1' limited='true'"), "joint limits and couplings"},
               {whole, "joint limits, floor, slip and couplings"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char name[MISFIT_NAME_MAX];
    fixture f = fixture_new(cases[i].xml, 1);
    misfit_contact_name(f.s, name);
    assert_string_equal(name, cases[i].name);
    fixture_free(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_coupling_tells_the_order),
                                     cmocka_unit_test(a_coupling_counts_beside_one_that_is_violated_anyway),
                                     cmocka_unit_test(the_misfit_is_named_by_what_it_has)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
