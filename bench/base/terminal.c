#include "terminal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "escape.h"
#include "text.h"

/* Appends a line as the terminal shows it. Runners of GitHub Actions and Azure obey lines that begin with :: and what
 * follows ##[ in the output of a job; a backslash makes them text. */
static void add_shown(text* out, const char* line) {
  text plain = {0};
  text_add_plain(&plain, line);
  const char* at = text_of(&plain);
  const size_t indent = strspn(at, " ");
  if (strncmp(at + indent, "::", 2) == 0) {
    text_add_bytes(out, at, indent);
    text_add(out, "\\");
    at += indent;
  }
  for (const char* mark = strstr(at, "##["); mark; mark = strstr(at, "##[")) {
    text_add_bytes(out, at, (size_t)(mark + 2 - at));
    text_add(out, "\\");
    at = mark + 2;
  }
  text_add(out, "%s", at);
  text_clear(&plain);
}

/* errno of the first write to standard output that failed */
static int error;

static void write_text(FILE* stream, const text* shown) {
  errno = 0;
  if (fprintf(stream, "%s\n", text_of(shown)) < 0 && stream == stdout && error == 0) error = errno;
}

int output_error(void) {
  return error;
}

void print_line(FILE* stream, const char* format, ...) {
  text line = {0}, shown = {0};
  va_list list;
  va_start(list, format);
  text_add_list(&line, format, list);
  va_end(list);
  add_shown(&shown, text_of(&line));
  write_text(stream, &shown);
  text_clear(&line);
  text_clear(&shown);
}

void print_annotation(FILE* stream, const char* file, int line, const char* title, const char* message) {
  text shown = {0};
  text_add(&shown, "::error ");
  if (file) {
    text_add(&shown, "file=");
    text_add_github_property(&shown, file);
    if (line > 0) text_add(&shown, ",line=%d", line);
    text_add(&shown, ",");
  }
  text_add(&shown, "title=");
  text_add_github_property(&shown, title);
  text_add(&shown, "::");
  text_add_github(&shown, message);
  write_text(stream, &shown);
  text_clear(&shown);
}

void print_json(const char* document) {
  text shown = {0};
  for (const char* at = document; *at;) {
    const bool mark = strncmp(at, "##[", 3) == 0;
    if (mark || *at == '\x7f') {
      text_add(&shown, mark ? "##\\u005b" : "\\u007f");
    } else {
      text_add_bytes(&shown, at, 1);
    }
    at += mark ? 3 : 1;
  }
  write_text(stdout, &shown);
  text_clear(&shown);
}
