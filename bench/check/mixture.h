/* mixture.h: episodes of a recording that are of other conventions than the others: the fits and medians over all of
 * them may hide it. */
#ifndef BENCH_CHECK_MIXTURE_H
#define BENCH_CHECK_MIXTURE_H

#include "data_finding.h"
#include "reading.h"

/* How well episodes fit, each by itself. */
typedef struct mixture {
  bool found;           /* some episodes fit by one convention only, and others by another one */
  double as_read, best; /* sums over the episodes of misfit_sum(): as read, and each with its own best convention */
} mixture;

/* Reads the recording in `path`, whose reading is `r`, with each other quaternion order, frame of velocities, unit,
 * axis, and order of legs, one at a time, and compares the misfit of every episode. Conventions by which some episodes
 * fit clearly better, while others clearly do not, are findings with verdict wrong. Errors: those of reading_find(); a
 * convention that cannot be read is left out. */
DF_MUST_CHECK df_status mixture_find(const char* path, const reading* r, const df_system* system, const check_cfg* cfg,
                                     mixture* sums, data_findings* out);

#endif
