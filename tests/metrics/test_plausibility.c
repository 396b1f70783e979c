/* Plausibility of motions against closed forms: sinking and sliding bodies, free fall, rotors, constant jerk. */
#include "dynaflow/metrics/plausibility.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/sim/mujoco.h"
#include "linear_system.h"
#include "near.h"

enum { H = 4, V = DF_PLAUSIBLE_VALUES };
static const double G = 9.81, DT = 0.02;

#define MODEL(elements) "<mujoco><compiler angle='radian'/><option timestep='0.02'/>" elements "</mujoco>"
#define FLOOR           "<geom name='floor' type='plane' size='5 5 .1'/>"

/* a block of 3 kg, 0.1 m from its centre to its sole */
static const char BLOCK[] = MODEL("<worldbody>" FLOOR
                                  "<body><freejoint/><geom name='block' type='box' size='.2 .2 .1' mass='3'/></body>"
                                  "</worldbody>");
/* a hinge about z, inertia 0.5 kg m^2, force range -10..12 N m, range -1..1 rad; then a slide without limits */
static const char ROTOR[] = MODEL(
    "<worldbody><body><joint name='hinge' axis='0 0 1' range='-1 1' limited='true'/>"
    "<inertial pos='0 0 0' mass='1' diaginertia='.3 .3 .5'/></body>"
    "<body><joint type='slide' axis='1 0 0'/><inertial pos='.3 0 0' mass='2' diaginertia='1 1 1'/></body></worldbody>"
    "<actuator><motor joint='hinge' ctrlrange='-10 12' ctrllimited='true'/></actuator>");

static df_system* model_with(const char* xml, int substeps) {
  df_system* system;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.substeps = substeps;
  if (df_mujoco_system_from_xml(xml, "test", &cfg, &system) != DF_OK) fail_msg("%s", df_error_message());
  return system;
}

static df_system* model_of(const char* xml) {
  return model_with(xml, 1);
}

/* the values of a window of H steps; x [H+1][nx] */
static void values_of(const df_system* s, df_plausibility_cfg cfg, const double* x, double values[V]) {
  if (df_metric_plausibility(s, &cfg, &(df_trajectories){.B = 1, .H = H, .x = x}, 1, values) != DF_OK)
    fail_msg("%s", df_error_message());
}

/* all frames: the block upright at z = 5, at rest; nx = 13 */
static void hang(double x[H + 1][13]) {
  memset(x, 0, (H + 1) * sizeof *x);
  for (int t = 0; t <= H; t++) x[t][2] = 5, x[t][3] = 1;
}

static void check_hovering_and_falling(int substeps) {
  df_system* s = model_with(BLOCK, substeps);
  const double dt = substeps * DT;
  double x[H + 1][13], v[V];
  hang(x);
  values_of(s, (df_plausibility_cfg){0}, x[0], v);
  assert_near(v[DF_PLAUSIBLE_ROOT_RESIDUAL], 1, 1e-12);
  assert_near(v[DF_PLAUSIBLE_ROOT_TORQUE], 0, 1e-12);
  assert_true(v[DF_PLAUSIBLE_ROOT_SHARE] == 1);

  for (int t = 0; t <= H; t++) x[t][9] = -G * dt * t, x[t][12] = 3; /* falls and turns about z */
  values_of(s, (df_plausibility_cfg){0}, x[0], v);
  assert_near(v[DF_PLAUSIBLE_ROOT_RESIDUAL], 0, 1e-12);
  assert_near(v[DF_PLAUSIBLE_ROOT_TORQUE], 0, 1e-12);
  assert_true(v[DF_PLAUSIBLE_ROOT_SHARE] == 0);

  /* turns faster and faster: the torque is I alpha with I = m (a^2 + b^2) / 3; one of four steps is held up */
  for (int t = 0; t <= H; t++) x[t][12] = 7 * dt * t, x[t][9] = -G * dt * (t > 2 ? t - 1 : t);
  values_of(s, (df_plausibility_cfg){0}, x[0], v);
  assert_near(v[DF_PLAUSIBLE_ROOT_TORQUE], 3 * (.04 + .04) / 3 * 7 / (3 * G), 1e-12);
  assert_near(v[DF_PLAUSIBLE_ROOT_RESIDUAL], 0, 1e-12); /* the median */
  assert_true(v[DF_PLAUSIBLE_ROOT_SHARE] == .25);
  df_system_free(s);
}

static void a_hovering_body_needs_its_weight_and_a_falling_one_nothing(void** state) {
  (void)state;
  for (int substeps = 1; substeps <= 2; substeps++) check_hovering_and_falling(substeps);
}

/* a robot of 3 kg that hovers has one weight, whatever rests, falls or hangs beside it: a free box of 20 kg, a door */
static void a_hovering_robot_has_one_weight_beside_objects(void** state) {
  (void)state;
  static const char* const door[] = {"",
                                     "<body pos='0 9 1'><joint axis='0 0 1'/><geom type='box' size='.3 .1 .5' "
                                     "mass='24'/></body>"};
  for (int k = 0; k < 2; k++) {
    char xml[2000];
    snprintf(xml, sizeof xml,
             MODEL("<worldbody><body><freejoint name='robot'/><geom size='.1' mass='2'/><body><joint name='arm'/><geom "
                   "size='.1' mass='1' contype='0'/></body></body><body><freejoint name='box'/><geom size='.1' "
                   "mass='20'/></body>%s</worldbody><actuator><motor joint='arm'/></actuator>"),
             door[k]);
    df_system* s = model_of(xml);
    double x[H + 1][64] = {{0}}, v[V];
    double* flat = x[0];
    const int nx = s->nx;
    for (int t = 0; t <= H; t++) {
      double* at = flat + (size_t)t * (size_t)nx;
      at[2] = 5, at[3] = 1;
      at[8] = 4, at[10] = 20, at[11] = 1; /* the box, which hovers, too */
    }
    values_of(s, (df_plausibility_cfg){0}, flat, v);
    assert_near(v[DF_PLAUSIBLE_ROOT_RESIDUAL], 1, 1e-9);
    df_system_free(s);
  }
}

/* Forces and torques that no actuator provides are those of the robot: one whose base is driven needs none, though a
 * ball that nothing drives is beside it. */
static void only_the_robot_takes_a_root_residual(void** state) {
  (void)state;
  static const char* const ball[] = {"", "<body pos='0 4 1'><freejoint/><geom size='.1' mass='1'/></body>"};
  for (int beside = 0; beside < 2; beside++) {
    char xml[2000];
    snprintf(xml, sizeof xml,
             MODEL("<worldbody><body><freejoint name='robot'/><geom type='box' size='.2 .1 .1' mass='2'/></body>%s"
                   "</worldbody><actuator><motor joint='robot' gear='0 0 1 0 0 0'/></actuator>"),
             ball[beside]);
    df_system* s = model_of(xml);
    double x[H + 1][64] = {{0}}, v[V];
    double* flat = x[0];
    for (int t = 0; t <= H; t++) flat[t * s->nx + 3] = flat[t * s->nx + 7 * beside + 3] = 1;
    values_of(s, (df_plausibility_cfg){0}, flat, v);
    assert_true(isnan(v[DF_PLAUSIBLE_ROOT_RESIDUAL]) && isnan(v[DF_PLAUSIBLE_ROOT_SHARE]));
    assert_true(isnan(v[DF_PLAUSIBLE_ROOT_TORQUE]));
    df_system_free(s);
  }
}

static void a_sinking_body_penetrates_by_its_depth(void** state) {
  (void)state;
  df_system* s = model_of(BLOCK);
  const double depth[H + 1] = {.001, .007, .0025, 0, -.3};
  double x[H + 1][13], v[V];
  hang(x);
  for (int t = 0; t <= H; t++) x[t][2] = .1 - depth[t];
  values_of(s, (df_plausibility_cfg){0}, x[0], v);
  assert_near(v[DF_PLAUSIBLE_PENETRATION], .0105 / 5, 1e-14);
  assert_near(v[DF_PLAUSIBLE_PENETRATION_WORST], .007, 1e-14);
  assert_near(v[DF_PLAUSIBLE_PENETRATION_SHARE], .2, 1e-14);
  assert_true(v[DF_PLAUSIBLE_SELF_COLLISION] == 0 && v[DF_PLAUSIBLE_SELF_COLLISION_WORST] == 0);
  df_system_free(s);
}

static void geoms_of_one_tree_collide_with_each_other(void** state) {
  (void)state;
  /* two balls of radius 0.1 on slides of one trunk, and one on another tree */
  df_system* s =
      model_of(MODEL("<worldbody><body><joint type='slide' axis='0 0 1'/><geom size='.1' pos='0 5 0'/>"
                     "<body><joint type='slide' axis='1 0 0'/><geom size='.1'/></body>"
                     "<body><joint type='slide' axis='1 0 0'/><geom size='.1'/></body></body>"
                     "<body><joint type='slide' axis='1 0 0'/><geom size='.1'/></body></worldbody>"));
  const double apart[H + 1] = {.15, .3, .12, .3, .3}; /* of the two; the other tree is 0.19 from the first at the end */
  double x[H + 1][8] = {{0}}, v[V];
  for (int t = 0; t <= H; t++) x[t][2] = apart[t], x[t][3] = t == H ? -.19 : -1;
  values_of(s, (df_plausibility_cfg){0}, x[0], v);
  assert_near(v[DF_PLAUSIBLE_SELF_COLLISION], .4, 1e-14);
  assert_near(v[DF_PLAUSIBLE_SELF_COLLISION_WORST], .08, 1e-14);
  assert_near(v[DF_PLAUSIBLE_PENETRATION], .01 / 5, 1e-14);
  assert_near(v[DF_PLAUSIBLE_PENETRATION_WORST], .01, 1e-14);
  df_system_free(s);
}

/* three balls of radius 0.1 on slides of one trunk: the deepest of two contacts counts, whichever comes first; what is
 * only within a margin has no depth */
static void a_self_collision_is_as_deep_as_its_deepest_contact(void** state) {
  (void)state;
#define BALL "<body><joint type='slide' axis='1 0 0'/><geom size='.1' margin='.02'/></body>"
  df_system* s =
      model_of(MODEL("<worldbody><body><joint type='slide' axis='0 0 1'/><geom size='.1' pos='0 5 0'/>" BALL BALL BALL
                     "</body></worldbody>"));
  const double at[H + 1][2] = {{.15, .27}, {.12, .27}, {.21, .42}, {.3, .6}, {.3, .49}};
  double x[H + 1][8] = {{0}}, v[V];
  for (int t = 0; t <= H; t++) x[t][2] = at[t][0], x[t][3] = at[t][1];
  values_of(s, (df_plausibility_cfg){0}, x[0], v);
  assert_near(v[DF_PLAUSIBLE_SELF_COLLISION], .6, 1e-14); /* the depths are .08, .08 and, at the end, .01 */
  assert_near(v[DF_PLAUSIBLE_SELF_COLLISION_WORST], .08, 1e-14);
  assert_true(v[DF_PLAUSIBLE_PENETRATION] == 0 && v[DF_PLAUSIBLE_PENETRATION_SHARE] == 0);
  for (int t = 0; t <= H; t++) x[t][2] = .15, x[t][3] = .32; /* .05, then .03 */
  values_of(s, (df_plausibility_cfg){0}, x[0], v);
  assert_near(v[DF_PLAUSIBLE_SELF_COLLISION_WORST], .05, 1e-14);
  df_system_free(s);
}

/* a ball on a platform that slides at 0.5 m/s */
static void slip_is_relative_to_what_the_foot_stands_on(void** state) {
  (void)state;
  df_system* s =
      model_of(MODEL("<worldbody><body><joint type='slide' axis='1 0 0'/><geom type='box' size='2 2 .1' pos='0 0 -.1'/>"
                     "</body><body><freejoint/><geom name='foot' size='.1'/></body></worldbody>"));
  const int foot = 1;
  const df_plausibility_cfg feet = {.n_feet = 1, .feet = &foot};
  const double speed[3] = {.5, 0, -.25}, slip[3] = {0, .5, .75};
  for (int k = 0; k < 3; k++) {
    double x[H + 1][15] = {{0}}, v[V];
    for (int t = 0; t <= H; t++) x[t][3] = .1, x[t][4] = 1, x[t][8] = .5, x[t][9] = speed[k];
    values_of(s, feet, x[0], v);
    assert_near(v[DF_PLAUSIBLE_SLIP], slip[k], 1e-12);
  }
  df_system_free(s);
}

static void a_sliding_body_slips_at_its_speed_and_a_rolling_one_does_not(void** state) {
  (void)state;
  df_system* s = model_of(MODEL("<worldbody>" FLOOR "<body><freejoint/><geom size='.1'/></body></worldbody>"));
  double x[H + 1][13], v[V];
  const int foot = 1;
  const df_plausibility_cfg feet = {.n_feet = 1, .feet = &foot};
  hang(x);
  /* on the ground in two of five frames, with a speed of 0.5 m/s and of 1.5 m/s; sinking is no sliding */
  for (int t = 1; t <= 2; t++) x[t][2] = .1, x[t][7] = t == 1 ? .3 : .9, x[t][8] = t == 1 ? -.4 : 1.2, x[t][9] = -2;
  x[0][7] = 100;
  values_of(s, feet, x[0], v);
  assert_near(v[DF_PLAUSIBLE_SLIP], 1, 1e-12);
  values_of(s, (df_plausibility_cfg){0}, x[0], v);
  assert_true(isnan(v[DF_PLAUSIBLE_SLIP]));

  /* a geom that is no foot slides, too */
  const int floor = 0, none = 7;
  values_of(s, (df_plausibility_cfg){.n_feet = 1, .feet = &none}, x[0], v);
  assert_true(v[DF_PLAUSIBLE_SLIP] == 0);
  /* the first geom is one like any other */
  values_of(s, (df_plausibility_cfg){.n_feet = 1, .feet = &floor}, x[0], v);
  assert_near(v[DF_PLAUSIBLE_SLIP], 1, 1e-12);

  /* rolls along x: the point of contact is at rest */
  for (int t = 0; t <= H; t++) x[t][2] = .1, x[t][7] = .3, x[t][8] = 0, x[t][9] = 0, x[t][11] = 3;
  values_of(s, feet, x[0], v);
  assert_near(v[DF_PLAUSIBLE_SLIP], 0, 1e-12);

  /* in the air */
  hang(x);
  values_of(s, feet, x[0], v);
  assert_true(v[DF_PLAUSIBLE_SLIP] == 0);
  df_system_free(s);
}

/* the slip of a frame is the mean over the feet on the ground, and that of a window the mean over its frames with one
 */
static void a_frame_counts_once_whatever_stands_in_it(void** state) {
  (void)state;
  df_system* s = model_of(MODEL("<worldbody>" FLOOR "<body pos='0 0 0'><freejoint/><geom size='.1' pos='.3 0 0'/>"
                                "<geom size='.1' pos='-.3 0 0'/></body></worldbody>"));
  double x[H + 1][13], v[V];
  const int both[] = {1, 2};
  hang(x);
  /* both feet slide at 0.4 m/s in one frame; one, of the tilted body, at 1 m/s in another */
  x[1][2] = .1, x[1][7] = .4;
  x[2][2] = .1 + .3 * sin(.5), x[2][3] = cos(.25), x[2][5] = sin(.25), x[2][8] = 1;
  values_of(s, (df_plausibility_cfg){.n_feet = 2, .feet = both}, x[0], v);
  assert_near(v[DF_PLAUSIBLE_SLIP], (.4 + 1) / 2, 1e-9);
  df_system_free(s);
}

static void numbers_beyond_their_ranges_count(void** state) {
  (void)state;
  df_system* s = model_of(ROTOR);
  const int no_frames = 0;
  double still[H + 1][4] = {{0}}, none[V];
  values_of(s, (df_plausibility_cfg){.frames = &no_frames}, still[0], none);
  for (int i = 0; i < V; i++) assert_true(isnan(none[i]));
  const double q[H + 1] = {-1.5, 0, 1.2, 1, .3}, speed[H + 1] = {0, .4, 1, 1, 1.6};
  double x[H + 1][4] = {{0}}, v[V];
  for (int t = 0; t <= H; t++) x[t][0] = q[t], x[t][2] = speed[t], x[t][3] = 50;
  const df_list limits = {.n = 2, .v = {.8, 1}};
  values_of(s, (df_plausibility_cfg){.velocity_limit = &limits}, x[0], v);
  assert_near(v[DF_PLAUSIBLE_JOINT_LIMIT], .4, 1e-14);
  assert_near(v[DF_PLAUSIBLE_JOINT_LIMIT_WORST], .5 / 2, 1e-14);
  assert_near(v[DF_PLAUSIBLE_VELOCITY_LIMIT], .6, 1e-14); /* the slide has no actuator, so no limit */
  assert_near(v[DF_PLAUSIBLE_VELOCITY_LIMIT_WORST], .8 / 1.6, 1e-14);

  /* limits are in the order of the driven joints, whatever stands between them */
  df_system* chain = model_of(MODEL(
      "<worldbody><body><joint name='a' axis='0 0 1'/><inertial pos='0 0 0' mass='1' diaginertia='1 1 1'/></body>"
      "<body><joint axis='0 0 1'/><inertial pos='0 0 0' mass='1' diaginertia='1 1 1'/></body>"
      "<body><joint name='b' axis='0 0 1'/><inertial pos='0 0 0' mass='1' diaginertia='1 1 1'/></body></worldbody>"
      "<actuator><motor joint='a'/><motor joint='b'/></actuator>"));
  double turns[H + 1][6] = {{0}};
  const df_list two = {.n = 2, .v = {1, 3}};
  const int no_frame = 0;
  values_of(chain, (df_plausibility_cfg){.velocity_limit = &two, .frames = &no_frame}, turns[0], v);
  for (int i = 0; i < V; i++) assert_true(isnan(v[i]));
  for (int t = 0; t <= H; t++) turns[t][3] = .5, turns[t][4] = 50, turns[t][5] = t < 2 ? 2 : 4;
  values_of(chain, (df_plausibility_cfg){.velocity_limit = &two}, turns[0], v);
  assert_near(v[DF_PLAUSIBLE_VELOCITY_LIMIT], .3, 1e-14);
  assert_near(v[DF_PLAUSIBLE_VELOCITY_LIMIT_WORST], 1. / 6, 1e-14);
  df_system_free(chain);

  /* a millionth of the range is rounding */
  for (int t = 0; t <= H; t++) x[t][0] = t % 2 ? 1 + 1.9e-6 : -1 - 1.9e-6;
  x[1][0] = 1 + 2.1e-6;
  values_of(s, (df_plausibility_cfg){0}, x[0], v);
  assert_near(v[DF_PLAUSIBLE_JOINT_LIMIT], .2, 1e-14);
  assert_near(v[DF_PLAUSIBLE_JOINT_LIMIT_WORST], 1.05e-6, 1e-14);
  df_system_free(s);
}

static void a_rotor_takes_the_torque_and_the_energy_of_its_motion(void** state) {
  (void)state;
  df_system* s = model_of(ROTOR);
  const double speed[H + 1] = {1, 1.4, 2, 1.2, 1.2}; /* torques 10, 15, -20 and 0 N m */
  double x[H + 1][4] = {{0}}, v[V];
  for (int t = 0; t <= H; t++) x[t][2] = speed[t];
  values_of(s, (df_plausibility_cfg){0}, x[0], v);
  assert_near(v[DF_PLAUSIBLE_TORQUE_LIMIT], .5, 1e-14);
  assert_near(v[DF_PLAUSIBLE_TORQUE_LIMIT_WORST], 10. / 22, 1e-12);
  /* the power of a step is its change of kinetic energy: 12, 25.5, -32 and 0 W */
  assert_near(v[DF_PLAUSIBLE_POWER], (12 + 25.5) / 2, 1e-11);
  /* the slide has no actuator, and nothing has a free base */
  assert_true(isnan(v[DF_PLAUSIBLE_VELOCITY_LIMIT]) && isnan(v[DF_PLAUSIBLE_SLIP]) &&
              isnan(v[DF_PLAUSIBLE_ROOT_TORQUE]));
  assert_near(v[DF_PLAUSIBLE_ROOT_RESIDUAL], 0, 1e-14);
  df_system_free(s);
}

/* a point mass on a rod that swings freely, and one whose motor adds 3 J in every step */
static void a_pendulum_takes_the_power_that_changes_its_energy(void** state) {
  (void)state;
  df_system* s =
      model_of(MODEL("<worldbody><body><joint name='joint' axis='0 -1 0'/><inertial pos='0 0 -1' mass='2' "
                     "diaginertia='1e-9 1e-9 1e-9'/>"
                     "</body></worldbody><actuator><motor joint='joint'/></actuator>"));
  double x[H + 1][2] = {{.5, 1}}, v[V];
  for (int t = 0; t < H; t++) {
    x[t + 1][1] = x[t][1] - DT * G * sin(x[t][0]);
    x[t + 1][0] = x[t][0] + DT * x[t + 1][1];
  }
  values_of(s, (df_plausibility_cfg){0}, x[0], v);
  assert_near(v[DF_PLAUSIBLE_POWER], 0, 1e-6);
  for (int t = 0; t < H; t++) {
    /* m (v'^2 - v^2) / 2 + the work against gravity = 3 J; the weight of 2 kg acts along the mean velocity */
    const double g = G * sin(x[t][0]) * DT, v0 = x[t][1];
    x[t + 1][1] = -g / 2 + sqrt(g * g / 4 + v0 * v0 - g * v0 + 3);
    x[t + 1][0] = x[t][0] + DT * x[t + 1][1];
  }
  values_of(s, (df_plausibility_cfg){0}, x[0], v);
  assert_near(v[DF_PLAUSIBLE_POWER], 3 / DT, 1e-5);
  df_system_free(s);
}

/* An arm of 2 kg m whose motor of 3 N m carries it against 19.62 N m of gravity by actuatorgravcomp, beside a body that
 * floats in the same way: a motion at constant speed takes the power of what the motor holds. */
static void compensated_gravity_takes_power_and_no_torque(void** state) {
  (void)state;
  df_system* s =
      model_of(MODEL("<worldbody><body gravcomp='1'><joint name='joint' axis='0 -1 0' actuatorgravcomp='true'/>"
                     "<inertial pos='1 0 0' mass='2' diaginertia='1e-9 1e-9 1e-9'/></body>"
                     "<body gravcomp='1'><joint type='free' actuatorgravcomp='true'/><geom size='.1' mass='5'/></body>"
                     "</worldbody><actuator><motor joint='joint' ctrlrange='-3 3' ctrllimited='true'/></actuator>"));
  double x[H + 1][15] = {{0}}, v[V];
  for (int t = 0; t <= H; t++) x[t][0] = DT * .5 * t, x[t][4] = 1, x[t][8] = .5;
  values_of(s, (df_plausibility_cfg){0}, x[0], v);
  assert_true(v[DF_PLAUSIBLE_TORQUE_LIMIT] == 0 && v[DF_PLAUSIBLE_TORQUE_LIMIT_WORST] == 0);
  assert_near(v[DF_PLAUSIBLE_ROOT_RESIDUAL], 0, 1e-12);
  assert_near(v[DF_PLAUSIBLE_POWER], .5 * (cos(DT * .5) + cos(DT)) * 2 * G * .5, 1e-9); /* the median of four */
  /* 4 N m in one of four steps: inertia 2 kg m^2 */
  x[H][8] += 4. / 2 * DT;
  values_of(s, (df_plausibility_cfg){0}, x[0], v);
  assert_near(v[DF_PLAUSIBLE_TORQUE_LIMIT], .25, 1e-14);
  assert_near(v[DF_PLAUSIBLE_TORQUE_LIMIT_WORST], 1. / 6, 1e-7);
  /* 4 N m in every step, from 0.5 m/s at the horizontal: the motor adds to what compensates gravity */
  double power[H];
  for (int t = 0; t < H; t++) {
    x[t + 1][8] = x[t][8] + 4. / 2 * DT;
    x[t + 1][0] = x[t][0] + DT * x[t + 1][8];
    power[t] = (4 + 2 * G * cos(x[t][0])) * (x[t][8] + x[t + 1][8]) / 2;
  }
  values_of(s, (df_plausibility_cfg){0}, x[0], v);
  assert_near(v[DF_PLAUSIBLE_POWER], (power[1] + power[2]) / 2, 1e-8);
  df_system_free(s);
}

static void jerk_is_the_third_derivative_of_the_position(void** state) {
  (void)state;
  df_system* s = model_of(ROTOR);
  const double j = 30;
  double x[H + 1][4] = {{0}}, v[V];
  for (int t = 0; t <= H; t++) x[t][1] = j * pow(DT * t, 3) / 6 + 2 * DT * t;
  values_of(s, (df_plausibility_cfg){0}, x[0], v);
  assert_near(v[DF_PLAUSIBLE_JERK], j / 2, 1e-9); /* the other of the two bodies rests */
  df_system_free(s);
}

static void transport_costs_the_work_per_weight_and_way(void** state) {
  (void)state;
  /* a flywheel with friction 0.2 N m s turns at 5 rad/s on a body that glides 0.1 m per step and neither falls */
  df_system* s =
      model_of(MODEL("<worldbody><body><freejoint/><geom size='.1' mass='2'/>"
                     "<body><joint name='wheel' axis='0 0 1' damping='.2'/><geom size='.1' mass='1' contype='0' "
                     "conaffinity='0'/></body>"
                     "</body><body pos='0 0 -1'><geom size='.1' mass='50'/></body></worldbody>"
                     "<actuator><motor joint='wheel'/></actuator>"));
  double x[H + 1][15] = {{0}}, v[V];
  for (int t = 0; t <= H; t++) x[t][0] = .06 * t, x[t][1] = -.08 * t, x[t][2] = 3 + t, x[t][3] = 1, x[t][14] = 5;
  values_of(s, (df_plausibility_cfg){0}, x[0], v);
  const double power = .2 * 5 * 5, way = .1 * H;
  assert_near(v[DF_PLAUSIBLE_POWER], power, 1e-11);
  assert_near(v[DF_PLAUSIBLE_POWER_TRANSPORT], power * H * DT / (3 * G * way), 1e-11);
  assert_near(v[DF_PLAUSIBLE_ROOT_RESIDUAL], 1, 1e-12); /* the static body does not weigh */
  assert_near(v[DF_PLAUSIBLE_ROOT_TORQUE], 0, 1e-12);   /* the wheel has a motor */
  for (int t = 0; t <= H; t++) x[t][0] = .01 * t, x[t][1] = 0;
  values_of(s, (df_plausibility_cfg){0}, x[0], v);
  assert_true(isnan(v[DF_PLAUSIBLE_POWER_TRANSPORT]));
  df_system_free(s);
}

static void only_the_given_frames_count_and_broken_windows_are_infinite(void** state) {
  (void)state;
  enum { B = 5 };
  df_system* s = model_of(BLOCK);
  static double x[B][H + 1][13];
  const int frames[B] = {2, 0, H + 1, H + 1, 1};
  double v[V][B], again[V][B];
  for (int b = 0; b < B; b++) hang(x[b]);
  x[0][3][5] = NAN; /* after the frames that count */
  x[0][1][2] = .05;
  x[2][1][12] = NAN;
  x[3][4][0] = 2e6;
  const df_plausibility_cfg cfg = {.frames = frames};
  const df_trajectories made = {.B = B, .H = H, .x = x[0][0]};
  assert_int_equal(df_metric_plausibility(s, &cfg, &made, 1, v[0]), DF_OK);
  assert_near(v[DF_PLAUSIBLE_PENETRATION][0], .025, 1e-14);
  assert_near(v[DF_PLAUSIBLE_ROOT_RESIDUAL][0], 1, 1e-12);
  assert_true(isnan(v[DF_PLAUSIBLE_JERK][0])); /* needs four frames */
  for (int i = 0; i < V; i++) {
    assert_true(isnan(v[i][1]));
    const bool defined = df_plausible_define((df_plausible)i).metric[0] == 'r' || i == DF_PLAUSIBLE_JERK ||
                         (i >= DF_PLAUSIBLE_PENETRATION && i <= DF_PLAUSIBLE_SELF_COLLISION_WORST);
    for (int b = 2; b < 4; b++) assert_true(defined ? isinf(v[i][b]) : isnan(v[i][b]));
    /* of one frame: no steps and no jerk */
    const bool of_frame = i >= DF_PLAUSIBLE_PENETRATION && i <= DF_PLAUSIBLE_SELF_COLLISION_WORST;
    assert_true(of_frame ? v[i][4] == 0 : isnan(v[i][4]));
  }
  for (int threads = 2; threads <= 4; threads++) {
    assert_int_equal(df_metric_plausibility(s, &cfg, &made, threads, again[0]), DF_OK);
    assert_memory_equal(again, v, sizeof v);
  }
  df_system_free(s);
}

/* An arena that is too small for the contacts of the block is no property of the motion, whichever thread meets it. */
static void a_failed_simulator_is_an_error(void** state) {
  (void)state;
  df_system* s = model_of(MODEL("<size memory='9K'/><worldbody>" FLOOR
                                "<body><freejoint/><geom type='box' size='.2 .2 .1' mass='3'/></body>"
                                "</worldbody>"));
  enum { B = 4 };
  double x[B][H + 1][13], v[V * B];
  const df_plausibility_cfg none = {0};
  for (int b = 0; b < B; b++) hang(x[b]);
  for (int t = 0; t <= H; t++) x[2][t][2] = x[3][t][2] = 0.099; /* in the floor */
  for (int threads = 1; threads <= 4; threads++) {
    const df_trajectories made = {.B = B, .H = H, .x = x[0][0]};
    assert_int_equal(df_metric_plausibility(s, &none, &made, threads, v), DF_E_SIM);
    if (strncmp(df_error_message(), "plausibility: window 2, frame 0: MuJoCo: ", 41) != 0)
      fail_msg("%s", df_error_message());
  }
  /* a state that is not finite is infinite, as before */
  for (int t = 0; t <= H; t++) x[2][t][2] = x[3][t][2] = 5;
  x[1][1][0] = NAN;
  const df_trajectories made = {.B = B, .H = H, .x = x[0][0]};
  assert_int_equal(df_metric_plausibility(s, &none, &made, 1, v), DF_OK);
  assert_true(isinf(v[DF_PLAUSIBLE_PENETRATION * B + 1]) && v[DF_PLAUSIBLE_PENETRATION * B] == 0);
  df_system_free(s);
}

static void wrong_arguments_and_failed_allocations_are_errors(void** state) {
  (void)state;
  df_system* s = model_of(BLOCK);
  double x[H + 1][13], v[V];
  hang(x);
  const df_trajectories made = {.B = 1, .H = H, .x = x[0]};
  const df_plausibility_cfg none = {0}, no_foot = {.n_feet = 1, .feet = (const int[]){-1}};
  linear_system linear;
  linear_system_init(&linear, 1);
  assert_int_equal(df_metric_plausibility(&linear.base, &none, &made, 1, v), DF_E_ARG);
  assert_int_equal(df_metric_plausibility(s, &no_foot, &made, 1, v), DF_E_ARG);
  assert_int_equal(df_metric_plausibility(s, &none, &made, 0, v), DF_E_ARG);
  assert_int_equal(df_metric_plausibility(s, &none, &(df_trajectories){.B = 1, .H = H}, 1, v), DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "made.x"));

  df_status status = DF_E_NOMEM;
  size_t n = 0;
  while (status != DF_OK) {
    (void)df_alloc_fail_at(++n);
    status = df_metric_plausibility(s, &none, &made, 1, v);
    (void)df_alloc_fail_at(0);
    if (status != DF_OK) assert_int_equal(status, DF_E_NOMEM);
    assert_true(n < 1000);
  }
  assert_true(n > 5);
  df_system_free(s);
}

static void every_value_has_a_definition(void** state) {
  (void)state;
  for (int i = 0; i < V; i++) {
    const char* metric = df_plausible_define((df_plausible)i).metric;
    assert_string_equal(df_metric_find(metric)->name, metric);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_hovering_body_needs_its_weight_and_a_falling_one_nothing),
      cmocka_unit_test(a_hovering_robot_has_one_weight_beside_objects),
      cmocka_unit_test(only_the_robot_takes_a_root_residual),
      cmocka_unit_test(a_sinking_body_penetrates_by_its_depth),
      cmocka_unit_test(geoms_of_one_tree_collide_with_each_other),
      cmocka_unit_test(a_self_collision_is_as_deep_as_its_deepest_contact),
      cmocka_unit_test(slip_is_relative_to_what_the_foot_stands_on),
      cmocka_unit_test(a_sliding_body_slips_at_its_speed_and_a_rolling_one_does_not),
      cmocka_unit_test(a_frame_counts_once_whatever_stands_in_it),
      cmocka_unit_test(numbers_beyond_their_ranges_count),
      cmocka_unit_test(a_rotor_takes_the_torque_and_the_energy_of_its_motion),
      cmocka_unit_test(a_pendulum_takes_the_power_that_changes_its_energy),
      cmocka_unit_test(compensated_gravity_takes_power_and_no_torque),
      cmocka_unit_test(jerk_is_the_third_derivative_of_the_position),
      cmocka_unit_test(transport_costs_the_work_per_weight_and_way),
      cmocka_unit_test(only_the_given_frames_count_and_broken_windows_are_infinite),
      cmocka_unit_test(a_failed_simulator_is_an_error),
      cmocka_unit_test(wrong_arguments_and_failed_allocations_are_errors),
      cmocka_unit_test(every_value_has_a_definition),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
