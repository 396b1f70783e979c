/* What the file of a recording calls its columns: header lines, arrays of their own, and lists of names. */
#include "recording_test.h"

/* a cart: rail, pole, and their velocities; one actuator */
static df_system* cart;

static int setup(void** state) {
  cart = make_system(cart_xml);
  return scratch_make(state);
}

static int teardown(void** state) {
  df_system_free(cart);
  return scratch_remove(state);
}

static void put(const char* text) {
  scratch_put(text, strlen(text));
}

/* the names of the columns and of the first action, with their lists: pairs, "" where there is none */
static void assert_names_of(const df_system* system, const df_config* config, const char* const* wanted) {
  df_recording* r = opened(scratch_path, config, system);
  const int n = df_recording_columns(r);
  for (int i = 0; i <= n; i++) {
    const char* by;
    const char* name = "";
    if (i == n) {
      name = df_recording_action_name(r, 0, &by);
    } else {
      name = df_recording_column_at(r, i)->stated_name;
      by = df_recording_column_at(r, i)->stated_by;
    }
    if (i == n && df_recording_action_columns(r) == 0) break;
    if (strcmp(name, wanted[2 * i]) != 0 || strcmp(by, wanted[2 * i + 1]) != 0)
      fail_msg("column %d is called '%s' by '%s', not '%s' by '%s'", i, name, by, wanted[2 * i], wanted[2 * i + 1]);
  }
  df_recording_free(r);
}
static void assert_names(const df_config* config, const char* const* wanted) {
  assert_names_of(cart, config, wanted);
}
#define NAMES(...) ((const char* const[]){__VA_ARGS__})

static void a_header_line_names_columns(void** state) {
  (void)state;
  df_config config =
      SETTINGS(STATES_ONLY, "data.states_key", "table", "data.columns", "joints,skip:1", "data.joints", "pole,rail");
  put("pole (deg);rail_pos;speed\n1;2;3\n4;5;6\n");
  assert_names(&config, NAMES("pole (deg)", "", "rail_pos", "", "speed", ""));
}

static void arrays_of_their_own_name_columns(void** state) {
  (void)state;
  put("{\"s\": {\"pole\": [1,2], \"rail\": [3,4]}, \"a\": {\"push\": [1,2]}}");
  df_config config = SETTINGS("data.columns", "qpos@s/*", "data.actions_key", "a/*");
  assert_names(&config, NAMES("s/pole", "", "s/rail", "", "", ""));
  /* arrays that were chosen by the names of joints are theirs */
  config = SETTINGS(STATES_ONLY, "data.columns", "joints@s/*");
  assert_names(&config, NAMES("", "", "", ""));
}

#define STATES  "\"states\": [[0,1,2,3],[4,5,6,7]]"
#define ACTIONS "\"actions\": [[1],[2]]"

static void lists_name_the_columns_of_joints(void** state) {
  (void)state;
  static const char* const lists[] = {"joint_names", "dof_names", "JointNames", "joint order"};
  const df_config config = SETTINGS(STATES_ONLY);
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    char json[256];
    snprintf(json, sizeof json, "{" STATES ", \"%s\": [\"rail\", \"pole\"]}", lists[i]);
    put(json);
    assert_names(&config, NAMES("rail", lists[i], "pole", lists[i], "rail", lists[i], "pole", lists[i]));
  }
  /* one text; a list for every column, in a folder named like the array */
  put("{" STATES ", \"joint_names\": \"rail, pole\"}");
  assert_names(&config,
               NAMES("rail", "joint_names", "pole", "joint_names", "rail", "joint_names", "pole", "joint_names"));
  put("{" STATES
      ", \"features\": {\"states\": {\"names\": [\"a\", \"b\", \"c\", \"d\"]}}, \"joint_names\": [\"x\", \"y\"]}");
#define BY "features/states/names"
  assert_names(&config, NAMES("a", BY, "b", BY, "c", BY, "d", BY));
  /* of another array, whose name ends like it */
  put("{" STATES ", \"last_states\": {\"names\": [\"a\", \"b\", \"c\", \"d\"]}}");
  assert_names(&config, NAMES("", "", "", "", "", "", "", ""));
  /* more or fewer names than columns */
  put("{" STATES ", \"joint_names\": [\"a\", \"b\", \"c\"]}");
  assert_names(&config, NAMES("", "", "", "", "", "", "", ""));
  put("{" STATES ", \"joint_names\": [\"a\", \"b\", \"c\", \"d\", \"e\"]}");
  assert_names(&config, NAMES("", "", "", "", "", "", "", ""));
  /* other texts */
  put("{" STATES ", \"style\": [\"a\", \"b\"], \"names\": [\"c\", \"d\"]}");
  assert_names(&config, NAMES("", "", "", "", "", "", "", ""));
}

/* a list of as many names as there are positions, or velocities, is of these alone */
static void a_list_may_be_of_positions_or_of_velocities(void** state) {
  (void)state;
  const df_config config = SETTINGS(STATES_ONLY, "data.columns", "joints,skip:1,joint_vel", "data.joints", "rail,pole",
                                    "data.velocity_joints", "pole");
  put("{" STATES ", \"joint_names\": [\"a\", \"b\"]}");
  assert_names(&config, NAMES("a", "joint_names", "b", "joint_names", "", "", "", ""));
  put("{" STATES ", \"joint_names\": \"c\"}");
  assert_names(&config, NAMES("", "", "", "", "", "", "c", "joint_names"));
}

/* a list of all joints begins with the free one, whose coordinates have no names */
static void a_list_of_joints_may_begin_with_the_free_one(void** state) {
  (void)state;
  df_system* legged = make_system(
      "<mujoco><worldbody><body><freejoint name='base'/><geom size='.1'/><body><joint name='hip' axis='0 1 0'/><geom "
      "size='.1'/><body pos='0 0 .2'><joint name='knee' axis='0 1 0'/><geom "
      "size='.1'/></body></body></body></worldbody>"
      "</mujoco>");
  static const char* const lists[] = {"\"base\", \"hip\", \"knee\"", "\"hip\", \"knee\""};
  for (int i = 0; i < 2; i++) {
    char json[400];
    snprintf(json, sizeof json,
             "{\"states\": [[0,0,1,0.1,0.2,0,0,0.3,0.4,9],[0,0,1,0.1,0.2,0,0,0.3,0.4,9]], \"joint_names\": [%s]}",
             lists[i]);
    put(json);
    /* among the positions, and among the velocities */
    df_config config = SETTINGS(STATES_ONLY, "data.columns", "root_pos,joints,skip:5");
    assert_names_of(legged, &config,
                    NAMES("", "", "", "", "", "", "hip", "joint_names", "knee", "joint_names", "", "", "", "", "", "",
                          "", "", "", ""));
    config = SETTINGS(STATES_ONLY, "data.columns", "root_pos,skip:2,joints,joint_vel,skip:2", "data.joints", "hip");
    assert_ok(df_config_set(&config, "data.velocity_joints", "hip,knee", "test"));
    assert_names_of(legged, &config,
                    NAMES("", "", "", "", "", "", "", "", "", "", "", "", "hip", "joint_names", "knee", "joint_names",
                          "", "", "", ""));
    /* of an array of joints alone */
    snprintf(json, sizeof json,
             "{\"p\": [[0,0,1,9],[0,0,1,9]], \"states\": [[0.3,0.4],[0.3,0.4]], \"joint_names\": [%s]}", lists[i]);
    put(json);
    config = SETTINGS(STATES_ONLY, "data.columns", "root_pos@p,skip:1@p,joints@states");
    assert_names_of(legged, &config,
                    NAMES("", "", "", "", "", "", "", "", "hip", "joint_names", "knee", "joint_names"));
  }
  df_system_free(legged);
}

/* the list of the group before that of the file; names of actuators before those of joints */
static void the_nearest_list_counts(void** state) {
  (void)state;
  const df_config config = SETTINGS("data.episodes_key", "e_*");
  put("{\"e_0\": {" STATES ", " ACTIONS
      ", \"joint_names\": [\"rail\", \"pole\"], \"actuator_names\": [\"push\"]}, "
      "\"joint_names\": [\"x\", \"y\"]}");
  assert_names(&config, NAMES("rail", "joint_names", "pole", "joint_names", "rail", "joint_names", "pole",
                              "joint_names", "push", "actuator_names"));
}

/* columns of another file or group would be exchanged */
static void names_in_another_order_are_refused(void** state) {
  (void)state;
  const df_config config = SETTINGS(STATES_ONLY, "data.episodes_key", "e_*");
  put("{\"e_0\": {" STATES ", \"joint_names\": [\"rail\", \"pole\"]}, \"e_1\": {" STATES
      ", \"joint_names\": [\"pole\", \"rail\"]}}");
  refused(cart, &config, DF_E_MISMATCH, SAYS("e_1: column 0 of the states is 'pole', but 'rail' in"));
  /* other names, or none, are no other order */
  put("{\"e_0\": {" STATES ", \"joint_names\": [\"rail\", \"pole\"]}, \"e_1\": {" STATES
      ", \"joint_names\": [\"rails\", \"poles\"]}, \"e_2\": {" STATES "}}");
  df_recording_free(opened(scratch_path, &config, cart));
}

static void lists_of_actuators_that_contradict_each_other_are_named(void** state) {
  (void)state;
  df_system* two = make_system(
      "<mujoco><worldbody><body><joint name='a' axis='1 0 0'/><joint name='b' axis='0 1 0'/><geom size='.1'/></body>"
      "</worldbody><actuator><motor name='ma' joint='a'/><motor name='mb' joint='b'/></actuator></mujoco>");
#define TWO "{\"states\": [[0,0,0,0],[1,0,0,0]], \"actions\": [[1,2]], \"actuator_names\": [\"ma\", \"mb\"], "
  df_config config = SETTINGS("data.actions_key", "actions");
  put(TWO "\"motor_names\": [\"mb\", \"ma\"]}");
  refused(two, &config, DF_E_MISMATCH,
          SAYS("column 0 of the actions is 'ma' in 'actuator_names', but 'mb' in 'motor_names': remove the list",
               "data.actuators"));
  /* the same order, another number of names, other words: none of them is another order */
  static const char* const others[] = {"[\"ma\", \"mb\"]", "[\"mb\"]", "[\"b\", \"a\"]"};
  for (int i = 0; i < 3; i++) {
    char text[400];
    snprintf(text, sizeof text, TWO "\"motor_names\": %s}", others[i]);
    put(text);
    df_recording_free(opened(scratch_path, &config, two));
  }
  assert_ok(df_config_set(&config, "data.actuators", "mb,ma", "test"));
  put(TWO "\"motor_names\": [\"mb\", \"ma\"]}");
  df_recording_free(opened(scratch_path, &config, two));
  df_system_free(two);
}

int main(void) {
#define WITH_CART(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {WITH_CART(a_header_line_names_columns),
                                     WITH_CART(arrays_of_their_own_name_columns),
                                     WITH_CART(lists_name_the_columns_of_joints),
                                     WITH_CART(a_list_may_be_of_positions_or_of_velocities),
                                     WITH_CART(a_list_of_joints_may_begin_with_the_free_one),
                                     WITH_CART(the_nearest_list_counts),
                                     WITH_CART(names_in_another_order_are_refused),
                                     WITH_CART(lists_of_actuators_that_contradict_each_other_are_named)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
