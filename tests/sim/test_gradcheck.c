/* The gradient check, checked: against systems that are formulas, by faults that it must find, and by kinks that it
 * must name. */
#include "closed_form.h"
#include "models.h"

enum { N = 40 };
static const double H = 0.004; /* s */

/* ---- four systems that are formulas, and the same as models ---- */

static void second_order(const double* x, double a, double a_q, double a_v, double a_u, double* x1, double* A,
                         double* B) {
  x1[1] = x[1] + H * a;
  x1[0] = x[0] + H * x1[1];
  if (!A) return;
  A[2] = H * a_q;
  A[3] = 1 + H * a_v;
  A[0] = 1 + H * A[2];
  A[1] = H * A[3];
  B[1] = H * a_u;
  B[0] = H * B[1];
}

/* mass on a spring with damping, which Euler takes implicitly: (m + h c) a = 3 u - k q - c v */
static void spring_law(const double* x, double u, double* x1, double* A, double* B) {
  const double m = 2, k = 7, c = 1.5, mass = m + H * c;
  second_order(x, (3 * u - k * x[0] - c * x[1]) / mass, -k / mass, -c / mass, 3 / mass, x1, A, B);
}
static const char SPRING[] =
    "<mujoco><option timestep='.004' gravity='0 0 0'/><worldbody><body><joint name='q' type='slide' axis='1 0 0'"
    " stiffness='7' damping='1.5'/><geom size='.1' mass='2'/></body></worldbody>"
    "<actuator><motor joint='q' gear='3'/></actuator></mujoco>";

/* thrown through the air: x = [px, pz, vx, vz], the action pushes along x */
static void flight_law(const double* x, double u, double* x1, double* A, double* B) {
  const double m = 0.5, g = 9.81;
  x1[2] = x[2] + H * u / m;
  x1[3] = x[3] - H * g;
  x1[0] = x[0] + H * x1[2];
  x1[1] = x[1] + H * x1[3];
  if (!A) return;
  for (int i = 0; i < 4; i++) {
    for (int k = 0; k < 4; k++) A[4 * i + k] = i == k ? 1 : k == i + 2 ? H : 0;
    B[i] = i == 0 ? H * H / m : i == 2 ? H / m : 0;
  }
}
static const char FLIGHT[] =
    "<mujoco><option timestep='.004' gravity='0 0 -9.81'/><worldbody><body><joint name='x' type='slide' axis='1 0 0'/>"
    "<joint type='slide' axis='0 0 1'/><geom size='.05' mass='.5'/></body></worldbody>"
    "<actuator><motor joint='x'/></actuator></mujoco>";

/* Dry friction holds the acceleration at -B v with a force m d / (1 - d) for each m/s^2 that it is off, up to a force
 * of 4 N: MuJoCo's law for one dof, with its defaults d = 0.9 (solimp), B = 2 / (0.95 x 0.02 s) (solref). */
static const double HOLD = 0.9, RATE = 2 / (0.95 * 0.02), BLOCK_MASS = 2, BLOCK_FRICTION = 4;
static void block_law(const double* x, double u, double* x1, double* A, double* B) {
  const double m = BLOCK_MASS, held = (1 - HOLD) * u / m - HOLD * RATE * x[1], force = m * held - u;
  if (fabs(force) < BLOCK_FRICTION)
    second_order(x, held, 0, -HOLD * RATE, (1 - HOLD) / m, x1, A, B);
  else
    second_order(x, (u + copysign(BLOCK_FRICTION, force)) / m, 0, 0, 1 / m, x1, A, B);
}
static const char BLOCK[] =
    "<mujoco><option timestep='.004' gravity='0 0 0'/><worldbody><body><joint name='q' type='slide' axis='1 0 0'"
    " frictionloss='4'/><geom size='.1' mass='2'/></body></worldbody><actuator><motor joint='q'/></actuator></mujoco>";

/* A ball on a compliant floor: where it is deeper than 0 and the floor pushes,
 *   (1 + rho) a = a0 + rho (-B v - K d r),   rho = d / (1 - d),
 * with penetration -r = radius - z, impedance d(r) from 0.5 to 0.95 over 1 cm by two parabolas, K = 1 / (0.95 tc)^2,
 * B = 2 / (0.95 tc), tc = 0.02 s. */
static const double RADIUS = 0.1, BALL_MASS = 0.3;
static double impedance(double r, double* slope) {
  const double lo = 0.5, hi = 0.95, width = 0.01, x = fmin(1, -r / width);
  const double y = x < 0.5 ? 2 * x * x : 1 - 2 * (1 - x) * (1 - x);
  *slope = x == 1 ? 0 : -(hi - lo) / width * 4 * (x < 0.5 ? x : 1 - x);
  return lo + y * (hi - lo);
}
static void ball_law(const double* x, double u, double* x1, double* A, double* B) {
  const double tc = 0.02, K = 1 / (0.95 * tc * 0.95 * tc), D = 2 / (0.95 * tc);
  const double free = u / BALL_MASS - 9.81, r = x[0] - RADIUS;
  double slope;
  const double d = impedance(fmin(r, 0), &slope), wanted = -D * x[1] - K * d * r;
  if (r >= 0 || wanted <= free) {
    second_order(x, free, 0, 0, 1 / BALL_MASS, x1, A, B);
    return;
  }
  const double rho = d / (1 - d), a = (free + rho * wanted) / (1 + rho), share = rho / (1 + rho);
  const double a_d = (wanted - free) / ((1 + rho) * (1 + rho)) / ((1 - d) * (1 - d));
  second_order(x, a, a_d * slope - share * K * (d + slope * r), -share * D, (1 - share) / BALL_MASS, x1, A, B);
}
#define BALL_WITH(width)                                                                                       \
  "<mujoco><option timestep='.004' gravity='0 0 -9.81'/><worldbody><geom type='plane' size='1 1 1' condim='1'" \
  " solimp='.5 .95 " width                                                                                     \
  "'/><body><joint name='z' type='slide' axis='0 0 1'/><geom name='ball' size='.1' mass='.3'"                  \
  " condim='1' solimp='.5 .95 " width "'/></body></worldbody><actuator><motor joint='z'/></actuator></mujoco>"
static const char BALL[] = BALL_WITH(".01");

static const struct form {
  const char *name, *xml;
  cf_law law;
  int nx;
  double x[CF_NX], spread; /* around which states, and how far off */
} FORMS[] = {{"spring", SPRING, spring_law, 2, {0.2, -0.5}, 1},
             {"flight", FLIGHT, flight_law, 4, {0, 1, 2, 3}, 1},
             {"block", BLOCK, block_law, 2, {0, 0}, 0.02},
             {"ball", BALL, ball_law, 2, {0.095, -0.1}, 0.003}};
enum { FORM_COUNT = sizeof FORMS / sizeof FORMS[0] };

/* N states and actions near those of a form */
static void draw(const struct form* f, double* x, double* u) {
  df_rng_normal(1, DF_STREAM_TEST, 0, (size_t)(N * f->nx), x);
  df_rng_normal(2, DF_STREAM_TEST, 0, N, u);
  for (int i = 0; i < N * f->nx; i++) x[i] = f->x[i % f->nx] + f->spread * x[i];
}

/* ---- formula and model are one system ---- */

static void models_step_and_differentiate_as_the_formulas_say(void** state) {
  (void)state;
  for (int k = 0; k < FORM_COUNT; k++) {
    const struct form* f = &FORMS[k];
    double x[N * CF_NX], u[N];
    df_mujoco_cfg cfg = df_mujoco_cfg_default();
    df_system* model;
    df_sim* sim;
    cfg.tolerance = 1e-15;
    OK(df_mujoco_system_from_xml(f->xml, f->name, &cfg, &model));
    OK(df_sim_new(model, 1, &sim));
    draw(f, x, u);
    for (int i = 0; i < N; i++) {
      double x1[CF_NX], want[CF_NX], A[CF_NX * CF_NX], B[CF_NX], xbar[CF_NX], ubar;
      f->law(x + i * f->nx, u[i], want, A, B);
      model->ops->reset(sim, x + i * f->nx);
      assert_int_equal(model->ops->step(sim, &u[i], x1), DF_TRAJ_COMPLETE);
      for (int row = 0; row < f->nx; row++) {
        double y[CF_NX] = {0};
        y[row] = 1;
        assert_int_equal(model->ops->step_vjp(sim, 0, y, xbar, &ubar), DF_TRAJ_COMPLETE);
        /* rounding, and the solver's residual in accelerations up to 1e3, times the timestep */
        CLOSE(x1[row], want[row], 1e-11);
        for (int j = 0; j < f->nx; j++) CLOSE(xbar[j], A[row * f->nx + j], 1e-10);
        CLOSE(ubar, B[row], 1e-10);
      }
    }
    df_sim_free(model, sim);
    df_system_free(model);
  }
}

/* ---- gradients through many steps ---- */

/* d x_T / d x_0 and the gradient by one constant action, of coordinate `row`, by the adjoint of a system */
static void rollout_gradient(const df_system* s, int T, const double* x0, double u, int row, double* dx0, double* du,
                             double* last) {
  df_sim* sim;
  double *path = df_alloc((size_t)((T + 1) * s->nx), sizeof *path), *actions = df_alloc((size_t)T, sizeof *actions);
  double *dx = df_alloc((size_t)((T + 1) * s->nx), sizeof *dx), *each = df_alloc((size_t)T, sizeof *each);
  for (int t = 0; t < T; t++) actions[t] = u;
  dx[T * s->nx + row] = 1;
  OK(df_sim_new(s, T, &sim));
  assert_int_equal(df_trajectory_run(s, sim, T, x0, actions, path), DF_TRAJ_COMPLETE);
  assert_int_equal(df_trajectory_vjp(s, sim, T, dx, 1, each, dx0), DF_TRAJ_COMPLETE);
  *du = 0;
  for (int t = 0; t < T; t++) *du += each[t];
  *last = path[T * s->nx + row];
  df_sim_free(s, sim);
  df_free(path);
  df_free(actions);
  df_free(dx);
  df_free(each);
}

static void a_spring_carries_gradients_back_by_powers_of_its_matrix(void** state) {
  (void)state;
  enum { T = 300 };
  const double x0[2] = {0.3, 0.1};
  double A[4], B[2], x1[2], dx0[2], du, last;
  spring_law(x0, 0, x1, A, B);
  double y[2] = {1, 0}, want_u = 0;
  for (int t = 0; t < T; t++) {
    want_u += B[0] * y[0] + B[1] * y[1];
    const double y0 = A[0] * y[0] + A[2] * y[1], y1 = A[1] * y[0] + A[3] * y[1];
    y[0] = y0;
    y[1] = y1;
  }
  df_system* s = model_text(SPRING, 1);
  rollout_gradient(s, T, x0, 0.4, 0, dx0, &du, &last);
  /* rounding of 300 steps */
  CLOSE(dx0[0], y[0], 1e-12);
  CLOSE(dx0[1], y[1], 1e-12);
  CLOSE(du, want_u, 1e-12);
  df_system_free(s);
}

static void a_thrown_ball_lands_where_its_speed_and_push_say(void** state) {
  (void)state;
  enum { T = 150 };
  const double x0[4] = {0, 1, 2, 3}, time = T * H, u = 0.7, m = 0.5;
  double dx0[4], du, last;
  df_system* s = model_text(FLIGHT, 1);
  rollout_gradient(s, T, x0, u, 0, dx0, &du, &last);
  /* x_T = x + v T h + u / m h^2 T (T + 1) / 2 for semi-implicit Euler */
  const double lever = H * H * T * (T + 1) / 2 / m;
  CLOSE(last, x0[2] * time + u * lever, 1e-12);
  CLOSE(dx0[2], time, 1e-12);
  CLOSE(dx0[3], 0, 1e-12);
  CLOSE(du, lever, 1e-12);
  rollout_gradient(s, T, x0, u, 1, dx0, &du, &last);
  CLOSE(dx0[3], time, 1e-12);
  CLOSE(du, 0, 1e-12);
  df_system_free(s);
}

/* of a block that slides with speed v and stops under friction f: way m v^2 / 2f, gradient m v / f */
static void a_sliding_block_stops_with_the_gradient_of_its_way(void** state) {
  (void)state;
  enum { T = 400 };
  const double v = 1, x0[2] = {0, v};
  double dx0[2], du, last, want[2], want_u, want_last;
  df_system* s = model_text(BLOCK, 1);
  closed_form* f = closed_form_new(block_law, 2, H);
  rollout_gradient(s, T, x0, 0, 0, dx0, &du, &last);
  rollout_gradient(&f->base, T, x0, 0, 0, want, &want_u, &want_last);
  CLOSE(last, want_last, 1e-10);
  CLOSE(dx0[1], want[1], 1e-10);
  CLOSE(du, want_u, 1e-10);
  /* the law of the text book, but for one step and the time 1 / (0.9 x 105/s) in which friction catches hold */
  const double slack = H + 1 / (HOLD * RATE);
  CLOSE(dx0[1], BLOCK_MASS * v / BLOCK_FRICTION, slack);
  CLOSE(last, BLOCK_MASS * v * v / (2 * BLOCK_FRICTION), v * slack);
  df_system_free(s);
  df_free(f);
}

static void a_bouncing_ball_has_the_gradient_of_its_contact_law(void** state) {
  (void)state;
  enum { T = 150 };
  double highest = 0;
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* s;
  cfg.tolerance = 1e-15;
  OK(df_mujoco_system_from_xml(BALL, "ball", &cfg, &s));
  closed_form* f = closed_form_new(ball_law, 2, H);
  for (int i = 0; i < 5; i++) {
    const double x0[2] = {0.3 + 0.05 * i, 0};
    double dx0[2], du, last, want[2], want_u, want_last;
    rollout_gradient(s, T, x0, 0.1, 0, dx0, &du, &last);
    rollout_gradient(&f->base, T, x0, 0.1, 0, want, &want_u, &want_last);
    /* the solver's residual of some 1e-11 a step, carried through a contact that magnifies it up to tenfold */
    CLOSE(last, want_last, 1e-9);
    CLOSE(dx0[0], want[0], 1e-7);
    CLOSE(dx0[1], want[1], 1e-7);
    CLOSE(du, want_u, 1e-7);
    highest = fmax(highest, fabs(want[0] - 1));
  }
  /* it did bounce: without the floor a higher start is a higher end by the same */
  assert_true(highest > 0.1);
  df_system_free(s);
  df_free(f);
}

/* ---- the check on formulas ---- */

static df_gradcheck_summary check(const df_system* s, const struct form* f, df_gradcheck_point* p) {
  double x[N * CF_NX], u[N];
  df_gradcheck_summary q;
  draw(f, x, u);
  OK(df_gradcheck_steps(s, N, x, u, 3, 1, p));
  OK(df_gradcheck_sum_up(N, p, &q));
  return q;
}

static void sound_formulas_pass(void** state) {
  (void)state;
  for (int k = 0; k < FORM_COUNT; k++) {
    closed_form* f = closed_form_new(FORMS[k].law, FORMS[k].nx, H);
    df_gradcheck_point p[N];
    const df_gradcheck_summary q = check(&f->base, &FORMS[k], p);
    print_message("%s: median %.1e, worst %.1e, %d on kinks\n", FORMS[k].name, q.median, q.worst, q.kinks);
    assert_int_equal(q.n, q.smooth + q.kinks);
    assert_true(q.smooth >= N - 2);
    /* a difference of numbers of size 1 with a step of 2e-7 has roundings of 1e-9, against a gradient of size 1 */
    assert_true(q.worst < 1e-8);
    assert_int_equal(df_gradcheck_judge(&q, 1e-8, 1e-8), DF_GRADCHECK_HOLDS);
    df_free(f);
  }
}

static void wrong_adjoints_fail(void** state) {
  (void)state;
  for (int k = 0; k < FORM_COUNT; k++) {
    for (cf_fault fault = CF_FACTOR; fault < CF_FAULTS; fault++) {
      /* a position changes nothing behind it in flight and under dry friction */
      if (fault == CF_DROPPED && (k == 1 || k == 2)) continue;
      closed_form* f = closed_form_new(FORMS[k].law, FORMS[k].nx, H);
      df_gradcheck_point p[N];
      f->fault = fault;
      const df_gradcheck_summary q = check(&f->base, &FORMS[k], p);
      assert_int_equal(df_gradcheck_judge(&q, 1e-7, 1e-4), DF_GRADCHECK_FAILS);
      df_free(f);
    }
  }
}

static void one_wrong_state_in_forty_fails_by_the_percentile(void** state) {
  (void)state;
  df_gradcheck_point p[N] = {0};
  df_gradcheck_summary q;
  for (int i = 0; i < N; i++) p[i].error = 1e-10;
  OK(df_gradcheck_sum_up(N, p, &q));
  assert_int_equal(df_gradcheck_judge(&q, 1e-7, 1e-4), DF_GRADCHECK_HOLDS);
  p[7].error = 1e-2;
  OK(df_gradcheck_sum_up(N, p, &q));
  assert_int_equal(q.worst_at, 7);
  CLOSE(q.below, 39.0 / 40, 1e-12);
  assert_int_equal(df_gradcheck_judge(&q, 1e-7, 1e-4), DF_GRADCHECK_FAILS);
}

static void a_set_of_kinks_passes_nothing(void** state) {
  (void)state;
  enum { ALL = 8 };
  closed_form* f = closed_form_new(ball_law, 2, H);
  double x[2 * ALL], u[ALL] = {0};
  df_gradcheck_point p[ALL];
  df_gradcheck_summary q;
  /* right where the ball touches: the floor's impedance begins at 0.5, with a jump of its force */
  for (int i = 0; i < ALL; i++) {
    x[2 * i] = RADIUS;
    x[2 * i + 1] = -0.1 * (i + 1);
  }
  OK(df_gradcheck_steps(&f->base, ALL, x, u, 1, 1, p));
  OK(df_gradcheck_sum_up(ALL, p, &q));
  assert_int_equal(q.kinks, ALL);
  assert_int_equal(q.smooth, 0);
  assert_int_equal(df_gradcheck_judge(&q, INFINITY, INFINITY), DF_GRADCHECK_INCONCLUSIVE);
  OK(df_gradcheck_sum_up(0, p, &q));
  assert_int_equal(df_gradcheck_judge(&q, INFINITY, INFINITY), DF_GRADCHECK_INCONCLUSIVE);
  df_free(f);
}

/* Friction that changes its slope by half at rest: both differences are the same mean of two slopes. */
static void two_slopes_law(const double* x, double u, double* x1, double* A, double* B) {
  const double rate = x[1] > 0 ? 20 : 10;
  second_order(x, u - rate * x[1], 0, -rate, 1, x1, A, B);
}

static void a_state_right_between_two_slopes_is_on_a_kink(void** state) {
  (void)state;
  closed_form* f = closed_form_new(two_slopes_law, 2, H);
  const double on[2] = {0.1, 0}, off[2] = {0.1, 1e-3}, u = 0.2;
  df_gradcheck_point p;
  OK(df_gradcheck_steps(&f->base, 1, on, &u, 1, 1, &p));
  assert_true(p.kink && p.step_gap < 1e-8);
  OK(df_gradcheck_steps(&f->base, 1, off, &u, 1, 1, &p));
  assert_false(p.kink);
  assert_true(p.error < 1e-8);
  df_free(f);
}

/* ---- the step of the difference ---- */

static const char PENDULUM[] =
    "<mujoco><option timestep='.004'/><worldbody><body><joint name='q' axis='0 1 0'/><geom pos='0 0 -.4' size='.1'"
    " mass='1'/></body></worldbody><actuator><motor joint='q'/></actuator></mujoco>";

static void truncation_falls_with_the_square_of_the_step_and_rounding_rises(void** state) {
  (void)state;
  static const double eps[] = {1e-1, 1e-2, 1e-3, 1e-8, 1e-9, 1e-10};
  enum { M = sizeof eps / sizeof eps[0] };
  const double x[2] = {0.7, 1.3}, u = 0.2;
  double e[M];
  df_system* s = model_text(PENDULUM, 1);
  const df_gradcheck_cfg cfg = {.seed = 1, .threads = 1};
  OK(df_gradcheck_sweep(s, &cfg, 1, x, &u, M, eps, e));
  /* the next term of the series is a hundredth of the first at a step of 0.1 */
  CLOSE(log10(e[0] / e[1]), 2, 0.02);
  CLOSE(log10(e[1] / e[2]), 2, 0.02);
  /* rounding is no number one can foretell; it grows by a factor of a hundred in two decades, give or take ten */
  assert_true(e[5] > 10 * e[3] && e[5] < 1000 * e[3]);
  assert_true(e[3] < 1e-7 && e[2] < 1e-7);
  df_system_free(s);
}

/* ---- names of kinks ---- */

/* moves a coordinate off the kink: nearer than the smallest step it is on it, at `near` only the larger ones meet it
 * (0: not tried) */
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
    OK(df_gradcheck_steps(s, 1, at, &u, 4, 1, &p));
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
  /* friction of 4 N holds up to 4 N = m d B v */
  const double slips[2] = {0, 4 / (2 * HOLD * RATE)};
  expect_kink("dry friction", BLOCK, slips, 1, 5e-7, DF_KINK_STICK_SLIP);
  /* a servo of 100 N/m at its 5 N */
  const double saturates[2] = {-0.05, 0};
  expect_kink("a force range",
              SLIDE("", "", "gainprm='100' biastype='affine' biasprm='0 -100 0' forcelimited='true' forcerange='-5 5'"),
              saturates, 0, 5e-7, DF_KINK_CLAMP);
}

/* a sphere that is pushed over the floor: x = [px, pz, vx, vz] */
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
    /* to a billionth of a metre a second */
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

/* Where the two parabolas of the impedance meet, the force has another second derivative: that spoils a difference that
 * reaches across, and leaves the derivative as it is. */
static void a_joint_of_the_impedance_is_a_kink_with_a_name(void** state) {
  (void)state;
  const double x[2] = {RADIUS - 0.0005 + 3e-7, -0.3}, u = 0;
  df_system* s = model_text(BALL_WITH(".001"), 1);
  df_gradcheck_point p;
  OK(df_gradcheck_steps(s, 1, x, &u, 4, 1, &p));
  assert_int_equal(p.cause, DF_KINK_IMPEDANCE);
  assert_false(p.kink);
  assert_true(p.error < 1e-6);
  df_system_free(s);
}

/* ---- MuJoCo's own derivative ---- */

static void transitionFD_is_the_second_witness(void** state) {
  (void)state;
  const double x[2] = {0.7, 1.3}, u = 0.2;
  const df_gradcheck_cfg cfg = {.seed = 1, .threads = 1, .transition = true};
  df_gradcheck_point p;
  df_system* s = model_text(PENDULUM, 1);
  OK(df_gradcheck_run(s, &cfg, 1, &x[0], &u, &p));
  assert_true(p.transition_error < 1e-8);
  df_system_free(s);
  /* with two physics steps an action it has no derivative of the whole */
  s = model_text(PENDULUM, 2);
  OK(df_gradcheck_run(s, &cfg, 1, &x[0], &u, &p));
  assert_true(isnan(p.transition_error));
  df_system_free(s);
  closed_form* f = closed_form_new(spring_law, 2, H);
  OK(df_gradcheck_run(&f->base, &cfg, 1, &x[0], &u, &p));
  assert_true(isnan(p.transition_error) && p.error < 1e-8);
  df_free(f);
}

/* ---- generated states ---- */

static void states_are_of_their_kind(void** state) {
  (void)state;
  enum { M = 20 };
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* s;
  OK(df_mujoco_system_new("results/adjoint/models/ball_on_box.xml", &cfg, &s));
  double *x = df_alloc((size_t)(M * s->nx), sizeof *x), *u = df_alloc((size_t)(M * s->nu), sizeof *u);
  double* again = df_alloc((size_t)(M * s->nx), sizeof *again);
  df_gradcheck_point p[M];
  for (int kind = 0; kind < DF_STATE_KINDS; kind++) {
    int found = 0, active = 0;
    OK(df_gradcheck_draw(s, (df_state_kind)kind, M, 5, x, u, &found));
    assert_int_equal(found, M);
    OK(df_gradcheck_draw(s, (df_state_kind)kind, M, 5, again, u, &found));
    assert_memory_equal(x, again, (size_t)(M * s->nx) * sizeof *x);
    OK(df_gradcheck_steps(s, M, x, u, 1, 2, p));
    double fastest = 0;
    for (int i = 0; i < M; i++) {
      const df_active* a = &p[i].active;
      const int wanted[DF_STATE_KINDS] = {
          [DF_STATE_REST] = a->sticking, [DF_STATE_MOTION] = 1,           [DF_STATE_IMPACT] = a->impacts,
          [DF_STATE_LIMITS] = a->limits, [DF_STATE_SLIDING] = a->sliding, [DF_STATE_ROLLING] = a->rolling,
          [DF_STATE_STUCK] = a->sticking};
      active += wanted[kind] > 0;
      for (int k = 0; k < df_mujoco_nv(s); k++) fastest = fmax(fastest, fabs(x[i * s->nx + df_mujoco_nq(s) + k]));
    }
    print_message("%s: %d of %d with what it is named for, fastest %.2g\n", df_state_kind_name((df_state_kind)kind),
                  active, M, fastest);
    /* a limit is missed by up to a hundredth of its range, and a fall may end in another contact: most is enough */
    assert_true(active >= M / 2);
    if (kind == DF_STATE_REST) assert_true(fastest < 0.1);
    if (kind == DF_STATE_SLIDING) assert_true(fastest > 0.3);
  }
  df_free(x);
  df_free(u);
  df_free(again);
  df_system_free(s);
}

static void what_a_model_lacks_is_not_found(void** state) {
  (void)state;
  double x[20], u[10];
  int found;
  df_system* s = model_text(PENDULUM, 1);
  OK(df_gradcheck_draw(s, DF_STATE_LIMITS, 10, 1, x, u, &found));
  assert_int_equal(found, 0);
  OK(df_gradcheck_draw(s, DF_STATE_IMPACT, 10, 1, x, u, &found));
  assert_int_equal(found, 0);
  OK(df_gradcheck_draw(s, DF_STATE_ROLLING, 10, 1, x, u, &found));
  assert_int_equal(found, 0);
  OK(df_gradcheck_draw(s, DF_STATE_REST, 10, 1, x, u, &found));
  assert_int_equal(found, 10);
  closed_form* f = closed_form_new(spring_law, 2, H);
  assert_int_equal(df_gradcheck_draw(&f->base, DF_STATE_REST, 1, 1, x, u, &found), DF_E_ARG);
  df_free(f);
  df_system_free(s);
}

static void wrong_arguments_are_refused(void** state) {
  (void)state;
  const double x[2] = {0}, u = 0, eps = 0;
  double e;
  df_gradcheck_point p;
  closed_form* f = closed_form_new(spring_law, 2, H);
  const df_gradcheck_cfg one = {.threads = 1}, none = {0};
  assert_int_equal(df_gradcheck_run(&f->base, &none, 1, x, &u, &p), DF_E_ARG);
  assert_int_equal(df_gradcheck_run(&f->base, &one, 0, x, &u, &p), DF_E_ARG);
  assert_int_equal(df_gradcheck_run(NULL, &one, 1, x, &u, &p), DF_E_ARG);
  assert_int_equal(df_gradcheck_sweep(&f->base, &one, 1, x, &u, 1, &eps, &e), DF_E_ARG);
  df_free(f);
}

static void memory_that_lacks_is_an_error_and_leaks_nothing(void** state) {
  (void)state;
  const double x[2] = {0.095, -0.1}, u = 0;
  df_gradcheck_point p;
  df_system* s = model_text(BALL, 1);
  df_status status = DF_E_NOMEM;
  int failed = 0;
  for (size_t n = 1; n < 200 && status != DF_OK; n++) {
    (void)df_alloc_fail_at(n);
    status = df_gradcheck_steps(s, 1, x, &u, 1, 1, &p);
    (void)df_alloc_fail_at(0);
    if (status != DF_OK) {
      assert_int_equal(status, DF_E_NOMEM);
      failed++;
    }
  }
  assert_int_equal(status, DF_OK);
  assert_true(failed > 5);
  df_system_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(models_step_and_differentiate_as_the_formulas_say),
      cmocka_unit_test(a_spring_carries_gradients_back_by_powers_of_its_matrix),
      cmocka_unit_test(a_thrown_ball_lands_where_its_speed_and_push_say),
      cmocka_unit_test(a_sliding_block_stops_with_the_gradient_of_its_way),
      cmocka_unit_test(a_bouncing_ball_has_the_gradient_of_its_contact_law),
      cmocka_unit_test(sound_formulas_pass),
      cmocka_unit_test(wrong_adjoints_fail),
      cmocka_unit_test(one_wrong_state_in_forty_fails_by_the_percentile),
      cmocka_unit_test(a_set_of_kinks_passes_nothing),
      cmocka_unit_test(a_state_right_between_two_slopes_is_on_a_kink),
      cmocka_unit_test(truncation_falls_with_the_square_of_the_step_and_rounding_rises),
      cmocka_unit_test(kinks_have_names),
      cmocka_unit_test(a_contact_that_begins_to_slide_is_a_kink_with_a_name),
      cmocka_unit_test(a_joint_of_the_impedance_is_a_kink_with_a_name),
      cmocka_unit_test(transitionFD_is_the_second_witness),
      cmocka_unit_test(states_are_of_their_kind),
      cmocka_unit_test(what_a_model_lacks_is_not_found),
      cmocka_unit_test(wrong_arguments_are_refused),
      cmocka_unit_test(memory_that_lacks_is_an_error_and_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
