/* What of a training a short one keeps, so that its steps take as long. */
#include "short_training.h"

#include <math.h>

#include "unit.h"

static void a_step_has_as_much_to_do(void** state) {
  (void)state;
  df_config c = df_config_default(), before;
  c.train_warmup = 100;
  c.train_horizon_from = 5;
  c.train_validate_every = 7;
  assert_int_equal(df_config_set(&c, "train.keep", "best_validation", "test"), DF_OK);
  c.recover_pool = 8001;
  c.recover_steps = 400;
  c.recover_regressed = 0.8;
  c.recover_simulated = 0.5;
  before = c;
  shorten_training(&c, 9, 4);
  assert_int_equal(c.train_steps, 9);
  assert_int_equal(c.inverse_steps, 4);
  assert_true(c.dap_steps == SHORT_DYNAMICS && c.dap_random_episodes == 16);
  assert_int_equal(c.recover_rounds * c.recover_steps, SHORT_RECOVERY);
  /* 20.0025 simulated actions per step, in rounds of 2 steps */
  assert_int_equal(c.recover_steps, 2);
  assert_int_equal(c.recover_pool, 41);
  /* half of the samples in a fifth of the steps */
  assert_true(fabs(c.recover_simulated - 0.1) < 1e-12);
  assert_true(c.recover_regressed == 0 && c.recover_linear == 0 && c.recover_residual_limit == 1e6);
  assert_true(c.train_warmup == 0 && c.train_horizon_from == 0 && c.train_validate_every == 0);
  assert_string_equal(c.train_keep, "last");
  /* few random episodes stay as many */
  before.dap_random_episodes = 3;
  shorten_training(&before, 9, 4);
  assert_int_equal(before.dap_random_episodes, 3);
  assert_true(c.train_batch == before.train_batch && c.recover_batch == before.recover_batch);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_step_has_as_much_to_do)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
