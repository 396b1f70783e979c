/* Joints whose columns are of another time than those of the base, in a recording of the Go1: the number of frames is
 * named and nothing else; with the joints of the same time nothing is. */
#include "joint_delay.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "data_check.h"
#include "dynaflow/io/npz.h"
#include "found.h"
#include "planted.h"
#include "test_file.h"
#include "unit.h"

/* the joints are those of `late` frames before; columns of the first frames are cut off */
static data_findings check(const df_system* s, const df_dataset* right, int late) {
  enum { CUT = JOINT_DELAY_MAX, KEPT = FRAMES + 1 - 2 * CUT };
  const layout l = layout_of(s);
  const size_t nx = (size_t)l.nx;
  double* out = malloc(EPISODES * KEPT * nx * sizeof *out);
  data_findings f = {0};
  df_config config = df_config_default();
  for (int e = 0; e < EPISODES; e++) {
    for (int t = 0; t < KEPT; t++) {
      double* x = out + (size_t)(e * KEPT + t) * nx;
      const double *base = df_dataset_state(right, e, t + CUT), *joints = df_dataset_state(right, e, t + CUT - late);
      memcpy(x, base, nx * sizeof *x);
      memcpy(x + 7, joints + 7, (size_t)(l.nq - 7) * sizeof *x);
      memcpy(x + l.nq + 6, joints + l.nq + 6, (size_t)(l.nv - 6) * sizeof *x);
    }
  }
  const df_npz_entry states = {.key = "states", .rank = 3, .shape = {EPISODES, KEPT, nx}, .values = out};
  assert_ok(df_npz_write(test_file("delay.npz"), 1, &states));
  config.window_horizon = 1;
  set_all(&config, "data.actions_key = ");
  assert_ok(data_check_recording(test_file("delay.npz"), &config, s, &check_thorough, &f, NULL));
  free(out);
  return f;
}

static void a_delay_of_the_joints_is_named_in_frames(void** state) {
  (void)state;
  static const struct {
    int late;
    const char* says;
  } cases[] = {
      {0, NULL}, {1, "are 1 frame older than"}, {3, "are 3 frames older than"}, {-2, "are 2 frames newer than"}};
  df_system* s = robot_system(QUADRUPED, 1);
  df_dataset* right = robot_data(QUADRUPED);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    data_findings f = check(s, right, cases[i].late);
    const data_finding* one = finding_at(&f, DATA_CHECK_JOINT_DELAY, "");
    assert_int_equal(data_findings_count(&f, CHECK_WRONG), cases[i].says != NULL);
    assert_int_equal(one != NULL, cases[i].says != NULL);
    if (one && !strstr(one->reason, cases[i].says)) fail_msg("%s", one->reason);
    data_findings_clear(&f);
  }
  df_dataset_free(right);
  df_system_free(s);
}

/* an episode that is too short tells nothing, and keeps no other one from telling */
static void episodes_that_are_too_short_are_left_out(void** state) {
  (void)state;
  enum { LATE = 3, KEPT = FRAMES - LATE, SHORT = 29 };
  df_system* s = robot_system(QUADRUPED, 1);
  df_dataset *right = robot_data(QUADRUPED), *late;
  const layout l = layout_of(s);
  double h[EPISODES + 1];
  int lengths[EPISODES + 1];
  joint_delay found;
  for (int e = 0; e <= EPISODES; e++) {
    h[e] = s->dt;
    lengths[e] = e == 2 ? SHORT : KEPT;
  }
  const df_dataset_shape shape = {.episodes = EPISODES + 1, .lengths = lengths, .nx = l.nx, .dt = s->dt};
  assert_ok(df_dataset_new(&shape, &late));
  for (int e = 0; e <= EPISODES; e++) {
    for (int t = 0; t <= lengths[e]; t++) {
      const int from = e < EPISODES ? e : 0;
      double* x = frame_of(late, e, t);
      const double* joints = df_dataset_state(right, from, t);
      memcpy(x, df_dataset_state(right, from, t + LATE), (size_t)l.nx * sizeof *x);
      memcpy(x + 7, joints + 7, (size_t)(l.nq - 7) * sizeof *x);
      memcpy(x + l.nq + 6, joints + l.nq + 6, (size_t)(l.nv - 6) * sizeof *x);
    }
  }
  assert_ok(joint_delay_find(late, s, NULL, h, &check_thorough, &found));
  assert_int_equal(found.frames, LATE);
  assert_int_equal(found.episodes, EPISODES);
  df_dataset_free(late);
  df_dataset_free(right);
  df_system_free(s);
}

/* A joint that is beyond its range at the beginning of an episode seems to fit better five frames later: it says
 * nothing of a delay where there is no base, only an object that the robot does not carry. */
static void joints_without_a_base_have_no_delay(void** state) {
  (void)state;
  enum { CLIPS = 2, LENGTH = 30, BEYOND = 12 };
  static const char body[] =
      "<mujoco><worldbody><geom type='plane' size='5 5 1'/><body pos='0 0 .1'><freejoint name='crate'/><geom "
      "size='.1'/>"
      "</body><body pos='0 0 3'><joint name='lift' type='slide' axis='0 0 1' range='-.1 .1' limited='true'/><geom "
      "size='.1'/></body></worldbody>%s</mujoco>";
  static const char* const actuators[] = {"", "<actuator><motor joint='lift'/></actuator>"};
  for (int driven = 0; driven < 2; driven++) {
    char xml[1024];
    double h[CLIPS];
    df_system* s;
    df_dataset* data;
    joint_delay found;
    const df_mujoco_cfg cfg = df_mujoco_cfg_default();
    snprintf(xml, sizeof xml, body, actuators[driven]);
    assert_ok(df_mujoco_system_from_xml(xml, "model", &cfg, &s));
    assert_ok(
        df_dataset_new(&(df_dataset_shape){.episodes = CLIPS, .length = LENGTH, .nx = s->nx, .dt = s->dt}, &data));
    for (int e = 0; e < CLIPS; e++) {
      h[e] = 0.02;
      for (int t = 0; t <= LENGTH; t++) {
        double* x = frame_of(data, e, t);
        df_mujoco_initial_state(s, x);
        x[7] = t <= BEYOND ? 0.3 : 0;
      }
    }
    assert_ok(joint_delay_find(data, s, NULL, h, &check_thorough, &found));
    /* without actuators, the free body is the base */
    if ((found.frames != 0) != !driven) fail_msg("driven %d: %d frames", driven, found.frames);
    df_dataset_free(data);
    df_system_free(s);
  }
}

#define WHEEL(name, y)                                                                      \
  "<body pos='0 " y " 0'><joint name='" name                                                \
  "' axis='0 1 0' damping='.02' armature='.002'/><geom type='sphere' size='.1' mass='.5'/>" \
  "</body>"
static const char driven_xml[] =
    "<mujoco><option timestep='.0025' integrator='implicitfast'/><default><geom friction='1.5 .005 .0001'/></default>"
    "<worldbody><geom type='plane' size='50 50 1'/><body pos='0 0 .1'><freejoint/><geom type='box' pos='.05 0 0' "
    "size='.2 .12 .03' mass='4'/><geom type='sphere' pos='.22 0 -.05' size='.05' mass='.2' condim='1'/>" WHEEL(
        "left", ".17") WHEEL("right", "-.17") "</body></worldbody><actuator><velocity joint='left' kv='8'/><velocity "
                                              "joint='right' kv='8'/></actuator></mujoco>";

/* Wheels that slide while a robot gains speed are ahead of it, and slide less as they were a frame before; the motion
 * then needs more force. */
static void wheels_that_slide_are_not_late(void** state) {
  (void)state;
  enum { CLIPS = 4, LENGTH = 120, BEFORE = 18, STEPS = 13 };
  double h[CLIPS], x[32];
  df_system* s;
  df_dataset* data;
  df_sim* sim;
  joint_delay found;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = STEPS;
  cfg.timestep = 1 / 30. / STEPS;
  assert_ok(df_mujoco_system_from_xml(driven_xml, "driven", &cfg, &s));
  assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = CLIPS, .length = LENGTH, .nx = s->nx, .dt = s->dt}, &data));
  assert_ok(df_sim_new(s, 0, &sim));
  for (int e = 0; e < CLIPS; e++) {
    h[e] = s->dt;
    df_mujoco_initial_state(s, x);
    s->ops->reset(sim, x);
    for (int t = -BEFORE; t <= LENGTH; t++) {
      const double at = s->dt * (t + BEFORE), speed = 25 * (1 + 0.3 * sin(4 * at + e));
      const double turn = 6 * sin((0.8 + 0.15 * e) * at + e), u[2] = {speed - turn, speed + turn};
      if (t >= 0) memcpy(frame_of(data, e, t), x, (size_t)s->nx * sizeof *x);
      assert_int_equal(s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
    }
  }
  assert_ok(joint_delay_find(data, s, NULL, h, &check_thorough, &found));
  assert_int_equal(found.frames, 0);
  df_sim_free(s, sim);
  df_dataset_free(data);
  df_system_free(s);
}

/* A base and a mass that it drives fall freely. The joint is beyond its range at first, so that it fits better five
 * frames later, but then the fall needs a force. Of the velocities of another recording that is no more than as read.
 */
static void a_delay_needs_no_more_force(void** state) {
  (void)state;
  enum { CLIPS = 2, LENGTH = 30, BEYOND = 12, LATER = 5 };
  static const double h[CLIPS] = {0.02, 0.02};
  static const char xml[] =
      "<mujoco><worldbody><body pos='0 0 3'><freejoint name='base'/><geom size='.1' mass='1'/><body><joint name='lift' "
      "type='slide' axis='0 0 1' range='-.1 .1' limited='true'/><geom size='.05' mass='1'/></body></body></worldbody>"
      "<actuator><motor joint='lift'/></actuator></mujoco>";
  for (int balanced = 0; balanced < 2; balanced++) {
    df_system* s;
    df_dataset* data;
    joint_delay found;
    const df_mujoco_cfg cfg = df_mujoco_cfg_default();
    assert_ok(df_mujoco_system_from_xml(xml, "model", &cfg, &s));
    assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = CLIPS, .length = LENGTH, .nx = s->nx, .dt = h[0]}, &data));
    for (int k = 0; k < CLIPS * (LENGTH + 1); k++) {
      const int e = k / (LENGTH + 1), t = k % (LENGTH + 1);
      double* x = frame_of(data, e, t);
      df_mujoco_initial_state(s, x);
      x[7] = t <= BEYOND ? 0.3 : 0;
      x[8 + 6] = 5 * sin(t);
      x[8 + 2] = -9.81 * t * h[0] - 2.5 * sin(balanced ? t : t + LATER);
    }
    assert_ok(joint_delay_find(data, s, NULL, h, &check_thorough, &found));
    assert_int_equal(found.frames, balanced ? 0 : LATER);
    df_dataset_free(data);
    df_system_free(s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_delay_needs_no_more_force), cmocka_unit_test(episodes_that_are_too_short_are_left_out),
      cmocka_unit_test(joints_without_a_base_have_no_delay), cmocka_unit_test(wheels_that_slide_are_not_late),
      cmocka_unit_test(a_delay_of_the_joints_is_named_in_frames)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
