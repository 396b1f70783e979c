/* df_sim_jacobian(): every row has the bits of the adjoint of its unit cotangent, for exact steps, Runge-Kutta steps,
 * steps by finite differences and steps that are no longer on the tape; and A and B are those of mjd_transitionFD(). */
#include "dynaflow/sim/parameters.h"
#include "models.h"

enum { T = 24, NDX = 64, NU = 16 };

/* records a motion that falls, lands and goes on */
static void record(const df_system* s, df_sim* sim) {
  double x[NDX], u[NU];
  df_mujoco_initial_state(s, x);
  s->ops->reset(sim, x);
  for (int t = 0; t < T; t++) {
    df_rng_uniform(3, DF_STREAM_TEST, (uint64_t)(t / 6), (size_t)s->nu, u);
    for (int k = 0; k < s->nu; k++) u[k] = 0.6 * u[k] - 0.3;
    assert_int_equal(s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
  }
}

/* compares every third step, backwards, with single adjoints, and the counts of both */
static void assert_rows_are_adjoints(const df_system* s, size_t tape_bytes) {
  double A[NDX * NDX], B[NDX * NU], y[NDX], xbar[NDX], ubar[NU];
  df_sim *together, *single;
  OK(df_sim_new(s, T, &together));
  OK(df_sim_new(s, T, &single));
  OK(df_sim_bound_tape(s, together, tape_bytes));
  record(s, together);
  record(s, single);
  const size_t ndx = (size_t)s->ndx, nu = (size_t)s->nu;
  bool coupled = false;
  for (int t = T - 1; t >= 0; t -= 3) {
    assert_int_equal(df_sim_jacobian(s, together, t, A, B), DF_TRAJ_COMPLETE);
    for (size_t k = 0; k < ndx; k++) {
      memset(y, 0, ndx * sizeof *y);
      y[k] = 1;
      assert_int_equal(s->ops->step_vjp(single, t, y, xbar, ubar), DF_TRAJ_COMPLETE);
      assert_memory_equal(xbar, A + k * ndx, ndx * sizeof *xbar);
      assert_memory_equal(ubar, B + k * nu, nu * sizeof *ubar);
      for (size_t i = 0; i < nu; i++) coupled |= ubar[i] != 0;
    }
  }
  assert_true(coupled);
  const df_gradient_count a = df_sim_gradient_count(s, together), b = df_sim_gradient_count(s, single);
  assert_int_equal(a.steps, b.steps);
  assert_int_equal(a.approximate, b.approximate);
  assert_int_equal(a.differenced, b.differenced);
  df_sim_free(s, together);
  df_sim_free(s, single);
}

static void rows_are_adjoints_of_exact_steps(void** state) {
  (void)state;
  const char* options[] = {"", "integrator='implicitfast'", "integrator='RK4'", "cone='elliptic'"};
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
    df_system* s = planar_hopper(options[i], 5);
    assert_rows_are_adjoints(s, 0);
    df_system_free(s);
  }
  df_system* s = quadruped("", "damping='.4'", "", "", 4);
  assert_rows_are_adjoints(s, 0);
  df_system_free(s);
}

/* a tape of a few actions: the others are recorded again */
static void rows_are_adjoints_of_steps_that_left_the_tape(void** state) {
  (void)state;
  df_system* s = quadruped("", "damping='.4'", "", "", 4);
  assert_rows_are_adjoints(s, 200000);
  df_system_free(s);
}

/* all steps (a fluid), or those with an active contact only (two ellipsoids) */
static void rows_are_adjoints_of_differenced_steps(void** state) {
  (void)state;
  static const char* const models[] = {
      "<mujoco><option timestep='.004' density='2'/><worldbody><geom type='plane' size='9 9 1'/>"
      "<body pos='0 0 .12'><joint type='slide' axis='0 0 1'/><joint axis='0 1 0'/>"
      "<geom type='capsule' fromto='-.2 0 0 .2 0 0' size='.05' mass='1'/>"
      "<body pos='.2 0 0'><joint name='j' axis='0 1 0'/><geom type='sphere' size='.05' pos='.2 0 0' mass='.3'/></body>"
      "</body></worldbody><actuator><motor joint='j' gear='2'/></actuator></mujoco>",
      "<mujoco><option timestep='.004'/><worldbody><geom type='ellipsoid' size='.5 .5 .1'/>"
      "<body pos='0 0 .22'><joint type='slide' axis='0 0 1'/><joint name='j' axis='0 1 0' stiffness='1'/>"
      "<geom type='ellipsoid' size='.2 .1 .1' mass='1'/></body></worldbody>"
      "<actuator><motor joint='j' gear='2'/></actuator></mujoco>"};
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.finite_differences = true;
  cfg.substeps = 3;
  for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
    df_system* s;
    OK(df_mujoco_system_from_xml(models[i], "built-in model", &cfg, &s));
    assert_rows_are_adjoints(s, 0);
    df_sim* sim;
    OK(df_sim_new(s, T, &sim));
    record(s, sim);
    double A[NDX * NDX], B[NDX * NU];
    for (int t = 0; t < T; t++) assert_int_equal(df_sim_jacobian(s, sim, t, A, B), DF_TRAJ_COMPLETE);
    assert_true(df_sim_gradient_count(s, sim).differenced > 0);
    df_sim_free(s, sim);
    df_system_free(s);
  }
}

/* MuJoCo's own finite differences of the same step, in the same coordinates */
static void they_are_those_of_mjd_transition_fd(void** state) {
  (void)state;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.tolerance = 1e-14;
  char xml[8192];
  snprintf(xml, sizeof xml, QUADRUPED, "", "damping='.4'", "", "");
  df_system* s;
  OK(df_mujoco_system_from_xml(xml, "built-in model", &cfg, &s));
  df_sim *sim, *other;
  OK(df_sim_new(s, 1, &sim));
  OK(df_sim_new(s, 0, &other));
  double x[NDX], next[NDX], u[NU], A[NDX * NDX], B[NDX * NU], A_fd[NDX * NDX], B_fd[NDX * NU];
  df_mujoco_initial_state(s, x);
  for (int k = 0; k < s->nu; k++) u[k] = 0.1 * (k % 3);
  s->ops->reset(sim, x);
  assert_int_equal(s->ops->step(sim, u, next), DF_TRAJ_COMPLETE);
  assert_int_equal(df_sim_jacobian(s, sim, 0, A, B), DF_TRAJ_COMPLETE);
  assert_true(
      df_mujoco_transition(s, other, x, u, &(df_transition){.eps = 1e-6, .centred = true, .A = A_fd, .B = B_fd}));
  double largest = 0;
  for (int i = 0; i < s->ndx * s->ndx; i++) {
    CLOSE(A[i], A_fd[i], 1e-6 * fmax(1, fabs(A_fd[i])));
    largest = fmax(largest, fabs(A[i]));
  }
  for (int i = 0; i < s->ndx * s->nu; i++) CLOSE(B[i], B_fd[i], 1e-6 * fmax(1, fabs(B_fd[i])));
  assert_true(largest > 1);
  df_sim_free(s, sim);
  df_sim_free(s, other);
  df_system_free(s);
}

/* the gradient by parameters belongs to the caller's own adjoints */
static void it_adds_nothing_to_the_gradient_by_parameters(void** state) {
  (void)state;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.parameter_gradients = true;
  char xml[4096];
  snprintf(xml, sizeof xml, PLANAR_HOPPER, "");
  df_system* s;
  OK(df_mujoco_system_from_xml(xml, "built-in model", &cfg, &s));
  df_sim* sim;
  OK(df_sim_new(s, T, &sim));
  record(s, sim);
  enum { PARAMETERS = 64 };
  const df_parameter* list;
  const int n = df_mujoco_parameters(s, &list);
  double A[NDX * NDX], B[NDX * NU], y[NDX] = {0, 1}, ubar[NU], before[PARAMETERS], after[PARAMETERS];
  assert_in_range(n, 1, PARAMETERS);
  assert_int_equal(s->ops->step_vjp(sim, T - 1, y, y, ubar), DF_TRAJ_COMPLETE);
  df_mujoco_parameter_gradient(sim, before);
  assert_int_equal(df_sim_jacobian(s, sim, T - 1, A, B), DF_TRAJ_COMPLETE);
  df_mujoco_parameter_gradient(sim, after);
  assert_memory_equal(before, after, (size_t)n * sizeof *before);
  df_sim_free(s, sim);
  df_system_free(s);
}

static void a_step_that_is_not_recorded_fails_with_zeros(void** state) {
  (void)state;
  df_system* s = planar_hopper("", 1);
  df_sim* sim;
  OK(df_sim_new(s, T, &sim));
  record(s, sim);
  double A[NDX * NDX] = {1}, B[NDX * NU] = {1};
  for (int t = -1; t <= T; t += T + 1) {
    A[0] = B[0] = 1;
    assert_int_equal(df_sim_jacobian(s, sim, t, A, B), DF_TRAJ_FAILED);
    assert_true(A[0] == 0 && B[0] == 0);
    assert_non_null(strstr(df_error_message(), "is not one of the 24 recorded steps"));
  }
  assert_int_equal(df_sim_gradient_count(s, sim).steps, 0);
  df_sim_free(s, sim);
  df_system_free(s);
}

static void a_system_without_the_operation_has_its_rows_one_by_one(void** state) {
  (void)state;
  df_system* s = planar_hopper("", 2);
  df_system_ops ops = *s->ops;
  ops.step_jacobian = NULL;
  df_system plain = *s;
  plain.ops = &ops;
  df_sim* sim;
  OK(df_sim_new(s, T, &sim));
  record(s, sim);
  const size_t ndx = (size_t)s->ndx, nu = (size_t)s->nu;
  double A[2][NDX * NDX], B[2][NDX * NU];
  assert_int_equal(df_sim_jacobian(s, sim, 5, A[0], B[0]), DF_TRAJ_COMPLETE);
  assert_int_equal(df_sim_jacobian(&plain, sim, 5, A[1], B[1]), DF_TRAJ_COMPLETE);
  assert_memory_equal(A[0], A[1], ndx * ndx * sizeof(double));
  assert_memory_equal(B[0], B[1], ndx * nu * sizeof(double));
  A[1][0] = B[1][0] = 1;
  assert_int_equal(df_sim_jacobian(&plain, sim, T, A[1], B[1]), DF_TRAJ_FAILED);
  assert_true(A[1][0] == 0 && B[1][0] == 0);
  df_sim_free(s, sim);
  df_system_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_adjoints_of_exact_steps),
      cmocka_unit_test(rows_are_adjoints_of_steps_that_left_the_tape),
      cmocka_unit_test(rows_are_adjoints_of_differenced_steps),
      cmocka_unit_test(they_are_those_of_mjd_transition_fd),
      cmocka_unit_test(it_adds_nothing_to_the_gradient_by_parameters),
      cmocka_unit_test(a_step_that_is_not_recorded_fails_with_zeros),
      cmocka_unit_test(a_system_without_the_operation_has_its_rows_one_by_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
