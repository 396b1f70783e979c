/* flow_internal.h: what training, sampling and files of a flow share. */
#ifndef DF_FLOW_INTERNAL_H
#define DF_FLOW_INTERNAL_H

#include "dynaflow/flow/flow.h"
#include "dynaflow/sim/rollout.h"
#include "trainer.h"

enum {
  FLOW_HORIZON_MAX = 512, /* as window.horizon's range */
  FLOW_CONTEXT_MAX = 128  /* chart coordinates */
};

/* one thread's buffers, for up to `slice` windows */
typedef struct flow_worker {
  df_net_work* net;
  df_sim* sim;
  df_real *x_t, *cond, *t, *out, *d_out; /* [slice][H][in], [slice][nc'], [slice], [slice][H][out], same */
  double* target;                        /* [slice][H][in]: X^1 in flow coordinates */
  double *noise, *z, *d_z;               /* [H][in] each, one window */
  double *u, *d_u;                       /* [H][nu] */
  double *x, *d_x;                       /* [H+1][nx], [H+1][ndx] */
  double* tracking_error;                /* [H][nz]; TRACKING */
  double* d_gain;                        /* [nu][nz]; TRACKING */
  unsigned char* clamped;                /* [H][nu]; TRACKING */
} flow_worker;

/* what a training batch leaves for the next: simulated states to start from, where they may drift from the data */
typedef struct flow_drift {
  df_window* window; /* [batch]; episode -1: none */
  double* x;         /* [batch][H+1][nx] */
  double* error;     /* [batch][H+1], RMS in std of each frame */
} flow_drift;

struct df_flow {
  df_method_env env;
  char name[DF_NAME_MAX];
  df_decoder decoder;
  int H, nx, ndx, nu, nz;
  int in, out; /* features a frame: of the flow, of the network's output */
  int cond;    /* features of the network's condition: context of x0, then the task's condition */
  int slice;   /* windows a worker holds */
  df_net* net;
  trainer* trainer;
  double *u_center, *u_half; /* [nu] */
  flow_worker* worker;       /* [threads] */
  flow_drift drift[2];       /* of the previous and the current batch, by parity of the step */
};

/* the network's condition for start state x0 and the task's condition (NULL if it has none): only these two enter */
void flow_condition(const df_flow* flow, const double* x0, const double* condition, df_real* out);

/* Simulates what one window's network output [H][out] means, from x0: fills actions u [H][nu] as applied and states
 * x [H+1][nx] on the worker's simulator. `gain` is K [nu][nz] in units of tracking_scale, for TRACKING. */
df_traj_end flow_simulate(const df_flow* flow, flow_worker* w, const df_real* out, const df_real* gain,
                          const double* x0, double* u, double* x);

/* The adjoint of the last flow_simulate on this worker, from w->d_x [H+1][ndx]: writes d_out [H][out], times `scale`,
 * for the action outputs, and ADDS to d_gain [nu][nz] likewise; neither is touched unless the whole trajectory has a
 * gradient. */
df_traj_end flow_simulate_vjp(const df_flow* flow, flow_worker* w, const df_real* out, const df_real* gain,
                              const double* x0, const double* x, double scale, df_real* d_out, df_real* d_gain);

/* whether the simulator stands behind the network */
bool flow_simulates(const df_flow* flow);

/* K behind the network's weights, or NULL */
const df_real* flow_gain(const df_flow* flow, const df_real* parameters);

/* actions of normalised flow coordinates, clamped to the action box */
void flow_unnormalise_actions(const df_flow* flow, const double* a, double* u);

/* the trainer_slice_fn of a flow (context: the df_flow): loss and gradient of some samples of a step */
void flow_train_slice(void* context, int thread, long step, int first, int count, const df_real* parameters,
                      df_real* gradient, double* loss);

const df_config* flow_config(const df_flow* flow);

#endif
