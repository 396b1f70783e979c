/* exit_code.h: exit codes, and how a failed call is reported on standard error. */
#ifndef BENCH_EXIT_CODE_H
#define BENCH_EXIT_CODE_H

#include "dynaflow/core/status.h"

/* the program's contract with scripts; never renumber */
enum {
  EXIT_DONE = 0,
  EXIT_CHECK_FAILED = 1, /* the check did not hold */
  EXIT_USAGE = 2,        /* usage or bad input */
  EXIT_INCOMPLETE = 3,   /* missing or incomplete */
  EXIT_INCONCLUSIVE = 4,
  EXIT_NOT_COMPARABLE = 5,
  EXIT_INTERRUPTED = 130 /* what was done is kept */
};

/* The exit code that a status means. */
int exit_code_of(df_status status);

/* Prints "dynaflow: <detail>" to standard error and returns the exit code that `status` means. */
int report_failure(df_status status);

/* The same for a task whose model or demonstrations may be missing: DF_E_MISSING also tells how to get them. */
int report_task_failure(df_status status, const char* task);

#endif
