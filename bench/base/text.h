/* text.h: a growing string, for documents that are written at once. */
#ifndef BENCH_TEXT_H
#define BENCH_TEXT_H

#include <stddef.h>

#include "dynaflow/core/status.h"

typedef struct text {
  char* data; /* NULL while empty, else terminated */
  size_t n, room;
} text;

/* Appends; ends the program with a message when memory is gone. */
void text_add(text* t, const char* format, ...) DF_PRINTF(2, 3);
void text_add_bytes(text* t, const char* bytes, size_t n);
void text_clear(text* t);

/* "" while empty */
const char* text_of(const text* t);

/* Appends with & < > " written as HTML entities. */
void text_add_html(text* t, const char* plain);

/* Writes the text to a file, atomically. */
DF_MUST_CHECK df_status text_write(const text* t, const char* path);

/* A formatted string in memory of df_alloc; ends the program when memory is gone. */
char* format_text(const char* format, ...) DF_PRINTF(1, 2);

#endif
