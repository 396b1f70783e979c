/* commanded_gait.h: the gait that a condition commands, as a clock of the feet. */
#ifndef BENCH_EVALUATE_COMMANDED_GAIT_H
#define BENCH_EVALUATE_COMMANDED_GAIT_H

#include <stdbool.h>

#include "dynaflow/data/task.h"
#include "dynaflow/gait/gait.h"
#include "dynaflow/metrics/metrics.h"

typedef struct commanded_gait {
  df_gait gait;
  int leg[DF_NAMES_MAX]; /* the demonstrator's leg of each foot of eval.feet */
  df_gait_clock clock;   /* its context is this struct, which must not move */
} commanded_gait;

/* Finds the gait that the one-hot condition [nc] (NULL: none) commands. False if it commands none, if the task's
 * generator has no clock, if eval.feet is empty, or if a foot is not named FR, FL, RR or RL. */
bool commanded_gait_find(const df_task* task, const double* condition, commanded_gait* out);

#endif
