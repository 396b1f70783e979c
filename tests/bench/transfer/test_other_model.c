/* Another model of a robot: which joint is which, where it starts, what is refused. */
#include "other_model.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/file.h"
#include "dynaflow/data/task.h"
#include "near.h"
#include "test_file.h"
#include "unit.h"

/* option, height of the floor, radius of the base, names of free joint, two hinges and a slide, in the order %, and
 * actuators */
#define FLOOR(z) "<geom type='plane' size='1 1 1' pos='0 0 " z "'/>"
#define HINGE(name, more) \
  "<body><joint name='" name "' axis='0 1 0' " more "/><geom size='.01' contype='0' conaffinity='0'/></body>"
#define SLIDE(name) \
  "<body><joint name='" name "' type='slide' axis='1 0 0'/><geom size='.01' contype='0' conaffinity='0'/></body>"
#define BASE(free, r, parts) "<body pos='0 0 1'>" free "<geom size='" r "'/>" parts "</body>"
#define MODEL(option, world, actuators)                                                              \
  "<mujoco><option timestep='.005' " option "/><worldbody>" world "</worldbody><actuator>" actuators \
  "</actuator></mujoco>"
#define SERVO(name, joint, range) "<position name='" name "' joint='" joint "' kp='2' ctrlrange='" range "'/>"
#define TURNED(euler, parts)      "<body euler='" euler "'>" parts "</body>"
#define JOINTS                    HINGE("a", "") HINGE("b", "") SLIDE("c")
#define SERVOS                    SERVO("a", "a", "-1 1") SERVO("b", "b", "-2 2")
#define TASK                      MODEL("", FLOOR("0") BASE("<freejoint name='base'/>", ".1", JOINTS), SERVOS)

static df_task task;

static const char* written(const char* name, const char* xml) {
  const char* path = test_file(name);
  assert_int_equal(df_file_write(path, xml, strlen(xml)), DF_OK);
  return path;
}

static int make_task(void** state) {
  (void)state;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = 4;
  cfg.finite_differences = true;
  task.config = df_config_default();
  return df_mujoco_system_new(written("task.xml", TASK), &cfg, &task.system) == DF_OK ? 0 : -1;
}

static int free_task(void** state) {
  (void)state;
  df_system_free(task.system);
  return 0;
}

static void open_other(const char* xml, other_model* out) {
  if (other_model_new(&task, written("other.xml", xml), out) != DF_OK) fail_msg("%s", df_error_message());
}

enum { NX = 19, BASE_QPOS = 7, A = 7, B = 8, C = 9, BASE_DOF = 10, VA = 16, VB = 17, VC = 18 };

/* a state whose coordinates are all different */
static void count_up(double* x) {
  for (int k = 0; k < NX; k++) x[k] = 0.01 * k;
  x[2] = 0.5;
  x[3] = 1;
  x[4] = x[5] = x[6] = 0;
}

static void joints_and_actuators_are_found_in_any_order_and_behind_a_prefix(void** state) {
  (void)state;
  static const char* const others[] = {
      MODEL("", FLOOR("0") BASE("<freejoint/>", ".1", SLIDE("c") HINGE("b", "") HINGE("a", "")),
            SERVO("b", "b", "-1 1") SERVO("a", "a", "-1 1")),
      MODEL("", FLOOR("0") BASE("<freejoint name='r/root'/>", ".1", SLIDE("r/c") HINGE("r/b", "") HINGE("r/a", "")),
            SERVO("", "r/b", "-1 1") SERVO("", "r/a", "-1 1")),
  };
  for (int i = 0; i < 2; i++) {
    other_model m;
    double x[NX], y[NX], back[NX], v[2];
    open_other(others[i], &m);
    assert_int_equal(m.substeps, 4);
    count_up(x);
    assert_true(other_model_place(&m, x, y) == 0);
    assert_memory_equal(y, x, BASE_QPOS * sizeof *x);
    assert_true(y[7] == x[C] && y[8] == x[B] && y[9] == x[A]);
    assert_memory_equal(y + BASE_DOF, x + BASE_DOF, 6 * sizeof *x);
    assert_true(y[16] == x[VC] && y[17] == x[VB] && y[18] == x[VA]);
    other_model_back(&m, y, back);
    assert_memory_equal(back, x, sizeof x);
    /* clamped to the box of the task, a: 1, b: 2; the other model clamps both to 1 */
    assert_int_equal(other_model_act(&m, (double[]){-0.5, 0.75}, v), 0);
    assert_true(v[0] == 0.75 && v[1] == -0.5);
    assert_int_equal(other_model_act(&m, (double[]){3, -1.5}, v), 1);
    assert_true(v[0] == -1.5 && v[1] == 1);
    other_model_clear(&m);
  }
}

/* names of the other model may be those of the task without a prefix, too */
static void a_prefix_of_the_task_is_found(void** state) {
  (void)state;
  df_task prefixed = task;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = 4;
  other_model m;
  const char* path = written(
      "prefixed.xml", MODEL("", FLOOR("0") BASE("<freejoint/>", ".1", HINGE("x_a", "") HINGE("x_b", "") SLIDE("x_c")),
                            SERVO("x_a", "x_a", "-1 1") SERVO("x_b", "x_b", "-1 1")));
  assert_int_equal(df_mujoco_system_new(path, &cfg, &prefixed.system), DF_OK);
  if (other_model_new(&prefixed, written("other.xml", TASK), &m) != DF_OK) fail_msg("%s", df_error_message());
  assert_int_equal(m.state[B], B);
  other_model_clear(&m);
  df_system_free(prefixed.system);
}

static void the_base_is_at_the_same_height_above_the_ground_and_no_deeper(void** state) {
  (void)state;
  other_model m;
  double x[NX], y[NX], back[NX];
  open_other(MODEL("", FLOOR("-.25") BASE("<freejoint/>", ".13", JOINTS), SERVOS), &m);
  assert_near(m.rise, -0.25, 1e-12);
  /* height of the base, and by how much a sphere of 0.13 instead of 0.1 m is lifted: as deep as that of the task */
  static const double cases[][2] = {{0.2, 0}, {0.13, 0}, {0.11, 0.02}, {0.09, 0.03}};
  for (int i = 0; i < 4; i++) {
    count_up(x);
    x[2] = cases[i][0];
    assert_near(other_model_place(&m, x, y), cases[i][1], 1e-9);
    assert_near(y[2], cases[i][0] - 0.25 + cases[i][1], 1e-9);
    other_model_back(&m, y, back);
    assert_near(back[2], cases[i][0] + cases[i][1], 1e-9);
  }
  other_model_clear(&m);
}

static void the_options_are_its_own(void** state) {
  (void)state;
  other_model m;
  open_other(
      "<mujoco><option timestep='.0025' integrator='implicitfast' iterations='3' ls_iterations='5' tolerance='1e-3'/>"
      "<worldbody>" FLOOR("0") BASE("<freejoint/>", ".1", JOINTS) "</worldbody><actuator>" SERVOS
                                                                  "</actuator></mujoco>",
      &m);
  const df_mujoco_options o = df_mujoco_options_of(m.system);
  assert_int_equal(m.substeps, 8);
  assert_int_equal(df_mujoco_substeps(m.system), 1);
  assert_true(o.timestep == 0.0025 && o.tolerance == 1e-3);
  assert_int_equal(o.iterations, 3);
  assert_int_equal(o.ls_iterations, 5);
  other_model_clear(&m);
}

/* orientations that cancel, rounded ones, and that of the free base, which the states have */
static void bodies_of_equal_orientation_are_accepted(void** state) {
  (void)state;
  static const char* const others[] = {
      MODEL("",
            FLOOR("0")
                BASE("<freejoint/>", ".1",
                     HINGE("a", "") TURNED("20 30 0", TURNED("0 -30 0", TURNED("-20 0 0", HINGE("b", "")))) SLIDE("c")),
            SERVOS),
      MODEL("", FLOOR("0") BASE("<freejoint/>", ".1", HINGE("a", "") TURNED("0 0.05 0", HINGE("b", "")) SLIDE("c")),
            SERVOS),
      MODEL("", FLOOR("0") "<body euler='0 0 90'><freejoint/><geom size='.1'/>" JOINTS "</body>", SERVOS),
  };
  for (int i = 0; i < 3; i++) {
    other_model m;
    open_other(others[i], &m);
    other_model_clear(&m);
  }
}

static void what_does_not_match_is_refused_by_name(void** state) {
  (void)state;
#define OTHER(free, parts, servos) MODEL("", FLOOR("0") BASE(free, ".1", parts), servos)
#define FREE                       "<freejoint/>"
  static const struct {
    const char *xml, *words;
  } cases[] = {
      {OTHER(FREE, HINGE("a", "") HINGE("d", "") SLIDE("c"), SERVO("a", "a", "-1 1") SERVO("b", "d", "-1 1")),
       "its joints do not match those of the task one to one (3 and 3): the task alone has b; this model alone has d;"},
      {OTHER(FREE, JOINTS SLIDE("tail"), SERVOS),
       "one to one (4 and 3): the task alone has none more; this model alone has tail;"},
      {OTHER(FREE, JOINTS, SERVO("a", "a", "-1 1") SERVO("z", "b", "-1 1")),
       "its actuators do not match those of the task one to one (2 and 2): the task alone has b; this model alone has "
       "z;"},
      {OTHER(FREE, JOINTS, SERVO("a", "a", "-1 1")), "its actuators do not match"},
      {OTHER("", JOINTS, SERVOS), "this model has no free base, the task one"},
      {OTHER(FREE, HINGE("a", "") SLIDE("b") SLIDE("c"), SERVOS),
       "joint 'b' is a slide joint, in the task a hinge joint"},
      {OTHER(FREE, HINGE("a", "ref='.5'") HINGE("b", "") SLIDE("c"), SERVOS),
       "joint 'a' has the reference 0.00872665, in the task 0"},
      {OTHER(FREE,
             HINGE("a", "") "<body><joint name='b' axis='0 -1 0'/><geom size='.01' contype='0' "
                            "conaffinity='0'/></body>" SLIDE("c"),
             SERVOS),
       "joint 'b' has the axis 0 -1 0, in the task 0 1 0"},
      {OTHER(FREE, HINGE("a", "") TURNED("0 14.323944878271 0", HINGE("b", "")) SLIDE("c"), SERVOS),
       "the body of joint 'b' is turned by 0.25 rad against that of the task where all joints are at their references"},
      {OTHER(FREE, HINGE("a", "") HINGE("b", "") TURNED("0 0 90", SLIDE("c")), SERVOS),
       "the body of joint 'c' is turned by 1.571 rad"},
      {OTHER(FREE, JOINTS, SERVO("a", "b", "-1 1") SERVO("b", "a", "-1 1")), "actuator 'a' acts on another joint"},
      {OTHER(FREE, JOINTS, SERVO("a", "a", "-1 1") "<motor name='b' joint='b'/>"),
       "actuator 'b' is no position servo, in the task it is one"},
      {OTHER(FREE, JOINTS, SERVO("a", "a", "-1 1") "<position name='b' joint='b' kp='2' gear='2'/>"),
       "servo 'b' holds the position 0.5 at control 1, in the task 1"},
      {OTHER(FREE, JOINTS, SERVO("a", "a", "-1 1") "<position name='b' joint='b' kp='2' timeconst='.1'/>"),
       "actuator 'b' "},
      {"<mujoco><option timestep='.003'/><worldbody>" FLOOR("0")
           BASE(FREE, ".1", JOINTS) "</worldbody><actuator>" SERVOS "</actuator></mujoco>",
       "an action lasts 0.02 s, which is no whole number of its physics steps of 0.003 s; set <option "
       "timestep=\"0.00285714286\"/>"},
      {MODEL("", BASE(FREE, ".1", JOINTS), SERVOS), "this model has no ground, and that of the task has one"},
      {"<mujoco><worldbody/></mujoco>", "other.xml"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    other_model m;
    const df_status status = other_model_new(&task, written("other.xml", cases[i].xml), &m);
    other_model_clear(&m);
    assert_int_not_equal(status, DF_OK);
    const char* message = df_error_message();
    if (!strstr(message, cases[i].words) || !strstr(message, "other.xml") || strchr(message, '\n'))
      fail_msg("case %d: %s", (int)i, message);
  }
  other_model m;
  assert_int_equal(other_model_new(&task, test_file("missing.xml"), &m), DF_E_MISSING);
  other_model_clear(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(joints_and_actuators_are_found_in_any_order_and_behind_a_prefix),
                                     cmocka_unit_test(a_prefix_of_the_task_is_found),
                                     cmocka_unit_test(the_base_is_at_the_same_height_above_the_ground_and_no_deeper),
                                     cmocka_unit_test(the_options_are_its_own),
                                     cmocka_unit_test(bodies_of_equal_orientation_are_accepted),
                                     cmocka_unit_test(what_does_not_match_is_refused_by_name)};
  return cmocka_run_group_tests(tests, make_task, free_task);
}
