#include "frame_interval.h"

#include <string.h>

#include "dynaflow/data/recording.h"
#include "dynaflow/sim/mujoco.h"

static const double SHORTEST = 1e-4, LONGEST = 1; /* s */
/* physics steps per frame, and frames per physics step: beyond, the rate or the step has another unit */
static const double MOST_STEPS = 1000, MOST_FRAMES = 10;

bool frame_interval_is_plausible(double h) {
  return h >= SHORTEST && h <= LONGEST;
}

/* what states the duration of a frame */
static const char* stated_by(const fit_source* source) {
  if (!source->config) return "the data state";
  if (source->config->data_rate > 0) return "data.rate states";
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
  data_finding* one = data_findings_add(out, "frame interval", NULL, h, h < SHORTEST ? SHORTEST : LONGEST, "s");
  if (!frame_interval_is_plausible(h)) {
    data_finding_judge(one, CHECK_WRONG,
                       "%s that a frame of episode %d lasts %.6g s, which is %.6g Hz: a recording has 1 Hz to 10 kHz; "
                       "set data.rate to its rate",
                       stated_by(source), first, h, 1 / h);
    if (source->config && frame_interval_is_plausible(system->dt) && has_velocities(source, system))
      data_finding_fits(one, "data.rate = %.9g", 1 / system->dt);
  } else if (h > MOST_STEPS * step || MOST_FRAMES * h < step) {
    data_finding_judge(one, CHECK_WARN,
                       "%s that a frame of episode 0 lasts %.6g s, but a physics step of the model lasts %.6g s: set "
                       "data.rate or system.timestep, whichever is wrong",
                       stated_by(source), h, step);
  }
}
