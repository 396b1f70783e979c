/* start.h: the start states of motions, as the user names them: a file, a keyframe of the model, or coordinates. */
#ifndef BENCH_TRAJECTORY_START_H
#define BENCH_TRAJECTORY_START_H

#include "dynaflow/data/task.h"

typedef struct starts {
  int n;
  double* x0;        /* [n][nx] */
  double* condition; /* [n][nc]: the conditions in the file; NULL: none */
} starts;

/* Finds the start states that `words` (--x0) name. Call starts_clear(), also after a failure.
 *   FILE.npz            the first frames of `states` [n][frames][nx], or the rows of `states` [n][nx], with its
 *                       conditions
 *   FILE.npz:12         the one with this index
 *   home                a keyframe of the model
 *   "hip=0.2,root=0 1"  columns (named_columns.h), or the numbers of all columns NAME.*, set in the typical start
 *                       state; quaternions are normalised
 *   NULL                the typical start state
 *
 * The typical start state is a recorded one: of the training windows with the categories of `condition` [nc] (NULL: of
 * all), the start that is nearest to their mean in the coordinates of the chart. DF_E_CONFIG for an unknown name, which
 * lists the known ones; errors of reading a file; DF_E_NOMEM. */
DF_MUST_CHECK df_status starts_new(const df_task* task, const char* words, const double* condition, starts* out);
void starts_clear(starts* s);

/* the frame of a demonstration that is nearest to a state */
typedef struct nearest {
  int episode, frame; /* -1: there is no window with these categories */
  double distance;    /* RMS over the coordinates of the chart, in units of their standard deviation */
} nearest;

/* Finds it among the starts of all windows whose condition has the categories of `condition` [nc] (NULL: all). Of equal
 * distances, the one whose condition is nearer, then the first. DF_E_NOMEM. */
DF_MUST_CHECK df_status nearest_demonstration(const df_task* task, const double* x, const double* condition,
                                              nearest* out);

#endif
