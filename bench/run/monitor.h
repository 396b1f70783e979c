/* monitor.h: what is shown and written while a method trains: a line of progress per network, and copies of the weights
 * (train.checkpoint_every). */
#ifndef BENCH_RUN_MONITOR_H
#define BENCH_RUN_MONITOR_H

#include <stdbool.h>

#include "dynaflow/flow/method.h"
#include "progress.h"

typedef struct monitor {
  /* of the caller, and must outlive the monitor */
  const char* label;       /* "cell 2 of 7: my_task dynaflow seed 1" */
  bool quiet;              /* no line of progress */
  const df_method* method; /* of the instance */
  void* const* instance;   /* *instance is that of the method once it trains */
  const char* checkpoint;  /* the file for the trained weights, whose name those of the copies have; NULL: no copies */
  long copy_every;         /* steps; 0: no copies */
  /* of the monitor, zero at first */
  char network[DF_NAME_MAX]; /* that trains; "": none yet */
  char line[256];            /* label of its line of progress */
  progress bar;
} monitor;

/* Takes note of a step of a training. Returns whether it is the first one of its network here. A copy that cannot be
 * written is a warning on standard error, and the training goes on. */
bool monitor_step(monitor* m, const df_progress* at);

/* Ends the line of progress. */
void monitor_end(monitor* m);

/* The file of the weights of a network after a step of a training of `steps` steps: for "a/b.safetensors",
 * "a/b-<network>-step<step>.safetensors". A new string. */
char* monitor_copy_path(const char* checkpoint, const char* network, long step, long steps);

#endif
