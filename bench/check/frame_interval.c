#include "frame_interval.h"

#include <math.h>
#include <string.h>

#include "check_parts.h"
#include "dynaflow/sim/mujoco.h"

static const double SHORTEST = 1e-4, LONGEST = 1; /* s */
/* physics steps per frame, and frames per physics step: beyond, the rate or the step has another unit */
static const double MOST_STEPS = 1000, MOST_FRAMES = 10;

bool frame_interval_is_plausible(double h) {
  return h >= SHORTEST && h <= LONGEST;
}

int frame_interval_lag(const trace_fit* f) {
  static const double TOLERANCE = 0.02;
  int lag = LAG_CUBIC;
  const double at_start = f->slope[LAG_EXPLICIT], at_end = f->slope[LAG_SEMI_IMPLICIT];
  const bool geometric =
      fmax(f->fitted[LAG_EXPLICIT], f->fitted[LAG_SEMI_IMPLICIT]) < CHECK_ERROR_EXACT && fmin(at_start, at_end) > 0;
  if (!geometric) {
    trace_fitted_error(f, &lag);
    return lag;
  }
  const bool between = fmin(at_start, at_end) <= 1 + TOLERANCE && fmax(at_start, at_end) >= 1 - TOLERANCE;
  return between ? -1 : lag;
}

/* whether a comment states the rate, in words that may be of something else */
static bool is_of_comment(const fit_source* source) {
  return strcmp(df_recording_rate_source(source->recording), "a comment") == 0;
}

/* what states the duration of a frame */
static const char* stated_by(const fit_source* source) {
  if (!source->config) return "the data state";
  if (source->config->data_rate > 0) return "data.rate states";
  if (is_of_comment(source)) return "a comment of the file states";
  return df_recording_rate(source->recording) > 0 ? "the file states" : "system.timestep and system.substeps state";
}

/* whether velocities are read that tell the rate */
static bool has_velocities(const fit_source* source, const df_system* system) {
  bool found = false;
  for (int i = 0; i < df_recording_columns(source->recording); i++)
    found |= df_recording_column_at(source->recording, i)->state >= df_mujoco_nq(system);
  return found && strcmp(source->config->data_velocities, "differences") != 0;
}

void check_frame_intervals(int episodes, const double* stated, const df_system* system, const fit_source* source,
                           data_findings* out) {
  const double step = df_mujoco_timestep(system);
  int first = 0;
  while (first < episodes - 1 && frame_interval_is_plausible(stated[first])) first++;
  const double h = stated[frame_interval_is_plausible(stated[first]) ? 0 : first];
  data_finding* one = data_findings_add(out, DATA_CHECK_FRAME_INTERVAL, NULL, h, LONGEST, "s");
  if (!frame_interval_is_plausible(h)) {
    data_finding_judge(one, CHECK_WRONG,
                       "%s that a frame of episode %d lasts %.6g s, which is %.6g Hz: a recording has 1 Hz to 10 kHz; "
                       "set data.rate to its rate",
                       stated_by(source), first, h, 1 / h);
    if (h < SHORTEST) one->limit = NAN;
    if (source->config && frame_interval_is_plausible(system->dt) && has_velocities(source, system))
      remedy_set(&one->would_fit, "data.rate", "%.9g", 1 / system->dt);
  } else if (h > MOST_STEPS * step || MOST_FRAMES * h < step) {
    data_finding_judge(one, CHECK_WARN,
                       "%s that a frame of episode 0 lasts %.6g s, but a physics step of the model lasts %.6g s: set "
                       "data.rate or system.timestep, whichever is wrong",
                       stated_by(source), h, step);
    one->limit = NAN;
  } else if (source->config && !(source->config->data_rate > 0) && is_of_comment(source)) {
    data_finding_judge(one, CHECK_OK, "a comment of the file states %.6g Hz", 1 / h);
  }
}

df_status check_time_order(const fit_source* source, data_findings* out) {
  int count = 0, first = 0, first_frame = 0;
  double first_at[2] = {0}, at[2], gap, usual = 0;
  for (int e = 0; e < df_recording_episodes(source->recording) && !(source->config->data_rate > 0); e++) {
    int frame;
    DF_TRY(df_recording_time_order(source->recording, e, &frame, at));
    if (frame == 0 || count++ > 0) continue;
    first = e;
    first_frame = frame;
    first_at[0] = at[0];
    first_at[1] = at[1];
    DF_TRY(df_recording_gap(source->recording, e, &gap, &usual, &frame));
  }
  if (count == 0) return DF_OK;
  data_finding* one = data_findings_add(out, DATA_CHECK_TIME_ORDER, NULL, count, 0, "episodes");
  data_finding_judge(
      one, CHECK_WRONG,
      "time does not increase in %d episode%s: in episode %d %s from frame %d (%.9g s) to frame %d (%.9g "
      "s): two clips may be joined there (data.ends_key says where they end); data.rate replaces the "
      "times",
      count, count == 1 ? "" : "s", first, first_at[1] < first_at[0] ? "it falls" : "it stays", first_frame - 1,
      first_at[0], first_frame, first_at[1]);
  if (frame_interval_is_plausible(usual)) remedy_set(&one->would_fit, "data.rate", "%.9g", 1 / usual);
  return DF_OK;
}

/* frames that a gap is as long as: one that is missing is interpolated well, several are not */
static const double LONGER = 1.5, MUCH_LONGER = 5.5;

df_status check_time_gaps(const df_recording* recording, data_findings* out) {
  int gaps = 0, episode = 0, frame = 0;
  double most = 0, longest = 0, step = 0;
  for (int e = 0; e < df_recording_episodes(recording); e++) {
    double gap, usual;
    int at;
    DF_TRY(df_recording_gap(recording, e, &gap, &usual, &at));
    const double ratio = usual > 0 ? gap / usual : 0;
    gaps += ratio > LONGER;
    if (!(ratio > most)) continue;
    most = ratio;
    longest = gap;
    step = usual;
    episode = e;
    frame = at;
  }
  if (!(most > 0)) return DF_OK;
  data_finding* one = data_findings_add(out, DATA_CHECK_TIME_GAP, NULL, most, LONGER, "frames");
  if (gaps == 0) return DF_OK;
  data_finding_judge(
      one, most > MUCH_LONGER ? CHECK_WRONG : CHECK_WARN,
      "frames are missing, or the clock jumps, in %d episode%s: in episode %d %.6g s pass between frames %d and %d, "
      "%.3g times the usual time; cut the episodes there (data.ends_key), or leave them out (data.select); if the "
      "motion "
      "goes on there, data.rate: %.6g replaces the times",
      gaps, gaps == 1 ? "" : "s", episode, longest, frame, frame + 1, most, 1 / step);
  return DF_OK;
}
