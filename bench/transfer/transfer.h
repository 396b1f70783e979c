/* transfer.h: executes the actions of trajectories in perturbed models, open loop. */
#ifndef BENCH_TRANSFER_TRANSFER_H
#define BENCH_TRANSFER_TRANSFER_H

#include "dynaflow/data/task.h"
#include "dynaflow/metrics/metrics.h"
#include "perturbation.h"

/* actions to execute; everything belongs to the caller */
typedef struct transfer_input {
  const df_task* task;
  const df_config* config;
  const df_search* search;
  int n, length;           /* trajectories, and actions of each */
  const double* x0;        /* start states: that of trajectory i is at x0 + i * (length + 1) * nx */
  const double* u;         /* [n][length][nu]; from one that is not finite on, a trajectory has no states */
  const double* condition; /* [n][nc]; NULL: unknown */
  int threads;
} transfer_input;

/* what the trajectories did; transfer_clear() */
typedef struct transfer {
  double* x;              /* [n][length+1][nx] executed states; NaN after a divergence */
  double *fell, *seconds; /* [n] 1 or 0; time until the fall, or the length of the trajectory, s */
  double* command_error;  /* [n] m/s; NaN of one that falls, or without a velocity command */
  double* clipped;        /* [n] in another model: share of the controls outside its control range; else NULL */
  double* lifted;         /* [n] in another model: by how much the base was lifted at the start, m; else NULL */
} transfer;

/* The physics steps of a latency. DF_E_CONFIG if it is not a whole number of the model's steps. */
DF_MUST_CHECK df_status transfer_latency(const df_task* task, double seconds, int* steps);

/* Executes all actions from the start states in the model with a perturbation. The constraint solver starts cold every
 * window.horizon actions, as it does in chains of an evaluation, whose bits are met without a perturbation. In another
 * model (other_model.h) states are placed and read back, and measured by the rules of the task. Errors: those of
 * perturbed_system(), other_model_new(), transfer_latency() and df_rollout_run(). On failure *out is empty. */
DF_MUST_CHECK df_status transfer_run(const transfer_input* in, const df_fall_rule* rule, const perturbation* p,
                                     transfer* out);
void transfer_clear(transfer* t);

#endif
