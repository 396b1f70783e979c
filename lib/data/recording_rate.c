/* the frame rate that a file states beside its columns */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/c_locale.h"
#include "recording_reader.h"

/* two durations of a frame that differ by less are the same one, rounded: 0.033 s and 30 Hz */
static const double SAME = 0.02;

/* what a file states of the duration of a frame */
typedef struct stated_rate {
  double dt; /* s; 0: nothing is stated */
  bool rate; /* it is stated as a rate */
  bool step; /* it may be that of the simulator instead */
  char by[sizeof((recorded_episode*)0)->stated_by];
} stated_rate;

/* arrays and attributes of one number that state it, in seconds, or frames per second; the last ones only as
 * attributes, since arrays of these names may be columns */
static const struct {
  const char* name;
  bool rate, step;
} known[] = {{"dt", false, true},         {"FrameDuration", false, false},  {"frame_duration", false, false},
             {"fps", true, false},        {"mocap_framerate", true, false}, {"mocap_frame_rate", true, false},
             {"frame_rate", true, false}, {"framerate", true, false},       {"timestep", false, true}};
enum { KNOWN = sizeof known / sizeof *known, KNOWN_ARRAYS = 6 };

const char* df_recording_rate_name(int k, bool* array) {
  if (k < 0 || k >= KNOWN) return NULL;
  *array = k < KNOWN_ARRAYS;
  return known[k].name;
}

/* ---- statements that contradict each other ---- */

static void value_text(const stated_rate* s, char out[48]) {
  if (s->rate) snprintf(out, 48, "%.6g Hz", 1 / s->dt);
  if (!s->rate) snprintf(out, 48, "%.6g s per frame", s->dt);
}

static bool differ(double a, double b) {
  return fabs(a - b) > SAME * fmax(a, b);
}

static df_status fail_contradiction(const reader* rd, const stated_rate* a, const stated_rate* b) {
  char first[48], second[48];
  value_text(a, first);
  value_text(b, second);
  return df_fail(DF_E_CONFIG,
                 "%s: '%s' states %s, but '%s' %s: correct the file, or say how many frames a second has in data.rate",
                 rd->file->path, a->by, first, b->by, second);
}

/* whether only what the file states tells the rate */
static bool is_needed(const reader* rd) {
  const df_layout* layout = rd->r->layout;
  for (int i = 0; i < layout->columns; i++) {
    if (layout->column[i].role == COLUMN_TIME || layout->column[i].role == COLUMN_DURATION) return false;
  }
  return rd->r->config.data_rate == 0;
}

/* whether frames of these times have several steps of a simulator that last as long as the file states */
static bool is_part_of(const stated_rate* one, double frame) {
  const double steps = round(frame / one->dt);
  return one->step && steps >= 2 && !differ(frame, steps * one->dt);
}

/* times in columns that contradict a statement */
static df_status check_times(const reader* rd, const stated_rate* one) {
  const bool durations = strcmp(df_recording_rate_source(rd->r), "durations") == 0;
  for (int e = rd->first; e < rd->r->episodes && rd->r->config.data_rate == 0; e++) {
    stated_rate times = {.dt = recording_stated_duration(rd->r, e)};
    if (!(times.dt > 0) || !differ(times.dt, one->dt)) continue;
    snprintf(times.by, sizeof times.by, "%s in data.columns", durations ? "durations" : "times");
    if (!is_part_of(one, times.dt)) return fail_contradiction(rd, &times, one);
    return recording_note(rd->r,
                          "%s: '%s' states %.6g s per frame, but '%s' %.6g s, which are taken: %.0f steps of the "
                          "simulator are a frame; data.rate says otherwise",
                          rd->file->path, one->by, one->dt, times.by, times.dt, times.dt / one->dt);
  }
  return DF_OK;
}

/* adds a statement to the one before */
static df_status take(const reader* rd, const stated_rate* one, stated_rate* out) {
  if (out->dt > 0 && is_needed(rd) && differ(out->dt, one->dt)) return fail_contradiction(rd, out, one);
  if (out->dt == 0) *out = *one;
  return check_times(rd, one);
}

/* ---- numbers ---- */

/* the error for a statement that is no number, with its text */
static df_status fail_no_number(reader* rd, const df_array_info* info, int k) {
  char* text = NULL;
  if (strcmp(info->type, "text") == 0) DF_TRY(df_arrays_read_text(rd->file->arrays, info->name, &text));
  const df_status status =
      df_fail(DF_E_FORMAT,
              "%s: '%s' is %s%.60s%s: a %s is a finite number above 0; correct the file, or say how many frames a "
              "second has in data.rate",
              rd->file->path, info->name, text ? "'" : "", text ? text : info->type, text ? "'" : "",
              known[k].rate ? "frame rate" : "duration of a frame");
  df_free(text);
  return status;
}

/* Reads number k of `known` in a group or, if `of` is not NULL, as an attribute of this array of it, of the group
 * itself if it is "". One that others precede is read only if it is a rate. */
static df_status read_known(reader* rd, const char* group, const char* of, int k, stated_rate* out) {
  char name[STACK_NAME], full[STACK_NAME];
  df_array a;
  const bool attribute = of != NULL;
  const int length = snprintf(name, sizeof name, "%s%s%s", attribute ? of : "", attribute ? "@" : "", known[k].name);
  if (length >= (int)sizeof name || !array_file_has(rd->file, group, name, full)) return DF_OK;
  const df_array_info* info = df_arrays_info(rd->file->arrays, df_arrays_find(rd->file->arrays, full));
  const bool first = k == 0 && !attribute, decides = out->dt == 0;
  if (!info->numeric && !first) return decides && is_needed(rd) ? fail_no_number(rd, info, k) : DF_OK;
  DF_TRY(df_arrays_read(rd->file->arrays, full, &a));
  const bool single = a.count == 1;
  const double value = single ? a.values[0] : NAN;
  df_array_clear(&a);
  if (!single && !first) return DF_OK;
  if (!single) return df_fail(DF_E_FORMAT, "%s: array '%s' is not a single number", rd->file->path, full);
  if (!(isfinite(value) && value > 0)) {
    if (!decides) return DF_OK;
    return df_fail(DF_E_FORMAT, "%s: %s '%s' is %g: a %s is a finite number above 0", rd->file->path,
                   attribute ? "attribute" : "array", full, value,
                   known[k].rate ? "frame rate" : "duration of a frame");
  }
  stated_rate one = {.dt = known[k].rate ? 1 / value : value, .rate = known[k].rate, .step = known[k].step};
  /* a table has no array of one number but the rate of its comments */
  const bool comment = strcmp(df_arrays_format(rd->file->arrays), "CSV") == 0 && info->rank == 0;
  snprintf(one.by, sizeof one.by, "%s%s", attribute ? "the attribute " : "", comment ? "a comment" : known[k].name);
  return take(rd, &one, out);
}

static df_status read_group(reader* rd, const char* group, stated_rate* out) {
  for (int k = 0; k < KNOWN_ARRAYS; k++) DF_TRY(read_known(rd, group, NULL, k, out));
  for (int k = 0; k < KNOWN; k++) DF_TRY(read_known(rd, group, "", k, out));
  return DF_OK;
}

/* the attributes of the arrays that are read */
static df_status read_sources(reader* rd, stated_rate* out) {
  for (int i = 0; i < rd->sources; i++) {
    const stack* read = &rd->source[i].read;
    for (size_t part = 0; part < read->arrays; part++) {
      for (int k = 0; k < KNOWN; k++) DF_TRY(read_known(rd, rd->group, read->part[part], k, out));
    }
  }
  return DF_OK;
}

/* ---- comments of a table that contradict each other ---- */

static df_status check_comments(reader* rd) {
  char full[STACK_NAME], *text;
  if (!array_file_has(rd->file, "", DF_ARRAYS_RATES, full) || !is_needed(rd)) return DF_OK;
  DF_TRY(df_arrays_read_text(rd->file->arrays, full, &text));
  const df_status status = df_fail(DF_E_CONFIG,
                                   "%s: comments state different frame rates, %s: correct the file, or say how many "
                                   "frames a second has in data.rate",
                                   rd->file->path, text);
  df_free(text);
  return status;
}

/* ---- robomimic ---- */

static bool ends_with_env_args(const char* name) {
  static const char part[] = "env_args";
  const size_t n = strlen(name), own = sizeof part - 1;
  return n >= own && strcmp(name + n - own, part) == 0;
}

/* Whether the array is env_args of the group, of a folder above it, or of the file. */
static bool is_env_args(const char* name, const char* group) {
  const size_t n = strlen(name), own = strlen("env_args");
  if (!ends_with_env_args(name)) return false;
  if (n == own) return true;
  const size_t folder = n - own - 1;
  if (!strchr("@/", name[folder])) return false;
  return strncmp(name, group, folder) == 0 && (group[folder] == '\0' || group[folder] == '/' || folder == 0);
}

/* the number after "control_freq": in the text of a JSON object; 0: none, or null; NaN: what is there is no rate */
static double control_freq(const char* text) {
  static const char key[] = "\"control_freq\"";
  const char* at = strstr(text, key);
  char* end;
  if (!at) return 0;
  at += sizeof key - 1;
  at += strspn(at, " \t\r\n");
  if (*at != ':') return 0;
  at++;
  at += strspn(at, " \t\r\n");
  if (strncmp(at, "null", 4) == 0) return 0;
  const double value = df_read_double(at, &end);
  return end != at && isfinite(value) && value > 0 ? value : NAN;
}

/* the rate of the controller, one action and one frame per step of which robomimic records */
static df_status read_env_args(reader* rd, stated_rate* out) {
  DF_TRY(text_list_make(rd->file->arrays, ends_with_env_args, &rd->file->env_args));
  for (int k = 0; k < rd->file->env_args.n; k++) {
    const int i = rd->file->env_args.at[k];
    const df_array_info* info = df_arrays_info(rd->file->arrays, i);
    char* text;
    if (!is_env_args(info->name, rd->group)) continue;
    rd->file->used[i] = true;
    DF_TRY(df_arrays_read_text(rd->file->arrays, info->name, &text));
    const double rate = control_freq(text);
    df_free(text);
    if (isnan(rate) && is_needed(rd))
      return df_fail(DF_E_FORMAT,
                     "%s: control_freq of '%s' is not a number above 0: correct the file, or say how many frames a "
                     "second has in data.rate",
                     rd->file->path, info->name);
    if (!(rate > 0)) continue;
    *out = (stated_rate){.dt = 1 / rate, .rate = true};
    snprintf(out->by, sizeof out->by, "control_freq of %.30s", info->name);
    return DF_OK;
  }
  return DF_OK;
}

/* ---- all of it ---- */

df_status reader_duration(reader* rd) {
  stated_rate one = {0}, control = {0};
  DF_TRY(check_comments(rd));
  /* what arrays state is nearer than what their group does, and that than what the file does */
  DF_TRY(read_sources(rd, &one));
  if (rd->group[0] && one.dt == 0) DF_TRY(read_group(rd, rd->group, &one));
  if (one.dt == 0) DF_TRY(read_group(rd, "", &one));
  DF_TRY(read_env_args(rd, &control));
  if (control.dt > 0) DF_TRY(take(rd, &control, &one));
  for (int e = rd->first; e < rd->r->episodes && one.dt > 0; e++) {
    rd->r->episode[e].stated_dt = one.dt;
    snprintf(rd->r->episode[e].stated_by, sizeof rd->r->episode[e].stated_by, "%s", one.by);
  }
  return DF_OK;
}
