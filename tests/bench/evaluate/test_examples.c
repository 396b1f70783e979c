/* Curves of a window, by the names of what moves. */
#include "examples.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/sim/mujoco.h"
#include "json.h"
#include "text.h"
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
    const json_t* one = json_array_get(curves, i);
    const json_t *values = json_object_get(one, "generated"), *shown = json_object_get(one, "demonstrated");
    assert_string_equal(string_of(one, "title"), wanted[i].title);
    assert_string_equal(string_of(one, "unit"), i % 2 ? "m/s" : "m");
    assert_true(number_of(json_object_get(one, "dt")) == task.system->dt);
    assert_true(json_array_size(values) == 2 && json_array_size(shown) == 2);
    for (size_t t = 0; t < 2; t++) {
      assert_true(number_of(json_array_get(values, t)) == 1000 + NX * (double)t + wanted[i].at);
      assert_true(number_of(json_array_get(shown, t)) == NX * (double)t + wanted[i].at);
    }
  }
  json_decref(curves);
  df_system_free(task.system);
}

/* up to six joints all are shown, as far as there is room; of more, those from the third on */
static void curves_of_many_joints_begin_with_the_third(void** state) {
  (void)state;
  for (int n = 6; n <= 7; n++) {
    text model = {0};
    text_add(&model, "<mujoco><worldbody>");
    for (int j = 0; j < n; j++) {
      text_add(&model, "<body><joint name='j%d' type='%s' axis='0 1 0'/><geom size='.1'/></body>", j,
               j == 3 ? "slide" : "hinge");
    }
    text_add(&model, "</worldbody></mujoco>");
    const df_mujoco_cfg cfg = df_mujoco_cfg_default();
    df_task task = {.config = df_config_default()};
    assert_int_equal(df_mujoco_system_from_xml(text_of(&model), "model", &cfg, &task.system), DF_OK);
    double x[2 * 14];
    for (int i = 0; i < 28; i++) x[i] = i;
    eval_set set = {.B = 1, .H = 1, .x = x};
    const eval_job job = {.task = &task, .set = &set};
    json_t* curves = example_curves(&job, x);
    assert_int_equal(json_array_size(curves), 4);
    for (size_t i = 0; i < 4; i++) {
      const json_t* one = json_array_get(curves, i);
      const int j = (int)i + (n > 6 ? 2 : 0);
      char title[8];
      snprintf(title, sizeof title, "j%d", j);
      assert_string_equal(string_of(one, "title"), title);
      assert_string_equal(string_of(one, "unit"), j == 3 ? "m" : "rad");
      assert_true(number_of(json_array_get(json_object_get(one, "generated"), 1)) == 2 * n + j);
    }
    json_decref(curves);
    df_system_free(task.system);
    text_clear(&model);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(curves_are_titled_by_the_body_that_moves),
                                     cmocka_unit_test(curves_of_many_joints_begin_with_the_third)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
