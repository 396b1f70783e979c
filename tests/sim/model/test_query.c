/* Geoms without a name, and which joints actuators drive. */
#include "unit.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "dynaflow/sim/dynamics.h"
#include "dynaflow/sim/mujoco.h"

/* a block, then a robot with a geom that is only drawn, which is no part of the model, three others in its shank, one
 * of them with a name, and a body without one
 */
static const char xml[] =
    "<mujoco><worldbody><geom name='floor' type='plane' size='1 1 1'/>"
    "<body name='block'><freejoint name='block'/><geom size='.1'/></body>"
    "<body name='torso'><freejoint name='torso'/><geom name='shank:1' size='.1'/><body name='shank'>"
    "<joint name='knee' axis='0 1 0'/><geom size='.1' contype='0' conaffinity='0'/><geom name='side' size='.1'/>"
    "<geom size='.1'/><geom size='.1'/><body><joint name='toe' axis='0 1 0'/><geom size='.1'/></body></body></body>"
    "</worldbody><actuator><motor joint='knee'/></actuator></mujoco>";
enum { FLOOR, BLOCK, LITERAL, SIDE, SECOND, THIRD, TOE, GEOMS };
enum { BLOCK_JOINT, TORSO_JOINT, KNEE_JOINT, TOE_JOINT };

static df_system* model(void) {
  df_system* s;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_int_equal(df_mujoco_system_from_xml(xml, "model", &cfg, &s), DF_OK);
  assert_int_equal(df_mujoco_geom_count(s), GEOMS);
  return s;
}

static void geoms_without_a_name_have_a_label(void** state) {
  (void)state;
  static const char* const labels[GEOMS] = {"floor", "block:0", "shank:1", "side", NULL, "shank:2", NULL};
  df_system* s = model();
  for (int g = 0; g < GEOMS; g++) {
    char label[16];
    const bool has = df_mujoco_geom_label(s, g, label, sizeof label);
    if (!labels[g]) continue;
    assert_true(has);
    assert_string_equal(label, labels[g]);
    assert_int_equal(df_mujoco_geom(s, label), g);
  }
  df_system_free(s);
}

/* bodies without names have no labels, and a name comes before a label */
static void labels_are_of_geoms_that_can_touch(void** state) {
  (void)state;
  df_system* s = model();
  char label[16];
  assert_false(df_mujoco_geom_label(s, TOE, label, sizeof label));
  assert_false(df_mujoco_geom_label(s, THIRD, label, 7)); /* "shank:2" needs 8 */
  assert_int_equal(df_mujoco_geom(s, "shank:0"), SIDE);
  assert_int_equal(df_mujoco_geom(s, "shank:1"), LITERAL);
  static const char* const none[] = {"shank:3", "shank:", "shank:x", "shank:-1", "shan:0", ":0", "shank"};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) assert_int_equal(df_mujoco_geom(s, none[i]), -1);
  df_system_free(s);
}

static void what_hangs_on_a_driven_body_drives_it(void** state) {
  (void)state;
  df_system* s = model();
  assert_false(df_mujoco_is_driven(s, BLOCK_JOINT));
  assert_true(df_mujoco_is_driven(s, TORSO_JOINT));
  assert_true(df_mujoco_is_driven(s, KNEE_JOINT));
  assert_false(df_mujoco_is_driven(s, TOE_JOINT));
  df_system_free(s);
}

/* by its own number, without a joint on which it acts by a fixed gain: the block, which comes before, is not driven */
static void actuators_of_any_kind_drive_what_they_act_on(void** state) {
  (void)state;
#define AROUND(actuator)                                                                                             \
  "<mujoco><worldbody><body><freejoint name='block'/><geom size='.1'/><site name='lid'/></body><body>"               \
  "<freejoint name='torso'/><geom size='.1'/><site name='back'/><body name='foot'><joint name='knee' axis='0 1 0'/>" \
  "<geom size='.1' pos='.3 0 0'/></body></body></worldbody>"                                                         \
  "<tendon><spatial name='rope'><site site='lid'/><site site='back'/></spatial></tendon><actuator>" actuator         \
  "</actuator></mujoco>"
  static const struct {
    const char* xml;
    bool block, torso;
  } cases[] = {{AROUND("<general joint='knee' gaintype='affine' gainprm='1 1 1'/>"), false, true},
               {AROUND("<motor site='back' gear='0 0 1 0 0 0'/>"), false, true},
               {AROUND("<motor site='back' refsite='lid' gear='0 0 1 0 0 0'/>"), true, true},
               {AROUND("<adhesion body='foot' ctrlrange='0 1'/>"), false, true},
               {AROUND("<motor tendon='rope'/>"), true, true},
               {AROUND("<motor jointinparent='block' gear='0 0 1 0 0 0'/>"), true, false}};
#undef AROUND
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_mujoco_cfg cfg = df_mujoco_cfg_default();
    df_system* s;
    cfg.forward_only = true;
    assert_int_equal(df_mujoco_system_from_xml(cases[i].xml, "model", &cfg, &s), DF_OK);
    assert_int_equal(df_mujoco_is_driven(s, 0), cases[i].block);
    assert_int_equal(df_mujoco_is_driven(s, 1), cases[i].torso);
    df_system_free(s);
  }
}

#define WITH_OPTIONS(option, floor, actuator)                                                                     \
  "<mujoco><option " option "/><worldbody><geom type='plane' size='1 1 1' " floor                                 \
  "/><site name='sky' pos='0 0 5'/>"                                                                              \
  "<body name='load'><freejoint name='load'/><geom size='.1' mass='3'/><site name='eye'/></body>"                 \
  "<body name='frame'><freejoint name='frame'/><geom size='.1' mass='2'/><site name='hook'/>"                     \
  "<body name='arm' gravcomp='.25'><joint name='arm' axis='0 1 0'/><geom size='.1' mass='1'/><site name='hand'/>" \
  "</body></body></worldbody><tendon><fixed name='sum'><joint joint='arm' coef='1'/></fixed>"                     \
  "<spatial name='cable'><site site='hook'/><site site='hand'/></spatial>"                                        \
  "<spatial name='rope'><site site='sky'/><site site='hook'/></spatial></tendon><actuator>" actuator              \
  "</actuator></mujoco>"

static df_system* system_of(const char* text) {
  df_system* s;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.forward_only = true;
  assert_int_equal(df_mujoco_system_from_xml(text, "model", &cfg, &s), DF_OK);
  return s;
}

/* the frame is driven by every kind of transmission, and the load by none; it is carried by those that push it against
 * what does not hang on it */
static void every_transmission_drives(void** state) {
  (void)state;
  static const struct {
    const char* xml;
    bool carried;
  } cases[] = {{WITH_OPTIONS("", "", "<motor joint='arm'/>"), false},
               {WITH_OPTIONS("", "", "<motor joint='frame' gear='0 0 1 0 0 0'/>"), true},
               {WITH_OPTIONS("", "", "<motor jointinparent='arm'/>"), false},
               {WITH_OPTIONS("", "", "<position tendon='sum' kp='1'/>"), false},
               {WITH_OPTIONS("", "", "<motor tendon='cable'/>"), false},
               {WITH_OPTIONS("", "", "<motor tendon='rope'/>"), true},
               {WITH_OPTIONS("", "", "<motor site='hand' gear='0 0 1 0 0 0'/>"), true},
               {WITH_OPTIONS("", "", "<motor site='hand' refsite='hook' gear='0 0 1 0 0 0'/>"), false},
               {WITH_OPTIONS("", "", "<motor site='hook' refsite='sky' gear='0 0 1 0 0 0'/>"), true},
               {WITH_OPTIONS("", "", "<adhesion body='arm' ctrlrange='0 1'/>"), false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_system* s = system_of(cases[i].xml);
    assert_false(df_mujoco_is_driven(s, 0));
    assert_true(df_mujoco_is_driven(s, 1));
    assert_false(df_mujoco_is_carried(s, 0));
    assert_int_equal(df_mujoco_is_carried(s, 1), cases[i].carried);
    df_system_free(s);
  }
}

static void weight_and_floor_decide_what_can_fall(void** state) {
  (void)state;
  enum { LOAD = 1, FRAME, ARM };
  df_system* s = system_of(WITH_OPTIONS("gravity='0 0 -10' density='1000'", "", "<motor joint='arm'/>"));
  /* 2 kg, and three quarters of 1 kg */
  assert_true(fabs(df_mujoco_weight(s, FRAME) - 27.5) <= 1e-12);
  assert_true(fabs(df_mujoco_weight(s, ARM) - 7.5) <= 1e-12);
  assert_true(fabs(df_mujoco_weight(s, LOAD) - 30) <= 1e-12);
  assert_true(df_mujoco_may_touch_world(s, FRAME) && df_mujoco_may_touch_world(s, ARM));
  assert_true(fabs(df_mujoco_density(s) - 1000) <= 0);
  df_system_free(s);

  s = system_of(WITH_OPTIONS("gravity='0 0 0'", "contype='0' conaffinity='2'", "<motor joint='arm'/>"));
  assert_true(fabs(df_mujoco_weight(s, FRAME) - 0) <= 0);
  assert_false(df_mujoco_may_touch_world(s, FRAME));
  df_system_free(s);

  s = system_of(
      "<mujoco><option><flag contact='disable' gravity='disable'/></option><worldbody><geom size='1'/><body>"
      "<freejoint/><geom size='.1'/></body></worldbody></mujoco>");
  assert_true(fabs(df_mujoco_weight(s, LOAD) - 0) <= 0);
  assert_false(df_mujoco_may_touch_world(s, LOAD));
  df_system_free(s);
}

/* against the polynomial and the lengths computed by hand; a constraint that is off and one of another kind are none */
static void couplings_are_off_by_what_their_polynomial_says(void** state) {
  (void)state;
  static const char coupled[] =
      "<mujoco><worldbody><body><joint name='a' type='slide' ref='.5'/><geom size='.1'/></body><body>"
      "<joint name='b' type='slide'/><geom size='.1'/></body><body><joint name='c' type='slide'/><geom size='.1'/>"
      "</body></worldbody><tendon><fixed name='t'><joint joint='a' coef='2'/><joint joint='b' coef='-1'/></fixed>"
      "<fixed name='u'><joint joint='c' coef='3'/></fixed></tendon><equality><joint joint1='a' joint2='b' "
      "polycoef='.1 2 .5 0 0'/><joint joint1='b' joint2='c' active='false'/><tendon tendon1='t' tendon2='u' "
      "polycoef='0 1 0 0 0'/></equality></mujoco>";
  /* the first sides are the larger ones, then the second ones, of which one is negative */
  static const struct {
    double x[6], off[2], size[2];
  } cases[] = {{{1.5, 0.4, 0.3}, {1 - (0.1 + 2 * 0.4 + 0.5 * 0.16), 2 * 1 - 0.4 - 0.9}, {1, 1.6}},
               {{0.7, -0.9, 0.6}, {0.2 + 1.295, 1.8 - (2 * 0.2 + 0.9)}, {1.295, 1.8}}};
  double out[2], most[2];
  df_system* s = system_of(coupled);
  assert_int_equal(df_mujoco_couplings(s, NULL, NULL, NULL), 2);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(df_mujoco_couplings(s, cases[i].x, out, most), 2);
    for (int k = 0; k < 2; k++) {
      assert_true(fabs(out[k] - fabs(cases[i].off[k])) < 1e-14);
      assert_true(fabs(most[k] - cases[i].size[k]) < 1e-14);
    }
  }
  df_system_free(s);
}

/* What is held does not move, so that its violation is compared with how far it may: half of a range, 1 rad, or the
 * mean size of the bodies. Joints that are coupled and at rest are compared with a twentieth of that. */
static void what_is_held_is_off_by_a_share_of_its_reach(void** state) {
  (void)state;
  static const char held[] =
      "<mujoco><compiler angle='radian'/><statistic meansize='.25'/><worldbody><body><joint name='a' range='-.1 .5'/>"
      "<geom size='.1'/></body><body><joint name='b'/><geom size='.1'/></body><body><joint name='c' type='slide'/>"
      "<geom size='.1'/></body></worldbody><tendon><fixed name='t'><joint joint='a' coef='2'/><joint joint='b' "
      "coef='-3'/></fixed></tendon><equality><joint joint1='a' polycoef='.1 0 0 0 0'/><joint joint1='b'/><joint "
      "joint1='c'/><tendon tendon1='t'/><joint joint1='a' joint2='b'/></equality></mujoco>";
  const double x[6] = {0.01, 0.004, 0.3}, off[] = {.09, .004, .3, .008, .006}, size[] = {.3, 1, .25, 3.6, .015};
  double out[5], most[5];
  df_system* s = system_of(held);
  assert_int_equal(df_mujoco_couplings(s, x, out, most), 5);
  for (int k = 0; k < 5; k++) {
    if (!(fabs(out[k] - off[k]) < 1e-14 && fabs(most[k] - size[k]) < 1e-14))
      fail_msg("%d: %g of %g", k, out[k], most[k]);
  }
  df_system_free(s);
}

/* constraints between bodies and sites of trees and of mocap bodies, active or not */
static void ties_of_a_tree_are_found(void** state) {
  (void)state;
#define TIED(equality, flag)                                                                                        \
  "<mujoco><option><flag " flag                                                                                     \
  "/></option><worldbody><body name='mc' mocap='true'><geom size='.1'/><body name="                                 \
  "'tip'><site name='on_tip'/><geom size='.1'/></body></body><body name='root'><freejoint/><geom size='.1'/><body " \
  "name='limb'><joint/><geom size='.1'/><site name='on_limb'/></body></body><body name='other'><freejoint/><geom "  \
  "size='.1'/></body></worldbody><equality>" equality "</equality></mujoco>"
  static const struct {
    const char *xml, *mocap, *idle; /* of the tree of root */
  } cases[] = {
      {TIED("<weld body1='mc' body2='limb'/>", ""), "mc", NULL},
      {TIED("<connect name='c' site1='on_limb' site2='on_tip'/>", ""), "mc", NULL},
      {TIED("<weld name='w' body1='mc' body2='limb' active='false'/>", ""), NULL, "w"},
      {TIED("<weld name='w' body1='mc' body2='limb'/>", "equality='disable'"), NULL, "w"},
      {TIED("<weld body1='mc' body2='other'/><weld body1='other' body2='limb' active='false'/>", ""), NULL,
       "equality 1"},
      {TIED("<weld body1='root' body2='limb' active='false'/><weld body1='other' body2='mc'/>", ""), NULL, NULL},
      {TIED("<connect body1='limb' anchor='0 0 0' active='false'/>", ""), NULL, "equality 0"},
      {TIED("<weld body1='root' body2='other'/>", ""), NULL, NULL}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_system* s = system_of(cases[i].xml);
    enum { MC = 1, ROOT = 3 };
    const int mocap = df_mujoco_mocap_holder(s, ROOT), idle = df_mujoco_idle_tie(s, ROOT);
    char label[32] = "";
    if (idle >= 0) df_mujoco_equality_label(s, idle, label, sizeof label);
    if (mocap != (cases[i].mocap ? MC : -1) || strcmp(label, cases[i].idle ? cases[i].idle : "") != 0)
      fail_msg("case %zu: %d, %s", i, mocap, label);
    assert_int_equal(df_mujoco_mocap_holder(s, 0), -1);
    assert_int_equal(df_mujoco_idle_tie(s, 0), -1);
    df_system_free(s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(geoms_without_a_name_have_a_label),
                                     cmocka_unit_test(labels_are_of_geoms_that_can_touch),
                                     cmocka_unit_test(what_hangs_on_a_driven_body_drives_it),
                                     cmocka_unit_test(actuators_of_any_kind_drive_what_they_act_on),
                                     cmocka_unit_test(every_transmission_drives),
                                     cmocka_unit_test(weight_and_floor_decide_what_can_fall),
                                     cmocka_unit_test(couplings_are_off_by_what_their_polynomial_says),
                                     cmocka_unit_test(what_is_held_is_off_by_a_share_of_its_reach),
                                     cmocka_unit_test(ties_of_a_tree_are_found)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
