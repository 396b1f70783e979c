/* Recordings whose numbers mean something else than the model's, on two robots with legs: inverse quaternions, joints
 * of the opposite sign, and a box in the place of the base. What is found is what was planted, and nothing else. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "data_check.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/io/npz.h"
#include "found.h"
#include "planted.h"
#include "test_file.h"
#include "unit.h"

/* ---- robots ---- */

enum { CRAB, GO1, LEGGED, LEGS = 4, HINGES = 12, ROOT_NQ = 7, ROOT_NV = 6 };
static const char* const legged[] = {"crab", "Go1"};

#define BOX(filter) \
  "<body name='box' pos='1 0 .1'><freejoint name='box'/><geom type='box' size='.1 .1 .1' mass='1' " filter "/></body>"
#define CRAB_LEG(name, at, range)                                                             \
  "<body pos='" at "'><joint name='" name "_hip' axis='1 0 0' range='" range                  \
  "'/><geom size='.03' mass='.3' "                                                            \
  "conaffinity='0'/><body><joint name='" name                                                 \
  "_thigh' axis='0 1 0' range='-20 100'/><geom type='capsule' "                               \
  "fromto='0 0 0 0 0 -.2' size='.02' conaffinity='0'/><body pos='0 0 -.2'><joint name='" name \
  "_knee' axis='0 1 0' range='-140 -30'/><geom type='capsule' fromto='0 0 0 0 0 -.2' "        \
  "size='.02'/></body></body></body>"
#define CRAB_SERVOS(name)                                                                                    \
  "<position joint='" name "_hip' kp='60'/><position joint='" name "_thigh' kp='60'/><position joint='" name \
  "_knee' kp='60'/>"
#define CRAB_WITH(box)                                                                                                \
  "<mujoco><compiler autolimits='true'/><option timestep='.004'/><default><joint damping='1' armature='.01'/><geom "  \
  "contype='0' conaffinity='1'/></default><worldbody><geom type='plane' size='50 50 1' contype='1' conaffinity='0'/>" \
  "<body pos='0 0 .32'><freejoint name='base'/><geom type='box' size='.2 .12 .05' mass='6' "                          \
  "conaffinity='0'/>" CRAB_LEG("fl", ".2 .12 0", "-20 60") CRAB_LEG("fr", ".2 -.12 0", "-60 20")                      \
      CRAB_LEG("rl", "-.2 .12 0", "-20 60")                                                                           \
          CRAB_LEG("rr", "-.2 -.12 0", "-60 20") "</body>" box "</worldbody><actuator>" CRAB_SERVOS("fl")             \
              CRAB_SERVOS("fr") CRAB_SERVOS("rl") CRAB_SERVOS("rr") "</actuator></mujoco>"

/* the model of the Go1 with a box, without its keyframe */
static const char* go1_with_box(void) {
  static char out[65536];
  char* model;
  size_t n;
  assert_ok(df_file_read("tasks/go1_gaits/go1.xml", &model, &n));
  const char *end = strstr(model, "</worldbody>"), *key = strstr(model, "<keyframe>"),
             *rest = strstr(key, "</keyframe>");
  snprintf(out, sizeof out, "%.*s%s%.*s%s", (int)(end - model), model, BOX("contype='0' conaffinity='1'"),
           (int)(key - end), end, rest + strlen("</keyframe>"));
  df_free(model);
  return out;
}

static df_system* legged_system(int robot, bool box) {
  df_system* out;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = 5;
  cfg.integrator = DF_INTEGRATOR_EULER;
  const char* xml = robot == GO1 ? (box ? go1_with_box() : "") : box ? CRAB_WITH(BOX("")) : CRAB_WITH("");
  assert_ok(*xml ? df_mujoco_system_from_xml(xml, legged[robot], &cfg, &out)
                 : df_mujoco_system_new("tasks/go1_gaits/go1.xml", &cfg, &out));
  return out;
}

/* trots in place after a second on its feet */
static df_dataset* crab_data(const df_system* s) {
  df_dataset* d = dataset_like(s, NULL);
  df_sim* sim;
  double u[HINGES], x[64];
  assert_ok(df_sim_new(s, 0, &sim));
  for (int e = 0; e < EPISODES; e++) {
    df_mujoco_initial_state(s, x);
    for (int k = 0; k < LEGS; k++) x[7 + 3 * k] = k % 2 ? -0.3 : 0.3, x[8 + 3 * k] = 0.7, x[9 + 3 * k] = -1.4;
    s->ops->reset(sim, x);
    for (int t = -50; t <= FRAMES; t++) {
      if (t >= 0) memcpy(frame_of(d, e, t), x, (size_t)s->nx * sizeof *x);
      for (int k = 0; k < LEGS; k++) {
        const double phase = 2 * PI * (1.3 + 0.1 * e) * t * s->dt + (k == 0 || k == 3 ? 0 : PI) + e;
        u[3 * k] = (k % 2 ? -0.3 : 0.3) + 0.12 * sin(0.7 * phase + k);
        u[3 * k + 1] = 0.7 + 0.25 * sin(phase);
        u[3 * k + 2] = -1.4 + 0.3 * fmax(0, cos(phase));
      }
      assert_int_equal(s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
    }
  }
  df_sim_free(s, sim);
  return d;
}

/* the recording of a robot beside a box that is pushed along the floor and turns */
static df_dataset* beside_a_box(const df_system* s, const df_dataset* robot) {
  df_dataset* d = dataset_like(s, NULL);
  const int nq = ROOT_NQ + HINGES, nv = ROOT_NV + HINGES;
  for (int e = 0; e < EPISODES; e++) {
    for (int t = 0; t <= FRAMES; t++) {
      double *x = frame_of(d, e, t), *v = x + nq + ROOT_NQ;
      const double *r = df_dataset_state(robot, e, t), time = t * s->dt;
      const double box[ROOT_NQ] = {1 + 0.2 * time,     0.1 * sin(time), 0.1, cos(0.1 * time + e), 0, 0,
                                   sin(0.1 * time + e)};
      const double moves[ROOT_NV] = {0.2, 0.1 * cos(time), 0, 0, 0, 0.2};
      memcpy(x, r, (size_t)nq * sizeof *x);
      memcpy(x + nq, box, sizeof box);
      memcpy(v, r + nq, (size_t)nv * sizeof *v);
      memcpy(v + nv, moves, sizeof moves);
    }
  }
  return d;
}

/* ---- mistakes ---- */

static void conjugate(const layout* l, double* x) {
  (void)l;
  for (int i = 4; i < 7; i++) x[i] *= -1;
}
static void conjugate_xyzw(const layout* l, double* x) {
  conjugate(l, x);
  quaternion_order(l, x);
}
/* joint `part` of each leg; -1: all */
static void negate(const layout* l, double* x, int part, bool positions, bool velocities) {
  for (int k = 0; k < HINGES; k++) {
    if (part >= 0 && k % 3 != part) continue;
    if (positions) x[ROOT_NQ + k] *= -1;
    if (velocities) x[l->nq + ROOT_NV + k] *= -1;
  }
}
static void hips_reversed(const layout* l, double* x) {
  negate(l, x, 0, true, true);
}
static void knees_reversed(const layout* l, double* x) {
  negate(l, x, 2, true, true);
}
static void thighs_reversed(const layout* l, double* x) {
  negate(l, x, 1, true, true);
}
static void all_reversed(const layout* l, double* x) {
  negate(l, x, -1, true, true);
}
static void hips_reversed_in_place(const layout* l, double* x) {
  negate(l, x, 0, true, false);
}
static void speeds_of_hips_reversed(const layout* l, double* x) {
  negate(l, x, 0, false, true);
}
static void speeds_of_front_legs_exchanged(const layout* l, double* x) {
  for (int k = 0; k < 3; k++) {
    double *a = x + l->nq + l->joints[1 + k].dof, *b = x + l->nq + l->joints[4 + k].dof;
    const double first = *a;
    *a = *b;
    *b = first;
  }
}
/* the robot's base and the box, in a model that ends with the box */
static void box_as_base(const layout* l, double* x) {
  double base[ROOT_NQ];
  for (int k = 0; k < 2; k++) {
    double *a = x + (k ? l->nq : 0), *b = x + (k ? l->nq + l->nv - ROOT_NV : l->nq - ROOT_NQ);
    const size_t bytes = (k ? ROOT_NV : ROOT_NQ) * sizeof *a;
    memcpy(base, a, bytes);
    memcpy(a, b, bytes);
    memcpy(b, base, bytes);
  }
}

typedef struct misreading {
  const char* name;
  void (*in_state)(const layout*, double*);
  bool box;
  const char* check;        /* "; " between several */
  const char* says[LEGGED]; /* part of the reason, or would_fit, of the first */
} misreading;

#define SAME(text) \
  { text, text }
static const misreading misreadings[] = {
    {"right", NULL, false, "", SAME("")},
    {"right, with a box", NULL, true, "", SAME("")},
    {"inverse quaternions", conjugate, false, "convention", SAME("data.quaternion = wxyz_inverse")},
    {"inverse quaternions x, y, z, w", conjugate_xyzw, false, "convention", SAME("data.quaternion = xyzw_inverse")},
    {"hips reversed",
     hips_reversed,
     false,
     "joint sign",
     {"with the opposite sign of fl_hip, fr_hip, rl_hip, rr_hip the misfit",
      "with the opposite sign of FR_hip_joint, FL_hip_joint, RR_hip_joint, RL_hip_joint the misfit"}},
    {"knees reversed",
     knees_reversed,
     false,
     "joint sign",
     {"with the opposite sign of fl_knee, fr_knee, rl_knee, rr_knee the",
      "with the opposite sign of FR_calf_joint, FL_calf_joint, RR_calf_joint, RL_calf_joint the"}},
    {"thighs reversed",
     thighs_reversed,
     false,
     "joint sign",
     {"with the opposite sign of fl_thigh, fr_thigh, rl_thigh, rr_thigh the misfit",
      "with the opposite sign of FR_thigh_joint, FL_thigh_joint, RR_thigh_joint, RL_thigh_joint the misfit"}},
    {"all joints reversed",
     all_reversed,
     false,
     "joint sign",
     {"with the opposite sign of fl_hip, fl_thigh, fl_knee, fr_hip, fr_thigh, fr_knee and 6 more the misfit",
      "with the opposite sign of FR_hip_joint, FR_thigh_joint, FR_calf_joint, FL_hip_joint, FL_thigh_joint, "
      "FL_calf_joint "
      "and 6 more the misfit"}},
    {"positions of hips reversed",
     hips_reversed_in_place,
     false,
     "joint sign; velocity sign",
     {"fl_hip, fr_hip, rl_hip, rr_hip", "FR_hip_joint, FL_hip_joint, RR_hip_joint, RL_hip_joint"}},
    {"velocities of hips reversed",
     speeds_of_hips_reversed,
     false,
     "velocity sign",
     {"the velocities have the opposite sign of the changes of the positions: fl_hip, fr_hip, rl_hip, rr_hip; negate",
      "the velocities have the opposite sign of the changes of the positions: FR_hip_joint, FL_hip_joint, "
      "RR_hip_joint, "
      "RL_hip_joint; negate"}},
    {"velocities of front legs exchanged", speeds_of_front_legs_exchanged, false, "velocity order",
     SAME("another order than the positions")},
    {"a box as the base", box_as_base, true, "free bodies",
     SAME("the columns of free joint 0 'base' are those of free joint 13 'box'")}};
enum { MISREADINGS = sizeof misreadings / sizeof *misreadings };

static data_findings check(const df_system* s, const df_dataset* right, const misreading* m) {
  const layout l = layout_of(s);
  df_dataset* d = dataset_like(s, NULL);
  data_findings out = {0};
  df_config config = df_config_default();
  config.window_horizon = 1;
  const size_t rows = d->first[EPISODES];
  memcpy(d->states, right->states, rows * (size_t)d->nx * sizeof *d->states);
  for (size_t f = 0; f < rows && m->in_state; f++) m->in_state(&l, d->states + f * (size_t)d->nx);
  const df_npz_entry states = {
      .key = "states", .rank = 3, .shape = {EPISODES, FRAMES + 1, (size_t)d->nx}, .values = d->states};
  assert_ok(df_npz_write(test_file("recording.npz"), 1, &states));
  assert_ok(df_config_set(&config, "data.actions_key", "", "test"));
  assert_ok(data_check_recording(test_file("recording.npz"), &config, s, &check_thorough, &out, NULL));
  df_dataset_free(d);
  return out;
}

/* whether the checks that are wrong are those of m, in this order, and the first says what it has to */
static bool is_named(const data_findings* f, const misreading* m, int robot) {
  char checks[512] = "";
  bool says = !*m->check;
  for (int i = 0; i < f->n; i++) {
    const data_finding* one = &f->list[i];
    if (one->verdict != CHECK_WRONG) continue;
    says |= !*checks && (strstr(one->reason, m->says[robot]) || strcmp(would_fit(one), m->says[robot]) == 0);
    snprintf(checks + strlen(checks), sizeof checks - strlen(checks), "%s%s", *checks ? "; " : "",
             data_check_name(one->check));
    print_message("    %s, %s: %s: %s; would fit: %s\n", legged[robot], m->name, data_check_name(one->check),
                  one->reason, would_fit(one));
  }
  return says && strcmp(checks, m->check) == 0;
}

static void misreadings_are_named(void** state) {
  (void)state;
  int named = 0;
  for (int robot = 0; robot < LEGGED; robot++) {
    df_system *alone = legged_system(robot, false), *with_box = legged_system(robot, true);
    df_dataset* right = robot == GO1 ? robot_data(QUADRUPED) : crab_data(alone);
    df_dataset* beside = beside_a_box(with_box, right);
    for (int k = 0; k < MISREADINGS; k++) {
      const misreading* m = &misreadings[k];
      data_findings f = m->box ? check(with_box, beside, m) : check(alone, right, m);
      const bool is = is_named(&f, m, robot);
      if (!is) print_error("%s, %s: not named\n", legged[robot], m->name);
      named += is;
      data_findings_clear(&f);
    }
    df_dataset_free(right);
    df_dataset_free(beside);
    df_system_free(alone);
    df_system_free(with_box);
  }
  assert_int_equal(named, LEGGED * MISREADINGS);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(misreadings_are_named)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
