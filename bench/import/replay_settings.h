/* replay_settings.h: the settings that make a recording with actions follow from its model. */
#ifndef BENCH_IMPORT_REPLAY_SETTINGS_H
#define BENCH_IMPORT_REPLAY_SETTINGS_H

#include "remedy.h"
#include "replay_hypotheses.h"
#include "settings.h"

/* Puts what an alternative of `dynaflow replay` changes in the options `now` and in how the file is read. Returns false
 * if some of it is no setting: a gain, a gear, a limit of iterations below that of training, one of line search
 * iterations, islands, or actions that are off by a row in a way that data.action_time does not say; the rest is put.
 * spare_actions: there is a recorded action for every state, as data.action_time = before needs. usable: whether the
 * recorded actions are controls of the model, with these settings; they are not with other gains or rows. */
bool put_alternative(settings* s, const hypothesis* h, const df_mujoco_cfg* now, bool spare_actions, bool* usable);

/* scale [nu] = the factors by which the alternative makes actuators stronger; whether there are any, and nothing else
 * of the actuators differs. Of a motor, such a factor is one of its actions (data.action_scale); of a servo it is not,
 * since its stiffness has it, too. */
bool gains_of(const hypothesis* h, const df_mujoco_cfg* now, int nu, double* scale);

/* Sets *out to the settings with which the recorded states follow as the alternative of a replay says, for a task of
 * `config`; false, and none, if not all of it is a setting. */
bool alternative_as_settings(const hypothesis* h, const df_config* config, const df_mujoco_cfg* now,
                             const df_system* system, bool spare_actions, remedy* out);

#endif
