/* effort.h: rows of what a cell's numbers cost, counted alike on any machine; "effort" in metrics.h. */
#ifndef BENCH_EFFORT_H
#define BENCH_EFFORT_H

#include <jansson.h>

#include "dynaflow/sim/system.h"

/* what executing the returned actions of n windows came to; `diverged` of them did not come to their end */
void effort_of_windows(json_t* list, int k, int n, const df_effort* effort, int diverged);

/* sums over the curves of a record's training, one a network; no rows where none was trained */
void effort_of_training(json_t* list, const json_t* training);

#endif
