/* Rollouts: same bits on any number of threads, gradients, divergence, what fails. */
#include "models.h"

enum { B = 9, H = 12 };

typedef struct batch {
  df_system* system;
  double *x0, *u, *x, *du;
  double losses[B];
  uint8_t end[B];
} batch;

static batch batch_new(void) {
  batch b = {.system = quadruped("cone='elliptic'", "damping='.2'", "", "", 2)};
  const df_system* s = b.system;
  motion m = random_motion(s, B * H, H, 1, 0.4, 0.3, 21);
  b.u = m.u;
  b.x0 = df_alloc((size_t)(B * s->nx), sizeof(double));
  b.x = df_alloc((size_t)(B * (H + 1) * s->nx), sizeof(double));
  b.du = df_alloc((size_t)(B * H * s->nu), sizeof(double));
  for (int i = 0; i < B; i++) memcpy(b.x0 + i * s->nx, m.x + (i * H + i % 4) * s->nx, (size_t)s->nx * sizeof(double));
  df_free(m.x);
  return b;
}

static void batch_free(batch* b) {
  df_free(b->x0);
  df_free(b->u);
  df_free(b->x);
  df_free(b->du);
  df_system_free(b->system);
}

/* sum of squares of all velocities, and a pull on the height */
static double energy(void* context, int b, const double* x, double* dx) {
  const df_system* s = context;
  const int nv = s->ndx / 2, nq = s->nx - nv;
  double sum = 0;
  (void)b;
  for (int t = 0; t <= H; t++) {
    for (int i = 0; i < nv; i++) {
      const double v = x[t * s->nx + nq + i];
      sum += 0.5e-3 * v * v;
      dx[t * s->ndx + nv + i] = 1e-3 * v;
    }
    sum += x[t * s->nx + 2];
    dx[t * s->ndx + 2] = 1;
  }
  return sum;
}

static void gradient(batch* b, int threads, double decay) {
  df_rollout* r;
  OK(df_rollout_new(b->system, &(df_rollout_cfg){.threads = threads, .tape_length = H}, &r));
  OK(df_rollout_gradient(r, B, H, b->x0, b->u, decay, energy, b->system, b->losses, b->du, b->end));
  OK(df_rollout_run(r, B, H, b->x0, b->u, b->x, b->end));
  df_rollout_free(r);
}

static void threads_do_not_change_bits(void** state) {
  (void)state;
  batch one = batch_new(), many = batch_new();
  const size_t nx = (size_t)(B * (H + 1) * one.system->nx), ndu = (size_t)(B * H * one.system->nu);
  gradient(&one, 1, 1);
  for (int threads = 2; threads <= 4; threads *= 2) {
    gradient(&many, threads, 1);
    assert_memory_equal(one.x, many.x, nx * sizeof(double));
    assert_memory_equal(one.du, many.du, ndu * sizeof(double));
    assert_memory_equal(one.losses, many.losses, sizeof one.losses);
  }
  /* the comparison can fail */
  many.u[3] += 1e-12;
  gradient(&many, 2, 1);
  assert_memory_not_equal(one.x, many.x, nx * sizeof(double));
  batch_free(&one);
  batch_free(&many);
}

static void a_recorded_rollout_has_the_bits_of_an_unrecorded_one(void** state) {
  (void)state;
  batch b = batch_new();
  const df_system* s = b.system;
  double* x = df_alloc((size_t)((H + 1) * s->nx), sizeof *x);
  double* x_taped = df_alloc((size_t)((H + 1) * s->nx), sizeof *x);
  df_sim *plain, *taped;
  OK(df_sim_new(s, 0, &plain));
  OK(df_sim_new(s, H, &taped));
  for (int i = 0; i < B; i++) {
    assert_int_equal(df_trajectory_run(s, plain, H, b.x0 + i * s->nx, b.u + i * H * s->nu, x), DF_TRAJ_COMPLETE);
    assert_int_equal(df_trajectory_run(s, taped, H, b.x0 + i * s->nx, b.u + i * H * s->nu, x_taped), DF_TRAJ_COMPLETE);
    assert_memory_equal(x, x_taped, (size_t)((H + 1) * s->nx) * sizeof *x);
  }
  df_sim_free(s, plain);
  df_sim_free(s, taped);
  df_free(x);
  df_free(x_taped);
  batch_free(&b);
}

static void a_used_tape_gives_the_gradient_of_a_fresh_one(void** state) {
  (void)state;
  batch b = batch_new();
  const df_system* s = b.system;
  const size_t ndu = (size_t)(H * s->nu);
  double *x = df_alloc((size_t)((H + 1) * s->nx), sizeof *x), *dx = df_alloc((size_t)((H + 1) * s->ndx), sizeof *dx);
  double *fresh = df_alloc(ndu, sizeof *fresh), *used = df_alloc(ndu, sizeof *used);
  df_sim *first, *second;
  OK(df_sim_new(s, H, &first));
  OK(df_sim_new(s, H, &second));
  (void)df_trajectory_run(s, first, H, b.x0, b.u, x);
  (void)energy(b.system, 0, x, dx);
  assert_int_equal(df_trajectory_vjp(s, first, H, dx, 1, fresh, NULL), DF_TRAJ_COMPLETE);
  /* another trajectory first, then the same again; and the adjoint twice */
  (void)df_trajectory_run(s, second, H, b.x0 + s->nx, b.u + ndu, x);
  (void)df_trajectory_run(s, second, H, b.x0, b.u, x);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(df_trajectory_vjp(s, second, H, dx, 1, used, NULL), DF_TRAJ_COMPLETE);
    assert_memory_equal(fresh, used, ndu * sizeof *used);
  }
  df_sim_free(s, first);
  df_sim_free(s, second);
  df_free(x);
  df_free(dx);
  df_free(fresh);
  df_free(used);
  batch_free(&b);
}

static double norm_of(const double* x, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += x[i] * x[i];
  return sqrt(sum);
}

static void decay_weakens_early_gradients_and_leaves_the_last(void** state) {
  (void)state;
  batch exact = batch_new(), damped = batch_new();
  const int nu = exact.system->nu;
  gradient(&exact, 2, 1);
  gradient(&damped, 2, 0);
  for (int b = 0; b < B; b++) {
    const double *e = exact.du + b * H * nu, *d = damped.du + b * H * nu;
    /* with decay 0 an action sees the next state only: the last one loses nothing */
    assert_memory_equal(e + (H - 1) * nu, d + (H - 1) * nu, (size_t)nu * sizeof *e);
    assert_true(norm_of(d, nu) < norm_of(e, nu));
  }
  batch_free(&exact);
  batch_free(&damped);
}

static void a_divergence_is_a_value_of_its_own_trajectory(void** state) {
  (void)state;
  batch b = batch_new();
  const int nx = b.system->nx, nu = b.system->nu;
  b.u[(2 * H + 5) * nu] = NAN;
  gradient(&b, 2, 1);
  for (int i = 0; i < B; i++) assert_int_equal(b.end[i], i == 2 ? DF_TRAJ_DIVERGED : DF_TRAJ_COMPLETE);
  const double* x = b.x + 2 * (H + 1) * nx;
  assert_true(isfinite(x[5 * nx]));
  for (int i = 6 * nx; i < (H + 1) * nx; i++) assert_true(isnan(x[i]));
  for (int i = 0; i < H * nu; i++) CLOSE(b.du[2 * H * nu + i], 0, 0);
  assert_true(isnan(b.losses[2]));
  batch_free(&b);
}

static void a_state_that_grows_without_bound_diverges(void** state) {
  (void)state;
  df_system* s = model_text(
      "<mujoco><option timestep='.01' gravity='0 0 0'/><worldbody><body><joint name='x' type='slide'/>"
      "<geom size='.1'/></body></worldbody><actuator><motor joint='x' gear='1e9'/></actuator></mujoco>",
      1);
  const double x0[2] = {0, 0}, u[4] = {0, 1, 1, 1};
  double x[10];
  df_sim* sim;
  OK(df_sim_new(s, 0, &sim));
  assert_int_equal(df_trajectory_run(s, sim, 4, x0, u, x), DF_TRAJ_DIVERGED);
  assert_true(isfinite(x[2]) && isnan(x[4]) && isnan(x[9]));
  /* and the simulator is as good as new after a reset */
  const double still[4] = {0};
  assert_int_equal(df_trajectory_run(s, sim, 4, x0, still, x), DF_TRAJ_COMPLETE);
  df_sim_free(s, sim);
  df_system_free(s);
}

static void a_cotangent_beyond_bounds_diverges(void** state) {
  (void)state;
  batch b = batch_new();
  const df_system* s = b.system;
  double *x = df_alloc((size_t)((H + 1) * s->nx), sizeof *x), *dx = df_alloc((size_t)((H + 1) * s->ndx), sizeof *dx);
  df_sim* sim;
  OK(df_sim_new(s, H, &sim));
  (void)df_trajectory_run(s, sim, H, b.x0, b.u, x);
  dx[H * s->ndx] = 2e6;
  b.du[0] = 1;
  assert_int_equal(df_trajectory_vjp(s, sim, H, dx, 1, b.du, NULL), DF_TRAJ_DIVERGED);
  CLOSE(b.du[0], 0, 0);
  df_sim_free(s, sim);
  df_free(x);
  df_free(dx);
  batch_free(&b);
}

static void a_step_off_the_tape_is_refused(void** state) {
  (void)state;
  batch b = batch_new();
  const df_system* s = b.system;
  double y[DF_NDX_MAX] = {0}, ubar[64];
  df_sim* sim;
  OK(df_sim_new(s, 2, &sim));
  s->ops->reset(sim, b.x0);
  assert_int_equal(s->ops->step_vjp(sim, 0, y, y, ubar), DF_TRAJ_FAILED);
  df_rollout* r;
  OK(df_rollout_new(s, &(df_rollout_cfg){.threads = 1, .tape_length = H - 1}, &r));
  assert_int_equal(df_rollout_gradient(r, B, H, b.x0, b.u, 1, energy, b.system, b.losses, b.du, NULL), DF_E_ARG);
  assert_int_equal(df_rollout_run(r, 0, H, b.x0, b.u, b.x, NULL), DF_E_ARG);
  assert_int_equal(df_rollout_run(r, B, H, NULL, b.u, b.x, NULL), DF_E_ARG);
  df_rollout_free(r);
  df_sim_free(s, sim);
  batch_free(&b);
}

static void an_error_inside_mujoco_is_reported_and_harms_no_one(void** state) {
  (void)state;
  /* a stack too small for the constraints of the contact that comes after a fall */
  df_system* s = model_text(
      "<mujoco><size memory='6K'/><option timestep='.01'/><worldbody><geom type='plane' size='9 9 9'/>"
      "<body pos='0 0 .3'><freejoint/><geom type='box' size='.1 .1 .1'/>"
      "<body><joint name='j' range='-1 1' limited='true'/><geom type='box' size='.1 .1 .2'/></body></body></worldbody>"
      "<actuator><motor joint='j'/></actuator></mujoco>",
      1);
  enum { LONG = 60 };
  double x0[16], u[LONG] = {0}, *x = df_alloc((size_t)((LONG + 1) * s->nx), sizeof *x);
  uint8_t end = 0;
  df_mujoco_initial_state(s, x0);
  df_rollout* r;
  OK(df_rollout_new(s, &(df_rollout_cfg){.threads = 1}, &r));
  const df_status status = df_rollout_run(r, 1, LONG, x0, u, x, &end);
  print_message("end %d, status %s: %s\n", end, df_status_text(status), df_error_message());
  assert_int_not_equal(end, DF_TRAJ_COMPLETE);
  if (end == DF_TRAJ_FAILED) {
    assert_int_equal(status, DF_E_SIM);
    assert_non_null(strstr(df_error_message(), "trajectory 0"));
  }
  assert_false(df_file_exists("MUJOCO_LOG.TXT"));
  df_rollout_free(r);
  df_free(x);
  df_system_free(s);

  /* another system on the same thread still works */
  batch b = batch_new();
  gradient(&b, 2, 1);
  for (int i = 0; i < B; i++) assert_int_equal(b.end[i], DF_TRAJ_COMPLETE);
  batch_free(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(threads_do_not_change_bits),
      cmocka_unit_test(a_recorded_rollout_has_the_bits_of_an_unrecorded_one),
      cmocka_unit_test(a_used_tape_gives_the_gradient_of_a_fresh_one),
      cmocka_unit_test(decay_weakens_early_gradients_and_leaves_the_last),
      cmocka_unit_test(a_divergence_is_a_value_of_its_own_trajectory),
      cmocka_unit_test(a_state_that_grows_without_bound_diverges),
      cmocka_unit_test(a_cotangent_beyond_bounds_diverges),
      cmocka_unit_test(a_step_off_the_tape_is_refused),
      cmocka_unit_test(an_error_inside_mujoco_is_reported_and_harms_no_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
