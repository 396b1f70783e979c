/* tiny_task.h: a whole task in memory, small enough to train in a second: a planar cart with a jointed leg that meets
 * the floor, driven by smooth random actions. For tests of everything above the data. */
#ifndef TESTS_SUPPORT_TINY_TASK_H
#define TESTS_SUPPORT_TINY_TASK_H

#include "dynaflow/data/task.h"

/* Demonstrations with actions and one condition; ends the test program if it cannot be made. Opens BLAS. */
df_task* tiny_task_new(void);

/* the configuration it starts from: tiny networks, few steps */
df_config tiny_config(void);
df_task* tiny_task_with(const df_config* config);

/* Gives every frame a condition of its own, tiny_condition(). */
void tiny_task_condition_frames(df_task* task);
double tiny_condition(int episode, int frame);

#endif
