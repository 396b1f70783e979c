/* task.h: a complete task: settings, system, demonstrations, windows and chart. */
#ifndef DYNAFLOW_DATA_TASK_H
#define DYNAFLOW_DATA_TASK_H

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/data/chart.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/mujoco.h"

DF_BEGIN_DECLS

/* owns all of its parts */
typedef struct df_task {
  df_config config;
  df_system* system;
  df_dataset* data;
  df_windows* windows;
  df_chart* chart;
  char model_sha256[DF_SHA256_TEXT];
} df_task;

/* Makes only the system of a task, for replay and gradient checks, and writes the SHA-256 of its model file. The caller
 * frees *out with df_system_free(); on failure *out is NULL. Errors: DF_E_CONFIG (system.model is empty), DF_E_MISMATCH
 * (the file differs from system.model_sha256), DF_E_UNSUPPORTED (names the setting that would admit the model, if there
 * is one), DF_E_ARG for a NULL argument, and the errors of df_search_find(), df_sha256_file() and
 * df_mujoco_system_new(). */
DF_API DF_MUST_CHECK df_status df_task_system(const df_config* config, const df_search* search, df_system** out,
                                              char model_sha256[DF_SHA256_TEXT]);

/* Makes a complete task. `data_path` is the file of demonstrations; the caller has found or generated it. A model hash
 * recorded in that file must be the hash of the task's model (DF_E_MISMATCH), even if system.model_sha256 is empty. The
 * caller frees *out with df_task_free(); on failure *out is NULL. Errors: those of df_task_system(), df_dataset_read(),
 * df_windows_new(), df_chart_new() and df_chart_fit(). */
DF_API DF_MUST_CHECK df_status df_task_new(const df_config* config, const df_search* search, const char* data_path,
                                           df_task** out);
DF_API void df_task_free(df_task* task); /* NULL is allowed */

DF_END_DECLS

#endif
