/* The errors of a replay, of a ball on a vertical slide, whose motion is a formula. */
#include "replay_compare.h"

#include <math.h>
#include <string.h>

#include "dynaflow/sim/mujoco.h"
#include "near.h"
#include "replay_actions.h"
#include "replay_explain.h"
#include "stop.h"
#include "unit.h"
#include "unrelated_actions.h"

enum { LENGTH = 4, NX = 2 };

/* a floor far below, for whose contact there is no memory */
static const char ball[] =
    "<mujoco><size memory='600'/><option timestep='.01' gravity='0 0 0'/><worldbody>"
    "<geom type='plane' size='1 1 .1'/><body pos='0 0 100'><joint name='z' type='slide' axis='0 0 1'/>"
    "<geom size='.1' mass='1'/></body></worldbody><actuator><motor joint='z' gear='10'/></actuator></mujoco>";

typedef struct fixture {
  df_system* system;
  df_dataset* data;
  comparison found;
} fixture;

/* Two episodes of constant force 3 N: q and v follow from v' = v + 0.01 * 10 u / 1, q' = q + 0.01 v', u = 0.3. */
static fixture fixture_new(void) {
  fixture f = {0};
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  assert_int_equal(df_mujoco_system_from_xml(ball, "ball", &cfg, &f.system), DF_OK);
  const df_dataset_shape shape = {.episodes = 2, .length = LENGTH, .nx = NX, .nu = 1, .dt = 0.01};
  assert_int_equal(df_dataset_new(&shape, &f.data), DF_OK);
  for (int e = 0; e < 2; e++) {
    for (int t = 0; t < LENGTH; t++) {
      double* x = f.data->states + (e * (LENGTH + 1) + t) * NX;
      f.data->actions[e * LENGTH + t] = 0.3;
      x[3] = x[1] + 0.03;
      x[2] = x[0] + 0.01 * x[3];
    }
  }
  return f;
}

static double* state_of(const fixture* f, int episode, int frame) {
  return f->data->states + (episode * (LENGTH + 1) + frame) * NX;
}

static df_status compare(fixture* f) {
  recording r;
  options opts = options_default();
  opts.quiet = true;
  opts.threads = 2;
  assert_int_equal(recording_of(f->data, f->system, &r), DF_OK);
  return replay_compare(&r, f->system, 1e-12, "replay", &opts, &f->found);
}

static void fixture_free(fixture* f) {
  comparison_clear(&f->found);
  df_dataset_free(f->data);
  df_system_free(f->system);
}

/* a recorded state that is half a metre too high is an error of the actions to and from it, and the largest one of its
 * episode */
static void the_largest_error_of_an_episode_counts(void** state) {
  (void)state;
  fixture f = fixture_new();
  state_of(&f, 1, 2)[0] += 0.5;
  assert_int_equal(compare(&f), DF_OK);
  assert_near(f.found.open_loop[POSITION][0], 0, 1e-15);
  assert_near(f.found.open_loop[POSITION][1], 0.5, 1e-15);
  assert_near(f.found.open_loop[VELOCITY][1], 0, 1e-15);
  const double wanted[LENGTH] = {0, 0.5, 0.5, 0};
  for (int t = 0; t < LENGTH; t++) {
    assert_near(f.found.cleared[POSITION][LENGTH + t], wanted[t], 1e-15);
    assert_near(f.found.carried[POSITION][LENGTH + t], wanted[t], 1e-15);
  }
  fixture_free(&f);
}

/* beyond 1e6 m a step diverges */
static void a_divergence_is_an_infinite_error(void** state) {
  (void)state;
  fixture f = fixture_new();
  state_of(&f, 0, 0)[0] = 2e6;
  assert_int_equal(compare(&f), DF_OK);
  for (int kind = POSITION; kind <= VELOCITY; kind++) {
    assert_true(isinf(f.found.cleared[kind][0]) && isinf(f.found.carried[kind][0]));
    assert_true(isinf(f.found.open_loop[kind][0]));
    assert_near(f.found.cleared[kind][1], 0, 1e-15);
    assert_near(f.found.open_loop[kind][1], 0, 1e-15);
  }
  fixture_free(&f);
}

/* of two episodes in which the simulator fails the first is named */
static void a_failure_of_the_simulator_is_named(void** state) {
  (void)state;
  static const char start[] = "cannot simulate episode 0, action 3: MuJoCo: ";
  fixture f = fixture_new();
  state_of(&f, 0, 3)[0] = state_of(&f, 1, 1)[0] = -99.95;
  assert_int_equal(compare(&f), DF_E_SIM);
  assert_memory_equal(df_error_message(), start, sizeof start - 1);
  assert_non_null(strstr(df_error_message(), "out of memory"));
  fixture_free(&f);
}

/* every search ends once a signal has arrived, and says so */
static void a_signal_ends_a_search(void** state) {
  (void)state;
  static const double limit[KINDS] = {1e-12, 1e-12, 1e-12};
  fixture f = fixture_new();
  recording r;
  options opts = options_default();
  double actions[2 * LENGTH], error;
  action_errors errors;
  action_relation relation;
  replay_fit fit = replay_fit_none();
  opts.quiet = true;
  assert_int_equal(recording_of(f.data, f.system, &r), DF_OK);
  const replay_explanation explanation = {
      .r = &r, .system = f.system, .limit = limit, .label = "replay", .opts = &opts};
  for (int stopped = 0; stopped < 2; stopped++) {
    const df_status wanted = stopped ? DF_E_INTERRUPTED : DF_OK;
    stop_flag = stopped;
    assert_int_equal(compare(&f), wanted);
    comparison_clear(&f.found);
    assert_int_equal(replay_compare_carried(&r, f.system, "replay", &opts, &f.found), wanted);
    comparison_clear(&f.found);
    assert_int_equal(replay_integration_error(&r, f.system, 2, &error), wanted);
    assert_int_equal(replay_imply_actions(&r, f.system, limit, "replay", &opts, actions, &errors), wanted);
    assert_int_equal(replay_explain(&explanation, &fit), wanted);
    assert_int_equal(unrelated_actions_find(&r, f.system, &relation), wanted);
  }
  assert_string_equal(df_error_message(), "interrupted");
  stop_flag = 0;
  fixture_free(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_largest_error_of_an_episode_counts),
      cmocka_unit_test(a_divergence_is_an_infinite_error),
      cmocka_unit_test(a_failure_of_the_simulator_is_named),
      cmocka_unit_test(a_signal_ends_a_search),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
