/* The reconstruction error for a chart whose statistics are round numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/metrics/metrics.h"
#include "dynaflow/sim/mujoco.h"
#include "near.h"
#include "two_feet.h"

enum { B = 4, H = 5, NX = TWO_FEET_NX, NZ = TWO_FEET_NZ, GROUPS_MAX = 8 };

/* a few sines and square roots of numbers of order 1 */
static const double ROUNDING = 1e-13;
static const double YAW = 0.8;

typedef struct fixture {
  df_system* system;
  df_chart* chart;
  const df_chart_group* groups;
  int n_groups;
  double x[B][H + 1][NX], demo[B][H + 1][NX];
  double rms[B], group_rms[GROUPS_MAX][B];
} fixture;

static const df_chart_group* group(const fixture* f, const char* name, int* index) {
  for (int g = 0; g < f->n_groups; g++) {
    if (strcmp(f->groups[g].name, name) == 0) {
      *index = g;
      return &f->groups[g];
    }
  }
  fail_msg("the chart has no group %s", name);
  return NULL;
}

static void set_std(fixture* f, const char* name, double std) {
  int g;
  const df_chart_group* members = group(f, name, &g);
  for (int i = 0; i < members->n; i++) df_chart_get_statistics(f->chart).std[members->channel[i]] = std;
}

static void set_yaw(double yaw, double* x) {
  x[3] = cos(yaw / 2), x[4] = 0, x[5] = 0, x[6] = sin(yaw / 2);
}

/* everything is at rest, rotated by YAW */
static int setup(void** state) {
  fixture* f = df_alloc(1, sizeof *f);
  *state = f;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  const df_config config = df_config_default();
  if (!f || df_mujoco_system_from_xml(TWO_FEET, "two_feet", &cfg, &f->system) != DF_OK) return 1;
  if (df_chart_new(f->system, &config, &f->chart) != DF_OK) return 1;
  f->n_groups = df_chart_groups(f->chart, &f->groups);
  if (f->n_groups > GROUPS_MAX || df_chart_size(f->chart) != NZ) return 1;
  for (int b = 0; b < B; b++) {
    for (int t = 0; t <= H; t++) {
      df_mujoco_initial_state(f->system, f->demo[b][t]);
      set_yaw(YAW, f->demo[b][t]);
      f->demo[b][t][0] = 3, f->demo[b][t][1] = -2;
    }
  }
  memcpy(f->x, f->demo, sizeof f->x);
  set_std(f, "base_pos", 0.1);
  set_std(f, "base_rot", 0.4);
  set_std(f, "slide_pos", 0.05);
  set_std(f, "base_vel", 2);
  df_chart_get_statistics(f->chart).mean[5] = 0.3; /* the mean must not matter */
  return 0;
}

static int teardown(void** state) {
  fixture* f = *state;
  df_chart_free(f->chart);
  df_system_free(f->system);
  df_free(f);
  return 0;
}

static df_status measure(fixture* f) {
  return df_metric_tre(f->chart, NX, &(df_trajectories){.B = B, .H = H, .x = f->x[0][0]}, f->demo[0][0], f->rms,
                       f->group_rms[0]);
}

/* group_rms is [groups][B] with the B of this test */
static double group_error(const fixture* f, const char* name, int b) {
  int g;
  (void)group(f, name, &g);
  return f->group_rms[g][b];
}

static void the_demonstration_itself_has_no_error(void** state) {
  fixture* f = *state;
  assert_int_equal(measure(f), DF_OK);
  for (int b = 0; b < B; b++) {
    assert_true(f->rms[b] == 0);
    for (int g = 0; g < f->n_groups; g++) assert_true(f->group_rms[g][b] == 0);
  }
}

static void the_error_is_the_hand_computed_one_in_stds_and_in_units(void** state) {
  fixture* f = *state;
  f->x[1][2][0] += 0.02;              /* m: 0.2 std, shared by two channels of the turned frame */
  f->x[1][4][7] -= 0.03;              /* m: 0.6 std */
  f->x[1][H][TWO_FEET_NQ + 2] += 0.5; /* m/s: 0.25 std */
  set_yaw(YAW + 0.1, f->x[1][3]);     /* rad: 0.25 std */
  f->x[2][1][TWO_FEET_NQ + 7] += 3;   /* slide_vel, m/s: std 1 */
  assert_int_equal(measure(f), DF_OK);
  assert_near(f->rms[1], sqrt((0.04 + 0.36 + 0.0625 + 0.0625) / (H * NZ)), ROUNDING);
  assert_near(group_error(f, "base_pos", 1), 0.02 / sqrt(H * 3), ROUNDING);
  assert_near(group_error(f, "slide_pos", 1), 0.03 / sqrt(H * 2), ROUNDING);
  assert_near(group_error(f, "base_vel", 1), 0.5 / sqrt(H * 3), ROUNDING);
  assert_near(group_error(f, "base_rot", 1), 0.1 / sqrt(H * 3), ROUNDING);
  assert_near(group_error(f, "slide_vel", 1), 0, ROUNDING);
  assert_near(f->rms[2], 3 / sqrt(H * NZ), ROUNDING);
  assert_near(group_error(f, "slide_vel", 2), 3 / sqrt(H * 2), ROUNDING);
  assert_true(f->rms[0] == 0 && f->rms[3] == 0);
}

static void the_error_does_not_depend_on_where_the_window_stands(void** state) {
  fixture* f = *state;
  for (int b = 0; b < B; b++) {
    const double yaw = b * 1.3, c = cos(yaw), s = sin(yaw);
    for (int t = 0; t <= H; t++) {
      set_yaw(yaw, f->demo[b][t]);
      f->demo[b][t][0] = b, f->demo[b][t][1] = -b;
      memcpy(f->x[b][t], f->demo[b][t], sizeof f->x[b][t]);
    }
    /* 2 cm forward and 1 m/s to the left, in the heading of each window */
    f->x[b][2][0] += 0.02 * c, f->x[b][2][1] += 0.02 * s;
    f->x[b][3][TWO_FEET_NQ] -= s, f->x[b][3][TWO_FEET_NQ + 1] += c;
  }
  df_chart_get_statistics(f->chart).mean[0] = 0;
  assert_int_equal(measure(f), DF_OK);
  for (int b = 0; b < B; b++) assert_near(f->rms[b], sqrt((0.04 + 0.25) / (H * NZ)), ROUNDING);
}

static void numbers_that_are_not_finite_give_infinity(void** state) {
  fixture* f = *state;
  f->x[0][H][NX - 1] = NAN;
  f->x[1][0][0] = INFINITY;
  f->demo[2][2][0] = NAN;
  assert_int_equal(measure(f), DF_OK);
  for (int b = 0; b < 3; b++) {
    assert_true(f->rms[b] == INFINITY);
    for (int g = 0; g < f->n_groups; g++) assert_true(f->group_rms[g][b] == INFINITY);
  }
  assert_true(f->rms[3] == 0);
  f->x[3][1][NX - 1] = 1e200; /* the square overflows */
  assert_int_equal(measure(f), DF_OK);
  assert_true(f->rms[3] == INFINITY);
}

static void groups_may_be_left_out(void** state) {
  fixture* f = *state;
  double rms[B];
  f->x[1][2][0] += 0.02;
  assert_int_equal(measure(f), DF_OK);
  assert_int_equal(
      df_metric_tre(f->chart, NX, &(df_trajectories){.B = B, .H = H, .x = f->x[0][0]}, f->demo[0][0], rms, NULL),
      DF_OK);
  assert_memory_equal(rms, f->rms, sizeof rms);
  assert_true(rms[1] > 0);
}

/* a window of one action: the error of its last frame */
static void a_window_may_have_one_action(void** state) {
  fixture* f = *state;
  f->x[0][1][TWO_FEET_NQ + 7] += 3; /* slide_vel, m/s: std 1 */
  double rms;
  assert_int_equal(
      df_metric_tre(f->chart, NX, &(df_trajectories){.B = 1, .H = 1, .x = f->x[0][0]}, f->demo[0][0], &rms, NULL),
      DF_OK);
  assert_near(rms, 3 / sqrt(NZ), ROUNDING);
}

static void windows_that_start_elsewhere_are_refused(void** state) {
  fixture* f = *state;
  f->x[1][0][1] -= 0.01;
  assert_int_equal(measure(f), DF_E_ARG);
  assert_int_equal(strncmp(df_error_message(), "window 1: start state differs", 29), 0);
  f->x[1][0][1] = f->demo[1][0][1];
  f->x[2][0][1] += 0.01;
  assert_int_equal(measure(f), DF_E_ARG);
  char says[128];
  snprintf(says, sizeof says, "window 2: start state differs from its demonstration: x[0][1] is %g, not %g",
           f->x[2][0][1], f->demo[2][0][1]);
  assert_string_equal(df_error_message(), says);
  /* by a part of coordinates above 1, by a distance of others */
  f->x[2][0][1] = f->demo[2][0][1];
  for (int k = 0; k < 4; k++) {
    const double scale = k < 2 ? 1000 : 0.001, part = k % 2 ? 2 * DF_START_TOLERANCE : 0.5 * DF_START_TOLERANCE;
    f->demo[2][0][1] = scale;
    f->x[2][0][1] = scale + part * fmax(1, scale);
    assert_int_equal(measure(f), k % 2 ? DF_E_ARG : DF_OK);
  }
}

static void wrong_arguments_are_refused(void** state) {
  fixture* f = *state;
  assert_int_equal(
      df_metric_tre(NULL, NX, &(df_trajectories){.B = B, .H = H, .x = f->x[0][0]}, f->demo[0][0], f->rms, NULL),
      DF_E_ARG);
  assert_int_equal(df_metric_tre(f->chart, NX, &(df_trajectories){.B = B, .H = H, .x = f->x[0][0]}, NULL, f->rms, NULL),
                   DF_E_ARG);
  assert_int_equal(
      df_metric_tre(f->chart, NX, &(df_trajectories){.B = B, .x = f->x[0][0]}, f->demo[0][0], f->rms, NULL), DF_E_ARG);
  assert_int_equal(
      df_metric_tre(f->chart, 0, &(df_trajectories){.B = B, .H = H, .x = f->x[0][0]}, f->demo[0][0], f->rms, NULL),
      DF_E_ARG);
  assert_int_equal(df_metric_tre(f->chart, NX, NULL, f->demo[0][0], f->rms, NULL), DF_E_ARG);
  assert_int_equal(df_metric_tre(f->chart, NX, &(df_trajectories){.B = B, .H = H}, f->demo[0][0], f->rms, NULL),
                   DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "made.x"));
}

static void a_failed_allocation_is_an_error(void** state) {
  fixture* f = *state;
  (void)df_alloc_fail_at(1);
  assert_int_equal(measure(f), DF_E_NOMEM);
  (void)df_alloc_fail_at(2);
  assert_int_equal(measure(f), DF_OK);
  (void)df_alloc_fail_at(0);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      CASE(the_demonstration_itself_has_no_error),
      CASE(the_error_is_the_hand_computed_one_in_stds_and_in_units),
      CASE(the_error_does_not_depend_on_where_the_window_stands),
      CASE(numbers_that_are_not_finite_give_infinity),
      CASE(groups_may_be_left_out),
      CASE(a_window_may_have_one_action),
      CASE(windows_that_start_elsewhere_are_refused),
      CASE(wrong_arguments_are_refused),
      CASE(a_failed_allocation_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
