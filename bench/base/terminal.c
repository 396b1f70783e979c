#include "terminal.h"

#include <stdarg.h>

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
