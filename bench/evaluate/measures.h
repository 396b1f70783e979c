/* measures.h: what an evaluation writes down of its values: rows with intervals, and the values themselves.
 *
 * Values are of the first n windows of the set, or of chains that start there. Intervals take windows of one test
 * episode as one (a resample holds all of an episode or nothing), within each gait. */
#ifndef BENCH_MEASURES_H
#define BENCH_MEASURES_H

#include "dynaflow/stats/statistics.h"
#include "job.h"

const char* measure_unit(const char* metric); /* of a metric by its plain name */

/* A row as it is. */
void measure_row(json_t* list, const char* metric, const char* unit, int k, df_interval v);

/* The mean of n values with its interval, in the metric's unit, and the values as samples. */
DF_MUST_CHECK df_status measure_mean(const eval_job* job, evaluation* out, const char* metric, int k, int n,
                                     const double* values);

/* The mean alone, in a unit of its own. `of` [n] are the windows that the values belong to; NULL: the first n. No row
 * where n is 0. */
DF_MUST_CHECK df_status measure_part(const eval_job* job, json_t* list, const char* metric, const char* unit, int k,
                                     int n, const double* values, const int* of);

/* The share of ones among n zeros and ones. */
DF_MUST_CHECK df_status measure_share(const eval_job* job, json_t* list, const char* metric, const char* unit, int k,
                                      int n, const double* values);

void measure_samples(evaluation* out, const char* metric, int k, int n, const double* values);

/* The largest, without an interval: "on every window" is about the worst one. */
void measure_worst(json_t* list, const char* metric, const char* unit, int k, int n, const double* values);

/* Where the windows of the set are from: {episode, start, group, groups}. */
json_t* measure_windows(const eval_job* job);

#endif
