/* The motions of a file of trajectories: each with its own states and condition. */
#define _GNU_SOURCE
#include "shown.h"

#include <stdio.h>
#include <string.h>

#include "dynaflow/core/file.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/io/npz.h"
#include "test_file.h"
#include "unit.h"

enum { EPISODES = 4, LENGTH = 12, N = 3, SHORT = 5 };

static void write_text(const char* path, const char* content) {
  assert_int_equal(df_file_write(path, content, strlen(content)), DF_OK);
}

/* a sliding mass, whose episodes differ in the condition `pull` */
static void make_task(void) {
  df_dataset* data;
  write_text(test_file("slide.xml"),
             "<mujoco><worldbody><body><joint name='x' type='slide' axis='1 0 0'/><geom size='.1'/></body></worldbody>"
             "<actuator><motor joint='x' ctrllimited='true' ctrlrange='-1 1'/></actuator></mujoco>");
  write_text(test_file("task.yaml"),
             "task: {name: slide, title: A slide}\nsystem: {model: slide.xml}\ndata: {file: slide.npz}\n"
             "window: {horizon: 3}\nsplit: {test_every: 2}\n");
  const df_dataset_shape shape = {.episodes = EPISODES, .length = LENGTH, .nx = 2, .nu = 1, .nc = 1, .dt = 0.002};
  assert_int_equal(df_dataset_new(&shape, &data), DF_OK);
  assert_int_equal(df_dataset_name_condition(data, 0, "pull"), DF_OK);
  for (int e = 0; e < EPISODES; e++) data->conditions[e] = 10 * e;
  for (int i = 0; i < EPISODES * (LENGTH + 1) * 2; i++) data->states[i] = 0.1 * (i % 7);
  assert_int_equal(df_dataset_write(test_file("slide.npz"), data, NULL), DF_OK);
  df_dataset_free(data);
}

static void a_trajectory_has_its_own_condition(void** state) {
  (void)state;
  double x[N][SHORT + 1][2], u[N][SHORT] = {{0}};
  const double conditions[N] = {30, 10, 20};
  make_task();
  for (int i = 0; i < N; i++) {
    for (int t = 0; t <= SHORT; t++) {
      for (int k = 0; k < 2; k++) x[i][t][k] = 100 * i + 10 * t + k;
    }
  }
  const df_npz_entry entries[] = {{.key = "states", .rank = 3, .shape = {N, SHORT + 1, 2}, .values = x[0][0]},
                                  {.key = "actions", .rank = 3, .shape = {N, SHORT, 1}, .values = u[0]},
                                  {.key = "conditions", .rank = 2, .shape = {N, 1}, .values = conditions},
                                  {.key = "condition_names", .kind = DF_NPZ_TEXT, .text = "pull"},
                                  {.key = "dt", .values = (const double[]){0.002}}};
  assert_int_equal(df_npz_write(test_file("file.npz"), 5, entries), DF_OK);
  show_arguments a = show_arguments_default();
  a.source = test_file("file.npz");
  a.task = test_folder();
  a.has_beside = true;
  a.n_episodes = N;
  for (int i = 0; i < N; i++) a.episodes[i] = i;
  a.common.threads = 1;
  shown* s;
  const df_status status = shown_new(&a, &s);
  if (status != DF_OK) fail_msg("%s", df_error_message());
  assert_int_equal(s->n, N);
  for (int i = 0; i < N; i++) {
    const shown_motion* m = &s->list[i];
    char title[64];
    snprintf(title, sizeof title, "file, trajectory %d", i);
    assert_string_equal(m->title, title);
    char condition[64];
    snprintf(condition, sizeof condition, "pull %.2f", conditions[i]);
    assert_string_equal(m->condition, condition);
    assert_int_equal(m->n, SHORT + 1);
    assert_memory_equal(m->x, x[i], sizeof x[i]);
  }
  shown_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_trajectory_has_its_own_condition)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
