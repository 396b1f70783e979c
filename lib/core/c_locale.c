#define _GNU_SOURCE
#include "dynaflow/core/c_locale.h"

#include <ctype.h>
#include <locale.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static locale_t c_locale;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make(void) {
  c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* the locale of this thread until leave() is called with the result; without memory for it, that of the program */
static locale_t enter(void) {
  pthread_once(&once, make);
  return c_locale ? uselocale(c_locale) : (locale_t)0;
}

static void leave(locale_t before) {
  if (before) uselocale(before);
}

/* whether the digits are hexadecimal, which strtod() reads and no format of numbers in text means */
static bool is_hexadecimal(const char* text) {
  while (isspace((unsigned char)*text)) text++;
  if (*text == '+' || *text == '-') text++;
  return text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
}

double df_read_double(const char* text, char** end) {
  if (is_hexadecimal(text)) {
    if (end) *end = (char*)(uintptr_t)text;
    return 0;
  }
  const locale_t before = enter();
  const double out = strtod(text, end);
  leave(before);
  return out;
}

float df_read_float(const char* text, char** end) {
  if (is_hexadecimal(text)) {
    if (end) *end = (char*)(uintptr_t)text;
    return 0;
  }
  const locale_t before = enter();
  const float out = strtof(text, end);
  leave(before);
  return out;
}

int df_write_number(char* out, size_t size, const char* format, int digits, double value) {
  const locale_t before = enter();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  const int n = snprintf(out, size, format, digits, value);
#pragma GCC diagnostic pop
  leave(before);
  return n;
}
