/* Actuators, activations and forces of single joints: the adjoint of a step against centred finite differences. */
#include "scattered.h"

enum { INTEGRATORS = 3 };
static const char* const integrators[INTEGRATORS] = {"", "integrator='implicitfast'", "integrator='RK4'"};

static void check(const char* name, const char* xml, double spread, int substeps) {
  df_system* s = model_text(xml, substeps);
  check_scattered_steps(s, name, spread);
  df_system_free(s);
}

/* An arm of two hinges on a slide. %s: attributes of <option>, of the joints, further elements of the model. */
#define ARM                                                                                                           \
  "<mujoco><compiler angle='radian'/><option timestep='.005' %s/><default><geom contype='0' conaffinity='0'/><joint " \
  "%s/></default>"                                                                                                    \
  "<worldbody><body><joint name='x' type='slide' axis='1 0 .2'/><geom size='.1' mass='2'/>"                           \
  "<body pos='.1 0 0'><joint name='a' axis='0 1 0'/><geom type='capsule' fromto='0 0 0 .3 0 .1' size='.03' "          \
  "mass='.8'/>"                                                                                                       \
  "<body pos='.3 0 .1'><joint name='b' axis='.1 .2 1'/><geom type='box' size='.2 .04 .03' pos='.1 .05 0' mass='.5'/>" \
  "</body></body></body></worldbody>%s</mujoco>"

static void check_arm(const char* name, const char* option, const char* joint, const char* rest, double spread) {
  char xml[8192];
  assert_true(snprintf(xml, sizeof xml, ARM, option, joint, rest) < (int)sizeof xml);
  check(name, xml, spread, 2);
}

/* ---- activations ---- */

#define ACTUATORS(list) "<actuator>" list "</actuator>"

static void activations_agree_with_differences(void** state) {
  (void)state;
  for (int i = 0; i < INTEGRATORS; i++) {
    const char* option = integrators[i];
    check_arm("integrator", option, "damping='.3'",
              ACTUATORS("<intvelocity joint='a' kp='20' kv='1' actrange='-3 3'/>"
                        "<general joint='b' dyntype='integrator' gainprm='5' biastype='affine' biasprm='1 -2 -.3'/>"),
              .5);
    check_arm(
        "filters", option, "",
        ACTUATORS("<general joint='x' dyntype='filter' dynprm='.1' gainprm='5' gear='2'/>"
                  "<general joint='a' dyntype='filterexact' dynprm='.03' gainprm='4' biastype='affine' biasprm='0 -4'/>"
                  "<motor joint='b'/>"),
        .5);
    check_arm(
        "clamped activations", option, "",
        ACTUATORS(
            "<general joint='x' dyntype='filter' dynprm='.1' gainprm='5' actlimited='true' actrange='-.4 .4'/>"
            "<general joint='a' dyntype='filterexact' dynprm='.03' gainprm='4' actlimited='true' actrange='0 .6'/>"
            "<general joint='b' dyntype='integrator' gainprm='4' actlimited='true' actrange='-.2 .8'/>"),
        .5);
    check_arm(
        "actearly", option, "",
        ACTUATORS(
            "<general joint='x' dyntype='filter' dynprm='.1' gainprm='5' actearly='true'/>"
            "<general joint='a' dyntype='filterexact' dynprm='.03' gaintype='affine' gainprm='4 2' actearly='true'"
            " actlimited='true' actrange='-.5 .5'/>"
            "<general joint='b' dyntype='integrator' gainprm='40' actearly='true' ctrllimited='true'"
            " ctrlrange='-.5 .5'/>"),
        .5);
    check_arm(
        "clamped controls and forces of activations", option, "",
        ACTUATORS("<general joint='x' dyntype='filter' dynprm='.1' gainprm='5' ctrllimited='true' ctrlrange='-.4 .4'/>"
                  "<general joint='a' dyntype='integrator' gainprm='4' forcelimited='true' forcerange='-2 2'/>"
                  "<general joint='b' dyntype='filter' dynprm='.1' gainprm='4' biastype='affine' biasprm='0 -2 -1'"
                  " forcelimited='true' forcerange='-3 3'/>"),
        .5);
  }
}

#define DRIVEN_MASS                                                                                                \
  "<mujoco><option timestep='.01' gravity='0 0 0'/><worldbody><body><joint name='x' type='slide' axis='1 0 0'/>"   \
  "<geom size='.1' mass='2'/></body></worldbody><actuator><general joint='x' gear='3' gainprm='5' %s/></actuator>" \
  "</mujoco>"

/* a' = a + s r(a, u) clamped to its range, v' = v + h 15 b / 2, q' = q + h v', where b is a, or a' with actearly */
static void activations_have_the_adjoint_of_the_formula(void** state) {
  (void)state;
  static const struct {
    const char* attributes;
    double act, u, scale, by_act, by_ctrl, open; /* scale: s; by_*: derivatives of r; open: 0 if a' is clamped */
    bool early;
  } cases[] = {
      {"dyntype='integrator'", .3, .4, .01, 0, 1, 1, false},
      {"dyntype='integrator' actearly='true'", .3, .4, .01, 0, 1, 1, true},
      {"dyntype='filter' dynprm='.1'", .3, .4, .01, -10, 10, 1, false},
      {"dyntype='filter' dynprm='.1' actearly='true'", .3, .4, .01, -10, 10, 1, true},
      {"dyntype='filterexact' dynprm='.1'", .3, .4, .1 * (1 - 0.904837418035959573), -10, 10, 1, false},
      {"dyntype='filter' dynprm='.1' ctrllimited='true' ctrlrange='-1 .3'", .3, .4, .01, -10, 0, 1, false},
      {"dyntype='integrator' actlimited='true' actrange='-.3 .3'", .299, .4, .01, 0, 1, 0, false},
      {"dyntype='integrator' actlimited='true' actrange='-.3 .3' actearly='true'", .299, .4, .01, 0, 1, 0, true},
      /* clamped back from an activation outside the range */
      {"dyntype='filter' dynprm='.1' actlimited='true' actrange='-.3 .3' actearly='true'", .5, 2, .01, -10, 10, 0,
       true},
  };
  const double h = .01, push = h * 15 / 2;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const double x[3] = {0.3, -0.2, cases[i].act}, y[3] = {1.3, -0.6, 0.7};
    double x1[3], xbar[3], ubar;
    char xml[1024];
    snprintf(xml, sizeof xml, DRIVEN_MASS, cases[i].attributes);
    df_system* s = model_text(xml, 1);
    assert_int_equal(df_mujoco_na(s), 1);
    assert_true(s->nx == 3 && s->ndx == 3);
    df_sim* sim;
    OK(df_sim_new(s, 1, &sim));
    s->ops->reset(sim, x);
    assert_int_equal(s->ops->step(sim, &cases[i].u, x1), DF_TRAJ_COMPLETE);
    assert_int_equal(s->ops->step_vjp(sim, 0, y, xbar, &ubar), DF_TRAJ_COMPLETE);
    const double lam = y[1] + h * y[0], next = y[2] + (cases[i].early ? push * lam : 0);
    /* rounding of a few operations on numbers of size 1 */
    CLOSE(x1[1], x[1] + push * (cases[i].early ? x1[2] : x[2]), 1e-14);
    CLOSE(xbar[0], y[0], 1e-14);
    CLOSE(xbar[1], lam, 1e-14);
    CLOSE(xbar[2], cases[i].open * (1 + cases[i].scale * cases[i].by_act) * next + (cases[i].early ? 0 : push * lam),
          1e-14);
    CLOSE(ubar, cases[i].open * cases[i].scale * cases[i].by_ctrl * next, 1e-14);
    df_sim_free(s, sim);
    df_system_free(s);
  }
}

static void rollouts_through_activations_agree_with_differences(void** state) {
  (void)state;
  char xml[8192];
  snprintf(xml, sizeof xml, ARM, "", "damping='.3'",
           ACTUATORS(
               "<intvelocity joint='a' kp='20' kv='1' actrange='-3 3'/>"
               "<general joint='x' dyntype='filter' dynprm='.1' gainprm='5' gear='2' actearly='true'/>"
               "<general joint='b' dyntype='filterexact' dynprm='.03' gainprm='4' biastype='affine' biasprm='0 -4'/>"));
  df_system* s = model_text(xml, 2);
  check_scattered_rollouts(s, "activations", .5);
  df_system_free(s);
}

/* ---- actuators on hinges and slides ---- */

#define SHORTCUTS                                                                                                  \
  ACTUATORS(                                                                                                       \
      "<position joint='x' kp='30' kv='3' gear='2'/><position joint='a' kp='20' dampratio='.7' inheritrange='0'/>" \
      "<velocity joint='b' kv='2' gear='-1.5'/><damper joint='a' kv='3' ctrlrange='0 1'/>"                         \
      "<cylinder joint='x' timeconst='.05' area='3' bias='.5 -1 -.2'/><motor joint='b' gear='3'/>")

static void actuators_of_scalar_joints_agree_with_differences(void** state) {
  (void)state;
  for (int i = 0; i < INTEGRATORS; i++) {
    const char* option = integrators[i];
    check_arm("shortcuts", option, "", SHORTCUTS, .5);
    check_arm("gain on length and velocity", option, "damping='.2'",
              ACTUATORS("<general joint='x' gaintype='affine' gainprm='3 2 -1.5' biastype='affine' biasprm='1 -1 -.5'/>"
                        "<general joint='a' gaintype='affine' gainprm='0 0 -2' ctrllimited='true' ctrlrange='0 1'/>"
                        "<general joint='b' gaintype='affine' gainprm='1 0 -3' dyntype='filter' dynprm='.05'"
                        " forcelimited='true' forcerange='-1.5 1.5'/>"),
              .5);
    check_arm("gain on velocity of the next activation", option, "",
              ACTUATORS("<general joint='x' gaintype='affine' gainprm='0 0 -4' dyntype='filterexact' dynprm='.05'"
                        " actearly='true' actlimited='true' actrange='-.6 .6'/><motor joint='a'/>"),
              .5);
    check_arm("several on one joint with a force limit", option, "actuatorfrcrange='-2 2'",
              ACTUATORS("<position joint='a' kp='5' kv='1'/><motor joint='a' gear='2'/><velocity joint='b' kv='1'/>"
                        "<general joint='a' dyntype='filter' dynprm='.1' gainprm='3'/>"
                        "<general joint='x' gaintype='affine' gainprm='2 0 -1'/>"),
              .5);
    check_arm("damping and armature of actuators", option, "damping='.1'",
              ACTUATORS("<motor joint='x' gear='2' damping='.4' armature='.3'/><motor joint='a' damping='.2 .1 .05'/>"
                        "<position joint='a' kp='3' kv='.2' damping='.3' gear='-1.5'/><motor joint='b' gear='3'/>"),
              .5);
  }
}

static void disabled_groups_do_not_push(void** state) {
  (void)state;
  check_arm(
      "a disabled group", "actuatorgroupdisable='2 4'", "damping='.1'",
      ACTUATORS("<motor joint='x' group='2' gear='30'/><position joint='a' kp='8' group='1'/>"
                "<general joint='b' group='4' dyntype='integrator' gainprm='9' actlimited='true' actrange='-.3 .3'/>"
                "<general joint='b' group='0' dyntype='filter' dynprm='.1' gainprm='9'/>"),
      .5);
}

/* ---- flags ---- */

static void flags_agree_with_differences(void** state) {
  (void)state;
  static const char* const flags[] = {"spring",    "damper",     "actuation", "gravity",
                                      "clampctrl", "limit",      "eulerdamp", "frictionloss",
                                      "contact",   "constraint", "refsafe",   "filterparent"};
  static const char* const names[] = {"Euler", "implicitfast", "RK4"};
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
    for (int k = 0; k < INTEGRATORS; k++) {
      char option[200];
      snprintf(option, sizeof option, "integrator='%s'><flag %s='disable'/></option><option", names[k], flags[i]);
      check_arm(
          flags[i], option,
          "damping='.5 .2' stiffness='3 1 2' limited='true' range='-.4 .4' solimplimit='.8 .9 .02' frictionloss='.2'",
          ACTUATORS("<position joint='x' kp='8' kv='1' ctrllimited='true' ctrlrange='-.5 .5'/>"
                    "<general joint='a' dyntype='filter' dynprm='.1' gainprm='3' ctrllimited='true' ctrlrange='-.5 .5'"
                    " actlimited='true' actrange='-.4 .4'/>"),
          .4);
    }
  }
}

/* ---- springs and dampers ---- */

static void polynomial_springs_and_dampers_agree_with_differences(void** state) {
  (void)state;
  static const char* const options[] = {"", "integrator='implicitfast'",
                                        "><flag eulerdamp='disable'/></option><option"};
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
    check_arm("polynomial stiffness", options[i], "stiffness='20 6 9' springref='.2'", ACTUATORS("<motor joint='a'/>"),
              .5);
    check_arm("polynomial damping", options[i], "damping='1 .7 .4'", ACTUATORS("<motor joint='a'/>"), .8);
    check_arm("polynomial damping without a linear part", options[i], "damping='0 .7 .4' stiffness='0 2 3'",
              ACTUATORS("<position joint='a' kp='3' kv='.5'/>"), .8);
  }
}

/* ---- ball and free joints ---- */

/* A free body that carries a ball joint and a hinge. %s: attributes of <option>, of the free joint, of the ball joint,
 * further elements of the model. */
#define CHAIN                                                                                                  \
  "<mujoco><compiler angle='radian'/><option timestep='.005' %s/>"                                             \
  "<default><geom contype='0' conaffinity='0'/></default><worldbody>"                                          \
  "<body pos='.1 .2 .9' euler='.3 .4 .1'><joint name='free' type='free' %s/>"                                  \
  "<geom type='box' size='.2 .1 .05' pos='.02 .03 .01' mass='2'/>"                                             \
  "<body pos='.2 0 0' euler='.2 -.1 .3'><joint name='ball' type='ball' pos='0 .05 0' %s/>"                     \
  "<geom type='box' size='.1 .05 .03' pos='.1 0 .02' mass='.7'/>"                                              \
  "<body pos='.2 .05 0'><joint name='h' axis='0 1 .2'/><geom type='capsule' fromto='0 0 0 .1 0 .1' size='.02'" \
  " mass='.3'/></body></body></body></worldbody>%s</mujoco>"

static void check_chain(const char* name, const char* option, const char* free, const char* ball, const char* rest,
                        double spread) {
  char xml[8192];
  assert_true(snprintf(xml, sizeof xml, CHAIN, option, free, ball, rest) < (int)sizeof xml);
  check(name, xml, spread, 2);
}

static void springs_of_rotations_agree_with_differences(void** state) {
  (void)state;
  for (int i = 0; i < INTEGRATORS; i++) {
    check_chain("springs", integrators[i], "stiffness='30'", "stiffness='4' damping='.1'",
                ACTUATORS("<motor joint='h'/>"), .5);
    check_chain("springs far from rest", integrators[i], "stiffness='5'", "stiffness='2'",
                ACTUATORS("<motor joint='h'/>"), .9);
    check_chain("polynomial springs", integrators[i], "stiffness='30 8 3'", "stiffness='3 2 4'",
                ACTUATORS("<motor joint='h'/>"), .5);
    /* explicit integration of this damping diverges for light bodies */
    if (i < 2)
      check_chain("polynomial damping", integrators[i], "stiffness='30' damping='.2 .1 .1'",
                  "stiffness='3 2 4' damping='.1 .2 .1'", ACTUATORS("<motor joint='h'/>"), .5);
  }
}

static void limits_of_ball_joints_agree_with_differences(void** state) {
  (void)state;
  check_chain("limit of a ball", "", "", "limited='true' range='0 .6' solimplimit='.8 .95 .05'",
              ACTUATORS("<motor joint='h'/>"), .5);
  check_chain("limit of a ball with a margin", "integrator='implicitfast'", "",
              "limited='true' range='0 .6' margin='.3' damping='.2' stiffness='2'", ACTUATORS("<motor joint='h'/>"),
              .5);
}

static void actuators_of_rotations_agree_with_differences(void** state) {
  (void)state;
  for (int i = 0; i < INTEGRATORS; i++) {
    check_chain("motors on ball and free", integrators[i], "", "damping='.1'",
                ACTUATORS("<motor joint='ball' gear='1 0 2'/><motor joint='ball' gear='0 -1 0'/>"
                          "<motor joint='free' gear='10 2 -3 1 2 -1'/><motor joint='h'/>"),
                .5);
    check_chain(
        "servos on ball and free", integrators[i], "", "",
        ACTUATORS("<position joint='ball' gear='1 0 0' kp='3' kv='.2'/><position joint='ball' gear='0 2 1' kp='2'/>"
                  "<velocity joint='free' gear='2 0 0 1 0 0' kv='4'/>"
                  "<general joint='ball' gear='0 1 1' dyntype='filter' dynprm='.1' gainprm='3' biastype='affine'"
                  " biasprm='.3 -3 -.1' forcelimited='true' forcerange='-2 2'/>"),
        .5);
    check_chain(
        "motors in the parent's frame", integrators[i], "", "",
        ACTUATORS("<motor jointinparent='ball' gear='1 3 2'/><motor jointinparent='free' gear='10 2 -3 1 2 -1'/>"
                  "<general jointinparent='ball' gear='1 -1 0' gainprm='3' biastype='affine' biasprm='.3 -3'/>"
                  "<motor jointinparent='h' gear='2' forcelimited='true' forcerange='-.5 .5'/>"),
        .5);
  }
  check_chain("velocity in the parent's frame", "", "", "",
              ACTUATORS("<velocity jointinparent='ball' gear='1 3 2' kv='.3'/>"
                        "<velocity jointinparent='free' gear='1 0 2 1 2 -1' kv='2'/>"
                        "<general jointinparent='ball' gear='0 1 0' gaintype='affine' gainprm='2 1 -1'/>"),
              .5);
  check_chain("gain on length and velocity of a ball", "", "", "",
              ACTUATORS("<general joint='ball' gear='1 3 2' gaintype='affine' gainprm='1 2 -1'/>"
                        "<general joint='free' gear='1 3 2 1 0 2' gaintype='affine' gainprm='1 2 -1'/>"),
              .5);
}

/* ---- free bodies without limbs, under implicitfast ---- */

#define THROWN                                                                                                   \
  "<mujoco><option timestep='.02' integrator='implicitfast'/>"                                                   \
  "<default><geom contype='0' conaffinity='0'/></default><worldbody>"                                            \
  "<body pos='0 0 1'><joint name='f' type='free' %s/><geom type='box' size='.1 .2 .3' pos='.1 .05 0' mass='1'/>" \
  "<body pos='.2 .1 0' euler='20 30 0'><geom type='box' size='.1 .05 .02' mass='.5'/></body></body>"             \
  "<body pos='1 0 1'><freejoint/><geom type='box' size='.03 .1 .2' mass='.7'/></body>"                           \
  "<body><joint name='h' axis='0 1 0' pos='.1 .1 .1' damping='.1'/><geom size='.1'/>"                            \
  "<body pos='.2 0 0'><joint type='ball'/><geom type='box' size='.1 .02 .03'/></body></body>"                    \
  "</worldbody><actuator><motor joint='h'/>%s</actuator></mujoco>"

static void thrown_bodies_agree_with_differences(void** state) {
  (void)state;
  static const struct {
    const char *name, *free, *actuators;
  } cases[] = {
      {"thrown", "", ""},
      {"thrown with a motor", "", "<motor joint='f' gear='1 0 2 0 1 1'/>"},
      {"thrown with a damped servo", "damping='.3' stiffness='5'", "<velocity joint='f' gear='1 0 2 0 1 1' kv='3'/>"},
      {"thrown with polynomial damping", "damping='.1 .2 .3'", "<motor joint='f' gear='1 0 2 0 1 1'/>"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char xml[4096];
    snprintf(xml, sizeof xml, THROWN, cases[i].free, cases[i].actuators);
    check(cases[i].name, xml, .5, 2);
    check(cases[i].name, xml, 2, 1);
  }
}

/* ---- gravity compensation and mocap bodies ---- */

#define HELD_UP                                                                                                 \
  "<mujoco><compiler angle='radian'/><option timestep='.005' gravity='1 2 -9' %s/>"                             \
  "<default><geom contype='0' conaffinity='0'/></default><worldbody>"                                           \
  "<body mocap='true' pos='.3 0 1' euler='.1 .2 .3'><geom size='.1'/></body>"                                   \
  "<body pos='.1 .2 .9' gravcomp='.4'><joint type='free'/><geom type='box' size='.2 .1 .05' pos='.02 .03 .01' " \
  "mass='2'/>"                                                                                                  \
  "<body pos='.2 0 0' gravcomp='1.5'><geom type='box' size='.1 .05 .03' pos='.1 0 .02' mass='.7'/>"             \
  "<body pos='.2 .05 0' gravcomp='1'><joint name='h' axis='0 1 .2' actuatorgravcomp='%s'/>"                     \
  "<geom type='capsule' fromto='0 0 0 .1 0 .1' size='.02' mass='.3'/>"                                          \
  "<body pos='.1 0 .1'><joint name='s' type='slide' axis='1 1 0'/><geom size='.05' mass='.4'/></body>"          \
  "</body></body></body></worldbody><actuator><motor joint='h'/></actuator></mujoco>"

static void gravity_compensation_agrees_with_differences(void** state) {
  (void)state;
  static const char* const options[] = {"",
                                        "integrator='implicitfast'",
                                        "><flag spring='disable' damper='disable'/></option><option",
                                        "><flag gravity='disable'/></option><option",
                                        "integrator='RK4'",
                                        "><flag spring='disable' damper='disable'/></option><option"};
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
    char xml[4096];
    snprintf(xml, sizeof xml, HELD_UP, options[i], i % 2 ? "true" : "false");
    check("gravity compensation", xml, .6, 2);
  }
}

/* ---- actuators on sites ---- */

/* A free body that carries a ball joint, a slide and a hinge, with a site on every body, one in the world, and one on a
 * body without a joint. %s: attributes of <option>, actuators */
#define SITES                                                                                                        \
  "<mujoco><compiler angle='radian'/><option timestep='.005' %s/><default><geom contype='0' conaffinity='0'/>"       \
  "</default><worldbody><site name='world'/><body pos='0 0 1' euler='.3 .2 .1'><freejoint/>"                         \
  "<geom type='box' size='.2 .1 .05' mass='2'/><site name='base' pos='.1 .2 .05' euler='.2 .4 .3'/>"                 \
  "<body pos='.2 .1 0'><joint type='ball'/><geom type='box' pos='.1 0 .1' size='.1 .05 .08' mass='.7'/>"             \
  "<site name='ball' pos='.2 0 .1' euler='1 .3 .2'/><body pos='.2 0 .1'>"                                            \
  "<joint name='s' type='slide' axis='1 1 0'/><joint name='h' axis='0 .2 1'/>"                                       \
  "<geom type='box' pos='.1 .05 0' size='.1 .03 .05' mass='.5'/><body pos='.1 0 .1' euler='0 .5 .2'>"                \
  "<site name='tip' pos='0 .05 0' euler='.1 .2 .9'/></body></body></body></body></worldbody><actuator>%s</actuator>" \
  "</mujoco>"

static void check_sites(const char* name, const char* option, const char* actuators, double spread) {
  char xml[8192];
  assert_true(snprintf(xml, sizeof xml, SITES, option, actuators) < (int)sizeof xml);
  df_system* s = model_text(xml, 2);
  check_scattered_steps(s, name, spread);
  check_scattered_rollouts(s, name, spread);
  df_system_free(s);
}

static void actuators_on_sites_agree_with_differences(void** state) {
  (void)state;
  for (int i = 0; i < INTEGRATORS; i++) {
    const char* option = integrators[i];
    check_sites("forces and couples", option,
                "<motor site='base' gear='1 2 3 0 0 0'/><motor site='ball' gear='0 0 0 .3 .1 .2'/>"
                "<motor site='tip' gear='2 0 1 .1 .3 0'/><motor site='world' gear='1 1 1 1 1 1'/><motor joint='h'/>",
                .5);
    check_sites("activations and limits", option,
                "<general site='tip' gear='2 0 1 .1 .3 0' dyntype='filter' dynprm='.1' gainprm='5' biastype='affine'"
                " biasprm='.7'/><general site='base' gear='1 2 3 0 0 0' dyntype='integrator' gainprm='4'"
                " actearly='true'/><general site='ball' gear='0 0 2 0 0 1' gainprm='5' forcelimited='true'"
                " forcerange='-2 2'/><motor joint='s' ctrllimited='true' ctrlrange='-.5 .5'/>",
                .5);

    /* a body without children, whose gyroscopic forces implicitfast takes implicitly */
    char xml[2048];
    snprintf(xml, sizeof xml,
             "<mujoco><option timestep='.005' %s/><worldbody><body><freejoint/><geom type='box' size='.2 .1 .05' "
             "contype='0'/><site name='a' pos='.1 .1 0'/><site name='b' pos='-.1 .1 .02' euler='10 0 20'/></body>"
             "</worldbody><actuator><motor site='a' gear='0 0 3 0 0 .1'/><motor site='b' gear='0 0 2 0 0 -.1'/>"
             "</actuator></mujoco>",
             option);
    check("rotors", xml, .5, 1);

    /* implicitfast takes velocity gains implicitly, and refuses them on sites */
    if (i == 1) continue;
    check_sites("velocities", option,
                "<general site='tip' gear='2 0 1 .1 .3 0' biastype='affine' biasprm='.5 0 -.4' gainprm='3'/>"
                "<general site='base' gear='0 1 0 0 0 .2' gaintype='affine' gainprm='2 0 .7'/>"
                "<general site='ball' gear='0 0 0 .2 0 1' gaintype='affine' gainprm='2 0 .7' biastype='affine'"
                " biasprm='0 0 -.1' dyntype='filterexact' dynprm='.03'/><velocity joint='h' kv='.3'/>",
                .5);
  }
}

/* a rotor .1 m from the centre of a body of 2 kg whose axis is vertical: dv'/du = h gear/m, dw'/du = h couple/I */
static void a_rotor_pushes_as_the_formula_says(void** state) {
  (void)state;
  df_system* s = model_text(
      "<mujoco><option timestep='.01'/><worldbody><body pos='0 0 1'><freejoint/><inertial pos='0 0 0' mass='2' "
      "diaginertia='.1 .2 .3'/><site name='r' pos='.1 0 0'/></body></worldbody>"
      "<actuator><motor site='r' gear='0 0 3 0 0 .05'/></actuator></mujoco>",
      1);
  double x[13], x1[13], xbar[12], y[12];
  const double u = 0.4, right[6] = {0, 0, .01 * 3 / 2, 0, .01 * -.3 / .2, .01 * .05 / .3};
  df_sim* sim;
  OK(df_sim_new(s, 1, &sim));
  df_mujoco_initial_state(s, x);
  s->ops->reset(sim, x);
  assert_int_equal(s->ops->step(sim, &u, x1), DF_TRAJ_COMPLETE);
  for (int k = 0; k < 6; k++) {
    double ubar;
    memset(y, 0, sizeof y);
    y[6 + k] = 1;
    assert_int_equal(s->ops->step_vjp(sim, 0, y, xbar, &ubar), DF_TRAJ_COMPLETE);
    CLOSE(ubar, right[k], 1e-15);
    /* the thrust of 1.2 N turns with the body */
    if (k < 2) CLOSE(xbar[3 + 1 - k], (k == 0 ? 1 : -1) * .01 * 1.2 / 2, 1e-15);
  }
  df_sim_free(s, sim);
  df_system_free(s);
}

static void mocap_bodies_stand_still(void** state) {
  (void)state;
  /* a ball in contact with a floor and a post, both mocap bodies */
  check(
      "on mocap bodies",
      "<mujoco><option timestep='.004'/><default><geom friction='.7 .05 .03' solimp='.9 .95 .02'/></default><worldbody>"
      "<body mocap='true' pos='0 0 -.05' euler='5 10 0'><geom type='plane' size='1 1 1'/></body>"
      "<body mocap='true' pos='.2 0 0'><geom type='capsule' size='.1 .4'/></body>"
      "<body><freejoint/><geom size='.1' mass='2' condim='4'/><body pos='0 0 .3'><joint name='h' axis='0 1 0'/>"
      "<geom size='.05' mass='.3' pos='.1 0 0'/></body></body></worldbody>"
      "<actuator><motor joint='h'/></actuator></mujoco>",
      .05, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(activations_agree_with_differences),
      cmocka_unit_test(activations_have_the_adjoint_of_the_formula),
      cmocka_unit_test(rollouts_through_activations_agree_with_differences),
      cmocka_unit_test(actuators_of_scalar_joints_agree_with_differences),
      cmocka_unit_test(disabled_groups_do_not_push),
      cmocka_unit_test(flags_agree_with_differences),
      cmocka_unit_test(polynomial_springs_and_dampers_agree_with_differences),
      cmocka_unit_test(springs_of_rotations_agree_with_differences),
      cmocka_unit_test(limits_of_ball_joints_agree_with_differences),
      cmocka_unit_test(actuators_of_rotations_agree_with_differences),
      cmocka_unit_test(thrown_bodies_agree_with_differences),
      cmocka_unit_test(gravity_compensation_agrees_with_differences),
      cmocka_unit_test(actuators_on_sites_agree_with_differences),
      cmocka_unit_test(a_rotor_pushes_as_the_formula_says),
      cmocka_unit_test(mocap_bodies_stand_still),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
