/* task_growth.h: the growth of the gradient (dynaflow/metrics/growth.h) along windows of a task, and what follows for
 * training. */
#ifndef BENCH_RUN_TASK_GROWTH_H
#define BENCH_RUN_TASK_GROWTH_H

#include <jansson.h>
#include <stdbool.h>

#include "dynaflow/data/task.h"
#include "dynaflow/metrics/growth.h"

/* the settings of training that the growth concerns */
typedef struct growth_settings {
  int horizon;            /* window.horizon */
  double cotangent_decay; /* train.cotangent_decay */
  double rate;            /* train.rate */
} growth_settings;

/* What to set instead of `now`, of which `g` is the summary and median [now->horizon] the medians. When all is fine,
 * the settings as they are. Otherwise, horizon: the longest that is fine with the decay as it is, at least 1, and 0 if
 * the gradient is not even finite over one action. cotangent_decay: that with which the horizon as it is is fine, NaN
 * if there is none. rate: reduced only if there is no such decay, for a training that has to keep its horizon; NaN with
 * DF_GROWTH_BROKEN, which no rate cures. */
growth_settings growth_advice(const growth_settings* now, const double* median, const df_growth* g);

typedef struct task_growth {
  int windows;     /* number of training windows that were measured; 0: none, the model is too expensive */
  bool recorded;   /* along recorded actions; false: rest actions, because the data have states only */
  double e_fold_s; /* time in which the gradient grows by e; infinite if it does not grow, NaN if it is not finite */
  growth_settings settings, advice; /* of the task; growth_advice() on them */
  df_growth state, action;          /* of dx[k]/dx[0] and dx[k]/du[0] */
  int H;                            /* entries of the arrays below, for k = 1..H; owned */
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
