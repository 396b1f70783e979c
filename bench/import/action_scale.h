/* action_scale.h: whether recorded actions become controls by a scale and an offset per actuator: of import and of
 * data check. */
#ifndef BENCH_IMPORT_ACTION_SCALE_H
#define BENCH_IMPORT_ACTION_SCALE_H

#include "action_order.h"
#include "fit_actions.h"
#include "replay_study.h"

/* Fits scale and offset (fit_actions()) to a sample of `data` (action_sample_new()). *worth: with them the states
 * follow from the actions to a fiftieth of their change, more closely than from any constant controls, and they are
 * others than 1 and 0: a replay has to confirm it. Errors: those of fit_actions() and action_sample_new(). */
DF_MUST_CHECK df_status action_scale_fit(const df_dataset* data, const df_system* system, action_fit* out, bool* worth);

/* whether the actions of nu actuators are as recorded */
bool action_scale_is_plain(const action_fit* fit, int nu);

/* The same of a recording that no model explains: *out says the scale and offset in the task file if the recording
 * follows from the scaled actions as replay accepts one, in memory of df_alloc(); NULL: it does not, or it has more
 * than DF_LIST_MAX actuators or a scale already. Errors: those of action_scale_fit() and replay_study_run(). */
DF_MUST_CHECK df_status action_scale_explain(const replay_input* in, const recording* r, char** out);

#endif
