#include "gait_table.h"

#include <math.h>
#include <string.h>

/* The phase offsets are those of walk-these-ways (Margolis and Agrawal 2022). */
/* clang-format off */
static const struct { const char* name; double offset[DF_LEGS]; } GAITS[DF_GAIT_COUNT] = {
  [DF_GAIT_TROT] = {"trot", {0, .5, .5, 0}},
  [DF_GAIT_PACE] = {"pace", {0, .5, 0, .5}},
  [DF_GAIT_BOUND] = {"bound", {.5, .5, 0, 0}},
  [DF_GAIT_PRONK] = {"pronk", {0, 0, 0, 0}},
};

/* Gains of the Go1 that were found by cross-entropy search on tasks/go1_gaits/go1.xml, which rewarded not falling,
 * velocity tracking and contacts: for trot and pronk over six commands, for pace and bound over random commands and
 * start states. */
static const df_gait_gains NARROW_GO1[DF_GAIT_COUNT] = {
  [DF_GAIT_TROT] =
    {.swing_height = .0651, .height = .313, .velocity = 6.97, .velocity_integral = 7.48,
     .step_x = .187, .step_y = .0662, .step_integral = .0906,
     .roll = 102, .roll_rate = 8.17, .pitch = 116, .pitch_rate = 7.17, .yaw = 29.3, .yaw_rate = 4.51,
     .lift = 46.2, .lift_rate = 13.9, .plan = 0, .low_pass = .2, .friction = .45, .ramp = 50},
  [DF_GAIT_PACE] =
    {.swing_height = .114, .height = .34, .velocity = 10.8, .velocity_integral = 1.01,
     .step_x = .0517, .step_y = .105, .step_integral = .0372,
     .roll = 10.9, .roll_rate = 6.1, .pitch = 91.1, .pitch_rate = 3.4, .yaw = 27.8, .yaw_rate = 1.8,
     .lift = 73, .lift_rate = 23.8, .plan = .116, .low_pass = .2, .friction = .45, .ramp = 50},
  [DF_GAIT_BOUND] =
    {.swing_height = .104, .height = .255, .velocity = 10, .velocity_integral = 11.5,
     .step_x = .0903, .step_y = .17, .step_integral = -.0131,
     .roll = 118, .roll_rate = 5.03, .pitch = 101, .pitch_rate = 4.99, .yaw = 26.2, .yaw_rate = 5.91,
     .lift = 31.6, .lift_rate = 7.64, .plan = .282, .low_pass = .2, .friction = .45, .ramp = 50},
  [DF_GAIT_PRONK] =
    {.swing_height = .0837, .height = .271, .velocity = 9.17, .velocity_integral = 9.36,
     .step_x = .141, .step_y = .212, .step_integral = .0236,
     .roll = 73, .roll_rate = 4.02, .pitch = 48.8, .pitch_rate = 5.09, .yaw = 31, .yaw_rate = 4.96,
     .lift = 17.8, .lift_rate = 2.39, .plan = 0, .low_pass = .2, .friction = .45, .ramp = 50},
};

/* Gains over wide ranges, found by the same search over random commands, frequencies, swing heights and start states.
 * Those of the trots and of the Go1's bound are the narrow ones, with moments scaled by the mass; the Go1's pronk has the
 * gains of the Go2's. */
static const df_gait_gains WIDE_GO1[DF_GAIT_COUNT] = {
  [DF_GAIT_TROT] =
    {.swing_height = .0651, .height = .313, .velocity = 6.97, .velocity_integral = 7.48, .step_x = .187,
     .step_y = .0662, .step_integral = .0906, .roll = 102, .roll_rate = 8.17, .pitch = 116,
     .pitch_rate = 7.17, .yaw = 29.3, .yaw_rate = 4.51, .lift = 46.2, .lift_rate = 13.9, .plan = 0,
     .low_pass = .2, .friction = .4, .ramp = 50},
  [DF_GAIT_PACE] =
    {.swing_height = .114, .height = .342, .velocity = 11, .velocity_integral = 2.43, .step_x = .0295,
     .step_y = .23, .step_integral = .0735, .roll = 52.8, .roll_rate = 7.96, .pitch = 128, .pitch_rate = 3.94,
     .yaw = 45.8, .yaw_rate = 1.68, .lift = 85.3, .lift_rate = 32.6, .plan = .0428, .width = -.105,
     .low_pass = .955, .friction = .443, .ramp = 50},
  [DF_GAIT_BOUND] =
    {.swing_height = .104, .height = .255, .velocity = 10, .velocity_integral = 11.5, .step_x = .0903,
     .step_y = .17, .step_integral = -.0131, .roll = 118, .roll_rate = 5.03, .pitch = 101, .pitch_rate = 4.99,
     .yaw = 26.2, .yaw_rate = 5.91, .lift = 31.6, .lift_rate = 7.64, .plan = .282, .low_pass = .2,
     .friction = .4, .ramp = 50},
  [DF_GAIT_PRONK] =
    {.swing_height = .0837, .height = .289, .velocity = 9.86, .velocity_integral = 9.93, .step_x = .102,
     .step_y = .244, .step_integral = .0542, .roll = 89.3, .roll_rate = 5.12, .pitch = 77.1,
     .pitch_rate = 4.47, .yaw = 37.2, .yaw_rate = 4.36, .lift = 15.1, .lift_rate = 7.31, .plan = .0798,
     .width = .011, .low_pass = .139, .friction = .413, .ramp = 50},
};
static const df_gait_gains WIDE_GO2[DF_GAIT_COUNT] = {
  [DF_GAIT_TROT] =
    {.swing_height = .0651, .height = .313, .velocity = 6.97, .velocity_integral = 7.48, .step_x = .187,
     .step_y = .0662, .step_integral = .0906, .roll = 122, .roll_rate = 9.75, .pitch = 138,
     .pitch_rate = 8.56, .yaw = 35, .yaw_rate = 5.38, .lift = 46.2, .lift_rate = 13.9, .plan = 0,
     .low_pass = .2, .friction = .4, .ramp = 50},
  [DF_GAIT_PACE] =
    {.swing_height = .114, .height = .335, .velocity = 10.1, .velocity_integral = 2.29, .step_x = .0231,
     .step_y = .201, .step_integral = .0606, .roll = 40, .roll_rate = 7.93, .pitch = 106, .pitch_rate = 4.23,
     .yaw = 53, .yaw_rate = 1.37, .lift = 107, .lift_rate = 23.4, .plan = .00592, .width = -.115,
     .low_pass = .932, .friction = .5, .ramp = 50},
  [DF_GAIT_BOUND] =
    {.swing_height = .104, .height = .256, .velocity = 9.97, .velocity_integral = 13.5, .step_x = .0725,
     .step_y = .129, .step_integral = .0128, .roll = 154, .roll_rate = 5.29, .pitch = 125, .pitch_rate = 6.16,
     .yaw = 29.5, .yaw_rate = 6.01, .lift = 22.7, .lift_rate = 7, .plan = .236, .width = .0182,
     .low_pass = .318, .friction = .421, .ramp = 50},
  [DF_GAIT_PRONK] =
    {.swing_height = .0837, .height = .289, .velocity = 9.86, .velocity_integral = 9.93, .step_x = .102,
     .step_y = .244, .step_integral = .0542, .roll = 89.3, .roll_rate = 5.12, .pitch = 77.1,
     .pitch_rate = 4.47, .yaw = 37.2, .yaw_rate = 4.36, .lift = 15.1, .lift_rate = 7.31, .plan = .0798,
     .width = .011, .low_pass = .139, .friction = .413, .ramp = 50},
};
static const df_gait_gains WIDE_A1[DF_GAIT_COUNT] = {
  [DF_GAIT_TROT] =
    {.swing_height = .0651, .height = .294, .velocity = 6.97, .velocity_integral = 7.48, .step_x = .187,
     .step_y = .0662, .step_integral = .0906, .roll = 99.7, .roll_rate = 7.98, .pitch = 113,
     .pitch_rate = 7.01, .yaw = 28.6, .yaw_rate = 4.41, .lift = 46.2, .lift_rate = 13.9, .plan = 0,
     .low_pass = .2, .friction = .4, .ramp = 50},
  [DF_GAIT_PACE] =
    {.swing_height = .114, .height = .327, .velocity = 11.3, .velocity_integral = 2.33, .step_x = .0167,
     .step_y = .196, .step_integral = .087, .roll = 46.5, .roll_rate = 8.33, .pitch = 104, .pitch_rate = 2.82,
     .yaw = 39.3, .yaw_rate = .886, .lift = 92, .lift_rate = 28.8, .plan = .0308, .width = -.107,
     .low_pass = .932, .friction = .444, .ramp = 50},
  [DF_GAIT_BOUND] =
    {.swing_height = .104, .height = .242, .velocity = 11.1, .velocity_integral = 12.9, .step_x = .0872,
     .step_y = .129, .step_integral = .000229, .roll = 109, .roll_rate = 4.08, .pitch = 109,
     .pitch_rate = 4.51, .yaw = 33.3, .yaw_rate = 4.59, .lift = 27.1, .lift_rate = 6.58, .plan = .164,
     .width = .0265, .low_pass = .204, .friction = .416, .ramp = 50},
  [DF_GAIT_PRONK] =
    {.swing_height = .0837, .height = .272, .velocity = 10.7, .velocity_integral = 8.94, .step_x = .0955,
     .step_y = .23, .step_integral = .0623, .roll = 96.8, .roll_rate = 3.46, .pitch = 76, .pitch_rate = 3.43,
     .yaw = 28.1, .yaw_rate = 3.69, .lift = 11.7, .lift_rate = 4.12, .plan = .00854, .width = .0123,
     .low_pass = .193, .friction = .368, .ramp = 50},
};
/* clang-format on */

const double* df_gait_offsets(df_gait gait) {
  return GAITS[gait].offset;
}

const df_gait_gains* df_gait_gains_of(int robot, bool wide) {
  static const df_gait_gains* const gains[][2] = {{NARROW_GO1, WIDE_GO1}, {NULL, WIDE_GO2}, {NULL, WIDE_A1}};
  return gains[robot][wide];
}

const char* df_gait_name(df_gait gait) {
  return gait < DF_GAIT_COUNT ? GAITS[gait].name : "";
}

int df_gait_by_name(const char* name) {
  for (int g = 0; g < DF_GAIT_COUNT; g++) {
    if (strcmp(GAITS[g].name, name) == 0) return g;
  }
  return -1;
}

bool df_gait_stance(df_gait gait, int leg, double phase) {
  const double p = phase + GAITS[gait].offset[leg];
  return p - floor(p) < DF_GAIT_DUTY;
}
