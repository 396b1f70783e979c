/* Names of what actuators did, which must not be proposed as conditions. */
#include "action_names.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "unit.h"

static const char model[] =
    "<mujoco><worldbody><body><joint name='hip' axis='0 1 0'/><geom size='.1' mass='1'/></body></worldbody>"
    "<actuator><motor name='push' joint='hip'/></actuator></mujoco>";

static void the_command_of_an_actuator_is_no_condition(void** state) {
  (void)state;
  static const struct {
    const char* name;
    bool is;
  } cases[] = {{"action_push", true}, {"ctrl/push", true},  {"push_cmd", true},   {"push command", true},
               {"hip_cmd", true},     {"cmd.hip", true},    {"actions", true},    {"obs/joint_pos", true},
               {"vel_cmd", false},    {"command", false},   {"vel_cmd_0", false}, {"pushes_cmd", false},
               {"push_speed", false}, {"push2_cmd", false}, {"1hip_cmd", false},  {"surface", false},
               {"hip_height", false}, {"goal_x", false}};
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* system;
  assert_int_equal(df_mujoco_system_from_xml(model, "one", &cfg, &system), DF_OK);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(is_actuation_name(system, cases[i].name), cases[i].is);
  unused_names names = {0};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) unused_names_add(&names, system, cases[i].name);
  text line[2] = {{0}};
  for (int k = 0; k < 2; k++) unused_names_line(&names, k, "arrays", &line[k]);
  assert_string_equal(text_of(&line[0]),
                      "arrays that nothing uses (data.conditions may): vel_cmd, command, vel_cmd_0, pushes_cmd, "
                      "push_speed, push2_cmd, 1hip_cmd, surface, hip_height, goal_x");
  assert_non_null(strstr(text_of(&line[1]),
                         "must not be conditions (data.actions_key names actions): action_push, "
                         "ctrl/push, push_cmd, push command, hip_cmd, cmd.hip, actions, "));
  for (int k = 0; k < 2; k++) text_clear(&line[k]);
  unused_names_clear(&names);
  df_system_free(system);
}

/* the columns of the targets of a servo, in every spelling: recorded controls, and no conditions */
static void targets_of_a_servo_are_its_commands_in_every_spelling(void** state) {
  (void)state;
  static const char dog[] =
      "<mujoco><worldbody><body><joint name='FL_hip_joint' axis='0 1 0'/><geom size='.1' mass='1'/></body></worldbody>"
      "<actuator><position name='FL_hip' joint='FL_hip_joint'/></actuator></mujoco>";
  static const char* const words[] = {"cmd",     "CMD",      "Cmd",       "Command",  "CTRL", "ctrl", "Action",
                                      "control", "setpoint", "setpoints", "target",   "goal", "Goal", "targets",
                                      "desired", "DESIRED",  "des",       "ref",      "Ref",  "act",  "commanded",
                                      "cmds",    "goals",    "reference", "demanded", "REFS"};
  static const char* const forms[] = {"FL_hip_%s", "%s_FL_hip",         "FL_HIP_%s", "q_%s_FL_hip",
                                      "fl_hip.%s", "%s/FL_hip_joint",   "hip_FL_%s", "front_left_hip_%s",
                                      "FL.Hip_%s", "%s[front_left/hip]"};
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* system;
  char name[80];
  assert_int_equal(df_mujoco_system_from_xml(dog, "one", &cfg, &system), DF_OK);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    for (size_t k = 0; k < sizeof forms / sizeof *forms; k++) {
      snprintf(name, sizeof name, forms[k], words[i]);
      if (!is_actuation_name(system, name)) fail_msg("%s", name);
    }
    /* numbers and other joints may be of anything */
    snprintf(name, sizeof name, "FR_hip_%s", words[i]);
    const bool is = strcasecmp(words[i], "control") == 0 || strcasecmp(words[i], "ctrl") == 0 ||
                    strcasecmp(words[i], "action") == 0;
    assert_int_equal(is_actuation_name(system, name), is);
  }
  static const char* const others[] = {"goal", "goal_1", "target_speed", "desired/yaw", "FL_hip", "FL_hip_speed"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    if (is_actuation_name(system, others[i])) fail_msg("%s", others[i]);
  }
  df_system_free(system);
}

static void the_words_of_a_command_are_taken_out_of_its_name(void** state) {
  (void)state;
  char rest[NAME_ROOM];
  assert_true(name_without_command("FL_hip_target", rest));
  assert_string_equal(rest, "FL_hip_");
  assert_true(name_without_command("q_TARGET.knee", rest));
  assert_string_equal(rest, "q_.knee");
  assert_false(name_without_command("goal_12", rest));
  assert_false(name_without_command("targets", rest));
  assert_false(name_without_command("FL_hip", rest));
  /* of numbers only the words of controls are commands */
  size_t at;
  assert_true(is_command_of("0", "ctrl_0", &at));
  assert_int_equal(at, 5);
  assert_false(is_command_of("0", "goal_0", &at));
  assert_true(is_command_of("FL_hip", "CMD_VEL_FL_HIP", &at));
  assert_int_equal(at, 8);
}

/* twelve of each kind */
static void further_names_are_counted(void** state) {
  (void)state;
  unused_names names = {0};
  text line = {0};
  char name[8];
  for (int i = 0; i < 14; i++) {
    snprintf(name, sizeof name, "%c", 'a' + i);
    unused_names_add(&names, NULL, name);
  }
  unused_names_line(&names, 0, "arrays", &line);
  assert_string_equal(text_of(&line),
                      "arrays that nothing uses (data.conditions may): a, b, c, d, e, f, g, h, i, j, k, l and 2 more");
  text_clear(&line);
  unused_names_clear(&names);
}

/* times by their names, with units and folders; how long something took, or is to take, is no clock */
static void a_clock_is_no_condition(void** state) {
  (void)state;
  static const char* const clocks[] = {"time",         "t",       "obs/timestamp", "time_ms",     "timestamps_ns",
                                       "header/stamp", "times_s", "TIME",          "Timestamp_MS"};
  static const char* const others[] = {"time_to_goal", "mytime",   "tt",       "t_x",
                                       "times_up",     "lap_time", "timestep", "time/goal"};
  unused_names names = {0};
  for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
    if (!is_clock_name(clocks[i])) fail_msg("%s", clocks[i]);
    unused_names_add(&names, NULL, clocks[i]);
  }
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    if (is_clock_name(others[i])) fail_msg("%s", others[i]);
  }
  text line = {0};
  for (int k = 0; k < UNUSED_KINDS; k++) unused_names_line(&names, k, "arrays", &line);
  assert_string_equal(text_of(&line),
                      "arrays that nothing uses, times by their names (data.rate gives the frame rate): time, t, "
                      "obs/timestamp, time_ms, timestamps_ns, header/stamp, times_s, TIME, Timestamp_MS");
  text_clear(&line);
  unused_names_clear(&names);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_command_of_an_actuator_is_no_condition),
                                     cmocka_unit_test(targets_of_a_servo_are_its_commands_in_every_spelling),
                                     cmocka_unit_test(the_words_of_a_command_are_taken_out_of_its_name),
                                     cmocka_unit_test(further_names_are_counted),
                                     cmocka_unit_test(a_clock_is_no_condition)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
