/* monitor.h: what is shown and written while a method trains: a line of progress per network, the points of its curves
 * as lines of JSON and for TensorBoard, and copies of the weights (train.checkpoint_every). */
#ifndef BENCH_RUN_MONITOR_H
#define BENCH_RUN_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "dynaflow/core/parts.h"
#include "dynaflow/flow/method.h"
#include "event_file.h"
#include "progress.h"
#include "text.h"
#include "training_log.h"

typedef struct monitor {
  /* of the caller, and must outlive the monitor */
  const char* label;        /* "cell 2 of 7: my_task dynaflow seed 1" */
  bool quiet;               /* no line of progress */
  const char *task, *key;   /* of the cell, for the log */
  uint64_t seed;            /* of the cell, for the log */
  const df_method* method;  /* of the instance */
  void* const* instance;    /* *instance is that of the method once it trains */
  const char* checkpoint;   /* the file for the trained weights, whose name those of the copies have; NULL: no copies */
  long copy_every;          /* steps; 0: no copies */
  const char* state_folder; /* df_method_env.state_folder: a network with a state there was trained before; or NULL */
  training_log* log;        /* NULL: none */
  const char* event_folder; /* of the files for TensorBoard; NULL: none */
  /* of the monitor, zero at first */
  char network[DF_NAME_MAX]; /* that trains; "": none yet */
  bool began[DF_LOGS_MAX];   /* whether network i of the method trains here or has */
  char line[256];            /* label of its line of progress */
  progress bar;
  double begun;       /* wall-clock time at which its training began here */
  event_file* events; /* of the network; NULL: none */
} monitor;

/* Takes note of a step of a training. Returns whether it is the first one of its network here. Copies are written while
 * the last of the method's networks trains: those before it hold a method that cannot sample. What cannot be written
 * is a warning on standard error, and the training goes on: without a copy, or from there on without the log. */
bool monitor_step(monitor* m, const df_progress* at);

/* Ends the line of progress and closes what the monitor opened. */
void monitor_end(monitor* m);

/* The file of the weights of a network after a step of a training of `steps` steps: for "a/b.safetensors",
 * "a/b-<network>-step<step>.safetensors". A new string. */
char* monitor_copy_path(const char* checkpoint, const char* network, long step, long steps);

/* Appends the shares of the parts of a training in all of its CPU time, ", simulation 25% network 50%"; nothing if no
 * time was measured. */
void monitor_add_parts(const df_parts* parts, text* note);

#endif
