/* Recorded joints are found in models that name them otherwise, and what is ambiguous is refused. */
#include "joint_names.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equal_names_are_equal),
      cmocka_unit_test(words_may_be_in_any_order),
      cmocka_unit_test(families_of_names_are_told_apart),
      cmocka_unit_test(a_part_of_the_words_is_enough),
      cmocka_unit_test(a_misspelt_name_is_similar),
      cmocka_unit_test(what_is_ambiguous_lists_both_sides),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
