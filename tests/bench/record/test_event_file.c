/* The names of files for TensorBoard, which it reads in their order. */
#define _GNU_SOURCE
#include "event_file.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "dynaflow/core/alloc.h"
#include "dynaflow/core/file.h"
#include "unit.h"

static long microseconds(void) {
  struct timeval now;
  gettimeofday(&now, NULL);
  return (long)now.tv_usec;
}

/* seconds and microseconds have leading zeros, so that names are in the order of time: a file made early in a second */
static void names_are_in_the_order_of_time(void** state) {
  (void)state;
  char folder[] = "/tmp/test_event_file.XXXXXX";
  event_file* file;
  assert_non_null(mkdtemp(folder));
  while (microseconds() >= 50000) usleep(5000);
  assert_int_equal(event_file_open(folder, 0, &file), DF_OK);
  event_file_close(file);
  DIR* list = opendir(folder);
  const struct dirent* entry;
  int files = 0;
  assert_non_null(list);
  while ((entry = readdir(list))) {
    if (entry->d_name[0] == '.') continue;
    files++;
#define DIGIT "[0-9]"
    assert_int_equal(fnmatch("events.out.tfevents." DIGIT DIGIT DIGIT DIGIT DIGIT DIGIT DIGIT DIGIT DIGIT DIGIT
                             ".0" DIGIT DIGIT DIGIT DIGIT DIGIT ".*",
                             entry->d_name, 0),
                     0);
    assert_int_equal(unlinkat(dirfd(list), entry->d_name, 0), 0);
  }
  assert_int_equal(files, 1);
  closedir(list);
  assert_int_equal(rmdir(folder), 0);
}

/* CRC-32C bit by bit, masked as TFRecord demands */
static uint32_t masked(const unsigned char* bytes, size_t n) {
  uint32_t crc = ~(uint32_t)0;
  for (size_t i = 0; i < 8 * n; i++) {
    const uint32_t bit = (crc ^ (uint32_t)(bytes[i / 8] >> i % 8)) & 1;
    crc = crc >> 1 ^ (bit ? 0x82F63B78u : 0);
  }
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

static uint64_t little(const unsigned char* bytes, int n) {
  uint64_t out = 0;
  for (int i = n; i-- > 0;) out = out << 8 | bytes[i];
  return out;
}

/* The record at *at is an event of now with these bytes behind its time; *at behind it. */
static void event_is(const unsigned char** at, const char* wanted, size_t n, double from) {
  const uint64_t size = little(*at, 8), bits = little(*at + 13, 8);
  double seconds;
  memcpy(&seconds, &bits, sizeof seconds);
  assert_int_equal(size, n + 9);
  assert_int_equal(little(*at + 8, 4), masked(*at, 8));
  assert_int_equal((*at)[12], 1 << 3 | 1); /* field 1, a double */
  assert_true(seconds >= from && seconds < from + 100);
  assert_memory_equal(*at + 21, wanted, n);
  assert_int_equal(little(*at + 12 + size, 4), masked(*at + 12, size));
  *at += 16 + size;
}

/* by hand, from event.proto and summary.proto: version, start of a session at the next step, and scalars */
static void a_file_holds_its_version_session_and_scalars(void** state) {
  (void)state;
  char folder[] = "/tmp/test_event_file.XXXXXX", path[512] = "", *bytes;
  event_file* file;
  struct timeval now;
  size_t n;
  assert_non_null(mkdtemp(folder));
  gettimeofday(&now, NULL);
  assert_int_equal(event_file_open(folder, 4, &file), DF_OK);
  assert_int_equal(event_file_add(file, 5, "loss", 0.25), DF_OK);
  assert_int_equal(event_file_add(file, 300, "r", -2), DF_OK);
  event_file_close(file);
  DIR* list = opendir(folder);
  const struct dirent* entry;
  assert_non_null(list);
  while ((entry = readdir(list))) {
    if (entry->d_name[0] != '.') snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
  }
  closedir(list);
  /* seconds.microseconds.host.process */
  char host[256] = "", ending[300];
  assert_int_equal(gethostname(host, sizeof host - 1), 0);
  snprintf(ending, sizeof ending, ".%s.%ld", host, (long)getpid());
  assert_string_equal(path + strlen(path) - strlen(ending), ending);
  assert_int_equal(df_file_read(path, &bytes, &n), DF_OK);
  const unsigned char* at = (const unsigned char*)bytes;
  const double from = (double)now.tv_sec + 1e-6 * (double)now.tv_usec;
#define EVENT(bytes) event_is(&at, bytes, sizeof bytes - 1, from)
  EVENT(
      "\x1A\x0D"
      "brain.Event:2");
  EVENT("\x10\x05\x3A\x02\x08\x01");
  EVENT("\x10\x05\x2A\x0D\x0A\x0B\x0A\x04loss\x15\x00\x00\x80\x3E");
  EVENT("\x10\xAC\x02\x2A\x0A\x0A\x08\x0A\x01r\x15\x00\x00\x00\xC0");
  assert_true(at == (const unsigned char*)bytes + n);
  df_free(bytes);
  assert_int_equal(remove(path) + rmdir(folder), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(names_are_in_the_order_of_time),
                                     cmocka_unit_test(a_file_holds_its_version_session_and_scalars)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
