/* push.h: a generator of demonstrations of a planar arm that pushes a box to a goal on a table.
 *
 * The arm has two links of DF_PUSH_LINK and a tip that alone meets the box. A demonstrator that sees the state and the
 * goal moves the tip around the box until it is behind it, pushes towards the goal while it corrects its offset from
 * the line through goal and box, and backs off when the box has arrived. A tip that starts in front of the box may go
 * around it on either side: a fair coin decides, which the state does not show, so that the action has two modes given
 * the state. From elsewhere it goes the shorter way. */
#ifndef DYNAFLOW_GAIT_PUSH_H
#define DYNAFLOW_GAIT_PUSH_H

#include "dynaflow/data/generator.h"

DF_BEGIN_DECLS

#define DF_PUSH_LINK    0.35 /* length of each link, m */
#define DF_PUSH_REACHED 0.02 /* success: the box ends nearer than this to the goal, m */

/* The joint positions q [2] (shoulder, elbow), rad, with which the tip is at the place tip [2] in the plane of the
 * shoulder, m: the elbow is at acos((r^2 - 2 L^2) / (2 L^2)), r = |tip|, L = DF_PUSH_LINK, and half of that turns the
 * shoulder back from the direction of the tip. The elbow is never negative. A place out of reach (r > 2 L) gives the
 * straight arm towards it. */
DF_API void df_push_joints(const double tip[2], double q[2]);

/* The target of the tip [2], m, for the tip at `tip`, the box at `box` and its goal at `goal` [2] each: where the tip
 * will be 0.25 s later with the demonstrator's velocity. `side` +1 goes around the box counterclockwise and -1
 * clockwise, while the tip is within 1 rad of the place in front of the box. With n the unit vector from box to goal,
 * d their distance, and phi the angle of the tip around the box, 0 behind it:
 *   d < 6 mm                          back off to 0.115 m from the centre of the box
 *   |phi| > 0.35 (0.6 within 0.09 m)  around the box with 0.35 m/s, at 0.115 m from its centre
 *   else                              along n with 0.25 m/s, from d = 0.05 m on in proportion to d, but at least a
 *                                     quarter of it; and across n back to the line at 6/s of the offset from it */
DF_API void df_push_target(const double tip[2], const double box[2], const double goal[2], int side, double target[2]);

/* Generates data.episodes episodes of data.seconds, with the conditions goal.x and goal.y [m]. Drawn uniformly: the
 * box at 0.38 to 0.44 m from the shoulder and within 0.15 rad of its x axis; the goal at 0.1 to 0.16 m from it, in a
 * direction within 1 rad of this axis; the tip, at rest, at 0.12 to 0.16 m from the box in any direction; the heading
 * of the box within 0.35 rad of the direction to the goal; and a fair coin for the side. All are functions of
 * (data.seed, number of the attempt), so the result does not depend on env->threads. The action of a frame is
 * df_push_joints() of df_push_target(), cut to the control ranges. Attempts after which the box is DF_PUSH_REACHED or
 * more from the goal are rejected; env->report counts them by the way around the box: "shorter way", and of starts in
 * front of it "left" (counterclockwise) and "right". The caller frees *out with df_dataset_free(); on failure *out is
 * NULL. Errors: DF_E_CONFIG for a model other than hinges shoulder and elbow with one control each and a free joint
 * box, for values of data.* out of range and if more than 50 attempts per wanted episode are rejected; DF_E_INTERRUPTED
 * if env->progress returned false; DF_E_SIM; DF_E_ARG; DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_push_demonstrate(const df_system* system, const df_config* config,
                                                   const df_generator_env* env, df_dataset** out);

/* df_push_demonstrate() as a row of the table of generators: "box_pushes". */
extern DF_API const df_generator df_generator_box_pushes;

DF_END_DECLS

#endif
