/* linear.c: the dynamics linearised about demonstrations with recovered actions. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "recovered.h"

static const double LINEAR_MIB_MAX = 2048;

/* lists the transitions to linearise: those of a share recover.linear_episodes of the episodes with training windows,
 * spread evenly, so that every gait has its part; returns their number */
static size_t choose_transitions(const df_flow* flow, flow_recovered* r, df_window* list) {
  const df_dataset* data = flow->env.task->data;
  size_t n = 0;
  int episodes = 0;
  for (int e = 0; e < data->episodes; e++) {
    bool trains = false;
    for (int t = 0; t < data->lengths[e]; t++)
      trains |= r->known[df_dataset_action_row(data, e, t)] == RECOVERED_TRAINING;
    if (!trains || !flow_spread(flow_config(flow)->recover_linear_episodes, episodes++)) continue;
    for (int t = 0; t < data->lengths[e]; t++) {
      const size_t at = df_dataset_action_row(data, e, t);
      if (r->known[at] != RECOVERED_TRAINING) continue;
      if (list) list[n] = (df_window){.episode = e, .start = t};
      r->linear_at[at] = (int64_t)n++;
    }
  }
  return n;
}

/* linearises one transition; not COMPLETE if the simulation or its adjoint diverged or failed. jacobian: scratch memory
 * [ndx][ndx + nu] */
static df_traj_end linearise(const df_flow* flow, flow_worker* w, flow_recovered* r, size_t row, df_window from,
                             double* jacobian) {
  const df_system* system = flow->env.task->system;
  const df_dataset* data = flow->env.task->data;
  const size_t ndx = (size_t)flow->ndx, nu = (size_t)flow->nu;
  system->ops->reset(w->sim, df_dataset_state(data, from.episode, from.start));
  df_traj_end end = system->ops->step(w->sim, r->u + df_dataset_action_row(data, from.episode, from.start) * nu, w->x);
  if (end != DF_TRAJ_COMPLETE) return end;

  /* r = simulated (-) demonstrated next state */
  double* difference = w->d_x;
  system->ops->difference(system, df_dataset_state(data, from.episode, from.start + 1), w->x, difference);
  for (size_t k = 0; k < ndx; k++) r->r[row * ndx + k] = (float)difference[k];

  double *A = jacobian, *B = A + ndx * ndx;
  end = df_sim_jacobian(system, w->sim, 0, A, B);
  if (end != DF_TRAJ_COMPLETE) return end;
  for (size_t i = 0; i < ndx * ndx; i++) r->A[row * ndx * ndx + i] = (float)A[i];
  for (size_t i = 0; i < ndx * nu; i++) r->B[row * ndx * nu + i] = (float)B[i];
  return DF_TRAJ_COMPLETE;
}

/* lists the training windows that are linear throughout */
static df_status list_windows(const df_flow* flow, flow_recovered* r) {
  const df_windows* windows = flow->env.task->windows;
  r->linear_windows = df_alloc((size_t)windows->n_train, sizeof *r->linear_windows);
  if (!r->linear_windows) return DF_E_NOMEM;
  for (int i = 0; i < windows->n_train; i++) {
    if (flow_is_linear(flow, windows->train[i])) r->linear_windows[r->n_linear++] = windows->train[i];
  }
  return DF_OK;
}

df_status flow_linearise(df_flow* flow, flow_recovered* r) {
  const df_dataset* data = flow->env.task->data;
  const size_t all = df_dataset_actions(data), ndx = (size_t)flow->ndx, nu = (size_t)flow->nu;
  r->linear_at = df_alloc(all, sizeof *r->linear_at);
  df_window* from = df_alloc(all, sizeof *from);
  if (!r->linear_at || !from) {
    df_free(from);
    return DF_E_NOMEM;
  }
  for (size_t i = 0; i < all; i++) r->linear_at[i] = -1;
  const size_t n = choose_transitions(flow, r, from);
  const double mib = (double)n * (double)(ndx * (ndx + nu + 1)) * sizeof(float) / 1048576;
  if (mib > LINEAR_MIB_MAX) {
    df_free(from);
    return df_fail(
        DF_E_CONFIG,
        "task %s: recover.linear_episodes = %g linearises %zu transitions in %.0f MiB, at most %g are allowed: "
        "reduce it",
        flow_config(flow)->task_name, flow_config(flow)->recover_linear_episodes, n, mib, LINEAR_MIB_MAX);
  }
  r->A = df_alloc(n * ndx * ndx, sizeof *r->A);
  r->B = df_alloc(n * ndx * nu, sizeof *r->B);
  r->r = df_alloc(n * ndx, sizeof *r->r);
  const size_t jacobian = ndx * (ndx + nu);
  double* work = df_alloc((size_t)flow->env.threads * jacobian, sizeof *work);
  df_status status = n == 0 || (r->A && r->B && r->r && work) ? DF_OK : DF_E_NOMEM;

  flow->trainer->failed = -1;
#pragma omp parallel for schedule(dynamic, 16) num_threads(flow->env.threads)
  for (size_t i = 0; i < (status == DF_OK ? n : 0); i++) {
    if (flow->env.stop && *flow->env.stop) continue;
    const size_t thread = (size_t)omp_get_thread_num();
    const df_traj_end end = linearise(flow, &flow->worker[thread], r, i, from[i], work + thread * jacobian);
    if (end == DF_TRAJ_FAILED) trainer_note_failure(flow->trainer, (int)i);
    if (end != DF_TRAJ_COMPLETE) r->linear_at[df_dataset_action_row(data, from[i].episode, from[i].start)] = -1;
  }
  df_free(work);
  if (status == DF_OK && flow->trainer->failed >= 0) {
    const df_window w = from[flow->trainer->failed];
    status = df_fail(DF_E_SIM, "%s: linearising episode %d, frame %d: %s", flow->name, w.episode, w.start,
                     flow->trainer->failure);
  }
  df_free(from);
  if (status == DF_OK && flow->env.stop && *flow->env.stop)
    status = df_fail(DF_E_INTERRUPTED, "%s: interrupted", flow->name);
  return status == DF_OK ? list_windows(flow, r) : status;
}

bool flow_is_linear(const df_flow* flow, df_window w) {
  const flow_recovered* r = flow->recovered;
  const df_dataset* data = flow->env.task->data;
  if (!r->linear_at || w.start + flow->H > data->lengths[w.episode]) return false;
  const int64_t* at = r->linear_at + df_dataset_action_row(data, w.episode, w.start);
  for (int t = 0; t < flow->H; t++) {
    if (at[t] < 0) return false;
  }
  return true;
}

void flow_move_to(const df_flow* flow, const double* from, const double* at, double* x0) {
  /* relative to itself a state has no place and no heading */
  double z[FLOW_CONTEXT_MAX];
  df_chart_encode(flow->env.task->chart, from, from, z);
  df_chart_decode(flow->env.task->chart, at, z, x0);
}

/* action i of frame t, clamped to the action box, and its slope by the network's output */
static double action(const df_flow* flow, const df_real* out, int t, int i, double* slope) {
  const df_system* system = flow->env.task->system;
  const double th = tanh((double)out[t * flow->out + i]), u = flow->u_center[i] + flow->u_half[i] * th;
  const double applied = fmin(fmax(u, system->u_lo[i]), system->u_hi[i]);
  *slope = applied == u ? flow->u_half[i] * (1 - th * th) : 0;
  return applied;
}

void flow_linear_rollout(const df_flow* flow, flow_worker* work, df_window w, const double* x0, const df_real* out) {
  const flow_recovered* r = flow->recovered;
  const df_system* system = flow->env.task->system;
  const df_dataset* data = flow->env.task->data;
  const size_t ndx = (size_t)flow->ndx, nu = (size_t)flow->nu, nx = (size_t)flow->nx;
  double dx[2 * FLOW_CONTEXT_MAX], next[2 * FLOW_CONTEXT_MAX], du[DF_NDX_MAX], slope;
  memcpy(work->x, x0, nx * sizeof *x0);
  system->ops->difference(system, df_dataset_state(data, w.episode, w.start), x0, dx);
  for (int t = 0; t < flow->H; t++) {
    const size_t at = df_dataset_action_row(data, w.episode, w.start + t), row = (size_t)r->linear_at[at];
    for (size_t i = 0; i < nu; i++) du[i] = action(flow, out, t, (int)i, &slope) - r->u[at * nu + i];
    for (size_t k = 0; k < ndx; k++) {
      const float *A = r->A + (row * ndx + k) * ndx, *B = r->B + (row * ndx + k) * nu;
      double sum = (double)r->r[row * ndx + k];
      for (size_t i = 0; i < ndx; i++) sum += (double)A[i] * dx[i];
      for (size_t i = 0; i < nu; i++) sum += (double)B[i] * du[i];
      next[k] = sum;
    }
    memcpy(dx, next, ndx * sizeof *dx);
    system->ops->integrate(system, df_dataset_state(data, w.episode, w.start + t + 1), dx,
                           work->x + (size_t)(t + 1) * nx);
  }
}

void flow_linear_vjp(const df_flow* flow, flow_worker* work, df_window w, const df_real* out, double scale,
                     df_real* d_out) {
  const flow_recovered* r = flow->recovered;
  const df_dataset* data = flow->env.task->data;
  const size_t ndx = (size_t)flow->ndx, nu = (size_t)flow->nu;
  const double decay = flow_config(flow)->train_cotangent_decay;
  double y[2 * FLOW_CONTEXT_MAX], before[2 * FLOW_CONTEXT_MAX], d_u[DF_NDX_MAX], slope;
  memset(y, 0, ndx * sizeof *y);
  for (int t = flow->H - 1; t >= 0; t--) {
    const size_t row = (size_t)r->linear_at[df_dataset_action_row(data, w.episode, w.start + t)];
    memset(before, 0, ndx * sizeof *before);
    memset(d_u, 0, nu * sizeof *d_u);
    for (size_t k = 0; k < ndx; k++) {
      const float *A = r->A + (row * ndx + k) * ndx, *B = r->B + (row * ndx + k) * nu;
      y[k] += work->d_x[(size_t)(t + 1) * ndx + k];
      for (size_t i = 0; i < ndx; i++) before[i] += (double)A[i] * y[k];
      for (size_t i = 0; i < nu; i++) d_u[i] += (double)B[i] * y[k];
    }
    for (size_t k = 0; k < ndx; k++) y[k] = decay * before[k];
    for (size_t i = 0; i < nu; i++) {
      (void)action(flow, out, t, (int)i, &slope);
      d_out[t * flow->out + (int)i] = (df_real)(scale * d_u[i] * slope);
    }
  }
}
