/* chain_measures.h: what long motions come to: falls, and what the chains that stay up do. */
#ifndef BENCH_CHAIN_MEASURES_H
#define BENCH_CHAIN_MEASURES_H

#include "job.h"

/* Adds rows, samples and the strip of a method's chains at k sampler steps, shown as shown_k. Nothing for a method
 * without actions, and for the ceiling, which has none beyond its window. */
DF_MUST_CHECK df_status chain_measures(const eval_job* job, int k, int shown_k, evaluation* out);

#endif
