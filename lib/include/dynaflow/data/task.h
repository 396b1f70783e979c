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
  char model_sha256[DF_SHA256_TEXT]; /* of the model's files: `files` of df_model_identity */
  /* Set by a caller who evaluates on demonstrations that a method was not trained on: methods then load checkpoints of
   * other demonstrations, splits and first and last windows, and the chart gets the statistics of the checkpoint. */
  bool other_data;
} df_task;

/* Makes only the system of a task, for replay and gradient checks, and writes the SHA-256 of the model's files (`files`
 * of df_model_identity). system.model_sha256 may be that hash, or the SHA-256 of the model file alone. The caller frees
 * *out with df_system_free(); on failure *out is NULL. Errors: DF_E_CONFIG (system.model is empty), DF_E_MISMATCH (the
 * files differ from system.model_sha256), DF_E_UNSUPPORTED (names the setting that would admit the model, if there is
 * one), DF_E_ARG for a NULL argument, and the errors of df_search_find() and df_mujoco_system_new(). */
DF_API DF_MUST_CHECK df_status df_task_system(const df_config* config, const df_search* search, df_system** out,
                                              char model_sha256[DF_SHA256_TEXT]);

/* The options that the settings of a task give its system; df_task_system() makes it with these. */
DF_API df_mujoco_cfg df_task_system_cfg(const df_config* config);

/* df_task_system() with other options than those of the settings. */
DF_API DF_MUST_CHECK df_status df_task_system_with(const df_config* config, const df_search* search,
                                                   const df_mujoco_cfg* cfg, df_system** out,
                                                   char model_sha256[DF_SHA256_TEXT]);

/* Describes which model files are not covered by a hash: system.model_sha256, or the hash in the demonstrations, is of
 * the model file alone, and the model uses other files. "" if there is nothing to say; `data` may be NULL. Returns
 * `text`, cut at n - 1 bytes. */
DF_API const char* df_task_unchecked(const df_config* config, const df_system* system, const df_dataset* data,
                                     char* text, size_t n);

/* Makes a complete task. `data_path` is the file of demonstrations; the caller has found or generated it. The caller
 * frees *out with df_task_free(); on failure *out is NULL. Errors: DF_E_CONFIG for a model without actuators; those of
 * df_task_system(), df_dataset_read(), df_windows_new(), df_chart_new(), df_chart_fit() and df_task_degrade(). */
DF_API DF_MUST_CHECK df_status df_task_new(const df_config* config, const df_search* search, const char* data_path,
                                           df_task** out);
/* Degrades the demonstrations that a task is trained on, after its chart was fitted: keeps the training windows of the
 * first train.episodes episodes of each gait (df_windows_keep_episodes()), and with s = train.noise > 0 changes every
 * frame of the training side, from the seed data.seed alone:
 *     z(x') = z(x) + s n     u' = u + s std(u) n     n ~ N(0, I)
 * z being the chart coordinates of x relative to itself, in units of their std. The same frame has the same noise in
 * all windows, for every method and seed. Held-out demonstrations and the scales of the chart are those without it:
 * errors are measured on the same windows in the same units at any number of episodes and any noise. df_task_new()
 * calls it; a caller who puts a task together does, once. Errors: those of df_windows_keep_episodes(); DF_E_ARG for a
 * NULL task; DF_E_NOMEM. */
DF_API DF_MUST_CHECK df_status df_task_degrade(df_task* task);

DF_API void df_task_free(df_task* task); /* NULL is allowed */

DF_END_DECLS

#endif
