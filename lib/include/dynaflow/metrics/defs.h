/* defs.h: the table of metrics: name, unit, which side is better, definition. */
#ifndef DYNAFLOW_METRICS_DEFS_H
#define DYNAFLOW_METRICS_DEFS_H

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

/* X(name, unit, better, definition): the table of `dynaflow list metrics`; better is "lower", "higher" or "". A metric
 * "a.b" is a part of the metric "a", which stands before it. */
#define DF_METRIC_LIST(X)                                                                                              \
  X(tre, "std", "lower",                                                                                               \
    "trajectory reconstruction error: RMS over frames 1..H and channels of (generated - demonstrated) / training std") \
  X(tre_open_loop, "std", "lower",                                                                                     \
    "tre of the states that result from rolling the returned actions out from x0 without feedback")                    \
  X(sae_own, "mixed SI", "lower",                                                                                      \
    "statewise admissibility error of the returned actions: mean over steps of |x[t+1] (-) f(x[t], u[t])|, tangent "   \
    "2-norm over m, rad, m/s, rad/s, restarted from the generated x[t]")                                               \
  X(sae_min, "mixed SI", "lower",                                                                                      \
    "statewise admissibility error for the best action in the action box, found by projected Levenberg-Marquardt: an " \
    "upper bound of the minimum")                                                                                      \
  X(sliced_wasserstein, "std", "lower",                                                                                \
    "distance between the sets of returned and of demonstrated windows: RMS over 256 directions of the Wasserstein-2 " \
    "distance of their projections, in the coordinates of tre. Depends on the number of windows")                      \
  X(coverage, "share", "higher",                                                                                       \
    "share of demonstrated windows that are among the five nearest to some returned window, which is as near as the "  \
    "fifth nearest demonstrated one: at most 5 / windows for a method that always returns the same, unless "           \
    "demonstrated windows are equal, which are covered together. Not defined below 20 windows")                        \
  X(diversity, "std", "",                                                                                              \
    "RMS difference, as tre, of two samples from the same start state and condition, over the first "                  \
    "eval.sae_windows windows: as large as tre if the samples are distributed as the demonstrations, 0 for a mean of " \
    "them. Not defined for a method without a sampler")                                                                \
  X(style_joints, "rad", "lower",                                                                                      \
    "RMS distance of the actuated hinges from the demonstration's after the best alignment in time (dynamic time "     \
    "warping, at most eval.style_band early or late). .chain, of this and of the two below: of the executed states "   \
    "of the pure chains that do not fall, as far as the episode goes. Not defined without eval.style_band or without " \
    "such hinges")                                                                                                     \
  X(style_feet, "m", "lower",                                                                                          \
    "RMS distance of the feet from the demonstration's, relative to the base and in its heading, after the same "      \
    "alignment. Not defined without eval.feet and a free base")                                                        \
  X(style_shift, "s", "lower", "mean shift in time of this alignment")                                                 \
  X(gait_agreement, "share", "higher",                                                                                 \
    "share of feet and frames in which the ground contact of the executed motion equals the demonstration's")          \
  X(gait_phase, "share", "higher",                                                                                     \
    "over the chains that do not fall, share of feet and frames whose contact equals the stance of the commanded "     \
    "gait of data.generator, at the best clock offset")                                                                \
  X(command_error, "m/s", "lower",                                                                                     \
    "over the chains that do not fall, mean distance between horizontal velocity and command, in the robot's "         \
    "heading. Not defined without a free base, or without all of the conditions command.vx, .vy and .wz")              \
  X(fall_rate, "share", "lower",                                                                                       \
    "share of pure open-loop chains that fall: windows are planned in sequence, each from the last state that the "    \
    "method itself generated, and their actions are executed without interruption. fall_rate.replanned: each window "  \
    "is planned from the last executed state. Of an expert: share of its walks that fall. Not defined without "        \
    "eval.fall_height or eval.fall_tilt")                                                                              \
  X(survival, "s", "higher",                                                                                           \
    "mean time until a pure open-loop chain falls; the chain's length if it does not fall. Not defined without "       \
    "eval.fall_height or eval.fall_tilt")                                                                              \
  X(goal_distance, "m", "lower",                                                                                       \
    "distance of an object (eval.goal_joints) from its commanded goal (eval.goal_conditions) at the end of a pure "    \
    "open-loop chain. Not defined without these settings")                                                             \
  X(goal_reached, "share", "higher",                                                                                   \
    "share of the pure open-loop chains that end with a goal_distance below eval.goal_tolerance")                      \
  X(root_residual, "weight", "lower",                                                                                  \
    "median over steps of the force that inverse dynamics needs on translations that no actuator drives, such as "     \
    "those of a free base, in weights of the moving bodies. .chain, of this and of the metrics below: of the "         \
    "executed states of the pure chains before they fall")                                                             \
  X(root_residual.torque, "N m/N", "lower",                                                                            \
    "median over steps of the torque that inverse dynamics needs on rotations that no actuator drives, per weight of " \
    "the moving bodies")                                                                                               \
  X(root_residual.share, "share", "lower", "share of steps whose root_residual exceeds 0.05 weights")                  \
  X(penetration, "m", "lower",                                                                                         \
    "mean over frames of the deepest penetration between bodies that are not of one kinematic tree, such as "          \
    "feet and floor")                                                                                                  \
  X(penetration.worst, "m", "lower", "the deepest penetration of all windows")                                         \
  X(penetration.share, "share", "lower", "share of frames with a penetration deeper than 5 mm")                        \
  X(self_collision, "share", "lower",                                                                                  \
    "share of frames in which two bodies of one kinematic tree penetrate each other, of the pairs that the "           \
    "model lets collide")                                                                                              \
  X(self_collision.worst, "m", "lower", "the deepest penetration of two bodies of one kinematic tree")                 \
  X(slip, "m/s", "lower",                                                                                              \
    "foot skate: mean, over the frames in which feet have contact, of the mean tangential speed of their "             \
    "contact points. Not defined without eval.feet")                                                                   \
  X(joint_limit, "share", "lower", "share of frames and limited joints beyond the joint's range")                      \
  X(joint_limit.worst, "range", "lower", "the largest distance of a joint beyond its range, in widths of the range")   \
  X(velocity_limit, "share", "lower",                                                                                  \
    "share of frames and actuated joints faster than eval.velocity_limit. Not defined without it")                     \
  X(velocity_limit.worst, "range", "lower",                                                                            \
    "the largest speed beyond eval.velocity_limit, in widths of the range from -limit to limit")                       \
  X(torque_limit, "share", "lower",                                                                                    \
    "share of steps and joints whose actuators cannot provide the force or torque that inverse dynamics needs")        \
  X(torque_limit.worst, "range", "lower",                                                                              \
    "the largest force or torque beyond the range of a joint's actuators, in widths of the range")                     \
  X(jerk, "m/s^3", "lower",                                                                                            \
    "mean over frames and moving bodies of the third difference of the centre of mass, divided by dt^3")               \
  X(power, "W", "lower",                                                                                               \
    "median over steps of the mechanical power: the sum over actuated dofs of |force x velocity|, with the forces "    \
    "that "                                                                                                            \
    "inverse dynamics needs")                                                                                          \
  X(power.transport, "1", "lower",                                                                                     \
    "cost of transport: power x time per weight and way of the centre of mass along the ground. Not defined for a "    \
    "fixed base, nor for a way below 0.1 m")                                                                           \
  X(velocity_error, "m/s", "lower",                                                                                    \
    "of an expert, over the walks that do not fall: mean size of the mean horizontal velocity over a cycle of the "    \
    "gait clock, in the robot's frame, minus the command, after the first 1.5 s")                                      \
  X(yaw_rate_error, "rad/s", "lower", "the same of the yaw rate")                                                      \
  X(contact_agreement, "share", "higher",                                                                              \
    "of an expert, over the walks that do not fall: share of feet and actions with the foot on the floor exactly "     \
    "when the gait clock says so, after the first 1.5 s")                                                              \
  X(reward, "1", "higher", "of an expert: mean reward over the actions of a walk, up to a fall")                       \
  X(cost, "1", "lower",                                                                                                \
    "of an expert: mean weighted cost of a term of the reward (expert_reward.*), over the same actions: .velocity, "   \
    ".yaw_rate, ... The reward is expert.alive minus their sum")                                                       \
  X(effort, "count", "",                                                                                               \
    "work counters, the same on any machine: .physics_steps, .solver_iterations and .constraint_rows of executing "    \
    "the returned actions of all windows, .diverged: how many of these windows diverged; .gradient_steps, "            \
    ".skipped_steps and .diverged_samples of training; .sampling_steps: physics steps that sampling the windows "      \
    "took a method that searches for actions in the simulator; of an expert's training .updates, .actions of all "     \
    "robots, .lost actions and .falls")

typedef struct df_metric_def {
  const char *name, *unit, *better, *definition;
} df_metric_def;
/* Sets *defs to the table, a static array, and returns its number of rows. */
DF_API int df_metric_defs(const df_metric_def** defs);

/* The definition of a metric; of a part that the table lacks, that of the longest metric it is a part of: of tre for
 * "tre.joint_pos", of power.transport for "power.transport.chain". NULL for an unknown metric. */
DF_API const df_metric_def* df_metric_find(const char* metric);

/* The unit of a metric or of a part of it, a string literal: of tre.joint_pos that of the group of coordinates
 * (chart.h), of a part that the table lacks that of df_metric_find(). NULL for an unknown metric or group. */
DF_API const char* df_metric_unit(const char* metric);

/* a deeper penetration, m, counts in penetration.share */
#define DF_PENETRATION_LIMIT 0.005
/* the nearest demonstrated windows that count in coverage, and the fewest windows that have one: the neighbours of one
 * returned window are at most a quarter of them */
#define DF_COVERAGE_NEIGHBOURS 5
#define DF_COVERAGE_WINDOWS    (4 * DF_COVERAGE_NEIGHBOURS)
/* a larger force, in weights, counts in root_residual.share: the limit that Hicks et al. (J. Biomech. Eng. 137, 2015)
 * recommend for residual forces, 5 % of the external force */
#define DF_RESIDUAL_LIMIT 0.05

DF_END_DECLS

#endif
