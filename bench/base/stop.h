/* stop.h: why work ends before it is done: a signal, a cell's time or its memory. */
#ifndef BENCH_STOP_H
#define BENCH_STOP_H

#include <signal.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

/* Non-zero once work has to end. What takes long looks at it: training between steps, evaluation between measures,
 * demonstrations between attempts. */
extern volatile sig_atomic_t stop_flag;

typedef enum stop_reason { STOP_NONE, STOP_SIGNAL, STOP_SECONDS, STOP_MEMORY } stop_reason;

/* The reason; a signal outranks a limit. */
stop_reason stop_why(void);

/* "over 60 s (--cell-seconds)", "612 MiB in use, over 512 MiB (--cell-memory)" or "interrupted". */
const char* stop_words(char* out, size_t n);

/* SIGINT and SIGTERM end the program with exit code 130: at once, for commands that lose nothing by it (files are
 * written whole or not at all), */
void stop_at_once(void);

/* or in order: the first signal sets stop_flag, so that what was done is recorded; a later one ends the program at
 * once. Signals within a tenth of a second are one: `timeout` and terminals send it to process and group. */
void stop_in_order(void);

/* what a cell may use; 0: no limit */
typedef struct stop_limits {
  double seconds;    /* wall time of an attempt */
  double memory_mib; /* resident memory of the process */
} stop_limits;

/* Begins to look at clock and memory every 20 ms, from a thread of its own; beyond a limit it sets stop_flag. Memory
 * is only looked at, not withheld: what is allocated between two looks, or before work sees the flag, comes on top.
 * Without limits it does nothing. DF_E_IO when memory is limited and the system does not tell what is used. */
DF_MUST_CHECK df_status stop_watch(const stop_limits* limits);

/* Ends it and takes back the stop_flag of a limit, not that of a signal. Fine without stop_watch. */
void stop_unwatch(void);

#endif
