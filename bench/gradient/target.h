/* target.h: what a gradient is checked or timed on, by name: a task with its demonstrations, or a model file. */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include "cases.h"
#include "dynaflow/sim/system.h"
#include "options.h"

typedef struct target_size {
  int states, rollouts, horizon;
} target_size;

/* The system of a task, or of a model file (its name ends in .xml), and cases on it. On failure *system and the cases
 * may be there in part: free and clear them. */
DF_MUST_CHECK df_status target_open(const options* opts, const char* name, const target_size* size, df_system** system,
                                    cases* c);

/* Reports a failure of target_open and returns the exit code. */
int target_failure(df_status status, const char* name);

#endif
