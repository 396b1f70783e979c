/* The distance of joints and feet after the best alignment in time, against all paths and against closed forms. */
#include "dynaflow/metrics/time_alignment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/sim/mujoco.h"
#include "linear_system.h"
#include "near.h"

/* a base with two driven legs and a tail that nothing drives; x = [p 3, q 4, left, right, tail | v 9] */
static const char ROBOT[] =
    "<mujoco><compiler angle='radian'/><option timestep='0.02'/><worldbody>"
    "<body name='base'><freejoint/><geom type='sphere' size='.05' mass='3'/>"
    "<body pos='.1 .2 0'><joint name='left' axis='0 1 0'/><geom name='L' type='sphere' size='.02' pos='0 0 "
    "-.3'/></body>"
    "<body pos='.1 -.2 0'><joint name='right' axis='0 1 0'/><geom name='R' type='sphere' size='.02' pos='0 0 -.3'/>"
    "</body><body pos='-.1 0 0'><joint name='tail' axis='0 0 1'/><geom type='sphere' size='.02' pos='-.1 0 0'/></body>"
    "</body></worldbody><actuator><motor joint='left'/><motor joint='right'/></actuator></mujoco>";
enum { NX = 19, LEFT = 7, RIGHT = 8, TAIL = 9, FEET = 2, PARTS = 4, H = 8, N = PARTS * H + 1 };
static const double DT = 0.02, ROUNDING = 1e-12;

typedef struct robot {
  df_system* system;
  int feet[FEET];
} robot;

static robot make(void) {
  robot r;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  if (df_mujoco_system_from_xml(ROBOT, "robot", &cfg, &r.system) != DF_OK) fail_msg("%s", df_error_message());
  assert_int_equal(r.system->nx, NX);
  r.feet[0] = df_mujoco_geom(r.system, "L");
  r.feet[1] = df_mujoco_geom(r.system, "R");
  return r;
}

/* the base at x, y and z, with its x axis turned by yaw and then down by pitch */
static void pose(double x, double y, double z, double yaw, double pitch, double left, double right, double* state) {
  const double cz = cos(yaw / 2), sz = sin(yaw / 2), cy = cos(pitch / 2), sy = sin(pitch / 2);
  memset(state, 0, NX * sizeof *state);
  state[0] = x, state[1] = y, state[2] = z;
  state[3] = cz * cy, state[4] = -sz * sy, state[5] = cz * sy, state[6] = sz * cy;
  state[LEFT] = left, state[RIGHT] = right;
}

typedef struct result {
  double joints, feet, shift;
} result;

static result distance_of(const robot* r, double band, int frames, int h, const double* a, const double* b) {
  result d;
  const df_alignment_cfg cfg = {.band = band, .n_feet = FEET, .feet = r->feet, .frames = &frames};
  if (df_metric_alignment(r->system, &cfg, &(df_trajectories){.B = 1, .H = h, .x = a}, b, 1, &d.joints, &d.feet,
                          &d.shift) != DF_OK)
    fail_msg("%s", df_error_message());
  return d;
}

/* ---- all paths ---- */

/* rows of two joints and two feet, of which each has three coordinates, by the kinematics of the model */
enum { ROW = 2 + 3 * FEET, MOST = PARTS * 2 + 1 };
typedef struct search {
  int n, band;
  double a[MOST][ROW], b[MOST][ROW];
  result best;
  long paths;
} search;

static void leg(double y, double angle, double pitch, double* foot) {
  const double x = .1 - .3 * sin(angle), z = -.3 * cos(angle);
  foot[0] = x * cos(pitch) + z * sin(pitch), foot[1] = y, foot[2] = z * cos(pitch) - x * sin(pitch);
}

static void fill(int h, const double* pitch, const double* left, const double* right, double rows[MOST][ROW]) {
  for (int t = 0; t <= h; t++) {
    double* row = rows[PARTS * t];
    row[0] = left[t], row[1] = right[t];
    leg(.2, left[t], pitch[t], row + 2);
    leg(-.2, right[t], pitch[t], row + 5);
  }
  for (int i = 0; i < PARTS * h; i++) {
    const int before = i / PARTS * PARTS;
    const double share = (double)(i - before) / PARTS;
    for (int k = 0; k < ROW; k++) rows[i][k] = (1 - share) * rows[before][k] + share * rows[before + PARTS][k];
  }
}

static void try_path(search* s, int i, int j, double weight, result sum) {
  if (i >= s->n || j >= s->n || abs(i - j) > s->band) return;
  for (int k = 0; k < ROW; k++) *(k < 2 ? &sum.joints : &sum.feet) += weight * pow(s->a[i][k] - s->b[j][k], 2);
  sum.shift += weight * abs(i - j);
  if (i == s->n - 1 && j == s->n - 1) {
    s->paths++;
    if (sum.joints < s->best.joints) s->best = sum;
    return;
  }
  try_path(s, i + 1, j + 1, 2, sum);
  try_path(s, i + 1, j, 1, sum);
  try_path(s, i, j + 1, 1, sum);
}

/* two motions of h actions with uniform angles against the best of all paths */
static void check_all_paths(const robot* r, uint64_t seed, int h, int band, long paths) {
  static search s;
  double x[2][3][NX], pitch[2][3], left[2][3], right[2][3];
  for (int m = 0; m < 2; m++) {
    for (int t = 0; t <= h; t++) {
      double u[6];
      df_rng_uniform(seed, DF_STREAM_SAMPLE_NOISE, (uint64_t)(10 * m + t), 6, u);
      pitch[m][t] = .6 * u[0] - .3, left[m][t] = u[1], right[m][t] = u[2] - .5;
      pose(3 * u[3], 4, u[4], 6 * u[5], pitch[m][t], left[m][t], right[m][t], x[m][t]);
      x[m][t][TAIL] = u[0];
    }
  }
  s = (search){.n = PARTS * h + 1, .band = band, .best.joints = INFINITY};
  fill(h, pitch[0], left[0], right[0], s.a);
  fill(h, pitch[1], left[1], right[1], s.b);
  try_path(&s, 0, 0, 2, (result){0});
  assert_int_equal(s.paths, paths);
  const result d = distance_of(r, (band + 0.5) * DT / PARTS, h + 1, h, x[0][0], x[1][0]);
  assert_near(d.joints, sqrt(s.best.joints / (2. * s.n * 2)), ROUNDING);
  assert_near(d.feet, sqrt(s.best.feet / (2. * s.n * FEET)), ROUNDING);
  assert_near(d.shift, s.best.shift / (2. * s.n) * DT / PARTS, ROUNDING);
}

static void the_path_is_the_best_of_all(void** state) {
  (void)state;
  const robot r = make();
  /* numbers of Delannoy: 321 paths through 5 by 5 pairs, 265729 through 9 by 9 */
  for (uint64_t seed = 0; seed < 40; seed++) check_all_paths(&r, seed, 1, 4, 321);
  for (uint64_t seed = 0; seed < 3; seed++) check_all_paths(&r, seed, 2, 8, 265729);
  /* within a band; of 0 there is the diagonal alone */
  for (uint64_t seed = 0; seed < 40; seed++) check_all_paths(&r, seed, 2, 0, 1);
  for (uint64_t seed = 0; seed < 40; seed++) check_all_paths(&r, seed, 1, 1, 153);
  for (uint64_t seed = 0; seed < 10; seed++) check_all_paths(&r, seed, 2, 1, 29681);
  df_system_free(r.system);
}

/* ---- closed forms ---- */

/* from 0 to 1 rad within frames first .. first + length, at rest before and after */
static void swing(int first, int length, double x[H + 1][NX]) {
  for (int t = 0; t <= H; t++) {
    const double angle = fmin(1, fmax(0, (double)(t - first) / length));
    pose(.2 * t, 0, .4, 0, 0, angle, -angle / 2, x[t]);
  }
}

static void motions_that_differ_in_time_alone_are_near_after_alignment(void** state) {
  (void)state;
  const robot r = make();
  double demo[H + 1][NX], late[H + 1][NX], fast[H + 1][NX];
  swing(1, 4, demo);
  swing(3, 4, late);
  swing(1, 2, fast);
  /* 2 frames late */
  const result same = distance_of(&r, 2 * DT, H + 1, H, late[0], demo[0]);
  assert_near(same.joints, 0, ROUNDING);
  assert_near(same.feet, 0, ROUNDING);
  /* twice as fast, 2 frames early at the end: every second part of the demonstration's swing lies between two parts of
   * the other one, half of a step of 1/8 rad (1/16 rad on the right) from both, and counts once */
  const result twice = distance_of(&r, 2 * DT, H + 1, H, fast[0], demo[0]);
  assert_near(twice.joints, sqrt(8 * (1. / 256 + 1. / 1024) / (2. * N * 2)), ROUNDING);

  /* not within a smaller band, and far away frame by frame */
  const double* const others[] = {late[0], fast[0]};
  for (int i = 0; i < 2; i++) {
    const result d = distance_of(&r, 2 * DT, H + 1, H, others[i], demo[0]);
    const result less = distance_of(&r, DT, H + 1, H, others[i], demo[0]);
    const result none = distance_of(&r, 0, H + 1, H, others[i], demo[0]);
    assert_true(d.shift > 0.2 * DT && d.shift <= 2 * DT && none.shift == 0);
    assert_true(less.joints > 0.03 && none.joints > 1.5 * less.joints && none.feet > 1.5 * less.feet);
    assert_true(none.joints > 5 * d.joints && none.feet > 5 * d.feet);
  }
  df_system_free(r.system);
}

static void a_constant_distance_is_measured_as_it_is(void** state) {
  (void)state;
  const robot r = make();
  double demo[H + 1][NX], made[H + 1][NX];
  for (int t = 0; t <= H; t++) {
    pose(0, 0, .4, .3, 0, 0, .2, demo[t]);
    /* elsewhere, in another heading, and the left leg 0.3 rad ahead: the foot moves along a chord of 0.6 sin(0.15) m */
    pose(5 + t, -2, 1, 2.5, 0, .3, .2, made[t]);
    made[t][TAIL] = 1;
  }
  for (int band = 0; band < 3; band++) {
    const result d = distance_of(&r, band * DT, H + 1, H, made[0], demo[0]);
    assert_near(d.joints, .3 / sqrt(2), ROUNDING);
    assert_near(d.feet, .6 * sin(.15) / sqrt(2), ROUNDING);
  }
  /* a base that leans moves its feet */
  for (int t = 0; t <= H; t++) pose(0, 0, .4, .3, .2, 0, .2, made[t]);
  const result d = distance_of(&r, 0, H + 1, H, made[0], demo[0]);
  const double chord = 2 * sin(.1), left = hypot(.1, .3);
  const double right = hypot(.1 - .3 * sin(.2), .3 * cos(.2));
  assert_near(d.joints, 0, ROUNDING);
  assert_near(d.feet, chord * sqrt((left * left + right * right) / 2), ROUNDING);
  df_system_free(r.system);
}

static void joints_of_objects_do_not_count(void** state) {
  (void)state;
  const robot r = make();
  double demo[H + 1][NX], made[H + 1][NX], joints;
  const df_names objects = {.n = 1, .v = {"left"}};
  for (int t = 0; t <= H; t++) pose(0, 0, 0, 0, 0, 0, 0, demo[t]), pose(0, 0, 0, 0, 0, .7, .1, made[t]);
  const df_alignment_cfg cfg = {.objects = &objects};
  const df_trajectories motion = {.B = 1, .H = H, .x = made[0]};
  assert_int_equal(df_metric_alignment(r.system, &cfg, &motion, demo[0], 1, &joints, NULL, NULL), DF_OK);
  assert_near(joints, .1, ROUNDING);
  df_system_free(r.system);
}

/* ---- windows ---- */

static void only_the_given_frames_count(void** state) {
  (void)state;
  const robot r = make();
  double demo[H + 1][NX], made[H + 1][NX];
  swing(1, 4, demo);
  swing(2, 3, made);
  const result all = distance_of(&r, DT / 2, 5, 4, made[0], demo[0]);
  made[5][0] = NAN, demo[7][LEFT] = 1e9;
  const result first = distance_of(&r, DT / 2, 5, H, made[0], demo[0]);
  assert_true(first.joints > 0.01 && first.joints == all.joints && first.feet == all.feet);
  assert_true(isinf(distance_of(&r, DT, 6, H, made[0], demo[0]).joints));
  assert_true(isinf(distance_of(&r, DT, 8, H, demo[0], demo[0]).feet));
  assert_true(isnan(distance_of(&r, DT, 0, H, made[0], demo[0]).joints));
  df_system_free(r.system);
}

static void windows_are_measured_one_by_one_on_any_number_of_threads(void** state) {
  (void)state;
  enum { B = 5 };
  const robot r = make();
  static double demo[B][H + 1][NX], made[B][H + 1][NX];
  for (int b = 0; b < B; b++) swing(1, 4, demo[b]), swing(b % 3, 3 + b, made[b]);
  made[3][2][LEFT] = INFINITY;
  const df_alignment_cfg cfg = {.band = DT, .n_feet = FEET, .feet = r.feet};
  const df_trajectories motions = {.B = B, .H = H, .x = made[0][0]};
  for (int threads = 1; threads <= 4; threads++) {
    double v[3][B];
    assert_int_equal(df_metric_alignment(r.system, &cfg, &motions, demo[0][0], threads, v[0], v[1], v[2]), DF_OK);
    for (int b = 0; b < B; b++) {
      const result d = distance_of(&r, DT, H + 1, H, made[b][0], demo[b][0]);
      assert_true(v[0][b] == d.joints && v[1][b] == d.feet && v[2][b] == d.shift);
      assert_true(isinf(v[0][b]) == (b == 3) && isinf(v[1][b]) == (b == 3) && isinf(v[2][b]) == (b == 3));
    }
  }
  df_system_free(r.system);
}

static void what_a_model_lacks_is_not_defined(void** state) {
  (void)state;
  static const char ARM[] =
      "<mujoco><worldbody><body><joint name='a' axis='0 1 0'/><geom name='tip' type='sphere' size='.1' pos='0 0 1'/>"
      "</body></worldbody><actuator>%s</actuator></mujoco>";
  static const char* const drives[] = {"<motor joint='a'/>", ""};
  for (int i = 0; i < 2; i++) {
    char xml[400];
    df_system* arm;
    const df_mujoco_cfg model = df_mujoco_cfg_default();
    snprintf(xml, sizeof xml, ARM, drives[i]);
    assert_int_equal(df_mujoco_system_from_xml(xml, "arm", &model, &arm), DF_OK);
    const int tip = df_mujoco_geom(arm, "tip");
    const double made[2][2] = {{.5, 0}, {.5, 0}}, demo[2][2] = {{0, 0}, {0, 0}};
    const df_alignment_cfg cfg = {.n_feet = 1, .feet = &tip};
    result d;
    assert_int_equal(df_metric_alignment(arm, &cfg, &(df_trajectories){.B = 1, .H = 1, .x = made[0]}, demo[0], 1,
                                         &d.joints, &d.feet, &d.shift),
                     DF_OK);
    assert_true(i ? isnan(d.joints) && isnan(d.shift) : d.joints == .5 && d.shift == 0);
    assert_true(isnan(d.feet)); /* without a base */
    df_system_free(arm);
  }
}

static void wrong_arguments_are_refused(void** state) {
  (void)state;
  const robot r = make();
  static double x[2][NX];
  double joints;
  const int none[] = {-1};
  pose(0, 0, 0, 0, 0, 0, 0, x[0]), pose(0, 0, 0, 0, 0, 0, 0, x[1]);
  const df_trajectories one = {.B = 1, .H = 1, .x = x[0]};
  const df_alignment_cfg good = {.band = 1};
  const df_alignment_cfg bad[] = {
      {.band = -1}, {.band = NAN}, {.band = INFINITY}, {.n_feet = 1}, {.n_feet = 1, .feet = none}};
  assert_int_equal(df_metric_alignment(r.system, &good, &one, x[0], 1, &joints, NULL, NULL), DF_OK);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(df_metric_alignment(r.system, &bad[i], &one, x[0], 1, &joints, NULL, NULL), DF_E_ARG);
  assert_int_equal(df_metric_alignment(r.system, &good, &one, x[0], 0, &joints, NULL, NULL), DF_E_ARG);
  assert_int_equal(df_metric_alignment(r.system, &good, &one, NULL, 1, &joints, NULL, NULL), DF_E_ARG);
  assert_int_equal(df_metric_alignment(r.system, &good, &one, x[0], 1, NULL, NULL, NULL), DF_E_ARG);
  const df_trajectories empty = {.B = 1, .H = 0, .x = x[0]};
  assert_int_equal(df_metric_alignment(r.system, &good, &empty, x[0], 1, &joints, NULL, NULL), DF_E_ARG);
  linear_system linear;
  linear_system_init(&linear, 1);
  assert_int_equal(df_metric_alignment(&linear.base, &good, &one, x[0], 1, &joints, NULL, NULL), DF_E_ARG);
  df_system_free(r.system);
}

static void every_failed_allocation_is_an_error(void** state) {
  (void)state;
  const robot r = make();
  double demo[H + 1][NX], joints;
  swing(1, 4, demo);
  const df_alignment_cfg cfg = {.band = DT, .n_feet = FEET, .feet = r.feet};
  const df_trajectories motion = {.B = 1, .H = H, .x = demo[0]};
  df_status status = DF_E_NOMEM;
  int failed = 0;
  for (size_t n = 1; n < 100 && status != DF_OK; n++) {
    (void)df_alloc_fail_at(n);
    status = df_metric_alignment(r.system, &cfg, &motion, demo[0], 1, &joints, NULL, NULL);
    (void)df_alloc_fail_at(0);
    if (status == DF_OK) break;
    assert_int_equal(status, DF_E_NOMEM);
    failed++;
  }
  assert_int_equal(status, DF_OK);
  assert_true(failed >= 5 && joints == 0);
  df_system_free(r.system);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_path_is_the_best_of_all),
      cmocka_unit_test(motions_that_differ_in_time_alone_are_near_after_alignment),
      cmocka_unit_test(a_constant_distance_is_measured_as_it_is),
      cmocka_unit_test(joints_of_objects_do_not_count),
      cmocka_unit_test(only_the_given_frames_count),
      cmocka_unit_test(windows_are_measured_one_by_one_on_any_number_of_threads),
      cmocka_unit_test(what_a_model_lacks_is_not_defined),
      cmocka_unit_test(wrong_arguments_are_refused),
      cmocka_unit_test(every_failed_allocation_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
