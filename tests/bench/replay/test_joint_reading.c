/* Joints of recorded states that are exchanged or reversed, with and without their actuators, of an arm whose motion
 * the recorded actions determine. */
#include "joint_reading.h"

#include <math.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "unit.h"

#define LINK(name, length, mass)                  \
  "<body pos='" length " 0 0'><joint name='" name \
  "' axis='0 1 0' damping='.1'/><geom type='capsule' fromto='0 0 0 .2 0 0' size='.03' mass='" mass "'/>"
#define ARM(more) \
  "<mujoco><option timestep='.01'/><worldbody>" LINK("a", "0", "1") LINK("b", ".3", ".7") LINK("c", ".4", ".3") \
  "</body></body></body><body pos='0 3 0'><joint name='s' type='slide' axis='0 0 1'/><geom size='.1' mass='1'/>" \
  "</body></worldbody><actuator><motor name='ma' joint='a'/><motor name='mb' joint='b'/><motor name='mc' joint='c'/>" \
  "<motor name='ms' joint='s'/>" more "</actuator></mujoco>"
static const char arm[] = ARM(""), second_motor[] = ARM("<motor name='second' joint='c'/>");
enum { N = 4, NX = 2 * N, ACTUATORS = 5, LENGTH = 60 }; /* actuators at most */
#define assert_ok(status) assert_int_equal(status, DF_OK)

typedef struct fixture {
  df_system* system;
  df_dataset* data;
  df_dataset right;
  recording r;
  joint_reading found;
} fixture;

/* Records what joint k is as joint joint[k], ~n: reversed, and actions alike; `noise` is added to all states. */
static fixture find_in(const char* xml, const int joint[N], const int actuator[ACTUATORS], double noise) {
  fixture f = {0};
  df_sim* sim;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_ok(df_mujoco_system_from_xml(xml, "arm", &cfg, &f.system));
  const int nu = f.system->nu;
  assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = 1, .length = LENGTH, .nx = NX, .nu = nu, .dt = f.system->dt},
                           &f.data));
  assert_ok(df_sim_new(f.system, 0, &sim));
  f.right = *f.data;
  f.right.states = df_alloc((LENGTH + 1) * NX, sizeof(double));
  f.right.actions = df_alloc(LENGTH * ACTUATORS, sizeof(double));
  double x[NX] = {.3, -.2, .4, .1};
  f.system->ops->reset(sim, x);
  for (int t = 0; t <= LENGTH; t++) {
    double u[ACTUATORS], next[NX];
    for (int k = 0; k < nu; k++) {
      const int act = actuator[k] < 0 ? ~actuator[k] : actuator[k];
      u[k] = 2 * sin(0.2 * t + 2 * k) / (k + 1);
      if (t < LENGTH) f.data->actions[t * nu + act] = (actuator[k] < 0 ? -1 : 1) * u[k];
      if (t < LENGTH) f.right.actions[t * nu + k] = u[k];
    }
    for (int k = 0; k < N; k++) {
      const int to = joint[k] < 0 ? ~joint[k] : joint[k];
      const double sign = joint[k] < 0 ? -1 : 1;
      f.right.states[t * NX + k] = x[k];
      f.right.states[t * NX + N + k] = x[N + k];
      f.data->states[t * NX + to] = sign * x[k] + noise * sin(77.0 * t + k);
      f.data->states[t * NX + N + to] = sign * x[N + k] + noise * cos(31.0 * t + k);
    }
    assert_int_equal(f.system->ops->step(sim, u, next), DF_TRAJ_COMPLETE);
    memcpy(x, next, sizeof x);
  }
  df_sim_free(f.system, sim);
  assert_ok(recording_of(f.data, f.system, &f.r));
  assert_ok(joint_reading_find(&f.r, f.system, 1, &f.found));
  return f;
}

static fixture find(const int joint[N], const int actuator[ACTUATORS], double noise) {
  return find_in(arm, joint, actuator, noise);
}

static void fixture_free(fixture* f) {
  joint_reading_clear(&f->found);
  df_free(f->right.states);
  df_free(f->right.actions);
  df_dataset_free(f->data);
  df_system_free(f->system);
}

static void what_is_exchanged_or_reversed_is_found(void** state) {
  (void)state;
  static const struct {
    int joint[N], actuator[ACTUATORS];
    const char* words;
  } cases[] = {
      {{1, 0, 2, 3}, {0, 1, 2, 3}, "a from the columns of b, b from the columns of a"},
      {{1, 0, 2, 3},
       {1, 0, 2, 3},
       "a from the columns of b, b from the columns of a, actuator ma from the columns of mb, actuator mb from the "
       "columns of ma"},
      {{0, 1, ~2, 3}, {0, 1, 2, 3}, "the opposite sign of c"},
      {{0, 1, 2, ~3}, {0, 1, 2, ~3}, "the opposite sign of s, the opposite sign of actuator ms"},
      {{1, 2, 0, 3}, {0, 1, 2, 3}, "a from the columns of b, b from the columns of c, c from the columns of a"},
      {{0, ~2, 1, 3}, {0, 1, 2, 3}, "b from the columns of c, c from the columns of b, the opposite sign of b"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f = find(cases[i].joint, cases[i].actuator, 0);
    if (!f.found.joint) fail_msg("case %zu: %g, %g", i, f.found.as_is, f.found.best);
    char* words = joint_reading_words(&f.r, f.system, &f.found);
    assert_string_equal(words, cases[i].words);
    df_free(words);
    assert_true(f.found.best < 1e-9 && f.found.as_is > 1e-3);
    df_dataset other;
    assert_ok(joint_reading_data(&f.r, &f.found, &other));
    for (int k = 0; k < (LENGTH + 1) * NX; k++) assert_true(other.states[k] == f.right.states[k]);
    for (int k = 0; k < LENGTH * N; k++) assert_true(other.actions[k] == f.right.actions[k]);
    recording_free_data(&other);
    fixture_free(&f);
  }
}

static void right_and_noisy_recordings_have_no_other_reading(void** state) {
  (void)state;
  static const int as_is[ACTUATORS] = {0, 1, 2, 3};
  static const double noise[] = {0, 1e-6, 1e-2};
  for (int i = 0; i < 3; i++) {
    fixture f = find(as_is, as_is, noise[i]);
    assert_null(f.found.joint);
    fixture_free(&f);
  }
}

/* Noise of which a sixth or a third of the error is left is none that another reading follows from; of a fiftieth, it
 * is one. */
static void another_reading_follows_ten_times_as_closely(void** state) {
  (void)state;
  static const int exchanged[N] = {1, 0, 2, 3}, as_is[ACTUATORS] = {0, 1, 2, 3};
  static const struct {
    double noise, from, to; /* what is left, of the error as it is */
  } cases[] = {{0.05, 0.03, 0.09}, {0.2, 0.15, 0.25}, {0.4, 0.3, 0.5}};
  for (int i = 0; i < 3; i++) {
    fixture f = find(exchanged, as_is, cases[i].noise);
    const double left = f.found.best / f.found.as_is;
    if (!(left > cases[i].from && left < cases[i].to)) fail_msg("%g: %g is left", cases[i].noise, left);
    assert_int_equal(f.found.joint != NULL, i == 0);
    fixture_free(&f);
  }
}

/* A hinge and a slide, and a joint together with one of its two motors, are not exchanged. */
static void what_is_not_of_a_kind_is_not_exchanged(void** state) {
  (void)state;
  static const int slide[N] = {0, 1, 3, 2}, hinges[N] = {0, 2, 1, 3}, as_is[ACTUATORS] = {0, 1, 2, 3, 4},
                   motors[ACTUATORS] = {0, 4, 2, 3, 1};
  fixture kinds = find(slide, as_is, 0), driven = find_in(second_motor, hinges, motors, 0),
          alone = find_in(second_motor, hinges, as_is, 0);
  assert_null(kinds.found.joint);
  assert_null(driven.found.joint);
  assert_non_null(alone.found.joint);
  for (int k = 0; k < N; k++) assert_int_equal(alone.found.joint[k], hinges[k]);
  for (int k = 0; k < ACTUATORS; k++) assert_int_equal(alone.found.actuator[k], k);
  fixture_free(&kinds);
  fixture_free(&driven);
  fixture_free(&alone);
}

/* How the numbers were stored goes with their columns; of what is reversed, offsets are, too. */
static void roundings_go_with_their_columns(void** state) {
  (void)state;
  static const int joint[N] = {0, ~2, 1, ~3}, actuator[ACTUATORS] = {0, 1, 2, ~3};
  static const double unit[NX + N] = {1, 3, 2, 4, 5, 7, 6, 8, 9, 10, 11, 12},
                                offset[NX + N] = {.1, -.3, .2, -.4, 0, 0, 0, 0, .5, .6, .7, -.8};
  fixture f = find(joint, actuator, 0);
  for (int i = 0; i < NX + N; i++) {
    f.data->rounding[i].unit = i + 1;
    f.data->rounding[i].offset = i < N ? 0.1 * (i + 1) : i < NX ? 0 : 0.1 * (i - 3);
  }
  df_dataset other;
  assert_non_null(f.found.joint);
  assert_ok(joint_reading_data(&f.r, &f.found, &other));
  for (int i = 0; i < NX + N; i++) {
    assert_true(other.rounding[i].unit == unit[i]);
    if (fabs(other.rounding[i].offset - offset[i]) > 1e-12) fail_msg("%d: %g", i, other.rounding[i].offset);
  }
  recording_free_data(&other);
  fixture_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_exchanged_or_reversed_is_found),
      cmocka_unit_test(right_and_noisy_recordings_have_no_other_reading),
      cmocka_unit_test(another_reading_follows_ten_times_as_closely),
      cmocka_unit_test(what_is_not_of_a_kind_is_not_exchanged),
      cmocka_unit_test(roundings_go_with_their_columns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
