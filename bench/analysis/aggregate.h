/* aggregate.h: one number of a method, over its seeds. */
#ifndef BENCH_AGGREGATE_H
#define BENCH_AGGREGATE_H

#include "run_view.h"

typedef struct aggregate {
  int n;               /* seeds with a finite value */
  int failed;          /* seeds with a value that is not finite */
  int planned, done;   /* cells of the method */
  int k;               /* sampler steps of the rows that were used; 0: the method has none */
  double mean, lo, hi; /* n >= 2: smallest and largest seed; n == 1: the record's own 95 % interval, NaN if none */
  double values[SEED_VALUES_MAX];
  const char* unit;
  const char* status; /* of the last value that is not finite */
} aggregate;

/* The metric at K sampler steps, or without K where the method has none; n == failed == 0 where it is not measured.
 * mean, lo and hi are NaN where n == 0. */
aggregate aggregate_of(const run_view* r, const run_group* g, const char* method, const char* metric, int k);

/* The row of a cell's record for a metric at K sampler steps (0: the row without K), or NULL; owned by the record. */
const json_t* find_row(const json_t* record, const char* metric, int k);

/* The place of a metric among the main columns, from 0, or -1 if it is not one of them. */
int metric_column(const char* metric);

/* "lower", "higher" or "" for a metric or one of its parts ("tre.joint_pos"). */
const char* metric_better(const char* metric);

#endif
