/* gate_internal.h: what the gate's files share. */
#ifndef BENCH_GATE_INTERNAL_H
#define BENCH_GATE_INTERNAL_H

#include "gate.h"

/* a group of a run, and what it is held to */
typedef struct held {
  const report* r;
  const report_group* g;
  expectations expect;
  golden_table golden;
  bool has_golden;
  gate_result* out;
} held;

/* one verdict more; `limit` and `detail` say what it is held to and why it is there */
void gate_add_row(gate_result* g, gate_verdict v, row* r, const char* limit, const char* detail);

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
