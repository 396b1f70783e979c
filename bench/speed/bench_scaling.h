/* bench_scaling.h: strong scaling of a training over threads, and whether its bits stay the same. */
#ifndef BENCH_SPEED_BENCH_SCALING_H
#define BENCH_SPEED_BENCH_SCALING_H

#include <jansson.h>

#include "bench_train.h"

/* Trains the method for a few steps on 1, 2, ... opts->threads threads in turn, cfg->passes times, each time from the
 * initial weights. Adds a row per number of threads: wall and CPU time of a step, the speedup over one thread (median
 * of the ratios over passes), its share of the number of threads, and whether all files of the checkpoint have the
 * bytes of those on one thread. DF_E_MISMATCH, after the rows, if it does not; errors of cell_open(), cell_load(),
 * training and files. */
DF_MUST_CHECK df_status bench_scaling(const speed_cfg* cfg, rows* out);

/* the times of all trainings, s per step */
typedef struct scaling_times {
  int threads, passes;
  double *wall, *cpu; /* [threads][passes] */
  bool* same;         /* [threads] the bytes of the checkpoint are those on one thread */
  json_t* first;      /* the files of the first checkpoint, with their hashes (files.h); owned */
} scaling_times;

/* Adds the rows; the times stay as they are. DF_E_NOMEM. */
DF_MUST_CHECK df_status bench_scaling_rows(const speed_cfg* cfg, const scaling_times* t, rows* out);

#endif
