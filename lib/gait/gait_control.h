/* gait_control.h: the controller behind the gait demonstrator, one object a robot.
 *
 * At 50 Hz it turns a state into 12 joint position targets u = q* + tau / stiffness (after Raibert 1986 for foot
 * placement and virtual-model control for stance; gains in gait_table.h):
 *   stance  a wrench wanted at the centre of mass, shared out among the standing feet by damped least squares within
 *           a friction bound, and put on the joints as tau = -J^T f
 *   swing   the foot moves from where it left the floor to the point that the commanded velocity asks for
 * A state is the Go1's qpos and qvel as tasks/go1_gaits/go1.xml orders them. */
#ifndef DYNAFLOW_DATA_GAIT_CONTROL_H
#define DYNAFLOW_DATA_GAIT_CONTROL_H

#include "dynaflow/gait/gait.h"
#include "gait_leg.h"
#include "gait_table.h"

enum { DF_GAIT_NX = 37, DF_GAIT_NU = 12 };

#define DF_GAIT_ACTION_SECONDS 0.02
#define DF_GAIT_STIFFNESS      35.0 /* N m/rad, of the model's position actuators */

typedef struct df_gait_controller {
  df_gait gait;
  double mass;                 /* kg */
  double command[3];           /* vx, vy [m/s], yaw rate [rad/s] */
  double phase;                /* of the clock at frame 0, cycles */
  int frame;                   /* actions given so far */
  double yaw;                  /* wanted now, rad */
  double velocity[2];          /* low-pass of the velocity in the heading frame, m/s */
  double error[2];             /* bounded integral of the velocity error, m */
  double lift_off[DF_LEGS][3]; /* where each foot last stood, body frame, m */
} df_gait_controller;

/* Takes charge of a robot in state x [37]. */
void df_gait_controller_start(df_gait_controller* controller, df_gait gait, double mass, const double command[3],
                              double phase, const double* x);

/* The action u [12] for state x [37], whose centre of mass is at `com` (world, m); advances the clock by one action. */
void df_gait_controller_act(df_gait_controller* controller, const double* x, const double com[3], double* u);

#endif
