/* Which free joint is the base of the robot. */
#include "dynaflow/data/robot_base.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/sim/mujoco.h"
#include "unit.h"

#define BOX "<body><freejoint name='box'/><geom size='.1'/></body>"
#define ROBOT                                                                             \
  "<body><freejoint name='robot'/><geom size='.1'/><site name='nose'/><body name='hand'>" \
  "<joint name='arm' axis='0 1 0'/><geom size='.1' pos='.3 0 0'/></body></body>"
#define FIXED               "<body><joint name='crane' type='slide' axis='0 0 1'/><geom size='.1'/><site name='hook'/></body>"
#define MODEL(bodies, rest) "<mujoco><worldbody>" bodies "</worldbody>" rest "</mujoco>"
#define ARM                 "<actuator><motor joint='arm'/></actuator>"

static df_system* system_of(const char* xml) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.forward_only = true;
  df_system* s;
  const df_status status = df_mujoco_system_from_xml(xml, "model", &cfg, &s);
  if (status != DF_OK) fail_msg("%s: %s", df_error_message(), xml);
  return s;
}

/* the base of a model by the name of its joint, "" for none, is where MuJoCo has that joint */
static void base_is(const char* xml, const char* object, const char* name, int position, int velocity) {
  df_system* s = system_of(xml);
  const df_joint* joints;
  df_names objects = {.n = object ? 1 : 0};
  if (object) snprintf(objects.v[0], sizeof objects.v[0], "%s", object);
  df_mujoco_joints(s, &joints);
  const df_base base = df_robot_base(s, &objects);
  if (strcmp(base.joint < 0 ? "" : joints[base.joint].name, name) != 0) fail_msg("joint %d: %s", base.joint, xml);
  assert_int_equal(base.position, position);
  assert_int_equal(base.velocity, velocity);
  if (!object) assert_int_equal(df_robot_base(s, NULL).joint, base.joint);
  df_system_free(s);
}

/* nq is 15: two free joints and a hinge; numbers counted by hand */
static void the_order_of_the_bodies_does_not_matter(void** state) {
  (void)state;
  base_is(MODEL(ROBOT BOX, ARM), NULL, "robot", 0, 15);
  base_is(MODEL(BOX ROBOT, ARM), NULL, "robot", 7, 15 + 6);
  base_is(MODEL(BOX ROBOT, ARM), "box", "robot", 7, 15 + 6);
}

static void a_task_may_have_no_base(void** state) {
  (void)state;
  base_is(MODEL(BOX ROBOT, ARM), "robot", "", -1, -1);
  base_is(MODEL(FIXED BOX, "<actuator><motor joint='crane'/></actuator>"), NULL, "", -1, -1);
  base_is(MODEL(FIXED, "<actuator><motor joint='crane'/></actuator>"), NULL, "", -1, -1);
  /* nothing is driven: the first that is not of an object */
  base_is(MODEL(BOX ROBOT, ""), NULL, "box", 0, 15);
  base_is(MODEL(BOX ROBOT, ""), "box", "robot", 7, 15 + 6);
}

/* whatever it is that drives the robot */
#define TENDON_MOTOR "<actuator><motor tendon='t'/></actuator>"
static void every_kind_of_actuator_drives(void** state) {
  (void)state;
  static const char* const kinds[] = {
      "<actuator><general joint='arm' gaintype='affine' gainprm='1 2 3'/></actuator>",
      "<actuator><muscle joint='arm' lengthrange='0 1'/></actuator>",
      "<actuator><dcmotor joint='arm' motorconst='.5' resistance='.2'/></actuator>",
      "<actuator><general jointinparent='robot' gear='0 0 1 0 0 0'/></actuator>",
      "<actuator><general site='nose' gear='0 0 1 0 0 0'/></actuator>",
      "<actuator><adhesion body='hand' ctrlrange='0 1'/></actuator>",
      ("<tendon><fixed name='t'><joint joint='arm' coef='2'/></fixed></tendon>" TENDON_MOTOR),
      ("<tendon><spatial name='t'><site site='nose'/><site site='hook'/></spatial></tendon>" TENDON_MOTOR)};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    char xml[2048];
    snprintf(xml, sizeof xml, MODEL("%s", "%s"), BOX FIXED ROBOT, kinds[i]);
    base_is(xml, NULL, "robot", 8, 16 + 7);
  }
}

static void a_joint_is_of_an_object_or_of_the_robot(void** state) {
  (void)state;
  df_system* s = system_of(MODEL(BOX FIXED ROBOT, ARM));
  const df_names objects = {.n = 1, .v = {"crane"}};
  static const bool of_object[2][4] = {{true, false, false, false}, {true, true, false, false}};
  for (int j = 0; j < 4; j++) {
    assert_int_equal(df_joint_is_of_object(s, NULL, j), of_object[0][j]);
    assert_int_equal(df_joint_is_of_object(s, &objects, j), of_object[1][j]);
  }
  df_system_free(s);
}

/* the bodies of every robot: not the world, bodies fixed to it, or objects; without a base, all that move */
static void bodies_are_of_a_robot_or_not(void** state) {
  (void)state;
#define SECOND                                                                             \
  "<body><freejoint name='other'/><geom size='.1'/><body><joint name='leg' axis='0 1 0'/>" \
  "<geom size='.1' pos='.3 0 0'/></body></body>"
  static const struct {
    const char *xml, *object, *own; /* a letter per body */
  } cases[] = {
      {MODEL(ROBOT BOX, ARM), NULL, ".rr."},
      {MODEL(BOX ROBOT, ARM), NULL, "..rr"},
      {MODEL(BOX ROBOT "<body><geom size='.1'/></body>", ARM), NULL, "..rr."},
      {MODEL(ROBOT BOX SECOND, "<actuator><motor joint='arm'/><motor joint='leg'/></actuator>"), NULL, ".rr.rr"},
      {MODEL(ROBOT BOX SECOND, "<actuator><motor joint='arm'/><motor joint='leg'/></actuator>"), "other", ".rr..."},
      {MODEL(ROBOT BOX SECOND, "<actuator><motor joint='arm'/><motor joint='leg'/></actuator>"), "robot", "....rr"},
      {MODEL(FIXED ROBOT, ARM), NULL, "..rr"},
      {MODEL(FIXED "<body><geom size='.1'/></body>", "<actuator><motor joint='crane'/></actuator>"), NULL, ".r."}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_system* s = system_of(cases[i].xml);
    df_names objects = {.n = cases[i].object ? 1 : 0};
    if (cases[i].object) snprintf(objects.v[0], sizeof objects.v[0], "%s", cases[i].object);
    bool own[8];
    char got[9] = "";
    df_robot_bodies(s, &objects, own);
    for (int b = 0; b < df_mujoco_body_count(s); b++) strcat(got, own[b] ? "r" : ".");
    assert_string_equal(got, cases[i].own);
    df_system_free(s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_order_of_the_bodies_does_not_matter), cmocka_unit_test(a_task_may_have_no_base),
      cmocka_unit_test(every_kind_of_actuator_drives), cmocka_unit_test(a_joint_is_of_an_object_or_of_the_robot),
      cmocka_unit_test(bodies_are_of_a_robot_or_not)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
