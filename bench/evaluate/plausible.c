#include "plausible.h"

#include <math.h>
#include <stdio.h>

#include "dynaflow/config/config.h"
#include "dynaflow/core/alloc.h"
#include "measures.h"

/* the row of one metric from its values [n], without the windows for which it is not defined; of [n] is scratch */
static df_status add_row(const eval_job* job, df_plausible_def def, const char* suffix, int k, int n, double* values,
                         int* of, evaluation* out) {
  char name[64];
  snprintf(name, sizeof name, "%s%s", def.metric, suffix);
  int defined = 0;
  for (int b = 0; b < n; b++) {
    if (isnan(values[b])) continue;
    values[defined] = values[b];
    of[defined++] = b;
  }
  if (defined && def.largest) measure_worst(out->rows, name, measure_unit(name), k, defined, values);
  if (def.largest) return DF_OK;
  return measure_part(job, out->rows, name, measure_unit(name), k, defined, values, of);
}

df_status plausible_rows(const eval_job* job, const char* suffix, int k, const df_trajectories* made, const int* frames,
                         evaluation* out) {
  const eval_set* set = job->set;
  const df_plausibility_cfg cfg = {.n_feet = set->n_feet,
                                   .feet = set->feet,
                                   .velocity_limit = &job->task->config.eval_velocity_limit,
                                   .objects = &job->task->config.chart_objects,
                                   .frames = frames};
  const size_t n = (size_t)made->B;
  double* values = df_alloc(DF_PLAUSIBLE_VALUES * n, sizeof *values);
  int* of = df_alloc(n, sizeof *of);
  df_status status = values && of ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) status = df_metric_plausibility(job->task->system, &cfg, made, job->threads, values);
  for (int i = 0; i < DF_PLAUSIBLE_VALUES && status == DF_OK; i++) {
    status = add_row(job, df_plausible_define((df_plausible)i), suffix, k, made->B, values + (size_t)i * n, of, out);
  }
  df_free(values);
  df_free(of);
  return status;
}
