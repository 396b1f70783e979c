/* Policies in closed loop, on a linear system whose answers are known in closed form, and against a naive program. */
#include "dynaflow/flow/policy.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/nn/blas.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/rollout.h"
#include "near.h"
#include "policy_internal.h"
#include "test_file.h"
#include "tiny_task.h"
#include "unit.h"

/* x = [p, v], u [1]: v' = v + DT u, p' = p + DT v' */
enum { NX = 2, H = 4, EPISODES = 60, LENGTH = 9, WIDTH = 48, B = 12, CHUNK = 3, EXECUTE = 2, STEPS = 4 };
static const double DT = 0.1, MEAN = 0.3, STD = 0.5;
#define FILE_PATH test_file("policy.safetensors")

static void require(df_status status) {
  if (status == DF_OK) return;
  fprintf(stderr, "%s\n", df_error_message());
  exit(1);
}

static df_config linear_config(void) {
  df_config c = tiny_config();
  c.window_horizon = H;
  c.split_test_every = 3;
  c.chart_relative = (df_names){.n = 1};
  snprintf(c.chart_relative.v[0], DF_NAME_MAX, "p");
  c.action_center = (df_list){.n = 1, .v = {0.1}};
  c.action_half_range = (df_list){.n = 1, .v = {1.7}};
  snprintf(c.net_kind, sizeof c.net_kind, "mlp");
  c.net_width = WIDTH;
  c.net_depth = 2;
  c.bc_width = c.dap_width = WIDTH;
  c.bc_depth = c.dap_depth = 2;
  c.dap_chunk = CHUNK;
  c.dap_execute = EXECUTE;
  c.dap_random_episodes = 40;
  c.act_chunk_length = CHUNK;
  c.act_chunk_decay = 0.7;
  c.train_steps = c.dap_steps = 30;
  c.train_batch = c.dap_batch = 24;
  c.train_slices = 3;
  c.train_ema = 0.98;
  c.flow_sigma = 0.8;
  return c;
}

static df_task* linear_task(const df_config* config) {
  static const char* const model =
      "<mujoco><option timestep='0.1' integrator='Euler' iterations='100' gravity='0 0 0'/><worldbody><body>"
      "<joint name='p' type='slide' axis='1 0 0'/><geom size='0.1' mass='1'/></body></worldbody>"
      "<actuator><motor joint='p' ctrllimited='true' ctrlrange='-4 4'/></actuator></mujoco>";
  require(df_blas_open(&(df_blas_cfg){.threads = 4}));
  df_task* task = df_alloc(1, sizeof *task);
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  task->config = *config;
  require(df_mujoco_system_from_xml(model, "linear.xml", &cfg, &task->system));
  require(df_sha256(model, strlen(model), task->model_sha256));
  require(df_dataset_new(&(df_dataset_shape){.episodes = EPISODES, .length = LENGTH, .nx = NX, .nu = 1, .dt = DT},
                         &task->data));
  for (int e = 0; e < EPISODES; e++) {
    double draw[LENGTH + 2], *x = task->data->states + e * (LENGTH + 1) * NX;
    df_rng_normal(11, DF_STREAM_TEST, (uint64_t)e, LENGTH + 2, draw);
    x[0] = draw[0], x[1] = 0.1 * draw[1];
    for (int t = 0; t < LENGTH; t++) {
      double* u = task->data->actions + e * LENGTH + t;
      *u = MEAN + STD * draw[2 + t];
      x[(t + 1) * NX + 1] = x[t * NX + 1] + DT * *u;
      x[(t + 1) * NX] = x[t * NX] + DT * x[(t + 1) * NX + 1];
    }
  }
  require(df_windows_new(task->data, config, &task->windows));
  require(df_chart_new(task->system, config, &task->chart));
  require(df_chart_fit(task->chart, task->data, task->windows));
  return task;
}

static df_policy* new_policy(const df_task* task, df_policy_kind kind, int threads) {
  const df_method_env env = {.task = task, .seed = 3, .threads = threads};
  df_policy* m = NULL;
  require(df_policy_new(&env, kind, &m));
  return m;
}

static void train(df_policy* m) {
  static df_training_log logs[DF_LOGS_MAX];
  int n = 0;
  require(df_policy_train(m, logs, &n));
  assert_int_equal(n, m->dynamics ? 2 : 1);
  /* the simulation of the random data is a part of the training of the dynamics */
  if (m->dynamics) assert_true(m->dynamics->earlier_cpu_s > 0 && logs[1].cpu_s >= m->dynamics->earlier_cpu_s);
}

/* start states of held-out windows */
static df_request request_of(const df_task* task, int steps) {
  static double x0[B * NX];
  for (int b = 0; b < B; b++) {
    const df_window w = task->windows->test[b % task->windows->n_test];
    memcpy(x0 + b * NX, df_dataset_state(task->data, w.episode, w.start), NX * sizeof *x0);
  }
  return (df_request){.B = B, .x0 = x0, .seed = 9, .first_index = 5, .sampler_steps = steps};
}

static void sample(df_policy* m, int steps, double* x, double* u) {
  const df_request r = request_of(m->env.task, steps);
  require(df_policy_sample(m, &r, x, u));
}

/* ---- a naive program: the networks and the sampler in double precision, from the formulas of policy.h ---- */

static double silu(double v) {
  return v / (1 + exp(-v));
}

/* an MLP; its parameters lie in the order first layer by kind of input, bias, hidden layers, last layer */
static void naive_mlp(const df_net* net, const df_real* p, const double* x, const double* c, double t, double* y) {
  const df_net_cfg* cfg = df_net_get_cfg(net);
  const int parts[3] = {cfg->tokens * cfg->in, cfg->cond, cfg->flow_time ? 32 : 0};
  double time[32], h[WIDTH] = {0}, below[WIDTH];
  for (int i = 0; i < 16; i++) {
    const double w = 0.5 * pow(200, i / 15.0);
    time[2 * i] = sin(w * t), time[2 * i + 1] = cos(w * t);
  }
  const double* const inputs[3] = {x, c, time};
  for (int k = 0; k < 3; k++) {
    for (int j = 0; j < WIDTH; j++)
      for (int i = 0; i < parts[k]; i++) h[j] += (double)*p++ * inputs[k][i];
  }
  for (int j = 0; j < WIDTH; j++) h[j] = silu(h[j] + (double)*p++);
  for (int layer = 1; layer <= cfg->depth; layer++) {
    const bool last = layer == cfg->depth;
    const int rows = last ? cfg->tokens * cfg->out : WIDTH;
    memcpy(below, h, sizeof h);
    for (int j = 0; j < rows; j++) {
      double sum = (double)p[rows * WIDTH + j];
      for (int i = 0; i < WIDTH; i++) sum += (double)p[j * WIDTH + i] * below[i];
      if (last) y[j] = sum;
      if (!last) h[j] = silu(sum);
    }
    p += rows * WIDTH + rows;
  }
}

/* what the naive program knows of a policy: units, from the demonstrations and the formulas of docs/dap.md */
typedef struct naive {
  const df_policy* m;
  double mean[NX], std[NX], context_mean[NX], context_std[NX], u_mean, u_std;
} naive;

static naive naive_of(const df_policy* m) {
  const df_chart_statistics s = df_chart_get_statistics(m->env.task->chart);
  naive n = {.m = m, .u_mean = s.action_mean[0], .u_std = s.action_std[0]};
  for (int i = 0; i < NX; i++) {
    n.mean[i] = s.mean[i], n.std[i] = s.std[i];
    n.context_mean[i] = s.context_mean[i], n.context_std[i] = s.context_std[i];
  }
  return n;
}

/* the state as the networks see it: p relative to itself */
static void naive_context(const naive* n, const double* x, double* out) {
  out[0] = (0 - n->context_mean[0]) / n->context_std[0];
  out[1] = (x[1] - n->context_mean[1]) / n->context_std[1];
}

/* y: in units of the dynamics; NULL: unknown */
static void naive_policy(const naive* n, const double* x, const double* a, double t, const double* y, double* out) {
  double c[NX + NX + 1] = {0};
  naive_context(n, x, c);
  for (int i = 0; y && i < NX; i++) {
    const double told = y[i] * (double)n->m->dynamics_unit[i] / (double)n->m->change_unit[i];
    c[NX + i] = fmin(fmax(told, -8), 8);
  }
  c[2 * NX] = y ? 1 : 0;
  naive_mlp(n->m->net, n->m->trainer->average, a, c, t, out);
}

static void naive_dynamics(const naive* n, const double* x, const double* y, double t, const double* a, double* out) {
  double c[NX + EXECUTE];
  naive_context(n, x, c);
  for (int k = 0; k < n->m->execute; k++) c[NX + k] = (n->u_mean + n->u_std * a[k] - 0.1) / 1.7;
  naive_mlp(n->m->dynamics_net, n->m->dynamics->average, y, c, t, out);
}

static void euler(int n, const double* end, int k, int K, double* v) {
  const double t = (double)k / K;
  for (int i = 0; i < n; i++) v[i] = k + 1 == K ? end[i] : v[i] + (end[i] - v[i]) / (1 - t) / K;
}

/* the chunk of a policy in state x from base samples noise [chunk + NX]; and the estimates at every step */
static void naive_chunk(const naive* n, const char* feedback, const double* x, const double* noise, int K, double* a,
                        double (*actions)[CHUNK], double (*changes)[NX]) {
  const int chunk = n->m->chunk;
  const double sigma = n->m->env.task->config.flow_sigma;
  double y[NX], a0[CHUNK], a_est[CHUNK], y_est[NX], a_new[CHUNK];
  for (int k = 0; k < chunk; k++) a[k] = a0[k] = sigma * noise[k];
  for (int i = 0; i < NX; i++) y[i] = sigma * noise[chunk + i];

  if (strcmp(feedback, "mutual") == 0) {
    naive_policy(n, x, a, 0, NULL, a_est);
    naive_dynamics(n, x, y, 0, a_est, y_est);
    for (int k = 0; k < K; k++) {
      const double t = (double)k / K;
      double y_new[NX];
      naive_policy(n, x, a, t, y_est, a_new);
      naive_dynamics(n, x, y, t, a_est, y_new); /* at k = 0 the same as before the loop */
      memcpy(a_est, a_new, sizeof a_est);
      memcpy(y_est, y_new, sizeof y_est);
      if (actions) memcpy(actions[k], a_est, sizeof a_est);
      if (changes) memcpy(changes[k], y_est, sizeof y_est);
      euler(chunk, a_est, k, K, a);
      euler(NX, y_est, k, K, y);
    }
    return;
  }
  for (int k = 0; k < K; k++) {
    naive_policy(n, x, a, (double)k / K, NULL, a_est);
    euler(chunk, a_est, k, K, a);
  }
  if (strcmp(feedback, "none") == 0) return;
  for (int k = 0; k < K; k++) {
    naive_dynamics(n, x, y, (double)k / K, a, y_est);
    euler(NX, y_est, k, K, y);
  }
  memcpy(a, a0, (size_t)chunk * sizeof *a);
  for (int k = 0; k < K; k++) {
    naive_policy(n, x, a, (double)k / K, y, a_est);
    euler(chunk, a_est, k, K, a);
  }
}

/* the first states and actions of window b of a request by the naive program */
static void naive_window(const naive* n, const char* feedback, const df_request* r, int b, double* x, double* u) {
  const int each = n->m->chunk + (strcmp(feedback, "none") == 0 ? 0 : NX);
  double noise[H * (CHUNK + NX)], a[CHUNK];
  df_rng_normal(r->seed, DF_STREAM_SAMPLE_NOISE, r->first_index + (uint64_t)b, H * (CHUNK + NX), noise);
  memcpy(x, r->x0 + b * NX, NX * sizeof *x);
  for (int t = 0; t < H; t++) {
    if (t % n->m->execute == 0) {
      naive_chunk(n, feedback, x + t * NX, noise + t / n->m->execute * each, r->sampler_steps, a, NULL, NULL);
    }
    u[t] = fmin(fmax(n->u_mean + n->u_std * a[t % n->m->execute], -4), 4);
    x[(t + 1) * NX + 1] = x[t * NX + 1] + DT * u[t];
    x[(t + 1) * NX] = x[t * NX] + DT * x[(t + 1) * NX + 1];
  }
}

/* ---- what the networks learn on a linear system with Gaussian actions ---- */

static df_policy* gaussian(df_task** task) {
  df_config c = linear_config();
  c.dap_chunk = c.dap_execute = 1;
  c.train_steps = c.dap_steps = 2500;
  c.train_batch = c.dap_batch = 96;
  c.train_rate = c.dap_rate = 0.004;
  c.dap_estimated_share = 0;
  c.dap_action_noise = 0;
  *task = linear_task(&c);
  df_policy* m = new_policy(*task, DF_POLICY_DAP, 1);
  train(m);
  return m;
}

static void the_extrapolation_is_that_of_a_gaussian_and_the_next_state_tells_the_action(void** state) {
  (void)state;
  df_task* task;
  df_policy* m = gaussian(&task);
  policy_worker* w = &m->worker[0];
  const double sigma = 0.8;
  double worst = 0, told = 0, predicted = 0;
  for (int k = 0; k < task->windows->n_test; k++) {
    const transition s = policy_demonstrated(m, task->windows->test[k], 0);
    double a, y[NX], noise[1 + NX];
    policy_normalise(m, s.u, 1, &a);
    policy_change(m, &s, y);
    policy_observe(m, w, 0, s.x, NULL);

    /* a ~ N(0, 1) in its units, so E[a | a^tau] = tau a^tau / ((1 - tau)^2 sigma^2 + tau^2) */
    for (int i = 0; i < 4; i++) {
      const double t = 0.25 * i, at = 0.6 * ((k % 5) - 2) * sqrt((1 - t) * (1 - t) * sigma * sigma + t * t);
      const double wanted = t * at / ((1 - t) * (1 - t) * sigma * sigma + t * t);
      w->a_t[0] = (df_real)at;
      w->t[0] = (df_real)t;
      policy_tell_change(m, w, 0, NULL);
      policy_predict(m, w, 1, m->trainer->average);
      worst = fmax(worst, fabs((double)w->out[0] - wanted));
    }

    /* told the true next state, the policy has no choice; and the dynamics has none given the action */
    df_real exact[NX] = {(df_real)y[0], (df_real)y[1]};
    df_rng_normal(1, DF_STREAM_TEST, (uint64_t)k, 1 + NX, noise);
    policy_generate_given(m, w, noise, STEPS, exact);
    told += pow(w->a[0] - a, 2) / task->windows->n_test;
    policy_generate_change(m, w, noise, STEPS, &a);
    for (int i = 0; i < NX; i++) predicted += pow(w->y[i] - y[i], 2) / NX / task->windows->n_test;
  }
  /* trained on the actions of 240 transitions: a mean is off by 1/sqrt(240) = 0.06, and three times that at the ends;
   * what is determined is learned to the precision of the training */
  assert_true(worst < 0.25);
  assert_true(sqrt(told) < 0.06);
  assert_true(sqrt(predicted) < 0.02);
  df_policy_free(m);
  df_task_free(task);
}

/* ---- sampling ---- */

static void every_feedback_is_that_of_the_naive_program(void** state) {
  (void)state;
  static const char* const feedback[] = {"none", "once", "mutual"};
  df_config c = linear_config();
  c.train_steps = c.dap_steps = 150;
  c.train_rate = c.dap_rate = 0.01;
  df_task* task = linear_task(&c);
  df_policy* trained = new_policy(task, DF_POLICY_DAP, 1);
  train(trained);
  require(df_policy_save(trained, FILE_PATH));
  double all[3][B * H];
  for (int f = 0; f < 3; f++) {
    /* the same weights: the setting changes how they are used */
    snprintf(task->config.dap_feedback, sizeof task->config.dap_feedback, "%s", feedback[f]);
    df_policy* m = new_policy(task, DF_POLICY_DAP, 2);
    require(df_policy_load(m, FILE_PATH));
    assert_memory_equal(m->trainer->average, trained->trainer->average, m->trainer->n * sizeof(df_real));
    assert_int_equal(m->dynamics != NULL, f > 0);
    double x[B * (H + 1) * NX], u[B * H];
    for (int K = 1; K <= STEPS; K += STEPS - 1) {
      sample(m, K, x, u);
      const naive n = naive_of(m);
      const df_request r = request_of(task, K);
      for (int b = 0; b < B; b++) {
        double nx[(H + 1) * NX], nu[H];
        naive_window(&n, feedback[f], &r, b, nx, nu);
        /* single precision of the networks */
        for (int t = 0; t < H; t++) assert_near(u[b * H + t], nu[t], 2e-5);
        for (int k = 0; k < (H + 1) * NX; k++) assert_near(x[b * (H + 1) * NX + k], nx[k], 2e-5);
      }
    }
    memcpy(all[f], u, sizeof u);
    df_policy_free(m);
  }
  /* and the three differ */
  for (int f = 0; f < 3; f++) {
    double apart = 0;
    for (int k = 0; k < B * H; k++) apart = fmax(apart, fabs(all[f][k] - all[(f + 1) % 3][k]));
    assert_true(apart > 1e-3);
  }
  df_policy_free(trained);
  df_task_free(task);
}

static void actions_of_chunks_are_means_weighted_by_age(void** state) {
  (void)state;
  const df_config c = linear_config();
  df_task* task = linear_task(&c);
  df_policy* m = new_policy(task, DF_POLICY_ACT_CHUNK, 1);
  train(m);
  double x[B * (H + 1) * NX], u[B * H];
  sample(m, 1, x, u);
  const naive n = naive_of(m);
  static const double zero[CHUNK];
  for (int b = 0; b < B; b++) {
    double plan[H][CHUNK];
    for (int t = 0; t < H; t++) {
      double cond[NX];
      naive_context(&n, x + (b * (H + 1) + t) * NX, cond);
      naive_mlp(m->net, m->trainer->average, zero, cond, 0, plan[t]);
      double sum = 0, weights = 0;
      for (int age = 0; age <= (t < CHUNK - 1 ? t : CHUNK - 1); age++) {
        const int oldest = t < CHUNK - 1 ? t : CHUNK - 1;
        const double weight = exp(-0.7 * (oldest - age));
        sum += weight * plan[t - age][age];
        weights += weight;
      }
      assert_near(u[b * H + t], n.u_mean + n.u_std * sum / weights, 2e-5);
    }
  }
  df_policy_free(m);
  df_task_free(task);
}

static void behaviour_cloning_is_one_pass_per_action(void** state) {
  (void)state;
  const df_config c = linear_config();
  df_task* task = linear_task(&c);
  df_policy* m = new_policy(task, DF_POLICY_BC, 1);
  train(m);
  double x[B * (H + 1) * NX], u[B * H];
  sample(m, 1, x, u);
  const naive n = naive_of(m);
  const double zero = 0;
  for (int k = 0; k < B * H; k++) {
    double cond[NX], a;
    naive_context(&n, x + (k / H * (H + 1) + k % H) * NX, cond);
    naive_mlp(m->net, m->trainer->average, &zero, cond, 0, &a);
    assert_near(u[k], n.u_mean + n.u_std * a, 2e-5);
  }
  df_policy_free(m);
  df_task_free(task);
}

static void the_returned_states_are_those_of_the_returned_actions(void** state) {
  (void)state;
  const df_config c = tiny_config();
  df_task* task = tiny_task_with(&c);
  const size_t nx = (size_t)task->system->nx, nu = (size_t)task->system->nu, length = 8;
  for (df_policy_kind kind = DF_POLICY_BC; kind <= DF_POLICY_DAP; kind++) {
    df_policy* m = new_policy(task, kind, 2);
    double *x = df_alloc((length + 1) * nx * 4, sizeof *x), *u = df_alloc(length * nu * 4, sizeof *u),
           *again = df_alloc((length + 1) * nx, sizeof *again), x0[64], condition[4] = {0, 1, 0, 1};
    for (size_t b = 0; b < 4; b++) {
      const df_window w = task->windows->test[b];
      memcpy(x0 + b * nx, df_dataset_state(task->data, w.episode, w.start), nx * sizeof *x0);
    }
    const df_request r = {.B = 4, .x0 = x0, .condition = condition, .seed = 2, .sampler_steps = 2};
    require(df_policy_sample(m, &r, x, u));
    df_sim* sim;
    require(df_sim_new(task->system, 0, &sim));
    for (size_t b = 0; b < 4; b++) {
      assert_int_equal(df_trajectory_run(task->system, sim, (int)length, x0 + b * nx, u + b * length * nu, again),
                       DF_TRAJ_COMPLETE);
      assert_memory_equal(again, x + b * (length + 1) * nx, (length + 1) * nx * sizeof *again);
    }
    df_sim_free(task->system, sim);
    df_free(x);
    df_free(u);
    df_free(again);
    df_policy_free(m);
  }
  df_task_free(task);
}

/* ---- training ---- */

static void bits_do_not_depend_on_threads(void** state) {
  (void)state;
  const df_config c = linear_config();
  df_task* task = linear_task(&c);
  for (df_policy_kind kind = DF_POLICY_BC; kind <= DF_POLICY_DAP; kind++) {
    double first_x[B * (H + 1) * NX], first_u[B * H], x[B * (H + 1) * NX], u[B * H];
    df_diagnostics first = {.n_gates = 0}, d;
    for (int threads = 1; threads <= 4; threads *= 2) {
      df_policy* m = new_policy(task, kind, threads);
      train(m);
      sample(m, STEPS, x, u);
      require(df_policy_diagnose(m, &d));
      if (threads == 1) memcpy(first_x, x, sizeof x), memcpy(first_u, u, sizeof u), first = d;
      assert_memory_equal(x, first_x, sizeof x);
      assert_memory_equal(u, first_u, sizeof u);
      assert_int_equal(d.n_gates, kind == DF_POLICY_DAP ? 3 : 0);
      for (int i = 0; i < d.n_gates; i++) assert_true(d.gate[i].value == first.gate[i].value);
      for (int i = 0; i < d.n_curves; i++)
        assert_memory_equal(d.curve[i].value, first.curve[i].value, sizeof d.curve[i].value);
      df_policy_free(m);
    }
  }
  df_task_free(task);
}

static volatile sig_atomic_t stop;
static long stop_after;
static void stop_there(void* context, const df_progress* at) {
  (void)at;
  long* steps = context;
  if (++*steps == stop_after) stop = 1;
}

static void a_resumed_training_has_the_same_bits(void** state) {
  (void)state;
  const df_config c = linear_config();
  df_task* task = linear_task(&c);
  df_policy* whole = new_policy(task, DF_POLICY_DAP, 1);
  train(whole);
  char folder[256];
  snprintf(folder, sizeof folder, "%s", test_file("policy.states"));
  require(df_dir_make(folder));
  /* once within the dynamics, of 30 steps, and once within the policy */
  long steps = 0;
  df_method_env env = {.task = task,
                       .seed = 3,
                       .threads = 2,
                       .stop = &stop,
                       .progress = stop_there,
                       .progress_context = &steps,
                       .state_folder = folder,
                       .state_every = 1e9};
  df_policy* m = NULL;
  df_status status = DF_E_INTERRUPTED;
  static const long stops[] = {11, 42, 1000};
  for (int i = 0; i < 3; i++) {
    static df_training_log logs[DF_LOGS_MAX];
    int n;
    df_policy_free(m);
    stop = 0;
    stop_after = stops[i];
    require(df_policy_new(&env, DF_POLICY_DAP, &m));
    status = df_policy_train(m, logs, &n);
    assert_int_equal(status, i < 2 ? DF_E_INTERRUPTED : DF_OK);
  }
  assert_memory_equal(m->trainer->average, whole->trainer->average, m->trainer->n * sizeof(df_real));
  assert_memory_equal(m->dynamics->average, whole->dynamics->average, m->dynamics->n * sizeof(df_real));
  assert_memory_equal(m->dynamics_unit, whole->dynamics_unit, NX * sizeof(df_real));
  for (int i = 0; i < 4; i++) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s.state%s", folder, i < 2 ? "dap" : "dap_dynamics", i % 2 ? ".previous" : "");
    unlink(path);
  }
  rmdir(folder);
  df_policy_free(m);
  df_policy_free(whole);
  df_task_free(task);
}

/* without a sample that is told anything, the training is that of a policy alone */
static void shares_say_what_samples_are_told(void** state) {
  (void)state;
  df_config c = linear_config();
  df_real *alone = NULL, *weights = NULL;
  size_t n = 0;
  static const struct {
    const char* feedback;
    double null_share, estimated_share;
    bool as_alone;
  } cases[] = {{"none", 0, 0, true}, {"mutual", 1, 0, true}, {"mutual", 0, 0, false}, {"mutual", 0, 1, false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    snprintf(c.dap_feedback, sizeof c.dap_feedback, "%s", cases[i].feedback);
    c.dap_null_share = cases[i].null_share;
    c.dap_estimated_share = cases[i].estimated_share;
    df_task* task = linear_task(&c);
    df_policy* m = new_policy(task, DF_POLICY_DAP, 1);
    train(m);
    n = m->trainer->n * sizeof(df_real);
    if (i == 0) alone = df_alloc(n, 1), weights = df_alloc(n, 1);
    if (i == 0) memcpy(alone, m->trainer->average, n);
    assert_int_equal(memcmp(alone, m->trainer->average, n) == 0, cases[i].as_alone);
    /* an estimate is not the truth */
    if (i == 2) memcpy(weights, m->trainer->average, n);
    if (i == 3) assert_true(memcmp(weights, m->trainer->average, n) != 0);
    df_policy_free(m);
    df_task_free(task);
  }
  df_free(alone);
  df_free(weights);
}

/* ---- random data ---- */

static void random_data_are_simulated_from_the_starts_of_the_task(void** state) {
  (void)state;
  const df_config c = linear_config();
  df_task* task = linear_task(&c);
  df_policy* m = new_policy(task, DF_POLICY_DAP, 2);
  for (int held_out = 0; held_out < 2; held_out++) {
    policy_random r, again;
    require(policy_random_make(m, 300, held_out, &r));
    require(policy_random_make(m, 20, held_out, &again));
    assert_int_equal(r.n, 300);
    assert_memory_equal(r.u, again.u, 20 * H * sizeof(double));
    const df_window* windows = held_out ? task->windows->test : task->windows->train;
    const int n = held_out ? task->windows->n_test : task->windows->n_train;
    int held = 0;
    double sum = 0, squares = 0;
    for (int e = 0; e < r.n; e++) {
      const double *x = r.x + e * (H + 1) * NX, *u = r.u + e * H;
      bool known = false;
      for (int k = 0; k < n; k++)
        known |= memcmp(x, df_dataset_state(task->data, windows[k].episode, windows[k].start), NX * sizeof *x) == 0;
      assert_true(known);
      for (int t = 0; t < H; t++) {
        assert_true(u[t] >= 0.1 - 1.7 && u[t] <= 0.1 + 1.7);
        assert_near(x[(t + 1) * NX + 1], x[t * NX + 1] + DT * u[t], 1e-12);
        if (t > 0) held += u[t] == u[t - 1];
        sum += u[t] / (r.n * H);
        squares += pow(u[t] - 0.1, 2) / (r.n * H);
      }
    }
    /* held with probability 1/2; uniform: mean 0.1, variance 1.7^2 / 3. Four standard errors of about 600 draws */
    assert_true(fabs(held / (300.0 * (H - 1)) - 0.5) < 4 * 0.5 / sqrt(900));
    assert_true(fabs(sum - 0.1) < 4 * 0.98 / sqrt(600) && fabs(squares - 0.963) < 4 * 0.87 / sqrt(600));
    policy_random_clear(&r);
    policy_random_clear(&again);
  }
  df_policy_free(m);
  df_task_free(task);
}

static void the_unit_of_changes_is_that_of_the_mixture(void** state) {
  (void)state;
  df_config c = linear_config();
  c.dap_random_share = 0.3;
  df_task* task = linear_task(&c);
  df_policy* m = new_policy(task, DF_POLICY_DAP, 1);
  train(m);
  const naive n = naive_of(m);
  const int frames = H - EXECUTE + 1;
  double shown[NX] = {0}, random[NX] = {0};
  for (int k = 0; k < task->windows->n_train; k++) {
    const df_window w = task->windows->train[k];
    const double* x = df_dataset_state(task->data, w.episode, w.start + k % frames);
    for (int i = 0; i < NX; i++) shown[i] += pow((x[EXECUTE * NX + i] - x[i]) / n.std[i], 2) / task->windows->n_train;
  }
  policy_random r;
  require(policy_random_make(m, c.dap_random_episodes, false, &r));
  for (int k = 0; k < r.n; k++) {
    const double* x = r.x + (k * (H + 1) + k % frames) * NX;
    for (int i = 0; i < NX; i++) random[i] += pow((x[EXECUTE * NX + i] - x[i]) / n.std[i], 2) / r.n;
  }
  for (int i = 0; i < NX; i++) {
    assert_near((double)m->change_unit[i], sqrt(shown[i]), 1e-5);
    assert_near((double)m->dynamics_unit[i], sqrt(0.7 * shown[i] + 0.3 * random[i]), 1e-5);
  }
  policy_random_clear(&r);
  df_policy_free(m);
  df_task_free(task);
}

/* ---- diagnostics ---- */

static void the_diagnostics_are_those_of_the_naive_program(void** state) {
  (void)state;
  enum { WINDOWS = 256, FLOW_STEPS = 8 };
  df_config c = linear_config();
  c.train_steps = c.dap_steps = 150;
  c.train_rate = c.dap_rate = 0.01;
  df_task* task = linear_task(&c);
  df_policy* m = new_policy(task, DF_POLICY_DAP, 2);
  train(m);
  df_diagnostics d;
  require(df_policy_diagnose(m, &d));
  const naive n = naive_of(m);
  const int n_test = task->windows->n_test, count = n_test < WINDOWS ? n_test : WINDOWS;
  double action[FLOW_STEPS] = {0}, change[FLOW_STEPS] = {0}, copied = 0, unknown = 0, known = 0;
  for (int k = 0; k < count; k++) {
    const df_window w = task->windows->test[(long)k * n_test / count];
    const int at = w.start + k % (H - CHUNK + 1);
    const double *x = df_dataset_state(task->data, w.episode, at), *u = df_dataset_action(task->data, w.episode, at);
    double noise[CHUNK + NX], y[NX], a[CHUNK], actions[FLOW_STEPS][CHUNK], changes[FLOW_STEPS][NX], told[CHUNK];
    df_rng_normal(3, DF_STREAM_SAMPLE_NOISE, (uint64_t)k, CHUNK + NX, noise);
    for (int i = 0; i < NX; i++) y[i] = (x[EXECUTE * NX + i] - x[i]) / n.std[i] / (double)m->dynamics_unit[i];
    naive_chunk(&n, "none", x, noise, FLOW_STEPS, a, NULL, NULL);
    for (int i = 0; i < CHUNK; i++) unknown += pow(a[i] - (u[i] - n.u_mean) / n.u_std, 2) / CHUNK / count;
    for (int i = 0; i < CHUNK; i++) a[i] = 0.8 * noise[i];
    for (int s = 0; s < FLOW_STEPS; s++) {
      naive_policy(&n, x, a, (double)s / FLOW_STEPS, y, told);
      euler(CHUNK, told, s, FLOW_STEPS, a);
    }
    for (int i = 0; i < CHUNK; i++) known += pow(a[i] - (u[i] - n.u_mean) / n.u_std, 2) / CHUNK / count;
    naive_chunk(&n, "mutual", x, noise, FLOW_STEPS, a, actions, changes);
    for (int s = 0; s < FLOW_STEPS; s++) {
      for (int i = 0; i < CHUNK; i++) action[s] += pow(actions[s][i] - (u[i] - n.u_mean) / n.u_std, 2) / CHUNK / count;
      for (int i = 0; i < NX; i++) change[s] += pow(changes[s][i] - y[i], 2) / NX / count;
    }
    for (int i = 0; i < NX; i++) copied += y[i] * y[i] / NX / count;
  }
  assert_int_equal(d.n_curves, 2);
  for (int s = 0; s < FLOW_STEPS; s++) {
    assert_near(d.curve[0].flow_time[s], s / 8.0, 0);
    assert_near(d.curve[0].value[s], action[s], 1e-4);
    assert_near(d.curve[1].value[s], change[s], 1e-4);
  }
  assert_int_equal(d.curve[0].n, FLOW_STEPS);
  assert_near(d.curve[0].reference, unknown, 1e-4);
  assert_near(d.curve[1].reference, copied, 1e-5);
  assert_string_equal(d.gate[2].name, "next_state_informs_policy");
  assert_near(d.gate[2].value, known, 1e-4);
  assert_near(d.gate[2].reference, unknown, 1e-4);

  /* the dynamics on held-out random actions: with them, with those of the next window, and no change at all */
  policy_random r;
  require(policy_random_make(m, WINDOWS, true, &r));
  double own = 0, still = 0, shuffled = 0;
  for (int k = 0; k < r.n; k++) {
    const int at = k % (H - EXECUTE + 1);
    const double* x = r.x + (k * (H + 1) + at) * NX;
    double noise[CHUNK + NX], truth[NX], y[NX], end[NX], a[EXECUTE];
    df_rng_normal(3, DF_STREAM_SAMPLE_NOISE, (uint64_t)k, CHUNK + NX, noise);
    for (int i = 0; i < NX; i++) truth[i] = (x[EXECUTE * NX + i] - x[i]) / n.std[i] / (double)m->dynamics_unit[i];
    for (int other = 0; other < 2; other++) {
      const double* u = r.u + (k + other) % r.n * H + at;
      for (int i = 0; i < EXECUTE; i++) a[i] = (u[i] - n.u_mean) / n.u_std;
      for (int i = 0; i < NX; i++) y[i] = 0.8 * noise[CHUNK + i];
      for (int s = 0; s < FLOW_STEPS; s++) {
        naive_dynamics(&n, x, y, (double)s / FLOW_STEPS, a, end);
        euler(NX, end, s, FLOW_STEPS, y);
      }
      for (int i = 0; i < NX; i++) *(other ? &shuffled : &own) += pow(y[i] - truth[i], 2) / NX / r.n;
    }
    for (int i = 0; i < NX; i++) still += truth[i] * truth[i] / NX / r.n;
  }
  assert_near(d.gate[0].value, own, 1e-4);
  assert_near(d.gate[0].reference, still, 1e-5);
  assert_near(d.gate[1].value, own, 1e-4);
  assert_near(d.gate[1].reference, shuffled, 1e-4);
  for (int i = 0; i < 3; i++) assert_int_equal(d.gate[i].passed, d.gate[i].value < 0.95 * d.gate[i].reference);
  policy_random_clear(&r);
  df_policy_free(m);
  df_task_free(task);
}

/* an untrained policy fails its gates: it predicts zeros whatever it is told */
static void untrained_models_fail_their_gates(void** state) {
  (void)state;
  const df_config c = linear_config();
  df_task* task = linear_task(&c);
  df_policy* m = new_policy(task, DF_POLICY_DAP, 1);
  df_diagnostics d;
  require(df_policy_diagnose(m, &d));
  assert_int_equal(d.n_gates, 3);
  for (int i = 0; i < 3; i++) assert_true(!d.gate[i].passed && strlen(d.gate[i].sentence) > 40);
  df_policy_free(m);
  df_task_free(task);
}

/* ---- refusals ---- */

static void what_does_not_fit_is_refused(void** state) {
  (void)state;
  df_config c = linear_config();
  df_task* task = linear_task(&c);
  df_policy* m = NULL;

  /* a checkpoint without dynamics does not serve a policy that uses them */
  snprintf(task->config.dap_feedback, sizeof task->config.dap_feedback, "none");
  df_policy* alone = new_policy(task, DF_POLICY_DAP, 1);
  char dynamics[512];
  snprintf(dynamics, sizeof dynamics, "%s.dynamics", FILE_PATH);
  unlink(dynamics);
  require(df_policy_save(alone, FILE_PATH));
  assert_false(df_file_exists(dynamics));
  snprintf(task->config.dap_feedback, sizeof task->config.dap_feedback, "mutual");
  m = new_policy(task, DF_POLICY_DAP, 1);
  assert_int_equal(df_policy_load(m, FILE_PATH), DF_E_MISSING);
  assert_non_null(strstr(df_error_message(), ".dynamics"));
  df_policy_free(m);
  df_policy_free(alone);

  /* nor does that of another kind, or of chunks of another length */
  m = new_policy(task, DF_POLICY_BC, 1);
  assert_int_equal(df_policy_load(m, FILE_PATH), DF_E_MISMATCH);
  df_policy_free(m);
  task->config.dap_chunk = CHUNK - 1;
  m = new_policy(task, DF_POLICY_DAP, 1);
  assert_int_equal(df_policy_load(m, FILE_PATH), DF_E_MISMATCH);
  df_policy_free(m);
  unlink(FILE_PATH);

  /* a chunk is at most a window */
  task->config.dap_chunk = task->config.dap_execute = task->config.act_chunk_length = 100;
  m = new_policy(task, DF_POLICY_DAP, 1);
  assert_true(m->chunk == H && m->execute == H);
  df_policy_free(m);
  /* and no more actions are executed than a chunk has */
  task->config.dap_chunk = CHUNK;
  m = new_policy(task, DF_POLICY_DAP, 1);
  assert_true(m->chunk == CHUNK && m->execute == CHUNK);
  df_policy_free(m);

  /* states alone do not suffice */
  double* actions = task->data->actions;
  task->data->actions = NULL;
  const df_method_env env = {.task = task, .seed = 3, .threads = 1};
  assert_int_equal(df_policy_new(&env, DF_POLICY_BC, &m), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "method bc needs actions"));
  assert_null(m);
  task->data->actions = actions;

  /* variants of flows that DAP does not have; the others have no flow, and ignore them */
  require(df_config_set(&task->config, "flow.solver", "rk4", "test"));
  assert_int_equal(df_policy_new(&env, DF_POLICY_DAP, &m), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "flow.solver = rk4: the method dap"));
  df_policy_free(new_policy(task, DF_POLICY_BC, 1));
  df_policy_free(new_policy(task, DF_POLICY_ACT_CHUNK, 1));
  require(df_config_set(&task->config, "flow.solver", "euler", "test"));
  require(df_config_set(&task->config, "flow.time", "beta", "test"));
  df_policy_free(new_policy(task, DF_POLICY_DAP, 1));
  df_task_free(task);
}

static void sizes_and_trainings_are_those_of_the_settings(void** state) {
  (void)state;
  df_config c = linear_config();
  c.bc_width = 11, c.bc_depth = 4, c.dap_width = 13, c.dap_depth = 5, c.net_width = 17, c.net_depth = 3;
  c.dap_steps = 41, c.dap_batch = 27, c.dap_rate = 0.007;
  c.train_steps = 43, c.train_batch = 33, c.train_rate = 0.009, c.train_warmup = 42;
  df_task* task = linear_task(&c);
  for (df_policy_kind kind = DF_POLICY_BC; kind <= DF_POLICY_DAP; kind++) {
    df_policy* m = new_policy(task, kind, 1);
    const df_net_cfg* net = df_net_get_cfg(m->net);
    const bool bc = kind == DF_POLICY_BC, dap = kind == DF_POLICY_DAP;
    assert_true(net->width == (bc ? 11 : 17) && net->depth == (bc ? 4 : 3) && net->kind == DF_NET_MLP);
    assert_true(net->tokens == (bc ? 1 : CHUNK) && net->in == 1 && net->out == 1 && net->flow_time == dap);
    assert_int_equal(net->cond, dap ? 2 * NX + 1 : NX);
    const trainer_cfg* t = &m->trainer->cfg;
    assert_true(t->steps == 43 && t->batch == 33 && t->rate == 0.009 && t->warmup == 42);
    if (dap) {
      const df_net_cfg* dynamics = df_net_get_cfg(m->dynamics_net);
      const trainer_cfg* d = &m->dynamics->cfg;
      assert_true(dynamics->width == 13 && dynamics->depth == 5 && dynamics->tokens == 1 && dynamics->in == NX);
      assert_true(dynamics->cond == NX + EXECUTE && dynamics->flow_time);
      /* a warm-up of the policy may be longer than the whole training of the dynamics */
      assert_true(d->steps == 41 && d->batch == 27 && d->rate == 0.007 && d->warmup == 0);
    }
    df_policy_free(m);
  }
  df_task_free(task);
}

static void a_failed_allocation_is_an_error(void** state) {
  (void)state;
  const df_config c = linear_config();
  df_task* task = linear_task(&c);
  const df_method_env env = {.task = task, .seed = 3, .threads = 1};
  df_policy* m = NULL;
  df_status status = DF_E_NOMEM;
  for (size_t n = 1; status != DF_OK; n++) {
    df_alloc_fail_at(n);
    status = df_policy_new(&env, DF_POLICY_DAP, &m);
    df_alloc_fail_at(0);
    if (status == DF_OK) assert_true(n > 20);
    if (status != DF_OK) assert_int_equal(status, DF_E_NOMEM);
    assert_int_equal(m != NULL, status == DF_OK);
  }
  df_diagnostics d;
  status = DF_E_NOMEM;
  for (size_t n = 1; status != DF_OK; n++) {
    df_alloc_fail_at(n);
    status = df_policy_diagnose(m, &d);
    df_alloc_fail_at(0);
    if (status == DF_OK) assert_true(n > 10 && d.n_gates == 3);
    if (status != DF_OK) assert_int_equal(status, DF_E_NOMEM);
  }
  df_policy_free(m);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_extrapolation_is_that_of_a_gaussian_and_the_next_state_tells_the_action),
      cmocka_unit_test(every_feedback_is_that_of_the_naive_program),
      cmocka_unit_test(actions_of_chunks_are_means_weighted_by_age),
      cmocka_unit_test(behaviour_cloning_is_one_pass_per_action),
      cmocka_unit_test(the_returned_states_are_those_of_the_returned_actions),
      cmocka_unit_test(bits_do_not_depend_on_threads),
      cmocka_unit_test(a_resumed_training_has_the_same_bits),
      cmocka_unit_test(shares_say_what_samples_are_told),
      cmocka_unit_test(random_data_are_simulated_from_the_starts_of_the_task),
      cmocka_unit_test(the_unit_of_changes_is_that_of_the_mixture),
      cmocka_unit_test(the_diagnostics_are_those_of_the_naive_program),
      cmocka_unit_test(untrained_models_fail_their_gates),
      cmocka_unit_test(what_does_not_fit_is_refused),
      cmocka_unit_test(sizes_and_trainings_are_those_of_the_settings),
      cmocka_unit_test(a_failed_allocation_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
