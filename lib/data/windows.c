#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/dataset.h"

/* the start frames of the windows, the same in every episode */
typedef struct starts {
  int first, last, stride, count;
} starts;

int df_dataset_group(const df_dataset* data, int episode) {
  const double* c = df_dataset_condition(data, episode);
  int best = -1;
  for (int i = 0; i < data->nc; i++) {
    if (strncmp(data->condition_name[i], "gait.", 5) != 0) continue;
    if (best < 0 || c[i] > c[best]) best = i;
  }
  return best < 0 ? 0 : best;
}

static df_status find_starts(const df_dataset* data, const df_config* config, starts* out) {
  const int fit = data->length - config->window_horizon;
  const int last = config->window_last > 0 ? config->window_last : fit;
  if (config->window_horizon < 1 || config->window_stride < 1 || config->window_first < 0 || fit < 0 || last > fit ||
      config->window_first > last) {
    return df_fail(DF_E_CONFIG,
                   "windows of window.horizon = %d actions starting at frames window.first = %d to window.last = %d do "
                   "not fit in episodes of %d actions",
                   config->window_horizon, config->window_first, config->window_last, data->length);
  }
  *out = (starts){.first = config->window_first, .last = last, .stride = config->window_stride};
  out->count = (last - out->first) / out->stride + 1;
  return DF_OK;
}

/* marks the held-out episodes: the test_every-th, (2 test_every)-th, ... of each group */
static df_status mark_test(const df_dataset* data, int test_every, char* is_test, int* n_test) {
  int seen[DF_NAMES_MAX] = {0};
  *n_test = 0;
  for (int e = 0; e < data->episodes; e++) {
    const int place = seen[df_dataset_group(data, e)]++;
    is_test[e] = place % test_every == test_every - 1;
    *n_test += is_test[e];
  }
  for (int g = 0; g < DF_NAMES_MAX; g++) {
    if (seen[g] == 0 || seen[g] >= test_every) continue;
    return df_fail(DF_E_CONFIG, "split.test_every = %d holds out none of the %d episodes%s%s", test_every, seen[g],
                   data->nc > 0 && strncmp(data->condition_name[g], "gait.", 5) == 0 ? " of " : "",
                   data->nc > 0 && strncmp(data->condition_name[g], "gait.", 5) == 0 ? data->condition_name[g] : "");
  }
  return DF_OK;
}

static void fill(const df_dataset* data, const starts* s, const char* is_test, df_windows* windows) {
  for (int e = 0; e < data->episodes; e++) {
    df_window* list = is_test[e] ? windows->test : windows->train;
    int* n = is_test[e] ? &windows->n_test : &windows->n_train;
    for (int i = 0; i < s->count; i++) list[(*n)++] = (df_window){.episode = e, .start = s->first + i * s->stride};
  }
}

static df_status build(const df_dataset* data, const df_config* config, char* is_test, df_windows* windows) {
  starts s = {0};
  int n_test = 0;
  DF_TRY(find_starts(data, config, &s));
  DF_REQUIRE(config->split_test_every >= 2, "split.test_every = %d: must be at least 2", config->split_test_every);
  DF_TRY(mark_test(data, config->split_test_every, is_test, &n_test));
  const long long all = (long long)data->episodes * s.count;
  if (all > 2000000000LL) return df_fail(DF_E_CONFIG, "%lld windows are too many; increase window.stride", all);
  windows->horizon = config->window_horizon;
  windows->train = df_alloc((size_t)(data->episodes - n_test) * (size_t)s.count, sizeof *windows->train);
  windows->test = df_alloc((size_t)n_test * (size_t)s.count, sizeof *windows->test);
  if (!windows->train || !windows->test) return DF_E_NOMEM;
  fill(data, &s, is_test, windows);
  return DF_OK;
}

df_status df_windows_new(const df_dataset* data, const df_config* config, df_windows** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(data);
  DF_REQUIRE_POINTER(config);
  df_windows* windows = df_alloc(1, sizeof *windows);
  char* is_test = windows ? df_alloc((size_t)data->episodes, 1) : NULL;
  const df_status status = is_test ? build(data, config, is_test, windows) : DF_E_NOMEM;
  df_free(is_test);
  if (status != DF_OK) {
    df_windows_free(windows);
    return status;
  }
  *out = windows;
  return DF_OK;
}

void df_windows_free(df_windows* windows) {
  if (!windows) return;
  df_free(windows->train);
  df_free(windows->test);
  df_free(windows);
}
