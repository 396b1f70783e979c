/* process.h: settings of the whole process, for the main() of every program. */
#ifndef BENCH_RUN_PROCESS_H
#define BENCH_RUN_PROCESS_H

#include <stdbool.h>

/* Call once, first in main(): standard streams, signals, exit codes of wrong usage, plugins of methods, the limit of
 * the stack, and the memory of arrays ($DYNAFLOW_ARRAYS_MIB). Returns false, with a message, if that variable is no
 * number or the stack may not grow to 1 MiB: main() then returns EXIT_USAGE. */
bool process_start(void);

#endif
