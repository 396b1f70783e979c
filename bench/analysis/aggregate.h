/* aggregate.h: a metric of a method over its seeds. */
#ifndef BENCH_ANALYSIS_AGGREGATE_H
#define BENCH_ANALYSIS_AGGREGATE_H

#include "run_view.h"

typedef struct aggregate {
  int n;               /* seeds with a finite value */
  int failed;          /* seeds with a value that is not finite */
  int planned, done;   /* cells of the method in the group */
  int k;               /* sampler steps K of the rows used; 0: the method has no sampler */
  double mean, lo, hi; /* lo, hi: smallest and largest seed; for n == 1 the 95 % interval of the record, NaN if none */
  const char* unit;    /* "" if unknown */
  const char* status;  /* of the last value that is not finite, else "" */
} aggregate;

/* Aggregates the done cells of a method in group `g`: the metric at K = k sampler steps or, in records without such a
 * row, the row with K = 0. n == failed == 0 if the metric was not measured; mean, lo and hi are NaN if n == 0. Strings
 * point into the records. */
aggregate aggregate_of(const run_view* r, const run_group* g, const char* method, const char* metric, int k);

/* The unit of a metric in the records of a group, or, if no method has a value at this K, that of its definition; "" if
 * unknown. Points into the records, or to a literal. */
const char* aggregate_unit(const run_view* r, const run_group* g, const char* metric, int k);

/* The row that aggregate_of() takes from a cell, or NULL if the cell is not done or has none. Owned by the record. */
const json_t* aggregate_row(const run_cell* c, const char* metric, int k);

/* The row of a cell's record with this metric and K = k (0: method without sampler), or NULL. Owned by the record. */
const json_t* find_row(const json_t* record, const char* metric, int k);

/* the columns of the main tables */
enum { MAIN_METRICS = 12 };

/* The index of a metric among the columns of the main tables, 0 .. MAIN_METRICS - 1; -1 if it is not one of them. */
int metric_column(const char* metric);

/* Whether it is one of the metrics of `dynaflow list metrics` or one of their parts ("tre.joint_pos"). */
bool metric_is_known(const char* metric);

/* The better direction of a metric or of one of its parts ("tre.joint_pos"): "lower", "higher", or "" for none. */
const char* metric_better(const char* metric);

#endif
