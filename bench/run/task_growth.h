/* task_growth.h: the growth of the gradient (dynaflow/metrics/growth.h) along windows of a task. */
#ifndef BENCH_RUN_TASK_GROWTH_H
#define BENCH_RUN_TASK_GROWTH_H

#include <jansson.h>
#include <stdbool.h>

#include "dynaflow/data/task.h"
#include "dynaflow/metrics/growth.h"

typedef struct task_growth {
  int windows;     /* number of training windows that were measured; 0: none, the model is too expensive */
  bool recorded;   /* along recorded actions; false: rest actions, because the data have states only */
  double e_fold_s; /* time in which the gradient grows by e; infinite if it does not grow, NaN if it is not finite */
  df_growth_settings settings;
  df_growth state, action; /* of dx[k]/dx[0] and dx[k]/du[0] */
  int H;                   /* entries of the arrays below, for k = 1..H; owned */
  double *median, *p90, *action_median;
} task_growth;

/* how many windows to measure: at most `most`, fewer on models for which these would need more than `work` adjoints of
 * physics steps, at least `least` */
typedef struct growth_effort {
  int least, most;
  double work;
} growth_effort;
extern const growth_effort growth_thorough; /* for doctor: at most 64 windows and 2e6 adjoints, but 1 window */
extern const growth_effort growth_quick;    /* before a training: at most 16 windows and 1e5 adjoints, possibly none */

/* Measures windows drawn from the training windows of the task, the same for every seed and method. *out is zeroed on
 * failure; the caller calls task_growth_clear() in any case. Errors: those of df_metric_growth(). */
DF_MUST_CHECK df_status task_growth_measure(const df_task* task, const growth_effort* effort, task_growth* out);
void task_growth_clear(task_growth* g);

/* Appends a note (notes.h) to the array `notes` unless the growth is fine. */
void note_growth(json_t* notes, const task_growth* g);

#endif
