/* Inverse dynamics. */
#include "flow_test.h"
#include "inverse_internal.h"

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

/* Inverse dynamics has the settings of section inverse, and the rules of all trainings for its end; a recovery has
 * those of section recover: no warm-up, no accumulation, no validation, no end by a rise of the loss. */
static void each_network_has_the_settings_of_its_section(void** state) {
  (void)state;
  static const char* const settings[][2] = {{"inverse.width", "24"},        {"inverse.depth", "2"},
                                            {"inverse.steps", "70"},        {"inverse.batch", "14"},
                                            {"inverse.rate", "0.02"},       {"recover.width", "40"},
                                            {"recover.depth", "3"},         {"recover.rounds", "4"},
                                            {"recover.steps", "30"},        {"recover.batch", "18"},
                                            {"recover.rate", "0.03"},       {"train.warmup", "5"},
                                            {"train.accumulate", "2"},      {"train.abort_rise", "7"},
                                            {"train.validate_every", "6"},  {"train.keep", "best_validation"},
                                            {"split.validation_every", "2"}};
  df_config config = tiny_config();
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
    assert_int_equal(df_config_set(&config, settings[i][0], settings[i][1], "test"), DF_OK);
  df_task* task = tiny_task_with(&config);
  const df_method_env env = env_of(task, 1);
  for (int simulated = 0; simulated < 2; simulated++) {
    df_inverse* m;
    assert_int_equal(df_inverse_new(&env, simulated ? DF_INVERSE_SIMULATED : DF_INVERSE_DEMONSTRATED, &m), DF_OK);
    const trainer_cfg* t = &m->trainer->cfg;
    assert_int_equal(t->steps, simulated ? 4 * 30 : 70);
    assert_int_equal(t->batch, simulated ? 18 : 14);
    assert_true(t->rate == (simulated ? 0.03 : 0.02));
    assert_int_equal(t->warmup, simulated ? 0 : 5);
    assert_int_equal(t->accumulate, simulated ? 1 : 2);
    assert_true(t->abort_rise == (simulated ? 0 : 7));
    assert_int_equal(t->validate_every, simulated ? 0 : 6);
    assert_int_equal(t->keep_best, !simulated);
    /* weights and biases: of the inputs, of the hidden layers, of the outputs */
    const size_t in = 2 * (size_t)m->nz, width = simulated ? 40 : 24, depth = simulated ? 3 : 2;
    assert_int_equal(m->trainer->n, (in + 1) * width + (depth - 1) * (width + 1) * width + (width + 1) * (size_t)m->nu);
    df_inverse_free(m);
  }
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(inverse_dynamics_learns_the_actions),
      cmocka_unit_test(each_network_has_the_settings_of_its_section),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
