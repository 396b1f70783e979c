/* Each column is read as what the file calls it: the column of a joint holds a number that only this joint has, and the
 * settings that are named must bring it there. */
#include "data_test.h"

/* after the feature macro of data_test.h */
#include "column_names.h"
#include "dynaflow/data/recording.h"
#include "dynaflow/sim/mujoco.h"

/* a base, a slide and two legs; in an order in which no name sorts */
#define LEG(side)                                                               \
  "<body><joint name='" side "_hip'/><geom size='.1'/><body><joint name='" side \
  "_knee'/><geom size='.1'/></body></body>"
static const char xml[] =
    "<mujoco><worldbody><body><joint name='lift' type='slide'/><geom size='.1'/>" LEG("left") LEG("right") "</body>"
    "</worldbody><actuator><motor name='m_rk' joint='right_knee'/><motor name='m_lh' joint='left_hip'/></actuator>"
    "</mujoco>";
enum { JOINTS = 5 };
static const char* const joints[JOINTS] = {"lift", "left_hip", "left_knee", "right_hip", "right_knee"};

static df_system* robot;

static int setup(void** state) {
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  if (df_mujoco_system_from_xml(xml, "robot", &cfg, &robot) != DF_OK) return -1;
  return scratch_make(state);
}

static int teardown(void** state) {
  df_system_free(robot);
  return scratch_remove(state);
}

static void put(const char* text) {
  scratch_put(text, strlen(text));
}

static df_config settings_of(const char* columns, const char* states, const char* actions) {
  df_config config = df_config_default();
  config.window_horizon = 1;
  assert_ok(df_config_set(&config, "data.columns", columns, "test"));
  assert_ok(df_config_set(&config, "data.states_key", states, "test"));
  assert_ok(df_config_set(&config, "data.actions_key", actions, "test"));
  return config;
}

static void find(const df_config* config, column_names* out) {
  df_recording* r;
  assert_ok(df_recording_open(scratch_path, config, robot, &r));
  assert_ok(column_names_find(r, config, robot, out));
  df_recording_free(r);
}

/* With the settings that are found joint k is at wanted[k], and moves at 10 times that. */
static void assert_read(df_config config, const double wanted[JOINTS]) {
  column_names names;
  df_dataset* data;
  find(&config, &names);
  assert_true(names.decide);
  assert_ok(column_names_apply(&names, &config));
  assert_ok(df_dataset_read(scratch_path, &config, robot, &data));
  for (int k = 0; k < JOINTS; k++) {
    const double *x = df_dataset_state(data, 0, 0), q = x[k], v = x[JOINTS + k];
    if (q != wanted[k] || v != 10 * wanted[k]) fail_msg("%s is at %g and moves at %g", joints[k], q, v);
  }
  df_dataset_free(data);
  /* nothing is left to find */
  column_names_clear(&names);
  find(&config, &names);
  assert_int_equal(names.found.n, 0);
  column_names_clear(&names);
}

/* 1 to 5 in the order of the model, in columns of another order */
static const double in_order[JOINTS] = {1, 2, 3, 4, 5};
#define ROW "5,2,1,4,3,50,20,10,40,30\n"

static void headers_of_many_spellings_decide(void** state) {
  (void)state;
  static const char* const headers[] = {
      "right_knee,left_hip,lift,right_hip,left_knee,v0,v1,v2,v3,v4",
      "right_knee_joint,left_hip_joint,lift_joint,right_hip_joint,left_knee_joint,v0,v1,v2,v3,v4",
      "right_knee (rad),left_hip (rad),lift (m),right_hip (rad),left_knee (rad),v0,v1,v2,v3,v4",
      "right_knee_pos,left_hip_pos,lift_pos,right_hip_pos,left_knee_pos,v0,v1,v2,v3,v4",
      "RightKnee,LeftHip,Lift,RightHip,LeftKnee,v0,v1,v2,v3,v4",
      "knee_R,hip_L,lift,hip_R,knee_L,v0,v1,v2,v3,v4",
      ("observation.state.right_knee,observation.state.left_hip,observation.state.lift,observation.state.right_hip,"
       "observation.state.left_knee,v0,v1,v2,v3,v4"),
      "q right knee [rad],q left hip [rad],q lift [m],q right hip [rad],q left knee [rad],v0,v1,v2,v3,v4"};
  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
    char text[512];
    snprintf(text, sizeof text, "%s\n" ROW ROW, headers[i]);
    put(text);
    assert_read(settings_of("joints,joint_vel", "table", ""), in_order);
  }
}

/* velocities have an order of their own where they have names */
static void velocities_have_names_of_their_own(void** state) {
  (void)state;
  put("right_knee,left_hip,lift,right_hip,left_knee,dq_lift,dq_left_hip,dq_right_hip,dq_right_knee,dq_left_knee\n"
      "5,2,1,4,3,10,20,40,50,30\n5,2,1,4,3,10,20,40,50,30\n");
  assert_read(settings_of("joints,joint_vel", "table", ""), in_order);
}

/* columns of qpos and qvel have no order of joints: they are named one by one */
static void columns_of_the_whole_state_are_named_one_by_one(void** state) {
  (void)state;
  put("s.right_knee,s.left_hip,s.lift,s.right_hip,s.left_knee,v.lift,v.left_hip,v.left_knee,v.right_hip,v.right_knee\n"
      "5,2,1,4,3,10,20,30,40,50\n5,2,1,4,3,10,20,30,40,50\n");
  assert_read(settings_of("qpos@s.*,qvel@v.*", "table", ""), in_order);
}

#define NAMED  "[\"right_knee\", \"left_hip\", \"lift\", \"right_hip\", \"left_knee\"]"
#define ROWS_Q "[[5,2,1,4,3],[5,2,1,4,3]]"
#define ROWS_V "[[50,20,10,40,30],[50,20,10,40,30]]"

static void lists_of_names_decide(void** state) {
  (void)state;
  put("{\"q\": " ROWS_Q ", \"v\": " ROWS_V ", \"joint_names\": " NAMED "}");
  assert_read(settings_of("joints@q,joint_vel@v", "q", ""), in_order);
  assert_read(settings_of("qpos@q,qvel@v", "q", ""), in_order);
  put("{\"states\": [[5,2,1,4,3,50,20,10,40,30],[5,2,1,4,3,50,20,10,40,30]], \"dof_names\": " NAMED "}");
  assert_read(settings_of("state", "states", ""), in_order);
}

/* the only finding, if `words` is not NULL */
static void assert_found(df_config config, check_verdict verdict, const char* words) {
  column_names names;
  find(&config, &names);
  assert_int_equal(names.found.n, words != NULL);
  if (words) assert_int_equal(names.found.list[0].verdict, verdict);
  if (words && !strstr(names.found.list[0].reason, words))
    fail_msg("'%s' is not in: %s", words, names.found.list[0].reason);
  column_names_clear(&names);
}

static void names_of_no_joint_are_a_warning_and_numbers_are_none(void** state) {
  (void)state;
  const df_config config = settings_of("joints,joint_vel", "table", "");
  put("alpha,beta,gamma,delta,epsilon,v0,v1,v2,v3,v4\n" ROW ROW);
  assert_found(config, CHECK_WARN,
               "the columns are called alpha, beta, gamma, delta, epsilon, and none of these is a "
               "joint of the model (lift, left_hip, left_knee, right_hip, right_knee)");
  put("q0,q1,q2,q3,q4,v0,v1,v2,v3,v4\n" ROW ROW);
  assert_found(config, CHECK_OK, NULL);
  put("lift,left_hip,left_knee,right_hip,right_knee,v0,v1,v2,v3,v4\n" ROW ROW);
  assert_found(config, CHECK_OK, NULL);
}

/* what data.joints says is followed, and not named wrong */
static void settings_of_the_user_are_only_doubted(void** state) {
  (void)state;
  df_config config = settings_of("joints,joint_vel", "table", "");
  put("right_knee,left_hip,lift,right_hip,left_knee,v0,v1,v2,v3,v4\n" ROW ROW);
  assert_ok(df_config_set(&config, "data.joints", "lift,left_hip,left_knee,right_hip,right_knee", "test"));
  assert_found(config, CHECK_WARN, "read as joint lift, as data.joints or data.legs says: 3 of 5 columns");
  /* one of the columns has the name of no joint */
  put("right_knee,left_hip,lift,gamma,left_knee,v0,v1,v2,v3,v4\n" ROW ROW);
  assert_found(config, CHECK_WARN,
               "the file calls the column 'right_knee' that is read as joint lift, as data.joints or data.legs says: "
               "3 of 5 columns are read as other joints than their names say");
  put("right_knee,left_hip,lift,right_hip,left_knee,v0,v1,v2,v3,v4\n" ROW ROW);
  assert_ok(df_config_set(&config, "data.joints",
                          "lift=right_knee,left_hip=left_hip,left_knee=lift,right_hip,right_knee=left_knee", "test"));
  assert_found(config, CHECK_OK, NULL);
}

static void units_are_read(void** state) {
  (void)state;
  column_names names;
  const df_config config = settings_of("joints,joint_vel", "table", "");
  put("lift (m),left_hip (deg),left_knee (deg),right_hip (deg),right_knee (deg),v0,v1,v2,v3,v4\n" ROW ROW);
  find(&config, &names);
  assert_int_equal(names.found.n, 1);
  assert_string_equal(names.found.list[0].reason, "the names of the columns say that angles are in deg");
  assert_string_equal(remedy_value(&names.found.list[0].would_fit, "data.angles"), "deg");
  column_names_clear(&names);
  /* some in degrees and some in radians: no setting says that */
  put("lift (m),left_hip (deg),left_knee (rad),right_hip (deg),right_knee (deg),v0,v1,v2,v3,v4\n" ROW ROW);
  assert_found(config, CHECK_WARN,
               "some of the names of the columns say that angles are in degrees, and some in radians");
}

/* positions of a base in other units than m */
static void units_of_lengths_are_read(void** state) {
  (void)state;
  static const char ball[] =
      "<mujoco><worldbody><body><freejoint/><geom size='.1'/><body><joint name='neck'/><geom size='.1'/></body></body>"
      "</worldbody></mujoco>";
  static const struct {
    const char *unit, *scale, *words;
  } cases[] = {{"mm", "0.001", "the names of the columns say that positions are in mm"},
               {"cm", "0.01", "the names of the columns say that positions are in cm"},
               {"m", NULL, NULL}};
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system *arm = robot, *other;
  assert_ok(df_mujoco_system_from_xml(ball, "ball", &cfg, &other));
  robot = other;
  for (int i = 0; i < 3; i++) {
    char text[512];
    column_names names;
    const df_config config = settings_of("root_pos,root_quat,joints,root_linvel,root_angvel,joint_vel", "table", "");
    const char* unit = cases[i].unit;
    snprintf(text, sizeof text,
             "x (%s),y (%s),z (%s),w,i,j,k,neck,vx,vy,vz,wx,wy,wz,dneck\n0,0,1,1,0,0,0,0,0,0,0,0,0,0,0\n"
             "1,0,1,1,0,0,0,0,0,0,0,0,0,0,0\n",
             unit, unit, unit);
    put(text);
    find(&config, &names);
    assert_int_equal(names.found.n, cases[i].words != NULL);
    if (cases[i].words) {
      assert_string_equal(names.found.list[0].reason, cases[i].words);
      assert_string_equal(remedy_value(&names.found.list[0].would_fit, "data.position_scale"), cases[i].scale);
    }
    column_names_clear(&names);
  }
  robot = arm;
  df_system_free(other);
}

/* seven names are all shown, of more six; names of bodies are those of what the joints move */
static void many_names_are_counted(void** state) {
  (void)state;
  df_system* arm = robot;
  for (int n = 7; n <= 10; n++) {
    char xml_of[2048], text[1024];
    const df_mujoco_cfg cfg = df_mujoco_cfg_default();
    int at = snprintf(xml_of, sizeof xml_of, "<mujoco><worldbody>"), end = 0;
    for (int k = 0; k < n; k++) {
      at += snprintf(xml_of + at, sizeof xml_of - (size_t)at, "<body><joint name='%c%c'/><geom size='.1'/></body>",
                     'k' + k, 'k' + k);
      end += snprintf(text + end, sizeof text - (size_t)end, "%s%c%c%c", k ? "," : "", 'a' + k, 'x' - k, 'a' + k);
    }
    snprintf(xml_of + at, sizeof xml_of - (size_t)at, "</worldbody></mujoco>");
    for (int row = 0; row < 2; row++) {
      for (int k = 0; k < n; k++) end += snprintf(text + end, sizeof text - (size_t)end, "%s%d", k ? "," : "\n", k);
    }
    snprintf(text + end, sizeof text - (size_t)end, "\n");
    assert_ok(df_mujoco_system_from_xml(xml_of, "chain", &cfg, &robot));
    put(text);
    assert_found(
        settings_of("joints", "table", ""), CHECK_WARN,
        n == 7 ? "called axa, bwb, cvc, dud, ete, fsf, grg, and none of these is a joint of the model (kk, ll, mm, nn, "
                 "oo, pp, qq), so"
        : n == 8 ? "called axa, bwb, cvc, dud, ete, fsf and 2 more, and none of these is a joint of the model (kk, ll, "
                   "mm, nn, oo, pp and 2 more), so"
        : n == 9
            ? "ete, fsf and 3 more, and none of these is a joint of the model (kk, ll, mm, nn, oo, pp and 3 more)"
            : "ete, fsf and 4 more, and none of these is a joint of the model (kk, ll, mm, nn, oo, pp and 4 more)");
    df_system_free(robot);
  }
  robot = arm;
}

/* no finding: lists of bodies name what the joints move, whether or not the model has these bodies */
static void names_of_bodies_are_those_of_their_joints(void** state) {
  (void)state;
  static const char* const lists[] = {"bodies/body", "links", "parts"};
  for (int i = 0; i < 3; i++) {
    char json[512];
    snprintf(json, sizeof json,
             "{\"q\": " ROWS_Q ", \"v\": " ROWS_V
             ", \"%s\": {\"joint_names\": [\"trunk\", \"thigh\", \"shin\", \"femur\", \"tibia\"]}}",
             lists[i]);
    put(json);
    assert_found(settings_of("joints@q,joint_vel@v", "q", ""), CHECK_WARN,
                 i < 2 ? NULL : "the columns are called trunk, thigh, shin, femur, tibia in 'parts/joint_names'");
  }
}

/* two lists that call the first column, or the last one, different joints: neither is followed */
static void lists_that_contradict_each_other_are_not_followed(void** state) {
  (void)state;
  static const struct {
    const char *other, *says;
  } cases[] = {
      {"\"left_hip\", \"lift\", \"left_knee\", \"right_hip\", \"right_knee\"",
       "the file calls the column that is read as joint lift 'lift' in 'joint_names' and 'left_hip' in 'dof_names': "
       "neither list is followed; remove the wrong one, or name the joints in the order of the columns in data.joints"},
      {"\"lift\", \"left_hip\", \"left_knee\", \"right_knee\", \"right_hip\"",
       "the file calls the column that is read as joint right_hip 'right_hip' in 'joint_names' and 'right_knee' in "
       "'dof_names': neither list is followed; remove the wrong one, or name the joints in the order of the columns in "
       "data.joints"},
      {"\"lift\", \"left_hip\", \"left_knee\", \"right_hip\", \"right_knee\"", NULL}};
  for (int i = 0; i < 3; i++) {
    char json[768];
    column_names names;
    snprintf(json, sizeof json,
             "{\"q\": " ROWS_Q ", \"v\": " ROWS_V
             ", \"joint_names\": [\"lift\", \"left_hip\", \"left_knee\", \"right_hip\", \"right_knee\"], "
             "\"dof_names\": [%s]}",
             cases[i].other);
    put(json);
    df_config config = settings_of("joints@q,joint_vel@v", "q", "");
    find(&config, &names);
    assert_int_equal(names.contradict, cases[i].says != NULL);
    assert_int_equal(names.decide, cases[i].says == NULL);
    assert_int_equal(names.found.n, cases[i].says != NULL);
    if (cases[i].says) {
      assert_string_equal(names.found.list[0].reason, cases[i].says);
      assert_int_equal(names.found.list[0].verdict, CHECK_WARN);
      /* the first list is the order as read */
      assert_true(remedy_is_empty(&names.by_list[0]));
      const char* order = remedy_value(&names.by_list[1], "data.joints");
      assert_string_equal(order, i == 0 ? "left_hip,lift,left_knee,right_hip,right_knee"
                                        : "lift,left_hip,left_knee,right_knee,right_hip");
    }
    column_names_clear(&names);
    /* what the user says is followed, and nothing is doubted */
    assert_ok(df_config_set(&config, "data.joints", "lift,left_hip,left_knee,right_hip,right_knee", "test"));
    find(&config, &names);
    assert_false(names.contradict);
    column_names_clear(&names);
  }
}

static void actions_have_names_too(void** state) {
  (void)state;
  column_names names;
#define STATES "{\"states\": [[1,2,3,4,5,0,0,0,0,0],[1,2,3,4,5,0,0,0,0,0]], \"actions\": [[7,8],[7,8]], "
  const df_config config = settings_of("state", "states", "actions");
  static const char* const lists[] = {"\"actuator_names\": [\"m_lh\", \"m_rk\"]}",
                                      "\"action_names\": [\"left_hip\", \"right_knee\"]}"};
  for (size_t i = 0; i < 2; i++) {
    char json[512];
    snprintf(json, sizeof json, STATES "%s", lists[i]);
    put(json);
    find(&config, &names);
    assert_int_equal(names.found.n, 1);
    assert_string_equal(remedy_value(&names.found.list[0].would_fit, "data.actuators"), "m_lh,m_rk");
    assert_string_equal(names.found.list[0].reason,
                        i ? "the columns of the actions are in another order than the actuators by their names in "
                            "'action_names'"
                          : "the columns of the actions are in another order than the actuators by their names in "
                            "'actuator_names'");
    assert_int_equal(names.found.list[0].verdict, CHECK_WRONG);
    column_names_clear(&names);
  }
  put(STATES "\"motor_names\": [\"m_rk\", \"m_lh\"]}");
  assert_found(config, CHECK_OK, NULL);
  /* names of joints alone are those of the driven ones, but no finding */
  put(STATES "\"joint_names\": [\"left_hip\", \"right_knee\"]}");
  assert_found(config, CHECK_OK, NULL);
  df_recording* r;
  assert_ok(df_recording_open(scratch_path, &config, robot, &r));
  remedy fits = column_names_of_driven(r, &config, robot);
  assert_string_equal(remedy_value(&fits, "data.actuators"), "m_lh,m_rk");
  remedy_clear(&fits);
  df_recording_free(r);
}

/* the first joint of a model is one, too */
static void actions_may_be_named_by_the_first_joint(void** state) {
  (void)state;
  static const char two[] =
      "<mujoco><worldbody><body><joint name='east' type='slide'/><geom size='.1'/></body><body><joint name='north' "
      "type='slide'/><geom size='.1'/></body></worldbody><actuator><motor name='one' joint='north'/><motor "
      "name='two' joint='east'/></actuator></mujoco>";
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system *arm = robot, *other;
  assert_ok(df_mujoco_system_from_xml(two, "two", &cfg, &other));
  robot = other;
  const df_config config = settings_of("state", "states", "actions");
  df_recording* r;
  put("{\"states\": [[1,2,0,0],[1,2,0,0]], \"actions\": [[7,8],[7,8]], \"joint_names\": [\"east\", \"north\"]}");
  assert_ok(df_recording_open(scratch_path, &config, robot, &r));
  remedy fits = column_names_of_driven(r, &config, robot);
  assert_string_equal(remedy_value(&fits, "data.actuators"), "two,one");
  remedy_clear(&fits);
  df_recording_free(r);
  robot = arm;
  df_system_free(other);
}

int main(void) {
#define WITH_ROBOT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
  const struct CMUnitTest tests[] = {WITH_ROBOT(headers_of_many_spellings_decide),
                                     WITH_ROBOT(velocities_have_names_of_their_own),
                                     WITH_ROBOT(columns_of_the_whole_state_are_named_one_by_one),
                                     WITH_ROBOT(lists_of_names_decide),
                                     WITH_ROBOT(names_of_no_joint_are_a_warning_and_numbers_are_none),
                                     WITH_ROBOT(settings_of_the_user_are_only_doubted),
                                     WITH_ROBOT(units_are_read),
                                     WITH_ROBOT(units_of_lengths_are_read),
                                     WITH_ROBOT(many_names_are_counted),
                                     WITH_ROBOT(lists_that_contradict_each_other_are_not_followed),
                                     WITH_ROBOT(names_of_bodies_are_those_of_their_joints),
                                     WITH_ROBOT(actions_have_names_too),
                                     WITH_ROBOT(actions_may_be_named_by_the_first_joint)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
