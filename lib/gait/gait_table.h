/* gait_table.h: the parameters of each gait: the phase offsets of the legs and the gains of the controller. */
#ifndef LIB_GAIT_GAIT_TABLE_H
#define LIB_GAIT_GAIT_TABLE_H

#include "dynaflow/gait/gait.h"
#include "gait_leg.h"

#define DF_GAIT_FREQUENCY 3.0 /* Hz */
#define DF_GAIT_DUTY      0.5 /* fraction of a cycle that a foot is in stance */

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
} df_gait_gains;

typedef struct df_gait_description {
  const char* name;
  double offset[DF_LEGS]; /* phase offset of each leg on the gait's clock, cycles, FR FL RR RL */
  df_gait_gains gain;
} df_gait_description;

/* The static description of a gait below DF_GAIT_COUNT. */
const df_gait_description* df_gait_describe(df_gait gait);

/* The phase of a leg in its own cycle, in [0, 1), at `phase` cycles of the gait's clock. The leg is in stance while its
 * phase is below DF_GAIT_DUTY. */
double df_gait_leg_phase(df_gait gait, int leg, double phase);

#endif
