/* recording_test.h: files of recordings for tests, and their settings. */
#ifndef TESTS_DATA_RECORDING_TEST_H
#define TESTS_DATA_RECORDING_TEST_H

#include "data_test.h"
#include "dynaflow/data/recording.h"
#include "dynaflow/io/npz.h"
#include "task_models.h"

/* numbers 0, 1, 2 ... for arrays whose entries are to be told apart */
static inline const double* counting(void) {
  static double values[4096];
  for (int i = 0; i < 4096; i++) values[i] = i;
  return values;
}

#define ARRAY(name, data, rank_, ...)                                  \
  (df_npz_entry) {                                                     \
    .key = name, .rank = rank_, .shape = {__VA_ARGS__}, .values = data \
  }

#define WRITE(...)                                                                              \
  do {                                                                                          \
    const df_npz_entry entries_[] = {__VA_ARGS__};                                              \
    assert_ok(df_npz_write(scratch_path, (int)(sizeof entries_ / sizeof *entries_), entries_)); \
  } while (0)

/* the default settings with windows of one action, then pairs of key and value up to NULL */
static inline df_config settings_of(const char* const* pairs) {
  df_config config = df_config_default();
  config.window_horizon = 1;
  for (; *pairs; pairs += 2) assert_ok(df_config_set(&config, pairs[0], pairs[1], "test"));
  return config;
}
#define SETTINGS(...) settings_of((const char* const[]){__VA_ARGS__, NULL})
#define STATES_ONLY   "data.actions_key", ""

static inline df_recording* opened(const char* path, const df_config* config, const df_system* system) {
  df_recording* recording;
  assert_ok(df_recording_open(path, config, system, &recording));
  return recording;
}

/* reading fails with this status and these words */
static inline void refused(const df_system* system, const df_config* config, df_status status,
                           const char* const* says) {
  df_dataset* data;
  const df_status got = df_dataset_read(scratch_path, config, system, &data);
  if (got != status) fail_msg("status %d: %s", got, df_error_message());
  assert_null(data);
  assert_says(scratch_path);
  assert_message(says);
}
#define SAYS(...) ((const char* const[]){__VA_ARGS__, NULL})

#endif
