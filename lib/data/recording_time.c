/* the times of recorded frames, as files state them */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/io/memory.h"
#include "recording_internal.h"

static int find_role(const df_layout* layout, column_role role) {
  for (int i = 0; i < layout->columns; i++) {
    if (layout->column[i].role == role) return i;
  }
  return -1;
}

bool recording_column_times(const df_recording* r, int episode, double* time) {
  const recorded_episode* e = &r->episode[episode];
  const int stamps = find_role(r->layout, COLUMN_TIME), durations = find_role(r->layout, COLUMN_DURATION);
  const size_t columns = (size_t)r->layout->columns;
  if (stamps < 0 && durations < 0) return false;
  time[0] = 0;
  for (int t = 1; t < e->frames; t++) {
    const double* raw = e->raw + (size_t)t * columns;
    time[t] = stamps >= 0 ? raw[stamps] - e->raw[stamps] : time[t - 1] + raw[durations - (int)columns];
  }
  return true;
}

double df_step_without_gaps(size_t n, const double* step, size_t stride, bool difference) {
  static const double LONGER = 1.5, MOST = 0.25;
  size_t rises = 0, kept = SIZE_MAX;
  double mean = 0;
  for (double most = INFINITY;; most = LONGER * mean) {
    const size_t before = kept;
    double sum = 0;
    kept = 0;
    for (size_t k = 0; k < n; k++) {
      const double one = difference ? step[(k + 1) * stride] - step[k * stride] : step[k * stride];
      if (!(one > 0 && one <= most)) continue;
      sum += one;
      kept++;
    }
    if (before == SIZE_MAX) rises = kept;
    if (kept == 0 || kept == before) break;
    mean = sum / (double)kept;
  }
  const size_t gaps = rises - kept;
  return gaps > 0 && (double)gaps <= MOST * (double)rises ? mean : 0;
}

/* the last of these times, 0: there are none */
static double column_end(const df_recording* r, int episode) {
  const recorded_episode* e = &r->episode[episode];
  const int stamps = find_role(r->layout, COLUMN_TIME), durations = find_role(r->layout, COLUMN_DURATION);
  const size_t columns = (size_t)r->layout->columns, last = (size_t)(e->frames - 1);
  double sum = 0;
  if (stamps >= 0) return e->raw[last * columns + (size_t)stamps] - e->raw[stamps];
  for (size_t t = 0; t < last && durations >= 0; t++) sum += e->raw[t * columns + (size_t)durations];
  return sum;
}

/* the duration of a frame by these times, if some are gaps; 0: none are */
static double duration_without_gaps(const df_recording* r, int episode) {
  const recorded_episode* e = &r->episode[episode];
  const int stamps = find_role(r->layout, COLUMN_TIME), durations = find_role(r->layout, COLUMN_DURATION);
  const double* first = e->raw + (stamps >= 0 ? stamps : durations);
  return df_step_without_gaps((size_t)(e->frames - 1), first, (size_t)r->layout->columns, stamps >= 0);
}

double recording_stated_duration(const df_recording* r, int episode) {
  const recorded_episode* e = &r->episode[episode];
  const double end = column_end(r, episode);
  if (!(end > 0)) return e->stated_dt;
  const double usual = duration_without_gaps(r, episode);
  return usual > 0 ? usual : end / (e->frames - 1);
}

const char* df_recording_rate_source(const df_recording* r) {
  for (int k = 0; k < r->episodes; k++) {
    /* with which the times have been compared */
    if (strncmp(r->episode[k].stated_by, "control_freq", 12) == 0) return r->episode[k].stated_by;
    if (column_end(r, k) > 0) return find_role(r->layout, COLUMN_TIME) >= 0 ? "times" : "durations";
    if (r->episode[k].stated_dt > 0) return r->episode[k].stated_by;
  }
  return "";
}

double df_recording_rate(const df_recording* r) {
  double sum = 0;
  long steps = 0;
  for (int k = 0; k < r->episodes; k++) {
    const double step = recording_stated_duration(r, k);
    if (step > 0) steps += r->episode[k].frames - 1;
    sum += step * (r->episode[k].frames - 1);
  }
  return sum > 0 ? (double)steps / sum : 0;
}

static int by_size(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

/* sorts them; the lower one of an even number */
static double median_of(int n, double* values) {
  qsort(values, (size_t)n, sizeof *values, by_size);
  return values[(n - 1) / 2];
}

df_status df_recording_gap(const df_recording* r, int episode, double* gap, double* usual, int* frame) {
  const int steps = r->episode[episode].frames - 1;
  double* time = df_alloc(2 * (size_t)steps + 1, sizeof *time);
  *gap = *usual = 0;
  *frame = 0;
  if (!time) return DF_E_NOMEM;
  if (recording_column_times(r, episode, time)) {
    double* step = time + steps + 1;
    for (int t = 0; t < steps; t++) {
      step[t] = time[t + 1] - time[t];
      if (!(step[t] > *gap)) continue;
      *gap = step[t];
      *frame = t;
    }
    *usual = median_of(steps, step);
  }
  df_free(time);
  return DF_OK;
}

int recording_time_fault(int frames, const double* time) {
  for (int t = 1; t < frames; t++) {
    if (!(time[t] > time[t - 1])) return t;
  }
  return 0;
}

df_status df_recording_time_order(const df_recording* r, int episode, int* frame, double at[2]) {
  const int frames = r->episode[episode].frames;
  double* time = df_alloc((size_t)frames, sizeof *time);
  *frame = 0;
  at[0] = at[1] = 0;
  if (!time) return DF_E_NOMEM;
  if (recording_column_times(r, episode, time)) *frame = recording_time_fault(frames, time);
  if (*frame > 0) {
    at[0] = time[*frame - 1];
    at[1] = time[*frame];
  }
  df_free(time);
  return DF_OK;
}

/* ---- the memory of resampled frames ---- */

/* what makes frames so many, and what to do about it */
static df_status describe_length(const df_recording* r, const df_config* config, int episode, char cause[256],
                                 char remedy[256]) {
  static const double LONGER = 1.5;
  const recorded_episode* e = &r->episode[episode];
  double gap, usual;
  int frame;
  DF_TRY(df_recording_gap(r, episode, &gap, &usual, &frame));
  if (config->data_rate > 0) {
    snprintf(cause, 256, "with data.rate = %.6g a frame lasts %.6g s", config->data_rate, 1 / config->data_rate);
    snprintf(remedy, 256, "correct data.rate, the frames per second");
  } else if (usual > 0 && gap > LONGER * usual) {
    snprintf(cause, 256, "time gap: %.6g s pass between frames %d and %d, %.3g times the usual time", gap, frame,
             frame + 1, gap / usual);
    snprintf(remedy, 256,
             "cut the episode there (data.ends_key), or leave it out (data.select); if the motion goes on there, "
             "data.rate: %.6g replaces the times",
             1 / usual);
  } else {
    const bool times = usual > 0;
    snprintf(cause, 256, "%s%s%s %.6g s per frame", times ? "the " : "'",
             times ? df_recording_rate_source(r) : e->stated_by, times ? " of data.columns say" : "' states",
             times ? usual : e->stated_dt);
    snprintf(remedy, 256, "correct the file, or say how many frames a second has in data.rate");
  }
  return DF_OK;
}

df_status recording_check_memory(const df_recording* r, const df_config* config, int episode, double dt, double frames,
                                 double bytes) {
  const recorded_episode* e = &r->episode[episode];
  const double mib = 1 << 20;
  char first[1], cause[256], remedy[256], admit[DF_IO_REMEDY];
  size_t n, size;
  if (bytes <= (double)df_io_memory_of(0)) return DF_OK;
  DF_TRY(df_file_read_beginning(r->file[e->file], first, sizeof first, &n, &size));
  const double most = (double)df_io_memory_of(size);
  if (bytes <= most) return DF_OK;
  DF_TRY(describe_length(r, config, episode, cause, remedy));
  df_io_memory_remedy(bytes, admit);
  return df_fail(DF_E_CONFIG,
                 "%s: episode %d: %s: at the rate of the actions, %.6g s each, the episode has %.6g frames; with them "
                 "the file takes %.1f MiB of memory, and at most %.1f MiB are accepted: %s; if it is right, %s",
                 r->file[e->file], e->number, cause, dt, frames, bytes / mib, most / mib, remedy, admit);
}

/* ---- the duration of a frame ---- */

double df_recording_frame_duration(const df_recording* r, const df_config* config, const df_system* system,
                                   int episode) {
  const double stated = recording_stated_duration(r, episode);
  return config->data_rate > 0 ? 1 / config->data_rate : stated > 0 ? stated : system->dt;
}
