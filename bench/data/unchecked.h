/* unchecked.h: the warning that not all files of a model could be compared. */
#ifndef BENCH_DATA_UNCHECKED_H
#define BENCH_DATA_UNCHECKED_H

#include "dynaflow/config/config.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/system.h"
#include "options.h"

/* Prints df_task_unchecked() on standard error; nothing if it is empty, with --quiet, or if the preceding call was for
 * the same task. Not thread-safe. */
void warn_unchecked(const df_config* config, const df_system* system, const df_dataset* data, const options* opts);

#endif
