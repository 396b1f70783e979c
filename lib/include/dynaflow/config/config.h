/* config.h: every setting of a task, in one table.
 *
 * A task.yaml is read as dotted keys ("train.steps: 1200" stands under "train:"). Values come, later ones winning, from
 *   1. the defaults below          2. the task's own keys          3. its methods.<method>.<key>
 *   4. profiles.<profile>.<key>    5. profiles.<profile>.methods.<method>.<key>           6. --set key=value
 * An unknown key, a value of the wrong kind or out of range is refused with file, line, key, value and range, in
 * profiles and methods that are not asked for too. Dots and nesting are one ("train: {steps: 9}" is "train.steps: 9");
 * a key that stands twice, by whichever spelling, is refused. */
#ifndef DYNAFLOW_DATA_CONFIG_H
#define DYNAFLOW_DATA_CONFIG_H

#include <stddef.h>

#include "dynaflow/core/status.h"

enum { DF_TEXT_MAX = 256, DF_LIST_MAX = 64, DF_NAMES_MAX = 16, DF_NAME_MAX = 48 };

typedef struct df_list {
  int n;
  double v[DF_LIST_MAX];
} df_list;
typedef struct df_names {
  int n;
  char v[DF_NAMES_MAX][DF_NAME_MAX];
} df_names;

typedef int df_kind_INT;
typedef double df_kind_REAL;
typedef char df_kind_TEXT[DF_TEXT_MAX];
typedef df_list df_kind_LIST;
typedef df_names df_kind_NAMES;

/* X(kind, section, field, default, low, high, choices, unit, help)
 *   INT and REAL have the range [low, high]; TEXT with choices must be one of them ("a|b|c"); LIST and NAMES are
 *   sequences or comma-separated, a LIST's numbers each in [low, high]. The struct member is <section>_<field>. */
#define DF_CONFIG_TABLE(X)                                                                                             \
  X(TEXT, task, name, "", 0, 0, "", "", "name of the task, the same as its folder")                                    \
  X(TEXT, task, title, "", 0, 0, "", "", "one line for tables and reports")                                            \
  X(INT, task, version, "1", 1, 1e6, "", "", "raised when a change makes old numbers incomparable")                    \
  X(NAMES, task, methods, "", 0, 0, "", "", "methods that a run takes when none are named")                            \
  X(TEXT, system, model, "", 0, 0, "", "", "MJCF file: in the task's folder or on the data path")                      \
  X(TEXT, system, model_sha256, "", 0, 0, "", "", "SHA-256 that the model file must have; empty for none")             \
  X(TEXT, system, model_url, "", 0, 0, "", "", "where `data fetch` gets the model")                                    \
  X(REAL, system, timestep, "0", 0, 1, "", "s", "physics step; 0 keeps the model's")                                   \
  X(INT, system, substeps, "1", 1, 100, "", "", "physics steps that an action lasts")                                  \
  X(TEXT, system, integrator, "model", 0, 0, "model|Euler|implicitfast|RK4", "", "integrator")                         \
  X(TEXT, system, solver, "model", 0, 0, "model|Newton|CG", "", "constraint solver; PGS has no exact adjoint")         \
  X(INT, system, iterations, "100", 50, 100000, "", "", "solver iterations; fewer make the implicit gradient wrong")   \
  X(REAL, system, tolerance, "0", 0, 1, "", "", "solver tolerance; 0 keeps the model's")                               \
  X(REAL, system, margin_scale, "1", 0, 1, "", "", "factor on geom margins; 0.5 for data older than MuJoCo 3.5")       \
  X(TEXT, system, contacts, "exact", 0, 0, "exact|approximate", "", "admit geom pairs without an exact derivative?")   \
  X(TEXT, system, gradient, "exact", 0, 0, "exact|differences", "", "finite differences where no adjoint is exact?")   \
  X(LIST, action, center, "", -1e6, 1e6, "", "action", "action at network output 0; repeated along the actuators")     \
  X(LIST, action, half_range, "", 0, 1e6, "", "action", "action = center + half_range tanh(output)")                   \
  X(TEXT, data, source, "npz", 0, 0, "npz|generator", "", "a recorded file, or a generator of demonstrations")         \
  X(TEXT, data, generator, "", 0, 0, "", "", "name of the generator")                                                  \
  X(TEXT, data, file, "", 0, 0, "", "", "file of recorded demonstrations")                                             \
  X(TEXT, data, sha256, "", 0, 0, "", "", "SHA-256 that the file must have; empty for none")                           \
  X(TEXT, data, url, "", 0, 0, "", "", "where `data fetch` gets the file")                                             \
  X(TEXT, data, states_key, "states", 0, 0, "", "", "array of states [N][T+1][nx]")                                    \
  X(TEXT, data, actions_key, "actions", 0, 0, "", "", "array of actions [N][T or T+1][nu]; empty: states only")        \
  X(NAMES, data, gaits, "trot,pace,bound,pronk", 0, 0, "", "", "gaits to demonstrate")                                 \
  X(INT, data, episodes, "200", 1, 1000000, "", "", "demonstrations kept a gait")                                      \
  X(REAL, data, seconds, "5", 0.1, 1000, "", "s", "length of a demonstration")                                         \
  X(INT, data, seed, "1", 0, 2147483647, "", "", "seed of commands and starts")                                        \
  X(REAL, data, command_vx, "1", 0, 3, "", "m/s", "forward command, uniform in +- this")                               \
  X(REAL, data, command_vy, "0.4", 0, 1.5, "", "m/s", "lateral command, uniform in +- this")                           \
  X(REAL, data, command_wz, "0.8", 0, 2, "", "rad/s", "yaw rate command, uniform in +- this")                          \
  X(INT, window, horizon, "16", 1, 512, "", "actions", "actions in a window")                                          \
  X(INT, window, stride, "1", 1, 1000, "", "frames", "between the starts of successive windows")                       \
  X(INT, window, first, "0", 0, 1000000, "", "frames", "first start frame of an episode")                              \
  X(INT, window, last, "0", 0, 1000000, "", "frames", "last start frame of an episode; 0: as far as windows fit")      \
  X(INT, split, test_every, "10", 2, 1000000, "", "episodes", "every n-th episode is held out, whole")                 \
  X(NAMES, chart, relative, "", 0, 0, "", "", "slide joints measured from a window's first frame")                     \
  X(REAL, flow, sigma, "1", 1e-6, 100, "", "std", "standard deviation of the base sample")                             \
  X(TEXT, net, kind, "dit", 0, 0, "dit|mlp", "", "network")                                                            \
  X(INT, net, width, "96", 4, 4096, "", "", "token width")                                                             \
  X(INT, net, depth, "3", 1, 64, "", "", "blocks")                                                                     \
  X(INT, net, heads, "4", 1, 64, "", "", "attention heads")                                                            \
  X(INT, net, mlp_ratio, "4", 1, 16, "", "", "hidden width of a block's MLP over the token width")                     \
  X(INT, net, skip_hidden, "256", 0, 8192, "", "", "hidden width of the condition-to-sequence MLP; 0: none")           \
  X(REAL, net, position_std, "0.7", 0, 10, "", "", "size of the position features; small values stall training")       \
  X(INT, train, steps, "1200", 1, 100000000, "", "", "gradient steps")                                                 \
  X(INT, train, batch, "64", 1, 65536, "", "windows", "windows a step")                                                \
  X(INT, train, slices, "8", 1, 1024, "", "", "parts a batch is computed in; part of the result's identity")           \
  X(REAL, train, rate, "0.003", 0, 1, "", "", "learning rate")                                                         \
  X(REAL, train, decay_from, "0.5", 0, 1, "", "", "share of the steps after which the rate falls linearly to 0")       \
  X(REAL, train, weight_decay, "0.0001", 0, 10, "", "", "decoupled weight decay")                                      \
  X(REAL, train, clip, "1", 0, 1e9, "", "", "bound on the gradient's norm; 0: none")                                   \
  X(REAL, train, ema, "0.995", 0, 1, "", "", "decay of the averaged weights that sampling uses")                       \
  X(REAL, train, cotangent_decay, "1", 0, 1, "", "", "factor on the state cotangent per action (rollout decoder)")     \
  X(REAL, train, tape_mib, "0", 0, 1e6, "", "MiB", "bound on a thread's tape; the same bits for more time; 0: none")   \
  X(REAL, train, push, "0", 0, 1, "", "", "share of samples started from drifted simulated states (rollout decoder)")  \
  X(REAL, train, push_error, "1", 0, 100, "", "std", "largest RMS error of a drifted state that training starts from") \
  X(INT, inverse, width, "512", 4, 4096, "", "", "hidden width of the inverse-dynamics MLP")                           \
  X(INT, inverse, depth, "3", 1, 16, "", "", "hidden layers of the inverse-dynamics MLP")                              \
  X(INT, inverse, steps, "2000", 1, 100000000, "", "", "gradient steps of the inverse-dynamics MLP")                   \
  X(INT, inverse, batch, "256", 1, 65536, "", "transitions", "transitions a step")                                     \
  X(REAL, inverse, rate, "0.001", 0, 1, "", "", "learning rate of the inverse-dynamics MLP")                           \
  X(INT, eval, windows, "64", 1, 1000000, "", "windows", "held-out windows compared")                                  \
  X(INT, eval, sae_windows, "16", 0, 1000000, "", "windows", "of these, how many are searched for sae_min")            \
  X(LIST, eval, sampler_steps, "1,5", 1, 1000, "", "", "Euler steps K of the sampler, each evaluated")                 \
  X(INT, eval, chains, "64", 0, 1000000, "", "", "open-loop chains for fall_rate")                                     \
  X(REAL, eval, chain_seconds, "5", 0, 1000, "", "s", "length of a chain")                                             \
  X(INT, eval, seed, "1", 0, 2147483647, "", "", "seed of the choice of test windows, the same for every method")      \
  X(NAMES, eval, feet, "", 0, 0, "", "", "geoms whose contacts are compared")                                          \
  X(REAL, eval, fall_height, "0", -1e3, 1e3, "", "m", "fallen when the base is lower; 0: never")                       \
  X(REAL, eval, fall_tilt, "0", 0, 180, "", "deg", "fallen when the base leans more; 0: never")                        \
  X(TEXT, eval, height_joint, "", 0, 0, "", "", "slide joint that is the base's height; empty: the free joint")        \
  X(TEXT, eval, tilt_joint, "", 0, 0, "", "", "hinge joint that is the base's lean; empty: the free joint")

typedef struct df_config {
#define DF_CONFIG_MEMBER(kind, section, field, ...) df_kind_##kind section##_##field;
  DF_CONFIG_TABLE(DF_CONFIG_MEMBER)
#undef DF_CONFIG_MEMBER
} df_config;

/* one row of the table, for help texts and records */
typedef struct df_config_key {
  const char* name; /* "train.steps" */
  const char* kind; /* "INT" ... */
  const char* default_text;
  double low, high;
  const char* choices;
  const char* unit;
  const char* help;
} df_config_key;

DF_API int df_config_keys(const df_config_key** keys); /* count; static */

DF_API df_config df_config_default(void);

/* Resolves a task file for a profile and a method ("" or NULL: none) with n overrides "key=value".
 * DF_E_MISSING, DF_E_FORMAT (YAML syntax with line), DF_E_CONFIG (file, line, key, value, range; unknown profile with
 * the profiles there are). */
DF_API DF_MUST_CHECK df_status df_config_load(const char* path, const char* profile, const char* method, int n,
                                              const char* const* overrides, df_config* out);

/* Sets one key from text; `where` names the source in errors ("task.yaml:12", "--set"). */
DF_API DF_MUST_CHECK df_status df_config_set(df_config* config, const char* key, const char* value, const char* where);

/* The value of key i (df_config_keys order) as canonical text: numbers in their shortest exact form, lists by commas.
 */
DF_API void df_config_value(const df_config* config, int i, char* text, size_t n);

#endif
