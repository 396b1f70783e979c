/* The legs of feet, by their places in the home posture, in whatever order and with whatever names. */
#include "foot_legs.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/gait/gait.h"
#include "dynaflow/nn/blas.h"
#include "dynaflow/sim/mujoco.h"
#include "expert_task.h"
#include "unit.h"

#define OK(call)                                                                           \
  do {                                                                                     \
    const df_status status_ = (call);                                                      \
    if (status_ != DF_OK) fail_msg("%s: %s", df_status_text(status_), df_error_message()); \
  } while (0)

/* legs of one hinge about y, hips at (FORWARD, LEFT) of a base that stands turned by a right angle at (5, 7): a is
 * behind on the left, b in front on the right, c behind on the right, d in front on the left */
#define LEG(name, place)                                      \
  "<body name='" name "' pos='" place "'><joint name='j" name \
  "' axis='0 1 0'/>"                                          \
  "<geom name='" name "' size='.02' pos='0 0 -.2' mass='.1'/></body>"
#define ROBOT(b) \
  "<mujoco><worldbody><body pos='5 7 .5' quat='1 0 0 1'><freejoint/><geom size='.1' mass='5' contype='0'/>"      \
  LEG("a", "-.2 .1 0") LEG("b", b) LEG("c", "-.2 -.1 0") LEG("d", ".1 .1 0")                                     \
  "</body></worldbody><actuator><position joint='ja' kp='9'/><position joint='jb' kp='9'/>"                      \
  "<position joint='jc' kp='9'/><position joint='jd' kp='9'/></actuator></mujoco>"

static df_status legs_of(const char* xml, const char* feet, const double home[4], int leg[FOOT_LEGS]) {
  df_config config = df_config_default();
  df_system* system;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  OK(df_config_set(&config, "eval.feet", feet, "test"));
  OK(df_mujoco_system_from_xml(xml, "robot", &cfg, &system));
  const df_status status = foot_legs(&config, system, home, leg);
  df_system_free(system);
  return status;
}

static void legs_are_told_by_the_places_of_the_feet(void** state) {
  (void)state;
  static const double home[4] = {0};
  static const struct {
    const char* feet;
    int leg[FOOT_LEGS];
  } cases[] = {{"a,b,c,d", {3, 0, 2, 1}}, {"d,c,b,a", {1, 2, 0, 3}}, {"b,d,c,a", {0, 1, 2, 3}}};
  for (int i = 0; i < 3; i++) {
    int leg[FOOT_LEGS];
    OK(legs_of(ROBOT(".1 -.1 0"), cases[i].feet, home, leg));
    assert_memory_equal(leg, cases[i].leg, sizeof leg);
  }
}

/* a hinge at a right angle moves its foot by 0.2 m along x: then a and c are 0.1 m in front of b and d */
static void the_posture_is_that_of_home(void** state) {
  (void)state;
  static const double right = 1.5707963267948966, straight[4] = {0};
  static const int before[FOOT_LEGS] = {3, 0, 2, 1}, after[FOOT_LEGS] = {1, 2, 0, 3};
  const double turned[4] = {-right, right, -right, right};
  int leg[FOOT_LEGS];
  OK(legs_of(ROBOT(".1 -.1 0"), "a,b,c,d", straight, leg));
  assert_memory_equal(leg, before, sizeof leg);
  OK(legs_of(ROBOT(".1 -.1 0"), "a,b,c,d", turned, leg));
  assert_memory_equal(leg, after, sizeof leg);
}

static void feet_that_cannot_be_told_apart_are_refused(void** state) {
  (void)state;
  static const double home[4] = {0};
  int leg[FOOT_LEGS];
  assert_int_equal(legs_of(ROBOT(".1 .1 .1"), "a,b,c,d", home, leg), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "eval.feet: 'b' and 'd' are less than 1 mm apart along y (left)"));
  assert_int_equal(legs_of(ROBOT("-.2 -.1 .1"), "a,b,c,d", home, leg), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "are less than 1 mm apart along x (forward)"));
  assert_int_equal(legs_of(ROBOT(".1 -.1 0"), "a,b,c", home, leg), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "got 3 feet, expected four: FR, FL, RR and RL, in any order"));
  assert_int_equal(legs_of(ROBOT(".1 -.1 0"), "a,b,c,x", home, leg), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "the model has no geom 'x'"));
}

/* the clock of a gait is that of the legs, not of the places in the list, in a policy and in what it is told by */
static void the_clock_of_a_gait_follows_the_legs(void** state) {
  (void)state;
  static const int leg[2][FOOT_LEGS] = {{0, 1, 2, 3}, {2, 1, 3, 0}};
  static const char* const feet[2] = {"FR,FL,RR,RL", "RR,FL,RL,FR"};
  const df_search search = {.n = 1, .folder = {"tasks/go1_gaits"}};
  OK(df_blas_open(&(df_blas_cfg){.threads = 1}));
  for (int i = 0; i < 2; i++) {
    df_config config;
    expert_task task;
    text identity = {0};
    OK(df_config_load("tasks/go1_gaits/task.yaml", NULL, NULL, 0, NULL, &config));
    OK(df_config_set(&config, "eval.feet", feet[i], "test"));
    OK(expert_task_make(&config, &search, NULL, &task));
    const df_walk_cfg* walk = df_walk_get_cfg(task.walk);
    for (int g = 0; g < walk->n_gaits; g++) {
      const double* offset = df_gait_offsets((df_gait)df_gait_by_name(config.expert_gaits.v[g]));
      for (int k = 0; k < FOOT_LEGS; k++) assert_true(walk->gait[g].offset[k] == offset[leg[i][k]]);
    }
    expert_identity(&task, 1, &identity);
    assert_int_equal(strstr(text_of(&identity), "\nlegs 2,1,3,0\n") != NULL, i == 1);
    assert_int_equal(strstr(text_of(&identity), "\nlegs ") != NULL, i == 1);
    text_clear(&identity);
    expert_task_clear(&task);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(legs_are_told_by_the_places_of_the_feet),
      cmocka_unit_test(the_posture_is_that_of_home),
      cmocka_unit_test(feet_that_cannot_be_told_apart_are_refused),
      cmocka_unit_test(the_clock_of_a_gait_follows_the_legs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
