/* Actions of which each has a column of its own: the setting that is put has to read each actuator's own numbers. */
#include "action_columns.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/data/recording.h"
#include "test_file.h"
#include "unit.h"

/* three actuators that are called otherwise than their joints; without names in the second model */
#define BODY(joint) "<body pos='0 0 1'><joint name='" joint "' axis='0 1 0'/><geom size='.1' mass='1'/></body>"
#define ARM         "<mujoco><worldbody>" BODY("hip") BODY("knee") BODY("toe") "</worldbody><actuator>"
static const char named[] = ARM
    "<motor name='push' joint='hip'/><motor name='pull' joint='knee'/><motor name='lift' joint='toe'/>"
    "</actuator></mujoco>";
static const char unnamed[] = ARM "<motor joint='hip'/><motor joint='knee'/><motor joint='toe'/></actuator></mujoco>";

typedef struct table {
  df_system* system;
  model_study study;
  source files;
  settings found;
  recognition r;
} table;

/* three rows of the columns "s0,...,s5,HEADER": column k of a row has the number 100 row + k */
static void open_table(const char* model, const char* header, table* t) {
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  const char* path = test_file("actions.csv");
  text out = {0};
  int n = 7;
  for (const char* p = header; *p; p++) n += *p == ',';
  text_add(&out, "s0,s1,s2,s3,s4,s5,%s\n", header);
  for (int row = 0; row < 3; row++) {
    for (int k = 0; k < n; k++) text_add(&out, "%s%d", k ? "," : "", 100 * row + k);
    text_add(&out, "\n");
  }
  *t = (table){0};
  assert_int_equal(df_mujoco_system_from_xml(model, "arm", &cfg, &t->system), DF_OK);
  assert_int_equal(model_study_of(t->system, &t->study), DF_OK);
  assert_int_equal(df_file_write(path, text_of(&out), out.n), DF_OK);
  assert_int_equal(source_open(1, &path, &t->files), DF_OK);
  t->r = (recognition){.files = &t->files, .model = &t->study, .found = &t->found};
  text_clear(&out);
}

static void close_table(table* t) {
  settings_clear(&t->found);
  text_clear(&t->r.notes);
  source_close(&t->files);
  df_system_free(t->system);
}

/* the number that the settings read for each actuator in the first row; -1: data.actions_key is not set */
static void read_actions(table* t, double u[3]) {
  df_config config;
  df_recording* recording;
  settings_put(&t->found, "data.states_key", "table");
  settings_put(&t->found, "data.columns", "qpos@s0+s1+s2,qvel@s3+s4+s5");
  settings_put(&t->found, "data.source", "file");
  assert_int_equal(settings_config(&t->found, &config), DF_OK);
  config.window_horizon = 1;
  assert_int_equal(df_recording_open(test_file("actions.csv"), &config, t->system, &recording), DF_OK);
  df_dataset* data;
  assert_int_equal(df_recording_convert(recording, &config, t->system, &data), DF_OK);
  for (int k = 0; k < 3; k++) u[k] = df_dataset_action(data, 0, 0)[k];
  df_dataset_free(data);
  df_recording_free(recording);
}

/* the places of the columns of push, pull and lift in the file are those that the headers say */
static void each_actuator_gets_its_own_column(void** state) {
  (void)state;
  static const struct {
    const char *model, *header, *key, *actuators;
    double u[3];
  } cases[] = {
      {named, "action_push,action_pull,action_lift", "action_*", NULL, {6, 7, 8}},
      {named, "action_lift,action_push,action_pull", "action_*", "lift,push,pull", {7, 8, 6}},
      {named, "ctrl_pull,lamp,ctrl_lift,ctrl_push", "ctrl_*", "pull,lift,push", {9, 6, 8}},
      {named, "push_action,pull_action,lift_action", "*_action", NULL, {6, 7, 8}},
      {named, "toe_cmd,knee_cmd,hip_cmd", "*_cmd", "lift,pull,push", {8, 7, 6}},
      {named, "push_target,pull_target,lift_target", "*_target", NULL, {6, 7, 8}},
      {named, "q_desired_toe,q_desired_hip,q_desired_knee", "q_desired_*", "lift,push,pull", {7, 8, 6}},
      {named, "LIFT_CMD,PUSH_CMD,PULL_CMD", "*_CMD", "lift,push,pull", {7, 8, 6}},
      {named, "target_toe_joint,target_knee_joint,target_hip_joint", "target_*_joint", "lift,pull,push", {8, 7, 6}},
      {named, "Toe_ref,jointHip_ref,Knee_ref", "*_ref", "lift,push,pull", {7, 8, 6}},
      {named, "toe_joint_ref,ref_hip,knee_ref", "ref_hip+knee_ref+toe_joint_ref", NULL, {7, 8, 6}},
      {named, "action.hip,action.knee,action.toe", "action.*", NULL, {6, 7, 8}},
      {named, "action/push (Nm),action/pull (Nm),action/lift (N)", "action/*", NULL, {6, 7, 8}},
      {named,
       "action_lift,action_mean,action_push,action_pull",
       "action_push+action_pull+action_lift",
       NULL,
       {8, 9, 6}},
      {unnamed, "action_knee,action_hip,action_toe", "action_hip+action_knee+action_toe", NULL, {7, 6, 8}},
      {unnamed, "action_0,action_1,action_2", "action_*", NULL, {6, 7, 8}},
      {unnamed, "ctrl_2,ctrl_1,ctrl_0", "ctrl_0+ctrl_1+ctrl_2", NULL, {8, 7, 6}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    table t;
    bool found;
    char* lacks;
    double u[3];
    open_table(cases[i].model, cases[i].header, &t);
    action_columns_settle(&t.r, &found, &lacks);
    assert_true(found && !lacks);
    assert_string_equal(settings_find(&t.found, "data.actions_key")->value, cases[i].key);
    const setting* actuators = settings_find(&t.found, "data.actuators");
    assert_int_equal(actuators != NULL, cases[i].actuators != NULL);
    if (actuators) assert_string_equal(actuators->value, cases[i].actuators);
    read_actions(&t, u);
    for (int k = 0; k < 3; k++) assert_true(u[k] == cases[i].u[k]);
    close_table(&t);
  }
}

static void columns_of_some_actuators_are_named_and_not_used(void** state) {
  (void)state;
  static const struct {
    const char *header, *says; /* NULL: there are no actions */
  } cases[] = {{"action_push,action_lift",
                "'action_push' is named like the action of an actuator, but there are such "
                "columns of 2 of 3 actuators, and 'action_pull' is missing"},
               {"push,pull,lift", NULL},
               {"goal_0,goal_1,goal_2", NULL},
               {"hip_joint_ref,ref_hip,knee_ref,toe_ref",
                "'knee_ref' is named like the action of an actuator, but there are such columns of 2 of 3 actuators, "
                "and 'hip_ref' is missing"},
               {"actionpush,actionpull,actionlift", NULL},
               {"push_temp,pull_temp,lift_temp", NULL}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    table t;
    bool found;
    char* lacks;
    open_table(named, cases[i].header, &t);
    action_columns_settle(&t.r, &found, &lacks);
    assert_true(!found && !settings_find(&t.found, "data.actions_key"));
    assert_int_equal(lacks != NULL, cases[i].says != NULL);
    if (lacks) assert_string_equal(lacks, cases[i].says);
    df_free(lacks);
    close_table(&t);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_actuator_gets_its_own_column),
                                     cmocka_unit_test(columns_of_some_actuators_are_named_and_not_used)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
