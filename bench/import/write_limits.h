/* write_limits.h: the tolerances file expect.yaml of an imported task. */
#ifndef BENCH_IMPORT_WRITE_LIMITS_H
#define BENCH_IMPORT_WRITE_LIMITS_H

#include <stdbool.h>

#include "dynaflow/config/config.h"
#include "text.h"

/* Appends the entries of `bands` (bench/gate/expect.h) for the methods of a profile, each with its reason: limits that
 * follow from the definitions of the metrics and hold for any robot. States that the simulator computed from the
 * returned actions are admissible up to rounding; those of a network are not; with `follows`, recorded actions
 * reproduce the recorded states to less than one standard deviation. */
void add_limits(const df_config* config, const char* profile, bool follows, text* out);

#endif
