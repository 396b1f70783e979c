/* walk.h: a legged robot that follows velocity commands in the rhythm of a gait: what a policy observes, what it is
 * rewarded for, how robots start, what they are commanded and when they have fallen. Each is a table of terms with
 * weights, and every term of observation and reward has its gradient.
 *
 * The robot has a free joint, its base; other free joints are of objects, which no term sees. Every action is the
 * target of a position servo on a hinge or slide, in the unit of the joint. Its feet are points of the system
 * (system.h) above a floor at height 0. Each foot follows a clock: its phase, in cycles, is the fractional part of the
 * clock plus the offset of the foot in the gait; it stands while that is below `duty` and swings in the rest.
 *
 * A df_walk is immutable and may be shared between threads. Arrays are owned by the caller and not NULL unless stated
 * otherwise; functions without a status do not check their arguments and allocate nothing. Frames: "body" is the frame
 * of the base. */
#ifndef DYNAFLOW_POLICY_WALK_H
#define DYNAFLOW_POLICY_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "dynaflow/nn/real.h"
#include "dynaflow/sim/system.h"

DF_BEGIN_DECLS

/* X(name, width, unit, residual): the terms of the reward. A step is rewarded with
 *     alive - sum over terms of weight * cost
 * The cost of a term with residuals e is h(|e|^2 / width^2), h(s) = sqrt(1 + s) - 1, which is quadratic near 0 and
 * grows linearly, so that its gradient never vanishes; those of action_change, joint_velocity and posture are
 * |e|^2 / width^2. Costs of feet, joints and actions are means over them.
 *
 * A task with clips (imitation) has the terms track_* and action_change, a task without them all others. Their
 * residuals are differences between the robot and the demonstrated frame of the order, in quantities that place and
 * heading do not change. These are the rewards of pose, velocity, end effectors and root of DeepMimic (Peng et al.,
 * SIGGRAPH 2018, arXiv 1804.02717), with h in the place of 1 - exp(-|e|^2 / width^2), whose gradient vanishes far from
 * the clip. */
#define DF_REWARD_LIST(X)                                                                          \
  X(velocity, 0.2, "m/s", "horizontal velocity of the base, body frame, minus the command")        \
  X(yaw_rate, 0.4, "rad/s", "yaw rate, body frame, minus the command")                             \
  X(vertical, 0.2, "m/s", "vertical velocity of the base, body frame")                             \
  X(roll, 0.1, "", "sine of the roll: the world's up along the body's y axis")                     \
  X(pitch, 0.1, "", "sine of the pitch: the world's up along the body's x axis")                   \
  X(roll_rate, 1, "rad/s", "roll rate")                                                            \
  X(pitch_rate, 1, "rad/s", "pitch rate")                                                          \
  X(height, 0.03, "m", "height of the base minus that of the gait")                                \
  X(foot_height, 0.03, "m", "height of a foot minus that of its clock: an arch of sine in swing")  \
  X(foot_slip, 0.2, "m/s", "horizontal velocity of a foot, weighted by sqrt(sin) over its stance") \
  X(action_change, 0.2, "rad", "action minus the action before")                                   \
  X(joint_velocity, 5, "rad/s", "velocity of a joint")                                             \
  X(posture, 0.2, "rad", "position of a joint minus that of the home posture")                     \
  X(track_joints, 0.2, "rad", "position of a joint minus the demonstrated one")                    \
  X(track_joint_velocity, 4, "rad/s", "velocity of a joint minus the demonstrated one")            \
  X(track_height, 0.03, "m", "height of the base minus the demonstrated one")                      \
  X(track_tilt, 0.1, "", "the world's up in the body frame minus the demonstrated one")            \
  X(track_velocity, 0.2, "m/s", "velocity of the base, body frame, minus the demonstrated one")    \
  X(track_rate, 1, "rad/s", "angular velocity of the base minus the demonstrated one")             \
  X(track_feet, 0.03, "m", "position of a foot in the body frame minus the demonstrated one")

/* X(name, unit, quantity): the terms of an observation, which is weight * quantity; a weight of 0 leaves a term out.
 * A task with clips has no command and no clock, and a task without them no target. `target` has, for each number of
 * frames `ahead`, the demonstrated frame so many frames after that of the order, or the last one of the clip: its up,
 * velocity, rate, height, joints and joint_velocity, times the weights of these terms times that of `target`. */
#define DF_OBSERVE_LIST(X)                                                         \
  X(up, "", "the world's up in the body frame")                                    \
  X(velocity, "m/s", "velocity of the base in the body frame")                     \
  X(rate, "rad/s", "angular velocity of the base in the body frame")               \
  X(height, "m", "height of the base minus that of the gait")                      \
  X(joints, "rad", "positions of the joints minus those of the home posture")      \
  X(joint_velocity, "rad/s", "velocities of the joints")                           \
  X(last_action, "rad", "the action before, minus the home posture")               \
  X(command, "m/s, rad/s", "the command: forward and sideways velocity, yaw rate") \
  X(clock, "", "sine and cosine of the phase of every foot")                       \
  X(gait, "", "one number per gait: 1 for that of the robot, else 0")              \
  X(target, "as the robot's own", "demonstrated frames ahead")

/* X(name, unit, noise): the terms of a start, which stands in the home posture with a random heading, its lowest foot
 * on the floor. A task with clips starts in the demonstrated state of a random frame of a random clip, with the noise
 * of joints, velocity, rate and joint_velocity added, and is raised by as much as this noise lowers its lowest foot.
 * `normal` noise has the weight as standard deviation, `uniform` noise as largest size. */
#define DF_START_LIST(X)                                                                    \
  X(tilt, "rad", "normal: roll and pitch")                                                  \
  X(joints, "rad", "uniform: positions of the joints")                                      \
  X(drop, "m", "uniform above 0: height of the lowest foot above the floor")                \
  X(velocity, "m/s", "normal: horizontal velocity of the base; a quarter of it vertically") \
  X(rate, "rad/s", "normal: angular velocity of the base")                                  \
  X(joint_velocity, "rad/s", "normal: velocities of the joints")

#define DF_TERM_ENUM_REWARD(name, ...)  DF_REWARD_##name,
#define DF_TERM_ENUM_OBSERVE(name, ...) DF_OBSERVE_##name,
#define DF_TERM_ENUM_START(name, ...)   DF_START_##name,
typedef enum df_reward_term { DF_REWARD_LIST(DF_TERM_ENUM_REWARD) DF_REWARD_TERMS } df_reward_term;
typedef enum df_observe_term { DF_OBSERVE_LIST(DF_TERM_ENUM_OBSERVE) DF_OBSERVE_TERMS } df_observe_term;
typedef enum df_start_term { DF_START_LIST(DF_TERM_ENUM_START) DF_START_TERMS } df_start_term;
#undef DF_TERM_ENUM_REWARD
#undef DF_TERM_ENUM_OBSERVE
#undef DF_TERM_ENUM_START

/* a row of one of the tables; the strings are static */
typedef struct df_walk_term {
  const char* name;
  double width; /* of a reward term; else 0 */
  const char *unit, *meaning;
} df_walk_term;
DF_API const df_walk_term* df_reward_term_at(df_reward_term term);

enum { DF_WALK_GAITS_MAX = 16, DF_WALK_FEET_MAX = 8, DF_WALK_ACTIONS_MAX = 1024, DF_WALK_AHEAD_MAX = 16 };

typedef struct df_walk_gait {
  double offset[DF_WALK_FEET_MAX]; /* phase of each foot at clock 0, cycles */
  double height;                   /* of the base above the floor, m */
  double weight[DF_REWARD_TERMS];  /* >= 0 */
} df_walk_gait;

/* a demonstrated motion, of which only states are known */
typedef struct df_walk_clip {
  int gait;             /* in 0 .. n_gaits - 1 */
  int length;           /* actions between its states, >= 1, of the duration of an action of the system */
  const double* states; /* [length + 1][nx] */
} df_walk_clip;

/* Everything is copied, `system` of df_walk_new() excepted. */
typedef struct df_walk_cfg {
  int base; /* index of the free joint of the robot's base (df_mujoco_joints()), as df_robot_base() finds it */
  int n_feet, n_gaits;
  df_point foot[DF_WALK_FEET_MAX];
  df_walk_gait gait[DF_WALK_GAITS_MAX];
  double alive;                             /* reward of a step without costs */
  double foot_height;                       /* height of the point of a foot that stands, m */
  double frequency, duty, swing_height;     /* of the clock, Hz; share of the cycle in stance; arch of a foot, m */
  double command[3];                        /* largest forward and sideways velocity, m/s, and yaw rate, rad/s */
  double fall_height, fall_tilt;            /* fallen below this height, m, or beyond this tilt, rad */
  const double *home, *centre, *half_range; /* [nu] home posture; actions are centre +- half_range */
  double observe[DF_OBSERVE_TERMS], start[DF_START_TERMS];

  /* imitation: clips to be followed in the place of clock and command */
  int n_clips; /* 0: none, and the others are not read */
  const df_walk_clip* clip;
  int tail;        /* a random frame leaves at least so many actions of its clip, 1 .. the shortest length */
  double off_clip; /* a robot is lost if its base is so much higher or lower than demonstrated, or a foot so far from
                    * its demonstrated place in the body frame, m; 0: never */
  int n_ahead, ahead[DF_WALK_AHEAD_MAX]; /* of the observation `target`, frames, >= 1 */
} df_walk_cfg;

typedef struct df_walk df_walk;

/* Makes the task of a system, which must outlive it; the caller frees *out with df_walk_free(); on failure *out is
 * NULL. Errors: DF_E_CONFIG, which names what is wrong: the system has no points, `base` is not a free joint, there is
 * no action or more than DF_WALK_ACTIONS_MAX, a control that is not on a hinge or slide, a home posture outside the
 * range of actions, a number out of range, a state of a clip that is not finite; DF_E_ARG for a NULL argument;
 * DF_E_SIM; DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_walk_new(const df_system* system, const df_walk_cfg* cfg, df_walk** out);
DF_API void df_walk_free(df_walk* walk); /* NULL is allowed */
DF_API const df_system* df_walk_system(const df_walk* walk);
DF_API const df_walk_cfg* df_walk_get_cfg(const df_walk* walk); /* owned by the task, also the arrays */

/* ---- features: what observations and rewards see of a state ----
 * height of the base [1], the world's up [3], velocity [3] and angular velocity [3] of the base in the body frame,
 * positions and velocities of the joints [nu] each, heights [feet] and velocities in the world frame [feet][3] of the
 * feet; of a task with clips also the positions of the feet in the body frame [feet][3] */

DF_API int df_walk_features(const df_walk* walk); /* their number */

/* f [features] = those of state x [nx]; the trajectory of the simulator stays as it is (df_sim_points()). */
DF_API void df_walk_look(const df_walk* walk, df_sim* sim, const double* x, double* f);

/* ADDS to dx [ndx] the cotangent of x by that of its features, df [features]; f are the features of x. */
DF_API void df_walk_look_vjp(const df_walk* walk, df_sim* sim, const double* x, const double* f, const double* df,
                             double* dx);

/* the fall rule on features */
DF_API bool df_walk_fallen(const df_walk* walk, const double* f);

/* ---- what a robot is told: a command and the phase of a clock, or the frame of a clip ---- */

typedef struct df_walk_order {
  int gait;
  double command[3]; /* forward and sideways velocity, m/s, yaw rate, rad/s, body frame */
  double phase;      /* of the clock, cycles, in [0, 1) */
  int clip, frame;   /* of a task with clips, whose command is the demonstrated velocity of the frame, and phase is 0 */
} df_walk_order;

/* Advances the clock, or the frame up to the last one of its clip, by one action. */
DF_API void df_walk_tick(const df_walk* walk, df_walk_order* order);

/* Whether a foot stands by the clock of an order. */
DF_API bool df_walk_stands(const df_walk* walk, const df_walk_order* order, int foot);

/* Draws gait, command and phase, or clip and frame, number `event` of a seed: a function of both. */
DF_API void df_walk_draw_order(const df_walk* walk, uint64_t seed, uint64_t event, df_walk_order* order);

/* x [nx] = start number `event` of a seed, with clips that of the order of the same number. The simulator is asked for
 * the heights of feet only. */
DF_API void df_walk_draw_start(const df_walk* walk, df_sim* sim, uint64_t seed, uint64_t event, double* x);

/* u [nu] = the action before a walk that starts in x: the home posture, with clips the positions of the joints, as far
 * as they are in the range of actions. */
DF_API void df_walk_first_action(const df_walk* walk, const double* x, double* u);

/* ---- clips; for tasks that have them, unless stated otherwise ---- */

/* The order and the demonstrated state x [nx] of a frame in 0 .. length of a clip; x may be NULL. */
DF_API void df_walk_enter_clip(const df_walk* walk, int clip, int frame, df_walk_order* order, double* x);

/* the features [features] of the demonstrated frame of an order */
DF_API const double* df_walk_demonstrated(const df_walk* walk, const df_walk_order* order);

/* Actions that are left of the clip of an order; INT_MAX without clips. */
DF_API int df_walk_left(const df_walk* walk, const df_walk_order* order);

/* Whether a robot with features f has fallen, or with clips has lost the demonstrated frame of an order (off_clip). */
DF_API bool df_walk_ended(const df_walk* walk, const double* f, const df_walk_order* order);

/* ---- observations ---- */

DF_API int df_walk_observations(const df_walk* walk); /* their number */

/* o [observations], of features f, the action before u_before [nu] and an order */
DF_API void df_walk_observe(const df_walk* walk, const double* f, const double* u_before, const df_walk_order* order,
                            df_real* o);
/* ADDS to df [features] and du_before [nu] the cotangents by that of the observations, dobs. */
DF_API void df_walk_observe_vjp(const df_walk* walk, const df_real* dobs, double* df, double* du_before);

/* ---- reward ---- */

/* a step: the features of the state after it, its action and the one before [nu], and the order, with the clock after
 * the step */
typedef struct df_walk_step {
  const double *f, *u, *u_before;
  const df_walk_order* order;
} df_walk_step;

/* Whether a task has a term of the reward; the cost of another is 0. */
DF_API bool df_walk_has_reward(const df_walk* walk, df_reward_term term);

/* The reward of a step; cost [DF_REWARD_TERMS] = the costs of the terms without their weights. */
DF_API double df_walk_reward(const df_walk* walk, const df_walk_step* step, double* cost);
/* ADDS dreward times the gradient of the reward to df [features], du and du_before [nu]. */
DF_API void df_walk_reward_vjp(const df_walk* walk, const df_walk_step* step, double dreward, double* df, double* du,
                               double* du_before);

DF_END_DECLS

#endif
