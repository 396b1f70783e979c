/* gait_table.h: what tells the gaits apart: when each leg stands, and the gains that the controller holds them with. */
#ifndef DYNAFLOW_DATA_GAIT_TABLE_H
#define DYNAFLOW_DATA_GAIT_TABLE_H

#include "dynaflow/gait/gait.h"
#include "gait_leg.h"

#define DF_GAIT_FREQUENCY 3.0 /* Hz */
#define DF_GAIT_DUTY      0.5 /* share of a cycle that a foot stands */

typedef struct df_gait_gains {
  double swing_height;                /* m, rise of a swinging foot */
  double height;                      /* m, of the base over the floor */
  double velocity, velocity_integral; /* 1/s and 1/s^2: force per mass and velocity error */
  double step_x, step_y;              /* s: foot placement per velocity error, forward and sideways */
  double step_integral;               /* 1: the same per integrated error */
  double roll, roll_rate;             /* N m/rad and N m s/rad: stance moments */
  double pitch, pitch_rate;
  double yaw, yaw_rate;
  double lift, lift_rate; /* 1/s^2 and 1/s: vertical force per mass */
  double plan;            /* 0: a standing foot's target is where it stands, 1: where it should stand */
} df_gait_gains;

typedef struct df_gait_description {
  const char* name;
  double offset[DF_LEGS]; /* of a leg's cycle on the gait's clock, cycles, FR FL RR RL */
  df_gait_gains gain;
} df_gait_description;

const df_gait_description* df_gait_describe(df_gait gait);

/* A leg's place in its own cycle, [0, 1), at `phase` cycles of the gait's clock; it stands while below the duty. */
double df_gait_leg_phase(df_gait gait, int leg, double phase);

#endif
