/* flow_internal.h: the structures of a flow, shared by training, sampling and checkpoints. */
#ifndef LIB_FLOW_FLOW_INTERNAL_H
#define LIB_FLOW_FLOW_INTERNAL_H

#include <math.h>

#include "change.h"
#include "dynaflow/flow/flow.h"
#include "dynaflow/sim/rollout.h"
#include "solver.h"
#include "trainer.h"
#include "variant.h"

enum {
  FLOW_HORIZON_MAX = 512,             /* the upper limit of window.horizon */
  FLOW_CONTEXT_MAX = STATE_CHANGE_MAX /* the most chart coordinates */
};

/* the buffers of one thread, for up to `slice` windows (one micro-batch) */
typedef struct flow_worker {
  double* state;         /* [slice][H][in]: X^t of a sampler */
  unsigned char* failed; /* [slice]: the window diverged before the last step of the sampler */
  df_net_work* net;
  df_sim *sim, *forward;                 /* forward: without a tape, for sampling; NULL unless the decoder simulates */
  df_real *x_t, *cond, *t, *out, *d_out; /* [slice][H][in], [slice][cond], [slice], [slice][H][out] twice */
  double* target;                        /* [slice][H][in]: X^1 in flow coordinates, or the velocity to predict */
  double* noise;                         /* [slice][H][in]: X^0 / sigma */
  double* time;                          /* [slice] flow times, before rounding */
  double *z, *d_z;                       /* [H][nz], [H][nz], of one window */
  df_real *null_cond, *null_out;         /* as cond and out: without the task's condition; guidance */
  double* solver;                        /* [solver_work(slice, H in)] */
  double* cost;                          /* [slice][slice] of couplings, then their work; transport */
  int* column;                           /* [slice] a coupling; transport */
  long evaluations;                      /* windows times network evaluations of all samples so far */
  int frames;                            /* frames that flow_simulate() simulates; H but in a horizon curriculum */
  double *u, *d_u;                       /* [H][nu] */
  double *x, *d_x;                       /* [H+1][nx], [H+1][ndx] */
  double* tracking_error;                /* [H][nz] z - zref of every frame; TRACKING */
  double* d_gain;                        /* [nu][nz]; TRACKING */
  unsigned char* clamped;                /* [H][nu] whether an action was clamped; TRACKING */
  double* start;                         /* [slice][nx] start states of linear samples */
  double* projection;                    /* [flow_projected_work()] for samples that are projected */
} flow_worker;

/* the rollouts of one training batch, from which samples of the next batch may start (start-state perturbation) */
typedef struct flow_drift {
  df_window* window; /* [batch] window of each sample; episode -1: no rollout */
  double* x;         /* [batch][H+1][nx] simulated states */
  double* error;     /* [batch][H+1] RMS error of each frame, in std */
} flow_drift;

struct df_flow {
  df_method_env env;
  char name[DF_NAME_MAX];
  df_decoder decoder;
  int H, nx, ndx, nu, nz;
  int in, out;     /* features per frame of the flow and of the network's output */
  int nc;          /* features of the task's condition */
  int known, span; /* indices of the last two features of the condition, -1: not there */
  int cond;        /* features of the network's condition: context of x0, the task's condition; with
                    * flow.condition_dropout 1, or 0 if the task's condition is unknown and its features are 0; with
                    * flow.few_step the span of a step */
  int slice;       /* capacity of a worker, windows */
  df_net* net;
  trainer* trainer;
  double *u_center, *u_half;         /* [nu] centre and half range of the actions */
  flow_worker* worker;               /* [threads] */
  flow_drift drift[2];               /* of the previous and the current batch, indexed by the parity of the step */
  df_gradient_count adjoints_before; /* computed on the workers before the training */
  bool from_recovered;               /* trains on recovered actions; these are: */
  struct flow_recovered* recovered;
  bool of_diffusion;                    /* its method is one of a diffusion */
  const df_flow_projection* projection; /* of training samples, while it trains; NULL: none */
  double* kept;          /* [flow.diffusion_steps + 1] (diffusion.h); NULL: its paths are straight lines */
  df_real* teacher;      /* the averaged weights when reflow began; NULL without it */
  df_real* action_scale; /* [2][nu] mean and std of recovered actions; ACTIONS from recovered ones, else NULL */
};

/* Writes the condition of a network out [nz + nc]: the context of x0 and the task's condition (NULL if it has none). */
void task_condition(const df_task* task, const double* x0, const double* condition, df_real* out);

/* Sets *cfg to the network of the settings net.*; the caller sets tokens, features and flow_time. DF_E_CONFIG if
 * net.heads does not divide net.width. */
df_status task_network(const df_task* task, df_net_cfg* cfg);

/* The same for a flow, out [cond]. */
void flow_condition(const df_flow* flow, const double* x0, const double* condition, df_real* out);

/* The same with a span, 0 from flow_condition(); nothing without flow.few_step. */
static inline void flow_tell_span(const df_flow* flow, df_real* out, double span) {
  if (flow->span >= 0) out[flow->span] = (df_real)span;
}

/* Makes the task's condition of out [cond] unknown; only with flow.condition_dropout. */
void flow_forget_condition(const df_flow* flow, df_real* out);

/* Decodes the network output out [H][out] of one window by simulation from x0, on the worker's simulator with a tape
 * (`record`) or, for the same bits in less time and without an adjoint, on that without. Writes the applied actions
 * u [H][nu] and the states x [H+1][nx], NaN after a divergence; of both only the first w->frames frames. `gain` is K
 * [nu][nz] in units of tracking_scale for TRACKING, NULL for ROLLOUT. */
df_traj_end flow_simulate(const df_flow* flow, flow_worker* w, bool record, const df_real* out, const df_real* gain,
                          const double* x0, double* u, double* x);

/* The adjoint of the last recorded flow_simulate on this worker, from the cotangents w->d_x [H+1][ndx] of the states.
 * Writes the cotangents of the action outputs, times `scale`, to the first w->frames rows of d_out [H][out], and ADDS
 * the gradient of the gain, times `scale`, to d_gain [nu][nz]. Both are unchanged unless the result is
 * DF_TRAJ_COMPLETE. */
df_traj_end flow_simulate_vjp(const df_flow* flow, flow_worker* w, const df_real* out, const df_real* gain,
                              const double* x0, const double* x, double scale, df_real* d_out, df_real* d_gain);

/* whether the decoder uses the simulator: ROLLOUT and TRACKING */
bool flow_simulates(const df_flow* flow);

/* whether a frame of the flow has states, from its first number on, or actions, as its last nu */
bool flow_has_states(const df_flow* flow);
bool flow_has_actions(const df_flow* flow);

/* writes the states x [H+1][nx] of x0 and z1 [H][in], a flow with states */
void flow_decode_states(const df_flow* flow, const double* x0, const double* z1, double* x);

/* projected.c: the loss of row `row` on projected states (df_flow_train_projected()); writes its gradient with respect
 * to the network's output, times 1/batch, to w->d_out. NaN, without a gradient, if the projection diverged. */
double flow_projected_loss(const df_flow* flow, flow_worker* w, int thread, int row, const double* x0);
size_t flow_projected_work(const df_flow* flow);

/* the gain K, which is stored after the weights in `parameters`; NULL unless the decoder is TRACKING */
const df_real* flow_gain(const df_flow* flow, const df_real* parameters);

/* Whether item i is one of those that are a share of all, spread evenly: floor(n share) of the first n are. */
static inline bool flow_spread(double share, long i) {
  return floor((double)(i + 1) * share) > floor((double)i * share);
}

/* mean and standard deviation of action i in normalised units; ACTIONS, STATES_ACTIONS */
void flow_action_scale(const df_flow* flow, int i, double* mean, double* std);

/* converts the normalised actions of a [H][in], the last nu of every frame, to actions u [H][nu], clamped to the action
 * box; ACTIONS, STATES_ACTIONS */
void flow_unnormalise_actions(const df_flow* flow, const double* a, double* u);

/* The frames that a simulated sample of training step `step` has: of a horizon curriculum (train.horizon_from = f > 0)
 * f + floor(p (H - f + 1)) at the share p < 1 of the first train.horizon_until of the steps, and H after them. */
int flow_frames(const df_flow* flow, long step);

/* the trainer_slice_fn of a flow: loss and gradient of one micro-batch; context is the df_flow */
void flow_train_slice(void* context, int thread, long step, int first, int count, const df_real* parameters,
                      df_real* gradient, double* loss);

const df_config* flow_config(const df_flow* flow);

/* the variant of the settings as they are now, on the path of the flow */
flow_variant flow_variant_of(const df_flow* flow);

/* ---- few_step.c: flows that are trained for few steps of the sampler ---- */

/* Chooses the flow time and the span of a training sample: w->time[row], and the span in w->cond. */
void few_step_choose(const df_flow* flow, const flow_variant* v, flow_worker* w, int row, uint64_t index);

/* Replaces the velocities w->target of rows with a span by what the network, with these parameters, implies for it:
 *   SHORTCUT     the mean of its steps of half the span, from x^t and from where the first of them leads; half of the
 *                shortest span, 1/64, counts as 0
 *   MEAN         velocity + span d/dt u(x^t, t, r - t) at fixed r, along the velocity, by a central difference
 *   CONSISTENCY  (end - x^t) / (1 - t), where `end` is where it leads x at t + 1/32 on the same straight path
 * No gradient flows through them. */
void few_step_targets(const df_flow* flow, const flow_variant* v, flow_worker* w, int count, const df_real* parameters);

/* Whether the targets of a step are those of the flow itself. */
bool reflow_begun(const df_flow* flow, long step);

/* Adds the weights of the flow that makes targets to the training state; nothing unless flow.reflow_from is below 1. */
df_status reflow_make(df_flow* flow);

/* Replaces the targets of the rows by the ends of the paths from their base samples. */
void reflow_targets(const df_flow* flow, const flow_variant* v, flow_worker* w, int count);

#endif
