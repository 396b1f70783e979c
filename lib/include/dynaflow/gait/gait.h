/* gait.h: a generator of gait demonstrations for the quadrupeds Go1, Go2 and A1.
 *
 * A controller computes joint position targets at 50 Hz from virtual-model stance forces and Raibert foot placement
 * (Raibert 1986), for trot, pace, bound and pronk with a duty factor of 0.5. It generates the demonstrations of the
 * tasks go1_gaits, go2_gaits and a1_gaits. A learner sees the states, actions and commands, not the controller's
 * internals. */
#ifndef DYNAFLOW_GAIT_GAIT_H
#define DYNAFLOW_GAIT_GAIT_H

#include "dynaflow/data/dataset.h"
#include "dynaflow/data/generator.h"
#include "dynaflow/sim/mujoco.h"

DF_BEGIN_DECLS

typedef enum df_gait { DF_GAIT_TROT, DF_GAIT_PACE, DF_GAIT_BOUND, DF_GAIT_PRONK, DF_GAIT_COUNT } df_gait;

DF_API const char* df_gait_name(df_gait gait); /* "trot" ...; "" for DF_GAIT_COUNT and above */
DF_API int df_gait_by_name(const char* name);  /* the df_gait, or -1 for an unknown name */

/* The phase offsets [4] of the legs FR, FL, RR, RL on the clock of a gait below DF_GAIT_COUNT, cycles. A leg is in
 * stance while the fractional part of clock and offset is below the duty factor. */
DF_API const double* df_gait_offsets(df_gait gait);

/* Whether leg `leg` (0 FR, 1 FL, 2 RR, 3 RL) is in stance at phase [cycles] of the gait's clock. */
DF_API bool df_gait_stance(df_gait gait, int leg, double phase);

/* Actions during which the robot stands before the gait's clock acts; with the wide gains it stands on until a leg is
 * in the middle of its stance, at most a cycle. */
enum { DF_GAIT_SETTLE_FRAMES = 25 };

/* Generates demonstrations according to config's data.* and gait.* keys: data.episodes episodes of each gait of
 * data.gaits, one gait after the other. Attempts in which the robot falls are rejected; env->report has a line per
 * gait, in the order of df_gait. The robot is recognised by the places of its joints.
 *
 *   conditions  the gait, one-hot, and the command: vx, vy [m/s] and yaw rate [rad/s]; then command.frequency [Hz] if
 *               gait.frequency has two numbers, and command.swing_height [m] if gait.swing_height has. They are those
 *               of the episode, or, with gait.hold, of every frame
 *   changes     with gait.hold, command, frequency and swing height are drawn anew whenever the time that was drawn for
 *               them is over. In a share gait.switch of these changes the gait becomes one of the others, with equal
 *               probability. The conditions of a frame are those that its action follows; the last frame, which has no
 *               action, has those of the one before. The controller ramps commands, and passes to another gait within
 *               half a second, in which legs catch up with its clock
 *   start       standing, at a random phase of the clock, with random heading, joints and height. gait.start_noise s
 *               adds uniform noise: roll, pitch and joints +-0.1 s rad, velocity of the base +-0.3 s m/s and +-0.5 s
 *               rad/s, of the joints +-1 s rad/s
 *   gains       gait.gains narrow: those of go1_gaits, for the Go1 only, whose command is ramped from frame 0 on within
 *               50 frames; wide: found over vx +-1.5, vy +-0.6, yaw rate +-0.8, 2.5 to 3.5 Hz and swing heights of 0.06
 *               to 0.12 m, whose command is ramped within 50 frames once the robot has stood
 *
 *   distortion  gait.distortion s > 0 makes the states infeasible, as those of retargeted motion capture are, and
 * leaves out the actions: time runs early or late by up to 0.03 s s with a period of 1 s, the base is up to 0.03 s m
 * too high or low and each foot up to 0.02 s m off along each axis in the body frame, for a whole episode, and joints
 * have smooth noise of up to 0.03 s rad at 2 to 8 Hz. Velocities change with their positions. It needs an empty
 * data.actions_key. Conditions are those of the undistorted frames
 *
 * All draws are functions of (data.seed, gait, number of the attempt or, of the distortion, of the episode), so the
 * result depends neither on env->threads nor on earlier rejections. The caller frees *out with df_dataset_free(); on
 * failure *out is NULL. Errors: DF_E_CONFIG for a model other than a Go1, Go2 or A1 with position actuators and actions
 * of 0.02 s, an unknown or repeated gait name, gains that the robot does not have, a value of data.* or gait.* out of
 * range, or too many falls (more than 50 attempts per wanted episode); DF_E_INTERRUPTED if env->progress returned
 * false; DF_E_SIM if the simulator fails; DF_E_ARG for a NULL argument or threads < 1; DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_gait_demonstrate(const df_system* system, const df_config* config,
                                                   const df_generator_env* env, df_dataset** out);

/* df_gait_demonstrate() as a row of the table of generators: "quadruped_gaits". */
extern DF_API const df_generator df_generator_quadruped_gaits;

DF_END_DECLS

#endif
