#include "terminal.h"

#include <stdarg.h>
#include <string.h>

#include "escape.h"
#include "text.h"

void print_line(FILE* stream, const char* format, ...) {
  text line = {0}, shown = {0};
  va_list list;
  va_start(list, format);
  text_add_list(&line, format, list);
  va_end(list);
  text_add_plain(&shown, text_of(&line));
  fprintf(stream, "%s\n", text_of(&shown));
  text_clear(&line);
  text_clear(&shown);
}

void print_json(const char* document) {
  text shown = {0};
  for (const char* at = document; *at;) {
    const size_t n = strcspn(at, "\x7f");
    text_add_bytes(&shown, at, n);
    at += n;
    if (*at) text_add(&shown, "\\u007f"), at++;
  }
  fprintf(stdout, "%s\n", text_of(&shown));
  text_clear(&shown);
}
