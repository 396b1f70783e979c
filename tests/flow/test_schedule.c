/* Schedules of a training: the learning rate of each step against closed forms, accumulated batches in the log, and the
 * end of a training whose loss rises. */
#include "flow_test.h"
#include "test_file.h"

static const double RATE = 0.01, PI = 3.14159265358979323846;

/* a training of known losses: the gradient is 1 for each parameter */
typedef struct script {
  const trainer* t;
  double (*loss)(long batch, int i);
} script;

static void play(void* context, int thread, long batch, int first, int count, const df_real* parameters,
                 df_real* gradient, double* loss) {
  const script* s = context;
  (void)thread, (void)parameters;
  for (int i = first; i < first + count; i++) loss[i] = s->loss(batch, i);
  for (size_t j = 0; j < s->t->n && first == 0; j++) gradient[j] += 1;
}

static df_flow* scripted_flow(df_task** task, const df_config* config) {
  *task = tiny_task_with(config);
  return new_flow(*task, DF_DECODE_STATES, 1);
}

static df_config scripted_config(int steps) {
  df_config config = tiny_config();
  config.train_steps = steps;
  config.train_batch = 4;
  config.train_slices = 2;
  config.train_rate = RATE;
  return config;
}

/* ---- the learning rate ---- */

/* how far the last step moved a weight: AdamW without decay moves it by the learning rate, as the gradient never
 * changes */
typedef struct mover {
  const trainer* t;
  double before, moved[64], rate[64];
} mover;

static void look_at_weight(void* context, const df_progress* at) {
  mover* m = context;
  /* the gradient is 1 for each parameter */
  assert_true(fabs(at->gradient_norm - sqrt((double)m->t->n)) < 1e-4 * at->gradient_norm);
  m->rate[at->step - 1] = at->rate;
  m->moved[at->step - 1] = m->before - (double)m->t->parameters[0];
  m->before = (double)m->t->parameters[0];
}

static double no_loss(long batch, int i) {
  (void)batch, (void)i;
  return 0;
}

static void train_with(const df_config* config, mover* m) {
  static df_training_log log;
  df_task* task;
  df_flow* flow = scripted_flow(&task, config);
  script s = {flow->trainer, no_loss};
  df_method_env env = flow->env;
  *m = (mover){.t = flow->trainer, .before = (double)flow->trainer->parameters[0]};
  env.progress = look_at_weight;
  env.progress_context = m;
  assert_int_equal(trainer_run(flow->trainer, "known", play, &s, &env, &log), DF_OK);
  df_flow_free(flow);
  df_task_free(task);
}

static void the_rate_follows_the_schedule(void** state) {
  (void)state;
  enum { STEPS = 20, WARM = 5 };
  static const char* const schedules[] = {"linear", "cosine", "constant"};
  for (int k = 0; k < 6; k++) {
    df_config config = scripted_config(STEPS);
    const int warm = k < 3 ? 0 : WARM;
    config.train_weight_decay = 0;
    config.train_decay_from = 0.2;
    config.train_warmup = warm;
    snprintf(config.train_schedule, sizeof config.train_schedule, "%s", schedules[k % 3]);
    mover m;
    train_with(&config, &m);
    for (int step = 0; step < STEPS; step++) {
      /* the fall begins after a fifth of the steps that follow the warm-up: after 4 of 20, or 3 of 15 */
      const double falling = step - warm - (STEPS - warm) / 5, length = (STEPS - warm) * 4 / 5;
      double right = RATE;
      if (step < warm) right = RATE * (step + 1) / WARM;
      if (falling > 0 && k % 3 == 0) right = RATE * (1 - falling / length);
      if (falling > 0 && k % 3 == 1) right = RATE * (1 + cos(PI * falling / length)) / 2;
      assert_true(fabs(m.rate[step] - right) < 1e-12);
      if (fabs(m.moved[step] - right) > 1e-4 * RATE)
        fail_msg("%s, warm-up %d, step %d: the weight moved by %g, the rate is %g", schedules[k % 3], warm, step,
                 m.moved[step], right);
    }
  }
}

/* ---- accumulated batches ---- */

static double of_sample(long batch, int i) {
  return batch == 3 && i == 1 ? NAN : (double)(10 * batch + i);
}

static void a_point_of_the_curve_is_the_mean_over_all_batches_of_its_step(void** state) {
  (void)state;
  enum { STEPS = 2, BATCHES = 3, SIZE = 4 };
  static df_training_log log;
  df_task* task;
  df_config config = scripted_config(STEPS);
  config.train_accumulate = BATCHES;
  df_flow* flow = scripted_flow(&task, &config);
  script s = {flow->trainer, of_sample};
  assert_int_equal(trainer_run(flow->trainer, "known", play, &s, &flow->env, &log), DF_OK);
  assert_int_equal(log.n, STEPS);
  assert_int_equal(log.diverged, 1);
  for (int step = 0; step < STEPS; step++) {
    double sum = 0;
    int n = 0;
    for (long batch = step * BATCHES; batch < (step + 1) * BATCHES; batch++) {
      for (int i = 0; i < SIZE; i++) {
        if (!isnan(of_sample(batch, i))) sum += of_sample(batch, i), n++;
      }
    }
    assert_true(fabs(log.loss[step] - sum / n) < 1e-12);
  }
  /* the mean of the gradients is that of one batch */
  assert_true(fabs((double)flow->trainer->gradient[0][0] - 1) < 1e-6);
  df_flow_free(flow);
  df_task_free(task);
}

static double infinite_once(long batch, int i) {
  return batch == 5 && i == 2 ? INFINITY : 1;
}

static void a_failed_sample_is_counted_through_the_batches_of_its_step(void** state) {
  (void)state;
  static df_training_log log;
  df_task* task;
  df_config config = scripted_config(4);
  config.train_accumulate = 2;
  df_flow* flow = scripted_flow(&task, &config);
  script s = {flow->trainer, infinite_once};
  assert_int_equal(trainer_run(flow->trainer, "known", play, &s, &flow->env, &log), DF_E_NONFINITE);
  assert_string_equal(df_error_message(), "known: step 2, sample 6: the loss is infinite");
  df_flow_free(flow);
  df_task_free(task);
}

/* ---- the end of a training whose loss rises ---- */

/* falls to 0.5 at step 10, is out of bounds from step 20 on but for step 25, and from 30 on for good */
static double rising(long batch, int i) {
  (void)i;
  if (batch == 9) return 0.5;
  if (batch == 24) return 1.5;
  return batch >= 29 && batch % 2 ? NAN : batch >= 19 ? 1.6 : 1;
}

static double never_finite(long batch, int i) {
  (void)batch, (void)i;
  return NAN;
}

static void end_of(double (*loss)(long, int), double rise, int points, const char* message) {
  static df_training_log log;
  df_task* task;
  df_config config = scripted_config(60); /* a point of the curve per step */
  config.train_abort_rise = rise;
  config.train_abort_points = points;
  df_flow* flow = scripted_flow(&task, &config);
  script s = {flow->trainer, loss};
  const df_status status = trainer_run(flow->trainer, "known", play, &s, &flow->env, &log);
  assert_int_equal(status, message ? DF_E_NONFINITE : DF_OK);
  if (message) assert_string_equal(df_error_message(), message);
  df_flow_free(flow);
  df_task_free(task);
}

/* 0.1 up to step 20, 1 at steps 21 and 22, then 2 */
static double of_short_windows(long batch, int i) {
  (void)i;
  return batch < 20 ? 0.1 : batch < 22 ? 1 : 2;
}

/* losses before the first step of whole windows, and that of this step, which averages over both, do not count */
static void losses_of_shorter_windows_are_no_lowest_point(void** state) {
  (void)state;
  const struct {
    long whole_from;
    const char* message;
  } cases[] = {{0,
                "known: aborted at step 24: the last 4 points of the loss curve are not finite or above 3 times the "
                "lowest one, 0.1 at step 1; the last is 2 (train.abort_rise, train.abort_points)"},
               {19,
                "known: aborted at step 24: the last 4 points of the loss curve are not finite or above 3 times the "
                "lowest one, 0.1 at step 20; the last is 2 (train.abort_rise, train.abort_points)"},
               {20, NULL}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    static df_training_log log;
    df_task* task;
    df_config config = scripted_config(60);
    config.train_abort_rise = 3;
    config.train_abort_points = 4;
    df_flow* flow = scripted_flow(&task, &config);
    flow->trainer->cfg.whole_from = cases[k].whole_from;
    script s = {flow->trainer, of_short_windows};
    const df_status status = trainer_run(flow->trainer, "known", play, &s, &flow->env, &log);
    assert_int_equal(status, cases[k].message ? DF_E_NONFINITE : DF_OK);
    if (cases[k].message) assert_string_equal(df_error_message(), cases[k].message);
    df_flow_free(flow);
    df_task_free(task);
  }
}

static void a_training_whose_loss_rises_is_aborted_with_the_reason(void** state) {
  (void)state;
  end_of(rising, 0, 5, NULL);
  end_of(rising, 3.3, 31, NULL);
  end_of(rising, 3, 6,
         "known: aborted at step 31: the last 6 points of the loss curve are not finite or above 3 times the lowest "
         "one, 0.5 at step 10; the last is 1.6 (train.abort_rise, train.abort_points)");
  end_of(never_finite, 3, 6,
         "known: aborted at step 6: none of the 6 points of the loss curve is finite (train.abort_points)");
}

/* one attempt at a training that is saved after every step */
static df_status attempt(const char* folder, double rise, int* steps) {
  static df_training_log log;
  df_task* task;
  df_config config = scripted_config(31);
  config.train_abort_rise = rise;
  config.train_abort_points = 6;
  df_flow* flow = scripted_flow(&task, &config);
  script s = {flow->trainer, rising};
  flow->env.state_folder = folder;
  flow->env.state_every = -1;
  const df_status status = trainer_run(flow->trainer, "known", play, &s, &flow->env, &log);
  *steps = (int)log.steps;
  df_flow_free(flow);
  df_task_free(task);
  return status;
}

static void an_aborted_training_is_aborted_again(void** state) {
  (void)state;
  int steps;
  /* the last step of the training is the one that ends it */
  for (int k = 0; k < 3; k++) {
    assert_int_equal(attempt(test_folder(), 3, &steps), DF_E_NONFINITE);
    assert_non_null(strstr(df_error_message(), "known: aborted at step 31: the last 6 points"));
    assert_int_equal(steps, 31);
  }
  /* a state that was saved after the end */
  assert_int_equal(attempt(test_folder(), 0, &steps), DF_OK);
  assert_int_equal(attempt(test_folder(), 3, &steps), DF_E_NONFINITE);
  assert_non_null(strstr(df_error_message(), "known: aborted at step 31: the last 6 points"));
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

static void a_warm_up_as_long_as_the_training_and_a_rise_below_1_are_refused(void** state) {
  (void)state;
  df_config config = scripted_config(20);
  config.train_warmup = 20;
  refuse(&config, "train.warmup = 20 must be less than the 20 steps of the training");
  config = scripted_config(1);
  config.train_warmup = 1;
  refuse(&config, "train.warmup = 1 must be less than the 1 steps of the training");
  config = scripted_config(20);
  config.train_abort_rise = 0.5;
  refuse(&config, "train.abort_rise = 0.5 must be 0 or at least 1: no loss is below its lowest point");
  /* a rise of 1 aborts at any loss above the lowest */
  config.train_abort_rise = 1;
  df_task* task;
  df_flow* flow = scripted_flow(&task, &config);
  assert_non_null(flow);
  df_flow_free(flow);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_rate_follows_the_schedule),
      cmocka_unit_test(a_point_of_the_curve_is_the_mean_over_all_batches_of_its_step),
      cmocka_unit_test(a_failed_sample_is_counted_through_the_batches_of_its_step),
      cmocka_unit_test(losses_of_shorter_windows_are_no_lowest_point),
      cmocka_unit_test(a_training_whose_loss_rises_is_aborted_with_the_reason),
      cmocka_unit_test(an_aborted_training_is_aborted_again),
      cmocka_unit_test(a_warm_up_as_long_as_the_training_and_a_rise_below_1_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
