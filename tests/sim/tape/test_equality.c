/* The adjoint of equality constraints, and of dry friction on ball and free joints, against finite differences. */
/* slow */
#include "scattered.h"

/* Two trees: a free box with an arm on a ball joint and a hand on two hinges, and a pole on a cart. The size of the
 * bodies, half a metre, keeps accelerations and thus the rounding errors of finite differences small. */
#define SOLID(size) "<geom type='box' size='" size "' mass='2' contype='0' conaffinity='0'/>"
#define MODEL(option, equality) \
  "<mujoco><option timestep='.004' " option "/><compiler angle='radian'/><worldbody>"                          \
  "<site name='fixed' pos='.1 .2 1.3' euler='.3 .2 .1'/>"                                                      \
  "<body name='box' pos='0 0 1'><freejoint/>" SOLID(".4 .3 .2")                                                \
  "<body name='arm' pos='.4 0 0'><joint type='ball' damping='.1'/>" SOLID(".3 .2 .25")                         \
  "<body name='hand' pos='.3 .1 0'><joint name='wrist' axis='0 1 .3'/><joint name='twist' axis='1 0 0'/>"      \
  SOLID(".2 .3 .25") "<site name='palm' pos='.2 .1 .1' euler='.4 -.2 .3'/></body></body></body>"               \
  "<body name='cart' pos='.8 .1 .9'><joint name='rail' type='slide' axis='1 .2 0' damping='.3'/>"              \
  SOLID(".3 .2 .3")                                                                                            \
  "<body name='pole' pos='0 0 .3'><joint name='hinge' axis='0 1 0'/><joint name='lift' type='slide' axis='0 .2 1'/>" \
  SOLID(".2 .3 .3") "<site name='tip' pos='.1 0 .3' euler='.1 .5 -.3'/></body></body></worldbody>"             \
  "<equality>" equality "</equality><actuator><motor joint='wrist' gear='2'/><motor joint='twist'/>"           \
  "<motor joint='rail' gear='3'/><motor joint='hinge'/></actuator></mujoco>"

/* an impedance that varies over the residuals that occur here */
#define SOFT " solimp='.2 .8 2 .5 2' solref='.1 1.2' "

static void connects_agree_with_differences(void** state) {
  (void)state;
  check_text("connect bodies of two trees", MODEL("", "<connect body1='hand' body2='pole' anchor='.1 0 0'" SOFT "/>"),
             .1, .5);
  check_text("connect body to the world", MODEL("", "<connect body1='hand' anchor='.1 .02 0'" SOFT "/>"), .1, .5);
  check_text("connect sites", MODEL("", "<connect site1='tip' site2='palm'" SOFT "/>"), .1, .5);
  check_text("connect within a tree, implicitfast",
             MODEL("integrator='implicitfast'", "<connect body1='hand' body2='box' anchor='.1 .02 0'" SOFT "/>"), .1,
             .5);
}

static void welds_agree_with_differences(void** state) {
  (void)state;
  check_text("weld bodies of two trees", MODEL("", "<weld body1='hand' body2='pole' anchor='.1 0 0'" SOFT "/>"), .1,
             .5);
  check_text("weld to the world", MODEL("", "<weld body1='hand' torquescale='.3'" SOFT "/>"), .1, .5);
  check_text("weld sites", MODEL("", "<weld site1='tip' site2='palm' torquescale='2'" SOFT "/>"), .1, .5);
  check_text("weld the other way, implicitfast",
             MODEL("integrator='implicitfast'", "<weld site1='fixed' site2='palm' torquescale='2'" SOFT "/>"), .1, .5);
}

/* MuJoCo's default constraint is stiffer, which magnifies rounding errors, so states near rest are checked */
static void stiff_ties_agree_with_differences(void** state) {
  (void)state;
  static const char* const texts[] = {MODEL("", "<connect body1='hand' body2='pole' anchor='.1 0 0'/>"),
                                      MODEL("", "<weld body1='hand' body2='pole'/>")};
  for (int i = 0; i < 2; i++) {
    df_system* s = model_text(texts[i], 1);
    check_scattered_steps(s, i == 0 ? "connect as by default" : "weld as by default", .02);
    df_system_free(s);
  }
}

static void ties_under_rk4_agree_with_differences(void** state) {
  (void)state;
  check_text("connect and weld, RK4",
             MODEL("integrator='RK4'", "<connect body1='hand' body2='pole' anchor='.1 0 0'" SOFT
                                       "/><weld body1='box' torquescale='.5'" SOFT "/>"),
             .1, .5);
}

/* computes xbar and ubar of one step */
static void gradient(const df_system* s, const motion* m, double* out) {
  double x1[64], y[64];
  df_sim* sim;
  OK(df_sim_new(s, 1, &sim));
  df_rng_normal(8, DF_STREAM_TEST, 0, (size_t)s->ndx, y);
  s->ops->reset(sim, m->x);
  assert_int_equal(s->ops->step(sim, m->u, x1), DF_TRAJ_COMPLETE);
  assert_int_equal(s->ops->step_vjp(sim, 0, y, out, out + s->ndx), DF_TRAJ_COMPLETE);
  df_sim_free(s, sim);
}

static void a_constraint_that_is_switched_off_has_no_part(void** state) {
  (void)state;
  static const char* const texts[] = {MODEL("", ""),
                                      MODEL("",
                                            "<weld body1='hand' body2='pole' active='false'/>"
                                            "<connect body1='hand' anchor='0 0 0' active='false'/>"
                                            "<joint joint1='twist' joint2='hinge' active='false'/>"),
                                      MODEL("", "<weld body1='hand' body2='pole'/>")};
  double g[3][64];
  for (int i = 0; i < 3; i++) {
    df_system* s = model_text(texts[i], 1);
    motion m = scattered(s, 1, .3, 3);
    gradient(s, &m, g[i]);
    motion_free(&m);
    df_system_free(s);
  }
  assert_memory_equal(g[0], g[1], sizeof(double) * (2 * 14 + 4));
  assert_memory_not_equal(g[0], g[2], sizeof(double) * (2 * 14 + 4));
}

static void couplings_agree_with_differences(void** state) {
  (void)state;
  check_text("two joints, quartic",
             MODEL("", "<joint joint1='twist' joint2='hinge' polycoef='.1 .7 -.8 .6 .3'" SOFT "/>"), .1, .5);
  check_text("two joints, cubic, RK4",
             MODEL("integrator='RK4'", "<joint joint1='twist' joint2='hinge' polycoef='.1 .7 -.8 .6 0'" SOFT "/>"), .1,
             .5);
  check_text("one joint", MODEL("", "<joint joint1='wrist' polycoef='.2 0 0 0 0'" SOFT "/>"), .1, .5);
}

/* %s: attributes of <option>, of the free joint and of the ball joint */
#define BALLS(option, base, ball) \
  "<mujoco><option timestep='.004' " option                                                                     \
  "/><compiler angle='radian'/>"                                                                                \
  "<worldbody><body pos='0 0 1'><joint type='free' " base "/>" SOLID(".4 .3 .2")                                \
  "<body pos='.4 0 0'><joint type='ball' " ball "/>" SOLID(".3 .2 .25")                                         \
  "<body pos='.3 .1 0'><joint name='wrist' axis='0 1 .3'/>" SOLID(".2 .3 .25")                                  \
  "</body></body></body></worldbody><actuator><motor joint='wrist' gear='2'/></actuator></mujoco>"

static void dry_friction_of_ball_and_free_joints_agrees_with_differences(void** state) {
  (void)state;
  check_text("dry friction", BALLS("", "frictionloss='3'", "frictionloss='2'"), .05, .5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(connects_agree_with_differences),
      cmocka_unit_test(welds_agree_with_differences),
      cmocka_unit_test(stiff_ties_agree_with_differences),
      cmocka_unit_test(ties_under_rk4_agree_with_differences),
      cmocka_unit_test(a_constraint_that_is_switched_off_has_no_part),
      cmocka_unit_test(couplings_agree_with_differences),
      cmocka_unit_test(dry_friction_of_ball_and_free_joints_agrees_with_differences),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
