/* text.h: a growing string, for documents that are written as a whole. {0} is an empty text. Strings of others are
 * appended by the functions of escape.h. */
#ifndef BENCH_BASE_TEXT_H
#define BENCH_BASE_TEXT_H

#include <stdarg.h>
#include <stddef.h>

#include "dynaflow/core/status.h"

typedef struct text {
  char* data;     /* NUL-terminated; NULL before the first append; owned */
  size_t n, room; /* bytes used without the NUL, bytes allocated */
} text;

/* Append. Out of memory, they end the program with a message and EXIT_INCOMPLETE. */
void text_add(text* t, const char* format, ...) DF_PRINTF(2, 3);
void text_add_list(text* t, const char* format, va_list list) DF_PRINTF(2, 0);
void text_add_bytes(text* t, const char* bytes, size_t n);
void text_clear(text* t); /* frees the memory; the text is empty again */

/* The string, "" if empty. Valid until the next append. */
const char* text_of(const text* t);

/* The columns that a string in UTF-8 takes on a terminal (2 for characters of East Asia and pictures, 0 for marks that
 * join the character before them), and the bytes of its first characters that take at most `width` columns. */
int text_width(const char* s);
size_t text_cut(const char* s, int width);

/* Writes the text to a file atomically, replacing a symbolic link. Errors: those of df_file_replace(). */
DF_MUST_CHECK df_status text_write(const text* t, const char* path);
/* The same for a path that the user chose: links are followed, pipes and devices written to. Errors: those of
 * df_file_write(). */
DF_MUST_CHECK df_status text_write_output(const text* t, const char* path);

/* Appends the text to a file that the user chose and makes it if it is missing; links are followed, pipes and devices
 * written to. Errors name the path: DF_E_MISSING (its folder does not exist), DF_E_IO. */
DF_MUST_CHECK df_status text_append_output(const text* t, const char* path);

/* Makes the folder of a file that the user chose and tries to write there, so that a bad path is found before the work
 * and not at its end; nothing that exists changes. Errors name the path: those of df_dir_make() and df_file_write(). */
DF_MUST_CHECK df_status text_prepare_output(const char* path);

/* A new formatted string; free it with df_free(). Out of memory, it ends the program with a message and
 * EXIT_INCOMPLETE. */
char* format_text(const char* format, ...) DF_PRINTF(1, 2);
char* format_text_list(const char* format, va_list list) DF_PRINTF(1, 0);

#endif
