/* stored_data.h: datasets of a test as if a file held them. */
#ifndef TESTS_SUPPORT_STORED_DATA_H
#define TESTS_SUPPORT_STORED_DATA_H

#include <string.h>

#include "dynaflow/config/config.h"
#include "dynaflow/core/alloc.h"
#include "dynaflow/data/dataset.h"
#include "dynaflow/sim/system.h"
#include "test_file.h"
#include "unit.h"

/* Sets how the numbers of a dataset were stored to what reading them from a file finds, which does not hold those that
 * are derived. */
static inline void find_rounding(df_dataset* data, const df_system* system) {
  const char* path = test_file("stored.npz");
  df_config config = df_config_default();
  df_dataset* read;
  config.window_horizon = 1;
  config.data_rate = 1 / system->dt; /* also under another step than that of the data */
  const size_t nx = (size_t)data->nx, n = data->first[data->episodes] * nx;
  df_dataset stored = *data;
  stored.states = df_alloc(n, sizeof *stored.states);
  assert_non_null(stored.states);
  for (size_t i = 0; i < n; i++) stored.states[i] = data->derived[i % nx] ? 0 : data->states[i];
  assert_int_equal(df_dataset_write(path, &stored, NULL), DF_OK);
  df_free(stored.states);
  assert_int_equal(df_dataset_read(path, &config, system, &read), DF_OK);
  memcpy(data->rounding, read->rounding, (nx + (size_t)data->nu) * sizeof *data->rounding);
  data->action_precision = read->action_precision;
  df_dataset_free(read);
}

#endif
