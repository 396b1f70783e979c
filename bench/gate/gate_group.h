/* gate_group.h: one group of a run, and what it is held to. */
#ifndef BENCH_GATE_GROUP_H
#define BENCH_GATE_GROUP_H

#include "expect.h"
#include "golden.h"
#include "run_view.h"
#include "verdict.h"

/* a group of a run, and what it is held to */
typedef struct held {
  const run_view* r;
  const run_group* g;
  expectations expect;
  golden_table golden;
  bool has_golden;
  gate_result* out;
} held;

/* gate_compares.c: whether the group's numbers mean what the bands mean; if not, rows say why. */
bool gate_compares(held* h, const char* task_file);

/* gate_bands.c: holds the group to its bands and counters of effort; returns how many bands there were. */
int gate_hold_to_bands(held* h);

/* How long training took, beside the golden table's; for people, never a verdict. */
void gate_advise_time(held* h);

/* Of a run that was accepted: bands of a golden table that are narrower than the spread of its own seeds; for people.
 */
void gate_advise_spread(held* h);

#endif
