/* servo_reading.h: which joints of an arm are exchanged, or whether its velocities are a frame late or early, by what
 * its own actuators can do. */
#ifndef BENCH_CHECK_SERVO_READING_H
#define BENCH_CHECK_SERVO_READING_H

#include "trace.h"

/* Another reading of some episodes. */
typedef struct servo_reading {
  bool found;
  int* order;           /* two joints exchanged (joint_order.h); NULL: none; owned */
  int late;             /* frames by which the velocities are late; 0: none */
  bool* of;             /* [episodes] those that it is of; owned */
  int episodes, of_all; /* how many these are, and of how many */
} servo_reading;

/* Of a recording of a model all of whose joints are driven hinges and slides, up to 10, and of which no actions lead
 * from the states of some episodes to the next ones (states_are_reachable()): looks for two joints of a kind that are
 * exchanged, or velocities a frame late or early, with which actions lead to those of every such episode. Not found if
 * several readings do. The recording should be one of which something is doubtful. Call servo_reading_clear(), also
 * after a failure. Errors: those of trace_of() and states_are_reachable(). */
DF_MUST_CHECK df_status servo_reading_find(const trace* m, servo_reading* out);
void servo_reading_clear(servo_reading* r);

#endif
