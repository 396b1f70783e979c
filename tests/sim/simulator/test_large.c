/* Models with a sparse constraint Jacobian, and the solver CG: the adjoint against centred differences. */
#include "scattered.h"
#include "simulator.h"

/* ---- a model of several trees ---- */

enum { CRABS = 6 };

/* a free body with two legs of two joints, a rope between them and a knee that follows its hip; feet on the floor,
 * backs within reach of each other */
static size_t write_crab(char* xml, size_t room, int i) {
  return (size_t)snprintf(
      xml, room,
      "<body pos='%g %g .34'><freejoint/><geom name='back%d' type='sphere' size='.1' mass='2'/>"
      "<body pos='.1 0 0'><joint name='hip%d' axis='0 1 0'/><geom type='capsule' fromto='0 0 0 .1 0 -.1' size='.03' "
      "mass='.7' contype='0' conaffinity='0'/>"
      "<body pos='.1 0 -.1'><joint name='knee%d' axis='0 1 .2'/><geom type='sphere' pos='0 0 -.2' size='.05' "
      "mass='.5'/>"
      "</body></body>"
      "<body pos='-.1 0 0'><joint name='hop%d' axis='0 1 0'/><geom type='capsule' fromto='0 0 0 -.1 0 -.1' size='.03' "
      "mass='.7' contype='0' conaffinity='0'/>"
      "<body pos='-.1 0 -.1'><joint name='nee%d' axis='.1 1 0'/><geom type='sphere' pos='0 0 -.2' size='.05' "
      "mass='.5'/>"
      "</body></body></body>",
      0.19 * (i % 3), 0.19 * (i / 3), i, i, i, i, i);
}

static size_t write_couplings(char* xml, size_t room) {
  size_t n = 0;
  n += (size_t)snprintf(xml + n, room - n, "<tendon>");
  for (int i = 0; i < CRABS; i++)
    n += (size_t)snprintf(xml + n, room - n,
                          "<fixed name='rope%d' stiffness='5' damping='.5' range='-.02 .02'><joint joint='hip%d' "
                          "coef='1'/><joint joint='hop%d' coef='-.5'/></fixed>",
                          i, i, i);
  n += (size_t)snprintf(xml + n, room - n, "</tendon><equality>");
  for (int i = 0; i < CRABS; i++)
    n += (size_t)snprintf(xml + n, room - n,
                          "<joint joint1='knee%d' joint2='hip%d' polycoef='0 .5 .3 0 0' solref='.05 1'/>", i, i);
  n += (size_t)snprintf(xml + n, room - n, "</equality><actuator>");
  for (int i = 0; i < CRABS; i++)
    n += (size_t)snprintf(xml + n, room - n, "<motor joint='hip%d'/><position joint='nee%d' kp='5' kv='.5'/>", i, i);
  return n + (size_t)snprintf(xml + n, room - n, "</actuator></mujoco>");
}

static df_system* crabs(const char* option) {
  enum { ROOM = 1 << 15 };
  char* xml = df_alloc(ROOM, 1);
  size_t n = (size_t)snprintf(xml, ROOM,
                              "<mujoco><compiler angle='radian' autolimits='true'/><option timestep='.004' %s/>"
                              "<default><geom friction='.7' solimp='.5 .9 .05' solref='.04 1'/>"
                              "<joint damping='.1' armature='.01'/></default>"
                              "<worldbody><geom name='floor' type='plane' size='9 9 .1'/>",
                              option);
  for (int i = 0; i < CRABS; i++) n += write_crab(xml + n, ROOM - n, i);
  n += (size_t)snprintf(xml + n, ROOM - n, "</worldbody>");
  n += write_couplings(xml + n, ROOM - n);
  assert_true(n < ROOM);
  df_system* s = model_text(xml, 1);
  df_free(xml);
  return s;
}

/* how many of n states have the crabs' feet on the floor and two backs against each other */
static int touching(const df_system* s, int n, const double* x) {
  const int geoms[] = {df_mujoco_geom(s, "floor"), df_mujoco_geom(s, "back0")};
  int count = 0;
  df_sim* sim;
  OK(df_sim_new(s, 0, &sim));
  for (int i = 0; i < n; i++) {
    uint8_t touch[2];
    df_mujoco_pose(sim, x + i * s->nx);
    df_mujoco_touching(sim, 2, geoms, touch);
    count += touch[0] && touch[1];
  }
  df_sim_free(s, sim);
  return count;
}

static void check_crabs(const char* option) {
  enum { N = 10 };
  df_system* s = crabs(option);
  assert_int_equal(df_mujoco_nv(s), 60);
  assert_true(mj_isSparse(as_mujoco(s)->model));
  motion m = scattered(s, N, .02, 3);
  df_gradcheck_point p[N];
  OK(df_gradcheck_run(s, &(df_gradcheck_cfg){.seed = 5, .threads = 2},
                      &(df_gradcheck_states){.n = N, .x = m.x, .u = m.u}, p));
  const summary q = sum_up(N, p);
  const int count = touching(s, N, m.x);
  print_message("60 degrees of freedom, '%s': %d touching, %d smooth, median %.1e, worst %.1e\n", option, count,
                q.smooth, q.median, q.worst);
  assert_true(count >= N / 2);
  assert_true(q.smooth >= N * 7 / 10);
  assert_true(q.median <= MEDIAN);
  assert_true(q.p99 <= P99);
  motion_free(&m);
  df_system_free(s);
}

static void a_sparse_jacobian_agrees_with_differences(void** state) {
  (void)state;
  check_crabs("");
  check_crabs("cone='elliptic' integrator='implicitfast'");
}

/* xbar and ubar of one step from state x */
static void gradient(const df_system* s, const double* x, const double* u, double* out) {
  double *y = df_alloc((size_t)s->ndx, sizeof *y), *x1 = df_alloc((size_t)s->nx, sizeof *x1);
  df_sim* sim;
  OK(df_sim_new(s, 1, &sim));
  df_rng_normal(8, DF_STREAM_TEST, 0, (size_t)s->ndx, y);
  s->ops->reset(sim, x);
  assert_int_equal(s->ops->step(sim, u, x1), DF_TRAJ_COMPLETE);
  assert_int_equal(s->ops->step_vjp(sim, 0, y, out, out + s->ndx), DF_TRAJ_COMPLETE);
  df_sim_free(s, sim);
  df_free(y);
  df_free(x1);
}

/* the largest difference of two systems' gradients over that of the gradients, at states about the initial one */
static double disagreement(df_system* first, df_system* second, double spread) {
  enum { N = 10 };
  df_system* const systems[2] = {first, second};
  const int n = first->ndx + first->nu;
  double* out[2] = {df_alloc((size_t)n, sizeof(double)), df_alloc((size_t)n, sizeof(double))};
  motion m = scattered(first, N, spread, 5);
  double worst = 0, largest = 0;
  for (int i = 0; i < N; i++) {
    for (int k = 0; k < 2; k++) gradient(systems[k], m.x + i * first->nx, m.u + i * first->nu, out[k]);
    for (int k = 0; k < n; k++) {
      worst = fmax(worst, fabs(out[0][k] - out[1][k]));
      largest = fmax(largest, fabs(out[0][k]));
    }
  }
  for (int k = 0; k < 2; k++) {
    df_free(out[k]);
    df_system_free(systems[k]);
  }
  motion_free(&m);
  return worst / largest;
}

static void dense_and_sparse_gradients_are_the_same(void** state) {
  (void)state;
  df_system* dense = crabs("tolerance='1e-15' jacobian='dense'");
  df_system* sparse = crabs("tolerance='1e-15'");
  assert_false(mj_isSparse(as_mujoco(dense)->model));
  assert_true(mj_isSparse(as_mujoco(sparse)->model));
  const double d = disagreement(dense, sparse, .02);
  print_message("dense against sparse: %.1e\n", d);
  /* the same sums in another order: rounding, enlarged by a Hessian whose masses span four orders */
  assert_true(d <= 1e-11);
}

/* ---- CG ---- */

/* CG comes as near to the solution as it is let: with a tight tolerance the gradient is Newton's up to what is left */
static void cg_has_the_gradient_of_newton(void** state) {
  (void)state;
#define TIGHT "tolerance='1e-15' iterations='500' "
  static const char* const pairs[][2] = {{TIGHT "solver='CG'", TIGHT},
                                         {TIGHT "solver='CG' cone='elliptic'", TIGHT "cone='elliptic'"}};
  for (size_t i = 0; i < 2; i++) {
    const char *cg = pairs[i][0], *newton = pairs[i][1];
    const double small =
        disagreement(quadruped(cg, "damping='.5'", "", "", 1), quadruped(newton, "damping='.5'", "", "", 1), .05);
    const double large = disagreement(crabs(cg), crabs(newton), .02);
    print_message("CG against Newton: quadruped %.1e, crabs %.1e\n", small, large);
    assert_true(small <= 1e-7 && large <= 1e-7);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_sparse_jacobian_agrees_with_differences),
      cmocka_unit_test(dense_and_sparse_gradients_are_the_same),
      cmocka_unit_test(cg_has_the_gradient_of_newton),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
