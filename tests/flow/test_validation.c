/* The validation loss of a training, and the weights that are kept by it. */
#include "flow_test.h"
#include "test_file.h"

static const double SIGMA = 0.8;

static df_config validated_config(int every, int windows) {
  df_config config = tiny_config();
  config.split_validation_every = 2;
  config.train_validate_every = every;
  config.train_validate_windows = windows;
  config.flow_sigma = SIGMA;
  return config;
}

/* ---- the value ---- */

/* X^1 of a window: the states, or for a decoder of actions the actions, in normalised coordinates */
static void target_of(const df_flow* flow, df_window w, double* target) {
  const df_task* task = flow->env.task;
  const df_chart_statistics s = df_chart_get_statistics(task->chart);
  for (int t = 0; t < flow->H; t++) {
    const double* u = df_dataset_action(task->data, w.episode, w.start + t);
    for (int i = 0; i < flow->in && flow->decoder == DF_DECODE_ACTIONS; i++)
      target[t * flow->in + i] = (u[i] - s.action_mean[i]) / s.action_std[i];
    if (flow->decoder != DF_DECODE_ACTIONS) {
      df_chart_encode(task->chart, df_dataset_state(task->data, w.episode, w.start),
                      df_dataset_state(task->data, w.episode, w.start + t + 1), target + t * flow->nz);
    }
  }
}

/* the loss of window k of n by the formulas of docs/design.md, for one window at a time */
static double loss_of(df_flow* flow, int k, int n) {
  const df_task* task = flow->env.task;
  const df_window w = task->windows->validation[k * task->windows->n_validation / n];
  const double* x0 = df_dataset_state(task->data, w.episode, w.start);
  const size_t in = (size_t)(flow->H * flow->in), out = (size_t)(flow->H * flow->out);
  double target[512], noise[512], t, u[512], x[1024], z[64], sum = 0;
  df_real x_t[512], cond[64], time, y[512];
  assert_true(in <= 512 && out <= 512 && flow->cond <= 64);
  target_of(flow, w, target);
  df_rng_uniform(flow->env.seed, DF_STREAM_FLOW_TIME, UINT64_MAX - (uint64_t)k, 1, &t);
  df_rng_normal(flow->env.seed, DF_STREAM_FLOW_NOISE, UINT64_MAX - (uint64_t)k, in, noise);
  for (size_t i = 0; i < in; i++) x_t[i] = (df_real)((1 - t) * SIGMA * noise[i] + t * target[i]);
  time = (df_real)t;
  flow_condition(flow, x0, df_dataset_condition(task->data, w.episode, w.start), cond);
  df_net_work* work;
  assert_int_equal(df_net_work_new(flow->net, 1, &work), DF_OK);
  df_net_forward(flow->net, work, flow->trainer->average, &(df_net_input){.B = 1, .x = x_t, .c = cond, .t = &time}, y);
  df_net_work_free(work);
  if (flow->decoder != DF_DECODE_ROLLOUT) {
    for (size_t i = 0; i < out; i++) sum += pow((double)y[i] - target[i], 2);
    return sum / (double)out;
  }
  df_sim* sim;
  assert_int_equal(df_sim_new(task->system, 0, &sim), DF_OK);
  for (size_t i = 0; i < out; i++) {
    const size_t a = i % (size_t)flow->nu;
    u[i] = flow->u_center[a] + flow->u_half[a] * tanh((double)y[i]);
  }
  assert_int_equal(df_trajectory_run(task->system, sim, flow->H, x0, u, x), DF_TRAJ_COMPLETE);
  for (int f = 0; f < flow->H; f++) {
    df_chart_encode(task->chart, x0, x + (f + 1) * flow->nx, z);
    for (int i = 0; i < flow->nz; i++) sum += pow(z[i] - target[f * flow->nz + i], 2);
  }
  df_sim_free(task->system, sim);
  return sum / (flow->H * flow->nz);
}

static void the_validation_loss_is_that_of_the_averaged_weights_on_the_held_out_windows(void** state) {
  (void)state;
  enum { WINDOWS = 11 };
  static df_training_log log;
  const df_config config = validated_config(7, WINDOWS);
  df_task* task = tiny_task_with(&config);
  for (int d = DF_DECODE_STATES; d <= DF_DECODE_ROLLOUT; d++) {
    for (int threads = 1; threads <= 4; threads *= 2) {
      df_flow* flow = new_flow(task, (df_decoder)d, threads);
      log = train(flow);
      assert_int_equal(log.n_validation, 3);
      assert_int_equal(log.validation_windows, WINDOWS);
      assert_int_equal(log.validation_step[0], 7);
      assert_int_equal(log.validation_step[1], 14);
      assert_int_equal(log.validation_step[2], 20);
      assert_int_equal(log.kept, 20);
      double sum = 0;
      for (int k = 0; k < WINDOWS; k++) sum += loss_of(flow, k, WINDOWS);
      /* single precision, in batches and one by one */
      if (fabs(log.validation_loss[2] - sum / WINDOWS) > 1e-4 * sum / WINDOWS)
        fail_msg("decoder %d: %.9g, right is %.9g", d, log.validation_loss[2], sum / WINDOWS);
      df_flow_free(flow);
    }
  }
  df_task_free(task);
}

static void validation_changes_no_weight_and_does_not_depend_on_threads(void** state) {
  (void)state;
  static df_training_log first, log;
  for (int d = DF_DECODE_STATES; d <= DF_DECODE_TRACKING; d++) {
    df_config config = validated_config(0, 64);
    df_task* task = tiny_task_with(&config);
    df_flow* without = new_flow(task, (df_decoder)d, 1);
    log = train(without);
    assert_true(log.n_validation == 0 && log.validation_windows == 0);
    assert_int_equal(log.kept, 20);
    task->config.train_validate_every = 3;
    for (int threads = 1; threads <= 4; threads++) {
      df_flow* flow = new_flow(task, (df_decoder)d, threads);
      log = train(flow);
      if (threads == 1) first = log;
      assert_memory_equal(flow->trainer->average, without->trainer->average, flow->trainer->n * sizeof(df_real));
      assert_memory_equal(flow->trainer->parameters, without->trainer->parameters, flow->trainer->n * sizeof(df_real));
      assert_memory_equal(log.validation_loss, first.validation_loss, sizeof first.validation_loss);
      assert_memory_equal(log.loss, first.loss, sizeof first.loss);
      df_flow_free(flow);
    }
    df_flow_free(without);
    df_task_free(task);
  }
}

static void inverse_dynamics_has_a_validation_loss(void** state) {
  (void)state;
  static df_training_log log;
  df_config config = validated_config(5, 9);
  config.inverse_steps = 12;
  df_task* task = tiny_task_with(&config);
  const df_system* system = task->system;
  const df_method_env env = env_of(task, 2);
  df_inverse* inverse;
  assert_int_equal(df_inverse_new(&env, DF_INVERSE_DEMONSTRATED, &inverse), DF_OK);
  assert_int_equal(df_inverse_train(inverse, &log), DF_OK);
  assert_int_equal(log.n_validation, 3);
  /* squared error of the actions that it returns, in standard deviations; the network does not come near the box */
  const df_chart_statistics s = df_chart_get_statistics(task->chart);
  double sum = 0;
  for (int k = 0; k < 9; k++) {
    const df_window w = task->windows->validation[k * task->windows->n_validation / 9];
    const int frame = w.start + k % task->windows->horizon;
    double x[64], u[8];
    memcpy(x, df_dataset_state(task->data, w.episode, frame), 2 * (size_t)system->nx * sizeof *x);
    assert_int_equal(df_inverse_actions(inverse, 1, 1, x, u), DF_OK);
    for (int i = 0; i < system->nu; i++)
      sum += pow((u[i] - df_dataset_action(task->data, w.episode, frame)[i]) / s.action_std[i], 2) / system->nu / 9;
  }
  if (fabs(log.validation_loss[2] - sum) > 1e-4 * sum) fail_msg("%.9g, right is %.9g", log.validation_loss[2], sum);
  df_inverse_free(inverse);
  df_task_free(task);
}

/* ---- the weights that are kept ---- */

/* the validation losses that a flow reports, in order; the training is its own */
static const double* told;
static const int* lost_windows; /* of the 4 windows of each, those at the beginning that diverge; NULL: none */
static int told_at;

/* the averaged weights after each step */
typedef struct history {
  const trainer* t;
  df_real* average[21]; /* [n] */
} history;

static void remember(void* context, const df_progress* at) {
  history* h = context;
  /* what is told of the last validation, after the steps 6, 12, 18 and 20 */
  const int n = at->step == 20 ? 4 : (int)at->step / 6;
  const int lost = n == 0 ? 0 : isnan(told[n - 1]) ? 4 : lost_windows ? lost_windows[n - 1] : 0;
  assert_int_equal(at->validated, at->step % 6 == 0 || at->step == 20);
  assert_int_equal(at->validation_windows, 4);
  assert_int_equal(at->validation_diverged, lost);
  assert_true(n == 0 || lost == 4 ? isnan(at->validation_loss) : at->validation_loss == told[n - 1]);
  h->average[at->step] = df_alloc(h->t->n, sizeof(df_real));
  memcpy(h->average[at->step], h->t->average, h->t->n * sizeof(df_real));
}

static void tell(void* context, int thread, int first, int count, const df_real* weights, double* loss) {
  (void)context, (void)thread, (void)weights;
  for (int i = 0; i < count; i++) {
    const bool lost = lost_windows && first + i < lost_windows[told_at];
    loss[i] = lost ? NAN : told[told_at];
  }
  told_at += first + count == 4;
}

static void kept_of(const double* losses, const char* keep, long step) {
  static df_training_log log;
  df_config config = validated_config(6, 4); /* after the steps 6, 12, 18 and 20 */
  snprintf(config.train_keep, sizeof config.train_keep, "%s", keep);
  df_task* task = tiny_task_with(&config);
  df_flow* flow = new_flow(task, DF_DECODE_STATES, 1);
  history h = {.t = flow->trainer};
  df_method_env env = flow->env;
  env.progress = remember;
  env.progress_context = &h;
  told = losses;
  told_at = 0;
  flow->trainer->validate = tell;
  assert_int_equal(trainer_run(flow->trainer, "test", flow_train_slice, flow, &env, &log), DF_OK);
  assert_int_equal(log.kept, step);
  for (int i = 0; i < 4; i++) {
    const int diverged = isnan(losses[i]) ? 4 : lost_windows ? lost_windows[i] : 0;
    assert_int_equal(log.validation_diverged[i], diverged);
    assert_true(diverged == 4 ? isnan(log.validation_loss[i]) : log.validation_loss[i] == losses[i]);
  }
  assert_memory_equal(flow->trainer->average, h.average[step], flow->trainer->n * sizeof(df_real));
  for (int i = 1; i <= 20; i++) {
    if (i != step) assert_memory_not_equal(h.average[i], h.average[step], flow->trainer->n * sizeof(df_real));
    df_free(h.average[i]);
  }
  df_flow_free(flow);
  df_task_free(task);
}

static void the_weights_of_the_lowest_validation_loss_are_kept_if_the_task_says_so(void** state) {
  (void)state;
  const double falling[] = {4, 3, 2, 1}, turning[] = {3, 2, 4, 5}, equal[] = {2, 1, 1, 1}, broken[] = {NAN, 5, NAN, 6},
               lost[] = {NAN, NAN, NAN, INFINITY};
  kept_of(falling, "best_validation", 20);
  kept_of(turning, "best_validation", 12);
  kept_of(turning, "last", 20);
  kept_of(equal, "best_validation", 12);
  kept_of(broken, "best_validation", 12);
  kept_of(lost, "best_validation", 20);
}

/* the mean is that of the others; of losses over other windows the one over most of them is kept */
static void windows_that_diverge_are_left_out_and_counted(void** state) {
  (void)state;
  const double losses[] = {4, 3, 1, 2};
  const int once[] = {0, 0, 1, 0}, often[] = {1, 1, 2, 3}, all[] = {4, 2, 4, 4};
  lost_windows = once;
  kept_of(losses, "best_validation", 20);
  lost_windows = often;
  kept_of(losses, "best_validation", 12);
  lost_windows = all;
  kept_of(losses, "best_validation", 12);
  lost_windows = NULL;
}

/* One held-out window begins with a velocity at which the simulator gives up: it is counted, and the loss is the mean
 * of the others. */
static void a_window_that_diverges_has_no_part_in_the_mean(void** state) {
  (void)state;
  enum { WINDOWS = 5, FAST = 2, VX = 3 };
  static df_training_log log;
  const df_config config = validated_config(20, WINDOWS);
  df_task* task = tiny_task_with(&config);
  const df_window fast = task->windows->validation[FAST * task->windows->n_validation / WINDOWS];
  task->data->states[(task->data->first[fast.episode] + (size_t)fast.start) * (size_t)task->data->nx + VX] = 1e12;
  df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, 2);
  log = train(flow);
  assert_int_equal(log.validation_diverged[log.n_validation - 1], 1);
  double sum = 0;
  for (int k = 0; k < WINDOWS; k++) sum += k == FAST ? 0 : loss_of(flow, k, WINDOWS) / (WINDOWS - 1);
  const double loss = log.validation_loss[log.n_validation - 1];
  if (!(fabs(loss - sum) <= 1e-4 * sum)) fail_msg("%.9g, right is %.9g", loss, sum);
  df_flow_free(flow);
  df_task_free(task);
}

/* ---- resuming ---- */

typedef struct stopper {
  volatile sig_atomic_t stop;
  long at;
} stopper;

static void stop_at(void* context, const df_progress* at) {
  stopper* s = context;
  if (at->step == s->at) s->stop = 1;
}

static void a_resumed_training_keeps_the_weights_of_a_whole_one(void** state) {
  (void)state;
  static df_training_log whole_log, log;
  df_config config = validated_config(4, 8);
  config.train_rate = 0.2; /* so large that the validation loss does not fall to the end */
  snprintf(config.train_keep, sizeof config.train_keep, "best_validation");
  df_task* task = tiny_task_with(&config);
  df_flow* whole = new_flow(task, DF_DECODE_STATES, 1);
  whole_log = train(whole);
  assert_in_range(whole_log.kept, 1, 19);
  /* stopped before, between and after the measurements; the last part finds the training at its end */
  static const long stops[] = {3, 8, 9, 19, 0, 0};
  for (int part = 0; part < 6; part++) {
    stopper s = {.at = stops[part]};
    df_method_env env = env_of(task, 1 + part % 2);
    env.stop = &s.stop;
    env.progress = stop_at;
    env.progress_context = &s;
    env.state_folder = test_folder();
    env.state_every = 1e9;
    df_flow* flow;
    assert_int_equal(df_flow_new(&env, "test", DF_DECODE_STATES, &flow), DF_OK);
    assert_int_equal(df_flow_train(flow, &log), stops[part] ? DF_E_INTERRUPTED : DF_OK);
    if (!stops[part]) {
      assert_memory_equal(flow->trainer->average, whole->trainer->average, flow->trainer->n * sizeof(df_real));
      assert_int_equal(log.kept, whole_log.kept);
      assert_int_equal(log.n_validation, whole_log.n_validation);
      assert_memory_equal(log.validation_loss, whole_log.validation_loss, sizeof log.validation_loss);
      assert_memory_equal(log.validation_step, whole_log.validation_step, sizeof log.validation_step);
    }
    df_flow_free(flow);
  }
  unlink(test_file("test.state"));
  unlink(test_file("test.state.previous"));
  df_flow_free(whole);
  df_task_free(task);
}

/* ---- settings that do not fit ---- */

static void refuse(const df_config* config, const char* message) {
  df_task* task = tiny_task_with(config);
  const df_method_env env = env_of(task, 1);
  df_flow* flow;
  assert_int_equal(df_flow_new(&env, "test", DF_DECODE_STATES, &flow), DF_E_CONFIG);
  assert_string_equal(df_error_message(), message);
  df_task_free(task);
}

static void a_validation_that_cannot_be_is_refused(void** state) {
  (void)state;
  df_config config = validated_config(0, 8);
  snprintf(config.train_keep, sizeof config.train_keep, "best_validation");
  refuse(&config, "train.keep = best_validation needs train.validate_every");
  config = validated_config(5, 8);
  config.split_validation_every = 0;
  refuse(&config, "train.validate_every = 5: no windows are held out for validation; set split.validation_every");
  config = validated_config(5, 8);
  config.train_steps = 1001;
  refuse(&config, "train.validate_every = 5 measures the validation loss more than 200 times; set it to 6");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_validation_loss_is_that_of_the_averaged_weights_on_the_held_out_windows),
      cmocka_unit_test(validation_changes_no_weight_and_does_not_depend_on_threads),
      cmocka_unit_test(inverse_dynamics_has_a_validation_loss),
      cmocka_unit_test(the_weights_of_the_lowest_validation_loss_are_kept_if_the_task_says_so),
      cmocka_unit_test(windows_that_diverge_are_left_out_and_counted),
      cmocka_unit_test(a_window_that_diverges_has_no_part_in_the_mean),
      cmocka_unit_test(a_resumed_training_keeps_the_weights_of_a_whole_one),
      cmocka_unit_test(a_validation_that_cannot_be_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
