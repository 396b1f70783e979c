/* replay_settings.h: the settings that make a recording with actions follow from its model. */
#ifndef BENCH_IMPORT_REPLAY_SETTINGS_H
#define BENCH_IMPORT_REPLAY_SETTINGS_H

#include "replay_hypotheses.h"
#include "settings.h"

/* Puts what an alternative of `dynaflow replay` changes in the options `now` and in how the file is read. Returns false
 * if some of it is no setting: a gain, a gear, a limit of iterations below that of training, one of line search
 * iterations, islands, or actions that are off by a row in a way that data.action_time does not say; the rest is put.
 * spare_actions: there is a recorded action for every state, as data.action_time = before needs. usable: whether the
 * recorded actions are controls of the model, with these settings; they are not with other gains or rows. */
bool put_alternative(settings* s, const hypothesis* h, const df_mujoco_cfg* now, bool spare_actions, bool* usable);

#endif
