/* test_flow.c: training, sampling and checkpoints of a flow on a task that trains in a second. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/flow/flow.h"
#include "dynaflow/sim/rollout.h"
#include "flow_internal.h"
#include "test_file.h"
#include "tiny_task.h"
#include "unit.h"

enum { B = 10 };

static df_method_env env_of(const df_task* task, int threads) {
  return (df_method_env){.task = task, .seed = 3, .threads = threads};
}

static df_flow* new_flow(const df_task* task, df_decoder decoder, int threads) {
  const df_method_env env = env_of(task, threads);
  df_flow* flow;
  assert_int_equal(df_flow_new(&env, "test", decoder, &flow), DF_OK);
  return flow;
}

static df_training_log train(df_flow* flow) {
  static df_training_log log;
  assert_int_equal(df_flow_train(flow, &log), DF_OK);
  return log;
}

/* B windows from the test side; caller frees both */
static void sample(df_flow* flow, const df_task* task, int steps, uint64_t seed, double** x, double** u) {
  static double x0[B * 16], c[B];
  const size_t nx = (size_t)task->system->nx, H = (size_t)task->windows->horizon;
  for (int b = 0; b < B; b++) {
    const df_window w = task->windows->test[b * 5 % task->windows->n_test];
    memcpy(x0 + (size_t)b * nx, df_dataset_state(task->data, w.episode, w.start), nx * sizeof *x0);
    c[b] = df_dataset_condition(task->data, w.episode)[0];
  }
  const df_request r = {.B = B, .x0 = x0, .condition = c, .seed = seed, .sampler_steps = steps};
  *x = df_alloc(B * (H + 1) * nx, sizeof(double));
  *u = df_alloc(B * H * (size_t)task->system->nu, sizeof(double));
  assert_int_equal(df_flow_sample(flow, &r, *x, *u), DF_OK);
}

static size_t bytes_x(const df_task* task) {
  return B * (size_t)(task->windows->horizon + 1) * (size_t)task->system->nx * sizeof(double);
}
static size_t bytes_u(const df_task* task) {
  return B * (size_t)task->windows->horizon * (size_t)task->system->nu * sizeof(double);
}

/* ---- what DynaFlow promises ---- */

static void returned_actions_reproduce_the_returned_states_bit_for_bit(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  for (int d = DF_DECODE_ACTIONS; d <= DF_DECODE_TRACKING; d++) {
    df_flow* flow = new_flow(task, (df_decoder)d, 2);
    train(flow);
    for (int steps = 1; steps <= 5; steps += 4) {
      double *x, *u;
      sample(flow, task, steps, 11, &x, &u);
      const size_t nx = (size_t)task->system->nx;
      const int H = task->windows->horizon;
      double* x0 = df_alloc(B * nx, sizeof(double));
      double* again = df_alloc(1, bytes_x(task));
      for (size_t b = 0; b < B; b++) memcpy(x0 + b * nx, x + b * (size_t)(H + 1) * nx, nx * sizeof(double));
      df_rollout_cfg cfg = df_rollout_cfg_default();
      df_rollout* rollout;
      assert_int_equal(df_rollout_new(task->system, &cfg, &rollout), DF_OK);
      assert_int_equal(df_rollout_run(rollout, B, H, x0, u, again, NULL), DF_OK);
      assert_memory_equal(again, x, bytes_x(task));
      /* the check can fail: a billionth of one action changes the states */
      u[0] += u[0] > 0 ? -1e-9 : 1e-9;
      assert_int_equal(df_rollout_run(rollout, B, H, x0, u, again, NULL), DF_OK);
      assert_int_not_equal(memcmp(again, x, bytes_x(task)), 0);
      df_rollout_free(rollout);
      df_free(x0);
      df_free(again);
      df_free(x);
      df_free(u);
    }
    df_flow_free(flow);
  }
  df_task_free(task);
}

static void threads_do_not_change_weights_samples_or_files(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  static const int threads[3] = {1, 2, 4};
  for (int d = DF_DECODE_STATES; d <= DF_DECODE_TRACKING; d++) {
    char *first_file = NULL, *file;
    double *first_x = NULL, *first_u = NULL, *x, *u;
    size_t first_n = 0, n;
    for (int k = 0; k < 3; k++) {
      df_flow* flow = new_flow(task, (df_decoder)d, threads[k]);
      train(flow);
      sample(flow, task, 3, 5, &x, &u);
      assert_int_equal(df_flow_save(flow, test_file("threads.safetensors")), DF_OK);
      assert_int_equal(df_file_read(test_file("threads.safetensors"), &file, &n), DF_OK);
      df_flow_free(flow);
      if (k == 0) {
        first_file = file, first_n = n, first_x = x, first_u = u;
        continue;
      }
      assert_int_equal(n, first_n);
      assert_memory_equal(file, first_file, n);
      assert_memory_equal(x, first_x, bytes_x(task));
      assert_memory_equal(u, first_u, bytes_u(task));
      df_free(file);
      df_free(x);
      df_free(u);
    }
    df_free(first_file);
    df_free(first_x);
    df_free(first_u);
  }
  unlink(test_file("threads.safetensors"));
  df_task_free(task);
}

/* weights after training with tapes of at most `mib` on two threads; caller frees */
static df_real* weights_within(double mib, df_decoder decoder, df_training_log* log, size_t* n) {
  df_config config = tiny_config();
  config.train_tape_mib = mib;
  df_task* task = tiny_task_with(&config);
  df_flow* flow = new_flow(task, decoder, 2);
  *log = train(flow);
  *n = flow->trainer->n;
  df_real* weights = df_alloc(*n, sizeof *weights);
  memcpy(weights, flow->trainer->average, *n * sizeof *weights);
  df_flow_free(flow);
  df_task_free(task);
  return weights;
}

static void a_bounded_tape_changes_no_weight(void** state) {
  (void)state;
  for (int d = DF_DECODE_ROLLOUT; d <= DF_DECODE_TRACKING; d++) {
    size_t n;
    df_training_log free_log, log;
    df_real* free_weights = weights_within(0, (df_decoder)d, &free_log, &n);
    /* 6 kB, of eight actions of 2 kB each */
    df_real* weights = weights_within(0.006, (df_decoder)d, &log, &n);
    assert_memory_equal(free_weights, weights, n * sizeof *weights);
    /* every action of every sample that did not diverge has one adjoint, and all are exact */
    assert_int_equal(log.adjoints.steps, free_log.adjoints.steps);
    assert_in_range(log.adjoints.steps, (20 * 12 - log.diverged) * 8, 20 * 12 * 8);
    assert_int_equal(log.adjoints.approximate + log.adjoints.differenced, 0);
    df_free(free_weights);
    df_free(weights);
  }
}

static void a_tape_too_small_ends_the_training_with_the_reason(void** state) {
  (void)state;
  for (int d = DF_DECODE_ROLLOUT; d <= DF_DECODE_TRACKING; d++) {
    df_config config = tiny_config();
    df_flow* flow;
    df_training_log log;
    config.train_tape_mib = 0.0016; /* start states and actions, and less than one action's records */
    df_task* task = tiny_task_with(&config);
    flow = new_flow(task, (df_decoder)d, 2);
    assert_int_equal(df_flow_train(flow, &log), DF_E_SIM);
    assert_non_null(strstr(df_error_message(), "step 0, sample"));
    assert_non_null(strstr(df_error_message(), "holds no single action"));
    df_flow_free(flow);
    task->config.train_tape_mib = 1e-5;
    const df_method_env env = env_of(task, 1);
    assert_int_equal(df_flow_new(&env, "test", (df_decoder)d, &flow), DF_E_CONFIG);
    assert_non_null(strstr(df_error_message(), "tape"));
    df_task_free(task);
  }
}

static void the_seed_changes_the_sample(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, 1);
  train(flow);
  double *x, *u, *y, *v;
  sample(flow, task, 2, 1, &x, &u);
  sample(flow, task, 2, 2, &y, &v);
  assert_int_not_equal(memcmp(u, v, bytes_u(task)), 0);
  df_free(x);
  df_free(u);
  df_free(y);
  df_free(v);
  df_flow_free(flow);
  df_task_free(task);
}

/* ---- the gradient that training uses ---- */

static double loss_at(df_flow* flow, const df_real* parameters, df_real* gradient, double* loss) {
  const trainer* t = flow->trainer;
  double sum = 0;
  for (size_t i = 0; i < t->n; i++) gradient[i] = 0;
  flow_train_slice(flow, 0, 0, 0, trainer_slice_size(&t->cfg), parameters, gradient, loss);
  for (int i = 0; i < trainer_slice_size(&t->cfg); i++) sum += loss[i];
  return sum / t->cfg.batch;
}

/* the slope of the loss along direction[from..n), by centred differences */
static double slope_along(df_flow* flow, const df_real* direction, size_t from, double h) {
  const size_t n = flow->trainer->n;
  df_real *scratch = df_alloc(n, sizeof *scratch), *p = df_alloc(n, sizeof *p);
  double loss[64], value[2];
  for (int s = 0; s < 2; s++) {
    memcpy(p, flow->trainer->parameters, n * sizeof *p);
    for (size_t i = from; i < n; i++) p[i] += (df_real)((s ? -h : h) * (double)direction[i]);
    value[s] = loss_at(flow, p, scratch, loss);
  }
  df_free(scratch);
  df_free(p);
  return (value[0] - value[1]) / (2 * h);
}

static void the_slice_gradient_is_the_slope_of_the_loss_for_every_decoder(void** state) {
  (void)state;
  df_config config = tiny_config();
  config.train_push = 0; /* a pushed sample depends on the step before */
  df_task* task = tiny_task_with(&config);
  for (int d = DF_DECODE_STATES; d <= DF_DECODE_TRACKING; d++) {
    df_flow* flow = new_flow(task, (df_decoder)d, 1);
    train(flow); /* away from the zero last layer */
    const size_t n = flow->trainer->n;
    df_real* g = df_alloc(n, sizeof *g);
    double loss[64], squares = 0;
    loss_at(flow, flow->trainer->parameters, g, loss);
    /* the reference of TRACKING has a loss of its own, which no gradient of the state loss enters: there the gain alone
     * is checked */
    const size_t from = d == DF_DECODE_TRACKING ? df_net_parameters(flow->net) : 0;
    for (size_t i = from; i < n; i++) squares += (double)g[i] * (double)g[i];
    assert_true(squares > 1e-8);
    /* along the gradient the slope is its norm; a step that changes the parameters by 1e-3 in norm keeps float
     * rounding (1e-7 of the loss) three orders below the change */
    const double slope = slope_along(flow, g, from, 1e-3 / sqrt(squares));
    /* 1 %: rounding, and the curvature over the step; a wrong sign or a missing factor is far outside */
    assert_true(fabs(slope - squares) <= 0.01 * squares);
    df_free(g);
    df_flow_free(flow);
  }
  df_task_free(task);
}

static void training_lowers_the_loss_of_every_decoder(void** state) {
  (void)state;
  df_config config = tiny_config();
  config.train_steps = 250;
  df_task* task = tiny_task_with(&config);
  for (int d = DF_DECODE_STATES; d <= DF_DECODE_TRACKING; d++) {
    df_flow* flow = new_flow(task, (df_decoder)d, 2);
    const df_training_log log = train(flow);
    assert_int_equal(log.steps, 250);
    assert_int_equal(log.skipped, 0);
    assert_int_equal(log.diverged, 0);
    /* an untrained net predicts the mean, a loss near 1, or, through the simulator, the motion without effort, which is
     * already half as wrong */
    assert_true(log.loss[log.n - 1] < (flow_simulates(flow) ? 0.6 : 0.4) * log.loss[0]);
    df_flow_free(flow);
  }
  df_task_free(task);
}

/* ---- what the network may know ---- */

static void the_condition_holds_no_future(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, 1);
  train(flow);
  double *x, *u, *y, *v;
  sample(flow, task, 2, 1, &x, &u);
  /* every state of the data but the start states of the asked windows becomes something else */
  const size_t nx = (size_t)task->system->nx;
  for (int e = 0; e < task->data->episodes; e++) {
    for (int t = 0; t <= task->data->length; t++) {
      bool is_start = false;
      for (int b = 0; b < B; b++) {
        const df_window w = task->windows->test[b * 5 % task->windows->n_test];
        is_start |= w.episode == e && w.start == t;
      }
      double* row = task->data->states + ((size_t)e * (size_t)(task->data->length + 1) + (size_t)t) * nx;
      for (size_t i = 0; !is_start && i < nx; i++) row[i] += 0.1;
    }
  }
  sample(flow, task, 2, 1, &y, &v);
  assert_memory_equal(u, v, bytes_u(task));
  df_free(x);
  df_free(u);
  df_free(y);
  df_free(v);
  df_flow_free(flow);
  df_task_free(task);
}

/* Xhat^1 of `count` windows from sample `first` on, by hand: noise of (seed, index), K Euler steps of eq. 5, z
 * [count][H][nz] */
static void euler_by_hand(df_flow* flow, const df_task* task, const double* x, int first, int count, int steps,
                          double* z) {
  const int n = flow->H * flow->nz;
  df_real in[64 * 16], cond[64 * 4], t[16], out[64 * 16];
  double state[64 * 16];
  for (int b = 0; b < count; b++) {
    const df_window w = task->windows->test[(first + b) * 5 % task->windows->n_test];
    df_rng_normal(9, DF_STREAM_SAMPLE_NOISE, (uint64_t)(first + b), (size_t)n, state + b * n);
    for (int k = 0; k < n; k++) state[b * n + k] *= 0.5;
    flow_condition(flow, x + (size_t)(first + b) * (size_t)(flow->H + 1) * (size_t)flow->nx,
                   df_dataset_condition(task->data, w.episode), cond + b * flow->cond);
  }
  for (int step = 0; step < steps; step++) {
    for (int k = 0; k < count * n; k++) in[k] = (df_real)state[k];
    for (int b = 0; b < count; b++) t[b] = (df_real)((double)step / steps);
    df_net_forward(flow->net, flow->worker[0].net, flow->trainer->average, count, in, cond, t, out);
    for (int k = 0; k < count * n; k++) {
      z[k] = (double)out[k];
      state[k] += (z[k] - state[k]) / (1 - (double)step / steps) / steps;
    }
  }
}

static void sampling_is_euler_steps_from_training_noise(void** state) {
  (void)state;
  df_config config = tiny_config();
  config.flow_sigma = 0.5;
  df_task* task = tiny_task_with(&config);
  df_flow* flow = new_flow(task, DF_DECODE_STATES, 1);
  train(flow);
  const size_t nx = (size_t)task->system->nx;
  for (int steps = 1; steps <= 3; steps += 2) {
    double *x, *u, z[64 * 16], expected[64];
    sample(flow, task, steps, 9, &x, &u);
    /* the first two chunks: each window has noise of its own */
    for (int first = 0; first < 2 * flow->slice; first += flow->slice) {
      euler_by_hand(flow, task, x, first, flow->slice, steps, z);
      for (int b = 0; b < flow->slice; b++) {
        const double* window = x + (size_t)(first + b) * (size_t)(flow->H + 1) * nx;
        df_chart_decode(task->chart, window, z + b * flow->H * flow->nz, expected);
        /* the same sums in the same order but for one rounding of the noise's size */
        for (size_t i = 0; i < nx; i++) assert_true(fabs(expected[i] - window[nx + i]) < 1e-6);
      }
    }
    df_free(x);
    df_free(u);
  }
  df_flow_free(flow);
  df_task_free(task);
}

static void returned_actions_stay_in_the_box(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  for (int d = DF_DECODE_ACTIONS; d <= DF_DECODE_TRACKING; d++) {
    df_flow* flow = new_flow(task, (df_decoder)d, 1);
    train(flow);
    double *x, *u;
    /* a gain and a scale that ask for far more than the actuators give */
    for (size_t i = df_net_parameters(flow->net); i < flow->trainer->n; i++) flow->trainer->average[i] = 100;
    const df_chart_statistics statistics = df_chart_get_statistics(task->chart);
    if (d == DF_DECODE_ACTIONS) {
      for (int i = 0; i < task->system->nu; i++) statistics.action_std[i] *= 1000;
    }
    sample(flow, task, 1, 3, &x, &u);
    bool reached = false;
    for (int k = 0; k < B * flow->H * flow->nu; k++) {
      assert_true(fabs(u[k]) <= 1);
      reached |= fabs(u[k]) == 1;
    }
    /* the case is one: the bound was met, but for DynaFlow, whose tanh only comes near it */
    assert_true(reached || d == DF_DECODE_ROLLOUT);
    if (d == DF_DECODE_ACTIONS) {
      for (int i = 0; i < task->system->nu; i++) statistics.action_std[i] /= 1000;
    }
    df_free(x);
    df_free(u);
    df_flow_free(flow);
  }
  df_task_free(task);
}

static void targets_are_the_frames_after_the_first(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  df_flow* flow = new_flow(task, DF_DECODE_STATES, 1);
  df_real* gradient = df_alloc(flow->trainer->n, sizeof *gradient);
  double loss[64], z[16];
  loss_at(flow, flow->trainer->parameters, gradient, loss);
  for (int i = 0; i < flow->slice; i++) {
    /* a fresh network predicts 0, so its loss is the target's own size */
    const df_window w =
        task->windows->train[df_rng_below(3, DF_STREAM_BATCH, (uint64_t)i, 0, (uint64_t)task->windows->n_train)];
    double expected = 0;
    for (int t = 1; t <= flow->H; t++) {
      df_chart_encode(task->chart, df_dataset_state(task->data, w.episode, w.start),
                      df_dataset_state(task->data, w.episode, w.start + t), z);
      for (int k = 0; k < flow->nz; k++) expected += z[k] * z[k] / (flow->H * flow->nz);
    }
    assert_true(fabs(loss[i] - expected) < 1e-12 * expected);
  }
  df_free(gradient);
  df_flow_free(flow);
  df_task_free(task);
}

/* ---- files ---- */

#define FILE_PATH test_file("flow.safetensors")

static void a_loaded_checkpoint_samples_the_same_bytes(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  df_flow *flow = new_flow(task, DF_DECODE_ROLLOUT, 2), *other = new_flow(task, DF_DECODE_ROLLOUT, 2);
  train(flow);
  assert_int_equal(df_flow_save(flow, FILE_PATH), DF_OK);
  double *x, *u, *y, *v;
  sample(flow, task, 2, 1, &x, &u);
  sample(other, task, 2, 1, &y, &v);
  assert_int_not_equal(memcmp(u, v, bytes_u(task)), 0);
  df_free(y);
  df_free(v);
  /* the statistics come from the file, too */
  df_chart_get_statistics(task->chart).mean[0] += 1;
  assert_int_equal(df_flow_load(other, FILE_PATH), DF_OK);
  sample(other, task, 2, 1, &y, &v);
  assert_memory_equal(u, v, bytes_u(task));
  assert_memory_equal(x, y, bytes_x(task));
  df_free(x);
  df_free(u);
  df_free(y);
  df_free(v);
  df_flow_free(flow);
  df_flow_free(other);
  df_task_free(task);
  unlink(FILE_PATH);
}

static void a_checkpoint_of_another_task_model_or_method_is_refused_by_name(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, 1);
  assert_int_equal(df_flow_save(flow, FILE_PATH), DF_OK);
  snprintf(task->config.task_name, sizeof task->config.task_name, "giant");
  assert_int_equal(df_flow_load(flow, FILE_PATH), DF_E_MISMATCH);
  assert_non_null(strstr(df_error_message(), "tiny"));
  assert_non_null(strstr(df_error_message(), "giant"));
  assert_non_null(strstr(df_error_message(), FILE_PATH));
  snprintf(task->config.task_name, sizeof task->config.task_name, "tiny");

  task->model_sha256[0] = task->model_sha256[0] == 'a' ? 'b' : 'a';
  assert_int_equal(df_flow_load(flow, FILE_PATH), DF_E_MISMATCH);
  assert_non_null(strstr(df_error_message(), "model_sha256"));
  task->model_sha256[0] = task->model_sha256[0] == 'a' ? 'b' : 'a';

  const df_method_env env = env_of(task, 1);
  df_flow* other;
  assert_int_equal(df_flow_new(&env, "another", DF_DECODE_ROLLOUT, &other), DF_OK);
  assert_int_equal(df_flow_load(other, FILE_PATH), DF_E_MISMATCH);
  df_flow_free(other);

  /* half a file is no file */
  char* data;
  size_t n;
  assert_int_equal(df_file_read(FILE_PATH, &data, &n), DF_OK);
  assert_int_equal(df_file_write(FILE_PATH, data, n / 2), DF_OK);
  assert_int_equal(df_flow_load(flow, FILE_PATH), DF_E_FORMAT);
  df_free(data);
  assert_int_equal(df_flow_load(flow, test_file("none")), DF_E_MISSING);
  df_flow_free(flow);
  df_task_free(task);
  unlink(FILE_PATH);
}

/* ---- limits ---- */

static void training_stops_when_asked_and_says_so(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  volatile sig_atomic_t stop = 1;
  df_method_env env = env_of(task, 1);
  env.stop = &stop;
  df_flow* flow;
  df_training_log log;
  assert_int_equal(df_flow_new(&env, "test", DF_DECODE_ROLLOUT, &flow), DF_OK);
  assert_int_equal(df_flow_train(flow, &log), DF_E_INTERRUPTED);
  df_flow_free(flow);
  df_task_free(task);
}

/* asks training to stop once it has made so many steps */
typedef struct stopper {
  volatile sig_atomic_t stop;
  long at;
} stopper;

static void stop_at(void* context, const char* what, long done, long total, double loss) {
  stopper* s = context;
  (void)what, (void)total, (void)loss;
  if (done == s->at) s->stop = 1;
}

static void a_training_stopped_anywhere_and_taken_up_again_gives_the_same_bytes(void** state) {
  (void)state;
  const char* folder = test_folder();
  const char* file = test_file("test.state");
  df_task* task = tiny_task_new();
  for (int d = DF_DECODE_STATES; d <= DF_DECODE_TRACKING; d++) {
    df_flow* whole = new_flow(task, (df_decoder)d, 1);
    const df_training_log expected = train(whole);
    const size_t n = whole->trainer->n * sizeof(df_real);
    unlink(file);
    static df_training_log log;
    for (long k = 1; k <= 19; k += 6) {
      stopper s = {.at = k};
      df_method_env env = env_of(task, 2);
      env.stop = &s.stop;
      env.progress = stop_at;
      env.progress_context = &s;
      env.state_folder = folder;
      env.state_identity = "this";
      env.state_every = 1e9;
      df_flow* part;
      assert_int_equal(df_flow_new(&env, "test", (df_decoder)d, &part), DF_OK);
      assert_int_equal(df_flow_train(part, &log), DF_E_INTERRUPTED);
      assert_int_equal(log.steps, k);
      df_flow_free(part);
    }
    df_method_env env = env_of(task, 1);
    env.state_folder = folder;
    env.state_identity = "that";
    df_flow* rest;
    assert_int_equal(df_flow_new(&env, "test", (df_decoder)d, &rest), DF_OK);
    assert_int_equal(df_flow_train(rest, &log), DF_E_MISMATCH);
    assert_non_null(strstr(df_error_message(), file));
    df_flow_free(rest);
    env.state_identity = "this";
    assert_int_equal(df_flow_new(&env, "test", (df_decoder)d, &rest), DF_OK);
    assert_int_equal(df_flow_train(rest, &log), DF_OK);
    assert_memory_equal(rest->trainer->average, whole->trainer->average, n);
    assert_memory_equal(rest->trainer->parameters, whole->trainer->parameters, n);
    assert_int_equal(log.n, expected.n);
    assert_memory_equal(log.loss, expected.loss, sizeof expected.loss);
    assert_memory_equal(log.step, expected.step, sizeof expected.step);
    df_flow_free(rest);
    df_flow_free(whole);
  }
  unlink(file);
  df_task_free(task);
}

static void settings_that_cannot_work_are_refused(void** state) {
  (void)state;
  df_config config = tiny_config();
  config.train_slices = config.train_batch + 1;
  df_task* task = tiny_task_with(&config);
  const df_method_env env = env_of(task, 1);
  df_flow* flow;
  assert_int_equal(df_flow_new(&env, "test", DF_DECODE_ROLLOUT, &flow), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "train.slices"));
  assert_null(flow);
  task->config.train_slices = 1;
  df_free(task->data->actions);
  task->data->actions = NULL;
  assert_int_equal(df_flow_new(&env, "test", DF_DECODE_ACTIONS, &flow), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "actions"));
  /* DynaFlow learns from states only */
  df_training_log log;
  assert_int_equal(df_flow_new(&env, "test", DF_DECODE_ROLLOUT, &flow), DF_OK);
  assert_int_equal(df_flow_train(flow, &log), DF_OK);
  df_flow_free(flow);
  df_task_free(task);
}

static void a_failed_allocation_leaks_nothing(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  const df_method_env env = env_of(task, 1);
  for (size_t n = 1;; n++) {
    df_flow* flow;
    df_alloc_fail_at(n);
    const df_status status = df_flow_new(&env, "test", DF_DECODE_ROLLOUT, &flow);
    df_alloc_fail_at(0);
    if (status == DF_OK) {
      assert_true(n > 10);
      df_flow_free(flow);
      break;
    }
    assert_int_equal(status, DF_E_NOMEM);
    assert_null(flow);
  }
  df_task_free(task);
}

static void inverse_dynamics_learns_the_actions(void** state) {
  (void)state;
  df_config config = tiny_config();
  config.inverse_steps = 600;
  config.inverse_batch = 64;
  config.inverse_width = 32;
  config.inverse_rate = 0.01;
  df_task* task = tiny_task_with(&config);
  const df_method_env env = env_of(task, 2);
  df_inverse* inverse;
  df_training_log log;
  assert_int_equal(df_inverse_new(&env, &inverse), DF_OK);
  assert_int_equal(df_inverse_train(inverse, &log), DF_OK);
  /* normalised actions have variance 1: a fifth in the mean square says that they are known, not guessed */
  assert_true(log.loss[log.n - 1] < 0.2);
  const df_window w = task->windows->test[0];
  double u[64];
  assert_int_equal(df_inverse_actions(inverse, 1, 8, df_dataset_state(task->data, w.episode, w.start), u), DF_OK);
  const double* truth = df_dataset_action(task->data, w.episode, w.start);
  double error = 0, size = 0;
  for (int i = 0; i < 8 * task->system->nu; i++) {
    error += (u[i] - truth[i]) * (u[i] - truth[i]);
    size += truth[i] * truth[i];
  }
  assert_true(error < 0.3 * size);
  df_inverse_free(inverse);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(returned_actions_reproduce_the_returned_states_bit_for_bit),
      cmocka_unit_test(threads_do_not_change_weights_samples_or_files),
      cmocka_unit_test(a_bounded_tape_changes_no_weight),
      cmocka_unit_test(a_tape_too_small_ends_the_training_with_the_reason),
      cmocka_unit_test(the_seed_changes_the_sample),
      cmocka_unit_test(the_slice_gradient_is_the_slope_of_the_loss_for_every_decoder),
      cmocka_unit_test(training_lowers_the_loss_of_every_decoder),
      cmocka_unit_test(the_condition_holds_no_future),
      cmocka_unit_test(sampling_is_euler_steps_from_training_noise),
      cmocka_unit_test(targets_are_the_frames_after_the_first),
      cmocka_unit_test(returned_actions_stay_in_the_box),
      cmocka_unit_test(a_loaded_checkpoint_samples_the_same_bytes),
      cmocka_unit_test(a_checkpoint_of_another_task_model_or_method_is_refused_by_name),
      cmocka_unit_test(training_stops_when_asked_and_says_so),
      cmocka_unit_test(a_training_stopped_anywhere_and_taken_up_again_gives_the_same_bytes),
      cmocka_unit_test(settings_that_cannot_work_are_refused),
      cmocka_unit_test(a_failed_allocation_leaks_nothing),
      cmocka_unit_test(inverse_dynamics_learns_the_actions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
