/* slide_task.h: a task in the folder of the test, whose model is one sliding mass. */
#ifndef TESTS_SUPPORT_SLIDE_TASK_H
#define TESTS_SUPPORT_SLIDE_TASK_H

#include <string.h>

#include "dynaflow/core/file.h"
#include "dynaflow/data/dataset.h"
#include "key.h"
#include "store.h"
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

/* a record of this cell as done */
static inline void finish(store* events, const char* key) {
  json_t* record = json_pack("{s:i,s:s,s:s,s:s,s:s}", "schema", 1, "type", "cell", "key", key, "status", "done",
                             "started", "2026-01-01T00:00:00Z");
  assert_int_equal(record_seal(record), DF_OK);
  if (store_append(events, record) != DF_OK) fail_msg("%s", df_error_message());
  json_decref(record);
  assert_non_null(store_find(events, key));
}

#endif
