/* exit_code.h: the exit codes of the program, and error messages on standard error. */
#ifndef BENCH_BASE_EXIT_CODE_H
#define BENCH_BASE_EXIT_CODE_H

#include "dynaflow/core/status.h"
#include "exit_numbers.h"

/* Maps a status to an exit code: DF_OK to EXIT_DONE, DF_E_INTERRUPTED to EXIT_INTERRUPTED, DF_E_MISSING, DF_E_NOMEM and
 * DF_E_BLAS to EXIT_INCOMPLETE, every other status to EXIT_USAGE. */
int exit_code_of(df_status status);

/* Prints "dynaflow: <message>" to standard error and returns the exit code of `status`. The message is that of the last
 * df_fail() of this thread or, without one, the general text of the status. DF_OK prints nothing. */
int report_failure(df_status status);

/* As report_failure(), for a task whose model or demonstrations may be missing: for DF_E_MISSING a second line names
 * the command that fetches them. */
int report_task_failure(df_status status, const char* task);

#endif
