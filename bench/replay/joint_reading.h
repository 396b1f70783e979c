/* joint_reading.h: whether joints of recorded states are exchanged with each other, or have the opposite sign, by what
 * the recorded actions do in the simulator. */
#ifndef BENCH_REPLAY_JOINT_READING_H
#define BENCH_REPLAY_JOINT_READING_H

#include "recording.h"

/* Each joint, and each actuator, and what is read as which it is: number n, or ~n of the opposite sign. */
typedef struct joint_reading {
  int *joint, *actuator; /* [njoint], [nu]; owned; NULL: no other reading */
  double as_is, best;    /* median errors of one action, tangent norm, in both */
} joint_reading;

/* Exchanges two hinges or two slides, also reversed, or reverses one, with or without the actuators that act on them,
 * in a sample of actions; keeps what brings the error down most, and goes on from there. It is another reading if the
 * recorded states follow ten times as closely: a candidate, since the sample need not speak for the recording. Errors:
 * DF_E_NOMEM, DF_E_INTERRUPTED (stop.h), those of df_sim_new(). */
DF_MUST_CHECK df_status joint_reading_find(const recording* r, const df_system* system, int threads,
                                           joint_reading* out);
void joint_reading_clear(joint_reading* j);

/* *out = the data of the recording in that reading. States, actions and rounding are its own: free them with
 * recording_free_data(), also after a failure. Errors: DF_E_NOMEM. */
DF_MUST_CHECK df_status joint_reading_data(const recording* r, const joint_reading* j, df_dataset* out);

/* "hip from the columns of knee, knee from the columns of hip, the opposite sign of ankle", and the same of actuators;
 * for df_free() */
char* joint_reading_words(const recording* r, const df_system* system, const joint_reading* j);

#endif
