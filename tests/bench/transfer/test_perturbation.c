/* Perturbations of a model: what cannot be perturbed is refused by name. */
#include "perturbation.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/sim/mujoco.h"
#include "dynaflow/sim/rollout.h"
#include "near.h"
#include "test_file.h"
#include "unit.h"

#define MODEL(damping, actuators)                                                                               \
  "<mujoco><option timestep='.01' gravity='0 0 0'/><worldbody><body><joint name='s' type='slide' axis='1 0 0' " \
  "damping='" damping "'/><geom size='.1' mass='1'/></body></worldbody><actuator>" actuators "</actuator></mujoco>"
enum { STEPS = 20 };

static df_status perturbed(const char* xml, const perturbation* p, df_system** out) {
  const df_search search = {.n = 1, .folder = {test_folder()}};
  df_config config = df_config_default();
  assert_int_equal(df_file_write(test_file("model.xml"), xml, strlen(xml)), DF_OK);
  snprintf(config.system_model, sizeof config.system_model, "model.xml");
  assert_int_equal(df_config_set(&config, "system.gradient", "differences", "test"), DF_OK);
  return perturbed_system(&config, &search, p, out);
}

static df_status system_with(const char* xml, perturbation_kind kind, double level, df_system** out) {
  return perturbed(xml, &(perturbation){.kind = kind, .level = level}, out);
}

/* the last position of a motion that begins with 2 m/s */
static double end_of(const char* xml, perturbation_kind kind, double level) {
  const double x0[2] = {0, 2}, u[STEPS] = {0};
  double x[STEPS + 1][2];
  df_system* s;
  df_sim* sim;
  if (system_with(xml, kind, level, &s) != DF_OK) fail_msg("%s", df_error_message());
  assert_int_equal(df_sim_new(s, 0, &sim), DF_OK);
  assert_int_equal(df_trajectory_run(s, sim, STEPS, x0, u, x[0]), DF_TRAJ_COMPLETE);
  df_sim_free(s, sim);
  df_system_free(s);
  return x[STEPS][0];
}

/* the same by Euler steps with implicit damping c of m = 1 kg */
static double coasts(double c) {
  double q = 0, v = 2;
  for (int t = 0; t < STEPS; t++) {
    v /= 1 + 0.01 * c;
    q += 0.01 * v;
  }
  return q;
}

static void twice_the_damping_is_that_wherever_it_is_stated(void** state) {
  (void)state;
  static const char linear[] = MODEL("3", "<motor joint='s'/>"), added[] = MODEL("0", "<motor joint='s' damping='3'/>"),
                    poly[] = MODEL("0 3", "<motor joint='s'/>"), twice[] = MODEL("0 6", "<motor joint='s'/>");
  assert_near(end_of(linear, PERTURB_NONE, 1), coasts(3), 1e-12);
  assert_near(end_of(linear, PERTURB_DAMPING, 2), coasts(6), 1e-12);
  assert_near(end_of(added, PERTURB_DAMPING, 2), coasts(6), 1e-12);
  assert_true(end_of(poly, PERTURB_DAMPING, 2) == end_of(twice, PERTURB_NONE, 1));
  assert_true(end_of(twice, PERTURB_NONE, 1) < end_of(poly, PERTURB_NONE, 1) - 0.01);
}

static void a_strength_that_is_no_gain_is_refused_by_name(void** state) {
  (void)state;
#define DC "<dcmotor %s joint='s' motorconst='.5' resistance='.2'/>"
  static const struct {
    const char *name, *message;
  } cases[] = {{"name='wheel'", "--gain: no factor scales the strength of actuator 'wheel'"},
               {"", "--gain: no factor scales the strength of the actuator of control 1"}};
  for (int i = 0; i < 2; i++) {
    char xml[1024];
    df_system* s;
    snprintf(xml, sizeof xml, MODEL("1", "<motor name='m' joint='s'/>" DC), cases[i].name);
    assert_int_equal(system_with(xml, PERTURB_GAIN, 0.5, &s), DF_E_CONFIG);
    assert_null(s);
    assert_non_null(strstr(df_error_message(), cases[i].message));
    assert_int_equal(system_with(xml, PERTURB_MASS, 0.5, &s), DF_OK);
    df_system_free(s);
  }
#undef DC
  df_system* s;
  assert_int_equal(system_with(MODEL("1", "<motor joint='s'/>"), PERTURB_GAIN, 0.5, &s), DF_OK);
  assert_null(perturbation_unscaled(s));
  assert_true(df_mujoco_actuator_at(s, 0).gain == 0.5);
  df_system_free(s);
}

/* names of the law that a perturbation sets, by the compiled model */
static void a_contact_law_is_that_of_its_words(void** state) {
  (void)state;
#define CONTACT(option, more)                                                                   \
  "<mujoco><option timestep='.01' " option "/><worldbody><geom type='plane' size='1 1 1' " more \
  "/><body pos='0 0 .1'><joint type='slide' axis='0 0 1'/><geom size='.1' mass='1' " more       \
  "/></body></worldbody></mujoco>"
  static const struct {
    perturbation p;
    const char *from, *to;
  } cases[] = {
      {{PERTURB_CONE, 0, "elliptic", NULL}, CONTACT("", ""), CONTACT("cone='elliptic'", "")},
      {{PERTURB_CONE, 0, "pyramidal", NULL}, CONTACT("cone='elliptic'", ""), CONTACT("", "")},
      {{PERTURB_CONDIM, 0, "6", NULL}, CONTACT("", ""), CONTACT("", "condim='6'")},
      {{PERTURB_SOFTNESS, 2, NULL, NULL}, CONTACT("", ""), CONTACT("", "solref='.04 1'")},
      {{PERTURB_IMPRATIO, 10, NULL, NULL}, CONTACT("", ""), CONTACT("impratio='10'", "")},
      {{PERTURB_SOFTNESS, 1, NULL, NULL}, CONTACT("", ""), CONTACT("", "")},
      {{PERTURB_CONE, 0, "pyramidal", NULL}, CONTACT("", ""), CONTACT("", "")},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char a[DF_SHA256_TEXT], b[DF_SHA256_TEXT];
    df_system* s;
    assert_int_equal(system_with(cases[i].to, PERTURB_NONE, 1, &s), DF_OK);
    assert_int_equal(df_mujoco_fingerprint(s, a), DF_OK);
    df_system_free(s);
    assert_int_equal(perturbed(cases[i].from, &cases[i].p, &s), DF_OK);
    assert_int_equal(df_mujoco_fingerprint(s, b), DF_OK);
    df_system_free(s);
    assert_string_equal(a, b);
  }
  assert_string_equal(perturbation_label(&(perturbation){PERTURB_MODEL, 0, "a/b/go1/scene.xml", NULL}),
                      "go1/scene.xml");
  assert_string_equal(perturbation_label(&(perturbation){PERTURB_MODEL, 0, "/scene.xml", NULL}), "/scene.xml");
  assert_string_equal(perturbation_label(&(perturbation){PERTURB_MODEL, 0, "scene.xml", NULL}), "scene.xml");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(twice_the_damping_is_that_wherever_it_is_stated),
                                     cmocka_unit_test(a_strength_that_is_no_gain_is_refused_by_name),
                                     cmocka_unit_test(a_contact_law_is_that_of_its_words)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
