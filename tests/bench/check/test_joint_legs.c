/* Which joints of a model are legs. */
#include "joint_legs.h"

#include <stdio.h>

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

/* chest and neck have the same three axes, and one hangs on the other: they are no pair of legs, but the arms are */
static void a_neck_is_no_leg_of_a_chest(void** state) {
  (void)state;
#define JOINTS(p) "<joint name='" p "_x'/><joint name='" p "_y' axis='0 1 0'/><geom size='.1'/>"
  static const char trunk[] = "<mujoco><worldbody><body><freejoint/><geom size='.1'/><body>" JOINTS(
      "chest") "<body>" JOINTS("neck") "</body>%s</body></body></worldbody></mujoco>";
  static const char arms[] = "<body>" JOINTS("left") "<joint name='left_z' axis='0 0 1'/></body><body>" JOINTS(
      "right") "<joint name='right_z' axis='0 0 1'/></body>";
#undef JOINTS
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  for (int with_arms = 0; with_arms < 2; with_arms++) {
    char xml[2048];
    df_system* s;
    chain c;
    snprintf(xml, sizeof xml, trunk, with_arms ? arms : "");
    assert_int_equal(df_mujoco_system_from_xml(xml, "figure", &cfg, &s), DF_OK);
    assert_int_equal(chain_of(s, &c), DF_OK);
    assert_int_equal(c.n, with_arms ? 10 : 4);
    assert_int_equal(c.legs, with_arms ? 2 : 0);
    if (with_arms) assert_string_equal(c.prefix[0], "left");
    if (with_arms) assert_string_equal(c.prefix[1], "right");
    chain_clear(&c);
    df_system_free(s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(joints_of_an_object_are_no_legs),
                                     cmocka_unit_test(a_neck_is_no_leg_of_a_chest)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
