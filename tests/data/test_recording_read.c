/* What is read of the files of a recording: its columns, episodes, actions and conditions. */
#include "recording_test.h"

/* after the feature macro of data_test.h */
#include <sys/time.h>

#include "episodes.h"

/* a cart: nx = 4 (rail, pole, and their velocities), nu = 1 */
static df_system* cart;

static int setup(void** state) {
  cart = make_system(cart_xml);
  return scratch_make(state);
}

static int teardown(void** state) {
  df_system_free(cart);
  return scratch_remove(state);
}

static void assert_frame(const df_recording* r, int episode, int frame, const double* wanted) {
  const double* found = df_recording_frame(r, episode, frame);
  for (int i = 0; i < df_recording_columns(r); i++) {
    if (found[i] != wanted[i]) fail_msg("episode %d, frame %d, column %d: %g", episode, frame, i, found[i]);
  }
}
#define FRAME(r, episode, frame, ...) assert_frame(r, episode, frame, (const double[]){__VA_ARGS__})

/* ---- columns ---- */

static void columns_come_from_one_array_or_several(void** state) {
  (void)state;
  WRITE(ARRAY("Frames", counting(), 2, 3, 5), ARRAY("vel", counting() + 100, 2, 3, 2),
        ARRAY("p_a", counting() + 200, 1, 3), ARRAY("p_b", counting() + 300, 2, 3, 1));
  /* blocks with and without an array of their own */
  df_config config =
      SETTINGS(STATES_ONLY, "data.states_key", "Frames", "data.columns", "skip:1,joints,joint_vel@vel,skip:2");
  df_recording* r = opened(scratch_path, &config, cart);
  assert_int_equal(df_recording_episodes(r), 1);
  assert_int_equal(df_recording_frames(r, 0), 3);
  FRAME(r, 0, 1, 5, 6, 7, 102, 103, 8, 9);
  const df_recording_column* c = df_recording_column_at(r, 2);
  assert_string_equal(c->name, "joints.pole");
  assert_string_equal(c->array, "Frames");
  assert_int_equal(c->index, 2);
  assert_int_equal(c->state, 1);
  c = df_recording_column_at(r, 6);
  assert_string_equal(c->name, "skip.1");
  assert_int_equal(c->index, 4);
  assert_int_equal(c->state, -1);
  /* what nothing uses */
  const df_array_info* unused;
  assert_int_equal(df_recording_unused(r, &unused), 2);
  assert_string_equal(unused[0].name, "p_a");
  assert_int_equal(unused[1].shape[0], 3);
  df_recording_free(r);

  /* an array per joint, and arrays side by side */
  config = SETTINGS(STATES_ONLY, "data.columns", "joints@p_*,joint_vel@p_a+p_b", "data.joints", "pole=b,rail=a");
  r = opened(scratch_path, &config, cart);
  FRAME(r, 0, 2, 302, 202, 202, 302);
  df_recording_free(r);
}

/* frames of five numbers: two positions, one that is not used, two velocities */
static void blocks_of_the_same_array_are_side_by_side(void** state) {
  (void)state;
  static const struct { int index, state; } columns[] = {{0, 0}, {1, 1}, {2, -1}, {3, 2}, {4, 3}};
  WRITE(ARRAY("both", counting(), 2, 3, 5), ARRAY("vel", counting(), 2, 3, 2));
  df_config config = SETTINGS(STATES_ONLY, "data.columns", "joints@both,skip:1@both,joint_vel@both");
  df_recording* r = opened(scratch_path, &config, cart);
  for (int i = 0; i < 5; i++) {
    const df_recording_column* column = df_recording_column_at(r, i);
    assert_string_equal(column->array, "both");
    assert_int_equal(column->index, columns[i].index);
    assert_int_equal(column->state, columns[i].state);
  }
  FRAME(r, 0, 1, 5, 6, 7, 8, 9);
  df_recording_free(r);
  /* the same array, but not one after the other */
  config = SETTINGS(STATES_ONLY, "data.columns", "joints@vel,skip:2@both,joint_vel@vel");
  refused(cart, &config, DF_E_MISMATCH, SAYS("data.columns describe 2 columns, array 'both' has 5"));
  config = SETTINGS(STATES_ONLY, "data.columns", "joints@both,joint_vel@both");
  refused(cart, &config, DF_E_MISMATCH,
          SAYS("data.columns describe 4 columns, array 'both' has 5: 1 columns from index 4 on are not described"));
}

static void columns_that_are_left_or_missing_are_counted(void** state) {
  (void)state;
  WRITE(ARRAY("Frames", counting(), 2, 3, 9), ARRAY("vel", counting(), 2, 2, 2),
        ARRAY("four", counting(), 4, 1, 1, 1, 1));
  df_config config = SETTINGS(STATES_ONLY, "data.states_key", "Frames", "data.columns", "qpos,qvel");
  refused(
      cart, &config, DF_E_MISMATCH,
      SAYS("data.columns describe 4 columns, array 'Frames' has 9: 5 columns from index 4 on are not described; add "
           "skip:5"));
  config = SETTINGS(STATES_ONLY, "data.states_key", "Frames", "data.columns", "skip:6,qpos,qvel");
  refused(cart, &config, DF_E_MISMATCH,
          SAYS("data.columns describe 10 columns, array 'Frames' has 9: block 'qvel' goes beyond its end"));
  config = SETTINGS(STATES_ONLY, "data.states_key", "Frames", "data.columns", "skip:7,qpos,qvel@vel");
  refused(cart, &config, DF_E_MISMATCH,
          SAYS("array 'vel' has shape [2,2], but 'Frames' has [3,9]: other numbers of frames"));
  config = SETTINGS(STATES_ONLY, "data.columns", "qpos@four,qvel@vel");
  refused(cart, &config, DF_E_MISMATCH, SAYS("data.columns: array 'four' has shape [1,1,1,1], expected"));
  config = SETTINGS(STATES_ONLY, "data.columns", "qpos@q_*,qvel@vel");
  refused(cart, &config, DF_E_FORMAT, SAYS("data.columns: 'q_*': no array fits 'q_*'"));
  config = SETTINGS(STATES_ONLY, "data.columns", "joints@q_*,qvel@vel");
  refused(cart, &config, DF_E_FORMAT, SAYS("no array 'q_rail'", "Frames"));
}

static void tables_of_text_are_read_by_the_names_of_their_columns(void** state) {
  (void)state;
  static const char text[] = "t,pole_angle,rail_m,other\n0,1,2,9\n0.01,3,4,9\n0.02,5,6,9\n";
  scratch_put(text, sizeof text - 1);
  df_config config =
      SETTINGS(STATES_ONLY, "data.columns", "time@t,joints@*", "data.joints", "pole=pole_angle,rail=rail_m");
  df_recording* r = opened(scratch_path, &config, cart);
  FRAME(r, 0, 2, 0.02, 5, 6);
  const df_array_info* unused;
  assert_int_equal(df_recording_unused(r, &unused), 1);
  assert_string_equal(unused[0].name, "other");
  assert_close(df_recording_rate(r), 100, 1e-9);
  df_recording_free(r);
  /* the table as a whole; then what is skipped of it is unused */
  config = SETTINGS(STATES_ONLY, "data.states_key", "table", "data.columns", "time,joints,skip:1", "data.joints",
                    "pole,rail");
  r = opened(scratch_path, &config, cart);
  FRAME(r, 0, 1, 0.01, 3, 4, 9);
  assert_int_equal(df_recording_unused(r, &unused), 1);
  assert_string_equal(unused[0].name, "other");
  df_recording_free(r);
  /* unless something else reads it */
  static const char* const readers[][2] = {{"data.conditions", "other"},
                                           {"data.conditions", "all@table"},
                                           {"data.conditions", "pole_angle,all@table"},
                                           {"data.conditions", "all@table,pole_angle"}};
  for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
    config = SETTINGS(STATES_ONLY, "data.states_key", "table", "data.columns", "time,joints,skip:1", "data.joints",
                      "pole,rail", readers[i][0], readers[i][1]);
    r = opened(scratch_path, &config, cart);
    assert_int_equal(df_recording_unused(r, &unused), 0);
    df_recording_free(r);
  }
}

/* an index of the episode per frame, a clock and a count of frames that begin again: LeRobot as a table */
static void a_table_has_an_index_or_a_clock_per_frame(void** state) {
  (void)state;
  static const char text[] =
      "episode_index,frame_index,timestamp,s.x,s.a,v.x,v.a,action.force\n0,0,0,1,2,3,4,5\n0,1,.1,6,7,8,9,10\n"
      "1,0,0,11,12,13,14,15\n1,1,.1,16,17,18,19,20\n1,2,.2,21,22,23,24,25\n";
  static const char* const keys[] = {"episode_index", "frame_index", "timestamp"};
  static const int two[][3] = {{0, 2, 0}, {2, 3, 2}};
  scratch_put(text, sizeof text - 1);
  for (int k = 0; k < 3; k++) {
    const df_config config =
        SETTINGS("data.columns", "qpos@s.*,qvel@v.*", "data.actions_key", "action.*", "data.ends_key", keys[k]);
    df_recording* r = opened(scratch_path, &config, cart);
    assert_int_equal(df_recording_episodes(r), 2);
    FRAME(r, 1, 2, 21, 22, 23, 24);
    df_recording_free(r);
    df_dataset* data;
    assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
    for (int e = 0; e < 2; e++) {
      assert_int_equal(data->lengths[e], two[e][1] - 1);
      assert_close(df_dataset_action(data, e, 0)[0], e ? 15 : 5, 0);
    }
    df_dataset_free(data);
  }
  /* without them it is one episode, whose time begins again */
  const df_config config = SETTINGS(STATES_ONLY, "data.columns", "time@timestamp,qpos@s.*,qvel@v.*");
  refused(cart, &config, DF_E_FORMAT,
          SAYS("time begins again from frame 1 to frame 2 (0.1 s, 0 s)", "set data.ends_key to an array that says"));
}

/* [episodes][frames] only where an array is named for a single column */
static void single_columns_may_list_episodes(void** state) {
  (void)state;
  WRITE(ARRAY("q_rail", counting(), 2, 3, 5), ARRAY("q_pole", counting() + 100, 2, 3, 5),
        ARRAY("states", counting(), 2, 3, 5));
  df_config config = SETTINGS(STATES_ONLY, "data.columns", "joints@q_*");
  df_recording* r = opened(scratch_path, &config, cart);
  assert_int_equal(df_recording_episodes(r), 3);
  FRAME(r, 2, 1, 11, 111);
  df_recording_free(r);
  config = SETTINGS(STATES_ONLY, "data.columns", "joints", "data.joints", "rail");
  refused(cart, &config, DF_E_MISMATCH, SAYS("data.columns describe 1 columns, array 'states' has 5"));
}

static void an_array_may_be_transposed(void** state) {
  (void)state;
  WRITE(ARRAY("qpos", counting(), 2, 2, 5), ARRAY("qvel", counting() + 100, 2, 5, 2));
  const df_config config = SETTINGS(STATES_ONLY, "data.columns", "qpos@qpos,qvel@qvel");
  df_recording* r = opened(scratch_path, &config, cart);
  FRAME(r, 0, 3, 3, 8, 106, 107);
  assert_int_equal(df_recording_notes(r), 1);
  assert_string_equal(df_recording_note(r, 0), "array 'qpos' of shape [2,5] is read as [columns][frames]");
  df_recording_free(r);
}

/* ---- episodes ---- */

static void episodes_are_groups_in_natural_order(void** state) {
  (void)state;
  WRITE(ARRAY("data/demo_10/s", counting(), 2, 2, 4), ARRAY("data/demo_2/s", counting() + 50, 2, 3, 4),
        ARRAY("data/demo_2/more", counting(), 1, 3), ARRAY("data/demo_10/more", counting(), 1, 2),
        ARRAY("data/mean", counting(), 1, 3), ARRAY("mask", counting(), 1, 3));
  df_config config = SETTINGS(STATES_ONLY, "data.episodes_key", "data/demo_*", "data.states_key", "s");
  df_recording* r = opened(scratch_path, &config, cart);
  assert_int_equal(df_recording_episodes(r), 2);
  FRAME(r, 0, 0, 50, 51, 52, 53);
  FRAME(r, 1, 1, 4, 5, 6, 7);
  const df_array_info* unused;
  assert_int_equal(df_recording_unused(r, &unused), 3); /* of the groups only the first is mentioned */
  assert_string_equal(unused[0].name, "data/demo_2/more");
  df_recording_free(r);

  config = SETTINGS(STATES_ONLY, "data.episodes_key", "demo_*", "data.states_key", "s");
  refused(cart, &config, DF_E_FORMAT,
          SAYS("data.episodes_key = 'demo_*': no group or array fits; the first array is 'data/demo_10/s'"));

  /* groups that are arrays themselves */
  WRITE(ARRAY("run1", counting(), 2, 2, 4), ARRAY("run2", counting() + 8, 2, 2, 4));
  config = SETTINGS(STATES_ONLY, "data.episodes_key", "run*");
  r = opened(scratch_path, &config, cart);
  FRAME(r, 1, 0, 8, 9, 10, 11);
  df_recording_free(r);
}

static void numbers_in_names_are_ordered_by_value(void** state) {
  (void)state;
  static const char* const ordered[] = {"run", "run1", "run2", "run010", "run11", "run11b", "walk"};
  for (int i = 0; i < 7; i++) {
    for (int j = 0; j < 7; j++) assert_int_equal(natural_order(ordered[i], ordered[j]), (i > j) - (i < j));
  }
  assert_int_equal(natural_order("e_1", "e_01"), 0);
}

static void assert_spans(const df_config* config, int n, const int (*first_frames_action)[3]) {
  df_recording* r = opened(scratch_path, config, cart);
  assert_int_equal(df_recording_episodes(r), n);
  for (int e = 0; e < n; e++) {
    assert_true(df_recording_frame(r, e, 0)[0] == 4 * first_frames_action[e][0]);
    assert_int_equal(df_recording_frames(r, e), first_frames_action[e][1]);
    if (df_recording_action_columns(r)) assert_true(*df_recording_action(r, e, 0) == first_frames_action[e][2]);
  }
  df_recording_free(r);
}

static void episodes_end_at_flags_or_row_numbers(void** state) {
  (void)state;
  static const double done[10] = {[3] = 1}, cut[10] = {[6] = 1}, of_actions[8] = {[2] = 1, [5] = 1};
  static const double rows[3] = {0, 4, 7}, action_rows[1] = {4};
  static const int three[][3] = {{0, 4, 0}, {4, 3, 4}, {7, 3, 7}}, two[][3] = {{0, 5, 0}, {5, 5, 4}};
  const df_npz_entry states = ARRAY("states", counting(), 2, 10, 4), actions = ARRAY("actions", counting(), 2, 10, 1),
                     fewer = ARRAY("actions", counting(), 2, 8, 1);
  /* the last episode is not finished */
  WRITE(states, actions, ARRAY("done", done, 1, 10), ARRAY("cut", cut, 1, 10));
  df_config config = SETTINGS("data.ends_key", "done+cut");
  assert_spans(&config, 3, three);
  WRITE(states, actions, ARRAY("rows", rows, 1, 3));
  config = SETTINGS("data.ends_key", "rows");
  assert_spans(&config, 3, three);
  WRITE(states, actions, ARRAY("done", done, 2, 1, 10), ARRAY("cut", cut, 2, 1, 10));
  config = SETTINGS("data.ends_key", "done+cut");
  assert_spans(&config, 3, three);
  WRITE(states, actions, ARRAY("rows", rows, 1, 3));
  config = SETTINGS("data.ends_key", "rows", STATES_ONLY);
  assert_spans(&config, 3, three);
  /* one action fewer per episode: the ends are those of the actions, as numpy.split takes them */
  WRITE(states, fewer, ARRAY("rows", action_rows, 1, 1));
  config = SETTINGS("data.ends_key", "rows", "data.ends_rows", "actions");
  assert_spans(&config, 2, two);
  WRITE(states, fewer, ARRAY("flags", of_actions, 1, 8));
  config = SETTINGS("data.ends_key", "flags");
  refused(cart, &config, DF_E_MISMATCH,
          SAYS("'actions' has shape [8,1], expected [7 or 10][nu = 1]: 'flags' gives 3 episodes"));
  WRITE(ARRAY("states", counting(), 3, 2, 5, 4), ARRAY("rows", rows, 1, 3));
  config = SETTINGS("data.ends_key", "rows", STATES_ONLY);
  refused(cart, &config, DF_E_MISMATCH, SAYS("data.ends_key: array 'states' of shape [2,5,4] lists episodes already"));
  WRITE(ARRAY("states", counting(), 3, 2, 5, 4), ARRAY("rows", rows, 1, 3), ARRAY("actions", of_actions, 3, 2, 4, 1));
  config = SETTINGS("data.ends_key", "rows");
  refused(cart, &config, DF_E_MISMATCH, SAYS("data.ends_key: array 'actions' of shape [2,4,1] lists episodes already"));
  config = SETTINGS("data.ends_key", "nothing");
  refused(cart, &config, DF_E_FORMAT, SAYS("no array 'nothing'; the file has: states, rows, actions"));
}

/* 10 frames and 8 actions of 2 episodes: row numbers without the last one may count either */
static void row_numbers_that_may_count_frames_or_actions_need_a_setting(void** state) {
  (void)state;
  static const double one[2] = {0, 4}, of_frames[2] = {4, 10}, of_actions[2] = {4, 8}, late[1] = {9}, none[1] = {0};
  static const int frames[][3] = {{0, 4, 0}, {4, 6, 3}}, actions[][3] = {{0, 5, 0}, {5, 5, 4}};
  static const int whole[][3] = {{0, 10, 0}};
  const df_npz_entry states = ARRAY("states", counting(), 2, 10, 4), fewer = ARRAY("actions", counting(), 2, 8, 1);
  WRITE(states, fewer, ARRAY("rows", one, 1, 2));
  df_config config = SETTINGS("data.ends_key", "rows");
  refused(
      cart, &config, DF_E_CONFIG,
      SAYS("array 'rows': its row numbers may count the 10 frames of 'states' or the 8 actions; set data.ends_rows: "
           "frames or actions"));
  config = SETTINGS("data.ends_key", "rows", "data.ends_rows", "frames");
  assert_spans(&config, 2, frames);
  config = SETTINGS("data.ends_key", "rows", "data.ends_rows", "actions");
  assert_spans(&config, 2, actions);
  /* the last one tells; a row [1][ends] is a column */
  config = SETTINGS("data.ends_key", "rows");
  WRITE(states, fewer, ARRAY("rows", of_frames, 2, 1, 2));
  assert_spans(&config, 2, frames);
  WRITE(states, fewer, ARRAY("rows", of_actions, 1, 2));
  assert_spans(&config, 2, actions);
  /* a single episode is the same either way */
  WRITE(states, ARRAY("actions", counting(), 2, 9, 1), ARRAY("rows", none, 1, 1));
  assert_spans(&config, 1, whole);
  WRITE(states, fewer, ARRAY("rows", late, 1, 1));
  config = SETTINGS("data.ends_key", "rows", "data.ends_rows", "actions");
  refused(cart, &config, DF_E_FORMAT, SAYS("array 'rows' is 9 at index 0", "that increase to the 8 actions"));
}

static void ends_are_rows_or_an_index_and_others_are_refused(void** state) {
  (void)state;
  /* an index that has no episode of a single frame, and one that is flags */
  static const double indices[][10] = {{0, 0, 0, 0, 1, 1, 1, 2, 2, 2}, {7, 7, 7, 7, 3, 3, 3, 7, 7, 7}},
                      halves[10] = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1};
  static const int half[][3] = {{0, 6, 0}, {6, 4, 0}}, parts[][3] = {{0, 4, 0}, {4, 3, 0}, {7, 3, 0}};
  static const double zero[3] = {4, 0, 7}, of_actions[2] = {4, 8}, rows[2] = {4, 7};
  static const int three[][3] = {{0, 4, 0}, {4, 3, 4}, {7, 3, 7}};
  const df_npz_entry states = ARRAY("states", counting(), 2, 10, 4);
  WRITE(states, ARRAY("rows", zero, 1, 3));
  df_config config = SETTINGS(STATES_ONLY, "data.ends_key", "rows");
  refused(cart, &config, DF_E_FORMAT,
          SAYS("array 'rows' is 0 at index 1: expected whole numbers that increase to the 10 frames"));
  for (int k = 0; k < 2; k++) {
    WRITE(states, ARRAY("rows", indices[k], 1, 10));
    assert_spans(&config, 3, parts);
  }
  WRITE(states, ARRAY("rows", halves, 1, 10));
  assert_spans(&config, 2, half);
  /* the ends that df_dataset_write() writes count frames, whatever would fit the actions */
  WRITE(states, ARRAY("actions", counting(), 2, 8, 1), ARRAY("episode_ends", of_actions, 1, 2));
  config = SETTINGS("data.source", "file");
  refused(cart, &config, DF_E_FORMAT, SAYS("array 'episode_ends' ends at frame 8, but array 'states' has 10 frames"));
  /* with an action per frame both are counted alike */
  WRITE(states, ARRAY("actions", counting(), 2, 10, 1), ARRAY("rows", rows, 1, 2));
  config = SETTINGS("data.ends_key", "rows", "data.ends_rows", "actions");
  assert_spans(&config, 3, three);
}

/* What is written per frame of a file that holds one episode, as LeRobot does: its index in the whole data set, a
 * clock, a count of frames; with an action per frame, one fewer, or none. Of two episodes, an index that falls from 1
 * to 0. */
static void the_only_episode_of_a_file_ends_with_it(void** state) {
  (void)state;
  static const double ends[][10] = {{0},
                                    {1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
                                    {2, 2, 2, 2, 2, 2, 2, 2, 2, 2},
                                    {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1},
                                    {0, .1, .2, .3, .4, .5, .6, .7, .8, .9},
                                    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
                                    {1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
                                    {0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
  static const double falls[10] = {1, 1, 1, 1, 0, 0, 0, 0, 0, 0}, per_action[9] = {7, 7, 7, 7, 7, 7, 7, 7, 7};
  static const double clock_of_actions[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  static const int all[][3] = {{0, 10, 0}}, two[][3] = {{0, 4, 0}, {4, 6, 4}};
  const df_npz_entry states = ARRAY("states", counting(), 2, 10, 4);
  const df_config config = SETTINGS("data.ends_key", "e"), alone = SETTINGS("data.ends_key", "e", STATES_ONLY);
  for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
    WRITE(states, ARRAY("e", ends[k], 1, 10));
    assert_spans(&alone, 1, all);
    for (size_t fewer = 0; fewer < 2; fewer++) {
      WRITE(states, ARRAY("actions", counting(), 2, 10 - fewer, 1), ARRAY("e", ends[k], 1, 10));
      assert_spans(&config, 1, all);
    }
  }
  WRITE(states, ARRAY("actions", counting(), 2, 9, 1), ARRAY("e", per_action, 1, 9));
  assert_spans(&config, 1, all);
  WRITE(states, ARRAY("actions", counting(), 2, 10, 1), ARRAY("e", falls, 1, 10));
  assert_spans(&config, 2, two);
  /* the actions are of two episodes, which numbers that only increase do not tell apart */
  WRITE(states, ARRAY("actions", counting(), 2, 8, 1), ARRAY("e", clock_of_actions, 1, 8));
  refused(cart, &config, DF_E_MISMATCH, SAYS("expected [2 or 10][nu = 1]: 'e' gives 8 episodes"));
  /* neither per frame nor row numbers */
  static const double steps_to_go[10] = {4, 3, 2, 1, 0, 4, 3, 2, 1, 0};
  WRITE(states, ARRAY("e", steps_to_go, 1, 10));
  refused(
      cart, &alone, DF_E_FORMAT,
      SAYS("array 'e' is 3 at index 1: expected whole numbers that increase to the 10 frames, or in each of these a "
           "flag (0 or 1), the index of the episode, or a clock that begins again with each episode"));
}

/* what two files a.npz and b.npz with the numbers `first` and `second` [10] of data.ends_key give; NULL: an error */
static df_recording* two_files(const df_config* config, const double* first, const double* second) {
  const double* const numbers[] = {first, second};
  char pattern[160], path[2][160];
  snprintf(pattern, sizeof pattern, "%s/?.npz", scratch_folder);
  for (int k = 0; k < 2; k++) {
    snprintf(path[k], sizeof path[k], "%s/%c.npz", scratch_folder, 'a' + k);
    assert_ok(df_npz_write(path[k], 2,
                           (df_npz_entry[]){ARRAY("states", counting(), 2, 10, 4), ARRAY("e", numbers[k], 1, 10)}));
  }
  df_recording* r = NULL;
  const df_status status = df_recording_open(pattern, config, cart, &r);
  assert_true(status == DF_OK || status == DF_E_MISMATCH);
  for (int k = 0; k < 2; k++) unlink(path[k]);
  return r;
}

static void assert_notes(const df_config* config, const double* first, const double* second, int episodes,
                         const char* note) {
  df_recording* r = two_files(config, first, second);
  assert_non_null(r);
  assert_int_equal(df_recording_episodes(r), episodes);
  assert_int_equal(df_recording_notes(r), note != NULL);
  if (note) assert_string_equal(df_recording_note(r, 0), note);
  df_recording_free(r);
}

/* the numbers of one file may be read in two ways, those of all files in one */
static void ends_are_of_one_kind_in_all_files(void** state) {
  (void)state;
  static const double zeros[10] = {0}, two[10] = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2}, flag[10] = {[4] = 1, [9] = 1};
  static const double last_three[10] = {[7] = 1, [8] = 1, [9] = 1}, clock[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  static const double later[10] = {10, 11, 12, 13, 14, 15, 16, 17, 18, 19}, again[10] = {0, 1, 2, 3, 4, 0, 1, 2, 3, 4};
  const df_config config = SETTINGS("data.ends_key", "e", STATES_ONLY);
  assert_notes(&config, zeros, two, 2, NULL);
  assert_notes(&config, zeros, flag, 3, NULL);
  assert_notes(&config, last_three, two, 3, NULL); /* an index: 0, 1 and 2 */
  assert_null(two_files(&config, flag, last_three));
  assert_message(SAYS("b.npz: data.ends_key: array 'e' looks like an index of the episode, but in ", "a.npz like flags",
                      "if each file is an episode, set data.ends_key: \"\""));
  /* a clock tells episodes apart only if it begins again somewhere */
  assert_notes(&config, clock, clock, 2, NULL);
  assert_notes(&config, clock, again, 3, NULL);
  static const double half[10] = {5, 6, 7, 8, 9, 10, 11, 12, 13, 14}; /* before the end of the first, after its start */
  assert_notes(&config, clock, half, 2, NULL);
  assert_notes(&config, again, later, 3, NULL);
  assert_notes(&config, clock, later, 2,
               "the numbers of data.ends_key = e never begin again: the frames of each file are one episode");
}

/* without actions frames are assumed, and `data info` says so */
static void row_numbers_of_states_only_are_those_of_frames_or_as_set(void** state) {
  (void)state;
  static const double one[1] = {4}, of_frames[2] = {4, 10}, of_actions[2] = {4, 8};
  static const int frames[][3] = {{0, 4, 0}, {4, 6, 0}}, actions[][3] = {{0, 5, 0}, {5, 5, 0}};
  const df_npz_entry states = ARRAY("states", counting(), 2, 10, 4);
  const df_config config = SETTINGS("data.ends_key", "rows", STATES_ONLY);
  const df_config as_actions = SETTINGS("data.ends_key", "rows", STATES_ONLY, "data.ends_rows", "actions");
  WRITE(states, ARRAY("rows", one, 1, 1));
  assert_spans(&config, 2, frames);
  assert_spans(&as_actions, 2, actions);
  df_recording* r = opened(scratch_path, &config, cart);
  assert_int_equal(df_recording_notes(r), 1);
  assert_string_equal(df_recording_note(r, 0),
                      "the row numbers of array 'rows' are taken to count frames; if they count actions, one fewer per "
                      "episode, set data.ends_rows: actions");
  df_recording_free(r);
  WRITE(states, ARRAY("rows", of_actions, 1, 2));
  assert_spans(&as_actions, 2, actions);
  WRITE(states, ARRAY("rows", of_frames, 1, 2));
  r = opened(scratch_path, &config, cart);
  assert_int_equal(df_recording_episodes(r), 2);
  assert_int_equal(df_recording_notes(r), 0);
  df_recording_free(r);
}

static void groups_of_equal_numbers_are_read_once(void** state) {
  (void)state;
  static const char* const names[] = {"e_1/a", "e_01/a", "e_1/b", "e_01/b", "e_1/c", "e_01/c", "e_1/s", "e_01/s"};
  df_npz_entry entries[8];
  for (int i = 0; i < 8; i++) entries[i] = ARRAY(names[i], counting() + 100 * i, 2, 2, 4);
  assert_ok(df_npz_write(scratch_path, 8, entries));
  const df_config config = SETTINGS(STATES_ONLY, "data.episodes_key", "e_*", "data.states_key", "s");
  df_recording* r = opened(scratch_path, &config, cart);
  assert_int_equal(df_recording_episodes(r), 2);
  FRAME(r, 0, 0, 700, 701, 702, 703);
  FRAME(r, 1, 0, 600, 601, 602, 603);
  df_recording_free(r);
}

/* the array of a message is that of the episode's own group, and its file that of the episode */
static void a_message_names_the_group_and_file_of_its_episode(void** state) {
  (void)state;
  const df_config config = SETTINGS(STATES_ONLY, "data.episodes_key", "e*");
  const double nan[8] = {0, 1, 2, 3, 4, 5, NAN, 7};
  df_recording* r;
  WRITE(ARRAY("e0/states", counting(), 2, 2, 4), ARRAY("e1/states", nan, 2, 2, 4));
  assert_int_equal(df_recording_open(scratch_path, &config, cart, &r), DF_E_NONFINITE);
  assert_says(scratch_path, ": array 'e1/states' is nan at episode 1, frame 1, index 2");
  WRITE(ARRAY("e0/states", counting(), 2, 2, 4), ARRAY("e1/states", counting(), 2, 1, 4));
  assert_int_equal(df_recording_open(scratch_path, &config, cart, &r), DF_E_MISMATCH);
  assert_says(scratch_path, ": array 'e1/states': episode 1 has 1 frame, at least 2 are needed");
  /* of two files */
  char pattern[160], path[160];
  const df_config plain = SETTINGS(STATES_ONLY);
  for (int i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "%s/part_%d.npz", scratch_folder, i);
    assert_ok(df_npz_write(path, 1, &ARRAY("states", i ? nan : counting(), 2, 2, 4)));
  }
  snprintf(pattern, sizeof pattern, "%s/part_?.npz", scratch_folder);
  assert_int_equal(df_recording_open(pattern, &plain, cart, &r), DF_E_NONFINITE);
  assert_says(path, ": array 'states' is nan at episode 1, frame 1, index 2");
  for (int i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "%s/part_%d.npz", scratch_folder, i);
    unlink(path);
  }
}

/* its own rate goes before that of the file */
static void a_group_has_a_rate_of_its_own(void** state) {
  (void)state;
  const double file = 100, own = 25;
  WRITE(ARRAY("e0/states", counting(), 2, 2, 4), ARRAY("e1/states", counting(), 2, 2, 4),
        {.key = "fps", .values = &file}, {.key = "e1/fps", .values = &own});
  const df_config config = SETTINGS(STATES_ONLY, "data.episodes_key", "e*");
  df_recording* r = opened(scratch_path, &config, cart);
  assert_close(df_recording_frame_duration(r, &config, cart, 0), 0.01, 1e-15);
  assert_close(df_recording_frame_duration(r, &config, cart, 1), 0.04, 1e-15);
  df_recording_free(r);
}

/* of the file, of a group and of an array that is read, in the reverse order; those of other arrays are not */
static void attributes_state_the_rate(void** state) {
  (void)state;
  const double file = 100, group = 0.04, array = 0.05, step = 0.002, none = 7;
  const df_config config = SETTINGS(STATES_ONLY, "data.episodes_key", "e*");
  WRITE(ARRAY("e0/states", counting(), 2, 2, 4), ARRAY("e1/states", counting(), 2, 2, 4),
        ARRAY("e2/states", counting(), 2, 2, 4), ARRAY("e3/states", counting(), 2, 2, 4),
        {.key = "@fps", .values = &file}, {.key = "e0@dt", .values = &group}, {.key = "e1/states@dt", .values = &array},
        {.key = "e1@framerate", .values = &none}, {.key = "e3@timestep", .values = &step},
        {.key = "e2/video@fps", .values = &none});
  df_recording* r = opened(scratch_path, &config, cart);
  assert_close(df_recording_frame_duration(r, &config, cart, 0), 0.04, 1e-15);
  assert_close(df_recording_frame_duration(r, &config, cart, 1), 0.05, 1e-15);
  assert_close(df_recording_frame_duration(r, &config, cart, 2), 0.01, 1e-15);
  assert_close(df_recording_frame_duration(r, &config, cart, 3), 0.002, 1e-15);
  assert_string_equal(df_recording_rate_source(r), "the attribute dt");
  df_recording_free(r);
}

/* twelve notes, none of them twice */
static void every_note_is_kept(void** state) {
  (void)state;
  df_npz_entry entries[24];
  char names[24][16], columns[512] = "skip:5@s00", settings[24];
  for (int i = 0; i < 12; i++) {
    snprintf(names[i], sizeof names[i], "s%02d", i);
    entries[i] = ARRAY(names[i], counting(), 2, 5, 7);
    snprintf(settings, sizeof settings, ",skip:5@s%02d", i);
    if (i > 0) strcat(columns, settings);
  }
  strcat(columns, ",qpos@qpos");
  entries[12] = ARRAY("qpos", counting(), 2, 7, 2);
  assert_ok(df_npz_write(scratch_path, 13, entries));
  const df_config config = SETTINGS(STATES_ONLY, "data.columns", columns);
  df_recording* r = opened(scratch_path, &config, cart);
  assert_int_equal(df_recording_notes(r), 12);
  assert_string_equal(df_recording_note(r, 11), "array 's11' of shape [5,7] is read as [columns][frames]");
  df_recording_free(r);
}

static void episodes_are_selected_by_number(void** state) {
  (void)state;
  double x[6 * 2 * 4];
  memcpy(x, counting(), sizeof x);
  x[1 * 8 + 3] = NAN; /* an episode that is not selected may be broken */
  WRITE(ARRAY("states", x, 3, 6, 2, 4));
  df_config config = SETTINGS(STATES_ONLY, "data.select", "3-4,0");
  df_recording* r = opened(scratch_path, &config, cart);
  assert_int_equal(df_recording_episodes(r), 3);
  FRAME(r, 0, 0, 0, 1, 2, 3);
  FRAME(r, 1, 0, 24, 25, 26, 27);
  FRAME(r, 2, 1, 36, 37, 38, 39);
  df_recording_free(r);
  static const char* const wrong[] = {"6", "2-6", "4-3", "a", "1-", "-2", "1-2-3", "1x"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    config = SETTINGS(STATES_ONLY, "data.select", wrong[i]);
    refused(cart, &config, DF_E_CONFIG, SAYS("data.select: '", wrong[i], "in 0 .. 5"));
  }
  /* messages name the number in the file */
  x[1 * 8 + 3] = 0;
  x[4 * 8 + 5] = INFINITY;
  WRITE(ARRAY("states", x, 3, 6, 2, 4));
  config = SETTINGS(STATES_ONLY, "data.select", "3-4");
  refused(cart, &config, DF_E_NONFINITE, SAYS("array 'states' is inf at episode 4, frame 1, index 1"));
}

/* ---- several files ---- */

static void write_in_folder(const char* name, size_t frames, double first) {
  char path[160];
  double x[40];
  for (int i = 0; i < 40; i++) x[i] = first + i;
  snprintf(path, sizeof path, "%s/%s", scratch_folder, name);
  const df_npz_entry e = ARRAY("states", x, 2, frames, 4);
  assert_ok(df_npz_write(path, 1, &e));
}

static void a_pattern_is_all_files_that_fit_by_name(void** state) {
  (void)state;
  static const char* const names[] = {"walk_b.npz", "walk_a.npz", "run.npz"};
  for (int i = 0; i < 3; i++) write_in_folder(names[i], (size_t)(2 + i), 100 * i);
  char pattern[160], path[160], lines[400] = "", one[DF_SHA256_TEXT], all[DF_SHA256_TEXT];
  snprintf(pattern, sizeof pattern, "%s/walk_?.npz", scratch_folder);
  df_config config = SETTINGS(STATES_ONLY);
  df_recording* r = opened(pattern, &config, cart);
  assert_int_equal(df_recording_files(r), 2);
  assert_int_equal(df_recording_episodes(r), 2);
  assert_int_equal(df_recording_frames(r, 0), 3);
  FRAME(r, 0, 0, 100, 101, 102, 103);
  assert_int_equal(df_recording_episode_file(r, 1), 1);
  assert_non_null(strstr(df_recording_file(r, 1), "walk_b.npz"));

  /* the hash is that of the lines of sha256sum */
  for (int i = 1; i >= 0; i--) {
    snprintf(path, sizeof path, "%s/%s", scratch_folder, names[i]);
    assert_ok(df_sha256_file(path, one));
    snprintf(lines + strlen(lines), sizeof lines - strlen(lines), "%s  %s\n", one, names[i]);
  }
  assert_ok(df_sha256(lines, strlen(lines), all));
  assert_string_equal(df_recording_sha256(r), all);
  char without_reading[DF_SHA256_TEXT];
  assert_ok(df_recording_hash(pattern, without_reading));
  assert_string_equal(without_reading, all);
  df_recording_free(r);
  config = SETTINGS(STATES_ONLY, "data.sha256", one);
  assert_int_equal(df_recording_open(pattern, &config, cart, &r), DF_E_MISMATCH);
  assert_says(pattern, "SHA-256 of its 2 files is", all, "but data.sha256 is", one);
  snprintf(pattern, sizeof pattern, "%s/*.txt", scratch_folder);
  assert_int_equal(df_recording_open(pattern, &config, cart, &r), DF_E_MISSING);
  assert_says(pattern, "no file fits this pattern");
  for (int i = 0; i < 3; i++) {
    snprintf(path, sizeof path, "%s/%s", scratch_folder, names[i]);
    unlink(path);
  }
}

/* ---- conditions ---- */

static void conditions_have_any_name_and_length(void** state) {
  (void)state;
  WRITE(ARRAY("states", counting(), 3, 2, 3, 4), ARRAY("speed", counting() + 10, 1, 2),
        ARRAY("style", counting(), 2, 2, 20));
  df_config config = SETTINGS(STATES_ONLY, "data.conditions", "command.vx@speed,style");
  df_dataset* data;
  assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
  assert_int_equal(data->nc, 21);
  assert_false(data->condition_per_frame);
  assert_string_equal(data->condition_name[0], "command.vx");
  assert_string_equal(data->condition_name[20], "style.19");
  assert_true(df_dataset_condition(data, 1, 0)[0] == 11);
  assert_true(df_dataset_condition(data, 1, 2)[20] == 39);
  df_dataset_free(data);

  /* per frame; what is per episode is repeated */
  WRITE(ARRAY("states", counting(), 3, 2, 3, 4), ARRAY("speed", counting() + 10, 1, 2),
        ARRAY("phase", counting(), 3, 2, 3, 1));
  config = SETTINGS(STATES_ONLY, "data.conditions", "speed,phase");
  assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
  assert_true(data->condition_per_frame);
  assert_true(df_dataset_condition(data, 1, 2)[0] == 11 && df_dataset_condition(data, 1, 2)[1] == 5);
  df_dataset_free(data);

  WRITE(ARRAY("states", counting(), 3, 2, 3, 4), ARRAY("speed", counting(), 1, 5));
  config = SETTINGS(STATES_ONLY, "data.conditions", "speed");
  refused(
      cart, &config, DF_E_MISMATCH,
      SAYS("array 'speed' has shape [5], expected [2][conditions], or a row for each of 6 frames ('states' has shape "
           "[2,3,4])"));
  /* the shape decides, not the number of rows */
  WRITE(ARRAY("states", counting(), 3, 2, 3, 4), ARRAY("speed", counting(), 3, 3, 2, 1));
  refused(cart, &config, DF_E_MISMATCH, SAYS("array 'speed' has shape [3,2,1], expected [2][conditions]"));
  config = SETTINGS(STATES_ONLY, "data.conditions", "@speed");
  refused(cart, &config, DF_E_CONFIG, SAYS("data.conditions: '@speed': expected ARRAY or NAME@ARRAY"));
}

/* ---- texts as conditions ---- */

#define CART_STATES "\"states\": [[[0,1,2,3],[4,5,6,7],[8,9,10,11]], [[1,1,1,1],[2,2,2,2],[3,3,3,3]]]"
static void put_text(const char* json) {
  scratch_put(json, strlen(json));
}

/* row `t` of an episode has 1 at the place of its label and 0 elsewhere */
static void has_label(const df_dataset* d, int episode, int t, int label) {
  for (int c = 0; c < d->nc; c++) {
    const double value = df_dataset_condition(d, episode, t)[c];
    if (value != (c == label)) fail_msg("episode %d, frame %d: condition %d is %g", episode, t, c, value);
  }
}

static void texts_are_a_condition_per_text(void** state) {
  (void)state;
  df_dataset* data;
  put_text("{" CART_STATES ", \"gait\": [\"trot\", \"pace\"]}");
  df_config config = SETTINGS(STATES_ONLY, "data.conditions", "gait");
  assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
  assert_int_equal(data->nc, 2);
  assert_false(data->condition_per_frame);
  assert_string_equal(data->condition_name[0], "gait.pace");
  assert_string_equal(data->condition_name[1], "gait.trot");
  has_label(data, 0, 0, 1);
  has_label(data, 1, 2, 0);
  df_dataset_free(data);

  /* a text per frame, beside a number per episode */
  put_text("{" CART_STATES ", \"vx\": [5, 6], \"what\": [\"b\", \"a\", \"c\", \"c\", \"b\", \"b\"]}");
  config = SETTINGS(STATES_ONLY, "data.conditions", "mode@what,vx");
  assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
  assert_int_equal(data->nc, 4);
  assert_true(data->condition_per_frame);
  assert_string_equal(data->condition_name[2], "mode.c");
  static const int label[2][3] = {{1, 0, 2}, {2, 1, 1}};
  for (int e = 0; e < 2; e++) {
    for (int t = 0; t < 3; t++) {
      for (int c = 0; c < 3; c++) assert_true(df_dataset_condition(data, e, t)[c] == (c == label[e][t]));
      assert_true(df_dataset_condition(data, e, t)[3] == 5 + e);
    }
  }
  df_dataset_free(data);
}

static void texts_of_several_files_are_one_list(void** state) {
  (void)state;
  static const char* const texts[] = {"pace", "bound", "trot"};
  char path[160], pattern[160];
  for (int i = 0; i < 3; i++) {
    char json[256];
    snprintf(json, sizeof json, "{\"states\": [[0,1,2,3],[4,5,6,7]], \"gait\": \"%s\"}", texts[i]);
    snprintf(path, sizeof path, "%s/%d.json", scratch_folder, i);
    assert_ok(df_file_write(path, json, strlen(json)));
  }
  snprintf(pattern, sizeof pattern, "%s/*.json", scratch_folder);
  const df_config config = SETTINGS(STATES_ONLY, "data.conditions", "gait");
  df_dataset* data;
  assert_ok(df_dataset_read(pattern, &config, cart, &data));
  assert_int_equal(data->nc, 3);
  assert_string_equal(data->condition_name[0], "gait.bound");
  has_label(data, 0, 0, 1);
  has_label(data, 1, 0, 0);
  has_label(data, 2, 0, 2);
  df_dataset_free(data);

  /* numbers in one of them */
  static const char other[] = "{\"states\": [[0,1,2,3],[4,5,6,7]], \"gait\": 3}";
  assert_ok(df_file_write(path, other, strlen(other)));
  assert_int_equal(df_dataset_read(pattern, &config, cart, &data), DF_E_FORMAT);
  assert_says(path, "array 'gait' is missing or does not hold text, as it does in other files or groups");
  /* and in a group, which is named */
  static const char groups[] =
      "{\"a\": {\"states\": [[0,1,2,3],[4,5,6,7]], \"gait\": \"trot\"},"
      " \"b\": {\"states\": [[0,1,2,3],[4,5,6,7]], \"gait\": 3}}";
  const df_config of_groups = SETTINGS(STATES_ONLY, "data.conditions", "gait", "data.episodes_key", "*");
  assert_ok(df_file_write(path, groups, strlen(groups)));
  assert_int_equal(df_dataset_read(path, &of_groups, cart, &data), DF_E_FORMAT);
  assert_says(path, ".json: group b: data.conditions: array 'gait' is missing or does not hold text");
  for (int i = 0; i < 3; i++) {
    snprintf(path, sizeof path, "%s/%d.json", scratch_folder, i);
    unlink(path);
  }
}

static void texts_that_are_no_choice_are_refused(void** state) {
  (void)state;
  df_config config = SETTINGS(STATES_ONLY, "data.conditions", "gait");
  put_text("{" CART_STATES ", \"gait\": [\"trot\", \"a,b\"]}");
  refused(cart, &config, DF_E_FORMAT, SAYS("array 'gait' has the text 'a,b', which cannot name a condition"));
  put_text("{" CART_STATES ", \"gait\": [\"trot\", \"\"]}");
  refused(cart, &config, DF_E_FORMAT, SAYS("array 'gait' has the text '', which cannot name a condition"));
  /* blanks at the ends, '=', and control characters; a blank inside is part of a name */
  static const char* const texts[] = {"trot ", " trot", "a=b", "a\\tb", "a\\u007fb", " "};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    char text[256];
    snprintf(text, sizeof text, "{" CART_STATES ", \"gait\": [\"trot\", \"%s\"]}", texts[i]);
    put_text(text);
    refused(cart, &config, DF_E_FORMAT,
            SAYS("which cannot name a condition: expected 1 to 47 characters without commas, '=', control characters, "
                 "and blanks at the ends"));
  }
  put_text("{" CART_STATES ", \"gait\": [\"trot\", \"fast trot\"]}");
  df_dataset* data;
  assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
  assert_int_equal(data->nc, 2);
  assert_string_equal(data->condition_name[0], "gait.fast trot");
  df_dataset_free(data);
  put_text("{" CART_STATES ", \"gait\": [\"a\", \"b\", \"c\"]}");
  refused(cart, &config, DF_E_MISMATCH,
          SAYS("array 'gait' has shape [3], expected [2][conditions], or a row for each of 6 frames"));
  char json[4096] = "{\"states\": [", *at = json + strlen(json);
  for (int t = 0; t < 65; t++) at += sprintf(at, "%s[0,1,2,%d]", t ? "," : "", t);
  at += sprintf(at, "], \"gait\": [");
  for (int t = 0; t < 65; t++) at += sprintf(at, "%s\"g%d\"", t ? "," : "", t);
  sprintf(at, "]}");
  put_text(json);
  refused(cart, &config, DF_E_CONFIG, SAYS("array 'gait' has more than 64 different texts"));
}

/* [2][3] are three conditions per episode or one per frame */
static void conditions_that_fit_episodes_and_frames_need_a_setting(void** state) {
  (void)state;
  const df_npz_entry states = ARRAY("states", counting(), 3, 2, 3, 4), vx = ARRAY("vx", counting() + 10, 2, 2, 3),
                     vy = ARRAY("vy", counting() + 20, 2, 2, 3);
  df_dataset* data;
  WRITE(states, vx, vy);
  df_config config = SETTINGS(STATES_ONLY, "data.conditions", "vx");
  refused(cart, &config, DF_E_CONFIG,
          SAYS("array 'vx' of shape [2,3] may hold 1 condition per frame or 3 conditions per episode; set "
               "data.conditions_per: frame or episode"));
  config = SETTINGS(STATES_ONLY, "data.conditions", "vx", "data.conditions_per", "episode");
  assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
  assert_int_equal(data->nc, 3);
  assert_true(df_dataset_condition(data, 1, 2)[1] == 14);
  df_dataset_free(data);
  config = SETTINGS(STATES_ONLY, "data.conditions", "v@vx+vy", "data.conditions_per", "frame");
  assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
  assert_int_equal(data->nc, 2);
  assert_true(df_dataset_condition(data, 1, 2)[0] == 15 && df_dataset_condition(data, 1, 2)[1] == 25);
  df_dataset_free(data);
  /* the number of their names confirms those of the file itself */
  WRITE(states, ARRAY("conditions", counting() + 10, 2, 2, 3),
        {.key = "condition_names", .kind = DF_NPZ_TEXT, .text = "a,b,c"});
  config = SETTINGS(STATES_ONLY);
  assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
  assert_true(data->nc == 3 && df_dataset_condition(data, 1, 0)[2] == 15);
  df_dataset_free(data);
  /* as the elements of an array of texts are read */
  WRITE(states, ARRAY("conditions", counting() + 10, 2, 2, 3),
        {.key = "condition_names", .kind = DF_NPZ_TEXT, .text = "left\nb\nright"});
  assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
  assert_int_equal(data->nc, 3);
  assert_string_equal(data->condition_name[0], "left");
  assert_string_equal(data->condition_name[1], "b");
  assert_string_equal(data->condition_name[2], "right");
  df_dataset_free(data);
}

/* of one episode of three frames, three numbers */
static void conditions_of_one_episode_are_read_per_frame_with_a_note(void** state) {
  (void)state;
  WRITE(ARRAY("states", counting(), 2, 3, 4), ARRAY("goal", counting() + 10, 1, 3));
  df_config config = SETTINGS(STATES_ONLY, "data.conditions", "goal");
  df_dataset* data;
  df_recording* r = opened(scratch_path, &config, cart);
  assert_int_equal(df_recording_notes(r), 1);
  assert_string_equal(df_recording_note(r, 0),
                      "array 'goal' is read as a condition per frame; if it holds the conditions of the episode, set "
                      "data.conditions_per: episode");
  df_recording_free(r);
  assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
  assert_true(data->nc == 1 && df_dataset_condition(data, 0, 2)[0] == 12);
  df_dataset_free(data);
  config = SETTINGS(STATES_ONLY, "data.conditions", "goal", "data.conditions_per", "episode");
  assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
  assert_true(data->nc == 3 && df_dataset_condition(data, 0, 2)[1] == 11);
  df_dataset_free(data);
  /* a group of as many frames as another group has conditions */
  WRITE(ARRAY("e0/states", counting(), 2, 2, 4), ARRAY("e0/goal", counting() + 20, 1, 3),
        ARRAY("e1/states", counting(), 2, 3, 4), ARRAY("e1/goal", counting() + 30, 1, 3));
  config = SETTINGS(STATES_ONLY, "data.conditions", "goal", "data.episodes_key", "e*");
  refused(cart, &config, DF_E_MISMATCH,
          SAYS("episode 1 has 1 conditions per frame, but the first one 3; set data.conditions_per"));
}

static void conditions_have_the_same_names_everywhere(void** state) {
  (void)state;
  df_npz_entry names[2] = {{.key = "e0/condition_names", .kind = DF_NPZ_TEXT, .text = "left,right"},
                           {.key = "e1/condition_names", .kind = DF_NPZ_TEXT, .text = "left,right"}};
  const df_npz_entry states[2] = {ARRAY("e0/states", counting(), 2, 2, 4), ARRAY("e1/states", counting(), 2, 2, 4)};
  const df_npz_entry values[2] = {ARRAY("e0/conditions", counting(), 2, 1, 2),
                                  ARRAY("e1/conditions", counting() + 2, 2, 1, 2)};
  df_config config = SETTINGS(STATES_ONLY, "data.episodes_key", "e*");
  df_dataset* data;
  WRITE(states[0], states[1], values[0], values[1], names[0], names[1]);
  assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
  assert_string_equal(data->condition_name[1], "right");
  assert_true(df_dataset_condition(data, 1, 0)[1] == 3);
  df_dataset_free(data);
  names[0].text = names[1].text = "left,left";
  WRITE(states[0], states[1], values[0], values[1], names[0], names[1]);
  refused(cart, &config, DF_E_FORMAT, SAYS("condition_names 'left,left': conditions 0 and 1 are both named 'left'"));
  names[0].text = "left,right";
  names[1].text = "right,left";
  WRITE(states[0], states[1], values[0], values[1], names[0], names[1]);
  refused(
      cart, &config, DF_E_MISMATCH,
      SAYS("file.npz: e1: condition 0 is 'right', but 'left' in", "file.npz: e0; all files and groups need the same"));
  WRITE(states[0], states[1], values[0], values[1], names[0]);
  refused(cart, &config, DF_E_FORMAT, SAYS("no array 'condition_names'"));
  /* arrays of other widths, but as many conditions */
  WRITE(states[0], states[1], ARRAY("e0/a", counting(), 2, 1, 2), ARRAY("e0/b", counting(), 2, 1, 1),
        ARRAY("e1/a", counting(), 2, 1, 1), ARRAY("e1/b", counting(), 2, 1, 2));
  config = SETTINGS(STATES_ONLY, "data.episodes_key", "e*", "data.conditions", "a,b", "data.conditions_per", "episode");
  refused(cart, &config, DF_E_MISMATCH, SAYS("e1: condition 0 is 'a', but 'a.0' in"));
}

/* names of conditions have at most 47 characters, of which ".1" and the like may be a part */
static void long_names_of_conditions_are_refused(void** state) {
  (void)state;
  WRITE(ARRAY("states", counting(), 3, 2, 3, 4), ARRAY("goal", counting(), 2, 2, 2), ARRAY("vx", counting(), 1, 2));
  static const struct {
    const char* array;
    int length;
    bool fits;
  } cases[] = {{"vx", 47, true}, {"vx", 48, false}, {"goal", 45, true}, {"goal", 46, false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char name[49] = "", item[80], says[160];
    memset(name, 'n', (size_t)cases[i].length);
    snprintf(item, sizeof item, "%s@%s", name, cases[i].array);
    const df_config config = SETTINGS(STATES_ONLY, "data.conditions", item);
    if (cases[i].fits) {
      df_dataset* data;
      assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
      df_dataset_free(data);
      continue;
    }
    if (cases[i].length == 48)
      snprintf(says, sizeof says, "'%s': expected ARRAY or NAME@ARRAY, with a name of at most 47 characters", item);
    else
      snprintf(says, sizeof says, "data.conditions: the name '%s.0' has more than 47 characters", name);
    refused(cart, &config, DF_E_CONFIG, SAYS(says));
  }
}

static void a_condition_that_is_not_finite_is_named_by_its_array(void** state) {
  (void)state;
  static const double goal[4] = {1, 2, 3, NAN}, phase[6] = {0, 0, 0, 0, INFINITY, 0};
  WRITE(ARRAY("states", counting(), 3, 2, 3, 4), ARRAY("goal", goal, 2, 2, 2), ARRAY("phase", phase, 3, 2, 3, 1));
  df_config config = SETTINGS(STATES_ONLY, "data.conditions", "v@goal");
  refused(cart, &config, DF_E_NONFINITE, SAYS("array 'goal' is nan at episode 1, index 1 ('v.1')"));
  config = SETTINGS(STATES_ONLY, "data.conditions", "phase");
  refused(cart, &config, DF_E_NONFINITE, SAYS("array 'phase' is inf at episode 1, frame 1, index 0 ('phase')"));
  /* the first number */
  static const double first[4] = {NAN, 1, 2, 3};
  WRITE(ARRAY("states", counting(), 3, 2, 3, 4), ARRAY("goal", first, 2, 2, 2));
  config = SETTINGS(STATES_ONLY, "data.conditions", "v@goal");
  refused(cart, &config, DF_E_NONFINITE, SAYS("array 'goal' is nan at episode 0, index 0 ('v.0')"));
}

static void a_group_has_conditions_of_its_own(void** state) {
  (void)state;
  WRITE(ARRAY("e0/states", counting(), 2, 2, 4), ARRAY("e0/goal", counting() + 20, 1, 3),
        ARRAY("e1/states", counting(), 2, 4, 4), ARRAY("e1/goal", counting() + 30, 1, 3));
  const df_config config = SETTINGS(STATES_ONLY, "data.conditions", "goal", "data.episodes_key", "e*");
  df_dataset* data;
  assert_ok(df_dataset_read(scratch_path, &config, cart, &data));
  assert_int_equal(data->nc, 3);
  assert_int_equal(data->lengths[1], 3);
  assert_string_equal(data->condition_name[2], "goal.2");
  assert_true(df_dataset_condition(data, 1, 0)[2] == 32);
  df_dataset_free(data);
}

static void a_failed_allocation_leaks_nothing(void** state) {
  (void)state;
  WRITE(ARRAY("e0/states", counting(), 2, 2, 4), ARRAY("e0/goal", counting() + 20, 1, 3),
        ARRAY("e0/a", counting(), 2, 1, 1));
  const df_config config = SETTINGS("data.conditions", "goal", "data.episodes_key", "e*", "data.actions_key", "a",
                                    "data.velocities", "differences", "data.rate", "50");
  df_status status = DF_E_NOMEM;
  for (size_t n = 1; status != DF_OK; n++) {
    df_dataset* data;
    df_alloc_fail_at(n);
    status = df_dataset_read(scratch_path, &config, cart, &data);
    df_alloc_fail_at(0);
    if (status != DF_OK && status != DF_E_NOMEM) fail_msg("%s", df_error_message());
    assert_true((data != NULL) == (status == DF_OK));
    df_dataset_free(data);
  }
}

/* The time to read a file grows with the number of its groups, not with its square, which for these would take more
 * than ten times the seconds of the processor that end this program. */
static void many_groups_are_read_in_proportion(void** state) {
  (void)state;
  enum { GROUPS = 12000, ROOM = 120, SECONDS = 10 };
  char* file = calloc(GROUPS, ROOM);
  assert_non_null(file);
  char* at = file + sprintf(file, "{\"other\": [1, 2]");
  for (int g = 0; g < GROUPS; g++)
    at += sprintf(at, ", \"demo_%d\": {\"s\": [[%d, 0, 0, 0], [%d, 1, 0, 0]], \"mass\": [1, 2], \"note\": \"x\"}", g, g,
                  g);
  at += sprintf(at, "}");
  scratch_put(file, (size_t)(at - file));
  free(file);
  const df_config config = SETTINGS(STATES_ONLY, "data.states_key", "s", "data.episodes_key", "demo_*");
  const struct itimerval limit = {.it_value.tv_sec = SECONDS}, none = {.it_value.tv_sec = 0};
  assert_int_equal(setitimer(ITIMER_PROF, &limit, NULL), 0);
  df_recording* r = opened(scratch_path, &config, cart);
  assert_int_equal(setitimer(ITIMER_PROF, &none, NULL), 0);
  assert_int_equal(df_recording_episodes(r), GROUPS);
  for (int g = 0; g < GROUPS; g++) assert_true(df_recording_frame(r, g, 0)[0] == g);
  /* of the first group, and of none */
  const df_array_info* unused;
  assert_int_equal(df_recording_unused(r, &unused), 3);
  assert_string_equal(unused[0].name, "other");
  assert_string_equal(unused[1].name, "demo_0/mass");
  assert_string_equal(unused[2].name, "demo_0/note");
  df_recording_free(r);
}

int main(void) {
#define WITH_CART(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {
      WITH_CART(many_groups_are_read_in_proportion),
      WITH_CART(columns_come_from_one_array_or_several),
      WITH_CART(blocks_of_the_same_array_are_side_by_side),
      WITH_CART(columns_that_are_left_or_missing_are_counted),
      WITH_CART(tables_of_text_are_read_by_the_names_of_their_columns),
      WITH_CART(a_table_has_an_index_or_a_clock_per_frame),
      WITH_CART(single_columns_may_list_episodes),
      WITH_CART(an_array_may_be_transposed),
      WITH_CART(episodes_are_groups_in_natural_order),
      WITH_CART(numbers_in_names_are_ordered_by_value),
      WITH_CART(episodes_end_at_flags_or_row_numbers),
      WITH_CART(row_numbers_that_may_count_frames_or_actions_need_a_setting),
      WITH_CART(ends_are_rows_or_an_index_and_others_are_refused),
      WITH_CART(the_only_episode_of_a_file_ends_with_it),
      WITH_CART(ends_are_of_one_kind_in_all_files),
      WITH_CART(row_numbers_of_states_only_are_those_of_frames_or_as_set),
      WITH_CART(groups_of_equal_numbers_are_read_once),
      WITH_CART(a_message_names_the_group_and_file_of_its_episode),
      WITH_CART(a_group_has_a_rate_of_its_own),
      WITH_CART(attributes_state_the_rate),
      WITH_CART(every_note_is_kept),
      WITH_CART(episodes_are_selected_by_number),
      WITH_CART(a_pattern_is_all_files_that_fit_by_name),
      WITH_CART(conditions_have_any_name_and_length),
      WITH_CART(conditions_that_fit_episodes_and_frames_need_a_setting),
      WITH_CART(conditions_of_one_episode_are_read_per_frame_with_a_note),
      WITH_CART(conditions_have_the_same_names_everywhere),
      WITH_CART(texts_are_a_condition_per_text),
      WITH_CART(texts_of_several_files_are_one_list),
      WITH_CART(texts_that_are_no_choice_are_refused),
      WITH_CART(long_names_of_conditions_are_refused),
      WITH_CART(a_condition_that_is_not_finite_is_named_by_its_array),
      WITH_CART(a_group_has_conditions_of_its_own),
      WITH_CART(a_failed_allocation_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
