/* task.h: a task, assembled: its settings, system, demonstrations, windows and chart. */
#ifndef DYNAFLOW_DATA_TASK_H
#define DYNAFLOW_DATA_TASK_H

#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/data/chart.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/mujoco.h"

typedef struct df_task {
  df_config config;
  df_system* system;
  df_dataset* data;
  df_windows* windows;
  df_chart* chart;
  char model_sha256[DF_SHA256_TEXT];
} df_task;

/* The system alone: for replay and gradient checks. Checks system.model_sha256. */
DF_API DF_MUST_CHECK df_status df_task_system(const df_config* config, const df_search* search, df_system** out,
                                              char model_sha256[DF_SHA256_TEXT]);

/* Everything. `data_path` is the file of demonstrations (found, or generated, by the caller). */
DF_API DF_MUST_CHECK df_status df_task_new(const df_config* config, const df_search* search, const char* data_path,
                                           df_task** out);
DF_API void df_task_free(df_task* task);

#endif
