/* The actions that a model needs are those that were simulated before the recording rounded them. */
#include "replay_actions.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/rng.h"
#include "unit.h"

enum { EPISODES = 3, NU = 3, MOST = 200 };

/* an arm, and a third actuator that shares the joint of the second one */
static const char arm[] =
    "<mujoco><option timestep='.005'/><worldbody><body><joint name='a' axis='0 1 0'/>"
    "<geom type='capsule' size='.03' fromto='0 0 0 0 0 -.4' mass='1' contype='0' conaffinity='0'/>"
    "<body pos='0 0 -.4'><joint name='b' axis='0 1 0'/>"
    "<geom type='capsule' size='.03' fromto='0 0 0 0 0 -.4' mass='1' contype='0' conaffinity='0'/></body></body>"
    "</worldbody><actuator><motor joint='a'/><motor joint='b' gear='.5'/>";
static const char shared[] = "<motor joint='b' gear='.1'/>", servo[] = "<position joint='b' kp='3'/>";

static const int lengths[EPISODES] = {90, 10, 100};

typedef struct fixture {
  df_system* system;
  df_dataset* data;
  recording r;
  double simulated[MOST * NU];
} fixture;

/* exact states of uniform actions in +-2, clamped to +-most, which are then rounded to multiples of 0.1 */
static fixture fixture_clamped(const char* third, double gain_scale, double most) {
  fixture f;
  df_sim* sim;
  char xml[1024];
  double x[8];
  snprintf(xml, sizeof xml, "%s%s</actuator></mujoco>", arm, third);
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  cfg.forward_only = true;
  assert_int_equal(df_mujoco_system_from_xml(xml, "model", &cfg, &f.system), DF_OK);
  df_system* recorder;
  cfg.gain_scale = gain_scale;
  assert_int_equal(df_mujoco_system_from_xml(xml, "model", &cfg, &recorder), DF_OK);
  assert_int_equal(df_sim_new(recorder, 0, &sim), DF_OK);
  const int nx = f.system->nx, nu = f.system->nu;
  const df_dataset_shape shape = {.episodes = EPISODES, .lengths = lengths, .nx = nx, .nu = nu, .dt = f.system->dt};
  assert_int_equal(df_dataset_new(&shape, &f.data), DF_OK);
  df_rng_uniform(1, DF_STREAM_TEST, 0, (size_t)(MOST * nu), f.simulated);
  size_t row = 0;
  for (int e = 0; e < EPISODES; e++) {
    df_mujoco_initial_state(f.system, x);
    recorder->ops->reset(sim, x);
    for (int t = 0; t <= lengths[e]; t++) {
      memcpy(f.data->states + (f.data->first[e] + (size_t)t) * (size_t)nx, x, (size_t)nx * sizeof *x);
      if (t == lengths[e]) break;
      double* u = f.simulated + row++ * (size_t)nu;
      for (int j = 0; j < nu; j++) u[j] = fmin(fmax(4 * u[j] - 2, -most), most);
      assert_int_equal(recorder->ops->step(sim, u, x), DF_TRAJ_COMPLETE);
    }
  }
  for (int i = 0; i < MOST * nu; i++) f.data->actions[i] = nearbyint(10 * f.simulated[i]) / 10;
  df_sim_free(recorder, sim);
  df_system_free(recorder);
  assert_int_equal(recording_of(f.data, f.system, &f.r), DF_OK);
  f.r.action = (df_stored_precision){DF_STORED_DECIMALS, 1};
  return f;
}

static fixture fixture_new(const char* third, double gain_scale) {
  return fixture_clamped(third, gain_scale, 2);
}

static void fixture_free(fixture* f) {
  df_dataset_free(f->data);
  df_system_free(f->system);
}

static action_errors imply(const fixture* f, int threads, double* actions) {
  const double limit[KINDS] = {1e-12, 1e-12, 1e-12};
  action_errors out;
  options opts = options_default();
  opts.quiet = true;
  opts.threads = threads;
  assert_int_equal(replay_imply_actions(&f->r, f->system, limit, "test", &opts, actions, &out), DF_OK);
  return out;
}

static void the_simulated_actions_are_found(void** state) {
  (void)state;
  fixture f = fixture_new("", 1);
  double actions[MOST * NU], again[MOST * NU], largest = 0;
  const action_errors found = imply(&f, 1, actions), others = imply(&f, 3, again);
  assert_true(action_errors_look_rounded(&found) && !found.few);
  for (int i = 0; i < MOST * 2; i++) {
    assert_true(fabs(actions[i] - f.simulated[i]) < 1e-9);
    largest = fmax(largest, fabs(f.simulated[i] - f.data->actions[i]));
  }
  assert_true(fabs(found.largest - largest / 0.05 / 1.001) < 1e-6);
  assert_memory_equal(actions, again, sizeof(double) * MOST * 2);
  assert_memory_equal(&found, &others, sizeof found);
  fixture_free(&f);
}

/* Half of the actions are at +-1, which rounding keeps: among all errors, too many would be 0. */
static void saturated_actions_are_not_judged(void** state) {
  (void)state;
  fixture f = fixture_clamped("", 1, 1);
  double actions[MOST * NU];
  const action_errors found = imply(&f, 1, actions);
  assert_true(action_errors_look_rounded(&found) && !found.few);
  fixture_free(&f);
}

/* 5 % of an action is more than half a step where the action is large */
static void another_gain_needs_larger_errors(void** state) {
  (void)state;
  fixture f = fixture_new("", 1.05);
  double actions[MOST * NU];
  const action_errors found = imply(&f, 1, actions);
  /* not the bound itself, at which the search stops */
  assert_true(found.largest > 1.001 && isinf(found.spread) && isinf(found.dependence));
  fixture_free(&f);
}

/* one motor stands for both: the sum of their torques is that of the simulated actions */
static void motors_of_one_joint_are_one(void** state) {
  (void)state;
  const struct {
    const char* third;
    double of_second;
  } cases[] = {{shared, 0.2}, {servo, 6}};
  for (int k = 0; k < 2; k++) {
    fixture f = fixture_new(cases[k].third, 1);
    double actions[MOST * NU];
    const action_errors found = imply(&f, 1, actions);
    assert_true(found.largest <= 1 && found.largest > 0.5);
    for (int i = 0; i < MOST; i++) {
      const double *u = actions + i * NU, *right = f.simulated + i * NU;
      assert_true(fabs(u[0] - right[0]) < 1e-9);
      assert_true(fabs(u[1] + cases[k].of_second * u[2] - right[1] - cases[k].of_second * right[2]) < 1e-8);
      assert_true(u[2] == f.data->actions[i * NU + 2]);
    }
    fixture_free(&f);
  }
}

static void short_of_memory_it_is_an_error(void** state) {
  (void)state;
  fixture f = fixture_new("", 1);
  double actions[MOST * NU];
  const double limit[KINDS] = {1e-12, 1e-12, 1e-12};
  action_errors found;
  options opts = options_default();
  opts.quiet = true;
  opts.threads = 1;
  df_status status = DF_E_NOMEM;
  size_t n = 1;
  for (; status != DF_OK; n++) {
    (void)df_alloc_fail_at(n);
    status = replay_imply_actions(&f.r, f.system, limit, "test", &opts, actions, &found);
    (void)df_alloc_fail_at(0);
    assert_true(status == DF_OK || status == DF_E_NOMEM);
  }
  assert_true(n > 5);
  fixture_free(&f);
}

/* A slide of mass 1: an action u leads from (q, v) to (q + h (v + h u), v + h u). Rounded to 5 decimals, a state and
 * the next one have no action that leads from one to the other: the nearest in the sense of least squares is found,
 * from the recorded state, not from the one to which the actions before have led. */
static void an_action_leads_from_the_recorded_state(void** state) {
  (void)state;
  enum { LENGTH = 60 };
  static const char slide[] =
      "<mujoco><option timestep='.005' gravity='0 0 0'/><worldbody><body><joint name='x' type='slide' axis='1 0 0'/>"
      "<geom size='.1' mass='1'/></body></worldbody><actuator><motor joint='x'/></actuator></mujoco>";
  const double h = 0.005, half = 0.5e-5;
  const df_dataset_shape shape = {.episodes = 1, .length = LENGTH, .nx = 2, .nu = 1, .dt = h};
  df_mujoco_cfg cfg = df_mujoco_cfg_default();
  fixture f;
  double actions[LENGTH], q = 0, v = 0, largest = 0;
  cfg.forward_only = true;
  assert_int_equal(df_mujoco_system_from_xml(slide, "model", &cfg, &f.system), DF_OK);
  assert_int_equal(df_dataset_new(&shape, &f.data), DF_OK);
  df_rng_uniform(1, DF_STREAM_TEST, 0, LENGTH, f.simulated);
  for (int t = 0; t <= LENGTH; t++) {
    f.data->states[2 * t] = nearbyint(q * 1e5) / 1e5;
    f.data->states[2 * t + 1] = nearbyint(v * 1e5) / 1e5;
    if (t == LENGTH) break;
    f.data->actions[t] = nearbyint(10 * (4 * f.simulated[t] - 2)) / 10;
    v += h * (4 * f.simulated[t] - 2);
    q += h * v;
  }
  for (int i = 0; i < 2; i++) f.data->rounding[i].precision = (df_stored_precision){DF_STORED_DECIMALS, 5};
  assert_int_equal(recording_of(f.data, f.system, &f.r), DF_OK);
  f.r.action = (df_stored_precision){DF_STORED_DECIMALS, 1};
  const action_errors found = imply(&f, 1, actions);
  for (int t = 0; t < LENGTH; t++) {
    const double *x = f.data->states + 2 * t, by_q = x[2] - x[0] - h * x[1], by_v = x[3] - x[1];
    const double wanted = (h * h * by_q + h * by_v) / (h * h * h * h + h * h);
    /* an action of 1e-9 more changes the next velocity by 5e-12; the rounding of the states, actions by up to 2e-3 */
    if (!(fabs(actions[t] - wanted) < 1e-9)) fail_msg("action %d is %.12g, not %.12g", t, actions[t], wanted);
    largest = fmax(largest, fabs(wanted - f.data->actions[t]));
  }
  /* what hides the action is 3 times (SPREADS) the rounding of the first state, which changes the next velocity by as
   * much, and the next position by that of both, h half of it with one sign or the other */
  const double hidden = 3 * half * (1 / h + 1) / (1 + h * h);
  assert_true(fabs(found.largest - largest / (1.001 * 0.05 + hidden)) < 1e-5 && found.largest < 1);
  fixture_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_action_leads_from_the_recorded_state),
      cmocka_unit_test(the_simulated_actions_are_found),
      cmocka_unit_test(saturated_actions_are_not_judged),
      cmocka_unit_test(another_gain_needs_larger_errors),
      cmocka_unit_test(motors_of_one_joint_are_one),
      cmocka_unit_test(short_of_memory_it_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
