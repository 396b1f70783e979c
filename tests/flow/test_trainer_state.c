/* The training state in a file: threads, interruptions, damage. */
#include "dynaflow/io/safetensors.h"
#include "flow_test.h"
#include "test_file.h"

static void threads_do_not_change_weights_samples_or_files(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  static const int threads[3] = {1, 2, 4};
  for (int d = DF_DECODE_STATES; d <= DF_DECODE_TRACKING; d++) {
    char *first_file = NULL, *file;
    double *first_x = NULL, *first_u = NULL, *x, *u;
    size_t first_n = 0, n;
    for (int k = 0; k < 3; k++) {
      df_flow* flow = new_flow(task, (df_decoder)d, threads[k]);
      train(flow);
      sample(flow, task, 3, 5, &x, &u);
      assert_int_equal(df_flow_save(flow, test_file("threads.safetensors")), DF_OK);
      assert_int_equal(df_file_read(test_file("threads.safetensors"), &file, &n), DF_OK);
      df_flow_free(flow);
      if (k == 0) {
        first_file = file, first_n = n, first_x = x, first_u = u;
        continue;
      }
      assert_int_equal(n, first_n);
      assert_memory_equal(file, first_file, n);
      assert_memory_equal(x, first_x, bytes_x(task));
      assert_memory_equal(u, first_u, bytes_u(task));
      df_free(file);
      df_free(x);
      df_free(u);
    }
    df_free(first_file);
    df_free(first_x);
    df_free(first_u);
  }
  unlink(test_file("threads.safetensors"));
  df_task_free(task);
}

/* a progress callback that stops the training after a given number of steps */
typedef struct stopper {
  volatile sig_atomic_t stop;
  long at;
} stopper;

static void stop_at(void* context, const df_progress* at) {
  stopper* s = context;
  if (at->step == s->at) s->stop = 1;
}

/* all decoders, stopped first after `first` steps and then after every `every` of them */
static void check_stopped(df_task* task, long first, long every) {
  const char* folder = test_folder();
  const char* file = test_file("test.state");
  for (int d = DF_DECODE_STATES; d <= DF_DECODE_TRACKING; d++) {
    df_flow* whole = new_flow(task, (df_decoder)d, 1);
    const df_training_log expected = train(whole);
    const size_t n = whole->trainer->n * sizeof(df_real);
    unlink(file);
    static df_training_log log;
    for (long k = first; k <= 19; k += every) {
      stopper s = {.at = k};
      df_method_env env = env_of(task, 2);
      env.stop = &s.stop;
      env.progress = stop_at;
      env.progress_context = &s;
      env.state_folder = folder;
      env.state_identity = "this";
      env.state_every = 1e9;
      df_flow* part;
      assert_int_equal(df_flow_new(&env, "test", (df_decoder)d, &part), DF_OK);
      assert_int_equal(df_flow_train(part, &log), DF_E_INTERRUPTED);
      assert_int_equal(log.steps, k);
      df_flow_free(part);
    }
    df_method_env env = env_of(task, 1);
    env.state_folder = folder;
    env.state_identity = "that";
    df_flow* rest;
    assert_int_equal(df_flow_new(&env, "test", (df_decoder)d, &rest), DF_OK);
    assert_int_equal(df_flow_train(rest, &log), DF_E_MISMATCH);
    assert_non_null(strstr(df_error_message(), file));
    df_flow_free(rest);
    env.state_identity = "this";
    assert_int_equal(df_flow_new(&env, "test", (df_decoder)d, &rest), DF_OK);
    assert_int_equal(df_flow_train(rest, &log), DF_OK);
    assert_memory_equal(rest->trainer->average, whole->trainer->average, n);
    assert_memory_equal(rest->trainer->parameters, whole->trainer->parameters, n);
    assert_int_equal(log.n, expected.n);
    assert_memory_equal(log.loss, expected.loss, sizeof expected.loss);
    assert_memory_equal(log.step, expected.step, sizeof expected.step);
    df_flow_free(rest);
    df_flow_free(whole);
  }
  unlink(file);
}

static void a_training_stopped_anywhere_and_taken_up_again_gives_the_same_bytes(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  check_stopped(task, 1, 6);
  df_task_free(task);
}

/* start states are pushed by the errors of the batch before, which are kept in turn in one of two places */
static void its_pushes_go_on_too(void** state) {
  (void)state;
  df_config config = tiny_config();
  config.train_push = 0.9;
  df_task* task = tiny_task_with(&config);
  check_stopped(task, 4, 9); /* after an even and an odd number of steps */
  df_task_free(task);
}

/* ---- damaged files ---- */

enum { STOPPED_AT = 5 };

/* what `notice` was given, and the stop of a training */
typedef struct heard {
  stopper stop;
  int n;
  char text[4][1024];
} heard;

static void hear(void* context, const char* sentence) {
  heard* h = context;
  assert_true(h->n < 4);
  snprintf(h->text[h->n++], sizeof h->text[0], "%s", sentence);
}

static df_method_env saving_env(const df_task* task, heard* h) {
  df_method_env env = env_of(task, 1);
  env.stop = &h->stop.stop;
  env.progress = stop_at;
  env.progress_context = h;
  env.notice = hear;
  env.state_folder = test_folder();
  env.state_identity = "this";
  env.state_every = 0; /* after every step */
  return env;
}

#define STATE            test_file("test.state")
#define PREVIOUS         test_file("test.state.previous")
#define DAMAGED          test_file("test.state.damaged")
#define DAMAGED_2        test_file("test.state.damaged-2")
#define DAMAGED_PREVIOUS test_file("test.state.previous.damaged")

static void remove_states(void) {
  unlink(STATE);
  unlink(PREVIOUS);
  unlink(DAMAGED);
  unlink(DAMAGED_2);
  unlink(DAMAGED_PREVIOUS);
}

/* a training that is stopped after STOPPED_AT steps, with two states: after the step and on interruption */
static void train_a_part(const df_task* task) {
  static df_training_log log;
  heard h = {.stop = {.at = STOPPED_AT}};
  const df_method_env env = saving_env(task, &h);
  df_flow* flow;
  remove_states();
  assert_int_equal(df_flow_new(&env, "test", DF_DECODE_ROLLOUT, &flow), DF_OK);
  assert_int_equal(df_flow_train(flow, &log), DF_E_INTERRUPTED);
  df_flow_free(flow);
  assert_true(df_file_exists(STATE) && df_file_exists(PREVIOUS));
}

/* trains to the end from what is in the folder; the weights are those of an uninterrupted training */
static heard train_the_rest(const df_task* task) {
  static df_training_log log;
  heard h = {.stop = {.at = -1}};
  const df_method_env env = saving_env(task, &h);
  df_flow *flow, *whole = new_flow(task, DF_DECODE_ROLLOUT, 1);
  train(whole);
  assert_int_equal(df_flow_new(&env, "test", DF_DECODE_ROLLOUT, &flow), DF_OK);
  assert_int_equal(df_flow_train(flow, &log), DF_OK);
  assert_int_equal(log.steps, 20);
  assert_memory_equal(flow->trainer->average, whole->trainer->average, whole->trainer->n * sizeof(df_real));
  df_flow_free(flow);
  df_flow_free(whole);
  return h;
}

static void flip_bit(const char* file, size_t at) {
  char* data;
  size_t n;
  assert_int_equal(df_file_read(file, &data, &n), DF_OK);
  assert_true(at < n);
  data[at] = (char)(data[at] ^ 1);
  assert_int_equal(df_file_write(file, data, n), DF_OK);
  df_free(data);
}

static size_t size_of(const char* file) {
  char* data;
  size_t n;
  assert_int_equal(df_file_read(file, &data, &n), DF_OK);
  df_free(data);
  return n;
}

static void cut(const char* file, size_t to) {
  char* data;
  size_t n;
  assert_int_equal(df_file_read(file, &data, &n), DF_OK);
  assert_int_equal(df_file_write(file, data, to), DF_OK);
  df_free(data);
}

static void a_flipped_bit_anywhere_is_found_and_the_state_before_it_is_taken(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  train_a_part(task);
  const size_t n = size_of(STATE);
  /* the length of the header, the header, the first and the last byte of the arrays, and places between */
  for (size_t i = 0; i < 24; i++) {
    train_a_part(task);
    const size_t at = i < 4 ? i * 9 : i == 4 ? n - 1 : n * (i - 4) / 20;
    flip_bit(STATE, at);
    const heard h = train_the_rest(task);
    if (h.n != 2) fail_msg("byte %zu of %zu: %d notices", at, n, h.n);
    assert_non_null(strstr(h.text[0], "damaged training state: "));
    assert_non_null(strstr(h.text[0], DAMAGED));
    assert_string_equal(h.text[1], "test: training continues from the previous state, step 5");
    assert_true(df_file_exists(DAMAGED));
    assert_int_equal(size_of(DAMAGED), n);
  }
  remove_states();
  df_task_free(task);
}

static void without_a_good_state_training_starts_over(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  train_a_part(task);
  cut(STATE, size_of(STATE) / 2);
  cut(PREVIOUS, 0);
  heard h = train_the_rest(task);
  assert_int_equal(h.n, 3);
  assert_non_null(strstr(h.text[0], "test.state: damaged training state: "));
  assert_non_null(strstr(h.text[1], "test.state.previous: damaged training state: "));
  assert_string_equal(h.text[2], "test: training starts over");
  assert_true(df_file_exists(DAMAGED) && df_file_exists(DAMAGED_PREVIOUS));
  /* files that can be read, and are wrong, leave nothing in the training either */
  train_a_part(task);
  flip_bit(STATE, size_of(STATE) - 1);
  flip_bit(PREVIOUS, size_of(PREVIOUS) - 1);
  h = train_the_rest(task);
  assert_string_equal(h.text[2], "test: training starts over");
  /* an older damaged file is kept; a state without a checksum, as older programs wrote it, is not believed */
  cut(STATE, 10);
  h = train_the_rest(task);
  assert_true(df_file_exists(DAMAGED) && df_file_exists(DAMAGED_2));
  const int64_t none = 0;
  const size_t one = 1;
  const df_named_tensor tensor = {.name = "counters", .dtype = DF_I64, .rank = 1, .shape = {one}, .data = &none};
  const df_text_pair identity = {"dynaflow.training", "this"};
  remove_states();
  assert_int_equal(df_safetensors_write(STATE, 1, &tensor, 1, &identity), DF_OK);
  h = train_the_rest(task);
  assert_int_equal(h.n, 2);
  assert_non_null(strstr(h.text[0], "damaged training state: it has no checksum"));
  assert_string_equal(h.text[1], "test: training starts over");
  remove_states();
  df_task_free(task);
}

static void a_training_killed_between_two_files_takes_the_state_before(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  train_a_part(task);
  unlink(STATE);
  const heard h = train_the_rest(task);
  assert_int_equal(h.n, 0);
  remove_states();
  df_task_free(task);
}

/* ---- counters that have their checksum, and are impossible ---- */

static trainer* trainer_of(const df_flow* flow, trainer_progress* at, df_training_log* log) {
  /* 5 of 20 steps: a point of the curve per step */
  memset(log, 0, sizeof *log);
  snprintf(log->name, sizeof log->name, "test");
  *at = (trainer_progress){.step = 5};
  log->n = 5;
  for (int i = 0; i < 5; i++) log->step[i] = i + 1, log->loss[i] = 1.0 / (i + 1);
  at->sum = 0.75;
  log->cpu_s = 2.5;
  log->diverged = 7;
  log->skipped = 1;
  log->adjoints = (df_gradient_count){.steps = 9, .approximate = 4, .differenced = 8};
  flow->trainer->optimizer->step = 4;
  return flow->trainer;
}

static void a_state_with_an_impossible_counter_is_set_aside(void** state) {
  (void)state;
  df_task* task = tiny_task_new();
  df_flow* flow = new_flow(task, DF_DECODE_STATES, 1);
  static df_training_log log, loaded;
  trainer_progress at, from;
  trainer* t = trainer_of(flow, &at, &log);
  /* each with the words of the notice; NULL: possible */
  const struct {
    long* counter;
    long value;
    const char* words;
  } cases[] = {
      {&at.step, 5, NULL},
      {&at.step, -1, "the step is -1, must be in 0..20"},
      {&at.step, 21, "the step is 21, must be in 0..20"},
      {&at.step, 1000000, "the step is 1000000, must be in 0..20"},
      {&at.step, 6, "the optimizer's step is 4, must be in 5..5"},
      {&at.summed, 1, NULL},
      {&at.summed, 2, "the number of summed losses is 2, must be in 0..1"},
      {&at.summed, -1, "the number of summed losses is -1"},
      {&log.diverged, 5 * 12, NULL},
      {&log.diverged, 5 * 12 + 1, "the number of diverged samples is 61, must be in 0..60"},
      {&log.diverged, 1000000, "the number of diverged samples is 1000000"},
      {&log.diverged, -1, "the number of diverged samples is -1"},
      {&log.skipped, 0, "the optimizer's step is 4, must be in 5..5"},
      {&log.skipped, 6, "the number of skipped steps is 6, must be in 0..5"},
      {&log.skipped, -1, "the number of skipped steps is -1"},
      {&log.adjoints.steps, -1, "the number of adjoints is -1"},
      {&log.adjoints.steps, 7, "the number of adjoints by finite differences is 8, must be in 0..7"},
      {&log.adjoints.approximate, 10, "the number of approximate adjoints is 10, must be in 0..9"},
      {&log.step[2], 4, "point 2 of the loss curve is at step 4, must be at 3"},
      {&log.step[7], 4, NULL}, /* behind the end of the curve */
  };
  heard h;
  df_method_env env = saving_env(task, &h);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    remove_states();
    h = (heard){0};
    trainer_of(flow, &at, &log);
    *cases[i].counter = cases[i].value;
    assert_int_equal(trainer_state_save(t, &at, &log, &env), DF_OK);
    memset(&loaded, 0, sizeof loaded);
    snprintf(loaded.name, sizeof loaded.name, "test");
    from = (trainer_progress){0};
    t->optimizer->step = 0;
    assert_int_equal(trainer_state_load(t, &from, &loaded, &env), DF_OK);
    if (!cases[i].words) {
      assert_int_equal(h.n, 0);
      assert_true(from.step == 5 && loaded.n == 5 && loaded.skipped == 1 && t->optimizer->step == 4);
      assert_true(loaded.steps == 5 && loaded.diverged == log.diverged && from.summed == at.summed);
      assert_true(from.sum == at.sum && loaded.cpu_s == log.cpu_s);
      assert_true(loaded.adjoints.steps == 9 && loaded.adjoints.approximate == 4 && loaded.adjoints.differenced == 8);
      assert_memory_equal(loaded.step, log.step, sizeof log.step);
      assert_memory_equal(loaded.loss, log.loss, sizeof log.loss);
      continue;
    }
    if (h.n != 2 || !strstr(h.text[0], cases[i].words))
      fail_msg("%s: %s", cases[i].words, h.n ? h.text[0] : "no notice");
    assert_true(from.step == 0 && loaded.n == 0 && t->optimizer->step == 0);
    assert_true(df_file_exists(DAMAGED) && !df_file_exists(STATE));
  }
  /* of two batches per step there are twice as many samples */
  t->cfg.accumulate = 2;
  for (int more = 0; more < 2; more++) {
    remove_states();
    h = (heard){0};
    trainer_of(flow, &at, &log);
    log.diverged = 2 * 5 * 12 + more;
    assert_int_equal(trainer_state_save(t, &at, &log, &env), DF_OK);
    assert_int_equal(trainer_state_load(t, &from, &loaded, &env), DF_OK);
    assert_int_equal(h.n, more ? 2 : 0);
    if (more) assert_non_null(strstr(h.text[0], "the number of diverged samples is 121, must be in 0..120"));
  }
  t->cfg.accumulate = 1;
  /* the number of points, which indexes the curve, and sums that are not finite */
  static const int points[] = {4, 6, -1, 1000000};
  for (int i = 0; i < 4; i++) {
    remove_states();
    h = (heard){0};
    trainer_of(flow, &at, &log);
    log.n = points[i];
    assert_int_equal(trainer_state_save(t, &at, &log, &env), DF_OK);
    assert_int_equal(trainer_state_load(t, &from, &loaded, &env), DF_OK);
    assert_non_null(strstr(h.text[0], "the number of points of the loss curve is "));
  }
  for (int i = 0; i < 3; i++) {
    remove_states();
    h = (heard){0};
    trainer_of(flow, &at, &log);
    *(i ? &log.cpu_s : &at.sum) = i == 2 ? -1 : NAN;
    assert_int_equal(trainer_state_save(t, &at, &log, &env), DF_OK);
    assert_int_equal(trainer_state_load(t, &from, &loaded, &env), DF_OK);
    assert_non_null(strstr(h.text[0], i == 0   ? "the sum of losses is nan and the CPU time 2.5 s, must be finite"
                                      : i == 1 ? "the sum of losses is 0.75 and the CPU time nan s, must be finite"
                                               : "the sum of losses is 0.75 and the CPU time -1 s, must be finite"));
  }
  remove_states();
  df_flow_free(flow);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(threads_do_not_change_weights_samples_or_files),
      cmocka_unit_test(a_training_stopped_anywhere_and_taken_up_again_gives_the_same_bytes),
      cmocka_unit_test(its_pushes_go_on_too),
      cmocka_unit_test(a_flipped_bit_anywhere_is_found_and_the_state_before_it_is_taken),
      cmocka_unit_test(without_a_good_state_training_starts_over),
      cmocka_unit_test(a_training_killed_between_two_files_takes_the_state_before),
      cmocka_unit_test(a_state_with_an_impossible_counter_is_set_aside),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
