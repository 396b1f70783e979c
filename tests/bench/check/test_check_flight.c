/* Accelerations of a base that one thruster lifts along its own vertical, in flights that follow from the tilt. */
#include <math.h>
#include <string.h>

#include "check_parts.h"
#include "data_check.h"
#include "dynaflow/io/npz.h"
#include "found.h"
#include "small_recording.h"
#include "test_file.h"
#include "unit.h"

/* 2 kg with a thrust of 0 to 50 N, in weights: */
static const double THRUST = 50 / (2 * 9.81);
static const char rocket_xml[] =
    "<mujoco><option timestep='.01'/><worldbody><body pos='0 0 3'><freejoint "
    "name='base'/><geom size='.1' mass='2'/><site name='jet'/></body></worldbody><actuator><motor site='jet' gear='0 0 "
    "10 0 0 0' ctrlrange='0 5' ctrllimited='true'/></actuator></mujoco>";

/* what is recorded of a flight at a constant height, whose tilt about x is a sine of 0.9 rad */
typedef struct flight_of {
  double unit;
  int order[4]; /* number k of the quaternion is number order[k] of the right one */
  double side;  /* -1: the tilt has the opposite sign */
  double lift;  /* acceleration upwards, in weights */
} flight_of;

static const flight_of right = {1, {0, 1, 2, 3}, 1, 0};

static data_findings check_model(const char* xml, int base, const flight_of* c, double touching) {
  static const double h[1] = {0.01};
  enum { STEPS = 50 }; /* of the integration, per frame */
  const double g = 9.81;
  data_findings out = {0};
  fixture f = fixture_new(xml, 1);
  double x = 0, v = 0;
  for (int t = 0; t <= T; t++) {
    const double tilt = 0.9 * sin(0.05 * t), s = 0.01 * t;
    const double q[4] = {cos(tilt / 2), c->side * sin(tilt / 2), 0, 0};
    double* row = frame_of(f.d, 0, t) + base;
    if (base > 0) frame_of(f.d, 0, t)[3] = 1;
    row[1] = -c->unit * x;
    row[2] = c->unit * (3 + c->lift * g / 2 * s * s);
    for (int k = 0; k < 4; k++) row[3 + k] = q[c->order[k]];
    for (int k = 0; k < STEPS; k++) {
      const double dt = 0.01 / STEPS, a = (1 + c->lift) * g * tan(0.9 * sin(0.05 * (t + (k + 0.5) / STEPS)));
      x += v * dt + a * dt * dt / 2;
      v += a * dt;
    }
  }
  trace_it(&f, h);
  const pose_summary p = {.flies = true, .touching = touching};
  assert_ok(check_flight(&f.m, &p, &out));
  fixture_free(&f);
  return out;
}

static data_findings check(const flight_of* c, double touching) {
  return check_model(rocket_xml, 0, c, touching);
}

static const data_finding* flight(const data_findings* f) {
  return finding_at(f, DATA_CHECK_ROOT_RESIDUAL, "flight");
}

/* an object that lies before the rocket in the model is no rocket */
static void the_base_that_flies_is_the_robots(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><option timestep='.01'/><worldbody><body name='object'><freejoint name='object'/><geom "
      "size='.1'/></body>"
      "<body pos='0 0 3'><freejoint name='base'/><geom size='.1' mass='2'/><site name='jet'/></body></worldbody>"
      "<actuator><motor site='jet' gear='0 0 10 0 0 0' ctrlrange='0 5' ctrllimited='true'/></actuator></mujoco>";
  const flight_of centimetres = {100, {0, 1, 2, 3}, 1, 0};
  data_findings alone = check(&right, 0), beside = check_model(xml, 7, &right, 0),
                wrong = check_model(xml, 7, &centimetres, 0);
  assert_non_null(flight(&alone));
  assert_non_null(flight(&beside));
  assert_int_equal(flight(&beside)->verdict, CHECK_OK);
  assert_true(fabs(flight(&beside)->value - flight(&alone)->value) < 1e-9);
  assert_int_equal(flight(&wrong)->verdict, CHECK_WRONG);
  data_findings_clear(&alone);
  data_findings_clear(&beside);
  data_findings_clear(&wrong);
}

static void what_the_thruster_can_give_is_right(void** state) {
  (void)state;
  static const double lifts[] = {0, -1, 0.5};
  for (int i = 0; i < 3; i++) {
    flight_of c = right;
    c.lift = lifts[i];
    data_findings f = check(&c, 0);
    if (flight(&f)->verdict != CHECK_OK) fail_msg("%g: %s", lifts[i], flight(&f)->reason);
    assert_true(flight(&f)->value < 0.05);
    data_findings_clear(&f);
  }
  data_findings f = check(&(flight_of){100, {0, 1, 2, 3}, 1, 0}, 0.5);
  assert_int_equal(f.n, 0);
}

/* at twice the weight upwards, the tilt needs three weights by its cosine; the median of a sine is that of 45 degrees
 */
static void more_than_its_range_is_missing(void** state) {
  (void)state;
  flight_of c = right;
  c.lift = 2;
  data_findings f = check(&c, 0);
  const double wanted = 3 / cos(0.9 * sqrt(0.5)) - THRUST;
  assert_int_equal(flight(&f)->verdict, CHECK_WARN);
  if (fabs(flight(&f)->value - wanted) > 0.1) fail_msg("%g instead of %g", flight(&f)->value, wanted);
  data_findings_clear(&f);
}

/* The sideward acceleration is g tan(tilt); of it times 100 nearly all is missing. */
static void another_unit_is_named(void** state) {
  (void)state;
  static const struct {
    double unit;
    const char* reason;
  } cases[] = {{100, "with positions times 0.01: they are in another unit"},
               {1000, "with positions times 0.001: they are in another unit"}};
  for (int i = 0; i < 2; i++) {
    data_findings f = check(&(flight_of){cases[i].unit, {0, 1, 2, 3}, 1, 0}, 0);
    assert_int_equal(flight(&f)->verdict, CHECK_WRONG);
    assert_true(flight(&f)->value > 0.2 * cases[i].unit);
    assert_non_null(strstr(flight(&f)->reason, cases[i].reason));
    data_findings_clear(&f);
  }
}

static void another_orientation_is_named(void** state) {
  (void)state;
  static const struct {
    flight_of c;
    const char *reason, *fits;
  } cases[] = {
      {{1, {1, 2, 3, 0}, 1, 0}, "with the quaternion of the base as xyzw", "data.quaternion = xyzw"},
      {{1, {3, 0, 1, 2}, 1, 0}, "with the quaternion of the base as wxyz", "data.quaternion = wxyz"},
      {{1, {0, 1, 2, 3}, -1, 0}, "with the quaternion of the base as wxyz_inverse", "data.quaternion = wxyz_inverse"}};
  for (int i = 0; i < 3; i++) {
    data_findings f = check(&cases[i].c, 0);
    if (flight(&f)->verdict != CHECK_WRONG) fail_msg("%d: %g", i, flight(&f)->value);
    assert_int_equal(flight(&f)->verdict, CHECK_WRONG);
    if (!strstr(flight(&f)->reason, cases[i].reason)) fail_msg("%s", flight(&f)->reason);
    assert_string_equal(would_fit(flight(&f)), cases[i].fits);
    data_findings_clear(&f);
  }
}

/* The positions of a flight with a heading of 90 degrees: the thruster tilts it towards x. Its quaternions read in
 * another order lay it on its side, which only its posture and its acceleration tell. */
static data_findings check_recording(bool xyzw) {
  static double rows[T + 1][7];
  const double g = 9.81, half = sqrt(0.5);
  data_findings out = {0};
  df_config config = df_config_default();
  fixture f = fixture_new(rocket_xml, 1);
  double x = 0, v = 0;
  for (int t = 0; t <= T; t++) {
    enum { STEPS = 50 };
    const double tilt = 0.3 * sin(0.05 * t), c = cos(tilt / 2), s = sin(tilt / 2);
    const double q[4] = {half * c, half * s, half * s, half * c};
    memset(rows[t], 0, sizeof rows[t]);
    rows[t][0] = x;
    rows[t][2] = 3;
    for (int k = 0; k < 4; k++) rows[t][3 + k] = q[xyzw ? (k + 1) % 4 : k];
    for (int k = 0; k < STEPS; k++) {
      const double dt = 0.01 / STEPS, a = g * tan(0.3 * sin(0.05 * (t + (k + 0.5) / STEPS)));
      x += v * dt + a * dt * dt / 2;
      v += a * dt;
    }
  }
  const df_npz_entry states = {.key = "states", .rank = 2, .shape = {T + 1, 7}, .values = &rows[0][0]};
  assert_ok(df_npz_write(test_file("flight.npz"), 1, &states));
  config.window_horizon = 1;
  set_all(&config, "data.actions_key = , data.columns = qpos");
  assert_ok(data_check_recording(test_file("flight.npz"), &config, f.s, &check_thorough, &out, NULL));
  fixture_free(&f);
  return out;
}

static void a_posture_that_makes_all_right_is_wrong(void** state) {
  (void)state;
  data_findings as_is = check_recording(false), other = check_recording(true);
  assert_int_equal(data_findings_count(&as_is, CHECK_WRONG), 0);
  assert_int_equal(data_findings_count(&other, CHECK_WRONG), 1);
  const data_finding* one = finding_at(&other, DATA_CHECK_CONVENTION, "data.quaternion");
  assert_non_null(one);
  assert_int_equal(one->verdict, CHECK_WRONG);
  assert_string_equal(would_fit(one), "data.quaternion = xyzw");
  assert_non_null(strstr(one->reason,
                         "with data.quaternion = xyzw the base is as in the model's own first pose, and "
                         "nothing is wrong; as it is, the base lies on its side or upside down, and "
                         "gravity and the actuators"));
  /* the other rows are those with it */
  assert_int_equal(flight(&other)->verdict, CHECK_OK);
  data_findings_clear(&as_is);
  data_findings_clear(&other);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_base_that_flies_is_the_robots), cmocka_unit_test(what_the_thruster_can_give_is_right),
      cmocka_unit_test(more_than_its_range_is_missing),    cmocka_unit_test(another_unit_is_named),
      cmocka_unit_test(another_orientation_is_named),      cmocka_unit_test(a_posture_that_makes_all_right_is_wrong)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
