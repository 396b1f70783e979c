/* spread.h: repeated measurements as a median with its spread, and warnings about what disturbed them. */
#ifndef BENCH_SPEED_SPREAD_H
#define BENCH_SPEED_SPREAD_H

#include <stdbool.h>

#include "options.h"

typedef struct spread {
  int n;
  double median, low, high; /* low, high: quartiles */
  int outliers;             /* values above high + 3 (high - low): Tukey's outer fence */
} spread;

/* The spread of values [n], n >= 1, which are sorted in place. */
spread spread_of(int n, double* values);

/* Sets values[i] = above[i] / below[i]: ratios of measurements that were made in turn. `values` may be one of both. */
void paired_ratios(int n, const double* above, const double* below, double* values);

/* ---- how busy the machine was ---- */

/* processor time of the machine since its start, in ticks of 1/sysconf(_SC_CLK_TCK) s, and of this process, in s */
typedef struct machine_time {
  double total, idle, stolen; /* total: of all processors; stolen: taken by other guests of the host */
  double own;
} machine_time;

/* Reads the first line of /proc/stat. Returns false, with zeros, if it is not one. */
bool machine_time_parse(const char* line, machine_time* out);
machine_time machine_time_now(void);

/* shares of the machine's processor time between two moments; NaN if it cannot be known */
typedef struct machine_load {
  double others;  /* used by other processes */
  double stolen;  /* taken by other guests of the host */
  double average; /* the load average of the last minute, processes; NaN if unknown */
} machine_load;

/* `ticks` per second. */
machine_load machine_load_between(const machine_time* from, const machine_time* to, double ticks);
machine_load machine_load_since(const machine_time* from);

/* Warns on standard error, unless --quiet, if other processes used more than 10 % of the machine or more than 1 % was
 * stolen, and if more than 5 % of the measurements are outliers. */
void warn_busy(const options* opts, const machine_load* load);
void warn_outliers(const options* opts, const char* what, const spread* s);

#endif
