#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/data/dataset.h"

/* the start frames of the windows of an episode */
typedef struct starts {
  int first, last, stride;
} starts;

enum { SIDES = DF_SIDE_VALIDATION + 1 };

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

/* Puts the frames from .. to - 1 of the episode on a side, and those of the gap before and after them that are not on
 * it already on none. */
static void set_side(const df_dataset* data, df_windows* w, int episode, long long from, long long to, long long gap,
                     df_side side) {
  unsigned char* of = w->side + data->first[episode];
  const long long frames = data->lengths[episode] + 1LL, end = to + gap < frames ? to + gap : frames;
  for (long long t = from > gap ? from - gap : 0; t < end; t++) {
    if (t >= from && t < to) {
      of[t] = (unsigned char)side;
    } else if (of[t] != side) {
      of[t] = DF_SIDE_NONE;
    }
  }
}

/* the condition of a group, for messages; "": the groups are no gaits */
static const char* group_name(const df_dataset* data, int group) {
  return df_dataset_group_gait(data, group) ? data->condition_name[group] : "";
}

/* the side of an episode or block by its place, from 0, among those of its kind: every test_every-th is of the test,
 * and of the others every validation_every-th is for validation */
static df_side side_at(const df_config* config, long long place) {
  const long long test_every = config->split_test_every, validation_every = config->split_validation_every;
  if (place % test_every == test_every - 1) return DF_SIDE_TEST;
  const long long left = place - place / test_every;
  return validation_every && left % validation_every == validation_every - 1 ? DF_SIDE_VALIDATION : DF_SIDE_TRAIN;
}

/* puts each episode on the side of its place in its group; `seen` [groups] counts episodes */
static df_status split_episodes(const df_dataset* data, const df_config* config, int groups, int* seen, df_windows* w) {
  const int test_every = config->split_test_every;
  for (int e = 0; e < data->episodes; e++) {
    if (!has_windows(data, config, e)) continue;
    const int place = seen[df_dataset_group(data, e)]++;
    set_side(data, w, e, 0, data->lengths[e] + 1LL, 0, side_at(config, place));
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

/* puts the blocks of all episodes that are of a side on it, with a gap beside each */
static void hold_out_blocks(const df_dataset* data, const df_config* config, df_side side, df_windows* w) {
  long long block = 0;
  for (int e = 0; e < data->episodes; e++) {
    const long long frames = data->lengths[e] + 1LL;
    for (long long k = 0; block_end(config, frames, k) < frames; k++, block++) {
      if (side_at(config, block) != side) continue;
      set_side(data, w, e, block_end(config, frames, k), block_end(config, frames, k + 1), config->split_gap, side);
    }
  }
}

/* the test comes last: its gaps go before validation */
static void split_time(const df_dataset* data, const df_config* config, df_windows* w) {
  memset(w->side, DF_SIDE_TRAIN, data->first[data->episodes] * sizeof *w->side);
  hold_out_blocks(data, config, DF_SIDE_VALIDATION, w);
  hold_out_blocks(data, config, DF_SIDE_TEST, w);
}

static void count_ahead(const df_dataset* data, df_windows* w) {
  for (int e = 0; e < data->episodes; e++) {
    const unsigned char* side = w->side + data->first[e];
    int* ahead = w->ahead + data->first[e];
    ahead[data->lengths[e]] = 1;
    for (int t = data->lengths[e] - 1; t >= 0; t--) ahead[t] = side[t] == side[t + 1] ? ahead[t + 1] + 1 : 1;
  }
}

/* ---- the windows ---- */

/* the side of a window, if all of its frames are on one */
static df_side side_of(const df_windows* w, const df_dataset* data, int episode, int start) {
  const size_t frame = data->first[episode] + (size_t)start;
  return w->ahead[frame] > w->horizon ? (df_side)w->side[frame] : DF_SIDE_NONE;
}

/* counts the windows of each side in n [SIDES], and lists them where there are lists */
static void list_windows(const df_dataset* data, const df_config* config, df_windows* w, long long* n) {
  df_window* const lists[SIDES] = {NULL, w->train, w->test, w->validation};
  memset(n, 0, SIDES * sizeof *n);
  w->unused_episodes = 0;
  for (int e = 0; e < data->episodes; e++) {
    const starts s = starts_of(data, config, e);
    int found = 0;
    for (int start = s.first; start <= s.last; start += s.stride) {
      const df_side side = side_of(w, data, e, start);
      if (lists[side]) lists[side][n[side]] = (df_window){.episode = e, .start = start};
      n[side]++;
      found += side != DF_SIDE_NONE;
    }
    w->unused_episodes += found == 0;
  }
}

static df_status fill(const df_dataset* data, const df_config* config, df_windows* w) {
  long long n[SIDES];
  list_windows(data, config, w, n);
  const long long train = n[DF_SIDE_TRAIN], test = n[DF_SIDE_TEST], validation = n[DF_SIDE_VALIDATION];
  if (train + test + validation > 2000000000LL) {
    return df_fail(DF_E_CONFIG, "%lld windows are too many; increase window.stride", train + test + validation);
  }
  if (train == 0 || test == 0) {
    return df_fail(DF_E_CONFIG,
                   "split.by = %s with split.test_every = %d, split.block = %d and split.gap = %d leaves %lld training "
                   "and %lld test windows of window.horizon = %d actions; the longest episode has %d actions",
                   config->split_by, config->split_test_every, config->split_block, config->split_gap, train, test,
                   w->horizon, data->length);
  }
  w->n_train = (int)train;
  w->n_test = (int)test;
  w->n_validation = (int)validation;
  w->train = df_alloc((size_t)train, sizeof *w->train);
  w->test = df_alloc((size_t)test, sizeof *w->test);
  if (validation) w->validation = df_alloc((size_t)validation, sizeof *w->validation);
  if (!w->train || !w->test || (validation && !w->validation)) return DF_E_NOMEM;
  list_windows(data, config, w, n);
  return DF_OK;
}

/* every group with training windows must have windows of all sides that are held out; `seen` [groups] */
static df_status check_groups(const df_dataset* data, const df_config* config, const df_windows* w, int groups,
                              int* seen) {
  enum { TRAINED = 1, TESTED = 2, VALIDATED = 4 };
  memset(seen, 0, (size_t)groups * sizeof *seen);
  for (int i = 0; i < w->n_train; i++) seen[df_dataset_group(data, w->train[i].episode)] |= TRAINED;
  for (int i = 0; i < w->n_test; i++) seen[df_dataset_group(data, w->test[i].episode)] |= TESTED;
  for (int i = 0; i < w->n_validation; i++) seen[df_dataset_group(data, w->validation[i].episode)] |= VALIDATED;
  for (int g = 0; g < groups; g++) {
    const char* name = group_name(data, g);
    if ((seen[g] & TRAINED) && !(seen[g] & TESTED)) {
      return df_fail(DF_E_CONFIG, "the split leaves no test window of %s; decrease split.test_every or split.block",
                     name);
    }
    if ((seen[g] & TRAINED) && !(seen[g] & VALIDATED) && config->split_validation_every) {
      return df_fail(DF_E_CONFIG,
                     "split.validation_every = %d leaves no validation window%s%s; decrease it, or split.block",
                     config->split_validation_every, name[0] ? " of " : "", name);
    }
  }
  return DF_OK;
}

static df_status build(const df_dataset* data, const df_config* config, int groups, int* seen, df_windows* w) {
  DF_TRY(check_starts(data, config));
  DF_REQUIRE(config->split_test_every >= 2, "split.test_every = %d: must be at least 2", config->split_test_every);
  w->horizon = config->window_horizon;
  w->side = df_alloc(data->first[data->episodes], sizeof *w->side);
  w->ahead = df_alloc(data->first[data->episodes], sizeof *w->ahead);
  if (!w->side || !w->ahead) return DF_E_NOMEM;
  if (strcmp(config->split_by, "time") == 0) {
    split_time(data, config, w);
  } else {
    DF_TRY(split_episodes(data, config, groups, seen, w));
  }
  count_ahead(data, w);
  DF_TRY(fill(data, config, w));
  return check_groups(data, config, w, groups, seen);
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
  df_free(windows->validation);
  df_free(windows->side);
  df_free(windows->ahead);
  df_free(windows);
}

/* ---- fewer training windows ---- */

/* counts the episodes with training windows of each group in seen [groups], and marks in kept [episodes] the first n
 * of each */
static void keep_first(const df_dataset* data, const df_windows* windows, int n, int* seen, bool* kept) {
  for (int i = 0, before = -1; i < windows->n_train; i++) {
    const int e = windows->train[i].episode;
    if (e == before) continue;
    before = e;
    kept[e] = seen[df_dataset_group(data, e)]++ < n;
  }
}

static df_status check_kept(const df_dataset* data, int n, int groups, const int* seen) {
  for (int g = 0; g < groups; g++) {
    if (seen[g] == 0 || seen[g] >= n) continue;
    const char* name = group_name(data, g);
    return df_fail(DF_E_CONFIG, "train.episodes = %d exceeds the %d training episodes%s%s; decrease it, or set it to 0",
                   n, seen[g], name[0] ? " of " : "", name);
  }
  return DF_OK;
}

/* takes the training windows of the other episodes away; their frames are then on no side */
static void drop_others(const df_dataset* data, const bool* kept, df_windows* w) {
  int n = 0;
  for (int i = 0; i < w->n_train; i++) {
    if (kept[w->train[i].episode]) w->train[n++] = w->train[i];
  }
  w->n_train = n;
  for (int e = 0; e < data->episodes; e++) {
    for (size_t t = data->first[e]; !kept[e] && t < data->first[e + 1]; t++) {
      if (w->side[t] == DF_SIDE_TRAIN) w->side[t] = DF_SIDE_NONE;
    }
  }
  count_ahead(data, w);
}

df_status df_windows_keep_episodes(df_windows* windows, const df_dataset* data, int n) {
  DF_REQUIRE_POINTER(windows);
  DF_REQUIRE_POINTER(data);
  DF_REQUIRE(n >= 1, "df_windows_keep_episodes: n is %d, must be at least 1", n);
  const int groups = data->nc > 0 ? data->nc : 1;
  int* seen = df_alloc((size_t)groups, sizeof *seen);
  bool* kept = df_alloc((size_t)data->episodes, sizeof *kept);
  df_status status = seen && kept ? DF_OK : DF_E_NOMEM;
  if (status == DF_OK) keep_first(data, windows, n, seen, kept);
  if (status == DF_OK) status = check_kept(data, n, groups, seen);
  if (status == DF_OK) drop_others(data, kept, windows);
  df_free(seen);
  df_free(kept);
  return status;
}

bool df_windows_trains(const df_windows* windows, const df_dataset* data, df_window w) {
  if (w.episode < 0 || w.episode >= data->episodes || w.start < 0 || w.start > data->lengths[w.episode]) return false;
  return side_of(windows, data, w.episode, w.start) == DF_SIDE_TRAIN;
}
