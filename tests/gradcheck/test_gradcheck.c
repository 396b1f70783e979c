/* Tests of the gradient check: on systems with closed-form Jacobians, with faults that it must find, and on kinks. */
#include "closed_form.h"
#include "models.h"

enum { N = 40 };

/* ---- closed forms and MuJoCo models are the same systems ---- */

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
    form_states(f, N, x, u);
    for (int i = 0; i < N; i++) {
      double x1[CF_NX], want[CF_NX], A[CF_NX * CF_NX], B[CF_NX], xbar[CF_NX], ubar;
      f->law(x + i * f->nx, u[i], want, A, B);
      model->ops->reset(sim, x + i * f->nx);
      assert_int_equal(model->ops->step(sim, &u[i], x1), DF_TRAJ_COMPLETE);
      for (int row = 0; row < f->nx; row++) {
        double y[CF_NX] = {0};
        y[row] = 1;
        assert_int_equal(model->ops->step_vjp(sim, 0, y, xbar, &ubar), DF_TRAJ_COMPLETE);
        /* rounding, and the timestep times the solver's residual in accelerations of up to 1e3 */
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

/* By the adjoint of a system: the derivatives of coordinate `row` of x_T by x_0, dx0 [nx], and by the constant action
 * u, *du; *last is the coordinate itself. */
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

/* a block with initial speed v under friction f stops after a distance of m v^2 / (2 f), whose derivative is m v / f */
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
  /* the textbook law, up to one step and the time constant 1 / (0.9 x 105/s) at which sticking friction sets in */
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
    /* the solver's residual of about 1e-11 per step, amplified up to tenfold by the contact */
    CLOSE(last, want_last, 1e-9);
    CLOSE(dx0[0], want[0], 1e-7);
    CLOSE(dx0[1], want[1], 1e-7);
    CLOSE(du, want_u, 1e-7);
    highest = fmax(highest, fabs(want[0] - 1));
  }
  /* the ball did bounce: without the floor the derivative of the last height by the first is 1 */
  assert_true(highest > 0.1);
  df_system_free(s);
  df_free(f);
}

/* ---- the check on closed forms ---- */

static df_gradcheck_summary check(const df_system* s, const struct form* f, df_gradcheck_point* p) {
  double x[N * CF_NX], u[N];
  df_gradcheck_summary q;
  form_states(f, N, x, u);
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 3, .threads = 1}, &(df_gradcheck_states){.n = N, .x = x, .u = u},
                      p));
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
    /* a finite difference of numbers of size 1 at step 2e-7 has a rounding error of 1e-9, at a gradient of size 1 */
    assert_true(q.worst < 1e-8);
    assert_int_equal(df_gradcheck_judge(&q, 1e-8, 1e-8), DF_GRADCHECK_HOLDS);
    df_free(f);
  }
}

static void wrong_adjoints_fail(void** state) {
  (void)state;
  for (int k = 0; k < FORM_COUNT; k++) {
    for (cf_fault fault = CF_FACTOR; fault < CF_FAULTS; fault++) {
      /* in flight and under dry friction the velocity does not depend on the position, so nothing is dropped */
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

/* 1 of 100 states at which the simulator fails may be left out of a check, and not two */
static void failures_decide_nothing(void** state) {
  (void)state;
  enum { ALL = 100 };
  df_gradcheck_point p[ALL] = {0};
  df_gradcheck_summary q;
  for (int i = 0; i < ALL; i++) p[i].error = 1e-10;
  for (int failed = 1; failed <= 2; failed++) {
    p[10 - failed].kink = true;
    p[10 - failed].cause = DF_KINK_FAILED;
    OK(df_gradcheck_sum_up(ALL, p, &q));
    assert_int_equal(q.cause[DF_KINK_FAILED], failed);
    assert_int_equal(q.failed_at, 10 - failed);
    assert_int_equal(df_gradcheck_judge(&q, 1e-7, 1e-4), failed == 1 ? DF_GRADCHECK_HOLDS : DF_GRADCHECK_INCONCLUSIVE);
  }
}

static void a_set_of_kinks_passes_nothing(void** state) {
  (void)state;
  enum { ALL = 8 };
  closed_form* f = closed_form_new(ball_law, 2, H);
  double x[2 * ALL], u[ALL] = {0};
  df_gradcheck_point p[ALL];
  df_gradcheck_summary q;
  /* exactly where the ball touches the floor, whose impedance begins at 0.5, with a jump of the force */
  for (int i = 0; i < ALL; i++) {
    x[2 * i] = RADIUS;
    x[2 * i + 1] = -0.1 * (i + 1);
  }
  OK(df_gradcheck_run(&f->base, &(df_gradcheck_cfg){.seed = 1, .threads = 1},
                      &(df_gradcheck_states){.n = ALL, .x = x, .u = u}, p));
  OK(df_gradcheck_sum_up(ALL, p, &q));
  assert_int_equal(q.kinks, ALL);
  assert_int_equal(q.smooth, 0);
  assert_int_equal(df_gradcheck_judge(&q, INFINITY, INFINITY), DF_GRADCHECK_INCONCLUSIVE);
  OK(df_gradcheck_sum_up(0, p, &q));
  assert_int_equal(df_gradcheck_judge(&q, INFINITY, INFINITY), DF_GRADCHECK_INCONCLUSIVE);
  df_free(f);
}

/* A damper with coefficient 20 at positive and 10 at negative velocities: at 0 all centred differences are the mean of
 * the two slopes. */
static void two_slopes_law(const double* x, double u, double* x1, double* A, double* B) {
  const double rate = x[1] > 0 ? 20 : 10;
  second_order(x, u - rate * x[1], 0, -rate, 1, x1, A, B);
}

static void a_state_right_between_two_slopes_is_on_a_kink(void** state) {
  (void)state;
  closed_form* f = closed_form_new(two_slopes_law, 2, H);
  const double on[2] = {0.1, 0}, off[2] = {0.1, 1e-3}, u = 0.2;
  df_gradcheck_point p;
  OK(df_gradcheck_run(&f->base, &(df_gradcheck_cfg){.seed = 1, .threads = 1},
                      &(df_gradcheck_states){.n = 1, .x = on, .u = &u}, &p));
  assert_true(p.kink && p.step_gap < 1e-8);
  OK(df_gradcheck_run(&f->base, &(df_gradcheck_cfg){.seed = 1, .threads = 1},
                      &(df_gradcheck_states){.n = 1, .x = off, .u = &u}, &p));
  assert_false(p.kink);
  assert_true(p.error < 1e-8);
  df_free(f);
}

/* ---- the difference step ---- */

static const char PENDULUM[] =
    "<mujoco><option timestep='.004'/><worldbody><body><joint name='q' axis='0 1 0'/><geom pos='0 0 -.4' size='.1'"
    " mass='1'/></body></worldbody><actuator><motor joint='q'/></actuator></mujoco>";

/* An activation at its bound would be clamped on one side of a centred difference. */
static void an_activation_at_its_bound_is_checked_inside(void** state) {
  (void)state;
  df_system* s = model_text(
      "<mujoco><option timestep='.004'/><worldbody><body><joint name='q' type='slide' axis='1 0 0'/><geom size='.1' "
      "mass='2'/></body></worldbody><actuator><general joint='q' dyntype='integrator' gainprm='3' actlimited='true' "
      "actrange='-1 1'/></actuator></mujoco>",
      1);
  const double x[6] = {0, 0, -1, 0, 0, 1}, u[2] = {0, 0};
  df_gradcheck_point p[2];
  assert_int_equal(s->nx, 3);
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 3, .threads = 1}, &(df_gradcheck_states){.n = 2, .x = x, .u = u},
                      p));
  for (int i = 0; i < 2; i++) {
    assert_false(p[i].kink || p[i].differenced);
    assert_int_equal(p[i].cause, DF_KINK_NONE);
    assert_true(p[i].error < 1e-6);
  }
  df_system_free(s);
}

static void truncation_falls_with_the_square_of_the_step_and_rounding_rises(void** state) {
  (void)state;
  static const double eps[] = {1e-1, 1e-2, 1e-3, 1e-8, 1e-9, 1e-10};
  enum { M = sizeof eps / sizeof eps[0] };
  const double x[2] = {0.7, 1.3}, u = 0.2;
  double e[M];
  df_system* s = model_text(PENDULUM, 1);
  const df_gradcheck_cfg cfg = {.seed = 1, .threads = 1};
  OK(df_gradcheck_sweep(s, &cfg, &(df_gradcheck_states){.n = 1, .x = x, .u = &u}, M, eps, e));
  /* at a step of 0.1 the second term of the truncation error is a hundredth of the first */
  CLOSE(log10(e[0] / e[1]), 2, 0.02);
  CLOSE(log10(e[1] / e[2]), 2, 0.02);
  /* the rounding error grows by a factor of 100 over two decades, known only up to a factor of 10 */
  assert_true(e[5] > 10 * e[3] && e[5] < 1000 * e[3]);
  assert_true(e[3] < 1e-7 && e[2] < 1e-7);
  df_system_free(s);
}

/* ---- MuJoCo's own derivative ---- */

static void transitionFD_is_the_second_witness(void** state) {
  (void)state;
  const double x[2] = {0.7, 1.3}, u = 0.2;
  const df_gradcheck_cfg cfg = {.seed = 1, .threads = 1, .transition = true};
  df_gradcheck_point p;
  df_system* s = model_text(PENDULUM, 1);
  OK(df_gradcheck_run(s, &cfg, &(df_gradcheck_states){.n = 1, .x = &x[0], .u = &u}, &p));
  assert_true(p.transition_error < 1e-8);
  df_system_free(s);
  /* MuJoCo has no derivative of an action of two physics steps */
  s = model_text(PENDULUM, 2);
  OK(df_gradcheck_run(s, &cfg, &(df_gradcheck_states){.n = 1, .x = &x[0], .u = &u}, &p));
  assert_true(isnan(p.transition_error));
  df_system_free(s);
  closed_form* f = closed_form_new(spring_law, 2, H);
  OK(df_gradcheck_run(&f->base, &cfg, &(df_gradcheck_states){.n = 1, .x = &x[0], .u = &u}, &p));
  assert_true(isnan(p.transition_error) && p.error < 1e-8);
  df_free(f);
}

/* ---- errors ---- */

static void wrong_arguments_are_refused(void** state) {
  (void)state;
  const double x[2] = {0}, u = 0, eps = 0;
  double e;
  df_gradcheck_point p;
  closed_form* f = closed_form_new(spring_law, 2, H);
  const df_gradcheck_cfg one = {.threads = 1}, none = {0};
  assert_int_equal(df_gradcheck_run(&f->base, &none, &(df_gradcheck_states){.n = 1, .x = x, .u = &u}, &p), DF_E_ARG);
  assert_int_equal(df_gradcheck_run(&f->base, &one, &(df_gradcheck_states){.x = x, .u = &u}, &p), DF_E_ARG);
  assert_int_equal(df_gradcheck_run(NULL, &one, &(df_gradcheck_states){.n = 1, .x = x, .u = &u}, &p), DF_E_ARG);
  assert_int_equal(df_gradcheck_sweep(&f->base, &one, &(df_gradcheck_states){.n = 1, .x = x, .u = &u}, 1, &eps, &e),
                   DF_E_ARG);
  assert_int_equal(df_gradcheck_sweep(&f->base, &one, NULL, 1, &eps, &e), DF_E_ARG);
  assert_int_equal(df_gradcheck_run(&f->base, &one, NULL, &p), DF_E_ARG);
  assert_int_equal(df_gradcheck_run(&f->base, &one, &(df_gradcheck_states){.n = 1, .u = &u}, &p), DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "states.x"));
  assert_int_equal(df_gradcheck_run(&f->base, &one, &(df_gradcheck_states){.n = 1, .x = x}, &p), DF_E_ARG);
  assert_non_null(strstr(df_error_message(), "states.u"));
  assert_int_equal(df_gradcheck_run(&f->base, &one, &(df_gradcheck_states){.n = 1, .x = x, .u = &u}, NULL), DF_E_ARG);
  df_free(f);
}

static void a_missing_field_of_a_batch_is_named(void** state) {
  (void)state;
  const double x[4] = {0}, u = 0, weight[2] = {1, 1};
  df_gradcheck_point p;
  closed_form* f = closed_form_new(spring_law, 2, 1);
  const df_gradcheck_cfg one = {.threads = 1};
  const df_gradcheck_batch whole = {.n = 1, .H = 1, .x0 = x, .u = &u, .x_target = x, .weight = weight};
  OK(df_gradcheck_rollouts(&f->base, &one, &whole, &p));
  assert_int_equal(df_gradcheck_rollouts(&f->base, &one, NULL, &p), DF_E_ARG);
  df_gradcheck_batch wrong[6] = {whole, whole, whole, whole, whole, whole};
  wrong[0].x0 = wrong[1].u = wrong[2].x_target = wrong[3].weight = NULL;
  wrong[4].n = wrong[5].H = 0;
  const char* const named[6] = {"batch.x0", "batch.u", "batch.x_target", "batch.weight", "0 rollouts", "0 actions"};
  for (int i = 0; i < 6; i++) {
    assert_int_equal(df_gradcheck_rollouts(&f->base, &one, &wrong[i], &p), DF_E_ARG);
    assert_non_null(strstr(df_error_message(), named[i]));
  }
  df_free(f);
}

/* A can 0.1 m above a box. At 5 m/s it meets the box in the sixth action, and only from then on are contacts without a
 * derivative of their own differenced, or approximated. */
static void a_rollout_is_differenced_if_one_of_its_steps_is(void** state) {
  (void)state;
  enum { M = 3, ACTIONS = 8 };
  static const char can[] =
      "<mujoco><option timestep='.004'/><worldbody><geom type='box' size='1 1 1' pos='0 0 -1'/><body pos='0 0 .2'>"
      "<joint type='slide' name='z' axis='0 0 1'/><geom type='cylinder' size='.1 .1' mass='1'/></body></worldbody>"
      "<actuator><motor joint='z'/></actuator></mujoco>";
  const double x0[2 * M] = {0, -5, 0, 0, 0, -5}, u[M * ACTIONS] = {0}, weight[2] = {1, 1};
  const double target[2 * M * (ACTIONS + 1)] = {0};
  for (int approximate = 0; approximate < 2; approximate++) {
    df_mujoco_cfg cfg = df_mujoco_cfg_default();
    cfg.finite_differences = !approximate;
    cfg.approximate_contacts = approximate;
    df_system* s;
    df_gradcheck_point p[M], again[M];
    OK(df_mujoco_system_from_xml(can, "can.xml", &cfg, &s));
    const df_gradcheck_batch batch = {.n = M, .H = ACTIONS, .x0 = x0, .u = u, .x_target = target, .weight = weight};
    OK(df_gradcheck_rollouts(s, &(df_gradcheck_cfg){.seed = 1, .threads = 1}, &batch, p));
    for (int i = 0; i < M; i++) {
      assert_int_equal(p[i].differenced, i != 1 && !approximate);
      assert_int_equal(p[i].approximate, i != 1 && approximate);
    }
    /* the gradient of the one in the air is right, by all its actions and both coordinates */
    assert_true(p[1].error < 1e-6 && !p[1].kink);
    /* each rollout has directions of its own, those of the seed; threads change nothing */
    assert_true(p[0].error != p[2].error);
    OK(df_gradcheck_rollouts(s, &(df_gradcheck_cfg){.seed = 1, .threads = 2}, &batch, again));
    for (int i = 0; i < M; i++) assert_true(again[i].error == p[i].error);
    OK(df_gradcheck_rollouts(s, &(df_gradcheck_cfg){.seed = 2, .threads = 1}, &batch, again));
    for (int i = 0; i < M; i++) assert_true(again[i].error != p[i].error);
    df_system_free(s);
  }
}

static void half_of_mujocos_derivative_may_be_left_out(void** state) {
  (void)state;
  df_system* s = model_text(BALL, 1);
  const size_t n = (size_t)(s->ndx * s->ndx), m = (size_t)(s->ndx * s->nu);
  double *x = df_alloc((size_t)s->nx, sizeof *x), *u = df_alloc((size_t)s->nu, sizeof *u);
  double* whole = df_alloc(2 * (n + m), sizeof *whole);
  double* part = whole + n + m;
  df_sim* sim;
  OK(df_sim_new(s, 1, &sim));
  df_mujoco_initial_state(s, x);
  df_transition t = {.eps = 1e-6, .centred = true, .A = whole, .B = whole + n};
  assert_true(df_mujoco_transition(s, sim, x, u, &t));
  t.A = part, t.B = NULL;
  assert_true(df_mujoco_transition(s, sim, x, u, &t));
  t.A = NULL, t.B = part + n;
  assert_true(df_mujoco_transition(s, sim, x, u, &t));
  assert_memory_equal(whole, part, (n + m) * sizeof *whole);
  df_sim_free(s, sim);
  df_free(whole);
  df_free(u);
  df_free(x);
  df_system_free(s);
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
    status = df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 1, .threads = 1},
                              &(df_gradcheck_states){.n = 1, .x = x, .u = &u}, &p);
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
      cmocka_unit_test(failures_decide_nothing),
      cmocka_unit_test(a_set_of_kinks_passes_nothing),
      cmocka_unit_test(a_state_right_between_two_slopes_is_on_a_kink),
      cmocka_unit_test(an_activation_at_its_bound_is_checked_inside),
      cmocka_unit_test(truncation_falls_with_the_square_of_the_step_and_rounding_rises),
      cmocka_unit_test(transitionFD_is_the_second_witness),
      cmocka_unit_test(wrong_arguments_are_refused),
      cmocka_unit_test(a_missing_field_of_a_batch_is_named),
      cmocka_unit_test(a_rollout_is_differenced_if_one_of_its_steps_is),
      cmocka_unit_test(half_of_mujocos_derivative_may_be_left_out),
      cmocka_unit_test(memory_that_lacks_is_an_error_and_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
