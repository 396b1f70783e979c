/* Curves of a window, by the names of what moves. */
#include "examples.h"

#include <string.h>

#include "dynaflow/sim/mujoco.h"
#include "json.h"
#include "unit.h"

/* a box, the robot that handles it; nq is 15 */
static const char xml[] =
    "<mujoco><worldbody><body><freejoint name='box'/><geom size='.1'/></body><body><freejoint name='robot'/>"
    "<geom size='.1'/><body><joint name='arm' axis='0 1 0'/><geom size='.1' pos='.3 0 0'/></body></body>"
    "</worldbody><actuator><motor joint='arm'/></actuator></mujoco>";
enum { NQ = 15, NX = NQ + 13 };

static void curves_are_titled_by_the_body_that_moves(void** state) {
  (void)state;
  static const struct {
    const char* title;
    int at;
  } wanted[] = {
      {"box height", 2}, {"box velocity, world x", NQ}, {"base height", 9}, {"base velocity, world x", NQ + 6}};
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_task task = {.config = df_config_default()};
  assert_int_equal(df_mujoco_system_from_xml(xml, "model", &cfg, &task.system), DF_OK);
  assert_int_equal(task.system->nx, NX);
  double demo[2 * NX], made[2 * NX];
  for (int i = 0; i < 2 * NX; i++) {
    demo[i] = i;
    made[i] = 1000 + i;
  }
  eval_set set = {.B = 1, .H = 1, .x = demo};
  const eval_job job = {.task = &task, .set = &set};
  json_t* curves = example_curves(&job, made);
  assert_int_equal(json_array_size(curves), 4);
  for (size_t i = 0; i < 4; i++) {
    const json_t *one = json_array_get(curves, i), *values = json_object_get(one, "generated");
    assert_string_equal(string_of(one, "title"), wanted[i].title);
    assert_true(number_of(json_array_get(values, 1)) == 1000 + NX + wanted[i].at);
  }
  json_decref(curves);
  df_system_free(task.system);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(curves_are_titled_by_the_body_that_moves)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
