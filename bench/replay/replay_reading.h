/* replay_reading.h: whether a recording follows from its actions if its columns are read otherwise: the actions in
 * another order, unit or row, or the states as those of other joints or from another zero. */
#ifndef BENCH_REPLAY_REPLAY_READING_H
#define BENCH_REPLAY_REPLAY_READING_H

#include "dynaflow/config/config.h"
#include "recording.h"

typedef struct replay_reading {
  char* words;        /* "the action columns are in another order"; NULL: no other reading is found; owned */
  char* remedy;       /* "data.actuators = b,a" or "data.action_scale = 0.01745329252", or words if no setting says it;
                         owned */
  bool states;        /* joints of the states are exchanged, reversed or off; otherwise only the actions are affected */
  bool mean;          /* the errors are means; otherwise medians */
  double as_is, best; /* errors of one action, tangent norm, as it is read now and with the remedy */
} replay_reading;

/* What is searched. `follows` says whether the whole recording follows from the data of another reading: the other
 * readings are candidates from a sample of the actions. */
typedef struct reading_search {
  const recording* r;
  const df_config* config;
  const df_system* system;
  int threads;
  df_status (*follows)(const df_dataset* data, const void* context, bool* follows);
  const void* context;
} reading_search;

/* One search each; *out is only written if the recording follows. Rows: by more than the one row that a setting says.
 * Errors: DF_E_NOMEM, DF_E_INTERRUPTED (stop.h), those of df_sim_new() and of `follows`. */
DF_MUST_CHECK df_status reading_find_rows(const reading_search* s, replay_reading* out);
DF_MUST_CHECK df_status reading_find_unit(const reading_search* s, replay_reading* out);
DF_MUST_CHECK df_status reading_find_order(const reading_search* s, replay_reading* out);
DF_MUST_CHECK df_status reading_find_joints(const reading_search* s, replay_reading* out);
DF_MUST_CHECK df_status reading_find_offset(const reading_search* s, replay_reading* out);
void replay_reading_clear(replay_reading* r);

#endif
