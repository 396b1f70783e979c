/* The controller's actions for given states, without a simulator, as numbers. They were computed by this controller
 * when its demonstrations were found good by the measures of test_gait.c; if they change, raise the generator's
 * version. */
#include "gait_control.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

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

/* ---- changes ---- */

/* the gaits by their leg offsets, and the lengths of a change: in frames, of offsets and of gains */
static const double offsets[DF_GAIT_COUNT][DF_LEGS] = {{0, .5, .5, 0}, {0, .5, 0, .5}, {.5, .5, 0, 0}, {0, 0, 0, 0}};
enum { OFFSETS_FRAMES = 16, GAINS_FRAMES = 12, FIRST_CHANGE = 30, SECOND_CHANGE = 34 };

static double fraction(double value) {
  return value - floor(value);
}

/* from `old` to `to`, forward in the cycle, after `frames` frames */
static double moved_offset(double old, double to, int frames) {
  return frames >= OFFSETS_FRAMES ? to : old + frames * fraction(to - old) / OFFSETS_FRAMES;
}

/* Every gait changes to every other one, and 4 frames later back, or keeps its gait and changes its frequency. Legs go
 * forward from where they are; the clock goes on. A foot stands in the first half of its cycle: then its last point
 * on the floor is where it is now. */
static void legs_go_forward_from_one_gait_to_another(void** state) {
  (void)state;
  static const double command[3] = {.5, -.2, .4};
  for (int i = 0; i < 2 * DF_GAIT_COUNT * DF_GAIT_COUNT; i++) {
    const int from = i / 8, to = i / 2 % 4, last = i % 2 ? to : from;
    double x[DF_GAIT_NX], com[3], u[DF_GAIT_NU], phase = .3, frequency = 3, old[DF_LEGS], goal[DF_LEGS];
    int changed = -OFFSETS_FRAMES;
    df_gait_controller c;
    if (from == to) continue;
    memcpy(old, offsets[from], sizeof old);
    memcpy(goal, offsets[from], sizeof goal);
    state_at(0, x, com);
    start(&c, (df_gait)from, command, x);
    for (int t = 0; t < FRAMES; t++) {
      const bool first = t == FIRST_CHANGE, second = t == SECOND_CHANGE;
      if (first || second) {
        const df_gait_mode mode = {
            .gait = (df_gait)(first ? to : last), .command = {.5, -.2, .4}, .frequency = first ? 2 : 2.5};
        df_gait_controller_change(&c, &mode);
        for (int leg = 0; leg < DF_LEGS; leg++) old[leg] = moved_offset(old[leg], goal[leg], t - changed);
        memcpy(goal, offsets[mode.gait], sizeof goal);
        for (int leg = 0; leg < DF_LEGS; leg++) assert_near(fraction(c.old_offset[leg] - old[leg] + .5), .5, 1e-12);
        assert_near(c.phase, phase, 1e-12);
        frequency = mode.frequency;
        changed = t;
      }
      /* the gains at the second change have come a third of the way */
      if (second) {
        const df_gait_gains* table = df_gait_gains_of(0, false);
        const double *a = (const double*)&table[from], *b = (const double*)&table[to],
                     *is = (const double*)&c.old_gains;
        const double share = (SECOND_CHANGE - FIRST_CHANGE) / (double)GAINS_FRAMES;
        for (size_t k = 0; k < sizeof *table / sizeof *a; k++) assert_near(is[k], a[k] + share * (b[k] - a[k]), 1e-12);
      }
      double before[DF_LEGS][3];
      memcpy(before, c.lift_off, sizeof before);
      state_at(t, x, com);
      df_gait_controller_act(&c, x, com, u);
      for (int leg = 0; leg < DF_LEGS && t > 0; leg++) {
        const double p = fraction(phase + moved_offset(old[leg], goal[leg], t - changed));
        if (fmin(fabs(p - .5), fmin(p, 1 - p)) < 1e-9) continue;
        const bool stands = memcmp(before[leg], c.lift_off[leg], sizeof before[leg]) != 0;
        if (stands != (t < DF_GAIT_SETTLE_FRAMES || p < .5))
          fail_msg("gaits %d, %d, %d: frame %d, leg %d, at %g of its cycle, %s", from, to, last, t, leg, p,
                   stands ? "stands" : "swings");
      }
      phase += .02 * frequency;
    }
  }
}

/* A command is reached in 50 frames, or in as many more as its largest change is above 1.5 m/s, 0.6 m/s or 0.8 rad/s,
 * of either sign. The target yaw is the integral of the ramped yaw rate. */
static void commands_are_ramped_by_their_largest_change(void** state) {
  (void)state;
  enum { CHANGED = 20, LONG = 130 };
  static const double begin[3] = {.5, -.2, .4}, wanted[][3] = {{.3, .1, 0},   {2.3, 0, .1}, {-2, 0, .1}, {0, 1, .1},
                                                               {0, -1.1, .1}, {0, 0, 1.76}, {0, 0, -1.6}};
  static const double ramps[] = {1, 1.4, 1.4666666666666667, 1.8, 1.7, 2, 2.2};
  for (size_t i = 0; i < sizeof ramps / sizeof *ramps; i++) {
    double x[DF_GAIT_NX], com[3], u[DF_GAIT_NU], yaw;
    df_gait_controller c;
    state_at(0, x, com);
    start(&c, DF_GAIT_TROT, begin, x);
    yaw = c.yaw;
    for (int t = 0; t < LONG + CHANGED; t++) {
      df_gait_mode mode = {.gait = DF_GAIT_TROT, .frequency = 3};
      memcpy(mode.command, wanted[i], sizeof wanted[i]);
      if (t == CHANGED) {
        df_gait_controller_change(&c, &mode);
        for (int k = 0; k < 3; k++) assert_near(c.old_command[k], begin[k] * CHANGED / 50, 1e-14);
        assert_near(c.ramps, ramps[i], 1e-12);
      }
      const double old = t < CHANGED ? 0 : begin[2] * CHANGED / 50, goal = t < CHANGED ? begin[2] : wanted[i][2];
      const double share = t < CHANGED ? t / 50. : fmin(1, (t - CHANGED) / (50 * ramps[i]));
      yaw += .02 * (old + share * (goal - old));
      state_at(t, x, com);
      df_gait_controller_act(&c, x, com, u);
      assert_near(c.yaw, yaw, 1e-12);
    }
  }
}

/* A gait with a late start begins at the first frame from 25 on at which a leg is in the middle of its stance, up to a
 * frame before. Until then the robot stands without a command, with the gains of the trot and 0.6 of the nominal
 * footholds; the ramp of the command and the change of the gains begin then. Else a gait begins at frame 25. */
static void a_late_start_waits_for_the_middle_of_a_stance(void** state) {
  (void)state;
  static const double command[3] = {.5, -.2, .4};
  int begins[FRAMES] = {0};
  for (int i = 0; i < 2 * DF_GAIT_COUNT * 20; i++) {
    const int gait = i % DF_GAIT_COUNT, late = i / DF_GAIT_COUNT % 2;
    const double phase = .013 + i / (2 * DF_GAIT_COUNT) / 20.;
    double x[DF_GAIT_NX], com[3], u[DF_GAIT_NU];
    int begin = DF_GAIT_SETTLE_FRAMES;
    for (bool middle = !late; !middle; begin += !middle) {
      for (int leg = 0; leg < DF_LEGS; leg++) {
        const double past = fraction(phase + .06 * begin + offsets[gait][leg]) - .25;
        middle |= past >= 0 && past < .06;
      }
    }
    begins[begin]++;
    df_gait_controller c;
    state_at(0, x, com);
    start(&c, (df_gait)gait, command, x);
    c.phase = phase;
    c.plant.late_start = late;
    double yaw = c.yaw;
    for (int t = 0; t < FRAMES; t++) {
      state_at(t, x, com);
      df_gait_controller_act(&c, x, com, u);
      assert_int_equal(c.stands, t < begin);
      yaw += .02 * .4 * fmin(50, late ? fmax(0, t - begin) : t) / 50;
      assert_near(c.yaw, yaw, 1e-12);
    }
    if (!late) continue;
    assert_int_equal(c.changed, begin);
    assert_true(c.mixes);
    df_gait_gains standing = df_gait_gains_of(0, false)[DF_GAIT_TROT];
    standing.plan = .6;
    const double *is = (const double*)&c.old_gains, *wanted = (const double*)&standing;
    for (size_t k = 0; k < sizeof standing / sizeof *is; k++) assert_near(is[k], wanted[k], 0);
    assert_near(c.phase, phase + .06 * begin, 1e-12);
  }
  /* the start may wait for up to eight frames, half a cycle */
  for (int t = DF_GAIT_SETTLE_FRAMES; t < DF_GAIT_SETTLE_FRAMES + 8; t++) assert_true(begins[t] > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(actions_are_these_numbers),
      cmocka_unit_test(actions_do_not_depend_on_the_heading),
      cmocka_unit_test(legs_go_forward_from_one_gait_to_another),
      cmocka_unit_test(a_late_start_waits_for_the_middle_of_a_stance),
      cmocka_unit_test(commands_are_ramped_by_their_largest_change),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
