/* Names of columns, which stand in lists separated by commas and in pairs name=value. */
#include "named_columns.h"

#include <stdio.h>

#include "dynaflow/sim/mujoco.h"
#include "unit.h"

/* a block that nothing moves, before the robot that pushes it */
#define MODEL(motor)                                                                                         \
  "<mujoco><worldbody><body><freejoint name='block'/><geom size='.1'/></body>"                               \
  "<body><freejoint name='torso'/><geom size='.1'/><body><joint name='knee' axis='0 1 0'/><geom size='.1'/>" \
  "</body></body></worldbody>" motor "</mujoco>"
#define MOTOR "<actuator><motor name='motor' joint='knee'/></actuator>"
enum { BLOCK, TORSO = 7, KNEE = 14, BLOCK_VELOCITY, TORSO_VELOCITY = 21 };

/* whether the columns of a state are named so */
static void names_are(const char* xml, const char* objects, const char* block, const char* torso) {
  df_task task = {.config = df_config_default()};
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  columns c;
  assert_int_equal(df_mujoco_system_from_xml(xml, "model", &cfg, &task.system), DF_OK);
  if (objects) assert_int_equal(df_config_set(&task.config, "chart.objects", objects, "test"), DF_OK);
  assert_int_equal(columns_new(&task, &c), DF_OK);
  char name[32];
  snprintf(name, sizeof name, "%s_pos.x", block);
  assert_string_equal(c.state[BLOCK], name);
  snprintf(name, sizeof name, "%s_linvel.x", block);
  assert_string_equal(c.state[BLOCK_VELOCITY], name);
  snprintf(name, sizeof name, "%s_quat.w", torso);
  assert_string_equal(c.state[TORSO + 3], name);
  snprintf(name, sizeof name, "%s_angvel.z", torso);
  assert_string_equal(c.state[TORSO_VELOCITY + 5], name);
  assert_string_equal(c.state[KNEE], "knee");
  columns_clear(&c);
  df_system_free(task.system);
}

static void the_root_is_the_base_of_the_robot(void** state) {
  (void)state;
  names_are(MODEL(MOTOR), NULL, "block", "root");
  names_are(MODEL(MOTOR), "block", "block", "root");
  names_are(MODEL(MOTOR), "torso", "block", "torso"); /* as the task says: the robot has no base */
  names_are(MODEL(""), NULL, "root", "torso");        /* nothing is driven: the first */
  names_are(MODEL(""), "block", "block", "root");
}

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
  df_task task = {.config = df_config_default()};
  columns c;
  assert_int_equal(df_mujoco_system_from_xml(xml, "names", &cfg, &task.system), DF_OK);
  assert_int_equal(columns_new(&task, &c), DF_OK);
  assert_int_equal(c.n_states, sizeof names / sizeof *names);
  for (int i = 0; i < c.n_states; i++) assert_string_equal(c.state[i], names[i]);
  assert_string_equal(c.action[0], "m_n_2");
  assert_string_equal(c.action[1], "action1");
  columns_clear(&c);
  df_system_free(task.system);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_root_is_the_base_of_the_robot),
                                     cmocka_unit_test(names_have_no_separators)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
