/* Finite differences instead of an adjoint: which features are admitted, correctness of the derivatives, and counts. */
#include "models.h"
#include "simulator.h"

/* ---- models ---- */

/* A free body that carries a ball joint and a hinge, falling onto a floor; %s: attributes of <option>, further elements
 * of the world and of the body, attributes of the hinge, further elements of the model. */
#define LIMBED                                                                                                         \
  "<mujoco><compiler angle='radian' autolimits='true'/><option timestep='.004' %s/>"                                   \
  "<default><geom friction='.7 .05 .03' solimp='.9 .95 .02'/></default><worldbody>"                                    \
  "<geom name='floor' type='plane' size='5 5 1'/>%s"                                                                   \
  "<body name='base' pos='0 0 .12'><freejoint/><geom name='g' type='capsule' size='.1 .15' euler='0 1.4 0' mass='2'/>" \
  "<site name='s' pos='.2 0 0'/>%s"                                                                                    \
  "<body name='arm' pos='.2 0 .05'><joint name='ball' type='ball' damping='.1'/>"                                      \
  "<geom type='capsule' fromto='0 0 0 .2 0 .05' size='.03' mass='.4' contype='0' conaffinity='0'/>"                    \
  "<body name='hand' pos='.2 0 .05'><joint name='j' axis='0 1 0' damping='.05' %s/>"                                   \
  "<geom type='box' pos='.1 0 0' size='.1 .02 .03' mass='.3' contype='0' conaffinity='0'/><site name='tip' pos='.2 0 " \
  "0'/>"                                                                                                               \
  "</body></body></body></worldbody>%s</mujoco>"
#define MOTOR "<actuator><motor name='m' joint='j' gear='2' ctrlrange='-1 1'/></actuator>"

typedef struct limbed_case {
  const char *name, *option, *world, *body, *hinge, *tail;
} limbed_case;

static const limbed_case CASES[] = {
    {"implicit", "integrator='implicit'", "", "", "", MOTOR},
    {"discrete", "integrator='discrete'", "", "", "", MOTOR},
    {"PGS", "solver='PGS' iterations='500'", "", "", "", MOTOR},
    {"noslip", "noslip_iterations='4'", "", "", "", MOTOR},
    {"fluid", "density='20' viscosity='.3' wind='1 0 0'", "", "", "", MOTOR},
    {"gravity compensation", "", "<body gravcomp='1' pos='1 0 1'><freejoint/><geom size='.1'/></body>", "", "", MOTOR},
    {"spatial tendon", "", "<site name='anchor' pos='0 .3 .6'/>", "", "",
     "<tendon><spatial name='t' stiffness='40' damping='1' range='0 .5'><site site='anchor'/><site site='tip'/>"
     "</spatial></tendon><actuator><motor joint='j'/><position tendon='t' kp='30'/></actuator>"},
    {"connect", "", "", "", "", "<equality><connect body1='hand' body2='base' anchor='.1 0 .1'/></equality>" MOTOR},
    {"weld", "", "", "", "", "<equality><weld body1='arm' body2='base' solref='.1 1'/></equality>" MOTOR},
    {"limited ball", "", "", "<body><joint type='ball' range='0 .3'/><geom size='.05' pos='0 0 .1' mass='.2'/></body>",
     "", MOTOR},
    {"polynomials", "", "", "", "stiffness='1 2 3'", MOTOR},
    {"site actuator", "", "", "", "", "<actuator><motor site='tip' refsite='s' gear='1 0 2 0 .1 0'/></actuator>"},
    {"muscle", "", "", "", "range='-1 1'",
     "<actuator><muscle name='a' joint='j' force='20' lengthrange='-1 1'/></actuator>"},
    {"pid", "", "", "", "", "<actuator><intvelocity joint='j' kp='3' actrange='-1 1'/><motor joint='j'/></actuator>"},
    {"adhesion", "", "", "", "", "<actuator><adhesion body='base' gain='20' ctrlrange='0 1'/></actuator>"},
    {"capsule on cylinder", "", "<geom name='wall' type='cylinder' size='.3 .05' pos='0 0 .01'/>", "", "", MOTOR},
    {"cylinder on cylinder", "", "<geom type='cylinder' size='.1 .4' euler='1.5 .1 0' pos='-.25 0 -.06'/>",
     "<body pos='-.25 0 0'><joint axis='0 1 0'/><geom type='cylinder' size='.07 .3' euler='.1 1.5 0' "
     "mass='.5'/></body>",
     "", MOTOR},
};
enum { NCASE = sizeof CASES / sizeof *CASES };

static df_system* limbed_with(const limbed_case* c, bool differences, int substeps) {
  char xml[8192];
  snprintf(xml, sizeof xml, LIMBED, c->option, c->world, c->body, c->hinge, c->tail);
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.iterations = 500;
  cfg.finite_differences = differences;
  cfg.substeps = substeps;
  df_system* s = NULL;
  const df_status status = df_mujoco_system_from_xml(xml, c->name, &cfg, &s);
  if (differences && status != DF_OK) fail_msg("%s: %s", c->name, df_error_message());
  return s;
}

static df_system* limbed(const limbed_case* c, bool differences) {
  return limbed_with(c, differences, 1);
}

static int count_kind(const df_system* s, df_feature_kind kind) {
  const df_feature* f;
  int sum = 0;
  for (int i = df_mujoco_features(s, &f) - 1; i >= 0; i--) sum += f[i].kind == kind;
  return sum;
}

/* ---- a plain implementation of the same derivative ---- */

/* records a motion of T actions u [T][nu] that change every fifth step; x [T+1][nx] are its states */
static void walk(const df_system* s, df_sim* sim, int T, double* x, double* u) {
  double r[8];
  df_mujoco_initial_state(s, x);
  s->ops->reset(sim, x);
  for (int t = 0; t < T; t++) {
    df_rng_uniform(7, DF_STREAM_TEST, (uint64_t)(t / 5), (size_t)s->nu, r);
    for (int k = 0; k < s->nu; k++) u[t * s->nu + k] = 0.2 + 0.6 * r[k];
    assert_int_equal(s->ops->step(sim, u + t * s->nu, x + (t + 1) * s->nx), DF_TRAJ_COMPLETE);
  }
}

/* y . df/dk of the step from the saved state `start`, by a centred difference at step eps. Shares no code with
 * finite_difference.c except the simulator. */
static double column(const df_system* s, df_sim* sim, const double* start, const double* x, const double* u, int k,
                     double eps, const double* y) {
  double e[DF_NDX_MAX], xs[128], us[8], next[2][128];
  for (int side = 0; side < 2; side++) {
    memset(e, 0, sizeof e);
    memcpy(us, u, (size_t)s->nu * sizeof *u);
    if (k < s->ndx)
      e[k] = side ? eps : -eps;
    else
      us[k - s->ndx] += side ? eps : -eps;
    s->ops->integrate(s, x, e, xs);
    s->ops->restore(sim, start);
    s->ops->set_state(sim, xs);
    assert_int_equal(s->ops->step(sim, us, next[side]), DF_TRAJ_COMPLETE);
  }
  s->ops->difference(s, next[0], next[1], e);
  double sum = 0;
  for (int i = 0; i < s->ndx; i++) sum += y[i] * e[i] / (2 * eps);
  return sum;
}

static double distance(const double* a, const double* b, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sqrt(sum);
}

/* the adjoint of an action by finite differences, also for models with an exact adjoint; g [ndx + nu] = [xbar, ubar] */
static void difference_action(const df_system* s, df_sim* sim, const double* start, const double* u, const double* y,
                              double* g) {
  memset(g + s->ndx, 0, (size_t)s->nu * sizeof *g);
  assert_int_equal(df_finite_difference_replay(sim, start, u), DF_TRAJ_COMPLETE);
  double after[DF_NDX_MAX];
  memcpy(after, y, (size_t)s->ndx * sizeof *y);
  for (int i = as_mujoco(s)->substeps - 1; i >= 0; i--) {
    assert_int_equal(df_finite_difference_step(sim, i, u, 1, after, g, g + s->ndx), DF_TRAJ_COMPLETE);
    memcpy(after, g, (size_t)s->ndx * sizeof *g);
  }
}

/* relative errors of finite differences at every fifth step of walk(), error [T/5]; returns their number */
static int errors_along_a_walk(const df_system* s, double eps, double* error) {
  enum { T = 60, EVERY = 5 };
  double x[(T + 1) * 64], u[T * 8], y[DF_NDX_MAX], g[DF_NDX_MAX + 8], plain[DF_NDX_MAX + 8];
  const double zero[DF_NDX_MAX + 8] = {0};
  df_system* tight;
  df_sim *recorded, *other;
  OK(df_mujoco_copy_with_tolerance(s, DF_CONVERGED, &tight));
  as_mujoco(tight)->model->opt = as_mujoco(s)->converged.opt;
  OK(df_sim_new(s, T, &recorded));
  OK(df_sim_bound_tape(s, recorded, 1 << 24)); /* makes the history keep start states for any model */
  OK(df_sim_new(tight, 1, &other));
  walk(s, recorded, T, x, u);
  for (int t = 0, i = 0; t < T; t += EVERY, i++) {
    const double* start = recorded->history.starts + (size_t)t * recorded->history.state_size;
    df_rng_normal(9, DF_STREAM_TEST, (uint64_t)t, (size_t)s->ndx, y);
    difference_action(s, recorded, start, u + t * s->nu, y, g);
    for (int k = 0; k < s->ndx + s->nu; k++)
      plain[k] = column(tight, other, start, x + t * s->nx, u + t * s->nu, k, eps, y);
    error[i] = distance(g, plain, s->ndx + s->nu) / distance(plain, zero, s->ndx + s->nu);
  }
  df_sim_free(s, recorded);
  df_sim_free(tight, other);
  df_system_free(tight);
  return T / EVERY;
}

/* a feature that only simulation admits is admitted in the copy, which is not differentiated either */
static void a_copy_is_forward_only_as_its_original_is(void** state) {
  (void)state;
  static const char pgs[] =
      "<mujoco><option solver='PGS' iterations='500'/><worldbody><body><joint name='j' type='slide'/><geom size='.1'/>"
      "</body></worldbody>" MOTOR "</mujoco>";
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.forward_only = true;
  df_system *s, *copy;
  df_sim* sim;
  OK(df_mujoco_system_from_xml(pgs, "pgs", &cfg, &s));
  OK(df_mujoco_copy_with_tolerance(s, DF_CONVERGED, &copy));
  assert_true(as_mujoco(copy)->forward_only);
  assert_int_equal(df_sim_new(copy, 1, &sim), DF_E_CONFIG);
  OK(df_sim_new(copy, 0, &sim));
  df_sim_free(copy, sim);
  df_system_free(copy);
  df_system_free(s);
}

static void differences_agree_with_plainer_ones(void** state) {
  (void)state;
  int differenced = 0;
  for (int i = 0; i < NCASE; i++) {
    df_system* s = limbed(&CASES[i], true);
    double error[64];
    const bool iterative = strstr(CASES[i].name, "cylinder") != NULL;
    const int n = errors_along_a_walk(s, iterative ? 1e-4 : 3e-6, error);
    qsort(error, (size_t)n, sizeof *error, by_size);
    print_message("%s: median %.1e, worst %.1e of %d, nv %d, %d features differenced\n", CASES[i].name, error[n / 2],
                  error[n - 1], n, df_mujoco_nv(s), count_kind(s, DF_FEATURE_DIFFERENCED));
    /* Finite differences at 1e-6 and 3e-6 differ by rounding and by truncation in contacts; a wrong column has an error
     * of 0.1. A quarter of the states may lie on kinks. Contacts of curved shapes have errors of 1e-7, divided by steps
     * of 3e-5. */
    assert_true(error[n / 2] < (iterative ? 1e-3 : 1e-5));
    assert_true(error[n * 3 / 4] < (iterative ? 2e-2 : 1e-3));
    differenced += count_kind(s, DF_FEATURE_DIFFERENCED) > 0;
    df_system_free(s);
  }
  /* at least noslip, PGS and curved pairs have no other adjoint */
  assert_true(differenced >= 4);
}

static void differences_agree_with_the_exact_adjoint(void** state) {
  (void)state;
  static const char* const options[] = {"", "cone='elliptic' impratio='10'", "integrator='implicitfast'"};
  for (size_t o = 0; o < sizeof options / sizeof *options; o++) {
    enum { T = 40 };
    df_system* s = quadruped(options[o], "damping='.5' frictionloss='.1'", "ctrlrange='-3 3'", "condim='4'", 3);
    motion m = random_motion(s, T, T, 1, 0.4, 0.3, 11);
    double x1[64], y[64], exact[64], by_step[64], error[T];
    const double zero[64] = {0};
    df_sim* sim;
    OK(df_sim_new(s, T, &sim));
    OK(df_sim_bound_tape(s, sim, 1 << 24));
    s->ops->reset(sim, m.x);
    for (int t = 0; t < T; t++) assert_int_equal(s->ops->step(sim, m.u + t * s->nu, x1), DF_TRAJ_COMPLETE);
    for (int t = 0; t < T; t++) {
      df_rng_normal(5, DF_STREAM_TEST, (uint64_t)t, (size_t)s->ndx, y);
      assert_int_equal(s->ops->step_vjp(sim, t, y, exact, exact + s->ndx), DF_TRAJ_COMPLETE);
      difference_action(s, sim, sim->history.starts + (size_t)t * sim->history.state_size, m.u + t * s->nu, y, by_step);
      error[t] = distance(exact, by_step, s->ndx + s->nu) / distance(exact, zero, s->ndx + s->nu);
    }
    qsort(error, T, sizeof *error, by_size);
    print_message("quadruped %s: median %.1e, worst %.1e\n", options[o], error[T / 2], error[T - 1]);
    /* the adjoint is evaluated at a solution with the model's tolerance of 1e-8, the difference at converged solutions
     */
    assert_true(error[T / 2] < 1e-6);
    assert_true(error[T - 1] < 1e-3);
    df_sim_free(s, sim);
    motion_free(&m);
    df_system_free(s);
  }
}

/* states on either side of a limit whose force begins with a jump, closer to it than the difference step of 1e-6 */
static void a_jump_beside_the_state_does_not_enter(void** state) {
  (void)state;
  df_system* s = model_text(
      "<mujoco><option timestep='.01' gravity='0 0 0'/><worldbody><body><joint name='x' type='slide' axis='1 0 0'"
      " limited='true' range='0 1' solimplimit='.9 .9 .01'/><geom size='.1' mass='1'/></body></worldbody>"
      "<actuator><motor joint='x'/></actuator></mujoco>",
      1);
  /* moving and pulled towards the limit, whose impedance is 0.9 */
  const double at[4] = {3e-7, -3e-7, 1e-9, -1e-9}, u = -0.3, y[2] = {0.7, 1.1};
  double x1[2], exact[3], by_step[3];
  df_sim* sim;
  OK(df_sim_new(s, 1, &sim));
  OK(df_sim_bound_tape(s, sim, 1 << 20));
  for (int i = 0; i < 4; i++) {
    const double x[2] = {at[i], -0.1};
    s->ops->reset(sim, x);
    assert_int_equal(s->ops->step(sim, &u, x1), DF_TRAJ_COMPLETE);
    assert_int_equal(s->ops->step_vjp(sim, 0, y, exact, &exact[2]), DF_TRAJ_COMPLETE);
    difference_action(s, sim, sim->history.starts, &u, y, by_step);
    /* rounding of a one-sided difference at step 1e-6; across the jump the difference would be about 1e4 */
    for (int k = 0; k < 3; k++) CLOSE(by_step[k], exact[k], 1e-6);
  }
  df_sim_free(s, sim);
  df_system_free(s);
}

/* ---- bounds of the action ---- */

static void a_control_at_its_bound_is_moved_inwards_only(void** state) {
  (void)state;
  const limbed_case plain = {"plain", "noslip_iterations='1'", "", "", "", MOTOR};
  df_system* s = limbed(&plain, true);
  double x[64], x1[64], y[64], xbar[64], slope[5];
  const double u[5] = {0.3, 1, -1, 1.5, -2};
  df_sim* sim;
  OK(df_sim_new(s, 1, &sim));
  df_mujoco_initial_state(s, x);
  x[2] = 1;
  df_rng_normal(5, DF_STREAM_TEST, 0, (size_t)s->ndx, y);
  for (int i = 0; i < 5; i++) {
    s->ops->reset(sim, x);
    assert_int_equal(s->ops->step(sim, &u[i], x1), DF_TRAJ_COMPLETE);
    assert_int_equal(s->ops->step_vjp(sim, 0, y, xbar, &slope[i]), DF_TRAJ_COMPLETE);
    assert_true(df_mujoco_step_differenced(sim, 0));
  }
  /* in the air the step is linear in the torque; the tolerance is the rounding of a difference at step 1e-6 */
  assert_true(fabs(slope[0]) > 1e-3);
  CLOSE(slope[1], slope[0], 1e-6 * fabs(slope[0]) + 1e-8);
  CLOSE(slope[2], slope[0], 1e-6 * fabs(slope[0]) + 1e-8);
  CLOSE(slope[3], 0, 0);
  CLOSE(slope[4], 0, 0);
  df_sim_free(s, sim);
  df_system_free(s);
}

static void an_activation_at_its_bound_is_moved_inwards_only(void** state) {
  (void)state;
  /* noslip makes every step a differenced step */
  const limbed_case integral = {"integral", "noslip_iterations='1'",
                                "",         "",
                                "",         "<actuator><intvelocity joint='j' kp='3' actrange='-1 1'/></actuator>"};
  df_system* s = limbed(&integral, true);
  double x[64], x1[64], y[64], xbar[64], ubar, slope[2];
  df_sim* sim;
  OK(df_sim_new(s, 1, &sim));
  df_mujoco_initial_state(s, x);
  x[2] = 1;
  assert_int_equal(s->ndx, 2 * df_mujoco_nv(s) + 1);
  memset(y, 0, sizeof y);
  y[s->ndx - 1] = 1; /* the next activation, clamped to its range */
  for (int i = 0; i < 2; i++) {
    const double u = 0;
    x[s->nx - 1] = i == 0 ? 0.5 : 1;
    s->ops->reset(sim, x);
    assert_int_equal(s->ops->step(sim, &u, x1), DF_TRAJ_COMPLETE);
    assert_int_equal(s->ops->step_vjp(sim, 0, y, xbar, &ubar), DF_TRAJ_COMPLETE);
    slope[i] = xbar[s->ndx - 1];
  }
  /* at control 0 the activation is constant; the tolerance is the rounding of a difference at step 1e-6 */
  CLOSE(slope[0], 1, 1e-9);
  CLOSE(slope[1], 1, 1e-9);
  df_sim_free(s, sim);
  df_system_free(s);
}

/* The adjoint at the activation `act`, which is the last coordinate of the state, and the control u, in the air. The
 * cotangent is 1 for coordinate `of` of the next state; returns the slopes by activation and control. */
static void slopes_by_activation(const df_system* s, df_sim* sim, double act, double u, int of, double slope[2]) {
  double x[64], x1[64], y[64] = {0}, xbar[64];
  df_mujoco_initial_state(s, x);
  x[2] = 1;
  x[s->nx - 1] = act;
  y[of] = 1;
  s->ops->reset(sim, x);
  assert_int_equal(s->ops->step(sim, &u, x1), DF_TRAJ_COMPLETE);
  assert_int_equal(s->ops->step_vjp(sim, 0, y, xbar, &slope[1]), DF_TRAJ_COMPLETE);
  assert_true(df_mujoco_step_differenced(sim, 0));
  slope[0] = xbar[s->ndx - 1];
}

/* The slopes of a muscle's activation act + h (u - act)/tau by formula, with MuJoCo's time constants of 10 and 40 ms.
 * At a bound they are those of the inside, also where u = act and the time constant jumps. */
static void muscle_slopes(double act, double u, double slope[2]) {
  const double h = 0.004, shape = 0.5 + 1.5 * fmin(fmax(act, 0), 1), excess = fmin(fmax(u, 0), 1) - act;
  for (int by = 0; by < 2; by++) {
    const double inwards = (by == 0 ? act : u) == 0 ? 1 : -1, side = by == 0 ? -inwards : inwards;
    const bool rises = (excess != 0 ? excess : side) > 0;
    const double tau = rises ? 0.01 * shape : 0.04 / shape;
    const double turn = act < 0 || act > 1 ? 0 : rises ? 0.015 : -0.06 / (shape * shape);
    slope[by] = by == 1 ? (u < 0 || u > 1 ? 0 : h / tau) : 1 - h / tau - h * excess * turn / (tau * tau);
  }
}

static void a_muscle_at_a_bound_has_the_slope_of_the_inside(void** state) {
  (void)state;
  static const double acts[] = {0, 1e-7, 0.4, 1 - 3e-7, 1, -0.1, 1.2}, controls[] = {0, 0.3, 1, -0.5, 1.5};
  static const limbed_case muscle = {
      "muscle", "", "", "", "range='-1 1'", "<actuator><muscle joint='j' force='20' lengthrange='-1 1'/></actuator>"};
  df_system* s = limbed(&muscle, true);
  df_sim* sim;
  OK(df_sim_new(s, 1, &sim));
  assert_true(s->u_lo[0] == 0 && s->u_hi[0] == 1);
  for (int i = 0; i < 7; i++) {
    for (int k = 0; k < 5; k++) {
      double slope[2], right[2];
      /* a kink within the difference step */
      const double excess = fabs(controls[k] - acts[i]);
      if (excess > 0 && excess < 1e-6) continue;
      slopes_by_activation(s, sim, acts[i], controls[k], s->ndx - 1, slope);
      muscle_slopes(acts[i], controls[k], right);
      /* rounding, and third order, of a difference at step 1e-6; first order is wrong by up to 4e-6 */
      CLOSE(slope[0], right[0], 1e-8);
      CLOSE(slope[1], right[1], 1e-8);
      if (acts[i] == 0 && controls[k] == 0.3) CLOSE(right[0], -0.52, 1e-12);
      if (acts[i] == 0 && controls[k] == 0) CLOSE(right[0], 0.95, 1e-12);
    }
  }
  df_sim_free(s, sim);
  df_system_free(s);
}

/* MuJoCo clamps the next activation, not the one that the force follows */
static void an_activation_beyond_its_range_still_acts(void** state) {
  (void)state;
  const limbed_case integral = {"integral", "noslip_iterations='1'",
                                "",         "",
                                "",         "<actuator><intvelocity joint='j' kp='3' actrange='-1 1'/></actuator>"};
  df_system* s = limbed(&integral, true);
  const int hinge = 2 * df_mujoco_nv(s) - 1;
  double inside[2], beyond[2];
  df_sim* sim;
  OK(df_sim_new(s, 1, &sim));
  slopes_by_activation(s, sim, 0.5, 0.1, hinge, inside);
  slopes_by_activation(s, sim, 1.5, 0.1, hinge, beyond);
  assert_true(fabs(inside[0]) > 1e-3);
  CLOSE(beyond[0], inside[0], 1e-6 * fabs(inside[0]));
  slopes_by_activation(s, sim, 1.5, 0.1, s->ndx - 1, beyond);
  CLOSE(beyond[0], 0, 0);
  df_sim_free(s, sim);
  df_system_free(s);
}

/* ---- admitted features ---- */

static void without_the_option_the_reason_names_it(void** state) {
  (void)state;
  int refused = 0;
  for (int i = 0; i < NCASE; i++) {
    df_system* s = limbed(&CASES[i], false);
    df_system* admitted = limbed(&CASES[i], true);
    /* a model is refused without the option exactly if the option makes a feature differenced */
    assert_int_equal(s == NULL, count_kind(admitted, DF_FEATURE_DIFFERENCED) > 0);
    df_system_free(admitted);
    if (s) {
      df_system_free(s);
      continue;
    }
    s = limbed(&CASES[i], false);
    assert_null(s);
    assert_non_null(strstr(df_error_message(), "finite_differences"));
    assert_non_null(strstr(df_error_message(), CASES[i].name));
    refused++;
  }
  assert_true(refused >= 4);
}

static void what_remembers_more_than_its_state_stays_refused(void** state) {
  (void)state;
  static const limbed_case cases[] = {
    {"sleep", "", "", "", "", "<option><flag sleep='enable'/></option>" MOTOR},
    {"delay", "", "", "", "", "<actuator><motor joint='j' delay='.01' nsample='4'/></actuator>"},
#if mjVERSION_HEADER >= 4000001
    {"plasticity", "", "", "", "stiffness='5' springyield='.1'", MOTOR},
#endif
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char xml[8192];
    df_mujoco_cfg cfg = df_mujoco_cfg_default();
    df_system* s = NULL;
    cfg.finite_differences = cfg.approximate_contacts = true;
    snprintf(xml, sizeof xml, LIMBED, cases[i].option, cases[i].world, cases[i].body, cases[i].hinge, cases[i].tail);
    const df_status status = df_mujoco_system_from_xml(xml, "test.xml", &cfg, &s);
    if (status != DF_E_UNSUPPORTED) fail_msg("%s: %s %s", cases[i].name, df_status_text(status), df_error_message());
    assert_non_null(strstr(df_error_message(), cases[i].name));
    assert_null(strstr(df_error_message(), "admitted by"));
  }
}

static void push_something(const mjModel* m, mjData* d) {
  (void)m;
  d->qfrc_passive[0] += 1;
}

static void a_callback_of_the_process_is_refused(void** state) {
  (void)state;
  const limbed_case plain = {"plain", "", "", "", "", MOTOR};
  mjcb_passive = push_something;
  char xml[8192];
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* s = NULL;
  cfg.finite_differences = true;
  snprintf(xml, sizeof xml, LIMBED, "", "", "", "", MOTOR);
  const df_status status = df_mujoco_system_from_xml(xml, "test.xml", &cfg, &s);
  mjcb_passive = NULL;
  assert_int_equal(status, DF_E_UNSUPPORTED);
  assert_non_null(strstr(df_error_message(), "mjcb_passive"));
  s = limbed(&plain, true);
  assert_int_equal(count_kind(s, DF_FEATURE_DIFFERENCED), 0);
  df_system_free(s);
}

static void differences_by_parameters_are_refused(void** state) {
  (void)state;
  char xml[8192];
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* s = NULL;
  cfg.finite_differences = cfg.parameter_gradients = true;
  snprintf(xml, sizeof xml, LIMBED, "", "", "", "", MOTOR);
  assert_int_equal(df_mujoco_system_from_xml(xml, "test.xml", &cfg, &s), DF_E_CONFIG);
  assert_non_null(strstr(df_error_message(), "parameter_gradients"));
}

/* ---- reports and counts ---- */

static void features_are_reported_by_kind(void** state) {
  (void)state;
  const limbed_case both = {
      "both", "noslip_iterations='3'", "<geom name='wall' type='cylinder' size='1 1' pos='9 0 0'/>", "", "", MOTOR};
  char text[1024], little[24], xml[8192];
  df_system* s = limbed(&both, true);
  df_mujoco_inexact_features(s, text, sizeof text);
  assert_non_null(strstr(text, "differenced: noslip (option noslip_iterations=\"3\")"));
  assert_non_null(strstr(text, "contact"));
  assert_null(strstr(text, "approximate"));
  assert_true(count_kind(s, DF_FEATURE_EXACT) >= 4); /* integrator, solver, joints, actuators */
  df_mujoco_inexact_features(s, little, sizeof little);
  assert_int_equal(strlen(little), sizeof little - 1);
  df_system_free(s);

  /* with both options contacts are approximate rather than differenced */
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.finite_differences = cfg.approximate_contacts = true;
  snprintf(xml, sizeof xml, LIMBED, both.option, both.world, both.body, both.hinge, both.tail);
  OK(df_mujoco_system_from_xml(xml, "both", &cfg, &s));
  df_mujoco_inexact_features(s, text, sizeof text);
  assert_non_null(strstr(text, "; approximate: contact"));
  df_system_free(s);

  const limbed_case plain = {"plain", "", "", "", "", MOTOR};
  s = limbed(&plain, true);
  assert_string_equal(df_mujoco_inexact_features(s, text, sizeof text), "");
  df_system_free(s);
  assert_string_equal(df_feature_kind_text(DF_FEATURE_DIFFERENCED), "differenced");
  assert_string_equal(df_feature_kind_text(DF_FEATURE_REFUSED), "refused");
}

static double height(void* context, int b, const double* x, double* dx) {
  const df_system* s = context;
  (void)b;
  dx[8 * s->ndx + 2] = 1;
  return x[8 * s->nx + 2];
}

/* only steps in which an inexact contact pushes are differenced, for any number of threads */
static void differenced_steps_are_counted(void** state) {
  (void)state;
  enum { B = 6, H = 12 };
  const limbed_case wall = {"wall", "", "<geom name='wall' type='cylinder' size='.4 .05' pos='0 0 .05'/>",
                            "",     "", MOTOR};
  df_system* s = limbed(&wall, true);
  double x0[B * 64], u[B * H] = {0}, loss[B], du[B * H];
  for (int b = 0; b < B; b++) {
    df_mujoco_initial_state(s, x0 + b * s->nx);
    x0[b * s->nx + 2] = b < 3 ? 2 : 0.19; /* in the air, or on the wall */
  }
  for (int threads = 1; threads <= 4; threads *= 2) {
    df_rollout* r;
    OK(df_rollout_new(s, &(df_rollout_cfg){.threads = threads, .tape_length = H}, &r));
    OK(df_rollout_gradient(r, &(df_rollout_batch){.B = B, .H = H, .x0 = x0, .u = u},
                           &(df_rollout_loss){.fn = height, .context = s, .losses = loss, .du = du}));
    const df_gradient_count n = df_rollout_gradient_count(r);
    print_message("%d threads: %ld steps, %ld approximate, %ld differenced\n", threads, n.steps, n.approximate,
                  n.differenced);
    assert_int_equal(n.steps, B * H);
    assert_int_equal(n.approximate, 0);
    assert_true(n.differenced > 0 && n.differenced <= 3 * H);
    df_rollout_free(r);
  }
  df_system_free(s);

  const limbed_case noslip = {"noslip", "noslip_iterations='3'", "", "", "", MOTOR};
  s = limbed(&noslip, true);
  df_rollout* r;
  for (int b = 0; b < B; b++) df_mujoco_initial_state(s, x0 + b * s->nx);
  OK(df_rollout_new(s, &(df_rollout_cfg){.threads = 2, .tape_length = H}, &r));
  OK(df_rollout_gradient(r, &(df_rollout_batch){.B = B, .H = H, .x0 = x0, .u = u},
                         &(df_rollout_loss){.fn = height, .context = s, .losses = loss, .du = du}));
  assert_int_equal(df_rollout_gradient_count(r).differenced, B * H);
  df_rollout_free(r);
  df_system_free(s);
}

/* a differenced adjoint uses the simulator; the trajectory continues with the same bits afterwards */
static void the_trajectory_goes_on_after_a_differenced_adjoint(void** state) {
  (void)state;
  enum { T = 20 };
  const limbed_case noslip = {"noslip", "noslip_iterations='3'", "", "", "", MOTOR};
  df_system* s = limbed(&noslip, true);
  double straight[(T + 1) * 64], x[(T + 1) * 64], u[T], y[64] = {1}, ubar;
  df_sim* sim;
  OK(df_sim_new(s, T, &sim));
  walk(s, sim, T, straight, u);
  memcpy(x, straight, (size_t)s->nx * sizeof *x);
  s->ops->reset(sim, x);
  for (int t = 0; t < T; t++) {
    double xbar[64];
    assert_int_equal(s->ops->step(sim, u + t, x + (t + 1) * s->nx), DF_TRAJ_COMPLETE);
    assert_int_equal(s->ops->step_vjp(sim, t / 2, y, xbar, &ubar), DF_TRAJ_COMPLETE);
  }
  assert_memory_equal(x, straight, (size_t)((T + 1) * s->nx) * sizeof *x);
  df_sim_free(s, sim);
  df_system_free(s);
}

/* the adjoint of an action of three substeps is bit-identical to that of three actions of one substep */
static void an_action_is_the_chain_of_its_substeps(void** state) {
  (void)state;
  enum { SUBSTEPS = 3, T = 12 };
  static const char* const names[] = {"noslip", "capsule on cylinder"};
  for (int i = 0; i < 2; i++) {
    int at = 0;
    while (strcmp(CASES[at].name, names[i]) != 0) at++;
    df_system *one = limbed(&CASES[at], true), *many = limbed_with(&CASES[at], true, SUBSTEPS);
    double x[(T + 1) * 64], fine[(SUBSTEPS * T + 1) * 64], u[T], y[2][64], ubar[2], sum, differenced = 0;
    df_sim *chain, *whole;
    OK(df_sim_new(one, SUBSTEPS * T, &chain));
    OK(df_sim_new(many, T, &whole));
    walk(many, whole, T, x, u);
    one->ops->reset(chain, x);
    for (int t = 0; t < SUBSTEPS * T; t++)
      assert_int_equal(one->ops->step(chain, u + t / SUBSTEPS, fine + t * one->nx), DF_TRAJ_COMPLETE);
    assert_memory_equal(fine + (SUBSTEPS * T - 1) * one->nx, x + T * one->nx, (size_t)one->nx * sizeof *x);
    for (int t = 0; t < T; t++) {
      df_rng_normal(5, DF_STREAM_TEST, (uint64_t)t, (size_t)one->ndx, y[0]);
      assert_int_equal(many->ops->step_vjp(whole, t, y[0], y[1], &ubar[1]), DF_TRAJ_COMPLETE);
      sum = 0;
      for (int k = SUBSTEPS - 1; k >= 0; k--) {
        assert_int_equal(one->ops->step_vjp(chain, SUBSTEPS * t + k, y[0], y[0], &ubar[0]), DF_TRAJ_COMPLETE);
        sum += ubar[0];
      }
      assert_memory_equal(y[0], y[1], (size_t)one->ndx * sizeof(double));
      CLOSE(sum, ubar[1], 0);
      differenced += df_mujoco_step_differenced(whole, t);
    }
    assert_true(differenced > 0);
    df_sim_free(one, chain);
    df_sim_free(many, whole);
    df_system_free(one);
    df_system_free(many);
  }
}

/* `save` keeps everything that a step reads, for every model whose steps are simulated again */
static void a_restored_state_steps_on_with_the_same_bits(void** state) {
  (void)state;
  enum { T = 30, FROM = 12 };
  for (int i = 0; i < NCASE; i++) {
    df_system* s = limbed(&CASES[i], true);
    double x[(T + 1) * 64], again[64], u[T * 8], saved[512];
    df_sim *sim, *other;
    assert_true(s->ops->state_size(s) <= 512);
    OK(df_sim_new(s, 0, &sim));
    OK(df_sim_new(s, 0, &other));
    walk(s, sim, T, x, u);
    s->ops->reset(sim, x);
    for (int t = 0; t < FROM; t++) assert_int_equal(s->ops->step(sim, u + t * s->nu, again), DF_TRAJ_COMPLETE);
    s->ops->save(sim, saved);
    /* restore on a simulator with another trajectory behind it */
    double away[T * 64];
    walk(s, other, T - 1, away, u);
    s->ops->restore(other, saved);
    for (int t = FROM; t < T; t++) {
      assert_int_equal(s->ops->step(other, u + t * s->nu, again), DF_TRAJ_COMPLETE);
      assert_memory_equal(again, x + (t + 1) * s->nx, (size_t)s->nx * sizeof *x);
    }
    df_sim_free(s, sim);
    df_sim_free(s, other);
    df_system_free(s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_copy_is_forward_only_as_its_original_is),
      cmocka_unit_test(differences_agree_with_plainer_ones),
      cmocka_unit_test(differences_agree_with_the_exact_adjoint),
      cmocka_unit_test(a_jump_beside_the_state_does_not_enter),
      cmocka_unit_test(a_control_at_its_bound_is_moved_inwards_only),
      cmocka_unit_test(an_activation_at_its_bound_is_moved_inwards_only),
      cmocka_unit_test(a_muscle_at_a_bound_has_the_slope_of_the_inside),
      cmocka_unit_test(an_activation_beyond_its_range_still_acts),
      cmocka_unit_test(without_the_option_the_reason_names_it),
      cmocka_unit_test(what_remembers_more_than_its_state_stays_refused),
      cmocka_unit_test(a_callback_of_the_process_is_refused),
      cmocka_unit_test(differences_by_parameters_are_refused),
      cmocka_unit_test(features_are_reported_by_kind),
      cmocka_unit_test(differenced_steps_are_counted),
      cmocka_unit_test(the_trajectory_goes_on_after_a_differenced_adjoint),
      cmocka_unit_test(an_action_is_the_chain_of_its_substeps),
      cmocka_unit_test(a_restored_state_steps_on_with_the_same_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
