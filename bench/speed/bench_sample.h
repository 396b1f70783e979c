/* bench_sample.h: the latency of a sample for one robot. */
#ifndef BENCH_SPEED_BENCH_SAMPLE_H
#define BENCH_SPEED_BENCH_SAMPLE_H

#include "bench_train.h"

/* latency percentiles of samples, in the unit of the values */
typedef struct latency {
  double p50, p90, p99, most;
} latency;

/* The percentiles of values [n], n >= 1, which are sorted in place: the smallest value that at least that share of the
 * values does not exceed. */
latency latency_of(int n, double* values);

/* Samples one window at a time on one thread from start states of the held-out windows, cfg->passes times for each K of
 * eval.sampler_steps in turn, with the weights of cfg->checkpoint or, without one, initial ones. Adds a row per K: wall
 * time, CPU time, and the time from the start of this process to its first sample, with the part of it that read the
 * task. Errors of cell_open(), cell_load(), the checkpoint and the method. */
DF_MUST_CHECK df_status bench_sample(const speed_cfg* cfg, rows* out);

#endif
