/* action_shift.h: whether recorded actions are stored some rows earlier or later than the states that they act on. */
#ifndef BENCH_REPLAY_ACTION_SHIFT_H
#define BENCH_REPLAY_ACTION_SHIFT_H

#include "recording.h"

typedef struct action_shift {
  int rows;           /* the action of row t + rows acts from frame t; 0: no such number */
  double as_is, best; /* mean errors of one action, tangent norm, without and with it */
} action_shift;

/* Compares the recorded states with those to which the actions of up to five rows earlier or later lead, one action at
 * a time, at some frames. The number is the one with the smallest mean error, if that is at most a tenth of the error
 * as it is. This is a candidate: the sample need not speak for the recording. Errors: DF_E_NOMEM, DF_E_INTERRUPTED
 * (stop.h), those of df_sim_new(). */
DF_MUST_CHECK df_status action_shift_find(const recording* r, const df_system* system, int threads, action_shift* out);

/* "the actions are stored 3 rows too late", and "the action of row t + 3 at frame t (...)" with how to move them; in
 * memory of df_alloc(). rows: at least two, or at most minus two; recording.h has the words of one. */
char* action_shift_words(int rows);
char* action_shift_remedy(int rows);

/* Makes a dataset of the frames whose actions are recorded, with the actions of `rows` rows later; df_dataset_free().
 * *out is NULL if an episode is too short. Errors: those of df_dataset_new(). */
DF_MUST_CHECK df_status action_shift_apply(const df_dataset* data, int rows, df_dataset** out);

#endif
