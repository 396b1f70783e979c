/* evaluate.h: the evaluation protocol, the same for every method: held-out windows, chains and metrics. */
#ifndef BENCH_EVALUATE_EVALUATE_H
#define BENCH_EVALUATE_EVALUATE_H

#include "job.h"

/* Samples and measures the job's method at every number of sampler steps in eval.sampler_steps, once for a method
 * without a sampler (recorded as k = 0). Release *out with evaluation_clear(). On failure *out is empty: errors of the
 * method and of the metrics; DF_E_INTERRUPTED as eval_go_on(). */
DF_MUST_CHECK df_status evaluate(const eval_job* job, evaluation* out);

#endif
