/* target_argument.h: the arguments of the commands that work on tasks, model files or a suite of models. */
#ifndef BENCH_COMMANDS_TARGET_ARGUMENT_H
#define BENCH_COMMANDS_TARGET_ARGUMENT_H

#include "options.h"

enum { TARGETS_MAX = 64 };

/* The common options, TASK...|MODEL.xml... or --suite FILE, --horizon and --out. */
typedef struct target_argument {
  options common;
  int n;
  const char* target[TARGETS_MAX]; /* tasks and model files; none with a suite */
  int horizon;                     /* actions per rollout */
  bool has_horizon;                /* whether it was given */
  const char *suite, *out;         /* NULL: not given */
} target_argument;

/* horizon 16 */
target_argument target_argument_default(void);

/* The child parser of these arguments and of the common options; a command lists it in its argp's children instead of
 * OPTIONS_CHILD,
 *   static const struct argp_child children[] = {TARGET_ARGUMENT_CHILD, {0}};
 * and passes it the struct at ARGP_KEY_INIT: state->child_inputs[0] = &arguments->at. Arguments that the command's
 * parser does not consume (ARGP_ERR_UNKNOWN at ARGP_KEY_ARG) are targets. Targets together with a suite, neither of the
 * two, or several seeds end the program with exit code 2. */
extern const struct argp target_argument_argp;
#define TARGET_ARGUMENT_CHILD \
  { &target_argument_argp, 0, NULL, 0 }

#endif
