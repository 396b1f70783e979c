/* Scale and offset of recorded actions, against those with which the recording was made. */
#include "fit_actions.h"

#include <math.h>

#include "dynaflow/core/rng.h"
#include "dynaflow/sim/mujoco.h"
#include "unit.h"

enum { EPISODES = 2, LENGTH = 60, NU = 2, NX = 4 };

/* an arm with a servo and a motor */
static const char arm[] =
    "<mujoco><option timestep='.01'/><worldbody><body><joint name='a' axis='0 1 0' damping='.1'/>"
    "<geom type='capsule' fromto='0 0 0 .3 0 0' size='.03' mass='1'/><body pos='.3 0 0'>"
    "<joint name='b' axis='0 1 0' damping='.1'/><geom type='capsule' fromto='0 0 0 .3 0 0' size='.03' "
    "mass='.5'/></body>"
    "</body></worldbody><actuator><position joint='a' kp='40' ctrlrange='-2 2'/><motor joint='b' gear='5'/></actuator>"
    "</mujoco>";

static const double SCALE[NU] = {0.3, -1.25}, OFFSET[NU] = {0.9, 0.05};

typedef struct fixture {
  df_system* system;
  df_dataset* data;
  action_fit fit;
} fixture;

/* recorded actions are uniform in -1 .. 1; the control is that of `scale` and OFFSET; the first joint starts
 * at `angle` */
static void start_with(fixture* f, const char* xml, double angle, const double scale[NU]) {
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  df_sim* sim;
  assert_int_equal(df_mujoco_system_from_xml(xml, "arm", &cfg, &f->system), DF_OK);
  assert_int_equal(df_sim_new(f->system, 0, &sim), DF_OK);
  const df_dataset_shape shape = {.episodes = EPISODES, .length = LENGTH, .nx = NX, .nu = NU, .dt = 0.01};
  assert_int_equal(df_dataset_new(&shape, &f->data), DF_OK);
  df_rng_uniform(1, DF_STREAM_TEST, 0, (size_t)EPISODES * LENGTH * NU, f->data->actions);
  for (int i = 0; i < EPISODES * LENGTH * NU; i++) f->data->actions[i] = 2 * f->data->actions[i] - 1;
  for (int e = 0; e < EPISODES; e++) {
    double* x = f->data->states + (size_t)e * (LENGTH + 1) * NX;
    x[0] = angle + 0.5 * e;
    f->system->ops->reset(sim, x);
    for (int t = 0; t < LENGTH; t++, x += NX) {
      const double* a = df_dataset_action(f->data, e, t);
      const double u[NU] = {scale[0] * a[0] + OFFSET[0], scale[1] * a[1] + OFFSET[1]};
      assert_int_equal(f->system->ops->step(sim, u, x + NX), DF_TRAJ_COMPLETE);
    }
  }
  df_sim_free(f->system, sim);
}

/* the arm with SCALE, or with `held` with constant controls */
static void start(fixture* f, bool held) {
  static const double none[NU] = {0, 0};
  start_with(f, arm, 0, held ? none : SCALE);
}

static void end(fixture* f) {
  df_dataset_free(f->data);
  df_system_free(f->system);
}

static void assert_found(const fixture* f) {
  for (int j = 0; j < NU; j++) {
    assert_true(f->fit.scale[j] == SCALE[j]);
    assert_true(f->fit.offset[j] == OFFSET[j]);
  }
}

static void the_numbers_of_the_recording_are_found(void** state) {
  (void)state;
  fixture f;
  start(&f, false);
  assert_int_equal(fit_actions(f.data, f.system, &f.fit), DF_OK);
  assert_found(&f);
  assert_true(f.fit.left < 1e-9 && f.fit.constant > 0.1);
  end(&f);
}

/* single frames have another velocity, by 50 rad/s */
static void wrong_frames_do_not_matter(void** state) {
  (void)state;
  fixture f;
  start(&f, false);
  for (int t = 5; t < LENGTH; t += 20) f.data->states[(size_t)t * NX + 2] += 50;
  assert_int_equal(fit_actions(f.data, f.system, &f.fit), DF_OK);
  assert_found(&f);
  end(&f);
}

static void numbers_that_differ_are_not_rounded_away(void** state) {
  (void)state;
  fixture f;
  start(&f, false);
  for (int i = 0; i < EPISODES * LENGTH; i++) f.data->actions[i * NU] = (f.data->actions[i * NU] - 0.01234) / 1.0321;
  assert_int_equal(fit_actions(f.data, f.system, &f.fit), DF_OK);
  assert_true(fabs(f.fit.scale[0] - SCALE[0] * 1.0321) < 1e-7);
  assert_true(fabs(f.fit.offset[0] - (OFFSET[0] + SCALE[0] * 0.01234)) < 1e-7);
  assert_true(f.fit.left < 1e-6);
  end(&f);
}

static void degrees_are_exact(void** state) {
  (void)state;
  static const double DEGREE = 3.14159265358979323846 / 180;
  fixture f;
  start(&f, false);
  for (int i = 0; i < EPISODES * LENGTH; i++) f.data->actions[i * NU] *= SCALE[0] / DEGREE;
  assert_int_equal(fit_actions(f.data, f.system, &f.fit), DF_OK);
  assert_true(f.fit.scale[0] == DEGREE && f.fit.scale[1] == SCALE[1]);
  assert_true(f.fit.offset[0] == OFFSET[0] && f.fit.offset[1] == OFFSET[1]);
  end(&f);
}

/* the states follow with the actions times 0: this says nothing about them */
static void constant_controls_are_recognised(void** state) {
  (void)state;
  fixture f;
  start(&f, true);
  assert_int_equal(fit_actions(f.data, f.system, &f.fit), DF_OK);
  assert_true(f.fit.left < 1e-6 && f.fit.constant <= 2 * f.fit.left + 1e-9);
  assert_true(f.fit.scale[0] == 0 && f.fit.offset[0] == OFFSET[0]);
  end(&f);
}

/* The slow servo is beyond its range all along, so that the fit starts at the upper end of it, where a larger control
 * has no effect. */
static void the_range_of_a_control_is_not_left(void** state) {
  (void)state;
  static const char slow[] =
      "<mujoco><option timestep='.01'/><worldbody><body><joint name='a' axis='0 1 0' damping='60'/>"
      "<geom type='capsule' fromto='0 0 0 .3 0 0' size='.03' mass='1'/><body pos='.3 0 0'>"
      "<joint name='b' axis='0 1 0' damping='.1'/><geom type='capsule' fromto='0 0 0 .3 0 0' size='.03' mass='.5'/>"
      "</body></body></worldbody><actuator><position joint='a' kp='40' ctrlrange='-2 1.3'/>"
      "<motor joint='b' gear='5'/></actuator></mujoco>";
  fixture f;
  start_with(&f, slow, 2, SCALE);
  for (int i = 0; i < EPISODES * (LENGTH + 1); i++) assert_true(f.data->states[i * NX] > 1.3);
  assert_int_equal(fit_actions(f.data, f.system, &f.fit), DF_OK);
  assert_found(&f);
  end(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_numbers_of_the_recording_are_found),   cmocka_unit_test(wrong_frames_do_not_matter),
      cmocka_unit_test(numbers_that_differ_are_not_rounded_away), cmocka_unit_test(degrees_are_exact),
      cmocka_unit_test(constant_controls_are_recognised),         cmocka_unit_test(the_range_of_a_control_is_not_left),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
