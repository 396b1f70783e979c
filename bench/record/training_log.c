#define _GNU_SOURCE
#include "training_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "json.h"
#include "text.h"

struct training_log {
  char* path;
  const char* counter; /* member of a point: steps done */
  int fd;
  bool regular; /* a file with a content that can be read, and not a pipe or device */
};

/* opens the file and locks it */
static df_status open_file(training_log* log) {
  struct stat info;
  /* opening a pipe waits for its reader, and a write after the reader left ends the program */
  if (stat(log->path, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode))) {
    return df_fail(DF_E_IO, "%s: a pipe or socket; name a file for the log", log->path);
  }
  log->fd = open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (log->fd < 0 || fstat(log->fd, &info) != 0) {
    return df_fail(errno == ENOENT ? DF_E_MISSING : DF_E_IO, "%s: %s", log->path, strerror(errno));
  }
  log->regular = S_ISREG(info.st_mode);
  if (log->regular && flock(log->fd, LOCK_EX | LOCK_NB) != 0) {
    return df_fail(DF_E_IO, "%s: %s", log->path,
                   errno == EWOULDBLOCK ? "another process logs to it; name another file" : strerror(errno));
  }
  return DF_OK;
}

/* whether a line is a point, and whether it is one of this training beyond the step */
static bool read_point(const training_log* log, const char* line, size_t n, const char* key, const char* network,
                       long step, bool* beyond) {
  json_t* point = json_loadb(line, n, 0, NULL);
  const json_t* at = json_object_get(point, log->counter);
  const bool valid = json_is_string(json_object_get(point, "key")) &&
                     json_is_string(json_object_get(point, "network")) && json_is_integer(at);
  *beyond = valid && strcmp(string_of(point, "key"), key) == 0 && strcmp(string_of(point, "network"), network) == 0 &&
            json_integer_value(at) > step;
  json_decref(point);
  return valid;
}

/* whether the bytes after the last newline may be a point whose end a kill or a full disk has cut off */
static bool is_torn_point(const training_log* log, const char* line, size_t n) {
  json_t* whole = json_loadb(line, n, 0, NULL);
  const bool torn = !whole;
  bool beyond;
  json_decref(whole);
  return memcmp(line, "{\"", n < 2 ? n : 2) == 0 && (torn || read_point(log, line, n, "", "", 0, &beyond));
}

static df_status fail_at(const char* path, int line) {
  return df_fail(DF_E_FORMAT, "%s:%d: not a point of a training log; name another file", path, line);
}

/* appends the lines that stay to `kept`; a torn point does not stay */
static df_status filter(const training_log* log, const char* data, size_t n, const char* key, const char* network,
                        long step, text* kept) {
  int number = 1;
  const char *line = data, *end;
  for (; (end = memchr(line, '\n', n - (size_t)(line - data))); line = end + 1, number++) {
    bool beyond;
    if (!read_point(log, line, (size_t)(end - line), key, network, step, &beyond)) return fail_at(log->path, number);
    if (!beyond) text_add_bytes(kept, line, (size_t)(end + 1 - line));
  }
  return is_torn_point(log, line, n - (size_t)(line - data)) ? DF_OK : fail_at(log->path, number);
}

/* DF_E_FORMAT for a file of something else, to which nothing must be appended */
static df_status check_content(const training_log* log) {
  char* data;
  size_t n;
  text unused = {0};
  if (!log->regular) return DF_OK;
  DF_TRY(df_file_read(log->path, &data, &n));
  const df_status status = filter(log, data, n, "", "", 0, &unused);
  df_free(data);
  text_clear(&unused);
  return status;
}

df_status training_log_open(const char* path, const char* counter, training_log** out) {
  *out = NULL;
  training_log* log = df_alloc(1, sizeof *log);
  if (!log) return DF_E_NOMEM;
  log->fd = -1;
  log->path = df_strdup(path);
  log->counter = counter;
  df_status status = log->path ? open_file(log) : DF_E_NOMEM;
  if (status == DF_OK) status = check_content(log);
  if (status != DF_OK) {
    training_log_close(log);
    return status;
  }
  *out = log;
  return DF_OK;
}

void training_log_close(training_log* log) {
  if (!log) return;
  if (log->fd >= 0) close(log->fd);
  df_free(log->path);
  df_free(log);
}

df_status training_log_rewind(training_log* log, const char* key, const char* network, long step) {
  char* data;
  size_t n;
  text kept = {0};
  if (!log->regular) return DF_OK;
  DF_TRY(df_file_read(log->path, &data, &n));
  df_status status = filter(log, data, n, key, network, step, &kept);
  df_free(data);
  /* a new file takes the place of the old one, so that a kill leaves one or the other */
  if (status == DF_OK && kept.n < n) {
    status = df_file_write(log->path, text_of(&kept), kept.n);
    close(log->fd);
    log->fd = -1;
    if (status == DF_OK) status = open_file(log);
  }
  text_clear(&kept);
  return status;
}

df_status training_log_add(training_log* log, const json_t* point) {
  char* line = json_dumps(point, JSON_COMPACT);
  if (!line) return DF_E_NOMEM;
  const size_t n = strlen(line);
  line[n] = '\n'; /* in the place of the NUL: a line is written at once */
  const ssize_t written = write(log->fd, line, n + 1);
  free(line);
  if (written == (ssize_t)(n + 1)) return DF_OK;
  return df_fail(DF_E_IO, "%s: %s", log->path, written < 0 ? strerror(errno) : "the file cannot grow");
}
