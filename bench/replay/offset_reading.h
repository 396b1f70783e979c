/* offset_reading.h: whether the zero of a joint of recorded states is off by a constant, by what the recorded actions
 * do in the simulator. */
#ifndef BENCH_REPLAY_OFFSET_READING_H
#define BENCH_REPLAY_OFFSET_READING_H

#include "recording.h"

typedef struct offset_reading {
  int joint;          /* index of the hinge or slide; -1: no other reading */
  double offset;      /* that its recorded positions are too large by, rad or m */
  int servo;          /* the control of its servo whose recorded targets are too large by as much; -1: none */
  double target;      /* that these are too large by, units of the control */
  double as_is, best; /* median errors of one action, tangent norm, in both */
} offset_reading;

/* Subtracts a constant from the recorded positions of one joint, with or without the targets of the servo that acts on
 * it, in a sample of actions: of a hinge up to 1.6 rad, of a slide up to 0.32 m. It is another reading if the recorded
 * states follow a hundred times as closely at the best constant: a candidate, since the sample need not speak for the
 * recording. Errors: DF_E_NOMEM, DF_E_INTERRUPTED (stop.h), those of df_sim_new(). */
DF_MUST_CHECK df_status offset_reading_find(const recording* r, const df_system* system, int threads,
                                            offset_reading* out);

/* *out = the data of the recording in that reading. States, actions and rounding are its own: free them with
 * recording_free_data(), also after a failure. Errors: DF_E_NOMEM. */
DF_MUST_CHECK df_status offset_reading_data(const recording* r, const offset_reading* o, df_dataset* out);

/* "0.35 rad subtracted from knee", and "from the targets of knee_servo"; for df_free() */
char* offset_reading_words(const recording* r, const df_system* system, const offset_reading* o);

#endif
