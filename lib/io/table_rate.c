#include "table_rate.h"

#include <stdbool.h>
#include <string.h>

#include "dynaflow/core/c_locale.h"

enum { MOST_NUMBER = 63 };

/* what may stand beside the number; UNITS of them also after it */
enum { UNITS = 2 };
static const char* const rates[] = {"fps",           "hz",          "frames per second",  "frame rate", "framerate",
                                    "sampling rate", "sample rate", "sampling frequency", "frequency",  "rate"};
static const char* const durations[] = {"dt", "timestep", "time step", "frame time", "frame duration"};

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static char small(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* the length of `word` if the text begins with it, in any capitals and with '_' or '-' as blanks; else 0 */
static size_t begins_with(const char* p, const char* end, const char* word) {
  const size_t n = strlen(word);
  if (p + n > end) return 0;
  for (size_t i = 0; i < n; i++) {
    const bool blank = word[i] == ' ' && strchr("_- ", p[i]);
    if (small(p[i]) != word[i] && !blank) return 0;
  }
  return p + n < end && is_letter(p[n]) ? 0 : n;
}

static const char* skip(const char* p, const char* end, const char* signs) {
  while (p < end && *p && strchr(signs, *p)) p++;
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

/* the number after a word, with a unit in brackets and signs between them */
static const char* number_after(const char* p, const char* end, double* out) {
  p = skip(p, end, " \t");
  if (p < end && *p == '(') {
    while (p < end && *p != ')') p++;
    p += p < end;
  }
  return read_number(skip(p, end, " \t:="), end, out);
}

static void take(const char* name, double value, table_rate* out) {
  const bool duration = strcmp(name, "dt") == 0;
  const double least = duration ? 1e-4 : 1, most = duration ? 1 : 1e4;
  if (!out->name && value >= least && value <= most) *out = (table_rate){name, value};
}

/* a word and its number, or a number and its unit, from p on */
static void read_at(const char* p, const char* end, table_rate* out) {
  double x;
  const char* after = is_digit(*p) ? read_number(p, end, &x) : NULL;
  for (int i = 0; i < UNITS && after; i++) {
    if (begins_with(skip(after, end, " \t"), end, rates[i])) take("fps", x, out);
  }
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
    const size_t n = begins_with(p, end, rates[i]);
    if (n && number_after(p + n, end, &x)) take("fps", x, out);
  }
  for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
    const size_t n = begins_with(p, end, durations[i]);
    after = n ? number_after(p + n, end, &x) : NULL;
    if (after) take("dt", begins_with(skip(after, end, " \t"), end, "ms") ? x / 1000 : x, out);
  }
}

void table_rate_read(const char* begin, const char* end, table_rate* out) {
  for (const char* p = begin; p < end && !out->name; p++) {
    const bool inside = p > begin && (is_letter(p[-1]) || is_digit(p[-1]) || p[-1] == '.');
    if (!inside) read_at(p, end, out);
  }
}
