/* run_argument.h: the argument RUN of the commands that read a finished run, and the run that it names. */
#ifndef BENCH_RUN_ARGUMENT_H
#define BENCH_RUN_ARGUMENT_H

#include "options.h"
#include "run_view.h"

enum { RUN_ARGUMENTS_MAX = 2 };

/* The common options and the runs. `most` is set by the command, before parsing. */
typedef struct run_argument {
  options common;
  int most; /* runs that the command takes, 1 or 2 */
  int n;
  const char* run[RUN_ARGUMENTS_MAX];
} run_argument;

run_argument run_argument_default(int most);

/* The child parser of RUN and of the common options; a command lists it in its argp's children instead of
 * OPTIONS_CHILD, static const struct argp_child children[] = {RUN_ARGUMENT_CHILD, {0}}; and hands it the struct at
 * ARGP_KEY_INIT: state->child_inputs[0] = &arguments->runs. No run, or more than `most`, ends the program with exit
 * code 2. */
extern const struct argp run_argument_argp;
#define RUN_ARGUMENT_CHILD \
  { &run_argument_argp, 0, NULL, 0 }

/* Reads run i: *folder, in memory of df_alloc, is its folder, *r its cells. Errors as run_view_new(). On failure the
 * caller still frees both. */
DF_MUST_CHECK df_status run_argument_open(const run_argument* a, int i, char** folder, run_view* r);

#endif
