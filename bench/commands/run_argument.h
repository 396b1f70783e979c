/* run_argument.h: the argument RUN of the commands that read the records of a run, and how that run is opened. */
#ifndef BENCH_COMMANDS_RUN_ARGUMENT_H
#define BENCH_COMMANDS_RUN_ARGUMENT_H

#include "options.h"
#include "run_view.h"

enum { RUN_ARGUMENTS_MAX = 2 };

/* The common options and the RUN arguments. The command sets `most` before parsing. */
typedef struct run_argument {
  options common;
  int most; /* largest number of runs that the command accepts, 1 or 2 */
  int n;    /* number of runs given */
  const char* run[RUN_ARGUMENTS_MAX];
} run_argument;

/* Default options and no runs. */
run_argument run_argument_default(int most);

/* argp parser of RUN and of the common options. A command uses it instead of OPTIONS_CHILD:
 *   static const struct argp_child children[] = {RUN_ARGUMENT_CHILD, {0}};
 * and passes it the struct at ARGP_KEY_INIT: state->child_inputs[0] = &arguments->runs. No run, more than `most`, or
 * --profile, --seed or --set, which the records of a run have, ends the program with exit code 2. */
extern const struct argp run_argument_argp;
#define RUN_ARGUMENT_CHILD \
  { &run_argument_argp, 0, NULL, 0 }

/* Opens run i, 0 <= i < a->n: *folder is its folder, *r its records. The caller releases both, also after a failure,
 * with df_free(*folder) and run_view_clear(r). Errors: those of run_folder() and run_view_new(). */
DF_MUST_CHECK df_status run_argument_open(const run_argument* a, int i, char** folder, run_view* r);

/* Opens the reference records of the task and profile of `run`, as run_argument_open(): those in the folder
 * <task>-<profile> of ./results/reference, <program folder>/../results/reference or
 * <program folder>/../share/dynaflow/reference. Errors: DF_E_ARG if the run is of several tasks or profiles;
 * DF_E_MISSING if there is no such folder; those of run_view_new(). */
DF_MUST_CHECK df_status run_argument_open_reference(const run_view* run, char** folder, run_view* r);

#endif
