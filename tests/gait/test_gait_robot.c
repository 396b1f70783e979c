/* The robots of the generator of gaits: their numbers against the models of their tasks and against the published
 * models, and how many attempts stay upright over the wide ranges. */
#include <math.h>
#include <mujoco/mujoco.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/gait/gait.h"
#include "gait_robot.h"
#include "gait_table.h"
#include "near.h"
#include "shared_data.h"
#include "unit.h"

/* slow */

enum { NX = 37, ROBOTS = 3 };

static const struct {
  const char *name, *model, *published, *trunk;
  double mass; /* sum of the published masses, kg, exact in decimals */
} robot[ROBOTS] = {
    {"Go1", "tasks/go1_gaits/go1.xml", "mjcf/menagerie/unitree_go1/go1.xml", "trunk", 12.743448},
    {"Go2", "tasks/go2_gaits/go2.xml", "mjcf/menagerie/unitree_go2/go2.xml", "base", 15.206408},
    {"A1", "tasks/a1_gaits/a1.xml", "mjcf/menagerie/unitree_a1/a1.xml", "trunk", 12.453},
};
static const char* const LEG[DF_LEGS] = {"FR", "FL", "RR", "RL"};

static df_system* load(int k) {
  df_system* system;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.timestep = 0.004;
  cfg.substeps = 5;
  cfg.integrator = DF_INTEGRATOR_EULER;
  cfg.tolerance = 1e-12;
  if (df_mujoco_system_new(robot[k].model, &cfg, &system) != DF_OK) fail_msg("%s", df_error_message());
  return system;
}

/* a pose [NX] with joints inside the ranges of all three robots, for which the inverse kinematics has one solution */
static void random_pose(int i, double x[NX]) {
  double uniform[NX], norm = 0;
  df_rng_uniform(11, DF_STREAM_TEST, (uint64_t)i, NX, uniform);
  memset(x, 0, NX * sizeof *x);
  for (int k = 0; k < 7; k++) x[k] = 2 * uniform[k] - 1;
  for (int k = 3; k < 7; k++) norm += x[k] * x[k];
  for (int k = 3; k < 7; k++) x[k] /= sqrt(norm);
  for (int k = 0; k < 12; k++) {
    static const double lo[3] = {-0.6, -0.1, -2.6}, hi[3] = {0.6, 1.6, -1};
    x[7 + k] = lo[k % 3] + (hi[k % 3] - lo[k % 3]) * uniform[7 + k];
  }
}

static void the_leg_is_the_leg_of_the_task_of_each_robot(void** state) {
  (void)state;
  const df_gait_robot* known;
  assert_int_equal(df_gait_robots(&known), ROBOTS);
  for (int k = 0; k < ROBOTS; k++) {
    assert_string_equal(known[k].name, robot[k].name);
    df_system* system = load(k);
    df_sim* sim;
    assert_int_equal(df_sim_new(system, 0, &sim), DF_OK);
    for (int i = 0; i < 30; i++) {
      double x[NX], rotation[9];
      random_pose(i, x);
      df_mujoco_pose(sim, x);
      df_leg_rotation(x + 3, rotation);
      for (int leg = 0; leg < DF_LEGS; leg++) {
        double foot[3], world[3], model[3], back[3];
        df_leg_foot(&known[k].leg, leg, x + 7 + 3 * leg, foot);
        df_leg_rotate(rotation, foot, world);
        df_mujoco_geom_position(sim, df_mujoco_geom(system, LEG[leg]), model);
        /* sums of a few lengths below 2 m in a different order */
        for (int j = 0; j < 3; j++) assert_near(x[j] + world[j], model[j], 1e-14);
        /* acos near a folded knee amplifies rounding */
        df_leg_joints(&known[k].leg, leg, foot, back);
        for (int j = 0; j < 3; j++) assert_near(back[j], x[7 + 3 * leg + j], 1e-13);
      }
    }
    df_sim_free(system, sim);
    df_system_free(system);
  }
}

static void feet_and_targets_are_those_of_the_models(void** state) {
  (void)state;
  const df_gait_robot* known;
  df_gait_robots(&known);
  for (int k = 0; k < ROBOTS; k++) {
    char error[500];
    mjModel* m = mj_loadXML(robot[k].model, NULL, error, sizeof error);
    if (!m) fail_msg("%s", error);
    assert_near(mj_getTotalmass(m), robot[k].mass, 1e-9);
    for (int leg = 0; leg < DF_LEGS; leg++) {
      assert_near(m->geom_size[3 * mj_name2id(m, mjOBJ_GEOM, LEG[leg])], known[k].leg.foot_radius, 0);
    }
    for (int i = 0; i < 12; i++) {
      assert_true(known[k].target_min[i % 3] >= m->actuator_ctrlrange[2 * i]);
      assert_true(known[k].target_max[i % 3] <= m->actuator_ctrlrange[2 * i + 1]);
      assert_near(m->actuator_gainprm[i * mjNGAIN], 35, 0);
    }
    /* nothing but the feet and the floor can touch */
    int touching = 0;
    for (int g = 0; g < m->ngeom; g++) touching += m->geom_contype[g] || m->geom_conaffinity[g];
    assert_int_equal(touching, DF_LEGS + 1);
    mj_deleteModel(m);
  }
}

/* the targets are clamped to the box in which learners act */
static void every_target_is_one_that_a_learner_can_choose(void** state) {
  (void)state;
  static const char* const task[ROBOTS] = {"go1_gaits", "go2_gaits", "a1_gaits"};
  const df_gait_robot* known;
  df_gait_robots(&known);
  for (int k = 0; k < ROBOTS; k++) {
    char path[64];
    df_config config;
    snprintf(path, sizeof path, "tasks/%s/task.yaml", task[k]);
    if (df_config_load(path, "smoke", "dynaflow", 0, NULL, &config) != DF_OK) fail_msg("%s", df_error_message());
    for (int i = 0; i < 3; i++) {
      /* the bounds are rounded decimals */
      assert_near(known[k].target_min[i], config.action_center.v[i] - config.action_half_range.v[i], 1e-12);
      assert_near(known[k].target_max[i], config.action_center.v[i] + config.action_half_range.v[i], 1e-12);
    }
  }
}

static mjSpec* parse(const char* path) {
  char error[500];
  mjSpec* spec = mj_parseXML(path, NULL, error, sizeof error);
  if (!spec) fail_msg("%s", error);
  return spec;
}

static void assert_same(const double* a, const double* b, int n, const char* what) {
  for (int i = 0; i < n; i++) {
    if (!(a[i] == b[i] || (isnan(a[i]) && isnan(b[i])))) fail_msg("%s: %g, published: %g", what, a[i], b[i]);
  }
}

/* the bodies that the published model and ours have in common: masses, inertias, places; and joint ranges and torques
 */
static void numbers_are_those_of_the_published_models(void** state) {
  (void)state;
  static const char* const PART[3] = {"hip", "thigh", "calf"};
  for (int k = 0; k < ROBOTS; k++) {
    char* path = df_path_join(shared_data_folder(), robot[k].published);
    if (!df_file_exists(path)) {
      df_free(path);
      skip_without_data("mjcf/menagerie");
    }
    mjSpec *own = parse(robot[k].model), *published = parse(path);
    df_free(path);
    for (int i = 0; i < 13; i++) {
      char name[40], joint[48];
      snprintf(name, sizeof name, "%s_%s", i < 12 ? LEG[i / 3] : "", PART[i % 3]);
      const mjsBody* a = mjs_findBody(own, i < 12 ? name : "trunk");
      const mjsBody* b = mjs_findBody(published, i < 12 ? name : robot[k].trunk);
      assert_true(a && b);
      assert_same(&a->mass, &b->mass, 1, name);
      assert_same(a->ipos, b->ipos, 3, name);
      assert_same(a->iquat, b->iquat, 4, name);
      assert_same(a->inertia, b->inertia, 3, name);
      assert_same(a->fullinertia, b->fullinertia, 6, name);
      if (i == 12) continue; /* where the trunk is at first differs */
      assert_same(a->pos, b->pos, 3, name);

      snprintf(joint, sizeof joint, "%s_joint", name);
      const mjsJoint* p = mjs_asJoint(mjs_findElement(own, mjOBJ_JOINT, joint));
      const mjsJoint* q = mjs_asJoint(mjs_findElement(published, mjOBJ_JOINT, joint));
      assert_same(p->range, q->range, 2, joint);
      assert_same(p->axis, q->axis, 3, joint);
      const mjsActuator* u = mjs_asActuator(mjs_findElement(own, mjOBJ_ACTUATOR, name));
      const mjsActuator* w = mjs_asActuator(mjs_findElement(published, mjOBJ_ACTUATOR, name));
      /* the Go2's actuators are motors, whose control is the torque */
      assert_same(u->forcerange, k == 1 ? w->ctrlrange : w->forcerange, 2, name);
    }
    mj_deleteSpec(own);
    mj_deleteSpec(published);
  }
}

/* attempts over the wide ranges of the header, with start noise: of 16 per robot and gait, those that fall */
static void attempts_stay_upright_over_the_wide_ranges(void** state) {
  (void)state;
  static const char* const settings[][2] = {
      {"data.command_vx", "1.5"}, {"data.command_vy", "0.6"},    {"data.command_wz", "0.8"},
      {"data.seconds", "4"},      {"data.episodes", "16"},       {"data.gaits", "trot,pace,bound,pronk"},
      {"gait.gains", "wide"},     {"gait.frequency", "2.5,3.5"}, {"gait.swing_height", "0.06,0.12"},
      {"gait.start_noise", "1"}};
  df_config config = df_config_default();
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    assert_int_equal(df_config_set(&config, settings[i][0], settings[i][1], "test"), DF_OK);
  }
  for (int k = 0; k < ROBOTS; k++) {
    df_system* system = load(k);
    df_generation report;
    df_dataset* data;
    const df_generator_env env = {.threads = 2, .report = &report};
    if (df_gait_demonstrate(system, &config, &env, &data) != DF_OK) fail_msg("%s", df_error_message());
    for (int g = 0; g < report.n; g++) {
      print_message("%s %s: %d of %d attempts fell\n", robot[k].name, report.kind[g].name, report.kind[g].rejected,
                    report.kind[g].tried);
      assert_int_equal(report.kind[g].tried - report.kind[g].rejected, 16);
      assert_true(report.kind[g].rejected <= 1);
    }
    df_dataset_free(data);
    df_system_free(system);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_leg_is_the_leg_of_the_task_of_each_robot),
      cmocka_unit_test(feet_and_targets_are_those_of_the_models),
      cmocka_unit_test(every_target_is_one_that_a_learner_can_choose),
      cmocka_unit_test(numbers_are_those_of_the_published_models),
      cmocka_unit_test(attempts_stay_upright_over_the_wide_ranges),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
