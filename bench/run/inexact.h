/* inexact.h: the warning that the gradient of a system is not exact. */
#ifndef BENCH_RUN_INEXACT_H
#define BENCH_RUN_INEXACT_H

#include "dynaflow/sim/system.h"
#include "options.h"

/* Prints one line on standard error with the features of the system whose derivative is approximate or a finite
 * difference; nothing if the gradient is exact, with --quiet, or if the preceding call was for the same target.
 * `target` is the name of the task or model. Not thread-safe. */
void warn_inexact(const char* target, const df_system* system, const options* opts);

#endif
