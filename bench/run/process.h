/* process.h: settings of the whole process, for the main() of every program. */
#ifndef BENCH_RUN_PROCESS_H
#define BENCH_RUN_PROCESS_H

#include <stdbool.h>

/* Call once, first in main(): standard streams, signals, exit codes of wrong usage, plugins of methods, and the memory
 * of arrays ($DYNAFLOW_ARRAYS_MIB). Returns false, with a message, if that variable is no number: main() then returns
 * EXIT_USAGE. */
bool process_start(void);

#endif
