/* gate_group.h: one group of a run with its tolerances and golden table, and the judgements on it. */
#ifndef BENCH_GATE_GATE_GROUP_H
#define BENCH_GATE_GATE_GROUP_H

#include "expect.h"
#include "golden.h"
#include "run_view.h"
#include "text.h"
#include "verdict.h"

/* a group of a run with its tolerances and golden table */
typedef struct gate_group {
  const run_view* r;
  const run_group* g;
  expectations expect;
  char *golden_folder, *golden_name; /* where its golden table is: a folder, and a path below it */
  golden_table golden;
  bool has_golden;
  gate_result* out;
} gate_group;

/* gate_compares.c: whether the cells of the group have everything in common that numbers need to be compared
 * (identity.h), with each other, with the task and tolerances files, and with the golden table; if not, adds rows with
 * the differences. */
bool gate_compares(gate_group* h, const char* task_file);

/* For a group that compares: adds advisory rows for what could not be compared with the golden table, because an older
 * program wrote it, or because demonstrations were generated on another processor. */
void gate_advise_table(gate_group* h);

/* gate_bands.c: holds the group to its tolerances, also those of work counters; adds one row per tolerance. Returns the
 * number of entries of `bands` for its profile. */
int gate_judge_bands(gate_group* h);

/* Adds a row per method of the golden table that the run does not plan. */
void gate_judge_methods(gate_group* h);

/* gate_table.c: adds a row per method of the run of which the golden table has no number, missing unless expect.yaml
 * declares it; per seed of a method, and per number of a seed, that the table has for others only, missing; per number
 * in another unit, not comparable; and per number of the table that no row was added for and that a cell of the run
 * lacks, missing, or advisory if such a number is not always defined. Call it after gate_judge_bands(). */
void gate_judge_table(gate_group* h);

/* Adds advisory rows that compare the CPU time of training with the golden table; time never decides. */
void gate_advise_time(gate_group* h);

/* Adds an advisory row with the metrics of the run that the golden table has for none of its methods, because a newer
 * program measures them; such numbers are held to limits only, until a new table is accepted. */
void gate_advise_new(gate_group* h);

/* For a run being accepted: adds advisory rows for relative tolerances narrower than the spread of its own seeds. */
void gate_advise_spread(gate_group* h);

#endif
