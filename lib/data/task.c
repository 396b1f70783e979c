#include "dynaflow/data/task.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/model_identity.h"

/* ---- the system ---- */

df_mujoco_cfg df_task_system_cfg(const df_config* config) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  if (strcmp(config->system_dynamics, "quadcopter") == 0) cfg.dynamics = DF_DYNAMICS_QUADCOPTER;
  cfg.timestep = config->system_timestep;
  cfg.substeps = config->system_substeps;
  if (strcmp(config->system_integrator, "Euler") == 0) cfg.integrator = DF_INTEGRATOR_EULER;
  if (strcmp(config->system_integrator, "implicitfast") == 0) cfg.integrator = DF_INTEGRATOR_IMPLICITFAST;
  if (strcmp(config->system_integrator, "RK4") == 0) cfg.integrator = DF_INTEGRATOR_RK4;
  if (strcmp(config->system_solver, "Newton") == 0) cfg.solver = DF_SOLVER_NEWTON;
  if (strcmp(config->system_solver, "CG") == 0) cfg.solver = DF_SOLVER_CG;
  cfg.iterations = config->system_iterations;
  cfg.tolerance = config->system_tolerance;
  if (strcmp(config->system_margin_rule, "max") == 0) cfg.margin_rule = DF_MARGIN_MAX;
  if (strcmp(config->system_margin_rule, "none") == 0) cfg.margin_rule = DF_MARGIN_NONE;
  cfg.approximate_contacts = strcmp(config->system_contacts, "approximate") == 0;
  cfg.finite_differences = strcmp(config->system_gradient, "differences") == 0;
  return cfg;
}

/* a hash of the model file alone is accepted too: df_task_unchecked() names what it leaves open */
static df_status check_model(const char* path, const char* expected, const df_system* system) {
  const df_model_identity* model = df_mujoco_identity(system);
  char clause[256];
  if (*expected == '\0') return DF_OK;
  const df_model_match match = df_model_compare(&(df_model_identity){.files = expected}, model, clause, sizeof clause);
  if (match == DF_MODEL_SAME || match == DF_MODEL_MAIN_FILE) return DF_OK;
  int files = 0;
  for (const char* end = model->list; (end = strchr(end, '\n')); end++) files++;
  char others[64] = "";
  if (files > 1) snprintf(others, sizeof others, " of it and the other %d of the %d model files", files - 1, files);
  return df_fail(DF_E_MISMATCH, "%s: SHA-256%s is %s, but system.model_sha256 is %s", path, others, model->files,
                 expected);
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
  const df_mujoco_cfg cfg = df_task_system_cfg(config);
  return df_task_system_with(config, search, &cfg, out, model_sha256);
}

df_status df_task_system_with(const df_config* config, const df_search* search, const df_mujoco_cfg* cfg,
                              df_system** out, char model_sha256[DF_SHA256_TEXT]) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(config);
  DF_REQUIRE_POINTER(search);
  DF_REQUIRE_POINTER(cfg);
  DF_REQUIRE_POINTER(model_sha256);
  if (config->system_model[0] == '\0') {
    return df_fail(DF_E_CONFIG, "task '%s': system.model is missing", config->task_name);
  }
  if (config->system_timestep > 0 && config->system_timestep < DF_TIMESTEP_MIN) {
    return df_fail(DF_E_CONFIG,
                   "task '%s': system.timestep %g s: a physics step lasts %g s or more; 0 is the model's own",
                   config->task_name, config->system_timestep, DF_TIMESTEP_MIN);
  }
  char* path;
  DF_TRY(df_search_find(search, config->system_model, &path));
  df_status status = df_mujoco_system_new(path, cfg, out);
  if (status == DF_OK) status = check_model(path, config->system_model_sha256, *out);
  if (status == DF_OK) {
    snprintf(model_sha256, DF_SHA256_TEXT, "%s", df_mujoco_identity(*out)->files);
  } else {
    df_system_free(*out);
    *out = NULL;
  }
  df_free(path);
  return status == DF_E_UNSUPPORTED ? name_settings() : status;
}

const char* df_task_unchecked(const df_config* config, const df_system* system, const df_dataset* data, char* text,
                              size_t n) {
  char clause[256];
  if (n) text[0] = '\0';
  const df_model_identity* model = df_mujoco_identity(system);
  const df_model_identity pinned = {.files = config->system_model_sha256};
  if (!model) return text;
  if (df_model_compare(&pinned, model, clause, sizeof clause) == DF_MODEL_MAIN_FILE) {
    snprintf(text, n, "system.model_sha256: %s; to cover all files, set it to %s", clause, model->files);
  } else if (data && data->model_unchecked[0]) {
    snprintf(text, n, "the demonstrations may be of another model: %s", data->model_unchecked);
  }
  return text;
}

/* ---- the task ---- */

/* there is nothing to learn without actions */
static df_status check_actuators(const df_system* system, const df_config* config, const df_search* search) {
  char* path;
  if (system->nu > 0) return DF_OK;
  DF_TRY(df_search_find(search, config->system_model, &path));
  const df_status status = df_fail(DF_E_CONFIG, "%s: the model has no actuators", path);
  df_free(path);
  return status;
}

static df_status build(df_task* task, const df_search* search, const char* data_path) {
  DF_TRY(df_task_system(&task->config, search, &task->system, task->model_sha256));
  DF_TRY(check_actuators(task->system, &task->config, search));
  DF_TRY(df_dataset_read(data_path, &task->config, task->system, &task->data));
  DF_TRY(df_windows_new(task->data, &task->config, &task->windows));
  DF_TRY(df_chart_new(task->system, &task->config, &task->chart));
  DF_TRY(df_chart_fit(task->chart, task->data, task->windows));
  return df_task_degrade(task);
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
