/* The training state in a file: threads, interruptions, damage. */
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

static void stop_at(void* context, const char* what, long done, long total, double loss) {
  stopper* s = context;
  (void)what, (void)total, (void)loss;
  if (done == s->at) s->stop = 1;
}

static void a_training_stopped_anywhere_and_taken_up_again_gives_the_same_bytes(void** state) {
  (void)state;
  const char* folder = test_folder();
  const char* file = test_file("test.state");
  df_task* task = tiny_task_new();
  for (int d = DF_DECODE_STATES; d <= DF_DECODE_TRACKING; d++) {
    df_flow* whole = new_flow(task, (df_decoder)d, 1);
    const df_training_log expected = train(whole);
    const size_t n = whole->trainer->n * sizeof(df_real);
    unlink(file);
    static df_training_log log;
    for (long k = 1; k <= 19; k += 6) {
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
  df_task_free(task);
}

/* sets entry i of the array "counters" of a state file */
static void damage_counter(const char* file, int i, int64_t value) {
  char* data;
  size_t n;
  assert_int_equal(df_file_read(file, &data, &n), DF_OK);
  uint64_t head;
  memcpy(&head, data, sizeof head);
  const char* entry = strstr(data + 8, "\"counters\"");
  assert_non_null(entry);
  unsigned long from;
  assert_int_equal(sscanf(strstr(entry, "data_offsets"), "data_offsets\":[%lu", &from), 1);
  memcpy(data + 8 + head + from + (size_t)i * sizeof value, &value, sizeof value);
  assert_int_equal(df_file_write(file, data, n), DF_OK);
  df_free(data);
}

static void a_state_with_an_impossible_counter_is_refused(void** state) {
  (void)state;
  const char* folder = test_folder();
  const char* file = test_file("test.state");
  static const struct {
    int counter;
    int64_t value;
    const char* name;
  } damages[] = {
      {0, -1, "the step"}, {0, 1000000, "the step"}, {5, 1000000, "the loss curve"}, {5, -1, "the loss curve"}};
  df_task* task = tiny_task_new();
  for (size_t k = 0; k < sizeof damages / sizeof damages[0]; k++) {
    stopper s = {.at = 3};
    df_method_env env = env_of(task, 1);
    env.stop = &s.stop;
    env.progress = stop_at;
    env.progress_context = &s;
    env.state_folder = folder;
    env.state_identity = "this";
    env.state_every = 1e9;
    static df_training_log log;
    df_flow* flow;
    unlink(file);
    assert_int_equal(df_flow_new(&env, "test", DF_DECODE_STATES, &flow), DF_OK);
    assert_int_equal(df_flow_train(flow, &log), DF_E_INTERRUPTED);
    df_flow_free(flow);
    damage_counter(file, damages[k].counter, damages[k].value);
    env.stop = NULL;
    assert_int_equal(df_flow_new(&env, "test", DF_DECODE_STATES, &flow), DF_OK);
    assert_int_equal(df_flow_train(flow, &log), DF_E_FORMAT);
    assert_non_null(strstr(df_error_message(), file));
    assert_non_null(strstr(df_error_message(), damages[k].name));
    df_flow_free(flow);
  }
  unlink(file);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(threads_do_not_change_weights_samples_or_files),
      cmocka_unit_test(a_training_stopped_anywhere_and_taken_up_again_gives_the_same_bytes),
      cmocka_unit_test(a_state_with_an_impossible_counter_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
