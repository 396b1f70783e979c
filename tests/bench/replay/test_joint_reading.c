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
static const char arm[] =
    "<mujoco><option timestep='.01'/><worldbody>" LINK("a", "0", "1") LINK("b", ".3", ".7") LINK("c", ".4", ".3")
    "</body></body></body><body pos='0 3 0'><joint name='s' type='slide' axis='0 0 1'/><geom size='.1' mass='1'/></body>"
    "</worldbody><actuator><motor name='ma' joint='a'/><motor name='mb' joint='b'/><motor name='mc' joint='c'/>"
    "<motor name='ms' joint='s'/></actuator></mujoco>";
enum { N = 4, NX = 2 * N, LENGTH = 60 };
#define assert_ok(status) assert_int_equal(status, DF_OK)

typedef struct fixture {
  df_system* system;
  df_dataset* data;
  df_dataset right;
  recording r;
  joint_reading found;
} fixture;

/* Records what joint k is as joint joint[k], ~n: reversed, and actions alike; `noise` is added to all states. */
static fixture find(const int joint[N], const int actuator[N], double noise) {
  fixture f = {0};
  df_sim* sim;
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_ok(df_mujoco_system_from_xml(arm, "arm", &cfg, &f.system));
  assert_ok(df_dataset_new(&(df_dataset_shape){.episodes = 1, .length = LENGTH, .nx = NX, .nu = N, .dt = f.system->dt},
                           &f.data));
  assert_ok(df_sim_new(f.system, 0, &sim));
  f.right = *f.data;
  f.right.states = df_alloc((LENGTH + 1) * NX, sizeof(double));
  f.right.actions = df_alloc(LENGTH * N, sizeof(double));
  double x[NX] = {.3, -.2, .4, .1};
  f.system->ops->reset(sim, x);
  for (int t = 0; t <= LENGTH; t++) {
    double u[N], next[NX];
    for (int k = 0; k < N; k++) {
      const int to = joint[k] < 0 ? ~joint[k] : joint[k], act = actuator[k] < 0 ? ~actuator[k] : actuator[k];
      const double sign = joint[k] < 0 ? -1 : 1;
      u[k] = 2 * sin(0.2 * t + 2 * k) / (k + 1);
      f.right.states[t * NX + k] = x[k];
      f.right.states[t * NX + N + k] = x[N + k];
      f.data->states[t * NX + to] = sign * x[k] + noise * sin(77.0 * t + k);
      f.data->states[t * NX + N + to] = sign * x[N + k] + noise * cos(31.0 * t + k);
      if (t < LENGTH) f.data->actions[t * N + act] = (actuator[k] < 0 ? -1 : 1) * u[k];
      if (t < LENGTH) f.right.actions[t * N + k] = u[k];
    }
    assert_int_equal(f.system->ops->step(sim, u, next), DF_TRAJ_COMPLETE);
    memcpy(x, next, sizeof x);
  }
  df_sim_free(f.system, sim);
  assert_ok(recording_of(f.data, f.system, &f.r));
  assert_ok(joint_reading_find(&f.r, f.system, 1, &f.found));
  return f;
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
    int joint[N], actuator[N];
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
    joint_reading_free_data(&other);
    fixture_free(&f);
  }
}

static void right_and_noisy_recordings_have_no_other_reading(void** state) {
  (void)state;
  static const int as_is[N] = {0, 1, 2, 3};
  static const double noise[] = {0, 1e-6, 1e-2};
  for (int i = 0; i < 3; i++) {
    fixture f = find(as_is, as_is, noise[i]);
    assert_null(f.found.joint);
    fixture_free(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_exchanged_or_reversed_is_found),
      cmocka_unit_test(right_and_noisy_recordings_have_no_other_reading),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
