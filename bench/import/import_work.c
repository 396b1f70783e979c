#include "import_work.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/clock.h"
#include "dynaflow/data/task.h"
#include "dynaflow/sim/adjoint.h"
#include "terminal.h"

/* ---- what it does ---- */

void work_says(const work* w, const char* what) {
  static const double LONG = 5;
  enum { MANY = 1000 };
  const double elapsed = df_clock_wall() - w->started;
  const bool many = w->files.arrays && df_arrays_count(w->files.arrays) > MANY;
  if (w->cfg->opts->quiet || (!many && elapsed < LONG)) return;
  print_line(stderr, "dynaflow: %s (%.0f s so far)", what, elapsed);
}

/* ---- model ---- */

/* The settings that admit features without an exact adjoint. The integrator and the solver of the model are changed
 * rather than differentiated by finite differences. */
static void admit(work* w, const df_feature* f) {
  if (strcmp(f->name, "integrator") == 0) {
    settings_put_why(w->found, "system.integrator", "implicitfast", "%s has no exact adjoint", f->element);
  } else if (strcmp(f->name, "solver") == 0) {
    settings_put_why(w->found, "system.solver", "Newton", "%s has no exact adjoint", f->element);
  } else if (strstr(f->remedy, "approximate_contacts")) {
    settings_put_why(w->found, "system.contacts", "approximate", "%s: %s", f->name, f->element);
  } else if (f->remedy[0]) {
    settings_put_why(w->found, "system.gradient", "differences", "%s: %s", f->name, f->element);
  }
}

static df_status admit_features(work* w, const char* path) {
  const df_mujoco_cfg cfg = df_task_system_cfg(&w->config);
  df_feature* features;
  int n;
  DF_TRY(df_mujoco_inspect(path, &cfg, &features, &n));
  for (int i = 0; i < n; i++) {
    if (features[i].kind == DF_FEATURE_REFUSED) admit(w, &features[i]);
  }
  df_free(features);
  return settings_config(w->found, &w->config);
}

/* makes the system of the settings, and what is known of its model */
df_status work_make_system(work* w, const char* path) {
  if (w->system != w->own) df_system_free(w->system);
  w->system = NULL;
  DF_TRY(settings_config(w->found, &w->config));
  df_mujoco_cfg cfg = df_task_system_cfg(&w->config);
  df_status status = df_mujoco_system_new(path, &cfg, &w->system);
  if (status == DF_E_UNSUPPORTED) {
    DF_TRY(admit_features(w, path));
    cfg = df_task_system_cfg(&w->config);
    status = df_mujoco_system_new(path, &cfg, &w->system);
  }
  return status == DF_OK ? model_study_with(w->system, &w->config.chart_objects, &w->study) : status;
}

/* ---- recording ---- */

/* settings with which demonstrations are read: windows do not matter yet */
df_status work_reading_config(const work* w, df_config* config) {
  DF_TRY(settings_config(w->found, config));
  config->window_horizon = 1;
  config->window_first = config->window_last = 0;
  return DF_OK;
}

void work_close_files(work* w) {
  df_dataset_free(w->dataset);
  df_recording_free(w->recording);
  if (w->own != w->system) df_system_free(w->own);
  df_system_free(w->system);
  source_close(&w->files);
}

df_status work_open_recording(work* w) {
  df_config config;
  DF_TRY(work_reading_config(w, &config));
  df_recording_free(w->recording);
  w->recording = NULL;
  return df_recording_open(w->data, &config, w->own, &w->recording);
}

/* the demonstrations as the settings read them now */
df_status work_convert(work* w) {
  df_config config;
  df_dataset* data;
  DF_TRY(work_reading_config(w, &config));
  DF_TRY(df_recording_convert(w->recording, &config, w->system, &data));
  df_dataset_free(w->dataset);
  w->dataset = data;
  return DF_OK;
}
