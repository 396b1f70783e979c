/* Names of columns, which stand in lists separated by commas and in pairs name=value. */
#include "named_columns.h"

#include "dynaflow/sim/mujoco.h"
#include "unit.h"

static void names_have_no_separators(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><worldbody><body><freejoint name='base,one'/><geom size='.1' mass='1'/><body>"
      "<joint name='left,hip,1' axis='0 1 0'/><geom size='.1' mass='1'/><body><joint name='a=b' type='ball'/>"
      "<geom size='.1' mass='1'/><body><joint type='slide'/><geom size='.1' mass='1'/></body></body></body></body>"
      "</worldbody><actuator><motor name='m,n=2' joint='left,hip,1'/><motor joint='left,hip,1'/></actuator></mujoco>";
  static const char* const names[] = {
      "root_pos.x",    "root_pos.y",     "root_pos.z",    "root_quat.w",   "root_quat.x",   "root_quat.y",
      "root_quat.z",   "left_hip_1",     "a_b_quat.w",    "a_b_quat.x",    "a_b_quat.y",    "a_b_quat.z",
      "joint3",        "root_linvel.x",  "root_linvel.y", "root_linvel.z", "root_angvel.x", "root_angvel.y",
      "root_angvel.z", "left_hip_1_vel", "a_b_angvel.x",  "a_b_angvel.y",  "a_b_angvel.z",  "joint3_vel"};
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* system;
  columns c;
  assert_int_equal(df_mujoco_system_from_xml(xml, "names", &cfg, &system), DF_OK);
  assert_int_equal(columns_new(system, &c), DF_OK);
  assert_int_equal(c.n_states, sizeof names / sizeof *names);
  for (int i = 0; i < c.n_states; i++) assert_string_equal(c.state[i], names[i]);
  assert_string_equal(c.action[0], "m_n_2");
  assert_string_equal(c.action[1], "action1");
  columns_clear(&c);
  df_system_free(system);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(names_have_no_separators)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
