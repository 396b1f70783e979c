/* column_ranges.h: the coordinates of a recording by name: range, mean, spread and histogram. */
#ifndef BENCH_CHECK_COLUMN_RANGES_H
#define BENCH_CHECK_COLUMN_RANGES_H

#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/system.h"

enum { COLUMN_BINS = 16 };

/* the samples of one coordinate of the states, or of one action */
typedef struct column_range {
  char name[80];    /* "FL_hip_joint", "base quat w", "FL_hip_joint velocity", "activation 0", "action 3" */
  const char* unit; /* m, rad, m/s, rad/s, or "" */
  double min, mean, max, std;
  size_t bins[COLUMN_BINS]; /* samples in equal parts of [min, max] */
} column_range;

/* The ranges of all nx + nu columns, as a new array for df_free(). Errors: DF_E_NOMEM. */
DF_MUST_CHECK df_status column_ranges(const df_dataset* data, const df_system* system, column_range** out, int* n);

/* The histogram as blocks of eight heights, for a terminal. */
void column_histogram(const column_range* c, char out[3 * COLUMN_BINS + 1]);

#endif
