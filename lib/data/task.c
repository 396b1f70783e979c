#include "dynaflow/data/task.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dynaflow/core/alloc.h"

/* ---- the system ---- */

static df_mujoco_cfg system_cfg(const df_config* config) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.timestep = config->system_timestep;
  cfg.substeps = config->system_substeps;
  if (strcmp(config->system_integrator, "Euler") == 0) cfg.integrator = DF_INTEGRATOR_EULER;
  if (strcmp(config->system_integrator, "implicitfast") == 0) cfg.integrator = DF_INTEGRATOR_IMPLICITFAST;
  if (strcmp(config->system_integrator, "RK4") == 0) cfg.integrator = DF_INTEGRATOR_RK4;
  if (strcmp(config->system_solver, "Newton") == 0) cfg.solver = DF_SOLVER_NEWTON;
  if (strcmp(config->system_solver, "CG") == 0) cfg.solver = DF_SOLVER_CG;
  cfg.iterations = config->system_iterations;
  cfg.tolerance = config->system_tolerance;
  cfg.margin_scale = config->system_margin_scale;
  cfg.no_margins = config->system_margin_scale == 0;
  cfg.approximate_contacts = strcmp(config->system_contacts, "approximate") == 0;
  cfg.finite_differences = strcmp(config->system_gradient, "differences") == 0;
  return cfg;
}

static df_status check_model(const char* path, const char* expected, char sha256[DF_SHA256_TEXT]) {
  DF_TRY(df_sha256_file(path, sha256));
  if (*expected == '\0' || strcasecmp(expected, sha256) == 0) return DF_OK;
  return df_fail(DF_E_MISMATCH, "%s: SHA-256 is %s, but system.model_sha256 is %s", path, sha256, expected);
}

/* adds to the message of a refused model the settings of a task that correspond to the options named in it */
static df_status name_settings(void) {
  char message[768];
  snprintf(message, sizeof message, "%s", df_error_message());
  const bool contacts = strstr(message, "approximate_contacts"), gradient = strstr(message, "finite_differences");
  if (!gradient) return DF_E_UNSUPPORTED;
  return df_fail(DF_E_UNSUPPORTED, "%s; as settings: %ssystem.gradient = differences", message,
                 contacts ? "system.contacts = approximate or " : "");
}

df_status df_task_system(const df_config* config, const df_search* search, df_system** out,
                         char model_sha256[DF_SHA256_TEXT]) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(config);
  DF_REQUIRE_POINTER(search);
  DF_REQUIRE_POINTER(model_sha256);
  if (config->system_model[0] == '\0') {
    return df_fail(DF_E_CONFIG, "task '%s': system.model is missing", config->task_name);
  }
  char* path;
  DF_TRY(df_search_find(search, config->system_model, &path));
  df_status status = check_model(path, config->system_model_sha256, model_sha256);
  const df_mujoco_cfg cfg = system_cfg(config);
  if (status == DF_OK) status = df_mujoco_system_new(path, &cfg, out);
  df_free(path);
  return status == DF_E_UNSUPPORTED ? name_settings() : status;
}

/* ---- the task ---- */

static df_status build(df_task* task, const df_search* search, const char* data_path) {
  DF_TRY(df_task_system(&task->config, search, &task->system, task->model_sha256));

  /* demonstrations that record a model hash must record this model's, even if the task does not set one */
  df_config* expected = df_alloc(1, sizeof *expected);
  if (!expected) return DF_E_NOMEM;
  *expected = task->config;
  snprintf(expected->system_model_sha256, sizeof expected->system_model_sha256, "%s", task->model_sha256);
  const df_status status = df_dataset_read(data_path, expected, task->system, &task->data);
  df_free(expected);
  if (status != DF_OK) return status;

  DF_TRY(df_windows_new(task->data, &task->config, &task->windows));
  DF_TRY(df_chart_new(task->system, &task->config, &task->chart));
  return df_chart_fit(task->chart, task->data, task->windows);
}

df_status df_task_new(const df_config* config, const df_search* search, const char* data_path, df_task** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(config);
  DF_REQUIRE_POINTER(search);
  DF_REQUIRE_POINTER(data_path);
  df_task* task = df_alloc(1, sizeof *task);
  if (!task) return DF_E_NOMEM;
  task->config = *config;
  const df_status status = build(task, search, data_path);
  if (status != DF_OK) {
    df_task_free(task);
    return status;
  }
  *out = task;
  return DF_OK;
}

void df_task_free(df_task* task) {
  if (!task) return;
  df_chart_free(task->chart);
  df_windows_free(task->windows);
  df_dataset_free(task->data);
  df_system_free(task->system);
  df_free(task);
}
