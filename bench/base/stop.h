/* stop.h: early termination of work by a signal, or by the time or memory limit of a cell. */
#ifndef BENCH_BASE_STOP_H
#define BENCH_BASE_STOP_H

#include <signal.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

/* Non-zero once work must end. Long computations poll it: training between steps, evaluation between measures, the
 * generation of demonstrations between attempts, the search of `data import` between simulated actions. */
extern volatile sig_atomic_t stop_flag;

typedef enum stop_reason { STOP_NONE, STOP_SIGNAL, STOP_SECONDS, STOP_MEMORY } stop_reason;

/* Why stop_flag is set, STOP_NONE if it is not. A signal takes precedence over a limit. */
stop_reason stop_why(void);

/* DF_E_INTERRUPTED, "interrupted", once stop_flag is set, else DF_OK. */
DF_MUST_CHECK df_status stop_check(void);

/* Writes stop_why() as text to out[n]: "over 60 s (--cell-seconds)", "612 MiB in use, over 512 MiB (--cell-memory)", or
 * "interrupted". Returns `out`. */
const char* stop_words(char* out, size_t n);

/* Makes SIGINT, SIGTERM and SIGHUP (a closed terminal; not if nohup ignores it) end the program at once with exit code
 * 130. For commands that lose nothing by it: their files are written completely or not at all. */
void stop_at_once(void);

/* Makes the first of these signals set stop_flag, so that finished work is recorded; a later signal ends the program
 * at once with exit code 130. Signals less than 0.1 s after the first count as the same one: `timeout` and terminals
 * send it to the process and to its group. */
void stop_in_order(void);

/* Limits of a cell; 0: no limit. */
typedef struct stop_limits {
  double seconds;    /* wall-clock time of an attempt */
  double memory_mib; /* resident memory of the process */
} stop_limits;

/* Starts a thread that checks clock and memory every 20 ms and sets stop_flag once a limit is exceeded. The memory
 * limit is checked, not enforced: memory allocated between two checks, or before the work polls the flag, can exceed
 * it. Without limits the call does nothing. Errors: DF_E_IO if memory is limited and /proc/self/statm cannot be read,
 * DF_E_NOMEM if the thread cannot be started. */
DF_MUST_CHECK df_status stop_watch(const stop_limits* limits);

/* Stops the thread and clears a stop_flag that a limit has set, but not one set by a signal. Does nothing if no thread
 * is running. */
void stop_unwatch(void);

#endif
