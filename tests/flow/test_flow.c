/* Construction of a flow. */
#include "dynaflow/nn/blas.h"
#include "flow_test.h"

static void settings_that_cannot_work_are_refused(void** state) {
  (void)state;
  df_config config = tiny_config();
  config.train_slices = config.train_batch + 1;
  df_task* task = tiny_task_with(&config);
  const df_method_env env = env_of(task, 1);
  df_flow* flow;
  assert_int_equal(df_flow_new(&env, "test", DF_DECODE_ROLLOUT, &flow), DF_E_CONFIG);
  assert_string_equal(df_error_message(), "train.slices = 13 exceeds the batch size 12");
  assert_null(flow);
  task->config.train_batch = 6 * TRAINER_SLICE_MAX;
  task->config.train_slices = 4;
  char message[128];
  snprintf(message, sizeof message, "train.slices = 4 gives micro-batches of %d samples, at most %d",
           6 * TRAINER_SLICE_MAX / 4, TRAINER_SLICE_MAX);
  assert_int_equal(df_flow_new(&env, "test", DF_DECODE_ROLLOUT, &flow), DF_E_CONFIG);
  assert_string_equal(df_error_message(), message);
  task->config.train_batch = config.train_batch;
  task->config.train_slices = 1;
  df_free(task->data->actions);
  task->data->actions = NULL;
  assert_int_equal(df_flow_new(&env, "test", DF_DECODE_ACTIONS, &flow), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "actions"));
  /* DynaFlow is trained on states only */
  df_training_log log;
  assert_int_equal(df_flow_new(&env, "test", DF_DECODE_ROLLOUT, &flow), DF_OK);
  assert_int_equal(df_flow_train(flow, &log), DF_OK);
  df_flow_free(flow);
  df_task_free(task);
}

static void the_kind_of_network_is_that_of_the_settings(void** state) {
  (void)state;
  static const struct {
    const char* name;
    df_net_kind kind;
  } kinds[] = {{"dit", DF_NET_DIT}, {"mlp", DF_NET_MLP}, {"unet", DF_NET_UNET}};
  for (int i = 0; i < 3; i++) {
    df_config config = tiny_config();
    snprintf(config.net_kind, sizeof config.net_kind, "%s", kinds[i].name);
    df_task* task = tiny_task_with(&config);
    df_flow* flow = new_flow(task, DF_DECODE_ROLLOUT, 1);
    assert_int_equal(df_net_get_cfg(flow->net)->kind, kinds[i].kind);
    const df_training_log log = train(flow);
    assert_true(log.diverged == 0 && isfinite(log.loss[log.n - 1]));
    df_flow_free(flow);
    /* one head, or group, too many for an MLP is none */
    task->config.net_heads = config.net_width - 1;
    const df_method_env env = env_of(task, 1);
    assert_int_equal(df_flow_new(&env, "test", DF_DECODE_ROLLOUT, &flow), i == 1 ? DF_OK : DF_E_CONFIG);
    df_flow_free(flow);
    df_task_free(task);
  }
}

/* jax_seed has the size of the network that it is named after, with that network's inputs: 37 coordinates of a frame,
 * 36 of the condition, 12 actions, 16 frames. Counted by hand, weights and biases of each kind of layer. */
static void the_jax_seed_preset_has_eight_and_a_half_million_parameters(void** state) {
  (void)state;
  df_config c = df_config_default();
  assert_int_equal(df_config_set(&c, "net.preset", "jax_seed", "test"), DF_OK);
  df_net_cfg cfg = df_net_cfg_default();
  cfg.tokens = 16, cfg.in = 37, cfg.out = 12, cfg.cond = 36;
  cfg.width = c.net_width, cfg.depth = c.net_depth, cfg.heads = c.net_heads, cfg.mlp_ratio = c.net_mlp_ratio;
  cfg.skip_hidden = c.net_skip_hidden;
  df_net* net;
  const df_blas_cfg blas = df_blas_cfg_default();
  assert_int_equal(df_blas_open(&blas), DF_OK);
  assert_int_equal(df_net_new(&cfg, &net), DF_OK);
  const size_t d = 384, blocks = 3 * ((3 * d + d) * (d + 1) + 4 * d * (d + 1) + d * (4 * d + 1));
  const size_t condition = d * (36 + 32) + d + d * (d + 1), modulation = (3 * 6 + 2) * d * (d + 1);
  const size_t ends = d * (37 + 1) + 16 * d + 12 * (d + 1);
  assert_int_equal(df_net_parameters(net), blocks + condition + modulation + ends);
  assert_in_range(df_net_parameters(net), 8450000, 8480000);
  df_net_free(net);
}

/* each setting of network and training has a value of its own here */
static void network_and_trainer_are_made_as_the_settings_say(void** state) {
  (void)state;
  df_config c = tiny_config();
  c.net_width = 24, c.net_depth = 2, c.net_heads = 3, c.net_mlp_ratio = 5, c.net_skip_hidden = 17;
  c.net_position_std = 0.6;
  c.train_steps = 31, c.train_batch = 14, c.train_slices = 6, c.train_rate = 0.011, c.train_decay_from = 0.3;
  c.train_weight_decay = 0.013, c.train_clip = 0.9, c.train_ema = 0.97;
  df_task* task = tiny_task_with(&c);
  const int nz = df_chart_size(task->chart), nu = task->system->nu;
  const int in[4] = {nz, nu, nz, nz}, out[4] = {nz, nu, nu, nu + nz};
  for (int d = DF_DECODE_STATES; d <= DF_DECODE_TRACKING; d++) {
    df_flow* flow = new_flow(task, (df_decoder)d, 1);
    const df_net_cfg* net = df_net_get_cfg(flow->net);
    assert_int_equal(net->kind, DF_NET_DIT);
    assert_int_equal(net->tokens, 8);
    assert_int_equal(net->in, in[d]);
    assert_int_equal(net->out, out[d]);
    assert_int_equal(net->cond, nz + 1);
    assert_true(net->flow_time);
    assert_int_equal(net->width, 24);
    assert_int_equal(net->depth, 2);
    assert_int_equal(net->heads, 3);
    assert_int_equal(net->mlp_ratio, 5);
    assert_int_equal(net->skip_hidden, 17);
    assert_true(net->position_std == 0.6);
    const trainer_cfg* t = &flow->trainer->cfg;
    assert_int_equal(t->steps, 31);
    assert_int_equal(t->batch, 14);
    assert_int_equal(t->slices, 6);
    assert_int_equal(t->extra, d == DF_DECODE_TRACKING ? nu * nz : 0);
    assert_true(t->rate == 0.011 && t->decay_from == 0.3 && t->weight_decay == 0.013 && t->clip == 0.9 &&
                t->ema == 0.97);
    assert_int_equal(flow->slice, 3); /* 14 samples in 6 parts */
    df_flow_free(flow);
  }
  df_task_free(task);
}

static void a_list_of_actions_must_divide_the_actuators(void** state) {
  (void)state;
  df_config config = tiny_config();
  config.action_half_range = (df_list){.n = 5, .v = {1, 1, 1, 1, 1}};
  df_task* task = tiny_task_with(&config);
  const df_method_env env = env_of(task, 1);
  df_flow* flow;
  char wanted[512];
  snprintf(wanted, sizeof wanted,
           "task %s: action.half_range has 5 values; the number of actuators (%d) must be a multiple of it",
           config.task_name, task->system->nu);
  assert_true(task->system->nu % 5 != 0);
  assert_int_equal(df_flow_new(&env, "test", DF_DECODE_ROLLOUT, &flow), DF_E_CONFIG);
  assert_string_equal(df_error_message(), wanted);
  assert_null(flow);
  df_task_free(task);
}

static void count_notice(void* context, const char* sentence) {
  assert_non_null(strstr(sentence, "clamped to its ctrlrange"));
  ++*(int*)context;
}

/* a quarter of the actions inside of the ctrlrange is enough, on either side of it */
static void actions_that_are_mostly_clamped_are_noticed(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  const double lo = task->system->u_lo[0], hi = task->system->u_hi[0], half = 0.25 * (hi - lo);
  const struct {
    double center; /* of actions of half the ctrlrange's width */
    int notices;
  } cases[] = {{lo + half, 0}, {lo - 0.4 * half, 0}, {lo - 0.6 * half, 1}, {hi + 0.4 * half, 0}, {hi + 0.6 * half, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    int n = 0;
    df_flow* flow;
    df_method_env env = env_of(task, 1);
    env.notice = count_notice;
    env.progress_context = &n;
    task->config.action_center = (df_list){.n = 1, .v = {cases[i].center}};
    task->config.action_half_range = (df_list){.n = 1, .v = {half}};
    assert_int_equal(df_flow_new(&env, "test", DF_DECODE_ROLLOUT, &flow), DF_OK);
    assert_int_equal(n, cases[i].notices);
    df_flow_free(flow);
  }
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_kind_of_network_is_that_of_the_settings),
      cmocka_unit_test(the_jax_seed_preset_has_eight_and_a_half_million_parameters),
      cmocka_unit_test(settings_that_cannot_work_are_refused),
      cmocka_unit_test(network_and_trainer_are_made_as_the_settings_say),
      cmocka_unit_test(actions_that_are_mostly_clamped_are_noticed),
      cmocka_unit_test(a_list_of_actions_must_divide_the_actuators),
      cmocka_unit_test(a_failed_allocation_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
