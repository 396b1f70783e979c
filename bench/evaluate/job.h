/* job.h: input of every part of an evaluation, the held-out windows, and the results. */
#ifndef BENCH_EVALUATE_JOB_H
#define BENCH_EVALUATE_JOB_H

#include <jansson.h>
#include <signal.h>

#include "dynaflow/config/config.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/data/task.h"
#include "dynaflow/flow/method.h"

/* The held-out windows on which every method of a task is measured, drawn by eval.seed from the test windows: B =
 * min(eval.windows, test windows). Shapes: x0 [B][nx], condition [B][nc] (NULL if nc = 0), x [B][H+1][nx], u [B][H][nu]
 * (NULL if the demonstrations have no actions), touch [B][H+1][n_feet] (1: ground contact; NULL without feet). */
typedef struct eval_set {
  int B, H;
  int n_feet;
  int feet[DF_NAMES_MAX]; /* geom ids of eval.feet */
  df_window* window;      /* [B] */
  int *episode, *group;   /* [B]: cluster and group of each window, for statistics */
  double *x0, *condition, *x, *u;
  uint8_t* touch;
  char sha256[DF_SHA256_TEXT]; /* of x0; equal hashes mean the same windows */
} eval_set;

/* Draws the windows of a task and measures their ground contacts on `threads` threads. DF_E_CONFIG names a foot or
 * joint that the model lacks, or a wrong eval.sampler_steps, so that these are found before training. On failure *out
 * is NULL. */
DF_MUST_CHECK df_status eval_set_new(const df_task* task, int threads, eval_set** out);
void eval_set_free(eval_set* set); /* NULL is allowed */

/* The input of an evaluation; everything belongs to the caller. */
typedef struct eval_job {
  const df_task* task;
  const eval_set* set;
  const df_method* method;
  void* instance; /* of the method */
  uint64_t seed;  /* of the base samples */
  int threads;
  const volatile sig_atomic_t* stop; /* not 0: end the evaluation; may be NULL */
} eval_job;

/* DF_E_INTERRUPTED once *job->stop is not 0, else DF_OK. Called between metrics, and between the windows of a chain. */
DF_MUST_CHECK df_status eval_go_on(const eval_job* job);

/* The results of an evaluation, for a record. The caller owns the references: evaluation_clear(). */
typedef struct evaluation {
  json_t* rows;     /* metric rows without task, method, seed and profile */
  json_t* samples;  /* [{metric, k, values}] for paired statistics: one value per window or chain, null if not finite */
  json_t* windows;  /* {episode, start, group, groups}: origin of the windows, in the order of the samples */
  json_t* replays;  /* [{k, window, x0, u, x}]: simulated again by verify; NULL without actions */
  json_t* examples; /* demonstrated and generated curves of one window */
  json_t* strip;    /* stick-figure frames of a chain, or NULL */
  double floor;     /* tre of random actions on the same windows (floor.h); NaN for a reference method */
} evaluation;

/* Releases the references and zeroes *e. */
void evaluation_clear(evaluation* e);

#endif
