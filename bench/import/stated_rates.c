#include "stated_rates.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dynaflow/data/recording.h"

/* two rates that differ by less are the same one, rounded, as in the conversion */
static const double SAME = 0.02;

/* other numbers of these names are no frame rates, s */
static const double SHORTEST = 1e-4, LONGEST = 1;

static const char* const rate_names[] = {
    "frame_rate",  "framerate",  "frequency",  "rate",  "sampling_rate",  "hz",  "control_frequency",  "control_freq",
    "@frame_rate", "@framerate", "@frequency", "@rate", "@sampling_rate", "@hz", "@control_frequency", "@control_freq"};

int stated_rate_names(const char* const** names) {
  *names = rate_names;
  return (int)(sizeof rate_names / sizeof *rate_names);
}

static bool may_be_of_others(const char* name) {
  static const char* const loose[] = {"frequency", "rate", "control_frequency", "control_freq"};
  const char* own = name + (name[0] == '@');
  bool found = false;
  for (size_t i = 0; i < sizeof loose / sizeof *loose; i++) found = found || strcmp(own, loose[i]) == 0;
  return found;
}

/* ---- one statement ---- */

typedef struct statement {
  char name[64], value[48];
  double frame; /* s; 0: there is none */
  bool loose;   /* may be of something else than frames */
  bool step;    /* may be of a step of the simulator */
} statement;

/* the number of an array or attribute of this name, frames per second or seconds */
static df_status read_statement(const recognition* r, const char* name, bool rate, statement* out) {
  const source_array* a = source_array_named(r->files, name);
  df_array value;
  *out = (statement){0};
  if (!a || !a->info->numeric) return DF_OK;
  DF_TRY(source_read(r->files, a, &value));
  const double number = value.count == 1 ? value.values[0] : 0;
  df_array_clear(&value);
  if (!(isfinite(number) && number > 0)) return DF_OK;
  out->frame = rate ? 1 / number : number;
  snprintf(out->name, sizeof out->name, "%s", name);
  snprintf(out->value, sizeof out->value, rate ? "%.6g Hz" : "%.6g s per frame", number);
  return DF_OK;
}

static statement of_clock(const stated_clock* clock) {
  statement out = {.frame = clock->frame};
  if (!clock->array) return (statement){0};
  snprintf(out.name, sizeof out.name, "%s", clock->array->name);
  snprintf(out.value, sizeof out.value, "%.6g s per frame", clock->frame);
  return out;
}

/* ---- two of them ---- */

static bool differ(double a, double b) {
  return fabs(a - b) > SAME * fmax(a, b);
}

/* whether a frame has several steps that last as long as is stated */
static bool is_part_of(const statement* s, double frame) {
  const double steps = round(frame / s->frame);
  return s->step && steps >= 2 && !differ(frame, steps * s->frame);
}

static df_status compare(recognition* r, const statement* taken, const statement* other) {
  if (!(taken->frame > 0 && other->frame > 0) || !differ(taken->frame, other->frame)) return DF_OK;
  if (other->loose || is_part_of(other, taken->frame)) {
    text_add(&r->notes, "'%s' states %s, but '%s' %s, which is taken to be of %s; --set data.rate=HZ says otherwise\n",
             taken->name, taken->value, other->name, other->value,
             other->loose ? "something else than frames" : "the simulator's steps");
    return DF_OK;
  }
  return df_fail(DF_E_CONFIG,
                 "%s: '%s' states %s, but '%s' %s: correct the file, or say how many frames a second has by --set "
                 "data.rate=HZ",
                 r->files->path[0], taken->name, taken->value, other->name, other->value);
}

/* ---- all of them ---- */

/* Compares what the conversion knows with the clock; without one, takes the first of them. */
static df_status compare_known(recognition* r, bool column, statement* taken) {
  const bool clock = taken->frame > 0;
  const char* known;
  bool array;
  for (int k = 0; (known = df_recording_rate_name(k, &array)); k++) {
    const bool rate = strstr(known, "rate") || strcmp(known, "fps") == 0;
    for (int attribute = array ? 0 : 1; attribute < 2; attribute++) {
      char name[64];
      statement one;
      snprintf(name, sizeof name, "%s%s", attribute ? "@" : "", known);
      DF_TRY(read_statement(r, name, rate, &one));
      one.step = strcmp(known, "dt") == 0 || strcmp(known, "timestep") == 0;
      if (clock && !column) DF_TRY(compare(r, taken, &one));
      if (!(taken->frame > 0)) *taken = one;
    }
  }
  return DF_OK;
}

df_status stated_rates_compare(recognition* r, const stated_clock* clock) {
  const setting *rate = settings_find(r->found, "data.rate"), *columns = settings_find(r->found, "data.columns");
  const bool timed = columns && (strstr(columns->value, "time") || strstr(columns->value, "duration"));
  if ((rate && rate->given) || (timed && !clock->column)) return DF_OK;
  statement taken = of_clock(clock);
  DF_TRY(compare_known(r, clock->column, &taken));
  for (size_t i = 0; i < sizeof rate_names / sizeof *rate_names; i++) {
    statement one;
    DF_TRY(read_statement(r, rate_names[i], true, &one));
    one.loose = may_be_of_others(rate_names[i]);
    if (!(one.frame >= SHORTEST && one.frame <= LONGEST)) continue;
    if (taken.frame > 0) DF_TRY(compare(r, &taken, &one));
    if (!(taken.frame > 0)) taken = one;
  }
  return DF_OK;
}
