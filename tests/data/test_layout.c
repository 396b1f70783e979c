/* What data.columns says of a recording, for models with every kind of joint. */
#include "data_test.h"
#include "layout.h"
#include "task_models.h"

/* a quadruped's names: two legs of two joints on a free base */
static const char legs_xml[] =
    "<mujoco><worldbody><body><freejoint name='base'/><geom size='.1' mass='1'/>"
    "<body><joint name='FL_hip'/><geom size='.05' mass='.1'/><body><joint name='FL_knee'/><geom size='.05' mass='.1'/>"
    "</body></body>"
    "<body><joint name='FR_hip'/><geom size='.05' mass='.1'/><body><joint name='FR_knee'/><geom size='.05' mass='.1'/>"
    "</body></body></body></worldbody></mujoco>";

/* sets a list of data.* from text */
static void set(df_config* config, const char* key, const char* value) {
  assert_ok(df_config_set(config, key, value, "test"));
}

static void refused(const char* xml, const char* const (*settings)[2], int n, const char* const* says) {
  df_system* system = make_system(xml);
  df_config config = df_config_default();
  df_layout* layout;
  for (int i = 0; i < n; i++) set(&config, settings[i][0], settings[i][1]);
  assert_int_equal(layout_new(&config, system, &layout), DF_E_CONFIG);
  assert_null(layout);
  assert_message(says);
  df_system_free(system);
}
#define REFUSED(xml, says, ...)                                                 \
  do {                                                                          \
    static const char* const settings_[][2] = {__VA_ARGS__};                    \
    refused(xml, settings_, (int)(sizeof settings_ / sizeof *settings_), says); \
  } while (0)
#define SAYS(...) ((const char* const[]){__VA_ARGS__, NULL})

/* the columns of `columns` are those of x, or -1 */
static void assert_columns(const char* xml, const char* const (*settings)[2], int n, int columns, const int* at) {
  df_system* system = make_system(xml);
  df_config config = df_config_default();
  df_layout* layout;
  for (int i = 0; i < n; i++) set(&config, settings[i][0], settings[i][1]);
  assert_ok(layout_new(&config, system, &layout));
  assert_int_equal(layout->columns, columns);
  for (int i = 0; i < columns; i++) {
    if (layout->column[i].at != at[i]) fail_msg("column %d is %d, not %d", i, layout->column[i].at, at[i]);
  }
  layout_free(layout);
  df_system_free(system);
}
#define COLUMNS(xml, columns, ...)                                                                                    \
  do {                                                                                                                \
    static const char* const settings_[][2] = {__VA_ARGS__};                                                          \
    assert_columns(xml, settings_, (int)(sizeof settings_ / sizeof *settings_), (int)(sizeof(columns) / sizeof(int)), \
                   columns);                                                                                          \
  } while (0)

/* x of every_joint_xml: root 0 .. 6, ball 7 .. 10, hinge 11, slide 12; velocities 13 .. 23: root, ball 19, hinge 22,
 * slide 23; activation 24 */
static void blocks_are_coordinates_of_the_state(void** state) {
  (void)state;
  static const int by_block[] = {0,  1,  2,  3,  4,  5,  6,  11, 12, 7,  8,  9, 10,
                                 13, 14, 15, 16, 17, 18, 22, 23, 19, 20, 21, 24};
  COLUMNS(every_joint_xml, by_block,
          {"data.columns", "root_pos,root_quat,joints,ball_quats,root_linvel,root_angvel,joint_vel,ball_angvels,act"});
  static const int mixed[] = {-1, -1, 2, 0, 1, 2, -1, 11, 12, 11, 12, -1, -1};
  COLUMNS(every_joint_xml, mixed,
          {"data.columns", "skip:2,root_z,root_euler,skip:1,joints_cos_sin,time,frame_duration"});
  static const int qpos_qvel[] = {13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 0, 1,
                                  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 24};
  COLUMNS(every_joint_xml, qpos_qvel, {"data.columns", "qvel,qpos,act"});
}

static void joints_are_in_the_order_of_the_recording(void** state) {
  (void)state;
  static const int swapped[] = {12, 11, -1, 22};
  COLUMNS(every_joint_xml, swapped, {"data.columns", "joints,joint_vel"}, {"data.joints", "slide=q1,hinge=q0,=gripper"},
          {"data.velocity_joints", "hinge"});
  static const int legs[] = {9, 10, 7, 8, 19, 20, 17, 18};
  COLUMNS(legs_xml, legs, {"data.columns", "joints,joint_vel"}, {"data.legs", "FR,FL"});
}

static void columns_are_named(void** state) {
  (void)state;
  df_system* system = make_system(every_joint_xml);
  df_config config = df_config_default();
  df_layout* layout;
  set(&config, "data.columns", "root_pos,joints@q_*,joints_cos_sin,skip:1,joint_vel");
  set(&config, "data.joints", "slide=rail");
  set(&config, "data.velocity_joints", "hinge=tilt");
  assert_int_equal(layout_new(&config, system, &layout), DF_E_CONFIG); /* the slide twice */
  set(&config, "data.columns", "root_pos,joints@q_*,skip:1,joint_vel");
  assert_ok(layout_new(&config, system, &layout));
  static const char* const names[] = {"root_pos.0",  "root_pos.1", "root_pos.2",
                                      "joints.rail", "skip.0",     "joint_vel.tilt"};
  for (int i = 0; i < 6; i++) assert_string_equal(layout->column[i].name, names[i]);
  assert_string_equal(layout->block[1].array, "q_*");
  assert_string_equal(layout->block[1].star->recorded[0], "rail");
  layout_free(layout);
  df_system_free(system);
}

static void columns_that_are_none_are_named(void** state) {
  (void)state;
  REFUSED(
      every_joint_xml,
      SAYS("data.columns: 'root_qaut': unknown block 'root_qaut' (did you mean root_quat?)",
           "known blocks: state, qpos, qvel, act, root_pos, root_z, root_quat, root_euler, root_rotvec, root_linvel, "
           "root_angvel, joints, joint_vel, joints_cos_sin, ball_quats, ball_angvels, body_pos, body_quat, "
           "body_linvel, body_angvel, "
           "time, frame_duration, skip, each also as KIND@ARRAY"),
      {"data.columns", "root_pos,root_qaut"});
  REFUSED(every_joint_xml, SAYS("'skip': skip needs a number of columns up to 100000, e.g. skip:3"),
          {"data.columns", "skip"});
  REFUSED(every_joint_xml, SAYS("'skip:0': skip needs"), {"data.columns", "skip:0"});
  REFUSED(every_joint_xml, SAYS("'skip:2x': skip needs"), {"data.columns", "skip:2x"});
  REFUSED(every_joint_xml, SAYS("'skip:100001': skip needs"), {"data.columns", "skip:100001"});
  REFUSED(every_joint_xml, SAYS("'skip:1:2': skip needs"), {"data.columns", "skip:1:2"});
  REFUSED(every_joint_xml, SAYS("'qpos:3': only skip:N, joints:JOINT"), {"data.columns", "qpos:3"});
  REFUSED(every_joint_xml, SAYS("'qpos:3:4': only skip:N, joints:JOINT"), {"data.columns", "qpos:3:4"});
  REFUSED(every_joint_xml, SAYS("'qpos@': the name of an array is missing"), {"data.columns", "qpos@"});
  REFUSED(every_joint_xml, SAYS("data.columns is empty"), {"data.columns", ""});
  REFUSED(every_joint_xml,
          SAYS("data.columns: 'qpos' gives the position of joint 'root', entry 2, which a block before it gives, too"),
          {"data.columns", "root_z,qpos"});
  REFUSED(every_joint_xml, SAYS("'root_euler' gives the position of joint 'root', entry 3"),
          {"data.columns", "root_quat,root_euler"});
  REFUSED(cart_xml,
          SAYS("'root_pos': the model has no free joint; describe the slides and hinges of its root by joints"),
          {"data.columns", "root_pos"});
  const char* const of_root[] = {"root_z", "root_quat", "root_euler", "root_rotvec", "root_linvel", "root_angvel"};
  for (size_t i = 0; i < sizeof of_root / sizeof *of_root; i++) {
    char says[64];
    snprintf(says, sizeof says, "'%s': the model has no free joint", of_root[i]);
    const char* const columns[][2] = {{"data.columns", of_root[i]}};
    refused(cart_xml, columns, 1, SAYS(says));
  }
  REFUSED(cart_xml, SAYS("'act': the model has no such coordinates"), {"data.columns", "state,act"});
  REFUSED(cart_xml, SAYS("'ball_quats': the model has no such coordinates"), {"data.columns", "ball_quats"});
}

static void joints_that_are_none_are_named(void** state) {
  (void)state;
  REFUSED(cart_xml,
          SAYS("data.joints: 'pol': the model has no hinge or slide joint 'pol' (did you mean pole?); it has: "
               "rail, pole"),
          {"data.joints", "rail,pol"});
  REFUSED(cart_xml, SAYS("data.velocity_joints: 'x=y': the model has no hinge or slide joint 'x'"),
          {"data.velocity_joints", "x=y"});
  REFUSED(cart_xml, SAYS("data.joints: joint 'pole' is listed twice"), {"data.joints", "pole=a,pole=b"});
  REFUSED(every_joint_xml, SAYS("data.joints: 'ball': the model has no hinge or slide joint 'ball'"),
          {"data.joints", "ball"});
  REFUSED(legs_xml, SAYS("data.legs: no name of a hinge or slide joint begins with 'RR'"), {"data.legs", "FR,FL,RR"});
  REFUSED(legs_xml, SAYS("data.legs: joint 'FL_hip' is of none of the legs"), {"data.legs", "FR"});
  REFUSED(legs_xml, SAYS("data.legs: joint 'FR_hip' fits two prefixes, the second is 'F'"), {"data.legs", "FR,F"});
  REFUSED(legs_xml, SAYS("data.joints and data.legs exclude each other"), {"data.legs", "FR,FL"},
          {"data.joints", "FL_hip"});
}

static void a_failed_allocation_leaks_nothing(void** state) {
  (void)state;
  df_system* system = make_system(every_joint_xml);
  const df_config config = df_config_default();
  df_status status = DF_E_NOMEM;
  for (size_t n = 1; status != DF_OK; n++) {
    df_layout* layout;
    df_alloc_fail_at(n);
    status = layout_new(&config, system, &layout);
    df_alloc_fail_at(0);
    assert_true(status == DF_OK || status == DF_E_NOMEM);
    assert_true((layout != NULL) == (status == DF_OK));
    layout_free(layout);
  }
  layout_free(NULL);
  df_system_free(system);
}

/* x: box 0 .. 6, robot 7 .. 13, arm 14; velocities: box 15 .. 20, robot 21 .. 26, arm 27 */
static void root_blocks_are_of_the_base_of_the_robot(void** state) {
  (void)state;
#define BODIES                                                                                                     \
  "<mujoco><worldbody><body><freejoint name='box'/><geom size='.1'/></body><body>"                                 \
  "<freejoint name='robot'/><geom size='.1'/><body><joint name='arm' axis='0 1 0'/><geom size='.1' pos='.3 0 0'/>" \
  "</body></body></worldbody>"
  static const int of_robot[] = {7, 8, 9, 10, 11, 12, 13, 21, 22, 23, 24, 25, 26};
  static const int of_box[] = {0, 1, 2, 3, 4, 5, 6, 15, 16, 17, 18, 19, 20};
  static const char driven[] = BODIES "<actuator><motor joint='arm'/></actuator></mujoco>";
#define ROOT {"data.columns", "root_pos,root_quat,root_linvel,root_angvel"}
  COLUMNS(driven, of_robot, ROOT);
  COLUMNS(driven, of_robot, ROOT, {"chart.objects", "box"});
  COLUMNS(BODIES "</mujoco>", of_box, ROOT);
  /* a robot without a base, such as an arm on a table: the root is what it handles */
  COLUMNS(driven, of_box, ROOT, {"chart.objects", "box,robot"});
#undef ROOT
#undef BODIES
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blocks_are_coordinates_of_the_state),
      cmocka_unit_test(joints_are_in_the_order_of_the_recording),
      cmocka_unit_test(columns_are_named),
      cmocka_unit_test(columns_that_are_none_are_named),
      cmocka_unit_test(joints_that_are_none_are_named),
      cmocka_unit_test(a_failed_allocation_leaks_nothing),
      cmocka_unit_test(root_blocks_are_of_the_base_of_the_robot),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
