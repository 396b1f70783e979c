/* gait_table.h: the parameters of each gait: the phase offsets of the legs and the gains of the controller. */
#ifndef LIB_GAIT_GAIT_TABLE_H
#define LIB_GAIT_GAIT_TABLE_H

#include "dynaflow/gait/gait.h"
#include "gait_leg.h"

#define DF_GAIT_DUTY 0.5 /* fraction of a cycle that a foot is in stance */

/* frames within which a robot passes from one gait to another: its gains, and the phase offsets of its legs */
enum { DF_GAIT_GAINS_FRAMES = 12, DF_GAIT_OFFSETS_FRAMES = 16 };

typedef struct df_gait_gains {
  double swing_height;                /* height that a swinging foot is lifted, m */
  double height;                      /* height of the base above the floor, m */
  double velocity, velocity_integral; /* horizontal force per mass and (integrated) velocity error, 1/s and 1/s^2 */
  double step_x, step_y;              /* foothold shift per velocity error, forward and sideways, s */
  double step_integral;               /* foothold shift per integrated velocity error, dimensionless */
  double roll, roll_rate;             /* stance moments per angle and rate, N m/rad and N m s/rad */
  double pitch, pitch_rate;
  double yaw, yaw_rate;
  double lift, lift_rate; /* vertical force per mass and height error or velocity, 1/s^2 and 1/s */
  double plan;            /* target of a standing foot: 0 its current position, 1 its nominal position, else between */
  double width;           /* added to the sideways distance of the footholds from the hips, m */
  double low_pass;        /* share by which the filtered velocity follows the velocity, per action */
  double friction;        /* bound of a foot's horizontal force along each axis, as a share of its vertical force */
  double ramp;            /* actions within which a command is reached */
} df_gait_gains;

/* The gains [DF_GAIT_COUNT] of a robot of gait_robot.h, by its index there: those that were tuned over narrow or over
 * wide ranges (setting gait.gains). NULL if the robot has none. */
const df_gait_gains* df_gait_gains_of(int robot, bool wide);

#endif
