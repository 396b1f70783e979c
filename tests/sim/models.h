/* models.h: models and motions that the simulator tests share. */
#ifndef TESTS_SIM_MODELS_H
#define TESTS_SIM_MODELS_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/gradcheck/gradcheck.h"
#include "dynaflow/sim/adjoint.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/rollout.h"
#include "shared_data.h"

/* models of the data sets, in the shared data folder */
#define HOPPER  "mjcf/gymnasium/hopper.xml"
#define WALKER  "mjcf/gymnasium/walker2d.xml"
#define CHEETAH "mjcf/gymnasium/half_cheetah.xml"
#define GO1     "mjcf/derived/go1_playground_feetonly_meshfree.xml"

#define OK(call)                                                                                             \
  do {                                                                                                       \
    df_status ok_status_ = (call);                                                                           \
    if (ok_status_ != DF_OK) fail_msg("%s: %s (%s)", #call, df_status_text(ok_status_), df_error_message()); \
  } while (0)

/* cmocka's own comparison is in single precision */
#define CLOSE(a, b, tolerance)                                                                                       \
  do {                                                                                                               \
    const double close_a_ = (a), close_b_ = (b);                                                                     \
    if (!(fabs(close_a_ - close_b_) <= (tolerance))) fail_msg("%s = %.17g, %s = %.17g", #a, close_a_, #b, close_b_); \
  } while (0)

/* The path of a model of the data sets. A machine without the data folder skips the test; a folder without the file is
 * broken and fails. */
static inline const char* data_path(const char* file) {
  static char path[512];
  snprintf(path, sizeof path, "%s/%s", shared_data_folder(), file);
  if (!df_file_exists(shared_data_folder())) skip_without_data("published models");
  if (!df_file_exists(path)) fail_msg("data file %s is missing", path);
  return path;
}

static inline df_system* model_file(const char* file, double timestep, int substeps, df_integrator integrator,
                                    df_margin_rule margins) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.timestep = timestep;
  cfg.substeps = substeps;
  cfg.integrator = integrator;
  cfg.margin_rule = margins;
  df_system* system;
  OK(df_mujoco_system_new(data_path(file), &cfg, &system));
  return system;
}

static inline df_system* model_text(const char* xml, int substeps) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = substeps;
  df_system* system;
  OK(df_mujoco_system_from_xml(xml, "built-in model", &cfg, &system));
  return system;
}

/* ---- built-in models ---- */

/* A quadruped with a free base, sphere feet, PD actuators. %s: options of <option>, attributes of the joints, of the
 * feet's geoms, of the actuators. */
#define QUADRUPED_LEG(name, x, y, side)                                  \
  "<body pos='" x " " y " 0'><joint name='" name                         \
  "_hip' axis='1 0 0' range='-.86 .86'/>"                                \
  "<geom type='cylinder' size='.045 .03' mass='.68'/>"                   \
  "<body pos='0 " side " 0'><joint name='" name                          \
  "_thigh' axis='0 1 0' range='-.6 4.5'/>"                               \
  "<geom type='capsule' fromto='0 0 0 0 0 -.2' size='.02' mass='1.15'/>" \
  "<body pos='0 0 -.213'><joint name='" name                             \
  "_calf' axis='0 1 0' range='-2.8 -.89'/>"                              \
  "<geom type='capsule' fromto='0 0 0 0 0 -.2' size='.012' mass='.15'/>" \
  "<geom class='foot' name='" name "' pos='0 0 -.213' mass='.06'/></body></body></body>"
#define QUADRUPED_PD(name) \
  "<general joint='" name "_hip'/><general joint='" name "_thigh'/><general joint='" name "_calf'/>"
#define QUADRUPED                                                                                                   \
  "<mujoco><compiler angle='radian' autolimits='true'/><option timestep='.004' %s/>"                                \
  "<default><geom contype='0' conaffinity='0' condim='3' friction='.8 .02 .01' solimp='.9 .95 .01'/>"               \
  "<joint armature='.01' %s/><general biastype='affine' gainprm='120' biasprm='0 -120 -3' forcerange='-45 45' %s/>" \
  "<default class='foot'><geom type='sphere' size='.023' contype='1' conaffinity='0' %s/></default></default>"      \
  "<worldbody><geom name='floor' type='plane' size='20 20 .1' conaffinity='1'/>"                                    \
  "<body name='base' pos='0 0 .32'><freejoint/><geom type='box' size='.2 .05 .05' mass='6.9'/>" QUADRUPED_LEG(      \
      "FR", ".19", "-.05", "-.08") QUADRUPED_LEG("FL", ".19", ".05", ".08")                                         \
      QUADRUPED_LEG("RR", "-.19", "-.05", "-.08")                                                                   \
          QUADRUPED_LEG("RL", "-.19", ".05", ".08") "</body></worldbody><actuator>" QUADRUPED_PD("FR")              \
              QUADRUPED_PD("FL") QUADRUPED_PD("RR") QUADRUPED_PD("RL") "</actuator></mujoco>"

/* A planar hopper that falls, lands and rolls over: a slide each way, a pitch, two hinges. %s: options of <option>. */
#define PLANAR_HOPPER                                                                                          \
  "<mujoco><compiler angle='radian' autolimits='true'/><option timestep='.004' %s/>"                           \
  "<default><geom friction='.8 .1 .1' solimp='.9 .95 .01'/><joint armature='.1' damping='.3'/></default>"      \
  "<worldbody><geom name='floor' type='plane' size='20 20 .1'/><body name='torso' pos='0 0 .9'>"               \
  "<joint name='x' type='slide' axis='1 0 0' armature='0' damping='0'/>"                                       \
  "<joint name='z' type='slide' axis='0 0 1' armature='0' damping='0'/>"                                       \
  "<joint name='pitch' axis='0 1 0' armature='0' damping='0'/>"                                                \
  "<geom type='capsule' fromto='0 0 .2 0 0 -.2' size='.05' mass='3'/>"                                         \
  "<body pos='0 0 -.2'><joint name='thigh' axis='0 -1 0' range='-1.2 .4'/>"                                    \
  "<geom type='capsule' fromto='0 0 0 0 0 -.35' size='.04' mass='2'/>"                                         \
  "<body pos='0 0 -.35'><joint name='leg' axis='0 -1 0' range='-1.5 .1'/>"                                     \
  "<geom type='capsule' fromto='0 0 0 .1 0 -.3' size='.05' mass='1'/></body></body></body></worldbody>"        \
  "<actuator><motor joint='thigh' gear='20' ctrlrange='-1 1'/><motor joint='leg' gear='20' ctrlrange='-1 1'/>" \
  "</actuator></mujoco>"

static inline df_system* planar_hopper(const char* option, int substeps) {
  char xml[4096];
  snprintf(xml, sizeof xml, PLANAR_HOPPER, option);
  return model_text(xml, substeps);
}

static inline df_system* quadruped(const char* option, const char* joint, const char* actuator, const char* foot,
                                   int substeps) {
  char xml[8192];
  snprintf(xml, sizeof xml, QUADRUPED, option, joint, actuator, foot);
  return model_text(xml, substeps);
}

/* ---- states along a random motion ---- */

typedef struct motion {
  int n;
  double *x, *u; /* [n][nx], [n][nu] */
} motion;

static inline void motion_free(motion* m) {
  df_free(m->x);
  df_free(m->u);
}

/* standing pose of the quadrupeds here and of Go1; other models start at rest */
static inline void start_pose(const df_system* s, double height, double* x) {
  df_mujoco_initial_state(s, x);
  if (df_mujoco_nv(s) != 18) return;
  static const double leg[3] = {0, 0.9, -1.8};
  x[2] = height;
  for (int i = 0; i < 12; i++) x[7 + i] = leg[i % 3];
}

/* the action box's centre and half width, the standing pose and half a radian where it is open */
static inline double random_action(const df_system* s, int k, double r, double size) {
  const double stand = k % 3 == 1 ? 0.9 : k % 3 == 2 ? -1.8 : 0;
  if (df_mujoco_nv(s) == 18) return stand + 0.5 * size * r;
  return 0.5 * (s->u_lo[k] + s->u_hi[k]) + 0.5 * size * r * (s->u_hi[k] - s->u_lo[k]);
}

/* n states and actions along motions of `episode` steps from the start pose under random actions, one in `stride` */
static inline motion random_motion(const df_system* s, int n, int episode, int stride, double size, double height,
                                   uint64_t seed) {
  motion m = {.x = df_alloc((size_t)(n * s->nx), sizeof(double)), .u = df_alloc((size_t)(n * s->nu), sizeof(double))};
  double x[128], u[64], r[64];
  df_sim* sim;
  OK(df_sim_new(s, 0, &sim));
  for (int t = 0; m.n < n; t++) {
    if (t % episode == 0) {
      start_pose(s, height, x);
      s->ops->reset(sim, x);
    }
    df_rng_uniform(seed, DF_STREAM_TEST, (uint64_t)t, (size_t)s->nu, r);
    for (int k = 0; k < s->nu; k++) u[k] = random_action(s, k, 2 * r[k] - 1, size);
    if (t % stride == 0) {
      memcpy(m.x + m.n * s->nx, x, (size_t)s->nx * sizeof *x);
      memcpy(m.u + m.n * s->nu, u, (size_t)s->nu * sizeof *u);
      m.n++;
    }
    if (s->ops->step(sim, u, x) != DF_TRAJ_COMPLETE) t += episode - 1 - t % episode;
  }
  df_sim_free(s, sim);
  return m;
}

/* ---- summing up a gradient check ---- */

typedef struct summary {
  int smooth, kinks, approximate, differenced;
  double median, p99, worst; /* of the smooth and exact points */
} summary;

static inline int by_size(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

static inline summary sum_up(int n, const df_gradcheck_point* p) {
  double* errors = df_alloc((size_t)n, sizeof *errors);
  summary s = {0};
  for (int i = 0; i < n; i++) {
    s.kinks += p[i].kink;
    s.approximate += p[i].approximate && !p[i].kink;
    s.differenced += p[i].differenced && !p[i].kink;
    if (!p[i].kink && !p[i].approximate && !p[i].differenced) errors[s.smooth++] = p[i].error;
  }
  qsort(errors, (size_t)s.smooth, sizeof *errors, by_size);
  if (s.smooth > 0) {
    s.median = errors[s.smooth / 2];
    s.p99 = errors[(s.smooth - 1) * 99 / 100];
    s.worst = errors[s.smooth - 1];
  }
  df_free(errors);
  return s;
}

/* The loss gradient of R rollouts of `horizon` actions from x0 [R][nx] under u [R][horizon][nu] towards target
 * [R][horizon+1][nx] against differences; at most two of the rollouts may lie on kinks. */
static inline void check_rollout_gradients(const df_system* s, int R, int horizon, const double* x0, const double* u,
                                           const double* target, double tolerance, const char* name) {
  df_gradcheck_point* p = df_alloc((size_t)R, sizeof *p);
  double* weight = df_alloc((size_t)s->ndx, sizeof *weight);
  for (int i = 0; i < s->ndx; i++) weight[i] = i < s->ndx / 2 ? 1 : 0.01;
  OK(df_gradcheck_rollouts(
      s, &(df_gradcheck_cfg){.seed = 6, .threads = 2},
      &(df_gradcheck_batch){.n = R, .H = horizon, .x0 = x0, .u = u, .x_target = target, .weight = weight}, p));
  const summary q = sum_up(R, p);
  print_message("%s, %d actions: %d smooth, %d kinks, median %.1e, worst %.1e\n", name, horizon, q.smooth, q.kinks,
                q.median, q.worst);
  assert_true(q.smooth >= R - 2);
  assert_true(q.worst <= tolerance);
  df_free(weight);
  df_free(p);
}

#endif
