#include "measures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/metrics/defs.h"
#include "json.h"
#include "rows.h"

const char* measure_unit(const char* metric) {
  const df_metric_def* def = df_metric_find(metric);
  return def ? def->unit : "";
}

void measure_row(json_t* list, const char* metric, const char* unit, int k, df_interval v) {
  row r = row_default();
  r.metric = metric;
  r.unit = unit;
  r.k = k;
  r.value = v.mean;
  r.lo = v.lo;
  r.hi = v.hi;
  r.n = v.n;
  char reason[64];
  if (v.failed) {
    snprintf(reason, sizeof reason, "%d of %d not finite", v.failed, v.n);
    r.status = reason;
  }
  json_array_append_new(list, row_json(&r, true));
}

/* adds to the last row of how many test episodes its values are, on which the width of its interval rests */
static void add_episodes(json_t* list, int n, const int* episode) {
  int found = 0;
  for (int i = 0; i < n; i++) {
    bool seen = false;
    for (int j = 0; j < i && !seen; j++) seen = episode[j] == episode[i];
    found += !seen;
  }
  json_object_set_new(json_array_get(list, json_array_size(list) - 1), "episodes", json_integer(found));
}

df_status measure_part(const eval_job* job, json_t* list, const char* metric, const char* unit, int k, int n,
                       const double* values, const int* of) {
  if (n == 0) return DF_OK;
  const eval_set* set = job->set;
  df_bootstrap_cfg cfg = df_bootstrap_cfg_default();
  cfg.seed = (uint64_t)job->task->config.eval_seed;
  cfg.cluster = set->episode;
  int* labels = NULL;
  if (of) {
    labels = df_alloc((size_t)n, sizeof *labels);
    if (!labels) return DF_E_NOMEM;
    for (int i = 0; i < n; i++) labels[i] = set->episode[of[i]];
    cfg.cluster = labels;
  }
  df_interval v;
  const df_strata strata = {.n = 1, .sizes = &n, .values = values};
  const df_status status = strcmp(unit, "share") == 0 ? df_bootstrap_share_interval(&cfg, DF_ESTIMATE_MEAN, &strata, &v)
                                                      : df_bootstrap_interval(&cfg, DF_ESTIMATE_MEAN, &strata, &v);
  if (status == DF_OK) {
    measure_row(list, metric, unit, k, v);
    add_episodes(list, n, cfg.cluster);
  }
  df_free(labels);
  return status;
}

df_status measure_share(const eval_job* job, json_t* list, const char* metric, const char* unit, int k, int n,
                        const double* values) {
  df_interval v;
  DF_TRY(df_share_interval_clustered(n, values, job->set->episode, &v));
  measure_row(list, metric, unit, k, v);
  add_episodes(list, n, job->set->episode);
  return DF_OK;
}

void measure_samples(evaluation* out, const char* metric, int k, int n, const double* values) {
  json_t* numbers = json_array();
  for (int i = 0; i < n; i++) {
    json_array_append_new(numbers, json_number(values[i]));
  }
  json_array_append_new(out->samples, json_pack("{s:s,s:i,s:o}", "metric", metric, "k", k, "values", numbers));
}

df_status measure_mean(const eval_job* job, evaluation* out, const char* metric, int k, int n, const double* values) {
  DF_TRY(measure_part(job, out->rows, metric, measure_unit(metric), k, n, values, NULL));
  measure_samples(out, metric, k, n, values);
  return DF_OK;
}

void measure_worst(json_t* list, const char* metric, const char* unit, int k, int n, const double* values) {
  df_interval v = {.mean = 0, .lo = NAN, .hi = NAN, .n = n};
  for (int b = 0; b < n; b++) {
    /* a NaN is worse than any number and stays */
    if (!isnan(v.mean) && !(values[b] <= v.mean)) v.mean = values[b];
    if (!isfinite(values[b])) v.failed++;
  }
  measure_row(list, metric, unit, k, v);
}

json_t* measure_windows(const eval_job* job) {
  const eval_set* set = job->set;
  const df_dataset* data = job->task->data;
  json_t *episode = json_array(), *start = json_array(), *group = json_array(), *groups = json_array();
  for (int b = 0; b < set->B; b++) {
    json_array_append_new(episode, json_integer(set->episode[b]));
    json_array_append_new(start, json_integer(set->window[b].start));
    json_array_append_new(group, json_integer(set->group[b]));
  }
  /* a group's number is the index of its condition */
  bool gaits = false;
  for (int i = 0; i < data->nc; i++) gaits |= strncmp(data->condition_name[i], "gait.", 5) == 0;
  for (int i = 0; i < data->nc && gaits; i++) json_array_append_new(groups, json_string(data->condition_name[i]));
  return json_pack("{s:o,s:o,s:o,s:o}", "episode", episode, "start", start, "group", group, "groups", groups);
}
