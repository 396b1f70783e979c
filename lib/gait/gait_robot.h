/* gait_robot.h: the robots that the gait generator knows, by their numbers. */
#ifndef LIB_GAIT_GAIT_ROBOT_H
#define LIB_GAIT_GAIT_ROBOT_H

#include "gait_leg.h"

typedef struct df_gait_robot {
  const char* name; /* "Go1" */
  df_leg_geometry leg;
  double target_min[DF_LEG_JOINTS]; /* range of the targets of abduction, hip and knee, rad: the action range of
                                     * learners in the robot's task, inside its joint ranges */
  double target_max[DF_LEG_JOINTS];
} df_gait_robot;

/* Sets *robots to the static table of robots and returns its length. */
int df_gait_robots(const df_gait_robot** robots);

#endif
