/* Recovered actions, the dynamics linearised about them, and the losses on both, in double precision on the closed
 * system: inside the action box it is linear, so that linearised dynamics are the simulated ones. */
#include <unistd.h>

#include "closed_system.h"
#include "dynaflow/io/safetensors.h"
#include "inverse_internal.h"
#include "near.h"
#include "recovered.h"
#include "test_file.h"
#include "unit.h"

enum { BATCH = 10, SEED = 11, H_WINDOW = 4 };

/* the settings of a training whose samples of all kinds are in one micro-batch */
static df_config recovered_config(void) {
  df_config c = closed_config();
  c.train_batch = BATCH;
  c.train_slices = 1;
  c.recover_rounds = 3;
  c.recover_pool = 200;
  c.recover_steps = 100;
  c.recover_batch = 32;
  c.recover_width = 24;
  c.recover_depth = 2;
  c.recover_rate = 0.02;
  c.recover_regressed = 0.5;
  c.recover_simulated = 0.5;
  c.recover_linear = 0.4;
  c.recover_linear_episodes = 0.6;
  c.recover_action_unit = 0.4;
  c.flow_time_power = 1.5;
  c.train_ema = 0.9;
  c.train_weight_decay = 0.0001;
  return c;
}

static df_method_env env_of(const df_task* task, int threads) {
  return (df_method_env){.task = task, .seed = SEED, .threads = threads};
}

/* a trained inverse; the caller frees it */
static df_inverse* new_inverse(const df_method_env* env) {
  static df_training_log log;
  df_inverse* inverse;
  assert_int_equal(df_inverse_new(env, DF_INVERSE_SIMULATED, &inverse), DF_OK);
  assert_int_equal(df_inverse_train(inverse, &log), DF_OK);
  return inverse;
}

static df_flow* new_flow(const df_method_env* env, df_decoder decoder) {
  df_flow* flow;
  assert_int_equal(df_flow_new_recovered(env, "recovered", decoder, &flow), DF_OK);
  return flow;
}

/* a flow with recovered actions; the caller frees it */
static df_flow* recovered_flow(const df_method_env* env, df_decoder decoder) {
  df_inverse* inverse = new_inverse(env);
  df_flow* flow = new_flow(env, decoder);
  const df_status status = df_flow_recover(flow, inverse);
  if (status != DF_OK) fail_msg("%s", df_error_message());
  df_inverse_free(inverse);
  return flow;
}

/* whether a training window contains the transition from frame t of episode e */
static bool in_training(const df_task* task, int e, int t) {
  for (int k = 0; k < task->windows->n_train; k++) {
    const df_window w = task->windows->train[k];
    if (w.episode == e && w.start <= t && t < w.start + task->windows->horizon) return true;
  }
  return false;
}

static double clamp(double u) {
  return fmin(fmax(u, -BOX), BOX);
}

/* the mean squared error of the state after x that action u leads to, in standard deviations of the chart */
static double squared_error(const df_task* task, const double* x, const double* u) {
  closed_sim sim = {0};
  double next[NX], error = 0;
  closed_reset((df_sim*)&sim, x);
  assert_int_equal(closed_step((df_sim*)&sim, u, next), DF_TRAJ_COMPLETE);
  for (int i = 0; i < NX; i++) error += pow((next[i] - x[NX + i]) / df_chart_std(task->chart)[i], 2) / NX;
  return error;
}

static const double FLOOR = 0.14; /* above the spread of one of the two actions */

static void recovered_actions_are_those_that_made_the_states(void** state) {
  (void)state;
  df_config config = recovered_config();
  config.split_validation_every = 2;
  config.scale_floor_action = FLOOR;
  df_task* task = closed_task(&config);
  const df_method_env env = env_of(task, 2);
  df_flow* flow = recovered_flow(&env, DF_DECODE_ROLLOUT);
  const flow_recovered* r = flow->recovered;
  assert_true(task->windows->n_validation > 0);
  double sum = 0, mean[NU] = {0}, square[NU] = {0}, errors = 0, constants = 0, worst = 0;
  int n = 0, checked = 0, floored = 0;
  for (int e = 0; e < CLOSED_EPISODES; e++) {
    for (int t = 0; t < CLOSED_LENGTH; t++) {
      const int at = e * CLOSED_LENGTH + t;
      assert_int_equal(df_dataset_action_row(task->data, e, t), at);
      assert_int_equal(r->known[at] == RECOVERED_TRAINING, in_training(task, e, t));
      if (r->known[at] != RECOVERED_TRAINING) continue;
      const double *u = r->u + at * NU, *x = task->data->states + (e * (CLOSED_LENGTH + 1) + t) * NX;
      for (int i = 0; i < NU; i++) {
        sum += pow(u[i] - clamp(task->data->actions[at * NU + i]), 2);
        mean[i] += u[i];
        square[i] += u[i] * u[i];
      }
      /* the error of every 20th, in standard deviations of the chart */
      if (n++ % 20 != 0) continue;
      const double error = squared_error(task, x, u);
      errors += error;
      constants += squared_error(task, x, r->mean);
      worst = fmax(worst, sqrt(error));
      checked++;
    }
  }
  assert_true(sqrt(sum / (n * NU)) < 0.1); /* of actions whose RMS is about 0.4; no action was read */
  assert_true(checked > 1);
  assert_near(r->residual, sqrt(errors / checked), 1e-12);
  assert_near(r->constant, sqrt(constants / checked), 1e-12);
  assert_true(r->residual < 0.4 * r->constant);
  assert_near(r->worst, worst, 1e-12);
  for (int i = 0; i < NU; i++) {
    assert_near(r->mean[i], mean[i] / n, 1e-12);
    const double std = sqrt(square[i] / n - pow(mean[i] / n, 2)), least = FLOOR * config.action_half_range.v[i];
    assert_near(r->std[i], fmax(std, least), 1e-9);
    floored += least > std;
  }
  assert_int_equal(floored, 1);
  df_flow_free(flow);
  df_task_free(task);
}

/* ---- what the actions depend on ---- */

static void same_actions(const df_flow* a, const df_flow* b) {
  const size_t n = df_dataset_actions(a->env.task->data) * NU;
  assert_memory_equal(a->recovered->u, b->recovered->u, n * sizeof(double));
  assert_true(a->recovered->residual == b->recovered->residual);
}

static void stop_at_130(void* context, const df_progress* at) {
  if (at->step == 130) *(volatile sig_atomic_t*)context = 1;
}

static void they_depend_on_states_and_seed_only(void** state) {
  (void)state;
  const df_config config = recovered_config();
  df_task* task = closed_task(&config);
  const df_method_env env = env_of(task, 1);
  df_flow* first = recovered_flow(&env, DF_DECODE_ROLLOUT);

  /* demonstrated actions are not read, and the number of threads does not matter */
  for (int k = 0; k < CLOSED_EPISODES * CLOSED_LENGTH * NU; k++) task->data->actions[k] = NAN;
  const df_method_env other = env_of(task, 3);
  df_flow* flow = recovered_flow(&other, DF_DECODE_ROLLOUT);
  same_actions(first, flow);
  df_flow_free(flow);

  /* a training stopped within a round resumes with its pool */
  volatile sig_atomic_t stop = 0;
  df_method_env resumed = env_of(task, 2);
  resumed.state_folder = test_folder();
  resumed.state_every = 1e9;
  resumed.progress = stop_at_130;
  resumed.progress_context = (void*)(uintptr_t)&stop;
  resumed.stop = &stop;
  static df_training_log log;
  df_inverse* inverse;
  unlink(test_file("recovery.state"));
  assert_int_equal(df_inverse_new(&resumed, DF_INVERSE_SIMULATED, &inverse), DF_OK);
  assert_int_equal(df_inverse_train(inverse, &log), DF_E_INTERRUPTED);
  assert_int_equal(log.steps, 130);
  df_inverse_free(inverse);
  stop = 0;
  resumed.progress = NULL;
  flow = recovered_flow(&resumed, DF_DECODE_ROLLOUT);
  same_actions(first, flow);
  unlink(test_file("recovery.state"));
  df_flow_free(flow);
  df_flow_free(first);
  df_task_free(task);
}

/* a rest action that tells the states of a transition apart */
static void rest_of_velocities(const df_system* system, const double* x, double* u) {
  (void)system;
  for (int k = 0; k < NU; k++) u[k] = 0.5 * x[3 + k];
}

/* the pool of round 0 against a simulation of the same draws: noise about the rest action of the demonstrated next
 * state
 */
static void the_first_round_holds_the_answers_of_the_simulator(void** state) {
  (void)state;
  df_config config = recovered_config();
  config.recover_rounds = 1;
  config.recover_steps = 1;
  df_task* task = closed_task(&config);
  df_system_ops ops = *task->system->ops;
  ops.rest_action = rest_of_velocities;
  task->system->ops = &ops;
  const df_method_env env = env_of(task, 2);
  df_inverse* inverse = new_inverse(&env);
  int filled = 0, clamped = 0;
  for (int i = 0; i < config.recover_pool; i++) {
    const uint64_t n = (uint64_t)task->windows->n_train, event = (uint64_t)i;
    const df_window w = task->windows->train[df_rng_below(SEED, DF_STREAM_RECOVER, event, 0, n)];
    const int t = w.start + (int)df_rng_below(SEED, DF_STREAM_RECOVER, event, 1, (uint64_t)config.window_horizon);
    const double* x = task->data->states + (w.episode * (CLOSED_LENGTH + 1) + t) * NX;
    double noise[NU], u[NU], next[NX];
    df_real in[2 * NX];
    df_rng_normal(SEED, DF_STREAM_RECOVER_NOISE, event, NU, noise);
    for (int k = 0; k < NU; k++) {
      const double wanted = 0.5 * x[NX + 3 + k] + 0.4 * config.action_half_range.v[k] * noise[k];
      u[k] = clamp(wanted);
      clamped += u[k] != wanted;
    }
    closed_sim sim = {0};
    closed_reset((df_sim*)&sim, x);
    if (closed_step((df_sim*)&sim, u, next) != DF_TRAJ_COMPLETE) continue;
    inverse_describe(inverse, x, next, in);
    assert_memory_equal(inverse->pool.in + filled * 2 * NX, in, sizeof in);
    for (int k = 0; k < NU; k++) {
      const double action = (u[k] - config.action_center.v[k]) / config.action_half_range.v[k];
      assert_near(inverse->pool.action[filled * NU + k], action, 1e-14);
    }
    filled++;
  }
  assert_int_equal(inverse->pool.filled[0], filled);
  assert_true(clamped > 0 && filled < config.recover_pool);
  df_inverse_free(inverse);
  df_task_free(task);
}

/* a batch of round 1 draws from both halves of the pool, older transitions first; one of round 0 from the first half */
static void batches_draw_from_the_last_two_rounds(void** state) {
  (void)state;
  df_config config = recovered_config();
  config.recover_rounds = 2;
  config.recover_steps = 1;
  df_task* task = closed_task(&config);
  const df_method_env env = env_of(task, 2);
  df_inverse* inverse = new_inverse(&env);
  const int64_t* filled = inverse->pool.filled;
  const int size = config.recover_pool;
  int drawn[2] = {0};
  assert_true(filled[0] > 0 && filled[1] > 0 && filled[0] < size);
  for (int round = 0; round < 2; round++) {
    inverse_worker* w = &inverse->worker[0];
    inverse_pool_draw(inverse, w, round, 0, BATCH);
    for (int i = 0; i < BATCH; i++) {
      const uint64_t all = (uint64_t)(round ? filled[0] + filled[1] : filled[0]);
      const uint64_t event = (uint64_t)(round * config.recover_batch + i);
      const int k = (int)df_rng_below(SEED, DF_STREAM_RECOVER_BATCH, event, 0, all);
      const int at = k < filled[0] ? k : size + k - (int)filled[0];
      assert_memory_equal(w->in + i * 2 * NX, inverse->pool.in + at * 2 * NX, 2 * NX * sizeof *w->in);
      assert_memory_equal(w->action + i * NU, inverse->pool.action + at * NU, NU * sizeof *w->action);
      if (round) drawn[at >= size]++;
    }
  }
  assert_true(drawn[0] > 0 && drawn[1] > 0);
  df_inverse_free(inverse);
  df_task_free(task);
}

/* refuses to train on what a network that does not learn recovers, although it misses by a small part of a standard
 * deviation: an action changes a state by no more */
static void useless_actions_are_refused(void** state) {
  (void)state;
  df_config config = recovered_config();
  config.recover_rate = 0;
  df_task* task = closed_task(&config);
  const df_method_env env = env_of(task, 2);
  df_inverse* inverse = new_inverse(&env);
  df_flow* flow = new_flow(&env, DF_DECODE_ROLLOUT);
  static df_training_log log;
  assert_int_equal(df_flow_train(flow, &log), DF_E_ARG);
  assert_string_equal(df_error_message(), "df_flow_train: df_flow_recover() must come first");
  assert_int_equal(df_flow_recover(flow, inverse), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "of what constant actions miss it by, and recover.residual_limit is 0.5"));
  double rms, largest, share;
  const char* numbers = strstr(df_error_message(), "state by ");
  assert_non_null(numbers);
  assert_int_equal(sscanf(numbers, "state by %lf std (RMS; largest %lf), %lf of", &rms, &largest, &share), 3);
  assert_true(0 < rms && rms < largest && share > 0.5 && share < 2);
  char effort[80];
  snprintf(effort, sizeof effort, "or %d rounds of %d simulated actions are too few", config.recover_rounds,
           config.recover_pool);
  assert_true(config.recover_rounds != config.recover_pool);
  assert_non_null(strstr(df_error_message(), effort));
  assert_null(flow->recovered);
  df_flow_free(flow);
  df_inverse_free(inverse);
  df_task_free(task);
}

/* ---- simulations of recovered actions that diverge: one of them, and the constant action in its place ---- */

static int steps, diverging;

static df_traj_end step_that_diverges_once(df_sim* sim, const double* u, double* x1) {
  return steps++ == diverging ? DF_TRAJ_DIVERGED : closed_step(sim, u, x1);
}

/* the number of transitions whose actions are simulated, and the RMS error of the constant action without that of
 * number `left_out` */
static int checked_constants(const df_task* task, const flow_recovered* r, int left_out, double* error) {
  int n = 0, checked = 0;
  double square = 0;
  for (int at = 0; at < CLOSED_EPISODES * CLOSED_LENGTH; at++) {
    if (r->known[at] != RECOVERED_TRAINING || n++ % 20 != 0) continue;
    const double* x = df_dataset_state(task->data, at / CLOSED_LENGTH, at % CLOSED_LENGTH);
    if (checked++ != left_out) square += squared_error(task, x, r->mean);
  }
  *error = sqrt(square / (checked - 1));
  return checked;
}

static void actions_that_diverge_are_refused_and_constant_ones_left_out(void** state) {
  (void)state;
  df_config config = recovered_config();
  config.recover_linear = 0;
  df_task* task = closed_task(&config);
  const df_method_env env = env_of(task, 1);
  df_inverse* inverse = new_inverse(&env);
  df_flow* flow = new_flow(&env, DF_DECODE_ROLLOUT);
  df_system_ops ops = *task->system->ops;
  ops.step = step_that_diverges_once;
  task->system->ops = &ops;

  /* one thread: the recovered actions are simulated first, in their order, and then the constant ones */
  double constant;
  steps = 0, diverging = -1;
  assert_int_equal(df_flow_recover(flow, inverse), DF_OK);
  const int n = checked_constants(task, flow->recovered, 1, &constant);
  assert_int_equal(steps, 2 * n);
  steps = 0, diverging = n + 1;
  assert_int_equal(df_flow_recover(flow, inverse), DF_OK);
  assert_near(flow->recovered->constant, constant, 1e-12);

  char wanted[256];
  snprintf(wanted, sizeof wanted,
           "task closed: 1 of %d actions recovered from states diverge when they are simulated: recovered cannot be "
           "trained on these demonstrations; use dynaflow",
           n);
  steps = 0, diverging = 1;
  assert_int_equal(df_flow_recover(flow, inverse), DF_E_CONFIG);
  assert_string_equal(df_error_message(), wanted);
  df_flow_free(flow);
  df_inverse_free(inverse);
  df_task_free(task);
}

static void a_stop_ends_a_round(void** state) {
  (void)state;
  const df_config config = recovered_config();
  df_task* task = closed_task(&config);
  static df_training_log log;
  df_inverse *inverse, *trained = new_inverse(&(df_method_env){.task = task, .seed = SEED, .threads = 1});
  volatile sig_atomic_t stop = 1;
  bool changed;
  df_method_env env = env_of(task, 2);
  env.stop = &stop;
  assert_int_equal(df_inverse_new(&env, DF_INVERSE_SIMULATED, &inverse), DF_OK);
  assert_int_equal(inverse_pool_fill(inverse, 0, &changed), DF_E_INTERRUPTED);
  assert_int_equal(df_inverse_train(inverse, &log), DF_E_INTERRUPTED);
  df_flow* flow = new_flow(&env, DF_DECODE_ROLLOUT);
  assert_int_equal(df_flow_recover(flow, trained), DF_E_INTERRUPTED);
  /* a damaged count of a pool is no place in it */
  stop = 0;
  inverse->pool.filled[1] = config.recover_pool + 1;
  assert_int_equal(inverse_pool_fill(inverse, 1, &changed), DF_E_FORMAT);
  df_flow_free(flow);
  df_inverse_free(inverse);
  df_inverse_free(trained);
  df_task_free(task);
}

/* ---- linearised dynamics ---- */

static void linearised_dynamics_are_the_simulated_ones(void** state) {
  (void)state;
  const df_config config = recovered_config();
  df_task* task = closed_task(&config);
  const df_method_env env = env_of(task, 2);
  df_flow* flow = recovered_flow(&env, DF_DECODE_ROLLOUT);
  flow_worker* w = &flow->worker[0];
  const int H = flow->H;
  double linear[(H_WINDOW + 1) * NX], noise[H_WINDOW * NU + NX];
  df_real out[H_WINDOW * NU], d_linear[H_WINDOW * NU], d_simulated[H_WINDOW * NU];
  int compared = 0, clamped = 0;
  assert_true(flow->recovered->n_linear > 0 && flow->recovered->n_linear < task->windows->n_train);
  for (int k = 0; k < flow->recovered->n_linear; k++) {
    const df_window window = flow->recovered->linear_windows[k];
    double x0[NX];
    df_rng_normal(1, DF_STREAM_TEST, (uint64_t)k, H_WINDOW * NU + NX, noise);
    memcpy(x0, df_dataset_state(task->data, window.episode, window.start), sizeof x0);
    for (int i = 0; i < NX; i++) x0[i] += 0.02 * noise[i];
    for (int i = 0; i < H * NU; i++) out[i] = 0.25 * noise[NX + i];
    if (flow_simulate(flow, w, true, out, NULL, x0, w->u, w->x) != DF_TRAJ_COMPLETE) continue;
    for (int i = 0; i < H * NU; i++) clamped += fabs(w->u[i]) > BOX;
    for (int i = 0; i < (H + 1) * NX; i++) w->d_x[i] = i < NX ? 0 : sin(i);
    double cotangents[(H_WINDOW + 1) * NX];
    memcpy(cotangents, w->d_x, sizeof cotangents);
    double simulated[(H_WINDOW + 1) * NX];
    memcpy(simulated, w->x, sizeof simulated);
    if (flow_simulate_vjp(flow, w, out, NULL, x0, w->x, 0.3, d_simulated, NULL) != DF_TRAJ_COMPLETE) continue;

    flow_linear_rollout(flow, w, window, x0, out);
    memcpy(linear, w->x, sizeof linear);
    memcpy(w->d_x, cotangents, sizeof cotangents);
    flow_linear_vjp(flow, w, window, out, 0.3, d_linear);
    for (int i = 0; i < (H + 1) * NX; i++) assert_near(linear[i], simulated[i], 1e-6);
    for (int i = 0; i < H * NU; i++) assert_near(d_linear[i], d_simulated[i], 1e-6);
    compared++;
  }
  assert_true(compared > 5 && clamped > 5);
  df_flow_free(flow);
  df_task_free(task);
}

/* ---- losses and gradient of all kinds of samples ---- */

/* moves the weights away from the initial ones, whose outputs are all 0 */
static void disturb(df_flow* flow) {
  const size_t n = flow->trainer->n;
  double* noise = df_alloc(n, sizeof *noise);
  df_rng_normal(SEED, DF_STREAM_TEST, 9, n, noise);
  for (size_t j = 0; j < n; j++) flow->trainer->parameters[j] += 0.2 * noise[j];
  df_free(noise);
}

/* computes one batch; returns the mean loss */
static double batch(df_flow* flow, long step, const df_real* parameters, df_real* gradient, double* loss) {
  memset(gradient, 0, flow->trainer->n * sizeof *gradient);
  flow_train_slice(flow, 0, step, 0, BATCH, parameters, gradient, loss);
  double sum = 0;
  for (int i = 0; i < BATCH; i++) sum += loss[i];
  return sum / BATCH;
}

/* the loss of a simulated sample or, as its dynamics are the same, of a linear one */
static double state_loss_of(const df_flow* flow, const double* x0, df_window window, const df_real* out) {
  const df_task* task = flow->env.task;
  const double* first = df_dataset_state(task->data, window.episode, window.start);
  const df_config* c = &task->config;
  closed_sim sim = {0};
  double sum = 0, x[NX], z[NX], target[NX];
  closed_reset((df_sim*)&sim, x0);
  for (int t = 0; t < flow->H; t++) {
    double u[NU];
    for (int k = 0; k < NU; k++) u[k] = c->action_center.v[k] + c->action_half_range.v[k] * tanh(out[t * NU + k]);
    if (closed_step((df_sim*)&sim, u, x) != DF_TRAJ_COMPLETE) return NAN;
    df_chart_encode(task->chart, x0, x, z);
    df_chart_encode(task->chart, first, first + (t + 1) * NX, target);
    for (int i = 0; i < NX; i++) sum += pow(z[i] - target[i], 2) / (flow->H * NX);
  }
  return sum;
}

static double regression_loss_of(const df_flow* flow, df_window window, const df_real* out) {
  const df_config* c = &flow->env.task->config;
  const bool common = strcmp(c->recover_action_spread, "common") == 0;
  const double *std = flow->recovered->std, both = sqrt((std[0] * std[0] + std[1] * std[1]) / 2);
  double sum = 0;
  for (int t = 0; t < flow->H; t++) {
    for (int k = 0; k < NU; k++) {
      const double u = c->action_center.v[k] + c->action_half_range.v[k] * tanh(out[t * flow->out + k]);
      const double right = flow->recovered->u[(window.episode * CLOSED_LENGTH + window.start + t) * NU + k];
      sum += pow((u - right) / (0.4 * (common ? both : std[k])), 2) / (flow->H * NU);
    }
  }
  return sum;
}

/* of a batch of 10 with shares of a half and of 0.4 of the rest */
static const char LATE[] = "RSRSLSRSLS", EARLY[] = "RRLRLRRLRL";

static void check_losses(df_flow* flow, long step, const char* kinds) {
  const df_task* task = flow->env.task;
  const flow_worker* w = &flow->worker[0];
  const int H = flow->H;
  df_real* gradient = df_alloc(flow->trainer->n, sizeof *gradient);
  double loss[BATCH];
  (void)batch(flow, step, flow->trainer->parameters, gradient, loss);
  for (int i = 0; i < BATCH; i++) {
    const uint64_t event = (uint64_t)(step * BATCH + i);
    const bool linear = kinds[i] == 'L';
    const df_window* windows = linear ? flow->recovered->linear_windows : task->windows->train;
    const int n = linear ? flow->recovered->n_linear : task->windows->n_train;
    const df_window window = windows[df_rng_below(SEED, DF_STREAM_BATCH, event, 0, (uint64_t)n)];
    const double* x0 = df_dataset_state(task->data, window.episode, window.start);
    const df_real* out = w->out + i * H * NU;
    const double right = kinds[i] == 'R' ? regression_loss_of(flow, window, out) : state_loss_of(flow, x0, window, out);
    assert_near(loss[i], right, linear ? 1e-5 : 1e-12);

    /* flow times are u^1.5 */
    double draw;
    df_rng_uniform(SEED, DF_STREAM_FLOW_TIME, event, 1, &draw);
    assert_near(w->t[i], draw * sqrt(draw), 1e-14);
  }
  df_free(gradient);
}

static void every_sample_has_the_loss_of_its_kind_with(const char* spread) {
  df_config config = recovered_config();
  snprintf(config.recover_action_spread, sizeof config.recover_action_spread, "%s", spread);
  config.train_push = 0;
  config.action_half_range = (df_list){.n = 2, .v = {0.5, 0.4}};
  config.action_center = (df_list){.n = 2, .v = {0.1, -0.1}};
  df_task* task = closed_task(&config);
  const df_method_env env = env_of(task, 1);
  df_flow* flow = recovered_flow(&env, DF_DECODE_ROLLOUT);
  disturb(flow);
  check_losses(flow, 4, EARLY);
  check_losses(flow, 5, LATE);
  /* shares of 0.3, and of 0.4 of the seven others */
  task->config.recover_simulated = 0.3;
  check_losses(flow, 7, "RRLSRLSRRS");
  assert_true(fabs(flow->recovered->std[0] - flow->recovered->std[1]) > 0.01);
  df_flow_free(flow);
  df_task_free(task);
}

static void every_sample_has_the_loss_of_its_kind(void** state) {
  (void)state;
  every_sample_has_the_loss_of_its_kind_with("own");
}

static void actions_may_have_a_common_unit(void** state) {
  (void)state;
  every_sample_has_the_loss_of_its_kind_with("common");
}

/* TRACKING: regressed samples train the open-loop actions and the reference; the gain is trained by simulated samples
 * only, and no sample is linear */
static void a_tracking_flow_regresses_actions_and_its_reference(void** state) {
  (void)state;
  df_config config = recovered_config();
  config.train_push = 0;
  config.action_half_range = (df_list){.n = 2, .v = {0.5, 0.4}};
  config.action_center = (df_list){.n = 2, .v = {0.1, -0.1}};
  df_task* task = closed_task(&config);
  const df_method_env env = env_of(task, 1);
  df_flow* flow = recovered_flow(&env, DF_DECODE_TRACKING);
  assert_null(flow->recovered->linear_at);
  disturb(flow);
  const size_t n = flow->trainer->n, weights = df_net_parameters(flow->net);
  assert_int_equal(n - weights, NU * NX);
  df_real* gradient = df_alloc(n, sizeof *gradient);
  for (long step = 4; step <= 5; step++) {
    const char* kinds = step == 4 ? "RRRRRRRRRR" : "RSRSRSRSRS";
    double loss[BATCH], of_gain = 0;
    (void)batch(flow, step, flow->trainer->parameters, gradient, loss);
    for (int i = 0; i < BATCH; i++) {
      const uint64_t event = (uint64_t)(step * BATCH + i);
      const df_window window =
          task->windows->train[df_rng_below(SEED, DF_STREAM_BATCH, event, 0, (uint64_t)task->windows->n_train)];
      const double* first = df_dataset_state(task->data, window.episode, window.start);
      const df_real *out = flow->worker[0].out + i * flow->H * flow->out,
                    *d_out = flow->worker[0].d_out + i * flow->H * flow->out;
      if (kinds[i] == 'R') assert_near(loss[i], regression_loss_of(flow, window, out), 1e-12);
      if (isnan(loss[i])) continue; /* it diverged */
      for (int t = 0; t < flow->H; t++) {
        double target[NX];
        df_chart_encode(task->chart, first, first + (t + 1) * NX, target);
        for (int k = 0; k < NX; k++) {
          const int at = t * flow->out + NU + k;
          assert_near(d_out[at], 2 * (out[at] - target[k]) / (flow->H * NX * BATCH), 1e-14);
        }
      }
    }
    for (size_t j = weights; j < n; j++) of_gain += fabs(gradient[j]);
    assert_true((of_gain > 0) == (step == 5));
  }
  df_free(gradient);
  df_flow_free(flow);
  df_task_free(task);
}

/* as if the linear dynamics missed the demonstrations by far: no loss, and no part in the gradient */
static void linear_states_out_of_range_have_no_loss(void** state) {
  (void)state;
  const df_config config = recovered_config();
  df_task* task = closed_task(&config);
  const df_method_env env = env_of(task, 1);
  df_flow* flow = recovered_flow(&env, DF_DECODE_ROLLOUT);
  disturb(flow);
  for (int k = 0; k < CLOSED_EPISODES * CLOSED_LENGTH; k++) {
    const int64_t row = flow->recovered->linear_at[k];
    if (row >= 0) flow->recovered->r[row * NX] = 1e4F;
  }
  df_real* gradient = df_alloc(flow->trainer->n, sizeof *gradient);
  double loss[BATCH];
  (void)batch(flow, 5, flow->trainer->parameters, gradient, loss);
  for (int i = 0; i < BATCH; i++) {
    if (LATE[i] != 'L') continue;
    assert_true(isnan(loss[i]));
    for (int k = 0; k < flow->H * NU; k++) assert_true(flow->worker[0].d_out[i * flow->H * NU + k] == 0);
  }
  df_free(gradient);
  df_flow_free(flow);
  df_task_free(task);
}

/* a step of two batches of 5 has the kinds of one batch of 10 */
static void accumulated_batches_have_the_kinds_of_their_step(void** state) {
  (void)state;
  df_config config = recovered_config();
  config.train_push = 0;
  config.action_half_range = (df_list){.n = 2, .v = {0.5, 0.4}};
  config.action_center = (df_list){.n = 2, .v = {0.1, -0.1}};
  df_task* task = closed_task(&config);
  const df_method_env env = env_of(task, 1);
  df_flow* whole = recovered_flow(&env, DF_DECODE_ROLLOUT);
  task->config.train_batch = BATCH / 2;
  task->config.train_accumulate = 2;
  df_flow* parts = recovered_flow(&env, DF_DECODE_ROLLOUT);
  disturb(whole);
  memcpy(parts->trainer->parameters, whole->trainer->parameters, whole->trainer->n * sizeof(df_real));
  df_real* gradient = df_alloc(whole->trainer->n, sizeof *gradient);
  double loss[BATCH], part[BATCH];
  flow_train_slice(whole, 0, 7, 0, BATCH, whole->trainer->parameters, gradient, loss);
  flow_train_slice(parts, 0, 14, 0, BATCH / 2, parts->trainer->parameters, gradient, part);
  flow_train_slice(parts, 0, 15, 0, BATCH / 2, parts->trainer->parameters, gradient, part + BATCH / 2);
  for (int i = 0; i < BATCH; i++) assert_near(part[i], loss[i], 1e-12);
  df_free(gradient);
  df_flow_free(whole);
  df_flow_free(parts);
  df_task_free(task);
}

/* the gradient of a batch of all kinds, with perturbed starts, against centred differences along its own direction */
static void the_gradient_is_that_of_the_loss(void** state) {
  (void)state;
  df_config config = recovered_config();
  config.action_half_range = (df_list){.n = 2, .v = {0.5, 0.4}};
  config.action_center = (df_list){.n = 2, .v = {0.1, -0.1}};
  config.train_cotangent_decay = 1;
  config.train_push = 1;
  config.train_push_error = 10;
  df_task* task = closed_task(&config);
  const df_method_env env = env_of(task, 1);
  df_flow* flow = recovered_flow(&env, DF_DECODE_ROLLOUT);
  disturb(flow);
  const size_t n = flow->trainer->n;
  df_real *gradient = df_alloc(n, sizeof *gradient), *ignored = df_alloc(n, sizeof *ignored),
          *moved = df_alloc(n, sizeof *moved);
  double loss[BATCH], slope[2], norm = 0;

  /* two successive steps after which linear samples started beside their demonstrations */
  int pushed = 0;
  long step = 7;
  while (pushed == 0) {
    assert_true((step += 2) < 100);
    (void)batch(flow, step - 1, flow->trainer->parameters, gradient, loss);
    (void)batch(flow, step, flow->trainer->parameters, gradient, loss);
    for (int i = 0; i < BATCH; i++) {
      const df_window w = flow->drift[1].window[i];
      if (LATE[i] != 'L' || w.episode < 0) continue;
      assert_true(flow_is_linear(flow, w));
      const double* x = flow->drift[1].x + i * (flow->H + 1) * NX;
      const double* demonstrated = df_dataset_state(task->data, w.episode, w.start);
      pushed += memcmp(x, demonstrated, NX * sizeof *x) != 0;
      assert_near(x[0], demonstrated[0], 1e-12); /* p0 is relative: a state has no place */
    }
  }

  for (size_t j = 0; j < n; j++) norm += gradient[j] * gradient[j];
  for (int side = 0; side < 2; side++) {
    for (size_t j = 0; j < n; j++)
      moved[j] = flow->trainer->parameters[j] + (side ? 1 : -1) * 1e-5 * gradient[j] / sqrt(norm);
    slope[side] = batch(flow, step, moved, ignored, loss);
  }
  assert_near((slope[1] - slope[0]) / 2e-5, sqrt(norm), 1e-5 * sqrt(norm));
  df_free(gradient);
  df_free(ignored);
  df_free(moved);
  df_flow_free(flow);
  df_task_free(task);
}

/* the log counts the adjoints of the training: 4 actions of the simulated samples of the late steps 5 to 9, of which
 * those that diverge have fewer or none; linearisation needs NX for each transition */
static void adjoints_of_the_linearisation_are_not_counted(void** state) {
  (void)state;
  const df_config config = recovered_config();
  df_task* task = closed_task(&config);
  const df_method_env env = env_of(task, 2);
  df_flow* flow = recovered_flow(&env, DF_DECODE_ROLLOUT);
  static df_training_log log;
  assert_int_equal(df_flow_train(flow, &log), DF_OK);
  assert_in_range(log.adjoints.steps, 1, 5 * 5 * 4);
  assert_near(log.residual_share, flow->recovered->residual / flow->recovered->constant, 0);
  df_flow_free(flow);
  df_task_free(task);
}

/* ---- the action flow ---- */

static void an_action_flow_trains_on_states_and_keeps_its_scale(void** state) {
  (void)state;
  const df_config config = recovered_config();
  df_task* task = closed_task(&config);
  double *const actions = task->data->actions, x[2][(H_WINDOW + 1) * NX], u[2][H_WINDOW * NU];
  const double condition[NC] = {1, 0, 0.2};
  const char* file = test_file("recovered.safetensors");
  const df_method_env env = env_of(task, 1);
  static df_training_log log;
  df_flow* flow = recovered_flow(&env, DF_DECODE_ACTIONS);
  assert_int_equal(df_flow_train(flow, &log), DF_OK);
  assert_true(log.residual == flow->recovered->residual && log.residual > 0);
  for (int i = 0; i < NU; i++) {
    assert_near(flow->action_scale[i], flow->recovered->mean[i], 0);
    assert_near(flow->action_scale[NU + i], flow->recovered->std[i], 0);
  }
  assert_int_equal(df_flow_save(flow, file), DF_OK);
  const df_request request = {
      .B = 1, .x0 = df_dataset_state(task->data, 2, 1), .condition = condition, .seed = 5, .sampler_steps = 3};
  assert_int_equal(df_flow_sample(flow, &request, x[0], u[0]), DF_OK);
  df_flow_free(flow);
  flow = new_flow(&env, DF_DECODE_ACTIONS);
  assert_int_equal(df_flow_load(flow, file), DF_OK);
  assert_int_equal(df_flow_sample(flow, &request, x[1], u[1]), DF_OK);
  assert_memory_equal(x[0], x[1], sizeof x[0]);
  assert_memory_equal(u[0], u[1], sizeof u[0]);
  df_flow_free(flow);
  unlink(file);
  task->data->actions = actions;
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(recovered_actions_are_those_that_made_the_states),
      cmocka_unit_test(they_depend_on_states_and_seed_only),
      cmocka_unit_test(the_first_round_holds_the_answers_of_the_simulator),
      cmocka_unit_test(batches_draw_from_the_last_two_rounds),
      cmocka_unit_test(useless_actions_are_refused),
      cmocka_unit_test(actions_that_diverge_are_refused_and_constant_ones_left_out),
      cmocka_unit_test(a_stop_ends_a_round),
      cmocka_unit_test(linearised_dynamics_are_the_simulated_ones),
      cmocka_unit_test(every_sample_has_the_loss_of_its_kind),
      cmocka_unit_test(actions_may_have_a_common_unit),
      cmocka_unit_test(a_tracking_flow_regresses_actions_and_its_reference),
      cmocka_unit_test(linear_states_out_of_range_have_no_loss),
      cmocka_unit_test(accumulated_batches_have_the_kinds_of_their_step),
      cmocka_unit_test(the_gradient_is_that_of_the_loss),
      cmocka_unit_test(adjoints_of_the_linearisation_are_not_counted),
      cmocka_unit_test(an_action_flow_trains_on_states_and_keeps_its_scale),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
