/* train.c: loss and gradient of a training micro-batch, for every decoder. */
#include <math.h>
#include <string.h>

#include "dynaflow/core/rng.h"
#include "flow_internal.h"
#include "recovered.h"

/* what the loss of a sample compares */
typedef enum sample_kind {
  SAMPLE_DIRECT,    /* the network's output, or its projection, with the target: STATES, ACTIONS, STATES_ACTIONS */
  SAMPLE_SIMULATED, /* simulated states with the demonstrated ones */
  SAMPLE_REGRESSED, /* actions with recovered ones */
  SAMPLE_LINEAR     /* states of the linearised dynamics with the demonstrated ones */
} sample_kind;

/* the kind of sample i of a batch, fixed by its place among the samples of its step (flow.h) */
static sample_kind kind_of(const df_flow* flow, long batch, int in_batch) {
  if (!flow_simulates(flow)) return SAMPLE_DIRECT;
  if (!flow->recovered) return SAMPLE_SIMULATED;
  const df_config* c = flow_config(flow);
  const trainer_cfg* t = &flow->trainer->cfg;
  const long step = batch / t->accumulate, i = batch % t->accumulate * t->batch + in_batch;
  const bool early = (double)step < c->recover_regressed * (double)t->steps;
  const double share = early ? 0 : c->recover_simulated;
  if (flow_spread(share, i)) return SAMPLE_SIMULATED;
  const long others_before = i - (long)floor((double)i * share);
  return flow->recovered->n_linear > 0 && flow_spread(c->recover_linear, others_before) ? SAMPLE_LINEAR
                                                                                        : SAMPLE_REGRESSED;
}

int flow_frames(const df_flow* flow, long step) {
  const df_config* c = flow_config(flow);
  const int from = c->train_horizon_from;
  const double until = c->train_horizon_until * (double)flow->trainer->cfg.steps;
  if (from == 0 || !((double)step < until)) return flow->H;
  return from + (int)((flow->H - from + 1) * ((double)step / until));
}

/* the start state and the target of a training sample */
typedef struct start {
  sample_kind kind;
  df_window window; /* of the demonstration that is the target */
  const double* x0; /* [nx] the first state of the demonstration, or a simulated state near it */
} start;

/* the index of the random numbers of sample i of a step */
static uint64_t event(const df_flow* flow, long step, int i) {
  return (uint64_t)step * (uint64_t)flow->trainer->cfg.batch + (uint64_t)i;
}

/* Start-state perturbation from own rollouts: a share train.push of the samples starts from a state simulated in the
 * previous batch for the same index i. The target is the rest of that demonstration, relative to its own first frame in
 * x, y and heading, so the network learns to correct its own deviations. States with an error of train.push_error or
 * more are not used. Returns whether sample i starts in this way. */
static bool drifted_start(const df_flow* flow, long step, int i, start* s) {
  const double push = flow_config(flow)->train_push;
  const flow_drift* previous = &flow->drift[(step + 1) & 1];
  if (step == 0 || !previous->window || previous->window[i].episode < 0) return false;

  /* draw whether, and at which frame */
  double draw[2];
  df_rng_uniform(flow->env.seed, DF_STREAM_PUSH, event(flow, step, i), 2, draw);
  if (draw[0] >= push) return false;
  const int frame = 1 + (int)(draw[1] * flow->H);

  /* the demonstration must continue for H more actions that are not held out, and the state must be close to it; a
   * resumed training's windows come from a file and may be anything */
  const df_task* task = flow->env.task;
  const df_window from = previous->window[i];
  if (!df_windows_trains(task->windows, task->data, from)) return false;
  const df_window w = {.episode = from.episode, .start = from.start + frame};
  if (!df_windows_trains(task->windows, task->data, w)) return false;
  const size_t row = (size_t)i * (size_t)(flow->H + 1) + (size_t)frame;
  if (!(previous->error[row] < flow_config(flow)->train_push_error)) return false;
  if (s->kind == SAMPLE_LINEAR && !flow_is_linear(flow, w)) return false;
  s->window = w;
  s->x0 = previous->x + row * (size_t)flow->nx;
  return true;
}

/* the start of sample i in row `row` of a worker: a perturbed one, or a training window drawn uniformly */
static start choose_start(const df_flow* flow, flow_worker* w, long step, int i, int row) {
  const df_task* task = flow->env.task;
  start s = {.kind = kind_of(flow, step, i)};
  const bool drifts = s.kind == SAMPLE_SIMULATED || s.kind == SAMPLE_LINEAR;
  if (drifts && drifted_start(flow, step, i, &s)) {
    if (s.kind == SAMPLE_SIMULATED) return s;
    /* linearised dynamics hold near the demonstration only */
    double* x0 = w->start + (size_t)row * (size_t)flow->nx;
    flow_move_to(flow, s.x0, df_dataset_state(task->data, s.window.episode, s.window.start), x0);
    s.x0 = x0;
    return s;
  }
  const bool linear = s.kind == SAMPLE_LINEAR;
  const df_window* windows = linear ? flow->recovered->linear_windows : task->windows->train;
  const int n = linear ? flow->recovered->n_linear : task->windows->n_train;
  s.window = windows[df_rng_below(flow->env.seed, DF_STREAM_BATCH, event(flow, step, i), 0, (uint64_t)n)];
  s.x0 = df_dataset_state(task->data, s.window.episode, s.window.start);
  return s;
}

/* the recovered action [nu] of frame t of a window */
static const double* flow_recovered_action(const df_flow* flow, df_window w, int t) {
  return flow->recovered->u + df_dataset_action_row(flow->env.task->data, w.episode, w.start + t) * (size_t)flow->nu;
}

/* writes X^1 [H][in], the demonstrated window in flow coordinates, relative to its own first frame */
static void make_target(const df_flow* flow, df_window w, double* target) {
  const df_task* task = flow->env.task;
  for (int t = 0; flow_has_actions(flow) && t < flow->H; t++) {
    const double* u =
        flow->recovered ? flow_recovered_action(flow, w, t) : df_dataset_action(task->data, w.episode, w.start + t);
    for (int i = 0; i < flow->nu; i++) {
      double mean, std;
      flow_action_scale(flow, i, &mean, &std);
      /* the simulator applies the clamped action */
      const double applied = fmin(fmax(u[i], task->system->u_lo[i]), task->system->u_hi[i]);
      target[(t + 1) * flow->in - flow->nu + i] = (applied - mean) / std;
    }
  }
  const double* first = df_dataset_state(task->data, w.episode, w.start);
  for (int t = 0; flow->decoder != DF_DECODE_ACTIONS && t < flow->H; t++) {
    df_chart_encode(task->chart, first, df_dataset_state(task->data, w.episode, w.start + t + 1),
                    target + t * flow->in);
  }
}

/* draws one sample to row `row`: target, base sample, flow time and condition; `index` is that of its random numbers */
static void draw_sample(const df_flow* flow, const flow_variant* v, flow_worker* w, uint64_t index, int row,
                        const start* s) {
  const size_t n = (size_t)flow->H * (size_t)flow->in;
  df_real* cond = w->cond + (size_t)row * (size_t)flow->cond;
  make_target(flow, s->window, w->target + (size_t)row * n);
  df_rng_normal(flow->env.seed, DF_STREAM_FLOW_NOISE, index, n, w->noise + (size_t)row * n);
  flow_condition(flow, s->x0, df_dataset_condition(flow->env.task->data, s->window.episode, s->window.start), cond);
  w->time[row] = variant_time(v, flow->env.seed, index);
  few_step_choose(flow, v, w, row, index);
}

/* Exchanges the base samples of the rows, so that the sum over rows of |X^0 - X^1|^2 + cost |c^0 - c^1|^2 is least,
 * where c^0 is the condition with which a base sample was drawn. */
static void couple(const df_flow* flow, const flow_variant* v, flow_worker* w, int count) {
  const size_t n = (size_t)flow->H * (size_t)flow->in, cond = (size_t)flow->cond;
  const size_t compared = (size_t)(flow->nz + flow->nc);
  for (int i = 0; i < count; i++) {
    for (int j = 0; j < count; j++) {
      const double *noise = w->noise + (size_t)i * n, *target = w->target + (size_t)j * n;
      const df_real *from = w->cond + (size_t)i * cond, *to = w->cond + (size_t)j * cond;
      double paths = 0, conditions = 0;
      for (size_t k = 0; k < n; k++) paths += (v->sigma * noise[k] - target[k]) * (v->sigma * noise[k] - target[k]);
      for (size_t k = 0; k < compared; k++) {
        const double apart = (double)from[k] - (double)to[k];
        conditions += apart * apart;
      }
      w->cost[(size_t)i * (size_t)count + (size_t)j] = paths + v->cost * conditions;
    }
  }
  coupling_assign(count, w->cost, w->column, w->cost + (size_t)count * (size_t)count);
  /* w->solver is free while training */
  for (int i = 0; i < count; i++)
    memcpy(w->solver + (size_t)w->column[i] * n, w->noise + (size_t)i * n, n * sizeof(double));
  memcpy(w->noise, w->solver, (size_t)count * n * sizeof(double));
}

/* writes the network inputs of the rows that draw_sample() has drawn: X^t and t; `reflows`: with targets of the flow
 * itself; `index` is that of the random numbers of row 0, and those of the others follow with the stride +1 or -1 */
static void make_inputs(const df_flow* flow, const flow_variant* v, flow_worker* w, int count, bool reflows,
                        uint64_t index, int stride) {
  const size_t n = (size_t)flow->H * (size_t)flow->in;
  if (reflows) {
    reflow_targets(flow, v, w, count);
  } else if (v->transport)
    couple(flow, v, w, count);
  for (int row = 0; row < count; row++) {
    const double *noise = w->noise + (size_t)row * n, t = w->time[row];
    const double share = variant_base_share(v, t), of_end = variant_end_share(v, t);
    double* target = w->target + (size_t)row * n;
    df_real* x_t = w->x_t + (size_t)row * n;
    for (size_t k = 0; k < n; k++) x_t[k] = (df_real)(share * v->sigma * noise[k] + of_end * target[k]);
    w->t[row] = (df_real)t;

    /* what a direct prediction is compared with */
    for (size_t k = 0; v->prediction == FLOW_PREDICT_VELOCITY && k < n; k++)
      target[k] -= (1 - v->sigma_min) * v->sigma * noise[k];
    if (v->prediction == FLOW_PREDICT_NOISE) memcpy(target, noise, n * sizeof *target);

    double draw = 1;
    if (v->dropout > 0) df_rng_uniform(flow->env.seed, DF_STREAM_CONDITION, index + (uint64_t)(stride * row), 1, &draw);
    if (draw < v->dropout) flow_forget_condition(flow, w->cond + (size_t)row * (size_t)flow->cond);
  }
}

/* the mean squared error of a direct prediction; writes its gradient, times 1/batch, to d_out */
static double direct_loss(const df_flow* flow, flow_worker* w, int row) {
  const size_t n = (size_t)flow->H * (size_t)flow->out;
  const df_real* out = w->out + (size_t)row * n;
  const double* target = w->target + (size_t)row * n;
  df_real* d_out = w->d_out + (size_t)row * n;
  const double scale = 2.0 / ((double)n * flow->trainer->cfg.batch);
  double loss = 0;
  for (size_t k = 0; k < n; k++) {
    const double e = (double)out[k] - target[k];
    loss += e * e;
    d_out[k] = (df_real)(scale * e);
  }
  return loss / (double)n;
}

/* stores the simulated window w->x of sample i for the next batch; frame_error NULL: there is none */
static void remember(df_flow* flow, flow_worker* w, long step, int i, const start* s, const double* frame_error) {
  flow_drift* drift = &flow->drift[step & 1];
  if (!drift->window) return;
  const size_t frames = (size_t)flow->H + 1, row = (size_t)i * frames;
  drift->window[i] = s->window;
  if (!frame_error) {
    drift->window[i].episode = -1;
    return;
  }
  memcpy(drift->x + row * (size_t)flow->nx, w->x, frames * (size_t)flow->nx * sizeof(double));
  memcpy(drift->error + row, frame_error, frames * sizeof(double));
}

/* writes the gradient of the mean squared error of the reference window of TRACKING, times 1/batch, to d_out; as in
 * kinematic flow matching the simulator is not involved */
static void reference_gradient(const df_flow* flow, const df_real* out, const double* target, df_real* d_out) {
  if (flow->decoder != DF_DECODE_TRACKING) return;
  const double scale = 2.0 / ((double)flow->H * flow->nz * flow->trainer->cfg.batch);
  for (int t = 0; t < flow->H; t++) {
    for (int k = 0; k < flow->nz; k++) {
      const int at = t * flow->out + flow->nu + k;
      d_out[at] = (df_real)(scale * ((double)out[at] - target[t * flow->nz + k]));
    }
  }
}

/* Returns the mean squared error of the states w->x of the first w->frames frames against the target; writes its
 * cotangents to w->d_x [frames+1][ndx] and the RMS error of each frame to frame_error [H+1], infinite where there is no
 * state. */
static double state_loss(const df_flow* flow, flow_worker* w, const double* x0, const double* target,
                         double* frame_error) {
  const df_task* task = flow->env.task;
  const double n = (double)w->frames * flow->nz;
  double loss = 0;

  /* frame 0 is given: no error, no cotangent */
  memset(w->d_x, 0, (size_t)flow->ndx * sizeof(double));
  frame_error[0] = 0;
  for (int t = w->frames; t < flow->H; t++) frame_error[t + 1] = INFINITY;
  for (int t = 0; t < w->frames; t++) {
    const double* x = w->x + (size_t)(t + 1) * (size_t)flow->nx;
    double sum = 0;

    /* error in chart coordinates, then its adjoint */
    df_chart_encode(task->chart, x0, x, w->z);
    for (int k = 0; k < flow->nz; k++) {
      const double e = w->z[k] - target[t * flow->nz + k];
      sum += e * e;
      w->d_z[k] = 2 * e / n;
    }
    df_chart_encode_vjp(task->chart, x0, x, w->d_z, w->d_x + (size_t)(t + 1) * (size_t)flow->ndx);
    frame_error[t + 1] = sqrt(sum / flow->nz);
    loss += sum;
  }
  return loss / n;
}

/* the loss of a sample without a gradient: NaN after a divergence, infinite after a failure, whose message is stored */
static double no_loss(df_flow* flow, df_traj_end end, int i) {
  if (end != DF_TRAJ_FAILED) return NAN;
  trainer_note_failure(flow->trainer, i);
  return INFINITY;
}

/* Returns the state loss of the rollout from x0; writes its gradient with respect to the network's output to w->d_out
 * and adds that of the gain to d_gain. NaN, without a gradient, if the rollout or its adjoint diverged; infinite if the
 * simulator failed. */
static double rollout_loss(df_flow* flow, flow_worker* w, long step, int i, int row, const start* s,
                           const df_real* gain, df_real* d_gain) {
  const size_t n = (size_t)flow->H * (size_t)flow->out;
  const double* target = w->target + (size_t)row * (size_t)flow->H * (size_t)flow->nz;
  const df_real* out = w->out + (size_t)row * n;
  df_real* d_out = w->d_out + (size_t)row * n;
  memset(d_out, 0, n * sizeof *d_out);

  /* rollout */
  df_traj_end end = flow_simulate(flow, w, true, out, gain, s->x0, w->u, w->x);
  if (end != DF_TRAJ_COMPLETE) {
    remember(flow, w, step, i, s, NULL);
    return no_loss(flow, end, i);
  }

  for (size_t k = (size_t)(w->frames + 1) * (size_t)flow->nx; k < (size_t)(flow->H + 1) * (size_t)flow->nx; k++)
    w->x[k] = NAN;
  if (flow->env.simulated) flow->env.simulated(flow->env.simulated_context, i, s->x0, w->u);

  /* loss and its adjoint */
  double frame_error[FLOW_HORIZON_MAX + 1];
  const double loss = state_loss(flow, w, s->x0, target, frame_error);
  remember(flow, w, step, i, s, frame_error);
  const double scale = 1.0 / flow->trainer->cfg.batch;
  end = flow_simulate_vjp(flow, w, out, gain, s->x0, w->x, scale, d_out, d_gain);
  if (end != DF_TRAJ_COMPLETE) return no_loss(flow, end, i);
  reference_gradient(flow, out, target, d_out);
  return loss;
}

/* Returns the mean squared error of the actions against the recovered ones, in their units; writes its gradient, times
 * 1/batch, to w->d_out. */
static double regression_loss(df_flow* flow, flow_worker* w, long step, int i, int row, const start* s) {
  const size_t n = (size_t)flow->H * (size_t)flow->out;
  const df_real* out = w->out + (size_t)row * n;
  df_real* d_out = w->d_out + (size_t)row * n;
  const double count = (double)flow->H * flow->nu;
  double loss = 0;
  for (int t = 0; t < flow->H; t++) {
    const double* u = flow_recovered_action(flow, s->window, t);
    for (int k = 0; k < flow->nu; k++) {
      const double th = tanh((double)out[t * flow->out + k]), unit = flow->recovered->unit[k];
      const double e = (flow->u_center[k] + flow->u_half[k] * th - u[k]) / unit;
      loss += e * e / count;
      d_out[t * flow->out + k] =
          (df_real)(2 * e / count / flow->trainer->cfg.batch * flow->u_half[k] / unit * (1 - th * th));
    }
  }
  reference_gradient(flow, out, w->target + (size_t)row * (size_t)flow->H * (size_t)flow->in, d_out);
  remember(flow, w, step, i, s, NULL);
  return loss;
}

/* the loss on states that follow from the linearised dynamics; writes its gradient, times 1/batch, to w->d_out. NaN,
 * without a gradient, if they leave every range in which linear dynamics mean something. */
static double linear_loss(df_flow* flow, flow_worker* w, long step, int i, int row, const start* s) {
  static const double LARGEST = 1e4;
  const size_t n = (size_t)flow->H * (size_t)flow->out;
  const df_real* out = w->out + (size_t)row * n;
  df_real* d_out = w->d_out + (size_t)row * n;
  double frame_error[FLOW_HORIZON_MAX + 1];
  flow_linear_rollout(flow, w, s->window, s->x0, out);
  const double loss =
      state_loss(flow, w, s->x0, w->target + (size_t)row * (size_t)flow->H * (size_t)flow->nz, frame_error);
  if (!(loss < LARGEST)) {
    memset(d_out, 0, n * sizeof *d_out);
    remember(flow, w, step, i, s, NULL);
    return NAN;
  }
  remember(flow, w, step, i, s, frame_error);
  flow_linear_vjp(flow, w, s->window, out, 1.0 / flow->trainer->cfg.batch, d_out);
  return loss;
}

void flow_train_slice(void* context, int thread, long step, int first, int count, const df_real* parameters,
                      df_real* gradient, double* loss) {
  df_flow* flow = context;
  flow_worker* w = &flow->worker[thread];

  /* network inputs and forward pass */
  start from[TRAINER_SLICE_MAX];
  const flow_variant v = flow_variant_of(flow);
  for (int row = 0; row < count; row++) {
    from[row] = choose_start(flow, w, step, first + row, row);
    draw_sample(flow, &v, w, event(flow, step, first + row), row, &from[row]);
  }
  make_inputs(flow, &v, w, count, reflow_begun(flow, step), event(flow, step, first), 1);
  few_step_targets(flow, &v, w, count, parameters);
  df_net_forward(flow->net, w->net, parameters, &(df_net_input){.B = count, .x = w->x_t, .c = w->cond, .t = w->t},
                 w->out);

  /* loss and cotangent of the output of every sample, then the backward pass */
  const df_real* gain = flow_gain(flow, parameters);
  df_real* d_gain = gain ? gradient + (gain - parameters) : NULL;
  const int frames = flow_frames(flow, step / flow->trainer->cfg.accumulate);
  for (int row = 0; row < count; row++) {
    const int i = first + row;
    const start* s = &from[row];
    w->frames = s->kind == SAMPLE_SIMULATED ? frames : flow->H;
    loss[i] = s->kind == SAMPLE_SIMULATED   ? rollout_loss(flow, w, step, i, row, s, gain, d_gain)
              : s->kind == SAMPLE_REGRESSED ? regression_loss(flow, w, step, i, row, s)
              : s->kind == SAMPLE_LINEAR    ? linear_loss(flow, w, step, i, row, s)
              : flow->projection && w->time[row] >= flow->projection->from && flow->projection->from < 1
                  ? flow_projected_loss(flow, w, thread, row, s->x0)
                  : direct_loss(flow, w, row);
  }
  w->frames = flow->H;
  df_net_backward(flow->net, w->net, parameters, w->d_out, gradient, NULL);
}

/* the loss of a validation window; NaN after a divergence, infinite after a failure */
static double validation_loss(df_flow* flow, flow_worker* w, int k, int row, const double* x0, const df_real* gain) {
  const double* target = w->target + (size_t)row * (size_t)flow->H * (size_t)flow->in;
  const df_real* out = w->out + (size_t)row * (size_t)flow->H * (size_t)flow->out;
  double frame_error[FLOW_HORIZON_MAX + 1];
  if (!flow_simulates(flow)) return direct_loss(flow, w, row);
  const df_traj_end end = flow_simulate(flow, w, false, out, gain, x0, w->u, w->x);
  return end == DF_TRAJ_COMPLETE ? state_loss(flow, w, x0, target, frame_error) : no_loss(flow, end, k);
}

/* The validation of a flow: the training loss of windows that are not trained on. Their random numbers are the same in
 * every measurement, and are not those of a step. */
static void validate(void* context, int thread, int first, int count, const df_real* weights, double* loss) {
  df_flow* flow = context;
  flow_worker* w = &flow->worker[thread];
  start from[TRAINER_SLICE_MAX];
  const flow_variant v = flow_variant_of(flow);
  for (int row = 0; row < count; row++) {
    from[row].window = trainer_validation_window(&flow->trainer->cfg, flow->env.task, first + row);
    from[row].x0 = df_dataset_state(flow->env.task->data, from[row].window.episode, from[row].window.start);
    draw_sample(flow, &v, w, UINT64_MAX - (uint64_t)(first + row), row, &from[row]);
  }
  make_inputs(flow, &v, w, count, false, UINT64_MAX - (uint64_t)first, -1);
  few_step_targets(flow, &v, w, count, weights);
  df_net_forward(flow->net, w->net, weights, &(df_net_input){.B = count, .x = w->x_t, .c = w->cond, .t = w->t}, w->out);
  for (int row = 0; row < count; row++) {
    loss[row] = validation_loss(flow, w, first + row, row, from[row].x0, flow_gain(flow, weights));
  }
}

/* the adjoints of all workers, without those before the training */
static df_gradient_count count_adjoints(const void* context) {
  const df_flow* flow = context;
  const df_gradient_count before = flow->adjoints_before;
  df_gradient_count sum = {-before.steps, -before.approximate, -before.differenced};
  for (int i = 0; i < flow->env.threads; i++)
    df_gradient_count_add(&sum, df_sim_gradient_count(flow->env.task->system, flow->worker[i].sim));
  return sum;
}

df_status df_flow_train(df_flow* flow, df_training_log* log) {
  DF_REQUIRE_POINTER(flow);
  DF_REQUIRE_POINTER(log);
  DF_REQUIRE(!flow->from_recovered || flow->recovered, "df_flow_train: df_flow_recover() must come first");
  flow->adjoints_before = (df_gradient_count){0};
  flow->adjoints_before = count_adjoints(flow); /* of the linearisation */
  flow->trainer->adjoints = count_adjoints;
  flow->trainer->validate = validate;
  DF_TRY(trainer_run(flow->trainer, flow->name, flow_train_slice, flow, &flow->env, log));
  if (flow->recovered) {
    log->residual = flow->recovered->residual;
    log->residual_share = flow->recovered->residual / flow->recovered->constant;
  }
  return DF_OK;
}

df_status df_flow_train_projected(df_flow* flow, const df_flow_projection* projection, df_training_log* log) {
  DF_REQUIRE_POINTER(flow);
  DF_REQUIRE_POINTER(projection);
  DF_REQUIRE(flow_has_states(flow), "df_flow_train_projected: the decoder must be STATES or STATES_ACTIONS");
  if (flow_variant_of(flow).prediction != FLOW_PREDICT_X1 && projection->from < 1) {
    return df_fail(DF_E_CONFIG,
                   "task %s: flow.prediction = %s: %s projects what its network predicts, which must be states; set it "
                   "to x1, or train.project_from to 1",
                   flow_config(flow)->task_name, flow_config(flow)->flow_prediction, flow->name);
  }
  flow->projection = projection;
  const df_status status = df_flow_train(flow, log);
  flow->projection = NULL;
  return status;
}
