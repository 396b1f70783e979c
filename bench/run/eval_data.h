/* eval_data.h: the demonstrations of eval.profile, whose held-out windows are measured instead of those of the
 * demonstrations that the methods are trained on. */
#ifndef BENCH_RUN_EVAL_DATA_H
#define BENCH_RUN_EVAL_DATA_H

#include <jansson.h>

#include "dynaflow/config/config.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/data/task.h"
#include "options.h"

/* All zeros: eval.profile is empty, and the task's own windows are measured. */
typedef struct eval_data {
  df_config* config;           /* of the task in that profile, with the settings of the evaluation of `trained` */
  char* path;                  /* of the demonstrations */
  char sha256[DF_SHA256_TEXT]; /* of their file; "" without eval.profile */
  json_t* settings;            /* those of the profile by which windows are held out (setting_measures()), as texts */
  df_task* task;               /* NULL until eval_data_load() */
} eval_data;

/* Finds or generates the demonstrations of eval.profile of `trained`, the configuration of `task` (name or path) for
 * the method; does nothing if it is empty. They have the settings of `trained`, --set included, with those of the
 * profile that say what is measured (setting_measures()) on top; other settings of the profile do not count.
 * `recorded`, the eval_settings of a record or NULL, come last, and demonstrations are then not generated. DF_E_CONFIG
 * names a setting by which the profile would make another problem of the task: of the model, the actions, the length of
 * windows or the chart. Errors also of resolve_task() and task_data_path(). Call eval_data_clear(), also after a
 * failure. */
DF_MUST_CHECK df_status eval_data_open(const char* task, const char* method, const df_config* trained,
                                       const options* opts, const json_t* recorded, eval_data* out);

/* Reads the demonstrations. The scales of states and actions, in which errors are measured, are those of `trained`. On
 * success d->task is a task of its own. DF_E_CONFIG if the demonstrations have other conditions than those of
 * `trained`, or if more than a tenth of their held-out windows are also windows of the training side; errors also of
 * df_task_new(). */
DF_MUST_CHECK df_status eval_data_load(eval_data* d, const df_search* search, const df_task* trained);

void eval_data_clear(eval_data* d); /* leaves zeros */

#endif
