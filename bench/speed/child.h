/* child.h: work in a child process, for what a process can do only once, such as loading a BLAS kernel set. */
#ifndef BENCH_SPEED_CHILD_H
#define BENCH_SPEED_CHILD_H

#include <stddef.h>

#include "dynaflow/core/status.h"

/* Writes its results, `n` bytes at a time, with child_write(). */
typedef struct child child;
typedef df_status (*child_work)(child* c, void* context);
DF_MUST_CHECK df_status child_write(child* c, const void* bytes, size_t n);

/* Runs `work` in a child process, to be called while this process has one thread, and waits for it. *bytes [*n] is what
 * it has written, which the caller releases with df_free(). A failure of the work is one of this call, with the same
 * status and message; a child that a signal ends is DF_E_IO, which names the signal. DF_E_NOMEM; DF_E_IO if no process
 * or pipe can be made. On failure *bytes is NULL. */
DF_MUST_CHECK df_status child_run(child_work work, void* context, void** bytes, size_t* n);

#endif
