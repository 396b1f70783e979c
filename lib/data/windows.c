#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/dataset.h"

/* the start frames of the windows of an episode */
typedef struct starts {
  int first, last, stride;
} starts;

/* the side of a frame while the frames are sorted into sides */
enum { NEITHER = 0, TRAIN = 1, TEST = -1 };

/* ---- the start frames ---- */

static df_status check_starts(const df_dataset* data, const df_config* config) {
  const int fit = data->length - config->window_horizon;
  const int last = config->window_last > 0 ? config->window_last : fit;
  if (config->window_horizon < 1 || config->window_stride < 1 || config->window_first < 0 || fit < 0 || last > fit ||
      config->window_first > last) {
    return df_fail(DF_E_CONFIG,
                   "windows of window.horizon = %d actions starting at frames window.first = %d to window.last = %d do "
                   "not fit in episodes of %d actions",
                   config->window_horizon, config->window_first, config->window_last, data->length);
  }
  return DF_OK;
}

/* there are none if last < first */
static starts starts_of(const df_dataset* data, const df_config* config, int episode) {
  const int fit = data->lengths[episode] - config->window_horizon;
  const int last = config->window_last > 0 && config->window_last < fit ? config->window_last : fit;
  return (starts){.first = config->window_first, .last = last, .stride = config->window_stride};
}

static bool has_windows(const df_dataset* data, const df_config* config, int episode) {
  const starts s = starts_of(data, config, episode);
  return s.first <= s.last;
}

/* ---- sides ---- */

/* Sets the side of the frames from .. to - 1 that the episode has. Frames held out already stay so. */
static void set_side(const df_dataset* data, df_windows* w, int episode, long long from, long long to, int side) {
  int* of = w->side + data->first[episode];
  const long long frames = data->lengths[episode] + 1LL, end = to < frames ? to : frames;
  for (long long t = from > 0 ? from : 0; t < end; t++) {
    if (of[t] != TEST) of[t] = side;
  }
}

static const char* group_name(const df_dataset* data, int group) {
  return data->nc > 0 && strncmp(data->condition_name[group], "gait.", 5) == 0 ? data->condition_name[group] : "";
}

/* holds out the test_every-th, (2 test_every)-th, ... episode of each group; `seen` [groups] counts episodes */
static df_status split_episodes(const df_dataset* data, const df_config* config, int groups, int* seen, df_windows* w) {
  const int test_every = config->split_test_every;
  for (int e = 0; e < data->episodes; e++) {
    if (!has_windows(data, config, e)) continue;
    const int place = seen[df_dataset_group(data, e)]++;
    const bool is_test = place % test_every == test_every - 1;
    set_side(data, w, e, 0, data->lengths[e] + 1LL, is_test ? TEST : TRAIN);
  }
  for (int g = 0; g < groups; g++) {
    if (seen[g] == 0 || seen[g] >= test_every) continue;
    const char* name = group_name(data, g);
    return df_fail(DF_E_CONFIG,
                   "split.test_every = %d holds out none of the %d episodes%s%s; decrease it, or set split.by: time",
                   test_every, seen[g], name[0] ? " of " : "", name);
  }
  return DF_OK;
}

/* the frame after the first k blocks of an episode, or beyond its end */
static long long block_end(const df_config* config, long long frames, long long k) {
  return config->split_block > 0 ? k * config->split_block : k * frames / config->split_test_every;
}

/* holds out the test_every-th, (2 test_every)-th, ... block of all episodes */
static void split_time(const df_dataset* data, const df_config* config, df_windows* w) {
  const int test_every = config->split_test_every, gap = config->split_gap;
  long long block = 0;
  for (int e = 0; e < data->episodes; e++) {
    const long long frames = data->lengths[e] + 1LL;
    set_side(data, w, e, 0, frames, TRAIN);
    for (long long k = 0; block_end(config, frames, k) < frames; k++, block++) {
      if (block % test_every != test_every - 1) continue;
      const long long from = block_end(config, frames, k), to = block_end(config, frames, k + 1);
      set_side(data, w, e, from - gap, to + gap, NEITHER);
      set_side(data, w, e, from, to, TEST);
    }
  }
}

/* turns the sides of frames into the numbers of frames, from each one on, that are on its side */
static void count_ahead(const df_dataset* data, df_windows* w) {
  for (int e = 0; e < data->episodes; e++) {
    int* side = w->side + data->first[e];
    for (int t = data->lengths[e] - 1; t >= 0; t--) {
      const bool same = (side[t] > 0 && side[t + 1] > 0) || (side[t] < 0 && side[t + 1] < 0);
      if (same) side[t] += side[t + 1];
    }
  }
}

/* ---- the windows ---- */

/* the side of a window, by how many frames from its start on are on one side */
static int side_of(const df_windows* w, const df_dataset* data, int episode, int start) {
  const int ahead = w->side[data->first[episode] + (size_t)start];
  return ahead > w->horizon ? TRAIN : ahead < -w->horizon ? TEST : NEITHER;
}

/* counts the windows of each side, and lists them where there are lists */
static void list_windows(const df_dataset* data, const df_config* config, df_windows* w, long long n[2]) {
  n[0] = n[1] = 0;
  w->unused_episodes = 0;
  for (int e = 0; e < data->episodes; e++) {
    const starts s = starts_of(data, config, e);
    const long long before = n[0] + n[1];
    for (int start = s.first; start <= s.last; start += s.stride) {
      const int side = side_of(w, data, e, start);
      if (side == NEITHER) continue;
      df_window* list = side == TRAIN ? w->train : w->test;
      if (list) list[n[side == TEST]] = (df_window){.episode = e, .start = start};
      n[side == TEST]++;
    }
    w->unused_episodes += n[0] + n[1] == before;
  }
}

static df_status fill(const df_dataset* data, const df_config* config, df_windows* w) {
  long long n[2];
  list_windows(data, config, w, n);
  if (n[0] + n[1] > 2000000000LL) {
    return df_fail(DF_E_CONFIG, "%lld windows are too many; increase window.stride", n[0] + n[1]);
  }
  if (n[0] == 0 || n[1] == 0) {
    return df_fail(DF_E_CONFIG,
                   "split.by = %s with split.test_every = %d, split.block = %d and split.gap = %d leaves %lld training "
                   "and %lld test windows of window.horizon = %d actions; the longest episode has %d actions",
                   config->split_by, config->split_test_every, config->split_block, config->split_gap, n[0], n[1],
                   w->horizon, data->length);
  }
  w->n_train = (int)n[0];
  w->n_test = (int)n[1];
  w->train = df_alloc((size_t)n[0], sizeof *w->train);
  w->test = df_alloc((size_t)n[1], sizeof *w->test);
  if (!w->train || !w->test) return DF_E_NOMEM;
  list_windows(data, config, w, n);
  return DF_OK;
}

/* every group with training windows must have test windows; `seen` [groups] */
static df_status check_groups(const df_dataset* data, const df_windows* w, int groups, int* seen) {
  memset(seen, 0, (size_t)groups * sizeof *seen);
  for (int i = 0; i < w->n_train; i++) seen[df_dataset_group(data, w->train[i].episode)] |= 1;
  for (int i = 0; i < w->n_test; i++) seen[df_dataset_group(data, w->test[i].episode)] |= 2;
  for (int g = 0; g < groups; g++) {
    if (seen[g] != 1) continue;
    return df_fail(DF_E_CONFIG, "the split leaves no test window of %s; decrease split.test_every or split.block",
                   group_name(data, g));
  }
  return DF_OK;
}

static df_status build(const df_dataset* data, const df_config* config, int groups, int* seen, df_windows* w) {
  DF_TRY(check_starts(data, config));
  DF_REQUIRE(config->split_test_every >= 2, "split.test_every = %d: must be at least 2", config->split_test_every);
  w->horizon = config->window_horizon;
  w->side = df_alloc(data->first[data->episodes], sizeof *w->side);
  if (!w->side) return DF_E_NOMEM;
  if (strcmp(config->split_by, "time") == 0) {
    split_time(data, config, w);
  } else {
    DF_TRY(split_episodes(data, config, groups, seen, w));
  }
  count_ahead(data, w);
  DF_TRY(fill(data, config, w));
  return check_groups(data, w, groups, seen);
}

df_status df_windows_new(const df_dataset* data, const df_config* config, df_windows** out) {
  DF_REQUIRE_OUT(out);
  DF_REQUIRE_POINTER(data);
  DF_REQUIRE_POINTER(config);
  const int groups = data->nc > 0 ? data->nc : 1;
  df_windows* windows = df_alloc(1, sizeof *windows);
  int* seen = windows ? df_alloc((size_t)groups, sizeof *seen) : NULL;
  const df_status status = seen ? build(data, config, groups, seen, windows) : DF_E_NOMEM;
  df_free(seen);
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
  df_free(windows->side);
  df_free(windows);
}

bool df_windows_trains(const df_windows* windows, const df_dataset* data, df_window w) {
  if (w.episode < 0 || w.episode >= data->episodes || w.start < 0 || w.start > data->lengths[w.episode]) return false;
  return side_of(windows, data, w.episode, w.start) == TRAIN;
}
