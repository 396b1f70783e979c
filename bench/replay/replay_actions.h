/* replay_actions.h: the actions with which a model makes the recorded states, where the recorded ones were rounded. */
#ifndef BENCH_REPLAY_REPLAY_ACTIONS_H
#define BENCH_REPLAY_REPLAY_ACTIONS_H

#include "action_errors.h"
#include "options.h"
#include "recording.h"

/* Searches for every action the change within its rounding (r->action) that leads from the recorded state to the next
 * one, by least squares, with the warm start of the actions found before; where contacts begin or end during an action,
 * also from other actions within the rounding. The recording is read as it is (r->reading is 0). actions [of the
 * data][nu] = the changed actions; *errors = what their changes look like. The search ends with the first change that
 * is larger than rounding and than what the precision of the states hides: then only errors->largest is measured, above
 * 1. Of actuators whose effects are combinations of each other, some stand for the others, which keep their recorded
 * actions. `limit`: errors of one action, by kind, that need no explanation. Errors: DF_E_NOMEM,
 * DF_E_INTERRUPTED (stop.h), and those of df_sim_new(). */
DF_MUST_CHECK df_status replay_imply_actions(const recording* r, const df_system* system, const double limit[KINDS],
                                             const char* label, const options* opts, double* actions,
                                             action_errors* errors);

#endif
