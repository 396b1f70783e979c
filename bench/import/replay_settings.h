/* replay_settings.h: the settings that make a recording with actions follow from its model. */
#ifndef BENCH_IMPORT_REPLAY_SETTINGS_H
#define BENCH_IMPORT_REPLAY_SETTINGS_H

#include "replay_hypotheses.h"
#include "settings.h"

/* Puts what an alternative of `dynaflow replay` changes in the options `now` and in how the file is read. Returns false
 * if some of it is no setting: a gain, a gear, a limit of iterations below that of training, islands; the rest is put.
 */
bool put_alternative(settings* s, const hypothesis* h, const df_mujoco_cfg* now);

#endif
