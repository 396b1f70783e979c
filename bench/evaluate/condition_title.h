/* condition_title.h: a condition in a few words, for titles. */
#ifndef BENCH_EVALUATE_CONDITION_TITLE_H
#define BENCH_EVALUATE_CONDITION_TITLE_H

#include <stdbool.h>

#include "dynaflow/data/dataset.h"
#include "text.h"

/* Appends a condition [nc], such as "trot, vx 0.50, vy 0.00", or with units "trot, vx 0.50 m/s, vy 0.00 m/s": gaits by
 * their names, other conditions by the last part of theirs and two decimals. Units are known of command.vx, command.vy
 * and command.wz. */
void condition_title(const df_dataset* data, const double* condition, bool units, text* out);

#endif
