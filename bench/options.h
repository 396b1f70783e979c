/* options.h: the options that every subcommand takes, and what they resolve to: tasks, search paths, BLAS kernels. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "dynaflow/core/status.h"
#include "dynaflow/data/config.h"
#include "dynaflow/data/task.h"
#include "failure.h"

enum { OPTIONS_DATA_MAX = 4, OPTIONS_SET_MAX = 64, OPTIONS_SEEDS_MAX = 64 };

typedef struct options {
  int threads; /* default: all cores */
  bool quiet;  /* no progress, no remarks */
  bool json;   /* one JSON document on standard output */
  int n_data;
  const char* data[OPTIONS_DATA_MAX]; /* --data, searched first and written to */
  const char* tasks;                  /* --tasks; NULL: the places of options_task_folder */
  const char* profile;                /* default "full" */
  int n_set;
  const char* set[OPTIONS_SET_MAX]; /* --set key=value */
  int n_seeds;
  uint64_t seeds[OPTIONS_SEEDS_MAX]; /* default {1} */
  const char* blas_kernel;           /* NULL: environment, then detection; "auto": detection */
} options;

options options_default(void);

/* The child parser of the common options; a subcommand lists it in its argp's children,
 *   static const struct argp_child children[] = {OPTIONS_CHILD, {0}};
 * and in its own parser hands it the struct:
 *   case ARGP_KEY_INIT: state->child_inputs[0] = &arguments->common; return 0;
 * Wrong values end the program with exit code 2, as argp does. --plugin loads its method at once, but may stand behind
 * a
 * --method that names it: look names up at ARGP_KEY_END. */
extern const struct argp options_argp;
#define OPTIONS_CHILD \
  { &options_argp, 0, "Common options:", 100 }

/* Ends the program if several seeds were given to a command that takes one. */
void expect_one_seed(const options* opts, struct argp_state* state);

/* For a command's own options: a whole number or a number in [low, high], or argp_error (exit 2) naming the option. */
long parse_integer(struct argp_state* state, const char* option, const char* text, long low, long high);
double parse_number(struct argp_state* state, const char* option, const char* text, double low, double high);

/* ---- tasks ---- */

/* Folders that hold tasks, in the order they are looked at: --tasks, or ./tasks, ../tasks beside the program's folder,
 * ../share/dynaflow/tasks beside it. Names of existing ones in memory of df_alloc; at most 3; returns how many. */
int task_roots(const options* opts, char* roots[3]);

/* Names of all tasks (folders with a task.yaml), sorted, each in memory of df_alloc; returns how many. */
int task_names(const options* opts, int max, char** names);

/* The folder of a task given by name or by the path of its folder. DF_E_CONFIG names the tasks there are. */
DF_MUST_CHECK df_status task_folder(const options* opts, const char* name, char** folder);

/* Loads a task's configuration for a profile (NULL: --profile's) and method (NULL or "": none) with --set applied, and
 * fills the search path for its model and data: --data, the task's folder, its data/ folder, DYNAFLOW_DATA,
 * ../shared/data. The path's strings belong to `search`: search_clear it, also after a failure. */
DF_MUST_CHECK df_status resolve_task(const char* name, const char* profile, const char* method, const options* opts,
                                     df_config* config, df_search* search);
void search_clear(df_search* search);

/* The search path alone, for files that belong to `folder`: --data, the folder, its data/ folder, DYNAFLOW_DATA,
 * ../shared/data. search_clear it. */
void data_search(const options* opts, const char* folder, df_search* search);

/* ---- linear algebra ---- */

/* Opens BLAS with the kernel of --blas-kernel, else of the environment's OPENBLAS_CORETYPE, else detected ("auto":
 * detected whatever the environment says). Says on standard error when the set is half as fast as the processor. */
DF_MUST_CHECK df_status open_blas(const options* opts);

#endif
