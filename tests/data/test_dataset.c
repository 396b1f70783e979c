#include "data_test.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/data/recording.h"
#include "dynaflow/io/npz.h"
#include "shared_data.h"
#include "task_models.h"

enum { EPISODES = 3, LENGTH = 6, NX = 4 };

static df_system* cart;
static double states[EPISODES][LENGTH + 1][NX];
static double actions[EPISODES * (LENGTH + 1)];
static double conditions[EPISODES][2];

static int setup(void** state) {
  cart = make_system(cart_xml);
  df_rng_normal(1, DF_STREAM_TEST, 0, sizeof states / sizeof(double), &states[0][0][0]);
  df_rng_normal(1, DF_STREAM_TEST, 1, sizeof actions / sizeof(double), actions);
  df_rng_normal(1, DF_STREAM_TEST, 2, sizeof conditions / sizeof(double), &conditions[0][0]);
  return scratch_make(state);
}

static int teardown(void** state) {
  df_system_free(cart);
  return scratch_remove(state);
}

static df_config small_config(void) {
  df_config c = df_config_default();
  c.window_horizon = 4;
  return c;
}

/* writes an archive with these arrays; arrays that are NULL or have no rows are left out */
static void write_file(size_t action_rows, const char* names, double dt, const char* model) {
  df_npz_entry e[6];
  int n = 0;
  e[n++] = (df_npz_entry){.key = "states", .rank = 3, .shape = {EPISODES, LENGTH + 1, NX}, .values = &states[0][0][0]};
  if (action_rows > 0) {
    e[n++] = (df_npz_entry){.key = "actions", .rank = 3, .shape = {EPISODES, action_rows, 1}, .values = actions};
  }
  if (names) {
    e[n++] = (df_npz_entry){.key = "conditions", .rank = 2, .shape = {EPISODES, 2}, .values = &conditions[0][0]};
    e[n++] = (df_npz_entry){.key = "condition_names", .kind = DF_NPZ_TEXT, .text = names};
  }
  if (dt > 0) e[n++] = (df_npz_entry){.key = "dt", .values = &dt};
  if (model) e[n++] = (df_npz_entry){.key = "model_sha256", .kind = DF_NPZ_TEXT, .text = model};
  assert_ok(df_npz_write(scratch_path, n, e));
}

static void refused(const df_config* config, df_status status, const char* const* says) {
  df_dataset* data;
  const df_status got = df_dataset_read(scratch_path, config, cart, &data);
  if (got != status) fail_msg("status %d: %s", got, df_error_message());
  assert_null(data);
  assert_says(scratch_path);
  assert_message(says);
}
#define SAYS(...) ((const char* const[]){__VA_ARGS__, NULL})

static void what_is_written_is_read_back(void** state) {
  (void)state;
  df_dataset *data, *again;
  assert_ok(df_dataset_new(
      &(df_dataset_shape){.episodes = EPISODES, .length = LENGTH, .nx = NX, .nu = 1, .nc = 2, .dt = 0.01}, &data));
  memcpy(data->states, states, sizeof states);
  memcpy(data->actions, actions, EPISODES * LENGTH * sizeof(double));
  memcpy(data->conditions, conditions, sizeof conditions);
  assert_ok(df_dataset_name_condition(data, 0, "gait.trot"));
  assert_ok(df_dataset_name_condition(data, 1, "command.vx"));
  assert_ok(df_dataset_write(scratch_path, data, &(df_model_identity){.files = "abc"}));
  const df_config config = small_config();
  assert_ok(df_dataset_read(scratch_path, &config, cart, &again));
  assert_int_equal(again->episodes, EPISODES);
  assert_int_equal(again->length, LENGTH);
  assert_int_equal(again->nx, NX);
  assert_int_equal(again->nu, 1);
  assert_int_equal(again->nc, 2);
  assert_true(again->dt == cart->dt);
  assert_string_equal(again->condition_name[1], "command.vx");
  assert_memory_equal(again->states, states, sizeof states);
  assert_memory_equal(again->actions, data->actions, EPISODES * LENGTH * sizeof(double));
  assert_memory_equal(again->conditions, conditions, sizeof conditions);
  char hash[DF_SHA256_TEXT];
  assert_ok(df_sha256_file(scratch_path, hash));
  assert_string_equal(again->sha256, hash);
  assert_ptr_equal(df_dataset_state(again, 1, 2), again->states + (LENGTH + 1 + 2) * NX);
  assert_ptr_equal(df_dataset_action(again, 2, 3), again->actions + 2 * LENGTH + 3);
  assert_ptr_equal(df_dataset_condition(again, 1, 3), again->conditions + 2);
  df_dataset_free(data);
  df_dataset_free(again);
}

static void one_action_too_many_an_episode_is_dropped(void** state) {
  (void)state;
  df_dataset* data;
  const df_config config = small_config();
  write_file(LENGTH + 1, NULL, 0, NULL);
  assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
  assert_int_equal(data->length, LENGTH);
  for (int e = 0; e < EPISODES; e++) {
    for (int t = 0; t < LENGTH; t++) assert_true(*df_dataset_action(data, e, t) == actions[e * (LENGTH + 1) + t]);
  }
  df_dataset_free(data);
}

/* ---- episodes of different length, conditions per frame ---- */

/* frame t of every array of an episode is recognised by its numbers */
static double number_of(int episode, int t, int i) {
  return 100 * episode + t + 0.01 * i;
}

static void fill(double* row, int n, int episode, int t) {
  for (int i = 0; i < n; i++) row[i] = number_of(episode, t, i);
}

static void expect_row(const double* row, int n, int episode, int t) {
  for (int i = 0; i < n; i++) assert_true(row[i] == number_of(episode, t, i));
}

/* every frame is where it belongs; the condition of an episode is that of frame 0 */
static void expect_episodes(const df_dataset* data, int n, const int* lengths) {
  assert_int_equal(data->episodes, n);
  for (int e = 0; e < n; e++) {
    assert_int_equal(data->lengths[e], lengths[e]);
    for (int t = 0; t <= lengths[e]; t++) {
      expect_row(df_dataset_state(data, e, t), data->nx, e, t);
      if (data->actions && t < lengths[e]) expect_row(df_dataset_action(data, e, t), data->nu, e, t);
      if (data->nc) expect_row(df_dataset_condition(data, e, t), data->nc, e, data->condition_per_frame ? t : 0);
    }
  }
}

static void episodes_of_any_length_are_written_and_read_back(void** state) {
  (void)state;
  const int ragged[EPISODES] = {5, 1, 9}, equal[EPISODES] = {4, 4, 4};
  for (int k = 0; k < 4; k++) {
    const int* lengths = k < 2 ? ragged : equal;
    df_dataset *data, *again;
    assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = EPISODES,
                                                 .lengths = lengths,
                                                 .nx = NX,
                                                 .nu = 1,
                                                 .nc = 20,
                                                 .condition_per_frame = k % 2,
                                                 .dt = 0.01},
                             &data));
    assert_int_equal(data->length, k < 2 ? 9 : 4);
    assert_int_equal(df_dataset_actions(data), k < 2 ? 15 : 12);
    double *x = data->states, *u = data->actions, *c = data->conditions;
    for (int e = 0; e < EPISODES; e++) {
      for (int t = 0; t <= lengths[e]; t++, x += NX) fill(x, NX, e, t);
      for (int t = 0; t < lengths[e]; t++) fill(u++, 1, e, t);
      for (int t = 0; t <= (k % 2 ? lengths[e] : 0); t++, c += 20) fill(c, 20, e, t);
    }
    for (int i = 0; i < 20; i++) {
      const char name[] = {'c', (char)('a' + i), '\0'};
      assert_ok(df_dataset_name_condition(data, i, name));
    }
    expect_episodes(data, EPISODES, lengths);
    assert_ok(df_dataset_write(scratch_path, data, NULL));
    const df_config config = small_config();
    assert_ok(df_dataset_read(scratch_path, &config, cart, &again));
    expect_episodes(again, EPISODES, lengths);
    assert_int_equal(again->condition_per_frame, k % 2);
    assert_string_equal(again->condition_name[19], "ct");
    df_dataset_free(again);
    df_dataset_free(data);
  }
}

enum { FRAMES = 8 }; /* of the padded episodes */
typedef struct padded {
  double states[EPISODES][FRAMES][NX], actions[EPISODES][FRAMES], conditions[EPISODES][FRAMES][2];
} padded;

/* episodes that end at frame lengths[e], followed by NaN */
static padded pad(const int* lengths) {
  padded p;
  for (int e = 0; e < EPISODES; e++) {
    for (int t = 0; t < FRAMES; t++) {
      fill(p.states[e][t], NX, e, t);
      fill(&p.actions[e][t], 1, e, t);
      fill(p.conditions[e][t], 2, e, t);
      for (int i = 0; i < NX && t > lengths[e]; i++) p.states[e][t][i] = NAN;
      if (t >= lengths[e]) p.actions[e][t] = NAN;
    }
  }
  return p;
}

static void write_padded(const padded* p, bool flat_conditions) {
  const df_npz_entry e[] = {
      {.key = "states", .rank = 3, .shape = {EPISODES, FRAMES, NX}, .values = &p->states[0][0][0]},
      {.key = "actions", .rank = 3, .shape = {EPISODES, FRAMES, 1}, .values = &p->actions[0][0]},
      {.key = "conditions", .rank = 3, .shape = {EPISODES, FRAMES, 2}, .values = &p->conditions[0][0][0]},
      {.key = "conditions", .rank = 2, .shape = {EPISODES * FRAMES, 2}, .values = &p->conditions[0][0][0]},
      {.key = "condition_names", .kind = DF_NPZ_TEXT, .text = "a,b"}};
  const df_npz_entry list[] = {e[0], e[1], flat_conditions ? e[3] : e[2], e[4]};
  assert_ok(df_npz_write(scratch_path, 4, list));
}

static void frames_of_nan_at_the_end_are_padding(void** state) {
  (void)state;
  const int lengths[EPISODES] = {7, 4, 1};
  const df_config config = small_config();
  df_dataset* data;
  padded p = pad(lengths);
  for (int flat = 0; flat < 2; flat++) {
    write_padded(&p, flat);
    assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
    assert_true(data->condition_per_frame);
    expect_episodes(data, EPISODES, lengths);
    df_dataset_free(data);
  }
  /* 3 of the 8 frames of one episode, and 6 of another */
  df_recording* r;
  assert_ok(df_recording_open(scratch_path, &config, cart, &r));
  assert_int_equal(df_recording_notes(r), 1);
  assert_string_equal(df_recording_note(r, 0), "9 rows of NaN at the ends of 2 episodes are left out as padding");
  df_recording_free(r);
  /* NaN is an error before the end, and in frames that are not all NaN */
  for (int i = 0; i < NX; i++) p.states[1][2][i] = NAN;
  write_padded(&p, false);
  refused(&config, DF_E_NONFINITE, SAYS("'states'", "nan", "episode 1, frame 2, index 0"));
  p = pad(lengths);
  p.states[1][5][3] = 0;
  write_padded(&p, false);
  refused(&config, DF_E_NONFINITE, SAYS("'states'", "nan", "episode 1, frame 5, index 0"));
  p = pad(lengths);
  p.actions[1][3] = NAN;
  write_padded(&p, false);
  refused(&config, DF_E_NONFINITE, SAYS("'actions'", "nan", "episode 1, frame 3, index 0"));
  /* a single state is no motion */
  p = pad((const int[EPISODES]){7, 0, 3});
  write_padded(&p, false);
  refused(&config, DF_E_MISMATCH,
          SAYS("'states'",
               "episode 1 has 1 frame before 7 rows of NaN, at least 2 are needed; data.select leaves episodes out"));
  p = pad((const int[EPISODES]){7, -1, 3});
  write_padded(&p, false);
  refused(&config, DF_E_MISMATCH,
          SAYS("'states'", "episode 1 has 0 frames before 8 rows of NaN, at least 2 are needed"));
  /* one episode must be long enough for a window of four actions */
  p = pad((const int[EPISODES]){3, 2, 3});
  write_padded(&p, false);
  refused(&config, DF_E_MISMATCH, SAYS("'states'", "episodes of 4 frames", "window.first + window.horizon + 1 is 5"));
}

/* with an action row per frame, an action before the first frame: that of frame t is in row t + 1 */
static void the_action_of_the_last_frame_is_kept_before_padding(void** state) {
  (void)state;
  const int lengths[EPISODES] = {7, 4, 1};
  df_config config = small_config();
  df_dataset* data;
  assert_ok(df_config_set(&config, "data.action_time", "before", "test"));
  padded p = pad(lengths);
  for (int e = 0; e < EPISODES; e++) p.actions[e][lengths[e]] = 100 + e;
  write_padded(&p, false);
  assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
  for (int e = 0; e < EPISODES; e++) {
    for (int t = 0; t < lengths[e]; t++) assert_true(*df_dataset_action(data, e, t) == p.actions[e][t + 1]);
  }
  df_dataset_free(data);
  /* one that is NaN as the padding is none */
  p.actions[1][lengths[1]] = NAN;
  write_padded(&p, false);
  refused(&config, DF_E_CONFIG, SAYS("episode 1 has 5 states and 4 actions; data.action_time = before needs"));
}

static void write_flat(size_t action_rows, size_t episodes, const double* ends) {
  const df_npz_entry e[] = {
      {.key = "states", .rank = 2, .shape = {EPISODES * (LENGTH + 1), NX}, .values = &states[0][0][0]},
      {.key = "actions", .rank = 2, .shape = {action_rows, 1}, .values = actions},
      {.key = "episode_ends", .rank = 1, .shape = {episodes}, .values = ends}};
  assert_ok(df_npz_write(scratch_path, 3, e));
}

static void episodes_one_after_the_other_are_cut_at_their_ends(void** state) {
  (void)state;
  enum { ROWS = EPISODES * (LENGTH + 1), N = 3 };
  const double ends[N] = {2, 14, ROWS};
  const df_config config = small_config();
  df_dataset* data;
  for (int spare = 0; spare < 2; spare++) {
    write_flat(spare ? ROWS : ROWS - N, N, ends);
    assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
    assert_int_equal(data->spare_actions, spare);
    for (int e = 0, row = 0; e < N; row = (int)ends[e++]) {
      assert_int_equal(data->lengths[e], (int)ends[e] - row - 1);
      for (int t = 0; t <= data->lengths[e]; t++) {
        assert_memory_equal(df_dataset_state(data, e, t), &states[0][0][0] + (row + t) * NX, NX * sizeof(double));
        if (t < data->lengths[e]) assert_true(*df_dataset_action(data, e, t) == actions[row + t - (spare ? 0 : e)]);
      }
    }
    df_dataset_free(data);
  }
  /* other numbers of actions, and ends that are none */
  write_flat(ROWS - 1, N, ends);
  refused(&config, DF_E_MISMATCH, SAYS("'actions'", "[20,1]", "[18 or 21][nu = 1]"));
  static const struct {
    double ends[N];
    const char* says;
  } wrong[] = {{{2, 2, ROWS}, "is 2 at index 1"},
               {{2, 14.5, ROWS}, "is 14.5 at index 1"},
               {{2, 14, ROWS + 1}, "is 22 at index 2"},
               {{2, 14, ROWS - 1}, "ends at frame 20, but array 'states' has 21 frames"},
               {{2, NAN, ROWS}, "is nan at index 1"}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    write_flat(ROWS, N, wrong[i].ends);
    refused(&config, DF_E_FORMAT, SAYS("'episode_ends'", wrong[i].says));
  }
  write_flat(ROWS, N, (const double[N]){13, 14, ROWS});
  refused(&config, DF_E_MISMATCH, SAYS("'states'", "episode 1 has 1 frame,"));
}

static void names_of_conditions_are_checked(void** state) {
  (void)state;
  df_dataset* data;
  assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = 1, .length = 1, .nx = 1, .nc = 2, .dt = 0.1}, &data));
  char name[DF_NAME_MAX + 1];
  memset(name, 'x', DF_NAME_MAX);
  name[DF_NAME_MAX] = '\0';
  assert_int_equal(df_dataset_write(scratch_path, data, NULL), DF_E_ARG);
  assert_says("condition 0 has no name");
  assert_int_equal(df_dataset_name_condition(data, 2, "a"), DF_E_ARG);
  assert_says("condition 2: the dataset has 2 conditions");
  assert_int_equal(df_dataset_name_condition(data, 1, ""), DF_E_ARG);
  assert_int_equal(df_dataset_name_condition(data, 1, "a,b"), DF_E_ARG);
  assert_says("condition 1: the name 'a,b'");
  assert_int_equal(df_dataset_name_condition(data, 1, name), DF_E_ARG);
  name[DF_NAME_MAX - 1] = '\0';
  assert_ok(df_dataset_name_condition(data, 1, name));
  assert_string_equal(data->condition_name[1], name);
  df_dataset_free(data);
}

static void states_alone_are_enough(void** state) {
  (void)state;
  df_dataset* data;
  df_config config = small_config();
  config.data_actions_key[0] = '\0';
  write_file(0, NULL, 0, NULL);
  assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
  assert_null(data->actions);
  assert_int_equal(data->nu, 0);
  assert_null(df_dataset_action(data, 0, 0));
  assert_null(df_dataset_condition(data, 0, 0));
  df_dataset_free(data);
}

static void a_number_that_is_not_finite_is_named_with_its_place(void** state) {
  (void)state;
  const df_config config = small_config();
  states[1][5][2] = NAN;
  write_file(LENGTH, NULL, 0, NULL);
  refused(&config, DF_E_NONFINITE, SAYS("'states'", "nan", "episode 1", "frame 5", "index 2"));
  states[1][5][2] = 0;
  actions[LENGTH + 2] = -INFINITY; /* rows of LENGTH: episode 1, frame 2 */
  write_file(LENGTH, NULL, 0, NULL);
  refused(&config, DF_E_NONFINITE, SAYS("'actions'", "-inf", "episode 1", "frame 2", "index 0"));
  actions[LENGTH + 2] = 0;
  conditions[2][1] = NAN;
  write_file(LENGTH, "a,b", 0, NULL);
  refused(&config, DF_E_NONFINITE, SAYS("'conditions'", "episode 2", "index 1"));
}

static void shapes_of_another_system_are_refused_with_both(void** state) {
  (void)state;
  df_config config = small_config();
  df_npz_entry e[2] = {
      {.key = "states", .rank = 3, .shape = {EPISODES, LENGTH, 3}, .values = &states[0][0][0]},
      {.key = "actions", .rank = 3, .shape = {EPISODES, LENGTH, 1}, .values = actions},
  };
  assert_ok(df_npz_write(scratch_path, 2, e));
  refused(&config, DF_E_MISMATCH, SAYS("'states'", "[3,6,3]", "nx = 4"));
  e[0] = (df_npz_entry){.key = "states", .rank = 2, .shape = {EPISODES, NX}, .values = &states[0][0][0]};
  assert_ok(df_npz_write(scratch_path, 2, e));
  refused(&config, DF_E_MISMATCH, SAYS("'states'", "[3,4]"));
  e[0] = (df_npz_entry){.key = "states", .rank = 3, .shape = {0, LENGTH + 1, NX}, .values = &states[0][0][0]};
  assert_ok(df_npz_write(scratch_path, 2, e));
  refused(&config, DF_E_MISMATCH, SAYS("'states'", "[0,7,4]"));
  e[0] = (df_npz_entry){.key = "states", .rank = 3, .shape = {EPISODES, LENGTH + 1, NX}, .values = &states[0][0][0]};
  e[1].shape[2] = 2;
  e[1].shape[1] = 3;
  assert_ok(df_npz_write(scratch_path, 2, e));
  refused(&config, DF_E_MISMATCH, SAYS("'actions'", "[3,3,2]", "[3][6 or 7][nu = 1]"));
  write_file(LENGTH, NULL, 0, NULL);
  config.window_horizon = LENGTH;
  config.window_first = 1;
  refused(&config, DF_E_MISMATCH, SAYS("'states'", "7 frames", "8"));
}

static void a_key_that_is_missing_is_named(void** state) {
  (void)state;
  df_config config = small_config();
  write_file(0, NULL, 0, NULL);
  refused(&config, DF_E_FORMAT, SAYS("'actions'", "the file has: states"));
  strcpy(config.data_states_key, "Trajs");
  refused(&config, DF_E_FORMAT, SAYS("'Trajs'"));
}

static void another_hash_step_or_model_is_refused_with_both(void** state) {
  (void)state;
  df_config config = small_config();
  memset(config.data_sha256, '0', 64);
  write_file(LENGTH, NULL, 0, NULL);
  char hash[DF_SHA256_TEXT];
  assert_ok(df_sha256_file(scratch_path, hash));
  refused(&config, DF_E_MISMATCH, SAYS(hash, config.data_sha256));
  /* one digit, and one part in a million of the time step, are a difference */
  strcpy(config.data_sha256, hash);
  config.data_sha256[63] = hash[63] == '0' ? '1' : '0';
  refused(&config, DF_E_MISMATCH, SAYS(hash, config.data_sha256));
  config.data_sha256[0] = '\0';
  write_file(LENGTH, NULL, 0.01 * (1 + 1e-6), NULL);
  refused(&config, DF_E_MISMATCH, SAYS("0.01000001", "0.01 s"));
  write_file(LENGTH, NULL, 0.02, NULL);
  refused(&config, DF_E_MISMATCH, SAYS("0.02", "0.01"));
  /* a model */
  df_system* system;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  char path[160];
  snprintf(path, sizeof path, "%s/cart.xml", scratch_folder);
  assert_ok(df_file_write(path, cart_xml, strlen(cart_xml)));
  assert_ok(df_mujoco_system_new(path, &cfg, &system));
  unlink(path);
  df_dataset* data;
  write_file(LENGTH, NULL, 0.01, "bbbb");
  assert_int_equal(df_dataset_read(scratch_path, &config, system, &data), DF_E_MISMATCH);
  assert_says(scratch_path, "another model", df_mujoco_identity(system)->files, "bbbb");
  assert_null(data);
  /* in any file of a recording */
  char last[160], pattern[160];
  snprintf(last, sizeof last, "%s/last.npz", scratch_folder);
  snprintf(pattern, sizeof pattern, "%s/*.npz", scratch_folder);
  assert_int_equal(rename(scratch_path, last), 0);
  write_file(LENGTH, NULL, 0.01, df_mujoco_identity(system)->files);
  assert_int_equal(df_dataset_read(pattern, &config, system, &data), DF_E_MISMATCH);
  assert_says("last.npz: recorded with another model");
  unlink(last);
  df_system_free(system);
}

static void names_must_fit_the_conditions(void** state) {
  (void)state;
  const df_config config = small_config();
  static const char* const wrong[] = {"a", "a,b,c", "a,",
                                      "",  ",a",    "a,bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"};
  static const char* const says[] = {"1 names for 2 conditions",
                                     "expected 2 names of 1 to 47 characters",
                                     "expected 2 names of 1 to 47 characters",
                                     "expected 2 names of 1 to 47 characters",
                                     "expected 2 names of 1 to 47 characters",
                                     "expected 2 names of 1 to 47 characters"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    write_file(LENGTH, wrong[i], 0, NULL);
    refused(&config, DF_E_FORMAT, SAYS("condition_names", wrong[i], says[i]));
  }
}

/* one free joint; the quaternion starts at index 3 */
static void quaternions_are_normalised_or_refused(void** state) {
  (void)state;
  df_system* body = make_system(every_joint_xml);
  df_config config = df_config_default();
  config.window_horizon = 1;
  config.data_actions_key[0] = '\0';
  double x[2][32];
  for (uint64_t t = 0; t < 2; t++) random_state(body, t, x[t]);
  const size_t nx = (size_t)body->nx;
  double rows[64];
  const df_npz_entry e = {.key = "states", .rank = 3, .shape = {1, 2, nx}, .values = rows};
  df_dataset* data;
  static const double lengths[] = {0.96, 0.9999, 1 + 1e-9, 1.03};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    for (int t = 0; t < 2; t++) memcpy(rows + (size_t)t * nx, x[t], nx * sizeof *rows);
    for (int k = 3; k < 7; k++) rows[k] *= lengths[i];
    assert_ok(df_npz_write(scratch_path, 1, &e));
    assert_ok(df_dataset_read(scratch_path, &config, body, &data));
    for (size_t k = 0; k < nx; k++) assert_close(data->states[k], x[0][k], 1e-15);
    assert_memory_equal(data->states + nx, x[1], nx * sizeof(double)); /* norm 1 up to rounding: unchanged */
    df_dataset_free(data);
  }

  for (int k = 3; k < 7; k++) rows[k] *= 1.3;
  assert_ok(df_npz_write(scratch_path, 1, &e));
  assert_int_equal(df_dataset_read(scratch_path, &config, body, &data), DF_E_FORMAT);
  assert_says(scratch_path, "quaternion", "episode 0", "frame 0", "index 3", "1.339");
  df_system_free(body);
}

static void a_failed_allocation_leaks_nothing(void** state) {
  (void)state;
  const df_config config = small_config();
  write_file(LENGTH, "a,b", 0.01, "abc");
  df_status status = DF_E_NOMEM;
  for (size_t n = 1; status != DF_OK; n++) {
    assert_true(n < 1000);
    df_dataset* data;
    df_alloc_fail_at(n);
    status = df_dataset_read(scratch_path, &config, cart, &data);
    df_alloc_fail_at(0);
    assert_true(status == DF_OK || status == DF_E_NOMEM);
    assert_true((data != NULL) == (status == DF_OK));
    df_dataset_free(data);
  }
  df_dataset_free(NULL);
}

static void impossible_sizes_are_refused(void** state) {
  (void)state;
  df_dataset* data;
  assert_int_equal(df_dataset_new(&(df_dataset_shape){.length = 1, .nx = 1, .nu = 1, .dt = 0.1}, &data), DF_E_ARG);
  assert_int_equal(df_dataset_new(&(df_dataset_shape){.episodes = 1, .nx = 1, .nu = 1, .dt = 0.1}, &data), DF_E_ARG);
  const int lengths[3] = {2, 0, 1};
  assert_int_equal(df_dataset_new(&(df_dataset_shape){.episodes = 3, .lengths = lengths, .nx = 1, .dt = 0.1}, &data),
                   DF_E_ARG);
  assert_says("episode 1 has 0 actions, at least 1 are needed");
  assert_int_equal(df_dataset_new(&(df_dataset_shape){.episodes = 1, .length = 1, .nx = 1, .nu = 1}, &data), DF_E_ARG);
  assert_int_equal(
      df_dataset_new(&(df_dataset_shape){.episodes = 2147483647, .length = 2147483646, .nx = 2147483647, .dt = 0.1},
                     &data),
      DF_E_NOMEM);
  assert_null(data);
  assert_int_equal(df_dataset_new(NULL, &data), DF_E_ARG);
  assert_null(data);
  assert_int_equal(df_dataset_new(&(df_dataset_shape){.episodes = 1, .length = 1, .nx = 1, .dt = 0.1}, NULL), DF_E_ARG);

  /* without nu and nc there are neither actions nor conditions */
  assert_int_equal(df_dataset_new(&(df_dataset_shape){.episodes = 1, .length = 1, .nx = 1, .dt = 0.1}, &data), DF_OK);
  assert_true(data->states && !data->actions && !data->conditions);
  df_dataset_free(data);
}

int main(void) {
#define WITH_CART(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {
      WITH_CART(what_is_written_is_read_back),
      WITH_CART(one_action_too_many_an_episode_is_dropped),
      WITH_CART(episodes_of_any_length_are_written_and_read_back),
      WITH_CART(frames_of_nan_at_the_end_are_padding),
      WITH_CART(the_action_of_the_last_frame_is_kept_before_padding),
      WITH_CART(episodes_one_after_the_other_are_cut_at_their_ends),
      WITH_CART(names_of_conditions_are_checked),
      WITH_CART(states_alone_are_enough),
      WITH_CART(a_number_that_is_not_finite_is_named_with_its_place),
      WITH_CART(shapes_of_another_system_are_refused_with_both),
      WITH_CART(a_key_that_is_missing_is_named),
      WITH_CART(another_hash_step_or_model_is_refused_with_both),
      WITH_CART(names_must_fit_the_conditions),
      WITH_CART(quaternions_are_normalised_or_refused),
      WITH_CART(a_failed_allocation_leaks_nothing),
      WITH_CART(impossible_sizes_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
