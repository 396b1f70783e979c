/* floor.h: the error of random actions on the windows of an evaluation. */
#ifndef BENCH_EVALUATE_FLOOR_H
#define BENCH_EVALUATE_FLOOR_H

#include "job.h"

/* Samples the method random_action with the seed of the job and sets *tre to the mean over the windows of its tre,
 * which is also its tre_open_loop and, for the same seed, the number of the cell of random_action. NaN if it is not
 * finite. Errors: those of the method; DF_E_NOMEM. */
DF_MUST_CHECK df_status random_floor(const eval_job* job, double* tre);

#endif
