/* rollout_decoder.c: the simulator as decoder: from network output to actions to states, and the adjoint. */
#include <math.h>
#include <string.h>

#include "dynaflow/core/limits.h"
#include "dynaflow/core/parts.h"
#include "flow_internal.h"

/* Unit of the trained gain: K = tracking_scale * gain, in half ranges of the action per standard deviation of error. K
 * is trained by the same optimizer as the weights, and in this unit it changes about a third as fast. */
static const double tracking_scale = 0.3;

/* the open-loop action i of one frame: center + half_range tanh(output) */
static double planned(const df_flow* flow, const df_real* out, int i) {
  return flow->u_center[i] + flow->u_half[i] * tanh((double)out[i]);
}

/* ---- ROLLOUT: open loop ---- */

static df_traj_end open_loop(const df_flow* flow, df_sim* sim, int frames, const df_real* out, const double* x0,
                             double* u, double* x) {
  for (int t = 0; t < frames; t++) {
    for (int i = 0; i < flow->nu; i++) u[t * flow->nu + i] = planned(flow, out + t * flow->out, i);
  }
  return df_trajectory_run(flow->env.task->system, sim, frames, x0, u, x);
}

/* ---- TRACKING: closed loop ---- */

/* e [nz] = z(x) - zref for the state x before action t; zero for t = 0, since frame 0 is given. The reference of frame
 * t is part of the output for t - 1. */
static void tracking_error(const df_flow* flow, const df_real* out, int t, const double* x0, const double* x,
                           double* e) {
  memset(e, 0, (size_t)flow->nz * sizeof *e);
  if (t == 0) return;
  df_chart_encode(flow->env.task->chart, x0, x, e);
  const df_real* reference = out + (t - 1) * flow->out + flow->nu;
  for (int k = 0; k < flow->nz; k++) e[k] -= (double)reference[k];
}

/* the feedback half_range * (K e) of action i */
static double correction(const df_flow* flow, const df_real* gain, int i, const double* e) {
  double sum = 0;
  for (int k = 0; k < flow->nz; k++) sum += (double)gain[i * flow->nz + k] * e[k];
  return flow->u_half[i] * tracking_scale * sum;
}

static df_traj_end closed_loop(const df_flow* flow, flow_worker* w, df_sim* sim, const df_real* out,
                               const df_real* gain, const double* x0, double* u, double* x) {
  const df_system* system = flow->env.task->system;
  const size_t nx = (size_t)flow->nx;
  df_traj_end end = DF_TRAJ_COMPLETE;
  system->ops->reset(sim, x0);
  memcpy(x, x0, nx * sizeof *x);
  for (int t = 0; t < w->frames; t++) {
    double *e = w->tracking_error + t * flow->nz, *action = u + t * flow->nu, *next = x + (size_t)(t + 1) * nx;

    /* after a divergence: NaN states and zero actions */
    if (end != DF_TRAJ_COMPLETE) {
      for (size_t i = 0; i < nx; i++) next[i] = NAN;
      memset(action, 0, (size_t)flow->nu * sizeof *action);
      continue;
    }

    /* planned action minus feedback, clamped */
    tracking_error(flow, out, t, x0, x + (size_t)t * nx, e);
    for (int i = 0; i < flow->nu; i++) {
      const double wanted = planned(flow, out + t * flow->out, i) - correction(flow, gain, i, e);
      action[i] = fmin(fmax(wanted, system->u_lo[i]), system->u_hi[i]);
      w->clamped[t * flow->nu + i] = action[i] != wanted;
    }
    end = system->ops->step(sim, action, next);
  }
  return end;
}

df_traj_end flow_simulate(const df_flow* flow, flow_worker* w, bool record, const df_real* out, const df_real* gain,
                          const double* x0, double* u, double* x) {
  const df_part before = df_part_enter(DF_PART_SIMULATION);
  df_sim* sim = record ? w->sim : w->forward;
  const df_traj_end end =
      gain ? closed_loop(flow, w, sim, out, gain, x0, u, x) : open_loop(flow, sim, w->frames, out, x0, u, x);
  df_part_enter(before);
  return end;
}

/* ---- adjoints ---- */

/* the adjoint of `planned` for the actions of one frame: writes d_out [nu] */
static void plan_vjp(const df_flow* flow, const df_real* out, const double* d_u, double scale, df_real* d_out) {
  for (int i = 0; i < flow->nu; i++) {
    const double th = tanh((double)out[i]);
    d_out[i] = (df_real)(scale * d_u[i] * flow->u_half[i] * (1 - th * th));
  }
}

/* the adjoint of the feedback u = ... - K e(x): adds to the gradient of the gain and to the cotangent y of x */
static void feedback_vjp(const df_flow* flow, const df_real* gain, const double* e, const double* d_u, const double* x0,
                         const double* x, double* d_gain, double* y) {
  double d_e[FLOW_CONTEXT_MAX], y_e[2 * FLOW_CONTEXT_MAX];
  memset(d_e, 0, (size_t)flow->nz * sizeof *d_e);
  for (int i = 0; i < flow->nu; i++) {
    const double g = -flow->u_half[i] * tracking_scale * d_u[i];
    for (int k = 0; k < flow->nz; k++) {
      d_gain[i * flow->nz + k] += g * e[k];
      d_e[k] += g * (double)gain[i * flow->nz + k];
    }
  }
  df_chart_encode_vjp(flow->env.task->chart, x0, x, d_e, y_e);
  for (int k = 0; k < flow->ndx; k++) y[k] += y_e[k];
}

/* the adjoint of closed_loop, backwards over the frames; y is the cotangent of the state after the current frame */
static df_traj_end closed_loop_vjp(const df_flow* flow, flow_worker* w, const df_real* out, const df_real* gain,
                                   const double* x0, const double* x, double decay, double scale, df_real* d_out,
                                   df_real* d_gain) {
  const df_system* system = flow->env.task->system;
  double y[2 * FLOW_CONTEXT_MAX];
  double* gain_sum = w->d_gain;
  memset(y, 0, (size_t)flow->ndx * sizeof *y);
  const double largest = df_largest_cotangent(w->d_x, ((size_t)w->frames + 1) * (size_t)flow->ndx);
  memset(gain_sum, 0, (size_t)flow->nu * (size_t)flow->nz * sizeof *gain_sum);
  for (int t = w->frames - 1; t >= 0; t--) {
    const double* d_x = w->d_x + (size_t)(t + 1) * (size_t)flow->ndx;
    double* d_u = w->d_u + t * flow->nu;

    /* adjoint of the simulator step */
    for (int k = 0; k < flow->ndx; k++) y[k] += d_x[k];
    const df_traj_end end = system->ops->step_vjp(w->sim, t, y, y, d_u);
    if (end != DF_TRAJ_COMPLETE) return end;
    if (!df_within(y, (size_t)flow->ndx, largest) || !df_within(d_u, (size_t)flow->nu, largest))
      return DF_TRAJ_DIVERGED;

    /* adjoint of clamp and feedback */
    for (int i = 0; i < flow->nu; i++) {
      if (w->clamped[t * flow->nu + i]) d_u[i] = 0;
    }
    for (int k = 0; k < flow->ndx; k++) y[k] *= decay;
    if (t > 0) {
      feedback_vjp(flow, gain, w->tracking_error + t * flow->nz, d_u, x0, x + (size_t)t * (size_t)flow->nx, gain_sum,
                   y);
    }
  }

  /* write the results only now that the whole trajectory has a gradient */
  for (int t = 0; t < w->frames; t++)
    plan_vjp(flow, out + t * flow->out, w->d_u + t * flow->nu, scale, d_out + t * flow->out);
  for (int k = 0; k < flow->nu * flow->nz; k++) d_gain[k] += (df_real)(scale * gain_sum[k]);
  return DF_TRAJ_COMPLETE;
}

/* the adjoint of open_loop */
static df_traj_end open_loop_vjp(const df_flow* flow, flow_worker* w, const df_real* out, double decay, double scale,
                                 df_real* d_out) {
  const df_traj_end end = df_trajectory_vjp(flow->env.task->system, w->sim, w->frames, w->d_x, decay, w->d_u, NULL);
  if (end != DF_TRAJ_COMPLETE) return end;
  for (int t = 0; t < w->frames; t++) {
    plan_vjp(flow, out + t * flow->out, w->d_u + t * flow->nu, scale, d_out + t * flow->out);
  }
  return end;
}

df_traj_end flow_simulate_vjp(const df_flow* flow, flow_worker* w, const df_real* out, const df_real* gain,
                              const double* x0, const double* x, double scale, df_real* d_out, df_real* d_gain) {
  const double decay = flow_config(flow)->train_cotangent_decay;
  const df_part before = df_part_enter(DF_PART_ADJOINT);
  const df_traj_end end = gain ? closed_loop_vjp(flow, w, out, gain, x0, x, decay, scale, d_out, d_gain)
                               : open_loop_vjp(flow, w, out, decay, scale, d_out);
  df_part_enter(before);
  return end;
}
