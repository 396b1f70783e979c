#include "recorded_clock.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "dynaflow/data/recording.h"

static const clock_unit units[] = {{"s", "_s", 1}, {"ms", "_ms", 1e-3}, {"us", "_us", 1e-6}, {"ns", "_ns", 1e-9}};
enum { UNITS = sizeof units / sizeof *units };

/* ---- steps ---- */

typedef struct steps {
  size_t rises, falls;
  double sum, shortest; /* of those forward, in the unit of the numbers */
} steps;

static steps steps_of(size_t n, const double* time) {
  steps s = {.shortest = INFINITY};
  for (size_t i = 1; i < n; i++) {
    const double one = time[i] - time[i - 1];
    if (isnan(one)) continue; /* padding */
    s.falls += one < 0;
    if (!(one > 0)) continue;
    s.shortest = fmin(s.shortest, one);
    s.sum += one;
    s.rises++;
  }
  return s;
}

/* Whether the numbers are times of episodes: those of two frames each would fall as often as they grow. */
static bool grows(const steps* s, bool named) {
  return s->rises > (named ? 1 : 3) * s->falls;
}

/* finds the pauses, i.e. increments above `most` (in the unit of `time`): how many, and the longest */
static clock_pause pauses_of(size_t n, const double* time, double most) {
  clock_pause p = {0};
  size_t episode = 0, row = 0;
  for (size_t i = 1; i < n; i++) {
    const double one = time[i] - time[i - 1];
    episode += one < 0;
    row = one < 0 ? 0 : row + 1;
    if (!(one > most)) continue;
    p.n++;
    if (one > p.longest) p = (clock_pause){p.n, one, episode, row};
  }
  return p;
}

clock_steps clock_steps_of(size_t n, const double* time, bool named) {
  static const double LEAST = 1e-4, MOST = 1, ROUNDING = 1e-9, FRAMES = 5.5;
  /* a clock pauses now and then, as between episodes or where a recorder waits; numbers that jump more often than in
   * one of twenty steps are those of another unit, or none of a clock */
  static const double SELDOM = 0.05;
  const steps s = steps_of(n, time);
  for (int k = 0; k < UNITS && grows(&s, named); k++) {
    const double unit = units[k].seconds;
    const clock_pause beyond = pauses_of(n, time, MOST * (1 + ROUNDING) / unit);
    if (!(s.shortest * unit >= LEAST * (1 - ROUNDING)) || (double)beyond.n > SELDOM * (double)s.rises) continue;
    const double usual = df_step_without_gaps(n - 1, time, 1, true);
    const double mean = usual > 0 ? usual : s.sum / (double)s.rises;
    clock_pause pause = pauses_of(n, time, FRAMES * mean);
    pause.longest *= unit;
    return (clock_steps){mean * unit, &units[k], s.falls, pause};
  }
  return (clock_steps){0, &units[0], s.falls, {0}};
}

const clock_unit* clock_unit_of(const char* name, const clock_unit* measured) {
  const size_t n = strlen(name);
  for (int k = 0; k < UNITS; k++) {
    const size_t m = strlen(units[k].suffix);
    if (n > m && strcasecmp(name + n - m, units[k].suffix) == 0) return &units[k];
  }
  return measured;
}

double clock_plain_rate(double hertz) {
  static const double CLOSE = 1e-3, TELEVISION = 1000.0 / 1001;
  const double whole = round(hertz), off = fabs(hertz - whole);
  static const double films[] = {24, 30, 60, 120, 240};
  for (size_t i = 0; i < sizeof films / sizeof *films; i++) {
    const double rate = TELEVISION * films[i];
    if (whole == films[i] && fabs(hertz - rate) < fmin(off, CLOSE * rate)) return rate;
  }
  return off < CLOSE * hertz ? whole : hertz;
}

/* ---- the order of rows ---- */

static df_status fail_order(const clock_array* c, size_t at) {
  return df_fail(DF_E_FORMAT,
                 "%s: array '%s' is %.9g at index %zu and %.9g at the one before: the rows are not in the order of "
                 "time; sort them and drop those that repeat, or set data.rate to the frames per second if the "
                 "times are wrong",
                 c->path, c->name, c->time[at], at, c->time[at - 1]);
}

static df_status fail_reversed(const clock_array* c, const double* time, size_t n) {
  return df_fail(DF_E_FORMAT,
                 "%s: array '%s' falls from %.9g to %.9g: the rows are in the reverse order of time; reverse them, or "
                 "set data.rate to the frames per second if the times are wrong",
                 c->path, c->name, time[0], time[n - 1]);
}

/* how many numbers of a row are not of those that fill it up; all of them if all are equal */
static size_t used_of(size_t n, const double* time) {
  size_t used = n;
  while (used > 1 && !(time[used - 1] > time[used - 2]) && !(time[used - 1] < time[used - 2])) used--;
  return used > 1 ? used : n;
}

static df_status check_row(const clock_array* c, size_t from, size_t n) {
  static const double FRAMES = 1.5, MOST = 0.25;
  const double* time = c->time + from;
  const steps s = steps_of(n, time);
  if (n > 2 && s.falls == n - 1) return fail_reversed(c, time, n);
  if (!c->named && !grows(&s, false)) return DF_OK;
  /* numbers that fall more often than they grow begin no episode, by however much they fall */
  const double least = s.rises > 0 && s.rises >= s.falls ? FRAMES * s.sum / (double)s.rises : INFINITY;
  size_t first = 0, faults = 0;
  for (size_t i = 1; i < n; i++) {
    if (isnan(time[i]) || isnan(time[i - 1])) continue;
    if (time[i] > time[i - 1] || time[i - 1] - time[i] > least) continue;
    if (faults++ == 0) first = from + i;
  }
  const double allowed = c->ends_known ? MOST * (double)(n - 1) : 0;
  return (double)faults > allowed ? fail_order(c, first) : DF_OK;
}

df_status clock_check_order(const clock_array* c) {
  const bool several = c->row < c->n;
  for (size_t from = 0; c->row > 0 && from + c->row <= c->n; from += c->row) {
    const size_t n = several ? used_of(c->row, c->time + from) : c->row;
    const bool is_filler = from > 0 && c->time[from] == c->time[from + n - 1];
    if (!is_filler) DF_TRY(check_row(c, from, n));
  }
  return DF_OK;
}
