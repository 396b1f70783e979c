/* joint_dead.h: joints of a recording of which no position was recorded. */
#ifndef BENCH_CHECK_JOINT_DEAD_H
#define BENCH_CHECK_JOINT_DEAD_H

#include <stdbool.h>

#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/system.h"

/* Whether joint j of the model, one of a leg (joint_legs.h), never changes and has velocity 0, while the same joint of
 * every other leg moves by more than 0.02 rad or m: a dead encoder, or a column that was never filled. */
bool joint_is_dead(const df_dataset* data, const df_system* system, int j);
/* whether any joint is dead: then orders and signs of joints cannot be told */
bool joint_any_is_dead(const df_dataset* data, const df_system* system);

#endif
