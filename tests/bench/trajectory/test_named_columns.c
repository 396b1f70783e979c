/* Names of the columns of states. */
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
  names_are(MODEL(MOTOR), "torso", "root", "torso"); /* as the task says */
  names_are(MODEL(""), NULL, "root", "torso");       /* nothing is driven: the first */
  names_are(MODEL(""), "block", "block", "root");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_root_is_the_base_of_the_robot)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
