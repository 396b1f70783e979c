/* Files of trajectories with conditions. */
#include "trajectory_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/mujoco.h"
#include "test_file.h"
#include "unit.h"

static const char slide_xml[] =
    "<mujoco><worldbody><body><joint name='a' type='slide'/><geom size='.1' mass='1'/></body></worldbody></mujoco>";

/* of two conditions, "ab" and "cd" */
static df_task task_of_two(void) {
  df_task task = {.system = NULL};
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_int_equal(df_mujoco_system_from_xml(slide_xml, "slide", &cfg, &task.system), DF_OK);
  assert_int_equal(
      df_dataset_new(&(df_dataset_shape){.episodes = 1, .length = 1, .nx = 2, .nc = 2, .dt = 1}, &task.data), DF_OK);
  assert_int_equal(df_dataset_name_condition(task.data, 0, "ab"), DF_OK);
  assert_int_equal(df_dataset_name_condition(task.data, 1, "cd"), DF_OK);
  strcpy(task.config.task_name, "slide");
  return task;
}

static void conditions_are_finite_and_have_the_names_of_the_task(void** state) {
  (void)state;
  static const struct {
    const char* names;
    double last;
    df_status status;
    const char* says;
  } cases[] = {
      {"ab,cd", 4, DF_OK, ""},
      {"ab,cd", NAN, DF_E_NONFINITE, "conditions[1][1] is nan"},
      {"ab,cd", -INFINITY, DF_E_NONFINITE, "conditions[1][1] is -inf"},
      {"cd,ab", 4, DF_E_MISMATCH, "condition_names: condition 0 is \"cd\", expected \"ab\": the task has \"ab,cd\""},
      {"ab", 4, DF_E_MISMATCH, "condition_names: condition 1 is missing, expected \"cd\": the task has \"ab,cd\""},
      {"ab,cd,ef", 4, DF_E_MISMATCH, "condition_names: condition 2 is \"ef\", expected none: the task has \"ab,cd\""},
  };
  df_task task = task_of_two();
  const char* path = test_file("trajectories.npz");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const double x[8] = {0}, c[4] = {1, 2, 3, cases[i].last};
    const df_npz_entry entries[] = {{.key = "states", .rank = 3, .shape = {2, 2, 2}, .values = x},
                                    {.key = "conditions", .rank = 2, .shape = {2, 2}, .values = c},
                                    {.key = "condition_names", .kind = DF_NPZ_TEXT, .text = cases[i].names}};
    trajectories* t;
    char says[256];
    assert_int_equal(df_npz_write(path, 3, entries), DF_OK);
    assert_int_equal(trajectories_read(path, &task, &t), cases[i].status);
    if (cases[i].status != DF_OK) {
      snprintf(says, sizeof says, "%s: %s", path, cases[i].says);
      assert_string_equal(df_error_message(), says);
      assert_null(t);
      continue;
    }
    assert_memory_equal(t->conditions, c, sizeof c);
    trajectories_free(t);
  }
  df_dataset_free(task.data);
  df_system_free(task.system);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(conditions_are_finite_and_have_the_names_of_the_task)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
