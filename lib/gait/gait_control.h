/* gait_control.h: the controller of the gait generator, one object per robot.
 *
 * At 50 Hz it computes 12 joint position targets u = q* + tau / stiffness from the state. Foot placement follows
 * Raibert (1986), stance uses virtual-model control; the gains are in gait_table.h.
 *   stance  the desired wrench at the centre of mass is distributed over the standing feet by damped least squares,
 *           the foot forces are clamped to a friction bound and applied to the joints as tau = -J^T f
 *   swing   the foot moves from its lift-off point to the foothold that the commanded velocity requires
 *   change  the command is ramped; after a change of gait, gains and phase offsets of the legs move from those of the
 *           old gait to those of the new one, each leg forward in its cycle. The clock itself is continuous
 * A state x [37] is qpos and qvel in the order of tasks/go1_gaits/go1.xml. */
#ifndef LIB_GAIT_GAIT_CONTROL_H
#define LIB_GAIT_GAIT_CONTROL_H

#include "dynaflow/gait/gait.h"
#include "gait_leg.h"
#include "gait_robot.h"
#include "gait_table.h"

enum { DF_GAIT_NX = 37, DF_GAIT_NU = 12 };

#define DF_GAIT_ACTION_SECONDS 0.02

/* what the controller is asked for */
typedef struct df_gait_mode {
  df_gait gait;
  double command[3];   /* vx, vy [m/s], yaw rate [rad/s] */
  double frequency;    /* cycles of the gait's clock per second, Hz */
  double swing_height; /* height that a swinging foot is lifted, m; 0: that of the gait */
} df_gait_mode;

/* the robot that is controlled */
typedef struct df_gait_plant {
  const df_gait_robot* robot;
  const df_gait_gains* gains; /* [DF_GAIT_COUNT] */
  double mass;                /* kg */
  double stiffness;           /* of the model's position actuators, N m/rad */
  bool late_start; /* the robot stands, with the gains of the trot and without a command, until its gait can begin with
                    * a stance; otherwise the gait begins at once after DF_GAIT_SETTLE_FRAMES, legs that swing included,
                    * and its gains and command apply from frame 0 on */
} df_gait_plant;

typedef struct df_gait_controller {
  df_gait_plant plant;
  df_gait_mode mode;
  int frame;                   /* number of actions computed so far */
  int changed;                 /* frame of the last change of mode, or 0 */
  bool stands;                 /* the gait has not begun yet */
  bool mixes;                  /* whether the last change is one of gait, from `old_gains` and `old_offset` */
  df_gait_gains old_gains;     /* gains at the last change */
  double old_offset[DF_LEGS];  /* phase offsets of the legs at the last change, cycles */
  double old_command[3];       /* ramped command at the last change */
  double ramps;                /* length of the ramp of the command, in `ramp` of the gains */
  double phase;                /* phase of the gait's clock at the frame of the last change, cycles */
  double yaw;                  /* current target yaw, rad */
  double velocity[2];          /* low-pass filtered base velocity, heading frame, m/s */
  double error[2];             /* clamped integral of the velocity error, m */
  double lift_off[DF_LEGS][3]; /* last stance position of each foot, body frame, m */
} df_gait_controller;

/* Initialises the controller for a robot in state x [37] at rest, whose command is ramped up from 0; `phase` is that of
 * the clock at frame 0, cycles. */
void df_gait_controller_start(df_gait_controller* controller, const df_gait_plant* plant, const df_gait_mode* mode,
                              double phase, const double* x);

/* Changes what the controller is asked for from the next action on. */
void df_gait_controller_change(df_gait_controller* controller, const df_gait_mode* mode);

/* Writes the action u [12] (joint targets, rad) for state x [37] with centre of mass `com` (world frame, m) and
 * advances the clock by one action. */
void df_gait_controller_act(df_gait_controller* controller, const double* x, const double com[3], double* u);

#endif
