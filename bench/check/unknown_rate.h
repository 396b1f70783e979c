/* unknown_rate.h: recordings of which nothing says how long a frame lasts. */
#ifndef BENCH_CHECK_UNKNOWN_RATE_H
#define BENCH_CHECK_UNKNOWN_RATE_H

#include <stdbool.h>

#include "data_finding.h"
#include "dynaflow/data/recording.h"

/* Whether neither the files nor data.rate state a rate, and nothing that is read shows one: no velocities are used, and
 * there are no actions, which a replay judges. */
bool rate_is_unknown(const df_recording* recording, const df_config* config, const df_system* system);

/* Makes the finding "frame interval" a warning that says so and with which duration, h seconds, the recording was
 * checked, and what is not right by forces and speeds alone at this duration a warning that says so. Arrays of several
 * numbers that are named like a rate are named. */
void unknown_rate_judge(const df_recording* recording, double h, data_findings* found);

#endif
