/* Orders of joints that an equality constraint of the model tells, against those in which the columns were written. */
#include <math.h>

#include "joint_order.h"
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

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_coupling_tells_the_order)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
