#include "data_check.h"

#include "check_parts.h"

const check_cfg check_thorough = {.frames_max = 100000, .poses_max = 2000};
const check_cfg check_quick = {.frames_max = 10000, .poses_max = 100};

df_status data_check_states(const df_dataset* data, const df_system* system, double h, const check_cfg* cfg,
                            data_findings* out) {
  motion m;
  pose_summary poses;
  df_status status = motion_of(data, system, h, cfg->frames_max, &m);
  if (status == DF_OK) status = check_velocities(&m, out);
  if (status == DF_OK) check_frames(&m, out);
  if (status == DF_OK) status = pose_summary_of(&m, cfg->poses_max, &poses);
  if (status == DF_OK) check_poses(&poses, out);
  motion_clear(&m);
  return status;
}
