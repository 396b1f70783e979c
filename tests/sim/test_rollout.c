/* Rollouts: equal bits for any number of threads, gradients, divergence, failures. */
#include "models.h"

/* slow */

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

/* loss: sum of squares of all velocities, plus the heights */
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
  OK(df_rollout_gradient(
      r, &(df_rollout_batch){.B = B, .H = H, .x0 = b->x0, .u = b->u, .end = b->end},
      &(df_rollout_loss){.fn = energy, .context = b->system, .damping = 1 - decay, .losses = b->losses, .du = b->du}));
  OK(df_rollout_run(r, &(df_rollout_batch){.B = B, .H = H, .x0 = b->x0, .u = b->u, .x = b->x, .end = b->end}));
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

  /* the comparison notices a change of 1e-12 */
  many.u[3] += 1e-12;
  gradient(&many, 2, 1);
  assert_memory_not_equal(one.x, many.x, nx * sizeof(double));
  batch_free(&one);
  batch_free(&many);
}

static void effort_is_counted_alike_on_any_number_of_threads(void** state) {
  (void)state;
  batch b = batch_new();
  df_effort one = {0};
  for (int threads = 1; threads <= 4; threads *= 2) {
    df_rollout* r;
    OK(df_rollout_new(b.system, &(df_rollout_cfg){.threads = threads}, &r));
    assert_int_equal(df_rollout_effort(r).physics_steps, 0);
    OK(df_rollout_run(r, &(df_rollout_batch){.B = B, .H = H, .x0 = b.x0, .u = b.u, .x = b.x, .end = b.end}));
    const df_effort effort = df_rollout_effort(r);

    /* two substeps per action, fewer in total if a rollout ends early */
    if (threads == 1) one = effort;
    assert_in_range(effort.physics_steps, 1, 2 * B * H);
    assert_true(effort.solver_iterations > 0 && effort.constraint_rows > 0);
    assert_memory_equal(&effort, &one, sizeof one);
    OK(df_rollout_run(r, &(df_rollout_batch){.B = B, .H = H, .x0 = b.x0, .u = b.u, .x = b.x, .end = b.end}));
    assert_int_equal(df_rollout_effort(r).constraint_rows, 2 * one.constraint_rows);
    df_rollout_free(r);
  }
  batch_free(&b);
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

  /* another trajectory first, then the same one; its adjoint twice */
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

    /* with decay 0 an action only affects the next state: the gradient of the last one does not change */
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

  /* the simulator works after a reset */
  const double still[4] = {0};
  assert_int_equal(df_trajectory_run(s, sim, 4, x0, still, x), DF_TRAJ_COMPLETE);
  df_sim_free(s, sim);
  df_system_free(s);
}

static void the_unit_of_a_cotangent_does_not_decide_whether_it_diverges(void** state) {
  (void)state;
  batch b = batch_new();
  const df_system* s = b.system;
  const int n = H * s->nu;
  double *x = df_alloc((size_t)((H + 1) * s->nx), sizeof *x), *dx = df_alloc((size_t)((H + 1) * s->ndx), sizeof *dx);
  double* one = df_alloc((size_t)n, sizeof *one);
  df_sim* sim;
  OK(df_sim_new(s, H, &sim));
  (void)df_trajectory_run(s, sim, H, b.x0, b.u, x);
  dx[H * s->ndx] = 1;
  assert_int_equal(df_trajectory_vjp(s, sim, H, dx, 1, one, NULL), DF_TRAJ_COMPLETE);
  dx[H * s->ndx] = 0x1p40;
  assert_int_equal(df_trajectory_vjp(s, sim, H, dx, 1, b.du, NULL), DF_TRAJ_COMPLETE);
  for (int i = 0; i < n; i++) CLOSE(b.du[i], 0x1p40 * one[i], 0x1p40 * 1e-12);
  /* but a cotangent that is not finite does */
  dx[0] = INFINITY;
  assert_int_equal(df_trajectory_vjp(s, sim, H, dx, 1, b.du, NULL), DF_TRAJ_DIVERGED);
  CLOSE(b.du[0], 0, 0);
  df_sim_free(s, sim);
  df_free(x);
  df_free(dx);
  df_free(one);
  batch_free(&b);
}

/* An action of 1 gives 1e9 N to 4.2 kg for 0.01 s: a velocity of 2.4e6. A spring that pushes with 1e8 N/m multiplies
 * the cotangent by 1e6 and more in each of two steps. With 1e5 N/m and 1e7 N the cotangents of states stay below 2e5
 * and no step multiplies by 1e6, but the cotangent of the first action is 1e7. */
static void a_cotangent_that_grows_beyond_bounds_diverges(void** state) {
  (void)state;
  static const char* const models[] = {
      "<mujoco><option timestep='.01' gravity='0 0 0'/><worldbody><body><joint name='x' type='slide'/>"
      "<geom size='.1'/></body></worldbody><actuator><motor joint='x' gear='1e9'/></actuator></mujoco>",
      "<mujoco><option timestep='.01' gravity='0 0 0'/><worldbody><body><joint name='x' type='slide' stiffness='-1e8'/>"
      "<geom size='.1' mass='1'/></body></worldbody><actuator><motor joint='x'/></actuator></mujoco>",
      "<mujoco><option timestep='.01' gravity='0 0 0'/><worldbody><body><joint name='x' type='slide' stiffness='-1e5'/>"
      "<geom size='.1' mass='1'/></body></worldbody><actuator><motor joint='x' gear='1e7'/></actuator></mujoco>"};
  for (int k = 0; k < 3; k++) {
    df_system* s = model_text(models[k], 1);
    const double x0[2] = {0, 0}, u[3] = {0};
    double x[8], dx[8] = {0}, du[3], dx0[2];
    df_sim* sim;
    OK(df_sim_new(s, 3, &sim));
    assert_int_equal(df_trajectory_run(s, sim, 3, x0, u, x), DF_TRAJ_COMPLETE);
    dx[7] = 1;
    assert_int_equal(df_trajectory_vjp(s, sim, 3, dx, 1, du, dx0), DF_TRAJ_DIVERGED);
    for (int i = 0; i < 3; i++) CLOSE(du[i], 0, 0);
    CLOSE(dx0[1], 0, 0);
    df_sim_free(s, sim);
    df_system_free(s);
  }
}

/* ---- tapes of bounded memory ---- */

/* a batch of any system with random actions */
typedef struct long_batch {
  df_system* system;
  int n, steps; /* number of trajectories, actions per trajectory */
  double *x0, *u, *losses, *du, *reference;
} long_batch;

static long_batch long_batch_new(df_system* s, int n, int steps, double height) {
  long_batch b = {.system = s, .n = n, .steps = steps};
  const size_t actions = (size_t)(n * steps * s->nu);
  b.x0 = df_alloc((size_t)(n * s->nx), sizeof(double));
  b.u = df_alloc(actions, sizeof(double));
  b.du = df_alloc(actions, sizeof(double));
  b.reference = df_alloc(actions, sizeof(double));
  b.losses = df_alloc((size_t)n, sizeof(double));
  for (int i = 0; i < n; i++) start_pose(s, height, b.x0 + i * s->nx);
  df_rng_uniform(31, DF_STREAM_TEST, 0, actions, b.u);
  for (size_t i = 0; i < actions; i++)
    b.u[i] = random_action(s, (int)(i % (size_t)s->nu), 2 * b.u[i] - 1, df_mujoco_nv(s) == 18 ? 0.4 : 1);
  return b;
}

static void long_batch_free(long_batch* b) {
  df_free(b->x0);
  df_free(b->u);
  df_free(b->losses);
  df_free(b->du);
  df_free(b->reference);
  df_system_free(b->system);
}

/* loss: sum of squares of the last velocity, whose gradient passes through the whole trajectory */
static double last_velocity(void* context, int b, const double* x, double* dx) {
  const long_batch* all = context;
  const df_system* s = all->system;
  const int nq = df_mujoco_nq(s), nv = df_mujoco_nv(s), t = all->steps;
  double sum = 0;
  (void)b;
  for (int i = 0; i < nv; i++) {
    const double v = x[t * s->nx + nq + i];
    sum += 0.5e-6 * v * v;
    dx[t * s->ndx + nv + i] = 1e-6 * v;
  }
  return sum;
}

/* A decay of 0.9 keeps gradients over long chaotic trajectories finite. *taken: bytes of the tapes afterwards. */
static df_status bounded_gradient(long_batch* b, int threads, size_t bytes, size_t* taken) {
  df_rollout* r;
  uint8_t end[64];
  const df_rollout_cfg cfg = {.threads = threads, .tape_length = b->steps, .tape_bytes = bytes};
  DF_TRY(df_rollout_new(b->system, &cfg, &r));
  df_status status = df_rollout_gradient(
      r, &(df_rollout_batch){.B = b->n, .H = b->steps, .x0 = b->x0, .u = b->u, .end = end},
      &(df_rollout_loss){.fn = last_velocity, .context = b, .damping = 1 - 0.9, .losses = b->losses, .du = b->du});
  for (int i = 0; i < b->n && status == DF_OK; i++) assert_int_equal(end[i], DF_TRAJ_COMPLETE);
  *taken = df_rollout_tape_bytes(r);
  df_rollout_free(r);
  return status;
}

/* Every bound is either refused as too small, or is kept and gives the bits of the unbounded tape. */
static void check_bounds(const char* name, df_system* s, int n, int steps, double height) {
  long_batch b = long_batch_new(s, n, steps, height);
  const size_t size = (size_t)(n * steps * s->nu) * sizeof(double);
  size_t whole, taken, least = 0;
  OK(bounded_gradient(&b, 1, 0, &whole));
  memcpy(b.reference, b.du, size);
  assert_true(norm_of(b.reference, n * steps * s->nu) > 0);
  int refused = 0, held = 0;
  for (double share = 0.001; share < 1.3; share *= 1.25) {
    const size_t bound = (size_t)(share * (double)whole);
    memset(b.du, 0, size);
    const df_status status = bounded_gradient(&b, 1, bound, &taken);
    if (status != DF_OK) {
      assert_true(strstr(df_error_message(), "tape") != NULL);
      assert_int_equal(held, 0); /* no bound larger than an accepted one is refused */
      refused++;
      continue;
    }
    if (held++ == 0) least = bound;
    assert_true(taken <= bound);
    assert_memory_equal(b.du, b.reference, size);
    for (int threads = 2; threads <= 4; threads *= 2) {
      memset(b.du, 0, size);
      OK(bounded_gradient(&b, threads, bound, &taken));
      assert_true(taken <= (size_t)threads * bound);
      assert_memory_equal(b.du, b.reference, size);
    }
  }
  print_message("%s, %d actions: whole tape %zu kB, least %zu kB, %d bounds held, %d refused\n", name, steps,
                whole / 1024, least / 1024, held, refused);
  assert_true(refused > 0 && held > 8);
  assert_true(least < whole / 5);
  long_batch_free(&b);
}

static void a_bounded_tape_gives_the_bits_of_the_whole_one(void** state) {
  (void)state;
  check_bounds("planar hopper", planar_hopper("", 1), 5, 150, 0);
  check_bounds("planar hopper, 4 substeps", planar_hopper("cone='elliptic'", 4), 5, 60, 0);
  check_bounds("quadruped, 5 substeps", quadruped("", "damping='.5'", "", "condim='4'", 5), 5, 60, 0.3);
}

static void a_bounded_tape_of_the_data_sets_gives_the_bits_of_the_whole_one(void** state) {
  (void)state;
  check_bounds("hopper", model_file(HOPPER, 0.008, 1, DF_INTEGRATOR_EULER, DF_MARGIN_MAX), 3, 120, 0);
  check_bounds("go1", model_file(GO1, 0.004, 5, DF_INTEGRATOR_EULER, DF_MARGIN_SUM), 3, 50, 0.3);
}

/* number of physics steps of a second trajectory and its adjoint under a bound */
static uint64_t cost(long_batch* b, size_t bound) {
  const df_system* s = b->system;
  double* x = df_alloc((size_t)((b->steps + 1) * s->nx), sizeof *x);
  double* dx = df_alloc((size_t)((b->steps + 1) * s->ndx), sizeof *dx);
  df_effort effort[2] = {{0}};
  df_sim* sim;
  OK(df_sim_new(s, b->steps, &sim));
  OK(df_sim_bound_tape(s, sim, bound));
  for (int again = 0; again < 2; again++) {
    effort[0] = (df_effort){0};
    s->ops->add_effort(sim, &effort[0]);
    assert_int_equal(df_trajectory_run(s, sim, b->steps, b->x0, b->u, x), DF_TRAJ_COMPLETE);
    (void)last_velocity(b, 0, x, dx);
    assert_int_equal(df_trajectory_vjp(s, sim, b->steps, dx, 0.9, b->du, NULL), DF_TRAJ_COMPLETE);
  }
  s->ops->add_effort(sim, &effort[1]);
  df_sim_free(s, sim);
  df_free(x);
  df_free(dx);
  return effort[1].physics_steps - effort[0].physics_steps;
}

static void a_bound_costs_a_second_simulation_at_most(void** state) {
  (void)state;
  enum { N = 100 };
  long_batch b = long_batch_new(planar_hopper("", 1), 1, N, 0);
  size_t whole;
  OK(bounded_gradient(&b, 1, 0, &whole));
  assert_int_equal(cost(&b, 0), N);
  assert_int_equal(cost(&b, 4 * whole), N);

  /* an action that is no longer on the tape is simulated twice, one at which the tape was full three times */
  const uint64_t tight = cost(&b, whole / 8);
  print_message("%d actions in an eighth of the memory: %d steps\n", N, (int)tight);
  assert_in_range(tight, N + N / 2, 2 * N + N / 4);
  long_batch_free(&b);
}

/* adjoints in any order, between further steps */
static void a_bounded_tape_is_read_in_any_order(void** state) {
  (void)state;
  enum { N = 60 };
  long_batch b = long_batch_new(planar_hopper("", 2), 1, N, 0);
  const df_system* s = b.system;
  double x[2][16], y[16], bar[2][32];
  size_t whole;
  df_sim* sim[2];
  OK(bounded_gradient(&b, 1, 0, &whole));
  for (int k = 0; k < 2; k++) OK(df_sim_new(s, N, &sim[k]));
  OK(df_sim_bound_tape(s, sim[1], whole / 6));
  for (int k = 0; k < 2; k++) s->ops->reset(sim[k], b.x0);
  for (int t = 0; t < N; t++) {
    for (int k = 0; k < 2; k++) {
      /* set_state in the middle: recomputation must not run across it */
      if (t == N / 2) {
        start_pose(s, 0, x[k]);
        x[k][1] = -0.1;
        s->ops->set_state(sim[k], x[k]);
      }
      assert_int_equal(s->ops->step(sim[k], b.u + t * s->nu, x[k]), DF_TRAJ_COMPLETE);
    }
    assert_memory_equal(x[0], x[1], (size_t)s->nx * sizeof(double));
    if (t % 7 != 6) continue;
    const int at = (t * 13) % (t + 1);
    df_rng_normal(3, DF_STREAM_TEST, (uint64_t)t, (size_t)s->ndx, y);
    for (int k = 0; k < 2; k++)
      assert_int_equal(s->ops->step_vjp(sim[k], at, y, bar[k], bar[k] + s->ndx), DF_TRAJ_COMPLETE);
    assert_memory_equal(bar[0], bar[1], (size_t)(s->ndx + s->nu) * sizeof(double));
  }
  for (int t = N - 1; t >= 0; t--) {
    df_rng_normal(3, DF_STREAM_TEST, (uint64_t)t, (size_t)s->ndx, y);
    for (int k = 0; k < 2; k++)
      assert_int_equal(s->ops->step_vjp(sim[k], t, y, bar[k], bar[k] + s->ndx), DF_TRAJ_COMPLETE);
    assert_memory_equal(bar[0], bar[1], (size_t)(s->ndx + s->nu) * sizeof(double));
  }
  for (int k = 0; k < 2; k++) df_sim_free(s, sim[k]);
  long_batch_free(&b);
}

/* The gradient of a batch allocates tapes, within their bound, and a simulator and a trajectory per thread, for any
 * number of trajectories. mjData is not counted: MuJoCo has its own allocator. */
static void a_batch_takes_no_more_memory_than_its_bound(void** state) {
  (void)state;
  enum { N = 256, LENGTH = 16, THREADS = 4 };
  long_batch b = long_batch_new(model_file(GO1, 0.004, 5, DF_INTEGRATOR_EULER, DF_MARGIN_SUM), N, LENGTH, 0.3);
  const df_system* s = b.system;
  const size_t bound = 192 << 10, trajectory = 8 * (LENGTH + 1) * (size_t)(s->nx + s->ndx);
  size_t whole, taken;
  b.n = THREADS;
  OK(bounded_gradient(&b, 1, 0, &whole));
  assert_true(whole > 3 * bound);
  b.n = N;
  (void)df_alloc_peak();
  const size_t before = df_alloc_peak();
  df_rollout* r;
  uint8_t end[N];
  OK(df_rollout_new(s, &(df_rollout_cfg){.threads = THREADS, .tape_length = LENGTH, .tape_bytes = bound}, &r));
  OK(df_rollout_gradient(
      r, &(df_rollout_batch){.B = N, .H = LENGTH, .x0 = b.x0, .u = b.u, .end = end},
      &(df_rollout_loss){.fn = last_velocity, .context = &b, .damping = 1 - 0.9, .losses = b.losses, .du = b.du}));
  taken = df_rollout_tape_bytes(r);
  df_rollout_free(r);
  const size_t peak = df_alloc_peak() - before;
  print_message("%d x %d actions of go1 on %d threads: %zu kB at most, tapes %zu kB of %zu, one whole tape %zu kB\n", N,
                LENGTH, THREADS, peak / 1024, taken / 1024, THREADS * bound / 1024, whole / 1024);
  assert_true(taken <= THREADS * bound);

  /* plus the scratch memory of adjoints, some 30 kB here, and rounding by the heap */
  assert_true(peak <= THREADS * (bound + trajectory + (64 << 10)));
  long_batch_free(&b);
}

static void a_bound_too_small_for_one_action_is_an_error(void** state) {
  (void)state;
  long_batch b = long_batch_new(planar_hopper("", 2), 1, 20, 0);
  size_t taken;
  assert_int_equal(bounded_gradient(&b, 1, 1, &taken), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "tape_bytes 1"));

  /* enough for start states and actions, but not for a record */
  df_sim* sim;
  OK(df_sim_new(b.system, 20, &sim));
  const size_t size = b.system->ops->state_size(b.system), nu = (size_t)b.system->nu;
  const size_t fixed = df_sim_tape_bytes(b.system, sim) + (21 * size + 20 * nu) * sizeof(double);
  df_sim_free(b.system, sim);
  char says[160];
  snprintf(says, sizeof says,
           "tape_bytes %zu is too small: start states and actions of 20 actions alone take %zu bytes", fixed - 1,
           fixed);
  assert_int_equal(bounded_gradient(&b, 1, fixed - 1, &taken), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), says));
  assert_int_equal(bounded_gradient(&b, 1, fixed + 200, &taken), DF_E_SIM);
  assert_non_null(strstr(df_error_message(), "trajectory 0"));
  assert_non_null(strstr(df_error_message(), "tape too small: one action"));
  long_batch_free(&b);
}

/* a gradient with a bounded tape that grows, fills up and starts again; returns the first failure */
static df_status fill_a_tape(long_batch* b, size_t bound) {
  size_t taken;
  memset(b->du, 0, (size_t)(b->n * b->steps * b->system->nu) * sizeof(double));
  return bounded_gradient(b, 1, bound, &taken);
}

static void a_failed_allocation_of_a_bounded_tape_is_reported(void** state) {
  (void)state;
  long_batch b = long_batch_new(planar_hopper("", 2), 2, 20, 0);
  int failures = 0;
  const size_t bound = 40 << 10;
  OK(fill_a_tape(&b, bound));
  memcpy(b.reference, b.du, (size_t)(2 * 20 * b.system->nu) * sizeof(double));
  for (size_t n = 1; n < 200; n++) {
    (void)df_alloc_fail_at(n);
    const df_status status = fill_a_tape(&b, bound);
    (void)df_alloc_fail_at(0);
    if (status == DF_OK) break;
    assert_true(status == DF_E_NOMEM || (status == DF_E_SIM && strstr(df_error_message(), "cannot allocate")));
    failures++;
  }
  assert_in_range(failures, 8, 100);
  assert_memory_equal(b.reference, b.du, (size_t)(2 * 20 * b.system->nu) * sizeof(double));
  long_batch_free(&b);
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
  assert_int_equal(
      df_rollout_gradient(r, &(df_rollout_batch){.B = B, .H = H, .x0 = b.x0, .u = b.u},
                          &(df_rollout_loss){.fn = energy, .context = b.system, .losses = b.losses, .du = b.du}),
      DF_E_ARG);
  assert_int_equal(df_rollout_run(r, &(df_rollout_batch){.H = H, .x0 = b.x0, .u = b.u, .x = b.x}), DF_E_ARG);
  assert_int_equal(df_rollout_run(r, &(df_rollout_batch){.B = B, .H = H, .u = b.u, .x = b.x}), DF_E_ARG);
  df_rollout_free(r);
  df_sim_free(s, sim);
  batch_free(&b);
}

/* refuses the batch and names the field; the loss is complete */
static void refused(df_rollout* r, const df_rollout_batch* given, const df_rollout_loss* loss, const char* field) {
  df_rollout_batch whole = *given;
  assert_int_equal(df_rollout_gradient(r, &whole, loss), DF_E_ARG);
  if (!strstr(df_error_message(), field)) fail_msg("no %s in: %s", field, df_error_message());
}

static void a_missing_field_is_named(void** state) {
  (void)state;
  batch b = batch_new();
  df_rollout* r;
  OK(df_rollout_new(b.system, &(df_rollout_cfg){.threads = 2, .tape_length = H}, &r));
  const df_rollout_batch given = {.B = B, .H = H, .x0 = b.x0, .u = b.u};
  const df_rollout_loss loss = {.fn = energy, .context = b.system, .losses = b.losses, .du = b.du};
  df_rollout_batch wrong = given;

  /* of the batch */
  wrong.x0 = NULL;
  refused(r, &wrong, &loss, "batch.x0");
  assert_int_equal(df_rollout_run(r, &wrong), DF_E_ARG);
  wrong = given, wrong.u = NULL;
  refused(r, &wrong, &loss, "batch.u");
  wrong = given, wrong.B = 0;
  refused(r, &wrong, &loss, "B is 0");
  wrong = given, wrong.H = 0;
  refused(r, &wrong, &loss, "H is 0");
  assert_int_equal(df_rollout_run(r, &given), DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "batch.x is NULL"));
  assert_int_equal(df_rollout_run(r, NULL), DF_E_ARG);
  assert_int_equal(df_rollout_run(NULL, &given), DF_E_ARG);

  /* of the loss */
  assert_int_equal(df_rollout_gradient(r, &given, NULL), DF_E_ARG);
  df_rollout_loss other = loss;
  other.fn = NULL;
  refused(r, &given, &other, "loss.fn");
  other = loss, other.losses = NULL;
  refused(r, &given, &other, "loss.losses");
  other = loss, other.du = NULL;
  refused(r, &given, &other, "loss.du");
  const double outside[3] = {-0.1, 1.1, NAN};
  for (int i = 0; i < 3; i++) {
    other = loss, other.damping = outside[i];
    refused(r, &given, &other, "loss.damping");
  }
  df_rollout_free(r);
  batch_free(&b);
}

static void a_gradient_writes_its_states_on_request_and_keeps_its_bits(void** state) {
  (void)state;
  batch b = batch_new(), with = batch_new();
  const size_t nx = (size_t)(B * (H + 1) * b.system->nx), ndu = (size_t)(B * H * b.system->nu);
  gradient(&b, 1, 1);
  df_rollout* r;
  OK(df_rollout_new(b.system, &(df_rollout_cfg){.threads = 2, .tape_length = H}, &r));
  OK(df_rollout_gradient(r, &(df_rollout_batch){.B = B, .H = H, .x0 = b.x0, .u = b.u, .x = with.x},
                         &(df_rollout_loss){.fn = energy, .context = b.system, .losses = with.losses, .du = with.du}));
  assert_memory_equal(with.x, b.x, nx * sizeof(double));
  assert_memory_equal(with.du, b.du, ndu * sizeof(double));
  assert_memory_equal(with.losses, b.losses, sizeof b.losses);
  df_rollout_free(r);
  batch_free(&b);
  batch_free(&with);
}

static void an_error_inside_mujoco_is_reported_and_harms_no_one(void** state) {
  (void)state;

  /* memory too small for the constraints of the contact at the end of a fall */
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
  const df_status status =
      df_rollout_run(r, &(df_rollout_batch){.B = 1, .H = LONG, .x0 = x0, .u = u, .x = x, .end = &end});
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
      cmocka_unit_test(effort_is_counted_alike_on_any_number_of_threads),
      cmocka_unit_test(a_recorded_rollout_has_the_bits_of_an_unrecorded_one),
      cmocka_unit_test(a_used_tape_gives_the_gradient_of_a_fresh_one),
      cmocka_unit_test(decay_weakens_early_gradients_and_leaves_the_last),
      cmocka_unit_test(a_divergence_is_a_value_of_its_own_trajectory),
      cmocka_unit_test(a_state_that_grows_without_bound_diverges),
      cmocka_unit_test(the_unit_of_a_cotangent_does_not_decide_whether_it_diverges),
      cmocka_unit_test(a_cotangent_that_grows_beyond_bounds_diverges),
      cmocka_unit_test(a_bounded_tape_gives_the_bits_of_the_whole_one),
      cmocka_unit_test(a_bounded_tape_of_the_data_sets_gives_the_bits_of_the_whole_one),
      cmocka_unit_test(a_bound_costs_a_second_simulation_at_most),
      cmocka_unit_test(a_bounded_tape_is_read_in_any_order),
      cmocka_unit_test(a_batch_takes_no_more_memory_than_its_bound),
      cmocka_unit_test(a_bound_too_small_for_one_action_is_an_error),
      cmocka_unit_test(a_failed_allocation_of_a_bounded_tape_is_reported),
      cmocka_unit_test(a_step_off_the_tape_is_refused),
      cmocka_unit_test(a_missing_field_is_named),
      cmocka_unit_test(a_gradient_writes_its_states_on_request_and_keeps_its_bits),
      cmocka_unit_test(an_error_inside_mujoco_is_reported_and_harms_no_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
