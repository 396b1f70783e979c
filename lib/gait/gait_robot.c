#include "gait_robot.h"

/* Lengths from MuJoCo Menagerie's models of Unitree's robots; tests compare them with the models of the tasks. */
/* clang-format off */
static const df_gait_robot ROBOTS[] = {
  {.name = "Go1",
   .leg = {.hip_x = 0.1881, .hip_y = 0.04675, .offset = 0.08, .link = 0.213, .foot_radius = 0.023},
   .target_min = {-0.6, -0.1, -2.7}, .target_max = {0.6, 1.9, -0.9}},
  {.name = "Go2",
   .leg = {.hip_x = 0.1934, .hip_y = 0.0465, .offset = 0.0955, .link = 0.213, .foot_radius = 0.022},
   .target_min = {-0.6, -0.3, -2.7}, .target_max = {0.6, 1.9, -0.9}},
  {.name = "A1",
   .leg = {.hip_x = 0.183, .hip_y = 0.047, .offset = 0.08505, .link = 0.2, .foot_radius = 0.02},
   .target_min = {-0.6, -0.3, -2.68}, .target_max = {0.6, 1.9, -0.92}},
};
/* clang-format on */

int df_gait_robots(const df_gait_robot** robots) {
  *robots = ROBOTS;
  return (int)(sizeof ROBOTS / sizeof ROBOTS[0]);
}
