/* plausible.h: rows of the metrics that need no demonstration (plausibility.h). */
#ifndef BENCH_EVALUATE_PLAUSIBLE_H
#define BENCH_EVALUATE_PLAUSIBLE_H

#include "dynaflow/metrics/plausibility.h"
#include "job.h"

/* Appends to out->rows every metric of plausibility.h that is defined for at least one of the trajectories, which
 * belong to the first windows of the set, with `suffix` after its name. frames [made->B] as in df_plausibility_cfg;
 * NULL: all. Errors: those of df_metric_plausibility(); DF_E_NOMEM. */
DF_MUST_CHECK df_status plausible_rows(const eval_job* job, const char* suffix, int k, const df_trajectories* made,
                                       const int* frames, evaluation* out);

#endif
