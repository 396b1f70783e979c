/* config.h: all settings of a task, in one table.
 *
 * Every setting has a dotted key such as train.steps. In task.yaml, dots and nesting are equivalent: "train.steps: 9"
 * is the same as "train: {steps: 9}". A setting takes its value from the last of these sources that gives one:
 *   1. the defaults below          2. the task's own keys          3. its methods.<method>.<key>
 *   4. profiles.<profile>.<key>    5. profiles.<profile>.methods.<method>.<key>           6. --set key=value
 * Within one source, net.preset comes first: it sets every other net.* key, as if each were given in its place, so that
 * the keys of the same source and of later ones win. "none" sets nothing.
 * An unknown key, a value of the wrong kind and a value out of range are errors that name file, line, key, value and
 * range. All profiles and methods of the file are checked, also those that are not selected. A key that occurs twice,
 * in either spelling, is an error. */
#ifndef DYNAFLOW_CONFIG_CONFIG_H
#define DYNAFLOW_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

enum {
  DF_TEXT_MAX = 256,
  DF_LIST_MAX = 64,
  DF_NAMES_MAX = 128,
  DF_NAME_MAX = 48,
  DF_ITEMS_MAX = 32,
  DF_ITEM_MAX = 1024
};
/* holds the text of every setting: DF_NAMES_MAX names or DF_ITEMS_MAX items with commas, or DF_LIST_MAX numbers of 25
 * characters */
enum { DF_VALUE_MAX = DF_ITEMS_MAX * DF_ITEM_MAX };

typedef struct df_list {
  int n;
  double v[DF_LIST_MAX];
} df_list;
typedef struct df_names {
  int n;
  char v[DF_NAMES_MAX][DF_NAME_MAX];
} df_names;
typedef struct df_items {
  int n;
  char v[DF_ITEMS_MAX][DF_ITEM_MAX];
} df_items;

typedef int df_kind_INT;
typedef double df_kind_REAL;
typedef char df_kind_TEXT[DF_TEXT_MAX];
typedef df_list df_kind_LIST;
typedef df_names df_kind_NAMES;
typedef df_items df_kind_ITEMS;

/* the largest system.substeps */
enum { DF_SUBSTEPS_MAX = 100 };

/* X(kind, section, field, default, low, high, choices, unit, help)
 * The key is <section>.<field>, the member of df_config is <section>_<field>.
 *   INT, REAL    a number in [low, high]
 *   TEXT         with non-empty choices ("a|b|c") one of them
 *   LIST, NAMES, ITEMS  a YAML sequence or comma-separated text; each number of a LIST is in [low, high]; a name occurs
 *                once in NAMES, an item of ITEMS may be repeated */
#define DF_CONFIG_TABLE(X)                                                                                             \
  X(TEXT, task, name, "", 0, 0, "", "", "name of the task: the name of its folder")                                    \
  X(TEXT, task, title, "", 0, 0, "", "", "one-line title for tables and reports")                                      \
  X(INT, task, version, "1", 1, 1e6, "", "", "increase it when a change makes older results incomparable")             \
  X(NAMES, task, methods, "", 0, 0, "", "", "methods to run when none are named")                                      \
  X(TEXT, system, model, "", 0, 0, "", "", "MJCF file in the task's folder or on the data path")                       \
  X(TEXT, system, model_sha256, "", 0, 0, "", "",                                                                      \
    "required SHA-256 of the model, see `data info`; empty: not checked")                                              \
  X(TEXT, system, model_url, "", 0, 0, "", "", "URL from which `data fetch` downloads the model")                      \
  X(REAL, system, timestep, "0", 0, 1, "", "s", "physics timestep; 0: the model's own")                                \
  X(INT, system, substeps, "1", 1, DF_SUBSTEPS_MAX, "", "", "physics steps per action")                                \
  X(TEXT, system, integrator, "model", 0, 0, "model|Euler|implicitfast|RK4", "", "integrator; model: the model's own") \
  X(TEXT, system, solver, "model", 0, 0, "model|Newton|CG", "",                                                        \
    "constraint solver; model: the model's own; PGS has no exact adjoint")                                             \
  X(INT, system, iterations, "100", 50, 100000, "", "",                                                                \
    "limit of solver iterations; too few make the implicit gradient wrong")                                            \
  X(REAL, system, tolerance, "0", 0, 1, "", "", "solver tolerance; 0: the model's own")                                \
  X(TEXT, system, margin_rule, "sum", 0, 0, "sum|max|none", "",                                                        \
    "margin of two geoms: sum of theirs; max for data recorded before MuJoCo 3.5; none: 0")                            \
  X(TEXT, system, contacts, "exact", 0, 0, "exact|approximate", "",                                                    \
    "approximate: admit geom pairs without an exact derivative")                                                       \
  X(TEXT, system, gradient, "exact", 0, 0, "exact|differences", "",                                                    \
    "differences: finite differences where no adjoint is exact")                                                       \
  X(TEXT, system, dynamics, "mujoco", 0, 0, "mujoco|quadcopter", "",                                                   \
    "what advances the state: MuJoCo's step, or a closed form, to which the model gives layout, names and shapes")     \
  X(LIST, action, center, "", -1e6, 1e6, "", "action",                                                                 \
    "action at network output 0; a short list repeats over the actuators")                                             \
  X(LIST, action, half_range, "", 0, 1e6, "", "action", "action = center + half_range * tanh(network output)")         \
  X(TEXT, data, source, "file", 0, 0, "file|npz|generator", "",                                                        \
    "file: recorded files (npz means the same); generator: demonstrations are computed")                               \
  X(TEXT, data, generator, "", 0, 0, "", "",                                                                           \
    "name of the generator; with recorded files, that whose clock gait_phase takes")                                   \
  X(TEXT, data, file, "", 0, 0, "", "", "file of recorded demonstrations, or a pattern for several, e.g. mocap/*.txt") \
  X(TEXT, data, sha256, "", 0, 0, "", "", "required SHA-256 of the file, see `data info`; empty: not checked")         \
  X(TEXT, data, url, "", 0, 0, "", "", "URL from which `data fetch` downloads the file")                               \
  X(TEXT, data, states_key, "states", 0, 0, "", "", "name of the state array, [N][T+1][columns] or [frames][columns]") \
  X(TEXT, data, actions_key, "actions", 0, 0, "", "",                                                                  \
    "name of the action array [N][T or T+1][nu]; empty: states only")                                                  \
  X(ITEMS, data, columns, "state", 0, 0, "", "",                                                                       \
    "what the columns of the states are, in order: blocks KIND, skip:N or KIND@ARRAY (docs/recordings.md)")            \
  X(NAMES, data, joints, "", 0, 0, "", "",                                                                             \
    "recorded joints in order, MODEL or MODEL=RECORDED; empty: the model's hinges and slides")                         \
  X(NAMES, data, velocity_joints, "", 0, 0, "", "", "the same for joint_vel; empty: as data.joints")                   \
  X(NAMES, data, legs, "", 0, 0, "", "",                                                                               \
    "recorded order of the legs, by prefix of their joints' names, e.g. FR,FL,RR,RL")                                  \
  X(TEXT, data, episodes_key, "", 0, 0, "", "", "pattern of the groups that are an episode each, e.g. data/demo_*")    \
  X(TEXT, data, ends_key, "", 0, 0, "", "",                                                                            \
    "array of the episodes' ends: a flag per frame (A+B: either ends it), or increasing indices, last frame + 1")      \
  X(TEXT, data, ends_rows, "auto", 0, 0, "auto|frames|actions", "",                                                    \
    "what the indices of ends_key count; auto: what fits, which must be one of them")                                  \
  X(NAMES, data, select, "", 0, 0, "", "", "episodes to use, from 0, e.g. 0-9,12; empty: all")                         \
  X(ITEMS, data, conditions, "", 0, 0, "", "",                                                                         \
    "conditions, NAME@ARRAY or ARRAY, per episode or frame; empty: the array conditions, if there")                    \
  X(TEXT, data, conditions_per, "auto", 0, 0, "auto|episode|frame", "",                                                \
    "reading of arrays of conditions whose shape fits both an episode and a frame; auto: see docs/recordings.md")      \
  X(TEXT, data, quaternion, "wxyz", 0, 0, "wxyz|xyzw|wxyz_inverse|xyzw_inverse", "",                                   \
    "order of the entries of recorded quaternions; inverse: they turn the world into the body")                        \
  X(TEXT, data, euler, "xyz", 0, 0, "", "",                                                                            \
    "axes of root_euler as in SciPy: lower case extrinsic, upper case intrinsic")                                      \
  X(TEXT, data, linear_velocity, "world", 0, 0, "world|base", "",                                                      \
    "frame of the recorded linear velocity of a free joint")                                                           \
  X(TEXT, data, angular_velocity, "base", 0, 0, "base|world", "",                                                      \
    "frame of the recorded angular velocity of a free joint")                                                          \
  X(TEXT, data, angles, "rad", 0, 0, "rad|deg", "", "unit of recorded angles and angular velocities")                  \
  X(REAL, data, position_scale, "1", 1e-6, 1e6, "", "m per unit", "scale of recorded positions and linear velocities") \
  X(TEXT, data, up, "z", 0, 0, "z|y", "", "vertical axis of the recording")                                            \
  X(LIST, data, base_rotation, "1,0,0,0", -1, 1, "", "",                                                               \
    "quaternion w,x,y,z from the model's base frame to the recorded one; orientation = recorded * this")               \
  X(LIST, data, position_offset, "0,0,0", -1e3, 1e3, "", "m", "added to the position of the free joint, x,y,z")        \
  X(REAL, data, rate, "0", 0, 1e6, "", "Hz",                                                                           \
    "frames per second of the recording; 0: as the file states, else one frame per action")                            \
  X(TEXT, data, velocities, "auto", 0, 0, "auto|recorded|differences", "",                                             \
    "velocities of the recording, or differences of positions; auto: differences for those not recorded")              \
  X(TEXT, data, root_xy, "recorded", 0, 0, "recorded|integrated", "",                                                  \
    "integrated: a missing horizontal position of the root is the integral of its velocity")                           \
  X(TEXT, data, action_time, "after", 0, 0, "after|before", "",                                                        \
    "action t was applied after state t, or before it and led to it")                                                  \
  X(LIST, data, action_scale, "", -1e6, 1e6, "", "",                                                                   \
    "control = action_scale * recorded + action_offset; one number or one per actuator; empty: 1")                     \
  X(LIST, data, action_offset, "", -1e6, 1e6, "", "control", "see action_scale; empty: 0")                             \
  X(TEXT, data, action_precision, "float64", 0, 0, "float64|float32", "",                                              \
    "arithmetic of action_scale and action_offset when it was recorded; float32 for many policies")                    \
  X(NAMES, data, actuators, "", 0, 0, "", "", "actuators in the order of the action columns; empty: as in the model")  \
  X(NAMES, data, gaits, "trot,pace,bound,pronk", 0, 0, "", "", "gaits to demonstrate")                                 \
  X(INT, data, episodes, "200", 1, 1000000, "", "", "demonstrations to keep per gait")                                 \
  X(REAL, data, seconds, "5", 0.1, 1000, "", "s", "length of a demonstration")                                         \
  X(INT, data, seed, "1", 0, 2147483647, "", "", "seed of commands and start states")                                  \
  X(REAL, data, command_vx, "1", 0, 3, "", "m/s", "largest forward velocity command; drawn uniformly from +- this")    \
  X(REAL, data, command_vy, "0.4", 0, 1.5, "", "m/s",                                                                  \
    "largest lateral velocity command; drawn uniformly from +- this")                                                  \
  X(REAL, data, command_wz, "0.8", 0, 2, "", "rad/s", "largest yaw rate command; drawn uniformly from +- this")        \
  X(TEXT, gait, gains, "narrow", 0, 0, "narrow|wide", "",                                                              \
    "gains of the generator of gaits: tuned over narrow ranges (of one robot), or wide ones")                          \
  X(LIST, gait, frequency, "3", 1, 6, "", "Hz",                                                                        \
    "cycles of a gait per second; two numbers: drawn between them, and a condition")                                   \
  X(LIST, gait, swing_height, "", 0.01, 0.3, "", "m",                                                                  \
    "height that swinging feet are lifted; empty: the gait's; two numbers: drawn, and a condition")                    \
  X(REAL, gait, start_noise, "0", 0, 3, "", "",                                                                        \
    "scale of the noise on tilt, joints and velocities of the start states of gaits (gait.h)")                         \
  X(LIST, gait, hold, "", 0.2, 1000, "", "s",                                                                          \
    "time for which gait and command are held; empty: the episode; two numbers: drawn between them")                   \
  X(REAL, gait, switch, "0", 0, 1, "", "", "share of the changes of gait.hold at which the gait changes, too")         \
  X(REAL, gait, command_from, "0", 0, 1, "", "",                                                                       \
    "smallest size of a command, as a share of its largest (data.command_vx, ...); 0: any")                            \
  X(REAL, gait, distortion, "0", 0, 3, "", "",                                                                         \
    "scale of what makes the states of gaits infeasible, which then have no actions (gait.h)")                         \
  X(INT, window, horizon, "16", 1, 512, "", "actions", "actions per window")                                           \
  X(INT, window, stride, "1", 1, 1000, "", "frames", "distance between the start frames of successive windows")        \
  X(INT, window, first, "0", 0, 1000000, "", "frames", "first start frame in an episode")                              \
  X(INT, window, last, "0", 0, 1000000, "", "frames", "last start frame in an episode; 0: the last that fits")         \
  X(TEXT, split, by, "episode", 0, 0, "episode|time", "",                                                              \
    "what is held out: episodes, or blocks of time, for few long episodes")                                            \
  X(INT, split, test_every, "10", 2, 1000000, "", "", "every n-th episode of each gait, or block, is held out")        \
  X(INT, split, validation_every, "0", 0, 1000000, "", "",                                                             \
    "of the others, every n-th is held out for the validation loss; 0: none")                                          \
  X(INT, split, block, "0", 0, 1000000000, "", "frames", "length of a block; 0: 1/test_every of the episode")          \
  X(INT, split, gap, "16", 0, 1000000, "", "frames", "frames beside a held-out block that are not used")               \
  X(NAMES, chart, relative, "", 0, 0, "", "", "slide or hinge joints measured relative to a window's first frame")     \
  X(NAMES, chart, objects, "", 0, 0, "", "", "joints of objects: measured apart from the robot, as groups object_*")   \
  X(REAL, scale_floor, base_pos, "0.005", 1e-12, 1e6, "", "m", "least standard deviation: position of a free joint")   \
  X(REAL, scale_floor, base_rot, "0.01", 1e-12, 1e6, "", "rad",                                                        \
    "least standard deviation: orientation of a free joint")                                                           \
  X(REAL, scale_floor, joint_pos, "0.01", 1e-12, 1e6, "", "rad",                                                       \
    "least standard deviation: angle of a hinge or ball joint")                                                        \
  X(REAL, scale_floor, slide_pos, "0.005", 1e-12, 1e6, "", "m", "least standard deviation: position of a slide joint") \
  X(REAL, scale_floor, base_vel, "0.05", 1e-12, 1e6, "", "m/s",                                                        \
    "least standard deviation: linear velocity of a free joint")                                                       \
  X(REAL, scale_floor, base_angvel, "0.1", 1e-12, 1e6, "", "rad/s",                                                    \
    "least standard deviation: angular velocity of a free joint")                                                      \
  X(REAL, scale_floor, joint_vel, "0.1", 1e-12, 1e6, "", "rad/s",                                                      \
    "least standard deviation: velocity of a hinge or ball joint")                                                     \
  X(REAL, scale_floor, slide_vel, "0.05", 1e-12, 1e6, "", "m/s",                                                       \
    "least standard deviation: velocity of a slide joint")                                                             \
  X(REAL, scale_floor, activation, "0.01", 1e-12, 1e6, "", "", "least standard deviation: activation of an actuator")  \
  X(REAL, scale_floor, action, "0.01", 1e-12, 1e6, "", "half ranges", "least standard deviation: action")              \
  X(REAL, scale_floor, change, "0.01", 1e-12, 1e6, "", "std",                                                          \
    "least standard deviation: change of a coordinate per action (inverse dynamics)")                                  \
  X(REAL, flow, sigma, "1", 1e-6, 100, "", "std", "standard deviation of the base sample")                             \
  X(REAL, flow, time_power, "1", 0.01, 100, "", "",                                                                    \
    "flow times of training are u^time_power of uniform u; above 1 more of them are near 0, the base sample")          \
  X(TEXT, flow, time, "power", 0, 0, "power|beta|logit_normal", "",                                                    \
    "distribution of the flow times of training: by flow.time_power, time_shape or time_normal")                       \
  X(LIST, flow, time_shape, "1.5,1", 0, 100, "", "", "alpha and beta of flow.time: beta")                              \
  X(LIST, flow, time_normal, "0,1", -10, 10, "", "",                                                                   \
    "mean and standard deviation of the logit of the flow time of flow.time: logit_normal")                            \
  X(TEXT, flow, prediction, "x1", 0, 0, "x1|velocity|noise", "",                                                       \
    "what the network predicts: the end of the path, its velocity, or the noise of a diffusion")                       \
  X(TEXT, flow, path, "auto", 0, 0, "auto|linear|diffusion", "",                                                       \
    "from noise to data: a straight line, or a diffusion's steps; auto: diffusion for methods of that name")           \
  X(TEXT, flow, noise_schedule, "cosine", 0, 0, "cosine|linear", "",                                                   \
    "how the noise of a diffusion grows (Nichol & Dhariwal 2021; Ho et al. 2020)")                                     \
  X(INT, flow, diffusion_steps, "100", 2, 10000, "", "", "steps of noise that a diffusion is trained on")              \
  X(REAL, flow, eta, "0", 0, 1, "", "",                                                                                \
    "fresh noise in the sampler steps of a diffusion: 0 none (DDIM), 1 as much as ancestral sampling (DDPM)")          \
  X(REAL, flow, clip, "5", 0, 1e6, "", "std", "largest magnitude of data that follow from a predicted noise; 0: any")  \
  X(REAL, flow, sigma_min, "0", 0, 1, "", "", "share of the base sample that is left at flow time 1")                  \
  X(TEXT, flow, coupling, "independent", 0, 0, "independent|transport", "",                                            \
    "pairs of base sample and target: as drawn, or by optimal transport within a micro-batch")                         \
  X(REAL, flow, coupling_condition, "0", 0, 1e9, "", "",                                                               \
    "weight of squared distances of conditions in the cost of flow.coupling: transport")                               \
  X(TEXT, flow, few_step, "none", 0, 0, "none|shortcut|mean_flow|consistency", "",                                     \
    "train for few sampler steps: the network is told how far a step goes (flow.prediction: velocity)")                \
  X(REAL, flow, few_step_share, "0.5", 0, 1, "", "",                                                                   \
    "share of the training samples that learn such steps, the others the velocity (shortcut, mean_flow)")              \
  X(REAL, flow, reflow_from, "1", 0, 1, "", "",                                                                        \
    "share of the steps after which targets are where the flow of then leads their base samples; 1: never")            \
  X(INT, flow, reflow_steps, "10", 1, 1000, "", "", "midpoint steps of the flow that makes these targets")             \
  X(REAL, flow, condition_dropout, "0", 0, 1, "", "",                                                                  \
    "share of the training samples without the task's condition; above 0 allows flow.guidance")                        \
  X(REAL, flow, guidance, "1", 0, 100, "", "",                                                                         \
    "w of unconditional + w (conditional - unconditional), the output of the network when sampling")                   \
  X(TEXT, flow, solver, "euler", 0, 0, "euler|midpoint|rk4|adaptive", "",                                              \
    "how the sampler follows the velocity; eval.sampler_steps counts its steps")                                       \
  X(REAL, flow, tolerance, "0.001", 1e-9, 1, "", "std", "error per step of flow.solver: adaptive")                     \
  X(TEXT, net, preset, "none", 0, 0, "none|small|base|jax_seed", "",                                                   \
    "sets those keys below that are not given: small (64 wide), base (the defaults), jax_seed (384 wide, 6 heads)")    \
  X(TEXT, net, kind, "dit", 0, 0, "dit|mlp|unet", "",                                                                  \
    "network: a transformer over frames (dit), an MLP or a temporal U-Net (unet)")                                     \
  X(INT, net, width, "96", 4, 4096, "", "", "token width (dit), hidden width (mlp) or first channels (unet)")          \
  X(INT, net, depth, "3", 1, 64, "", "", "blocks (dit), hidden layers (mlp) or levels, at most 8 (unet)")              \
  X(INT, net, heads, "4", 1, 64, "", "", "attention heads (dit) or groups of the norm (unet); must divide net.width")  \
  X(INT, net, mlp_ratio, "4", 1, 16, "", "", "hidden width of a block's MLP divided by the token width")               \
  X(INT, net, skip_hidden, "256", 0, 8192, "", "", "hidden width of the condition-to-sequence MLP; 0: no such MLP")    \
  X(REAL, net, position_std, "0.7", 0, 10, "", "",                                                                     \
    "standard deviation of the position features; small values stall training")                                        \
  X(INT, train, steps, "1200", 1, 100000000, "", "", "gradient steps")                                                 \
  X(INT, train, episodes, "0", 0, 1000000, "", "",                                                                     \
    "train on the first n training episodes of each gait only, in unchanged scales; 0: all of them")                   \
  X(REAL, train, noise, "0", 0, 100, "", "std",                                                                        \
    "standard deviation of noise on the training demonstrations, states and actions; held-out ones stay clean")        \
  X(INT, train, batch, "64", 1, 65536, "", "windows", "windows per gradient step")                                     \
  X(INT, train, slices, "8", 1, 1024, "", "", "micro-batches per batch; part of a result's identity")                  \
  X(REAL, train, rate, "0.003", 0, 1, "", "", "learning rate")                                                         \
  X(REAL, train, decay_from, "0.5", 0, 1, "", "",                                                                      \
    "share of the steps after the warm-up at which the learning rate begins to fall")                                  \
  X(TEXT, train, schedule, "linear", 0, 0, "linear|cosine|constant", "",                                               \
    "how the learning rate falls to 0 by the last step; constant: it does not")                                        \
  X(INT, train, warmup, "0", 0, 100000000, "", "steps", "steps over which the learning rate rises linearly from 0")    \
  X(INT, train, accumulate, "1", 1, 65536, "", "batches", "batches whose gradients are averaged for a gradient step")  \
  X(REAL, train, abort_rise, "0", 0, 1e9, "", "",                                                                      \
    "end a training whose loss is above this multiple of its lowest point, or not finite; 0: never")                   \
  X(INT, train, abort_points, "20", 1, 200, "", "points", "for how many points of the loss curve in a row")            \
  X(REAL, train, weight_decay, "0.0001", 0, 10, "", "", "decoupled weight decay")                                      \
  X(REAL, train, clip, "1", 0, 1e9, "", "", "bound on the 2-norm of the gradient; 0: no bound")                        \
  X(REAL, train, ema, "0.995", 0, 1, "", "",                                                                           \
    "decay of the averaged weights used for sampling; at step s at most (1 + s) / (10 + s)")                           \
  X(INT, train, validate_every, "0", 0, 100000000, "", "steps",                                                        \
    "steps between two measurements of the validation loss; 0: none")                                                  \
  X(INT, train, validate_windows, "64", 1, 1000000, "", "windows",                                                     \
    "validation windows to measure, spread evenly over those of split.validation_every")                               \
  X(TEXT, train, keep, "last", 0, 0, "last|best_validation", "",                                                       \
    "weights that are kept: those of the last step, or those of the lowest validation loss")                           \
  X(INT, train, checkpoint_every, "0", 0, 100000000, "", "steps",                                                      \
    "steps between two copies of the weights beside the checkpoint; 0: none")                                          \
  X(INT, train, horizon_from, "0", 0, 512, "", "frames",                                                               \
    "frames of a window that samples simulate at first (rollout decoders); 0: all of them")                            \
  X(REAL, train, horizon_until, "0.5", 0, 1, "", "",                                                                   \
    "share of the steps over which these frames become the whole window")                                              \
  X(REAL, train, cotangent_decay, "1", 0, 1, "", "", "factor on the state cotangent per action (rollout decoders)")    \
  X(REAL, train, tape_mib, "0", 0, 1e6, "", "MiB", "tape memory limit per thread: same bits, more time; 0: none")      \
  X(REAL, train, push, "0", 0, 1, "", "", "share of samples that start from the previous batch's rollouts")            \
  X(REAL, train, push_error, "1", 0, 100, "", "std", "largest RMS error of a rollout state used as a start state")     \
  X(REAL, train, project_from, "0.83", 0, 1, "", "",                                                                   \
    "flow time from which ddat_trained and ddat_states_actions project predictions before the loss; 1: never")         \
  X(INT, inverse, width, "512", 4, 4096, "", "", "hidden width of the inverse-dynamics MLP")                           \
  X(INT, inverse, depth, "3", 1, 16, "", "", "hidden layers of the inverse-dynamics MLP")                              \
  X(INT, inverse, steps, "2000", 1, 100000000, "", "", "gradient steps of the inverse-dynamics MLP")                   \
  X(INT, inverse, batch, "256", 1, 65536, "", "transitions", "transitions per gradient step")                          \
  X(REAL, inverse, rate, "0.001", 0, 1, "", "", "learning rate of the inverse-dynamics MLP")                           \
  X(INT, recover, rounds, "3", 1, 1000, "", "", "rounds of simulating and fitting that recover actions from states")   \
  X(INT, recover, pool, "8000", 1, 10000000, "", "", "simulated actions per round")                                    \
  X(INT, recover, steps, "400", 1, 10000000, "", "", "gradient steps per round")                                       \
  X(INT, recover, batch, "256", 1, 65536, "", "transitions", "transitions per gradient step")                          \
  X(INT, recover, width, "256", 4, 4096, "", "", "hidden width of the MLP that recovers actions")                      \
  X(INT, recover, depth, "3", 1, 16, "", "", "hidden layers of the MLP that recovers actions")                         \
  X(REAL, recover, rate, "0.002", 0, 1, "", "", "learning rate of the MLP that recovers actions")                      \
  X(REAL, recover, residual_limit, "0.5", 0, 1e6, "", "",                                                              \
    "largest one-step error of recovered actions to train on, as a share of that of constant actions")                 \
  X(REAL, recover, regressed, "0.82", 0, 1, "", "",                                                                    \
    "share of the steps before any sample is simulated (dynaflow_recovered)")                                          \
  X(REAL, recover, simulated, "0.5", 0, 1, "", "",                                                                     \
    "share of the samples that are simulated in the steps after it (dynaflow_recovered)")                              \
  X(REAL, recover, linear, "0.25", 0, 1, "", "",                                                                       \
    "share of the other samples that use linearised dynamics (dynaflow_recovered)")                                    \
  X(REAL, recover, linear_episodes, "0.15", 0, 1, "", "", "share of the training episodes to linearise")               \
  X(REAL, recover, action_unit, "0.3", 1e-6, 1e6, "", "std",                                                           \
    "unit of the loss on recovered actions, in their standard deviation (dynaflow_recovered)")                         \
  X(TEXT, recover, action_spread, "own", 0, 0, "own|common", "",                                                       \
    "standard deviation in this unit: each actuator's own, or the root mean square over all actuators")                \
  X(INT, bc, width, "256", 4, 4096, "", "", "hidden width of the MLP of behaviour cloning")                            \
  X(INT, bc, depth, "3", 1, 16, "", "", "hidden layers of the MLP of behaviour cloning")                               \
  X(INT, act_chunk, length, "8", 1, 512, "", "actions",                                                                \
    "actions that are predicted at a time, at most window.horizon (act_chunk)")                                        \
  X(REAL, act_chunk, decay, "0.01", 0, 100, "", "",                                                                    \
    "temporal ensembling: the weight of the i-th oldest prediction of an action is exp(-decay i)")                     \
  X(TEXT, dap, feedback, "mutual", 0, 0, "none|once|mutual", "",                                                       \
    "what the policy is told of the next state: nothing, one prediction, or an estimate at every flow step")           \
  X(INT, dap, chunk, "8", 1, 512, "", "actions", "actions that are generated at a time, at most window.horizon")       \
  X(INT, dap, execute, "4", 1, 512, "", "actions",                                                                     \
    "actions of a chunk, at most dap.chunk, that are executed; the next state is the one after them")                  \
  X(REAL, dap, null_share, "0.4", 0, 1, "", "", "share of the policy's training samples without a next state")         \
  X(REAL, dap, estimated_share, "0.5", 0, 1, "", "",                                                                   \
    "share of the others whose next state is estimated by the learned dynamics")                                       \
  X(INT, dap, random_episodes, "1000", 1, 1000000, "", "windows",                                                      \
    "windows of random actions from demonstrated states that the learned dynamics is trained on")                      \
  X(REAL, dap, random_share, "0.5", 0, 1, "", "", "share of its training transitions that are from them")              \
  X(REAL, dap, action_noise, "0.6", 0, 100, "", "std",                                                                 \
    "largest noise on the actions that the dynamics is told in training, at flow time 0")                              \
  X(INT, dap, width, "256", 4, 4096, "", "", "hidden width of the learned dynamics, an MLP")                           \
  X(INT, dap, depth, "3", 1, 16, "", "", "hidden layers of the learned dynamics")                                      \
  X(INT, dap, steps, "1500", 1, 100000000, "", "", "gradient steps of the learned dynamics")                           \
  X(INT, dap, batch, "128", 1, 65536, "", "transitions", "transitions per gradient step of the learned dynamics")      \
  X(REAL, dap, rate, "0.001", 0, 1, "", "", "learning rate of the learned dynamics")                                   \
  X(TEXT, tracking, norm, "std", 0, 0, "std|si", "",                                                                   \
    "kinematic_fm_tracking: error that an action minimises, in standard deviations or as in sae_min")                  \
  X(TEXT, projection, norm, "si", 0, 0, "std|si", "", "the same of ddat_projection")                                   \
  X(REAL, projection, from, "0.83", 0, 1, "", "",                                                                      \
    "flow time from which a sampler step is projected; the last step always is (ddat_projection)")                     \
  X(INT, trajopt, iterations, "60", 0, 100000, "", "", "most iterations of the fit of a window (trajopt)")             \
  X(REAL, trajopt, tolerance, "1e-06", 0, 1, "", "",                                                                   \
    "a fit ends when an iteration lowers its squared error by less than this share (trajopt)")                         \
  X(INT, eval, windows, "64", 1, 1000000, "", "windows", "held-out windows to evaluate")                               \
  X(INT, eval, sae_windows, "16", 0, 1000000, "", "windows", "how many of these windows to search for sae_min")        \
  X(LIST, eval, sampler_steps, "1,5", 1, 1000, "", "", "numbers K of Euler steps of the sampler to evaluate")          \
  X(INT, eval, chains, "64", 0, 1000000, "", "", "open-loop chains for fall_rate")                                     \
  X(REAL, eval, chain_seconds, "5", 0, 1000, "", "s", "length of a chain")                                             \
  X(INT, eval, seed, "1", 0, 2147483647, "", "", "seed for choosing held-out windows; the same for every method")      \
  X(TEXT, eval, profile, "", 0, 0, "", "",                                                                             \
    "profile whose demonstrations give the held-out windows instead, for other commands or recordings than trained")   \
  X(TEXT, eval, chain_commands, "start", 0, 0, "start|follow", "",                                                     \
    "condition of a chain: of its start state, or, window by window, those of the demonstration")                      \
  X(NAMES, eval, feet, "", 0, 0, "", "", "foot geoms whose contacts are compared: names, or BODY:I, geom I of a body") \
  X(REAL, eval, style_band, "0", 0, 1000, "", "s",                                                                     \
    "the most by which style_joints shifts a motion in time against its demonstration; 0: no metrics of style")        \
  X(LIST, eval, velocity_limit, "", 1e-6, 1e6, "", "rad/s, m/s",                                                       \
    "largest speeds of the actuated hinges and slides, in their order; short lists repeat; empty: unknown")            \
  X(REAL, eval, fall_height, "0", -1e3, 1e3, "", "m",                                                                  \
    "fallen when the base is lower than this above the ground; 0: never")                                              \
  X(REAL, eval, fall_tilt, "0", 0, 180, "", "deg", "fallen when the base leans more than this; 0: never")              \
  X(TEXT, eval, height_joint, "", 0, 0, "", "", "slide joint that gives the base height; empty: the free base")        \
  X(TEXT, eval, tilt_joint, "", 0, 0, "", "", "hinge or ball joint that gives the base tilt; empty: the free base")    \
  X(NAMES, eval, goal_joints, "", 0, 0, "", "",                                                                        \
    "joints that give the place of the object of goal_distance: one free joint, or a slide per condition")             \
  X(NAMES, eval, goal_conditions, "", 0, 0, "", "",                                                                    \
    "conditions that are the goal of this object: x, y and z in the world, or the positions of the slides")            \
  X(REAL, eval, goal_tolerance, "0.02", 0, 1e3, "", "m", "the goal is reached nearer than this (goal_reached)")        \
  X(TEXT, expert, method, "shac", 0, 0, "shac|apg|ppo", "",                                                            \
    "how a policy is trained: by the gradient of its windows with a critic (shac) or without (apg), or by rewards "    \
    "alone (ppo) (docs/experts.md)")                                                                                   \
  X(NAMES, expert, gaits, "trot,pace,bound,pronk", 0, 0, "", "", "gaits that a policy is trained to walk")             \
  X(LIST, expert, command, "1,0.4,0.8", 0, 10, "", "m/s, rad/s",                                                       \
    "largest commands: forward and sideways velocity, yaw rate")                                                       \
  X(REAL, expert, frequency, "3", 0.1, 20, "", "Hz", "cycles of the gait clock per second")                            \
  X(REAL, expert, duty, "0.5", 0.05, 0.95, "", "", "share of a cycle in which a foot stands")                          \
  X(REAL, expert, foot_height, "0.023", -1, 1, "", "m", "height of the centre of a foot geom (eval.feet) that stands") \
  X(REAL, expert, swing_height, "0.07", 0, 1, "", "m", "height that a swinging foot is lifted")                        \
  X(LIST, expert, height, "0.29", 0, 10, "", "m", "height of the base; one number, or one per gait")                   \
  X(LIST, expert, home, "", -1e6, 1e6, "", "action",                                                                   \
    "posture of starts, and action of an untrained policy; a short list repeats; empty: action.center")                \
  X(REAL, expert, alive, "2", -1e3, 1e3, "", "",                                                                       \
    "reward of an action without costs; it has to exceed the costs of a beginner, or falls are a way out")             \
  X(INT, expert, updates, "1000", 1, 100000000, "", "", "windows of all robots, each followed by an update")           \
  X(INT, expert, robots, "32", 1, 65536, "", "", "robots that walk at once")                                           \
  X(INT, expert, horizon, "24", 1, 4096, "", "actions", "actions of a window")                                         \
  X(INT, expert, slices, "4", 1, 1024, "", "", "micro-batches of robots; the most threads that work at once")          \
  X(INT, expert, width, "128", 4, 4096, "", "", "hidden width of policy and critic")                                   \
  X(INT, expert, depth, "2", 1, 16, "", "", "hidden layers of policy and critic")                                      \
  X(REAL, expert, rate, "0.002", 0, 1, "", "", "learning rate of the policy; it falls linearly")                       \
  X(REAL, expert, critic_rate, "0.002", 0, 1, "", "", "learning rate of the critic; it falls linearly")                \
  X(REAL, expert, clip, "1", 0, 1e9, "", "", "bound on the 2-norm of the gradient of the policy; 0: no bound")         \
  X(REAL, expert, gamma, "0.97", 0, 1, "", "", "discount of rewards per action")                                       \
  X(REAL, expert, lambda, "0.95", 0, 1, "", "", "lambda of the returns that the critic follows")                       \
  X(REAL, expert, decay, "0.97", 0, 1, "", "", "shac, apg: factor on the state cotangent per action")                  \
  X(REAL, expert, noise, "0.1", 0, 10, "", "", "shac, apg: exploration, standard deviation of the noise before tanh")  \
  X(INT, expert, critic_steps, "8", 0, 10000, "", "", "shac: gradient steps of the critic per update")                 \
  X(REAL, expert, critic_share, "0.25", 1e-06, 1, "", "", "shac: samples of such a step as a share of the window")     \
  X(REAL, expert, critic_mix, "0.4", 0, 1, "", "", "shac: how far the slow critic follows the critic per update")      \
  X(INT, expert, ppo_epochs, "4", 1, 10000, "", "", "ppo: passes over a window per update")                            \
  X(INT, expert, ppo_minibatches, "4", 1, 1000000, "", "", "ppo: minibatches of a pass, each with a gradient step")    \
  X(REAL, expert, ppo_clip, "0.2", 1e-06, 1, "", "",                                                                   \
    "ppo: how far the ratio of the policies counts on each side of 1")                                                 \
  X(REAL, expert, ppo_kl, "0.01", 0, 10, "", "",                                                                       \
    "ppo: divergence of an update that the learning rate of the policy is adapted to; 0: it falls linearly")           \
  X(REAL, expert, ppo_noise, "0.2", 0.001, 10, "", "",                                                                 \
    "ppo: exploration at the beginning, standard deviation of the noise before tanh, which is trained")                \
  X(REAL, expert, ppo_entropy, "0", 0, 10, "", "", "ppo: weight of the entropy of the noise in the loss")              \
  X(REAL, expert, fresh, "0.004", 0, 1, "", "", "probability per action of a fresh start")                             \
  X(REAL, expert, renew, "0.005", 0, 1, "", "", "probability per action of another command and gait")                  \
  X(TEXT, expert, imitate, "none", 0, 0, "none|clips", "",                                                             \
    "what a policy follows: gait clock and commands (none), or the states of the demonstrations, episode by episode "  \
    "(clips)")                                                                                                         \
  X(LIST, expert, clips, "", 0, 1e9, "", "",                                                                           \
    "imitation: episodes to follow, from 0; empty: all of expert.gaits that are not held out")                         \
  X(LIST, expert, ahead, "1,4", 1, 100000, "", "frames", "imitation: demonstrated frames that are observed ahead")     \
  X(REAL, expert, off_clip, "0.2", 0, 1e3, "", "m",                                                                    \
    "imitation: a robot is lost when its base is so much too high or low, or a foot so far off, as seen from the "     \
    "base; 0: never")                                                                                                  \
  X(LIST, expert_reward, velocity, "0.5", 0, 1e6, "", "",                                                              \
    "weight of a cost: horizontal velocity of the base against the command; one number, or one per gait")              \
  X(LIST, expert_reward, yaw_rate, "0.2", 0, 1e6, "", "",                                                              \
    "weight of a cost: yaw rate against the command; one number, or one per gait")                                     \
  X(LIST, expert_reward, vertical, "0.02", 0, 1e6, "", "",                                                             \
    "weight of a cost: vertical velocity of the base; one number, or one per gait")                                    \
  X(LIST, expert_reward, roll, "0.1", 0, 1e6, "", "",                                                                  \
    "weight of a cost: roll of the base; one number, or one per gait")                                                 \
  X(LIST, expert_reward, pitch, "0.1", 0, 1e6, "", "",                                                                 \
    "weight of a cost: pitch of the base; one number, or one per gait")                                                \
  X(LIST, expert_reward, roll_rate, "0.02", 0, 1e6, "", "",                                                            \
    "weight of a cost: roll rate; one number, or one per gait")                                                        \
  X(LIST, expert_reward, pitch_rate, "0.02", 0, 1e6, "", "",                                                           \
    "weight of a cost: pitch rate; one number, or one per gait")                                                       \
  X(LIST, expert_reward, height, "0.25", 0, 1e6, "", "",                                                               \
    "weight of a cost: height of the base against expert.height; one number, or one per gait")                         \
  X(LIST, expert_reward, foot_height, "0.8", 0, 1e6, "", "",                                                           \
    "weight of a cost: heights of the feet against the gait clock; one number, or one per gait")                       \
  X(LIST, expert_reward, foot_slip, "0.1", 0, 1e6, "", "",                                                             \
    "weight of a cost: horizontal velocities of standing feet; one number, or one per gait")                           \
  X(LIST, expert_reward, action_change, "0.05", 0, 1e6, "", "",                                                        \
    "weight of a cost: changes of the action; one number, or one per gait")                                            \
  X(LIST, expert_reward, joint_velocity, "0.02", 0, 1e6, "", "",                                                       \
    "weight of a cost: joint velocities; one number, or one per gait")                                                 \
  X(LIST, expert_reward, posture, "0.03", 0, 1e6, "", "",                                                              \
    "weight of a cost: joint positions against expert.home; one number, or one per gait")                              \
  X(LIST, expert_reward, track_joints, "0.6", 0, 1e6, "", "",                                                          \
    "imitation: weight of a cost: joint positions against the clip; one number, or one per gait")                      \
  X(LIST, expert_reward, track_joint_velocity, "0.1", 0, 1e6, "", "",                                                  \
    "imitation: weight of a cost: joint velocities against the clip; one number, or one per gait")                     \
  X(LIST, expert_reward, track_height, "0.25", 0, 1e6, "", "",                                                         \
    "imitation: weight of a cost: height of the base against the clip; one number, or one per gait")                   \
  X(LIST, expert_reward, track_tilt, "0.15", 0, 1e6, "", "",                                                           \
    "imitation: weight of a cost: tilt of the base against the clip; one number, or one per gait")                     \
  X(LIST, expert_reward, track_velocity, "0.5", 0, 1e6, "", "",                                                        \
    "imitation: weight of a cost: velocity of the base against the clip; one number, or one per gait")                 \
  X(LIST, expert_reward, track_rate, "0.1", 0, 1e6, "", "",                                                            \
    "imitation: weight of a cost: angular velocity of the base against the clip; one number, or one per gait")         \
  X(LIST, expert_reward, track_feet, "0.4", 0, 1e6, "", "",                                                            \
    "imitation: weight of a cost: feet in the body frame against the clip; one number, or one per gait")               \
  X(REAL, expert_observe, up, "3", 0, 1e6, "", "",                                                                     \
    "scale of an observation, 0: left out: the vertical in the body frame")                                            \
  X(REAL, expert_observe, velocity, "2", 0, 1e6, "", "", "scale of an observation, 0: left out: velocity of the base") \
  X(REAL, expert_observe, rate, "0.5", 0, 1e6, "", "",                                                                 \
    "scale of an observation, 0: left out: angular velocity of the base")                                              \
  X(REAL, expert_observe, height, "10", 0, 1e6, "", "", "scale of an observation, 0: left out: height of the base")    \
  X(REAL, expert_observe, joints, "2", 0, 1e6, "", "", "scale of an observation, 0: left out: joint positions")        \
  X(REAL, expert_observe, joint_velocity, "0.1", 0, 1e6, "", "",                                                       \
    "scale of an observation, 0: left out: joint velocities")                                                          \
  X(REAL, expert_observe, last_action, "2", 0, 1e6, "", "", "scale of an observation, 0: left out: the action before") \
  X(REAL, expert_observe, command, "2", 0, 1e6, "", "", "scale of an observation, 0: left out: the command")           \
  X(REAL, expert_observe, clock, "1", 0, 1e6, "", "",                                                                  \
    "scale of an observation, 0: left out: sine and cosine of the phase of every foot")                                \
  X(REAL, expert_observe, gait, "1", 0, 1e6, "", "", "scale of an observation, 0: left out: the gait, one-hot")        \
  X(REAL, expert_observe, target, "1", 0, 1e6, "", "",                                                                 \
    "imitation: scale of an observation, 0: left out: the demonstrated frames of expert.ahead")                        \
  X(REAL, expert_start, tilt, "0.04", 0, 1e3, "", "rad", "noise of start states: roll and pitch, standard deviation")  \
  X(REAL, expert_start, joints, "0.125", 0, 1e3, "", "rad", "noise of start states: joint positions, largest size")    \
  X(REAL, expert_start, drop, "0.02", 0, 1e3, "", "m", "noise of start states: largest height above the floor")        \
  X(REAL, expert_start, velocity, "0.2", 0, 1e3, "", "m/s",                                                            \
    "noise of start states: horizontal velocity of the base, standard deviation; vertical a quarter of it")            \
  X(REAL, expert_start, rate, "0.25", 0, 1e3, "", "rad/s",                                                             \
    "noise of start states: angular velocity of the base, standard deviation")                                         \
  X(REAL, expert_start, joint_velocity, "0.5", 0, 1e3, "", "rad/s",                                                    \
    "noise of start states: joint velocities, standard deviation")

typedef struct df_config {
#define DF_CONFIG_MEMBER(kind, section, field, ...) df_kind_##kind section##_##field;
  DF_CONFIG_TABLE(DF_CONFIG_MEMBER)
#undef DF_CONFIG_MEMBER
} df_config;

/* one row of the table; all strings are static */
typedef struct df_config_key {
  const char* name; /* "train.steps" */
  const char* kind; /* "INT", "REAL", "TEXT", "LIST", "NAMES" or "ITEMS" */
  const char* default_text;
  double low, high;
  const char* choices;
  const char* unit;
  const char* help;
} df_config_key;

/* Sets *keys to the rows of the table, a static array, and returns their number. */
DF_API int df_config_keys(const df_config_key** keys);

/* Whether trained weights depend on a setting: not on those of evaluation (eval.*) and of sampling (tracking.*,
 * projection.*, trajopt.*, flow.solver, flow.tolerance, flow.guidance, flow.eta, flow.clip), nor on those of experts
 * (expert*), which are no methods. */
DF_API bool df_config_trains(const char* key);

/* Returns the settings with every default value. */
DF_API df_config df_config_default(void);

/* Reads a task file and resolves it for a profile and a method ("" or NULL: none) with n overrides "key=value", of
 * which later ones win; on failure *out is unchanged. Errors: DF_E_ARG (NULL argument, n < 0), DF_E_MISSING, DF_E_IO,
 * DF_E_NOMEM; DF_E_FORMAT for YAML syntax (file and line); DF_E_CONFIG for a bad setting (file, line, key, value and
 * range), an unknown profile (with the names of the known ones; every file has "full", by default its settings
 * as they are), an empty task.name, or settings of a method that task.methods does not list. */
DF_API DF_MUST_CHECK df_status df_config_load(const char* path, const char* profile, const char* method, int n,
                                              const char* const* overrides, df_config* out);

/* Calls `visit` for every setting of every profile of a task file, in their order, with its key, which begins with
 * "methods.<method>." if it is for one method, and its text; for a profile without settings once, with "" and "". A
 * file without profiles has the profile "full". The strings are valid during the call. Errors: as df_config_load(), but
 * values are not checked. */
DF_API DF_MUST_CHECK df_status df_config_profiles(const char* path,
                                                  void (*visit)(void* context, const char* profile, const char* key,
                                                                const char* value),
                                                  void* context);

/* Sets one key from text, and those of net.preset; `where` names the source in errors ("task.yaml:12", "--set").
 * DF_E_CONFIG names key, value and range, and suggests a known key for an unknown one; DF_E_ARG for a NULL argument. On
 * failure *config is unchanged. */
DF_API DF_MUST_CHECK df_status df_config_set(df_config* config, const char* key, const char* value, const char* where);

/* Writes the value of key i (index into df_config_keys) as canonical text into text [n], cut at n - 1 bytes: numbers in
 * the shortest form that reads back exactly, lists and names joined by commas. */
DF_API void df_config_value(const df_config* config, int i, char* text, size_t n);

DF_END_DECLS

#endif
