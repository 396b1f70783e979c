#include "data_check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/core/alloc.h"
#include "explained.h"
#include "frame_interval.h"
#include "joint_order.h"
#include "reading.h"
#include "text.h"

const check_cfg check_thorough = {.frames_max = 100000, .poses_max = 2000, .orders = true};
const check_cfg check_quick = {.frames_max = 10000, .poses_max = 100};

/* a check that judges how positions and velocities change, or whether they keep to limits, which are soft */
static bool is_of_motion(const char* check) {
  return strncmp(check, "velocity", 8) == 0 || strcmp(check, "joint limit") == 0 ||
         strncmp(check, "frame rate", 10) == 0 || strcmp(check, "jump") == 0;
}

/* Several physics steps per frame may hide contacts and controllers between two frames: velocities from which the
 * recorded actions lead to the next states are right, and so are positions that actions press beyond a limit. */
static df_status accept_explained(const trace* m, data_findings* f) {
  bool doubt = false, explained = false;
  for (int i = 0; i < f->n; i++) doubt |= f->list[i].verdict != CHECK_OK && is_of_motion(f->list[i].check);
  if (doubt) DF_TRY(states_are_explained(m, &explained));
  for (int i = 0; i < f->n && explained; i++) {
    data_finding* one = &f->list[i];
    if (one->verdict == CHECK_OK || !is_of_motion(one->check)) continue;
    data_finding_judge(one, CHECK_OK, "right, since the recorded actions lead to these states, although %s",
                       one->reason);
    data_finding_fits(one, "%s", "");
  }
  return DF_OK;
}

static df_status check_states(const df_dataset* data, const df_system* system, const double* h,
                              const fit_source* source, const check_cfg* cfg, data_findings* out) {
  trace m;
  pose_summary poses;
  double floor = NAN;
  df_status status = trace_of(data, system, h, cfg->frames_max, &m);
  m.source = *source;
  if (status == DF_OK) status = check_velocities(&m, out);
  if (status == DF_OK) check_frames(&m, out);
  if (status == DF_OK) status = accept_explained(&m, out);
  if (status == DF_OK) status = pose_summary_of(&m, cfg->poses_max, &poses);
  if (status == DF_OK) status = check_root_residual(&m, cfg->poses_max, &poses.residual);
  if (status == DF_OK && poses.residual > CHECK_RESIDUAL) status = check_residual_floor(&m, cfg->poses_max, &floor);
  if (status == DF_OK) check_poses(&poses, source, out);
  if (status == DF_OK) check_forces(poses.residual, floor, out);
  trace_clear(&m);
  return status;
}

df_status data_check_states(const df_dataset* data, const df_system* system, const check_cfg* cfg, data_findings* out) {
  double* h = df_alloc((size_t)data->episodes, sizeof *h);
  if (!h) return DF_E_NOMEM;
  for (int e = 0; e < data->episodes; e++) h[e] = data->dt;
  const df_status status = check_states(data, system, h, &(fit_source){0}, cfg, out);
  df_free(h);
  return status;
}

static df_status check_reading(const reading* r, const df_system* system, const check_cfg* cfg, data_findings* out) {
  const fit_source source = {r->recording, &r->config};
  check_frame_intervals(r->data->episodes, r->stated, system, &source, out);
  DF_TRY(check_time_gaps(r->recording, out));
  return check_states(r->data, system, r->h, &source, cfg, out);
}

df_status data_check_intervals(const char* path, const df_config* config, const df_system* system, data_findings* out) {
  df_recording* recording;
  DF_TRY(df_recording_open(path, config, system, &recording));
  const int n = df_recording_episodes(recording);
  double* stated = df_alloc((size_t)n, sizeof *stated);
  for (int e = 0; e < n && stated; e++) stated[e] = df_recording_frame_duration(recording, config, system, e);
  df_status status = stated ? check_time_gaps(recording, out) : DF_E_NOMEM;
  if (stated) check_frame_intervals(n, stated, system, &(fit_source){recording, config}, out);
  df_recording_free(recording);
  df_free(stated);
  return status;
}

bool data_check_is_doubtful(const data_findings* f) {
  for (int i = 0; i < f->n; i++) {
    const data_finding* one = &f->list[i];
    if (one->verdict != CHECK_OK || (strcmp(one->check, "velocity") == 0 && one->value > CHECK_ERROR_DOUBT))
      return true;
  }
  return false;
}

/* a setting without which the recording does not fit */
static void add_setting(const reading* r, int i, data_findings* out) {
  const reading_setting* s = &r->setting[i];
  const int part = reading_part(r, i);
  const double before = r->before[i].part[part], after = r->after[i].part[part];
  data_finding* one = data_findings_add(out, "convention", s->key, before, after, "misfit");
  char* shifted = s->shift
                      ? format_text("the columns of the joints are shifted by %d place%s to the %s: ", abs(s->shift),
                                    abs(s->shift) == 1 ? "" : "s", s->shift > 0 ? "end" : "front")
                      : format_text("%s", "");
  data_finding_judge(one, CHECK_WRONG, "%swith %s the misfit of %s falls from %.2g to %.2g", shifted, s->fits,
                     misfit_part_name(part), before, after);
  df_free(shifted);
  data_finding_fits(one, "%s", s->fits);
}

/* what no setting says */
static void add_corrections(const reading* r, const df_system* system, data_findings* out) {
  static const char falls[] = "the misfit of joint limits, floor and slip falls from %.2g to %.2g";
  static const char force[] =
      "the force that the motion needs on what no actuator drives falls from %.2g to %.2g weights";
  const free_exchange* e = &r->exchanged;
  const df_joint* joints;
  char sentence[160];
  df_mujoco_joints(system, &joints);
  if (e->other) {
    snprintf(sentence, sizeof sentence, falls, e->as_read, e->misfit);
    data_finding* one = data_findings_add(out, "free bodies", NULL, e->as_read, e->misfit, "misfit");
    data_finding_judge(
        one, CHECK_WRONG,
        "the columns of free joint %d '%.40s' are those of free joint %d '%.40s': if they are exchanged, "
        "%s",
        e->base, joints[e->base].name, e->other, joints[e->other].name, sentence);
  }
  if (r->reversed) {
    const bool signs = joint_order_reverses(system, r->reversed);
    char* names = signs ? reading_reversed_names(system, r->reversed) : reading_order_words(system, r->reversed);
    snprintf(sentence, sizeof sentence, r->reversed_by_forces ? force : falls, r->reversed_from, r->reversed_to);
    data_finding* one = data_findings_add(out, signs ? "joint sign" : "joint order", NULL, r->reversed_from,
                                          r->reversed_to, r->reversed_by_forces ? "weights" : "misfit");
    data_finding_judge(one, CHECK_WRONG,
                       signs ? "with the opposite sign of %s %s: negate them in the recording"
                             : "with %s %s: exchange their columns in the recording",
                       names, sentence);
    df_free(names);
  }
}

/* ---- settings that would fit are tried ---- */

/* the verdict of the same check of the same column */
static check_verdict verdict_of(const data_findings* f, const data_finding* like) {
  for (int i = 0; i < f->n; i++) {
    const bool same = strcmp(f->list[i].check, like->check) == 0 && strcmp(f->list[i].column, like->column) == 0;
    if (same) return f->list[i].verdict;
  }
  return CHECK_OK;
}

/* whether the finding is gone and nothing is wrong that was not before */
static bool is_cured(const data_findings* before, const data_finding* one, const data_findings* after) {
  bool cured = verdict_of(after, one) == CHECK_OK;
  for (int i = 0; i < after->n; i++) {
    const data_finding* other = &after->list[i];
    cured &= other->verdict != CHECK_WRONG || verdict_of(before, other) == CHECK_WRONG;
  }
  return cured;
}

/* reads the recording with the settings that would fit a finding, and takes them back if they do not */
static df_status try_fit(const char* path, const reading* r, const df_system* system, const check_cfg* cfg,
                         const data_findings* f, data_finding* one) {
  reading other = {0};
  data_findings again = {0};
  df_config config = r->config;
  df_status status = fit_apply(one->would_fit, &config);
  if (status == DF_OK) status = reading_as_it_is(path, &config, system, cfg, &other);
  if (status == DF_OK) reading_correct(r, system, other.data);
  if (status == DF_OK) status = check_reading(&other, system, cfg, &again);
  if (status != DF_OK || !is_cured(f, one, &again)) data_finding_fits(one, "%s", "");
  data_findings_clear(&again);
  reading_clear(&other);
  return status == DF_E_NOMEM ? status : DF_OK;
}

static df_status try_fits(const char* path, const reading* r, const df_system* system, const check_cfg* cfg,
                          data_findings* f) {
  for (int i = r->n; i < f->n; i++) {
    if (f->list[i].would_fit[0]) DF_TRY(try_fit(path, r, system, cfg, f, &f->list[i]));
  }
  return DF_OK;
}

/* ---- a recording ---- */

/* the checks of what was read; the first r->n findings are the settings that were found */
static df_status check_found(const char* path, const reading* r, const df_system* system, const check_cfg* cfg,
                             data_findings* out) {
  for (int i = 0; i < r->n; i++) add_setting(r, i, out);
  add_corrections(r, system, out);
  DF_TRY(check_reading(r, system, cfg, out));
  DF_TRY(try_fits(path, r, system, cfg, out));
  if (r->unclear)
    data_finding_judge(data_findings_add(out, "convention", "data.joints", NAN, NAN, "misfit"), CHECK_WARN, "%s",
                       r->unclear);
  return DF_OK;
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
    status = check_found(path, &r, system, cfg, out);
  }
  if (data && status == DF_OK) {
    *data = r.data;
    r.data = NULL;
  }
  reading_clear(&r);
  return status;
}
