/* Right recordings have nothing wrong whatever settings describe them; what would fit wrong ones is composed with the
 * settings that they have: applied, it leaves nothing wrong. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "data_check.h"
#include "dynaflow/io/npz.h"
#include "found.h"
#include "planted.h"
#include "test_file.h"
#include "unit.h"

/* ---- recordings with settings ---- */

#define QUADRUPED_BLOCKS "data.columns = root_pos,root_quat,joints,root_linvel,root_angvel,joint_vel"
#define BLOCKS           "data.columns = joints,joint_vel"

static const char drone_xml[] =
    "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='50 50 .1'/><body pos='0 0 1'>"
    "<freejoint name='base'/><geom type='box' size='.2 .2 .05' mass='1'/><site name='up'/></body></worldbody>"
    "<actuator><motor site='up' gear='0 0 1 0 0 0' ctrlrange='0 20'/></actuator></mujoco>";
/* nothing pushes its base: it swims by its tail */
static const char swimmer_xml[] =
    "<mujoco><option timestep='.01' density='1000'/><worldbody><geom type='plane' size='50 50 .1'/><body pos='0 0 8'>"
    "<freejoint name='base'/><geom type='capsule' size='.05' fromto='-.2 0 0 .2 0 0'/><body pos='-.2 0 0'>"
    "<joint name='tail' axis='0 0 1'/><geom type='capsule' size='.03' fromto='0 0 0 -.2 0 "
    "0'/></body></body></worldbody>"
    "<actuator><motor joint='tail'/></actuator></mujoco>";

/* it has no upright */
static const char satellite_xml[] =
    "<mujoco><option timestep='.01' gravity='0 0 0'/><worldbody><body><freejoint name='base'/><geom type='box' "
    "size='.2 .1 .05' mass='1'/><body pos='.2 0 0'><joint name='panel' axis='0 1 0'/><geom type='capsule' size='.03' "
    "fromto='0 0 0 .2 0 0' mass='.1'/></body></body></worldbody><actuator><motor joint='panel'/></actuator></mujoco>";

/* columns [from, to) of the states, as episodes one after the other */
static void write_columns(const char* name, const df_dataset* d, int from, int to, double dt) {
  const size_t rows = d->first[d->episodes], width = (size_t)(to - from);
  double ends[EPISODES], *values = calloc(rows * width, sizeof *values);
  for (int e = 0; e < d->episodes; e++) ends[e] = (double)d->first[e + 1];
  for (size_t r = 0; r < rows; r++)
    memcpy(values + r * width, d->states + r * (size_t)d->nx + from, width * sizeof *values);
  const df_npz_entry entries[] = {{.key = "states", .rank = 2, .shape = {rows, width}, .values = values},
                                  {.key = "ends", .rank = 1, .shape = {(size_t)d->episodes}, .values = ends},
                                  {.key = "dt", .values = &dt}};
  assert_ok(df_npz_write(test_file(name), dt > 0 ? 3 : 2, entries));
  free(values);
}

/* the settings of a file of states: those of `settings`, "data.a = x, data.b = y", too */
static df_config config_of(const char* settings) {
  df_config config = df_config_default();
  config.window_horizon = 1;
  set_all(&config, "data.ends_key = ends, data.actions_key = , data.ends_rows = frames");
  set_all(&config, settings);
  return config;
}

static data_findings check(const char* name, const df_config* config, const df_system* system) {
  data_findings out = {0};
  assert_ok(data_check_recording(test_file(name), config, system, &check_thorough, &out, NULL));
  return out;
}

static void print_wrong(const char* what, const data_findings* f) {
  for (int i = 0; i < f->n; i++) {
    const data_finding* one = &f->list[i];
    if (one->verdict == CHECK_WRONG)
      print_message("    %s: %s %s: %s; would fit: %s\n", what, data_check_name(one->check), one->column, one->reason,
                    would_fit(one));
  }
}

/* the number of findings that are wrong */
static int wrong_of(const char* what, const char* name, const char* settings, const df_system* system) {
  const df_config config = config_of(settings);
  data_findings f = check(name, &config, system);
  const int wrong = data_findings_count(&f, CHECK_WRONG);
  print_wrong(what, &f);
  data_findings_clear(&f);
  return wrong;
}

/* what is wrong has a setting that would fit; with all of these settings nothing is wrong. Returns those settings. */
static char* cure(const char* what, const char* name, const char* settings, const df_system* system) {
  df_config config = config_of(settings);
  static char fits[8192];
  size_t n = 0;
  data_findings f = check(name, &config, system);
  assert_true(data_findings_count(&f, CHECK_WRONG) > 0);
  for (int i = 0; i < f.n; i++) {
    if (f.list[i].verdict != CHECK_WRONG) continue;
    if (!f.list[i].would_fit.n) print_wrong(what, &f);
    assert_true(f.list[i].would_fit.n > 0);
    assert_ok(remedy_apply(&f.list[i].would_fit, &config, "test"));
    n += (size_t)snprintf(fits + n, sizeof fits - n, "%s; ", would_fit(&f.list[i]));
  }
  data_findings_clear(&f);
  data_findings again = check(name, &config, system);
  print_wrong(what, &again);
  assert_int_equal(data_findings_count(&again, CHECK_WRONG), 0);
  data_findings_clear(&again);
  return fits;
}

static void shifted(const layout* l, double* x) {
  (void)l;
  x[0] -= 5;
  x[1] -= 7;
  x[2] -= 0.1;
}

static void reversed(const layout* l, double* x) {
  for (int i = 0; i < 3; i++) x[l->nq + i] *= -1;
}

/* ---- right recordings ---- */

typedef struct described {
  const char *name, *settings;
  int robot;
  mistake planted;
  bool positions_only;
  int first; /* of the columns that are written */
  double dt; /* that the file states, of that of the model; 0: none */
} described;

#define WALKER_JOINTS "root_x,root_z,root_pitch,right_thigh,left_thigh,right_knee,left_knee"
#define ARM_JOINTS    "elbow,flange,shoulder_lift,shoulder_pan,wrist_bend,wrist_roll"
static const described right[] = {
    {"order of legs", QUADRUPED_BLOCKS ", data.legs = FL,FR,RL,RR", QUADRUPED, {.in_state = joint_order}, .dt = 1},
    {"joints of the walker", BLOCKS ", data.joints = " WALKER_JOINTS, WALKER, {.in_state = joint_order}, .dt = 1},
    {"joints of the arm", BLOCKS ", data.joints = " ARM_JOINTS, ARM, {.in_state = joint_order}, .dt = 1},
    {"order of velocities", BLOCKS ", data.velocity_joints = " ARM_JOINTS, ARM, {.in_state = velocity_order}, .dt = 1},
    {"offset", "data.position_offset = 5,7,0.1", QUADRUPED, {.in_state = shifted}, .dt = 1},
    {"differences", "data.velocities = differences", QUADRUPED, {.in_state = all_zero}, .dt = 1},
    {"differences at half the rate",
     "data.velocities = differences",
     QUADRUPED,
     {.in_state = all_zero, .thin = 1},
     .dt = 2},
    {"another rate", "data.rate = 25", QUADRUPED, {.thin = 1}, .dt = 0},
    {"another stated rate", "", WALKER, {.thin = 1}, .dt = 2},
    {"positions", "data.columns = qpos", QUADRUPED, {.name = ""}, true, .dt = 1},
    {"positions at half the rate", "data.columns = qpos", QUADRUPED, {.thin = 1}, true, .dt = 2},
    {"positions at a rate", "data.columns = qpos, data.rate = 25", ARM, {.thin = 1}, true, .dt = 0},
    {"integrated positions",
     "data.columns = root_z,root_quat,joints,root_linvel,root_angvel,joint_vel, data.root_xy = integrated",
     QUADRUPED,
     {.thin = 1},
     .first = 2,
     .dt = 2},
};

static void right_recordings_have_nothing_wrong(void** state) {
  (void)state;
  int wrong = 0;
  df_dataset* data[ROBOTS];
  for (int r = 0; r < ROBOTS; r++) data[r] = robot_data(r);
  for (size_t k = 0; k < sizeof right / sizeof right[0]; k++) {
    const described* d = &right[k];
    df_system* s = robot_system(d->robot, 1);
    df_dataset* planted = plant(&d->planted, d->robot, data[d->robot], s->dt);
    write_columns("right.npz", planted, d->first, d->positions_only ? df_mujoco_nq(s) : s->nx, d->dt * s->dt);
    wrong += wrong_of(d->name, "right.npz", d->settings, s);
    df_dataset_free(planted);
    df_system_free(s);
  }
  for (int r = 0; r < ROBOTS; r++) df_dataset_free(data[r]);
  assert_int_equal(wrong, 0);
}

static void files_of_different_rates_are_right(void** state) {
  (void)state;
  df_system* s = robot_system(QUADRUPED, 1);
  df_dataset* all = robot_data(QUADRUPED);
  const mistake thin = {.thin = 1};
  df_dataset* half = plant(&thin, QUADRUPED, all, s->dt);
  write_columns("mixed_a.npz", all, 0, s->nx, s->dt);
  write_columns("mixed_b.npz", half, 0, s->nx, 2 * s->dt);
  assert_int_equal(wrong_of("two rates", "mixed_?.npz", "", s), 0);
  /* a file that states no rate has one frame per action */
  write_columns("mixed_a.npz", all, 0, s->nx, 0);
  assert_int_equal(wrong_of("one rate", "mixed_?.npz", "", s), 0);
  df_dataset_free(half);
  df_dataset_free(all);
  df_system_free(s);
}

/* heights are in m from the floor */
static void robots_that_fly_and_swim_are_right(void** state) {
  (void)state;
  const char* const models[] = {drone_xml, swimmer_xml, satellite_xml};
  for (int k = 0; k < 3; k++) {
    df_system* s;
    df_mujoco_cfg cfg = df_mujoco_cfg_default();
    cfg.forward_only = true;
    assert_ok(df_mujoco_system_from_xml(models[k], "model", &cfg, &s));
    df_dataset* d;
    df_sim* sim;
    double x[32], u[1];
    assert_ok(
        df_dataset_new(&(df_dataset_shape){.episodes = EPISODES, .length = FRAMES, .nx = s->nx, .dt = s->dt}, &d));
    assert_ok(df_sim_new(s, 0, &sim));
    for (int e = 0; e < EPISODES; e++) {
      df_mujoco_initial_state(s, x);
      x[2] = 8;
      if (k == 2) x[3] = sqrt(0.5), x[4] = -sqrt(0.5); /* upright if y were up */
      s->ops->reset(sim, x);
      for (int t = 0; t <= FRAMES; t++) {
        memcpy(frame_of(d, e, t), x, (size_t)s->nx * sizeof *x);
        u[0] = k == 0 ? 9.81 + 3 * sin(0.1 * t + e) : (k == 1 ? 0.5 : 0.01) * sin(0.1 * t + e);
        assert_int_equal(s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
      }
    }
    df_sim_free(s, sim);
    write_columns("high.npz", d, 0, s->nx, s->dt);
    const df_config config = config_of("");
    data_findings f = check("high.npz", &config, s);
    for (int i = 0; i < f.n; i++) {
      if (f.list[i].check == DATA_CHECK_FLOOR) assert_int_equal(f.list[i].verdict, CHECK_OK);
      assert_int_not_equal(f.list[i].check, DATA_CHECK_CONVENTION);
    }
    assert_int_equal(data_findings_count(&f, CHECK_WRONG), 0);
    data_findings_clear(&f);
    df_dataset_free(d);
    df_system_free(s);
  }
}

/* ---- wrong ones with settings ---- */

static void settings_that_would_fit_are_absolute(void** state) {
  (void)state;
  static const struct {
    described is;
    const char* fits; /* what would_fit begins with */
  } wrong[] = {
      {{"legs", QUADRUPED_BLOCKS ", data.legs = RR,RL,FR,FL", QUADRUPED, {.in_state = joint_order}, .dt = 1},
       "data.legs = FL,FR,RL,RR; "},
      {{"legs of the default", QUADRUPED_BLOCKS ", data.legs = FL,FR,RL,RR", QUADRUPED, {.name = ""}, .dt = 1},
       "data.legs = FR,FL,RR,RL; "},
      {{"joints", BLOCKS ", data.joints = " ARM_JOINTS, ARM, {.name = ""}, .dt = 1},
       "data.joints = shoulder_pan,shoulder_lift,elbow,wrist_roll,wrist_bend,flange; "},
      {{"velocities", BLOCKS ", data.velocity_joints = " ARM_JOINTS, ARM, {.name = ""}, .dt = 1},
       "data.velocity_joints = shoulder_pan,shoulder_lift,elbow,wrist_roll,wrist_bend,flange; "},
      {{"velocities of legs", QUADRUPED_BLOCKS ", data.legs = FL,FR,RL,RR", QUADRUPED, {.name = ""}, .dt = 1}, ""},
      {{"offset", "data.position_offset = 5,7,-0.2", QUADRUPED, {.name = ""}, .dt = 1}, "data.position_offset = 5,7,"},
      {{"velocities reversed", "", QUADRUPED, {.in_state = reversed}, .dt = 1}, "data.velocities = differences; "},
      {{"some episodes", "data.select = 1-6", WALKER, {.thin = 3}, .dt = 1}, "data.select = 1-2,4-5; "},
  };
  df_dataset* data[ROBOTS];
  for (int r = 0; r < ROBOTS; r++) data[r] = robot_data(r);
  for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
    const described* d = &wrong[k].is;
    df_system* s = robot_system(d->robot, 1);
    df_dataset* planted = plant(&d->planted, d->robot, data[d->robot], s->dt);
    write_columns("wrong.npz", planted, 0, s->nx, d->dt * s->dt);
    const char* fits = cure(d->name, "wrong.npz", d->settings, s);
    if (strncmp(fits, wrong[k].fits, strlen(wrong[k].fits)) != 0) print_error("%s: %s\n", d->name, fits);
    assert_memory_equal(fits, wrong[k].fits, strlen(wrong[k].fits));
    df_dataset_free(planted);
    df_system_free(s);
  }
  for (int r = 0; r < ROBOTS; r++) df_dataset_free(data[r]);
}

/* of arrays of their own, whose columns are then named one by one */
static void separate_arrays_of_velocities_have_an_order(void** state) {
  (void)state;
  static const int robots[] = {QUADRUPED, ARM};
  static const char* const fits[] = {
      "data.columns = root_pos@qpos,root_quat@qpos,joints@qpos,root_linvel@qvel,root_angvel@qvel,joint_vel@qvel, "
      "data.velocity_joints = FL_hip_joint,FL_thigh_joint,FL_calf_joint,FR_hip_joint",
      "data.columns = joints@qpos,joint_vel@qvel, data.velocity_joints = " ARM_JOINTS "; "};
  for (int k = 0; k < 2; k++) {
    const mistake order = {.in_state = velocity_order};
    df_system* s = robot_system(robots[k], 1);
    df_dataset *right_data = robot_data(robots[k]), *d = plant(&order, robots[k], right_data, s->dt);
    const size_t rows = d->first[EPISODES], nq = (size_t)df_mujoco_nq(s), nv = (size_t)s->nx - nq;
    double ends[EPISODES], *q = calloc(rows * nq, sizeof *q), *v = calloc(rows * nv, sizeof *v);
    for (int e = 0; e < EPISODES; e++) ends[e] = (double)d->first[e + 1];
    for (size_t r = 0; r < rows; r++) {
      memcpy(q + r * nq, d->states + r * (size_t)s->nx, nq * sizeof *q);
      memcpy(v + r * nv, d->states + r * (size_t)s->nx + nq, nv * sizeof *v);
    }
    const df_npz_entry entries[] = {{.key = "qpos", .rank = 2, .shape = {rows, nq}, .values = q},
                                    {.key = "qvel", .rank = 2, .shape = {rows, nv}, .values = v},
                                    {.key = "ends", .rank = 1, .shape = {EPISODES}, .values = ends},
                                    {.key = "dt", .values = &s->dt}};
    assert_ok(df_npz_write(test_file("apart.npz"), 4, entries));
    const char* found = cure("separate arrays", "apart.npz", "data.columns = qpos@qpos,qvel@qvel", s);
    assert_memory_equal(found, fits[k], strlen(fits[k]));
    free(q);
    free(v);
    df_dataset_free(d);
    df_dataset_free(right_data);
    df_system_free(s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(right_recordings_have_nothing_wrong), cmocka_unit_test(files_of_different_rates_are_right),
      cmocka_unit_test(robots_that_fly_and_swim_are_right), cmocka_unit_test(settings_that_would_fit_are_absolute),
      cmocka_unit_test(separate_arrays_of_velocities_have_an_order)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
