/* The distance of an object from its commanded goal, and which joints and conditions may be named. */
#include "dynaflow/metrics/goal.h"

#include <math.h>
#include <string.h>

#include "dynaflow/sim/mujoco.h"
#include "linear_system.h"
#include "near.h"
#include "unit.h"

enum { NX = 3 + 7 + 3 + 6 }; /* hinge, slides along and up, then the box */

static const char model[] =
    "<mujoco><worldbody><body><joint name='arm' axis='0 0 1'/><geom size='.1'/></body>"
    "<body><joint name='along' type='slide' axis='1 0 0'/><joint name='up' type='slide' axis='0 0 1'/><geom size='.1'/>"
    "</body><body><freejoint name='box'/><geom size='.1'/></body></worldbody></mujoco>";

static df_system* system_of_model(void) {
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* system = NULL;
  assert_int_equal(df_mujoco_system_from_xml(model, "model", &cfg, &system), DF_OK);
  assert_int_equal(system->nx, NX);
  return system;
}

/* demonstrations with the conditions speed, goal.x, goal.y, goal.z */
static df_dataset* conditions(const df_system* system) {
  static const char* const names[] = {"speed", "goal.x", "goal.y", "goal.z"};
  df_dataset* data = NULL;
  const df_dataset_shape shape = {.episodes = 1, .length = 1, .nx = system->nx, .nc = 4, .dt = 0.1};
  assert_int_equal(df_dataset_new(&shape, &data), DF_OK);
  for (int i = 0; i < 4; i++) assert_int_equal(df_dataset_name_condition(data, i, names[i]), DF_OK);
  return data;
}

static df_status find(const df_system* system, const df_dataset* data, const char* joints, const char* names,
                      df_goal* goal) {
  df_config c = df_config_default();
  assert_int_equal(df_config_set(&c, "eval.goal_joints", joints, "test"), DF_OK);
  assert_int_equal(df_config_set(&c, "eval.goal_conditions", names, "test"), DF_OK);
  assert_int_equal(df_config_set(&c, "eval.goal_tolerance", "0.3", "test"), DF_OK);
  return df_goal_find(system, data, &c, goal);
}

/* by hand: every coordinate of the state and every condition has its own power of two, so that each pairing of
 * coordinates and conditions has its own distance */
static void the_distance_is_that_of_the_named_joints_and_conditions(void** state) {
  (void)state;
  df_system* system = system_of_model();
  df_dataset* data = conditions(system);
  double x[NX] = {0};
  const double at[6] = {1, 2, 4, 8, 16, 32}, condition[4] = {1000, 64, 128, 256};
  memcpy(x, at, sizeof at);
  const struct {
    const char *joints, *conditions;
    double distance;
  } cases[] = {{"box", "goal.x,goal.y", hypot(64 - 8, 128 - 16)},
               {"box", "goal.x", 64 - 8},
               {"box", "goal.y,goal.x", hypot(128 - 8, 64 - 16)},
               {"box", "goal.x,goal.y,goal.z", sqrt(56.0 * 56 + 112.0 * 112 + 224.0 * 224)},
               {"along", "goal.x", 64 - 2},
               {"along,up", "goal.x,goal.z", hypot(64 - 2, 256 - 4)},
               {"up,along", "goal.x,speed", hypot(64 - 4, 1000 - 2)}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_goal goal;
    assert_int_equal(find(system, data, cases[i].joints, cases[i].conditions, &goal), DF_OK);
    assert_near(df_goal_distance(&goal, x, condition), cases[i].distance, 1e-12);
    assert_true(goal.tolerance == 0.3);
  }
  df_goal goal;
  assert_int_equal(find(system, data, "", "", &goal), DF_OK);
  assert_int_equal(goal.n, 0);
  df_dataset_free(data);
  df_system_free(system);
}

static void a_place_that_is_not_finite_is_infinitely_far(void** state) {
  (void)state;
  const df_goal goal = {.n = 2, .position = {0, 1}, .condition = {0, 1}};
  const double condition[2] = {0, 0}, bad[] = {NAN, INFINITY, -INFINITY};
  for (int i = 0; i < 3; i++) {
    assert_true(df_goal_distance(&goal, (const double[]){1, bad[i]}, condition) == INFINITY);
    assert_true(df_goal_distance(&goal, (const double[]){bad[i], 1}, condition) == INFINITY);
  }
  assert_true(df_goal_distance(&goal, (const double[]){3, 4}, condition) == 5);
}

static void what_is_no_goal_is_refused(void** state) {
  (void)state;
  df_system* system = system_of_model();
  df_dataset* data = conditions(system);
  static const char* const cases[][3] = {
      {"boxes", "goal.x", "eval.goal_joints: the model has no joint \"boxes\""},
      {"arm", "goal.x", "eval.goal_joints: \"arm\" is not a slide"},
      {"box,up", "goal.x,goal.y", "eval.goal_joints: \"box\" is not a slide"},
      {"up,box", "goal.x,goal.y", "eval.goal_joints: \"box\" is not a slide"},
      {"up", "goal.x,goal.y", "eval.goal_joints: 1 joints for the 2 conditions"},
      {"up,along", "goal.x", "eval.goal_joints: 2 joints for the 1 conditions"},
      {"box", "goal.w", "eval.goal_conditions: the demonstrations have no condition \"goal.w\""},
      {"box", "goal.x,goal.y,goal.z,speed", "eval.goal_conditions: 4 conditions"},
      {"box", "", "eval.goal_conditions is empty, but eval.goal_joints is \"box\""},
      {"", "goal.x", "eval.goal_joints is empty, but eval.goal_conditions is \"goal.x\""}};
  df_goal goal;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    goal.n = 7;
    assert_int_equal(find(system, data, cases[i][0], cases[i][1], &goal), DF_E_CONFIG);
    assert_non_null(strstr(df_error_message(), cases[i][2]));
    assert_int_equal(goal.n, 0);
  }
  linear_system other;
  linear_system_init(&other, 1);
  assert_int_equal(find(&other.base, data, "box", "goal.x", &goal), DF_E_CONFIG);
  assert_int_equal(df_goal_find(NULL, data, &(df_config){0}, &goal), DF_E_ARG);
  df_dataset_free(data);
  df_system_free(system);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_distance_is_that_of_the_named_joints_and_conditions),
      cmocka_unit_test(a_place_that_is_not_finite_is_infinitely_far),
      cmocka_unit_test(what_is_no_goal_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
