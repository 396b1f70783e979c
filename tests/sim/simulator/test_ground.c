/* The distance of a model from what cannot move. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/sim/dynamics.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/system.h"
#include "unit.h"

static double distance_of(const char* xml, double z) {
  df_system* s;
  df_sim* sim;
  double x[64];
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_int_equal(df_mujoco_system_from_xml(xml, "model", &cfg, &s), DF_OK);
  assert_int_equal(df_sim_new(s, 0, &sim), DF_OK);
  df_mujoco_initial_state(s, x);
  x[2] = z;
  df_mujoco_pose(sim, x);
  const double out = df_mujoco_ground_distance(sim, 0);
  /* of the one geom that moves, and of the floor */
  assert_true(df_mujoco_geom_ground_distance(sim, df_mujoco_geom(s, "ball")) == out);
  assert_true(df_mujoco_geom_ground_distance(sim, df_mujoco_geom(s, "floor")) == INFINITY);
  df_sim_free(s, sim);
  df_system_free(s);
  return out;
}

#define MODEL(floor, ball, rest)                                           \
  "<mujoco><worldbody><geom name='floor' type='plane' size='1 1 1' " floor \
  "/><body name='b'><freejoint/>"                                          \
  "<geom name='ball' size='.1' mass='1' " ball "/></body></worldbody>" rest "</mujoco>"

static void of_a_ball_is_its_height_less_its_radius(void** state) {
  (void)state;
  const double heights[] = {0.3, 0.1, 0.06, 7};
  for (int i = 0; i < 4; i++) assert_true(fabs(distance_of(MODEL("", "", ""), heights[i]) - (heights[i] - 0.1)) < 1e-9);
}

static void pairs_that_do_not_collide_do_not_count(void** state) {
  (void)state;
  assert_true(distance_of(MODEL("contype='0' conaffinity='0'", "contype='0' conaffinity='0'", ""), 0.3) == INFINITY);
  assert_true(distance_of(MODEL("contype='2' conaffinity='2'", "", ""), 0.3) == INFINITY);
  assert_true(distance_of(MODEL("", "", "<contact><exclude body1='world' body2='b'/></contact>"), 0.3) == INFINITY);
}

static void listed_pairs_count(void** state) {
  (void)state;
  static const char listed[] = MODEL("contype='0' conaffinity='0'", "contype='0' conaffinity='0'",
                                     "<contact><pair geom1='ball' geom2='floor'/></contact>");
  assert_true(fabs(distance_of(listed, 0.3) - 0.2) < 1e-9);
}

/* a ball in the air and a cube on the floor: of both, of the ball's tree, of the cube's */
static void only_the_tree_that_is_asked_for_counts(void** state) {
  (void)state;
  df_system* s;
  df_sim* sim;
  double x[64];
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_int_equal(df_mujoco_system_from_xml(
                       "<mujoco><worldbody><geom type='plane' size='5 5 1'/>"
                       "<body name='cube' pos='1 0 .1'><freejoint/><geom type='box' size='.1 .1 .1'/></body>"
                       "<body name='robot' pos='0 0 2'><freejoint/><geom size='.1'/><body pos='0 0 -.3'><joint/>"
                       "<geom size='.1'/></body></body></worldbody></mujoco>",
                       "model", &cfg, &s),
                   DF_OK);
  assert_int_equal(df_sim_new(s, 0, &sim), DF_OK);
  df_mujoco_initial_state(s, x);
  df_mujoco_pose(sim, x);
  const double wanted[] = {0, 0, 1.6, 1.6};
  for (int body = 0; body < 4; body++) {
    const double got = df_mujoco_ground_distance(sim, df_mujoco_body_root(s, body));
    if (!(fabs(got - wanted[body]) < 1e-9)) fail_msg("body %d: %g", body, got);
  }
  df_sim_free(s, sim);
  df_system_free(s);
}

/* below a table of 1 m on a floor at -2 m, a shelf that collides with nothing, two that others collide with or that
 * collide with others, a ball that moves; the floor is drawn 1 m wide, and has no end */
static void the_ground_below_a_point_is_the_highest_that_cannot_move(void** state) {
  (void)state;
  static const struct {
    double point[3], wanted;
  } cases[] = {{{0, 0, 3}, 1},   {{9, 0, 3}, -2},    {{0, 0, .5}, -2}, {{9, 0, -3}, -INFINITY}, {{5, 5, 4}, -2},
               {{-9, 0, 3}, .5}, {{-12, 0, 3}, .25}, {{9, 0, -2}, -2}, {{0, 0, 1.25}, 1}};
  df_system* s;
  df_sim* sim;
  double x[64];
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_int_equal(
      df_mujoco_system_from_xml("<mujoco><worldbody><geom type='box' size='1 1 .1' pos='0 0 .9'/>"
                                "<geom type='plane' size='1 1 1' pos='0 0 -2'/>"
                                "<geom type='box' size='1 1 .1' pos='0 0 1.5' contype='0' conaffinity='0'/>"
                                "<geom type='box' size='1 1 .1' pos='-9 0 .4' contype='0'/>"
                                "<geom type='box' size='1 1 .05' pos='-12 0 .2' conaffinity='0'/>"
                                "<body pos='5 5 2'><freejoint/><geom size='.1'/></body></worldbody></mujoco>",
                                "model", &cfg, &s),
      DF_OK);
  assert_int_equal(df_sim_new(s, 0, &sim), DF_OK);
  df_mujoco_initial_state(s, x);
  df_mujoco_pose(sim, x);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const double got = df_mujoco_ground_below(sim, cases[i].point), wanted = cases[i].wanted;
    if (!(got == wanted || fabs(got - wanted) < 1e-9)) fail_msg("case %zu: %g", i, got);
  }
  df_sim_free(s, sim);
  df_system_free(s);
}

/* a plane that rises by 3 m per 4 m along x from z = 1 at x = 2, and its mirror image along y; below it there is
 * nothing, and a plane that faces downwards is no ground */
static void a_slope_is_below_a_point_by_its_height_there(void** state) {
  (void)state;
  static const struct {
    const char* normal;
    double point[3], wanted;
  } cases[] = {{"-3 0 4", {2, 0, 3}, 1},           {"-3 0 4", {6, 9, 9}, 4},        {"-3 0 4", {0, 1, 0}, -.5},
               {"-3 0 4", {6, 0, 3.9}, -INFINITY}, {"0 3 4", {2, 4, 3}, -2},        {"0 3 4", {7, -4, 5}, 4},
               {"0 0 -1", {2, 0, 3}, -INFINITY},   {"0 0 -1", {2, 0, 0}, -INFINITY}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char xml[512];
    df_system* s;
    df_sim* sim;
    double x[64];
    const df_mujoco_cfg cfg = df_mujoco_cfg_default();
    snprintf(xml, sizeof xml,
             "<mujoco><worldbody><geom type='plane' size='1 1 1' pos='2 0 1' zaxis='%s'/><body pos='50 50 50'>"
             "<freejoint/><geom size='.1'/></body></worldbody></mujoco>",
             cases[i].normal);
    assert_int_equal(df_mujoco_system_from_xml(xml, "model", &cfg, &s), DF_OK);
    assert_int_equal(df_sim_new(s, 0, &sim), DF_OK);
    df_mujoco_initial_state(s, x);
    df_mujoco_pose(sim, x);
    const double got = df_mujoco_ground_below(sim, cases[i].point), wanted = cases[i].wanted;
    if (!(got == wanted || fabs(got - wanted) < 1e-9)) fail_msg("case %zu: %g", i, got);
    df_sim_free(s, sim);
    df_system_free(s);
  }
}

/* a plane at height 0.25, turned about the vertical by each whole degree, which rounds its normal, and one that is
 * tilted by a rotation of `tilt`, rad */
static bool is_flat(double yaw, double tilt, double* height) {
  char xml[512];
  df_system* s;
  df_sim* sim;
  double x[64];
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  snprintf(xml, sizeof xml,
           "<mujoco><compiler angle='radian' eulerseq='zyx'/><worldbody><geom type='plane' size='1 1 1' pos='2 0 .25' "
           "euler='%.17g %.17g 0'/><body pos='50 50 50'><freejoint/><geom size='.1'/></body></worldbody></mujoco>",
           yaw, tilt);
  assert_int_equal(df_mujoco_system_from_xml(xml, "model", &cfg, &s), DF_OK);
  assert_int_equal(df_sim_new(s, 0, &sim), DF_OK);
  df_mujoco_initial_state(s, x);
  df_mujoco_pose(sim, x);
  const bool flat = df_mujoco_ground_is_flat(sim, height);
  df_sim_free(s, sim);
  df_system_free(s);
  return flat;
}

static void a_plane_is_flat_in_any_heading(void** state) {
  (void)state;
  double height;
  for (int degree = 0; degree < 360; degree++) {
    height = 0;
    if (!is_flat(degree * acos(-1) / 180, 0, &height)) fail_msg("%d degrees", degree);
    assert_true(height == 0.25);
  }
  assert_true(is_flat(1, 0.9e-6, &height));
  assert_false(is_flat(1, 1.1e-6, &height));
  assert_false(is_flat(1, -1e-3, &height));
  assert_false(is_flat(0, acos(-1), &height)); /* upside down */
}

/* of a cube of 20 cm above a table, below a shelf, beside a post and beside a ball of another tree; what it may not
 * touch is none of them */
static void a_tree_is_as_far_as_the_nearest_thing_that_it_may_touch(void** state) {
  (void)state;
  enum { TABLE, SHELF, POST, GHOST, CUBE, BALL };
  static const struct {
    double at[3], most, distance, up;
    int geom;
  } cases[] = {{{0, 0, 1.102}, .01, .002, 1, TABLE},     {{0, 0, 1.11}, .01, .01, 0, -1},
               {{0, 0, 1.89}, .02, .01, -1, SHELF},      {{.496, 0, 1.5}, .01, .004, 0, POST},
               {{0, -.25, 1.5}, .1, .05, 0, BALL},       {{0, 0, 1.09}, .01, -.01, 0, TABLE},
               {{0, 0, 1.1 + 1e-3}, .01, 1e-3, 1, TABLE}};
  df_system* s;
  df_sim* sim;
  double x[64];
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_int_equal(
      df_mujoco_system_from_xml(
          "<mujoco><worldbody><geom type='box' size='1 1 .05' pos='0 0 .95'/><geom type='box' size='1 1 .05' "
          "pos='0 0 2.05'/><geom type='box' size='.1 .1 .3' pos='.7 0 1.5'/><geom size='.5' pos='0 0 1.5' "
          "contype='0' conaffinity='0'/><body name='cube'><freejoint/><geom type='box' size='.1 .1 .1'/>"
          "<body><joint/><geom size='.01'/></body></body><body pos='0 -.5 1.5'><freejoint/><geom size='.1'/>"
          "</body></worldbody></mujoco>",
          "model", &cfg, &s),
      DF_OK);
  assert_int_equal(df_sim_new(s, 0, &sim), DF_OK);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_mujoco_initial_state(s, x);
    memcpy(x, cases[i].at, sizeof cases[i].at);
    df_mujoco_pose(sim, x);
    const df_tree_gap got = df_mujoco_tree_gap(sim, df_mujoco_body_root(s, 1), cases[i].most);
    const bool right = fabs(got.distance - cases[i].distance) < 1e-6 && fabs(got.up - cases[i].up) < 1e-6;
    if (!right || (got.geom == 6 ? BALL : got.geom) != cases[i].geom)
      fail_msg("case %zu: %g to %d, up %g", i, got.distance, got.geom, got.up);
  }
  df_sim_free(s, sim);
  df_system_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(of_a_ball_is_its_height_less_its_radius),
                                     cmocka_unit_test(pairs_that_do_not_collide_do_not_count),
                                     cmocka_unit_test(listed_pairs_count),
                                     cmocka_unit_test(the_ground_below_a_point_is_the_highest_that_cannot_move),
                                     cmocka_unit_test(a_slope_is_below_a_point_by_its_height_there),
                                     cmocka_unit_test(only_the_tree_that_is_asked_for_counts),
                                     cmocka_unit_test(a_plane_is_flat_in_any_heading),
                                     cmocka_unit_test(a_tree_is_as_far_as_the_nearest_thing_that_it_may_touch)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
