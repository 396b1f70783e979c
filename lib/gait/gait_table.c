#include "gait_table.h"

#include <math.h>
#include <string.h>

/* The phase offsets are those of walk-these-ways (Margolis and Agrawal 2022). The gains were found by cross-entropy
 * search on tasks/go1_gaits/go1.xml, which rewarded not falling, velocity tracking and contacts: for trot and pronk
 * over six commands, for pace and bound over random commands and start states. */
/* clang-format off */
static const df_gait_description GAITS[DF_GAIT_COUNT] = {
  [DF_GAIT_TROT] = {"trot", {0, .5, .5, 0},
    {.swing_height = .0651, .height = .313, .velocity = 6.97, .velocity_integral = 7.48,
     .step_x = .187, .step_y = .0662, .step_integral = .0906,
     .roll = 102, .roll_rate = 8.17, .pitch = 116, .pitch_rate = 7.17, .yaw = 29.3, .yaw_rate = 4.51,
     .lift = 46.2, .lift_rate = 13.9, .plan = 0}},
  [DF_GAIT_PACE] = {"pace", {0, .5, 0, .5},
    {.swing_height = .114, .height = .34, .velocity = 10.8, .velocity_integral = 1.01,
     .step_x = .0517, .step_y = .105, .step_integral = .0372,
     .roll = 10.9, .roll_rate = 6.1, .pitch = 91.1, .pitch_rate = 3.4, .yaw = 27.8, .yaw_rate = 1.8,
     .lift = 73, .lift_rate = 23.8, .plan = .116}},
  [DF_GAIT_BOUND] = {"bound", {.5, .5, 0, 0},
    {.swing_height = .104, .height = .255, .velocity = 10, .velocity_integral = 11.5,
     .step_x = .0903, .step_y = .17, .step_integral = -.0131,
     .roll = 118, .roll_rate = 5.03, .pitch = 101, .pitch_rate = 4.99, .yaw = 26.2, .yaw_rate = 5.91,
     .lift = 31.6, .lift_rate = 7.64, .plan = .282}},
  [DF_GAIT_PRONK] = {"pronk", {0, 0, 0, 0},
    {.swing_height = .0837, .height = .271, .velocity = 9.17, .velocity_integral = 9.36,
     .step_x = .141, .step_y = .212, .step_integral = .0236,
     .roll = 73, .roll_rate = 4.02, .pitch = 48.8, .pitch_rate = 5.09, .yaw = 31, .yaw_rate = 4.96,
     .lift = 17.8, .lift_rate = 2.39, .plan = 0}},
};
/* clang-format on */

const df_gait_description* df_gait_describe(df_gait gait) {
  return &GAITS[gait];
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

double df_gait_leg_phase(df_gait gait, int leg, double phase) {
  const double p = phase + GAITS[gait].offset[leg];
  return p - floor(p);
}

bool df_gait_stance(df_gait gait, int leg, double phase) {
  return df_gait_leg_phase(gait, leg, phase) < DF_GAIT_DUTY;
}
