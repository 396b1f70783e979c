#define _GNU_SOURCE
#include "event_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "text.h"

struct event_file {
  char* path;
  int fd;
};

/* ---- a frame: length, its checksum, message, its checksum ---- */

/* CRC-32C (Castagnoli), masked as TFRecord stores it */
static uint32_t masked_crc(const char* bytes, size_t n) {
  uint32_t crc = 0xffffffff;
  for (size_t i = 0; i < n; i++) {
    crc ^= (unsigned char)bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xa282ead8;
}

/* appends the n low bytes of a number, the lowest first */
static void add_little(text* out, uint64_t value, int n) {
  for (int i = 0; i < n; i++) text_add_bytes(out, &(char){(char)(value >> 8 * i & 0xff)}, 1);
}

static df_status write_frame(const event_file* file, const text* message) {
  text frame = {0};
  add_little(&frame, message->n, 8);
  add_little(&frame, masked_crc(text_of(&frame), 8), 4);
  text_add_bytes(&frame, text_of(message), message->n);
  add_little(&frame, masked_crc(text_of(message), message->n), 4);
  const ssize_t written = write(file->fd, text_of(&frame), frame.n);
  const bool whole = written == (ssize_t)frame.n;
  text_clear(&frame);
  if (whole) return DF_OK;
  return df_fail(DF_E_IO, "%s: %s", file->path, written < 0 ? strerror(errno) : "the file cannot grow");
}

/* ---- fields of protobuf: number << 3 | type, then the value ---- */

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };
/* fields of Event, and inside it of Summary, Summary.Value and SessionLog */
enum { EVENT_TIME = 1, EVENT_STEP = 2, EVENT_VERSION = 3, EVENT_SUMMARY = 5, EVENT_SESSION = 7 };
enum { SUMMARY_VALUE = 1, VALUE_TAG = 1, VALUE_NUMBER = 2, SESSION_STATUS = 1, STATUS_START = 1 };

static void add_varint(text* out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) add_little(out, (value & 0x7f) | 0x80, 1);
  add_little(out, value, 1);
}

static void add_key(text* out, int field, int type) {
  add_varint(out, (uint64_t)(field << 3 | type));
}

static void add_number(text* out, int field, uint64_t value) {
  add_key(out, field, VARINT);
  add_varint(out, value);
}

static void add_bytes(text* out, int field, const char* bytes, size_t n) {
  add_key(out, field, BYTES);
  add_varint(out, n);
  text_add_bytes(out, bytes, n);
}

/* an Event with its time and step */
static text begin_event(long step) {
  text out = {0};
  struct timeval now;
  uint64_t bits;
  gettimeofday(&now, NULL);
  const double seconds = (double)now.tv_sec + 1e-6 * (double)now.tv_usec;
  memcpy(&bits, &seconds, sizeof bits);
  add_key(&out, EVENT_TIME, FIXED64);
  add_little(&out, bits, 8);
  if (step > 0) add_number(&out, EVENT_STEP, (uint64_t)step);
  return out;
}

/* writes an event, which it frees */
static df_status end_event(const event_file* file, text* event) {
  const df_status status = write_frame(file, event);
  text_clear(event);
  return status;
}

/* ---- files ---- */

static df_status write_head(const event_file* file, long step) {
  static const char version[] = "brain.Event:2";
  text event = begin_event(0), session = {0};
  add_bytes(&event, EVENT_VERSION, version, strlen(version));
  DF_TRY(end_event(file, &event));
  /* the start of a session after a step makes later events of other files void */
  event = begin_event(step + 1);
  add_number(&session, SESSION_STATUS, STATUS_START);
  add_bytes(&event, EVENT_SESSION, text_of(&session), session.n);
  text_clear(&session);
  return end_event(file, &event);
}

static df_status make_file(const char* folder, long step, event_file* file) {
  char host[256] = "";
  struct timeval now;
  DF_TRY(df_dir_make(folder));
  gettimeofday(&now, NULL);
  if (gethostname(host, sizeof host - 1) != 0 || !host[0] || strchr(host, '/')) strcpy(host, "localhost");
  /* readers take the files of a folder in the order of their names */
  file->path = format_text("%s/events.out.tfevents.%010lld.%06ld.%s.%ld", folder, (long long)now.tv_sec,
                           (long)now.tv_usec, host, (long)getpid());
  file->fd = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
  if (file->fd < 0) return df_fail(DF_E_IO, "%s: %s", file->path, strerror(errno));
  return write_head(file, step);
}

df_status event_file_open(const char* folder, long step, event_file** out) {
  *out = NULL;
  event_file* file = df_alloc(1, sizeof *file);
  if (!file) return DF_E_NOMEM;
  file->fd = -1;
  const df_status status = make_file(folder, step, file);
  if (status != DF_OK) {
    event_file_close(file);
    return status;
  }
  *out = file;
  return DF_OK;
}

void event_file_close(event_file* file) {
  if (!file) return;
  if (file->fd >= 0) close(file->fd);
  df_free(file->path);
  df_free(file);
}

df_status event_file_add(event_file* file, long step, const char* tag, double value) {
  text event = begin_event(step), summary = {0}, scalar = {0};
  const float single = (float)value;
  uint32_t bits;
  memcpy(&bits, &single, sizeof bits);
  add_bytes(&scalar, VALUE_TAG, tag, strlen(tag));
  add_key(&scalar, VALUE_NUMBER, FIXED32);
  add_little(&scalar, bits, 4);
  add_bytes(&summary, SUMMARY_VALUE, text_of(&scalar), scalar.n);
  add_bytes(&event, EVENT_SUMMARY, text_of(&summary), summary.n);
  text_clear(&scalar);
  text_clear(&summary);
  return end_event(file, &event);
}
