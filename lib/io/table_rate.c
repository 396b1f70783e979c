#include "table_rate.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "dynaflow/core/c_locale.h"

enum { MOST_NUMBER = 63 };

/* names of what is stated; "rate" or "frequency" alone may be of anything */
typedef struct label {
  const char* words;
  bool duration;
} label;
static const label labels[] = {
    {"fps", false},
    {"frames per second", false},
    {"frame rate", false},
    {"framerate", false},
    {"sampling rate", false},
    {"sample rate", false},
    {"recording rate", false},
    {"capture rate", false},
    {"frame frequency", false},
    {"sampling frequency", false},
    {"sample frequency", false},
    {"recording frequency", false},
    {"dt", true},
    {"timestep", true},
    {"time step", true},
    {"frame time", true},
    {"frame duration", true},
    {"frame interval", true},
    {"sampling interval", true},
    {"sample interval", true},
    {"sampling period", true},
    {"sample period", true},
};

/* units, each with the size of one in Hz or s; longer ones first */
typedef struct unit {
  const char* words;
  bool duration;
  double size;
} unit;
static const unit units[] = {
    {"frames per second", false, 1},
    {"frames/second", false, 1},
    {"frames/s", false, 1},
    {"fps", false, 1},
    {"1/s", false, 1},
    {"khz", false, 1000},
    {"hz", false, 1},
    {"milliseconds", true, 1e-3},
    {"millisecond", true, 1e-3},
    {"msec", true, 1e-3},
    {"ms", true, 1e-3},
    {"microseconds", true, 1e-6},
    {"us", true, 1e-6},
    {"seconds", true, 1},
    {"second", true, 1},
    {"sec", true, 1},
    {"s", true, 1},
};

/* words before a label that leave it the rate of the frames: that of a controller or a camera is another */
static const char* const of_frames[] = {"the", "with", "at", "motion", "mocap", "recording", "recorded", "data", "log"};

/* what comes before "100 Hz" where this is the rate of the frames */
static const char* const recorded[] = {"recorded at",   "recorded with",    "logged at",   "sampled at",
                                       "captured at",   "recording at",     "sampling at", "capture at",
                                       "captured with", "motion capture at"};

#define LENGTH(list) (sizeof(list) / sizeof *(list))

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static char small(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* the length of `words` if the text begins with them, in any capitals and with '_' or '-' as blanks; else 0 */
static size_t begins_with(const char* p, const char* end, const char* words) {
  const size_t n = strlen(words);
  if (p + n > end) return 0;
  for (size_t i = 0; i < n; i++) {
    const bool blank = words[i] == ' ' && strchr("_- ", p[i]);
    if (small(p[i]) != words[i] && !blank) return 0;
  }
  return p + n < end && (is_letter(p[n]) || is_digit(p[n])) ? 0 : n;
}

/* whether the text before `p` ends with `words` */
static bool ends_with(const char* begin, const char* p, const char* words) {
  const size_t n = strlen(words);
  if (p < begin + n || (p > begin + n && is_letter(p[-(long)n - 1]))) return false;
  return begins_with(p - n, p, words) == n;
}

static const char* skip(const char* p, const char* end, const char* signs) {
  while (p < end && *p && strchr(signs, *p)) p++;
  return p;
}

static const char* skip_back(const char* begin, const char* p, const char* signs) {
  while (p > begin && p[-1] && strchr(signs, p[-1])) p--;
  return p;
}

/* reads the number at p; returns where it ends, NULL if there is none */
static const char* read_number(const char* p, const char* end, double* out) {
  char number[MOST_NUMBER + 1], *rest;
  size_t n = 0;
  while (p + n < end && n < MOST_NUMBER && (is_digit(p[n]) || strchr(".eE+-", p[n]))) n++;
  memcpy(number, p, n);
  number[n] = '\0';
  *out = df_read_double(number, &rest);
  return rest == number ? NULL : p + (rest - number);
}

/* the unit at p; NULL: none */
static const unit* read_unit(const char** p, const char* end) {
  for (size_t i = 0; i < LENGTH(units); i++) {
    const size_t n = begins_with(*p, end, units[i].words);
    if (!n) continue;
    *p += n;
    return &units[i];
  }
  return NULL;
}

/* The unit in brackets at p, if there are any; false if it is unknown. */
static bool read_bracket(const char** p, const char* end, const unit** out) {
  const char* q = skip(*p, end, " \t");
  if (q == end || !strchr("([", *q)) return true;
  q = skip(q + 1, end, " \t");
  *out = read_unit(&q, end);
  q = skip(q, end, " \t");
  if (!*out || q == end || !strchr(")]", *q)) return false;
  *p = q + 1;
  return true;
}

/* whether a statement may end at p: not in the middle of "2 to 8 Hz", "30/60" or "2 of 3" */
static bool is_end(const char* p, const char* end, bool has_unit) {
  static const char* const more[] = {"to", "or", "and", "of"};
  p = skip(p, end, " \t");
  if (p == end || strchr(",;|)]\r\n", *p)) return true;
  if (*p == '.') return true;
  for (size_t i = 0; i < LENGTH(more); i++) {
    if (begins_with(p, end, more[i])) return false;
  }
  return has_unit && is_letter(*p);
}

/* ---- statements ---- */

static void take(bool duration, double value, size_t line, table_rate* out) {
  static const double SAME = 1e-3;
  const double least = duration ? 1e-4 : 1, most = duration ? 1 : 1e4;
  if (!(value >= least && value <= most)) return;
  const table_rate one = {.name = duration ? "dt" : "fps", .value = value, .line = line};
  const double now = duration ? value : 1 / value;
  const double former = !out->name ? now : strcmp(out->name, "dt") == 0 ? out->value : 1 / out->value;
  if (fabs(now - former) > SAME * former && !out->contradicted) {
    out->contradicted = true;
    out->other = (table_rate_value){one.name, value, line};
  }
  if (!out->name) *out = one;
}

/* whether a label at p is of the frames: nothing is before it in its part of the comment, or a word of of_frames */
static bool is_of_frames(const char* begin, const char* p) {
  const char* before = skip_back(begin, p, " \t");
  if (before == begin || strchr(",;:|([.#", before[-1])) return true;
  for (size_t i = 0; i < LENGTH(of_frames); i++) {
    if (ends_with(begin, before, of_frames[i])) return true;
  }
  return false;
}

/* "frame rate (Hz): 50", "dt = 20 ms": the statement of a label that ends at p */
static void read_labelled(const char* p, const char* end, bool duration, size_t line, table_rate* out) {
  const unit *bracket = NULL, *after = NULL;
  double x;
  if (!read_bracket(&p, end, &bracket)) return;
  const char* number = skip(p, end, " \t:=");
  for (size_t i = 0; i < 2; i++) {
    const size_t n = begins_with(number, end, i ? "is" : "of");
    number = skip(number + n, end, " \t");
  }
  const char* q = read_number(number, end, &x);
  if (!q) return;
  const char* rest = skip(q, end, " \t");
  after = read_unit(&rest, end);
  if (bracket && after && bracket != after) return;
  const unit* u = after ? after : bracket;
  if (!is_end(after ? rest : q, end, after != NULL) || (u && u->duration != duration)) return;
  take(duration, u ? u->size * x : x, line, out);
}

/* "50 fps" and "50 Hz" at p: after a word of recording, or if the comment is nothing else; fps also by itself in its
 * part of the comment */
static void read_bare(const char* begin, const char* p, const char* end, size_t line, table_rate* out) {
  double x;
  const char* q = read_number(p, end, &x);
  if (!q) return;
  q = skip(q, end, " \t");
  const bool fps = begins_with(q, end, "fps") || begins_with(q, end, "frames per second");
  const unit* u = read_unit(&q, end);
  if (!u || u->duration || !is_end(q, end, true)) return;
  const char* before = skip_back(begin, p, " \t");
  bool is_rate = before == begin && skip(q, end, " \t\r\n") == end;
  is_rate |= fps && (before == begin || strchr(",;|(", before[-1]));
  for (size_t i = 0; i < LENGTH(recorded); i++) is_rate |= ends_with(begin, before, recorded[i]);
  if (is_rate) take(false, u->size * x, line, out);
}

void table_rate_read(const char* begin, const char* end, size_t line, table_rate* out) {
  for (const char* p = begin; p < end; p++) {
    const bool inside = p > begin && (is_letter(p[-1]) || is_digit(p[-1]) || p[-1] == '.' || p[-1] == '-');
    if (inside) continue;
    if (is_digit(*p)) read_bare(begin, p, end, line, out);
    for (size_t i = 0; i < LENGTH(labels); i++) {
      const size_t n = begins_with(p, end, labels[i].words);
      if (n && is_of_frames(begin, p)) read_labelled(p + n, end, labels[i].duration, line, out);
    }
  }
}
