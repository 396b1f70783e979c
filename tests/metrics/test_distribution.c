/* Windows as a set: the sliced Wasserstein distance and coverage of points that are known by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/mujoco.h"
#include "near.h"
#include "two_feet.h"

enum { B = 20, H = 2, NX = TWO_FEET_NX, NZ = TWO_FEET_NZ, SLIDE = 7, UP = TWO_FEET_NQ + 2, DIRECTIONS = 256 };

typedef struct fixture {
  df_system* system;
  df_chart* chart;
  int slide, up; /* channels of the first slide and of the upward velocity of the base */
  double x[B][H + 1][NX], demo[B][H + 1][NX];
  double covered[B];
} fixture;

static int channel(const df_chart* chart, const char* group, int i) {
  const df_chart_group* groups;
  const int n = df_chart_groups(chart, &groups);
  for (int g = 0; g < n; g++) {
    if (strcmp(groups[g].name, group) == 0) return groups[g].channel[i];
  }
  fail_msg("the chart has no group %s", group);
  return -1;
}

/* demonstration b has its first slide at b std in the last frame */
static int setup(void** state) {
  fixture* f = df_alloc(1, sizeof *f);
  *state = f;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  const df_config config = df_config_default();
  if (!f || df_mujoco_system_from_xml(TWO_FEET, "two_feet", &cfg, &f->system) != DF_OK) return 1;
  if (df_chart_new(f->system, &config, &f->chart) != DF_OK) return 1;
  f->slide = channel(f->chart, "slide_pos", 0);
  f->up = channel(f->chart, "base_vel", 2);
  const df_chart_statistics s = df_chart_get_statistics(f->chart);
  for (int i = 0; i < NZ; i++) s.mean[i] = 0, s.std[i] = 1;
  s.std[f->up] = 2;
  for (int b = 0; b < B; b++) {
    for (int t = 0; t <= H; t++) df_mujoco_initial_state(f->system, f->demo[b][t]);
    f->demo[b][H][SLIDE] = b;
  }
  memcpy(f->x, f->demo, sizeof f->x);
  return 0;
}

static int teardown(void** state) {
  fixture* f = *state;
  df_chart_free(f->chart);
  df_system_free(f->system);
  df_free(f);
  return 0;
}

static df_trajectories made(const fixture* f) {
  return (df_trajectories){.B = B, .H = H, .x = f->x[0][0]};
}

static double distance(const fixture* f, uint64_t seed) {
  const df_trajectories of = made(f);
  double out;
  int failed;
  assert_int_equal(df_metric_sliced_wasserstein(f->chart, NX, &of, f->demo[0][0], seed, &out, &failed), DF_OK);
  assert_int_equal(failed, 0);
  return out;
}

static void cover(fixture* f) {
  const df_trajectories of = made(f);
  assert_int_equal(df_metric_coverage(f->chart, NX, &of, f->demo[0][0], f->covered), DF_OK);
}

static void the_demonstrations_have_no_distance_and_cover_themselves(void** state) {
  fixture* f = *state;
  assert_true(distance(f, 1) == 0);
  cover(f);
  for (int b = 0; b < B; b++) assert_true(f->covered[b] == 1);
}

static void which_window_is_which_does_not_matter(void** state) {
  fixture* f = *state;
  for (int b = 0; b < B; b++) f->x[b][H][SLIDE] = B - 1 - b;
  assert_true(distance(f, 1) == 0);
}

static int ascending(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

/* two coordinates of the last frame differ: a slide, stretched and moved, and a velocity in units of 2 m/s */
static void the_distance_is_that_of_projections_in_order(void** state) {
  fixture* f = *state;
  double sum = 0;
  for (int b = 0; b < B; b++) {
    f->x[b][H][SLIDE] = 1.5 * b - 2;
    f->x[b][H][UP] = b % 3;
  }
  for (uint64_t d = 0; d < DIRECTIONS; d++) {
    double all[H * NZ], norm = 0, p[B], q[B];
    df_rng_normal(5, DF_STREAM_PROJECTION, d, H * NZ, all);
    for (int i = 0; i < H * NZ; i++) norm += all[i] * all[i];
    const double slide = all[(H - 1) * NZ + f->slide] / sqrt(norm), up = all[(H - 1) * NZ + f->up] / sqrt(norm);
    for (int b = 0; b < B; b++) {
      p[b] = slide * (1.5 * b - 2) + up * (b % 3) / 2.0;
      q[b] = slide * b;
    }
    qsort(p, B, sizeof *p, ascending);
    qsort(q, B, sizeof *q, ascending);
    for (int b = 0; b < B; b++) sum += (p[b] - q[b]) * (p[b] - q[b]) / B / DIRECTIONS;
  }
  assert_true(sum > 0.01);
  assert_near(distance(f, 5), sqrt(sum), 1e-12);
  assert_true(fabs(distance(f, 6) - sqrt(sum)) > 1e-6); /* other directions */
}

/* all coordinates but those of the base's place and heading, whose units are those of a rotation */
static void a_shift_of_all_coordinates_is_about_that_far(void** state) {
  fixture* f = *state;
  for (int b = 0; b < B; b++) {
    for (int t = 1; t <= H; t++) {
      for (int i = SLIDE; i < TWO_FEET_NQ; i++) f->x[b][t][i] += 0.5;
      for (int i = TWO_FEET_NQ; i < NX; i++) f->x[b][t][i] += i == UP ? 1 : 0.5;
    }
  }
  /* the standard error of the mean of 256 squares of normal numbers is 9 % */
  const double share = (NZ - 6.0) / NZ;
  assert_true(fabs(distance(f, 1) - 0.5 * sqrt(share)) < 0.1);
}

/* demonstrations at 0, 1, ..., 19: the fifth nearest other one is 5 away from the ends, 4 from 1 and 18, 3 from the
 * rest; of windows that are all the same, the five nearest are covered if that is not closer */
static void a_window_is_covered_within_its_fifth_nearest(void** state) {
  fixture* f = *state;
  static const struct {
    double at;
    int first, last; /* covered ones */
  } cases[] = {{22.5, 19, 19}, {24, 19, 19}, {24.01, 1, 0}, {22, 18, 19}, {4.4, 2, 6}, {9.5, 7, 12}, {-5, 0, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int b = 0; b < B; b++) f->x[b][H][SLIDE] = cases[i].at;
    cover(f);
    for (int b = 0; b < B; b++) assert_int_equal(f->covered[b], cases[i].first <= b && b <= cases[i].last);
  }
}

static void equal_demonstrations_are_covered_together(void** state) {
  fixture* f = *state;
  enum { EQUAL = 12 };
  for (int b = 0; b < B; b++) {
    f->x[b][H][SLIDE] = 0;
    if (b < EQUAL) f->demo[b][H][SLIDE] = 0;
  }
  cover(f);
  for (int b = 0; b < B; b++) assert_int_equal(f->covered[b], b < EQUAL);
}

/* Random points of many coordinates: their mean is nearer to all of them than they are to each other, but has five
 * nearest ones. */
static void the_mean_of_all_windows_covers_five(void** state) {
  fixture* f = *state;
  double mean[H + 1][NX] = {{0}}, z[B][H + 1][NX];
  int within = 0, covered = 0;
  for (int b = 0; b < B; b++) {
    df_rng_normal(7, DF_STREAM_PROJECTION, (uint64_t)b, (size_t)(H + 1) * NX, z[b][0]);
    for (int t = 1; t <= H; t++) {
      for (int i = TWO_FEET_NQ; i < NX; i++) {
        f->demo[b][t][i] = z[b][t][i] * (i == UP ? 2 : 1);
        mean[t][i] += f->demo[b][t][i] / B;
      }
      f->demo[b][t][SLIDE] = 0;
    }
  }
  for (int b = 0; b < B; b++) {
    memcpy(f->x[b], f->demo[b], sizeof f->x[b]);
    for (int t = 1; t <= H; t++) {
      for (int i = TWO_FEET_NQ; i < NX; i++) f->x[b][t][i] = mean[t][i];
    }
  }
  for (int b = 0; b < B; b++) {
    double to_mean = 0, to_others[B];
    int nearer = 0;
    for (int c = 0; c < B; c++) {
      to_others[c] = 0;
      for (int t = 1; t <= H; t++) {
        for (int i = TWO_FEET_NQ; i < NX; i++) {
          const double unit = i == UP ? 2 : 1, d = (f->demo[b][t][i] - f->demo[c][t][i]) / unit;
          to_others[c] += d * d;
          if (c == b) to_mean += (f->demo[b][t][i] - mean[t][i]) * (f->demo[b][t][i] - mean[t][i]) / unit / unit;
        }
      }
    }
    for (int c = 0; c < B; c++) nearer += c != b && to_others[c] < to_mean;
    within += nearer < 5;
  }
  cover(f);
  for (int b = 0; b < B; b++) covered += f->covered[b] == 1;
  assert_true(within > 15); /* by distances alone, it would cover these */
  assert_int_equal(covered, 5);
}

/* four kinds of five windows each, of which one is never returned: the fifth nearest window of each is of another kind,
 * far away */
static void a_missing_kind_is_not_covered(void** state) {
  fixture* f = *state;
  for (int b = 0; b < B; b++) f->demo[b][H][SLIDE] = 100 * (b / 5) + b % 5;
  for (int b = 0; b < B; b++) f->x[b][H][SLIDE] = f->demo[b < 15 ? b : b - 15][H][SLIDE];
  cover(f);
  for (int b = 0; b < B; b++) assert_int_equal(f->covered[b], b < 15);
  /* half of the windows of each kind cover all of it */
  for (int b = 0; b < B; b++) f->x[b][H][SLIDE] = f->demo[b - b % 5 + b % 2][H][SLIDE];
  cover(f);
  for (int b = 0; b < B; b++) assert_int_equal(f->covered[b], 1);
}

static void windows_that_are_not_finite_fail_and_cover_nothing(void** state) {
  fixture* f = *state;
  double out;
  int failed;
  for (int b = 0; b < B; b++) f->x[b][H][SLIDE] = 0;
  f->x[2][1][3] = NAN;
  f->x[3][H][UP] = 1e200; /* its square is not finite */
  const df_trajectories of = made(f);
  assert_int_equal(df_metric_sliced_wasserstein(f->chart, NX, &of, f->demo[0][0], 1, &out, &failed), DF_OK);
  assert_true(isinf(out) && failed == 2);
  assert_int_equal(df_metric_sliced_wasserstein(f->chart, NX, &of, f->demo[0][0], 1, &out, NULL), DF_OK);
  cover(f);
  for (int b = 0; b < B; b++) assert_int_equal(f->covered[b], b <= 3);
  for (int b = 0; b < B; b++) f->x[b][1][0] = NAN;
  cover(f);
  for (int b = 0; b < B; b++) assert_int_equal(f->covered[b], 0);
}

static void wrong_arguments_are_named(void** state) {
  fixture* f = *state;
  double out;
  df_trajectories of = made(f);
  of.B = DF_COVERAGE_WINDOWS - 1;
  assert_int_equal(df_metric_coverage(f->chart, NX, &of, f->demo[0][0], f->covered), DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "B = 19 must be at least 20"));
  of.B = 0;
  assert_int_equal(df_metric_sliced_wasserstein(f->chart, NX, &of, f->demo[0][0], 1, &out, NULL), DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "B = 0"));
  of = (df_trajectories){.B = B, .H = H};
  assert_int_equal(df_metric_coverage(f->chart, NX, &of, f->demo[0][0], f->covered), DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "made.x"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(the_demonstrations_have_no_distance_and_cover_themselves, setup, teardown),
      cmocka_unit_test_setup_teardown(which_window_is_which_does_not_matter, setup, teardown),
      cmocka_unit_test_setup_teardown(the_distance_is_that_of_projections_in_order, setup, teardown),
      cmocka_unit_test_setup_teardown(a_shift_of_all_coordinates_is_about_that_far, setup, teardown),
      cmocka_unit_test_setup_teardown(a_window_is_covered_within_its_fifth_nearest, setup, teardown),
      cmocka_unit_test_setup_teardown(equal_demonstrations_are_covered_together, setup, teardown),
      cmocka_unit_test_setup_teardown(the_mean_of_all_windows_covers_five, setup, teardown),
      cmocka_unit_test_setup_teardown(a_missing_kind_is_not_covered, setup, teardown),
      cmocka_unit_test_setup_teardown(windows_that_are_not_finite_fail_and_cover_nothing, setup, teardown),
      cmocka_unit_test_setup_teardown(wrong_arguments_are_named, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
