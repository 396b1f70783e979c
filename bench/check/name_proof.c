#include "name_proof.h"

#include <string.h>

#include "dynaflow/core/alloc.h"
#include "explained.h"

/* whether the actions lead to the states of a dataset */
static df_status is_explained(const df_dataset* data, const df_system* system, const check_cfg* cfg, bool* explained) {
  trace m = {0};
  double* h = df_alloc((size_t)data->episodes, sizeof *h);
  if (!h) return DF_E_NOMEM;
  for (int e = 0; e < data->episodes; e++) h[e] = data->dt;
  df_status status = trace_of(data, system, h, cfg->frames_max, &m);
  if (status == DF_OK) status = states_are_explained(&m, explained);
  trace_clear(&m);
  df_free(h);
  return status;
}

/* the same of the recording with these settings; one that cannot be read so does not follow */
static df_status follows(const char* path, const df_config* config, const df_system* system, const check_cfg* cfg,
                         bool* explained) {
  df_recording* recording = NULL;
  df_dataset* data = NULL;
  *explained = false;
  df_status status = df_recording_open(path, config, system, &recording);
  if (status == DF_OK) status = df_recording_convert(recording, config, system, &data);
  const bool read = status == DF_OK;
  if (read) status = is_explained(data, system, cfg, explained);
  df_dataset_free(data);
  df_recording_free(recording);
  return read || status == DF_E_NOMEM ? status : DF_OK;
}

df_status name_proof_refutes(const char* path, const df_config* config, const df_system* system, const check_cfg* cfg,
                             const remedy* fits, bool* refuted) {
  df_config other = *config;
  bool as_read, as_named = false;
  *refuted = false;
  DF_TRY(remedy_apply(fits, &other, "data check"));
  DF_TRY(follows(path, config, system, cfg, &as_read));
  if (as_read) DF_TRY(follows(path, &other, system, cfg, &as_named));
  *refuted = as_read && !as_named;
  return DF_OK;
}

/* adds the order of the actuators by the joints that they drive, as it is with the settings `fits` */
static df_status add_driven(const char* path, const df_config* config, const df_system* system, remedy* fits) {
  df_config named = *config;
  df_recording* recording = NULL;
  DF_TRY(remedy_apply(fits, &named, "data check"));
  const df_status opened = df_recording_open(path, &named, system, &recording);
  if (opened != DF_OK) return opened == DF_E_NOMEM ? opened : DF_OK;
  remedy driven = column_names_of_driven(recording, &named, system);
  remedy_add(fits, &driven);
  remedy_clear(&driven);
  df_recording_free(recording);
  return DF_OK;
}

/* whether the states follow with these settings, or with these and the order of actuators that they imply */
static df_status follows_with(const char* path, const df_config* config, const df_system* system, const check_cfg* cfg,
                              const remedy* fits, bool* explained) {
  remedy all = {0};
  df_config named = *config;
  remedy_add(&all, fits);
  df_status status = remedy_apply(&all, &named, "data check");
  if (status == DF_OK) status = follows(path, &named, system, cfg, explained);
  if (status == DF_OK && !*explained) {
    status = add_driven(path, config, system, &all);
    named = *config;
    if (status == DF_OK) status = remedy_apply(&all, &named, "data check");
    if (status == DF_OK) status = follows(path, &named, system, cfg, explained);
  }
  remedy_clear(&all);
  return status;
}

/* Follows the one of two lists with which the actions lead to the states, if the other one is not such a list. */
static df_status weigh_lists(const char* path, const df_config* config, const df_system* system, const check_cfg* cfg,
                             column_names* names) {
  bool follow[2];
  for (int k = 0; k < 2; k++) DF_TRY(follows_with(path, config, system, cfg, &names->by_list[k], &follow[k]));
  if (follow[0] == follow[1]) return DF_OK;
  const remedy* fits = &names->by_list[follow[1]];
  for (int i = 0; i < names->found.n; i++) {
    data_finding* one = &names->found.list[i];
    if (one->check != DATA_CHECK_NAMES || strcmp(one->column, "data.joints") != 0) continue;
    const char* tail = strstr(one->reason, ": neither");
    const int n = (int)(tail ? (size_t)(tail - one->reason) : strlen(one->reason));
    data_finding_judge(one, remedy_is_empty(fits) ? CHECK_WARN : CHECK_WRONG,
                       "%.*s: the recorded actions lead to the recorded states by the %s list alone, which is followed",
                       n, one->reason, follow[0] ? "first" : "second");
    remedy_add(&one->would_fit, fits);
  }
  return DF_OK;
}

df_status name_proof_weigh(const char* path, const df_config* config, const df_system* system, const check_cfg* cfg,
                           column_names* names) {
  remedy fits = {0};
  bool refuted = false;
  if (names->contradict) DF_TRY(weigh_lists(path, config, system, cfg, names));
  for (int i = 0; i < names->found.n; i++) {
    const data_finding* one = &names->found.list[i];
    if (one->verdict == CHECK_WRONG) remedy_add(&fits, &one->would_fit);
  }
  df_status status = fits.n ? name_proof_refutes(path, config, system, cfg, &fits, &refuted) : DF_OK;
  if (status == DF_OK && refuted && !remedy_value(&fits, "data.actuators")) {
    status = add_driven(path, config, system, &fits);
    if (status == DF_OK) status = name_proof_refutes(path, config, system, cfg, &fits, &refuted);
  }
  for (int i = 0; i < names->found.n && status == DF_OK && refuted; i++) {
    data_finding* one = &names->found.list[i];
    if (one->verdict != CHECK_WRONG) continue;
    data_finding_judge(one, CHECK_WARN,
                       "%s, but the recorded actions lead to the recorded states as the columns are read, and not as "
                       "they are named, so the names are ignored: correct them in the file",
                       one->reason);
    remedy_clear(&one->would_fit);
  }
  remedy_clear(&fits);
  return status;
}
