/* The quadcopter in closed form: next states and cotangents of complex steps in Python
 * (tests/independent/quadcopter.py), the published flights, the gradient check, saved states, bounded tapes; models and
 * options that do not go with it. */
#include "dynaflow/sim/dynamics.h"
#include "dynaflow/sim/parameters.h"
#include "models.h"

enum { NX = 18, NDX = 17, NU = 4 };

static const char MODEL[] = "tasks/quadcopter/quadcopter.xml";

static df_mujoco_cfg closed_cfg(void) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.dynamics = DF_DYNAMICS_QUADCOPTER;
  return cfg;
}

static df_system* quadcopter(void) {
  const df_mujoco_cfg cfg = closed_cfg();
  df_system* s;
  OK(df_mujoco_system_new(MODEL, &cfg, &s));
  return s;
}

/* ---- against complex steps in Python ---- */

static const struct independent {
  double x[NX], u[NU]; /* the quaternion is normalised first */
  double x1[NX], xbar[NDX], ubar[NU];
} CASES[] = {
    {{0.3, -0.2, 0.1, 0.5, -0.5, 0.1, 0.7, 8, -2, 0.8, 7.5, 12, -1.5, 657, 571, 827, 690, 1.2},
     {0.3, -0.2, 0.1, -0.4},
     {0.38, -0.22, 0.108, 0.5166937700049641, -0.5226786399278015, 0.1521154438721178, 0.6608293873132987,
      8.095236193034667, -2.155140828125867, 0.7787110455722667, 7.445987257235772, 11.38119160780488,
      -1.522836124285714, 768.1111111111111, 496.9259259259259, 864.0370370370371, 541.8518518518518,
      1.203033665364357},
     {0.8414709848078965, 0.9092974268256817, 0.1411200080598672, -1.087577667300604, -0.992477157607616,
      -0.2565479056226035, 0.6566414872506176, 0.9951533600695607, 0.4129801940086996, -0.5445832680386663,
      -1.013753349446289, -0.5471946161440281, 0.417283260899191, 0.9897907962016793, 0.6538123649564015,
      -0.2871330421632147, -1.144098172510808},
     {155.617421046904, 366.8916132203224, 240.8473482063396, -106.6308580240983}},
    {{7, 0.1, -0.2, 0.9, 0.1, -0.3, 0.3, -0.5, 3, -1.7, -7, -6, 2, 400, 900, 90, 500, 0.9},
     {0.1, 0.5, -0.5, 0},
     {6.995, 0.13, -0.217, 0.8905098582430335, 0.07441725680213798, -0.3381240460070296, 0.2951718038259298,
      -0.4569771532266667, 3.02461088508, -1.670849189066667, -7.592524357723577, -4.978701593495935, 2.064981285714286,
      437.0370370370371, 925, 75, 500, 0.9010006936734288},
     {0.8414709848078965, 0.9092974268256817, 0.1411200080598672, -0.6858052942093614, -1.094344812376545,
      -0.2554596183447986, 0.6648538197346024, 0.9935044296585217, 0.4123620162808369, -0.5476889536115019,
      -1.011534429606194, -0.5086196223842697, 0.4185712874111616, -0.00125645987984767, 0.0004825115630700788,
      -0.2873613799049686, -0.8947109490239138},
     {155.617421046904, 0, 0, -106.6308580240983}},
    {{0, 0, 0, 0.2, 0.4, -0.8, 0.4, 1, 1, -1, 1, -2, 3, 60, 940, 300, 500, 1.05},
     {0.9, -0.9, 0.2, 0.1},
     {0.01, 0.01, -0.01, 0.1839678084500354, 0.3929312430481735, -0.8058589870148291, 0.4029294935074145,
      0.9991666666666666, 1.094168724166667, -0.8298151235416666, 0.0360780487804877, -1.269492682926829,
      3.073585714285714, 393.3333333333334, 606.6666666666666, 374.0740740740741, 537.0370370370371, 1.050183733924688},
     {0.8414709848078965, 0.9092974268256817, 0.1411200080598672, -0.7655231267663981, -0.9063042178643891,
      -0.3038882146183165, 0.6643063309023367, 0.9968022904805997, 0.4128428211802857, -0.5523668203318242,
      -1.009120929779918, -0.5567110075212517, 0.4201212019684581, 0.9906531905530532, 0.6516237428298379,
      -0.287155677537144, -0.7266035368501427},
     {155.617421046904, 366.8916132203224, 240.8473482063396, -106.6308580240983}},
};
enum { CASES_COUNT = sizeof CASES / sizeof *CASES };

static void state_of(const struct independent* c, double x[NX]) {
  memcpy(x, c->x, NX * sizeof *x);
  const double norm = sqrt(x[3] * x[3] + x[4] * x[4] + x[5] * x[5] + x[6] * x[6]);
  for (int i = 3; i < 7; i++) x[i] /= norm;
}

static void steps_and_cotangents_are_those_of_python(void** state) {
  (void)state;
  df_system* s = quadcopter();
  df_sim* sim;
  OK(df_sim_new(s, 1, &sim));
  assert_int_equal(s->nx, NX);
  assert_int_equal(s->ndx, NDX);
  assert_int_equal(s->nu, NU);
  for (int c = 0; c < CASES_COUNT; c++) {
    double x[NX], x1[NX], y[NDX], ubar[NU];
    state_of(&CASES[c], x);
    s->ops->reset(sim, x);
    assert_int_equal(s->ops->step(sim, CASES[c].u, x1), DF_TRAJ_COMPLETE);
    for (int i = 0; i < NX; i++) CLOSE(x1[i], CASES[c].x1[i], 1e-13 * (1 + fabs(CASES[c].x1[i])));
    for (int k = 0; k < NDX; k++) y[k] = sin(1.0 + k);
    assert_int_equal(s->ops->step_vjp(sim, 0, y, y, ubar), DF_TRAJ_COMPLETE);
    for (int k = 0; k < NDX; k++) CLOSE(y[k], CASES[c].xbar[k], 1e-13);
    for (int k = 0; k < NU; k++) CLOSE(ubar[k], CASES[c].ubar[k], 1e-11);
  }
  df_sim_free(s, sim);
  df_system_free(s);
}

/* an action beyond its range acts as the end of the range, and has the derivative 0; one at the end has that inside */
static void actions_are_clamped_to_their_range(void** state) {
  (void)state;
  df_system* s = quadcopter();
  df_sim* sim;
  double x[NX], beyond[NX], end[NX], y[NDX], ubar[NU];
  OK(df_sim_new(s, 2, &sim));
  state_of(&CASES[0], x);
  for (int k = 0; k < NU; k++) {
    CLOSE(s->u_lo[k], -1, 0);
    CLOSE(s->u_hi[k], 1, 0);
    x[13 + k] = 500;
  }
  s->ops->reset(sim, x);
  assert_int_equal(s->ops->step(sim, (const double[]){2, -3, 0.1, 0}, beyond), DF_TRAJ_COMPLETE);
  s->ops->set_state(sim, x);
  assert_int_equal(s->ops->step(sim, (const double[]){1, -1, 0.1, 0}, end), DF_TRAJ_COMPLETE);
  assert_memory_equal(beyond, end, sizeof end);
  for (int k = 0; k < NDX; k++) y[k] = 1;
  for (int t = 0; t < 2; t++) {
    double xbar[NDX];
    assert_int_equal(s->ops->step_vjp(sim, t, y, xbar, ubar), DF_TRAJ_COMPLETE);
    for (int k = 0; k < NU; k++) CLOSE(ubar[k], t == 0 && k < 2 ? 0 : 0.01 / 2.7e-5, 1e-9);
  }
  s->ops->reset(sim, x);
  assert_int_equal(s->ops->step(sim, (const double[]){NAN, 0, 0, 0}, end), DF_TRAJ_DIVERGED);
  df_sim_free(s, sim);
  df_system_free(s);
}

static void gradients_are_those_of_finite_differences(void** state) {
  (void)state;
  df_system* s = quadcopter();
  enum { N = 12 };
  double x[N * NX], u[N * NU], noise[N * (NX + NU)];
  df_rng_normal(5, DF_STREAM_TEST, 0, sizeof noise / sizeof *noise, noise);
  for (int i = 0; i < N; i++) {
    const double* r = noise + i * (NX + NU);
    for (int k = 0; k < NX; k++) x[i * NX + k] = r[k];
    const double norm = sqrt(r[3] * r[3] + r[4] * r[4] + r[5] * r[5] + r[6] * r[6]);
    for (int k = 3; k < 7; k++) x[i * NX + k] /= norm;
    for (int k = 13; k < 17; k++) x[i * NX + k] = 500 + 50 * r[k];
    x[i * NX + 17] = 1 + 0.1 * r[17];
    for (int k = 0; k < NU; k++) u[i * NU + k] = 0.2 * r[NX + k];
  }
  df_gradcheck_point points[N];
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.threads = 1, .seed = 1, .transition = true},
                      &(df_gradcheck_states){.n = N, .x = x, .u = u}, points));
  for (int i = 0; i < N; i++) {
    assert_false(points[i].kink);
    assert_true(points[i].error < 1e-8);
    assert_true(isnan(points[i].transition_error)); /* MuJoCo has no derivative of it */
  }
  df_system_free(s);
}

/* ---- trajectories ---- */

/* the same bits after restore() as after save(), and gradients with a tape of a few steps */
static void trajectories_continue_and_are_recomputed(void** state) {
  (void)state;
  enum { T = 20 };
  df_system* s = quadcopter();
  df_sim *all, *few;
  double x[NX], u[NU], kept[64], last[NX];
  OK(df_sim_new(s, T, &all));
  OK(df_sim_new(s, T, &few));
  OK(df_sim_bound_tape(s, few, (size_t)T * 600));
  assert_true(s->ops->state_size(s) <= sizeof kept / sizeof *kept);
  state_of(&CASES[1], x);
  s->ops->reset(all, x);
  s->ops->reset(few, x);
  for (int t = 0; t < T; t++) {
    for (int k = 0; k < NU; k++) u[k] = 0.1 * sin(t + k);
    if (t == T - 1) s->ops->save(all, kept);
    assert_int_equal(s->ops->step(all, u, last), DF_TRAJ_COMPLETE);
    assert_int_equal(s->ops->step(few, u, x), DF_TRAJ_COMPLETE);
    assert_memory_equal(x, last, sizeof x);
  }
  double a[NDX], b[NDX], ua[NU], ub[NU], A[NDX * NDX], B[NDX * NU];
  for (int k = 0; k < NDX; k++) a[k] = b[k] = cos(k);
  for (int t = T - 1; t >= 0; t--) {
    assert_int_equal(s->ops->step_vjp(all, t, a, a, ua), DF_TRAJ_COMPLETE);
    assert_int_equal(s->ops->step_vjp(few, t, b, b, ub), DF_TRAJ_COMPLETE);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_equal(ua, ub, sizeof ua);
  }
  /* the rows of the Jacobian are adjoints of unit cotangents */
  assert_int_equal(df_sim_jacobian(s, all, 3, A, B), DF_TRAJ_COMPLETE);
  for (int row = 0; row < NDX; row++) {
    for (int k = 0; k < NDX; k++) a[k] = k == row;
    assert_int_equal(s->ops->step_vjp(all, 3, a, a, ua), DF_TRAJ_COMPLETE);
    assert_memory_equal(a, A + row * NDX, sizeof a);
    assert_memory_equal(ua, B + row * NU, sizeof ua);
  }
  s->ops->restore(all, kept);
  assert_int_equal(s->ops->step(all, u, x), DF_TRAJ_COMPLETE);
  assert_memory_equal(x, last, sizeof x);
  df_effort effort = {0};
  s->ops->add_effort(few, &effort);
  assert_int_equal(effort.solver_iterations + effort.constraint_rows, 0);
  df_sim_free(s, all);
  df_sim_free(s, few);
  df_system_free(s);
}

/* ---- what goes with it ---- */

static void assert_refused(df_mujoco_cfg cfg, const char* words) {
  df_system* s;
  assert_int_equal(df_mujoco_system_new(MODEL, &cfg, &s), DF_E_CONFIG);
  assert_null(s);
  if (!strstr(df_error_message(), words)) fail_msg("'%s' is not in: %s", words, df_error_message());
}

static void options_without_a_meaning_are_refused(void** state) {
  (void)state;
#define REFUSED(member, value, words)          \
  do {                                         \
    df_mujoco_cfg refused_cfg_ = closed_cfg(); \
    refused_cfg_.forward_only = true;          \
    refused_cfg_.member = (value);             \
    assert_refused(refused_cfg_, words);       \
  } while (0)
  REFUSED(integrator, DF_INTEGRATOR_RK4, "integrator cannot be used with system.dynamics = quadcopter");
  REFUSED(solver, DF_SOLVER_CG, "solver cannot be used");
  REFUSED(tolerance, 1e-9, "tolerance cannot be used");
  REFUSED(margin_rule, DF_MARGIN_MAX, "margin_rule cannot be used");
  REFUSED(islands, DF_ISLANDS_ON, "islands cannot be used");
  REFUSED(ls_iterations, 60, "ls_iterations cannot be used");
  REFUSED(gain_scale, 0.9, "a scale of actuators cannot be used");
  REFUSED(mass_scale, 0.9, "a scale of masses cannot be used");
  REFUSED(friction_scale, 0.9, "a scale of friction cannot be used");
  REFUSED(damping_scale, 0.9, "a scale of damping cannot be used");
  REFUSED(approximate_contacts, true, "contacts = approximate cannot be used");
  REFUSED(finite_differences, true, "gradient = differences cannot be used");
  REFUSED(parameter_gradients, true, "parameter gradients cannot be used");
  REFUSED(dynamics, (df_dynamics)7, "dynamics 7 is not one of df_dynamics");
}

static void other_models_are_refused(void** state) {
  (void)state;
  const df_mujoco_cfg cfg = closed_cfg();
  static const char* const models[] = {
      "<mujoco><worldbody><body><freejoint/><geom size='.1'/></body></worldbody></mujoco>",
      "<mujoco><option integrator='RK4'/><default><general dyntype='user' actdim='1'/></default><worldbody><body>"
      "<freejoint/><geom size='.1'/><site name='s'/></body></worldbody><actuator><general site='s'/><general site='s'/>"
      "<general site='s'/><general site='s' actdim='2'/></actuator></mujoco>"};
  static const char* const words[] = {"needs a model with one free joint", "takes Euler steps"};
  for (int i = 0; i < 2; i++) {
    df_system* s;
    assert_int_equal(df_mujoco_system_from_xml(models[i], "other", &cfg, &s), DF_E_CONFIG);
    assert_null(s);
    if (!strstr(df_error_message(), words[i])) fail_msg("'%s' is not in: %s", words[i], df_error_message());
  }
}

static void it_says_what_it_is(void** state) {
  (void)state;
  df_system *s = quadcopter(), *copy, *mujoco;
  const df_feature* features;
  assert_int_equal(df_mujoco_features(s, &features), 1);
  assert_int_equal(features[0].kind, DF_FEATURE_EXACT);
  assert_string_equal(features[0].element, "system.dynamics = quadcopter");
  assert_int_equal(df_mujoco_dynamics(s), DF_DYNAMICS_QUADCOPTER);
  assert_int_equal(df_mujoco_quaternion_length(s), 17);

  /* the model beside it has its mass and gravity, and another fingerprint under MuJoCo's own step */
  CLOSE(df_mujoco_total_mass(s), 1.2, 1e-15);
  CLOSE(df_mujoco_gravity(s), 9.81, 1e-15);
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.forward_only = true;
  OK(df_mujoco_system_new(MODEL, &cfg, &mujoco));
  assert_int_equal(df_mujoco_quaternion_length(mujoco), -1);
  assert_string_not_equal(df_mujoco_identity(s)->compiled, df_mujoco_identity(mujoco)->compiled);

  /* a copy of other steps keeps the dynamics */
  OK(df_mujoco_copy_with_steps(s, 0.005, 2, &copy));
  assert_int_equal(df_mujoco_dynamics(copy), DF_DYNAMICS_QUADCOPTER);

  /* there are no forces of MuJoCo's model */
  df_sim* sim;
  double force[6], still[6] = {0}, x[NX];
  OK(df_sim_new(s, 0, &sim));
  state_of(&CASES[0], x);
  assert_int_equal(df_mujoco_inverse(sim, x, still, force), DF_E_UNSUPPORTED);
  df_sim_free(s, sim);
  df_system_free(copy);
  df_system_free(mujoco);
  df_system_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steps_and_cotangents_are_those_of_python),
      cmocka_unit_test(actions_are_clamped_to_their_range),
      cmocka_unit_test(gradients_are_those_of_finite_differences),
      cmocka_unit_test(trajectories_continue_and_are_recomputed),
      cmocka_unit_test(options_without_a_meaning_are_refused),
      cmocka_unit_test(other_models_are_refused),
      cmocka_unit_test(it_says_what_it_is),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
