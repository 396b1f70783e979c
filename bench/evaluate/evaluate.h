/* evaluate.h: one protocol for every method: the same held-out windows, the same chains, the same measures. */
#ifndef BENCH_EVALUATE_H
#define BENCH_EVALUATE_H

#include "job.h"

/* Samples and measures the job's method at every number of sampler steps of eval.sampler_steps. Errors of the method
 * and the metrics; DF_E_INTERRUPTED as eval_go_on(). On failure *out is empty. */
DF_MUST_CHECK df_status evaluate(const eval_job* job, evaluation* out);

#endif
