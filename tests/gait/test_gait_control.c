/* The controller's actions for given states, without a simulator, as numbers. They were computed by this controller
 * when its demonstrations were found good by the measures of test_gait.c; if they change, raise the generator's
 * version. */
#include "gait_control.h"

#include <math.h>

#include "near.h"
#include "unit.h"

enum { FRAMES = 60 }; /* beyond the settling time and the ramp of the command */

/* a body that sways over legs that bend, and its centre of mass; frame 40 on leans further than any gait does */
static void state_at(int t, double x[DF_GAIT_NX], double com[3]) {
  static const double stand[DF_LEG_JOINTS] = {0, 0.9, -1.8};
  const double lean = t < 40 ? 0.05 : 0.3;
  const double quaternion[4] = {1, lean * sin(0.3 * t), lean * cos(0.2 * t), 0.1 * sin(0.1 * t)};
  double norm = 0;
  for (int i = 0; i < 4; i++) norm += quaternion[i] * quaternion[i];
  x[0] = 0.02 * t, x[1] = -0.01 * t, x[2] = 0.27 + 0.02 * sin(0.4 * t);
  for (int i = 0; i < 4; i++) x[3 + i] = quaternion[i] / sqrt(norm);
  for (int i = 0; i < DF_GAIT_NU; i++) x[7 + i] = stand[i % 3] + 0.15 * sin(0.17 * t + i);
  for (int i = 0; i < 18; i++) x[19 + i] = 0.4 * cos(0.23 * t + 1.3 * i);
  com[0] = x[0] + 0.012, com[1] = x[1] - 0.005, com[2] = x[2] + 0.004;
}

/* a Go1 of 12.7 kg with the narrow gains, 3 Hz and the swing height of the gait */
static void start(df_gait_controller* c, df_gait gait, const double command[3], const double* x) {
  const df_gait_robot* robot;
  df_gait_robots(&robot);
  const df_gait_plant plant = {.robot = robot, .gains = df_gait_gains_of(0, false), .mass = 12.7, .stiffness = 35};
  const df_gait_mode mode = {.gait = gait, .command = {command[0], command[1], command[2]}, .frequency = 3};
  df_gait_controller_start(c, &plant, &mode, 0.3, x);
}

static void actions_are_these_numbers(void** state) {
  (void)state;
  /* per gait, for abduction, hip and knee: the sum over frames and legs of (1 + frame + 7 leg) target */
  static const double right[DF_GAIT_COUNT][DF_LEG_JOINTS] = {{-120.4664607, 9698.64190453, -15709.1505765},
                                                             {178.430336013, 9193.88534501, -14845.9262503},
                                                             {81.3114712816, 11125.6586999, -19650.0889573},
                                                             {695.158541174, 10983.1310451, -18587.75639}};
  static const double command[3] = {0.5, -0.2, 0.4};
  for (int gait = 0; gait < DF_GAIT_COUNT; gait++) {
    double x[DF_GAIT_NX], com[3], u[DF_GAIT_NU], sum[DF_LEG_JOINTS] = {0};
    df_gait_controller c;
    state_at(0, x, com);
    start(&c, (df_gait)gait, command, x);
    for (int t = 0; t < FRAMES; t++) {
      state_at(t, x, com);
      df_gait_controller_act(&c, x, com, u);
      for (int i = 0; i < DF_GAIT_NU; i++) sum[i % 3] += (1 + t + 7 * (i / 3)) * u[i];
    }
    /* eleven digits of the table, 1e-7 at most; the rounding of other mathematical libraries is less */
    for (int i = 0; i < DF_LEG_JOINTS; i++) assert_near(sum[i], right[gait][i], 1e-6);
  }
}

/* turns a state and its centre of mass by `angle` about the vertical through the origin */
static void turn(double angle, double x[DF_GAIT_NX], double com[3]) {
  const double c = cos(angle), s = sin(angle), half[2] = {cos(angle / 2), sin(angle / 2)};
  double* const vectors[] = {x, x + 19, com};
  for (int i = 0; i < 3; i++) {
    const double a = vectors[i][0], b = vectors[i][1];
    vectors[i][0] = c * a - s * b;
    vectors[i][1] = s * a + c * b;
  }
  const double q[4] = {x[3], x[4], x[5], x[6]};
  x[3] = half[0] * q[0] - half[1] * q[3];
  x[4] = half[0] * q[1] - half[1] * q[2];
  x[5] = half[0] * q[2] + half[1] * q[1];
  x[6] = half[0] * q[3] + half[1] * q[0];
}

/* the same motion in another direction has the same actions, also where its heading passes 180 degrees */
static void actions_do_not_depend_on_the_heading(void** state) {
  (void)state;
  static const double command[3] = {0.5, -0.2, 0.4};
  for (int eighth = 1; eighth < 8; eighth++) {
    double x[2][DF_GAIT_NX], com[2][3], u[2][DF_GAIT_NU];
    df_gait_controller c[2];
    for (int t = 0; t < FRAMES; t++) {
      for (int i = 0; i < 2; i++) {
        state_at(t, x[i], com[i]);
        if (i == 1) turn(eighth * acos(-1) / 4, x[i], com[i]);
        if (t == 0) start(&c[i], DF_GAIT_TROT, command, x[i]);
        df_gait_controller_act(&c[i], x[i], com[i], u[i]);
      }
      for (int i = 0; i < DF_GAIT_NU; i++) assert_near(u[1][i], u[0][i], 1e-10);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(actions_are_these_numbers),
      cmocka_unit_test(actions_do_not_depend_on_the_heading),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
