/* Contacts, velocities of points and inverse dynamics of a state, against closed forms and simulated steps. */
#include "dynaflow/sim/dynamics.h"

#include <mujoco/mujoco.h>

#include "models.h"

enum { NV = 6, NQ = 7 };

static const char BALL[] =
    "<mujoco><worldbody><geom name='floor' type='plane' size='5 5 .1'/>"
    "<body name='ball' pos='0 0 1'><freejoint/><geom name='ball' type='sphere' size='.1' mass='2'/></body>"
    "</worldbody></mujoco>";

/* a free body at a height, with velocities [6] */
static void at_height(const df_system* s, double z, const double* v, double* x) {
  df_mujoco_initial_state(s, x);
  x[2] = z;
  memcpy(x + NQ, v, NV * sizeof *v);
}

static const double still[NV] = {0};

/* a ball that falls, in one action: g h^2 (n + 1) / (2 n) with n steps per action of h s */
static void a_copy_has_other_steps(void** state) {
  (void)state;
  static const double h = 1 / 30.;
  static const int substeps = 16;
  df_system *s = model_text(BALL, 1), *copy;
  df_sim* sim;
  double x[NQ + NV], y[NQ + NV];
  OK(df_mujoco_copy_with_steps(s, h / substeps, substeps, &copy));
  df_system_free(s);
  assert_int_equal(df_mujoco_substeps(copy), substeps);
  CLOSE(copy->dt, h, 1e-15);
  OK(df_sim_new(copy, 0, &sim));
  at_height(copy, 5, still, x);
  copy->ops->reset(sim, x);
  assert_int_equal(copy->ops->step(sim, NULL, y), DF_TRAJ_COMPLETE);
  CLOSE(5 - y[2], 9.81 * h * h * (substeps + 1) / (2 * substeps), 1e-12);
  df_sim_free(copy, sim);
  assert_int_equal(df_mujoco_copy_with_steps(copy, 0, 1, &s), DF_E_CONFIG);
  assert_null(s);
  assert_int_equal(df_mujoco_copy_with_steps(copy, h, 0, &s), DF_E_CONFIG);
  df_system_free(copy);
}

static void a_sunk_sphere_has_one_contact_of_its_depth(void** state) {
  (void)state;
  df_system* s = model_text(BALL, 1);
  df_sim* sim;
  double x[NQ + NV];
  OK(df_sim_new(s, 0, &sim));
  at_height(s, .1 - .004, still, x);
  x[0] = .3;
  df_mujoco_pose(sim, x);
  assert_int_equal(df_mujoco_contact_count(sim), 1);
  const df_contact c = df_mujoco_contact(sim, 0);
  CLOSE(c.distance, -.004, 1e-15);
  assert_true(c.active && c.geom[0] == df_mujoco_geom(s, "floor") && c.geom[1] == df_mujoco_geom(s, "ball"));
  assert_true(c.body[0] == 0 && c.body[1] == 1);
  CLOSE(c.position[0], .3, 1e-15);
  CLOSE(c.position[2], -.002, 1e-15);
  CLOSE(c.frame[2], 1, 1e-15);
  CLOSE(fabs(c.frame[3] * c.frame[7] - c.frame[4] * c.frame[6]), 1, 1e-15); /* the tangents are horizontal */
  at_height(s, .1 + .004, still, x);
  df_mujoco_pose(sim, x);
  assert_int_equal(df_mujoco_contact_count(sim), 0);
  df_sim_free(s, sim);
  df_system_free(s);
}

static void a_contact_in_the_gap_of_its_margin_is_not_active(void** state) {
  (void)state;
  df_system* s = model_text(
      "<mujoco><worldbody><geom type='plane' size='5 5 .1'/><body pos='0 0 1'><freejoint/>"
      "<geom type='sphere' size='.1' margin='.01' gap='.005'/></body></worldbody></mujoco>",
      1);
  df_sim* sim;
  double x[NQ + NV];
  OK(df_sim_new(s, 0, &sim));
  for (int inside = 0; inside < 2; inside++) {
    at_height(s, inside ? .107 : .112, still, x);
    df_mujoco_pose(sim, x);
    assert_int_equal(df_mujoco_contact_count(sim), 1);
    assert_int_equal(df_mujoco_contact(sim, 0).active, inside);
  }
  df_sim_free(s, sim);
  df_system_free(s);
}

/* v + w x r: the angular velocity of a free joint is in the frame of the body */
static void a_point_moves_with_its_body(void** state) {
  (void)state;
  df_system* s = model_text(BALL, 1);
  df_sim* sim;
  const double v[NV] = {1, 2, 3, 0, .5, 0}; /* turns about the body's y axis, which is the world's -x axis */
  double x[NQ + NV], velocity[3];
  OK(df_sim_new(s, 0, &sim));
  at_height(s, 1, v, x);
  x[3] = x[6] = sqrt(.5); /* turned by 90 degrees about z */
  df_mujoco_pose(sim, x);
  const double above[3] = {0, 0, 1.2};
  df_mujoco_point_velocity(sim, 1, above, velocity);
  CLOSE(velocity[0], 1, 1e-14);
  CLOSE(velocity[1], 2 + .5 * .2, 1e-14);
  CLOSE(velocity[2], 3, 1e-14);
  df_mujoco_point_velocity(sim, 0, above, velocity);
  assert_true(velocity[0] == 0 && velocity[1] == 0 && velocity[2] == 0);
  df_sim_free(s, sim);
  df_system_free(s);
}

/* a ball that slides, sinks and turns about a vertical and a horizontal axis, on a floor and on a board that slides */
static void bodies_slide_at_their_tangential_relative_speed(void** state) {
  (void)state;
  df_system* s = model_text(
      "<mujoco><worldbody><body><joint type='slide' axis='1 0 0'/><geom type='box' size='2 2 .1' pos='0 0 -.1'/></body>"
      "<body pos='0 0 1'><freejoint/><geom size='.1'/></body></worldbody></mujoco>",
      1);
  df_sim* sim;
  OK(df_sim_new(s, 0, &sim));
  for (int board = 0; board < 2; board++) {
    double x[8 + 7];
    df_mujoco_initial_state(s, x);
    x[3] = .1;
    x[8] = board ? -.5 : 0;
    /* the point of contact moves by v + w x (0, 0, -0.1) = (0.3 - 0.2, 0.4, -2) m/s */
    x[9] = .3, x[10] = .4, x[11] = -2, x[13] = 2, x[14] = 7;
    df_mujoco_pose(sim, x);
    assert_int_equal(df_mujoco_contact_count(sim), 1);
    df_contact c = df_mujoco_contact(sim, 0);
    CLOSE(df_mujoco_sliding_speed(sim, &c), hypot(.1 + .5 * board, .4), 1e-14);
    c.body[c.body[0] == 1 ? 0 : 1] = -1; /* as of a flex, which is at rest */
    CLOSE(df_mujoco_sliding_speed(sim, &c), hypot(.1, .4), 1e-14);
  }
  df_sim_free(s, sim);
  df_system_free(s);
}

/* the larger coefficient of the two geoms, and none of a contact along the normal alone */
static void contacts_have_the_friction_of_their_pair(void** state) {
  (void)state;
  static const char* const ball[] = {"friction='.3'", "friction='.1'", "condim='1'"};
  static const double friction[] = {0.3, 0.2, 0};
  for (int i = 0; i < 3; i++) {
    char xml[512];
    snprintf(xml, sizeof xml,
             "<mujoco><worldbody><geom type='plane' size='2 2 1' friction='.2' condim='%d'/><body pos='0 0 .09'>"
             "<freejoint/><geom size='.1' %s/></body></worldbody></mujoco>",
             i == 2 ? 1 : 3, ball[i]);
    df_system* s = model_text(xml, 1);
    df_sim* sim;
    double x[13];
    OK(df_sim_new(s, 0, &sim));
    df_mujoco_initial_state(s, x);
    df_mujoco_pose(sim, x);
    assert_int_equal(df_mujoco_contact_count(sim), 1);
    CLOSE(df_mujoco_contact(sim, 0).friction, friction[i], 1e-15);
    df_sim_free(s, sim);
    df_system_free(s);
  }
}

static void a_falling_body_needs_no_force_and_a_hovering_one_its_weight(void** state) {
  (void)state;
  df_system* s = model_text(BALL, 1);
  df_sim* sim;
  const double spinning[NV] = {1, 2, 3, 4, 5, 6}, fall[NV] = {0, 0, -9.81, 0, 0, 0}, odd[NV] = {0, 0, 0, INFINITY};
  double x[NQ + NV], force[NV];
  OK(df_sim_new(s, 0, &sim));
  CLOSE(df_mujoco_gravity(s), 9.81, 1e-15);
  at_height(s, 1, spinning, x);
  OK(df_mujoco_inverse(sim, x, fall, force));
  for (int i = 0; i < NV; i++) CLOSE(force[i], 0, 1e-12);
  OK(df_mujoco_inverse(sim, x, still, force));
  for (int i = 0; i < NV; i++) CLOSE(force[i], i == 2 ? 2 * 9.81 : 0, 1e-12);

  /* numbers that are not finite */
  assert_int_equal(df_mujoco_inverse(sim, x, odd, force), DF_E_ARG);
  x[4] = NAN;
  assert_int_equal(df_mujoco_inverse(sim, x, still, force), DF_E_ARG);
  assert_true(force[2] == 0);
  df_sim_free(s, sim);
  df_system_free(s);
}

static void a_pendulum_needs_the_torque_of_its_equation(void** state) {
  (void)state;
  const double l = .7, mass = 2, damping = .3, q = .8, v = 1.5, a = -4;
  df_system* s = model_text(
      "<mujoco><option integrator='RK4'/><worldbody><body><joint axis='0 -1 0' damping='.3'/>"
      "<inertial pos='0 0 -.7' mass='2' diaginertia='1e-9 1e-9 1e-9'/></body></worldbody></mujoco>",
      1);
  df_sim* sim;
  double x[2] = {q, v}, torque, centre[2][3];
  OK(df_sim_new(s, 0, &sim));
  OK(df_mujoco_inverse(sim, x, &a, &torque));
  CLOSE(torque, mass * l * l * a + damping * v + mass * 9.81 * l * sin(q), 1e-7);
  df_mujoco_body_centres(sim, centre[0]);
  CLOSE(centre[1][0], l * sin(q), 1e-14);
  CLOSE(centre[1][2], -l * cos(q), 1e-14);
  df_sim_free(s, sim);
  df_system_free(s);
}

/* the forces of simulated steps are those of the motors, also in contact and with implicit damping; none on the root */
static void simulated_steps_need_the_forces_of_their_actuators(void** state) {
  (void)state;
  const char* const options[] = {"tolerance='1e-14'", "tolerance='1e-14' integrator='implicitfast'"};
  for (int i = 0; i < 2; i++) {
    df_system* s = planar_hopper(options[i], 1);
    df_sim *sim, *look;
    double x[10], next[10], a[5], force[5], worst = 0;
    int contacts = 0;
    OK(df_sim_new(s, 0, &sim));
    OK(df_sim_new(s, 0, &look));
    df_mujoco_initial_state(s, x);
    s->ops->reset(sim, x);
    for (int t = 0; t < 300; t++) {
      const double u[2] = {.8 * sin(.1 * t), .5};
      assert_int_equal(s->ops->step(sim, u, next), DF_TRAJ_COMPLETE);
      for (int k = 0; k < 5; k++) a[k] = (next[5 + k] - x[5 + k]) / s->dt;
      OK(df_mujoco_inverse(look, x, a, force));
      contacts += df_mujoco_contact_count(look) > 0;
      for (int k = 0; k < 5; k++) worst = fmax(worst, fabs(force[k] - (k < 3 ? 0 : 20 * u[k - 3])));
      memcpy(x, next, sizeof x);
    }
    assert_true(contacts > 100);
    CLOSE(worst, 0, 1e-6); /* the solver's tolerance; the weight is 59 N */
    df_sim_free(s, sim);
    df_sim_free(s, look);
    df_system_free(s);
  }
}

/* Servos with damping on two arms that hang one on the other: the first one pulls only. implicitfast leaves the damping
 * out of the steps in which their force is at an end of its range; the attributes of <option>, of the servos and their
 * joints. */
#define SERVOS                                                                                        \
  "<mujoco><option timestep='.0025' %s/><worldbody><body><joint name='a' axis='0 1 0' %s/>"           \
  "<inertial pos='0 0 -.3' mass='1.5' diaginertia='.01 .01 .01'/><body pos='0 0 -.5'>"                \
  "<joint name='b' axis='0 1 0' %s/><inertial pos='0 0 -.2' mass='.5' diaginertia='.004 .004 .004'/>" \
  "</body></body></worldbody><actuator><position joint='a' kp='60' kv='8' forcerange='0 5'/>"         \
  "<position joint='b' kp='40' kv='4' gear='-2' forcerange='-3 2'/></actuator></mujoco>"

static void check_servos(const char* option, const char* joint) {
  enum { STEPS = 400 };
  char xml[2048];
  assert_true(snprintf(xml, sizeof xml, SERVOS, option, joint, joint) < (int)sizeof xml);
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.forward_only = true;
  df_system* s;
  OK(df_mujoco_system_from_xml(xml, "test", &cfg, &s));
  df_sim *sim, *look;
  df_dof dof[2];
  double x[4], next[4], a[2], force[2], quick[2];
  int low = 0, high = 0, within = 0, back = 0, guessed = 0;
  OK(df_sim_new(s, 0, &sim));
  OK(df_sim_new(s, 0, &look));
  df_mujoco_dofs(s, dof);
  assert_true(dof[0].lo == 0 && dof[1].lo == -4 && dof[1].hi == (*joint ? 2.5 : 6));
  df_mujoco_initial_state(s, x);
  s->ops->reset(sim, x);
  for (int t = 0; t < STEPS; t++) {
    const double u[2] = {.4 * sin(.03 * t), .9 * sin(.07 * t)};
    assert_int_equal(s->ops->step(sim, u, next), DF_TRAJ_COMPLETE);
    for (int k = 0; k < 2; k++) a[k] = (next[2 + k] - x[2 + k]) / s->dt;
    OK(df_mujoco_inverse(look, x, a, force));
    const double one = 60 * (u[0] - x[0]) - 8 * x[2], two = 40 * (u[1] + 2 * x[1]) + 8 * x[3];
    CLOSE(force[0], fmin(fmax(one, dof[0].lo), dof[0].hi), 1e-8);
    CLOSE(force[1], fmin(fmax(-2 * fmin(fmax(two, -3), 2), dof[1].lo), dof[1].hi), 1e-8);
    /* without a search: right if no servo is at its end, and often if one is */
    OK(df_mujoco_inverse_quick(look, x, a, quick));
    const bool saturated = one < 0 || one > dof[0].hi || two < -3 || two > 2 || -2 * two > dof[1].hi;
    if (!saturated) {
      CLOSE(quick[0], one, 1e-8);
      CLOSE(quick[1], -2 * two, 1e-8);
    }
    guessed += saturated && fabs(quick[0] - force[0]) < 1e-8 && fabs(quick[1] - force[1]) < 1e-8;
    low += one < 0;
    high += one > 5;
    within += one > 0 && one < 5;
    back += one > 5 && a[0] < 0; /* where the force is within the range, too, if the servo were not saturated */
    memcpy(x, next, sizeof x);
  }
  assert_true(low > 50 && high > 50 && within > 20 && back > 20);
  if (guessed < 100) fail_msg("%d of the steps with saturated servos are guessed", guessed);
  df_sim_free(s, sim);
  df_sim_free(s, look);
  df_system_free(s);
}

static void saturated_servos_are_no_damping(void** state) {
  (void)state;
  check_servos("integrator='Euler'", "");
  check_servos("integrator='implicit'", "");
  check_servos("integrator='implicitfast'", "");
  check_servos("integrator='implicitfast'", "actuatorfrcrange='-9 2.5'");
}

/* A quadruped that steps on the floor, also into its joints' limits, with servos at their limits: all but one in a
 * hundred steps need the forces of the servos, and none on the base. */
static void check_legged(const char* joint) {
  enum { STEPS = 500, LEG = 3 };
  char xml[8192];
  assert_true(snprintf(xml, sizeof xml, QUADRUPED, "integrator='implicitfast'", joint, "", "") < (int)sizeof xml);
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.forward_only = true;
  df_system* s;
  OK(df_mujoco_system_from_xml(xml, "test", &cfg, &s));
  df_sim *sim, *look;
  double x[37], next[37], a[18], force[18];
  int wrong = 0, mixed = 0, contacts = 0, limits = 0;
  OK(df_sim_new(s, 0, &sim));
  OK(df_sim_new(s, 0, &look));
  df_mujoco_initial_state(s, x);
  for (int k = 7; k < 19; k += LEG) x[k + 1] = .8, x[k + 2] = -1.6;
  s->ops->reset(sim, x);
  for (int t = 0; t < STEPS; t++) {
    double u[12], worst = 0;
    int saturated = 0;
    for (int k = 0; k < 12; k++) {
      const double phase = .12 * t + 3.14159 * (k / LEG % 3 != 0);
      u[k] = (k % LEG == 1 ? .8 + .9 * sin(phase) : k % LEG == 2 ? -1.6 + 1.1 * cos(phase) : .1 * sin(phase));
    }
    assert_int_equal(s->ops->step(sim, u, next), DF_TRAJ_COMPLETE);
    for (int k = 0; k < 18; k++) a[k] = (next[19 + k] - x[19 + k]) / s->dt;
    OK(df_mujoco_inverse(look, x, a, force));
    for (int k = 0; k < 6; k++) worst = fmax(worst, fabs(force[k]));
    for (int k = 0; k < 12; k++) {
      const double servo = 120 * (u[k] - x[7 + k]) - 3 * x[25 + k];
      worst = fmax(worst, fabs(force[6 + k] - fmin(fmax(servo, -45), 45)));
      saturated += fabs(servo) >= 45;
      limits += k % LEG == 2 && (x[7 + k] > -.89 || x[7 + k] < -2.8);
    }
    contacts += df_mujoco_contact_count(look) > 0;
    mixed += saturated > 0 && saturated < 12;
    wrong += worst > 1e-3;
    memcpy(x, next, sizeof x);
  }
  if (wrong > STEPS / 100) fail_msg("%d of %d steps need other forces (%d mixed)", wrong, STEPS, mixed);
  if (mixed < 80 || contacts < 300 || limits < 20)
    fail_msg("%d mixed, %d contacts, %d limits", mixed, contacts, limits);
  df_sim_free(s, sim);
  df_sim_free(s, look);
  df_system_free(s);
}

static void saturated_servos_of_a_legged_robot_are_found_through_its_contacts(void** state) {
  (void)state;
  check_legged("");
  check_legged("damping='.1' frictionloss='.3'");
}

/* what no state of the servo gives: 1 N m more than its range without saturation, less than it with it */
static void a_force_between_two_states_of_a_servo_is_the_end_of_its_range(void** state) {
  (void)state;
  df_system* s = model_text(
      "<mujoco><option timestep='.01' integrator='implicitfast' gravity='0 0 0'/><worldbody><body><joint name='a'/>"
      "<inertial pos='0 0 0' mass='1' diaginertia='.1 .1 .1'/></body></worldbody><actuator>"
      "<position joint='a' kp='9' kv='10' forcerange='-5 5'/></actuator></mujoco>",
      1);
  static const double cases[][2] = {{20, 4}, {25, 5}, {30, 5}, {45, 5}, {60, 6}, {-30, -5}, {-60, -6}};
  df_sim* sim;
  double x[2] = {0};
  OK(df_sim_new(s, 0, &sim));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double force;
    OK(df_mujoco_inverse(sim, x, &cases[i][0], &force)); /* 0.1 kg m^2, and 0.1 more with the damping */
    CLOSE(force, cases[i][1], 1e-12);
  }
  df_sim_free(s, sim);
  df_system_free(s);
}

/* A pendulum of 1.5 kg at 0.4 m whose motor holds half of its weight, a free ball that floats, and a rod without a
 * motor on a ball joint; the attributes of <option> */
#define EASED                                                                                                    \
  "<mujoco><option timestep='.01' integrator='implicitfast' %s/><worldbody>"                                     \
  "<body gravcomp='.5'><joint name='h' axis='0 -1 0' damping='.3' actuatorgravcomp='true'/>"                     \
  "<inertial pos='.4 0 0' mass='1.5' diaginertia='.01 .01 .01'/></body>"                                         \
  "<body pos='3 0 1' gravcomp='1'><joint type='free' actuatorgravcomp='true'/><geom size='.1' mass='2'/></body>" \
  "<body pos='6 0 1' gravcomp='.7'><joint type='ball' actuatorgravcomp='true'/>"                                 \
  "<geom size='.1' pos='.5 0 0' mass='1'/></body></worldbody>"                                                   \
  "<actuator><motor joint='h' ctrlrange='-2 2'/></actuator></mujoco>"

/* the model's own motion needs no more than its motors, whatever compensates gravity on the way */
static void check_eased(const char* option, bool driven, bool eased) {
  char xml[2048];
  assert_true(snprintf(xml, sizeof xml, EASED, option) < (int)sizeof xml);
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.forward_only = true;
  df_system* s;
  OK(df_mujoco_system_from_xml(xml, "test", &cfg, &s));
  df_sim *sim, *look;
  double x[22], next[22], a[10], force[10], held[10];
  OK(df_sim_new(s, 0, &sim));
  OK(df_sim_new(s, 0, &look));
  df_mujoco_initial_state(s, x);
  s->ops->reset(sim, x);
  for (int t = 0; t < 20; t++) {
    const double u[1] = {2 * sin(.5 * t)};
    assert_int_equal(s->ops->step(sim, u, next), DF_TRAJ_COMPLETE);
    for (int k = 0; k < 10; k++) a[k] = (next[12 + k] - x[12 + k]) / s->dt;
    OK(df_mujoco_inverse(look, x, a, force));
    df_mujoco_compensation(look, held);
    CLOSE(force[0], driven ? u[0] : 0, 1e-9);
    for (int k = 1; k < 10; k++) CLOSE(force[k], 0, 1e-9);
    /* half of m g l cos(q), and the weight of the ball */
    CLOSE(held[0], eased ? .5 * 1.5 * 9.81 * .4 * cos(x[0]) : 0, 1e-9);
    CLOSE(held[3], eased ? 2 * 9.81 : 0, 1e-9);
    memcpy(x, next, sizeof x);
  }
  df_sim_free(s, sim);
  df_sim_free(s, look);
  df_system_free(s);
}

static void compensated_gravity_is_no_force_of_the_actuators(void** state) {
  (void)state;
  check_eased("", true, true);
  check_eased("gravity='0 0 0'", true, false);
  check_eased("><flag gravity='disable'/></option><option", true, false);
  check_eased("><flag spring='disable' damper='disable'/></option><option", true, false);
  check_eased("actuatorgroupdisable='0'", false, true);
  check_eased("><flag actuation='disable'/></option><option", false, false);
}

/* what the joint's limit leaves to the actuator beside the compensation depends on the state */
static void a_limit_on_the_sum_with_the_compensation_is_no_range_of_the_actuators(void** state) {
  (void)state;
  for (int eased = 0; eased < 2; eased++) {
    char xml[1024];
    snprintf(xml, sizeof xml,
             "<mujoco><worldbody><body gravcomp='1'><joint name='h' axis='0 1 0' actuatorfrcrange='-1 3' "
             "actuatorgravcomp='%s'/><geom size='.1' pos='1 0 0'/></body></worldbody>"
             "<actuator><motor joint='h' ctrlrange='-2 2'/></actuator></mujoco>",
             eased ? "true" : "false");
    df_mujoco_cfg cfg = df_mujoco_cfg_default();
    cfg.forward_only = true;
    df_system* s;
    df_dof dof;
    OK(df_mujoco_system_from_xml(xml, "test", &cfg, &s));
    df_mujoco_dofs(s, &dof);
    assert_true(dof.actuated && dof.lo == (eased ? -INFINITY : -1) && dof.hi == (eased ? INFINITY : 2));
    df_system_free(s);
  }
}

static void a_reset_after_queries_steps_as_a_new_simulator_does(void** state) {
  (void)state;
  df_system* s = planar_hopper("", 2);
  df_sim *used, *fresh;
  double x[10], low[10], a[5] = {1, 2, 3, 4, 5}, force[5], u[2] = {.3, -.2}, one[10], other[10], velocity[3];
  OK(df_sim_new(s, 0, &used));
  OK(df_sim_new(s, 0, &fresh));
  df_mujoco_initial_state(s, x);
  memcpy(low, x, sizeof x);
  low[1] = -.1;
  OK(df_mujoco_inverse(used, low, a, force));
  assert_true(df_mujoco_contact_count(used) > 0);
  df_mujoco_point_velocity(used, 1, low, velocity);
  s->ops->reset(used, x);
  s->ops->reset(fresh, x);
  for (int t = 0; t < 120; t++) {
    assert_int_equal(s->ops->step(used, u, one), DF_TRAJ_COMPLETE);
    assert_int_equal(s->ops->step(fresh, u, other), DF_TRAJ_COMPLETE);
    assert_memory_equal(one, other, sizeof one);
  }
  df_sim_free(s, used);
  df_sim_free(s, fresh);
  df_system_free(s);
}

static int fail_in_collision(const mjModel* m, mjData* d, int geom1, int geom2) {
  (void)m, (void)d, (void)geom1, (void)geom2;
  mju_error("no contacts today");
  return 0;
}

/* an error leaves MuJoCo's stack in use, of which there is enough for a few times */
static void a_failed_inverse_leaves_nothing_behind(void** state) {
  (void)state;
  df_system* s = model_text(
      "<mujoco><size memory='50K'/><worldbody><geom type='plane' size='5 5 .1'/><body pos='0 0 1'><freejoint/>"
      "<geom size='.1' mass='2'/></body></worldbody></mujoco>",
      1);
  df_sim* sim;
  double x[NQ + NV], force[NV];
  OK(df_sim_new(s, 0, &sim));
  at_height(s, .105, still, x);
  for (int i = 0; i < 1000; i++) {
    mjcb_contactfilter = fail_in_collision;
    assert_int_equal(df_mujoco_inverse(sim, x, still, force), DF_E_SIM);
    assert_string_equal(df_error_message(), "MuJoCo: no contacts today");
    for (int k = 0; k < NV; k++) assert_true(force[k] == 0);
  }
  mjcb_contactfilter = NULL;
  OK(df_mujoco_inverse(sim, x, still, force));
  for (int i = 0; i < NV; i++) CLOSE(force[i], i == 2 ? 2 * 9.81 : 0, 1e-12);
  df_sim_free(s, sim);
  df_system_free(s);
}

static void dofs_know_what_drives_them(void** state) {
  (void)state;
  df_system* s = model_text(
      "<mujoco><compiler angle='radian'/><worldbody><body><freejoint/><geom size='.1'/>"
      "<body><joint name='motor'/><geom size='.1'/></body>"
      "<body><joint name='slide' type='slide' actuatorfrcrange='-3 100'/><geom size='.1'/></body>"
      "<body><joint name='servo' range='-1 2' limited='true'/><geom size='.1'/></body>"
      "<body><joint name='tendon'/><geom size='.1'/></body><body><joint name='idle'/><geom size='.1'/></body>"
      "</body><body><joint/><geom size='.1'/><body><joint/><geom size='.1'/><site "
      "name='thrust'/></body></body></worldbody>"
      "<tendon><fixed name='cord'><joint joint='tendon' coef='1'/></fixed></tendon>"
      "<actuator><motor joint='motor' gear='-3' ctrlrange='-1 2' ctrllimited='true'/>"
      "<motor joint='motor' forcerange='-5 5' forcelimited='true'/>"
      "<motor joint='slide' gear='7' ctrlrange='-1 1' ctrllimited='true'/>"
      "<position joint='servo' kp='9' ctrlrange='-1 1' ctrllimited='true'/>"
      "<motor tendon='cord' ctrlrange='-1 1' ctrllimited='true'/><motor site='thrust' gear='0 0 1 0 0 0'/>"
      "</actuator></mujoco>",
      1);
  const struct {
    bool rotates, actuated;
    double lo, hi;
  } wanted[] = {{false, false, 0, 0},
                {false, false, 0, 0},
                {false, false, 0, 0},
                {true, false, 0, 0},
                {true, false, 0, 0},
                {true, false, 0, 0},
                {true, true, -11, 8},
                {false, true, -3, 7},
                {true, true, -INFINITY, INFINITY},
                {true, true, -INFINITY, INFINITY},
                {true, false, 0, 0},
                {true, true, -INFINITY, INFINITY},
                {true, true, -INFINITY, INFINITY}};
  enum { N = sizeof wanted / sizeof wanted[0] };
  df_dof dof[N];
  const df_joint* joints;
  assert_int_equal(df_mujoco_nv(s), N);
  df_mujoco_dofs(s, dof);
  for (int i = 0; i < N; i++) {
    assert_true(dof[i].rotates == wanted[i].rotates && dof[i].actuated == wanted[i].actuated);
    assert_true(dof[i].lo == wanted[i].lo && dof[i].hi == wanted[i].hi);
  }
  df_mujoco_joints(s, &joints);
  assert_true(joints[3].lo == -1 && joints[3].hi == 2 && joints[1].lo == -INFINITY && joints[1].hi == INFINITY);
  assert_true(df_mujoco_body_root(s, 0) == 0 && df_mujoco_body_root(s, 3) == 1 && df_mujoco_body_root(s, 8) == 7);
  df_system_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_sunk_sphere_has_one_contact_of_its_depth),
      cmocka_unit_test(a_contact_in_the_gap_of_its_margin_is_not_active),
      cmocka_unit_test(a_point_moves_with_its_body),
      cmocka_unit_test(bodies_slide_at_their_tangential_relative_speed),
      cmocka_unit_test(contacts_have_the_friction_of_their_pair),
      cmocka_unit_test(a_falling_body_needs_no_force_and_a_hovering_one_its_weight),
      cmocka_unit_test(a_pendulum_needs_the_torque_of_its_equation),
      cmocka_unit_test(simulated_steps_need_the_forces_of_their_actuators),
      cmocka_unit_test(saturated_servos_are_no_damping),
      cmocka_unit_test(saturated_servos_of_a_legged_robot_are_found_through_its_contacts),
      cmocka_unit_test(a_force_between_two_states_of_a_servo_is_the_end_of_its_range),
      cmocka_unit_test(compensated_gravity_is_no_force_of_the_actuators),
      cmocka_unit_test(a_limit_on_the_sum_with_the_compensation_is_no_range_of_the_actuators),
      cmocka_unit_test(a_copy_has_other_steps),
      cmocka_unit_test(a_reset_after_queries_steps_as_a_new_simulator_does),
      cmocka_unit_test(a_failed_inverse_leaves_nothing_behind),
      cmocka_unit_test(dofs_know_what_drives_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
