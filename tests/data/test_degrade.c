/* Fewer and noisier training demonstrations (df_task_degrade()). */
#include "data_test.h"
#include "dynaflow/data/task.h"
#include "tiny_task.h"

enum { NX = 6, NU = 2, EPISODES = 12, LENGTH = 40 };

static df_task* task_of(int episodes, double noise) {
  df_config c = tiny_config();
  c.train_episodes = episodes;
  c.train_noise = noise;
  return tiny_task_with(&c);
}

static int trained_frames(const df_task* task, int episode) {
  int n = 0;
  for (int t = 0; t <= LENGTH; t++) n += task->windows->side[task->data->first[episode] + (size_t)t] == DF_SIDE_TRAIN;
  return n;
}

/* every fourth of 12 episodes is held out: 0, 1, 2, 4, 5, 6, 8, 9 and 10 are trained on */
static void training_windows_are_those_of_the_first_episodes(void** state) {
  (void)state;
  static const int trained[] = {0, 1, 2, 4, 5, 6, 8, 9, 10};
  df_task* all = task_of(0, 0);
  const int each = LENGTH - 8 + 1;
  assert_int_equal(all->windows->n_train, 9 * each);
  for (int n = 1; n <= 9; n++) {
    df_task* task = task_of(n, 0);
    const df_windows* w = task->windows;
    assert_int_equal(w->n_train, n * each);
    for (int i = 0; i < w->n_train; i++) {
      assert_int_equal(w->train[i].episode, trained[i / each]);
      assert_int_equal(w->train[i].start, i % each);
    }
    for (int k = 0; k < 9; k++) {
      const df_window first = {.episode = trained[k], .start = 3};
      assert_int_equal(trained_frames(task, trained[k]), k < n ? LENGTH + 1 : 0);
      assert_int_equal(df_windows_trains(w, task->data, first), k < n);
    }

    /* what is measured, and its unit, are the same */
    assert_int_equal(w->n_test, all->windows->n_test);
    assert_memory_equal(w->test, all->windows->test, (size_t)w->n_test * sizeof *w->test);
    assert_memory_equal(df_chart_std(task->chart), df_chart_std(all->chart), NX * sizeof(double));
    df_task_free(task);
  }
  df_task_free(all);
}

static void more_episodes_than_there_are_are_refused(void** state) {
  (void)state;
  df_task* task = task_of(0, 0);
  task->config.train_episodes = 10;
  assert_int_equal(df_task_degrade(task), DF_E_CONFIG);
  assert_string_equal(df_error_message(),
                      "train.episodes = 10 exceeds the 9 training episodes; decrease it, or set it to 0");
  assert_int_equal(task->windows->n_train, 9 * (LENGTH - 8 + 1));
  df_task_free(task);
}

/* two gaits in turn, of which one has fewer training episodes */
static void episodes_count_within_their_gait(void** state) {
  (void)state;
  df_dataset* data;
  df_windows* w;
  df_config c = df_config_default();
  c.window_horizon = 4;
  c.split_test_every = 2;
  assert_ok(
      df_dataset_new(&(df_dataset_shape){.episodes = 10, .length = 6, .nx = 2, .nu = 1, .nc = 2, .dt = 0.1}, &data));
  assert_ok(df_dataset_name_condition(data, 0, "gait.walk"));
  assert_ok(df_dataset_name_condition(data, 1, "gait.run"));
  for (int e = 0; e < 10; e++) data->conditions[2 * e + (e % 5 == 4)] = 1; /* run: 4 and 9 */
  assert_ok(df_windows_new(data, &c, &w));
  assert_int_equal(df_windows_keep_episodes(w, data, 2), DF_E_CONFIG);
  assert_string_equal(df_error_message(),
                      "train.episodes = 2 exceeds the 1 training episodes of gait.run; decrease it, or set it to 0");
  assert_ok(df_windows_keep_episodes(w, data, 1));
  assert_int_equal(w->n_train, 2 * 3);
  for (int i = 0; i < 6; i++) assert_int_equal(w->train[i].episode, i < 3 ? 0 : 4);
  df_windows_free(w);
  df_dataset_free(data);
}

/* hinges and slides: a coordinate of a state relative to itself is the coordinate itself over its std */
static void noise_is_that_of_its_stream_in_units_of_the_scales(void** state) {
  (void)state;
  const double std = 0.25;
  df_task *clean = task_of(5, 0), *noisy = task_of(5, std);
  df_chart_statistics s = df_chart_get_statistics(clean->chart);
  double square = 0, n = 0;
  assert_memory_equal(s.std, df_chart_std(noisy->chart), NX * sizeof(double));
  assert_memory_equal(s.action_std, df_chart_get_statistics(noisy->chart).action_std, NU * sizeof(double));
  for (int e = 0; e < EPISODES; e++) {
    const bool trained = trained_frames(clean, e) > 0;
    for (int t = 0; t <= LENGTH; t++) {
      const double *x = df_dataset_state(clean->data, e, t), *y = df_dataset_state(noisy->data, e, t);
      const uint64_t row = (uint64_t)e * (LENGTH + 1) + (uint64_t)t;
      double draw[NX];
      df_rng_normal(1, DF_STREAM_DEMO_NOISE, 2 * row, NX, draw);
      for (int i = 0; i < NX; i++) {
        const double change = (y[i] - x[i]) / s.std[i];
        assert_true(fabs(change - (trained ? std * draw[i] : 0)) < 1e-12);
        square += trained ? change * change : 0;
        n += trained;
      }
      if (t == LENGTH) continue;
      const double *u = df_dataset_action(clean->data, e, t), *v = df_dataset_action(noisy->data, e, t);
      df_rng_normal(1, DF_STREAM_DEMO_NOISE, 2 * row + 1, NU, draw);
      for (int i = 0; i < NU; i++)
        assert_true(fabs((v[i] - u[i]) / s.action_std[i] - (trained ? std * draw[i] : 0)) < 1e-12);
    }
  }
  /* 1230 numbers: 2 % */
  assert_int_equal((int)n, 5 * (LENGTH + 1) * NX);
  assert_true(fabs(sqrt(square / n) / std - 1) < 0.08);
  df_task_free(clean);
  df_task_free(noisy);
}

static void a_failed_allocation_changes_nothing(void** state) {
  (void)state;
  df_task* task = task_of(0, 0);
  task->config.train_episodes = 2;
  for (int k = 1; k <= 2; k++) {
    df_alloc_fail_at((size_t)k);
    assert_int_equal(df_task_degrade(task), DF_E_NOMEM);
    df_alloc_fail_at(0);
    assert_int_equal(task->windows->n_train, 9 * (LENGTH - 8 + 1));
  }
  df_task_free(task);
}

static void arguments_are_checked(void** state) {
  (void)state;
  df_task* task = task_of(0, 0);
  assert_int_equal(df_task_degrade(NULL), DF_E_ARG);
  assert_int_equal(df_windows_keep_episodes(NULL, task->data, 1), DF_E_ARG);
  assert_int_equal(df_windows_keep_episodes(task->windows, NULL, 1), DF_E_ARG);
  assert_int_equal(df_windows_keep_episodes(task->windows, task->data, 0), DF_E_ARG);
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(training_windows_are_those_of_the_first_episodes),
      cmocka_unit_test(more_episodes_than_there_are_are_refused),
      cmocka_unit_test(episodes_count_within_their_gait),
      cmocka_unit_test(noise_is_that_of_its_stream_in_units_of_the_scales),
      cmocka_unit_test(a_failed_allocation_changes_nothing),
      cmocka_unit_test(arguments_are_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
