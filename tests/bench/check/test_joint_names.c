/* Recorded joints are found in models that name them otherwise, and what is ambiguous is refused. */
#include "joint_names.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

enum { MOST = 16 };

static int joint[MOST];
static name_match how[MOST];

static df_status match(int n, const char* const* recorded, int m, const char* const* model) {
  return match_joints(n, recorded, m, model, joint, how);
}

static void says(const char* words) {
  if (!strstr(df_error_message(), words)) fail_msg("'%s' is not in: %s", words, df_error_message());
}

static const char* const unitree[] = {"FL_hip_joint", "FL_thigh_joint", "FL_calf_joint",
                                      "FR_hip_joint", "FR_thigh_joint", "FR_calf_joint"};

static void equal_names_are_equal(void** state) {
  (void)state;
  assert_int_equal(match(6, unitree, 6, unitree), DF_OK);
  for (int i = 0; i < 6; i++) {
    assert_int_equal(joint[i], i);
    assert_int_equal(how[i], NAME_EQUAL);
  }
}

static void words_may_be_in_any_order(void** state) {
  (void)state;
  static const char* const recorded[] = {"hip_FR", "thigh-FR", "calf.FR", "FL/hip", "FL thigh", "flCalf"};
  static const int wanted[] = {3, 4, 5, 0, 1, 2};
  assert_int_equal(match(6, recorded, 6, unitree), DF_OK);
  for (int i = 0; i < 6; i++) {
    assert_int_equal(joint[i], wanted[i]);
    assert_int_equal(how[i], NAME_WORDS);
  }
}

/* hip is the first joint of a leg in one naming and the second in the other */
static void families_of_names_are_told_apart(void** state) {
  (void)state;
  static const char* const mit[] = {"right_front_abduction", "right_front_hip", "right_front_knee"};
  static const char* const anymal[] = {"LF_HAA", "LF_HFE", "LF_KFE"};
  assert_int_equal(match(3, mit, 6, unitree), DF_OK);
  for (int i = 0; i < 3; i++) assert_int_equal(joint[i], 3 + i);
  assert_int_equal(match(3, anymal, 6, unitree), DF_OK);
  for (int i = 0; i < 3; i++) assert_int_equal(joint[i], i);
}

static void a_part_of_the_words_is_enough(void** state) {
  (void)state;
  static const char* const recorded[] = {"q_left_elbow", "left_shoulder_pitch"};
  static const char* const model[] = {"robot_left_shoulder_pitch_joint", "left_shoulder_roll_joint",
                                      "robot_left_elbow"};
  assert_int_equal(match(2, recorded, 3, model), DF_OK);
  assert_int_equal(joint[0], 2);
  assert_int_equal(joint[1], 0);
  assert_int_equal(how[1], NAME_PART);
}

static void a_misspelt_name_is_similar(void** state) {
  (void)state;
  static const char *const recorded[] = {"shoulder_pich"}, *const model[] = {"elbow_roll", "shoulder_pitch"};
  assert_int_equal(match(1, recorded, 2, model), DF_OK);
  assert_int_equal(joint[0], 1);
  assert_int_equal(how[0], NAME_SIMILAR);
}

static void what_is_ambiguous_lists_both_sides(void** state) {
  (void)state;
  static const char *const one[] = {"ankle"}, *const two[] = {"ankle_left", "left_ankle"};
  static const char *const model[] = {"left_ankle_joint", "right_ankle_joint"}, *const other[] = {"wing"};
  assert_int_equal(match(1, one, 2, model), DF_E_CONFIG);
  says(
      "the recorded joint 'ankle' may be 'left_ankle_joint' or 'right_ankle_joint'; name the joints in the order of "
      "the "
      "recording, each with its recorded name if that differs: --set data.joints=MODEL_NAME=RECORDED_NAME,... "
      "(recorded: "
      "ankle; of the model: left_ankle_joint, right_ankle_joint)");
  assert_int_equal(match(2, two, 2, model), DF_E_CONFIG);
  says("the recorded joints 'ankle_left' and 'left_ankle' both seem to be 'left_ankle_joint'");
  assert_int_equal(match(1, other, 2, model), DF_E_CONFIG);
  says("the recorded joint 'wing' is not a joint of the model");
}

/* a pair of letters names a leg: front or rear, hind, back; left or right; the letters in either order */
static void legs_have_many_names(void** state) {
  (void)state;
  static const char* const model[] = {"FL_hip", "FR_hip", "RL_hip", "RR_hip"};
  static const struct {
    const char* leg;
    int is;
  } cases[] = {{"LF", 0},     {"RF", 1},         {"LH", 2},         {"RH", 3},        {"HL", 2},
               {"HR", 3},     {"BL", 2},         {"BR", 3},         {"FL", 0},        {"FR", 1},
               {"RL", 2},     {"RR", 3},         {"left_front", 0}, {"front_r", 1},   {"rear_left", 2},
               {"l_hind", 2}, {"hind_right", 3}, {"back_left", 2},  {"rightBack", 3}, {"front_left", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char name[32];
    snprintf(name, sizeof name, "%s_hip", cases[i].leg);
    const char* const recorded[] = {name};
    assert_int_equal(match(1, recorded, 4, model), DF_OK);
    if (joint[0] != cases[i].is || how[0] > NAME_WORDS) fail_msg("%s is %s (%d)", name, model[joint[0]], (int)how[0]);
  }
}

/* a unit at the end of a name is none of its words; what else stands in brackets is */
static void units_are_no_words(void** state) {
  (void)state;
  static const char* const model[] = {"wrist", "wrist_left", "mm_wrist"};
  static const struct {
    const char* name;
    int is;
    name_unit unit;
  } cases[] = {{"wrist (mm)", 0, UNIT_MILLIMETRES},    {"wrist [cm]", 0, UNIT_CENTIMETRES},
               {"wrist (m)", 0, UNIT_METRES},          {"wrist (rad/s)", 0, UNIT_RADIANS},
               {"wrist [ degrees ]", 0, UNIT_DEGREES}, {"wrist (left)", 1, UNIT_NONE},
               {"wrist-left [deg]", 1, UNIT_DEGREES},  {"mm wrist", 2, UNIT_NONE}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char* const recorded[] = {cases[i].name};
    assert_int_equal(match(1, recorded, 3, model), DF_OK);
    if (joint[0] != cases[i].is || how[0] > NAME_WORDS)
      fail_msg("%s is %s (%d)", cases[i].name, model[joint[0]], (int)how[0]);
    assert_int_equal(name_unit_of(cases[i].name), cases[i].unit);
  }
}

static void units_are_in_brackets_or_the_last_word(void** state) {
  (void)state;
  static const struct {
    const char* name;
    name_unit unit;
  } cases[] = {{"hip_deg", UNIT_DEGREES},   {"hip.rad", UNIT_RADIANS},      {"hip degrees", UNIT_DEGREES},
               {"z_mm", UNIT_MILLIMETRES},  {"z-cm", UNIT_CENTIMETRES},     {"arm_m", UNIT_NONE},
               {"deg", UNIT_NONE},          {"hipdeg", UNIT_NONE},          {"z (metres)", UNIT_METRES},
               {"z (m", UNIT_NONE},         {"z (ft)", UNIT_NONE},          {"q [RAD]", UNIT_RADIANS},
               {"q (deg/s)", UNIT_DEGREES}, {"q (rad s^-1)", UNIT_RADIANS}, {"a_radians", UNIT_RADIANS}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (name_unit_of(cases[i].name) != cases[i].unit)
      fail_msg("%s: %d, not %d", cases[i].name, (int)name_unit_of(cases[i].name), (int)cases[i].unit);
  }
}

/* Of several that fit one joint, the closest is it; of equally close ones none is. In any order. */
static void rivals_of_a_joint_are_refused(void** state) {
  (void)state;
  static const char* const model[] = {"elbow", "wrist_left"};
  static const struct {
    const char* name[3];
    int is[3];
  } cases[] = {{{"elbow", "elbow_pos", "wrist_left"}, {0, -1, 1}},
               {{"elbow_pos", "elbow", "wrist_left"}, {-1, 0, 1}},
               {{"elbow_pos", "elbow_q", "wrist_left"}, {-1, -1, 1}},
               {{"wrist_left", "left wrist", "wrist left"}, {1, -1, -1}},
               {{"left wrist", "wrist left", "wrist_left"}, {-1, -1, 1}},
               {{"left wrist", "wrist left", "elbow"}, {-1, -1, 0}}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int found = 0;
    for (int k = 0; k < 3; k++) found += cases[i].is[k] >= 0;
    assert_int_equal(find_joints(3, cases[i].name, 2, model, joint), found);
    for (int k = 0; k < 3; k++) {
      if (joint[k] != cases[i].is[k])
        fail_msg("case %zu: %s is %d, not %d", i, cases[i].name[k], joint[k], cases[i].is[k]);
    }
  }
}

static void names_that_differ_in_numbers_are_numbers(void** state) {
  (void)state;
  static const char *const numbers[] = {"q0", "q1", "q12"}, *const in[] = {"a1b", "a22b", "a3b"};
  static const char *const other[] = {"q0", "q1", "p2"}, *const longer[] = {"q0", "q1x", "q2"};
  assert_true(names_are_numbers(3, numbers) && names_are_numbers(3, in));
  assert_false(names_are_numbers(3, other));
  assert_false(names_are_numbers(3, longer));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equal_names_are_equal),
      cmocka_unit_test(words_may_be_in_any_order),
      cmocka_unit_test(families_of_names_are_told_apart),
      cmocka_unit_test(a_part_of_the_words_is_enough),
      cmocka_unit_test(a_misspelt_name_is_similar),
      cmocka_unit_test(what_is_ambiguous_lists_both_sides),
      cmocka_unit_test(legs_have_many_names),
      cmocka_unit_test(units_are_no_words),
      cmocka_unit_test(units_are_in_brackets_or_the_last_word),
      cmocka_unit_test(rivals_of_a_joint_are_refused),
      cmocka_unit_test(names_that_differ_in_numbers_are_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
