/* Names of columns against what recorded actions say: those that the states follow are not given up for a name, and
 * names that alone make them follow are. */
#include "name_proof.h"

#include "data_check.h"
#include "found.h"
#include "test_file.h"

/* two arms with motors, which differ, and two that are alike */
#define ARM(name, mass)                                                                                     \
  "<body pos='" name " 0 0'><joint name='j" name "' axis='0 1 0' damping='.1'/><geom size='.1' mass='" mass \
  "' pos='.3 0 0'/></body>"
#define ARMS(mass)                                                            \
  "<mujoco><option timestep='.01' gravity='0 0 0'/><worldbody>" ARM("1", "1") \
      ARM("2",                                                                \
          mass) "</worldbody><actuator><motor name='m1' joint='j1'/><motor name='m2' joint='j2'/></actuator></mujoco>"
enum { EPISODES_OF = 4, EACH = 60 };

/* what is exchanged in the file, and what it calls its columns */
typedef struct named_case {
  const char* xml;
  bool states, actions;
  const char* names;  /* more keys of the file */
  const char* column; /* of the row `names`; NULL: none */
  check_verdict verdict;
  const char *says, *fits;
} named_case;

static const char ignored[] =
    "the recorded actions lead to the recorded states as the columns are read, and not as they";
static const named_case cases[] = {
    {ARMS("2"), false, false, "\"joint_names\": [\"j1\", \"j2\"]", NULL, CHECK_OK, "", ""},
    {ARMS("2"), false, false, "\"joint_names\": [\"j2\", \"j1\"]", "data.joints", CHECK_WARN, ignored, ""},
    {ARMS("2"), false, false, "\"joint_names\": [\"j1 (deg)\", \"j2 (deg)\"]", "data.angles", CHECK_WARN, ignored, ""},
    {ARMS("2"), false, false, "\"actuator_names\": [\"m2\", \"m1\"]", "data.actuators", CHECK_WARN, ignored, ""},
    {ARMS("2"), true, false, "\"joint_names\": [\"j2\", \"j1\"]", "data.joints", CHECK_WRONG, "2 of 2 columns",
     "data.columns = joints@qpos,joint_vel@qvel, data.joints = j2,j1"},
    {ARMS("2"), false, true, "\"actuator_names\": [\"m2\", \"m1\"]", "data.actuators", CHECK_WRONG, "another order",
     "data.actuators = m2,m1"},
    /* two lists that contradict each other: the one that the states follow, in either place */
    {ARMS("2"), false, false, "\"dof_names\": [\"j2\", \"j1\"], \"joint_names\": [\"j1\", \"j2\"]", "data.joints",
     CHECK_WARN,
     "'j2' in 'dof_names' and 'j1' in 'joint_names': the recorded actions lead to the recorded states by the "
     "second list alone",
     ""},
    {ARMS("2"), true, false, "\"dof_names\": [\"j2\", \"j1\"], \"joint_names\": [\"j1\", \"j2\"]", "data.joints",
     CHECK_WRONG, "by the first list alone", "data.columns = joints@qpos,joint_vel@qvel, data.joints = j2,j1"},
    {ARMS("2"), true, false, "\"dof_names\": [\"j1\", \"j2\"], \"joint_names\": [\"j2\", \"j1\"]", "data.joints",
     CHECK_WRONG, "by the second list alone", "data.columns = joints@qpos,joint_vel@qvel, data.joints = j2,j1"},
    /* the states follow by neither list */
    {ARMS("2"), false, true, "\"dof_names\": [\"j1\", \"j2\"], \"joint_names\": [\"j2\", \"j1\"]", "data.joints",
     CHECK_WARN, "neither list is followed", ""},
    /* all in the order of the names: the states follow either way, and names tell which */
    {ARMS("1"), true, true, "\"joint_names\": [\"j2\", \"j1\"]", "data.joints", CHECK_WRONG, "2 of 2 columns",
     "data.columns = joints@qpos,joint_vel@qvel, data.joints = j2,j1"},
};

static void put_rows(FILE* f, const char* key, int length, double (*rows)[2], bool exchanged) {
  fprintf(f, "\"%s\": [", key);
  for (int e = 0; e < EPISODES_OF; e++) {
    for (int t = 0; t < length; t++) {
      const double* x = rows[e * length + t];
      fprintf(f, "%s[%.17g, %.17g]%s",
              t   ? ", "
              : e ? ", ["
                  : "[",
              x[exchanged], x[!exchanged], t + 1 == length ? "]" : "");
    }
  }
  fprintf(f, "],\n");
}

/* simulates the arms, and writes what was recorded */
static void record(const named_case* c, const df_system* s) {
  static double q[EPISODES_OF * (EACH + 1)][2], v[EPISODES_OF * (EACH + 1)][2], u[EPISODES_OF * EACH][2];
  df_sim* sim;
  assert_ok(df_sim_new(s, 0, &sim));
  for (int e = 0; e < EPISODES_OF; e++) {
    double x[4] = {0.1 * e, -0.2 * e, 0, 0};
    s->ops->reset(sim, x);
    for (int t = 0; t <= EACH; t++) {
      const int row = e * (EACH + 1) + t;
      memcpy(q[row], x, sizeof q[row]);
      memcpy(v[row], x + 2, sizeof v[row]);
      if (t == EACH) break;
      double* action = u[e * EACH + t];
      action[0] = sin(0.05 * t + e);
      action[1] = 2 * cos(0.08 * t + e);
      assert_int_equal(s->ops->step(sim, action, x), DF_TRAJ_COMPLETE);
    }
  }
  df_sim_free(s, sim);
  FILE* f = fopen(test_file("named.json"), "w");
  assert_non_null(f);
  fprintf(f, "{");
  put_rows(f, "qpos", EACH + 1, q, c->states);
  put_rows(f, "qvel", EACH + 1, v, c->states);
  put_rows(f, "actions", EACH, u, c->actions);
  fprintf(f, "%s}", c->names);
  assert_int_equal(fclose(f), 0);
}

static void names_are_ignored_where_actions_refute_them(void** state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const named_case* c = &cases[i];
    const df_mujoco_cfg cfg = df_mujoco_cfg_default();
    data_findings f = {0};
    df_config config = df_config_default();
    df_system* s;
    assert_ok(df_mujoco_system_from_xml(c->xml, "arms", &cfg, &s));
    record(c, s);
    config.window_horizon = 1;
    set_all(&config, "data.columns = qpos@qpos,qvel@qvel, data.actions_key = actions");
    assert_ok(data_check_recording(test_file("named.json"), &config, s, &check_thorough, &f, NULL));
    const data_finding* found = finding_at(&f, DATA_CHECK_NAMES, c->column ? c->column : "data.joints");
    assert_int_equal(found != NULL, c->column != NULL);
    assert_int_equal(data_findings_count(&f, CHECK_WRONG), c->verdict == CHECK_WRONG);
    if (found) {
      assert_int_equal(found->verdict, c->verdict);
      if (!strstr(found->reason, c->says)) fail_msg("no %s in: %s", c->says, found->reason);
      assert_string_equal(would_fit(found), c->fits);
    }
    data_findings_clear(&f);
    df_system_free(s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(names_are_ignored_where_actions_refute_them)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
