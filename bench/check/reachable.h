/* reachable.h: whether actions that are held for a frame lead from the recorded states to the next ones, whatever these
 * actions are: then the velocities of a recording without actions, or with noise, are right, even where they say little
 * of the positions between two frames, as those of servos that settle within a frame. */
#ifndef BENCH_CHECK_REACHABLE_H
#define BENCH_CHECK_REACHABLE_H

#include "trace.h"

typedef enum reach_verdict { REACHES_NOT, REACHES_PERHAPS, REACHES } reach_verdict;

/* Looks for the actions of 60 or more pairs of frames, evenly spread over up to 60 episodes, by damped least squares
 * within the ranges of the controls. A pair is reached if the position and the velocity of every dof are off by at most
 * a fiftieth of the RMS change of that dof over a frame. These are two numbers per dof, and one action per actuator: of
 * a joint with a servo, the change of the position tells the action, and that the velocity at the end.
 *
 * REACHES: half of the pairs are reached, a quarter of those of each episode, and with a quarter of the squares of the
 * velocities of each dof; contacts hide the others from the search. REACHES_PERHAPS: noise or other gains keep the
 * model from these states, but with actions that the positions alone tell, positions change 1.05 times or more as fast
 * as the velocities at both ends of a frame say, and the recorded velocities of every hinge and slide that moves are
 * those of the model, up to the square root of this factor and noise, at most 1.33, in each episode and in all.
 * REACHES_NOT: otherwise, and without actuators. A frame that is no whole number of actions is one action of the
 * nearest number of physics steps (trace.h). Errors: those of df_sim_new() and
 * df_mujoco_copy_with_steps(), DF_E_NOMEM. */
DF_MUST_CHECK df_status states_are_reachable(const trace* m, reach_verdict* out);

/* Whether positions beyond joint limits are those of soft limits that the model's own actuators press: REACHES, and of
 * 60 or more pairs that end beyond a limit by more than 2 % of its width, of up to 60 episodes, half are reached, in
 * all and, where there are four or more, of each episode and of those beyond each limit. Not where a control has no
 * range and its actuator no largest force: such a one presses as far as one likes. Nothing is reached of columns of
 * other joints, since a limit takes a force where they are beyond it. Errors as above. */
DF_MUST_CHECK df_status limits_are_reachable(const trace* m, bool* out);

/* *duration: how long a frame is, s, that seems to be `shown` s by its velocities, the change of positions divided by
 * the mean of the velocities at both ends: servos that settle within a frame make it seem longer. It is the one with
 * which the model's own motion shows that, from 60 or more of the recorded states, with actions that are held for a
 * frame and that the next positions tell; interpolated between whole numbers of actions. `shown` itself without
 * actuators or motion, and where nothing between a quarter of it and twice that shows it. Errors as above. */
DF_MUST_CHECK df_status servo_duration(const trace* m, double shown, double* duration);

/* whether they look at every one of so many episodes, so that they speak of single ones */
bool reach_sees_all(int episodes);

#endif
