#define _GNU_SOURCE
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "dynaflow/core/hash.h"
#include "key.h"
#include "terminal.h"

enum { SCHEMA = 1 };

/* one file of the run and the records read from it */
typedef struct part {
  shard which;
  char name[SHARD_NAME_SIZE];
  char* path;
  size_t whole; /* length of the complete records, in bytes */
  json_t* records;
} part;

/* position of a record: index `at` in a file; `when` is its sort key */
typedef struct place {
  const part* part;
  size_t at;
  const char* when;
} place;

struct store {
  char* folder;
  int n;
  part** parts;    /* in the order of shard_order() */
  part* own;       /* the file opened for writing; NULL when reading */
  int fd;          /* of `own`, for appending; -1 when reading */
  int lock;        /* file descriptor of the lock; -1 when reading */
  json_t* records; /* of all parts, merged */
  place* places;   /* of `records`, same order */
  size_t room;     /* for so many places */
};

/* ---- parts ---- */

static void part_free(part* p) {
  if (!p) return;
  json_decref(p->records);
  df_free(p->path);
  df_free(p);
}

/* the part of this shard, created if missing; NULL if out of memory */
static part* part_of(store* s, shard which) {
  int at = 0;
  while (at < s->n && shard_order(s->parts[at]->which, which) < 0) at++;
  if (at < s->n && shard_order(s->parts[at]->which, which) == 0) return s->parts[at];
  part* p = df_alloc(1, sizeof *p);
  part** parts = df_alloc((size_t)s->n + 1, sizeof(part*));
  if (p) {
    p->which = which;
    shard_events_name(which, p->name);
    p->path = df_path_join(s->folder, p->name);
    p->records = json_array();
  }
  if (!p || !parts || !p->path || !p->records) {
    part_free(p);
    df_free(parts);
    return NULL;
  }
  for (int i = 0; i < s->n; i++) parts[i < at ? i : i + 1] = s->parts[i];
  parts[at] = p;
  df_free(s->parts);
  s->parts = parts;
  s->n++;
  return p;
}

static df_status find_parts(store* s) {
  DIR* dir = opendir(s->folder);
  if (!dir) return errno == ENOENT ? DF_OK : df_fail(DF_E_IO, "%s: %s", s->folder, strerror(errno));
  df_status status = DF_OK;
  for (const struct dirent* entry = readdir(dir); entry && status == DF_OK; entry = readdir(dir)) {
    shard which;
    if (shard_of_name(entry->d_name, &which) && !part_of(s, which)) status = DF_E_NOMEM;
  }
  closedir(dir);
  return status;
}

/* ---- the store ---- */

static store* store_blank(const char* folder) {
  store* s = df_alloc(1, sizeof *s);
  if (!s) return NULL;
  s->fd = s->lock = -1;
  s->folder = df_strdup(folder);
  s->records = json_array();
  if (s->folder && s->records) return s;
  store_close(s);
  return NULL;
}

void store_close(store* s) {
  if (!s) return;
  if (s->fd >= 0) close(s->fd);
  if (s->lock >= 0) close(s->lock);
  for (int i = 0; i < s->n; i++) part_free(s->parts[i]);
  df_free(s->parts);
  df_free(s->places);
  json_decref(s->records);
  df_free(s->folder);
  df_free(s);
}

const json_t* store_records(const store* s) {
  return s->records;
}
const json_t* store_own(const store* s) {
  return s->own ? s->own->records : NULL;
}
const char* store_path(const store* s) {
  return s->own ? s->own->path : s->n == 1 ? s->parts[0]->path : s->folder;
}

const char* store_where(const store* s, size_t i, char* out, size_t n) {
  const place* p = &s->places[i];
  snprintf(out, n, "%s%sline %zu", s->n > 1 ? p->part->name : "", s->n > 1 ? " " : "", p->at + 1);
  return out;
}

static int by_time(const void* a, const void* b) {
  const place *x = a, *y = b;
  const int order = strcmp(x->when, y->when);
  if (order) return order;
  if (x->part != y->part) return shard_order(x->part->which, y->part->which);
  return x->at < y->at ? -1 : x->at > y->at;
}

static size_t count_records(const store* s) {
  size_t n = 0;
  for (int i = 0; i < s->n; i++) n += json_array_size(s->parts[i]->records);
  return n;
}

/* makes room for n records in the merged list, so that merge_reserved() needs no memory of df_alloc */
static df_status reserve(store* s, size_t n) {
  if (n <= s->room) return DF_OK;
  place* places = df_alloc(2 * n, sizeof *places);
  if (!places) return DF_E_NOMEM;
  if (s->places) memcpy(places, s->places, json_array_size(s->records) * sizeof *places);
  df_free(s->places);
  s->places = places;
  s->room = 2 * n;
  return DF_OK;
}

/* Merges the records of all parts by time. The sort key of a record is the latest time so far in its file, so records
 * keep the order of their lines even if a clock was set back. */
static df_status merge_reserved(store* s) {
  const size_t n = count_records(s);
  place* places = s->places;
  size_t k = 0;
  for (int i = 0; i < s->n; i++) {
    const char* last = "";
    size_t at;
    json_t* record;
    json_array_foreach(s->parts[i]->records, at, record) {
      const char* when = json_string_value(json_object_get(record, "started"));
      if (when && strcmp(when, last) > 0) last = when;
      places[k++] = (place){s->parts[i], at, last};
    }
  }
  if (n) qsort(places, n, sizeof *places, by_time);
  json_array_clear(s->records);
  int failed = 0;
  for (size_t i = 0; i < n; i++) {
    failed |= json_array_append(s->records, json_array_get(places[i].part->records, places[i].at));
  }
  return failed ? df_fail(DF_E_NOMEM, "%s: out of memory for the records", s->folder) : DF_OK;
}

static df_status merge(store* s) {
  DF_TRY(reserve(s, count_records(s)));
  return merge_reserved(s);
}

/* ---- reading ---- */

static df_status check_record(const char* path, size_t line, const json_t* record) {
  const json_t* schema = json_object_get(record, "schema");
  if (!json_is_object(record) || !json_is_string(json_object_get(record, "type")) || !json_is_integer(schema)) {
    return df_fail(DF_E_FORMAT, "%s:%zu: not a record: expected an object with an integer 'schema' and a string 'type'",
                   path, line);
  }
  if (json_integer_value(schema) != SCHEMA) {
    return df_fail(DF_E_FORMAT,
                   "%s:%zu: schema %" JSON_INTEGER_FORMAT " is not supported, this program reads schema %d", path, line,
                   json_integer_value(schema), SCHEMA);
  }
  return DF_OK;
}

/* fails if a record differs from what was written, or does not say what was written */
static df_status check_seal(const char* path, size_t line, const json_t* record) {
  char sum[DF_SHA256_TEXT];
  const char* sealed = json_string_value(json_object_get(record, "record_sha256"));
  DF_TRY(record_sum(record, sum));
  if (sealed && strcmp(sum, sealed) == 0) return DF_OK;
  return df_fail(DF_E_FORMAT,
                 "%s:%zu: %s; the file was not modified (to run its cell again, delete the line: sed -i %zud %s)", path,
                 line, sealed ? "the record was changed after it was written" : "the record has no record_sha256", line,
                 path);
}

/* Parses the lines from p->whole on. An invalid last line is ignored: a killed process left it, or another process is
 * still writing it. An invalid line before the last is an error. */
static df_status read_lines(part* p, bool sealed, const char* data, size_t n) {
  for (size_t at = p->whole; at < n;) {
    /* find the end of the line */
    const size_t line = json_array_size(p->records) + 1;
    const char* end = memchr(data + at, '\n', n - at);
    if (!end) return DF_OK;
    /* parse it */
    const size_t length = (size_t)(end - (data + at));
    json_error_t error;
    json_t* record = json_loadb(data + at, length, JSON_REJECT_DUPLICATES, &error);
    at += length + 1;
    if (!record) {
      /* blocks of a file can reach the disk in any order, so an incomplete line can have its line end */
      if (at == n) return DF_OK;
      return df_fail(DF_E_FORMAT,
                     "%s:%zu: not JSON (%s, column %d); the file was not modified (to run its cell again, delete the "
                     "line: sed -i %zud %s)",
                     p->path, line, error.text, error.column, line, p->path);
    }
    /* check and append it */
    df_status status = check_record(p->path, line, record);
    if (status == DF_OK && sealed) status = check_seal(p->path, line, record);
    if (status != DF_OK) {
      json_decref(record);
      return status;
    }
    if (json_array_append_new(p->records, record) != 0) {
      return df_fail(DF_E_NOMEM, "%s:%zu: out of memory for the record", p->path, line);
    }
    p->whole = at;
  }
  return DF_OK;
}

static df_status read_part(part* p, bool sealed, size_t* size) {
  char* data = NULL;
  struct stat info;
  /* shards read each other's files before every cell: skip unchanged ones */
  if (p->whole > 0 && stat(p->path, &info) == 0 && info.st_size == (off_t)p->whole) return DF_OK;
  DF_TRY(df_file_read(p->path, &data, size));
  const df_status status = read_lines(p, sealed, data, *size);
  df_free(data);
  return status;
}

/* reads all files except `own` and merges */
static df_status read_others(store* s, bool sealed) {
  size_t size;
  DF_TRY(find_parts(s));
  for (int i = 0; i < s->n; i++) {
    if (s->parts[i] != s->own) DF_TRY(read_part(s->parts[i], sealed, &size));
  }
  return merge(s);
}

static df_status read_run(store* s) {
  DF_TRY(find_parts(s));
  /* without any file, reading events.jsonl gives the error message for a missing run */
  if (s->n == 0 && !part_of(s, (shard){0, 0})) return DF_E_NOMEM;
  return read_others(s, false);
}

/* fails if the file opened for writing no longer has its name: what is written to it would be lost */
static df_status check_name(const store* s) {
  struct stat opened, named;
  if (fstat(s->fd, &opened) == 0 && stat(s->own->path, &named) == 0 && opened.st_dev == named.st_dev &&
      opened.st_ino == named.st_ino) {
    return DF_OK;
  }
  return df_fail(DF_E_IO,
                 "%s: the file was removed or replaced while this run was writing it; its records are lost, repeat the "
                 "command to run their cells again",
                 s->own->path);
}

df_status store_refresh(store* s) {
  if (s->own) DF_TRY(check_name(s));
  return read_others(s, true);
}

df_status store_read(const char* folder, store** out) {
  *out = NULL;
  store* s = store_blank(folder);
  if (!s) return DF_E_NOMEM;
  const df_status status = read_run(s);
  if (status != DF_OK) {
    store_close(s);
    return status;
  }
  *out = s;
  return DF_OK;
}

/* ---- writing ---- */

/* opens a file of the run for writing, and makes it if it does not exist; a link in its place could lead to any file */
static df_status open_own(const char* path, int flags, int* fd) {
  *fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, 0644);
  if (*fd >= 0) return DF_OK;
  return df_fail(DF_E_IO, "%s: %s", path,
                 errno == ELOOP ? "a symbolic link, which is not written to" : strerror(errno));
}

static df_status take_lock(store* s) {
  char name[SHARD_NAME_SIZE];
  shard_lock_name(s->own->which, name);
  char* path = df_path_join(s->folder, name);
  if (!path) return DF_E_NOMEM;
  df_status status = open_own(path, 0, &s->lock);
  if (status == DF_OK && flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
    status = errno == EWOULDBLOCK ? df_fail(DF_E_IO,
                                            "%s: another dynaflow is writing this run; wait for it or choose another "
                                            "%s",
                                            s->own->path, s->own->which.n ? "--shard" : "--out")
                                  : df_fail(DF_E_IO, "%s: %s", path, strerror(errno));
  }
  df_free(path);
  return status;
}

static df_status remove_incomplete_line(store* s, size_t size) {
  const part* p = s->own;
  if (p->whole == size) return DF_OK;
  if (ftruncate(s->fd, (off_t)p->whole) != 0 || fsync(s->fd) != 0) {
    return df_fail(DF_E_IO, "%s: %s", p->path, strerror(errno));
  }
  print_line(stderr, "dynaflow: %s: removed an incomplete last line (%zu bytes); %zu records kept", p->path,
             size - p->whole, json_array_size(p->records));
  return DF_OK;
}

static df_status open_to_write(store* s, shard which) {
  size_t size = 0;
  const df_status made = df_dir_make(s->folder);
  /* a folder that cannot be made is not one that is missing */
  if (made == DF_E_MISSING) return df_fail(DF_E_IO, "%s", df_error_message());
  DF_TRY(made);
  s->own = part_of(s, which);
  if (!s->own) return DF_E_NOMEM;
  DF_TRY(take_lock(s));
  DF_TRY(open_own(s->own->path, O_APPEND, &s->fd));
  DF_TRY(read_part(s->own, true, &size));
  /* read the other files first: if that fails, this one stays unchanged */
  DF_TRY(read_others(s, true));
  return remove_incomplete_line(s, size);
}

df_status store_open(const char* folder, shard which, store** out) {
  *out = NULL;
  store* s = store_blank(folder);
  if (!s) return DF_E_NOMEM;
  const df_status status = open_to_write(s, which);
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

/* Writes with a single call, so that a reader sees the whole line or none of it. After a partial write the rest is
 * tried again, which yields the errno. Returns 0 or an errno. */
static int write_line(int fd, const char* line, size_t n) {
  for (size_t done = 0; done < n;) {
    const ssize_t k = write(fd, line + done, n - done);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) return k < 0 ? errno : ENOSPC;
    done += (size_t)k;
  }
  return fsync(fd) == 0 ? 0 : errno;
}

/* writes the record as a line; on failure the file is restored */
static df_status write_record(const store* s, const json_t* record, size_t* n) {
  const part* p = s->own;
  char* line = json_dumps(record, JSON_COMPACT | JSON_ENSURE_ASCII);
  if (!line) return df_fail(DF_E_NONFINITE, "%s: the record cannot be written as JSON", p->path);
  *n = strlen(line) + 1;
  line[*n - 1] = '\n';
  const int reason = write_line(s->fd, line, *n);
  free(line);
  if (reason) {
    const bool whole = ftruncate(s->fd, (off_t)p->whole) == 0;
    return df_fail(DF_E_IO, "%s: %s%s", p->path, strerror(reason), whole ? "" : "; its last line is now incomplete");
  }
  return check_name(s);
}

df_status store_append(store* s, json_t* record) {
  if (s->fd < 0) return df_fail(DF_E_ARG, "%s: the run was opened for reading only", store_path(s));
  part* p = s->own;
  DF_TRY(check_record(p->path, json_array_size(p->records) + 1, record));
  /* everything that needs memory comes before the write: after it the record exists */
  size_t n = 0;
  DF_TRY(reserve(s, count_records(s) + 1));
  if (json_array_append(p->records, record) != 0) {
    return df_fail(DF_E_NOMEM, "%s: out of memory for the record", p->path);
  }
  df_status status = merge_reserved(s);
  if (status == DF_OK) status = write_record(s, record, &n);
  if (status == DF_OK) {
    p->whole += n;
    return DF_OK;
  }
  json_array_remove(p->records, json_array_size(p->records) - 1);
  /* the list shrinks, which needs no memory */
  const df_status shrunk = merge_reserved(s);
  (void)shrunk;
  return status;
}

/* ---- removing ---- */

/* moves the lines that are kept to the beginning of `data`; returns their bytes. Record i is line i. */
static size_t keep_lines(const part* p, char* data, bool (*drop)(const json_t*, const void*), const void* context) {
  size_t kept = 0, at = 0, i;
  json_t* record;
  json_array_foreach(p->records, i, record) {
    const char* end = memchr(data + at, '\n', p->whole - at);
    const size_t n = end ? (size_t)(end - (data + at)) + 1 : p->whole - at;
    if (!drop(record, context)) {
      memmove(data + kept, data + at, n);
      kept += n;
    }
    at += n;
  }
  return kept;
}

/* opens the file that took the place of the old one, and reads it */
static df_status open_again(store* s) {
  size_t size;
  close(s->fd);
  s->fd = -1;
  json_array_clear(s->own->records);
  s->own->whole = 0;
  DF_TRY(open_own(s->own->path, O_APPEND, &s->fd));
  DF_TRY(read_part(s->own, true, &size));
  return merge(s);
}

df_status store_remove(store* s, bool (*drop)(const json_t* record, const void* context), const void* context) {
  if (s->fd < 0) return df_fail(DF_E_ARG, "%s: the run was opened for reading only", store_path(s));
  char* data;
  size_t n;
  DF_TRY(check_name(s));
  DF_TRY(df_file_read(s->own->path, &data, &n));
  const size_t kept = keep_lines(s->own, data, drop, context);
  df_status status = kept == s->own->whole ? DF_OK : df_file_replace(s->own->path, data, kept);
  df_free(data);
  return status == DF_OK ? open_again(s) : status;
}
