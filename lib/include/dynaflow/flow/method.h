/* method.h: the one door by which methods enter: DynaFlow, its baselines, and yours.
 *
 * A method is a table of functions over an opaque instance. An instance is made for one task and seed, trained or
 * loaded, and asked for windows: from a start state x0 and a condition it returns the states it claims and, if it has
 * them, the actions that should produce them. How good they are is measured outside, the same way for all. */
#ifndef DYNAFLOW_FLOW_METHOD_H
#define DYNAFLOW_FLOW_METHOD_H

#include <signal.h>
#include <stdint.h>

#include "dynaflow/data/task.h"

enum {
  DF_METHOD_TRAINS = 1,        /* has train, save and load */
  DF_METHOD_NEEDS_ACTIONS = 2, /* demonstrations must hold actions */
  DF_METHOD_RETURNS_ACTIONS = 4,
  DF_METHOD_SAMPLES = 8,             /* the number of sampler steps K changes its result */
  DF_METHOD_SEES_DEMONSTRATION = 16, /* is given the answer: the ceiling */
  DF_METHOD_IGNORES_SEED = 32        /* draws nothing: every seed gives the same numbers */
};

/* how training went; curves are thinned to at most DF_LOG_MAX points, each the mean of the steps since the one before
 */
enum { DF_LOG_MAX = 200, DF_LOGS_MAX = 2 };
typedef struct df_training_log {
  char name[DF_NAME_MAX]; /* "dynaflow", "inverse_dynamics" */
  int n;
  long step[DF_LOG_MAX];
  double loss[DF_LOG_MAX];
  long steps;    /* gradient steps made */
  long diverged; /* training windows whose rollout diverged: left out of the gradient */
  long skipped;  /* steps whose gradient was not finite: not applied */
  /* adjoints of simulated actions behind the gradients, and how many of them were not exact (dynaflow/sim/adjoint.h);
   * of a resumed training all of its parts */
  df_gradient_count adjoints;
  size_t parameters;
  double cpu_s; /* CPU seconds of all threads */
} df_training_log;

/* done of total steps, with the last logged loss; called from one thread, often */
typedef void (*df_progress_fn)(void* context, const char* what, long done, long total, double loss);

typedef struct df_method_env {
  const df_task* task; /* must outlive the instance */
  uint64_t seed;
  int threads;
  df_progress_fn progress; /* may be NULL */
  void* progress_context;
  const volatile sig_atomic_t* stop; /* may be NULL; training returns DF_E_INTERRUPTED soon after it becomes non-zero */

  /* Where training keeps its state, so that a killed one goes on as if it had never stopped; NULL: nowhere. Each
   * network has a file <state_folder>/<its name>.state, written every state_every seconds, when interrupted and at its
   * end, and read at its start. The folder must exist; the caller removes it. */
  const char* state_folder;
  const char* state_identity; /* e.g. the cell's key: a state of another identity is refused */
  double state_every;         /* s of wall time */
} df_method_env;

/* what is asked for: B windows of the task's horizon H */
typedef struct df_request {
  int B;
  const double* x0;                   /* [B][nx] */
  const double* condition;            /* [B][nc]; NULL if nc == 0 */
  const double* demonstrated_actions; /* [B][H][nu]; NULL but for SEES_DEMONSTRATION */
  uint64_t seed;                      /* of the base samples, */
  uint64_t first_index;               /* which are drawn at first_index .. first_index + B - 1 */
  int sampler_steps;                  /* K Euler steps, >= 1 */
} df_request;

typedef struct df_method {
  const char* name;
  const char* summary; /* one line */
  unsigned flags;
  df_status (*create)(const df_method_env* env, void** self);
  void (*destroy)(void* self); /* NULL is fine */
  /* logs [DF_LOGS_MAX]; *n_logs out */
  df_status (*train)(void* self, df_training_log* logs, int* n_logs);
  df_status (*save)(const void* self, const char* path);
  df_status (*load)(void* self, const char* path);
  /* x [B][H+1][nx] with x[b][0] = x0[b], and u [B][H][nu] (untouched without RETURNS_ACTIONS): caller-owned */
  df_status (*sample)(void* self, const df_request* request, double* x, double* u);
} df_method;

/* ---- methods from outside: `dynaflow --plugin FILE.so` ----
 *
 * A shared object, linked with libdynaflow, that defines these two. It is refused when its version is not the
 * program's: DF_METHOD_VERSION is raised whenever a plugin has to be compiled anew. docs/add-a-method.md has an
 * example. */
enum { DF_METHOD_VERSION = 2 };

DF_API extern const int df_plugin_version; /* = DF_METHOD_VERSION */
DF_API extern const df_method df_plugin_method;

#endif
