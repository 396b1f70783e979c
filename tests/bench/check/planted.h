/* planted.h: recordings of three robots, and mistakes to plant in them. */
#ifndef TESTS_BENCH_CHECK_PLANTED_H
#define TESTS_BENCH_CHECK_PLANTED_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/config/config.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/gait/gait.h"
#include "dynaflow/sim/mujoco.h"
#include "unit.h"

static const double PI = 3.14159265358979323846;

static inline void assert_ok(df_status status) {
  if (status != DF_OK) print_error("%s\n", df_error_message());
  assert_int_equal(status, DF_OK);
}

/* ---- robots ---- */

#define LEG(name, y)                                                                                         \
  "<body pos='0 " y " 0'><joint name='" name                                                                 \
  "_thigh' axis='0 -1 0' range='-60 60'/>"                                                                   \
  "<geom type='capsule' fromto='0 0 0 0 0 -.4' size='.04' contype='0' conaffinity='0'/><body pos='0 0 -.4'>" \
  "<joint name='" name                                                                                       \
  "_knee' axis='0 -1 0' range='-120 0'/>"                                                                    \
  "<geom type='capsule' fromto='0 0 0 0 0 -.45' size='.04'/></body></body>"
static const char walker_xml[] =
    "<mujoco><option timestep='.008'/><default><joint damping='1' armature='.02'/></default><worldbody>"
    "<geom type='plane' size='50 50 1'/><body pos='0 0 .95'>"
    "<joint name='root_x' type='slide' axis='1 0 0' damping='0' armature='0'/>"
    "<joint name='root_z' type='slide' axis='0 0 1' damping='0' armature='0'/>"
    "<joint name='root_pitch' axis='0 1 0' damping='0' armature='0'/>"
    "<geom type='capsule' fromto='0 0 .05 0 0 .4' size='.05'/>" LEG("right", "-.1") LEG("left", ".1") "</body>"
    "</worldbody><actuator><position joint='right_thigh' kp='80'/><position joint='right_knee' kp='80'/>"
    "<position joint='left_thigh' kp='80'/><position joint='left_knee' kp='80'/></actuator></mujoco>";

#define LINK(name, axis, range)                                             \
  "<body pos='0 0 .2'><joint name='" name "' axis='" axis "' range='" range \
  "'/>"                                                                     \
  "<geom type='capsule' fromto='0 0 0 0 0 .2' size='.03'/>"
#define SERVO(name) "<position joint='" name "' kp='200'/>"
static const char arm_xml[] =
    "<mujoco><option timestep='.002'/><default><joint damping='15' armature='.1'/><geom contype='0' conaffinity='0'/>"
    "</default><worldbody>" LINK("shoulder_pan", "0 0 1", "-170 170") LINK("shoulder_lift", "0 1 0", "-10 100")
        LINK("elbow", "0 1 0", "20 160") LINK("wrist_roll", "0 0 1", "-90 20") LINK("wrist_bend", "0 1 0", "-30 110")
            LINK("flange", "0 0 1", "90 300") "</body></body></body></body></body></body></worldbody><actuator>" SERVO(
                "shoulder_pan") SERVO("shoulder_lift") SERVO("elbow") SERVO("wrist_roll") SERVO("wrist_bend")
                SERVO("flange") "</actuator></mujoco>";

typedef enum robot_kind { QUADRUPED, WALKER, ARM, ROBOTS } robot_kind;
static const char* const robot_names[] = {"quadruped", "planar walker", "arm"};
enum { EPISODES = 8, FRAMES = 200 };

/* the model with its timestep times `factor` */
static inline df_system* robot_system(int robot, double factor) {
  static const int substeps[] = {5, 1, 10};
  static const double timestep[] = {0.004, 0.008, 0.002};
  df_system* out;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = substeps[robot];
  cfg.integrator = DF_INTEGRATOR_EULER;
  cfg.timestep = factor * timestep[robot];
  assert_ok(robot == QUADRUPED
                ? df_mujoco_system_new("tasks/go1_gaits/go1.xml", &cfg, &out)
                : df_mujoco_system_from_xml(robot == WALKER ? walker_xml : arm_xml, "robot", &cfg, &out));
  return out;
}

/* targets within the joints' ranges: sums of two sines */
static inline void targets(const df_system* s, uint64_t episode, int t, double* u) {
  const df_joint* joints;
  const int n = df_mujoco_joints(s, &joints);
  for (int j = 0, k = 0; j < n; j++) {
    double r[4];
    if (!isfinite(joints[j].width)) continue;
    df_rng_uniform(7, DF_STREAM_TEST, episode * 64 + (uint64_t)j, 4, r);
    const double wave = 0.6 * sin(2 * PI * ((0.6 + 0.8 * r[0]) * t * s->dt + r[1])) +
                        0.4 * sin(2 * PI * ((1.6 + 2 * r[2]) * t * s->dt + r[3]));
    u[k++] = (joints[j].lo + joints[j].hi) / 2 + 0.42 * joints[j].width * wave;
  }
}

static inline double* frame_of(const df_dataset* d, int e, int t) {
  return d->states + (d->first[e] + (size_t)t) * (size_t)d->nx;
}

static inline void roll(const df_system* s, df_dataset* data) {
  df_sim* sim;
  double u[32], x[64];
  assert_ok(df_sim_new(s, 0, &sim));
  for (int e = 0; e < EPISODES; e++) {
    df_mujoco_initial_state(s, x);
    s->ops->reset(sim, x);
    for (int t = -50; t <= FRAMES; t++) {
      if (t >= 0) memcpy(frame_of(data, e, t), x, (size_t)s->nx * sizeof *x);
      targets(s, (uint64_t)e, t, u);
      assert_int_equal(s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
    }
  }
  df_sim_free(s, sim);
}

static inline void walk(const df_system* s, df_dataset* data) {
  df_dataset* all;
  df_config config = df_config_default();
  config.data_episodes = EPISODES / 4;
  assert_ok(df_gait_demonstrate(s, &config, &(df_generator_env){.threads = 2}, &all));
  for (int e = 0; e < EPISODES; e++)
    memcpy(frame_of(data, e, 0), df_dataset_state(all, e, 40), (FRAMES + 1) * (size_t)s->nx * sizeof(double));
  df_dataset_free(all);
}

static inline df_dataset* dataset_like(const df_system* s, const int* lengths) {
  df_dataset* data;
  assert_ok(df_dataset_new(
      &(df_dataset_shape){.episodes = EPISODES, .length = FRAMES, .lengths = lengths, .nx = s->nx, .dt = s->dt},
      &data));
  return data;
}

static inline df_dataset* robot_data(int robot) {
  df_system* s = robot_system(robot, 1);
  df_dataset* data = dataset_like(s, NULL);
  if (robot == QUADRUPED) {
    walk(s, data);
  } else {
    roll(s, data);
  }
  df_system_free(s);
  return data;
}

/* ---- mistakes ---- */

/* the coordinates of a robot */
typedef struct layout {
  const df_system* system;
  const df_joint* joints;
  int n, nq, nv, nx;
  bool base; /* the first joint is free */
} layout;

static inline layout layout_of(const df_system* s) {
  layout l = {.system = s, .nq = df_mujoco_nq(s), .nv = df_mujoco_nv(s), .nx = s->nx};
  l.n = df_mujoco_joints(s, &l.joints);
  l.base = l.joints[0].kind == DF_JOINT_FREE;
  return l;
}

/* v = R(q) v, or R(q)^T v */
static inline void rotate(const double q[4], bool back, double v[3]) {
  const double w = q[0], s = back ? -1 : 1, p[3] = {s * q[1], s * q[2], s * q[3]};
  const double t[3] = {2 * (p[1] * v[2] - p[2] * v[1]), 2 * (p[2] * v[0] - p[0] * v[2]),
                       2 * (p[0] * v[1] - p[1] * v[0])};
  const double out[3] = {v[0] + w * t[0] + p[1] * t[2] - p[2] * t[1], v[1] + w * t[1] + p[2] * t[0] - p[0] * t[2],
                         v[2] + w * t[2] + p[0] * t[1] - p[1] * t[0]};
  memcpy(v, out, sizeof out);
}

/* a mistake in one state x */
static inline void quaternion_order(const layout* l, double* x) {
  (void)l;
  const double w = x[3];
  memmove(x + 3, x + 4, 3 * sizeof *x);
  x[6] = w;
}
static inline void linear_in_base(const layout* l, double* x) {
  rotate(x + 3, true, x + l->nq);
}
static inline void angular_in_world(const layout* l, double* x) {
  rotate(x + 3, false, x + l->nq + 3);
}
static inline void both_frames(const layout* l, double* x) {
  linear_in_base(l, x);
  angular_in_world(l, x);
}
static inline void order_and_linear(const layout* l, double* x) {
  linear_in_base(l, x);
  quaternion_order(l, x);
}
static inline void order_and_angular(const layout* l, double* x) {
  angular_in_world(l, x);
  quaternion_order(l, x);
}
/* z up becomes y up: a turn by -90 degrees about x */
static inline void y_up(const layout* l, double* x) {
  const double turn[4] = {sqrt(0.5), -sqrt(0.5), 0, 0}, q[4] = {x[3], x[4], x[5], x[6]};
  rotate(turn, false, x);
  rotate(turn, false, x + l->nq);
  x[3] = turn[0] * q[0] - turn[1] * q[1];
  x[4] = turn[0] * q[1] + turn[1] * q[0];
  x[5] = turn[0] * q[2] - turn[1] * q[3];
  x[6] = turn[0] * q[3] + turn[1] * q[2];
}
static inline void order_and_y_up(const layout* l, double* x) {
  y_up(l, x);
  quaternion_order(l, x);
}
static inline void order_frames_and_y_up(const layout* l, double* x) {
  y_up(l, x);
  both_frames(l, x);
  quaternion_order(l, x);
}
static inline void millimetres(const layout* l, double* x) {
  for (int k = 0; k < 3; k++) x[k] *= 1000;
  for (int k = 0; k < 3; k++) x[l->nq + k] *= 1000;
}
static inline void scale_joints(const layout* l, double* x, double position, double velocity) {
  for (int j = 0; j < l->n; j++) {
    if (l->joints[j].kind != DF_JOINT_HINGE) continue;
    x[l->joints[j].qpos] *= position;
    x[l->nq + l->joints[j].dof] *= velocity;
  }
}
static inline void degrees(const layout* l, double* x) {
  scale_joints(l, x, 180 / PI, 180 / PI);
  for (int k = 3; k < 6 && l->base; k++) x[l->nq + k] *= 180 / PI;
}
static inline void degrees_of_positions(const layout* l, double* x) {
  scale_joints(l, x, 180 / PI, 1);
}
static inline void joint_scale(const layout* l, double* x) {
  scale_joints(l, x, 1, 0.05);
}
static inline void joint_velocity_zero(const layout* l, double* x) {
  scale_joints(l, x, 1, 0);
}
static inline void all_zero(const layout* l, double* x) {
  memset(x + l->nq, 0, (size_t)l->nv * sizeof *x);
}
/* the limited joints in another order: the left and right legs of the quadruped exchanged, the thighs of the walker
 * before its knees, the joints of the arm sorted by name */
static inline void reorder(const layout* l, double* x, bool positions) {
  static const int legs[] = {3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8}, walker[] = {0, 2, 1, 3}, arm[] = {2, 5, 1, 0, 4, 3};
  const int *order = l->base ? legs : l->n == 7 ? walker : arm, first = l->base ? 1 : l->n == 7 ? 3 : 0;
  double before[64];
  memcpy(before, x, (size_t)l->nx * sizeof *x);
  for (int k = 0; k < l->n - first; k++) {
    const df_joint *to = &l->joints[first + k], *from = &l->joints[first + order[k]];
    if (positions) x[to->qpos] = before[from->qpos];
    x[l->nq + to->dof] = before[l->nq + from->dof];
  }
}
static inline void joint_order(const layout* l, double* x) {
  reorder(l, x, true);
}
static inline void velocity_order(const layout* l, double* x) {
  reorder(l, x, false);
}
static inline void order_and_degrees(const layout* l, double* x) {
  joint_order(l, x);
  degrees(l, x);
}
/* the limited joints shifted by one place */
static inline void shift(const layout* l, double* x, int by) {
  const int first = l->base ? 1 : l->n == 7 ? 3 : 0, n = l->n - first;
  double before[64];
  memcpy(before, x, (size_t)l->nx * sizeof *x);
  for (int k = 0; k < n; k++) {
    const df_joint *to = &l->joints[first + (k + by + n) % n], *from = &l->joints[first + k];
    x[to->qpos] = before[from->qpos];
    x[l->nq + to->dof] = before[l->nq + from->dof];
  }
}
static inline void shifted_to_the_end(const layout* l, double* x) {
  shift(l, x, 1);
}
static inline void shifted_to_the_front(const layout* l, double* x) {
  shift(l, x, -1);
}
/* the fourth joint after the base of the quadruped is a hip; of the walker, the third after the root is a thigh */
static inline void one_reversed(const layout* l, double* x) {
  const df_joint* joint = &l->joints[l->base ? 4 : 5];
  x[joint->qpos] *= -1;
  x[l->nq + joint->dof] *= -1;
}
/* the hips of the right legs of the quadruped, which are the first and the third one */
static inline void side_reversed(const layout* l, double* x) {
  for (int leg = 0; leg < 2; leg++) {
    const df_joint* joint = &l->joints[1 + 6 * leg];
    x[joint->qpos] *= -1;
    x[l->nq + joint->dof] *= -1;
  }
}
/* the position is that of a sensor at (0.1, 0, 0.12) m in the frame of the base */
static inline void base_of_sensor(const layout* l, double* x) {
  (void)l;
  double r[3] = {0.1, 0, 0.12};
  rotate(x + 3, false, r);
  for (int k = 0; k < 3; k++) x[k] += r[k];
}
static inline void plane_scaled(const layout* l, double* x) {
  (void)l;
  for (int k = 0; k < 2; k++) x[k] *= 1.1;
}
static inline void dead_hip(const layout* l, double* x) {
  x[l->joints[7].qpos] = 0.1;
  x[l->nq + l->joints[7].dof] = 0;
}
static inline void float32(const layout* l, double* x) {
  for (int i = 0; i < l->nx; i++) x[i] = (double)(float)x[i];
}

/* mistakes in whole episodes */
/* those of the hinges alone */
static inline void late_hinges(const layout* l, df_dataset* d) {
  for (int e = 0; e < d->episodes; e++) {
    for (int t = d->lengths[e]; t > 0; t--) {
      for (int j = 0; j < l->n; j++) {
        const int at = l->nq + l->joints[j].dof;
        if (l->joints[j].kind == DF_JOINT_HINGE) frame_of(d, e, t)[at] = frame_of(d, e, t - 1)[at];
      }
    }
  }
}
/* the first coordinate, x of a base or of a root, runs away by 0.2 m/s */
static inline void drifts(const layout* l, df_dataset* d) {
  for (int e = 0; e < d->episodes; e++) {
    for (int t = 0; t <= d->lengths[e]; t++) frame_of(d, e, t)[0] += 0.2 * l->system->dt * t;
  }
}
/* the heading of a free base turns away by 0.15 rad/s */
static inline void heading_drifts(const layout* l, df_dataset* d) {
  for (int e = 0; e < d->episodes; e++) {
    for (int t = 0; t <= d->lengths[e]; t++) {
      const double half = 0.15 * l->system->dt * t / 2, c = cos(half), s = sin(half);
      double* q = frame_of(d, e, t) + 3;
      const double out[4] = {c * q[0] - s * q[3], c * q[1] - s * q[2], c * q[2] + s * q[1], c * q[3] + s * q[0]};
      memcpy(q, out, sizeof out);
    }
  }
}
static inline void late(const layout* l, df_dataset* d) {
  for (int e = 0; e < d->episodes; e++) {
    for (int t = d->lengths[e]; t > 0; t--)
      memcpy(frame_of(d, e, t) + l->nq, frame_of(d, e, t - 1) + l->nq, (size_t)l->nv * sizeof(double));
  }
}
/* the second half of each episode but the last is that of the next one */
static inline void mixed(const layout* l, df_dataset* d) {
  const size_t bytes = (size_t)(FRAMES - FRAMES / 2 + 1) * (size_t)l->nx * sizeof(double);
  for (int e = 0; e + 1 < d->episodes; e++) memcpy(frame_of(d, e, FRAMES / 2), frame_of(d, e + 1, FRAMES / 2), bytes);
}
/* every second frame, in all episodes or in every third; the frames after them are cut off */
static inline void thin_out(df_dataset* d, int every) {
  for (int e = 0; e < d->episodes; e += every) {
    for (int t = 0; 2 * t <= d->lengths[e]; t++)
      memmove(frame_of(d, e, t), frame_of(d, e, 2 * t), (size_t)d->nx * sizeof(double));
  }
}
/* velocities that are differences of the positions of frames t + a and t + b */
static inline void differences(const layout* l, df_dataset* d, int a, int b) {
  double change[64];
  for (int e = 0; e < d->episodes; e++) {
    for (int t = 0; t <= d->lengths[e]; t++) {
      const int from = t + a < 0 ? 0 : t + a, to = t + b > d->lengths[e] ? d->lengths[e] : t + b;
      l->system->ops->difference(l->system, frame_of(d, e, from), frame_of(d, e, to), change);
      for (int i = 0; i < l->nv; i++) frame_of(d, e, t)[l->nq + i] = change[i] / (l->system->dt * (b - a));
    }
  }
}
static inline void forward_differences(const layout* l, df_dataset* d) {
  differences(l, d, 0, 1);
}
static inline void backward_differences(const layout* l, df_dataset* d) {
  differences(l, d, -1, 0);
}
static inline void central_differences(const layout* l, df_dataset* d) {
  differences(l, d, -1, 1);
}

typedef struct mistake {
  const char* name;
  /* of its setting that would fit, or of its check, by robot; NULL: not for this robot */
  const char* named[ROBOTS];
  void (*in_state)(const layout*, double*);
  void (*in_episodes)(const layout*, df_dataset*);
  double factor; /* on the timestep of the model; 0: 1 */
  int thin;      /* 1: every second frame; 3: of every third episode; 0: all frames */
} mistake;

/* a copy of the data with the mistake */
static inline df_dataset* plant(const mistake* m, int robot, const df_dataset* right, double dt) {
  df_system* s = robot_system(robot, 1);
  const layout l = layout_of(s);
  df_dataset* whole = dataset_like(s, NULL);
  int lengths[EPISODES];
  memcpy(whole->states, right->states, whole->first[EPISODES] * (size_t)s->nx * sizeof *whole->states);
  for (size_t f = 0; f < whole->first[EPISODES] && m->in_state; f++) m->in_state(&l, whole->states + f * (size_t)s->nx);
  if (m->in_episodes) m->in_episodes(&l, whole);
  if (m->thin) thin_out(whole, m->thin);
  for (int e = 0; e < EPISODES; e++) lengths[e] = m->thin && e % m->thin == 0 ? FRAMES / 2 : FRAMES;
  df_dataset* out = dataset_like(s, lengths);
  out->dt = dt;
  for (int e = 0; e < EPISODES; e++)
    memcpy(frame_of(out, e, 0), frame_of(whole, e, 0), (size_t)(lengths[e] + 1) * (size_t)s->nx * sizeof(double));
  df_dataset_free(whole);
  df_system_free(s);
  return out;
}

#endif
