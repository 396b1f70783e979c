/* effort.h: rows with the work counters of a cell (metric "effort" of metrics.h), which are equal on any machine. */
#ifndef BENCH_EVALUATE_EFFORT_H
#define BENCH_EVALUATE_EFFORT_H

#include <jansson.h>

#include "dynaflow/sim/system.h"

/* Appends to `list` the counters of executing the returned actions of n windows, of which `diverged` diverged, at k
 * sampler steps. */
void effort_of_windows(json_t* list, int k, int n, const df_effort* effort, int diverged);

/* Appends to `list` the physics steps of sampling n windows at k sampler steps. */
void effort_of_sampling(json_t* list, int k, int n, uint64_t physics_steps);

/* Appends to `list` the counters of a record's `training`, summed over its networks; no rows if it trained none. */
void effort_of_training(json_t* list, const json_t* training);

#endif
