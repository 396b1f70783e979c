/* measures.h: turns values per window into rows with confidence intervals, and keeps the values as samples.
 *
 * Value i belongs to window i of the set, or to the chain that starts there. Bootstrap intervals resample whole
 * episodes, since windows of one episode are not independent. `list` is a JSON array of rows. Values
 * that are not finite are counted in the row's status. Errors: DF_E_NOMEM; those of statistics.h. */
#ifndef BENCH_EVALUATE_MEASURES_H
#define BENCH_EVALUATE_MEASURES_H

#include "dynaflow/stats/statistics.h"
#include "job.h"

const char* measure_unit(const char* metric); /* of a metric of defs.h, as df_metric_find(); "" if unknown */

/* Appends a row with a given value and interval. */
void measure_row(json_t* list, const char* metric, const char* unit, int k, df_interval v);

/* Appends the mean of values [n] with its interval, in the metric's unit, to out->rows, and the values to out->samples.
 */
DF_MUST_CHECK df_status measure_mean(const eval_job* job, evaluation* out, const char* metric, int k, int n,
                                     const double* values);

/* Appends only the row of the mean, in the given unit. of [n] are the indices of the windows of the values; NULL:
 * 0..n-1. No row if n = 0. */
DF_MUST_CHECK df_status measure_part(const eval_job* job, json_t* list, const char* metric, const char* unit, int k,
                                     int n, const double* values, const int* of);

/* Appends the share of ones among values [n], each 0 or 1. */
DF_MUST_CHECK df_status measure_share(const eval_job* job, json_t* list, const char* metric, const char* unit, int k,
                                      int n, const double* values);

/* Appends values [n] to out->samples. */
void measure_samples(evaluation* out, const char* metric, int k, int n, const double* values);

/* Appends the largest of values [n], at least 0, without an interval, for claims about every window. NaN if one is. */
void measure_worst(json_t* list, const char* metric, const char* unit, int k, int n, const double* values);

/* The origin of the windows of the set: {episode [B], start [B], group [B], groups}, a new reference. `groups` are the
 * names of the conditions that `group` indexes; empty if the task has no gaits. */
json_t* measure_windows(const eval_job* job);

#endif
