/* Files of trajectories with conditions. */
#include "trajectory_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/file.h"
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

/* Only the first frame of a trajectory is a start state; later ones may have diverged. */
static void start_states_are_finite_and_have_a_frame_after_them(void** state) {
  (void)state;
  static const struct {
    size_t frames;
    int at; /* the number that is NaN; -1: none */
    df_status status;
    const char* says;
  } cases[] = {
      {3, -1, DF_OK, ""},
      {3, 0, DF_E_NONFINITE, "states[0][0][0] is nan: a start state must be finite"},
      {3, 7, DF_E_NONFINITE, "states[1][0][1] is nan: a start state must be finite"},
      {3, 8, DF_OK, ""},
      {2, 5, DF_E_NONFINITE, "states[1][0][1] is nan: a start state must be finite"},
      {1, -1, DF_E_MISMATCH,
       "states has shape [2][1][2], expected [trajectories][frames, at least 2][2]: a state of task slide has 1 "
       "positions, 1 velocities and 0 activations"}};
  df_task task = task_of_two();
  const char* path = test_file("trajectories.npz");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double x[12] = {0};
    if (cases[i].at >= 0) x[cases[i].at] = NAN;
    const df_npz_entry entries[] = {{.key = "states", .rank = 3, .shape = {2, cases[i].frames, 2}, .values = x}};
    trajectories* t;
    assert_int_equal(df_npz_write(path, 1, entries), DF_OK);
    assert_int_equal(trajectories_read(path, &task, &t), cases[i].status);
    if (cases[i].status != DF_OK) {
      char says[256];
      snprintf(says, sizeof says, "%s: %s", path, cases[i].says);
      assert_string_equal(df_error_message(), says);
    }
    trajectories_free(t);
  }
  df_dataset_free(task.data);
  df_system_free(task.system);
}

/* One action of this task takes 0.1 s. A file may have it in single precision, as recordings may; 0.1 - 0.10000001 are
 * two durations, and the message shows by which digits. */
static void a_duration_in_single_precision_is_the_same(void** state) {
  (void)state;
  df_task task = task_of_two();
  static const struct {
    double dt;
    bool same;
    const char* says;
  } cases[] = {{0.1, true, ""},
               {(double)0.1f, true, ""},
               {0.1 * (1 + 0.99e-7), true, ""},
               {0.1 * (1 + 1.01e-7), false, "dt is 0.10000001"},
               {0.1000004, false, "dt is 0.1000004 s, expected 0.1 s, one action of task slide"},
               {1e-9, false, "dt is 1e-09 s, expected 0.1 s"}};
  task.system->dt = 0.1;
  const char* path = test_file("trajectories.npz");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const double x[8] = {0};
    const df_npz_entry entries[] = {{.key = "states", .rank = 3, .shape = {2, 2, 2}, .values = x},
                                    {.key = "dt", .rank = 0, .values = &cases[i].dt}};
    trajectories* t;
    assert_int_equal(df_npz_write(path, 2, entries), DF_OK);
    assert_int_equal(trajectories_read(path, &task, &t), cases[i].same ? DF_OK : DF_E_MISMATCH);
    if (!cases[i].same && !strstr(df_error_message(), cases[i].says)) fail_msg("%s", df_error_message());
    trajectories_free(t);
  }
  /* of short actions, a nanosecond is another duration */
  task.system->dt = 1e-6;
  const double x[8] = {0}, dt = 1.0005e-6;
  const df_npz_entry entries[] = {{.key = "states", .rank = 3, .shape = {2, 2, 2}, .values = x},
                                  {.key = "dt", .rank = 0, .values = &dt}};
  trajectories* t;
  assert_int_equal(df_npz_write(path, 2, entries), DF_OK);
  assert_int_equal(trajectories_read(path, &task, &t), DF_E_MISMATCH);
  df_dataset_free(task.data);
  df_system_free(task.system);
}

/* what the file says of its model is compared with that of the task: files first, then the compiled model */
static void a_file_of_another_model_is_refused_or_doubted(void** state) {
  (void)state;
  df_task task = task_of_two();
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system_free(task.system);
  assert_int_equal(df_file_write(test_file("slide.xml"), slide_xml, strlen(slide_xml)), DF_OK);
  assert_int_equal(df_mujoco_system_new(test_file("slide.xml"), &cfg, &task.system), DF_OK);
  const df_model_identity own = *df_mujoco_identity(task.system);
  const char *path = test_file("trajectories.npz"), *other = "0123456789abcdef";
  static const struct {
    const char* settings;
    bool files, compiled, mujoco; /* another one */
    const char* doubt;            /* NULL: none; "": refused */
  } cases[] = {{NULL, false, false, false, NULL},
               {NULL, true, true, false, ""},
               {NULL, false, true, false,
                ", of the same files, on another machine or with other options, which the file does not "
                "name (settings)"},
               {NULL, false, true, true,
                ", of the same files, on another machine or with other options, which the file does not "
                "name (settings), or by MuJoCo 0123456789abcdef"},
               {"system.integrator Euler\n", false, true, false, ""},
               {"system.integrator model\n", false, true, false,
                ", of the same files, with the same options: by the last bits of another machine"},
               {NULL, false, false, true, NULL}};
  assert_true(own.files && own.compiled && own.mujoco);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const double x[8] = {0};
    const df_model_identity made = {.files = cases[i].files ? other : own.files,
                                    .compiled = cases[i].compiled ? other : own.compiled,
                                    .mujoco = cases[i].mujoco ? other : own.mujoco};
    df_npz_entry entries[2 + DF_MODEL_ENTRIES] = {{.key = "states", .rank = 3, .shape = {2, 2, 2}, .values = x}};
    int n = 1 + df_dataset_model_entries(&made, entries + 1);
    if (cases[i].settings)
      entries[n++] = (df_npz_entry){.key = "settings", .kind = DF_NPZ_TEXT, .text = cases[i].settings};
    trajectories* t;
    char says[512];
    task.config = df_config_default();
    strcpy(task.config.task_name, "slide");
    assert_int_equal(df_npz_write(path, n, entries), DF_OK);
    const df_status status = trajectories_read(path, &task, &t);
    if (cases[i].doubt && !cases[i].doubt[0]) {
      assert_int_equal(status, DF_E_MISMATCH);
      snprintf(says, sizeof says, "%s: made with another model: ", path);
      assert_int_equal(strncmp(df_error_message(), says, strlen(says)), 0);
      continue;
    }
    if (status != DF_OK) fail_msg("case %zu: %s", i, df_error_message());
    assert_int_equal(t->doubt != NULL, cases[i].doubt != NULL);
    if (cases[i].doubt) {
      snprintf(
          says, sizeof says,
          "the file was made with a compiled model that differs from the task's (compiled_sha256 0123456789ab, not "
          "%.12s)%s",
          own.compiled, cases[i].doubt);
      assert_string_equal(t->doubt, says);
    }
    trajectories_free(t);
  }
  df_dataset_free(task.data);
  df_system_free(task.system);
}

static void another_task_or_mujoco_is_said(void** state) {
  (void)state;
  static const struct {
    const char *task, *mujoco; /* mujoco: NULL: the one that is used */
    const char* says;          /* NULL: nothing */
  } cases[] = {{"slide", NULL, NULL},
               {"hopper", NULL, "the file says that it is of task 'hopper', not of slide"},
               {"slide", "1.2.3", "the file was made with MuJoCo 1.2.3, and is judged with"},
               {"hopper", "1.2.3", "the file says that it is of task 'hopper', not of slide; the file was made with"}};
  df_task task = task_of_two();
  const char* path = test_file("trajectories.npz");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const double x[8] = {0};
    const char* mujoco = cases[i].mujoco ? cases[i].mujoco : df_mujoco_version();
    const df_npz_entry entries[] = {{.key = "states", .rank = 3, .shape = {2, 2, 2}, .values = x},
                                    {.key = "task", .kind = DF_NPZ_TEXT, .text = cases[i].task},
                                    {.key = "mujoco", .kind = DF_NPZ_TEXT, .text = mujoco}};
    trajectories* t;
    char says[256];
    assert_int_equal(df_npz_write(path, 3, entries), DF_OK);
    assert_int_equal(trajectories_read(path, &task, &t), DF_OK);
    assert_int_equal(t->origin != NULL, cases[i].says != NULL);
    snprintf(says, sizeof says, "is judged with %s, which", df_mujoco_version());
    if (t->origin && !strstr(t->origin, cases[i].says)) fail_msg("%s", t->origin);
    if (cases[i].mujoco) assert_non_null(strstr(t->origin, says));
    trajectories_free(t);
  }
  df_dataset_free(task.data);
  df_system_free(task.system);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(conditions_are_finite_and_have_the_names_of_the_task),
                                     cmocka_unit_test(start_states_are_finite_and_have_a_frame_after_them),
                                     cmocka_unit_test(a_duration_in_single_precision_is_the_same),
                                     cmocka_unit_test(a_file_of_another_model_is_refused_or_doubted),
                                     cmocka_unit_test(another_task_or_mujoco_is_said)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
