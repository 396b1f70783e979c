/* job.h: input of every part of an evaluation, and the results. */
#ifndef BENCH_EVALUATE_JOB_H
#define BENCH_EVALUATE_JOB_H

#include <jansson.h>
#include <signal.h>

#include "dynaflow/data/task.h"
#include "dynaflow/flow/method.h"
#include "eval_set.h"

typedef struct eval_calls eval_calls; /* calls.h */

/* Motions that were given instead of a method (bench/score): chain i can only be trajectory i of n, with `length`
 * actions, and nothing can be planned from another state. Zeros: a method plans from any state. */
typedef struct eval_given {
  int n, length;
  const double* x; /* [set->B][length+1][nx]: states that go on after the windows, for sae_own and sae_min; or NULL */
  const double* u; /* [set->B][length][nu]; NULL without actions */
} eval_given;

/* The input of an evaluation; everything belongs to the caller. */
typedef struct eval_job {
  const df_task* task;
  const eval_set* set;
  const df_method* method;
  void* instance; /* of the method */
  uint64_t seed;  /* of the base samples */
  int threads;
  const volatile sig_atomic_t* stop; /* not 0: end the evaluation; may be NULL */
  eval_given given;
  eval_calls* calls; /* receives a copy of every call of the method; NULL: none is kept */
} eval_job;

/* DF_E_INTERRUPTED once *job->stop is not 0, else DF_OK. Called between metrics, and between the windows of a chain. */
DF_MUST_CHECK df_status eval_go_on(const eval_job* job);

/* The results of an evaluation, for a record. The caller owns the references: evaluation_clear(). */
typedef struct evaluation {
  json_t* rows;     /* metric rows without task, method, seed and profile */
  json_t* samples;  /* [{metric, k, values}] for paired statistics: one value per window or chain, null if not finite */
  json_t* windows;  /* {episode, start, group, groups}: origin of the windows, in the order of the samples */
  json_t* replays;  /* [{k, window, x0, u, x}]: simulated again by verify; NULL without actions */
  json_t* examples; /* demonstrated and generated curves of one window; NULL without demonstrations */
  json_t* strip;    /* stick-figure frames of a chain, or NULL */
  json_t* motions;  /* contacts and the path of a joint, of one chain per group; NULL without chains */
  double floor;     /* tre of random actions on the same windows (floor.h); NaN for a reference method */
} evaluation;

/* Releases the references and zeroes *e. */
void evaluation_clear(evaluation* e);

#endif
