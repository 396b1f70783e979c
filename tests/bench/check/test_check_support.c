/* The force that holds free bodies beside a robot: crates that hover, fall, are pushed and lie. */
#include <math.h>

#include "check_parts.h"
#include "found.h"
#include "small_recording.h"
#include "unit.h"

/* a ball of 2 kg with a driven pendulum, which is the base, and a crate of 3 kg that is 20 cm high and sinks in by what
 * soft contacts need; %s: the crate's name, more of its body, of its joint, of its box, what hangs on it, and the
 * actuators */
static const char model[] =
    "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='5 5 1'/>"
    "<body pos='2 0 .1'><freejoint name='base'/><geom size='.1' mass='2'/><body><joint name='swing' axis='0 1 0'/>"
    "<geom size='.01' pos='0 0 .3' mass='.1'/></body></body>"
    "<body%s%s><freejoint%s/><geom type='box' size='.1 .1 .1' mass='3'%s/><site "
    "name='jet'/>%s</body></worldbody>"
    "<actuator><motor joint='swing'/>%s</actuator></mujoco>";
enum { CRATE = 8, OTHERS = 7 }; /* x: base [7], swing, crate [7], lids; velocities: base [6], swing, crate [6], lids */

/* The crate starts at `height` and moves with the accelerations `up` and `aside`, m/s^2, of which 0.6 is along x. */
typedef struct scene {
  const char *body, *joint, *box, *parts, *motor; /* NULL: nothing */
  bool nameless;
  double height, up, aside;
  int lies;      /* the first frames, in which it lies on the floor instead */
  int thrown[2]; /* from the first frame until the second one it is 5 m higher and 5 m/s faster; 0: in none */
  int poses;     /* at most; 0: 50 */
} scene;

static const char* of(const char* text) {
  return text ? text : "";
}

/* m, and m/s, beside what the motion says */
static double thrown_by(const scene* c, int frame) {
  return frame >= c->thrown[0] && frame < c->thrown[1] ? 5 : 0;
}

static data_findings check_scene(const scene* c) {
  static const double h[1] = {0.01};
  char xml[2048];
  data_findings out = {0};
  snprintf(xml, sizeof xml, model, c->nameless ? "" : " name='crate'", of(c->body), of(c->joint), of(c->box),
           of(c->parts), of(c->motor));
  fixture f = fixture_new(xml, 1);
  for (int t = 0; t <= T; t++) {
    double *x = frame_of(f.d, 0, t), *v = x + df_mujoco_nq(f.s) + OTHERS, way = h[0] * h[0] * t * (t + 1) / 2;
    x[0] = 2;
    x[2] = 0.1;
    x[3] = x[CRATE + 3] = 1;
    x[CRATE] = 0.6 * c->aside * way;
    x[CRATE + 1] = 0.8 * c->aside * way;
    x[CRATE + 2] = t < c->lies ? 0.0999 : c->height + c->up * way + thrown_by(c, t);
    v[0] = 0.6 * c->aside * h[0] * t;
    v[1] = 0.8 * c->aside * h[0] * t;
    v[2] = c->up * h[0] * t + thrown_by(c, t);
  }
  trace_it(&f, h);
  assert_ok(check_support(&f.m, c->poses ? (size_t)c->poses : 50, &out));
  expect_limits_decide(&out);
  fixture_free(&f);
  return out;
}

static data_findings check(const char* body, const char* joint, double height, double up) {
  return check_scene(&(scene){.body = body, .joint = joint, .height = height, .up = up});
}

static void a_body_that_nothing_holds_is_named(void** state) {
  (void)state;
  static const struct {
    double height, up, weights;
    check_verdict verdict;
  } cases[] = {{1, 0, 1, CHECK_WARN},
               {30, 0, 1, CHECK_WARN}, /* 30 cm in cm */
               {1, 9.81 / 4, 1.25, CHECK_WARN},
               {9, -9.81, 0, CHECK_OK},
               {9, -9.81 * 0.45, 0.55, CHECK_WARN},
               {9, -9.81 * 0.55, 0.45, CHECK_OK}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    data_findings found = check("", " name='crate_joint'", cases[i].height, cases[i].up);
    const data_finding* one = finding_at(&found, DATA_CHECK_SUPPORT, "crate_joint");
    assert_int_equal(found.n, 1);
    assert_non_null(one);
    assert_true(fabs(one->value - cases[i].weights) < 1e-6);
    assert_int_equal(one->verdict, cases[i].verdict);
    data_findings_clear(&found);
  }
  data_findings found = check("", "", 1, 9.81 / 4);
  assert_string_equal(finding_at(&found, DATA_CHECK_SUPPORT, "crate")->reason,
                      "this body needs a force of 1.25 times its weight (median over frames), and nothing touches it "
                      "in 100 % of them: its position is in another unit or frame than the robot's, or what carries it "
                      "is missing from the model");
  data_findings_clear(&found);
}

/* by the joint, the body, or the number of the joint */
static void a_body_without_a_name_has_the_number_of_its_joint(void** state) {
  (void)state;
  data_findings found = check_scene(&(scene){.nameless = true, .height = 1});
  assert_int_equal(found.n, 1);
  assert_string_equal(found.list[0].column, "joint 2");
  data_findings_clear(&found);
}

/* Contacts may push with any force, deep ones with many weights. What gravity compensation carries is no weight. */
static void what_is_touched_carried_or_driven_is_held(void** state) {
  (void)state;
  data_findings lies = check("", "", 0.0999, 0), deep = check("", "", 0.05, 0),
                carried = check(" gravcomp='.6'", "", 1, 0.4 * 9.81), weightless = check(" gravcomp='1'", "", 1, 0),
                lifted = check_scene(&(scene){.motor = "<motor site='jet' gear='0 0 1 0 0 0'/>", .height = 1}),
                thrust = check_scene(&(scene){
                    .joint = " name='free'", .motor = "<motor joint='free' gear='0 0 1 0 0 0'/>", .height = 1});
  assert_int_equal(finding_at(&lies, DATA_CHECK_SUPPORT, "crate")->verdict, CHECK_OK);
  assert_int_equal(finding_at(&deep, DATA_CHECK_SUPPORT, "crate")->verdict, CHECK_OK);
  assert_true(finding_at(&deep, DATA_CHECK_SUPPORT, "crate")->value > 2);
  /* 3 kg that accelerate by 0.4 g up need 3 (0.4 + 1 - 0.6) g N, and weigh 3 (1 - 0.6) g N */
  assert_true(fabs(finding_at(&carried, DATA_CHECK_SUPPORT, "crate")->value - 2) < 1e-6);
  assert_int_equal(weightless.n, 0);
  assert_int_equal(lifted.n, 0);
  assert_int_equal(thrust.n, 0);
  data_findings_clear(&lies);
  data_findings_clear(&deep);
  data_findings_clear(&carried);
}

/* the only row */
static void expect_row(const scene* c, check_verdict verdict, double weights, const char* says) {
  data_findings found = check_scene(c);
  const data_finding* one = finding_at(&found, DATA_CHECK_SUPPORT, "crate");
  assert_int_equal(found.n, 1);
  assert_non_null(one);
  if (one->verdict != verdict || !(fabs(one->value - weights) < 1e-6) || !strstr(of(one->reason), says))
    fail_msg("%s, %.9g weights: %s", check_verdict_text(one->verdict), one->value, of(one->reason));
  data_findings_clear(&found);
}

/* The norm of a force, of which 0.75 weights are horizontal. */
static void a_force_aside_counts(void** state) {
  (void)state;
  expect_row(&(scene){.height = 1, .aside = 0.75 * 9.81}, CHECK_WARN, 1.25, "a force of 1.25 times its weight");
  expect_row(&(scene){.height = 50, .up = -9.81, .aside = 0.75 * 9.81}, CHECK_WARN, 0.75,
             "a force of 0.75 times its weight");
  expect_row(&(scene){.height = 50, .up = -9.81, .aside = 0.25 * 9.81}, CHECK_OK, 0.25, "");
}

/* Neither a contact that is listed by its gap and pushes only closer, nor what is of the body itself, here two lids
 * one in another, holds a crate that hovers by 2 cm. */
static void what_does_not_push_it_holds_nothing(void** state) {
  (void)state;
  static const char nothing[] = "a force of 1 times its weight (median over frames), and nothing touches it in 100 %",
                    lids[] =
                        "<body><joint axis='1 0 0'/><geom size='.05' pos='0 0 .2' mass='.1'/></body>"
                        "<body><joint axis='0 1 0'/><geom size='.05' pos='0 0 .22' mass='.1'/></body>";
  expect_row(&(scene){.box = " gap='.05'", .height = 0.12}, CHECK_WARN, 1, nothing);
  expect_row(&(scene){.parts = lids, .height = 0.12}, CHECK_WARN, 1, nothing);
}

/* Of the 40 poses that are looked at, every fifth frame, it lies in 1, 2 and 12, and hovers in the others. */
static void a_body_that_is_touched_now_and_then_is_unclear(void** state) {
  (void)state;
  expect_row(&(scene){.height = 1, .lies = 4}, CHECK_WARN, 1, "nothing touches it in 97.5 % of them");
  expect_row(&(scene){.height = 1, .lies = 9}, CHECK_OK, 1, "");
  expect_row(&(scene){.height = 1, .lies = 59}, CHECK_OK, 1, "");
}

/* A crate that falls is thrown 5 m up and back: the poses are frames 0, 67 and 134, and in the last two it jumps. */
static void jumps_need_no_force(void** state) {
  (void)state;
  const scene c = {.height = 50, .up = -9.81, .thrown = {68, 135}, .poses = 3};
  expect_row(&c, CHECK_OK, 0, "");
}

/* a crate near a table, a shelf above it, a post beside it and a block of another tree, that may be tied to a hand or
 * to a mocap body */
#define WORKSHOP(equality)                                                                                           \
  "<mujoco><option timestep='.01'/><worldbody><geom type='plane' size='5 5 1'/><body pos='4 0 .1'><freejoint "       \
  "name='base'/><geom size='.1' mass='2'/><body name='limb'><joint name='swing' axis='0 1 0'/><geom size='.01' "     \
  "pos='0 0 .3' "                                                                                                    \
  "mass='.1'/></body></body><body name='crate'><freejoint/><geom type='box' size='.1 .1 .1' mass='3'/></body><geom " \
  "name='table' type='box' size='.3 .3 .05' pos='0 0 .95'/><body name='shelf'><geom type='box' size='.3 .3 .05' "    \
  "pos='0 0 2.05'/></body><geom type='box' size='.1 .1 .2' pos='.7 0 3'/><body name='mc' mocap='true' pos='0 0 9'/>" \
  "</worldbody><equality>" equality "</equality><actuator><motor joint='swing'/></actuator></mujoco>"

static data_findings check_crate(const char* xml, double x0, double height, double swings) {
  static const double h[1] = {0.01};
  data_findings out = {0};
  fixture f = fixture_new(xml, 1);
  for (int t = 0; t <= T; t++) {
    double* x = frame_of(f.d, 0, t);
    x[0] = 4;
    x[2] = 0.1;
    x[3] = x[CRATE + 3] = 1;
    x[CRATE] = x0;
    /* far away in three of seven frames, without a velocity that would be a force */
    x[CRATE + 2] = height + (t % 7 < 3 ? swings : 0);
  }
  trace_it(&f, h);
  assert_ok(check_support(&f.m, 50, &out));
  expect_limits_decide(&out);
  fixture_free(&f);
  return out;
}

static void what_a_body_hovers_beside_is_named(void** state) {
  (void)state;
  static const char tied[] = WORKSHOP("<weld name='grip' body1='limb' body2='crate' active='false'/>");
  static const char held[] = WORKSHOP("<weld body1='mc' body2='crate'/>");
  static const char other[] = WORKSHOP("<weld name='grip' body1='mc' body2='limb' active='false'/>");
  static const char missing[] =
      "its position is in another unit or frame than the robot's, or what carries it is "
      "missing from the model";
  static const char idle[] = "the model's equality constraint grip, which involves it, is inactive at the start";
  static const struct {
    const char* xml;
    double x, height, swings;
    const char* words; /* NULL: nothing is judged */
  } cases[] = {{WORKSHOP(""), 0, 1.1012, 0, "100 % of them: it hovers 1.2 mm above table: its position or the size"},
               {WORKSHOP(""), 0, 1.8955, 0, "it hovers 4.5 mm below shelf: "},
               {WORKSHOP(""), .492, 3, 0, "it hovers 8 mm beside a geom of the world: "},
               {WORKSHOP(""), 0, 1.111, 0, missing},
               {WORKSHOP(""), 0, 1.1012, 0.3, "it hovers 1.2 mm above table: "},
               {WORKSHOP(""), 0, 1.5, -0.395, missing},
               {tied, 0, 1.5, 0, idle},
               {tied, 0, 1.1012, 0, idle},
               {other, 0, 1.5, 0, missing},
               {held, 0, 1.5, 0, NULL}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    data_findings found = check_crate(cases[i].xml, cases[i].x, cases[i].height, cases[i].swings);
    const data_finding* one = finding_at(&found, DATA_CHECK_SUPPORT, "crate");
    assert_non_null(one);
    assert_int_equal(one->verdict, cases[i].words ? CHECK_WARN : CHECK_OK);
    assert_true(isnan(one->value) == !cases[i].words);
    const char* words = cases[i].words ? cases[i].words
                                       : "not judged: an equality constraint ties this body to the mocap "
                                         "body mc, whose pose is not in the states";
    if (!strstr(one->reason, words)) fail_msg("case %zu: %s", i, one->reason);
    data_findings_clear(&found);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_body_that_nothing_holds_is_named),
      cmocka_unit_test(a_body_without_a_name_has_the_number_of_its_joint),
      cmocka_unit_test(what_is_touched_carried_or_driven_is_held),
      cmocka_unit_test(a_force_aside_counts),
      cmocka_unit_test(what_does_not_push_it_holds_nothing),
      cmocka_unit_test(a_body_that_is_touched_now_and_then_is_unclear),
      cmocka_unit_test(jumps_need_no_force),
      cmocka_unit_test(what_a_body_hovers_beside_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
