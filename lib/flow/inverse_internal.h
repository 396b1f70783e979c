/* inverse_internal.h: the structures of an inverse-dynamics network, and its pool of simulated transitions. */
#ifndef LIB_FLOW_INVERSE_INTERNAL_H
#define LIB_FLOW_INVERSE_INTERNAL_H

#include "change.h"
#include "dynaflow/flow/flow.h"
#include "dynaflow/sim/rollout.h"
#include "trainer.h"

enum { FEATURES_MAX = 2 * STATE_CHANGE_MAX }; /* the most inputs: two states in chart coordinates */

typedef struct inverse_worker {
  df_net_work* net;
  df_real *in, *out, *d_out; /* [slice][2 nz], [slice][nu], [slice][nu] */
  double* action;            /* [slice][nu] normalised actions of the micro-batch */
  df_sim* sim;               /* SIMULATED only */
  double *u, *next;          /* [nu], [nx]; SIMULATED only */
} inverse_worker;

/* The transitions that a simulated inverse learns from: those of the current round and of the one before it, in the
 * half `round % 2` each. A transition that diverged is left out. */
typedef struct inverse_pool {
  size_t size;       /* transitions simulated per round */
  int64_t filled[2]; /* of which so many are in each half */
  df_real* in;       /* [2][size][2 nz] inputs of the network */
  double* action;    /* [2][size][nu] normalised actions */
} inverse_pool;

struct df_inverse {
  df_method_env env;
  df_inverse_source source;
  int nx, nu, nz, slice;
  df_real* change_std; /* [nz] root mean square of x[t+1] - x[t] in chart coordinates, over training transitions */
  double change_limit; /* bound on a change in units of change_std */
  /* [nu] centre and unit of the network's actions: mean and standard deviation of the demonstrated ones, owned by the
   * chart, or `own_map`, the centre and half range of the action map */
  const double *u_mean, *u_unit;
  double* own_map[2];
  df_net* net;
  trainer* trainer;
  inverse_worker* worker; /* [threads] */
  inverse_pool pool;      /* SIMULATED only */
};

/* Writes the network input in [2 nz] of the transition from state x [nx] to `next` [nx]. */
void inverse_describe(const df_inverse* m, const double* x, const double* next, df_real* in);

/* Applies the averaged weights to the first `count` inputs of worker w and writes row `row`'s action u [nu], clamped to
 * the action box, in two steps: the network, then one row. */
void inverse_forward(const df_inverse* m, inverse_worker* w, int count);
void inverse_action(const df_inverse* m, const inverse_worker* w, int row, double* u);

/* Allocates the pool and adds it to the training state. DF_E_NOMEM. */
df_status inverse_pool_new(df_inverse* m);
void inverse_pool_free(df_inverse* m);

/* The trainer's before_step: fills half of the pool at the first step of every round, and then sets *changed. In round
 * 0 the action is the rest action in the next demonstrated state plus noise; afterwards it is the network's own answer
 * for the demonstrated transition, every second one plus a little noise, so that the transitions move to where the
 * demonstrations are. Errors: DF_E_SIM if the simulator fails, DF_E_NONFINITE if every transition diverges. */
df_status inverse_pool_fill(void* context, long step, bool* changed);

/* Writes the inputs and actions of the samples first .. first+count-1 of a step to the worker. */
void inverse_pool_draw(const df_inverse* m, inverse_worker* w, long step, int first, int count);

#endif
