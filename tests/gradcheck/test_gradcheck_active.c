/* Kinks are named by the change of the active set across them. */
#include "closed_form.h"
#include "models.h"

/* Moves a coordinate away from the kink at x. By 1e-9, less than the smallest difference step: the state is on the
 * kink. By `near`, unless 0: only larger difference steps cross the kink. By 0.02: there is no kink. */
static void expect_kink(const char* what, const char* xml, const double* x, int coordinate, double near,
                        df_kink wanted) {
  const double off[] = {1e-9, near, 0.02}, u = 0;
  df_system* s = model_text(xml, 1);
  for (int i = 0; i < 3; i++) {
    if (off[i] == 0) continue;
    double at[16];
    df_gradcheck_point p;
    memcpy(at, x, (size_t)s->nx * sizeof *at);
    at[coordinate] += off[i];
    OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 4, .threads = 1},
                        &(df_gradcheck_states){.n = 1, .x = at, .u = &u}, &p));
    print_message("%s, %g off: %s, error %.1e, gap %.1e, %s\n", what, off[i], p.kink ? "on" : "away", p.error,
                  p.step_gap, df_kink_name(p.cause));
    assert_int_equal(p.kink, i == 0);
    assert_int_equal(p.cause, i < 2 ? wanted : DF_KINK_NONE);
    if (i > 0) assert_true(p.error < 1e-6);
  }
  df_system_free(s);
}

#define SLIDE(option, joint, actuator)                                  \
  "<mujoco><option timestep='.004' gravity='0 0 0' " option             \
  "/><worldbody><body><joint name='q' type='slide' axis='1 0 0' " joint \
  "/><geom size='.1' mass='2'/></body></worldbody><actuator><general joint='q' " actuator "/></actuator></mujoco>"

static void kinks_have_names(void** state) {
  (void)state;
  const double zero[2] = {0, 0}, touching[2] = {0.1, -0.5};
  expect_kink("a limit", SLIDE("", "limited='true' range='0 1' solimplimit='.9 .9 .01'", ""), zero, 0, 5e-7,
              DF_KINK_LIMIT);
  expect_kink("a contact", BALL, touching, 0, 5e-7, DF_KINK_CONTACT);
  /* dry friction of 4 N sticks up to 4 N = m d B v */
  const double slips[2] = {0, 4 / (2 * HOLD * RATE)};
  expect_kink("dry friction", BLOCK, slips, 1, 5e-7, DF_KINK_STICK_SLIP);
  /* a servo of 100 N/m reaches its force limit of 5 N */
  const double saturates[2] = {-0.05, 0};
  expect_kink("a force range",
              SLIDE("", "", "gainprm='100' biastype='affine' biasprm='0 -100 0' forcelimited='true' forcerange='-5 5'"),
              saturates, 0, 5e-7, DF_KINK_CLAMP);
}

/* a sphere that slides over the floor: x = [px, pz, vx, vz] */
#define SKID(cone)                                                                                                   \
  "<mujoco><option timestep='.004' cone='" cone                                                                      \
  "'/><worldbody><geom type='plane' size='1 1 1'/><body pos='0 0 .0993'><joint name='q' type='slide' axis='1 0 0'/>" \
  "<joint type='slide' axis='0 0 1'/><geom size='.1' mass='2'/></body></worldbody><actuator><motor joint='q'/>"      \
  "</actuator></mujoco>"

static bool skids(const df_system* s, df_sim* sim, double speed) {
  const double x[4] = {0, 0, speed, -0.05}, u = 0;
  double x1[4];
  s->ops->reset(sim, x);
  assert_int_equal(s->ops->step(sim, &u, x1), DF_TRAJ_COMPLETE);
  assert_int_equal(df_mujoco_active(sim).contacts, 1);
  return df_mujoco_active(sim).sliding > 0;
}

static void a_contact_that_begins_to_slide_is_a_kink_with_a_name(void** state) {
  (void)state;
  static const char* const models[] = {SKID("elliptic"), SKID("pyramidal")};
  for (int k = 0; k < 2; k++) {
    df_mujoco_cfg cfg = df_mujoco_cfg_default();
    df_system* s;
    df_sim* sim;
    double sticks = 0, slides = 1;
    cfg.tolerance = 1e-22;
    OK(df_mujoco_system_from_xml(models[k], "skid", &cfg, &s));
    OK(df_sim_new(s, 0, &sim));
    assert_true(!skids(s, sim, sticks) && skids(s, sim, slides));
    /* bisect for the speed at which sliding begins, to 1e-9 m/s and below */
    for (int i = 0; i < 40; i++) {
      const double middle = 0.5 * (sticks + slides);
      *(skids(s, sim, middle) ? &slides : &sticks) = middle;
    }
    const double x[4] = {0, 0, sticks, -0.05};
    expect_kink(k == 0 ? "an elliptic cone" : "a pyramid", models[k], x, 2, 0, DF_KINK_STICK_SLIP);
    df_sim_free(s, sim);
    df_system_free(s);
  }
}

/* Where the two parabolas of the impedance meet, the second derivative of the force jumps: this disturbs a finite
 * difference across the point, but the first derivative is continuous. */
static void a_joint_of_the_impedance_is_a_kink_with_a_name(void** state) {
  (void)state;
  const double x[2] = {RADIUS - 0.0005 + 3e-7, -0.3}, u = 0;
  df_system* s = model_text(BALL_WITH(".001"), 1);
  df_gradcheck_point p;
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 4, .threads = 1}, &(df_gradcheck_states){.n = 1, .x = x, .u = &u},
                      &p));
  assert_int_equal(p.cause, DF_KINK_IMPEDANCE);
  assert_false(p.kink);
  assert_true(p.error < 1e-6);
  df_system_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kinks_have_names),
      cmocka_unit_test(a_contact_that_begins_to_slide_is_a_kink_with_a_name),
      cmocka_unit_test(a_joint_of_the_impedance_is_a_kink_with_a_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
