/* How far recordings are from what is right: the number of a row, and the distance by which episodes are compared. */
#include "episode_distance.h"

#include <math.h>

#include "base_fit.h"
#include "check_parts.h"
#include "found.h"
#include "small_recording.h"
#include "unit.h"

/* Joint a changes `factor` times as fast as its velocities say, and `offset` m/s faster; b is right. */
static fixture slides(double factor, double offset) {
  static const double h[1] = {0.01};
  fixture f = fixture_new(slide_xml, 1);
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    const double s = 0.01 * t;
    x[0] = factor * 0.1 * sin(3 * s) + offset * s;
    x[1] = 0.1 * sin(5 * s);
    x[2] = 0.3 * cos(3 * s);
    x[3] = 0.5 * cos(5 * s);
  }
  trace_it(&f, h);
  return f;
}

/* of a factor, the logarithm: half is as far off as twice */
static void factors_are_as_far_as_their_reciprocals(void** state) {
  (void)state;
  static const double factors[] = {0.25, 0.5, 1, 2, 4};
  static const char* const columns[] = {"slide joints", "a"};
  for (int i = 0; i < 5; i++) {
    fixture f = slides(factors[i], 0);
    for (int k = 0; k < 2; k++) {
      const episode_distance d = episode_distance_of(&f.m, &(data_findings){0}, DATA_CHECK_VELOCITY_SCALE, columns[k]);
      assert_true(d.measured);
      /* differences of a sine of 3 rad/s over 0.01 s: (0.03)^2 / 12 of it */
      assert_true(fabs(d.value / factors[i] - 1) < 1e-4);
      assert_true(fabs(d.distance - fabs(log(factors[i]))) < 1e-4);
    }
    fixture_free(&f);
  }
}

static void offsets_are_as_far_in_either_direction(void** state) {
  (void)state;
  static const double offsets[] = {-0.1, 0.1};
  for (int i = 0; i < 2; i++) {
    fixture f = slides(1, offsets[i]);
    const episode_distance d = episode_distance_of(&f.m, &(data_findings){0}, DATA_CHECK_VELOCITY_OFFSET, "a"),
                           none = episode_distance_of(&f.m, &(data_findings){0}, DATA_CHECK_VELOCITY_OFFSET, "b");
    assert_true(d.measured && none.measured);
    assert_true(fabs(d.value - offsets[i]) < 3e-3); /* the smallest one of the right lags */
    assert_true(d.distance == fabs(d.value));
    assert_true(none.distance < 3e-3);
    fixture_free(&f);
  }
}

/* A ball that rocks about y, whose position is that of a point `off` m above its centre. */
static double distance_of_point(double off) {
  static const double h[1] = {0.01};
  fixture f = fixture_new(ball_xml, 1);
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    const double s = 0.01 * t, tilt = 0.2 * sin(5 * s), rate = cos(5 * s);
    x[0] = 0.5 * s + off * sin(tilt);
    x[2] = 1 + off * cos(tilt);
    x[3] = cos(tilt / 2);
    x[5] = sin(tilt / 2);
    x[7] = 0.5;
    x[11] = rate;
  }
  trace_it(&f, h);
  const episode_distance d = episode_distance_of(&f.m, &(data_findings){0}, DATA_CHECK_BASE_POINT, "base position");
  assert_true(d.measured && isnan(d.value));
  fixture_free(&f);
  return d.distance;
}

/* The error is that of the differences to the changes: of x, 0.1 m times an RMS rate of 0.71 rad/s beside 0.5 m/s. */
static void points_are_as_far_as_their_error(void** state) {
  (void)state;
  assert_true(distance_of_point(0) < 1e-9);
  assert_true(fabs(distance_of_point(0.1) - 0.071 / hypot(0.5, 0.071)) < 0.01);
}

/* of hinges and slides, of all groups or of that of a column; of rows that are not of velocities none */
static void groups_are_those_of_velocities(void** state) {
  (void)state;
  static const struct {
    data_check check;
    const char* column;
    unsigned groups;
  } cases[] = {{DATA_CHECK_VELOCITY_SIGN, "", 1u << GROUP_HINGES | 1u << GROUP_SLIDES},
               {DATA_CHECK_VELOCITY_ORDER, "", 1u << GROUP_HINGES | 1u << GROUP_SLIDES},
               {DATA_CHECK_VELOCITY, "", (1u << GROUPS) - 1},
               {DATA_CHECK_VELOCITY, "a", 1u << GROUP_SLIDES},
               {DATA_CHECK_VELOCITY_SCALE, "hinge joints", 1u << GROUP_HINGES},
               {DATA_CHECK_JOINT_LIMIT, "a", 0}};
  fixture f = slides(1, 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(episode_groups_of(&f.m, cases[i].check, cases[i].column), cases[i].groups);
  fixture_free(&f);
}

/* groups before dofs, both in the order of the model */
static void places_are_those_of_the_model(void** state) {
  (void)state;
  fixture f = slides(1, 0);
  const int hinges = episode_place_of(&f.m, "hinge joints"), slide = episode_place_of(&f.m, "slide joints"),
            a = episode_place_of(&f.m, "a"), b = episode_place_of(&f.m, "b");
  assert_int_equal(hinges, GROUP_HINGES);
  assert_int_equal(slide, GROUP_SLIDES);
  assert_true(hinges < a && slide < a && a < b);
  assert_int_equal(episode_place_of(&f.m, "c"), -1);
  assert_int_equal(episode_place_of(&f.m, trace_heading_name(trace_has_base(&f.m))), GROUP_BASE_ROTATION);
  fixture_free(&f);
}

/* a heading, a coordinate and a group of a free body, and one body of several, are none of joints that servos hold */
static void rows_of_free_bodies_are_none_of_joints(void** state) {
  (void)state;
  fixture f = fixture_new(ball_xml, 1);
  trace_it(&f, &f.s->dt);
  const bool based = trace_has_base(&f.m);
  char one[80];
  snprintf(one, sizeof one, "%s of trunk", trace_group_name(based, GROUP_BASE_ROTATION));
  const struct {
    data_check check;
    const char* column;
    bool joints;
  } cases[] = {{DATA_CHECK_VELOCITY_OFFSET, trace_heading_name(based), false},
               {DATA_CHECK_VELOCITY_OFFSET, "base z", false},
               {DATA_CHECK_VELOCITY_SCALE, trace_group_name(based, GROUP_BASE_POSITION), false},
               {DATA_CHECK_VELOCITY, trace_group_name(based, GROUP_BALLS), false},
               {DATA_CHECK_VELOCITY, one, false},
               {DATA_CHECK_VELOCITY_SCALE, "hinge joints", true},
               {DATA_CHECK_FRAME_RATE, "", true},
               {DATA_CHECK_VELOCITY_SIGN, "", true},
               {DATA_CHECK_MIXTURE, "velocity scale", true}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (episode_row_is_of_joints(&f.m, cases[i].check, cases[i].column) != cases[i].joints)
      fail_msg("%s, %s", data_check_name(cases[i].check), cases[i].column);
  }
  fixture_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(factors_are_as_far_as_their_reciprocals),
                                     cmocka_unit_test(offsets_are_as_far_in_either_direction),
                                     cmocka_unit_test(points_are_as_far_as_their_error),
                                     cmocka_unit_test(groups_are_those_of_velocities),
                                     cmocka_unit_test(rows_of_free_bodies_are_none_of_joints),
                                     cmocka_unit_test(places_are_those_of_the_model)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
