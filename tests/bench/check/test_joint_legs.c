/* Which joints of a model are legs. */
#include "joint_legs.h"

#include "unit.h"

/* the three drawers of a cabinet have two joints each, and so have the two legs of the robot */
static void joints_of_an_object_are_no_legs(void** state) {
  (void)state;
#define RUN(p) \
  "<body><joint name='" p "_x'/><geom size='.1'/><body><joint name='" p "_y'/><geom size='.1'/></body></body>"
  static const char xml[] = "<mujoco><worldbody><body><freejoint/><geom size='.1'/>" RUN("a") RUN("b")
      RUN("c") "</body><body pos='0 0 1'><freejoint/><geom size='.1'/>" RUN("left")
          RUN("right") "</body></worldbody><actuator><motor joint='left_x'/></actuator></mujoco>";
#undef RUN
  df_system* s;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  chain c;
  assert_int_equal(df_mujoco_system_from_xml(xml, "cabinet", &cfg, &s), DF_OK);
  assert_int_equal(chain_of(s, &c), DF_OK);
  assert_int_equal(c.n, 10);
  assert_int_equal(c.legs, 2);
  assert_string_equal(c.prefix[0], "left");
  assert_string_equal(c.prefix[1], "right");
  chain_clear(&c);
  df_system_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(joints_of_an_object_are_no_legs)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
