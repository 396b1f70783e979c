#include "data_check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_parts.h"
#include "column_names.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/robot_base.h"
#include "episode_distance.h"
#include "explained.h"
#include "foot_contacts.h"
#include "frame_interval.h"
#include "joint_order.h"
#include "list.h"
#include "mixture.h"
#include "name_proof.h"
#include "reachable.h"
#include "reading.h"
#include "servo_reading.h"
#include "text.h"
#include "usual_rates.h"

const check_cfg check_thorough = {.frames_max = 100000, .poses_max = 2000, .orders = true};
const check_cfg check_quick = {.frames_max = 10000, .poses_max = 100};

/* Several physics steps per frame may hide contacts and controllers between two frames: velocities from which the
 * recorded actions lead to the next states are right, and so are positions that actions press beyond a limit. Most
 * frames far beyond a limit remain a warning: then the range of the model is not that of the robot. */
static df_status accept_explained(const trace* m, data_findings* f) {
  bool doubt = false, explained = false;
  for (int i = 0; i < f->n; i++) doubt |= f->list[i].verdict != CHECK_OK && data_check_is_of_motion(f->list[i].check);
  if (doubt) DF_TRY(states_are_explained(m, &explained));
  for (int i = 0; i < f->n && explained; i++) {
    data_finding* one = &f->list[i];
    if (one->verdict == CHECK_OK || !data_check_is_of_motion(one->check)) continue;
    const bool far = one->check == DATA_CHECK_JOINT_LIMIT && one->verdict == CHECK_WRONG;
    if (far)
      data_finding_judge(one, CHECK_WARN, "the recorded actions lead to these states, but %s", one->reason);
    else
      data_finding_judge(one, CHECK_OK, "right, since the recorded actions lead to these states, although %s",
                         one->reason);
    if (!far) one->limit = NAN;
    remedy_clear(&one->would_fit);
  }
  return DF_OK;
}

/* whether the finding is that velocities are or may be wrong, of all episodes or, if all are looked at, of some */
static bool is_of_wrong_velocity(const trace* m, const data_finding* one) {
  bool velocity = data_check_is_of_velocity(one->check);
  for (int check = 0;
       check <= DATA_CHECK_REPLAY && one->check == DATA_CHECK_MIXTURE && reach_sees_all(m->data->episodes); check++)
    velocity |=
        data_check_is_of_velocity((data_check)check) && strcmp(one->column, data_check_name((data_check)check)) == 0;
  return velocity && one->check != DATA_CHECK_VELOCITY_SPIKE && one->verdict != CHECK_OK;
}

/* Where no recorded actions lead to the states, as if there were none or noise hides it: velocities at frames say
 * little of the positions between them where servos settle within a frame; those that some held action of each frame
 * leads to are right. */
static df_status accept_reachable(const trace* m, data_findings* f) {
  bool doubt = false;
  reach_verdict reached = REACHES_NOT;
  for (int i = 0; i < f->n; i++) doubt |= is_of_wrong_velocity(m, &f->list[i]);
  if (doubt) DF_TRY(states_are_reachable(m, &reached));
  for (int i = 0; i < f->n && reached != REACHES_NOT; i++) {
    data_finding* one = &f->list[i];
    const bool is_clear = one->verdict == CHECK_WRONG; /* others are warnings already */
    if (!is_of_wrong_velocity(m, one) ||
        (reached == REACHES_PERHAPS && !(is_clear && episode_row_is_of_joints(m, one->check, one->column))))
      continue;
    if (reached == REACHES)
      data_finding_judge(one, CHECK_OK,
                         "right, since the actuators of the model lead from each state to the next one with an action "
                         "that is held for a frame, although %s",
                         one->reason);
    else
      data_finding_judge(one, CHECK_WARN,
                         "not clear, since the actuators of the model settle within a frame, so that velocities at "
                         "frames say little of the positions between them, but %s",
                         one->reason);
    one->limit = NAN;
    if (reached == REACHES) remedy_clear(&one->would_fit);
  }
  return DF_OK;
}

/* the row of a reading with which actions lead to the states */
static void add_servo_reading(const trace* m, const servo_reading* r, data_findings* out) {
  const bool some = r->episodes < r->of_all;
  char* named = some ? check_named_episodes(&m->source, m->data->episodes, r->of, r->of_all) : NULL;
  char* of = some ? format_text(" of %s", named) : format_text("%s", "");
  char* what = r->order ? reading_order_words(m->system, r->order)
                        : format_text("the velocities of one frame %s", r->late > 0 ? "later" : "earlier");
  const data_check check = r->order ? DATA_CHECK_JOINT_ORDER : DATA_CHECK_VELOCITY_SHIFT;
  data_finding* one =
      some ? data_findings_add(out, DATA_CHECK_MIXTURE, data_check_name(check), r->episodes, 0, "episodes")
           : data_findings_add(out, check, NULL, NAN, NAN, "");
  data_finding_judge(one, CHECK_WRONG,
                     "with %s, the actuators of the model lead from each state%s to the next one with an action that "
                     "is held for a frame, and as read they do not: %s in the recording",
                     what, of, r->order ? "exchange their columns" : "move the columns of the velocities");
  if (r->order && !some) data_finding_takes(one, fit_joints(&m->source, m->system, r->order));
  if (!r->order && !some) data_finding_fits(one, "data.velocities", "differences");
  df_free(named);
  df_free(of);
  df_free(what);
}

/* Where no action leads to the states: another reading to whose states actions lead. Then velocities that say little
 * of the positions are right. */
static df_status find_servo_reading(const trace* m, data_findings* f) {
  bool doubt = false;
  servo_reading r;
  for (int i = 0; i < f->n; i++) doubt |= is_of_wrong_velocity(m, &f->list[i]);
  if (!doubt) return DF_OK;
  const df_status status = servo_reading_find(m, &r);
  for (int i = 0; i < f->n && status == DF_OK && r.found; i++) {
    data_finding* one = &f->list[i];
    if (!is_of_wrong_velocity(m, one)) continue;
    data_finding_judge(one, CHECK_OK, "right, once another row is corrected, although %s", one->reason);
    one->limit = NAN;
    remedy_clear(&one->would_fit);
  }
  if (status == DF_OK && r.found) add_servo_reading(m, &r, f);
  servo_reading_clear(&r);
  return status;
}

/* the whole number, or the inverse of one, between two factors; 0: none */
static double whole_between(double low, double high) {
  static const int MOST = 10;
  for (int n = 1; n <= MOST; n++) {
    if (n >= low && n <= high) return n;
    if (1 >= low * n && 1 <= high * n) return 1.0 / n;
  }
  return 0;
}

/* whether positions change about as many times as fast as the velocities say in every episode */
static bool episodes_share_slope(const trace* m) {
  static const double SAME = 1.3;
  double low = INFINITY, high = 0;
  for (size_t k = 0, end = 0; k < m->n; k = end) {
    end = trace_episode_end(m, k);
    const trace_fit f = trace_fit_all(m, k, end);
    if (f.n == 0) continue;
    low = fmin(low, f.slope[LAG_MEAN]);
    high = fmax(high, f.slope[LAG_MEAN]);
  }
  return high < SAME * low;
}

/* A frame rate that is wrong by the velocities of servos that settle within a frame, so that they seem to be of longer
 * frames: the right duration is the one with which the model's own motion shows these velocities, or a little longer,
 * where actions change within a frame. */
static df_status accept_settling(const trace* m, data_findings* f) {
  static const double SAME = 0.03, CHANGES = 1.1, SETTLES = 0.01, USUAL = 0.005;
  const double h = m->n ? m->h[m->episode[0]] : 0;
  /* no servo acts on a free base, whose velocities then tell the rate */
  for (int i = 0; i < f->n && !trace_has_base(m); i++) {
    data_finding* one = &f->list[i];
    double duration;
    if (one->check != DATA_CHECK_FRAME_RATE || one->verdict != CHECK_WRONG || !(one->value > 0)) continue;
    const double shown = 1 / one->value;
    /* that settling servos show a usual rate would be a coincidence */
    if (usual_duration_near(shown, USUAL) > 0) continue;
    DF_TRY(servo_duration(m, shown, &duration));
    if (!(duration < (1 - SETTLES) * shown)) continue;
    const double whole = whole_between((1 - SAME) * duration / h, fmin(shown, CHANGES * duration) / h);
    if (whole == 1 && episodes_share_slope(m)) {
      data_finding_judge(one, CHECK_WARN,
                         "not clear, since the servos of the model settle within a frame, so that frames of %.4g s "
                         "may show velocities as of %.4g s, but %s",
                         h, shown, one->reason);
      one->limit = NAN;
      remedy_clear(&one->would_fit);
    } else if (whole != 1 && remedy_value(&one->would_fit, "data.rate")) {
      const double right = whole > 0 ? whole * h : duration;
      one->value = 1 / right;
      data_finding_judge(
          one, CHECK_WRONG,
          "positions change %.4g times as fast as the velocities say, and the servos of the model settle "
          "within a frame: a frame takes %.4g s, not %.4g s (or all velocities are scaled: "
          "data.velocities = differences)",
          shown / h, right, h);
      remedy_clear(&one->would_fit);
      remedy_set(&one->would_fit, "data.rate", "%.6g", one->value);
    }
  }
  return DF_OK;
}

/* whether the finding is that positions are far beyond joint limits, of all episodes or, if all are looked at, of some
 */
static bool is_far_beyond_limits(const trace* m, const data_finding* one) {
  const bool some = one->check == DATA_CHECK_MIXTURE && reach_sees_all(m->data->episodes) &&
                    strcmp(one->column, data_check_name(DATA_CHECK_JOINT_LIMIT)) == 0;
  return (one->check == DATA_CHECK_JOINT_LIMIT || some) && one->verdict == CHECK_WRONG;
}

/* Without actions: positions beyond soft limits may be those to which the model's own actuators press. They remain a
 * warning, as where recorded actions lead to them. */
static df_status accept_pressed(const trace* m, data_findings* f) {
  bool doubt = false, pressed = false;
  for (int i = 0; i < f->n; i++) doubt |= is_far_beyond_limits(m, &f->list[i]);
  if (doubt && !m->data->actions) DF_TRY(limits_are_reachable(m, &pressed));
  for (int i = 0; i < f->n && pressed; i++) {
    data_finding* one = &f->list[i];
    if (!is_far_beyond_limits(m, one)) continue;
    data_finding_judge(one, CHECK_WARN, "the actuators of the model press its soft limits so far, but %s", one->reason);
    remedy_clear(&one->would_fit);
  }
  return DF_OK;
}

/* which part of a long recording the other rows are of */
static void add_examined(const trace* m, data_findings* out) {
  size_t all = 0;
  for (int e = 0; e < m->data->episodes; e++) all += (size_t)m->data->lengths[e];
  if (m->n >= all) return;
  data_finding* one = data_findings_add(out, DATA_CHECK_EXAMINED, NULL, (double)m->n, NAN, "frames");
  data_finding_judge(one, CHECK_OK, "examined %zu of %zu frames, evenly spread; the other rows refer to these", m->n,
                     all);
}

static df_status check_states(const df_dataset* data, const df_system* system, const double* h,
                              const fit_source* source, const check_cfg* cfg, data_findings* out) {
  trace m;
  pose_summary poses;
  df_status status = trace_of(data, system, h, cfg->frames_max, &m);
  if (cfg->step > 0) m.step = cfg->step;
  m.source = *source;
  if (status == DF_OK) add_examined(&m, out);
  if (status == DF_OK) status = check_motion(&m, out);
  if (status == DF_OK) status = check_velocities(&m, out);
  if (status == DF_OK) check_frames(&m, out);
  if (status == DF_OK) status = check_conditions(&m, out);
  if (status == DF_OK) status = pose_summary_of(&m, cfg->poses_max, &poses);
  if (status == DF_OK) status = check_root_residual(&m, cfg->poses_max, &poses.residual);
  const bool doubtful = status == DF_OK && poses.residual > CHECK_RESIDUAL;
  if (doubtful) status = check_residual_floor(&m, cfg->poses_max, &poses.residual_floor);
  if (status == DF_OK && doubtful && pose_floats(&poses))
    status = check_put_down_residual(&m, cfg->poses_max, poses.nearest, pose_reach(&poses), &poses.put_down);
  if (status == DF_OK && poses.has_ground && (pose_floats(&poses) || pose_hovers(&poses) || pose_is_sunk(&poses)))
    status = check_rise(&m, cfg->poses_max, &poses);
  if (status == DF_OK) check_poses(&poses, source, out);
  if (status == DF_OK) check_forces(&poses, out);
  if (status == DF_OK) status = check_support(&m, cfg->poses_max, out);
  if (status == DF_OK && poses.has_ground) status = check_foot_contacts(&m, cfg->poses_max, out);
  if (status == DF_OK) status = check_flight(&m, &poses, out);
  if (status == DF_OK) status = check_episodes(&m, cfg, out);
  if (status == DF_OK) status = accept_explained(&m, out);
  if (status == DF_OK) status = accept_reachable(&m, out);
  if (status == DF_OK) status = find_servo_reading(&m, out);
  if (status == DF_OK) status = accept_settling(&m, out);
  if (status == DF_OK) status = accept_pressed(&m, out);
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
  DF_TRY(check_time_order(&source, out));
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
    if (one->verdict != CHECK_OK || (one->check == DATA_CHECK_VELOCITY && one->value > CHECK_ERROR_DOUBT)) return true;
  }
  return false;
}

/* a setting without which the recording does not fit */
static void add_setting(const reading* r, const df_system* system, int i, data_findings* out) {
  const bool based = df_robot_base(system, &r->config.chart_objects).joint >= 0;
  const reading_setting* s = &r->setting[i];
  const int part = reading_part(r, i);
  const double before = r->before[i].part[part], after = r->after[i].part[part];
  data_finding* one = data_findings_add(out, DATA_CHECK_CONVENTION, s->key, before, NAN, "misfit");
  char* shifted = s->shift
                      ? format_text("the columns of the joints are shifted by %d place%s to the %s: ", abs(s->shift),
                                    abs(s->shift) == 1 ? "" : "s", s->shift > 0 ? "end" : "front")
                      : format_text("%s", "");
  char* fits = remedy_text(&s->fits);
  data_finding_judge(one, CHECK_WRONG, "%swith %s the misfit of %s falls from %.2g to %.2g", shifted, fits,
                     misfit_part_name(based, part), before, after);
  df_free(shifted);
  df_free(fits);
  remedy_add(&one->would_fit, &s->fits);
}

/* the hinges in a unit that others are not in */
static void add_units(const reading* r, const df_system* system, joint_unit unit, data_findings* out) {
  const df_joint* joints;
  const int n = df_mujoco_joints(system, &joints);
  int count = 0, *order = df_alloc((size_t)n, sizeof *order);
  for (int j = 0; j < n && order; j++) {
    order[j] = r->units[j] == unit ? ~j : j;
    count += order[j] < 0;
  }
  if (count > 0) {
    char* names = reading_reversed_names(system, order);
    data_finding_judge(
        data_findings_add(out, DATA_CHECK_JOINT_UNIT, NULL, count, 0, "joints"), CHECK_WRONG,
        unit == JOINT_IN_DEGREES
            ? "positions and velocities of %s are in degrees, and those of other joints in radians: "
              "convert them in the recording"
            : "positions of %s are in degrees, and their velocities and the positions of other joints in "
              "radians: convert them in the recording",
        names);
    df_free(names);
  }
  df_free(order);
}

/* what no setting says */
static void add_corrections(const reading* r, const df_system* system, data_findings* out) {
  static const char falls[] = "the misfit of %s falls from %.2g to %.2g";
  static const char force[] = "the force that the motion needs on %s falls from %.2g to %.2g weights";
  static const char undriven[] = "what no actuator drives";
  const free_exchange* e = &r->exchanged;
  const df_joint* joints;
  char sentence[160], parts[MISFIT_NAME_MAX];
  df_mujoco_joints(system, &joints);
  misfit_contact_name(system, parts);
  if (r->units) {
    add_units(r, system, JOINT_IN_DEGREES, out);
    add_units(r, system, JOINT_POSITION_IN_DEGREES, out);
  }
  if (e->found) {
    snprintf(sentence, sizeof sentence, falls, parts, e->as_read, e->misfit);
    data_finding* one = data_findings_add(out, DATA_CHECK_FREE_BODIES, NULL, e->as_read, NAN, "misfit");
    data_finding_judge(
        one, CHECK_WRONG,
        "the columns of free joint %d '%.40s' are those of free joint %d '%.40s': if they are exchanged, "
        "%s",
        e->base, joints[e->base].name, e->other, joints[e->other].name, sentence);
  }
  if (r->delay.frames) {
    const int frames = abs(r->delay.frames);
    const bool some = r->delay.episodes < r->data->episodes;
    char* of =
        some ? format_text(" (of the %d of %d episodes that are long enough)", r->delay.episodes, r->data->episodes)
             : format_text("%s", "");
    snprintf(sentence, sizeof sentence, falls, parts, r->delay.as_read, r->delay.misfit);
    data_finding_judge(
        data_findings_add(out, DATA_CHECK_JOINT_DELAY, NULL, r->delay.as_read, NAN, "misfit"), CHECK_WRONG,
        "the columns of the joints are %d frame%s %s than those of the base%s: with the joints of the same "
        "time %s: move their columns in the recording",
        frames, frames == 1 ? "" : "s", r->delay.frames > 0 ? "older" : "newer", of, sentence);
    df_free(of);
  }
  if (r->zero.verdict == JOINT_ZERO_BETTER) {
    snprintf(sentence, sizeof sentence, r->zero_by_forces ? force : falls, r->zero_by_forces ? undriven : parts,
             r->zero.as_read, r->zero.misfit);
    data_finding* one =
        data_findings_add(out, DATA_CHECK_JOINT_ZERO, joints[r->zero.joint].name, r->zero.offset, NAN, "rad");
    data_finding_judge(
        one, CHECK_WRONG,
        "with %.3g rad subtracted from the positions of %s %s: its zero is not that of the model; correct "
        "it in the recording",
        r->zero.offset, joints[r->zero.joint].name, sentence);
  }
  if (r->reversed) {
    const bool signs = joint_order_reverses(system, r->reversed);
    char* names = signs ? reading_reversed_names(system, r->reversed) : reading_order_words(system, r->reversed);
    snprintf(sentence, sizeof sentence, r->reversed_by_forces ? force : falls, r->reversed_by_forces ? undriven : parts,
             r->reversed_from, r->reversed_to);
    const data_check check = signs ? DATA_CHECK_JOINT_SIGN : DATA_CHECK_JOINT_ORDER;
    data_finding* one =
        data_findings_add(out, check, NULL, r->reversed_from, NAN, r->reversed_by_forces ? "weights" : "misfit");
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
    const bool same = f->list[i].check == like->check && strcmp(f->list[i].column, like->column) == 0;
    if (same) return f->list[i].verdict;
  }
  return CHECK_OK;
}

double data_check_residual(const data_findings* f) {
  for (int i = 0; i < f->n; i++) {
    if (f->list[i].check == DATA_CHECK_ROOT_RESIDUAL) return f->list[i].value;
  }
  return NAN;
}

bool data_check_strains(double before, data_check check, const data_findings* after) {
  const double moved = data_check_residual(after);
  for (int i = 0; i < after->n && check == DATA_CHECK_FLOOR; i++) {
    if (after->list[i].check == DATA_CHECK_ROOT_RESIDUAL && after->list[i].verdict == CHECK_OK) return false;
  }
  return moved > CHECK_RESIDUAL && moved > before + CHECK_RESIDUAL;
}

/* Whether the finding is gone and nothing is wrong that was not before. What is moved may not need more force than
 * before: right positions would be moved into the floor. */
static bool is_cured(const data_findings* before, const data_finding* one, const data_findings* after) {
  const bool moved = remedy_value(&one->would_fit, "data.position_offset") != NULL;
  /* what is put down until it touches may still hover a little */
  const bool put_down = one->check == DATA_CHECK_FLOOR && verdict_of(after, one) == CHECK_WARN;
  bool cured = (verdict_of(after, one) == CHECK_OK || put_down) &&
               !(moved && data_check_strains(data_check_residual(before), one->check, after));
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
  df_status status = remedy_apply(&one->would_fit, &config, "data check");
  if (status == DF_OK) status = reading_as_it_is(path, &config, system, cfg, &other);
  if (status == DF_OK) reading_correct(r, system, other.data);
  if (status == DF_OK) status = check_reading(&other, system, cfg, &again);
  if (status != DF_OK || !is_cured(f, one, &again)) remedy_clear(&one->would_fit);
  data_findings_clear(&again);
  reading_clear(&other);
  return status == DF_E_NOMEM ? status : DF_OK;
}

static df_status try_fits(const char* path, const reading* r, const df_system* system, const check_cfg* cfg,
                          data_findings* f) {
  for (int i = 0; i < f->n; i++) {
    if (f->list[i].would_fit.n) DF_TRY(try_fit(path, r, system, cfg, f, &f->list[i]));
  }
  return DF_OK;
}

/* ---- conventions that were found are tried ---- */

/* Whether velocities, joint limits or couplings tell setting i, and not only how the model lies on the floor. */
static bool is_told_directly(const reading* r, int i) {
  return reading_part(r, i) <= MISFIT_LIMITS || reading_part(r, i) == MISFIT_COUPLING;
}

/* Whether the recording read with the settings has something wrong, apart from velocities, which nothing could tell
 * before, that is not wrong without the settings. Settings that velocities or limits tell may show another mistake, if
 * that has a setting, too. */
static bool is_refuted(const reading* r, const data_findings* before, const data_findings* after) {
  bool direct = true;
  for (int i = 0; i < r->n; i++) direct &= is_told_directly(r, i);
  for (int i = 0; i < after->n; i++) {
    const data_finding* one = &after->list[i];
    const bool old = one->verdict != CHECK_WRONG || verdict_of(before, one) == CHECK_WRONG;
    if (!old && !data_check_is_of_velocity(one->check) && !(direct && one->would_fit.n)) return true;
  }
  return false;
}

/* the checks of what was read, and the settings that cure them */
static df_status check_and_try(const char* path, const reading* r, const df_system* system, const check_cfg* cfg,
                               data_findings* out) {
  data_findings_clear(out);
  DF_TRY(check_reading(r, system, cfg, out));
  return try_fits(path, r, system, cfg, out);
}

/* Takes back the last settings that were found while they are refuted by the recording as it is. */
static df_status check_conventions(const char* path, const df_config* config, const df_system* system,
                                   const check_cfg* cfg, reading* r, data_findings* out) {
  reading as_is = {0};
  data_findings before = {0};
  df_status status = check_and_try(path, r, system, cfg, out);
  if (status != DF_OK || r->n == 0) return status;
  /* what cannot be converted as it is refutes nothing */
  bool known = reading_as_it_is(path, config, system, cfg, &as_is) == DF_OK;
  if (known) status = check_reading(&as_is, system, cfg, &before);
  while (known && status == DF_OK && r->n > 0 && is_refuted(r, &before, out)) {
    const df_status taken = reading_take_back(path, config, system, cfg, r);
    if (taken != DF_OK) { /* what needs the last one to be read keeps it */
      status = taken == DF_E_NOMEM ? taken : DF_OK;
      break;
    }
    status = check_and_try(path, r, system, cfg, out);
  }
  reading_clear(&as_is);
  data_findings_clear(&before);
  return status;
}

/* ---- a recording ---- */

/* makes the states of `other`, and how they were read, those of `r`, which leaves its own there */
static void exchange_states(reading* r, reading* other) {
  const reading former = *r;
  r->config = other->config;
  r->now = other->now;
  r->recording = other->recording;
  r->stated = other->stated;
  r->h = other->h;
  r->data = other->data;
  other->recording = former.recording;
  other->stated = former.stated;
  other->h = former.h;
  other->data = former.data;
}

/* what is wrong first; NULL: nothing is */
static const data_finding* first_wrong(const data_findings* f) {
  for (int i = 0; i < f->n; i++) {
    if (f->list[i].verdict == CHECK_WRONG) return &f->list[i];
  }
  return NULL;
}

static void add_righted(const reading* r, const df_system* system, double before, const char* wrong,
                        data_findings* out) {
  char *fits = remedy_text(&r->righted.fits), *body = check_base_words(system, &r->config.chart_objects);
  data_finding* one = data_findings_add(out, DATA_CHECK_CONVENTION, r->righted.key, before, NAN, "misfit");
  data_finding_judge(one, CHECK_WRONG,
                     "with %s %s is as in the model's own first pose, and nothing is wrong; as it is, %s lies on "
                     "its side or upside down, and %s",
                     fits, body, body, wrong);
  remedy_add(&one->would_fit, &r->righted.fits);
  df_free(body);
  df_free(fits);
}

/* Takes the setting with which a base that lies is upright, if something is wrong without it and nothing with it: the
 * rows are those with it then, and the setting is a finding of `out`. */
static df_status try_posture(const char* path, const df_system* system, const check_cfg* cfg, reading* r,
                             data_findings* rows, data_findings* out) {
  const data_finding* wrong = first_wrong(rows);
  reading other = {0};
  data_findings again = {0};
  df_config config = r->config;
  if (!r->righted.key || !wrong) return DF_OK;
  df_status status = remedy_apply(&r->righted.fits, &config, "data check");
  if (status == DF_OK) status = reading_as_it_is(path, &config, system, cfg, &other);
  if (status == DF_OK) reading_correct(r, system, other.data);
  if (status == DF_OK) status = check_reading(&other, system, cfg, &again);
  if (status == DF_OK && !first_wrong(&again)) {
    add_righted(r, system, r->now.part[MISFIT_TILT], wrong->reason, out);
    exchange_states(r, &other);
    remedy_clear(&r->righted.fits);
    r->righted = (reading_setting){0};
    data_findings_clear(rows);
    *rows = again;
    again = (data_findings){0};
  }
  data_findings_clear(&again);
  reading_clear(&other);
  return status == DF_E_NOMEM ? status : DF_OK;
}

/* a convention that is only a warning: nothing but the posture of the base speaks for it */
static void add_posture(const reading* r, const df_system* system, data_findings* out) {
  const reading_setting* s = &r->righted;
  if (!s->key) return;
  char *fits = remedy_text(&s->fits), *body = check_base_words(system, &r->config.chart_objects);
  data_finding* one = data_findings_add(out, DATA_CHECK_CONVENTION, s->key, r->now.part[MISFIT_TILT], NAN, "misfit");
  data_finding_judge(one, CHECK_WARN,
                     "%s lies on its side or upside down; with %s it would be as in the model's own first pose, and "
                     "no other check can tell which is right",
                     body, fits);
  df_free(body);
  remedy_add(&one->would_fit, &s->fits);
  df_free(fits);
}

/* appends the findings of `from`, which is empty then */
static void move_findings(data_findings* from, data_findings* to) {
  for (int i = 0; i < from->n; i++) {
    to->list = list_grow(to->list, to->n, sizeof *to->list);
    to->list[to->n++] = from->list[i];
  }
  df_free(from->list);
  *from = (data_findings){0};
}

/* the settings that were found, and the checks of what is read with them */
static df_status check_found(const char* path, const df_config* config, const df_system* system, const check_cfg* cfg,
                             reading* r, data_findings* out) {
  data_findings rows = {0};
  df_status status = check_conventions(path, config, system, cfg, r, &rows);
  for (int i = 0; i < r->n; i++) add_setting(r, system, i, out);
  if (status == DF_OK) status = try_posture(path, system, cfg, r, &rows, out);
  add_corrections(r, system, out);
  move_findings(&rows, out);
  if (r->doubtful)
    data_finding_judge(data_findings_add(out, DATA_CHECK_JOINT_ZERO, NULL, NAN, NAN, "rad"), CHECK_WRONG, "%s",
                       r->doubtful);
  if (r->height)
    data_finding_judge(data_findings_add(out, DATA_CHECK_CONVENTION, "height", NAN, NAN, "misfit"), CHECK_WARN, "%s",
                       r->height);
  if (r->unclear)
    data_finding_judge(data_findings_add(out, DATA_CHECK_CONVENTION, "data.joints", NAN, NAN, "misfit"), CHECK_WARN,
                       "%s", r->unclear);
  add_posture(r, system, out);
  return status;
}

df_status data_check_finite(df_status status, data_findings* out) {
  if (status != DF_E_NONFINITE) return status;
  data_finding_judge(data_findings_add(out, DATA_CHECK_FINITE, NULL, NAN, NAN, ""), CHECK_WRONG,
                     "%s: correct the file, or leave the episode out with data.select", df_error_message());
  return DF_OK;
}

/* ---- what no reading of all of it makes right ---- */

/* Whether the recording is no motion as it is read, or whether its actions lead from each state to the next one. */
static df_status look_first(const reading* r, const df_system* system, const check_cfg* cfg, bool* motion,
                            bool* explained) {
  trace m;
  data_findings f = {0};
  *motion = true;
  *explained = false;
  df_status status = trace_of(r->data, system, r->h, cfg->frames_max, &m);
  if (status == DF_OK) status = states_are_explained(&m, explained);
  if (status == DF_OK && !*explained) status = check_motion(&m, &f);
  if (status == DF_OK) *motion = data_findings_count(&f, CHECK_WRONG) == 0;
  data_findings_clear(&f);
  trace_clear(&m);
  return status;
}

/* by how much more misfit of an episode two conventions may leave than one for all, which is then none of any */
static const double MIXED = 0.02;

static void exchange_readings(reading* a, reading* b) {
  const reading former = *a;
  *a = *b;
  *b = former;
}

/* Episodes of different conventions, of the reading that was found or, if that explains as much, of `as_is`, which the
 * reading then is: what was found for all is none of any. */
static df_status find_mixture(const char* path, const df_system* system, const check_cfg* cfg, reading* as_is,
                              reading* r, data_findings* out) {
  mixture found, first = {0};
  data_findings other = {0};
  df_status status = mixture_find(path, r, system, cfg, &found, out);
  const bool changed = r->n || r->reversed || r->exchanged.found || r->zero.verdict == JOINT_ZERO_BETTER;
  if (status == DF_OK && changed && as_is->data) status = mixture_find(path, as_is, system, cfg, &first, &other);
  if (status == DF_OK && first.found && first.best <= found.best + MIXED * r->data->episodes) {
    exchange_readings(as_is, r);
    data_findings_clear(out);
    *out = other;
    other = (data_findings){0};
  }
  data_findings_clear(&other);
  return status;
}

/* the reading that the checks are of, and the episodes that are of another one */
static df_status find_reading(const char* path, const df_config* config, const df_system* system, const check_cfg* cfg,
                              reading* r, data_findings* mixed) {
  reading as_is;
  bool motion = true, explained = false;
  const df_status read = reading_as_it_is(path, config, system, cfg, &as_is);
  df_status status = read == DF_OK ? look_first(&as_is, system, cfg, &motion, &explained) : DF_OK;
  if (status == DF_OK && motion) status = reading_find(path, config, system, cfg, r);
  if (status == DF_OK && !motion) exchange_readings(&as_is, r);
  if (status == DF_OK && motion && !explained) status = find_mixture(path, system, cfg, &as_is, r, mixed);
  reading_clear(&as_is);
  return status;
}

/* what the names of the columns say; nothing of a recording that cannot be opened, whose error is that of its reading
 */
static df_status find_names(const char* path, const df_config* config, const df_system* system, column_names* out) {
  df_recording* recording;
  *out = (column_names){0};
  const df_status opened = df_recording_open(path, config, system, &recording);
  if (opened != DF_OK) return opened == DF_E_NOMEM ? opened : DF_OK;
  const df_status status = column_names_find(recording, config, system, out);
  df_recording_free(recording);
  return status;
}

/* takes back heights, and velocities that are differences, that would fit: of a recording whose episodes are of other
 * conventions they hide these */
static void keep_states(data_findings* f) {
  for (int i = 0; i < f->n; i++) {
    remedy* fits = &f->list[i].would_fit;
    if (remedy_value(fits, "data.position_offset") || remedy_value(fits, "data.velocities")) remedy_clear(fits);
  }
}

/* the checks of a recording whose names are followed */
static df_status check_named(const char* path, const df_config* config, const df_system* system, const check_cfg* cfg,
                             data_findings* out, df_dataset** data) {
  reading r = {0};
  data_findings mixed = {0};
  df_status status = find_reading(path, config, system, cfg, &r, &mixed);
  if (data) *data = NULL;
  if (status == DF_OK) {
    status = check_found(path, config, system, cfg, &r, out);
    if (mixed.n) keep_states(out);
    move_findings(&mixed, out);
  } else {
    status = data_check_finite(status, out);
  }
  data_findings_clear(&mixed);
  if (data && status == DF_OK) {
    *data = r.data;
    r.data = NULL;
  }
  reading_clear(&r);
  return status;
}

df_status data_check_recording(const char* path, const df_config* config, const df_system* system, const check_cfg* cfg,
                               data_findings* out, df_dataset** data) {
  column_names names;
  df_config named = *config;
  check_cfg own = *cfg;
  if (data) *data = NULL;
  df_status status = find_names(path, config, system, &names);
  if (status == DF_OK) status = name_proof_weigh(path, config, system, cfg, &names);
  if (status == DF_OK) status = column_names_apply(&names, &named);
  own.named = names.decide;
  move_findings(&names.found, out);
  column_names_clear(&names);
  return status == DF_OK ? check_named(path, &named, system, &own, out, data) : status;
}
