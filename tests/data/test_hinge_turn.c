/* The angles of three hinges from the orientation that they give, against products of single rotations; and recordings
 * with orientations in their place. */
#include "recording_test.h"

#include "hinge_turn.h"
#include "rotation.h"

static const double pi = 3.14159265358979323846;

/* three perpendicular axes, right-handed or left-handed */
static void random_axes(uint64_t i, bool left, double axis[3][3]) {
  double phi[3], q[4];
  df_rng_normal(1, DF_STREAM_TEST, i, 3, phi);
  df_quat_exp(phi, q);
  for (int k = 0; k < 3; k++) {
    double e[3] = {0};
    e[k] = k == 2 && left ? -1 : 1;
    df_quat_rotate(q, e, axis[k]);
  }
}

/* the orientation of a body with these hinges: one turn after the other, as a chain of bodies has them */
static void turn_by(double axis[3][3], const double angle[3], double q[4]) {
  const double none[4] = {1, 0, 0, 0};
  memcpy(q, none, sizeof none);
  for (int k = 0; k < 3; k++) {
    double phi[3], one[4], next[4];
    for (int i = 0; i < 3; i++) phi[i] = angle[k] * axis[k][i];
    df_quat_exp(phi, one);
    df_quat_product(q, one, next);
    memcpy(q, next, sizeof next);
  }
}

static void angles_are_those_of_the_turn(void** state) {
  (void)state;
  for (uint64_t i = 0; i < 2000; i++) {
    double axis[3][3], angle[3], turned[4], q[4], found[3], before[3], random[6];
    hinge_turn turn = {.own = {1, 0, 0, 0}};
    df_rng_normal(3, DF_STREAM_TEST, i, 6, random);
    if (i % 3) df_quat_exp(random, turn.own);
    if (i % 3) memcpy(turn.ref, random + 3, sizeof turn.ref);
    random_axes(i, i % 2, axis);
    assert_true(hinge_turn_set_axes(&turn, axis));
    df_rng_uniform(2, DF_STREAM_TEST, i, 3, angle);
    for (int k = 0; k < 3; k++) angle[k] = (2 * angle[k] - 1) * (k == 1 ? pi / 2 - 0.01 : pi - 0.01);
    turn_by(axis, angle, turned);
    df_quat_product(turn.own, turned, q);
    hinge_turn_angles(&turn, q, NULL, found);
    for (int k = 0; k < 3; k++) assert_close(found[k], angle[k] + turn.ref[k], 1e-12);
    /* the other solution and full turns, if the frame before was there; q and -q are one turn */
    const double near[3] = {angle[0] + pi, pi - angle[1], angle[2] - 3 * pi};
    for (int k = 0; k < 3; k++) before[k] = near[k] + turn.ref[k] + 0.1;
    for (int k = 0; k < 4; k++) q[k] = -q[k];
    hinge_turn_angles(&turn, q, before, found);
    for (int k = 0; k < 3; k++) assert_close(found[k], near[k] + turn.ref[k], 1e-12);
  }
}

/* a motion whose middle hinge passes a right angle, where the outer two turn about one axis, keeps its angles */
static void motions_pass_the_right_angle(void** state) {
  (void)state;
  for (int side = -1; side <= 1; side += 2) {
    double axis[3][3], before[3] = {0.3, 0, -0.2};
    hinge_turn turn = {.own = {1, 0, 0, 0}};
    random_axes(7, side > 0, axis);
    assert_true(hinge_turn_set_axes(&turn, axis));
    for (int t = 0; t <= 40; t++) {
      const double angle[3] = {0.3, side * t * pi / 40, -0.2}; /* frame 20 stands at the right angle */
      double q[4], found[3];
      turn_by(axis, angle, q);
      hinge_turn_angles(&turn, q, before, found);
      for (int k = 0; k < 3; k++) assert_close(found[k], angle[k], 1e-7);
      memcpy(before, found, sizeof before);
    }
  }
}

static void axes_that_lean_are_none(void** state) {
  (void)state;
  double axis[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0.001, 0.9999995}};
  hinge_turn turn;
  assert_false(hinge_turn_set_axes(&turn, axis));
  double twice[3][3] = {{1, 0, 0}, {0, 1, 0}, {1, 0, 0}};
  assert_false(hinge_turn_set_axes(&turn, twice));
}

/* ---- recordings ---- */

/* on a free trunk a shoulder of three hinges, z y x, with an elbow, a wrist of two; beside it a box with a ball lid */
static const char arm_xml[] =
    "<mujoco><worldbody><body name='trunk'><freejoint/><geom size='.1' mass='1'/>"
    "<body name='upper' pos='0 0 .2'><joint name='sz' axis='0 0 1'/><joint name='sy' axis='0 1 0'/><joint name='sx' "
    "axis='1 0 0'/><geom size='.05' mass='.2'/><body name='lower' pos='0 0 .2'><joint name='elbow' axis='0 1 0'/><geom "
    "size='.04' mass='.1'/><body name='hand' pos='0 0 .1'><joint name='wx' axis='1 0 0'/><joint name='wy' axis='0 1 "
    "0'/><geom size='.03' mass='.1'/></body></body></body></body>"
    "<body name='box' pos='1 0 0'><freejoint/><geom size='.1' mass='1'/><body name='lid' pos='0 0 .1'><joint "
    "type='ball'/><geom size='.05' mass='.1'/></body></body></worldbody>"
    "<actuator><motor joint='elbow'/><motor joint='sx'/></actuator></mujoco>";
enum { FRAMES = 60, COLUMNS = 3 + 4 + 4 + 1 + 1 + 1 + 3 + 4 + 4 };

static void shoulder(int t, double angle[3]) {
  angle[0] = 4 * sin(0.11 * t), angle[1] = 1.4 * sin(0.07 * t), angle[2] = 0.8 * sin(0.2 * t);
}

/* columns: trunk position, orientation, orientation of the upper arm, elbow, wrist y, wrist x, box, orientation of the
 * lid; `turned` with the axes of bodies that are turned by b: of the upper arm b q b*, of the trunk p b* */
static void record(const double b[4], double (*x)[COLUMNS]) {
  double axis[3][3] = {{0, 0, 1}, {0, 1, 0}, {1, 0, 0}};
  const double back[4] = {b[0], -b[1], -b[2], -b[3]};
  for (int t = 0; t < FRAMES; t++) {
    double angle[3], q[4], half[4];
    shoulder(t, angle);
    turn_by(axis, angle, q);
    df_quat_product(b, q, half);
    df_quat_product(half, back, x[t] + 7);
    memcpy(x[t] + 3, back, sizeof back);
    x[t][0] = 0.01 * t;
    x[t][11] = 0.3, x[t][12] = 0.5, x[t][13] = 0.6;
    x[t][14] = 1 + 0.01 * t;
    x[t][17] = cos(0.01 * t), x[t][20] = sin(0.01 * t);
    x[t][21] = cos(0.02 * t), x[t][22] = sin(0.02 * t);
  }
}

/* the order of the columns is that of the recording, and the upper arm has the angles that made its orientation */
static void orientations_of_bodies_become_angles(void** state) {
  (void)state;
  static const char* const columns =
      "root_pos,root_quat,body_quat:upper,joints:elbow,joints:wy,joints:wx,body_pos:box,body_quat:box,body_quat:lid";
  static const double axes[2][4] = {{1, 0, 0, 0}, {0.5, -0.5, 0.5, 0.5}};
  static double x[FRAMES][COLUMNS];
  df_system* system = make_system(arm_xml);
  for (int turned = 0; turned < 2; turned++) {
    memset(x, 0, sizeof x);
    record(axes[turned], x);
    WRITE(ARRAY("states", &x[0][0], 2, FRAMES, COLUMNS));
    const df_config config =
        SETTINGS(STATES_ONLY, "data.columns", columns, "data.base_rotation", turned ? "0.5,-0.5,0.5,0.5" : "1,0,0,0");
    df_dataset* data;
    assert_ok(df_dataset_read(scratch_path, &config, system, &data));
    /* qpos: trunk 0 .. 6, shoulder 7 .. 9, elbow 10, wrist x, y 11, 12, box 13 .. 19, lid 20 .. 23 */
    for (int t = 0; t < FRAMES; t++) {
      const double* s = df_dataset_state(data, 0, t);
      double angle[3];
      shoulder(t, angle);
      for (int k = 0; k < 3; k++) assert_close(s[7 + k], angle[k], 1e-12);
      assert_close(s[3], 1, 1e-12);
      const double others[4] = {0.3, 0.6, 0.5, 1 + 0.01 * t};
      for (int k = 0; k < 4; k++) assert_close(s[10 + k], others[k], 0);
      assert_close(s[16], cos(0.01 * t), 1e-15);
      assert_close(s[19], sin(0.01 * t), 1e-15);
      assert_close(s[20], cos(0.02 * t), 1e-15);
      assert_close(s[21], sin(0.02 * t), 1e-15);
    }
    df_dataset_free(data);
  }
  df_system_free(system);
}

/* the model places the upper arm by a rotation of its own, and its hinges at other angles than 0 */
static void angles_are_those_of_a_body_with_an_orientation_of_its_own(void** state) {
  (void)state;
  double axis[3][3] = {{0, 0, 1}, {0, 1, 0}, {1, 0, 0}};
  for (uint64_t i = 0; i < 5; i++) {
    double random[6], own[4], x[FRAMES][4];
    char xml[1024];
    df_rng_normal(4, DF_STREAM_TEST, i, 6, random);
    const double *ref = random + 3, half[3] = {random[0] / 2, random[1] / 2, random[2] / 2};
    df_quat_exp(half, own);
    snprintf(
        xml, sizeof xml,
        "<mujoco><compiler angle='radian'/><worldbody><body name='upper' quat='%.17g %.17g %.17g %.17g'>"
        "<joint axis='0 0 1' ref='%.17g'/><joint axis='0 1 0' ref='%.17g'/><joint name='x' axis='1 0 0' ref='%.17g'/>"
        "<geom size='.1' mass='1'/></body></worldbody><actuator><motor joint='x'/></actuator></mujoco>",
        own[0], own[1], own[2], own[3], ref[0], ref[1], ref[2]);
    for (int t = 0; t < FRAMES; t++) {
      double angle[3], turned[4];
      shoulder(t, angle);
      turn_by(axis, angle, turned);
      df_quat_product(own, turned, x[t]);
    }
    WRITE(ARRAY("states", &x[0][0], 2, FRAMES, 4));
    const df_config config = SETTINGS(STATES_ONLY, "data.columns", "body_quat:upper");
    df_system* system = make_system(xml);
    df_dataset* data;
    assert_ok(df_dataset_read(scratch_path, &config, system, &data));
    for (int t = 0; t < FRAMES; t++) {
      double angle[3];
      shoulder(t, angle);
      for (int k = 0; k < 3; k++) assert_close(df_dataset_state(data, 0, t)[k], angle[k] + ref[k], 1e-12);
    }
    df_dataset_free(data);
    df_system_free(system);
  }
}

/* angular and linear velocities of a body beside the robot; the velocity of a joint by its name */
static void velocities_of_bodies_and_joints_are_read(void** state) {
  (void)state;
  double pose[3][24] = {{0}}, v[3][10] = {{0}};
  for (int t = 0; t < 3; t++) {
    pose[t][3] = pose[t][16] = pose[t][20] = 1;
    for (int i = 0; i < 10; i++) v[t][i] = 10 * t + i;
  }
  WRITE(ARRAY("qpos", &pose[0][0], 2, 3, 24), ARRAY("v", &v[0][0], 2, 3, 10));
  const df_config config = SETTINGS(STATES_ONLY, "data.states_key", "qpos", "data.columns",
                                    "qpos,body_linvel:box@v,body_angvel:box@v,body_angvel:lid@v,joint_vel:elbow@v",
                                    "data.velocities", "auto");
  df_system* system = make_system(arm_xml);
  df_dataset* data;
  assert_ok(df_dataset_read(scratch_path, &config, system, &data));
  /* qvel after 24 positions: trunk 0 .. 5, shoulder 6 .. 8, elbow 9, wrist 10, 11, box 12 .. 17, lid 18 .. 20 */
  for (int i = 0; i < 9; i++) assert_close(df_dataset_state(data, 0, 1)[24 + 12 + i], 10 + i, 0);
  assert_close(df_dataset_state(data, 0, 2)[24 + 9], 29, 0);
  df_dataset_free(data);
  df_system_free(system);
}

static void a_column_that_is_no_orientation_is_named(void** state) {
  (void)state;
  static double x[FRAMES][COLUMNS];
  static const double none[4] = {1, 0, 0, 0};
  df_system* system = make_system(arm_xml);
  record(none, x);
  for (int k = 0; k < 4; k++) x[5][7 + k] = 0;
  WRITE(ARRAY("states", &x[0][0], 2, FRAMES, COLUMNS));
  const df_config config = SETTINGS(STATES_ONLY, "data.columns",
                                    "root_pos,root_quat,body_quat:upper,joints:elbow,joints:wy,joints:wx,body_pos:box,"
                                    "body_quat:box,body_quat:lid");
  refused(system, &config, DF_E_FORMAT, SAYS("array 'states': quaternion at episode 0, frame 5, index 7 has norm 0"));
  df_system_free(system);
}

static void blocks_of_bodies_say_what_they_need(void** state) {
  (void)state;
  static const struct {
    const char *columns, *says[3];
  } cases[] = {
      {"body_quat", {"'body_quat': needs the name of a body of the model, e.g. body_quat:box"}},
      {"body_quat:uper", {"'body_quat:uper': the model has no body 'uper' (did you mean upper?)"}},
      {"body_quat:hand",
       {"body 'hand' is moved by 2 hinges and 0 slides; an orientation is read for a free joint, a ball"}},
      {"body_pos:upper",
       {"body 'upper' is moved by 3 hinges and 0 slides; a position and a linear velocity are read for"}},
      {"body_angvel:upper", {"an angular velocity is read for free and ball joints"}},
      {"body_linvel:lid", {"body 'lid' is moved by a ball joint; a position and a linear velocity are read for"}},
      {"body_pos:world", {"body 'world' is moved by no joint"}},
      {"joints:elbo", {"'joints:elbo': the model has no hinge or slide joint 'elbo' (did you mean elbow?)"}},
      {"qpos:elbow", {"only skip:N, joints:JOINT, joint_vel:JOINT and the blocks of bodies"}},
      {"body_quat:upper,joints:sy",
       {"'joints:sy' gives the position of joint 'sy', which a block before it gives, too"}},
  };
  df_system* system = make_system(arm_xml);
  WRITE(ARRAY("states", counting(), 2, 3, 8));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const df_config config = SETTINGS(STATES_ONLY, "data.columns", cases[i].columns);
    refused(system, &config, DF_E_CONFIG, cases[i].says);
  }
  df_system_free(system);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(angles_are_those_of_the_turn),
                                     cmocka_unit_test(motions_pass_the_right_angle),
                                     cmocka_unit_test(axes_that_lean_are_none),
                                     IN_SCRATCH(orientations_of_bodies_become_angles),
                                     IN_SCRATCH(angles_are_those_of_a_body_with_an_orientation_of_its_own),
                                     IN_SCRATCH(velocities_of_bodies_and_joints_are_read),
                                     IN_SCRATCH(a_column_that_is_no_orientation_is_named),
                                     IN_SCRATCH(blocks_of_bodies_say_what_they_need)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
