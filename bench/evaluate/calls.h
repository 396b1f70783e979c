/* calls.h: what an evaluation asked a method for and what the method returned, so that metrics can be recomputed by an
 * independent program (docs/metrics.md). */
#ifndef BENCH_EVALUATE_CALLS_H
#define BENCH_EVALUATE_CALLS_H

#include "dynaflow/flow/method.h"
#include "job.h"

typedef struct eval_call {
  df_request request; /* its arrays are copies */
  double *x, *u;      /* the results; u is NULL for a method without actions */
} eval_call;

/* The calls of an evaluation in their order. A zeroed one is empty. */
struct eval_calls {
  int n;
  eval_call* list;
};

/* Samples the job's method, and adds a copy of the request and of the results to job->calls unless that is NULL. Errors
 * of the method; DF_E_NOMEM. */
DF_MUST_CHECK df_status eval_sample(const eval_job* job, const df_request* request, double* x, double* u);

/* Writes the calls to an npz file, with the arrays that docs/metrics.md lists under "Stored samples", as far as they
 * were given. Errors: DF_E_ARG for a seed or index that a double cannot hold exactly; those of df_npz_write();
 * DF_E_NOMEM. */
DF_MUST_CHECK df_status eval_calls_write(const eval_calls* calls, const df_task* task, const char* path);

void eval_calls_clear(eval_calls* calls);

#endif
