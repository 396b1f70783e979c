/* estimate.h: how long the trainings of a plan will take on this machine, measured before they begin. */
#ifndef BENCH_RUN_ESTIMATE_H
#define BENCH_RUN_ESTIMATE_H

#include "options.h"
#include "plan.h"
#include "shard.h"
#include "store.h"

typedef struct estimate {
  int cells;      /* cells of this process that are not done */
  int networks;   /* networks that will be trained for them, each counted once if several cells share it; those that
                     finished cells have left in training/shared/ are not */
  int unknown;    /* cells with a training that is not counted above: it failed, or its network has no name in
                     df_method.networks */
  double seconds; /* of wall time for the counted networks, without loading and evaluation */
} estimate;

/* Trains every network for a few steps, with instances that are thrown away, and extrapolates to its number of steps.
 * Networks of another seed take the same time and are not measured again. `folder` is that of the run; no file is
 * written. Call it after plan_record(). Whatever fails here fails again when the cell runs, and is reported then. */
estimate estimate_training(const plan* p, shard part, const options* opts, const char* folder, const store* events);

#endif
