/* import_conditions.h: arrays of an imported recording that are named like what a motion was asked for. */
#ifndef BENCH_IMPORT_IMPORT_CONDITIONS_H
#define BENCH_IMPORT_IMPORT_CONDITIONS_H

#include <stdbool.h>

#include "import_work.h"

/* Whether an array is named like a command: the last part of its path has the word command, cmd, goal, desired, target,
 * speed, direction, vx, vy, wz, heading or gait, and is not what was achieved or a flag. */
bool is_condition_name(const char* array);

/* Puts data.conditions, unless the user gave it or the file has the array `conditions`: the arrays that nothing else
 * uses, are named like a command, and have a row per frame or per episode. Never takes an array that may tell the
 * recorded motion: one of is_actuation_name() (action_names.h); one that changes within an episode and has a column per
 * actuator, or a column that is one of the recorded states or actions, at this frame or beside it, with a scale and an
 * offset. Notes the arrays that are not taken, with the reason. Opens the recording again; the time step has to be
 * settled. Errors: those of work_open_recording() without these arrays; DF_E_NOMEM. */
DF_MUST_CHECK df_status work_find_conditions(work* w);

#endif
