/* Contact laws of a compiled model: the same numbers as a model that states them, or an error. */
#include "models.h"

/* all that can have a contact: geoms (one of them in stiffness and damping), a flex, a pair with a reference of its
 * friction, and the option that overrides them */
#define LAW_(option, floor, ball, flex, pair, o, override, dims)                                                      \
  "<mujoco><option " option " o_solref='" o "'><flag override='" override                                             \
  "'/></option><worldbody><geom name='floor' type='plane' size='1 1 1' priority='1' solref='" floor "' condim='" dims \
  "'/><body pos='0 0 1'><joint name='h' type='slide' axis='0 0 1' solreflimit='.02 1' range='-1 1' limited='true'/>"  \
  "<geom name='ball' size='.1' solref='" ball "' condim='" dims                                                       \
  "'/></body><flexcomp name='f' type='grid' count='2 2 1' spacing='.1 .1 .1' pos='2 0 1' radius='.01' dim='2' "       \
  "mass='1'><contact solref='" flex "' condim='" dims                                                                 \
  "'/></flexcomp></worldbody><contact><pair name='p' geom1='floor' geom2='ball' " pair " condim='" dims               \
  "'/></contact></mujoco>"
#define LAW(...) LAW_(__VA_ARGS__)
#define PLAIN    "cone='pyramidal' impratio='2'"
#define OWN      LAW(PLAIN, ".02 1", "-800 -40", ".03 .5", "solref='.04 1' solreffriction='.05 1'", ".06 1", "disable", "3")

static void fingerprint_of(const char* xml, const df_mujoco_cfg* cfg, char sha256[DF_SHA256_TEXT]) {
  df_system* system;
  OK(df_mujoco_system_from_xml(xml, "law.xml", cfg, &system));
  OK(df_mujoco_fingerprint(system, sha256));
  df_system_free(system);
}

static df_mujoco_cfg forward(void) {
  return (df_mujoco_cfg){.substeps = 1, .iterations = 100, .forward_only = true};
}

static void assert_same(const char* from, const df_mujoco_cfg* cfg, const char* to) {
  const df_mujoco_cfg none = forward();
  char a[DF_SHA256_TEXT], b[DF_SHA256_TEXT];
  fingerprint_of(from, cfg, a);
  fingerprint_of(to, &none, b);
  assert_string_equal(a, b);
}

/* minus stiffness is k / tau^2, minus damping b / tau: of twice the time constant a quarter and a half */
static void a_softness_is_that_of_every_contact_alone(void** state) {
  (void)state;
  df_mujoco_cfg cfg = forward();
  cfg.softness_scale = 2;
  assert_same(
      OWN, &cfg,
      LAW(PLAIN, ".04 1", "-200 -20", ".06 .5", "solref='.08 1' solreffriction='.1 1'", ".06 1", "disable", "3"));
  cfg.softness_scale = 0.5;
  assert_same(
      OWN, &cfg,
      LAW(PLAIN, ".01 1", "-3200 -80", ".015 .5", "solref='.02 1' solreffriction='.025 1'", ".06 1", "disable", "3"));
  /* a pair without a reference of its friction keeps none; the option is scaled where it counts */
  cfg.softness_scale = 2;
  assert_same(LAW(PLAIN, ".02 1", ".02 1", ".02 1", "solref='.04 1'", ".06 1", "enable", "3"), &cfg,
              LAW(PLAIN, ".04 1", ".04 1", ".04 1", "solref='.08 1'", ".12 1", "enable", "3"));
}

static void other_laws_are_those_of_a_model_that_states_them(void** state) {
  (void)state;
  df_mujoco_cfg cfg = forward();
#define REST ".02 1", "-800 -40", ".03 .5", "solref='.04 1' solreffriction='.05 1'", ".06 1", "disable"
  cfg.impratio_scale = 5;
  assert_same(OWN, &cfg, LAW("cone='pyramidal' impratio='10'", REST, "3"));
  cfg = forward();
  cfg.cone = DF_CONE_ELLIPTIC;
  assert_same(OWN, &cfg, LAW("cone='elliptic' impratio='2'", REST, "3"));
  cfg.cone = DF_CONE_PYRAMIDAL;
  assert_same(LAW("cone='elliptic' impratio='2'", REST, "3"), &cfg, OWN);
  cfg = forward();
  cfg.condim = 6;
  assert_same(OWN, &cfg, LAW(PLAIN, REST, "6"));
  cfg.condim = 1;
  assert_same(OWN, &cfg, LAW(PLAIN, REST, "1"));
#undef REST
}

static void the_own_law_changes_no_bit(void** state) {
  (void)state;
  df_mujoco_cfg cfg = forward();
  cfg.softness_scale = cfg.impratio_scale = 1;
  cfg.cone = DF_CONE_PYRAMIDAL;
  cfg.condim = 3;
  assert_same(OWN, &cfg, OWN);
}

static void assert_refused(const char* xml, const df_mujoco_cfg* cfg, const char* words) {
  df_system* system;
  assert_int_equal(df_mujoco_system_from_xml(xml, "law.xml", cfg, &system), DF_E_CONFIG);
  assert_null(system);
  if (!strstr(df_error_message(), words)) fail_msg("%s", df_error_message());
}

/* MuJoCo keeps time constants at two steps, here 4 ms, unless refsafe is disabled */
static void a_softness_that_mujoco_does_not_follow_is_refused(void** state) {
  (void)state;
#define WITH(floor, pair, o, override) LAW("", floor, ".02 1", ".02 1", pair, o, override, "3")
  df_mujoco_cfg cfg = forward();
  cfg.softness_scale = 0.2;
  assert_same(WITH(".02 1", "", ".02 1", "disable"), &cfg,
              LAW("", ".004 1", ".004 1", ".004 1", "solref='.004 1'", ".02 1", "disable", "3"));
  cfg.softness_scale = 0.19;
  assert_refused(
      WITH(".02 1", "", ".02 1", "disable"), &cfg,
      "softness 0.19: the time constant of geom 'floor' would be 0.0038 s, which MuJoCo raises to two physics "
      "steps, 0.004 s; choose 0.2 or more");
  cfg.softness_scale = 0.5;
  assert_refused(WITH(".02 1", "solref='.007 1'", ".02 1", "disable"), &cfg, "of pair 'p' would be 0.0035 s");
  assert_refused(WITH(".02 1", "solreffriction='.007 1'", ".02 1", "disable"), &cfg,
                 "of the friction of pair 'p' would be");
  assert_refused(WITH(".02 1", "", ".007 1", "enable"), &cfg, "of o_solref would be");
  cfg.softness_scale = 2;
  assert_refused(WITH(".003 1", "", ".02 1", "disable"), &cfg, "raises the time constant 0.003 s of geom 'floor'");
  assert_refused(WITH(".02 -1", "", ".02 1", "disable"), &cfg, "solref 0.02 -1 of geom 'floor' is neither");
  /* one that no contact has is not asked */
  const df_mujoco_cfg soft = cfg;
  df_system* system;
  OK(
      df_mujoco_system_from_xml("<mujoco><worldbody><body><joint type='slide'/><geom size='.1' solref='.001 1' "
                                "contype='0' conaffinity='0'/></body></worldbody></mujoco>",
                                "law.xml", &soft, &system));
  df_system_free(system);
#undef WITH
}

static void laws_out_of_range_are_refused(void** state) {
  (void)state;
  df_mujoco_cfg cfg = forward();
  cfg.condim = 2;
  assert_refused(OWN, &cfg, "condim 2 is not 1, 3, 4 or 6");
  cfg.condim = 5;
  assert_refused(OWN, &cfg, "condim 5");
  cfg.condim = 7;
  assert_refused(OWN, &cfg, "condim 7");
  cfg = forward();
  cfg.softness_scale = -1;
  assert_refused(OWN, &cfg, "softness_scale -1");
  cfg = forward();
  cfg.impratio_scale = NAN;
  assert_refused(OWN, &cfg, "impratio_scale");
  /* never of a system that is differentiated */
  const df_mujoco_cfg laws[] = {{.substeps = 1, .iterations = 100, .softness_scale = 2},
                                {.substeps = 1, .iterations = 100, .impratio_scale = 2},
                                {.substeps = 1, .iterations = 100, .cone = DF_CONE_ELLIPTIC},
                                {.substeps = 1, .iterations = 100, .condim = 3}};
  for (int i = 0; i < 4; i++) assert_refused(OWN, &laws[i], "other contact laws are for systems with forward_only");
}

static void activations_are_found(void** state) {
  (void)state;
  const df_mujoco_cfg cfg = forward();
  df_system* system;
  int first;
  OK(
      df_mujoco_system_from_xml("<mujoco><worldbody><body><joint name='a' type='slide'/><joint name='b' type='slide' "
                                "axis='1 0 0'/><geom size='.1'/></body></worldbody><actuator><motor joint='a'/>"
                                "<general joint='a' dyntype='filter' dynprm='.1'/><motor joint='b'/>"
                                "<general joint='b' dyntype='integrator'/></actuator></mujoco>",
                                "law.xml", &cfg, &system));
  assert_int_equal(df_mujoco_activations(system, 0, &first), 0);
  assert_int_equal(first, -1);
  assert_int_equal(df_mujoco_activations(system, 1, &first), 1);
  assert_int_equal(first, 4);
  assert_int_equal(df_mujoco_activations(system, 3, &first), 1);
  assert_int_equal(first, 5);
  df_system_free(system);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_softness_is_that_of_every_contact_alone),
                                     cmocka_unit_test(other_laws_are_those_of_a_model_that_states_them),
                                     cmocka_unit_test(the_own_law_changes_no_bit),
                                     cmocka_unit_test(a_softness_that_mujoco_does_not_follow_is_refused),
                                     cmocka_unit_test(laws_out_of_range_are_refused),
                                     cmocka_unit_test(activations_are_found)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
