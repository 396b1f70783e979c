/* Signs and places of joints, told by forces: on short right recordings of a robot of six legs, whose frames are
 * several physics steps, none is named; a reversed joint of a thigh is, alone; and joints that are exchanged are named
 * where no setting says it. A base is not hidden by a fast ball joint. */
#include "joint_sign.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data_check.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "dynaflow/io/npz.h"
#include "joint_order.h"
#include "test_file.h"
#include "unit.h"

/* ---- a robot of six legs ---- */

enum { LEGS = 6, JOINTS = 18, CLIPS = 8, LENGTH = 90, NQ = 7 + JOINTS, NV = 6 + JOINTS };

/* a leg: its name, where it is, and how it is turned */
static const char leg_xml[] =
    "<body pos='%s 0' euler='0 0 %s'><joint name='%s_yaw' axis='0 0 1' range='-.9 .9'/>"
    "<geom type='capsule' fromto='0 0 0 .06 0 0' size='.018' mass='.12'/>"
    "<body pos='.06 0 0'><joint name='%s_lift' axis='0 1 0' range='-1.2 1.2'/>"
    "<geom type='capsule' fromto='0 0 0 .1 0 .02' size='.015' mass='.12'/>"
    "<body pos='.1 0 .02'><joint name='%s_shin' axis='0 1 0' range='-.9 1.5'/>"
    "<geom type='capsule' fromto='0 0 0 .03 0 -.14' size='.012' mass='.08'/>"
    "<geom type='sphere' pos='.03 0 -.14' size='.016' mass='.02' friction='1 .02 .001' contype='1' conaffinity='1'/>"
    "</body></body></body>";
static const char servo_xml[] = "<position joint='%s_%s' kp='18' kv='.6' ctrlrange='-1.5 1.5' forcerange='-6 6'/>";

static const char* six_legs_xml(void) {
  static const char* const legs[LEGS][3] = {{"la", ".15 .1", ".698"},   {"lb", "0 .13", "1.571"},
                                            {"lc", "-.15 .1", "2.443"}, {"ra", ".15 -.1", "-.698"},
                                            {"rb", "0 -.13", "-1.571"}, {"rc", "-.15 -.1", "-2.443"}};
  static const char* const parts[3] = {"yaw", "lift", "shin"};
  static char out[16384];
  size_t n = (size_t)snprintf(
      out, sizeof out, "%s%s",
      "<mujoco><compiler angle='radian' autolimits='true'/><option timestep='.004' cone='elliptic' "
      "integrator='implicitfast'/><default><joint damping='.05' armature='.004'/><geom contype='0' conaffinity='0'/>"
      "</default><worldbody><geom type='plane' size='20 20 .1' contype='1' conaffinity='1'/>",
      "<body pos='0 0 .16'><freejoint name='root'/><geom type='box' size='.18 .1 .03' mass='1.8' contype='1' "
      "conaffinity='1'/>");
  for (int l = 0; l < LEGS; l++)
    n += (size_t)snprintf(out + n, sizeof out - n, leg_xml, legs[l][1], legs[l][2], legs[l][0], legs[l][0], legs[l][0]);
  n += (size_t)snprintf(out + n, sizeof out - n, "</body></worldbody><actuator>");
  for (int k = 0; k < JOINTS; k++)
    n += (size_t)snprintf(out + n, sizeof out - n, servo_xml, legs[k / 3][0], parts[k % 3]);
  n += (size_t)snprintf(out + n, sizeof out - n, "</actuator></mujoco>");
  assert_true(n < sizeof out);
  return out;
}

static df_system* six_legs(void) {
  df_system* out;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = 5;
  assert_int_equal(df_mujoco_system_from_xml(six_legs_xml(), "six legs", &cfg, &out), DF_OK);
  return out;
}

static df_dataset* dataset_of(const df_system* s, int episodes, int length) {
  df_dataset* out;
  const df_dataset_shape shape = {.episodes = episodes, .length = length, .nx = s->nx, .dt = s->dt};
  assert_int_equal(df_dataset_new(&shape, &out), DF_OK);
  return out;
}

/* a tripod gait with noise on its targets, as a person would steer it */
static void walk(const df_system* s, uint64_t clip, double* states) {
  df_sim* sim;
  double x[NQ + NV] = {0}, u[JOINTS], noise[JOINTS] = {0}, draw[JOINTS], pace[2];
  assert_int_equal(df_sim_new(s, 0, &sim), DF_OK);
  df_rng_uniform(3, DF_STREAM_TEST, clip, 2, pace);
  df_mujoco_initial_state(s, x);
  x[2] = 0.15;
  s->ops->reset(sim, x);
  for (int t = -50; t <= LENGTH; t++) {
    const double turn = 2 * 3.14159265358979 * 1.2 * 0.02 * t;
    if (t >= 0) memcpy(states + t * s->nx, x, (size_t)s->nx * sizeof *x);
    df_rng_normal(5, DF_STREAM_TEST, clip * 1000 + (uint64_t)(t + 50), JOINTS, draw);
    for (int k = 0; k < JOINTS; k++) {
      const int leg = k / 3, side = leg < 3 ? 1 : -1;
      const double phase = turn + (leg % 2 ? 3.14159265358979 : 0), stride = 2.5 * side * (0.4 * pace[0] - 0.15);
      const double swing = t < -25 ? 0 : (stride + 0.4 * (pace[1] - 0.5)) * cos(phase);
      const double lift = t < -25 ? -0.1 : -0.1 - 0.35 * fmax(0, sin(phase));
      noise[k] += -0.3 * noise[k] + 0.03 * draw[k];
      u[k] = (k % 3 == 0 ? swing : k % 3 == 1 ? lift : 0.15) + noise[k];
    }
    assert_int_equal(s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
  }
  df_sim_free(s, sim);
}

static joint_signs signs_of(df_dataset* d, const df_system* s) {
  const double h[1] = {s->dt};
  joint_signs out;
  const check_cfg cfg = {.frames_max = 1000, .poses_max = 60};
  assert_int_equal(joint_sign_find(d, s, h, &cfg, &out), DF_OK);
  return out;
}

/* what forces say of a right clip, and of the same one with the lifting joint of a leg reversed */
static void signs_of_short_clips_are_not_guessed(void** state) {
  (void)state;
  df_system* s = six_legs();
  df_dataset* d = dataset_of(s, 1, LENGTH);
  int named = 0;
  double most = 0;
  for (int clip = 0; clip < CLIPS; clip++) {
    walk(s, (uint64_t)clip, d->states);
    joint_signs right = signs_of(d, s);
    most = fmax(most, right.as_read);
    print_message("right clip %d: %.3g weights as read, %.3g with another order, floor %.3g%s\n", clip, right.as_read,
                  right.residual, right.floor, right.best ? right.is_clear ? ", named" : ", unclear" : "");
    named += right.best && right.is_clear;
    df_free(right.best);
    df_free(right.exchange);
    const int lift = 1 + 3 * (clip % LEGS) + 1;
    int order[1 + JOINTS];
    for (int j = 0; j <= JOINTS; j++) order[j] = j == lift ? ~j : j;
    joint_order_apply(s, order, d);
    joint_signs wrong = signs_of(d, s);
    assert_true(wrong.as_read > 3 * wrong.floor);
    /* others may leave as little force: then it is said, but never another one named */
    if (wrong.best && wrong.is_clear) assert_memory_equal(wrong.best, order, sizeof order);
    df_free(wrong.best);
    df_free(wrong.exchange);
  }
  assert_int_equal(named, 0);
  assert_true(most > 1); /* what right data leave: more than a fixed limit of one weight */
  df_dataset_free(d);
  df_system_free(s);
}

/* the lifting joints of two legs that step in turn */
static void exchanged_joints_of_legs_are_among_what_is_said(void** state) {
  (void)state;
  df_system* s = six_legs();
  df_dataset* d = dataset_of(s, 1, LENGTH);
  int said = 0;
  for (int clip = 0; clip < CLIPS; clip++) {
    int order[1 + JOINTS];
    for (int j = 0; j <= JOINTS; j++) order[j] = j == 2 ? 5 : j == 5 ? 2 : j;
    walk(s, (uint64_t)clip, d->states);
    joint_order_apply(s, order, d);
    joint_signs found = signs_of(d, s);
    const int* named = found.best && found.is_clear ? found.best : found.exchange;
    said += named && memcmp(named, order, sizeof order) == 0;
    /* shins that are lifted off the floor need less force, and slide less */
    assert_true(!found.best || !found.is_clear || memcmp(found.best, order, sizeof order) == 0);
    df_free(found.best);
    df_free(found.exchange);
  }
  print_message("exchanged joints are said in %d of %d clips\n", said, CLIPS);
  assert_true(said >= CLIPS / 2);
  df_dataset_free(d);
  df_system_free(s);
}

/* two whole legs that step in turn, whose joints seem to be reversed */
static void exchanged_legs_are_named_before_signs(void** state) {
  (void)state;
  df_system* s = six_legs();
  df_dataset* d = dataset_of(s, 1, LENGTH);
  int said = 0;
  for (int clip = 0; clip < CLIPS; clip++) {
    int order[1 + JOINTS];
    for (int j = 0; j <= JOINTS; j++) order[j] = j >= 1 && j <= 3 ? j + 9 : j >= 10 && j <= 12 ? j - 9 : j;
    walk(s, (uint64_t)clip, d->states);
    joint_order_apply(s, order, d);
    joint_signs found = signs_of(d, s);
    const bool legs = found.best && memcmp(found.best, order, sizeof order) == 0;
    print_message("clip %d: %.3g weights as read, %.3g with %s\n", clip, found.as_read, found.residual,
                  legs         ? "the legs exchanged"
                  : found.best ? "another order"
                               : "none");
    said += legs;
    df_free(found.best);
    df_free(found.exchange);
  }
  assert_true(said >= 3); /* those that leave little force as they are right */
  df_dataset_free(d);
  df_system_free(s);
}

/* whether an order exchanges joints */
static bool exchanges(const int* order) {
  bool any = false;
  for (int j = 0; order && j <= JOINTS; j++) any |= order[j] >= 0 && order[j] != j;
  return any;
}

/* joints of which the file says the names may have the other sign, but not another place */
static void named_joints_are_not_exchanged(void** state) {
  (void)state;
  df_system* s = six_legs();
  df_dataset* d = dataset_of(s, 1, LENGTH);
  int exchanged[2][2] = {{0}}; /* without and with names, by the floor and by forces */
  for (int clip = 0; clip < CLIPS; clip++) {
    int order[1 + JOINTS];
    for (int j = 0; j <= JOINTS; j++) order[j] = j == 2 ? 5 : j == 5 ? 2 : j;
    walk(s, (uint64_t)clip, d->states);
    joint_order_apply(s, order, d);
    for (int named = 0; named < 2; named++) {
      const check_cfg cfg = {.frames_max = 1000, .poses_max = 60, .named = named};
      joint_orders by_floor;
      joint_signs by_forces;
      assert_int_equal(joint_order_find(d, s, &s->dt, NULL, &cfg, &by_floor), DF_OK);
      assert_int_equal(joint_sign_find(d, s, &s->dt, &cfg, &by_forces), DF_OK);
      exchanged[named][0] += exchanges(by_floor.best) || exchanges(by_floor.rival);
      exchanged[named][1] += exchanges(by_forces.best) || by_forces.exchange;
      joint_orders_clear(&by_floor);
      df_free(by_forces.best);
      df_free(by_forces.exchange);
    }
  }
  print_message("exchanged by the floor in %d clips, by forces in %d\n", exchanged[0][0], exchanged[0][1]);
  assert_true(exchanged[0][0] > 0 && exchanged[0][1] > 0);
  assert_true(exchanged[1][0] == 0 && exchanged[1][1] == 0);
  df_dataset_free(d);
  df_system_free(s);
}

/* one shin of the other sign: with all of them reversed most legs hang in the air, and what touches slides less */
static void a_joint_is_not_told_by_legs_in_the_air(void** state) {
  (void)state;
  df_system* s = six_legs();
  df_dataset* d = dataset_of(s, 1, LENGTH);
  const check_cfg cfg = {.frames_max = 1000, .poses_max = 60};
  for (int clip = 0; clip < CLIPS; clip++) {
    int order[1 + JOINTS];
    joint_orders found;
    for (int j = 0; j <= JOINTS; j++) order[j] = j == 3 + 3 * (clip % LEGS) ? ~j : j;
    walk(s, (uint64_t)clip, d->states);
    joint_order_apply(s, order, d);
    assert_int_equal(joint_order_find(d, s, &s->dt, NULL, &cfg, &found), DF_OK);
    print_message("clip %d: misfit %.3g, %.3g with another order%s\n", clip, found.as_read, found.misfit,
                  found.is_clear ? ", named" : "");
    assert_false(found.found && found.is_clear);
    joint_orders_clear(&found);
  }
  df_dataset_free(d);
  df_system_free(s);
}

/* ---- forces of right data ---- */

static double limit_of(df_dataset* d, const df_system* s, check_verdict* verdict) {
  data_findings found = {0};
  double limit = NAN;
  assert_int_equal(data_check_states(d, s, &check_quick, &found), DF_OK);
  for (int i = 0; i < found.n; i++) {
    if (found.list[i].check != DATA_CHECK_ROOT_RESIDUAL) continue;
    limit = found.list[i].limit;
    *verdict = found.list[i].verdict;
  }
  data_findings_clear(&found);
  return limit;
}

static void right_data_need_no_more_force_than_their_frames_leave(void** state) {
  (void)state;
  df_system* s = six_legs();
  df_dataset* d = dataset_of(s, 1, LENGTH);
  check_verdict verdict;
  int order[1 + JOINTS];
  for (int j = 0; j <= JOINTS; j++) order[j] = j == 2 ? ~j : j;
  for (int clip = 0; clip < CLIPS; clip++) {
    walk(s, (uint64_t)clip, d->states);
    (void)limit_of(d, s, &verdict);
    assert_int_equal(verdict, CHECK_OK);
    joint_order_apply(s, order, d);
    assert_true(limit_of(d, s, &verdict) < 20);
    assert_int_equal(verdict, CHECK_WARN);
  }
  df_dataset_free(d);
  df_system_free(s);
}

/* ---- joints exchanged, in a model whose states no setting reorders ---- */

static const char lamp_xml[] =
    "<mujoco><compiler angle='radian' autolimits='true'/><option timestep='.01'/><default><geom size='.1' mass='1' "
    "contype='0' conaffinity='0'/></default><worldbody><body><joint name='ball' type='ball'/><geom pos='0 0 .2'/>"
    "</body><body><joint name='a' range='-.5 .5'/><geom/><body><joint name='b' range='-.5 1'/><geom/><body>"
    "<joint name='c' range='.8 1.5'/><geom/></body></body></body></worldbody></mujoco>";

static void joints_that_are_exchanged_are_named_without_a_setting(void** state) {
  (void)state;
  enum { FRAMES = 200 };
  df_system* s;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_int_equal(df_mujoco_system_from_xml(lamp_xml, "lamp", &cfg, &s), DF_OK);
  for (int exchanged = 0; exchanged < 2; exchanged++) {
    df_dataset* d = dataset_of(s, 1, FRAMES);
    data_findings found = {0};
    df_config config = df_config_default();
    int named = 0;
    config.window_horizon = 1;
    for (int t = 0; t <= FRAMES; t++) {
      double* x = d->states + t * s->nx;
      const double at = 0.05 * t, mid[3] = {0, 0.3, 1.1}, width[3] = {0.4, 0.6, 0.3};
      x[0] = cos(0.5 * at);
      x[1] = sin(0.5 * at);
      x[7] = 5; /* 2 * 0.5 * 0.05 rad in 0.01 s */
      for (int k = 0; k < 3; k++) {
        const int to = exchanged && k != 1 ? 2 - k : k;
        x[4 + to] = mid[k] + width[k] * sin(at + k);
        x[10 + to] = 5 * width[k] * cos(at + k);
      }
    }
    const df_npz_entry states = {.key = "states", .rank = 2, .shape = {FRAMES + 1, (size_t)s->nx}, .values = d->states};
    assert_int_equal(df_npz_write(test_file("lamp.npz"), 1, &states), DF_OK);
    assert_int_equal(df_config_set(&config, "data.actions_key", "", "test"), DF_OK);
    assert_int_equal(data_check_recording(test_file("lamp.npz"), &config, s, &check_thorough, &found, NULL), DF_OK);
    for (int i = 0; i < found.n; i++) {
      if (found.list[i].verdict != CHECK_WRONG) continue;
      named++;
      assert_int_equal(found.list[i].check, DATA_CHECK_JOINT_ORDER);
      assert_non_null(strstr(found.list[i].reason, "with a and c exchanged the misfit"));
    }
    assert_int_equal(named, exchanged);
    data_findings_clear(&found);
    df_dataset_free(d);
  }
  df_system_free(s);
}

/* ---- a base, and ball joints ---- */

static const char two_balls_xml[] =
    "<mujoco><option timestep='.01'/><worldbody><body><freejoint name='base'/><geom size='.1' mass='1'/><body>"
    "<joint name='fast' type='ball'/><geom pos='0 0 .2' size='.1' mass='1'/></body><body><joint name='slow' "
    "type='ball'/><geom pos='0 0 .2' size='.1' mass='1'/></body></body></worldbody></mujoco>";

/* what turns about x by `speed` rad/s */
static void turn(double* q, double* v, double speed, double time) {
  q[0] = cos(0.5 * speed * time);
  q[1] = sin(0.5 * speed * time);
  q[2] = q[3] = 0;
  v[0] = speed;
  v[1] = v[2] = 0;
}

static void a_fast_ball_joint_hides_neither_the_base_nor_another_one(void** state) {
  (void)state;
  enum { FRAMES = 200 };
  static const char* const names[3] = {"base rotation", NULL, "ball joints of slow"};
  df_system* s;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_int_equal(df_mujoco_system_from_xml(two_balls_xml, "balls", &cfg, &s), DF_OK);
  for (int wrong = 0; wrong < 3; wrong++) {
    df_dataset* d = dataset_of(s, 1, FRAMES);
    data_findings found = {0};
    trace m;
    int doubtful = 0;
    for (int t = 0; t <= FRAMES; t++) {
      double* x = d->states + t * s->nx;
      turn(x + 3, x + 15 + 3, 1, 0.01 * t);
      turn(x + 7, x + 15 + 6, 20, 0.01 * t);
      turn(x + 11, x + 15 + 9, 1, 0.01 * t);
      /* about another axis */
      double* v = x + 15 + (wrong == 0 ? 3 : 9);
      if (wrong != 1) v[1] = v[0], v[0] = 0.01;
    }
    assert_int_equal(trace_of(d, s, &s->dt, 1000, &m), DF_OK);
    assert_int_equal(check_velocities(&m, &found), DF_OK);
    for (int i = 0; i < found.n; i++) {
      if (found.list[i].verdict == CHECK_OK) continue;
      doubtful++;
      assert_non_null(names[wrong]);
      assert_string_equal(found.list[i].column, names[wrong]);
    }
    assert_int_equal(doubtful, names[wrong] != NULL);
    data_findings_clear(&found);
    trace_clear(&m);
    df_dataset_free(d);
  }
  df_system_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(signs_of_short_clips_are_not_guessed),
                                     cmocka_unit_test(named_joints_are_not_exchanged),
                                     cmocka_unit_test(exchanged_joints_of_legs_are_among_what_is_said),
                                     cmocka_unit_test(exchanged_legs_are_named_before_signs),
                                     cmocka_unit_test(a_joint_is_not_told_by_legs_in_the_air),
                                     cmocka_unit_test(right_data_need_no_more_force_than_their_frames_leave),
                                     cmocka_unit_test(joints_that_are_exchanged_are_named_without_a_setting),
                                     cmocka_unit_test(a_fast_ball_joint_hides_neither_the_base_nor_another_one)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
