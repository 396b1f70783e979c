#include "data_check.h"

#include <math.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "reading.h"
#include "text.h"

const check_cfg check_thorough = {.frames_max = 100000, .poses_max = 2000, .orders = true};
const check_cfg check_quick = {.frames_max = 10000, .poses_max = 100};

df_status data_check_states(const df_dataset* data, const df_system* system, double h, const check_cfg* cfg,
                            data_findings* out) {
  trace m;
  pose_summary poses;
  df_status status = trace_of(data, system, h, cfg->frames_max, &m);
  if (status == DF_OK) status = check_velocities(&m, out);
  if (status == DF_OK) check_frames(&m, out);
  if (status == DF_OK) status = pose_summary_of(&m, cfg->poses_max, &poses);
  if (status == DF_OK) check_poses(&poses, out);
  if (status == DF_OK) status = check_forces(&m, cfg->poses_max, out);
  trace_clear(&m);
  return status;
}

/* a setting without which the recording does not fit */
static void add_setting(const reading* r, int i, data_findings* out) {
  const reading_setting* s = &r->setting[i];
  const int part = reading_part(r, i);
  const double before = r->before[i].part[part], after = r->after[i].part[part];
  data_finding* one = data_findings_add(out, "convention", s->key, before, after, "misfit");
  data_finding_judge(one, CHECK_WRONG, "with %s = %s the misfit of %s falls from %.2g to %.2g", s->key, s->value,
                     misfit_part_name(part), before, after);
  data_finding_fits(one, "%s = %s", s->key, s->value);
}

/* the order of velocity columns needs columns that are named one by one */
static void name_columns(const reading* r, const df_system* system, data_findings* out) {
  const char* columns = reading_columns(&r->config, system);
  for (int i = 0; i < out->n && columns; i++) {
    data_finding* one = &out->list[i];
    if (strncmp(one->would_fit, "data.velocity_joints", 20) != 0) continue;
    char* order = one->would_fit;
    one->would_fit = format_text("data.columns = %s, %s", columns, order);
    df_free(order);
  }
}

df_status data_check_recording(const char* path, const df_config* config, const df_system* system, const check_cfg* cfg,
                               data_findings* out, df_dataset** data) {
  reading r;
  df_status status = reading_find(path, config, system, cfg, &r);
  if (data) *data = NULL;
  if (status == DF_E_NONFINITE) {
    data_finding_judge(data_findings_add(out, "finite", NULL, NAN, NAN, ""), CHECK_WRONG, "%s", df_error_message());
    status = DF_OK;
  } else if (status == DF_OK) {
    for (int i = 0; i < r.n; i++) add_setting(&r, i, out);
    status = data_check_states(r.data, system, r.h, cfg, out);
    name_columns(&r, system, out);
  }
  if (data && status == DF_OK) {
    *data = r.data;
    r.data = NULL;
  }
  reading_clear(&r);
  return status;
}
