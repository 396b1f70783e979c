/* target.h: opens the target of gradcheck and bench by name: a task with its demonstrations, or a model file. */
#ifndef BENCH_GRADIENT_TARGET_H
#define BENCH_GRADIENT_TARGET_H

#include <stdbool.h>

#include "cases.h"
#include "dynaflow/sim/system.h"
#include "options.h"

/* Whether a target is a model file: a name that ends in .xml. */
bool target_is_model(const char* name);

/* number of states, number of rollouts, actions per rollout */
typedef struct target_size {
  int states, rollouts, horizon;
} target_size;

/* Opens the system of a task, or of a model file, and makes cases on it: from the task's
 * demonstrations, with the horizon limited to the length of an episode, or generated. The caller releases both with
 * df_system_free(*system) and cases_clear(c), also after a failure. Errors of resolve_task(), df_task_system(),
 * task_data_path(), df_dataset_read() and cases.h; DF_E_MISSING if the model file is not found. */
DF_MUST_CHECK df_status target_open(const options* opts, const char* name, const target_size* size, df_system** system,
                                    cases* c);

/* Reports a failure of target_open() on standard error, for tasks with the hint how to get missing files, and returns
 * the exit code. */
int target_failure(df_status status, const char* name);

#endif
