/* Falls by height and by tilt, and the rule made from a configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/mujoco.h"
#include "linear_system.h"
#include "near.h"
#include "two_feet.h"

enum { H = 6, NX = 8 }; /* x = [height, quaternion 4, lean, two more] */

static const double RADIAN = 0.017453292519943295;

static void upright(double x[H + 1][NX]) {
  memset(x, 0, (H + 1) * NX * sizeof(double));
  for (int t = 0; t <= H; t++) x[t][0] = 0.3, x[t][1] = 1;
}

/* rotated by yaw, then by `tilt` about a horizontal axis in direction `about` */
static void turn(double yaw, double tilt, double about, double scale, double q[4]) {
  const double cy = cos(yaw / 2), sy = sin(yaw / 2), ct = cos(tilt / 2), st = sin(tilt / 2);
  const double ax = cos(about) * st, ay = sin(about) * st;
  q[0] = scale * ct * cy;
  q[1] = scale * (ax * cy + ay * sy);
  q[2] = scale * (ay * cy - ax * sy);
  q[3] = scale * ct * sy;
}

static void the_first_frame_too_low_is_the_fall(void** state) {
  (void)state;
  double x[H + 1][NX];
  upright(x);
  const df_fall_rule rule = {.height = 0.2, .height_at = 0, .quat_at = -1, .tilt_at = -1};
  assert_int_equal(df_fall_frame(&rule, NX, H, x[0]), H + 1);
  x[3][0] = 0.2; /* equal to the limit, not below */
  x[4][0] = 0.199;
  x[5][0] = 0.1;
  assert_int_equal(df_fall_frame(&rule, NX, H, x[0]), 4);
  x[0][0] = -1;
  assert_int_equal(df_fall_frame(&rule, NX, H, x[0]), 0);
}

static void a_negative_height_is_a_criterion_and_zero_is_none(void** state) {
  (void)state;
  double x[H + 1][NX];
  upright(x);
  x[2][0] = -0.6;
  df_fall_rule rule = {.height = -0.5, .height_at = 0, .quat_at = -1, .tilt_at = -1};
  assert_int_equal(df_fall_frame(&rule, NX, H, x[0]), 2);
  rule.height = 0;
  assert_int_equal(df_fall_frame(&rule, NX, H, x[0]), H + 1);
}

static void the_lean_of_a_quaternion_is_that_of_its_vertical_in_any_heading(void** state) {
  (void)state;
  double x[H + 1][NX];
  upright(x);
  const df_fall_rule rule = {.tilt = 60 * RADIAN, .quat_at = 1, .tilt_at = -1};
  const double scales[] = {1, -1, 1.04};
  for (double yaw = -3; yaw < 3; yaw += 0.7) {
    for (double about = -3; about < 3; about += 0.7) {
      for (int k = 0; k < 3; k++) {
        turn(yaw, 59.999 * RADIAN, about, scales[k], &x[2][1]);
        assert_int_equal(df_fall_frame(&rule, NX, H, x[0]), H + 1);
        turn(yaw, 60.001 * RADIAN, about, scales[k], &x[2][1]);
        assert_int_equal(df_fall_frame(&rule, NX, H, x[0]), 2);
        turn(yaw, 180 * RADIAN, about, scales[k], &x[2][1]);
        assert_int_equal(df_fall_frame(&rule, NX, H, x[0]), 2);
        /* the quaternion of a ball joint may be the first coordinate */
        df_fall_rule first = rule;
        first.quat_at = 0;
        assert_int_equal(df_fall_frame(&first, NX, 0, x[2] + 1), 0);
        turn(yaw, 59.999 * RADIAN, about, scales[k], &x[2][1]);
        assert_int_equal(df_fall_frame(&first, NX, 0, x[2] + 1), 1);
      }
    }
  }
}

static void the_lean_of_a_hinge_counts_both_ways(void** state) {
  (void)state;
  double x[H + 1][NX];
  upright(x);
  const df_fall_rule rule = {.tilt = 0.5, .quat_at = -1, .tilt_at = 5};
  x[4][5] = -0.51;
  x[2][5] = 0.49;
  assert_int_equal(df_fall_frame(&rule, NX, H, x[0]), 4);
  x[3][5] = 0.51;
  assert_int_equal(df_fall_frame(&rule, NX, H, x[0]), 3);
  /* the hinge may be the first coordinate, here at 0.3 until it leans more */
  const df_fall_rule first = {.tilt = 0.5, .quat_at = -1, .tilt_at = 0};
  assert_int_equal(df_fall_frame(&first, NX, H, x[0]), H + 1);
  x[5][0] = -0.51;
  assert_int_equal(df_fall_frame(&first, NX, H, x[0]), 5);
}

static void a_frame_without_numbers_is_a_fall_even_without_a_rule(void** state) {
  (void)state;
  double x[H + 1][NX];
  upright(x);
  const df_fall_rule none = {.quat_at = -1, .tilt_at = -1};
  assert_int_equal(df_fall_frame(&none, NX, H, x[0]), H + 1);
  x[5][7] = NAN;
  assert_int_equal(df_fall_frame(&none, NX, H, x[0]), 5);
  x[1][6] = -INFINITY;
  assert_int_equal(df_fall_frame(&none, NX, H, x[0]), 1);
}

/* ---- the rule of a configuration ---- */

static df_system* make(const char* xml) {
  df_system* system;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_int_equal(df_mujoco_system_from_xml(xml, "test", &cfg, &system), DF_OK);
  return system;
}

static df_config config(double height, double tilt, const char* height_joint, const char* tilt_joint) {
  df_config c;
  memset(&c, 0, sizeof c);
  c.eval_fall_height = height;
  c.eval_fall_tilt = tilt;
  snprintf(c.eval_height_joint, sizeof c.eval_height_joint, "%s", height_joint);
  snprintf(c.eval_tilt_joint, sizeof c.eval_tilt_joint, "%s", tilt_joint);
  return c;
}

static void a_free_joint_gives_height_and_quaternion(void** state) {
  (void)state;
  df_system* system = make(TWO_FEET);
  const df_config c = config(0.25, 45, "", "");
  df_fall_rule rule;
  assert_int_equal(df_fall_rule_new(system, &c, &rule), DF_OK);
  assert_int_equal(rule.height_at, 2);
  assert_int_equal(rule.quat_at, 3);
  assert_int_equal(rule.tilt_at, -1);
  assert_true(rule.height == 0.25);
  assert_near(rule.tilt, 45 * RADIAN, 1e-15);

  double x[2][TWO_FEET_NX];
  for (int t = 0; t < 2; t++) df_mujoco_initial_state(system, x[t]);
  assert_int_equal(df_fall_frame(&rule, TWO_FEET_NX, 1, x[0]), 2);
  turn(1, 0.9, 0.3, 1, &x[1][3]);
  assert_int_equal(df_fall_frame(&rule, TWO_FEET_NX, 1, x[0]), 1);
  df_system_free(system);
}

/* A ball above a floor at 2 m, a slope of 30 degrees, and a box of 1 m on the plane; a fall is below 0.25 m above that.
 * In the last case the ball is beyond the edge of a box, and nothing is below it. */
static void the_height_of_a_free_base_is_above_the_ground_below_it(void** state) {
  (void)state;
#define BALL  "<body pos='0 0 3'><freejoint/><geom size='.1'/></body></worldbody></mujoco>"
#define WORLD "<mujoco><worldbody>"
  const struct {
    const char* xml;
    double at[3]; /* 1 mm above the lowest height that is no fall */
  } cases[] = {
      {WORLD BALL, {0, 0, .251}},
      {WORLD "<geom type='plane' size='1 1 1'/>" BALL, {9, 0, .251}},
      {WORLD "<geom type='plane' size='1 1 1' pos='0 0 2'/>" BALL, {9, 0, 2.251}},
      {WORLD "<geom type='plane' size='1 1 1' pos='0 0 -2'/>" BALL, {9, 0, -1.749}},
      {WORLD "<geom type='plane' size='1 1 1' euler='0 -30 0'/>" BALL, {3, 1, 3 * 0.57735026919 + .251}},
      {WORLD "<geom type='plane' size='1 1 1' euler='0 -30 0'/>" BALL, {-3, 1, -3 * 0.57735026919 + .251}},
      {WORLD "<geom type='plane' size='1 1 1'/><geom type='box' size='.5 .5 .5' pos='4 0 .5'/>" BALL, {4.4, 0, 1.251}},
      {WORLD "<geom type='plane' size='1 1 1'/><geom type='box' size='.5 .5 .5' pos='4 0 .5'/>" BALL, {4.6, 0, .251}},
      {WORLD "<geom type='plane' size='1 1 1'/><geom type='box' size='.5 .5 .5' pos='4 0 .5' contype='0' "
             "conaffinity='0'/>" BALL,
       {4.4, 0, .251}},
      {WORLD "<geom type='box' size='3 3 .5' pos='0 0 .5'/>" BALL, {0, 0, 1.251}},
      {WORLD "<geom type='box' size='3 3 .5' pos='0 0 .5'/>" BALL, {3.1, 0, .251}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_system* system = make(cases[i].xml);
    const df_config c = config(0.25, 0, "", "");
    double x[2][13];
    df_fall_rule rule;
    assert_int_equal(df_fall_rule_new(system, &c, &rule), DF_OK);
    for (int t = 0; t < 2; t++) {
      df_mujoco_initial_state(system, x[t]);
      memcpy(x[t], cases[i].at, sizeof cases[i].at);
    }
    x[1][2] -= .002;
    if (df_fall_frame(&rule, 13, 1, x[0]) != 1) fail_msg("case %zu: frame %d", i, df_fall_frame(&rule, 13, 1, x[0]));
    df_fall_rule_clear(&rule);
    df_system_free(system);
  }
#undef WORLD
#undef BALL
}

static void named_joints_give_height_and_lean(void** state) {
  (void)state;
  df_system* system = make(PLANAR);
  const df_config c = config(0.7, 20, "height", "lean");
  df_fall_rule rule;
  assert_int_equal(df_fall_rule_new(system, &c, &rule), DF_OK);
  assert_int_equal(rule.height_at, 1);
  assert_int_equal(rule.quat_at, -1);
  assert_int_equal(rule.tilt_at, 2);
  df_system_free(system);
}

static void a_ball_joint_gives_a_quaternion(void** state) {
  (void)state;
  df_system* system = make(
      "<mujoco><worldbody><body><joint name='height' type='slide' axis='0 0 1'/><geom size='.1'/>"
      "<body><joint name='lean' type='ball'/><geom size='.1'/><body pos='0 0 .3'><joint name='neck' axis='0 1 0'/>"
      "<geom size='.1'/></body></body></body></worldbody></mujoco>");
  const df_config c = config(0, 45, "", "lean");
  df_fall_rule rule;
  assert_int_equal(df_fall_rule_new(system, &c, &rule), DF_OK);
  assert_int_equal(rule.quat_at, 1);
  assert_int_equal(rule.tilt_at, -1);

  double x[2 * 11];
  for (int t = 0; t < 2; t++) df_mujoco_initial_state(system, x + 11 * t);
  assert_int_equal(df_fall_frame(&rule, 11, 1, x), 2);
  turn(1, 0.9, 0.3, 1, x + 11 + 1);
  assert_int_equal(df_fall_frame(&rule, 11, 1, x), 1);
  df_system_free(system);
}

static void an_object_does_not_fall(void** state) {
  (void)state;
  df_system* system = make(
      "<mujoco><worldbody><body><freejoint name='box'/><geom size='.1'/></body>"
      "<body><freejoint name='robot'/><geom size='.1'/></body></worldbody></mujoco>");
  df_config c = config(0.25, 45, "", "");
  df_fall_rule rule;
  c.chart_objects = (df_names){.n = 1, .v = {"box"}};
  assert_int_equal(df_fall_rule_new(system, &c, &rule), DF_OK);
  assert_int_equal(rule.height_at, 7 + 2);
  assert_int_equal(rule.quat_at, 7 + 3);
  c.chart_objects = (df_names){.n = 2, .v = {"box", "robot"}};
  assert_int_equal(df_fall_rule_new(system, &c, &rule), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "eval.height_joint: the robot has no free joint"));
  df_system_free(system);
}

/* a box that nothing drives is no robot, whatever chart.objects says */
static void what_nothing_drives_does_not_fall(void** state) {
  (void)state;
#define FREE(name, rest) "<body><freejoint name='" name "'/><geom size='.1'/>" rest "</body>"
#define WITH(bodies, joint) \
  "<mujoco><worldbody>" bodies "</worldbody><actuator><motor joint='" joint "'/></actuator></mujoco>"
#define ARM "<body><joint name='arm' axis='0 1 0'/><geom size='.1' pos='.2 0 0'/></body>"
  df_system *first = make(WITH(FREE("robot", ARM) FREE("box", ""), "arm")),
            *second = make(WITH(FREE("box", "") FREE("robot", ARM), "arm")),
            *fixed = make(WITH(FREE("box", "") ARM, "arm"));
  const df_config c = config(0.25, 45, "", ""), named = config(0.25, 0, "box", "");
  df_fall_rule rule;
  assert_int_equal(df_fall_rule_new(first, &c, &rule), DF_OK);
  assert_true(rule.height_at == 2 && rule.quat_at == 3);
  assert_int_equal(df_fall_rule_new(second, &c, &rule), DF_OK);
  assert_true(rule.height_at == 7 + 2 && rule.quat_at == 7 + 3);
  assert_int_equal(df_fall_rule_new(fixed, &c, &rule), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "eval.height_joint: the robot has no free joint"));
  assert_int_equal(df_fall_rule_new(fixed, &named, &rule), DF_OK);
  assert_int_equal(rule.height_at, 2);
#undef FREE
#undef WITH
#undef ARM
  df_system_free(first);
  df_system_free(second);
  df_system_free(fixed);
}

static void a_joint_that_does_not_fit_is_named(void** state) {
  (void)state;
  df_system* system = make(PLANAR);
  const struct {
    double height, tilt;
    const char *height_joint, *tilt_joint, *message;
  } wrong[] = {{1, 0, "hight", "", "hight"},        {0, 0, "hight", "", "hight"},     {0, 9, "", "tilt", "tilt"},
               {0, 0, "", "t", "eval.tilt_joint"},  {1, 0, "lean", "", "lean"},       {0, 9, "", "forward", "forward"},
               {1, 0, "", "", "eval.height_joint"}, {0, 9, "", "", "eval.tilt_joint"}};
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
    const df_config c = config(wrong[k].height, wrong[k].tilt, wrong[k].height_joint, wrong[k].tilt_joint);
    df_fall_rule rule;
    assert_int_equal(df_fall_rule_new(system, &c, &rule), DF_E_CONFIG);
    assert_non_null(strstr(df_error_message(), wrong[k].message));
  }
  df_system_free(system);
}

static void without_criteria_any_system_has_a_rule(void** state) {
  (void)state;
  linear_system system;
  linear_system_init(&system, 1);
  df_config c = config(0, 0, "", "");
  df_fall_rule rule;
  assert_int_equal(df_fall_rule_new(&system.base, &c, &rule), DF_OK);
  assert_true(rule.height == 0 && rule.tilt == 0);
  c.eval_fall_height = 1;
  assert_int_equal(df_fall_rule_new(&system.base, &c, &rule), DF_E_CONFIG);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_frame_too_low_is_the_fall),
      cmocka_unit_test(a_negative_height_is_a_criterion_and_zero_is_none),
      cmocka_unit_test(the_lean_of_a_quaternion_is_that_of_its_vertical_in_any_heading),
      cmocka_unit_test(the_lean_of_a_hinge_counts_both_ways),
      cmocka_unit_test(a_frame_without_numbers_is_a_fall_even_without_a_rule),
      cmocka_unit_test(a_free_joint_gives_height_and_quaternion),
      cmocka_unit_test(the_height_of_a_free_base_is_above_the_ground_below_it),
      cmocka_unit_test(named_joints_give_height_and_lean),
      cmocka_unit_test(a_ball_joint_gives_a_quaternion),
      cmocka_unit_test(an_object_does_not_fall),
      cmocka_unit_test(what_nothing_drives_does_not_fall),
      cmocka_unit_test(a_joint_that_does_not_fit_is_named),
      cmocka_unit_test(without_criteria_any_system_has_a_rule),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
