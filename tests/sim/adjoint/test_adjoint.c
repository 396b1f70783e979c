/* The adjoint of steps and rollouts against centred finite differences. */
#include "models.h"

/* Reason for the tolerances: a centred difference with a step of 1e-6 of a function of size 1 has a rounding error near
 * 1e-10 and, through stiff contacts (second derivatives up to 1e4), a truncation error of typically up to 1e-8, in rare
 * states up to 1e-5. */
static const double MEDIAN = 1e-8, P99 = 1e-5;
/* A rollout loss is differenced as a whole, so errors of single steps add up. */
static const double ROLLOUT = 1e-6;

typedef struct motion_cfg {
  int n, episode, stride, horizon;
  double size, height; /* amplitude of the random actions; height of the start pose, m */
} motion_cfg;

static const motion_cfg PLANAR = {.n = 60, .episode = 90, .stride = 4, .horizon = 16, .size = 1};
static const motion_cfg LEGGED = {.n = 30, .episode = 60, .stride = 4, .horizon = 16, .size = 0.4, .height = 0.3};

static void check_steps(const df_system* s, const motion_cfg* cfg, const char* name) {
  motion m = random_motion(s, cfg->n, cfg->episode, cfg->stride, cfg->size, cfg->height, 11);
  df_gradcheck_point* p = df_alloc((size_t)cfg->n, sizeof *p);
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 5, .threads = 2},
                      &(df_gradcheck_states){.n = cfg->n, .x = m.x, .u = m.u}, p));
  const summary q = sum_up(cfg->n, p);
  print_message("%s: %d smooth, %d kinks, median %.1e, p99 %.1e, worst %.1e\n", name, q.smooth, q.kinks, q.median,
                q.p99, q.worst);

  /* kinks are rare: most states must be smooth */
  assert_true(q.smooth >= cfg->n * 8 / 10);
  assert_true(q.median <= MEDIAN);
  assert_true(q.p99 <= P99);
  df_free(p);
  motion_free(&m);
}

static void check_rollouts(const df_system* s, const motion_cfg* cfg, const char* name) {
  enum { R = 5 };
  const int H = cfg->horizon, nx = s->nx;
  motion m = random_motion(s, R * H, H, 1, cfg->size, cfg->height, 12);
  double* target = df_alloc((size_t)(R * (H + 1) * nx), sizeof *target);
  double* x0 = df_alloc((size_t)(R * nx), sizeof *x0);
  for (int b = 0; b < R; b++) {
    memcpy(x0 + b * nx, m.x + b * H * nx, (size_t)nx * sizeof *x0);
    for (int t = 0; t <= H; t++)
      memcpy(target + (b * (H + 1) + t) * nx, m.x + ((b * H + H / 2) % (R * H)) * nx, (size_t)nx * sizeof *x0);
  }
  check_rollout_gradients(s, R, H, x0, m.u, target, ROLLOUT, name);
  df_free(target);
  df_free(x0);
  motion_free(&m);
}

static void check_system(df_system* s, const motion_cfg* cfg, const char* name) {
  check_steps(s, cfg, name);
  check_rollouts(s, cfg, name);
  df_system_free(s);
}

/* ---- models of the data sets ---- */

static void hopper_agrees_with_differences(void** state) {
  (void)state;
  check_system(model_file(HOPPER, 0.008, 1, DF_INTEGRATOR_EULER, DF_MARGIN_MAX), &PLANAR, "hopper");
}

static void walker_agrees_with_differences(void** state) {
  (void)state;
  check_system(model_file(WALKER, 0.008, 1, DF_INTEGRATOR_EULER, DF_MARGIN_SUM), &PLANAR, "walker2d");
}

static void half_cheetah_agrees_with_differences(void** state) {
  (void)state;
  check_system(model_file(CHEETAH, 0.01, 1, DF_INTEGRATOR_EULER, DF_MARGIN_SUM), &PLANAR, "half_cheetah");
}

static void go1_with_substeps_agrees_with_differences(void** state) {
  (void)state;
  check_system(model_file(GO1, 0.004, 5, DF_INTEGRATOR_EULER, DF_MARGIN_SUM), &LEGGED, "go1, 5 substeps");
}

/* ---- the built-in quadruped with variants of cone, integrator and constraints ---- */

static void quadruped_agrees_with_differences(void** state) {
  (void)state;
  static const struct {
    const char *option, *joint, *actuator, *foot;
  } variants[] = {
      {"", "", "", ""},
      {"cone='elliptic' impratio='10'", "", "", ""},
      {"", "damping='.5'", "", "condim='1'"},
      {"", "damping='.5' actuatorfrcrange='-6 6'", "", "condim='4'"},
      {"", "damping='.5'", "ctrlrange='-.5 .5' gear='2'", "condim='6'"},
      {"integrator='implicitfast'", "damping='.5'", "", ""},
      {"integrator='implicitfast'", "actuatorfrcrange='-6 6'", "", ""},
      {"integrator='implicitfast' cone='elliptic'",
       "damping='.5' frictionloss='.3' stiffness='4' solimplimit='.8 .95 .05'", "", "condim='6'"},
  };
  for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
    check_system(quadruped(variants[i].option, variants[i].joint, variants[i].actuator, variants[i].foot, 2), &LEGGED,
                 variants[i].option[0] ? variants[i].option : "quadruped");
}

static void eulerdamp_off_agrees_with_differences(void** state) {
  (void)state;
  check_system(quadruped("><flag eulerdamp='disable'/></option><option", "damping='.5'", "", "", 1), &LEGGED,
               "eulerdamp off");
}

/* ---- closed form ---- */

#define SPRING                                                                                                      \
  "<mujoco><option timestep='.01' gravity='0 0 0'/><worldbody><body><joint name='x' type='slide' axis='1 0 0'"      \
  " stiffness='7' damping='%g'/><geom size='.1' mass='2'/></body></worldbody><actuator><motor joint='x' gear='3'/>" \
  "</actuator></mujoco>"

/* v' = v + h (3 u - k q - c v) / (m + h c), q' = q + h v' */
static void mass_on_a_spring_has_the_adjoint_of_the_formula(void** state) {
  (void)state;
  const double h = 0.01, k = 7, mass = 2;
  for (int damped = 0; damped < 2; damped++) {
    const double c = damped ? 1.5 : 0, effective = mass + h * c;
    const double x[2] = {0.3, -0.2}, u = 0.4, y[2] = {1.3, -0.6};
    double x1[2], xbar[2], ubar;
    char xml[1024];
    snprintf(xml, sizeof xml, SPRING, c);
    df_system* s = model_text(xml, 1);
    df_sim* sim;
    OK(df_sim_new(s, 1, &sim));
    s->ops->reset(sim, x);
    assert_int_equal(s->ops->step(sim, &u, x1), DF_TRAJ_COMPLETE);
    assert_int_equal(s->ops->step_vjp(sim, 0, y, xbar, &ubar), DF_TRAJ_COMPLETE);
    const double lam = y[1] + h * y[0];

    /* tolerance: rounding of a few operations on numbers of size 1 */
    CLOSE(x1[1], x[1] + h * (3 * u - k * x[0] - c * x[1]) / effective, 1e-14);
    CLOSE(xbar[0], y[0] - lam * h * k / effective, 1e-14);
    CLOSE(xbar[1], lam * (1 - h * c / effective), 1e-14);
    CLOSE(ubar, lam * h * 3 / effective, 1e-14);
    df_sim_free(s, sim);
    df_system_free(s);
  }
}

/* ---- the check itself ---- */

/* a system that forwards all operations to another, but changes one entry of its adjoint by 1e-4, relative */
typedef struct spoiled {
  df_system base;
  df_system_ops ops;
  const df_system* inner;
} spoiled;
static const spoiled* the_spoiled;

static df_status spoiled_sim_new(const df_system* s, int tape_length, df_sim** out) {
  return df_sim_new(((const spoiled*)(const void*)s)->inner, tape_length, out);
}
static df_traj_end spoiled_vjp(df_sim* sim, int t, const double* y, double* xbar, double* ubar) {
  const df_traj_end end = the_spoiled->inner->ops->step_vjp(sim, t, y, xbar, ubar);
  xbar[0] *= 1 + 1e-4;
  return end;
}
static void spoiled_difference(const df_system* s, const double* xa, const double* xb, double* e) {
  const df_system* inner = ((const spoiled*)(const void*)s)->inner;
  inner->ops->difference(inner, xa, xb, e);
}
static void spoiled_integrate(const df_system* s, const double* xa, const double* e, double* xb) {
  const df_system* inner = ((const spoiled*)(const void*)s)->inner;
  inner->ops->integrate(inner, xa, e, xb);
}

static void a_spoiled_adjoint_is_noticed(void** state) {
  (void)state;
  enum { N = 10 };
  df_system* inner = quadruped("tolerance='1e-14'", "", "", "", 1);
  spoiled s = {.base = *inner, .ops = *inner->ops, .inner = inner};
  s.base.ops = &s.ops;
  s.ops.sim_new = spoiled_sim_new;
  s.ops.difference = spoiled_difference;
  s.ops.integrate = spoiled_integrate;
  the_spoiled = &s;
  motion m = random_motion(inner, N, 40, 4, 0.4, 0.3, 1);
  df_gradcheck_point sound[N], broken[N];
  OK(df_gradcheck_run(&s.base, &(df_gradcheck_cfg){.seed = 2, .threads = 1},
                      &(df_gradcheck_states){.n = N, .x = m.x, .u = m.u}, sound));
  s.ops.step_vjp = spoiled_vjp;
  OK(df_gradcheck_run(&s.base, &(df_gradcheck_cfg){.seed = 2, .threads = 1},
                      &(df_gradcheck_states){.n = N, .x = m.x, .u = m.u}, broken));
  assert_true(sum_up(N, sound).worst < 1e-7);
  assert_true(sum_up(N, broken).median > 1e-7);
  motion_free(&m);
  df_system_free(inner);
}

static void a_kink_is_set_apart(void** state) {
  (void)state;
  /* closer to a joint limit with a jump in its force than the smallest difference step, 4e-8 */
  df_system* s = model_text(
      "<mujoco><option timestep='.01' gravity='0 0 0'/><worldbody><body><joint name='x' type='slide' axis='1 0 0'"
      " limited='true' range='0 1' solimplimit='.9 .9 .01'/><geom size='.1' mass='1'/></body></worldbody>"
      "<actuator><motor joint='x'/></actuator></mujoco>",
      1);
  const double at_limit[2] = {1e-8, 0}, away[2] = {0.5, 0}, u = 0;
  df_gradcheck_point p;
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 1, .threads = 1},
                      &(df_gradcheck_states){.n = 1, .x = at_limit, .u = &u}, &p));
  assert_true(p.kink);
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 1, .threads = 1},
                      &(df_gradcheck_states){.n = 1, .x = away, .u = &u}, &p));
  assert_false(p.kink);
  df_system_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hopper_agrees_with_differences),
      cmocka_unit_test(walker_agrees_with_differences),
      cmocka_unit_test(half_cheetah_agrees_with_differences),
      cmocka_unit_test(go1_with_substeps_agrees_with_differences),
      cmocka_unit_test(quadruped_agrees_with_differences),
      cmocka_unit_test(eulerdamp_off_agrees_with_differences),
      cmocka_unit_test(mass_on_a_spring_has_the_adjoint_of_the_formula),
      cmocka_unit_test(a_spoiled_adjoint_is_noticed),
      cmocka_unit_test(a_kink_is_set_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
