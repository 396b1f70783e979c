/* action_columns.h: actions of which each has a column or an array of its own, named by its actuator. */
#ifndef BENCH_IMPORT_ACTION_COLUMNS_H
#define BENCH_IMPORT_ACTION_COLUMNS_H

#include "recognition.h"

/* Puts data.actions_key, and data.actuators where the columns are in another order than the model, if every actuator
 * has a column of the same form: its name, that of its joint, or its number from 0, with a word such as action, ctrl,
 * cmd, command, target or desired before or after it: action_hip, ctrl.hip, action/hip, HIP_CMD, hip_target; else if
 * every actuator has one in other words than the model's: front_left_hip_target. A unit in brackets at the end does not
 * count. *found: whether it did; else *lacks, of the caller, tells which actuator has none where others have one; NULL
 * without any. */
void action_columns_settle(recognition* r, bool* found, char** lacks);

#endif
