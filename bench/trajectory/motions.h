/* motions.h: long motions that a method plans from given start states under given conditions, and their measures. */
#ifndef BENCH_TRAJECTORY_MOTIONS_H
#define BENCH_TRAJECTORY_MOTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "chain_measures.h"
#include "job.h"
#include "start.h"

typedef struct motion_cfg {
  int n_seeds;
  const uint64_t* seeds;   /* [n_seeds] of the base samples */
  const starts* from;      /* start states */
  const double* condition; /* [from->n][nc]; NULL: the task has none */
  double seconds;
  int replan; /* actions executed of each window; 0: open loop */
  int k;      /* sampler steps */
} motion_cfg;

/* measures of one trajectory; NaN where they are not defined */
typedef struct motion_row {
  uint64_t seed;
  int start;             /* index of the start state */
  bool finite;           /* whether all states are */
  double fell;           /* time of the fall, s; NaN: it did not fall, or no fall is defined */
  command_errors errors; /* of a trajectory that does not fall, in a task with velocity commands */
  double sae;            /* sae_own of the claimed states of an open-loop motion; sae_min without actions */
  nearest demonstration; /* the nearest frame of a demonstration */
  double tre;            /* against the demonstration, if the motion begins in that frame under its condition */
  int tre_actions;       /* over so many actions */
} motion_row;

typedef struct motions {
  int n, length; /* n_seeds x from->n trajectories, seeds first, of `length` actions */
  int every;     /* actions executed of each window: the solver's warm start is cleared so often */
  bool falls_defined;
  double* x;       /* [n][length+1][nx]: executed states, or those of a method without actions */
  double* u;       /* [n][length][nu]; NULL without actions */
  double* claimed; /* [n][length+1][nx]: the states of an open-loop plan that differ from the executed ones; or NULL */
  double* condition; /* [n][nc] or NULL */
  motion_row* row;   /* [n] */
} motions;

/* Plans and executes the motions with the job's method, whose seed is replaced by those of cfg. DF_E_CONFIG if the
 * method sees the demonstration, seconds are less than one action, or replan exceeds the horizon or needs actions that
 * the method does not return; errors of chains_new() and of the metrics. On failure *out is NULL. */
DF_MUST_CHECK df_status motions_new(const eval_job* job, const motion_cfg* cfg, motions** out);
void motions_free(motions* m); /* NULL is allowed */

#endif
