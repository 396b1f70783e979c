/* The adjoint of fixed tendons against centred finite differences. */
#include "scattered.h"

#define SOLID(size) "<geom type='box' size='" size "' mass='2' contype='0' conaffinity='0'/>"

/* A chain of three joints on a cart, and a second tree. Tendon t runs along one chain, s couples two branches and two
 * trees. %s: options, attributes of t and s, elements after the tendons */
#define BODIES(option, t, s) \
  "<mujoco><option timestep='.004' " option                                                          \
  "/><compiler angle='radian' autolimits='true'/><worldbody>"                                        \
  "<body pos='0 0 1'><joint name='rail' type='slide' axis='1 .2 0' damping='.3'/>" SOLID(".4 .3 .2") \
  "<body pos='.4 0 0'><joint name='a' axis='0 1 .2'/>" SOLID(".3 .2 .25")                            \
  "<body pos='.3 .1 0'><joint name='b' axis='.1 1 0'/>" SOLID(".2 .3 .25") "</body></body>"          \
  "<body pos='-.4 0 0'><joint name='c' axis='1 1 .2'/>" SOLID(".3 .2 .25") "</body></body>"          \
  "<body pos='1 0 0'><joint name='d' axis='0 1 0'/>" SOLID(".2 .2 .3") "</body></worldbody><tendon>" \
  "<fixed name='t' " t "><joint joint='a' coef='.7'/><joint joint='b' coef='-.4'/></fixed>"          \
  "<fixed name='s' " s "><joint joint='rail' coef='.5'/><joint joint='d' coef='.8'/>"                \
  "<joint joint='b' coef='.6'/><joint joint='c' coef='-.9'/></fixed></tendon>"
#define MODEL(option, t, s, more) \
  BODIES(option, t, s) "<actuator><motor joint='a'/><motor joint='c'/></actuator>" more "</mujoco>"

static void springs_and_dampers_agree_with_differences(void** state) {
  (void)state;
  check_text("springs", MODEL("", "stiffness='30' springlength='.05'", "stiffness='20' damping='3'", ""), .1, .5);
  check_text("dead band", MODEL("", "stiffness='30' springlength='-.1 .2'", "stiffness='20' springlength='-.2 .1'", ""),
             .3, 1);
  check_text("dampers, implicitfast",
             MODEL("integrator='implicitfast'", "damping='8'", "stiffness='20' damping='15'", ""), .1, .5);
  check_text("springs and dampers, RK4", MODEL("integrator='RK4'", "stiffness='30'", "stiffness='20' damping='3'", ""),
             .1, .5);
  check_text("polynomials", MODEL("", "stiffness='30 10 5' damping='2 1 .5'", "stiffness='20 -3 4'", ""), .3, 1);
}

static void armature_agrees_with_differences(void** state) {
  (void)state;
  check_text("armature", MODEL("", "armature='1.3'", "stiffness='20' damping='3'", ""), .1, .5);
  check_text("armature across branches", MODEL("", "", "armature='1.3'", ""), .1, .5);
  check_text("armature, implicitfast",
             MODEL("integrator='implicitfast'", "armature='.7' damping='8'", "armature='1.3' damping='15'", ""), .1,
             .5);
}

static void negative_damping_agrees_with_differences(void** state) {
  (void)state;
  check_text("negative damping", MODEL("", "stiffness='30' damping='-3'", "stiffness='20' damping='-2'", ""), .1, .5);
  check_text("anti-damped servo, implicitfast",
             BODIES("integrator='implicitfast'", "", "stiffness='20'") "<actuator><general joint='a' gainprm='10' biastype='affine' biasprm='0 -10 8'/>"
             "<motor joint='c'/></actuator></mujoco>",
             .1, .5);
}

static void limits_agree_with_differences(void** state) {
  (void)state;
  check_text("limits", MODEL("", "range='-.05 .02' solimplimit='.2 .8 2'", "range='-.1 .1' solimplimit='.2 .8 2'", ""),
             .3, .8);
  check_text("limits with margin and springs",
             MODEL("", "range='-.3 .2' margin='.6' solimplimit='.2 .8 2'",
                   "range='-.1 .1' stiffness='20' damping='3' solimplimit='.2 .8 2'", ""),
             .3, .8);
}

static void dry_friction_agrees_with_differences(void** state) {
  (void)state;
  check_text("dry friction", MODEL("", "frictionloss='4'", "frictionloss='3' damping='2'", ""), .05, .5);
}

static void couplings_of_tendons_agree_with_differences(void** state) {
  (void)state;
#define SOFT " solimp='.2 .8 2 .5 2' solref='.1 1.2' "
  check_text(
      "two tendons, quartic",
      MODEL("", "", "", "<equality><tendon tendon1='t' tendon2='s' polycoef='.1 .7 -.8 .6 .3'" SOFT "/></equality>"),
      .1, .5);
  check_text("one tendon",
             MODEL("", "", "", "<equality><tendon tendon1='s' polycoef='.1 0 0 0 0'" SOFT "/></equality>"), .1, .5);
}

static void actuators_agree_with_differences(void** state) {
  (void)state;
#define DRIVEN(option, t, s, actuators) BODIES(option, t, s) "<actuator>" actuators "</actuator></mujoco>"
  check_text("motors", DRIVEN("", "", "", "<motor tendon='t' gear='3'/><motor tendon='s' gear='-2'/>"), .1, .5);
  check_text("servos",
             DRIVEN("", "", "damping='2'",
                    "<position tendon='t' kp='30' kv='3' gear='2'/><velocity tendon='s' kv='7'/>"
                    "<general tendon='s' gaintype='affine' gainprm='3 2 1' biastype='affine' biasprm='0 -20 -2'/>"),
             .1, .5);
  check_text("servos, implicitfast",
             DRIVEN("integrator='implicitfast'", "damping='2'", "",
                    "<position tendon='t' kp='30' kv='3' gear='2'/><velocity tendon='s' kv='7'/>"),
             .1, .5);
  check_text("activations",
             DRIVEN("", "", "",
                    "<general tendon='t' dyntype='filter' dynprm='.05' gainprm='4' gear='2'/>"
                    "<motor tendon='s'/>"),
             .1, .5);
  check_text(
      "damping and armature of actuators",
      DRIVEN("", "", "", "<motor tendon='t' damping='3' armature='.4' gear='2'/><motor tendon='s' damping='5'/>"), .1,
      .5);
  check_text("damping of actuators, implicitfast",
             DRIVEN("integrator='implicitfast'", "", "",
                    "<motor tendon='t' damping='3' armature='.4' gear='2'/><motor tendon='s' damping='5'/>"),
             .1, .5);
}

static void force_limits_agree_with_differences(void** state) {
  (void)state;
  check_text(
      "force limit of a tendon",
      DRIVEN("", "actuatorfrcrange='-4 3'", "", "<position tendon='t' kp='30' kv='3' gear='2'/><motor tendon='s'/>"),
      .1, .5);
  check_text("force limit of a tendon, implicitfast",
             DRIVEN("integrator='implicitfast'", "actuatorfrcrange='-4 3'", "",
                    "<position tendon='t' kp='30' kv='3' gear='2'/><motor tendon='s'/>"),
             .1, .5);
  check_text("force limits of actuators, implicitfast",
             DRIVEN("integrator='implicitfast'", "", "",
                    "<position tendon='t' kp='30' kv='3' gear='2' forcerange='-4 3'/><motor tendon='s'/>"),
             .1, .5);
}

/* tendons that couple fingers or knees, driven by motors */
static void models_of_the_data_sets_agree_with_differences(void** state) {
  (void)state;
  check_file("mjcf/dm_control_suite/manipulator.xml", 30);
  check_file("mjcf/dm_control_suite/stacker.xml", 20);
  check_file("mjcf/dm_control_suite/quadruped.xml", 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(springs_and_dampers_agree_with_differences),
      cmocka_unit_test(negative_damping_agrees_with_differences),
      cmocka_unit_test(armature_agrees_with_differences),
      cmocka_unit_test(limits_agree_with_differences),
      cmocka_unit_test(dry_friction_agrees_with_differences),
      cmocka_unit_test(couplings_of_tendons_agree_with_differences),
      cmocka_unit_test(actuators_agree_with_differences),
      cmocka_unit_test(models_of_the_data_sets_agree_with_differences),
      cmocka_unit_test(force_limits_agree_with_differences),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
