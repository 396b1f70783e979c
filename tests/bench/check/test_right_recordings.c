/* Recordings of bodies that lie, turn over, roll, fly, are small, exceed a range or restart their clocks are right by
 * construction: nothing in them is wrong. What is wrong in them is found as in those of bodies that stand. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "data_check.h"
#include "dynaflow/io/npz.h"
#include "found.h"
#include "planted.h"
#include "test_file.h"
#include "unit.h"

/* a box with an arm that may move by 0.2 rad, of half size (a, b, c) on a floor; `size` scales all lengths */
static df_system* box_system(double a, double b, double c, double size, const char* quat) {
  static char xml[2048];
  df_system* out;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  snprintf(xml, sizeof xml,
           "<mujoco><compiler angle='radian'/><option timestep='.01'/><worldbody><geom type='plane' size='5 5 .1'/>"
           "<body pos='0 0 %g' quat='%s'><freejoint/><geom type='box' size='%g %g %g' mass='5'/>"
           "<body pos='0 0 %g'><joint name='arm' axis='0 1 0' range='-.2 .2' limited='true'/>"
           "<geom type='sphere' size='%g' mass='.1' contype='0' conaffinity='0'/></body></body></worldbody>"
           "<actuator><position joint='arm' kp='1'/></actuator></mujoco>",
           size * c, quat, size * a, size * b, size * c, size * c, size * 0.01);
  assert_ok(df_mujoco_system_from_xml(xml, "box", &cfg, &out));
  return out;
}

enum { CLIP = 300, NQ = 8, NV = 7, NX = NQ + NV };

/* what a clip is: the pose of the base at time s, and the largest angle of the arm */
typedef struct clip {
  const char* name;
  void (*pose)(double s, double at[3], double* roll); /* the roll is about the x axis of the world */
  double half[3], size, arm;
  const char* quat; /* of the model's own first pose; NULL: none */
} clip;

static void lies(double s, double at[3], double* roll) {
  at[0] = 0.02 * sin(2 * s);
  at[2] = 0.1;
  *roll = -PI / 2 + 0.02 * sin(3 * s);
}
static void lies_on_its_other_side(double s, double at[3], double* roll) {
  lies(s, at, roll);
  *roll += PI;
}
static void lies_on_its_back(double s, double at[3], double* roll) {
  at[0] = 0.02 * sin(2 * s);
  at[2] = 0.05;
  *roll = PI + 0.01 * sin(3 * s);
}
/* for 70 % of the clip; then it turns about the edge that touches the floor */
static void gets_up(double s, double at[3], double* roll) {
  const double up = fmax(0, fmin(1, (s / (0.01 * CLIP) - 0.7) / 0.25)), turn = PI / 2 * (1 - up * up * (3 - 2 * up));
  at[0] = 0.02 * sin(2 * s);
  at[2] = 0.1 * sin(turn) + 0.05 * cos(turn);
  *roll = -turn;
}
static void turns_over_and_over(double s, double at[3], double* roll) {
  *roll = 4 * s;
  at[1] = -0.1 * *roll;
  at[2] = 0.1;
}
static void slides(double s, double at[3], double* roll) {
  at[0] = 0.05 * s;
  at[2] = 0.05;
  *roll = 0;
}
static void slides_small(double s, double at[3], double* roll) {
  slides(s, at, roll);
  at[0] *= 0.1;
  at[2] *= 0.1;
}
/* thrown up at 14.7 m/s, from where it is thrown for 3 s; beside the x axis of the world it lies as high as a clip with
 * y up would say that it is in the floor */
static void flies(double s, double at[3], double* roll) {
  at[0] = 0.5 * s;
  at[2] = 0.6 + 14.715 * s - 9.81 / 2 * s * s;
  *roll = 0;
}
/* lies on the first pose of a model that has its y axis up */
static void stands_with_y_up(double s, double at[3], double* roll) {
  lies(s, at, roll);
  *roll += PI;
}

static const clip clips[] = {
    {"lies", lies, {.15, .1, .05}, 1, 0.1, NULL},
    {"lies on its other side", lies_on_its_other_side, {.15, .1, .05}, 1, 0.1, NULL},
    {"lies on its back", lies_on_its_back, {.15, .1, .05}, 1, 0.1, NULL},
    {"gets up", gets_up, {.15, .1, .05}, 1, 0.1, NULL},
    {"turns over and over", turns_over_and_over, {.1, .1, .1}, 1, 0.1, NULL},
    {"exceeds its range", slides, {.15, .1, .05}, 1, 0.3, NULL},
    {"flies", flies, {.15, .1, .05}, 1, 0.1, NULL},
    {"is small", slides_small, {.15, .1, .05}, 0.1, 0.1, NULL},
    {"has its y axis up", stands_with_y_up, {.15, .1, .05}, 1, 0.1, ".70710678118654752 .70710678118654752 0 0"}};
enum { CLIPS = sizeof clips / sizeof *clips };

/* the state at frame t; velocities are backward differences, as of semi-implicit Euler */
static void state_of(const clip* c, int t, double x[NX]) {
  double now[3] = {0}, before[3] = {0}, roll, former;
  const double s = 0.01 * t, h = 0.01;
  c->pose(s, now, &roll);
  c->pose(s - h, before, &former);
  for (int i = 0; i < 3; i++) x[i] = now[i], x[NQ + i] = (now[i] - before[i]) / h;
  x[3] = cos(roll / 2);
  x[4] = sin(roll / 2);
  x[5] = x[6] = x[NQ + 4] = x[NQ + 5] = 0;
  x[NQ + 3] = (roll - former) / h;
  x[7] = c->arm * sin(6 * s);
  x[NQ + 6] = c->arm * (sin(6 * s) - sin(6 * (s - h))) / h;
}

/* the findings of a clip with velocities or without, after `change` in each state */
static data_findings check(const clip* c, bool velocities, void (*change)(double*)) {
  static double rows[CLIP + 1][NX];
  df_system* s = box_system(c->half[0], c->half[1], c->half[2], c->size, c->quat ? c->quat : "1 0 0 0");
  data_findings out = {0};
  df_config config = df_config_default();
  const int width = velocities ? NX : NQ;
  double* flat = &rows[0][0];
  for (int t = 0; t <= CLIP; t++) {
    double x[NX];
    state_of(c, t, x);
    if (change) change(x);
    memcpy(flat + (size_t)t * (size_t)width, x, (size_t)width * sizeof *x);
  }
  const df_npz_entry states = {.key = "states", .rank = 2, .shape = {CLIP + 1, (size_t)width}, .values = flat};
  assert_ok(df_npz_write(test_file("recording.npz"), 1, &states));
  config.window_horizon = 1;
  set_all(&config, velocities ? "data.actions_key = " : "data.actions_key = , data.columns = qpos");
  assert_ok(data_check_recording(test_file("recording.npz"), &config, s, &check_thorough, &out, NULL));
  expect_limits_decide(&out);
  df_system_free(s);
  return out;
}

static int count_wrong(const char* name, const data_findings* f) {
  for (int i = 0; i < f->n; i++) {
    const data_finding* one = &f->list[i];
    if (one->verdict == CHECK_WRONG)
      print_error("%s: %s %s: %s; would fit: %s\n", name, data_check_name(one->check), one->column, one->reason,
                  would_fit(one));
  }
  return data_findings_count(f, CHECK_WRONG);
}

static void right_recordings_give_no_alarm(void** state) {
  (void)state;
  int wrong = 0;
  for (int i = 0; i < CLIPS; i++) {
    for (int velocities = 0; velocities < 2; velocities++) {
      data_findings f = check(&clips[i], velocities, NULL);
      wrong += count_wrong(clips[i].name, &f);
      for (int k = 0; k < f.n; k++) assert_true(f.list[k].check != DATA_CHECK_CONVENTION);
      data_findings_clear(&f);
    }
  }
  assert_int_equal(wrong, 0);
}

/* a range that is too narrow is the joint limit's matter: the angles are no degrees */
static void a_range_that_is_exceeded_is_named_as_such(void** state) {
  (void)state;
  data_findings f = check(&clips[5], true, NULL);
  const data_finding* one = finding_at(&f, DATA_CHECK_JOINT_LIMIT, "arm");
  assert_non_null(one);
  assert_int_equal(one->verdict, CHECK_WARN);
  data_findings_clear(&f);
}

static void xyzw(double* x) {
  const double w = x[3];
  memmove(x + 3, x + 4, 3 * sizeof *x);
  x[6] = w;
}
static void degrees_of_the_arm(double* x) {
  x[7] *= 180 / PI;
  x[NQ + 6] *= 180 / PI;
}
/* z up becomes y up: the height is the second coordinate, and the base is turned by -90 degrees about x */
static void y_is_up(double* x) {
  const double y = x[1], vy = x[NQ + 1], w = x[3], v = x[4];
  x[1] = x[2];
  x[2] = -y;
  x[NQ + 1] = x[NQ + 2];
  x[NQ + 2] = -vy;
  x[3] = sqrt(0.5) * (w + v);
  x[4] = sqrt(0.5) * (v - w);
}

/* the same mistakes as in a recording of a robot that stands, and no other setting */
static void mistakes_in_them_are_named(void** state) {
  (void)state;
  static const struct {
    int clip;
    bool velocities;
    void (*change)(double*);
    const char* fits;
  } cases[] = {{3, true, xyzw, "data.quaternion = xyzw"},
               {4, true, xyzw, "data.quaternion = xyzw"},
               {5, true, degrees_of_the_arm, "data.angles = deg"},
               {5, false, degrees_of_the_arm, "data.angles = deg"},
               {5, false, y_is_up, "data.up = y"},
               {5, true, y_is_up, "data.up = y"},
               {3, true, y_is_up, "data.up = y"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    data_findings f = check(&clips[cases[i].clip], cases[i].velocities, cases[i].change);
    int named = 0;
    for (int k = 0; k < f.n; k++) {
      if (f.list[k].check != DATA_CHECK_CONVENTION || f.list[k].verdict != CHECK_WRONG) continue;
      named++;
      if (strcmp(would_fit(&f.list[k]), cases[i].fits) != 0) count_wrong(cases[i].fits, &f);
      assert_string_equal(would_fit(&f.list[k]), cases[i].fits);
    }
    if (named != 1) fail_msg("case %zu, %s: %d named", i, clips[cases[i].clip].name, named);
    data_findings_clear(&f);
  }
}

/* Read with y up, a box that is 0.55 m too high would be 0.1 m in the floor, which is nearer to it: but then it is
 * wrong, too, in another way. */
static void raised(double* x) {
  x[2] += 0.55;
}
static void a_convention_that_makes_something_wrong_is_not_named(void** state) {
  (void)state;
  data_findings f = check(&clips[5], false, raised);
  const data_finding* one = finding_at(&f, DATA_CHECK_FLOOR, "");
  assert_int_equal(data_findings_count(&f, CHECK_WRONG), 1);
  assert_true(one && one->verdict == CHECK_WRONG);
  assert_null(remedy_value(&one->would_fit, "data.up"));
  data_findings_clear(&f);
}

/* angles of at most 5.7 degrees may be radians: what is wrong with them is that they are beyond the limits */
static void small_angles_are_not_taken_for_degrees(void** state) {
  (void)state;
  data_findings f = check(&clips[3], true, degrees_of_the_arm);
  const data_finding* one = finding_at(&f, DATA_CHECK_JOINT_LIMIT, "arm");
  assert_int_equal(data_findings_count(&f, CHECK_WRONG), 1);
  assert_true(one && one->verdict == CHECK_WRONG);
  data_findings_clear(&f);
}

/* A cube that lies on a side, beside the axis by as much as it is high: read with y up it would stand as high. Nothing
 * tells, so that it is a warning. */
static void lies_beside_the_axis(double s, double at[3], double* roll) {
  at[0] = 0.02 * sin(2 * s);
  at[1] = at[2] = 0.1;
  *roll = -PI / 2;
}
static void what_only_the_posture_tells_is_a_warning(void** state) {
  (void)state;
  const clip cube = {"cube", lies_beside_the_axis, {.1, .1, .1}, 1, 0.1, NULL};
  for (int velocities = 0; velocities < 2; velocities++) {
    data_findings f = check(&cube, velocities, NULL);
    const data_finding* one = finding_at(&f, DATA_CHECK_CONVENTION, "data.up");
    assert_int_equal(count_wrong("cube", &f), 0);
    assert_non_null(one);
    assert_int_equal(one->verdict, CHECK_WARN);
    assert_string_equal(would_fit(one), "data.up = y");
    data_findings_clear(&f);
  }
}

/* v = R(q)^T v for the linear velocity */
static void linear_in_base_frame(double* x) {
  rotate(x + 3, true, x + NQ);
}
static void moves_beside_the_axis(double s, double at[3], double* roll) {
  lies_beside_the_axis(s, at, roll);
  at[1] += 0.02 * sin(3 * s);
}
/* What velocities tell is named, and not with it what only the posture tells. */
static void a_posture_is_not_named_beside_a_mistake(void** state) {
  (void)state;
  const clip cube = {"cube", moves_beside_the_axis, {.1, .1, .1}, 1, 0.1, NULL};
  data_findings f = check(&cube, true, linear_in_base_frame);
  assert_int_equal(count_wrong("cube", &f), 1);
  const data_finding* one = finding_at(&f, DATA_CHECK_CONVENTION, "data.linear_velocity");
  assert_non_null(one);
  assert_string_equal(would_fit(one), "data.linear_velocity = base");
  data_findings_clear(&f);
}

/* two clips one after the other, whose clocks begin at 0: right as two episodes, wrong as one */
static void clocks_may_restart_between_episodes(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><option timestep='.01'/><worldbody><body><joint name='a' axis='0 1 0'/><geom size='.1' mass='1'/></body>"
      "</worldbody><actuator><motor joint='a'/></actuator></mujoco>";
  enum { EACH = 100 };
  static const double ends[2] = {EACH, 2 * EACH};
  double rows[2 * EACH][3];
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* s;
  assert_ok(df_mujoco_system_from_xml(xml, "one", &cfg, &s));
  for (int i = 0; i < 2 * EACH; i++) {
    /* the motion goes on, so that only the clock tells */
    const double w = 0.05;
    rows[i][0] = 0.01 * (i % EACH);
    rows[i][1] = sin(w * i);
    rows[i][2] = (sin(w * i) - sin(w * (i - 1))) / 0.01;
  }
  const df_npz_entry entries[] = {{.key = "states", .rank = 2, .shape = {2 * EACH, 3}, .values = &rows[0][0]},
                                  {.key = "ends", .rank = 1, .shape = {2}, .values = ends}};
  assert_ok(df_npz_write(test_file("clock.npz"), 2, entries));
  for (int joined = 0; joined < 3; joined++) {
    df_config config = df_config_default();
    data_findings f = {0};
    config.window_horizon = 1;
    set_all(&config, "data.actions_key = , data.columns = time,state");
    if (joined == 0) set_all(&config, "data.ends_key = ends");
    if (joined == 2) set_all(&config, "data.rate = 100");
    assert_ok(data_check_recording(test_file("clock.npz"), &config, s, &check_thorough, &f, NULL));
    const data_finding* one = finding_at(&f, DATA_CHECK_TIME_ORDER, "");
    assert_int_equal(data_findings_count(&f, CHECK_WRONG), joined == 1);
    assert_int_equal(one != NULL, joined == 1);
    if (one) {
      assert_string_equal(would_fit(one), "data.rate = 100");
      assert_non_null(strstr(one->reason, "in episode 0 it falls from frame 99 (0.99 s) to frame 100 (0 s)"));
    }
    expect_limits_decide(&f);
    data_findings_clear(&f);
  }
  df_system_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(right_recordings_give_no_alarm),
                                     cmocka_unit_test(a_range_that_is_exceeded_is_named_as_such),
                                     cmocka_unit_test(mistakes_in_them_are_named),
                                     cmocka_unit_test(a_convention_that_makes_something_wrong_is_not_named),
                                     cmocka_unit_test(small_angles_are_not_taken_for_degrees),
                                     cmocka_unit_test(what_only_the_posture_tells_is_a_warning),
                                     cmocka_unit_test(a_posture_is_not_named_beside_a_mistake),
                                     cmocka_unit_test(clocks_may_restart_between_episodes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
