/* slide_task.h: a task in the folder of the test, whose model is one sliding mass. */
#ifndef TESTS_BENCH_RUN_SLIDE_TASK_H
#define TESTS_BENCH_RUN_SLIDE_TASK_H

#include <string.h>

#include "dynaflow/core/file.h"
#include "dynaflow/data/dataset.h"
#include "test_file.h"
#include "unit.h"

enum { EPISODES = 4, LENGTH = 12, HORIZON = 3 };

static inline void write_text(const char* path, const char* content) {
  assert_int_equal(df_file_write(path, content, strlen(content)), DF_OK);
}

static inline void make_slide_task(void) {
  static const char* const model =
      "<mujoco><worldbody><body><joint name='x' type='slide' axis='1 0 0'/><geom size='.1'/></body></worldbody>"
      "<actuator><motor joint='x' ctrllimited='true' ctrlrange='-1 1'/></actuator></mujoco>";
  static const char* const task =
      "task: {name: slide, title: A slide}\nsystem: {model: slide.xml}\ndata: {file: slide.npz}\n"
      "window: {horizon: 3}\nsplit: {test_every: 2}\n"
      "train: {steps: 1000}\ninverse: {steps: 3000}\n"
      "eval: {windows: 4, sae_windows: 0, chains: 0, sampler_steps: [1]}\n";
  df_dataset* data;
  write_text(test_file("slide.xml"), model);
  write_text(test_file("task.yaml"), task);
  assert_int_equal(
      df_dataset_new(&(df_dataset_shape){.episodes = EPISODES, .length = LENGTH, .nx = 2, .nu = 1, .dt = 0.002}, &data),
      DF_OK);
  for (int i = 0; i < EPISODES * (LENGTH + 1) * 2; i++) data->states[i] = 0.1 * (i % 7);
  for (int i = 0; i < EPISODES * LENGTH; i++) data->actions[i] = 0.1 * (i % 5);
  assert_int_equal(df_dataset_write(test_file("slide.npz"), data, NULL), DF_OK);
  df_dataset_free(data);
}

#endif
