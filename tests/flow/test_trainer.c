/* The training loop on losses and gradients that are known in advance. */
#include "flow_test.h"
#include "test_file.h"

enum { STEPS = 450, EVERY = 3, BATCH = 4 }; /* 450 steps: 150 points of the curve */

/* of sample i of a step: numbers without a pattern; NaN for some samples, and for all of the steps 6, 7 and 8 */
static double loss_at(long step, int i) {
  const bool lost = (step * 7 + i) % 5 == 0 || (step >= 6 && step < 9);
  return lost ? NAN : 1 + sin(1.7 * (double)step + i);
}

static bool overflows(long step) {
  return step % 50 == 49;
}

/* the gradient is 1 for each parameter and micro-batch, and infinite in some steps */
static void known(void* context, int thread, long step, int first, int count, const df_real* parameters,
                  df_real* gradient, double* loss) {
  const trainer* t = context;
  (void)thread, (void)parameters;
  for (int i = first; i < first + count; i++) loss[i] = loss_at(step, i);
  for (size_t j = 0; j < t->n; j++) gradient[j] += overflows(step) && first == 0 && j == 1 ? (df_real)INFINITY : 1;
}

static df_flow* known_flow(df_task** task, double rate) {
  df_config config = tiny_config();
  config.train_steps = STEPS;
  config.train_batch = BATCH;
  config.train_slices = 2;
  config.train_rate = rate;
  *task = tiny_task_with(&config);
  return new_flow(*task, DF_DECODE_STATES, 1);
}

static void the_curve_has_means_over_the_steps_and_samples_that_have_a_loss(void** state) {
  (void)state;
  static df_training_log log;
  df_task* task;
  df_flow* flow = known_flow(&task, 0);
  long lost = 0, skipped = 0;
  assert_int_equal(trainer_run(flow->trainer, "known", known, flow->trainer, &flow->env, &log), DF_OK);
  assert_int_equal(log.n, STEPS / EVERY);
  for (int k = 0; k < log.n; k++) {
    double sum = 0;
    int steps = 0;
    for (long step = k * EVERY; step < (k + 1) * EVERY; step++) {
      double of_step = 0;
      int n = 0;
      for (int i = 0; i < BATCH; i++) {
        const double loss = loss_at(step, i);
        if (!isnan(loss)) of_step += loss, n++;
      }
      lost += BATCH - n;
      skipped += overflows(step);
      if (n) sum += of_step / n, steps++;
    }
    assert_int_equal(log.step[k], (k + 1) * EVERY);
    assert_true(steps ? fabs(log.loss[k] - sum / steps) < 1e-14 : isnan(log.loss[k]));
  }
  assert_int_equal(log.diverged, lost);
  assert_int_equal(log.skipped, skipped);
  assert_int_equal(log.steps, STEPS);
  assert_int_equal(flow->trainer->optimizer->step, STEPS - skipped);
  df_flow_free(flow);
  df_task_free(task);
}

/* how often each sample of a batch was computed */
static int visits[64];

static void count_visits(void* context, int thread, long step, int first, int count, const df_real* parameters,
                         df_real* gradient, double* loss) {
  (void)context, (void)thread, (void)step, (void)parameters, (void)gradient;
  for (int i = first; i < first + count; i++) visits[i]++, loss[i] = 1;
}

static void every_sample_of_a_batch_is_computed_once_per_step(void** state) {
  (void)state;
  static df_training_log log;
  for (int slices = 1; slices <= 11; slices++) {
    df_config config = tiny_config();
    config.train_steps = 3;
    config.train_batch = 11;
    config.train_slices = slices;
    df_task* task = tiny_task_with(&config);
    df_flow* flow = new_flow(task, DF_DECODE_STATES, 1);
    memset(visits, 0, sizeof visits);
    assert_int_equal(trainer_run(flow->trainer, "known", count_visits, flow->trainer, &flow->env, &log), DF_OK);
    for (int i = 0; i < 64; i++) assert_int_equal(visits[i], i < 11 ? 3 : 0);
    df_flow_free(flow);
    df_task_free(task);
  }
}

/* of several failures that of the first sample counts, whichever is noted first */
static void the_first_sample_that_fails_is_kept(void** state) {
  (void)state;
  static const int noted[] = {5, 3, 7, 0, 2}, kept[] = {5, 3, 3, 0, 0};
  df_task* task;
  df_flow* flow = known_flow(&task, 0);
  trainer* t = flow->trainer;
  static df_training_log log;
  assert_int_equal(trainer_run(t, "known", known, t, &flow->env, &log), DF_OK);
  assert_true(t->failed < 0);
  for (int i = 0; i < 5; i++) {
    char says[16];
    (void)df_fail(DF_E_SIM, "sample %d", noted[i]);
    trainer_note_failure(t, noted[i]);
    snprintf(says, sizeof says, "sample %d", kept[i]);
    assert_int_equal(t->failed, kept[i]);
    assert_string_equal(t->failure, says);
  }
  df_flow_free(flow);
  df_task_free(task);
}

static void all_diverge(void* context, int thread, long step, int first, int count, const df_real* parameters,
                        df_real* gradient, double* loss) {
  (void)context, (void)thread, (void)step, (void)parameters, (void)gradient;
  for (int i = first; i < first + count; i++) loss[i] = NAN;
}

static void a_training_without_a_single_loss_is_an_error(void** state) {
  (void)state;
  static df_training_log log;
  df_task* task;
  df_flow* flow = known_flow(&task, 0.01);
  assert_int_equal(trainer_run(flow->trainer, "known", all_diverge, flow->trainer, &flow->env, &log), DF_E_NONFINITE);
  assert_string_equal(df_error_message(), "known: all 1800 training samples diverged; the weights were not trained");
  df_flow_free(flow);
  df_task_free(task);
}

/* stops after every 100th step, so between two points of the curve */
static void stop_sometimes(void* context, const df_progress* at) {
  *(volatile sig_atomic_t*)context = at->step % 100 == 0;
}

static void a_resumed_training_has_the_curve_of_a_whole_one(void** state) {
  (void)state;
  static df_training_log whole, parts;
  volatile sig_atomic_t stop = 0;
  df_task* task;
  df_flow* flow = known_flow(&task, 0);
  assert_int_equal(trainer_run(flow->trainer, "known", known, flow->trainer, &flow->env, &whole), DF_OK);
  df_flow_free(flow);
  double before = 0;
  for (int part = 0; part < 5; part++) {
    flow = new_flow(task, DF_DECODE_STATES, 1);
    df_method_env env = flow->env;
    env.stop = &stop;
    env.progress = stop_sometimes;
    env.progress_context = (void*)(uintptr_t)&stop;
    env.state_folder = test_folder();
    env.state_every = 1e9;
    stop = 0;
    const df_status status = trainer_run(flow->trainer, "known", known, flow->trainer, &env, &parts);
    assert_int_equal(status, part < 4 ? DF_E_INTERRUPTED : DF_OK);
    /* the time of all parts is summed */
    assert_true(parts.cpu_s > before);
    before = parts.cpu_s;
    assert_int_equal(flow->trainer->optimizer->step, parts.steps - parts.skipped);
    df_flow_free(flow);
  }
  assert_int_equal(parts.n, whole.n);
  assert_memory_equal(parts.step, whole.step, sizeof whole.step);
  /* equal bits: NaN, too */
  assert_memory_equal(parts.loss, whole.loss, sizeof whole.loss);
  assert_int_equal(parts.diverged, whole.diverged);
  assert_int_equal(parts.skipped, whole.skipped);
  df_task_free(task);
}

/* the weights after the last step */
typedef struct kept {
  const trainer* t;
  df_real *parameters, *average; /* [n] */
} kept;

static void look_at_step(void* context, const df_progress* at) {
  kept* k = context;
  const size_t bytes = k->t->n * sizeof(df_real);
  assert_int_equal(memcmp(k->parameters, k->t->parameters, bytes) == 0, overflows(at->step - 1));
  assert_int_equal(memcmp(k->average, k->t->average, bytes) == 0, overflows(at->step - 1));
  memcpy(k->parameters, k->t->parameters, bytes);
  memcpy(k->average, k->t->average, bytes);
}

static void a_step_whose_gradient_is_not_finite_changes_nothing(void** state) {
  (void)state;
  static df_training_log log;
  df_task* task;
  df_flow* flow = known_flow(&task, 0.01);
  trainer* t = flow->trainer;
  kept k = {t, df_alloc(t->n, sizeof(df_real)), df_alloc(t->n, sizeof(df_real))};
  memcpy(k.average, t->average, t->n * sizeof(df_real));
  df_method_env env = flow->env;
  env.progress = look_at_step;
  env.progress_context = &k;
  assert_int_equal(trainer_run(t, "known", known, t, &env, &log), DF_OK);
  df_free(k.parameters);
  df_free(k.average);
  df_flow_free(flow);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_curve_has_means_over_the_steps_and_samples_that_have_a_loss),
      cmocka_unit_test(every_sample_of_a_batch_is_computed_once_per_step),
      cmocka_unit_test(the_first_sample_that_fails_is_kept),
      cmocka_unit_test(a_training_without_a_single_loss_is_an_error),
      cmocka_unit_test(a_resumed_training_has_the_curve_of_a_whole_one),
      cmocka_unit_test(a_step_whose_gradient_is_not_finite_changes_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
