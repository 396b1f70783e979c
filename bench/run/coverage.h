/* coverage.h: telling people what of a gradient is not exact. */
#ifndef BENCH_COVERAGE_H
#define BENCH_COVERAGE_H

#include "dynaflow/sim/system.h"
#include "options.h"

/* One line on standard error that names the features of a task's or model's system whose derivative is approximate or a
 * finite difference; nothing if all is exact, and nothing a second time for the same target. */
void warn_inexact(const char* target, const df_system* system, const options* opts);

#endif
