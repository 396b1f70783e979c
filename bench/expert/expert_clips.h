/* expert_clips.h: the demonstrations of a task as clips that a policy follows (expert.imitate). */
#ifndef BENCH_EXPERT_EXPERT_CLIPS_H
#define BENCH_EXPERT_EXPERT_CLIPS_H

#include "dynaflow/config/search.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/policy/walk.h"
#include "options.h"

/* Stretches of episodes on the training side of the split, in the order of the episodes. */
typedef struct expert_clips {
  df_dataset* data; /* owned; NULL: no imitation, and the others are 0 */
  int n;
  df_walk_clip* clip;          /* [n] owned; their states are those of `data` */
  df_window* at;               /* [n] owned; episode and first frame of each */
  char sha256[DF_SHA256_TEXT]; /* of the states, lengths and gaits of all clips */
} expert_clips;

/* Finds or generates the demonstrations of a task and lists the clips that the settings ask for: the episodes of
 * expert.clips, or all of the gaits in expert.gaits, without frames that are held out, and no stretch that is shorter
 * than expert.horizon. They are degraded as those of a flow are (df_task_degrade()): train.episodes leaves clips of the
 * first episodes of each gait, train.noise changes their states. Errors: DF_E_CONFIG, which names expert.clips or
 * expert.gaits and the episode or gait that is unknown, held out, left out or too short; those of task_data_path(),
 * df_dataset_read(), df_windows_new(), df_task_degrade() and, with either setting, df_chart_new() and df_chart_fit().
 * Call expert_clips_clear(), also after a failure. */
DF_MUST_CHECK df_status expert_clips_load(const df_config* config, const df_search* search, const options* opts,
                                          df_system* system, expert_clips* out);
void expert_clips_clear(expert_clips* clips);

#endif
