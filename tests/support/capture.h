/* capture.h: what a function writes to standard output or error. */
#ifndef TESTS_SUPPORT_CAPTURE_H
#define TESTS_SUPPORT_CAPTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct capture {
  FILE *stream, *file;
  int before;
} capture;

static inline capture capture_begin(FILE* stream) {
  fflush(stream);
  capture c = {.stream = stream, .file = tmpfile(), .before = dup(fileno(stream))};
  if (!c.file || c.before < 0 || dup2(fileno(c.file), fileno(stream)) < 0) abort();
  return c;
}

/* what was written since, to be freed */
static inline char* capture_end(capture* c) {
  fflush(c->stream);
  dup2(c->before, fileno(c->stream));
  close(c->before);
  const long n = lseek(fileno(c->file), 0, SEEK_END);
  char* out = calloc((size_t)n + 1, 1);
  rewind(c->file);
  if (!out || fread(out, 1, (size_t)n, c->file) != (size_t)n) abort();
  fclose(c->file);
  return out;
}

#endif
