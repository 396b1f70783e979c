/* window_distribution.h: the returned windows as a set, against the demonstrated ones, and how far samples differ. */
#ifndef BENCH_EVALUATE_WINDOW_DISTRIBUTION_H
#define BENCH_EVALUATE_WINDOW_DISTRIBUTION_H

#include "job.h"

/* Appends the metrics sliced_wasserstein, coverage and diversity of the returned windows x [set->B][H+1][nx]; diversity
 * asks the job's method for a second sample at K = k sampler steps. No rows without demonstrations. The values of
 * single windows are not kept: each metric whose values are kept is one more test in every comparison (compare.h).
 * Errors: those of the method; DF_E_NOMEM. */
DF_MUST_CHECK df_status distribution_rows(const eval_job* job, int k, int shown_k, const double* x, evaluation* out);

#endif
