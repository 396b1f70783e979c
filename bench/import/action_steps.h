/* action_steps.h: how far recorded states are from those that the recorded actions lead to, one action at a time, with
 * other steps and options; and the number of steps with which the actions tell how long a frame takes. */
#ifndef BENCH_IMPORT_ACTION_STEPS_H
#define BENCH_IMPORT_ACTION_STEPS_H

#include "import_work.h"

/* at most this many actions are replayed, in as many episodes; each alternative simulates all of them */
enum { REPLAYED_EPISODES = 4, REPLAYED_ACTIONS = 200 };

/* Sample i of n: the episode of the recording, and the frame at which its part begins. */
int action_sample_episode(const df_dataset* d, int n, int i);
int action_sample_start(const df_dataset* d, int n, int i);
/* Parts of some episodes, evenly spread; df_dataset_free(). Errors: DF_E_NOMEM. */
DF_MUST_CHECK df_status action_sample_new(const df_dataset* d, df_dataset** out);

/* The error of velocities after one action, of the tenth of the actions with the smallest ones: without contacts, whose
 * rules may be others. INFINITY if the model cannot be compiled with these options. Errors: those of recording_of() and
 * replay_compare_carried(). */
DF_MUST_CHECK df_status action_least_error(const work* w, const df_dataset* some, const df_mujoco_cfg* cfg,
                                           double* error);

/* *steps: of `low` to `high` steps of the model per action, the number with which the recorded actions lead to the
 * recorded velocities a hundred times as closely as with any other one; 0: none, or there are no actions. Errors: those
 * of action_least_error(), DF_E_INTERRUPTED. */
DF_MUST_CHECK df_status action_steps_find(const work* w, int low, int high, int* steps);

#endif
