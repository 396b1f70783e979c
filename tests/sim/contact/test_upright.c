/* Cylinders and capsules that stand on a plane. What touches follows the direction in which the axis leans, so its
 * derivative is inversely proportional to the lean, and differences need a step far below the lean. */
#include "contacts.h"

/* a body that stands on the floor. %s: attributes of <option>, of all geoms, of the body's geom */
#define STANDING                                                                    \
  "<mujoco><option timestep='.004' %s/>" DEFAULTS                                   \
  "<worldbody><geom type='plane' size='1 1 1'/><body><freejoint/><geom %s/></body>" \
  "<body pos='2 0 1'><joint name='j'/><geom size='.1' " DUMMY                       \
  "/></body></worldbody><actuator><motor joint='j'/></actuator></mujoco>"
#define CAN "type='cylinder' size='.07 .05' mass='.5'"
#define ROD "type='capsule' size='.07 .05' mass='.5'"

enum { QPOS = 8, QVEL = 7, NX = QPOS + QVEL };
/* where the residual of the solver, 1e-9 of the forces, over the difference step meets truncation, at the smallest lean
 */
static const double TOLERANCE = 3e-4;
static const double PI = 3.14159265358979323846;

/* velocity of the body: linear (world), then angular (its own frame) */
typedef struct manoeuvre {
  const char* name;
  double velocity[6];
} manoeuvre;
static const manoeuvre AT_REST = {"at rest", {0}}, SLIDING = {"sliding", {0.7, 0.2, 0}},
                       SPINNING = {"spinning", {0, 0, 0, 0.1, 0.05, 3}},
                       BOTH = {"sliding and spinning", {0.7, -0.3, 0, 0, 0, 2}};

/* x [NX] = the body `depth` deep in the floor; its axis leans by `lean` against the vertical, from upside down if
 * `turned` is pi, about the horizontal axis in the direction `about` */
static void stand(double reach, double turned, double lean, double about, const manoeuvre* m, double x[NX]) {
  const double half = 0.5 * (turned + lean), depth = 2e-4;
  memset(x, 0, NX * sizeof *x);
  x[2] = reach - depth;
  x[3] = cos(half);
  x[4] = sin(half) * cos(about);
  x[5] = sin(half) * sin(about);
  memcpy(x + QPOS, m->velocity, sizeof m->velocity);
}

/* the smallest error of the adjoint at x against differences with steps of 1e-4 to 1e-2 of the lean */
static double error_at(const df_system* s, const double x[NX], double lean) {
  const double u = 0.3, eps[4] = {1e-4 * lean, 1e-3 * lean, 3e-3 * lean, 1e-2 * lean};
  double error[4], least = INFINITY;
  OK(df_gradcheck_sweep(s, &(df_gradcheck_cfg){.seed = 3, .threads = 1},
                        &(df_gradcheck_states){.n = 1, .x = x, .u = &u}, 4, eps, error));
  for (int k = 0; k < 4; k++) least = fmin(least, error[k]);
  return least;
}

static bool approximate_at(const df_system* s, const double x[NX]) {
  const double u = 0.3;
  df_gradcheck_point p;
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 3, .threads = 1}, &(df_gradcheck_states){.n = 1, .x = x, .u = &u},
                      &p));
  return p.approximate;
}

static df_system* standing(const char* option, const char* geoms, const char* geom) {
  char xml[2048];
  snprintf(xml, sizeof xml, STANDING, option, geoms, geom);
  return model_text(xml, 1);
}

/* every lean, on either end, in several directions and motions */
static void check_leans(const char* name, const char* option, const char* geoms, const char* geom, double reach) {
  static const manoeuvre* const motions[] = {&AT_REST, &SLIDING, &SPINNING, &BOTH};
  static const double leans[] = {2e-5, 5e-5, 9.9e-5, 1.01e-4, 1e-3};
  df_system* s = standing(option, geoms, geom);
  double worst = 0;
  for (int m = 0; m < 4; m++) {
    for (int k = 0; k < 5 * 2 * 3; k++) {
      const double lean = leans[k % 5], turned = k / 5 % 2 ? PI : 0, about = 0.4 + 1.7 * (k / 10);
      double x[NX];
      stand(reach, turned, lean, about, motions[m], x);
      assert_false(approximate_at(s, x));
      const double error = error_at(s, x, lean);
      if (!(error <= TOLERANCE))
        fail_msg("%s %s, lean %g, turned %g about %g: error %.1e", name, motions[m]->name, lean, turned, about, error);
      worst = fmax(worst, error);
    }
  }
  print_message("%s: worst %.1e\n", name, worst);
  df_system_free(s);
}

static void a_leaning_cylinder_agrees_with_differences(void** state) {
  (void)state;
  check_leans("cylinder", "", "", CAN, .05);
  check_leans("cylinder, elliptic", "cone='elliptic'", "", CAN, .05);
  check_leans("cylinder, condim 6", "", "condim='6'", CAN, .05);
}

static void a_leaning_capsule_agrees_with_differences(void** state) {
  (void)state;
  check_leans("capsule", "", "", ROD, .12);
  check_leans("capsule, condim 6", "", "condim='6'", ROD, .12);
}

static void a_lying_body_agrees_with_differences(void** state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    df_system* s = standing("", "", i == 0 ? CAN : ROD);
    const double u = 0.3;
    double x[NX];
    df_gradcheck_point p;
    stand(.07, 0, PI / 2, 0.4, &BOTH, x);
    OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 3, .threads = 1},
                        &(df_gradcheck_states){.n = 1, .x = x, .u = &u}, &p));
    assert_false(p.kink || p.approximate);
    assert_true(p.active.contacts >= 2);
    assert_true(p.error <= P99);
    df_system_free(s);
  }
}

/* ---- upright up to 1e-6: no lean to follow ---- */

static void an_upright_body_is_marked(void** state) {
  (void)state;
  static const struct {
    const char* geom;
    double reach;
  } bodies[] = {{CAN, .05}, {ROD, .12}};
  static const double upright[] = {0, 1e-16, 1e-12, 1e-9, 0.9e-6}, leaning[] = {1.1e-6, 1e-3, 1.5};
  for (size_t i = 0; i < 2; i++) {
    df_system* s = standing("", "", bodies[i].geom);
    double x[NX];
    for (int k = 0; k < 10; k++) {
      stand(bodies[i].reach, k < 5 ? 0 : PI, upright[k % 5], 0.4, &SLIDING, x);
      assert_true(approximate_at(s, x));
    }
    for (int k = 0; k < 3; k++) {
      stand(bodies[i].reach, 0, leaning[k], 0.4, &SLIDING, x);
      assert_false(approximate_at(s, x));
    }
    df_system_free(s);
  }

  /* without friction a capsule has no tangents to follow its axis */
  df_system* s = standing("", "condim='1'", ROD);
  double x[NX];
  stand(.12, 0, 0, 0.4, &SLIDING, x);
  assert_false(approximate_at(s, x));
  df_system_free(s);
}

/* A puck or a rod on slides and a hinge about its axis stays upright; one that a hinge across it tilts does not. */
static void an_axis_that_no_joint_tilts_is_exact(void** state) {
  (void)state;
  for (int i = 0; i < 4; i++) {
    char xml[2048];
    snprintf(xml, sizeof xml,
             "<mujoco><option timestep='.004'/>" DEFAULTS
             "<worldbody><geom type='plane' size='1 1 1'/><body pos='0 0 %s'><joint name='j' type='slide' axis='1 0 "
             "0'/><joint type='slide' axis='0 1 0'/><joint type='slide' axis='0 0 1'/><joint axis='%s'/><geom %s/>"
             "</body></worldbody><actuator><motor joint='j'/></actuator></mujoco>",
             "", i < 2 ? ".0498" : ".1198", i % 2 ? "0 1 0" : "0 0 1", i < 2 ? CAN : ROD);
    df_system* s = model_text(xml, 1);
    const double x[8] = {0, 0, 0, 0, 0.7, 0.2, 0, 3}, u = 0.3;
    df_gradcheck_point p;
    OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 3, .threads = 1},
                        &(df_gradcheck_states){.n = 1, .x = x, .u = &u}, &p));
    if (i % 2) {
      /* the lean is 0 in a plane that the hinge leaves */
      assert_true(p.approximate);
    } else {
      assert_false(p.kink || p.approximate);
      assert_true(p.error <= P99);
    }
    df_system_free(s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_leaning_cylinder_agrees_with_differences),
      cmocka_unit_test(a_leaning_capsule_agrees_with_differences),
      cmocka_unit_test(a_lying_body_agrees_with_differences),
      cmocka_unit_test(an_upright_body_is_marked),
      cmocka_unit_test(an_axis_that_no_joint_tilts_is_exact),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
