/* Mistakes in some episodes of a recording of a robot are named: which episodes, and by which convention they fit.
 * Right episodes that differ give no alarm. */
#include "data_check.h"
#include "dynaflow/io/npz.h"
#include "found.h"
#include "planted.h"
#include "test_file.h"
#include "unit.h"

/* of the eight episodes; in the one of number 5 the left and the right legs of the quadruped move alike */
static const bool two[EPISODES] = {[2] = true, [7] = true},
                  half[EPISODES] = {false, true, false, true, false, true, false, true}, one[EPISODES] = {true};

typedef struct recorded {
  const char* name;
  int robot;
  const bool* episodes;
  void (*in_state)(const layout*, double*);
  bool positions;
  const char *column, *says; /* of a row `mixture`; "": nothing is wrong */
  int n;
} recorded;

static void centimetres(const layout* l, double* x) {
  for (int k = 0; k < 3; k++) x[k] *= 100;
  for (int k = 0; k < 3; k++) x[l->nq + k] *= 100;
}
/* the shoulder lift and the elbow of the arm, whose ranges overlap little */
static void two_joints(const layout* l, double* x) {
  const df_joint *a = &l->joints[3], *b = &l->joints[5];
  const double q = x[a->qpos], v = x[l->nq + a->dof];
  x[a->qpos] = x[b->qpos];
  x[l->nq + a->dof] = x[l->nq + b->dof];
  x[b->qpos] = q;
  x[l->nq + b->dof] = v;
}
/* the episode's own place and heading */
static void elsewhere(const layout* l, double* x) {
  const double turn[4] = {cos(0.4), 0, 0, sin(0.4)}, w = x[3], u = x[4], v = x[5], z = x[6];
  rotate(turn, false, x);
  rotate(turn, false, x + l->nq);
  x[0] += 3;
  x[3] = turn[0] * w - turn[3] * z;
  x[4] = turn[0] * u - turn[3] * v;
  x[5] = turn[0] * v + turn[3] * u;
  x[6] = turn[0] * z + turn[3] * w;
}

static const recorded cases[] = {
    {"xyzw", QUADRUPED, two, quaternion_order, false, "data.quaternion",
     "episodes 2, 7 (2 of 8) fit data.quaternion = xyzw", 2},
    {"xyzw in one", QUADRUPED, one, quaternion_order, false, "data.quaternion",
     "episode 0 (1 of 8) fits data.quaternion = xyzw", 1},
    {"xyzw, positions", QUADRUPED, half, quaternion_order, true, "data.quaternion",
     "episodes 1, 3, 5, 7 (4 of 8) fit data.quaternion = xyzw", 4},
    {"y up", QUADRUPED, two, y_up, false, "data.up", "episodes 2, 7 (2 of 8) fit data.up = y", 2},
    {"linear velocity", QUADRUPED, two, linear_in_base, false, "data.linear_velocity",
     "episodes 2, 7 (2 of 8) fit data.linear_velocity = base", 2},
    {"angular velocity", QUADRUPED, half, angular_in_world, false, "data.angular_velocity",
     "episodes 1, 3, 5, 7 (4 of 8) fit data.angular_velocity = world", 4},
    {"legs", QUADRUPED, half, joint_order, false, "data.legs", "episodes 1, 3, 7 (3 of 8) fit", 3},
    {"legs, positions", QUADRUPED, two, joint_order, true, "data.legs", "episodes 2, 7 (2 of 8) fit", 2},
    {"centimetres", QUADRUPED, half, centimetres, true, "data.position_scale",
     "episodes 1, 3, 5, 7 (4 of 8) fit data.position_scale = 0.01", 4},
    {"order of velocities", QUADRUPED, two, velocity_order, false, "velocity order",
     "episodes 2, 7 (2 of 8) fail this check, and the others pass it", 2},
    {"zero", QUADRUPED, two, all_zero, false, "velocity zero",
     "episodes 2, 7 (2 of 8) fail this check, and the others pass it", 2},
    {"scale", QUADRUPED, half, joint_scale, false, "velocity scale",
     "episodes 1, 3, 5, 7 (4 of 8) fail this check, and the others pass it", 4},
    {"degrees", ARM, two, degrees, false, "data.angles", "episodes 2, 7 (2 of 8) fit data.angles = deg", 2},
    {"degrees, positions", ARM, half, degrees, true, "data.angles",
     "episodes 1, 3, 5, 7 (4 of 8) fit data.angles = deg", 4},
    {"joints", ARM, half, two_joints, false, "data.joints", "episodes 1, 3, 5, 7 (4 of 8) fit", 4},
    {"right", QUADRUPED, NULL, NULL, false, "", "", 0},
    {"right, positions", QUADRUPED, NULL, NULL, true, "", "", 0},
    {"right, elsewhere", QUADRUPED, half, elsewhere, false, "", "", 0},
    {"right, single precision", QUADRUPED, two, float32, false, "", "", 0},
    {"right arm", ARM, NULL, NULL, false, "", "", 0}};
enum { CASES = sizeof cases / sizeof *cases };

/* writes the states, or their positions, with the mistake in some episodes */
static void write_mixed(const recorded* c, const df_system* s, const df_dataset* right) {
  const layout l = layout_of(s);
  const int width = c->positions ? l.nq : l.nx;
  double* out = calloc((size_t)(EPISODES * (FRAMES + 1) * width), sizeof *out);
  for (int e = 0; e < EPISODES; e++) {
    for (int t = 0; t <= FRAMES; t++) {
      double x[64];
      memcpy(x, frame_of(right, e, t), (size_t)l.nx * sizeof *x);
      if (c->in_state && c->episodes[e]) c->in_state(&l, x);
      memcpy(out + (size_t)((e * (FRAMES + 1) + t) * width), x, (size_t)width * sizeof *x);
    }
  }
  const df_npz_entry entries[] = {
      {.key = "states", .rank = 3, .shape = {EPISODES, FRAMES + 1, (size_t)width}, .values = out},
      {.key = "dt", .values = &s->dt}};
  assert_ok(df_npz_write(test_file("mixed.npz"), 2, entries));
  free(out);
}

static const data_finding* named(const recorded* c, const data_findings* f) {
  const data_finding* found = finding_at(f, DATA_CHECK_MIXTURE, c->column);
  return found && found->verdict == CHECK_WRONG && found->value == c->n && strstr(found->reason, c->says) ? found
                                                                                                          : NULL;
}

static bool is_as_expected(const recorded* c, const df_dataset* right) {
  df_system* s = robot_system(c->robot, 1);
  data_findings f = {0};
  df_config config = df_config_default();
  config.window_horizon = 1;
  set_all(&config, c->positions ? "data.actions_key = , data.columns = qpos" : "data.actions_key = ");
  write_mixed(c, s, right);
  assert_ok(data_check_recording(test_file("mixed.npz"), &config, s, &check_thorough, &f, NULL));
  expect_limits_decide(&f);
  /* no convention is named for all of them */
  bool all = c->column[0] ? named(c, &f) != NULL : data_findings_count(&f, CHECK_WRONG) == 0;
  for (int i = 0; i < f.n; i++) all &= f.list[i].check != DATA_CHECK_CONVENTION || f.list[i].verdict != CHECK_WRONG;
  for (int i = 0; i < f.n && !all; i++) {
    const data_finding* at = &f.list[i];
    if (at->verdict != CHECK_OK)
      print_error("%s: %s %s %g: %s\n", c->name, data_check_name(at->check), at->column, at->value, at->reason);
  }
  data_findings_clear(&f);
  df_system_free(s);
  return all;
}

static void episodes_of_other_conventions_are_named(void** state) {
  (void)state;
  df_dataset* right[ROBOTS] = {0};
  int missed = 0;
  right[QUADRUPED] = robot_data(QUADRUPED);
  right[ARM] = robot_data(ARM);
  for (int i = 0; i < CASES; i++) {
    const bool expected = is_as_expected(&cases[i], right[cases[i].robot]);
    print_message("%-24s %s\n", cases[i].name, expected ? "as expected" : "NOT AS EXPECTED");
    missed += !expected;
  }
  df_dataset_free(right[QUADRUPED]);
  df_dataset_free(right[ARM]);
  assert_int_equal(missed, 0);
}

/* an arm in two files, the second of which has its velocities elsewhere: the file is named */
static void files_are_named(void** state) {
  (void)state;
  df_dataset* right = robot_data(ARM);
  df_system* s = robot_system(ARM, 1);
  data_findings f = {0};
  df_config config = df_config_default();
  const layout l = layout_of(s);
  config.window_horizon = 1;
  set_all(&config, "data.actions_key = ");
  for (int file = 0; file < 2; file++) {
    for (int t = 0; t <= FRAMES && file == 1; t++) all_zero(&l, frame_of(right, file, t));
    const df_npz_entry entries[] = {
        {.key = "states", .rank = 2, .shape = {FRAMES + 1, (size_t)l.nx}, .values = frame_of(right, file, 0)},
        {.key = "dt", .values = &s->dt}};
    assert_ok(df_npz_write(test_file(file ? "clip_b.npz" : "clip_a.npz"), 2, entries));
  }
  assert_ok(data_check_recording(test_file("clip_[ab].npz"), &config, s, &check_thorough, &f, NULL));
  const data_finding* found = finding_at(&f, DATA_CHECK_MIXTURE, "velocity zero");
  assert_non_null(found);
  assert_int_equal(found->verdict, CHECK_WRONG);
  assert_non_null(strstr(found->reason, "episode 1 ("));
  assert_non_null(strstr(found->reason, "(1 of 2; clip_b.npz) fails this check, and the others pass it"));
  assert_string_equal(would_fit(found), "data.velocities = differences");
  data_findings_clear(&f);
  df_dataset_free(right);
  df_system_free(s);
}

/* the first frames of the episodes, of which the legs of two are in another order: whether it is named */
static bool names_legs(const df_system* s, const df_dataset* right, int frames) {
  const layout l = layout_of(s);
  data_findings f = {0};
  df_config config = df_config_default();
  double* out = calloc((size_t)(EPISODES * frames * l.nx), sizeof *out);
  config.window_horizon = 1;
  set_all(&config, "data.actions_key = ");
  for (int e = 0; e < EPISODES; e++) {
    for (int t = 0; t < frames; t++) {
      double* x = out + (size_t)((e * frames + t) * l.nx);
      memcpy(x, df_dataset_state(right, e, t), (size_t)l.nx * sizeof *x);
      if (two[e]) joint_order(&l, x);
    }
  }
  const df_npz_entry entries[] = {
      {.key = "states", .rank = 3, .shape = {EPISODES, (size_t)frames, (size_t)l.nx}, .values = out},
      {.key = "dt", .values = &s->dt}};
  assert_ok(df_npz_write(test_file("short.npz"), 2, entries));
  free(out);
  assert_ok(data_check_recording(test_file("short.npz"), &config, s, &check_thorough, &f, NULL));
  const bool named = finding_at(&f, DATA_CHECK_MIXTURE, "data.legs") != NULL;
  data_findings_clear(&f);
  return named;
}

/* of 30 changes from frame to frame or more: of fewer, one of the many orders fits by chance */
static void orders_of_legs_need_30_changes(void** state) {
  (void)state;
  df_dataset* right = robot_data(QUADRUPED);
  df_system* s = robot_system(QUADRUPED, 1);
  assert_false(names_legs(s, right, 30));
  assert_true(names_legs(s, right, 31));
  df_dataset_free(right);
  df_system_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(orders_of_legs_need_30_changes),
                                     cmocka_unit_test(episodes_of_other_conventions_are_named),
                                     cmocka_unit_test(files_are_named)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
