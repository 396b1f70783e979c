/* Inverse dynamics. */
#include "flow_test.h"

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
  assert_int_equal(df_inverse_new(&env, DF_INVERSE_DEMONSTRATED, &inverse), DF_OK);
  assert_int_equal(df_inverse_train(inverse, &log), DF_OK);
  /* normalised actions have variance 1: a mean squared error of 1/5 shows that they are predicted, not guessed */
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
      cmocka_unit_test(inverse_dynamics_learns_the_actions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
