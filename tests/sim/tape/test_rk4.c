/* Runge-Kutta steps: bit identity with mj_step, the adjoint against centred finite differences and a closed form. */
#include "models.h"
#include "rk4.h"
#include "simulator.h"

/* slow */

#define ANT             "mjcf/gymnasium/ant.xml"
#define INVERTED        "mjcf/gymnasium/inverted_pendulum.xml"
#define DOUBLE_INVERTED "mjcf/gymnasium/inverted_double_pendulum.xml"

/* Tolerances as in test_adjoint.c: a Runge-Kutta step is a chain of four contact problems, so its finite difference is
 * as accurate as that of four substeps. */
static const double MEDIAN = 1e-8, P99 = 1e-5, ROLLOUT = 1e-6;

/* ---- models ---- */

/* a chain with a ball joint on a free body, touching a tilted plane; %s: attributes of <option>, of the default geom */
#define TUMBLER                                                                                                      \
  "<mujoco><option integrator='RK4' %s/><default><joint armature='.01'/><geom friction='.7 .05 .03' solimp='.9 .95 " \
  ".02' %s/>"                                                                                                        \
  "</default><worldbody><geom name='a' type='plane' size='1 1 1' euler='10 20 0'/>"                                  \
  "<body pos='0 0 .12'><freejoint/><geom name='b' type='capsule' size='.1 .2' euler='80 0 0' mass='2'/>"             \
  "<body pos='.1 0 .3'><joint name='s' type='slide' axis='1 1 0' damping='.3' stiffness='5'/>"                       \
  "<joint type='ball' damping='.1'/><geom type='box' size='.1 .02 .03' mass='.4' contype='0' conaffinity='0'/>"      \
  "<body pos='.1 0 0'><joint name='j' axis='0 1 0' range='-40 40' frictionloss='.1'/>"                               \
  "<geom type='sphere' size='.08' mass='.4'/></body></body></body></worldbody>"                                      \
  "<actuator><general joint='j' gaintype='affine' gainprm='3 2 1' biastype='affine' biasprm='0 -1 -.2' gear='2' "    \
  "ctrlrange='-1 1'/>"                                                                                               \
  "<motor joint='s' gear='3' ctrlrange='-1 1'/></actuator></mujoco>"

static df_system* tumbler(const char* option, const char* geom, int substeps) {
  char xml[4096];
  snprintf(xml, sizeof xml, TUMBLER, option, geom);
  return model_text(xml, substeps);
}

/* a free body that spins, and an actuated hinge */
#define TOP                                                                                                            \
  "<mujoco><option integrator='RK4' gravity='0 0 0' timestep='.1'/><worldbody><body><freejoint/>"                      \
  "<geom type='box' size='.1 .12 .15' mass='2' contype='0' conaffinity='0'/></body><body pos='1 0 0'><joint name='j' " \
  "axis='0 0 1' damping='.1'/>"                                                                                        \
  "<geom size='.1' mass='1'/></body></worldbody><actuator><motor joint='j' ctrlrange='-1 1'/></actuator></mujoco>"

/* an arm with activations of every kind, clamped and not; the hinge b turns without limit */
#define ACTIVE                                                                                                      \
  "<mujoco><compiler angle='radian'/><option integrator='RK4' timestep='.005'/>"                                    \
  "<default><geom contype='0' conaffinity='0'/></default><worldbody><body>"                                         \
  "<joint name='x' type='slide' axis='1 0 .2' damping='1'/><geom size='.1' mass='2'/><body pos='.1 0 0'>"           \
  "<joint name='a' axis='0 1 0' range='-1 1' damping='.1'/><geom type='capsule' fromto='0 0 0 .3 0 .1' size='.03' " \
  "mass='.8'/><body pos='.3 0 .1'><joint name='b' axis='.1 .2 1' damping='.1'/>"                                    \
  "<geom type='box' size='.2 .04 .03' pos='.1 .05 0' mass='.5'/></body></body></body></worldbody><actuator>"        \
  "<general joint='x' dyntype='filter' dynprm='.1' gainprm='5' actlimited='true' actrange='-.4 .4'"                 \
  " ctrlrange='-1 1'/>"                                                                                             \
  "<general joint='a' dyntype='filterexact' dynprm='.03' gainprm='4' biastype='affine' biasprm='0 -4'"              \
  " ctrlrange='-1 1'/>"                                                                                             \
  "<general joint='x' dyntype='filterexact' dynprm='.03' gaintype='affine' gainprm='4 2' actearly='true'"           \
  " actlimited='true' actrange='-.5 .5' ctrlrange='-1 1'/>"                                                         \
  "<intvelocity joint='b' kp='20' kv='1' actrange='-60 60' ctrlrange='-30 40'/>"                                    \
  "<motor joint='b' ctrlrange='-1 1'/></actuator></mujoco>"

/* Gymnasium's humanoid selects PGS, which has no exact adjoint */
static df_system* humanoid(void) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.solver = DF_SOLVER_NEWTON;
  df_system* system;
  OK(df_mujoco_system_new(data_path("mjcf/gymnasium/humanoid.xml"), &cfg, &system));
  return system;
}

/* ---- the forward step ---- */

/* compares a recording simulator with one that calls mj_step, under random actions from the initial state with
 * generalised velocities of -spin, 0 and spin */
static void check_bits(df_system* s, const char* name, int steps, double spin) {
  df_sim *stages, *whole;
  OK(df_sim_new(s, steps, &stages));
  OK(df_sim_new(s, 0, &whole));
  double x[128], y[128], u[64], r[64];
  df_mujoco_initial_state(s, x);
  for (int k = df_mujoco_nq(s); k < s->nx; k++) x[k] = spin * ((k % 3) - 1);
  s->ops->reset(stages, x);
  s->ops->reset(whole, x);
  int contacts = 0;
  for (int t = 0; t < steps; t++) {
    df_rng_uniform(7, DF_STREAM_TEST, (uint64_t)t, (size_t)s->nu, r);
    for (int k = 0; k < s->nu; k++) u[k] = random_action(s, k, 2 * r[k] - 1, 1);
    assert_int_equal(s->ops->step(stages, u, x), DF_TRAJ_COMPLETE);
    assert_int_equal(s->ops->step(whole, u, y), DF_TRAJ_COMPLETE);
    const mjData *a = stages->data, *b = whole->data;
    const size_t nv = (size_t)df_mujoco_nv(s);
    if (memcmp(x, y, (size_t)s->nx * sizeof *x) != 0) fail_msg("%s: step %d has other bits", name ? name : "", t);
    assert_memory_equal(a->qacc_warmstart, b->qacc_warmstart, nv * sizeof(mjtNum));
    assert_memory_equal(&a->time, &b->time, sizeof a->time);
    contacts += a->ncon;
  }
  if (name)
    print_message("%s: %d steps, %.1f contacts on average, the tape has %zu bytes a step\n", name, steps,
                  (double)contacts / steps, stages->tape.used / (size_t)steps);
  df_sim_free(s, stages);
  df_sim_free(s, whole);
  df_system_free(s);
}

static void recorded_steps_have_the_bits_of_mj_step(void** state) {
  (void)state;
  static const char* const files[] = {HOPPER, WALKER, CHEETAH, INVERTED, DOUBLE_INVERTED, ANT};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++)
    check_bits(model_file(files[i], 0, 1, DF_INTEGRATOR_RK4, DF_MARGIN_SUM), files[i], 300, 0);
  check_bits(humanoid(), "humanoid", 300, 0);
  check_bits(model_file(GO1, 0.004, 5, DF_INTEGRATOR_RK4, DF_MARGIN_SUM), "go1, 5 substeps", 100, 0);
}

static void recorded_rotations_have_the_bits_of_mj_step(void** state) {
  (void)state;
  check_bits(tumbler("timestep='.002'", "", 1), "tumbler", 500, 1);
  check_bits(tumbler("timestep='.002' cone='elliptic'", "condim='6'", 1), "tumbler, elliptic", 500, 3);
  /* stages with rotations of up to 3.5 rad, across the ranges of both formulas for c */
  for (int i = 1; i <= 70; i++) check_bits(model_text(TOP, 1), NULL, 10, 0.5 * i);
}

static void a_recorded_step_diverges_where_mj_step_does(void** state) {
  (void)state;
  df_system* s = tumbler("timestep='.03'", "", 1);
  df_sim *stages, *whole;
  OK(df_sim_new(s, 200, &stages));
  OK(df_sim_new(s, 0, &whole));
  double x[64], y[64], u[2] = {1, 1};
  df_mujoco_initial_state(s, x);
  s->ops->reset(stages, x);
  s->ops->reset(whole, x);
  df_traj_end end = DF_TRAJ_COMPLETE;
  int t = 0;
  for (; t < 200 && end == DF_TRAJ_COMPLETE; t++) {
    end = s->ops->step(stages, u, x);
    assert_int_equal(s->ops->step(whole, u, y), end);
    if (end == DF_TRAJ_COMPLETE) assert_memory_equal(x, y, (size_t)s->nx * sizeof *x);
  }
  print_message("diverged in step %d\n", t);
  assert_int_equal(end, DF_TRAJ_DIVERGED);
  assert_true(t > 1);
  df_sim_free(s, stages);
  df_sim_free(s, whole);
  df_system_free(s);
}

/* ---- the adjoint against finite differences ---- */

typedef struct course {
  int n, episode, stride, horizon;
  double size, height; /* size of the random actions, height of the start pose */
} course;

static const course PLANAR = {.n = 40, .episode = 200, .stride = 7, .horizon = 12, .size = 1};
static const course HUMANOID = {.n = 20, .episode = 60, .stride = 5, .horizon = 8, .size = 1};
static const course LEGGED = {.n = 20, .episode = 60, .stride = 4, .horizon = 8, .size = 0.4, .height = 0.3};

static void check_steps(const df_system* s, const course* c, const char* name) {
  motion m = random_motion(s, c->n, c->episode, c->stride, c->size, c->height, 21);
  df_gradcheck_point* p = df_alloc((size_t)c->n, sizeof *p);
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 5, .threads = 2},
                      &(df_gradcheck_states){.n = c->n, .x = m.x, .u = m.u}, p));
  const summary q = sum_up(c->n, p);
  print_message("%s: %d smooth, %d kinks, median %.1e, p99 %.1e, worst %.1e\n", name, q.smooth, q.kinks, q.median,
                q.p99, q.worst);
  /* kinks are four times as frequent with four stages, and still rare */
  assert_true(q.smooth >= c->n * 7 / 10);
  assert_int_equal(q.approximate, 0);
  assert_true(q.median <= MEDIAN);
  assert_true(q.p99 <= P99);
  df_free(p);
  motion_free(&m);
}

static void check_rollouts(const df_system* s, const course* c, const char* name) {
  enum { R = 5 };
  const int H = c->horizon;
  const size_t nx = (size_t)s->nx, path = (size_t)(H + 1) * nx;
  motion m = random_motion(s, R * H, c->episode, 1, c->size, c->height, 22);
  double* target = df_alloc(R * path, sizeof *target);
  double* x0 = df_alloc(R * nx, sizeof *x0);
  for (size_t b = 0; b < R; b++) {
    memcpy(x0 + b * nx, m.x + b * (size_t)H * nx, nx * sizeof *x0);
    for (size_t t = 0; t <= (size_t)H; t++)
      memcpy(target + b * path + t * nx, m.x + (b * (size_t)H + (size_t)H / 2) * nx, nx * sizeof *x0);
  }
  check_rollout_gradients(s, R, H, x0, m.u, target, ROLLOUT, name);
  df_free(target);
  df_free(x0);
  motion_free(&m);
}

static void check_system(df_system* s, const course* c, const char* name) {
  check_steps(s, c, name);
  check_rollouts(s, c, name);
  df_system_free(s);
}

static void gymnasium_models_agree_with_differences(void** state) {
  (void)state;
  static const struct {
    const char* file;
    int substeps;
  } models[] = {{HOPPER, 4}, {WALKER, 4}, {CHEETAH, 1}, {INVERTED, 2}, {DOUBLE_INVERTED, 5}, {ANT, 1}};
  for (size_t i = 0; i < sizeof models / sizeof *models; i++)
    check_system(model_file(models[i].file, 0, models[i].substeps, DF_INTEGRATOR_RK4, DF_MARGIN_SUM), &PLANAR,
                 models[i].file);
}

static void legged_robots_agree_with_differences(void** state) {
  (void)state;
  check_system(humanoid(), &HUMANOID, "humanoid");
  check_system(model_file(GO1, 0.004, 2, DF_INTEGRATOR_RK4, DF_MARGIN_SUM), &LEGGED, "go1, 2 substeps");
  check_system(quadruped("integrator='RK4' cone='elliptic'", "damping='.5' frictionloss='.3' stiffness='4'", "",
                         "condim='6'", 1),
               &LEGGED, "quadruped, elliptic");
  check_system(quadruped("integrator='RK4'", "damping='.5' actuatorfrcrange='-6 6'", "", "condim='4'", 1), &LEGGED,
               "quadruped");
}

static void rotations_agree_with_differences(void** state) {
  (void)state;
  check_system(tumbler("timestep='.002'", "", 1), &PLANAR, "tumbler");
  check_system(tumbler("timestep='.002' cone='elliptic'", "condim='6'", 3), &PLANAR, "tumbler, elliptic, 3 substeps");
}

/* steps with rotations of up to 6 rad, where the rotation vectors of stages are wrapped below pi */
static void fast_rotations_agree_with_differences(void** state) {
  (void)state;
  enum { N = 60 };
  df_system* s = model_text(TOP, 1);
  double x0[16], e[14], u[N], *x = df_alloc((size_t)(N * s->nx), sizeof *x);
  df_mujoco_initial_state(s, x0);
  for (int i = 0; i < N; i++) {
    df_rng_normal(3, DF_STREAM_TEST, (uint64_t)i, (size_t)s->ndx, e);
    for (int k = 10; k < 13; k++) e[k] *= (i + 1) * 30.0 / N;
    s->ops->integrate(s, x0, e, x + i * s->nx);
    u[i] = 0.5;
  }
  df_gradcheck_point p[N];
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 5, .threads = 2}, &(df_gradcheck_states){.n = N, .x = x, .u = u},
                      p));
  const summary q = sum_up(N, p);
  print_message("spinning box: %d smooth, median %.1e, worst %.1e\n", q.smooth, q.median, q.worst);
  assert_true(q.smooth >= N * 9 / 10);
  assert_true(q.median <= MEDIAN);
  assert_true(q.p99 <= P99);
  df_free(x);
  df_system_free(s);
}

/* ---- memory ---- */

static double speed(void* context, int b, const double* x, double* dx) {
  (void)b;
  const df_system* s = context;
  for (int t = 1; t <= 12; t++) dx[t * s->ndx + s->ndx - 1] = 1;
  return x[12 * s->nx + s->nx - 1];
}

/* a tape that becomes full between two stages drops the step and everything before it */
static void a_bounded_tape_gives_the_same_bits(void** state) {
  (void)state;
  enum { H = 12 };
  df_system* s = tumbler("timestep='.002'", "", 2);
  motion m = random_motion(s, H, 100, 1, 1, 0, 23);
  double loss, du[2][2 * H];
  size_t bytes[2] = {0, 0};
  for (int i = 0; i < 2; i++) {
    df_rollout* r;
    OK(df_rollout_new(s, &(df_rollout_cfg){.threads = 1, .tape_length = H, .tape_bytes = bytes[0] / 8}, &r));
    OK(df_rollout_gradient(r, &(df_rollout_batch){.B = 1, .H = H, .x0 = m.x, .u = m.u},
                           &(df_rollout_loss){.fn = speed, .context = s, .losses = &loss, .du = du[i]}));
    bytes[i] = df_rollout_tape_bytes(r);
    df_rollout_free(r);
  }
  assert_true(bytes[1] <= bytes[0] / 8);
  assert_memory_equal(du[0], du[1], sizeof du[0]);
  motion_free(&m);
  df_system_free(s);
}

/* ---- rotation vectors ---- */

/* out = exp(r) as a quaternion */
static void turn(const double r[3], double out[4]) {
  double axis[3] = {r[0], r[1], r[2]};
  const double angle = mju_normalize3(axis);
  mju_axisAngle2Quat(out, axis, angle);
}

static void the_rate_of_a_rotation_vector_turns_with_the_velocity(void** state) {
  (void)state;
  /* in the ranges of both formulas for c, and beyond pi */
  static const double angles[] = {0, 1e-6, 0.3, 1.7, 1.8, 3.1, 3.3, 7, 12};
  for (size_t i = 0; i < sizeof angles / sizeof *angles; i++) {
    const double v[3] = {0.7, -1.3, 0.4}, dt = 1e-4;
    double r[3] = {2, 1, -2}, rate[3] = {v[0], v[1], v[2]};
    for (int k = 0; k < 3; k++) r[k] *= angles[i] / 3;
    df_rotation_rate(r, rate);
    /* r wrapped below pi, to which the rate refers */
    const double low = angles[i] - 2 * mjPI * floor(angles[i] / (2 * mjPI) + 0.5);
    for (int k = 0; k < 3 && angles[i] > 0; k++) r[k] *= low / angles[i];
    double q[2][4], change[4], moved[3], velocity[3];
    for (int side = 0; side < 2; side++) {
      for (int k = 0; k < 3; k++) moved[k] = r[k] + (side == 0 ? -dt : dt) * rate[k];
      turn(moved, q[side]);
    }
    mju_negQuat(q[0], q[0]);
    mju_mulQuat(change, q[0], q[1]);
    mju_quat2Vel(velocity, change, 2 * dt);
    /* error of second order in dt, with derivatives of about 10 near 2 pi */
    for (int k = 0; k < 3; k++) CLOSE(velocity[k], v[k], 1e-6);
  }
}

static void the_rate_has_the_adjoint_of_its_differences(void** state) {
  (void)state;
  static const double angles[] = {1e-6, 0.3, 1.7, 1.8, 3.1, 3.3, 7, 12};
  for (size_t i = 0; i < sizeof angles / sizeof *angles; i++) {
    const double y[3] = {0.3, 0.9, -0.5}, eps = 1e-5;
    double x[6] = {2 * angles[i] / 3, angles[i] / 3, -2 * angles[i] / 3, 0.7, -1.3, 0.4}, bar[6] = {0};
    df_rotation_rate_vjp(x, x + 3, y, bar, bar + 3);
    for (int k = 0; k < 6; k++) {
      double sum = 0;
      for (int side = 0; side < 2; side++) {
        const double kept = x[k];
        x[k] += side == 0 ? -eps : eps;
        double rate[3] = {x[3], x[4], x[5]};
        df_rotation_rate(x, rate);
        sum += (side == 0 ? -1 : 1) * (y[0] * rate[0] + y[1] * rate[1] + y[2] * rate[2]);
        x[k] = kept;
      }
      /* truncation: eps^2 times a third derivative of about 10; rounding: 1e-16 / eps */
      CLOSE(bar[k], sum / (2 * eps), 1e-8);
    }
  }
}

/* ---- closed form ---- */

/* x <- sum over j of weight[j] a^j x with a [2][2] = h A; the transpose of a if `transposed` */
static void polynomial(const double a[4], bool transposed, const double* weight, double x[2]) {
  double term[2] = {x[0], x[1]}, sum[2] = {weight[0] * x[0], weight[0] * x[1]};
  for (int j = 1; j <= 4; j++) {
    const double t0 = a[0] * term[0] + (transposed ? a[2] : a[1]) * term[1];
    const double t1 = (transposed ? a[1] : a[2]) * term[0] + a[3] * term[1];
    term[0] = t0;
    term[1] = t1;
    for (int k = 0; k < 2; k++) sum[k] += weight[j] * term[k];
  }
  x[0] = sum[0];
  x[1] = sum[1];
}

/* for (q, v)' = A (q, v) + (0, 3 u / m) the step is the exponential series of h A up to the fourth power */
static void mass_on_a_spring_has_the_adjoint_of_the_series(void** state) {
  (void)state;
  static const double series[5] = {1, 1, 1.0 / 2, 1.0 / 6, 1.0 / 24}, driven[5] = {1, 1.0 / 2, 1.0 / 6, 1.0 / 24, 0};
  const double h = 0.1, k = 7, c = 1.5, mass = 2, u = 0.4;
  const double a[4] = {0, h, -h * k / mass, -h * c / mass};
  df_system* s = model_text(
      "<mujoco><option timestep='.1' gravity='0 0 0' integrator='RK4'/><worldbody><body><joint name='x' type='slide'"
      " axis='1 0 0' stiffness='7' damping='1.5'/><geom size='.1' mass='2'/></body></worldbody>"
      "<actuator><motor joint='x' gear='3'/></actuator></mujoco>",
      1);
  df_sim* sim;
  OK(df_sim_new(s, 1, &sim));
  const double x[2] = {0.3, -0.2}, y[2] = {1.3, -0.6};
  double x1[2], xbar[2], ubar, free_motion[2] = {x[0], x[1]}, push[2] = {0, h * 3 / mass * u}, back[2] = {y[0], y[1]},
                               push_back[2] = {y[0], y[1]};
  s->ops->reset(sim, x);
  assert_int_equal(s->ops->step(sim, &u, x1), DF_TRAJ_COMPLETE);
  assert_int_equal(s->ops->step_vjp(sim, 0, y, xbar, &ubar), DF_TRAJ_COMPLETE);
  polynomial(a, false, series, free_motion);
  polynomial(a, false, driven, push);
  polynomial(a, true, series, back);
  polynomial(a, true, driven, push_back);
  /* rounding of about a dozen operations on numbers of size 1 */
  for (int i = 0; i < 2; i++) {
    CLOSE(x1[i], free_motion[i] + push[i], 1e-14);
    CLOSE(xbar[i], back[i], 1e-14);
  }
  CLOSE(ubar, h * 3 / mass * push_back[1], 1e-14);
  df_sim_free(s, sim);
  df_system_free(s);
}

static void activations_agree_with_mj_step_and_differences(void** state) {
  (void)state;
  check_bits(model_text(ACTIVE, 1), "activations", 600, 0);
  check_system(model_text(ACTIVE, 2), &PLANAR, "activations");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(recorded_steps_have_the_bits_of_mj_step),
      cmocka_unit_test(recorded_rotations_have_the_bits_of_mj_step),
      cmocka_unit_test(a_recorded_step_diverges_where_mj_step_does),
      cmocka_unit_test(gymnasium_models_agree_with_differences),
      cmocka_unit_test(legged_robots_agree_with_differences),
      cmocka_unit_test(rotations_agree_with_differences),
      cmocka_unit_test(activations_agree_with_mj_step_and_differences),
      cmocka_unit_test(fast_rotations_agree_with_differences),
      cmocka_unit_test(a_bounded_tape_gives_the_same_bits),
      cmocka_unit_test(the_rate_of_a_rotation_vector_turns_with_the_velocity),
      cmocka_unit_test(the_rate_has_the_adjoint_of_its_differences),
      cmocka_unit_test(mass_on_a_spring_has_the_adjoint_of_the_series),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
