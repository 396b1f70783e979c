/* Positions and velocities of points against MuJoCo's own functions on a model and data of the test, their adjoint
 * against mj_jac and differences. */
#include <mujoco/mujoco.h>

#include "models.h"

/* a free base, a ball joint, two joints on one body, a slide below a hinge, and points that are off the joints */
static const char CHAIN[] =
    "<mujoco><option integrator='Euler'/><worldbody><geom name='floor' type='plane' size='5 5 .1'/>"
    "<site name='fixed' pos='1 2 3'/>"
    "<body name='base' pos='0 0 1'><freejoint/><geom name='trunk' type='box' size='.2 .1 .05' pos='.02 .01 0'/>"
    "<body name='arm' pos='.2 .05 0'><joint name='ball' type='ball' pos='.01 .02 .03'/>"
    "<geom type='capsule' size='.02 .1' pos='0 .1 .05' quat='.9 .1 .3 .2'/>"
    "<body name='wrist' pos='.02 .2 .1' quat='.8 .2 -.4 .1'>"
    "<joint name='bend' axis='1 .3 0' pos='.02 0 .01'/><joint name='push' type='slide' axis='.2 0 1'/>"
    "<geom name='hand' size='.03' pos='.05 .02 .04'/>"
    "<body name='nail' pos='.1 0 0'><site name='tip' pos='.02 .03 .05'/></body></body></body>"
    "<body name='leg' pos='-.2 0 0'><joint name='hip' type='slide' axis='0 1 1'/><joint name='knee' axis='0 1 0'/>"
    "<geom name='foot' size='.02' pos='0 .01 -.3'/></body></body></worldbody>"
    "<actuator><motor name='m' joint='knee'/></actuator></mujoco>";

enum { POINTS = 7 };
static const struct {
  df_point_kind kind;
  const char* name;
  int object;
} names[POINTS] = {{DF_POINT_SITE, "fixed", mjOBJ_SITE}, {DF_POINT_BODY, "base", mjOBJ_XBODY},
                   {DF_POINT_GEOM, "trunk", mjOBJ_GEOM}, {DF_POINT_GEOM, "hand", mjOBJ_GEOM},
                   {DF_POINT_SITE, "tip", mjOBJ_SITE},   {DF_POINT_GEOM, "foot", mjOBJ_GEOM},
                   {DF_POINT_BODY, "nail", mjOBJ_XBODY}};

typedef struct fixture {
  df_system* s;
  df_sim* sim;
  df_point point[POINTS];
} fixture;

static fixture make(int tape) {
  fixture f = {.s = model_text(CHAIN, 2)};
  OK(df_sim_new(f.s, tape, &f.sim));
  for (int i = 0; i < POINTS; i++) {
    f.point[i] = df_mujoco_point(f.s, names[i].kind, names[i].name);
    assert_true(f.point[i].index >= 0 && f.point[i].kind == names[i].kind);
  }
  return f;
}

static void drop(fixture* f) {
  df_sim_free(f->s, f->sim);
  df_system_free(f->s);
}

/* a state far from the initial one, with quaternions off the identity and velocities of 1 */
static void random_state(const fixture* f, uint64_t event, double* x) {
  double start[64], e[64];
  df_mujoco_initial_state(f->s, start);
  df_rng_normal(1, DF_STREAM_TEST, event, (size_t)f->s->ndx, e);
  f->s->ops->integrate(f->s, start, e, x);
}

/* MuJoCo's model and data, loaded by the test */
typedef struct own {
  mjModel* m;
  mjData* d;
} own;

static own load(void) {
  char error[256];
  mjVFS vfs;
  mj_defaultVFS(&vfs);
  assert_int_equal(mj_addBufferVFS(&vfs, "chain.xml", CHAIN, sizeof CHAIN - 1), 0);
  own o = {.m = mj_loadXML("chain.xml", &vfs, error, sizeof error)};
  if (!o.m) fail_msg("%s", error);
  mj_deleteVFS(&vfs);
  o.d = mj_makeData(o.m);
  return o;
}

static void unload(own* o) {
  mj_deleteData(o->d);
  mj_deleteModel(o->m);
}

static void place(own* o, const double* x) {
  mju_copy(o->d->qpos, x, (int)o->m->nq);
  mju_copy(o->d->qvel, x + o->m->nq, (int)o->m->nv);
  mj_forward(o->m, o->d);
}

static void positions_and_velocities_are_those_of_mujoco(void** state) {
  (void)state;
  fixture f = make(0);
  own o = load();
  for (uint64_t event = 0; event < 5; event++) {
    double x[64], position[POINTS][3], velocity[POINTS][3], alone[POINTS][3];
    random_state(&f, event, x);
    place(&o, x);
    df_sim_points(f.s, f.sim, x, POINTS, f.point, &position[0][0], &velocity[0][0]);
    df_sim_points(f.s, f.sim, x, POINTS, f.point, &alone[0][0], NULL);
    assert_memory_equal(position, alone, sizeof alone);
    for (int i = 0; i < POINTS; i++) {
      mjtNum rates[6];
      const int id = f.point[i].index;
      const double* where = names[i].kind == DF_POINT_GEOM   ? o.d->geom_xpos + 3 * id
                            : names[i].kind == DF_POINT_SITE ? o.d->site_xpos + 3 * id
                                                             : o.d->xpos + 3 * id;
      mj_objectVelocity(o.m, o.d, names[i].object, id, rates, 0);
      for (int k = 0; k < 3; k++) {
        CLOSE(position[i][k], where[k], 1e-13);
        CLOSE(velocity[i][k], rates[3 + k], 1e-12);
      }
    }
  }
  unload(&o);
  drop(&f);
}

/* the Jacobian of a point by the function of MuJoCo for its kind */
static void jacobian_of(const own* o, const fixture* f, int i, mjtNum* jacobian) {
  if (names[i].kind == DF_POINT_GEOM) mj_jacGeom(o->m, o->d, jacobian, NULL, f->point[i].index);
  if (names[i].kind == DF_POINT_SITE) mj_jacSite(o->m, o->d, jacobian, NULL, f->point[i].index);
  if (names[i].kind == DF_POINT_BODY) mj_jacBody(o->m, o->d, jacobian, NULL, f->point[i].index);
}

static void the_adjoint_of_positions_is_the_transposed_jacobian(void** state) {
  (void)state;
  fixture f = make(0);
  own o = load();
  const int nv = (int)o.m->nv;
  for (uint64_t event = 0; event < 5; event++) {
    double x[64], dx[64] = {0}, y[3 * POINTS], expected[64] = {0};
    random_state(&f, event, x);
    place(&o, x);
    df_rng_normal(2, DF_STREAM_TEST, event, 3 * POINTS, y);
    for (int i = 0; i < POINTS; i++) {
      mjtNum jacobian[3 * 32], part[32];
      jacobian_of(&o, &f, i, jacobian);
      mju_mulMatTVec(part, jacobian, y + 3 * i, 3, nv);
      mju_addTo(expected, part, nv);
    }
    dx[3] = 7; /* it is added to */
    df_sim_points_vjp(f.s, f.sim, x, POINTS, f.point, y, NULL, dx);
    for (int k = 0; k < 2 * nv; k++) CLOSE(dx[k], expected[k] + (k == 3 ? 7 : 0), 1e-12);
    /* velocities depend on velocities by the same matrix */
    memset(dx, 0, sizeof dx);
    df_sim_points_vjp(f.s, f.sim, x, POINTS, f.point, NULL, y, dx);
    for (int k = 0; k < nv; k++) CLOSE(dx[nv + k], expected[k], 1e-12);
  }
  unload(&o);
  drop(&f);
}

/* sum of y . velocity (and z . position) of one point */
static double pairing(const fixture* f, const double* x, int i, const double* y, const double* z) {
  double position[3], velocity[3], sum = 0;
  df_sim_points(f->s, f->sim, x, 1, &f->point[i], position, velocity);
  for (int k = 0; k < 3; k++) sum += y[k] * velocity[k] + z[k] * position[k];
  return sum;
}

/* Centred differences of step 1e-5 have errors of about 1e-10 times third derivatives of order 10. */
static void every_derivative_agrees_with_differences(void** state) {
  (void)state;
  static const double STEP = 1e-5, LIMIT = 1e-8;
  fixture f = make(0);
  for (int i = 0; i < POINTS; i++) {
    double x[64], dx[64] = {0}, y[6];
    random_state(&f, 10 + (uint64_t)i, x);
    df_rng_normal(3, DF_STREAM_TEST, (uint64_t)i, 6, y);
    df_sim_points_vjp(f.s, f.sim, x, 1, &f.point[i], y + 3, y, dx);
    for (int k = 0; k < f.s->ndx; k++) {
      double e[64] = {0}, side[2], at[64];
      for (int up = 0; up < 2; up++) {
        e[k] = up ? STEP : -STEP;
        f.s->ops->integrate(f.s, x, e, at);
        side[up] = pairing(&f, at, i, y, y + 3);
      }
      CLOSE(dx[k], (side[1] - side[0]) / (2 * STEP), LIMIT);
    }
  }
  drop(&f);
}

/* steps and adjoints with questions in between have the bits of those without */
static void questions_leave_the_trajectory_as_it_is(void** state) {
  (void)state;
  enum { STEPS = 6 };
  double results[2][STEPS][2][64];
  memset(results, 0, sizeof results);
  for (int asks = 0; asks < 2; asks++) {
    fixture f = make(STEPS);
    double x[64], other[64], p[3 * POINTS], dx[64] = {0}, y[64], ubar, u = .4;
    random_state(&f, 20, x);
    random_state(&f, 21, other);
    x[2] = .3; /* the foot meets the floor */
    f.s->ops->reset(f.sim, x);
    for (int t = 0; t < STEPS; t++) {
      if (asks) df_sim_points(f.s, f.sim, other, POINTS, f.point, p, p);
      assert_int_equal(f.s->ops->step(f.sim, &u, x), DF_TRAJ_COMPLETE);
      if (asks) df_sim_points_vjp(f.s, f.sim, other, POINTS, f.point, p, p, dx);
      memcpy(results[asks][t][0], x, (size_t)f.s->nx * sizeof *x);
    }
    for (int k = 0; k < f.s->ndx; k++) y[k] = 1;
    for (int t = STEPS - 1; t >= 0; t--) {
      if (asks) df_sim_points_vjp(f.s, f.sim, other, POINTS, f.point, p, p, dx);
      assert_int_equal(f.s->ops->step_vjp(f.sim, t, y, y, &ubar), DF_TRAJ_COMPLETE);
      memcpy(results[asks][t][1], y, (size_t)f.s->ndx * sizeof *y);
    }
    drop(&f);
  }
  assert_memory_equal(results[0], results[1], sizeof results[0]);
}

static void a_point_without_a_name_in_the_model_has_no_index(void** state) {
  (void)state;
  fixture f = make(0);
  assert_true(df_system_has_points(f.s));
  assert_int_equal(df_mujoco_point(f.s, DF_POINT_SITE, "hand").index, -1);
  assert_int_equal(df_mujoco_point(f.s, DF_POINT_BODY, "").index, -1);
  assert_int_equal(df_mujoco_point(f.s, DF_POINT_GEOM, "base:0").index, df_mujoco_geom(f.s, "trunk"));
  drop(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(positions_and_velocities_are_those_of_mujoco),
                                     cmocka_unit_test(the_adjoint_of_positions_is_the_transposed_jacobian),
                                     cmocka_unit_test(every_derivative_agrees_with_differences),
                                     cmocka_unit_test(questions_leave_the_trajectory_as_it_is),
                                     cmocka_unit_test(a_point_without_a_name_in_the_model_has_no_index)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
