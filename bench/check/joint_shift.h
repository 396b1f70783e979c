/* joint_shift.h: whether the columns of the joints of a recording, positions and velocities alike, are shifted by some
 * places, the last ones to the front. */
#ifndef BENCH_CHECK_JOINT_SHIFT_H
#define BENCH_CHECK_JOINT_SHIFT_H

#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/system.h"

typedef struct joint_shift {
  int by;                /* places by which the columns are shifted towards the end; negative: to the front; 0: none */
  double as_read, share; /* share of the samples beyond joint limits, as read and without the shift */
  int* to;               /* [joints of the model] what is read as joint i is joint to[i]; NULL: no shift; owned */
} joint_shift;

/* Compares the joint limits with all hinges and slides, and with those with limits alone, under every shift. Columns
 * are shifted if more than 10 % of the samples are beyond the limits, and less than 2 % without the shift, which is the
 * smallest such one; no joint may be a quarter of its width beyond in more than 0.5 %, and the equality constraints of
 * joints and tendons have to hold to a tenth, or to half of what they are violated by as read. Columns that fit if they
 * are sorted by name are not shifted. `recorded`: the joints in the order of their columns, as they are read [hinges
 * and slides of the model]; NULL: all, in the model's order. Errors: DF_E_NOMEM. */
DF_MUST_CHECK df_status joint_shift_find(const df_dataset* data, const df_system* system, const int* recorded,
                                         joint_shift* out);

#endif
