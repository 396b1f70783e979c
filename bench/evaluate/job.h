/* job.h: what every part of an evaluation is given, the held-out windows it measures on, and what it leaves. */
#ifndef BENCH_JOB_H
#define BENCH_JOB_H

#include <jansson.h>
#include <signal.h>

#include "dynaflow/config/config.h"
#include "dynaflow/core/hash.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/data/task.h"
#include "dynaflow/flow/method.h"

/* The held-out windows that every method of a task is measured on, drawn by eval.seed from the test side.
 * Shapes: x0 [B][nx], condition [B][nc] or NULL, x [B][H+1][nx], u [B][H][nu] or NULL, touch [B][H+1][feet] or NULL. */
typedef struct eval_set {
  int B, H;
  int n_feet;
  int feet[DF_NAMES_MAX]; /* geoms of eval.feet */
  df_window* window;
  int *episode, *group; /* [B] of the windows, as statistics take them: windows of an episode belong together */
  double *x0, *condition, *x, *u;
  uint8_t* touch;
  char sha256[DF_SHA256_TEXT]; /* of the start states: what "the same windows" means */
} eval_set;

/* Also finds what evaluation will need later: DF_E_CONFIG names a foot or joint that the model lacks. */
DF_MUST_CHECK df_status eval_set_new(const df_task* task, int threads, eval_set** out);
void eval_set_free(eval_set* set);

typedef struct eval_job {
  const df_task* task;
  const eval_set* set;
  const df_method* method;
  void* instance;
  uint64_t seed;
  int threads;
  const volatile sig_atomic_t* stop; /* may be NULL */
} eval_job;

/* DF_E_INTERRUPTED once job->stop is not zero; looked at between two measures and two windows of a chain. */
DF_MUST_CHECK df_status eval_go_on(const eval_job* job);

/* what a method's evaluation leaves for its record; new references, owned by the caller */
typedef struct evaluation {
  json_t* rows;     /* metric rows without task, method, seed and profile */
  json_t* samples;  /* [{metric, k, values}] for paired statistics: a value a window or chain, null where not finite */
  json_t* windows;  /* {episode, start, group, groups}: where the windows are from, in the order of the samples */
  json_t* replays;  /* [{k, window, x0, u, x}]: what verify simulates again; NULL without actions */
  json_t* examples; /* demonstrated and generated curves of one window */
  json_t* strip;    /* stick-figure frames of a chain, or NULL */
} evaluation;

void evaluation_clear(evaluation* e);

#endif
