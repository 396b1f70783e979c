/* Construction of a flow. */
#include "flow_test.h"

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
  /* DynaFlow is trained on states only */
  df_training_log log;
  assert_int_equal(df_flow_new(&env, "test", DF_DECODE_ROLLOUT, &flow), DF_OK);
  assert_int_equal(df_flow_train(flow, &log), DF_OK);
  df_flow_free(flow);
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
      cmocka_unit_test(settings_that_cannot_work_are_refused),
      cmocka_unit_test(a_list_of_actions_must_divide_the_actuators),
      cmocka_unit_test(a_failed_allocation_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
