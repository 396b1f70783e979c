#define _GNU_SOURCE
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"

struct store {
  char* path;
  int fd;   /* events.jsonl, appending; -1 when reading */
  int lock; /* -1 when reading */
  json_t* records;
};

enum { SCHEMA = 1 };

static store* store_blank(const char* folder) {
  store* s = df_alloc(1, sizeof *s);
  if (!s) return NULL;
  s->fd = s->lock = -1;
  s->path = df_path_join(folder, "events.jsonl");
  s->records = json_array();
  if (s->path && s->records) return s;
  store_close(s);
  return NULL;
}

void store_close(store* s) {
  if (!s) return;
  if (s->fd >= 0) close(s->fd);
  if (s->lock >= 0) close(s->lock);
  json_decref(s->records);
  df_free(s->path);
  df_free(s);
}

const json_t* store_records(const store* s) {
  return s->records;
}
const char* store_path(const store* s) {
  return s->path;
}

/* ---- reading ---- */

static df_status check_record(const store* s, long line, const json_t* record) {
  const json_t* schema = json_object_get(record, "schema");
  if (!json_is_object(record) || !json_is_string(json_object_get(record, "type")) || !json_is_integer(schema)) {
    return df_fail(DF_E_FORMAT, "%s:%ld: not a record (an object with schema and type)", s->path, line);
  }
  if (json_integer_value(schema) != SCHEMA) {
    return df_fail(DF_E_FORMAT, "%s:%ld: schema %" JSON_INTEGER_FORMAT ", this program reads %d", s->path, line,
                   json_integer_value(schema), SCHEMA);
  }
  return DF_OK;
}

/* Reads the lines of `data` into the records. `whole` is how many bytes of it are whole records; what follows is a last
 * line torn by a kill. Anything wrong before the last line is an error. */
static df_status read_lines(store* s, const char* data, size_t n, size_t* whole) {
  long line = 1;
  *whole = 0;
  for (size_t at = 0; at < n; line++) {
    const char* end = memchr(data + at, '\n', n - at);
    if (!end) return DF_OK;
    const size_t length = (size_t)(end - (data + at));
    json_error_t error;
    json_t* record = json_loadb(data + at, length, JSON_REJECT_DUPLICATES, &error);
    at += length + 1;
    if (!record) {
      /* blocks of a file may reach the disk in any order, so a torn line can have its end */
      if (at == n) return DF_OK;
      return df_fail(DF_E_FORMAT, "%s:%ld: not JSON (%s, column %d); the file was left as it is", s->path, line,
                     error.text, error.column);
    }
    const df_status status = check_record(s, line, record);
    if (status != DF_OK) {
      json_decref(record);
      return status;
    }
    json_array_append_new(s->records, record);
    *whole = at;
  }
  return DF_OK;
}

static df_status load(store* s, size_t* whole, size_t* size) {
  char* data = NULL;
  DF_TRY(df_file_read(s->path, &data, size));
  const df_status status = read_lines(s, data, *size, whole);
  df_free(data);
  return status;
}

df_status store_read(const char* folder, store** out) {
  *out = NULL;
  store* s = store_blank(folder);
  if (!s) return DF_E_NOMEM;
  size_t whole, size;
  const df_status status = load(s, &whole, &size);
  if (status != DF_OK) {
    store_close(s);
    return status;
  }
  *out = s;
  return DF_OK;
}

/* ---- writing ---- */

static df_status take_lock(store* s, const char* folder) {
  char* path = df_path_join(folder, "lock");
  if (!path) return DF_E_NOMEM;
  df_status status = DF_OK;
  s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (s->lock < 0) {
    status = df_fail(DF_E_IO, "%s: %s", path, strerror(errno));
  } else if (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
    status =
        errno == EWOULDBLOCK
            ? df_fail(DF_E_IO, "%s: another dynaflow is writing this run; wait for it or choose another --out", folder)
            : df_fail(DF_E_IO, "%s: %s", path, strerror(errno));
  }
  df_free(path);
  return status;
}

static df_status cut_torn_line(store* s, size_t whole, size_t size) {
  if (whole == size) return DF_OK;
  if (ftruncate(s->fd, (off_t)whole) != 0 || fsync(s->fd) != 0) {
    return df_fail(DF_E_IO, "%s: %s", s->path, strerror(errno));
  }
  fprintf(stderr, "dynaflow: %s: the last line was torn, %zu bytes cut off; %zu records kept\n", s->path, size - whole,
          json_array_size(s->records));
  return DF_OK;
}

static df_status open_to_write(store* s, const char* folder) {
  size_t whole = 0, size = 0;
  DF_TRY(df_dir_make(folder));
  DF_TRY(take_lock(s, folder));
  s->fd = open(s->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (s->fd < 0) return df_fail(DF_E_IO, "%s: %s", s->path, strerror(errno));
  DF_TRY(load(s, &whole, &size));
  return cut_torn_line(s, whole, size);
}

df_status store_open(const char* folder, store** out) {
  *out = NULL;
  store* s = store_blank(folder);
  if (!s) return DF_E_NOMEM;
  const df_status status = open_to_write(s, folder);
  if (status != DF_OK) {
    store_close(s);
    return status;
  }
  *out = s;
  return DF_OK;
}

const json_t* store_find(const store* s, const char* key) {
  const json_t* found = NULL;
  size_t i;
  json_t* record;
  json_array_foreach(s->records, i, record) {
    const char* k = json_string_value(json_object_get(record, "key"));
    const char* status = json_string_value(json_object_get(record, "status"));
    if (k && status && strcmp(k, key) == 0 && strcmp(status, "done") == 0) found = record;
  }
  return found;
}

df_status store_append(store* s, json_t* record) {
  if (s->fd < 0) return df_fail(DF_E_ARG, "%s: opened for reading", s->path);
  DF_TRY(check_record(s, (long)json_array_size(s->records) + 1, record));
  const off_t before = lseek(s->fd, 0, SEEK_END);
  char* line = json_dumps(record, JSON_COMPACT | JSON_ENSURE_ASCII);
  if (!line) return df_fail(DF_E_NONFINITE, "%s: a record cannot be written as JSON", s->path);
  const size_t n = strlen(line) + 1;
  line[n - 1] = '\n';
  errno = 0;
  const ssize_t written = write(s->fd, line, n);
  free(line);
  if (written != (ssize_t)n || fsync(s->fd) != 0) {
    const int reason = errno ? errno : ENOSPC;
    if (before < 0 || ftruncate(s->fd, before) != 0) {
      return df_fail(DF_E_IO, "%s: %s; the last line is torn", s->path, strerror(reason));
    }
    return df_fail(DF_E_IO, "%s: %s", s->path, strerror(reason));
  }
  json_array_append(s->records, record);
  return DF_OK;
}
