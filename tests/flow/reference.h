/* reference.h: training and sampling of a closed_system.h task by a naive program, from the formulas of docs/design.md
 * and the public headers; of the library it uses the random numbers only.
 *
 * A number is complex: a derivative by one parameter is the imaginary part of the loss after that parameter got the
 * imaginary part TINY (complex step). There is no backward pass: one forward pass per parameter, exact to rounding. */
#ifndef TESTS_FLOW_REFERENCE_H
#define TESTS_FLOW_REFERENCE_H

#include <complex.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "closed_system.h"
#include "dynaflow/flow/flow.h"

typedef double complex num;
static const double TINY = 1e-30;

enum { H_MAX = 4, BATCH_MAX = 10, FEATURES = NU + NX, ROW = H_MAX * FEATURES, COND = NX + NC, TIME = 32, WIDTH = 5 };
enum { PARAMETERS = 1000, WINDOWS_MAX = 100, INVERSE = -1 };

/* mean and standard deviation of every coordinate */
typedef struct spread {
  double mean[NX], std[NX];
} spread;

typedef struct layout {
  int inputs, cond, time, width, depth, outputs; /* of the MLP, over all frames */
  int weights, n;                                /* parameters of the network, and with the gain K [NU][NX] */
} layout;

/* the rollout of a training sample, from which one of the next step may start */
typedef struct memory {
  df_window window;
  bool used;
  double x[H_MAX + 1][NX], error[H_MAX + 1];
} memory;

/* how often a branch was taken: a comparison that never reaches it shows nothing */
typedef struct reached {
  int pushed, too_far, at_the_end, clamped, diverged, adjoint_diverged, clipped, unclipped, warming, warm, decaying;
} reached;

typedef struct reference {
  const df_task* task;
  const df_config* c;
  int kind; /* a df_decoder, or INVERSE */
  uint64_t seed;
  int H, batch, steps, in, out;
  int now; /* frames that a sample of this step simulates */
  double rate;
  layout l;
  df_window train[WINDOWS_MAX];
  int n_train;
  spread states, context, actions;
  double change[NX];
  num p[PARAMETERS];
  double average[PARAMETERS], m[PARAMETERS], v[PARAMETERS];
  int step;
  double loss[BATCH_MAX], mean_loss; /* of the last step; NaN: diverged */
  long diverged;
  df_gradient_count adjoints;
  memory memory[2][BATCH_MAX]; /* by the parity of the step */
  reached reached;
} reference;

/* ---- windows and statistics ---- */

static const double* state_at(const reference* r, df_window w, int t) {
  return r->task->data->states + (w.episode * (CLOSED_LENGTH + 1) + w.start + t) * NX;
}

static const double* action_at(const reference* r, df_window w, int t) {
  return r->task->data->actions + (w.episode * CLOSED_LENGTH + w.start + t) * NU;
}

/* the episodes are split per gait, the first of equal ones; every test_every-th of a gait is held out */
static void list_windows(reference* r) {
  int seen[2] = {0};
  for (int e = 0; e < CLOSED_EPISODES; e++) {
    const double* c = r->task->data->conditions + e * NC;
    if (++seen[c[1] > c[0]] % r->c->split_test_every == 0) continue;
    for (int start = r->c->window_first; start + r->H <= CLOSED_LENGTH; start += r->c->window_stride)
      r->train[r->n_train++] = (df_window){.episode = e, .start = start};
  }
}

/* joint p0 is measured relative to x0 */
static double coordinate(const double* x0, const double* x, int i) {
  return i == 0 ? x[0] - x0[0] : x[i];
}

static double value_of(const reference* r, df_window w, int t, int i, bool action) {
  return action ? action_at(r, w, t - 1)[i] : coordinate(state_at(r, w, 0), state_at(r, w, t), i);
}

/* of the frames first .. last of the training windows, or of the actions that lead to them; the deviation of what never
 * changes is a floor, which is the chart's and has tests of its own */
static spread measure(const reference* r, int first, int last, bool action, const double* floors) {
  spread s;
  for (int i = 0; i < (action ? NU : NX); i++) {
    double sum = 0, squares = 0;
    const double n = (double)r->n_train * (last - first + 1);
    for (int k = 0; k < r->n_train; k++)
      for (int t = first; t <= last; t++) sum += value_of(r, r->train[k], t, i, action);
    s.mean[i] = sum / n;
    for (int k = 0; k < r->n_train; k++)
      for (int t = first; t <= last; t++) squares += pow(value_of(r, r->train[k], t, i, action) - s.mean[i], 2);
    s.std[i] = squares > 0 ? sqrt(squares / n) : floors[i];
  }
  return s;
}

/* chart coordinate i of x in a window that starts at x0 */
static double chart(const spread* s, const double* x0, const double* x, int i) {
  return (coordinate(x0, x, i) - s->mean[i]) / s->std[i];
}

/* the change of chart coordinate i over one action: x is in the chart of itself */
static double change_of(const reference* r, const double* x, const double* next, int i) {
  return chart(&r->states, x, next, i) - chart(&r->states, x, x, i);
}

static void measure_changes(reference* r) {
  for (int i = 0; i < NX; i++) {
    double squares = 0;
    for (int k = 0; k < r->n_train; k++)
      squares += pow(change_of(r, state_at(r, r->train[k], 0), state_at(r, r->train[k], 1), i), 2);
    r->change[i] = squares > 0 ? sqrt(squares / r->n_train) : 1;
  }
}

/* ---- the network: an MLP with silu ---- */

static num silu(num x) {
  return x / (1 + cexp(-x));
}

/* sum of a row of weights times inputs; advances *w */
static num product(const num** w, int n, const double* x) {
  num sum = 0;
  for (int i = 0; i < n; i++) sum += *(*w)++ * x[i];
  return sum;
}

/* tensors in the order of the file: first layer by kind of input, hidden layers, last layer, each before its bias */
static void forward(const layout* l, const num* p, const double* x, const double* cond, double t, num* y) {
  double time[TIME];
  num h[WIDTH], below[WIDTH];
  for (int i = 0; i < TIME / 2; i++) {
    const double w = 0.5 * pow(200, i / (TIME / 2 - 1.0));
    time[2 * i] = sin(w * t);
    time[2 * i + 1] = cos(w * t);
  }
  for (int j = 0; j < l->width; j++) h[j] = product(&p, l->inputs, x);
  for (int j = 0; j < l->width; j++) h[j] += product(&p, l->cond, cond);
  for (int j = 0; j < l->width; j++) h[j] += product(&p, l->time, time);
  for (int j = 0; j < l->width; j++) h[j] = silu(h[j] + *p++);
  for (int layer = 1; layer <= l->depth; layer++) {
    const bool last = layer == l->depth;
    const int rows = last ? l->outputs : l->width;
    memcpy(below, h, sizeof h);
    for (int j = 0; j < rows; j++) {
      num sum = p[rows * l->width + j];
      for (int i = 0; i < l->width; i++) sum += p[j * l->width + i] * below[i];
      if (last) y[j] = sum;
      if (!last) h[j] = silu(sum);
    }
    p += rows * l->width + rows;
  }
}

/* Glorot-uniform matrices, the first layer as one matrix of all inputs; biases and the last layer are zero. Value j of
 * tensor i is number j % 256 of event (i, j / 256). */
static int start_tensor(reference* r, int tensor, int at, int n, int fans) {
  for (int j = 0; j < n; j++) {
    double draw[256];
    df_rng_uniform(r->seed, DF_STREAM_NET_INIT, (uint64_t)tensor << 32 | (uint64_t)(j / 256), 256, draw);
    r->p[at + j] = sqrt(6.0 / fans) * (2 * draw[j % 256] - 1);
  }
  return at + n;
}

static void start_weights(reference* r) {
  layout* l = &r->l;
  const int fans = l->inputs + l->cond + l->time + l->width;
  int tensor = 0, at = start_tensor(r, tensor++, 0, l->width * l->inputs, fans);
  if (l->cond) at = start_tensor(r, tensor++, at, l->width * l->cond, fans);
  if (l->time) at = start_tensor(r, tensor++, at, l->width * l->time, fans);
  at += l->width, tensor++;
  for (int layer = 1; layer < l->depth; layer++) {
    at = start_tensor(r, tensor, at, l->width * l->width, 2 * l->width) + l->width;
    tensor += 2;
  }
  l->weights = at + l->outputs * l->width + l->outputs;
  l->n = l->weights + (r->kind == DF_DECODE_TRACKING ? NU * NX : 0);
  for (int j = 0; j < l->n; j++) r->average[j] = creal(r->p[j]);
}

/* weight decay applies to matrices: not to biases, nor to the gain */
static bool decays(const layout* l, int j) {
  j -= l->width * (l->inputs + l->cond + l->time);
  if (j < 0) return true;
  j -= l->width;
  for (int layer = 1; layer <= l->depth && j >= 0; layer++) {
    const int rows = layer == l->depth ? l->outputs : l->width;
    if (j < rows * l->width) return true;
    j -= rows * l->width + rows;
  }
  return false;
}

/* ---- the simulator as decoder ---- */

static num clamp(num a, double limit) {
  return creal(a) > limit ? limit : creal(a) < -limit ? -limit : a;
}

/* action i of a frame whose state has the errors e against the reference; half ranges and centres are the settings,
 * 0.3 is the unit of the gain (rollout_decoder.c) */
static num action_of(const reference* r, const num* out, const num* gain, const num* e, int i) {
  num a = ctanh(out[i]);
  for (int k = 0; e && k < NX; k++) a -= 0.3 * gain[i * NX + k] * e[k];
  a = r->c->action_center.v[i] + r->c->action_half_range.v[i] * a;
  return r->kind == DF_DECODE_TRACKING ? clamp(a, BOX) : a;
}

/* one action of the system of closed_system.h; the damped derivative of the state before it is passed on. False: it
 * diverged */
static bool advance(const num* u, double damping, const num* x, num* next) {
  for (int i = 0; i < 3; i++) {
    const num p = creal(x[i]) + I * damping * cimag(x[i]), v = creal(x[3 + i]) + I * damping * cimag(x[3 + i]);
    num force = -STIFFNESS[i] * p - DAMPING[i] * v;
    for (int k = 0; k < NU; k++) force += FORCE[i][k] * clamp(u[k], BOX);
    next[3 + i] = v + DT * force;
    next[i] = p + DT * next[3 + i];
  }
  return fabs(creal(next[0])) <= WALL;
}

/* u [now][NU] and x [now+1][NX] of the network's output; returns the number of frames before a divergence, H + 1: none
 */
static int simulate(const reference* r, const num* out, const num* gain, const double* x0, num* u, num* x) {
  for (int i = 0; i < NX; i++) x[i] = x0[i];
  for (int t = 0; t < r->now; t++) {
    num e[NX];
    for (int k = 0; k < NX; k++) {
      /* the reference of a frame is an output of the frame before; it has a loss of its own and no other gradient */
      const num z = (x[t * NX + k] - (k == 0 ? x0[0] : 0) - r->states.mean[k]) / r->states.std[k];
      if (gain && t > 0) e[k] = z - creal(out[(t - 1) * r->out + NU + k]);
    }
    for (int i = 0; i < NU; i++) u[t * NU + i] = action_of(r, out + t * r->out, gain, gain && t > 0 ? e : NULL, i);
    if (!advance(u + t * NU, r->c->train_cotangent_decay, x + t * NX, x + (t + 1) * NX)) return t + 1;
  }
  return r->H + 1;
}

/* ---- a training step ---- */

typedef struct sample {
  df_window window;
  double x0[NX], target[ROW], x_t[ROW], t, cond[COND];
} sample;

static uint64_t event_of(const reference* r, int i) {
  return (uint64_t)r->step * (uint64_t)r->batch + (uint64_t)i;
}

/* draws a start: with probability push a state of the previous step's rollout that is near enough to its
 * demonstration, if that goes on for H actions; else a training window */
static void draw_start(reference* r, int i, sample* s) {
  const memory* m = &r->memory[(r->step + 1) % 2][i];
  double draw[2];
  df_rng_uniform(r->seed, DF_STREAM_PUSH, event_of(r, i), 2, draw);
  const int frame = 1 + (int)(draw[1] * r->H);
  const bool simulates = r->kind == DF_DECODE_ROLLOUT || r->kind == DF_DECODE_TRACKING;
  const bool wanted = simulates && r->step > 0 && m->used && draw[0] < r->c->train_push;
  const bool fits = m->window.start + frame + r->H <= CLOSED_LENGTH, near = m->error[frame] < r->c->train_push_error;
  r->reached.pushed += wanted && fits && near;
  r->reached.at_the_end += wanted && !fits;
  r->reached.too_far += wanted && fits && !near;
  if (wanted && fits && near) {
    s->window = (df_window){.episode = m->window.episode, .start = m->window.start + frame};
    memcpy(s->x0, m->x[frame], sizeof s->x0);
    return;
  }
  s->window = r->train[df_rng_below(r->seed, DF_STREAM_BATCH, event_of(r, i), 0, (uint64_t)r->n_train)];
  memcpy(s->x0, state_at(r, s->window, 0), sizeof s->x0);
}

/* actions are learned as the simulator applies them */
static double normal_action(const reference* r, const double* u, int i) {
  return (fmin(fmax(u[i], -BOX), BOX) - r->actions.mean[i]) / r->actions.std[i];
}

/* ---- diffusion ---- */

static bool diffuses(const reference* r) {
  return strcmp(r->c->flow_path, "diffusion") == 0;
}

static bool predicts_noise(const reference* r) {
  return strcmp(r->c->flow_prediction, "noise") == 0;
}

/* the share of the variance of the data after n steps of noise: Nichol & Dhariwal 2021, eq. 17, with the last step's
 * noise of 0.999; or the product of Ho et al. 2020, section 4, for any number of steps */
static double kept_after(const reference* r, int n) {
  const int T = r->c->flow_diffusion_steps;
  if (strcmp(r->c->flow_noise_schedule, "cosine") == 0) {
    if (n == T) return kept_after(r, T - 1) / 1000;
    return pow(cos(((double)n / T + 0.008) / 1.008 * acos(0)) / cos(0.008 / 1.008 * acos(0)), 2);
  }
  double share = 1;
  for (int k = 0; k < n; k++) share *= 1 - fmin(1000.0 / T * (1e-4 + (0.02 - 1e-4) * k / (T - 1)), 0.999);
  return share;
}

/* x_t, the flow time that the network is told, and what it is compared with */
static void draw_diffused(reference* r, int i, sample* s, const double* noise) {
  double draw;
  df_rng_uniform(r->seed, DF_STREAM_FLOW_TIME, event_of(r, i), 1, &draw);
  const int T = r->c->flow_diffusion_steps, n = T - (int)(draw * T);
  const double data = sqrt(kept_after(r, n)), rest = sqrt(1 - kept_after(r, n));
  s->t = 1 - (double)n / T;
  for (int k = 0; k < r->H * r->in; k++) {
    s->x_t[k] = data * s->target[k] + rest * r->c->flow_sigma * noise[k];
    if (predicts_noise(r)) s->target[k] = noise[k];
  }
}

static void draw_sample(reference* r, int i, sample* s) {
  draw_start(r, i, s);
  for (int t = 0; t < r->H; t++) {
    for (int k = 0; k < r->in; k++) {
      const int action = r->kind == DF_DECODE_ACTIONS ? k : r->kind == DF_DECODE_STATES_ACTIONS ? k - NX : -1;
      s->target[t * r->in + k] = action >= 0
                                     ? normal_action(r, action_at(r, s->window, t), action)
                                     : chart(&r->states, state_at(r, s->window, 0), state_at(r, s->window, t + 1), k);
    }
  }
  double noise[ROW];
  df_rng_uniform(r->seed, DF_STREAM_FLOW_TIME, event_of(r, i), 1, &s->t);
  df_rng_normal(r->seed, DF_STREAM_FLOW_NOISE, event_of(r, i), (size_t)(r->H * r->in), noise);
  for (int k = 0; k < r->H * r->in; k++) s->x_t[k] = (1 - s->t) * r->c->flow_sigma * noise[k] + s->t * s->target[k];
  if (diffuses(r)) draw_diffused(r, i, s, noise);
  for (int k = 0; k < NX; k++) s->cond[k] = chart(&r->context, s->x0, s->x0, k);
  memcpy(s->cond + NX, r->task->data->conditions + s->window.episode * NC, NC * sizeof(double));
}

/* what the inverse dynamics sees of a transition: the first state, and the change in units of its own spread */
static void describe_transition(const reference* r, const double* x, const double* next, double* features) {
  for (int k = 0; k < NX; k++) {
    features[k] = chart(&r->context, x, x, k);
    features[NX + k] = change_of(r, x, next, k) / r->change[k];
  }
}

/* a transition for the inverse dynamics, and its action */
static void draw_transition(const reference* r, int i, sample* s) {
  const uint64_t event = event_of(r, i);
  df_window w = r->train[df_rng_below(r->seed, DF_STREAM_INVERSE_DYNAMICS, event, 0, (uint64_t)r->n_train)];
  w.start += (int)df_rng_below(r->seed, DF_STREAM_INVERSE_DYNAMICS, event, 1, (uint64_t)r->H);
  describe_transition(r, state_at(r, w, 0), state_at(r, w, 1), s->x_t);
  for (int k = 0; k < NU; k++) s->target[k] = normal_action(r, action_at(r, w, 0), k);
}

static num mean_square(int n, const num* a, const double* b) {
  num sum = 0;
  for (int k = 0; k < n; k++) sum += (a[k] - b[k]) * (a[k] - b[k]) / n;
  return sum;
}

/* The loss of a sample, NaN after a divergence. Its real part is what is logged, its imaginary part what is descended:
 * for TRACKING that has the loss of the reference, too. *frames: those before a divergence; z [H][NX]: the states in
 * chart coordinates. */
static num loss_of(const reference* r, const sample* s, num* u, num* x, num* z, int* frames) {
  num out[ROW];
  forward(&r->l, r->p, s->x_t, s->cond, s->t, out);
  *frames = r->H + 1;
  if (r->kind == DF_DECODE_STATES || r->kind == DF_DECODE_ACTIONS || r->kind == DF_DECODE_STATES_ACTIONS)
    return mean_square(r->H * r->out, out, s->target);
  if (r->kind == INVERSE) return mean_square(NU, out, s->target);
  const bool tracks = r->kind == DF_DECODE_TRACKING;
  *frames = simulate(r, out, tracks ? r->p + r->l.weights : NULL, s->x0, u, x);
  if (*frames <= r->H) return NAN;
  num loss = 0, of_reference = 0;
  for (int t = 0; t < r->now; t++) {
    for (int k = 0; k < NX; k++)
      z[t * NX + k] = (x[(t + 1) * NX + k] - (k == 0 ? s->x0[0] : 0) - r->states.mean[k]) / r->states.std[k];
    loss += mean_square(NX, z + t * NX, s->target + t * NX) / r->now;
  }
  for (int t = 0; t < r->H; t++) {
    if (tracks) of_reference += mean_square(NX, out + t * r->out + NU, s->target + t * NX) / r->H;
  }
  return loss + I * cimag(of_reference);
}

/* the counts of the adjoints of a rollout, last action first; false: one of them diverged */
static bool count_adjoints(reference* r, const num* u, const num* x) {
  for (int t = r->now - 1; t >= 0; t--) {
    const bool clamped = fabs(creal(u[t * NU])) > BOX || fabs(creal(u[t * NU + 1])) > BOX;
    r->adjoints.steps++;
    r->adjoints.approximate += clamped;
    r->adjoints.differenced += creal(x[(t + 1) * NX + 3]) > 0;
    r->reached.clamped += clamped || fabs(creal(u[t * NU])) == BOX || fabs(creal(u[t * NU + 1])) == BOX;
    if (creal(x[(t + 1) * NX + 1]) > EDGE) return false;
  }
  return true;
}

/* keeps the rollout of sample i for the next step; z: chart coordinates of the frames 1 .. H */
static void keep(reference* r, int i, const sample* s, bool complete, const num* x, const num* z) {
  memory* m = &r->memory[r->step % 2][i];
  *m = (memory){.window = s->window, .used = complete};
  for (int t = 1; t <= r->H && complete; t++) {
    m->error[t] = INFINITY; /* beyond the frames of a horizon curriculum */
    if (t > r->now) continue;
    for (int k = 0; k < NX; k++) m->x[t][k] = creal(x[t * NX + k]);
    m->error[t] = sqrt(creal(mean_square(NX, z + (t - 1) * NX, s->target + (t - 1) * NX)));
  }
}

/* adds the gradient of the loss of sample i, divided by the size of the batch */
static void add_sample(reference* r, int i, double* gradient) {
  sample s = {0};
  num u[ROW], x[(H_MAX + 1) * NX], z[H_MAX * NX];
  int frames;
  if (r->kind == INVERSE) draw_transition(r, i, &s);
  if (r->kind != INVERSE) draw_sample(r, i, &s);
  r->loss[i] = creal(loss_of(r, &s, u, x, z, &frames));
  if (r->kind == DF_DECODE_ROLLOUT || r->kind == DF_DECODE_TRACKING) {
    const bool complete = frames == r->H + 1, gradient_exists = complete && count_adjoints(r, u, x);
    keep(r, i, &s, complete, x, z);
    r->reached.diverged += !complete;
    r->reached.adjoint_diverged += complete && !gradient_exists;
    if (!gradient_exists) r->loss[i] = NAN;
  }
  if (isnan(r->loss[i])) return;
  for (int j = 0; j < r->l.n; j++) {
    r->p[j] += I * TINY;
    gradient[j] += cimag(loss_of(r, &s, u, x, z, &frames)) / TINY / r->batch;
    r->p[j] = creal(r->p[j]);
  }
}

/* AdamW with the norm of the gradient bounded, then the average, which forgets the first weights faster */
static void update(reference* r, double* gradient) {
  double norm = 0;
  for (int j = 0; j < r->l.n; j++) norm += gradient[j] * gradient[j];
  norm = sqrt(norm);
  const double done = (double)r->step / r->steps, from = r->c->train_decay_from;
  const double rate = done <= from ? r->rate : r->rate * (1 - done) / (1 - from);
  const double warm = (1.0 + r->step) / (10.0 + r->step), keeps = fmin(r->c->train_ema, warm);
  for (int j = 0; j < r->l.n; j++) {
    const double g = norm > r->c->train_clip ? gradient[j] / norm * r->c->train_clip : gradient[j];
    const double p = creal(r->p[j]), decay = decays(&r->l, j) ? r->c->train_weight_decay : 0;
    r->m[j] = 0.9 * r->m[j] + 0.1 * g;
    r->v[j] = 0.999 * r->v[j] + 0.001 * g * g;
    const double m = r->m[j] / (1 - pow(0.9, r->step + 1)), v = r->v[j] / (1 - pow(0.999, r->step + 1));
    r->p[j] = p - rate * (m / (sqrt(v) + 1e-8) + decay * p);
    r->average[j] = keeps * r->average[j] + (1 - keeps) * creal(r->p[j]);
  }
  r->reached.clipped += norm > r->c->train_clip;
  r->reached.unclipped += norm <= r->c->train_clip;
  r->reached.warming += warm < r->c->train_ema;
  r->reached.warm += warm > r->c->train_ema;
  r->reached.decaying += rate < r->rate;
}

/* horizon curriculum: the lengths from horizon_from to H share the first horizon_until of the steps equally */
static int frames_now(const reference* r) {
  const bool simulates = r->kind == DF_DECODE_ROLLOUT || r->kind == DF_DECODE_TRACKING;
  const int from = r->c->train_horizon_from;
  if (!simulates || from == 0) return r->H;
  const double each = r->c->train_horizon_until * r->steps / (r->H - from + 1);
  int frames = from;
  while (frames < r->H && r->step >= (frames - from + 1) * each) frames++;
  return frames;
}

static void reference_step(reference* r) {
  double gradient[PARAMETERS] = {0}, sum = 0;
  int n = 0;
  r->now = frames_now(r);
  for (int i = 0; i < r->batch; i++) {
    add_sample(r, i, gradient);
    r->diverged += isnan(r->loss[i]);
    if (!isnan(r->loss[i])) sum += r->loss[i], n++;
  }
  r->mean_loss = sum / n;
  update(r, gradient);
  r->step++;
}

/* the numbers before the first step */
static void reference_start(reference* r, const df_task* task, int kind, uint64_t seed) {
  const df_config* c = &task->config;
  const bool inverse = kind == INVERSE;
  *r = (reference){.task = task, .c = c, .kind = kind, .seed = seed, .H = c->window_horizon, .now = c->window_horizon};
  r->batch = inverse ? c->inverse_batch : c->train_batch;
  r->steps = inverse ? c->inverse_steps : c->train_steps;
  r->rate = inverse ? c->inverse_rate : c->train_rate;
  r->in = kind == DF_DECODE_ACTIONS ? NU : kind == DF_DECODE_STATES_ACTIONS ? NX + NU : NX;
  r->out = kind == DF_DECODE_STATES                                         ? NX
           : kind == DF_DECODE_TRACKING || kind == DF_DECODE_STATES_ACTIONS ? NU + NX
                                                                            : NU;
  r->l = (layout){.inputs = inverse ? 2 * NX : r->H * r->in,
                  .cond = inverse ? 0 : COND,
                  .time = inverse ? 0 : TIME,
                  .width = inverse ? c->inverse_width : c->net_width,
                  .depth = inverse ? c->inverse_depth : c->net_depth,
                  .outputs = inverse ? NU : r->H * r->out};
  list_windows(r);
  const df_chart_statistics floors = df_chart_get_statistics(task->chart);
  r->states = measure(r, 1, r->H, false, floors.std);
  r->context = measure(r, 0, 0, false, floors.context_std);
  r->actions = measure(r, 1, r->H, true, floors.action_std);
  measure_changes(r);
  start_weights(r);
}

/* ---- sampling ---- */

/* how many steps of noise there are before sampler step i of K; before step K: none */
static int noise_before(const reference* r, int i, int K) {
  const int T = r->c->flow_diffusion_steps;
  if (i == K) return 0;
  return predicts_noise(r) ? (K - 1 - i) * T / K + 1 : T - i * T / K;
}

static double time_of(const reference* r, int i, int K) {
  return diffuses(r) ? 1 - (double)noise_before(r, i, K) / r->c->flow_diffusion_steps : (double)i / K;
}

/* where a prediction of noise leads, within the limit */
static double data_of(const reference* r, double t, double x, double noise) {
  const int T = r->c->flow_diffusion_steps;
  const double kept = kept_after(r, T - (int)(t * T + 0.5)), limit = r->c->flow_clip;
  const double data = (x - sqrt(1 - kept) * r->c->flow_sigma * noise) / sqrt(kept);
  return limit > 0 && fabs(data) > limit ? copysign(limit, data) : data;
}

/* eq. 12 of Song et al. 2021 with eq. 16, from the prediction z of the data */
static void step_of_ddim(const reference* r, uint64_t seed, uint64_t index, int i, int K, const num* z, double* state) {
  const double now = kept_after(r, noise_before(r, i, K)), next = kept_after(r, noise_before(r, i + 1, K));
  const double sigma = r->c->flow_sigma;
  const double renewed = r->c->flow_eta * sqrt((1 - next) / (1 - now)) * sqrt(1 - now / next);
  double fresh[ROW];
  df_rng_normal(seed, DF_STREAM_DIFFUSION, index * 16384 + (uint64_t)i, (size_t)(r->H * r->in), fresh);
  for (int k = 0; k < r->H * r->in; k++) {
    const double noise = (state[k] - sqrt(now) * creal(z[k])) / sqrt(1 - now);
    state[k] = sqrt(next) * creal(z[k]) + sqrt(1 - next - renewed * renewed) * noise + renewed * sigma * fresh[k];
  }
}

/* the states and actions of a window from x0 and the noise of (seed, index) by K steps, of Euler or DDIM, with the
 * averaged weights: x [H+1][NX], u [H][NU]. Returns whether all that was wrong with it is a prediction before the last.
 */
static bool reference_sample(reference* r, const double* x0, const double* condition, uint64_t seed, uint64_t index,
                             int K, double* x, double* u) {
  r->now = r->H;
  double state[ROW], cond[COND], in[ROW];
  num p[PARAMETERS], out[ROW], actions[ROW], states[(H_MAX + 1) * NX], z[ROW];
  const bool simulates = r->kind == DF_DECODE_ROLLOUT || r->kind == DF_DECODE_TRACKING;
  const int n = r->H * r->in;
  bool failed = false;
  int frames = r->H + 1;
  for (int j = 0; j < r->l.n; j++) p[j] = r->average[j];
  df_rng_normal(seed, DF_STREAM_SAMPLE_NOISE, index, (size_t)n, state);
  for (int k = 0; k < n; k++) state[k] *= r->c->flow_sigma;
  for (int k = 0; k < NX; k++) cond[k] = chart(&r->context, x0, x0, k);
  memcpy(cond + NX, condition, NC * sizeof *cond);
  for (int step = 0; step < K; step++) {
    const double t = time_of(r, step, K);
    memcpy(in, state, sizeof in);
    forward(&r->l, p, in, cond, t, out);
    for (int k = 0; k < n && predicts_noise(r); k++) out[k] = data_of(r, t, state[k], creal(out[k]));
    memcpy(z, out, sizeof z);
    if (simulates) {
      frames = simulate(r, out, r->kind == DF_DECODE_TRACKING ? p + r->l.weights : NULL, x0, actions, states);
      for (int k = 0; k < n; k++)
        z[k] = (states[NX + k] - (k % NX == 0 ? x0[0] : 0) - r->states.mean[k % NX]) / r->states.std[k % NX];
    }
    /* a path whose prediction is not finite cannot be followed */
    if (frames <= r->H && step + 1 < K) failed = true;
    if (diffuses(r) && frames > r->H && step + 1 < K) step_of_ddim(r, seed, index, step, K, z, state);
    for (int k = 0; k < n && frames > r->H && !diffuses(r); k++) state[k] += (creal(z[k]) - state[k]) / (1 - t) / K;
  }

  /* the last prediction is the sample; of an open loop that diverged all actions are planned, of a closed one none */
  for (int t = 0; t < r->H; t++) {
    for (int i = 0; i < NU; i++) {
      u[t * NU + i] = creal(simulates ? actions[t * NU + i] : 0);
      if (r->kind == DF_DECODE_ROLLOUT) u[t * NU + i] = creal(action_of(r, out + t * NU, NULL, NULL, i));
      if (r->kind == DF_DECODE_TRACKING && t >= frames) u[t * NU + i] = 0;
      if (r->kind != DF_DECODE_ACTIONS && r->kind != DF_DECODE_STATES_ACTIONS) continue;
      u[t * NU + i] = creal(clamp(r->actions.mean[i] + r->actions.std[i] * out[(t + 1) * r->in - NU + i], BOX));
      actions[t * NU + i] = u[t * NU + i];
    }
  }
  for (int i = 0; i < NX; i++) states[i] = x0[i];
  for (int t = 0; t < r->H; t++) {
    if (r->kind == DF_DECODE_ACTIONS && t < frames &&
        !advance(actions + t * NU, 1, states + t * NX, states + (t + 1) * NX))
      frames = t + 1;
    for (int i = 0; i < NX && (r->kind == DF_DECODE_STATES || r->kind == DF_DECODE_STATES_ACTIONS); i++)
      states[(t + 1) * NX + i] = r->states.mean[i] + r->states.std[i] * out[t * r->in + i] + (i == 0 ? x0[0] : 0);
  }
  for (int k = 0; k < (r->H + 1) * NX; k++) x[k] = (k >= NX && failed) || k / NX >= frames ? NAN : creal(states[k]);
  return failed && frames > r->H;
}

/* u [NU] of the inverse dynamics, with the averaged weights */
static void reference_inverse(const reference* r, const double* x, const double* next, double* u) {
  double features[2 * NX];
  num p[PARAMETERS], out[NU];
  for (int j = 0; j < r->l.n; j++) p[j] = r->average[j];
  describe_transition(r, x, next, features);
  forward(&r->l, p, features, NULL, 0, out);
  for (int i = 0; i < NU; i++) u[i] = creal(clamp(r->actions.mean[i] + r->actions.std[i] * out[i], BOX));
}

#endif
