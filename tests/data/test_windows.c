#include "data_test.h"
#include "dynaflow/data/dataset.h"

/* episodes with a one-hot gait, dealt to `gaits` gaits in turn; without gaits if gaits = 0 */
static df_dataset* make_data(int episodes, int length, int gaits) {
  df_dataset* data;
  assert_ok(df_dataset_new(
      &(df_dataset_shape){
          .episodes = episodes, .length = length, .nx = 2, .nu = 1, .nc = gaits > 0 ? gaits + 1 : 0, .dt = 0.1},
      &data));
  for (int g = 0; g < gaits; g++) {
    char name[DF_NAME_MAX];
    snprintf(name, sizeof name, "gait.g%d", g);
    assert_ok(df_dataset_name_condition(data, 1 + g, name));
  }
  if (gaits > 0) assert_ok(df_dataset_name_condition(data, 0, "command.vx"));
  for (int e = 0; e < episodes && gaits > 0; e++) {
    double* c = data->conditions + e * (gaits + 1);
    c[0] = 5; /* a command larger than the one-hot value must not be taken for a gait */
    c[1 + e % gaits] = 1;
  }
  return data;
}

static df_config make_config(int horizon, int stride, int first, int last, int test_every) {
  df_config c = df_config_default();
  c.window_horizon = horizon;
  c.window_stride = stride;
  c.window_first = first;
  c.window_last = last;
  c.split_test_every = test_every;
  return c;
}

/* bit 1: has training windows, bit 2: has test windows */
static void mark_sides(const df_windows* w, int episodes, int* sides) {
  memset(sides, 0, (size_t)episodes * sizeof *sides);
  for (int i = 0; i < w->n_train; i++) sides[w->train[i].episode] |= 1;
  for (int i = 0; i < w->n_test; i++) sides[w->test[i].episode] |= 2;
}

static void no_episode_has_windows_on_both_sides(void** state) {
  (void)state;
  for (int gaits = 0; gaits <= 4; gaits++) {
    for (int every = 2; every <= 5; every++) {
      int sides[41];
      df_dataset* data = make_data(41, 20, gaits);
      const df_config config = make_config(8, 3, 1, 0, every);
      df_windows* w;
      assert_ok(df_windows_new(data, &config, &w));
      mark_sides(w, 41, sides);
      for (int e = 0; e < 41; e++) assert_true(sides[e] == 1 || sides[e] == 2);
      df_windows_free(w);
      df_dataset_free(data);
    }
  }
}

static void every_nth_episode_of_each_gait_is_held_out(void** state) {
  (void)state;
  enum { GAITS = 3, EACH = 7, EPISODES = GAITS * EACH };
  int sides[EPISODES];
  df_dataset* data = make_data(EPISODES, 10, GAITS);
  const df_config config = make_config(4, 1, 0, 0, 3);
  df_windows* w;
  assert_ok(df_windows_new(data, &config, &w));
  for (int e = 0; e < EPISODES; e++) assert_int_equal(df_dataset_group(data, e), 1 + e % GAITS);
  mark_sides(w, EPISODES, sides);
  for (int e = 0; e < EPISODES; e++) assert_int_equal(sides[e], e / GAITS % 3 == 2 ? 2 : 1);
  df_windows_free(w);
  df_dataset_free(data);
}

static void of_equal_gaits_the_first_is_the_group(void** state) {
  (void)state;
  df_dataset* data = make_data(4, 10, 3);
  const double gaits[4][3] = {{0, 0, 0}, {1, 1, 0}, {0, .5, .5}, {-1, -2, -1}};
  const int group[4] = {1, 1, 2, 1};
  for (int e = 0; e < 4; e++) {
    memcpy(data->conditions + 4 * e + 1, gaits[e], sizeof gaits[e]);
    assert_int_equal(df_dataset_group(data, e), group[e]);
  }
  df_dataset_free(data);
}

static void the_split_does_not_look_at_states_or_commands(void** state) {
  (void)state;
  df_dataset* data = make_data(30, 10, 2);
  const df_config config = make_config(4, 2, 0, 0, 4);
  df_windows *a, *b;
  assert_ok(df_windows_new(data, &config, &a));
  df_rng_normal(9, DF_STREAM_TEST, 0, 30 * 11 * 2, data->states);
  for (int e = 0; e < 30; e++) data->conditions[3 * e] = -e;
  assert_ok(df_windows_new(data, &config, &b));
  assert_int_equal(a->n_train, b->n_train);
  assert_int_equal(a->n_test, b->n_test);
  assert_memory_equal(a->train, b->train, (size_t)a->n_train * sizeof *a->train);
  assert_memory_equal(a->test, b->test, (size_t)a->n_test * sizeof *a->test);
  df_windows_free(a);
  df_windows_free(b);
  df_dataset_free(data);
}

/* compared with the definition: start = first, first + stride, ... <= last, with the window inside the episode */
static void windows_are_all_those_that_fit(void** state) {
  (void)state;
  static const int lengths[] = {8, 9, 20};
  for (int l = 0; l < 3; l++) {
    for (int stride = 1; stride <= 4; stride++) {
      for (int first = 0; first <= 3; first++) {
        for (int last = 0; last <= 8; last++) {
          const int horizon = 5, fit = lengths[l] - horizon;
          df_dataset* data = make_data(4, lengths[l], 0);
          const df_config config = make_config(horizon, stride, first, last, 4);
          df_windows* w;
          const df_status status = df_windows_new(data, &config, &w);
          const int end = last > 0 ? last : fit;
          assert_int_equal(status, first <= end && end <= fit ? DF_OK : DF_E_CONFIG);
          if (status == DF_OK) {
            int n = 0;
            for (int start = first; start <= end; start += stride, n++) {
              assert_int_equal(w->test[n].episode, 3);
              assert_int_equal(w->test[n].start, start);
              assert_true(start + horizon <= lengths[l]);
            }
            assert_int_equal(w->n_test, n);
            assert_int_equal(w->n_train, 3 * n);
            assert_int_equal(w->horizon, horizon);
          }
          df_windows_free(w);
          df_dataset_free(data);
        }
      }
    }
  }
}

static void a_split_that_leaves_a_gait_untested_is_refused(void** state) {
  (void)state;
  df_windows* w;
  df_dataset* data = make_data(9, 10, 2); /* 5 and 4 episodes */
  df_config config = make_config(4, 1, 0, 0, 5);
  assert_int_equal(df_windows_new(data, &config, &w), DF_E_CONFIG);
  assert_says("split.test_every = 5", "4 episodes");
  assert_null(w);
  config.split_test_every = 4;
  assert_ok(df_windows_new(data, &config, &w));
  df_windows_free(w);
  df_dataset_free(data);
  data = make_data(1, 10, 0);
  config.split_test_every = 2;
  assert_int_equal(df_windows_new(data, &config, &w), DF_E_CONFIG);
  assert_says("split.test_every = 2", "1 episodes");
  df_dataset_free(data);
}

static void a_horizon_that_does_not_fit_is_named(void** state) {
  (void)state;
  df_windows* w;
  df_dataset* data = make_data(4, 10, 0);
  const df_config config = make_config(11, 1, 0, 0, 2);
  assert_int_equal(df_windows_new(data, &config, &w), DF_E_CONFIG);
  assert_says("window.horizon = 11", "10 actions");
  df_dataset_free(data);
}

static void settings_without_a_window_are_refused(void** state) {
  (void)state;
  df_windows* w;
  df_dataset* data = make_data(4, 10, 0);
  const df_config wrong[] = {make_config(0, 1, 0, 0, 2), make_config(4, 0, 0, 0, 2), make_config(4, 1, -1, 0, 2),
                             make_config(4, 1, 7, 0, 2), make_config(4, 1, 0, 7, 2), make_config(4, 1, 3, 2, 2)};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    if (df_windows_new(data, &wrong[i], &w) != DF_E_CONFIG) fail_msg("settings %zu", i);
    assert_null(w);
  }
  df_dataset_free(data);
}

static void a_failed_allocation_leaks_nothing(void** state) {
  (void)state;
  df_dataset* data = make_data(4, 10, 0);
  const df_config config = make_config(4, 1, 0, 0, 2);
  df_status status = DF_E_NOMEM;
  for (size_t n = 1; status != DF_OK; n++) {
    assert_true(n < 10);
    df_windows* w;
    df_alloc_fail_at(n);
    status = df_windows_new(data, &config, &w);
    df_alloc_fail_at(0);
    assert_true(status == DF_OK || status == DF_E_NOMEM);
    df_windows_free(w);
  }
  df_dataset_free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_episode_has_windows_on_both_sides),
      cmocka_unit_test(every_nth_episode_of_each_gait_is_held_out),
      cmocka_unit_test(of_equal_gaits_the_first_is_the_group),
      cmocka_unit_test(the_split_does_not_look_at_states_or_commands),
      cmocka_unit_test(windows_are_all_those_that_fit),
      cmocka_unit_test(a_split_that_leaves_a_gait_untested_is_refused),
      cmocka_unit_test(a_horizon_that_does_not_fit_is_named),
      cmocka_unit_test(settings_without_a_window_are_refused),
      cmocka_unit_test(a_failed_allocation_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
