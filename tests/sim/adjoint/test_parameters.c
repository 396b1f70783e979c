/* The gradient by model parameters against centred finite differences. */
#include "dynaflow/sim/parameters.h"
#include "models.h"

/* slow */

/* Tolerances relative to the largest derivative by a parameter of the same kind. Rounding of the loss, about 1e-10
 * divided by a relative step of 1e-5, is reduced to 1e-8 by taking the better of two step sizes. */
static const double MEDIAN = 1e-7, P90 = 1e-5;
static const double EPS[2] = {1e-5, 2e-6};

enum { KINDS = DF_PARAMETER_VELOCITY_GAIN + 1, ERRORS_MAX = 40000 };

typedef struct errors {
  int n[KINDS], kinks[KINDS];
  double error[KINDS][ERRORS_MAX];
  double largest[KINDS]; /* largest derivative compared */
} errors;

static df_system* system_of(const char* xml) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.tolerance = 1e-15;
  cfg.parameter_gradients = true;
  df_system* s;
  OK(df_mujoco_system_from_xml(xml, "built-in model", &cfg, &s));
  return s;
}

static double loss_of(const df_system* s, df_sim* sim, int H, const double* x0, const double* u, const double* y,
                      double* path) {
  double e[DF_NDX_MAX], sum = 0;
  assert_int_equal(df_trajectory_run(s, sim, H, x0, u, path), DF_TRAJ_COMPLETE);
  s->ops->difference(s, x0, path + H * s->nx, e);
  for (int i = 0; i < s->ndx; i++) sum += y[i] * e[i];
  return sum;
}

static double difference_at(df_system* s, df_sim* sim, int H, const double* x0, const double* u, const double* y,
                            double* q, int i, double eps, double* path) {
  const double p = q[i], step = eps * p;
  double side[2];
  for (int j = 0; j < 2; j++) {
    q[i] = j == 0 ? p - step : p + step;
    OK(df_mujoco_set_parameters(s, q));
    side[j] = loss_of(s, sim, H, x0, u, y, path);
  }
  q[i] = p;
  OK(df_mujoco_set_parameters(s, q));
  return (side[1] - side[0]) / (2 * step);
}

static void compare_at(df_system* s, df_sim* sim, int H, const double* x0, const double* u, int index, errors* out) {
  const df_parameter* list;
  const int n = df_mujoco_parameters(s, &list);
  double y[DF_NDX_MAX], e[DF_NDX_MAX];
  double* memory = df_alloc((size_t)(2 * n + (H + 1) * (s->nx + s->ndx) + H * s->nu), sizeof *memory);
  double *p = memory, *dp = p + n, *path = dp + n, *dx = path + (H + 1) * s->nx, *du = dx + (H + 1) * s->ndx;
  double(*numeric)[2] = df_alloc((size_t)n, sizeof *numeric);
  df_rng_normal(9, DF_STREAM_TEST, (uint64_t)index, (size_t)s->ndx, y);
  df_mujoco_parameter_values(s, p);

  (void)loss_of(s, sim, H, x0, u, y, path);
  /* the loss is y . (x_H (-) x_0): pull y back through the difference to x_H */
  df_system_difference_vjp(s, x0, path + H * s->nx, y, e);
  memcpy(dx + H * s->ndx, e, (size_t)s->ndx * sizeof *dx);
  assert_int_equal(df_trajectory_vjp(s, sim, H, dx, 1, du, NULL), DF_TRAJ_COMPLETE);
  df_mujoco_parameter_gradient(sim, dp);

  double scale[KINDS] = {0};
  for (int i = 0; i < n; i++) {
    if (p[i] == 0) continue; /* cannot be decreased, so has no centred difference */
    for (int k = 0; k < 2; k++) numeric[i][k] = difference_at(s, sim, H, x0, u, y, p, i, EPS[k], path);
    scale[list[i].kind] = fmax(scale[list[i].kind], fabs(numeric[i][1]));
  }
  for (int i = 0; i < n; i++) {
    const df_parameter_kind k = list[i].kind;
    if (p[i] == 0 || scale[k] < 1e-9) continue;
    out->largest[k] = fmax(out->largest[k], scale[k]);
    if (fabs(numeric[i][0] - numeric[i][1]) > 1e-4 * scale[k]) {
      out->kinks[k]++;
      continue;
    }
    const double a = fabs(dp[i] - numeric[i][0]), b = fabs(dp[i] - numeric[i][1]);
    if (dp[i] == 0 && numeric[i][1] == 0) continue; /* zeros prove nothing */
    assert_true(out->n[k] < ERRORS_MAX);
    out->error[k][out->n[k]++] = fmin(a, b) / scale[k];
  }
  df_free(numeric);
  df_free(memory);
}

static int ascending(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

static void check_model(const char* name, const char* xml, int H, double size, double height, unsigned kinds) {
  enum { N = 12 };
  static errors e;
  memset(&e, 0, sizeof e);
  df_system* s = system_of(xml);
  motion m = random_motion(s, N * H, 60, 4, size, height, 21);
  df_sim* sim;
  OK(df_sim_new(s, H, &sim));
  for (int i = 0; i < N; i++) compare_at(s, sim, H, m.x + i * H * s->nx, m.u + i * H * s->nu, i, &e);
  for (int k = 0; k < KINDS; k++) {
    if (!(kinds & (1u << k))) continue;
    qsort(e.error[k], (size_t)e.n[k], sizeof(double), ascending);
    const double median = e.n[k] ? e.error[k][e.n[k] / 2] : NAN, p90 = e.n[k] ? e.error[k][e.n[k] * 9 / 10] : NAN;
    print_message("%s, %d actions, kind %d: %d compared, %d kinks, median %.1e, p90 %.1e, worst %.1e, largest %.1e\n",
                  name, H, k, e.n[k], e.kinks[k], median, p90, e.n[k] ? e.error[k][e.n[k] - 1] : NAN, e.largest[k]);
    assert_true(e.n[k] >= 4 && e.n[k] > 4 * e.kinks[k]);
    assert_true(median <= MEDIAN);
    assert_true(p90 <= P90);
  }
  df_sim_free(s, sim);
  df_system_free(s);
  motion_free(&m);
}

#define KIND(name) (1u << DF_PARAMETER_##name)
enum { ALL = (1 << KINDS) - 1 };

static void quadruped_agrees(void** state) {
  (void)state;
  static const struct {
    const char *option, *joint, *foot;
    unsigned without;
  } variants[] = {
      {"", "damping='.5'", "friction='.9 .02 .01'", KIND(FRICTION_TORSION) | KIND(FRICTION_ROLL)},
      {"", "damping='.5' actuatorfrcrange='-6 6'", "condim='6' priority='1'", 0},
      {"cone='elliptic' impratio='10'", "damping='.1'", "condim='6' friction='.5 .02 .01' priority='1'", 0},
      {"integrator='implicitfast'", "damping='.5' actuatorfrcrange='-6 6'", "condim='4' friction='.9 .03 .01'",
       KIND(FRICTION_ROLL)},
      {"integrator='implicitfast' cone='elliptic'", "damping='.5'", "condim='3' friction='.9 .02 .01'",
       KIND(FRICTION_TORSION) | KIND(FRICTION_ROLL)},
  };
  for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
    char xml[8192];
    snprintf(xml, sizeof xml, QUADRUPED, variants[i].option, variants[i].joint, "", variants[i].foot);
    check_model(variants[i].option, xml, 1, .4, .3, ALL & ~variants[i].without);
    check_model(variants[i].option, xml, 8, .4, .3, ALL & ~variants[i].without);
  }
}

/* bodies with inertia that MuJoCo stores as constants (dof_M0), a velocity servo, a motor, a general actuator */
static void simple_bodies_and_other_actuators_agree(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><option timestep='.004'/><worldbody><geom type='plane' size='5 5 1' friction='.9 .01 .001'/>"
      "<body pos='0 0 .1'><freejoint/><geom type='box' size='.1 .1 .1' mass='2' contype='0' friction='.6 .01 "
      ".001'/></body>"
      "<body pos='1 0 .3'><joint name='x' type='slide' axis='1 0 0' damping='.2' armature='.1'/>"
      "<joint name='z' type='slide' axis='0 0 1' damping='.2' armature='.1'/>"
      "<geom type='sphere' size='.05' mass='1.5' contype='0' friction='.6 .01 .001'/></body>"
      "<body pos='2 0 1'><joint name='h' axis='0 1 0' damping='.1' armature='.05'/>"
      "<geom type='capsule' fromto='0 0 0 .3 0 0' size='.03' mass='.7' contype='0' conaffinity='0'/></body></worldbody>"
      "<actuator><velocity joint='x' kv='3' ctrlrange='-9 9'/><motor joint='z' gear='2' ctrlrange='-9 9'/>"
      "<general joint='h' ctrlrange='-2 2' gainprm='4' biastype='affine' biasprm='.3 -2 -.5'/></actuator></mujoco>";
  const unsigned kinds = ALL & ~(KIND(FRICTION_TORSION) | KIND(FRICTION_ROLL));
  check_model("simple bodies", xml, 1, 1, 0, kinds);
  check_model("simple bodies", xml, 8, 1, 0, kinds);
}

/* a ball joint, gravity compensation, a tendon and a joint equality, under every integrator */
static void what_else_acts_does_not_disturb(void** state) {
  (void)state;
  static const char* const options[] = {"", "integrator='implicitfast'", "integrator='RK4'"};
  static const char format[] =
      "<mujoco><option timestep='.004' %s/><worldbody><geom type='plane' size='5 5 1' friction='.9 .01 .001'/>"
      "<body pos='0 0 .25' gravcomp='.3'><freejoint/><geom type='capsule' size='.05 .1' mass='2' contype='0'/>"
      "<body pos='.2 0 0' gravcomp='.5'><joint type='ball' damping='.2' armature='.02'/>"
      "<geom type='sphere' size='.05' pos='.1 0 0' mass='.6' contype='0' conaffinity='0'/>"
      "<body pos='.2 0 0'><joint name='h' axis='0 1 0' damping='.1' armature='.01'/>"
      "<geom type='sphere' size='.04' pos='.1 0 0' mass='.3' contype='0' conaffinity='0'/></body></body>"
      "<body pos='-.2 0 0'><joint name='k' axis='0 1 0' damping='.1' armature='.01'/>"
      "<geom type='sphere' size='.05' pos='-.1 0 0' mass='.4' contype='0'/></body></body></worldbody>"
      "<tendon><fixed name='t' stiffness='2' damping='.1'><joint joint='h' coef='1'/><joint joint='k' "
      "coef='-.5'/></fixed>"
      "</tendon><equality><joint joint1='h' joint2='k' polycoef='0 .5 0 0 0' solimp='.2 .5 .1'/></equality>"
      "<actuator><position joint='h' kp='3' kv='.2' ctrlrange='-1 1'/>"
      "<general joint='k' gainprm='2' ctrlrange='-1 1'/></actuator></mujoco>";
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
    char xml[4096];
    snprintf(xml, sizeof xml, format, options[i]);
    const unsigned kinds = ALL & ~(KIND(FRICTION_TORSION) | KIND(FRICTION_ROLL));
    check_model(options[i], xml, 1, 1, 0, kinds & ~KIND(FRICTION_SLIDE)); /* too few contacts in one step */
    check_model(options[i], xml, 8, 1, 0, kinds);
  }
}

#define LEVER(damping, kp)                                                                                    \
  "<mujoco><option timestep='.004' integrator='implicitfast'/><worldbody><body><joint name='h' axis='0 1 0' " \
  "damping='" damping                                                                                         \
  "'/><geom type='capsule' fromto='0 0 0 .3 0 0' size='.03' mass='.7'/></body></worldbody>"                   \
  "<actuator><position joint='h' kp='" kp "' kv='.2'/></actuator></mujoco>"

static void new_values_count_as_if_compiled(void** state) {
  (void)state;
  enum { H = 5 };
  const double x0[2] = {.3, -1}, u[H] = {.5, .1, -.2, .4, .3};
  double path[2][(H + 1) * 2], du[2][H], dx[(H + 1) * 2] = {0}, p[8];
  df_system* s[2] = {system_of(LEVER(".1", "3")), system_of(LEVER(".4", "7"))};
  const df_parameter* list;
  const int n = df_mujoco_parameters(s[0], &list);
  assert_true(n <= 8);
  df_mujoco_parameter_values(s[0], p);
  for (int i = 0; i < n; i++) {
    if (list[i].kind == DF_PARAMETER_DAMPING) p[i] = .4;
    if (list[i].kind == DF_PARAMETER_GAIN) p[i] = 7;
  }
  OK(df_mujoco_set_parameters(s[0], p));
  for (int i = 0; i <= H; i++) dx[2 * i] = 1 + i;
  for (int k = 0; k < 2; k++) {
    df_sim* sim;
    OK(df_sim_new(s[k], H, &sim));
    assert_int_equal(df_trajectory_run(s[k], sim, H, x0, u, path[k]), DF_TRAJ_COMPLETE);
    assert_int_equal(df_trajectory_vjp(s[k], sim, H, dx, 1, du[k], NULL), DF_TRAJ_COMPLETE);
    df_sim_free(s[k], sim);
    df_system_free(s[k]);
  }
  assert_memory_equal(path[0], path[1], sizeof path[0]);
  assert_memory_equal(du[0], du[1], sizeof du[0]);
}

static void models_without_this_gradient_are_refused(void** state) {
  (void)state;
  static const char free_body[] =
      "<mujoco><option integrator='implicitfast'/><worldbody><body name='lone'><freejoint/><geom size='.1'/></body>"
      "<body pos='1 0 0'><joint name='h'/><geom size='.1'/></body></worldbody>"
      "<actuator><motor joint='h'/></actuator></mujoco>";
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_system* s;
  OK(df_mujoco_system_from_xml(free_body, "built-in model", &cfg, &s));
  df_system_free(s);
  cfg.parameter_gradients = true;
  assert_int_equal(df_mujoco_system_from_xml(free_body, "built-in model", &cfg, &s), DF_E_UNSUPPORTED);
  assert_non_null(strstr(df_error_message(), "lone"));
}

static void bad_values_are_refused_and_change_nothing(void** state) {
  (void)state;
  char xml[8192];
  snprintf(xml, sizeof xml, QUADRUPED, "", "", "", "");
  df_system* s = system_of(xml);
  const df_parameter* list;
  const int n = df_mujoco_parameters(s, &list);
  double *before = df_alloc((size_t)n, sizeof *before), *p = df_alloc((size_t)n, sizeof *p),
         *after = df_alloc((size_t)n, sizeof *after);
  df_mujoco_parameter_values(s, before);
  int armature = 0, friction = 0;
  /* damping, armature and velocity gain may be 0, as each may be half of what it is; other numbers may not */
  for (int i = 0; i < n; i++) {
    const bool zero = list[i].kind == DF_PARAMETER_DAMPING || list[i].kind == DF_PARAMETER_ARMATURE ||
                      list[i].kind == DF_PARAMETER_VELOCITY_GAIN;
    memcpy(p, before, (size_t)n * sizeof *p);
    p[i] = 0;
    const df_status status = df_mujoco_set_parameters(s, p);
    if (status != (zero || before[i] == 0 ? DF_OK : DF_E_ARG)) fail_msg("%s = 0: status %d", list[i].name, status);
    OK(df_mujoco_set_parameters(s, before));
  }
  for (int i = 0; i < n; i++) {
    if (list[i].kind == DF_PARAMETER_ARMATURE) armature = i;
    if (list[i].kind == DF_PARAMETER_FRICTION_SLIDE) friction = i;
  }
  const struct {
    int i;
    double value;
  } bad[] = {{0, NAN}, {0, 0}, {0, -1}, {armature, -.1}, {friction, 0}, {n - 1, INFINITY}};
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    memcpy(p, before, (size_t)n * sizeof *p);
    p[1] *= 2;
    p[bad[k].i] = bad[k].value;
    assert_int_equal(df_mujoco_set_parameters(s, p), DF_E_ARG);
    assert_non_null(strstr(df_error_message(), list[bad[k].i].name));
    df_mujoco_parameter_values(s, after);
    assert_memory_equal(before, after, (size_t)n * sizeof *after);
  }
  df_free(before);
  df_free(p);
  df_free(after);
  df_system_free(s);
}

/* an actuator whose force increases with the velocity has a negative velocity gain */
static void values_as_they_are_may_stay(void** state) {
  (void)state;
  df_system* s = system_of(
      "<mujoco><worldbody><body><joint name='h'/><geom size='.1'/></body></worldbody>"
      "<actuator><general joint='h' biastype='affine' biasprm='0 0 .5'/></actuator></mujoco>");
  const df_parameter* list;
  const int n = df_mujoco_parameters(s, &list);
  double p[16];
  assert_true(n > 0 && n <= 16);
  assert_int_equal(list[n - 1].kind, DF_PARAMETER_VELOCITY_GAIN);
  df_mujoco_parameter_values(s, p);
  assert_true(p[n - 1] == -.5);
  OK(df_mujoco_set_parameters(s, p));
  p[n - 1] = -.4;
  assert_int_equal(df_mujoco_set_parameters(s, p), DF_E_ARG);
  df_system_free(s);
}

static void systems_have_parameters_only_if_asked(void** state) {
  (void)state;
  const df_parameter* list;
  df_system* s = quadruped("", "", "", "", 1);
  assert_int_equal(df_mujoco_parameters(s, &list), 0);
  df_system_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(quadruped_agrees),
      cmocka_unit_test(simple_bodies_and_other_actuators_agree),
      cmocka_unit_test(what_else_acts_does_not_disturb),
      cmocka_unit_test(new_values_count_as_if_compiled),
      cmocka_unit_test(models_without_this_gradient_are_refused),
      cmocka_unit_test(bad_values_are_refused_and_change_nothing),
      cmocka_unit_test(values_as_they_are_may_stay),
      cmocka_unit_test(systems_have_parameters_only_if_asked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
