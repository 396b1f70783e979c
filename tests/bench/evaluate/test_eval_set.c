/* Which held-out windows are evaluated, what is copied of them, and what is wrong with a setting. */
#include "eval_set.h"

#include <string.h>

#include "dynaflow/core/rng.h"
#include "dynaflow/data/task.h"
#include "tiny_task.h"
#include "unit.h"

/* the first B cards of a shuffled pack: card i is exchanged with one of those from i on */
static void shuffle(int n, int B, uint64_t seed, int* card) {
  for (int i = 0; i < n; i++) card[i] = i;
  for (int i = 0; i < B; i++) {
    const int j = i + (int)df_rng_below(seed, DF_STREAM_SPLIT, (uint64_t)i, 0, (uint64_t)(n - i)), kept = card[i];
    card[i] = card[j];
    card[j] = kept;
  }
}

static void windows_are_drawn_without_replacement_and_copied(void** state) {
  (void)state;
  int card[1000];
  for (int all = 0; all < 2; all++) {
    df_config config = tiny_config();
    config.eval_seed = 5;
    config.eval_windows = all ? 1000 : 40;
    df_task* task = tiny_task_with(&config);
    if (all) tiny_task_condition_frames(task);
    eval_set* set;
    assert_int_equal(eval_set_new(task, 1, &set), DF_OK);
    const int n = task->windows->n_test, nx = task->system->nx, nu = task->system->nu, H = task->windows->horizon;
    assert_true(n > 40 && n < 1000);
    assert_int_equal(set->B, all ? n : 40);
    assert_int_equal(set->H, H);
    shuffle(n, set->B, 5, card);
    for (int b = 0; b < set->B; b++) {
      const df_window w = task->windows->test[card[b]];
      const double* x = df_dataset_state(task->data, w.episode, w.start);
      assert_memory_equal(&set->window[b], &w, sizeof w);
      assert_int_equal(set->episode[b], w.episode);
      assert_int_equal(set->group[b], df_dataset_group(task->data, w.episode));
      assert_memory_equal(set->x0 + b * nx, x, (size_t)nx * sizeof *x);
      assert_memory_equal(set->x + b * (H + 1) * nx, x, (size_t)((H + 1) * nx) * sizeof *x);
      assert_memory_equal(set->u + b * H * nu, df_dataset_action(task->data, w.episode, w.start),
                          (size_t)(H * nu) * sizeof *x);
      assert_true(set->condition[b] == (all ? tiny_condition(w.episode, w.start) : w.episode % 2));
    }
    eval_set_free(set);
    df_task_free(task);
  }
}

static void assert_refused(const df_list* steps, const char* message) {
  df_config config = tiny_config();
  config.eval_sampler_steps = *steps;
  df_task* task = tiny_task_with(&config);
  eval_set* set;
  assert_int_equal(eval_set_new(task, 1, &set), DF_E_CONFIG);
  assert_null(set);
  assert_string_equal(df_error_message(), message);
  df_task_free(task);
}

static void sampler_steps_must_be_whole(void** state) {
  (void)state;
  assert_refused(&(df_list){.n = 2, .v = {5, 2.5}},
                 "task tiny: eval.sampler_steps contains 2.5: a whole number is expected");
  assert_refused(&(df_list){.n = 0}, "task tiny: eval.sampler_steps is empty: give at least one number");
}

/* a geom of the robot by its name or as geom I of a body; one of an object is none, however it is named */
static void feet_are_of_the_robot(void** state) {
  (void)state;
  static const char xml[] =
      "<mujoco><worldbody><geom type='plane' size='1 1 1'/><body name='robot' pos='0 0 1'><freejoint/><geom size='.1'/>"
      "<body name='leg'><joint name='hip'/><geom name='toe' size='.1'/></body></body>"
      "<body name='object' pos='1 0 1'><freejoint/><geom size='.1'/><body name='lid'><geom name='knob' "
      "size='.1'/></body>"
      "</body></worldbody><actuator><motor joint='hip' ctrlrange='-1 1'/></actuator></mujoco>";
  static const struct {
    const char* feet;
    bool refused;
  } cases[] = {{"toe", false}, {"robot:0, leg:0", false}, {"toe, object:0", true}, {"knob", true}, {"lid:0", true}};
  const df_mujoco_cfg cfg = df_mujoco_cfg_default();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    df_system* system;
    eval_set* set = NULL;
    df_window window = {0};
    df_windows windows = {.horizon = 1, .n_test = 1, .test = &window};
    df_task task = {.config = df_config_default(), .windows = &windows};
    assert_int_equal(df_mujoco_system_from_xml(xml, "feet", &cfg, &system), DF_OK);
    task.system = system;
    assert_int_equal(df_config_set(&task.config, "eval.feet", cases[i].feet, "test"), DF_OK);
    task.config.eval_windows = task.config.window_horizon = 1;
    const df_dataset_shape shape = {.episodes = 1, .length = 1, .nx = system->nx, .dt = system->dt};
    assert_int_equal(df_dataset_new(&shape, &task.data), DF_OK);
    for (int t = 0; t < 2; t++) df_mujoco_initial_state(system, task.data->states + t * system->nx);
    const df_status status = eval_set_new(&task, 1, &set);
    assert_int_equal(status, cases[i].refused ? DF_E_CONFIG : DF_OK);
    if (cases[i].refused) assert_non_null(strstr(df_error_message(), "is of an object, not of the robot"));
    eval_set_free(set);
    df_dataset_free(task.data);
    df_system_free(system);
  }
}

/* the group is the gait with the largest part of the condition, the first of equal ones; 0 without any */
static void given_starts_are_copied_with_their_groups(void** state) {
  (void)state;
  enum { N = 4, NC = 4, NX = 6 };
  static const char* const names[NC] = {"gait.trot", "speed", "gait.bound", "gait.pace"};
  static const double condition[N][NC] = {{.2, 9, .7, .1}, {.5, 9, .5, .3}, {.1, 9, .2, .6}, {1, 9, 0, 0}};
  static const df_window window[N] = {{.episode = 3, .start = 1}, {3, 5}, {0, 2}, {8, 0}};
  static const int wanted[N] = {2, 0, 3, 0};
  double x0[N][NX];
  for (int b = 0; b < N; b++) {
    for (int i = 0; i < NX; i++) x0[b][i] = 10 * b + i + 0.5;
  }
  df_task* task = tiny_task_new();
  df_dataset *old = task->data, *data;
  const df_dataset_shape shape = {.episodes = 1, .length = 1, .nx = NX, .nu = 2, .nc = NC, .dt = old->dt};
  assert_int_equal(df_dataset_new(&shape, &data), DF_OK);
  for (int i = 0; i < NC; i++) assert_int_equal(df_dataset_name_condition(data, i, names[i]), DF_OK);
  task->data = data;
  for (int known = 0; known < 2; known++) {
    eval_set* set;
    const eval_starts starts = {.B = N, .x0 = x0[0], .condition = known ? condition[0] : NULL, .window = window};
    assert_int_equal(eval_set_of_starts(task, &starts, &set), DF_OK);
    assert_true(set->B == N && set->H == task->windows->horizon && !set->x && !set->u && !set->touch);
    assert_string_equal(set->sha256, "");
    assert_memory_equal(set->x0, x0, sizeof x0);
    assert_memory_equal(set->window, window, sizeof window);
    if (known) assert_memory_equal(set->condition, condition, sizeof condition);
    if (!known) assert_null(set->condition);
    for (int b = 0; b < N; b++) {
      assert_int_equal(set->episode[b], window[b].episode);
      assert_int_equal(set->group[b], known ? wanted[b] : 0);
    }
    eval_set_free(set);
  }
  df_dataset_free(data);
  task->data = old;
  df_task_free(task);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(feet_are_of_the_robot),
      cmocka_unit_test(windows_are_drawn_without_replacement_and_copied),
      cmocka_unit_test(given_starts_are_copied_with_their_groups),
      cmocka_unit_test(sampler_steps_must_be_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
