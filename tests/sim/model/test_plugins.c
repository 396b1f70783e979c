/* MuJoCo's own plugins are loaded, and what they do is differentiated by counted finite differences or refused by name.
 */
#include <mujoco/mujoco.h>

#include "models.h"
#include "unit.h"

#define CABLE                                                                                                        \
  "<mujoco><extension><plugin plugin='mujoco.elasticity.cable'/></extension><option timestep='.002'/><worldbody>"    \
  "<composite type='cable' curve='s' count='5 1 1' size='.4' offset='0 0 .5' initial='none'>%s<joint kind='main' "   \
  "damping='.01'/><geom type='capsule' size='.01' mass='.05'/></composite></worldbody><actuator><motor joint='J_1' " \
  "gear='.1 .2 .3 0 0 0'/></actuator></mujoco>"
#define ELASTIC                                                                                   \
  "<plugin plugin='mujoco.elasticity.cable'><config key='twist' value='1e6'/><config key='bend' " \
  "value='1e6'/></plugin>"
#define HINGE \
  "<worldbody><body><joint name='j' axis='0 1 0'/><geom size='.1' mass='1' pos='.1 0 0'/></body></worldbody>"
#define PID(config)                                                                                                 \
  "<mujoco><extension><plugin plugin='mujoco.pid'><instance name='p'><config key='kp' value='4'/><config key='ki' " \
  "value='2'/>" config "</instance></plugin></extension>" HINGE                                                     \
  "<actuator><plugin joint='j' plugin='mujoco.pid' instance='p' actdim='%d' ctrlrange='0 2'/></actuator></mujoco>"

static df_status compile(const char* xml, bool differences, df_system** s) {
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.finite_differences = differences;
  return df_mujoco_system_from_xml(xml, "model", &cfg, s);
}

static void says(const char* words) {
  if (!strstr(df_error_message(), words)) fail_msg("'%s' is not in: %s", words, df_error_message());
}

/* the first test: plugins are loaded by whichever thread compiles first */
static void threads_may_load_them_at_once(void** state) {
  (void)state;
  int failed = 0;
#pragma omp parallel for num_threads(4) reduction(+ : failed)
  for (int i = 0; i < 8; i++) {
    df_system* s;
    char xml[1024];
    snprintf(xml, sizeof xml, PID(""), 1);
    failed += compile(xml, true, &s) != DF_OK;
    df_system_free(s);
  }
  assert_int_equal(failed, 0);
}

/* y . (next state after moving coordinate k by +eps, minus that by -eps) / 2 eps, in MuJoCo alone */
static double difference(const mjModel* m, mjData* d, const double* x, double u, int k, const double* y) {
  const double eps = 1e-6;
  const int nq = (int)m->nq, nv = (int)m->nv;
  double q[2][64], v[2][64], move[64], sum = 0;
  for (int side = 0; side < 2; side++) {
    mj_resetData(m, d);
    mju_copy(d->qpos, x, nq);
    mju_copy(d->qvel, x + nq, nv);
    d->ctrl[0] = u;
    mju_zero(move, nv);
    if (k < nv) move[k] = 1;
    mj_integratePos(m, d->qpos, move, side ? eps : -eps);
    if (k >= nv && k < 2 * nv) d->qvel[k - nv] += side ? eps : -eps;
    if (k == 2 * nv) d->ctrl[0] += side ? eps : -eps;
    mj_step(m, d);
    mju_copy(q[side], d->qpos, nq);
    mju_copy(v[side], d->qvel, nv);
  }
  mj_differentiatePos(m, move, 2 * eps, q[0], q[1]);
  for (int i = 0; i < nv; i++) sum += y[i] * move[i] + y[nv + i] * (v[1][i] - v[0][i]) / (2 * eps);
  return sum;
}

static void a_cable_is_differentiated_by_counted_differences(void** state) {
  (void)state;
  if (mjVERSION_HEADER >= 4000000) skip_because("MuJoCo 4 has no cable plugin");
  char xml[1024], plain[1024], message[1000];
  snprintf(xml, sizeof xml, CABLE, ELASTIC);
  snprintf(plain, sizeof plain, CABLE, "");

  /* refused by name without the option */
  df_system *s, *without;
  assert_int_equal(compile(xml, false, &s), DF_E_UNSUPPORTED);
  says("plugin has no exact adjoint: mujoco.elasticity.cable, plugin 'composite' (admitted by finite_differences)");
  OK(compile(xml, true, &s));
  OK(compile(plain, false, &without));
  char text[512];
  assert_non_null(
      strstr(df_mujoco_inexact_features(s, text, sizeof text), "differenced: plugin (mujoco.elasticity.cable"));

  /* one step from a bent state, and its gradient */
  mjVFS vfs;
  mj_defaultVFS(&vfs);
  mj_addBufferVFS(&vfs, "cable.xml", xml, (int)strlen(xml));
  mjModel* m = mj_loadXML("cable.xml", &vfs, message, sizeof message);
  assert_non_null(m);
  mjData* d = mj_makeData(m);
  double x[64], next[64], limp[64], y[64], xbar[64], ubar[1], u = 0.7;
  df_sim *sim, *other;
  OK(df_sim_new(s, 1, &sim));
  OK(df_sim_new(without, 1, &other));
  df_rng_normal(3, DF_STREAM_TEST, 0, (size_t)s->ndx, y);
  df_mujoco_initial_state(s, x);
  df_rng_normal(3, DF_STREAM_TEST, 1, (size_t)s->ndx, next);
  for (int i = 0; i < s->ndx; i++) next[i] *= 0.1;
  double bent[64];
  s->ops->integrate(s, x, next, bent);
  s->ops->reset(sim, bent);
  assert_int_equal(s->ops->step(sim, &u, next), DF_TRAJ_COMPLETE);
  without->ops->reset(other, bent);
  assert_int_equal(without->ops->step(other, &u, limp), DF_TRAJ_COMPLETE);
  double force = 0;
  for (int i = 0; i < s->nx; i++) force = fmax(force, fabs(next[i] - limp[i]));
  assert_true(force > 1e-4); /* the plugin acts */
  assert_int_equal(s->ops->step_vjp(sim, 0, y, xbar, ubar), DF_TRAJ_COMPLETE);
  assert_int_equal(df_sim_gradient_count(s, sim).differenced, 1);
  for (int k = 0; k <= s->ndx; k++) {
    const double right = difference(m, d, bent, u, k, y), found = k < s->ndx ? xbar[k] : ubar[0];
    CLOSE(found, right, 1e-6 * fmax(1, fabs(right)));
  }
  df_sim_free(s, sim);
  df_sim_free(without, other);
  df_system_free(s);
  df_system_free(without);
  mj_deleteData(d);
  mj_deleteModel(m);
  mj_deleteVFS(&vfs);
}

/* the integral is an activation, and so a part of the state */
static void a_pid_controller_keeps_its_integral_in_the_state(void** state) {
  (void)state;
  char xml[1024];
  df_system* s;
  snprintf(xml, sizeof xml, PID(""), 1);
  assert_int_equal(compile(xml, false, &s), DF_E_UNSUPPORTED);
  says("plugin has no exact adjoint: mujoco.pid, plugin 'p'");
  OK(compile(xml, true, &s));
  assert_int_equal(df_mujoco_na(s), 1);
  assert_int_equal(s->nx, 3);
  double x[3] = {0, 0, 0}, u[1] = {0.5}, rest[1] = {9};
  df_sim* sim;
  OK(df_sim_new(s, 2, &sim));
  s->ops->reset(sim, x);
  assert_int_equal(s->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
  assert_true(x[2] > 0);
  /* the force is not that of the actuator's gain and bias, so no action is known to be restful */
  s->ops->rest_action(s, x, rest);
  assert_true(rest[0] == 1); /* the centre of the box */
  double y[3] = {0, 0, 1}, xbar[3], ubar[1];
  assert_int_equal(s->ops->step_vjp(sim, 0, y, xbar, ubar), DF_TRAJ_COMPLETE);
  CLOSE(xbar[2], 1, 1e-6);
  CLOSE(xbar[0], -0.002, 1e-6);
  CLOSE(ubar[0], 0.002, 1e-6);
  df_sim_free(s, sim);
  df_system_free(s);

  /* the first step of a slew limit depends on the time, which no state contains */
  snprintf(xml, sizeof xml, PID("<config key='slewmax' value='1'/>"), 2);
  assert_int_equal(compile(xml, true, &s), DF_E_UNSUPPORTED);
  says("plugin that depends on the time cannot be differentiated: mujoco.pid with slewmax, plugin 'p'");
}

static int one(const mjModel* m, int instance) {
  (void)m, (void)instance;
  return 1;
}
static int init(const mjModel* m, mjData* d, int instance) {
  (void)m, (void)d, (void)instance;
  return 0;
}
static void reset(const mjModel* m, mjtNum* plugin_state, void* plugin_data, int instance) {
  (void)m, (void)plugin_state, (void)plugin_data, (void)instance;
}
static void compute(const mjModel* m, mjData* d, int instance, int capability) {
  (void)m, (void)d, (void)instance, (void)capability;
}

/* state beside positions, velocities and activations is not in x: even finite differences would be wrong */
static void a_plugin_with_a_state_is_refused(void** state) {
  (void)state;
  mjpPlugin plugin;
  mjp_defaultPlugin(&plugin);
  plugin.name = "test.memory";
  plugin.capabilityflags = mjPLUGIN_PASSIVE;
  plugin.nstate = one;
  plugin.init = init;
  plugin.reset = reset;
  plugin.compute = compute;
  mjp_registerPlugin(&plugin);
  df_system* s;
  assert_int_equal(
      compile("<mujoco><extension><plugin plugin='test.memory'><instance name='i'/></plugin></extension>" HINGE
              "<actuator><motor joint='j'/></actuator></mujoco>",
              true, &s),
      DF_E_UNSUPPORTED);
  says("plugin with a state cannot be differentiated: test.memory, plugin 'i'");
}

/* sensors are not computed */
static void a_plugin_of_a_sensor_leaves_the_gradient_exact(void** state) {
  (void)state;
  df_system* s;
  OK(
      compile("<mujoco><extension><plugin plugin='mujoco.sensor.touch_grid'/></extension><worldbody><body><site "
              "name='pad'/><joint name='j' axis='0 1 0'/><geom size='.1' mass='1' pos='.1 0 0'/></body></worldbody>"
              "<actuator><motor joint='j'/></actuator><sensor><plugin name='touch' plugin='mujoco.sensor.touch_grid' "
              "objtype='site' objname='pad'><config key='size' value='3 3'/><config key='fov' value='10 10'/></plugin>"
              "</sensor></mujoco>",
              false, &s));
  df_system_free(s);
}

static void an_unknown_plugin_is_named_with_the_folder(void** state) {
  (void)state;
  df_system* s;
  assert_int_equal(compile("<mujoco><extension><plugin plugin='no.such'/></extension>" HINGE "</mujoco>", true, &s),
                   DF_E_FORMAT);
  says("plugin no.such not found");
  says("plugins are loaded from /");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(threads_may_load_them_at_once),
      cmocka_unit_test(a_cable_is_differentiated_by_counted_differences),
      cmocka_unit_test(a_pid_controller_keeps_its_integral_in_the_state),
      cmocka_unit_test(a_plugin_with_a_state_is_refused),
      cmocka_unit_test(a_plugin_of_a_sensor_leaves_the_gradient_exact),
      cmocka_unit_test(an_unknown_plugin_is_named_with_the_folder),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
