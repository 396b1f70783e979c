/* Recordings in single precision or with six decimals follow up to rounding under every convention that their task file
 * states, and none of them hides a heavier body. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/config/config.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/data/task.h"
#include "dynaflow/io/npz.h"
#include "replay_explain.h"
#include "replay_hypotheses.h"
#include "replay_study.h"
#include "test_file.h"
#include "unit.h"

enum { EPISODES = 4, LENGTH = 40, FRAMES = LENGTH + 1, NX_MAX = 32, NU = 2 };

#define assert_ok(call)                                                         \
  do {                                                                          \
    const df_status assert_status_ = (call);                                    \
    if (assert_status_ != DF_OK) fail_msg("%s: %s", #call, df_error_message()); \
  } while (0)

static const double DEGREE = 3.14159265358979323846 / 180;

/* a body on two legs that lands, and one that tumbles with a ball joint, a slide and an activation; %s: its mass */
static const char walker[] =
    "<mujoco><option timestep='.002'/><worldbody><geom type='plane' size='5 5 .1'/><body pos='0 0 .45'><freejoint/>"
    "<geom type='box' size='.15 .1 .05' mass='%s'/>"
    "<body pos='.1 0 -.05'><joint name='f' axis='0 1 0' damping='.2' armature='.01'/>"
    "<geom type='capsule' fromto='0 0 0 .05 .05 -.3' size='.02' mass='.4'/></body>"
    "<body pos='-.1 0 -.05'><joint name='r' axis='0 1 0' damping='.2' armature='.01'/>"
    "<geom type='capsule' fromto='0 0 0 -.05 -.05 -.3' size='.02' mass='.4'/></body></body></worldbody>"
    "<actuator><position joint='f' kp='20' kv='.5'/><position joint='r' kp='20' kv='.5'/></actuator></mujoco>";
static const char tumbler[] =
    "<mujoco><option timestep='.002'/><worldbody><body pos='0 0 2'><freejoint/>"
    "<geom type='box' size='.1 .15 .2' mass='%s' contype='0'/>"
    "<body pos='.2 0 0'><joint type='ball' damping='.02'/><geom size='.05' mass='.2' pos='.1 0 0' contype='0'/></body>"
    "<body pos='-.2 0 0'><joint name='h' axis='0 1 0'/><geom size='.05' mass='.2' pos='-.1 0 0' contype='0'/></body>"
    "<body pos='0 .2 0'><joint name='s' type='slide' axis='0 1 0' stiffness='20'/>"
    "<geom size='.05' mass='.2' contype='0'/></body></body></worldbody><actuator><motor joint='h'/>"
    "<general joint='s' dyntype='filter' dynprm='.1'/></actuator></mujoco>";
static const char* const bodies[] = {walker, tumbler};

/* ---- conventions, from the simulator's to the file's ---- */

typedef struct convention {
  const char* pairs[9]; /* keys and values of the task file, up to NULL */
  bool xyzw, inverse, base_linear, world_angular, degrees, y_up, turned, euler;
  double scale, offset, action_scale, action_offset; /* scale, action_scale: 0 is 1 */
} convention;

static const convention conventions[] = {
    {.pairs = {NULL}},
    {.pairs = {"data.quaternion", "xyzw_inverse"}, .xyzw = true, .inverse = true},
    {.pairs = {"data.linear_velocity", "base"}, .base_linear = true},
    {.pairs = {"data.angular_velocity", "world"}, .world_angular = true},
    {.pairs = {"data.angles", "deg"}, .degrees = true},
    {.pairs = {"data.position_scale", "0.001"}, .scale = 0.001},
    {.pairs = {"data.up", "y"}, .y_up = true},
    {.pairs = {"data.base_rotation", "0.5,0.5,0.5,0.5"}, .turned = true},
    {.pairs = {"data.position_offset", "3,3,3"}, .offset = 3},
    {.pairs = {"data.action_scale", "0.01", "data.action_offset", "0.25"}, .action_scale = 0.01, .action_offset = 0.25},
    {.pairs = {"data.linear_velocity", "base", "data.angles", "deg", "data.quaternion", "xyzw"},
     .base_linear = true,
     .degrees = true,
     .xyzw = true},
    {.pairs = {"data.columns", "root_pos,root_euler,joints,root_linvel,root_angvel,joint_vel", "data.euler", "ZYX"},
     .euler = true},
};
enum { CONVENTIONS = sizeof conventions / sizeof *conventions };

static void product(const double* a, const double* b, double* out) {
  const double p[4] = {
      a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3], a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
      a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1], a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0]};
  memcpy(out, p, sizeof p);
}

static void conjugate(const double* q, double* out) {
  for (int i = 0; i < 4; i++) out[i] = i ? -q[i] : q[i];
}

/* v = R(q) v */
static void rotate(const double* q, double* v) {
  double back[4], p[4] = {0, v[0], v[1], v[2]};
  conjugate(q, back);
  product(q, p, p);
  product(p, back, p);
  memcpy(v, p + 1, 3 * sizeof *v);
}

static void rotate_back(const double* q, double* v) {
  double back[4];
  conjugate(q, back);
  rotate(back, v);
}

/* (x, y, z) with z up as (x, z, -y) with y up */
static void stand_up(double* v) {
  const double y = v[1];
  v[1] = v[2];
  v[2] = -y;
}

/* the free joint of the simulator's state as the file has it */
static void store_root(const convention* c, double* q, double* v) {
  static const double half[4] = {0.5, 0.5, 0.5, 0.5}, up[4] = {0.70710678118654752440, -0.70710678118654752440, 0, 0};
  double* turn = q + 3;
  double undo[4];
  for (int i = 0; i < 3; i++) q[i] -= c->offset;
  if (c->base_linear) rotate_back(turn, v);
  if (c->world_angular) rotate(turn, v + 3);
  if (c->turned) {
    conjugate(half, undo);
    rotate(half, v + 3);
    product(turn, undo, turn);
  }
  if (c->y_up) {
    stand_up(q);
    stand_up(v);
    product(up, turn, turn);
  }
}

/* a ball joint, whose axes are those of the model's base, in the axes of the recorded base */
static void turn_ball(double* q, double* v) {
  static const double half[4] = {0.5, 0.5, 0.5, 0.5};
  double undo[4];
  conjugate(half, undo);
  product(half, q, q);
  product(q, undo, q);
  rotate(half, v);
}

static void store_quaternion(const convention* c, double* q) {
  if (c->inverse) conjugate(q, q);
  if (!c->xyzw) return;
  const double w = q[0];
  memmove(q, q + 1, 3 * sizeof *q);
  q[3] = w;
}

/* angles about rotating axes z, y, x */
static void euler_of(const double* q, double* angles) {
  angles[0] = atan2(2 * (q[0] * q[3] + q[1] * q[2]), 1 - 2 * (q[2] * q[2] + q[3] * q[3]));
  angles[1] = asin(2 * (q[0] * q[2] - q[3] * q[1]));
  angles[2] = atan2(2 * (q[0] * q[1] + q[2] * q[3]), 1 - 2 * (q[1] * q[1] + q[2] * q[2]));
}

static void scale(double* v, int n, double factor) {
  for (int i = 0; i < n; i++) v[i] *= factor;
}

/* out [returned number] = the numbers that the file has of a state of the simulator */
static int store(const convention* c, const df_system* s, const double* x, double* out) {
  const df_joint* joints;
  const int n = df_mujoco_joints(s, &joints), nq = df_mujoco_nq(s);
  const double angle = c->degrees ? 1 / DEGREE : 1, length = c->scale > 0 ? 1 / c->scale : 1;
  double y[NX_MAX];
  memcpy(y, x, (size_t)s->nx * sizeof *y);
  for (int j = 0; j < n; j++) {
    double *q = y + joints[j].qpos, *v = y + nq + joints[j].dof;
    switch (joints[j].kind) {
      case DF_JOINT_FREE:
        store_root(c, q, v);
        store_quaternion(c, q + 3);
        scale(q, 3, length);
        scale(v, 3, length);
        scale(v + 3, 3, angle);
        break;
      case DF_JOINT_BALL:
        if (c->turned) turn_ball(q, v);
        store_quaternion(c, q);
        scale(v, 3, angle);
        break;
      case DF_JOINT_SLIDE:
        scale(q, 1, length);
        scale(v, 1, length);
        break;
      case DF_JOINT_HINGE:
        scale(q, 1, angle);
        scale(v, 1, angle);
        break;
    }
  }
  memcpy(out, y, (size_t)s->nx * sizeof *y);
  if (!c->euler) return s->nx;
  euler_of(y + 3, out + 3);
  memcpy(out + 6, y + 7, (size_t)(s->nx - 7) * sizeof *y);
  return s->nx - 1;
}

static double rounded(double x, bool decimals) {
  char text[64];
  double out = (double)(float)x;
  if (!decimals) return out;
  snprintf(text, sizeof text, "%.6f", x);
  assert_int_equal(sscanf(text, "%lf", &out), 1);
  return out;
}

/* whether the numbers of states are moved up or down by all that rounding may have moved them */
static bool nudged;

static double nudge(double stored, bool decimals) {
  static uint64_t numbers;
  double random;
  if (!nudged) return stored;
  const double half = decimals ? 5e-7 : ((double)nextafterf(fabsf((float)stored), INFINITY) - fabs(stored)) / 2;
  df_rng_uniform(9, DF_STREAM_TEST, numbers++, 1, &random);
  return random < 0.5 ? stored - half : stored + half;
}

/* ---- recordings ---- */

static df_system* write_model(const char* body, const char* mass, const df_config* config, const df_search* search) {
  char xml[4096], sha256[DF_SHA256_TEXT];
  df_system* s;
  const df_mujoco_cfg cfg = replay_cfg(config, false);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  snprintf(xml, sizeof xml, body, mass);
#pragma GCC diagnostic pop
  assert_ok(df_file_write(test_file("model.xml"), xml, strlen(xml)));
  assert_ok(df_task_system_with(config, search, &cfg, &s, sha256));
  return s;
}

/* writes the motion of the body as a file under the conventions */
static void record(const df_system* s, const convention* c, bool decimals) {
  static double states[EPISODES * FRAMES * NX_MAX], actions[EPISODES * LENGTH * NU];
  const double by = c->action_scale > 0 ? c->action_scale : 1;
  double x[NX_MAX], random[NX_MAX], u[NU], *out = states, *action = actions;
  size_t columns = 0;
  df_sim* sim;
  assert_ok(df_sim_new(s, 0, &sim));
  for (int e = 0; e < EPISODES; e++) {
    df_mujoco_initial_state(s, x);
    df_rng_uniform(3, DF_STREAM_TEST, (uint64_t)e, NX_MAX, random);
    for (int i = df_mujoco_nq(s); i < s->nx; i++) x[i] = random[i] - 0.5;
    s->ops->reset(sim, x);
    for (int t = 0; t <= LENGTH; t++) {
      columns = (size_t)store(c, s, x, out);
      for (size_t i = 0; i < columns; i++, out++) *out = nudge(rounded(*out, decimals), decimals);
      if (t == LENGTH) break;
      df_rng_uniform(5, DF_STREAM_TEST, (uint64_t)(e * LENGTH + t), NU, random);
      for (int j = 0; j < NU; j++, action++) {
        *action = rounded((random[j] - 0.5 - c->action_offset) / by, decimals);
        u[j] = by * *action + c->action_offset;
      }
      assert_int_equal(s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
    }
  }
  df_sim_free(s, sim);
  const df_npz_entry entries[] = {{.key = "states", .rank = 3, .shape = {EPISODES, FRAMES, columns}, .values = states},
                                  {.key = "actions", .rank = 3, .shape = {EPISODES, LENGTH, NU}, .values = actions}};
  assert_ok(df_npz_write(test_file("recording.npz"), 2, entries));
}

typedef struct judged {
  df_config config;
  df_search search;
  df_system* system;
  df_dataset* data;
  options opts;
} judged;

/* records a body of mass 1 under the conventions; reads the file for a model of `mass` */
static judged judged_new(int body, const convention* c, bool decimals, const char* mass) {
  judged out = {.config = df_config_default(),
                .search = {.n = 1, .folder = {(char*)(size_t)test_folder()}},
                .opts = options_default()};
  out.opts.quiet = true;
  out.opts.threads = 2;
  assert_ok(df_config_set(&out.config, "system.model", "model.xml", "test"));
  assert_ok(df_config_set(&out.config, "system.substeps", "4", "test"));
  assert_ok(df_config_set(&out.config, "window.horizon", "4", "test"));
  for (int i = 0; c->pairs[i]; i += 2) assert_ok(df_config_set(&out.config, c->pairs[i], c->pairs[i + 1], "test"));
  df_system* recorder = write_model(bodies[body], "1", &out.config, &out.search);
  record(recorder, c, decimals);
  df_system_free(recorder);
  out.system = write_model(bodies[body], mass, &out.config, &out.search);
  assert_ok(df_dataset_read(test_file("recording.npz"), &out.config, out.system, &out.data));
  return out;
}

static void judged_free(judged* j) {
  df_dataset_free(j->data);
  df_system_free(j->system);
}

static void expect(int body, const convention* c, bool decimals, const char* mass, replay_verdict verdict) {
  judged j = judged_new(body, c, decimals, mass);
  const replay_input in = {.config = &j.config,
                           .search = &j.search,
                           .data = j.data,
                           .system = j.system,
                           .limits = {NAN, NAN, NAN},
                           .opts = &j.opts};
  replay_study study;
  assert_ok(replay_study_run(&in, &study));
  char* reason = replay_study_reason(&study);
  const bool right = study.verdict == verdict;
  if (!right) {
    print_error("body %d, %s %s, %s, mass %s: %s: %s\n", body, c->pairs[0] ? c->pairs[0] : "as it is",
                c->pairs[0] ? c->pairs[1] : "", decimals ? "decimals" : "float32", mass,
                replay_verdict_text(study.verdict), reason);
  }
  df_free(reason);
  replay_study_clear(&study);
  judged_free(&j);
  assert_true(right);
}

static bool applies(int body, const convention* c) {
  return !c->euler || bodies[body] == walker;
}

/* ratio [ndx] = the largest change of each coordinate that nudging makes, over the rounding that is claimed for it */
static void compare_nudged(const judged* j, const df_dataset* moved, double* ratio) {
  recording r;
  double claimed[2 * NX_MAX], e[2 * NX_MAX];
  assert_ok(recording_of(j->data, j->system, &r));
  for (int i = 0; i < j->system->ndx; i++) ratio[i] = 0;
  for (int episode = 0; episode < EPISODES; episode++) {
    for (int t = 0; t <= LENGTH; t++) {
      const double* x = df_dataset_state(j->data, episode, t);
      recording_rounding(&r, x, claimed);
      j->system->ops->difference(j->system, x, df_dataset_state(moved, episode, t), e);
      for (int i = 0; i < j->system->ndx; i++) {
        /* conversions compute in double precision */
        if (fabs(e[i]) > 1e-14) ratio[i] = fmax(ratio[i], fabs(e[i]) / claimed[i]);
      }
    }
  }
}

/* No number is further from what was stored than is claimed, but for turns: the errors of all four numbers of a
 * quaternion add up to twice that of one. None is claimed to be far more than it is, but
 * small turns from small numbers: numbers near 1 are assumed. */
static void the_rounding_of_a_convention_is_that_of_moved_numbers(void** state) {
  (void)state;
  for (int body = 0; body < 2; body++) {
    for (int k = 0; k < CONVENTIONS; k++) {
      for (int decimals = 0; decimals < 2 && applies(body, &conventions[k]); decimals++) {
        double ratio[2 * NX_MAX];
        judged as_it_is = judged_new(body, &conventions[k], decimals, "1");
        nudged = true;
        judged moved = judged_new(body, &conventions[k], decimals, "1");
        nudged = false;
        compare_nudged(&as_it_is, moved.data, ratio);
        for (int i = 0; i < as_it_is.system->ndx; i++) {
          if (ratio[i] > 0.005 && ratio[i] < 2.001) continue;
          print_error("body %d, convention %d, %s, tangent %d: %.3g of what is claimed\n", body, k,
                      decimals ? "decimals" : "float32", i, ratio[i]);
          fail();
        }
        judged_free(&moved);
        judged_free(&as_it_is);
      }
    }
  }
}

static void rounded_recordings_follow_under_every_convention(void** state) {
  (void)state;
  for (int body = 0; body < 2; body++) {
    for (int k = 0; k < CONVENTIONS; k++) {
      for (int decimals = 0; decimals < 2 && applies(body, &conventions[k]); decimals++)
        expect(body, &conventions[k], decimals, "1", REPLAY_ROUNDING);
    }
  }
}

/* neither rounding nor the solver explains the actions */
static void rounding_hides_no_heavier_body(void** state) {
  (void)state;
  const double limit[KINDS] = {1e-12, 1e-12, 1e-12};
  for (int body = 0; body < 2; body++) {
    for (int k = 0; k < CONVENTIONS; k++) {
      for (int decimals = 0; decimals < 2 && applies(body, &conventions[k]); decimals++) {
        judged j = judged_new(body, &conventions[k], decimals, "1.05");
        recording r;
        comparison c;
        replay_fit fit = replay_fit_none();
        assert_ok(recording_of(j.data, j.system, &r));
        assert_ok(replay_compare_carried(&r, j.system, "replay", &j.opts, &c));
        const replay_explanation what = {.r = &r,
                                         .system = j.system,
                                         .converged = j.system,
                                         .limit = limit,
                                         .carried = c.carried,
                                         .label = "replay",
                                         .opts = &j.opts};
        assert_ok(replay_explain(&what, &fit));
        if (!(fit.step > 1 && fit.solver_step > 1)) print_error("body %d, convention %d, %d\n", body, k, decimals);
        assert_true(fit.step > 1 && fit.solver_step > 1);
        comparison_clear(&c);
        judged_free(&j);
      }
    }
  }
}

static void a_heavier_body_is_another_model(void** state) {
  (void)state;
  expect(0, &conventions[2], false, "1.05", REPLAY_ANOTHER_MODEL);
  expect(1, &conventions[4], true, "1.05", REPLAY_ANOTHER_MODEL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_rounding_of_a_convention_is_that_of_moved_numbers),
      cmocka_unit_test(rounded_recordings_follow_under_every_convention),
      cmocka_unit_test(rounding_hides_no_heavier_body),
      cmocka_unit_test(a_heavier_body_is_another_model),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
