/* The simulator as decoder: actions and states that belong together, the memory of the tape. */
#include "flow_test.h"

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
      assert_int_equal(df_rollout_run(rollout, &(df_rollout_batch){.B = B, .H = H, .x0 = x0, .u = u, .x = again}),
                       DF_OK);
      assert_memory_equal(again, x, bytes_x(task));
      /* the check can fail: changing one action by 1e-9 changes the states */
      u[0] += u[0] > 0 ? -1e-9 : 1e-9;
      assert_int_equal(df_rollout_run(rollout, &(df_rollout_batch){.B = B, .H = H, .x0 = x0, .u = u, .x = again}),
                       DF_OK);
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

/* the weights after training on two threads with tapes of at most `mib`; the caller frees them */
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
    /* one adjoint per action of every sample that did not diverge, all exact */
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
    config.train_tape_mib = 0.0016; /* room for start states and actions, but not for the records of one action */
    df_task* task = tiny_task_with(&config);
    flow = new_flow(task, (df_decoder)d, 2);
    assert_int_equal(df_flow_train(flow, &log), DF_E_SIM);
    assert_non_null(strstr(df_error_message(), "step 0, sample"));
    assert_non_null(strstr(df_error_message(), "tape too small: one action"));
    df_flow_free(flow);
    task->config.train_tape_mib = 1e-5;
    const df_method_env env = env_of(task, 1);
    assert_int_equal(df_flow_new(&env, "test", (df_decoder)d, &flow), DF_E_CONFIG);
    assert_non_null(strstr(df_error_message(), "tape"));
    df_task_free(task);
  }
}

static void returned_actions_stay_in_the_box(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  for (int d = DF_DECODE_ACTIONS; d <= DF_DECODE_TRACKING; d++) {
    df_flow* flow = new_flow(task, (df_decoder)d, 1);
    train(flow);
    double *x, *u;
    /* a gain and a scale that require far more than the actuators can give */
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
    /* the case is effective: the bound was reached, except for DynaFlow, whose tanh only approaches it */
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(returned_actions_reproduce_the_returned_states_bit_for_bit),
      cmocka_unit_test(a_bounded_tape_changes_no_weight),
      cmocka_unit_test(a_tape_too_small_ends_the_training_with_the_reason),
      cmocka_unit_test(returned_actions_stay_in_the_box),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
