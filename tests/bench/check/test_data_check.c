/* Mistakes that are planted in recordings of three robots are found and named, and right recordings give no alarm. */
#include "data_check.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/io/npz.h"
#include "found.h"
#include "planted.h"
#include "test_file.h"
#include "unit.h"

#define SAME(text) \
  { text, text, text }
static const mistake mistakes[] = {
    {"quaternion order", {"data.quaternion = xyzw"}, .in_state = quaternion_order},
    {"linear velocity in base frame", {"data.linear_velocity = base"}, .in_state = linear_in_base},
    {"angular velocity in world frame", {"data.angular_velocity = world"}, .in_state = angular_in_world},
    {"both velocity frames", {"data.linear_velocity = base; data.angular_velocity = world"}, .in_state = both_frames},
    {"quaternion order, base frame",
     {"data.quaternion = xyzw; data.linear_velocity = base"},
     .in_state = order_and_linear},
    {"quaternion order, world frame",
     {"data.quaternion = xyzw; data.angular_velocity = world"},
     .in_state = order_and_angular},
    {"y up", {"data.up = y"}, .in_state = y_up},
    {"quaternion order, y up", {"data.quaternion = xyzw; data.up = y"}, .in_state = order_and_y_up},
    {"and both velocity frames",
     {"data.quaternion = xyzw; data.up = y; data.linear_velocity = base; data.angular_velocity = world"},
     .in_state = order_frames_and_y_up},
    {"millimetres", {"data.position_scale = 0.001"}, .in_state = millimetres},
    {"degrees", SAME("data.angles = deg"), .in_state = degrees},
    {"degrees, positions only", SAME("data.angles = deg; velocity scale"), .in_state = degrees_of_positions},
    {"frame rate twice", {"data.rate = 50", "data.rate = 125", "data.rate = 50"}, .factor = 2},
    /* the servos of the arm accelerate within a frame: its velocities at the frames are 3 % below their means */
    {"frame rate 0.8",
     {"data.rate = 50", "data.rate = 125", "positions change about 1.3 times as fast as the velocities say"},
     .factor = 0.8},
    {"half-sampled", {"data.rate = 25", "data.rate = 62.5", "data.rate = 25"}, .thin = 1},
    {"half-sampled episodes", SAME("frame rate of episodes"), .thin = 3},
    {"joint order",
     {"data.legs = FL,FR,RL,RR", "right_thigh,left_thigh,right_knee", "data.joints = elbow,flange"},
     .in_state = joint_order},
    /* orders are compared again once the angles are known */
    {"joint order, degrees", {"data.angles = deg; data.legs = FL,FR,RL,RR"}, .in_state = order_and_degrees},
    {"joint columns shifted by one",
     {"data.joints = RL_calf_joint,FR_hip_joint", "data.joints = root_x,root_z,root_pitch,left_knee,right_thigh",
      "the columns of the joints are shifted by 1 place to the end: with data.columns = joints,joint_vel, data.joints "
      "= flange,shoulder_pan"},
     .in_state = shifted_to_the_end},
    /* the legs of the walker are alike, so that this is the same to it */
    {"and to the front",
     {"data.joints = FR_thigh_joint,FR_calf_joint", "data.joints = root_x,root_z,root_pitch,left_knee,right_thigh",
      "the columns of the joints are shifted by 1 place to the front: with data.columns = joints,joint_vel, "
      "data.joints = shoulder_lift,elbow"},
     .in_state = shifted_to_the_front},
    {"one joint reversed within its limits", {"joint sign", "joint sign"}, .in_state = one_reversed},
    {"hips of one side reversed", {"with the opposite sign of FR_hip_joint, RR_hip_joint "}, .in_state = side_reversed},
    {"order of velocities",
     {"data.velocity_joints = FL_hip_joint,FL_thigh_joint,FL_calf_joint,FR_hip_joint",
      "data.velocity_joints = root_x,root_z,root_pitch,right_thigh,left_thigh,right_knee,left_knee",
      "data.velocity_joints = elbow,flange,shoulder_lift,shoulder_pan,wrist_bend,wrist_roll"},
     .in_state = velocity_order},
    {"velocities a frame late", SAME("velocity shift"), .in_episodes = late},
    {"velocities of hinges a frame late", SAME("velocity shift"), .in_episodes = late_hinges},
    {"a base that drifts", {"velocity offset", "velocity offset"}, .in_episodes = drifts},
    {"a heading that drifts", {"the heading of the base turns by"}, .in_episodes = heading_drifts},
    {"x and y of a base scaled", {"as fast in the ground plane as its velocities say"}, .in_state = plane_scaled},
    {"the position of a sensor", {"base point"}, .in_state = base_of_sensor},
    {"a dead encoder", {"a dead encoder"}, .in_state = dead_hip},
    {"joint velocities scaled", SAME("velocity scale"), .in_state = joint_scale},
    {"joint velocities zero", SAME("velocity zero"), .in_state = joint_velocity_zero},
    {"all velocities zero", SAME("velocity zero"), .in_state = all_zero},
    {"episodes mixed", SAME("jump"), .in_episodes = mixed}};
enum { MISTAKES = sizeof mistakes / sizeof mistakes[0] };

/* writes the episodes one after the other, with the rows at which they end */
static void write_recording(const df_dataset* d, df_config* config) {
  double ends[EPISODES];
  for (int e = 0; e < EPISODES; e++) ends[e] = (double)d->first[e + 1];
  const df_npz_entry entries[] = {
      {.key = "states", .rank = 2, .shape = {d->first[EPISODES], (size_t)d->nx}, .values = d->states},
      {.key = "ends", .rank = 1, .shape = {EPISODES}, .values = ends},
      {.key = "dt", .values = &d->dt}};
  assert_ok(df_npz_write(test_file("recording.npz"), 3, entries));
  *config = df_config_default();
  config->window_horizon = 1;
  assert_ok(df_config_set(config, "data.ends_key", "ends", "test"));
  assert_ok(df_config_set(config, "data.actions_key", "", "test"));
}

static void print_findings(const char* robot, const char* name, const data_findings* f) {
  for (int i = 0; i < f->n; i++) {
    const data_finding* one = &f->list[i];
    if (one->verdict == CHECK_OK) continue;
    print_message("    %s, %s: %s: %s %s: %s; would fit: %s\n", robot, name, check_verdict_text(one->verdict),
                  data_check_name(one->check), one->column, one->reason, would_fit(one));
  }
}

/* Checks the recording again with all settings that would fit: what was wrong without a setting that cures it, such as
 * joined episodes, may still be wrong, and nothing else. */
static bool is_cured(const data_findings* f, df_config* config, const df_system* system) {
  data_findings again = {0};
  bool cured = true, changed = false;
  for (int i = 0; i < f->n; i++) {
    if (f->list[i].verdict != CHECK_WRONG) continue;
    changed |= !remedy_is_empty(&f->list[i].would_fit);
    assert_ok(remedy_apply(&f->list[i].would_fit, config, "test"));
  }
  if (!changed) return true; /* what is wrong has no cure */
  assert_ok(data_check_recording(test_file("recording.npz"), config, system, &check_thorough, &again, NULL));
  for (int i = 0; i < again.n; i++) {
    const data_finding* before = finding_at(f, again.list[i].check, again.list[i].column);
    cured &= again.list[i].verdict != CHECK_WRONG ||
             (before && before->verdict == CHECK_WRONG && remedy_is_empty(&before->would_fit));
  }
  if (!cured) print_findings("", "with what would fit", &again);
  data_findings_clear(&again);
  return cured;
}

/* checks a copy of the data with the mistake, as a file of states only */
static data_findings check(int robot, const df_dataset* right, const mistake* m) {
  data_findings out = {0};
  df_system* declared = robot_system(robot, m->factor > 0 ? m->factor : 1);
  df_dataset* wrong = plant(m, robot, right, declared->dt);
  df_config config;
  write_recording(wrong, &config);
  assert_ok(data_check_recording(test_file("recording.npz"), &config, declared, &check_thorough, &out, NULL));
  expect_limits_decide(&out);
  assert_true(is_cured(&out, &config, declared));
  df_dataset_free(wrong);
  df_system_free(declared);
  return out;
}

/* whether a finding is one of those that are expected, "a; b": by its setting, by its check, or by its reason */
static bool is_expected(const data_finding* one, const char* expected) {
  return strstr(would_fit(one), expected) || strstr(data_check_name(one->check), expected) ||
         strstr(one->reason, expected);
}

/* whether what is wrong is what was planted, "a; b", each, and nothing else */
static bool is_named(const data_findings* f, const char* named) {
  char text[512];
  bool expected[64] = {false}, all = true;
  assert_true(f->n <= 64);
  snprintf(text, sizeof text, "%s", named);
  for (char* item = strtok(text, ";"); item; item = strtok(NULL, ";")) {
    bool found = false;
    item += strspn(item, " ");
    for (int i = 0; i < f->n; i++) {
      if (f->list[i].verdict == CHECK_WRONG && is_expected(&f->list[i], item)) found = expected[i] = true;
    }
    all &= found;
  }
  for (int i = 0; i < f->n; i++) all &= expected[i] || f->list[i].verdict != CHECK_WRONG;
  return all;
}

/* one row of the matrix; adds to the numbers of cases and of named ones */
static void print_row(const mistake* m, df_dataset* const right[ROBOTS], int* cases, int* found) {
  print_message("%-34s", m->name);
  for (int r = 0; r < ROBOTS; r++) {
    if (!m->named[r]) {
      print_message("%-16s", "-");
      continue;
    }
    data_findings f = check(r, right[r], m);
    const bool named = is_named(&f, m->named[r]);
    print_message("%-16s", named ? "named" : data_findings_count(&f, CHECK_WRONG) ? "found" : "missed");
    if (!named || getenv("SHOW")) print_findings(robot_names[r], m->name, &f);
    ++*cases;
    *found += named;
    data_findings_clear(&f);
  }
  print_message("\n");
}

static void mistakes_are_found_and_named(void** state) {
  (void)state;
  int cases = 0, found = 0;
  df_dataset* right[ROBOTS];
  print_message("%-34s", "");
  for (int r = 0; r < ROBOTS; r++) {
    right[r] = robot_data(r);
    print_message("%-16s", robot_names[r]);
  }
  print_message("\n");
  for (int k = 0; k < MISTAKES; k++) print_row(&mistakes[k], right, &cases, &found);
  print_message("%d of %d found and named\n", found, cases);
  for (int r = 0; r < ROBOTS; r++) df_dataset_free(right[r]);
  assert_int_equal(found, cases);
}

static void right_recordings_give_no_alarm(void** state) {
  (void)state;
  static const mistake none[] = {{"as it is", .thin = 0},
                                 {"float32", .in_state = float32},
                                 {"forward differences", .in_episodes = forward_differences},
                                 {"backward differences", .in_episodes = backward_differences},
                                 {"central differences", .in_episodes = central_differences}};
  int alarms = 0;
  for (int r = 0; r < ROBOTS; r++) {
    df_dataset* right = robot_data(r);
    for (size_t k = 0; k < sizeof none / sizeof none[0]; k++) {
      data_findings f = check(r, right, &none[k]);
      const int wrong = data_findings_count(&f, CHECK_WRONG);
      if (wrong || getenv("SHOW")) print_findings(robot_names[r], none[k].name, &f);
      alarms += wrong;
      data_findings_clear(&f);
    }
    df_dataset_free(right);
  }
  assert_int_equal(alarms, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(mistakes_are_found_and_named),
                                     cmocka_unit_test(right_recordings_give_no_alarm)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
