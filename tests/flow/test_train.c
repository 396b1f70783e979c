/* Loss and gradient of a flow. */
#include "dynaflow/core/parts.h"
#include "flow_test.h"

static double loss_at(df_flow* flow, const df_real* parameters, df_real* gradient, double* loss) {
  const trainer* t = flow->trainer;
  double sum = 0;
  for (size_t i = 0; i < t->n; i++) gradient[i] = 0;
  flow_train_slice(flow, 0, 0, 0, trainer_slice_size(&t->cfg), parameters, gradient, loss);
  for (int i = 0; i < trainer_slice_size(&t->cfg); i++) sum += loss[i];
  return sum / t->cfg.batch;
}

/* the derivative of the loss along direction[from..n), by central differences */
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
  config.train_push = 0; /* a perturbed start state depends on the previous step */
  df_task* task = tiny_task_with(&config);
  for (int d = DF_DECODE_STATES; d <= DF_DECODE_TRACKING; d++) {
    df_flow* flow = new_flow(task, (df_decoder)d, 1);
    train(flow); /* moves away from the zero last layer */
    const size_t n = flow->trainer->n;
    df_real* g = df_alloc(n, sizeof *g);
    double loss[64], squares = 0;
    loss_at(flow, flow->trainer->parameters, g, loss);
    /* the reference of TRACKING is trained by a separate loss and gets no gradient of the state loss: there only the
     * gain is checked */
    const size_t from = d == DF_DECODE_TRACKING ? df_net_parameters(flow->net) : 0;
    for (size_t i = from; i < n; i++) squares += (double)g[i] * (double)g[i];
    assert_true(squares > 1e-8);
    /* along the gradient the derivative is its norm; a step that changes the parameters by 1e-3 in norm keeps float
     * rounding (1e-7 of the loss) three orders below the change */
    const double slope = slope_along(flow, g, from, 1e-3 / sqrt(squares));
    /* 1 % for rounding and the curvature over the step; a wrong sign or a missing factor gives far more */
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
    /* an untrained net predicts the mean, with a loss near 1, or, through the simulator, the motion without effort,
     * with about half of that loss */
    assert_true(log.loss[log.n - 1] < (flow_simulates(flow) ? 0.6 : 0.4) * log.loss[0]);
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
    /* an untrained network predicts 0, so its loss is the mean square of the target */
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

/* also after a shift of the window by a start-state perturbation */
static void the_network_sees_the_condition_of_the_first_frame(void** state) {
  (void)state;
  df_config config = tiny_config();
  config.train_push = 1;
  config.train_push_error = 100;
  df_task* task = tiny_task_with(&config);
  tiny_task_condition_frames(task);
  df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, 1);
  df_real* gradient = df_alloc(flow->trainer->n, sizeof *gradient);
  double loss[64];
  int moved = 0;
  for (long step = 0; step < 2; step++) {
    flow_train_slice(flow, 0, step, 0, flow->slice, flow->trainer->parameters, gradient, loss);
    for (int i = 0; i < flow->slice; i++) {
      const df_window w = flow->drift[step & 1].window[i], before = flow->drift[0].window[i];
      const double seen = (double)flow->worker[0].cond[i * flow->cond + flow->nz];
      assert_true(seen == (double)(df_real)tiny_condition(w.episode, w.start));
      moved += w.episode == before.episode && w.start > before.start;
    }
  }
  assert_true(moved > 0);
  df_free(gradient);
  df_flow_free(flow);
  df_task_free(task);
}

/* four blocks in 41 frames: the last one, from frame 30 on, is held out, and three frames before it are the gap */
static void a_perturbed_start_does_not_lead_into_held_out_frames(void** state) {
  (void)state;
  df_config config = tiny_config();
  strcpy(config.split_by, "time");
  config.split_gap = 3;
  config.train_push = 1;
  config.train_push_error = 100;
  df_task* task = tiny_task_with(&config);
  df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, 1);
  df_real* gradient = df_alloc(flow->trainer->n, sizeof *gradient);
  double loss[64];
  int last = 0;
  for (long step = 0; step < 60; step++) {
    flow_train_slice(flow, 0, step, 0, flow->slice, flow->trainer->parameters, gradient, loss);
    for (int i = 0; i < flow->slice; i++) {
      const int end = flow->drift[step & 1].window[i].start + flow->H;
      last = end > last ? end : last;
    }
  }
  assert_int_equal(last, 26);
  df_free(gradient);
  df_flow_free(flow);
  df_task_free(task);
}

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

enum { FAILING = 2 };

/* samples from FAILING on fail, the last one of a micro-batch first */
static void some_fail(void* context, int thread, long step, int first, int count, const df_real* parameters,
                      df_real* gradient, double* loss) {
  (void)thread, (void)step, (void)parameters, (void)gradient;
  trainer* t = context;
  for (int i = first + count - 1; i >= first; i--) {
    loss[i] = i < FAILING ? 1 : INFINITY;
    if (i < FAILING) continue;
    assert_int_equal(df_fail(DF_E_SIM, "of sample %d", i), DF_E_SIM);
    trainer_note_failure(t, i);
  }
}

static void one_is_infinite(void* context, int thread, long step, int first, int count, const df_real* parameters,
                            df_real* gradient, double* loss) {
  (void)context, (void)thread, (void)step, (void)parameters, (void)gradient;
  for (int i = first; i < first + count; i++) loss[i] = i == FAILING ? INFINITY : 1;
}

static void a_failed_training_names_the_first_sample_with_its_own_message(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  static df_training_log log;
  for (int threads = 1; threads <= 4; threads += 3) {
    df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, threads);
    trainer* t = flow->trainer;
    assert_true(t->cfg.slices > 1 && t->cfg.batch > FAILING + 1);
    assert_int_equal(trainer_run(t, "x", some_fail, t, &flow->env, &log), DF_E_SIM);
    assert_string_equal(df_error_message(), "x: step 0, sample 2: of sample 2");
    /* an infinite loss is named for what it is, not by the message of another step */
    assert_int_equal(trainer_run(t, "x", one_is_infinite, t, &flow->env, &log), DF_E_NONFINITE);
    assert_string_equal(df_error_message(), "x: step 0, sample 2: the loss is infinite");
    df_flow_free(flow);
  }
  df_task_free(task);
}

/* ---- memory ---- */

/* counts the allocations of every step but the first ten, in which tapes grow */
static void count_allocations(void* context, const df_progress* at) {
  size_t* count = context;
  const size_t since = df_alloc_fail_at(0);
  if (at->step > 10) *count += since;
}

static void a_step_allocates_nothing(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  for (int d = DF_DECODE_STATES; d <= DF_DECODE_TRACKING; d++) {
    size_t count = 0;
    df_method_env env = env_of(task, 1);
    env.progress = count_allocations;
    env.progress_context = &count;
    df_flow* flow;
    assert_int_equal(df_flow_new(&env, "test", (df_decoder)d, &flow), DF_OK);
    train(flow);
    assert_int_equal(count, 0);
    df_flow_free(flow);
  }
  df_task_free(task);
}

/* ---- what benchmarks see ---- */

typedef struct seen_rollouts {
  const df_task* task;
  int n;
  double x[16 * 17]; /* the last one, simulated again */
} seen_rollouts;

static void see(void* context, int sample, const double* x0, const double* u) {
  seen_rollouts* seen = context;
  df_sim* sim;
  assert_in_range(sample, 0, seen->task->config.train_batch - 1);
  assert_int_equal(df_sim_new(seen->task->system, 0, &sim), DF_OK);
  assert_int_equal(df_trajectory_run(seen->task->system, sim, seen->task->windows->horizon, x0, u, seen->x),
                   DF_TRAJ_COMPLETE);
  df_sim_free(seen->task->system, sim);
  seen->n++;
}

static void a_measured_training_gives_the_same_weights(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  for (int d = DF_DECODE_STATES; d <= DF_DECODE_TRACKING; d++) {
    seen_rollouts seen = {.task = task};
    df_method_env env = env_of(task, 1);
    df_flow *plain = new_flow(task, (df_decoder)d, 1), *measured;
    env.simulated = see;
    env.simulated_context = &seen;
    assert_int_equal(df_flow_new(&env, "test", (df_decoder)d, &measured), DF_OK);
    train(plain);
    df_parts_start();
    train(measured);
    const df_parts parts = df_parts_read();
    df_parts_stop();
    const size_t bytes = plain->trainer->n * sizeof(df_real);
    assert_memory_equal(plain->trainer->parameters, measured->trainer->parameters, bytes);
    assert_memory_equal(plain->trainer->average, measured->trainer->average, bytes);

    /* every part that the method has took time, and every rollout was shown, with the actions that were applied */
    const bool simulates = flow_simulates(measured);
    for (int part = DF_PART_DATA; part < DF_PARTS; part++) {
      const bool of_simulator = part == DF_PART_SIMULATION || part == DF_PART_ADJOINT;
      assert_int_equal(parts.seconds[part] > 0, simulates || !of_simulator);
    }
    assert_int_equal(seen.n, simulates ? task->config.train_batch * task->config.train_steps : 0);
    if (simulates) {
      const size_t n = (size_t)(task->windows->horizon + 1) * (size_t)task->system->nx;
      assert_memory_equal(seen.x, measured->worker[0].x, n * sizeof(double));
    }
    df_flow_free(plain);
    df_flow_free(measured);
  }
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_slice_gradient_is_the_slope_of_the_loss_for_every_decoder),
      cmocka_unit_test(training_lowers_the_loss_of_every_decoder),
      cmocka_unit_test(targets_are_the_frames_after_the_first),
      cmocka_unit_test(the_network_sees_the_condition_of_the_first_frame),
      cmocka_unit_test(a_perturbed_start_does_not_lead_into_held_out_frames),
      cmocka_unit_test(a_step_allocates_nothing),
      cmocka_unit_test(a_measured_training_gives_the_same_weights),
      cmocka_unit_test(training_stops_when_asked_and_says_so),
      cmocka_unit_test(a_failed_training_names_the_first_sample_with_its_own_message),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
