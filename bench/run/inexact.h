/* inexact.h: warnings on a system: its gradient is not exact, or not all of its files could be compared. */
#ifndef BENCH_RUN_INEXACT_H
#define BENCH_RUN_INEXACT_H

#include "dynaflow/config/config.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/system.h"
#include "options.h"

/* Prints one line on standard error with the features of the system whose derivative is approximate or a finite
 * difference; nothing if the gradient is exact, with --quiet, or if the preceding call was for the same target.
 * `target` is the name of the task or model. Not thread-safe. */
void warn_inexact(const char* target, const df_system* system, const options* opts);

/* Prints df_task_unchecked() on standard error, with the same exceptions. */
void warn_unchecked(const df_config* config, const df_system* system, const df_dataset* data, const options* opts);

#endif
