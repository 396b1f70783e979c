/* method.h: the interface of all methods: DynaFlow, its baselines and plugins.
 *
 * A method is a table of functions on an opaque instance. An instance is made for one task and seed, trained or loaded,
 * and then samples windows: for a start state x0 and a condition it returns a sequence of states and, if the method has
 * them, the actions that should produce these states. All methods are evaluated in the same way, outside the method. */
#ifndef DYNAFLOW_FLOW_METHOD_H
#define DYNAFLOW_FLOW_METHOD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "dynaflow/data/task.h"
#include "dynaflow/flow/ranks.h"

DF_BEGIN_DECLS

enum {
  DF_METHOD_TRAINS = 1,              /* has train, save and load */
  DF_METHOD_NEEDS_ACTIONS = 2,       /* the demonstrations must contain actions */
  DF_METHOD_RETURNS_ACTIONS = 4,     /* sample writes actions */
  DF_METHOD_SAMPLES = 8,             /* its result depends on the number K of sampler steps */
  DF_METHOD_SEES_DEMONSTRATION = 16, /* receives the demonstrated states and actions: an upper reference (ceiling) */
  DF_METHOD_IGNORES_SEED = 32,       /* uses no random numbers: every seed gives the same result */
  DF_METHOD_SIMULATES = 64           /* trains by the gradient of rollouts, which grows with window.horizon */
};

/* the training log of one network. The loss curve has at most DF_LOG_MAX points; each is the mean over the steps since
 * the previous point. */
enum { DF_LOG_MAX = 200, DF_LOGS_MAX = 2 };
typedef struct df_training_log {
  char name[DF_NAME_MAX]; /* "dynaflow", "inverse_dynamics" */
  int n;                  /* number of points of the curve */
  long step[DF_LOG_MAX];
  double loss[DF_LOG_MAX];
  /* The mean loss of the averaged weights over those windows that are neither trained nor tested on
   * (train.validate_every) whose rollouts did not diverge, NaN if all did, and how many did; n_validation is 0 if it is
   * not measured. */
  int n_validation, validation_windows;
  long validation_step[DF_LOG_MAX];
  double validation_loss[DF_LOG_MAX];
  int validation_diverged[DF_LOG_MAX];
  long steps; /* gradient steps so far */
  long kept;  /* the step after which the averaged weights were kept: `steps`, or that of the lowest validation loss */
  long diverged; /* training windows whose rollout diverged; they are left out of the gradient */
  long skipped;  /* steps that were not applied because their gradient was not finite */
  /* Number of steps before which samples simulate a part of the window (train.horizon_from), 0: none. Points of the
   * curve up to it do not compare with the others. */
  long whole_from;
  /* adjoints of simulated actions computed for the gradients, and how many were not exact (dynaflow/sim/adjoint.h);
   * summed over all parts of a resumed training */
  df_gradient_count adjoints;
  size_t parameters; /* number of trained parameters */
  double cpu_s;      /* CPU seconds of all threads of all ranks */
  /* RMS one-step error of the recovered actions that it was trained on, std (flow.h); NaN: it was trained on none */
  double residual;
  double residual_share; /* residual divided by that of constant actions; NaN as residual */
} df_training_log;

/* a training after a gradient step */
typedef struct df_progress {
  const char* network;
  long step, steps;        /* done, and to do in all */
  bool point;              /* the step completed a point of the loss curve */
  double loss;             /* the last point of the loss curve; NaN: none yet, or none finite */
  double validation_loss;  /* the last one that was measured; NaN: none yet, or all windows diverged */
  int validation_diverged; /* of `validation_windows` windows, which it does not include */
  int validation_windows;
  bool validated;       /* it was measured after this step */
  double gradient_norm; /* 2-norm of the step's gradient before clipping; not finite: the step was not applied */
  double rate;          /* learning rate of the step */
  double cpu_s;         /* CPU seconds of the training so far, of all its parts */
} df_progress;

/* Called after every gradient step, by the thread that trains. The method's `save` may be called from it: it writes the
 * weights as they are. */
typedef void (*df_progress_fn)(void* context, const df_progress* at);

/* the environment of an instance; the strings and pointers must outlive it */
typedef struct df_method_env {
  const df_task* task; /* must outlive the instance */
  uint64_t seed;
  int threads;             /* >= 1 */
  df_progress_fn progress; /* may be NULL */
  void* progress_context;
  const volatile sig_atomic_t* stop; /* may be NULL; training returns DF_E_INTERRUPTED soon after it becomes non-zero */

  /* The existing folder in which training saves its state, so that a killed training resumes with bit-identical
   * results; NULL: the state is not saved. Each network has a file <state_folder>/<name>.state, which is read when
   * training starts and written every state_every seconds, on interruption and at the end; the one before it is kept as
   * <name>.state.previous. A file that does not have its checksum, or whose counters do not fit, is renamed to
   * <file>.damaged and reported by `notice`, and training goes on from the previous state, or starts over. The caller
   * removes the files. */
  const char* state_folder;
  /* a hash of all that determines the networks, the program's training key: a state file of another identity is
   * refused; NULL is "" */
  const char* state_identity;
  double state_every; /* seconds of wall time */
  /* called with a sentence that the user must see and that is no error, and progress_context; may be NULL */
  void (*notice)(void* context, const char* sentence);
  /* called after the rollout of every training window that did not diverge, by the thread that simulated it, with its
   * index in the batch, x0 [nx] and the applied actions u [H][nu]; for benchmarks. May be NULL. */
  void (*simulated)(void* context, int sample, const double* x0, const double* u);
  void* simulated_context;
  df_ranks* ranks; /* the processes that train together; NULL: this one alone */
  void* context;   /* df_method.context of the method that is created */
} df_method_env;

/* a request for B windows of the task's horizon H; the arrays are owned by the caller */
typedef struct df_request {
  int B;
  const double* x0;                   /* [B][nx] */
  const double* condition;            /* [B][nc]; NULL if nc == 0 */
  const double* demonstrated_actions; /* [B][H][nu]; NULL unless the method has SEES_DEMONSTRATION and there are any */
  const double* demonstrated_states;  /* [B][H+1][nx]; NULL unless the method has SEES_DEMONSTRATION */
  uint64_t seed;                      /* seed of the base samples */
  uint64_t first_index;               /* window b uses the random numbers of index first_index + b */
  int sampler_steps;                  /* number K of Euler steps, >= 1 */
} df_request;

/* ---- what a method measures of itself after training, for the reader of its scores: in the record and the report ----
 */

enum { DF_GATES_MAX = 8, DF_CURVES_MAX = 4, DF_CURVE_POINTS = 16, DF_SENTENCE_MAX = 256 };

/* a condition without which scores do not say what they seem to say */
typedef struct df_gate {
  char name[DF_NAME_MAX];  /* letters, digits and _ */
  double value, reference; /* what is compared, in the unit `unit` */
  char unit[DF_NAME_MAX];
  bool passed;
  char sentence[DF_SENTENCE_MAX]; /* what follows if it fails */
} df_gate;

/* an error against flow time */
typedef struct df_diagnostic_curve {
  char name[DF_NAME_MAX]; /* letters, digits and _ */
  char unit[DF_NAME_MAX];
  int n; /* points, at most DF_CURVE_POINTS */
  double flow_time[DF_CURVE_POINTS], value[DF_CURVE_POINTS];
  double reference; /* what to compare with */
  char reference_name[DF_NAME_MAX];
} df_diagnostic_curve;

typedef struct df_diagnostics {
  int n_gates, n_curves;
  df_gate gate[DF_GATES_MAX];
  df_diagnostic_curve curve[DF_CURVES_MAX];
} df_diagnostics;

/* the table of a method; a function that fails sets the message of df_error_message() by df_fail() */
typedef struct df_method {
  const char* name;    /* letters, digits and _, fewer than DF_NAME_MAX */
  const char* summary; /* one line */
  unsigned flags;      /* DF_METHOD_... */
  void* context;       /* for its own functions, which the program does not read; create() finds it in env */
  /* Makes an instance; on failure *self is NULL. */
  df_status (*create)(const df_method_env* env, void** self);
  void (*destroy)(void* self); /* NULL is allowed */
  /* Trains the instance; writes one log per network to logs [DF_LOGS_MAX] and their number to *n_logs. */
  df_status (*train)(void* self, df_training_log* logs, int* n_logs);
  /* Write and read what sampling needs. Further files may be written beside `path`, with names that begin with it, as
   * in <path>.inverse: records list all of them with their hashes. train, save and load may be NULL without
   * DF_METHOD_TRAINS. */
  df_status (*save)(const void* self, const char* path);
  df_status (*load)(void* self, const char* path);
  /* Writes x [B][H+1][nx] with x[b][0] = x0[b], and u [B][H][nu] (unchanged without DF_METHOD_RETURNS_ACTIONS); both
   * are owned by the caller. */
  df_status (*sample)(void* self, const df_request* request, double* x, double* u);
  /* The names of the networks that `train` trains, as in its logs and in the calls of env.progress, in any order; the
   * entries after the last one are NULL, all of them if no network is named. A network is determined by its name, the
   * task, its settings without those of evaluation and sampling (df_config_trains()), and the seed: methods that name
   * the same network train the same weights, and a run trains it once. A network that is trained without being named
   * here is trained for every cell, and its time is not estimated. */
  const char* networks[DF_LOGS_MAX];
  /* Optional. Measures a trained or loaded instance on held-out windows and fills *out, which is zeroed. It is called
   * before the evaluation, whose results do not depend on it. */
  df_status (*diagnose)(void* self, df_diagnostics* out);
  /* Adds the simulation work of all samples so far to *sum, for methods that search for actions while they sample; the
   * same for any number of threads. NULL: it is not counted. */
  void (*add_effort)(const void* self, df_effort* sum);
} df_method;

/* ---- plugins: `dynaflow --plugin FILE.so` ----
 *
 * A plugin is a shared object, linked with libdynaflow, that defines the two symbols below. It is refused if its
 * version differs from the program's: DF_METHOD_VERSION is made of the sizes of the structs that a plugin shares with
 * the program, so that a plugin built with other headers is detected, and of DF_METHOD_REVISION, which is increased
 * for every other change after which plugins must be rebuilt. See docs/add-a-method.md for an example. */
enum { DF_METHOD_REVISION = 4 };

/* weights make it unlikely that two changes cancel */
#define DF_METHOD_SIZES                                                                                    \
  (101 * sizeof(df_task) + 103 * sizeof(df_system) + 107 * sizeof(df_dataset) + 109 * sizeof(df_windows) + \
   113 * sizeof(df_method_env) + 127 * sizeof(df_request) + 131 * sizeof(df_training_log) + 137 * sizeof(df_method))
#define DF_METHOD_VERSION (DF_METHOD_REVISION * 10000000 + (int)(DF_METHOD_SIZES % 10000000))

DF_API extern const int df_plugin_version; /* = DF_METHOD_VERSION */
DF_API extern const df_method df_plugin_method;

DF_END_DECLS

#endif
