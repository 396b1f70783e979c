#define _GNU_SOURCE
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "exit_numbers.h"

static void make_room(text* t, size_t more) {
  if (t->n + more + 1 <= t->room) return;
  size_t room = t->room ? t->room : 256;
  while (room < t->n + more + 1) room *= 2;
  char* data = realloc(t->data, room);
  if (!data) {
    fprintf(stderr, "dynaflow: out of memory\n");
    exit(EXIT_INCOMPLETE);
  }
  t->data = data;
  t->room = room;
}

void text_add_bytes(text* t, const char* bytes, size_t n) {
  make_room(t, n);
  memcpy(t->data + t->n, bytes, n);
  t->n += n;
  t->data[t->n] = '\0';
}

void text_add_list(text* t, const char* format, va_list list) {
  if (!format) return;
  va_list again;
  va_copy(again, list);
  const int n = vsnprintf(NULL, 0, format, list);
  make_room(t, (size_t)n);
  vsnprintf(t->data + t->n, (size_t)n + 1, format, again);
  va_end(again);
  t->n += (size_t)n;
}

void text_add(text* t, const char* format, ...) {
  va_list list;
  va_start(list, format);
  text_add_list(t, format, list);
  va_end(list);
}

void text_clear(text* t) {
  free(t->data);
  *t = (text){0};
}

const char* text_of(const text* t) {
  return t->data ? t->data : "";
}

static bool begins_character(char c) {
  return ((unsigned char)c & 0xC0) != 0x80;
}

/* the code point of the character that begins at `s`; `s` need not be UTF-8 */
static unsigned long code_at(const char* s) {
  const unsigned char c = (unsigned char)*s;
  unsigned long code = c < 0xC0 ? c : c < 0xE0 ? c & 0x1F : c < 0xF0 ? c & 0x0F : c & 0x07;
  for (s++; *s && !begins_character(*s); s++) code = code << 6 | ((unsigned char)*s & 0x3F);
  return code;
}

/* the columns that the character at `s` takes on a terminal: 2 for those of East Asia and pictures, 0 for marks that
 * join the character before them, else 1 */
static int columns_at(const char* s) {
  static const struct {
    unsigned long first, last;
    int columns;
  } ranges[] = {{0x300, 0x36F, 0},     {0x1100, 0x115F, 2},  {0x200B, 0x200D, 0},   {0x20D0, 0x20F0, 0},
                {0x2E80, 0x303E, 2},   {0x3041, 0x4DBF, 2},  {0x4E00, 0xA4CF, 2},   {0xA960, 0xA97F, 2},
                {0xAC00, 0xD7A3, 2},   {0xF900, 0xFAFF, 2},  {0xFE00, 0xFE0F, 0},   {0xFE30, 0xFE6F, 2},
                {0xFF01, 0xFF60, 2},   {0xFFE0, 0xFFE6, 2},  {0x1F300, 0x1F64F, 2}, {0x1F680, 0x1F6FF, 2},
                {0x1F900, 0x1F9FF, 2}, {0x20000, 0x3FFFD, 2}};
  const unsigned long code = code_at(s);
  for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
    if (code >= ranges[i].first && code <= ranges[i].last) return ranges[i].columns;
  }
  return 1;
}

int text_width(const char* s) {
  int n = 0;
  for (; *s; s++) n += begins_character(*s) ? columns_at(s) : 0;
  return n;
}

size_t text_cut(const char* s, int width) {
  const char* at = s;
  for (; *at; at++) {
    if (!begins_character(*at)) continue;
    const int columns = columns_at(at);
    if (columns > width) break;
    width -= columns;
  }
  return (size_t)(at - s);
}

df_status text_write(const text* t, const char* path) {
  return df_file_replace(path, text_of(t), t->n);
}

df_status text_write_output(const text* t, const char* path) {
  return df_file_write(path, text_of(t), t->n);
}

df_status text_prepare_output(const char* path) {
  char* folder = df_path_folder(path);
  if (!folder) return DF_E_NOMEM;
  const df_status status = df_dir_make(folder);
  df_free(folder);
  DF_TRY(status);
  struct stat info;
  if (stat(path, &info) == 0) return S_ISDIR(info.st_mode) ? df_fail(DF_E_IO, "%s: is a folder", path) : DF_OK;
  DF_TRY(df_file_write(path, "", 0));
  /* `path` may be a symbolic link, which stays */
  char* made = realpath(path, NULL);
  if (made) remove(made);
  free(made);
  return DF_OK;
}

df_status text_append_output(const text* t, const char* path) {
  /* without waiting for a pipe that no program reads */
  const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
  /* but for a slow one */
  bool ok = fd >= 0 && fcntl(fd, F_SETFL, O_APPEND) == 0;
  for (size_t done = 0; ok && done < t->n;) {
    const ssize_t n = write(fd, t->data + done, t->n - done);
    ok = n > 0 || (n < 0 && errno == EINTR);
    if (n > 0) done += (size_t)n;
  }
  int error = errno; /* of the first failure */
  if (fd >= 0 && close(fd) != 0 && ok) {
    error = errno;
    ok = false;
  }
  if (ok) return DF_OK;
  return df_fail(error == ENOENT ? DF_E_MISSING : DF_E_IO, "%s: %s", path, strerror(error));
}

char* format_text_list(const char* format, va_list list) {
  text t = {0};
  text_add_list(&t, format, list);
  char* copy = df_strdup(text_of(&t));
  text_clear(&t);
  if (!copy) {
    fprintf(stderr, "dynaflow: out of memory\n");
    exit(EXIT_INCOMPLETE);
  }
  return copy;
}

char* format_text(const char* format, ...) {
  va_list list;
  va_start(list, format);
  char* out = format_text_list(format, list);
  va_end(list);
  return out;
}
