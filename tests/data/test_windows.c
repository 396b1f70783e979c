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

/* ---- episodes of different length, and blocks of time ---- */

enum { MOST = 4000, RAGGED = 9 };
static const int ragged[RAGGED] = {20, 3, 8, 5, 31, 1, 12, 7, 40};

static df_dataset* make_ragged(void) {
  df_dataset* data;
  assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = RAGGED, .lengths = ragged, .nx = 1, .dt = 0.1}, &data));
  return data;
}

/* the side of every window, by trying all of them */
typedef df_side side_of_window(const df_config* c, int episode, int start, const df_side* episodes);

/* lists the windows of all episodes by the definition, and compares them with those of the library */
static void compare_windows(const df_config* c, side_of_window* side, const df_side* episodes) {
  static df_window expected[4][MOST];
  int n[4] = {0}, unused = 0;
  for (int e = 0; e < RAGGED; e++) {
    int found = 0;
    for (int start = 0; start + c->window_horizon <= ragged[e]; start++) {
      if (start < c->window_first || (start - c->window_first) % c->window_stride != 0) continue;
      if (c->window_last > 0 && start > c->window_last) continue;
      const df_side s = side(c, e, start, episodes);
      if (s == DF_SIDE_NONE) continue;
      expected[s][n[s]++] = (df_window){.episode = e, .start = start};
      found++;
    }
    unused += found == 0;
  }
  df_dataset* data = make_ragged();
  df_windows* w;
  const df_status status = df_windows_new(data, c, &w);
  if (n[DF_SIDE_TRAIN] == 0 || n[DF_SIDE_TEST] == 0 || (c->split_validation_every && n[DF_SIDE_VALIDATION] == 0)) {
    assert_int_equal(status, DF_E_CONFIG);
  } else {
    assert_ok(status);
    assert_int_equal(w->n_train, n[DF_SIDE_TRAIN]);
    assert_int_equal(w->n_test, n[DF_SIDE_TEST]);
    assert_int_equal(w->n_validation, n[DF_SIDE_VALIDATION]);
    assert_memory_equal(w->train, expected[DF_SIDE_TRAIN], (size_t)w->n_train * sizeof(df_window));
    assert_memory_equal(w->test, expected[DF_SIDE_TEST], (size_t)w->n_test * sizeof(df_window));
    for (int i = 0; i < w->n_validation; i++)
      assert_memory_equal(&w->validation[i], &expected[DF_SIDE_VALIDATION][i], sizeof(df_window));
    assert_int_equal(w->unused_episodes, unused);
    /* windows that may be trained on need not be in the list */
    for (int e = -1; e <= RAGGED; e++) {
      for (int start = -1; start < 45; start++) {
        const bool exists = e >= 0 && e < RAGGED && start >= 0 && start + c->window_horizon <= ragged[e];
        const bool trains = exists && side(c, e, start, episodes) == DF_SIDE_TRAIN;
        assert_int_equal(df_windows_trains(w, data, (df_window){.episode = e, .start = start}), trains);
      }
    }
  }
  df_windows_free(w);
  df_dataset_free(data);
}

static df_side side_by_episode(const df_config* c, int episode, int start, const df_side* episodes) {
  (void)c;
  (void)start;
  return episodes[episode];
}

/* episodes without a window take no part in the split */
static void ragged_episodes_have_all_windows_that_fit(void** state) {
  (void)state;
  for (int stride = 1; stride <= 3; stride++) {
    for (int first = 0; first <= 3; first++) {
      for (int last = 0; last <= 12; last += 6) {
        for (int validation = 0; validation <= 3; validation++) {
          df_config c = make_config(5, stride, first, last, 3);
          c.split_validation_every = validation;
          df_side episodes[RAGGED];
          int place = 0, left = 0;
          for (int e = 0; e < RAGGED; e++) {
            episodes[e] = DF_SIDE_NONE;
            if (first + 5 > ragged[e]) continue;
            episodes[e] = DF_SIDE_TEST;
            if (++place % 3 == 0) continue;
            episodes[e] = validation && ++left % validation == 0 ? DF_SIDE_VALIDATION : DF_SIDE_TRAIN;
          }
          compare_windows(&c, side_by_episode, episodes);
        }
      }
    }
  }
}

/* the number of the block of frame t among the blocks of all episodes */
static int block_of(const df_config* c, int episode, int t) {
  const int every = c->split_test_every;
  int before = 0;
  if (c->split_block == 0) {
    int k = every - 1;
    while (k * (ragged[episode] + 1) / every > t) k--;
    return episode * every + k;
  }
  for (int e = 0; e < episode; e++) before += (int)ceil((ragged[e] + 1.0) / c->split_block);
  return before + t / c->split_block;
}

static df_side block_side(const df_config* c, int block) {
  int left = 0;
  if (block % c->split_test_every == c->split_test_every - 1) return DF_SIDE_TEST;
  for (int b = 0; b <= block; b++) left += b % c->split_test_every != c->split_test_every - 1;
  return c->split_validation_every && left % c->split_validation_every == 0 ? DF_SIDE_VALIDATION : DF_SIDE_TRAIN;
}

static df_side side_by_time(const df_config* c, int episode, int start, const df_side* episodes) {
  (void)episodes;
  int in[4] = {0}, near[4] = {0};
  for (int t = start; t <= start + c->window_horizon; t++) {
    in[block_side(c, block_of(c, episode, t))]++;
    for (int other = 0; other <= ragged[episode]; other++)
      near[block_side(c, block_of(c, episode, other))] += abs(other - t) <= c->split_gap;
  }
  if (in[DF_SIDE_TEST] > c->window_horizon) return DF_SIDE_TEST;
  if (near[DF_SIDE_TEST]) return DF_SIDE_NONE;
  if (in[DF_SIDE_VALIDATION] > c->window_horizon) return DF_SIDE_VALIDATION;
  return near[DF_SIDE_VALIDATION] ? DF_SIDE_NONE : DF_SIDE_TRAIN;
}

/* of a training and a test window of one episode, as many frames are between them as the gap has */
static void check_gap(const df_config* c, const df_windows* w) {
  for (int i = 0; i < w->n_train; i++) {
    for (int k = 0; k < w->n_test; k++) {
      if (w->train[i].episode != w->test[k].episode) continue;
      assert_true(abs(w->train[i].start - w->test[k].start) - c->window_horizon > c->split_gap);
    }
  }
}

static void no_frame_is_in_windows_of_both_sides_of_a_split_by_time(void** state) {
  (void)state;
  int splits = 0;
  for (int every = 2; every <= 4; every++) {
    for (int block = 0; block <= 12; block += 4) {
      for (int k = 0; k < 4 * 5; k++) {
        const int gap = 2 * (k % 5);
        df_config c = make_config(2, 1 + gap % 4, block % 3, 0, every);
        strcpy(c.split_by, "time");
        c.split_block = block;
        c.split_gap = gap;
        c.split_validation_every = k / 5;
        compare_windows(&c, side_by_time, NULL);
        df_dataset* data = make_ragged();
        df_windows* w;
        if (df_windows_new(data, &c, &w) == DF_OK) {
          check_gap(&c, w);
          splits++;
        }
        df_windows_free(w);
        df_dataset_free(data);
      }
    }
  }
  assert_true(splits > 40);
}

static void a_split_by_time_without_windows_is_refused(void** state) {
  (void)state;
  df_windows* w;
  df_dataset* data = make_data(1, 29, 0);
  df_config c = make_config(8, 1, 0, 0, 10); /* blocks of 3 frames */
  strcpy(c.split_by, "time");
  c.split_gap = 0;
  assert_int_equal(df_windows_new(data, &c, &w), DF_E_CONFIG);
  assert_says(
      "split.by = time with split.test_every = 10, split.block = 0 and split.gap = 0 leaves 19 training and 0 test "
      "windows "
      "of window.horizon = 8 actions; the longest episode has 29 actions");
  c.split_test_every = 3;
  assert_ok(df_windows_new(data, &c, &w));
  df_windows_free(w);
  df_dataset_free(data);

  /* six blocks of five frames in each episode: the twelfth is of the second gait */
  data = make_data(2, 29, 2);
  c = make_config(3, 1, 0, 0, 12);
  strcpy(c.split_by, "time");
  c.split_block = 5;
  assert_int_equal(df_windows_new(data, &c, &w), DF_E_CONFIG);
  assert_says("no test window of gait.g0");
  df_dataset_free(data);
}

static void every_gait_has_validation_windows(void** state) {
  (void)state;
  df_windows* w;
  df_dataset* data = make_data(8, 9, 2); /* of each gait 4 episodes: 2 train, 2 test */
  df_config c = make_config(3, 1, 0, 0, 2);
  c.split_validation_every = 2;
  assert_ok(df_windows_new(data, &c, &w));
  assert_int_equal(w->n_validation, 2 * 7);
  df_windows_free(w);
  c.split_validation_every = 3;
  assert_int_equal(df_windows_new(data, &c, &w), DF_E_CONFIG);
  assert_says("split.validation_every = 3 leaves no validation window of gait.g0; decrease it, or split.block");
  c.split_validation_every = 1;
  assert_int_equal(df_windows_new(data, &c, &w), DF_E_CONFIG);
  assert_says("leaves 0 training and 28 test windows");
  df_dataset_free(data);
}

static void the_group_is_that_of_the_first_frame(void** state) {
  (void)state;
  const int lengths[2] = {3, 2};
  df_dataset* data;
  assert_ok(df_dataset_new(
      &(df_dataset_shape){.episodes = 2, .lengths = lengths, .nx = 1, .nc = 2, .condition_per_frame = true, .dt = 0.1},
      &data));
  assert_ok(df_dataset_name_condition(data, 0, "gait.a"));
  assert_ok(df_dataset_name_condition(data, 1, "gait.b"));
  const double gait[7] = {0, 1, 1, 1, 1, 0, 0}; /* four frames, three frames */
  for (int t = 0; t < 7; t++) data->conditions[2 * t + (gait[t] > 0)] = 1;
  assert_int_equal(df_dataset_group(data, 0), 0);
  assert_int_equal(df_dataset_group(data, 1), 1);
  df_dataset_free(data);
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
  assert_says("split.test_every = 2", "1 episodes; decrease it, or set split.by: time");
  df_dataset_free(data);
}

static void a_horizon_that_does_not_fit_is_named(void** state) {
  (void)state;
  df_windows* w;
  df_dataset* data = make_data(4, 10, 0);
  const df_config config = make_config(11, 1, 0, 0, 2), late = make_config(7, 1, 4, 6, 2);
  assert_int_equal(df_windows_new(data, &config, &w), DF_E_CONFIG);
  assert_says("window.horizon = 11", "10 actions");
  assert_int_equal(df_windows_new(data, &late, &w), DF_E_CONFIG);
  /* one that fits exactly has one window per episode */
  const df_config whole = make_config(10, 1, 0, 0, 2);
  assert_ok(df_windows_new(data, &whole, &w));
  assert_true(w->n_train == 2 && w->n_test == 2 && w->train[0].start == 0);
  df_windows_free(w);
  assert_int_equal(df_windows_new(data, &late, &w), DF_E_CONFIG);
  assert_says(
      "windows of window.horizon = 7 actions starting at frames window.first = 4 to window.last = 6 do not fit in "
      "episodes "
      "of 10 actions");
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
      cmocka_unit_test(ragged_episodes_have_all_windows_that_fit),
      cmocka_unit_test(no_frame_is_in_windows_of_both_sides_of_a_split_by_time),
      cmocka_unit_test(a_split_by_time_without_windows_is_refused),
      cmocka_unit_test(every_gait_has_validation_windows),
      cmocka_unit_test(the_group_is_that_of_the_first_frame),
      cmocka_unit_test(a_split_that_leaves_a_gait_untested_is_refused),
      cmocka_unit_test(a_horizon_that_does_not_fit_is_named),
      cmocka_unit_test(settings_without_a_window_are_refused),
      cmocka_unit_test(a_failed_allocation_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
