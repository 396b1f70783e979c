/* eval_set.h: the held-out windows on which every method is measured. */
#ifndef BENCH_EVALUATE_EVAL_SET_H
#define BENCH_EVALUATE_EVAL_SET_H

#include <stdint.h>

#include "dynaflow/config/config.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/data/task.h"

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

/* Writes the geoms of eval.feet, as many as it has names. Errors: DF_E_CONFIG for a foot that the model lacks, and for
 * one of an object. */
DF_MUST_CHECK df_status eval_feet(const df_task* task, int feet[DF_NAMES_MAX]);

/* start states that were given instead of held-out windows */
typedef struct eval_starts {
  int B;
  const double* x0;        /* [B][nx] */
  const double* condition; /* [B][nc]; NULL: unknown */
  const df_window* window; /* [B]: trajectory, which is the cluster for statistics, and frame of each start state */
} eval_starts;

/* A set of given start states, which are copied. There is nothing to compare with: x, u and touch are NULL, condition
 * may be, and sha256 is "". Errors as eval_set_new(). */
DF_MUST_CHECK df_status eval_set_of_starts(const df_task* task, const eval_starts* starts, eval_set** out);
void eval_set_free(eval_set* set); /* NULL is allowed */

#endif
