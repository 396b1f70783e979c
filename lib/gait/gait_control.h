/* gait_control.h: the controller of the gait generator, one object per robot.
 *
 * At 50 Hz it computes 12 joint position targets u = q* + tau / stiffness from the state. Foot placement follows
 * Raibert (1986), stance uses virtual-model control; the gains are in gait_table.h.
 *   stance  the desired wrench at the centre of mass is distributed over the standing feet by damped least squares,
 *           the foot forces are clamped to a friction bound and applied to the joints as tau = -J^T f
 *   swing   the foot moves from its lift-off point to the foothold that the commanded velocity requires
 * A state x [37] is the Go1's qpos and qvel in the order of tasks/go1_gaits/go1.xml. */
#ifndef LIB_GAIT_GAIT_CONTROL_H
#define LIB_GAIT_GAIT_CONTROL_H

#include "dynaflow/gait/gait.h"
#include "gait_leg.h"
#include "gait_table.h"

enum { DF_GAIT_NX = 37, DF_GAIT_NU = 12 };

#define DF_GAIT_ACTION_SECONDS 0.02
#define DF_GAIT_STIFFNESS      35.0 /* of the model's position actuators, N m/rad */

typedef struct df_gait_controller {
  df_gait gait;
  double mass;                 /* kg */
  double command[3];           /* vx, vy [m/s], yaw rate [rad/s] */
  double phase;                /* phase of the gait's clock at frame 0, cycles */
  int frame;                   /* number of actions computed so far */
  double yaw;                  /* current target yaw, rad */
  double velocity[2];          /* low-pass filtered base velocity, heading frame, m/s */
  double error[2];             /* clamped integral of the velocity error, m */
  double lift_off[DF_LEGS][3]; /* last stance position of each foot, body frame, m */
} df_gait_controller;

/* Initialises the controller for a robot in state x [37]; mass in kg, command and phase as in df_gait_controller. */
void df_gait_controller_start(df_gait_controller* controller, df_gait gait, double mass, const double command[3],
                              double phase, const double* x);

/* Writes the action u [12] (joint targets, rad) for state x [37] with centre of mass `com` (world frame, m) and
 * advances the clock by one action. */
void df_gait_controller_act(df_gait_controller* controller, const double* x, const double com[3], double* u);

#endif
