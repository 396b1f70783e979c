/* parts.h: the CPU time of a training step by parts, for benchmarks and progress output. A result never depends on it.
 *
 * While nobody measures, a call costs one load and one branch. While df_parts_start() is in effect, every thread is in
 * one part at a time: df_part_enter() adds the CPU time of the calling thread since its previous call to the part that
 * it leaves. A function that belongs to a part encloses its work,
 *     const df_part before = df_part_enter(DF_PART_FORWARD);
 *     ...
 *     df_part_enter(before);
 * so that parts may nest and no time counts twice. */
#ifndef DYNAFLOW_CORE_PARTS_H
#define DYNAFLOW_CORE_PARTS_H

#include "dynaflow/core/status.h"

DF_BEGIN_DECLS

#define DF_PART_LIST(X)                                                                                      \
  X(WAITING, "waiting")       /* all that is in no other part: waiting for other threads, progress output */ \
  X(DATA, "data")             /* drawing samples, inputs, targets, losses */                                 \
  X(SIMULATION, "simulation") /* physics steps and, where they are recorded, the tape */                     \
  X(ADJOINT, "adjoint")                                                                                      \
  X(FORWARD, "forward") /* of the network */                                                                 \
  X(BACKWARD, "backward")                                                                                    \
  X(OPTIMIZER, "optimizer") /* sum over micro-batches, clipping, update, averaged weights */

typedef enum df_part {
#define DF_PART_ENUM(name, text) DF_PART_##name,
  DF_PART_LIST(DF_PART_ENUM)
#undef DF_PART_ENUM
      DF_PARTS
} df_part;

/* "simulation"; static */
DF_API const char* df_part_name(df_part part);

/* CPU time of all threads since df_parts_start() */
typedef struct df_parts {
  double seconds[DF_PARTS];
} df_parts;

/* Begins to measure from zero, ends it, and reads what was measured so far. Process-wide; to be called by one thread,
 * while no other thread is in a part. Time that a thread has spent since it last entered a part is not included. */
DF_API void df_parts_start(void);
DF_API void df_parts_stop(void);
DF_API df_parts df_parts_read(void);

/* Enters a part and returns the one that the calling thread leaves; WAITING at first. Any thread. */
DF_API df_part df_part_enter(df_part part);

DF_END_DECLS

#endif
