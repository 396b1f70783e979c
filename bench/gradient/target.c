#include "target.h"

#include <string.h>

#include "data_path.h"
#include "dynaflow/config/config.h"
#include "dynaflow/config/search.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/data/task.h"
#include "exit_code.h"
#include "lookup.h"
#include "suite.h"

bool target_is_model(const char* name) {
  const char* dot = strrchr(name, '.');
  return dot && strcmp(dot, ".xml") == 0;
}

static df_status open_task(const options* opts, const char* name, const target_size* size, df_system** system,
                           cases* c) {
  df_config config;
  df_search search;
  df_dataset* data = NULL;
  char* path = NULL;
  char model_sha256[DF_SHA256_TEXT];
  df_status status = resolve_task(name, NULL, NULL, opts, &config, &search);
  if (status == DF_OK) status = df_task_system(&config, &search, system, model_sha256);
  if (status == DF_OK) status = task_data_path(&config, &search, opts, true, &path);
  if (status == DF_OK) status = df_dataset_read(path, &config, *system, &data);
  if (status == DF_OK) {
    const int H = size->horizon < data->length ? size->horizon : data->length;
    status = cases_new(*system, size->states, size->rollouts, H, c);
  }
  if (status == DF_OK) cases_from_data(*system, data, opts->seeds[0], c);
  df_dataset_free(data);
  df_free(path);
  search_clear(&search);
  return status;
}

static df_status open_model(const options* opts, const char* path, const target_size* size, df_system** system,
                            cases* c) {
  df_config config;
  df_search search = {.n = 1, .folder = {""}};
  char model_sha256[DF_SHA256_TEXT];
  int states[DF_STATE_KINDS];
  if (!df_file_exists(path)) return df_fail(DF_E_MISSING, "model file %s not found", path);
  DF_TRY(model_config(path, opts, &config));
  DF_TRY(df_task_system(&config, &search, system, model_sha256));
  DF_TRY(cases_new(*system, size->states, size->rollouts, size->horizon, c));
  cases_split(size->states, states);
  DF_TRY(cases_draw(*system, states, opts->seeds[0], c));
  return cases_draw_rollouts(*system, opts->seeds[0], opts->threads, c);
}

df_status target_open(const options* opts, const char* name, const target_size* size, df_system** system, cases* c) {
  *system = NULL;
  *c = (cases){0};
  return target_is_model(name) ? open_model(opts, name, size, system, c) : open_task(opts, name, size, system, c);
}

int target_failure(df_status status, const char* name) {
  return target_is_model(name) ? report_failure(status) : report_task_failure(status, name);
}
