/* The command error on states written by hand: a free joint robot with one hinge, x = [p 3, q 4, h | v 3, w 3, hd]. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "dynaflow/metrics/metrics.h"
#include "near.h"

enum { H = 5, NQ = 8, NX = 15 };

static const df_base base = {.joint = 0, .position = 0, .velocity = NQ};

/* rounding errors of some ten operations on numbers of order 1 */
static const double ROUNDING = 1e-14;

/* sets every frame: yaw, then pitch; velocity (forward, left) in the heading frame; body-frame angular velocity */
static void walk(double yaw, double pitch, double forward, double left, const double w[3], double x[H + 1][NX]) {
  for (int t = 0; t <= H; t++) {
    const double cy = cos(yaw / 2), sy = sin(yaw / 2), cp = cos(pitch / 2), sp = sin(pitch / 2);
    const double row[NX] = {0.1 * t,
                            2,
                            0.3,
                            cy * cp,
                            -sy * sp,
                            cy * sp,
                            sy * cp,
                            0.7,
                            cos(yaw) * forward - sin(yaw) * left,
                            sin(yaw) * forward + cos(yaw) * left,
                            0.05,
                            w[0],
                            w[1],
                            w[2],
                            9};
    memcpy(x[t], row, sizeof row);
  }
}

static void obeying_the_command_is_no_error_in_any_heading(void** state) {
  (void)state;
  const double command[3] = {0.8, -0.3, 0.4}, w[3] = {0, 0, 0.4};
  for (double yaw = -3; yaw <= 3; yaw += 0.5) {
    double x[H + 1][NX], wz;
    walk(yaw, 0, 0.8, -0.3, w, x);
    assert_near(df_metric_command(H + 1, NX, &base, x[0], command, &wz), 0, ROUNDING);
    assert_near(wz, 0, ROUNDING);
  }
}

static void the_error_is_the_hand_computed_one_in_any_heading(void** state) {
  (void)state;
  const double command[3] = {0.5, 0.1, -0.2}, w[3] = {0, 0, 0.5};
  for (double yaw = -3; yaw <= 3; yaw += 0.5) {
    double x[H + 1][NX], wz;
    walk(yaw, 0.2, 0.8, 0.5, w, x);
    /* an error of (0.3, 0.4); pitch tilts the body's z axis, so 0.5 cos(0.2) of the rotation is about the vertical */
    assert_near(df_metric_command(H - 1, NX, &base, x[0] + 2 * NX, command, &wz), 0.5, ROUNDING);
    assert_near(wz, 0.5 * cos(0.2) + 0.2, ROUNDING);
  }
}

/* a pitched robot that rolls about its forward axis also rotates about the vertical */
static void the_yaw_rate_is_that_of_the_world(void** state) {
  (void)state;
  const double command[3] = {0}, w[3] = {2, 0, 0};
  double x[H + 1][NX], wz;
  walk(1.1, -0.5, 0, 0, w, x);
  assert_near(df_metric_command(H + 1, NX, &base, x[0], command, &wz), 0, ROUNDING);
  assert_near(wz, 2 * sin(0.5), ROUNDING);
}

/* so does a rolled robot that pitches about its sideways axis */
static void a_rolled_robot_yaws_about_its_side(void** state) {
  (void)state;
  const double command[3] = {0.8, -0.3, 0.4}, roll = 0.6;
  for (int axis = 1; axis < 3; axis++) {
    double w[3] = {0.3, 0, 0}, x[H + 1][NX], wz;
    w[axis] = 2;
    for (double yaw = -3; yaw <= 3; yaw += 0.5) {
      walk(yaw, 0, 0.8, -0.3, w, x);
      for (int t = 0; t <= H; t++) {
        double* q = x[t] + 3;
        q[0] = cos(yaw / 2) * cos(roll / 2), q[1] = cos(yaw / 2) * sin(roll / 2);
        q[2] = sin(yaw / 2) * sin(roll / 2), q[3] = sin(yaw / 2) * cos(roll / 2);
      }
      assert_near(df_metric_command(H + 1, NX, &base, x[0], command, &wz), 0, ROUNDING);
      assert_near(wz, fabs(2 * (axis == 1 ? sin(roll) : cos(roll)) - 0.4), ROUNDING);
    }
  }
}

static void the_quaternion_may_have_any_length_and_sign(void** state) {
  (void)state;
  const double command[3] = {0.5, 0.1, -0.2}, w[3] = {0.1, 0.2, 0.5}, scales[] = {-1, 1.03, 0.5};
  double x[H + 1][NX], wanted_wz, wz;
  walk(0.7, 0.2, 0.8, 0.5, w, x);
  const double wanted = df_metric_command(H + 1, NX, &base, x[0], command, &wanted_wz);
  for (int k = 0; k < 3; k++) {
    walk(0.7, 0.2, 0.8, 0.5, w, x);
    for (int t = 0; t <= H; t++) {
      for (int i = 3; i < 7; i++) x[t][i] *= scales[k];
    }
    assert_near(df_metric_command(H + 1, NX, &base, x[0], command, &wz), wanted, ROUNDING);
    assert_near(wz, wanted_wz, ROUNDING);
  }
}

static void only_frames_from_the_first_count(void** state) {
  (void)state;
  const double command[3] = {0}, w[3] = {0};
  double x[H + 1][NX];
  walk(0, 0, 1, 0, w, x);
  x[0][NQ] = 100, x[1][NQ] = 100, x[H][NQ] = 3;
  /* frames 2..5: 1, 1, 1, 3 */
  assert_near(df_metric_command(H - 1, NX, &base, x[0] + 2 * NX, command, NULL), 1.5, ROUNDING);
  assert_near(df_metric_command(1, NX, &base, x[0] + H * NX, command, NULL), 3, ROUNDING);
}

static void frames_without_numbers_give_infinity_and_no_frames_give_none(void** state) {
  (void)state;
  const double command[3] = {0}, w[3] = {0};
  double x[H + 1][NX], wz;
  walk(0, 0, 1, 0, w, x);
  x[3][0] = NAN;
  assert_true(df_metric_command(H + 1, NX, &base, x[0], command, &wz) == INFINITY);
  assert_true(wz == INFINITY);
  assert_near(df_metric_command(H - 3, NX, &base, x[0] + 4 * NX, command, &wz), 1, ROUNDING);

  /* a quaternion of norm 0 defines no vertical */
  memset(&x[4][3], 0, 4 * sizeof(double));
  (void)df_metric_command(H - 3, NX, &base, x[0] + 4 * NX, command, &wz);
  assert_true(wz == INFINITY);

  assert_true(isnan(df_metric_command(0, NX, &base, x[0], command, &wz)) && isnan(wz));
  assert_true(isnan(df_metric_command(-1, NX, &base, x[0], command, NULL)));
}

/* the same robot behind a box with a free joint of its own, which moves otherwise */
static void the_base_may_stand_anywhere_in_a_state(void** state) {
  (void)state;
  enum { MORE_NX = NX + 13, MORE_NQ = NQ + 7 };
  const df_base behind = {.joint = 1, .position = 7, .velocity = MORE_NQ + 6};
  const double command[3] = {0.5, 0.1, -0.2}, w[3] = {0, 0, 0.5};
  double x[H + 1][NX], more[H + 1][MORE_NX], wz;
  walk(0.7, 0.2, 0.8, 0.5, w, x);
  for (int t = 0; t <= H; t++) {
    for (int i = 0; i < MORE_NX; i++) more[t][i] = 1 + i % 5;
    memcpy(more[t] + 7, x[t], NQ * sizeof **x);
    memcpy(more[t] + MORE_NQ + 6, x[t] + NQ, (NX - NQ) * sizeof **x);
  }
  assert_near(df_metric_command(H + 1, MORE_NX, &behind, more[0], command, &wz), 0.5, ROUNDING);
  assert_near(wz, 0.5 * cos(0.2) + 0.2, ROUNDING);
}

/* first and last pose of a walk: pose 0 at a place and yaw, tilted; pose H displaced in the world and turned */
static void poses(double yaw, double dx, double dy, double turn, double x[H + 1][NX]) {
  const double w[3] = {0};
  double last[H + 1][NX];
  walk(yaw + turn, -0.1, 0, 0, w, last);
  walk(yaw, 0.3, 0, 0, w, x);
  memcpy(x[H], last[H], sizeof last[H]);
  x[H][0] = x[0][0] + dx;
  x[H][1] = x[0][1] + dy;
}

/* where velocity and yaw rate lead in 10000 small steps, each in the heading of its middle */
static void follow(double yaw, const double command[3], double seconds, double* dx, double* dy) {
  const int n = 10000;
  *dx = *dy = 0;
  for (int i = 0; i < n; i++) {
    const double heading = yaw + command[2] * seconds * (i + 0.5) / n;
    *dx += (cos(heading) * command[0] - sin(heading) * command[1]) * seconds / n;
    *dy += (sin(heading) * command[0] + cos(heading) * command[1]) * seconds / n;
  }
}

static void a_base_at_the_end_of_the_path_has_no_error(void** state) {
  (void)state;
  const double commands[][3] = {{0.8, -0.3, 0.4}, {1, 0.2, 0}, {0.3, 0, -2.5}, {0, 0, 1}, {0.5, 0.5, 1e-12}};
  const double dt = 0.4; /* 2 s */
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    for (double yaw = -3; yaw <= 3; yaw += 0.5) {
      double x[H + 1][NX], dx, dy, heading;
      follow(yaw, commands[i], H * dt, &dx, &dy);
      poses(yaw, dx, dy, commands[i][2] * H * dt, x);
      /* a step's heading is wrong by at most 2.5 * 2 / 10000 / 2, which has second order */
      assert_near(df_metric_command_path(H, NX, &base, x[0], dt, commands[i], &heading), 0, 1e-7);
      assert_near(heading, 0, 1e-14);
      /* 0.3 m forward and 0.4 m to the left of it, in its first heading, and turned by 5 rad = 1.28 rad too far */
      x[H][0] += cos(yaw) * 0.3 - sin(yaw) * 0.4;
      x[H][1] += sin(yaw) * 0.3 + cos(yaw) * 0.4;
      assert_near(df_metric_command_path(H, NX, &base, x[0], dt, commands[i], NULL), 0.5, 1e-7);
      const double other[3] = {commands[i][0], commands[i][1], commands[i][2] - 5 / (H * dt)};
      (void)df_metric_command_path(H, NX, &base, x[0], dt, other, &heading);
      assert_near(heading, 2 * acos(-1) - 5, 1e-14);
    }
  }
}

static void only_the_first_and_the_last_pose_of_a_path_count(void** state) {
  (void)state;
  const double command[3] = {0.8, -0.3, 0.4};
  double x[H + 1][NX], heading, wanted_heading;
  poses(0.5, 1, 2, 0.1, x);
  const double wanted = df_metric_command_path(H, NX, &base, x[0], 0.4, command, &wanted_heading);
  x[1][0] = x[H - 1][4] = x[0][7] = x[H][8] = NAN;
  assert_true(df_metric_command_path(H, NX, &base, x[0], 0.4, command, &heading) == wanted);
  assert_true(heading == wanted_heading);
  const int places[][2] = {{0, 0}, {0, 6}, {H, 1}, {H, 3}};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    double broken[H + 1][NX];
    memcpy(broken, x, sizeof broken);
    broken[places[i][0]][places[i][1]] = NAN;
    assert_true(df_metric_command_path(H, NX, &base, broken[0], 0.4, command, &heading) == INFINITY);
    assert_true(heading == INFINITY);
  }
  assert_true(isnan(df_metric_command_path(0, NX, &base, x[0], 0.4, command, &heading)) && isnan(heading));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(obeying_the_command_is_no_error_in_any_heading),
      cmocka_unit_test(a_base_at_the_end_of_the_path_has_no_error),
      cmocka_unit_test(only_the_first_and_the_last_pose_of_a_path_count),
      cmocka_unit_test(the_error_is_the_hand_computed_one_in_any_heading),
      cmocka_unit_test(the_yaw_rate_is_that_of_the_world),
      cmocka_unit_test(a_rolled_robot_yaws_about_its_side),
      cmocka_unit_test(the_quaternion_may_have_any_length_and_sign),
      cmocka_unit_test(only_frames_from_the_first_count),
      cmocka_unit_test(frames_without_numbers_give_infinity_and_no_frames_give_none),
      cmocka_unit_test(the_base_may_stand_anywhere_in_a_state),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
